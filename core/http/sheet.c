// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Spreadsheets as answers.
#include "http/sheet.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "campus/mem.h"

static void column(struct buf *b, const char *name, const char *title, const char *type) {
    json_key(b, name);
    buf_putc(b, '{');
    json_kv_str(b, "title", title);
    json_kv_str(b, "type", type);
}

const char *sheet_options(struct request *rq, const struct entity *e) {
    struct buf b;
    bool zh = rq->lang == LANG_ZH;
    buf_init(&b, rq->arena);
    buf_putc(&b, '{');
    json_kv_str(&b, "sheet", title_in(&e->title, rq->lang, e->name));
    json_key(&b, "columns"), buf_putc(&b, '{');
    column(&b, "count", zh ? "数量" : "Count", "integer"), buf_putc(&b, '}');
    if (e->workflow) {
        column(&b, "state", zh ? "状态" : "State", "choice");
        json_key(&b, "choices"), buf_putc(&b, '{');
        for (int i = 0; i < e->workflow->nstates; i++)
            json_kv_str(
                &b, e->workflow->states[i].name,
                title_in(&e->workflow->states[i].title, rq->lang, e->workflow->states[i].name));
        buf_puts(&b, "}}");
    }
    for (int i = 0; i < e->nfields; i++) {
        const struct field *f = &e->fields[i];
        const char *title = title_in(&f->title, rq->lang, f->name),
                   *type = field_type_name(f->type);
        column(&b, f->name, title, type);
        if (f->type == FIELD_CHOICE) {
            json_key(&b, "choices"), buf_putc(&b, '{');
            for (int k = 0; k < f->nchoices; k++)
                json_kv_str(&b, f->choices[k].name,
                            title_in(&f->choices[k].title, rq->lang, f->choices[k].name));
            buf_putc(&b, '}');
        }
        buf_putc(&b, '}');
        if (f->type != FIELD_INTEGER && f->type != FIELD_DECIMAL && f->type != FIELD_MONEY)
            continue;
        column(&b, arena_printf(rq->arena, "sum_%s", f->name),
               arena_printf(rq->arena, zh ? "%s合计" : "%s, sum", title), type);
        buf_putc(&b, '}');
    }
    buf_puts(&b, "}}");
    return buf_str(&b);
}

static enum err write_out(void *self, const char *p, size_t n) {
    struct sheet *s = self;
    for (size_t at = 0; at < n;) {
        ssize_t put = write(s->fd, p + at, n - at);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return ERR_NO_SPACE;
        at += (size_t)put;
    }
    s->n += n;
    return ERR_OK;
}

static void release(void *arg) {
    struct sheet *s = arg;
    convert_close(s->convert);
    if (s->fd >= 0) close(s->fd);
}

enum err sheet_open(struct request *rq, const char *options, struct sheet **out) {
    struct sheet *s = *out = arena_alloc(rq->arena, sizeof *s);
    const struct convert_task task = {CONVERT_SHEET_WRITE, options, app_config(rq->app)->weak_jail,
                                      write_out, s};
    s->fd = -1;
    arena_defer(rq->arena, release, s);
    s->fd = open(app_config(rq->app)->home, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (s->fd < 0) return problem_set(&rq->problem, ERR_IO, "no temporary file");
    return convert_open(&task, &s->convert, &rq->problem);
}

enum err sheet_feed(void *self, const char *p, size_t n) {
    return convert_feed(((struct sheet *)self)->convert, p, n);
}

enum err sheet_close(struct sheet *s) {
    enum err e = convert_end(s->convert);
    convert_close(s->convert);
    s->convert = NULL;
    return e;
}

void sheet_answer(struct request *rq, const char *name, const char *format, int fd, uint64_t n) {
    rq->type = !strcmp(format, "xlsx") ? CONVERT_XLSX : "text/csv; charset=utf-8";
    http_add_header(rq->http, "Content-Disposition",
                    arena_printf(rq->arena, "attachment; filename=\"%s.%s\"", name, format));
    if (fd < 0) return;
    rq->file = fd;
    rq->file_n = n;
}
