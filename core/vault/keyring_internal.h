// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by keyring.c and slots.c.
#ifndef VAULT_KEYRING_INTERNAL_H
#define VAULT_KEYRING_INTERNAL_H

#include <pthread.h>
#include "campus/keyring.h"

enum { KEKS_MAX = 16, SLOTS_MAX = 8, SLOT_SALT = 16, SLOT_SEALED = 24 + 32 + 16, SCHOOL_MAX = 64 };
struct kek {
    uint32_t version;
};
struct slot {
    int id;
    enum keyslot_kind kind;
    char label[64];
    int64_t created_at;
    uint8_t salt[SLOT_SALT], sealed[SLOT_SEALED];
};
struct secrets {
    uint8_t root[32], blind[32], kek[KEKS_MAX][32], wrap[KEKS_MAX][32];
};
struct keyring {
    pthread_rwlock_t lock;
    char *school;
    struct secrets *s;       // sodium_malloc: guarded, locked in memory, wiped when freed
    bool unlocked, prepared; // prepared: the newest version does not wrap yet
    struct kek keks[KEKS_MAX];
    uint8_t sealed_keks[KEKS_MAX]
                       [SLOT_SEALED]; // under root: what is dumped, and what a locked ring opens
    int nkeks;
    struct slot slots[SLOTS_MAX];
    int nslots, next_slot;
    uint32_t epoch; // of the blind indexes
};
struct keyring *keyring_alloc(const char *school);
void keyring_ready(struct keyring *k);
void keyring_seal_kek(struct keyring *k, int i);

#endif
