// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Reports. A kept counter counts every record, so it answers only callers whose rows depend on
// nothing but plain groups, and of those only the groups they may read; for all others the records
// that they may read are scanned.
#include <string.h>
#include "campus/csv.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "gate/gate_internal.h"

struct reporting {
    struct gate *g;
    const struct report_decl *rep;
    struct report_column *columns;
    int ncolumns;
    struct buf *out;
};

// Does the condition ask for nothing but the report's groups?
static bool within_groups(const struct report_decl *rep, const struct cond *c) {
    for (int i = 0; i < c->nparts; i++)
        if (!within_groups(rep, c->parts[i])) return false;
    if (c->op == COND_TRUE || c->op == COND_FALSE || c->op == COND_AND || c->op == COND_OR ||
        c->op == COND_NOT)
        return true;
    for (int i = 0; i < rep->ngroups; i++)
        if (c->column == rep->groups[i].column && !rep->groups[i].bucket) return true;
    return false;
}

// The rows that count for this reader: filters and everything that the report looks at in view.
static const struct cond *reach(struct gate *g, const struct report_decl *rep,
                                const struct query *q) {
    struct query all = *q;
    for (int w = 0; w < FIELDSET_WORDS; w++) all.touched.w[w] |= rep->reads.w[w];
    if (q->between.set && rep->date >= 0) fieldset_add(&all.touched, rep->date);
    return gate_reach(g, rep->entity, &all, false);
}

bool gate_report_is_kept(struct gate *g, const struct report_decl *rep, const struct query *q) {
    return rep->kept && !q->between.set && within_groups(rep, reach(g, rep, q));
}

// What the reader may know of the records that groups lead to.
static const struct cond *const *joined(struct gate *g, const struct report_decl *rep) {
    const struct access *x = g->release->access;
    struct arena *a = g->store.arena;
    const struct cond **out = arena_alloc(a, sizeof(struct cond *) * (size_t)(rep->ngroups + 1));
    for (int i = 0; i < rep->ngroups; i++) {
        const struct report_group *group = &rep->groups[i];
        if (!group->joined) continue;
        out[i] = access_filter(x, g->actor, group->joined, "read", a);
        if (group->joined_column >= 0)
            out[i] =
                cond_and(a, out[i],
                         access_field_filter(x, g->actor, group->joined, group->joined_column, a));
    }
    return out;
}

// Of the kept groups those that the reader may see.
static enum err read_kept(struct gate *g, struct report_table *t, const struct cond *may) {
    const struct report_decl *rep = t->report;
    struct record r = {.entity = rep->entity, .id = "", .state = -1};
    size_t n = 0;
    enum err e = counter_rows(&g->store, t);
    r.values = arena_alloc(g->store.arena, sizeof *r.values * (size_t)(rep->entity->nfields + 1));
    for (size_t i = 0; i < t->n && !e; i++) {
        for (int k = 0; k < rep->ngroups; k++) {
            const struct value *v = &t->rows[i]->group[k];
            int column = rep->groups[k].column;
            if (rep->groups[k].bucket) continue;
            if (column >= 0) r.values[column] = *v;
            if (column == COLUMN_ID) r.id = v->p;
            if (column == COLUMN_CREATED_BY) r.created_by = v->p;
            if (column == COLUMN_STATE)
                r.state = v->kind == VALUE_TEXT ? entity_state(rep->entity, v->p) : -1;
        }
        if (cond_eval(may, &r)) t->rows[n++] = t->rows[i];
    }
    t->n = n;
    return e;
}

static enum err read_target(struct gate *g, struct report_table *t) {
    const struct report_decl *target = t->report->target;
    struct query none = {.entity = target->entity, .page = {.blind_field = -1}};
    struct report_table sums;
    none.page.where = cond_new(g->store.arena, COND_TRUE);
    report_table_init(&sums, target, g->store.arena);
    enum err e =
        report_scan(&g->store, &sums, SIDE_NOW, reach(g, target, &none), joined(g, target), NULL);
    if (!e) report_add_targets(t, &sums);
    return e;
}

static enum err read_table(struct gate *g, const struct query *q, const struct period *period,
                           struct report_table *t) {
    const struct report_decl *rep = t->report;
    const struct cond *may = reach(g, rep, q);
    enum err e;
    if (gate_report_is_kept(g, rep, q))
        e = read_kept(g, t, may);
    else
        e = report_scan(&g->store, t, SIDE_NOW, may, joined(g, rep), period);
    if (!e && rep->compare) {
        struct period before = report_year_before(rep, period, g->store.arena);
        e = report_scan(&g->store, t, SIDE_LAST, may, joined(g, rep), &before);
    }
    if (!e && rep->target) e = read_target(g, t);
    if (e) return e;
    report_sort(t);
    report_suppress(t);
    return ERR_OK;
}

static void json_row(struct reporting *r, const struct report_row *row) {
    json_sep(r->out), buf_putc(r->out, '{');
    for (int i = 0; i < r->ncolumns; i++) {
        struct value v = report_value(r->rep, row, &r->columns[i]);
        json_key(r->out, r->columns[i].name);
        gate_value(r->out, r->columns[i].field, &v);
    }
    buf_putc(r->out, '}');
}

static int least(const struct report_decl *rep) {
    return rep->min_cell > rep->min_count ? rep->min_cell : rep->min_count;
}

// Sums of everything that was counted. Under min_cell only how many: the rest would give away what
// a row leaves out.
static void json_total(struct reporting *r, const struct report_table *t) {
    const struct report_row *sum = report_total(t);
    int min = least(r->rep);
    json_key(r->out, "total"), buf_putc(r->out, '{');
    for (int i = r->rep->ngroups; i < r->ncolumns; i++) {
        const struct report_column *c = &r->columns[i];
        bool distinct =
            c->kind == COLUMN_MEASURE && r->rep->measures[c->i].kind == MEASURE_DISTINCT;
        bool plain = c->kind == COLUMN_TARGET || (c->kind == COLUMN_COUNT && c->side == SIDE_NOW);
        if (distinct || (min && !plain)) continue;
        if (min && c->kind == COLUMN_COUNT && sum->count[SIDE_NOW] < min) continue;
        struct value v = report_value(r->rep, sum, c);
        json_key(r->out, c->name);
        gate_value(r->out, c->field, &v);
    }
    buf_putc(r->out, '}');
}

// Whoever is signed in may know what people are called.
static void person(struct gate *g, const struct value *v, struct buf *out) {
    struct stmt *st =
        db_query(g->store.db, NULL, "SELECT display FROM core_people WHERE id=$1", "s", v->p, v->n);
    size_t n;
    if (!stmt_first(st, NULL)) {
        const char *display = stmt_text(st, 0, &n);
        buf_put(out, display, n);
    } else
        buf_put(out, v->p, v->n);
    stmt_reset(st);
}

static void csv_cell_of(struct reporting *r, const struct report_column *c,
                        const struct report_row *row) {
    struct value v = report_value(r->rep, row, c);
    char num[32];
    struct buf text;
    buf_init(&text, r->g->store.arena);
    if (v.kind == VALUE_TEXT && c->field->type == FIELD_PERSON)
        person(r->g, &v, &text);
    else if (v.kind == VALUE_TEXT)
        buf_put(&text, v.p, v.n);
    else if (v.kind == VALUE_INT && c->field->scale)
        buf_put(&text, num, (size_t)text_from_scaled(num, v.i, c->field->scale));
    else if (!value_is_null(&v))
        gate_value(&text, c->field, &v);
    csv_put(r->out, text.data, text.len);
}

static void csv_table(struct reporting *r, const struct report_table *t, bool total) {
    buf_puts(r->out, "\xef\xbb\xbf"); // spreadsheets take it for UTF-8 only then
    for (int i = 0; i < r->ncolumns; i++)
        csv_put(r->out, r->columns[i].name, strlen(r->columns[i].name));
    csv_end_row(r->out);
    for (size_t k = 0; k < t->n; k++) {
        if (t->rows[k]->suppressed) continue;
        for (int i = 0; i < r->ncolumns; i++) csv_cell_of(r, &r->columns[i], t->rows[k]);
        csv_end_row(r->out);
    }
    if (!total || !r->rep->ngroups || least(r->rep)) return;
    const struct report_row *sum = report_total(t);
    const char *word = r->g->lang == LANG_ZH ? "合计" : "Total";
    csv_put(r->out, word, strlen(word));
    for (int i = 1; i < r->ncolumns; i++) {
        const struct report_column *c = &r->columns[i];
        bool distinct =
            c->kind == COLUMN_MEASURE && r->rep->measures[c->i].kind == MEASURE_DISTINCT;
        if (c->kind == COLUMN_GROUP || distinct)
            csv_put(r->out, "", 0);
        else
            csv_cell_of(r, c, sum);
    }
    csv_end_row(r->out);
}

enum err gate_report(struct gate *g, const struct report_decl *rep, const struct query *q,
                     enum report_form form, struct buf *out) {
    struct reporting r = {.g = g, .rep = rep, .out = out};
    struct report_table t;
    struct period period = q->between;
    int64_t suppressed = 0;
    report_table_init(&t, rep, g->store.arena);
    r.columns = report_columns(rep, g->store.arena, &r.ncolumns);
    if (rep->compare && !period.set) period = report_this_year(rep, g->today, g->store.arena);
    enum err err = read_table(g, q, &period, &t);
    if (err) return err;
    if (form != REPORT_JSON) {
        csv_table(&r, &t, form == REPORT_CSV_TOTAL);
        return ERR_OK;
    }
    buf_putc(out, '{');
    json_kv_str(out, "report", rep->name);
    if (rep->chart) json_kv_str(out, "chart", rep->chart);
    if (period.set) {
        json_kv_str(out, "from", *period.from ? period.from : NULL);
        json_kv_str(out, "until", *period.until ? period.until : NULL);
    }
    json_key(out, "rows"), buf_putc(out, '[');
    for (size_t i = 0; i < t.n; i++) {
        if (t.rows[i]->suppressed)
            suppressed++;
        else
            json_row(&r, t.rows[i]);
    }
    buf_putc(out, ']');
    json_total(&r, &t);
    if (least(rep)) json_kv_int(out, "suppressed", suppressed);
    buf_putc(out, '}');
    return ERR_OK;
}
