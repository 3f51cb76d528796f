// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Compiled access.yaml, shared by the files of this folder.
#ifndef ACCESS_INTERNAL_H
#define ACCESS_INTERNAL_H

#include "campus/access.h"

enum subject_of {
    OF_LITERAL,
    OF_ACTOR_ID,
    OF_ACTOR_CAMPUS,
    OF_ACTOR_GROUPS,
    OF_ACTOR_SUPERVISED,
    OF_FACT
};

// One comparison of a `when`: column op (values or something of the actor's).
struct test {
    enum cond_op op;
    int column;
    enum subject_of of;
    const struct value *values;
    int nvalues; // OF_LITERAL
    const char *fact;
    bool want; // OF_FACT: a condition on the actor alone
    int line;
    const char *text; // as written, for explanations
};
struct rule {
    const char *name, *file;
    int line;
    bool deny;
    const char **verbs; // NULL-ended; "*" is every verb
    int entity;         // schema index; -1 every entity; -2 permissions only
    struct fieldset roles;
    const struct test *tests;
    int ntests;
    struct fieldset mask, hide, clear, only;
    bool has_only;
    const char *purpose;
    const char **permissions;
};
struct role {
    const char *name;
    struct title title;
    const char **includes;
    struct fieldset closure;
    int line;
};
struct exclusive {
    const char *name;
    int entity;
    const char **groups[16];
    int ngroups; // transitions that one person may not share
    int roles[16];
    int nroles; // or roles that one person may not hold together
};
struct access {
    int64_t serial; // tells compilations apart, unlike an address
    const struct schema *schema;
    struct role *roles;
    int nroles;
    int everyone;
    struct rule *rules;
    int nrules;
    struct exclusive *exclusives;
    int nexclusives;
    const struct rule ***by_entity; // per entity: NULL-ended rules that concern it
};
enum { SCRATCH = 1001 };
// The test with the values of `who` put in (a fact must be so for `hands`, who acts, as well).
// False: it can never hold (a fact is not so, no campus). Values lie in the test or, `who`'s, in
// scratch.
bool test_bind(const struct test *t, const struct actor *who, const struct actor *hands,
               struct cond *out, struct value *scratch);
bool rule_fits(const struct rule *r, const struct actor *who, const char *verb);
bool rule_holds(const struct rule *r, const struct actor *who, const struct actor *hands,
                const struct record *rec, const struct test **failed);
// Compiling.
struct yaml;
struct compile {
    struct arena *a;
    struct access *x;
    struct problem *p;
};
void rule_wrong(struct compile *c, const struct yaml *y, const char *word, const char *fmt, ...)
    PRINTF(4, 5);
void rule_when(struct compile *c, const struct entity *e, struct rule *r, const struct yaml *when);
// Adds the views of an allowing rule; the clearest wins.
void rule_views(const struct rule *r, const struct entity *e, struct verdict *v);
bool actor_scoped(const struct actor *actor, const struct entity *e, const char *verb);

#endif
