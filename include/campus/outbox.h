// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The outbox: events are rows in the same transaction as the change they tell of. Thin CloudEvents:
// ids only, never a field's value.
#ifndef CAMPUS_OUTBOX_H
#define CAMPUS_OUTBOX_H

#include <stdint.h>
#include "campus/buf.h"
#include "campus/db.h"
#include "campus/err.h"

extern const char outbox_ddl[];
struct event {
    int64_t seq;           // order in the outbox
    const char *id, *type; // UUIDv7; "admissions.applicants.created"
    const char *entity, *record, *actor, *request;
    int64_t rev, at, release;
    const char *state; // after the change, or NULL
    int64_t depth;     // 0: of a person's act; of a handler's: one more than of what it answered
};
// Lane thread, inside the act's savepoint. id is set by it (p's arena); seq only when it is read.
MUST_CHECK enum err outbox_add(struct db *db, struct event *e, struct problem *p);
// This thread's acts answer events of that depth less one, until it is 0 again.
void outbox_set_depth(int64_t depth);
struct arena;
// Of both only what is settled: nothing is ever committed later with a lower number.
MUST_CHECK enum err outbox_newest(struct db *db, int64_t *seq, struct problem *p);
// Calls fn for each event after `after` (at most limit); arena memory. Returns the number through
// n; *held (or NULL): the next one is there and not settled yet.
MUST_CHECK enum err outbox_read(struct db *db, int64_t after, int limit, struct arena *a,
                                void (*fn)(void *self, const struct event *e), void *self, int *n,
                                bool *held, struct problem *p);
void outbox_cloudevent(const struct event *e, const char *school, struct buf *out); // JSON

#endif
