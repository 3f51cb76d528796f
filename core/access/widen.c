// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What one access.yaml gives that another does not: every grant taken apart into role, verb,
// entity, condition and fields. A narrower condition counts as another grant: better one look too
// many.
#include <string.h>
#include "access/access_internal.h"
#include "campus/mem.h"

struct atoms {
    struct arena *a;
    const char **list;
    size_t n, room;
};

static void add(struct atoms *to, const char *atom) {
    if (to->n == to->room) {
        const char **more = arena_alloc(to->a, sizeof *more * (to->room * 2 + 64));
        if (to->n) memcpy(more, to->list, sizeof *more * to->n);
        to->list = more, to->room = to->room * 2 + 64;
    }
    to->list[to->n++] = atom;
}

static void put_fields(struct buf *b, const char *what, const struct entity *e,
                       const struct fieldset *set) {
    const char *between = " ";
    for (int i = 0; e && i < e->nfields; i++) {
        if (!fieldset_has(set, i)) continue;
        if (*between == ' ') buf_printf(b, " %s", what);
        buf_printf(b, "%s%s", between, e->fields[i].name);
        between = ",";
    }
}

// "allow read notes.notes to clerk when kind: memo hide phone", or a permission.
static void rule_atoms(struct atoms *to, const struct access *x, const struct rule *r,
                       const char *role) {
    const struct entity *e = r->entity >= 0 ? x->schema->entities[r->entity] : NULL;
    for (const char **p = r->permissions; p && *p; p++)
        add(to, arena_printf(to->a, "permission %s to %s", *p, role));
    for (const char **v = r->verbs; r->entity != -2 && v && *v; v++) {
        struct buf b;
        buf_init(&b, to->a);
        buf_printf(&b, "%s %s %s to %s", r->deny ? "deny" : "allow", *v, e ? e->full : "*", role);
        for (int i = 0; i < r->ntests; i++)
            buf_printf(&b, "%s%s", i ? ", " : " when ", r->tests[i].text);
        put_fields(&b, "hide", e, &r->hide);
        put_fields(&b, "mask", e, &r->mask);
        put_fields(&b, "clear", e, &r->clear);
        if (r->has_only) put_fields(&b, "only", e, &r->only);
        if (r->purpose) buf_printf(&b, " purpose %s", r->purpose);
        add(to, buf_str(&b));
    }
}

static void atoms_of(struct atoms *to, const struct access *x, bool deny) {
    for (int i = 0; i < x->nroles; i++)
        for (int k = 0; k < x->nrules; k++) {
            uint64_t common = 0;
            for (int w = 0; w < FIELDSET_WORDS; w++)
                common |= x->rules[k].roles.w[w] & x->roles[i].closure.w[w];
            if (common && x->rules[k].deny == deny)
                rule_atoms(to, x, &x->rules[k], x->roles[i].name);
        }
    for (int i = 0; deny && i < x->nexclusives; i++) {
        const struct exclusive *ex = &x->exclusives[i];
        struct buf b;
        buf_init(&b, to->a);
        buf_printf(&b, "exclusive %s",
                   ex->entity >= 0 ? x->schema->entities[ex->entity]->full : "");
        for (int k = 0; k < ex->nroles; k++) buf_printf(&b, " %s", x->roles[ex->roles[k]].name);
        for (int k = 0; k < ex->ngroups; k++) {
            buf_puts(&b, " |");
            for (const char **t = ex->groups[k]; *t; t++) buf_printf(&b, " %s", *t);
        }
        add(to, buf_str(&b));
    }
}

static int missing(const struct atoms *from, const struct atoms *in, const char *sign,
                   struct buf *out) {
    int n = 0;
    for (size_t i = 0; i < from->n; i++) {
        bool there = false;
        for (size_t k = 0; k < in->n && !there; k++) there = !strcmp(from->list[i], in->list[k]);
        if (!there) buf_printf(out, "%s %s\n", sign, from->list[i]), n++;
    }
    return n;
}

int access_widening(const struct access *from, const struct access *to, struct arena *a,
                    struct buf *out) {
    struct atoms was = {.a = a}, now = {.a = a}, denied = {.a = a}, denies = {.a = a};
    atoms_of(&was, from, false), atoms_of(&now, to, false);
    atoms_of(&denied, from, true), atoms_of(&denies, to, true);
    return missing(&now, &was, "+", out) + missing(&denied, &denies, "-", out);
}
