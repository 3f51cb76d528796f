// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Obligations through the gate: who sees them, who closes them and with what.
#include <string.h>
#include "campus/file.h"
#include "campus/mem.h"
#include "campus/obligation.h"
#include "gate/gate_internal.h"

enum { NOTE_MAX = 4000 };
static const char PERMISSION[] = "core.obligations";

enum err gate_open_obligations(struct gate *g) {
    const struct schema *s = g->release->schema;
    enum err err = ERR_OK;
    for (int i = 0; i < s->nplugins && !err; i++) {
        struct flow f = gate_flow(g, &s->plugins[i]);
        for (int k = 0; k < s->plugins[i].nobligations && !err; k++)
            err = obligation_open(&f, &s->plugins[i].obligations[k], g->release->tz);
    }
    return err;
}

static bool is_mine(struct gate *g, const struct obligation *o) {
    const struct access *x = g->release->access;
    int role = strncmp(o->owner, "role:", 5) ? -1 : access_role(x, o->owner + 5);
    return g->actor->is_system || (role >= 0 && fieldset_has(&g->actor->roles, role)) ||
           access_has_permission(x, g->actor, PERMISSION);
}

static const struct obligation_decl *declared(struct gate *g, const char *full) {
    const struct schema *s = g->release->schema;
    for (int i = 0; i < s->nplugins; i++)
        for (int k = 0; k < s->plugins[i].nobligations; k++)
            if (!strcmp(s->plugins[i].obligations[k].full, full))
                return &s->plugins[i].obligations[k];
    return NULL;
}

static void one_json(struct gate *g, const struct obligation *o, struct buf *out) {
    const struct obligation_decl *d = declared(g, o->name);
    json_sep(out), buf_putc(out, '{');
    json_kv_str(out, "id", o->id);
    json_kv_str(out, "name", o->name);
    json_kv_str(out, "period", o->period);
    json_kv_str(out, "state", o->closed_at ? "closed" : "open");
    json_key(out, "title"), buf_putc(out, '{');
    json_kv_str(out, "zh", o->title.zh);
    json_kv_str(out, "en", o->title.en);
    buf_putc(out, '}');
    json_key(out, "serves"), buf_putc(out, '[');
    for (const char **c = d ? d->serves : NULL; c && *c; c++) json_sep(out), json_cstr(out, *c);
    buf_putc(out, ']');
    json_kv_str(out, "owner", o->owner);
    json_kv_str(out, "evidence", o->evidence);
    if (*o->entity) json_kv_str(out, "entity", o->entity);
    json_kv_time(out, "opened_at", o->opened_at);
    json_kv_time(out, "due_at", o->due_at);
    json_kv_bool(out, "overdue", (o->closed_at ? o->closed_at : g->now) > o->due_at);
    if (o->closed_at) {
        json_kv_time(out, "closed_at", o->closed_at);
        json_kv_str(out, "closed_by", o->closed_by);
        json_kv_str(out, "note", o->note);
        if (o->file) json_kv_str(out, "file", o->file);
        if (o->record) json_kv_str(out, "record", o->record);
    }
}

enum err gate_obligations(struct gate *g, const char *state, int limit, struct buf *out) {
    struct obligation *list;
    int n, nowners = 0;
    const struct access *x = g->release->access;
    const char **owners =
        arena_alloc(g->store.arena, sizeof *owners * (size_t)(access_role_count(x) + 1));
    for (int i = 0; i < access_role_count(x); i++)
        if (fieldset_has(&g->actor->roles, i))
            owners[nowners++] = arena_printf(g->store.arena, "role:%s", access_role_name(x, i));
    if (g->actor->is_system || access_has_permission(x, g->actor, PERMISSION)) owners = NULL;
    bool closed = state && !strcmp(state, "closed");
    if (state && !closed && strcmp(state, "open"))
        return problem_add(g->store.problem, ERR_INVALID, "state", "choice",
                           "must be open or closed");
    enum err err = obligation_find(g->store.db, closed, owners, nowners, limit + 1, &list, &n,
                                   g->store.problem);
    if (err) return err;
    buf_puts(out, "{\"items\":[");
    for (int i = 0; i < n && i < limit; i++) one_json(g, &list[i], out), buf_putc(out, '}');
    buf_putc(out, ']');
    json_kv_bool(out, "more", n > limit);
    buf_putc(out, '}');
    return ERR_OK;
}

static enum err get(struct gate *g, const char *id, struct obligation *o) {
    enum err err = obligation_get(g->store.db, id, o, g->store.problem);
    if (err && err != ERR_NOT_FOUND) return err;
    return err || !is_mine(g, o) ? gate_not_found(g) : ERR_OK;
}

enum err gate_obligation(struct gate *g, const char *id, struct buf *out) {
    struct obligation o;
    enum err err = get(g, id, &o);
    if (err) return err;
    one_json(g, &o, out);
    json_key(out, "deadline");
    err = deadline_json(g->store.db, o.id, out, g->store.problem);
    buf_putc(out, '}');
    return err;
}

static enum err text_of(struct gate *g, const json_t *body, const char *key, bool required,
                        const char **out) {
    const json_t *j = json_object_get(body, key);
    const char *pointer = arena_printf(g->store.arena, "/%s", key);
    *out = json_string_value(j);
    if (j && !json_is_null(j) && !*out)
        return problem_add(g->store.problem, ERR_INVALID, pointer, "type", "must be a text");
    if (*out && json_string_length(j) > NOTE_MAX)
        return problem_add(g->store.problem, ERR_INVALID, pointer, "too_long", "at most %d bytes",
                           NOTE_MAX);
    if (required && (!*out || !**out))
        return problem_add(g->store.problem, ERR_INVALID, pointer, "required",
                           "is the evidence that closes it");
    return ERR_OK;
}

static enum err evidence(struct gate *g, const json_t *body, struct obligation *o) {
    static const char *const keys[] = {"note", "file", "record"};
    bool record = !strcmp(o->evidence, "record"), file = !strcmp(o->evidence, "document");
    const char *key;
    json_t *v;
    enum err err = ERR_OK;
    json_object_foreach((json_t *)body, key, v) {
        bool known = !strcmp(key, keys[0]) || (file && !strcmp(key, keys[1])) ||
                     (record && !strcmp(key, keys[2]));
        if (!known)
            err =
                problem_add(g->store.problem, ERR_INVALID, arena_printf(g->store.arena, "/%s", key),
                            "unknown_field", "there is no such member here");
    }
    enum err e = text_of(g, body, "note", !record && !file, &o->note);
    if (!e) e = text_of(g, body, "file", file, &o->file);
    if (!e) e = text_of(g, body, "record", record, &o->record);
    if (e || err) return e ? e : err;
    struct file_row row;
    if (file && gate_file(g, o->file, false, NULL, &row)) {
        problem_init(g->store.problem, g->store.arena);
        return problem_add(g->store.problem, ERR_INVALID, "/file", "not_found",
                           "there is no such file");
    }
    const struct entity *of =
        record ? schema_entity_full(g->release->schema, o->entity, strlen(o->entity)) : NULL;
    if (record && (!of || !gate_may_see(g, of, o->record)))
        return problem_add(g->store.problem, ERR_INVALID, "/record", "not_found",
                           "there is no such record of %s", o->entity);
    return ERR_OK;
}

enum err gate_close_obligation(struct gate *g, const char *id, const json_t *body,
                               struct buf *out) {
    struct obligation o;
    enum err err = get(g, id, &o);
    if (!err) err = evidence(g, body, &o);
    if (err) return err;
    struct flow f = gate_flow(g, NULL);
    err = obligation_close(&f, &o);
    if (err) return err;
    gate_record(g, "obligation.close", arena_printf(g->store.arena, OBLIGATIONS "/%s", o.id), "ok",
                "");
    return gate_obligation(g, id, out);
}
