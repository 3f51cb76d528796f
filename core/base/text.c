// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Text: UTF-8, normal forms, near misses, numbers and dates in text.
#include "campus/text.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include "campus/buf.h"
#include "campus/mem.h"

bool text_is_utf8(const char *s, size_t n) {
    const unsigned char *p = (const unsigned char *)s, *end = p + n;
    while (p < end) {
        if (*p < 0x80) {
            if (!*p++) return false;
            continue;
        }
        int k = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : 1;
        if (*p < 0xc2 || *p > 0xf4 || end - p <= k) return false;
        if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
            (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
            return false;
        for (int i = 1; i <= k; i++)
            if ((p[i] & 0xc0) != 0x80) return false;
        p += k + 1;
    }
    return true;
}

size_t text_length(const char *s, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += ((unsigned char)s[i] & 0xc0) != 0x80;
    return count;
}

char *text_normal(struct arena *a, const char *s, size_t n, size_t *out_n) {
    bool ascii = true;
    for (size_t i = 0; i < n; i++) ascii &= (unsigned char)s[i] < 0x80;
    char *out = NULL, *mapped = NULL;
    if (!ascii) {
        utf8proc_uint8_t *u = NULL;
        utf8proc_ssize_t len = utf8proc_map((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)n, &u,
                                            UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                                UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
        if (len >= 0) {
            mapped = arena_strndup(a, (char *)u, (size_t)len);
            n = (size_t)len;
        }
        free(u);
    }
    const char *from = mapped ? mapped : s;
    out = arena_alloc(a, n + 1);
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        char c = from[i];
        if (c == ' ' || c == '-' || c == '\t' || c == '\n' || c == '\r') continue;
        out[k++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    *out_n = k;
    return out;
}

bool text_is_name(const char *s) {
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return n && n <= 48 && !s[n] && s[0] >= 'a' && s[0] <= 'z';
}

static size_t distance(const char *a, const char *b, size_t bound) {
    size_t n = strlen(a), m = strlen(b), row[65];
    if (n > 64 || m > 64 || (n > m ? n - m : m - n) > bound) return bound + 1;
    for (size_t j = 0; j <= m; j++) row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[m];
}

const char *text_nearest(const char *word, const char *const *words, size_t n) {
    size_t len = strlen(word), bound = len / 3 > 2 ? len / 3 : 2;
    if (len <= 3) bound = 1;
    const char *best = NULL;
    for (size_t i = 0; i < n; i++) {
        size_t d = distance(word, words[i], bound);
        if (d <= bound) bound = d ? d - 1 : 0, best = words[i];
        if (best && !d) break;
    }
    return best;
}

const char *text_instead(struct arena *a, const char *word, const char *const *words, size_t n,
                         const char *otherwise) {
    enum { SHOWN_MAX = 24 };
    const char *near = text_nearest(word ? word : "", words, n);
    if (near) return arena_printf(a, "; did you mean %s?", near);
    if (!otherwise || !n || n > SHOWN_MAX) return "";
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, ": %s ", otherwise);
    for (size_t i = 0; i < n; i++) buf_printf(&b, "%s%s", i ? ", " : "", words[i]);
    return buf_str(&b);
}

bool text_to_scaled(const char *s, size_t n, int scale, int64_t *out) {
    size_t i = 0;
    bool neg = n && s[0] == '-';
    if (neg) i++;
    uint64_t v = 0;
    int digits = 0, after = -1;
    for (; i < n; i++) {
        if (s[i] == '.' && after < 0 && digits) {
            after = 0;
            continue;
        }
        if (s[i] < '0' || s[i] > '9') return false;
        if (after >= 0 && ++after > scale) {
            if (s[i] != '0') return false; // more places than the field has
            continue;
        }
        if (v > (INT64_MAX - (uint64_t)(s[i] - '0')) / 10) return false;
        v = v * 10 + (uint64_t)(s[i] - '0');
        digits++;
    }
    if (!digits || after == 0) return false;
    for (int k = after < 0 ? 0 : after > scale ? scale : after; k < scale; k++) {
        if (v > INT64_MAX / 10) return false;
        v *= 10;
    }
    *out = neg ? -(int64_t)v : (int64_t)v;
    return true;
}

int text_from_scaled(char out[32], int64_t v, int scale) {
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    char tmp[32], *at = tmp + sizeof tmp;
    for (int i = 0; i < scale || u || i == scale; i++) {
        if (i == scale && scale) *--at = '.';
        *--at = (char)('0' + u % 10);
        u /= 10;
        if (i >= scale && !u) break;
    }
    if (v < 0) *--at = '-';
    int n = (int)(tmp + sizeof tmp - at);
    memcpy(out, at, (size_t)n);
    out[n] = 0;
    return n;
}

// Howard Hinnant's days_from_civil: http://howardhinnant.github.io/date_algorithms.html
static int64_t days_of(int y, int m, int d) {
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int yoe = (int)(y - era * 400), doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int number(const char *s, int n) {
    int v = 0;
    for (int i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9') return -1;
        v = v * 10 + s[i] - '0';
    }
    return v;
}

bool text_to_days(const char *s, size_t n, int64_t *days) {
    static const int last[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (n != 10 || s[4] != '-' || s[7] != '-') return false;
    int y = number(s, 4), m = number(s + 5, 2), d = number(s + 8, 2);
    if (y < 1 || m < 1 || m > 12 || d < 1) return false;
    bool leap = (y % 4 == 0 && y % 100) || y % 400 == 0;
    if (d > last[m - 1] + (m == 2 && leap)) return false;
    *days = days_of(y, m, d);
    return true;
}

void text_from_days(char out[11], int64_t z) {
    z += 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int doe = (int)(z - era * 146097), yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int d = doy - (153 * mp + 2) / 5 + 1, m = mp < 10 ? mp + 3 : mp - 9;
    int y = (int)(yoe + era * 400) + (m <= 2);
    y = y < 0 ? 0 : y > 9999 ? 9999 : y;
    out[0] = (char)('0' + y / 1000), out[1] = (char)('0' + y / 100 % 10);
    out[2] = (char)('0' + y / 10 % 10), out[3] = (char)('0' + y % 10);
    out[4] = out[7] = '-';
    out[5] = (char)('0' + m / 10), out[6] = (char)('0' + m % 10);
    out[8] = (char)('0' + d / 10), out[9] = (char)('0' + d % 10);
    out[10] = 0;
}

bool text_is_date(const char *s, size_t n) {
    int64_t days;
    return text_to_days(s, n, &days);
}

bool text_to_time(const char *s, size_t n, int64_t *ms) {
    int64_t days;
    if (n < 20 || !text_to_days(s, 10, &days) || (s[10] != 'T' && s[10] != 't')) return false;
    int h = number(s + 11, 2), m = number(s + 14, 2), sec = number(s + 17, 2);
    if (s[13] != ':' || s[16] != ':' || h < 0 || h > 23 || m < 0 || m > 59 || sec < 0 || sec > 59)
        return false;
    size_t i = 19;
    int f = 0, places = 0;
    if (s[i] == '.')
        for (i++; i < n && s[i] >= '0' && s[i] <= '9'; i++, places++)
            if (places < 3) f = f * 10 + s[i] - '0';
    for (int k = places; k < 3 && places; k++) f *= 10;
    int offset = 0;
    if (n - i == 1 && (s[i] == 'Z' || s[i] == 'z'))
        offset = 0;
    else if (n - i == 6 && (s[i] == '+' || s[i] == '-') && s[i + 3] == ':') {
        int oh = number(s + i + 1, 2), om = number(s + i + 4, 2);
        if (oh < 0 || oh > 23 || om < 0 || om > 59) return false;
        offset = (oh * 60 + om) * (s[i] == '-' ? -1 : 1);
    } else
        return false;
    *ms = ((days * 24 + h) * 60 + m - offset) * 60000 + sec * 1000 + f;
    return true;
}
