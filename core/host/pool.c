// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The core's side of the host: keeps children, leases one a call, counts its budget, kills it past
// that, and replaces it. One child more than asked for is kept warm, so a kill costs nobody a wait.
// The first child shows that children start and opens the pool; the others follow when they are
// missed, or when the start that waits for the pool is over.
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "host/jail.h"
#include "host/pool_internal.h"

enum { CHILDREN_MAX = 17, TOGETHER_MAX = 32, BREAKERS = 32, BREAK_AFTER = 3, OTHERS_MS = 300 };
static const int64_t BREAK_WINDOW_NS = 60000000000, BREAK_NS = 30000000000;

struct frame {
    struct frame *next;
    char type;
    struct buf payload;
}; // what every child must know
struct breaker {
    char name[96];
    int kills;
    int64_t first_ns, open_until_ns;
};
struct pool {
    pthread_mutex_t mutex;
    pthread_cond_t freed;
    struct host_limits limits;
    struct child children[CHILDREN_MAX];
    int size;
    bool closing, missed; // missed: somebody waits for a child
    pthread_t respawner;
    pthread_cond_t dead;
    struct frame head, *last; // head is no frame, so that there is always a last one
    struct breaker breakers[BREAKERS];
    _Atomic uint64_t calls, failures, kills, respawns;
    _Atomic int64_t rule_ns; // what a rule has lately cost a child
};

// Tells the child what it has not been told yet.
enum err pool_tell(struct pool *pool, struct child *c, const struct budget *b) {
    pthread_mutex_lock(&pool->mutex);
    struct frame *last = pool->last;
    pthread_mutex_unlock(&pool->mutex);
    enum err e = ERR_OK;
    while (!e && c->told != last) {
        c->told = c->told->next;
        e = child_send(c, c->told->type, &c->told->payload, b);
    }
    return e;
}

// Without a hello it is no child of ours.
static enum err greet(struct pool *pool, struct child *c) {
    struct budget b;
    enum err e = child_hello(c, pool->limits.weak_jail, &b);
    return e ? e : pool_tell(pool, c, &b);
}

static bool start(struct pool *pool, struct child *c) {
    bool ok = child_exec("host", &pool->limits, c);
    c->told = &pool->head;
    return ok;
}

static bool spawn(struct pool *pool, struct child *c) {
    if (!start(pool, c)) return false;
    if (!greet(pool, c)) return true;
    child_end(c);
    *c = (struct child){0};
    return false;
}

static void *respawn_main(void *arg) {
    struct pool *pool = arg;
    int others = 0; // that have never been there
    struct timespec until = clock_in_ms(OTHERS_MS);
    for (int i = 0; i < pool->size; i++) others += !pool->children[i].pid;
    pthread_mutex_lock(&pool->mutex);
    while (!pool->closing && !pool->missed)
        if (pthread_cond_timedwait(&pool->dead, &pool->mutex, &until)) break;
    while (!pool->closing) {
        struct child *gone = NULL;
        for (int i = 0; i < pool->size; i++)
            if (!pool->children[i].leased && !pool->children[i].pid) gone = &pool->children[i];
        if (!gone) {
            pthread_cond_wait(&pool->dead, &pool->mutex);
            continue;
        }
        gone->leased = true;
        pthread_mutex_unlock(&pool->mutex);
        struct child fresh = {0};
        bool ok = spawn(pool, &fresh);
        if (others)
            others--;
        else
            atomic_fetch_add(&pool->respawns, 1);
        if (!ok) {
            log_error("child_spawn_failed", "a plugin host does not start; trying again");
            nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
        }
        pthread_mutex_lock(&pool->mutex);
        if (ok) *gone = fresh;
        gone->leased = false;
        pthread_cond_broadcast(&pool->freed);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

void pool_add_frame(struct pool *pool, char type, struct buf *payload) {
    struct frame *f = mem_need(sizeof *f);
    *f = (struct frame){.type = type, .payload = *payload};
    pthread_mutex_lock(&pool->mutex);
    pool->last->next = f;
    pool->last = f;
    pthread_mutex_unlock(&pool->mutex);
}

static void free_pool(struct pool *pool) {
    for (struct frame *f = pool->head.next, *next; f; f = next) {
        next = f->next;
        buf_fini(&f->payload);
        mem_free(f);
    }
    pthread_mutex_destroy(&pool->mutex);
    pthread_cond_destroy(&pool->freed);
    pthread_cond_destroy(&pool->dead);
    mem_free(pool);
}

static struct pool *pool_new(const struct host_limits *limits, const struct host_plugin *plugins,
                             size_t count, int size) {
    struct pool *pool = mem_need(sizeof *pool);
    pool->limits = *limits;
    pool->size = size + 1 < CHILDREN_MAX ? size + 1 : CHILDREN_MAX;
    pool->last = &pool->head;
    pthread_mutex_init(&pool->mutex, NULL);
    clock_cond_init(&pool->freed);
    clock_cond_init(&pool->dead);
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
        pool_add_frame(pool, FRAME_SOURCES, &b);
    }
    return pool;
}

static enum err begin(struct pool *pool, bool ok, bool jailed, struct pool **out,
                      struct problem *p) {
    ok = ok && !pthread_create(&pool->respawner, NULL, respawn_main, pool);
    if (ok) return *out = pool, ERR_OK;
    child_end(&pool->children[0]);
    free_pool(pool);
    return problem_set(p, ERR_UNAVAILABLE,
                       jailed ? "cannot start a plugin host"
                              : "this kernel cannot jail a plugin host (Landlock and seccomp "
                                "are needed); --weak-jail goes on without");
}

enum err pool_open(const struct host_limits *limits, const struct host_plugin *plugins,
                   size_t count, int size, struct pool **out, struct problem *p) {
    struct pool *pool = pool_new(limits, plugins, count, size);
    struct child *first = &pool->children[0];
    bool ok = start(pool, first);
    enum err e = ok ? greet(pool, first) : ERR_OK;
    if (!e && first->weak)
        log_warn("weak_jail",
                 "the kernel lacks Landlock or seccomp: plugin hosts run in a weak jail");
    return begin(pool, ok && !e, e != ERR_UNAVAILABLE, out, p);
}

enum err pool_open_later(const struct host_limits *limits, const struct host_plugin *plugins,
                         size_t count, int size, struct pool **out, struct problem *p) {
    if (!jail_is_possible()) return pool_open(limits, plugins, count, size, out, p);
    return begin(pool_new(limits, plugins, count, size), true, true, out, p);
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
    for (int i = 0; i < pool->size; i++) child_end(&pool->children[i]);
    free_pool(pool);
}

struct child *pool_lease(struct pool *pool) {
    struct timespec until = clock_in_ms(2000 + pool->limits.wall_ms);
    pthread_mutex_lock(&pool->mutex);
    for (int late = 0; !late;) {
        for (int i = 0; i < pool->size; i++) {
            struct child *c = &pool->children[i];
            if (c->leased || !c->pid) continue;
            c->leased = true;
            pthread_mutex_unlock(&pool->mutex);
            return c;
        }
        pool->missed = true;
        pthread_cond_signal(&pool->dead);
        late = pthread_cond_timedwait(&pool->freed, &pool->mutex, &until);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

void pool_give_back(struct pool *pool, struct child *c, bool kill_it) {
    if (kill_it) child_end(c);
    pthread_mutex_lock(&pool->mutex);
    c->leased = false;
    if (kill_it) {
        *c = (struct child){0};
        pthread_cond_signal(&pool->dead);
    }
    pthread_cond_broadcast(&pool->freed);
    pthread_mutex_unlock(&pool->mutex);
}

// Under the mutex. NULL when it was never killed and may_make is not set.
static struct breaker *breaker_of(struct pool *pool, const char *name, bool may_make) {
    struct breaker *oldest = &pool->breakers[0];
    for (int i = 0; i < BREAKERS; i++) {
        if (!strncmp(pool->breakers[i].name, name, sizeof oldest->name - 1))
            return &pool->breakers[i];
        if (pool->breakers[i].first_ns < oldest->first_ns) oldest = &pool->breakers[i];
    }
    if (!may_make) return NULL;
    *oldest = (struct breaker){0};
    snprintf(oldest->name, sizeof oldest->name, "%s", name);
    return oldest;
}

bool pool_is_open(struct pool *pool, const char *name) {
    if (!atomic_load_explicit(&pool->kills, memory_order_relaxed)) return false;
    pthread_mutex_lock(&pool->mutex);
    const struct breaker *b = breaker_of(pool, name, false);
    bool open = b && b->open_until_ns > clock_mono_ns();
    pthread_mutex_unlock(&pool->mutex);
    return open;
}

void pool_count_kill(struct pool *pool, const char *name) {
    int64_t now = clock_mono_ns();
    atomic_fetch_add(&pool->kills, 1);
    pthread_mutex_lock(&pool->mutex);
    struct breaker *b = breaker_of(pool, name, true);
    if (now - b->first_ns > BREAK_WINDOW_NS) b->kills = 0, b->first_ns = now;
    bool opens = ++b->kills >= BREAK_AFTER;
    if (opens) b->open_until_ns = now + BREAK_NS;
    pthread_mutex_unlock(&pool->mutex);
    if (opens)
        log_error("plugin_breaker", "%s was killed %d times in a minute: refused for 30 s", name,
                  BREAK_AFTER);
}

const struct host_limits *pool_limits(const struct pool *pool) {
    return &pool->limits;
}

// Of several threads one may overwrite another's news: it is an estimate.
void pool_spent(struct pool *pool, size_t rules, int64_t ns) {
    int64_t now = ns / (int64_t)rules, before = atomic_load(&pool->rule_ns);
    atomic_store(&pool->rule_ns, before ? before + (now - before) / 4 : now);
}

size_t pool_together(const struct pool *pool) {
    int64_t each = atomic_load(&pool->rule_ns), all = pool->limits.cpu_ms * 1000000 / 4;
    return each && all / each < TOGETHER_MAX ? (size_t)(all / each) : TOGETHER_MAX;
}

void pool_count(struct pool *pool, bool failed) {
    atomic_fetch_add(failed ? &pool->failures : &pool->calls, 1);
}

void pool_stats(struct pool *pool, struct host_stats *out) {
    *out = (struct host_stats){.calls = pool->calls,
                               .failures = pool->failures,
                               .kills = pool->kills,
                               .respawns = pool->respawns};
    pthread_mutex_lock(&pool->mutex);
    for (int i = 0; i < pool->size; i++) out->children += pool->children[i].pid > 0;
    for (int i = 0; i < BREAKERS; i++)
        out->breakers_open += pool->breakers[i].open_until_ns > clock_mono_ns();
    pthread_mutex_unlock(&pool->mutex);
}
