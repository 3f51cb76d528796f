// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The indexes of search: a table an entity and its search fields, named after both, so that a
// release whose fields differ fills one of its own while requests of the old one end in theirs.
// What changed is noted and written just before the commit, once, from what the records have
// become: savepoints, which FTS5 would flush at, never see it.
#include "campus/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "campus/mem.h"

// In core_meta: "search:" and the table; the number of the last record that is in it, or this.
static const char FULL[] = "full";

static const char *const *columns(struct arena *a, const struct entity *e, const int *fields,
                                  int n) {
    const char **out = arena_alloc(a, sizeof *out * (size_t)(n + 1));
    for (int i = 0; i < n; i++) out[i] = arena_printf(a, "c_%s", e->fields[fields[i]].name);
    return out;
}

void search_sql(struct store *s, const struct entity *e, const struct search *search,
                struct sql *out) {
    struct arena *a = s->arena;
    for (int w = 0; w < search->nwords; w++) {
        buf_puts(&out->text, w ? " AND (" : " AND ((");
        for (int i = 0; i < search->nways; i++) {
            const struct search_way *way = &search->ways[i];
            const char *const *cols = columns(a, e, way->fields, way->n);
            struct buf query;
            buf_init(&query, a);
            db_search_query(s->db, &query, cols, way->n, search->words[w].tokens,
                            search->words[w].prefix);
            struct value v = value_textn(query.data, query.len);
            if (i) buf_puts(&out->text, " OR ");
            buf_putc(&out->text, '(');
            db_search_match(s->db, &out->text, e->search_table, cols, way->n, sql_keep(out, &v));
            if (way->where) {
                buf_puts(&out->text, " AND ");
                cond_sql(way->where, e, out);
            }
            buf_putc(&out->text, ')');
        }
        if (!search->nways) buf_puts(&out->text, "1=0");
        buf_putc(&out->text, ')');
    }
    if (search->nwords) buf_putc(&out->text, ')');
}

// One record's row, from what the record is now.
static enum err write_row(struct store *s, const struct entity *e, const char *table, int64_t n,
                          struct stmt *st, int first) {
    struct arena *a = s->arena;
    struct buf sql;
    struct value v = value_int(n);
    const char **texts = arena_alloc(a, sizeof *texts * (size_t)(e->nsearch + 1));
    size_t used = 0;
    for (int i = 0; i < e->nsearch; i++) {
        size_t len;
        const char *t = stmt_text(st, first + i, &len);
        const char *tokens =
            t ? search_tokens(a, t, len, e->fields[e->search[i]].search == SEARCH_NAME) : "";
        struct buf text;
        buf_init(&text, a);
        db_search_text(s->db, &text, tokens);
        texts[i] = buf_str(&text);
        used += strlen(tokens);
    }
    buf_init(&sql, a);
    if (used)
        db_search_put(s->db, &sql, table, columns(a, e, e->search, e->nsearch), e->nsearch);
    else
        buf_printf(&sql, "DELETE FROM %s WHERE %s=$1", table, db_search_key(s->db));
    struct stmt *put = db_prepare(s->db, s->problem, buf_str(&sql));
    if (!put) return s->problem->code;
    stmt_bind(put, 1, &v);
    for (int i = 0; used && i < e->nsearch; i++) {
        struct value text = value_text(texts[i]);
        stmt_bind(put, i + 2, &text);
    }
    bool row;
    return stmt_step(put, &row, s->problem);
}

static void put_select(struct buf *b, const struct entity *e) {
    buf_puts(b, "SELECT n,archived_at");
    for (int i = 0; i < e->nsearch; i++) buf_printf(b, ",%s", e->fields[e->search[i]].column);
    buf_printf(b, " FROM %s ", e->table);
}

enum err search_index(struct store *s, const struct entity *e, const char *id) {
    struct buf sql;
    if (!e->nsearch) return ERR_OK;
    buf_init(&sql, s->arena);
    put_select(&sql, e);
    buf_puts(&sql, "WHERE id=$1");
    struct stmt *st = db_query(s->db, s->problem, buf_str(&sql), "t", id);
    enum err x = ERR_OK;
    if (!stmt_next(st, &x, s->problem)) return x; // undone: nothing was written of it
    int64_t n = stmt_int(st, 0);
    if (stmt_int(st, 1))
        x = db_run(s->db, s->problem, NULL,
                   arena_printf(s->arena, "DELETE FROM %s WHERE %s=$1", e->search_table,
                                db_search_key(s->db)),
                   "i", n);
    else
        x = write_row(s, e, e->search_table, n, st, 2);
    stmt_reset(st);
    return x;
}

static enum err at_commit(struct db *db, const void *about, const char *id, struct problem *p) {
    struct arena *a = arena_new(64 << 20);
    if (!a) return ERR_NOMEM;
    struct problem inner; // its texts would go with the arena
    problem_init(&inner, a);
    struct store s = {.db = db, .arena = a, .school = "", .problem = &inner};
    enum err e = search_index(&s, about, id);
    if (e) problem_set(p, e, "the search index cannot be written");
    arena_free(a);
    return e;
}

enum err search_touch(struct store *s, const struct entity *e, const char *id) {
    return e->nsearch ? db_before_commit(s->db, at_commit, e, id) : ERR_OK;
}

// Tables

struct table {
    struct table *next;
    const char *name;
    int64_t at; // -1: full
};

// Those that there are; of one entity, or of all.
static enum err tables(struct store *s, const struct entity *e, struct table **out) {
    const char *begin = e ? arena_printf(s->arena, "x_%s_", e->table + 2) : "x_";
    size_t n = strlen(begin);
    struct stmt *st =
        db_query(s->db, s->problem,
                 "SELECT key,value FROM core_meta WHERE key LIKE 'search:%' ORDER BY key", "");
    enum err x = ERR_OK;
    *out = NULL;
    while (stmt_next(st, &x, s->problem)) {
        const char *name = stmt_text(st, 0, NULL) + strlen("search:");
        // what follows the entity is a hash without an underscore
        if (strncmp(name, begin, n) || (e && strchr(name + n, '_'))) continue;
        struct table *t = arena_alloc(s->arena, sizeof *t);
        const char *at = stmt_text(st, 1, NULL);
        *t = (struct table){*out, arena_strdup(s->arena, name),
                            strcmp(at, FULL) ? strtoll(at, NULL, 10) : -1};
        *out = t;
    }
    return x;
}

static const struct entity *entity_of(const struct schema *schema, const char *table) {
    for (int i = 0; i < schema->nentities; i++)
        if (schema->entities[i]->nsearch && !strcmp(schema->entities[i]->search_table, table))
            return schema->entities[i];
    return NULL;
}

static enum err set_progress(struct store *s, const char *table, const char *at) {
    return db_run(s->db, s->problem, NULL,
                  "INSERT INTO core_meta(key,value) VALUES($1,$2)"
                  " ON CONFLICT(key) DO UPDATE SET value=excluded.value",
                  "tt", arena_printf(s->arena, "search:%s", table), at);
}

enum err search_settle(struct store *s, const struct schema *schema) {
    struct table *all;
    enum err x = tables(s, NULL, &all);
    for (; all && !x; all = all->next) // should its release come back, it will have missed things
        if (!entity_of(schema, all->name)) x = set_progress(s, all->name, "0");
    for (int i = 0; i < schema->nentities && !x; i++) {
        const struct entity *e = schema->entities[i];
        int64_t records = 0;
        struct buf sql;
        if (!e->nsearch || db_has_table(s->db, e->search_table)) continue;
        buf_init(&sql, s->arena);
        db_search_table(s->db, &sql, e->search_table, columns(s->arena, e, e->search, e->nsearch),
                        e->nsearch);
        x = db_exec(s->db, buf_str(&sql), s->problem);
        if (!x)
            x = db_int(s->db, s->problem, &records, 0,
                       arena_printf(s->arena, "SELECT 1 FROM %s LIMIT 1", e->table), "");
        if (!x) x = set_progress(s, e->search_table, records ? "0" : FULL);
    }
    return x;
}

enum err search_is_due(struct store *s, const struct schema *schema, bool *due) {
    struct table *all;
    enum err x = tables(s, NULL, &all);
    *due = false;
    for (; all; all = all->next) *due = *due || all->at >= 0 || !entity_of(schema, all->name);
    return x;
}

static enum err fill_some(struct store *s, const struct entity *e, const struct table *t, int rows,
                          int64_t *done) {
    struct buf sql;
    int64_t last = t->at, n = 0;
    buf_init(&sql, s->arena);
    put_select(&sql, e);
    buf_puts(&sql, "WHERE n>$1 ORDER BY n LIMIT $2");
    struct stmt *st = db_query(s->db, s->problem, buf_str(&sql), "ii", t->at, (int64_t)rows);
    enum err x = ERR_OK;
    for (; stmt_next(st, &x, s->problem); n++) {
        last = stmt_int(st, 0);
        if (!stmt_int(st, 1)) x = write_row(s, e, t->name, last, st, 2);
    }
    stmt_reset(st);
    if (x) return x;
    *done += n;
    return set_progress(s, t->name,
                        n < rows ? FULL : arena_printf(s->arena, "%lld", (long long)last));
}

enum err search_fill(struct store *s, const struct schema *schema, int rows, int64_t *done,
                     bool *over) {
    struct table *all;
    enum err x = tables(s, NULL, &all);
    *over = false;
    for (struct table *t = all; t && !x; t = t->next) {
        const struct entity *e = entity_of(schema, t->name);
        if (e && t->at >= 0) return fill_some(s, e, t, rows, done);
    }
    for (struct table *t = all; t && !x; t = t->next) {
        if (entity_of(schema, t->name)) continue;
        x = db_exec(s->db, arena_printf(s->arena, "DROP TABLE IF EXISTS %s", t->name), s->problem);
        if (!x)
            x = db_run(s->db, s->problem, NULL, "DELETE FROM core_meta WHERE key=$1", "t",
                       arena_printf(s->arena, "search:%s", t->name));
    }
    *over = !x;
    return x;
}

enum err search_erase(struct store *s, const struct entity *e, const char *id) {
    struct table *all;
    int64_t n = 0;
    const char *purge = db_search_purge(s->db);
    enum err x = tables(s, e, &all);
    if (!x && all)
        x = db_int(s->db, s->problem, &n, 0,
                   arena_printf(s->arena, "SELECT n FROM %s WHERE id=$1", e->table), "t", id);
    for (struct table *t = all; t && !x; t = t->next) {
        x = db_run(
            s->db, s->problem, NULL,
            arena_printf(s->arena, "DELETE FROM %s WHERE %s=$1", t->name, db_search_key(s->db)),
            "i", n);
        if (!x && e->nsearch && !strcmp(t->name, e->search_table)) x = search_index(s, e, id);
        if (!x && purge) {
            struct buf sql;
            buf_init(&sql, s->arena);
            for (const char *c = purge; *c; c++)
                if (c[0] == '%' && c[1] == 's')
                    buf_puts(&sql, t->name), c++;
                else
                    buf_putc(&sql, *c);
            x = db_run(s->db, s->problem, NULL, buf_str(&sql), "");
        }
    }
    return x;
}
