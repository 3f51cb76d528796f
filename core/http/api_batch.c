// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// POST {plugin}/{entity}/bulk/{transition}?filters: one transition for many records, as a job.
#include <string.h>
#include "campus/batch.h"
#include "campus/jobs.h"
#include "campus/mem.h"
#include "http/api.h"
#include "http/app_internal.h"

struct moving {
    struct batch batch;
    struct query query;
};

static bool progress(void *self, const struct batch *b) {
    struct job *job = self;
    job->total = b->found;
    job->done = b->done + b->failed;
    job->failed = b->failed;
    return !job->cancelled;
}

static enum err run(struct job *job, struct buf *result, struct problem *p) {
    struct batch *b = &((struct moving *)job->self)->batch;
    enum err e = batch_run(b, p);
    progress(job, b);
    buf_printf(result, "{\"found\":%lld,\"done\":%lld,\"failed\":%lld,\"report\":[",
               (long long)b->found, (long long)b->done, (long long)b->failed);
    buf_put(result, b->report.data, b->report.len);
    buf_putc(result, ']');
    if (e) json_key(result, "problem"), problem_json(p, LANG_ZH, NULL, result);
    buf_putc(result, '}');
    return e;
}

static void over(struct job *job) {
    release_put(((struct moving *)job->self)->batch.release);
}

static enum err start(struct request *rq) {
    struct job *job = rq->state;
    struct moving *m = job->self;
    const char *what = arena_printf(rq->arena, "bulk.%s", m->batch.transition->name);
    gate_record(&rq->gate, what, m->batch.entity->full, "ok", "");
    char id[37];
    memcpy(id, job->id, sizeof id);
    enum err e = jobs_start(rq->app->jobs, rq->gate.store.db, job, &rq->problem);
    if (!e) return api_job(rq, id);
    job_drop(job);
    return e;
}

static enum err fill(struct request *rq, struct job *job, const struct entity *e,
                     const struct transition *t) {
    struct moving *m = job->self = arena_alloc(job->arena, sizeof *m);
    struct http_request *http = rq->http;
    struct param *params;
    const json_t *checked;
    json_t *body = NULL;
    int n;
    enum err err = request_body(rq, &checked);
    if (!err && http->body_n)
        err = json_parse(job->arena, arena_strndup(job->arena, http->body, http->body_n),
                         http->body_n, &body, &rq->problem);
    if (!err) err = request_params(rq, job->arena, &params, &n);
    if (!err)
        err = query_parse(job->arena, app_keyring(rq->app), e, QUERY_LIST, params, n, &m->query,
                          &rq->problem);
    if (!err && m->query.page.blind_field >= 0)
        err =
            problem_set(&rq->problem, ERR_INVALID, "records are not chosen by a sealed field here");
    if (err) return err;
    m->batch = (struct batch){.lane = app_lane(rq->app),
                              .keyring = app_keyring(rq->app),
                              .storage = app_config(rq->app)->storage,
                              .release = release_hold(rq->release),
                              .entity = e,
                              .transition = t,
                              .query = &m->query,
                              .body = body,
                              .actor = request_actor_copy(job->arena, rq->gate.actor),
                              .request = arena_strdup(job->arena, http->id),
                              .client = arena_strdup(job->arena, http->client),
                              .progress = progress,
                              .self = job};
    job->run = run;
    job->over = over;
    return ERR_OK;
}

static enum err bulk(struct request *rq) {
    const struct entity *e = schema_entity(rq->release->schema, rq->path[0], rq->path[1]);
    const struct transition *t = e && e->workflow ? entity_transition(e, rq->path[3]) : NULL;
    struct verdict v;
    if (!t) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    access_decide(rq->release->access, rq->gate.actor, e, t->name, NULL, &v);
    if (!v.allowed) return gate_refuse(&rq->gate, t->name, e->full, "forbidden");
    struct job *job = job_new("bulk", rq->gate.actor->id, rq->gate.now);
    if (!job) return problem_set(&rq->problem, ERR_NOMEM, NULL);
    enum err err = fill(rq, job, e, t);
    if (err) {
        job_drop(job);
        return err;
    }
    rq->state = job;
    return request_move(rq, ON_LANE, start);
}

const struct route routes_batch[] = {
    {"POST", "{}/{}/bulk/{}", bulk, .who = SIGNED_IN},
    {0},
};
