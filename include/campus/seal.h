// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Sealed fields: 0x01 | LE32 key_version | nonce24 | commit32 | ciphertext | tag16, key-committing
// XChaCha20-Poly1305 with a per-value key; the layout and its vector are in core/vault/README.md.
#ifndef CAMPUS_SEAL_H
#define CAMPUS_SEAL_H

#include <stddef.h>
#include <stdint.h>
#include "campus/buf.h"
#include "campus/err.h"

enum { SEAL_KEY = 32, SEAL_OVERHEAD = 1 + 4 + 24 + 32 + 16, SEAL_PLAIN_MAX = 1 << 20 };

// What a blob is bound to: it opens nowhere else.
struct seal_name {
    const char *school, *entity, *record, *field, *type;
    uint64_t generation; // of the data key's owner: grows when the owner is erased
};

size_t seal_size(size_t plain_n); // bytes of the blob after padding
// out must hold seal_size(n) bytes.
MUST_CHECK enum err seal_value(const uint8_t dek[SEAL_KEY], uint32_t key_version,
                               const struct seal_name *name, const void *plain, size_t n,
                               uint8_t *out);
// *out: plaintext in the arena. ERR_CORRUPT when anything differs.
struct arena;
MUST_CHECK enum err seal_open(const uint8_t dek[SEAL_KEY], const struct seal_name *name,
                              const uint8_t *blob, size_t blob_n, struct arena *a, char **out,
                              size_t *n);
uint32_t seal_key_version(const uint8_t *blob, size_t n); // 0 when it is no blob
// Pre-authentication encoding as in PASETO: LE64 count, then LE64 length + bytes each.
void seal_pae(struct buf *out, size_t count, const void *const *parts, const size_t *lengths);

#endif
