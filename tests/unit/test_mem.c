// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#include "check.h"

static void test_memory_comes_zeroed_and_aligned(void **state) {
    (void)state;
    for (size_t n = 0; n < 5000; n += 7) {
        unsigned char *p = arena_alloc(arena, n);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < n; i++) assert_int_equal(p[i], 0);
        memset(p, 0xff, n);
    }
    arena_reset(arena);
    unsigned char *p = arena_alloc(arena, 4096);
    for (size_t i = 0; i < 4096; i++) assert_int_equal(p[i], 0);
    assert_null(arena_strdup(arena, NULL));
    assert_string_equal(arena_printf(arena, "%s-%d", "a", 7), "a-7");
}

static int order[3], norder;
static void note(void *arg) {
    order[norder++] = *(int *)arg;
}

static void test_deferred_calls_run_newest_first_and_once(void **state) {
    (void)state;
    static int ids[3] = {1, 2, 3};
    norder = 0;
    for (int i = 0; i < 3; i++) arena_defer(arena, note, &ids[i]);
    arena_reset(arena);
    assert_int_equal(norder, 3);
    assert_int_equal(order[0], 3);
    assert_int_equal(order[2], 1);
    arena_reset(arena);
    assert_int_equal(norder, 3);
}

static void test_past_its_limit_an_arena_jumps_to_the_trap(void **state) {
    (void)state;
    struct arena *small = arena_new(64 * 1024);
    jmp_buf trap, outer;
    static int id = 7;
    norder = 0;
    arena_defer(small, note, &id);
    assert_null(arena_trap(small, &outer));
    assert_ptr_equal(arena_trap(small, &trap), &outer);
    volatile size_t got = 0;
    if (!setjmp(trap)) {
        for (;;) {
            arena_alloc(small, 1000);
            got = got + 1000;
        }
    }
    assert_in_range(got, 1000, 64 * 1024);
    assert_true(arena_used(small) <= 64 * 1024);
    if (!setjmp(trap)) {
        arena_alloc(small, SIZE_MAX - 5);
        fail();
    }
    arena_free(small);
    assert_int_equal(norder, 1);
    arena_free(NULL);
}

static void test_a_reset_arena_gives_back_all_but_its_first_block(void **state) {
    (void)state;
    size_t first = arena_used(arena);
    for (int i = 0; i < 1000; i++) arena_alloc(arena, 3000);
    assert_true(arena_used(arena) > 3000 * 1000);
    arena_reset(arena);
    assert_int_equal(arena_used(arena), first);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_memory_comes_zeroed_and_aligned),
        TEST(test_deferred_calls_run_newest_first_and_once),
        TEST(test_past_its_limit_an_arena_jumps_to_the_trap),
        TEST(test_a_reset_arena_gives_back_all_but_its_first_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
