// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Fields that repeat what a reference leads to: derived = "staff.grade", as it stands at each
// write, so that rules, conditions, filters and reports look at it without a join.
#include <string.h>
#include "campus/mem.h"
#include "campus/store.h"
#include "record/schema_build.h"

bool derives_through(const struct field *f) {
    return f->derived && !strchr(f->derived, '(') && strchr(f->derived, '.');
}

static const char *what_is_wrong(struct build *b, const struct entity *e, struct field *f) {
    const char *dot = strchr(f->derived, '.');
    const struct field *via =
        entity_field(e, arena_strndup(b->arena, f->derived, (size_t)(dot - f->derived)));
    if (!via || via->type != FIELD_REFERENCE || via == f)
        return "write \"reference.field\" of a reference of this entity";
    if (!via->target) return NULL; // said where the reference stands
    const struct field *from = entity_field(via->target, dot + 1);
    if (!from)
        return arena_printf(b->arena, "%s has no such field%s", via->target->full,
                            build_near(b, via->target, dot + 1));
    if (from->sealed || f->sealed) return "what is sealed is not repeated";
    if (f->type != from->type || f->scale != from->scale || f->target != from->target || f->many ||
        f->type == FIELD_LIST || f->type == FIELD_FILE)
        return "it is of the type of what it repeats, and no list or file";
    for (int i = 0; i < from->nchoices; i++)
        if (!field_choice(f, from->choices[i].name, strlen(from->choices[i].name)))
            return "it needs the choices of what it repeats";
    if (from->personal && !f->personal) return "what it repeats is personal: so is it";
    if (f->class < from->class) return "it would tell what is in a higher class";
    if (f->required || f->preset_var || !value_is_null(&f->preset))
        return "it is computed: required and default are not for it";
    f->repeats = from, f->via = via;
    return NULL;
}

void build_through(struct build *b, struct entity *e) {
    struct field *fields = (struct field *)e->fields;
    for (int i = 0; i < e->nfields; i++) {
        const char *wrong = derives_through(&fields[i]) ? what_is_wrong(b, e, &fields[i]) : NULL;
        if (wrong)
            problem_at(b->p, fields[i].file, fields[i].line, fields[i].col, "derived_invalid",
                       "%s: %s: %s", fields[i].name, fields[i].derived, wrong);
        e->derives |= fields[i].repeats != NULL;
    }
}

enum err input_through(struct store *s, const struct entity *e, const struct value *before,
                       struct input *in) {
    const struct field *read = NULL;
    struct record target = {0};
    for (int i = 0; i < e->nfields; i++) {
        const struct field *f = &e->fields[i], *via = f->via;
        if (!via) continue;
        const struct value *ref = before && !fieldset_has(&in->present, via->index)
                                      ? &before[via->index]
                                      : &in->values[via->index];
        struct value v = value_null();
        if (via != read && !value_is_null(ref)) {
            enum err x =
                store_get(s, via->target, arena_strndup(s->arena, ref->p, ref->n), &target);
            if (x && x != ERR_NOT_FOUND) return x;
            if (x) target.values = NULL;
            read = via;
        }
        if (!value_is_null(ref) && target.values) v = target.values[f->repeats->index];
        if (before ? value_equal(&v, &before[i]) : value_is_null(&v)) continue;
        input_put(in, f, v);
    }
    return ERR_OK;
}
