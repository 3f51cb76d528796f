// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Clocks of records: their moments, each step once, whoever takes it.
#include "campus/deadline.h"
#include "campus/todo.h"
#include "flow_fixture.h"

struct stand {
    struct flow_fixture f;
    struct deadline_decl decl;
    struct term remind[2];
    struct step_decl steps[2];
    struct record visit;
};

static void person(struct stand *s, const char *id, const char *name, const char *boss) {
    OK(s->f.fx,
       db_run(s->f.fx->db, &s->f.fx->problem, NULL,
              "INSERT INTO core_people(id,name,norm,display,must_change,disabled_at,"
              "created_at,created_by,totp_last,supervisor) VALUES($1,$2,$2,$2,0,0,0,'t',0,$3)",
              "ttt", id, name, boss));
}

static int stand_open(void **state) {
    struct stand *s;
    flow_fixture_open(state, sizeof *s, "p-1");
    s = *state;
    s->remind[0] = (struct term){.d = {4, DURATION_HOURS}};
    s->remind[1] = (struct term){.d = {9, DURATION_WORKDAYS}}; // before it began: never
    s->steps[0] = (struct step_decl){{.d = {1, DURATION_WORKDAYS}}, "role:lead"};
    s->steps[1] = (struct step_decl){{.d = {0, DURATION_HOURS}}, "supervisor"};
    s->decl = (struct deadline_decl){.within = {.d = {2, DURATION_WORKDAYS}},
                                     .owner = "field:host",
                                     .remind = s->remind,
                                     .nremind = 2,
                                     .steps = s->steps,
                                     .nsteps = 2,
                                     .calendar = s->f.calendar};
    person(s, "p-1", "p.one", "p-2");
    person(s, "p-2", "p.two", NULL);
    person(s, "p-3", "p.duty", NULL);
    s->f.flow.now = ms("2026-11-23T10:00:00+08:00"); // a Monday
    OK(s->f.fx, fixture_insert(s->f.fx, s->f.fx->visits, "{\"applicant\":\"r-1\"}", &s->visit));
    return 0;
}

static int64_t opened(struct stand *s) {
    static const struct title title = {"来访", "Visit"};
    struct deadline_subject sub = {"admissions.visits", s->visit.id, "open", 1, &title};
    int64_t due = deadline_reckon(&s->f.flow, &s->decl, s->visit.values);
    OK(s->f.fx, deadline_open(&s->f.flow, &s->decl, due, &sub));
    return due;
}

// Takes what is due at this moment: the kinds of steps, in order, and the audiences told so far.
static const char *taken(struct stand *s, const char *at) {
    static const struct title title = {"来访", "Visit"};
    struct deadline_subject sub = {"admissions.visits", s->visit.id, "open", 1, &title};
    struct buf b;
    buf_init(&b, s->f.fx->arena);
    s->f.flow.now = ms(at);
    for (bool found = true;;) {
        struct deadline_row row;
        bool told;
        OK(s->f.fx, deadline_next(&s->f.flow, &row, &found));
        if (!found) return buf_str(&b);
        OK(s->f.fx, deadline_step(&s->f.flow, &row, &sub, s->f.fx->visits, s->visit.values, &told));
        buf_printf(&b, "%s%s%s", b.len ? " " : "", told ? "" : "!", row.kind);
    }
}
#define TAKES(at, what) assert_string_equal(taken(s, at), what)

static int64_t todos(struct stand *s, const char *audience) {
    int64_t n;
    OK(s->f.fx,
       db_int(s->f.fx->db, &s->f.fx->problem, &n, -1,
              "SELECT count(*) FROM core_todo WHERE audience=$1 AND closed_at=0", "t", audience));
    return n;
}

static void test_its_moments_come_in_order_and_once(void **state) {
    struct stand *s = *state;
    assert_int_equal(opened(s), ms("2026-11-25T16:00:00+08:00"));
    int64_t when;
    OK(s->f.fx, deadline_when(s->f.fx->db, &when, &s->f.fx->problem));
    assert_int_equal(when, ms("2026-11-25T12:00:00+08:00"));
    TAKES("2026-11-25T11:59:59+08:00", "");
    TAKES("2026-11-25T12:00:00+08:00", "remind");
    assert_int_equal(todos(s, "person:p-1"), 1);
    TAKES("2026-11-25T15:00:00+08:00", "");
    TAKES("2026-11-25T16:00:00+08:00", "missed escalate"); // the ladder's first step is at once
    assert_int_equal(todos(s, "person:p-2"), 1);
    TAKES("2026-11-26T16:00:00+08:00", "escalate");
    assert_int_equal(todos(s, "role:lead"), 1);
    TAKES("2027-11-26T16:00:00+08:00", "");
    OK(s->f.fx, deadline_when(s->f.fx->db, &when, &s->f.fx->problem));
    assert_int_equal(when, INT64_MAX);
    OK(s->f.fx, deadline_close(&s->f.flow, s->visit.id));
    assert_int_equal(todos(s, "person:p-1") + todos(s, "person:p-2") + todos(s, "role:lead"), 0);
}

static void test_what_was_slept_through_comes_at_once_but_no_reminder(void **state) {
    struct stand *s = *state;
    (void)opened(s);
    TAKES("2026-12-24T12:00:00+08:00", "!remind missed escalate escalate");
    assert_int_equal(
        fixture_int(s->f.fx, "SELECT count(*) FROM core_outbox WHERE type LIKE '%.deadline.%'"), 3);
}

static void test_of_two_who_take_a_step_one_does(void **state) {
    struct stand *s = *state;
    static const struct title title = {"来访", "Visit"};
    struct deadline_subject sub = {"admissions.visits", s->visit.id, "open", 1, &title};
    struct deadline_row row;
    bool found, told;
    (void)opened(s);
    s->f.flow.now = ms("2026-11-25T13:00:00+08:00");
    OK(s->f.fx, deadline_next(&s->f.flow, &row, &found));
    assert_true(found);
    OK(s->f.fx, deadline_step(&s->f.flow, &row, &sub, s->f.fx->visits, s->visit.values, &told));
    assert_int_equal(deadline_step(&s->f.flow, &row, &sub, s->f.fx->visits, s->visit.values, &told),
                     ERR_CONFLICT);
    OK(s->f.fx, deadline_close(&s->f.flow, s->visit.id));
    assert_int_equal(
        fixture_int(s->f.fx, "SELECT count(*) FROM core_outbox WHERE type LIKE '%.deadline.%'"), 1);
}

static void test_a_closed_one_takes_no_step_and_one_put_off_waits(void **state) {
    struct stand *s = *state;
    struct deadline_row row;
    bool found;
    (void)opened(s);
    s->f.flow.now = ms("2026-11-25T13:00:00+08:00");
    OK(s->f.fx, deadline_next(&s->f.flow, &row, &found));
    OK(s->f.fx, deadline_postpone(&s->f.flow, &row));
    TAKES("2026-11-25T13:00:59+08:00", "");
    TAKES("2026-11-25T13:01:00+08:00", "remind");
    OK(s->f.fx, deadline_close(&s->f.flow, s->visit.id));
    TAKES("2026-12-25T13:01:00+08:00", "");
}

static void test_the_time_is_that_of_a_field_where_it_says_so(void **state) {
    struct stand *s = *state;
    s->decl.within.field = entity_field(s->f.fx->visits, "day");
    s->visit.values[s->decl.within.field->index] = value_text("2026-12-01");
    assert_int_equal(deadline_reckon(&s->f.flow, &s->decl, s->visit.values),
                     ms("2026-12-01T23:59:59+08:00"));
    s->decl.within.field = entity_field(s->f.fx->visits, "at");
    s->visit.values[s->decl.within.field->index] = value_int(12345);
    assert_int_equal(deadline_reckon(&s->f.flow, &s->decl, s->visit.values), 12345);
    s->visit.values[s->decl.within.field->index] = value_null();
    assert_int_equal(deadline_reckon(&s->f.flow, &s->decl, s->visit.values), 0);
}

static void test_who_is_on_duty_is_told_else_the_owner(void **state) {
    struct stand *s = *state;
    s->steps[0] = (struct step_decl){{.d = {0, DURATION_HOURS}}, "duty"};
    s->decl.nsteps = 1;
    s->decl.nremind = 0;
    s->decl.within.d = (struct duration){5, DURATION_DAYS}; // Saturday the 28th
    (void)opened(s);
    TAKES("2026-11-29T00:00:00+08:00", "missed escalate");
    assert_int_equal(todos(s, "person:p-3"), 1); // and of "nobody" nobody
    OK(s->f.fx, deadline_close(&s->f.flow, s->visit.id));
    s->f.flow.now = ms("2026-11-30T00:00:00+08:00");
    s->decl.owner = "role:lead";
    (void)opened(s);
    TAKES("2026-12-09T00:00:00+08:00", "missed escalate");
    assert_int_equal(todos(s, "person:p-3"), 0);
    assert_int_equal(todos(s, "role:lead"), 1);
}

static void test_asked_is_the_first_that_is_filled(void **state) {
    struct stand *s = *state;
    struct fixture *fx = s->f.fx;
    const struct entity *e = fx->applicants;
    struct value *v = arena_alloc(fx->arena, sizeof *v * (size_t)e->nfields);
    const char *both = "field:region,field:code,role:finance";
    assert_string_equal(flow_audience(fx->arena, both, e, v), "role:finance");
    v[entity_field(e, "code")->index] = value_text("cashier"); // a text holds the name of a role
    assert_string_equal(flow_audience(fx->arena, both, e, v), "role:cashier");
    assert_string_equal(flow_audience(fx->arena, "field:host,role:x", fx->visits, s->visit.values),
                        "person:p-1");
    assert_string_equal(flow_audience(fx->arena, "person:p-9", NULL, NULL), "person:p-9");
    assert_null(flow_audience(fx->arena, "field:host", NULL, NULL));
    assert_null(flow_audience(fx->arena, "", e, v));
}

static void test_a_clock_goes_by_a_new_date_from_where_it_began(void **state) {
    struct stand *s = *state;
    struct deadline_subject sub = {"admissions.visits", s->visit.id, "open", 1, NULL};
    int64_t due = 7;
    s->decl.nsteps = s->decl.nremind = 0;
    (void)opened(s); // two working days from Monday at ten
    s->f.flow.now = ms("2026-11-24T10:00:00+08:00");
    s->decl.within.d.n = 3;
    OK(s->f.fx, deadline_reset(&s->f.flow, &s->decl, &sub, s->visit.values, &due));
    assert_int_equal(due, ms("2026-11-26T16:00:00+08:00"));
    TAKES("2026-11-25T16:00:00+08:00", "");
    TAKES("2026-11-26T16:00:00+08:00", "missed");
    s->decl.within.field = entity_field(s->f.fx->visits, "at");
    s->visit.values[s->decl.within.field->index] = value_null();
    OK(s->f.fx, deadline_reset(&s->f.flow, &s->decl, &sub, s->visit.values, &due));
    assert_int_equal(due, 0);
    TAKES("2027-11-26T16:00:00+08:00", "");
    s->visit.values[s->decl.within.field->index] = value_int(ms("2028-01-01T00:00:00+08:00"));
    OK(s->f.fx, deadline_reset(&s->f.flow, &s->decl, &sub, s->visit.values, &due));
    TAKES("2028-01-01T00:00:00+08:00", "missed");
    OK(s->f.fx, deadline_close(&s->f.flow, s->visit.id));
    s->decl.within.field = NULL;
    due = 7;
    OK(s->f.fx, deadline_reset(&s->f.flow, &s->decl, &sub, s->visit.values, &due));
    assert_int_equal(due, 7); // none was running: it is not for a severity to start one
}

#define T(name) cmocka_unit_test_setup_teardown(name, stand_open, flow_fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_its_moments_come_in_order_and_once),
        T(test_what_was_slept_through_comes_at_once_but_no_reminder),
        T(test_of_two_who_take_a_step_one_does),
        T(test_a_closed_one_takes_no_step_and_one_put_off_waits),
        T(test_the_time_is_that_of_a_field_where_it_says_so),
        T(test_who_is_on_duty_is_told_else_the_owner),
        T(test_asked_is_the_first_that_is_filled),
        T(test_a_clock_goes_by_a_new_date_from_where_it_began),
    };
    return cmocka_run_group_tests_name("deadline", tests, NULL, NULL);
}
