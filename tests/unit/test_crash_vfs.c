// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Power cuts: the store and the audit behind the write lane, on a disk that forgets, tears and
// reorders what was not synced. The cut comes at a random write or sync; then the home is opened
// again and everything that was answered must be there, whole. $CAMPUSD_SEEDS: how many (3000; a CI
// run stops after 20 s whatever came).
// backend: sqlite
#include <semaphore.h>
#include <stdbool.h>
#include "campus/clock.h"
#include "campus/lane.h"
#include "db/fault_vfs.h"
#include "fixture.h"

enum { RECORDS = 24, GROUPS = 8, WIDTH = 6, SECONDS = 20 };

struct expected { // what was answered about one record
    char id[64];
    int64_t rev, score;
};
struct task {
    struct lane_job job;
    struct expected *of, next;
    bool insert;
    sem_t *answered;
    enum err got;
};

static struct fixture *fx;
static char *template;
static size_t template_n;
static struct expected expected[RECORDS];
static int answered;
static uint64_t seed_state;

static unsigned random_below(unsigned n) {
    seed_state = seed_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed_state >> 33) % n;
}

static void file_name(char out[128], const char *end) {
    snprintf(out, 128, "%s%s", fx->path, end);
}

static int crash_setup(void **state) {
    fault_vfs_register();
    fixture_open(state);
    fx = *state;
    db_close(fx->db); // the log is empty after it
    fx->db = NULL;
    FILE *f = fopen(fx->path, "rb");
    assert_non_null(f);
    template = arena_alloc(fx->arena, 4 << 20);
    template_n = fread(template, 1, 4 << 20, f);
    fclose(f);
    return 0;
}

static int crash_teardown(void **state) {
    return fixture_close(state);
}

static void fresh_disk(void) {
    static const char *const ends[] = {"-wal", "-shm"};
    char name[128];
    for (int i = 0; i < 2; i++) file_name(name, ends[i]), unlink(name);
    FILE *f = fopen(fx->path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(template, 1, template_n, f), template_n);
    fclose(f);
}

static enum err task_run(struct lane_job *job, struct lane *l) {
    struct task *t = (struct task *)job;
    struct problem p;
    struct arena *a = arena_new(1 << 20);
    problem_init(&p, a);
    struct store s = {lane_db(l), fx->keyring, a, "school-1", &p};
    struct record r;
    struct input in;
    json_t *j;
    const char *region = t->next.score % 2 ? "north" : "south";
    char *body =
        arena_printf(a, "{\"name\":\"n\",\"phone\":\"138%08lld\",\"score\":%lld,\"region\":\"%s\"}",
                     (long long)t->next.score, (long long)t->next.score, region);
    enum err e = json_parse(a, body, strlen(body), &j, &p);
    if (!e) e = input_parse(a, fx->applicants, j, t->insert, "p-1", NOW_MS, "2026-09-01", &in, &p);
    if (!e && t->insert)
        e = store_insert(&s, fx->applicants, &in, "p-1", NOW_MS, 0, &r);
    else if (!e && !(e = store_get(&s, fx->applicants, t->of->id, &r)))
        e = store_update(&s, &r, &in, -1, "update", "p-1", NOW_MS, 1);
    if (!e) {
        snprintf(t->next.id, sizeof t->next.id, "%s", r.id);
        t->next.rev = r.rev;
        struct audit_row row = {
            .at = NOW_MS, .actor = "p-1", .action = "write", .object = r.id, .outcome = "ok"};
        audit_add(lane_audit(l), &row);
    }
    arena_free(a);
    return e;
}

static void task_done(struct lane_job *job, enum err e) {
    struct task *t = (struct task *)job;
    t->got = e;
    if (!e) *t->of = t->next, answered++; // from here on it must never be lost
    sem_post(t->answered);
}

static enum err hold(struct lane_job *job, struct lane *l) {
    sem_t *gate = ((struct lane_call *)job)->arg;
    (void)l;
    sem_post(&gate[1]);
    sem_wait(&gate[0]);
    return ERR_OK;
}
static void held(struct lane_job *job, enum err e) {
    (void)e;
    sem_post(&((sem_t *)((struct lane_call *)job)->arg)[1]); // not run at all: the disk is gone
}

// Some writes in one commit: the lane is held until all are queued, so that a seed is always the
// same.
static bool write_group(struct lane *lane) {
    struct task tasks[WIDTH];
    sem_t gate[2], done; // let go, and it holds
    sem_init(&gate[0], 0, 0), sem_init(&gate[1], 0, 0), sem_init(&done, 0, 0);
    struct lane_call holder = {.job = {.run = hold, .done = held}, .arg = gate};
    int n = 1 + (int)random_below(WIDTH), at = (int)random_below(RECORDS);
    bool fine = lane_submit(lane, &holder.job);
    sem_wait(&gate[1]);
    for (int i = 0; i < n; i++) {
        struct expected *of = &expected[(at + i) % RECORDS];
        tasks[i] = (struct task){.job = {.run = task_run, .done = task_done},
                                 .of = of,
                                 .next = {.score = random_below(750)},
                                 .insert = !of->rev,
                                 .answered = &done};
        fine = lane_submit(lane, &tasks[i].job) && fine;
    }
    sem_post(&gate[0]);
    for (int i = 0; i < n; i++) sem_wait(&done);
    for (int i = 0; i < n; i++) fine = fine && !tasks[i].got;
    sem_destroy(&gate[0]), sem_destroy(&gate[1]), sem_destroy(&done);
    return fine;
}

// Works until the power goes or the work is done. A lane closed between writes checkpoints.
static void live(void) {
    struct problem p;
    struct arena *a = arena_new(1 << 20);
    problem_init(&p, a);
    struct db *db = NULL;
    struct audit *au = NULL;
    bool on = !db_open(fx->storage, DB_WRITE, &db, &p);
    on = on && !audit_open(db, fx->keyring, "n1", NULL, &au, &p);
    for (int phase = 0; on && phase < 3; phase++) {
        struct lane *lane;
        on = !lane_open(db, au, &lane, &p);
        for (int g = 0; on && g < GROUPS / 3 + 1; g++) on = write_group(lane);
        if (lane) lane_close(lane);
    }
    if (au) audit_close(au);
    if (db) db_close(db);
    arena_free(a);
}

struct verdict {
    bool lost, corrupt;
    char why[200];
};

static void look(struct verdict *v, const char *what, enum err e, const struct problem *p) {
    if (!e || v->corrupt) return;
    v->corrupt = true;
    snprintf(v->why, sizeof v->why, "%s: %s: %s", what, err_word(e),
             p->detail  ? p->detail
             : p->first ? p->first->detail
                        : "");
}

// After the cut: opens the home again and compares it with what was answered.
static struct verdict reopen(void) {
    struct verdict v = {0};
    struct problem p;
    struct arena *a = arena_new(16 << 20);
    struct db *db = NULL;
    uint8_t key[32];
    int64_t rows = 0, counted = 0, found = 0;
    problem_init(&p, a);
    enum err e = db_open(fx->storage, DB_WRITE, &db, &p);
    look(&v, "open", e, &p);
    if (!e) {
        look(&v, "quick_check", db_quick_check(db, &p), &p);
        look(&v, "key", audit_public_key(fx->keyring, key), &p);
        look(&v, "audit", audit_verify(db, key, NULL, &rows, NULL, NULL, &p), &p);
        struct store s = {db, fx->keyring, a, "school-1", &p};
        struct fieldset every = {{~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0)}};
        for (int i = 0; i < RECORDS && !v.corrupt; i++) {
            struct record r;
            if (!expected[i].rev) continue;
            e = store_get(&s, fx->applicants, expected[i].id, &r);
            int64_t score = e ? -1 : r.values[entity_field(fx->applicants, "score")->index].i;
            if (e == ERR_NOT_FOUND || (!e && r.rev < expected[i].rev) ||
                (!e && r.rev == expected[i].rev && score != expected[i].score)) {
                v.lost = true;
                snprintf(v.why, sizeof v.why, "record %d: revision %lld was answered, %s", i,
                         (long long)expected[i].rev, e ? "it is gone" : "it is older now");
                continue;
            }
            if (!e) e = store_unseal(&s, &r, &every);
            look(&v, "record", e, &p);
        }
        struct report_table kept;
        report_table_init(&kept, fixture_report(fx, "by_region"), a);
        look(&v, "counter", counter_rows(&s, &kept), &p);
        for (size_t i = 0; i < kept.n; i++) counted += kept.rows[i]->count[SIDE_NOW];
        look(&v, "records",
             db_int(db, &p, &found, -1, "SELECT count(*) FROM r_admissions_applicants", ""), &p);
        if (!v.corrupt && (counted != found || rows < answered)) {
            v.lost = true;
            snprintf(v.why, sizeof v.why, "%lld counted of %lld; %lld audit rows for %d answers",
                     (long long)counted, (long long)found, (long long)rows, answered);
        }
        db_close(db);
    }
    arena_free(a);
    return v;
}

static struct verdict one(uint64_t seed, long cut, bool lies, long *used) {
    seed_state = seed;
    random_below(1);
    memset(expected, 0, sizeof expected);
    answered = 0;
    fresh_disk();
    fault_vfs_begin(cut, lies);
    live();
    if (used) *used = fault_vfs_used();
    fault_vfs_cut(seed);
    char shm[128];
    file_name(shm, "-shm");
    unlink(shm);
    return reopen();
}

static int seeds(void) {
    const char *s = getenv("CAMPUSD_SEEDS");
    return s ? atoi(s) : 3000;
}

// stderr is where the lane complains of the dead disk: thousands of lines that say nothing.
static int quiet(void) {
    int keep = dup(2);
    assert_non_null(freopen("/dev/null", "w", stderr));
    return keep;
}
static void loud(int keep) {
    fflush(stderr);
    dup2(keep, 2);
    close(keep);
}

static void survive_cuts(int seconds) {
    long used = 0;
    int64_t until = clock_mono_ns() + seconds * INT64_C(1000000000), answers = 0;
    int done = 0, most = seeds(), keep = quiet();
    bool endless = getenv("CAMPUSD_SEEDS") != NULL;
    struct verdict v = one(1, 0, false, &used), bad = v;
    assert_true(used > 20);
    int bad_seed = 1;
    for (; done < most && !bad.lost && !bad.corrupt && (endless || clock_mono_ns() < until);
         done++) {
        bad_seed = 2 + done;
        seed_state = (uint64_t)bad_seed * 7919;
        bad =
            one((uint64_t)bad_seed, 1 + (long)random_below((unsigned)used * 11 / 10), false, NULL);
        answers += answered;
    }
    loud(keep);
    print_message("# %d power cuts within %ld operations, %lld answers kept\n", done, used,
                  (long long)answers);
    if (bad.lost || bad.corrupt) fail_msg("seed %d: %s", bad_seed, bad.why);
    assert_true(done >= 100);
    assert_true(answers > done);
}

static void test_what_was_answered_survives_any_power_cut(void **state) {
    (void)state;
    survive_cuts(SECONDS);
}

// The log is copied back after each commit, and begins anew within a life.
static void test_and_any_while_the_log_is_copied_back(void **state) {
    (void)state;
    setenv("CAMPUSD_LOG_STEP", "4", 1);
    survive_cuts(SECONDS / 2);
    unsetenv("CAMPUSD_LOG_STEP");
}

static void test_a_log_that_is_let_go_before_what_was_copied_is_durable_is_caught(void **state) {
    (void)state;
    long used;
    int caught = 0, keep = quiet();
    setenv("CAMPUSD_LOG_STEP", "4", 1);
    setenv("CAMPUSD_UNHELD", "1", 1);
    one(1, 0, false, &used);
    for (uint64_t seed = 1; seed <= 100; seed++) {
        seed_state = seed * 7919;
        struct verdict v = one(seed, 1 + (long)random_below((unsigned)used), false, NULL);
        caught += v.lost || v.corrupt;
    }
    unsetenv("CAMPUSD_UNHELD");
    unsetenv("CAMPUSD_LOG_STEP");
    loud(keep);
    print_message("# a log let go too early was caught in %d of 100 cuts\n", caught);
    assert_true(caught > 0);
}

static void test_without_a_sync_at_each_commit_answers_are_lost_but_nothing_breaks(void **state) {
    (void)state;
    long used;
    int lost = 0, corrupt = 0, keep = quiet();
    one(1, 0, false, &used);
    setenv("CAMPUSD_SYNC", "NORMAL", 1);
    for (uint64_t seed = 1; seed <= 40; seed++) {
        seed_state = seed * 7919;
        struct verdict v = one(seed, 1 + (long)random_below((unsigned)used), false, NULL);
        lost += v.lost;
        corrupt += v.corrupt;
    }
    unsetenv("CAMPUSD_SYNC");
    loud(keep);
    print_message("# synchronous=NORMAL lost answers in %d of 40 cuts\n", lost);
    assert_true(lost > 0);
    assert_int_equal(corrupt, 0);
}

static void test_a_disk_that_lies_about_syncing_is_caught(void **state) {
    (void)state;
    int caught = 0, keep = quiet();
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct verdict v = one(seed, 0, true, NULL);
        caught += v.lost || v.corrupt;
    }
    loud(keep);
    print_message("# a lying disk was caught in %d of 40 cuts\n", caught);
    assert_true(caught > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_answered_survives_any_power_cut),
        cmocka_unit_test(test_and_any_while_the_log_is_copied_back),
        cmocka_unit_test(test_a_log_that_is_let_go_before_what_was_copied_is_durable_is_caught),
        cmocka_unit_test(test_without_a_sync_at_each_commit_answers_are_lost_but_nothing_breaks),
        cmocka_unit_test(test_a_disk_that_lies_about_syncing_is_caught),
    };
    return cmocka_run_group_tests_name("crash_vfs", tests, crash_setup, crash_teardown);
}
