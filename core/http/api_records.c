// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Records over HTTP: list, create, read, update, archive, history, transitions.
#include <sodium.h>
#include <string.h>
#include "campus/mem.h"
#include "campus/wake.h"
#include "http/api.h"
#include "http/app_internal.h"

static enum err entity_of(struct request *rq, const struct entity **out) {
    *out = schema_entity(rq->release->schema, rq->path[0], rq->path[1]);
    return *out ? ERR_OK : problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
}

enum err request_params(struct request *rq, struct arena *a, struct param **out, int *n) {
    enum { MAX = 200 };
    struct param *params = *out = arena_alloc(a, sizeof *params * MAX);
    const char *at = rq->http->query, *name, *value;
    bool bad = false;
    *n = 0;
    while (http_query_next(rq->http, &at, &name, &value, &bad)) {
        if (*n == MAX)
            return problem_set(&rq->problem, ERR_INVALID, "more than %d parameters", MAX);
        params[(*n)++] = a == rq->arena
                             ? (struct param){name, value}
                             : (struct param){arena_strdup(a, name), arena_strdup(a, value)};
    }
    return bad ? problem_set(&rq->problem, ERR_BAD_REQUEST, "the query does not decode") : ERR_OK;
}

enum err request_parse_query(struct request *rq, const struct entity *e, int kind,
                             struct query *out) {
    struct param *params;
    int n;
    enum err err = request_params(rq, rq->arena, &params, &n);
    return err ? err
               : query_parse(rq->arena, app_keyring(rq->app), e, kind, params, n, out,
                             &rq->problem);
}

static enum err list(struct request *rq) {
    const struct entity *e;
    struct query q;
    enum err err = entity_of(rq, &e);
    if (!err) err = request_parse_query(rq, e, QUERY_LIST, &q);
    if (!err) err = gate_list(&rq->gate, e, &q, &rq->out);
    return err ? err : request_finish(rq);
}

static enum err get_asked(struct request *rq) {
    const struct entity *e;
    struct query q;
    int64_t rev = 0;
    enum err err = entity_of(rq, &e);
    if (!err) err = request_parse_query(rq, e, QUERY_RECORD, &q);
    if (!err) err = gate_get(&rq->gate, e, rq->path[2], &q.look, &rq->out, &rev);
    if (err) return err;
    request_etag(rq, rev);
    return request_finish(rq);
}

static enum err get(struct request *rq) {
    const struct entity *e;
    enum err err = entity_of(rq, &e);
    return err ? err : request_ask(rq, e->sql_get, rq->path[2], get_asked);
}

static enum err history(struct request *rq) {
    const struct entity *e;
    enum err err = entity_of(rq, &e);
    return err ? err : gate_history(&rq->gate, e, rq->path[2], &rq->out);
}

static enum err same_person(struct request *rq) {
    const struct entity *e;
    enum err err = entity_of(rq, &e);
    return err ? err : gate_subject(&rq->gate, e, rq->path[2], &rq->out);
}

// What a write carries from the HTTP thread to the lane.
struct write {
    const struct entity *entity;
    struct input input;
    struct ruling ruling;
    int64_t if_match;
    const char *key; // Idempotency-Key
    uint8_t hash[16];
};

// The same key with the same request answers what the first one did, read anew through the gate.
static enum err replayed(struct request *rq, struct write *w, bool *done) {
    struct idem seen;
    *done = false;
    if (!w->key) return ERR_OK;
    enum err e =
        idem_find(&rq->gate.store, rq->gate.actor->id, w->key, w->hash, rq->gate.now, &seen);
    if (e || !seen.found) return e;
    if (seen.mismatch) return problem_set(&rq->problem, ERR_IDEMPOTENCY, NULL);
    *done = true;
    rq->status = seen.status;
    int64_t rev = 0;
    struct look none = {0};
    http_add_header(rq->http, "Idempotent-Replayed", "true");
    if (seen.status == 204) return ERR_OK;
    e = gate_get(&rq->gate, w->entity, seen.record, &none, &rq->out, &rev);
    if (!e) request_etag(rq, rev);
    return e;
}

static enum err remember(struct request *rq, struct write *w, int status, const char *id) {
    if (!w->key) return ERR_OK;
    return idem_put(&rq->gate.store, rq->gate.actor->id, w->key, w->hash, status, w->entity->full,
                    id, rq->gate.now);
}

enum err request_idem(struct request *rq, const char **key, uint8_t hash[16]) {
    struct http_request *http = rq->http;
    uint8_t secret[32];
    *key = http_header(http, "Idempotency-Key");
    if (!*key) return ERR_OK;
    size_t n = strlen(*key);
    if (n < 1 || n > 255)
        return problem_set(&rq->problem, ERR_BAD_REQUEST,
                           "Idempotency-Key takes 1 to 255 characters");
    enum err e = keyring_derive(app_keyring(rq->app), "idempotency", secret);
    if (e) return e;
    crypto_generichash_state h;
    crypto_generichash_init(&h, secret, sizeof secret, 16);
    crypto_generichash_update(&h, (const uint8_t *)http->method, strlen(http->method) + 1);
    crypto_generichash_update(&h, (const uint8_t *)http->path, strlen(http->path) + 1);
    crypto_generichash_update(&h, (const uint8_t *)http->body, http->body_n);
    crypto_generichash_final(&h, hash, 16);
    sodium_memzero(secret, sizeof secret);
    return ERR_OK;
}

static enum err write_begin(struct request *rq, struct write **out) {
    struct write *w = rq->state = arena_alloc(rq->arena, sizeof *w);
    *out = w;
    rq->own_savepoint = rq->light = true;
    enum err e = entity_of(rq, &w->entity);
    if (!e) e = request_if_match(rq, &w->if_match);
    return e ? e : request_idem(rq, &w->key, w->hash);
}

static enum err create_on_lane(struct request *rq) {
    struct write *w = rq->state;
    const char *id = NULL;
    bool done;
    enum err e = replayed(rq, w, &done);
    if (e || done) return e;
    e = gate_create(&rq->gate, w->entity, &w->input, &rq->out, &id);
    if (!e) e = remember(rq, w, 201, id);
    if (e) return e;
    rq->status = 201;
    http_add_header(rq->http, "Location",
                    arena_printf(rq->arena, "/api/v1/%s/%s/%s", rq->path[0], rq->path[1], id));
    request_etag(rq, 1);
    return ERR_OK;
}

static enum err create(struct request *rq) {
    struct write *w;
    const json_t *body;
    enum err e = write_begin(rq, &w);
    if (!e) e = request_body(rq, &body);
    if (!e)
        e = input_parse(rq->arena, w->entity, body, true, rq->gate.actor->id, rq->gate.now,
                        rq->gate.today, &w->input, &rq->problem);
    return e ? e : request_move(rq, ON_LANE, create_on_lane);
}

static enum err update_on_lane(struct request *rq) {
    struct write *w = rq->state;
    int64_t rev = 0;
    bool done;
    enum err e = replayed(rq, w, &done);
    if (e || done) return e;
    e = gate_update(&rq->gate, w->entity, rq->path[2], w->if_match, rq->body, &rq->out, &rev);
    if (!e) e = remember(rq, w, 200, rq->path[2]);
    if (!e) request_etag(rq, rev);
    return e;
}

static enum err update(struct request *rq) {
    struct write *w;
    const json_t *body;
    enum err e = write_begin(rq, &w);
    if (!e) e = request_body(rq, &body);
    return e ? e : request_move(rq, ON_LANE, update_on_lane);
}

static enum err archive_on_lane(struct request *rq) {
    struct write *w = rq->state;
    bool done;
    enum err e = replayed(rq, w, &done);
    if (e || done) return e;
    e = gate_archive(&rq->gate, w->entity, rq->path[2], w->if_match);
    if (!e) e = remember(rq, w, 204, rq->path[2]);
    rq->status = 204;
    return e;
}

static enum err archive(struct request *rq) {
    struct write *w;
    enum err e = write_begin(rq, &w);
    return e ? e : request_move(rq, ON_LANE, archive_on_lane);
}

// A transition with a rule: prepare here, ask on a worker, act on the lane; asked again when the
// record has moved meanwhile, three times at most.
static enum err transition_on_lane(struct request *rq);

enum { TOGETHER_BYTES = 65536 };

// What a rule says as it fails may hold what it was given to read: who caused it and the log learn
// where it failed, no more.
static enum err rule_failed(struct request *rq, const struct host_rule *rule) {
    const struct problem_item *it = rq->problem.first;
    const char *at = it && it->file ? arena_printf(rq->arena, " at %s:%d", it->file, it->line) : "";
    problem_init(&rq->problem, rq->arena);
    return problem_set(&rq->problem, ERR_PLUGIN_FAILED, "the rule %s.%s failed%s", rule->plugin,
                       rule->rule, at);
}

static size_t size_of(const struct host_rule *call) {
    size_t n = 0;
    for (size_t i = 0; i < call->count; i++) {
        const struct value *v = &call->fields[i].value;
        n += v->kind == VALUE_TEXT || v->kind == VALUE_JSON ? v->n : 8;
    }
    return n;
}

// The rules of requests that wait together in one message: what was not decided so is asked alone.
static void ask_together(struct work *first, int thread) {
    struct host_rule calls[WORK_TOGETHER];
    struct host_decision decisions[WORK_TOGETHER];
    struct ruling *of[WORK_TOGETHER];
    const char *errors[WORK_TOGETHER];
    jmp_buf trap, *outer[WORK_TOGETHER];
    struct request *lead = request_of(first);
    const char *plugin = ((struct write *)lead->state)->ruling.call.plugin;
    size_t n = 0, bytes = 0, most = pool_together(lead->release->pool);
    (void)thread;
    for (struct work *work = first; work && n < most; work = work->next) {
        struct request *rq = request_of(work);
        struct ruling *r = &((struct write *)rq->state)->ruling;
        size_t size = size_of(&r->call);
        if (rq->tries || rq->release != lead->release || bytes + size > TOGETHER_BYTES ||
            strcmp(r->call.plugin, plugin))
            continue;
        bytes += size;
        calls[n] = r->call;
        calls[n].arena = rq->arena;
        of[n++] = r;
    }
    if (n < 2) return;
    for (size_t i = 0; i < n; i++) outer[i] = arena_trap(calls[i].arena, &trap);
    struct problem p;
    problem_init(&p, lead->arena);
    if (!setjmp(trap) &&
        !pool_rules(lead->release->pool, calls, n, lead->arena, decisions, errors, &p))
        for (size_t i = 0; i < n; i++)
            if (!errors[i]) of[i]->decision = decisions[i], of[i]->decided = true;
    for (size_t i = 0; i < n; i++) arena_trap(calls[i].arena, outer[i]);
}

static enum err ask(struct request *rq) {
    struct write *w = rq->state;
    enum err e = ERR_OK;
    if (rq->tries++ || !w->ruling.asked)
        e = gate_prepare(&rq->gate, w->entity, rq->path[2], w->ruling.transition, rq->body,
                         &w->ruling);
    if (!e && w->ruling.needless) return request_move(rq, ON_LANE, transition_on_lane);
    if (!e && !w->ruling.decided) {
        wake_release(); // this may take long
        e = pool_rule(rq->release->pool, &w->ruling.call, rq->arena, &w->ruling.decision,
                      &rq->problem);
    }
    if (e == ERR_PLUGIN_FAILED) return rule_failed(rq, &w->ruling.call);
    return e ? e : request_move(rq, ON_LANE, transition_on_lane);
}

static enum err transition_on_lane(struct request *rq) {
    struct write *w = rq->state;
    int64_t rev = 0;
    bool done;
    enum err e = replayed(rq, w, &done);
    if (e || done) return e;
    e = gate_transition(&rq->gate, w->entity, rq->path[2], w->if_match, rq->body, &w->ruling,
                        &rq->out, &rev);
    if (e == ERR_CONFLICT && w->ruling.stale && rq->tries < 3)
        return request_move(rq, ON_RULES, ask);
    if (!e) e = remember(rq, w, 200, rq->path[2]);
    if (!e) request_etag(rq, rev);
    return e;
}

enum err records_transition(struct request *rq) {
    struct write *w;
    const json_t *body;
    enum err e = write_begin(rq, &w);
    if (!e) e = request_body(rq, &body);
    if (e) return e;
    const struct transition *t =
        w->entity->workflow ? entity_transition(w->entity, rq->path[3]) : NULL;
    if (!t) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    w->ruling.transition = t;
    if (!t->rule_decl) return request_move(rq, ON_LANE, transition_on_lane);
    e = gate_prepare(&rq->gate, w->entity, rq->path[2], t, body, &w->ruling);
    if (e) { // refused: let the lane find the same and put it on record
        problem_init(&rq->problem, rq->arena);
        return request_move(rq, ON_LANE, transition_on_lane);
    }
    if (w->ruling.needless) return request_move(rq, ON_LANE, transition_on_lane);
    rq->work.together = ask_together;
    return request_move(rq, ON_RULES, ask);
}

static enum err foreseen(struct request *rq) {
    struct write *w = rq->state;
    wake_release();
    enum err e =
        pool_rule(rq->release->pool, &w->ruling.call, rq->arena, &w->ruling.decision, &rq->problem);
    if (e == ERR_PLUGIN_FAILED) return rule_failed(rq, &w->ruling.call);
    return e ? e : gate_foreseen(&rq->gate, w->entity, &w->ruling, &rq->out);
}

// What its rule would say now: nothing is done and no decision kept.
static enum err foresee(struct request *rq) {
    struct write *w = rq->state = arena_alloc(rq->arena, sizeof *w);
    enum err e = entity_of(rq, &w->entity);
    if (e) return e;
    const struct transition *t =
        w->entity->workflow ? entity_transition(w->entity, rq->path[3]) : NULL;
    if (!t) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    e = gate_foresee(&rq->gate, w->entity, rq->path[2], t, &w->ruling);
    if (e) return e;
    return w->ruling.asked ? request_move(rq, ON_RULES, foreseen)
                           : gate_foreseen(&rq->gate, w->entity, &w->ruling, &rq->out);
}

const struct route routes_records[] = {
    {"GET", "{}/{}", list, .who = SIGNED_IN},
    {"POST", "{}/{}", create, .who = SIGNED_IN},
    {"GET", "{}/{}/{}", get, .who = SIGNED_IN},
    {"PATCH", "{}/{}/{}", update, .who = SIGNED_IN},
    {"DELETE", "{}/{}/{}", archive, .who = SIGNED_IN},
    {"GET", "{}/{}/{}/history", history, .who = SIGNED_IN},
    {"GET", "{}/{}/{}/subject", same_person, .who = SIGNED_IN},
    {"GET", "{}/{}/{}/{}", foresee, .who = SIGNED_IN},
    {"POST", "{}/{}/{}/{}", records_transition, .who = SIGNED_IN},
    {0},
};
