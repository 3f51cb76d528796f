// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Deadlines as they run: one row for each stay in a state (or each obligation), with its moments
// reckoned when it was opened, so that nothing decided later moves them.
#ifndef CAMPUS_DEADLINE_H
#define CAMPUS_DEADLINE_H

#include "campus/flow.h"

extern const char deadline_ddl[];

// When a clock that starts now ends; 0 when its field is empty. values: of the record, or NULL.
int64_t deadline_reckon(const struct flow *f, const struct deadline_decl *d,
                        const struct value *values);
struct deadline_subject {
    const char *entity, *record; // "core.obligations" and its id, or a record's
    const char *state;           // NULL of an obligation
    int64_t rev;
    const struct title *title; // of what to call it, shown in to-dos
};
MUST_CHECK enum err deadline_open(const struct flow *f, const struct deadline_decl *d, int64_t due,
                                  const struct deadline_subject *s);
// What it goes by has changed: the open one of a record goes on from where it began, by these
// values. *due: anew (0: ended), unchanged when none was open.
MUST_CHECK enum err deadline_reset(const struct flow *f, const struct deadline_decl *d,
                                   const struct deadline_subject *s, const struct value *values,
                                   int64_t *due);
// Ends what is open, and its to-dos.
MUST_CHECK enum err deadline_close(const struct flow *f, const char *record);

// One that has come to a moment of its own.
struct deadline_row {
    const char *id, *entity, *record, *state, *owner, *calendar;
    int64_t opened_at, due_at;
    int step;         // the one that is due
    const char *kind; // "remind", "missed", "escalate"
    const char *to;   // of an escalation
    int64_t next_at;  // of the step after it
    bool may_lapse;   // declared so when it was opened
};
enum { DEADLINE_LATER = 60000 }; // ms until one that could not be acted upon is tried again
// The first open one due at `now`, in the arena of f's store; *found.
MUST_CHECK enum err deadline_next(const struct flow *f, struct deadline_row *out, bool *found);
// The moment at which the next one is due, INT64_MAX when there is none. Any session.
MUST_CHECK enum err deadline_when(struct db *db, int64_t *at, struct problem *p);
// Takes the step: to-dos, event (*told: unless a reminder comes too late), and on to the next. s:
// title, state and revision as they are now; values of the record (NULL: an obligation).
// ERR_CONFLICT: somebody else has taken it.
MUST_CHECK enum err deadline_step(const struct flow *f, const struct deadline_row *r,
                                  const struct deadline_subject *s, const struct entity *e,
                                  const struct value *values, bool *told);
// {"calendar","policy","steps":[{"at","kind","to","done"}]} of the last one of a record, or null.
MUST_CHECK enum err deadline_json(struct db *db, const char *record, struct buf *out,
                                  struct problem *p);
MUST_CHECK enum err deadline_postpone(const struct flow *f, const struct deadline_row *r);

#endif
