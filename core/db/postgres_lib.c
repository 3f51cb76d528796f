// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// libpq, found when it is needed.
#include <dlfcn.h>
#include <pthread.h>
#include "db/postgres.h"

struct pq pq;
static const char *missing;

// ISO C has no cast from an object pointer to a function; POSIX says it works.
static void load(void) {
    void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (!library) missing = "libpq.so.5";
#define X(name)                                                                                    \
    if (library && !(*(void **)(&pq.name) = dlsym(library, #name))) missing = #name;
    PQ_FUNCTIONS
#undef X
}

enum err pq_load(struct problem *p) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return missing
               ? problem_set(p, ERR_UNSUPPORTED, "libpq (PostgreSQL 14 or newer): no %s", missing)
               : ERR_OK;
}
