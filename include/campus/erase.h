// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Erasure of a person: their data key is destroyed, so that nothing sealed under it opens again,
// their marks leave the blind indexes, and what lies open but is marked personal is overwritten in
// records and history. Each erasure is kept in a table and, outside the database, in HOME/erasures:
// a restored older backup is erased anew before it serves.
#ifndef CAMPUS_ERASE_H
#define CAMPUS_ERASE_H

#include "campus/lane.h"
#include "campus/schema.h"
#include "campus/store.h"

extern const char erase_ddl[];
struct erasure {
    const char *subject; // record id, or id of the person whose records these are
    const char *actor;
    int64_t at, release;
    const char *request;
};
// Lane, within the request's transaction. *records: how many were emptied. ERR_NOT_FOUND when there
// is neither a key nor a record of the subject.
MUST_CHECK enum err erase_subject(struct store *s, const struct schema *schema,
                                  const struct erasure *e, int64_t *records);
// Afterwards, with the erasure committed: into HOME/erasures, and the log emptied of what was.
// ERR_UNAVAILABLE when a reader is in the way; the log is then emptied as soon as it has gone.
MUST_CHECK enum err erase_settle(struct lane *lane, struct keyring *k, const char *home,
                                 const struct erasure *e, struct problem *p);
// At start, before anything is served: does again what HOME/erasures lists and the database does
// not know, and lists there what only the database knows. ERR_CORRUPT when a line is not this
// school's.
MUST_CHECK enum err erase_replay(struct lane *lane, struct keyring *k, const struct schema *schema,
                                 const char *home, struct problem *p);
const char *erase_ledger(struct arena *a, const char *home);

#endif
