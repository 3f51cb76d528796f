// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Positions, waiting events and dead letters. A row of core_delivery holds the whole event, so that
// the outbox can be purged while a dead letter still waits for someone to look at it.
#include "serve/deliver_rows.h"

#include <string.h>
#include "campus/json.h"
#include "campus/mem.h"

const char deliver_ddl[] =
    // of each share of the records, see deliver_share
    "CREATE TABLE IF NOT EXISTS core_delivery_position(consumer TEXT NOT NULL,"
    " part BIGINT NOT NULL DEFAULT 0, seq BIGINT NOT NULL, PRIMARY KEY(consumer, part)){clustered};"
    // due_at: -1 behind an earlier one of the record; dead_at: 0 while it waits
    "CREATE TABLE IF NOT EXISTS core_delivery(consumer TEXT NOT NULL, seq BIGINT NOT NULL,"
    " attempts BIGINT NOT NULL, due_at BIGINT NOT NULL, dead_at BIGINT NOT NULL,"
    " error TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, entity TEXT NOT NULL,"
    " record TEXT NOT NULL, rev BIGINT NOT NULL, at BIGINT NOT NULL, actor TEXT NOT NULL,"
    " request TEXT NOT NULL, release BIGINT NOT NULL, state TEXT,"
    " depth BIGINT NOT NULL, part BIGINT NOT NULL DEFAULT 0,"
    " PRIMARY KEY(consumer, seq)){clustered};"
    "CREATE INDEX IF NOT EXISTS i_delivery_due ON core_delivery(consumer, due_at)"
    " WHERE dead_at=0;"
    "CREATE INDEX IF NOT EXISTS i_delivery_record ON core_delivery(consumer, record, seq)"
    " WHERE dead_at=0;"
    "CREATE INDEX IF NOT EXISTS i_delivery_dead ON core_delivery(dead_at) WHERE dead_at>0;";

int deliver_share(const char *record) {
    uint32_t h = 2166136261; // FNV-1a
    for (; *record; record++) h = (h ^ (uint8_t)*record) * 16777619;
    return (int)((h ^ h >> 16) % DB_SHARES);
}

// Shares as digits, for SQL that asks whether a part is among them.
static void digits(uint32_t shares, char out[DB_SHARES + 1]) {
    for (int i = 0; i < DB_SHARES; i++)
        if (shares >> i & 1) *out++ = (char)('0' + i);
    *out = 0;
}
#define AMONG(argument) argument " LIKE '%' || part || '%'"

struct delivery *delivery_new(struct consumer *c, const struct event *e, int attempt) {
    const char *const from[] = {e->id,    e->type,    e->entity, e->record,
                                e->actor, e->request, e->state};
    size_t n = 0;
    for (int i = 0; i < 7; i++) n += from[i] ? strlen(from[i]) + 1 : 0;
    struct delivery *dl = mem_alloc(sizeof *dl + n);
    if (!dl) return NULL;
    dl->consumer = c;
    dl->event = *e;
    dl->attempt = attempt;
    const char **to[] = {&dl->event.id,    &dl->event.type,    &dl->event.entity, &dl->event.record,
                         &dl->event.actor, &dl->event.request, &dl->event.state};
    char *at = (char *)(dl + 1);
    for (int i = 0; i < 7; i++) {
        if (!from[i]) continue;
        size_t len = strlen(from[i]) + 1;
        memcpy(at, from[i], len);
        *to[i] = at;
        at += len;
    }
    return dl;
}

static enum err put(struct db *db, const struct delivery *dl, int64_t now, struct problem *p) {
    const struct event *e = &dl->event;
    bool parked = dl->end == DELIVERY_PARKED, dead = dl->end == DELIVERY_REFUSED;
    return db_run(db, p, NULL,
                  "INSERT INTO core_delivery(consumer,seq,attempts,due_at,dead_at,error,id,type,"
                  "entity,record,rev,at,actor,request,release,state,depth,part)"
                  " VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18)"
                  " ON CONFLICT(consumer,seq) DO UPDATE SET attempts=excluded.attempts,"
                  " due_at=excluded.due_at, dead_at=excluded.dead_at, error=excluded.error",
                  "tiiiitttttiittitii", dl->consumer->name, e->seq,
                  (int64_t)(parked ? dl->attempt - 1 : dl->attempt),
                  (int64_t)(parked || dead ? DUE_PARKED : dl->due_at), dead ? now : (int64_t)0,
                  dl->why, e->id, e->type, e->entity, e->record, e->rev, e->at, e->actor,
                  e->request, e->release, e->state, e->depth, (int64_t)deliver_share(e->record));
}

enum err delivery_write(struct db *db, const struct delivery *dl, int64_t now, struct problem *p) {
    const char *consumer = dl->consumer->name, *record = dl->event.record;
    enum err e = ERR_OK;
    if (dl->end == DELIVERY_DONE) {
        if (dl->stored)
            e = db_run(db, p, NULL, "DELETE FROM core_delivery WHERE consumer=$1 AND seq=$2", "ti",
                       consumer, dl->event.seq);
    } else
        e = put(db, dl, now, p);
    if (e || dl->end == DELIVERY_FAILED || dl->end == DELIVERY_PARKED) return e;
    return db_run(db, p, NULL,
                  "UPDATE core_delivery SET due_at=$1 WHERE consumer=$2 AND due_at<0 AND seq="
                  "(SELECT min(seq) FROM core_delivery WHERE consumer=$2 AND record=$3"
                  " AND dead_at=0)",
                  "itt", now, consumer, record);
}

// Never backwards: what is before a position may have been forgotten.
enum err position_write(struct db *db, const char *consumer, uint32_t shares, int64_t seq,
                        bool *there, struct problem *p) {
    int64_t n = 0;
    char parts[DB_SHARES + 1];
    digits(shares, parts);
    enum err e = db_run(db, p, &n,
                        "UPDATE core_delivery_position SET seq=CASE WHEN seq<$1 THEN $1 ELSE seq"
                        " END WHERE consumer=$2 AND " AMONG("$3"),
                        "itt", seq, consumer, parts);
    *there = n > 0;
    return e;
}

enum err position_read(struct db *db, struct consumer *c, uint32_t shares, bool *found,
                       struct problem *p) {
    struct stmt *st = db_query(
        db, p, "SELECT part,seq FROM core_delivery_position WHERE consumer=$1", "t", c->name);
    enum err e = ERR_OK;
    *found = false;
    c->cursor = INT64_MAX;
    while (stmt_next(st, &e, p)) {
        int64_t part = stmt_int(st, 0), seq = stmt_int(st, 1);
        *found = true;
        if (part < 0 || part >= DB_SHARES || !(shares >> part & 1)) continue;
        c->since[part] = seq;
        if (seq < c->cursor) c->cursor = seq;
    }
    return e;
}

enum err rows_due(struct db *db, struct consumer *c, uint32_t shares, int64_t now, int limit,
                  struct delivery **out, struct problem *p) {
    char parts[DB_SHARES + 1];
    digits(shares, parts);
    *out = NULL;
    struct delivery **tail = out;
    struct stmt *st = db_query(
        db, p,
        "SELECT seq,id,type,entity,record,rev,at,actor,request,release,state,attempts,depth"
        " FROM core_delivery d WHERE consumer=$1 AND dead_at=0"
        " AND ((due_at>=0 AND due_at<=$2) OR due_at>$3) AND " AMONG(
            "$4") " AND NOT EXISTS("
                  "SELECT 1 FROM core_delivery b WHERE b.consumer=$1 AND b.record=d.record"
                  " AND b.dead_at=0 AND b.seq<d.seq) ORDER BY due_at, seq LIMIT $5",
        "tiiti", c->name, now, now + DUE_TOO_FAR_MS, parts, (int64_t)limit);
    enum err e = ERR_OK;
    while (stmt_next(st, &e, p)) {
        struct event ev = {.seq = stmt_int(st, 0),
                           .id = stmt_text(st, 1, NULL),
                           .type = stmt_text(st, 2, NULL),
                           .entity = stmt_text(st, 3, NULL),
                           .record = stmt_text(st, 4, NULL),
                           .rev = stmt_int(st, 5),
                           .at = stmt_int(st, 6),
                           .actor = stmt_text(st, 7, NULL),
                           .request = stmt_text(st, 8, NULL),
                           .release = stmt_int(st, 9),
                           .state = stmt_text(st, 10, NULL),
                           .depth = stmt_int(st, 12)};
        struct delivery *dl = delivery_new(c, &ev, (int)stmt_int(st, 11) + 1);
        if (!dl) {
            stmt_reset(st);
            return problem_set(p, ERR_NOMEM, NULL);
        }
        dl->stored = true;
        *tail = dl;
        tail = &dl->next;
    }
    return e;
}

enum err rows_wait_for(struct db *db, const char *consumer, const struct event *e, bool *wait,
                       struct problem *p) {
    int64_t n = 0;
    enum err x = db_int(db, p, &n, 0,
                        "SELECT 1 FROM core_delivery WHERE consumer=$1 AND record=$2 AND seq<$3"
                        " AND dead_at=0 LIMIT 1",
                        "tti", consumer, e->record, e->seq);
    *wait = n > 0;
    return x;
}

enum err rows_have(struct db *db, const char *consumer, int64_t seq, bool *have,
                   struct problem *p) {
    int64_t n = 0;
    enum err e = db_int(db, p, &n, 0, "SELECT 1 FROM core_delivery WHERE consumer=$1 AND seq=$2",
                        "ti", consumer, seq);
    *have = n > 0;
    return e;
}

enum err rows_newest(struct db *db, const char *consumer, int64_t *seq, struct problem *p) {
    return db_int(db, p, seq, 0, "SELECT max(seq) FROM core_delivery WHERE consumer=$1", "t",
                  consumer);
}

enum err rows_next(struct db *db, const char *consumer, int64_t now, bool *any, int64_t *next,
                   struct problem *p) {
    int64_t n = 0;
    enum err e =
        db_int(db, p, &n, 0, "SELECT 1 FROM core_delivery WHERE consumer=$1 AND dead_at=0 LIMIT 1",
               "t", consumer);
    *any = n > 0;
    *next = 0;
    if (e || !*any) return e;
    return db_int(
        db, p, next, 0,
        "SELECT min(due_at) FROM core_delivery WHERE consumer=$1 AND dead_at=0 AND due_at>$2", "ti",
        consumer, now);
}

enum err deliver_begin(struct db *db, const char *consumer, struct problem *p) {
    int64_t newest = 0;
    enum err e = db_int(db, p, &newest, 0, "SELECT max(seq) FROM core_outbox", "");
    for (int64_t part = 0; part < DB_SHARES && !e; part++)
        e = db_send(db, p,
                    "INSERT INTO core_delivery_position(consumer,part,seq) VALUES($1,$2,$3)"
                    " ON CONFLICT(consumer,part) DO NOTHING",
                    "tii", consumer, part, newest);
    return e;
}

enum err deliver_forget(struct db *db, const char *consumer, struct problem *p) {
    enum err e =
        db_run(db, p, NULL, "DELETE FROM core_delivery_position WHERE consumer=$1", "t", consumer);
    return e ? e
             : db_run(db, p, NULL, "DELETE FROM core_delivery WHERE consumer=$1", "t", consumer);
}

enum err deliver_dead_json(struct db *db, const char *consumer, int limit, struct buf *out,
                           struct problem *p) {
    struct stmt *st = db_query(
        db, p,
        "SELECT consumer,seq,id,type,entity,record,attempts,dead_at,error FROM core_delivery"
        " WHERE dead_at>0 AND ($1='' OR consumer=$1) ORDER BY dead_at DESC, seq DESC LIMIT $2",
        "ti", consumer, (int64_t)limit);
    buf_puts(out, "{\"items\":[");
    enum err e = ERR_OK;
    while (stmt_next(st, &e, p)) {
        json_sep(out), buf_putc(out, '{');
        json_key(out, "id");
        buf_printf(out, "\"%s:%lld\"", stmt_text(st, 0, NULL), (long long)stmt_int(st, 1));
        stmt_json(st, "consumer seq# event type entity record attempts# died_at@ error", out);
        buf_putc(out, '}');
    }
    buf_puts(out, "]}");
    return e;
}

enum err deliver_replay(struct db *db, const char *consumer, int64_t seq, int64_t now, int64_t *n,
                        struct problem *p) {
    enum err e = db_run(db, p, n,
                        "UPDATE core_delivery SET dead_at=0, attempts=0, due_at=$1"
                        " WHERE consumer=$2 AND dead_at>0 AND ($3=0 OR seq=$3)",
                        "iti", now, consumer, seq);
    return e || *n ? e : problem_set(p, ERR_NOT_FOUND, NULL);
}

enum err deliver_discard(struct db *db, const char *consumer, int64_t seq, int64_t *n,
                         struct problem *p) {
    enum err e = db_run(
        db, p, n, "DELETE FROM core_delivery WHERE consumer=$1 AND dead_at>0 AND ($2=0 OR seq=$2)",
        "ti", consumer, seq);
    return e || *n ? e : problem_set(p, ERR_NOT_FOUND, NULL);
}

// The newest event stays: SQLite gives the next one the number after it.
enum err deliver_purge(struct db *db, int64_t before, int limit, int64_t *n, struct problem *p) {
    int64_t had = 0, newest = 0;
    enum err e = db_int(db, p, &newest, 0, "SELECT max(seq) FROM core_outbox", "");
    if (!e) e = db_int(db, p, &had, newest, "SELECT min(seq) FROM core_delivery_position", "");
    return e ? e
             : db_run(db, p, n,
                      "DELETE FROM core_outbox WHERE at<$1 AND seq<=$2 AND seq<$3 AND seq IN"
                      " (SELECT seq FROM core_outbox ORDER BY seq LIMIT $4)",
                      "iiii", before, had, newest, (int64_t)limit);
}
