// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Word search in PostgreSQL: a tsvector a column. Tokens go in as they are, past the parser, which
// would know better.
#include <string.h>
#include "db/postgres.h"

void pg_search_table(struct buf *sql, const char *table, const char *const *columns, int n) {
    buf_printf(sql, "CREATE TABLE %s(n BIGINT PRIMARY KEY", table);
    for (int i = 0; i < n; i++) buf_printf(sql, ",%s TSVECTOR", columns[i]);
    buf_puts(sql, ");");
    for (int i = 0; i < n; i++)
        buf_printf(sql, "CREATE INDEX ON %s USING GIN(%s);", table, columns[i]);
}

void pg_search_put(struct buf *sql, const char *table, const char *const *columns, int n) {
    buf_printf(sql, "INSERT INTO %s(n", table);
    for (int i = 0; i < n; i++) buf_printf(sql, ",%s", columns[i]);
    buf_puts(sql, ") VALUES($1");
    for (int i = 0; i < n; i++) buf_printf(sql, ",$%d::text::tsvector", i + 2);
    buf_puts(sql, ") ON CONFLICT(n) DO UPDATE SET ");
    for (int i = 0; i < n; i++)
        buf_printf(sql, "%s%s=excluded.%s", i ? "," : "", columns[i], columns[i]);
}

void pg_search_text(struct buf *out, const char *tokens) {
    int place = 0;
    for (const char *t = tokens; *t && place < 16383;) { // the last place there is
        size_t n = strcspn(t, " ");
        if (n) buf_printf(out, "%.*s:%d ", (int)n, t, ++place);
        t += n + (t[n] == ' ');
    }
}

void pg_search_query(struct buf *out, const char *const *columns, int n, const char *tokens,
                     bool prefix) {
    (void)columns, (void)n;
    for (const char *t = tokens; *t; t++) {
        if (*t == ' ')
            buf_puts(out, " <-> ");
        else
            buf_putc(out, *t);
    }
    if (prefix) buf_puts(out, ":*");
}

void pg_search_match(struct buf *sql, const char *table, const char *const *columns, int n,
                     int argument) {
    buf_printf(sql, "n IN (SELECT n FROM %s WHERE ", table);
    for (int i = 0; i < n; i++)
        buf_printf(sql, "%s%s @@ $%d::text::tsquery", i ? " OR " : "", columns[i], argument);
    buf_putc(sql, ')');
}
