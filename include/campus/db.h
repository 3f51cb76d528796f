// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The database behind one table of functions. SQL handed in here is the common subset of SQLite and
// PostgreSQL: parameters are $1, $2, … numbered in order of first appearance; time is never read in
// SQL; text compares bytewise. What differs between the two lives in the backend's file only.
#ifndef CAMPUS_DB_H
#define CAMPUS_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "campus/err.h"
#include "campus/value.h"

struct arena;
struct buf;
struct db;   // one connection; used by one thread at a time
struct stmt; // a prepared statement, cached on its connection by its text

enum db_mode { DB_READ, DB_WRITE };
enum db_save { DB_OUTER, DB_INNER }; // the two savepoints of a request

// storage: "sqlite:/absolute/path.db" or "postgresql://…". DB_WRITE creates the file, or makes this
// the one session that writes to the database (ERR_UNAVAILABLE while there is another). A session
// whose server went away fails its transaction and connects again for the next. Owned.
MUST_CHECK enum err db_open(const char *storage, enum db_mode mode, struct db **out,
                            struct problem *p);
void db_close(struct db *db);
// One of several that write to the same database, under a name that only it has: transactions take
// turns. ERR_UNAVAILABLE while another has the name, or somebody the whole by DB_WRITE, which is
// what this is where a database is a file.
MUST_CHECK enum err db_open_node(const char *storage, const char *node, struct db **out,
                                 struct problem *p);
// A reading connection may keep its snapshot from one statement to the next as long as nothing was
// committed meanwhile: what it reads is never older than what anybody was told. Whoever then waits
// lets go of it first.
MUST_CHECK enum err db_keep_snapshot(struct db *db, struct problem *p);
void db_let_snapshot(struct db *db);
const char *db_node(const struct db *db); // its name, "n1" where none was given
bool db_has_nodes(const struct db *db);   // it was opened as one of several
// Leases on the DB_SHARES shares of what any one of them may do, bits: takes what is free and gives
// back what is not in `used`, until each node has as many. A lease ends with its session, which the
// server ends when it hears nothing for 15 s. *held: what may be worked on; all of it where there
// are no nodes. Lane only.
enum { DB_SHARES = 8, DB_SHARES_ALL = (1 << DB_SHARES) - 1 };
MUST_CHECK enum err db_share(struct db *db, uint32_t used, uint32_t *held, struct problem *p);
// Within a transaction of the lane: the lease is held, and will be at its commit.
bool db_holds(const struct db *db, int share);
MUST_CHECK enum err db_is_alone(struct db *db, bool *alone, struct problem *p); // no other node
// A condition on rows of core_outbox: no transaction that began before theirs is still open.
const char *db_settled(const struct db *db);
// A script of statements without parameters or rows; not cached.
MUST_CHECK enum err db_exec(struct db *db, const char *script, struct problem *p);

MUST_CHECK enum err db_begin(struct db *db, struct problem *p);  // DB_WRITE: takes the write lock
MUST_CHECK enum err db_commit(struct db *db, struct problem *p); // durable when it returns ERR_OK
// (ERR_TIMEOUT: the connection was lost meanwhile, so it may be durable or not)
// Calls fn in this transaction, just before its commit, which its error fails; a rollback forgets
// it. about: borrowed until then; id: copied.
MUST_CHECK enum err db_before_commit(struct db *db,
                                     enum err (*fn)(struct db *db, const void *about,
                                                    const char *id, struct problem *p),
                                     const void *about, const char *id);
void db_rollback(struct db *db);
bool db_in_transaction(const struct db *db); // false after a failure that ended it
MUST_CHECK enum err db_save(struct db *db, enum db_save which, struct problem *p);
// The outer savepoint for work that is seldom undone, and that can be done again: none is made.
// Undoing it succeeds when nothing was written since; else the whole transaction is rolled back and
// the answer is ERR_UNAVAILABLE.
void db_save_light(struct db *db);
// As db_run, but after db_save_light it is not waited for: a refusal then fails what comes after it
// or the commit, with ERR_CONFLICT, and is told when all is done again.
MUST_CHECK enum err db_runv(struct db *db, struct problem *p, const char *sql,
                            const struct value *args, int n);
MUST_CHECK enum err db_release(struct db *db, enum db_save which, struct problem *p);
MUST_CHECK enum err db_undo(struct db *db, enum db_save which,
                            struct problem *p); // rolls back to it and releases it

// Rolls back to the outer one and stays in it: a request begins anew.
MUST_CHECK enum err db_restart(struct db *db, struct problem *p);

// Statements. db_query binds args by a format, one letter each: t text (const char *, NULL is
// null), s text (const char *, size_t), b bytes (const void *, size_t), i integer (int64_t), v
// value (const struct value *), n null (no argument). Returns NULL after setting p.
struct stmt *db_query(struct db *db, struct problem *p, const char *sql, const char *format, ...);
struct stmt *db_queryv(struct db *db, struct problem *p, const char *sql, const struct value *args,
                       int n);
struct stmt *db_prepare(struct db *db, struct problem *p, const char *sql);
// What is about to be queried, each with one text, asked in one round trip: whoever then queries it
// finds the answer there. It is as old as the asking, so ask at once before, and db_ask_no_more
// after. Nothing is told here: what failed is asked again. At most DB_ASK_MAX; db_asks: whether it
// is worth it.
enum { DB_ASK_MAX = 64 };
struct db_question {
    const char *sql, *argument;
};
bool db_asks(const struct db *db);
void db_ask(struct db *db, const struct db_question *list, int n);
void db_ask_no_more(struct db *db);
void stmt_bind(struct stmt *st, int i, const struct value *v); // i from 1; borrowed until reset
// *row: whether there is one. The statement resets itself at the end or on error.
MUST_CHECK enum err stmt_step(struct stmt *st, bool *row, struct problem *p);
void stmt_reset(struct stmt *st);            // when you stop before the end; NULL is fine
bool stmt_is_null(struct stmt *st, int col); // columns from 0
int64_t stmt_int(struct stmt *st, int col);
const char *stmt_text(struct stmt *st, int col,
                      size_t *n); // borrowed until the next step; n may be NULL
const void *stmt_blob(struct stmt *st, int col, size_t *n);
// core/db/row.c: the next row. None once *e is set, by this or by what came before, which resets
// the statement; st may be NULL, where p says why: while (stmt_next(st, &e, p)) …
bool stmt_next(struct stmt *st, enum err *e, struct problem *p);
// The first row, which you reset. ERR_NOT_FOUND, unsaid in p, when there is none.
MUST_CHECK enum err stmt_first(struct stmt *st, struct problem *p);
// Copies columns from the first on, one letter each: t text (const char **), i integer (int64_t *),
// b bytes (const void **, size_t *), ? whether it is not 0 (bool *), - no matter. Nulls are NULL.
void stmt_take(struct stmt *st, struct arena *a, const char *format, ...);
// The row as members, a key for each column: "id at@ tries# open? list= ~note -", where @ is a
// time, # an integer, ? a boolean, = JSON as it stands, else a text; ~: left out when empty; -:
// passed over.
void stmt_json(struct stmt *st, const char *keys, struct buf *out);
// All of them as a list of objects.
MUST_CHECK enum err stmt_list(struct stmt *st, const char *keys, struct buf *out,
                              struct problem *p);
// Runs a statement that returns no rows; *changed (may be NULL) gets the number of rows.
MUST_CHECK enum err db_run(struct db *db, struct problem *p, int64_t *changed, const char *sql,
                           const char *format, ...);
// db_run whose failure may be told by a later statement of the transaction, at the latest by its
// commit: for rows that no constraint refuses. A database across a socket does not wait for them.
MUST_CHECK enum err db_send(struct db *db, struct problem *p, const char *sql, const char *format,
                            ...);
MUST_CHECK enum err db_sendv(struct db *db, struct problem *p, const char *sql,
                             const struct value *args, int n);
// One integer out of one row; `otherwise` when there is none.
MUST_CHECK enum err db_int(struct db *db, struct problem *p, int64_t *out, int64_t otherwise,
                           const char *sql, const char *format, ...);

// A unique constraint failed: ERR_CONFLICT, and this names its index or column ("" when unknown).
const char *db_conflict(const struct db *db);
MUST_CHECK enum err db_checkpoint(struct db *db, struct problem *p); // all of it; lane only
// Between batches: copies the log back in pieces, and makes nobody wait for the disk while it is
// not very long. idle: nobody waits at all. True while there is more to do soon. Lane only.
bool db_tend(struct db *db, bool idle);
// A checkpoint that also empties the write-ahead log: nothing that was overwritten stays in it, and
// no reader has a snapshot older than this. ERR_UNAVAILABLE while one has: try again. Lane only.
MUST_CHECK enum err db_empty_log(struct db *db, struct problem *p);
// Online copy of the whole database into a new file; steps, with progress. ERR_UNSUPPORTED where a
// database is no file.
MUST_CHECK enum err db_backup(struct db *db, const char *to_path,
                              void (*progress)(void *self, int64_t done, int64_t total), void *self,
                              struct problem *p);
void db_reset_all(struct db *db);    // resets every statement still in use (after a jump)
int64_t db_wal_bytes(struct db *db); // size of the write-ahead log; 0 where there is none
int db_batch(const struct db *db);   // how many jobs with their savepoints one commit should hold
// Whether the bytes of files belong into it, as it is not beside them: a server that others reach.
bool db_holds_files(const struct db *db);
// What tables there are, as a query: table, column, 'i' (integer), 't' (text) or 'b' (bytes), and
// its place in the primary key, from 1, or 0.
const char *db_catalog(const struct db *db);
// After rows were written with their numbers: the next ones go on after them.
MUST_CHECK enum err db_set_serial(struct db *db, const char *table, const char *column,
                                  struct problem *p);
// Names of dialect things the schema builder needs.
const char *db_serial(const struct db *db);    // "INTEGER PRIMARY KEY" or an identity column
const char *db_last(const struct db *db);      // that of the last row inserted, as an expression
const char *db_text(const struct db *db);      // "TEXT", comparing bytewise
const char *db_bytes(const struct db *db);     // "BLOB" or "BYTEA"
const char *db_clustered(const struct db *db); // " WITHOUT ROWID" or ""
// Word search over a table beside the records: a row a record, by its number, a column a field.
// Tokens are ASCII letters and digits separated by spaces; what the database makes of them is its
// own. Each writes SQL, or what is bound to it.
void db_search_table(const struct db *db, struct buf *sql, const char *table,
                     const char *const *columns, int n);
// $1 is the record's number, the others db_search_text of each column.
void db_search_put(const struct db *db, struct buf *sql, const char *table,
                   const char *const *columns, int n);
void db_search_text(const struct db *db, struct buf *out, const char *tokens);
const char *db_search_key(const struct db *db); // the column of that number
// "n IN (…)" where one of the columns holds these tokens beside each other; argument: the number of
// the parameter, bound to db_search_query. prefix: the last token is the beginning of one.
void db_search_match(const struct db *db, struct buf *sql, const char *table,
                     const char *const *columns, int n, int argument);
void db_search_query(const struct db *db, struct buf *out, const char *const *columns, int n,
                     const char *tokens, bool prefix);
const char *db_search_purge(const struct db *db); // leaves nothing of what is gone: SQL with %s
bool db_has_column(struct db *db, const char *table, const char *column);
bool db_has_table(struct db *db, const char *table);
bool db_has_index(struct db *db, const char *index);
MUST_CHECK enum err db_quick_check(struct db *db,
                                   struct problem *p); // ERR_CORRUPT with what is wrong

#endif
