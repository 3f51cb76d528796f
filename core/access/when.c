// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The `when` of a rule: comparisons that must all hold. A literal takes the form its column has, so
// that memory and SQL compare the same things.
#include <string.h>
#include "access/access_internal.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "campus/yaml.h"

static const char *choices_of(struct compile *c, const struct field *f) {
    struct buf b;
    buf_init(&b, c->a);
    buf_puts(&b, "one of ");
    for (int i = 0; i < f->nchoices; i++) buf_printf(&b, "%s%s", i ? ", " : "", f->choices[i].name);
    return buf_str(&b);
}

// The literal as the column's value; after a complaint it is null, which equals nothing.
static struct value literal(struct compile *c, const struct entity *e, int column,
                            const struct yaml *y) {
    const struct field *f = column >= 0 ? &e->fields[column] : NULL;
    int64_t v;
    const char *want;
    if (!y->text || y->kind == YAML_NULL || y->kind == YAML_LIST || y->kind == YAML_MAP) {
        rule_wrong(c, y, "value_invalid", "write a value; for nothing there is { empty: true }");
        return value_null();
    }
    if (column == COLUMN_STATE) {
        if (entity_state(e, y->text) >= 0) return value_textn(y->text, y->n);
        const struct workflow *w = e->workflow;
        const char *names[64];
        for (int i = 0; w && i < w->nstates; i++) names[i] = w->states[i].name;
        rule_wrong(c, y, "state_unknown", "%s has no state \"%s\"%s", e->full, y->text,
                   text_instead(c->a, y->text, names, w ? (size_t)w->nstates : 0, "it has"));
        return value_null();
    }
    bool is_time = column == COLUMN_CREATED_AT || column == COLUMN_UPDATED_AT ||
                   (f && f->type == FIELD_DATETIME);
    if (is_time) {
        if (text_to_time(y->text, y->n, &v)) return value_int(v);
        want = "a time such as 2026-09-01T08:00:00+08:00";
    } else if (!f) {
        return value_textn(y->text, y->n);
    } else {
        switch (f->type) {
        case FIELD_INTEGER:
        case FIELD_DECIMAL:
        case FIELD_MONEY:
            if (text_to_scaled(y->text, y->n, f->scale, &v)) return value_int(v);
            want = "a number with no more places than the field has";
            break;
        case FIELD_BOOLEAN:
            if (y->kind == YAML_BOOL) return value_bool(y->b);
            want = "true or false";
            break;
        case FIELD_DATE:
            if (text_is_date(y->text, y->n)) return value_textn(y->text, y->n);
            want = "a date such as 2026-09-01";
            break;
        case FIELD_CHOICE:
            if (field_choice(f, y->text, y->n)) return value_textn(y->text, y->n);
            want = choices_of(c, f);
            break;
        default: return value_textn(y->text, y->n);
        }
    }
    rule_wrong(c, y, "value_invalid", "\"%s\" does not suit %s: write %s", y->text,
               f ? f->name : "it", want);
    return value_null();
}

static struct test *add_test(struct compile *c, struct rule *r, struct test *tests,
                             const struct yaml *y) {
    struct test *t = &tests[r->ntests++];
    struct buf b;
    buf_init(&b, c->a);
    buf_printf(&b, "%s: ", y->key ? y->key : "");
    yaml_to_json(y, &b);
    *t = (struct test){.line = y->line, .text = buf_str(&b), .op = COND_EQ};
    return t;
}

static void actor_value(struct compile *c, const struct yaml *y, struct test *t) {
    static const struct {
        const char *name;
        enum subject_of of;
        enum cond_op op;
    } vars[] = {{"$actor", OF_ACTOR_ID, COND_EQ},
                {"$actor.id", OF_ACTOR_ID, COND_EQ},
                {"$actor.campus", OF_ACTOR_CAMPUS, COND_EQ},
                {"$actor.groups", OF_ACTOR_GROUPS, COND_IN},
                {"$actor.supervises", OF_ACTOR_SUPERVISED, COND_IN}};
    for (size_t i = 0; i < sizeof vars / sizeof *vars; i++)
        if (!strcmp(vars[i].name, y->text)) {
            t->of = vars[i].of;
            t->op = vars[i].op;
            return;
        }
    rule_wrong(
        c, y, "variable_unknown",
        "there is no %s: there are $actor.id, $actor.campus, $actor.groups, $actor.supervises",
        y->text);
}

static void compare(struct compile *c, const struct entity *e, struct rule *r, struct test *tests,
                    const struct yaml *y, int column) {
    static const struct {
        const char *key;
        enum cond_op op;
    } ops[] = {{"gte", COND_GE}, {"lte", COND_LE}, {"gt", COND_GT}, {"lt", COND_LT}};
    static const char *const keys[] = {"gte", "lte", "gt", "lt", "empty", "supervised_by", NULL};
    if (y->kind == YAML_LIST) {
        struct test *t = add_test(c, r, tests, y);
        struct value *v = arena_alloc(c->a, sizeof *v * (y->count + 1));
        for (const struct yaml *i = y->first; i; i = i->next)
            v[t->nvalues++] = literal(c, e, column, i);
        t->op = COND_IN, t->column = column, t->values = v;
        return;
    }
    if (y->kind != YAML_MAP) {
        struct test *t = add_test(c, r, tests, y);
        t->column = column;
        if (y->text && y->text[0] == '$') {
            actor_value(c, y, t);
            return;
        }
        struct value *v = arena_alloc(c->a, sizeof *v);
        *v = literal(c, e, column, y);
        t->values = v, t->nvalues = 1;
        return;
    }
    yaml_only(y, c->p, keys);
    if (!y->first) rule_wrong(c, y, "value_invalid", "compare with something: { gte: 60 }");
    for (const struct yaml *i = y->first; i; i = i->next) {
        struct test *t = add_test(c, r, tests, i);
        t->column = column;
        if (!strcmp(i->key, "empty")) {
            if (i->kind != YAML_BOOL) rule_wrong(c, i, "value_invalid", "write true or false");
            t->op = COND_EMPTY;
            t->want = i->kind == YAML_BOOL && i->b;
            continue;
        }
        if (!strcmp(i->key, "supervised_by")) {
            if (!i->text || strcmp(i->text, "$actor"))
                rule_wrong(c, i, "value_invalid", "write $actor here");
            t->of = OF_ACTOR_SUPERVISED;
            t->op = COND_IN;
            continue;
        }
        struct value *v = arena_alloc(c->a, sizeof *v);
        *v = literal(c, e, column, i);
        t->values = v, t->nvalues = 1;
        for (size_t k = 0; k < sizeof ops / sizeof *ops; k++)
            if (!strcmp(ops[k].key, i->key)) t->op = ops[k].op;
    }
}

// Columns that hold one plain value.
static bool is_comparable(struct compile *c, const struct entity *e, const struct yaml *w,
                          int column) {
    if (column == COLUMN_NONE) {
        size_t n = 0;
        const char *const *names = e ? entity_field_names(e, c->a, &n) : NULL;
        problem_at(c->p, w->file, w->key_line, w->key_col, "field_unknown",
                   "%s has no field \"%s\"%s", e ? e->full : "*", w->key,
                   text_instead(c->a, w->key, names, n, "it has"));
        return false;
    }
    if (column < 0) return true;
    const struct field *f = &e->fields[column];
    if (f->sealed)
        problem_at(
            c->p, w->file, w->key_line, w->key_col, "field_sealed",
            "%s is sealed: a condition cannot read it; compare a field of class public or internal",
            w->key);
    else if (f->type == FIELD_LIST || f->type == FIELD_JSON || f->type == FIELD_MULTICHOICE ||
             f->type == FIELD_FILE)
        problem_at(c->p, w->file, w->key_line, w->key_col, "field_unsuitable",
                   "%s holds more than one value: a condition cannot compare it", w->key);
    else
        return true;
    return false;
}

void rule_when(struct compile *c, const struct entity *e, struct rule *r, const struct yaml *when) {
    size_t n = 0;
    for (const struct yaml *w = when ? when->first : NULL; w; w = w->next)
        n += w->kind == YAML_MAP ? w->count : 1;
    struct test *tests = arena_alloc(c->a, sizeof *tests * (n + 1));
    r->tests = tests;
    for (const struct yaml *w = when ? when->first : NULL; w; w = w->next) {
        if (!strncmp(w->key, "$actor.fact.", 12)) {
            struct test *t = add_test(c, r, tests, w);
            if (w->kind != YAML_BOOL) rule_wrong(c, w, "value_invalid", "write true or false");
            t->of = OF_FACT, t->fact = w->key + 12, t->want = w->b;
            continue;
        }
        int column = e ? column_find(e, w->key) : COLUMN_NONE;
        if (is_comparable(c, e, w, column)) compare(c, e, r, tests, w, column);
    }
}
