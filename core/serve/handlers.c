// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Handlers and schedules of plugins as consumers of events. The consumer only knows the plugin's
// name: which function runs is looked up in the release in force when the lane comes to it.
#include "campus/handlers.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include "campus/limits.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "campus/schedule.h"
#include "campus/services.h"
#include "campus/webhook.h"

const char handlers_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_handled(consumer TEXT NOT NULL, seq BIGINT NOT NULL,"
    " PRIMARY KEY(consumer, seq)){clustered};"
    // where a schedule whose work is done in slices goes on
    "CREATE TABLE IF NOT EXISTS core_schedule_cursor(name TEXT PRIMARY KEY,"
    " cursor TEXT NOT NULL){clustered};";

enum { AT_ONCE = 8, CLEAN_EVERY = 64, GONE_MAX = 64 };
static const char CONSUMER[] = "plugin:", SCHEDULE[] = "core.schedule";

struct listener {      // a plugin as a consumer
    struct consumer c; // first
    struct handlers *h;
    struct listener *next;
    const struct plugin *plugin; // of h->release
    char name[];                 // "plugin:NAME"
};
struct timer { // a schedule
    const char *type, *record;
    int64_t release;
};
struct handlers {
    struct handlers_config config;
    struct schedule *schedule;
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    int flying;
    // deliver thread
    struct release *release; // held
    struct arena *arena;     // timers of the release
    struct listener *listeners;
    bool again; // a listener is missing
    // lane thread
    unsigned calls;
};
struct call {            // one delivery on its way through the lane
    struct lane_job job; // first
    struct handlers *h;
    struct delivery *delivery;
    bool never; // a retry is no use
    bool moved; // it became another node's while it waited here
    char why[160];
};

bool handlers_fit(const struct plugin *pl, const struct schema *s, const struct event *e) {
    const struct entity *about = schema_entity_full(s, e->entity, strlen(e->entity));
    for (int i = 0; i < pl->non && about && plugin_reaches(pl, about); i++)
        if (webhook_fits(pl->on[i].name, e->type)) return true;
    return false;
}

static bool is_time(const struct event *e) {
    return !strcmp(e->entity, SCHEDULE);
}

// Times

static enum err due(void *self, const struct schedule_job *job, int64_t at, struct db *db,
                    struct problem *p) {
    const struct timer *t = job->self;
    (void)self;
    struct event e = {.type = t->type,
                      .entity = SCHEDULE,
                      .record = t->record,
                      .actor = "core",
                      .at = at,
                      .release = t->release};
    return outbox_add(db, &e, p);
}

static enum err set_times(struct handlers *h, const struct release *r) {
    struct arena *a = arena_new(1 << 20);
    if (!a) return ERR_NOMEM;
    int n = 0;
    for (int i = 0; i < r->schema->nplugins; i++) n += r->schema->plugins[i].nevery;
    struct schedule_job *jobs = arena_alloc(a, sizeof *jobs * (size_t)(n + 1));
    n = 0;
    for (int i = 0; i < r->schema->nplugins; i++) {
        const struct plugin *pl = &r->schema->plugins[i];
        for (int k = 0; k < pl->nevery; k++) {
            struct timer *t = arena_alloc(a, sizeof *t);
            t->record = arena_printf(a, "%s.%s", pl->name, pl->every[k].name);
            t->type = arena_printf(a, "%s.%s", SCHEDULE, t->record);
            t->release = r->number;
            jobs[n++] =
                (struct schedule_job){.name = arena_printf(a, "%s%s", CONSUMER, t->record),
                                      .cron = pl->every[k].cron,
                                      .tz = r->tz,
                                      .missed = pl->every[k].once ? MISSED_ONCE : MISSED_SKIP,
                                      .claim = due,
                                      .self = t};
        }
    }
    schedule_set(h->schedule, jobs, n);
    arena_free(h->arena); // what the old jobs borrowed
    h->arena = a;
    return ERR_OK;
}

// A call, on the lane

static const struct actor *actor_of(struct arena *a, const struct access *x, const char *plugin) {
    struct actor *who = arena_alloc(a, sizeof *who);
    who->id = who->name = arena_printf(a, "%s%s", CONSUMER, plugin);
    who->session = "";
    fieldset_add(&who->roles, 0); // what everyone is denied, it is denied too
    int role = access_role(x, arena_printf(a, "plugin.%s", plugin));
    if (role >= 0) access_role_closure(x, role, &who->roles);
    return who;
}

static enum err call_one(struct gate *g, const struct plugin *pl, const char *kind,
                         const char *name, int64_t depth, const struct buf *input,
                         json_t **result) {
    const struct policy_revision *policy = release_policy(g->release, pl, g->today);
    struct services s = {g, pl, 0, NULL};
    struct host_services services = services_of(&s);
    struct host_action act = {.plugin = pl->name,
                              .kind = kind,
                              .name = name,
                              .revision = policy ? policy->id : 0,
                              .input_json = input->data,
                              .wall_ms = HANDLER_WALL_MS,
                              .cpu_ms = HANDLER_CPU_MS};
    const char *text;
    size_t n;
    outbox_set_depth(depth + 1);
    enum err e =
        pool_action(g->release->pool, &act, &services, g->store.arena, &text, &n, g->store.problem);
    outbox_set_depth(0);
    return e ? e : json_parse(g->store.arena, text, n, result, g->store.problem);
}

static enum err on_event(struct gate *g, const struct plugin *pl, const struct event *e) {
    struct buf b;
    json_t *unused;
    enum err err = ERR_OK;
    buf_init(&b, g->store.arena);
    buf_putc(&b, '{');
    json_kv_str(&b, "id", e->id);
    json_kv_str(&b, "type", e->type);
    json_kv_str(&b, "entity", e->entity);
    json_kv_str(&b, "record", e->record);
    json_kv_int(&b, "rev", e->rev);
    if (e->state) json_kv_str(&b, "state", e->state);
    json_kv_str(&b, "actor", e->actor);
    json_kv_time(&b, "time", e->at);
    buf_putc(&b, '}');
    buf_str(&b);
    if (!handlers_fit(pl, g->release->schema, e)) return ERR_OK; // not any more
    for (int i = 0; i < pl->non && !err; i++)
        if (webhook_fits(pl->on[i].name, e->type))
            err = call_one(g, pl, "on", pl->on[i].name, e->depth, &b, &unused);
    return err;
}

// The next slice is an event of the same record, so it comes after this one and before nothing.
static enum err go_on(struct gate *g, const struct event *e, const json_t *cursor) {
    struct db *db = g->store.db;
    struct problem *p = g->store.problem;
    struct buf b;
    buf_init(&b, g->store.arena);
    if (cursor)
        json_dom(&b, cursor);
    else
        buf_puts(&b, "null");
    if (b.len > HANDLER_CURSOR_BYTES)
        return problem_set(p, ERR_TOO_LARGE, "the cursor is longer than %d bytes",
                           HANDLER_CURSOR_BYTES);
    enum err err = db_run(db, p, NULL,
                          "INSERT INTO core_schedule_cursor(name,cursor) VALUES($1,$2)"
                          " ON CONFLICT(name) DO UPDATE SET cursor=excluded.cursor",
                          "ts", e->record, b.data, b.len);
    struct event next = {.type = e->type,
                         .entity = SCHEDULE,
                         .record = e->record,
                         .actor = "core",
                         .rev = e->rev + 1,
                         .at = e->at,
                         .release = g->release->number};
    return err ? err : outbox_add(db, &next, p);
}

static enum err on_time(struct gate *g, const struct plugin *pl, const struct event *e) {
    struct db *db = g->store.db;
    struct arena *a = g->store.arena;
    struct problem *p = g->store.problem;
    const char *name = strchr(e->record, '.') + 1, *cursor = NULL;
    int64_t running = 0;
    bool known = false, row = false;
    for (int i = 0; i < pl->nevery; i++) known = known || !strcmp(pl->every[i].name, name);
    if (!known) return ERR_OK; // not any more
    enum err err = ERR_OK;
    if (!e->rev) {
        err = db_int(db, p, &running, 0,
                     "SELECT 1 FROM core_outbox WHERE seq>$1 AND entity=$2 AND record=$3 AND rev>0"
                     " LIMIT 1",
                     "itt", e->seq, SCHEDULE, e->record);
        if (running) log_warn("schedule", "%s is still at its last time", e->record);
        if (err || running) return err;
    } else {
        struct stmt *st = db_query(db, p, "SELECT cursor FROM core_schedule_cursor WHERE name=$1",
                                   "t", e->record);
        if (!st || stmt_step(st, &row, p)) return p->code;
        if (row) cursor = arena_strdup(a, stmt_text(st, 0, NULL));
        stmt_reset(st);
    }
    struct buf b;
    json_t *result = NULL;
    buf_init(&b, a);
    buf_putc(&b, '{');
    json_kv_time(&b, "due", e->at);
    json_kv_int(&b, "slice", e->rev + 1);
    if (cursor) json_key(&b, "cursor"), buf_puts(&b, cursor);
    buf_putc(&b, '}');
    buf_str(&b);
    err = call_one(g, pl, "every", name, e->depth, &b, &result);
    if (err) return err;
    const json_t *next = json_object_get(result, "cursor");
    if (next || json_is_true(json_object_get(result, "again"))) return go_on(g, e, next);
    return db_run(db, p, NULL, "DELETE FROM core_schedule_cursor WHERE name=$1", "t", e->record);
}

// Marks of events that cannot come again: before the position, and no retry waits.
static enum err clean(struct db *db, const char *consumer, struct problem *p) {
    return db_run(
        db, p, NULL,
        "DELETE FROM core_handled WHERE consumer=$1 AND seq<=COALESCE((SELECT min(seq)"
        " FROM core_delivery_position WHERE consumer=$1),seq) AND NOT EXISTS(SELECT 1 FROM"
        " core_delivery d WHERE d.consumer=$1 AND d.seq=core_handled.seq)",
        "t", consumer);
}

static enum err too_far(struct call *c, struct problem *p, const char *what) {
    c->never = true;
    return problem_set(p, ERR_CONFLICT, "%s", what);
}

static enum err handle(struct call *c, struct lane *lane, struct release *r, struct arena *a,
                       struct problem *p) {
    const struct event *e = &c->delivery->event;
    const char *consumer = c->delivery->consumer->name;
    const struct plugin *pl = schema_plugin(r->schema, consumer + sizeof CONSUMER - 1);
    struct db *db = lane_db(lane);
    int64_t done = 0;
    enum err err =
        db_int(db, p, &done, 0, "SELECT 1 FROM core_handled WHERE consumer=$1 AND seq=$2", "ti",
               consumer, e->seq);
    if (err || done || !pl) return err;
    if (!db_holds(db, deliver_share(e->record))) { // another node does it
        c->moved = true;
        return ERR_UNAVAILABLE;
    }
    if (e->depth >= LIMIT_EVENT_DEPTH)
        return too_far(c, p, "handlers have answered one another too often: a circle?");
    if (is_time(e) && e->rev >= LIMIT_SCHEDULE_SLICES)
        return too_far(c, p, "it asked to be called again too often");
    char *today = arena_alloc(a, 11);
    struct gate g = {.store = {db, c->h->config.keyring, a, r->school, p},
                     .release = r,
                     .actor = actor_of(a, r->access, pl->name),
                     .audit = lane_audit(lane),
                     .request = e->id,
                     .client = "",
                     .now = clock_now_ms(),
                     .today = today,
                     .lang = c->h->config.language};
    tz_date(r->tz, g.now, today);
    err = is_time(e) ? on_time(&g, pl, e) : on_event(&g, pl, e);
    if (!err)
        err = db_run(db, p, NULL, "INSERT INTO core_handled(consumer,seq) VALUES($1,$2)", "ti",
                     consumer, e->seq);
    if (!err && ++c->h->calls % CLEAN_EVERY == 0) err = clean(db, consumer, p);
    return err;
}

// For the list of dead letters and the log: where and what, never a text that plugin code put
// together, which may name a person.
static void say_why(struct call *c, enum err e, const struct problem *p) {
    const struct problem_item *it = p->first;
    if (e == ERR_RULE_REFUSED && it)
        snprintf(c->why, sizeof c->why, "refused: %s", it->word);
    else if (e == ERR_PLUGIN_FAILED && it && it->file) {
        const char *text = it->detail ? it->detail : "";
        bool ours = !strncmp(text, "attempt to ", 11) || !strncmp(text, "ctx:", 4);
        snprintf(c->why, sizeof c->why, "%s:%d: %s", it->file, it->line, ours ? text : it->word);
    } else
        snprintf(c->why, sizeof c->why, "%s", p->detail ? p->detail : err_word(e));
}

static enum err run(struct lane_job *job, struct lane *lane) {
    struct call *c = (struct call *)job;
    struct arena *a = arena_new(LIMIT_REQUEST_ARENA);
    struct release *r = release_get();
    struct problem p;
    enum err e = a && r ? ERR_OK : ERR_NOMEM;
    if (!e) {
        jmp_buf trap;
        problem_init(&p, a);
        jmp_buf *outer = arena_trap(a, &trap);
        e = setjmp(trap) ? ERR_NOMEM : handle(c, lane, r, a, &p);
        arena_trap(a, outer);
        outbox_set_depth(0);
        if (e) say_why(c, e, &p);
    }
    release_put(r);
    arena_free(a);
    return e;
}

static void done(struct lane_job *job, enum err e) {
    struct call *c = (struct call *)job;
    struct handlers *h = c->h;
    enum delivery_end end = !e ? DELIVERY_DONE
                            : !job->result || c->moved
                                ? DELIVERY_DROPPED // it is no failure of the handler
                            : c->never ? DELIVERY_REFUSED
                                       : DELIVERY_FAILED;
    deliver_end(c->delivery, end, 0, c->why);
    mem_free(c);
    pthread_mutex_lock(&h->mutex);
    h->flying--;
    pthread_cond_signal(&h->ended);
    pthread_mutex_unlock(&h->mutex);
}

// Consumer

static bool wants(struct consumer *c, const struct event *e) {
    const struct listener *l = (struct listener *)c;
    if (!is_time(e)) return handlers_fit(l->plugin, l->h->release->schema, e);
    size_t n = strlen(l->plugin->name);
    return !strncmp(e->record, l->plugin->name, n) && e->record[n] == '.';
}

static void send(struct consumer *c, struct delivery *dl) {
    struct listener *l = (struct listener *)c;
    struct handlers *h = l->h;
    struct call *call = mem_alloc(sizeof *call);
    if (!call) {
        deliver_end(dl, DELIVERY_DROPPED, 0, NULL);
        return;
    }
    // as bulk: people's requests go first, and one call goes with each batch of theirs
    *call = (struct call){.job = {.run = run, .done = done, .bulk = true}, .h = h, .delivery = dl};
    pthread_mutex_lock(&h->mutex);
    h->flying++;
    pthread_mutex_unlock(&h->mutex);
    if (!lane_submit(h->config.lane, &call->job)) done(&call->job, ERR_RATE);
}

static void drop(struct consumer *c) {
    mem_free(c);
}

// Source

static bool listens(const struct plugin *pl) {
    return pl->non || pl->nevery;
}

static enum err add(struct handlers *h, struct deliver *d, const struct plugin *pl,
                    struct problem *p) {
    size_t n = sizeof CONSUMER + strlen(pl->name);
    struct listener *l = mem_alloc(sizeof *l + n);
    if (!l) return problem_set(p, ERR_NOMEM, NULL);
    *l = (struct listener){.h = h, .plugin = pl};
    snprintf(l->name, n, "%s%s", CONSUMER, pl->name);
    l->c = (struct consumer){.name = l->name,
                             .at_once = AT_ONCE,
                             .fails_alone = true,
                             .wants = wants,
                             .send = send,
                             .drop = drop};
    enum err e = deliver_add(d, &l->c, p);
    if (e) return e;
    l->next = h->listeners;
    h->listeners = l;
    return ERR_OK;
}

static enum err refresh(void *self, struct deliver *d, struct db *db, struct problem *p) {
    (void)db;
    struct handlers *h = self;
    struct release *r = release_get();
    if (r == h->release && !h->again) {
        release_put(r);
        return ERR_OK;
    }
    enum err e = set_times(h, r);
    for (struct listener **at = &h->listeners, *l; (l = *at);) {
        l->plugin = schema_plugin(r->schema, l->name + sizeof CONSUMER - 1);
        if (l->plugin && listens(l->plugin)) {
            at = &l->next;
            continue;
        }
        *at = l->next;
        deliver_remove(d, &l->c);
    }
    for (int i = 0; i < r->schema->nplugins; i++) {
        const struct plugin *pl = &r->schema->plugins[i];
        const struct listener *l = h->listeners;
        while (l && l->plugin != pl) l = l->next;
        if (listens(pl) && !l && add(h, d, pl, p)) e = p->code;
    }
    release_put(h->release);
    h->release = r;
    h->again = e != ERR_OK;
    return e;
}

static void stop(void *self) {
    struct handlers *h = self;
    pthread_mutex_lock(&h->mutex);
    while (h->flying) pthread_cond_wait(&h->ended, &h->mutex);
    pthread_mutex_unlock(&h->mutex);
}

struct deliver_source handlers_source(struct handlers *h) {
    return (struct deliver_source){h, refresh, stop};
}

enum err handlers_open(const struct handlers_config *c, struct handlers **out, struct problem *p) {
    struct handlers *h = mem_need(sizeof *h);
    h->config = *c;
    pthread_mutex_init(&h->mutex, NULL);
    pthread_cond_init(&h->ended, NULL);
    *out = h;
    return schedule_open(c->storage, c->lane, &h->schedule, p);
}

void handlers_close(struct handlers *h) {
    if (!h) return;
    schedule_close(h->schedule);
    release_put(h->release);
    arena_free(h->arena);
    pthread_mutex_destroy(&h->mutex);
    pthread_cond_destroy(&h->ended);
    mem_free(h);
}

enum err handlers_begin(struct db *db, const struct schema *s, struct problem *p) {
    const char *gone[GONE_MAX];
    int n = 0;
    enum err e = ERR_OK;
    for (int i = 0; i < s->nplugins && !e; i++)
        if (listens(&s->plugins[i]))
            e = deliver_begin(db, arena_printf(p->arena, "%s%s", CONSUMER, s->plugins[i].name), p);
    if (e) return e;
    struct stmt *st = db_query(
        db, p,
        "SELECT DISTINCT consumer FROM core_delivery_position WHERE consumer LIKE 'plugin:%'", "");
    if (!st) return p->code;
    while (stmt_next(st, &e, p)) {
        const char *name = stmt_text(st, 0, NULL);
        const struct plugin *pl = schema_plugin(s, name + sizeof CONSUMER - 1);
        if ((!pl || !listens(pl)) && n < GONE_MAX) gone[n++] = arena_strdup(p->arena, name);
    }
    for (int i = 0; i < n && !e; i++) {
        e = db_run(db, p, NULL, "DELETE FROM core_delivery_position WHERE consumer=$1", "t",
                   gone[i]);
        if (!e) e = clean(db, gone[i], p);
    }
    return e;
}
