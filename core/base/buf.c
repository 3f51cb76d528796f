// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The growing byte buffer.
#include "campus/buf.h"

#include <stdio.h>
#include <string.h>
#include "campus/mem.h"

void buf_init(struct buf *b, struct arena *a) {
    *b = (struct buf){.arena = a};
}

void buf_fini(struct buf *b) {
    if (!b->arena) mem_free(b->data);
    *b = (struct buf){.arena = b->arena};
}

bool buf_grow(struct buf *b, size_t more) {
    if (b->failed) return false;
    size_t want = b->len + more + 1;
    if (want <= b->cap) return true;
    size_t cap =
        b->cap ? b->cap : 256; // doubling: what an arena loses to it is at most as much again
    while (cap < want) cap *= 2;
    char *p;
    if (b->arena) {
        p = arena_alloc(b->arena, cap);
        if (b->len) memcpy(p, b->data, b->len);
    } else if (!(p = mem_realloc(b->data, cap))) {
        b->failed = true;
        b->cap = b->len; // nothing fits any more: a text with a hole in it would look whole
        return false;
    }
    b->data = p;
    b->cap = cap;
    return true;
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap) {
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n >= 0 && buf_reserve(b, (size_t)n)) {
        vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

void buf_int(struct buf *b, int64_t v) {
    char text[24], *at = text + sizeof text;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do *--at = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0) *--at = '-';
    buf_put(b, at, (size_t)(text + sizeof text - at));
}

void buf_trim(struct buf *b, size_t n) {
    b->len -= n < b->len ? n : b->len;
}

const char *buf_str(struct buf *b) {
    if (!buf_grow(b, 0)) return "";
    b->data[b->len] = 0;
    return b->data;
}
