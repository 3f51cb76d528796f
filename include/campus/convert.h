// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Conversions by a child of role convert: it reads what outsiders made (spreadsheets, texts in
// other encodings) and makes what leaves (spreadsheets), in the jail of every child, so that the
// core parses neither. One child a conversion: what a file did to it ends with it. Bytes go in,
// bytes come out, and both sides are bounded. Calls block: from a worker, never an HTTP thread.
#ifndef CAMPUS_CONVERT_H
#define CAMPUS_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include "campus/err.h"

#define CONVERT_XLSX "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

enum convert_kind {
    // .xlsx -> CSV in UTF-8 whose first cell is the row's number in the sheet; empty rows and
    // trailing empty cells are left out. Numbers are plain (15 digits and less) or in scientific
    // notation (digits are lost already), dates are ISO 8601. options: {"sheet": name}, else the
    // first that is not hidden.
    CONVERT_SHEET_READ,
    // GB18030 or UTF-16 -> UTF-8. options: {"from": "GB18030" or "UTF-16"}
    CONVERT_TEXT_READ,
    // CSV as csv_put writes it, first row the column names -> .xlsx. options: {"sheet": title,
    // "columns": {name: {"title", "type", "choices": {name: title}}}, all optional. "mark": a row
    // above the names, and below each
    // printed page. With "marked":
    // true the first cell of every row lists the places (from 1, by spaces) of its wrong cells.
    CONVERT_SHEET_WRITE,
    // Documents into PDF and HTML: core/host/draw.c says what goes in and comes out.
    CONVERT_DRAW,
};
struct convert_task {
    enum convert_kind kind;
    const char *options; // JSON object
    bool weak_jail;      // go on where the kernel lacks seccomp or Landlock
    // Gets what comes out, in pieces; its error ends the conversion and is returned.
    enum err (*write)(void *self, const char *p, size_t n);
    void *self;
};

struct convert;
// Starts a child. p is kept for what goes wrong later. Owned. ERR_UNAVAILABLE.
MUST_CHECK enum err convert_open(const struct convert_task *task, struct convert **out,
                                 struct problem *p);
// ERR_INVALID: what the child found wrong with the bytes, as an item, or that it broke or used up
// its budget on them. Feed nothing more after an error.
MUST_CHECK enum err convert_feed(struct convert *c, const char *p, size_t n);
MUST_CHECK enum err convert_end(struct convert *c);
void convert_close(struct convert *c); // ends the child; NULL is fine

#endif
