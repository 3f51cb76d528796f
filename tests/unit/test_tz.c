// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#include "campus/clock.h"
#include "campus/text.h"
#include "check.h"

static int64_t at(const char *s) {
    int64_t ms;
    assert_true(text_to_time(s, strlen(s), &ms));
    return ms;
}

static void test_china_is_eight_hours_east_all_year_and_had_summer_time_once(void **state) {
    (void)state;
    struct tz *tz = tz_load("Asia/Shanghai");
    assert_non_null(tz);
    assert_int_equal(tz_offset_s(tz, at("2026-01-01T00:00:00Z")), 28800);
    assert_int_equal(tz_offset_s(tz, at("2026-07-01T00:00:00Z")), 28800);
    assert_int_equal(tz_offset_s(tz, at("2090-07-01T00:00:00Z")), 28800);
    assert_int_equal(tz_offset_s(tz, at("1988-07-01T00:00:00Z")), 32400);
    char date[11];
    tz_date(tz, at("2026-08-31T16:00:00Z"), date);
    assert_string_equal(date, "2026-09-01");
    tz_date(tz, at("2026-08-31T15:59:59.999Z"), date);
    assert_string_equal(date, "2026-08-31");
    tz_date(tz, at("1969-12-31T16:00:00Z"), date);
    assert_string_equal(date, "1970-01-01");
    tz_free(tz);
}

static void check_new_york(const struct tz *tz, const char *spring, const char *autumn) {
    assert_int_equal(tz_offset_s(tz, at(spring) - 1), -18000);
    assert_int_equal(tz_offset_s(tz, at(spring)), -14400);
    assert_int_equal(tz_offset_s(tz, at(autumn) - 1), -14400);
    assert_int_equal(tz_offset_s(tz, at(autumn)), -18000);
}

static void test_new_york_changes_clocks_to_the_second_also_past_the_table(void **state) {
    (void)state;
    struct tz *tz = tz_load("America/New_York");
    assert_non_null(tz);
    check_new_york(tz, "2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z");
    check_new_york(tz, "2050-03-13T07:00:00Z", "2050-11-06T06:00:00Z"); // by the footer's rule
    tz_free(tz);
}

static void test_the_southern_summer_spans_the_new_year(void **state) {
    (void)state;
    struct tz *tz = tz_load("Australia/Sydney");
    assert_non_null(tz);
    assert_int_equal(tz_offset_s(tz, at("2060-01-01T00:00:00Z")), 39600);
    assert_int_equal(tz_offset_s(tz, at("2060-06-01T00:00:00Z")), 36000);
    assert_int_equal(tz_offset_s(tz, at("2060-12-31T00:00:00Z")), 39600);
    tz_free(tz);
}

static void test_what_is_no_zone_is_unknown(void **state) {
    (void)state;
    assert_null(tz_load("Asia/Nowhere"));
    assert_null(tz_load("../../etc/passwd"));
    assert_null(tz_load("/etc/passwd"));
    assert_null(tz_load("tzdata.zi"));
    assert_null(tz_load("Asia"));
}

static void test_the_test_clock_moves_only_the_wall(void **state) {
    (void)state;
    int64_t wall = clock_now_ms(), mono = clock_mono_ns();
    clock_advance_ms(86400000);
    assert_in_range(clock_now_ms() - wall, 86400000, 86400000 + 5000);
    assert_true(clock_mono_ns() - mono < INT64_C(5000000000));
    clock_advance_ms(-86400000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_china_is_eight_hours_east_all_year_and_had_summer_time_once),
        TEST(test_new_york_changes_clocks_to_the_second_also_past_the_table),
        TEST(test_the_southern_summer_spans_the_new_year),
        TEST(test_what_is_no_zone_is_unknown),
        TEST(test_the_test_clock_moves_only_the_wall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
