// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The allocator seam and arenas: blocks that double from 8 KiB to 256 KiB, freed together.
#include "campus/mem.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "campus/fault.h"

enum { BLOCK_FIRST = 8 * 1024, BLOCK_MAX = 256 * 1024, ALIGN = 16 };

void *mem_alloc(size_t n) {
    return fault_hit(FAULT_ALLOC) ? NULL : calloc(1, n ? n : 1);
}
// What is given back is wiped: what people's requests said does not outlive them in memory.
void mem_free(void *p) {
    if (p) explicit_bzero(p, malloc_usable_size(p));
    free(p);
}
void *mem_realloc(void *p, size_t n) {
    void *more = fault_hit(FAULT_ALLOC) ? NULL : malloc(n ? n : 1);
    if (!more || !p) return more;
    size_t had = malloc_usable_size(p);
    memcpy(more, p, had < n ? had : n);
    mem_free(p);
    return more;
}

static _Noreturn void out_of_memory(void) {
    fputs("campusd: out of memory\n", stderr);
    abort();
}

void *mem_need(size_t n) {
    void *p = calloc(1, n ? n : 1);
    if (!p) out_of_memory();
    return p;
}

char *mem_strdup(const char *s) {
    size_t n = strlen(s) + 1;
    return memcpy(mem_need(n), s, n);
}

struct block {
    struct block *next;
    size_t used, size;
    _Alignas(ALIGN) char data[];
};
struct defer {
    struct defer *next;
    void (*fn)(void *);
    void *arg;
};
struct arena {
    struct block *last; // newest block; the list ends with the first
    struct block *first;
    struct defer *defers;
    jmp_buf *trap;
    size_t total, limit, step;
};

static _Noreturn void arena_fail(struct arena *a) {
    if (a->trap) longjmp(*a->trap, 1);
    out_of_memory();
}

static struct block *block_new(size_t size) {
    if (fault_hit(FAULT_ALLOC)) return NULL;
    struct block *b = malloc(sizeof *b + size);
    if (b) *b = (struct block){.size = size};
    return b;
}

struct arena *arena_new(size_t limit) {
    struct arena *a = mem_alloc(sizeof *a);
    if (!a) return NULL;
    a->first = a->last = block_new(BLOCK_FIRST);
    if (!a->first) {
        mem_free(a);
        return NULL;
    }
    a->limit = limit;
    a->step = BLOCK_FIRST;
    a->total = BLOCK_FIRST;
    return a;
}

static void run_defers(struct arena *a) {
    for (struct defer *d = a->defers; d; d = d->next) d->fn(d->arg);
    a->defers = NULL;
}

void arena_reset(struct arena *a) {
    run_defers(a);
    while (a->last != a->first) {
        struct block *b = a->last;
        a->last = b->next;
        explicit_bzero(b->data, b->used); // what a request knew is not left lying about
        free(b);
    }
    explicit_bzero(a->first->data, a->first->used);
    a->first->used = 0;
    a->total = a->first->size;
    a->step = BLOCK_FIRST;
    a->trap = NULL;
}

void arena_free(struct arena *a) {
    if (!a) return;
    arena_reset(a);
    free(a->first);
    mem_free(a);
}

void *arena_alloc(struct arena *a, size_t n) {
    if (n > SIZE_MAX / 2 || (a->trap && fault_hit(FAULT_ARENA))) arena_fail(a);
    n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct block *b = a->last;
    if (b->size - b->used < n) {
        if (a->step < BLOCK_MAX) a->step *= 2;
        size_t size = n > a->step ? n : a->step;
        if (a->total + size > a->limit || !(b = block_new(size))) arena_fail(a);
        b->next = a->last;
        a->last = b;
        a->total += size;
    }
    void *p = b->data + b->used;
    b->used += n;
    return memset(p, 0, n);
}

char *arena_strndup(struct arena *a, const char *s, size_t n) {
    char *p = arena_alloc(a, n + 1);
    if (n) memcpy(p, s, n);
    return p;
}

char *arena_strdup(struct arena *a, const char *s) {
    return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) {
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    char *p = arena_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    char *p = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return p;
}

void arena_defer(struct arena *a, void (*fn)(void *), void *arg) {
    struct defer *d = arena_alloc(a, sizeof *d);
    *d = (struct defer){a->defers, fn, arg};
    a->defers = d;
}

jmp_buf *arena_trap(struct arena *a, jmp_buf *where) {
    jmp_buf *old = a->trap;
    a->trap = where;
    return old;
}

size_t arena_used(const struct arena *a) {
    return a->total;
}

bool arena_holds(const struct arena *a, const void *p) {
    uintptr_t at = (uintptr_t)p;
    for (const struct block *b = a->last; b; b = b->next)
        if (at >= (uintptr_t)b->data && at < (uintptr_t)b->data + b->size) return true;
    return false;
}
