// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Lists and counts. A page begins after its cursor by key, never by offset, so that the last page
// costs what the first does; rows are handed on as they are read, without copies.
#include "campus/mem.h"
#include "campus/search.h"
#include "record/store_sql.h"

// Nulls come first upwards and last downwards, said aloud because PostgreSQL has it otherwise. The
// number follows the direction of what stands before it, so that an index serves both.
static bool is_nullable(int column) {
    return column >= 0 || column == COLUMN_STATE;
}
static bool n_desc(const struct page *pg) {
    return pg->norder && pg->order[pg->norder - 1].desc;
}

static void write_order(struct sql *q, const struct entity *e, const struct page *pg) {
    buf_puts(&q->text, " ORDER BY ");
    for (int i = 0; i < pg->norder; i++) {
        const struct order *o = &pg->order[i];
        const char *nulls = !is_nullable(o->column) ? "" : o->desc ? " NULLS LAST" : " NULLS FIRST";
        buf_printf(&q->text, "%s%s%s,", column_sql(e, o->column), o->desc ? " DESC" : "", nulls);
    }
    buf_puts(&q->text, n_desc(pg) ? "n DESC" : "n");
}

// "(column after its cursor value, or equal and the rest after)" from the i-th order column on.
static void write_after(struct sql *q, const struct entity *e, const struct page *pg, int i) {
    if (i == pg->norder) {
        buf_puts(&q->text, n_desc(pg) ? "n<" : "n>");
        sql_arg(q, &pg->after[i]);
        return;
    }
    const struct value *v = &pg->after[i];
    const char *col = column_sql(e, pg->order[i].column);
    bool desc = pg->order[i].desc;
    if (value_is_null(v)) {
        buf_printf(&q->text, desc ? "(%s IS NULL AND " : "(%s IS NOT NULL OR ", col);
        write_after(q, e, pg, i + 1);
        buf_putc(&q->text, ')');
        return;
    }
    buf_printf(&q->text, "(%s%s", col, desc ? "<" : ">");
    sql_arg(q, v);
    if (desc && is_nullable(pg->order[i].column)) buf_printf(&q->text, " OR %s IS NULL", col);
    buf_printf(&q->text, " OR (%s=", col);
    sql_arg(q, v);
    buf_puts(&q->text, " AND ");
    write_after(q, e, pg, i + 1);
    buf_puts(&q->text, "))");
}

// A cursor splits what is left into at most two ranges that an index can seek: the rest of the
// values, and the nulls on their far side. False when there is no such part.
static bool write_part(struct sql *q, const struct entity *e, const struct page *pg, int part) {
    if (!pg->after) return part == 0;
    const char *col = pg->norder ? column_sql(e, pg->order[0].column) : "n";
    bool nullable = pg->norder && is_nullable(pg->order[0].column), desc = n_desc(pg);
    bool null = value_is_null(&pg->after[0]);
    if (part == 1) {
        if (!nullable || pg->order[0].desc == null) return false;
        buf_printf(&q->text, " AND %s IS %sNULL", col, null ? "NOT " : "");
        return true;
    }
    bool row = !null; // one comparison of row values does, if all go the same way
    for (int i = 1; i < pg->norder; i++)
        row = row && pg->order[i].desc == pg->order[0].desc && !is_nullable(pg->order[i].column);
    if (null) {
        buf_printf(&q->text, " AND %s IS NULL AND ", col);
        write_after(q, e, pg, 1);
    } else if (row) {
        buf_puts(&q->text, " AND (");
        for (int i = 0; i < pg->norder; i++)
            buf_printf(&q->text, "%s,", column_sql(e, pg->order[i].column));
        buf_printf(&q->text, "n)%s(", desc ? "<" : ">");
        for (int i = 0; i <= pg->norder; i++) {
            if (i) buf_putc(&q->text, ',');
            sql_arg(q, &pg->after[i]);
        }
        buf_putc(&q->text, ')');
    } else {
        buf_printf(&q->text, " AND %s%s", col, pg->order[0].desc ? "<=" : ">=");
        sql_arg(q, &pg->after[0]);
        buf_puts(&q->text, " AND ");
        write_after(q, e, pg, 0);
        // the nulls behind are the second part's
        if (nullable && pg->order[0].desc) buf_printf(&q->text, " AND %s IS NOT NULL", col);
    }
    return true;
}

static enum err write_where(struct store *s, const struct entity *e, const struct page *pg,
                            struct sql *q) {
    if (pg->where && pg->where->op != COND_TRUE) {
        buf_puts(&q->text, " AND ");
        cond_sql(pg->where, e, q);
    }
    if (pg->search) search_sql(s, e, pg->search, q);
    if (pg->blind_field < 0) return ERR_OK;
    const struct field *f = &e->fields[pg->blind_field];
    struct value mark;
    enum err x = store_mark(s, e, f, &pg->blind, pg->blind_last4, &mark);
    if (x) return x;
    buf_printf(&q->text, " AND %s%s%s", store_mark_column(f), f->name,
               pg->blind_last4 ? ">=" : "=");
    sql_arg(q, &mark);
    if (!pg->blind_last4) return ERR_OK;
    char *end = arena_strndup(s->arena, mark.p, mark.n); // the last bit of 15 is not used
    end[mark.n - 1] |= 1;
    struct value upto = {.kind = VALUE_BLOB, .p = end, .n = mark.n};
    buf_printf(&q->text, " AND %s%s<", store_mark_column(f), f->name);
    sql_arg(q, &upto);
    return ERR_OK;
}

// A blind index groups several values; what was asked for is known once the field is open.
static enum err is_match(struct store *s, const struct page *pg, struct record *r, bool *match) {
    *match = true;
    if (pg->blind_field < 0) return ERR_OK;
    const struct field *f = &r->entity->fields[pg->blind_field];
    struct value sealed = r->values[f->index];
    uint64_t generation = r->generation;
    enum err e = store_has_value(s, r, f, &pg->blind, pg->blind_last4, match);
    r->values[f->index] = sealed; // whether it may be seen is the gate's to say
    r->generation = generation;
    return e;
}

static void keep_last(struct store *s, const struct page *pg, const struct record *r,
                      struct value *last, int *nlast) {
    for (int i = 0; i <= pg->norder; i++) {
        struct value v = column_value(r, i < pg->norder ? pg->order[i].column : COLUMN_N);
        if (v.p) v.p = arena_strndup(s->arena, v.p, v.n);
        last[i] = v;
    }
    *nlast = pg->norder + 1;
}

enum err store_list(struct store *s, const struct entity *e, const struct page *pg,
                    enum err (*fn)(void *, struct record *), void *self, bool *more,
                    struct value *last, int *nlast) {
    struct record r = {0};
    int found = 0;
    *more = false;
    *nlast = 0;
    for (int part = 0; part < 2; part++) {
        struct sql q;
        sql_init(&q, s->arena);
        buf_puts(&q.text, e->sql_list);
        enum err x = write_where(s, e, pg, &q);
        if (x) return problem_set(s->problem, x, "the filter cannot be applied");
        if (!write_part(&q, e, pg, part)) break;
        write_order(&q, e, pg);
        if (pg->blind_field < 0) { // else rows that merely share the mark would count
            struct value limit = value_int(pg->limit + 1);
            buf_puts(&q.text, " LIMIT ");
            sql_arg(&q, &limit);
        }
        struct stmt *st = db_queryv(s->db, s->problem, buf_str(&q.text), q.args, q.nargs);
        if (!st) return s->problem->code;
        for (bool row, match; !(x = stmt_step(st, &row, s->problem)) && row;) {
            store_read_row(s, e, st, false, &r);
            if ((x = is_match(s, pg, &r, &match))) break;
            if (!match) continue;
            if (found == pg->limit) {
                *more = true;
                break;
            }
            if (++found == pg->limit) keep_last(s, pg, &r, last, nlast);
            if ((x = fn(self, &r))) break;
        }
        stmt_reset(st);
        if (x || *more) return x;
    }
    return ERR_OK;
}

enum err store_count(struct store *s, const struct entity *e, const struct page *pg, int64_t *n) {
    struct sql q;
    sql_init(&q, s->arena);
    if (pg->blind_field >= 0)
        buf_puts(&q.text, e->sql_list);
    else
        buf_printf(&q.text, "SELECT count(*) FROM %s t WHERE t.archived_at=0", e->table);
    enum err x = write_where(s, e, pg, &q);
    if (x) return problem_set(s->problem, x, "the filter cannot be applied");
    struct stmt *st = db_queryv(s->db, s->problem, buf_str(&q.text), q.args, q.nargs);
    if (!st) return s->problem->code;
    struct record r = {0};
    *n = 0;
    for (bool row, match; !(x = stmt_step(st, &row, s->problem)) && row;) {
        if (pg->blind_field < 0) {
            *n = stmt_int(st, 0);
            break;
        }
        store_read_row(s, e, st, false, &r);
        if ((x = is_match(s, pg, &r, &match))) break;
        *n += match;
    }
    stmt_reset(st);
    return x;
}
