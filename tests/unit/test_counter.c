// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Kept counters agree with a scan, whatever has been written.
#include "fixture.h"

struct lines {
    struct arena *a;
    struct buf text;
    int ngroup, nsums;
};
static enum err line(void *self, const struct value *group, int64_t count, const int64_t *sums) {
    struct lines *l = self;
    for (int i = 0; i < l->ngroup; i++) {
        if (value_is_null(&group[i]))
            buf_puts(&l->text, "- ");
        else if (group[i].kind == VALUE_TEXT)
            buf_printf(&l->text, "%.*s ", (int)group[i].n, group[i].p);
        else
            buf_printf(&l->text, "%lld ", (long long)group[i].i);
    }
    buf_int(&l->text, count);
    for (int i = 0; i < l->nsums; i++) buf_printf(&l->text, " %lld", (long long)sums[i]);
    buf_putc(&l->text, '\n');
    return ERR_OK;
}

static const struct report_decl *report(struct fixture *fx, const char *name) {
    const struct plugin *pl = schema_plugin(fx->schema, "admissions");
    for (int i = 0; i < pl->nreports; i++)
        if (!strcmp(pl->reports[i].name, name)) return &pl->reports[i];
    return NULL;
}

static int by_text(const void *x, const void *y) {
    return strcmp(*(char *const *)x, *(char *const *)y);
}
// Kept and scanned order nulls differently; what counts is the set of lines.
static const char *sorted(struct fixture *fx, struct buf *b) {
    char *all[200], *save, *t = arena_strdup(fx->arena, buf_str(b));
    int n = 0;
    for (char *s = strtok_r(t, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) all[n++] = s;
    qsort(all, (size_t)n, sizeof *all, by_text);
    struct buf out;
    buf_init(&out, fx->arena);
    for (int i = 0; i < n; i++) buf_printf(&out, "%s\n", all[i]);
    return buf_str(&out);
}

static const char *kept(struct fixture *fx, const char *name) {
    const struct report_decl *r = report(fx, name);
    struct lines l = {fx->arena, {0}, r->ngroup, r->nsums};
    buf_init(&l.text, fx->arena);
    OK(fx, counter_rows(&fx->store, r, line, &l));
    return sorted(fx, &l.text);
}

static const char *scanned(struct fixture *fx, const char *name, const struct cond *where) {
    const struct report_decl *r = report(fx, name);
    struct lines l = {fx->arena, {0}, r->ngroup, r->nsums};
    buf_init(&l.text, fx->arena);
    OK(fx, counter_scan(&fx->store, r, where, line, &l));
    return sorted(fx, &l.text);
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
           "('admissions.fees','[\"west\"]',1,'[0,0]')",
           &fx->problem));
    assert_string_not_equal(kept(fx, "fees"), before);
    OK(fx, counter_rebuild(&fx->store, report(fx, "fees")));
    OK(fx, counter_rebuild(&fx->store, report(fx, "by_region")));
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

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_a_kept_counter_says_what_a_scan_says),
        T(test_a_rolled_back_write_does_not_count),
        T(test_a_rebuild_repairs_a_wrong_counter),
        T(test_a_scan_counts_only_what_its_condition_lets_through),
    };
    return cmocka_run_group_tests_name("counter", tests, NULL, NULL);
}
