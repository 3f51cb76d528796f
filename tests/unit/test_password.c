// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#include <sodium.h>
#include <time.h>
#include "campus/password.h"
#include "check.h"

static const uint8_t PEPPER[32] = "0123456789abcdef0123456789abcde";

static int start(void **state) {
    (void)state;
    return sodium_init() < 0;
}

static void test_only_the_right_password_with_the_right_pepper_passes(void **state) {
    (void)state;
    char hash[PASSWORD_HASH];
    uint8_t other[32];
    memcpy(other, PEPPER, 32);
    other[0] ^= 1;
    assert_int_equal(password_hash(PEPPER, "open sesame 1", 13, hash), ERR_OK);
    assert_memory_equal(hash, "$argon2id$v=19$m=65536,t=2,p=1$", 31);
    assert_true(password_verify(PEPPER, hash, "open sesame 1", 13));
    assert_false(password_verify(PEPPER, hash, "open sesame 2", 13));
    assert_false(password_verify(PEPPER, hash, "open sesame 1", 12));
    assert_false(password_verify(other, hash, "open sesame 1", 13));
    assert_false(password_verify(PEPPER, "not a hash", "open sesame 1", 13));
}

static int64_t work(const char *hash) {
    struct timespec t0, t1;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t0);
    for (int i = 0; i < 3; i++) assert_false(password_verify(PEPPER, hash, "guess guess", 11));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t1);
    return (t1.tv_sec - t0.tv_sec) * 1000000000 + t1.tv_nsec - t0.tv_nsec;
}

static void test_an_absent_account_costs_what_a_present_one_costs(void **state) {
    (void)state;
    char hash[PASSWORD_HASH];
    assert_int_equal(password_hash(PEPPER, "open sesame 1", 13, hash), ERR_OK);
    work(NULL);
    int64_t best[2] = {INT64_MAX, INT64_MAX};
    for (int i = 0; i < 3; i++) {
        int64_t absent = work(NULL), present = work(hash);
        if (absent < best[0]) best[0] = absent;
        if (present < best[1]) best[1] = present;
    }
    if (best[0] < best[1] * 8 / 10 || best[0] > best[1] * 12 / 10)
        fail_msg("absent %lld ns, present %lld ns", (long long)best[0], (long long)best[1]);
}

static void test_poor_passwords_are_refused_with_the_reason(void **state) {
    (void)state;
    static const struct {
        const char *password, *word;
    } bad[] = {{"short", "too_short"},
               {"九个汉字不够长的", "too_short"},
               {"xx wangli xx", "holds_name"},
               {"Password123", "common"},
               {"bad \xff bytes", "not_utf8"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        problem_init(&problem, arena);
        assert_int_equal(
            password_acceptable("wangli", bad[i].password, strlen(bad[i].password), &problem),
            ERR_INVALID);
        assert_string_equal(problem.first->word, bad[i].word);
    }
    char longer[300];
    memset(longer, 'q', sizeof longer);
    problem_init(&problem, arena);
    assert_int_equal(password_acceptable("wangli", longer, sizeof longer, &problem), ERR_INVALID);
    assert_string_equal(problem.first->word, "too_long");
    assert_int_equal(password_acceptable("wangli", "十个汉字已经够长的了吧", 33, &problem), ERR_OK);
    char made[20], again[20];
    password_generate(made);
    password_generate(again);
    assert_int_equal(strlen(made), 19);
    assert_string_not_equal(made, again);
    assert_int_equal(password_acceptable("wangli", made, 19, &problem), ERR_OK);
}

static void test_tokens_are_random_and_kept_hashed(void **state) {
    (void)state;
    char a[TOKEN_LEN + 1], b[TOKEN_LEN + 1];
    uint8_t ha[TOKEN_HASH], hb[TOKEN_HASH], again[TOKEN_HASH];
    token_new(a, ha);
    token_new(b, hb);
    assert_int_equal(strlen(a), TOKEN_LEN);
    assert_int_equal(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                     TOKEN_LEN);
    assert_string_not_equal(a, b);
    token_hash(a, TOKEN_LEN, again);
    assert_memory_equal(ha, again, TOKEN_HASH);
    assert_memory_not_equal(ha, hb, TOKEN_HASH);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_only_the_right_password_with_the_right_pepper_passes),
        TEST(test_an_absent_account_costs_what_a_present_one_costs),
        TEST(test_poor_passwords_are_refused_with_the_reason),
        TEST(test_tokens_are_random_and_kept_hashed),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
