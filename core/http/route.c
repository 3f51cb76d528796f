// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Requests: who asks, which handler, where its steps run, what is answered.
#include "http/route.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "campus/limits.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "campus/wake.h"
#include "http/api.h"
#include "http/app_internal.h"

static const struct route *const TABLES[] = {
    routes_records,  routes_session,   routes_meta,      routes_search, routes_reports,
    routes_people,   routes_admin,     routes_bulk,      routes_batch,  routes_actions,
    routes_events,   routes_hooks,     routes_approvals, routes_files,  routes_flow,
    routes_messages, routes_documents, routes_house};

static void reply(struct request *rq, enum err e) {
    struct http_request *http = rq->http;
    if (rq->release) {
        char number[24];
        int n = snprintf(number, sizeof number, "%lld", (long long)rq->release->number);
        if (n > 0) http_add_header(http, "X-Release", number);
    }
    if (!e && rq->out.failed) e = problem_set(&rq->problem, ERR_NOMEM, NULL);
    if (!e && rq->file > 0) {
        http_reply_fd(http, 200, rq->type, rq->file, rq->file_n);
        return;
    }
    if (!e && rq->source) {
        http_reply_source(http, 200, rq->type, rq->source, rq->source_self, rq->file_n);
        return;
    }
    if (!e) {
        int status = rq->status ? rq->status : 200;
        http_reply(http, status,
                   status == 204 ? NULL
                   : rq->type    ? rq->type
                                 : "application/json",
                   rq->out.data, rq->out.len);
        return;
    }
    struct buf b;
    buf_init(&b, rq->arena);
    problem_set(&rq->problem, e, NULL);
    int status = err_status(rq->problem.code);
    if (status == 429 || status == 503)
        http_add_header(http, "Retry-After",
                        arena_printf(rq->arena, "%d", rq->retry_s ? rq->retry_s : 1));
    if (status == 401) http_add_header(http, "WWW-Authenticate", "Bearer");
    if (status >= 500)
        log_error("request_failed", "%s %s %s: %s", http->id, http->method,
                  err_word(rq->problem.code), rq->problem.detail ? rq->problem.detail : "");
    problem_json(&rq->problem, rq->lang, http->id, &b);
    http_reply(http, status, "application/problem+json", b.data, b.len);
}

// Runs the step at hand with memory that may run out: then the request fails, not the process.
static enum err run_step(struct request *rq, int thread) {
    jmp_buf trap;
    jmp_buf *old = arena_trap(rq->arena, &trap);
    enum err e;
    if (setjmp(trap)) {
        problem_init(&rq->problem, rq->arena);
        e = rq->problem.code = ERR_NOMEM;
        // a statement left open in the middle would hold this connection's snapshot for good
        if (rq->gate.store.db && rq->place != ON_LANE) db_reset_all(rq->gate.store.db);
    } else {
        struct gate *g = &rq->gate;
        rq->moved = false;
        g->store.db = app_session(rq->app, rq, thread, &rq->problem);
        g->audit = rq->place == ON_LANE ? lane_audit(rq->app->lane) : NULL;
        e = g->store.db ? rq->step(rq) : rq->problem.code;
    }
    arena_trap(rq->arena, old);
    return e;
}

// The session's actor lives in a cache of the HTTP thread: what outlives the handler needs its own.
static const char **copy_list(struct arena *a, const char *const *list, int n) {
    const char **out = arena_alloc(a, sizeof *out * (size_t)(n + 1));
    for (int i = 0; i < n; i++) out[i] = arena_strdup(a, list[i]);
    return out;
}

const struct actor *request_actor_copy(struct arena *a, const struct actor *from) {
    struct actor *to = arena_alloc(a, sizeof *to);
    *to = *from;
    to->id = arena_strdup(a, from->id), to->name = arena_strdup(a, from->name);
    to->session = arena_strdup(a, from->session), to->campus = arena_strdup(a, from->campus);
    to->groups = copy_list(a, from->groups, from->ngroups);
    to->supervised = copy_list(a, from->supervised, from->nsupervised);
    to->facts = copy_list(a, from->facts, from->nfacts);
    int n = 0;
    while (from->scopes && from->scopes[n]) n++;
    if (from->scopes) to->scopes = copy_list(a, from->scopes, n);
    if (from->behind) to->behind = request_actor_copy(a, from->behind);
    return to;
}

// Notes of a reader, on their way to the lane in memory of their own.
struct notes_job {
    struct lane_job job;
    struct arena *arena;
    struct gate_note *notes;
};

static enum err notes_run(struct lane_job *job, struct lane *lane) {
    for (struct gate_note *n = ((struct notes_job *)job)->notes; n; n = n->next)
        audit_add(lane_audit(lane), &n->row);
    return ERR_OK;
}

static void notes_done(struct lane_job *job, enum err e) {
    if (e) log_error("audit_lost", "a refusal could not be recorded: %s", err_word(e));
    arena_free(((struct notes_job *)job)->arena);
}

static void send_notes(struct request *rq) {
    struct arena *a = arena_new(1 << 20);
    if (!a) return;
    struct notes_job *job = arena_alloc(a, sizeof *job);
    *job = (struct notes_job){.job = {.run = notes_run, .done = notes_done, .light = true},
                              .arena = a};
    for (const struct gate_note *n = rq->gate.notes; n; n = n->next) {
        struct gate_note *copy = arena_alloc(a, sizeof *copy);
        struct audit_row *r = &copy->row;
        *copy = (struct gate_note){job->notes, n->row};
        const char **texts[] = {&r->actor,  &r->client, &r->action,  &r->object, &r->outcome,
                                &r->reason, &r->rule,   &r->purpose, &r->fields, &r->request};
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            *texts[i] = arena_strdup(a, *texts[i]);
        r->subjects = copy_list(a, r->subjects, r->nsubjects);
        job->notes = copy;
    }
    rq->gate.notes = NULL;
    if (!lane_submit(rq->app->lane, &job->job)) notes_done(&job->job, ERR_RATE);
}

static void pass_on(struct request *rq);

static bool is_failure(enum err e) {
    return err_status(e) >= 500;
}

static enum err lane_step(struct lane_job *job, struct lane *lane) {
    struct request *rq = (struct request *)job;
    struct db *db = lane_db(lane);
    struct audit *audit = lane_audit(lane);
    size_t mark = audit_mark(audit);
    if (job->rerun) { // as if it had not run
        rq->place = ON_LANE;
        rq->step = rq->lane_step;
        problem_init(&rq->problem, rq->arena);
        rq->out.len = 0;
        rq->status = 0;
        http_drop_headers(rq->http);
    }
    if (!rq->own_savepoint && db_save(db, DB_INNER, &rq->problem)) return rq->problem.code;
    rq->result = run_step(rq, -1);
    if (!db_in_transaction(db)) return rq->result ? rq->result : ERR_INTERNAL;
    if (rq->own_savepoint) return is_failure(rq->result) ? rq->result : ERR_OK;
    if (!rq->result) return db_release(db, DB_INNER, &rq->problem);
    // a refusal undoes what was begun and stays on record
    audit_undo(audit, mark);
    db_reset_all(db);
    struct problem inner;
    problem_init(&inner, rq->arena);
    if (db_undo(db, DB_INNER, &inner)) return ERR_INTERNAL;
    if (!is_failure(rq->result))
        gate_record(&rq->gate, arena_printf(rq->arena, "%s %s", rq->http->method, rq->http->path),
                    "", "refused", err_word(rq->result));
    return ERR_OK;
}

static void lane_done(struct lane_job *job, enum err e) {
    struct request *rq = (struct request *)job;
    if (e) {
        if (rq->problem.code != e) problem_init(&rq->problem, rq->arena);
        rq->moved = false;
        rq->result = problem_set(&rq->problem, e, NULL);
    }
    // after a commit that may have happened, too: what is remembered about rights is asked anew
    if (rq->people_changed && (!e || e == ERR_TIMEOUT)) people_epoch_bump();
    if (rq->result && rq->undo) rq->undo(rq);
    pass_on(rq);
}

struct request *request_of(struct work *w) {
    return (struct request *)((char *)w - offsetof(struct request, work));
}

static void worker_step(struct work *work, int thread) {
    struct request *rq = request_of(work);
    rq->result = run_step(rq, thread);
    pass_on(rq);
}

static bool submit(struct request *rq) {
    struct app *app = rq->app;
    rq->work.run = worker_step;
    if (rq->place == ON_HTTP) return gather_add(rq), true;
    if (rq->place != ON_LANE) return worker_submit(app->workers[rq->place], &rq->work);
    rq->lane_step = rq->step;
    rq->job.run = lane_step;
    rq->job.light = rq->light;
    rq->job.done = lane_done;
    return lane_submit(app->lane, &rq->job);
}

// After a step away from the HTTP thread: on to the next place, or out.
static void pass_on(struct request *rq) {
    if (!rq->result && rq->moved) {
        if (submit(rq)) return;
        rq->result = problem_set(&rq->problem, ERR_RATE, NULL);
        if (rq->undo) rq->undo(rq);
    }
    jmp_buf trap;
    jmp_buf *old = arena_trap(rq->arena, &trap);
    if (setjmp(trap)) {
        http_reply(rq->http, 503, NULL, "", 0);
        return;
    }
    if (rq->gate.notes) send_notes(rq);
    arena_trap(rq->arena, old);
    reply(rq, rq->result);
}

enum err request_move(struct request *rq, enum place where, handler *step) {
    rq->place = where;
    rq->step = step;
    rq->moved = true;
    return ERR_OK;
}

enum err request_body(struct request *rq, const json_t **out) {
    struct http_request *http = rq->http;
    if (!rq->body) {
        const char *type = http_header(http, "Content-Type");
        if (http->body_n && (!type || strncasecmp(type, "application/json", 16)))
            return problem_set(&rq->problem, ERR_UNSUPPORTED, "send application/json");
        if (!http->body) return problem_set(&rq->problem, ERR_TOO_LARGE, NULL);
        json_t *j;
        enum err e = json_parse(rq->arena, http->body_n ? http->body : "{}",
                                http->body_n ? http->body_n : 2, &j, &rq->problem);
        if (e) return e;
        if (!json_is_object(j))
            return problem_set(&rq->problem, ERR_INVALID, "the body must be a JSON object");
        rq->body = j;
    }
    *out = rq->body;
    return ERR_OK;
}

const char *request_query(struct request *rq, const char *name) {
    const char *at = rq->http->query, *key, *value;
    bool bad = false;
    while (http_query_next(rq->http, &at, &key, &value, &bad))
        if (!strcmp(key, name)) return value;
    return NULL;
}

enum err request_if_match(struct request *rq, int64_t *rev) {
    const char *s = http_header(rq->http, "If-Match");
    *rev = -1;
    if (!s || !strcmp(s, "*")) return ERR_OK;
    char *end;
    long long v = s[0] == '"' ? strtoll(s + 1, &end, 10) : -1;
    if (v < 1 || strcmp(end, "\""))
        return problem_set(&rq->problem, ERR_BAD_REQUEST, "If-Match takes one ETag, such as \"3\"");
    *rev = v;
    return ERR_OK;
}

void request_etag(struct request *rq, int64_t rev) {
    char tag[32];
    snprintf(tag, sizeof tag, "\"%lld\"", (long long)rev);
    http_add_header(rq->http, "ETag", tag);
}

enum err request_keep_notes(struct request *rq) {
    for (const struct gate_note *n = rq->gate.notes; n; n = n->next)
        audit_add(rq->gate.audit, &n->row);
    rq->gate.notes = NULL;
    return ERR_OK;
}

enum err request_finish(struct request *rq) {
    if (!rq->gate.must_wait) return ERR_OK;
    rq->own_savepoint = true;
    return request_move(rq, ON_LANE, request_keep_notes);
}

static enum err who(struct request *rq, bool anonymous) {
    struct http_request *http = rq->http;
    struct app *app = rq->app;
    const char *auth = http_header(http, "Authorization"), *token = NULL;
    bool cookie = false;
    if (auth && !strncasecmp(auth, "Bearer ", 7))
        token = auth + 7;
    else if ((token = http_cookie(http, "__Host-campusd")) ||
             (token = http_cookie(http, "campusd_session")))
        cookie = true;
    struct actor *nobody = arena_alloc(rq->arena, sizeof *nobody);
    static const char *no_scope[] = {NULL}; // outlives this call, as the actor does
    *nobody = (struct actor){.id = "", .name = "", .session = "", .scopes = no_scope};
    rq->gate.actor = nobody;
    if (!token) return anonymous ? ERR_OK : problem_set(&rq->problem, ERR_UNAUTHENTICATED, NULL);
    if (cookie &&
        strcmp(http->method, "GET")) { // another site's page must not write with our cookie
        const char *origin = http_header(http, "Origin"), *host = http_header(http, "Host"),
                   *at = origin ? strstr(origin, "://") : NULL;
        if (!at || !host || strcasecmp(at + 3, host))
            return problem_set(&rq->problem, ERR_FORBIDDEN,
                               "a cookie needs an Origin of this site");
    }
    const char *os = control_actor(app, token, rq->arena);
    if (os) {
        *nobody = (struct actor){.id = os, .name = os, .session = "control", .is_system = true};
        return ERR_OK;
    }
    struct session_slot *s = &app->http_sessions[http->thread];
    struct db *db = app_session(app, rq, -1, &rq->problem);
    if (!db) return rq->problem.code;
    const struct actor *actor =
        session_find(s->cache, db, rq->release->access, token, strlen(token), rq->gate.now,
                     rq->gate.today, &rq->problem);
    if (actor)
        rq->gate.actor = actor;
    else if (anonymous && rq->problem.code == ERR_UNAUTHENTICATED)
        problem_init(&rq->problem, rq->arena);
    else
        return rq->problem.code;
    return ERR_OK;
}

// "admin/releases/{}/activate" against the request's segments; a literal beats {}.
static bool matches(const char *pattern, const struct request *rq) {
    for (int i = 0; i < rq->npath; i++) {
        size_t n = strcspn(pattern, "/");
        bool any = n == 2 && !memcmp(pattern, "{}", 2);
        if (!n || (!any && (strlen(rq->path[i]) != n || memcmp(pattern, rq->path[i], n))))
            return false;
        pattern += n;
        if (*pattern == '/')
            pattern++;
        else if (i + 1 < rq->npath)
            return false;
    }
    return !*pattern;
}

static const struct route *find(struct request *rq, bool *other_method) {
    const struct route *best = NULL;
    size_t best_literals = 0;
    for (size_t t = 0; t < sizeof TABLES / sizeof *TABLES; t++)
        for (const struct route *r = TABLES[t]; r->method; r++) {
            if (*r->pattern != '{' && (!rq->npath || *r->pattern != *rq->path[0])) continue;
            if (!matches(r->pattern, rq)) continue;
            if (strcmp(r->method, rq->http->method)) {
                *other_method = true;
                continue;
            }
            size_t literals = 0;
            for (const char *c = r->pattern; *c; c++)
                literals += *c != '{' && *c != '}' && *c != '/';
            if (!best || literals > best_literals) best = r, best_literals = literals;
        }
    return best;
}

static enum err dispatch(struct request *rq) {
    bool other = false;
    const struct route *r = find(rq, &other);
    if (!r) return problem_set(&rq->problem, other ? ERR_METHOD : ERR_NOT_FOUND, NULL);
    bool ready = app_is_ready(rq->app);
    if (!ready && (r->who != EVEN_LOCKED || app_is_stopping(rq->app)))
        return problem_set(&rq->problem, app_is_stopping(rq->app) ? ERR_UNAVAILABLE : ERR_LOCKED,
                           NULL);
    enum err e = ready ? who(rq, r->who >= ANYONE) : ERR_OK;
    if (!e && ready && rq->gate.actor->must_change && r->who != FIRST_PASSWORD && r->who != ANYONE)
        e = problem_set(&rq->problem, ERR_MUST_CHANGE, "POST /api/v1/session/password");
    if (!e && ready && r->permission)
        e = gate_permit(&rq->gate, r->permission,
                        arena_printf(rq->arena, "%s %s", r->method, rq->http->path));
    if (!e && r->on != ON_HTTP) return request_move(rq, r->on, r->fn);
    return e ? e : r->fn(rq);
}

static void split(struct request *rq, const char *path) {
    char *copy = arena_strdup(rq->arena, path), *part;
    while (rq->npath < 8 && (part = strsep(&copy, "/"))) rq->path[rq->npath++] = part;
    if (copy) rq->npath = 0; // deeper than any route
}

static enum lang language(const struct request *rq) {
    const char *s = http_header(rq->http, "Accept-Language");
    if (s) return strncasecmp(s, "zh", 2) ? LANG_EN : LANG_ZH;
    return rq->app->config.school.language;
}

// What needs no session and no release.
static bool plain(struct request *rq) {
    const char *path = rq->http->path;
    if (!strcmp(path, "/healthz"))
        buf_puts(&rq->out, "{\"status\":\"ok\"}");
    else if (!strcmp(path, "/readyz")) {
        if (!app_is_ready(rq->app)) return rq->problem.code = ERR_UNAVAILABLE, true;
        buf_puts(&rq->out, "{\"status\":\"ready\"}");
    } else if (!strcmp(path, "/metrics")) {
        rq->type = "text/plain; version=0.0.4; charset=utf-8";
        app_metrics(rq->app, &rq->out);
    } else
        return static_serve(rq);
    return true;
}

size_t route_admit(void *self, struct http_request *http) {
    if (!strcmp(http->path, "/api/v1/files") && !strcmp(http->method, "POST"))
        return files_admit(self, http);
    if (!strncmp(http->path, "/public/", 8)) return public_admit(self, http);
    const char *type = http_header(http, "Content-Type");
    bool bulk = type && strncasecmp(type, "application/json", 16);
    return bulk && strstr(http->path, "/import") ? LIMIT_UPLOAD_BYTES : LIMIT_BODY_BYTES;
}

void route_handle(void *self, struct http_request *http) {
    struct app *app = self;
    struct request *rq = arena_alloc(http->arena, sizeof *rq);
    http->user = rq;
    *rq = (struct request){.app = app, .http = http, .arena = http->arena, .place = ON_HTTP};
    problem_init(&rq->problem, rq->arena);
    buf_init(&rq->out, rq->arena);
    rq->lang = language(rq);
    if (plain(rq)) {
        reply(rq, rq->problem.code);
        return;
    }
    rq->release = release_get();
    struct gate *g = &rq->gate;
    g->now = clock_now_ms();
    char *today = arena_alloc(rq->arena, 11);
    if (rq->release) tz_date(rq->release->tz, g->now, today);
    g->today = today;
    g->lang = rq->lang;
    g->store = (struct store){NULL, app->keyring, rq->arena, rq->release ? rq->release->school : "",
                              &rq->problem};
    g->release = rq->release;
    g->request = http->id;
    g->client = http->client;
    enum err e = ERR_NOT_FOUND;
    if (!strcmp(http->method, "GET")) wake_release(); // reads run here, and may take long
    if (!strncmp(http->path, "/api/v1/", 8)) {
        split(rq, http->path + 8);
        rq->step = dispatch;
        e = run_step(rq, -1);
    }
    if (!strncmp(http->path, "/public/", 8)) {
        split(rq, http->path + 8);
        rq->step = public_request;
        e = run_step(rq, -1);
    }
    if (rq->streaming) return;
    if (!e && rq->moved) {
        g->actor = request_actor_copy(rq->arena, g->actor);
        http_hold(http);
        if (submit(rq)) return;
        e = problem_set(&rq->problem, ERR_RATE, NULL);
    }
    if (g->notes && app->lane) send_notes(rq);
    reply(rq, e);
}

void route_done(void *self, struct http_request *http, int status) {
    struct app *app = self;
    struct request *rq = http->user;
    atomic_fetch_add(&app->answers[status >= 100 && status < 600 ? status / 100 : 0], 1);
    if (rq) release_put(rq->release);
}
