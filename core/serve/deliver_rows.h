// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The rows of delivery, apart from the thread that works on them.
#ifndef SERVE_DELIVER_ROWS_H
#define SERVE_DELIVER_ROWS_H

#include "campus/deliver.h"

// due_at of a row that waits behind an earlier one of its record.
enum { DUE_PARKED = -1 };
// A delay is at most a day, so what is due later than this was written under a wrong clock.
#define DUE_TOO_FAR_MS (INT64_C(25) * 3600 * 1000)

// A delivery of its own memory; mem_free it. NULL when out of memory.
struct delivery *delivery_new(struct consumer *c, const struct event *e, int attempt);
// Lane thread: what became of a delivery. now releases the next one of its record.
MUST_CHECK enum err delivery_write(struct db *db, const struct delivery *dl, int64_t now,
                                   struct problem *p);
// Moves a consumer's position in these shares; *there: whether the consumer still exists.
MUST_CHECK enum err position_write(struct db *db, const char *consumer, uint32_t shares,
                                   int64_t seq, bool *there, struct problem *p);
// Where it stands in each of these shares, and the earliest of them as its cursor.
MUST_CHECK enum err position_read(struct db *db, struct consumer *c, uint32_t shares, bool *found,
                                  struct problem *p);
// Rows that are due and not behind another one of their record, at most `limit`, as new deliveries.
MUST_CHECK enum err rows_due(struct db *db, struct consumer *c, uint32_t shares, int64_t now,
                             int limit, struct delivery **out, struct problem *p);
// Whether an earlier event of the same record waits.
MUST_CHECK enum err rows_wait_for(struct db *db, const char *consumer, const struct event *e,
                                  bool *wait, struct problem *p);
// Whether an event has a row, dead or not: then it must not be taken out of the outbox once more.
MUST_CHECK enum err rows_have(struct db *db, const char *consumer, int64_t seq, bool *have,
                              struct problem *p);
// The newest event that has a row, or 0.
MUST_CHECK enum err rows_newest(struct db *db, const char *consumer, int64_t *seq,
                                struct problem *p);
// *any: whether rows wait; *next: when the first after now is due, or 0.
MUST_CHECK enum err rows_next(struct db *db, const char *consumer, int64_t now, bool *any,
                              int64_t *next, struct problem *p);

#endif
