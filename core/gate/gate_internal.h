// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by the files of the gate: the serializer and the notes.
#ifndef GATE_INTERNAL_H
#define GATE_INTERNAL_H

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
void gate_add_row(struct gate *g, const struct audit_row *row);
struct audit_row gate_row(struct gate *g, const char *action, const char *object,
                          const char *outcome, const char *reason);
const char *gate_object(struct gate *g, const struct entity *e, const char *id);
enum err gate_not_found(struct gate *g);
// Finds a live record that the actor may read. ERR_NOT_FOUND, noted, otherwise.
enum err gate_find(struct gate *g, const struct entity *e, const char *id, const char *verb,
                   struct record *r, struct verdict *v);
// Notes one subject's fields seen in the clear.
void gate_note_look(struct gate *g, const struct entity *e, const char *action, const char *object,
                    const struct fieldset *fields, const char *purpose, const char *subject);

#endif
