// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Keys: keyslots -> root key -> key-encryption keys by version -> one data key a subject (see
// core/vault/README.md). The keyring's sealed state is one JSON text that the database keeps;
// secret parts live in sodium_malloc and are wiped. Safe to use from several threads.
#ifndef CAMPUS_KEYRING_H
#define CAMPUS_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "campus/buf.h"
#include "campus/err.h"
#include "campus/seal.h"

struct keyring;
// Once at start: libsodium, no core dumps, not dumpable.
MUST_CHECK enum err keyring_harden(struct problem *p);
enum { WRAPPED_KEY = 1 + 4 + 24 + 32 + 16, KEYRING_RECOVERY = 64 };
enum keyslot_kind { KEYSLOT_PASSPHRASE, KEYSLOT_KEYFILE, KEYSLOT_CREDENTIAL, KEYSLOT_RECOVERY };

// A new ring, unlocked, with no slot yet. school is bound into everything. Owned.
MUST_CHECK enum err keyring_create(const char *school, struct keyring **out, struct problem *p);
// From keyring_dump's text; locked.
MUST_CHECK enum err keyring_load(const char *json, size_t n, struct keyring **out,
                                 struct problem *p);
void keyring_free(struct keyring *k);
void keyring_dump(struct keyring *k, struct buf *out); // no secret in the clear
bool keyring_is_unlocked(struct keyring *k);
void keyring_lock(struct keyring *k);
// Tries the slots of that kind (argon2id for passphrases: 64 MiB, 3 passes; takes ~0.1 s).
// ERR_FORBIDDEN.
MUST_CHECK enum err keyring_unlock(struct keyring *k, enum keyslot_kind kind, const void *secret,
                                   size_t n, struct problem *p);
MUST_CHECK enum err keyring_add_slot(struct keyring *k, enum keyslot_kind kind, const char *label,
                                     const void *secret, size_t n, int *id, struct problem *p);
// Makes a printed recovery slot: out gets groups of letters and digits for people to write down.
// id, of the new slot, may be NULL in both.
MUST_CHECK enum err keyring_add_recovery(struct keyring *k, char out[KEYRING_RECOVERY], int *id,
                                         struct problem *p);
// ERR_CONFLICT for the last but one: two slots stay.
MUST_CHECK enum err keyring_remove_slot(struct keyring *k, int id, struct problem *p);
void keyring_slots_json(struct keyring *k, struct buf *out); // [{"id","kind","label","created_at"}]

// Key-encryption keys.
uint32_t keyring_version(struct keyring *k); // the one that wraps now
uint32_t keyring_oldest(struct keyring *k);  // the one that reads the longest
// A new version, which is dumped but wraps nothing: what it wraps would be lost if its sealed state
// were not kept. Once that is durable, keyring_rotated(true) lets it wrap; false takes it back.
// ERR_CONFLICT while another rotation is at that point, or with too many versions.
MUST_CHECK enum err keyring_rotate(struct keyring *k, struct problem *p);
void keyring_rotated(struct keyring *k, bool kept);
MUST_CHECK enum err keyring_destroy(struct keyring *k, uint32_t version, struct problem *p);

// Data keys. owner: subject id or record id, bound into the wrap, with its generation.
MUST_CHECK enum err keyring_new_key(struct keyring *k, const char *owner, uint64_t generation,
                                    uint8_t dek[SEAL_KEY], uint8_t wrapped[WRAPPED_KEY]);
MUST_CHECK enum err keyring_unwrap(struct keyring *k, const char *owner, uint64_t generation,
                                   const uint8_t *wrapped, size_t n, uint8_t dek[SEAL_KEY]);
uint32_t keyring_wrapped_version(const uint8_t *wrapped, size_t n);
MUST_CHECK enum err keyring_rewrap(struct keyring *k, const char *owner, uint64_t generation,
                                   const uint8_t *wrapped, size_t n, uint8_t out[WRAPPED_KEY]);

// Blind index: the first `bits` bits (8..128) of BLAKE2b(k, value) with the field's own key; out is
// zero-padded to (bits + 7) / 8 bytes. Callers pass text_normal's output. name: "eq", "last4",
// "unique".
MUST_CHECK enum err keyring_blind(struct keyring *k, const char *entity, const char *field,
                                  const char *name, const void *value, size_t n, int bits,
                                  uint8_t out[16]);
// A key derived for one purpose ("audit-sign", "pepper", "cursor", "idempotency", "webhook").
MUST_CHECK enum err keyring_derive(struct keyring *k, const char *purpose, uint8_t out[32]);

#endif
