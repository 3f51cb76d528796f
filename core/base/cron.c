// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Cron fields and the moments they mean in a time zone.
#include <stdlib.h>
#include <string.h>
#include "campus/cron.h"
#include "campus/text.h"

enum { DAYS_AHEAD = 9 * 366 };
#define DAY_S INT64_C(86400)

static bool number(const char **s, int *out) {
    char *end;
    if (**s < '0' || **s > '9') return false;
    long v = strtol(*s, &end, 10);
    *s = end;
    *out = v > 1000 ? 1000 : (int)v;
    return true;
}

// One field up to a space or the end.
static bool field(const char **s, int least, int most, uint64_t *bits, bool *any) {
    *bits = 0;
    *any = **s == '*';
    do {
        int from = least, to = most, step = 1;
        if (**s == '*')
            ++*s;
        else {
            if (!number(s, &from)) return false;
            to = from;
            if (**s == '-' && (++*s, !number(s, &to))) return false;
        }
        if (**s == '/' && (++*s, !number(s, &step))) return false;
        if (from < least || to > most || from > to || step < 1) return false;
        for (int i = from; i <= to; i += step) *bits |= UINT64_C(1) << i;
    } while (**s == ',' && *++*s);
    return **s == ' ' || !**s;
}

enum err cron_parse(const char *text, struct cron *out, struct problem *p) {
    static const struct {
        const char *name;
        int least, most;
    } fields[] = {
        {"minute", 0, 59}, {"hour", 0, 23}, {"day", 1, 31}, {"month", 1, 12}, {"weekday", 0, 7}};
    uint64_t bits[5];
    bool any[5];
    const char *s = text;
    for (int i = 0; i < 5; i++) {
        while (*s == ' ') s++;
        if (!field(&s, fields[i].least, fields[i].most, &bits[i], &any[i]))
            return problem_add(p, ERR_INVALID, NULL, "cron", "\"%s\": the %s is not %d to %d", text,
                               fields[i].name, fields[i].least, fields[i].most);
    }
    while (*s == ' ') s++;
    if (*s) return problem_add(p, ERR_INVALID, NULL, "cron", "\"%s\": five fields", text);
    *out = (struct cron){.minutes = bits[0],
                         .hours = (uint32_t)bits[1],
                         .days = (uint32_t)bits[2],
                         .months = (uint32_t)bits[3],
                         .weekdays = (uint32_t)((bits[4] | bits[4] >> 7) & 0x7f),
                         .any_hour = any[1],
                         .any_day = any[2],
                         .any_weekday = any[4]};
    return ERR_OK;
}

static bool fits_day(const struct cron *c, int64_t days) {
    char date[11];
    text_from_days(date, days);
    bool month = c->months >> atoi(date + 5) & 1, day = c->days >> atoi(date + 8) & 1;
    bool weekday = c->weekdays >> (((days + 4) % 7 + 7) % 7) & 1; // 1970-01-01 was a Thursday
    if (c->any_day || c->any_weekday) return month && day && weekday;
    return month && (day || weekday);
}

static int offset(const struct tz *tz, int64_t utc_s) {
    return tz_offset_s(tz, utc_s * 1000);
}

// When local clocks show `local`: *n moments (none, one or two, in order). *gap: the moment at
// which they go on when they skip it.
static void moments(const struct tz *tz, int64_t local, int64_t out[2], int *n, int64_t *gap) {
    int before = offset(tz, local - DAY_S), after = offset(tz, local + DAY_S);
    int64_t first = local - (before > after ? before : after),
            second = local - (before > after ? after : before);
    *n = 0;
    if (offset(tz, first) == local - first) out[(*n)++] = first;
    if (second != first && offset(tz, second) == local - second) out[(*n)++] = second;
    if (*n) return;
    int was = offset(tz, first);
    while (second - first > 1) { // the change lies in between
        int64_t middle = first + (second - first) / 2;
        *(offset(tz, middle) == was ? &first : &second) = middle;
    }
    *gap = second;
}

// The first moment of a local day after `after` (seconds), or -1.
static int64_t in_day(const struct cron *c, const struct tz *tz, int64_t day, int64_t after) {
    int64_t best = -1;
    bool plain = offset(tz, (day - 1) * DAY_S) == offset(tz, (day + 2) * DAY_S);
    for (int hour = 0; hour < 24; hour++) {
        if (!(c->hours >> hour & 1)) continue;
        for (int minute = 0; minute < 60; minute++) {
            if (!(c->minutes >> minute & 1)) continue;
            int64_t at[2], gap = 0;
            int n;
            moments(tz, day * DAY_S + hour * 3600 + minute * 60, at, &n, &gap);
            if (!c->any_hour && n == 2) n = 1;
            if (!c->any_hour && n == 0) at[0] = gap, n = 1;
            for (int i = 0; i < n; i++)
                if (at[i] > after && (best < 0 || at[i] < best)) best = at[i];
            if (plain && best >= 0) return best;
        }
    }
    return best;
}

int64_t cron_next(const struct cron *c, const struct tz *tz, int64_t after_ms) {
    int64_t after = after_ms >= 0 ? after_ms / 1000 : (after_ms - 999) / 1000;
    int64_t local = after + offset(tz, after);
    int64_t day = local >= 0 ? local / DAY_S : (local - DAY_S + 1) / DAY_S;
    for (int i = 0; i < DAYS_AHEAD; i++) {
        int64_t at = fits_day(c, day + i) ? in_day(c, tz, day + i, after) : -1;
        if (at >= 0) return at * 1000;
    }
    return -1;
}

int64_t cron_last(const struct cron *c, const struct tz *tz, int64_t after, int64_t until) {
    int64_t last = -1;
    // look back ever further, so that a schedule of every minute is not walked for a year
    for (int64_t back = 60000; last < 0; back *= 24) {
        int64_t from = until - back > after ? until - back : after;
        for (int64_t at = from; (at = cron_next(c, tz, at)) >= 0 && at <= until;) last = at;
        if (from == after) break;
    }
    return last;
}
