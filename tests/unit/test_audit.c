// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The audit chain: whatever is changed afterwards, be it one bit, is found.
#include <fcntl.h>
#include "fixture.h"
#include "record/audit_internal.h"

struct audited {
    struct fixture *fx;
    struct audit *au;
    const char *notes;
    uint8_t pk[32];
};

static void open_audit(struct audited *t, struct fixture *fx, const char *writer) {
    t->fx = fx;
    t->notes = arena_printf(fx->arena, "%s/checkpoints", fx->folder);
    OK(fx, audit_public_key(fx->keyring, t->pk));
    OK(fx, audit_open(fx->db, fx->keyring, writer, t->notes, &t->au, &fx->problem));
}

static void add(struct audited *t, int i) {
    const char *subjects[] = {arena_printf(t->fx->arena, "s-%d", i), "s-all", "s-all"};
    struct audit_row r = {.at = NOW_MS + i,
                          .actor = "p-1",
                          .client = "10.0.0.1",
                          .action = i % 2 ? "reveal" : "create",
                          .object = arena_printf(t->fx->arena, "admissions.applicants/%d", i),
                          .outcome = "ok",
                          .reason = i % 3 ? NULL : "none",
                          .rule = "clerks",
                          .release = 7,
                          .purpose = "calling back",
                          .fields = "phone",
                          .request = "q-1",
                          .subjects = subjects,
                          .nsubjects = i % 4};
    audit_add(t->au, &r);
}

static void write_rows(struct audited *t, int from, int to) {
    struct fixture *fx = t->fx;
    OK(fx, db_begin(fx->db, &fx->problem));
    for (int i = from; i < to; i++) add(t, i);
    OK(fx, audit_flush(t->au, &fx->problem));
    OK(fx, db_commit(fx->db, &fx->problem));
    audit_committed(t->au, NOW_MS + to);
}

static enum err verify(struct audited *t, int64_t *rows) {
    int64_t n;
    fixture_calm(t->fx);
    return audit_verify(t->fx->db, t->pk, t->notes, rows ? rows : &n, NULL, NULL, &t->fx->problem);
}

static void end(struct audited *t) {
    audit_close(t->au);
    unlink(t->notes);
}

static void test_an_honest_log_verifies_across_restarts(void **state) {
    struct audited t;
    int64_t rows;
    open_audit(&t, *state, "n1");
    write_rows(&t, 0, 5);
    write_rows(&t, 5, 9);
    OK(t.fx, verify(&t, &rows));
    assert_int_equal(rows, 9);
    audit_close(t.au);
    open_audit(&t, t.fx, "n1");
    assert_int_equal(audit_seq(t.au), 9);
    write_rows(&t, 9, 12);
    OK(t.fx, verify(&t, &rows));
    assert_int_equal(rows, 12);
    end(&t);
}

static void test_two_writers_share_a_file_of_checkpoints(void **state) {
    struct audited a, b;
    int64_t rows;
    open_audit(&a, *state, "n1");
    open_audit(&b, *state, "n2");
    write_rows(&a, 0, 5);
    write_rows(&b, 0, 3);
    audit_close(a.au), audit_close(b.au);
    open_audit(&a, *state, "n1");
    open_audit(&b, *state, "n2");
    write_rows(&b, 3, 4);
    write_rows(&a, 5, 6);
    audit_close(b.au);
    OK(a.fx, verify(&a, &rows));
    assert_int_equal(rows, 10);
    end(&a);
}

static void test_undone_and_failed_rows_leave_no_trace(void **state) {
    struct audited t;
    int64_t rows;
    open_audit(&t, *state, "n1");
    struct fixture *fx = t.fx;
    write_rows(&t, 0, 2);
    OK(fx, db_begin(fx->db, &fx->problem));
    add(&t, 2);
    size_t mark = audit_mark(t.au);
    add(&t, 3), add(&t, 4);
    audit_undo(t.au, mark);
    add(&t, 5);
    OK(fx, audit_flush(t.au, &fx->problem));
    OK(fx, db_commit(fx->db, &fx->problem));
    audit_committed(t.au, NOW_MS);
    OK(fx, verify(&t, &rows));
    assert_int_equal(rows, 4);
    OK(fx, db_begin(fx->db, &fx->problem));
    add(&t, 6);
    OK(fx, audit_flush(t.au, &fx->problem));
    db_rollback(fx->db);
    audit_failed(t.au);
    assert_int_equal(audit_seq(t.au), 4);
    write_rows(&t, 7, 8);
    OK(fx, verify(&t, &rows));
    assert_int_equal(rows, 5);
    end(&t);
}

static void changed(struct audited *t, const char *sql) {
    OK(t->fx, db_begin(t->fx->db, &t->fx->problem));
    OK(t->fx, db_exec(t->fx->db, sql, &t->fx->problem));
    enum err e = verify(t, NULL);
    if (e != ERR_CORRUPT) print_error("not found: %s\n", sql);
    assert_int_equal(e, ERR_CORRUPT);
    fixture_calm(t->fx);
    db_rollback(t->fx->db);
}

static void test_every_flipped_byte_of_every_column_is_found(void **state) {
    if (fixture_is_postgres()) skip(); // the bytes below a column are SQLite's here
    struct audited t;
    open_audit(&t, *state, "n1");
    struct fixture *fx = t.fx;
    write_rows(&t, 0, 6);
    static const char *const columns[] = {"writer",  "seq",     "at",      "actor",   "client",
                                          "action",  "object",  "outcome", "reason",  "rule",
                                          "release", "purpose", "fields",  "request", "subjects",
                                          "prev",    "hash"};
    int flips = 0;
    for (int seq = 2; seq <= 6; seq += 2)
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
            struct stmt *st = db_query(
                fx->db, &fx->problem,
                arena_printf(fx->arena,
                             "SELECT CAST(%s AS BLOB), typeof(%s) FROM core_audit WHERE seq=$1",
                             columns[c], columns[c]),
                "i", (int64_t)seq);
            bool row;
            size_t n;
            OK(fx, stmt_step(st, &row, &fx->problem));
            assert_true(row);
            const uint8_t *p = stmt_blob(st, 0, &n);
            uint8_t old[256], now[256];
            char type[16];
            snprintf(type, sizeof type, "%s", stmt_text(st, 1, NULL));
            memcpy(old, p ? p : old, n);
            stmt_reset(st);
            for (size_t i = 0; i < n; i++) {
                memcpy(now, old, n);
                now[i] ^= c == 1 ? 8 : 1; // another number than its neighbours have
                char hex[520] = "";
                for (size_t k = 0; k < n; k++) sprintf(hex + 2 * k, "%02x", now[k]);
                changed(&t, arena_printf(fx->arena,
                                         "UPDATE core_audit SET %s=CAST(x'%s' AS %s) WHERE seq=%d",
                                         columns[c], hex,
                                         !strcmp(type, "blob")   ? "BLOB"
                                         : !strcmp(type, "text") ? "TEXT"
                                                                 : "INTEGER",
                                         seq));
                flips++;
            }
            if (!strcmp(type, "text")) {
                changed(&t, arena_printf(fx->arena, "UPDATE core_audit SET %s=%s||'x' WHERE seq=%d",
                                         columns[c], columns[c], seq));
                changed(&t, arena_printf(fx->arena,
                                         "UPDATE core_audit SET %s=%s||char(0)||'x' WHERE seq=%d",
                                         columns[c], columns[c], seq));
            }
        }
    assert_true(flips > 450);
    OK(fx, verify(&t, NULL));
    end(&t);
}

static void test_dropped_reordered_inserted_and_truncated_rows_are_found(void **state) {
    struct audited t;
    open_audit(&t, *state, "n1");
    write_rows(&t, 0, 6);
    audit_close(t.au); // a checkpoint of six
    open_audit(&t, t.fx, "n1");
    changed(&t, "DELETE FROM core_audit WHERE seq=1");
    changed(&t, "DELETE FROM core_audit WHERE seq=3");
    changed(&t, "DELETE FROM core_audit WHERE seq=6");
    changed(&t, "DELETE FROM core_audit WHERE seq>2; DELETE FROM core_audit_subject WHERE seq>2");
    changed(&t, "DELETE FROM core_audit; DELETE FROM core_audit_subject");
    changed(&t, "UPDATE core_audit SET seq=-1 WHERE seq=3; UPDATE core_audit SET seq=3 WHERE seq=4;"
                "UPDATE core_audit SET seq=4 WHERE seq=-1");
    changed(&t, "INSERT INTO core_audit SELECT "
                "writer,7,at,actor,client,action,object,outcome,reason,rule,release,"
                "purpose,fields,request,'',hash,hash FROM core_audit WHERE seq=6");
    if (!fixture_is_postgres()) changed(&t, "UPDATE core_audit SET at=at||'x' WHERE seq=2");
    changed(&t, "DELETE FROM core_audit_subject WHERE subject='s-2'");
    changed(&t, "UPDATE core_audit_subject SET subject='s-9' WHERE subject='s-2'");
    changed(&t, "UPDATE core_audit_subject SET subject='-2' WHERE subject='s-2'");
    changed(&t, "INSERT INTO core_audit_subject VALUES('s-al','n1',3)");
    changed(&t, "UPDATE core_audit_subject SET seq=1 WHERE subject='s-2'");
    OK(t.fx, verify(&t, NULL));
    end(&t);
}

// Someone who can write the database hashes a whole new chain; the checkpoint outside tells.
static void test_a_chain_forged_from_the_start_is_found_by_its_checkpoint(void **state) {
    struct audited t;
    open_audit(&t, *state, "n1");
    write_rows(&t, 0, 4);
    audit_close(t.au);
    OK(t.fx,
       db_exec(t.fx->db, "DELETE FROM core_audit; DELETE FROM core_audit_subject", &t.fx->problem));
    OK(t.fx, audit_open(t.fx->db, t.fx->keyring, "n1", NULL, &t.au, &t.fx->problem));
    write_rows(&t, 10, 15);
    assert_int_equal(verify(&t, NULL), ERR_CORRUPT);
    const char *notes = t.notes;
    t.notes = NULL;
    OK(t.fx, verify(&t, NULL)); // the chain alone looks sound
    t.notes = notes;
    fixture_calm(t.fx);
    end(&t);
}

// Someone rewrites one row with its hash, and where the next one points: the next one's own hash
// tells.
static void test_a_row_forged_in_the_middle_is_found_by_the_next(void **state) {
    struct audited t;
    open_audit(&t, *state, "n1");
    write_rows(&t, 0, 4);
    struct audit_row forged = {.at = NOW_MS,
                               .actor = "p-1",
                               .client = "",
                               .action = "read",
                               .object = "students/1",
                               .outcome = "ok",
                               .reason = "",
                               .rule = "",
                               .purpose = "",
                               .fields = "",
                               .request = ""};
    uint8_t first[32], hash[32];
    struct stmt *st = db_query(t.fx->db, &t.fx->problem, "SELECT hash FROM core_audit WHERE seq=$1",
                               "i", (int64_t)1);
    bool row;
    size_t n;
    OK(t.fx, stmt_step(st, &row, &t.fx->problem));
    assert_true(row);
    memcpy(first, stmt_blob(st, 0, &n), sizeof first);
    stmt_reset(st);
    audit_hash(first, "n1", 2, &forged, "", hash);
    OK(t.fx, db_begin(t.fx->db, &t.fx->problem));
    OK(t.fx, db_exec(t.fx->db, "DELETE FROM core_audit_subject WHERE seq=2", &t.fx->problem));
    OK(t.fx, db_run(t.fx->db, &t.fx->problem, NULL,
                    "UPDATE core_audit SET at=$1,actor=$2,client='',action=$3,object=$4,outcome=$5,"
                    "reason='',rule='',release=0,purpose='',fields='',request='',subjects='',"
                    "hash=$6 WHERE seq=2",
                    "ittttb", forged.at, forged.actor, forged.action, forged.object, forged.outcome,
                    hash, sizeof hash));
    OK(t.fx, db_run(t.fx->db, &t.fx->problem, NULL, "UPDATE core_audit SET prev=$1 WHERE seq=3",
                    "b", hash, sizeof hash));
    assert_int_equal(verify(&t, NULL), ERR_CORRUPT);
    // and by that alone: the forged row fits the one before it
    const char *notes = t.notes;
    t.notes = NULL;
    OK(t.fx,
       db_exec(t.fx->db,
               "DELETE FROM core_audit_subject WHERE seq>2; DELETE FROM core_audit WHERE seq>2",
               &t.fx->problem));
    OK(t.fx, verify(&t, NULL));
    t.notes = notes;
    fixture_calm(t.fx);
    db_rollback(t.fx->db);
    end(&t);
}

static void test_every_flipped_byte_of_a_checkpoint_is_found(void **state) {
    struct audited t;
    open_audit(&t, *state, "n1");
    write_rows(&t, 0, 4);
    audit_close(t.au);
    open_audit(&t, t.fx, "n1");
    char text[2048];
    int fd = open(t.notes, O_RDWR);
    ssize_t n = pread(fd, text, sizeof text, 0);
    assert_true(n > 150);
    for (ssize_t i = 0; i < n; i++) {
        char c = (char)(text[i] ^ 1);
        assert_int_equal(pwrite(fd, &c, 1, i), 1);
        enum err e = verify(&t, NULL);
        if (e != ERR_CORRUPT) print_error("byte %zd of the checkpoint: %s\n", i, text);
        assert_int_equal(e, ERR_CORRUPT);
        assert_int_equal(pwrite(fd, text + i, 1, i), 1);
    }
    close(fd);
    OK(t.fx, verify(&t, NULL));
    unlink(t.notes);
    assert_int_equal(verify(&t, NULL), ERR_CORRUPT); // and its absence too
    fixture_calm(t.fx);
    end(&t);
}

static void test_another_key_does_not_vouch_for_this_log(void **state) {
    struct audited t;
    open_audit(&t, *state, "n1");
    write_rows(&t, 0, 4);
    t.pk[0] ^= 1;
    assert_int_equal(verify(&t, NULL), ERR_CORRUPT);
    fixture_calm(t.fx);
    end(&t);
}

static void test_checkpoints_come_by_rows_and_by_time(void **state) {
    struct audited t;
    open_audit(&t, *state, "n1");
    write_rows(&t, 0, 1); // the first one at once
    struct {
        int64_t at;
        int rows;
        bool due;
    } steps[] = {{NOW_MS + 1000, 3, false},
                 {NOW_MS + 61000, 1, true},
                 {NOW_MS + 62000, 1000, true},
                 {NOW_MS + 63000, 5, false}};
    char text[8192];
    for (int i = 0; i < 4; i++) {
        int fd = open(t.notes, O_RDONLY);
        ssize_t before = pread(fd, text, sizeof text, 0);
        OK(t.fx, db_begin(t.fx->db, &t.fx->problem));
        for (int k = 0; k < steps[i].rows; k++) add(&t, k);
        OK(t.fx, audit_flush(t.au, &t.fx->problem));
        OK(t.fx, db_commit(t.fx->db, &t.fx->problem));
        audit_committed(t.au, steps[i].at);
        ssize_t after = pread(fd, text, sizeof text, 0);
        close(fd);
        assert_int_equal(after > before, steps[i].due);
    }
    OK(t.fx, verify(&t, NULL));
    end(&t);
}

static int lines(const struct buf *b, const char *what) {
    int n = 0;
    for (const char *s = b->data;
         (s = memmem(s, (size_t)(b->data + b->len - s), what, strlen(what))); s++)
        n++;
    return n;
}

static void test_the_log_is_searched_by_actor_action_subject_and_time(void **state) {
    struct audited t;
    open_audit(&t, *state, "n1");
    write_rows(&t, 0, 9);
    struct {
        struct audit_query q;
        int n;
    } cases[] = {{{0}, 9},
                 {{.limit = 2}, 2},
                 {{.actor = "p-2"}, 0},
                 {{.action = "reveal"}, 4},
                 {{.subject = "s-all"}, 4},
                 {{.subject = "s-5"}, 1},
                 {{.from = NOW_MS + 3, .to = NOW_MS + 5}, 3},
                 {{.before_seq = 3}, 2},
                 {{.object = "admissions.applicants/8"}, 1},
                 {{.outcome = "refused"}, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b;
        json_t *j;
        buf_init(&b, t.fx->arena);
        OK(t.fx, audit_search_json(t.fx->db, &cases[i].q, &b, &t.fx->problem));
        OK(t.fx, json_parse(t.fx->arena, b.data, b.len, &j, &t.fx->problem));
        assert_int_equal(json_array_size(json_object_get(j, "items")), cases[i].n);
    }
    char path[128];
    snprintf(path, sizeof path, "%s/export", t.fx->folder);
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    OK(t.fx, audit_export(t.fx->db, 3, fd, &t.fx->problem));
    struct buf b = {.data = arena_alloc(t.fx->arena, 65536)};
    b.len = (size_t)pread(fd, b.data, 65536, 0);
    assert_int_equal(lines(&b, "\n"), 7);
    assert_int_equal(lines(&b, "\"hash\":\""), 7);
    close(fd);
    unlink(path);
    end(&t);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_an_honest_log_verifies_across_restarts),
        T(test_two_writers_share_a_file_of_checkpoints),
        T(test_undone_and_failed_rows_leave_no_trace),
        T(test_every_flipped_byte_of_every_column_is_found),
        T(test_dropped_reordered_inserted_and_truncated_rows_are_found),
        T(test_a_row_forged_in_the_middle_is_found_by_the_next),
        T(test_a_chain_forged_from_the_start_is_found_by_its_checkpoint),
        T(test_every_flipped_byte_of_a_checkpoint_is_found),
        T(test_another_key_does_not_vouch_for_this_log),
        T(test_checkpoints_come_by_rows_and_by_time),
        T(test_the_log_is_searched_by_actor_action_subject_and_time),
    };
    return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
