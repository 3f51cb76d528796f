// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What every unit test includes: cmocka with its prerequisites, and an arena with a problem.
#ifndef UNIT_CHECK_H
#define UNIT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "campus/buf.h"
#include "campus/err.h"
#include "campus/mem.h"

// A fresh arena and problem for each test: setup and teardown of cmocka_unit_test_setup_teardown.
static struct arena *arena;
static struct problem problem;

static inline int fresh_setup(void **state) {
    (void)state;
    arena = arena_new(64 << 20);
    problem_init(&problem, arena);
    return arena ? 0 : -1;
}
static inline int fresh_teardown(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}
#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh_setup, fresh_teardown)

// The call must succeed; otherwise the problem is shown.
#define assert_ok(call)                                                                            \
    do {                                                                                           \
        enum err e_ = (call);                                                                      \
        if (e_) {                                                                                  \
            struct buf b_;                                                                         \
            buf_init(&b_, arena);                                                                  \
            problem_text(&problem, &b_);                                                           \
            fail_msg("%s: %s: %s", #call, err_word(e_), buf_str(&b_));                             \
        }                                                                                          \
    } while (0)
#define assert_err(call, want) assert_string_equal(err_word(call), err_word(want))

#endif
