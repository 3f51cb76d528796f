// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Frames and tagged values.
#include "host/wire.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "campus/json.h"
#include "campus/mem.h"
#include "campus/text.h"

static void put_u(struct buf *b, uint64_t v, int bytes) {
    uint8_t out[8];
    for (int i = 0; i < bytes; i++) out[i] = (uint8_t)(v >> (8 * i));
    buf_put(b, out, (size_t)bytes);
}

static uint64_t get_u(const uint8_t *p, int bytes) {
    uint64_t v = 0;
    for (int i = 0; i < bytes; i++) v |= (uint64_t)p[i] << (8 * i);
    return v;
}

void wire_put_nil(struct buf *b) {
    buf_putc(b, WIRE_NIL);
}
void wire_put_bool(struct buf *b, bool v) {
    buf_putc(b, v ? WIRE_TRUE : WIRE_FALSE);
}
void wire_put_int(struct buf *b, int64_t v) {
    buf_putc(b, WIRE_INT), put_u(b, (uint64_t)v, 8);
}

void wire_put_float(struct buf *b, double v) {
    uint64_t u;
    memcpy(&u, &v, 8);
    buf_putc(b, WIRE_FLOAT), put_u(b, u, 8);
}

void wire_put_text(struct buf *b, const char *s, size_t n) {
    buf_putc(b, WIRE_TEXT), put_u(b, n, 4), buf_put(b, s, n);
}

void wire_put_open(struct buf *b, enum wire_tag tag, uint32_t count) {
    buf_putc(b, (char)tag), put_u(b, count, 4);
}

void wire_put_json(struct buf *b, const json_t *j) {
    size_t i;
    const char *key;
    json_t *v;
    switch (json_typeof(j)) {
    case JSON_NULL: wire_put_nil(b); break;
    case JSON_TRUE:
    case JSON_FALSE: wire_put_bool(b, json_is_true(j)); break;
    case JSON_INTEGER: wire_put_int(b, json_integer_value(j)); break;
    case JSON_REAL: wire_put_float(b, json_real_value(j)); break;
    case JSON_STRING: wire_put_text(b, json_string_value(j), json_string_length(j)); break;
    case JSON_ARRAY:
        wire_put_open(b, WIRE_LIST, (uint32_t)json_array_size(j));
        json_array_foreach(j, i, v) wire_put_json(b, v);
        break;
    case JSON_OBJECT:
        wire_put_open(b, WIRE_MAP, (uint32_t)json_object_size(j));
        json_object_foreach((json_t *)j, key, v) {
            wire_put_text(b, key, strlen(key));
            wire_put_json(b, v);
        }
        break;
    }
}

bool wire_read_tag(struct wire_reader *r, enum wire_tag *tag, int64_t *i, double *f, const char **p,
                   size_t *n) {
    if (r->at >= r->end || *r->at > WIRE_MAP) return false;
    *tag = (enum wire_tag) * r->at++;
    size_t left = (size_t)(r->end - r->at);
    switch (*tag) {
    case WIRE_INT:
    case WIRE_FLOAT: {
        if (left < 8) return false;
        uint64_t u = get_u(r->at, 8);
        if (*tag == WIRE_INT)
            *i = (int64_t)u;
        else
            memcpy(f, &u, 8);
        r->at += 8;
        return true;
    }
    case WIRE_TEXT:
        if (left < 4) return false;
        *n = get_u(r->at, 4);
        r->at += 4;
        if (*n > WIRE_TEXT_MAX || *n > (size_t)(r->end - r->at)) return false;
        *p = (const char *)r->at;
        r->at += *n;
        return true;
    case WIRE_LIST:
    case WIRE_MAP:
        if (left < 4) return false;
        *n = get_u(r->at, 4);
        r->at += 4;
        return *n <= WIRE_ITEMS_MAX && *n <= (size_t)(r->end - r->at);
    default: return true;
    }
}

static struct wire *decode(struct arena *a, struct wire_reader *r, int depth, int *left) {
    if (--*left < 0) return NULL;
    struct wire *w = arena_alloc(a, sizeof *w);
    size_t n = 0;
    if (depth > WIRE_DEPTH_MAX || !wire_read_tag(r, &w->tag, &w->i, &w->f, &w->p, &n)) return NULL;
    if (w->tag == WIRE_TEXT) {
        w->n = n;
        return text_is_utf8(w->p, n) ? w : NULL;
    }
    if (w->tag < WIRE_LIST) return w;
    struct wire **tail = &w->first;
    for (size_t k = 0; k < n; k++) {
        struct wire key = {0};
        if (w->tag == WIRE_MAP && (!wire_read_tag(r, &key.tag, &key.i, &key.f, &key.p, &key.n) ||
                                   key.tag != WIRE_TEXT || !text_is_utf8(key.p, key.n)))
            return NULL;
        struct wire *c = decode(a, r, depth + 1, left);
        if (!c) return NULL;
        c->key = key.p, c->key_n = key.n;
        *tail = c;
        tail = &c->next;
    }
    w->count = n;
    return w;
}

bool wire_decode(struct arena *a, const uint8_t *data, size_t n, struct wire **out) {
    struct wire_reader r = {data, data + n};
    int left = WIRE_NODES_MAX;
    *out = decode(a, &r, 0, &left);
    return *out && r.at == r.end;
}

const struct wire *wire_get(const struct wire *map, const char *key) {
    size_t n = strlen(key);
    for (const struct wire *c = map && map->tag == WIRE_MAP ? map->first : NULL; c; c = c->next)
        if (c->key_n == n && !memcmp(c->key, key, n)) return c;
    return NULL;
}

const char *wire_str(struct arena *a, const struct wire *map, const char *key) {
    const struct wire *w = wire_get(map, key);
    return w && w->tag == WIRE_TEXT ? arena_strndup(a, w->p, w->n) : NULL;
}

// The shortest of the two that reads back as the same number; what JSON cannot say is null.
static void put_float(struct buf *b, double f) {
    char text[32];
    snprintf(text, sizeof text, "%.15g", f);
    if (strtod(text, NULL) != f) snprintf(text, sizeof text, "%.17g", f);
    buf_puts(b, isfinite(f) ? text : "null");
}

void wire_to_json(const struct wire *w, struct buf *b) {
    switch (w->tag) {
    case WIRE_NIL: buf_puts(b, "null"); break;
    case WIRE_FALSE: buf_puts(b, "false"); break;
    case WIRE_TRUE: buf_puts(b, "true"); break;
    case WIRE_INT: buf_int(b, w->i); break;
    case WIRE_FLOAT: put_float(b, w->f); break;
    case WIRE_TEXT: json_text(b, w->p, w->n); break;
    case WIRE_LIST:
    case WIRE_MAP:
        buf_putc(b, w->tag == WIRE_LIST ? '[' : '{');
        for (const struct wire *c = w->first; c; c = c->next) {
            json_sep(b);
            if (w->tag == WIRE_MAP) json_text(b, c->key, c->key_n), buf_putc(b, ':');
            wire_to_json(c, b);
        }
        buf_putc(b, w->tag == WIRE_LIST ? ']' : '}');
        break;
    }
}

void wire_head(uint8_t head[5], char type, size_t payload_n) {
    for (int i = 0; i < 4; i++) head[i] = (uint8_t)((payload_n + 1) >> (8 * i));
    head[4] = (uint8_t)type;
}

size_t wire_length(const uint8_t head[5]) {
    size_t n = get_u(head, 4);
    return n < 1 || n > WIRE_FRAME_MAX ? SIZE_MAX : n - 1;
}

bool wire_advance(struct msghdr *m, size_t sent) {
    while (sent >= m->msg_iov->iov_len) {
        sent -= m->msg_iov->iov_len;
        if (!--m->msg_iovlen) return false;
        m->msg_iov++;
    }
    m->msg_iov->iov_base = (char *)m->msg_iov->iov_base + sent;
    m->msg_iov->iov_len -= sent;
    return true;
}

bool wire_send(int fd, char type, const struct buf *payload) {
    if (payload->failed || payload->len + 1 > WIRE_FRAME_MAX) return false;
    uint8_t head[5];
    wire_head(head, type, payload->len);
    struct iovec io[2] = {{head, 5}, {payload->data, payload->len}};
    struct msghdr m = {.msg_iov = io, .msg_iovlen = payload->len ? 2 : 1};
    for (;;) {
        ssize_t w = sendmsg(fd, &m, MSG_NOSIGNAL);
        if (w < 0 && errno == EINTR) continue;
        if (w <= 0) return false;
        if (!wire_advance(&m, (size_t)w)) return true;
    }
}

static bool read_all(int fd, uint8_t *p, size_t n) {
    while (n) {
        ssize_t r = recv(fd, p, n, 0);
        if (r < 0 && errno == EINTR) continue;
        if (r <= 0) return false;
        p += r;
        n -= (size_t)r;
    }
    return true;
}

bool wire_recv(int fd, char *type, uint8_t **data, size_t *n) {
    uint8_t head[5];
    if (!read_all(fd, head, 5)) return false;
    *n = wire_length(head);
    if (*n == SIZE_MAX) return false;
    *type = (char)head[4];
    *data = mem_alloc(*n + 1);
    if (*data && read_all(fd, *data, *n)) return true;
    mem_free(*data);
    return false;
}
