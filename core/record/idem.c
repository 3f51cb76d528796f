// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Idempotency: for 24 hours a repeated key is answered with what its first request made. Only keyed
// hashes, a status and a record's id are kept; the answer is written anew, through the gate.
#include <sodium.h>
#include "campus/mem.h"
#include "campus/store.h"

enum { KEEP_MS = 24 * 60 * 60 * 1000, MARK = 16 };

static enum err mark_of(struct store *s, const char *actor, const char *key, uint8_t out[MARK]) {
    uint8_t secret[32];
    const void *parts[] = {actor, key};
    size_t lengths[] = {strlen(actor), strlen(key)};
    struct buf b;
    buf_init(&b, s->arena);
    seal_pae(&b, 2, parts, lengths);
    enum err e = keyring_derive(s->keyring, "idempotency", secret);
    if (!e) crypto_generichash(out, MARK, (const uint8_t *)b.data, b.len, secret, sizeof secret);
    sodium_memzero(secret, sizeof secret);
    return e ? problem_set(s->problem, e, NULL) : ERR_OK;
}

enum err idem_find(struct store *s, const char *actor, const char *key,
                   const uint8_t request_hash[16], int64_t now, struct idem *out) {
    uint8_t mark[MARK];
    *out = (struct idem){0};
    enum err e = mark_of(s, actor, key, mark);
    if (e) return e;
    struct stmt *st = db_query(s->db, s->problem,
                               "SELECT request,status,entity,record FROM core_idempotency"
                               " WHERE k=$1 AND at>$2",
                               "bi", mark, sizeof mark, now - KEEP_MS);
    if (!stmt_next(st, &e, s->problem)) return e;
    size_t n;
    const void *request = stmt_blob(st, 0, &n);
    out->found = true;
    out->mismatch = n != 16 || sodium_memcmp(request, request_hash, 16);
    out->status = (int)stmt_int(st, 1);
    out->entity = arena_strdup(s->arena, stmt_text(st, 2, NULL));
    out->record = arena_strdup(s->arena, stmt_text(st, 3, NULL));
    stmt_reset(st);
    return ERR_OK;
}

enum err idem_put(struct store *s, const char *actor, const char *key,
                  const uint8_t request_hash[16], int status, const char *entity,
                  const char *record, int64_t now) {
    uint8_t mark[MARK];
    enum err e = mark_of(s, actor, key, mark);
    if (e) return e;
    // Each one takes a few expired ones along: the table stays small and no write waits for a
    // purge.
    e = db_send(
        s->db, s->problem,
        "DELETE FROM core_idempotency WHERE k IN (SELECT k FROM core_idempotency WHERE at<=$1"
        " ORDER BY at LIMIT 4)",
        "i", now - KEEP_MS);
    if (e) return e;
    return db_send(
        s->db, s->problem,
        "INSERT INTO core_idempotency(k,request,status,entity,record,at)"
        " VALUES($1,$2,$3,$4,$5,$6) ON CONFLICT(k) DO UPDATE SET request=excluded.request,"
        " status=excluded.status, entity=excluded.entity, record=excluded.record,"
        " at=excluded.at",
        "bbitti", mark, sizeof mark, request_hash, (size_t)16, (int64_t)status,
        entity ? entity : "", record ? record : "", now);
}
