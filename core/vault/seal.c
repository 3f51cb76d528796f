// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Sealed values: a fresh key a value out of the data key, the nonce and what the value is bound to;
// the other half of the same hash commits to the key (so one blob never opens under two keys).
#include "campus/seal.h"

#include <sodium.h>
#include <string.h>
#include "campus/mem.h"
#include "vault/seal_internal.h"

enum { HEAD = 1 + 4, NONCE = 24, COMMIT = 32, TAG = 16 };

static void le64(uint8_t *out, uint64_t v) {
    for (int i = 0; i < 8; i++) out[i] = (uint8_t)(v >> (8 * i));
}

void seal_pae(struct buf *out, size_t count, const void *const *parts, const size_t *lengths) {
    uint8_t n[8];
    le64(n, count);
    buf_put(out, n, 8);
    for (size_t i = 0; i < count; i++) {
        le64(n, lengths[i]);
        buf_put(out, n, 8);
        buf_put(out, parts[i], lengths[i]);
    }
}

size_t seal_padded(size_t n) {
    static const size_t classes[] = {16, 64, 256};
    for (int i = 0; i < 3; i++)
        if (n < classes[i]) return classes[i];
    return (n / 256 + 1) * 256;
}

size_t seal_size(size_t plain_n) {
    return SEAL_OVERHEAD + seal_padded(plain_n);
}

// The AAD on the stack; false when the names are absurdly long.
static bool aad_of(const struct seal_name *s, uint8_t out[1024], size_t *n) {
    uint8_t gen[8];
    le64(gen, s->generation);
    const char *parts[7] = {"campusd.field.v1", s->school, s->entity,        s->record,
                            s->field,           s->type,   (const char *)gen};
    uint8_t *at = out;
    le64(at, 7);
    at += 8;
    for (int i = 0; i < 7; i++) {
        size_t len = i == 6 ? 8 : strlen(parts[i]);
        if (len + 8 > (size_t)(out + 1024 - at)) return false;
        le64(at, len);
        memcpy(at + 8, parts[i], len);
        at += 8 + len;
    }
    *n = (size_t)(at - out);
    return true;
}

static void derive(const uint8_t dek[SEAL_KEY], const uint8_t *nonce, const uint8_t *aad,
                   size_t aad_n, uint8_t out[64]) {
    static const uint8_t personal[16] = "campusd.field.v1", salt[16];
    uint8_t message[NONCE + 1024];
    memcpy(message, nonce, NONCE);
    memcpy(message + NONCE, aad, aad_n);
    crypto_generichash_blake2b_salt_personal(out, 64, message, NONCE + aad_n, dek, SEAL_KEY, salt,
                                             personal);
}

enum err seal_with_nonce(const uint8_t dek[SEAL_KEY], uint32_t version,
                         const struct seal_name *name, const uint8_t nonce[24], const void *plain,
                         size_t n, uint8_t *out) {
    uint8_t aad[1024], keys[64];
    size_t aad_n;
    if (n > SEAL_PLAIN_MAX || !aad_of(name, aad, &aad_n)) return ERR_TOO_LARGE;
    size_t padded = seal_padded(n), unused;
    out[0] = 1;
    for (int i = 0; i < 4; i++) out[1 + i] = (uint8_t)(version >> (8 * i));
    memcpy(out + HEAD, nonce, NONCE);
    derive(dek, nonce, aad, aad_n, keys);
    memcpy(out + HEAD + NONCE, keys + 32, COMMIT);
    uint8_t *text = out + HEAD + NONCE + COMMIT;
    if (n) memcpy(text, plain, n);
    sodium_pad(&unused, text, n, padded, padded);
    crypto_aead_xchacha20poly1305_ietf_encrypt(text, NULL, text, padded, aad, aad_n, NULL, nonce,
                                               keys);
    sodium_memzero(keys, sizeof keys);
    return ERR_OK;
}

enum err seal_value(const uint8_t dek[SEAL_KEY], uint32_t key_version, const struct seal_name *name,
                    const void *plain, size_t n, uint8_t *out) {
    uint8_t nonce[NONCE];
    randombytes_buf(nonce, sizeof nonce);
    return seal_with_nonce(dek, key_version, name, nonce, plain, n, out);
}

enum err seal_open(const uint8_t dek[SEAL_KEY], const struct seal_name *name, const uint8_t *blob,
                   size_t blob_n, struct arena *a, char **out, size_t *n) {
    uint8_t aad[1024], keys[64];
    size_t aad_n;
    if (blob_n < SEAL_OVERHEAD + 16 || blob[0] != 1 || !aad_of(name, aad, &aad_n))
        return ERR_CORRUPT;
    const uint8_t *nonce = blob + HEAD, *text = nonce + NONCE + COMMIT;
    size_t text_n = blob_n - HEAD - NONCE - COMMIT;
    derive(dek, nonce, aad, aad_n, keys);
    enum err e = ERR_CORRUPT;
    uint8_t *plain = arena_alloc(a, text_n - TAG + 1);
    unsigned long long got = 0;
    if (!sodium_memcmp(keys + 32, nonce + NONCE, COMMIT) &&
        !crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &got, NULL, text, text_n, aad, aad_n,
                                                    nonce, keys)) {
        size_t len;
        if (!sodium_unpad(&len, plain, got, got)) {
            plain[len] = 0;
            *out = (char *)plain;
            *n = len;
            e = ERR_OK;
        }
    }
    sodium_memzero(keys, sizeof keys);
    return e;
}

uint32_t seal_key_version(const uint8_t *b, size_t n) {
    if (n < SEAL_OVERHEAD + 16 || b[0] != 1) return 0;
    return (uint32_t)b[1] | (uint32_t)b[2] << 8 | (uint32_t)b[3] << 16 | (uint32_t)b[4] << 24;
}
