// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The write lane. Order of one batch: BEGIN, each job inside its own savepoint, the audit rows of
// the survivors chained and inserted, COMMIT (synced), and only then the answers. Checkpoints of the
// write-ahead log run here too, between batches: no other connection writes or checkpoints.
#include "campus/lane.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/limits.h"
#include "campus/log.h"
#include "campus/mem.h"

enum { BATCH_MAX = 256, WAL_CHECKPOINT_BYTES = 16 << 20 };

struct lane {
    struct db *db;
    struct audit *audit;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct lane_job *first, **tail;
    size_t queued;
    bool stop;
    void (*on_commit)(void *self);
    void *on_commit_self;
    _Atomic uint64_t commits, jobs, failed, wal_bytes;
};

static struct lane_job *take(struct lane *l) {
    pthread_mutex_lock(&l->mutex);
    while (!l->first && !l->stop) pthread_cond_wait(&l->wake, &l->mutex);
    struct lane_job *head = l->first, **at = &l->first;
    size_t n = 0;
    while (*at && n < BATCH_MAX) at = &(*at)->next, n++;
    l->first = *at;
    *at = NULL;
    if (!l->first) l->tail = &l->first;
    l->queued -= n;
    pthread_mutex_unlock(&l->mutex);
    return n ? head : NULL;
}

// ERR_OK when the transaction still stands.
static enum err run_one(struct lane *l, struct lane_job *job, struct problem *p) {
    job->audit_mark = audit_mark(l->audit);
    enum err e = db_save(l->db, DB_OUTER, p);
    if (e) return e;
    job->result = job->run(job, l);
    if (!db_in_transaction(l->db)) return job->result ? job->result : ERR_INTERNAL;
    if (!job->result) return db_release(l->db, DB_OUTER, p);
    audit_undo(l->audit, job->audit_mark);
    db_reset_all(l->db);
    return db_undo(l->db, DB_OUTER, p);
}

static enum err run_batch(struct lane *l, struct lane_job *head, struct problem *p) {
    enum err e = db_begin(l->db, p);
    for (struct lane_job *job = head; job && !e; job = job->next) e = run_one(l, job, p);
    if (!e) e = audit_flush(l->audit, p);
    if (!e) e = db_commit(l->db, p);
    if (e) {
        db_reset_all(l->db);
        db_rollback(l->db);
        audit_failed(l->audit);
        log_error("commit_failed", "%s: %s", err_word(e), p->detail ? p->detail : "");
    }
    return e;
}

static void requeue(struct lane *l, struct lane_job *job) {
    job->again = false;
    job->next = NULL;
    pthread_mutex_lock(&l->mutex);
    *l->tail = job;
    l->tail = &job->next;
    l->queued++;
    pthread_mutex_unlock(&l->mutex);
}

static void checkpoint(struct lane *l, struct arena *a) {
    int64_t wal = db_wal_bytes(l->db);
    atomic_store(&l->wal_bytes, (uint64_t)wal);
    if (wal < WAL_CHECKPOINT_BYTES) return;
    struct problem p;
    problem_init(&p, a);
    if (db_checkpoint(l->db, &p)) log_warn("checkpoint_failed", "%s", p.detail ? p.detail : "");
}

static void *lane_main(void *arg) {
    struct lane *l = arg;
    struct arena *a = arena_new(1 << 20);
    if (!a) abort();
    for (;;) {
        struct lane_job *head = take(l);
        if (!head) break;
        arena_reset(a);
        struct problem p;
        problem_init(&p, a);
        enum err e = run_batch(l, head, &p);
        if (!e) {
            atomic_fetch_add(&l->commits, 1);
            if (l->on_commit) l->on_commit(l->on_commit_self);
        }
        for (struct lane_job *job = head, *next; job; job = next) {
            next = job->next;
            enum err result = job->result ? job->result : e;
            atomic_fetch_add(result ? &l->failed : &l->jobs, 1);
            if (!result && job->again) requeue(l, job);
            else job->done(job, result);
        }
        if (!e) audit_committed(l->audit, clock_now_ms());
        checkpoint(l, a);
    }
    arena_free(a);
    return NULL;
}

enum err lane_open(struct db *db, struct audit *audit, struct lane **out, struct problem *p) {
    struct lane *l = mem_need(sizeof *l);
    l->db = db;
    l->audit = audit;
    l->tail = &l->first;
    pthread_mutex_init(&l->mutex, NULL);
    pthread_cond_init(&l->wake, NULL);
    if (pthread_create(&l->thread, NULL, lane_main, l)) {
        mem_free(l);
        return problem_set(p, ERR_INTERNAL, "cannot start the write lane");
    }
    *out = l;
    return ERR_OK;
}

bool lane_submit(struct lane *l, struct lane_job *job) {
    job->next = NULL;
    job->result = ERR_OK;
    pthread_mutex_lock(&l->mutex);
    bool room = l->queued < LIMIT_LANE_QUEUE && !l->stop;
    if (room) {
        bool was_empty = !l->first;
        *l->tail = job;
        l->tail = &job->next;
        l->queued++;
        if (was_empty) pthread_cond_signal(&l->wake);
    }
    pthread_mutex_unlock(&l->mutex);
    return room;
}

struct waiting { struct lane_call call; pthread_mutex_t mutex; pthread_cond_t cond; bool finished; enum err e; };

static void waiting_done(struct lane_job *job, enum err e) {
    struct waiting *w = (struct waiting *)job;
    pthread_mutex_lock(&w->mutex);
    w->finished = true;
    w->e = e;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->mutex);
}

enum err lane_run(struct lane *l, enum err (*run)(struct lane_job *, struct lane *), void *arg) {
    struct waiting w = {.call = {.job = {.run = run, .done = waiting_done}, .arg = arg},
                        .mutex = PTHREAD_MUTEX_INITIALIZER,
                        .cond = PTHREAD_COND_INITIALIZER};
    if (!lane_submit(l, &w.call.job)) return ERR_RATE;
    pthread_mutex_lock(&w.mutex);
    while (!w.finished) pthread_cond_wait(&w.cond, &w.mutex);
    pthread_mutex_unlock(&w.mutex);
    return w.e;
}

struct db *lane_db(struct lane *l) { return l->db; }
struct audit *lane_audit(struct lane *l) { return l->audit; }

void lane_on_commit(struct lane *l, void (*fn)(void *self), void *self) {
    l->on_commit_self = self;
    l->on_commit = fn;
}

void lane_stats(struct lane *l, struct lane_stats *out) {
    pthread_mutex_lock(&l->mutex);
    out->queued = l->queued;
    pthread_mutex_unlock(&l->mutex);
    out->commits = atomic_load(&l->commits);
    out->jobs = atomic_load(&l->jobs);
    out->failed = atomic_load(&l->failed);
    out->wal_bytes = atomic_load(&l->wal_bytes);
}

void lane_close(struct lane *l) {
    pthread_mutex_lock(&l->mutex);
    l->stop = true;
    pthread_cond_signal(&l->wake);
    pthread_mutex_unlock(&l->mutex);
    pthread_join(l->thread, NULL);
    pthread_mutex_destroy(&l->mutex);
    pthread_cond_destroy(&l->wake);
    mem_free(l);
}
