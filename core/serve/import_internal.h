// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Parts of an import: where its rows come from (import_source.c), which row names the columns and
// what a cell means (import_cell.c), and the rows themselves (import.c).
#ifndef SERVE_IMPORT_INTERNAL_H
#define SERVE_IMPORT_INTERNAL_H

#include "campus/csv.h"
#include "campus/import.h"

enum { IMPORT_COLUMNS_MAX = 256, IMPORT_READ_BYTES = 64 << 10 };

// import_source.c: a CSV text in UTF-8 that has been read once to its end and is well-formed.
struct import_source {
    int fd; // -1: in text
    const char *text;
    size_t n;
    bool own_fd;
    bool numbered;  // of a sheet: the first cell is the row's number there
    char delimiter; // comma or TAB
    int64_t rows;   // an estimate: with the header
};
// By content: a spreadsheet or a text in GB18030 or UTF-16 goes through a converter first.
MUST_CHECK enum err import_source_open(const struct import *im, int fd, const char *text, size_t n,
                                       struct import_source *out, struct problem *p);
MUST_CHECK enum err import_source_read(const struct import_source *s, csv_row *row, void *self,
                                       struct problem *p);
void import_source_close(struct import_source *s);

// import_cell.c. The header is the first row of which two columns are known (or all it has); the
// rows above are a title. A second row that names the columns below merged cells completes it.
struct import_head {
    const struct entity *entity;
    const json_t *called; // what the sender says columns are, or NULL
    struct problem *problem;
    const struct field *columns[IMPORT_COLUMNS_MAX]; // by position; NULL: ignored
    const char *names[IMPORT_COLUMNS_MAX];           // as the file writes them; arena
    int n, best, seen;
    bool found, open; // open: the next row may complete it
};
// *is_data: the header is settled and this row comes after it.
MUST_CHECK enum err import_head_row(struct import_head *h, const struct csv_cell *cells, int n,
                                    bool *is_data);
MUST_CHECK enum err import_head_end(struct import_head *h); // of a file that has no more rows

bool import_is_empty(const struct csv_cell *cells, int n);
bool import_is_total(const struct csv_cell *cells, int n); // 合计
// A cell as schools write it (full-width digits, 2026.9.1, an apostrophe before digits) as a value;
// *empty when there is nothing in it. False with an item under the field's name.
bool import_cell(struct arena *a, const struct field *f, const struct csv_cell *cell,
                 struct value *out, bool *empty, struct problem *p);

#endif
