// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What people are beside their roles: members of groups, bearers of facts, delegates of others, and
// the API tokens that act as them.
#include <string.h>
#include "campus/directory.h"
#include "campus/mem.h"
#include "campus/password.h"
#include "campus/text.h"
#include "http/api.h"

enum { DAY_MS = 86400000, TOKEN_DAYS = 90, TOKEN_DAYS_MAX = 366 };
#define FOR_EVER "9999-12-31"

struct grant {
    const char *what, *person, *to, *from, *until, *label;
    const char **scopes, **roles;
    int nroles;
    int64_t expires_at;
};

static const char *object_of(struct request *rq, const char *person) {
    return arena_printf(rq->arena, "core.people/%s", person);
}

static enum err period(struct request *rq, const json_t *body, struct grant *g, bool has_end) {
    enum err e = api_date(rq, body, "from", rq->gate.today, &g->from);
    if (!e) e = api_date(rq, body, "until", has_end ? NULL : FOR_EVER, &g->until);
    if (!e && strcmp(g->from, g->until) > 0)
        e = problem_add(&rq->problem, ERR_INVALID, "/until", "out_of_range",
                        "ends before it begins");
    return e;
}

// A name that a path carries: of a group or a fact.
static enum err path_name(struct request *rq, int i, const char **out) {
    *out = rq->path[i];
    return text_is_name(*out) ? ERR_OK : problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
}

static enum err body_period(struct request *rq, handler *step) {
    struct grant *g = rq->state = arena_alloc(rq->arena, sizeof *g);
    const json_t *body;
    enum err e = api_body(rq, "from until", &body);
    if (!e) e = period(rq, body, g, false);
    return e ? e : request_move(rq, ON_LANE, step);
}

// Groups

enum err rights_groups(struct request *rq) {
    const char *group;
    enum err e = path_name(rq, 2, &group);
    return e ? e : directory_members_json(rq->gate.store.db, group, &rq->out, &rq->problem);
}

static enum err join_step(struct request *rq) {
    const struct grant *g = rq->state;
    const char *group, *person;
    enum err e = path_name(rq, 2, &group);
    if (!e) e = api_person(rq, 4, &person);
    if (!e) e = directory_join(rq->gate.store.db, person, group, g->from, g->until, &rq->problem);
    if (e) return e;
    api_changed(rq, "group.join", arena_printf(rq->arena, "core.groups/%s/%s", group, person));
    return api_no_content(rq);
}

enum err rights_leave(struct request *rq) {
    const char *group, *person;
    enum err e = path_name(rq, 2, &group);
    if (!e) e = api_person(rq, 4, &person);
    if (!e) e = directory_leave(rq->gate.store.db, person, group, &rq->problem);
    if (e) return e;
    api_changed(rq, "group.leave", arena_printf(rq->arena, "core.groups/%s/%s", group, person));
    return api_no_content(rq);
}

enum err rights_join(struct request *rq) {
    return body_period(rq, join_step);
}
// Facts

static enum err fact_step(struct request *rq) {
    const struct grant *g = rq->state;
    const char *fact, *person;
    enum err e = api_person(rq, 2, &person);
    if (!e) e = path_name(rq, 4, &fact);
    if (!e)
        e = people_set_fact(rq->gate.store.db, person, fact, g->from, g->until, rq->gate.actor->id,
                            &rq->problem);
    if (e) return e;
    api_changed(rq, "fact.set", arena_printf(rq->arena, "core.people/%s/%s", person, fact));
    return api_no_content(rq);
}

enum err rights_facts_drop(struct request *rq) {
    const char *fact, *person;
    enum err e = api_person(rq, 2, &person);
    if (!e) e = path_name(rq, 4, &fact);
    if (!e) e = directory_drop_fact(rq->gate.store.db, person, fact, &rq->problem);
    if (e) return e;
    api_changed(rq, "fact.drop", arena_printf(rq->arena, "core.people/%s/%s", person, fact));
    return api_no_content(rq);
}

enum err rights_facts_put(struct request *rq) {
    return body_period(rq, fact_step);
}
// Posts

// Who belongs where, for whoever may know: as all staff do, who see nothing else of people.
enum err rights_chart(struct request *rq) {
    return directory_chart_json(rq->gate.store.db, rq->gate.today, &rq->out, &rq->problem);
}

// The group of a post stands in the query where there is no body.
static enum err post_of(struct request *rq, struct post *n) {
    enum err e = path_name(rq, 4, &n->post);
    if (!e) e = api_person(rq, 2, &n->person);
    if (!e && *n->group && !text_is_name(n->group))
        e = problem_add(&rq->problem, ERR_INVALID, "/group", "name_invalid",
                        "a group's name is a-z, 0-9 and _");
    return e;
}

static enum err post_step(struct request *rq) {
    struct post *n = rq->state;
    enum err e = post_of(rq, n);
    if (!e) e = directory_post_set(rq->gate.store.db, n, &rq->problem);
    if (e) return e;
    api_changed(rq, "post.set", arena_printf(rq->arena, "core.people/%s/%s", n->person, n->post));
    return api_no_content(rq);
}

enum err rights_post_drop(struct request *rq) {
    struct post n = {.group = request_query(rq, "group")};
    if (!n.group) n.group = "";
    enum err e = post_of(rq, &n);
    if (!e) e = directory_post_drop(rq->gate.store.db, n.person, n.post, n.group, &rq->problem);
    if (e) return e;
    api_changed(rq, "post.drop", arena_printf(rq->arena, "core.people/%s/%s", n.person, n.post));
    return api_no_content(rq);
}

enum err rights_posts(struct request *rq) {
    const char *post;
    enum err e = path_name(rq, 2, &post);
    buf_puts(&rq->out, "{\"items\":");
    if (!e) e = directory_posts_json(rq->gate.store.db, "", post, &rq->out, &rq->problem);
    buf_putc(&rq->out, '}');
    return e;
}

enum err rights_post_put(struct request *rq) {
    struct post *n = rq->state = arena_alloc(rq->arena, sizeof *n);
    struct grant g;
    const json_t *body;
    enum err e = api_body(rq, "group from until acting", &body);
    if (!e) e = period(rq, body, &g, false);
    if (!e) e = api_text(rq, body, "group", 64, false, &n->group);
    if (e) return e;
    n->from = g.from, n->until = g.until;
    if (!n->group) n->group = "";
    n->acting = json_is_true(json_object_get(body, "acting"));
    return request_move(rq, ON_LANE, post_step);
}

// Delegations: one's own, or with core.people anybody's.

static enum err may_delegate_for(struct request *rq, const char *person, const char *action) {
    if (!strcmp(person, rq->gate.actor->id)) return api_in_session(rq);
    enum err e = gate_permit(&rq->gate, "core.people", object_of(rq, person));
    return e ? e : api_may_rule(rq, person, action);
}

static enum err delegate_step(struct request *rq) {
    struct grant *g = rq->state;
    struct db *db = rq->gate.store.db;
    char id[37];
    if (!g->person) g->person = rq->gate.actor->id;
    if (directory_find(db, g->to, &g->to, &rq->problem) ||
        directory_find(db, g->person, &g->person, &rq->problem) || !strcmp(g->to, g->person)) {
        problem_init(&rq->problem, rq->arena);
        return problem_add(&rq->problem, ERR_INVALID, "/to", "person_unknown",
                           "must be another person of this school");
    }
    enum err e = may_delegate_for(rq, g->person, "delegation.add");
    struct delegation_new n = {.person = g->person,
                               .to = g->to,
                               .from = g->from,
                               .until = g->until,
                               .roles = g->roles,
                               .nroles = g->nroles};
    if (!e) e = people_delegate(db, rq->release->access, &n, id, &rq->problem);
    if (e) return e;
    api_changed(rq, "delegation.add",
                arena_printf(rq->arena, "core.people/%s/to/%s", g->person, g->to));
    rq->status = 201;
    buf_putc(&rq->out, '{');
    json_kv_str(&rq->out, "id", id);
    json_kv_str(&rq->out, "person", g->person);
    json_kv_str(&rq->out, "to", g->to);
    json_kv_str(&rq->out, "from", g->from);
    json_kv_str(&rq->out, "until", g->until);
    buf_putc(&rq->out, '}');
    return ERR_OK;
}

enum err rights_delegate(struct request *rq) {
    struct grant *g = rq->state = arena_alloc(rq->arena, sizeof *g);
    const json_t *body;
    enum err e = api_body(rq, "person to roles from until", &body);
    if (!e) e = api_text(rq, body, "person", 64, false, &g->person);
    if (!e) e = api_text(rq, body, "to", 64, true, &g->to);
    if (!e) e = api_texts(rq, body, "roles", &g->roles, &g->nroles);
    if (!e) e = period(rq, body, g, true); // nobody lends their rights for ever
    return e ? e : request_move(rq, ON_LANE, delegate_step);
}

enum err rights_undelegate(struct request *rq) {
    const char *person;
    enum err e = directory_delegator(rq->gate.store.db, rq->path[2], &person, &rq->problem);
    if (!e && strcmp(person, rq->gate.actor->id) &&
        !access_has_permission(rq->release->access, rq->gate.actor, "core.people"))
        e = problem_set(&rq->problem, ERR_NOT_FOUND, NULL); // another's: as if there were none
    if (!e) e = directory_undelegate(rq->gate.store.db, rq->path[2], &rq->problem);
    if (e) return e;
    api_changed(rq, "delegation.end", object_of(rq, person));
    return api_no_content(rq);
}

// Tokens

enum err rights_tokens(struct request *rq) {
    const char *name = request_query(rq, "user"), *person = NULL;
    struct gate *g = &rq->gate;
    enum err e = name ? directory_find(g->store.db, name, &person, &rq->problem) : ERR_OK;
    return e ? e
             : directory_sessions_json(g->store.db, person, "token", g->now, &rq->out,
                                       &rq->problem);
}

static enum err token_step(struct request *rq) {
    struct grant *t = rq->state;
    struct gate *g = &rq->gate;
    char token[44], id[37];
    if (!t->person) t->person = g->actor->id;
    if (directory_find(g->store.db, t->person, &t->person, &rq->problem)) {
        problem_init(&rq->problem, rq->arena);
        return problem_add(&rq->problem, ERR_INVALID, "/user", "person_unknown",
                           "there is no such person");
    }
    enum err e = api_may_rule(rq, t->person, "token.add");
    if (!e)
        e = token_create(g->store.db, t->person, t->label, t->scopes, t->expires_at, g->actor->id,
                         g->now, token, id, &rq->problem);
    if (e) return e;
    api_changed(rq, "token.add", arena_printf(rq->arena, "core.tokens/%s", id));
    rq->status = 201;
    buf_putc(&rq->out, '{');
    json_kv_str(&rq->out, "id", id);
    json_kv_str(&rq->out, "token", arena_strdup(rq->arena, token));
    json_kv_str(&rq->out, "person", t->person);
    json_kv_time(&rq->out, "expires_at", t->expires_at);
    buf_putc(&rq->out, '}');
    return ERR_OK;
}

// A token scoped more widely than the one that makes it would be a way out of the scope.
static enum err check_scopes(struct request *rq, const struct grant *t) {
    const char **own = rq->gate.actor->scopes;
    if (!own) return ERR_OK;
    bool ok = t->scopes != NULL;
    for (const char **s = t->scopes; ok && *s; s++) {
        bool held = false;
        for (const char **o = own; *o; o++) held |= !strcmp(*o, *s) || !strcmp(*o, "*");
        ok = held;
    }
    return ok ? ERR_OK
              : problem_set(&rq->problem, ERR_FORBIDDEN, "these scopes go beyond your own");
}

enum err rights_token_add(struct request *rq) {
    struct grant *t = rq->state = arena_alloc(rq->arena, sizeof *t);
    const json_t *body;
    const char *end;
    int n;
    int64_t now = rq->gate.now;
    enum err e = api_body(rq, "user label scopes expires_at", &body);
    if (!e) e = api_text(rq, body, "user", 64, false, &t->person);
    if (!e) e = api_text(rq, body, "label", 200, true, &t->label);
    if (!e) e = api_texts(rq, body, "scopes", &t->scopes, &n);
    if (!e) e = api_text(rq, body, "expires_at", 40, false, &end);
    if (e) return e;
    t->expires_at = now + (int64_t)TOKEN_DAYS * DAY_MS;
    if (end && !text_to_time(end, strlen(end), &t->expires_at))
        return problem_add(&rq->problem, ERR_INVALID, "/expires_at", "type",
                           "must be an RFC 3339 time");
    if (t->expires_at <= now || t->expires_at > now + (int64_t)TOKEN_DAYS_MAX * DAY_MS)
        return problem_add(&rq->problem, ERR_INVALID, "/expires_at", "out_of_range",
                           "must be within the next %d days", TOKEN_DAYS_MAX);
    e = check_scopes(rq, t);
    return e ? e : request_move(rq, ON_LANE, token_step);
}

enum err rights_token_drop(struct request *rq) {
    struct directory_session s;
    enum err e = directory_session(rq->gate.store.db, rq->path[2], &s, &rq->problem);
    if (!e && strcmp(s.kind, "token")) e = problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    if (!e) e = api_may_rule(rq, s.person, "token.revoke");
    if (!e) e = token_revoke(rq->gate.store.db, rq->path[2], rq->gate.now, &rq->problem);
    if (e) return e;
    api_changed(rq, "token.revoke", arena_printf(rq->arena, "core.tokens/%s", rq->path[2]));
    return api_no_content(rq);
}
