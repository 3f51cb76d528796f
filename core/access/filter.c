// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The same rules as a condition over records: true exactly where access_decide allows.
#include <string.h>
#include "access/access_internal.h"
#include "campus/mem.h"

static const struct cond *rule_cond(const struct rule *r, const struct actor *who,
                                    const struct actor *hands, struct arena *a) {
    const struct cond *all = cond_new(a, COND_TRUE);
    struct value scratch[SCRATCH];
    for (int i = 0; i < r->ntests; i++) {
        struct cond c;
        if (!test_bind(&r->tests[i], who, hands, &c, scratch)) return cond_new(a, COND_FALSE);
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

static const struct cond *deny_cond(const struct rule *r, const struct actor *who,
                                    const struct actor *hands, struct arena *a) {
    const struct cond *c = rule_cond(r, who, who, a);
    return who == hands ? c : cond_or(a, c, rule_cond(r, hands, hands, a));
}

// Where `who` may; with a field (>= 0), where they see it in the clear, or also masked.
static const struct cond *filter_as(const struct access *x, const struct actor *who,
                                    const struct actor *hands, const struct entity *e,
                                    const char *verb, int field, bool masked_too, struct arena *a,
                                    const struct cond **denied) {
    const struct cond *allow = cond_new(a, COND_FALSE), *deny = cond_new(a, COND_FALSE),
                      *unseen = deny;
    for (const struct rule **at = x->by_entity[e->index]; *at; at++) {
        const struct rule *r = *at;
        if (!rule_fits(r, who, verb)) continue;
        if (r->deny && r->has_only) {
            if (field >= 0 && fieldset_has(&r->only, field))
                unseen = cond_or(a, unseen, deny_cond(r, who, hands, a));
        } else if (r->deny)
            deny = cond_or(a, deny, deny_cond(r, who, hands, a));
        else {
            struct verdict v = {0};
            if (field >= 0) rule_views(r, e, &v);
            if (field < 0 || fieldset_has(&v.clear, field) ||
                (masked_too && fieldset_has(&v.masked, field)))
                allow = cond_or(a, allow, rule_cond(r, who, hands, a));
        }
    }
    *denied = cond_or(a, deny, unseen);
    return cond_and(a, allow, cond_not(a, *denied));
}

static const struct cond *filter(const struct access *x, const struct actor *actor,
                                 const struct entity *e, const char *verb, int field,
                                 bool masked_too, struct arena *a) {
    const struct cond *own_deny, *ignored;
    if (actor->is_system) return cond_new(a, COND_TRUE);
    if (!actor_scoped(actor, e, verb)) return cond_new(a, COND_FALSE);
    const struct cond *all = filter_as(x, actor, actor, e, verb, field, masked_too, a, &own_deny);
    for (const struct actor *who = actor->behind; who; who = who->behind)
        all = cond_or(a, all, filter_as(x, who, actor, e, verb, field, masked_too, a, &ignored));
    return cond_and(a, all, cond_not(a, own_deny));
}

const struct cond *access_filter(const struct access *x, const struct actor *actor,
                                 const struct entity *e, const char *verb, struct arena *a) {
    return filter(x, actor, e, verb, -1, false, a);
}

const struct cond *access_field_filter(const struct access *x, const struct actor *actor,
                                       const struct entity *e, int field, struct arena *a) {
    return filter(x, actor, e, "read", field, false, a);
}

// Whoever finds a record by a value learns that it has it: a field that is hidden finds nothing.
const struct cond *access_search_filter(const struct access *x, const struct actor *actor,
                                        const struct entity *e, int field, struct arena *a) {
    return cond_and(a, filter(x, actor, e, "search", field, true, a),
                    filter(x, actor, e, "read", field, true, a));
}
