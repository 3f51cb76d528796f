// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What runs by the clock. The row of a schedule holds the moment up to which everything is settled;
// a run moves it on by compare-and-set, in the lane, and only who has moved it runs.
#include "campus/schedule.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "campus/rounds.h"

const char schedule_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_schedule(name TEXT PRIMARY KEY, due BIGINT NOT NULL,"
    " ran_at BIGINT NOT NULL){clustered};";

enum {
    LATE_MS = 300000, // later than this it counts as missed
    LOOK_MS = 30000,  // the clock may have been moved meanwhile
    AGAIN_MS = 1000,  // after an error
    SOONEST_MS = 20,
};
#define AHEAD_MS (INT64_C(25) * 3600000) // a mark further ahead was set by a wrong clock

struct schedule {
    struct lane *lane;
    struct rounds *rounds; // NULL: someone else ticks
    pthread_mutex_t mutex; // jobs; held while they run
    struct schedule_job *jobs;
    int njobs;
};

struct claim {
    const struct schedule_job *job;
    int64_t from, to, now; // from -1: there is no row yet
    bool run, won;
};

static enum err claim_on_lane(struct lane_job *job, struct lane *lane) {
    struct claim *c = ((struct lane_call *)job)->arg;
    struct arena *a = arena_new(1 << 16);
    if (!a) return ERR_NOMEM;
    struct problem p;
    int64_t n = 0;
    problem_init(&p, a);
    enum err e =
        c->from < 0
            ? db_run(lane_db(lane), &p, &n,
                     "INSERT INTO core_schedule(name,due,ran_at) VALUES($1,$2,0)"
                     " ON CONFLICT(name) DO NOTHING",
                     "ti", c->job->name, c->to)
            : db_run(
                  lane_db(lane), &p, &n,
                  "UPDATE core_schedule SET due=$1, ran_at=CASE WHEN $2=1 THEN $3 ELSE ran_at END"
                  " WHERE name=$4 AND due=$5",
                  "iiiti", c->to, (int64_t)c->run, c->now, c->job->name, c->from);
    c->won = n == 1;
    if (!e && c->won && c->run && c->job->claim)
        e = c->job->claim(c->job->self, c->job, c->to, lane_db(lane), &p);
    if (e) log_error("schedule", "%s: %s", c->job->name, err_word(e));
    arena_free(a);
    return e;
}

static void sooner(int64_t *next, int64_t at) {
    if (at >= 0 && at < *next) *next = at;
}

static enum err tick_one(struct schedule *s, struct db *db, const struct schedule_job *job,
                         int64_t now, int64_t *next, struct problem *p) {
    struct claim c = {.job = job, .to = now, .now = now};
    enum err e =
        db_int(db, p, &c.from, -1, "SELECT due FROM core_schedule WHERE name=$1", "t", job->name);
    if (e) return e;
    if (c.from < 0 || c.from > now + AHEAD_MS) {
        if (c.from >= 0) log_warn("schedule", "%s: the clock was wrong, it is set anew", job->name);
        sooner(next, cron_next(&job->cron, job->tz, now));
        return lane_run(s->lane, claim_on_lane, &c);
    }
    int64_t due = cron_next(&job->cron, job->tz, c.from);
    if (due < 0 || due > now) {
        sooner(next, due);
        return ERR_OK;
    }
    c.to = cron_last(&job->cron, job->tz, c.from, now);
    c.run = job->missed == MISSED_ONCE || now - c.to <= LATE_MS;
    sooner(next, cron_next(&job->cron, job->tz, c.to));
    e = lane_run(s->lane, claim_on_lane, &c);
    if (!e && c.won && c.run && job->run) job->run(job->self, job, c.to);
    if (!e && !c.run) log_warn("schedule", "%s was missed and is skipped", job->name);
    return e;
}

enum err schedule_tick(struct schedule *s, struct db *db, int64_t now, int64_t *next,
                       struct problem *p) {
    enum err e = ERR_OK;
    bool ours = lane_keeps_clock(s->lane);
    *next = now + (ours ? LOOK_MS : AGAIN_MS);
    pthread_mutex_lock(&s->mutex);
    for (int i = 0; i < s->njobs && ours; i++) {
        enum err one = tick_one(s, db, &s->jobs[i], now, next, p);
        if (one) { // the others have their turn all the same
            sooner(next, now + AGAIN_MS);
            e = one;
        }
    }
    pthread_mutex_unlock(&s->mutex);
    return e;
}

static enum err look(void *self, struct db *db, int64_t *again_ms, struct problem *p) {
    int64_t next;
    enum err e = schedule_tick(self, db, clock_now_ms(), &next, p);
    int64_t ms = next - clock_now_ms();
    *again_ms = ms < SOONEST_MS ? SOONEST_MS : ms;
    return e;
}

enum err schedule_open(const char *storage, struct lane *lane, struct schedule **out,
                       struct problem *p) {
    struct schedule *s = mem_need(sizeof *s);
    *s = (struct schedule){.lane = lane};
    pthread_mutex_init(&s->mutex, NULL);
    struct rounds_config rc = {"schedule", storage, look, s, LOOK_MS}; // woken when there are jobs
    enum err e = storage ? rounds_open(&rc, &s->rounds, p) : ERR_OK;
    if (e)
        mem_free(s);
    else
        *out = s;
    return e;
}

void schedule_close(struct schedule *s) {
    if (!s) return;
    rounds_close(s->rounds);
    pthread_mutex_destroy(&s->mutex);
    mem_free(s->jobs);
    mem_free(s);
}

void schedule_set(struct schedule *s, const struct schedule_job *jobs, int n) {
    struct schedule_job *copy = mem_need(sizeof *copy * (size_t)(n + 1));
    if (n) memcpy(copy, jobs, sizeof *copy * (size_t)n);
    pthread_mutex_lock(&s->mutex);
    struct schedule_job *old = s->jobs;
    s->jobs = copy;
    s->njobs = n;
    pthread_mutex_unlock(&s->mutex);
    mem_free(old);
    if (s->rounds) rounds_wake(s->rounds);
}
