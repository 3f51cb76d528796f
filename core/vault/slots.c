// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Keyslots: each seals the root key under a key from a passphrase (argon2id), a key file, a
// credential or a printed recovery code. And the ring's state as JSON: sealed root copies and
// key-encryption keys sealed under root.
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/json.h"
#include "campus/mem.h"
#include "vault/keyring_internal.h"

static const char *const KINDS[] = {"passphrase", "keyfile", "credential", "recovery"};
enum { OPS = 3, MEMORY = 64 << 20 };

static enum err slot_key(enum keyslot_kind kind, const uint8_t salt[SLOT_SALT], const void *secret,
                         size_t n, uint8_t out[32]) {
    if (kind == KEYSLOT_PASSPHRASE)
        return crypto_pwhash(out, 32, secret, n, salt, OPS, MEMORY, crypto_pwhash_ALG_ARGON2ID13)
                   ? ERR_NOMEM
                   : ERR_OK;
    crypto_generichash(out, 32, secret, n, salt, SLOT_SALT);
    return ERR_OK;
}

static size_t bound_to(const struct keyring *k, const char *what, int id, char out[256]) {
    return (size_t)snprintf(out, 256, "campusd.%s.v1|%.128s|%d", what, k->school, id);
}

static void seal32(const uint8_t key[32], const char *aad, size_t aad_n, const uint8_t plain[32],
                   uint8_t out[SLOT_SEALED]) {
    randombytes_buf(out, 24);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + 24, NULL, plain, 32, (const uint8_t *)aad,
                                               aad_n, NULL, out, key);
}

static bool open32(const uint8_t key[32], const char *aad, size_t aad_n,
                   const uint8_t in[SLOT_SEALED], uint8_t plain[32]) {
    return !crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, in + 24, 48,
                                                       (const uint8_t *)aad, aad_n, in, key);
}

void keyring_seal_kek(struct keyring *k, int i) {
    char aad[256];
    size_t n = bound_to(k, "kek", (int)k->keks[i].version, aad);
    seal32(k->s->root, aad, n, k->s->kek[i], k->sealed_keks[i]);
}

enum err keyring_add_slot(struct keyring *k, enum keyslot_kind kind, const char *label,
                          const void *secret, size_t n, int *id, struct problem *p) {
    if (n < (kind == KEYSLOT_PASSPHRASE ? 10u : 20u))
        return problem_set(p, ERR_INVALID, "the %s is too short", KINDS[kind]);
    struct slot s = {.kind = kind, .created_at = clock_now_ms()};
    snprintf(s.label, sizeof s.label, "%s", label);
    randombytes_buf(s.salt, sizeof s.salt);
    uint8_t key[32];
    enum err e =
        slot_key(kind, s.salt, secret, n, key); // slow: nobody waits for the ring meanwhile
    if (e) return problem_set(p, e, NULL);
    pthread_rwlock_wrlock(&k->lock);
    if (!k->unlocked)
        e = problem_set(p, ERR_LOCKED, NULL);
    else if (k->nslots == SLOTS_MAX)
        e = problem_set(p, ERR_CONFLICT, "there are %d slots already", SLOTS_MAX);
    else {
        char aad[256];
        s.id = k->next_slot++;
        size_t aad_n = bound_to(k, "slot", s.id, aad);
        seal32(key, aad, aad_n, k->s->root, s.sealed);
        k->slots[k->nslots++] = s;
        if (id) *id = s.id;
    }
    pthread_rwlock_unlock(&k->lock);
    sodium_memzero(key, sizeof key);
    return e;
}

// Recovery: 40 characters of Crockford's base32 (200 bits) in groups of five, the last group's last
// character a check over the rest.
static const char CROCKFORD[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static size_t plain_code(const char *s, size_t n, char out[64]) {
    size_t k = 0;
    for (size_t i = 0; i < n && k < 63; i++) {
        char c = s[i] >= 'a' && s[i] <= 'z' ? (char)(s[i] - 32) : s[i];
        c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
        if (strchr(CROCKFORD, c) && c) out[k++] = c;
    }
    return k;
}

static char check_char(const char *s, size_t n) {
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++)
        sum = (sum * 33 + (unsigned)(strchr(CROCKFORD, s[i]) - CROCKFORD) + 1) % 31;
    return CROCKFORD[sum];
}

enum err keyring_add_recovery(struct keyring *k, char out[KEYRING_RECOVERY], int *id,
                              struct problem *p) {
    char code[41];
    for (int i = 0; i < 39; i++) code[i] = CROCKFORD[randombytes_uniform(32)];
    code[39] = check_char(code, 39);
    code[40] = 0;
    enum err e = keyring_add_slot(k, KEYSLOT_RECOVERY, "printed recovery", code, 40, id, p);
    char *o = out;
    for (int i = 0; i < 40; i++) {
        if (i && i % 5 == 0) *o++ = '-';
        *o++ = code[i];
    }
    *o = 0;
    sodium_memzero(code, sizeof code);
    return e;
}

enum err keyring_remove_slot(struct keyring *k, int id, struct problem *p) {
    pthread_rwlock_wrlock(&k->lock);
    int i = 0;
    while (i < k->nslots && k->slots[i].id != id) i++;
    enum err e = ERR_OK;
    if (i == k->nslots)
        e = problem_set(p, ERR_NOT_FOUND, "there is no slot %d", id);
    else if (k->nslots <= 2)
        e = problem_set(p, ERR_CONFLICT, "two slots must stay");
    else {
        memmove(&k->slots[i], &k->slots[i + 1], sizeof k->slots[0] * (size_t)(k->nslots - i - 1));
        k->nslots--;
    }
    pthread_rwlock_unlock(&k->lock);
    return e;
}

// Takes the root key that a slot gave and opens the ring with it.
static enum err open_ring(struct keyring *k, const uint8_t root[32], struct problem *p) {
    pthread_rwlock_wrlock(&k->lock);
    bool ok = true;
    memcpy(k->s->root, root, 32);
    for (int v = 0; v < k->nkeks && ok; v++) {
        char aad[256];
        size_t n = bound_to(k, "kek", (int)k->keks[v].version, aad);
        ok = open32(root, aad, n, k->sealed_keks[v], k->s->kek[v]);
    }
    if (ok)
        keyring_ready(k);
    else
        sodium_memzero(k->s, sizeof *k->s), k->unlocked = false;
    pthread_rwlock_unlock(&k->lock);
    return ok ? ERR_OK : problem_set(p, ERR_CORRUPT, "a key version does not open");
}

enum err keyring_unlock(struct keyring *k, enum keyslot_kind kind, const void *secret, size_t n,
                        struct problem *p) {
    char code[64];
    if (kind == KEYSLOT_RECOVERY) {
        n = plain_code(secret, n, code);
        if (n != 40 || check_char(code, 39) != code[39])
            return problem_set(p, ERR_INVALID, "the recovery code has a typing mistake");
        secret = code;
    }
    struct slot slots[SLOTS_MAX];
    pthread_rwlock_rdlock(&k->lock);
    int nslots = k->nslots;
    memcpy(slots, k->slots, sizeof slots);
    pthread_rwlock_unlock(&k->lock);
    enum err e = ERR_FORBIDDEN;
    for (int i = 0; i < nslots && e == ERR_FORBIDDEN; i++) {
        uint8_t key[32], root[32];
        char aad[256];
        if (slots[i].kind != kind) continue;
        if (slot_key(kind, slots[i].salt, secret, n, key)) {
            e = ERR_NOMEM;
            break;
        }
        size_t aad_n = bound_to(k, "slot", slots[i].id, aad);
        if (open32(key, aad, aad_n, slots[i].sealed, root)) e = open_ring(k, root, p);
        sodium_memzero(key, sizeof key);
        sodium_memzero(root, sizeof root);
    }
    sodium_memzero(code, sizeof code);
    return e == ERR_FORBIDDEN ? problem_set(p, e, "no key slot opens with this %s", KINDS[kind])
           : e                ? problem_set(p, e, NULL)
                              : ERR_OK;
}

void keyring_slots_json(struct keyring *k, struct buf *out) {
    pthread_rwlock_rdlock(&k->lock);
    buf_putc(out, '[');
    for (int i = 0; i < k->nslots; i++) {
        json_sep(out);
        buf_putc(out, '{');
        json_kv_int(out, "id", k->slots[i].id);
        json_kv_str(out, "kind", KINDS[k->slots[i].kind]);
        json_kv_str(out, "label", k->slots[i].label);
        json_kv_time(out, "created_at", k->slots[i].created_at);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    pthread_rwlock_unlock(&k->lock);
}

static void b64(struct buf *b, const char *key, const uint8_t *p, size_t n) {
    char text[256];
    sodium_bin2base64(text, sizeof text, p, n, sodium_base64_VARIANT_ORIGINAL);
    json_kv_str(b, key, text);
}

void keyring_dump(struct keyring *k, struct buf *out) {
    pthread_rwlock_rdlock(&k->lock);
    buf_putc(out, '{');
    json_kv_str(out, "school", k->school);
    json_kv_int(out, "epoch", k->epoch);
    json_kv_int(out, "next_slot", k->next_slot);
    json_key(out, "keks"), buf_putc(out, '[');
    for (int i = 0; i < k->nkeks; i++) {
        json_sep(out), buf_putc(out, '{');
        json_kv_int(out, "version", k->keks[i].version);
        b64(out, "sealed", k->sealed_keks[i], SLOT_SEALED);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    json_key(out, "slots"), buf_putc(out, '[');
    for (int i = 0; i < k->nslots; i++) {
        const struct slot *s = &k->slots[i];
        json_sep(out), buf_putc(out, '{');
        json_kv_int(out, "id", s->id);
        json_kv_str(out, "kind", KINDS[s->kind]);
        json_kv_str(out, "label", s->label);
        json_kv_int(out, "created_ms", s->created_at);
        b64(out, "salt", s->salt, SLOT_SALT);
        b64(out, "sealed", s->sealed, SLOT_SEALED);
        buf_putc(out, '}');
    }
    buf_puts(out, "]}");
    pthread_rwlock_unlock(&k->lock);
}

static bool unb64(const json_t *j, const char *key, uint8_t *out, size_t n) {
    const char *s = json_string_value(json_object_get(j, key));
    size_t got = 0;
    return s &&
           !sodium_base642bin(out, n, s, strlen(s), NULL, &got, NULL,
                              sodium_base64_VARIANT_ORIGINAL) &&
           got == n;
}

enum err keyring_load(const char *text, size_t n, struct keyring **out, struct problem *p) {
    json_t *j = json_loadb(text, n, 0, NULL);
    const char *school = json_string_value(json_object_get(j, "school"));
    struct keyring *k = school ? keyring_alloc(school) : NULL;
    bool ok = k != NULL;
    if (ok) {
        k->epoch = (uint32_t)json_integer_value(json_object_get(j, "epoch"));
        k->next_slot = (int)json_integer_value(json_object_get(j, "next_slot"));
        size_t i;
        json_t *one;
        json_array_foreach(json_object_get(j, "keks"), i, one) {
            ok = ok && i < KEKS_MAX && unb64(one, "sealed", k->sealed_keks[i], SLOT_SEALED);
            if (ok)
                k->keks[k->nkeks++].version =
                    (uint32_t)json_integer_value(json_object_get(one, "version"));
        }
        json_array_foreach(json_object_get(j, "slots"), i, one) {
            struct slot *s = &k->slots[i < SLOTS_MAX ? i : 0];
            const char *kind = json_string_value(json_object_get(one, "kind"));
            ok = ok && i < SLOTS_MAX && kind && unb64(one, "salt", s->salt, SLOT_SALT) &&
                 unb64(one, "sealed", s->sealed, SLOT_SEALED);
            if (!ok) break;
            int c = 0;
            while (c < 4 && strcmp(KINDS[c], kind)) c++;
            ok = c < 4;
            s->kind = (enum keyslot_kind)c;
            s->id = (int)json_integer_value(json_object_get(one, "id"));
            s->created_at = json_integer_value(json_object_get(one, "created_ms"));
            const char *label = json_string_value(json_object_get(one, "label"));
            snprintf(s->label, sizeof s->label, "%s", label ? label : "");
            k->nslots++;
        }
        ok = ok && k->nkeks > 0 && k->epoch > 0 && strlen(school) <= SCHOOL_MAX;
    }
    json_decref(j);
    if (!ok) {
        keyring_free(k);
        return problem_set(p, ERR_CORRUPT, "the keyring cannot be read");
    }
    *out = k;
    return ERR_OK;
}
