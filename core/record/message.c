// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The rows of messages, of refused topics and of people's addresses.
#include "campus/message.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include "campus/id.h"
#include "campus/mem.h"
#include "record/store_sql.h"

static _Atomic bool news;
bool message_has_news(void) {
    return atomic_load(&news) && atomic_exchange(&news, false);
}

const char message_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_message(id TEXT PRIMARY KEY, plugin TEXT NOT NULL,"
    " name TEXT NOT NULL, channel TEXT NOT NULL, target TEXT NOT NULL, entity TEXT NOT NULL,"
    " record TEXT NOT NULL, owner TEXT NOT NULL, generation BIGINT NOT NULL, state TEXT NOT NULL,"
    " reason TEXT NOT NULL, attempts BIGINT NOT NULL, due_at BIGINT NOT NULL, at BIGINT NOT NULL,"
    " sent_at BIGINT NOT NULL, batch TEXT NOT NULL, actor TEXT NOT NULL, request TEXT NOT NULL,"
    " release BIGINT NOT NULL, body {bytes}){clustered};"
    "CREATE INDEX IF NOT EXISTS i_message_due ON core_message(channel, due_at)"
    " WHERE state='queued';"
    "CREATE INDEX IF NOT EXISTS i_message_sent ON core_message(channel, sent_at)"
    " WHERE state='sent';"
    "CREATE INDEX IF NOT EXISTS i_message_record ON core_message(record);"
    "CREATE INDEX IF NOT EXISTS i_message_owner ON core_message(owner, name, at);"
    "CREATE TABLE IF NOT EXISTS core_optout(owner TEXT NOT NULL, topic TEXT NOT NULL,"
    " at BIGINT NOT NULL, actor TEXT NOT NULL, PRIMARY KEY(owner, topic)){clustered};"
    "CREATE TABLE IF NOT EXISTS core_contact(person TEXT NOT NULL, channel TEXT NOT NULL,"
    " generation BIGINT NOT NULL, at BIGINT NOT NULL, address {bytes} NOT NULL,"
    " PRIMARY KEY(person, channel)){clustered};";

static enum err seal(struct store *s, const char *entity, const char *id, const char *owner,
                     const char *plain, size_t n, uint64_t *generation, struct value *out) {
    uint8_t dek[SEAL_KEY];
    enum err e = store_owner_key(s, owner, generation, dek, true);
    if (e) return e;
    struct seal_name name = {s->school, entity, id, "body", "json", *generation};
    uint8_t *blob = arena_alloc(s->arena, seal_size(n));
    *out = (struct value){.kind = VALUE_BLOB, .p = (const char *)blob, .n = seal_size(n)};
    e = seal_value(dek, (uint32_t)*generation, &name, plain, n, blob);
    sodium_memzero(dek, sizeof dek);
    return e;
}

// ERR_NOT_FOUND: the key it was sealed under is gone.
static enum err open_sealed(struct store *s, const char *entity, const char *id, const char *owner,
                            uint64_t generation, const void *blob, size_t n, char **text,
                            size_t *text_n) {
    uint8_t dek[SEAL_KEY];
    uint64_t now = 0;
    enum err e = blob ? store_owner_key(s, owner, &now, dek, false) : ERR_NOT_FOUND;
    if (!e && now != generation) e = ERR_NOT_FOUND;
    struct seal_name name = {s->school, entity, id, "body", "json", generation};
    if (!e) e = seal_open(dek, &name, blob, n, s->arena, text, text_n);
    sodium_memzero(dek, sizeof dek);
    return e;
}

enum err message_add(struct store *s, struct message *m) {
    char *id = arena_alloc(s->arena, ID_LEN + 1);
    struct buf b;
    struct value body;
    uint64_t generation = 0;
    id_new(id);
    m->id = id;
    atomic_store(&news, true);
    buf_init(&b, s->arena);
    buf_putc(&b, '{');
    json_kv_str(&b, "to", m->to);
    json_kv_str(&b, "title", m->title);
    json_kv_str(&b, "text", m->text);
    buf_putc(&b, '}');
    enum err e = seal(s, "core_message", id, m->owner, b.data, b.len, &generation, &body);
    return e ? e
             : db_run(s->db, s->problem, NULL,
                      "INSERT INTO core_message(id,plugin,name,channel,target,entity,record,owner,"
                      "generation,state,reason,attempts,due_at,at,sent_at,batch,actor,request,"
                      "release,body) VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,0,$12,$12,0,'',$13,"
                      "$14,$15,$16)",
                      "ttttttttittittiv", id, m->plugin, m->name, message_channels[m->channel],
                      m->target, m->entity, m->record, m->owner, (int64_t)generation,
                      m->dropped ? "dropped" : "queued", m->dropped ? m->dropped : "", m->at,
                      m->actor, m->request ? m->request : "", m->release, &body);
}

enum err message_count(struct db *db, const char *owner, const char *plugin, const char *name,
                       int64_t since, int64_t *n, struct problem *p) {
    // one for each channel it went by counts once
    return db_int(db, p, n, 0,
                  "SELECT count(DISTINCT at) FROM core_message WHERE owner=$1 AND name=$2 AND at>$3"
                  " AND plugin=$4 AND (state='queued' OR state='sent')",
                  "ttit", owner, name, since, plugin);
}

enum err message_erase(struct db *db, const char *owner, struct problem *p) {
    enum err e = db_run(db, p, NULL,
                        "UPDATE core_message SET state='dropped', reason='erased' WHERE owner=$1"
                        " AND state='queued'",
                        "t", owner);
    if (!e) e = db_run(db, p, NULL, "UPDATE core_message SET body=NULL WHERE owner=$1", "t", owner);
    return e ? e : db_run(db, p, NULL, "DELETE FROM core_contact WHERE person=$1", "t", owner);
}

// Sending

static enum err open_due(struct store *s, struct message_due *m, const char *owner,
                         uint64_t generation, const char *blob, size_t n) {
    char *text;
    size_t text_n;
    json_t *j;
    enum err e = open_sealed(s, "core_message", m->id, owner, generation, blob, n, &text, &text_n);
    if (e == ERR_NOT_FOUND) {
        m->gone = true;
        return ERR_OK;
    }
    if (!e) e = json_parse(s->arena, text, text_n, &j, s->problem);
    if (e) return e;
    m->to = json_string_value(json_object_get(j, "to"));
    m->title = json_string_value(json_object_get(j, "title"));
    m->text = json_string_value(json_object_get(j, "text"));
    return m->to && m->title && m->text ? ERR_OK : ERR_CORRUPT;
}

enum err message_due(struct store *s, int channel, int64_t now, int limit, struct message_due *out,
                     int *n) {
    struct raw {
        const char *owner, *blob;
        uint64_t generation;
        size_t n;
    } *raw = arena_alloc(s->arena, sizeof *raw * (size_t)(limit + 1));
    struct stmt *st = db_query(s->db, s->problem,
                               "SELECT id,attempts,owner,generation,body FROM core_message WHERE"
                               " channel=$1 AND state='queued' AND due_at<=$2"
                               " ORDER BY due_at, id LIMIT $3",
                               "tii", message_channels[channel], now, (int64_t)limit);
    enum err e = ERR_OK;
    *n = 0;
    for (; stmt_next(st, &e, s->problem); ++*n) {
        struct raw *r = &raw[*n];
        out[*n] = (struct message_due){.attempts = (int)stmt_int(st, 1)};
        r->generation = (uint64_t)stmt_int(st, 3);
        stmt_take(st, s->arena, "t-t-b", &out[*n].id, &r->owner, &r->blob, &r->n);
    }
    for (int i = 0; i < *n && !e; i++)
        e = open_due(s, &out[i], raw[i].owner, raw[i].generation, raw[i].blob, raw[i].n);
    return e;
}

enum err message_next(struct db *db, int64_t now, int64_t *at, struct problem *p) {
    return db_int(db, p, at, 0,
                  "SELECT min(due_at) FROM core_message WHERE state='queued' AND due_at>$1", "i",
                  now);
}

enum err message_sent(struct db *db, const char *id, const char *batch, int64_t now,
                      struct problem *p) {
    return db_run(db, p, NULL,
                  "UPDATE core_message SET state='sent', reason='', sent_at=$1, batch=$2,"
                  " attempts=attempts+1 WHERE id=$3 AND state='queued'",
                  "itt", now, batch, id);
}

enum err message_failed(struct db *db, const char *id, bool for_good, int64_t due_at,
                        const char *reason, struct problem *p) {
    return db_run(db, p, NULL,
                  "UPDATE core_message SET state=$1, reason=$2, due_at=$3, attempts=attempts+1"
                  " WHERE id=$4 AND state='queued'",
                  "ttit", for_good ? "failed" : "queued", reason, due_at, id);
}

enum err message_drop(struct db *db, const char *id, const char *reason, struct problem *p) {
    return db_run(db, p, NULL,
                  "UPDATE core_message SET state='dropped', reason=$1 WHERE id=$2 AND"
                  " state='queued'",
                  "tt", reason, id);
}

enum err message_hold(struct db *db, int channel, int64_t until, struct problem *p) {
    return db_run(db, p, NULL,
                  "UPDATE core_message SET due_at=$1 WHERE channel=$2 AND state='queued' AND"
                  " due_at<$1",
                  "it", until, message_channels[channel]);
}

enum err message_rate(struct db *db, int channel, int64_t since, int64_t *n, int64_t *first,
                      struct problem *p) {
    struct stmt *st = db_query(db, p,
                               "SELECT count(DISTINCT batch), min(sent_at) FROM core_message WHERE"
                               " channel=$1 AND state='sent' AND sent_at>$2",
                               "ti", message_channels[channel], since);
    enum err e = ERR_OK;
    if (!stmt_next(st, &e, p)) return e;
    *n = stmt_int(st, 0);
    *first = stmt_is_null(st, 1) ? 0 : stmt_int(st, 1);
    stmt_reset(st);
    return ERR_OK;
}

// Reading

enum err message_list_json(struct db *db, const char *record, const char *state,
                           const char *channel, int limit, struct buf *out, struct problem *p) {
    struct stmt *st = db_query(
        db, p,
        "SELECT id,plugin,name,channel,target,entity,record,state,reason,actor,attempts,at,sent_at"
        " FROM core_message WHERE ($1='' OR record=$1) AND ($2='' OR state=$2)"
        " AND ($3='' OR channel=$3) ORDER BY id DESC LIMIT $4",
        "ttti", record, state, channel, (int64_t)limit);
    buf_puts(out, "{\"items\":");
    enum err e = stmt_list(st,
                           "~id ~plugin ~name ~channel ~to ~entity ~record ~state ~reason ~by"
                           " attempts# at@ ~sent_at@",
                           out, p);
    buf_putc(out, '}');
    return e;
}

enum err message_retry(struct db *db, const char *id, const char *channel, int64_t now, int64_t *n,
                       struct problem *p) {
    enum err e = db_run(db, p, n,
                        "UPDATE core_message SET state='queued', attempts=0, reason='', due_at=$1"
                        " WHERE state='failed' AND body IS NOT NULL AND ($2='' OR id=$2)"
                        " AND ($3='' OR channel=$3)",
                        "itt", now, id, channel);
    atomic_store(&news, true);
    return e || *n ? e : problem_set(p, ERR_NOT_FOUND, NULL);
}

// Topics

enum err optout_set(struct db *db, const char *owner, const char *topic, bool out, const char *by,
                    int64_t now, struct problem *p) {
    return out ? db_run(db, p, NULL,
                        "INSERT INTO core_optout(owner,topic,at,actor) VALUES($1,$2,$3,$4)"
                        " ON CONFLICT DO NOTHING",
                        "ttit", owner, topic, now, by)
               : db_run(db, p, NULL, "DELETE FROM core_optout WHERE owner=$1 AND topic=$2", "tt",
                        owner, topic);
}

enum err optout_has(struct db *db, const char *owner, const char *topic, bool *out,
                    struct problem *p) {
    int64_t n = 0;
    enum err e = db_int(db, p, &n, 0, "SELECT 1 FROM core_optout WHERE owner=$1 AND topic=$2", "tt",
                        owner, topic);
    *out = n > 0;
    return e;
}

// Addresses

enum err contact_set(struct store *s, const char *person, int channel, const char *address,
                     int64_t now) {
    const char *word = message_channels[channel];
    struct value sealed;
    uint64_t generation = 0;
    if (!address)
        return db_run(s->db, s->problem, NULL,
                      "DELETE FROM core_contact WHERE person=$1 AND channel=$2", "tt", person,
                      word);
    enum err e =
        seal(s, "core_contact", word, person, address, strlen(address), &generation, &sealed);
    return e ? e
             : db_run(s->db, s->problem, NULL,
                      "INSERT INTO core_contact(person,channel,generation,at,address)"
                      " VALUES($1,$2,$3,$4,$5) ON CONFLICT(person,channel) DO UPDATE SET"
                      " generation=excluded.generation, at=excluded.at, address=excluded.address",
                      "ttiiv", person, word, (int64_t)generation, now, &sealed);
}

enum err contact_get(struct store *s, const char *person, int channel, const char **address) {
    const char *word = message_channels[channel];
    struct stmt *st =
        db_query(s->db, s->problem,
                 "SELECT generation,address FROM core_contact WHERE person=$1 AND channel=$2", "tt",
                 person, word);
    enum err e = ERR_OK;
    *address = NULL;
    if (!stmt_next(st, &e, s->problem)) return e;
    size_t n;
    int64_t generation;
    const char *blob;
    char *text;
    stmt_take(st, s->arena, "ib", &generation, &blob, &n);
    stmt_reset(st);
    e = open_sealed(s, "core_contact", word, person, (uint64_t)generation, blob, n, &text, &n);
    if (!e) *address = text;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}
