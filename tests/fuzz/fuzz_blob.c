// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// No bytes open as a sealed value that were not sealed, and no bytes break the reader of a keyring.
#include "campus/keyring.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static const uint8_t dek[SEAL_KEY] = {7};
    static const struct seal_name name = {"s", "e", "r", "f", "text", 1};
    static struct keyring *ring;
    if (!ring) MUST(!keyring_harden(NULL) && !keyring_create("s", &ring, NULL));
    struct arena *a = arena_new(16 << 20);
    char *out;
    size_t out_n;
    uint8_t key[SEAL_KEY];
    MUST(seal_open(dek, &name, data, n, a, &out, &out_n) == ERR_CORRUPT);
    MUST(keyring_unwrap(ring, "o", 1, data, n, key) == ERR_CORRUPT);
    struct keyring *k;
    if (!keyring_load((const char *)data, n, &k, NULL)) {
        struct buf b;
        buf_init(&b, a);
        keyring_dump(k, &b);
        MUST(keyring_unlock(k, KEYSLOT_KEYFILE, "0123456789abcdef0123", 20, NULL));
        keyring_free(k);
    }
    arena_free(a);
    return 0;
}
