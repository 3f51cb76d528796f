// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The database face: savepoints, statements, conflicts, backup.
#include "fixture.h"

static struct fixture *table(void **state) {
    struct fixture *fx = *state;
    OK(fx, db_exec(fx->db,
                   arena_printf(fx->arena, "CREATE TABLE x(id BIGINT PRIMARY KEY, t %s, b %s)",
                                db_text(fx->db), db_bytes(fx->db)),
                   &fx->problem));
    return fx;
}

static void put(struct fixture *fx, int64_t id) {
    OK(fx, db_run(fx->db, &fx->problem, NULL, "INSERT INTO x(id,t) VALUES($1,$2)", "it", id, "a"));
}

static int64_t rows(struct fixture *fx) {
    return fixture_int(fx, "SELECT count(*) FROM x");
}

static void test_a_refusal_undoes_the_inner_savepoint_and_keeps_the_outer(void **state) {
    struct fixture *fx = table(state);
    struct problem *p = &fx->problem;
    OK(fx, db_begin(fx->db, p));
    OK(fx, db_save(fx->db, DB_OUTER, p));
    put(fx, 1);
    OK(fx, db_save(fx->db, DB_INNER, p));
    put(fx, 2);
    OK(fx, db_undo(fx->db, DB_INNER, p));
    put(fx, 3);
    OK(fx, db_release(fx->db, DB_OUTER, p));
    OK(fx, db_save(fx->db, DB_OUTER, p));
    OK(fx, db_save(fx->db, DB_INNER, p));
    put(fx, 4);
    OK(fx, db_release(fx->db, DB_INNER, p));
    OK(fx, db_undo(fx->db, DB_OUTER, p));
    OK(fx, db_commit(fx->db, p));
    assert_int_equal(fixture_int(fx, "SELECT sum(id) FROM x"), 1 + 3);
}

static void test_a_rollback_leaves_nothing_even_with_a_statement_under_way(void **state) {
    struct fixture *fx = table(state);
    OK(fx, db_begin(fx->db, &fx->problem));
    put(fx, 1);
    put(fx, 2);
    struct stmt *st = db_query(fx->db, &fx->problem, "SELECT id FROM x", "");
    bool row;
    OK(fx, stmt_step(st, &row, &fx->problem));
    assert_true(row);
    assert_true(db_in_transaction(fx->db));
    db_rollback(fx->db);
    assert_false(db_in_transaction(fx->db));
    assert_int_equal(rows(fx), 0);
    db_rollback(fx->db); // harmless without a transaction
}

static void test_a_statement_in_use_is_not_handed_out_twice(void **state) {
    struct fixture *fx = table(state);
    put(fx, 1), put(fx, 2);
    static const char sql[] = "SELECT id FROM x ORDER BY id";
    struct stmt *a = db_query(fx->db, &fx->problem, sql, ""),
                *b = db_query(fx->db, &fx->problem, sql, "");
    assert_ptr_not_equal(a, b);
    bool row;
    for (int64_t i = 1; i <= 2; i++) {
        OK(fx, stmt_step(a, &row, &fx->problem));
        assert_true(row);
        assert_int_equal(stmt_int(a, 0), i);
        OK(fx, stmt_step(b, &row, &fx->problem));
        assert_int_equal(stmt_int(b, 0), i);
    }
    stmt_reset(a), stmt_reset(b);
    struct stmt *again = db_query(fx->db, &fx->problem, sql, "");
    assert_true(again == a || again == b); // from the cache
    stmt_reset(again);
}

static void test_a_thousand_different_statements_stay_within_the_cache(void **state) {
    struct fixture *fx = table(state);
    struct stmt *held = db_query(fx->db, &fx->problem, "SELECT 42", "");
    bool row;
    OK(fx, stmt_step(held, &row, &fx->problem));
    for (int i = 0; i < 1000; i++) {
        char sql[64];
        int64_t n;
        snprintf(sql, sizeof sql, "SELECT %d", i + 1000);
        OK(fx, db_int(fx->db, &fx->problem, &n, -1, sql, ""));
        assert_int_equal(n, i + 1000);
    }
    assert_int_equal(stmt_int(held, 0), 42); // in use: never evicted
    stmt_reset(held);
}

static void test_values_come_back_as_they_were_bound(void **state) {
    struct fixture *fx = table(state);
    static const char bytes[] = {0, 1, (char)0xff};
    struct value text = value_text("王小明");
    OK(fx, db_run(fx->db, &fx->problem, NULL, "INSERT INTO x(id,t,b) VALUES($1,$2,$3)", "ivb",
                  INT64_MIN, &text, bytes, sizeof bytes));
    OK(fx, db_run(fx->db, &fx->problem, NULL, "INSERT INTO x(id,t,b) VALUES($1,$2,$3)", "isn",
                  INT64_MAX, "", (size_t)0));
    struct stmt *st = db_query(fx->db, &fx->problem, "SELECT id,t,b FROM x ORDER BY id", "");
    bool row;
    size_t n;
    OK(fx, stmt_step(st, &row, &fx->problem));
    assert_int_equal(stmt_int(st, 0), INT64_MIN);
    assert_string_equal(stmt_text(st, 1, &n), "王小明");
    assert_int_equal(n, 9);
    assert_memory_equal(stmt_blob(st, 2, &n), bytes, 3);
    assert_int_equal(n, 3);
    OK(fx, stmt_step(st, &row, &fx->problem));
    assert_int_equal(stmt_int(st, 0), INT64_MAX);
    assert_false(stmt_is_null(st, 1));
    assert_true(stmt_is_null(st, 2));
    OK(fx, stmt_step(st, &row, &fx->problem));
    assert_false(row);
    int64_t otherwise;
    OK(fx, db_int(fx->db, &fx->problem, &otherwise, 7, "SELECT id FROM x WHERE id=$1", "i",
                  INT64_C(5)));
    assert_int_equal(otherwise, 7);
}

static void test_a_broken_unique_constraint_is_a_conflict_that_names_it(void **state) {
    struct fixture *fx = table(state);
    put(fx, 1);
    enum err e =
        db_run(fx->db, &fx->problem, NULL, "INSERT INTO x(id) VALUES($1)", "i", INT64_C(1));
    assert_int_equal(e, ERR_CONFLICT);
    assert_non_null(strstr(db_conflict(fx->db), fixture_is_postgres() ? "x_pkey" : "x.id"));
    fixture_calm(fx);
    int64_t changed;
    OK(fx, db_run(fx->db, &fx->problem, &changed, "UPDATE x SET t=$1", "t", "b"));
    assert_int_equal(changed, 1);
    assert_int_equal(db_run(fx->db, &fx->problem, NULL, "SELEKT", ""), ERR_INTERNAL);
}

static int64_t seen_by(struct fixture *fx, struct db *reader) {
    int64_t n;
    OK(fx, db_int(reader, &fx->problem, &n, 0, "SELECT count(*) FROM x", ""));
    return n;
}

static void test_a_reader_sees_a_snapshot_and_cannot_write(void **state) {
    struct fixture *fx = table(state);
    struct db *reader;
    OK(fx, db_open(fx->storage, DB_READ, &reader, &fx->problem));
    put(fx, 1);
    OK(fx, db_begin(reader, &fx->problem));
    assert_int_equal(seen_by(fx, reader), 1);
    put(fx, 2);
    assert_int_equal(seen_by(fx, reader), 1);
    OK(fx, db_commit(reader, &fx->problem));
    assert_int_equal(seen_by(fx, reader), 2);
    assert_int_not_equal(db_run(reader, &fx->problem, NULL, "DELETE FROM x", ""), ERR_OK);
    db_close(reader);
    assert_true(fixture_is_postgres() || db_wal_bytes(fx->db) > 0);
    fixture_calm(fx);
    OK(fx, db_checkpoint(fx->db, &fx->problem));
}

static void test_a_kept_snapshot_is_never_older_than_the_last_commit(void **state) {
    struct fixture *fx = table(state);
    struct problem *p = &fx->problem;
    struct db *reader;
    OK(fx, db_open(fx->storage, DB_READ, &reader, p));
    OK(fx, db_keep_snapshot(reader, p));
    for (int64_t i = 1; i <= 3; i++) {
        put(fx, i);
        assert_int_equal(seen_by(fx, reader), i);
    }
    OK(fx, db_begin(fx->db, p));
    put(fx, 4);
    assert_int_equal(seen_by(fx, reader), 3);
    OK(fx, db_commit(fx->db, p));
    assert_int_equal(seen_by(fx, reader), 4);
    // one that is under way keeps its own, and the next after it is new again
    struct stmt *st = db_query(reader, p, "SELECT id FROM x ORDER BY id", "");
    bool row;
    OK(fx, stmt_step(st, &row, p));
    put(fx, 5);
    (void)seen_by(fx, reader);
    for (int i = 1; row; i++) {
        assert_int_equal(stmt_int(st, 0), i);
        OK(fx, stmt_step(st, &row, p));
    }
    assert_int_equal(seen_by(fx, reader), 5);
    if (!fixture_is_postgres()) {
        fixture_calm(fx);
        assert_int_equal(db_empty_log(fx->db, p), ERR_UNAVAILABLE);
        problem_init(p, fx->arena);
    }
    db_let_snapshot(reader);
    OK(fx, db_empty_log(fx->db, p));
    assert_int_equal(seen_by(fx, reader), 5);
    db_close(reader);
}

static void
test_a_transaction_of_the_writer_keeps_other_writers_out_from_its_beginning(void **state) {
    struct fixture *fx = table(state);
    struct db *other;
    if (strncmp(fx->storage, "sqlite:", 7)) { // PostgreSQL's lets in no second writer at all
        assert_int_equal(db_open(fx->storage, DB_WRITE, &other, &fx->problem), ERR_UNAVAILABLE);
        fixture_calm(fx);
        return;
    }
    OK(fx, db_open(fx->storage, DB_WRITE, &other, &fx->problem));
    OK(fx, db_begin(fx->db, &fx->problem));
    assert_int_not_equal(db_begin(other, &fx->problem), ERR_OK); // after waiting
    assert_false(db_in_transaction(other));
    fixture_calm(fx);
    put(fx, 1);
    OK(fx, db_commit(fx->db, &fx->problem));
    OK(fx, db_begin(other, &fx->problem));
    db_rollback(other);
    db_close(other);
}

static struct db *node(struct fixture *fx, const char *name) {
    struct db *db;
    OK(fx, db_open_node(fx->storage, name, &db, &fx->problem));
    return db;
}

static uint32_t share(struct fixture *fx, struct db *db, uint32_t used) {
    uint32_t held;
    OK(fx, db_share(db, used, &held, &fx->problem));
    return held;
}

static void test_nodes_have_names_of_their_own_and_share_what_is_to_be_done(void **state) {
    struct fixture *fx = table(state);
    struct db *a, *b, *other;
    bool alone;
    assert_int_equal(share(fx, fx->db, 0), DB_SHARES_ALL); // there are no nodes
    if (!fixture_is_postgres()) return;
    assert_int_equal(db_open_node(fx->storage, "n1", &a, &fx->problem), ERR_UNAVAILABLE);
    db_close(fx->db);
    fixture_calm(fx);
    a = fx->db = node(fx, "n1");
    OK(fx, db_is_alone(a, &alone, &fx->problem));
    assert_true(alone);
    assert_false(db_holds(a, 0));
    assert_int_equal(share(fx, a, 0), DB_SHARES_ALL);
    assert_int_equal(db_open_node(fx->storage, "n1", &other, &fx->problem), ERR_UNAVAILABLE);
    assert_int_equal(db_open(fx->storage, DB_WRITE, &other, &fx->problem), ERR_UNAVAILABLE);
    fixture_calm(fx);
    b = node(fx, "n2");
    OK(fx, db_is_alone(a, &alone, &fx->problem));
    assert_false(alone);
    assert_int_equal(share(fx, b, 0), 0);
    assert_int_equal(share(fx, a, DB_SHARES_ALL), 0x0f); // the rest is still worked on
    assert_int_equal(share(fx, b, 0), 0);
    assert_int_equal(share(fx, a, 0x0f), 0x0f);
    assert_int_equal(share(fx, b, 0), 0xf0);
    assert_true(db_holds(b, 7));
    assert_false(db_holds(a, 7));
    db_close(b);
    for (int i = 0; i < 100 && share(fx, a, DB_SHARES_ALL) != DB_SHARES_ALL; i++) usleep(20000);
    assert_true(db_holds(a, 7));
    // a session that was lost has lost its leases
    OK(fx, db_open(fx->storage, DB_READ, &b, &fx->problem));
    int64_t n;
    OK(fx, db_int(b, &fx->problem, &n, 0,
                  "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE"
                  " locktype='advisory' AND mode='ShareLock' AND ((classid::bigint<<32)|"
                  "objid::bigint)=hashtextextended('campusd writer '||current_schema(),0)",
                  ""));
    assert_int_equal(n, 1);
    db_close(b);
    enum err e = ERR_TIMEOUT;
    for (int i = 0; i < 100 && e; i++, usleep(20000)) {
        e = db_begin(a, NULL);
        if (!e) e = db_int(a, NULL, &n, 0, "SELECT 1", "");
        if (e) db_rollback(a);
    }
    assert_int_equal(e, ERR_OK);
    assert_false(db_holds(a, 7));
    db_rollback(a);
    assert_int_equal(share(fx, a, 0), DB_SHARES_ALL);
}

static void test_transactions_of_nodes_take_turns(void **state) {
    if (!fixture_is_postgres()) skip();
    struct fixture *fx = table(state);
    db_close(fx->db);
    struct db *a = fx->db = node(fx, "n1"), *b = node(fx, "n2");
    int64_t n = 0;
    put(fx, 1);
    OK(fx, db_begin(a, &fx->problem));
    OK(fx, db_run(a, &fx->problem, NULL, "UPDATE x SET t='a'", ""));
    OK(fx, db_begin(b, &fx->problem)); // on its way, not there
    OK(fx, db_commit(a, &fx->problem));
    OK(fx, db_int(b, &fx->problem, &n, 0, "SELECT count(*) FROM x WHERE t='a'", ""));
    assert_int_equal(n, 1); // it sees what the one before it has written
    OK(fx, db_commit(b, &fx->problem));
    db_close(b);
}

static void test_a_backup_is_whole_and_checks(void **state) {
    if (fixture_is_postgres()) skip(); // copied by its own tools
    struct fixture *fx = table(state);
    for (int i = 0; i < 500; i++) put(fx, i);
    char path[128], storage[140];
    snprintf(path, sizeof path, "%s/copy.db", fx->folder);
    snprintf(storage, sizeof storage, "sqlite:%s", path);
    OK(fx, db_backup(fx->db, path, NULL, NULL, &fx->problem));
    struct db *copy;
    int64_t n;
    OK(fx, db_open(storage, DB_WRITE, &copy, &fx->problem));
    OK(fx, db_int(copy, &fx->problem, &n, 0, "SELECT count(*) FROM x", ""));
    assert_int_equal(n, 500);
    OK(fx, db_quick_check(copy, &fx->problem));
    assert_true(db_has_table(copy, "x"));
    assert_true(db_has_column(copy, "x", "t"));
    assert_false(db_has_column(copy, "x", "u"));
    assert_false(db_has_table(copy, "y"));
    assert_true(db_has_index(copy, "i_idempotency_at"));
    db_close(copy);
    unlink(path);
    unlink(arena_printf(fx->arena, "%s-wal", path));
    unlink(arena_printf(fx->arena, "%s-shm", path));
}

static void test_an_unknown_kind_of_storage_is_refused(void **state) {
    struct fixture *fx = *state;
    struct db *db;
    assert_int_equal(db_open("oracle:x", DB_READ, &db, &fx->problem), ERR_INVALID);
    fixture_calm(fx);
    assert_int_equal(db_open("sqlite:/nowhere/at/all.db", DB_READ, &db, &fx->problem), ERR_IO);
}

static const char TEXT_OF[] = "SELECT id FROM x WHERE t=$1";

static int64_t found(struct fixture *fx, struct db *db, const char *t) {
    int64_t id;
    OK(fx, db_int(db, &fx->problem, &id, 0, TEXT_OF, "t", t));
    return id;
}

static void test_what_was_asked_ahead_is_what_the_query_finds_until_no_more_is_asked(void **state) {
    if (!fixture_is_postgres()) skip();
    struct fixture *fx = table(state);
    struct db *reader;
    const struct db_question asks[] = {{TEXT_OF, "a"}, {TEXT_OF, "b"}, {TEXT_OF, "no such"}};
    const char longer[] = "longer than an id is, so it is not asked ahead";
    const struct db_question other = {TEXT_OF, longer};
    OK(fx, db_open(fx->storage, DB_READ, &reader, &fx->problem));
    assert_true(db_asks(reader));
    OK(fx, db_exec(fx->db, "INSERT INTO x(id,t) VALUES(1,'a'),(2,'b')", &fx->problem));
    db_ask(reader, asks, 3);
    db_ask(reader, &other, 1);
    OK(fx, db_exec(fx->db, "UPDATE x SET id=id+10", &fx->problem));
    assert_int_equal(found(fx, reader, "b"), 2);
    assert_int_equal(found(fx, reader, "a"), 1);
    assert_int_equal(found(fx, reader, "a"), 11); // an answer is given once
    assert_int_equal(found(fx, reader, "no such"), 0);
    db_ask(reader, asks, 2);
    db_ask_no_more(reader);
    OK(fx, db_exec(fx->db, "UPDATE x SET id=id+10", &fx->problem));
    assert_int_equal(found(fx, reader, "a"), 21);
    // more than there is room for are asked as ever
    struct db_question many[DB_ASK_MAX + 9];
    for (int i = 0; i < DB_ASK_MAX + 9; i++) many[i] = asks[i % 2];
    db_ask(reader, many, DB_ASK_MAX + 9);
    for (int i = 0; i < DB_ASK_MAX + 9; i++)
        assert_int_equal(found(fx, reader, asks[i % 2].argument), 21 + i % 2);
    db_close(reader);
}

static void test_what_was_asked_ahead_in_vain_is_asked_again(void **state) {
    if (!fixture_is_postgres()) skip();
    struct fixture *fx = table(state);
    struct db *reader;
    const struct db_question asks[] = {
        {TEXT_OF, "a"}, {"SELECT 1/(length($1)-1)", "x"}, {TEXT_OF, "b"}, {"SELECT nonsense", "x"}};
    int64_t n;
    OK(fx, db_open(fx->storage, DB_READ, &reader, &fx->problem));
    OK(fx, db_exec(fx->db, "INSERT INTO x(id,t) VALUES(1,'a'),(2,'b')", &fx->problem));
    db_ask(reader, asks, 4);
    assert_int_equal(found(fx, reader, "b"), 2);
    assert_int_equal(found(fx, reader, "a"), 1);
    assert_int_not_equal(db_int(reader, &fx->problem, &n, 0, asks[1].sql, "t", "x"), ERR_OK);
    fixture_calm(fx);
    db_ask_no_more(reader);
    // a session that the server has ended: another is there for who asks then
    OK(fx, db_int(reader, &fx->problem, &n, 0, "SELECT pg_backend_pid()", ""));
    OK(fx,
       db_int(fx->db, &fx->problem, &n, 0, "SELECT pg_terminate_backend($1::int)::int", "i", n));
    db_ask(reader, asks, 1);
    while (db_int(reader, &fx->problem, &n, 0, TEXT_OF, "t", "a")) fixture_calm(fx);
    assert_int_equal(n, 1);
    db_close(reader);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_a_refusal_undoes_the_inner_savepoint_and_keeps_the_outer),
        T(test_a_rollback_leaves_nothing_even_with_a_statement_under_way),
        T(test_a_statement_in_use_is_not_handed_out_twice),
        T(test_a_thousand_different_statements_stay_within_the_cache),
        T(test_values_come_back_as_they_were_bound),
        T(test_a_broken_unique_constraint_is_a_conflict_that_names_it),
        T(test_a_reader_sees_a_snapshot_and_cannot_write),
        T(test_a_kept_snapshot_is_never_older_than_the_last_commit),
        T(test_a_transaction_of_the_writer_keeps_other_writers_out_from_its_beginning),
        T(test_nodes_have_names_of_their_own_and_share_what_is_to_be_done),
        T(test_transactions_of_nodes_take_turns),
        T(test_what_was_asked_ahead_is_what_the_query_finds_until_no_more_is_asked),
        T(test_what_was_asked_ahead_in_vain_is_asked_again),
        T(test_a_backup_is_whole_and_checks),
        T(test_an_unknown_kind_of_storage_is_refused),
    };
    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
