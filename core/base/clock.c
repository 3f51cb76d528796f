// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The clock seam.
#include "campus/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static _Atomic int64_t offset_ms;

// $CAMPUSD_CLOCK_FILE of campusd-test: a file of milliseconds to add, looked at again all the time.
static int64_t moved_ms(void) {
#ifdef CAMPUSD_TEST
    static _Atomic int64_t read_ns, by_file;
    const char *path = getenv("CAMPUSD_CLOCK_FILE");
    int64_t now = path ? clock_mono_ns() : 0;
    if (path && now - read_ns > 10000000) {
        long long by;
        FILE *f = fopen(path, "re");
        read_ns = now;
        if (f && fscanf(f, "%lld", &by) == 1) by_file = by;
        if (f) fclose(f);
    }
    return offset_ms + by_file;
#else
    return offset_ms;
#endif
}

int64_t clock_now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + moved_ms();
}

int64_t clock_mono_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void clock_cond_init(pthread_cond_t *c) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(c, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

struct timespec clock_in_ms(int64_t ms) {
    int64_t at = clock_mono_ns() + ms * 1000000;
    return (struct timespec){.tv_sec = at / 1000000000, .tv_nsec = at % 1000000000};
}

void clock_advance_ms(int64_t by) {
    offset_ms += by;
}
