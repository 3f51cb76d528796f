// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by draw.c (what a document says) and draw_page.c (where it stands).
#ifndef HOST_DRAW_INTERNAL_H
#define HOST_DRAW_INTERNAL_H

#include "campus/buf.h"
#include "campus/markup.h"

// Set before the jail: libraries, fonts, everything that opens a file. False: there is no font.
bool draw_prepare(void);

// A pile of pages, each drawn on one or two PDF files at once: a document's own, and the one of
// all.
struct pages;
struct cell {
    struct buf text; // Pango markup
    enum markup_align align;
    int width, qr_mm, seal_mm; // percent; millimetres, 0: none
};
enum { CELLS_MAX = 12 };
struct page_style {
    const char *watermark; // NULL: none
    const char *seal;      // what stands in its place
    const char *qr;        // what the code says
    const char *title;     // of the PDF
    bool zh;
};
struct pages *pages_new(void);
void pages_free(struct pages *p);
// out: the document's own PDF, or NULL; draws: else it is only laid out.
bool pages_begin(struct pages *p, const struct page_style *style, struct buf *out, bool draws);
// A second file of all documents from here on.
bool pages_collect(struct pages *p, const char *title, struct buf *out);
void pages_head(struct pages *p, const struct cell *c, bool foot); // from this page, or its end, on
void pages_text(struct pages *p, enum markup_tag tag, const struct cell *c, int indent);
void pages_row(struct pages *p, struct cell *cells, int n, bool bare);
void pages_mark(struct pages *p, enum markup_tag tag, enum markup_align align,
                int mm); // qr, seal, hr
void pages_break(struct pages *p);
bool pages_end(struct pages *p); // of one document; false when something failed
bool pages_finish(struct pages *p);
int pages_unknown(const struct pages *p); // glyphs that no font has, so far
// Scalable vector graphics of a QR code, for HTML.
bool draw_qr_svg(const char *text, struct buf *out);

#endif
