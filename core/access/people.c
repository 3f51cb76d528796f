// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// People as they are written: accounts, roles, passwords, facts, delegations. What ends a session's
// right ends the session in the same transaction.
#include "campus/people.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include "access/people_internal.h"
#include "campus/id.h"
#include "campus/mem.h"
#include "campus/text.h"

// clang-format off
const char people_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_people(id TEXT PRIMARY KEY, name TEXT NOT NULL, norm TEXT NOT NULL UNIQUE,"
    " display TEXT NOT NULL, campus TEXT, hash TEXT, must_change BIGINT NOT NULL, disabled_at BIGINT NOT NULL,"
    " created_at BIGINT NOT NULL, created_by TEXT NOT NULL, totp {bytes}, totp_new {bytes},"
    " totp_last BIGINT NOT NULL, supervisor TEXT){clustered};"
    "CREATE INDEX IF NOT EXISTS i_people_supervisor ON core_people(supervisor);"
    "CREATE INDEX IF NOT EXISTS i_people_name ON core_people(name);"
    "CREATE TABLE IF NOT EXISTS core_person_role(person TEXT NOT NULL, role TEXT NOT NULL, given_by TEXT NOT NULL,"
    " at BIGINT NOT NULL, PRIMARY KEY(person, role)){clustered};"
    "CREATE TABLE IF NOT EXISTS core_member(person TEXT NOT NULL, grp TEXT NOT NULL, from_date TEXT NOT NULL,"
    " until_date TEXT NOT NULL, PRIMARY KEY(person, grp)){clustered};"
    "CREATE INDEX IF NOT EXISTS i_person_role ON core_person_role(role);"
    "CREATE INDEX IF NOT EXISTS i_member_group ON core_member(grp);"
    "CREATE TABLE IF NOT EXISTS core_post(person TEXT NOT NULL, post TEXT NOT NULL, grp TEXT NOT NULL,"
    " from_date TEXT NOT NULL, until_date TEXT NOT NULL, acting BIGINT NOT NULL,"
    " PRIMARY KEY(person, post, grp)){clustered};"
    "CREATE INDEX IF NOT EXISTS i_post ON core_post(post, grp);"
    "CREATE TABLE IF NOT EXISTS core_fact(person TEXT NOT NULL, fact TEXT NOT NULL, from_date TEXT NOT NULL,"
    " until_date TEXT NOT NULL, set_by TEXT NOT NULL, PRIMARY KEY(person, fact, from_date)){clustered};"
    // roles: those lent, separated by spaces; NULL lends all
    "CREATE TABLE IF NOT EXISTS core_delegation(id TEXT PRIMARY KEY, person TEXT NOT NULL, to_person TEXT NOT NULL,"
    " from_date TEXT NOT NULL, until_date TEXT NOT NULL, roles TEXT){clustered};"
    "CREATE INDEX IF NOT EXISTS i_delegation_to ON core_delegation(to_person);"
    "CREATE INDEX IF NOT EXISTS i_delegation_person ON core_delegation(person);"
    "CREATE TABLE IF NOT EXISTS core_session(hash {bytes} PRIMARY KEY, id TEXT NOT NULL UNIQUE, person TEXT NOT NULL,"
    " kind TEXT NOT NULL, label TEXT NOT NULL, scopes TEXT, created_at BIGINT NOT NULL,"
    " expires_at BIGINT NOT NULL){clustered};"
    "CREATE INDEX IF NOT EXISTS i_session_person ON core_session(person);"
    "CREATE TABLE IF NOT EXISTS core_lockout(k TEXT PRIMARY KEY, failures BIGINT NOT NULL, until BIGINT NOT NULL,"
    " at BIGINT NOT NULL){clustered};"
    "CREATE INDEX IF NOT EXISTS i_lockout_at ON core_lockout(at);";
// clang-format on

static _Atomic int64_t epoch = 1;
int64_t people_epoch(void) {
    return atomic_load(&epoch);
}
void people_epoch_bump(void) {
    atomic_fetch_add(&epoch, 1);
}

static enum err check_roles(const struct access *x, const char **roles, int n, struct problem *p) {
    struct fieldset set = {0};
    for (int i = 0; i < n; i++) {
        int r = access_role(x, roles[i]);
        if (r < 0)
            return problem_add(p, ERR_INVALID, "/roles", "role_unknown", "there is no role \"%s\"",
                               roles[i]);
        if (!access_role_is_personal(roles[i]))
            return problem_add(p, ERR_INVALID, "/roles", "role_reserved",
                               "\"%s\" is for a plugin's handlers or forms, not for people",
                               roles[i]);
        access_role_closure(x, r, &set);
    }
    return access_roles_agree(x, &set, p);
}

static enum err write_roles(struct db *db, const char *person, const char **roles, int n,
                            const char *by, int64_t now, struct problem *p) {
    enum err e = db_run(db, p, NULL, "DELETE FROM core_person_role WHERE person=$1", "t", person);
    for (int i = 0; i < n && !e; i++)
        e = db_run(db, p, NULL,
                   "INSERT INTO core_person_role(person,role,given_by,at) VALUES($1,$2,$3,$4)"
                   " ON CONFLICT DO NOTHING",
                   "ttti", person, roles[i], by, now);
    return e;
}

enum err people_add(struct db *db, const struct access *x, const struct person_new *n,
                    const char *by, int64_t now, char id[37], struct problem *p) {
    size_t len = strlen(n->name), norm_n;
    if (len < 2 || len > 64 || !text_is_utf8(n->name, len) || strpbrk(n->name, " \t\r\n/\"'<>|"))
        return problem_add(p, ERR_INVALID, "/name", "name_invalid",
                           "2 to 64 characters without spaces, quotes, slashes or brackets");
    const char *norm = text_normal(p->arena, n->name, len, &norm_n);
    if (!norm_n)
        return problem_add(p, ERR_INVALID, "/name", "name_invalid", "needs a letter or digit");
    enum err e = check_roles(x, n->roles, n->nroles, p);
    if (e) return e;
    id_new(id);
    e = db_run(db, p, NULL,
               "INSERT INTO core_people(id,name,norm,display,campus,hash,must_change,disabled_at,"
               "created_at,created_by,totp_last) VALUES($1,$2,$3,$4,$5,$6,$7,0,$8,$9,0)",
               "ttstttiit", id, n->name, norm, norm_n, n->display ? n->display : n->name, n->campus,
               n->password_hash, (int64_t)n->must_change, now, by);
    if (e == ERR_CONFLICT) {
        problem_init(p, p->arena);
        return problem_add(p, ERR_CONFLICT, "/name", "unique", "the name %s is taken", n->name);
    }
    return e ? e : write_roles(db, id, n->roles, n->nroles, by, now, p);
}

static enum err must_exist(struct db *db, const char *person, struct problem *p) {
    int64_t n = 0;
    enum err e = db_int(db, p, &n, 0, "SELECT 1 FROM core_people WHERE id=$1", "t", person);
    return e ? e : n ? ERR_OK : problem_set(p, ERR_NOT_FOUND, NULL);
}

static enum err end_sessions(struct db *db, const char *person, const char *kind,
                             struct problem *p) {
    return db_run(db, p, NULL, "DELETE FROM core_session WHERE person=$1 AND ($2='' OR kind=$2)",
                  "tt", person, kind);
}

enum err people_set_roles(struct db *db, const struct access *x, const char *person,
                          const char **roles, int n, const char *by, int64_t now,
                          struct problem *p) {
    enum err e = must_exist(db, person, p);
    if (!e) e = check_roles(x, roles, n, p);
    if (!e) e = write_roles(db, person, roles, n, by, now, p);
    return e ? e : end_sessions(db, person, "session", p);
}

enum err people_set_password(struct db *db, const char *person, const char *hash, bool must_change,
                             int64_t now, struct problem *p) {
    (void)now;
    enum err e = must_exist(db, person, p);
    if (!e)
        e = db_run(db, p, NULL, "UPDATE core_people SET hash=$1, must_change=$2 WHERE id=$3", "tit",
                   hash, (int64_t)must_change, person);
    return e ? e : end_sessions(db, person, "session", p);
}

enum err people_disable(struct db *db, const char *person, bool disabled, int64_t now,
                        struct problem *p) {
    enum err e = must_exist(db, person, p);
    if (!e)
        e = db_run(db, p, NULL, "UPDATE core_people SET disabled_at=$1 WHERE id=$2", "it",
                   disabled ? now : (int64_t)0, person);
    return e || !disabled ? e : end_sessions(db, person, "", p);
}

enum err people_set_fact(struct db *db, const char *person, const char *fact, const char *from,
                         const char *until, const char *by, struct problem *p) {
    enum err e = must_exist(db, person, p);
    if (e) return e;
    return db_run(db, p, NULL,
                  "INSERT INTO core_fact(person,fact,from_date,until_date,set_by)"
                  " VALUES($1,$2,$3,$4,$5) ON CONFLICT(person,fact,from_date) DO UPDATE"
                  " SET until_date=excluded.until_date, set_by=excluded.set_by",
                  "ttttt", person, fact, from, until, by);
}

// Nobody lends what they do not hold, and nobody borrows what they may not hold beside their own.
static enum err may_lend(struct db *db, const struct access *x, const struct delegation_new *n,
                         struct buf *list, struct problem *p) {
    int nheld, nown;
    const char **held = people_roles(db, p->arena, n->person, &nheld, p);
    const char **own = people_roles(db, p->arena, n->to, &nown, p);
    if (p->code) return p->code;
    struct fieldset holds = {0}, both = {0};
    for (int i = 0; i < nheld; i++) {
        int r = access_role(x, held[i]);
        if (r < 0) continue;
        access_role_closure(x, r, &holds);
        if (!n->roles) access_role_closure(x, r, &both);
    }
    for (int i = 0; n->roles && i < n->nroles; i++) {
        int r = access_role(x, n->roles[i]);
        if (r < 0 || !fieldset_has(&holds, r))
            return problem_add(p, ERR_INVALID, "/roles", "role_not_held",
                               "\"%s\" is no role of the one who lends it", n->roles[i]);
        access_role_closure(x, r, &both);
        buf_printf(list, "%s%s", i ? " " : "", n->roles[i]);
    }
    for (int i = 0; i < nown; i++) {
        int r = access_role(x, own[i]);
        if (r >= 0) access_role_closure(x, r, &both);
    }
    return access_roles_agree(x, &both, p);
}

// Whoever lends must not come to stand in for themselves by way of others, while both are away.
static enum err no_circle(struct db *db, const struct delegation_new *n, struct problem *p) {
    int64_t found = 0;
    enum err e = db_int(db, p, &found, 0,
                        "WITH RECURSIVE c(who) AS (SELECT to_person FROM core_delegation WHERE"
                        " person=$1 AND from_date<=$2 AND until_date>=$3 UNION"
                        " SELECT d.to_person FROM core_delegation d JOIN c ON d.person=c.who"
                        " WHERE d.from_date<=$2 AND d.until_date>=$3)"
                        " SELECT 1 FROM c WHERE who=$4",
                        "tttt", n->to, n->until, n->from, n->person);
    if (e || !found) return e;
    return problem_add(p, ERR_CONFLICT, "/to", "delegation_loop",
                       "they have lent their rights, by way of others, to the one who lends here");
}

enum err people_delegate(struct db *db, const struct access *x, const struct delegation_new *n,
                         char id[37], struct problem *p) {
    if (!strcmp(n->person, n->to))
        return problem_add(p, ERR_INVALID, "/to", "itself", "nobody stands in for themselves");
    if (!text_is_date(n->from, strlen(n->from)) || !text_is_date(n->until, strlen(n->until)) ||
        strcmp(n->from, n->until) > 0)
        return problem_add(p, ERR_INVALID, "/until", "dates",
                           "from a date until that date or a later one");
    struct buf list;
    buf_init(&list, p->arena);
    enum err e = must_exist(db, n->person, p);
    if (!e) e = must_exist(db, n->to, p);
    if (!e) e = no_circle(db, n, p);
    if (!e) e = may_lend(db, x, n, &list, p);
    if (e) return e;
    id_new(id);
    return db_run(db, p, NULL,
                  "INSERT INTO core_delegation(id,person,to_person,from_date,until_date,roles)"
                  " VALUES($1,$2,$3,$4,$5,$6)",
                  "tttttt", id, n->person, n->to, n->from, n->until,
                  n->roles ? buf_str(&list) : NULL);
}
