// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What comes due: a thread that looks when the next deadline is, and lets the lane take its step.
// What it does is decided in the database, so that a restart, a clock that jumps or a second
// service repeats nothing and leaves nothing out.
#ifndef CAMPUS_DUE_H
#define CAMPUS_DUE_H

#include "campus/gate.h"
#include "campus/lane.h"

struct due;
struct due_config {
    const char *storage, *school; // borrowed
    struct lane *lane;
    struct keyring *keyring;
};
// Owned; close it before the lane.
MUST_CHECK enum err due_open(const struct due_config *c, struct due **out, struct problem *p);
void due_close(struct due *d);
// Takes all steps that are due now, and opens the obligations whose period has begun. db: a reading
// session. *steps: how many were taken.
MUST_CHECK enum err due_tick(const struct due_config *c, struct db *db, int *steps,
                             struct problem *p);

#endif
