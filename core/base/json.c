// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// JSON in: a scan for depth and key count, then jansson. JSON out: straight onto a buf.
#include "campus/json.h"

#include <stdlib.h>
#include <string.h>
#include "campus/mem.h"
#include "campus/text.h"

// Depth and keys are bounded before jansson builds anything.
static const char *too_much(const char *s, size_t n) {
    int depth = 0, keys[JSON_DEPTH_MAX + 1];
    bool in_text = false;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (in_text) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_text = false;
        } else if (c == '"')
            in_text = true;
        else if (c == '{' || c == '[') {
            if (++depth > JSON_DEPTH_MAX) return "nested deeper than 32";
            keys[depth] = 0;
        } else if (c == '}' || c == ']') {
            if (--depth < 0) return "unbalanced brackets";
        } else if (c == ':' && depth > 0 && ++keys[depth] > JSON_KEYS_MAX)
            return "an object has more than 1,000 keys";
    }
    return NULL;
}

// What jansson held is wiped too.
__attribute__((constructor)) static void wipe_what_is_freed(void) {
    json_set_alloc_funcs(malloc, mem_free);
}

static void decref(void *holder) {
    json_decref(*(json_t **)holder);
}

enum err json_parse(struct arena *a, const char *text, size_t n, json_t **out, struct problem *p) {
    const char *why = too_much(text, n);
    if (why) return problem_set(p, ERR_MALFORMED, "%s", why);
    json_t **holder = arena_alloc(a, sizeof *holder);
    arena_defer(a, decref, holder);
    json_error_t e;
    *holder = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    if (!*holder)
        return problem_set(p, ERR_MALFORMED, "line %d, column %d: %.*s", e.line, e.column,
                           (int)(strstr(e.text, " near ") ? strstr(e.text, " near ") - e.text
                                                          : (long)strlen(e.text)),
                           e.text); // without the piece of input: it may be a password
    *out = *holder;
    return ERR_OK;
}

void json_key(struct buf *b, const char *key) {
    json_sep(b);
    buf_putc(b, '"');
    buf_puts(b, key);
    buf_put(b, "\":", 2);
}

void json_text(struct buf *b, const char *s, size_t n) {
    static const char hex[] = "0123456789abcdef";
    unsigned odd = 0, high = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        odd |= (unsigned)(c < 0x20) | (unsigned)(c == '"') | (unsigned)(c == '\\') |
               (unsigned)(c == 0x7f);
        high |= c & 0x80;
    }
    if (!odd && (!high || text_is_utf8(s, n))) { // nearly all: copied as it is
        if (!buf_reserve(b, n + 2)) return;
        char *at = b->data + b->len;
        at[0] = '"';
        memcpy(at + 1, s, n);
        at[n + 1] = '"';
        b->len += n + 2;
        return;
    }
    if (!text_is_utf8(s, n)) {
        buf_puts(b, "\"\xef\xbf\xbd\"");
        return;
    }
    buf_putc(b, '"');
    size_t run = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) continue;
        buf_put(b, s + run, i - run);
        run = i + 1;
        const char *named = c == '"'    ? "\\\""
                            : c == '\\' ? "\\\\"
                            : c == '\n' ? "\\n"
                            : c == '\r' ? "\\r"
                            : c == '\t' ? "\\t"
                                        : NULL;
        if (named)
            buf_put(b, named, 2);
        else {
            char u[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            buf_put(b, u, 6);
        }
    }
    buf_put(b, s + run, n - run);
    buf_putc(b, '"');
}

void json_cstr(struct buf *b, const char *s) {
    if (s)
        json_text(b, s, strlen(s));
    else
        buf_puts(b, "null");
}

void json_time(struct buf *b, int64_t ms) {
    int64_t days = ms / 86400000, rest = ms % 86400000;
    if (rest < 0) rest += 86400000, days--;
    char t[27] = "\"";
    text_from_days(t + 1, days);
    int s = (int)(rest / 1000), f = (int)(rest % 1000);
    int parts[3] = {s / 3600, s / 60 % 60, s % 60};
    char *at = t + 11;
    for (int i = 0; i < 3; i++) {
        *at++ = i ? ':' : 'T';
        *at++ = (char)('0' + parts[i] / 10);
        *at++ = (char)('0' + parts[i] % 10);
    }
    *at++ = '.';
    *at++ = (char)('0' + f / 100);
    *at++ = (char)('0' + f / 10 % 10);
    *at++ = (char)('0' + f % 10);
    *at++ = 'Z';
    *at++ = '"';
    buf_put(b, t, (size_t)(at - t));
}

void json_kv_str(struct buf *b, const char *key, const char *s) {
    json_key(b, key), json_cstr(b, s);
}
void json_kv_int(struct buf *b, const char *key, int64_t v) {
    json_key(b, key), buf_int(b, v);
}
void json_kv_bool(struct buf *b, const char *key, bool v) {
    json_key(b, key), buf_puts(b, v ? "true" : "false");
}
void json_kv_scaled(struct buf *b, const char *key, int64_t v, int scale) {
    char num[32];
    size_t n = (size_t)text_from_scaled(num, v, scale);
    json_key(b, key);
    if (scale)
        json_text(b, num, n);
    else
        buf_put(b, num, n);
}

void json_kv_time(struct buf *b, const char *key, int64_t ms) {
    json_key(b, key);
    if (ms)
        json_time(b, ms);
    else
        buf_puts(b, "null");
}

static int dump(const char *s, size_t n, void *b) {
    buf_put(b, s, n);
    return 0;
}

void json_dom(struct buf *b, const json_t *j) {
    json_dump_callback(j, dump, b, JSON_COMPACT | JSON_ENCODE_ANY);
}
