// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Scanned reports: buckets in the school's zone, references, measures, last year, targets, small
// cells.
#include "campus/clock.h"
#include "campus/limits.h"
#include "fixture.h"

static void put(struct fixture *fx, const char *body) {
    struct record r;
    OK(fx, fixture_insert(fx, fx->applicants, body, &r));
}

static void free_zone(void *tz) {
    tz_free(tz);
}

static void zone(struct fixture *fx, const char *name) {
    struct tz *tz = tz_load(name);
    ((struct schema *)fx->schema)->tz = tz;
    arena_defer(fx->arena, free_zone, tz);
}

static const char *scan(struct fixture *fx, const char *name, const char *from, const char *until) {
    const struct report_decl *rep = fixture_report(fx, name);
    struct period p = {true, from, until}, before = p;
    if (from) before = report_year_before(rep, &p, fx->arena);
    struct report_table t;
    report_table_init(&t, rep, fx->arena);
    OK(fx, report_scan(&fx->store, &t, SIDE_NOW, NULL, NULL, from ? &p : NULL));
    if (rep->compare) OK(fx, report_scan(&fx->store, &t, SIDE_LAST, NULL, NULL, &before));
    return fixture_table(fx, &t);
}

static void test_a_reference_counts_under_what_it_leads_to(void **state) {
    struct fixture *fx = *state;
    struct record a, b, c, v;
    OK(fx, fixture_insert(fx, fx->applicants, "{\"name\":\"a\",\"region\":\"north\"}", &a));
    OK(fx, fixture_insert(fx, fx->applicants, "{\"name\":\"b\",\"region\":\"south\"}", &b));
    OK(fx, fixture_insert(fx, fx->applicants, "{\"name\":\"c\",\"region\":\"east\"}", &c));
    const struct record *who[] = {&a, &a, &a, &b, &c};
    static const char *const hosts[] = {"p1", "p2", "p1", "p3", "p4"};
    for (int i = 0; i < 5; i++)
        OK(fx,
           fixture_insert(fx, fx->visits,
                          arena_printf(fx->arena,
                                       "{\"applicant\":\"%s\",\"host\":\"%s\",\"day\":\"2026-0%d-"
                                       "01\",\"at\":\"2026-08-31T2%d:00:00Z\"}",
                                       who[i]->id, hosts[i], 8 + i % 2, i % 2),
                          &v));
    OK(fx, store_archive(&fx->store, &c, "p", NOW_MS, 1)); // not to be seen: counts under nothing
    assert_string_equal(scan(fx, "visited", NULL, NULL),
                        "- 2026-08 1 1 1\nnorth 2026-08 3 2 2\nsouth 2026-08 1 0 1\n");
    // what the reader may not know of the target is nothing as well
    struct value south = value_text("south");
    const struct cond *may[2] = {
        cond_compare(fx->arena, COND_EQ, entity_field(fx->applicants, "region")->index, &south, 1)};
    struct report_table t;
    report_table_init(&t, fixture_report(fx, "visited"), fx->arena);
    OK(fx, report_scan(&fx->store, &t, SIDE_NOW, NULL, may, NULL));
    assert_string_equal(fixture_table(fx, &t), "- 2026-08 4 3 3\nsouth 2026-08 1 0 1\n");
    zone(fx, "Asia/Shanghai"); // where it was September already
    assert_string_equal(scan(fx, "visited", NULL, NULL),
                        "- 2026-09 1 1 1\nnorth 2026-09 3 2 2\nsouth 2026-09 1 0 1\n");
}

static void test_means_and_extremes_leave_out_what_is_empty(void **state) {
    struct fixture *fx = *state;
    put(fx, "{\"name\":\"a\",\"born\":\"2010-08-31\",\"score\":100,\"fee\":\"0.01\"}");
    put(fx, "{\"name\":\"b\",\"born\":\"2010-09-01\",\"score\":100,\"fee\":\"-0.01\"}");
    put(fx, "{\"name\":\"c\",\"born\":\"2011-08-31\",\"score\":101,\"fee\":\"-0.02\"}");
    put(fx, "{\"name\":\"d\",\"born\":\"2011-01-01\"}");
    put(fx, "{\"name\":\"e\"}");
    assert_string_equal(scan(fx, "years", NULL, NULL),
                        "- 1 - - - - - -\n"
                        "2009-2010 1 10000 100 100 2010-08-31 100 2010-08-31\n"
                        "2010-2011 3 10050 -150 100 2010-09-01 101 2011-08-31\n");
    struct report_table t;
    report_table_init(&t, fixture_report(fx, "years"), fx->arena);
    OK(fx, report_scan(&fx->store, &t, SIDE_NOW, NULL, NULL, NULL));
    struct report_row *sum = report_total(&t);
    assert_int_equal(sum->count[SIDE_NOW], 5);
    assert_int_equal(sum->cells[SIDE_NOW][0].i, 301);
    assert_int_equal(sum->cells[SIDE_NOW][2].i, 100);
    assert_memory_equal(sum->cells[SIDE_NOW][5].text.p, "2011-08-31", 10);
}

static void test_a_year_before_is_laid_beside_the_same_day_and_the_same_weekday(void **state) {
    struct fixture *fx = *state;
    zone(fx, "Asia/Shanghai");
    put(fx, "{\"name\":\"a\",\"born\":\"2027-03-04\",\"fee\":\"2.00\"}"); // a Thursday
    put(fx, "{\"name\":\"b\",\"born\":\"2026-03-05\",\"fee\":\"1.00\"}"); // 52 weeks before
    put(fx, "{\"name\":\"c\",\"born\":\"2026-02-27\",\"fee\":\"9.00\"}"); // before the period
    put(fx, "{\"name\":\"d\",\"born\":\"2026-03-02\",\"fee\":\"4.00\"}");
    assert_string_equal(scan(fx, "weeks", "2027-03-01", "2027-03-07"), "2027-03-01 1 200 2 500\n");
    put(fx, "{\"name\":\"e\",\"seen_at\":\"2028-02-28T20:00:00Z\"}"); // the 29th at the school
    put(fx, "{\"name\":\"f\",\"seen_at\":\"2028-02-28T02:00:00Z\"}");
    put(fx, "{\"name\":\"g\",\"seen_at\":\"2029-02-28T15:59:59Z\"}");
    put(fx, "{\"name\":\"h\",\"seen_at\":\"2029-02-28T16:00:00Z\"}"); // March
    assert_string_equal(scan(fx, "days", "2029-02-01", "2029-02-28"), "2029-02-28 1 1\n");
    assert_string_equal(scan(fx, "days", "2029-02-01", "2029-03-01"),
                        "2029-02-28 1 2\n2029-03-01 1 0\n");
    struct period p = report_this_year(fixture_report(fx, "days"), "2028-02-29", fx->arena);
    assert_string_equal(p.from, "2028-01-01");
    p = report_year_before(fixture_report(fx, "days"), &p, fx->arena);
    assert_string_equal(p.from, "2027-01-01");
    assert_string_equal(p.until, "2027-02-28");
    p = report_this_year(fixture_report(fx, "years"), "2028-08-31", fx->arena);
    assert_string_equal(p.from, "2027-09-01");
}

static void test_a_target_without_records_has_a_row_too(void **state) {
    struct fixture *fx = *state;
    struct record a, v;
    OK(fx,
       fixture_insert(fx, fx->applicants, "{\"name\":\"a\",\"region\":\"north\",\"score\":3}", &a));
    put(fx, "{\"name\":\"b\",\"region\":\"north\",\"score\":4}");
    put(fx, "{\"name\":\"c\",\"region\":\"south\",\"score\":5}");
    OK(fx,
       fixture_insert(fx, fx->visits, arena_printf(fx->arena, "{\"applicant\":\"%s\"}", a.id), &v));
    struct report_table t, target;
    report_table_init(&t, fixture_report(fx, "goals"), fx->arena);
    report_table_init(&target, t.report->target, fx->arena);
    OK(fx, report_scan(&fx->store, &t, SIDE_NOW, NULL, NULL, NULL));
    OK(fx, report_scan(&fx->store, &target, SIDE_NOW, NULL, NULL, NULL));
    report_add_targets(&t, &target);
    assert_string_equal(fixture_table(fx, &t), "north 1 7\nsouth 0 5\n");
}

static struct report_row *cell(struct fixture *fx, struct report_table *t, const char *x,
                               const char *y, int64_t n) {
    struct value group[2] = {value_text(x), value_text(y)};
    struct report_row *row = report_row(t, group);
    row->count[SIDE_NOW] = n;
    (void)fx;
    return row;
}

static void test_a_small_cell_takes_another_with_it(void **state) {
    struct fixture *fx = *state;
    struct report_table t;
    report_table_init(&t, fixture_report(fx, "small"), fx->arena);
    cell(fx, &t, "north", "draft", 3);
    cell(fx, &t, "north", "registered", 50), cell(fx, &t, "north", "admitted", 20);
    cell(fx, &t, "south", "draft", 30), cell(fx, &t, "south", "registered", 60);
    cell(fx, &t, "south", "admitted", 25);
    cell(fx, &t, "east", "draft", 40), cell(fx, &t, "east", "registered", 70);
    report_suppress(&t);
    // its line and its column each lose one more, and where these cross another
    assert_string_equal(fixture_table(fx, &t), "east draft 40 0\neast registered 70 0\n"
                                               "north registered 50 0\nsouth registered 60 0\n");
}

// Whatever the table, every line with something left out leaves out two at least that hold
// min_cell records together (or everything), and what is as small as that is never shown.
static void test_no_line_gives_a_small_cell_away(void **state) {
    struct fixture *fx = *state;
    static const char *const xs[] = {"a", "b", "c", "d", "e"}, *const ys[] = {"p", "q", "r", "s"};
    uint64_t seed = 7;
    for (int round = 0; round < 300; round++) {
        struct report_table t;
        struct report_row *at[5][4];
        report_table_init(&t, fixture_report(fx, "small"), fx->arena);
        for (int i = 0; i < 5; i++)
            for (int k = 0; k < 4; k++) {
                seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
                at[i][k] = cell(fx, &t, xs[i], ys[k], (int64_t)(seed >> 59) % 12);
            }
        report_suppress(&t);
        for (int line = 0; line < 9; line++) {
            int hidden = 0, shown = 0;
            int64_t records = 0;
            for (int k = 0; k < (line < 5 ? 4 : 5); k++) {
                struct report_row *r = line < 5 ? at[line][k] : at[k][line - 5];
                int64_t n = r->count[SIDE_NOW];
                if (r->suppressed) hidden += n > 0, records += n;
                if (!r->suppressed) shown += n > 0;
                if (!r->suppressed) assert_true(!n || n >= 5);
            }
            assert_true(!hidden || !shown || (hidden > 1 && records >= 5));
        }
    }
}

static void test_a_count_of_nearly_none_or_nearly_all_is_not_shown(void **state) {
    struct fixture *fx = *state;
    const struct report_decl *rep = fixture_report(fx, "small");
    struct report_table t;
    int n;
    struct report_column *c = report_columns(rep, fx->arena, &n);
    report_table_init(&t, rep, fx->arena);
    struct report_row *row = cell(fx, &t, "north", "draft", 20);
    for (int64_t i = 0; i <= 20; i++) {
        row->cells[SIDE_NOW][0].i = i;
        struct value v = report_value(rep, row, &c[3]);
        assert_string_equal(c[3].name, "boarding");
        assert_int_equal(value_is_null(&v), (i > 0 && i < 5) || (i > 15 && i < 20));
    }
}

static void test_too_many_groups_are_refused(void **state) {
    struct fixture *fx = *state;
    const struct report_decl *days = fixture_report(fx, "days");
    struct report_table t;
    report_table_init(&t, days, fx->arena);
    for (int i = 0; i < LIMIT_REPORT_GROUPS; i++) {
        struct value day = value_text(arena_printf(fx->arena, "x%d", i));
        report_row(&t, &day);
    }
    put(fx, "{\"name\":\"a\"}");
    struct value none = value_null();
    report_row(&t, &none), t.n--; // one that is there already would not count
    report_table_init(&t, days, fx->arena);
    for (int i = 1; i < LIMIT_REPORT_GROUPS; i++) {
        struct value day = value_text(arena_printf(fx->arena, "x%d", i));
        report_row(&t, &day);
    }
    OK(fx, report_scan(&fx->store, &t, SIDE_NOW, NULL, NULL, NULL));
    put(fx, "{\"name\":\"b\",\"seen_at\":\"2026-01-01T00:00:00Z\"}");
    assert_int_equal(report_scan(&fx->store, &t, SIDE_NOW, NULL, NULL, NULL), ERR_TOO_LARGE);
}

static void test_what_a_report_cannot_be_is_refused_where_it_stands(void **state) {
    struct fixture *fx = *state;
    static const struct {
        const char *report, *word;
    } wrong[] = {
        {"\"entity\":\"nobody\"", "entity_unknown"},
        {"\"entity\":\"applicants\",\"group\":[\"regoin\"]", "field_unknown"},
        {"\"entity\":\"applicants\",\"group\":[\"phone\"]", "report_sealed"},
        {"\"entity\":\"applicants\",\"group\":[\"seen_at\"]", "bucket_missing"},
        {"\"entity\":\"applicants\",\"group\":[\"seen_at:decade\"]", "bucket_unknown"},
        {"\"entity\":\"applicants\",\"group\":[\"region:day\"]", "bucket_unknown"},
        {"\"entity\":\"applicants\",\"group\":[\"region.name\"]", "reference_missing"},
        {"\"entity\":\"visits\",\"group\":[\"applicant.phone\"]", "report_sealed"},
        {"\"entity\":\"applicants\",\"group\":[\"region\",\"region\"]", "duplicate"},
        {"\"entity\":\"applicants\",\"sum\":[\"name\"]", "type"},
        {"\"entity\":\"applicants\",\"avg\":[\"born\"]", "type"},
        {"\"entity\":\"applicants\",\"where\":{\"income\":{\"gt\":1}}", "sealed"},
        {"\"entity\":\"applicants\",\"where\":{\"score\":\"many\"}", "type"},
        {"\"entity\":\"applicants\",\"where\":{\"score\":{\"over\":3}}", "unknown_operator"},
        {"\"entity\":\"applicants\",\"counts\":[{\"name\":\"count\"}]", "duplicate"},
        {"\"entity\":\"applicants\",\"date\":\"region\"", "type"},
        {"\"entity\":\"applicants\",\"compare\":\"month\"", "compare_unknown"},
        {"\"entity\":\"applicants\",\"year_starts\":13", "year_starts"},
        {"\"entity\":\"applicants\",\"kept\":true,\"compare\":\"year\"", "not_kept"},
        {"\"entity\":\"applicants\",\"kept\":true,\"max\":[\"score\"]", "not_kept"},
        {"\"entity\":\"visits\",\"kept\":true,\"group\":[\"applicant.region\"]", "not_kept"},
        {"\"entity\":\"applicants\",\"min_cell\":5,\"min\":[\"score\"]", "min_cell"},
        {"\"entity\":\"visits\",\"target\":{\"entity\":\"applicants\"}", "target"},
        {"\"entity\":\"visits\",\"group\":[\"host\"],\"target\":{\"entity\":\"applicants\",\"sum\":"
         "\"fee\"}",
         "target"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        enum err e;
        const char *at = strstr(FIXTURE_PLUGIN, "\"reports\":[");
        const char *text = arena_printf(
            fx->arena, "%.*s\"reports\":[{\"name\":\"r\",\"file\":\"r.lua\",\"line\":7,%s}]}",
            (int)(at - FIXTURE_PLUGIN), FIXTURE_PLUGIN, wrong[i].report);
        fixture_calm(fx);
        fixture_schema(fx->arena, text, &fx->problem, &e);
        assert_int_equal(e, ERR_INVALID);
        assert_string_equal(fixture_word(fx), wrong[i].word);
        assert_string_equal(fx->problem.first->file, "r.lua");
        assert_int_equal(fx->problem.first->line, 7);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_a_reference_counts_under_what_it_leads_to),
        T(test_means_and_extremes_leave_out_what_is_empty),
        T(test_a_year_before_is_laid_beside_the_same_day_and_the_same_weekday),
        T(test_a_target_without_records_has_a_row_too),
        T(test_a_small_cell_takes_another_with_it),
        T(test_no_line_gives_a_small_cell_away),
        T(test_a_count_of_nearly_none_or_nearly_all_is_not_shown),
        T(test_too_many_groups_are_refused),
        T(test_what_a_report_cannot_be_is_refused_where_it_stands),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
