// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A byte buffer that grows and fails stickily: append as often as you like and check `failed` once,
// at the end. With an arena its memory is the arena's; without one it is owned, see buf_fini.
#ifndef CAMPUS_BUF_H
#define CAMPUS_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "campus/err.h"

struct arena;
struct buf {
    char *data; // not NUL-terminated unless buf_str is called
    size_t len, cap;
    struct arena *arena; // NULL: malloc
    bool failed;
};

void buf_init(struct buf *b, struct arena *a);
void buf_fini(struct buf *b);
// Makes room for `more` bytes and a terminator; false after a failure.
bool buf_grow(struct buf *b, size_t more);
static inline bool buf_reserve(struct buf *b, size_t more) {
    return b->cap - b->len > more ? !b->failed : buf_grow(b, more);
}
static inline void buf_put(struct buf *b, const void *p, size_t n) {
    if (!n || !buf_reserve(b, n)) return;
    memcpy(b->data + b->len, p, n);
    b->len += n;
}
static inline void buf_puts(struct buf *b, const char *s) {
    buf_put(b, s, strlen(s));
}
static inline void buf_putc(struct buf *b, char c) {
    if (buf_reserve(b, 1)) b->data[b->len++] = c;
}
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list ap);
void buf_int(struct buf *b, int64_t v); // decimal, fast
void buf_trim(struct buf *b, size_t n); // drop the last n bytes
const char *buf_str(struct buf *b);     // terminates; "" after a failure

#endif
