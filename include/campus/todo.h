// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// To-dos: what waits for somebody. One table for approvals, deadlines, obligations and whatever
// else asks a person, the holders of a role or the members of a group to do something; the inbox
// reads it. A title never carries a field's value: who may see the record is asked when the inbox
// is read.
#ifndef CAMPUS_TODO_H
#define CAMPUS_TODO_H

#include <stdint.h>
#include "campus/access.h"
#include "campus/db.h"
#include "campus/directory.h"

extern const char todo_ddl[];

#define TODO_NO_DUE INT64_C(253402300799000) // the end of 9999, so that what is due comes first
struct todo {
    const char *id;       // set by todo_open
    const char *kind;     // "approval", "confirm", "copy", "deadline", "obligation", …
    const char *entity;   // full name; "" without a record
    const char *record;   // its id, or ""
    const char *ref;      // what it belongs to, by its owner's id: the approval, the obligation
    const char *audience; // "person:ID", "role:NAME" or "group:NAME"
    struct title title;   // texts may be NULL
    int64_t due_at, created_at; // ms; due_at 0: no time set
    int64_t urged_at;           // last time somebody was in a hurry, 0 never
};
// Lane. Opens it unless the same kind, ref and audience is open already. Sets the id (p's arena).
MUST_CHECK enum err todo_open(struct db *db, struct todo *t, struct problem *p);
// Lane. Closes what is open of this kind and ref, for everybody, or for one audience (else NULL).
MUST_CHECK enum err todo_close(struct db *db, const char *kind, const char *ref,
                               const char *audience, const char *by, int64_t now,
                               struct problem *p);
// Lane. Marks what is open of this kind and ref as urged.
MUST_CHECK enum err todo_urge(struct db *db, const char *kind, const char *ref, int64_t now,
                              struct problem *p);
// The audiences that an actor belongs to, those behind a delegation included, NULL-ended. Arena.
const char **todo_audiences(const struct access *x, const struct actor *who, struct arena *a,
                            int *n);
// Lane. The reader has seen it: closes a "copy", "alert" or "notice" for one of these audiences.
// ERR_NOT_FOUND for anything else.
MUST_CHECK enum err todo_done(struct db *db, const char *id, const char *const *audiences, int n,
                              const char *by, int64_t now, struct problem *p);
// What waits for this audience: refs, each once. Arena.
MUST_CHECK enum err todo_refs(struct db *db, const char *audience, struct people_list *out,
                              struct problem *p);
struct todo_page {
    const char *const *audiences;
    int naudiences;
    const char *kind;  // "" is every one
    int64_t after_due; // the last one read, 0 and "" from the start
    const char *after_id;
    int limit;
};
// Open ones by due time, then age; arena memory (p's). *n: how many.
MUST_CHECK enum err todo_find(struct db *db, const struct todo_page *pg, struct todo **out, int *n,
                              struct problem *p);

#endif
