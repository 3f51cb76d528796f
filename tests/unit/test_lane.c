// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include "campus/lane.h"
#include "campus/limits.h"
#include "fixture.h"

static struct fixture *fx;
static struct audit *audit;
static struct lane *lane;
static struct db *reader;

static int lane_start(void **state) {
    fixture_open(state);
    fx = *state;
    OK(fx, db_exec(fx->db, "CREATE TABLE t(k INTEGER PRIMARY KEY, v TEXT NOT NULL)", &fx->problem));
    OK(fx, audit_open(fx->db, fx->keyring, "n1", NULL, &audit, &fx->problem));
    OK(fx, lane_open(fx->db, audit, &lane, &fx->problem));
    return 0;
}

static int lane_end(void **state) {
    if (lane) lane_close(lane);
    lane = NULL;
    db_close(reader);
    reader = NULL;
    audit_close(audit);
    return fixture_close(state);
}

// What another connection sees: only what is committed.
static int64_t seen(const char *sql) {
    struct arena *a = arena_new(1 << 20);
    struct problem p;
    int64_t n = -1;
    problem_init(&p, a);
    if ((!reader && db_open(fx->storage, DB_READ, &reader, &p)) ||
        db_int(reader, &p, &n, -1, sql, ""))
        n = -2;
    arena_free(a);
    return n;
}

static enum err put(struct db *db, int64_t k) {
    struct problem p = {0};
    struct arena *a = arena_new(1 << 16);
    problem_init(&p, a);
    const struct value args[] = {value_int(k)};
    enum err e = db_runv(db, &p, "INSERT INTO t(k,v) VALUES($1,'x')", args, 1);
    arena_free(a);
    return e;
}

static void note(struct lane *l, const char *action) {
    struct audit_row row = {.at = NOW_MS, .actor = "p-1", .action = action, .outcome = "ok"};
    audit_add(lane_audit(l), &row);
}

struct task {
    struct lane_job job;
    int64_t k;
    enum err fails, got;
    bool refuses, breaks;
    int slices, runs;
    _Atomic bool answered;
    int64_t seen_when_answered;
    sem_t *wait, *started;
};

static enum err task_run(struct lane_job *job, struct lane *l) {
    struct task *t = (struct task *)job;
    struct problem p = {0};
    t->runs++;
    if (t->started) sem_post(t->started);
    if (t->wait) sem_wait(t->wait);
    if (t->breaks) { // as a disk that fills up does: the transaction is gone
        db_rollback(lane_db(l));
        return ERR_NO_SPACE;
    }
    if (t->refuses) { // the act is undone, its refusal stays on record
        enum err e = db_save(lane_db(l), DB_INNER, &p);
        if (!e) e = put(lane_db(l), t->k);
        if (!e) e = db_undo(lane_db(l), DB_INNER, &p);
        note(l, "refused");
        return e;
    }
    enum err e = put(lane_db(l), t->k);
    if (e) return e;
    note(l, "created");
    if (t->slices > 0 && --t->slices > 0) {
        t->k++;
        job->again = true;
    }
    return t->fails;
}

static void task_done(struct lane_job *job, enum err e) {
    struct task *t = (struct task *)job;
    t->got = e;
    t->seen_when_answered = seen("SELECT count(*) FROM t");
    t->answered = true;
}

static struct task task(int64_t k) {
    return (struct task){.job = {.run = task_run, .done = task_done}, .k = k};
}

static void close_lane(void) {
    lane_close(lane);
    lane = NULL;
}

// Holds the lane in one job while the others queue up, so that they share the next commit.
static void run_together(struct task *tasks, int n) {
    sem_t wait, started;
    sem_init(&wait, 0, 0), sem_init(&started, 0, 0);
    struct task first = task(1000000);
    first.wait = &wait, first.started = &started;
    assert_true(lane_submit(lane, &first.job));
    sem_wait(&started);
    for (int i = 0; i < n; i++) assert_true(lane_submit(lane, &tasks[i].job));
    struct lane_stats s;
    lane_stats(lane, &s);
    assert_int_equal(s.queued, n);
    sem_post(&wait);
    close_lane();
    for (int i = 0; i < n; i++) assert_true(tasks[i].answered);
    sem_destroy(&wait), sem_destroy(&started);
}

static _Atomic int commits;
static void count_commit(void *self) {
    ++*(_Atomic int *)self;
}

static void test_what_queues_up_shares_one_commit_and_is_answered_after_it(void **state) {
    (void)state;
    enum { N = 50 };
    static struct task tasks[N];
    commits = 0;
    lane_on_commit(lane, count_commit, &commits);
    for (int i = 0; i < N; i++) tasks[i] = task(i);
    run_together(tasks, N);
    assert_int_equal(commits, 1 + (N + db_batch(fx->db) - 1) / db_batch(fx->db));
    for (int i = 0; i < N; i++) {
        assert_int_equal(tasks[i].got, ERR_OK);
        // all of the batch, before the first answer
        assert_true(tasks[i].seen_when_answered > i + 1 || i == N - 1);
        assert_true(db_batch(fx->db) < N || tasks[i].seen_when_answered == N + 1);
    }
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM core_audit"), N + 1);
}

static void test_one_that_fails_leaves_the_others_alone(void **state) {
    (void)state;
    static struct task tasks[5];
    for (int i = 0; i < 5; i++) tasks[i] = task(i);
    tasks[1].fails = ERR_INVALID; // after writing
    tasks[3].k = 0;               // breaks a unique constraint
    run_together(tasks, 5);
    static const enum err want[] = {ERR_OK, ERR_INVALID, ERR_OK, ERR_CONFLICT, ERR_OK};
    for (int i = 0; i < 5; i++) assert_int_equal(tasks[i].got, want[i]);
    assert_int_equal(fixture_int(fx, "SELECT sum(k) FROM t"), 1000000 + 0 + 2 + 4);
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM core_audit"), 4); // none of theirs
}

static void test_light_work_is_done_again_when_one_of_it_has_to_be_undone(void **state) {
    (void)state;
    static struct task tasks[4];
    for (int i = 0; i < 4; i++) {
        tasks[i] = task(i);
        tasks[i].job.light = true;
    }
    tasks[2].fails = ERR_INVALID; // after writing
    run_together(tasks, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(tasks[i].got, i == 2 ? ERR_INVALID : ERR_OK);
        assert_int_equal(tasks[i].runs, i < 3 ? 2 : 1);
    }
    assert_int_equal(fixture_int(fx, "SELECT sum(k) FROM t"), 1000000 + 0 + 1 + 3);
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM core_audit"), 4);
    assert_int_equal(fixture_int(fx, "SELECT count(DISTINCT seq) FROM core_audit"), 4);
}

// A server's refusal is told when nobody waits for it any more: then all are done again.
static void test_light_work_that_is_refused_leaves_the_others_alone(void **state) {
    (void)state;
    static struct task tasks[4];
    for (int i = 0; i < 4; i++) {
        tasks[i] = task(i);
        tasks[i].job.light = true;
    }
    tasks[2].k = 0; // breaks a unique constraint
    run_together(tasks, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(tasks[i].got, i == 2 ? ERR_CONFLICT : ERR_OK);
        assert_int_equal(tasks[i].runs, fixture_is_postgres() ? 2 : 1);
    }
    assert_int_equal(fixture_int(fx, "SELECT sum(k) FROM t"), 1000000 + 0 + 1 + 3);
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM core_audit"), 4);
}

static void test_light_work_beside_other_work_is_done_once(void **state) {
    (void)state;
    static struct task tasks[3];
    for (int i = 0; i < 3; i++) {
        tasks[i] = task(i);
        tasks[i].job.light = i != 1;
    }
    tasks[2].fails = ERR_INVALID;
    run_together(tasks, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tasks[i].got, i == 2 ? ERR_INVALID : ERR_OK);
        assert_int_equal(tasks[i].runs, 1);
    }
    assert_int_equal(fixture_int(fx, "SELECT sum(k) FROM t"), 1000000 + 0 + 1);
}

static void test_a_refusal_undoes_its_act_and_stays_on_record(void **state) {
    (void)state;
    static struct task tasks[2];
    tasks[0] = task(1), tasks[1] = task(2);
    tasks[0].refuses = true;
    run_together(tasks, 2);
    assert_int_equal(tasks[0].got, ERR_OK);
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM t WHERE k=1"), 0);
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM t WHERE k=2"), 1);
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM core_audit WHERE action='refused'"), 1);
}

static void test_a_lost_transaction_fails_the_whole_batch_and_only_it(void **state) {
    (void)state;
    static struct task tasks[3], after;
    for (int i = 0; i < 3; i++) tasks[i] = task(i);
    tasks[1].breaks = true;
    sem_t wait, started;
    sem_init(&wait, 0, 0), sem_init(&started, 0, 0);
    struct task first = task(1000000);
    first.wait = &wait, first.started = &started;
    assert_true(lane_submit(lane, &first.job));
    sem_wait(&started);
    for (int i = 0; i < 3; i++) assert_true(lane_submit(lane, &tasks[i].job));
    sem_post(&wait);
    after = task(7);
    while (!tasks[2].answered) usleep(1000);
    assert_true(lane_submit(lane, &after.job));
    close_lane();
    for (int i = 0; i < 3; i++) assert_int_not_equal(tasks[i].got, ERR_OK);
    assert_int_equal(first.got, ERR_OK);
    assert_int_equal(after.got, ERR_OK);
    assert_int_equal(fixture_int(fx, "SELECT sum(k) FROM t"), 1000007);
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM core_audit"), 2);
    sem_destroy(&wait), sem_destroy(&started);
}

static void test_bulk_work_comes_again_in_slices_with_others_between(void **state) {
    (void)state;
    struct task bulk = task(100), single = task(1);
    sem_t wait, started;
    sem_init(&wait, 0, 0), sem_init(&started, 0, 0);
    bulk.slices = 5;
    struct task first = task(1000000);
    first.wait = &wait, first.started = &started;
    assert_true(lane_submit(lane, &first.job));
    sem_wait(&started);
    assert_true(lane_submit(lane, &bulk.job));
    assert_true(lane_submit(lane, &single.job));
    sem_post(&wait);
    close_lane();
    assert_true(bulk.answered);
    assert_int_equal(bulk.got, ERR_OK);
    assert_int_equal(bulk.seen_when_answered, 7);
    assert_int_equal(single.seen_when_answered, 3); // first, one slice, itself
    sem_destroy(&wait), sem_destroy(&started);
}

static void test_a_full_queue_says_so_and_a_closing_lane_finishes_what_it_took(void **state) {
    (void)state;
    static struct task tasks[LIMIT_LANE_QUEUE + 1];
    sem_t wait, started;
    sem_init(&wait, 0, 0), sem_init(&started, 0, 0);
    struct task first = task(1000000);
    first.wait = &wait, first.started = &started;
    assert_true(lane_submit(lane, &first.job));
    sem_wait(&started);
    int taken = 0;
    for (int i = 0; i <= LIMIT_LANE_QUEUE; i++) {
        tasks[i] = task(i);
        tasks[i].refuses = true; // cheap
        taken += lane_submit(lane, &tasks[i].job);
    }
    assert_int_equal(taken, LIMIT_LANE_QUEUE);
    sem_post(&wait);
    close_lane();
    for (int i = 0; i < LIMIT_LANE_QUEUE; i++) assert_true(tasks[i].answered);
    assert_false(tasks[LIMIT_LANE_QUEUE].answered);
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM core_audit"), LIMIT_LANE_QUEUE + 1);
    sem_destroy(&wait), sem_destroy(&started);
}

static enum err call_put(struct lane_job *job, struct lane *l) {
    return put(lane_db(l), (int64_t)(uintptr_t)((struct lane_call *)job)->arg);
}

static _Atomic int wrong;
static void *client(void *arg) {
    for (uintptr_t i = 0; i < 100; i++)
        if (lane_run(lane, call_put, (void *)((uintptr_t)arg * 1000 + i))) wrong++;
    if (lane_run(lane, call_put, (void *)((uintptr_t)arg * 1000)) != ERR_CONFLICT) wrong++;
    return NULL;
}

static void test_many_threads_wait_for_their_own_answer(void **state) {
    (void)state;
    pthread_t ids[8];
    for (uintptr_t i = 0; i < 8; i++) pthread_create(&ids[i], NULL, client, (void *)i);
    for (int i = 0; i < 8; i++) pthread_join(ids[i], NULL);
    struct lane_stats s;
    lane_stats(lane, &s);
    assert_int_equal(wrong, 0);
    assert_int_equal(s.jobs, 800);
    assert_int_equal(s.failed, 8);
    assert_true(s.commits <= 808);
    close_lane();
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM t"), 800);
}

#define LANE(f) cmocka_unit_test_setup_teardown(f, lane_start, lane_end)
int main(void) {
    const struct CMUnitTest tests[] = {
        LANE(test_what_queues_up_shares_one_commit_and_is_answered_after_it),
        LANE(test_one_that_fails_leaves_the_others_alone),
        LANE(test_light_work_is_done_again_when_one_of_it_has_to_be_undone),
        LANE(test_light_work_that_is_refused_leaves_the_others_alone),
        LANE(test_light_work_beside_other_work_is_done_once),
        LANE(test_a_refusal_undoes_its_act_and_stays_on_record),
        LANE(test_a_lost_transaction_fails_the_whole_batch_and_only_it),
        LANE(test_bulk_work_comes_again_in_slices_with_others_between),
        LANE(test_a_full_queue_says_so_and_a_closing_lane_finishes_what_it_took),
        LANE(test_many_threads_wait_for_their_own_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
