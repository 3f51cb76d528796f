// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Frames to and from a child, none waiting past the budget of the call: everything a child sends is
// hostile, and it may also send nothing, slowly, or never read.
#include <errno.h>
#include <poll.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/mem.h"
#include "host/pool_internal.h"

static int64_t cpu_ns(const struct child *c) {
    struct timespec t;
    return clock_gettime(c->cpu, &t) ? 0 : (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct budget child_budget(const struct child *c, int64_t cpu_ms, int64_t wall_ms) {
    int64_t start = cpu_ns(c);
    return (struct budget){clock_mono_ns() + wall_ms * 1000000, start, start + cpu_ms * 1000000};
}

int64_t child_spent(const struct child *c, const struct budget *b) {
    return cpu_ns(c) - b->cpu_start_ns;
}

// Until the socket can be read or written, within both budgets.
static enum err await(const struct child *c, short events, const struct budget *b) {
    for (;;) {
        int64_t left_ms = (b->wall_end_ns - clock_mono_ns()) / 1000000;
        if (left_ms <= 0) return ERR_PLUGIN_BUDGET;
        struct pollfd pf = {.fd = c->fd, .events = events};
        int n = poll(&pf, 1, left_ms < 10 ? (int)left_ms : 10);
        if (n > 0) return pf.revents & events ? ERR_OK : ERR_PLUGIN_FAILED;
        if (n < 0 && errno != EINTR) return ERR_INTERNAL;
        if (cpu_ns(c) > b->cpu_end_ns) return ERR_PLUGIN_BUDGET;
    }
}

enum err child_send(const struct child *c, char type, const struct buf *payload,
                    const struct budget *b) {
    if (payload->failed || payload->len + 1 > WIRE_FRAME_MAX) return ERR_TOO_LARGE;
    uint8_t head[5];
    wire_head(head, type, payload->len);
    struct iovec io[2] = {{head, 5}, {payload->data, payload->len}};
    struct msghdr m = {.msg_iov = io, .msg_iovlen = payload->len ? 2 : 1};
    for (;;) {
        ssize_t w = sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (w < 0 && errno == EINTR) continue;
        if (w < 0 && errno == EAGAIN) {
            enum err e = await(c, POLLOUT, b);
            if (e) return e;
            continue;
        }
        if (w <= 0) return ERR_PLUGIN_FAILED;
        if (!wire_advance(&m, (size_t)w)) return ERR_OK;
    }
}

static enum err read_some(const struct child *c, void *into, size_t n, size_t *got,
                          const struct budget *b) {
    for (;;) {
        ssize_t r = recv(c->fd, into, n, MSG_DONTWAIT);
        if (r > 0) {
            *got = (size_t)r;
            return ERR_OK;
        }
        if (!r || (errno != EAGAIN && errno != EINTR)) return ERR_PLUGIN_FAILED;
        enum err e = await(c, POLLIN, b);
        if (e) return e;
    }
}

enum err child_read(const struct child *c, struct arena *a, char *type, uint8_t **data, size_t *n,
                    const struct budget *b) {
    uint8_t first[4096];
    size_t got = 0, more;
    while (got < 5) {
        enum err e = read_some(c, first + got, sizeof first - got, &more, b);
        if (e) return e;
        got += more;
    }
    *n = wire_length(first);
    if (*n == SIZE_MAX || got - 5 > *n) return ERR_PLUGIN_FAILED;
    *type = (char)first[4];
    *data = arena_alloc(a, *n + 1);
    memcpy(*data, first + 5, got -= 5);
    for (; got < *n; got += more) {
        enum err e = read_some(c, *data + got, *n - got, &more, b);
        if (e) return e;
    }
    return ERR_OK;
}
