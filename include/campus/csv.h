// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// CSV (RFC 4180): a reader that is fed in pieces and a writer whose cells no spreadsheet runs.
#ifndef CAMPUS_CSV_H
#define CAMPUS_CSV_H

#include <stdint.h>
#include "campus/buf.h"
#include "campus/err.h"

enum { CSV_ROW_MAX = 1 << 20, CSV_CELLS_MAX = 1000 };
struct csv_cell {
    const char *p;
    size_t n;
}; // NUL-terminated as well
// Called for each row with the line where it begins (from 1); cells are borrowed until it returns.
// An error ends the reading and is returned by csv_feed.
typedef enum err csv_row(void *self, int64_t line, const struct csv_cell *cells, int n);

struct csv;
// Owned; NULL when out of memory.
struct csv *csv_new(csv_row *row, void *self);
void csv_free(struct csv *c);
void csv_delimiter(struct csv *c, char delimiter); // before the first byte; a comma otherwise
// UTF-8, with or without a byte order mark; rows end in LF or CRLF, empty lines are skipped. What
// is wrong is an item with code not_utf8 (naming GB18030 when it is that), quote, too_long or nul,
// and its line; ERR_INVALID then. Feed nothing more after an error.
MUST_CHECK enum err csv_feed(struct csv *c, const char *p, size_t n, struct problem *problem);
MUST_CHECK enum err csv_end(struct csv *c, struct problem *problem); // the last row, if any

// One cell, quoted where needed, with a comma before it unless it begins a row. What a spreadsheet
// would take for a formula (= + - @ TAB CR at the start) gets an apostrophe; plain numbers do not.
void csv_put(struct buf *b, const char *p, size_t n);
void csv_end_row(struct buf *b);

#endif
