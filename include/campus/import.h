// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Bulk import: rows of a CSV text or a spreadsheet become records through the gate, in slices on
// the write lane, while the next slice is read and checked here. A wrong row is reported and leaves
// the others alone; a file that is wrong as a whole writes nothing.
#ifndef CAMPUS_IMPORT_H
#define CAMPUS_IMPORT_H

#include "campus/gate.h"
#include "campus/lane.h"

struct import {
    struct lane *lane;
    struct keyring *keyring;
    struct release *release; // borrowed: the caller holds it
    const struct entity *entity;
    const struct actor *actor; // borrowed
    const char *request, *client;
    enum lang lang;    // of what is written beside rejected rows
    bool dry_run;      // everything is checked and nothing is kept
    bool weak_jail;    // of the converter
    const char *spool; // folder for what a converter makes of the file
    const json_t
        *columns;      // header -> field name, or null to leave it out; NULL: as they are called
    const char *sheet; // of a workbook; NULL: the first that is not hidden
    // Called after each slice; false cancels (what is committed stays).
    bool (*progress)(void *self, const struct import *im);
    void *self;
    // out: counts, and the report: JSON objects {"line","errors":[…]} of the first failed rows
    int64_t rows, created, failed;
    int64_t expected; // rows, known before the first is written
    struct buf report;
    // Rows that were not taken, as a marked CSV (campus/convert.h) with the file's own columns and
    // what is wrong in one more, up to IMPORT_REJECTED_MAX bytes.
    struct buf rejected;
    int reported;
};
enum { IMPORT_REPORT_MAX = 1000, IMPORT_REJECTED_MAX = 16 << 20 }; // rows of the report; bytes
// The column with what is wrong; an import ignores it, so that a mended file can come back.
#define IMPORT_ERRORS_ZH "导入错误"
#define IMPORT_ERRORS_EN "Import errors"

// Reads fd (from its start) or, when fd < 0, text: .xlsx, or CSV in UTF-8, GB18030 or UTF-16,
// told by content. Blocks; any thread but the lane's. Errors of the whole file (no header, unknown
// column, no such text) are items of p. ERR_CONFLICT when progress cancelled it.
MUST_CHECK enum err import_file(struct import *im, int fd, const char *text, size_t n,
                                struct problem *p);

// Rejected rows stay for a week, sealed, for whoever sent them. Any thread but the lane's.
extern const char rejected_ddl[];
MUST_CHECK enum err rejected_keep(const struct import *im, const char *job, struct problem *p);
// In the pieces they were kept in. ERR_NOT_FOUND when there are none.
MUST_CHECK enum err rejected_read(struct db *db, struct keyring *keyring, const char *school,
                                  const char *job,
                                  enum err (*write)(void *self, const char *p, size_t n),
                                  void *self, struct problem *p);

#endif
