// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The lexer of documents: shared by the check of templates and by the child that draws.
#include "campus/markup.h"

#include <string.h>

static const char *const NAMES[MARKUP_TAGS] = {"h1",   "h2",   "h3",     "p",     "b",  "i",
                                               "br",   "hr",   "table",  "tr",    "td", "qr",
                                               "seal", "page", "header", "footer"};

const char *markup_name(enum markup_tag tag) {
    return NAMES[tag];
}

bool markup_is_empty(enum markup_tag tag) {
    return tag == MARKUP_BR || tag == MARKUP_HR || tag == MARKUP_QR || tag == MARKUP_SEAL ||
           tag == MARKUP_PAGE;
}

static bool holds_text(enum markup_tag tag) {
    return tag <= MARKUP_I || tag == MARKUP_TD || tag == MARKUP_HEADER || tag == MARKUP_FOOTER;
}

bool markup_may_hold(enum markup_tag outer, enum markup_tag inner) {
    switch (inner) {
    case MARKUP_B:
    case MARKUP_I:
    case MARKUP_BR: return outer != MARKUP_TAGS && holds_text(outer);
    case MARKUP_TR: return outer == MARKUP_TABLE;
    case MARKUP_TD: return outer == MARKUP_TR;
    case MARKUP_QR:
    case MARKUP_SEAL: return outer == MARKUP_TAGS || outer == MARKUP_TD;
    default: return outer == MARKUP_TAGS;
    }
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static struct markup_token wrong(struct markup_token t, const char *what) {
    t.kind = MARKUP_WRONG;
    t.wrong = what;
    return t;
}

static bool is_word(const char *p, size_t n, const char *word) {
    return strlen(word) == n && !memcmp(p, word, n);
}

static bool number(const char *p, size_t n, const char *unit, int most, int *out) {
    int v = 0;
    size_t i = 0;
    for (; i < n && p[i] >= '0' && p[i] <= '9' && v <= 10000; i++) v = v * 10 + (p[i] - '0');
    *out = v;
    return i && v <= most && is_word(p + i, n - i, unit);
}

static bool attribute(struct markup_token *t, const char *k, size_t kn, const char *v, size_t vn) {
    static const char *const aligns[] = {"", "left", "center", "right", "justify"};
    enum markup_tag tag = t->tag;
    if (is_word(k, kn, "align"))
        for (int i = ALIGN_LEFT; i <= ALIGN_JUSTIFY; i++)
            if (is_word(v, vn, aligns[i])) return t->align = (enum markup_align)i, true;
    if (is_word(k, kn, "width"))
        return tag == MARKUP_TD ? number(v, vn, "%", 100, &t->width)
                                : (tag == MARKUP_QR || tag == MARKUP_SEAL) &&
                                      number(v, vn, "mm", 120, &t->width) && t->width >= 5;
    if (is_word(k, kn, "indent")) return tag == MARKUP_P && number(v, vn, "", 8, &t->indent);
    if (is_word(k, kn, "border"))
        return tag == MARKUP_TABLE && (t->bare = is_word(v, vn, "0"), vn == 1);
    return false;
}

static struct markup_token tag_at(const char **at, const char *end) {
    struct markup_token t = {.kind = MARKUP_OPEN, .p = *at, .indent = -1};
    const char *s = *at + 1, *name;
    if (s < end && *s == '/') t.kind = MARKUP_CLOSE, s++;
    for (name = s; s < end && is_letter(*s);) s++;
    int tag = 0;
    while (tag < MARKUP_TAGS && !is_word(name, (size_t)(s - name), NAMES[tag])) tag++;
    t.n = (size_t)(s - *at);
    if (tag == MARKUP_TAGS) return wrong(t, "tag");
    t.tag = (enum markup_tag)tag;
    for (;;) {
        while (s < end && (*s == ' ' || *s == '\n' || *s == '\r' || *s == '\t')) s++;
        if (s < end && *s == '>') break;
        if (s + 1 < end && s[0] == '/' && s[1] == '>' && t.kind == MARKUP_OPEN) {
            t.kind = MARKUP_EMPTY;
            s++;
            break;
        }
        const char *k = s;
        while (s < end && is_letter(*s)) s++;
        size_t kn = (size_t)(s - k);
        t.p = kn ? k : t.p;
        if (!kn || end - s < 2 || s[0] != '=' || s[1] != '"') return wrong(t, "attribute");
        const char *v = s + 2, *quote = memchr(v, '"', (size_t)(end - v));
        if (!quote || t.kind == MARKUP_CLOSE || !attribute(&t, k, kn, v, (size_t)(quote - v)))
            return wrong(t, "attribute");
        s = quote + 1;
    }
    if (markup_is_empty(t.tag) && t.kind == MARKUP_OPEN) t.kind = MARKUP_EMPTY; // <br> as in HTML
    if (t.kind == MARKUP_EMPTY && !markup_is_empty(t.tag)) return wrong(t, "empty");
    t.p = *at;
    t.n = (size_t)(s + 1 - *at);
    *at = s + 1;
    return t;
}

static bool is_entity(const char *s, const char *end) {
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&#160;"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if ((size_t)(end - s) >= strlen(known[i]) && !memcmp(s, known[i], strlen(known[i])))
            return true;
    return false;
}

struct markup_token markup_next(const char **at, const char *end) {
    struct markup_token t = {.kind = MARKUP_END, .p = *at, .indent = -1};
    if (*at >= end || (end - *at >= 2 && !memcmp(*at, "{{", 2))) return t;
    if (**at == '<') return tag_at(at, end);
    t.kind = MARKUP_TEXT;
    for (; *at < end && **at != '<' && !(end - *at >= 2 && !memcmp(*at, "{{", 2)); ++*at)
        if ((**at == '&' && !is_entity(*at, end)) || **at == '>') {
            t.p = *at;
            return wrong(t, "entity");
        }
    t.n = (size_t)(*at - t.p);
    return t;
}
