// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// JSON in through jansson (strict: UTF-8, no duplicate keys, depth <= 32, keys <= 1,000 an object),
// JSON out straight onto a buf.
#ifndef CAMPUS_JSON_H
#define CAMPUS_JSON_H

#include <jansson.h>
#include <stdint.h>
#include "campus/buf.h"
#include "campus/err.h"

enum { JSON_DEPTH_MAX = 32, JSON_KEYS_MAX = 1000 };

// Parses a whole text. *out is borrowed from the arena (released with it). ERR_MALFORMED with
// line and column in p's detail otherwise.
MUST_CHECK enum err json_parse(struct arena *a, const char *text, size_t n, json_t **out,
                               struct problem *p);

// Writers. The caller places commas with json_sep, which writes one unless an object or list was
// just opened (it looks at the last byte).
static inline void json_sep(struct buf *b) {
    if (!b->len || b->failed) return;
    char last = b->data[b->len - 1];
    if (last != '{' && last != '[') buf_putc(b, ',');
}
void json_key(struct buf *b, const char *key); // json_sep + "key":
void json_text(struct buf *b, const char *s,
               size_t n);                     // quoted and escaped; invalid UTF-8 -> U+FFFD
void json_cstr(struct buf *b, const char *s); // NULL -> null
void json_time(struct buf *b, int64_t ms);    // "2026-11-23T20:30:02.123Z"
// "key":"value" and friends, comma included.
void json_kv_str(struct buf *b, const char *key, const char *s); // NULL -> null
void json_kv_int(struct buf *b, const char *key, int64_t v);
// A number of minor units: a JSON number, with decimals a string ("350.00").
void json_kv_scaled(struct buf *b, const char *key, int64_t v, int scale);
void json_kv_bool(struct buf *b, const char *key, bool v);
void json_kv_time(struct buf *b, const char *key, int64_t ms); // 0 -> null
void json_dom(struct buf *b, const json_t *j);                 // a DOM, compact

#endif
