// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#include "campus/password.h"
#include "check.h"

static const uint8_t *const SECRET =
    (const uint8_t *)"12345678901234567890"; // of RFC 6238, appendix B

static void test_the_codes_are_those_of_rfc_6238(void **state) {
    (void)state;
    static const struct {
        int64_t seconds;
        const char *code;
    } vectors[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                   {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        assert_int_equal(totp_verify(SECRET, vectors[i].code, vectors[i].seconds * 1000, 0),
                         vectors[i].seconds / 30);
}

static void test_a_code_lives_one_step_to_either_side_and_works_once(void **state) {
    (void)state;
    int64_t step = 1111111109 / 30, now = step * 30000;
    assert_int_equal(totp_verify(SECRET, "081804", now - 30000, 0), step);
    assert_int_equal(totp_verify(SECRET, "081804", now + 30000 + 29999, 0), step);
    assert_int_equal(totp_verify(SECRET, "081804", now - 30001, 0), 0);
    assert_int_equal(totp_verify(SECRET, "081804", now + 60000, 0), 0);
    assert_int_equal(totp_verify(SECRET, "081804", now, step - 1), step);
    assert_int_equal(totp_verify(SECRET, "081804", now, step), 0);
    static const char *const bad[] = {"081805", "81804", "0818040", "", "abcdef"};
    for (size_t i = 0; i < 5; i++) assert_int_equal(totp_verify(SECRET, bad[i], now, 0), 0);
}

static void test_the_secret_is_shown_in_base32(void **state) {
    (void)state;
    char text[33];
    totp_base32(SECRET, text);
    assert_string_equal(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_codes_are_those_of_rfc_6238),
        TEST(test_a_code_lives_one_step_to_either_side_and_works_once),
        TEST(test_the_secret_is_shown_in_base32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
