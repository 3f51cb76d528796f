// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The serializer: the only place where a record becomes text for the outside.
#include <string.h>
#include "campus/mem.h"
#include "campus/text.h"
#include "gate/gate_internal.h"

static const char CONSTANT_MASK[] = "****";

void gate_value(struct buf *out, const struct field *f, const struct value *v) {
    char num[32];
    switch (v->kind) {
    case VALUE_NULL: buf_puts(out, "null"); return;
    case VALUE_BOOL: buf_puts(out, v->i ? "true" : "false"); return;
    case VALUE_JSON: buf_put(out, v->p, v->n); return;
    case VALUE_TEXT: json_text(out, v->p, v->n); return;
    case VALUE_BLOB: buf_puts(out, "null"); return; // never opened: never shown
    case VALUE_INT: break;
    }
    if (f->type == FIELD_DATETIME)
        json_time(out, v->i);
    else if (f->type == FIELD_MONEY || f->type == FIELD_DECIMAL) {
        int n = text_from_scaled(num, v->i, f->scale);
        json_text(out, num, (size_t)n);
    } else
        buf_int(out, v->i);
}

static void masked(struct gate *g, struct buf *out, const struct field *f, const struct value *v,
                   bool partial) {
    if (value_is_null(v)) {
        buf_puts(out, "null");
        return;
    }
    if (!partial || v->kind != VALUE_TEXT || !f->mask) {
        json_cstr(out, CONSTANT_MASK);
        return;
    }
    json_cstr(out, text_mask(g->store.arena, f->mask, v->p, v->n));
}

// A reference as the record it points to, where that may be read; else as the id it is.
static void expanded(struct gate *g, struct buf *out, const struct field *f,
                     const struct value *v) {
    struct gate inner = *g;
    struct problem quiet;
    struct buf b;
    inner.store.problem = &quiet;
    inner.audit = NULL;
    inner.notes = NULL;
    problem_init(&quiet, g->store.arena);
    buf_init(&b, g->store.arena);
    struct look none = {0};
    const char *id = arena_strndup(g->store.arena, v->p, v->n);
    if (gate_get(&inner, f->target, id, &none, &b, NULL))
        json_text(out, v->p, v->n);
    else
        buf_put(out, b.data, b.len);
}

void gate_serialize(struct gate *g, const struct record *r, const struct shown *how,
                    struct buf *out) {
    const struct entity *e = r->entity;
    buf_puts(out, "{\"id\":");
    json_cstr(out, r->id);
    json_kv_int(out, "rev", r->rev);
    if (e->workflow)
        json_kv_str(out, "state", r->state >= 0 ? e->workflow->states[r->state].name : NULL);
    json_kv_time(out, "created_at", r->created_at);
    json_kv_str(out, "created_by", r->created_by);
    json_kv_time(out, "updated_at", r->updated_at);
    bool any = false;
    for (int i = 0; i < e->nfields; i++) {
        const struct field *f = &e->fields[i];
        const struct value *v = &r->values[i];
        bool clear = fieldset_has(&how->clear, i), partial = fieldset_has(&how->partial, i);
        if (!clear && !partial && !fieldset_has(&how->constant, i)) continue;
        json_key(out, f->name);
        if (!clear) {
            masked(g, out, f, v, partial);
            any = true;
        } else if (f->target && v->kind == VALUE_TEXT && how->look && i < 64 &&
                   how->look->expand >> i & 1)
            expanded(g, out, f, v);
        else
            gate_value(out, f, v);
    }
    int due = e->due_field;
    if (due >= 0 && fieldset_has(&how->clear, due) && !value_is_null(&r->values[due])) {
        json_key(out, "deadline"), buf_putc(out, '{');
        json_kv_time(out, "due_at", r->values[due].i);
        json_kv_bool(out, "overdue", r->values[due].i < g->now);
        buf_putc(out, '}');
    }
    if (any) {
        buf_puts(out, ",\"_masked\":[");
        for (int i = 0; i < e->nfields; i++)
            if (fieldset_has(&how->partial, i) || fieldset_has(&how->constant, i))
                json_sep(out), json_cstr(out, e->fields[i].name);
        buf_putc(out, ']');
    }
    buf_putc(out, '}');
}

void gate_views(const struct entity *e, const struct verdict *v, struct shown *out) {
    *out = (struct shown){0};
    for (int i = 0; i < e->nfields; i++) {
        bool clear = fieldset_has(&v->clear, i), mask = fieldset_has(&v->masked, i);
        if (clear && !e->fields[i].sealed)
            fieldset_add(&out->clear, i);
        else if (clear || mask)
            fieldset_add(&out->constant, i);
    }
}
