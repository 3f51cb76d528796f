// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A thread that looks again and again, with a reading session of its own: deadlines, schedules,
// other nodes. The session is opened before the first round, so a start does not wait for it.
#ifndef CAMPUS_ROUNDS_H
#define CAMPUS_ROUNDS_H

#include "campus/db.h"

struct rounds;
struct rounds_config {
    const char *name;    // of the thread, and in the log; a literal
    const char *storage; // borrowed
    // One round; *again_ms is when the next one is, a second after a failure, which is logged.
    enum err (*look)(void *self, struct db *db, int64_t *again_ms, struct problem *p);
    void *self;
    int64_t first_ms; // the first one is that far off
};
// Owned.
MUST_CHECK enum err rounds_open(const struct rounds_config *c, struct rounds **out,
                                struct problem *p);
void rounds_close(struct rounds *r); // waits for the round under way; NULL is fine
void rounds_wake(struct rounds *r);  // the next one is now; from any thread

#endif
