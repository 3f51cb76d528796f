// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Several nodes on one database: a thread that asks which shares of the common work are ours, and
// sees what the others have done: events, another release, changed rights.
#ifndef CAMPUS_SHARE_H
#define CAMPUS_SHARE_H

#include "campus/lane.h"

struct share;
struct share_config {
    const char *storage;
    struct lane *lane;
    void *self;
    void (*news)(void *self); // there are events that nobody here was told of, or shares changed
    void (*release)(void *self, int64_t number); // the one in force, at each look
};
// *out is NULL where there are no nodes. Owned; close it before the lane and those it calls.
MUST_CHECK enum err share_open(const struct share_config *c, struct share **out, struct problem *p);
void share_close(struct share *s);
// In the transaction that changes people, their rights or sessions: the others forget what they
// remember of them. A failure shows in the statements after it.
void share_people_changed(struct db *db, struct problem *p);

#endif
