// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What the files of the HTTP layer share. Everything here belongs to one HTTP thread (its
// loop) unless it says otherwise.
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include "campus/http.h"
#include "campus/limits.h"
#include "campus/mem.h"

enum { SPARE_ARENAS = 128, KEEP_ALIVE_MS = 75000, STALLED_MS = 30000, BODY_GRACE_S = 10 };

struct exchange;
struct peer;

struct list {
    struct conn *first, *last;
};

// One TCP connection. `busy` and `idle` lists of the loop: idle ones may be closed to make room.
struct conn {
    struct conn *next, *prev;
    struct list *in;
    struct loop *loop;
    struct exchange *x; // the request under way or NULL
    struct peer *peer;
    int fd;
    bool is_proxy;    // listed: what it says of its clients is believed
    bool served;      // at least one answer has left
    bool closing;     // we have shut it down; the library will notice
    int64_t since_ms; // idle: since when; busy: since the headers were complete
    int64_t head_ms;  // since when a head is coming in, 0: none seen
    uint64_t acked;   // bytes the client had taken when last looked at
    int64_t acked_ms;
    char client[INET6_ADDRSTRLEN];
};

struct loop {
    struct http_server *server;
    int index;
    pthread_t id;
    struct MHD_Daemon *daemon;
    int listen_fd, epoll_fd, event_fd;
    int64_t now_ms; // monotonic, of this round
    bool quiet;     // no longer listens
    struct list busy, idle;
    struct arena *spare[SPARE_ARENAS];
    int spares;
    // completions from other threads
    pthread_mutex_t mutex;
    struct exchange *first, **tail;
    _Atomic bool pending;
};

struct http_server {
    struct http_config c;
    int port;
    struct loop *loops;
    int threads;
    _Atomic bool draining, stopping, waiting;
    _Atomic int connections, streams;
    pthread_mutex_t mutex; // active, peers
    pthread_cond_t idle;
    _Atomic int active; // requests past the gate whose answer has not left
    struct peer *peers[512];
};

struct header {
    struct header *next;
    const char *name, *value;
};

enum stage { STAGE_HEAD, STAGE_BODY, STAGE_HANDLED };

struct exchange {
    struct http_request r; // first: handlers hold a pointer to it
    struct MHD_Connection *mhd;
    struct loop *loop;
    struct conn *conn;
    enum stage stage;
    bool counted; // past the gate: in server->active
    bool handled; // handle was called, so done is owed
    bool held, suspended, aborted, answered, close;
    char *uri;                // as sent, in the library's memory; NUL where '?' was
    size_t uri_n;             // whole length with the query
    char *query, query_first; // see exchange_open
    uint64_t expect;          // Content-Length; UINT64_MAX: chunked
    uint64_t limit, got;
    char *buffer; // the body in memory, owned
    size_t buffer_cap;
    enum err fail;         // what the body phase will be answered with
    struct exchange *next; // in loop->first
    // the answer
    int status, fd;
    uint64_t fd_n;
    ssize_t (*source)(void *self, char *to, size_t max); // of fd_n bytes
    void *source_self;
    const char *type, *body;
    size_t body_n;
    char *copy; // of body, owned
    struct header *headers;
    bool has_cache_control;
    struct http_stream *stream;
};

// strict.c: the gate. False: the request is refused with *out.
bool strict_head(struct exchange *x, const char *method, const char *version, enum err *out,
                 const char **why);
// Percent-decodes a path; NULL when it is not one we serve.
const char *strict_path(struct arena *a, char *raw);
bool strict_decode(char *to, const char *from, size_t n, bool plus, size_t *out_n);
bool strict_is_request_id(const char *s);

// answer.c
void answer_problem(struct exchange *x, enum err e, const char *why);
enum MHD_Result answer_queue(struct exchange *x);

// stream.c
ssize_t stream_read(void *self, uint64_t pos, char *to, size_t max);
void stream_gone(struct exchange *x);   // the client has closed its side
void stream_finish(struct exchange *x); // calls closed and frees
void stream_end(struct exchange *x);    // as http_stream_close

// conn.c
enum MHD_Result conn_policy(void *loop, const struct sockaddr *addr, socklen_t n);
void conn_notify(void *loop, struct MHD_Connection *mhd, void **ctx,
                 enum MHD_ConnectionNotificationCode what);
bool conn_is_proxy(const struct http_server *s, const char *address);
// The address in its one form; false when it is none.
bool conn_address(const char *text, size_t n, char out[INET6_ADDRSTRLEN]);
void conn_to(struct conn *c, struct list *to); // moves to the end of busy or idle
void conn_shut(struct conn *c);
void conn_tick(struct loop *l);
void conn_shut_idle(struct loop *l); // for draining

// exchange.c: the library's callbacks
void *exchange_open(void *loop, const char *uri, struct MHD_Connection *mhd);
size_t exchange_keep_uri(void *self, struct MHD_Connection *mhd, char *s);
enum MHD_Result exchange_step(void *loop, struct MHD_Connection *mhd, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_n, void **ctx);
void exchange_close(void *loop, struct MHD_Connection *mhd, void **ctx,
                    enum MHD_RequestTerminationCode why);

// http.c
void http_push(struct exchange *x); // from any thread: resume this connection

#endif
