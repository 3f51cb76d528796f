// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Urns: what many people say of one thing, with nothing that tells who said what. An answer goes in
// at a random place among those that are in, and all are sealed anew as one value: no answer has a
// row, an id, a time or an order of its own while the urn is closed. Opened, it gives all of them,
// shuffled, and is gone, its key too.
#ifndef CAMPUS_URN_H
#define CAMPUS_URN_H

#include "campus/flow.h"

extern const char urn_ddl[];

// What a transition does that opens the urn of its record: each answer becomes a record.
struct opens_decl {
    const struct entity *into;
    const struct field *of;    // of `into`: the reference back
    const struct field *count; // of the record, an integer: how many there were; or NULL
    int64_t least;             // fewer are never read
    const char *least_key;     // of the policy, else `least`
};
// The reference of a form's records that leads to where what it is answered with is opened, and the
// transition that does it; NULL when there is none.
const struct field *urn_of(const struct public_form *f, const struct transition **opens);
// A reference of `into` that leads to e, or NULL.
const struct field *urn_back(const struct entity *into, const struct entity *e);

// Lane. ERR_CONFLICT with an item "urn_full" past LIMIT_URN_BYTES.
MUST_CHECK enum err urn_put(const struct flow *f, const char *urn, const char *answer, size_t n);
// Lane. Calls fn with each answer, unless there are fewer than `least`; then the urn is no more.
// *n: how many there were. Nothing of an urn that was never opened can be had.
MUST_CHECK enum err urn_empty(const struct flow *f, const char *urn, int64_t least,
                              enum err (*fn)(void *self, const char *answer, size_t n), void *self,
                              int64_t *n);

#endif
