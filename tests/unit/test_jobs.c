// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Jobs: durable before anyone hears of them, with progress, a result, a cancel, and an honest end
// after a restart.
#include <stdatomic.h>
#include "lane_fixture.h"
#include "campus/jobs.h"
#include "campus/log.h"

struct stand {
    struct lane_fixture lf;
    struct jobs *jobs;
};
struct plan { // what a job of the test does
    _Atomic bool go;
    _Atomic int ran, over;
    enum err end;
    int64_t steps;
};

static enum err run(struct job *job, struct buf *result, struct problem *p) {
    struct plan *plan = job->self;
    plan->ran++;
    job->total = plan->steps;
    for (int64_t i = 0; i < plan->steps; i++) {
        while (!plan->go && !job->cancelled) usleep(1000);
        if (job->cancelled) return problem_set(p, ERR_CONFLICT, "cancelled");
        job->done = i + 1;
        if (plan->steps > 1 && i == plan->steps / 2 - 1) plan->go = false; // waits half-way
    }
    if (plan->end) return problem_set(p, plan->end, "it did not work");
    buf_puts(result, "{\"rows\":3}");
    return ERR_OK;
}
static void over(struct job *job) {
    ((struct plan *)job->self)->over++;
}

static int stand_open(void **state) {
    struct stand *s = calloc(1, sizeof *s);
    *state = s;
    lane_fixture_open(&s->lf);
    OK(s->lf.fx, jobs_open(s->lf.lane, &s->jobs, &s->lf.fx->problem));
    return 0;
}
static int stand_close(void **state) {
    struct stand *s = *state;
    jobs_close(s->jobs);
    lane_fixture_close(&s->lf);
    free(s);
    return 0;
}
static void restart(struct stand *s) {
    jobs_close(s->jobs);
    lane_fixture_stop(&s->lf);
    lane_fixture_start(&s->lf);
    OK(s->lf.fx, jobs_open(s->lf.lane, &s->jobs, &s->lf.fx->problem));
}

struct starting {
    struct stand *s;
    struct job *job;
    enum err end;
};
static enum err start_run(struct lane_job *lj, struct lane *lane) {
    struct starting *st = ((struct lane_call *)lj)->arg;
    enum err e = jobs_start(st->s->jobs, lane_db(lane), st->job, &st->s->lf.fx->problem);
    return e ? e : st->end;
}
// Returns the id; end: how the transaction that started it ends.
static const char *start(struct stand *s, struct plan *plan, enum err end) {
    struct job *job = job_new("test", "p-1", clock_now_ms());
    const char *id = arena_strdup(s->lf.fx->arena, job->id);
    job->run = run;
    job->over = over;
    job->self = plan;
    struct starting st = {s, job, end};
    assert_int_equal(lane_run(s->lf.lane, start_run, &st), end);
    return id;
}
static json_t *look(struct stand *s, const char *id) {
    struct buf b;
    json_t *j;
    buf_init(&b, s->lf.fx->arena);
    OK(s->lf.fx, jobs_json(s->jobs, s->lf.reader, id, "", &b, &s->lf.fx->problem));
    OK(s->lf.fx, json_parse(s->lf.fx->arena, b.data, b.len, &j, &s->lf.fx->problem));
    return j;
}
static const char *state_of(struct stand *s, const char *id) {
    return json_string_value(json_object_get(look(s, id), "state"));
}
static json_t *until(struct stand *s, const char *id, const char *state) {
    for (int i = 0; i < 5000 && strcmp(state_of(s, id), state); i++) usleep(1000);
    assert_string_equal(state_of(s, id), state);
    return look(s, id);
}
static int64_t number(const json_t *j, const char *key) {
    return json_integer_value(json_object_get(j, key));
}

static void test_a_job_tells_how_far_it_is_and_what_came_of_it(void **state) {
    struct stand *s = *state;
    struct plan plan = {.steps = 10};
    const char *id = start(s, &plan, ERR_OK);
    until(s, id, "running");
    plan.go = true;
    for (int i = 0; i < 5000 && number(look(s, id), "done") < 5; i++) usleep(1000);
    json_t *half = look(s, id);
    assert_int_equal(number(half, "done"), 5);
    assert_int_equal(number(half, "total"), 10);
    assert_int_equal(number(half, "progress"), 50);
    plan.go = true;
    json_t *end = until(s, id, "done");
    assert_int_equal(number(end, "progress"), 100);
    assert_int_equal(number(json_object_get(end, "result"), "rows"), 3);
    assert_true(json_is_string(json_object_get(end, "ended_at")));
    assert_int_equal(plan.over, 1);
}

static void test_they_run_one_after_another(void **state) {
    struct stand *s = *state;
    struct plan first = {.steps = 1}, second = {.steps = 1, .go = true};
    const char *a = start(s, &first, ERR_OK), *b = start(s, &second, ERR_OK);
    until(s, a, "running");
    assert_string_equal(state_of(s, b), "queued");
    assert_int_equal(second.ran, 0);
    first.go = true;
    until(s, b, "done");
}

static void test_one_whose_row_was_undone_never_runs(void **state) {
    struct stand *s = *state;
    struct plan undone = {.steps = 1, .go = true}, next = {.steps = 1, .go = true};
    start(s, &undone, ERR_NO_SPACE);
    until(s, start(s, &next, ERR_OK), "done");
    assert_int_equal(undone.ran, 0);
    assert_int_equal(undone.over, 1);
    assert_int_equal(lane_int(&s->lf, "SELECT count(*) FROM core_job"), 1);
}

static void test_a_cancel_reaches_one_that_runs_and_one_that_waits(void **state) {
    struct stand *s = *state;
    struct plan first = {.steps = 5}, second = {.steps = 1, .go = true};
    const char *a = start(s, &first, ERR_OK), *b = start(s, &second, ERR_OK);
    until(s, a, "running");
    assert_false(jobs_cancel(s->jobs, b, "p-2")); // another's
    assert_true(jobs_cancel(s->jobs, b, "p-1"));
    assert_true(jobs_cancel(s->jobs, a, ""));
    until(s, a, "cancelled");
    until(s, b, "cancelled");
    assert_int_equal(second.ran, 0);
    assert_false(jobs_cancel(s->jobs, a, ""));
}

static void test_a_failure_says_why(void **state) {
    struct stand *s = *state;
    struct plan plan = {.steps = 1, .go = true, .end = ERR_CORRUPT};
    json_t *end = until(s, start(s, &plan, ERR_OK), "failed");
    assert_string_equal(json_string_value(json_object_get(json_object_get(end, "result"), "code")),
                        "corrupt");
}

static void test_after_a_restart_nothing_claims_to_run(void **state) {
    struct stand *s = *state;
    struct plan runs = {.steps = 2}, waits = {.steps = 1, .go = true};
    const char *a = start(s, &runs, ERR_OK), *b = start(s, &waits, ERR_OK);
    until(s, a, "running");
    restart(s);
    const char *const ids[] = {a, b};
    for (int i = 0; i < 2; i++) {
        json_t *j = look(s, ids[i]);
        assert_string_equal(json_string_value(json_object_get(j, "state")), "failed");
        assert_string_equal(
            json_string_value(json_object_get(json_object_get(j, "result"), "code")),
            "interrupted");
    }
    assert_int_equal(runs.over, 1);
    assert_int_equal(waits.over, 1);
    assert_int_equal(waits.ran, 0);
}

static void test_others_do_not_see_it(void **state) {
    struct stand *s = *state;
    struct fixture *fx = s->lf.fx;
    struct plan plan = {.steps = 1, .go = true};
    const char *id = start(s, &plan, ERR_OK);
    struct buf b;
    until(s, id, "done");
    buf_init(&b, fx->arena);
    assert_int_equal(jobs_json(s->jobs, s->lf.reader, id, "p-2", &b, &fx->problem), ERR_NOT_FOUND);
    fixture_calm(fx);
    OK(fx, jobs_list_json(s->jobs, s->lf.reader, "p-2", &b, &fx->problem));
    assert_string_equal(buf_str(&b), "{\"items\":[]}");
    OK(fx, jobs_list_json(s->jobs, s->lf.reader, "p-1", &b, &fx->problem));
    assert_non_null(strstr(buf_str(&b), id));
}

#define T(name) cmocka_unit_test_setup_teardown(name, stand_open, stand_close)
int main(void) {
    log_init(LOG_ERROR + 1, false);
    const struct CMUnitTest tests[] = {
        T(test_a_job_tells_how_far_it_is_and_what_came_of_it),
        T(test_they_run_one_after_another),
        T(test_one_whose_row_was_undone_never_runs),
        T(test_a_cancel_reaches_one_that_runs_and_one_that_waits),
        T(test_a_failure_says_why),
        T(test_after_a_restart_nothing_claims_to_run),
        T(test_others_do_not_see_it),
    };
    return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
