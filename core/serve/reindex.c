// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The job that fills search indexes, a slice of records at a time.
#include "campus/reindex.h"

#include <stdlib.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/mem.h"
#include "campus/search.h"

enum { SLICE_ROWS = 100, AGAIN_US = 10000, REQUESTS_END_MS = 1500 };
struct reindex {
    struct lane *lane;
    struct release *release;
    struct arena *scratch; // of one slice
    struct problem problem;
    int64_t done;
    bool over;
};

static enum err fill(struct lane_job *job, struct lane *lane) {
    struct reindex *x = ((struct lane_call *)job)->arg;
    arena_reset(x->scratch);
    problem_init(&x->problem, x->scratch);
    struct store s = {.db = lane_db(lane),
                      .arena = x->scratch,
                      .school = x->release->school,
                      .problem = &x->problem};
    return search_fill(&s, x->release->schema, SLICE_ROWS, &x->done, &x->over);
}

static enum err run(struct job *job, struct buf *result, struct problem *p) {
    struct reindex *x = job->self;
    enum err e = ERR_OK;
    // requests that began under the release before write to its indexes
    for (int ms = 0; ms < REQUESTS_END_MS && !job->cancelled; ms += 50) usleep(50000);
    while (!e && !x->over) {
        if (job->cancelled)
            return problem_set(p, ERR_CONFLICT, "cancelled; it goes on at the next start");
        e = lane_run_slice(x->lane, fill, x);
        if (e == ERR_RATE) usleep(AGAIN_US), e = ERR_OK;
        job->done = x->done;
    }
    if (e) return problem_set(p, e, "%s", x->problem.detail ? x->problem.detail : err_word(e));
    job->total = job->done;
    buf_printf(result, "{\"indexed\":%lld}", (long long)x->done);
    return ERR_OK;
}

static void over(struct job *job) {
    struct reindex *x = job->self;
    release_put(x->release);
    arena_free(x->scratch);
}

struct starting {
    struct jobs *jobs;
    struct job *job;
    struct problem *p;
    bool due;
};

static enum err start(struct lane_job *lj, struct lane *lane) {
    struct starting *s = ((struct lane_call *)lj)->arg;
    struct reindex *x = s->job->self;
    struct store store = {.db = lane_db(lane), .arena = x->scratch, .school = "", .problem = s->p};
    enum err e = search_is_due(&store, x->release->schema, &s->due);
    return e || !s->due ? e : jobs_start(s->jobs, lane_db(lane), s->job, s->p);
}

enum err reindex_start(struct jobs *jobs, struct lane *lane, struct release *r, struct problem *p) {
    struct job *job = job_new("search.index", "core", clock_now_ms());
    if (!job) return problem_set(p, ERR_NOMEM, NULL);
    struct reindex *x = job->self = arena_alloc(job->arena, sizeof *x);
    x->lane = lane;
    x->release = release_hold(r);
    x->scratch = arena_new(64 << 20);
    if (!x->scratch) abort();
    job->run = run;
    job->over = over;
    struct starting s = {jobs, job, p, false};
    enum err e = lane_run(lane, start, &s);
    if (e || !s.due) job_drop(job);
    return e;
}
