// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Signing in and out, who am I, one's own password and one-time codes. A refused sign-in is counted
// and recorded in the same transaction, so its step ends well with the problem as its answer.
#include <ctype.h>
#include <sodium.h>
#include <string.h>
#include "campus/directory.h"
#include "campus/mem.h"
#include "campus/password.h"
#include "http/api.h"

enum { NAME_MAX_BYTES = 256 };
struct sign_in {
    const char *name, *password, *code, *fresh; // fresh: the new password
    struct account acc;
    char hash[PASSWORD_HASH];
    bool verified;
};

static bool is_https(const struct request *rq) {
    const char *proto = http_header(rq->http, "X-Forwarded-Proto"), *c = rq->http->client;
    // believed from a listed proxy and from this machine
    bool near = rq->http->via_proxy || !strncmp(c, "127.", 4) || !strcmp(c, "::1");
    return near && proto && !strcmp(proto, "https");
}

static void set_cookie(struct request *rq, const char *token, int64_t seconds) {
    bool https = is_https(rq);
    http_add_header(rq->http, "Set-Cookie",
                    arena_printf(rq->arena,
                                 "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
                                 https ? "__Host-campusd" : "campusd_session", token,
                                 (long long)seconds, https ? "; Secure" : ""));
}

// Locked out: answered without hashing or writing, so that it cannot be used to keep either busy.
// The failures that led here are on record.
static enum err locked_out(struct request *rq, const struct account *acc) {
    int64_t wait = (acc->locked_until - rq->gate.now) / 1000 + 1;
    rq->retry_s = wait > 3600 ? 3600 : (int)wait;
    return problem_set(&rq->problem, ERR_RATE, "too many failed attempts; wait and try again");
}

// The refusal as the answer; what was written stays.
static enum err refuse(struct request *rq, const char *action, const char *person, enum err why) {
    gate_record(&rq->gate, action,
                arena_printf(rq->arena, "core.people/%s", person ? person : "unknown"), "refused",
                err_word(why));
    rq->status = err_status(why);
    rq->type = "application/problem+json";
    problem_json(&rq->problem, rq->lang, rq->http->id, &rq->out);
    return ERR_OK;
}

static enum err who_json(struct request *rq, const struct actor *actor, struct buf *out) {
    struct buf person;
    buf_init(&person, rq->arena);
    json_key(out, "user");
    enum err e = directory_person_json(rq->gate.store.db, actor->id, true, &person, &rq->problem);
    if (e && e != ERR_NOT_FOUND) return e;
    buf_putc(out, '{');
    json_t *j = NULL;
    if (e || json_parse(rq->arena, person.data, person.len, &j, &rq->problem))
        problem_init(&rq->problem, rq->arena); // the control socket's actor is no person
    json_kv_str(out, "id", actor->id);
    json_kv_str(out, "name", actor->name);
    const char *display = json_string_value(json_object_get(j, "display"));
    json_kv_str(out, "display", display ? display : actor->name);
    json_kv_str(out, "campus", actor->campus);
    api_rights_json(rq, actor, out);
    json_kv_bool(out, "must_change", json_is_true(json_object_get(j, "must_change")));
    json_kv_bool(out, "has_code", json_is_true(json_object_get(j, "has_code")));
    static const char *const lent[] = {"delegates_to", "acts_for"};
    for (int i = 0; j && i < 2; i++)
        json_key(out, lent[i]), json_dom(out, json_object_get(j, lent[i]));
    buf_putc(out, '}');
    return ERR_OK;
}

static enum err finish_sign_in(struct request *rq) {
    struct sign_in *s = rq->state;
    struct gate *g = &rq->gate;
    struct account now;
    // looked up again: other attempts may have been counted, or the password changed, since
    enum err e =
        account_find(g->store.db, s->name, g->client, g->now, rq->arena, &now, &rq->problem);
    if (e) return e;
    if (now.locked_until > g->now) return locked_out(rq, &now);
    bool same = now.found && now.hash && s->acc.hash && !strcmp(now.hash, s->acc.hash);
    struct session made;
    e = session_start(g->store.db, g->store.keyring, s->name, g->client, &now, s->verified && same,
                      s->code, g->now, rq->arena, &made, &rq->problem);
    if (e == ERR_UNAUTHENTICATED) return refuse(rq, "sign_in", now.person, e);
    if (e) return e;
    const struct actor *actor = people_actor(g->store.db, rq->release->access, made.person,
                                             g->today, rq->arena, &rq->problem);
    if (!actor) return rq->problem.code ? rq->problem.code : ERR_INTERNAL;
    g->actor = actor;
    gate_record(g, "sign_in", arena_printf(rq->arena, "core.people/%s", made.person), "ok", "");
    set_cookie(rq, made.token, (made.expires_at - g->now) / 1000);
    rq->status = 201;
    buf_putc(&rq->out, '{');
    json_kv_str(&rq->out, "token", made.token);
    json_kv_time(&rq->out, "expires_at", made.expires_at);
    e = who_json(rq, actor, &rq->out);
    buf_putc(&rq->out, '}');
    return e;
}

static enum err verify(struct request *rq) {
    struct sign_in *s = rq->state;
    s->verified =
        password_verify(app_pepper(rq->app), s->acc.hash, s->password, strlen(s->password));
    return request_move(rq, ON_LANE, finish_sign_in);
}

static enum err sign_in(struct request *rq) {
    struct sign_in *s = rq->state = arena_alloc(rq->arena, sizeof *s);
    struct gate *g = &rq->gate;
    const json_t *body;
    enum err e = api_body(rq, "user password code", &body);
    if (!e) e = api_text(rq, body, "user", NAME_MAX_BYTES, true, &s->name);
    if (!e) e = api_text(rq, body, "password", PASSWORD_MAX, true, &s->password);
    if (!e) e = api_text(rq, body, "code", 16, false, &s->code);
    if (!e)
        e = account_find(g->store.db, s->name, g->client, g->now, rq->arena, &s->acc, &rq->problem);
    if (e) return e;
    if (s->acc.locked_until > g->now) return locked_out(rq, &s->acc);
    return request_move(rq, ON_HASHING, verify);
}

static enum err who_am_i(struct request *rq) {
    struct directory_session s;
    const struct actor *actor = rq->gate.actor;
    enum err e = directory_session(rq->gate.store.db, actor->session ? actor->session : "", &s,
                                   &rq->problem);
    if (e) return e;
    buf_putc(&rq->out, '{');
    json_kv_str(&rq->out, "kind", *s.kind ? s.kind : "control");
    json_kv_time(&rq->out, "expires_at", s.expires_at);
    e = who_json(rq, actor, &rq->out);
    buf_putc(&rq->out, '}');
    return e;
}

static enum err sign_out(struct request *rq) {
    const struct actor *actor = rq->gate.actor;
    enum err e = api_in_session(rq);
    if (!e) e = session_end(rq->gate.store.db, actor->session, rq->gate.now, &rq->problem);
    if (e) return e;
    api_changed(rq, "sign_out", arena_printf(rq->arena, "core.people/%s", actor->id));
    set_cookie(rq, "", 0);
    return api_no_content(rq);
}

// A wrong password counts against the account as a failed sign-in does: a stolen session must not
// be a way to guess it. *done: the answer is made.
static enum err check_own(struct request *rq, const char *pointer, const char *action, bool *done) {
    struct sign_in *s = rq->state;
    struct gate *g = &rq->gate;
    struct account now;
    struct session none;
    *done = false;
    enum err e =
        account_find(g->store.db, s->name, g->client, g->now, rq->arena, &now, &rq->problem);
    if (e) return e;
    bool same = now.found && now.hash && s->acc.hash && !strcmp(now.hash, s->acc.hash);
    if (now.locked_until > g->now) return locked_out(rq, &now);
    if (s->verified && same) return ERR_OK;
    e = session_start(g->store.db, g->store.keyring, s->name, g->client, &now, false, NULL, g->now,
                      rq->arena, &none, &rq->problem);
    if (e != ERR_UNAUTHENTICATED) return e ? e : ERR_INTERNAL;
    problem_init(&rq->problem, rq->arena);
    e = problem_add(&rq->problem, ERR_INVALID, pointer, "password_wrong", "is not the password");
    *done = true;
    return refuse(rq, action, g->actor->id, e);
}

static enum err store_password(struct request *rq) {
    struct sign_in *s = rq->state;
    const char *id = rq->gate.actor->id;
    bool done;
    enum err e = check_own(rq, "/old", "user.password", &done);
    if (e || done) return e;
    e = people_set_password(rq->gate.store.db, id, s->hash, false, rq->gate.now, &rq->problem);
    if (e) return e;
    api_changed(rq, "user.password", arena_printf(rq->arena, "core.people/%s", id));
    set_cookie(rq, "", 0);
    return api_no_content(rq);
}

static enum err verify_and_hash(struct request *rq) {
    struct sign_in *s = rq->state;
    const uint8_t *pepper = app_pepper(rq->app);
    s->verified = password_verify(pepper, s->acc.hash, s->password, strlen(s->password));
    if (s->verified) {
        if (!strcmp(s->password, s->fresh))
            return problem_add(&rq->problem, ERR_INVALID, "/new", "unchanged",
                               "is the old password");
        enum err e = password_acceptable(s->name, s->fresh, strlen(s->fresh), &rq->problem);
        if (e && rq->problem.first) rq->problem.first->pointer = "/new";
        if (!e) e = password_hash(pepper, s->fresh, strlen(s->fresh), s->hash);
        if (e) return e;
    }
    return request_move(rq, ON_LANE, store_password);
}

static enum err change_password(struct request *rq) {
    struct sign_in *s = rq->state = arena_alloc(rq->arena, sizeof *s);
    struct gate *g = &rq->gate;
    const json_t *body;
    s->name = g->actor->name;
    enum err e = api_in_session(rq);
    if (!e) e = api_body(rq, "old new", &body);
    if (!e) e = api_text(rq, body, "old", PASSWORD_MAX, true, &s->password);
    if (!e) e = api_text(rq, body, "new", PASSWORD_MAX, true, &s->fresh);
    if (!e)
        e = account_find(g->store.db, s->name, g->client, g->now, rq->arena, &s->acc, &rq->problem);
    if (e) return e;
    if (s->acc.locked_until > g->now) return locked_out(rq, &s->acc);
    return request_move(rq, ON_HASHING, verify_and_hash);
}

// One-time codes: a secret is shown once and counts after a first code of it has been seen.

static enum err begin_code(struct request *rq) {
    struct gate *g = &rq->gate;
    char secret[33];
    bool done;
    enum err e = check_own(rq, "/password", "code.begin", &done);
    if (e || done) return e;
    e = people_begin_code(g->store.db, g->store.keyring, g->actor->id, secret, &rq->problem);
    if (e) return e;
    gate_record(g, "code.begin", arena_printf(rq->arena, "core.people/%s", g->actor->id), "ok", "");
    struct buf uri;
    buf_init(&uri, rq->arena);
    buf_puts(&uri, "otpauth://totp/campusd:");
    for (const char *c = g->actor->name; *c; c++)
        if (isalnum((unsigned char)*c) || *c == '.' || *c == '-')
            buf_putc(&uri, *c);
        else
            buf_printf(&uri, "%%%02X", (unsigned char)*c);
    buf_printf(&uri, "?secret=%s&issuer=campusd", secret);
    buf_putc(&rq->out, '{');
    json_kv_str(&rq->out, "secret", secret);
    json_kv_str(&rq->out, "uri", buf_str(&uri));
    buf_putc(&rq->out, '}');
    sodium_memzero(secret, sizeof secret);
    return ERR_OK;
}

static enum err verify_for_code(struct request *rq) {
    struct sign_in *s = rq->state;
    s->verified =
        password_verify(app_pepper(rq->app), s->acc.hash, s->password, strlen(s->password));
    return request_move(rq, ON_LANE, begin_code);
}

static enum err code_begin(struct request *rq) {
    struct sign_in *s = rq->state = arena_alloc(rq->arena, sizeof *s);
    struct gate *g = &rq->gate;
    const json_t *body;
    s->name = g->actor->name;
    enum err e = api_in_session(rq);
    if (!e) e = api_body(rq, "password", &body);
    if (!e) e = api_text(rq, body, "password", PASSWORD_MAX, true, &s->password);
    if (!e)
        e = account_find(g->store.db, s->name, g->client, g->now, rq->arena, &s->acc, &rq->problem);
    if (e) return e;
    if (s->acc.locked_until > g->now) return locked_out(rq, &s->acc);
    return request_move(rq, ON_HASHING, verify_for_code);
}

static enum err confirm_code(struct request *rq) {
    struct sign_in *s = rq->state;
    struct gate *g = &rq->gate;
    enum err e = people_confirm_code(g->store.db, g->store.keyring, g->actor->id, s->code, g->now,
                                     &rq->problem);
    if (e) return e;
    api_changed(rq, "code.confirm", arena_printf(rq->arena, "core.people/%s", g->actor->id));
    return api_no_content(rq);
}

static enum err code_confirm(struct request *rq) {
    struct sign_in *s = rq->state = arena_alloc(rq->arena, sizeof *s);
    const json_t *body;
    enum err e = api_in_session(rq);
    if (!e) e = api_body(rq, "code", &body);
    if (!e) e = api_text(rq, body, "code", 16, true, &s->code);
    return e ? e : request_move(rq, ON_LANE, confirm_code);
}

const struct route routes_session[] = {
    {"POST", "session", sign_in, .who = ANYONE},
    {"GET", "session", who_am_i, .who = FIRST_PASSWORD},
    {"DELETE", "session", sign_out, .on = ON_LANE, .who = FIRST_PASSWORD},
    {"POST", "session/password", change_password, .who = FIRST_PASSWORD},
    {"POST", "session/totp", code_begin, .who = SIGNED_IN},
    {"POST", "session/totp/confirm", code_confirm, .who = SIGNED_IN},
    {0},
};
