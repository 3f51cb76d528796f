// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A fixture with a calendar of a school and the clock that flows go by.
#ifndef FLOW_FIXTURE_H
#define FLOW_FIXTURE_H

#include "campus/flow.h"
#include "campus/home.h"
#include "campus/text.h"
#include "campus/yaml.h"
#include "fixture.h"

static const char FLOW_CALENDAR[] =
    "calendars:\n"
    "  school:\n"
    "    hours: { mon: [\"08:00-16:00\"], tue: [\"08:00-16:00\"], wed: [\"08:00-16:00\"],"
    " thu: [\"08:00-16:00\"], fri: [\"08:00-16:00\"] }\n"
    "    terms: [2026-09-01, 2027-03-01]\n"
    "    duty: [{ days: 2026-11-28..2026-11-29, people: [p.duty, nobody] }]\n";

struct flow_fixture { // first of a test's own
    struct fixture *fx;
    struct tz *tz;
    struct calendars *cs;
    const struct calendar *calendar;
    struct flow flow;
};

static inline int64_t ms(const char *t) {
    int64_t v;
    assert_true(text_to_time(t, strlen(t), &v));
    return v;
}

// *state: calloc'ed, of this size.
static inline void flow_fixture_open(void **state, size_t size, const char *actor) {
    void *fx;
    struct yaml *y;
    struct flow_fixture *s = *state = calloc(1, size);
    fixture_open(&fx);
    s->fx = fx;
    OK(s->fx, store_migrate(s->fx->db, NULL, home_ddl(s->fx->arena), &s->fx->problem));
    s->tz = tz_load("Asia/Shanghai");
    OK(s->fx,
       yaml_parse(s->fx->arena, "c", FLOW_CALENDAR, strlen(FLOW_CALENDAR), &y, &s->fx->problem));
    const struct yaml *layers[] = {y};
    OK(s->fx, calendar_compile(s->fx->arena, s->tz, layers, 1, &s->cs, &s->fx->problem));
    s->calendar = calendar_find(s->cs, "school");
    s->flow =
        (struct flow){.store = &s->fx->store, .calendars = s->cs, .actor = actor, .release = 1};
}

static inline int flow_fixture_close(void **state) {
    struct flow_fixture *s = *state;
    void *fx = s->fx;
    tz_free(s->tz);
    fixture_close(&fx);
    free(s);
    return 0;
}

#endif
