// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Conditions: what a tree says of a record in memory is what its SQL says of the row.
#include "fixture.h"

enum { ROWS = 80, TREES = 4000 };
static uint64_t seed = 20260901;
static unsigned dice(unsigned n) { // xorshift: the same trees every time
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (unsigned)(seed >> 33) % n;
}

static const char *const TEXTS[] = {"",   "a",      "A",  "ab", "a%b", "a_b", "a\\b",
                                    "王", "王小明", "小", "%",  "_",   "aXb"};
enum { NTEXTS = sizeof TEXTS / sizeof *TEXTS };

static struct value any_value(struct fixture *fx, int column) {
    static const char *const regions[] = {"north", "south", "east"}, *const states[] = {
                                                                         "draft", "registered",
                                                                         "admitted"};
    if (!dice(12)) return value_null();
    if (column == COLUMN_STATE) return value_text(states[dice(3)]);
    if (column == COLUMN_CREATED_AT) return value_int(NOW_MS + dice(3));
    if (column == COLUMN_CREATED_BY) return value_text(dice(2) ? "p-1" : "p-2");
    switch (fx->applicants->fields[column].type) {
    case FIELD_INTEGER:
    case FIELD_MONEY:
    case FIELD_DECIMAL: return value_int((int64_t)dice(7) - 3);
    case FIELD_BOOLEAN: return value_bool(dice(2));
    case FIELD_CHOICE: return value_text(regions[dice(3)]);
    case FIELD_DATE: return value_text(dice(2) ? "2008-02-29" : "2010-01-01");
    default: return value_text(TEXTS[dice(NTEXTS)]);
    }
}

static const struct cond *tree(struct fixture *fx, int depth) {
    static const char *const names[] = {"name", "region", "score", "fee", "boards", "born", "code"};
    struct arena *a = fx->arena;
    unsigned kind = dice(depth ? 12 : 8);
    if (kind >= 8) {
        if (kind == 11) return cond_not(a, tree(fx, depth - 1));
        if (kind == 10)
            return (dice(2) ? cond_and : cond_or)(a, tree(fx, depth - 1), tree(fx, depth - 1));
        struct cond *c = cond_new(a, dice(2) ? COND_AND : COND_OR); // also of no and of many parts
        c->nparts = (int)dice(5);
        c->parts = arena_alloc(a, sizeof *c->parts * 5);
        for (int i = 0; i < c->nparts; i++) c->parts[i] = tree(fx, depth - 1);
        return c;
    }
    if (!dice(30)) return cond_new(a, dice(2) ? COND_TRUE : COND_FALSE);
    static const int system[] = {COLUMN_STATE, COLUMN_CREATED_AT, COLUMN_CREATED_BY};
    int column = dice(4) ? entity_field(fx->applicants, names[dice(7)])->index : system[dice(3)];
    static const enum cond_op ops[] = {COND_EQ, COND_IN, COND_LT,    COND_LE,
                                       COND_GT, COND_GE, COND_EMPTY, COND_HAS};
    enum cond_op op = ops[dice(8)];
    if (op == COND_HAS) column = entity_field(fx->applicants, dice(2) ? "name" : "code")->index;
    int n = op == COND_EMPTY ? 0 : op == COND_IN ? (int)dice(5) : 1;
    struct value *v = arena_alloc(a, sizeof *v * 5);
    for (int i = 0; i < n; i++) v[i] = any_value(fx, column);
    return cond_compare(a, op, column, v, n);
}

static struct record records[ROWS];

static void fill(struct fixture *fx) {
    static const char *const names[] = {"name", "region", "score", "fee", "boards", "born"};
    for (int i = 0; i < ROWS; i++) {
        struct input in = {
            .values = arena_alloc(fx->arena, sizeof *in.values * (size_t)fx->applicants->nfields)};
        for (int k = 0; k < 6; k++) {
            int c = entity_field(fx->applicants, names[k])->index;
            in.values[c] = dice(3) ? any_value(fx, c) : value_null();
        }
        int code =
            entity_field(fx->applicants, "code")->index; // unique: some null, the rest differ
        if (i < NTEXTS) in.values[code] = value_text(TEXTS[i]);
        OK(fx, store_insert(&fx->store, fx->applicants, &in, dice(2) ? "p-1" : "p-2",
                            NOW_MS + dice(3), 0, &records[i]));
        if (dice(2))
            OK(fx,
               store_update(&fx->store, &records[i], NULL, (int)dice(3), "move", "p-1", NOW_MS, 1));
        OK(fx, store_get(&fx->store, fx->applicants, records[i].id, &records[i]));
    }
}

static void test_memory_and_sql_agree_on_thousands_of_random_trees(void **state) {
    struct fixture *fx = *state;
    struct problem *p = &fx->problem;
    OK(fx, db_begin(fx->db, p));
    fill(fx);
    OK(fx, db_commit(fx->db, p));
    int64_t said_yes = 0, said_no = 0;
    for (int t = 0; t < TREES; t++) {
        const struct cond *c = tree(fx, 4);
        struct sql q;
        sql_init(&q, fx->arena);
        buf_printf(&q.text, "SELECT id FROM %s WHERE ", fx->applicants->table);
        cond_sql(c, fx->applicants, &q);
        struct stmt *st = db_prepare(fx->db, p, buf_str(&q.text));
        if (!st) fixture_fail(p);
        assert_non_null(st);
        for (int i = 0; i < q.nargs; i++) stmt_bind(st, i + 1, &q.args[i]);
        bool hit[ROWS] = {0}, row;
        for (;;) {
            OK(fx, stmt_step(st, &row, p));
            if (!row) break;
            int i = 0;
            while (i < ROWS && strcmp(records[i].id, stmt_text(st, 0, NULL))) i++;
            assert_true(i < ROWS);
            hit[i] = true;
        }
        for (int i = 0; i < ROWS; i++) {
            bool mine = cond_eval(c, &records[i]);
            if (mine != hit[i])
                print_error("tree %d, row %d: memory %d, sql %d\n%s\n", t, i, mine, hit[i],
                            buf_str(&q.text));
            assert_int_equal(mine, hit[i]);
            *(mine ? &said_yes : &said_no) += 1;
        }
    }
    assert_true(said_yes > TREES * 10 && said_no > TREES * 10); // the trees do discriminate
}

static void test_constants_fold_away(void **state) {
    struct fixture *fx = *state;
    struct arena *a = fx->arena;
    struct value one = value_int(1);
    const struct cond *t = cond_new(a, COND_TRUE), *f = cond_new(a, COND_FALSE),
                      *x = cond_compare(a, COND_EQ, 2, &one, 1);
    assert_int_equal(cond_and(a, x, f)->op, COND_FALSE);
    assert_int_equal(cond_and(a, f, x)->op, COND_FALSE);
    assert_ptr_equal(cond_and(a, x, t), x);
    assert_ptr_equal(cond_and(a, NULL, x), x);
    assert_int_equal(cond_and(a, NULL, NULL)->op, COND_TRUE);
    assert_int_equal(cond_or(a, x, t)->op, COND_TRUE);
    assert_int_equal(cond_or(a, x, NULL)->op, COND_TRUE);
    assert_ptr_equal(cond_or(a, x, f), x);
    assert_int_equal(cond_not(a, t)->op, COND_FALSE);
    assert_int_equal(cond_not(a, NULL)->op, COND_FALSE);
    assert_int_equal(cond_not(a, f)->op, COND_TRUE);
    assert_true(cond_eval(NULL, NULL));
}

static void test_columns_are_found_by_name_and_never_guessed(void **state) {
    struct fixture *fx = *state;
    assert_int_equal(column_find(fx->applicants, "state"), COLUMN_STATE);
    assert_int_equal(column_find(fx->applicants, "created_at"), COLUMN_CREATED_AT);
    assert_int_equal(column_find(fx->applicants, "score"),
                     entity_field(fx->applicants, "score")->index);
    assert_int_equal(column_find(fx->applicants, "f_score"), COLUMN_NONE);
    assert_int_equal(column_find(fx->applicants, "owner"), COLUMN_NONE);
    for (int c = COLUMN_UPDATED_AT; c < fx->applicants->nfields; c++)
        assert_int_equal(column_find(fx->applicants, c >= 0 ? fx->applicants->fields[c].name
                                                            : column_sql(fx->applicants, c)),
                         c);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_memory_and_sql_agree_on_thousands_of_random_trees),
        T(test_constants_fold_away),
        T(test_columns_are_found_by_name_and_never_guessed),
    };
    return cmocka_run_group_tests_name("cond", tests, NULL, NULL);
}
