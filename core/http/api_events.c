// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// GET /api/v1/events: the outbox as server-sent events. Each event is offered only to who may read
// its record at that moment; when rights change, the stream ends and the client comes back.
#include <stdlib.h>
#include <string.h>
#include "campus/hub.h"
#include "campus/mem.h"
#include "http/app_internal.h"

struct listener {
    struct subscriber sub; // first
    struct app *app;
    struct arena *arena, *scratch;
    struct release *release;
    const struct actor *actor;
    struct http_stream *stream;
    int64_t epoch;
    const char *school;
};

static bool may_see(struct subscriber *s, struct db *db, const struct event *ev) {
    struct listener *l = (struct listener *)s;
    const struct entity *e = schema_entity_full(l->release->schema, ev->entity, strlen(ev->entity));
    if (!e) return false;
    struct problem p;
    arena_reset(l->scratch);
    problem_init(&p, l->scratch);
    struct gate g = {.store = {db, app_keyring(l->app), l->scratch, l->school, &p},
                     .release = l->release,
                     .actor = l->actor};
    return gate_may_see(&g, e, ev->record);
}

static bool send(struct subscriber *s, const char *text, size_t n) {
    struct listener *l = (struct listener *)s;
    return http_stream_send(l->stream, text, n);
}

static bool is_stale(struct subscriber *s) {
    return ((struct listener *)s)->epoch != people_epoch();
}
static void end(struct subscriber *s) {
    http_stream_close(((struct listener *)s)->stream);
}

static void drop(struct listener *l) {
    release_put(l->release);
    arena_free(l->scratch);
    arena_free(l->arena);
}

static void closed(void *self) {
    struct listener *l = self;
    hub_remove(l->app->hub, &l->sub);
    drop(l);
}

static enum err events(struct request *rq) {
    const char *id = http_header(rq->http, "Last-Event-ID");
    char *rest;
    int64_t after = id ? strtoll(id, &rest, 10) : -1;
    if (id && (*rest || after < 0))
        return problem_set(&rq->problem, ERR_BAD_REQUEST, "Last-Event-ID is not one of ours");
    struct arena *a = arena_new(4 << 20);
    struct listener *l = a ? arena_alloc(a, sizeof *l) : NULL;
    if (!l || !(l->scratch = arena_new(4 << 20))) {
        arena_free(a);
        return problem_set(&rq->problem, ERR_NOMEM, NULL);
    }
    l->sub =
        (struct subscriber){.may_see = may_see, .send = send, .is_stale = is_stale, .end = end};
    l->app = rq->app;
    l->arena = a;
    l->release = release_hold(rq->release);
    l->actor = request_actor_copy(a, rq->gate.actor);
    l->school = l->release->school;
    l->epoch = people_epoch();
    http_add_header(rq->http, "X-Accel-Buffering", "no");
    rq->streaming = true;
    l->stream = http_stream_open(rq->http, "text/event-stream", closed, l);
    if (!l->stream) {
        drop(l);
        rq->streaming = false;
        return problem_set(&rq->problem, ERR_UNAVAILABLE, "too many event streams");
    }
    http_stream_send(l->stream, "retry: 2000\n\n", 13);
    if (hub_add(rq->app->hub, &l->sub, after)) http_stream_close(l->stream);
    return ERR_OK;
}

const struct route routes_events[] = {
    {"GET", "events", events, .who = SIGNED_IN},
    {0},
};
