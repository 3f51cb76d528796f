// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What is unique in lists: each value in its normal form, a row beside the records that hold it.
// One writer looks and then writes, so of two at the same instant the second finds the first's
// rows.
#include <stdlib.h>
#include <string.h>
#include "campus/mem.h"
#include "campus/store.h"
#include "campus/text.h"
#include "record/store_sql.h"

const char once_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_once(value TEXT NOT NULL, field TEXT NOT NULL,"
    " entity TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY(value, field, entity)){clustered};"
    "CREATE INDEX IF NOT EXISTS i_once_record ON core_once(record);";

struct mark {
    const struct field *list, *field;
    const char *name, *value, *record; // "lines.invoice_no"
    size_t n, line;
};
struct marks {
    struct mark *list;
    size_t n, cap;
};
enum { AT_ONCE = 16, PAGE_ROWS = 100 };

static bool counts(const struct entity *e, int state) {
    return state < 0 || !e->workflow->states[state].frees;
}

static struct mark *one_more(struct marks *m, struct arena *a) {
    if (m->n == m->cap) {
        struct mark *more = arena_alloc(a, sizeof *more * (2 * m->cap + AT_ONCE));
        if (m->n) memcpy(more, m->list, sizeof *more * m->n);
        m->list = more;
        m->cap = 2 * m->cap + AT_ONCE;
    }
    return &m->list[m->n++];
}

static void of_list(struct arena *a, const struct field *list, const struct value *v,
                    const char *record, struct marks *out) {
    json_t *lines = NULL, *line;
    size_t i;
    for (int k = 0; k < list->nlines; k++) {
        const struct field *f = &list->lines[k];
        const char *name = f->unique ? arena_printf(a, "%s.%s", list->name, f->name) : NULL;
        if (!name || v->kind != VALUE_JSON) continue;
        if (!lines && json_parse(a, v->p, v->n, &lines, NULL)) return;
        json_array_foreach(lines, i, line) {
            const json_t *cell = json_object_get(line, f->name);
            const char *s = json_string_value(cell);
            size_t n = json_string_length(cell);
            if (json_is_integer(cell))
                s = arena_printf(a, "%lld", (long long)json_integer_value(cell)), n = strlen(s);
            if (!n) continue; // left empty
            s = text_normal(a, s, n, &n);
            *one_more(out, a) = (struct mark){list, f, name, s, record, n, i};
        }
    }
}

static struct marks marks_of(struct arena *a, const struct entity *e, const struct value *values,
                             const char *record) {
    struct marks m = {0};
    for (int i = 0; i < e->nfields; i++) of_list(a, &e->fields[i], &values[i], record, &m);
    return m;
}

static enum err refuse(struct store *s, const struct mark *m, const char *en, const char *zh) {
    return problem_say(s->problem, ERR_CONFLICT,
                       arena_printf(s->arena, "/%s/%zu/%s", m->list->name, m->line, m->field->name),
                       "unique", en, zh);
}

static int by_value(const void *x, const void *y) {
    const struct mark *a = x, *b = y;
    int d = strcmp(a->name, b->name);
    if (!d) d = memcmp(a->value, b->value, a->n < b->n ? a->n : b->n);
    if (!d) d = (a->n > b->n) - (a->n < b->n);
    return d ? d : (a->line > b->line) - (a->line < b->line);
}

static bool same(const struct mark *a, const struct mark *b) {
    return a->n == b->n && !memcmp(a->value, b->value, a->n) && !strcmp(a->name, b->name);
}

static enum err one_line_each(struct store *s, struct marks *m) {
    enum err e = ERR_OK;
    if (m->n > 1) qsort(m->list, m->n, sizeof *m->list, by_value);
    for (size_t i = 1; i < m->n; i++)
        if (same(&m->list[i - 1], &m->list[i]))
            e = refuse(s, &m->list[i], "another line has the same value", "与另一行重复");
    return e;
}

// Those of `n` that other records have.
static enum err nobody_else(struct store *s, const struct entity *e, const struct mark *m,
                            size_t n) {
    struct sql q;
    enum err x = ERR_OK;
    sql_init(&q, s->arena);
    buf_puts(&q.text, "SELECT field,value FROM core_once WHERE value IN (");
    for (size_t i = 0; i < n; i++) {
        struct value v = value_textn(m[i].value, m[i].n);
        if (i) buf_putc(&q.text, ',');
        sql_arg(&q, &v);
    }
    struct value entity = value_text(e->full), record = value_text(m->record);
    buf_puts(&q.text, ") AND entity="), sql_arg(&q, &entity);
    buf_puts(&q.text, " AND record<>"), sql_arg(&q, &record);
    struct stmt *st = db_queryv(s->db, s->problem, buf_str(&q.text), q.args, q.nargs);
    bool taken[AT_ONCE] = {false};
    while (stmt_next(st, &x, s->problem)) {
        struct mark has = {.name = stmt_text(st, 0, NULL)};
        has.value = stmt_text(st, 1, &has.n);
        for (size_t i = 0; i < n; i++) taken[i] |= same(&has, &m[i]);
    }
    for (size_t i = 0; i < n && (!x || x == ERR_CONFLICT); i++)
        if (taken[i])
            x = refuse(s, &m[i], "another record has the same value", "已在其他记录中使用");
    return x;
}

static void insert_sql(struct sql *q, const struct entity *e, const struct mark *m, size_t n) {
    buf_puts(&q->text, "INSERT INTO core_once(value,field,entity,record) VALUES ");
    for (size_t i = 0; i < n; i++) {
        struct value row[] = {value_textn(m[i].value, m[i].n), value_text(m[i].name),
                              value_text(e->full), value_text(m[i].record)};
        for (int k = 0; k < 4; k++)
            buf_puts(&q->text, k ? "," : i ? ",(" : "("), sql_arg(q, &row[k]);
        buf_putc(&q->text, ')');
    }
}

static enum err write(struct store *s, const struct record *r, const struct value *values, bool was,
                      bool is) {
    struct marks m = marks_of(s->arena, r->entity, values, r->id);
    enum err e = one_line_each(s, &m);
    for (size_t i = 0; i < m.n && is && (!e || e == ERR_CONFLICT); i += AT_ONCE) {
        enum err x = nobody_else(s, r->entity, &m.list[i], m.n - i < AT_ONCE ? m.n - i : AT_ONCE);
        if (x) e = x;
    }
    if (!e && was) e = once_drop(s, r->entity, NULL, r->id);
    for (size_t i = 0; i < m.n && is && !e; i += AT_ONCE) {
        struct sql q;
        sql_init(&q, s->arena);
        insert_sql(&q, r->entity, &m.list[i], m.n - i < AT_ONCE ? m.n - i : AT_ONCE);
        e = db_sendv(s->db, s->problem, buf_str(&q.text), q.args, q.nargs);
    }
    return e;
}

enum err once_insert(struct store *s, const struct record *r) {
    return write(s, r, r->values, false, counts(r->entity, r->state));
}

enum err once_update(struct store *s, const struct record *r, const struct input *in, int state) {
    const struct entity *e = r->entity;
    bool was = counts(e, r->state), is = counts(e, state >= 0 ? state : r->state), written = false;
    for (int i = 0; in && i < e->nfields; i++)
        written |= fieldset_has(&in->present, i) && e->fields[i].nlines;
    if (!written && was == is) return ERR_OK;
    return write(s, r, input_over(s->arena, e, r->values, in), was, is);
}

enum err once_drop(struct store *s, const struct entity *e, const struct field *list,
                   const char *record) {
    enum err x = ERR_OK;
    if (!e->once) return ERR_OK;
    if (!list)
        return db_send(s->db, s->problem, "DELETE FROM core_once WHERE record=$1", "t", record);
    for (int i = 0; i < list->nlines && !x; i++)
        if (list->lines[i].unique)
            x = db_send(s->db, s->problem, "DELETE FROM core_once WHERE record=$1 AND field=$2",
                        "tt", record,
                        arena_printf(s->arena, "%s.%s", list->name, list->lines[i].name));
    return x;
}

// Of records that are there already, a page a time; *n: the last one's number, 0 at the end.
static enum err fill_page(struct store *s, const struct entity *e, int64_t *n, size_t *total) {
    struct marks m = {0};
    struct record r = {0};
    enum err x = ERR_OK;
    struct stmt *st =
        db_query(s->db, s->problem,
                 arena_printf(s->arena, "%s AND t.n>$1 ORDER BY t.n LIMIT $2", e->sql_list), "ii",
                 *n, (int64_t)PAGE_ROWS);
    *n = 0;
    while (stmt_next(st, &x, s->problem)) {
        store_read_row(s, e, st, false, &r);
        *n = r.n;
        const char *id = arena_strdup(s->arena, r.id);
        for (int i = 0; i < e->nfields && counts(e, r.state); i++)
            of_list(s->arena, &e->fields[i], &r.values[i], id, &m);
    }
    for (size_t i = 0; i < m.n && !x; i += AT_ONCE) {
        struct sql q;
        sql_init(&q, s->arena);
        insert_sql(&q, e, &m.list[i], m.n - i < AT_ONCE ? m.n - i : AT_ONCE);
        buf_puts(&q.text, " ON CONFLICT DO NOTHING");
        x = db_sendv(s->db, s->problem, buf_str(&q.text), q.args, q.nargs);
    }
    *total += m.n;
    return x;
}

// What is unique, and in which states it is not, in words.
static const char *meaning(struct arena *a, const struct entity *e) {
    struct buf b;
    if (!e->once) return NULL;
    buf_init(&b, a);
    for (int i = 0; i < e->nfields; i++)
        for (int k = 0; k < e->fields[i].nlines; k++)
            if (e->fields[i].lines[k].unique)
                buf_printf(&b, "%s.%s ", e->fields[i].name, e->fields[i].lines[k].name);
    for (int i = 0; e->workflow && i < e->workflow->nstates; i++)
        if (e->workflow->states[i].frees) buf_printf(&b, "-%s ", e->workflow->states[i].name);
    return buf_str(&b);
}

static enum err settle_one(struct store *s, const struct entity *e) {
    const char *key = arena_printf(s->arena, "once:%s", e->full);
    const char *was = NULL, *is = meaning(s->arena, e);
    struct stmt *st =
        db_query(s->db, s->problem, "SELECT value FROM core_meta WHERE key=$1", "t", key);
    enum err x = ERR_OK;
    if (stmt_next(st, &x, s->problem)) stmt_take(st, s->arena, "t", &was), stmt_reset(st);
    if (x || (!was && !is) || (was && is && !strcmp(was, is))) return x;
    x = db_run(s->db, s->problem, NULL, "DELETE FROM core_once WHERE entity=$1", "t", e->full);
    if (!x) x = db_run(s->db, s->problem, NULL, "DELETE FROM core_meta WHERE key=$1", "t", key);
    int64_t n = 0, kept = 0;
    size_t total = 0;
    for (bool more = is != NULL; more && !x; more = n != 0) {
        struct store page = *s;
        page.arena = arena_new(256 << 20);
        if (!page.arena) return problem_set(s->problem, ERR_NOMEM, NULL);
        x = fill_page(&page, e, &n, &total);
        arena_free(page.arena);
    }
    if (x || !is) return x;
    x = db_int(s->db, s->problem, &kept, 0, "SELECT count(*) FROM core_once WHERE entity=$1", "t",
               e->full);
    if (!x && kept != (int64_t)total)
        return problem_add(s->problem, ERR_CONFLICT, NULL, "unique",
                           "%s: %lld values that are to be unique (%s) are there more than once",
                           e->full, (long long)((int64_t)total - kept), is);
    return x ? x
             : db_run(s->db, s->problem, NULL, "INSERT INTO core_meta(key,value) VALUES($1,$2)",
                      "tt", key, is);
}

enum err once_settle(struct store *s, const struct schema *schema) {
    enum err e = ERR_OK;
    for (int i = 0; i < schema->nentities && !e; i++) e = settle_one(s, schema->entities[i]);
    return e;
}
