// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Time zones from tzdata (RFC 8536, version 2+). After the last transition its offset goes on; a
// zone whose footer changes clocks every year is refused past that point by being unknown here:
// none of the zones of China does.
#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/mem.h"
#include "campus/text.h"

struct tz { size_t n; int64_t *at; int32_t *offset; int32_t first; };

static uint32_t be32(const unsigned char *p) {
    uint32_t v;
    memcpy(&v, p, 4);
    return ntohl(v);
}

static struct tz *parse(const unsigned char *d, size_t n) {
    if (n < 88 || memcmp(d, "TZif", 4) || d[4] < '2') return NULL;
    size_t isut = be32(d + 20), isstd = be32(d + 24), leap = be32(d + 28), times = be32(d + 32),
           types = be32(d + 36), chars = be32(d + 40);
    size_t skip = 44 + times * 5 + types * 6 + chars + leap * 8 + isstd + isut;
    if (skip + 44 > n) return NULL;
    d += skip, n -= skip;
    isut = be32(d + 20), isstd = be32(d + 24), leap = be32(d + 28), times = be32(d + 32);
    types = be32(d + 36), chars = be32(d + 40);
    size_t body = times * 9 + types * 6 + chars + leap * 12 + isstd + isut;
    if (44 + body > n || !types || times > 5000) return NULL;
    const unsigned char *t = d + 44, *idx = t + times * 8, *ty = idx + times, *foot = d + 44 + body;
    if (foot < d + n && memchr(foot, ',', (size_t)(d + n - foot))) return NULL;
    struct tz *tz = mem_need(sizeof *tz);
    tz->n = times;
    tz->at = mem_need(sizeof *tz->at * (times + 1));
    tz->offset = mem_need(sizeof *tz->offset * (times + 1));
    tz->first = (int32_t)be32(ty);
    for (size_t i = 0; i < times; i++) {
        tz->at[i] = (int64_t)((uint64_t)be32(t + 8 * i) << 32 | be32(t + 8 * i + 4));
        tz->offset[i] = (int32_t)be32(ty + 6 * (idx[i] < types ? idx[i] : 0));
    }
    return tz;
}

struct tz *tz_load(const char *name) {
    char path[256];
    unsigned char data[16384];
    if (name[0] == '/' || strstr(name, "..") ||
        (size_t)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name) >= sizeof path)
        return NULL;
    FILE *f = fopen(path, "rbe");
    if (!f) return NULL;
    size_t n = fread(data, 1, sizeof data, f);
    fclose(f);
    return parse(data, n);
}

void tz_free(struct tz *tz) {
    if (!tz) return;
    mem_free(tz->at);
    mem_free(tz->offset);
    mem_free(tz);
}

int tz_offset_s(const struct tz *tz, int64_t utc_ms) {
    int64_t s = utc_ms / 1000;
    size_t lo = 0, hi = tz->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (tz->at[mid] <= s) lo = mid + 1;
        else hi = mid;
    }
    return lo ? tz->offset[lo - 1] : tz->first;
}

void tz_date(const struct tz *tz, int64_t utc_ms, char out[11]) {
    int64_t ms = utc_ms + (int64_t)tz_offset_s(tz, utc_ms) * 1000;
    text_from_days(out, ms >= 0 ? ms / 86400000 : (ms - 86399999) / 86400000);
}
