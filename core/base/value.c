// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Equality and order of values, as the database has them.
#include "campus/value.h"

int value_compare(const struct value *a, const struct value *b) {
    bool an = value_is_null(a), bn = value_is_null(b);
    if (an || bn) return bn - an;
    if (a->kind == VALUE_INT || a->kind == VALUE_BOOL) return (a->i > b->i) - (a->i < b->i);
    size_t n = a->n < b->n ? a->n : b->n;
    int c = n ? memcmp(a->p, b->p, n) : 0;
    return c ? c : (a->n > b->n) - (a->n < b->n);
}

bool value_equal(const struct value *a, const struct value *b) {
    bool an = a->kind == VALUE_INT || a->kind == VALUE_BOOL,
         bn = b->kind == VALUE_INT || b->kind == VALUE_BOOL;
    if (value_is_null(a) || value_is_null(b)) return value_is_null(a) && value_is_null(b);
    return an == bn && !value_compare(a, b);
}
