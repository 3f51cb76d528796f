// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The vectors are part of the format: other programs that read a backup check themselves by them.
#include <sodium.h>
#include "campus/seal.h"
#include "check.h"
#include "vault/seal_internal.h"

static const struct seal_name NAME = {"school-1",       "students", "S-0001",
                                      "guardian_phone", "text",     7};
static uint8_t dek[32], nonce[24];

static int start(void **state) {
    (void)state;
    for (int i = 0; i < 32; i++) dek[i] = (uint8_t)(0x20 + i);
    for (int i = 0; i < 24; i++) nonce[i] = (uint8_t)(0x40 + i);
    return sodium_init() < 0;
}

static const char *hex(const uint8_t *p, size_t n) {
    char *out = arena_alloc(arena, 2 * n + 1);
    return sodium_bin2hex(out, 2 * n + 1, p, n);
}

static void test_the_blob_is_the_documented_one(void **state) {
    (void)state;
    uint8_t blob[93], digest[32];
    assert_int_equal(seal_size(11), 93);
    assert_int_equal(seal_with_nonce(dek, 3, &NAME, nonce, "13800138000", 11, blob), ERR_OK);
    assert_string_equal(hex(blob, 5), "0103000000");
    assert_string_equal(hex(blob + 29, 32),
                        "5b63b0df95e09c3511c9560d280c35c5f6a5e168c13bd1c4b8ff9967e954c5fa");
    assert_string_equal(hex(blob + 61, 32),
                        "e5eb9d14954c25e4c78495c53d570dea5f3c43d538deaf7e2536a92aa3f8cd54");
    crypto_hash_sha256(digest, blob, sizeof blob);
    assert_string_equal(hex(digest, 32),
                        "f6dbc69f0c34716b41064a897ff9ae65ea98c7af4f5c69d61a5765cd681c9493");
    assert_int_equal(seal_key_version(blob, sizeof blob), 3);
}

// As the store opens: the key is found by the version that the blob names.
static enum err open_by_version(const uint8_t *blob, size_t n, const struct seal_name *name,
                                char **out, size_t *out_n) {
    return seal_key_version(blob, n) == 3 ? seal_open(dek, name, blob, n, arena, out, out_n)
                                          : ERR_CORRUPT;
}

static void test_no_flipped_byte_opens(void **state) {
    (void)state;
    uint8_t blob[93];
    char *out;
    size_t n;
    assert_int_equal(seal_value(dek, 3, &NAME, "13800138000", 11, blob), ERR_OK);
    assert_int_equal(open_by_version(blob, sizeof blob, &NAME, &out, &n), ERR_OK);
    assert_int_equal(n, 11);
    assert_string_equal(out, "13800138000");
    for (size_t i = 0; i < sizeof blob; i++)
        for (int bit = 0; bit < 8; bit++) {
            blob[i] ^= (uint8_t)(1 << bit);
            if (!open_by_version(blob, sizeof blob, &NAME, &out, &n))
                fail_msg("byte %zu bit %d", i, bit);
            blob[i] ^= (uint8_t)(1 << bit);
        }
    for (size_t len = 0; len < sizeof blob; len++)
        assert_int_equal(open_by_version(blob, len, &NAME, &out, &n), ERR_CORRUPT);
}

static void test_a_blob_opens_at_its_own_place_only(void **state) {
    (void)state;
    uint8_t blob[93], other[32];
    char *out;
    size_t n;
    assert_int_equal(seal_value(dek, 3, &NAME, "13800138000", 11, blob), ERR_OK);
    struct seal_name wrong[6] = {NAME, NAME, NAME, NAME, NAME, NAME};
    wrong[0].school = "school-2", wrong[1].entity = "staff", wrong[2].record = "S-0002";
    wrong[3].field = "phone", wrong[4].type = "integer", wrong[5].generation = 8;
    for (int i = 0; i < 6; i++)
        assert_int_equal(seal_open(dek, &wrong[i], blob, 93, arena, &out, &n), ERR_CORRUPT);
    // the parts do not run into each other
    struct seal_name shifted = NAME;
    shifted.school = "school-1s", shifted.entity = "tudents";
    assert_int_equal(seal_open(dek, &shifted, blob, 93, arena, &out, &n), ERR_CORRUPT);
    memcpy(other, dek, 32);
    other[31] ^= 1;
    assert_int_equal(seal_open(other, &NAME, blob, 93, arena, &out, &n), ERR_CORRUPT);
}

static void test_lengths_do_not_speak_and_every_length_comes_back(void **state) {
    (void)state;
    assert_int_equal(seal_size(0), seal_size(15));
    assert_int_equal(seal_size(16), seal_size(63));
    assert_int_equal(seal_size(64), seal_size(255));
    assert_int_equal(seal_size(256), seal_size(511));
    assert_int_not_equal(seal_size(511), seal_size(512));
    static char text[3000];
    memset(text, 'x', sizeof text);
    for (size_t n = 0; n < sizeof text; n += n < 600 ? 1 : 97) {
        uint8_t *blob = arena_alloc(arena, seal_size(n));
        char *out;
        size_t got;
        assert_int_equal(seal_value(dek, 1, &NAME, text, n, blob), ERR_OK);
        assert_int_equal(seal_open(dek, &NAME, blob, seal_size(n), arena, &out, &got), ERR_OK);
        assert_int_equal(got, n);
        assert_memory_equal(out, text, n);
    }
}

static void test_the_same_value_never_seals_alike(void **state) {
    (void)state;
    uint8_t a[93], b[93];
    assert_int_equal(seal_value(dek, 1, &NAME, "13800138000", 11, a), ERR_OK);
    assert_int_equal(seal_value(dek, 1, &NAME, "13800138000", 11, b), ERR_OK);
    assert_memory_not_equal(a + 5, b + 5, 24);
    assert_memory_not_equal(a + 61, b + 61, 32);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_blob_is_the_documented_one),
        TEST(test_no_flipped_byte_opens),
        TEST(test_a_blob_opens_at_its_own_place_only),
        TEST(test_lengths_do_not_speak_and_every_length_comes_back),
        TEST(test_the_same_value_never_seals_alike),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
