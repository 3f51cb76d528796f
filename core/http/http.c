// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// HTTP threads. Each has a daemon of the library without threads of its own, a listen socket that
// shares the port, and this loop. MHD_resume_connection does not wake an external loop, so answers
// from other threads go through a list and an eventfd and are resumed on the loop's own thread.
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/wake.h"
#include "http/http_internal.h"

static void wake_loop(void *self) {
    eventfd_write(((struct loop *)self)->event_fd, 1);
}

void http_push(struct exchange *x) {
    struct loop *l = x->loop;
    x->next = NULL;
    pthread_mutex_lock(&l->mutex);
    bool first = !l->first;
    *l->tail = x;
    l->tail = &x->next;
    l->pending = true;
    pthread_mutex_unlock(&l->mutex);
    if (first) wake(wake_loop, l);
}

static void resume(struct exchange *x) {
    x->suspended = false;
    x->answered = !x->aborted;
    MHD_resume_connection(x->mhd);
}

static void resume_pushed(struct loop *l) {
    if (!l->pending) return;
    pthread_mutex_lock(&l->mutex);
    struct exchange *x = l->first;
    l->first = NULL;
    l->tail = &l->first;
    l->pending = false;
    pthread_mutex_unlock(&l->mutex);
    for (struct exchange *next; x; x = next) {
        next = x->next;
        resume(x);
    }
}

static void wait_events(struct loop *l, int64_t until_ms) {
    MHD_UNSIGNED_LONG_LONG left;
    int64_t ms = until_ms - l->now_ms;
    if (ms < 0 || l->pending) ms = 0;
    if (MHD_get_timeout(l->daemon, &left) == MHD_YES && (int64_t)left < ms) ms = (int64_t)left;
    struct epoll_event e[32];
    int n = epoll_wait(l->epoll_fd, e, 32, (int)ms);
    // the eventfd is edge-triggered and never read; the library's set is looked at by MHD_run
    for (int i = 0; i < n; i++)
        if (e[i].data.ptr) stream_gone(e[i].data.ptr);
}

static void stop_listening(struct loop *l) {
    for (int i = 0; i < 8; i++) MHD_run(l->daemon); // take in those who are already connected
    int fd = MHD_quiesce_daemon(l->daemon);
    if (fd >= 0) close(fd);
    l->quiet = true;
}

// Nobody may answer any more: what is still held is cut off.
static void abort_all(struct loop *l) {
    resume_pushed(l);
    for (struct conn *c = l->busy.first; c; c = c->next) {
        struct exchange *x = c->x;
        if (!x || !x->suspended) continue;
        if (x->stream)
            stream_gone(x);
        else {
            x->aborted = true;
            resume(x);
        }
    }
    resume_pushed(l);
    for (int i = 0; i < 4; i++) MHD_run(l->daemon);
}

static void *loop_main(void *arg) {
    struct loop *l = arg;
    struct http_server *s = l->server;
    int64_t tick_ms = clock_mono_ns() / 1000000 + 1000;
    while (!s->stopping) {
        l->now_ms = clock_mono_ns() / 1000000;
        if (s->c.rest) s->c.rest(s->c.self, l->index);
        wait_events(l, tick_ms);
        resume_pushed(l);
        l->now_ms = clock_mono_ns() / 1000000;
        wake_hold();
        MHD_run(l->daemon);
        wake_release();
        if (s->draining && !l->quiet) stop_listening(l);
        if (l->now_ms < tick_ms) continue;
        tick_ms = l->now_ms + 1000;
        conn_tick(l);
        if (l->quiet) conn_shut_idle(l);
        if (s->c.tick) s->c.tick(s->c.self, l->index);
    }
    abort_all(l);
    MHD_stop_daemon(l->daemon);
    l->daemon = NULL;
    return NULL;
}

// ---- start and end ----

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int listen_on(const struct addrinfo *a, int port, bool share) {
    union address at = {0};
    memcpy(&at, a->ai_addr, a->ai_addrlen < sizeof at ? a->ai_addrlen : sizeof at);
    if (at.any.sa_family == AF_INET)
        at.v4.sin_port = htons((uint16_t)port);
    else
        at.v6.sin6_port = htons((uint16_t)port);
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    if (fd < 0) return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ||
        (share && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one)) ||
        bind(fd, &at.any, a->ai_addrlen) || listen(fd, SOMAXCONN)) {
        int e = errno;
        close(fd);
        errno = e;
        return -1;
    }
    return fd;
}

static int port_of(int fd) {
    union address at = {0};
    socklen_t n = sizeof at;
    if (getsockname(fd, &at.any, &n)) return 0;
    return ntohs(at.any.sa_family == AF_INET ? at.v4.sin_port : at.v6.sin6_port);
}

static enum err open_sockets(struct http_server *s, struct problem *p) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV},
                    *a = NULL;
    char port[16];
    snprintf(port, sizeof port, "%d", s->c.port);
    int bad = getaddrinfo(s->c.host, port, &hints, &a);
    if (bad)
        return problem_set(p, ERR_USAGE, "cannot listen on %s: %s", s->c.host, gai_strerror(bad));
    s->port = s->c.port;
    bool share = s->threads > 1;
    int probe = -1;
    // A shared port would also be shared with a second campusd of the same user: ask without first.
    if (share && s->port) {
        probe = listen_on(a, s->port, false);
        if (probe >= 0) close(probe);
    }
    if (!share || !s->port || probe >= 0)
        for (int i = 0; i < s->threads; i++) {
            s->loops[i].listen_fd = listen_on(a, s->port, share);
            if (s->loops[i].listen_fd < 0) break;
            if (!s->port) s->port = port_of(s->loops[i].listen_fd);
        }
    int e = errno;
    freeaddrinfo(a);
    if (s->loops[s->threads - 1].listen_fd >= 0) return ERR_OK;
    return problem_set(p, e == EADDRINUSE ? ERR_CONFLICT : ERR_IO, "cannot listen on %s:%d: %s",
                       s->c.host, s->c.port, strerror(e));
}

static enum err open_loop(struct http_server *s, struct loop *l, struct problem *p) {
    // A connection's memory holds the longest request line, the longest head and its list of
    // fields; the library clears it after each request, but less would not keep LIMIT_HEADER_BYTES.
    // MHD_ALLOW_SUSPEND_RESUME asks for a wake-up pipe; the library leaves it out in external mode
    l->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, conn_policy, l, exchange_step, l,
        MHD_OPTION_LISTEN_SOCKET, l->listen_fd, MHD_OPTION_URI_LOG_CALLBACK, exchange_open, l,
        MHD_OPTION_UNESCAPE_CALLBACK, exchange_keep_uri, NULL, MHD_OPTION_NOTIFY_COMPLETED,
        exchange_close, l, MHD_OPTION_NOTIFY_CONNECTION, conn_notify, l,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)LIMIT_CONNECTIONS + 64,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32768, MHD_OPTION_CONNECTION_TIMEOUT, 0u,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!l->daemon || l->epoll_fd < 0 || l->event_fd < 0)
        return problem_set(p, ERR_IO, "cannot start an HTTP thread: %s", strerror(errno));
    struct epoll_event wake = {.events = EPOLLIN | EPOLLET}, lib = {.events = EPOLLIN};
    int lib_fd = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->event_fd, &wake) ||
        epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, lib_fd, &lib))
        return problem_set(p, ERR_IO, "cannot start an HTTP thread: %s", strerror(errno));
    (void)s;
    return ERR_OK;
}

enum err http_start(const struct http_config *c, struct http_server **out, struct problem *p) {
    *out = NULL;
    struct http_server *s = mem_alloc(sizeof *s);
    if (!s) return problem_set(p, ERR_NOMEM, NULL);
    s->c = *c;
    s->threads = c->threads > 0 ? c->threads : 1;
    pthread_mutex_init(&s->mutex, NULL);
    clock_cond_init(&s->idle);
    s->loops = mem_alloc((size_t)s->threads * sizeof *s->loops);
    if (!s->loops) {
        http_free(s);
        return problem_set(p, ERR_NOMEM, NULL);
    }
    for (int i = 0; i < s->threads; i++) {
        struct loop *l = &s->loops[i];
        l->server = s;
        l->index = i;
        l->listen_fd = l->epoll_fd = l->event_fd = -1;
        l->tail = &l->first;
        l->now_ms = clock_mono_ns() / 1000000;
        pthread_mutex_init(&l->mutex, NULL);
    }
    enum err e = open_sockets(s, p);
    for (int i = 0; !e && i < s->threads; i++) e = open_loop(s, &s->loops[i], p);
    // signals are for the main thread; SIGPIPE must not end a thread that writes to a closed socket
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (int i = 0; !e && i < s->threads; i++) {
        struct loop *l = &s->loops[i];
        if (pthread_create(&l->id, NULL, loop_main, l)) {
            l->id = 0;
            e = problem_set(p, ERR_IO, "cannot start an HTTP thread");
        } else
            pthread_setname_np(l->id, "http");
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (e)
        http_free(s);
    else
        *out = s;
    return e;
}

int http_port(const struct http_server *s) {
    return s->port;
}

static void wake_all(struct http_server *s) {
    for (int i = 0; i < s->threads; i++)
        if (s->loops[i].event_fd >= 0) eventfd_write(s->loops[i].event_fd, 1);
}

void http_stop_listening(struct http_server *s) {
    s->draining = true;
    wake_all(s);
}

bool http_wait_idle(struct http_server *s, int64_t timeout_ms) {
    struct timespec t = clock_in_ms(timeout_ms);
    pthread_mutex_lock(&s->mutex);
    s->waiting = true; // before active is read: whoever ends the last request sees one of them
    int late = 0;
    while (s->active && !late) late = pthread_cond_timedwait(&s->idle, &s->mutex, &t);
    bool idle = !s->active;
    pthread_mutex_unlock(&s->mutex);
    return idle;
}

void http_free(struct http_server *s) {
    if (!s) return;
    s->stopping = true;
    if (s->loops) wake_all(s);
    for (int i = 0; s->loops && i < s->threads; i++) {
        struct loop *l = &s->loops[i];
        if (l->id) pthread_join(l->id, NULL);
        if (l->daemon)
            MHD_stop_daemon(l->daemon); // never ran
        else if (l->listen_fd >= 0 && !l->id)
            close(l->listen_fd);
        if (l->epoll_fd >= 0) close(l->epoll_fd);
        if (l->event_fd >= 0) close(l->event_fd);
        while (l->spares) arena_free(l->spare[--l->spares]);
        pthread_mutex_destroy(&l->mutex);
    }
    mem_free(s->loops);
    pthread_cond_destroy(&s->idle);
    pthread_mutex_destroy(&s->mutex);
    mem_free(s);
}
