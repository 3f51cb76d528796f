// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Working time: policies/calendar.yaml says, for each group that needs a calendar of its own, the
// hours of a week, holidays, the working days that make up for them (调休), seasons with other
// hours, terms, and who is on duty. Durations are reckoned in it.
#ifndef CAMPUS_CALENDAR_H
#define CAMPUS_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "campus/clock.h"
#include "campus/err.h"

struct arena;
struct yaml;
struct calendar;
struct calendars; // immutable, in an arena

// layers: lowest first; a later one replaces a calendar key by key. Every error is an item at
// file:line:col. tz is borrowed. There is always one called "always", which never closes.
MUST_CHECK enum err calendar_compile(struct arena *a, const struct tz *tz,
                                     const struct yaml *const *layers, int n,
                                     struct calendars **out, struct problem *p);
const struct calendar *calendar_find(const struct calendars *cs, const char *name); // or NULL
// The one of this name, else "school", else "always".
const struct calendar *calendar_for(const struct calendars *cs, const char *name);
const char *calendar_name(const struct calendar *c);
const char *calendar_names(const struct calendars *cs,
                           struct arena *a); // "always, school", for people

enum duration_unit { DURATION_DAYS, DURATION_WORKDAYS, DURATION_HOURS, DURATION_MINUTES };
struct duration {
    int64_t n;
    enum duration_unit unit; // hours and minutes are of working time
};
// "90d", "3wd", "4h", "30m", or the same as a policy has it: {"n":3,"unit":"wd"}.
bool duration_parse(const char *s, struct duration *out);

bool calendar_is_open(const struct calendar *c, int64_t ms);
// The first open moment not before ms. Like all that looks ahead it looks no further than some
// nine years, and then says so by the end of them.
int64_t calendar_next_open(const struct calendar *c, int64_t ms);
// Working time between two moments.
int64_t calendar_open_ms(const struct calendar *c, int64_t from, int64_t until);
// Working days: the end of the working hours of the n-th one after this day. Days: the last second
// of the n-th day after this one. Nothing (0 of any) is the moment itself.
int64_t calendar_add(const struct calendar *c, int64_t from, struct duration d);
// So much earlier: working days, the beginning of the working hours of the n-th one before this
// day.
int64_t calendar_before(const struct calendar *c, int64_t until, struct duration d);
int64_t calendar_day_end(const struct calendar *c,
                         const char *date); // its last second; date is valid
// Sign-in names of who is on duty that day, NULL-ended; none: empty.
const char *const *calendar_duty(const struct calendar *c, int64_t ms);
bool calendar_has_year(const struct calendar *c, int year); // whether any holiday of it is known
// The next moment after `after` at which a term begins, or -1.
int64_t calendar_next_term(const struct calendar *c, int64_t after);

#endif
