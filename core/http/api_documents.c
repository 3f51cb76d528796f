// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Documents over HTTP: issue, preview, list, fetch as PDF or HTML, void.
#include <string.h>
#include "campus/mem.h"
#include "http/api.h"
#include "http/app_internal.h"
#include "http/documents.h"

static enum err collect(void *self, const char *p, size_t n) {
    struct artist *a = self;
    if (a->take) return a->take(a->self, p, n);
    buf_put(&a->got, p, n);
    return a->got.failed ? ERR_NOMEM : ERR_OK;
}

enum err artist_open(struct app *app, struct arena *a, bool zh, const char *merged,
                     struct artist *out, struct problem *p) {
    struct buf options;
    *out = (struct artist){0};
    buf_init(&out->got, NULL);
    buf_init(&options, a);
    buf_puts(&options, "{\"zh\":"), buf_puts(&options, zh ? "true" : "false");
    json_kv_bool(&options, "merged", merged != NULL);
    if (merged) json_kv_str(&options, "title", merged);
    buf_putc(&options, '}');
    const struct convert_task task = {CONVERT_DRAW, buf_str(&options), app_config(app)->weak_jail,
                                      collect, out};
    return convert_open(&task, &out->convert, p);
}

void artist_close(struct artist *a) {
    convert_close(a->convert);
    a->convert = NULL;
    buf_fini(&a->got);
}

static bool part(const struct artist *a, size_t *at, struct buf *out) {
    const uint8_t *s = (const uint8_t *)a->got.data + *at;
    if (a->got.len < *at + 4) return false;
    size_t n = (size_t)s[0] | (size_t)s[1] << 8 | (size_t)s[2] << 16 | (size_t)s[3] << 24;
    if (a->got.len - *at - 4 < n) return false;
    *out = (struct buf){.data = a->got.data + *at + 4, .len = n, .cap = n};
    *at += 4 + n;
    return true;
}

// What the child says is wrong with this document: its words, cut to a size that people read.
static enum err refusal(const struct buf *why, struct problem *p) {
    json_t *j;
    if (json_parse(p->arena, why->data, why->len, &j, NULL)) return ERR_UNAVAILABLE;
    const char *word = json_string_value(json_object_get(j, "word")),
               *text = json_string_value(json_object_get(j, "text")),
               *zh = json_string_value(json_object_get(j, "zh"));
    return problem_say(p, ERR_INVALID, NULL, word ? word : "markup",
                       arena_printf(p->arena, "%.200s", text ? text : ""),
                       zh ? arena_printf(p->arena, "%.200s", zh) : NULL);
}

enum err artist_feed(struct artist *a, const struct buf *text, const char *mode, struct buf *pdf,
                     struct buf *html, struct problem *p) {
    struct buf b, one, two;
    size_t at = 0;
    buf_init(&b, NULL);
    buf_puts(&b, "0000{\"mode\":"), json_cstr(&b, mode), buf_putc(&b, ',');
    buf_put(&b, text->data + 1, text->len - 1); // it is an object with members
    for (int i = 0; !b.failed && i < 4; i++) b.data[i] = (char)((b.len - 4) >> (8 * i));
    a->got.len = 0;
    enum err e = b.failed ? ERR_NOMEM : convert_feed(a->convert, b.data, b.len);
    buf_fini(&b);
    if (e) return problem_set(p, e, NULL);
    if (!part(a, &at, &one) || !part(a, &at, &two) || at != a->got.len)
        return problem_set(p, ERR_UNAVAILABLE, "what draws documents failed; try again");
    if (!one.len && two.len) return refusal(&two, p);
    if (pdf) *pdf = one;
    if (html) *html = two;
    return ERR_OK;
}

struct issuing {
    struct document_draft draft;
    const char *replaces, *format;
    bool preview;
};

static enum err answer_drawn(struct request *rq) {
    return rq->gate.audit ? request_keep_notes(rq) : ERR_OK;
}

// Draws into the answer, which leaves once the look, if it is one, is on record.
static enum err draw_answer(struct request *rq, const struct buf *text, bool zh,
                            const char *format) {
    struct artist artist;
    struct buf pdf = {0}, html = {0};
    bool as_html = format && !strcmp(format, "html");
    enum err e = artist_open(rq->app, rq->arena, zh, NULL, &artist, &rq->problem);
    if (!e) e = artist_feed(&artist, text, "draw", &pdf, &html, &rq->problem);
    if (!e) buf_put(&rq->out, as_html ? html.data : pdf.data, as_html ? html.len : pdf.len);
    artist_close(&artist);
    if (e) return e;
    rq->type = as_html ? "text/html; charset=utf-8" : "application/pdf";
    http_add_header(rq->http, "Content-Security-Policy",
                    "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    http_add_header(rq->http, "Content-Disposition",
                    as_html ? "inline; filename=\"document.html\""
                            : "inline; filename=\"document.pdf\"");
    rq->own_savepoint = true;
    return rq->gate.must_wait ? request_move(rq, ON_LANE, answer_drawn) : ERR_OK;
}

static handler read_and_check;

static enum err issue(struct request *rq) {
    struct issuing *i = rq->state;
    bool stale = false;
    enum err e = document_issue(&rq->gate, &i->draft, i->replaces, &rq->out, NULL, &stale);
    if (e == ERR_CONFLICT && stale && rq->tries++ < 3) {
        problem_init(&rq->problem, rq->arena);
        rq->out.len = 0;
        return request_move(rq, ON_FILES, read_and_check);
    }
    if (!e) e = request_keep_notes(rq);
    if (e) return e;
    rq->status = 201;
    return ERR_OK;
}

// On a worker: what it says, and whether a font has every character of it.
static enum err read_and_check(struct request *rq) {
    struct issuing *i = rq->state;
    struct gate *g = &rq->gate;
    struct artist artist;
    struct buf text;
    bool zh = i->draft.lang == LANG_ZH;
    buf_init(&text, rq->arena);
    g->notes = NULL, g->must_wait = false;
    enum err e = document_read(g, &i->draft);
    if (e) return e;
    document_text(g, &i->draft, i->preview ? zh ? "（预览）" : "(preview)" : NULL, NULL,
                  i->preview ? zh ? "预览" : "PREVIEW" : NULL, &text);
    if (i->preview) return draw_answer(rq, &text, zh, i->format);
    e = artist_open(rq->app, rq->arena, zh, NULL, &artist, &rq->problem);
    if (!e) e = artist_feed(&artist, &text, "check", NULL, NULL, &rq->problem);
    artist_close(&artist);
    return e ? e : request_move(rq, ON_LANE, issue);
}

static enum err format_of(struct request *rq, const char **out) {
    *out = request_query(rq, "format");
    if (!*out || !strcmp(*out, "pdf") || !strcmp(*out, "html") || !strcmp(*out, "json"))
        return ERR_OK;
    return problem_add(&rq->problem, ERR_INVALID, "/format", "format_unknown", "pdf, html or json");
}

static enum err lang_of(struct request *rq, const json_t *body, enum lang *out) {
    const char *lang;
    enum err e = api_text(rq, body, "lang", 5, false, &lang);
    *out = rq->release->language;
    if (e || !lang) return e;
    if (strcmp(lang, "zh") && strcmp(lang, "en"))
        return problem_add(&rq->problem, ERR_INVALID, "/lang", "choice", "zh or en");
    *out = strcmp(lang, "zh") ? LANG_EN : LANG_ZH;
    return ERR_OK;
}

static enum err post(struct request *rq) {
    const struct entity *e = schema_entity(rq->release->schema, rq->path[0], rq->path[1]);
    struct issuing *i = rq->state = arena_alloc(rq->arena, sizeof *i);
    const char *preview = request_query(rq, "preview");
    const json_t *body;
    i->draft.record = rq->path[2];
    i->draft.decl = e ? document_find(e->plugin, rq->path[4]) : NULL;
    if (!i->draft.decl || i->draft.decl->entity != e)
        return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    i->preview = preview && !strcmp(preview, "true");
    enum err err = api_body(rq, "purpose replaces lang", &body);
    if (!err) err = api_text(rq, body, "purpose", 200, false, &i->draft.purpose);
    if (!err) err = api_text(rq, body, "replaces", 64, false, &i->replaces);
    if (!err) err = lang_of(rq, body, &i->draft.lang);
    if (!err) err = format_of(rq, &i->format);
    return err ? err : request_move(rq, ON_FILES, read_and_check);
}

static enum err list(struct request *rq) {
    const struct entity *e = schema_entity(rq->release->schema, rq->path[0], rq->path[1]);
    if (!e) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    return document_list(&rq->gate, e, rq->path[2], &rq->out);
}

struct fetching {
    struct buf text;
    bool zh;
    const char *format;
};

static enum err draw_fetched(struct request *rq) {
    struct fetching *f = rq->state;
    return draw_answer(rq, &f->text, f->zh, f->format);
}

static enum err fetch(struct request *rq) {
    struct fetching *f = rq->state = arena_alloc(rq->arena, sizeof *f);
    buf_init(&f->text, rq->arena);
    enum err e = format_of(rq, &f->format);
    if (e) return e;
    if (f->format && !strcmp(f->format, "json"))
        return document_open(&rq->gate, rq->path[1], NULL, &rq->out, NULL, NULL);
    e = document_open(&rq->gate, rq->path[1], request_query(rq, "purpose"), NULL, &f->text, &f->zh);
    return e ? e : request_move(rq, ON_FILES, draw_fetched);
}

static enum err void_on_lane(struct request *rq) {
    return document_void(&rq->gate, rq->path[1], rq->state, &rq->out);
}

static enum err make_void(struct request *rq) {
    const json_t *body;
    const char *reason = NULL;
    enum err e = api_body(rq, "reason", &body);
    if (!e) e = api_text(rq, body, "reason", 400, true, &reason);
    rq->state = (void *)(uintptr_t)reason;
    return e ? e : request_move(rq, ON_LANE, void_on_lane);
}

// Somebody comes with it: a transition of the record that it was issued for, while it is in force.
static enum err move_holder(struct request *rq) {
    const struct entity *entity;
    const char *record;
    enum err e = document_holder(&rq->gate, rq->path[1], &entity, &record);
    if (e) return e;
    rq->path[0] = entity->plugin->name, rq->path[1] = entity->name, rq->path[2] = record;
    rq->npath = 4;
    return records_transition(rq);
}

const struct route routes_documents[] = {
    {"POST", "{}/{}/{}/documents/{}", post, .who = SIGNED_IN},
    {"GET", "{}/{}/{}/documents", list, .who = SIGNED_IN},
    {"POST", "{}/{}/documents/{}", documents_batch, .who = SIGNED_IN},
    {"GET", "documents/{}", fetch, .who = SIGNED_IN},
    {"POST", "documents/{}/void", make_void, .who = SIGNED_IN},
    {"POST", "documents/{}/do/{}", move_holder, .who = SIGNED_IN},
    {0},
};
