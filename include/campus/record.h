// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A record in memory and the condition tree: one tree is evaluated on a record and compiled to SQL.
#ifndef CAMPUS_RECORD_H
#define CAMPUS_RECORD_H

#include "campus/buf.h"
#include "campus/schema.h"
#include "campus/value.h"

struct record {
    const struct entity *entity;
    const char *id;
    int64_t n, rev;
    int state;                                   // index, -1 when stateless
    int64_t created_at, updated_at, archived_at; // ms; archived_at 0: live
    const char *created_by, *updated_by;         // person ids
    const char *owner;                           // whose data key seals it: subject id
    int64_t policy;                              // pinned policy revision, 0 none
    struct value *values;                        // nfields; a sealed one is VALUE_BLOB until opened
    uint64_t generation;                         // of the data key
    const uint8_t *wrapped;
    size_t wrapped_n; // the owner's wrapped data key, or NULL
};

// Columns a condition may name: a field's index (>= 0) or one of these.
enum {
    COLUMN_ID = -1,
    COLUMN_STATE = -2,
    COLUMN_CREATED_AT = -3,
    COLUMN_CREATED_BY = -4,
    COLUMN_UPDATED_AT = -5,
    COLUMN_N = -6, // in the order of creation; not for clients to name
    COLUMN_NONE = -99
};
// -> COLUMN_NONE when there is no such column.
int column_find(const struct entity *e, const char *name);
// The value as conditions see it: state is VALUE_TEXT.
struct value column_value(const struct record *r, int column);

enum cond_op {
    COND_TRUE,
    COND_FALSE,
    COND_AND,
    COND_OR,
    COND_NOT,
    COND_EQ,
    COND_IN,
    COND_LT,
    COND_LE,
    COND_GT,
    COND_GE,
    COND_EMPTY,
    COND_HAS /* substring of a text */
};
// Two-valued: a comparison with null is false, and NOT of it is true, in memory and in SQL alike.
struct cond {
    enum cond_op op;
    int column;
    const struct value *values;
    int nvalues; // EQ LT LE GT GE HAS: one; IN: 0..100
    const struct cond **parts;
    int nparts; // AND OR: any number (none: TRUE / FALSE); NOT: one
};
struct arena;
struct cond *cond_new(struct arena *a, enum cond_op op);
struct cond *cond_compare(struct arena *a, enum cond_op op, int column, const struct value *values,
                          int n);
// Folds constants: AND with FALSE is FALSE and so on. Either may be NULL (taken as TRUE).
const struct cond *cond_and(struct arena *a, const struct cond *x, const struct cond *y);
const struct cond *cond_or(struct arena *a, const struct cond *x, const struct cond *y);
const struct cond *cond_not(struct arena *a, const struct cond *x);
bool cond_eval(const struct cond *c, const struct record *r);

// SQL under construction: text and its bound values, numbered from 1 in order.
struct sql {
    struct buf text;
    struct value *args;
    int nargs, cap;
    struct arena *arena;
};
void sql_init(struct sql *s, struct arena *a);
void sql_arg(struct sql *s, const struct value *v); // appends $N and keeps the value
int sql_keep(struct sql *s, const struct value *v); // only keeps it; returns N
void cond_sql(const struct cond *c, const struct entity *e, struct sql *out);
const char *column_sql(const struct entity *e, int column); // "f_name", "state", …

#endif
