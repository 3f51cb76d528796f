// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The courier.
#include "serve/courier.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include "campus/mem.h"
#include "campus/webhook.h"

enum {
    CONNECTIONS = 256,
    CONNECT_MS = 5000,
    TOTAL_MS = 15000,
    ANSWER_MAX = 65536 // bytes of an answer that are waited for
};
struct courier {
    CURLM *multi;
    pthread_t thread;
    pthread_mutex_t mutex;
    struct errand *first, **tail; // to be sent
    _Atomic bool stop;
    struct errand *flying; // the thread's own
};

static void end(struct errand *e, bool tried, bool answered, long status, int64_t after_s,
                const char *why) {
    if (e->easy) curl_easy_cleanup(e->easy);
    curl_slist_free_all(e->headers);
    curl_slist_free_all(e->rcpt);
    e->easy = NULL;
    e->headers = e->rcpt = NULL;
    e->answer[e->answer_n] = 0;
    e->done(e, tried, answered, status, after_s, why);
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to) {
    struct errand *e = arg;
    if (purpose != CURLSOCKTYPE_IPCXN) return CURL_SOCKET_BAD;
    if (!e->may_be_private && !webhook_is_public(&to->addr)) {
        e->kept_out = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t keep(char *p, size_t size, size_t n, void *arg) {
    struct errand *e = arg;
    size_t room = COURIER_ANSWER - e->answer_n, m = size * n;
    if (m < room) room = m;
    memcpy(e->answer + e->answer_n, p, room);
    e->answer_n += room;
    e->got += m;
    return e->got > ANSWER_MAX ? 0 : m;
}

bool errand_header(struct errand *e, const char *text) {
    struct curl_slist *more = curl_slist_append(e->headers, text);
    if (more) e->headers = more;
    return more != NULL;
}

bool courier_is_listed(const char *const *allow, const char *url) {
    CURLU *u = curl_url();
    char *host = NULL;
    bool listed = false;
    if (u && !curl_url_set(u, CURLUPART_URL, url, 0) && !curl_url_get(u, CURLUPART_HOST, &host, 0))
        for (; allow && *allow && !listed; allow++) listed = !strcasecmp(*allow, host);
    curl_free(host);
    curl_url_cleanup(u);
    return listed;
}

static bool prepare(struct courier *c, struct errand *e) {
    CURL *h = e->easy = curl_easy_init();
    return h && !curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https,smtp,smtps") &&
           !curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L) &&
           !curl_easy_setopt(h, CURLOPT_PROXY, "") && !curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L) &&
           !curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS) &&
           !curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)TOTAL_MS) &&
           !curl_easy_setopt(h, CURLOPT_USERAGENT, "campusd") &&
           !curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, keep) &&
           !curl_easy_setopt(h, CURLOPT_WRITEDATA, e) &&
           !curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, open_socket) &&
           !curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, e) &&
           !curl_easy_setopt(h, CURLOPT_PRIVATE, e) && e->prepare(e, h) &&
           (!e->headers || !curl_easy_setopt(h, CURLOPT_HTTPHEADER, e->headers)) &&
           !curl_multi_add_handle(c->multi, h);
}

static void finish(struct courier *c, struct errand *e, CURLcode code) {
    long status = 0;
    curl_off_t after = 0;
    curl_easy_getinfo(e->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(e->easy, CURLINFO_RETRY_AFTER, &after);
    curl_multi_remove_handle(c->multi, e->easy);
    for (struct errand **at = &c->flying; *at; at = &(*at)->next)
        if (*at == e) {
            *at = e->next;
            break;
        }
    // what SMTP refuses is an error of curl's with a status
    bool refused =
        status >= 400 && (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR ||
                          code == CURLE_LOGIN_DENIED || code == CURLE_WEIRD_SERVER_REPLY);
    bool answered = !code || refused || (code == CURLE_WRITE_ERROR && e->got > ANSWER_MAX);
    end(e, true, answered, status, after,
        answered      ? NULL
        : e->kept_out ? "the address is not on the internet"
                      : curl_easy_strerror(code));
}

static void *courier_main(void *arg) {
    struct courier *c = arg;
    while (!atomic_load(&c->stop)) {
        pthread_mutex_lock(&c->mutex);
        struct errand *e = c->first, *next;
        c->first = NULL;
        c->tail = &c->first;
        pthread_mutex_unlock(&c->mutex);
        for (; e; e = next) {
            next = e->next;
            if (!prepare(c, e)) {
                end(e, false, false, 0, 0, NULL);
                continue;
            }
            e->next = c->flying;
            c->flying = e;
        }
        int running, left;
        curl_multi_perform(c->multi, &running);
        for (CURLMsg *m; (m = curl_multi_info_read(c->multi, &left));) {
            if (m->msg != CURLMSG_DONE) continue;
            CURLcode code = m->data.result;
            curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &e);
            finish(c, e, code);
        }
        if (!atomic_load(&c->stop)) curl_multi_poll(c->multi, NULL, 0, 60000, NULL);
    }
    return NULL;
}

// A school that sends nothing never loads libcurl.
static bool start(struct courier *c) {
    if (c->multi) return true;
    CURLM *multi = curl_global_init(CURL_GLOBAL_DEFAULT) ? NULL : curl_multi_init();
    if (!multi) return false;
    curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS);
    c->multi = multi;
    if (!pthread_create(&c->thread, NULL, courier_main, c)) return true;
    c->multi = NULL;
    curl_multi_cleanup(multi);
    return false;
}

bool courier_send(struct courier *c, struct errand *e) {
    e->courier = c;
    pthread_mutex_lock(&c->mutex);
    bool runs = start(c);
    if (runs) {
        e->next = NULL;
        *c->tail = e;
        c->tail = &e->next;
    }
    pthread_mutex_unlock(&c->mutex);
    if (runs) curl_multi_wakeup(c->multi);
    return runs;
}

struct courier *courier_open(void) {
    struct courier *c = mem_need(sizeof *c);
    c->tail = &c->first;
    pthread_mutex_init(&c->mutex, NULL);
    return c;
}

void courier_close(struct courier *c) {
    if (!c) return;
    atomic_store(&c->stop, true);
    if (c->multi) {
        curl_multi_wakeup(c->multi);
        pthread_join(c->thread, NULL);
    }
    for (struct errand *e = c->flying, *next; e; e = next) {
        next = e->next;
        curl_multi_remove_handle(c->multi, e->easy);
        end(e, false, false, 0, 0, NULL);
    }
    for (struct errand *e = c->first, *next; e; e = next)
        next = e->next, end(e, false, false, 0, 0, NULL);
    if (c->multi) curl_multi_cleanup(c->multi);
    pthread_mutex_destroy(&c->mutex);
    mem_free(c);
}
