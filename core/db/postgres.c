// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// PostgreSQL behind the backend table, by libpq in pipeline mode. What nobody waits for (begin,
// savepoints, rows that no constraint refuses) is only put on the wire; the next statement whose
// result is wanted brings all their results along. One that fails there after the job that sent it
// was released takes the whole transaction with it, so nothing is answered that was not kept.
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/id.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "db/postgres.h"

enum { SENT_MAX = 512, DOOMED_MAX = 512, LOCK_TRIES = 60, LOCK_WAIT_US = 50000 };
enum {
    STEP_MS = 10000,
    SCRIPT_MS = 600000,
    BACKOFF_MIN_MS = 100,
    BACKOFF_MAX_MS = 1000,
    HEARD_MS = 100
};

struct sent {
    struct pg_stmt *stmt; // NULL when it is gone since
    bool prepare;
    enum pg_kind kind;
    PGresult **keep; // where its rows go; NULL: nobody wants them
};
struct asked {
    struct pg_stmt *stmt; // as above
    char argument[ID_LEN + 1];
    PGresult *result; // NULL: it is to be asked again
};
struct pg {
    PGconn *conn;          // NULL while there is none
    char *where, node[16]; // node: "" where it is alone
    enum db_mode mode;
    bool in_tx;
    bool torn; // the transaction is gone under its owner: only BEGIN begins anew
    bool late;
    bool bare; // no savepoint is in the transaction: what fails in it takes all of it along
    unsigned connection, names;
    int pid, nsent, ndoomed;
    struct sent sent[SENT_MAX];
    unsigned doomed[DOOMED_MAX]; // statements to forget at the server
    struct asked asked[DB_ASK_MAX];
    int nasked;
    int64_t deadline, retry_at, backoff_ms, changed, written;
    int64_t heard_ms; // when an answer was whole last
    char conflict[128];
};

static int64_t now_ms(void) {
    return clock_mono_ns() / 1000000;
}

static enum err lose(struct pg *c, struct problem *p) {
    enum err e = c->late ? ERR_TIMEOUT : ERR_UNAVAILABLE;
    log_warn("database_lost", c->late ? "no answer in time" : "the connection is gone");
    pq.PQfinish(c->conn);
    c->conn = NULL;
    c->torn = c->torn || c->in_tx;
    c->in_tx = c->late = false;
    for (int i = 0; i < c->nsent; i++)
        if (c->sent[i].keep) pq.PQclear(*c->sent[i].keep), *c->sent[i].keep = NULL;
    c->nsent = c->ndoomed = 0;
    c->connection++;
    return problem_set(p, e, "database: the connection is gone");
}

// The next result, NULL at the end of a statement's. False when the connection is of no use more.
static bool await(struct pg *c, PGresult **r) {
    *r = NULL;
    while (pq.PQisBusy(c->conn)) {
        int more = pq.PQflush(c->conn);
        int64_t left = c->deadline - now_ms();
        c->late = left <= 0;
        if (more < 0 || c->late) return false;
        struct pollfd f = {.fd = pq.PQsocket(c->conn),
                           .events = (short)(more ? POLLIN | POLLOUT : POLLIN)};
        int n = poll(&f, 1, (int)left);
        if (n > 0 && (f.revents & ~POLLOUT) && !pq.PQconsumeInput(c->conn)) return false;
        if (n < 0 && errno != EINTR) return false;
    }
    *r = pq.PQgetResult(c->conn);
    return pq.PQstatus(c->conn) == CONNECTION_OK;
}

// Several statements in one text, outside of the pipeline.
static enum err script(struct pg *c, const char *text, struct problem *p) {
    enum err e = ERR_OK;
    PGresult *r;
    c->deadline = now_ms() + SCRIPT_MS;
    if (!pq.PQsendQuery(c->conn, text)) return lose(c, p);
    do {
        if (!await(c, &r)) {
            pq.PQclear(r);
            return lose(c, p);
        }
        if (!e && r && pq.PQresultStatus(r) == PGRES_FATAL_ERROR)
            e = pg_failure(r, c->conflict, sizeof c->conflict, p);
        pq.PQclear(r);
    } while (r);
    c->in_tx = pq.PQtransactionStatus(c->conn) != PQTRANS_IDLE;
    return e;
}

#define KEY(what) "hashtextextended('campusd " what " '||current_schema(),0)"

// One writer for each set of tables, or nodes that all share this lock and have one more each. It
// is held as long as the session lives, so a new connection begins only when what the lost one had
// under way is settled.
static enum err lock(struct pg *c, int before, struct problem *p) {
    char text[256], take[256] = "SELECT pg_try_advisory_lock(" KEY("writer") ")";
    if (*c->node)
        snprintf(take, sizeof take,
                 "SELECT pg_try_advisory_lock_shared(" KEY(
                     "writer") ") AND pg_try_advisory_lock(" KEY("node %s") ")",
                 c->node);
    snprintf(text, sizeof text,
             "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype='advisory' AND "
             "granted AND pid=%d AND database=(SELECT oid FROM pg_database WHERE "
             "datname=current_database())",
             before);
    if (before) pq.PQclear(pq.PQexec(c->conn, text));
    for (int i = 0; i < LOCK_TRIES; i++) {
        PGresult *r = pq.PQexec(c->conn, take);
        bool got = pq.PQresultStatus(r) == PGRES_TUPLES_OK && *pq.PQgetvalue(r, 0, 0) == 't';
        pq.PQclear(r);
        if (got) return ERR_OK;
        if (pq.PQstatus(c->conn) != CONNECTION_OK) break;
        usleep(LOCK_WAIT_US);
    }
    return problem_set(p, ERR_UNAVAILABLE, "database: another campusd writes to it%s%s",
                       *c->node ? ", or is called " : "", c->node);
}

#define WRITES "SET client_min_messages=warning; SET jit=off; SET synchronous_commit=on"
static enum err join(struct pg *c, struct problem *p) {
    static const char *const keys[] = {"dbname",          "application_name", "client_encoding",
                                       "connect_timeout", "tcp_user_timeout", NULL};
    const char *values[] = {c->where, "campusd", "UTF8", "3", "15000", NULL};
    int before = c->pid;
    c->conn = pq.PQconnectdbParams(keys, values, 1);
    if (!c->conn) return problem_set(p, ERR_NOMEM, NULL);
    enum err e = ERR_OK;
    if (pq.PQstatus(c->conn) != CONNECTION_OK) {
        char text[256];
        snprintf(text, sizeof text, "%s", pq.PQerrorMessage(c->conn));
        text[strcspn(text, "\n")] = 0;
        e = problem_set(p, ERR_UNAVAILABLE, "database: %s", text);
    }
    if (!e && pq.PQserverVersion(c->conn) < 140000)
        e = problem_set(p, ERR_UNSUPPORTED, "database: PostgreSQL 14 or newer is needed");
    if (!e)
        e = script(c,
                   *c->node // one that hangs keeps nobody else from working
                       ? WRITES "; SET idle_in_transaction_session_timeout=5000"
                                "; SET idle_session_timeout=15000"
                       : c->mode == DB_WRITE
                             ? WRITES
                             : "SET client_min_messages=warning; SET jit=off;"
                               "SET default_transaction_isolation='repeatable read';"
                               "SET default_transaction_read_only=on",
                   p);
    if (!e && c->mode == DB_WRITE) e = lock(c, before, p);
    if (e) {
        pq.PQfinish(c->conn);
        c->conn = NULL;
        return e;
    }
    c->pid = pq.PQbackendPID(c->conn);
    pq.PQsetnonblocking(c->conn, 1);
    pq.PQenterPipelineMode(c->conn);
    return ERR_OK;
}

// Nothing is expected of an idle session: what arrives is a notice, or the server's goodbye. One
// that has just answered is not asked, which would be a call of the system for each statement.
static bool is_there(struct pg *c) {
    if (now_ms() - c->heard_ms < HEARD_MS) return true;
    struct pollfd f = {.fd = pq.PQsocket(c->conn), .events = POLLIN};
    while (poll(&f, 1, 0) > 0)
        if (!pq.PQconsumeInput(c->conn)) return false;
    return pq.PQstatus(c->conn) == CONNECTION_OK;
}

// A connection to send the next statement on, a new one where the last was lost.
static enum err ready(struct pg *c, enum pg_kind kind, struct problem *p) {
    if (kind == PG_BEGIN) c->torn = false;
    if (c->torn) return problem_set(p, ERR_UNAVAILABLE, "database: the transaction is gone");
    if (c->conn && (c->in_tx || c->nsent || is_there(c))) return ERR_OK;
    if (c->conn) (void)!lose(c, NULL);
    if (now_ms() < c->retry_at) return problem_set(p, ERR_UNAVAILABLE, "database: not there");
    enum err e = join(c, p);
    c->backoff_ms = !e                                   ? 0
                    : !c->backoff_ms                     ? BACKOFF_MIN_MS
                    : c->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS
                                                         : c->backoff_ms * 2;
    c->retry_at = now_ms() + c->backoff_ms;
    if (!e) log_info("database_back", "connected again");
    return e;
}

static enum err pg_exec(void *raw, const char *text, struct problem *p);

// Reads the results of all that was sent.
static enum err settle(struct pg *c, struct problem *p) {
    enum err e = ERR_OK;
    bool others = false; // jobs released after the failure believe that they are kept
    PGresult *r = NULL, *end = NULL;
    c->deadline = now_ms() + STEP_MS;
    bool there = pq.PQpipelineSync(c->conn);
    for (int i = 0; there && i < c->nsent; i++) {
        struct sent *x = &c->sent[i];
        there = await(c, &r);
        if (!there) break;
        ExecStatusType status = pq.PQresultStatus(r);
        bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
        if (e && x->kind == PG_JOB_ENDS) others = true;
        if (!ok && x->prepare && x->stmt) x->stmt->prepared = false;
        if (!ok && !e) e = pg_failure(r, c->conflict, sizeof c->conflict, p);
        if (ok && x->keep)
            *x->keep = r;
        else
            pq.PQclear(r);
        r = NULL;
        there = await(c, &end) && !end;
    }
    if (there) there = await(c, &r) && pq.PQresultStatus(r) == PGRES_PIPELINE_SYNC;
    pq.PQclear(r);
    pq.PQclear(end);
    if (!there) return lose(c, p);
    c->nsent = 0;
    c->heard_ms = now_ms();
    c->in_tx = pq.PQtransactionStatus(c->conn) != PQTRANS_IDLE;
    if (!others && !(e && c->bare && c->in_tx)) return e;
    (void)!pg_exec(c, "ROLLBACK", NULL);
    c->torn = true;
    return e;
}

static enum err pg_exec(void *raw, const char *text, struct problem *p) {
    struct pg *c = raw;
    bool back = !strcmp(text, "ROLLBACK");
    enum err e = ready(c, back ? PG_BEGIN : PG_PLAIN, p);
    if (!e && c->nsent) {
        e = settle(c, back ? NULL : p);
        if (back) e = ERR_OK;
        if (!c->conn || (back && !c->in_tx)) return e;
    }
    if (e) return e;
    pq.PQexitPipelineMode(c->conn);
    e = script(c, text, p);
    if (c->conn) pq.PQenterPipelineMode(c->conn);
    return e;
}

static void put(struct pg *c, struct pg_stmt *s, bool prepare, PGresult **keep) {
    c->sent[c->nsent++] = (struct sent){s, prepare, prepare ? PG_PLAIN : s->kind, keep};
}

// Statements that fell out of the cache. A name that never arrived fails; nothing hangs on it.
static void forget(struct pg *c) {
    char text[32];
    for (; c->ndoomed && c->nsent < SENT_MAX / 2; c->nsent++) {
        snprintf(text, sizeof text, "DEALLOCATE s%u", c->doomed[--c->ndoomed]);
        if (!pq.PQsendQueryParams(c->conn, text, 0, NULL, NULL, NULL, NULL, 1)) break;
        c->sent[c->nsent] = (struct sent){0};
    }
    if (c->nsent) (void)!settle(c, NULL);
}

// *keep (or NULL) gets the rows when they are read.
static enum err queue(struct pg *c, struct pg_stmt *s, PGresult **keep, struct problem *p) {
    enum err e = ready(c, s->kind, p);
    if (!e && c->nsent + 2 > SENT_MAX) e = settle(c, p);
    if (!e && !c->in_tx && c->ndoomed) forget(c);
    if (e) return e;
    if (!c->conn) return problem_set(p, ERR_UNAVAILABLE, "database: the connection is gone");
    char name[16];
    snprintf(name, sizeof name, "s%u", s->name);
    if (s->connection != c->connection) s->prepared = false;
    s->connection = c->connection;
    if (!s->prepared) {
        if (!pq.PQsendPrepare(c->conn, name, s->sql, 0, NULL)) return lose(c, p);
        s->prepared = true;
        put(c, s, true, NULL);
    }
    if (!pq.PQsendQueryPrepared(c->conn, name, s->nparams, s->values, s->lengths, s->formats, 1))
        return lose(c, p);
    put(c, s, false, keep);
    if (s->kind == PG_BEGIN) c->bare = c->mode == DB_WRITE;
    if (s->kind == PG_SAVE) c->bare = false;
    c->written += s->kind == PG_PLAIN && strncmp(s->sql, "SELECT", 6);
    return ERR_OK;
}

// A commit whose answer never came may have happened or not: neither may be claimed.
static enum err commit(struct pg *c, struct pg_stmt *s, struct problem *p) {
    enum err e = queue(c, s, &s->result, p);
    if (e) return e;
    e = settle(c, p);
    if (!c->conn) return ERR_TIMEOUT;
    if (!e && strcmp(pq.PQcmdStatus(s->result), "COMMIT"))
        e = problem_set(p, ERR_INTERNAL, "database: the transaction had failed");
    return e;
}

// Asked for ahead: the rows are read by pg_asked and wait for the pg_step that wants them.
static void pg_ask(void *raw, void *stmt) {
    struct pg *c = raw;
    struct pg_stmt *s = stmt;
    struct asked *x = &c->asked[c->nasked];
    if (c->nasked == DB_ASK_MAX || s->nparams != 1 || strlen(s->values[0]) > ID_LEN) return;
    *x = (struct asked){.stmt = s};
    strcpy(x->argument, s->values[0]);
    if (!queue(c, s, &x->result, NULL)) c->nasked++;
}

// What failed is asked again by whoever wants it, and told to them.
static void pg_asked(void *raw) {
    struct pg *c = raw;
    if (c->nsent) (void)!settle(c, NULL);
}

static void pg_ask_no_more(void *raw) {
    struct pg *c = raw;
    for (int i = 0; i < c->nasked; i++) pq.PQclear(c->asked[i].result);
    c->nasked = 0;
}

static PGresult *take_asked(struct pg *c, const struct pg_stmt *s) {
    for (int i = 0; i < c->nasked; i++) {
        struct asked *x = &c->asked[i];
        if (x->stmt != s || !x->result || strcmp(x->argument, s->values[0])) continue;
        PGresult *r = x->result;
        x->result = NULL;
        return r;
    }
    return NULL;
}

static enum err pg_step(void *raw, void *stmt, bool *row, struct problem *p) {
    struct pg *c = raw;
    struct pg_stmt *s = stmt;
    enum err e = ERR_OK;
    if (s->result)
        s->row++;
    else if (s->kind == PG_COMMIT)
        e = commit(c, s, p);
    else if (!(s->result = take_asked(c, s))) {
        e = queue(c, s, &s->result, p);
        if (!e) e = settle(c, p);
        if (!e) c->changed = strtoll(pq.PQcmdTuples(s->result), NULL, 10);
    }
    *row = !e && s->row < pq.PQntuples(s->result);
    return e;
}

static enum err pg_send(void *raw, void *stmt, struct problem *p) {
    struct pg *c = raw;
    struct pg_stmt *s = stmt;
    bool row;
    if (s->kind == PG_BACK || s->kind == PG_COMMIT || (!c->in_tx && s->kind != PG_BEGIN))
        return pg_step(c, s, &row, p);
    enum err e = queue(c, s, NULL, p);
    if (e) return e;
    c->in_tx = true;
    if (s->kind == PG_JOB_ENDS) pq.PQflush(c->conn); // the server works on it meanwhile
    return ERR_OK;
}

static void pg_finalize(void *stmt) {
    struct pg_stmt *s = stmt;
    struct pg *c = s->c;
    for (int i = 0; i < c->nsent; i++)
        if (c->sent[i].stmt == s) c->sent[i].stmt = NULL, c->sent[i].keep = NULL;
    for (int i = 0; i < c->nasked; i++)
        if (c->asked[i].stmt == s) c->asked[i].stmt = NULL;
    if (s->prepared && s->connection == c->connection && c->ndoomed < DOOMED_MAX)
        c->doomed[c->ndoomed++] = s->name;
    pq.PQclear(s->result);
    mem_free(s->sql);
    mem_free(s->values);
    mem_free(s->lengths);
    mem_free(s->numbers);
    mem_free(s);
}

static enum err pg_prepare(void *raw, const char *sql, void **out, struct problem *p) {
    struct pg *c = raw;
    struct pg_stmt *s = mem_alloc(sizeof *s);
    if (!s) return problem_set(p, ERR_NOMEM, NULL);
    *s = (struct pg_stmt){.c = c, .name = ++c->names, .kind = pg_kind_of(sql)};
    s->nparams = pg_count_params(sql);
    size_t n = (size_t)s->nparams + 1;
    s->sql = pg_translate(sql);
    s->values = mem_alloc(n * sizeof *s->values);
    s->lengths = mem_alloc(2 * n * sizeof *s->lengths);
    s->numbers = mem_alloc(n * sizeof *s->numbers);
    if (!s->sql || !s->values || !s->lengths || !s->numbers) {
        pg_finalize(s);
        return problem_set(p, ERR_NOMEM, NULL);
    }
    s->formats = s->lengths + n;
    *out = s;
    return ERR_OK;
}

static void pg_reset(void *stmt) {
    struct pg_stmt *s = stmt;
    pq.PQclear(s->result);
    s->result = NULL;
    s->row = 0;
    memset(s->values, 0, (size_t)s->nparams * sizeof *s->values);
}

static void pg_close(void *raw) {
    struct pg *c = raw;
    pg_ask_no_more(c);
    if (c->conn) pq.PQfinish(c->conn);
    mem_free(c->where);
    mem_free(c);
}

static enum err pg_open(const char *where, enum db_mode mode, const char *node, void **raw,
                        struct problem *p) {
    enum err e = pq_load(p);
    struct pg *c = e ? NULL : mem_alloc(sizeof *c);
    if (!c) return problem_set(p, ERR_NOMEM, NULL);
    char url[4096];
    snprintf(url, sizeof url, "postgresql:%s", where);
    c->where = mem_strdup(url);
    c->mode = mode;
    if (node) snprintf(c->node, sizeof c->node, "%s", node);
    c->connection = 1;
    e = join(c, p);
    if (e)
        pg_close(c);
    else
        *raw = c;
    return e;
}

static bool pg_in_transaction(void *raw) {
    struct pg *c = raw;
    return c->in_tx && !c->torn;
}
static int64_t pg_changes(void *raw) {
    return ((struct pg *)raw)->changed;
}
static int64_t pg_written(void *raw) {
    return ((struct pg *)raw)->written;
}
static unsigned pg_session(void *raw) {
    return ((struct pg *)raw)->connection;
}
static const char *pg_conflict(void *raw) {
    return ((struct pg *)raw)->conflict;
}

// The server keeps its own log and checksums.
static enum err pg_checkpoint(void *raw, struct problem *p) {
    (void)raw, (void)p;
    return ERR_OK;
}
// The server's own log is kept as its administrator set it; rows that were overwritten go now.
static enum err pg_empty_log(void *raw, struct problem *p) {
    return pg_exec(raw, "VACUUM (TRUNCATE OFF)", p);
}
static int64_t pg_wal_bytes(void *raw) {
    (void)raw;
    return 0;
}
static enum err pg_check(void *raw, struct problem *p) {
    (void)raw, (void)p;
    return ERR_OK;
}

static const char CATALOG[] =
    "SELECT c.relname::text, a.attname::text, CASE a.atttypid WHEN 25 THEN 't' WHEN 17 THEN 'b'"
    " ELSE 'i' END, coalesce(array_position(i.indkey::int2[], a.attnum)+1, 0)"
    " FROM pg_class c JOIN pg_attribute a ON a.attrelid=c.oid AND a.attnum>0"
    " AND NOT a.attisdropped LEFT JOIN pg_index i ON i.indrelid=c.oid AND i.indisprimary"
    " WHERE c.relkind='r' AND c.relnamespace=to_regnamespace(current_schema())"
    " ORDER BY c.relname COLLATE \"C\", a.attnum";

static enum err pg_set_serial(void *raw, const char *table, const char *column, struct problem *p) {
    char sql[512]; // of a column that has no sequence: of NULL, which is nothing
    snprintf(sql, sizeof sql,
             "SELECT setval(pg_get_serial_sequence('%s','%s'),"
             "(SELECT coalesce(max(%s),0)+1 FROM %s),false)",
             table, column, column, table);
    return pg_exec(raw, sql, p);
}

static bool pg_has(void *raw, const char *kind, const char *name) {
    static const char column[] = "SELECT 1 FROM pg_attribute WHERE attrelid=to_regclass($1)"
                                 " AND attname=$2 AND NOT attisdropped",
                      other[] = "SELECT 1 FROM pg_class WHERE oid=to_regclass($1)"
                                " AND relkind=$2::char";
    bool is_column = !strcmp(kind, "column"), row = false;
    const char *dot = is_column ? strchrnul(name, '.') : name + strlen(name);
    struct value table = value_textn(name, (size_t)(dot - name)),
                 what = value_text(is_column                ? dot + 1
                                   : !strcmp(kind, "index") ? "i"
                                                            : "r");
    void *s = NULL;
    if (pg_prepare(raw, is_column ? column : other, &s, NULL) || !s) return false;
    pg_bind(s, 1, &table);
    pg_bind(s, 2, &what);
    if (pg_step(raw, s, &row, NULL)) row = false;
    pg_finalize(s);
    return row;
}

const struct db_backend db_postgres = {
    .scheme = "postgresql:",
    .last = "lastval()",
    .serial = "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
    .bytes = "BYTEA",
    .text = "TEXT COLLATE \"C\"",
    .clustered = "",
    .holds_files = true,
    .turn = "SELECT pg_advisory_xact_lock(" KEY("turn") ")",
    .nodes =
        "SELECT count(*) FROM pg_locks WHERE locktype='advisory' AND mode='ShareLock' AND granted"
        " AND database=(SELECT oid FROM pg_database WHERE datname=current_database())"
        " AND ((classid::bigint<<32)|objid::bigint)=" KEY("writer"),
    .lease = "SELECT pg_try_advisory_lock(hashtextextended('campusd share '||current_schema(),$1))",
    .let = "SELECT pg_advisory_unlock(hashtextextended('campusd share '||current_schema(),$1))",
    .settled = "age(xmin)>age(pg_snapshot_xmin(pg_current_snapshot())::xid)",
    .session = pg_session,
    .batch = 32, // twice that in savepoints: more spill to disk
    .open = pg_open,
    .close = pg_close,
    .exec = pg_exec,
    .prepare = pg_prepare,
    .finalize = pg_finalize,
    .bind = pg_bind,
    .step = pg_step,
    .send = pg_send,
    .ask = pg_ask,
    .asked = pg_asked,
    .ask_no_more = pg_ask_no_more,
    .reset = pg_reset,
    .is_null = pg_is_null,
    .integer = pg_integer,
    .bytes_of = pg_bytes,
    .in_transaction = pg_in_transaction,
    .changes = pg_changes,
    .written = pg_written,
    .conflict = pg_conflict,
    .checkpoint = pg_checkpoint,
    .empty_log = pg_empty_log,
    .wal_bytes = pg_wal_bytes,
    .check = pg_check,
    .catalog = CATALOG,
    .set_serial = pg_set_serial,
    .search_table = pg_search_table,
    .search_put = pg_search_put,
    .search_text = pg_search_text,
    .search_query = pg_search_query,
    .search_match = pg_search_match,
    .search_key = "n",
    .has = pg_has};
