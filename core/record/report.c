// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The scan of a report. The database groups by the plain values; a time is handed over as the
// quarter hour it lies in, for every zone is a whole number of those from UTC. What is left is
// folded here: quarter hours to days of the school and longer buckets, distinct values to counts.
#include "campus/report.h"

#include <string.h>
#include "campus/clock.h"
#include "campus/limits.h"
#include "campus/mem.h"
#include "campus/text.h"

#define DAY_MS INT64_C(86400000)
#define QUARTER_MS INT64_C(900000)
#define QUARTERS_UP INT64_C(10000000000) // added so that division goes down before 1970 too

// Rows by their groups, and values that were seen: open addressing over one hash.
struct slot {
    uint64_t hash;
    struct report_row *row;
    int place; // -1: the row itself; else measure and side of a distinct value
    struct value v;
};
struct report_hash {
    struct slot *slots;
    size_t n, cap;
};

static uint64_t mix(uint64_t h, const void *p, size_t n) {
    for (const unsigned char *s = p; n--; s++) h = (h ^ *s) * UINT64_C(1099511628211);
    return h;
}

static uint64_t hash_value(uint64_t h, const struct value *v) {
    h = mix(h, &v->kind, sizeof v->kind);
    if (v->kind == VALUE_NULL) return h;
    bool text = v->kind == VALUE_TEXT || v->kind == VALUE_JSON;
    return text ? mix(h, v->p, v->n) : mix(h, &v->i, sizeof v->i);
}

static bool same(const struct value *x, const struct value *y) {
    return x->kind == y->kind && value_equal(x, y);
}

static bool is_slot(const struct report_table *t, const struct slot *s, uint64_t h,
                    const struct report_row *row, int place, const struct value *v) {
    if (s->hash != h || s->place != place) return false;
    if (place >= 0) return s->row == row && same(&s->v, v);
    for (int i = 0; i < t->report->ngroups; i++)
        if (!same(&s->row->group[i], &v[i])) return false;
    return true;
}

// The slot that holds this, or a free one.
static struct slot *find(struct report_table *t, struct report_hash *x, uint64_t h,
                         const struct report_row *row, int place, const struct value *v) {
    if (2 * x->n >= x->cap) {
        struct report_hash more = {.cap = x->cap ? 2 * x->cap : 256};
        more.slots = arena_alloc(t->arena, sizeof *more.slots * more.cap);
        for (size_t i = 0; i < x->cap; i++) {
            if (!x->slots[i].row) continue;
            size_t at = x->slots[i].hash & (more.cap - 1);
            while (more.slots[at].row) at = (at + 1) & (more.cap - 1);
            more.slots[at] = x->slots[i];
        }
        more.n = x->n;
        *x = more;
    }
    size_t at = h & (x->cap - 1);
    while (x->slots[at].row && !is_slot(t, &x->slots[at], h, row, place, v))
        at = (at + 1) & (x->cap - 1);
    return &x->slots[at];
}

static struct value keep(struct arena *a, const struct value *v) {
    struct value out = *v;
    if (v->p) out.p = arena_strndup(a, v->p, v->n);
    return out;
}

void report_table_init(struct report_table *t, const struct report_decl *rep, struct arena *a) {
    *t = (struct report_table){.report = rep, .arena = a};
    t->index = arena_alloc(a, sizeof *t->index);
    t->seen = arena_alloc(a, sizeof *t->seen);
}

struct report_row *report_row(struct report_table *t, const struct value *group) {
    int n = t->report->ngroups;
    uint64_t h = UINT64_C(14695981039346656037);
    for (int i = 0; i < n; i++) h = hash_value(h, &group[i]);
    struct slot *s = find(t, t->index, h, NULL, -1, group);
    if (s->row) return s->row;
    struct report_row *row = arena_alloc(t->arena, sizeof *row);
    size_t cells = sizeof(struct report_cell) * (size_t)(t->report->nmeasures + 1);
    row->group = arena_alloc(t->arena, sizeof *row->group * (size_t)(n + 1));
    for (int i = 0; i < n; i++) row->group[i] = keep(t->arena, &group[i]);
    for (int k = 0; k < REPORT_SIDES; k++) row->cells[k] = arena_alloc(t->arena, cells);
    *s = (struct slot){.hash = h, .row = row, .place = -1};
    t->index->n++;
    if (t->n == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 64;
        struct report_row **rows = arena_alloc(t->arena, sizeof(struct report_row *) * t->cap);
        if (t->n) memcpy(rows, t->rows, sizeof(struct report_row *) * t->n);
        t->rows = rows;
    }
    return t->rows[t->n++] = row;
}

static void count_distinct(struct report_table *t, struct report_row *row, enum report_side side,
                           int m, const struct value *v) {
    int place = m * REPORT_SIDES + side;
    uint64_t h = hash_value(mix(UINT64_C(14695981039346656037), &row, sizeof row), v);
    h = mix(h, &place, sizeof place);
    struct slot *s = find(t, t->seen, h, row, place, v);
    if (s->row) return;
    *s = (struct slot){h, row, place, keep(t->arena, v)};
    t->seen->n++;
    row->cells[side][m].i++;
}

// Days

static const struct tz *zone(const struct report_decl *rep) {
    return rep->entity->plugin->schema->tz;
}

static int64_t day_of(const struct tz *tz, int64_t ms) {
    if (tz) ms += (int64_t)tz_offset_s(tz, ms) * 1000;
    return ms >= 0 ? ms / DAY_MS : -((-ms + DAY_MS - 1) / DAY_MS);
}

// When a day begins at the school.
static int64_t day_start(const struct tz *tz, int64_t day) {
    int64_t ms = day * DAY_MS;
    if (!tz) return ms;
    int64_t guess = ms - (int64_t)tz_offset_s(tz, ms) * 1000;
    return ms - (int64_t)tz_offset_s(tz, guess) * 1000;
}

// The same day `by` years on; 29 February becomes 28 February.
static int64_t years_on(int64_t day, int by) {
    char text[11];
    int64_t out;
    text_from_days(text, day);
    int year =
        (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 + text[3] - '0' + by;
    for (int i = 3; i >= 0; i--, year /= 10) text[i] = (char)('0' + year % 10);
    if (text_to_days(text, 10, &out)) return out;
    text[9] = '8';
    return text_to_days(text, 10, &out) ? out : day;
}

static enum field_type type_of(const struct entity *e, int column) {
    if (column >= 0) return e->fields[column].type;
    return column == COLUMN_CREATED_AT || column == COLUMN_UPDATED_AT ? FIELD_DATETIME : FIELD_TEXT;
}

struct value report_bucket(struct arena *a, const struct report_decl *rep, int group,
                           enum report_side side, const struct value *v) {
    const struct report_group *g = &rep->groups[group];
    int64_t day;
    char text[11];
    if (!g->bucket || value_is_null(v)) return *v;
    if (v->kind == VALUE_INT)
        day = day_of(zone(rep), v->i);
    else if (!text_to_days(v->p, v->n, &day))
        return value_null();
    if (rep->compare && side == SIDE_LAST && !g->joined && g->column == rep->date)
        day = g->bucket == BUCKET_WEEK ? day + 364 : years_on(day, 1);
    if (g->bucket == BUCKET_WEEK) day -= ((day + 3) % 7 + 7) % 7; // 1970-01-01 was a Thursday
    text_from_days(text, day);
    int year = (int)((text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 +
                     (text[3] - '0')),
        month = (text[5] - '0') * 10 + text[6] - '0';
    switch (g->bucket) {
    case BUCKET_MONTH: return value_text(arena_strndup(a, text, 7));
    case BUCKET_TERM:
        if (month < 8) year--;
        return value_text(
            arena_printf(a, "%04d-%04d-%d", year, year + 1, month >= 2 && month < 8 ? 2 : 1));
    case BUCKET_YEAR:
        if (rep->year_starts == 1) return value_text(arena_strndup(a, text, 4));
        if (month < rep->year_starts) year--;
        return value_text(arena_printf(a, "%04d-%04d", year, year + 1));
    default: return value_text(arena_strndup(a, text, 10));
    }
}

static const char *day_text(struct arena *a, int64_t day) {
    char text[11];
    text_from_days(text, day);
    return arena_strdup(a, text);
}

struct period report_this_year(const struct report_decl *rep, const char *today, struct arena *a) {
    int64_t day;
    if (!text_to_days(today, 10, &day)) return (struct period){0};
    int month = (today[5] - '0') * 10 + today[6] - '0';
    const char *year = day_text(a, month < rep->year_starts ? years_on(day, -1) : day);
    return (struct period){true, arena_printf(a, "%.4s-%02d-01", year, rep->year_starts), today};
}

struct period report_year_before(const struct report_decl *rep, const struct period *p,
                                 struct arena *a) {
    struct period out = *p;
    const char **ends[] = {&out.from, &out.until};
    bool weeks = false;
    for (int i = 0; i < rep->ngroups; i++)
        weeks = weeks || (rep->groups[i].bucket == BUCKET_WEEK && !rep->groups[i].joined &&
                          rep->groups[i].column == rep->date);
    for (int i = 0; i < 2; i++) {
        int64_t day;
        if (text_to_days(*ends[i], strlen(*ends[i]), &day))
            *ends[i] = day_text(a, weeks ? day - 364 : years_on(day, -1));
    }
    return out;
}

// SQL

static void put_column(struct buf *b, const struct report_decl *rep, int group) {
    const struct report_group *g = &rep->groups[group];
    const struct entity *e = g->joined ? g->joined : rep->entity;
    int column = g->joined ? g->joined_column : g->column;
    const char *name = g->joined ? arena_printf(b->arena, "j%d_v", group) : column_sql(e, column);
    if (g->bucket && type_of(e, column) == FIELD_DATETIME)
        buf_printf(b, "(%s+%lld)/%lld", name, (long long)(QUARTERS_UP * QUARTER_MS),
                   (long long)QUARTER_MS);
    else
        buf_puts(b, name);
}

static void put_measure(struct sql *q, const struct report_decl *rep,
                        const struct report_measure *m) {
    const char *col = column_sql(rep->entity, m->column);
    switch (m->kind) {
    case MEASURE_COUNT:
        buf_puts(&q->text, ",sum(CASE WHEN ");
        cond_sql(m->where, rep->entity, q);
        buf_puts(&q->text, " THEN 1 ELSE 0 END),count(*)");
        break;
    case MEASURE_SUM:
    case MEASURE_AVG: buf_printf(&q->text, ",sum(%s),count(%s)", col, col); break;
    case MEASURE_MIN: buf_printf(&q->text, ",min(%s),count(%s)", col, col); break;
    case MEASURE_MAX: buf_printf(&q->text, ",max(%s),count(%s)", col, col); break;
    default: break; // among the groups
    }
}

static void put_join(struct sql *q, const struct report_decl *rep, int i, const struct cond *may) {
    const struct report_group *g = &rep->groups[i];
    buf_printf(&q->text, " LEFT JOIN (SELECT id AS j%d_id,%s AS j%d_v FROM %s WHERE archived_at=0",
               i, column_sql(g->joined, g->joined_column), i, g->joined->table);
    if (may && may->op != COND_TRUE) {
        buf_puts(&q->text, " AND ");
        cond_sql(may, g->joined, q);
    }
    buf_printf(&q->text, ") j%d ON j%d_id=%s", i, i, column_sql(rep->entity, g->column));
}

static void put_period(struct sql *q, const struct report_decl *rep, const struct period *p) {
    const char *col = column_sql(rep->entity, rep->date);
    bool time = type_of(rep->entity, rep->date) == FIELD_DATETIME;
    int64_t day;
    if (text_to_days(p->from, strlen(p->from), &day)) {
        struct value v = time ? value_int(day_start(zone(rep), day)) : value_text(p->from);
        buf_printf(&q->text, " AND %s>=", col);
        sql_arg(q, &v);
    }
    if (text_to_days(p->until, strlen(p->until), &day)) {
        struct value v = time ? value_int(day_start(zone(rep), day + 1)) : value_text(p->until);
        buf_printf(&q->text, " AND %s%s", col, time ? "<" : "<=");
        sql_arg(q, &v);
    }
}

static void put_where(struct sql *q, const struct entity *e, const struct cond *c) {
    if (!c || c->op == COND_TRUE) return;
    buf_puts(&q->text, " AND ");
    cond_sql(c, e, q);
}

static void write_scan(struct sql *q, const struct report_decl *rep, const struct cond *where,
                       const struct cond *const *joined, const struct period *period) {
    struct buf *b = &q->text;
    int n = 0;
    buf_puts(b, "SELECT ");
    for (int i = 0; i < rep->ngroups; i++, n++) put_column(b, rep, i), buf_putc(b, ',');
    for (int i = 0; i < rep->nmeasures; i++)
        if (rep->measures[i].kind == MEASURE_DISTINCT)
            buf_printf(b, "%s,", column_sql(rep->entity, rep->measures[i].column)), n++;
    buf_puts(b, "count(*)");
    for (int i = 0; i < rep->nmeasures; i++) put_measure(q, rep, &rep->measures[i]);
    buf_printf(b, " FROM %s", rep->entity->table);
    for (int i = 0; i < rep->ngroups; i++)
        if (rep->groups[i].joined) put_join(q, rep, i, joined ? joined[i] : NULL);
    buf_puts(b, " WHERE archived_at=0");
    put_where(q, rep->entity, rep->where);
    put_where(q, rep->entity, where);
    if (period && period->set) put_period(q, rep, period);
    for (int i = 0; i < n; i++) buf_printf(b, "%s%d", i ? "," : " GROUP BY ", i + 1);
}

static struct value read(struct stmt *st, int col, const struct entity *e, int column) {
    size_t n;
    enum field_type type = type_of(e, column);
    bool number =
        column >= 0 ? !strcmp(e->fields[column].sql_type, "BIGINT") : type == FIELD_DATETIME;
    if (stmt_is_null(st, col)) return value_null();
    if (type == FIELD_BOOLEAN) return value_bool(stmt_int(st, col) != 0);
    if (number) return value_int(stmt_int(st, col));
    const char *t = stmt_text(st, col, &n);
    return value_textn(t, n);
}

static void fold_cell(struct report_table *t, struct report_cell *c, const struct report_measure *m,
                      const struct value *v, int64_t n) {
    if (value_is_null(v)) return;
    bool first = !c->n;
    if (m->kind == MEASURE_MIN || m->kind == MEASURE_MAX) {
        bool text = v->kind == VALUE_TEXT;
        int d = text ? (first ? 0 : value_compare(v, &c->text)) : (v->i > c->i) - (v->i < c->i);
        if (first || (m->kind == MEASURE_MIN ? d < 0 : d > 0)) {
            c->i = v->i;
            if (text) c->text = keep(t->arena, v);
        }
    } else
        c->i += v->i;
    c->n += n;
}

static void fold(struct report_table *t, enum report_side side, struct stmt *st,
                 struct value *group) {
    const struct report_decl *rep = t->report;
    int col = 0;
    for (; col < rep->ngroups; col++) {
        const struct report_group *g = &rep->groups[col];
        const struct entity *e = g->joined ? g->joined : rep->entity;
        int column = g->joined ? g->joined_column : g->column;
        struct value v = read(st, col, e, column);
        if (g->bucket && v.kind == VALUE_INT) v.i = (v.i - QUARTERS_UP) * QUARTER_MS;
        group[col] = report_bucket(t->arena, rep, col, side, &v);
    }
    struct report_row *row = report_row(t, group);
    for (int i = 0; i < rep->nmeasures; i++)
        if (rep->measures[i].kind == MEASURE_DISTINCT) {
            struct value v = read(st, col++, rep->entity, rep->measures[i].column);
            if (!value_is_null(&v)) count_distinct(t, row, side, i, &v);
        }
    row->count[side] += stmt_int(st, col++);
    for (int i = 0; i < rep->nmeasures; i++) {
        const struct report_measure *m = &rep->measures[i];
        if (m->kind == MEASURE_DISTINCT) continue;
        struct value v = m->kind == MEASURE_COUNT ? value_int(stmt_int(st, col))
                                                  : read(st, col, rep->entity, m->column);
        fold_cell(t, &row->cells[side][i], m, &v, stmt_int(st, col + 1));
        col += 2;
    }
}

enum err report_scan(struct store *s, struct report_table *t, enum report_side side,
                     const struct cond *where, const struct cond *const *joined,
                     const struct period *period) {
    struct sql q;
    sql_init(&q, s->arena);
    write_scan(&q, t->report, where, joined, period);
    struct stmt *st = db_queryv(s->db, s->problem, buf_str(&q.text), q.args, q.nargs);
    if (!st) return s->problem->code;
    if (!t->report->ngroups) report_row(t, NULL); // there is one, be it empty
    struct value *group = arena_alloc(s->arena, sizeof *group * (size_t)(t->report->ngroups + 1));
    for (bool row;;) {
        enum err e = stmt_step(st, &row, s->problem);
        if (e || !row) return e;
        fold(t, side, st, group);
        if (t->n <= LIMIT_REPORT_GROUPS) continue;
        stmt_reset(st);
        return problem_set(s->problem, ERR_TOO_LARGE, "more than %d groups: filter them",
                           LIMIT_REPORT_GROUPS);
    }
}
