// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Group-by reports. A kept counter counts every record, so it answers only callers whose rows
// depend on nothing but the groups, and of those only the groups they may read; all others are
// scanned.
#include <string.h>
#include "campus/csv.h"
#include "campus/mem.h"
#include "gate/gate_internal.h"

static void csv_text(struct buf *out, const char *s) {
    csv_put(out, s, strlen(s));
}

struct reporting {
    struct gate *g;
    const struct report_decl *rep;
    const struct cond *where; // checked group by group on a kept counter, else NULL
    struct record row;        // a record with nothing but its groups
    struct buf *out;
    bool csv;
    int64_t suppressed;
};

static const char *name_of(const struct report_decl *rep, int column) {
    return column < 0 ? "state" : rep->entity->fields[column].name;
}

static void cell(struct reporting *r, int column, const struct value *v) {
    static const struct field state = {.type = FIELD_CHOICE};
    const struct field *f = column < 0 ? &state : &r->rep->entity->fields[column];
    if (!r->csv) {
        gate_value(r->out, f, v);
        return;
    }
    struct buf text;
    buf_init(&text, r->g->store.arena);
    if (v->kind == VALUE_TEXT)
        buf_put(&text, v->p, v->n);
    else if (!value_is_null(v))
        gate_value(&text, f, v);
    csv_put(r->out, text.data, text.len);
}

static enum err one_group(void *self, const struct value *group, int64_t count,
                          const int64_t *sums) {
    struct reporting *r = self;
    const struct report_decl *rep = r->rep;
    if (r->where) {
        for (int i = 0; i < rep->ngroup; i++) {
            if (rep->group[i] >= 0)
                r->row.values[rep->group[i]] = group[i];
            else
                r->row.state =
                    group[i].kind == VALUE_TEXT
                        ? entity_state(rep->entity,
                                       arena_strndup(r->g->store.arena, group[i].p, group[i].n))
                        : -1;
        }
        if (!cond_eval(r->where, &r->row)) return ERR_OK;
    }
    if (count < rep->min_cell) {
        r->suppressed++;
        return ERR_OK;
    }
    if (!r->csv) json_sep(r->out), buf_putc(r->out, '{');
    for (int i = 0; i < rep->ngroup; i++) {
        if (!r->csv) json_key(r->out, name_of(rep, rep->group[i]));
        cell(r, rep->group[i], &group[i]);
    }
    if (r->csv)
        csv_text(r->out, arena_printf(r->g->store.arena, "%lld", (long long)count));
    else
        json_kv_int(r->out, "count", count);
    for (int i = 0; i < rep->nsums; i++) {
        struct value sum = value_int(sums[i]);
        if (!r->csv)
            json_key(r->out, arena_printf(r->g->store.arena, "sum_%s", name_of(rep, rep->sums[i])));
        cell(r, rep->sums[i], &sum);
    }
    if (r->csv)
        csv_end_row(r->out);
    else
        buf_putc(r->out, '}');
    return ERR_OK;
}

// Does the condition ask for nothing but the report's groups?
static bool within_groups(const struct report_decl *rep, const struct cond *c) {
    for (int i = 0; i < c->nparts; i++)
        if (!within_groups(rep, c->parts[i])) return false;
    if (c->op == COND_TRUE || c->op == COND_FALSE || c->op == COND_AND || c->op == COND_OR ||
        c->op == COND_NOT)
        return true;
    for (int i = 0; i < rep->ngroup; i++)
        if (c->column == (rep->group[i] < 0 ? COLUMN_STATE : rep->group[i])) return true;
    return false;
}

static void head(struct reporting *r) {
    const struct report_decl *rep = r->rep;
    if (!r->csv) {
        buf_puts(r->out, "{\"report\":");
        json_cstr(r->out, rep->name);
        if (rep->chart) json_kv_str(r->out, "chart", rep->chart);
        json_key(r->out, "rows"), buf_putc(r->out, '[');
        return;
    }
    buf_puts(r->out, "\xef\xbb\xbf"); // spreadsheets take it for UTF-8 only then
    for (int i = 0; i < rep->ngroup; i++) csv_text(r->out, name_of(rep, rep->group[i]));
    csv_text(r->out, "count");
    for (int i = 0; i < rep->nsums; i++)
        csv_text(r->out, arena_printf(r->g->store.arena, "sum_%s", name_of(rep, rep->sums[i])));
    csv_end_row(r->out);
}

bool gate_report_is_kept(struct gate *g, const struct report_decl *rep, const struct query *q) {
    return rep->kept && within_groups(rep, gate_reach(g, rep->entity, q, false));
}

enum err gate_report(struct gate *g, const struct report_decl *rep, const struct query *q, bool csv,
                     struct buf *out) {
    const struct entity *e = rep->entity;
    struct query with_groups = *q;
    for (int i = 0; i < rep->ngroup; i++)
        if (rep->group[i] >= 0) fieldset_add(&with_groups.touched, rep->group[i]);
    for (int i = 0; i < rep->nsums; i++) fieldset_add(&with_groups.touched, rep->sums[i]);
    const struct cond *reach = gate_reach(g, e, &with_groups, false);
    struct reporting r = {
        .g = g, .rep = rep, .out = out, .csv = csv, .row = {.entity = e, .id = "", .state = -1}};
    head(&r);
    enum err err;
    if (rep->kept && within_groups(rep, reach)) {
        r.where = reach;
        r.row.values = arena_alloc(g->store.arena, sizeof(struct value) * (size_t)(e->nfields + 1));
        err = counter_rows(&g->store, rep, one_group, &r);
    } else
        err = counter_scan(&g->store, rep, reach, one_group, &r);
    if (err || csv) return err;
    buf_putc(out, ']');
    if (rep->min_cell) json_kv_int(out, "suppressed", r.suppressed);
    buf_putc(out, '}');
    return ERR_OK;
}
