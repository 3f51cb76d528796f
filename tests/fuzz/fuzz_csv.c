// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// However the bytes are cut, the rows are the same; and rows written are the rows read.
#include "campus/csv.h"
#include "fuzz.h"

struct rows {
    struct buf text;  // what was read, unambiguously
    struct buf again; // the same written as CSV
    bool is_plain;    // nothing that csv_put defuses
};

static enum err note_row(void *self, int64_t line, const struct csv_cell *cells, int n) {
    struct rows *r = self;
    (void)line;
    for (int i = 0; i < n; i++) {
        MUST(strlen(cells[i].p) == cells[i].n);
        buf_printf(&r->text, "%zu:", cells[i].n);
        buf_put(&r->text, cells[i].p, cells[i].n);
        csv_put(&r->again, cells[i].p, cells[i].n);
        if (cells[i].n && strchr("=+-@\t\r'", cells[i].p[0])) r->is_plain = false;
    }
    if (n && !strncmp(cells[0].p, "\xef\xbb\xbf", 3))
        r->is_plain = false;                        // written first, it is a mark
    if (n == 1 && !cells[0].n) r->is_plain = false; // written, it is an empty line
    buf_puts(&r->text, "\n");
    csv_end_row(&r->again);
    return ERR_OK;
}

static enum err read_in(struct arena *a, const char *p, size_t n, size_t piece, struct rows *r) {
    struct problem problem;
    problem_init(&problem, a);
    *r = (struct rows){.is_plain = true};
    buf_init(&r->text, a);
    buf_init(&r->again, a);
    struct csv *c = csv_new(note_row, r);
    enum err e = ERR_OK;
    for (size_t at = 0; at < n && !e; at += piece)
        e = csv_feed(c, p + at, n - at < piece ? n - at : piece, &problem);
    if (!e) e = csv_end(c, &problem);
    MUST(!e == !problem.count);
    csv_free(c);
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct arena *a = arena_new(256 << 20);
    struct rows whole, cut, again;
    enum err e = read_in(a, (const char *)data, n, n + 1, &whole);
    MUST(e == read_in(a, (const char *)data, n, 1 + n % 7, &cut));
    MUST(whole.text.len == cut.text.len);
    MUST(!whole.text.len || !memcmp(whole.text.data, cut.text.data, cut.text.len));
    if (!e && whole.is_plain) {
        MUST(!read_in(a, buf_str(&whole.again), whole.again.len, 4096, &again));
        MUST(again.text.len == whole.text.len);
        MUST(!again.text.len || !memcmp(whole.text.data, again.text.data, again.text.len));
    }
    arena_free(a);
    return 0;
}
