// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by the files of the gate: the serializer and the notes.
#ifndef GATE_INTERNAL_H
#define GATE_INTERNAL_H

#include "campus/approval.h"
#include "campus/flow.h"
#include "campus/gate.h"
#include "campus/json.h"

// How each field of one answer is shown. What is in none of the sets is left out.
struct shown {
    struct fieldset clear;    // as it is; sealed ones have been opened
    struct fieldset partial;  // the field's own mask over the opened value
    struct fieldset constant; // "****", nothing was opened
    const struct look *look;  // for expand, may be NULL
};
// Writes one record: the only place where a record becomes text.
void gate_serialize(struct gate *g, const struct record *r, const struct shown *how,
                    struct buf *out);
void gate_value(struct buf *out, const struct field *f, const struct value *v);
// The views of a verdict, nothing opened: sealed fields get the constant mask.
void gate_views(const struct entity *e, const struct verdict *v, struct shown *out);
// The record just written, as its writer may read it: sealed fields under their partial masks.
enum err gate_answer(struct gate *g, struct record *r, struct buf *out);
// One act on one record: begin, do, end. The end publishes and audits it, or undoes it and puts the
// refusal on record; event is what follows the entity's name in the event's type.
struct act {
    struct gate *g;
    const char *action;
    struct record *record;
    const char *id; // before there is a record: what was asked for
    const struct entity *entity;
    size_t mark;
    struct approval_case *approval; // that was signed, or NULL
    const struct field *exceeded;   // of whose pool more was taken than is left, or NULL
};
MUST_CHECK enum err gate_act_begin(struct act *a, struct gate *g, const struct entity *e,
                                   const char *action, const char *id);
MUST_CHECK enum err gate_act_end(struct act *a, enum err e, const char *event);
// a->record: readable and open to `verb`, at the revision the client has seen (-1: any).
MUST_CHECK enum err gate_act_open(struct act *a, const char *verb, int64_t if_match);
// Checks the fields of a body against the record and the actor. `verb` is also what the record must
// still allow once they are written.
MUST_CHECK enum err gate_act_take(struct act *a, const char *verb, const json_t *body,
                                  struct input *in);
// The record has come from this state (-1: it is new) into another: tasks and approvals that it
// left behind or that lie ahead.
MUST_CHECK enum err gate_act_entered(struct act *a, int before, const char *verb);
// Adds what nobody fills in. before NULL: of a new record.
MUST_CHECK enum err gate_reckon(struct gate *g, const struct entity *e, const struct value *before,
                                struct input *in);
// The record with the input laid over it, as it would be.
struct record gate_overlaid(struct gate *g, const struct record *r, const struct input *in);
// The event ENTITY.word of a record, as it is now.
MUST_CHECK enum err gate_publish(struct gate *g, const struct record *r, const char *word);
// What approvals need to know of this passage; r decides whether its actor may do the verb.
struct approving gate_approving(struct gate *g, const struct record *r, const char *verb);
// "_approvals" of a record as it is answered: [{"step","name","at","note"}, …].
enum err gate_trail(struct gate *g, const struct entity *e, const char *id, enum lang lang,
                    json_t *record);
// The next of a register's numbers, in this transaction, so that one that is undone gives it back.
MUST_CHECK enum err gate_number(struct gate *g, const char *name, const char *format,
                                const char **out);
// Adds to an explanation what the record's open case says of `who`.
MUST_CHECK enum err gate_approval_explain(struct gate *g, const struct actor *who,
                                          const struct transition *t, const struct record *r,
                                          struct buf *out);
// Whether the actor could sign this case now.
bool gate_may_sign(struct gate *g, const char *approval);
void gate_add_row(struct gate *g, const struct audit_row *row);
struct audit_row gate_row(struct gate *g, const char *action, const char *object,
                          const char *outcome, const char *reason);
const char *gate_object(struct gate *g, const struct entity *e, const char *id);
enum err gate_not_found(struct gate *g);
// effects.c: what a write sets going beside the record, in its own transaction. Entities that
// declare neither deadlines nor reservations leave at once.
struct flow gate_flow(struct gate *g, const struct plugin *pl);
void effects_before_create(struct gate *g, const struct entity *e, const struct input *in);
MUST_CHECK enum err effects_created(struct gate *g, const struct record *r);
MUST_CHECK enum err effects_transition(struct gate *g, const struct record *r,
                                       const struct transition *t, struct input *in,
                                       const struct field **exceeded);
// after: the values as they will be; in: what is written, which it may add to; NULL: the record
// goes.
MUST_CHECK enum err effects_update(struct gate *g, const struct record *r, struct value *after,
                                   struct input *in);
// tasks.c. Whether a checked transition may be made: ERR_CONFLICT with an item for each open task.
MUST_CHECK enum err tasks_checked(struct gate *g, const struct record *r,
                                  const struct transition *t);
// The record has come from this state (-1: it is new) to the one it is in.
MUST_CHECK enum err tasks_entered(struct gate *g, const struct record *r, int before);
// urn.c: the record's urn becomes records; how many goes into `in`.
MUST_CHECK enum err gate_open_urn(struct gate *g, const struct record *r,
                                  const struct transition *t, struct input *in);
// Adds the words of `q` to a page: each in fields that the reader sees in the clear there.
void gate_search(struct gate *g, const struct entity *e, const struct query *q, struct page *page);
// What a verdict shows of one record: the standing fields in the clear, which it returns, other
// sealed ones masked. only_named: sealed fields are opened only where `fields=` names them (lists).
struct fieldset gate_open_views(const struct entity *e, const struct verdict *v,
                                const struct look *look, bool only_named, struct shown *how);
// Names of fields, by comma.
const char *gate_field_list(struct gate *g, const struct entity *e, const struct fieldset *s);
// Notes fields of these subjects seen in the clear, or searched (none).
void gate_note_looks(struct gate *g, const struct entity *e, const char *action, const char *object,
                     const struct fieldset *fields, const char *purpose,
                     const char *const *subjects, int n);
// Finds a live record that the actor may read. ERR_NOT_FOUND, noted, otherwise.
enum err gate_find(struct gate *g, const struct entity *e, const char *id, const char *verb,
                   struct record *r, struct verdict *v);
// Notes one subject's fields seen in the clear.
void gate_note_look(struct gate *g, const struct entity *e, const char *action, const char *object,
                    const struct fieldset *fields, const char *purpose, const char *subject);

#endif
