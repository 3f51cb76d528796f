// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The running service: opening everything in order, keeping it, closing it in reverse.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "campus/approval.h"
#include "campus/backup.h"
#include "campus/deliver.h"
#include "campus/due.h"
#include "campus/erase.h"
#include "campus/fsio.h"
#include "campus/handlers.h"
#include "campus/home.h"
#include "campus/hub.h"
#include "campus/jobs.h"
#include "campus/limits.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "campus/message.h"
#include "campus/password.h"
#include "campus/post.h"
#include "campus/reindex.h"
#include "campus/rotate.h"
#include "campus/share.h"
#include "campus/webhook.h"
#include "http/app_internal.h"

static const int PLACE_THREADS[PLACES] = {
    0, 0, HASHING_THREADS, RULE_THREADS, REPORT_THREADS, FILE_THREADS};
static const char *const PLACE_NAMES[PLACES] = {"http",  "lane",    "hashing",
                                                "rules", "reports", "files"};

static struct session_slot *slot(struct app *app, const struct request *rq, int thread) {
    return rq->place == ON_HTTP ? &app->http_sessions[rq->http->thread]
                                : &app->worker_sessions[rq->place][thread];
}

struct db *app_session(struct app *app, const struct request *rq, int thread, struct problem *p) {
    if (rq->place == ON_LANE) return lane_db(app->lane);
    struct session_slot *s = slot(app, rq, thread);
    if (s->db) return s->db;
    enum err e = db_open(app->config.storage, DB_READ, &s->db, p);
    if (!e && rq->place == ON_HTTP) e = db_keep_snapshot(s->db, p);
    if (e && s->db) db_close(s->db), s->db = NULL;
    return s->db;
}

struct keyring *app_keyring(struct app *app) {
    return app->keyring;
}
struct lane *app_lane(struct app *app) {
    return app->lane;
}
const struct config *app_config(const struct app *app) {
    return &app->config;
}
const uint8_t *app_pepper(const struct app *app) {
    return app->pepper;
}
bool app_is_ready(const struct app *app) {
    return atomic_load(&app->ready);
}
bool app_is_stopping(const struct app *app) {
    return atomic_load(&app->stopping);
}
int app_port(const struct app *app) {
    return http_port(app->http);
}
const char *app_control_token(const struct app *app) {
    return app->own_token;
}

// Tables, files and policy revisions of a release, on the lane or before there is one.
struct activation {
    struct app *app;
    struct release *release;
    const char *by;
    struct problem *problem;
    bool follow; // it is the active one, and nothing makes it so
};

static enum err activate(struct db *db, struct audit *audit, struct activation *act) {
    struct release *r = act->release;
    int64_t now = clock_now_ms(), active = r->number;
    if (act->follow && audit) return release_save(db, r, act->by, now, act->problem);
    enum err e = act->follow ? release_active_number(db, &active, act->problem) : ERR_OK;
    if (!e && active != r->number) return ERR_CONFLICT; // another node was quicker
    if (!e) e = store_migrate(db, r->schema, NULL, act->problem);
    if (!e) e = release_store(db, r, act->by, now, act->problem);
    if (!e) e = handlers_begin(db, r->schema, act->problem);
    if (e || !audit) return e;
    char object[64];
    snprintf(object, sizeof object, "release/%lld", (long long)r->number);
    struct audit_row row = {.at = now,
                            .actor = act->by,
                            .client = "",
                            .action = "release.activate",
                            .object = object,
                            .outcome = "ok",
                            .release = r->number};
    audit_add(audit, &row);
    return ERR_OK;
}

static enum err activate_on_lane(struct lane_job *job, struct lane *lane) {
    struct activation *act = ((struct lane_call *)job)->arg;
    return activate(lane_db(lane), lane_audit(lane), act);
}

static int children(const struct app *app) {
    return app->embedded ? 1 : RULE_THREADS;
}

struct waiting {
    struct release *release;
    const struct release_asks *asks;
    const char *by;
    struct problem *problem;
};

static enum err wait_on_lane(struct lane_job *job, struct lane *lane) {
    struct waiting *w = ((struct lane_call *)job)->arg;
    int64_t now = clock_now_ms();
    enum err e = release_wait(lane_db(lane), w->release, w->asks, w->by, now, w->problem);
    if (e) return e;
    char object[64];
    snprintf(object, sizeof object, "release/%lld", (long long)w->release->number);
    struct audit_row row = {.at = now,
                            .actor = w->by,
                            .client = "",
                            .action = "release.submit",
                            .object = object,
                            .outcome = "ok",
                            .release = w->release->number};
    audit_add(lane_audit(lane), &row);
    return ERR_OK;
}

// The operator at the machine is one person, by whatever way.
static bool same_person(const char *a, const char *b) {
    return !strcmp(a, b) || (!strncmp(a, "os:", 3) && !strncmp(b, "os:", 3));
}

// What governance.yaml asks: a lab report, and that a second person looks at it.
static enum err govern(struct app *app, struct db *db, struct release *next,
                       struct release_change *c, struct problem *p) {
    struct release_asks asks;
    const char *brought = NULL;
    struct release *now = release_get();
    enum err e = release_governed(db, now, next, p->arena, &asks, p);
    release_put(now);
    if (e || !asks.second.len) return e;
    if (c->number) e = release_waits(db, c->number, p->arena, &brought, p);
    if (e) return e;
    if (brought && same_person(brought, c->by))
        return problem_set(p, ERR_FORBIDDEN,
                           "release %lld changes %s: it waits for a second person with core.policy",
                           (long long)c->number, buf_str(&asks.second));
    if (brought && !c->may_confirm)
        return problem_set(p, ERR_FORBIDDEN,
                           "release %lld changes %s: whoever activates it needs core.policy",
                           (long long)c->number, buf_str(&asks.second));
    if (brought) return ERR_OK;
    struct waiting w = {next, &asks, c->by, p};
    e = lane_run(app->lane, wait_on_lane, &w);
    if (!e) c->waits = next->number, c->second = buf_str(&asks.second);
    return e;
}

enum err app_reload(struct app *app, struct release_change *c, struct problem *p) {
    struct release *next = NULL;
    pthread_mutex_lock(&app->reloading);
    struct db *db = NULL;
    struct release *now = release_get();
    bool there = c->follow && now->number == c->number;
    release_put(now);
    if (there) {
        pthread_mutex_unlock(&app->reloading);
        return ERR_OK;
    }
    enum err e = db_open(app->config.storage, DB_READ, &db, p);
    if (!e)
        e = c->number ? release_build_stored(&app->config, db, c->number, children(app), &next, p)
                      : release_build(&app->config, children(app), &next, p);
    if (!e && !c->back) e = approval_check_open(db, next->schema, next->access, p);
    if (!e && !c->back) e = govern(app, db, next, c, p);
    if (db) db_close(db);
    struct activation act = {app, next, c->by, p, c->follow};
    if (!e && !c->waits) e = lane_run(app->lane, activate_on_lane, &act);
    if (!e && !c->waits) {
        log_info("release_active", "release %lld (%s)", (long long)next->number, next->id);
        release_hold(next);
        release_swap(next);
        if (app->deliver) deliver_wake(app->deliver); // handlers follow it
        if (!app->embedded && !c->follow) e = reindex_start(app->jobs, app->lane, next, p);
        release_put(next);
    } else if (next)
        release_put(next);
    pthread_mutex_unlock(&app->reloading);
    return e;
}

// Another node has changed the release. What cannot be built here is tried again, not too often.
static void follow(void *self, int64_t number) {
    enum { AGAIN_MS = 10000 };
    struct app *app = self;
    struct release *r = release_get();
    bool there = !number || r->number == number;
    release_put(r);
    if (there || clock_mono_ns() / 1000000 < app->follow_at) return;
    struct arena *a = arena_new(16 << 20);
    struct problem p;
    struct buf b;
    if (!a) return;
    problem_init(&p, a);
    buf_init(&b, a);
    struct release_change c = {.by = "core", .number = number, .follow = true, .back = true};
    app->follow_at = 0;
    if (app_reload(app, &c, &p)) {
        problem_text(&p, &b);
        log_error("release", "release %lld cannot be followed: %s", (long long)number, buf_str(&b));
        app->follow_at = clock_mono_ns() / 1000000 + AGAIN_MS;
    }
    arena_free(a);
}

static enum err first_release(struct app *app, struct problem *p) {
    int64_t active = 0;
    struct release *r;
    enum err e = release_active_number(app->db, &active, p);
    if (e) return e;
    e = active ? release_build_stored(&app->config, app->db, active, children(app), &r, p)
               : release_build(&app->config, children(app), &r, p);
    if (e) return e;
    struct activation act = {app, r, "core", p, active != 0};
    e = db_begin(app->db, p);
    if (!e) e = activate(app->db, NULL, &act);
    if (!e) e = db_commit(app->db, p);
    if (e) {
        db_rollback(app->db);
        release_put(r);
        return e == ERR_CONFLICT && active ? first_release(app, p) : e;
    }
    release_swap(r);
    return ERR_OK;
}

static void committed(void *self) {
    struct app *app = self;
    hub_wake(app->hub);
    if (app->deliver) deliver_wake(app->deliver);
    if (app->post && message_has_news()) post_wake(app->post);
}

static void others(void *self) { // another node has committed something
    struct app *app = self;
    committed(app);
    if (app->post) post_wake(app->post);
}

static enum err start_events(struct app *app, struct problem *p) {
    struct webhook_config c = {app->keyring, app->config.school.id, app->config.webhook.allow};
    enum err e = hub_open(app->config.storage, app->config.school.id, &app->hub, p);
    if (!e) e = webhook_open(&c, &app->hooks, p);
    struct post_config pc = {&app->config, app->lane, app->keyring};
    if (!e && !app->embedded) e = post_open(&pc, &app->post, p);
    if (!e && (!app->embedded || app->rehearsal)) {
        struct handlers_config hc = {app->config.storage, app->lane, app->keyring,
                                     app->config.school.language};
        e = handlers_open(&hc, &app->handlers, p);
        if (e) return e;
        struct deliver_source sources[] = {webhook_source(app->hooks),
                                           handlers_source(app->handlers)};
        e = deliver_open(app->config.storage, app->lane, sources, 2, &app->deliver, p);
    }
    if (!e) lane_on_commit(app->lane, committed, app);
    return e;
}

static enum err redo_erasures(struct app *app, struct problem *p) {
    backup_forget(p->arena, app->config.home); // it would know who is erased
    struct release *r = release_get();
    enum err e = erase_replay(app->lane, app->keyring, r->schema, app->config.home, p);
    release_put(r);
    return e;
}

enum err app_unlocked(struct app *app, struct problem *p) {
    enum err e = keyring_derive(app->keyring, "pepper", app->pepper);
    if (!e)
        e = audit_open(app->db, app->keyring, app->config.node,
                       home_checkpoints(app->arena, app->config.home), &app->audit, p);
    if (!e) e = first_release(app, p);
    if (!e) e = lane_open(app->db, app->audit, &app->lane, p);
    if (!e) e = redo_erasures(app, p);
    if (!e) e = jobs_open(app->lane, &app->jobs, p);
    bool works = !app->embedded || app->rehearsal;
    if (!e && works) e = lane_share(app->lane);
    if (!e) e = start_events(app, p);
    struct share_config sc = {app->config.storage, app->lane, app, others, follow};
    if (!e && works) e = share_open(&sc, &app->share, p);
    struct due_config due = {app->config.storage, app->config.school.id, app->lane, app->keyring};
    if (!e && !app->embedded) e = due_open(&due, &app->due, p);
    if (!e && !app->embedded && lane_keeps_clock(app->lane))
        e = rotate_resume(app->jobs, app->lane, app->keyring, p);
    if (!e && !app->embedded) {
        struct release *r = release_get();
        e = reindex_start(app->jobs, app->lane, r, p);
        release_put(r);
    }
    if (e) return e;
    for (int i = ON_HASHING; i < PLACES; i++)
        app->workers[i] =
            worker_new(PLACE_NAMES[i], PLACE_THREADS[i], i == ON_RULES ? LIMIT_RULE_QUEUE : 1024);
    atomic_store(&app->ready, true);
    return ERR_OK;
}

static void tick(void *self, int thread) {
    if (!thread) files_tick(self);
}

static void rest(void *self, int thread) {
    struct app *app = self;
    gather_run(app, thread);
    if (app->http_sessions[thread].db) db_let_snapshot(app->http_sessions[thread].db);
}

static enum err start_http(struct app *app, const struct app_options *o, struct problem *p) {
    struct http_config h = {.host = o->host ? o->host : app->config.listen_host,
                            .port = o->port >= 0 ? o->port : app->config.listen_port,
                            .threads = app->embedded ? 1 : app->config.http_threads,
                            .spool = fsio_join(app->arena, app->config.home, "spool"),
                            .proxies = app->config.http_proxies,
                            .self = app,
                            .admit = route_admit,
                            .handle = route_handle,
                            .done = route_done,
                            .tick = tick,
                            .rest = rest};
    app->files = fsio_join(app->arena, app->config.home, "files");
    enum err e = fsio_mkdirs(h.spool, 0700, p);
    if (!e) e = fsio_mkdirs(app->files, 0700, p);
    for (int i = 0; i < h.threads; i++) app->http_sessions[i].cache = session_cache_new();
    return e ? e : http_start(&h, &app->http, p);
}

enum err app_open(const struct config *c, const struct app_options *o, struct app **out,
                  struct problem *p) {
    struct app *app = mem_need(sizeof *app);
    *app = (struct app){.config = *c,
                        .embedded = o->embedded,
                        .rehearsal = o->rehearsal,
                        .dev = o->dev,
                        .lock_fd = -1,
                        .control_fd = -1,
                        .started_ns = clock_mono_ns()};
    app->arena = arena_new(16 << 20);
    if (!app->arena) abort();
    pthread_mutex_init(&app->reloading, NULL);
    pthread_mutex_init(&app->control_mutex, NULL);
    // signals are taken by app_wait alone; every thread started from here on inherits this
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM), sigaddset(&set, SIGINT), sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    uint8_t unused[TOKEN_HASH];
    token_new(app->own_token, unused);
    enum err e = keyring_harden(p);
    if (!e) e = home_lock(c->home, &app->lock_fd, p);
    if (!e) e = db_open_node(c->storage, c->node, &app->db, p);
    if (!e) e = store_migrate(app->db, NULL, home_ddl(app->arena), p);
    if (!e) e = home_keyring_load(app->db, &app->keyring, p);
    if (!e) e = home_unlock(app->keyring, &app->config, o->secret, o->secret_n, p);
    if (!e)
        e = app_unlocked(app, p);
    else if (e == ERR_LOCKED) {
        log_warn("locked", "the vault is locked: only health and unlock answer");
        e = ERR_OK;
    }
    if (!e) e = start_http(app, o, p);
    if (!e && !o->embedded) e = control_start(app, p);
    if (e)
        app_close(app);
    else
        *out = app;
    return e;
}

static bool is_settled(struct app *app, struct db *db, bool retries, struct problem *p) {
    int64_t waiting = 0;
    if (!app->deliver) return true;
    if (!deliver_is_idle(app->deliver)) return false;
    return !retries || (!db_int(db, p, &waiting, 0,
                                "SELECT 1 FROM core_delivery WHERE dead_at=0 LIMIT 1", "") &&
                        !waiting);
}

enum err app_settle(struct app *app, int wait_ms, bool retries, struct problem *p) {
    enum { ROUNDS = 100 };
    struct due_config due = {app->config.storage, app->config.school.id, app->lane, app->keyring};
    struct db *db;
    enum err e = db_open(app->config.storage, DB_READ, &db, p);
    if (e) return e;
    for (int round = 0, steps = 1; round < ROUNDS && steps && !e; round++) {
        e = due_tick(&due, db, &steps, p);
        for (int ms = 0; ms < wait_ms && !is_settled(app, db, retries, p); ms++)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    if (!e && !is_settled(app, db, retries, p))
        e = problem_set(p, ERR_UNAVAILABLE, "handlers have not ended after %d ms", wait_ms);
    db_close(db);
    return e;
}

// serve --dev: the newest change below the folders that a release is made of.
static int64_t newest(const char *dir, int depth) {
    struct arena *a = arena_new(4 << 20);
    const char **names;
    int64_t last = 0;
    if (!a) return 0;
    if (!fsio_list(a, dir, &names, NULL))
        for (; *names; names++) {
            struct stat st;
            const char *path = fsio_join(a, dir, *names);
            if (stat(path, &st)) continue;
            int64_t at = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
            if (S_ISDIR(st.st_mode) && depth < 4) at = newest(path, depth + 1);
            if (at > last) last = at;
        }
    arena_free(a);
    return last;
}

static int64_t watched(const struct app *app) {
    int64_t last = 0;
    for (const char **dir = app->config.plugin_path; *dir; dir++) {
        int64_t at = newest(*dir, 0);
        if (at > last) last = at;
    }
    struct arena *a = arena_new(1 << 16);
    const char *shipped = release_share(a);
    const char *dirs[] = {fsio_join(a, app->config.home, "policies"),
                          fsio_join(a, shipped, "plugins"), fsio_join(a, shipped, "policies")};
    for (int i = 0; i < 3; i++) {
        int64_t at = newest(dirs[i], 0);
        if (at > last) last = at;
    }
    arena_free(a);
    return last;
}

static void reload_now(struct app *app) {
    struct arena *a = arena_new(16 << 20);
    struct problem p;
    struct buf b;
    problem_init(&p, a);
    buf_init(&b, a);
    struct release_change c = {.by = "os:signal"};
    if (!atomic_load(&app->ready) || !app_reload(app, &c, &p)) {
        if (c.waits)
            log_warn("release_waits", "release %lld waits for a second person: %s",
                     (long long)c.waits, c.second);
        arena_free(a);
        return;
    }
    problem_text(&p, &b);
    log_error("reload_refused", "%s", buf_str(&b));
    arena_free(a);
}

void app_wait(struct app *app) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM), sigaddset(&set, SIGINT), sigaddset(&set, SIGHUP);
    int64_t seen = app->dev ? watched(app) : 0;
    for (;;) {
        struct timespec half = {.tv_nsec = 500000000};
        int sig = app->dev ? sigtimedwait(&set, NULL, &half) : sigwaitinfo(&set, NULL);
        if (sig == SIGTERM || sig == SIGINT) break;
        int64_t now = app->dev ? watched(app) : 0;
        if (sig == SIGHUP || now > seen) reload_now(app);
        seen = now;
    }
    log_info("draining", "finishing what is under way");
}

// No new requests, streams end, what is under way finishes.
static void drain(struct app *app) {
    atomic_store(&app->stopping, true);
    atomic_store(&app->ready, false);
    if (app->control_fd >= 0) control_stop(app);
    if (!app->http) return;
    http_stop_listening(app->http);
    if (app->hub) hub_stop(app->hub);
    if (!http_wait_idle(app->http, 10000))
        log_warn("drain_timeout", "some requests did not finish in 10 s");
}

void app_close(struct app *app) {
    if (!app) return;
    drain(app);
    for (int i = ON_HASHING; i < PLACES; i++)
        if (app->workers[i]) worker_free(app->workers[i]);
    share_close(app->share);
    jobs_close(app->jobs);
    due_close(app->due);
    if (app->lane) lane_on_commit(app->lane, NULL, NULL);
    deliver_close(app->deliver);
    handlers_close(app->handlers);
    post_close(app->post);
    webhook_close(app->hooks);
    if (app->lane) lane_close(app->lane);
    if (app->http) http_free(app->http);
    hub_close(app->hub);
    for (int i = 0; i < THREADS_MAX; i++) {
        if (app->http_sessions[i].db) db_close(app->http_sessions[i].db);
        if (app->http_sessions[i].cache) session_cache_free(app->http_sessions[i].cache);
        for (int k = 0; k < PLACES; k++)
            if (app->worker_sessions[k][i].db) db_close(app->worker_sessions[k][i].db);
    }
    release_swap(NULL);
    if (app->audit) audit_close(app->audit);
    if (app->db) db_close(app->db);
    keyring_free(app->keyring);
    if (app->lock_fd >= 0) close(app->lock_fd);
    explicit_bzero(app->pepper, sizeof app->pepper);
    pthread_mutex_destroy(&app->reloading);
    pthread_mutex_destroy(&app->control_mutex);
    arena_free(app->arena);
    mem_free(app);
}

void app_metrics(struct app *app, struct buf *b) {
    static const char *const classes[STATUS_CLASSES] = {"gone", "1xx", "2xx", "3xx", "4xx", "5xx"};
    buf_puts(b, "# HELP campusd_http_answers_total Answers by status class.\n# TYPE "
                "campusd_http_answers_total counter\n");
    for (int i = 0; i < STATUS_CLASSES; i++)
        buf_printf(b, "campusd_http_answers_total{class=\"%s\"} %llu\n", classes[i],
                   (unsigned long long)atomic_load(&app->answers[i]));
    buf_printf(b, "# TYPE campusd_uptime_seconds gauge\ncampusd_uptime_seconds %lld\n",
               (long long)((clock_mono_ns() - app->started_ns) / 1000000000));
    buf_printf(b, "# TYPE campusd_ready gauge\ncampusd_ready %d\n", app_is_ready(app));
    if (!app_is_ready(app)) return;
    struct lane_stats ls;
    lane_stats(app->lane, &ls);
    buf_printf(b,
               "# TYPE campusd_lane_commits_total counter\ncampusd_lane_commits_total %llu\n"
               "# TYPE campusd_lane_jobs_total counter\ncampusd_lane_jobs_total %llu\n"
               "# TYPE campusd_lane_failed_total counter\ncampusd_lane_failed_total %llu\n"
               "# TYPE campusd_lane_queued gauge\ncampusd_lane_queued %zu\n"
               "# TYPE campusd_wal_bytes gauge\ncampusd_wal_bytes %llu\n",
               (unsigned long long)ls.commits, (unsigned long long)ls.jobs,
               (unsigned long long)ls.failed, ls.queued, (unsigned long long)ls.wal_bytes);
    if (app->deliver) {
        struct deliver_stats ds;
        deliver_stats(app->deliver, &ds);
        buf_printf(b,
                   "# TYPE campusd_deliveries_total counter\n"
                   "campusd_deliveries_total{end=\"done\"} %llu\n"
                   "campusd_deliveries_total{end=\"failed\"} %llu\n"
                   "campusd_deliveries_total{end=\"dead\"} %llu\n"
                   "# TYPE campusd_consumers gauge\ncampusd_consumers %d\n",
                   (unsigned long long)ds.done, (unsigned long long)ds.failed,
                   (unsigned long long)ds.dead, ds.consumers);
    }
    struct release *r = release_get();
    struct host_stats hs;
    pool_stats(r->pool, &hs);
    buf_printf(b,
               "# TYPE campusd_release gauge\ncampusd_release{id=\"%s\"} %lld\n"
               "# TYPE campusd_host_calls_total counter\ncampusd_host_calls_total %llu\n"
               "# TYPE campusd_host_failures_total counter\ncampusd_host_failures_total %llu\n"
               "# TYPE campusd_host_kills_total counter\ncampusd_host_kills_total %llu\n"
               "# TYPE campusd_host_children gauge\ncampusd_host_children %d\n"
               "# TYPE campusd_host_breakers_open gauge\ncampusd_host_breakers_open %d\n",
               r->id, (long long)r->number, (unsigned long long)hs.calls,
               (unsigned long long)hs.failures, (unsigned long long)hs.kills, hs.children,
               hs.breakers_open);
    release_put(r);
}
