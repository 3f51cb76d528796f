// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by what checks declarations of flow.
#ifndef FLOW_DECLARE_H
#define FLOW_DECLARE_H

#include "campus/flow.h"

struct declare {
    const struct flow_input *in;
    struct problem *p;
    const struct plugin *plugin;
    const struct entity *entity; // NULL: an obligation
    const char *file, *what;
    struct spot at;
    bool made; // by the host: its words are nowhere in the source
};

// Looks for `word` from where we are; where we are when it is not found.
struct spot declare_near(const struct declare *d, const char *word);
// An objection at that word; at NULL: where we are.
void declare_wrong(const struct declare *d, const char *at, const char *word, const char *fmt, ...)
    PRINTF(4, 5);
// A member's text, which lives as long as the release; NULL when there is none.
const char *declare_text(const struct declare *d, const json_t *j, const char *key);
// The key of a "policy:KEY", of one of two types; NULL after an objection. *type: which it is.
const char *declare_key(const struct declare *d, const char *at, const char *ref,
                        const char *const types[2], const char **type);
extern const char *const declare_durations[2];
// NULL after an objection.
const struct field *declare_field(const struct declare *d, const char *at, const struct entity *e,
                                  const char *name);
bool declare_is_role(const struct declare *d, const char *at, const char *s); // "role:NAME"
// One of those that are asked, the first that is filled: "officer", "role:finance", "$actor".
const char *declare_one(const struct declare *d, const char *at, const char *s);
const char *declare_who(const struct declare *d, const char *at, const json_t *j);
// within = a duration, policy:KEY or field:NAME; by: the field of which each choice has its own.
void declare_term(const struct declare *d, const char *s, const char *by, struct term *out);

// declare_parts.c; NULL after an objection.
const struct deadline_decl *declare_deadline(struct declare *d, const json_t *j, int state);
// What a deadline of a state and an obligation share.
void declare_clock(const struct declare *d, const json_t *j, struct deadline_decl *out);
struct reserve_decl *declare_reserve(struct declare *d, const json_t *j,
                                     const struct transition *t);
const struct checklist_decl *declare_checklist(struct declare *d, const json_t *j);

#endif
