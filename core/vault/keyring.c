// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The ring in memory: root key, key-encryption keys, data keys and blind indexes. Its sealed state
// and the slots that open it are in slots.c.
#include <sodium.h>
#include <sodium/randombytes_internal_random.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include "campus/mem.h"
#include "vault/keyring_internal.h"

enum { NONCE = 24, TAG = 16, AAD_MAX = 512 };

enum err keyring_harden(struct problem *p) {
    // A system call for every nonce is a twentieth of a request: libsodium's own generator, seeded
    // by the kernel, one state a thread, its key replaced after each use.
    randombytes_set_implementation(&randombytes_internal_implementation);
    if (sodium_init() < 0) return problem_set(p, ERR_INTERNAL, "libsodium does not start");
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#ifndef CAMPUSD_TEST
    prctl(PR_SET_DUMPABLE, 0);
#endif
    return ERR_OK;
}

struct keyring *keyring_alloc(const char *school) {
    struct keyring *k = mem_alloc(sizeof *k);
    if (!k) return NULL;
    k->s = sodium_malloc(sizeof *k->s);
    if (!k->s) {
        mem_free(k);
        return NULL;
    }
    sodium_memzero(k->s, sizeof *k->s);
    pthread_rwlock_init(&k->lock, NULL);
    k->school = mem_strdup(school);
    return k;
}

void keyring_free(struct keyring *k) {
    if (!k) return;
    sodium_free(k->s);
    pthread_rwlock_destroy(&k->lock);
    mem_free(k->school);
    mem_free(k);
}

// Derives what is used often from root and the KEKs.
void keyring_ready(struct keyring *k) {
    crypto_kdf_derive_from_key(k->s->blind, 32, 2, "cd_blndx", k->s->root);
    for (int i = 0; i < k->nkeks; i++)
        crypto_kdf_derive_from_key(k->s->wrap[i], 32, 1, "cd_subjk", k->s->kek[i]);
    k->unlocked = true;
}

enum err keyring_create(const char *school, struct keyring **out, struct problem *p) {
    if (!*school || strlen(school) > SCHOOL_MAX)
        return problem_set(p, ERR_INVALID, "a school's id has 1 to %d bytes", SCHOOL_MAX);
    struct keyring *k = keyring_alloc(school);
    if (!k) return problem_set(p, ERR_NOMEM, NULL);
    randombytes_buf(k->s->root, 32);
    randombytes_buf(k->s->kek[0], 32);
    k->keks[0] = (struct kek){.version = 1};
    k->nkeks = 1;
    k->epoch = 1;
    k->next_slot = 1;
    keyring_ready(k);
    keyring_seal_kek(k, 0);
    *out = k;
    return ERR_OK;
}

bool keyring_is_unlocked(struct keyring *k) {
    pthread_rwlock_rdlock(&k->lock);
    bool unlocked = k->unlocked;
    pthread_rwlock_unlock(&k->lock);
    return unlocked;
}

void keyring_lock(struct keyring *k) {
    pthread_rwlock_wrlock(&k->lock);
    sodium_memzero(k->s, sizeof *k->s);
    k->unlocked = false;
    pthread_rwlock_unlock(&k->lock);
}

// The version that wraps: the newest one whose sealed state is durable.
static int writing(const struct keyring *k) {
    return k->nkeks - 1 - k->prepared;
}

uint32_t keyring_version(struct keyring *k) {
    pthread_rwlock_rdlock(&k->lock);
    uint32_t v = k->keks[writing(k)].version;
    pthread_rwlock_unlock(&k->lock);
    return v;
}

enum err keyring_rotate(struct keyring *k, struct problem *p) {
    pthread_rwlock_wrlock(&k->lock);
    enum err e = ERR_OK;
    if (!k->unlocked)
        e = problem_set(p, ERR_LOCKED, NULL);
    else if (k->prepared)
        e = problem_set(p, ERR_CONFLICT, "a rotation has begun already");
    else if (k->nkeks == KEKS_MAX)
        e = problem_set(p, ERR_CONFLICT, "%d key versions are in use: let the rewrap finish first",
                        KEKS_MAX);
    else {
        randombytes_buf(k->s->kek[k->nkeks], 32);
        k->keks[k->nkeks] = (struct kek){.version = k->keks[k->nkeks - 1].version + 1};
        keyring_seal_kek(k, k->nkeks++);
        keyring_ready(k);
        k->prepared = true;
    }
    pthread_rwlock_unlock(&k->lock);
    return e;
}

void keyring_rotated(struct keyring *k, bool kept) {
    pthread_rwlock_wrlock(&k->lock);
    if (k->prepared && !kept) {
        k->nkeks--;
        sodium_memzero(k->s->kek[k->nkeks], 32);
        sodium_memzero(k->s->wrap[k->nkeks], 32);
    }
    k->prepared = false;
    pthread_rwlock_unlock(&k->lock);
}

uint32_t keyring_oldest(struct keyring *k) {
    pthread_rwlock_rdlock(&k->lock);
    uint32_t v = k->keks[0].version;
    pthread_rwlock_unlock(&k->lock);
    return v;
}

enum err keyring_destroy(struct keyring *k, uint32_t version, struct problem *p) {
    pthread_rwlock_wrlock(&k->lock);
    enum err e = ERR_NOT_FOUND;
    for (int i = 0; i < k->nkeks; i++) {
        if (k->keks[i].version != version) continue;
        if (i >= writing(k)) {
            e = problem_set(p, ERR_CONFLICT, "version %u is the one in use", version);
            break;
        }
        memmove(&k->keks[i], &k->keks[i + 1], sizeof k->keks[0] * (size_t)(k->nkeks - i - 1));
        memmove(k->sealed_keks[i], k->sealed_keks[i + 1], SLOT_SEALED * (size_t)(k->nkeks - i - 1));
        memmove(k->s->kek[i], k->s->kek[i + 1], 32 * (size_t)(k->nkeks - i - 1));
        memmove(k->s->wrap[i], k->s->wrap[i + 1], 32 * (size_t)(k->nkeks - i - 1));
        k->nkeks--;
        sodium_memzero(k->s->kek[k->nkeks], 32);
        sodium_memzero(k->s->wrap[k->nkeks], 32);
        e = ERR_OK;
        break;
    }
    pthread_rwlock_unlock(&k->lock);
    return e;
}

// The owner and its generation, bound into the wrap. 0 when the owner's name is absurdly long.
static size_t wrap_aad(struct keyring *k, const char *owner, uint64_t generation,
                       uint8_t out[AAD_MAX]) {
    uint8_t gen[8];
    for (int i = 0; i < 8; i++) gen[i] = (uint8_t)(generation >> (8 * i));
    const void *parts[4] = {"campusd.key.v1", k->school, owner, gen};
    size_t lengths[4] = {14, strlen(k->school), strlen(owner), 8};
    if (lengths[2] > AAD_MAX / 2) return 0;
    struct buf b = {.data = (char *)out, .cap = AAD_MAX};
    seal_pae(&b, 4, parts, lengths);
    return b.len;
}

static enum err wrap(struct keyring *k, const char *owner, uint64_t generation,
                     const uint8_t dek[SEAL_KEY], uint8_t out[WRAPPED_KEY]) {
    uint8_t aad[AAD_MAX];
    size_t n = wrap_aad(k, owner, generation, aad);
    if (!n) return ERR_TOO_LARGE;
    int i = writing(k);
    out[0] = 1;
    for (int b = 0; b < 4; b++) out[1 + b] = (uint8_t)(k->keks[i].version >> (8 * b));
    randombytes_buf(out + 5, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + 5 + NONCE, NULL, dek, SEAL_KEY, aad, n, NULL,
                                               out + 5, k->s->wrap[i]);
    return ERR_OK;
}

enum err keyring_new_key(struct keyring *k, const char *owner, uint64_t generation,
                         uint8_t dek[SEAL_KEY], uint8_t wrapped[WRAPPED_KEY]) {
    pthread_rwlock_rdlock(&k->lock);
    enum err e = k->unlocked ? ERR_OK : ERR_LOCKED;
    if (!e) {
        randombytes_buf(dek, SEAL_KEY);
        e = wrap(k, owner, generation, dek, wrapped);
    }
    pthread_rwlock_unlock(&k->lock);
    return e;
}

uint32_t keyring_wrapped_version(const uint8_t *w, size_t n) {
    if (n != WRAPPED_KEY || w[0] != 1) return 0;
    return (uint32_t)w[1] | (uint32_t)w[2] << 8 | (uint32_t)w[3] << 16 | (uint32_t)w[4] << 24;
}

static enum err unwrap(struct keyring *k, const char *owner, uint64_t generation, const uint8_t *w,
                       size_t n, uint8_t dek[SEAL_KEY]) {
    uint32_t version = keyring_wrapped_version(w, n);
    if (!k->unlocked) return ERR_LOCKED;
    uint8_t aad[AAD_MAX];
    size_t aad_n = wrap_aad(k, owner, generation, aad);
    if (!aad_n || !version) return ERR_CORRUPT;
    for (int i = k->nkeks - 1; i >= 0; i--)
        if (k->keks[i].version == version)
            return crypto_aead_xchacha20poly1305_ietf_decrypt(dek, NULL, NULL, w + 5 + NONCE,
                                                              SEAL_KEY + TAG, aad, aad_n, w + 5,
                                                              k->s->wrap[i])
                       ? ERR_CORRUPT
                       : ERR_OK;
    return ERR_CORRUPT;
}

enum err keyring_unwrap(struct keyring *k, const char *owner, uint64_t generation,
                        const uint8_t *wrapped, size_t n, uint8_t dek[SEAL_KEY]) {
    pthread_rwlock_rdlock(&k->lock);
    enum err e = unwrap(k, owner, generation, wrapped, n, dek);
    pthread_rwlock_unlock(&k->lock);
    return e;
}

enum err keyring_rewrap(struct keyring *k, const char *owner, uint64_t generation,
                        const uint8_t *wrapped, size_t n, uint8_t out[WRAPPED_KEY]) {
    uint8_t dek[SEAL_KEY];
    pthread_rwlock_rdlock(&k->lock);
    enum err e = unwrap(k, owner, generation, wrapped, n, dek);
    if (!e) e = wrap(k, owner, generation, dek, out);
    pthread_rwlock_unlock(&k->lock);
    sodium_memzero(dek, sizeof dek);
    return e;
}

enum err keyring_blind(struct keyring *k, const char *entity, const char *field, const char *name,
                       const void *value, size_t n, int bits, uint8_t out[16]) {
    uint8_t epoch[4], key[32], full[32], pae[1024];
    struct buf b = {.data = (char *)pae, .cap = sizeof pae};
    const void *parts[5] = {k->school, entity, field, name, epoch};
    size_t lengths[5] = {strlen(k->school), strlen(entity), strlen(field), strlen(name), 4};
    if (lengths[0] + lengths[1] + lengths[2] + lengths[3] > 900) return ERR_TOO_LARGE;
    if (bits < 8 || bits > 128) return ERR_INVALID;
    for (int i = 0; i < 4; i++) epoch[i] = (uint8_t)(k->epoch >> (8 * i));
    seal_pae(&b, 5, parts, lengths);
    pthread_rwlock_rdlock(&k->lock);
    enum err e = k->unlocked ? ERR_OK : ERR_LOCKED;
    if (!e) crypto_generichash(key, 32, pae, b.len, k->s->blind, 32);
    pthread_rwlock_unlock(&k->lock);
    if (e) return e;
    crypto_generichash(full, 32, value, n, key, 32);
    memset(out, 0, 16);
    memcpy(out, full, (size_t)(bits + 7) / 8);
    if (bits % 8) out[bits / 8] &= (uint8_t)(0xff << (8 - bits % 8));
    sodium_memzero(key, sizeof key);
    return ERR_OK;
}

enum err keyring_derive(struct keyring *k, const char *purpose, uint8_t out[32]) {
    const void *parts[3] = {"campusd.derive.v1", k->school, purpose};
    size_t lengths[3] = {17, strlen(k->school), strlen(purpose)};
    uint8_t pae[512];
    struct buf b = {.data = (char *)pae, .cap = sizeof pae};
    if (lengths[1] + lengths[2] > 400) return ERR_TOO_LARGE;
    seal_pae(&b, 3, parts, lengths);
    pthread_rwlock_rdlock(&k->lock);
    enum err e = k->unlocked ? ERR_OK : ERR_LOCKED;
    if (!e) crypto_generichash(out, 32, pae, b.len, k->s->root, 32);
    pthread_rwlock_unlock(&k->lock);
    return e;
}
