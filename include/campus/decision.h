// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Decisions: what a rule was asked, under which release and policy, and what it answered, with its
// reasons. Inputs are sealed under the record's owner, so that erasing the person erases them too.
#ifndef CAMPUS_DECISION_H
#define CAMPUS_DECISION_H

#include "campus/host.h"
#include "campus/store.h"

// On the lane. r is the record as it was read; *id gets the decision's id (arena).
MUST_CHECK enum err decision_add(struct store *s, const struct record *r,
                                 const struct host_rule *call, const struct host_decision *d,
                                 const char *actor, int64_t release, int64_t now, const char **id);
// {"id","rule","pass","as_of","policy","reasons":[{"ok","code","at","policy","have","want","text"}]}
// without any input. id may be NULL.
MUST_CHECK enum err decision_json(const struct host_rule *call, const struct host_decision *d,
                                  const char *id, struct buf *out);
// A stored one as JSON, with the inputs when with_inputs (the caller has authorised and audited
// that). entity and record (arena) say what it was about, so that the gate can ask whether it may
// be read.
MUST_CHECK enum err decision_find(struct store *s, const char *id, const char **entity,
                                  const char **record, bool with_inputs, struct buf *out);

#endif
