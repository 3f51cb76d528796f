// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Sign-in, sessions, tokens, lockout, and the cache that turns a token into an actor.
#include <sodium.h>
#include <string.h>
#include "access/access_internal.h"
#include "access/people_internal.h"
#include "campus/id.h"
#include "campus/mem.h"
#include "campus/password.h"
#include "campus/people.h"
#include "campus/text.h"

enum {
    HOUR = 3600 * 1000,
    SESSION_HOURS = 12,
    FREE_FAILURES = 5,
    CACHE_SLOTS = 1024,
    CACHE_MS = 60000,
    KNOWN_DAYS = 90
};

// An account is locked for one source at a time, so that a stranger cannot lock the staff out. A
// source is slowed over all accounts but those that have signed in from it: a school shares one
// address.
static const char *lock_key(struct arena *a, const char *name, const char *client) {
    size_t n;
    const char *norm = text_normal(a, name, strlen(name), &n);
    return arena_printf(a, "%.*s|%s", (int)n, norm, client);
}

static const char *known_key(struct arena *a, const char *name, const char *client) {
    return arena_printf(a, "+|%s", lock_key(a, name, client));
}

static int64_t locked_until(struct db *db, const char *key, struct problem *p) {
    int64_t until = 0;
    return db_int(db, p, &until, 0, "SELECT until FROM core_lockout WHERE k=$1", "t", key)
               ? INT64_MAX
               : until;
}

enum err account_find(struct db *db, const char *name, const char *client, int64_t now,
                      struct arena *a, struct account *out, struct problem *p) {
    *out = (struct account){0};
    int64_t u1 = locked_until(db, lock_key(a, name, client), p);
    int64_t u2 = locked_until(db, arena_printf(a, "|%s", client), p), known = 0;
    enum err e = db_int(db, p, &known, 0, "SELECT 1 FROM core_lockout WHERE k=$1 AND at>$2", "ti",
                        known_key(a, name, client), now - (int64_t)KNOWN_DAYS * 24 * HOUR);
    if (e) return e;
    out->locked_until = u1 > u2 || known ? u1 : u2;
    size_t norm_n;
    const char *norm = text_normal(a, name, strlen(name), &norm_n);
    struct stmt *st = db_query(
        db, p,
        "SELECT id,hash,must_change,disabled_at,totp,totp_last FROM core_people WHERE norm=$1", "s",
        norm, norm_n);
    if (!stmt_next(st, &e, p)) return e;
    out->found = true;
    out->has_totp = !stmt_is_null(st, 4);
    stmt_take(st, a, "tt??bi", &out->person, &out->hash, &out->must_change, &out->disabled,
              &out->totp, &out->totp_n, &out->totp_last);
    stmt_reset(st);
    return ERR_OK;
}

static enum err count_failure(struct db *db, const char *key, int free_tries, int64_t now,
                              struct problem *p) {
    int64_t failures = 0;
    enum err e =
        db_int(db, p, &failures, 0, "SELECT failures FROM core_lockout WHERE k=$1 AND at>$2", "ti",
               key, now - 24 * HOUR);
    if (e) return e;
    e = db_run(db, p, NULL, "DELETE FROM core_lockout WHERE at<$1", "i",
               now - (int64_t)KNOWN_DAYS * 24 * HOUR);
    if (e) return e;
    failures++;
    int64_t over = failures - free_tries, wait = over <= 0  ? 0
                                                 : over > 7 ? HOUR
                                                            : INT64_C(30000) << (over - 1);
    return db_run(
        db, p, NULL,
        "INSERT INTO core_lockout(k,failures,until,at) VALUES($1,$2,$3,$4) ON CONFLICT(k) DO UPDATE"
        " SET failures=excluded.failures, until=excluded.until, at=excluded.at",
        "tiii", key, failures, wait ? now + wait : (int64_t)0, now);
}

static enum err new_session(struct db *db, const char *person, const char *kind, const char *label,
                            const char *scopes, int64_t now, int64_t expires,
                            char token[TOKEN_LEN + 1], char id[37], struct problem *p) {
    uint8_t hash[TOKEN_HASH];
    token_new(token, hash);
    id_new(id);
    return db_run(db, p, NULL,
                  "INSERT INTO core_session(hash,id,person,kind,label,scopes,created_at,expires_at)"
                  " VALUES($1,$2,$3,$4,$5,$6,$7,$8)",
                  "btttttii", hash, sizeof hash, id, person, kind, label, scopes, now, expires);
}

enum err session_start(struct db *db, struct keyring *k, const char *name, const char *client,
                       const struct account *acc, bool verified, const char *code, int64_t now,
                       struct arena *a, struct session *out, struct problem *p) {
    const char *key = lock_key(a, name, client), *source = arena_printf(a, "|%s", client);
    if (acc->locked_until > now)
        return problem_set(p, ERR_RATE, "too many failed attempts; wait and try again");
    bool ok = verified && acc->found && !acc->disabled;
    int64_t step = 0, spent = 1;
    enum err e;
    if (ok && acc->has_totp) {
        uint8_t secret[TOTP_SECRET];
        e = code_open(db, k, acc->person, acc->totp, acc->totp_n, secret, p);
        if (e) return e;
        step = code ? totp_verify(secret, code, now, acc->totp_last) : 0;
        sodium_memzero(secret, sizeof secret);
        // spent here and now: of two sign-ins with one code the second finds it used
        spent = 0;
        if (step)
            e = db_run(db, p, &spent,
                       "UPDATE core_people SET totp_last=$1 WHERE id=$2 AND totp_last<$1", "it",
                       step, acc->person);
        if (e) return e;
        ok = spent > 0;
    }
    if (!ok) {
        e = count_failure(db, key, FREE_FAILURES, now, p);
        if (!e) e = count_failure(db, source, 20 * FREE_FAILURES, now, p);
        return e ? e : problem_set(p, ERR_UNAUTHENTICATED, "name, password or code is wrong");
    }
    e = db_run(db, p, NULL, "DELETE FROM core_lockout WHERE k=$1", "t", key);
    if (!e)
        e = db_run(db, p, NULL,
                   "INSERT INTO core_lockout(k,failures,until,at) VALUES($1,0,0,$2) ON CONFLICT(k)"
                   " DO UPDATE SET at=excluded.at",
                   "ti", known_key(a, name, client), now);
    char *token = arena_alloc(a, TOKEN_LEN + 1), id[37];
    if (!e)
        e = new_session(db, acc->person, "session", "", NULL, now, now + SESSION_HOURS * HOUR,
                        token, id, p);
    *out = (struct session){token, now + SESSION_HOURS * HOUR, acc->person};
    return e;
}

enum err session_end(struct db *db, const char *session_id, int64_t now, struct problem *p) {
    enum err e = db_run(db, p, NULL, "DELETE FROM core_session WHERE id=$1", "t", session_id);
    return e ? e : db_run(db, p, NULL, "DELETE FROM core_session WHERE expires_at<$1", "i", now);
}

enum err token_create(struct db *db, const char *person, const char *label,
                      const char *const *scopes, int64_t expires_at, const char *by, int64_t now,
                      char token[44], char id[37], struct problem *p) {
    (void)by;
    struct buf b;
    buf_init(&b, p->arena);
    for (int i = 0; scopes && scopes[i]; i++) buf_printf(&b, "%s%s", i ? " " : "", scopes[i]);
    return new_session(db, person, "token", label, scopes ? buf_str(&b) : NULL, now, expires_at,
                       token, id, p);
}

enum err token_revoke(struct db *db, const char *id, int64_t now, struct problem *p) {
    (void)now;
    int64_t n = 0;
    enum err e =
        db_run(db, p, &n, "DELETE FROM core_session WHERE id=$1 AND kind='token'", "t", id);
    return e ? e : n ? ERR_OK : ERR_NOT_FOUND;
}

struct entry {
    uint8_t hash[TOKEN_HASH];
    struct arena *arena;
    const struct actor *actor;
    int64_t serial;
    int64_t epoch, expires_at, loaded_at;
    char day[11];
};
struct session_cache {
    struct entry slots[CACHE_SLOTS];
};

struct session_cache *session_cache_new(void) {
    return mem_need(sizeof(struct session_cache));
}

void session_cache_free(struct session_cache *c) {
    for (int i = 0; i < CACHE_SLOTS; i++) arena_free(c->slots[i].arena);
    mem_free(c);
}

static enum err load(struct entry *en, struct db *db, const struct access *x, const uint8_t *hash,
                     int64_t now, const char *today, struct problem *p) {
    int64_t epoch = people_epoch();
    arena_free(en->arena);
    *en = (struct entry){.arena = arena_new(16 << 20)};
    if (!en->arena) return ERR_NOMEM;
    struct stmt *st = db_query(
        db, p,
        "SELECT s.id,s.person,s.scopes,s.expires_at,s.kind,p.must_change FROM core_session s"
        " JOIN core_people p ON p.id=s.person WHERE s.hash=$1 AND s.expires_at>$2",
        "bi", hash, (size_t)TOKEN_HASH, now);
    enum err e = stmt_first(st, p);
    if (e) return e == ERR_NOT_FOUND ? ERR_UNAUTHENTICATED : e;
    const char *id, *person;
    char *scopes;
    int64_t expires;
    stmt_take(st, en->arena, "ttti", &id, &person, &scopes, &expires);
    bool must_change = !strcmp(stmt_text(st, 4, NULL), "session") && stmt_int(st, 5);
    stmt_reset(st);
    struct problem inner;
    problem_init(&inner, en->arena);
    struct actor *act = (struct actor *)people_actor(db, x, person, today, en->arena, &inner);
    if (!act) return inner.code ? inner.code : ERR_UNAUTHENTICATED;
    act->session = id;
    act->must_change = must_change;
    if (scopes) {
        act->scopes = arena_alloc(en->arena, sizeof(char *) * (strlen(scopes) / 2 + 2));
        int n = 0;
        for (char *w; (w = strsep(&scopes, " "));)
            if (*w) act->scopes[n++] = w;
    }
    memcpy(en->hash, hash, TOKEN_HASH);
    en->actor = act;
    en->serial = x->serial;
    en->epoch = epoch;
    en->expires_at = expires;
    en->loaded_at = now;
    memcpy(en->day, today, 11);
    return ERR_OK;
}

const struct actor *session_find(struct session_cache *c, struct db *db, const struct access *x,
                                 const char *token, size_t n, int64_t now, const char *today,
                                 struct problem *p) {
    uint8_t hash[TOKEN_HASH];
    token_hash(token, n, hash);
    struct entry *en = &c->slots[(hash[0] | hash[1] << 8) % CACHE_SLOTS];
    if (en->actor && en->serial == x->serial && en->epoch == people_epoch() &&
        en->expires_at > now && now - en->loaded_at < CACHE_MS &&
        !memcmp(en->hash, hash, TOKEN_HASH) && !memcmp(en->day, today, 11))
        return en->actor;
    enum err e = n == TOKEN_LEN ? load(en, db, x, hash, now, today, p) : ERR_UNAUTHENTICATED;
    if (!e) return en->actor;
    en->actor = NULL;
    problem_set(p, e, NULL);
    return NULL;
}
