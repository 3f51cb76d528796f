// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// SQLite behind the backend table: WAL, synchronous=FULL, one writing connection, checkpoints only
// when asked (the lane asks). After a failed fsync nothing that the file system says about earlier
// writes can be believed, so the process ends and recovery starts from the log.
#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "campus/log.h"
#include "campus/mem.h"
#include "db/backend.h"
#include "db/fault_vfs.h"
#include "db/map_vfs.h"
#include "db/wal_keeper.h"
#include "db/wal_vfs.h"

struct conn {
    sqlite3 *db;
    char conflict[256];
    int wal_pages, page;       // page: bytes
    struct wal_keeper *keeper; // of the writing one
    sqlite3_stmt *begin, *end; // of one that keeps its snapshot, else NULL
    uint64_t seen;             // commits when the snapshot was taken
};
// Of this process, which is the only one that writes. Counted before anybody hears of it.
static _Atomic uint64_t commits;
static _Atomic bool log_is_long;

static enum err code_of(struct conn *c, int rc) {
    if ((rc & 0xff) == SQLITE_IOERR && (rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC)) {
        log_error("fsync_failed", "the disk refused to sync: ending, restart to recover");
        abort();
    }
    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
        if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY) {
            snprintf(c->conflict, sizeof c->conflict, "%s", sqlite3_errmsg(c->db));
            return ERR_CONFLICT;
        }
        return ERR_INTERNAL;
    case SQLITE_FULL: return ERR_NO_SPACE;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY: return ERR_IO;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ERR_CORRUPT;
    case SQLITE_NOMEM: return ERR_NOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ERR_UNAVAILABLE;
    default: return ERR_INTERNAL;
    }
}

static enum err failed(struct conn *c, int rc, struct problem *p) {
    enum err e = code_of(c, sqlite3_extended_errcode(c->db) ? sqlite3_extended_errcode(c->db) : rc);
    return problem_set(p, e, "database: %s", sqlite3_errmsg(c->db));
}

static enum err lite_exec(void *raw, const char *script, struct problem *p) {
    struct conn *c = raw;
    int rc = sqlite3_exec(c->db, script, NULL, NULL, NULL);
    return rc ? failed(c, rc, p) : ERR_OK;
}

// Called after each commit with the log's length; without it SQLite would checkpoint by itself.
static int count_wal(void *raw, sqlite3 *db, const char *name, int pages) {
    (void)db, (void)name;
    struct conn *c = raw;
    c->wal_pages = pages;
    atomic_store(&log_is_long, c->keeper && wal_keeper_is_long(c->keeper, pages));
    atomic_fetch_add(&commits, 1);
    return SQLITE_OK;
}

static void lite_close(void *raw) {
    struct conn *c = raw;
    wal_keeper_close(c->keeper);
    sqlite3_finalize(c->begin), sqlite3_finalize(c->end);
    sqlite3_close_v2(c->db);
    mem_free(c);
}

// Where a page splits, SQLite puts pages in order by way of a number that none has: the one that
// the locks lie on, 2^30 bytes into the file. From then on the cache believes that it reaches so
// far, and every commit looks through all of it for what is beyond the file's end: a fifth of a
// small commit's time. No page has the number 0 either.
static sqlite3_pcache_methods2 cache;
static _Atomic unsigned no_page; // that number; UINT_MAX where files of two page sizes are open
static void rekey(sqlite3_pcache *c, sqlite3_pcache_page *page, unsigned from, unsigned to) {
    unsigned none = no_page;
    cache.xRekey(c, page, from == none ? 0 : from, to == none ? 0 : to);
}

static int note_page(struct conn *c) {
    sqlite3_stmt *s;
    int rc = sqlite3_prepare_v2(c->db, "PRAGMA page_size", -1, &s, NULL);
    if (!rc && sqlite3_step(s) == SQLITE_ROW) {
        c->page = sqlite3_column_int(s, 0);
        unsigned mine = 0x40000000u / (unsigned)c->page + 1, first = 0;
        if (!atomic_compare_exchange_strong(&no_page, &first, mine) && first != mine)
            no_page = UINT_MAX;
    }
    return rc ? rc : sqlite3_finalize(s);
}

// Nobody reads SQLite's memory statistics, and keeping them takes a lock that all threads share.
static void configure(void) {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (!sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &cache)) {
        sqlite3_pcache_methods2 mine = cache;
        mine.xRekey = rekey;
        sqlite3_config(SQLITE_CONFIG_PCACHE2, &mine);
    }
#ifdef CAMPUSD_TEST
    if (getenv("CAMPUSD_FAULT") || getenv("CAMPUSD_FAULT_FILE")) fault_vfs_register();
#endif
}

static enum err lite_open(const char *where, enum db_mode mode, const char *node, void **raw,
                          struct problem *p) {
    (void)node;
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure);
    struct conn *c = mem_alloc(sizeof *c);
    if (!c) return problem_set(p, ERR_NOMEM, NULL);
    int flags = SQLITE_OPEN_NOMUTEX | (mode == DB_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                                        : SQLITE_OPEN_READWRITE);
    wal_vfs_start(), map_vfs_start();
    int rc = sqlite3_open_v2(where, &c->db, flags, mode == DB_WRITE ? WAL_VFS : MAP_VFS);
    enum err e = rc ? failed(c, rc, p) : ERR_OK;
    if (!e) {
        sqlite3_extended_result_codes(c->db, 1);
        sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_busy_timeout(c->db, 2000);
        if (mode == DB_WRITE) sqlite3_wal_hook(c->db, count_wal, c);
        // A write touches a page of each of its indexes, and every page goes to the log whole and
        // from there to the file: of 2 KiB they cost half of what those of 4 KiB do.
        // Mapped pages count as the service's memory: with 100,000 records (186 MiB) a map of 256
        // MiB made it 162 MiB after reading all, one of 64 MiB 79, at the same processor time per
        // read.
        e = lite_exec(
            c,
            mode == DB_WRITE
                ? "PRAGMA page_size=2048; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                  "PRAGMA secure_delete=ON;"
                  "PRAGMA cache_size=-32768; PRAGMA mmap_size=100663296;"
                  "PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=0;"
                  "PRAGMA journal_size_limit=134217728"
                : "PRAGMA query_only=1; PRAGMA cache_size=-16384; PRAGMA mmap_size=100663296;"
                  "PRAGMA temp_store=MEMORY",
            p);
        if (!e && (rc = note_page(c))) e = failed(c, rc, p);
#ifdef CAMPUSD_TEST
        const char *sync = getenv("CAMPUSD_SYNC"); // the mutant that the crash test must catch
        if (!e && mode == DB_WRITE && sync && !strcmp(sync, "NORMAL"))
            e = lite_exec(c, "PRAGMA synchronous=NORMAL", p);
#endif
    }
    if (!e && mode == DB_WRITE && !(c->keeper = wal_keeper_open(c->db, where)))
        e = problem_set(p, ERR_IO, "database: cannot tend its log");
    if (e)
        lite_close(c);
    else
        *raw = c;
    return e;
}

static enum err lite_prepare(void *raw, const char *sql, void **s, struct problem *p) {
    struct conn *c = raw;
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL);
    if (rc) return failed(c, rc, p);
    // $N is a name here, numbered by first appearance: it must stand at place N
    for (int i = 1; i <= sqlite3_bind_parameter_count(st); i++) {
        const char *name = sqlite3_bind_parameter_name(st, i);
        if (!name || atoi(name + 1) != i) {
            sqlite3_finalize(st);
            return problem_set(p, ERR_INTERNAL, "parameters out of order in: %s", sql);
        }
    }
    *s = st;
    return ERR_OK;
}

static void lite_finalize(void *s) {
    sqlite3_finalize(s);
}

static void lite_bind(void *s, int i, const struct value *v) {
    int n = (int)v->n;
    switch (v->kind) {
    case VALUE_NULL: sqlite3_bind_null(s, i); break;
    case VALUE_BOOL:
    case VALUE_INT: sqlite3_bind_int64(s, i, v->i); break;
    case VALUE_TEXT:
    case VALUE_JSON: sqlite3_bind_text(s, i, v->p ? v->p : "", n, SQLITE_STATIC); break;
    case VALUE_BLOB: sqlite3_bind_blob(s, i, v->p, n, SQLITE_STATIC); break;
    }
}

static int once(sqlite3_stmt *s) {
    sqlite3_step(s);
    return sqlite3_reset(s);
}

static void lite_let_go(void *raw) {
    struct conn *c = raw;
    if (c->end && !sqlite3_get_autocommit(c->db)) once(c->end);
}

// A snapshot costs two locks of the file, each a call of the system. One that no commit has made
// older serves the next statement as well as a new one would. But the log cannot begin anew under
// snapshots: where it is to, each statement has its own.
static int keep(struct conn *c) {
    uint64_t now = atomic_load(&commits);
    bool held = !sqlite3_get_autocommit(c->db), alone = atomic_load(&log_is_long);
    if (held && c->seen == now && !alone) return SQLITE_OK;
    lite_let_go(c);
    if (alone) return SQLITE_OK;
    // a statement that is under way holds its own still, which is then no newer
    if (sqlite3_txn_state(c->db, NULL) == SQLITE_TXN_NONE) c->seen = now;
    return sqlite3_get_autocommit(c->db) ? once(c->begin) : SQLITE_OK;
}

static enum err lite_keep(void *raw, struct problem *p) {
    struct conn *c = raw;
    int rc = sqlite3_prepare_v3(c->db, "BEGIN", -1, SQLITE_PREPARE_PERSISTENT, &c->begin, NULL);
    if (!rc) rc = sqlite3_prepare_v3(c->db, "COMMIT", -1, SQLITE_PREPARE_PERSISTENT, &c->end, NULL);
    return rc ? failed(c, rc, p) : ERR_OK;
}

static enum err lite_step(void *raw, void *s, bool *row, struct problem *p) {
    struct conn *c = raw;
    int rc = c->end && !sqlite3_stmt_busy(s) ? keep(c) : SQLITE_OK;
    if (!rc) rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) *row = true;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? ERR_OK : failed(raw, rc, p);
}

static void lite_reset(void *s) {
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
}

static bool lite_is_null(void *s, int col) {
    return sqlite3_column_type(s, col) == SQLITE_NULL;
}
static int64_t lite_integer(void *s, int col) {
    return sqlite3_column_int64(s, col);
}

static const void *lite_bytes(void *s, int col, bool text, size_t *n) {
    const void *p = text ? (const void *)sqlite3_column_text(s, col) : sqlite3_column_blob(s, col);
    if (n) *n = (size_t)sqlite3_column_bytes(s, col);
    return p;
}

static bool lite_in_transaction(void *raw) {
    return !sqlite3_get_autocommit(((struct conn *)raw)->db);
}
static int64_t lite_changes(void *raw) {
    return sqlite3_changes64(((struct conn *)raw)->db);
}
static int64_t lite_written(void *raw) {
    return sqlite3_total_changes64(((struct conn *)raw)->db);
}
static const char *lite_conflict(void *raw) {
    return ((struct conn *)raw)->conflict;
}

static enum err lite_checkpoint(void *raw, struct problem *p) {
    struct conn *c = raw;
    wal_keeper_settle(c->keeper);
    int rc = sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return rc && rc != SQLITE_BUSY ? failed(c, rc, p) : ERR_OK;
}

static bool lite_tend(void *raw, bool idle) {
    struct conn *c = raw;
    return wal_keeper_tend(c->keeper, c->wal_pages, idle);
}

static enum err lite_empty_log(void *raw, struct problem *p) {
    struct conn *c = raw;
    wal_keeper_settle(c->keeper);
    sqlite3_busy_timeout(c->db, 20); // nobody waits long for a reader
    int rc = sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_timeout(c->db, 2000);
    if (!rc) c->wal_pages = 0;
    return rc ? failed(c, rc, p) : ERR_OK;
}

static int64_t lite_wal_bytes(void *raw) {
    return (int64_t)((struct conn *)raw)->wal_pages * ((struct conn *)raw)->page;
}

static enum err lite_backup(void *raw, const char *to, void (*progress)(void *, int64_t, int64_t),
                            void *self, struct problem *p) {
    struct conn *c = raw, target = {0};
    int rc = sqlite3_open_v2(to, &target.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    sqlite3_backup *b = rc ? NULL : sqlite3_backup_init(target.db, "main", c->db, "main");
    if (b) {
        do {
            rc = sqlite3_backup_step(b, 256);
            int64_t total = sqlite3_backup_pagecount(b);
            if (progress) progress(self, total - sqlite3_backup_remaining(b), total);
            if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED) sqlite3_sleep(5);
        } while (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED);
        rc = sqlite3_backup_finish(b);
    }
    enum err e = rc || !b ? failed(&target, rc, p) : ERR_OK;
    sqlite3_close_v2(target.db);
    return e;
}

static enum err lite_check(void *raw, struct problem *p) {
    struct conn *c = raw;
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(c->db, "PRAGMA quick_check(20)", -1, &s, NULL)) return failed(c, 0, p);
    enum err e = ERR_OK;
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        const char *t = (const char *)sqlite3_column_text(s, 0);
        if (strcmp(t, "ok")) e = problem_add(p, ERR_CORRUPT, NULL, "corrupt", "%s", t);
    }
    if (!e && rc != SQLITE_DONE) e = failed(c, rc, p);
    sqlite3_finalize(s);
    return e;
}

static const char CATALOG[] =
    "SELECT m.name, c.name, CASE c.type WHEN 'TEXT' THEN 't' WHEN 'BLOB' THEN 'b' ELSE 'i' END,"
    " c.pk FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type='table'"
    " AND substr(m.name,1,7)<>'sqlite_' ORDER BY m.name, c.cid";

static bool lite_has(void *raw, const char *kind, const char *name) {
    struct conn *c = raw;
    if (!strcmp(kind, "column")) {
        char table[256];
        snprintf(table, sizeof table, "%s", name);
        char *dot = strchr(table, '.');
        *dot = 0;
        return sqlite3_table_column_metadata(c->db, NULL, table, dot + 1, NULL, NULL, NULL, NULL,
                                             NULL) == SQLITE_OK;
    }
    sqlite3_stmt *s = NULL;
    sqlite3_prepare_v2(c->db, "SELECT 1 FROM sqlite_schema WHERE type=?1 AND name=?2", -1, &s,
                       NULL);
    sqlite3_bind_text(s, 1, kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, name, -1, SQLITE_STATIC);
    bool has = sqlite3_step(s) == SQLITE_ROW;
    sqlite3_finalize(s);
    return has;
}

// Word search is FTS5, whose rowid is the record's number.
static void lite_search_table(struct buf *sql, const char *table, const char *const *columns,
                              int n) {
    buf_printf(sql, "CREATE VIRTUAL TABLE %s USING fts5(", table);
    for (int i = 0; i < n; i++) buf_printf(sql, "%s,", columns[i]);
    // no sizes of columns: they are for ranking, and nothing here is ranked
    buf_puts(sql, "tokenize='unicode61',columnsize=0);");
}

static void lite_search_put(struct buf *sql, const char *table, const char *const *columns, int n) {
    buf_printf(sql, "INSERT OR REPLACE INTO %s(rowid", table);
    for (int i = 0; i < n; i++) buf_printf(sql, ",%s", columns[i]);
    buf_puts(sql, ") VALUES($1");
    for (int i = 0; i < n; i++) buf_printf(sql, ",$%d", i + 2);
    buf_putc(sql, ')');
}

static void lite_search_text(struct buf *out, const char *tokens) {
    buf_puts(out, tokens);
}

static void lite_search_query(struct buf *out, const char *const *columns, int n,
                              const char *tokens, bool prefix) {
    buf_putc(out, '{');
    for (int i = 0; i < n; i++) buf_printf(out, "%s%s", i ? " " : "", columns[i]);
    buf_printf(out, "} : \"%s\"%s", tokens, prefix ? " *" : "");
}

static void lite_search_match(struct buf *sql, const char *table, const char *const *columns, int n,
                              int argument) {
    (void)columns, (void)n;
    buf_printf(sql, "n IN (SELECT rowid FROM %s WHERE %s MATCH $%d)", table, table, argument);
}

const struct db_backend db_sqlite = {.scheme = "sqlite:",
                                     .begin_write = "BEGIN IMMEDIATE",
                                     .serial = "INTEGER PRIMARY KEY",
                                     .last = "last_insert_rowid()",
                                     .bytes = "BLOB",
                                     .text = "TEXT",
                                     .clustered = " WITHOUT ROWID",
                                     .settled = "1=1",
                                     .batch = 256,
                                     .open = lite_open,
                                     .close = lite_close,
                                     .keep = lite_keep,
                                     .let_go = lite_let_go,
                                     .exec = lite_exec,
                                     .prepare = lite_prepare,
                                     .finalize = lite_finalize,
                                     .bind = lite_bind,
                                     .step = lite_step,
                                     .reset = lite_reset,
                                     .is_null = lite_is_null,
                                     .integer = lite_integer,
                                     .bytes_of = lite_bytes,
                                     .in_transaction = lite_in_transaction,
                                     .changes = lite_changes,
                                     .written = lite_written,
                                     .conflict = lite_conflict,
                                     .checkpoint = lite_checkpoint,
                                     .tend = lite_tend,
                                     .empty_log = lite_empty_log,
                                     .wal_bytes = lite_wal_bytes,
                                     .backup = lite_backup,
                                     .check = lite_check,
                                     .catalog = CATALOG,
                                     .search_table = lite_search_table,
                                     .search_put = lite_search_put,
                                     .search_text = lite_search_text,
                                     .search_query = lite_search_query,
                                     .search_match = lite_search_match,
                                     .search_key = "rowid",
                                     .search_purge = "INSERT INTO %s(%s) VALUES('optimize')",
                                     .has = lite_has};
