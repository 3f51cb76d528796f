// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The trail of a record's approvals for its documents: who signed or returned it, when, with what
// note; all rounds, the oldest first.
#include <stdlib.h>
#include <string.h>
#include "campus/mem.h"
#include "gate/gate_internal.h"

static const char *called(struct gate *g, const char *person) {
    struct stmt *st =
        db_query(g->store.db, NULL, "SELECT display FROM core_people WHERE id=$1", "t", person);
    const char *name =
        stmt_first(st, NULL) ? person : arena_strdup(g->store.arena, stmt_text(st, 0, NULL));
    stmt_reset(st);
    return name;
}

static void put(struct gate *g, json_t *list, const char *step, const json_t *act) {
    const char *person = json_string_value(json_object_get(act, "person"));
    json_array_append_new(list, json_pack("{s:s,s:s,s:O?,s:O?}", "step", step ? step : "", "name",
                                          person ? called(g, person) : "", "at",
                                          json_object_get(act, "at"), "note",
                                          json_object_get(act, "note")));
}

static void put_case(struct gate *g, json_t *list, const json_t *one, enum lang lang) {
    const json_t *step, *act;
    size_t i, k;
    json_array_foreach(json_object_get(one, "steps"), i, step) {
        const json_t *title = json_object_get(step, "title");
        const char *word = json_string_value(json_object_get(title, lang == LANG_ZH ? "zh" : "en"));
        if (!word) word = json_string_value(json_object_get(step, "name"));
        json_array_foreach(json_object_get(step, "signatures"), k, act) put(g, list, word, act);
    }
    json_array_foreach(json_object_get(one, "log"), k, act) {
        const char *kind = json_string_value(json_object_get(act, "kind"));
        if (kind && !strcmp(kind, "return"))
            put(g, list, lang == LANG_ZH ? "退回" : "Returned", act);
    }
}

enum err gate_trail(struct gate *g, const struct entity *e, const char *id, enum lang lang,
                    json_t *record) {
    struct buf b;
    json_t *all, *list = json_array();
    buf_init(&b, g->store.arena);
    json_object_set_new(record, "_approvals", list);
    enum err err = gate_approvals(g, e, id, &b);
    if (!err) err = json_parse(g->store.arena, b.data, b.len, &all, g->store.problem);
    if (err) return err;
    const json_t *items = json_object_get(all, "items");
    for (size_t i = json_array_size(items); i-- > 0;)
        put_case(g, list, json_array_get(items, i), lang);
    return ERR_OK;
}
