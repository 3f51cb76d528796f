// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A thread that looks again and again.
#include "campus/rounds.h"

#include <pthread.h>
#include "campus/clock.h"
#include "campus/log.h"
#include "campus/mem.h"

enum { AGAIN_MS = 1000 }; // after a failure

struct rounds {
    struct rounds_config config;
    struct db *db; // the thread's
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool stop, woken;
};

// False when it shall end.
static bool wait_for(struct rounds *r, int64_t ms) {
    struct timespec until = clock_in_ms(ms);
    pthread_mutex_lock(&r->mutex);
    while (!r->stop && !r->woken && !pthread_cond_timedwait(&r->wake, &r->mutex, &until)) {
    }
    r->woken = false;
    bool stop = r->stop;
    pthread_mutex_unlock(&r->mutex);
    return !stop;
}

static void *rounds_main(void *arg) {
    struct rounds *r = arg;
    for (int64_t ms = r->config.first_ms; wait_for(r, ms);) {
        ms = AGAIN_MS;
        struct arena *a = arena_new(1 << 20);
        struct problem p;
        if (!a) continue;
        problem_init(&p, a);
        enum err e = r->db ? ERR_OK : db_open(r->config.storage, DB_READ, &r->db, &p);
        if (!e) e = r->config.look(r->config.self, r->db, &ms, &p);
        if (e) log_warn(r->config.name, "%s", p.detail ? p.detail : err_word(e));
        arena_free(a);
    }
    return NULL;
}

enum err rounds_open(const struct rounds_config *c, struct rounds **out, struct problem *p) {
    struct rounds *r = mem_need(sizeof *r);
    *r = (struct rounds){.config = *c};
    pthread_mutex_init(&r->mutex, NULL);
    clock_cond_init(&r->wake);
    if (pthread_create(&r->thread, NULL, rounds_main, r)) {
        mem_free(r);
        return problem_set(p, ERR_INTERNAL, "cannot start a thread: %s", c->name);
    }
    pthread_setname_np(r->thread, c->name);
    *out = r;
    return ERR_OK;
}

static void tell(struct rounds *r, bool stop) {
    pthread_mutex_lock(&r->mutex);
    r->stop = stop;
    r->woken = true;
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->mutex);
}

void rounds_wake(struct rounds *r) {
    tell(r, false);
}

void rounds_close(struct rounds *r) {
    if (!r) return;
    tell(r, true);
    pthread_join(r->thread, NULL);
    if (r->db) db_close(r->db);
    pthread_mutex_destroy(&r->mutex);
    pthread_cond_destroy(&r->wake);
    mem_free(r);
}
