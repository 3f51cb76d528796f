// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A template, a NUL, and what the fields hold: refused with an item, or filled in to markup whose
// elements nest and close, whatever the values are.
#include "campus/markup.h"
#include "campus/template.h"
#include "fixture.h"
#include "fuzz.h"

static struct arena *template_arena;
static const struct entity *template_entity;

static void template_start(void) {
    struct problem p;
    enum err e;
    template_arena = arena_new(16 << 20);
    problem_init(&p, template_arena);
    struct schema *s = fixture_schema(template_arena, FIXTURE_PLUGIN, &p, &e);
    MUST(!e);
    template_entity = schema_entity(s, "admissions", "applicants");
}

// As the child that draws reads it.
static void must_nest(const char *at, size_t n) {
    enum markup_tag open[32];
    int depth = 0;
    for (const char *end = at + n; at < end;) {
        struct markup_token t = markup_next(&at, end);
        enum markup_tag outer = depth ? open[depth - 1] : MARKUP_TAGS;
        MUST(t.kind != MARKUP_WRONG);
        if (t.kind == MARKUP_END) at++; // braces of a value
        if (t.kind == MARKUP_OPEN || t.kind == MARKUP_EMPTY) MUST(markup_may_hold(outer, t.tag));
        if (t.kind == MARKUP_OPEN) {
            MUST(depth < 32);
            open[depth++] = t.tag;
        }
        if (t.kind == MARKUP_CLOSE) {
            MUST(depth && outer == t.tag);
            depth--;
        }
    }
    MUST(!depth);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    if (!template_arena) template_start();
    struct arena *a = arena_new(64 << 20);
    struct problem p;
    struct template *t;
    struct buf out;
    const uint8_t *nul = memchr(data, 0, n);
    size_t text_n = nul ? (size_t)(nul - data) : n;
    char *text = arena_strndup(a, (const char *)data, text_n);
    const char *value = nul ? arena_strndup(a, (const char *)nul + 1, n - text_n - 1) : "x";
    const struct document_decl d = {
        .name = "d", .entity = template_entity, .qr = "{id}", .seal = {"s", "s"}};
    problem_init(&p, a);
    buf_init(&out, a);
    enum err e = template_parse(a, "t.html", text, text_n, &d, NULL, &t, &p);
    MUST(!e == !p.count);
    if (!e) {
        json_t *line = json_pack("{s:s%}", "amount", value, strlen(value)),
               *record =
                   json_pack("{s:s%,s:s%,s:b,s:[O,O]}", "name", value, strlen(value), "region",
                             value, strlen(value), "boards", (int)(n & 1), "lines", line, line);
        const struct template_values v = {.record = record,
                                          .number = value,
                                          .title = value,
                                          .school = value,
                                          .today = "2027-09-01",
                                          .lang = n & 2 ? LANG_EN : LANG_ZH};
        if (record) {
            template_fill(t, &v, &out);
            must_nest(buf_str(&out), out.len);
        }
        json_decref(record), json_decref(line);
    }
    arena_free(a);
    return 0;
}
