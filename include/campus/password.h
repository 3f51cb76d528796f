// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Passwords (argon2id, 64 MiB, 2 passes, peppered) and one-time codes (RFC 6238). Hashing blocks
// for ~80 ms: callers run it on the hashing pool.
#ifndef CAMPUS_PASSWORD_H
#define CAMPUS_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "campus/err.h"

enum { PASSWORD_HASH = 160, PASSWORD_MIN = 10, PASSWORD_MAX = 256, TOTP_SECRET = 20 };
MUST_CHECK enum err password_hash(const uint8_t pepper[32], const char *password, size_t n,
                                  char out[PASSWORD_HASH]);
// hash NULL (no such account): does the same work against a fixed hash and is false.
bool password_verify(const uint8_t pepper[32], const char *hash, const char *password, size_t n);
// ERR_INVALID with the reason: too short, too long, the account's name, one of the commonest, not
// UTF-8.
MUST_CHECK enum err password_acceptable(const char *user, const char *password, size_t n,
                                        struct problem *p);
void password_generate(char out[20]); // 16 characters without look-alikes, in groups

void totp_new(uint8_t secret[TOTP_SECRET]);
void totp_base32(const uint8_t secret[TOTP_SECRET], char out[33]);
// The step (Unix time / 30) that `code` belongs to within +-1 of now and after last_step, or 0: a
// code works once. Six digits, SHA-1, constant time.
int64_t totp_verify(const uint8_t secret[TOTP_SECRET], const char *code, int64_t now_ms,
                    int64_t last_step);

// Tokens: 256 random bits as 43 URL-safe characters, stored hashed.
enum { TOKEN_LEN = 43, TOKEN_HASH = 32 };
void token_new(char out[TOKEN_LEN + 1], uint8_t hash[TOKEN_HASH]);
void token_hash(const char *token, size_t n, uint8_t hash[TOKEN_HASH]); // BLAKE2b-256

#endif
