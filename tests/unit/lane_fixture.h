// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A write lane over the small school, with the tables of the service, and events put into its
// outbox the way the gate does.
#ifndef LANE_FIXTURE_H
#define LANE_FIXTURE_H

#include "fixture.h"
#include "campus/clock.h"
#include "campus/home.h"
#include "campus/lane.h"

struct lane_fixture {
    struct fixture *fx;
    struct audit *audit;
    struct lane *lane;
    struct db *reader;
};

static inline void lane_fixture_start(struct lane_fixture *lf) {
    OK(lf->fx, audit_open(lf->fx->db, lf->fx->keyring, "n1", NULL, &lf->audit, &lf->fx->problem));
    OK(lf->fx, lane_open(lf->fx->db, lf->audit, &lf->lane, &lf->fx->problem));
}
static inline void lane_fixture_stop(struct lane_fixture *lf) {
    if (lf->lane) lane_close(lf->lane);
    lf->lane = NULL;
    if (lf->audit) audit_close(lf->audit);
    lf->audit = NULL;
}
static inline void lane_fixture_open(struct lane_fixture *lf) {
    void *state;
    fixture_open(&state);
    *lf = (struct lane_fixture){.fx = state};
    OK(lf->fx, store_migrate(lf->fx->db, NULL, home_ddl(lf->fx->arena), &lf->fx->problem));
    OK(lf->fx, db_open(lf->fx->storage, DB_READ, &lf->reader, &lf->fx->problem));
    lane_fixture_start(lf);
}
static inline void lane_fixture_close(struct lane_fixture *lf) {
    void *state = lf->fx;
    lane_fixture_stop(lf);
    db_close(lf->reader);
    fixture_close(&state);
}

struct lane_put {
    const char *record;
    int64_t from, n;
    enum err end;
};
static inline enum err lane_put_run(struct lane_job *job, struct lane *lane) {
    struct lane_put *put = ((struct lane_call *)job)->arg;
    struct arena *a = arena_new(16 << 20);
    struct problem p;
    problem_init(&p, a);
    enum err e = ERR_OK;
    for (int64_t i = 0; i < put->n && !e; i++) {
        struct event ev = {.type = "admissions.applicants.updated",
                           .entity = "admissions.applicants",
                           .record = put->record,
                           .actor = "p-1",
                           .rev = put->from + i,
                           .at = clock_now_ms(),
                           .release = 1,
                           .state = "draft"};
        e = outbox_add(lane_db(lane), &ev, &p);
    }
    arena_free(a);
    return e ? e : put->end;
}
// n events of a record with revisions from `from`, in one transaction, which then ends with `end`.
static inline void lane_put(struct lane_fixture *lf, const char *record, int64_t from, int64_t n,
                            enum err end) {
    struct lane_put put = {record, from, n, end};
    assert_int_equal(lane_run(lf->lane, lane_put_run, &put), end);
}

struct lane_sql {
    const char *sql;
    struct problem *p;
};
static inline enum err lane_sql_run(struct lane_job *job, struct lane *lane) {
    struct lane_sql *s = ((struct lane_call *)job)->arg;
    return db_run(lane_db(lane), s->p, NULL, s->sql, "");
}
static inline void lane_sql(struct lane_fixture *lf, const char *sql) {
    struct lane_sql s = {sql, &lf->fx->problem};
    OK(lf->fx, lane_run(lf->lane, lane_sql_run, &s));
}
static inline int64_t lane_int(struct lane_fixture *lf, const char *sql) {
    int64_t n = -1;
    OK(lf->fx, db_int(lf->reader, &lf->fx->problem, &n, -1, sql, ""));
    return n;
}

#endif
