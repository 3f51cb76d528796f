// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Cron fields and the moments they mean in a time zone.
#ifndef CAMPUS_CRON_H
#define CAMPUS_CRON_H

#include <stdbool.h>
#include "campus/clock.h"
#include "campus/err.h"

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

#endif
