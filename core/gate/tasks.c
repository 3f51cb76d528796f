// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Checklists: entering a state makes its tasks, in the same transaction; a transition that is
// checked waits for them, any other leaves them behind cancelled.
#include <string.h>
#include "campus/mem.h"
#include "gate/gate_internal.h"

// The tasks of a record's checklists that are still open, each handed to fn.
static enum err each_open(struct gate *g, const struct record *r,
                          enum err (*fn)(struct gate *g, const struct record *task)) {
    struct store *s = &g->store;
    const struct entity *e = r->entity->tasks;
    const char **ids = NULL;
    int n = 0, room = 0;
    struct stmt *st =
        db_query(s->db, s->problem,
                 arena_printf(s->arena,
                              "SELECT id FROM %s WHERE %s=$1 AND state=$2 AND archived_at=0"
                              " AND f_step IS NOT NULL ORDER BY n",
                              e->table, e->part_of[0]->column),
                 "tt", r->id, e->workflow->states[e->workflow->start].name);
    enum err err = ERR_OK;
    while (stmt_next(st, &err, s->problem)) {
        if (n == room) {
            const char **more = arena_alloc(s->arena, sizeof *more * (size_t)(room += 64));
            if (n) memcpy(more, ids, sizeof *more * (size_t)n);
            ids = more;
        }
        ids[n++] = arena_strdup(s->arena, stmt_text(st, 0, NULL));
    }
    for (int i = 0; i < n && !err; i++) {
        struct record task;
        err = store_get(s, e, ids[i], &task);
        if (!err) err = fn(g, &task);
    }
    return err;
}

static enum err name_it(struct gate *g, const struct record *task) {
    struct problem *p = g->store.problem;
    const struct value *title = &task->values[entity_field(task->entity, "title")->index];
    const char *text = title->kind == VALUE_TEXT ? arena_strndup(p->arena, title->p, title->n) : "";
    problem_say(p, ERR_CONFLICT, "/state", "task_open",
                arena_printf(p->arena, "still to be done: %s", text),
                arena_printf(p->arena, "尚未完成：%s", text));
    return ERR_OK;
}

enum err tasks_checked(struct gate *g, const struct record *r, const struct transition *t) {
    unsigned before = g->store.problem->count;
    enum err e = t->checked ? each_open(g, r, name_it) : ERR_OK;
    return e || g->store.problem->count == before ? e : ERR_CONFLICT;
}

static enum err cancel(struct gate *g, const struct record *found) {
    struct record task = *found;
    struct input in = {.values = task.values};
    const struct transition *t = entity_transition(task.entity, "cancel");
    const struct field *exceeded;
    enum err e = t ? effects_transition(g, &task, t, &in, &exceeded) : ERR_INTERNAL;
    if (!e)
        e = store_update(&g->store, &task, &in, t->to, t->name, g->actor->id, g->now,
                         g->release->number);
    if (e) return e;
    gate_record(g, t->name, gate_object(g, task.entity, task.id), "ok", "");
    return gate_publish(g, &task, task.entity->workflow->states[t->to].name);
}

static void put(struct input *in, const struct entity *e, const char *field, const char *text) {
    const struct field *f = entity_field(e, field);
    if (f && text) input_put(in, f, value_text(text));
}

static const char *due_on(struct gate *g, const struct checklist_decl *c, const json_t *within) {
    struct arena *a = g->store.arena;
    struct duration d;
    struct buf b;
    char *day = arena_alloc(a, 11);
    if (!within) return NULL;
    buf_init(&b, a);
    json_dom(&b, within);
    if (!duration_parse(json_is_string(within) ? json_string_value(within) : buf_str(&b), &d))
        return NULL;
    tz_date(g->release->tz, calendar_add(c->calendar, g->now, d), day);
    return day;
}

static enum err make(struct gate *g, const struct record *r, const struct checklist_decl *c,
                     const json_t *item) {
    struct arena *a = g->store.arena;
    const struct entity *e = r->entity->tasks;
    const json_t *title = json_object_get(item, "title");
    const char *owner = json_string_value(json_object_get(item, "owner")), *who = NULL;
    const char *in_zh = json_string_value(json_object_get(title, "zh")),
               *in_en = json_string_value(json_object_get(title, "en"));
    struct title names = {in_zh, in_en};
    struct record task;
    struct input in = {.values = arena_alloc(a, sizeof(struct value) * (size_t)(e->nfields + 1))};
    if (owner && !strcmp(owner, "$actor")) owner = arena_printf(a, "person:%s", g->actor->id);
    if (owner && !strchr(owner, ':')) owner = arena_printf(a, "field:%s", owner);
    if (owner) who = flow_audience(a, owner, r->entity, r->values);
    put(&in, e, e->part_of[0]->name, r->id);
    put(&in, e, "step", arena_strdup(a, json_string_value(json_object_get(item, "name"))));
    put(&in, e, "title",
        arena_strdup(a, json_is_string(title) ? json_string_value(title)
                                              : title_in(&names, g->release->language, "?")));
    if (who && !strncmp(who, "person:", 7))
        put(&in, e, "assignee", who + 7);
    else if (who)
        put(&in, e, "role", who + strlen("role:"));
    put(&in, e, "due_on", due_on(g, c, json_object_get(item, "within")));
    effects_before_create(g, e, &in);
    enum err err = store_insert(&g->store, e, &in, g->actor->id, g->now, 0, &task);
    if (!err) err = effects_created(g, &task);
    if (err) return err;
    gate_record(g, "create", gate_object(g, e, task.id), "ok", "");
    return gate_publish(g, &task, "created");
}

enum err tasks_entered(struct gate *g, const struct record *r, int before) {
    const struct workflow *w = r->entity->workflow;
    if (!r->entity->tasks || before == r->state) return ERR_OK;
    const struct checklist_decl *c = w->states[r->state].checklist;
    enum err e = before >= 0 && w->states[before].checklist ? each_open(g, r, cancel) : ERR_OK;
    if (e || !c) return e;
    const json_t *items = c->items, *item;
    size_t i;
    if (c->policy) {
        const struct policy_revision *p = release_policy(g->release, r->entity->plugin, g->today);
        const char *v = p ? policy_value(p, c->policy) : NULL;
        json_t *list = NULL;
        if (v) e = json_parse(g->store.arena, v, strlen(v), &list, g->store.problem);
        items = list;
    }
    json_array_foreach((json_t *)items, i, item) if (!e) e = make(g, r, c, item);
    return e;
}
