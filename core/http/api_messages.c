// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What was sent about a record, refused topics, addresses of people, and the channels.
#include <string.h>
#include "campus/mem.h"
#include "campus/message.h"
#include "campus/post.h"
#include "campus/text.h"
#include "http/api.h"
#include "http/app_internal.h"

static enum err of_record(struct request *rq) {
    const struct entity *e = schema_entity(rq->release->schema, rq->path[0], rq->path[1]);
    int limit = 0;
    enum err err = e ? api_limit(rq, &limit) : problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    return err ? err : gate_messages(&rq->gate, e, rq->path[2], limit, &rq->out);
}

static enum err optout(struct request *rq) {
    const struct entity *e = schema_entity(rq->release->schema, rq->path[0], rq->path[1]);
    enum err err =
        gate_optout(&rq->gate, e, rq->path[2], rq->path[4], !strcmp(rq->http->method, "PUT"));
    return err ? err : api_no_content(rq);
}

static enum err optout_begin(struct request *rq) {
    const struct entity *e = schema_entity(rq->release->schema, rq->path[0], rq->path[1]);
    if (!e || !text_is_name(rq->path[4])) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    return request_move(rq, ON_LANE, optout);
}

static enum err all(struct request *rq) {
    const char *state = request_query(rq, "state"), *channel = request_query(rq, "channel");
    int limit;
    enum err e = api_limit(rq, &limit);
    return e ? e
             : message_list_json(rq->gate.store.db, "", state ? state : "", channel ? channel : "",
                                 limit, &rq->out, &rq->problem);
}

static enum err retry(struct request *rq) {
    const char *id = rq->npath == 4 ? rq->path[2] : "", *channel = request_query(rq, "channel");
    int64_t n = 0;
    enum err e = message_retry(rq->gate.store.db, id, channel ? channel : "", rq->gate.now, &n,
                               &rq->problem);
    if (e) return e;
    gate_record(&rq->gate, "message.retry", arena_printf(rq->arena, "core.messages/%s", id), "ok",
                "");
    buf_printf(&rq->out, "{\"queued\":%lld}", (long long)n);
    return ERR_OK;
}

static enum err channels(struct request *rq) {
    return post_channels_json(rq->gate.store.db, app_config(rq->app), &rq->out, &rq->problem);
}

static enum err secret(struct request *rq) {
    enum err e = post_secret_set(rq->gate.store.db, app_keyring(rq->app), rq->release->school,
                                 rq->path[3], rq->body, &rq->problem);
    if (e) return e;
    gate_record(&rq->gate, "message.secret",
                arena_printf(rq->arena, "core.messages/%s", rq->path[3]), "ok", "");
    return api_no_content(rq);
}

static enum err secret_begin(struct request *rq) {
    const json_t *body;
    enum err e = request_body(rq, &body);
    return e ? e : request_move(rq, ON_LANE, secret);
}

// Addresses: {"sms","mail"}, null forgets one.

static enum err contact(struct request *rq) {
    const char *person = rq->state;
    for (int c = 0; c < CHANNEL_WECOM; c++) {
        const json_t *v = json_object_get(rq->body, message_channels[c]);
        enum err e = v ? contact_set(&rq->gate.store, person, c, json_string_value(v), rq->gate.now)
                       : ERR_OK;
        if (e) return e;
    }
    gate_record(&rq->gate, "contact", arena_printf(rq->arena, "core.people/%s", person), "ok", "");
    return api_no_content(rq);
}

static enum err contact_begin(struct request *rq, const char *person) {
    const json_t *body;
    const char *text;
    enum err e = api_body(rq, "sms mail", &body);
    for (int c = 0; c < CHANNEL_WECOM && !e; c++) {
        e = api_text(rq, body, message_channels[c], 254, false, &text);
        if (e || !text) continue;
        bool good = c == CHANNEL_SMS ? text_is_mobile(text, strlen(text))
                                     : strchr(text, '@') && !strpbrk(text, " <>,;\"");
        if (!good)
            e = problem_add(&rq->problem, ERR_INVALID,
                            arena_printf(rq->arena, "/%s", message_channels[c]), "address",
                            c == CHANNEL_SMS ? "not a mobile number" : "not a mail address");
    }
    rq->state = (void *)(uintptr_t)person;
    return e ? e : request_move(rq, ON_LANE, contact);
}

static enum err my_contact(struct request *rq) {
    enum err e = api_in_session(rq);
    return e ? e : contact_begin(rq, arena_strdup(rq->arena, rq->gate.actor->id));
}

static enum err their_contact(struct request *rq) {
    const char *person = NULL;
    enum err e = api_person(rq, 2, &person);
    return e ? e : contact_begin(rq, person);
}

const struct route routes_messages[] = {
    {"GET", "{}/{}/{}/messages", of_record, .who = SIGNED_IN},
    {"PUT", "{}/{}/{}/optout/{}", optout_begin, .who = SIGNED_IN},
    {"DELETE", "{}/{}/{}/optout/{}", optout_begin, .who = SIGNED_IN},
    {"PUT", "session/contact", my_contact, .who = SIGNED_IN},
    {"PUT", "admin/users/{}/contact", their_contact, .permission = "core.people"},
    {"GET", "admin/messages", all, .permission = "core.admin"},
    {"POST", "admin/messages/retry", retry, .on = ON_LANE, .permission = "core.admin"},
    {"POST", "admin/messages/{}/retry", retry, .on = ON_LANE, .permission = "core.admin"},
    {"GET", "admin/messages/channels", channels, .permission = "core.admin"},
    {"PUT", "admin/messages/channels/{}", secret_begin, .permission = "core.admin"},
    {0},
};
