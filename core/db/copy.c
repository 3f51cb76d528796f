// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The copier. One page of rows at a time is read after the last key; a page grows and shrinks with
// what its rows weigh, since a server sends it whole.
#include "campus/copy.h"

#include <sodium.h>
#include "campus/buf.h"
#include "campus/mem.h"

enum { PAGE_FIRST = 16, PAGE_MAX = 2048, LIGHT = 1 << 20, HEAVY = 8 << 20 };

struct pager {
    struct db *db;
    const struct copy_table *t;
    struct arena *arena;
    const char *sql_first, *sql_next, *sql_last;
    struct value key[COPY_KEYS]; // of the last row; nothing yet: `begun` is false
    struct buf kept;             // what it consists of
    struct value *row;           // the columns of one
    bool begun;
    int64_t limit;
    struct problem *p;
};

enum err copy_tables(struct db *db, struct arena *a, struct copy_table **out, struct problem *p) {
    enum { COLUMNS_MAX = 512 };
    struct copy_column *columns = NULL;
    struct copy_table *t = NULL, **tail = out;
    struct stmt *st = db_query(db, p, db_catalog(db), "");
    enum err e = ERR_OK;
    *out = NULL;
    while (stmt_next(st, &e, p)) {
        const char *name = stmt_text(st, 0, NULL);
        int64_t key = stmt_int(st, 3);
        if (!t || strcmp(t->name, name)) {
            t = *tail = arena_alloc(a, sizeof *t);
            tail = &t->next;
            t->name = arena_strdup(a, name);
            t->columns = columns = arena_alloc(a, sizeof *columns * COLUMNS_MAX);
        }
        if (t->ncolumns == COLUMNS_MAX || key > COPY_KEYS) {
            stmt_reset(st);
            return problem_set(p, ERR_TOO_LARGE, "%s: too many columns", t->name);
        }
        if (key) t->keys[key - 1] = t->ncolumns, t->nkeys += 1;
        columns[t->ncolumns].kind = *stmt_text(st, 2, NULL);
        columns[t->ncolumns++].name = arena_strdup(a, stmt_text(st, 1, NULL));
    }
    return e;
}

static void put_columns(struct buf *b, const struct copy_table *t) {
    for (int i = 0; i < t->ncolumns; i++) buf_printf(b, "%s%s", i ? "," : "", t->columns[i].name);
}

static void put_keys(struct buf *b, const struct copy_table *t, const char *after) {
    for (int i = 0; i < t->nkeys; i++)
        buf_printf(b, "%s%s%s", i ? "," : "", t->columns[t->keys[i]].name, after);
}

static const char *select_text(struct pager *g, bool first) {
    const struct copy_table *t = g->t;
    struct buf b;
    buf_init(&b, g->arena);
    buf_puts(&b, "SELECT "), put_columns(&b, t), buf_printf(&b, " FROM %s", t->name);
    if (!first) {
        buf_puts(&b, " WHERE ("), put_keys(&b, t, ""), buf_puts(&b, ")>(");
        for (int i = 0; i < t->nkeys; i++) buf_printf(&b, "%s$%d", i ? "," : "", i + 1);
        buf_putc(&b, ')');
    }
    buf_puts(&b, " ORDER BY "), put_keys(&b, t, "");
    buf_printf(&b, " LIMIT $%d", first ? 1 : t->nkeys + 1);
    return buf_str(&b);
}

static enum err pager_open(struct pager *g, struct db *db, const struct copy_table *t,
                           struct problem *p) {
    struct buf b;
    *g = (struct pager){.db = db, .t = t, .arena = arena_new(1 << 20), .limit = PAGE_FIRST, .p = p};
    if (!g->arena) return (void)problem_set(p, ERR_NOMEM, NULL), ERR_NOMEM;
    if (!t->nkeys) {
        arena_free(g->arena);
        (void)problem_set(p, ERR_UNSUPPORTED, "%s has no primary key", t->name);
        return ERR_UNSUPPORTED;
    }
    buf_init(&g->kept, NULL);
    g->row = arena_alloc(g->arena, sizeof *g->row * (size_t)t->ncolumns);
    g->sql_first = select_text(g, true);
    g->sql_next = select_text(g, false);
    buf_init(&b, g->arena);
    buf_puts(&b, "SELECT "), put_keys(&b, t, ""), buf_printf(&b, " FROM %s ORDER BY ", t->name);
    put_keys(&b, t, " DESC");
    buf_puts(&b, " LIMIT 1");
    g->sql_last = buf_str(&b);
    return ERR_OK;
}

static void pager_close(struct pager *g) {
    buf_fini(&g->kept);
    arena_free(g->arena);
}

// Borrowed from the row.
static struct value value_at(struct stmt *st, int col, char kind) {
    size_t n;
    const char *s;
    if (stmt_is_null(st, col)) return value_null();
    if (kind == 'i') return value_int(stmt_int(st, col));
    s = kind == 't' ? stmt_text(st, col, &n) : stmt_blob(st, col, &n);
    return (struct value){.kind = kind == 't' ? VALUE_TEXT : VALUE_BLOB, .p = n ? s : "", .n = n};
}

// Keeps the key of a row; its columns stand in `at` of it, or in the order of the key.
static void keep_key(struct pager *g, struct stmt *st, const int *at) {
    buf_trim(&g->kept, g->kept.len);
    for (int i = 0; i < g->t->nkeys; i++) {
        g->key[i] = value_at(st, at ? at[i] : i, g->t->columns[g->t->keys[i]].kind);
        buf_put(&g->kept, g->key[i].p, g->key[i].n);
    }
    const char *p = g->kept.data;
    for (int i = 0; i < g->t->nkeys; i++)
        if (g->key[i].kind != VALUE_INT) g->key[i].p = p ? p : "", p += g->key[i].n;
    g->begun = true;
}

// Begins after the last row that `db` has of the table.
static enum err begin_after(struct pager *g, struct db *db) {
    struct stmt *st = db_query(db, g->p, g->sql_last, "");
    enum err e = ERR_OK;
    if (!stmt_next(st, &e, g->p)) return e;
    keep_key(g, st, NULL);
    stmt_reset(st);
    return ERR_OK;
}

// Calls fn with the values of each row of the next page; *n is how many there were, *more whether
// there may be others.
static enum err page(struct pager *g,
                     enum err (*fn)(void *self, const struct value *v, struct problem *p),
                     void *self, int64_t *n, bool *more) {
    const struct copy_table *t = g->t;
    struct value limit = value_int(g->limit), *v = g->row;
    size_t weight = 0;
    struct stmt *st = db_prepare(g->db, g->p, g->begun ? g->sql_next : g->sql_first);
    if (!st) return g->p->code;
    int i = 0;
    if (g->begun)
        for (; i < t->nkeys; i++) stmt_bind(st, i + 1, &g->key[i]);
    stmt_bind(st, i + 1, &limit);
    // what is bound stays borrowed until the end: the next key is kept apart until then
    struct buf bound = g->kept;
    buf_init(&g->kept, NULL);
    enum err e = ERR_OK;
    for (*n = 0; stmt_next(st, &e, g->p); ++*n) {
        for (i = 0; i < t->ncolumns; i++) {
            v[i] = value_at(st, i, t->columns[i].kind);
            weight += v[i].n + 8;
        }
        keep_key(g, st, t->keys);
        e = fn(self, v, g->p);
    }
    stmt_reset(st);
    buf_fini(&bound);
    *more = *n == g->limit;
    if (weight < LIGHT && g->limit < PAGE_MAX) g->limit *= 2;
    if (weight > HEAVY && g->limit > 1) g->limit /= 2;
    return e;
}

struct target {
    struct db *db;
    const char *insert;
    int columns;
};

static enum err insert_row(void *self, const struct value *v, struct problem *p) {
    struct target *to = self;
    return db_sendv(to->db, p, to->insert, v, to->columns);
}

enum err copy_rows(struct db *from, struct db *to, const struct copy_table *t,
                   copy_progress *progress, void *self, struct problem *p) {
    struct pager g;
    struct buf b;
    enum err e = pager_open(&g, from, t, p);
    if (e) return e;
    buf_init(&b, g.arena);
    buf_printf(&b, "INSERT INTO %s(", t->name), put_columns(&b, t), buf_puts(&b, ") VALUES(");
    for (int i = 0; i < t->ncolumns; i++) buf_printf(&b, "%s$%d", i ? "," : "", i + 1);
    buf_putc(&b, ')');
    struct target target = {to, buf_str(&b), t->ncolumns};
    e = begin_after(&g, to);
    int64_t n = 0;
    for (bool more = true; more && !e;) {
        e = db_begin(to, p);
        if (!e) e = page(&g, insert_row, &target, &n, &more);
        if (!e) e = db_commit(to, p);
        if (e) db_rollback(to);
        if (!e && progress && !progress(self, n)) e = problem_set(p, ERR_CONFLICT, "cancelled");
        db_tend(to, false);
    }
    if (!e && t->nkeys == 1 && t->columns[t->keys[0]].kind == 'i')
        e = db_set_serial(to, t->name, t->columns[t->keys[0]].name, p);
    pager_close(&g);
    return e;
}

struct hashing {
    crypto_generichash_state *state;
    int columns;
};

static enum err hash_row(void *self, const struct value *v, struct problem *p) {
    struct hashing *h = self;
    (void)p;
    for (int i = 0; i < h->columns; i++) {
        const uint64_t head[] = {(uint64_t)v[i].kind, (uint64_t)v[i].i, v[i].n};
        crypto_generichash_update(h->state, (const uint8_t *)head, sizeof head);
        if (v[i].n) crypto_generichash_update(h->state, (const uint8_t *)v[i].p, v[i].n);
    }
    return ERR_OK;
}

enum err copy_hash(struct db *db, const struct copy_table *t, uint8_t out[COPY_HASH], int64_t *rows,
                   struct problem *p) {
    crypto_generichash_state state;
    struct hashing h = {&state, t->ncolumns};
    struct pager g;
    enum err e = pager_open(&g, db, t, p);
    if (e) return e;
    crypto_generichash_init(&state, NULL, 0, COPY_HASH);
    *rows = 0;
    int64_t n = 0;
    for (bool more = true; more && !e;) {
        e = page(&g, hash_row, &h, &n, &more);
        if (!e) *rows += n;
    }
    crypto_generichash_final(&state, out, COPY_HASH);
    pager_close(&g);
    return e;
}
