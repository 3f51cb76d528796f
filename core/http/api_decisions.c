// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Why a rule decided as it did, and what a changed policy would have decided.
#include <string.h>
#include "campus/clock.h"
#include "campus/decision.h"
#include "campus/lab.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "http/api.h"

enum { FLIPS_SHOWN = 1000 };

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

struct trial {
    const char *yaml;
    size_t n;
    const struct plugin *plugin;
    int64_t since;
    struct request *rq;
    struct buf flips;
    int shown, hidden;
};

// Lists a flip if the caller may see its record; the others are only counted.
static enum err keep_flip(void *self, const char *line, size_t n) {
    struct trial *t = self;
    struct gate g = t->rq->gate;
    struct problem quiet;
    json_t *j;
    g.store.arena = arena_new(1 << 20);
    if (!g.store.arena) return ERR_NOMEM;
    problem_init(&quiet, g.store.arena);
    g.store.problem = &quiet;
    enum err e = json_parse(g.store.arena, line, n, &j, &quiet);
    const char *full = e ? NULL : json_string_value(json_object_get(j, "entity"));
    const char *record = e ? NULL : json_string_value(json_object_get(j, "record"));
    const struct entity *en =
        full ? schema_entity_full(g.release->schema, full, strlen(full)) : NULL;
    bool seen = en && record && gate_may_see(&g, en, record);
    arena_free(g.store.arena);
    if (e) return e;
    if (!seen) {
        t->hidden++;
        return ERR_OK;
    }
    if (t->shown++ >= FLIPS_SHOWN) return ERR_OK;
    json_sep(&t->flips);
    buf_put(&t->flips, line, n);
    return ERR_OK;
}

static enum err try_policy(struct request *rq) {
    struct trial *t = rq->state;
    struct pool *pool;
    struct policy *policy;
    struct lab_totals sum;
    enum err e = release_trial(rq->release, t->plugin, t->yaml, t->n, rq->arena, &pool, &policy,
                               &rq->problem);
    if (e) return e;
    struct lab lab = {pool, t->plugin->name, policy, t->since};
    t->rq = rq;
    buf_init(&t->flips, rq->arena);
    buf_putc(&t->flips, '[');
    e = lab_replay(&rq->gate.store, &lab, keep_flip, t, &sum);
    pool_close(pool);
    if (e) return e;
    buf_putc(&rq->out, '{');
    json_kv_str(&rq->out, "plugin", t->plugin->name);
    json_kv_int(&rq->out, "replayed", sum.replayed);
    json_kv_int(&rq->out, "flipped", sum.flipped);
    json_kv_int(&rq->out, "to_pass", sum.to_pass);
    json_kv_int(&rq->out, "to_fail", sum.to_fail);
    json_kv_int(&rq->out, "failed", sum.failed);
    json_kv_int(&rq->out, "erased", sum.erased);
    json_kv_int(&rq->out, "not_shown", t->hidden);
    json_key(&rq->out, "flips"), buf_put(&rq->out, t->flips.data, t->flips.len);
    buf_puts(&rq->out, "]}");
    return ERR_OK;
}

// {"plugin", "yaml": in place of the school's own files, "since"}: the first thousand flips.
enum err policy_try(struct request *rq) {
    static const char *const keys[] = {"plugin", "yaml", "since", NULL};
    struct trial *t = rq->state = arena_alloc(rq->arena, sizeof *t);
    const char *plugin, *since;
    const json_t *body;
    enum err e = request_body(rq, &body);
    if (!e) e = api_only(rq, body, keys);
    if (!e) e = api_text(rq, body, "plugin", 64, true, &plugin);
    if (!e) e = api_text(rq, body, "since", 40, false, &since);
    if (e) return e;
    const json_t *yaml = json_object_get(body, "yaml");
    if (!json_is_string(yaml))
        return problem_add(&rq->problem, ERR_INVALID, "/yaml", "required", "the policy's text");
    t->yaml = json_string_value(yaml), t->n = json_string_length(yaml);
    t->plugin = schema_plugin(rq->release->schema, plugin);
    if (!t->plugin)
        return problem_add(&rq->problem, ERR_INVALID, "/plugin", "unknown",
                           "there is no such plugin");
    int64_t days;
    if (since && text_to_days(since, strlen(since), &days)) {
        t->since = days * 86400000;
        t->since -= (int64_t)tz_offset_s(rq->release->tz, t->since) * 1000;
    } else if (since && !text_to_time(since, strlen(since), &t->since))
        return problem_add(&rq->problem, ERR_INVALID, "/since", "type", "must be a date or a time");
    gate_record(&rq->gate, "policy.try", arena_printf(rq->arena, "policy/%s", plugin), "ok", "");
    return request_move(rq, ON_REPORTS, try_policy);
}
