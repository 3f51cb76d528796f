// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Schedules: what runs by cron fields in a time zone. A run is claimed in the database
// before it begins, so nothing runs twice: not over a restart, a clock set back, the end of summer
// time, or on two nodes.
#ifndef CAMPUS_SCHEDULE_H
#define CAMPUS_SCHEDULE_H

#include "campus/cron.h"
#include "campus/lane.h"

extern const char schedule_ddl[];
enum schedule_missed { MISSED_SKIP, MISSED_ONCE };
struct schedule_job {
    const char *name; // of its row; borrowed until schedule_set gives others
    struct cron cron;
    const struct tz *tz;         // borrowed likewise
    enum schedule_missed missed; // what to do when nobody was there at the time
    // On the lane, in the transaction of the claim; may be NULL. An error leaves it unclaimed.
    enum err (*claim)(void *self, const struct schedule_job *job, int64_t due, struct db *db,
                      struct problem *p);
    // After its claim is durable, on the thread that ticks: must be short. due: when it was meant.
    // May be NULL.
    void (*run)(void *self, const struct schedule_job *job, int64_t due);
    void *self;
};
struct schedule;
// storage: with a thread that ticks; NULL: someone calls schedule_tick. Owned; close it before the
// lane.
MUST_CHECK enum err schedule_open(const char *storage, struct lane *lane, struct schedule **out,
                                  struct problem *p);
void schedule_close(struct schedule *s);
// These and no others, from now on; copied. One that was never seen starts with what comes next.
// When it returns, no earlier job is being run.
void schedule_set(struct schedule *s, const struct schedule_job *jobs, int n);
// Runs what is due at `now`; *next: when to come again.
MUST_CHECK enum err schedule_tick(struct schedule *s, struct db *db, int64_t now, int64_t *next,
                                  struct problem *p);

#endif
