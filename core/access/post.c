// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Posts: who holds which office, of which group, from when to when, and who acts in it meanwhile.
#include <string.h>
#include "campus/directory.h"
#include "access/people_internal.h"
#include "campus/json.h"
#include "campus/mem.h"

enum err directory_post_set(struct db *db, const struct post *n, struct problem *p) {
    return db_run(db, p, NULL,
                  "INSERT INTO core_post(person,post,grp,from_date,until_date,acting)"
                  " VALUES($1,$2,$3,$4,$5,$6) ON CONFLICT(person,post,grp) DO UPDATE SET"
                  " from_date=excluded.from_date, until_date=excluded.until_date,"
                  " acting=excluded.acting",
                  "ttttti", n->person, n->post, n->group, n->from, n->until, (int64_t)n->acting);
}

enum err directory_post_drop(struct db *db, const char *person, const char *post, const char *group,
                             struct problem *p) {
    int64_t n = 0;
    enum err e = db_run(db, p, &n, "DELETE FROM core_post WHERE person=$1 AND post=$2 AND grp=$3",
                        "ttt", person, post, group);
    return e ? e : n ? ERR_OK : problem_set(p, ERR_NOT_FOUND, NULL);
}

enum err directory_posts_json(struct db *db, const char *person, const char *post, struct buf *out,
                              struct problem *p) {
    struct stmt *st = db_query(db, p,
                               "SELECT person,post,grp,from_date,until_date,acting FROM core_post"
                               " WHERE ($1='' OR person=$1) AND ($2='' OR post=$2)"
                               " ORDER BY post,grp,from_date,person",
                               "tt", person, post);
    return stmt_list(st, "person post group from until acting?", out, p);
}

#define WHO " JOIN core_people p ON p.id=h.person AND p.disabled_at=0 "
#define NOT_OVER "WHERE h.until_date>=$1 "
static const struct {
    const char *name, *keys, *sql;
} CHART[] = {
    {"people", "id display campus supervisor",
     "SELECT id,display,campus,supervisor FROM core_people WHERE disabled_at=0 AND $1<>''"
     " ORDER BY name"},
    {"roles", "person role",
     "SELECT h.person,h.role FROM core_person_role h" WHO "WHERE $1<>'' ORDER BY h.role,p.name"},
    {"members", "person group from until",
     "SELECT h.person,h.grp,h.from_date,h.until_date FROM core_member h" WHO NOT_OVER
     "ORDER BY h.grp,p.name"},
    {"posts", "person post group from until acting?",
     "SELECT h.person,h.post,h.grp,h.from_date,h.until_date,h.acting FROM core_post h" WHO NOT_OVER
     "ORDER BY h.post,h.grp,h.from_date,p.name"},
    {"delegations", "person to from until roles",
     "SELECT h.person,h.to_person,h.from_date,h.until_date,h.roles FROM core_delegation h" WHO
         NOT_OVER "ORDER BY p.name,h.from_date,h.id"},
};

enum err directory_chart_json(struct db *db, const char *today, struct buf *out,
                              struct problem *p) {
    enum err e = ERR_OK;
    buf_putc(out, '{');
    for (size_t i = 0; i < sizeof CHART / sizeof *CHART && !e; i++) {
        json_key(out, CHART[i].name);
        e = stmt_list(db_query(db, p, CHART[i].sql, "t", today), CHART[i].keys, out, p);
    }
    buf_putc(out, '}');
    return e;
}

#define ABLE " JOIN core_people p ON p.id=h.person AND p.disabled_at=0 "
#define TODAY "h.from_date<=$2 AND h.until_date>=$2 "
static const char *const QUERIES[] = {
    [HOLD_ROLE] = "SELECT h.person FROM core_person_role h" ABLE "WHERE h.role=$1 AND $2<>''"
                  " ORDER BY h.person LIMIT 200",
    [HOLD_GROUP] = "SELECT h.person FROM core_member h" ABLE "WHERE h.grp=$1 AND " TODAY
                   " ORDER BY h.person LIMIT 200",
    [HOLD_POST] = "SELECT h.person FROM core_post h" ABLE "WHERE h.post=$1 AND " TODAY
                  "AND ($3='' OR h.grp=$3) ORDER BY h.person LIMIT 200",
    [HOLD_SUPERVISOR] = "SELECT p.id FROM core_people h JOIN core_people p ON p.id=h.supervisor"
                        " AND p.disabled_at=0 WHERE h.id=$1 AND $2<>''",
    [HOLD_HEAD] = "SELECT h.person FROM core_member m JOIN core_post h ON h.post='head' AND"
                  " h.grp=m.grp" ABLE "WHERE m.person=$1 AND " TODAY
                  "AND m.from_date<=$2 AND m.until_date>=$2 ORDER BY h.person LIMIT 200",
};

enum err directory_holders(struct db *db, const struct access *x, enum holders kind,
                           const char *what, const char *group, const char *today,
                           struct people_list *into, struct problem *p) {
    int role = kind == HOLD_ROLE ? access_role(x, what) : -1;
    if (kind == HOLD_ROLE && role < 0) return ERR_OK; // gone since
    for (int r = 0; r < (kind == HOLD_ROLE ? access_role_count(x) : 1); r++) {
        struct fieldset closure = {0};
        if (kind == HOLD_ROLE) access_role_closure(x, r, &closure);
        if (kind == HOLD_ROLE && !fieldset_has(&closure, role)) continue;
        const char *name = kind == HOLD_ROLE ? access_role_name(x, r) : what;
        struct stmt *st = kind == HOLD_POST ? db_query(db, p, QUERIES[kind], "ttt", name, today,
                                                       group ? group : "")
                                            : db_query(db, p, QUERIES[kind], "tt", name, today);
        enum err e = ERR_OK;
        while (stmt_next(st, &e, p)) people_list_add(into, stmt_text(st, 0, NULL), p->arena);
        if (e) return e;
    }
    return ERR_OK;
}

bool people_list_has(const struct people_list *l, const char *id) {
    for (int i = 0; i < l->n; i++)
        if (!strcmp(l->ids[i], id)) return true;
    return false;
}

void people_list_add(struct people_list *l, const char *id, struct arena *a) {
    if (!*id || people_list_has(l, id)) return;
    if ((l->n & (l->n - 1)) == 0) { // grows at 0, 1, 2, 4, …
        const char **more = arena_alloc(a, sizeof *more * (size_t)(l->n ? 2 * l->n : 1));
        if (l->n) memcpy(more, l->ids, sizeof *more * (size_t)l->n);
        l->ids = more;
    }
    l->ids[l->n++] = arena_strdup(a, id);
}
