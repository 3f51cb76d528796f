// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// POST /api/v1/admin/policies/try: the policy lab. Whom a draft would concern, at once or as a job;
// what it found is kept as the draft's report, which governance.yaml may ask for.
#include <stdlib.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/decision.h"
#include "campus/jobs.h"
#include "campus/lab.h"
#include "campus/mem.h"
#include "campus/reserve.h"
#include "campus/text.h"
#include "http/api.h"
#include "http/app_internal.h"

enum { FLIPS_SHOWN = 1000, VALUES_SHOWN = 100 };

struct trial {
    struct app *app;
    const struct plugin *plugin;
    const char *yaml;
    size_t n;
    int64_t since;
    struct gate gate; // reading, with the caller's rights
    struct job *job;  // NULL: the caller waits
    char draft[65];
    // found
    struct buf flips;
    int64_t shown, hidden;
    json_t *groups; // field -> value -> [to_pass, to_fail], then of lab_sum [to_pass, to_fail]
    json_t *summed; // record -> what it was summed as: one that flips twice is no more money
    const struct reserve_decl *reserve;
    json_t *pools; // pool -> record -> what it would ask for, or, negative, what it would lose
    struct lab_totals sum;
};

// A value of a field as a key to count under.
static const char *key_of(const struct record *r, int column, char number[32]) {
    struct value v = column_value(r, column);
    if (v.kind == VALUE_TEXT) return v.p;
    if (v.kind == VALUE_BOOL) return v.i ? "true" : "false";
    if (v.kind != VALUE_INT) return "";
    snprintf(number, 32, "%lld", (long long)v.i);
    return number;
}

static void more(json_t *pair, size_t i, int64_t by) {
    json_t *n = json_array_get(pair, i);
    json_integer_set(n, json_integer_value(n) + by);
}

static void count(struct trial *t, const struct record *r, const struct verdict *v, bool now) {
    const struct field *sum = r->entity->lab_sum;
    int64_t amount = 0;
    char once[80];
    snprintf(once, sizeof once, "%s %d", r->id, now);
    if (sum && fieldset_has(&v->clear, sum->index) && !value_is_null(&r->values[sum->index]) &&
        !json_object_get(t->summed, once))
        json_object_set_new(t->summed, once, json_true()), amount = r->values[sum->index].i;
    for (int i = 0; i < r->entity->nlab; i++) {
        int column = r->entity->lab[i];
        char number[32];
        const char *name = column >= 0              ? r->entity->fields[column].name
                           : column == COLUMN_STATE ? "state"
                                                    : "created_by";
        // what the caller may not see in the clear is counted under nothing
        bool open = column < 0 || fieldset_has(&v->clear, column);
        const char *key = open ? key_of(r, column, number) : "";
        json_t *values = json_object_get(t->groups, name), *pair;
        if (!values) json_object_set_new(t->groups, name, values = json_object());
        if (!(pair = json_object_get(values, key)))
            json_object_set_new(values, key, pair = json_pack("[i,i,i,i]", 0, 0, 0, 0));
        more(pair, now ? 0 : 1, 1), more(pair, now ? 2 : 3, amount);
    }
}

// The pool that a record draws on, where its way has one; the last flip of a record counts.
static void count_pool(struct trial *t, const struct record *r, bool now) {
    const struct workflow *w = r->entity->workflow;
    const struct reserve_decl *d = NULL;
    for (int i = 0; w && i < w->ntransitions && !d; i++) d = w->transitions[i].reserve;
    if (!d || !r->values || (t->reserve && t->reserve != d)) return;
    t->reserve = d;
    const struct value *pool = &r->values[d->pool->index],
                       *own = d->amount_field ? &r->values[d->amount_field->index] : NULL;
    int64_t amount = !own ? d->amount : own->kind == VALUE_INT ? own->i : 0;
    if (pool->kind != VALUE_TEXT) return;
    json_t *records = json_object_get(t->pools, pool->p);
    if (!records) json_object_set_new(t->pools, pool->p, records = json_object());
    json_object_set_new(records, r->id, json_integer(now ? amount : -amount));
}

// Per pool: its limit, what is held, who would lose what they hold, who would ask for what they
// lack.
static enum err put_pools(struct trial *t, struct buf *out) {
    const struct reserve_decl *d = t->reserve;
    struct store *s = &t->gate.store;
    const char *pool, *record;
    json_t *records, *amount;
    json_key(out, "quotas"), buf_putc(out, '[');
    json_object_foreach(t->pools, pool, records) {
        struct record r;
        struct verdict v;
        int64_t held = 0, lose = 0, gain = 0;
        if (store_get(s, d->pool->target, pool, &r)) continue;
        access_decide(t->gate.release->access, t->gate.actor, d->pool->target, "read", &r, &v);
        if (!v.allowed || !fieldset_has(&v.clear, d->limit->index)) continue;
        enum err e = reserve_total(s->db, pool, d->limit->name, &held, s->problem);
        json_object_foreach(records, record, amount) {
            int64_t has = 0, asks = json_integer_value(amount);
            if (!e)
                e = reserve_held(s->db, record, d->pool->name, d->limit->name, &has, s->problem);
            if (asks < 0) lose += has;
            if (asks > 0 && !has) gain += asks;
        }
        if (e) return e;
        const struct value *limit = &r.values[d->limit->index];
        json_sep(out), buf_putc(out, '{');
        json_kv_str(out, "pool", arena_printf(s->arena, "%s/%s", d->pool->target->full, pool));
        json_kv_int(out, "limit", limit->kind == VALUE_INT ? limit->i : 0);
        json_kv_int(out, "held", held);
        json_kv_int(out, "would_lose", lose);
        json_kv_int(out, "would_ask", gain);
        json_kv_int(out, "left_then",
                    (limit->kind == VALUE_INT ? limit->i : 0) - held + lose - gain);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    return ERR_OK;
}

// Lists a flip if the caller may see its record; the others are only counted.
static enum err keep_flip(void *self, const char *line, size_t n) {
    struct trial *t = self;
    struct gate g = t->gate;
    struct problem quiet;
    struct record r;
    struct verdict v = {0};
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
    bool there = en && record && !store_get(&g.store, en, record, &r);
    if (there) access_decide(g.release->access, g.actor, en, "read", &r, &v);
    if (!e && v.allowed) {
        bool now = json_is_true(json_object_get(j, "now"));
        if (json_object_get(j, "now")) count(t, &r, &v, now), count_pool(t, &r, now);
        if (t->shown++ < FLIPS_SHOWN) json_sep(&t->flips), buf_put(&t->flips, line, n);
    } else if (!e)
        t->hidden++;
    arena_free(g.store.arena);
    return e;
}

static bool progress(void *self, const struct lab_totals *sum) {
    struct job *job = ((struct trial *)self)->job;
    if (!job) return true;
    job->total = sum->total;
    job->done = sum->replayed + sum->erased;
    job->failed = sum->failed;
    return !job->cancelled;
}

struct counted {
    const char *value;
    int64_t to_pass, to_fail, sums[2];
};

static int by_number(const void *x, const void *y) {
    const struct counted *a = x, *b = y;
    int64_t d = b->to_pass + b->to_fail - a->to_pass - a->to_fail;
    return d < 0 ? -1 : d > 0 ? 1 : strcmp(a->value, b->value);
}

static void put_values(struct arena *a, const json_t *values, const struct field *sum,
                       struct buf *out) {
    struct counted *list = arena_alloc(a, sizeof *list * (json_object_size(values) + 1));
    size_t n = 0;
    const char *value;
    json_t *pair;
    json_object_foreach((json_t *)(uintptr_t)values, value, pair) list[n++] = (struct counted){
        value,
        json_integer_value(json_array_get(pair, 0)),
        json_integer_value(json_array_get(pair, 1)),
        {json_integer_value(json_array_get(pair, 2)), json_integer_value(json_array_get(pair, 3))}};
    qsort(list, n, sizeof *list, by_number);
    json_key(out, "values"), buf_putc(out, '[');
    for (size_t i = 0; i < n && i < VALUES_SHOWN; i++) {
        json_sep(out), buf_putc(out, '{');
        json_kv_str(out, "value", *list[i].value ? list[i].value : NULL);
        json_kv_int(out, "to_pass", list[i].to_pass);
        json_kv_int(out, "to_fail", list[i].to_fail);
        if (sum) json_kv_scaled(out, "sum_to_pass", list[i].sums[0], sum->scale);
        if (sum) json_kv_scaled(out, "sum_to_fail", list[i].sums[1], sum->scale);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    if (n > VALUES_SHOWN) json_kv_int(out, "more_values", (int64_t)n - VALUES_SHOWN);
}

static void put_groups(const struct trial *t, struct arena *a, struct buf *out) {
    const char *name;
    json_t *values;
    json_key(out, "groups"), buf_putc(out, '[');
    json_object_foreach(t->groups, name, values) {
        bool zh = t->gate.lang == LANG_ZH;
        const char *title = strcmp(name, "state") ? zh ? "创建人" : "Created by"
                            : zh                  ? "状态"
                                                  : "State";
        const struct field *sum = NULL;
        for (int i = 0; i < t->plugin->nentities; i++) {
            const struct entity *e = t->plugin->entities[i];
            const struct field *f = entity_field(e, name);
            if (f && e->nlab) title = title_in(&f->title, t->gate.lang, name);
            if (e->lab_sum) sum = e->lab_sum;
        }
        json_sep(out), buf_putc(out, '{');
        json_kv_str(out, "field", name);
        json_kv_str(out, "title", title);
        if (sum) json_kv_str(out, "sum", title_in(&sum->title, t->gate.lang, sum->name));
        put_values(a, values, sum, out);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

// What the report and the answer both say.
static void put_sums(const struct trial *t, struct buf *out) {
    json_kv_str(out, "plugin", t->plugin->name);
    json_kv_int(out, "replayed", t->sum.replayed);
    json_kv_int(out, "flipped", t->sum.flipped);
    json_kv_int(out, "to_pass", t->sum.to_pass);
    json_kv_int(out, "to_fail", t->sum.to_fail);
    json_kv_int(out, "failed", t->sum.failed);
    json_kv_int(out, "erased", t->sum.erased);
}

static enum err run_trial(struct trial *t, struct arena *a, struct buf *out, struct problem *p) {
    struct pool *pool;
    struct policy *policy;
    const struct release *r = t->gate.release;
    size_t i = (size_t)(t->plugin - r->schema->plugins);
    enum err e = release_trial(r, t->plugin, t->yaml, t->n, a, &pool, &policy, p);
    if (e) return e;
    struct lab lab = {
        pool, t->plugin->name, policy, t->since, app_config(t->app)->storage, progress, t};
    release_draft(r, t->plugin, policy, t->draft);
    buf_init(&t->flips, a);
    buf_putc(&t->flips, '[');
    t->groups = json_object();
    t->pools = json_object();
    t->summed = json_object();
    e = lab_replay(&t->gate.store, &lab, keep_flip, t, &t->sum);
    pool_close(pool);
    if (!e) {
        const struct policy_revision *was = release_policy(r, t->plugin, t->gate.today);
        buf_putc(out, '{');
        put_sums(t, out);
        json_kv_int(out, "not_shown", t->hidden);
        json_kv_str(out, "draft", t->since ? NULL : t->draft);
        json_key(out, "changes");
        if (was)
            policy_changes(r->policy_schemas[i], was, policy_nth(policy, policy_count(policy) - 1),
                           t->gate.lang, a, out);
        else
            buf_puts(out, "[]");
        put_groups(t, a, out);
        e = put_pools(t, out);
        json_key(out, "flips"), buf_put(out, t->flips.data, t->flips.len);
        buf_puts(out, "]}");
    }
    json_decref(t->groups);
    json_decref(t->pools);
    json_decref(t->summed);
    return e;
}

// The report says how many, never whom. A replay of a part is none.
static enum err keep_report(struct trial *t, struct db *db, struct arena *a, struct problem *p) {
    struct buf b;
    if (t->since) return ERR_OK;
    buf_init(&b, a);
    buf_putc(&b, '{');
    put_sums(t, &b);
    buf_putc(&b, '}');
    return lab_report_keep(db, t->draft, t->plugin->name, t->gate.actor->id, t->gate.now, b.data,
                           b.len, p);
}

static enum err keep_on_lane(struct request *rq) {
    return keep_report(rq->state, rq->gate.store.db, rq->arena, &rq->problem);
}

static enum err try_policy(struct request *rq) {
    struct trial *t = rq->state;
    t->gate = rq->gate;
    enum err e = run_trial(t, rq->arena, &rq->out, &rq->problem);
    return e ? e : request_move(rq, ON_LANE, keep_on_lane);
}

// The same as a job: a session, a release and memory of its own.
struct keeping {
    struct trial *trial;
    struct arena *arena;
    struct problem *problem;
};

static enum err keep_of_job(struct lane_job *lj, struct lane *lane) {
    struct keeping *k = ((struct lane_call *)lj)->arg;
    return keep_report(k->trial, lane_db(lane), k->arena, k->problem);
}

static enum err run_job(struct job *job, struct buf *result, struct problem *p) {
    struct trial *t = job->self;
    struct db *db;
    enum err e = db_open(app_config(t->app)->storage, DB_READ, &db, p);
    if (e) return e;
    t->gate.store.db = db;
    t->gate.store.arena = job->arena;
    t->gate.store.problem = p;
    t->gate.notes = NULL;
    e = run_trial(t, job->arena, result, p);
    struct keeping k = {t, job->arena, p};
    if (!e) e = lane_run(app_lane(t->app), keep_of_job, &k);
    db_close(db);
    if (!e) return ERR_OK;
    result->len = 0;
    buf_puts(result, "{\"problem\":"), problem_json(p, t->gate.lang, NULL, result);
    buf_putc(result, '}');
    return e;
}

static void job_over(struct job *job) {
    release_put((struct release *)(uintptr_t)((struct trial *)job->self)->gate.release);
}

static enum err start_job(struct request *rq) {
    struct job *job = rq->state;
    char id[37];
    memcpy(id, job->id, sizeof id);
    enum err e = jobs_start(rq->app->jobs, rq->gate.store.db, job, &rq->problem);
    if (!e) return api_job(rq, id);
    job_drop(job);
    return e;
}

static enum err as_job(struct request *rq, const struct trial *from) {
    struct job *job = job_new("lab", rq->gate.actor->id, rq->gate.now);
    if (!job) return problem_set(&rq->problem, ERR_NOMEM, NULL);
    struct trial *t = job->self = arena_alloc(job->arena, sizeof *t);
    *t = *from;
    t->yaml = arena_strndup(job->arena, from->yaml, from->n);
    t->gate = rq->gate;
    t->gate.actor = request_actor_copy(job->arena, rq->gate.actor);
    t->gate.release = release_hold(rq->release);
    t->gate.today = arena_strdup(job->arena, rq->gate.today);
    t->gate.request = arena_strdup(job->arena, rq->gate.request);
    t->gate.client = arena_strdup(job->arena, rq->gate.client);
    t->job = job;
    job->run = run_job;
    job->over = job_over;
    rq->state = job;
    return request_move(rq, ON_LANE, start_job);
}

// {"plugin", "yaml": in place of the school's own files, "since", "job": true for one with
// progress}
enum err policy_try(struct request *rq) {
    struct trial *t = rq->state = arena_alloc(rq->arena, sizeof *t);
    const char *plugin, *since;
    const json_t *body;
    enum err e = api_body(rq, "plugin yaml since job", &body);
    if (!e) e = api_text(rq, body, "plugin", 64, true, &plugin);
    if (!e) e = api_text(rq, body, "since", 40, false, &since);
    if (e) return e;
    const json_t *yaml = json_object_get(body, "yaml");
    if (!json_is_string(yaml))
        return problem_add(&rq->problem, ERR_INVALID, "/yaml", "required", "the policy's text");
    *t = (struct trial){.app = rq->app,
                        .yaml = json_string_value(yaml),
                        .n = json_string_length(yaml),
                        .plugin = schema_plugin(rq->release->schema, plugin)};
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
    return json_is_true(json_object_get(body, "job")) ? as_job(rq, t)
                                                      : request_move(rq, ON_REPORTS, try_policy);
}
