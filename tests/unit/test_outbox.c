// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The outbox: events beside the change they tell of, in order, and thin.
#include "fixture.h"

static void put(struct fixture *fx, const char *record, const char *state) {
    struct event e = {.type = "admissions.applicants.created",
                      .entity = "admissions.applicants",
                      .record = record,
                      .actor = "p-1",
                      .rev = 3,
                      .at = NOW_MS,
                      .release = 7,
                      .state = state};
    OK(fx, outbox_add(fx->db, &e, &fx->problem));
    assert_int_equal(strlen(e.id), 36);
}

struct got {
    int n;
    struct event e[10];
};
static void get(void *self, const struct event *e) {
    struct got *g = self;
    g->e[g->n++] = *e;
}

// On a server that others use too, an event shows when they have ended what began before it.
static void wait_for(struct fixture *fx, int want) {
    int n = 0;
    for (int i = 0; i < 1000 && n < want; i++) {
        struct got g = {0};
        if (i) nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        OK(fx, outbox_read(fx->db, 0, 9, fx->arena, get, &g, &n, NULL, &fx->problem));
    }
}

static void test_events_come_back_in_order_and_from_where_one_left_off(void **state) {
    struct fixture *fx = *state;
    struct got g = {0};
    int n;
    put(fx, "a", "draft"), put(fx, "b", NULL), put(fx, "c", "draft");
    wait_for(fx, 3);
    OK(fx, outbox_read(fx->db, 0, 2, fx->arena, get, &g, &n, NULL, &fx->problem));
    assert_int_equal(n, 2);
    assert_string_equal(g.e[0].record, "a");
    assert_string_equal(g.e[0].state, "draft");
    assert_string_equal(g.e[1].record, "b");
    assert_null(g.e[1].state);
    assert_int_equal(g.e[1].rev, 3);
    assert_string_equal(g.e[1].request, "");
    OK(fx, outbox_read(fx->db, g.e[1].seq, 5, fx->arena, get, &g, &n, NULL, &fx->problem));
    assert_int_equal(n, 1);
    assert_string_equal(g.e[2].record, "c");
    assert_true(g.e[0].seq < g.e[1].seq && g.e[1].seq < g.e[2].seq);
    assert_string_not_equal(g.e[0].id, g.e[1].id);
}

static void test_an_event_goes_with_the_change_that_is_undone(void **state) {
    struct fixture *fx = *state;
    OK(fx, db_begin(fx->db, &fx->problem));
    put(fx, "a", NULL);
    OK(fx, db_save(fx->db, DB_INNER, &fx->problem));
    put(fx, "b", NULL);
    OK(fx, db_undo(fx->db, DB_INNER, &fx->problem));
    OK(fx, db_commit(fx->db, &fx->problem));
    wait_for(fx, 1);
    struct got g = {0};
    int n;
    OK(fx, outbox_read(fx->db, 0, 9, fx->arena, get, &g, &n, NULL, &fx->problem));
    assert_int_equal(n, 1);
    assert_string_equal(g.e[0].record, "a");
}

static void test_an_event_is_a_thin_cloudevent(void **state) {
    struct fixture *fx = *state;
    struct got g = {0};
    struct buf b;
    json_t *j;
    int n;
    put(fx, "r-1", "draft");
    wait_for(fx, 1);
    OK(fx, outbox_read(fx->db, 0, 1, fx->arena, get, &g, &n, NULL, &fx->problem));
    buf_init(&b, fx->arena);
    outbox_cloudevent(&g.e[0], "school-1", &b);
    OK(fx, json_parse(fx->arena, b.data, b.len, &j, &fx->problem));
    static const char *const want[][2] = {{"specversion", "1.0"},
                                          {"source", "urn:campusd:school-1"},
                                          {"type", "admissions.applicants.created"},
                                          {"subject", "admissions.applicants/r-1"}};
    for (int i = 0; i < 4; i++)
        assert_string_equal(json_string_value(json_object_get(j, want[i][0])), want[i][1]);
    const json_t *data = json_object_get(j, "data");
    assert_int_equal(json_object_size(data), 4); // record, rev, state, release and nothing else
    assert_int_equal(json_integer_value(json_object_get(data, "rev")), 3);
    assert_string_equal(json_string_value(json_object_get(data, "state")), "draft");
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_events_come_back_in_order_and_from_where_one_left_off),
        T(test_an_event_goes_with_the_change_that_is_undone),
        T(test_an_event_is_a_thin_cloudevent),
    };
    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
