// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Values to and from PostgreSQL. Integers go as text, so that the server chooses their width; text
// and bytes go as they are. Results come in binary form: nothing is parsed, nothing unescaped.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "campus/mem.h"
#include "db/postgres.h"

// Types by their numbers in pg_type, which never change.
enum { T_BOOL = 16, T_INT8 = 20, T_INT2 = 21, T_INT4 = 23, T_NUMERIC = 1700 };

// SQLite's LIKE folds ASCII case. So does ILIKE under COLLATE "C", and nothing else.
char *pg_translate(const char *sql) {
    size_t n = strlen(sql), likes = 0;
    for (const char *s = sql; (s = strstr(s, " LIKE ")); s++) likes++;
    char *out = mem_alloc(n + likes + 1), *to = out;
    if (!out) return NULL;
    for (const char *s = sql; *s;) {
        if (!strncmp(s, " LIKE ", 6)) {
            memcpy(to, " ILIKE", 6);
            to += 6, s += 5;
        } else
            *to++ = *s++;
    }
    return out;
}

int pg_count_params(const char *sql) {
    int most = 0;
    for (const char *s = sql; (s = strchr(s, '$')); s++) {
        int n = atoi(s + 1);
        if (n > most) most = n;
    }
    return most;
}

enum pg_kind pg_kind_of(const char *sql) {
    static const struct {
        const char *text;
        enum pg_kind kind;
    } kinds[] = {{"BEGIN", PG_BEGIN},       {"COMMIT", PG_COMMIT},  {"SAVEPOINT ", PG_SAVE},
                 {"ROLLBACK TO ", PG_BACK}, {"RELEASE i", PG_SAVE}, {"RELEASE o", PG_JOB_ENDS}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strncmp(sql, kinds[i].text, strlen(kinds[i].text))) return kinds[i].kind;
    return PG_PLAIN;
}

void pg_bind(void *raw, int i, const struct value *v) {
    struct pg_stmt *s = raw;
    if (--i >= s->nparams) return;
    s->formats[i] = 1;
    s->lengths[i] = (int)v->n;
    switch (v->kind) {
    case VALUE_NULL: s->values[i] = NULL; break;
    case VALUE_BOOL:
    case VALUE_INT:
        s->formats[i] = 0;
        snprintf(s->numbers[i], sizeof s->numbers[i], "%" PRId64, v->i);
        s->values[i] = s->numbers[i];
        break;
    case VALUE_TEXT:
    case VALUE_JSON: s->values[i] = v->p ? v->p : ""; break;
    case VALUE_BLOB: s->values[i] = v->n ? v->p : v->p ? "" : NULL; break;
    }
}

bool pg_is_null(void *raw, int col) {
    const struct pg_stmt *s = raw;
    return !s->result || pq.PQgetisnull(s->result, s->row, col);
}

static uint64_t big_endian(const unsigned char *p, int n) {
    uint64_t v = 0;
    for (int i = 0; i < n; i++) v = v << 8 | p[i];
    return v;
}

// A sum of bigints: digits of base 10000, the first worth 10000^weight.
static int64_t from_numeric(const unsigned char *p, int n) {
    if (n < 8) return 0;
    int digits = (int)big_endian(p, 2), weight = (int16_t)big_endian(p + 2, 2);
    bool negative = big_endian(p + 4, 2) == 0x4000;
    uint64_t v = 0;
    for (int i = 0; i <= weight; i++)
        v = v * 10000 + (i < digits && 10 + 2 * i <= n ? big_endian(p + 8 + 2 * i, 2) : 0);
    return (int64_t)(negative ? 0 - v : v);
}

int64_t pg_integer(void *raw, int col) {
    const struct pg_stmt *s = raw;
    if (pg_is_null(raw, col)) return 0;
    const char *p = pq.PQgetvalue(s->result, s->row, col);
    const unsigned char *u = (const unsigned char *)p;
    int n = pq.PQgetlength(s->result, s->row, col);
    switch (pq.PQftype(s->result, col)) {
    case T_BOOL: return *p != 0;
    case T_INT2: return (int16_t)big_endian(u, 2);
    case T_INT4: return (int32_t)big_endian(u, 4);
    case T_INT8: return (int64_t)big_endian(u, 8);
    case T_NUMERIC: return from_numeric(u, n);
    default: return strtoll(p, NULL, 10);
    }
}

const void *pg_bytes(void *raw, int col, bool text, size_t *n) {
    struct pg_stmt *s = raw;
    if (n) *n = 0;
    if (pg_is_null(raw, col)) return NULL;
    Oid type = pq.PQftype(s->result, col);
    if (text && (type == T_INT2 || type == T_INT4 || type == T_INT8 || type == T_NUMERIC)) {
        int len = snprintf(s->number, sizeof s->number, "%" PRId64, pg_integer(raw, col));
        if (n) *n = (size_t)len;
        return s->number;
    }
    if (n) *n = (size_t)pq.PQgetlength(s->result, s->row, col);
    return pq.PQgetvalue(s->result, s->row, col); // libpq ends it with a zero, binary or not
}

// By SQLSTATE. A message of the data classes may quote a value: only its code is passed on.
enum err pg_failure(const PGresult *r, char *conflict, size_t conflict_n, struct problem *p) {
    static const struct {
        const char *state;
        enum err e;
    } states[] = {{"23505", ERR_CONFLICT}, {"53100", ERR_NO_SPACE},    {"53200", ERR_NOMEM},
                  {"53", ERR_UNAVAILABLE}, {"57014", ERR_TIMEOUT},     {"57P", ERR_UNAVAILABLE},
                  {"40", ERR_UNAVAILABLE}, {"55P03", ERR_UNAVAILABLE}, {"08", ERR_UNAVAILABLE},
                  {"58", ERR_IO},          {"25006", ERR_IO},          {"XX001", ERR_CORRUPT},
                  {"XX002", ERR_CORRUPT}};
    const char *state = pq.PQresultErrorField(r, PG_DIAG_SQLSTATE);
    const char *text = pq.PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    const char *name = pq.PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME);
    if (!state) return problem_set(p, ERR_UNAVAILABLE, "database: the connection is gone");
    enum err e = ERR_INTERNAL;
    for (size_t i = 0; i < sizeof states / sizeof *states && e == ERR_INTERNAL; i++)
        if (!strncmp(state, states[i].state, strlen(states[i].state))) e = states[i].e;
    if (e == ERR_CONFLICT) snprintf(conflict, conflict_n, "%s", name ? name : "");
    bool quotes = !strncmp(state, "22", 2) || !strncmp(state, "23", 2);
    return problem_set(p, e, "database: %s%s%s", state, quotes ? "" : " ",
                       quotes || !text ? "" : text);
}
