// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Kept counters agree with a scan, whatever has been written.
#include "campus/clock.h"
#include "fixture.h"

static const char *kept(struct fixture *fx, const char *name) {
    struct report_table t;
    report_table_init(&t, fixture_report(fx, name), fx->arena);
    OK(fx, counter_rows(&fx->store, &t));
    return fixture_table(fx, &t);
}

static const char *scanned(struct fixture *fx, const char *name, const struct cond *where) {
    struct report_table t;
    report_table_init(&t, fixture_report(fx, name), fx->arena);
    OK(fx, report_scan(&fx->store, &t, SIDE_NOW, where, NULL, NULL));
    return fixture_table(fx, &t);
}

static void write_things(struct fixture *fx) {
    static const char *const bodies[] = {
        "{\"name\":\"a\",\"region\":\"north\",\"fee\":\"10.50\",\"score\":5}",
        "{\"name\":\"b\",\"region\":\"north\",\"fee\":\"0.50\"}",
        "{\"name\":\"c\",\"fee\":\"3.00\",\"score\":7}", "{\"name\":\"d\",\"region\":\"south\"}",
        "{\"name\":\"e\",\"region\":\"south\",\"score\":1}"};
    struct record r[5];
    struct input in;
    for (int i = 0; i < 5; i++) OK(fx, fixture_insert(fx, fx->applicants, bodies[i], &r[i]));
    OK(fx, fixture_input(fx, fx->applicants, "{\"region\":\"east\",\"fee\":null}", false, &in));
    OK(fx, store_update(&fx->store, &r[0], &in, -1, "update", "p", NOW_MS, 1));
    OK(fx, store_update(&fx->store, &r[1], NULL, 1, "register", "p", NOW_MS, 1));
    OK(fx, store_archive(&fx->store, &r[4], "p", NOW_MS, 1));
}

static void test_a_kept_counter_says_what_a_scan_says(void **state) {
    struct fixture *fx = *state;
    write_things(fx);
    assert_string_equal(kept(fx, "by_region"),
                        "- draft 1\neast draft 1\nnorth registered 1\nsouth draft 1\n");
    assert_string_equal(kept(fx, "by_region"), scanned(fx, "by_region", NULL));
    assert_string_equal(scanned(fx, "fees", NULL),
                        "- 1 300 7\neast 1 0 5\nnorth 1 50 0\nsouth 1 0 0\n");
    assert_string_equal(kept(fx, "fees"), scanned(fx, "fees", NULL));
}

static void test_one_group_is_known_by_a_record_of_it(void **state) {
    struct fixture *fx = *state;
    struct record r;
    int64_t sum = 7;
    write_things(fx);
    OK(fx, fixture_insert(fx, fx->applicants,
                          "{\"name\":\"n\",\"region\":\"north\",\"fee\":\"-2.25\"}", &r));
    OK(fx, counter_sum(&fx->store, fixture_report(fx, "fees"), &r, &sum));
    assert_int_equal(sum, 50 - 225);
    r.values[entity_field(fx->applicants, "region")->index] = value_text("west");
    OK(fx, counter_sum(&fx->store, fixture_report(fx, "fees"), &r, &sum));
    assert_int_equal(sum, 0);
}

static void test_what_cannot_be_added_up_is_not_written(void **state) {
    struct fixture *fx = *state;
    struct record r;
    int64_t sum;
    static const char most[] =
        "{\"name\":\"m\",\"region\":\"east\",\"fee\":\"92233720368547758.07\"}";
    OK(fx, fixture_insert(fx, fx->applicants, most, &r));
    OK(fx, counter_sum(&fx->store, fixture_report(fx, "fees"), &r, &sum));
    assert_true(sum == INT64_MAX);
    fixture_calm(fx);
    assert_int_equal(fixture_insert(fx, fx->applicants, most, &r), ERR_INVALID);
    assert_string_equal(fixture_word(fx), "out_of_range");
}

static void test_a_rolled_back_write_does_not_count(void **state) {
    struct fixture *fx = *state;
    struct record r;
    write_things(fx);
    const char *before = kept(fx, "fees");
    OK(fx, db_begin(fx->db, &fx->problem));
    OK(fx, db_save(fx->db, DB_INNER, &fx->problem));
    OK(fx, fixture_insert(fx, fx->applicants,
                          "{\"name\":\"z\",\"region\":\"east\",\"fee\":\"99.00\"}", &r));
    assert_string_not_equal(kept(fx, "fees"), before);
    OK(fx, db_undo(fx->db, DB_INNER, &fx->problem));
    OK(fx, db_commit(fx->db, &fx->problem));
    assert_string_equal(kept(fx, "fees"), before);
}

static void test_a_rebuild_repairs_a_wrong_counter(void **state) {
    struct fixture *fx = *state;
    write_things(fx);
    const char *before = kept(fx, "fees");
    OK(fx,
       db_exec(
           fx->db,
           "UPDATE core_counter SET count=count+3, sums='[1,1]'; INSERT INTO core_counter VALUES"
           "('admissions.fees','[\"west\"]','n1',1,'[0,0]')",
           &fx->problem));
    assert_string_not_equal(kept(fx, "fees"), before);
    OK(fx, counter_rebuild(&fx->store, fixture_report(fx, "fees")));
    OK(fx, counter_rebuild(&fx->store, fixture_report(fx, "by_region")));
    assert_string_equal(kept(fx, "fees"), before);
    assert_string_equal(kept(fx, "by_region"), scanned(fx, "by_region", NULL));
    struct record r; // and goes on from there
    OK(fx, fixture_insert(fx, fx->applicants, "{\"name\":\"z\",\"fee\":\"1.00\"}", &r));
    assert_string_equal(kept(fx, "fees"), scanned(fx, "fees", NULL));
}

static void test_a_scan_counts_only_what_its_condition_lets_through(void **state) {
    struct fixture *fx = *state;
    write_things(fx);
    struct value draft = value_text("draft");
    assert_string_equal(
        scanned(fx, "by_region",
                cond_not(fx->arena, cond_compare(fx->arena, COND_EQ, COLUMN_STATE, &draft, 1))),
        "north registered 1\n");
}

// Whatever is written, and in whatever order.
static void test_kept_counts_means_and_terms_follow_every_write(void **state) {
    struct fixture *fx = *state;
    struct record r[12];
    struct input in;
    static const char *const times[] = {"2026-07-31T15:59:59Z", "2026-07-31T16:00:00Z",
                                        "2027-01-31T23:00:00+08:00", "2027-02-01T00:00:00+08:00"};
    ((struct schema *)fx->schema)->tz = tz_load("Asia/Shanghai");
    for (int i = 0; i < 12; i++)
        OK(fx, fixture_insert(
                   fx, fx->applicants,
                   arena_printf(fx->arena,
                                "{\"name\":\"n\",\"score\":%d,\"seen_at\":\"%s\",\"boards\":%s%s}",
                                100 * i % 700, times[i % 4], i % 3 ? "true" : "false",
                                i == 5 ? ",\"code\":\"x\"" : ""),
                   &r[i]));
    assert_string_equal(kept(fx, "terms"), "2025-2026-2 0 1 0 0\n2025-2026-2 1 2 0 25000\n"
                                           "2026-2027-1 0 2 0 40000\n2026-2027-1 1 3 0 20000\n"
                                           "2026-2027-2 0 1 0 30000\n2026-2027-2 1 2 0 20000\n");
    for (int i = 0; i < 12; i++) {
        const char *body =
            i % 2 ? "{\"score\":null,\"code\":null}" : "{\"boards\":null,\"score\":7}";
        if (i % 3 == 0)
            OK(fx, store_update(&fx->store, &r[i], NULL, 1, "register", "p", NOW_MS, 1));
        OK(fx, fixture_input(fx, fx->applicants, body, false, &in));
        OK(fx, store_update(&fx->store, &r[i], &in, -1, "update", "p", NOW_MS, 1));
        if (i % 5 == 4) OK(fx, store_archive(&fx->store, &r[i], "p", NOW_MS, 1));
        assert_string_equal(kept(fx, "terms"), scanned(fx, "terms", NULL));
    }
    OK(fx, counter_rebuild(&fx->store, fixture_report(fx, "terms")));
    assert_string_equal(kept(fx, "terms"), scanned(fx, "terms", NULL));
    tz_free((struct tz *)fx->schema->tz);
}

static void test_what_is_declared_otherwise_is_counted_afresh(void **state) {
    struct fixture *fx = *state;
    struct report_decl *fees = (struct report_decl *)fixture_report(fx, "fees");
    write_things(fx);
    fees->nmeasures = 1; // another release: only one of its sums
    OK(fx, store_migrate(fx->db, fx->schema, NULL, &fx->problem));
    assert_string_equal(kept(fx, "fees"), "- 1 300\neast 1 0\nnorth 1 50\nsouth 1 0\n");
    fees->kept = false; // not kept for a while: it must not come back with what it once was
    OK(fx, store_migrate(fx->db, fx->schema, NULL, &fx->problem));
    struct record r;
    OK(fx, fixture_insert(fx, fx->applicants, "{\"name\":\"z\",\"fee\":\"1.00\"}", &r));
    fees->kept = true;
    OK(fx, store_migrate(fx->db, fx->schema, NULL, &fx->problem));
    assert_string_equal(kept(fx, "fees"), scanned(fx, "fees", NULL));
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_a_kept_counter_says_what_a_scan_says),
        T(test_one_group_is_known_by_a_record_of_it),
        T(test_what_cannot_be_added_up_is_not_written),
        T(test_a_rolled_back_write_does_not_count),
        T(test_a_rebuild_repairs_a_wrong_counter),
        T(test_a_scan_counts_only_what_its_condition_lets_through),
        T(test_kept_counts_means_and_terms_follow_every_write),
        T(test_what_is_declared_otherwise_is_counted_afresh),
    };
    return cmocka_run_group_tests_name("counter", tests, NULL, NULL);
}
