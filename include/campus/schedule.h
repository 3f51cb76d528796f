// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Schedules: cron fields in a time zone, and what runs by them. A run is claimed in the database
// before it begins, so nothing runs twice: not over a restart, a clock set back, the end of summer
// time, or on two nodes.
#ifndef CAMPUS_SCHEDULE_H
#define CAMPUS_SCHEDULE_H

#include "campus/clock.h"
#include "campus/lane.h"

extern const char schedule_ddl[];
struct cron { // bit n: the value n
    uint64_t minutes;
    uint32_t hours, days, months, weekdays; // weekdays: 0 Sunday
    bool any_hour, any_day, any_weekday;    // the field begins with *
};
// "MINUTE HOUR DAY MONTH WEEKDAY": numbers, lists, ranges, steps, *; weekday 7 is Sunday too. When
// day and weekday are both given, either fits. ERR_INVALID with what is wrong.
MUST_CHECK enum err cron_parse(const char *text, struct cron *out, struct problem *p);
// The first moment after `after` (both ms since the epoch), or -1 when there is none within nine
// years. A time that the clock skips happens when it goes on; one that it shows twice happens the
// first time, except where every hour is meant, which is told by real time.
int64_t cron_next(const struct cron *c, const struct tz *tz, int64_t after);
// The last moment after `after` and not after `until`, or -1.
int64_t cron_last(const struct cron *c, const struct tz *tz, int64_t after, int64_t until);

enum schedule_missed { MISSED_SKIP, MISSED_ONCE };
struct schedule_job {
    const char *name; // of its row; borrowed until schedule_set gives others
    struct cron cron;
    const struct tz *tz;         // borrowed likewise
    enum schedule_missed missed; // what to do when nobody was there at the time
    // After its claim is durable, on the thread that ticks: must be short. due: when it was meant.
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
