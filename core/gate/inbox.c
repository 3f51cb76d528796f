// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What waits for the caller: the to-dos of all that they are, as far as they may see the records.
#include <stdlib.h>
#include <string.h>
#include "campus/mem.h"
#include "campus/todo.h"
#include "gate/gate_internal.h"

enum { SCANNED_MAX = 2000 };

static void titles(struct buf *out, const char *key, const struct title *t) {
    json_key(out, key), buf_putc(out, '{');
    json_kv_str(out, "zh", t->zh);
    json_kv_str(out, "en", t->en);
    buf_putc(out, '}');
}

static enum err item(struct gate *g, const struct todo *t, const struct entity *e, bool expand,
                     struct buf *out) {
    json_sep(out), buf_putc(out, '{');
    const char *keys[] = {"id", "kind", "ref", "audience"};
    const char *texts[] = {t->id, t->kind, t->ref, t->audience};
    for (int i = 0; i < 4; i++) json_kv_str(out, keys[i], texts[i]);
    titles(out, "title", &t->title);
    json_kv_time(out, "created_at", t->created_at);
    json_kv_time(out, "urged_at", t->urged_at);
    json_kv_time(out, "due_at", t->due_at == TODO_NO_DUE ? 0 : t->due_at);
    json_kv_bool(out, "overdue", t->due_at < g->now);
    if (e) {
        json_kv_str(out, "entity", e->full);
        titles(out, "entity_title", &e->title);
        json_kv_str(out, "record", t->record);
        json_kv_str(
            out, "path",
            arena_printf(g->store.arena, "/api/v1/%s/%s/%s", e->plugin->name, e->name, t->record));
    }
    enum err err = ERR_OK;
    if (e && expand) {
        struct look none = {0};
        json_key(out, "expanded");
        err = gate_get(g, e, t->record, &none, out, NULL);
    }
    buf_putc(out, '}');
    return err;
}

// The record behind a to-do, if it is there and the caller's to see.
static bool is_for(struct gate *g, const struct todo *t, const struct entity **e) {
    *e = NULL;
    if (!*t->entity) return true;
    *e = schema_entity_full(g->release->schema, t->entity, strlen(t->entity));
    if (*e && !strcmp(t->kind, "approval")) return gate_may_sign(g, t->ref);
    return *e && gate_may_see(g, *e, t->record);
}

enum err gate_inbox(struct gate *g, const char *kind, const char *cursor, int limit, bool expand,
                    struct buf *out) {
    struct todo_page pg = {.kind = kind ? kind : "", .after_id = "", .limit = limit + 1};
    pg.audiences = todo_audiences(g->release->access, g->actor, g->store.arena, &pg.naudiences);
    char *dot = NULL;
    if (cursor) {
        pg.after_due = strtoll(cursor, &dot, 10);
        if (*dot != '.' || dot == cursor)
            return problem_add(g->store.problem, ERR_INVALID, "cursor", "cursor",
                               "this is no cursor of the inbox");
        pg.after_id = dot + 1;
    }
    int shown = 0, scanned = 0;
    const struct todo *last = NULL;
    bool end = false, more = false;
    buf_puts(out, "{\"items\":[");
    while (!end && !more) {
        struct todo *list;
        int n;
        enum err err = todo_find(g->store.db, &pg, &list, &n, g->store.problem);
        if (err) return err;
        end = n <= limit;
        for (int i = 0; i < n && !more; i++) {
            const struct entity *e;
            more = shown == limit || scanned++ == SCANNED_MAX;
            if (more) break;
            last = &list[i];
            if (!is_for(g, last, &e)) continue;
            err = item(g, last, e, expand, out);
            if (err) return err;
            shown++;
        }
        if (last) pg.after_due = last->due_at, pg.after_id = last->id;
    }
    buf_puts(out, "],\"next\":");
    json_cstr(out, more && last
                       ? arena_printf(g->store.arena, "%lld.%s", (long long)last->due_at, last->id)
                       : NULL);
    buf_putc(out, '}');
    return ERR_OK;
}
