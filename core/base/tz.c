// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Time zones from tzdata (RFC 8536, version 2+): the table of transitions, and past its end the
// rule in the footer (POSIX TZ with the M form, as all of tzdata writes it).
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/mem.h"
#include "campus/text.h"

struct change {
    int month, week, day; // the week-th day (0 Sunday) of the month; week 5 is the last
    int32_t at;           // seconds after local midnight, may be negative
};
struct tz {
    size_t n;
    int64_t *at;
    int32_t *offset;
    int32_t first;
    bool has_rule, has_summer; // has_rule: past the table
    int32_t standard, summer;
    struct change start, end; // of summer time
};

static uint32_t be32(const unsigned char *p) {
    uint32_t v;
    memcpy(&v, p, 4);
    return ntohl(v);
}

// Footer pieces; each moves *s on and is false when it does not fit.
static bool skip_name(const char **s) {
    const char *at = *s;
    if (*at == '<') {
        while (*at && *at != '>') at++;
        if (!*at++) return false;
    } else
        while ((*at >= 'A' && *at <= 'Z') || (*at >= 'a' && *at <= 'z')) at++;
    bool some = at - *s >= 3;
    *s = at;
    return some;
}

static bool number(const char **s, int least, int most, int *out) {
    char *end;
    if (**s < '0' || **s > '9') return false;
    long v = strtol(*s, &end, 10);
    *s = end;
    *out = (int)v;
    return v >= least && v <= most;
}

static bool clock_time(const char **s, int32_t *out) {
    int h, m = 0, sec = 0, sign = **s == '-' ? -1 : 1;
    if (**s == '-' || **s == '+') ++*s;
    if (!number(s, 0, 167, &h)) return false;
    if (**s == ':' && (++*s, !number(s, 0, 59, &m))) return false;
    if (**s == ':' && (++*s, !number(s, 0, 59, &sec))) return false;
    *out = sign * (h * 3600 + m * 60 + sec);
    return true;
}

static bool change_day(const char **s, struct change *c) {
    c->at = 7200;
    if (strncmp(*s, ",M", 2)) return false;
    *s += 2;
    if (!number(s, 1, 12, &c->month) || *(*s)++ != '.' || !number(s, 1, 5, &c->week) ||
        *(*s)++ != '.' || !number(s, 0, 6, &c->day))
        return false;
    return **s != '/' || (++*s, clock_time(s, &c->at));
}

static bool footer(const char *s, struct tz *tz) {
    if (!skip_name(&s) || !clock_time(&s, &tz->standard)) return false;
    tz->standard = -tz->standard; // POSIX counts west of Greenwich
    tz->has_rule = true;
    if (!*s) return true;
    tz->has_summer = true;
    tz->summer = tz->standard + 3600;
    if (!skip_name(&s)) return false;
    if (*s != ',') {
        if (!clock_time(&s, &tz->summer)) return false;
        tz->summer = -tz->summer;
    }
    return change_day(&s, &tz->start) && change_day(&s, &tz->end) && !*s;
}

// Local seconds since the epoch at which the clocks change in that year.
static int64_t change_in(const struct change *c, int year) {
    char first[40], next[40];
    int64_t day, after;
    snprintf(first, sizeof first, "%04d-%02d-01", year % 10000, c->month);
    snprintf(next, sizeof next, "%04d-%02d-01", (year + c->month / 12) % 10000, c->month % 12 + 1);
    if (!text_to_days(first, 10, &day) || !text_to_days(next, 10, &after)) return 0;
    int weekday = (int)(((day + 4) % 7 + 7) % 7); // 1970-01-01 was a Thursday
    day += (c->day - weekday + 7) % 7 + 7 * (c->week - 1);
    while (day >= after) day -= 7;
    return day * 86400 + c->at;
}

static int32_t by_rule(const struct tz *tz, int64_t s) {
    if (!tz->has_summer) return tz->standard;
    char date[11];
    int64_t local = s + tz->standard, day = local >= 0 ? local / 86400 : (local - 86399) / 86400;
    text_from_days(date, day);
    int year = atoi(date);
    int64_t start = change_in(&tz->start, year) - tz->standard,
            end = change_in(&tz->end, year) - tz->summer;
    bool summer = start < end ? s >= start && s < end : s >= start || s < end;
    return summer ? tz->summer : tz->standard;
}

void tz_free(struct tz *tz) {
    if (!tz) return;
    mem_free(tz->at);
    mem_free(tz->offset);
    mem_free(tz);
}

static struct tz *parse(const unsigned char *d, size_t n) {
    if (n < 88 || memcmp(d, "TZif", 4) || d[4] < '2') return NULL;
    size_t isut = be32(d + 20), isstd = be32(d + 24), leap = be32(d + 28), times = be32(d + 32),
           types = be32(d + 36), chars = be32(d + 40);
    size_t skip = 44 + times * 5 + types * 6 + chars + leap * 8 + isstd + isut;
    if (skip + 44 > n) return NULL;
    d += skip, n -= skip;
    isut = be32(d + 20), isstd = be32(d + 24), leap = be32(d + 28), times = be32(d + 32);
    types = be32(d + 36), chars = be32(d + 40);
    size_t body = times * 9 + types * 6 + chars + leap * 12 + isstd + isut;
    if (44 + body > n || !types || times > 5000) return NULL;
    const unsigned char *t = d + 44, *idx = t + times * 8, *ty = idx + times, *foot = d + 44 + body;
    struct tz *tz = mem_need(sizeof *tz);
    tz->n = times;
    tz->at = mem_need(sizeof *tz->at * (times + 1));
    tz->offset = mem_need(sizeof *tz->offset * (times + 1));
    tz->first = (int32_t)be32(ty);
    for (size_t i = 0; i < times; i++) {
        tz->at[i] = (int64_t)((uint64_t)be32(t + 8 * i) << 32 | be32(t + 8 * i + 4));
        tz->offset[i] = (int32_t)be32(ty + 6 * (idx[i] < types ? idx[i] : 0));
    }
    char rule[128];
    size_t rule_n = (size_t)(d + n - foot);
    const unsigned char *line_end = rule_n > 1 ? memchr(foot + 1, '\n', rule_n - 1) : NULL;
    if (line_end && *foot == '\n' && line_end > foot + 1 &&
        (size_t)(line_end - foot) < sizeof rule) {
        memcpy(rule, foot + 1, (size_t)(line_end - foot - 1));
        rule[line_end - foot - 1] = 0;
        if (!footer(rule, tz)) {
            tz_free(tz);
            return NULL; // better unknown than wrong by an hour
        }
    }
    return tz;
}

struct tz *tz_load(const char *name) {
    char path[256];
    unsigned char data[16384];
    if (name[0] == '/' || strstr(name, "..") ||
        (size_t)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name) >= sizeof path)
        return NULL;
    FILE *f = fopen(path, "rbe");
    if (!f) return NULL;
    size_t n = fread(data, 1, sizeof data, f);
    fclose(f);
    return parse(data, n);
}

int tz_offset_s(const struct tz *tz, int64_t utc_ms) {
    int64_t s = utc_ms >= 0 ? utc_ms / 1000 : (utc_ms - 999) / 1000;
    size_t lo = 0, hi = tz->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (tz->at[mid] <= s)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == tz->n && tz->has_rule) return by_rule(tz, s);
    return lo ? tz->offset[lo - 1] : tz->first;
}

void tz_date(const struct tz *tz, int64_t utc_ms, char out[11]) {
    int64_t ms = utc_ms + (int64_t)tz_offset_s(tz, utc_ms) * 1000;
    text_from_days(out, ms >= 0 ? ms / 86400000 : (ms - 86399999) / 86400000);
}

int64_t tz_moment_s(const struct tz *tz, int64_t local, bool last) {
    int before = tz_offset_s(tz, (local - 86400) * 1000),
        after = tz_offset_s(tz, (local + 86400) * 1000);
    if (before == after) return local - before;
    int64_t first = local - (before > after ? before : after),
            second = local - (before > after ? after : before);
    bool is_first = tz_offset_s(tz, first * 1000) == local - first,
         is_second = tz_offset_s(tz, second * 1000) == local - second;
    if (is_first || is_second) return is_second && (last || !is_first) ? second : first;
    int was = tz_offset_s(tz, first * 1000);
    while (second - first > 1) { // skipped: the change lies in between
        int64_t middle = first + (second - first) / 2;
        *(tz_offset_s(tz, middle * 1000) == was ? &first : &second) = middle;
    }
    return second;
}
