// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// From an HTTP request to a handler and back. A handler is a function of one request; it runs on
// the HTTP thread with a reading session and either fills `out` or moves the request to where the
// next step may run (the lane, a worker) and returns what request_move returned. Returning an error
// answers the problem; what a lane step wrote is then undone, its refusal stays on record.
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include "campus/gate.h"
#include "campus/http.h"
#include "campus/keyring.h"
#include "campus/lane.h"
#include "campus/people.h"
#include "http/app.h"

enum place { ON_HTTP, ON_LANE, ON_HASHING, ON_RULES, ON_REPORTS, ON_FILES, PLACES };
struct request;
typedef enum err handler(struct request *rq); // the one typedef: a table of these reads better
struct request {
    struct lane_job job; // first: the lane hands it back
    struct work work;
    struct app *app;
    struct http_request *http;
    struct release *release; // held until the answer has left
    struct arena *arena;     // http->arena
    struct gate gate;        // its db is the session of the place where the handler runs
    struct problem problem;
    enum lang lang;
    const char *path[8]; // segments after /api/v1
    int npath;
    const json_t *body; // parsed on demand by request_body
    int status;         // 0 becomes 200
    int retry_s;        // of a refusal for now: when to try again; 0 becomes 1
    struct buf out;
    const char *type; // of out; NULL: application/json
    int file;         // > 0: answers this descriptor (taken) of file_n bytes instead of out
    uint64_t file_n;
    ssize_t (*source)(void *self, char *to, size_t max); // or file_n bytes out of this
    void *source_self;
    handler *step;      // what runs at the place it was moved to
    handler *lane_step; // the last that was meant for the lane
    enum place place;
    void *state;                 // the handler's own, in the arena
    struct db_question question; // see request_ask
    int tries;
    enum err result; // of the last step
    bool moved, streaming;
    bool people_changed; // set by a lane step: people_epoch_bump once it has committed
    // Takes back what was changed in memory, when the step on the lane is refused, or was never
    // reached, or its commit fails; on the lane or where the request was when it failed.
    void (*undo)(struct request *rq);
    // The lane undoes a step that returns an error and records the refusal. With own_savepoint the
    // step has done both itself, as the gate's functions do.
    bool own_savepoint, light; // light: as the job's
};

struct request *request_of(struct work *w);
// Runs step at the place; from any handler, as its last act. ERR_RATE when that queue is full.
MUST_CHECK enum err request_move(struct request *rq, enum place where, handler *step);
// Runs step on this thread, once what it will query first, with this text, is there: at once, or
// together with other reads. As its last act.
MUST_CHECK enum err request_ask(struct request *rq, const char *sql, const char *argument,
                                handler *step);
// The JSON body, an object; ERR_UNSUPPORTED for another content type, ERR_MALFORMED.
MUST_CHECK enum err request_body(struct request *rq, const json_t **out);
const char *request_query(struct request *rq, const char *name); // first value or NULL
// The query parameters, decoded, in the arena.
MUST_CHECK enum err request_params(struct request *rq, struct arena *a, struct param **out, int *n);
// The query parameters against an entity; kind: enum query_kind.
MUST_CHECK enum err request_parse_query(struct request *rq, const struct entity *e, int kind,
                                        struct query *out);
// If-Match as a revision, -1 when absent; ERR_BAD_REQUEST.
MUST_CHECK enum err request_if_match(struct request *rq, int64_t *rev);
void request_etag(struct request *rq, int64_t rev);
// On the lane: makes the notes durable.
MUST_CHECK enum err request_keep_notes(struct request *rq);
// An actor in memory of its own: the session's belongs to a cache.
const struct actor *request_actor_copy(struct arena *a, const struct actor *from);
// A handler's usual end for a reading step whose gate left notes: answers at once, or, for a look,
// after the lane has made the notes durable.
MUST_CHECK enum err request_finish(struct request *rq);

// The table of routes: method, pattern below /api/v1/ with {} for one segment, handler, permission
// or NULL; who: FIRST_PASSWORD: also who has yet to change
// theirs; ANYONE: no session needed; EVEN_LOCKED: answers before the vault is open too; on: where
// the handler runs.
struct route {
    const char *method, *pattern;
    handler *fn;
    const char *permission;
    enum { SIGNED_IN, FIRST_PASSWORD, ANYONE, EVEN_LOCKED } who;
    enum place on;
};
extern const struct route routes_session[], routes_meta[], routes_records[], routes_search[],
    routes_reports[], routes_admin[], routes_people[], routes_bulk[], routes_batch[],
    routes_actions[], routes_events[], routes_hooks[], routes_approvals[], routes_files[],
    routes_flow[], routes_messages[], routes_documents[], routes_house[];
// each ends with a NULL method

struct keyring *app_keyring(struct app *app);
struct lane *app_lane(struct app *app);
const struct config *app_config(const struct app *app);
const uint8_t *app_pepper(const struct app *app);
// Builds from disk (number 0) or from the database, and activates, or stores it as one that waits
// for a second person; blocks: from a worker. Errors are items at file:line:col and leave the
// running release as it is.
struct release_change {
    int64_t number;
    bool back;          // to the one that was active before: nobody is asked
    bool follow;        // another node has made it the active one
    const char *by;     // who does it
    bool may_confirm;   // holds core.policy
    int64_t waits;      // out: the release that waits now
    const char *second; // out: for which policies
};
MUST_CHECK enum err app_reload(struct app *app, struct release_change *c, struct problem *p);
bool app_is_ready(const struct app *app);
bool app_is_stopping(const struct app *app);
void app_metrics(struct app *app, struct buf *out);
// After unlocking through the interface: opens what was waiting for the keys.
MUST_CHECK enum err app_unlocked(struct app *app, struct problem *p);

#endif
