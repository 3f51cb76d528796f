// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A value as it travels between JSON, the database, the rules and the wire to a child.
#ifndef CAMPUS_VALUE_H
#define CAMPUS_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum value_kind {
    VALUE_NULL,
    VALUE_BOOL, // .i is 0 or 1
    VALUE_INT,  // integers, scaled decimals and money (minor units), datetimes (ms)
    VALUE_TEXT, // UTF-8: text, dates YYYY-MM-DD, choices, ids
    VALUE_JSON, // compact JSON text: lists, json, multi-choice
    VALUE_BLOB, // bytes; of a sealed field: the sealed blob, not yet opened
};

struct value {
    enum value_kind kind;
    int64_t i;
    const char *p; // borrowed
    size_t n;
};

static inline struct value value_null(void) {
    return (struct value){.kind = VALUE_NULL};
}
static inline struct value value_int(int64_t i) {
    return (struct value){.kind = VALUE_INT, .i = i};
}
static inline struct value value_bool(bool b) {
    return (struct value){.kind = VALUE_BOOL, .i = b};
}
static inline struct value value_textn(const char *p, size_t n) {
    return (struct value){.kind = VALUE_TEXT, .p = p, .n = n};
}
static inline struct value value_text(const char *s) {
    return s ? value_textn(s, strlen(s)) : value_null();
}
static inline bool value_is_null(const struct value *v) {
    return v->kind == VALUE_NULL;
}
// Two nulls are equal.
bool value_equal(const struct value *a, const struct value *b);
// Orders as the database does (COLLATE "C", integers by value, null first). Kinds must agree.
int value_compare(const struct value *a, const struct value *b);

#endif
