// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The endpoints as consumers of events: signed, handed to the courier, judged by the answer's
// status.
#include "serve/webhook_internal.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/log.h"
#include "campus/mem.h"

enum {
    AT_ONCE = 8, // to one endpoint
    NAME_AT = 8  // after "webhook:"
};
struct transfer {
    struct errand errand; // first
    struct delivery *delivery;
    struct endpoint *endpoint;
    struct buf body;
};

static void end_transfer(struct transfer *t, enum delivery_end end, int64_t after_s,
                         const char *why) {
    struct delivery *dl = t->delivery;
    buf_fini(&t->body);
    mem_free(t);
    deliver_end(dl, end, after_s, why);
}

// v1,BASE64 for every secret that is still good, over id.timestamp.body.
static void sign(const struct transfer *t, int64_t now, struct buf *out) {
    const struct endpoint *e = t->endpoint;
    char head[96], text[sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)];
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    int n = snprintf(head, sizeof head, "%s.%lld.", t->delivery->event.id, (long long)(now / 1000));
    buf_puts(out, "webhook-signature:");
    for (int i = 0; i < e->nkeys; i++) {
        if (e->keys[i].until && e->keys[i].until < now) continue;
        crypto_auth_hmacsha256_state st;
        crypto_auth_hmacsha256_init(&st, e->keys[i].bytes, e->keys[i].n);
        crypto_auth_hmacsha256_update(&st, (const uint8_t *)head, (unsigned long long)n);
        crypto_auth_hmacsha256_update(&st, (const uint8_t *)t->body.data, t->body.len);
        crypto_auth_hmacsha256_final(&st, mac);
        sodium_memzero(&st, sizeof st);
        sodium_bin2base64(text, sizeof text, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL);
        buf_printf(out, " v1,%s", text);
    }
}

// At the moment of sending, so that a retry is signed anew: receivers refuse old timestamps.
static bool prepare(struct errand *errand, CURL *c) {
    struct transfer *t = (struct transfer *)errand;
    char line[128];
    int64_t now = clock_now_ms();
    struct buf signature;
    buf_init(&signature, NULL);
    sign(t, now, &signature);
    bool good = errand_header(errand, buf_str(&signature)) && !signature.failed;
    buf_fini(&signature);
    snprintf(line, sizeof line, "webhook-id: %s", t->delivery->event.id);
    good = good && errand_header(errand, line);
    snprintf(line, sizeof line, "webhook-timestamp: %lld", (long long)(now / 1000));
    return good && errand_header(errand, line) && errand_header(errand, "Expect:") &&
           errand_header(errand, "Content-Type: application/cloudevents+json") &&
           !curl_easy_setopt(c, CURLOPT_URL, t->endpoint->url) &&
           !curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.len) &&
           !curl_easy_setopt(c, CURLOPT_POSTFIELDS, t->body.data);
}

static void done(struct errand *errand, bool tried, bool answered, long status, int64_t after_s,
                 const char *why) {
    struct transfer *t = (struct transfer *)errand;
    char text[80];
    if (!tried)
        end_transfer(t, DELIVERY_DROPPED, 0, NULL);
    else if (answered && status >= 200 && status < 300)
        end_transfer(t, DELIVERY_DONE, 0, NULL);
    else if (answered) {
        snprintf(text, sizeof text, "answered %ld%s", status,
                 status / 100 == 3 ? "; redirects are not followed" : "");
        end_transfer(t, status == 410 ? DELIVERY_REFUSED : DELIVERY_FAILED, after_s, text);
    } else
        end_transfer(t, DELIVERY_FAILED, 0, why);
}

// Consumer

static bool wants(struct consumer *c, const struct event *ev) {
    if (!strcmp(ev->entity, "core.schedule")) return false; // nobody else's business
    for (char **pattern = ((struct endpoint *)c)->types; *pattern; pattern++)
        if (webhook_fits(*pattern, ev->type)) return true;
    return false;
}

static void post(struct consumer *c, struct delivery *dl) {
    struct endpoint *e = (struct endpoint *)c;
    struct webhooks *w = e->hooks;
    struct transfer *t = mem_alloc(sizeof *t);
    if (!t) {
        deliver_end(dl, DELIVERY_DROPPED, 0, NULL);
        return;
    }
    t->errand =
        (struct errand){.prepare = prepare, .done = done, .may_be_private = e->may_be_private};
    t->delivery = dl;
    t->endpoint = e;
    buf_init(&t->body, NULL);
    outbox_cloudevent(&dl->event, w->config.school, &t->body);
    if (t->body.failed || !courier_send(w->courier, &t->errand))
        end_transfer(t, DELIVERY_DROPPED, 0, NULL);
}

static void drop(struct consumer *c) {
    struct endpoint *e = (struct endpoint *)c;
    sodium_free(e->keys);
    for (char **type = e->types; type && *type; type++) mem_free(*type);
    mem_free(e->types);
    mem_free(e->url);
    mem_free(e->name);
    mem_free(e);
}

// Source

static char *copy(const char *s) {
    size_t n = strlen(s) + 1;
    char *out = mem_alloc(n);
    if (out) memcpy(out, s, n);
    return out;
}

static bool take_patterns(struct endpoint *e, const json_t *list) {
    size_t i;
    const json_t *item;
    e->types = mem_alloc(sizeof *e->types * (json_array_size(list) + 1));
    if (!e->types) return false;
    json_array_foreach(list, i,
                       item) if (!(e->types[i] = copy(json_string_value(item)))) return false;
    return true;
}

static enum err load(struct webhooks *w, struct stmt *st, struct endpoint **out,
                     struct problem *p) {
    struct endpoint *e = mem_alloc(sizeof *e);
    const char *id = stmt_text(st, 0, NULL);
    json_t *list;
    size_t n;
    if (!e) return problem_set(p, ERR_NOMEM, NULL);
    e->hooks = w;
    e->rev = stmt_int(st, 1);
    e->name = copy(arena_printf(p->arena, "webhook:%s", id));
    e->url = copy(stmt_text(st, 2, NULL));
    e->keys = sodium_malloc(sizeof *e->keys * WEBHOOK_SECRETS_MAX);
    enum err x = e->name && e->url && e->keys ? ERR_OK : problem_set(p, ERR_NOMEM, NULL);
    const char *types = stmt_text(st, 3, &n);
    if (!x) x = json_parse(p->arena, types, n, &list, p);
    if (!x && !take_patterns(e, list)) x = problem_set(p, ERR_NOMEM, NULL);
    const void *blob = stmt_blob(st, 4, &n);
    if (!x) x = webhook_open_keys(w, id, blob, n, e->keys, &e->nkeys, p);
    if (x) {
        drop(&e->c);
        return x;
    }
    e->may_be_private = webhook_is_listed(w, e->url);
    e->c = (struct consumer){
        .name = e->name, .at_once = AT_ONCE, .wants = wants, .send = post, .drop = drop};
    *out = e;
    return ERR_OK;
}

static enum err refresh(void *self, struct deliver *d, struct db *db, struct problem *p) {
    struct webhooks *w = self;
    int64_t rev = 0;
    enum err e = db_int(db, p, &rev, 0,
                        "SELECT CAST(value AS BIGINT) FROM core_meta WHERE key='webhooks'", "");
    if (e || rev == w->rev) return e;
    struct endpoint *old = w->endpoints, *next;
    w->endpoints = NULL;
    struct stmt *st = db_query(
        db, p, "SELECT id,rev,url,types,secrets FROM core_webhook WHERE enabled<>0 ORDER BY id",
        "");
    if (!st) e = p->code;
    while (stmt_next(st, &e, p)) {
        const char *id = stmt_text(st, 0, NULL);
        struct endpoint *have, *fresh = NULL;
        struct endpoint **at = &old;
        while (*at && strcmp((*at)->name + NAME_AT, id)) at = &(*at)->next;
        if ((have = *at)) {
            *at = have->next;
            if (have->rev == stmt_int(st, 1)) {
                have->next = w->endpoints;
                w->endpoints = have;
                continue;
            }
            deliver_remove(d, &have->c);
        }
        struct problem one;
        problem_init(&one, p->arena);
        if (load(w, st, &fresh, &one) || !fresh) { // the others go on
            log_error("webhook", "%s is not served: %s", id, err_word(one.code));
            continue;
        }
        e = deliver_add(d, &fresh->c, p);
        if (e) break;
        fresh->next = w->endpoints;
        w->endpoints = fresh;
    }
    stmt_reset(st);
    for (; old; old = next) {
        next = old->next;
        deliver_remove(d, &old->c);
    }
    if (!e) w->rev = rev;
    return e;
}

static void stop(void *self) {
    struct webhooks *w = self;
    courier_close(w->courier);
    w->courier = NULL;
}

struct deliver_source webhook_source(struct webhooks *w) {
    return (struct deliver_source){w, refresh, stop};
}

enum err webhook_open(const struct webhook_config *c, struct webhooks **out, struct problem *p) {
    (void)p;
    struct webhooks *w = mem_need(sizeof *w);
    w->config = *c;
    w->courier = courier_open();
    w->rev = -1;
    *out = w;
    return ERR_OK;
}

void webhook_close(struct webhooks *w) {
    if (!w) return;
    stop(w);
    mem_free(w);
}
