// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The condition tree: two-valued, evaluated on a record or written as SQL.
#include <string.h>
#include "campus/mem.h"
#include "campus/record.h"

static const struct {
    const char *name;
    int column;
} SYSTEM[] = {{"id", COLUMN_ID},
              {"state", COLUMN_STATE},
              {"created_at", COLUMN_CREATED_AT},
              {"created_by", COLUMN_CREATED_BY},
              {"updated_at", COLUMN_UPDATED_AT}};

int column_find(const struct entity *e, const char *name) {
    for (size_t i = 0; i < sizeof SYSTEM / sizeof *SYSTEM; i++)
        if (!strcmp(SYSTEM[i].name, name)) return SYSTEM[i].column;
    const struct field *f = entity_field(e, name);
    return f ? f->index : COLUMN_NONE;
}

const char *column_sql(const struct entity *e, int column) {
    if (column >= 0) return e->fields[column].column;
    for (size_t i = 0; i < sizeof SYSTEM / sizeof *SYSTEM; i++)
        if (SYSTEM[i].column == column) return SYSTEM[i].name;
    return column == COLUMN_N ? "n" : "NULL";
}

struct value column_value(const struct record *r, int column) {
    switch (column) {
    case COLUMN_ID: return value_text(r->id);
    case COLUMN_N: return value_int(r->n);
    case COLUMN_STATE:
        return r->state >= 0 ? value_text(r->entity->workflow->states[r->state].name)
                             : value_null();
    case COLUMN_CREATED_AT: return value_int(r->created_at);
    case COLUMN_UPDATED_AT: return value_int(r->updated_at);
    case COLUMN_CREATED_BY: return value_text(r->created_by);
    default: return column >= 0 ? r->values[column] : value_null();
    }
}

struct cond *cond_new(struct arena *a, enum cond_op op) {
    struct cond *c = arena_alloc(a, sizeof *c);
    c->op = op;
    return c;
}

struct cond *cond_compare(struct arena *a, enum cond_op op, int column, const struct value *values,
                          int n) {
    struct cond *c = cond_new(a, op);
    c->column = column;
    c->values = values;
    c->nvalues = n;
    return c;
}

static const struct cond *join(struct arena *a, enum cond_op op, const struct cond *x,
                               const struct cond *y) {
    enum cond_op zero = op == COND_AND ? COND_FALSE : COND_TRUE,
                 one = op == COND_AND ? COND_TRUE : COND_FALSE;
    if (!x || x->op == one) return y ? y : cond_new(a, one);
    if (!y || y->op == one || x->op == zero) return x;
    if (y->op == zero) return y;
    struct cond *c = cond_new(a, op);
    c->parts = arena_alloc(a, 2 * sizeof *c->parts);
    c->parts[0] = x;
    c->parts[1] = y;
    c->nparts = 2;
    return c;
}

const struct cond *cond_and(struct arena *a, const struct cond *x, const struct cond *y) {
    return join(a, COND_AND, x, y);
}

const struct cond *cond_or(struct arena *a, const struct cond *x, const struct cond *y) {
    if (!x || !y) return cond_new(a, COND_TRUE);
    return join(a, COND_OR, x, y);
}

const struct cond *cond_not(struct arena *a, const struct cond *x) {
    if (!x || x->op == COND_TRUE) return cond_new(a, COND_FALSE);
    if (x->op == COND_FALSE) return cond_new(a, COND_TRUE);
    struct cond *c = cond_new(a, COND_NOT);
    c->parts = arena_alloc(a, sizeof *c->parts);
    c->parts[0] = x;
    c->nparts = 1;
    return c;
}

// SQLite's LIKE folds ASCII case only; so does this.
static bool has(const struct value *v, const struct value *w) {
    if ((v->kind != VALUE_TEXT && v->kind != VALUE_JSON) || w->n > v->n) return false;
    for (size_t i = 0; i + w->n <= v->n; i++) {
        size_t k = 0;
        for (; k < w->n; k++) {
            unsigned char x = (unsigned char)v->p[i + k], y = (unsigned char)w->p[k];
            if (x >= 'A' && x <= 'Z') x += 32;
            if (y >= 'A' && y <= 'Z') y += 32;
            if (x != y) break;
        }
        if (k == w->n) return true;
    }
    return false;
}

bool cond_eval(const struct cond *c, const struct record *r) {
    if (!c) return true;
    switch (c->op) {
    case COND_TRUE: return true;
    case COND_FALSE: return false;
    case COND_AND:
        for (int i = 0; i < c->nparts; i++)
            if (!cond_eval(c->parts[i], r)) return false;
        return true;
    case COND_OR:
        for (int i = 0; i < c->nparts; i++)
            if (cond_eval(c->parts[i], r)) return true;
        return false;
    case COND_NOT: return !cond_eval(c->parts[0], r);
    default: break;
    }
    struct value v = column_value(r, c->column);
    if (c->op == COND_EMPTY) return value_is_null(&v);
    if (value_is_null(&v)) return false;
    if (c->op == COND_IN || c->op == COND_EQ) {
        for (int i = 0; i < c->nvalues; i++)
            if (!value_is_null(&c->values[i]) && value_equal(&v, &c->values[i])) return true;
        return false;
    }
    if (value_is_null(&c->values[0])) return false;
    if (c->op == COND_HAS) return has(&v, &c->values[0]);
    int d = value_compare(&v, &c->values[0]);
    return c->op == COND_LT ? d < 0 : c->op == COND_LE ? d <= 0 : c->op == COND_GT ? d > 0 : d >= 0;
}

void sql_init(struct sql *s, struct arena *a) {
    *s = (struct sql){.arena = a};
    buf_init(&s->text, a);
}

int sql_keep(struct sql *s, const struct value *v) {
    if (s->nargs == s->cap) {
        int cap = s->cap ? 2 * s->cap : 16;
        struct value *more = arena_alloc(s->arena, sizeof *more * (size_t)cap);
        if (s->nargs) memcpy(more, s->args, sizeof *more * (size_t)s->nargs);
        s->args = more;
        s->cap = cap;
    }
    s->args[s->nargs++] = *v;
    return s->nargs;
}

void sql_arg(struct sql *s, const struct value *v) {
    buf_printf(&s->text, "$%d", sql_keep(s, v));
}

static void like_arg(struct sql *out, const struct value *v) {
    struct buf b;
    buf_init(&b, out->arena);
    buf_putc(&b, '%');
    for (size_t i = 0; i < v->n; i++) {
        if (v->p[i] == '%' || v->p[i] == '_' || v->p[i] == '\\') buf_putc(&b, '\\');
        buf_putc(&b, v->p[i]);
    }
    buf_putc(&b, '%');
    struct value like = value_textn(b.data, b.len);
    sql_arg(out, &like);
}

static void leaf(const struct cond *c, const struct entity *e, struct sql *out) {
    const char *col = column_sql(e, c->column);
    if (c->op == COND_EMPTY) {
        buf_printf(&out->text, "%s IS NULL", col);
        return;
    }
    int n = 0;
    for (int i = 0; i < c->nvalues; i++) n += !value_is_null(&c->values[i]);
    if (!n) {
        buf_puts(&out->text, "1=0");
        return;
    }
    if (c->op == COND_HAS) {
        buf_printf(&out->text, "%s LIKE ", col);
        like_arg(out, &c->values[0]);
        buf_puts(&out->text, " ESCAPE '\\'");
        return;
    }
    static const char *const ops[] = {
        [COND_EQ] = "=", [COND_LT] = "<", [COND_LE] = "<=", [COND_GT] = ">", [COND_GE] = ">="};
    if (c->op != COND_IN) {
        buf_printf(&out->text, "%s%s", col, ops[c->op]);
        sql_arg(out, &c->values[0]);
        return;
    }
    buf_printf(&out->text, "%s IN (", col);
    for (int i = 0, k = 0; i < c->nvalues; i++) {
        if (value_is_null(&c->values[i])) continue;
        if (k++) buf_putc(&out->text, ',');
        sql_arg(out, &c->values[i]);
    }
    buf_putc(&out->text, ')');
}

// Below a NOT every leaf must be two-valued; elsewhere null already counts as not true.
static void write_sql(const struct cond *c, const struct entity *e, struct sql *out, bool negated) {
    switch (c->op) {
    case COND_TRUE: buf_puts(&out->text, "1=1"); return;
    case COND_FALSE: buf_puts(&out->text, "1=0"); return;
    case COND_NOT:
        buf_puts(&out->text, "NOT (");
        write_sql(c->parts[0], e, out, true);
        buf_putc(&out->text, ')');
        return;
    case COND_AND:
    case COND_OR:
        if (!c->nparts) {
            buf_puts(&out->text, c->op == COND_AND ? "1=1" : "1=0");
            return;
        }
        buf_putc(&out->text, '(');
        for (int i = 0; i < c->nparts; i++) {
            if (i) buf_puts(&out->text, c->op == COND_AND ? " AND " : " OR ");
            write_sql(c->parts[i], e, out, negated);
        }
        buf_putc(&out->text, ')');
        return;
    default: break;
    }
    if (negated && c->op != COND_EMPTY) {
        buf_printf(&out->text, "(%s IS NOT NULL AND ", column_sql(e, c->column));
        leaf(c, e, out);
        buf_putc(&out->text, ')');
    } else
        leaf(c, e, out);
}

void cond_sql(const struct cond *c, const struct entity *e, struct sql *out) {
    if (!c)
        buf_puts(&out->text, "1=1");
    else
        write_sql(c, e, out, false);
}
