// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Actions of a plugin: what they take, and the records that they are a button of.
#include "campus/limits.h"
#include "campus/mem.h"
#include "record/schema_build.h"

// Its fields are checked as those of a record are, and have no table. A default is none here: what
// was left out is for the action to see.
static const struct entity *build_input(struct build *b, const struct schema *s, const json_t *j,
                                        const char *action) {
    const json_t *list = json_object_get(j, "input");
    size_t n = json_array_size(list);
    if (!list) return NULL;
    if (n > LIMIT_ENTITY_FIELDS)
        build_at(b, j, "fields_invalid", "action %s: at most %d fields", action,
                 LIMIT_ENTITY_FIELDS);
    struct entity *e = arena_alloc(b->arena, sizeof *e);
    struct field *fields = arena_alloc(b->arena, sizeof *fields * (n + 1));
    *e = (struct entity){.name = action, .full = action, .fields = fields};
    b->input = true;
    for (size_t i = 0; i < n && i < LIMIT_ENTITY_FIELDS; i++) {
        struct field *f = &fields[e->nfields];
        if (!build_field(b, json_array_get(list, i), f)) continue;
        f->index = e->nfields++;
        f->preset = value_null();
        f->preset_var = NULL;
        build_target(b, s, f);
    }
    b->input = false;
    return e;
}

static void build_action(struct build *b, const struct schema *s, const json_t *j,
                         struct action_decl *a) {
    const char *on = json_string_value(json_object_get(j, "on"));
    int n;
    const char **states = build_texts(b, json_object_get(j, "states"), &n);
    a->title = build_title(b, j);
    a->input = build_input(b, s, j, a->name);
    a->on = on && a->input ? entity_field(a->input, on) : NULL;
    if ((on || n) && (!a->on || a->on->type != FIELD_REFERENCE)) {
        build_at(b, j, "action_on",
                 "action %s: say which input leads to the record: on = \"%s\", input = { %s = "
                 "field.reference { to = \"…\" } }",
                 a->name, on ? on : "record", on ? on : "record");
        a->on = NULL;
        return;
    }
    for (int i = 0; i < n && a->on->target; i++) {
        int state = entity_state(a->on->target, states[i]);
        if (state < 0)
            build_at(b, j, "state_unknown", "action %s: %s has no state \"%s\"", a->name,
                     a->on->target->full, states[i]);
        else
            a->states |= UINT64_C(1) << state;
    }
}

void build_actions(struct build *b, const struct schema *s, struct plugin *pl) {
    const json_t *list = json_object_get(pl->declaration, "actions");
    size_t n = json_array_size(list);
    struct action_decl *out = arena_alloc(b->arena, sizeof *out * (n + 1));
    for (size_t i = 0; i < n; i++) {
        const json_t *j = json_array_get(list, i);
        struct action_decl *a = &out[pl->nactions];
        a->name = arena_strdup(b->arena, json_string_value(json_object_get(j, "name")));
        if (!build_name(b, j, "action", a->name)) continue;
        build_action(b, s, j, a);
        pl->nactions++;
    }
    pl->actions = out;
}
