// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Readings of Han characters, from the Unihan database (made by pinyin.awk when building, carried
// in the binary as text: a line a syllable). Laid out once, when first asked.
#include <pthread.h>
#include <string.h>
#include "campus/search.h"

extern const char _binary_pinyin_txt_start[], _binary_pinyin_txt_end[];
enum { FIRST = 0x3400, LAST = 0x9fff };
static uint32_t readings[LAST - FIRST + 1][PINYIN_MAX]; // place of the syllable + 1

static void read_table(void) {
    const char *s = _binary_pinyin_txt_start, *end = _binary_pinyin_txt_end;
    while (s < end) {
        uint32_t syllable = (uint32_t)(s - _binary_pinyin_txt_start) + 1;
        while (s < end && *s != ' ') s++;
        for (s++; s + 2 < end && *s != '\n'; s += 3) {
            uint32_t cp = (uint32_t)(s[0] & 0x0f) << 12 | (uint32_t)(s[1] & 0x3f) << 6 |
                          (uint32_t)(s[2] & 0x3f);
            if (cp < FIRST || cp > LAST) continue;
            uint32_t *r = readings[cp - FIRST];
            for (int i = 0; i < PINYIN_MAX; i++)
                if (!r[i]) {
                    r[i] = syllable;
                    break;
                }
        }
        s++;
    }
}

int pinyin_of(uint32_t cp, char out[PINYIN_MAX][PINYIN_CHARS]) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int n = 0;
    pthread_once(&once, read_table);
    if (cp < FIRST || cp > LAST) return 0;
    for (int i = 0; i < PINYIN_MAX && readings[cp - FIRST][i]; i++) {
        const char *s = _binary_pinyin_txt_start + readings[cp - FIRST][i] - 1;
        size_t len = strcspn(s, " ");
        if (len >= PINYIN_CHARS) continue;
        memcpy(out[n], s, len);
        out[n++][len] = 0;
        if (n < PINYIN_MAX && s[1] == 'v') { // 吕: lv as keyboards have it, lu as people do
            memcpy(out[n], out[n - 1], PINYIN_CHARS);
            out[n++][1] = 'u';
        }
    }
    return n;
}
