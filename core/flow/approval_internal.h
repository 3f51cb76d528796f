// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by the files about approvals: steps and cases in memory.
#ifndef FLOW_APPROVAL_INTERNAL_H
#define FLOW_APPROVAL_INTERNAL_H

#include "campus/approval.h"
#include "campus/mem.h"

enum step_kind {
    STEP_ROLE,
    STEP_GROUP,
    STEP_HEAD_OF,
    STEP_PERSON_FIELD,
    STEP_POST,
    STEP_PEOPLE, // named one by one: added signers
    STEP_KINDS
};
struct step {
    int64_t key; // within its case, for ever
    const char *name;
    struct title title;
    const char *what, *group; // role, group, field or post; of a post its group or "field:NAME"
    int64_t quorum;
    struct people_list people; // asked by name
    struct people_list gone;   // gave it away
    enum step_kind kind;
    bool ready;           // its people have been looked up
    bool climbed, passed; // asked the supervisors; left to the next step
};
struct signature { // a row of what happened to a case
    int64_t n, at, step, due_at, void_at, confirmed_at;
    const char *kind, *person, *hands, *note, *target, *file;
};
struct approval_case {
    const char *id, *entity, *record, *transition, *submitter, *outcome;
    int64_t round, opened_at, closed_at, release, policy, urged_at, paper_days;
    struct step *steps; // LIMIT_APPROVAL_STEPS
    int nsteps, step;   // step == nsteps: all are signed
    int64_t next_key;
    bool waiting;
    struct signature *acts;
    int nacts, cap;
    const struct approval_decl *decl; // of the release in force; NULL when it has none any more
};

// Those of an entity, NULL-ended.
const struct approval_decl **approval_all(const struct approval_plans *plans,
                                          const struct entity *e);

// One declared step or name -> step. Complaints go through `wrong` with a path such as "steps/1";
// NULL: none are expected.
struct step_reader {
    struct arena *arena;
    const struct approval_decl *decl;
    const struct access *access;
    void (*wrong)(struct step_reader *r, const char *path, const char *word, const char *text);
    void *self;
};
bool step_read(struct step_reader *r, const json_t *j, const char *path, struct step *out);
// Whether access.yaml lets holders of a role (or of any: -1) make the transition at all.
bool step_granted(const struct access *x, const struct entity *e, const struct transition *t,
                  int role);
// The steps of a record: the plan in force with what its amounts add. Checks all when r is NULL.
int plan_steps(struct step_reader *reader, const json_t *plan, const struct record *r,
               struct step *out);
const json_t *plan_of(const struct approval_decl *d, const struct policy_revision *rev,
                      struct arena *a);
int plan_paper_days(const struct approval_decl *d, const json_t *plan);
void steps_write(const struct step *steps, int n, struct buf *out); // pinned, as JSON
int steps_parse(struct arena *a, const json_t *list, struct step *out);
void people_json(struct buf *out, const char *key, const struct people_list *l);
const char *step_word(enum step_kind k); // "role", …

// case.c: rows. In a dry run the writers only change what is in memory.
MUST_CHECK enum err case_find(struct approving *ap, const struct approval_decl *d,
                              const char *record, struct approval_case **out); // NULL: none open
MUST_CHECK enum err case_open(struct approving *ap, const struct approval_decl *d,
                              const struct record *r, const char *submitter,
                              struct approval_case **out);
// The steps as planned now, and a signer for each role that is asked about what the record has
// taken beyond what was left; none: no policy says who approves.
MUST_CHECK enum err case_steps(struct approving *ap, const struct approval_decl *d,
                               const json_t *plan, const struct record *r, struct step *out,
                               int *n);
MUST_CHECK enum err case_save(struct approving *ap, const struct approval_case *c);
MUST_CHECK enum err case_close(struct approving *ap, struct approval_case *c, const char *outcome);
MUST_CHECK enum err case_log(struct approving *ap, struct approval_case *c,
                             const struct signature *act);
MUST_CHECK enum err case_void(struct approving *ap, struct approval_case *c, struct signature *s);
MUST_CHECK enum err case_event(struct approving *ap, const struct approval_case *c,
                               const struct record *r, const char *what);
MUST_CHECK enum err case_todo(struct approving *ap, const struct approval_case *c, const char *kind,
                              const char *audience, const struct title *step, int64_t due);
// Closes what waits of this kind, for one person or (NULL) for everybody.
MUST_CHECK enum err case_settle(struct approving *ap, const struct approval_case *c,
                                const char *kind, const char *person);
bool case_has_signed(const struct approval_case *c, const char *person); // in what still counts
int case_count(const struct approval_case *c, int64_t key); // signatures of a step that count
struct signature *case_paper_of(const struct approval_case *c, const char *person); // unconfirmed
bool case_is_confirmed(const struct approval_case *c); // no paper waits for its approver

// step.c: who may sign.
bool step_never(const struct approval_case *c, const struct record *r, const char *person);
bool step_has(const struct approving *ap, const struct step *s, const struct actor *who,
              bool by_hand);
// For whom this actor can sign the step at hand (themselves or one behind them), or NULL.
const struct actor *step_signer(const struct approving *ap, const struct approval_case *c,
                                const struct record *r, const struct actor *actor);
// Whether this person could: not theirs, not signed, and access lets them make the transition.
MUST_CHECK enum err step_able(struct approving *ap, const struct approval_case *c,
                              const struct record *r, const char *person, bool *able);
// From the step at hand on: passes what is signed, looks up who is asked, climbs, tells them.
MUST_CHECK enum err step_advance(struct approving *ap, struct approval_case *c,
                                 const struct record *r);

#endif
