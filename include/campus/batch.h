// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// One transition for many records: every record that a query finds and the actor may move. Rules
// are asked slice by slice on a snapshot, the lane moves each record or leaves it with its reasons.
#ifndef CAMPUS_BATCH_H
#define CAMPUS_BATCH_H

#include "campus/gate.h"
#include "campus/lane.h"

struct batch {
    struct lane *lane;
    struct keyring *keyring;
    const char *storage;     // for a reading session of its own
    struct release *release; // borrowed: the caller holds it
    const struct entity *entity;
    const struct transition *transition;
    const struct query *query; // its filters; the page is ignored
    const json_t *body;        // fields to write with it, or NULL
    const struct actor *actor; // borrowed
    const char *request, *client;
    // Called after each slice; false cancels (what is done stays).
    bool (*progress)(void *self, const struct batch *b);
    void *self;
    // out: counts, and {"id","errors":[…]} of the first records that stayed where they were
    int64_t found, done, failed;
    struct buf report;
    int reported;
};
enum { BATCH_RECORDS_MAX = 100000, BATCH_REPORT_MAX = 1000 };

// Blocks; any thread but the lane's. ERR_TOO_LARGE past BATCH_RECORDS_MAX records, ERR_CONFLICT
// when progress cancelled it.
MUST_CHECK enum err batch_run(struct batch *b, struct problem *p);

#endif
