// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Rotation, on the job thread; what it writes goes through the lane. An older version is destroyed
// only when no row needs it and no reader is left on a snapshot in which one still did.
#include "campus/rotate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/home.h"
#include "campus/mem.h"

enum {
    SLICE_ROWS = 128,
    SLICE_NS = 4000000,
    READERS_WAIT_MS = 1000,
    GRACE_MS = 1000,
    ID_MAX = 256
};
struct rotation {
    struct lane *lane;
    struct keyring *keyring;
    bool with_new_version;
    struct job *job;
    // of the slice under way
    char after[ID_MAX]; // the last owner that was seen
    int64_t rewrapped;
    bool at_end;
    uint32_t version; // older ones go
    struct arena *arena;
    struct problem problem;
};

static enum err on_lane(struct rotation *r, enum err (*run)(struct lane_job *, struct lane *)) {
    enum err e;
    while ((e = lane_run_slice(r->lane, run, r)) == ERR_RATE && !r->job->cancelled) usleep(2000);
    return e;
}

static struct rotation *begin(struct lane_job *job) {
    struct rotation *r = ((struct lane_call *)job)->arg;
    arena_reset(r->arena);
    problem_init(&r->problem, r->arena);
    return r;
}

static enum err add_version(struct lane_job *job, struct lane *lane) {
    struct rotation *r = begin(job);
    enum err e = home_keys_ours(lane_db(lane), &r->problem);
    return e ? e : home_keyring_store(lane_db(lane), r->keyring, &r->problem);
}

// The next data keys by owner. One that is written meanwhile is under the newest version already.
static enum err rewrap_some(struct lane_job *job, struct lane *lane) {
    struct rotation *r = begin(job);
    struct db *db = lane_db(lane);
    int64_t until = clock_mono_ns() + SLICE_NS;
    struct {
        char *owner;
        int64_t generation;
        uint8_t wrapped[WRAPPED_KEY];
        size_t n;
    } *rows = arena_alloc(r->arena, sizeof *rows * SLICE_ROWS);
    int n = 0;
    struct stmt *st = db_query(db, &r->problem,
                               "SELECT owner,generation,wrapped FROM core_key WHERE owner>$1"
                               " AND version<$2 AND wrapped IS NOT NULL ORDER BY owner LIMIT $3",
                               "tii", r->after, (int64_t)r->version, (int64_t)SLICE_ROWS);
    enum err e = ERR_OK;
    for (; stmt_next(st, &e, &r->problem); n++) {
        const void *w = stmt_blob(st, 2, &rows[n].n);
        rows[n].owner = arena_strdup(r->arena, stmt_text(st, 0, NULL));
        rows[n].generation = stmt_int(st, 1);
        if (rows[n].n == WRAPPED_KEY) memcpy(rows[n].wrapped, w, WRAPPED_KEY);
    }
    int i = 0;
    for (; i < n && !e && (i == 0 || clock_mono_ns() < until); i++) {
        uint8_t wrapped[WRAPPED_KEY];
        e = keyring_rewrap(r->keyring, rows[i].owner, (uint64_t)rows[i].generation, rows[i].wrapped,
                           rows[i].n, wrapped);
        if (e) return problem_set(&r->problem, e, "the key of %s does not open", rows[i].owner);
        e = db_run(db, &r->problem, NULL,
                   "UPDATE core_key SET version=$1,wrapped=$2 WHERE owner=$3", "ibt",
                   (int64_t)keyring_wrapped_version(wrapped, sizeof wrapped), wrapped,
                   sizeof wrapped, rows[i].owner);
    }
    if (e) return e;
    r->rewrapped = i;
    r->at_end = i == n && n < SLICE_ROWS;
    if (i) snprintf(r->after, sizeof r->after, "%s", rows[i - 1].owner);
    return ERR_OK;
}

static enum err destroy_old(struct lane_job *job, struct lane *lane) {
    struct rotation *r = begin(job);
    enum err e = home_keys_ours(lane_db(lane), &r->problem); // it knows the old ones
    for (uint32_t v; !e && (v = keyring_oldest(r->keyring)) < r->version;)
        e = keyring_destroy(r->keyring, v, &r->problem);
    if (!e) e = home_keyring_store(lane_db(lane), r->keyring, &r->problem);
    if (e) return e;
    struct audit_row row = {.at = clock_now_ms(),
                            .actor = r->job->by,
                            .action = "key.destroy",
                            .object =
                                arena_printf(r->arena, "core.keys/version/%u", r->version - 1),
                            .outcome = "ok"};
    audit_add(lane_audit(lane), &row);
    return ERR_OK;
}

static enum err cancelled(struct rotation *r, struct problem *p) {
    return r->job->cancelled
               ? problem_set(p, ERR_CONFLICT, "cancelled; it goes on at the next start")
               : ERR_OK;
}

// Whoever reads has the rewrapped keys, or had an old one in hand for less than a moment.
static enum err wait_for_readers(struct rotation *r, struct problem *p) {
    enum err e;
    while ((e = lane_empty_log(r->lane, READERS_WAIT_MS)) == ERR_UNAVAILABLE && !cancelled(r, p)) {
    }
    for (int ms = 0; ms < GRACE_MS && !e && !(e = cancelled(r, p)); ms += 50) usleep(50000);
    return e;
}

static enum err run(struct job *job, struct buf *result, struct problem *p) {
    struct rotation *r = job->self;
    struct keyring *k = r->keyring;
    enum err e = r->with_new_version ? keyring_rotate(k, p) : ERR_OK;
    if (!e && r->with_new_version) {
        e = on_lane(r, add_version);
        keyring_rotated(k, !e);
    }
    r->version = keyring_version(k);
    while (!e && !(e = cancelled(r, p)) && !r->at_end) {
        e = on_lane(r, rewrap_some);
        if (!e) job->done += r->rewrapped;
    }
    if (!e) e = wait_for_readers(r, p);
    if (!e) e = on_lane(r, destroy_old);
    if (!e) job->total = job->done;
    if (e && !p->code) problem_set(p, e, "%s", r->problem.detail ? r->problem.detail : err_word(e));
    if (e) return e;
    buf_printf(result, "{\"version\":%u,\"rewrapped\":%lld}", r->version, (long long)job->done);
    return ERR_OK;
}

static void over(struct job *job) {
    arena_free(((struct rotation *)job->self)->arena);
}

void rotate_prepare(struct job *job, struct lane *lane, struct keyring *k, bool with_new_version) {
    struct rotation *r = job->self = arena_alloc(job->arena, sizeof *r);
    *r = (struct rotation){
        .lane = lane, .keyring = k, .with_new_version = with_new_version, .job = job};
    r->arena = arena_new(4 << 20);
    if (!r->arena) abort();
    job->run = run;
    job->over = over;
}

struct resuming {
    struct jobs *jobs;
    struct job *job;
    struct problem *p;
};

static enum err start(struct lane_job *lj, struct lane *lane) {
    struct resuming *s = ((struct lane_call *)lj)->arg;
    return jobs_start(s->jobs, lane_db(lane), s->job, s->p);
}

enum err rotate_resume(struct jobs *jobs, struct lane *lane, struct keyring *k, struct problem *p) {
    if (keyring_oldest(k) == keyring_version(k)) return ERR_OK;
    struct job *job = job_new("key.rotate", "core", clock_now_ms());
    if (!job) return problem_set(p, ERR_NOMEM, NULL);
    rotate_prepare(job, lane, k, false);
    struct resuming s = {jobs, job, p};
    enum err e = lane_run(lane, start, &s);
    if (e) job_drop(job);
    return e;
}
