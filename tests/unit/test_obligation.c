// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Obligations: each period that begins opens one, whether or not somebody was there, and no period
// two.
#include "campus/obligation.h"
#include "flow_fixture.h"

struct stand {
    struct flow_fixture f;
    struct obligation_decl decl;
};

static int stand_open(void **state) {
    struct stand *s;
    flow_fixture_open(state, sizeof *s, "core");
    s = *state;
    s->decl = (struct obligation_decl){.name = "report",
                                       .full = "admissions.report",
                                       .title = {"报告", "Report"},
                                       .period = "monthly",
                                       .evidence = "note",
                                       .clock = {.within = {.d = {3, DURATION_WORKDAYS}},
                                                 .owner = "role:lead",
                                                 .calendar = s->f.calendar}};
    return 0;
}

// The periods that are open at this moment, once it has been asked.
static const char *owed(struct stand *s, const char *at) {
    struct obligation *list;
    struct buf b;
    int n;
    s->f.flow.now = ms(at);
    OK(s->f.fx, obligation_open(&s->f.flow, &s->decl, s->f.tz));
    OK(s->f.fx, obligation_find(s->f.fx->db, false, NULL, 0, 1000, &list, &n, &s->f.fx->problem));
    buf_init(&b, s->f.fx->arena);
    for (int i = 0; i < n; i++) buf_printf(&b, "%s%s", i ? " " : "", list[i].period);
    return buf_str(&b);
}
#define OWES(at, periods) assert_string_equal(owed(s, at), periods)

static void test_what_each_word_means(void **state) {
    struct stand *s = *state;
    static const struct {
        const char *word, *next;
    } cases[] = {{"monthly", "2026-12-01T00:00:00+08:00"},
                 {"quarterly", "2027-01-01T00:00:00+08:00"},
                 {"yearly", "2027-01-01T00:00:00+08:00"},
                 {"cron 0 8 * * 1", "2026-11-30T08:00:00+08:00"}};
    struct cycle c;
    for (size_t i = 0; i < 4; i++) {
        OK(s->f.fx, cycle_parse(cases[i].word, &c, &s->f.fx->problem));
        assert_false(c.termly);
        assert_int_equal(cron_next(&c.cron, s->f.tz, ms("2026-11-24T12:00:00+08:00")),
                         ms(cases[i].next));
    }
    OK(s->f.fx, cycle_parse("termly", &c, &s->f.fx->problem));
    assert_true(c.termly);
    static const char *const bad[] = {"", "daily", "cron", "cron 0 8 * *", "yearly "};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(cycle_parse(bad[i], &c, &s->f.fx->problem), ERR_INVALID);
}

static void test_one_that_is_new_owes_from_now_on(void **state) {
    struct stand *s = *state;
    OWES("2026-11-24T12:00:00+08:00", "");
    OWES("2026-11-30T23:59:59+08:00", "");
    OWES("2026-12-01T00:00:00+08:00", "2026-12-01");
    OWES("2026-12-15T00:00:00+08:00", "2026-12-01");
    struct obligation *list;
    int n;
    OK(s->f.fx, obligation_find(s->f.fx->db, false, NULL, 0, 10, &list, &n, &s->f.fx->problem));
    assert_int_equal(list[0].due_at, ms("2026-12-04T16:00:00+08:00"));
}

static void test_periods_that_nobody_saw_begin_are_owed_all_the_same(void **state) {
    struct stand *s = *state;
    OWES("2026-11-24T12:00:00+08:00", "");
    OWES("2027-03-05T12:00:00+08:00", "2026-12-01 2027-01-01 2027-02-01 2027-03-01");
    OWES("2027-02-05T12:00:00+08:00", "2026-12-01 2027-01-01 2027-02-01 2027-03-01"); // set back
    OK(s->f.fx,
       db_run(s->f.fx->db, &s->f.fx->problem, NULL, "UPDATE core_obligation_mark SET at=0", ""));
    s->decl.period = "quarterly";
    s->f.flow.now = ms("2027-03-05T12:00:00+08:00");
    OK(s->f.fx,
       obligation_open(&s->f.flow, &s->decl, s->f.tz)); // a mark that was lost repeats no period
    assert_int_equal(
        fixture_int(s->f.fx, "SELECT count(*) FROM core_obligation WHERE period='2027-01-01'"), 1);
}

static void test_terms_go_by_the_calendar(void **state) {
    struct stand *s = *state;
    s->decl.period = "termly";
    OWES("2026-08-24T12:00:00+08:00", "");
    OWES("2026-11-24T12:00:00+08:00", "2026-09-01");
    OWES("2030-11-24T12:00:00+08:00", "2026-09-01 2027-03-01");
}

static void test_it_is_closed_once_with_its_evidence(void **state) {
    struct stand *s = *state;
    struct obligation *list, o;
    int n;
    OWES("2026-11-24T12:00:00+08:00", "");
    OWES("2026-12-02T12:00:00+08:00", "2026-12-01");
    OK(s->f.fx, obligation_find(s->f.fx->db, false, NULL, 0, 10, &list, &n, &s->f.fx->problem));
    assert_int_equal(fixture_int(s->f.fx, "SELECT count(*) FROM core_todo WHERE closed_at=0"), 1);
    list[0].note = "done";
    OK(s->f.fx, obligation_close(&s->f.flow, &list[0]));
    assert_int_equal(obligation_close(&s->f.flow, &list[0]), ERR_CONFLICT);
    fixture_calm(s->f.fx);
    OK(s->f.fx, obligation_get(s->f.fx->db, list[0].id, &o, &s->f.fx->problem));
    assert_string_equal(o.note, "done");
    assert_string_equal(o.closed_by, "core");
    assert_int_equal(fixture_int(s->f.fx, "SELECT count(*) FROM core_todo WHERE closed_at=0"), 0);
    assert_int_equal(fixture_int(s->f.fx, "SELECT count(*) FROM core_deadline WHERE closed_at=0"),
                     0);
    OWES("2026-12-03T12:00:00+08:00", "");
    assert_int_equal(obligation_get(s->f.fx->db, "no-such", &o, &s->f.fx->problem), ERR_NOT_FOUND);
}

static void test_its_deadline_climbs_to_the_owner(void **state) {
    struct stand *s = *state;
    struct deadline_row row;
    bool found;
    OWES("2026-11-24T12:00:00+08:00", "");
    OWES("2026-12-01T12:00:00+08:00", "2026-12-01");
    s->f.flow.now = ms("2026-12-04T16:00:00+08:00");
    OK(s->f.fx, deadline_next(&s->f.flow, &row, &found));
    assert_true(found);
    assert_string_equal(row.entity, OBLIGATIONS);
    OK(s->f.fx, obligation_due(&s->f.flow, &row));
    assert_int_equal(
        fixture_int(
            s->f.fx,
            "SELECT count(*) FROM core_outbox WHERE type='core.obligations.deadline.missed'"),
        1);
    OK(s->f.fx, deadline_next(&s->f.flow, &row, &found));
    assert_false(found);
}

#define T(name) cmocka_unit_test_setup_teardown(name, stand_open, flow_fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_what_each_word_means),
        T(test_one_that_is_new_owes_from_now_on),
        T(test_periods_that_nobody_saw_begin_are_owed_all_the_same),
        T(test_terms_go_by_the_calendar),
        T(test_it_is_closed_once_with_its_evidence),
        T(test_its_deadline_climbs_to_the_owner),
    };
    return cmocka_run_group_tests_name("obligation", tests, NULL, NULL);
}
