// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A child of role convert: enters the jail, is given one task, answers frame by frame until its
// socket closes.
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "campus/json.h"
#include "campus/mem.h"
#include "host/convert_internal.h"
#include "host/draw_internal.h"
#include "host/jail.h"
#include "host/wire.h"

static const struct converter *const converters[] = {
    [CONVERT_SHEET_READ] = &sheet_read,
    [CONVERT_TEXT_READ] = &text_read,
    [CONVERT_SHEET_WRITE] = &sheet_write,
    [CONVERT_DRAW] = &draw_documents,
};
enum { CONVERTERS = sizeof converters / sizeof *converters };

enum err convert_refuse(struct problem *p, const char *word, const char *zh, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    const char *text = arena_vprintf(p->arena, fmt, ap);
    va_end(ap);
    return problem_say(p, ERR_INVALID, NULL, word, text, zh);
}

struct task {
    const struct converter *converter;
    json_t *options;
    void *self;
    bool draws; // a child prepared for that, and for nothing else
    struct problem problem;
};

static enum err begin(struct task *t, const uint8_t *data, size_t n) {
    struct problem *p = &t->problem;
    if (t->self || !n || data[0] < '0' || data[0] >= '0' + CONVERTERS ||
        (data[0] == '0' + CONVERT_DRAW) != t->draws)
        return ERR_BAD_REQUEST;
    enum err e = json_parse(p->arena, (const char *)data + 1, n - 1, &t->options, p);
    if (e) return e;
    t->converter = converters[data[0] - '0'];
    t->self = t->converter->open(t->options, p);
    return t->self ? ERR_OK : p->code ? p->code : ERR_NOMEM;
}

static enum err serve(struct task *t, char type, const uint8_t *data, size_t n, struct buf *out) {
    bool done = false;
    enum err e = ERR_BAD_REQUEST;
    buf_putc(out, 0);
    if (type == FRAME_TASK) e = begin(t, data, n);
    if (type == FRAME_FEED && t->self)
        e = t->converter->feed(t->self, (const char *)data, n, out, &t->problem);
    if (type == FRAME_END && t->self) e = t->converter->end(t->self, out, &done, &t->problem);
    if (!e && out->failed) e = ERR_NOMEM;
    if (!e) out->data[0] = done;
    return e;
}

static void put_problem(struct buf *out, const struct problem *p, enum err e) {
    out->len = 0;
    out->failed = false;
    wire_put_open(out, WIRE_LIST, p->count ? p->count : 1);
    for (const struct problem_item *it = p->first; it; it = it->next) {
        const char *zh = it->detail_zh ? it->detail_zh : it->detail;
        wire_put_open(out, WIRE_MAP, 3);
        wire_put_text(out, "word", 4), wire_put_text(out, it->word, strlen(it->word));
        wire_put_text(out, "text", 4), wire_put_text(out, it->detail, strlen(it->detail));
        wire_put_text(out, "zh", 2), wire_put_text(out, zh, strlen(zh));
    }
    if (p->count) return;
    const char *text = p->detail ? p->detail : err_title(e, LANG_EN);
    wire_put_open(out, WIRE_MAP, 2);
    wire_put_text(out, "word", 4), wire_put_text(out, err_word(e), strlen(err_word(e)));
    wire_put_text(out, "text", 4), wire_put_text(out, text, strlen(text));
}

int convert_child_main(int fd, size_t memory, bool weak, bool draws) {
    struct jail jail;
    struct task task = {.draws = draws};
    struct buf out;
    // what opens files does so now
    text_read_prepare();
    if (draws && !draw_prepare()) return 5;
    json_object_seed(0);
    setenv("TZ", "UTC0", 1); // unset, the C library looks at its file again and again
    tzset();
    bool locked = jail_enter(memory, weak, draws, &jail);
    buf_init(&out, NULL);
    wire_put_open(&out, WIRE_LIST, 2);
    wire_put_bool(&out, jail.files), wire_put_bool(&out, jail.calls);
    if (!wire_send(fd, FRAME_HELLO, &out) || !locked) return 3;
    struct arena *a = arena_new(16 << 20);
    if (!a) return 4;
    problem_init(&task.problem, a);
    for (;;) {
        char type;
        uint8_t *data;
        size_t n;
        if (!wire_recv(fd, &type, &data, &n)) return 0;
        out.len = 0;
        enum err e = serve(&task, type, data, n, &out);
        mem_free(data);
        if (e) put_problem(&out, &task.problem, e);
        if (!wire_send(fd, e ? FRAME_ERROR : FRAME_OK, &out)) return 0;
    }
}
