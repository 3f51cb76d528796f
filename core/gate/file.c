// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Who may read a file: whoever may read the record and see the field that hold it.
#include "campus/file.h"

#include <string.h>
#include "campus/mem.h"
#include "gate/gate_internal.h"

static bool has(const struct fieldset *s, const struct field *f) {
    return f && fieldset_has(s, f->index);
}

static enum err not_found(struct gate *g, const char *id) {
    gate_record(g, "file", arena_printf(g->store.arena, "core.files/%.64s", id), "refused",
                "not_found");
    return gate_not_found(g);
}

// A file that was replaced is part of the record's past.
static bool may_see_past(struct gate *g, const struct record *r) {
    struct verdict v;
    access_decide(g->release->access, g->actor, r->entity, "history", r, &v);
    return v.allowed;
}

static bool may_reveal(struct gate *g, const struct record *r, const struct field *f) {
    struct verdict v;
    access_decide(g->release->access, g->actor, r->entity, "reveal", r, &v);
    return v.allowed && (has(&v.clear, f) || has(&v.masked, f));
}

// What the core made for a record (a document) has no field: it is asked for by another door.
static enum err attached(struct gate *g, const struct file_row *row, bool looks,
                         const char *purpose) {
    const struct entity *e =
        schema_entity_full(g->release->schema, row->entity, strlen(row->entity));
    const struct field *f = e ? entity_field(e, row->field) : NULL;
    struct record r;
    struct verdict v;
    // of an approval on paper: shown with the approval, to whoever may see the record
    bool paper = e && !strcmp(row->field, "approval");
    if ((!f && !paper) || !row->key) return not_found(g, row->id);
    enum err err = gate_find(g, e, row->record, "file", &r, &v);
    if (err || paper) return err;
    bool guarded = f->class >= CLASS_CONFIDENTIAL;
    bool may = guarded ? may_reveal(g, &r, f) && (has(&v.clear, f) || has(&v.masked, f))
                       : has(&v.clear, f);
    may =
        may && (file_is_in(g->store.arena, f, &r.values[f->index], row->id) || may_see_past(g, &r));
    if (!may) return not_found(g, row->id);
    if (!guarded || !looks) return ERR_OK;
    if (!purpose || !*purpose)
        return problem_add(g->store.problem, ERR_INVALID, "/purpose", "required",
                           "say what the look is for");
    struct fieldset seen = {0};
    fieldset_add(&seen, f->index);
    gate_note_look(g, e, "reveal", gate_object(g, e, r.id), &seen, purpose, r.owner);
    return ERR_OK;
}

enum err gate_file(struct gate *g, const char *id, bool looks, const char *purpose,
                   struct file_row *out) {
    enum err e = file_find(&g->store, id, out);
    if (e) return e == ERR_NOT_FOUND ? not_found(g, id) : e;
    if (*out->entity) return attached(g, out, looks, purpose);
    bool own = out->key && out->expires_at > g->now && !strcmp(out->by, g->actor->id);
    return own ? ERR_OK : not_found(g, id);
}
