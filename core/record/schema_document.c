// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Declared documents: what is issued for a record. Their templates are read with the release.
#include "record/schema_build.h"
#include "campus/mem.h"
#include "campus/text.h"

// "{year}招字第{seq:4}号": the words that a number's format may hold.
bool build_is_number(const char *s) {
    static const char *const words[] = {"year", "month", "day", "seq"};
    bool seq = false;
    for (; (s = strchr(s, '{')); s++) {
        size_t n = strcspn(s + 1, ":}");
        bool known = false;
        for (int i = 0; i < 4; i++) known |= strlen(words[i]) == n && !memcmp(s + 1, words[i], n);
        const char *end = s + 1 + n;
        bool is_seq = n == 3 && s[1] == 's';
        if (is_seq && *end == ':') end += 1 + strspn(end + 1, "0123456789");
        if (!known || *end != '}') return false;
        seq |= is_seq;
    }
    return seq;
}

void build_documents(struct build *b, const json_t *list, struct plugin *pl) {
    size_t n = json_array_size(list);
    pl->documents = arena_alloc(b->arena, sizeof *pl->documents * (n + 1));
    for (size_t i = 0; i < n; i++) {
        const json_t *j = json_array_get(list, i), *template = json_object_get(j, "template");
        struct document_decl *d = &pl->documents[pl->ndocuments];
        const char *en = json_string_value(json_object_get(j, "entity"));
        *d = (struct document_decl){
            .name = arena_strdup(b->arena, json_string_value(json_object_get(j, "name"))),
            .title = build_title(b, j),
            .number = arena_strdup(b->arena, json_string_value(json_object_get(j, "number"))),
            .qr = arena_strdup(b->arena, json_string_value(json_object_get(j, "qr"))),
            .copies = (int)json_integer_value(json_object_get(j, "copies")),
            .many = json_is_true(json_object_get(j, "many")),
            .file = build_file(b, j),
            .line = (int)json_integer_value(json_object_get(j, "line")),
            .col = build_col(j)};
        if (!build_name(b, j, "document", d->name)) continue;
        const struct {
            const char *key;
            struct title *to;
        } titles[] = {{"seal", &d->seal}, {"template", &d->path}};
        for (int k = 0; k < 2; k++) {
            json_t *as = json_pack("{s:O?}", "title", json_object_get(j, titles[k].key));
            *titles[k].to = build_title(b, as);
            json_decref(as);
        }
        for (int k = 0; en && k < pl->nentities; k++)
            if (!strcmp(pl->entities[k]->name, en)) d->entity = pl->entities[k];
        const char **names = arena_alloc(b->arena, sizeof *names * (size_t)(pl->nentities + 1));
        for (int k = 0; k < pl->nentities; k++) names[k] = pl->entities[k]->name;
        if (!d->entity)
            build_at(b, j, "entity_unknown", "document %s: there is no entity \"%s\"%s", d->name,
                     en ? en : "",
                     text_instead(b->arena, en ? en : "", names, (size_t)pl->nentities,
                                  "the plugin has"));
        if (!template)
            build_at(b, j, "template_missing", "document %s needs template = \"templates/%s.html\"",
                     d->name, d->name);
        if (d->number && !build_is_number(d->number))
            build_at(b, j, "number_invalid",
                     "document %s: number is a text with {seq} or {seq:4}, and {year}, {month}, "
                     "{day} where wanted",
                     d->name);
        if (d->copies < 0 || d->copies > 10)
            build_at(b, j, "copies_invalid", "document %s: copies is 1 to 10", d->name);
        if (!d->entity || !template) continue;
        const json_t *states = json_object_get(j, "states"), *one;
        size_t k;
        json_array_foreach((json_t *)states, k, one) {
            int s = json_is_string(one) ? entity_state(d->entity, json_string_value(one)) : -1;
            if (s >= 0)
                d->states |= UINT64_C(1) << s;
            else
                build_at(b, j, "state_unknown", "document %s: %s has no state \"%s\"", d->name, en,
                         json_is_string(one) ? json_string_value(one) : "");
        }
        pl->ndocuments++;
    }
}
