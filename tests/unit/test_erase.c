// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#include "campus/erase.h"

#include <stdio.h>
#include <unistd.h>
#include "fixture.h"

static const char BODY[] = "{\"name\":\"Wang Wei\",\"region\":\"north\",\"score\":500,"
                           "\"phone\":\"13800138000\",\"income\":\"1.00\"}";
static const char NEW_NAME[] = "{\"name\":\"Wang Wu\",\"phone\":\"13800138001\",\"score\":510}";

static int start(void **state) {
    if (fixture_open(state)) return -1;
    struct fixture *fx = *state;
    char ddl[600];
    const char *gap = strstr(erase_ddl, "{clustered}");
    snprintf(ddl, sizeof ddl, "%.*s;", (int)(gap - erase_ddl), erase_ddl);
    OK(fx, db_exec(fx->db, ddl, &fx->problem));
    return 0;
}

static struct record applicant(struct fixture *fx) {
    struct record r;
    OK(fx, fixture_insert(fx, fx->applicants, BODY, &r));
    return r;
}

static struct record visit(struct fixture *fx, const char *of) {
    struct record r;
    OK(fx, fixture_insert(
               fx, fx->visits,
               arena_printf(fx->arena, "{\"applicant\":\"%s\",\"remark\":\"came late\"}", of), &r));
    return r;
}

static struct record read_back(struct fixture *fx, const struct entity *e, const char *id) {
    struct record r;
    struct fieldset all;
    memset(&all, 0xff, sizeof all);
    OK(fx, store_get(&fx->store, e, id, &r));
    OK(fx, store_unseal(&fx->store, &r, &all));
    return r;
}

static bool is_empty(const struct record *r, const char *field) {
    return value_is_null(&r->values[entity_field(r->entity, field)->index]);
}

static enum err erased(struct fixture *fx, const char *subject, int64_t *records) {
    const struct erasure e = {
        .subject = subject, .actor = "p-9", .at = NOW_MS + 5, .release = 3, .request = "r"};
    return erase_subject(&fx->store, fx->schema, &e, records);
}

static void test_records_of_every_entity_lose_what_is_the_persons(void **state) {
    struct fixture *fx = *state;
    struct record a = applicant(fx), other = applicant(fx);
    struct record v = visit(fx, a.id), w = visit(fx, a.id), not = visit(fx, other.id);
    int64_t n;
    OK(fx, store_archive(&fx->store, &w, "p-1", NOW_MS, 1)); // archived is not erased
    OK(fx, erased(fx, a.id, &n));
    assert_int_equal(n, 3);
    struct record now = read_back(fx, fx->applicants, a.id);
    assert_true(is_empty(&now, "name") && is_empty(&now, "phone") && is_empty(&now, "income"));
    assert_false(is_empty(&now, "region")); // nobody said it was personal
    assert_int_equal(now.rev, 2);
    now = read_back(fx, fx->visits, v.id);
    assert_true(is_empty(&now, "remark"));
    assert_false(is_empty(&now, "day"));
    now = read_back(fx, fx->applicants, other.id);
    assert_false(is_empty(&now, "name") || is_empty(&now, "phone"));
    now = read_back(fx, fx->visits, not .id);
    assert_false(is_empty(&now, "remark"));
    assert_int_equal(
        fixture_int(fx, "SELECT count(*) FROM r_admissions_applicants WHERE b_phone IS NULL"), 1);
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM core_key WHERE wrapped IS NULL"), 1);
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM core_outbox WHERE type LIKE '%.erased'"),
                     3);
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM core_erasure"), 1);
}

static void test_history_keeps_its_rows_and_loses_the_values(void **state) {
    struct fixture *fx = *state;
    struct record a = applicant(fx);
    struct input in;
    int64_t n;
    OK(fx, fixture_input(fx, fx->applicants, NEW_NAME, false, &in));
    OK(fx, store_update(&fx->store, &a, &in, 1, "register", "p-1", NOW_MS, 1));
    assert_int_equal(
        fixture_int(fx, "SELECT count(*) FROM core_history WHERE delta LIKE '%Wang Wei%'"), 1);
    OK(fx, erased(fx, a.id, &n));
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM core_history WHERE delta LIKE '%Wang%'"),
                     0);
    assert_int_equal(
        fixture_int(fx, "SELECT count(*) FROM core_history WHERE delta LIKE '%\"sealed\"%'"), 0);
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM core_history WHERE delta LIKE"
                                     " '%\"state\":\"draft\"%' AND delta LIKE '%\"score\":500%'"),
                     1);
    assert_int_equal(fixture_int(fx, "SELECT rev FROM core_history WHERE verb='erase'"), 3);
}

static void test_whoever_comes_back_gets_a_new_key_and_the_old_values_stay_away(void **state) {
    struct fixture *fx = *state;
    struct record a = applicant(fx);
    struct input in;
    int64_t n;
    OK(fx, erased(fx, a.id, &n));
    struct record now = read_back(fx, fx->applicants, a.id);
    OK(fx, fixture_input(fx, fx->applicants, "{\"phone\":\"13800138009\"}", false, &in));
    OK(fx, store_update(&fx->store, &now, &in, -1, "update", "p-1", NOW_MS, 1));
    now = read_back(fx, fx->applicants, a.id);
    assert_int_equal(now.generation, 2);
    assert_false(is_empty(&now, "phone"));
    assert_true(is_empty(&now, "income"));
}

static void test_nobody_is_erased_when_nobody_is_meant(void **state) {
    struct fixture *fx = *state;
    struct record a = applicant(fx);
    struct record v = visit(fx, a.id);
    int64_t n;
    assert_int_equal(erased(fx, "nobody", &n), ERR_NOT_FOUND);
    fixture_calm(fx);
    assert_int_equal(erased(fx, v.id, &n), ERR_NOT_FOUND); // a record, but not a person
    fixture_calm(fx);
    struct record now = read_back(fx, fx->applicants, a.id);
    assert_false(is_empty(&now, "phone"));
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM core_erasure"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_records_of_every_entity_lose_what_is_the_persons,
                                        start, fixture_close),
        cmocka_unit_test_setup_teardown(test_history_keeps_its_rows_and_loses_the_values, start,
                                        fixture_close),
        cmocka_unit_test_setup_teardown(
            test_whoever_comes_back_gets_a_new_key_and_the_old_values_stay_away, start,
            fixture_close),
        cmocka_unit_test_setup_teardown(test_nobody_is_erased_when_nobody_is_meant, start,
                                        fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
