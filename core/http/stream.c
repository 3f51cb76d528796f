// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Answers without an end (server-sent events). Senders append to a bounded buffer from any thread;
// the connection sleeps (parked) while the buffer is empty. Lock order: stream, then loop.
#include <string.h>
#include <sys/epoll.h>
#include "http/http_internal.h"

enum { FAREWELL = 256 }; // room that is left for the last words to a laggard

struct http_stream {
    pthread_mutex_t mutex;
    struct exchange *x;
    char *data; // cap bytes, from..to are waiting
    size_t from, to, cap;
    bool parked, ending, gone, full;
    void (*closed)(void *self);
    void *self;
};

struct http_stream *http_stream_open(struct http_request *r, const char *type,
                                     void (*closed)(void *self), void *self) {
    struct exchange *x = (struct exchange *)r;
    struct http_server *server = x->loop->server;
    if (atomic_fetch_add(&server->streams, 1) >= LIMIT_STREAMS) {
        server->streams--;
        return NULL;
    }
    struct http_stream *s = mem_alloc(sizeof *s);
    if (!s) {
        server->streams--;
        return NULL;
    }
    pthread_mutex_init(&s->mutex, NULL);
    s->x = x;
    s->closed = closed;
    s->self = self;
    x->stream = s;
    x->status = 200;
    x->type = type;
    x->answered = true;
    // a sleeping connection is not watched by the library
    struct epoll_event e = {.events = EPOLLRDHUP | EPOLLET, .data.ptr = x};
    epoll_ctl(x->loop->epoll_fd, EPOLL_CTL_ADD, x->conn->fd, &e);
    return s;
}

static void wake(struct http_stream *s) {
    if (!s->parked) return;
    s->parked = false;
    http_push(s->x);
}

bool http_stream_send(struct http_stream *s, const char *data, size_t n) {
    pthread_mutex_lock(&s->mutex);
    size_t waiting = s->to - s->from, limit = LIMIT_STREAM_BUFFER;
    if (s->full && n <= FAREWELL) limit += FAREWELL;
    bool fits = !s->gone && !s->ending && n <= limit && waiting <= limit - n;
    if (!fits && !s->gone && !s->ending) s->full = true;
    if (fits && s->to + n > s->cap) {
        if (waiting) memmove(s->data, s->data + s->from, waiting);
        s->from = 0;
        s->to = waiting;
        if (waiting + n > s->cap) {
            size_t cap = s->cap ? s->cap : 1024;
            while (cap < waiting + n) cap *= 2;
            char *more = mem_realloc(s->data, cap);
            if (more)
                s->data = more, s->cap = cap;
            else
                fits = false;
        }
    }
    if (fits && n) {
        memcpy(s->data + s->to, data, n);
        s->to += n;
        wake(s);
    }
    pthread_mutex_unlock(&s->mutex);
    return fits;
}

void http_stream_close(struct http_stream *s) {
    pthread_mutex_lock(&s->mutex);
    s->ending = true;
    wake(s);
    pthread_mutex_unlock(&s->mutex);
}

ssize_t stream_read(void *self, uint64_t pos, char *to, size_t max) {
    (void)pos;
    struct http_stream *s = self;
    ssize_t n = 0;
    pthread_mutex_lock(&s->mutex);
    size_t waiting = s->to - s->from;
    if (s->gone)
        n = MHD_CONTENT_READER_END_WITH_ERROR;
    else if (waiting) {
        n = (ssize_t)(waiting < max ? waiting : max);
        memcpy(to, s->data + s->from, (size_t)n);
        s->from += (size_t)n;
        if (s->from == s->to) s->from = s->to = 0;
    } else if (s->ending)
        n = MHD_CONTENT_READER_END_OF_STREAM;
    else {
        s->parked = true;
        s->x->suspended = true;
        MHD_suspend_connection(s->x->mhd);
    }
    pthread_mutex_unlock(&s->mutex);
    return n;
}

void stream_gone(struct exchange *x) {
    struct http_stream *s = x->stream;
    pthread_mutex_lock(&s->mutex);
    s->gone = true;
    wake(s);
    pthread_mutex_unlock(&s->mutex);
}

void stream_end(struct exchange *x) {
    http_stream_close(x->stream);
}

void stream_finish(struct exchange *x) {
    struct http_stream *s = x->stream;
    epoll_ctl(x->loop->epoll_fd, EPOLL_CTL_DEL, x->conn->fd, NULL);
    pthread_mutex_lock(&s->mutex);
    s->gone = true; // a send that comes before closed() has returned is refused
    pthread_mutex_unlock(&s->mutex);
    if (s->closed) s->closed(s->self);
    x->stream = NULL;
    x->loop->server->streams--;
    pthread_mutex_destroy(&s->mutex);
    mem_free(s->data);
    mem_free(s);
}
