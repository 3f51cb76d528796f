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

static void column(struct buf *b, const char *name, const char *title, const struct field *f,
                   enum lang lang) {
    json_key(b, name);
    buf_putc(b, '{');
    json_kv_str(b, "title", title);
    json_kv_str(b, "type", field_type_name(f->type));
    if (f->type == FIELD_CHOICE) {
        json_key(b, "choices"), buf_putc(b, '{');
        for (int k = 0; k < f->nchoices; k++)
            json_kv_str(b, f->choices[k].name,
                        title_in(&f->choices[k].title, lang, f->choices[k].name));
        buf_putc(b, '}');
    }
    buf_putc(b, '}');
}

const char *sheet_options(struct request *rq, const struct entity *e, const char *mark) {
    struct buf b;
    buf_init(&b, rq->arena);
    buf_putc(&b, '{');
    json_kv_str(&b, "sheet", title_in(&e->title, rq->lang, e->name));
    json_kv_str(&b, "mark", mark);
    json_key(&b, "columns"), buf_putc(&b, '{');
    if (e->workflow) {
        const struct field *f = report_state_field(e, rq->arena);
        column(&b, "state", title_in(&f->title, rq->lang, "state"), f, rq->lang);
    }
    for (int i = 0; i < e->nfields; i++)
        column(&b, e->fields[i].name, title_in(&e->fields[i].title, rq->lang, e->fields[i].name),
               &e->fields[i], rq->lang);
    buf_puts(&b, "}}");
    return buf_str(&b);
}

const char *sheet_report_options(struct request *rq, const struct report_decl *rep) {
    struct buf b;
    int n;
    const struct report_column *c = report_columns(rep, rq->arena, &n);
    buf_init(&b, rq->arena);
    buf_putc(&b, '{');
    json_kv_str(&b, "sheet", title_in(&rep->title, rq->lang, rep->name));
    json_key(&b, "columns"), buf_putc(&b, '{');
    for (int i = 0; i < n; i++)
        column(&b, c[i].name, title_in(&c[i].title, rq->lang, c[i].name), c[i].field, rq->lang);
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
