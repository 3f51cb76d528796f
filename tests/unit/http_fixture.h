// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// An HTTP server whose answers tests know, and a client of raw sockets.
#ifndef HTTP_FIXTURE_H
#define HTTP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/http.h"
#include "campus/limits.h"
#include "campus/mem.h"

static struct http_server *server;
static _Atomic int handled, finished, broken, ticks, streams_closed, streams_open;

// ---- the service under test ----

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static struct http_request *queue[256];
static int queued;
static bool stop_replier, pause_replier;
static struct http_stream *stream;

static inline void *replier(void *arg) {
    (void)arg;
    pthread_mutex_lock(&mutex);
    for (;;) {
        while ((!queued || pause_replier) && !stop_replier) pthread_cond_wait(&wake, &mutex);
        if (stop_replier) break;
        struct http_request *r = queue[--queued];
        pthread_mutex_unlock(&mutex);
        char *body = arena_printf(r->arena, "held %s", r->query);
        http_add_header(r, "X-Held", "yes");
        http_reply(r, 200, "text/plain", body, strlen(body));
        pthread_mutex_lock(&mutex);
    }
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static inline void stream_closed(void *self) {
    (void)self;
    pthread_mutex_lock(&mutex);
    stream = NULL;
    streams_closed++;
    pthread_mutex_unlock(&mutex);
}

static inline void one_closed(void *self) {
    (void)self, streams_open--;
}

static inline size_t admit(void *self, struct http_request *r) {
    (void)self;
    return !strcmp(r->path, "/upload") ? 4u << 20 : LIMIT_BODY_BYTES;
}

static inline void show_query(struct http_request *r) {
    const char *at = r->query, *name, *value;
    bool bad = false;
    char *out = arena_strdup(r->arena, "");
    while (http_query_next(r, &at, &name, &value, &bad))
        out = arena_printf(r->arena, "%s[%s=%s]", out, name, value);
    if (bad) out = arena_printf(r->arena, "%sbad", out);
    http_reply(r, 200, "text/plain", out, strlen(out));
}

static inline void handle(void *self, struct http_request *r) {
    (void)self;
    handled++;
    if (!strcmp(r->path, "/hold")) {
        http_hold(r);
        pthread_mutex_lock(&mutex);
        queue[queued++] = r;
        pthread_cond_signal(&wake);
        pthread_mutex_unlock(&mutex);
    } else if (!strcmp(r->path, "/stream")) {
        struct http_stream *s = http_stream_open(r, "text/event-stream", stream_closed, NULL);
        if (!s) {
            http_reply(r, 503, NULL, "", 0);
            return;
        }
        assert_true(http_stream_send(s, "hello\n", 6));
        pthread_mutex_lock(&mutex);
        stream = s;
        pthread_mutex_unlock(&mutex);
    } else if (!strcmp(r->path, "/streams")) {
        struct http_stream *s = http_stream_open(r, "text/event-stream", one_closed, NULL);
        if (s) {
            streams_open++;
            assert_true(http_stream_send(s, "hello\n", 6));
        } else
            http_reply(r, 503, NULL, "", 0);
    } else if (!strcmp(r->path, "/oom")) {
        arena_alloc(r->arena, LIMIT_REQUEST_ARENA);
        http_reply(r, 200, "text/plain", "no", 2);
    } else if (!strcmp(r->path, "/upload")) {
        uint64_t sum = 0;
        size_t n = 0;
        char part[4096];
        for (ssize_t k; r->body_fd >= 0 && (k = read(r->body_fd, part, sizeof part)) > 0;
             n += (size_t)k)
            for (ssize_t i = 0; i < k; i++) sum += (unsigned char)part[i];
        for (; r->body && n < r->body_n; n++) sum += (unsigned char)r->body[n];
        char *out = arena_printf(r->arena, "%s %zu %zu %llu", r->body ? "memory" : "file",
                                 r->body_n, n, (unsigned long long)sum);
        http_reply(r, 200, "text/plain", out, strlen(out));
    } else if (!strcmp(r->path, "/file")) {
        FILE *f = tmpfile();
        assert_non_null(f);
        fputs("from a file", f);
        fflush(f);
        int fd = dup(fileno(f));
        fclose(f);
        http_add_header(r, "Cache-Control", "max-age=60");
        http_reply_fd(r, 200, "text/plain", fd, 11);
    } else if (!strcmp(r->path, "/query"))
        show_query(r);
    else if (!strcmp(r->path, "/cookie")) {
        const char *c = http_cookie(r, "sid");
        http_reply(r, 200, "text/plain", c ? c : "none", strlen(c ? c : "none"));
    } else if (!strcmp(r->path, "/nothing"))
        return;
    else {
        char *out = arena_printf(r->arena, "%s %s %s %zu:%s", r->method, r->path, r->query,
                                 r->body_n, r->body_n < 100 ? r->body : "");
        http_reply(r, 200, "text/plain", out, strlen(out));
    }
}

static inline void done(void *self, struct http_request *r, int status) {
    (void)self, (void)r;
    if (status)
        finished++;
    else
        broken++;
}

static inline void tick(void *self, int thread) {
    (void)self, (void)thread, ticks++;
}

static pthread_t replier_id;

static inline int start(void **state) {
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    static const struct http_config c = {.host = "127.0.0.1",
                                         .threads = 2,
                                         .spool = "/tmp",
                                         .admit = admit,
                                         .handle = handle,
                                         .done = done,
                                         .tick = tick};
    struct arena *a = arena_new(1 << 20);
    struct problem p;
    problem_init(&p, a);
    enum err e = http_start(&c, &server, &p);
    if (e) fprintf(stderr, "%s\n", p.detail);
    arena_free(a);
    stop_replier = false;
    return e || pthread_create(&replier_id, NULL, replier, NULL);
}

static inline int stop(void **state) {
    (void)state;
    pthread_mutex_lock(&mutex);
    stop_replier = true;
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&mutex);
    pthread_join(replier_id, NULL);
    http_free(server);
    server = NULL;
    return 0;
}

// ---- a client ----

struct answer {
    int status;
    size_t head_n, n;
    char *data;
    bool closed;
};

static inline int dial_from(uint32_t address) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)http_port(server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
    assert_true(fd >= 0);
    if (address != INADDR_LOOPBACK)
        assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (struct sockaddr *)&sa, sizeof sa)) {
        close(fd);
        return -1;
    }
    return fd;
}

static inline int dial(void) {
    return dial_from(INADDR_LOOPBACK);
}

static inline bool put(int fd, const void *data, size_t n) {
    const char *p = data;
    while (n) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
        if (k <= 0) return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

// Reads until `n` bytes match `until` (NULL: until the server closes) or 3 s pass.
static inline size_t get(int fd, char *to, size_t room, const char *until, bool *closed) {
    size_t n = 0;
    *closed = false;
    while (n < room - 1) {
        to[n] = 0;
        if (until && strstr(to, until)) break;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 5000) <= 0) break;
        ssize_t k = recv(fd, to + n, room - 1 - n, 0);
        if (k <= 0) {
            *closed = true;
            break;
        }
        n += (size_t)k;
    }
    to[n] = 0;
    return n;
}

static char reply_text[1 << 16];

// Sends the bytes on a connection of their own, waits for the whole answer; the status or 0.
static inline int ask_n(const char *bytes, size_t n, bool *closed) {
    int fd = dial();
    assert_true(fd >= 0);
    put(fd, bytes, n);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    size_t have = 0;
    *closed = false;
    // an answer is complete at the end of its Content-Length; then see whether the server closes
    for (;;) {
        char *end = strstr(reply_text, "\r\n\r\n");
        char *cl = have && end ? strstr(reply_text, "Content-Length: ") : NULL;
        bool whole =
            have && end && (!cl || have >= (size_t)(end + 4 - reply_text) + (size_t)atol(cl + 16));
        if (poll(&p, 1, whole ? 150 : 5000) <= 0) break;
        ssize_t k = recv(fd, reply_text + have, sizeof reply_text - 1 - have, 0);
        if (k <= 0) {
            *closed = true;
            break;
        }
        have += (size_t)k;
        reply_text[have] = 0;
    }
    reply_text[have] = 0;
    close(fd);
    return have > 12 ? atoi(reply_text + 9) : 0;
}

static inline int ask(const char *text) {
    bool closed;
    return ask_n(text, strlen(text), &closed);
}

#define H "Host: a\r\n"

#endif
