// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Fields that nobody fills: sum(list.field) and count(list), reckoned with each write of the list;
// reserved(limit), committed(limit), settled(limit) and left(limit), moved with what is held of it.
#include <stdlib.h>
#include <string.h>
#include "campus/mem.h"
#include "campus/report.h"
#include "campus/store.h"
#include "campus/text.h"
#include "record/schema_build.h"

static const char *const WORDS[] = {
    [DERIVES_SUM] = "sum",           [DERIVES_COUNT] = "count",
    [DERIVES_RESERVED] = "reserved", [DERIVES_COMMITTED] = "committed",
    [DERIVES_SETTLED] = "settled",   [DERIVES_LEFT] = "left"};

static bool is_fed(const struct field *f) {
    return f->derives >= DERIVES_RESERVED;
}

// "sum(lines.amount)" -> the list and its field; "count(lines)", "left(quota)" -> that field alone.
static bool read_expression(struct arena *a, const struct entity *e, struct field *f) {
    size_t n = strcspn(f->derived, "(");
    for (int w = DERIVES_SUM; w <= DERIVES_LEFT; w++)
        if (strlen(WORDS[w]) == n && !memcmp(WORDS[w], f->derived, n)) f->derives = (enum derives)w;
    const char *s = f->derived + n, *end = strchr(s, ')');
    if (!f->derives || !end || end[1]) return false;
    char *of = arena_strndup(a, s + 1, (size_t)(end - s) - 1), *dot = strchr(of, '.');
    if ((f->derives == DERIVES_SUM) != (dot != NULL)) return false;
    if (dot) *dot++ = 0;
    const struct field *from = entity_field(e, of);
    if (!from || (from->type == FIELD_LIST) == is_fed(f)) return false;
    for (int i = 0; dot && i < from->nlines; i++)
        if (!strcmp(from->lines[i].name, dot)) f->adds = &from->lines[i];
    f->derived_from = from;
    return !dot || f->adds;
}

static const char *what_is_wrong(struct arena *a, const struct entity *e, struct field *f) {
    if (!read_expression(a, e, f) || !f->derived_from)
        return "write \"sum(list.field)\" or \"count(list)\" of a list of this entity, or "
               "\"reserved(limit)\", \"committed(limit)\", \"settled(limit)\", \"left(limit)\" or "
               "\"reference.field\"";
    const struct field *as = is_fed(f) ? f->derived_from : f->adds;
    if (!as && f->type != FIELD_INTEGER) return "a count is a field.integer";
    if (as && (!field_type_is_number(as->type) || as->type != f->type || as->scale != f->scale))
        return is_fed(f) ? "it is of a limit's type and scale"
                         : "a sum is of numbers, and of their type and scale";
    if (f->class < f->derived_from->class || (as && f->class < as->class))
        return "it would tell what is in a higher class";
    if (is_fed(f) && f->sealed) return "what is reserved is not sealed";
    if (f->required || f->has_min || f->has_max || f->preset_var || !value_is_null(&f->preset))
        return "it is computed: required, min, max and default are not for it";
    return NULL;
}

void build_derived(struct build *b, struct entity *e, struct field *f) {
    const char *wrong = f->derived && !derives_through(f) ? what_is_wrong(b->arena, e, f) : NULL;
    for (int i = 0; i < f->nlines; i++)
        if (f->lines[i].derived) wrong = "a field of a list cannot be derived";
    if (wrong)
        problem_at(b->p, f->file, f->line, f->col, "derived_invalid", "%s: %s%s%s", f->name,
                   f->derived ? f->derived : "", f->derived ? ": " : "", wrong);
    e->derives |= f->derived_from != NULL;
    e->feeds |= is_fed(f);
}

static bool add_up(struct arena *a, const struct field *f, const struct value *list, int64_t *sum) {
    json_t *lines, *line;
    size_t i;
    *sum = 0;
    if (list->kind != VALUE_JSON || json_parse(a, list->p, list->n, &lines, NULL)) return true;
    json_array_foreach(lines, i, line) {
        const json_t *cell = f->adds ? json_object_get(line, f->adds->name) : NULL;
        char text[32];
        int64_t v = 1;
        const char *s = json_string_value(cell);
        if (f->adds && json_is_integer(cell))
            snprintf(text, sizeof text, "%lld", (long long)json_integer_value(cell)), s = text;
        if (f->adds && !s) continue; // left empty
        if (f->adds && !text_to_scaled(s, strlen(s), f->scale, &v)) return false;
        if (__builtin_add_overflow(*sum, v, sum)) return false;
    }
    return true;
}

static int64_t number_of(const struct value *v) {
    return value_is_null(v) ? 0 : v->i;
}

// Of a new record nothing is held; later what is left moves with its limit.
static bool feed(const struct field *f, const struct value *before, const struct input *in,
                 int64_t *v) {
    const struct value *limit = &in->values[f->derived_from->index];
    *v = before ? number_of(&before[f->index]) : 0;
    if (f->derives != DERIVES_LEFT) return true;
    int64_t was = before ? number_of(&before[f->derived_from->index]) : 0, by;
    return !__builtin_sub_overflow(number_of(limit), was, &by) &&
           !__builtin_add_overflow(*v, by, v);
}

enum err input_derive(struct arena *a, const struct entity *e, const struct value *before,
                      struct input *in, struct problem *p) {
    enum err err = ERR_OK;
    for (int i = 0; i < e->nfields; i++) {
        const struct field *f = &e->fields[i], *from = f->derived_from;
        if (!from) continue;
        bool written = fieldset_has(&in->present, from->index), ok;
        if (before && !written && (is_fed(f) || !value_is_null(&before[i]))) continue;
        int64_t v;
        if (is_fed(f))
            ok = feed(f, before, in, &v);
        else
            ok = add_up(a, f, written || !before ? &in->values[from->index] : &before[from->index],
                        &v);
        if (ok)
            input_put(in, f, value_int(v));
        else
            err = problem_add(p, ERR_INVALID, arena_printf(a, "/%s", from->name), "out_of_range",
                              "%s is too much to reckon with", from->name);
    }
    return err;
}

enum err derive_feed(struct store *s, struct record *pool, const struct field *limit,
                     const int64_t by[3]) {
    const struct entity *e = pool->entity;
    struct sql q;
    struct record after = *pool;
    sql_init(&q, s->arena);
    after.values = arena_alloc(s->arena, sizeof *after.values * (size_t)(e->nfields + 1));
    memcpy(after.values, pool->values, sizeof *after.values * (size_t)e->nfields);
    for (int i = 0; i < e->nfields; i++) {
        const struct field *f = &e->fields[i];
        if (!is_fed(f) || f->derived_from != limit) continue;
        int64_t d =
            f->derives == DERIVES_LEFT ? -by[0] - by[1] - by[2] : by[f->derives - DERIVES_RESERVED];
        if (!d) continue;
        after.values[i] = value_int(number_of(&pool->values[i]) + d);
        if (!q.nargs) buf_printf(&q.text, "UPDATE %s SET ", e->table);
        buf_printf(&q.text, "%s%s=", q.nargs ? "," : "", f->column);
        sql_arg(&q, &after.values[i]);
    }
    if (!q.nargs) return ERR_OK;
    struct value id = value_text(pool->id);
    buf_puts(&q.text, " WHERE id="), sql_arg(&q, &id);
    enum err x = counter_add(s, pool, -1);
    if (!x) x = db_sendv(s->db, s->problem, buf_str(&q.text), q.args, q.nargs);
    *pool = after;
    return x ? x : counter_add(s, pool, 1);
}

// What a field of a pool should show, in SQL.
static const char *shown_sql(struct arena *a, const struct field *f, const char *table) {
    bool left = f->derives == DERIVES_LEFT;
    const char *of = left ? arena_printf(a, "coalesce(%s,0)-", f->derived_from->column) : "";
    return arena_printf(
        a, "%scoalesce((SELECT %s FROM core_pool WHERE pool=%s.id AND what='%s'),0)", of,
        left ? "reserved+committed+settled" : WORDS[f->derives], table, f->derived_from->name);
}

// New fields, and what an older release did not move.
static enum err settle_entity(struct store *s, const struct entity *e) {
    int64_t moved = 0, n = 0;
    enum err x = ERR_OK;
    for (int i = 0; i < e->nfields && !x; i++) {
        const struct field *f = &e->fields[i];
        if (!is_fed(f)) continue;
        const char *is = shown_sql(s->arena, f, e->table);
        x = db_run(s->db, s->problem, &n,
                   arena_printf(s->arena, "UPDATE %s SET %s=%s WHERE %s IS NULL OR %s<>%s",
                                e->table, f->column, is, f->column, f->column, is),
                   "");
        moved += n;
    }
    for (int i = 0; i < e->plugin->nreports && moved && !x; i++)
        if (e->plugin->reports[i].kept && e->plugin->reports[i].entity == e)
            x = counter_rebuild(s, &e->plugin->reports[i]);
    return x;
}

enum err derive_settle(struct store *s, const struct schema *schema) {
    enum err x = ERR_OK;
    for (int i = 0; i < schema->nentities && !x; i++)
        if (schema->entities[i]->feeds) x = settle_entity(s, schema->entities[i]);
    return x;
}

enum err derive_check(struct store *s, const struct schema *schema, int64_t *wrong) {
    enum err x = ERR_OK;
    *wrong = 0;
    for (int i = 0; i < schema->nentities; i++) {
        const struct entity *e = schema->entities[i];
        for (int k = 0; k < e->nfields && e->feeds && !x; k++) {
            int64_t n = 0;
            const struct field *f = &e->fields[k];
            if (!is_fed(f)) continue;
            x = db_int(s->db, s->problem, &n, 0,
                       arena_printf(s->arena, "SELECT count(*) FROM %s WHERE %s IS NULL OR %s<>%s",
                                    e->table, f->column, f->column,
                                    shown_sql(s->arena, f, e->table)),
                       "");
            *wrong += n;
        }
    }
    return x;
}

// Money in minor units, decimals as numbers: what fields outside of lists are to a rule.
struct value list_for_rule(struct arena *a, const struct field *list, const struct value *v) {
    json_t *lines, *line;
    size_t i;
    struct buf b;
    if (v->kind != VALUE_JSON || json_parse(a, v->p, v->n, &lines, NULL)) return *v;
    json_array_foreach(lines, i, line) for (int k = 0; k < list->nlines; k++) {
        const struct field *f = &list->lines[k];
        const json_t *cell = json_object_get(line, f->name);
        char text[32];
        int64_t n;
        const char *s = json_string_value(cell);
        if (f->type != FIELD_MONEY && f->type != FIELD_DECIMAL) continue;
        if (json_is_integer(cell))
            snprintf(text, sizeof text, "%lld", (long long)json_integer_value(cell)), s = text;
        if (s && f->type == FIELD_MONEY && text_to_scaled(s, strlen(s), f->scale, &n))
            json_object_set_new(line, f->name, json_integer(n));
        else if (s && f->type == FIELD_DECIMAL)
            json_object_set_new(line, f->name, json_real(strtod(s, NULL)));
    }
    buf_init(&b, a);
    json_dom(&b, lines);
    return (struct value){.kind = VALUE_JSON, .p = buf_str(&b), .n = b.len};
}
