// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A test binary is its own child: the pool execs /proc/self/exe, so main comes here first.
#ifndef TEST_HOST_CHILD_H
#define TEST_HOST_CHILD_H

#include <stdio.h>
#include <string.h>
#include "campus/host.h"

static inline bool is_child(int argc, char **argv) {
    return argc >= 3 && !strcmp(argv[1], "--child");
}

static inline int run_child(int argc, char **argv) {
    char role[128] = "";
    size_t n = 0;
    for (int i = 2; i < argc; i++)
        n += (size_t)snprintf(role + n, sizeof role - n, "%s%s", i > 2 ? " " : "", argv[i]);
    return child_main(3, role);
}

#endif
