// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// UUIDv7 (RFC 9562, method 1: a counter in the 12 + some bits after the time, random below).
#include "campus/id.h"

#include <pthread.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>
#include "campus/clock.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int64_t last_ms;
static uint32_t counter; // 26 bits: 12 in rand_a, 14 at the top of rand_b
static uint8_t pool[512];
static size_t pool_at = sizeof pool;

static void random_bytes(uint8_t *out, size_t n) {
    if (pool_at + n > sizeof pool) {
        randombytes_buf(pool, sizeof pool);
        pool_at = 0;
    }
    memcpy(out, pool + pool_at, n);
    pool_at += n;
}

void id_new(char out[ID_LEN + 1]) {
    uint8_t b[16];
    pthread_mutex_lock(&mutex);
    int64_t ms = clock_now_ms();
    if (ms > last_ms) {
        uint8_t r[4];
        random_bytes(r, 4);
        last_ms = ms;
        counter = (uint32_t)(r[0] | r[1] << 8 | (r[2] & 0x7f) << 16); // room to count up
    } else if (++counter >= 1u << 26) {
        last_ms++;
        counter = 0;
    }
    ms = last_ms;
    uint32_t c = counter;
    random_bytes(b + 10, 6);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < 6; i++) b[i] = (uint8_t)(ms >> (40 - 8 * i));
    b[6] = (uint8_t)(0x70 | (c >> 22));
    b[7] = (uint8_t)(c >> 14);
    b[8] = (uint8_t)(0x80 | ((c >> 8) & 0x3f));
    b[9] = (uint8_t)c;
    static const char hex[] = "0123456789abcdef";
    char *o = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *o++ = '-';
        *o++ = hex[b[i] >> 4];
        *o++ = hex[b[i] & 15];
    }
    *o = 0;
}
