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
#include "flow/declare.h"

// Every name is a field that can be weighed.
static void check_weights(const struct declare *b, const struct entity *e, const json_t *weights) {
    const char *name;
    json_t *w;
    double sum = 0;
    json_object_foreach((json_t *)weights, name, w) {
        const struct field *f = entity_field(e, name);
        sum += json_number_value(w);
        if (!f)
            declare_wrong(b, NULL, "field_unknown", "it weighs \"%s\", which %s does not have",
                          name, e->full);
        else if (f->type != FIELD_INTEGER || f->sealed || !f->has_max || f->max < 1)
            declare_wrong(b, NULL, "weights_invalid",
                          "it weighs %s, which is no integer in the clear with a max", name);
        if (!json_is_number(w) || json_number_value(w) < 0)
            declare_wrong(b, NULL, "weights_invalid", "the weight of %s is a number from 0 on",
                          name);
    }
    if (fabs(sum - 100) > 1e-6)
        declare_wrong(b, NULL, "weights_invalid", "the weights sum to 100, not %g", sum);
}

static void build_weights(struct declare *b, struct entity *e, const struct field *f,
                          const json_t *weights) {
    static const char *const types[] = {"weights", "weights"};
    struct score_decl *d = arena_alloc(b->in->arena, sizeof *d);
    const char *ref = json_string_value(weights);
    *d = (struct score_decl){.field = f, .weights = ref ? NULL : weights, .next = e->scores};
    b->file = f->file, b->at = (struct spot){f->line, f->col ? f->col : 1};
    b->what = arena_printf(b->p->arena, "%s", f->name);
    if (f->type != FIELD_DECIMAL || f->sealed || f->required || f->has_min || f->has_max)
        declare_wrong(
            b, NULL, "weights_invalid",
            "what has weights is a field.decimal in the clear, without required, min, max");
    if (ref && strncmp(ref, "policy:", 7))
        declare_wrong(b, NULL, "weights_invalid",
                      "weights are a table { field = 60, … } or \"policy:KEY\"");
    else if (ref)
        d->policy = declare_key(b, NULL, ref, types, NULL);
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

static void build_opens(struct declare *b, struct entity *e, struct transition *t,
                        const json_t *j) {
    static const char *const types[] = {"integer", "integer"};
    struct opens_decl *d = arena_alloc(b->in->arena, sizeof *d);
    const char *into = json_string_value(json_object_get(j, "into")),
               *count = json_string_value(json_object_get(j, "count")),
               *least = json_string_value(json_object_get(j, "least"));
    b->file = e->file, b->at = (struct spot){t->line ? t->line : e->line, t->col ? t->col : 1};
    b->what = arena_printf(b->p->arena, "transition %s", t->name);
    d->into = schema_entity(b->in->schema, b->plugin->name, into ? into : "");
    d->of = d->into ? urn_back(d->into, e) : NULL;
    d->count = count ? entity_field(e, count) : NULL;
    d->least = json_integer_value(json_object_get(j, "least"));
    if (!d->of) {
        declare_wrong(
            b, NULL, "opens_invalid",
            "opens = { into = \"ENTITY\" } is an entity of this plugin with a reference to %s",
            e->full);
        return;
    }
    if (count && (!d->count || d->count->type != FIELD_INTEGER || d->count->sealed))
        declare_wrong(b, NULL, "opens_invalid", "count = \"%s\" is no integer field of %s", count,
                      e->full);
    if (least && !strncmp(least, "policy:", 7))
        d->least_key = declare_key(b, NULL, least, types, NULL);
    if (d->least < 0 || (!least && !json_is_integer(json_object_get(j, "least"))))
        declare_wrong(b, NULL, "opens_invalid",
                      "least is how many answers it takes, or \"policy:KEY\"");
    t->opens = d;
}

void score_build(const struct flow_input *in, struct problem *p) {
    struct declare b = {.in = in, .p = p};
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
            b.file = f->file, b.at = (struct spot){f->line, 1};
            b.what = arena_printf(p->arena, "public %s", f->name);
            declare_wrong(&b, NULL, "opens_invalid",
                          "no reference of %s leads to what opens into %s", f->entity->full,
                          f->into->full);
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
        input_put(in, d->field, all > 0 ? value_int(llround(scaled)) : value_null());
    }
}
