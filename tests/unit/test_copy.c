// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Tables from one database into another: whole, in order, gone on with, and compared.
#include "campus/copy.h"

#include <string.h>
#include "fixture.h"

static const char TABLE[] = "CREATE TABLE things(a TEXT %s NOT NULL, b BIGINT NOT NULL, t TEXT %s,"
                            " x %s, n BIGINT, PRIMARY KEY(a, b))";
enum { ROWS = 300, BIG = 3 << 20 };

static void make(struct fixture *fx, struct db *db) {
    const char *c = strstr(db_text(db), "COLLATE") ? "COLLATE \"C\"" : "";
    OK(fx, db_exec(db, arena_printf(fx->arena, TABLE, c, c, db_bytes(db)), &fx->problem));
}

static void put(struct fixture *fx, struct db *db, int i, const char *text) {
    static char big[BIG];
    const char *key = i % 3 ? "Ä" : i % 2 ? "z" : "甲";
    memset(big, i, 16);
    OK(fx,
       db_run(db, &fx->problem, NULL, "INSERT INTO things(a,b,t,x,n) VALUES($1,$2,$3,$4,$5)",
              "titbi", key, (int64_t)(i - ROWS / 2) << 33, i % 5 ? text : NULL, i == 7 ? NULL : big,
              i % 100 == 9 ? (size_t)BIG : (size_t)(i % 16), i % 4 ? INT64_MIN + i : INT64_MAX));
}

static struct copy_table *table_of(struct fixture *fx, struct db *db, const char *name) {
    struct copy_table *t;
    OK(fx, copy_tables(db, fx->arena, &t, &fx->problem));
    while (t && strcmp(t->name, name)) t = t->next;
    return t;
}

struct two {
    struct fixture *fx;
    struct db *file;
    struct copy_table *t;
};

static int start(void **state) {
    static struct two w;
    void *inner;
    if (fixture_open(&inner)) return -1;
    w = (struct two){.fx = inner};
    const char *path = arena_printf(w.fx->arena, "sqlite:%s/copy.db", w.fx->folder);
    OK(w.fx, db_open(path, DB_WRITE, &w.file, &w.fx->problem));
    make(w.fx, w.fx->db);
    make(w.fx, w.file);
    for (int i = 0; i < ROWS; i++) put(w.fx, w.fx->db, i, i % 7 ? "文" : "");
    w.t = table_of(w.fx, w.fx->db, "things");
    *state = &w;
    return 0;
}

static int end(void **state) {
    struct two *w = *state;
    void *inner = w->fx;
    db_close(w->file);
    unlink(arena_printf(w->fx->arena, "%s/copy.db", w->fx->folder));
    return fixture_close(&inner);
}

static bool same(struct two *w, int64_t want) {
    uint8_t a[COPY_HASH], b[COPY_HASH];
    int64_t n = 0, m = 0;
    OK(w->fx, copy_hash(w->fx->db, w->t, a, &n, &w->fx->problem));
    OK(w->fx, copy_hash(w->file, w->t, b, &m, &w->fx->problem));
    assert_int_equal(n, want);
    return n == m && !memcmp(a, b, COPY_HASH);
}

static void test_a_table_says_its_columns_and_its_key(void **state) {
    struct two *w = *state;
    struct copy_table *there = table_of(w->fx, w->file, "things");
    assert_int_equal(w->t->ncolumns, 5);
    assert_int_equal(w->t->nkeys, 2);
    for (int i = 0; i < 5; i++) {
        assert_string_equal(w->t->columns[i].name, there->columns[i].name);
        assert_int_equal(w->t->columns[i].kind, "titbi"[i]);
        assert_int_equal(there->columns[i].kind, "titbi"[i]);
    }
    assert_int_equal(w->t->keys[0], 0);
    assert_int_equal(w->t->keys[1], 1);
    struct copy_table *records = table_of(w->fx, w->fx->db, "r_admissions_applicants");
    assert_int_equal(records->nkeys, 1);
    assert_string_equal(records->columns[records->keys[0]].name, "n");
}

static bool stop_after(void *self, int64_t rows) {
    return (*(int64_t *)self -= rows) > 0;
}

static void test_every_value_arrives_and_a_copy_that_was_ended_goes_on(void **state) {
    struct two *w = *state;
    struct fixture *fx = w->fx;
    int64_t few = 40, n = 0;
    assert_int_equal(copy_rows(fx->db, w->file, w->t, stop_after, &few, &fx->problem),
                     ERR_CONFLICT);
    fixture_calm(fx);
    OK(fx, db_int(w->file, &fx->problem, &n, 0, "SELECT count(*) FROM things", ""));
    assert_true(n >= 40 && n < ROWS);
    assert_false(same(w, ROWS));
    OK(fx, copy_rows(fx->db, w->file, w->t, NULL, NULL, &fx->problem));
    assert_true(same(w, ROWS));
    OK(fx, copy_rows(fx->db, w->file, w->t, NULL, NULL, &fx->problem)); // nothing more
    assert_true(same(w, ROWS));
    // and back into the first kind of database
    OK(fx, db_run(fx->db, &fx->problem, NULL, "DELETE FROM things", ""));
    OK(fx, copy_rows(w->file, fx->db, w->t, NULL, NULL, &fx->problem));
    assert_true(same(w, ROWS));
}

static void test_a_hash_sees_one_changed_value_and_null_is_not_empty(void **state) {
    struct two *w = *state;
    struct fixture *fx = w->fx;
    OK(fx, copy_rows(fx->db, w->file, w->t, NULL, NULL, &fx->problem));
    assert_true(same(w, ROWS));
    static const char *const changes[] = {
        "UPDATE things SET t='' WHERE t IS NULL AND b=0", "UPDATE things SET n=n-1 WHERE b<0",
        "UPDATE things SET t=NULL WHERE t=''", "UPDATE things SET x=NULL WHERE b>0"};
    for (int i = 0; i < 4; i++) {
        OK(fx, db_begin(w->file, &fx->problem));
        OK(fx, db_run(w->file, &fx->problem, NULL, changes[i], ""));
        assert_false(same(w, ROWS));
        db_rollback(w->file);
        assert_true(same(w, ROWS));
    }
}

static void test_numbers_go_on_after_those_that_came(void **state) {
    struct two *w = *state;
    struct fixture *fx = w->fx;
    static const char sql[] = "INSERT INTO r_admissions_applicants(n,id,rev,created_at,created_by,"
                              "updated_at,updated_by,archived_at,owner,policy)"
                              " VALUES($1,$2,1,1,'a',1,'a',0,'o',0)";
    struct record r;
    OK(fx, db_run(fx->db, &fx->problem, NULL, sql, "it", (int64_t)4711, "one"));
    OK(fx, db_set_serial(fx->db, "r_admissions_applicants", "n", &fx->problem));
    OK(fx, fixture_insert(fx, fx->applicants, "{\"name\":\"Wei\"}", &r));
    int64_t n = 0;
    OK(fx, db_int(fx->db, &fx->problem, &n, 0, "SELECT n FROM r_admissions_applicants WHERE id=$1",
                  "t", r.id));
    assert_int_equal(n, 4712);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_table_says_its_columns_and_its_key, start, end),
        cmocka_unit_test_setup_teardown(test_every_value_arrives_and_a_copy_that_was_ended_goes_on,
                                        start, end),
        cmocka_unit_test_setup_teardown(test_a_hash_sees_one_changed_value_and_null_is_not_empty,
                                        start, end),
        cmocka_unit_test_setup_teardown(test_numbers_go_on_after_those_that_came, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
