// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Fields that nobody fills: sum(list.field) and count(list), reckoned with each write of the list.
#include <string.h>
#include "campus/mem.h"
#include "campus/store.h"
#include "campus/text.h"
#include "record/schema_build.h"

static bool is_number(const struct field *f) {
    return f->type == FIELD_INTEGER || f->type == FIELD_DECIMAL || f->type == FIELD_MONEY;
}

// "sum(lines.amount)" -> the list and its field; "count(lines)" -> the list alone.
static bool read_expression(struct arena *a, const struct entity *e, struct field *f) {
    const char *s = f->derived, *end = strchr(s, ')');
    bool sums = !strncmp(s, "sum(", 4);
    if ((!sums && strncmp(s, "count(", 6)) || !end || end[1]) return false;
    s += sums ? 4 : 6;
    char *list = arena_strndup(a, s, (size_t)(end - s)), *dot = strchr(list, '.');
    if (sums != (dot != NULL)) return false;
    if (dot) *dot++ = 0;
    const struct field *from = entity_field(e, list);
    if (!from || from->type != FIELD_LIST) return false;
    for (int i = 0; dot && i < from->nlines; i++)
        if (!strcmp(from->lines[i].name, dot)) f->adds = &from->lines[i];
    f->derived_from = from;
    return !dot || f->adds;
}

static const char *what_is_wrong(struct arena *a, const struct entity *e, struct field *f) {
    if (!read_expression(a, e, f))
        return "write \"sum(list.field)\" or \"count(list)\" of a list of this entity";
    const struct field *as = f->adds;
    if (!as && f->type != FIELD_INTEGER) return "a count is a field.integer";
    if (as && (!is_number(as) || as->type != f->type || as->scale != f->scale))
        return "a sum is of numbers, and of their type and scale";
    if (f->class < f->derived_from->class || (as && f->class < as->class))
        return "it would tell what is in a higher class";
    if (f->required || f->has_min || f->has_max || f->preset_var || !value_is_null(&f->preset))
        return "it is computed: required, min, max and default are not for it";
    return NULL;
}

void build_derived(struct build *b, const struct entity *e, struct field *f) {
    const char *wrong = f->derived ? what_is_wrong(b->arena, e, f) : NULL;
    for (int i = 0; i < f->nlines; i++)
        if (f->lines[i].derived) wrong = "a field of a list cannot be derived";
    if (wrong)
        problem_at(b->p, f->file, f->line, f->col, "derived_invalid", "%s: %s%s%s", f->name,
                   f->derived ? f->derived : "", f->derived ? ": " : "", wrong);
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

enum err input_derive(struct arena *a, const struct entity *e, const struct value *before,
                      struct input *in, struct problem *p) {
    enum err err = ERR_OK;
    for (int i = 0; i < e->nfields; i++) {
        const struct field *f = &e->fields[i], *from = f->derived_from;
        if (!from) continue;
        bool written = fieldset_has(&in->present, from->index);
        if (before && !written && !value_is_null(&before[i])) continue;
        int64_t v;
        if (add_up(a, f, written || !before ? &in->values[from->index] : &before[from->index], &v))
            in->values[i] = value_int(v), fieldset_add(&in->present, i);
        else
            err = problem_add(p, ERR_INVALID, arena_printf(a, "/%s", from->name), "out_of_range",
                              "%s is too much to add up", from->name);
    }
    return err;
}
