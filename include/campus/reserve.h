// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Reservations: what is limited is taken, committed and given back inside the transition that says
// so. A pool is a record and one of its limit fields; its total is one row, moved by one statement
// that also checks the limit.
#ifndef CAMPUS_RESERVE_H
#define CAMPUS_RESERVE_H

#include "campus/flow.h"

extern const char reserve_ddl[];

// Lane, before the record is written. r: as it is; after: its values as they will be. ERR_CONFLICT
// with an item "pool_full", "reserved". *exceeded: the pool field where more was taken than is
// left, or NULL.
MUST_CHECK enum err reserve_move(const struct flow *f, const struct transition *t,
                                 const struct record *r, const struct value *after,
                                 const struct field **exceeded);
// A write that is no reservation: what is held keeps its pool and amount, and a limit stays above
// what is held of it. deleted: the record goes.
MUST_CHECK enum err reserve_guard(const struct flow *f, const struct record *r,
                                  const struct value *after, bool deleted);
// For reading: what this holder holds of a limit by its field, and what all hold of a pool's limit.
MUST_CHECK enum err reserve_held(struct db *db, const char *holder, const char *field,
                                 const char *limit, int64_t *amount, struct problem *p);
MUST_CHECK enum err reserve_total(struct db *db, const char *pool, const char *limit,
                                  int64_t *amount, struct problem *p);
// The roles that sign for what a holder took beyond what was left, until it is committed.
enum { RESERVE_ASKS = 8 };
MUST_CHECK enum err reserve_asks(struct store *s, const char *holder,
                                 const char *roles[RESERVE_ASKS], int *n);
// How many pools there are, and how many of them differ from what is held of them (doctor).
MUST_CHECK enum err reserve_check(struct db *db, int64_t *pools, int64_t *wrong, struct problem *p);
// Whether somebody sees a record, and a field of it in the clear (NULL: any).
typedef bool reserve_view(void *self, const struct entity *e, const char *id,
                          const struct field *field);
// {"pool":{LIMIT:{…}},"items":[…],"more":bool} of a record, as pool or as holder. clear: its fields
// in view.
MUST_CHECK enum err reserve_json(const struct flow *f, const struct schema *schema,
                                 const struct record *r, const struct fieldset *clear,
                                 reserve_view *view, void *self, int limit, struct buf *out);

#endif
