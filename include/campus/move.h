// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A home's records, and the bytes of its files, from one database into another. What is sealed
// stays sealed: no key is needed. Indexes of words are not moved but made anew.
#ifndef CAMPUS_MOVE_H
#define CAMPUS_MOVE_H

#include "campus/config.h"
#include "campus/db.h"

struct move_seen {
    int64_t tables, rows, files, bytes;
    bool resumed; // something was there of an earlier try
};
// false cancels: ERR_CONFLICT. total 0: not known.
typedef bool move_progress(void *self, const char *what, int64_t done, int64_t total);

// The tables, out of one snapshot of `from` (its transaction is the caller's). compare: each is
// read back on both sides, and what an earlier try left of it is written anew if it has changed
// since.
MUST_CHECK enum err move_tables(struct db *from, struct db *to, bool compare,
                                move_progress *progress, void *self, struct move_seen *seen,
                                struct problem *p);
// The whole home to `storage`, and its settings when all has been compared: rows and hashes of
// tables, hashes of files, the audit's chain. The caller holds the home's lock. ERR_CONFLICT when
// something else is there, or somebody writes to either; what a killed one of the same home left is
// gone on with. When the home is there already nothing is done.
MUST_CHECK enum err move_home(const struct config *c, const char *storage, move_progress *progress,
                              void *self, struct move_seen *seen, struct problem *p);

#endif
