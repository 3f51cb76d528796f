// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Bulk work: one thread runs one job after another; a job writes through the lane in slices, says
// how far it is, and can be cancelled. Its row is durable before the client hears of it.
#ifndef CAMPUS_JOBS_H
#define CAMPUS_JOBS_H

#include <stdatomic.h>
#include "campus/buf.h"
#include "campus/lane.h"

extern const char jobs_ddl[];
struct jobs;
struct job {
    struct job *next;    // of the queue
    struct arena *arena; // the job's own; freed when it is over
    char id[37];
    const char *kind, *by; // "import"; person id
    int64_t at;
    _Atomic int64_t total, done, failed; // total 0: not known yet
    _Atomic bool cancelled;
    // On the job thread. result gets a JSON object; ERR_CONFLICT after a cancel.
    enum err (*run)(struct job *job, struct buf *result, struct problem *p);
    void (*over)(struct job *job); // releases what self holds; may be NULL
    void *self;
};

// Jobs that a crash or a stop interrupted are marked failed. A kind whose work is on record in the
// data itself goes on with a new job (see rotate.h). Owned.
MUST_CHECK enum err jobs_open(struct lane *lane, struct jobs **out, struct problem *p);
void jobs_close(struct jobs *j); // cancels what runs and waits for it
// A job in memory of its own, to be filled in. NULL when out of memory.
struct job *job_new(const char *kind, const char *by, int64_t now);
void job_drop(struct job *job); // one that was never started
// Lane thread, inside the request's transaction. Takes the job.
MUST_CHECK enum err jobs_start(struct jobs *j, struct db *db, struct job *job, struct problem *p);
// JSON of one job (by "": anyone's) and of the last 100. ERR_NOT_FOUND.
MUST_CHECK enum err jobs_json(struct jobs *j, struct db *db, const char *id, const char *by,
                              struct buf *out, struct problem *p);
MUST_CHECK enum err jobs_list_json(struct jobs *j, struct db *db, const char *by, struct buf *out,
                                   struct problem *p);
// Asks a job that waits or runs to stop; false when there is no such one.
bool jobs_cancel(struct jobs *j, const char *id, const char *by);

#endif
