// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Delivery: at least once, in order per record, retried, dead at last, never for what was undone.
#include <pthread.h>
#include <stdatomic.h>
#include "lane_fixture.h"
#include "campus/deliver.h"
#include "campus/json.h"
#include "campus/log.h"

enum { SENT_MAX = 20000 };
struct sent {
    char record[24];
    int64_t rev;
    int attempt;
    bool done;
};
struct probe; // what a consumer has been sent
struct hook {
    struct consumer c; // first
    struct probe *probe;
};
struct probe {
    struct deliver_source source; // first
    pthread_mutex_t mutex;
    struct hook *hook;
    struct sent *sent;
    const char *name;
    const char *_Atomic fails;     // every delivery of this record fails ("*": of all)
    _Atomic enum delivery_end end; // how it fails
    _Atomic int64_t after_s;
    _Atomic bool there, hold; // hold: keep deliveries instead of ending them
    struct delivery *held[DELIVER_AT_ONCE_MAX];
    _Atomic int n, dropped, nheld, one_in; // one_in: fails at random, once in so many
    struct worker *worker;                 // ends them on another thread
    _Atomic int with_worker;
};
struct later {
    struct work work;
    struct delivery *dl;
    enum delivery_end end;
};

static bool wants(struct consumer *c, const struct event *e) {
    (void)c;
    return strcmp(e->record, "unwanted") != 0;
}

static void end_later(struct work *w, int thread) {
    (void)thread;
    struct later *l = (struct later *)w;
    struct probe *p = ((struct hook *)l->dl->consumer)->probe;
    deliver_end(l->dl, l->end, 0, "later");
    p->with_worker--;
    free(l);
}

static void send(struct consumer *c, struct delivery *dl) {
    struct probe *p = ((struct hook *)c)->probe;
    pthread_mutex_lock(&p->mutex);
    const char *fails = p->fails;
    bool fail = fails && (!strcmp(fails, "*") || !strcmp(fails, dl->event.record));
    if (p->one_in && rand() % p->one_in == 0) fail = true;
    struct sent *s = &p->sent[p->n++];
    assert_true(p->n < SENT_MAX);
    snprintf(s->record, sizeof s->record, "%s", dl->event.record);
    s->rev = dl->event.rev;
    s->attempt = dl->attempt;
    s->done = !fail;
    bool hold = p->hold && strcmp(dl->event.record, "free") != 0;
    if (hold) p->held[p->nheld++] = dl;
    enum delivery_end end = fail ? p->end : DELIVERY_DONE;
    int64_t after_s = p->after_s;
    struct worker *worker = p->worker;
    pthread_mutex_unlock(&p->mutex);
    if (hold) return;
    struct later *l = worker ? malloc(sizeof *l) : NULL;
    if (l) {
        *l = (struct later){.work = {.run = end_later}, .dl = dl, .end = end};
        p->with_worker++;
        assert_true(worker_submit(worker, &l->work));
    } else
        deliver_end(dl, end, after_s, fail ? "it said no" : NULL);
}

static void drop(struct consumer *c) {
    ((struct hook *)c)->probe->dropped++;
    free(c);
}

static enum err refresh(void *self, struct deliver *d, struct db *db, struct problem *problem) {
    struct probe *p = self;
    (void)db;
    if (p->there == (p->hook != NULL)) return ERR_OK;
    if (!p->there) {
        deliver_remove(d, &p->hook->c);
        p->hook = NULL;
        return ERR_OK;
    }
    p->hook = calloc(1, sizeof *p->hook);
    p->hook->c = (struct consumer){
        .name = p->name, .at_once = 8, .wants = wants, .send = send, .drop = drop};
    p->hook->probe = p;
    return deliver_add(d, &p->hook->c, problem);
}

static void stop(void *self) {
    struct probe *p = self;
    for (int i = 0; i < p->nheld; i++) deliver_end(p->held[i], DELIVERY_DROPPED, 0, NULL);
    p->nheld = 0;
    while (p->with_worker) usleep(100);
}

struct stand {
    struct lane_fixture lf;
    struct deliver *deliver;
    struct probe probe, second;
};

static void begin(struct stand *s) {
    struct deliver_source sources[] = {s->probe.source, s->second.source};
    s->probe.hook = s->second.hook = NULL;
    OK(s->lf.fx,
       deliver_open(s->lf.fx->storage, s->lf.lane, sources, 2, &s->deliver, &s->lf.fx->problem));
    lane_on_commit(s->lf.lane, deliver_wake, s->deliver);
    for (int i = 0; i < 5000; i++) { // until the consumers are there
        struct deliver_stats st;
        deliver_stats(s->deliver, &st);
        if (st.consumers == s->probe.there + s->second.there) return;
        usleep(1000);
    }
    fail_msg("no consumer");
}

static void finish(struct stand *s) {
    lane_on_commit(s->lf.lane, NULL, NULL);
    deliver_close(s->deliver);
    s->deliver = NULL;
}

static void settle(struct stand *s) {
    for (int i = 0; i < 20000; i++) {
        if (deliver_is_idle(s->deliver)) return;
        usleep(1000);
    }
    fail_msg("delivery does not come to rest");
}

static void probe_init(struct probe *p, const char *name) {
    *p = (struct probe){.source = {p, refresh, stop}, .name = name, .end = DELIVERY_FAILED};
    pthread_mutex_init(&p->mutex, NULL);
    p->sent = calloc(SENT_MAX, sizeof *p->sent);
}

static int stand_open(void **state) {
    struct stand *s = calloc(1, sizeof *s);
    *state = s;
    lane_fixture_open(&s->lf);
    probe_init(&s->probe, "test:a");
    probe_init(&s->second, "test:b");
    s->probe.there = true;
    begin(s);
    return 0;
}

static int stand_close(void **state) {
    struct stand *s = *state;
    finish(s);
    lane_fixture_close(&s->lf);
    free(s->probe.sent);
    free(s->second.sent);
    free(s);
    return 0;
}

static void advance(struct stand *s, int64_t ms) {
    clock_advance_ms(ms);
    deliver_wake(s->deliver);
    usleep(20000);
    settle(s);
}

static void shows(const struct probe *p, int i, const char *record, int64_t rev, int attempt) {
    assert_true(i < p->n);
    assert_string_equal(p->sent[i].record, record);
    assert_int_equal(p->sent[i].rev, rev);
    assert_int_equal(p->sent[i].attempt, attempt);
}

// PostgreSQL: whoever has begun to write before, anywhere at the server, could still commit a lower
// number.
static void test_an_event_that_is_held_back_is_not_forgotten(void **state) {
    if (!fixture_is_postgres()) skip();
    struct stand *s = *state;
    struct fixture *fx = s->lf.fx;
    struct db *other;
    int64_t xid;
    OK(fx, db_open(fx->storage, DB_READ, &other, &fx->problem));
    OK(fx, db_begin(other, &fx->problem));
    OK(fx, db_int(other, &fx->problem, &xid, 0, "SELECT pg_current_xact_id()::text::bigint", ""));
    lane_put(&s->lf, "a", 1, 1, ERR_OK);
    for (int i = 0; i < 200; i++) {
        assert_false(deliver_is_idle(s->deliver));
        usleep(1000);
    }
    assert_int_equal(s->probe.n, 0);
    db_rollback(other);
    db_close(other);
    settle(s); // nobody wakes it
    assert_int_equal(s->probe.n, 1);
}

static void test_what_is_committed_arrives_once_and_in_order(void **state) {
    struct stand *s = *state;
    lane_put(&s->lf, "a", 1, 300, ERR_OK);
    lane_put(&s->lf, "unwanted", 1, 50, ERR_OK);
    lane_put(&s->lf, "a", 301, 1, ERR_OK);
    settle(s);
    assert_int_equal(s->probe.n, 301);
    for (int i = 0; i < 301; i++) shows(&s->probe, i, "a", i + 1, 1);
    assert_int_equal(lane_int(&s->lf, "SELECT seq FROM core_delivery_position"), 351);
    assert_int_equal(lane_int(&s->lf, "SELECT count(*) FROM core_delivery"), 0);
}

static void test_what_is_undone_never_arrives(void **state) {
    struct stand *s = *state;
    lane_put(&s->lf, "a", 1, 3, ERR_CONFLICT);
    lane_put(&s->lf, "b", 1, 1, ERR_OK);
    settle(s);
    assert_int_equal(s->probe.n, 1);
    shows(&s->probe, 0, "b", 1, 1);
}

static void test_a_consumer_starts_with_what_comes_after_it(void **state) {
    struct stand *s = *state;
    lane_put(&s->lf, "a", 1, 2, ERR_OK);
    settle(s);
    finish(s);
    s->second.there = true;
    begin(s);
    lane_put(&s->lf, "a", 3, 1, ERR_OK);
    settle(s);
    assert_int_equal(s->probe.n, 3);
    assert_int_equal(s->second.n, 1);
    shows(&s->second, 0, "a", 3, 1);
}

static void test_a_failure_holds_back_its_record_alone(void **state) {
    struct stand *s = *state;
    s->probe.fails = "a";
    lane_put(&s->lf, "a", 1, 3, ERR_OK);
    lane_put(&s->lf, "b", 1, 2, ERR_OK);
    lane_put(&s->lf, "a", 4, 1, ERR_OK);
    settle(s);
    assert_int_equal(s->probe.n, 3); // a1 fails, b1, b2
    assert_int_equal(lane_int(&s->lf, "SELECT count(*) FROM core_delivery"), 4);
    assert_int_equal(lane_int(&s->lf, "SELECT count(*) FROM core_delivery WHERE due_at<0"), 3);
    advance(s, 3000);
    assert_int_equal(s->probe.n, 3); // not before its time
    advance(s, 3000);
    assert_int_equal(s->probe.n, 4);
    shows(&s->probe, 3, "a", 1, 2);
    s->probe.fails = NULL;
    advance(s, 10000);
    assert_int_equal(s->probe.n, 4);
    advance(s, 11000);
    assert_int_equal(s->probe.n, 8);
    shows(&s->probe, 4, "a", 1, 3);
    for (int i = 1; i < 4; i++) shows(&s->probe, 4 + i, "a", i + 1, 1);
    assert_int_equal(lane_int(&s->lf, "SELECT count(*) FROM core_delivery"), 0);
}

static void test_a_consumer_may_ask_for_more_time_but_not_for_ever(void **state) {
    struct stand *s = *state;
    s->probe.fails = "*";
    s->probe.after_s = 3600;
    lane_put(&s->lf, "a", 1, 1, ERR_OK);
    settle(s);
    int64_t due = lane_int(&s->lf, "SELECT due_at FROM core_delivery") - clock_now_ms();
    assert_true(due > 2800000 && due <= 3600000);
    s->probe.after_s = INT64_MAX / 4;
    advance(s, 3600000);
    assert_int_equal(s->probe.n, 2);
    due = lane_int(&s->lf, "SELECT due_at FROM core_delivery") - clock_now_ms();
    assert_true(due > 60000000 && due <= 86400000);
}

static void test_after_ten_attempts_it_is_dead_and_the_rest_goes_on(void **state) {
    struct stand *s = *state;
    struct buf b;
    json_t *j;
    s->probe.fails = "a";
    lane_put(&s->lf, "a", 1, 2, ERR_OK);
    settle(s);
    for (int i = 1; i < DELIVER_ATTEMPTS; i++) {
        assert_int_equal(s->probe.n, i);
        shows(&s->probe, i - 1, "a", 1, i);
        int64_t wait = lane_int(&s->lf, "SELECT max(due_at) FROM core_delivery") - clock_now_ms();
        assert_true(wait <= 86400000);
        advance(s, wait + 1);
    }
    // the last attempt killed rev 1; rev 2 is tried once the pause is over
    advance(s, 300000);
    assert_int_equal(s->probe.n, DELIVER_ATTEMPTS + 1);
    shows(&s->probe, DELIVER_ATTEMPTS, "a", 2, 1);
    buf_init(&b, s->lf.fx->arena);
    OK(s->lf.fx, deliver_dead_json(s->lf.reader, "", 10, &b, &s->lf.fx->problem));
    OK(s->lf.fx, json_parse(s->lf.fx->arena, b.data, b.len, &j, &s->lf.fx->problem));
    const json_t *items = json_object_get(j, "items"), *dead = json_array_get(items, 0);
    assert_int_equal(json_array_size(items), 1);
    assert_string_equal(json_string_value(json_object_get(dead, "consumer")), "test:a");
    assert_string_equal(json_string_value(json_object_get(dead, "record")), "a");
    assert_string_equal(json_string_value(json_object_get(dead, "error")), "it said no");
    assert_int_equal(json_integer_value(json_object_get(dead, "attempts")), DELIVER_ATTEMPTS);
}

struct again {
    struct stand *s;
    int64_t seq, n;
    bool discard;
};
static enum err again_run(struct lane_job *job, struct lane *lane) {
    struct again *a = ((struct lane_call *)job)->arg;
    struct problem *p = &a->s->lf.fx->problem;
    return a->discard ? deliver_discard(lane_db(lane), "test:a", a->seq, &a->n, p)
                      : deliver_replay(lane_db(lane), "test:a", a->seq, clock_now_ms(), &a->n, p);
}

static void test_a_dead_letter_can_be_replayed_or_discarded(void **state) {
    struct stand *s = *state;
    s->probe.fails = "a";
    s->probe.end = DELIVERY_REFUSED;
    lane_put(&s->lf, "a", 1, 2, ERR_OK);
    settle(s);
    assert_int_equal(s->probe.n, 2); // each refused at once
    assert_int_equal(lane_int(&s->lf, "SELECT count(*) FROM core_delivery WHERE dead_at>0"), 2);
    s->probe.fails = NULL;
    struct again a = {.s = s, .seq = 1};
    OK(s->lf.fx, lane_run(s->lf.lane, again_run, &a));
    settle(s);
    assert_int_equal(s->probe.n, 3);
    shows(&s->probe, 2, "a", 1, 1);
    assert_int_equal(lane_int(&s->lf, "SELECT count(*) FROM core_delivery"), 1);
    a.discard = true;
    a.seq = 2;
    OK(s->lf.fx, lane_run(s->lf.lane, again_run, &a));
    assert_int_equal(lane_int(&s->lf, "SELECT count(*) FROM core_delivery"), 0);
    assert_int_equal(lane_run(s->lf.lane, again_run, &a), ERR_NOT_FOUND);
}

static void test_what_was_under_way_at_the_end_is_sent_again(void **state) {
    struct stand *s = *state;
    lane_put(&s->lf, "a", 1, 1, ERR_OK);
    settle(s);
    pthread_mutex_lock(&s->probe.mutex);
    s->probe.hold = true;
    pthread_mutex_unlock(&s->probe.mutex);
    lane_put(&s->lf, "a", 2, 1, ERR_OK);
    lane_put(&s->lf, "b", 1, 1, ERR_OK);
    for (int i = 0; i < 30000 && s->probe.nheld < 2; i++) usleep(1000);
    assert_int_equal(s->probe.nheld, 2);
    finish(s); // as if killed: nothing is marked
    s->probe.hold = false;
    s->probe.n = 0;
    begin(s);
    settle(s);
    assert_int_equal(s->probe.n, 2);
    shows(&s->probe, 0, "a", 2, 1);
    shows(&s->probe, 1, "b", 1, 1);
}

// The position waits for a1, which is under way; the failure of another record behind it is on
// record already, and reading it once more must not hold it up.
static void test_a_failure_behind_what_was_under_way_is_still_retried(void **state) {
    struct stand *s = *state;
    s->probe.hold = true;
    s->probe.fails = "free";
    lane_put(&s->lf, "a", 1, 1, ERR_OK);
    lane_put(&s->lf, "free", 1, 2, ERR_OK);
    for (int i = 0; i < 30000 && lane_int(&s->lf, "SELECT count(*) FROM core_delivery") < 2; i++)
        usleep(1000);
    assert_int_equal(lane_int(&s->lf, "SELECT seq FROM core_delivery_position"), 0);
    finish(s);
    s->probe.hold = false;
    s->probe.fails = NULL;
    s->probe.n = 0;
    begin(s);
    settle(s);
    assert_int_equal(s->probe.n, 1);
    shows(&s->probe, 0, "a", 1, 1);
    advance(s, 6000);
    assert_int_equal(s->probe.n, 3);
    shows(&s->probe, 1, "free", 1, 2);
    shows(&s->probe, 2, "free", 2, 1);
    assert_int_equal(lane_int(&s->lf, "SELECT count(*) FROM core_delivery"), 0);
}

// The same where the failed event's predecessor had arrived: it is repeated, and blocks nothing.
static void test_a_repeat_does_not_block_what_failed_after_it(void **state) {
    struct stand *s = *state;
    s->probe.hold = true;
    lane_put(&s->lf, "a", 1, 1, ERR_OK);
    lane_put(&s->lf, "free", 1, 1, ERR_OK);
    for (int i = 0; i < 30000 && s->probe.n < 2; i++) usleep(1000);
    s->probe.fails = "free";
    lane_put(&s->lf, "free", 2, 1, ERR_OK);
    for (int i = 0; i < 30000 && lane_int(&s->lf, "SELECT count(*) FROM core_delivery") < 1; i++)
        usleep(1000);
    finish(s);
    s->probe.hold = false;
    s->probe.fails = NULL;
    s->probe.n = 0;
    begin(s);
    settle(s);
    assert_int_equal(s->probe.n, 2);
    shows(&s->probe, 1, "free", 1, 1);
    advance(s, 6000);
    assert_int_equal(s->probe.n, 3);
    shows(&s->probe, 2, "free", 2, 2);
}

static void test_one_that_fails_on_and_on_is_tried_one_at_a_time(void **state) {
    struct stand *s = *state;
    char record[16];
    s->probe.fails = "*";
    for (int i = 0; i < 40; i++) {
        snprintf(record, sizeof record, "r%d", i);
        lane_put(&s->lf, record, 1, 1, ERR_OK);
    }
    usleep(300000);
    int before = s->probe.n;
    assert_true(before >= DELIVER_PAUSE_AFTER && before <= DELIVER_PAUSE_AFTER + 8);
    clock_advance_ms(64000); // past the pause, whatever it has grown to
    deliver_wake(s->deliver);
    usleep(100000);
    assert_true(s->probe.n > before && s->probe.n <= before + 2);
    s->probe.fails = NULL; // it is well again: all of them arrive
    for (int i = 0; i < 60; i++) {
        clock_advance_ms(300000);
        deliver_wake(s->deliver);
        usleep(10000);
    }
    settle(s);
    bool got[40] = {false};
    for (int i = 0; i < s->probe.n; i++)
        if (s->probe.sent[i].done) got[atoi(s->probe.sent[i].record + 1)] = true;
    for (int i = 0; i < 40; i++) assert_true(got[i]);
}

static void test_a_clock_set_back_does_not_hold_events_for_a_year(void **state) {
    struct stand *s = *state;
    const int64_t year = INT64_C(365) * 86400000;
    clock_advance_ms(year);
    s->probe.fails = "*";
    lane_put(&s->lf, "a", 1, 1, ERR_OK);
    settle(s);
    s->probe.fails = NULL;
    advance(s, -year);
    assert_int_equal(s->probe.n, 2);
}

static void test_a_removed_consumer_gets_nothing_more(void **state) {
    struct stand *s = *state;
    pthread_mutex_lock(&s->probe.mutex);
    s->probe.hold = true;
    pthread_mutex_unlock(&s->probe.mutex);
    lane_put(&s->lf, "a", 1, 2, ERR_OK);
    for (int i = 0; i < 30000 && s->probe.nheld < 1; i++) usleep(1000);
    s->probe.there = false;
    lane_put(&s->lf, "b", 1, 1, ERR_OK);
    struct deliver_stats st;
    do usleep(1000), deliver_stats(s->deliver, &st);
    while (st.consumers);
    assert_int_equal(s->probe.dropped, 0); // one is still under way
    deliver_end(s->probe.held[0], DELIVERY_DONE, 0, NULL);
    s->probe.nheld = 0;
    for (int i = 0; i < 30000 && !s->probe.dropped; i++) usleep(1000);
    assert_int_equal(s->probe.dropped, 1);
    assert_int_equal(s->probe.n, 1);
}

struct purge {
    struct stand *s;
    int64_t n;
};
static enum err purge_run(struct lane_job *job, struct lane *lane) {
    struct purge *g = ((struct lane_call *)job)->arg;
    return deliver_purge(lane_db(lane), clock_now_ms() + 1000, 100, &g->n, &g->s->lf.fx->problem);
}

static void test_only_what_everyone_has_had_is_purged(void **state) {
    struct stand *s = *state;
    lane_put(&s->lf, "a", 1, 5, ERR_OK);
    settle(s);
    lane_sql(&s->lf, "INSERT INTO core_delivery_position(consumer,seq) VALUES('slow',3)");
    struct purge g = {.s = s};
    OK(s->lf.fx, lane_run(s->lf.lane, purge_run, &g));
    assert_int_equal(g.n, 3);
    lane_sql(&s->lf, "DELETE FROM core_delivery_position WHERE consumer='slow'");
    OK(s->lf.fx, lane_run(s->lf.lane, purge_run, &g));
    assert_int_equal(g.n, 1); // the newest stays, or its number would be given again
    assert_int_equal(lane_int(&s->lf, "SELECT seq FROM core_outbox"), 5);
}

// Two consumers that fail at random, ended by other threads, with restarts in between: nothing is
// lost and no record is ever out of order.
static void test_nothing_is_lost_or_out_of_order_under_failures_and_restarts(void **state) {
    struct stand *s = *state;
    enum { RECORDS = 20, ROUNDS = 4, EACH = 10 };
    char record[16];
    srand(7);
    finish(s);
    struct worker *worker = worker_new("ends", 3, 4096);
    s->probe.one_in = 6;
    s->second.one_in = 40;
    s->probe.worker = s->second.worker = worker;
    s->second.there = true;
    begin(s);
    for (int round = 0; round < ROUNDS; round++) {
        for (int k = 0; k < EACH; k++)
            for (int i = 0; i < RECORDS; i++) {
                snprintf(record, sizeof record, "r%d", i);
                lane_put(&s->lf, record, round * EACH + k + 1, 1, ERR_OK);
            }
        clock_advance_ms(120000);
        usleep(20000);
        finish(s);
        begin(s);
    }
    s->probe.one_in = 0;
    s->second.one_in = 0;
    static const char left[] =
        "SELECT (SELECT count(*) FROM core_delivery) + (SELECT count(*) FROM"
        " core_delivery_position WHERE seq<(SELECT max(seq) FROM core_outbox))";
    for (int i = 0; i < 500 && lane_int(&s->lf, left); i++) {
        clock_advance_ms(3600000);
        deliver_wake(s->deliver);
        usleep(10000);
        settle(s);
    }
    finish(s);
    worker_free(worker);
    for (int who = 0; who < 2; who++) {
        struct probe *p = who ? &s->second : &s->probe;
        for (int i = 0; i < RECORDS; i++) {
            int64_t have = 0;
            snprintf(record, sizeof record, "r%d", i);
            for (int k = 0; k < p->n; k++) {
                if (!p->sent[k].done || strcmp(p->sent[k].record, record)) continue;
                assert_true(p->sent[k].rev <= have + 1); // a repeat, or the next one
                if (p->sent[k].rev > have) have = p->sent[k].rev;
            }
            assert_int_equal(have, ROUNDS * EACH);
        }
    }
    s->probe.worker = s->second.worker = NULL;
    begin(s);
}

#define T(name) cmocka_unit_test_setup_teardown(name, stand_open, stand_close)
int main(void) {
    log_init(LOG_ERROR, false);
    const struct CMUnitTest tests[] = {
        T(test_what_is_committed_arrives_once_and_in_order),
        T(test_an_event_that_is_held_back_is_not_forgotten),
        T(test_what_is_undone_never_arrives),
        T(test_a_consumer_starts_with_what_comes_after_it),
        T(test_a_failure_holds_back_its_record_alone),
        T(test_a_consumer_may_ask_for_more_time_but_not_for_ever),
        T(test_after_ten_attempts_it_is_dead_and_the_rest_goes_on),
        T(test_a_dead_letter_can_be_replayed_or_discarded),
        T(test_what_was_under_way_at_the_end_is_sent_again),
        T(test_a_failure_behind_what_was_under_way_is_still_retried),
        T(test_a_repeat_does_not_block_what_failed_after_it),
        T(test_one_that_fails_on_and_on_is_tried_one_at_a_time),
        T(test_a_clock_set_back_does_not_hold_events_for_a_year),
        T(test_a_removed_consumer_gets_nothing_more),
        T(test_only_what_everyone_has_had_is_purged),
        T(test_nothing_is_lost_or_out_of_order_under_failures_and_restarts),
    };
    return cmocka_run_group_tests_name("deliver", tests, NULL, NULL);
}
