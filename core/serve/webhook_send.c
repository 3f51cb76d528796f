// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The thread that sends webhooks, and the endpoints as consumers of events. The guard against
// requests into the school's own network sits where the connection is made: curl asks for a socket
// with the very address that it is about to connect to, so nothing can change between the look and
// the connection. Redirects are not followed, proxies of the environment not used.
#include "serve/webhook_internal.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "campus/clock.h"
#include "campus/log.h"
#include "campus/mem.h"

enum {
    AT_ONCE = 8, // to one endpoint
    CONNECTIONS = 256,
    CONNECT_MS = 5000,
    TOTAL_MS = 15000,
    ANSWER_MAX = 65536, // bytes of a response's body that are waited for; none is kept
    NAME_AT = 8         // after "webhook:"
};
struct transfer {
    struct transfer *next;
    struct delivery *delivery;
    struct endpoint *endpoint;
    CURL *easy;
    struct curl_slist *headers;
    struct buf body;
    size_t answered;
    bool kept_out;
};

static void end_transfer(struct transfer *t, enum delivery_end end, int64_t after_s,
                         const char *why) {
    struct delivery *dl = t->delivery;
    if (t->easy) curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    buf_fini(&t->body);
    mem_free(t);
    deliver_end(dl, end, after_s, why);
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to) {
    struct transfer *t = arg;
    if (purpose != CURLSOCKTYPE_IPCXN) return CURL_SOCKET_BAD;
    if (!t->endpoint->may_be_private && !webhook_is_public(&to->addr)) {
        t->kept_out = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t swallow(char *p, size_t size, size_t n, void *arg) {
    struct transfer *t = arg;
    (void)p;
    t->answered += size * n;
    return t->answered > ANSWER_MAX ? 0 : size * n;
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

static bool add_header(struct transfer *t, const char *text) {
    struct curl_slist *more = curl_slist_append(t->headers, text);
    if (more) t->headers = more;
    return more != NULL;
}

// At the moment of sending, so that a retry is signed anew: receivers refuse old timestamps.
static bool prepare(struct webhooks *w, struct transfer *t) {
    char line[128];
    int64_t now = clock_now_ms();
    struct buf signature;
    CURL *c = t->easy = curl_easy_init();
    if (!c) return false;
    buf_init(&signature, NULL);
    sign(t, now, &signature);
    bool good = add_header(t, buf_str(&signature)) && !signature.failed;
    buf_fini(&signature);
    snprintf(line, sizeof line, "webhook-id: %s", t->delivery->event.id);
    good = good && add_header(t, line);
    snprintf(line, sizeof line, "webhook-timestamp: %lld", (long long)(now / 1000));
    good = good && add_header(t, line) && add_header(t, "Expect:") &&
           add_header(t, "Content-Type: application/cloudevents+json");
    return good && !curl_easy_setopt(c, CURLOPT_URL, t->endpoint->url) &&
           !curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") &&
           !curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) &&
           !curl_easy_setopt(c, CURLOPT_PROXY, "") && !curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) &&
           !curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS) &&
           !curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)TOTAL_MS) &&
           !curl_easy_setopt(c, CURLOPT_USERAGENT, "campusd") &&
           !curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers) &&
           !curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.len) &&
           !curl_easy_setopt(c, CURLOPT_POSTFIELDS, t->body.data) &&
           !curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, swallow) &&
           !curl_easy_setopt(c, CURLOPT_WRITEDATA, t) &&
           !curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket) &&
           !curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t) &&
           !curl_easy_setopt(c, CURLOPT_PRIVATE, t) && !curl_multi_add_handle(w->multi, c);
}

static void finish(struct webhooks *w, struct transfer *t, CURLcode code) {
    long status = 0;
    curl_off_t after = 0;
    char why[80];
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &after);
    curl_multi_remove_handle(w->multi, t->easy);
    for (struct transfer **at = &w->flying; *at; at = &(*at)->next)
        if (*at == t) {
            *at = t->next;
            break;
        }
    bool answered = !code || (code == CURLE_WRITE_ERROR && t->answered > ANSWER_MAX);
    if (answered && status >= 200 && status < 300)
        end_transfer(t, DELIVERY_DONE, 0, NULL);
    else if (answered) {
        snprintf(why, sizeof why, "answered %ld%s", status,
                 status / 100 == 3 ? "; redirects are not followed" : "");
        end_transfer(t, status == 410 ? DELIVERY_REFUSED : DELIVERY_FAILED, after, why);
    } else
        end_transfer(t, DELIVERY_FAILED, 0,
                     t->kept_out ? "the address is not on the internet" : curl_easy_strerror(code));
}

static void *send_main(void *arg) {
    struct webhooks *w = arg;
    while (!atomic_load(&w->stop)) {
        pthread_mutex_lock(&w->mutex);
        struct transfer *t = w->first, *next;
        w->first = NULL;
        w->tail = &w->first;
        pthread_mutex_unlock(&w->mutex);
        for (; t; t = next) {
            next = t->next;
            if (!prepare(w, t)) {
                end_transfer(t, DELIVERY_DROPPED, 0, NULL);
                continue;
            }
            t->next = w->flying;
            w->flying = t;
        }
        int running, left;
        curl_multi_perform(w->multi, &running);
        for (CURLMsg *m; (m = curl_multi_info_read(w->multi, &left));) {
            if (m->msg != CURLMSG_DONE) continue;
            CURLcode code = m->data.result;
            curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
            finish(w, t, code);
        }
        if (!atomic_load(&w->stop)) curl_multi_poll(w->multi, NULL, 0, 60000, NULL);
    }
    return NULL;
}

// Consumer

static bool wants(struct consumer *c, const struct event *ev) {
    if (!strcmp(ev->entity, "core.schedule")) return false; // nobody else's business
    for (char **pattern = ((struct endpoint *)c)->types; *pattern; pattern++)
        if (webhook_fits(*pattern, ev->type)) return true;
    return false;
}

// A school without webhooks never loads libcurl: the sender starts with the first transfer.
static bool start_sender(struct webhooks *w) {
    if (w->multi) return true;
    CURLM *multi = curl_global_init(CURL_GLOBAL_DEFAULT) ? NULL : curl_multi_init();
    if (!multi) return false;
    curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS);
    w->multi = multi;
    if (!pthread_create(&w->thread, NULL, send_main, w)) return true;
    w->multi = NULL;
    curl_multi_cleanup(multi);
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
    t->delivery = dl;
    t->endpoint = e;
    buf_init(&t->body, NULL);
    outbox_cloudevent(&dl->event, w->config.school, &t->body);
    if (t->body.failed) {
        end_transfer(t, DELIVERY_DROPPED, 0, NULL);
        return;
    }
    pthread_mutex_lock(&w->mutex);
    bool runs = start_sender(w);
    if (runs) {
        *w->tail = t;
        w->tail = &t->next;
    }
    pthread_mutex_unlock(&w->mutex);
    if (runs)
        curl_multi_wakeup(w->multi);
    else
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
    for (bool row; !e && !(e = stmt_step(st, &row, p)) && row;) {
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
    if (atomic_exchange(&w->stop, true)) return;
    if (w->multi) {
        curl_multi_wakeup(w->multi);
        pthread_join(w->thread, NULL);
    }
    for (struct transfer *t = w->flying, *next; t; t = next) {
        next = t->next;
        curl_multi_remove_handle(w->multi, t->easy);
        end_transfer(t, DELIVERY_DROPPED, 0, NULL);
    }
    for (struct transfer *t = w->first, *next; t; t = next)
        next = t->next, end_transfer(t, DELIVERY_DROPPED, 0, NULL);
    w->flying = w->first = NULL;
    w->tail = &w->first;
}

struct deliver_source webhook_source(struct webhooks *w) {
    return (struct deliver_source){w, refresh, stop};
}

enum err webhook_open(const struct webhook_config *c, struct webhooks **out, struct problem *p) {
    (void)p;
    struct webhooks *w = mem_need(sizeof *w);
    w->config = *c;
    w->tail = &w->first;
    w->rev = -1;
    pthread_mutex_init(&w->mutex, NULL);
    *out = w;
    return ERR_OK;
}

void webhook_close(struct webhooks *w) {
    if (!w) return;
    stop(w);
    if (w->multi) curl_multi_cleanup(w->multi);
    pthread_mutex_destroy(&w->mutex);
    mem_free(w);
}
