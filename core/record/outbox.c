// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The outbox: thin events beside the change they tell of.
#include "campus/outbox.h"

#include <stdio.h>
#include "campus/id.h"
#include "campus/json.h"
#include "campus/mem.h"

const char outbox_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_outbox(seq {serial}, id TEXT NOT NULL, type TEXT NOT NULL,"
    " entity TEXT NOT NULL, record TEXT NOT NULL, rev BIGINT NOT NULL, at BIGINT NOT NULL,"
    " actor TEXT NOT NULL, request TEXT NOT NULL, release BIGINT NOT NULL, state TEXT,"
    " depth BIGINT NOT NULL);";

// Whatever publishes an event while a handler runs on this thread need not know of it.
static _Thread_local int64_t depth;
void outbox_set_depth(int64_t d) {
    depth = d;
}

enum err outbox_add(struct db *db, struct event *e, struct problem *p) {
    char *id = arena_alloc(p->arena, ID_LEN + 1);
    id_new(id);
    e->id = id;
    e->depth = depth;
    // no RETURNING: it makes SQLite journal the statement, a tenth of a whole request's time
    return db_send(
        db, p,
        "INSERT INTO core_outbox(id,type,entity,record,rev,at,actor,request,release,state,depth)"
        " VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)",
        "ttttiittiti", id, e->type, e->entity, e->record, e->rev, e->at, e->actor,
        e->request ? e->request : "", e->release, e->state, e->depth);
}

enum err outbox_newest(struct db *db, int64_t *seq, struct problem *p) {
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT max(seq) FROM core_outbox WHERE %s", db_settled(db));
    return db_int(db, p, seq, 0, sql, "");
}

enum err outbox_read(struct db *db, int64_t after, int limit, struct arena *a,
                     void (*fn)(void *, const struct event *), void *self, int *n, bool *held,
                     struct problem *p) {
    struct stmt *st = db_query(
        db, p,
        arena_printf(a,
                     "SELECT seq,id,type,entity,record,rev,at,actor,request,release,state,depth,"
                     "CASE WHEN %s THEN 0 ELSE 1 END FROM core_outbox WHERE seq>$1"
                     " ORDER BY seq LIMIT $2",
                     db_settled(db)),
        "ii", after, (int64_t)limit);
    enum err e = ERR_OK;
    bool later = false;
    for (*n = 0; !later && stmt_next(st, &e, p); *n += !later) {
        struct event ev;
        stmt_take(st, a, "ittttiittiti?", &ev.seq, &ev.id, &ev.type, &ev.entity, &ev.record,
                  &ev.rev, &ev.at, &ev.actor, &ev.request, &ev.release, &ev.state, &ev.depth,
                  &later);
        if (!later) fn(self, &ev);
    }
    if (later) stmt_reset(st);
    if (held) *held = later;
    return e;
}

void outbox_cloudevent(const struct event *e, const char *school, struct buf *b) {
    buf_puts(b, "{\"specversion\":\"1.0\"");
    json_kv_str(b, "id", e->id);
    json_key(b, "source"), buf_puts(b, "\"urn:campusd:"), buf_puts(b, school), buf_putc(b, '"');
    json_kv_str(b, "type", e->type);
    json_key(b, "subject"), buf_printf(b, "\"%s/%s\"", e->entity, e->record);
    json_kv_time(b, "time", e->at);
    json_key(b, "data"), buf_putc(b, '{');
    json_kv_str(b, "record", e->record);
    json_kv_int(b, "rev", e->rev);
    json_kv_str(b, "state", e->state);
    json_kv_int(b, "release", e->release);
    buf_puts(b, "}}");
}
