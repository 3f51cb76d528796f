// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Tables from one database into another, of whatever kind: what a table is, its database says. Rows
// go in the order of their key, a slice a transaction, so what a copy that was ended has left is a
// beginning, and the next one goes on after it.
#ifndef CAMPUS_COPY_H
#define CAMPUS_COPY_H

#include "campus/db.h"

enum { COPY_HASH = 32, COPY_KEYS = 8 };
struct copy_column {
    const char *name;
    char kind; // 'i' integer, 't' text, 'b' bytes
};
struct copy_table {
    struct copy_table *next; // by name
    const char *name;
    const struct copy_column *columns;
    int ncolumns, nkeys;
    int keys[COPY_KEYS]; // columns of the primary key
};
struct arena;
typedef bool copy_progress(void *self, int64_t rows); // more of them; false cancels: ERR_CONFLICT

MUST_CHECK enum err copy_tables(struct db *db, struct arena *a, struct copy_table **out,
                                struct problem *p);
// Goes on after the last row that is there. `to` has the table, with these columns or more.
MUST_CHECK enum err copy_rows(struct db *from, struct db *to, const struct copy_table *t,
                              copy_progress *progress, void *self, struct problem *p);
// Of all rows in order: equal where, and only where, the rows are.
MUST_CHECK enum err copy_hash(struct db *db, const struct copy_table *t, uint8_t out[COPY_HASH],
                              int64_t *rows, struct problem *p);

#endif
