// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Scores as they are declared and reckoned, and the check of what is declared of urns.
#include "campus/score.h"

#include <math.h>
#include <string.h>
#include "campus/json.h"
#include "campus/mem.h"
#include "campus/text.h"

struct building {
    const struct flow_input *in;
    struct problem *p;
    const struct plugin *plugin;
    const char *file, *what;
    int line, col;
};

static void wrong(const struct building *b, const char *word, const char *fmt, ...) PRINTF(3, 4);
static void wrong(const struct building *b, const char *word, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    const char *text = arena_vprintf(b->p->arena, fmt, ap);
    va_end(ap);
    problem_at(b->p, b->file, b->line, b->col ? b->col : 1, word, "%s: %s", b->what, text);
}

// The key of a "policy:KEY" of this type, or NULL after an objection.
static const char *policy_key(const struct building *b, const char *ref, const char *type) {
    const struct policy_schema *s = b->in->policy_schemas[b->plugin - b->in->schema->plugins];
    const char *key = ref + strlen("policy:"), *have = s ? policy_type(s, key) : NULL;
    if (!have)
        wrong(b, "policy_key_unknown", "the policy of %s has no key \"%s\"", b->plugin->name, key);
    else if (strcmp(have, type))
        wrong(b, "policy_key_type", "the policy key \"%s\" is of type %s, not %s", key, have, type);
    else
        return arena_strdup(b->in->arena, key);
    return NULL;
}

// Every name is a field that can be weighed.
static void check_weights(const struct building *b, const struct entity *e, const json_t *weights) {
    const char *name;
    json_t *w;
    double sum = 0;
    json_object_foreach((json_t *)weights, name, w) {
        const struct field *f = entity_field(e, name);
        sum += json_number_value(w);
        if (!f)
            wrong(b, "field_unknown", "it weighs \"%s\", which %s does not have", name, e->full);
        else if (f->type != FIELD_INTEGER || f->sealed || !f->has_max || f->max < 1)
            wrong(b, "weights_invalid", "it weighs %s, which is no integer in the clear with a max",
                  name);
        if (!json_is_number(w) || json_number_value(w) < 0)
            wrong(b, "weights_invalid", "the weight of %s is a number from 0 on", name);
    }
    if (fabs(sum - 100) > 1e-6) wrong(b, "weights_invalid", "the weights sum to 100, not %g", sum);
}

static void build_weights(struct building *b, struct entity *e, const struct field *f,
                          const json_t *weights) {
    struct score_decl *d = arena_alloc(b->in->arena, sizeof *d);
    const char *ref = json_string_value(weights);
    *d = (struct score_decl){.field = f, .weights = ref ? NULL : weights, .next = e->scores};
    b->file = f->file, b->line = f->line, b->col = f->col;
    b->what = arena_printf(b->p->arena, "%s", f->name);
    if (f->type != FIELD_DECIMAL || f->sealed || f->required || f->has_min || f->has_max)
        wrong(b, "weights_invalid",
              "what has weights is a field.decimal in the clear, without required, min, max");
    if (ref && strncmp(ref, "policy:", 7))
        wrong(b, "weights_invalid", "weights are a table { field = 60, … } or \"policy:KEY\"");
    else if (ref)
        d->policy = policy_key(b, ref, "weights");
    else
        check_weights(b, e, weights);
    struct policy *pol = d->policy ? b->in->policies[b->plugin - b->in->schema->plugins] : NULL;
    for (size_t i = 0; pol && i < policy_count(pol); i++) {
        const char *v = policy_value(policy_nth(pol, i), d->policy);
        json_t *j;
        if (v && !json_parse(b->p->arena, v, strlen(v), &j, NULL)) check_weights(b, e, j);
    }
    e->scores = d;
}

static void build_opens(struct building *b, struct entity *e, struct transition *t,
                        const json_t *j) {
    struct opens_decl *d = arena_alloc(b->in->arena, sizeof *d);
    const char *into = json_string_value(json_object_get(j, "into")),
               *count = json_string_value(json_object_get(j, "count")),
               *least = json_string_value(json_object_get(j, "least"));
    b->file = e->file, b->line = t->line ? t->line : e->line, b->col = t->col;
    b->what = arena_printf(b->p->arena, "transition %s", t->name);
    d->into = schema_entity(b->in->schema, b->plugin->name, into ? into : "");
    d->of = d->into ? urn_back(d->into, e) : NULL;
    d->count = count ? entity_field(e, count) : NULL;
    d->least = json_integer_value(json_object_get(j, "least"));
    if (!d->of) {
        wrong(b, "opens_invalid",
              "opens = { into = \"ENTITY\" } is an entity of this plugin with a reference to %s",
              e->full);
        return;
    }
    if (count && (!d->count || d->count->type != FIELD_INTEGER || d->count->sealed))
        wrong(b, "opens_invalid", "count = \"%s\" is no integer field of %s", count, e->full);
    if (least && !strncmp(least, "policy:", 7)) d->least_key = policy_key(b, least, "integer");
    if (d->least < 0 || (!least && !json_is_integer(json_object_get(j, "least"))))
        wrong(b, "opens_invalid", "least is how many answers it takes, or \"policy:KEY\"");
    t->opens = d;
}

void score_build(const struct flow_input *in, struct problem *p) {
    struct building b = {.in = in, .p = p};
    for (int i = 0; i < in->schema->nplugins; i++) {
        const struct plugin *pl = b.plugin = &in->schema->plugins[i];
        const json_t *entities = json_object_get(pl->declaration, "entities");
        for (int k = 0; k < pl->nentities; k++) {
            struct entity *e = (struct entity *)pl->entities[k];
            const json_t *j = json_array_get(entities, (size_t)k), *one;
            size_t n;
            json_array_foreach(json_object_get(j, "fields"), n, one) {
                const char *name = json_string_value(json_object_get(one, "name"));
                const struct field *f = name ? entity_field(e, name) : NULL;
                const json_t *weights = json_object_get(one, "weights");
                if (f && weights) build_weights(&b, e, f, weights);
            }
            const json_t *moves = json_object_get(json_object_get(j, "workflow"), "transitions");
            for (int m = 0; e->workflow && m < e->workflow->ntransitions; m++) {
                const json_t *opens = json_object_get(json_array_get(moves, (size_t)m), "opens");
                struct transition *t = (struct transition *)&e->workflow->transitions[m];
                if (opens) build_opens(&b, e, t, opens);
            }
        }
        for (int k = 0; k < pl->nforms; k++) {
            const struct public_form *f = &pl->forms[k];
            const struct transition *opens;
            if (!f->into || urn_of(f, &opens)) continue;
            b.file = f->file, b.line = f->line, b.col = 1;
            b.what = arena_printf(p->arena, "public %s", f->name);
            wrong(&b, "opens_invalid", "no reference of %s leads to what opens into %s",
                  f->entity->full, f->into->full);
        }
    }
}

static const struct value *value_in(const struct value *before, const struct input *in, int i) {
    static const struct value none;
    return fieldset_has(&in->present, i) ? &in->values[i] : before ? &before[i] : &none;
}

void score_reckon(const struct flow *f, const struct entity *e, const struct value *before,
                  struct input *in) {
    for (const struct score_decl *d = e->scores; d; d = d->next) {
        json_t *weights = (json_t *)d->weights, *w;
        const char *text = d->policy && f->policy ? policy_value(f->policy, d->policy) : NULL,
                   *name;
        double sum = 0, all = 0;
        bool written = !before || value_is_null(&before[d->field->index]);
        if (text && json_parse(f->store->arena, text, strlen(text), &weights, NULL)) continue;
        json_object_foreach(weights, name, w) {
            const struct field *part = entity_field(e, name);
            if (!part || part->max < 1) continue;
            const struct value *v = value_in(before, in, part->index);
            written = written || fieldset_has(&in->present, part->index);
            if (v->kind != VALUE_INT) continue; // what was left out does not count
            sum += json_number_value(w) * (double)v->i / (double)part->max;
            all += json_number_value(w);
        }
        if (!written) continue;
        double scaled = all > 0 ? 100 * sum / all * pow(10, d->field->scale) : 0;
        in->values[d->field->index] = all > 0 ? value_int(llround(scaled)) : value_null();
        fieldset_add(&in->present, d->field->index);
    }
}
