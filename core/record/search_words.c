// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Texts as tokens. "王小明" is u738b u5c0f u660e, and as a name also wangxiaoming wxm xiaoming xm
// ming m; "A-103" is a 103. What somebody types becomes the same tokens, so that one finds the
// other.
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>
#include "campus/mem.h"
#include "campus/search.h"

enum { TOKENS_MAX = 10000, RUN_MAX = 60, NAME_CHARS = 8, SPELLINGS = 8, SPELLING = 64 };

// NFKD without marks and case. NULL: not UTF-8.
static int32_t *points_of(const char *s, size_t n, size_t *count) {
    const utf8proc_option_t o = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT |
                                UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK | UTF8PROC_IGNORE;
    const utf8proc_uint8_t *text = (const utf8proc_uint8_t *)s;
    utf8proc_ssize_t k = utf8proc_decompose(text, (utf8proc_ssize_t)n, NULL, 0, o);
    int32_t *cp = k < 0 ? NULL : mem_alloc(((size_t)k + 1) * sizeof *cp);
    if (!cp) return NULL;
    *count = (size_t)k;
    if (utf8proc_decompose(text, (utf8proc_ssize_t)n, cp, k, o) == k) return cp;
    mem_free(cp);
    return NULL;
}

static bool is_alnum(int32_t cp) {
    utf8proc_category_t c = utf8proc_category(cp);
    return (c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_LO) ||
           (c >= UTF8PROC_CATEGORY_ND && c <= UTF8PROC_CATEGORY_NO);
}

// Each character a word of its own, as scripts without spaces have it.
static bool is_ideograph(int32_t cp) {
    return cp == 0x3007 || (cp >= 0x2e80 && utf8proc_category(cp) == UTF8PROC_CATEGORY_LO); // 〇
}

// Calls fn for each token of one kind after another.
static void each_token(const int32_t *cp, size_t n,
                       void (*fn)(void *self, const char *token, bool han, size_t from, size_t to),
                       void *self) {
    char run[RUN_MAX + 16];
    for (size_t i = 0, k; i < n;) {
        if (is_ideograph(cp[i])) {
            snprintf(run, sizeof run, "u%x", (unsigned)cp[i]);
            fn(self, run, true, i, i + 1);
            i++;
            continue;
        }
        size_t at = 0;
        for (k = i; k < n && is_alnum(cp[k]) && !is_ideograph(cp[k]); k++) {
            if (at > RUN_MAX - 8) continue; // cut, the same on both sides
            if (cp[k] < 0x80)
                run[at++] = (char)cp[k];
            else
                at += (size_t)snprintf(run + at, 12, "u%x", (unsigned)cp[k]);
        }
        run[at] = 0;
        if (at) fn(self, run, false, i, k);
        i = k > i ? k : i + 1;
    }
}

struct collect {
    struct buf *out;
    int n;
};

static void put_token(struct buf *out, const char *token) {
    if (out->len) buf_putc(out, ' ');
    buf_puts(out, token);
}

static void collect(void *self, const char *token, bool han, size_t from, size_t to) {
    struct collect *c = self;
    (void)han, (void)from, (void)to;
    if (c->n++ < TOKENS_MAX) put_token(c->out, token);
}

// How the characters from here on may be spelt, whole and by initials.
static void spell(struct buf *out, const int32_t *cp, size_t n) {
    char whole[SPELLINGS][SPELLING] = {{0}}, first[SPELLINGS][NAME_CHARS + 1] = {{0}};
    int ways = 1;
    for (size_t i = 0; i < n; i++) {
        char r[PINYIN_MAX][PINYIN_CHARS];
        int readings = pinyin_of((uint32_t)cp[i], r), before = ways;
        if (!readings) return;
        for (int k = 1; k < readings; k++)
            for (int w = 0; w < before && ways < SPELLINGS; w++, ways++) {
                memcpy(whole[ways], whole[w], SPELLING);
                memcpy(first[ways], first[w], NAME_CHARS + 1);
                strcat(whole[ways], r[k]);
                first[ways][i] = r[k][0];
            }
        for (int w = 0; w < before; w++) strcat(whole[w], r[0]), first[w][i] = r[0][0];
    }
    for (int w = 0; w < ways; w++) {
        put_token(out, whole[w]);
        bool known = n == 1 && whole[w][1] == 0;
        for (int k = 0; k < w; k++) known = known || !strcmp(first[k], first[w]);
        if (!known) put_token(out, first[w]);
    }
}

static void spell_name(struct buf *out, const int32_t *cp, size_t n) {
    for (size_t i = 0, k; i<n; i = k> i ? k : i + 1) {
        for (k = i; k < n && is_ideograph(cp[k]); k++) {
        }
        if (k - i > NAME_CHARS) continue; // no name
        for (size_t from = i; from < k; from++) spell(out, cp + from, k - from);
    }
}

const char *search_tokens(struct arena *a, const char *s, size_t n, bool is_name) {
    struct buf out;
    size_t count;
    int32_t *cp = points_of(s, n, &count);
    buf_init(&out, a);
    if (!cp) return "";
    struct collect c = {&out, 0};
    each_token(cp, count, collect, &c);
    if (is_name) spell_name(&out, cp, count);
    mem_free(cp);
    return buf_str(&out);
}

struct typed {
    struct search_word *out;
    struct buf tokens[SEARCH_WORDS_MAX];
    const int32_t *cp;
    size_t end; // of the token before
    bool han;
    int n;
};

// Beside each other are tokens of one kind with no white space between.
static void typed(void *self, const char *token, bool han, size_t from, size_t to) {
    struct typed *t = self;
    bool beside = t->n && t->han == han;
    for (size_t i = t->end; i < from && beside; i++)
        beside = utf8proc_category(t->cp[i]) != UTF8PROC_CATEGORY_ZS && t->cp[i] > ' ';
    t->end = to;
    t->han = han;
    if (!beside && t->n == SEARCH_WORDS_MAX) return;
    if (!beside) t->n++;
    put_token(&t->tokens[t->n - 1], token);
    t->out[t->n - 1].prefix = !han;
}

int search_parse(struct arena *a, const char *s, size_t n, struct search_word *out) {
    struct typed t = {.out = out};
    size_t count;
    int32_t *cp = points_of(s, n, &count);
    if (!cp) return 0;
    t.cp = cp;
    for (int i = 0; i < SEARCH_WORDS_MAX; i++) buf_init(&t.tokens[i], a);
    each_token(cp, count, typed, &t);
    mem_free(cp);
    for (int i = 0; i < t.n; i++) out[i].tokens = buf_str(&t.tokens[i]);
    return t.n;
}
