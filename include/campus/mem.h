// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Memory. A request's memory is one arena, freed once. Running out inside an arena jumps to the
// trap that the request's outermost function has set (arena_trap), where its savepoint is rolled
// back; without a trap the process aborts. What must be released besides memory is registered with
// arena_defer before it is acquired, so that a jump releases it too.
#ifndef CAMPUS_MEM_H
#define CAMPUS_MEM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include "campus/err.h"

// The allocator seam: all of the core's own allocations come through these two. In campusd-test
// CAMPUSD_FAULT=alloc:N makes the N-th one from then on fail once (alloc:N+ for good).
void *mem_alloc(size_t n);            // zeroed; NULL when out of memory; owned, free with mem_free
void *mem_realloc(void *p, size_t n); // not zeroed past the old size
void mem_free(void *p);               // wipes it; so does an arena when it is reset
void *mem_need(size_t n);             // as mem_alloc but aborts: only at start-up
char *mem_strdup(const char *s);      // aborts when out of memory: only at start-up

struct arena;
struct arena *arena_new(size_t limit);        // limit in bytes; NULL when out of memory; owned
void arena_free(struct arena *a);             // runs deferred calls newest first; NULL is fine
void arena_reset(struct arena *a);            // as free + new, keeping the first block
void *arena_alloc(struct arena *a, size_t n); // zeroed, 16-byte aligned, never NULL
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_strdup(struct arena *a, const char *s); // NULL stays NULL
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap);
void arena_defer(struct arena *a, void (*fn)(void *), void *arg);
// where = NULL removes the trap. The old trap is returned so that it can be put back.
jmp_buf *arena_trap(struct arena *a, jmp_buf *where);
size_t arena_used(const struct arena *a);
bool arena_holds(const struct arena *a, const void *p); // p points into this arena's memory

#endif
