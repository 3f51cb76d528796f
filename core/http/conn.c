// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Connections: how many, how many from one address, and how long each may take. The library's own
// timeout sees only silence, so a client that sends a byte now and then is caught here.
#include <arpa/inet.h>
#include <linux/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include "campus/log.h"
#include "http/http_internal.h"

struct peer {
    struct peer *next;
    struct in6_addr addr;
    int count;
};

static bool address_of(const struct sockaddr *sa, struct in6_addr *out) {
    *out = (struct in6_addr){0};
    if (!sa) return false;
    if (sa->sa_family == AF_INET6)
        *out = ((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
    else if (sa->sa_family == AF_INET) {
        out->s6_addr[10] = out->s6_addr[11] = 0xff;
        memcpy(out->s6_addr + 12, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
    } else
        return false;
    return true;
}

// One text for one address, whichever way it came.
static void show(const struct in6_addr *a, char out[INET6_ADDRSTRLEN]) {
    if (IN6_IS_ADDR_V4MAPPED(a))
        inet_ntop(AF_INET, a->s6_addr + 12, out, INET6_ADDRSTRLEN);
    else
        inet_ntop(AF_INET6, a, out, INET6_ADDRSTRLEN);
}

bool conn_is_proxy(const struct http_server *s, const char *address) {
    for (const char *const *at = s->c.proxies; at && *at; at++)
        if (!strcmp(*at, address)) return true;
    return false;
}

bool conn_address(const char *text, size_t n, char out[INET6_ADDRSTRLEN]) {
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr a;
    if (n >= sizeof copy) return false;
    memcpy(copy, text, n);
    copy[n] = 0;
    if (inet_pton(AF_INET, copy, &a)) return inet_ntop(AF_INET, &a, out, INET6_ADDRSTRLEN) != NULL;
    if (!inet_pton(AF_INET6, copy, &a)) return false;
    show(&a, out);
    return true;
}

// The link that points, or would point, to this address's entry. Under server->mutex.
static struct peer **peer_at(struct http_server *s, const struct in6_addr *a) {
    uint32_t h = 2166136261u;
    for (int i = 0; i < 16; i++) h = (h ^ a->s6_addr[i]) * 16777619u;
    struct peer **at = &s->peers[h % (sizeof s->peers / sizeof *s->peers)];
    while (*at && memcmp(&(*at)->addr, a, sizeof *a) != 0) at = &(*at)->next;
    return at;
}

static void list_remove(struct conn *c) {
    if (!c->in) return;
    if (c->prev)
        c->prev->next = c->next;
    else
        c->in->first = c->next;
    if (c->next)
        c->next->prev = c->prev;
    else
        c->in->last = c->prev;
    c->in = NULL;
}

void conn_to(struct conn *c, struct list *to) {
    list_remove(c);
    c->next = NULL;
    c->prev = to->last;
    if (to->last)
        to->last->next = c;
    else
        to->first = c;
    to->last = c;
    c->in = to;
}

// The library gets a hang-up from its epoll and closes the connection in its own time.
void conn_shut(struct conn *c) {
    if (c->closing) return;
    c->closing = true;
    shutdown(c->fd, SHUT_RDWR);
}

enum MHD_Result conn_policy(void *self, const struct sockaddr *addr, socklen_t n) {
    (void)n;
    struct loop *l = self;
    struct http_server *s = l->server;
    struct in6_addr a;
    char text[INET6_ADDRSTRLEN];
    bool known = address_of(addr, &a);
    if (known) show(&a, text);
    if (known && !conn_is_proxy(s, text)) {
        pthread_mutex_lock(&s->mutex);
        const struct peer *p = *peer_at(s, &a);
        bool full = p && p->count >= LIMIT_CONNECTIONS_PER_ADDRESS;
        pthread_mutex_unlock(&s->mutex);
        if (full) return MHD_NO;
    }
    if (s->connections < LIMIT_CONNECTIONS) return MHD_YES;
    for (struct conn *c = l->idle.first; c; c = c->next)
        if (!c->closing) {
            conn_shut(c);
            return MHD_YES;
        }
    return MHD_NO;
}

static struct conn *opened(struct loop *l, struct MHD_Connection *mhd) {
    struct http_server *s = l->server;
    struct conn *c = mem_alloc(sizeof *c);
    if (!c) return NULL;
    c->loop = l;
    c->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    c->since_ms = l->now_ms;
    struct in6_addr a;
    const struct sockaddr *sa =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    if (address_of(sa, &a)) {
        show(&a, c->client);
        c->is_proxy = conn_is_proxy(s, c->client);
        pthread_mutex_lock(&s->mutex);
        struct peer **at = peer_at(s, &a);
        if (!*at && (*at = mem_alloc(sizeof **at))) (*at)->addr = a;
        if ((c->peer = *at)) c->peer->count++;
        pthread_mutex_unlock(&s->mutex);
    }
    s->connections++;
    conn_to(c, &l->idle);
    return c;
}

static void closed(struct conn *c) {
    struct http_server *s = c->loop->server;
    if (c->peer) {
        pthread_mutex_lock(&s->mutex);
        if (!--c->peer->count) {
            struct peer **at = peer_at(s, &c->peer->addr);
            *at = c->peer->next;
            mem_free(c->peer);
        }
        pthread_mutex_unlock(&s->mutex);
    }
    list_remove(c);
    s->connections--;
    mem_free(c);
}

void conn_notify(void *self, struct MHD_Connection *mhd, void **ctx,
                 enum MHD_ConnectionNotificationCode what) {
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        *ctx = opened(self, mhd);
    else if (*ctx) {
        closed(*ctx);
        *ctx = NULL;
    }
}

static bool tcp_info(const struct conn *c, struct tcp_info *t) {
    socklen_t n = sizeof *t;
    *t = (struct tcp_info){0};
    return !getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, t, &n);
}

// The library does not tell when the first bytes of a next request came in, the kernel does.
static bool is_overdue_idle(struct conn *c) {
    struct tcp_info t;
    int64_t now = c->loop->now_ms;
    if (!c->head_ms && !c->served) c->head_ms = c->since_ms;
    if (!c->head_ms && tcp_info(c, &t) && now - t.tcpi_last_data_recv > c->since_ms + 50)
        c->head_ms = now - t.tcpi_last_data_recv;
    if (c->head_ms) return now - c->head_ms >= LIMIT_HEADER_SECONDS * 1000;
    return now - c->since_ms >= KEEP_ALIVE_MS;
}

static bool is_overdue_busy(struct conn *c) {
    const struct exchange *x = c->x;
    int64_t now = c->loop->now_ms, seconds = (now - c->since_ms) / 1000;
    if (!x) return false;
    if (x->stage == STAGE_BODY)
        return seconds > BODY_GRACE_S && x->got < (uint64_t)seconds * LIMIT_BODY_RATE;
    if (!x->answered || x->suspended) return false;
    // the answer is leaving: the client must take something now and then
    struct tcp_info t;
    if (!tcp_info(c, &t)) return false;
    if (!c->acked_ms || t.tcpi_bytes_acked != c->acked ||
        (!t.tcpi_unacked && !t.tcpi_notsent_bytes)) {
        c->acked = t.tcpi_bytes_acked;
        c->acked_ms = now;
    }
    return now - c->acked_ms >= STALLED_MS;
}

void conn_tick(struct loop *l) {
    for (struct conn *c = l->idle.first; c; c = c->next)
        if (!c->closing && is_overdue_idle(c)) conn_shut(c);
    for (struct conn *c = l->busy.first; c; c = c->next)
        if (!c->closing && is_overdue_busy(c)) conn_shut(c);
}

void conn_shut_idle(struct loop *l) {
    for (struct conn *c = l->idle.first; c; c = c->next) {
        int waiting = 0;
        ioctl(c->fd, FIONREAD, &waiting);
        if (c->served && !c->x && !waiting) conn_shut(c);
    }
}
