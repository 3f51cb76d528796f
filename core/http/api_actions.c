// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// POST {plugin}/actions/{action}: plugin code that changes records, in the lane, in one
// transaction.
#include <string.h>
#include "campus/mem.h"
#include "campus/services.h"
#include "http/api.h"
#include "http/app_internal.h"

// The lane waits for it: a quarter of what a rule may take on the wall. The first call in a fresh
// child also loads the plugin.
enum { LANE_WALL_MS = 250 };

static enum err run(struct request *rq) {
    const struct plugin *pl = rq->state;
    struct gate *g = &rq->gate;
    const struct policy_revision *policy = release_policy(rq->release, pl, g->today);
    struct services s = {g, pl, 0, rq->app->files};
    struct host_services services = services_of(&s);
    struct buf input;
    const char *result;
    size_t n;
    buf_init(&input, rq->arena);
    json_dom(&input, rq->body);
    struct host_action act = {.plugin = pl->name,
                              .kind = "action",
                              .name = rq->path[2],
                              .revision = policy ? policy->id : 0,
                              .input_json = buf_str(&input),
                              .wall_ms = LANE_WALL_MS};
    enum err e =
        pool_action(rq->release->pool, &act, &services, rq->arena, &result, &n, &rq->problem);
    if (e == ERR_PLUGIN_FAILED) rq->problem.code = e; // not the caller's mistake
    if (e) return e;
    buf_puts(&rq->out, "{\"result\":");
    buf_put(&rq->out, result, n);
    buf_putc(&rq->out, '}');
    gate_record(g, "action", arena_printf(rq->arena, "%s.actions.%s", pl->name, rq->path[2]), "ok",
                "");
    return ERR_OK;
}

static enum err action(struct request *rq) {
    const struct plugin *pl = schema_plugin(rq->release->schema, rq->path[0]);
    const struct action_decl *decl = NULL;
    const json_t *body;
    struct input checked;
    for (int i = 0; pl && i < pl->nactions; i++)
        if (!strcmp(pl->actions[i].name, rq->path[2])) decl = &pl->actions[i];
    if (!decl) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    const char *name = arena_printf(rq->arena, "%s.actions.%s", pl->name, rq->path[2]);
    enum err e = gate_permit(&rq->gate, name, name);
    if (!e) e = request_body(rq, &body);
    if (!e && decl->input)
        e = input_parse(rq->arena, decl->input, body, true, rq->gate.actor->id, rq->gate.now,
                        rq->gate.today, &checked, &rq->problem);
    rq->state = (void *)pl;
    return e ? e : request_move(rq, ON_LANE, run);
}

const struct route routes_actions[] = {
    {"POST", "{}/actions/{}", action, .who = SIGNED_IN},
    {0},
};
