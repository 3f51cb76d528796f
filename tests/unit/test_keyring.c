// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#include <pthread.h>
#include <sodium.h>
#include "campus/json.h"
#include "campus/keyring.h"
#include "check.h"
#include "vault/keyring_internal.h"

static const char PASS[] = "correct horse battery", FILE_KEY[] = "0123456789abcdef0123456789abcdef";

static int start(void **state) {
    (void)state;
    return (int)keyring_harden(NULL);
}

static const char *hex(const uint8_t *p, size_t n) {
    char *out = arena_alloc(arena, 2 * n + 1);
    return sodium_bin2hex(out, 2 * n + 1, p, n);
}

static struct keyring *new_ring(void) {
    struct keyring *k;
    assert_ok(keyring_create("school-1", &k, &problem));
    return k;
}

static struct keyring *saved_and_loaded(struct keyring *k, bool lock) {
    struct buf b;
    struct keyring *again;
    buf_init(&b, arena);
    if (lock) keyring_lock(k);
    keyring_dump(k, &b);
    assert_ok(keyring_load(b.data, b.len, &again, &problem));
    assert_false(keyring_is_unlocked(again));
    return again;
}

static void test_subkeys_are_the_documented_ones(void **state) {
    (void)state;
    struct keyring *k = new_ring();
    for (int i = 0; i < 32; i++) k->s->root[i] = k->s->kek[0][i] = (uint8_t)(0x80 + i);
    keyring_ready(k);
    assert_string_equal(hex(k->s->wrap[0], 32),
                        "6bdab1c85d74f7831b0104e43341d7b8a94afa30d23409718dc428f007c6fa14");
    assert_string_equal(hex(k->s->blind, 32),
                        "df190ccd9d5a70d46c23b9adb1af286f66c621ff7889c9d97658ebb8ca5cbb46");
    keyring_free(k);
}

static void test_each_kind_of_slot_opens_and_a_wrong_secret_does_not(void **state) {
    (void)state;
    struct keyring *k = new_ring();
    char recovery[KEYRING_RECOVERY];
    uint8_t dek[32], wrapped[WRAPPED_KEY], got[32];
    assert_ok(keyring_add_slot(k, KEYSLOT_PASSPHRASE, "head", PASS, strlen(PASS), NULL, &problem));
    assert_ok(keyring_add_slot(k, KEYSLOT_KEYFILE, "disk", FILE_KEY, 32, NULL, &problem));
    assert_ok(keyring_add_recovery(k, recovery, NULL, &problem));
    assert_ok(keyring_new_key(k, "S-1", 1, dek, wrapped));
    struct keyring *again = saved_and_loaded(k, false);
    assert_int_equal(keyring_unwrap(again, "S-1", 1, wrapped, sizeof wrapped, got), ERR_LOCKED);
    assert_int_equal(keyring_unlock(again, KEYSLOT_PASSPHRASE, "wrong passphrase", 16, NULL),
                     ERR_FORBIDDEN);
    assert_int_equal(keyring_unlock(again, KEYSLOT_KEYFILE, PASS, strlen(PASS), NULL),
                     ERR_FORBIDDEN);
    assert_int_equal(keyring_unlock(again, KEYSLOT_CREDENTIAL, FILE_KEY, 32, NULL), ERR_FORBIDDEN);
    const struct {
        enum keyslot_kind kind;
        const char *secret;
    } ways[] = {
        {KEYSLOT_PASSPHRASE, PASS}, {KEYSLOT_KEYFILE, FILE_KEY}, {KEYSLOT_RECOVERY, recovery}};
    for (int i = 0; i < 3; i++) {
        assert_ok(
            keyring_unlock(again, ways[i].kind, ways[i].secret, strlen(ways[i].secret), &problem));
        assert_true(keyring_is_unlocked(again));
        assert_ok(keyring_unwrap(again, "S-1", 1, wrapped, sizeof wrapped, got));
        assert_memory_equal(got, dek, 32);
        keyring_lock(again);
        assert_int_equal(keyring_unwrap(again, "S-1", 1, wrapped, sizeof wrapped, got), ERR_LOCKED);
    }
    // typed with small letters, O for 0, without dashes
    char typed[KEYRING_RECOVERY];
    size_t n = 0;
    for (const char *c = recovery; *c; c++)
        if (*c != '-')
            typed[n++] = *c == '0' ? 'o' : *c == '1' ? 'l' : (char)(*c >= 'A' ? *c + 32 : *c);
    assert_ok(keyring_unlock(again, KEYSLOT_RECOVERY, typed, n, &problem));
    recovery[0] = recovery[0] == '7' ? '8' : '7';
    assert_int_equal(keyring_unlock(again, KEYSLOT_RECOVERY, recovery, strlen(recovery), NULL),
                     ERR_INVALID);
    keyring_free(again);
    keyring_free(k);
}

static void test_two_slots_stay(void **state) {
    (void)state;
    struct keyring *k = new_ring();
    for (int i = 0; i < 3; i++)
        assert_ok(keyring_add_slot(k, KEYSLOT_KEYFILE, "f", FILE_KEY, 32, NULL, &problem));
    assert_int_equal(keyring_remove_slot(k, 9, NULL), ERR_NOT_FOUND);
    assert_ok(keyring_remove_slot(k, 2, &problem));
    assert_int_equal(keyring_remove_slot(k, 1, NULL), ERR_CONFLICT);
    assert_int_equal(keyring_remove_slot(k, 3, NULL), ERR_CONFLICT);
    struct buf b;
    json_t *j;
    buf_init(&b, arena);
    keyring_slots_json(k, &b);
    assert_ok(json_parse(arena, b.data, b.len, &j, &problem));
    assert_int_equal(json_array_size(j), 2);
    // a removed slot's number is not given again: its seal is bound to it
    assert_ok(keyring_add_slot(k, KEYSLOT_KEYFILE, "f", FILE_KEY, 32, NULL, &problem));
    assert_int_equal(k->slots[2].id, 4);
    assert_int_equal(keyring_add_slot(k, KEYSLOT_PASSPHRASE, "p", "short", 5, NULL, NULL),
                     ERR_INVALID);
    while (k->nslots < SLOTS_MAX)
        assert_ok(keyring_add_slot(k, KEYSLOT_KEYFILE, "f", FILE_KEY, 32, NULL, &problem));
    assert_int_equal(keyring_add_slot(k, KEYSLOT_KEYFILE, "f", FILE_KEY, 32, NULL, NULL),
                     ERR_CONFLICT);
    keyring_lock(k);
    assert_int_equal(keyring_add_slot(k, KEYSLOT_KEYFILE, "f", FILE_KEY, 32, NULL, NULL),
                     ERR_LOCKED);
    keyring_free(k);
}

static void test_rotation_reads_old_keys_and_rewraps_to_the_new(void **state) {
    (void)state;
    struct keyring *k = new_ring();
    uint8_t dek[32], old[WRAPPED_KEY], new[WRAPPED_KEY], got[32];
    assert_ok(keyring_add_slot(k, KEYSLOT_KEYFILE, "f", FILE_KEY, 32, NULL, &problem));
    assert_ok(keyring_new_key(k, "S-1", 1, dek, old));
    assert_ok(keyring_rotate(k, &problem));
    assert_int_equal(keyring_version(k), 1);
    assert_int_equal(keyring_rotate(k, NULL), ERR_CONFLICT);
    assert_int_equal(keyring_destroy(k, 1, NULL), ERR_CONFLICT);
    keyring_rotated(k, false); // its state could not be kept
    assert_int_equal(k->nkeks, 1);
    assert_ok(keyring_rotate(k, &problem));
    assert_ok(keyring_rewrap(k, "S-1", 1, old, sizeof old, new));
    assert_int_equal(keyring_wrapped_version(new, sizeof new), 1); // nothing is lost by a crash
    keyring_rotated(k, true);
    assert_int_equal(keyring_version(k), 2);
    assert_int_equal(keyring_oldest(k), 1);
    assert_ok(keyring_unwrap(k, "S-1", 1, old, sizeof old, got));
    assert_ok(keyring_rewrap(k, "S-1", 1, old, sizeof old, new));
    assert_int_equal(keyring_wrapped_version(old, sizeof old), 1);
    assert_int_equal(keyring_wrapped_version(new, sizeof new), 2);
    assert_int_equal(keyring_destroy(k, 2, NULL), ERR_CONFLICT);
    assert_int_equal(keyring_destroy(k, 7, NULL), ERR_NOT_FOUND);
    assert_ok(keyring_destroy(k, 1, &problem));
    assert_int_equal(keyring_unwrap(k, "S-1", 1, old, sizeof old, got), ERR_CORRUPT);
    // locked before it is saved: what was rotated must have been sealed by then
    struct keyring *again = saved_and_loaded(k, true);
    assert_ok(keyring_unlock(again, KEYSLOT_KEYFILE, FILE_KEY, 32, &problem));
    assert_ok(keyring_unwrap(again, "S-1", 1, new, sizeof new, got));
    assert_memory_equal(got, dek, 32);
    for (int i = 1; i < KEKS_MAX; i++) {
        assert_ok(keyring_rotate(again, &problem));
        keyring_rotated(again, true);
    }
    assert_int_equal(keyring_rotate(again, NULL), ERR_CONFLICT);
    keyring_free(again);
    keyring_free(k);
}

static void test_a_wrapped_key_belongs_to_one_owner_generation_and_school(void **state) {
    (void)state;
    struct keyring *k = new_ring();
    uint8_t dek[32], w[WRAPPED_KEY], got[32];
    assert_ok(keyring_new_key(k, "S-1", 1, dek, w));
    assert_int_equal(keyring_unwrap(k, "S-2", 1, w, sizeof w, got), ERR_CORRUPT);
    assert_int_equal(keyring_unwrap(k, "S-1", 2, w, sizeof w, got), ERR_CORRUPT);
    for (size_t i = 0; i < sizeof w; i++) {
        w[i] ^= 1;
        if (!keyring_unwrap(k, "S-1", 1, w, sizeof w, got)) fail_msg("byte %zu", i);
        w[i] ^= 1;
    }
    assert_int_equal(keyring_unwrap(k, "S-1", 1, w, sizeof w - 1, got), ERR_CORRUPT);
    char longer[400];
    memset(longer, 'x', sizeof longer);
    longer[399] = 0;
    assert_int_equal(keyring_new_key(k, longer, 1, dek, w), ERR_TOO_LARGE);
    k->school[0] = 'S';
    assert_int_equal(keyring_unwrap(k, "S-1", 1, w, sizeof w, got), ERR_CORRUPT);
    keyring_free(k);
}

static void test_blind_marks_keep_their_bits_and_depend_on_every_name(void **state) {
    (void)state;
    struct keyring *k = new_ring();
    uint8_t a[32], b[32];
    assert_ok(keyring_blind(k, "e", "f", "eq", "13800138000", 11, 128, a));
    assert_ok(keyring_blind(k, "e", "f", "eq", "13800138000", 11, 12, b));
    assert_int_equal(a[0], b[0]);
    assert_int_equal(a[1] & 0xf0, b[1]);
    for (int i = 2; i < 16; i++) assert_int_equal(b[i], 0);
    static const char *const other[][4] = {{"x", "f", "eq", "13800138000"},
                                           {"e", "x", "eq", "13800138000"},
                                           {"e", "f", "unique", "13800138000"},
                                           {"e", "f", "eq", "13800138001"},
                                           {"ef", "", "eq", "13800138000"}};
    for (size_t i = 0; i < 5; i++) {
        assert_ok(keyring_blind(k, other[i][0], other[i][1], other[i][2], other[i][3], 11, 128, b));
        assert_memory_not_equal(a, b, 16);
    }
    assert_int_equal(keyring_blind(k, "e", "f", "eq", "x", 1, 7, b), ERR_INVALID);
    assert_int_equal(keyring_blind(k, "e", "f", "eq", "x", 1, 129, b), ERR_INVALID);
    assert_ok(keyring_derive(k, "pepper", a));
    assert_ok(keyring_derive(k, "cursor", b));
    assert_memory_not_equal(a, b, 16);
    keyring_free(k);
}

static void test_the_saved_ring_holds_no_key_and_damage_is_found(void **state) {
    (void)state;
    struct keyring *k = new_ring(), *again;
    assert_ok(keyring_add_slot(k, KEYSLOT_KEYFILE, "f", FILE_KEY, 32, NULL, &problem));
    struct buf b;
    buf_init(&b, arena);
    keyring_dump(k, &b);
    char b64[64];
    const uint8_t *secrets[] = {k->s->root, k->s->kek[0], k->s->wrap[0], k->s->blind};
    for (int i = 0; i < 4; i++) {
        sodium_bin2base64(b64, sizeof b64, secrets[i], 30, sodium_base64_VARIANT_ORIGINAL);
        assert_null(strstr(buf_str(&b), b64));
        assert_null(memmem(b.data, b.len, secrets[i], 32));
    }
    assert_null(strstr(buf_str(&b), FILE_KEY));
    int opened = 0;
    for (size_t i = 0; i < b.len; i++) {
        char keep = b.data[i];
        b.data[i] = keep == 'A' ? 'B' : 'A';
        if (!keyring_load(b.data, b.len, &again, NULL)) {
            uint8_t root[32];
            memcpy(root, k->s->root, 32);
            if (!keyring_unlock(again, KEYSLOT_KEYFILE, FILE_KEY, 32, NULL)) {
                opened++; // only where nothing sealed was hit (a label, a time, a counter)
                assert_memory_equal(again->s->root, root, 32);
                assert_memory_equal(again->s->kek[0], k->s->kek[0], 32);
            }
            keyring_free(again);
        }
        b.data[i] = keep;
    }
    assert_in_range(opened, 1, 64);
    assert_int_equal(keyring_load("{}", 2, &again, NULL), ERR_CORRUPT);
    assert_int_equal(keyring_load("", 0, &again, NULL), ERR_CORRUPT);
    assert_int_equal(keyring_create("", &again, NULL), ERR_INVALID);
    keyring_free(k);
}

static struct keyring *shared;
static _Atomic int wrong;

static void *use(void *arg) {
    uint8_t dek[32], w[WRAPPED_KEY], w2[WRAPPED_KEY], got[32], mark[16];
    for (int i = 0; i < 300; i++) {
        if (keyring_new_key(shared, arg, 1, dek, w) ||
            keyring_unwrap(shared, arg, 1, w, sizeof w, got) || memcmp(dek, got, 32) ||
            keyring_rewrap(shared, arg, 1, w, sizeof w, w2) ||
            keyring_blind(shared, "e", "f", "eq", arg, 1, 16, mark) || !keyring_is_unlocked(shared))
            wrong++;
    }
    return NULL;
}

static void test_threads_share_a_ring_that_rotates(void **state) {
    (void)state;
    shared = new_ring();
    pthread_t ids[3];
    for (int i = 0; i < 3; i++) pthread_create(&ids[i], NULL, use, (void *)(uintptr_t) "ABC");
    for (int i = 1; i < KEKS_MAX; i++) {
        struct buf b;
        buf_init(&b, NULL);
        if (keyring_rotate(shared, NULL)) wrong++;
        keyring_rotated(shared, true);
        keyring_dump(shared, &b);
        keyring_slots_json(shared, &b);
        buf_fini(&b);
    }
    for (int i = 0; i < 3; i++) pthread_join(ids[i], NULL);
    assert_int_equal(wrong, 0);
    keyring_free(shared);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_subkeys_are_the_documented_ones),
        TEST(test_each_kind_of_slot_opens_and_a_wrong_secret_does_not),
        TEST(test_two_slots_stay),
        TEST(test_rotation_reads_old_keys_and_rewraps_to_the_new),
        TEST(test_a_wrapped_key_belongs_to_one_owner_generation_and_school),
        TEST(test_blind_marks_keep_their_bits_and_depend_on_every_name),
        TEST(test_the_saved_ring_holds_no_key_and_damage_is_found),
        TEST(test_threads_share_a_ring_that_rotates),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
