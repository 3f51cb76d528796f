// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The clock seam. Wall time is for people and records and can be moved by tests; budgets and
// timeouts use the monotonic clock. SQL never reads the time.
#ifndef CAMPUS_CLOCK_H
#define CAMPUS_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

int64_t clock_now_ms(void); // wall clock, milliseconds since the epoch, plus the test offset
int64_t clock_mono_ns(void);
// For waiting by the monotonic clock: a condition, and the moment in so many ms to give up.
void clock_cond_init(pthread_cond_t *c);
struct timespec clock_in_ms(int64_t ms);
void clock_advance_ms(int64_t by); // for tests: ours, and those that `plugin test` runs

// A time zone read from tzdata (RFC 8536 TZif). Owned; never freed while a release uses it.
struct tz;
struct tz *tz_load(const char *name); // NULL when unknown
void tz_free(struct tz *tz);
int tz_offset_s(const struct tz *tz, int64_t utc_ms);            // seconds east of UTC
void tz_date(const struct tz *tz, int64_t utc_ms, char out[11]); // the local date
// The moment (s) at which local clocks show `local` (s since the epoch, as if there were no zone):
// where they show it twice the first or the last, where they skip it the moment they go on.
int64_t tz_moment_s(const struct tz *tz, int64_t local_s, bool last);

#endif
