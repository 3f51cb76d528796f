// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The one authorization function.
#include <string.h>
#include "access/access_internal.h"
#include "campus/mem.h"

static bool in_texts(const char *const *list, const char *word) {
    for (; list && *list; list++)
        if (!strcmp(*list, word)) return true;
    return false;
}

static bool has_fact(const struct actor *who, const char *fact) {
    for (int i = 0; i < who->nfacts; i++)
        if (!strcmp(who->facts[i], fact)) return true;
    return false;
}

bool test_bind(const struct test *t, const struct actor *who, const struct actor *hands,
               struct cond *out, struct value *scratch) {
    *out =
        (struct cond){.op = t->op, .column = t->column, .values = t->values, .nvalues = t->nvalues};
    switch (t->of) {
    case OF_LITERAL: return true;
    case OF_FACT:
        out->op = COND_TRUE;
        return has_fact(who, t->fact) == t->want && has_fact(hands, t->fact) == t->want;
    case OF_ACTOR_ID: scratch[0] = value_text(who->id); break;
    case OF_ACTOR_CAMPUS:
        if (!who->campus) return false;
        scratch[0] = value_text(who->campus);
        break;
    case OF_ACTOR_GROUPS:
    case OF_ACTOR_SUPERVISED: {
        const char **list = t->of == OF_ACTOR_GROUPS ? who->groups : who->supervised;
        int n = t->of == OF_ACTOR_GROUPS ? who->ngroups : who->nsupervised;
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

bool rule_fits(const struct rule *r, const struct actor *who, const char *verb) {
    uint64_t common = 0;
    for (int w = 0; w < FIELDSET_WORDS; w++)
        common |= r->roles.w[w] & (who->roles.w[w] | (r->deny ? who->kept.w[w] : 0));
    return common && (in_texts(r->verbs, verb) || in_texts(r->verbs, "*"));
}

bool rule_holds(const struct rule *r, const struct actor *who, const struct actor *hands,
                const struct record *rec, const struct test **failed) {
    struct value scratch[SCRATCH];
    for (int i = 0; i < r->ntests; i++) {
        struct cond c;
        bool ok = test_bind(&r->tests[i], who, hands, &c, scratch);
        if (ok && c.op != COND_TRUE) {
            if (!rec)
                ok = !r->deny; // might hold for some record
            else if (c.op == COND_EMPTY)
                ok = cond_eval(&c, rec) == r->tests[i].want;
            else
                ok = cond_eval(&c, rec);
        }
        if (!ok) {
            if (failed) *failed = &r->tests[i];
            return false;
        }
    }
    return true;
}

// A denial holds for whom the actor acts and for the actor: neither's own case goes through the
// other.
static bool deny_holds(const struct rule *r, const struct actor *who, const struct actor *hands,
                       const struct record *rec) {
    return rule_holds(r, who, who, rec, NULL) ||
           (who != hands && rule_holds(r, hands, hands, rec, NULL));
}

bool actor_scoped(const struct actor *actor, const struct entity *e, const char *verb) {
    if (!actor->scopes) return true;
    size_t n = strlen(e->full);
    for (const char *const *s = actor->scopes; *s; s++) {
        if (!strcmp(*s, "*")) return true;
        if (strncmp(*s, e->full, n) || (*s)[n] != ':') continue;
        if (!strcmp(*s + n + 1, verb) || !strcmp(*s + n + 1, "*")) return true;
    }
    return false;
}

// One allowing rule's views, merged: the clearest wins.
void rule_views(const struct rule *r, const struct entity *e, struct verdict *v) {
    for (int i = 0; i < e->nfields; i++) {
        if (fieldset_has(&r->hide, i) || (r->has_only && !fieldset_has(&r->only, i))) continue;
        bool clear =
            fieldset_has(&r->clear, i) || (!e->fields[i].sealed && !fieldset_has(&r->mask, i));
        if (clear && e->fields[i].sealed && !r->purpose)
            clear = false; // needs a purpose to stand open
        if (clear) {
            fieldset_add(&v->clear, i);
            fieldset_del(&v->masked, i);
            if (e->fields[i].sealed) {
                fieldset_add(&v->standing, i);
                v->purpose = r->purpose;
            }
        } else if (!fieldset_has(&v->clear, i))
            fieldset_add(&v->masked, i);
    }
}

static void hide(struct verdict *v, const struct fieldset *unseen) {
    for (int w = 0; w < FIELDSET_WORDS; w++) {
        v->clear.w[w] &= ~unseen->w[w];
        v->masked.w[w] &= ~unseen->w[w];
        v->standing.w[w] &= ~unseen->w[w];
    }
}

// What one of those behind the actor (or the actor) allows. `out` starts empty; a denial of some
// fields only takes them out of view.
static void decide_as(const struct access *x, const struct actor *who, const struct actor *hands,
                      const struct entity *e, const char *verb, const struct record *rec,
                      struct verdict *out, struct fieldset *unseen) {
    for (const struct rule **at = x->by_entity[e->index]; *at; at++) {
        const struct rule *r = *at;
        if (!rule_fits(r, who, verb)) continue;
        if (r->deny ? !deny_holds(r, who, hands, rec) : !rule_holds(r, who, hands, rec, NULL))
            continue;
        if (r->deny && r->has_only)
            for (int w = 0; w < FIELDSET_WORDS; w++) unseen->w[w] |= r->only.w[w];
        else if (r->deny) {
            *out = (struct verdict){.rule = (int)(r - x->rules)};
            return;
        } else {
            if (!out->allowed) out->rule = (int)(r - x->rules);
            out->allowed = true;
            rule_views(r, e, out);
        }
    }
    hide(out, unseen);
}

static void merge(struct verdict *into, const struct verdict *v) {
    if (!into->allowed)
        *into = *v;
    else
        for (int w = 0; w < FIELDSET_WORDS; w++) {
            into->clear.w[w] |= v->clear.w[w];
            into->masked.w[w] = (into->masked.w[w] | v->masked.w[w]) & ~into->clear.w[w];
            into->standing.w[w] |= v->standing.w[w];
        }
    if (!into->purpose) into->purpose = v->purpose;
}

// What nobody does to an entry of a ledger, whatever a rule says: it is posted, and stays.
static bool is_posted(const struct entity *e, const char *verb) {
    static const char *const never[] = {"create", "update", "delete", "import", NULL};
    return e->ledger && in_texts(never, verb);
}

void access_decide(const struct access *x, const struct actor *actor, const struct entity *e,
                   const char *verb, const struct record *rec, struct verdict *out) {
    *out = (struct verdict){.rule = -1};
    if (is_posted(e, verb)) return;
    if (actor->is_system) {
        out->allowed = true;
        memset(&out->clear, 0xff, sizeof out->clear);
        return;
    }
    if (!actor_scoped(actor, e, verb)) return;
    struct fieldset unseen = {0};
    decide_as(x, actor, actor, e, verb, rec, out, &unseen);
    if (!out->allowed && out->rule >= 0)
        return; // denied by one's own roles: nobody can lend that away
    for (const struct actor *who = actor->behind; who; who = who->behind) {
        struct verdict v = {.rule = -1};
        struct fieldset theirs = unseen;
        decide_as(x, who, actor, e, verb, rec, &v, &theirs);
        if (v.allowed) merge(out, &v);
    }
}

bool access_is_uniform(const struct access *x, const struct actor *actor, const struct entity *e,
                       const char *verb) {
    struct verdict first = {0};
    bool have = false;
    if (actor->is_system) return true;
    for (const struct actor *who = actor; who; who = who->behind)
        for (const struct rule **at = x->by_entity[e->index]; *at; at++) {
            if (!rule_fits(*at, who, verb)) continue;
            if ((*at)->deny && (*at)->has_only) return false;
            if ((*at)->deny) continue;
            struct verdict v = {0};
            rule_views(*at, e, &v);
            if (have && (memcmp(&v.clear, &first.clear, sizeof v.clear) ||
                         memcmp(&v.masked, &first.masked, sizeof v.masked)))
                return false;
            first = v;
            have = true;
        }
    return true;
}

bool access_has_permission(const struct access *x, const struct actor *actor, const char *name) {
    if (actor->is_system) return true;
    if (actor->scopes && !in_texts(actor->scopes, name) && !in_texts(actor->scopes, "*"))
        return false;
    for (const struct actor *who = actor; who; who = who->behind)
        for (int i = 0; i < x->nrules; i++) {
            const struct rule *r = &x->rules[i];
            uint64_t common = 0;
            for (int w = 0; w < FIELDSET_WORDS; w++) common |= r->roles.w[w] & who->roles.w[w];
            if (common && (in_texts(r->permissions, name) || in_texts(r->permissions, "*")))
                return true;
        }
    return false;
}

// The fields that `who` may write, and those that a denial takes away.
static void writable_as(const struct access *x, const struct actor *who, const struct actor *hands,
                        const struct record *rec, const char *verb, struct fieldset *may,
                        struct fieldset *denied) {
    for (const struct rule **at = x->by_entity[rec->entity->index]; *at; at++) {
        const struct rule *r = *at;
        if (!rule_fits(r, who, verb)) continue;
        if (r->deny ? !deny_holds(r, who, hands, rec) : !rule_holds(r, who, hands, rec, NULL))
            continue;
        for (int w = 0; w < FIELDSET_WORDS; w++) {
            uint64_t reach = r->has_only ? r->only.w[w] : ~UINT64_C(0);
            if (r->deny)
                denied->w[w] |= reach;
            else
                may->w[w] |= reach & ~r->hide.w[w];
        }
    }
}

bool access_may_write(const struct access *x, const struct actor *actor, const struct record *rec,
                      const char *verb, const struct fieldset *fields, struct fieldset *refused) {
    struct fieldset may = {0}, own_denied = {0};
    *refused = (struct fieldset){0};
    if (actor->is_system) return true;
    *refused = *fields;
    if (!actor_scoped(actor, rec->entity, verb)) return fieldset_is_empty(refused);
    for (const struct actor *who = actor; who; who = who->behind) {
        struct fieldset one = {0}, denied = {0};
        writable_as(x, who, actor, rec, verb, &one, &denied);
        if (who == actor) own_denied = denied;
        for (int w = 0; w < FIELDSET_WORDS; w++) may.w[w] |= one.w[w] & ~denied.w[w];
    }
    for (int w = 0; w < FIELDSET_WORDS; w++)
        refused->w[w] = fields->w[w] & ~(may.w[w] & ~own_denied.w[w]);
    return fieldset_is_empty(refused);
}

bool access_has_exclusive(const struct access *x, const struct entity *e, const char *transition) {
    for (int i = 0; i < x->nexclusives; i++)
        for (int g = 0; x->exclusives[i].entity == e->index && g < x->exclusives[i].ngroups; g++)
            if (in_texts(x->exclusives[i].groups[g], transition)) return true;
    return false;
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
