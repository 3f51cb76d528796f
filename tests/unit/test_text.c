// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#include "campus/text.h"
#include "check.h"

#define N(s) (s), strlen(s)

static void test_identity_numbers_need_their_check_digit_and_a_real_birth_date(void **state) {
    (void)state;
    assert_true(text_is_cn_id(N("11010519491231002X"))); // the standard's own example
    assert_true(text_is_cn_id(N("11010519491231002x")));
    assert_true(text_is_cn_id(N("440524188001010014")));
    assert_false(text_is_cn_id(N("110105194912310021")));
    assert_false(text_is_cn_id(N("11010519491231002")));
    assert_false(text_is_cn_id(N("11010519490231002X")));
    // right check digit over a day that does not exist: 1949-02-30
    static const int weight[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    char id[19] = "11010519490230002";
    int sum = 0;
    for (int i = 0; i < 17; i++) sum += (id[i] - '0') * weight[i];
    id[17] = "10X98765432"[sum % 11];
    assert_false(text_is_cn_id(id, 18));
}

static void test_mobiles_credit_codes_and_invoices(void **state) {
    (void)state;
    assert_true(text_is_mobile(N("13800138000")));
    assert_false(text_is_mobile(N("12800138000")));
    assert_false(text_is_mobile(N("1380013800")));
    assert_false(text_is_mobile(N("1380013800a")));
    assert_true(text_is_uscc(N("91350100M000100Y43"))); // the standard's own example
    assert_false(text_is_uscc(N("91350100M000100Y44")));
    assert_false(text_is_uscc(N("91350100I000100Y43")));
    assert_true(text_is_invoice_no(N("12345678")));
    assert_true(text_is_invoice_no(N("24312000000012345678")));
    assert_false(text_is_invoice_no(N("123456789")));
    assert_true(text_check("mobile", N("13800138000")));
    assert_false(text_check("nonsense", N("13800138000")));
    assert_false(text_check_exists("nonsense"));
}

static void test_masks_hide_the_middle_and_short_values_whole(void **state) {
    (void)state;
    assert_string_equal(text_mask(arena, "mobile", N("13800138000")), "138****8000");
    assert_string_equal(text_mask(arena, "cn_id", N("11010519491231002X")), "110105********002X");
    assert_string_equal(text_mask(arena, "last4", N("6222020200112233")), "****2233");
    assert_string_equal(text_mask(arena, "last4", N("1234567")), "****");
    assert_string_equal(text_mask(arena, "mobile", N("1380013")), "****");
    assert_string_equal(text_mask(arena, "name", N("欧阳锋")), "欧***");
    assert_string_equal(text_mask(arena, "name", N("王")), "****");
    assert_string_equal(text_mask(arena, "unknown", N("secret")), "****");
    assert_string_equal(text_mask(arena, NULL, N("secret")), "****");
    assert_true(text_is_mask(N("138****8000")));
    assert_false(text_is_mask(N("13800138000")));
}

static void test_decimals_are_scaled_exactly_or_not_at_all(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int scale;
        int64_t v;
    } good[] = {{"350.00", 2, 35000}, {"350", 2, 35000},
                {"0.05", 2, 5},       {"-1.5", 2, -150},
                {"1.500", 2, 150},    {"0", 0, 0},
                {"-0", 2, 0},         {"92233720368547758.07", 2, INT64_MAX}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t v = 99;
        assert_true(text_to_scaled(N(good[i].text), good[i].scale, &v));
        assert_int_equal(v, good[i].v);
    }
    static const char *const bad[] = {"",
                                      "-",
                                      ".5",
                                      "5.",
                                      "1.005",
                                      "1e3",
                                      "1 0",
                                      "１",
                                      "1,000",
                                      "+1",
                                      "--1",
                                      "92233720368547758.08",
                                      "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t v;
        if (text_to_scaled(N(bad[i]), 2, &v)) fail_msg("\"%s\" was taken", bad[i]);
    }
    char out[32];
    static const struct {
        int64_t v;
        int scale;
        const char *text;
    } shown[] = {{35000, 2, "350.00"}, {5, 2, "0.05"},
                 {-5, 2, "-0.05"},     {0, 2, "0.00"},
                 {0, 0, "0"},          {7, 0, "7"},
                 {120, 6, "0.000120"}, {INT64_MIN, 2, "-92233720368547758.08"}};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        assert_int_equal(text_from_scaled(out, shown[i].v, shown[i].scale), strlen(shown[i].text));
        assert_string_equal(out, shown[i].text);
    }
}

static void test_dates_exist_and_count_both_ways(void **state) {
    (void)state;
    assert_true(text_is_date(N("2024-02-29")));
    assert_false(text_is_date(N("2023-02-29")));
    assert_false(text_is_date(N("1900-02-29")));
    assert_true(text_is_date(N("2000-02-29")));
    assert_false(text_is_date(N("2024-13-01")));
    assert_false(text_is_date(N("2024-00-10")));
    assert_false(text_is_date(N("2024-1-1")));
    int64_t d;
    assert_true(text_to_days(N("1970-01-01"), &d));
    assert_int_equal(d, 0);
    assert_true(text_to_days(N("2026-11-23"), &d));
    assert_int_equal(d, 20780);
    char back[11];
    for (int64_t day = -200000; day < 200000; day += 37) {
        int64_t again;
        text_from_days(back, day);
        assert_true(text_to_days(back, 10, &again));
        assert_int_equal(again, day);
    }
}

static void test_times_are_rfc_3339(void **state) {
    (void)state;
    int64_t ms;
    assert_true(text_to_time(N("1970-01-01T00:00:00Z"), &ms));
    assert_int_equal(ms, 0);
    assert_true(text_to_time(N("2026-11-23T20:30:02.125+08:00"), &ms));
    assert_int_equal(ms, 1795437002125);
    assert_true(text_to_time(N("2026-11-23T20:30:02.1Z"), &ms));
    assert_int_equal(ms % 1000, 100);
    static const char *const bad[] = {"2026-11-23",
                                      "2026-11-23T20:30:02",
                                      "2026-11-23 20:30:02Z",
                                      "2026-11-23T24:00:00Z",
                                      "2026-11-23T20:60:00Z",
                                      "2026-02-30T20:00:00Z",
                                      "2026-11-23T20:30:02+8",
                                      "2026-11-23T20:30:02Zx"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (text_to_time(N(bad[i]), &ms)) fail_msg("\"%s\" was taken", bad[i]);
}

static void test_invalid_utf8_is_told_from_valid(void **state) {
    (void)state;
    assert_true(text_is_utf8(N("清河 𠮷 ok")));
    static const struct {
        const char *s;
        size_t n;
    } bad[] = {{"a\0b", 3},         {"\xc0\x80", 2},
               {"\xed\xa0\x80", 3}, {"\xf4\x90\x80\x80", 4},
               {"\xe6\xb8", 2},     {"\x80", 1},
               {"\xff", 1},         {"\xf8\x88\x80\x80\x80", 5},
               {"\xe0\x80\x80", 3}, {"\xf0\x80\x80\x80", 4}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(text_is_utf8(bad[i].s, bad[i].n));
    assert_int_equal(text_length(N("清河ab𠮷")), 5);
}

static void test_the_normal_form_forgets_width_case_and_gaps(void **state) {
    (void)state;
    size_t n, m;
    const char *a = text_normal(arena, N("ＡＢＣ - １２３"), &n),
               *b = text_normal(arena, N("abc123"), &m);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    a = text_normal(arena, N("138-0013 8000"), &n);
    assert_string_equal(a, "13800138000");
    a = text_normal(arena, N("e\xcc\x81"), &n); // e + combining accent
    b = text_normal(arena, N("É"), &m);
    assert_string_equal(a, b);
}

static void test_the_nearest_name_is_offered_only_when_near(void **state) {
    (void)state;
    static const char *const words[] = {"campus", "phone", "name", "id"};
    assert_string_equal(text_nearest("campsu", words, 4), "campus");
    assert_string_equal(text_nearest("phnoe", words, 4), "phone");
    assert_null(text_nearest("telephone_number", words, 4));
    assert_true(text_is_name("plan_line2"));
    assert_false(text_is_name("2plan"));
    assert_false(text_is_name("Plan"));
    assert_false(text_is_name(""));
    assert_false(text_is_name("a234567890123456789012345678901234567890123456789"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_identity_numbers_need_their_check_digit_and_a_real_birth_date),
        TEST(test_mobiles_credit_codes_and_invoices),
        TEST(test_masks_hide_the_middle_and_short_values_whole),
        TEST(test_decimals_are_scaled_exactly_or_not_at_all),
        TEST(test_dates_exist_and_count_both_ways),
        TEST(test_times_are_rfc_3339),
        TEST(test_invalid_utf8_is_told_from_valid),
        TEST(test_the_normal_form_forgets_width_case_and_gaps),
        TEST(test_the_nearest_name_is_offered_only_when_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
