// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What a number in a sheet means: SpreadsheetML keeps dates, times and padded codes as numbers and
// only the cell's number format tells (ECMA-376-1, 18.8.30).
#ifndef HOST_SHEET_READ_H
#define HOST_SHEET_READ_H

#include "campus/buf.h"

enum sheet_look { LOOK_GENERAL, LOOK_DATE, LOOK_TIME, LOOK_DATETIME, LOOK_ZEROS };
struct sheet_style {
    enum sheet_look look;
    int zeros; // LOOK_ZEROS: at least so many digits
};
struct sheet_style sheet_style_builtin(unsigned id);
struct sheet_style sheet_style_parse(const char *code);
// The number as a person sees it: ISO 8601 for dates. A number of more than 15 digits has lost some
// and comes out in scientific notation. What is no number stays as it is.
void sheet_put_number(struct buf *out, const char *raw, struct sheet_style style, bool since_1904);

#endif
