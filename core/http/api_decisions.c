// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Why a rule decided as it did.
#include <string.h>
#include "campus/decision.h"
#include "campus/mem.h"
#include "http/api.h"

static enum err absent(struct request *rq, const char *object) {
    gate_record(&rq->gate, "decision.read", object, "refused", "not_found");
    problem_init(&rq->problem, rq->arena);
    return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
}

// Inputs are shown to whoever may reveal every field among them.
static bool may_see(struct request *rq, const struct entity *e, const char *record,
                    const json_t *inputs, const char **owner) {
    struct record r;
    struct verdict v;
    if (store_get(&rq->gate.store, e, record, &r)) return false;
    *owner = r.owner;
    access_decide(rq->release->access, rq->gate.actor, e, "reveal", &r, &v);
    bool all = v.allowed;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)inputs, name, value) {
        const struct field *f = entity_field(e, name);
        all = all && f && (fieldset_has(&v.clear, f->index) || fieldset_has(&v.masked, f->index));
    }
    return all;
}

static enum err look(struct request *rq, const struct entity *e, const char *record,
                     const char *object) {
    struct buf names;
    const char **owner = arena_alloc(rq->arena, sizeof *owner);
    json_t *j;
    struct gate *g = &rq->gate;
    const char *purpose = request_query(rq, "purpose"), *name;
    if (!purpose || !*purpose)
        return problem_add(&rq->problem, ERR_INVALID, "purpose", "required",
                           "say what for: purpose=…");
    enum err x = json_parse(rq->arena, buf_str(&rq->out), rq->out.len, &j, &rq->problem);
    if (x) return x;
    const json_t *inputs = json_object_get(j, "inputs");
    if (!may_see(rq, e, record, inputs, owner)) {
        rq->out.len = 0;
        gate_record(g, "decision.look", object, "refused", "forbidden");
        return problem_set(&rq->problem, ERR_FORBIDDEN, NULL);
    }
    json_t *value;
    buf_init(&names, rq->arena);
    json_object_foreach((json_t *)inputs, name, value)
        buf_printf(&names, "%s%s", names.len ? "," : "", name);
    gate_record(g, "decision.look", object, "ok", "");
    g->notes->row.purpose = purpose;
    g->notes->row.fields = buf_str(&names);
    g->notes->row.subjects = owner, g->notes->row.nsubjects = 1;
    g->must_wait = true; // on record before the answer leaves
    return ERR_OK;
}

enum err decision_answer(struct request *rq) {
    struct gate *g = &rq->gate;
    const char *id = rq->path[1], *entity, *record, *wants = request_query(rq, "inputs");
    bool inputs = wants && !strcmp(wants, "true");
    const char *object = arena_printf(rq->arena, "decision/%s", id);
    enum err e = decision_find(&g->store, id, &entity, &record, inputs, &rq->out);
    if (e && e != ERR_NOT_FOUND) return e;
    const struct entity *ent =
        e ? NULL : schema_entity_full(rq->release->schema, entity, strlen(entity));
    if (!ent || !gate_may_see(g, ent, record)) {
        rq->out.len = 0;
        return absent(rq, object);
    }
    if (inputs) e = look(rq, ent, record, object);
    return e ? e : request_finish(rq);
}
