// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// People as administration sees them: accounts, roles, passwords. Handlers read on the HTTP thread,
// hash on the hashing pool and write on the lane.
#include <sodium.h>
#include <string.h>
#include "campus/directory.h"
#include "campus/limits.h"
#include "campus/mem.h"
#include "campus/password.h"
#include "http/api.h"

struct account_change {
    const char *id, *name, *display, *campus, *supervisor, *password;
    const char **roles;
    int nroles;
    char generated[20], hash[PASSWORD_HASH];
};

static const char *object_of(struct request *rq, const char *id) {
    return arena_printf(rq->arena, "core.people/%s", id);
}

static enum err users_list(struct request *rq) {
    int limit;
    const char *name = request_query(rq, "name"), *after = request_query(rq, "cursor");
    struct db *db = rq->gate.store.db;
    enum err e = api_limit(rq, &limit);
    if (e) return e;
    if (!name) return directory_list_json(db, after ? after : "", limit, &rq->out, &rq->problem);
    const char *id;
    e = directory_find(db, name, &id, &rq->problem);
    if (e == ERR_NOT_FOUND) {
        problem_init(&rq->problem, rq->arena);
        buf_puts(&rq->out, "{\"items\":[],\"next\":null}");
        return ERR_OK;
    }
    buf_puts(&rq->out, "{\"items\":[");
    if (!e) e = directory_person_json(db, id, false, &rq->out, &rq->problem);
    buf_puts(&rq->out, "],\"next\":null}");
    return e;
}

static enum err user_get(struct request *rq) {
    const char *id;
    enum err e = api_person(rq, 2, &id);
    return e ? e : directory_person_json(rq->gate.store.db, id, true, &rq->out, &rq->problem);
}

static enum err roles_list(struct request *rq) {
    const struct access *x = rq->release->access;
    buf_puts(&rq->out, "{\"items\":[");
    for (int i = 0; i < access_role_count(x); i++) {
        struct actor as = {.id = ""};
        access_role_closure(x, i, &as.roles);
        json_sep(&rq->out), buf_putc(&rq->out, '{');
        json_kv_str(&rq->out, "name", access_role_name(x, i));
        api_rights_json(rq, &as, &rq->out);
        buf_putc(&rq->out, '}');
    }
    buf_puts(&rq->out, "]}");
    return ERR_OK;
}

// The closure of roles that are about to be given; unknown ones are left to the writer to object
// to.
static enum err may_give(struct request *rq, const char **roles, int n, const char *action,
                         const char *object) {
    struct fieldset set = {0};
    for (int i = 0; i < n; i++) {
        int r = access_role(rq->release->access, roles[i]);
        if (r >= 0) access_role_closure(rq->release->access, r, &set);
    }
    return api_may_give(rq, &set, action, object);
}

static enum err answer_person(struct request *rq, const char *id, const char *password) {
    struct buf *out = &rq->out;
    enum err e = directory_person_json(rq->gate.store.db, id, true, out, &rq->problem);
    if (e || !password) return e;
    buf_trim(out, 1);
    json_kv_str(out, "one_time_password", password);
    buf_putc(out, '}');
    return ERR_OK;
}

static enum err user_insert(struct request *rq) {
    struct account_change *c = rq->state;
    struct gate *g = &rq->gate;
    char id[37];
    struct person_new n = {.name = c->name,
                           .display = c->display,
                           .campus = c->campus,
                           .roles = c->roles,
                           .nroles = c->nroles,
                           .password_hash = c->hash,
                           .must_change = true};
    enum err e = may_give(rq, c->roles, c->nroles, "user.add", "core.people");
    if (!e)
        e = people_add(g->store.db, rq->release->access, &n, g->actor->id, g->now, id,
                       &rq->problem);
    if (e) return e;
    api_changed(rq, "user.add", object_of(rq, id));
    rq->status = 201;
    http_add_header(rq->http, "Location", arena_printf(rq->arena, "/api/v1/admin/users/%s", id));
    return answer_person(rq, id, *c->generated ? c->generated : NULL);
}

static enum err hash_then(struct request *rq, handler *step) {
    struct account_change *c = rq->state;
    if (!c->password) {
        password_generate(c->generated);
        c->password = c->generated;
    } else {
        enum err e = password_acceptable(c->name, c->password, strlen(c->password), &rq->problem);
        if (e) return e;
    }
    enum err e = password_hash(app_pepper(rq->app), c->password, strlen(c->password), c->hash);
    return e ? e : request_move(rq, ON_LANE, step);
}

static enum err user_hash(struct request *rq) {
    return hash_then(rq, user_insert);
}

static enum err user_add(struct request *rq) {
    struct account_change *c = rq->state = arena_alloc(rq->arena, sizeof *c);
    const json_t *body;
    enum err e = api_body(rq, "name display campus roles password", &body);
    if (!e) e = api_text(rq, body, "name", 64, true, &c->name);
    if (!e) e = api_text(rq, body, "display", 200, false, &c->display);
    if (!e) e = api_text(rq, body, "campus", 64, false, &c->campus);
    if (!e) e = api_text(rq, body, "password", PASSWORD_MAX, false, &c->password);
    if (!e) e = api_texts(rq, body, "roles", &c->roles, &c->nroles);
    return e ? e : request_move(rq, ON_HASHING, user_hash);
}

static enum err user_patch_step(struct request *rq) {
    struct account_change *c = rq->state;
    struct db *db = rq->gate.store.db;
    const char *boss = c->supervisor;
    enum err e = api_person(rq, 2, &c->id);
    if (!e && boss && *boss && directory_find(db, boss, &boss, &rq->problem)) {
        problem_init(&rq->problem, rq->arena);
        return problem_add(&rq->problem, ERR_INVALID, "/supervisor", "person_unknown",
                           "there is no such person");
    }
    if (!e) e = directory_update(db, c->id, c->display, c->campus, boss, &rq->problem);
    if (e) return e;
    api_changed(rq, "user.update", object_of(rq, c->id));
    return answer_person(rq, c->id, NULL);
}

static enum err user_patch(struct request *rq) {
    struct account_change *c = rq->state = arena_alloc(rq->arena, sizeof *c);
    const json_t *body;
    enum err e = api_body(rq, "display campus supervisor", &body);
    if (!e) e = api_text(rq, body, "display", 200, json_object_get(body, "display"), &c->display);
    if (!e) e = api_text(rq, body, "campus", 64, false, &c->campus);
    if (!e) e = api_text(rq, body, "supervisor", 64, false, &c->supervisor);
    if (e) return e;
    if (json_is_null(json_object_get(body, "campus"))) c->campus = "";
    if (json_is_null(json_object_get(body, "supervisor"))) c->supervisor = "";
    return request_move(rq, ON_LANE, user_patch_step);
}

static enum err roles_step(struct request *rq) {
    struct account_change *c = rq->state;
    struct gate *g = &rq->gate;
    enum err e = api_person(rq, 2, &c->id);
    // taking a right away needs it as giving does: nobody strips those above them
    if (!e) e = api_may_rule(rq, c->id, "user.roles");
    if (!e) e = may_give(rq, c->roles, c->nroles, "user.roles", object_of(rq, c->id));
    if (!e)
        e = people_set_roles(g->store.db, rq->release->access, c->id, c->roles, c->nroles,
                             g->actor->id, g->now, &rq->problem);
    if (!e) e = directory_sign_out(g->store.db, c->id, &rq->problem);
    if (e) return e;
    api_changed(rq, "user.roles", object_of(rq, c->id));
    return answer_person(rq, c->id, NULL);
}

static enum err user_roles(struct request *rq) {
    struct account_change *c = rq->state = arena_alloc(rq->arena, sizeof *c);
    const json_t *body;
    enum err e = api_body(rq, "roles", &body);
    if (!e) e = api_texts(rq, body, "roles", &c->roles, &c->nroles);
    if (!e && !c->roles)
        e = problem_add(&rq->problem, ERR_INVALID, "/roles", "required", "is required");
    return e ? e : request_move(rq, ON_LANE, roles_step);
}

static enum err password_step(struct request *rq) {
    struct account_change *c = rq->state;
    struct gate *g = &rq->gate;
    enum err e = api_person(rq, 2, &c->id);
    if (!e) e = api_may_rule(rq, c->id, "user.password");
    if (!e) e = people_set_password(g->store.db, c->id, c->hash, true, g->now, &rq->problem);
    if (e) return e;
    api_changed(rq, "user.password", object_of(rq, c->id));
    buf_putc(&rq->out, '{');
    if (*c->generated) json_kv_str(&rq->out, "one_time_password", c->generated);
    buf_putc(&rq->out, '}');
    return ERR_OK;
}

static enum err password_hash_step(struct request *rq) {
    return hash_then(rq, password_step);
}

static enum err user_password(struct request *rq) {
    struct account_change *c = rq->state = arena_alloc(rq->arena, sizeof *c);
    const json_t *body;
    enum err e = api_body(rq, "password", &body);
    if (!e) e = api_text(rq, body, "password", PASSWORD_MAX, false, &c->password);
    if (!e) e = api_person(rq, 2, &c->id);
    return e ? e : request_move(rq, ON_HASHING, password_hash_step);
}

static enum err set_disabled(struct request *rq, bool disabled) {
    const char *id, *action = disabled ? "user.disable" : "user.enable";
    enum err e = api_person(rq, 2, &id);
    if (!e) e = api_may_rule(rq, id, action);
    if (!e && disabled && !strcmp(id, rq->gate.actor->id))
        e = problem_set(&rq->problem, ERR_CONFLICT, "nobody disables their own account");
    if (!e) e = people_disable(rq->gate.store.db, id, disabled, rq->gate.now, &rq->problem);
    if (!e && disabled) e = gate_person_left(&rq->gate, id);
    if (e) return e;
    api_changed(rq, action, object_of(rq, id));
    return answer_person(rq, id, NULL);
}

static enum err disable_step(struct request *rq) {
    return set_disabled(rq, true);
}
static enum err enable_step(struct request *rq) {
    return set_disabled(rq, false);
}
static enum err sign_out_step(struct request *rq) {
    const char *id;
    enum err e = api_person(rq, 2, &id);
    if (!e) e = api_may_rule(rq, id, "user.sign_out");
    if (!e) e = directory_sign_out(rq->gate.store.db, id, &rq->problem);
    if (e) return e;
    api_changed(rq, "user.sign_out", object_of(rq, id));
    return api_no_content(rq);
}

static enum err drop_code_step(struct request *rq) {
    const char *id;
    enum err e = api_person(rq, 2, &id);
    if (!e) e = api_may_rule(rq, id, "code.drop");
    if (!e) e = people_drop_code(rq->gate.store.db, id, &rq->problem);
    if (e) return e;
    api_changed(rq, "code.drop", object_of(rq, id));
    return api_no_content(rq);
}

// ?ids=a,b: how the people of a history are called; ?q=: who is called so, to be picked. Their
// names are no secret among staff.
static enum err names(struct request *rq) {
    enum { IDS_MAX = 100, FOUND_MAX = 20 };
    const char *ids = request_query(rq, "ids"), *q = request_query(rq, "q");
    char *rest = arena_strdup(rq->arena, ids ? ids : ""), *id;
    enum err e = ERR_OK;
    buf_puts(&rq->out, "{\"items\":[");
    for (int n = 0; !e && (id = strsep(&rest, ",")); n++)
        e = n < IDS_MAX ? directory_name_json(rq->gate.store.db, id, &rq->out, &rq->problem)
                        : problem_add(&rq->problem, ERR_INVALID, "ids", "too_many",
                                      "at most %d at once", IDS_MAX);
    if (!e && q && *q)
        e = directory_search_json(rq->gate.store.db, q, FOUND_MAX, &rq->out, &rq->problem);
    buf_puts(&rq->out, "]}");
    return e;
}

const struct route routes_people[] = {
    {"GET", "people", names, .who = SIGNED_IN},
    {"GET", "organisation", rights_chart, .permission = "core.organisation"},
    {"GET", "admin/users", users_list, .permission = "core.people"},
    {"POST", "admin/users", user_add, .permission = "core.people"},
    {"POST", "admin/users/import", import_accounts, .permission = "core.people"},
    {"GET", "admin/users/{}", user_get, .permission = "core.people"},
    {"PATCH", "admin/users/{}", user_patch, .permission = "core.people"},
    {"PUT", "admin/users/{}/roles", user_roles, .permission = "core.people"},
    {"POST", "admin/users/{}/password", user_password, .permission = "core.people"},
    {"POST", "admin/users/{}/disable", disable_step, .on = ON_LANE, .permission = "core.people"},
    {"POST", "admin/users/{}/enable", enable_step, .on = ON_LANE, .permission = "core.people"},
    {"DELETE", "admin/users/{}/sessions", sign_out_step, .on = ON_LANE,
     .permission = "core.people"},
    {"DELETE", "admin/users/{}/totp", drop_code_step, .on = ON_LANE, .permission = "core.people"},
    {"PUT", "admin/users/{}/facts/{}", rights_facts_put, .permission = "core.people"},
    {"DELETE", "admin/users/{}/facts/{}", rights_facts_drop, .on = ON_LANE,
     .permission = "core.people"},
    {"PUT", "admin/users/{}/posts/{}", rights_post_put, .permission = "core.people"},
    {"DELETE", "admin/users/{}/posts/{}", rights_post_drop, .on = ON_LANE,
     .permission = "core.people"},
    {"GET", "admin/posts/{}", rights_posts, .permission = "core.people"},
    {"GET", "admin/roles", roles_list, .permission = "core.people"},
    {"GET", "admin/groups/{}/members", rights_groups, .permission = "core.people"},
    {"PUT", "admin/groups/{}/members/{}", rights_join, .permission = "core.people"},
    {"DELETE", "admin/groups/{}/members/{}", rights_leave, .on = ON_LANE,
     .permission = "core.people"},
    {"POST", "admin/delegations", rights_delegate, .who = SIGNED_IN},
    {"DELETE", "admin/delegations/{}", rights_undelegate, .on = ON_LANE, .who = SIGNED_IN},
    {"GET", "admin/tokens", rights_tokens, .permission = "core.people"},
    {"POST", "admin/tokens", rights_token_add, .permission = "core.people"},
    {"DELETE", "admin/tokens/{}", rights_token_drop, .on = ON_LANE, .permission = "core.people"},
    {0},
};
