// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Working time: holidays, make-up days, seasons, zones that change their clocks, and what must hold
// for any moment.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "campus/calendar.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "campus/yaml.h"

static const char SCHOOL[] =
    "policy: calendar\n"
    "calendars:\n"
    "  school:\n"
    "    hours: { mon: [\"08:30-12:00\", \"14:00-17:30\"], tue: [\"08:30-12:00\", \"14:00-17:30\"],"
    " wed: [\"08:30-12:00\", \"14:00-17:30\"], thu: [\"08:30-12:00\", \"14:00-17:30\"],"
    " fri: [\"08:30-12:00\", \"14:00-17:30\"] }\n"
    "    holidays: [2026-09-25..2026-09-27, 2026-10-01..2026-10-07]\n"
    "    workdays: [2026-09-20, 2026-10-10]\n"
    "    terms: [2026-09-01, 2027-03-01]\n"
    "    duty: [{ days: 2026-10-01..2026-10-03, people: [ma.rui, lin.mei] }]\n"
    "  admissions:\n"
    "    base: school\n"
    "    seasons: [{ from: 07-01, until: 08-31, hours: { sat: [\"09:00-12:00\"] } }]\n"
    "  night:\n"
    "    hours: { mon: [\"00:00-24:00\"], tue: [\"00:00-24:00\"], wed: [\"00:00-24:00\"],"
    " thu: [\"00:00-24:00\"], fri: [\"00:00-24:00\"], sat: [\"00:30-02:30\"],"
    " sun: [\"00:30-02:30\", \"02:30-04:00\"] }\n";

struct stand {
    struct arena *a;
    struct problem p;
    struct tz *tz;
    struct calendars *cs;
};

static enum err compile(struct stand *s, const char *const *texts, int n) {
    const struct yaml *layers[4];
    problem_init(&s->p, s->a);
    for (int i = 0; i < n; i++) {
        struct yaml *y;
        assert_int_equal(yaml_parse(s->a, "calendar.yaml", texts[i], strlen(texts[i]), &y, &s->p),
                         ERR_OK);
        layers[i] = y;
    }
    return calendar_compile(s->a, s->tz, layers, n, &s->cs, &s->p);
}

static void zone(struct stand *s, const char *name) {
    const char *text = SCHOOL;
    tz_free(s->tz);
    s->tz = tz_load(name);
    assert_non_null(s->tz);
    assert_int_equal(compile(s, &text, 1), ERR_OK);
}

static int stand_open(void **state) {
    struct stand *s = calloc(1, sizeof *s);
    s->a = arena_new(64 << 20);
    zone(s, "Asia/Shanghai");
    *state = s;
    return 0;
}

static int stand_close(void **state) {
    struct stand *s = *state;
    tz_free(s->tz);
    arena_free(s->a);
    free(s);
    return 0;
}

static int64_t ms(const char *t) {
    int64_t v;
    assert_true(text_to_time(t, strlen(t), &v));
    return v;
}

static int64_t added(struct stand *s, const char *calendar, const char *from, const char *d) {
    struct duration du;
    assert_true(duration_parse(d, &du));
    return calendar_add(calendar_find(s->cs, calendar), ms(from), du);
}
#define ADDS(calendar, from, d, to) assert_int_equal(added(s, calendar, from, d), ms(to))

static void test_durations_are_read_in_both_forms(void **state) {
    (void)state;
    struct duration d;
    assert_true(duration_parse("3wd", &d) && d.n == 3 && d.unit == DURATION_WORKDAYS);
    assert_true(duration_parse("90d", &d) && d.n == 90 && d.unit == DURATION_DAYS);
    assert_true(duration_parse("{\"n\":4,\"unit\":\"h\"}", &d) && d.n == 4 &&
                d.unit == DURATION_HOURS);
    static const char *const bad[] = {"",   "3",    "wd",         "-1d",      "3 d",
                                      "3w", "3wdx", "999999999d", "{\"n\":4}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(duration_parse(bad[i], &d));
}

static void test_working_days_leave_out_today_holidays_and_weekends(void **state) {
    struct stand *s = *state;
    ADDS("school", "2026-11-25T10:00:00+08:00", "1wd", "2026-11-26T17:30:00+08:00");
    ADDS("school", "2026-11-27T10:00:00+08:00", "1wd",
         "2026-11-30T17:30:00+08:00"); // over a weekend
    ADDS("school", "2026-11-28T10:00:00+08:00", "1wd",
         "2026-11-30T17:30:00+08:00"); // from within it
    ADDS("school", "2026-09-30T10:00:00+08:00", "3wd",
         "2026-10-10T17:30:00+08:00"); // 8, 9 and Saturday
    ADDS("school", "2026-09-18T10:00:00+08:00", "1wd", "2026-09-20T17:30:00+08:00"); // a Sunday
    ADDS("school", "2026-11-25T10:00:00+08:00", "0wd", "2026-11-25T10:00:00+08:00");
}

static void test_working_hours_run_only_while_it_is_open(void **state) {
    struct stand *s = *state;
    ADDS("school", "2026-11-25T11:00:00+08:00", "2h", "2026-11-25T15:00:00+08:00");
    ADDS("school", "2026-11-25T16:00:00+08:00", "90m", "2026-11-25T17:30:00+08:00");
    ADDS("school", "2026-11-25T16:00:00+08:00", "91m", "2026-11-26T08:31:00+08:00");
    ADDS("school", "2026-09-30T17:00:00+08:00", "1h", "2026-10-08T09:00:00+08:00");
    ADDS("always", "2026-10-01T23:30:00+08:00", "1h", "2026-10-02T00:30:00+08:00");
    ADDS("school", "2026-11-25T16:00:00+08:00", "2d", "2026-11-27T23:59:59+08:00");
}

static void test_a_season_has_its_own_hours(void **state) {
    struct stand *s = *state;
    ADDS("admissions", "2026-07-03T18:00:00+08:00", "1h", "2026-07-04T10:00:00+08:00"); // Saturday
    ADDS("school", "2026-07-03T18:00:00+08:00", "1h", "2026-07-06T09:30:00+08:00");
    ADDS("admissions", "2026-09-04T18:00:00+08:00", "1h", "2026-09-07T09:30:00+08:00");
    ADDS("admissions", "2026-09-30T17:00:00+08:00", "1h",
         "2026-10-08T09:00:00+08:00"); // its base's
}

static void test_earlier_is_found_too(void **state) {
    struct stand *s = *state;
    const struct calendar *c = calendar_find(s->cs, "school");
    struct duration d = {1, DURATION_WORKDAYS};
    assert_int_equal(calendar_before(c, ms("2026-10-10T17:30:00+08:00"), d),
                     ms("2026-10-09T08:30:00+08:00"));
    d.n = 3;
    assert_int_equal(calendar_before(c, ms("2026-10-10T17:30:00+08:00"), d),
                     ms("2026-09-30T08:30:00+08:00"));
    d = (struct duration){4, DURATION_HOURS};
    assert_int_equal(calendar_before(c, ms("2026-10-08T09:00:00+08:00"), d),
                     ms("2026-09-30T14:00:00+08:00"));
    d = (struct duration){2, DURATION_DAYS};
    assert_int_equal(calendar_before(c, ms("2026-10-08T09:00:00+08:00"), d),
                     ms("2026-10-06T09:00:00+08:00"));
}

static void test_duty_terms_and_names(void **state) {
    struct stand *s = *state;
    const struct calendar *c = calendar_find(s->cs, "school");
    const char *const *who = calendar_duty(c, ms("2026-10-03T23:59:59+08:00"));
    assert_string_equal(who[0], "ma.rui");
    assert_string_equal(who[1], "lin.mei");
    assert_null(who[2]);
    assert_null(calendar_duty(c, ms("2026-10-04T00:00:00+08:00"))[0]);
    assert_string_equal(
        calendar_duty(calendar_find(s->cs, "admissions"), ms("2026-10-01T00:00:00+08:00"))[0],
        "ma.rui");
    assert_int_equal(calendar_next_term(c, ms("2026-09-01T00:00:00+08:00")),
                     ms("2027-03-01T00:00:00+08:00"));
    assert_int_equal(calendar_next_term(c, ms("2027-03-01T00:00:00+08:00")), -1);
    assert_true(calendar_has_year(c, 2026));
    assert_false(calendar_has_year(c, 2027));
    assert_string_equal(calendar_name(calendar_for(s->cs, "admissions")), "admissions");
    assert_string_equal(calendar_name(calendar_for(s->cs, "canteen")), "school");
}

static void test_a_schools_file_replaces_single_keys(void **state) {
    struct stand *s = *state;
    const char *two[] = {
        SCHOOL, "calendars:\n  school: { holidays: [] }\n  canteen: { base: admissions }\n"};
    assert_int_equal(compile(s, two, 2), ERR_OK);
    ADDS("school", "2026-09-30T17:00:00+08:00", "1h", "2026-10-01T09:00:00+08:00");
    ADDS("canteen", "2026-07-03T18:00:00+08:00", "1h", "2026-07-04T10:00:00+08:00");
}

static void test_every_mistake_is_told_at_its_place(void **state) {
    struct stand *s = *state;
    static const struct {
        const char *text, *word;
        int line;
    } cases[] = {
        {"calendar:\n  x: 1\n", "unknown_key", 1},
        {"calendars:\n  x: { hours: { mon: [\"08:30-12:00\"], funday: [] } }\n", "unknown_key", 2},
        {"calendars:\n  x: { hours: { mon: [\"12:00-08:30\"] } }\n", "hours", 2},
        {"calendars:\n  x: { hours: { mon: [\"08:30-12:00\", \"11:00-13:00\"] } }\n", "hours", 2},
        {"calendars:\n  x: { hours: { mon: [\"8:30-12:00\"] } }\n", "hours", 2},
        {"calendars:\n  x: { hours: { mon: \"08:30-12:00\" } }\n", "type", 2},
        {"calendars:\n  x:\n    hours: { mon: [\"08:30-12:00\"] }\n    holidays: [2026-02-30]\n",
         "days", 4},
        {"calendars:\n  x:\n    hours: { mon: [\"08:30-12:00\"] }\n    holidays: "
         "[2026-02-03..2026-02-01]\n",
         "days", 4},
        {"calendars:\n  x:\n    hours: { mon: [\"08:30-12:00\"] }\n    holidays: "
         "[2026-02-01..2026-02-03]\n"
         "    workdays: [2026-02-02]\n",
         "days", 5},
        {"calendars:\n  x: { holidays: [] }\n", "closed", 2},
        {"calendars:\n  x: { base: z }\n", "calendar_unknown", 2},
        {"calendars:\n  x: { base: z }\n  z: { base: x }\n", "cycle", 3},
        {"calendars:\n  always: { hours: { mon: [] } }\n", "name_invalid", 2},
        {"calendars:\n  x:\n    hours: { mon: [\"08:30-12:00\"] }\n    duty: [{ people: [a] }]\n",
         "duty", 4},
        {"calendars:\n  x:\n    hours: { mon: [\"08:30-12:00\"] }\n    seasons: [{ from: 13-01, "
         "until: 08-31 }]\n",
         "season", 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(compile(s, &cases[i].text, 1), ERR_INVALID);
        const struct problem_item *it = s->p.first;
        while (it && strcmp(it->word, cases[i].word)) it = it->next;
        if (!it) fail_msg("case %zu: no %s", i, cases[i].word);
        assert_int_equal(it->line, cases[i].line);
    }
}

// What must hold at any moment, in zones with and without summer time.
static void properties(struct stand *s, const char *calendar, const char *from) {
    const struct calendar *c = calendar_find(s->cs, calendar);
    const int64_t start = ms(from), step = 41 * 60000 + 7000;
    struct duration ds[] = {{1, DURATION_MINUTES},  {7, DURATION_HOURS},    {40, DURATION_HOURS},
                            {1, DURATION_WORKDAYS}, {5, DURATION_WORKDAYS}, {3, DURATION_DAYS}};
    int64_t before[6] = {0};
    for (int i = 0; i < 9000; i++) { // some eight months
        int64_t at = start + i * step;
        int64_t open = calendar_next_open(c, at);
        assert_true(open >= at);
        assert_true(calendar_is_open(c, open));
        assert_int_equal(calendar_is_open(c, at), open == at);
        assert_int_equal(calendar_open_ms(c, at, open), 0); // nothing was open in between
        for (int k = 0; k < 6; k++) {
            int64_t due = calendar_add(c, at, ds[k]);
            assert_true(due > at);
            assert_true(due >= before[k]); // who comes later is never due earlier
            before[k] = due;
            if (ds[k].unit < DURATION_HOURS) continue;
            int64_t want = ds[k].n * (ds[k].unit == DURATION_HOURS ? 3600000 : 60000);
            assert_int_equal(calendar_open_ms(c, at, due), want); // not a minute lost or won
            assert_int_equal(calendar_open_ms(c, calendar_before(c, due, ds[k]), due), want);
        }
        // time adds up
        int64_t middle = at + 5 * step, end = at + 17 * step;
        assert_int_equal(calendar_open_ms(c, at, middle) + calendar_open_ms(c, middle, end),
                         calendar_open_ms(c, at, end));
    }
}

static void test_hours_that_the_clock_shows_twice_count_twice(void **state) {
    struct stand *s = *state;
    zone(s, "Europe/Berlin");
    const struct calendar *c = calendar_find(s->cs, "night"); // 00:30-02:30-04:00 on Sundays
    assert_int_equal(calendar_open_ms(c, ms("2026-10-24T22:00:00Z"), ms("2026-10-25T12:00:00Z")),
                     270 * 60000);
    assert_int_equal(calendar_open_ms(c, ms("2026-03-28T23:00:00Z"), ms("2026-03-29T12:00:00Z")),
                     150 * 60000); // and those that it skips not at all
}

static void test_no_working_time_is_lost_or_won(void **state) {
    struct stand *s = *state;
    static const char *const zones[] = {"Asia/Shanghai",    "Europe/Berlin",
                                        "America/New_York", "Australia/Lord_Howe",
                                        "America/Santiago", "UTC"};
    for (size_t z = 0; z < sizeof zones / sizeof *zones; z++) {
        zone(s, zones[z]);
        properties(s, "school", "2026-03-01T00:00:00Z");
        properties(s, "admissions", "2026-03-01T00:00:00Z");
        properties(s, "night", "2026-03-01T00:00:00Z"); // open while the clocks change
        properties(s, "always", "2026-03-01T00:00:00Z");
    }
    zone(s, "America/St_Johns"); // where midnight was shown twice
    properties(s, "night", "2010-03-25T00:00:00Z");
    properties(s, "always", "2010-03-25T00:00:00Z");
}

static void test_the_shipped_calendar_is_sound(void **state) {
    struct stand *s = *state;
    struct yaml *y;
    problem_init(&s->p, s->a);
    assert_int_equal(yaml_load(s->a, "policies/calendar.yaml", "policies/calendar.yaml", &y, &s->p),
                     ERR_OK);
    const struct yaml *layers[] = {y};
    assert_int_equal(calendar_compile(s->a, s->tz, layers, 1, &s->cs, &s->p), ERR_OK);
    // 2026 has 365 days, 104 at weekends; 33 days of holidays, 14 of them at weekends; 6
    // make-up days
    int days = 0;
    for (int i = 0; i < 365; i++) {
        int64_t noon = ms("2026-01-01T10:00:00+08:00") + i * INT64_C(86400000);
        days += calendar_is_open(calendar_find(s->cs, "school"), noon);
    }
    assert_int_equal(days, 365 - 104 - 19 + 6);
}

#define T(name) cmocka_unit_test_setup_teardown(name, stand_open, stand_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_durations_are_read_in_both_forms),
        T(test_working_days_leave_out_today_holidays_and_weekends),
        T(test_working_hours_run_only_while_it_is_open),
        T(test_a_season_has_its_own_hours),
        T(test_earlier_is_found_too),
        T(test_duty_terms_and_names),
        T(test_a_schools_file_replaces_single_keys),
        T(test_every_mistake_is_told_at_its_place),
        T(test_hours_that_the_clock_shows_twice_count_twice),
        T(test_no_working_time_is_lost_or_won),
        T(test_the_shipped_calendar_is_sound),
    };
    return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
