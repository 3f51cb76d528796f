// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Passwords: argon2id over a peppered hash. Tokens: random, kept hashed.
#include "campus/password.h"

#include <sodium.h>
#include <string.h>
#include "campus/text.h"

enum { OPS = 2, MEMORY = 64 << 20 };
static const char *const COMMON[] = {
    "1234567890",    "1111111111", "8888888888", "qwertyuiop",  "1q2w3e4r5t", "password123",
    "administrator", "iloveyou",   "11111111",   "88888888",    "a123456789", "woaini1314",
    "5201314",       "letmein123", "welcome123", "changeme123", "admin12345", "qwerty12345",
    "abcd123456",    "aa123456",   "0123456789", "9876543210"};

static void peppered(const uint8_t pepper[32], const char *password, size_t n, char out[65]) {
    uint8_t h[32];
    crypto_generichash(h, sizeof h, (const uint8_t *)password, n, pepper, 32);
    sodium_bin2hex(out, 65, h, sizeof h);
    sodium_memzero(h, sizeof h);
}

enum err password_hash(const uint8_t pepper[32], const char *password, size_t n,
                       char out[PASSWORD_HASH]) {
    char p[65], hash[crypto_pwhash_STRBYTES];
    peppered(pepper, password, n, p);
    int rc = crypto_pwhash_str(hash, p, 64, OPS, MEMORY);
    sodium_memzero(p, sizeof p);
    if (rc) return ERR_NOMEM;
    memcpy(out, hash, sizeof hash);
    return ERR_OK;
}

bool password_verify(const uint8_t pepper[32], const char *hash, const char *password, size_t n) {
    // an account that is absent costs what one that is present costs
    static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
                                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    char p[65];
    peppered(pepper, password, n, p);
    bool ok = crypto_pwhash_str_verify(hash ? hash : nobody, p, 64) == 0;
    sodium_memzero(p, sizeof p);
    return ok && hash;
}

enum err password_acceptable(const char *user, const char *password, size_t n, struct problem *p) {
    if (!text_is_utf8(password, n))
        return problem_add(p, ERR_INVALID, "/password", "not_utf8", "not UTF-8");
    if (text_length(password, n) < PASSWORD_MIN)
        return problem_add(p, ERR_INVALID, "/password", "too_short", "at least %d characters",
                           PASSWORD_MIN);
    if (n > PASSWORD_MAX)
        return problem_add(p, ERR_INVALID, "/password", "too_long", "at most %d bytes",
                           PASSWORD_MAX);
    if (user && *user && strlen(user) >= 4 && memmem(password, n, user, strlen(user)))
        return problem_add(p, ERR_INVALID, "/password", "holds_name",
                           "must not hold the account's name");
    for (size_t i = 0; i < sizeof COMMON / sizeof *COMMON; i++)
        if (strlen(COMMON[i]) == n && !strncasecmp(COMMON[i], password, n))
            return problem_add(p, ERR_INVALID, "/password", "common",
                               "is one of the commonest passwords");
    return ERR_OK;
}

void password_generate(char out[20]) {
    static const char set[] = "abcdefghjkmnpqrstuvwxyz23456789";
    for (int i = 0; i < 19; i++)
        out[i] = i % 5 == 4 ? '-' : set[randombytes_uniform(sizeof set - 1)];
    out[19] = 0;
}

void token_hash(const char *token, size_t n, uint8_t hash[TOKEN_HASH]) {
    crypto_generichash(hash, TOKEN_HASH, (const uint8_t *)token, n, NULL, 0);
}

void token_new(char out[TOKEN_LEN + 1], uint8_t hash[TOKEN_HASH]) {
    uint8_t raw[32];
    randombytes_buf(raw, sizeof raw);
    sodium_bin2base64(out, TOKEN_LEN + 1, raw, sizeof raw,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(raw, sizeof raw);
    token_hash(out, TOKEN_LEN, hash);
}
