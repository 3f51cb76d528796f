// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The hub: each subscriber gets what it may see, from where it left off; a slow one is waited for a
// while and holds nobody up.
#include <pthread.h>
#include <stdatomic.h>
#include "lane_fixture.h"
#include "campus/hub.h"
#include "campus/log.h"

struct listener {
    struct subscriber sub; // first
    pthread_mutex_t mutex;
    char *text;
    _Atomic size_t n, room; // room: bytes it takes before it is full
    _Atomic int events, ends;
    _Atomic bool stale;
    const char *not_for; // a record it may not see
};
struct stand {
    struct lane_fixture lf;
    struct hub *hub;
    struct listener a, b;
};

static bool may_see(struct subscriber *s, struct db *db, const struct event *e) {
    const struct listener *l = (struct listener *)s;
    assert_non_null(db);
    return !l->not_for || strcmp(l->not_for, e->record) != 0;
}
static bool take(struct subscriber *s, const char *text, size_t n) {
    struct listener *l = (struct listener *)s;
    if (n > 256 && l->n + n > l->room) return false; // as http_stream_send: last words fit
    pthread_mutex_lock(&l->mutex);
    memcpy(l->text + l->n, text, n);
    l->n += n;
    l->text[l->n] = 0;
    pthread_mutex_unlock(&l->mutex);
    if (!memcmp(text, "id: ", 4)) l->events++;
    return true;
}
static bool is_stale(struct subscriber *s) {
    return ((struct listener *)s)->stale;
}
static void end(struct subscriber *s) {
    ((struct listener *)s)->ends++;
}

static void listener_init(struct listener *l) {
    *l = (struct listener){
        .sub = {.may_see = may_see, .send = take, .is_stale = is_stale, .end = end},
        .room = 8 << 20};
    pthread_mutex_init(&l->mutex, NULL);
    l->text = calloc(1, 9 << 20);
}

static int stand_open(void **state) {
    struct stand *s = calloc(1, sizeof *s);
    *state = s;
    lane_fixture_open(&s->lf);
    listener_init(&s->a), listener_init(&s->b);
    OK(s->lf.fx, hub_open(s->lf.fx->storage, "school-1", &s->hub, &s->lf.fx->problem));
    lane_on_commit(s->lf.lane, hub_wake, s->hub);
    return 0;
}
static int stand_close(void **state) {
    struct stand *s = *state;
    lane_on_commit(s->lf.lane, NULL, NULL);
    hub_stop(s->hub);
    hub_remove(s->hub, &s->a.sub), hub_remove(s->hub, &s->b.sub);
    hub_close(s->hub);
    lane_fixture_close(&s->lf);
    free(s->a.text), free(s->b.text);
    free(s);
    return 0;
}
static void events(struct listener *l, int n) {
    for (int i = 0; i < 10000 && l->events < n; i++) usleep(1000);
    assert_int_equal(l->events, n);
}
static bool has(struct listener *l, const char *text) {
    pthread_mutex_lock(&l->mutex);
    bool found = strstr(l->text, text) != NULL;
    pthread_mutex_unlock(&l->mutex);
    return found;
}
static void gets(struct listener *l, const char *text) {
    for (int i = 0; i < 15000 && !has(l, text); i++) usleep(1000);
    assert_true(has(l, text));
}

static void test_everyone_gets_what_comes_and_may_be_seen(void **state) {
    struct stand *s = *state;
    s->b.not_for = "hidden";
    lane_put(&s->lf, "before", 1, 1, ERR_OK);
    assert_int_equal(hub_add(s->hub, &s->a.sub, -1), ERR_OK);
    assert_int_equal(hub_add(s->hub, &s->b.sub, -1), ERR_OK);
    lane_put(&s->lf, "r-1", 1, 1, ERR_OK);
    lane_put(&s->lf, "hidden", 1, 1, ERR_OK);
    lane_put(&s->lf, "undone", 1, 1, ERR_CONFLICT);
    lane_put(&s->lf, "r-2", 1, 1, ERR_OK);
    events(&s->a, 3);
    events(&s->b, 2);
    assert_true(has(&s->a, "hidden"));
    assert_false(has(&s->b, "hidden"));
    assert_false(has(&s->a, "undone"));
    assert_false(has(&s->a, "before"));
    assert_true(has(&s->a, "event: admissions.applicants.updated\ndata: {\"specversion\":\"1.0\""));
}

static void test_one_that_comes_back_goes_on_where_it_left_off(void **state) {
    struct stand *s = *state;
    lane_put(&s->lf, "r-1", 1, 1000, ERR_OK);
    assert_int_equal(hub_add(s->hub, &s->a.sub, 400), ERR_OK);
    events(&s->a, 600);
    assert_memory_equal(s->a.text, "id: 401\n", 8);
    assert_false(has(&s->a, "reset"));
    int64_t last = 0;
    for (const char *at = s->a.text; (at = strstr(at, "id: ")); at += 4) {
        if (at != s->a.text && at[-1] != '\n') continue;
        assert_true(atoll(at + 4) == (last ? last + 1 : 401));
        last = atoll(at + 4);
    }
    assert_int_equal(last, 1000);
}

static void test_what_is_gone_is_told(void **state) {
    struct stand *s = *state;
    lane_put(&s->lf, "r-1", 1, 10, ERR_OK);
    lane_sql(&s->lf, "DELETE FROM core_outbox WHERE seq<=5");
    assert_int_equal(hub_add(s->hub, &s->a.sub, 3), ERR_OK);
    gets(&s->a, "event: reset\n");
    lane_put(&s->lf, "r-2", 1, 1, ERR_OK);
    events(&s->a, 1); // from now on
    assert_int_equal(hub_add(s->hub, &s->b.sub, 5), ERR_OK);
    events(&s->b, 6); // nothing is missing after 5
    assert_false(has(&s->b, "reset"));
}

static void test_a_slow_one_is_waited_for_and_holds_nobody_up(void **state) {
    struct stand *s = *state;
    s->a.room = 2000; // a few events
    assert_int_equal(hub_add(s->hub, &s->a.sub, -1), ERR_OK);
    assert_int_equal(hub_add(s->hub, &s->b.sub, -1), ERR_OK);
    lane_put(&s->lf, "r-1", 1, 500, ERR_OK);
    events(&s->b, 500);
    assert_true(s->a.events < 10);
    s->a.room = 8 << 20; // it has caught its breath: nothing is lost
    events(&s->a, 500);
    assert_int_equal(s->a.ends, 0);
}

static void test_a_laggard_is_reset_and_closed(void **state) {
    struct stand *s = *state;
    s->a.room = 2000;
    assert_int_equal(hub_add(s->hub, &s->a.sub, -1), ERR_OK);
    lane_put(&s->lf, "r-1", 1, 50, ERR_OK);
    gets(&s->a, "event: reset\n"); // ten seconds
    for (int i = 0; i < 1000 && !s->a.ends; i++) usleep(1000);
    assert_int_equal(s->a.ends, 1);
    int n = s->a.events;
    s->a.room = 8 << 20;
    lane_put(&s->lf, "r-2", 1, 1, ERR_OK);
    usleep(100000);
    assert_int_equal(s->a.events, n);
}

static void test_changed_rights_end_the_stream(void **state) {
    struct stand *s = *state;
    assert_int_equal(hub_add(s->hub, &s->a.sub, -1), ERR_OK);
    s->a.stale = true;
    lane_put(&s->lf, "r-1", 1, 1, ERR_OK);
    gets(&s->a, "event: bye\n");
    assert_int_equal(s->a.events, 0); // not even the one that came at that moment
    usleep(20000);
    assert_int_equal(s->a.ends, 1);
}

static void test_a_quiet_stream_has_a_heartbeat(void **state) {
    struct stand *s = *state;
    assert_int_equal(hub_add(s->hub, &s->a.sub, -1), ERR_OK);
    usleep(50000);
    assert_int_equal(s->a.n, 0);
    clock_advance_ms(15001);
    gets(&s->a, ": \n\n");
}

static bool slow_look(struct subscriber *s, struct db *db, const struct event *e) {
    (void)s, (void)db, (void)e;
    usleep(20000);
    return false;
}

// The lane rings and goes on: a hub that is busy with its subscribers never holds up a write.
static void test_the_lane_does_not_wait_for_the_hub(void **state) {
    struct stand *s = *state;
    s->a.sub.may_see = slow_look;
    assert_int_equal(hub_add(s->hub, &s->a.sub, -1), ERR_OK);
    lane_put(&s->lf, "r-1", 1, 100, ERR_OK); // keeps the hub busy for two seconds
    usleep(50000);
    int64_t start = clock_mono_ns();
    for (int i = 0; i < 10; i++) lane_put(&s->lf, "r-2", 1, 1, ERR_OK);
    assert_true(clock_mono_ns() - start < 10000000000);
}

static void test_stopping_ends_every_stream_once(void **state) {
    struct stand *s = *state;
    assert_int_equal(hub_add(s->hub, &s->a.sub, -1), ERR_OK);
    assert_int_equal(hub_add(s->hub, &s->b.sub, -1), ERR_OK);
    hub_remove(s->hub, &s->a.sub);
    hub_stop(s->hub);
    hub_stop(s->hub);
    assert_int_equal(s->a.ends, 0);
    assert_int_equal(s->b.ends, 1);
    assert_int_equal(hub_add(s->hub, &s->a.sub, -1), ERR_UNAVAILABLE);
}

#define T(name) cmocka_unit_test_setup_teardown(name, stand_open, stand_close)
int main(void) {
    log_init(LOG_ERROR, false);
    const struct CMUnitTest tests[] = {
        T(test_everyone_gets_what_comes_and_may_be_seen),
        T(test_one_that_comes_back_goes_on_where_it_left_off),
        T(test_what_is_gone_is_told),
        T(test_a_slow_one_is_waited_for_and_holds_nobody_up),
        T(test_a_laggard_is_reset_and_closed),
        T(test_changed_rights_end_the_stream),
        T(test_a_quiet_stream_has_a_heartbeat),
        T(test_the_lane_does_not_wait_for_the_hub),
        T(test_stopping_ends_every_stream_once),
    };
    return cmocka_run_group_tests_name("hub", tests, NULL, NULL);
}
