// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Bulk work, one job at a time, and the table that remembers it.
#include "campus/jobs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/id.h"
#include "campus/json.h"
#include "campus/log.h"
#include "campus/mem.h"

const char jobs_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_job(id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT "
    "NULL,"
    " by_person TEXT NOT NULL, at BIGINT NOT NULL, ended_at BIGINT NOT NULL, total BIGINT NOT NULL,"
    " done BIGINT NOT NULL, failed BIGINT NOT NULL, result TEXT, node TEXT NOT NULL DEFAULT 'n1');";

enum { JOB_ARENA = 256 << 20, AGAIN_US = 10000 };
struct jobs {
    struct lane *lane;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct job *first, **tail, *running;
    _Atomic bool stop;
};

static enum err set_state(struct db *db, const struct job *job, const char *state,
                          const char *result, size_t n, int64_t ended, struct problem *p) {
    return db_run(db, p, NULL,
                  "UPDATE core_job SET state=$1, ended_at=$2, total=$3, done=$4, failed=$5, "
                  "result=$6 WHERE id=$7",
                  "tiiiist", state, ended, (int64_t)job->total, (int64_t)job->done,
                  (int64_t)job->failed, result, n, job->id);
}

// On the lane after the batch that made the row: when that was undone, there is nothing to run.
static enum err write_start(struct lane_job *lj, struct lane *lane) {
    const struct job *job = ((struct lane_call *)lj)->arg;
    struct problem p;
    int64_t n = 0;
    problem_init(&p, job->arena);
    enum err e = db_run(lane_db(lane), &p, &n, "UPDATE core_job SET state='running' WHERE id=$1",
                        "t", job->id);
    return e ? e : n ? ERR_OK : ERR_NOT_FOUND;
}

// A full lane is waited for.
static enum err on_lane(struct jobs *j, enum err (*run)(struct lane_job *, struct lane *),
                        const void *arg) {
    enum err e;
    while ((e = lane_run(j->lane, run, (void *)(uintptr_t)arg)) == ERR_RATE) usleep(AGAIN_US);
    return e;
}

struct ending {
    const struct job *job;
    const char *state, *result;
    size_t n;
    struct problem *p;
};

static enum err write_end(struct lane_job *lj, struct lane *lane) {
    struct ending *e = ((struct lane_call *)lj)->arg;
    return set_state(lane_db(lane), e->job, e->state, e->result, e->n, clock_now_ms(), e->p);
}

static void run_one(struct jobs *j, struct job *job) {
    struct problem p;
    struct buf result;
    problem_init(&p, job->arena);
    buf_init(&result, job->arena);
    enum err e = on_lane(j, write_start, job);
    if (e) {
        if (e != ERR_NOT_FOUND) log_error("job_state", "%s: %s", job->id, err_word(e));
        return;
    }
    e = job->cancelled ? problem_set(&p, ERR_CONFLICT, "cancelled") : job->run(job, &result, &p);
    if (e && j->stop) return; // the next start finds it running, and so interrupted
    const char *state = !e ? "done" : job->cancelled ? "cancelled" : "failed";
    if (e && !result.len) problem_json(&p, LANG_EN, NULL, &result);
    if (e && !job->cancelled) log_error("job_failed", "%s %s: %s", job->kind, job->id, err_word(e));
    struct problem inner;
    problem_init(&inner, job->arena);
    struct ending end = {job, state, buf_str(&result), result.len, &inner};
    enum err kept = on_lane(j, write_end, &end);
    if (kept) log_error("job_state", "%s: %s", job->id, err_word(kept));
}

static void *jobs_main(void *arg) {
    struct jobs *j = arg;
    pthread_mutex_lock(&j->mutex);
    for (;;) {
        while (!j->first && !j->stop) pthread_cond_wait(&j->wake, &j->mutex);
        if (j->stop || !j->first) break; // those that wait are marked interrupted at the next start
        struct job *job = j->running = j->first;
        j->first = job->next;
        if (!j->first) j->tail = &j->first;
        pthread_mutex_unlock(&j->mutex);
        run_one(j, job);
        pthread_mutex_lock(&j->mutex);
        j->running = NULL;
        job_drop(job);
    }
    pthread_mutex_unlock(&j->mutex);
    return NULL;
}

static enum err write_interrupted(struct lane_job *lj, struct lane *lane) {
    return db_run(lane_db(lane), ((struct lane_call *)lj)->arg, NULL,
                  "UPDATE core_job SET state='failed', ended_at=$1,"
                  " result='{\"code\":\"interrupted\"}' WHERE state IN ('queued','running')"
                  " AND node=$2",
                  "it", clock_now_ms(), db_node(lane_db(lane)));
}

enum err jobs_open(struct lane *lane, struct jobs **out, struct problem *p) {
    struct jobs *j = mem_need(sizeof *j);
    *j = (struct jobs){.lane = lane};
    j->tail = &j->first;
    pthread_mutex_init(&j->mutex, NULL);
    pthread_cond_init(&j->wake, NULL);
    enum err e = lane_run(lane, write_interrupted, p);
    if (!e && pthread_create(&j->thread, NULL, jobs_main, j))
        e = problem_set(p, ERR_INTERNAL, "cannot start the job thread");
    if (e)
        mem_free(j);
    else
        *out = j;
    return e;
}

void jobs_close(struct jobs *j) {
    if (!j) return;
    pthread_mutex_lock(&j->mutex);
    j->stop = true;
    if (j->running) j->running->cancelled = true;
    pthread_cond_signal(&j->wake);
    pthread_mutex_unlock(&j->mutex);
    pthread_join(j->thread, NULL);
    for (struct job *job = j->first, *next; job; job = next) next = job->next, job_drop(job);
    pthread_mutex_destroy(&j->mutex);
    pthread_cond_destroy(&j->wake);
    mem_free(j);
}

struct job *job_new(const char *kind, const char *by, int64_t now) {
    struct arena *a = arena_new(JOB_ARENA);
    if (!a) return NULL;
    struct job *job = arena_alloc(a, sizeof *job);
    job->arena = a;
    job->kind = kind;
    job->by = arena_strdup(a, by);
    job->at = now;
    id_new(job->id);
    return job;
}

void job_drop(struct job *job) {
    if (job->over) job->over(job);
    arena_free(job->arena);
}

enum err jobs_start(struct jobs *j, struct db *db, struct job *job, struct problem *p) {
    enum err e =
        db_run(db, p, NULL,
               "INSERT INTO core_job(id,kind,state,by_person,at,ended_at,total,done,failed,node)"
               " VALUES($1,$2,'queued',$3,$4,0,0,0,0,$5)",
               "tttit", job->id, job->kind, job->by, job->at, db_node(db));
    if (e) return e;
    job->next = NULL;
    pthread_mutex_lock(&j->mutex);
    *j->tail = job;
    j->tail = &job->next;
    pthread_cond_signal(&j->wake);
    pthread_mutex_unlock(&j->mutex);
    return ERR_OK;
}

static struct job *find(struct jobs *j, const char *id) {
    if (j->running && !strcmp(j->running->id, id)) return j->running;
    for (struct job *job = j->first; job; job = job->next)
        if (!strcmp(job->id, id)) return job;
    return NULL;
}

// One row; a job that is under way says how far it is.
static void row_json(struct jobs *j, struct stmt *st, bool with_result, struct buf *out) {
    static const char *const keys[] = {"id", "kind", "state", "by"};
    int64_t total = stmt_int(st, 6), done = stmt_int(st, 7), failed = stmt_int(st, 8);
    const char *state = stmt_text(st, 2, NULL);
    pthread_mutex_lock(&j->mutex);
    const struct job *job = find(j, stmt_text(st, 0, NULL));
    if (job)
        total = job->total, done = job->done, failed = job->failed,
        state = job == j->running ? "running" : "queued";
    pthread_mutex_unlock(&j->mutex);
    buf_putc(out, '{');
    for (int i = 0; i < 4; i++) json_kv_str(out, keys[i], i == 2 ? state : stmt_text(st, i, NULL));
    json_kv_time(out, "at", stmt_int(st, 4));
    json_kv_time(out, "ended_at", stmt_int(st, 5));
    json_kv_int(out, "total", total);
    json_kv_int(out, "done", done);
    json_kv_int(out, "failed", failed);
    json_key(out, "progress"); // per cent
    if (total > 0)
        buf_int(out, done >= total ? 100 : done * 100 / total);
    else
        buf_puts(out, "null");
    size_t n;
    const char *result = stmt_text(st, 9, &n);
    if (with_result && result) json_key(out, "result"), buf_put(out, result, n);
    buf_putc(out, '}');
}

#define COLUMNS "id,kind,state,by_person,at,ended_at,total,done,failed,result"

enum err jobs_json(struct jobs *j, struct db *db, const char *id, const char *by, struct buf *out,
                   struct problem *p) {
    struct stmt *st =
        db_query(db, p, "SELECT " COLUMNS " FROM core_job WHERE id=$1 AND ($2='' OR by_person=$2)",
                 "tt", id, by);
    enum err e = stmt_first(st, p);
    if (e) return problem_set(p, e, NULL);
    row_json(j, st, true, out);
    stmt_reset(st);
    return ERR_OK;
}

enum err jobs_list_json(struct jobs *j, struct db *db, const char *by, struct buf *out,
                        struct problem *p) {
    struct stmt *st =
        db_query(db, p,
                 "SELECT " COLUMNS
                 " FROM core_job WHERE $1='' OR by_person=$1 ORDER BY at DESC, id LIMIT 100",
                 "t", by);
    buf_puts(out, "{\"items\":[");
    enum err e = ERR_OK;
    while (stmt_next(st, &e, p)) {
        json_sep(out);
        row_json(j, st, false, out);
    }
    buf_puts(out, "]}");
    return e;
}

bool jobs_cancel(struct jobs *j, const char *id, const char *by) {
    pthread_mutex_lock(&j->mutex);
    struct job *job = find(j, id);
    bool found = job && (!*by || !strcmp(job->by, by));
    if (found) job->cancelled = true;
    pthread_mutex_unlock(&j->mutex);
    return found;
}
