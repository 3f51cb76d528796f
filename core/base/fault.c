// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Which use of a seam fails. Empty but in campusd-test. The signal's handler uses only what a
// handler may: open, read, write and atomics.
#include "campus/fault.h"

#ifdef CAMPUSD_TEST
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const words[FAULTS] = {"alloc",      "arena",     "vfs:read", "vfs:write",
                                          "vfs:short",  "vfs:full",  "vfs:sync", "file:read",
                                          "file:write", "file:full", "file:sync"};
static _Atomic long left[FAULTS]; // uses until it strikes; 0: never, -1: always
static _Atomic bool forever[FAULTS];
static const char *file;

static void arm(const char *spec) {
    for (int i = 0; i < FAULTS; i++) {
        size_t n = strlen(words[i]);
        atomic_store(&left[i], 0);
        if (strncmp(spec, words[i], n) || spec[n] != ':') continue;
        long count = 0;
        const char *s = spec + n + 1;
        for (; *s >= '0' && *s <= '9'; s++) count = count * 10 + (*s - '0');
        atomic_store(&forever[i], *s == '+');
        atomic_store(&left[i], count);
    }
}

static void say(const char *what, const char *word) {
    if (!file) return;
    char line[160]; // in one piece: other threads log
    int n = snprintf(line, sizeof line, "%s%s\n", what, word);
    if (n > 0 && write(2, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1) < 0) return;
}

static void arm_from_file(int sig) {
    char text[64] = "";
    int keep = errno, fd = open(file, O_RDONLY | O_CLOEXEC);
    (void)sig;
    if (fd >= 0 && read(fd, text, sizeof text - 1) < 0) text[0] = 0;
    if (fd >= 0) close(fd);
    arm(text);
    say("armed ", text);
    errno = keep;
}

__attribute__((constructor)) static void begin(void) {
    const char *spec = getenv("CAMPUSD_FAULT");
    if (spec) arm(spec);
    file = getenv("CAMPUSD_FAULT_FILE");
    if (file) signal(SIGUSR2, arm_from_file);
}

bool fault_hit(enum fault site) {
    long n = atomic_load_explicit(&left[site], memory_order_relaxed);
    if (!n) return false;
    while (n > 0 && !atomic_compare_exchange_weak(&left[site], &n,
                                                  n > 1           ? n - 1
                                                  : forever[site] ? -1
                                                                  : 0)) {
    }
    if (n > 1 || !n) return false;
    say("fault ", words[site]);
    return true;
}
#endif
