// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#include "campus/wake.h"
#include "check.h"

static void count(void *self) {
    ++*(int *)self;
}

static void test_a_wake_is_done_at_once_unless_it_is_held(void **state) {
    (void)state;
    int n = 0;
    wake(count, &n), wake(count, &n);
    assert_int_equal(n, 2);
    wake_hold();
    wake(count, &n);
    assert_int_equal(n, 2);
    wake_release();
    assert_int_equal(n, 3);
    wake(count, &n);
    assert_int_equal(n, 4);
    wake_release(); // nothing is left to do
    assert_int_equal(n, 4);
}

static void test_held_wakes_are_done_once_for_each_target(void **state) {
    (void)state;
    int a = 0, b = 0;
    wake_hold();
    for (int i = 0; i < 15; i++) wake(count, &a);
    wake(count, &b);
    assert_int_equal(a + b, 0);
    wake_release();
    assert_int_equal(a, 1);
    assert_int_equal(b, 1);
}

static void test_the_sixteenth_waits_no_longer(void **state) {
    (void)state;
    int n = 0;
    wake_hold();
    for (int i = 0; i < 15; i++) wake(count, &n);
    assert_int_equal(n, 0);
    wake(count, &n);
    assert_int_equal(n, 1);
    for (int i = 0; i < 16; i++) wake(count, &n);
    assert_int_equal(n, 2);
    wake_release();
    assert_int_equal(n, 2);
}

static void test_more_targets_than_there_is_room_for_are_woken_at_once(void **state) {
    (void)state;
    int n[9] = {0};
    wake_hold();
    for (int i = 0; i < 9; i++) wake(count, &n[i]);
    assert_int_equal(n[7], 0);
    assert_int_equal(n[8], 1);
    wake_release();
    for (int i = 0; i < 9; i++) assert_int_equal(n[i], 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_wake_is_done_at_once_unless_it_is_held),
        TEST(test_held_wakes_are_done_once_for_each_target),
        TEST(test_the_sixteenth_waits_no_longer),
        TEST(test_more_targets_than_there_is_room_for_are_woken_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
