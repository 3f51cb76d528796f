// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A school small enough for a test: one plugin with applicants (sealed, searchable, unique,
// indexed, with a workflow and kept counters) and visits that are about an applicant, in a
// temporary SQLite file.
#ifndef FIXTURE_H
#define FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include "campus/audit.h"
#include "campus/mem.h"
#include "campus/outbox.h"
#include "campus/report.h"
#include "campus/store.h"

static const char FIXTURE_PLUGIN[] =
    "{\"name\":\"admissions\",\"version\":\"1\",\"title\":{\"zh\":\"招生\",\"en\":\"Admissions\"},"
    "\"rules\":[{\"name\":\"eligible\",\"reads\":[\"score\",\"region\"],\"file\":\"a.lua\","
    "\"line\":3}],"
    "\"entities\":[{\"name\":\"applicants\",\"subject\":\"self\",\"file\":\"a.lua\",\"line\":9,"
    "\"fields\":["
    "{\"name\":\"name\",\"type\":\"text\",\"required\":true,\"max_length\":20,\"personal\":true,"
    "\"search\":\"name\"},"
    "{\"name\":\"region\",\"type\":\"choice\",\"choices\":[\"north\",\"south\",{\"name\":\"east\","
    "\"title\":{\"zh\":\"东\"}}]},"
    "{\"name\":\"score\",\"type\":\"integer\",\"min\":0,\"max\":750},"
    "{\"name\":\"grade\",\"type\":\"decimal\",\"scale\":1},"
    "{\"name\":\"fee\",\"type\":\"money\"},"
    "{\"name\":\"born\",\"type\":\"date\"},"
    "{\"name\":\"boards\",\"type\":\"boolean\"},"
    "{\"name\":\"tags\",\"type\":\"multichoice\",\"choices\":[\"art\",\"sport\"]},"
    "{\"name\":\"id_number\",\"type\":\"text\",\"class\":\"secret\",\"unique\":true,\"searchable\":"
    "true,"
    "\"check\":\"cn_id\",\"mask\":\"cn_id\"},"
    "{\"name\":\"phone\",\"type\":\"text\",\"class\":\"confidential\",\"searchable\":true,"
    "\"check\":\"mobile\","
    "\"mask\":\"mobile\"},"
    "{\"name\":\"income\",\"type\":\"money\",\"class\":\"secret\"},"
    "{\"name\":\"code\",\"type\":\"text\",\"unique\":true,\"search\":true},"
    "{\"name\":\"code2\",\"type\":\"text\",\"unique\":true},"
    "{\"name\":\"seen_at\",\"type\":\"datetime\"},"
    "{\"name\":\"at_time\",\"type\":\"time\"},"
    "{\"name\":\"lines\",\"type\":\"list\",\"fields\":[{\"name\":\"amount\",\"type\":\"money\","
    "\"required\":true}]}"
    "],\"indexes\":[[\"score\"],[\"state\",\"region\"],[\"created_at\"]],"
    "\"workflow\":{\"start\":\"draft\",\"states\":[{\"name\":\"draft\"},{\"name\":\"registered\"},"
    "{\"name\":\"admitted\",\"final\":true}],\"transitions\":["
    "{\"name\":\"register\",\"from\":\"draft\",\"to\":\"registered\",\"rule\":\"eligible\","
    "\"needs\":[\"name\"]},"
    "{\"name\":\"admit\",\"from\":[\"registered\"],\"to\":\"admitted\"}]}},"
    "{\"name\":\"visits\",\"subject\":\"applicant\",\"file\":\"v.lua\",\"line\":1,\"fields\":["
    "{\"name\":\"applicant\",\"type\":\"reference\",\"to\":\"applicants\",\"required\":true},"
    "{\"name\":\"host\",\"type\":\"person\",\"default\":\"$actor\"},"
    "{\"name\":\"day\",\"type\":\"date\",\"default\":\"$today\"},"
    "{\"name\":\"at\",\"type\":\"datetime\",\"default\":\"$now\"},"
    "{\"name\":\"remark\",\"type\":\"longtext\",\"class\":\"confidential\"}]}],"
    "\"reports\":[{\"name\":\"by_region\",\"entity\":\"applicants\",\"group\":[\"region\","
    "\"state\"],\"kept\":true},"
    "{\"name\":\"fees\",\"entity\":\"applicants\",\"group\":[\"region\"],\"sum\":[\"fee\","
    "\"score\"],\"kept\":true},"
    "{\"name\":\"terms\",\"entity\":\"applicants\",\"group\":[\"seen_at:term\",\"boards\"],"
    "\"kept\":true,"
    "\"avg\":[\"score\"],\"where\":{\"code\":{\"empty\":true}},\"counts\":[{\"name\":\"on\","
    "\"where\":"
    "{\"state\":[\"registered\",\"admitted\"]}}]},"
    "{\"name\":\"visited\",\"entity\":\"visits\",\"group\":[\"applicant.region\",\"at:month\"],"
    "\"distinct\":[\"host\"],\"counts\":[{\"name\":\"early\",\"where\":{\"day\":{\"lt\":\"2026-09-"
    "01\"}}}]},"
    "{\"name\":\"years\",\"entity\":\"applicants\",\"group\":[\"born:year\"],\"year_starts\":9,"
    "\"avg\":[\"score\",\"fee\"],\"min\":[\"score\",\"born\"],\"max\":[\"score\",\"born\"]},"
    "{\"name\":\"weeks\",\"entity\":\"applicants\",\"group\":[\"born:week\"],\"date\":\"born\","
    "\"compare\":\"year\",\"sum\":[\"fee\"]},"
    "{\"name\":\"days\",\"entity\":\"applicants\",\"group\":[\"seen_at:day\"],\"date\":\"seen_at\","
    "\"compare\":\"year\"},"
    "{\"name\":\"goals\",\"entity\":\"visits\",\"group\":[\"applicant.region\"],\"target\":"
    "{\"entity\":\"applicants\",\"group\":[\"region\"],\"sum\":\"score\"}},"
    "{\"name\":\"small\",\"entity\":\"applicants\",\"group\":[\"region\",\"state\"],\"min_cell\":5,"
    "\"counts\":[{\"name\":\"boarding\",\"where\":{\"boards\":true}}]}]}";

enum { FIXTURE_NOW = 1790000000 };
#define NOW_MS (INT64_C(1000) * FIXTURE_NOW)

struct fixture {
    struct arena *arena;
    struct problem problem;
    struct schema *schema;
    const struct entity *applicants, *visits;
    char folder[64], path[96], storage[512], schema_name[48];
    struct db *db;
    struct keyring *keyring;
    struct store store;
};

static inline struct schema *fixture_schema(struct arena *a, const char *text, struct problem *p,
                                            enum err *e) {
    json_t *j;
    struct schema *s = NULL;
    assert_int_equal(json_parse(a, text, strlen(text), &j, p), ERR_OK);
    *e = schema_build(a, &j, 1, &s, p);
    return s;
}

static inline void fixture_fail(const struct problem *p) {
    struct buf b;
    buf_init(&b, NULL);
    problem_text(p, &b);
    print_error("%s", buf_str(&b));
    buf_fini(&b);
}

#define OK(fx, call)                                                                               \
    do {                                                                                           \
        enum err ok_e = (call);                                                                    \
        if (ok_e) fixture_fail(&(fx)->problem);                                                    \
        assert_int_equal(ok_e, ERR_OK);                                                            \
    } while (0)

// CAMPUSD_TEST_STORAGE names a PostgreSQL: then each fixture has a schema of its own there.
static inline bool fixture_is_postgres(void) {
    return getenv("CAMPUSD_TEST_STORAGE") != NULL;
}

static inline void fixture_at_server(struct fixture *fx, const char *verb, const char *rest) {
    struct db *db;
    char sql[128];
    snprintf(sql, sizeof sql, "%s SCHEMA %s %s", verb, fx->schema_name, rest);
    OK(fx, db_open(getenv("CAMPUSD_TEST_STORAGE"), DB_READ, &db, &fx->problem));
    OK(fx, db_exec(db, "SET default_transaction_read_only=off", &fx->problem));
    OK(fx, db_exec(db, sql, &fx->problem));
    db_close(db);
}

static inline void fixture_storage(struct fixture *fx) {
    static int made;
    if (!fixture_is_postgres()) {
        snprintf(fx->storage, sizeof fx->storage, "sqlite:%s", fx->path);
        return;
    }
    snprintf(fx->schema_name, sizeof fx->schema_name, "u_%ld_%d", (long)getpid(), ++made);
    fixture_at_server(fx, "CREATE", "");
    snprintf(fx->storage, sizeof fx->storage, "%s&options=-csearch_path%%3D%s",
             getenv("CAMPUSD_TEST_STORAGE"), fx->schema_name);
}

static inline int fixture_open(void **state) {
    struct fixture *fx = calloc(1, sizeof *fx);
    *state = fx;
    fx->arena = arena_new(256 << 20);
    problem_init(&fx->problem, fx->arena);
    OK(fx, keyring_harden(&fx->problem));
    enum err e;
    fx->schema = fixture_schema(fx->arena, FIXTURE_PLUGIN, &fx->problem, &e);
    OK(fx, e);
    fx->applicants = schema_entity(fx->schema, "admissions", "applicants");
    fx->visits = schema_entity_full(fx->schema, "admissions.visits", 17);
    snprintf(fx->folder, sizeof fx->folder, "/tmp/campusd-test-XXXXXX");
    assert_non_null(mkdtemp(fx->folder));
    snprintf(fx->path, sizeof fx->path, "%s/t.db", fx->folder);
    fixture_storage(fx);
    OK(fx, db_open(fx->storage, DB_WRITE, &fx->db, &fx->problem));
    OK(fx, keyring_create("school-1", &fx->keyring, &fx->problem));
    extern const char approval_ddl[]; // its header names things as tests do
    const char *extra = arena_printf(fx->arena, "%s%s%s", audit_ddl, outbox_ddl, approval_ddl);
    OK(fx, store_migrate(fx->db, fx->schema, extra, &fx->problem));
    fx->store = (struct store){fx->db, fx->keyring, fx->arena, "school-1", &fx->problem};
    return 0;
}

static inline int fixture_close(void **state) {
    struct fixture *fx = *state;
    db_close(fx->db);
    keyring_free(fx->keyring);
    if (fixture_is_postgres()) fixture_at_server(fx, "DROP", "CASCADE");
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        char p[128];
        snprintf(p, sizeof p, "%s%s", fx->path, ends[i]);
        unlink(p);
    }
    rmdir(fx->folder);
    arena_free(fx->arena);
    free(fx);
    return 0;
}

static inline const struct report_decl *fixture_report(struct fixture *fx, const char *name) {
    const struct plugin *pl = schema_plugin(fx->schema, "admissions");
    for (int i = 0; i < pl->nreports; i++)
        if (!strcmp(pl->reports[i].name, name)) return &pl->reports[i];
    fail_msg("there is no report %s", name);
    return NULL;
}

// A table as lines of its columns: nulls are "-".
static inline const char *fixture_table(struct fixture *fx, struct report_table *t) {
    struct buf b;
    int n;
    struct report_column *c = report_columns(t->report, fx->arena, &n);
    buf_init(&b, fx->arena);
    report_sort(t);
    for (size_t k = 0; k < t->n; k++)
        for (int i = 0; i < n && !t->rows[k]->suppressed; i++) {
            struct value v = report_value(t->report, t->rows[k], &c[i]);
            if (value_is_null(&v))
                buf_putc(&b, '-');
            else if (v.p)
                buf_put(&b, v.p, v.n);
            else
                buf_int(&b, v.i);
            buf_putc(&b, i < n - 1 ? ' ' : '\n');
        }
    return buf_str(&b);
}

// Forgets earlier objections.
static inline void fixture_calm(struct fixture *fx) {
    problem_init(&fx->problem, fx->arena);
}

static inline enum err fixture_input(struct fixture *fx, const struct entity *e, const char *body,
                                     bool creating, struct input *in) {
    json_t *j;
    enum err x = json_parse(fx->arena, body, strlen(body), &j, &fx->problem);
    return x ? x
             : input_parse(fx->arena, e, j, creating, "p-1", NOW_MS, "2026-09-01", in,
                           &fx->problem);
}

static inline enum err fixture_insert(struct fixture *fx, const struct entity *e, const char *body,
                                      struct record *r) {
    struct input in;
    enum err x = fixture_input(fx, e, body, true, &in);
    return x ? x : store_insert(&fx->store, e, &in, "p-1", NOW_MS, 0, r);
}

static inline const char *fixture_word(const struct fixture *fx) {
    return fx->problem.first ? fx->problem.first->word : "";
}

static inline int64_t fixture_int(struct fixture *fx, const char *sql) {
    int64_t n = -1;
    OK(fx, db_int(fx->db, &fx->problem, &n, -1, sql, ""));
    return n;
}

#endif
