// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The core's side of the host: spawns children, leases one a call, counts its budget, kills it past
// that, and replaces it. One child more than asked for is kept warm, so a kill costs nobody a wait.
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/host.h"
#include "campus/json.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "host/wire.h"

enum { CHILDREN_MAX = 17, BREAKERS = 32, BREAK_AFTER = 3 };
static const int64_t BREAK_WINDOW_NS = 60000000000, BREAK_NS = 30000000000;

struct child { pid_t pid; int fd; clockid_t cpu; bool leased; size_t told; };
struct frame { struct frame *next; char type; struct buf payload; };     // what every child must know
struct breaker { char name[96]; int kills; int64_t first_ns, open_until_ns; };
struct pool {
    pthread_mutex_t mutex;
    pthread_cond_t freed;
    struct host_limits limits;
    struct child children[CHILDREN_MAX];
    int size;
    bool closing, respawning;
    pthread_t respawner;
    pthread_cond_t dead;
    struct frame *first, **tail;
    size_t frames;
    struct breaker breakers[BREAKERS];
    _Atomic uint64_t calls, failures, kills, respawns;
};

static bool spawn(struct pool *pool, struct child *c) {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds)) return false;
    posix_spawn_file_actions_t fa;
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, fds[1], 3);
    posix_spawn_file_actions_addclosefrom_np(&fa, 4);
    char memory[32], *argv[] = {"campusd", "--child", "host", memory, pool->limits.weak_jail ? "weak" : "strict", NULL};
    char *envp[] = {NULL};
    snprintf(memory, sizeof memory, "%lld", (long long)pool->limits.memory);
    posix_spawnattr_t attr;
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    int rc = posix_spawn(&c->pid, "/proc/self/exe", &fa, &attr, argv, envp);
    posix_spawn_file_actions_destroy(&fa);
    posix_spawnattr_destroy(&attr);
    close(fds[1]);
    if (rc || clock_getcpuclockid(c->pid, &c->cpu)) {
        close(fds[0]);
        return false;
    }
    c->fd = fds[0];
    c->told = 0;
    // a child that stops in the middle of a frame, or never reads, cannot hold a call longer than this
    struct timeval t = {pool->limits.wall_ms / 1000, pool->limits.wall_ms % 1000 * 1000};
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
    return true;
}

static void end_child(struct child *c) {
    if (c->pid <= 0) return;
    kill(c->pid, SIGKILL);
    close(c->fd);
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR) {}
    c->pid = 0;
}

static void *respawn_main(void *arg) {
    struct pool *pool = arg;
    pthread_mutex_lock(&pool->mutex);
    while (!pool->closing) {
        struct child *gone = NULL;
        for (int i = 0; i < pool->size; i++)
            if (!pool->children[i].pid && !pool->children[i].leased) gone = &pool->children[i];
        if (!gone) {
            pthread_cond_wait(&pool->dead, &pool->mutex);
            continue;
        }
        gone->leased = true;
        pthread_mutex_unlock(&pool->mutex);
        struct child fresh = {0};
        bool ok = spawn(pool, &fresh);
        atomic_fetch_add(&pool->respawns, 1);
        if (!ok) {
            log_error("child_spawn_failed", "%s", strerror(errno));
            nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
        }
        pthread_mutex_lock(&pool->mutex);
        if (ok) *gone = fresh;
        gone->leased = false;
        pthread_cond_signal(&pool->freed);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

static void add_frame(struct pool *pool, char type, struct buf *payload) {
    struct frame *f = mem_need(sizeof *f);
    *f = (struct frame){.type = type, .payload = *payload};
    pthread_mutex_lock(&pool->mutex);
    *pool->tail = f;
    pool->tail = &f->next;
    pool->frames++;
    pthread_mutex_unlock(&pool->mutex);
}

enum err pool_open(const struct host_limits *limits, const struct host_plugin *plugins, size_t count, int size,
                   struct pool **out, struct problem *p) {
    struct pool *pool = mem_need(sizeof *pool);
    pool->limits = *limits;
    pool->size = size + 1 < CHILDREN_MAX ? size + 1 : CHILDREN_MAX;
    pool->tail = &pool->first;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->freed, NULL);
    pthread_cond_init(&pool->dead, NULL);
    for (size_t i = 0; i < count; i++) {
        struct buf b;
        buf_init(&b, NULL);
        wire_put_open(&b, WIRE_LIST, 2);
        wire_put_text(&b, plugins[i].name, strlen(plugins[i].name));
        wire_put_open(&b, WIRE_MAP, (uint32_t)plugins[i].count);
        for (size_t k = 0; k < plugins[i].count; k++) {
            wire_put_text(&b, plugins[i].files[k].path, strlen(plugins[i].files[k].path));
            wire_put_text(&b, plugins[i].files[k].text, plugins[i].files[k].n);
        }
        add_frame(pool, FRAME_SOURCES, &b);
    }
    bool ok = true;
    for (int i = 0; i < pool->size && ok; i++) ok = spawn(pool, &pool->children[i]);
    ok = ok && !pthread_create(&pool->respawner, NULL, respawn_main, pool);
    if (!ok) {
        for (int i = 0; i < pool->size; i++) end_child(&pool->children[i]);
        mem_free(pool);
        return problem_set(p, ERR_INTERNAL, "cannot start a plugin host: %s", strerror(errno));
    }
    *out = pool;
    return ERR_OK;
}

void pool_close(struct pool *pool) {
    if (!pool) return;
    pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    for (bool busy = true; busy;) {
        busy = false;
        for (int i = 0; i < pool->size; i++) busy |= pool->children[i].leased;
        if (busy) pthread_cond_wait(&pool->freed, &pool->mutex);
    }
    pthread_cond_signal(&pool->dead);
    pthread_mutex_unlock(&pool->mutex);
    pthread_join(pool->respawner, NULL);
    for (int i = 0; i < pool->size; i++) end_child(&pool->children[i]);
    for (struct frame *f = pool->first, *next; f; f = next) {
        next = f->next;
        buf_fini(&f->payload);
        mem_free(f);
    }
    pthread_mutex_destroy(&pool->mutex);
    pthread_cond_destroy(&pool->freed);
    pthread_cond_destroy(&pool->dead);
    mem_free(pool);
}

static struct child *lease(struct pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        for (int i = 0; i < pool->size; i++) {
            struct child *c = &pool->children[i];
            if (!c->pid || c->leased) continue;
            c->leased = true;
            pthread_mutex_unlock(&pool->mutex);
            return c;
        }
        pthread_cond_wait(&pool->freed, &pool->mutex);
    }
}

static void give_back(struct pool *pool, struct child *c, bool kill_it) {
    if (kill_it) end_child(c);
    pthread_mutex_lock(&pool->mutex);
    c->leased = false;
    if (kill_it) pthread_cond_signal(&pool->dead);
    pthread_cond_broadcast(&pool->freed);
    pthread_mutex_unlock(&pool->mutex);
}

static int64_t cpu_ns(const struct child *c) {
    struct timespec t;
    return clock_gettime(c->cpu, &t) ? 0 : (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// Waits for the answer within both budgets.
static enum err await(struct pool *pool, struct child *c) {
    int64_t start = clock_mono_ns(), cpu_start = -1;
    for (;;) {
        int64_t spent = (clock_mono_ns() - start) / 1000000, left = pool->limits.wall_ms - spent;
        if (left <= 0) return ERR_PLUGIN_BUDGET;
        int wait = cpu_start < 0 ? 5 : 10;
        struct pollfd pf = {.fd = c->fd, .events = POLLIN};
        int n = poll(&pf, 1, wait < left ? wait : (int)left);
        if (n > 0) return pf.revents & POLLIN ? ERR_OK : ERR_PLUGIN_FAILED;
        if (n < 0 && errno != EINTR) return ERR_INTERNAL;
        int64_t now = cpu_ns(c);
        if (cpu_start < 0) cpu_start = now - 5000000;
        else if (now - cpu_start > pool->limits.cpu_ms * 1000000) return ERR_PLUGIN_BUDGET;
    }
}

static struct breaker *breaker_of(struct pool *pool, const char *name) {
    struct breaker *oldest = &pool->breakers[0];
    for (int i = 0; i < BREAKERS; i++) {
        if (!strcmp(pool->breakers[i].name, name)) return &pool->breakers[i];
        if (pool->breakers[i].first_ns < oldest->first_ns) oldest = &pool->breakers[i];
    }
    *oldest = (struct breaker){0};
    snprintf(oldest->name, sizeof oldest->name, "%s", name);
    return oldest;
}

static bool is_open(struct pool *pool, const char *name) {
    pthread_mutex_lock(&pool->mutex);
    bool open = breaker_of(pool, name)->open_until_ns > clock_mono_ns();
    pthread_mutex_unlock(&pool->mutex);
    return open;
}

static void count_kill(struct pool *pool, const char *name) {
    int64_t now = clock_mono_ns();
    atomic_fetch_add(&pool->kills, 1);
    pthread_mutex_lock(&pool->mutex);
    struct breaker *b = breaker_of(pool, name);
    if (now - b->first_ns > BREAK_WINDOW_NS) b->kills = 0, b->first_ns = now;
    bool opens = ++b->kills >= BREAK_AFTER;
    if (opens) b->open_until_ns = now + BREAK_NS;
    pthread_mutex_unlock(&pool->mutex);
    if (opens) log_error("plugin_breaker", "%s was killed %d times in a minute: refused for 30 s", name, BREAK_AFTER);
}

// Items of the form {file, line, word, text}, or one text.
static enum err child_error(const struct wire *w, struct arena *a, struct problem *p) {
    const struct wire *items = wire_get(w, "items");
    for (const struct wire *it = items ? items->first : NULL; it; it = it->next) {
        const char *file = wire_str(a, it, "file"), *word = wire_str(a, it, "word"), *text = wire_str(a, it, "text");
        const struct wire *line = wire_get(it, "line");
        problem_at(p, file ? file : "?", line && line->tag == WIRE_INT ? (int)line->i : 0, 1, word ? word : "lua", "%s",
                   text ? text : "");
    }
    return problem_set(p, ERR_PLUGIN_FAILED, NULL);
}

static enum err call(struct pool *pool, const char *name, char type, const struct buf *request, struct arena *a,
                     struct wire **answer, struct problem *p) {
    if (is_open(pool, name)) return problem_set(p, ERR_PLUGIN_BUDGET, "%s has used up its budget too often; try again shortly", name);
    atomic_fetch_add(&pool->calls, 1);
    struct child *c = lease(pool);
    enum err e = ERR_OK;
    uint8_t *data = NULL;
    size_t n = 0;
    char got = 0;
    pthread_mutex_lock(&pool->mutex);
    size_t frames = pool->frames;
    struct frame *f = pool->first;
    pthread_mutex_unlock(&pool->mutex);
    bool ok = true;
    for (size_t i = 0; i < frames && ok; i++, f = f->next)
        if (i >= c->told) ok = wire_send(c->fd, f->type, &f->payload);
    c->told = frames;
    if (!ok || !wire_send(c->fd, type, request)) e = ERR_PLUGIN_FAILED;
    if (!e) e = await(pool, c);
    if (!e && (!wire_recv(c->fd, &got, &data, &n) || (got != FRAME_OK && got != FRAME_ERROR))) e = ERR_PLUGIN_FAILED;
    uint8_t *copy = NULL;
    if (!e) copy = (uint8_t *)arena_strndup(a, (char *)data, n);
    if (!e && !wire_decode(a, copy, n, answer)) e = ERR_PLUGIN_FAILED;
    if (e) count_kill(pool, name);
    give_back(pool, c, e != ERR_OK);
    mem_free(data);
    if (e == ERR_PLUGIN_BUDGET) return problem_set(p, e, "%s ran past its budget and was stopped", name);
    if (e) return problem_set(p, e, "%s: the plugin host failed", name);
    if (got != FRAME_ERROR) return ERR_OK;
    atomic_fetch_add(&pool->failures, 1);
    return child_error(*answer, a, p);
}

enum err pool_declare(struct pool *pool, const char *plugin, struct arena *a, const char **json, size_t *n,
                      struct problem *p) {
    struct buf b, out;
    struct wire *w;
    buf_init(&b, a), buf_init(&out, a);
    wire_put_text(&b, plugin, strlen(plugin));
    enum err e = call(pool, plugin, FRAME_DECLARE, &b, a, &w, p);
    if (e) return e;
    wire_to_json(w, &out);
    *json = buf_str(&out);
    *n = out.len;
    return ERR_OK;
}

enum err pool_policy(struct pool *pool, const char *plugin, int64_t revision, const char *json, size_t n,
                     struct problem *p) {
    struct arena *a = arena_new(16 << 20);
    json_t *j;
    enum err e = a ? json_parse(a, json, n, &j, p) : ERR_NOMEM;
    if (!e) {
        struct buf b;
        buf_init(&b, NULL);
        wire_put_open(&b, WIRE_LIST, 3);
        wire_put_text(&b, plugin, strlen(plugin));
        wire_put_int(&b, revision);
        wire_put_json(&b, j);
        add_frame(pool, FRAME_POLICY, &b);
    }
    arena_free(a);
    return e;
}

static void put_value(struct buf *b, struct arena *a, const struct value *v) {
    json_t *j;
    switch (v->kind) {
    case VALUE_NULL: case VALUE_BLOB: wire_put_nil(b); break;
    case VALUE_BOOL: wire_put_bool(b, v->i != 0); break;
    case VALUE_INT: wire_put_int(b, v->i); break;
    case VALUE_TEXT: wire_put_text(b, v->p, v->n); break;
    case VALUE_JSON:
        if (json_parse(a, v->p, v->n, &j, NULL)) wire_put_nil(b);
        else wire_put_json(b, j);
        break;
    }
}

static struct value value_of(const struct wire *w) {
    if (!w) return value_null();
    switch (w->tag) {
    case WIRE_TRUE: case WIRE_FALSE: return value_bool(w->tag == WIRE_TRUE);
    case WIRE_INT: return value_int(w->i);
    case WIRE_TEXT: return value_textn(w->p, w->n);
    default: return value_null();
    }
}

enum err pool_rule(struct pool *pool, const struct host_rule *r, struct arena *a, struct host_decision *out,
                   struct problem *p) {
    struct buf b;
    struct wire *w;
    buf_init(&b, a);
    wire_put_open(&b, WIRE_LIST, 5);
    wire_put_text(&b, r->plugin, strlen(r->plugin));
    wire_put_text(&b, r->rule, strlen(r->rule));
    wire_put_int(&b, r->revision);
    wire_put_text(&b, r->as_of, strlen(r->as_of));
    wire_put_open(&b, WIRE_MAP, (uint32_t)r->count);
    for (size_t i = 0; i < r->count; i++) {
        wire_put_text(&b, r->fields[i].name, strlen(r->fields[i].name));
        put_value(&b, a, &r->fields[i].value);
    }
    const char *name = arena_printf(a, "%s.%s", r->plugin, r->rule);
    enum err e = call(pool, name, FRAME_RULE, &b, a, &w, p);
    if (e) return e;
    if (w->tag != WIRE_LIST || w->count > 1000) return problem_set(p, ERR_PLUGIN_FAILED, "%s: not a decision", name);
    struct host_reason *reasons = arena_alloc(a, sizeof *reasons * (w->count + 1));
    *out = (struct host_decision){.pass = true, .reasons = reasons, .count = w->count};
    for (const struct wire *it = w->first; it; it = it->next, reasons++) {
        const struct wire *ok = wire_get(it, "ok");
        *reasons = (struct host_reason){.ok = ok && ok->tag == WIRE_TRUE, .code = wire_str(a, it, "code"),
                                        .at = wire_str(a, it, "at"), .policy = wire_str(a, it, "policy"),
                                        .have = value_of(wire_get(it, "have")), .want = value_of(wire_get(it, "want")),
                                        .text = wire_str(a, it, "text")};
        if (!reasons->code) return problem_set(p, ERR_PLUGIN_FAILED, "%s: a reason without a code", name);
        out->pass &= reasons->ok;
    }
    return ERR_OK;
}

void pool_stats(struct pool *pool, struct host_stats *out) {
    *out = (struct host_stats){.calls = pool->calls, .failures = pool->failures, .kills = pool->kills, .respawns = pool->respawns};
    pthread_mutex_lock(&pool->mutex);
    for (int i = 0; i < pool->size; i++) out->children += pool->children[i].pid > 0;
    for (int i = 0; i < BREAKERS; i++) out->breakers_open += pool->breakers[i].open_until_ns > clock_mono_ns();
    pthread_mutex_unlock(&pool->mutex);
}
