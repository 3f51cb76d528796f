// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Errors and problems; the table is include/campus/err.def.
#include "campus/err.h"

#include <stdarg.h>
#include <string.h>
#include "campus/json.h"
#include "campus/mem.h"

static const struct {
    int status;
    const char *word, *en, *zh;
} TABLE[] = {
#define X(name, status, word, en, zh) [ERR_##name] = {status, word, en, zh},
#include "campus/err.def"
#undef X
};

int err_status(enum err e) {
    return TABLE[e].status;
}
const char *err_word(enum err e) {
    return TABLE[e].word;
}
const char *err_title(enum err e, enum lang lang) {
    return lang == LANG_ZH ? TABLE[e].zh : TABLE[e].en;
}

void problem_init(struct problem *p, struct arena *a) {
    *p = (struct problem){.arena = a};
}

enum err problem_set(struct problem *p, enum err e, const char *fmt, ...) {
    if (!p) return e;
    if (!p->code) p->code = e;
    if (!p->detail && fmt) {
        va_list ap;
        va_start(ap, fmt);
        p->detail = arena_vprintf(p->arena, fmt, ap);
        va_end(ap);
    }
    return e;
}

static struct problem_item *add(struct problem *p, enum err e) {
    struct problem_item *it = arena_alloc(p->arena, sizeof *it);
    if (!p->code) p->code = e;
    *(p->last ? &p->last->next : &p->first) = it;
    p->last = it;
    p->count++;
    return it;
}

enum err problem_add(struct problem *p, enum err e, const char *pointer, const char *word,
                     const char *fmt, ...) {
    if (!p) return e;
    struct problem_item *it = add(p, e);
    it->pointer = arena_strdup(p->arena, pointer);
    it->word = arena_strdup(p->arena, word);
    va_list ap;
    va_start(ap, fmt);
    it->detail = arena_vprintf(p->arena, fmt, ap);
    va_end(ap);
    return e;
}

enum err problem_say(struct problem *p, enum err e, const char *pointer, const char *word,
                     const char *en, const char *zh) {
    problem_add(p, e, pointer, word, "%s", en);
    p->last->detail_zh = arena_strdup(p->arena, zh);
    return e;
}

enum err problem_at(struct problem *p, const char *file, int line, int col, const char *word,
                    const char *fmt, ...) {
    if (!p) return ERR_INVALID;
    struct problem_item *it = add(p, ERR_INVALID);
    it->file = arena_strdup(p->arena, file);
    it->line = line;
    it->col = col;
    it->word = arena_strdup(p->arena, word);
    va_list ap;
    va_start(ap, fmt);
    it->detail = arena_vprintf(p->arena, fmt, ap);
    va_end(ap);
    return ERR_INVALID;
}

void problem_point(struct problem *p, const char *pointer) {
    if (p && p->last) p->last->pointer = arena_strdup(p->arena, pointer);
}

void problem_json(const struct problem *p, enum lang lang, const char *request_id, struct buf *b) {
    enum err e = p->code ? p->code : ERR_INTERNAL;
    buf_putc(b, '{');
    json_key(b, "type"), buf_printf(b, "\"urn:campusd:problem:%s\"", err_word(e));
    json_kv_str(b, "title", err_title(e, lang));
    json_kv_int(b, "status", err_status(e));
    if (p->detail) json_kv_str(b, "detail", p->detail);
    json_kv_str(b, "code", err_word(e));
    if (request_id) json_kv_str(b, "request_id", request_id);
    if (p->extra) json_sep(b), buf_puts(b, p->extra);
    if (p->count) {
        json_key(b, "errors");
        buf_putc(b, '[');
        for (const struct problem_item *it = p->first; it; it = it->next) {
            json_sep(b);
            buf_putc(b, '{');
            if (it->pointer) json_kv_str(b, "pointer", it->pointer);
            json_kv_str(b, "code", it->word);
            json_kv_str(b, "detail", lang == LANG_ZH && it->detail_zh ? it->detail_zh : it->detail);
            if (it->policy) json_kv_str(b, "policy", it->policy);
            if (it->file) {
                json_kv_str(b, "file", it->file);
                json_kv_int(b, "line", it->line);
                json_kv_int(b, "col", it->col);
            }
            buf_putc(b, '}');
        }
        buf_putc(b, ']');
    }
    buf_putc(b, '}');
}

void problem_text(const struct problem *p, struct buf *b) {
    enum err e = p->code ? p->code : ERR_INTERNAL;
    if (!p->count || p->detail)
        buf_printf(b, "%s: %s\n", err_word(e), p->detail ? p->detail : err_title(e, LANG_EN));
    for (const struct problem_item *it = p->first; it; it = it->next) {
        if (it->file) buf_printf(b, "%s:%d:%d: ", it->file, it->line, it->col);
        if (it->pointer) buf_printf(b, "%s: ", it->pointer);
        buf_printf(b, "%s: %s\n", it->word, it->detail);
    }
}
