// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// HTTP/1.1 behind a narrow face (libmicrohttpd in external epoll mode, one daemon a thread). The
// strict gate has run before `handle` sees a request. Nothing above this header knows the library.
#ifndef CAMPUS_HTTP_H
#define CAMPUS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "campus/err.h"

struct arena;
struct http_server;
struct http_stream;

// One request. Everything is borrowed and lives until the answer has left; `arena` too.
struct http_request {
    struct arena *arena;
    const char *method; // "GET", "POST", …
    const char *path;   // percent-decoded, starts with '/', no NUL, no "..", no "//"
    const char *query;  // raw, without '?'; "" when absent
    const char *body;   // "" when absent; NULL when it is in body_fd
    size_t body_n;
    int body_fd;        // an upload over LIMIT_BODY_BYTES: an unlinked file, else -1
    const char *client; // address as text: the peer's, or the one a listed proxy names
    bool via_proxy;     // the peer is a listed proxy
    char id[40];        // X-Request-Id (a valid one from the client is kept)
    int64_t started_ns;
    int thread; // which HTTP thread: 0 .. threads-1
    void *user; // the handler's own
    // Set by admit when the body is not to be kept: gets it piece by piece on the HTTP thread, as
    // fast as it takes them; body is NULL then. Its error is what is answered.
    enum err (*take)(void *self, const char *p, size_t n);
    void *taker;
    bool head; // HEAD: method is "GET" and the body is not sent
};

struct http_config {
    const char *host;
    int port; // 0: any free one, see http_port
    int threads;
    const char *spool; // folder for uploads in flight
    // Addresses, NULL-ended or NULL. From these X-Forwarded-For is believed: the client is its last
    // address that is no listed proxy. The limit of connections per address is then theirs to keep.
    const char *const *proxies;
    void *self;
    // Largest body of this request (headers are there, the body is not): LIMIT_BODY_BYTES or more.
    // May set r->take.
    size_t (*admit)(void *self, struct http_request *r);
    // On the HTTP thread. Answers at once with http_reply, or calls http_hold and replies later.
    void (*handle)(void *self, struct http_request *r);
    // On the HTTP thread, after the answer has left or the client has gone, once a request that was
    // handled. status 0 when the client has gone first.
    void (*done)(void *self, struct http_request *r, int status);
    void (*tick)(void *self, int thread); // about once a second on each thread; may be NULL
    void (*rest)(void *self, int thread); // before a thread waits for something to do; may be NULL
};

MUST_CHECK enum err http_start(const struct http_config *c, struct http_server **out,
                               struct problem *p);
int http_port(const struct http_server *s);
void http_stop_listening(
    struct http_server *s); // drain: refuses new connections, Connection: close
bool http_wait_idle(struct http_server *s, int64_t timeout_ms); // true: no request is under way
// Cuts off what is still held or streaming (done and closed are called). From here on nobody may
// answer a held request: stop whoever does first.
void http_free(struct http_server *s);

// A header's value or NULL; name case-insensitive.
const char *http_header(const struct http_request *r, const char *name);
// The next query parameter, percent-decoded into the arena; *at starts at r->query. False at the
// end; ERR_BAD_REQUEST through *bad when it does not decode or is not UTF-8.
bool http_query_next(struct http_request *r, const char **at, const char **name, const char **value,
                     bool *bad);
const char *http_cookie(struct http_request *r, const char *name);

// Answering. Headers are added before http_reply; name is a literal, value is copied.
void http_add_header(struct http_request *r, const char *name, const char *value);
void http_drop_headers(struct http_request *r); // all that were added
// The body is copied unless it lives in r->arena (then it is borrowed until the answer has left).
// Callable from any thread after http_hold; exactly once. Sets nosniff and no-store (unless a
// Cache-Control header was added) itself, and X-Request-Id.
void http_reply(struct http_request *r, int status, const char *type, const char *body, size_t n);
void http_reply_fd(struct http_request *r, int status, const char *type, int fd,
                   uint64_t n); // fd taken
// n bytes out of read, which is called on the HTTP thread as the client takes them and gives how
// many it wrote, or -1 to cut the answer off. self lives in r->arena.
void http_reply_source(struct http_request *r, int status, const char *type,
                       ssize_t (*read)(void *self, char *to, size_t max), void *self, uint64_t n);
// The last thing a handler does with r before it hands it on: allocate what you need first.
void http_hold(struct http_request *r);

// Server-sent streams: from handle() only, instead of http_reply. closed() is called once, on the
// HTTP thread. http_stream_send copies, from any thread; false when the buffer is full (see
// LIMIT_STREAM_BUFFER) or the client is gone; after "full" there is room for one last send of up to
// 256 bytes. open gives NULL past LIMIT_STREAMS and when out of memory: answer 503 then.
struct http_stream *http_stream_open(struct http_request *r, const char *type,
                                     void (*closed)(void *self), void *self);
bool http_stream_send(struct http_stream *s, const char *data, size_t n);
void http_stream_close(struct http_stream *s); // the answer ends; s is gone after closed()

#endif
