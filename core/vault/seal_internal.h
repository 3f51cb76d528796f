// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// For the vectors: sealing with a nonce that is given.
#ifndef VAULT_SEAL_INTERNAL_H
#define VAULT_SEAL_INTERNAL_H

#include "campus/seal.h"

size_t seal_padded(size_t n);
MUST_CHECK enum err seal_with_nonce(const uint8_t dek[SEAL_KEY], uint32_t version,
                                    const struct seal_name *name, const uint8_t nonce[24],
                                    const void *plain, size_t n, uint8_t *out);

#endif
