// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What a database must offer: one table of functions, each backend file's only export. `raw` is the
// backend's connection, `s` its prepared statement.
#ifndef DB_BACKEND_H
#define DB_BACKEND_H

#include "campus/buf.h"
#include "campus/db.h"

struct db_backend {
    const char *scheme;                                   // "sqlite:"
    const char *serial, *last, *bytes, *text, *clustered; // see db_serial and its neighbours
    int batch;                                            // see db_batch
    bool holds_files;                                     // see db_holds_files
    const char *begin_write; // of a transaction that takes the write lock; NULL: BEGIN
    // of a database that several nodes write to, NULL where it is a file: $1 is a share
    const char *turn, *nodes, *lease, *let;
    const char *settled; // see db_settled
    // node: NULL unless it is one of several
    enum err (*open)(const char *where, enum db_mode mode, const char *node, void **raw,
                     struct problem *p);
    unsigned (*session)(void *raw); // changes with the connection; NULL where that cannot be lost
    void (*close)(void *raw);
    // see db_keep_snapshot; NULL where a snapshot costs nothing, or others commit too
    enum err (*keep)(void *raw, struct problem *p);
    void (*let_go)(void *raw);
    enum err (*exec)(void *raw, const char *script, struct problem *p);
    enum err (*prepare)(void *raw, const char *sql, void **s, struct problem *p);
    void (*finalize)(void *s);
    void (*bind)(void *s, int i, const struct value *v);
    enum err (*step)(void *raw, void *s, bool *row, struct problem *p);
    // as step without waiting, NULL where there is nothing to wait for; see db_send
    enum err (*send)(void *raw, void *s, struct problem *p);
    // see db_ask; NULL where there is nothing to wait for
    void (*ask)(void *raw, void *s);
    void (*asked)(void *raw);
    void (*ask_no_more)(void *raw);
    void (*reset)(void *s);
    bool (*is_null)(void *s, int col);
    int64_t (*integer)(void *s, int col);
    const void *(*bytes_of)(void *s, int col, bool text, size_t *n);
    bool (*in_transaction)(void *raw);
    int64_t (*changes)(void *raw);      // rows, by the last statement
    int64_t (*written)(void *raw);      // rows or statements, ever: for db_save_light
    const char *(*conflict)(void *raw); // names the broken unique constraint
    enum err (*checkpoint)(void *raw, struct problem *p);
    bool (*tend)(void *raw, bool idle); // NULL: there is no log to tend
    enum err (*empty_log)(void *raw, struct problem *p);
    int64_t (*wal_bytes)(void *raw);
    // NULL where it is no file
    enum err (*backup)(void *raw, const char *to, void (*progress)(void *, int64_t, int64_t),
                       void *self, struct problem *p);
    enum err (*check)(void *raw, struct problem *p);
    const char *catalog; // see db_catalog
    // NULL where there is nothing to do; see db_set_serial
    enum err (*set_serial)(void *raw, const char *table, const char *column, struct problem *p);
    // Word search; see db_search_table and its neighbours.
    void (*search_table)(struct buf *sql, const char *table, const char *const *columns, int n);
    void (*search_put)(struct buf *sql, const char *table, const char *const *columns, int n);
    void (*search_text)(struct buf *out, const char *tokens);
    void (*search_query)(struct buf *out, const char *const *columns, int n, const char *tokens,
                         bool prefix);
    void (*search_match)(struct buf *sql, const char *table, const char *const *columns, int n,
                         int argument);
    const char *search_key;   // the column of the record's number
    const char *search_purge; // a statement with the table as %s; or NULL
    // kind: "table", "index", or "column" (name is "table.column")
    bool (*has)(void *raw, const char *kind, const char *name);
};
extern const struct db_backend db_sqlite, db_postgres;

#endif
