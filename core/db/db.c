// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The narrow face over a backend: statements cached by text, arguments bound by a format.
#include "campus/db.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "campus/log.h"
#include "campus/mem.h"
#include "db/backend.h"

enum { CACHE = 256, BUCKETS = 512, ARGS_MAX = 1024 };

struct stmt {
    struct stmt *next_bucket;
    struct stmt *newer, *older; // of all, for eviction
    struct db *db;
    void *raw;
    uint32_t hash;
    bool in_use;
    char sql[];
};
struct pending { // before the commit
    struct pending *next;
    enum err (*fn)(struct db *db, const void *about, const char *id, struct problem *p);
    const void *about;
    char id[];
};
struct db {
    struct pending *pending, **pending_end;
    const struct db_backend *b;
    void *raw;
    const char *begin;
    char node[16];
    bool has_nodes;
    uint32_t leases; // of the session below
    unsigned leased_in;
    bool light;      // the outer savepoint is none, see db_save_light
    int64_t written; // until it
    struct stmt *buckets[BUCKETS];
    struct stmt *newest, *oldest;
    int cached;
};
static const struct db_backend *const BACKENDS[] = {&db_sqlite, &db_postgres};

static enum err open_as(const char *storage, enum db_mode mode, const char *node, struct db **out,
                        struct problem *p) {
    for (size_t i = 0; i < sizeof BACKENDS / sizeof *BACKENDS; i++) {
        const struct db_backend *b = BACKENDS[i];
        size_t n = strlen(b->scheme);
        if (strncmp(storage, b->scheme, n)) continue;
        struct db *db = mem_alloc(sizeof *db);
        if (!db) return problem_set(p, ERR_NOMEM, NULL);
        db->b = b;
        db->begin = mode == DB_WRITE && b->begin_write ? b->begin_write : "BEGIN";
        db->has_nodes = node && b->turn;
        snprintf(db->node, sizeof db->node, "%s", node ? node : "n1");
        enum err e = b->open(storage + n, mode, node, &db->raw, p);
        if (e)
            mem_free(db);
        else
            *out = db;
        return e;
    }
    return problem_set(p, ERR_INVALID, "storage: unknown kind of database");
}

enum err db_open(const char *storage, enum db_mode mode, struct db **out, struct problem *p) {
    return open_as(storage, mode, NULL, out, p);
}

enum err db_open_node(const char *storage, const char *node, struct db **out, struct problem *p) {
    return open_as(storage, DB_WRITE, node, out, p);
}

enum err db_keep_snapshot(struct db *db, struct problem *p) {
    return db->b->keep ? db->b->keep(db->raw, p) : ERR_OK;
}

void db_let_snapshot(struct db *db) {
    if (db->b->let_go) db->b->let_go(db->raw);
}

static void unlink_lru(struct db *db, struct stmt *st) {
    *(st->newer ? &st->newer->older : &db->newest) = st->older;
    *(st->older ? &st->older->newer : &db->oldest) = st->newer;
}

static void link_newest(struct db *db, struct stmt *st) {
    st->newer = NULL;
    st->older = db->newest;
    *(db->newest ? &db->newest->newer : &db->oldest) = st;
    db->newest = st;
}

static void drop(struct db *db, struct stmt *st) {
    struct stmt **at = &db->buckets[st->hash % BUCKETS];
    while (*at != st) at = &(*at)->next_bucket;
    *at = st->next_bucket;
    unlink_lru(db, st);
    db->b->finalize(st->raw);
    mem_free(st);
    db->cached--;
}

static void forget_pending(struct db *db);
void db_close(struct db *db) {
    if (!db) return;
    forget_pending(db);
    while (db->newest) drop(db, db->newest);
    db->b->close(db->raw);
    mem_free(db);
}

enum err db_exec(struct db *db, const char *script, struct problem *p) {
    return db->b->exec(db->raw, script, p);
}

// Texts run to a thousand bytes and every statement passes here: eight bytes at a step.
static uint32_t hash_of(const char *s, size_t n) {
    uint64_t h = n, w;
    for (; n >= 8; s += 8, n -= 8) {
        memcpy(&w, s, 8);
        h = (h ^ w) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    w = 0;
    memcpy(&w, s, n);
    h = (h ^ w) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(h >> 32);
}

struct stmt *db_prepare(struct db *db, struct problem *p, const char *sql) {
    size_t n = strlen(sql);
    uint32_t hash = hash_of(sql, n);
    struct stmt *st = db->buckets[hash % BUCKETS];
    while (st && (st->hash != hash || st->in_use || strcmp(st->sql, sql))) st = st->next_bucket;
    if (!st) {
        for (struct stmt *o = db->oldest, *newer; o && db->cached >= CACHE; o = newer) {
            newer = o->newer;
            if (!o->in_use) drop(db, o);
        }
        st = mem_alloc(sizeof *st + n + 1);
        if (!st) {
            problem_set(p, ERR_NOMEM, NULL);
            return NULL;
        }
        if (db->b->prepare(db->raw, sql, &st->raw, p)) {
            mem_free(st);
            return NULL;
        }
        memcpy(st->sql, sql, n + 1);
        st->hash = hash;
        st->db = db;
        st->next_bucket = db->buckets[hash % BUCKETS];
        db->buckets[hash % BUCKETS] = st;
        db->cached++;
    } else
        unlink_lru(db, st);
    link_newest(db, st);
    st->in_use = true;
    return st;
}

void stmt_bind(struct stmt *st, int i, const struct value *v) {
    st->db->b->bind(st->raw, i, v);
}

static void bind_format(struct stmt *st, const char *format, va_list ap) {
    int i = 1;
    for (const char *f = format; *f; f++, i++) {
        struct value v = value_null();
        switch (*f) {
        case 't': v = value_text(va_arg(ap, const char *)); break;
        case 's':
        case 'b': {
            const char *p = va_arg(ap, const char *);
            size_t n = va_arg(ap, size_t);
            v = (struct value){.kind = *f == 's' ? VALUE_TEXT : VALUE_BLOB, .p = p, .n = n};
            if (!p) v = value_null();
            break;
        }
        case 'i': v = value_int(va_arg(ap, int64_t)); break;
        case 'v': v = *va_arg(ap, const struct value *); break;
        case 'n': break;
        default: abort();
        }
        stmt_bind(st, i, &v);
    }
}

struct stmt *db_query(struct db *db, struct problem *p, const char *sql, const char *format, ...) {
    struct stmt *st = db_prepare(db, p, sql);
    if (!st) return NULL;
    va_list ap;
    va_start(ap, format);
    bind_format(st, format, ap);
    va_end(ap);
    return st;
}

void stmt_reset(struct stmt *st) {
    if (!st || !st->in_use) return;
    st->db->b->reset(st->raw);
    st->in_use = false;
}

enum err stmt_step(struct stmt *st, bool *row, struct problem *p) {
    *row = false;
    enum err e = st->db->b->step(st->db->raw, st->raw, row, p);
    if (e || !*row) stmt_reset(st);
    return e;
}

bool stmt_is_null(struct stmt *st, int col) {
    return st->db->b->is_null(st->raw, col);
}
int64_t stmt_int(struct stmt *st, int col) {
    return st->db->b->integer(st->raw, col);
}

const char *stmt_text(struct stmt *st, int col, size_t *n) {
    return st->db->b->bytes_of(st->raw, col, true, n);
}

const void *stmt_blob(struct stmt *st, int col, size_t *n) {
    return st->db->b->bytes_of(st->raw, col, false, n);
}

static enum err run(struct stmt *st, int64_t *changed, struct problem *p) {
    bool row;
    struct db *db = st->db;
    enum err e = stmt_step(st, &row, p);
    stmt_reset(st);
    if (!e && changed) *changed = db->b->changes(db->raw);
    return e;
}

enum err db_run(struct db *db, struct problem *p, int64_t *changed, const char *sql,
                const char *format, ...) {
    struct stmt *st = db_prepare(db, p, sql);
    if (!st) return p && p->code ? p->code : ERR_INTERNAL;
    va_list ap;
    va_start(ap, format);
    bind_format(st, format, ap);
    va_end(ap);
    return run(st, changed, p);
}

enum err db_int(struct db *db, struct problem *p, int64_t *out, int64_t otherwise, const char *sql,
                const char *format, ...) {
    struct stmt *st = db_prepare(db, p, sql);
    if (!st) return p && p->code ? p->code : ERR_INTERNAL;
    va_list ap;
    va_start(ap, format);
    bind_format(st, format, ap);
    va_end(ap);
    bool row;
    enum err e = stmt_step(st, &row, p);
    if (e) return e;
    *out = row && !stmt_is_null(st, 0) ? stmt_int(st, 0) : otherwise;
    stmt_reset(st);
    return ERR_OK;
}

struct stmt *db_queryv(struct db *db, struct problem *p, const char *sql, const struct value *args,
                       int n) {
    struct stmt *st = db_prepare(db, p, sql);
    for (int i = 0; st && i < n; i++) stmt_bind(st, i + 1, &args[i]);
    return st;
}

bool db_asks(const struct db *db) {
    return db->b->ask;
}

void db_ask(struct db *db, const struct db_question *list, int n) {
    for (int i = 0; i < n && db->b->ask; i++) {
        struct stmt *st = db_query(db, NULL, list[i].sql, "t", list[i].argument);
        if (!st) continue;
        db->b->ask(db->raw, st->raw);
        stmt_reset(st);
    }
    if (db->b->asked) db->b->asked(db->raw);
}

void db_ask_no_more(struct db *db) {
    if (db->b->ask_no_more) db->b->ask_no_more(db->raw);
}

static enum err sent(struct db *db, struct stmt *st, struct problem *p) {
    if (!db->b->send) return run(st, NULL, p);
    enum err e = db->b->send(db->raw, st->raw, p);
    stmt_reset(st);
    return e;
}

enum err db_send(struct db *db, struct problem *p, const char *sql, const char *format, ...) {
    struct stmt *st = db_prepare(db, p, sql);
    if (!st) return p && p->code ? p->code : ERR_INTERNAL;
    va_list ap;
    va_start(ap, format);
    bind_format(st, format, ap);
    va_end(ap);
    return sent(db, st, p);
}

enum err db_sendv(struct db *db, struct problem *p, const char *sql, const struct value *args,
                  int n) {
    struct stmt *st = db_queryv(db, p, sql, args, n);
    if (!st) return p && p->code ? p->code : ERR_INTERNAL;
    return sent(db, st, p);
}

enum err db_runv(struct db *db, struct problem *p, const char *sql, const struct value *args,
                 int n) {
    struct stmt *st = db_queryv(db, p, sql, args, n);
    if (!st) return p && p->code ? p->code : ERR_INTERNAL;
    return db->light ? sent(db, st, p) : run(st, NULL, p);
}

static enum err command(struct db *db, struct problem *p, const char *sql) {
    return db_send(db, p, sql, "");
}

enum err db_begin(struct db *db, struct problem *p) {
    db->light = false;
    enum err e = command(db, p, db->begin);
    return e || !db->has_nodes ? e : db_send(db, p, db->b->turn, "");
}

static void forget_pending(struct db *db) {
    for (struct pending *next; db->pending; db->pending = next) {
        next = db->pending->next;
        mem_free(db->pending);
    }
}

enum err db_before_commit(struct db *db,
                          enum err (*fn)(struct db *db, const void *about, const char *id,
                                         struct problem *p),
                          const void *about, const char *id) {
    struct pending *x = mem_alloc(sizeof *x + strlen(id) + 1);
    if (!x) return ERR_NOMEM;
    x->fn = fn;
    x->about = about;
    strcpy(x->id, id);
    *(db->pending ? db->pending_end : &db->pending) = x;
    db->pending_end = &x->next;
    return ERR_OK;
}

enum err db_commit(struct db *db, struct problem *p) {
    enum err e = ERR_OK;
    for (struct pending *x = db->pending; x && !e; x = x->next) e = x->fn(db, x->about, x->id, p);
    forget_pending(db);
    return e ? e : command(db, p, "COMMIT");
}

void db_rollback(struct db *db) {
    forget_pending(db);
    db_reset_all(db);
    if (db_in_transaction(db) && db->b->exec(db->raw, "ROLLBACK", NULL))
        log_error("rollback_failed", "the transaction could not be rolled back");
}

bool db_in_transaction(const struct db *db) {
    return db->b->in_transaction(db->raw);
}

enum err db_save(struct db *db, enum db_save w, struct problem *p) {
    if (w == DB_OUTER) db->light = false;
    return command(db, p, w == DB_OUTER ? "SAVEPOINT o" : "SAVEPOINT i");
}

void db_save_light(struct db *db) {
    db->light = true;
    db->written = db->b->written(db->raw);
}

enum err db_release(struct db *db, enum db_save w, struct problem *p) {
    if (w == DB_OUTER && db->light) return ERR_OK;
    return command(db, p, w == DB_OUTER ? "RELEASE o" : "RELEASE i");
}

enum err db_undo(struct db *db, enum db_save w, struct problem *p) {
    if (w == DB_OUTER && db->light) return db_restart(db, p);
    enum err e = command(db, p, w == DB_OUTER ? "ROLLBACK TO o" : "ROLLBACK TO i");
    return e ? e : db_release(db, w, p);
}

enum err db_restart(struct db *db, struct problem *p) {
    if (!db->light) return command(db, p, "ROLLBACK TO o");
    if (db->b->written(db->raw) == db->written) return ERR_OK;
    db_rollback(db);
    return problem_set(p, ERR_UNAVAILABLE, NULL);
}

void db_reset_all(struct db *db) {
    for (struct stmt *st = db->newest; st; st = st->older) stmt_reset(st);
}

const char *db_conflict(const struct db *db) {
    return db->b->conflict(db->raw);
}

// Several nodes

const char *db_node(const struct db *db) {
    return db->node;
}
bool db_has_nodes(const struct db *db) {
    return db->has_nodes;
}
const char *db_settled(const struct db *db) {
    return db->b->settled;
}

static uint32_t leases(const struct db *db) {
    return !db->has_nodes                             ? DB_SHARES_ALL
           : db->leased_in == db->b->session(db->raw) ? db->leases
                                                      : 0;
}

bool db_holds(const struct db *db, int share) {
    return leases(db) >> share & 1;
}

static enum err count_nodes(struct db *db, int64_t *n, struct problem *p) {
    *n = 1;
    return db->has_nodes ? db_int(db, p, n, 1, db->b->nodes, "") : ERR_OK;
}

enum err db_is_alone(struct db *db, bool *alone, struct problem *p) {
    int64_t n;
    enum err e = count_nodes(db, &n, p);
    *alone = n <= 1;
    return e;
}

enum err db_share(struct db *db, uint32_t used, uint32_t *held, struct problem *p) {
    int64_t nodes, got;
    enum err e = count_nodes(db, &nodes, p);
    uint32_t have = *held = leases(db);
    if (e || !db->has_nodes) return e;
    int mine = (int)((DB_SHARES + nodes - 1) / (nodes ? nodes : 1)), n = __builtin_popcount(have);
    for (int i = DB_SHARES - 1; i >= 0 && n > mine && !e; i--) {
        if (!(have >> i & 1)) continue;
        *held &= ~(1U << i);
        n--;
        if (used >> i & 1) continue; // what is under way comes to its end first
        e = db_int(db, p, &got, 0, db->b->let, "i", (int64_t)i);
        have &= ~(1U << i);
    }
    for (int i = 0; i < DB_SHARES && n < mine && !e; i++) {
        if (have >> i & 1) continue;
        e = db_int(db, p, &got, 0, db->b->lease, "i", (int64_t)i);
        if (e || !got) continue;
        have |= 1U << i;
        *held |= 1U << i;
        n++;
    }
    db->leases = e ? db->leases & have : have;
    if (!e) db->leased_in = db->b->session(db->raw);
    return e;
}

enum err db_checkpoint(struct db *db, struct problem *p) {
    return db->b->checkpoint(db->raw, p);
}
bool db_tend(struct db *db, bool idle) {
    return db->b->tend && db->b->tend(db->raw, idle);
}
enum err db_empty_log(struct db *db, struct problem *p) {
    return db->b->empty_log(db->raw, p);
}
int64_t db_wal_bytes(struct db *db) {
    return db->b->wal_bytes(db->raw);
}

enum err db_backup(struct db *db, const char *to, void (*progress)(void *, int64_t, int64_t),
                   void *self, struct problem *p) {
    return db->b->backup ? db->b->backup(db->raw, to, progress, self, p)
                         : problem_set(p, ERR_UNSUPPORTED, "this database is no file");
}

const char *db_catalog(const struct db *db) {
    return db->b->catalog;
}

enum err db_set_serial(struct db *db, const char *table, const char *column, struct problem *p) {
    return db->b->set_serial ? db->b->set_serial(db->raw, table, column, p) : ERR_OK;
}

const char *db_serial(const struct db *db) {
    return db->b->serial;
}
const char *db_last(const struct db *db) {
    return db->b->last;
}
const char *db_bytes(const struct db *db) {
    return db->b->bytes;
}
const char *db_text(const struct db *db) {
    return db->b->text;
}
bool db_holds_files(const struct db *db) {
    return db->b->holds_files;
}

int db_batch(const struct db *db) {
#ifdef CAMPUSD_TEST
    const char *most = getenv("CAMPUSD_BATCH"); // what group commit is measured against
    if (most) return atoi(most);
#endif
    return db->b->batch;
}
const char *db_clustered(const struct db *db) {
    return db->b->clustered;
}

void db_search_table(const struct db *db, struct buf *sql, const char *table,
                     const char *const *columns, int n) {
    db->b->search_table(sql, table, columns, n);
}
void db_search_put(const struct db *db, struct buf *sql, const char *table,
                   const char *const *columns, int n) {
    db->b->search_put(sql, table, columns, n);
}
void db_search_text(const struct db *db, struct buf *out, const char *tokens) {
    db->b->search_text(out, tokens);
}
void db_search_match(const struct db *db, struct buf *sql, const char *table,
                     const char *const *columns, int n, int argument) {
    db->b->search_match(sql, table, columns, n, argument);
}
void db_search_query(const struct db *db, struct buf *out, const char *const *columns, int n,
                     const char *tokens, bool prefix) {
    db->b->search_query(out, columns, n, tokens, prefix);
}
const char *db_search_key(const struct db *db) {
    return db->b->search_key;
}
const char *db_search_purge(const struct db *db) {
    return db->b->search_purge;
}

bool db_has_table(struct db *db, const char *table) {
    return db->b->has(db->raw, "table", table);
}
bool db_has_index(struct db *db, const char *index) {
    return db->b->has(db->raw, "index", index);
}

bool db_has_column(struct db *db, const char *table, const char *column) {
    char name[256];
    size_t n = strlen(table), m = strlen(column);
    if (n + m + 2 > sizeof name) return false;
    memcpy(name, table, n);
    name[n] = '.';
    memcpy(name + n + 1, column, m + 1);
    return db->b->has(db->raw, "column", name);
}

enum err db_quick_check(struct db *db, struct problem *p) {
    return db->b->check(db->raw, p);
}
