// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by the core's side of the host: spawn.c (one child), pool.c (children and their leases),
// talk.c (frames within a budget), call.c and convert.c (what is asked of a child).
#ifndef HOST_POOL_INTERNAL_H
#define HOST_POOL_INTERNAL_H

#include <stdatomic.h>
#include <time.h>
#include "campus/host.h"
#include "host/wire.h"

struct child {
    pid_t pid;
    int fd;
    clockid_t cpu;
    bool leased, weak;  // weak: the kernel could not jail it fully
    struct frame *told; // the last frame it was told
};
struct budget {
    int64_t wall_end_ns, cpu_start_ns, cpu_end_ns;
};

// spawn.c
// Starts this binary once more as a child of that role, with its socket and nothing else.
MUST_CHECK bool child_exec(const char *role, const struct host_limits *limits, struct child *c);
// Its first words, from inside the jail; *b: the budget they came in. ERR_UNAVAILABLE when the
// kernel could not jail it fully and weak is not allowed.
MUST_CHECK enum err child_hello(struct child *c, bool weak_allowed, struct budget *b);
void child_end(struct child *c);

// talk.c. A child is killed after any error of these.
struct budget child_budget(const struct child *c, int64_t cpu_ms, int64_t wall_ms);
int64_t child_spent(const struct child *c, const struct budget *b); // ns of processor
MUST_CHECK enum err child_send(const struct child *c, char type, const struct buf *payload,
                               const struct budget *b);
// A whole frame into the arena. It must be the only thing sent: a child speaks when it is asked.
MUST_CHECK enum err child_read(const struct child *c, struct arena *a, char *type, uint8_t **data,
                               size_t *n, const struct budget *b);

// pool.c
// What every child must know; takes the payload.
void pool_add_frame(struct pool *pool, char type, struct buf *payload);
MUST_CHECK enum err pool_tell(struct pool *pool, struct child *c, const struct budget *b);
struct child *pool_lease(struct pool *pool); // NULL when none came free in time
void pool_give_back(struct pool *pool, struct child *c, bool kill_it);
bool pool_is_open(struct pool *pool, const char *name); // the breaker of that rule or action
void pool_count_kill(struct pool *pool, const char *name);
void pool_count(struct pool *pool, bool failed); // a call, a failure in Lua
void pool_spent(struct pool *pool, size_t rules, int64_t ns);

#endif
