// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The audit chain of this writer. A row's hash is SHA-256 over its columns, length-prefixed (LE64
// count, then LE64 length + bytes each): prev, writer, seq, at, actor, client, action, object,
// outcome, reason, rule, release, purpose, fields, request, and its subjects joined by a newline.
// Integers are decimal text. examples/audit-verifier reads the same layout in another language.
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/keyring.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "record/audit_internal.h"

const char audit_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_audit(writer TEXT NOT NULL, seq BIGINT NOT NULL, at BIGINT "
    "NOT NULL,"
    " actor TEXT NOT NULL, client TEXT NOT NULL, action TEXT NOT NULL, object TEXT NOT NULL,"
    " outcome TEXT NOT NULL, reason TEXT NOT NULL, rule TEXT NOT NULL, release BIGINT NOT NULL,"
    " purpose TEXT NOT NULL, fields TEXT NOT NULL, request TEXT NOT NULL, subjects TEXT NOT NULL,"
    " prev {bytes} NOT NULL, hash {bytes} NOT NULL, PRIMARY KEY(writer, seq));"
    "CREATE TABLE IF NOT EXISTS core_audit_subject(subject TEXT NOT NULL, writer TEXT NOT NULL,"
    " seq BIGINT NOT NULL, PRIMARY KEY(subject, writer, seq)){clustered};";

struct pending {
    struct audit_row row;
    char *subjects;
};
struct audit {
    struct db *db;
    char writer[16];
    char *checkpoint_path;
    uint8_t head[32], flushed_head[32];
    int64_t seq, flushed_seq, checkpoint_seq, checkpoint_at;
    bool unsure;         // a commit failed, and may have happened all the same: ask the table
    struct arena *arena; // of the pending rows
    struct pending *rows;
    size_t n, cap;
    uint8_t public_key[32], secret_key[64];
};

static void put(crypto_hash_sha256_state *h, const void *p, size_t n) {
    uint8_t len[8];
    for (int i = 0; i < 8; i++) len[i] = (uint8_t)((uint64_t)n >> (8 * i));
    crypto_hash_sha256_update(h, len, 8);
    crypto_hash_sha256_update(h, p, n);
}

static void put_text(crypto_hash_sha256_state *h, const char *s) {
    put(h, s, strlen(s));
}

static void put_int(crypto_hash_sha256_state *h, int64_t v) {
    char t[24];
    int n = snprintf(t, sizeof t, "%lld", (long long)v);
    put(h, t, (size_t)n);
}

void audit_hash(const uint8_t prev[32], const char *writer, int64_t seq, const struct audit_row *r,
                const char *subjects, uint8_t out[32]) {
    crypto_hash_sha256_state h;
    uint8_t count[8] = {16};
    crypto_hash_sha256_init(&h);
    crypto_hash_sha256_update(&h, count, 8);
    put(&h, prev, 32);
    put_text(&h, writer);
    put_int(&h, seq);
    put_int(&h, r->at);
    const char *texts[] = {r->actor,   r->client, r->action, r->object,
                           r->outcome, r->reason, r->rule};
    for (int i = 0; i < 7; i++) put_text(&h, texts[i]);
    put_int(&h, r->release);
    const char *more[] = {r->purpose, r->fields, r->request, subjects};
    for (int i = 0; i < 4; i++) put_text(&h, more[i]);
    crypto_hash_sha256_final(&h, out);
}

enum err audit_public_key(struct keyring *k, uint8_t out[32]) {
    uint8_t seed[32], secret[64];
    enum err e = keyring_derive(k, "audit-sign", seed);
    if (!e) crypto_sign_seed_keypair(out, secret, seed);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(secret, sizeof secret);
    return e;
}

static enum err load_head(struct audit *au, struct problem *p) {
    struct stmt *st = db_query(au->db, p,
                               "SELECT seq, hash FROM core_audit WHERE writer=$1"
                               " ORDER BY seq DESC LIMIT 1",
                               "t", au->writer);
    enum err e = ERR_OK;
    bool row = stmt_next(st, &e, p);
    if (e) return e;
    au->seq = row ? stmt_int(st, 0) : 0;
    size_t n = 0;
    const void *h = row ? stmt_blob(st, 1, &n) : NULL;
    memset(au->head, 0, 32);
    if (n == 32) memcpy(au->head, h, 32);
    stmt_reset(st);
    au->flushed_seq = au->seq;
    memcpy(au->flushed_head, au->head, 32);
    au->unsure = false;
    return ERR_OK;
}

enum err audit_open(struct db *db, struct keyring *k, const char *writer,
                    const char *checkpoint_path, struct audit **out, struct problem *p) {
    struct audit *au = mem_need(sizeof *au);
    uint8_t seed[32];
    enum err e = keyring_derive(k, "audit-sign", seed);
    if (!e) crypto_sign_seed_keypair(au->public_key, au->secret_key, seed);
    sodium_memzero(seed, sizeof seed);
    au->db = db;
    au->arena = arena_new(64 << 20);
    snprintf(au->writer, sizeof au->writer, "%s", writer);
    au->checkpoint_path = checkpoint_path ? mem_strdup(checkpoint_path) : NULL;
    if (!e) e = load_head(au, p);
    au->checkpoint_seq = au->seq;
    if (e)
        audit_close(au);
    else
        *out = au;
    return e;
}

static const char *copy(struct audit *au, const char *s) {
    return s ? arena_strdup(au->arena, s) : "";
}

void audit_add(struct audit *au, const struct audit_row *r) {
    if (au->n == au->cap) {
        size_t cap = au->cap ? 2 * au->cap : 64;
        struct pending *more = mem_realloc(au->rows, cap * sizeof *more);
        if (!more) abort(); // what cannot be audited must not happen
        au->rows = more;
        au->cap = cap;
    }
    struct pending *q = &au->rows[au->n++];
    struct buf b;
    buf_init(&b, au->arena);
    for (int i = 0; i < r->nsubjects; i++) {
        bool twice = false; // the side table holds each once
        for (int k = 0; k < i; k++) twice = twice || !strcmp(r->subjects[i], r->subjects[k]);
        if (!twice) buf_printf(&b, "%s%s", b.len ? "\n" : "", r->subjects[i]);
    }
    q->subjects = (char *)buf_str(&b);
    q->row = (struct audit_row){.at = r->at,
                                .actor = copy(au, r->actor),
                                .client = copy(au, r->client),
                                .action = copy(au, r->action),
                                .object = copy(au, r->object),
                                .outcome = copy(au, r->outcome),
                                .reason = copy(au, r->reason),
                                .rule = copy(au, r->rule),
                                .release = r->release,
                                .purpose = copy(au, r->purpose),
                                .fields = copy(au, r->fields),
                                .request = copy(au, r->request)};
}

size_t audit_mark(const struct audit *au) {
    return au->n;
}
void audit_undo(struct audit *au, size_t mark) {
    au->n = mark < au->n ? mark : au->n;
}

static enum err add_subjects(struct audit *au, const char *list, int64_t seq, struct problem *p) {
    for (const char *s = list; *s;) {
        const char *end = strchrnul(s, '\n');
        enum err e = db_send(au->db, p,
                             "INSERT INTO core_audit_subject(subject,writer,seq) VALUES($1,$2,$3)"
                             " ON CONFLICT DO NOTHING",
                             "sti", s, (size_t)(end - s), au->writer, seq);
        if (e) return e;
        s = *end ? end + 1 : end;
    }
    return ERR_OK;
}

enum err audit_flush(struct audit *au, struct problem *p) {
    enum err found = au->unsure && au->n ? load_head(au, p) : ERR_OK;
    if (found) return found;
    for (size_t i = 0; i < au->n; i++) {
        const struct audit_row *r = &au->rows[i].row;
        uint8_t hash[32];
        int64_t seq = au->seq + 1;
        audit_hash(au->head, au->writer, seq, r, au->rows[i].subjects, hash);
        enum err e = db_send(
            au->db, p,
            "INSERT INTO core_audit(writer,seq,at,actor,client,action,object,outcome,reason,"
            "rule,release,purpose,fields,request,subjects,prev,hash) VALUES($1,$2,$3,$4,$5,"
            "$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)",
            "tiitttttttittttbb", au->writer, seq, r->at, r->actor, r->client, r->action, r->object,
            r->outcome, r->reason, r->rule, r->release, r->purpose, r->fields, r->request,
            au->rows[i].subjects, au->head, (size_t)32, hash, (size_t)32);
        if (!e) e = add_subjects(au, au->rows[i].subjects, seq, p);
        if (e) return e;
        au->seq = seq;
        memcpy(au->head, hash, 32);
    }
    return ERR_OK;
}

static void drop(struct audit *au) {
    au->n = 0;
    arena_reset(au->arena);
}

void audit_failed(struct audit *au) {
    au->seq = au->flushed_seq;
    memcpy(au->head, au->flushed_head, 32);
    au->unsure = true;
    drop(au);
}

void audit_key_id(const uint8_t public_key[32], uint8_t out[4]) {
    uint8_t keyed[64], id[32];
    int n = snprintf((char *)keyed, sizeof keyed, "campusd/audit\n\x01");
    memcpy(keyed + n, public_key, 32);
    crypto_hash_sha256(id, keyed, (size_t)n + 32);
    memcpy(out, id, 4);
}

// A C2SP signed note: text, empty line, "— name base64(key id ‖ signature)".
static void checkpoint(struct audit *au, int64_t now) {
    char text[512], b64[128];
    uint8_t sig[4 + 64];
    sodium_bin2base64(b64, sizeof b64, au->flushed_head, 32, sodium_base64_VARIANT_ORIGINAL);
    int n = snprintf(text, sizeof text, "campusd/audit\n%lld\n%s %lld %s\n", (long long)now,
                     au->writer, (long long)au->flushed_seq, b64);
    audit_key_id(au->public_key, sig);
    crypto_sign_detached(sig + 4, NULL, (uint8_t *)text, (size_t)n, au->secret_key);
    sodium_bin2base64(b64, sizeof b64, sig, sizeof sig, sodium_base64_VARIANT_ORIGINAL);
    FILE *f = fopen(au->checkpoint_path, "ae");
    bool ok = f && fprintf(f, "%s\n\xe2\x80\x94 campusd/audit %s\n\n", text, b64) > 0 && !fflush(f);
    if (f && fclose(f)) ok = false;
    if (!ok) log_error("checkpoint_failed", "cannot write %s", au->checkpoint_path);
    au->checkpoint_seq = au->flushed_seq;
    au->checkpoint_at = now;
}

void audit_committed(struct audit *au, int64_t now) {
    au->flushed_seq = au->seq;
    memcpy(au->flushed_head, au->head, 32);
    drop(au);
    int64_t rows = au->flushed_seq - au->checkpoint_seq;
    if (au->checkpoint_path && rows > 0 && (rows >= 1000 || now - au->checkpoint_at >= 60000))
        checkpoint(au, now);
}

int64_t audit_seq(const struct audit *au) {
    return au->flushed_seq;
}

void audit_close(struct audit *au) {
    if (!au) return;
    if (au->checkpoint_path && au->flushed_seq > au->checkpoint_seq) checkpoint(au, clock_now_ms());
    sodium_memzero(au->secret_key, sizeof au->secret_key);
    arena_free(au->arena);
    mem_free(au->rows);
    mem_free(au->checkpoint_path);
    mem_free(au);
}
