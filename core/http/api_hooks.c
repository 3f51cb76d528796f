// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Administration of webhooks and of the events that could not be delivered.
#include <stdlib.h>
#include <string.h>
#include "campus/deliver.h"
#include "campus/mem.h"
#include "campus/webhook.h"
#include "http/api.h"
#include "http/app_internal.h"

static enum err hooks(struct request *rq) {
    return webhook_list_json(rq->gate.store.db, &rq->out, &rq->problem);
}

static enum err hook(struct request *rq) {
    return webhook_json(rq->gate.store.db, rq->path[2], &rq->out, &rq->problem);
}

static const char *hook_object(struct request *rq) {
    return arena_printf(rq->arena, "core.webhooks/%s", rq->path[2]);
}

static enum err add_on_lane(struct request *rq) {
    enum err e = webhook_create(rq->app->hooks, rq->gate.store.db, rq->state, rq->gate.actor->id,
                                rq->gate.now, &rq->out, &rq->problem);
    if (e) return e;
    json_t *made;
    e = json_parse(rq->arena, rq->out.data, rq->out.len, &made, &rq->problem);
    if (e) return e;
    const char *id = json_string_value(json_object_get(made, "id"));
    gate_record(&rq->gate, "webhook.add", arena_printf(rq->arena, "core.webhooks/%s", id), "ok",
                "");
    http_add_header(rq->http, "Location", arena_printf(rq->arena, "/api/v1/admin/webhooks/%s", id));
    rq->status = 201;
    return ERR_OK;
}

static enum err change_on_lane(struct request *rq) {
    enum err e = webhook_update(rq->app->hooks, rq->gate.store.db, rq->path[2], rq->state, &rq->out,
                                &rq->problem);
    if (!e) gate_record(&rq->gate, "webhook.change", hook_object(rq), "ok", "");
    return e;
}

static enum err secret_on_lane(struct request *rq) {
    enum err e = webhook_rotate(rq->app->hooks, rq->gate.store.db, rq->path[2], rq->gate.now,
                                &rq->out, &rq->problem);
    if (!e) gate_record(&rq->gate, "webhook.secret", hook_object(rq), "ok", "");
    return e;
}

static enum err drop_on_lane(struct request *rq) {
    enum err e = webhook_delete(rq->gate.store.db, rq->path[2], &rq->problem);
    if (e) return e;
    gate_record(&rq->gate, "webhook.drop", hook_object(rq), "ok", "");
    return api_no_content(rq);
}

static enum err with_body(struct request *rq, handler *step) {
    const json_t *body;
    enum err e = request_body(rq, &body);
    rq->state = (void *)(uintptr_t)body;
    return e ? e : request_move(rq, ON_LANE, step);
}

static enum err hook_add(struct request *rq) {
    return with_body(rq, add_on_lane);
}
static enum err hook_change(struct request *rq) {
    return with_body(rq, change_on_lane);
}
static enum err dead(struct request *rq) {
    const char *consumer = request_query(rq, "consumer");
    int limit;
    enum err e = api_limit(rq, &limit);
    return e ? e
             : deliver_dead_json(rq->gate.store.db, consumer ? consumer : "", limit, &rq->out,
                                 &rq->problem);
}

// CONSUMER:SEQ of the path.
static enum err letter(struct request *rq, const char **consumer, int64_t *seq) {
    const char *colon = strrchr(rq->path[2], ':');
    char *end = NULL;
    *seq = colon ? strtoll(colon + 1, &end, 10) : 0;
    if (*seq <= 0 || *end) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    *consumer = arena_strndup(rq->arena, rq->path[2], (size_t)(colon - rq->path[2]));
    return ERR_OK;
}

static enum err on_letter(struct request *rq, bool again) {
    const char *consumer = NULL;
    int64_t seq, n;
    enum err e = letter(rq, &consumer, &seq);
    struct db *db = rq->gate.store.db;
    if (!e)
        e = again ? deliver_replay(db, consumer, seq, rq->gate.now, &n, &rq->problem)
                  : deliver_discard(db, consumer, seq, &n, &rq->problem);
    if (e) return e;
    gate_record(&rq->gate, again ? "event.replay" : "event.discard",
                arena_printf(rq->arena, "core.dead/%s", rq->path[2]), "ok", "");
    if (!again) return api_no_content(rq);
    buf_puts(&rq->out, "{\"replayed\":1}");
    return ERR_OK;
}

static enum err replay_on_lane(struct request *rq) {
    return on_letter(rq, true);
}
static enum err discard_on_lane(struct request *rq) {
    return on_letter(rq, false);
}
const struct route routes_hooks[] = {
    {"GET", "admin/webhooks", hooks, .permission = "core.admin"},
    {"POST", "admin/webhooks", hook_add, .permission = "core.admin"},
    {"GET", "admin/webhooks/{}", hook, .permission = "core.admin"},
    {"PATCH", "admin/webhooks/{}", hook_change, .permission = "core.admin"},
    {"POST", "admin/webhooks/{}/secret", secret_on_lane, .on = ON_LANE, .permission = "core.admin"},
    {"DELETE", "admin/webhooks/{}", drop_on_lane, .on = ON_LANE, .permission = "core.admin"},
    {"GET", "admin/dead", dead, .permission = "core.admin"},
    {"POST", "admin/dead/{}/replay", replay_on_lane, .on = ON_LANE, .permission = "core.admin"},
    {"DELETE", "admin/dead/{}", discard_on_lane, .on = ON_LANE, .permission = "core.admin"},
    {0},
};
