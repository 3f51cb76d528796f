// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Declared exports: named columns of an entity, for a standing purpose.
#include <string.h>
#include "campus/mem.h"
#include "campus/query.h"
#include "record/schema_build.h"

static void put_fields(struct build *b, const json_t *j, const char *key, const char *name,
                       const struct entity *e, struct fieldset *out) {
    int n;
    const char **names = build_texts(b, json_object_get(j, key), &n);
    for (int i = 0; i < n; i++) {
        const struct field *f = entity_field(e, names[i]);
        if (f)
            fieldset_add(out, f->index);
        else
            build_at(b, j, "field_unknown", "export %s: %s has no field \"%s\"%s", name, e->full,
                     names[i], build_near(b, e, names[i]));
    }
}

static bool build_export(struct build *b, const struct schema *s, const struct plugin *pl,
                         const json_t *j, struct export_decl *x) {
    unsigned before = b->p->count;
    const char *en = json_string_value(json_object_get(j, "entity"));
    const json_t *where = json_object_get(j, "where");
    struct problem inner;
    x->title = build_title(b, j);
    x->purpose = arena_strdup(b->arena, json_string_value(json_object_get(j, "purpose")));
    x->entity = en ? schema_entity(s, pl->name, en) : NULL;
    if (!x->entity)
        return build_at(b, j, "entity_unknown", "export %s: there is no entity \"%s\" here",
                        x->name, en ? en : ""),
               false;
    put_fields(b, j, "fields", x->name, x->entity, &x->fields);
    put_fields(b, j, "reveal", x->name, x->entity, &x->reveal);
    const char *split = json_string_value(json_object_get(j, "split")), *coded;
    json_t *key;
    x->split = split ? entity_field(x->entity, split) : NULL;
    if (split && (!x->split || x->split->sealed ||
                  (x->split->type != FIELD_MONEY && x->split->type != FIELD_INTEGER &&
                   x->split->type != FIELD_DECIMAL)))
        build_at(b, j, "field_type", "export %s: split: %s is no unsealed number", x->name, split);
    json_object_foreach(json_object_get(j, "codes"), coded, key) {
        const char *said = json_string_value(key);
        x->coded = entity_field(x->entity, coded);
        if (!x->coded || x->coded->type != FIELD_CHOICE || !said || strncmp(said, "policy:", 7))
            build_at(b, j, "field_type", "export %s: write codes = { choice = \"policy:KEY\" }",
                     x->name);
        else
            x->codes_key = arena_strdup(b->arena, said + 7);
    }
    if (!json_array_size(json_object_get(j, "fields")))
        build_at(b, j, "fields_missing", "export %s: say which fields = { … }", x->name);
    if (!x->purpose || !*x->purpose)
        build_at(b, j, "purpose_missing", "export %s: say the purpose that each file is made for",
                 x->name);
    problem_init(&inner, b->arena);
    if (json_is_object(where) &&
        query_where(b->arena, x->entity, where, &x->where, &x->touched, &inner))
        for (const struct problem_item *it = inner.first; it; it = it->next)
            build_at(b, j, it->word, "export %s: where %s: %s", x->name, it->pointer + 1,
                     it->detail);
    return b->p->count == before;
}

void build_exports(struct build *b, const struct schema *s, struct plugin *pl) {
    const json_t *list = json_object_get(pl->declaration, "exports");
    size_t n = json_array_size(list);
    struct export_decl *out = arena_alloc(b->arena, sizeof *out * (n + 1));
    for (size_t i = 0; i < n; i++) {
        const json_t *j = json_array_get(list, i);
        struct export_decl *x = &out[pl->nexports];
        x->name = arena_strdup(b->arena, json_string_value(json_object_get(j, "name")));
        if (build_name(b, j, "export", x->name) && build_export(b, s, pl, j, x)) pl->nexports++;
    }
    pl->exports = out;
}
