// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The write lane. Order of one batch: BEGIN, each job inside its own savepoint (none where all are
// light and none has to be undone), the audit rows of the survivors chained and inserted, COMMIT
// (synced), and only then the answers. No other connection writes; what the write-ahead log needs
// is started between batches.
#include "campus/lane.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/limits.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "campus/wake.h"

enum { BULK_ALONE = 8, IDLE_MS = 50, EMPTY_LOG_EVERY_MS = 100 };

struct lane {
    struct db *db;
    struct audit *audit;
    pthread_t thread;
    pthread_mutex_t mutex, listener; // listener: on_commit, held while it runs
    pthread_cond_t wake;
    struct queue {
        struct lane_job *first, **tail;
    } clients, bulk;
    bool log_waits; // to be copied back; the lane's thread only
    size_t queued;
    bool stop;
    void (*on_commit)(void *self);
    void *on_commit_self;
    _Atomic uint64_t commits, jobs, failed, wal_bytes;
    _Atomic bool empty_log;      // wished for; stays until no reader is in the way
    int64_t emptied_ns;          // when it was last tried
    _Atomic uint32_t held, used; // shares
};

static void queue_put(struct queue *q, struct lane_job *job) {
    job->next = NULL;
    *q->tail = job;
    q->tail = &job->next;
}

// Moves at most max jobs to the end of a list; returns the list's new end.
static struct lane_job **queue_take(struct queue *q, size_t max, struct lane_job **end,
                                    size_t *taken) {
    while (q->first && max--) {
        struct lane_job *job = q->first;
        q->first = job->next;
        job->next = NULL;
        *end = job;
        end = &job->next;
        (*taken)++;
    }
    if (!q->first) q->tail = &q->first;
    return end;
}

// Waits for work; what the log needs is done in the pauses.
static void await_work(struct lane *l) {
    while (!l->clients.first && !l->bulk.first && !l->stop) {
        if (!l->log_waits) {
            pthread_cond_wait(&l->wake, &l->mutex);
            continue;
        }
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += (long)IDLE_MS * 1000000;
        if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
        if (pthread_cond_timedwait(&l->wake, &l->mutex, &until) != ETIMEDOUT) continue;
        pthread_mutex_unlock(&l->mutex);
        l->log_waits = db_tend(l->db, true);
        pthread_mutex_lock(&l->mutex);
    }
}

static struct lane_job *take(struct lane *l) {
    pthread_mutex_lock(&l->mutex);
    await_work(l);
    struct lane_job *head = NULL, **end = &head;
    size_t n = 0;
    end = queue_take(&l->clients, (size_t)db_batch(l->db), end, &n);
    queue_take(&l->bulk, n ? 1 : BULK_ALONE, end, &n);
    l->queued -= n;
    pthread_mutex_unlock(&l->mutex);
    return head;
}

// ERR_OK when the transaction still stands.
static enum err run_one(struct lane *l, struct lane_job *job, bool light, struct problem *p) {
    job->audit_mark = audit_mark(l->audit);
    enum err e = ERR_OK;
    if (light)
        db_save_light(l->db);
    else
        e = db_save(l->db, DB_OUTER, p);
    if (e) return e;
    job->result = job->run(job, l);
    if (!db_in_transaction(l->db)) return job->result ? job->result : ERR_INTERNAL;
    if (!job->result) return db_release(l->db, DB_OUTER, p);
    audit_undo(l->audit, job->audit_mark);
    db_reset_all(l->db);
    return db_undo(l->db, DB_OUTER, p);
}

static enum err run_all(struct lane *l, struct lane_job *head, bool light, struct problem *p) {
    enum err e = db_begin(l->db, p);
    for (struct lane_job *job = head; job && !e; job = job->next) e = run_one(l, job, light, p);
    return e ? e : audit_flush(l->audit, p);
}

static void roll_back(struct lane *l) {
    db_reset_all(l->db);
    db_rollback(l->db);
    audit_failed(l->audit);
}

static enum err run_batch(struct lane *l, struct lane_job *head, struct problem *p) {
    bool light = true;
    for (struct lane_job *job = head; job; job = job->next) light = light && job->light;
    enum err e = run_all(l, head, light, p);
    bool committing = !e;
    if (!e) e = db_commit(l->db, p);
    // One of them has to be undone: again, with savepoints. Never after a commit that may be
    // durable.
    bool again = e && light && e != ERR_TIMEOUT && (!committing || e == ERR_CONFLICT);
    if (again) {
        roll_back(l);
        problem_init(p, p->arena);
        for (struct lane_job *job = head; job; job = job->next) job->rerun = true;
        e = run_all(l, head, false, p);
        if (!e) e = db_commit(l->db, p);
    }
    if (e) {
        roll_back(l);
        log_error("commit_failed", "%s: %s", err_word(e), p->detail ? p->detail : "");
    }
    return e;
}

static void requeue(struct lane *l, struct lane_job *job) {
    job->again = false;
    pthread_mutex_lock(&l->mutex);
    queue_put(job->bulk ? &l->bulk : &l->clients, job);
    l->queued++;
    pthread_mutex_unlock(&l->mutex);
}

static void tend_log(struct lane *l) {
    atomic_store(&l->wal_bytes, (uint64_t)db_wal_bytes(l->db));
    if (!atomic_load(&l->empty_log)) {
        l->log_waits = db_tend(l->db, false);
        return;
    }
    int64_t now = clock_mono_ns();
    if (now - l->emptied_ns < (int64_t)EMPTY_LOG_EVERY_MS * 1000000) return;
    l->emptied_ns = now;
    if (!db_empty_log(l->db, NULL)) atomic_store(&l->empty_log, false);
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
            pthread_mutex_lock(&l->listener);
            if (l->on_commit) l->on_commit(l->on_commit_self);
            pthread_mutex_unlock(&l->listener);
        }
        wake_hold();
        for (struct lane_job *job = head, *next; job; job = next) {
            next = job->next;
            enum err result = job->result ? job->result : e;
            atomic_fetch_add(result ? &l->failed : &l->jobs, 1);
            if (!result && job->again)
                requeue(l, job);
            else
                job->done(job, result);
        }
        wake_release();
        if (!e) audit_committed(l->audit, clock_now_ms());
        tend_log(l);
    }
    struct problem p; // an empty log makes the next start quick
    problem_init(&p, a);
    if (db_checkpoint(l->db, &p)) log_warn("checkpoint_failed", "%s", p.detail ? p.detail : "");
    arena_free(a);
    return NULL;
}

enum err lane_open(struct db *db, struct audit *audit, struct lane **out, struct problem *p) {
    struct lane *l = mem_need(sizeof *l);
    l->db = db;
    l->audit = audit;
    l->held = db_has_nodes(db) ? 0 : DB_SHARES_ALL;
    l->clients.tail = &l->clients.first;
    l->bulk.tail = &l->bulk.first;
    pthread_mutex_init(&l->mutex, NULL);
    pthread_mutex_init(&l->listener, NULL);
    pthread_cond_init(&l->wake, NULL);
    if (pthread_create(&l->thread, NULL, lane_main, l)) {
        mem_free(l);
        return problem_set(p, ERR_INTERNAL, "cannot start the write lane");
    }
    *out = l;
    return ERR_OK;
}

static void wake_lane(void *self) {
    pthread_cond_signal(&((struct lane *)self)->wake);
}

bool lane_submit(struct lane *l, struct lane_job *job) {
    job->result = ERR_OK;
    job->rerun = false;
    pthread_mutex_lock(&l->mutex);
    bool room = l->queued < LIMIT_LANE_QUEUE && !l->stop,
         was_empty = !l->clients.first && !l->bulk.first;
    if (room) {
        queue_put(job->bulk ? &l->bulk : &l->clients, job);
        l->queued++;
    }
    pthread_mutex_unlock(&l->mutex);
    if (room && was_empty) wake(wake_lane, l);
    return room;
}

struct waiting {
    struct lane_call call;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool finished;
    enum err e;
};

static void waiting_done(struct lane_job *job, enum err e) {
    struct waiting *w = (struct waiting *)job;
    pthread_mutex_lock(&w->mutex);
    w->finished = true;
    w->e = e;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->mutex);
}

static enum err submit_and_wait(struct lane *l, enum err (*run)(struct lane_job *, struct lane *),
                                void *arg, bool bulk) {
    struct waiting w = {
        .call = {.job = {.run = run, .done = waiting_done, .bulk = bulk}, .arg = arg},
        .mutex = PTHREAD_MUTEX_INITIALIZER,
        .cond = PTHREAD_COND_INITIALIZER};
    bool taken = lane_submit(l, &w.call.job);
    wake_release(); // nobody waits for what has not been woken
    if (!taken) return ERR_RATE;
    pthread_mutex_lock(&w.mutex);
    while (!w.finished) pthread_cond_wait(&w.cond, &w.mutex);
    pthread_mutex_unlock(&w.mutex);
    return w.e;
}

enum err lane_run(struct lane *l, enum err (*run)(struct lane_job *, struct lane *), void *arg) {
    return submit_and_wait(l, run, arg, false);
}

enum err lane_run_slice(struct lane *l, enum err (*run)(struct lane_job *, struct lane *),
                        void *arg) {
    return submit_and_wait(l, run, arg, true);
}

static enum err nothing(struct lane_job *job, struct lane *lane) {
    (void)job, (void)lane;
    return ERR_OK;
}

enum err lane_empty_log(struct lane *l, int wait_ms) {
    int64_t until = clock_mono_ns() + (int64_t)wait_ms * 1000000;
    atomic_store(&l->empty_log, true);
    for (;;) { // it is emptied after the batch, so the second look sees it
        enum err e = lane_run(l, nothing, NULL);
        if (e && e != ERR_RATE) return e;
        if (!atomic_load(&l->empty_log)) return ERR_OK;
        if (clock_mono_ns() > until) return ERR_UNAVAILABLE;
        usleep(10000);
    }
}

static enum err share_run(struct lane_job *job, struct lane *l) {
    uint32_t held;
    enum err e = db_share(l->db, atomic_load(&l->used), &held, ((struct lane_call *)job)->arg);
    if (!e) atomic_store(&l->held, held);
    return e;
}

enum err lane_share(struct lane *l) {
    struct arena *a = arena_new(1 << 16);
    struct problem p;
    if (!a) return ERR_NOMEM;
    problem_init(&p, a);
    enum err e = lane_run(l, share_run, &p);
    arena_free(a);
    return e;
}

uint32_t lane_held(const struct lane *l) {
    return atomic_load(&l->held);
}
void lane_use(struct lane *l, uint32_t used) {
    atomic_store(&l->used, used);
}
bool lane_keeps_clock(const struct lane *l) {
    return lane_held(l) & 1;
}

struct db *lane_db(struct lane *l) {
    return l->db;
}
struct audit *lane_audit(struct lane *l) {
    return l->audit;
}

void lane_on_commit(struct lane *l, void (*fn)(void *self), void *self) {
    pthread_mutex_lock(&l->listener);
    l->on_commit_self = self;
    l->on_commit = fn;
    pthread_mutex_unlock(&l->listener);
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
    pthread_mutex_destroy(&l->listener);
    pthread_cond_destroy(&l->wake);
    mem_free(l);
}
