// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The inbox; cases of approvals, and what people do with them; their phrases.
#include <string.h>
#include "campus/approval.h"
#include "campus/mem.h"
#include "campus/todo.h"
#include "http/api.h"

// ?kind= narrows, expand=record shows each record as the caller may see it.
static enum err inbox(struct request *rq) {
    int limit;
    const char *expand = request_query(rq, "expand");
    enum err e = api_limit(rq, &limit);
    if (!e)
        e = gate_inbox(&rq->gate, request_query(rq, "kind"), request_query(rq, "cursor"), limit,
                       expand && !strcmp(expand, "record"), &rq->out);
    return e ? e : request_finish(rq);
}

static enum err approvals_of_record(struct request *rq) {
    const struct entity *e = schema_entity(rq->release->schema, rq->path[0], rq->path[1]);
    if (!e) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    enum err err = gate_approvals(&rq->gate, e, rq->path[2], &rq->out);
    return err ? err : request_finish(rq);
}

// A token with scopes does here what its scope "approvals" lets it, and never more than its
// records' scopes do.
static enum err in_scope(struct request *rq) {
    const char **s = rq->gate.actor->scopes;
    while (s && *s && strcmp(*s, "*") && strcmp(*s, "approvals")) s++;
    return !s || *s ? ERR_OK
                    : problem_set(&rq->problem, ERR_FORBIDDEN,
                                  "this token lacks the scope \"approvals\"");
}

static enum err show(struct request *rq) {
    enum err e = gate_approval(&rq->gate, rq->path[1], &rq->out);
    return e ? e : request_finish(rq);
}

static enum err do_step(struct request *rq) {
    return gate_approval_do(&rq->gate, rq->path[1], rq->path[2], rq->body, &rq->out, &rq->retry_s);
}

// Signing, confirming, withdrawing and returning to the submitter are transitions of the record.
static enum err as_transition(struct request *rq, const char *verb) {
    const struct entity *e;
    const struct transition *t;
    const char *record;
    enum err err = gate_approval_way(&rq->gate, rq->path[1], verb, &e, &record, &t);
    if (err) return err;
    const char *path[] = {e->plugin->name, e->name, record, t->name};
    memcpy(rq->path, path, sizeof path);
    rq->npath = 4;
    struct buf b;
    json_t *body;
    const json_t *note = json_object_get(rq->body, "note");
    buf_init(&b, rq->arena);
    buf_puts(&b, "{\"approval\":{");
    if (note) json_key(&b, "note"), json_dom(&b, note);
    buf_puts(&b, "}}");
    err = json_parse(rq->arena, b.data, b.len, &body, &rq->problem);
    rq->body = body;
    return err ? err : records_transition(rq);
}

static enum err act(struct request *rq) {
    const json_t *body;
    const char *verb = rq->path[2];
    enum err e = request_body(rq, &body);
    if (!e) e = in_scope(rq);
    if (e) return e;
    const char *to = json_string_value(json_object_get(body, "to"));
    bool sign = !strcmp(verb, "sign") ||
                (!strcmp(verb, "confirm") && !json_is_false(json_object_get(body, "accept")));
    bool home = !strcmp(verb, "return") && to && !strcmp(to, "submitter");
    if (sign || home || !strcmp(verb, "withdraw")) return as_transition(rq, verb);
    rq->own_savepoint = true;
    return request_move(rq, ON_LANE, do_step);
}

// What somebody keeps as a list of texts: phrases, or views/ENTITY.
struct kept {
    const char *whose, *none, *set; // its key, what stands in for it, the word of a change
};

static enum err kept_list(struct request *rq, struct kept *k) {
    const char *id = rq->gate.actor->id, *entity = rq->npath == 2 ? rq->path[1] : NULL;
    if (entity && !schema_entity_full(rq->release->schema, entity, strlen(entity)))
        return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    *k = entity ? (struct kept){arena_printf(rq->arena, "%s %s", id, entity), "[]", "views.set"}
                : (struct kept){id,
                                rq->lang == LANG_ZH
                                    ? "[\"同意\",\"已阅\",\"请补充材料后重新提交\"]"
                                    : "[\"Approved\",\"Noted\",\"Please add what is missing\"]",
                                "phrases.set"};
    return ERR_OK;
}

static enum err phrases(struct request *rq) {
    struct kept k = {0};
    enum err e = kept_list(rq, &k);
    if (e) return e;
    buf_puts(&rq->out, "{\"items\":");
    e = approval_phrases(rq->gate.store.db, k.whose, k.none, &rq->out, &rq->problem);
    buf_putc(&rq->out, '}');
    return e;
}

static enum err phrases_step(struct request *rq) {
    struct kept k = {0};
    enum err e = kept_list(rq, &k);
    if (!e)
        e = approval_phrases_set(rq->gate.store.db, k.whose, json_object_get(rq->body, "items"),
                                 &rq->problem);
    if (e) return e;
    gate_record(&rq->gate, k.set, arena_printf(rq->arena, "core.people/%s", rq->gate.actor->id),
                "ok", "");
    return phrases(rq);
}

static enum err phrases_put(struct request *rq) {
    const json_t *body;
    enum err e = api_body(rq, "items", &body);
    if (!e) e = in_scope(rq);
    return e ? e : request_move(rq, ON_LANE, phrases_step);
}

static enum err done_step(struct request *rq) {
    int n;
    const char **mine = todo_audiences(rq->release->access, rq->gate.actor, rq->arena, &n);
    enum err e = todo_done(rq->gate.store.db, rq->path[1], mine, n, rq->gate.actor->id,
                           rq->gate.now, &rq->problem);
    if (e) return e;
    gate_record(&rq->gate, "todo.done", arena_printf(rq->arena, "core.todo/%s", rq->path[1]), "ok",
                "");
    return api_no_content(rq);
}

// What only wants to be read leaves the inbox so; what wants something done leaves it by that.
static enum err done(struct request *rq) {
    enum err e = in_scope(rq);
    return e ? e : request_move(rq, ON_LANE, done_step);
}

const struct route routes_approvals[] = {
    {"GET", "inbox", inbox, .who = SIGNED_IN},
    {"POST", "inbox/{}/done", done, .who = SIGNED_IN},
    {"GET", "approvals/{}", show, .who = SIGNED_IN},
    {"POST", "approvals/{}/{}", act, .who = SIGNED_IN},
    {"GET", "{}/{}/{}/approvals", approvals_of_record, .who = SIGNED_IN},
    {"GET", "phrases", phrases, .who = SIGNED_IN},
    {"PUT", "phrases", phrases_put, .who = SIGNED_IN},
    {"GET", "views/{}", phrases, .who = SIGNED_IN},
    {"PUT", "views/{}", phrases_put, .who = SIGNED_IN},
    {0},
};
