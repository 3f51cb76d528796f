// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// One request, from its first line to the end of its answer: the library's callbacks, in the order
// in which it calls them.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "campus/buf.h"
#include "campus/clock.h"
#include "campus/fsio.h"
#include "campus/id.h"
#include "campus/log.h"
#include "http/http_internal.h"

static struct conn *conn_of(struct MHD_Connection *mhd) {
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return i ? i->socket_context : NULL;
}

// The request line is there. The library is about to cut the query into a list of its own, which
// costs time and its bounded memory; an empty first byte keeps it from that until strict_head.
void *exchange_open(void *self, const char *uri, struct MHD_Connection *mhd) {
    struct loop *l = self;
    struct conn *c = conn_of(mhd);
    struct arena *a = !c          ? NULL
                      : l->spares ? l->spare[--l->spares]
                                  : arena_new(LIMIT_REQUEST_ARENA);
    if (!a) return NULL;
    struct exchange *x = arena_alloc(a, sizeof *x); // always fits the first block
    x->r.arena = a;
    x->r.query = x->r.body = "";
    x->r.body_fd = x->fd = -1;
    x->r.client = c->client;
    x->r.thread = l->index;
    x->r.started_ns = clock_mono_ns();
    x->mhd = mhd;
    x->loop = l;
    x->conn = c;
    x->uri = (char *)(uintptr_t)uri;
    x->uri_n = strlen(uri);
    char *mark = memchr(x->uri, '?', x->uri_n);
    if (mark) {
        x->query = mark + 1;
        x->query_first = *x->query;
        *x->query = 0;
    }
    c->x = x;
    if (!c->head_ms) c->head_ms = l->now_ms;
    return x;
}

size_t exchange_keep_uri(void *self, struct MHD_Connection *mhd, char *s) {
    (void)self, (void)mhd;
    return strlen(s);
}

static enum MHD_Result refuse(struct exchange *x, enum err e, const char *why) {
    x->stage = STAGE_HANDLED;
    x->close = true;
    answer_problem(x, e, why);
    return answer_queue(x);
}

enum { DROP_BYTES = 16 << 20 };

static enum MHD_Result on_forwarded(void *self, enum MHD_ValueKind kind, const char *k,
                                    const char *v) {
    (void)kind;
    if (v && !strcasecmp(k, "X-Forwarded-For")) buf_putc(self, ','), buf_puts(self, v);
    return MHD_YES;
}

// Each proxy appends whom it was asked by, so the list is read from its end: past listed proxies,
// to the first address that is none. What stands before that one may be anybody's claim.
static const char *forwarded_client(struct exchange *x) {
    const char *client = x->conn->client;
    struct buf b;
    buf_init(&b, x->r.arena);
    MHD_get_connection_values(x->mhd, MHD_HEADER_KIND, on_forwarded, &b);
    const char *s = buf_str(&b);
    for (size_t end, n = b.len; n; n -= n > 0) {
        for (end = n; n && s[n - 1] != ',';) n--;
        const char *hop = s + n;
        size_t len = end - n;
        while (len && (*hop == ' ' || *hop == '\t')) hop++, len--;
        while (len && (hop[len - 1] == ' ' || hop[len - 1] == '\t')) len--;
        if (!len) continue;
        char *address = arena_alloc(x->r.arena, INET6_ADDRSTRLEN);
        if (!conn_address(hop, len, address)) break;
        client = address;
        if (!conn_is_proxy(x->loop->server, address)) break;
    }
    return client;
}

// Headers are there: the gate, then how large the body may be.
static enum MHD_Result begin(struct exchange *x, const char *method, const char *version) {
    struct http_server *s = x->loop->server;
    struct http_request *r = &x->r;
    enum err e;
    const char *why;
    bool fine = strict_head(x, method, version, &e, &why);
    const char *id = fine ? http_header(r, "X-Request-Id") : NULL;
    if (id && strict_is_request_id(id))
        memcpy(r->id, id, strlen(id) + 1);
    else
        id_new(r->id);
    if (!fine) return refuse(x, e, why);
    if (x->query) r->query = x->query;
    r->head = !strcmp(method, "HEAD");
    r->method = r->head ? "GET" : method;
    jmp_buf trap;
    if (setjmp(trap)) {
        arena_trap(r->arena, NULL);
        return refuse(x, ERR_NOMEM, NULL);
    }
    arena_trap(r->arena, &trap);
    r->via_proxy = x->conn->is_proxy;
    if (r->via_proxy) r->client = forwarded_client(x);
    r->path = strict_path(r->arena, x->uri);
    x->limit = !r->path || !x->expect ? 0
               : s->c.admit           ? s->c.admit(s->c.self, r)
                                      : LIMIT_BODY_BYTES;
    arena_trap(r->arena, NULL);
    if (!r->path)
        return refuse(x, ERR_BAD_REQUEST, "the path has // or .. or an escape that hides one");
    // A client (or proxy) that is still sending loses an answer that is followed by a close: what
    // is not much too large is read and dropped first.
    if (x->expect && x->expect != UINT64_MAX && x->expect > x->limit) {
        if (x->expect > x->limit + DROP_BYTES || http_header(r, "Expect"))
            return refuse(x, ERR_TOO_LARGE, NULL);
        x->fail = ERR_TOO_LARGE;
    }
    x->stage = STAGE_BODY;
    x->counted = true;
    s->active++;
    x->conn->since_ms = x->loop->now_ms;
    x->conn->head_ms = x->conn->acked_ms = 0;
    conn_to(x->conn, &x->loop->busy);
    return MHD_YES;
}

static enum err spool(struct exchange *x) {
    const char *dir = x->loop->server->c.spool;
    int fd = dir ? open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    if (fd < 0) return errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
    x->r.body_fd = fd;
    return ERR_OK;
}

static enum err keep(struct exchange *x, const char *data, size_t n) {
    if (x->got + n > x->limit) return ERR_TOO_LARGE;
    if (x->r.take) return x->r.take(x->r.taker, data, n);
    enum err e = ERR_OK;
    uint64_t least = x->expect == UINT64_MAX ? x->got + n : x->expect;
    if (x->r.body_fd < 0 && least > LIMIT_BODY_BYTES) {
        if (!(e = spool(x)) && x->got) e = fsio_put(x->r.body_fd, x->buffer, (size_t)x->got);
        mem_free(x->buffer);
        x->buffer = NULL;
        if (e) return e;
    }
    if (x->r.body_fd >= 0) return fsio_put(x->r.body_fd, data, n);
    size_t need = (size_t)x->got + n + 1;
    if (need > x->buffer_cap) {
        // a promised length is believed up to 64 KiB, beyond that memory follows what came
        size_t cap = x->buffer_cap ? x->buffer_cap * 2 : least < 65536 ? (size_t)least + 1 : 65536;
        if (cap < need) cap = need;
        char *more = mem_realloc(x->buffer, cap);
        if (!more) return ERR_NOMEM;
        x->buffer = more;
        x->buffer_cap = cap;
    }
    memcpy(x->buffer + x->got, data, n);
    return ERR_OK;
}

// The library cannot answer before the body is in, so what is too large is read and dropped for a
// while, and cut off when it goes on.
static enum MHD_Result take_body(struct exchange *x, const char *data, size_t n) {
    if (!x->fail) x->fail = keep(x, data, n);
    x->got += n;
    return x->fail && x->got > x->limit + DROP_BYTES ? MHD_NO : MHD_YES;
}

static enum MHD_Result handle(struct exchange *x) {
    struct http_server *s = x->loop->server;
    struct http_request *r = &x->r;
    x->stage = STAGE_HANDLED;
    if (x->fail) return refuse(x, x->fail, NULL);
    if (s->stopping) return refuse(x, ERR_UNAVAILABLE, NULL);
    r->body_n = (size_t)x->got;
    if (r->take)
        r->body = NULL;
    else if (r->body_fd >= 0) {
        r->body = NULL;
        lseek(r->body_fd, 0, SEEK_SET);
    } else if (x->buffer) {
        x->buffer[x->got] = 0;
        r->body = x->buffer;
    }
    x->handled = true;
    jmp_buf trap;
    if (setjmp(trap)) {
        arena_trap(r->arena, NULL);
        if (x->stream)
            stream_end(x);
        else if (!x->answered)
            answer_problem(x, ERR_NOMEM, NULL);
        return answer_queue(x);
    }
    arena_trap(r->arena, &trap);
    s->c.handle(s->c.self, r);
    if (x->suspended) return MHD_YES; // another thread's from here on
    arena_trap(r->arena, NULL);
    if (!x->answered) {
        log_error("http_no_answer", "a handler neither answered nor held %s", r->id);
        answer_problem(x, ERR_INTERNAL, NULL);
    }
    return answer_queue(x);
}

enum MHD_Result exchange_step(void *self, struct MHD_Connection *mhd, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_n, void **ctx) {
    (void)self, (void)mhd, (void)url;
    struct exchange *x = *ctx;
    if (!x) return MHD_NO; // no memory for a request
    if (x->stage == STAGE_HEAD) return begin(x, method, version);
    if (x->stage == STAGE_HANDLED) return x->aborted || !x->answered ? MHD_NO : answer_queue(x);
    if (!*data_n) return handle(x);
    size_t n = *data_n;
    *data_n = 0;
    return take_body(x, data, n);
}

void exchange_close(void *self, struct MHD_Connection *mhd, void **ctx,
                    enum MHD_RequestTerminationCode why) {
    (void)mhd;
    struct loop *l = self;
    struct http_server *s = l->server;
    struct exchange *x = *ctx;
    *ctx = NULL;
    if (!x) return;
    struct conn *c = x->conn;
    if (x->stream) stream_finish(x);
    if (x->handled && s->c.done) {
        bool left = why == MHD_REQUEST_TERMINATED_COMPLETED_OK && x->answered && !x->aborted;
        s->c.done(s->c.self, &x->r, left ? x->status : 0);
    }
    if (x->r.body_fd >= 0) close(x->r.body_fd);
    mem_free(x->buffer);
    mem_free(x->copy);
    c->x = NULL;
    c->served = true;
    c->since_ms = l->now_ms;
    c->head_ms = 0;
    conn_to(c, &l->idle);
    bool counted = x->counted;
    struct arena *a = x->r.arena;
    if (l->spares < SPARE_ARENAS) {
        arena_reset(a);
        l->spare[l->spares++] = a;
    } else
        arena_free(a);
    if (counted && atomic_fetch_sub(&s->active, 1) == 1 && s->waiting) {
        pthread_mutex_lock(&s->mutex);
        pthread_cond_broadcast(&s->idle);
        pthread_mutex_unlock(&s->mutex);
    }
}

void http_hold(struct http_request *r) {
    struct exchange *x = (struct exchange *)r;
    arena_trap(r->arena, NULL); // whoever works on it next has its own
    x->held = x->suspended = true;
    MHD_suspend_connection(x->mhd);
}
