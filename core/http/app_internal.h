// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What the files of the running service share.
#ifndef HTTP_APP_INTERNAL_H
#define HTTP_APP_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include "campus/clock.h"
#include "http/route.h"

enum {
    THREADS_MAX = 16,
    HASHING_THREADS = 2,
    RULE_THREADS = 2,
    REPORT_THREADS = 1,
    FILE_THREADS = 2,
    CONTROLS_MAX = 16,
    STATUS_CLASSES = 6
};

struct session_slot {
    struct db *db;
    struct session_cache *cache;
    struct work *gathered, **gathered_end; // of an HTTP thread: reads that wait for each other
};
struct app {
    struct config config;
    struct arena *arena;
    int lock_fd;
    bool embedded, rehearsal, dev;
    struct db *db; // the lane's
    struct keyring *keyring;
    uint8_t pepper[32];
    struct audit *audit;
    struct lane *lane;
    struct jobs *jobs;
    struct hub *hub;
    struct webhooks *hooks;
    struct post *post;         // as is:
    struct handlers *handlers; // NULL when embedded, as is:
    struct deliver *deliver;   // one command sends nothing
    struct due *due;           // likewise
    struct share *share;       // likewise, and where there are no other nodes
    int64_t follow_at;         // share's thread: not before this is a release tried again
    struct worker *workers[PLACES];
    struct session_slot http_sessions[THREADS_MAX], worker_sessions[PLACES][THREADS_MAX];
    struct http_server *http;
    pthread_mutex_t reloading;
    _Atomic bool ready, stopping;
    _Atomic uint64_t answers[STATUS_CLASSES];
    int64_t started_ns;
    const char *files;           // HOME/files
    _Atomic int64_t files_swept; // when, of the clock
    _Atomic bool files_sweeping;
    struct work files_work;
    // control socket: tokens of those who are connected
    pthread_t control_thread;
    int control_fd, control_stop[2];
    pthread_mutex_t control_mutex;
    struct {
        int fd;
        char token[44];
        uid_t uid;
    } controls[CONTROLS_MAX];
    char own_token[44];
};

// The name of who holds this control token ("os:1000"), or NULL. Borrowed from the arena.
const char *control_actor(struct app *app, const char *token, struct arena *a);
MUST_CHECK enum err control_start(struct app *app, struct problem *p);
void control_stop(struct app *app);

// The session of the place where a request is, opened on first use; thread: of a worker's.
struct db *app_session(struct app *app, const struct request *rq, int thread, struct problem *p);

// gather.c: a request that is held joins the others of its thread; runs them all.
void gather_add(struct request *rq);
void gather_run(struct app *app, int thread);

// route.c: the callbacks of the HTTP server.
size_t route_admit(void *self, struct http_request *http);
void route_handle(void *self, struct http_request *http);
void route_done(void *self, struct http_request *http, int status);

// api_files.c: where an upload goes while it comes in; and what expires or was left behind goes.
size_t files_admit(struct app *app, struct http_request *http);
// Bytes that come in are sealed at once into a file without a name, at most so many.
size_t files_take(struct app *app, struct http_request *http, size_t most);
// Ends an upload that was taken so: its type is told, it is kept, its row written, and then, on the
// lane in the same transaction, one act of the gate that attaches it, and its answer; NULL: it
// waits for its sender to attach it.
struct file_made;
typedef enum err files_then(struct request *rq, void *self, const struct file_made *made,
                            const char *name);
MUST_CHECK enum err files_upload(struct request *rq, files_then *then, void *self);
// api_public.c: what the public sends, before it is in.
size_t public_admit(struct app *app, struct http_request *http);
void files_tick(struct app *app);
// Sealed bytes into the place where they stay, durable when it returns; blocks: from a worker or a
// job. What no row comes to know goes with a sweep.
MUST_CHECK enum err files_keep(struct app *app, struct db *db, struct arena *a,
                               const struct file_made *made, struct problem *p);

// static.c: answers what is below /desk/ (and "/" with the way there); false: another's path.
bool static_serve(struct request *rq);

#endif
