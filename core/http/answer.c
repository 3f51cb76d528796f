// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Answers: kept in the exchange by whoever answers, handed to the library on the HTTP thread.
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "campus/buf.h"
#include "campus/log.h"
#include "http/http_internal.h"

void http_add_header(struct http_request *r, const char *name, const char *value) {
    struct exchange *x = (struct exchange *)r;
    struct header *h = arena_alloc(r->arena, sizeof *h);
    *h = (struct header){x->headers, name, arena_strdup(r->arena, value)};
    x->headers = h;
    if (!strcasecmp(name, "Cache-Control")) x->has_cache_control = true;
}

void http_drop_headers(struct http_request *r) {
    struct exchange *x = (struct exchange *)r;
    x->headers = NULL;
    x->has_cache_control = false;
}

static void answered(struct exchange *x, int status, const char *type) {
    x->status = status;
    x->type = type;
    if (x->held)
        http_push(x); // x is the HTTP thread's again
    else
        x->answered = true;
}

void http_reply(struct http_request *r, int status, const char *type, const char *body, size_t n) {
    static const char none[] = "{\"status\":503,\"code\":\"out_of_memory\"}";
    struct exchange *x = (struct exchange *)r;
    x->fd = -1;
    x->body = body;
    x->body_n = n;
    if (n && !arena_holds(r->arena, body)) {
        x->body = x->copy = mem_realloc(NULL, n);
        if (x->copy)
            memcpy(x->copy, body, n);
        else {
            x->body = none;
            x->body_n = sizeof none - 1;
            status = 503;
            type = "application/problem+json";
        }
    }
    answered(x, status, type);
}

void http_reply_fd(struct http_request *r, int status, const char *type, int fd, uint64_t n) {
    struct exchange *x = (struct exchange *)r;
    x->fd = fd;
    x->fd_n = n;
    answered(x, status, type);
}

void http_reply_source(struct http_request *r, int status, const char *type,
                       ssize_t (*read)(void *self, char *to, size_t max), void *self, uint64_t n) {
    struct exchange *x = (struct exchange *)r;
    x->fd = -1;
    x->source = read;
    x->source_self = self;
    x->fd_n = n;
    answered(x, status, type);
}

static ssize_t from_source(void *self, uint64_t pos, char *to, size_t max) {
    struct exchange *x = self;
    ssize_t n = x->source(x->source_self, to, max);
    (void)pos;
    if (n < 0) log_error("answer_cut_off", "%s: what is sent has changed meanwhile", x->r.id);
    return n > 0 ? n : n < 0 ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
}

static enum lang language(const struct exchange *x) {
    const char *s = http_header(&x->r, "Accept-Language");
    return s && !strncasecmp(s, "zh", 2) ? LANG_ZH : LANG_EN;
}

// Allocates nothing from the arena, which may be what has run out.
void answer_problem(struct exchange *x, enum err e, const char *why) {
    static const char none[] = "{}";
    struct problem p;
    problem_init(&p, x->r.arena);
    p.code = e;
    p.detail = why;
    struct buf b;
    buf_init(&b, NULL);
    problem_json(&p, language(x), x->r.id, &b);
    mem_free(x->copy);
    x->copy = NULL;
    if (b.failed) {
        buf_fini(&b);
        x->body = none;
        x->body_n = sizeof none - 1;
    } else {
        x->body = x->copy = b.data;
        x->body_n = b.len;
    }
    x->headers = NULL;
    x->has_cache_control = false;
    x->fd = -1;
    x->source = NULL;
    x->status = err_status(e);
    x->type = "application/problem+json";
    x->answered = true;
}

static void add(struct MHD_Response *m, const char *name, const char *value) {
    if (MHD_add_response_header(m, name, value) == MHD_NO)
        log_warn("http_header_dropped", "the value of %s cannot be sent in a header", name);
}

// On the HTTP thread, inside the library's callback.
enum MHD_Result answer_queue(struct exchange *x) {
    struct MHD_Response *m;
    if (x->stream)
        m = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, stream_read, x->stream, NULL);
    else if (x->source)
        m = MHD_create_response_from_callback(x->fd_n, 64 << 10, from_source, x, NULL);
    else if (x->fd >= 0)
        m = MHD_create_response_from_fd64(x->fd_n, x->fd);
    else
        m = MHD_create_response_from_buffer(x->body_n, (void *)(uintptr_t)x->body,
                                            MHD_RESPMEM_PERSISTENT);
    if (!m) {
        if (x->fd >= 0) close(x->fd);
        return MHD_NO;
    }
    if (x->type) add(m, "Content-Type", x->type);
    add(m, "X-Content-Type-Options", "nosniff");
    if (!x->has_cache_control) add(m, "Cache-Control", "no-store");
    add(m, "X-Request-Id", x->r.id);
    for (const struct header *h = x->headers; h; h = h->next) add(m, h->name, h->value);
    if (x->close || x->loop->server->draining) add(m, "Connection", "close");
    enum MHD_Result ok = MHD_queue_response(x->mhd, (unsigned)x->status, m);
    MHD_destroy_response(m);
    return ok;
}
