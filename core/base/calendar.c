// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Working time. A day's spans come from one place (day_spans); everything else walks days.
#include "campus/calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "campus/buf.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "campus/yaml.h"

enum { SPANS_MAX = 6, AHEAD_DAYS = 9 * 366, WEEK = 7 };
#define DAY_S INT64_C(86400)

struct hours { // of one day: minutes from and until, in order
    int n, from[SPANS_MAX], until[SPANS_MAX];
    bool given;
};
struct range {
    int64_t from, until; // days since the epoch, both included
    const char **names;  // of a duty: who; NULL-ended
};
struct ranges {
    int n;
    struct range *at;
};
struct season {
    int from, until; // month * 100 + day, both included; may go over New Year
    struct hours week[WEEK];
};
struct calendar {
    const char *name;
    const struct tz *tz;
    const struct yaml *node[2]; // as written, by layer
    struct hours week[WEEK];    // 0 Monday
    int nseasons;
    struct season *seasons;
    struct ranges holidays, workdays, terms, duty;
    bool built, building;
};
struct calendars {
    int n;
    struct calendar *all;
};
struct compile {
    struct arena *a;
    struct problem *p;
    struct calendars *cs;
};

static const char *const DAYS[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};
static const char *const KEYS[] = {"base",     "hours", "seasons", "holidays",
                                   "workdays", "terms", "duty",    NULL};

static void wrong(struct compile *c, const struct yaml *y, const char *word, const char *text) {
    problem_at(c->p, y->file, y->line, y->col, word, "%s", text);
}

static bool clock_minute(const char *s, int *out) {
    if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9' || s[2] != ':' || s[3] < '0' ||
        s[3] > '5' || s[4] < '0' || s[4] > '9')
        return false;
    *out = ((s[0] - '0') * 10 + s[1] - '0') * 60 + (s[3] - '0') * 10 + s[4] - '0';
    return *out <= 24 * 60;
}

static void read_day(struct compile *c, const struct yaml *list, struct hours *h) {
    *h = (struct hours){.given = true};
    if (list->kind != YAML_LIST) {
        wrong(c, list, "type", "must be a list such as [\"08:30-12:00\", \"14:00-17:30\"]");
        return;
    }
    for (const struct yaml *y = list->first; y; y = y->next) {
        int from, until;
        if (!y->text || y->n != 11 || y->text[5] != '-' || !clock_minute(y->text, &from) ||
            !clock_minute(y->text + 6, &until))
            wrong(c, y, "hours", "must be hours such as 08:30-12:00");
        else if (from >= until || (h->n && from < h->until[h->n - 1]))
            wrong(c, y, "hours",
                  "must end after it begins, and begin after the one before it ends");
        else if (h->n == SPANS_MAX)
            wrong(c, y, "hours", "too many in one day");
        else {
            h->from[h->n] = from;
            h->until[h->n++] = until;
        }
    }
}

static void read_week(struct compile *c, const struct yaml *map, struct hours week[WEEK]) {
    if (map->kind != YAML_MAP) {
        wrong(c, map, "type", "must be a map of mon, tue, wed, thu, fri, sat, sun");
        return;
    }
    yaml_only(map, c->p, DAYS);
    for (int d = 0; d < WEEK; d++) {
        const struct yaml *day = yaml_get(map, DAYS[d]);
        if (day) read_day(c, day, &week[d]);
    }
}

// "2026-10-01" or "2026-10-01..2026-10-07".
static bool read_range(const struct yaml *y, struct range *r) {
    const char *s = y->text;
    if (!s || !text_to_days(s, y->n < 10 ? y->n : 10, &r->from)) return false;
    r->until = r->from;
    if (y->n == 10) return true;
    return y->n == 22 && !strncmp(s + 10, "..", 2) && text_to_days(s + 12, 10, &r->until) &&
           r->until >= r->from;
}

static void read_ranges(struct compile *c, const struct yaml *list, struct ranges *out) {
    *out = (struct ranges){0, arena_alloc(c->a, sizeof *out->at * (list->count + 1))};
    if (list->kind != YAML_LIST) wrong(c, list, "type", "must be a list of days");
    for (const struct yaml *y = list->kind == YAML_LIST ? list->first : NULL; y; y = y->next)
        if (read_range(y, &out->at[out->n]))
            out->n++;
        else
            wrong(c, y, "days", "must be a day such as 2026-10-01, or 2026-10-01..2026-10-07");
}

static void read_duty(struct compile *c, const struct yaml *list, struct ranges *out) {
    static const char *const keys[] = {"days", "people", NULL};
    *out = (struct ranges){0, arena_alloc(c->a, sizeof *out->at * (list->count + 1))};
    if (list->kind != YAML_LIST) wrong(c, list, "type", "must be a list of { days, people }");
    for (const struct yaml *y = list->kind == YAML_LIST ? list->first : NULL; y; y = y->next) {
        const struct yaml *days = yaml_get(y, "days"), *people = yaml_get(y, "people");
        struct range *r = &out->at[out->n];
        yaml_only(y, c->p, keys);
        if (!days || !read_range(days, r) || !people || people->kind != YAML_LIST) {
            wrong(c, y, "duty", "needs days: 2026-10-01..2026-10-03 and people: [sign-in names]");
            continue;
        }
        r->names = arena_alloc(c->a, sizeof *r->names * (people->count + 1));
        int n = 0;
        for (const struct yaml *who = people->first; who; who = who->next)
            if (who->text) r->names[n++] = who->text;
        out->n++;
    }
}

static bool month_day(const struct yaml *y, int *out) {
    int64_t day;
    char date[11];
    if (!y || !y->text || y->n != 5) return false;
    snprintf(date, sizeof date, "2024-%s", y->text); // a leap year has them all
    if (!text_to_days(date, 10, &day)) return false;
    *out = atoi(date + 5) * 100 + atoi(date + 8);
    return true;
}

static void read_seasons(struct compile *c, const struct yaml *list, struct calendar *out) {
    static const char *const keys[] = {"from", "until", "hours", NULL};
    out->seasons = arena_alloc(c->a, sizeof *out->seasons * (list->count + 1));
    out->nseasons = 0;
    if (list->kind != YAML_LIST) wrong(c, list, "type", "must be a list of { from, until, hours }");
    for (const struct yaml *y = list->kind == YAML_LIST ? list->first : NULL; y; y = y->next) {
        struct season *s = &out->seasons[out->nseasons];
        yaml_only(y, c->p, keys);
        const struct yaml *hours = yaml_get(y, "hours");
        if (!month_day(yaml_get(y, "from"), &s->from) ||
            !month_day(yaml_get(y, "until"), &s->until) || !hours)
            wrong(c, y, "season", "needs from: 07-01, until: 08-31 and hours");
        else {
            read_week(c, hours, s->week);
            out->nseasons++;
        }
    }
}

static struct calendar *find(const struct calendars *cs, const char *name) {
    for (int i = 0; i < cs->n; i++)
        if (!strcmp(cs->all[i].name, name)) return &cs->all[i];
    return NULL;
}

const struct calendar *calendar_find(const struct calendars *cs, const char *name) {
    return find(cs, name);
}

static const struct yaml *key_of(const struct calendar *k, const char *key) {
    const struct yaml *y = yaml_get(k->node[1], key);
    return y ? y : yaml_get(k->node[0], key);
}

static void unknown(struct compile *c, const struct yaml *y) {
    const char **names = arena_alloc(c->p->arena, sizeof *names * (size_t)(c->cs->n + 1));
    for (int i = 0; i < c->cs->n; i++) names[i] = c->cs->all[i].name;
    const char *word = y->text ? y->text : "";
    wrong(c, y, "calendar_unknown",
          arena_printf(c->p->arena, "there is no calendar \"%s\"%s", word,
                       text_instead(c->p->arena, word, names, (size_t)c->cs->n, "there are")));
}

static void build(struct compile *c, struct calendar *k) {
    if (k->built) return;
    const struct yaml *at = k->node[1] ? k->node[1] : k->node[0], *base = key_of(k, "base"), *y;
    k->building = true;
    if (base) {
        struct calendar *b = base->text ? find(c->cs, base->text) : NULL;
        if (!b)
            unknown(c, base);
        else if (b->building)
            wrong(c, base, "cycle", "a calendar cannot rest on itself");
        else {
            build(c, b);
            struct calendar own = *k;
            *k = *b;
            k->name = own.name;
            memcpy(k->node, own.node, sizeof k->node);
        }
    }
    for (int i = 0; i < 2; i++) {
        if (!k->node[i]) continue;
        if (k->node[i]->kind != YAML_MAP)
            wrong(c, k->node[i], "type", "must be a map");
        else
            yaml_only(k->node[i], c->p, KEYS);
    }
    if ((y = key_of(k, "hours"))) read_week(c, y, k->week);
    if ((y = key_of(k, "seasons"))) read_seasons(c, y, k);
    if ((y = key_of(k, "holidays"))) read_ranges(c, y, &k->holidays);
    if ((y = key_of(k, "workdays"))) read_ranges(c, y, &k->workdays);
    if ((y = key_of(k, "terms"))) read_ranges(c, y, &k->terms);
    if ((y = key_of(k, "duty"))) read_duty(c, y, &k->duty);
    bool any = false;
    for (int d = 0; d < WEEK; d++) any |= k->week[d].n > 0;
    if (!any && !base) wrong(c, at, "closed", "has no working hours in the whole week");
    for (int i = 0; i < k->workdays.n; i++)
        for (int h = 0; h < k->holidays.n; h++)
            if (k->workdays.at[i].from <= k->holidays.at[h].until &&
                k->workdays.at[i].until >= k->holidays.at[h].from)
                wrong(c, key_of(k, "workdays") ? key_of(k, "workdays") : at, "days",
                      "a day is both a holiday and a working day");
    k->building = false;
    k->built = true;
}

enum err calendar_compile(struct arena *a, const struct tz *tz, const struct yaml *const *layers,
                          int n, struct calendars **out, struct problem *p) {
    static const char *const top[] = {"policy", "calendars", NULL};
    unsigned before = p->count;
    struct calendars *cs = arena_alloc(a, sizeof *cs);
    struct compile c = {a, p, cs};
    size_t most = 1;
    for (int i = 0; i < n; i++) {
        const struct yaml *map = yaml_get(layers[i], "calendars");
        most += map ? map->count : 0;
    }
    cs->all = arena_alloc(a, sizeof *cs->all * most);
    cs->all[cs->n++] = (struct calendar){.name = "always", .tz = tz, .built = true};
    for (int d = 0; d < WEEK; d++)
        cs->all[0].week[d] = (struct hours){.n = 1, .until = {24 * 60}, .given = true};
    for (int i = 0; i < n; i++) {
        yaml_only(layers[i], p, top);
        const struct yaml *map = yaml_get(layers[i], "calendars");
        if (!map || map->kind != YAML_MAP) {
            wrong(&c, layers[i], "calendars", "needs calendars: { school: … }");
            continue;
        }
        for (const struct yaml *y = map->first; y; y = y->next) {
            struct calendar *k = find(cs, y->key);
            if (k == cs->all) {
                wrong(&c, y, "name_invalid", "\"always\" never closes and cannot be changed");
                continue;
            }
            if (!k) *(k = &cs->all[cs->n++]) = (struct calendar){.name = y->key, .tz = tz};
            k->node[k->node[0] != NULL] = y;
        }
    }
    for (int i = 0; i < cs->n; i++) build(&c, &cs->all[i]);
    *out = cs;
    return p->count > before ? ERR_INVALID : ERR_OK;
}

const struct calendar *calendar_for(const struct calendars *cs, const char *name) {
    const struct calendar *k = find(cs, name);
    if (!k) k = find(cs, "school");
    return k ? k : cs->all;
}

const char *calendar_name(const struct calendar *c) {
    return c->name;
}

const char *calendar_names(const struct calendars *cs, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    for (int i = 0; i < cs->n; i++) buf_printf(&b, "%s%s", i ? ", " : "", cs->all[i].name);
    return buf_str(&b);
}

bool duration_parse(const char *s, struct duration *out) {
    static const char *const units[] = {"d", "wd", "h", "m"};
    long long n;
    char unit[3] = "";
    int end = 0;
    bool json = *s == '{';
    if (!json && (*s < '0' || *s > '9')) return false;
    if (sscanf(s, json ? "{\"n\":%8lld,\"unit\":\"%2[a-z]\"}%n" : "%8lld%2[a-z]%n", &n, unit,
               &end) < 2 ||
        s[end])
        return false;
    for (int i = 0; i < 4; i++)
        if (!strcmp(unit, units[i])) {
            *out = (struct duration){n, (enum duration_unit)i};
            return true;
        }
    return false;
}

static const struct range *within(const struct ranges *rs, int64_t day) {
    for (int i = 0; i < rs->n; i++)
        if (day >= rs->at[i].from && day <= rs->at[i].until) return &rs->at[i];
    return NULL;
}

static const struct hours *day_hours(const struct calendar *c, int64_t day) {
    static const struct hours closed;
    int weekday = (int)(((day + 3) % WEEK + WEEK) % WEEK); // 1970-01-01 was a Thursday
    if (within(&c->workdays, day)) { // it stands in for a day of the week: the first with hours
        for (weekday = 0; weekday < WEEK && !c->week[weekday].n;) weekday++;
        return &c->week[weekday % WEEK];
    }
    if (within(&c->holidays, day)) return &closed;
    char date[11];
    if (c->nseasons) text_from_days(date, day);
    for (int i = 0; i < c->nseasons; i++) {
        const struct season *s = &c->seasons[i];
        int md = atoi(date + 5) * 100 + atoi(date + 8);
        bool in =
            s->from <= s->until ? md >= s->from && md <= s->until : md >= s->from || md <= s->until;
        if (in && s->week[weekday].given) return &s->week[weekday];
    }
    return &c->week[weekday];
}

struct span {
    int64_t from, until; // seconds since the epoch
};
static int day_spans(const struct calendar *c, int64_t day, struct span out[SPANS_MAX]) {
    const struct hours *h = day_hours(c, day);
    int n = 0;
    for (int i = 0; i < h->n; i++) {
        struct span s = {tz_moment_s(c->tz, day * DAY_S + h->from[i] * 60, false),
                         tz_moment_s(c->tz, day * DAY_S + h->until[i] * 60, h->until[i] < 24 * 60)};
        if (s.from < s.until) out[n++] = s;
    }
    return n;
}

static int64_t floor_div(int64_t v, int64_t by) {
    return v >= 0 ? v / by : -((-v + by - 1) / by);
}

static int64_t day_of(const struct calendar *c, int64_t s) {
    return floor_div(s + tz_offset_s(c->tz, s * 1000), DAY_S);
}

int64_t calendar_next_open(const struct calendar *c, int64_t ms) {
    struct span spans[SPANS_MAX];
    int64_t day = day_of(c, floor_div(ms, 1000));
    for (int i = 0; i < AHEAD_DAYS; i++) {
        int n = day_spans(c, day + i, spans);
        for (int k = 0; k < n; k++)
            if (spans[k].until * 1000 > ms)
                return spans[k].from * 1000 > ms ? spans[k].from * 1000 : ms;
    }
    return ms + AHEAD_DAYS * DAY_S * 1000;
}

bool calendar_is_open(const struct calendar *c, int64_t ms) {
    return calendar_next_open(c, ms) == ms;
}

int64_t calendar_open_ms(const struct calendar *c, int64_t from, int64_t until) {
    struct span spans[SPANS_MAX];
    int64_t sum = 0, at = from, day = day_of(c, floor_div(from, 1000));
    int64_t last = day_of(c, floor_div(until, 1000)) + 1; // it may begin while it is still today
    for (; day <= last; day++) {
        int n = day_spans(c, day, spans);
        for (int k = 0; k < n; k++) {
            int64_t a = spans[k].from * 1000, b = spans[k].until * 1000;
            if (a < at) a = at;
            if (b > until) b = until;
            if (b > a) sum += b - a, at = b;
        }
    }
    return sum;
}

static int64_t last_second(const struct calendar *c, int64_t day) {
    return tz_moment_s(c->tz, (day + 1) * DAY_S, false) * 1000 - 1000;
}

int64_t calendar_day_end(const struct calendar *c, const char *date) {
    int64_t day = 0;
    (void)text_to_days(date, 10, &day);
    return last_second(c, day);
}

int64_t calendar_add(const struct calendar *c, int64_t from, struct duration d) {
    struct span spans[SPANS_MAX];
    int64_t day = day_of(c, floor_div(from, 1000)), left = d.n, at = from;
    if (left <= 0) return from;
    if (left > AHEAD_DAYS && d.unit < DURATION_HOURS) left = AHEAD_DAYS;
    if (d.unit == DURATION_DAYS) return last_second(c, day + left);
    if (d.unit == DURATION_WORKDAYS) {
        for (int i = 1; i <= AHEAD_DAYS; i++) {
            int n = day_spans(c, day + i, spans);
            if (n && !--left) return spans[n - 1].until * 1000;
        }
        return last_second(c, day + AHEAD_DAYS);
    }
    left *= d.unit == DURATION_HOURS ? 3600000 : 60000;
    for (int i = 0; i < AHEAD_DAYS; i++) {
        int n = day_spans(c, day + i, spans);
        for (int k = 0; k < n; k++) {
            int64_t a = spans[k].from * 1000, b = spans[k].until * 1000;
            if (a < at) a = at;
            if (b <= a) continue;
            if (left <= b - a) return a + left;
            left -= b - a;
            at = b;
        }
    }
    return last_second(c, day + AHEAD_DAYS);
}

int64_t calendar_before(const struct calendar *c, int64_t until, struct duration d) {
    struct span spans[SPANS_MAX];
    int64_t day = day_of(c, floor_div(until, 1000)), left = d.n, at = until;
    if (left <= 0) return until;
    if (left > AHEAD_DAYS && d.unit < DURATION_HOURS) left = AHEAD_DAYS;
    if (d.unit == DURATION_DAYS) return until - left * DAY_S * 1000;
    if (d.unit == DURATION_WORKDAYS) {
        for (int i = 1; i <= AHEAD_DAYS; i++)
            if (day_spans(c, day - i, spans) && !--left) return spans[0].from * 1000;
        return until - AHEAD_DAYS * DAY_S * 1000;
    }
    left *= d.unit == DURATION_HOURS ? 3600000 : 60000;
    // where midnight is shown twice, tomorrow's hours may begin while it is still today
    for (int i = -1; i < AHEAD_DAYS; i++)
        for (int k = day_spans(c, day - i, spans); k-- > 0;) {
            int64_t a = spans[k].from * 1000, b = spans[k].until * 1000;
            if (b > at) b = at;
            if (b <= a) continue;
            if (left <= b - a) return b - left;
            left -= b - a;
            at = a;
        }
    return until - AHEAD_DAYS * DAY_S * 1000;
}

const char *const *calendar_duty(const struct calendar *c, int64_t ms) {
    static const char *const nobody[] = {NULL};
    const struct range *r = within(&c->duty, day_of(c, floor_div(ms, 1000)));
    return r ? (const char *const *)r->names : nobody;
}

bool calendar_has_year(const struct calendar *c, int year) {
    char date[11];
    for (int i = 0; i < c->holidays.n; i++) {
        text_from_days(date, c->holidays.at[i].until);
        if (atoi(date) == year) return true;
    }
    return false;
}

int64_t calendar_next_term(const struct calendar *c, int64_t after) {
    int64_t best = -1;
    for (int i = 0; i < c->terms.n; i++) {
        int64_t at = tz_moment_s(c->tz, c->terms.at[i].from * DAY_S, false) * 1000;
        if (at > after && (best < 0 || at < best)) best = at;
    }
    return best;
}
