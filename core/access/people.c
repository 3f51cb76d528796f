// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// People, their roles, groups, delegations and facts; and the actor made of them.
#include "campus/people.h"

#include <stdatomic.h>
#include <string.h>
#include "campus/id.h"
#include "campus/json.h"
#include "campus/mem.h"
#include "campus/text.h"

const char people_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_people(id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, display TEXT NOT NULL,"
    " campus TEXT, hash TEXT, must_change BIGINT NOT NULL, disabled_at BIGINT NOT NULL, created_at BIGINT NOT NULL,"
    " created_by TEXT NOT NULL, totp {bytes}, totp_last BIGINT NOT NULL, supervisor TEXT){clustered};"
    "CREATE INDEX IF NOT EXISTS i_people_supervisor ON core_people(supervisor);"
    "CREATE TABLE IF NOT EXISTS core_person_role(person TEXT NOT NULL, role TEXT NOT NULL, given_by TEXT NOT NULL,"
    " at BIGINT NOT NULL, PRIMARY KEY(person, role)){clustered};"
    "CREATE TABLE IF NOT EXISTS core_member(person TEXT NOT NULL, grp TEXT NOT NULL, from_date TEXT NOT NULL,"
    " until_date TEXT NOT NULL, PRIMARY KEY(person, grp)){clustered};"
    "CREATE TABLE IF NOT EXISTS core_fact(person TEXT NOT NULL, fact TEXT NOT NULL, from_date TEXT NOT NULL,"
    " until_date TEXT NOT NULL, set_by TEXT NOT NULL, PRIMARY KEY(person, fact, from_date)){clustered};"
    "CREATE TABLE IF NOT EXISTS core_delegation(id TEXT PRIMARY KEY, person TEXT NOT NULL, to_person TEXT NOT NULL,"
    " from_date TEXT NOT NULL, until_date TEXT NOT NULL){clustered};"
    "CREATE TABLE IF NOT EXISTS core_session(hash {bytes} PRIMARY KEY, id TEXT NOT NULL UNIQUE, person TEXT NOT NULL,"
    " kind TEXT NOT NULL, label TEXT NOT NULL, scopes TEXT, created_at BIGINT NOT NULL,"
    " expires_at BIGINT NOT NULL){clustered};"
    "CREATE INDEX IF NOT EXISTS i_session_person ON core_session(person);"
    "CREATE TABLE IF NOT EXISTS core_lockout(k TEXT PRIMARY KEY, failures BIGINT NOT NULL, until BIGINT NOT NULL,"
    " at BIGINT NOT NULL){clustered};";

static _Atomic int64_t epoch = 1;
int64_t people_epoch(void) { return atomic_load(&epoch); }
void people_epoch_bump(void) { atomic_fetch_add(&epoch, 1); }

static enum err check_roles(const struct access *x, const char **roles, int n, struct problem *p) {
    struct fieldset set = {0};
    for (int i = 0; i < n; i++) {
        int r = access_role(x, roles[i]);
        if (r < 0) return problem_add(p, ERR_INVALID, "/roles", "role_unknown", "there is no role \"%s\"", roles[i]);
        access_role_closure(x, r, &set);
    }
    return access_roles_agree(x, &set, p);
}

static enum err write_roles(struct db *db, const char *person, const char **roles, int n, const char *by, int64_t now,
                            struct problem *p) {
    enum err e = db_run(db, p, NULL, "DELETE FROM core_person_role WHERE person=$1", "t", person);
    for (int i = 0; i < n && !e; i++)
        e = db_run(db, p, NULL, "INSERT INTO core_person_role(person,role,given_by,at) VALUES($1,$2,$3,$4)", "ttti",
                   person, roles[i], by, now);
    return e;
}

enum err people_add(struct db *db, const struct access *x, const struct person_new *n, const char *by, int64_t now,
                    char id[37], struct problem *p) {
    size_t len = strlen(n->name);
    if (len < 2 || len > 64 || !text_is_utf8(n->name, len) || strpbrk(n->name, " \t\r\n/\"'<>"))
        return problem_add(p, ERR_INVALID, "/name", "name_invalid", "2 to 64 characters without spaces or quotes");
    enum err e = check_roles(x, n->roles, n->nroles, p);
    if (e) return e;
    id_new(id);
    e = db_run(db, p, NULL,
               "INSERT INTO core_people(id,name,display,campus,hash,must_change,disabled_at,created_at,created_by,"
               "totp_last) VALUES($1,$2,$3,$4,$5,$6,0,$7,$8,0)",
               "tttttiit", id, n->name, n->display ? n->display : n->name, n->campus, n->password_hash,
               (int64_t)n->must_change, now, by);
    if (e == ERR_CONFLICT) {
        problem_init(p, p->arena);
        return problem_add(p, ERR_CONFLICT, "/name", "unique", "the name %s is taken", n->name);
    }
    return e ? e : write_roles(db, id, n->roles, n->nroles, by, now, p);
}

static enum err end_sessions(struct db *db, const char *person, const char *kind, struct problem *p) {
    return db_run(db, p, NULL, "DELETE FROM core_session WHERE person=$1 AND ($2='' OR kind=$2)", "tt", person, kind);
}

enum err people_set_roles(struct db *db, const struct access *x, const char *person, const char **roles, int n,
                          const char *by, int64_t now, struct problem *p) {
    enum err e = check_roles(x, roles, n, p);
    return e ? e : write_roles(db, person, roles, n, by, now, p);
}

enum err people_set_password(struct db *db, const char *person, const char *hash, bool must_change, int64_t now,
                             struct problem *p) {
    (void)now;
    int64_t changed = 0;
    enum err e = db_run(db, p, &changed, "UPDATE core_people SET hash=$1, must_change=$2 WHERE id=$3", "tit", hash,
                        (int64_t)must_change, person);
    if (!e && !changed) return ERR_NOT_FOUND;
    return e ? e : end_sessions(db, person, "session", p);
}

enum err people_disable(struct db *db, const char *person, bool disabled, int64_t now, struct problem *p) {
    int64_t changed = 0;
    enum err e = db_run(db, p, &changed, "UPDATE core_people SET disabled_at=$1 WHERE id=$2", "it",
                        disabled ? now : (int64_t)0, person);
    if (!e && !changed) return ERR_NOT_FOUND;
    return e || !disabled ? e : end_sessions(db, person, "", p);
}

enum err people_set_fact(struct db *db, const char *person, const char *fact, const char *from, const char *until,
                         const char *by, struct problem *p) {
    return db_run(db, p, NULL,
                  "INSERT INTO core_fact(person,fact,from_date,until_date,set_by) VALUES($1,$2,$3,$4,$5)"
                  " ON CONFLICT(person,fact,from_date) DO UPDATE SET until_date=excluded.until_date, set_by=excluded.set_by",
                  "ttttt", person, fact, from, until, by);
}

// Column 0 of each row, NULL-ended, in the arena.
static const char **column(struct db *db, struct arena *a, const char *sql, const char *x, const char *y, int *n,
                           struct problem *p) {
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

const struct actor *people_actor(struct db *db, const struct access *x, const char *person, const char *today,
                                 struct arena *a, struct problem *p) {
    struct actor *act = arena_alloc(a, sizeof *act);
    act->epoch = people_epoch();
    struct stmt *st = db_query(db, p, "SELECT id,name,campus FROM core_people WHERE id=$1 AND disabled_at=0", "t", person);
    bool row;
    if (!st || stmt_step(st, &row, p) || !row) return NULL;
    act->id = arena_strdup(a, stmt_text(st, 0, NULL));
    act->name = arena_strdup(a, stmt_text(st, 1, NULL));
    act->campus = arena_strdup(a, stmt_text(st, 2, NULL));
    stmt_reset(st);
    // own roles, and those of people who delegate to this one today
    int n;
    const char **roles = column(db, a,
                                "SELECT role FROM core_person_role WHERE person=$1 UNION SELECT r.role FROM core_delegation d"
                                " JOIN core_person_role r ON r.person=d.person WHERE d.to_person=$1 AND d.from_date<=$2"
                                " AND d.until_date>=$2", act->id, today, &n, p);
    fieldset_add(&act->roles, 0);
    for (int i = 0; i < n; i++) {
        int r = access_role(x, roles[i]);
        if (r >= 0) access_role_closure(x, r, &act->roles);
    }
    act->groups = column(db, a, "SELECT grp FROM core_member WHERE person=$1 AND from_date<=$2 AND until_date>=$2",
                         act->id, today, &act->ngroups, p);
    act->supervised = column(db, a, "SELECT id FROM core_people WHERE supervisor=$1 LIMIT 1000", act->id, NULL,
                             &act->nsupervised, p);
    act->facts = column(db, a, "SELECT fact FROM core_fact WHERE person=$1 AND from_date<=$2 AND until_date>=$2",
                        act->id, today, &act->nfacts, p);
    return p->code ? NULL : act;
}

void people_list_json(struct db *db, const char *name, struct buf *out, struct problem *p) {
    struct arena *a = p->arena;
    struct stmt *st = db_query(db, p,
                               "SELECT id,name,display,campus,disabled_at,created_at,"
                               "(SELECT group_concat(role,',') FROM core_person_role r WHERE r.person=p.id)"
                               " FROM core_people p WHERE $1='' OR name=$1 ORDER BY name",
                               "t", name ? name : "");
    buf_puts(out, "{\"items\":[");
    for (bool row; st && !stmt_step(st, &row, p) && row;) {
        json_sep(out);
        buf_putc(out, '{');
        static const char *const keys[] = {"id", "name", "display", "campus"};
        for (int i = 0; i < 4; i++) json_kv_str(out, keys[i], stmt_text(st, i, NULL));
        json_kv_bool(out, "disabled", stmt_int(st, 4) != 0);
        json_kv_time(out, "created_at", stmt_int(st, 5));
        json_key(out, "roles"), buf_putc(out, '[');
        char *roles = arena_strdup(a, stmt_text(st, 6, NULL));
        for (char *s = roles, *r; (r = s ? strsep(&s, ",") : NULL);) json_sep(out), json_cstr(out, r);
        buf_puts(out, "]}");
    }
    buf_puts(out, "]}");
}
