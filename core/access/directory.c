// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The tables of people as administration reads and changes them.
#include "campus/directory.h"

#include <string.h>
#include "campus/json.h"
#include "campus/mem.h"

enum err directory_find(struct db *db, const char *id_or_name, const char **id, struct problem *p) {
    // an account may be named like another's id: the id wins
    struct stmt *st = db_query(db, p,
                               "SELECT id FROM core_people WHERE id=$1 OR name=$1"
                               " ORDER BY CASE WHEN id=$1 THEN 0 ELSE 1 END LIMIT 1",
                               "t", id_or_name);
    enum err e = stmt_first(st, p);
    if (e) return problem_set(p, e, NULL);
    *id = arena_strdup(p->arena, stmt_text(st, 0, NULL));
    stmt_reset(st);
    return ERR_OK;
}

enum err directory_roles(struct db *db, const char *person, const char ***out, int *n,
                         struct problem *p) {
    int64_t count = 0;
    enum err e = db_int(db, p, &count, 0, "SELECT count(*) FROM core_person_role WHERE person=$1",
                        "t", person);
    if (e) return e;
    *out = arena_alloc(p->arena, sizeof **out * (size_t)(count + 1));
    *n = 0;
    struct stmt *st = db_query(
        db, p, "SELECT role FROM core_person_role WHERE person=$1 ORDER BY role", "t", person);
    bool row = false;
    if (!st) return p->code;
    while (!(e = stmt_step(st, &row, p)) && row && *n < count)
        (*out)[(*n)++] = arena_strdup(p->arena, stmt_text(st, 0, NULL));
    stmt_reset(st);
    return e;
}

static enum err rights_json(struct db *db, const char *id, struct buf *out, struct problem *p) {
    json_key(out, "groups");
    enum err e = stmt_list(
        db_query(db, p,
                 "SELECT grp,from_date,until_date FROM core_member WHERE person=$1 ORDER BY grp",
                 "t", id),
        "group from until", out, p);
    json_key(out, "facts");
    if (!e)
        e = stmt_list(
            db_query(db, p,
                     "SELECT fact,from_date,until_date,set_by FROM core_fact WHERE person=$1"
                     " ORDER BY fact,from_date",
                     "t", id),
            "fact from until set_by", out, p);
    json_key(out, "posts");
    if (!e) e = directory_posts_json(db, id, "", out, p);
    json_key(out, "delegates_to");
    if (!e)
        e = stmt_list(db_query(db, p,
                               "SELECT id,to_person,from_date,until_date,roles FROM core_delegation"
                               " WHERE person=$1 ORDER BY from_date,id",
                               "t", id),
                      "id to from until roles", out, p);
    json_key(out, "acts_for");
    if (!e)
        e = stmt_list(db_query(db, p,
                               "SELECT id,person,from_date,until_date,roles FROM core_delegation"
                               " WHERE to_person=$1 ORDER BY from_date,id",
                               "t", id),
                      "id person from until roles", out, p);
    return e;
}

static enum err roles_json(struct db *db, const char *id, struct buf *out, struct problem *p) {
    const char **roles;
    int n;
    enum err e = directory_roles(db, id, &roles, &n, p);
    json_key(out, "roles"), buf_putc(out, '[');
    for (int i = 0; !e && i < n; i++) json_sep(out), json_cstr(out, roles[i]);
    buf_putc(out, ']');
    return e;
}

#define PERSON                                                                                     \
    "SELECT id,name,display,campus,supervisor,disabled_at,created_at,must_change,totp FROM "       \
    "core_people "
static const char *person_columns(struct stmt *st, struct buf *out, struct arena *a) {
    static const char *const keys[] = {"id", "name", "display", "campus", "supervisor"};
    buf_putc(out, '{');
    for (int i = 0; i < 5; i++) json_kv_str(out, keys[i], stmt_text(st, i, NULL));
    json_kv_bool(out, "disabled", stmt_int(st, 5) != 0);
    json_kv_time(out, "created_at", stmt_int(st, 6));
    json_kv_bool(out, "must_change", stmt_int(st, 7) != 0);
    json_kv_bool(out, "has_code", !stmt_is_null(st, 8));
    return arena_strdup(a, stmt_text(st, 0, NULL));
}

enum err directory_person_json(struct db *db, const char *id, bool with_rights, struct buf *out,
                               struct problem *p) {
    struct stmt *st = db_query(db, p, PERSON "WHERE id=$1", "t", id);
    enum err e = stmt_first(st, p);
    if (e) return problem_set(p, e, NULL);
    person_columns(st, out, p->arena);
    stmt_reset(st);
    e = roles_json(db, id, out, p);
    if (!e && with_rights) e = rights_json(db, id, out, p);
    buf_putc(out, '}');
    return e;
}

enum err directory_name_json(struct db *db, const char *id, struct buf *out, struct problem *p) {
    struct stmt *st = db_query(db, p, "SELECT display FROM core_people WHERE id=$1", "t", id);
    enum err e = ERR_OK;
    if (!stmt_next(st, &e, p)) return e;
    json_sep(out), buf_putc(out, '{');
    json_kv_str(out, "id", id);
    json_kv_str(out, "display", stmt_text(st, 0, NULL));
    buf_putc(out, '}');
    stmt_reset(st);
    return ERR_OK;
}

enum err directory_search_json(struct db *db, const char *text, int limit, struct buf *out,
                               struct problem *p) {
    struct buf b;
    buf_init(&b, p->arena);
    buf_putc(&b, '%');
    for (const char *s = text; *s; s++) {
        if (*s == '%' || *s == '_' || *s == '\\') buf_putc(&b, '\\');
        buf_putc(&b, *s);
    }
    buf_putc(&b, '%');
    struct stmt *st = db_query(db, p,
                               "SELECT id,display FROM core_people WHERE disabled_at=0 AND (display"
                               " LIKE $1 ESCAPE '\\' OR norm LIKE $1 ESCAPE '\\')"
                               " ORDER BY display, id LIMIT $2",
                               "ti", buf_str(&b), (int64_t)limit);
    enum err e = ERR_OK;
    while (stmt_next(st, &e, p)) {
        json_sep(out), buf_putc(out, '{');
        stmt_json(st, "id display", out);
        buf_putc(out, '}');
    }
    return e;
}

enum err directory_list_json(struct db *db, const char *after, int limit, struct buf *out,
                             struct problem *p) {
    struct stmt *st = db_query(db, p, PERSON "WHERE name>$1 ORDER BY name LIMIT $2", "ti", after,
                               (int64_t)limit + 1);
    if (!st) return p->code;
    const char *last = NULL;
    int n = 0;
    bool row = false;
    enum err e = ERR_OK;
    buf_puts(out, "{\"items\":[");
    while (!(e = stmt_step(st, &row, p)) && row && n < limit) {
        json_sep(out);
        const char *id = person_columns(st, out, p->arena);
        last = arena_strdup(p->arena, stmt_text(st, 1, NULL));
        e = roles_json(db, id, out, p);
        if (e) break;
        buf_putc(out, '}');
        n++;
    }
    bool more = row;
    stmt_reset(st);
    buf_puts(out, "],\"next\":");
    json_cstr(out, more ? last : NULL);
    buf_putc(out, '}');
    return e;
}

enum err directory_update(struct db *db, const char *id, const char *display, const char *campus,
                          const char *supervisor, struct problem *p) {
    enum err e = ERR_OK;
    if (supervisor && !strcmp(supervisor, id))
        return problem_add(p, ERR_INVALID, "/supervisor", "itself", "nobody supervises themselves");
    if (display)
        e = db_run(db, p, NULL, "UPDATE core_people SET display=$1 WHERE id=$2", "tt", display, id);
    if (!e && campus)
        e = db_run(db, p, NULL, "UPDATE core_people SET campus=$1 WHERE id=$2", "tt",
                   *campus ? campus : NULL, id);
    if (!e && supervisor)
        e = db_run(db, p, NULL, "UPDATE core_people SET supervisor=$1 WHERE id=$2", "tt",
                   *supervisor ? supervisor : NULL, id);
    return e;
}

static enum err one_gone(enum err e, int64_t n, struct problem *p) {
    return e ? e : n ? ERR_OK : problem_set(p, ERR_NOT_FOUND, NULL);
}

enum err directory_join(struct db *db, const char *person, const char *group, const char *from,
                        const char *until, struct problem *p) {
    return db_run(db, p, NULL,
                  "INSERT INTO core_member(person,grp,from_date,until_date) VALUES($1,$2,$3,$4)"
                  " ON CONFLICT(person,grp) DO UPDATE SET from_date=excluded.from_date,"
                  " until_date=excluded.until_date",
                  "tttt", person, group, from, until);
}

enum err directory_leave(struct db *db, const char *person, const char *group, struct problem *p) {
    int64_t n = 0;
    enum err e = db_run(db, p, &n, "DELETE FROM core_member WHERE person=$1 AND grp=$2", "tt",
                        person, group);
    return one_gone(e, n, p);
}

enum err directory_members_json(struct db *db, const char *group, struct buf *out,
                                struct problem *p) {
    buf_puts(out, "{\"items\":");
    enum err e = stmt_list(db_query(db, p,
                                    "SELECT m.person,p.name,p.display,m.from_date,m.until_date"
                                    " FROM core_member m JOIN core_people p ON p.id=m.person"
                                    " WHERE m.grp=$1 ORDER BY p.name",
                                    "t", group),
                           "person name display from until", out, p);
    buf_putc(out, '}');
    return e;
}

enum err directory_drop_fact(struct db *db, const char *person, const char *fact,
                             struct problem *p) {
    int64_t n = 0;
    enum err e =
        db_run(db, p, &n, "DELETE FROM core_fact WHERE person=$1 AND fact=$2", "tt", person, fact);
    return one_gone(e, n, p);
}

enum err directory_undelegate(struct db *db, const char *id, struct problem *p) {
    int64_t n = 0;
    enum err e = db_run(db, p, &n, "DELETE FROM core_delegation WHERE id=$1", "t", id);
    return one_gone(e, n, p);
}

enum err directory_delegator(struct db *db, const char *id, const char **person,
                             struct problem *p) {
    struct stmt *st = db_query(db, p, "SELECT person FROM core_delegation WHERE id=$1", "t", id);
    enum err e = stmt_first(st, p);
    if (e) return problem_set(p, e, NULL);
    *person = arena_strdup(p->arena, stmt_text(st, 0, NULL));
    stmt_reset(st);
    return ERR_OK;
}

enum err directory_session(struct db *db, const char *id, struct directory_session *out,
                           struct problem *p) {
    *out = (struct directory_session){.kind = "", .person = ""};
    struct stmt *st =
        db_query(db, p, "SELECT kind,person,expires_at FROM core_session WHERE id=$1", "t", id);
    enum err e = ERR_OK;
    if (!stmt_next(st, &e, p)) return e;
    stmt_take(st, p->arena, "tti", &out->kind, &out->person, &out->expires_at);
    stmt_reset(st);
    return ERR_OK;
}

enum err directory_sessions_json(struct db *db, const char *person, const char *kind, int64_t now,
                                 struct buf *out, struct problem *p) {
    struct stmt *st =
        db_query(db, p,
                 "SELECT id,person,kind,label,scopes,created_at,expires_at FROM core_session"
                 " WHERE ($1='' OR person=$1) AND ($2='' OR kind=$2) AND expires_at>$3 ORDER BY id",
                 "tti", person ? person : "", kind, now);
    enum err e = ERR_OK;
    buf_puts(out, "{\"items\":[");
    while (stmt_next(st, &e, p)) {
        json_sep(out), buf_putc(out, '{');
        stmt_json(st, "id person kind label", out);
        json_key(out, "scopes");
        char *scopes = arena_strdup(p->arena, stmt_text(st, 4, NULL));
        if (!scopes)
            buf_puts(out, "null");
        else {
            buf_putc(out, '[');
            for (char *s = scopes, *w; (w = s ? strsep(&s, " ") : NULL);)
                if (*w) json_sep(out), json_cstr(out, w);
            buf_putc(out, ']');
        }
        json_kv_time(out, "created_at", stmt_int(st, 5));
        json_kv_time(out, "expires_at", stmt_int(st, 6));
        buf_putc(out, '}');
    }
    buf_puts(out, "]}");
    return e;
}

enum err directory_sign_out(struct db *db, const char *person, struct problem *p) {
    return db_run(db, p, NULL, "DELETE FROM core_session WHERE person=$1 AND kind='session'", "t",
                  person);
}
