// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A person as an actor, today: roles, groups, whom they supervise, facts, and whom they act for.
#include <string.h>
#include "access/people_internal.h"
#include "campus/mem.h"

// Column 0 of each row, NULL-ended, in the arena.
static const char **column(struct db *db, struct arena *a, const char *sql, const char *x,
                           const char *y, int *n, struct problem *p) {
    int cap = 16;
    const char **out = arena_alloc(a, sizeof *out * (size_t)(cap + 1));
    struct stmt *st = db_query(db, p, sql, y ? "tt" : "t", x, y);
    *n = 0;
    for (bool row; st && !stmt_step(st, &row, p) && row;) {
        if (*n == cap) {
            const char **more = arena_alloc(a, sizeof *out * (size_t)(2 * cap + 1));
            memcpy(more, out, sizeof *out * (size_t)cap);
            out = more;
            cap *= 2;
        }
        out[(*n)++] = arena_strdup(a, stmt_text(st, 0, NULL));
    }
    return out;
}

const char **people_roles(struct db *db, struct arena *a, const char *person, int *n,
                          struct problem *p) {
    return column(db, a, "SELECT role FROM core_person_role WHERE person=$1 ORDER BY role", person,
                  NULL, n, p);
}

// Everything but delegations. NULL when absent or disabled.
static struct actor *one(struct db *db, const struct access *x, const char *person,
                         const char *today, struct arena *a, struct problem *p) {
    struct actor *act = arena_alloc(a, sizeof *act);
    act->epoch = people_epoch();
    struct stmt *st = db_query(
        db, p, "SELECT id,name,campus FROM core_people WHERE id=$1 AND disabled_at=0", "t", person);
    if (stmt_first(st, p)) return NULL;
    stmt_take(st, a, "ttt", &act->id, &act->name, &act->campus);
    stmt_reset(st);
    int n;
    const char **roles = people_roles(db, a, act->id, &n, p);
    fieldset_add(&act->roles, 0);
    for (int i = 0; i < n; i++) {
        int r = access_role(x, roles[i]);
        if (r >= 0) access_role_closure(x, r, &act->roles);
    }
    act->groups = column(db, a,
                         "SELECT grp FROM core_member WHERE person=$1 AND from_date<=$2"
                         " AND until_date>=$2 ORDER BY grp",
                         act->id, today, &act->ngroups, p);
    act->supervised = column(db, a, "SELECT id FROM core_people WHERE supervisor=$1 LIMIT 1000",
                             act->id, NULL, &act->nsupervised, p);
    act->facts = column(db, a,
                        "SELECT fact FROM core_fact WHERE person=$1 AND from_date<=$2"
                        " AND until_date>=$2 ORDER BY fact",
                        act->id, today, &act->nfacts, p);
    return p->code ? NULL : act;
}

// Leaves the lent roles in `roles` and the others in `kept`. Lending passes on nothing that one was
// lent: `who` comes from one(), which sees only roles given.
static void narrow(const struct access *x, struct actor *who, char *list) {
    struct fieldset lent = {0};
    for (char *r; (r = strsep(&list, " "));) {
        int role = access_role(x, r);
        if (role >= 0 && fieldset_has(&who->roles, role)) access_role_closure(x, role, &lent);
    }
    fieldset_add(&lent, 0);
    for (int w = 0; w < FIELDSET_WORDS; w++) who->kept.w[w] = who->roles.w[w] & ~lent.w[w];
    who->roles = lent;
}

const struct actor *people_actor(struct db *db, const struct access *x, const char *person,
                                 const char *today, struct arena *a, struct problem *p) {
    struct actor *me = one(db, x, person, today, a, p);
    if (!me) return NULL;
    int n, nlists;
    static const char from[] = " FROM core_delegation WHERE to_person=$1 AND from_date<=$2"
                               " AND until_date>=$2 ORDER BY id";
    const char **people =
        column(db, a, arena_printf(a, "SELECT person%s", from), me->id, today, &n, p);
    const char **lists =
        column(db, a, arena_printf(a, "SELECT roles%s", from), me->id, today, &nlists, p);
    struct fieldset all = me->roles;
    const struct actor **tail = &me->behind;
    for (int i = 0; i < n && i < nlists && !p->code; i++) {
        struct actor *who = one(db, x, people[i], today, a, p);
        if (!who) continue; // has left
        if (lists[i]) narrow(x, who, arena_strdup(a, lists[i]));
        struct fieldset both = all;
        struct problem quiet;
        problem_init(&quiet, a);
        for (int w = 0; w < FIELDSET_WORDS; w++) both.w[w] |= who->roles.w[w];
        if (access_roles_agree(x, &both, &quiet)) continue; // duties that one person may not hold
        all = both;
        *tail = who;
        tail = &who->behind;
    }
    return p->code ? NULL : me;
}
