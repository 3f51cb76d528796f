// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Checks and masks of the numbers a Chinese school deals in.
#include <string.h>
#include "campus/mem.h"
#include "campus/text.h"

static bool digits(const char *s, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (s[i] < '0' || s[i] > '9') return false;
    return true;
}

bool text_is_cn_id(const char *s, size_t n) { // GB 11643-1999
    static const int weight[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    if (n != 18 || !digits(s, 17)) return false;
    int sum = 0;
    for (int i = 0; i < 17; i++) sum += (s[i] - '0') * weight[i];
    char last = s[17] == 'x' ? 'X' : s[17];
    char date[10] = {s[6], s[7], s[8], s[9], '-', s[10], s[11], '-', s[12], s[13]};
    return last == "10X98765432"[sum % 11] && text_is_date(date, 10) &&
           memcmp(s + 6, "1800", 4) > 0;
}

bool text_is_mobile(const char *s, size_t n) {
    return n == 11 && s[0] == '1' && s[1] >= '3' && digits(s, n);
}

bool text_is_uscc(const char *s, size_t n) { // GB 32100-2015
    static const char set[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    if (n != 18) return false;
    int sum = 0, w = 1;
    for (int i = 0; i < 17; i++) {
        const char *at = s[i] ? strchr(set, s[i]) : NULL;
        if (!at) return false;
        sum += (int)(at - set) * w;
        w = w * 3 % 31;
    }
    return s[17] == set[(31 - sum % 31) % 31];
}

bool text_is_invoice_no(const char *s, size_t n) {
    return (n == 8 || n == 20) && digits(s, n);
}

static const struct {
    const char *name;
    bool (*is)(const char *, size_t);
} CHECKS[] = {{"cn_id", text_is_cn_id},
              {"mobile", text_is_mobile},
              {"uscc", text_is_uscc},
              {"invoice_no", text_is_invoice_no}};

bool text_check(const char *name, const char *s, size_t n) {
    for (size_t i = 0; i < sizeof CHECKS / sizeof *CHECKS; i++)
        if (!strcmp(CHECKS[i].name, name)) return CHECKS[i].is(s, n);
    return false;
}

bool text_check_exists(const char *name) {
    for (size_t i = 0; i < sizeof CHECKS / sizeof *CHECKS; i++)
        if (!strcmp(CHECKS[i].name, name)) return true;
    return false;
}

char *text_mask(struct arena *a, const char *mask, const char *s, size_t n) {
    static const struct {
        const char *name;
        size_t head, tail, least;
        const char *stars;
    } MASKS[] = {
        {"mobile", 3, 4, 11, "****"}, {"cn_id", 6, 4, 18, "********"}, {"last4", 0, 4, 8, "****"}};
    for (size_t i = 0; mask && i < sizeof MASKS / sizeof *MASKS; i++)
        if (!strcmp(MASKS[i].name, mask) && n >= MASKS[i].least && text_length(s, n) == n)
            return arena_printf(a, "%.*s%s%s", (int)MASKS[i].head, s, MASKS[i].stars,
                                s + n - MASKS[i].tail);
    if (mask && !strcmp(mask, "name") && n) {
        size_t first = 1;
        while (first < n && ((unsigned char)s[first] & 0xc0) == 0x80) first++;
        if (first < n) return arena_printf(a, "%.*s***", (int)first, s);
    }
    return arena_strdup(a, "****");
}

bool text_is_mask(const char *s, size_t n) {
    return n >= 3 && memmem(s, n, "***", 3);
}
