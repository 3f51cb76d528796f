// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// One-time codes: RFC 6238 with SHA-1, six digits, thirty seconds, as every authenticator app
// reads.
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "campus/password.h"

void totp_new(uint8_t secret[TOTP_SECRET]) {
    randombytes_buf(secret, TOTP_SECRET);
}

void totp_base32(const uint8_t secret[TOTP_SECRET], char out[33]) {
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for (int i = 0; i < 32; i++) {
        int bit = i * 5, byte = bit / 8, shift = 11 - bit % 8;
        unsigned two =
            (unsigned)secret[byte] << 8 | (byte + 1 < TOTP_SECRET ? secret[byte + 1] : 0);
        out[i] = set[two >> shift & 31];
    }
    out[32] = 0;
}

static void code_at(const uint8_t *secret, int64_t step, char out[7]) {
    uint8_t msg[8], mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    for (int i = 0; i < 8; i++) msg[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    HMAC(EVP_sha1(), secret, TOTP_SECRET, msg, 8, mac, &n);
    int o = mac[19] & 15;
    uint32_t v = (uint32_t)(mac[o] & 0x7f) << 24 | (uint32_t)mac[o + 1] << 16 |
                 (uint32_t)mac[o + 2] << 8 | mac[o + 3];
    snprintf(out, 7, "%06u", v % 1000000);
}

int64_t totp_verify(const uint8_t secret[TOTP_SECRET], const char *code, int64_t now_ms,
                    int64_t last_step) {
    if (strlen(code) != 6) return 0;
    int64_t now = now_ms / 30000, found = 0;
    for (int64_t step = now - 1; step <= now + 1; step++) {
        char want[7];
        code_at(secret, step, want);
        if (!sodium_memcmp(want, code, 6) && step > last_step) found = step;
    }
    return found;
}
