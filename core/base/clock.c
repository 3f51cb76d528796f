// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The clock seam.
#include "campus/clock.h"

#include <stdatomic.h>
#include <time.h>

static _Atomic int64_t offset_ms;

int64_t clock_now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + offset_ms;
}

int64_t clock_mono_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void clock_advance_ms(int64_t by) {
#ifdef CAMPUSD_TEST
    offset_ms += by;
#else
    (void)by;
#endif
}
