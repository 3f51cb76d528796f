// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Between the files of the PostgreSQL backend: postgres.c speaks to the server, postgres_row.c
// turns values and errors into ours, postgres_search.c writes the SQL of word search.
#ifndef DB_POSTGRES_H
#define DB_POSTGRES_H

#include <libpq-fe.h>
#include "db/backend.h"

// libpq brings two dozen libraries with it, which a school on SQLite never needs and no plugin
// child ever: it is loaded when the first connection is made.
// clang-format off
#define PQ_FUNCTIONS \
    X(PQfinish) X(PQisBusy) X(PQflush) X(PQsocket) X(PQconsumeInput) X(PQgetResult) X(PQstatus) \
    X(PQsendQuery) X(PQclear) X(PQresultStatus) X(PQtransactionStatus) X(PQexec) X(PQgetvalue) \
    X(PQconnectdbParams) X(PQerrorMessage) X(PQserverVersion) X(PQbackendPID) \
    X(PQsetnonblocking) X(PQenterPipelineMode) X(PQpipelineSync) X(PQexitPipelineMode) \
    X(PQsendQueryParams) X(PQsendPrepare) X(PQsendQueryPrepared) X(PQcmdStatus) X(PQcmdTuples) \
    X(PQntuples) X(PQgetisnull) X(PQgetlength) X(PQftype) X(PQresultErrorField)
// clang-format on
struct pq {
#define X(name) __typeof__(&name) name;
    PQ_FUNCTIONS
#undef X
};
extern struct pq pq;
MUST_CHECK enum err pq_load(struct problem *p);

// What the text of a statement does to the transaction.
enum pg_kind { PG_PLAIN, PG_BEGIN, PG_COMMIT, PG_SAVE, PG_BACK, PG_JOB_ENDS };

struct pg_stmt {
    struct pg *c;
    char *sql;
    unsigned name;       // its name at the server is "s" and this number
    unsigned connection; // the one it was prepared on
    enum pg_kind kind;
    bool prepared; // or on its way there
    int nparams;
    const char **values; // of nparams each
    int *lengths, *formats;
    char (*numbers)[24];
    PGresult *result;
    int row;
    char number[24]; // an integer as text
};

// SQL in our subset as PostgreSQL reads it; owned, NULL when out of memory.
char *pg_translate(const char *sql);
int pg_count_params(const char *sql);
enum pg_kind pg_kind_of(const char *sql);
void pg_bind(void *s, int i, const struct value *v);
bool pg_is_null(void *s, int col);
int64_t pg_integer(void *s, int col);
const void *pg_bytes(void *s, int col, bool text, size_t *n);
// The server's refusal as one of our errors; a broken unique constraint's name goes to conflict.
enum err pg_failure(const PGresult *r, char *conflict, size_t conflict_n, struct problem *p);

void pg_search_table(struct buf *sql, const char *table, const char *const *columns, int n);
void pg_search_put(struct buf *sql, const char *table, const char *const *columns, int n);
void pg_search_text(struct buf *out, const char *tokens);
void pg_search_query(struct buf *out, const char *const *columns, int n, const char *tokens,
                     bool prefix);
void pg_search_match(struct buf *sql, const char *table, const char *const *columns, int n,
                     int argument);

#endif
