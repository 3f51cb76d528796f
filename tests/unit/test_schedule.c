// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Schedules: cron fields, the days on which clocks change, and that nothing runs twice.
#include <stdatomic.h>
#include "lane_fixture.h"
#include "campus/log.h"
#include "campus/schedule.h"
#include "campus/text.h"

struct stand {
    struct lane_fixture lf;
    struct schedule *schedule;
    struct tz *shanghai, *berlin, *new_york;
    _Atomic int runs;
    _Atomic int64_t due;
};

static int stand_open(void **state) {
    struct stand *s = calloc(1, sizeof *s);
    *state = s;
    lane_fixture_open(&s->lf);
    s->shanghai = tz_load("Asia/Shanghai");
    s->berlin = tz_load("Europe/Berlin");
    s->new_york = tz_load("America/New_York");
    assert_non_null(s->shanghai);
    assert_non_null(s->berlin);
    assert_non_null(s->new_york);
    OK(s->lf.fx, schedule_open(NULL, s->lf.lane, &s->schedule, &s->lf.fx->problem));
    return 0;
}

static int stand_close(void **state) {
    struct stand *s = *state;
    schedule_close(s->schedule);
    tz_free(s->shanghai), tz_free(s->berlin), tz_free(s->new_york);
    lane_fixture_close(&s->lf);
    free(s);
    return 0;
}

static int64_t ms(const char *rfc3339) {
    int64_t out;
    assert_true(text_to_time(rfc3339, strlen(rfc3339), &out));
    return out;
}

static struct cron cron(struct stand *s, const char *text) {
    struct cron c;
    OK(s->lf.fx, cron_parse(text, &c, &s->lf.fx->problem));
    return c;
}

static void next_is(struct stand *s, const char *text, const struct tz *tz, const char *after,
                    const char *want) {
    struct cron c = cron(s, text);
    int64_t got = cron_next(&c, tz, ms(after));
    struct buf b;
    buf_init(&b, s->lf.fx->arena);
    json_time(&b, got);
    if (got != ms(want)) fail_msg("%s after %s: %s, not %s", text, after, buf_str(&b), want);
}

static void test_the_next_moment_is_found(void **state) {
    struct stand *s = *state;
    const struct tz *cn = s->shanghai;
    next_is(s, "30 8 * * *", cn, "2026-11-24T00:29:59Z", "2026-11-24T00:30:00Z");
    next_is(s, "30 8 * * *", cn, "2026-11-24T00:30:00Z", "2026-11-25T00:30:00Z");
    next_is(s, "*/15 * * * *", cn, "2026-11-24T00:31:10Z", "2026-11-24T00:45:00Z");
    next_is(s, "0 0 1 1 *", cn, "2026-11-24T00:00:00Z", "2026-12-31T16:00:00Z");
    next_is(s, "0 9-17/4 * * 1-5", cn, "2026-11-27T09:00:00Z", "2026-11-30T01:00:00Z");
    next_is(s, "5,35 10 * * *", cn, "2026-11-24T02:05:00Z", "2026-11-24T02:35:00Z");
    next_is(s, "0 0 29 2 *", cn, "2026-11-24T00:00:00Z", "2028-02-28T16:00:00Z");
    next_is(s, "0 12 * * 7", cn, "2026-11-24T00:00:00Z", "2026-11-29T04:00:00Z");
    next_is(s, "0 12 13 * 5", cn, "2026-11-24T00:00:00Z", "2026-11-27T04:00:00Z"); // either
    next_is(s, "0 12 31 * *", cn, "2026-11-24T00:00:00Z", "2026-12-31T04:00:00Z");
    next_is(s, "59 23 31 12 *", cn, "2038-01-20T00:00:00Z", "2038-12-31T15:59:00Z");
    struct cron never = cron(s, "0 0 31 2 *");
    assert_int_equal(cron_next(&never, cn, ms("2026-11-24T00:00:00Z")), -1);
}

static void test_wrong_fields_are_refused(void **state) {
    struct stand *s = *state;
    static const char *const bad[] = {"",
                                      "* * * *",
                                      "* * * * * *",
                                      "60 * * * *",
                                      "* 24 * * *",
                                      "* * 0 * *",
                                      "* * 32 * *",
                                      "* * * 13 *",
                                      "* * * * 8",
                                      "5-1 * * * *",
                                      "*/0 * * * *",
                                      "1,,2 * * * *",
                                      "1, * * * *",
                                      "a * * * *",
                                      "1- * * * *",
                                      "1.5 * * * *",
                                      "-1 * * * *",
                                      "99999999999999999999 * * * *",
                                      "* * * * 1x"};
    struct cron c;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fixture_calm(s->lf.fx);
        if (cron_parse(bad[i], &c, &s->lf.fx->problem) != ERR_INVALID) fail_msg("%s", bad[i]);
    }
}

// Berlin 2026: clocks skip 02:00..03:00 on 29 March (01:00 UTC) and repeat it on 25 October.
static void test_a_time_that_is_skipped_happens_when_the_clock_goes_on(void **state) {
    struct stand *s = *state;
    next_is(s, "30 2 * * *", s->berlin, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z");
    next_is(s, "30 2 * * *", s->berlin, "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z");
    next_is(s, "*/30 * * * *", s->berlin, "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z");
    next_is(s, "30 2 * * *", s->new_york, "2026-03-08T05:00:00Z", "2026-03-08T07:00:00Z");
    next_is(s, "30 2 * * *", s->berlin, "2044-03-26T12:00:00Z", "2044-03-27T01:00:00Z");
}

static void test_a_time_that_is_shown_twice_happens_once(void **state) {
    struct stand *s = *state;
    next_is(s, "30 2 * * *", s->berlin, "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z");
    next_is(s, "30 2 * * *", s->berlin, "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z");
    // every hour is by real time: both
    next_is(s, "30 * * * *", s->berlin, "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z");
    next_is(s, "*/20 * * * *", s->berlin, "2026-10-25T00:40:00Z", "2026-10-25T01:00:00Z");
}

// Every moment of two years, one after the other, in three zones: strictly rising, and once a day
// for a daily time.
static void test_a_daily_time_comes_once_a_day_for_years(void **state) {
    struct stand *s = *state;
    const struct tz *zones[] = {s->shanghai, s->berlin, s->new_york};
    static const char *const times[] = {"30 2 * * *", "0 0 * * *", "30 1 * * *", "59 23 * * *"};
    for (int z = 0; z < 3; z++)
        for (int t = 0; t < 4; t++) {
            struct cron c = cron(s, times[t]);
            int64_t at = ms("2026-01-01T12:00:00Z"), end = ms("2028-01-01T12:00:00Z");
            char last[11] = "", date[11];
            int n = 0;
            for (int64_t next; (next = cron_next(&c, zones[z], at)) <= end; at = next, n++) {
                assert_true(next > at);
                tz_date(zones[z], next, date);
                assert_string_not_equal(date, last);
                memcpy(last, date, sizeof last);
            }
            assert_int_equal(n, 730);
        }
}

static void test_the_last_moment_is_found_without_walking_a_year(void **state) {
    struct stand *s = *state;
    struct cron every = cron(s, "* * * * *"), yearly = cron(s, "0 0 1 1 *");
    int64_t from = ms("2020-01-01T00:00:00Z"), now = ms("2026-11-24T10:00:30Z");
    int64_t start = clock_mono_ns();
    assert_int_equal(cron_last(&every, s->berlin, from, now), ms("2026-11-24T10:00:00Z"));
    assert_true(clock_mono_ns() - start < 10000000000);
    assert_int_equal(cron_last(&yearly, s->shanghai, from, now), ms("2025-12-31T16:00:00Z"));
    assert_int_equal(cron_last(&yearly, s->shanghai, now - 1000, now), -1);
}

static void run(void *self, const struct schedule_job *job, int64_t due) {
    struct stand *s = self;
    assert_string_equal(job->name, "test:daily");
    s->due = due;
    s->runs++;
}

static void set(struct stand *s, enum schedule_missed missed) {
    struct schedule_job job = {.name = "test:daily",
                               .cron = cron(s, "30 8 * * *"),
                               .tz = s->shanghai,
                               .missed = missed,
                               .run = run,
                               .self = s};
    schedule_set(s->schedule, &job, 1);
}

static int64_t tick(struct stand *s, const char *now) {
    int64_t next;
    OK(s->lf.fx, schedule_tick(s->schedule, s->lf.reader, ms(now), &next, &s->lf.fx->problem));
    assert_true(next > ms(now));
    return next;
}

static void test_it_runs_when_it_is_due_and_once(void **state) {
    struct stand *s = *state;
    set(s, MISSED_SKIP);
    tick(s, "2026-11-24T00:00:00Z"); // seen for the first time
    assert_int_equal(tick(s, "2026-11-24T00:29:50Z"), ms("2026-11-24T00:30:00Z"));
    assert_int_equal(s->runs, 0);
    tick(s, "2026-11-24T00:30:00Z");
    assert_int_equal(s->runs, 1);
    assert_int_equal(s->due, ms("2026-11-24T00:30:00Z"));
    tick(s, "2026-11-24T00:30:00Z");
    tick(s, "2026-11-24T00:31:00Z");
    assert_int_equal(s->runs, 1);
    schedule_close(s->schedule); // a restart
    OK(s->lf.fx, schedule_open(NULL, s->lf.lane, &s->schedule, &s->lf.fx->problem));
    set(s, MISSED_SKIP);
    tick(s, "2026-11-24T00:30:30Z");
    assert_int_equal(s->runs, 1);
    tick(s, "2026-11-25T00:30:01Z");
    assert_int_equal(s->runs, 2);
}

static void test_what_was_missed_is_skipped_or_done_once(void **state) {
    struct stand *s = *state;
    set(s, MISSED_SKIP);
    tick(s, "2026-11-20T00:00:00Z");
    tick(s, "2026-11-24T06:00:00Z"); // the service was down for days
    assert_int_equal(s->runs, 0);
    set(s, MISSED_ONCE);
    tick(s, "2026-11-24T06:00:01Z"); // what was skipped stays skipped
    assert_int_equal(s->runs, 0);
    tick(s, "2026-11-29T06:00:00Z");
    assert_int_equal(s->runs, 1);
    assert_int_equal(s->due, ms("2026-11-29T00:30:00Z"));
    tick(s, "2026-11-29T06:00:01Z");
    assert_int_equal(s->runs, 1);
}

static void test_a_clock_set_back_runs_nothing_twice(void **state) {
    struct stand *s = *state;
    set(s, MISSED_ONCE);
    tick(s, "2026-11-24T00:00:00Z");
    tick(s, "2026-11-24T00:30:05Z");
    assert_int_equal(s->runs, 1);
    tick(s, "2026-11-24T00:20:00Z"); // ten minutes back
    tick(s, "2026-11-24T00:30:00Z");
    tick(s, "2026-11-24T00:40:00Z");
    assert_int_equal(s->runs, 1);
    tick(s, "2027-11-24T12:00:00Z"); // a year ahead by mistake: one run
    assert_int_equal(s->runs, 2);
    tick(s, "2026-11-24T01:00:00Z"); // and right again: it does not stand still for a year
    assert_int_equal(s->runs, 2);
    tick(s, "2026-11-25T00:30:00Z");
    assert_int_equal(s->runs, 3);
}

static void test_of_two_services_one_runs(void **state) {
    struct stand *s = *state;
    struct schedule *mine = s->schedule, *other;
    OK(s->lf.fx, schedule_open(NULL, s->lf.lane, &other, &s->lf.fx->problem));
    set(s, MISSED_ONCE);
    s->schedule = other;
    set(s, MISSED_ONCE);
    tick(s, "2026-11-24T00:00:00Z");
    tick(s, "2026-11-24T00:30:00Z");
    s->schedule = mine;
    tick(s, "2026-11-24T00:30:00Z");
    assert_int_equal(s->runs, 1);
    schedule_close(other);
}

static void test_its_own_thread_ticks(void **state) {
    struct stand *s = *state;
    schedule_close(s->schedule);
    OK(s->lf.fx, schedule_open(s->lf.fx->storage, s->lf.lane, &s->schedule, &s->lf.fx->problem));
    set(s, MISSED_ONCE);
    for (int i = 0; i < 5000 && lane_int(&s->lf, "SELECT count(*) FROM core_schedule") < 1; i++)
        usleep(1000);
    lane_sql(&s->lf, "UPDATE core_schedule SET due=due-172800000");
    set(s, MISSED_ONCE); // wakes it
    for (int i = 0; i < 5000 && !s->runs; i++) usleep(1000);
    assert_int_equal(s->runs, 1);
    schedule_set(s->schedule, NULL, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, stand_open, stand_close)
int main(void) {
    log_init(LOG_ERROR, false);
    const struct CMUnitTest tests[] = {
        T(test_the_next_moment_is_found),
        T(test_wrong_fields_are_refused),
        T(test_a_time_that_is_skipped_happens_when_the_clock_goes_on),
        T(test_a_time_that_is_shown_twice_happens_once),
        T(test_a_daily_time_comes_once_a_day_for_years),
        T(test_the_last_moment_is_found_without_walking_a_year),
        T(test_it_runs_when_it_is_due_and_once),
        T(test_what_was_missed_is_skipped_or_done_once),
        T(test_a_clock_set_back_runs_nothing_twice),
        T(test_of_two_services_one_runs),
        T(test_its_own_thread_ticks),
    };
    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
