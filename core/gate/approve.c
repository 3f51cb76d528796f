// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Approvals through the gate: cases shown to whoever may see the record, and what people do with
// them beside the transition itself, which is write.c's.
#include <string.h>
#include "campus/mem.h"
#include "campus/todo.h"
#include "gate/gate_internal.h"

struct approving gate_approving(struct gate *g, const struct record *r, const char *verb) {
    struct verdict v = {0};
    const struct plugin *pl = r->entity->plugin;
    if (r->entity->workflow && entity_transition(r->entity, verb))
        access_decide(g->release->access, g->actor, r->entity, verb, r, &v);
    return (struct approving){.store = &g->store,
                              .access = g->release->access,
                              .plans = g->release->approvals,
                              .policy = release_policy(g->release, pl, g->today),
                              .actor = g->actor,
                              .today = g->today,
                              .request = g->request,
                              .now = g->now,
                              .release = g->release->number,
                              .allowed = v.allowed};
}

// The case and its record, as far as the actor may see the record.
static enum err find(struct gate *g, const char *id, struct approval_case **c, struct record *r,
                     const struct entity **e) {
    struct approving ap = {.store = &g->store, .plans = g->release->approvals};
    struct verdict v;
    *r = (struct record){0};
    enum err err = approval_get(&ap, g->release->schema, id, c);
    if (err) return err;
    const char *full = approval_case_entity(*c);
    *e = schema_entity_full(g->release->schema, full, strlen(full));
    if (*e) return gate_find(g, *e, approval_case_record(*c), "approval", r, &v);
    gate_not_found(g);
    return ERR_NOT_FOUND;
}

static struct approving of_case(struct gate *g, const struct approval_case *c,
                                const struct record *r) {
    const struct transition *t = approval_case_transition(c);
    return gate_approving(g, r, t ? t->name : "");
}

enum err gate_approval(struct gate *g, const char *id, struct buf *out) {
    struct approval_case *c;
    struct record r;
    const struct entity *e;
    enum err err = find(g, id, &c, &r, &e);
    if (err) return err;
    struct approving ap = of_case(g, c, &r);
    approval_json(&ap, c, &r, out);
    return ERR_OK;
}

enum err gate_approvals(struct gate *g, const struct entity *e, const char *id, struct buf *out) {
    struct record r;
    struct verdict v;
    struct approval_case **list;
    int n;
    enum err err = gate_find(g, e, id, "approval", &r, &v);
    if (err) return err;
    struct approving ap = gate_approving(g, &r, "");
    err = approval_list(&ap, &r, &list, &n);
    buf_puts(out, "{\"items\":[");
    for (int i = 0; !err && i < n; i++) {
        ap = of_case(g, list[i], &r);
        json_sep(out), approval_json(&ap, list[i], &r, out);
    }
    buf_puts(out, "]}");
    return err;
}

enum err gate_approval_way(struct gate *g, const char *id, const char *verb,
                           const struct entity **e, const char **record,
                           const struct transition **t) {
    struct approval_case *c;
    struct record r;
    enum err err = find(g, id, &c, &r, e);
    if (err) return err;
    const struct transition *signs = approval_case_transition(c);
    const struct approval_decl *d = signs ? approval_of(g->release->approvals, *e, signs) : NULL;
    *record = r.id;
    *t = !d                          ? NULL
         : !strcmp(verb, "return")   ? d->back
         : !strcmp(verb, "withdraw") ? d->recall
                                     : signs;
    return *t ? ERR_OK
              : problem_set(g->store.problem, ERR_CONFLICT, "there is no way to %s here", verb);
}

bool gate_may_sign(struct gate *g, const char *approval) {
    struct approval_case *c;
    struct record r;
    const struct entity *e;
    struct gate quiet = *g;
    struct problem p;
    problem_init(&p, g->store.arena);
    quiet.store.problem = &p;
    if (find(&quiet, approval, &c, &r, &e)) return false;
    struct approving ap = of_case(&quiet, c, &r);
    return ap.allowed && !approval_why_not(&ap, c, &r, g->actor);
}

enum err gate_approval_explain(struct gate *g, const struct actor *who, const struct transition *t,
                               const struct record *r, struct buf *out) {
    struct approval_case **list;
    int n;
    struct approving ap = gate_approving(g, r, t->name);
    enum err e = approval_list(&ap, r, &list, &n);
    for (int i = 0; i < n && !e; i++) {
        if (approval_case_transition(list[i]) != t || !approval_step(list[i])) continue;
        const char *why = approval_why_not(&ap, list[i], r, who);
        buf_trim(out, 1);
        json_key(out, "approval"), buf_putc(out, '{');
        json_kv_int(out, "step", approval_step(list[i]));
        json_kv_bool(out, "may", !why);
        json_kv_str(out, "why", why);
        buf_puts(out, "}}");
        break;
    }
    return e;
}

enum err gate_approval_do(struct gate *g, const char *id, const char *verb, const json_t *body,
                          struct buf *out, int *retry_s) {
    struct approval_case *c;
    struct record r;
    const struct entity *e;
    struct act a;
    const char *event = NULL;
    enum err err = find(g, id, &c, &r, &e);
    if (err) return err;
    err = gate_act_begin(&a, g, e, arena_printf(g->store.arena, "approval.%s", verb), r.id);
    if (err) return err;
    a.record = &r;
    struct approving ap = of_case(g, c, &r);
    err = approval_do(&ap, c, &r, verb, body, &event);
    *retry_s = ap.retry_s;
    err = gate_act_end(&a, err, event);
    if (!err) approval_json(&ap, c, &r, out);
    return err;
}

enum err gate_person_left(struct gate *g, const char *person) {
    static const struct actor core = {
        .id = "core", .name = "core", .session = "", .is_system = true};
    struct gate own = *g; // whoever closes an account need not see what it was asked to sign
    struct people_list refs = {0};
    own.actor = &core;
    enum err e = todo_refs(g->store.db, arena_printf(g->store.arena, "person:%s", person), &refs,
                           g->store.problem);
    for (int i = 0; i < refs.n && !e; i++) {
        struct approval_case *c;
        struct record r;
        const struct entity *ent;
        e = find(&own, refs.ids[i], &c, &r, &ent);
        struct approving ap = {0};
        if (!e) ap = of_case(&own, c, &r);
        if (!e) e = approval_alert(&ap, c, &r);
        if (e == ERR_NOT_FOUND) problem_init(g->store.problem, g->store.arena), e = ERR_OK;
    }
    return e;
}

static enum err lapse(struct gate *g, const char *id) {
    struct approval_case *c;
    struct record r;
    const struct entity *e;
    struct act a;
    bool lapsed = false;
    enum err err = find(g, id, &c, &r, &e);
    if (err) return err;
    err = gate_act_begin(&a, g, e, "approval.lapse", r.id);
    if (err) return err;
    a.record = &r;
    struct approving ap = of_case(g, c, &r);
    err = approval_lapse(&ap, c, &r, &lapsed);
    return gate_act_end(&a, err, "approval.reopened");
}

enum err gate_approvals_lapse(struct gate *g) {
    enum { AT_ONCE = 500 };
    const char **ids;
    int n;
    enum err e = approval_overdue(g->store.db, g->now, AT_ONCE, &ids, &n, g->store.problem);
    for (int i = 0; i < n && !e; i++) {
        e = lapse(g, ids[i]);
        if (e == ERR_NOT_FOUND) problem_init(g->store.problem, g->store.arena), e = ERR_OK;
    }
    return e;
}
