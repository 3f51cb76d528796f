// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Scores: a field that is the mean of integer fields, each in percent of its most, each by its
// weight, which the declaration or the policy in force says. And what is declared of urns, which
// are mostly about marks.
#ifndef CAMPUS_SCORE_H
#define CAMPUS_SCORE_H

#include "campus/urn.h"

struct score_decl {
    const struct field *field;
    const json_t *weights; // {"clear": 60, …}, borrowed; NULL: those of
    const char *policy;    // a key of type weights
    const struct score_decl *next;
};

// Checks `weights` of fields, `opens` of transitions and `into` of forms, once the schema is built.
void score_build(const struct flow_input *in, struct problem *p);
// Reckons the scores of a write of which a part is written, or that the record has none of. before:
// its values, NULL for a new one.
void score_reckon(const struct flow *f, const struct entity *e, const struct value *before,
                  struct input *in);

#endif
