// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The write lane: one thread owns the only writing connection. It takes every queued job, runs each
// in an outer savepoint of its own, commits once and only then answers them all; while a commit
// syncs the queue fills, so the batch sizes itself. And workers: small pools of threads for what
// blocks.
#ifndef CAMPUS_LANE_H
#define CAMPUS_LANE_H

#include "campus/audit.h"
#include "campus/db.h"

struct lane;
struct lane_job {
    struct lane_job *next;
    // Lane thread. Anything but ERR_OK undoes what it wrote, audit rows included; a refusal that
    // must stay on record undoes its own inner savepoint, adds its row and returns ERR_OK.
    enum err (*run)(struct lane_job *job, struct lane *lane);
    // After the commit is durable (ERR_OK), or with why nothing was kept. Lane thread; must be
    // short.
    void (*done)(struct lane_job *job, enum err e);
    bool light; // run may be called a second time, after all that the first wrote was undone: then
                // no savepoint is made, which would cost a tenth of a record's whole way
    bool rerun; // set by the lane: this is that second time
    bool again; // set by run: queue me once more after this commit (bulk work in slices)
    bool bulk;  // a slice of bulk work: one goes with each batch of others, several go together
                // when nobody else waits
    enum err result;
    size_t audit_mark;
};

MUST_CHECK enum err lane_open(struct db *db, struct audit *audit, struct lane **out,
                              struct problem *p);
// false when LIMIT_LANE_QUEUE jobs wait: answer 429. Any thread.
bool lane_submit(struct lane *l, struct lane_job *job);
// Waits for the job from another thread (command line, control socket, tests).
MUST_CHECK enum err lane_run(struct lane *l, enum err (*run)(struct lane_job *, struct lane *),
                             void *arg); // run gets a job whose container is lane_call
struct lane_call {
    struct lane_job job;
    void *arg;
};
// The same for a slice of bulk work.
MUST_CHECK enum err lane_run_slice(struct lane *l,
                                   enum err (*run)(struct lane_job *, struct lane *), void *arg);
// Empties the write-ahead log: of what was overwritten nothing stays in it, and no reader sees a
// state from before this call. ERR_UNAVAILABLE when a reader stayed longer than wait_ms; it is then
// done as soon as that one has gone. Any thread but the lane's, outside a transaction of its own.
MUST_CHECK enum err lane_empty_log(struct lane *l, int wait_ms);
// What of the work that nodes share is this one's (db_share): all of it where there are none. Asks
// the database anew; what deliver still uses is not given up. Any thread but the lane's.
MUST_CHECK enum err lane_share(struct lane *l);
uint32_t lane_held(const struct lane *l);
void lane_use(struct lane *l, uint32_t used);
// Who holds the first share looks at the clock: schedules, deadlines, messages, sweeps.
bool lane_keeps_clock(const struct lane *l);
struct db *lane_db(struct lane *l);
struct audit *lane_audit(struct lane *l);
void lane_close(struct lane *l); // finishes what is queued, checkpoints, joins
// Called after each durable commit, on the lane thread: wakes event delivery. fn NULL: no more;
// when it returns, the old one is not running any more.
void lane_on_commit(struct lane *l, void (*fn)(void *self), void *self);
struct lane_stats {
    uint64_t commits, jobs, failed;
    size_t queued;
    uint64_t wal_bytes;
};
void lane_stats(struct lane *l, struct lane_stats *out);

// A pool of threads with a bounded queue. Works with the same `together` that wait one behind the
// other, WORK_TOGETHER at most, are first handed to it as a list, and then each is run.
enum { WORK_TOGETHER = 16 };
struct worker;
struct work {
    struct work *next;
    void (*run)(struct work *w, int thread);
    void (*together)(struct work *first, int thread); // or NULL
};
struct worker *worker_new(const char *name, int threads, size_t queue_max);
bool worker_submit(struct worker *w, struct work *work);
void worker_free(struct worker *w); // finishes what is queued

#endif
