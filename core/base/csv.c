// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// CSV by a small state machine over bytes: one row is gathered, cut into cells, checked, handed on.
#include "campus/csv.h"

#include <string.h>
#include "campus/mem.h"
#include "campus/text.h"

enum at { CELL_START, PLAIN, QUOTED, QUOTE_SEEN };
struct csv {
    csv_row *row;
    void *self;
    struct buf text;            // the row's cells, each NUL-ended
    size_t ends[CSV_CELLS_MAX]; // where each cell's NUL stands
    struct csv_cell cells[CSV_CELLS_MAX];
    int n;
    enum at at;
    bool cr;  // a CR that may be half a CRLF
    bool any; // the row has a byte or a cell
    int64_t line, row_line;
    char delimiter;
    uint8_t head[3]; // of the file: a byte order mark is dropped
    int nhead;
};

struct csv *csv_new(csv_row *row, void *self) {
    struct csv *c = mem_alloc(sizeof *c);
    if (!c) return NULL;
    c->row = row;
    c->self = self;
    c->line = c->row_line = 1;
    c->delimiter = ',';
    buf_init(&c->text, NULL);
    return c;
}

void csv_delimiter(struct csv *c, char delimiter) {
    c->delimiter = delimiter;
}

void csv_free(struct csv *c) {
    if (!c) return;
    buf_fini(&c->text);
    mem_free(c);
}

static enum err bad(struct problem *p, int64_t line, const char *word, const char *why) {
    return problem_add(p, ERR_INVALID, NULL, word, "line %lld: %s", (long long)line, why);
}

// Two-byte and four-byte GB18030, which Chinese spreadsheets write by default.
static bool is_gb18030(const uint8_t *p, size_t n) {
    bool any = false;
    for (size_t i = 0; i < n;) {
        if (p[i] < 0x80) {
            i++;
            continue;
        }
        if (p[i] == 0x80 || p[i] == 0xff || i + 1 >= n) return false;
        uint8_t b = p[i + 1];
        bool four = b >= 0x30 && b <= 0x39;
        if (four && (i + 3 >= n || p[i + 2] < 0x81 || p[i + 2] == 0xff || p[i + 3] < 0x30 ||
                     p[i + 3] > 0x39))
            return false;
        if (!four && (b < 0x40 || b == 0x7f || b == 0xff)) return false;
        i += four ? 4 : 2;
        any = true;
    }
    return any;
}

static enum err end_cell(struct csv *c, struct problem *p) {
    if (c->n == CSV_CELLS_MAX)
        return bad(p, c->row_line, "too_long", "more than 1,000 cells in a row");
    c->ends[c->n++] = c->text.len;
    buf_putc(&c->text, 0);
    c->at = CELL_START;
    c->any = true;
    return ERR_OK;
}

static enum err end_row(struct csv *c, struct problem *p) {
    enum err e = ERR_OK;
    if (c->any || c->at != CELL_START) e = end_cell(c, p);
    if (!e && c->text.failed) e = problem_set(p, ERR_NOMEM, NULL);
    for (int i = 0; i < c->n && !e; i++) {
        size_t from = i ? c->ends[i - 1] + 1 : 0;
        c->cells[i] = (struct csv_cell){c->text.data + from, c->ends[i] - from};
        if (text_is_utf8(c->cells[i].p, c->cells[i].n)) continue;
        if (memchr(c->cells[i].p, 0, c->cells[i].n))
            e = bad(p, c->row_line, "nul", "a NUL byte; this is no CSV text");
        else if (is_gb18030((const uint8_t *)c->cells[i].p, c->cells[i].n))
            e = bad(p, c->row_line, "not_utf8",
                    "the text is in GB18030 (GBK); save it as \"CSV UTF-8\" and try again");
        else
            e = bad(p, c->row_line, "not_utf8", "the text is not valid UTF-8");
    }
    if (!e && c->n) e = c->row(c->self, c->row_line, c->cells, c->n);
    c->text.len = 0;
    c->n = 0;
    c->any = false;
    c->at = CELL_START;
    return e;
}

static enum err byte(struct csv *c, char b, struct problem *p) {
    if (c->text.len >= CSV_ROW_MAX)
        return bad(p, c->row_line, "too_long", "a row of more than 1 MiB; is a quote left open?");
    if (c->cr) { // CRLF ends a row; a CR alone is text of an unquoted cell
        c->cr = false;
        if (b != '\n') {
            if (c->at == QUOTE_SEEN) return bad(p, c->line, "quote", "text after a closing quote");
            c->at = PLAIN;
            buf_putc(&c->text, '\r');
        }
    }
    if (c->at == QUOTED) {
        if (b == '\n') c->line++;
        if (b == '"')
            c->at = QUOTE_SEEN;
        else
            buf_putc(&c->text, b);
        return ERR_OK;
    }
    if (b == '"' && c->at == QUOTE_SEEN) {
        buf_putc(&c->text, '"');
        c->at = QUOTED;
    } else if (b == c->delimiter)
        return end_cell(c, p);
    else if (b == '\n') {
        enum err e = end_row(c, p);
        c->row_line = ++c->line;
        return e;
    } else if (b == '\r')
        c->cr = true;
    else if (c->at == QUOTE_SEEN)
        return bad(p, c->line, "quote", "text after a closing quote");
    else if (b == '"' && c->at == CELL_START)
        c->at = QUOTED;
    else if (b == '"')
        return bad(p, c->line, "quote", "a quote inside a cell that does not begin with one");
    else {
        c->at = PLAIN;
        buf_putc(&c->text, b);
    }
    return ERR_OK;
}

enum err csv_feed(struct csv *c, const char *p, size_t n, struct problem *problem) {
    static const uint8_t bom[3] = {0xef, 0xbb, 0xbf};
    enum err e = ERR_OK;
    for (size_t i = 0; i < n && !e; i++) {
        if (c->nhead < 3) {
            c->head[c->nhead++] = (uint8_t)p[i];
            if (!memcmp(c->head, bom, (size_t)c->nhead)) continue;
            int held = c->nhead;
            c->nhead = 3;
            for (int k = 0; k < held && !e; k++) e = byte(c, (char)c->head[k], problem);
        } else
            e = byte(c, p[i], problem);
    }
    return e;
}

enum err csv_end(struct csv *c, struct problem *p) {
    if (c->nhead < 3 && c->nhead) return bad(p, 1, "not_utf8", "the text is not valid UTF-8");
    if (c->at == QUOTED)
        return bad(p, c->row_line, "quote", "a quote is opened here and never closed");
    c->cr = false;
    return end_row(c, p);
}

static bool is_number(const char *p, size_t n) {
    size_t i = *p == '-' || *p == '+', digits = 0;
    for (; i < n && ((p[i] >= '0' && p[i] <= '9') || p[i] == '.'); i++) digits += p[i] != '.';
    return *p == '-' && i == n && digits;
}

void csv_put(struct buf *b, const char *p, size_t n) {
    bool begins = !b->len || b->data[b->len - 1] == '\n' ||
                  (b->len == 3 && !memcmp(b->data, "\xef\xbb\xbf", 3));
    if (!begins) buf_putc(b, ',');
    bool formula = n && memchr("=+-@\t\r", *p, 6) && !is_number(p, n);
    bool quote = formula || !n; // an empty one too, so that a row never looks unbegun
    for (size_t i = 0; i < n && !quote; i++)
        quote = p[i] == '"' || p[i] == ',' || p[i] == '\n' || p[i] == '\r';
    if (!quote) {
        buf_put(b, p, n);
        return;
    }
    buf_putc(b, '"');
    if (formula) buf_putc(b, '\'');
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '"') buf_putc(b, '"');
        buf_putc(b, p[i]);
    }
    buf_putc(b, '"');
}

void csv_end_row(struct buf *b) {
    buf_put(b, "\r\n", 2);
}
