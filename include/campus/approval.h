// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Approvals: a transition that people sign step by step. What a release declares is compiled and
// checked once; a case pins its steps, policy revision and release when it opens. Nothing here asks
// access for the caller's verb: that is the gate's, which alone calls it; people that a step would
// ask are checked here, so that no case waits for somebody who may not act.
#ifndef CAMPUS_APPROVAL_H
#define CAMPUS_APPROVAL_H

#include "campus/directory.h"
#include "campus/limits.h"
#include "campus/people.h"
#include "campus/policy.h"
#include "campus/store.h"

extern const char approval_ddl[];

struct approval_decl { // of one transition, as a release declares it
    const struct entity *entity;
    const struct transition *transition, *back, *recall; // back and recall may be NULL
    bool climbs;                                         // when nobody is left; else it waits
    bool never_submitter;
    const int *never_by; // columns: COLUMN_CREATED_BY, person fields
    int nnever_by;
    const char *policy_key; // where its steps stand, or NULL: plan
    const json_t *plan;     // { steps, add } of the declaration
    const json_t *who;      // what names mean
    int paper_days;         // 0: none may be recorded
};
struct approval_plans; // of a release, in its arena
// policies: by plugin index. Every error is an item at file:line:col.
MUST_CHECK enum err approval_compile(struct arena *a, const struct schema *s,
                                     const struct access *x, struct policy *const *policies,
                                     struct approval_plans **out, struct problem *p);
// NULL: the transition needs no approval. t NULL: any of the entity's that does.
const struct approval_decl *approval_of(const struct approval_plans *plans, const struct entity *e,
                                        const struct transition *t);
// The steps as they are now, amounts left open, for meta: members of an object.
void approval_meta_json(const struct approval_decl *d, const struct policy_revision *rev,
                        struct arena *a, struct buf *out);

// What a passage through the gate brings along; a value on its stack.
struct approving {
    struct store *store;
    const struct access *access;
    const struct approval_plans *plans;
    const struct policy_revision *policy; // of the entity's plugin, today; may be NULL
    const struct actor *actor;
    const char *today, *request;
    int64_t now, release;
    bool allowed; // access lets the actor make the transition
    int retry_s;  // of an ERR_RATE: when to try again
    bool dry;     // on a reading thread: what would happen; nothing is written
};
struct approval_case;
const char *approval_case_entity(const struct approval_case *c);
const char *approval_case_record(const struct approval_case *c);
const struct transition *approval_case_transition(const struct approval_case *c); // may be NULL
int approval_step(const struct approval_case *c); // that waits, from 1; 0: none
MUST_CHECK enum err approval_get(struct approving *ap, const struct schema *s, const char *id,
                                 struct approval_case **out);
// *open: whether a case of this record waits for signatures.
MUST_CHECK enum err approval_is_open(struct db *db, const char *record, bool *open,
                                     struct problem *p);

// The record has just come into its state (from `before`, -1: new) by `verb`: ends cases of what it
// left, opens those of what lies ahead.
MUST_CHECK enum err approval_entered(struct approving *ap, const struct record *r, int before,
                                     const char *verb);
// A transition is wanted, with `said` (the body's "approval", or NULL). Signs where it needs
// approvals: *finishes tells whether it may now be made; *c is the case, or NULL. For a case's way
// back or recall: whether the actor may. ERR_FORBIDDEN and ERR_CONFLICT say why.
MUST_CHECK enum err approval_take(struct approving *ap, const struct record *r,
                                  const struct transition *t, const json_t *said, bool *finishes,
                                  struct approval_case **c);
// "return", "transfer", "add", "copy", "urge", "paper", "confirm", "migrate". *event: what
// happened, "approval.returned". A return to the submitter is the transition `back` and not done
// here.
MUST_CHECK enum err approval_do(struct approving *ap, struct approval_case *c,
                                const struct record *r, const char *verb, const json_t *body,
                                const char **event);
// Why the actor may not sign now: "own_case", "signed", "not_your_step", "closed"; NULL: may.
const char *approval_why_not(struct approving *ap, const struct approval_case *c,
                             const struct record *r, const struct actor *who);
// One object, with `may`: the verbs that the actor has now.
void approval_json(struct approving *ap, const struct approval_case *c, const struct record *r,
                   struct buf *out);
// Tells whoever keeps approvals that a case waits for nobody.
MUST_CHECK enum err approval_alert(struct approving *ap, struct approval_case *c,
                                   const struct record *r);
// Cases of a record, newest first. Arena.
MUST_CHECK enum err approval_list(struct approving *ap, const struct record *r,
                                  struct approval_case ***out, int *n);
// Cases with a paper signature whose time to be confirmed has passed: ids, arena.
MUST_CHECK enum err approval_overdue(struct db *db, int64_t now, int limit, const char ***ids,
                                     int *n, struct problem *p);
// Voids such signatures; the step is open again.
MUST_CHECK enum err approval_lapse(struct approving *ap, struct approval_case *c,
                                   const struct record *r, bool *lapsed);

// Whether every open case can go on under a release: its transition still needs approvals, the
// roles that its steps ask are there. ERR_CONFLICT with an item each.
MUST_CHECK enum err approval_check_open(struct db *db, const struct schema *s,
                                        const struct access *x, struct problem *p);
// What people wrote about a record whose person is erased goes with them.
MUST_CHECK enum err approval_erase(struct db *db, const char *record, struct problem *p);

// One's own phrases, a JSON list of texts; a list to begin with where there are none yet. person
// may have " ENTITY" behind it: the views that one keeps of its list.
MUST_CHECK enum err approval_phrases(struct db *db, const char *person, const char *otherwise,
                                     struct buf *out, struct problem *p);
MUST_CHECK enum err approval_phrases_set(struct db *db, const char *person, const json_t *list,
                                         struct problem *p);

#endif
