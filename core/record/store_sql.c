// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The tables of a schema: made and extended additively, never dropped here. DDL texts are written
// in the subset both databases read, with {serial}, {bytes} and {clustered} for what they call
// differently.
#include "record/store_sql.h"
#include "campus/copy.h"
#include "campus/file.h"
#include "campus/mem.h"
#include "campus/message.h"
#include "campus/report.h"
#include "campus/search.h"

const char store_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS core_key(owner TEXT PRIMARY KEY, generation BIGINT NOT NULL,"
    " version BIGINT NOT NULL, wrapped {bytes}){clustered};"
    // records that are somebody else's: of one person's lead, applicant and student
    "CREATE TABLE IF NOT EXISTS core_subject(record TEXT PRIMARY KEY, entity TEXT NOT NULL,"
    " owner TEXT NOT NULL){clustered};"
    "CREATE INDEX IF NOT EXISTS i_subject ON core_subject(owner);"
    "CREATE TABLE IF NOT EXISTS core_history(n {serial}, record TEXT NOT NULL, rev BIGINT NOT NULL,"
    " at BIGINT NOT NULL, actor TEXT NOT NULL, verb TEXT NOT NULL, release BIGINT NOT NULL,"
    " delta TEXT, prev BIGINT NOT NULL DEFAULT 0);"
    // what each node has counted: together they are the count
    "CREATE TABLE IF NOT EXISTS core_counter(report TEXT NOT NULL, k TEXT NOT NULL,"
    " node TEXT NOT NULL, count BIGINT NOT NULL, sums TEXT NOT NULL,"
    " PRIMARY KEY(report, k, node)){clustered};"
    "CREATE TABLE IF NOT EXISTS core_idempotency(k {bytes} PRIMARY KEY, request {bytes} NOT NULL,"
    " status BIGINT NOT NULL, entity TEXT NOT NULL, record TEXT NOT NULL,"
    " at BIGINT NOT NULL){clustered};"
    "CREATE INDEX IF NOT EXISTS i_idempotency_at ON core_idempotency(at);"
    "CREATE TABLE IF NOT EXISTS core_decision(id TEXT PRIMARY KEY, entity TEXT NOT NULL,"
    " record TEXT NOT NULL, rule TEXT NOT NULL, at BIGINT NOT NULL, actor TEXT NOT NULL,"
    " release BIGINT NOT NULL, policy BIGINT NOT NULL, as_of TEXT NOT NULL, pass BIGINT NOT NULL,"
    " owner TEXT NOT NULL, sealed {bytes} NOT NULL);"
    "CREATE INDEX IF NOT EXISTS i_decision_rule ON core_decision(rule, at);";

// What homes from before lack, and how they come by it.
static const struct {
    const char *table, *column, *ddl;
} later[] = {
    {"core_history", "prev", // an index found it
     "ALTER TABLE core_history ADD COLUMN prev BIGINT NOT NULL DEFAULT 0;"
     "UPDATE core_history SET prev=COALESCE((SELECT MAX(h.n) FROM core_history h WHERE"
     " h.record=core_history.record AND h.n<core_history.n),0);"},
    {"core_counter", "node",
     "DROP TABLE core_counter; DELETE FROM core_meta WHERE key LIKE 'counter:%';"},
    {"core_job", "node", "ALTER TABLE core_job ADD COLUMN node TEXT NOT NULL DEFAULT 'n1';"},
    {"core_delivery", "part",
     "ALTER TABLE core_delivery ADD COLUMN part BIGINT NOT NULL DEFAULT 0;"},
    {"core_delivery_position", "part", // a row for each share of the records
     "ALTER TABLE core_delivery_position RENAME TO core_delivery_before;"
     "CREATE TABLE core_delivery_position(consumer TEXT NOT NULL, part BIGINT NOT NULL DEFAULT 0,"
     " seq BIGINT NOT NULL, PRIMARY KEY(consumer, part)){clustered};"
     "INSERT INTO core_delivery_position(consumer,part,seq) SELECT consumer,part,seq FROM"
     " core_delivery_before, (SELECT 0 AS part UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL"
     " SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7) p;"
     "DROP TABLE core_delivery_before;"},
};

bool store_has_last4(const struct field *f) {
    return f->sealed && f->searchable && f->check &&
           (!strcmp(f->check, "cn_id") || !strcmp(f->check, "mobile"));
}

const char *store_mark_column(const struct field *f) {
    return !f->sealed ? NULL : f->unique ? "u_" : f->searchable ? "b_" : NULL;
}

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
}

// Replaces the tokens, and the word TEXT, and runs the script. {column TABLE NAME …}: a column of a
// table that may be there without it.
static enum err run_ddl(struct db *db, struct arena *a, const char *ddl, struct problem *p) {
    struct buf out;
    buf_init(&out, a);
    for (const char *s = ddl; *s;) {
        if (!strncmp(s, "{serial}", 8))
            buf_puts(&out, db_serial(db)), s += 8;
        else if (!strncmp(s, "{bytes}", 7))
            buf_puts(&out, db_bytes(db)), s += 7;
        else if (!strncmp(s, "{clustered}", 11))
            buf_puts(&out, db_clustered(db)), s += 11;
        else if (!strncmp(s, "{column ", 8)) {
            char table[64], name[64];
            int n = 0;
            if (sscanf(s + 8, "%63s %63s%n", table, name, &n) < 2) return ERR_INTERNAL;
            if (db_has_column(db, table, name))
                s = strchr(s, '}') + 1;
            else
                buf_printf(&out, "ALTER TABLE %s ADD COLUMN %s", table, name), s += 8 + n;
        } else if (*s == '}')
            buf_putc(&out, ';'), s++;
        else if (!strncmp(s, "TEXT", 4) && s > ddl && !is_word(s[-1]) && !is_word(s[4]))
            buf_puts(&out, db_text(db)), s += 4;
        else
            buf_putc(&out, *s++);
    }
    return db_exec(db, buf_str(&out), p);
}

static void column(struct db *db, const struct entity *e, struct buf *ddl, const char *prefix,
                   const struct field *f, const char *type, struct arena *a) {
    const char *name = arena_printf(a, "%s%s", prefix, f->name);
    if (!db_has_column(db, e->table, name))
        buf_printf(ddl, "ALTER TABLE %s ADD COLUMN %s %s;", e->table, name, type);
}

static const char RECORD_COLUMNS[] =
    "n {serial}, id TEXT NOT NULL UNIQUE, rev BIGINT NOT NULL, state TEXT, created_at BIGINT NOT "
    "NULL,"
    " created_by TEXT NOT NULL, updated_at BIGINT NOT NULL, updated_by TEXT NOT NULL,"
    " archived_at BIGINT NOT NULL, owner TEXT NOT NULL, policy BIGINT NOT NULL,"
    " history BIGINT NOT NULL DEFAULT 0";

enum err store_table_like(struct db *db, const struct copy_table *t, struct problem *p) {
    if (db_has_table(db, t->name)) return ERR_OK;
    struct arena *a = arena_new(1 << 20);
    struct buf ddl;
    if (!a) return problem_set(p, ERR_NOMEM, NULL);
    buf_init(&ddl, a);
    buf_printf(&ddl, "CREATE TABLE %s(%s", t->name, RECORD_COLUMNS);
    for (int i = 0; i < t->ncolumns; i++) {
        const struct copy_column *c = &t->columns[i];
        if (c->name[0] && c->name[1] == '_') // a field or its mark
            buf_printf(&ddl, ", %s %s", c->name,
                       c->kind == 'i'   ? "BIGINT"
                       : c->kind == 't' ? "TEXT"
                                        : "{bytes}");
    }
    buf_puts(&ddl, ");");
    enum err e = run_ddl(db, a, buf_str(&ddl), p);
    arena_free(a);
    return e;
}

static void entity_ddl(struct db *db, const struct entity *e, struct arena *a, struct buf *ddl) {
    if (!db_has_table(db, e->table)) {
        buf_printf(ddl, "CREATE TABLE %s(%s", e->table, RECORD_COLUMNS);
        for (int i = 0; i < e->nfields; i++) {
            const struct field *f = &e->fields[i];
            buf_printf(ddl, ", %s %s", f->column, f->sql_type);
            if (store_mark_column(f))
                buf_printf(ddl, ", %s%s {bytes}", store_mark_column(f), f->name);
        }
        buf_puts(ddl, ");");
    } else {
        if (!db_has_column(db, e->table, "history")) // a home from before histories were chains
            buf_printf(ddl,
                       "ALTER TABLE %s ADD COLUMN history BIGINT NOT NULL DEFAULT 0;"
                       "UPDATE %s SET history=COALESCE((SELECT MAX(n) FROM core_history h WHERE"
                       " h.record=%s.id),0);",
                       e->table, e->table, e->table);
        for (int i = 0; i < e->nfields; i++) {
            const struct field *f = &e->fields[i];
            column(db, e, ddl, "f_", f, f->sql_type, a);
            if (store_mark_column(f)) column(db, e, ddl, store_mark_column(f), f, "{bytes}", a);
        }
    }
    for (int i = 0; i < e->nfields; i++) {
        const struct field *f = &e->fields[i];
        if (f->unique)
            buf_printf(
                ddl, "CREATE UNIQUE INDEX IF NOT EXISTS u_%s_%s ON %s(%s_%s) WHERE archived_at=0;",
                e->table + 2, f->name, e->table, f->sealed ? "u" : "f", f->name);
        else if (f->sealed && f->searchable)
            buf_printf(ddl, "CREATE INDEX IF NOT EXISTS b_%s_%s ON %s(b_%s);", e->table + 2,
                       f->name, e->table, f->name);
    }
    for (int i = 0; i < e->nindexes; i++) {
        bool unique = e->indexes[i].unique;
        buf_printf(ddl, "CREATE %sINDEX IF NOT EXISTS %s ON %s(", unique ? "UNIQUE " : "",
                   e->indexes[i].name, e->table);
        for (int k = 0; k < e->indexes[i].count; k++)
            buf_printf(ddl, "%s%s", k ? "," : "", column_sql(e, e->indexes[i].fields[k]));
        // the number is the last word of an order, and SQLite's indexes end with it anyway
        buf_printf(ddl, "%s) WHERE archived_at=0;", unique || *db_clustered(db) ? "" : ",n");
    }
}

enum err store_migrate(struct db *db, const struct schema *s, const char *extra_ddl,
                       struct problem *p) {
    struct arena *a = arena_new(8 << 20);
    if (!a) return problem_set(p, ERR_NOMEM, NULL);
    bool own = !db_in_transaction(db); // on the lane it is part of the batch
    enum err e = own ? db_begin(db, p) : ERR_OK;
    for (size_t i = 0; i < sizeof later / sizeof *later && !e; i++)
        if (db_has_table(db, later[i].table) && !db_has_column(db, later[i].table, later[i].column))
            e = run_ddl(db, a, later[i].ddl, p);
    if (!e) e = run_ddl(db, a, store_ddl, p);
    if (!e) e = run_ddl(db, a, file_ddl, p);
    if (!e) e = run_ddl(db, a, message_ddl, p);
    if (!e) e = run_ddl(db, a, once_ddl, p);
    if (!e && extra_ddl) e = run_ddl(db, a, extra_ddl, p);
    for (int i = 0; s && i < s->nentities && !e; i++) {
        struct buf ddl;
        buf_init(&ddl, a);
        entity_ddl(db, s->entities[i], a, &ddl);
        e = run_ddl(db, a, buf_str(&ddl), p);
    }
    struct store store = {.db = db, .arena = a, .school = "", .problem = p};
    if (!e && s) e = derive_settle(&store, s);
    if (!e && s) e = once_settle(&store, s);
    if (!e && s) e = counter_settle(&store, s);
    if (!e && s) e = search_settle(&store, s);
    if (!e && own) e = db_commit(db, p);
    if (e && own) db_rollback(db);
    arena_free(a);
    return e;
}

const char *store_history_sql(struct arena *a, const struct entity *e, const char *columns,
                              const char *rest) {
    return arena_printf(a,
                        "WITH RECURSIVE chain(n) AS (SELECT history FROM %s WHERE id=$1 UNION ALL"
                        " SELECT h.prev FROM chain c JOIN core_history h ON h.n=c.n)"
                        " SELECT %s FROM chain c JOIN core_history h ON h.n=c.n %s",
                        e->table, columns, rest);
}

void store_sql_build(struct arena *a, struct entity *e) {
    struct buf cols, ins, marks;
    buf_init(&cols, a), buf_init(&ins, a), buf_init(&marks, a);
    buf_puts(&cols, "t.n,t.id,t.rev,t.state,t.created_at,t.created_by,t.updated_at,t.updated_by,"
                    "t.archived_at,t.owner,t.policy");
    buf_puts(&ins,
             "id,rev,state,created_at,created_by,updated_at,updated_by,archived_at,owner,policy");
    buf_puts(&marks, "$1,$2,$3,$4,$5,$6,$7,$8,$9,$10");
    int n = 10;
    for (int i = 0; i < e->nfields; i++) {
        const struct field *f = &e->fields[i];
        buf_printf(&cols, ",t.%s", f->column);
        buf_printf(&ins, ",%s", f->column);
        buf_printf(&marks, ",$%d", ++n);
        const char *mark = store_mark_column(f);
        if (mark) buf_printf(&ins, ",%s%s", mark, f->name), buf_printf(&marks, ",$%d", ++n);
    }
    e->sql_get =
        arena_printf(a, "SELECT %s%s FROM %s t%s WHERE t.id=$1 AND t.archived_at=0", buf_str(&cols),
                     e->has_sealed ? ",k.generation,k.wrapped" : "", e->table,
                     e->has_sealed ? " LEFT JOIN core_key k ON k.owner=t.owner" : "");
    e->sql_list =
        arena_printf(a, "SELECT %s FROM %s t WHERE t.archived_at=0", buf_str(&cols), e->table);
    e->sql_insert =
        arena_printf(a, "INSERT INTO %s(%s) VALUES(%s)", e->table, buf_str(&ins), buf_str(&marks));
}
