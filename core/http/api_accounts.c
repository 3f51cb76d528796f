// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Many accounts at once, all or none. Passwords are made here and answered once; each is hashed as
// a work item of its own, so that people who sign in meanwhile wait for one hash, not for the list.
#include <string.h>
#include "campus/directory.h"
#include "campus/mem.h"
#include "campus/password.h"
#include "http/api.h"

enum { ACCOUNTS_MAX = 200 };
struct account_row {
    struct person_new person;
    char password[20], hash[PASSWORD_HASH];
};
struct account_import {
    struct account_row *rows;
    size_t n, hashed;
    bool dry_run;
};

// What is wrong with row i, told below its own pointer.
static void row_problem(struct request *rq, size_t i, const struct problem *row) {
    for (const struct problem_item *at = row->first; at; at = at->next)
        problem_add(&rq->problem, ERR_INVALID,
                    arena_printf(rq->arena, "/users/%zu%s", i, at->pointer ? at->pointer : ""),
                    at->word, "%s", at->detail ? at->detail : "");
    if (!row->first)
        problem_add(&rq->problem, ERR_INVALID, arena_printf(rq->arena, "/users/%zu", i),
                    err_word(row->code), "%s", row->detail ? row->detail : "");
}

static enum err insert_row(struct request *rq, size_t i) {
    struct account_import *m = rq->state;
    struct gate *g = &rq->gate;
    struct person_new *n = &m->rows[i].person;
    const struct access *x = rq->release->access;
    struct problem p;
    struct fieldset set = {0};
    const char *id;
    char made[37];
    problem_init(&p, rq->arena);
    enum err e = directory_find(g->store.db, n->name, &id, &p);
    problem_init(&p, rq->arena);
    if (e && e != ERR_NOT_FOUND) return e;
    for (int k = 0; k < n->nroles; k++) {
        int r = access_role(x, n->roles[k]);
        if (r >= 0) access_role_closure(x, r, &set);
    }
    if (!e)
        e = problem_add(&p, ERR_CONFLICT, "/name", "unique", "the name is taken");
    else
        e = api_may_give(rq, &set, "user.add", "core.people");
    if (e == ERR_FORBIDDEN) return e;
    if (!e) { // what one row breaks must not end the transaction for the others
        e = db_save(g->store.db, DB_INNER, &rq->problem);
        if (e) return e;
        e = people_add(g->store.db, x, n, g->actor->id, g->now, made, &p);
        enum err kept = e ? db_undo(g->store.db, DB_INNER, &rq->problem)
                          : db_release(g->store.db, DB_INNER, &rq->problem);
        if (kept) return kept;
    }
    if (e && e != ERR_INVALID && e != ERR_CONFLICT) return e;
    if (e) {
        row_problem(rq, i, &p);
        return ERR_OK;
    }
    if (m->dry_run) return ERR_OK;
    api_changed(rq, "user.add", arena_printf(rq->arena, "core.people/%s", made));
    json_sep(&rq->out), buf_putc(&rq->out, '{');
    json_kv_str(&rq->out, "id", made);
    json_kv_str(&rq->out, "name", n->name);
    json_kv_str(&rq->out, "one_time_password", m->rows[i].password);
    buf_putc(&rq->out, '}');
    return ERR_OK;
}

static enum err insert_all(struct request *rq) {
    struct account_import *m = rq->state;
    struct db *db = rq->gate.store.db;
    size_t mark = audit_mark(rq->gate.audit);
    rq->own_savepoint = true; // a dry run is undone though nothing is wrong
    enum err e = db_save(db, DB_INNER, &rq->problem);
    if (e) return e;
    buf_puts(&rq->out, "{\"accounts\":[");
    for (size_t i = 0; i < m->n && !e; i++) e = insert_row(rq, i);
    buf_putc(&rq->out, ']');
    json_kv_int(&rq->out, "rows", (int64_t)m->n);
    json_kv_bool(&rq->out, "dry_run", m->dry_run);
    buf_putc(&rq->out, '}');
    if (!e && rq->problem.count) e = ERR_INVALID;
    if (!e && !m->dry_run) return db_release(db, DB_INNER, &rq->problem);
    audit_undo(rq->gate.audit, mark);
    rq->people_changed = false;
    if (e) gate_record(&rq->gate, "user.import", "core.people", "refused", err_word(e));
    enum err undone = db_undo(db, DB_INNER, &rq->problem);
    return e ? e : undone;
}

static enum err hash_one(struct request *rq) {
    struct account_import *m = rq->state;
    struct account_row *row = &m->rows[m->hashed];
    password_generate(row->password);
    enum err e =
        password_hash(app_pepper(rq->app), row->password, strlen(row->password), row->hash);
    if (e) return e;
    row->person.password_hash = row->hash;
    m->hashed++;
    return m->hashed < m->n ? request_move(rq, ON_HASHING, hash_one)
                            : request_move(rq, ON_LANE, insert_all);
}

static enum err read_row(struct request *rq, const json_t *j, struct person_new *out) {
    if (!json_is_object(j))
        return problem_add(&rq->problem, ERR_INVALID, "", "type", "must be an object");
    out->must_change = true;
    enum err e = api_only(rq, j, "name display campus roles");
    if (!e) e = api_text(rq, j, "name", 64, true, &out->name);
    if (!e) e = api_text(rq, j, "display", 200, false, &out->display);
    if (!e) e = api_text(rq, j, "campus", 64, false, &out->campus);
    if (!e) e = api_texts(rq, j, "roles", &out->roles, &out->nroles);
    return e;
}

enum err import_accounts(struct request *rq) {
    struct account_import *m = rq->state = arena_alloc(rq->arena, sizeof *m);
    const char *dry = request_query(rq, "dry_run");
    const json_t *body, *users;
    enum err e = api_body(rq, "users", &body);
    if (e) return e;
    users = json_object_get(body, "users");
    m->n = json_array_size(users);
    m->dry_run = dry && !strcmp(dry, "true");
    if (!m->n || m->n > ACCOUNTS_MAX)
        return problem_add(&rq->problem, ERR_INVALID, "/users", "out_of_range",
                           "must be a list of 1 to %d accounts", ACCOUNTS_MAX);
    m->rows = arena_alloc(rq->arena, sizeof *m->rows * m->n);
    for (size_t i = 0; i < m->n; i++) {
        struct problem keep = rq->problem;
        problem_init(&rq->problem, rq->arena);
        e = read_row(rq, json_array_get(users, i), &m->rows[i].person);
        struct problem row = rq->problem;
        rq->problem = keep;
        if (e) row_problem(rq, i, &row);
    }
    if (rq->problem.count) return ERR_INVALID;
    return m->dry_run ? request_move(rq, ON_LANE, insert_all)
                      : request_move(rq, ON_HASHING, hash_one);
}
