// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The one authorization function, and the same rules as a condition over records.
#include <string.h>
#include "access/access_internal.h"
#include "campus/mem.h"

static bool in_texts(const char *const *list, const char *word) {
    for (; list && *list; list++)
        if (!strcmp(*list, word)) return true;
    return false;
}

bool test_bind(const struct test *t, const struct actor *actor, struct cond *out, struct value *scratch) {
    *out = (struct cond){.op = t->op, .column = t->column, .values = t->values, .nvalues = t->nvalues};
    switch (t->of) {
    case OF_LITERAL: return true;
    case OF_FACT: {
        bool has = false;
        for (int i = 0; i < actor->nfacts; i++) has |= !strcmp(actor->facts[i], t->fact);
        out->op = COND_TRUE;
        return has == t->want;
    }
    case OF_ACTOR_ID: scratch[0] = value_text(actor->id); break;
    case OF_ACTOR_CAMPUS:
        if (!actor->campus) return false;
        scratch[0] = value_text(actor->campus);
        break;
    case OF_ACTOR_GROUPS: case OF_ACTOR_SUPERVISED: {
        const char **list = t->of == OF_ACTOR_GROUPS ? actor->groups : actor->supervised;
        int n = t->of == OF_ACTOR_GROUPS ? actor->ngroups : actor->nsupervised;
        if (n > SCRATCH - 1) n = SCRATCH - 1;
        for (int i = 0; i < n; i++) scratch[i] = value_text(list[i]);
        out->values = scratch;
        out->nvalues = n;
        return n > 0;
    }
    }
    out->values = scratch;
    out->nvalues = 1;
    return true;
}

bool rule_fits(const struct rule *r, const struct actor *actor, const char *verb) {
    uint64_t common = 0;
    for (int w = 0; w < FIELDSET_WORDS; w++) common |= r->roles.w[w] & actor->roles.w[w];
    return common && (in_texts(r->verbs, verb) || in_texts(r->verbs, "*"));
}

bool rule_holds(const struct rule *r, const struct actor *actor, const struct record *rec, const struct test **failed) {
    struct value scratch[SCRATCH];
    for (int i = 0; i < r->ntests; i++) {
        struct cond c;
        bool ok = test_bind(&r->tests[i], actor, &c, scratch);
        if (ok && c.op != COND_TRUE) {
            if (!rec) ok = !r->deny;        // might hold for some record
            else if (c.op == COND_EMPTY) ok = cond_eval(&c, rec) == r->tests[i].want;
            else ok = cond_eval(&c, rec);
        }
        if (!ok) {
            if (failed) *failed = &r->tests[i];
            return false;
        }
    }
    return true;
}

static bool scoped(const struct actor *actor, const struct entity *e, const char *verb) {
    if (!actor->scopes) return true;
    for (const char *const *s = actor->scopes; *s; s++) {
        size_t n = strlen(e->full);
        if (!strcmp(*s, "*")) return true;
        if (!strncmp(*s, e->full, n) && (*s)[n] == ':' && (!strcmp(*s + n + 1, verb) || !strcmp(*s + n + 1, "*"))) return true;
    }
    return false;
}

// One allowing rule's views, merged: the clearest wins.
static void add_views(const struct rule *r, const struct entity *e, struct verdict *v) {
    for (int i = 0; i < e->nfields; i++) {
        if (fieldset_has(&r->hide, i)) continue;
        bool clear = fieldset_has(&r->clear, i) || (!e->fields[i].sealed && !fieldset_has(&r->mask, i));
        if (clear && e->fields[i].sealed && !r->purpose) clear = false;     // needs a purpose to stand open
        if (clear) {
            fieldset_add(&v->clear, i);
            fieldset_del(&v->masked, i);
            if (e->fields[i].sealed) {
                fieldset_add(&v->standing, i);
                v->purpose = r->purpose;
            }
        } else if (!fieldset_has(&v->clear, i)) fieldset_add(&v->masked, i);
    }
}

void access_decide(const struct access *x, const struct actor *actor, const struct entity *e, const char *verb,
                   const struct record *rec, struct verdict *out) {
    *out = (struct verdict){.rule = -1};
    if (actor->is_system) {
        out->allowed = true;
        memset(&out->clear, 0xff, sizeof out->clear);
        return;
    }
    if (!scoped(actor, e, verb)) return;
    for (const struct rule **at = x->by_entity[e->index]; *at; at++) {
        const struct rule *r = *at;
        if (!rule_fits(r, actor, verb) || (r->deny && r->has_only) || !rule_holds(r, actor, rec, NULL)) continue;
        out->rule = (int)(r - x->rules);
        if (r->deny) {
            *out = (struct verdict){.rule = out->rule};
            return;
        }
        out->allowed = true;
        add_views(r, e, out);
    }
}

static const struct cond *rule_cond(const struct rule *r, const struct actor *actor, struct arena *a) {
    const struct cond *all = cond_new(a, COND_TRUE);
    struct value scratch[SCRATCH];
    for (int i = 0; i < r->ntests; i++) {
        struct cond c;
        if (!test_bind(&r->tests[i], actor, &c, scratch)) return cond_new(a, COND_FALSE);
        if (c.op == COND_TRUE) continue;
        struct cond *keep = cond_new(a, c.op);
        *keep = c;
        if (c.values == scratch) {
            struct value *v = arena_alloc(a, sizeof *v * (size_t)c.nvalues);
            memcpy(v, scratch, sizeof *v * (size_t)c.nvalues);
            keep->values = v;
        }
        const struct cond *one = keep;
        if (c.op == COND_EMPTY && !r->tests[i].want) one = cond_not(a, keep);
        all = cond_and(a, all, one);
    }
    return all;
}

const struct cond *access_filter(const struct access *x, const struct actor *actor, const struct entity *e,
                                 const char *verb, struct arena *a) {
    if (actor->is_system) return cond_new(a, COND_TRUE);
    const struct cond *allow = cond_new(a, COND_FALSE), *deny = cond_new(a, COND_FALSE);
    if (!scoped(actor, e, verb)) return allow;
    for (const struct rule **at = x->by_entity[e->index]; *at; at++) {
        if (!rule_fits(*at, actor, verb) || ((*at)->deny && (*at)->has_only)) continue;
        const struct cond *c = rule_cond(*at, actor, a);
        if ((*at)->deny) deny = cond_or(a, deny, c);
        else allow = cond_or(a, allow, c);
    }
    return cond_and(a, allow, cond_not(a, deny));
}

const struct cond *access_field_filter(const struct access *x, const struct actor *actor, const struct entity *e,
                                       int field, struct arena *a) {
    if (actor->is_system) return cond_new(a, COND_TRUE);
    const struct cond *clear = cond_new(a, COND_FALSE);
    for (const struct rule **at = x->by_entity[e->index]; *at; at++) {
        if ((*at)->deny || !rule_fits(*at, actor, "read")) continue;
        struct verdict v = {0};
        add_views(*at, e, &v);
        if (fieldset_has(&v.clear, field)) clear = cond_or(a, clear, rule_cond(*at, actor, a));
    }
    return clear;
}

bool access_is_uniform(const struct access *x, const struct actor *actor, const struct entity *e, const char *verb) {
    struct verdict first = {0};
    bool have = false;
    if (actor->is_system) return true;
    for (const struct rule **at = x->by_entity[e->index]; *at; at++) {
        if ((*at)->deny || !rule_fits(*at, actor, verb)) continue;
        struct verdict v = {0};
        add_views(*at, e, &v);
        if (have && (memcmp(&v.clear, &first.clear, sizeof v.clear) || memcmp(&v.masked, &first.masked, sizeof v.masked)))
            return false;
        first = v;
        have = true;
    }
    return true;
}

bool access_has_permission(const struct access *x, const struct actor *actor, const char *name) {
    if (actor->is_system) return true;
    if (actor->scopes && !in_texts(actor->scopes, name) && !in_texts(actor->scopes, "*")) return false;
    for (int i = 0; i < x->nrules; i++) {
        const struct rule *r = &x->rules[i];
        uint64_t common = 0;
        for (int w = 0; w < FIELDSET_WORDS; w++) common |= r->roles.w[w] & actor->roles.w[w];
        if (common && (in_texts(r->permissions, name) || in_texts(r->permissions, "*"))) return true;
    }
    return false;
}

bool access_may_write(const struct access *x, const struct actor *actor, const struct record *rec, const char *verb,
                      const struct fieldset *fields, struct fieldset *refused) {
    struct fieldset may = {0}, denied = {0};
    const struct entity *e = rec->entity;
    *refused = (struct fieldset){0};
    if (actor->is_system) return true;
    for (const struct rule **at = x->by_entity[e->index]; *at; at++) {
        const struct rule *r = *at;
        if (!rule_fits(r, actor, verb) || !rule_holds(r, actor, rec, NULL)) continue;
        for (int w = 0; w < FIELDSET_WORDS; w++) {
            uint64_t reach = r->has_only ? r->only.w[w] : ~UINT64_C(0);
            if (r->deny) denied.w[w] |= reach;
            else may.w[w] |= reach & ~r->hide.w[w];
        }
    }
    uint64_t any = 0;
    for (int w = 0; w < FIELDSET_WORDS; w++) {
        refused->w[w] = fields->w[w] & ~(may.w[w] & ~denied.w[w]);
        any |= refused->w[w];
    }
    return !any;
}

bool access_is_exclusive(const struct access *x, const struct entity *e, const char *transition,
                         const char *const *done_before, const char **rule_name) {
    for (int i = 0; i < x->nexclusives; i++) {
        const struct exclusive *ex = &x->exclusives[i];
        if (ex->entity != e->index) continue;
        for (int g = 0; g < ex->ngroups; g++) {
            if (!in_texts(ex->groups[g], transition)) continue;
            for (const char *const *d = done_before; *d; d++)
                if (in_texts(ex->groups[g], *d) && strcmp(*d, transition)) {
                    *rule_name = ex->name;
                    return true;
                }
        }
    }
    return false;
}
