// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Ledgers, and what transitions post to them. host/expand.lua has made the ledger's entity and its
// report of balances; here both are found again, and every part of a posting is fitted to them.
#include "campus/mem.h"
#include "campus/report.h"
#include "campus/text.h"
#include "record/schema_build.h"

static void build_ledger(struct build *b, const json_t *said, const json_t *at, struct entity *e) {
    struct ledger_decl *l = arena_alloc(b->arena, sizeof *l);
    const json_t *floors = json_object_get(said, "floors");
    *l = (struct ledger_decl){.number = entity_field(e, "number"),
                              .day = entity_field(e, "day"),
                              .account = entity_field(e, "account"),
                              .amount = entity_field(e, "amount"),
                              .source = entity_field(e, "source"),
                              .act = entity_field(e, "act"),
                              .text = entity_field(e, "text"),
                              .reverses = entity_field(e, "reverses"),
                              .item = entity_field(e, "item"),
                              .place = entity_field(e, "place")};
    int n = l->account->nchoices;
    bool *floored = arena_alloc(b->arena, sizeof *floored * (size_t)(n + 1));
    int64_t *floor = arena_alloc(b->arena, sizeof *floor * (size_t)(n + 1));
    for (int i = 0; i < n; i++) {
        const char *v = json_string_value(json_object_get(floors, l->account->choices[i].name));
        floored[i] = v != NULL;
        if (v && !text_to_scaled(v, strlen(v), l->amount->scale, &floor[i]))
            build_at(b, at, "floor", "%s: %s is no amount", e->name, v);
    }
    l->floored = floored, l->floor = floor;
    l->format = arena_strdup(b->arena, json_string_value(json_object_get(said, "number")));
    const char *balance = arena_printf(b->arena, "%s_balance", e->name);
    for (int i = 0; i < e->plugin->nreports; i++)
        if (!strcmp(e->plugin->reports[i].name, balance)) l->balance = &e->plugin->reports[i];
    e->ledger = l;
}

struct posting_of { // the transition that is looked at
    struct build *b;
    const json_t *at;
    const struct entity *entity;
    const struct transition *t;
    const struct ledger_decl *ledger;
};

static void wrong(const struct posting_of *w, const char *word, const char *fmt, ...) PRINTF(3, 4);
static void wrong(const struct posting_of *w, const char *word, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    build_at(w->b, w->at, word, "transition %s: post: %s", w->t->name,
             arena_vprintf(w->b->arena, fmt, ap));
    va_end(ap);
}

// A field of the list's line, else of the record.
static bool field_of(const struct posting_of *w, const struct field *list, const char *name,
                     struct post_part *out) {
    for (int i = 0; list && i < list->nlines; i++)
        if (!strcmp(list->lines[i].name, name)) out->field = &list->lines[i], out->of_line = true;
    if (!out->field) out->field = entity_field(w->entity, name);
    if (!out->field)
        wrong(w, "field_unknown", "%s has no field \"%s\"%s", w->entity->full, name,
              build_near(w->b, w->entity, name));
    else if (out->field->sealed)
        wrong(w, "field_type", "%s is sealed, a ledger is not", name);
    return out->field && !out->field->sealed;
}

// A part that must fit a field of the ledger: a word of its choices, or "field:NAME" of the same
// kind.
static void part(const struct posting_of *w, const json_t *j, const struct field *list,
                 const struct field *fits, const char *key, struct post_part *out) {
    const char *s = json_string_value(json_object_get(j, key));
    if (!s || !fits) {
        if (s) wrong(w, key, "this ledger has no %s", key);
        return;
    }
    bool read = !strncmp(s, "field:", 6) || fits->type == FIELD_REFERENCE;
    if (!read) {
        const char **names = arena_alloc(w->b->arena, sizeof *names * (size_t)(fits->nchoices + 1));
        for (int i = 0; i < fits->nchoices; i++) names[i] = fits->choices[i].name;
        out->word = arena_strdup(w->b->arena, s);
        if (!field_choice(fits, s, strlen(s)))
            wrong(w, "choice", "there is no %s \"%s\"%s", key, s,
                  text_instead(w->b->arena, s, names, (size_t)fits->nchoices, "there are"));
        return;
    }
    if (!field_of(w, list, strncmp(s, "field:", 6) ? s : s + 6, out)) return;
    const struct field *f = out->field;
    if (f->type != fits->type || (f->to && strcmp(f->to, fits->to)))
        wrong(w, "field_type", "%s is no %s%s%s", f->name, field_type_name(fits->type),
              fits->to ? " of " : "", fits->to ? fits->to : "");
    for (int i = 0; f->type == fits->type && i < f->nchoices; i++)
        if (!field_choice(fits, f->choices[i].name, strlen(f->choices[i].name)))
            wrong(w, "choice", "%s may be \"%s\", which is no %s", f->name, f->choices[i].name,
                  key);
}

static void entry(const struct posting_of *w, const json_t *j, struct post_line *out) {
    const char *list = json_string_value(json_object_get(j, "each"));
    const char *amount = json_string_value(json_object_get(j, "amount"));
    const struct ledger_decl *l = w->ledger;
    *out = (struct post_line){.list = list ? entity_field(w->entity, list) : NULL};
    if (list && (!out->list || out->list->type != FIELD_LIST || out->list->sealed))
        wrong(w, "field_type", "%s is no list in the clear", list);
    part(w, j, out->list, l->account, "account", &out->account);
    part(w, j, out->list, l->item, "item", &out->item);
    part(w, j, out->list, l->place, "place", &out->place);
    if (!out->account.word && !out->account.field)
        wrong(w, "account", "each entry needs account = \"…\"");
    if (l->item && !out->item.field) wrong(w, "item", "each entry needs item = \"…\"");
    out->minus = amount && *amount == '-';
    if (!amount)
        wrong(w, "amount", "each entry needs amount = \"FIELD\" or \"-FIELD\"");
    else if (field_of(w, out->list, amount + out->minus, &out->amount) &&
             (out->amount.field->type != l->amount->type ||
              out->amount.field->scale != l->amount->scale))
        wrong(w, "field_type", "%s is no %s", out->amount.field->name,
              field_type_name(l->amount->type));
}

static const struct field *typed(const struct posting_of *w, const json_t *j, const char *key,
                                 enum field_type type) {
    struct post_part p = {0};
    const char *s = json_string_value(json_object_get(j, key));
    if (!s || !field_of(w, NULL, s, &p)) return NULL;
    if (p.field->type != type) wrong(w, "field_type", "%s is no %s", s, field_type_name(type));
    return p.field;
}

static void build_post(const struct posting_of *about, const json_t *j, const struct schema *s) {
    struct posting_of w = *about;
    struct post_decl *d = arena_alloc(w.b->arena, sizeof *d);
    const char *name = json_string_value(json_object_get(j, "ledger"));
    const char *back = json_string_value(json_object_get(j, "reverse"));
    const json_t *lines = json_object_get(j, "lines");
    size_t n = json_array_size(lines);
    const struct entity *l = !name               ? NULL
                             : strchr(name, '.') ? schema_entity_full(s, name, strlen(name))
                                                 : schema_entity(s, w.entity->plugin->name, name);
    *d = (struct post_decl){.ledger = l};
    if (!l || !l->ledger || !plugin_reaches(w.entity->plugin, l)) {
        wrong(&w, "ledger_unknown", "there is no ledger \"%s\" of the plugin or among its needs",
              name ? name : "");
        return;
    }
    w.ledger = l->ledger;
    d->day = typed(&w, j, "day", FIELD_DATE);
    d->text = typed(&w, j, "text", FIELD_TEXT);
    if (back && !entity_transition(w.entity, back))
        wrong(&w, "transition_unknown", "%s has no transition \"%s\"", w.entity->full, back);
    if (back ? n > 0 : n < 2)
        wrong(&w, "entries", "it has two entries or more, or reverse = \"TRANSITION\" and none");
    d->reverses = arena_strdup(w.b->arena, back);
    struct post_line *out = arena_alloc(w.b->arena, sizeof *out * (n + 1));
    for (size_t i = 0; i < n; i++) entry(&w, json_array_get(lines, i), &out[d->nlines++]);
    d->lines = out;
    ((struct transition *)w.t)->post = d;
}

void build_ledgers(struct build *b, const struct schema *s) {
    for (int i = 0; i < s->nentities; i++) {
        struct entity *e = (struct entity *)s->entities[i];
        const json_t *list = json_object_get(e->plugin->declaration, "entities"), *j;
        size_t k;
        json_array_foreach((json_t *)list, k, j) {
            const char *name = json_string_value(json_object_get(j, "name"));
            if (!name || strcmp(name, e->name) || !json_object_get(j, "ledger")) continue;
            if (entity_field(e, "account") && entity_field(e, "reverses"))
                build_ledger(b, json_object_get(j, "ledger"), j, e);
        }
    }
    for (int i = 0; i < s->nentities; i++) {
        const struct entity *e = s->entities[i];
        for (int k = 0; e->workflow && k < e->workflow->ntransitions; k++) {
            const struct transition *t = &e->workflow->transitions[k];
            const json_t *post = json_object_get(t->declaration, "post");
            if (post) build_post(&(struct posting_of){b, t->declaration, e, t, NULL}, post, s);
        }
    }
}
