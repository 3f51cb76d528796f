// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// One-time codes of a person: the secret lies sealed under the person's own data key, so that
// erasing the person erases it, and a stolen database signs nobody in.
#include <sodium.h>
#include <string.h>
#include "access/people_internal.h"
#include "campus/mem.h"
#include "campus/password.h"
#include "campus/store.h"
#include "record/store_sql.h"

static const char FIELD[] = "totp";

static struct seal_name named(const char *person, uint64_t generation) {
    return (struct seal_name){"", "core.people", person, FIELD, "secret", generation};
}

enum err code_open(struct db *db, struct keyring *k, const char *person, const uint8_t *sealed,
                   size_t n, uint8_t secret[20], struct problem *p) {
    struct store s = {.db = db, .keyring = k, .arena = p->arena, .school = "", .problem = p};
    uint8_t dek[SEAL_KEY];
    uint64_t generation;
    char *plain = NULL;
    size_t plain_n = 0;
    enum err e = store_owner_key(&s, person, &generation, dek, false);
    if (e) return e;
    struct seal_name name = named(person, generation);
    if (seal_key_version(sealed, n) != generation) e = ERR_CORRUPT;
    if (!e) e = seal_open(dek, &name, sealed, n, p->arena, &plain, &plain_n);
    if (!e && plain_n != TOTP_SECRET) e = ERR_CORRUPT;
    if (!e) memcpy(secret, plain, TOTP_SECRET);
    if (plain) sodium_memzero(plain, plain_n);
    sodium_memzero(dek, sizeof dek);
    return e ? problem_set(p, e, "the secret of the one-time codes does not open") : e;
}

enum err people_begin_code(struct db *db, struct keyring *k, const char *person, char base32[33],
                           struct problem *p) {
    struct store s = {.db = db, .keyring = k, .arena = p->arena, .school = "", .problem = p};
    uint8_t secret[TOTP_SECRET], dek[SEAL_KEY], blob[SEAL_OVERHEAD + 64];
    uint64_t generation;
    int64_t changed = 0;
    totp_new(secret);
    enum err e = store_owner_key(&s, person, &generation, dek, true);
    if (!e) {
        struct seal_name name = named(person, generation);
        e = seal_value(dek, (uint32_t)generation, &name, secret, sizeof secret, blob);
        sodium_memzero(dek, sizeof dek);
    }
    if (!e)
        e = db_run(db, p, &changed, "UPDATE core_people SET totp_new=$1 WHERE id=$2", "bt", blob,
                   seal_size(sizeof secret), person);
    if (!e && !changed) e = problem_set(p, ERR_NOT_FOUND, NULL);
    if (!e) totp_base32(secret, base32);
    sodium_memzero(secret, sizeof secret);
    return e;
}

enum err people_confirm_code(struct db *db, struct keyring *k, const char *person, const char *code,
                             int64_t now, struct problem *p) {
    struct stmt *st = db_query(db, p, "SELECT totp_new FROM core_people WHERE id=$1", "t", person);
    enum err e = ERR_OK;
    size_t n = 0;
    const uint8_t *sealed = NULL;
    if (stmt_next(st, &e, p)) stmt_take(st, p->arena, "b", &sealed, &n);
    if (e) return e;
    stmt_reset(st);
    if (!sealed) return problem_set(p, ERR_CONFLICT, "ask for a new secret first");
    uint8_t secret[TOTP_SECRET];
    e = code_open(db, k, person, sealed, n, secret, p);
    int64_t step = e ? 0 : totp_verify(secret, code, now, 0);
    sodium_memzero(secret, sizeof secret);
    if (e) return e;
    if (!step)
        return problem_add(p, ERR_INVALID, "/code", "code_wrong", "is not the code shown now");
    return db_run(db, p, NULL,
                  "UPDATE core_people SET totp=totp_new, totp_new=NULL, totp_last=$1 WHERE id=$2",
                  "it", step, person);
}

enum err people_drop_code(struct db *db, const char *person, struct problem *p) {
    int64_t n = 0;
    enum err e = db_run(db, p, &n, "UPDATE core_people SET totp=NULL, totp_new=NULL WHERE id=$1",
                        "t", person);
    return e ? e : n ? ERR_OK : problem_set(p, ERR_NOT_FOUND, NULL);
}
