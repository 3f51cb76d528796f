// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Forms that a plugin opens to the public: what they fill in or show, of which entity.
#include <string.h>
#include "campus/mem.h"
#include "record/schema_build.h"

static const struct field *field_of(struct build *b, const json_t *j, const struct public_form *f,
                                    const struct entity *e, const char *name) {
    const struct field *found = name ? entity_field(e, name) : NULL;
    if (!found)
        build_at(b, j, "field_unknown", "public %s: %s has no field \"%s\"%s", f->name, e->full,
                 name ? name : "", name ? build_near(b, e, name) : "");
    return found;
}

// A code must lead to one record: unique, and kept so that it can be looked for.
static const struct field *code_of(struct build *b, const json_t *j, const struct public_form *f,
                                   const struct entity *e, const char *name) {
    const struct field *c = field_of(b, j, f, e, name);
    if (c && !(c->type == FIELD_TEXT && c->unique))
        build_at(b, j, "code_invalid", "public %s: %s of %s must be a unique text", f->name, name,
                 e->full);
    return c;
}

static void build_fields(struct build *b, const json_t *j, struct public_form *f) {
    const struct entity *of = f->into ? f->into : f->entity;
    const json_t *list = json_object_get(j, f->shows   ? "shows"
                                            : f->files ? "files"
                                                       : "fields"),
                 *via = json_object_get(j, "via");
    size_t n = json_array_size(list);
    f->fields = arena_alloc(b->arena, sizeof *f->fields * (n + 1));
    f->via = arena_alloc(b->arena, sizeof *f->via * (n + 1));
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(list, i)),
                   *by = json_string_value(json_object_get(via, name ? name : ""));
        if (f->shows && name && !strcmp(name, "state")) {
            f->shows_state = true;
            continue;
        }
        const struct field *one = field_of(b, j, f, of, name);
        if (!one) continue;
        if (f->files && (one->readonly || one->type != FIELD_FILE || one->many))
            build_at(b, j, "field_not_public", "public %s: %s holds no single file", f->name, name);
        else if (!f->shows && !f->files &&
                 (one->readonly || one->type == FIELD_FILE || one->type == FIELD_PERSON ||
                  (one->type == FIELD_REFERENCE && !by)))
            build_at(b, j, "field_not_public", "public %s: %s cannot be filled in there%s", f->name,
                     name,
                     one->type == FIELD_REFERENCE
                         ? "; say by which code: via = { field = \"code\" }"
                         : "");
        else {
            if (by && one->target) f->via[f->nfields] = code_of(b, j, f, one->target, by);
            f->fields[f->nfields++] = one;
        }
    }
}

static struct title title_of(struct build *b, const json_t *title) {
    json_t *as = json_pack("{s:O?}", "title", title);
    struct title t = build_title(b, as);
    json_decref(as);
    return t;
}

// What comes next in each state, for who asks how far it is.
static const struct title *build_next(struct build *b, const json_t *j,
                                      const struct public_form *f) {
    const json_t *next = json_object_get(j, "next"), *one;
    const char *name;
    if (!next) return NULL;
    const struct workflow *w = f->entity->workflow;
    struct title *t = arena_alloc(b->arena, sizeof *t * (size_t)(w ? w->nstates + 1 : 1));
    json_object_foreach((json_t *)next, name, one) {
        int s = w ? entity_state(f->entity, name) : -1;
        if (s < 0)
            build_at(b, j, "state_unknown", "public %s: next: %s has no state \"%s\"", f->name,
                     f->entity->full, name);
        else
            t[s] = title_of(b, one);
    }
    return t;
}

void build_public(struct build *b, const struct schema *s, struct plugin *pl) {
    const json_t *list = json_object_get(pl->declaration, "public");
    struct public_form *forms = arena_alloc(b->arena, sizeof *forms * (json_array_size(list) + 1));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *j = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(j, "name")),
                   *entity = json_string_value(json_object_get(j, "entity")),
                   *code = json_string_value(json_object_get(j, "code")),
                   *move = json_string_value(json_object_get(j, "transition"));
        struct public_form *f = &forms[pl->nforms];
        if (!build_name(b, j, "public form", name)) continue;
        *f = (struct public_form){.name = arena_strdup(b->arena, name),
                                  .title = build_title(b, j),
                                  .entity = schema_entity(s, pl->name, entity ? entity : ""),
                                  .set = json_object_get(j, "set"),
                                  .shows = json_object_get(j, "shows") != NULL,
                                  .files = json_object_get(j, "files") != NULL,
                                  .file = build_file(b, j),
                                  .line = (int)json_integer_value(json_object_get(j, "line"))};
        if (!f->entity) {
            build_at(b, j, "entity_unknown", "public %s: this plugin has no entity \"%s\"", name,
                     entity ? entity : "");
            continue;
        }
        f->consent = title_of(b, json_object_get(j, "consent"));
        f->next = build_next(b, j, f);
        if (code) f->code = code_of(b, j, f, f->entity, code);
        if (!code && (f->shows || f->files || move))
            build_at(b, j, "code_missing",
                     "public %s: say by which code = \"field\" a record is found", name);
        if (move && !(f->transition = entity_transition(f->entity, move)))
            build_at(b, j, "transition_unknown", "public %s: %s has no transition \"%s\"", name,
                     f->entity->full, move);
        if (f->transition && (f->transition->rule || f->transition->approvals))
            build_at(b, j, "transition_not_public",
                     "public %s: a transition with a rule or approvals is not for the public",
                     name);
        const char *into = json_string_value(json_object_get(j, "into"));
        if (into && (!(f->into = schema_entity(s, pl->name, into)) || !f->transition || f->shows ||
                     f->files || f->set)) {
            build_at(
                b, j, "into_invalid",
                "public %s: into = \"%s\" is an entity of this plugin; such a form has a code, "
                "a transition and fields of it",
                name, into);
            continue;
        }
        build_fields(b, j, f);
        pl->nforms++;
    }
    pl->forms = forms;
}
