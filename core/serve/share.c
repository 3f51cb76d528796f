// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Several nodes on one database. Twice a second this one asks for its shares of what nobody asked
// for, which also tells the server that it lives, and looks at what the others have done.
#include "campus/share.h"

#include <stdio.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "campus/outbox.h"
#include "campus/people.h"
#include "campus/release.h"
#include "campus/rounds.h"

enum { LOOK_MS = 500 };
struct share {
    struct share_config config;
    struct rounds *rounds;
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

static enum err see_others(struct share *s, struct db *db, struct problem *p) {
    int64_t newest, people, release;
    char mine[32];
    snprintf(mine, sizeof mine, "people:%s", db_node(lane_db(s->config.lane)));
    enum err e = db_begin(db, p); // one moment of the database
    if (!e) e = outbox_newest(db, &newest, p);
    if (!e)
        e = db_int(db, p, &people, 0,
                   "SELECT sum(CAST(value AS BIGINT)) FROM core_meta WHERE key LIKE 'people:%'"
                   " AND key<>$1",
                   "t", mine);
    if (!e) e = release_active_number(db, &release, p);
    if (e) {
        db_rollback(db);
        return e;
    }
    e = db_commit(db, p);
    if (people != s->people) people_epoch_bump();
    s->people = people;
    if (newest != s->newest) s->config.news(s->config.self);
    s->newest = newest;
    s->config.release(s->config.self, release);
    return e;
}

static enum err look(void *self, struct db *db, int64_t *again_ms, struct problem *p) {
    struct share *s = self;
    uint32_t had = lane_held(s->config.lane);
    *again_ms = LOOK_MS;
    if (!lane_share(s->config.lane) && lane_held(s->config.lane) != had) {
        log_info("share", "shares of this node: %02x", lane_held(s->config.lane));
        s->config.news(s->config.self);
    }
    return see_others(s, db, p);
}

enum err share_open(const struct share_config *c, struct share **out, struct problem *p) {
    *out = NULL;
    if (!db_has_nodes(lane_db(c->lane))) return ERR_OK;
    struct share *s = mem_need(sizeof *s);
    *s = (struct share){.config = *c};
    struct rounds_config rc = {"share", c->storage, look, s, LOOK_MS};
    enum err e = rounds_open(&rc, &s->rounds, p);
    if (e)
        mem_free(s);
    else
        *out = s;
    return e;
}

void share_close(struct share *s) {
    if (!s) return;
    rounds_close(s->rounds);
    mem_free(s);
}
