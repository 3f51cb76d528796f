// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Several nodes on one database. Twice a second this one asks for its shares of what nobody asked
// for, which also tells the server that it lives, and looks at what the others have done.
#include "campus/share.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "campus/outbox.h"
#include "campus/people.h"
#include "campus/release.h"

enum { LOOK_MS = 500 };
struct share {
    struct share_config config;
    struct db *db;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool stop;
    int64_t newest, people; // as seen last
};

void share_people_changed(struct db *db, struct problem *p) {
    if (!db_has_nodes(db)) return;
    char key[32];
    snprintf(key, sizeof key, "people:%s", db_node(db));
    if (db_send(db, p,
                "INSERT INTO core_meta(key,value) VALUES($1,'1') ON CONFLICT(key)"
                " DO UPDATE SET value=CAST(CAST(core_meta.value AS BIGINT)+1 AS TEXT)",
                "t", key))
        log_error("share", "other nodes are not told of changed rights");
}

static enum err look(struct share *s, struct problem *p) {
    int64_t newest, people, release;
    char mine[32];
    snprintf(mine, sizeof mine, "people:%s", db_node(lane_db(s->config.lane)));
    enum err e = db_begin(s->db, p); // one moment of the database
    if (!e) e = outbox_newest(s->db, &newest, p);
    if (!e)
        e = db_int(s->db, p, &people, 0,
                   "SELECT sum(CAST(value AS BIGINT)) FROM core_meta WHERE key LIKE 'people:%'"
                   " AND key<>$1",
                   "t", mine);
    if (!e) e = release_active_number(s->db, &release, p);
    if (e) {
        db_rollback(s->db);
        return e;
    }
    e = db_commit(s->db, p);
    if (people != s->people) people_epoch_bump();
    s->people = people;
    if (newest != s->newest) s->config.news(s->config.self);
    s->newest = newest;
    s->config.release(s->config.self, release);
    return e;
}

static void *share_main(void *arg) {
    struct share *s = arg;
    for (;;) {
        struct timespec until = clock_in_ms(LOOK_MS);
        pthread_mutex_lock(&s->mutex);
        while (!s->stop && !pthread_cond_timedwait(&s->wake, &s->mutex, &until)) {
        }
        bool stop = s->stop;
        pthread_mutex_unlock(&s->mutex);
        if (stop) return NULL;
        struct arena *a = arena_new(1 << 20);
        struct problem p;
        if (!a) continue;
        problem_init(&p, a);
        uint32_t had = lane_held(s->config.lane);
        if (!lane_share(s->config.lane) && lane_held(s->config.lane) != had) {
            log_info("share", "shares of this node: %02x", lane_held(s->config.lane));
            s->config.news(s->config.self);
        }
        if (look(s, &p)) log_warn("share", "%s", p.detail ? p.detail : err_word(p.code));
        arena_free(a);
    }
}

enum err share_open(const struct share_config *c, struct share **out, struct problem *p) {
    *out = NULL;
    if (!db_has_nodes(lane_db(c->lane))) return ERR_OK;
    struct share *s = mem_need(sizeof *s);
    s->config = *c;
    pthread_mutex_init(&s->mutex, NULL);
    clock_cond_init(&s->wake);
    enum err e = db_open(c->storage, DB_READ, &s->db, p);
    if (!e && pthread_create(&s->thread, NULL, share_main, s)) {
        db_close(s->db);
        e = problem_set(p, ERR_INTERNAL, "cannot start what looks at other nodes");
    }
    if (e)
        mem_free(s);
    else
        *out = s;
    return e;
}

void share_close(struct share *s) {
    if (!s) return;
    pthread_mutex_lock(&s->mutex);
    s->stop = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->mutex);
    pthread_join(s->thread, NULL);
    db_close(s->db);
    pthread_mutex_destroy(&s->mutex);
    pthread_cond_destroy(&s->wake);
    mem_free(s);
}
