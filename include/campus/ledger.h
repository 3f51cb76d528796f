// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Double-entry ledgers: a posting is entries that sum to nothing, each a record that stays as it
// is.
#ifndef CAMPUS_LEDGER_H
#define CAMPUS_LEDGER_H

#include "campus/gate.h"

// Lane, in a transition's own transaction, once the record is written: what it declares to post.
// ERR_CONFLICT "below_floor", "nothing_posted", ERR_INVALID "unbalanced".
MUST_CHECK enum err ledger_transition(struct gate *g, const struct record *r,
                                      const struct transition *t);
// ctx:post. body: {"entries","day","text","source","reverses"}; whoever may `post` each entry.
MUST_CHECK enum err ledger_post(struct gate *g, const struct entity *ledger, const json_t *body,
                                const char *source, struct buf *out);
// How many postings there are, and how many of them do not sum to nothing, were changed, or are
// missing (doctor).
MUST_CHECK enum err ledger_check(struct db *db, struct arena *a, const struct entity *ledger,
                                 int64_t *postings, int64_t *wrong, struct problem *p);

#endif
