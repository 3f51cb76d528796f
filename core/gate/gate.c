// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What every passage through the gate shares: audit rows and notes, refusals, finding a record.
#include <string.h>
#include "campus/mem.h"
#include "gate/gate_internal.h"

struct audit_row gate_row(struct gate *g, const char *action, const char *object,
                          const char *outcome, const char *reason) {
    return (struct audit_row){.at = g->now,
                              .actor = g->actor ? g->actor->id : "",
                              .client = g->client,
                              .action = action,
                              .object = object,
                              .outcome = outcome,
                              .reason = reason,
                              .release = g->release ? g->release->number : 0,
                              .request = g->request};
}

void gate_add_row(struct gate *g, const struct audit_row *row) {
    if (g->audit) {
        audit_add(g->audit, row);
        return;
    }
    struct gate_note *n = arena_alloc(g->store.arena, sizeof *n);
    *n = (struct gate_note){g->notes, *row};
    g->notes = n;
}

void gate_record(struct gate *g, const char *action, const char *object, const char *outcome,
                 const char *reason) {
    struct audit_row row = gate_row(g, action, object, outcome, reason);
    gate_add_row(g, &row);
}

const char *gate_object(struct gate *g, const struct entity *e, const char *id) {
    return arena_printf(g->store.arena, "%s/%s", e->full, id);
}

enum err gate_not_found(struct gate *g) {
    return problem_set(g->store.problem, ERR_NOT_FOUND, NULL);
}

enum err gate_refuse(struct gate *g, const char *action, const char *object, const char *why) {
    gate_record(g, action, object, "refused", why);
    return problem_set(g->store.problem, ERR_FORBIDDEN, NULL);
}

enum err gate_permit(struct gate *g, const char *permission, const char *object) {
    if (access_has_permission(g->release->access, g->actor, permission)) return ERR_OK;
    return gate_refuse(g, permission, object, "no_permission");
}

enum err gate_find(struct gate *g, const struct entity *e, const char *id, const char *verb,
                   struct record *r, struct verdict *v) {
    const struct access *x = g->release->access;
    enum err err = store_get(&g->store, e, id, r);
    if (err && err != ERR_NOT_FOUND) return err;
    // The same work and the same words whether it is absent or not for this actor.
    struct record nothing = {.entity = e, .id = "", .state = -1};
    nothing.values = arena_alloc(g->store.arena, sizeof(struct value) * (size_t)(e->nfields + 1));
    access_decide(x, g->actor, e, "read", err ? &nothing : r, v);
    if (err || !v->allowed) {
        gate_record(g, verb, gate_object(g, e, id), "refused", "not_found");
        return gate_not_found(g);
    }
    return ERR_OK;
}

bool gate_may_see(struct gate *g, const struct entity *e, const char *id) {
    struct record r;
    struct verdict v;
    if (store_get(&g->store, e, id, &r)) return false;
    access_decide(g->release->access, g->actor, e, "read", &r, &v);
    return v.allowed;
}
