// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What is done with a report's table once it is counted: order, totals, targets, the cells that are
// too small to show, and its columns.
#include <stdlib.h>
#include <string.h>
#include "campus/mem.h"
#include "campus/report.h"

static int by_groups(const void *x, const void *y) {
    const struct report_row *a = *(struct report_row *const *)x,
                            *b = *(struct report_row *const *)y;
    for (int i = 0; a->group[i].kind != VALUE_BLOB; i++) { // the end mark of report_sort
        int d = value_compare(&a->group[i], &b->group[i]);
        if (d) return d;
    }
    return 0;
}

void report_sort(struct report_table *t) {
    for (size_t i = 0; i < t->n; i++) t->rows[i]->group[t->report->ngroups].kind = VALUE_BLOB;
    if (t->n) qsort(t->rows, t->n, sizeof *t->rows, by_groups);
}

void report_add_targets(struct report_table *t, const struct report_table *target) {
    for (size_t i = 0; i < target->n; i++) {
        struct report_row *row = report_row(t, target->rows[i]->group);
        row->has_target = true;
        row->target = target->rows[i]->cells[SIDE_NOW][0].i;
    }
}

struct report_row *report_total(const struct report_table *t) {
    const struct report_decl *rep = t->report;
    size_t cells = sizeof(struct report_cell) * (size_t)(rep->nmeasures + 1);
    struct report_row *sum = arena_alloc(t->arena, sizeof *sum);
    for (int k = 0; k < REPORT_SIDES; k++) sum->cells[k] = arena_alloc(t->arena, cells);
    for (size_t i = 0; i < t->n; i++) {
        const struct report_row *row = t->rows[i];
        sum->target += row->target;
        sum->has_target = sum->has_target || row->has_target;
        for (int k = 0; k < REPORT_SIDES; k++) {
            sum->count[k] += row->count[k];
            for (int m = 0; m < rep->nmeasures; m++) {
                const struct report_cell *c = &row->cells[k][m];
                struct report_cell *s = &sum->cells[k][m];
                enum measure kind = rep->measures[m].kind;
                if (kind != MEASURE_MIN && kind != MEASURE_MAX)
                    s->i += c->i;
                else if (c->n) {
                    int d = c->text.p ? (s->text.p ? value_compare(&c->text, &s->text) : 0)
                                      : (c->i > s->i) - (c->i < s->i);
                    if (!s->n || (kind == MEASURE_MIN ? d < 0 : d > 0))
                        s->i = c->i, s->text = c->text;
                }
                s->n += c->n;
            }
        }
    }
    return sum;
}

// Small cells. A line of the table is what differs in one group only. What a line leaves out can be
// had by subtracting the rest from its sum, which the reader may know: so it leaves out two groups
// at least, that hold min_cell records together.

struct member {
    uint64_t line;
    struct report_row *row;
};

static int by_line(const void *x, const void *y) {
    const struct member *a = x, *b = y;
    if (a->line != b->line) return a->line < b->line ? -1 : 1;
    return (a->row->count[SIDE_NOW] > b->row->count[SIDE_NOW]) -
           (a->row->count[SIDE_NOW] < b->row->count[SIDE_NOW]);
}

static uint64_t line_of(const struct report_decl *rep, const struct report_row *row, int without) {
    uint64_t h = UINT64_C(14695981039346656037);
    for (int i = 0; i < rep->ngroups; i++) {
        const struct value *v = &row->group[i];
        const unsigned char *p = (const unsigned char *)v->p;
        if (i == without) continue;
        h = (h ^ (uint64_t)v->kind) * UINT64_C(1099511628211);
        if (v->kind == VALUE_INT || v->kind == VALUE_BOOL)
            h = (h ^ (uint64_t)v->i) * UINT64_C(1099511628211);
        for (size_t k = 0; p && k < v->n; k++) h = (h ^ p[k]) * UINT64_C(1099511628211);
    }
    return h;
}

// True when something more was left out.
static bool hide_in_lines(struct report_table *t, struct member *m, int group) {
    bool more = false;
    for (size_t i = 0; i < t->n; i++)
        m[i] = (struct member){line_of(t->report, t->rows[i], group), t->rows[i]};
    qsort(m, t->n, sizeof *m, by_line);
    for (size_t i = 0, end; i < t->n; i = end) {
        int64_t hidden = 0, records = 0;
        for (end = i; end < t->n && m[end].line == m[i].line; end++)
            if (m[end].row->suppressed) hidden++, records += m[end].row->count[SIDE_NOW];
        for (size_t k = i; hidden && k < end; k++) {
            if (hidden > 1 && records >= t->report->min_cell) break;
            if (m[k].row->suppressed || !m[k].row->count[SIDE_NOW]) continue;
            m[k].row->suppressed = more = true;
            hidden++, records += m[k].row->count[SIDE_NOW];
        }
    }
    return more;
}

void report_suppress(struct report_table *t) {
    int min = t->report->min_cell;
    struct member *m = arena_alloc(t->arena, sizeof *m * (t->n + 1));
    bool any = false;
    for (size_t i = 0; min && i < t->n; i++) {
        struct report_row *row = t->rows[i];
        for (int k = 0; k < REPORT_SIDES; k++)
            if (row->count[k] && row->count[k] < min) any = row->suppressed = true;
    }
    for (bool more = any; more;) {
        more = false;
        for (int g = 0; g < t->report->ngroups; g++) more |= hide_in_lines(t, m, g);
    }
    for (size_t i = 0; i < t->n; i++)
        if (t->rows[i]->count[SIDE_NOW] < t->report->min_count) t->rows[i]->suppressed = true;
}

// Columns

static const struct field INTEGER = {.name = "count", .type = FIELD_INTEGER};
static const struct field TEXT = {.name = "text", .type = FIELD_TEXT};
static const struct field PERSON = {.name = "person", .type = FIELD_PERSON};

const struct field *report_state_field(const struct entity *e, struct arena *a) {
    int n = e->workflow ? e->workflow->nstates : 0;
    struct field *f = arena_alloc(a, sizeof *f);
    struct choice *c = arena_alloc(a, sizeof *c * (size_t)(n + 1));
    for (int i = 0; i < n; i++)
        c[i] = (struct choice){e->workflow->states[i].name, e->workflow->states[i].title};
    *f = (struct field){.name = "state", .type = FIELD_CHOICE, .choices = c, .nchoices = n};
    f->title = (struct title){"状态", "State"};
    return f;
}

static const struct field *field_of(const struct entity *e, int column, struct arena *a) {
    if (column >= 0) return &e->fields[column];
    return column == COLUMN_STATE        ? report_state_field(e, a)
           : column == COLUMN_CREATED_BY ? &PERSON
                                         : &TEXT;
}

static struct title both(struct arena *a, const struct title *t, const char *name, const char *zh,
                         const char *en) {
    return (struct title){arena_printf(a, zh, title_in(t, LANG_ZH, name)),
                          arena_printf(a, en, title_in(t, LANG_EN, name))};
}

static struct title system_title(int column, const char *name) {
    switch (column) {
    case COLUMN_ID: return (struct title){"编号", "Id"};
    case COLUMN_STATE: return (struct title){"状态", "State"};
    case COLUMN_CREATED_AT: return (struct title){"登记时间", "Entered"};
    case COLUMN_UPDATED_AT: return (struct title){"更新时间", "Changed"};
    case COLUMN_CREATED_BY: return (struct title){"登记人", "Entered by"};
    default: return (struct title){name, name};
    }
}

static struct title title_of(const struct entity *e, int column, const char *name) {
    if (column < 0) return system_title(column, name);
    struct title t = e->fields[column].title;
    return t.zh || t.en ? t : (struct title){e->fields[column].name, e->fields[column].name};
}

static struct report_column group_column(const struct report_decl *rep, int i, struct arena *a) {
    static const char *const zh[] = {"%s",       "%s（日）",   "%s（周）",
                                     "%s（月）", "%s（学期）", "%s（年）"};
    static const char *const en[] = {"%s",           "%s, by day",  "%s, by week",
                                     "%s, by month", "%s, by term", "%s, by year"};
    const struct report_group *g = &rep->groups[i];
    const struct entity *e = g->joined ? g->joined : rep->entity;
    int column = g->joined ? g->joined_column : g->column;
    struct title t = title_of(e, column, g->name);
    return (struct report_column){.name = g->name,
                                  .title = both(a, &t, g->name, zh[g->bucket], en[g->bucket]),
                                  .field = g->bucket ? &TEXT : field_of(e, column, a),
                                  .kind = COLUMN_GROUP,
                                  .i = i};
}

static struct report_column measure_column(const struct report_decl *rep, int i, struct arena *a) {
    static const char *const zh[] = {"%s",     "%s合计", "平均%s",
                                     "最小%s", "最大%s", "%s（去重计数）"};
    static const char *const en[] = {"%s",           "%s, sum",     "%s, mean",
                                     "%s, smallest", "%s, largest", "%s, how many different"};
    const struct report_measure *m = &rep->measures[i];
    const struct field *f = field_of(rep->entity, m->column, a);
    struct title t =
        m->kind == MEASURE_COUNT ? m->title : title_of(rep->entity, m->column, m->name);
    struct report_column c = {.name = m->name,
                              .title = both(a, &t, m->name, zh[m->kind], en[m->kind]),
                              .field = f,
                              .kind = COLUMN_MEASURE,
                              .i = i};
    if (m->kind == MEASURE_COUNT || m->kind == MEASURE_DISTINCT) c.field = &INTEGER;
    if (m->kind == MEASURE_AVG) {
        struct field *mean = arena_alloc(a, sizeof *mean);
        *mean = (struct field){.name = m->name, .type = FIELD_DECIMAL, .scale = f->scale + 2};
        c.field = mean;
    }
    return c;
}

struct report_column *report_columns(const struct report_decl *rep, struct arena *a, int *n) {
    int sides = rep->compare ? REPORT_SIDES : 1, k = 0;
    size_t most = (size_t)rep->ngroups + 2 * (size_t)rep->nmeasures + 3;
    struct report_column *out = arena_alloc(a, sizeof *out * most);
    for (int i = 0; i < rep->ngroups; i++) out[k++] = group_column(rep, i, a);
    for (int side = 0; side < sides; side++)
        for (int i = -1; i < rep->nmeasures; i++) {
            struct report_column c = {.name = "count",
                                      .title = {"数量", "Count"},
                                      .field = &INTEGER,
                                      .kind = COLUMN_COUNT};
            if (i >= 0) c = measure_column(rep, i, a);
            c.side = (enum report_side)side;
            if (side == SIDE_LAST) {
                c.title = both(a, &c.title, c.name, "上年同期%s", "%s, a year before");
                c.name = arena_printf(a, "last_%s", c.name);
            }
            out[k++] = c;
        }
    if (rep->target) {
        const struct report_measure *m = &rep->target->measures[0];
        out[k++] = (struct report_column){.name = "target",
                                          .title = {"目标", "Target"},
                                          .field = field_of(rep->target->entity, m->column, a),
                                          .kind = COLUMN_TARGET};
    }
    *n = k;
    return out;
}

// A count that names nearly none or nearly all tells about the few.
static bool is_telling(int min, int64_t part, int64_t whole) {
    int64_t rest = whole - part;
    return (part && part < min) || (rest && rest < min);
}

struct value report_value(const struct report_decl *rep, const struct report_row *row,
                          const struct report_column *c) {
    if (c->kind == COLUMN_GROUP) return row->group[c->i];
    if (c->kind == COLUMN_COUNT) return value_int(row->count[c->side]);
    if (c->kind == COLUMN_TARGET) return row->has_target ? value_int(row->target) : value_null();
    const struct report_cell *cell = &row->cells[c->side][c->i];
    switch (rep->measures[c->i].kind) {
    case MEASURE_COUNT:
        return is_telling(rep->min_cell, cell->i, row->count[c->side]) ? value_null()
                                                                       : value_int(cell->i);
    case MEASURE_AVG: {
        if (!cell->n) return value_null();
        int64_t whole = cell->i / cell->n * 100, rest = cell->i % cell->n * 100;
        return value_int(whole + (rest + (rest < 0 ? -cell->n : cell->n) / 2) / cell->n);
    }
    case MEASURE_MIN:
    case MEASURE_MAX:
        return !cell->n ? value_null() : cell->text.p ? cell->text : value_int(cell->i);
    default: return value_int(cell->i);
    }
}
