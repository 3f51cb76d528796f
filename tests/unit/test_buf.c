// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#include "check.h"

static void test_what_is_appended_comes_back(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, NULL);
    assert_string_equal(buf_str(&b), "");
    buf_puts(&b, "one");
    buf_putc(&b, ',');
    buf_put(&b, "two\0x", 3);
    buf_printf(&b, "%s%d", " three", 3);
    assert_string_equal(buf_str(&b), "one,two three3");
    buf_trim(&b, 4);
    assert_string_equal(buf_str(&b), "one,two th");
    buf_trim(&b, 999);
    assert_int_equal(b.len, 0);
    buf_fini(&b);
}

static void test_integers_at_both_ends_are_written_whole(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, arena);
    const int64_t values[] = {0, 7, -7, INT64_MAX, INT64_MIN};
    for (int i = 0; i < 5; i++) buf_int(&b, values[i]), buf_putc(&b, ' ');
    assert_string_equal(buf_str(&b), "0 7 -7 9223372036854775807 -9223372036854775808 ");
}

static void test_a_buffer_grows_past_any_block(void **state) {
    (void)state;
    struct buf owned, lent;
    buf_init(&owned, NULL);
    buf_init(&lent, arena);
    for (int i = 0; i < 200000; i++) {
        buf_int(&owned, i % 10);
        buf_int(&lent, i % 10);
    }
    assert_false(owned.failed);
    assert_int_equal(owned.len, 200000);
    assert_int_equal(lent.len, 200000);
    assert_memory_equal(owned.data, lent.data, 200000);
    for (size_t i = 0; i < owned.len; i++) assert_int_equal(owned.data[i], '0' + (int)(i % 10));
    buf_fini(&owned);
    assert_null(owned.data);
}

static void test_a_failed_buffer_stays_failed_and_reads_as_empty(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, NULL);
    buf_puts(&b, "kept");
    b.failed = true, b.cap = b.len; // as a failure to grow leaves it
    buf_puts(&b, "lost");
    assert_int_equal(b.len, 4);
    assert_string_equal(buf_str(&b), "");
    buf_fini(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_appended_comes_back),
        TEST(test_integers_at_both_ends_are_written_whole),
        TEST(test_a_buffer_grows_past_any_block),
        TEST(test_a_failed_buffer_stays_failed_and_reads_as_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
