// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Pages of A4: text by Pango, drawn by Cairo into PDF. Only fonts that were opened before the jail
// are known here; a character that none of them has is counted, not drawn as a box unnoticed.
#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "campus/mem.h"
#include "host/draw_internal.h"
#include "host/draw_lazy.h"

#define MM (72 / 25.4)
static const double WIDTH = 595.28, HEIGHT = 841.89, LEFT = 71, TOP = 71, BOTTOM = 64, PAD = 4;
static const char FAMILIES[] =
    "Noto Serif CJK SC,WenQuanYi Micro Hei,HanaMinA,HanaMinB,BabelStone Han";
// Those families and no others, from where Debian puts fonts: nothing else may be asked for later.
static const char FONTS[] =
    "<fontconfig><dir>/usr/share/fonts</dir><dir>/usr/local/share/fonts</dir>"
    "<cachedir>/var/cache/fontconfig</cachedir><selectfont>"
    "<rejectfont><pattern></pattern></rejectfont>"
#define ACCEPT(family, weight)                                                                     \
    "<acceptfont><pattern><patelt name=\"family\"><string>" family                                 \
    "</string></patelt><patelt name=\"weight\"><const>" weight                                     \
    "</const></patelt></pattern></acceptfont>"
    ACCEPT("Noto Serif CJK SC", "regular") ACCEPT("Noto Serif CJK SC", "bold")
        ACCEPT("WenQuanYi Micro Hei", "regular") ACCEPT("HanaMinA", "regular")
            ACCEPT("HanaMinB", "regular")
                ACCEPT("BabelStone Han", "regular") "</selectfont></fontconfig>";

enum { TARGETS = 2 };
struct pages {
    PangoContext *context;
    cairo_surface_t *surface[TARGETS];
    cairo_t *cr[TARGETS]; // the document's own; the one of all, or NULL
    cairo_t *aside;       // the one of all, while nothing is drawn
    struct buf *out[TARGETS];
    struct page_style style;
    struct cell head, foot;
    double y;
    bool begun; // something stands on this page
    int unknown;
};
static PangoFontMap *font_map;

static PangoLayout *layout_of(struct pages *p, const char *markup, size_t n, double size, bool bold,
                              double width) {
    PangoFontDescription *font = draw.pango_font_description_from_string(FAMILIES);
    PangoLayout *l = draw.pango_layout_new(p->context);
    draw.pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
    if (bold) draw.pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
    draw.pango_layout_set_font_description(l, font);
    draw.pango_font_description_free(font);
    draw.pango_layout_set_width(l, (int)(width * PANGO_SCALE));
    draw.pango_layout_set_wrap(l, PANGO_WRAP_WORD_CHAR);
    draw.pango_layout_set_markup(l, markup, (int)n);
    p->unknown += draw.pango_layout_get_unknown_glyphs_count(l);
    return l;
}

static void align(PangoLayout *l, enum markup_align a) {
    draw.pango_layout_set_justify(l, a == ALIGN_JUSTIFY);
    draw.pango_layout_set_alignment(l, a == ALIGN_CENTER  ? PANGO_ALIGN_CENTER
                                       : a == ALIGN_RIGHT ? PANGO_ALIGN_RIGHT
                                                          : PANGO_ALIGN_LEFT);
}

static double height_of(PangoLayout *l) {
    int w, h;
    draw.pango_layout_get_size(l, &w, &h);
    return (double)h / PANGO_SCALE;
}

static void show(struct pages *p, PangoLayout *l, double x, double y) {
    for (int i = 0; i < TARGETS; i++)
        if (p->cr[i]) {
            draw.cairo_move_to(p->cr[i], x, y);
            draw.pango_cairo_show_layout(p->cr[i], l);
        }
}

static void line(struct pages *p, double x1, double y1, double x2, double y2) {
    for (int i = 0; i < TARGETS; i++)
        if (p->cr[i]) {
            draw.cairo_set_line_width(p->cr[i], 0.6);
            draw.cairo_move_to(p->cr[i], x1, y1);
            draw.cairo_line_to(p->cr[i], x2, y2);
            draw.cairo_stroke(p->cr[i]);
        }
}

static void margin(struct pages *p, const struct cell *c, double y) {
    if (!c->text.len) return;
    PangoLayout *l = layout_of(p, c->text.data, c->text.len, 9, false, WIDTH - 2 * LEFT);
    align(l, c->align ? c->align : ALIGN_CENTER);
    show(p, l, LEFT, y);
    draw.g_object_unref(l);
}

static void watermark(struct pages *p) {
    if (!p->style.watermark) return;
    PangoLayout *l = layout_of(p, p->style.watermark, strlen(p->style.watermark), 64, true, WIDTH);
    align(l, ALIGN_CENTER);
    for (int i = 0; i < TARGETS; i++)
        for (int k = 0; p->cr[i] && k < 2; k++) {
            draw.cairo_save(p->cr[i]);
            draw.cairo_set_source_rgba(p->cr[i], 0.75, 0.1, 0.1, 0.16);
            draw.cairo_translate(p->cr[i], WIDTH / 2, HEIGHT * (k ? 0.7 : 0.3));
            draw.cairo_rotate(p->cr[i], -0.6);
            draw.cairo_move_to(p->cr[i], -WIDTH / 2, -40);
            draw.pango_cairo_show_layout(p->cr[i], l);
            draw.cairo_restore(p->cr[i]);
        }
    draw.g_object_unref(l);
}

// What stands on every page is drawn when the first thing of it comes.
static void begin_page(struct pages *p) {
    if (p->begun) return;
    p->begun = true;
    p->y = TOP;
    watermark(p);
    margin(p, &p->head, 36);
}

static void end_page(struct pages *p) {
    begin_page(p);
    margin(p, &p->foot, HEIGHT - 46);
    for (int i = 0; i < TARGETS; i++)
        if (p->cr[i]) draw.cairo_show_page(p->cr[i]);
    p->begun = false;
}

static void need(struct pages *p, double height) {
    begin_page(p);
    if (p->y + height > HEIGHT - BOTTOM && p->y > TOP) end_page(p), begin_page(p);
}

void pages_break(struct pages *p) {
    end_page(p);
}

void pages_head(struct pages *p, const struct cell *c, bool foot) {
    struct cell *to = foot ? &p->foot : &p->head;
    to->text.len = 0;
    to->align = c->align;
    buf_put(&to->text, c->text.data, c->text.len);
}

// Line by line, so that a long paragraph goes on on the next page.
void pages_text(struct pages *p, enum markup_tag tag, const struct cell *c, int indent) {
    static const double sizes[] = {22, 16, 14, 12}, before[] = {6, 8, 6, 2},
                        after[] = {14, 6, 4, 4};
    enum markup_align a = c->align ? c->align : tag == MARKUP_H1 ? ALIGN_CENTER : ALIGN_JUSTIFY;
    PangoLayout *l = layout_of(p, c->text.len ? c->text.data : " ", c->text.len ? c->text.len : 1,
                               sizes[tag], tag < MARKUP_P, WIDTH - 2 * LEFT);
    if (indent < 0) indent = tag == MARKUP_P && p->style.zh && a == ALIGN_JUSTIFY ? 2 : 0;
    align(l, a);
    draw.pango_layout_set_indent(l, (int)(indent * sizes[tag] * PANGO_SCALE));
    draw.pango_layout_set_line_spacing(l, tag == MARKUP_P ? 1.15F : 1.0F);
    need(p, sizes[tag] * 2);
    p->y += before[tag];
    PangoLayoutIter *it = draw.pango_layout_get_iter(l);
    do {
        PangoRectangle box;
        draw.pango_layout_iter_get_line_extents(it, NULL, &box);
        double h = (double)box.height / PANGO_SCALE, base = draw.pango_layout_iter_get_baseline(it);
        need(p, h);
        for (int i = 0; i < TARGETS; i++)
            if (p->cr[i]) {
                draw.cairo_move_to(p->cr[i], LEFT + (double)box.x / PANGO_SCALE,
                                   p->y + base / PANGO_SCALE - (double)box.y / PANGO_SCALE);
                draw.pango_cairo_show_layout_line(p->cr[i],
                                                  draw.pango_layout_iter_get_line_readonly(it));
            }
        p->y += h;
    } while (draw.pango_layout_iter_next_line(it));
    p->y += after[tag];
    draw.pango_layout_iter_free(it);
    draw.g_object_unref(l);
}

static bool put_qr(struct pages *p, double x, double y, double size) {
    QRcode *q = p->style.qr ? draw.QRcode_encodeString8bit(p->style.qr, 0, QR_ECLEVEL_M) : NULL;
    if (!q) return false;
    double unit = size / q->width;
    for (int i = 0; i < TARGETS; i++)
        for (int k = 0; p->cr[i] && k < q->width * q->width; k++)
            if (q->data[k] & 1) {
                int row = k / q->width, column = k % q->width;
                draw.cairo_rectangle(p->cr[i], x + unit * column, y + unit * row, unit, unit);
            }
    for (int i = 0; i < TARGETS; i++)
        if (p->cr[i]) draw.cairo_fill(p->cr[i]);
    draw.QRcode_free(q);
    return true;
}

// A circle of dashes where the seal belongs, with what is to be sealed with.
static void put_seal(struct pages *p, double x, double y, double size) {
    static const double dash[] = {2, 2};
    PangoLayout *l = layout_of(p, p->style.seal ? p->style.seal : "",
                               p->style.seal ? strlen(p->style.seal) : 0, 9, false, size * 0.76);
    align(l, ALIGN_CENTER);
    double h = height_of(l);
    for (int i = 0; i < TARGETS; i++)
        if (p->cr[i]) {
            draw.cairo_save(p->cr[i]);
            draw.cairo_set_source_rgb(p->cr[i], 0.55, 0.55, 0.55);
            draw.cairo_set_line_width(p->cr[i], 0.6);
            draw.cairo_set_dash(p->cr[i], dash, 2, 0);
            draw.cairo_new_path(p->cr[i]);
            draw.cairo_arc(p->cr[i], x + size / 2, y + size / 2, size / 2, 0, 2 * M_PI);
            draw.cairo_stroke(p->cr[i]);
            draw.cairo_move_to(p->cr[i], x + size * 0.12, y + (size - h) / 2);
            draw.pango_cairo_show_layout(p->cr[i], l);
            draw.cairo_restore(p->cr[i]);
        }
    draw.g_object_unref(l);
}

static double aligned(enum markup_align a, double left, double room, double size) {
    return left + (a == ALIGN_RIGHT ? room - size : a == ALIGN_CENTER ? (room - size) / 2 : 0);
}

void pages_mark(struct pages *p, enum markup_tag tag, enum markup_align a, int mm) {
    double size = tag == MARKUP_HR ? 10 : (mm ? mm : tag == MARKUP_QR ? 25 : 42) * MM;
    need(p, size);
    double x = aligned(a, LEFT, WIDTH - 2 * LEFT, size);
    if (tag == MARKUP_HR)
        line(p, LEFT, p->y + 5, WIDTH - LEFT, p->y + 5);
    else if (tag == MARKUP_SEAL)
        put_seal(p, x, p->y, size);
    else if (!put_qr(p, x, p->y, size))
        p->unknown++;
    p->y += size + 4;
}

void pages_row(struct pages *p, struct cell *cells, int n, bool bare) {
    PangoLayout *l[CELLS_MAX];
    double x = LEFT, room = WIDTH - 2 * LEFT, widths[CELLS_MAX], height = 0;
    int said = 0, silent = 0;
    for (int i = 0; i < n; i++) said += cells[i].width, silent += !cells[i].width;
    for (int i = 0; i < n; i++) {
        double part = cells[i].width         ? cells[i].width
                      : said < 100 && silent ? (100.0 - said) / silent
                                             : 1;
        widths[i] = room * part / (said > 100 ? said : silent ? 100 : said);
        l[i] = layout_of(p, cells[i].text.len ? cells[i].text.data : " ",
                         cells[i].text.len ? cells[i].text.len : 1, 11, false, widths[i] - 2 * PAD);
        align(l[i], cells[i].align ? cells[i].align : ALIGN_LEFT);
        double h = (cells[i].text.len ? height_of(l[i]) : 0) +
                   (cells[i].qr_mm + cells[i].seal_mm) * MM + 2 * PAD;
        if (h > height) height = h;
    }
    if (height > HEIGHT - TOP - BOTTOM) height = HEIGHT - TOP - BOTTOM;
    need(p, height);
    for (int i = 0; i < n; i++) {
        double y = p->y + PAD, inner = widths[i] - 2 * PAD;
        if (cells[i].text.len) show(p, l[i], x + PAD, y), y += height_of(l[i]);
        if (cells[i].qr_mm) {
            double size = cells[i].qr_mm * MM;
            if (!put_qr(p, aligned(cells[i].align, x + PAD, inner, size), y, size)) p->unknown++;
            y += size;
        }
        if (cells[i].seal_mm)
            put_seal(p, aligned(cells[i].align, x + PAD, inner, cells[i].seal_mm * MM), y,
                     cells[i].seal_mm * MM);
        for (int i2 = 0; !bare && i2 < TARGETS; i2++)
            if (p->cr[i2]) {
                draw.cairo_set_line_width(p->cr[i2], 0.6);
                draw.cairo_rectangle(p->cr[i2], x, p->y, widths[i], height);
                draw.cairo_stroke(p->cr[i2]);
            }
        x += widths[i];
        draw.g_object_unref(l[i]);
    }
    p->y += height;
}

static cairo_status_t put_out(void *self, const unsigned char *data, unsigned n) {
    struct buf *out = self;
    buf_put(out, data, n);
    return out->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

static bool open_target(struct pages *p, int i, const char *title, struct buf *out) {
    p->out[i] = out;
    p->surface[i] = draw.cairo_pdf_surface_create_for_stream(put_out, out, WIDTH, HEIGHT);
    draw.cairo_pdf_surface_set_metadata(p->surface[i], CAIRO_PDF_METADATA_TITLE, title);
    draw.cairo_pdf_surface_set_metadata(p->surface[i], CAIRO_PDF_METADATA_CREATOR, "campusd");
    p->cr[i] = draw.cairo_create(p->surface[i]);
    return !draw.cairo_status(p->cr[i]);
}

static bool close_target(struct pages *p, int i) {
    if (!p->cr[i]) return true;
    bool ok = !draw.cairo_status(p->cr[i]);
    draw.cairo_destroy(p->cr[i]);
    draw.cairo_surface_finish(p->surface[i]);
    ok = ok && !draw.cairo_surface_status(p->surface[i]);
    draw.cairo_surface_destroy(p->surface[i]);
    p->cr[i] = NULL;
    return ok && !p->out[i]->failed;
}

struct pages *pages_new(void) {
    struct pages *p = mem_alloc(sizeof *p);
    if (!p) return NULL;
    p->context = draw.pango_font_map_create_context(font_map);
    buf_init(&p->head.text, NULL), buf_init(&p->foot.text, NULL);
    return p;
}

void pages_free(struct pages *p) {
    if (!p) return;
    for (int i = 0; i < TARGETS; i++) close_target(p, i);
    draw.g_object_unref(p->context);
    buf_fini(&p->head.text), buf_fini(&p->foot.text);
    mem_free(p);
}

bool pages_begin(struct pages *p, const struct page_style *style, struct buf *out, bool draws) {
    p->style = *style;
    p->head.text.len = p->foot.text.len = 0;
    p->begun = false;
    if (!draws) p->aside = p->cr[1], p->cr[1] = NULL;
    draw.pango_context_set_language(p->context,
                                    draw.pango_language_from_string(style->zh ? "zh-cn" : "en"));
    return !out || open_target(p, 0, style->title, out);
}

bool pages_collect(struct pages *p, const char *title, struct buf *out) {
    return open_target(p, 1, title, out);
}

bool pages_end(struct pages *p) {
    if (p->begun) end_page(p);
    if (p->aside) p->cr[1] = p->aside, p->aside = NULL;
    return close_target(p, 0);
}

bool pages_finish(struct pages *p) {
    return close_target(p, 1);
}

int pages_unknown(const struct pages *p) {
    return p->unknown;
}

bool draw_qr_svg(const char *text, struct buf *out) {
    QRcode *q = draw.QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (!q) return false;
    buf_printf(out, "<svg class=\"qr\" viewBox=\"0 0 %d %d\" role=\"img\"><path d=\"", q->width,
               q->width);
    for (int k = 0; k < q->width * q->width; k++)
        if (q->data[k] & 1) buf_printf(out, "M%d %dh1v1h-1z", k % q->width, k / q->width);
    buf_puts(out, "\"/></svg>");
    draw.QRcode_free(q);
    return true;
}

// Each font draws once: from here on no file is opened any more.
bool draw_prepare(void) {
    static const char sample[] = "国家通知书 No. 2027 é <b>国家 No.</b> 𠮷𠀀 \xf0\xaa\x9a\xa5";
    if (!draw_load()) return false;
    // Cairo copies a whole font of some 20 MB to take a few letters out of it, for each document:
    // memory that is kept needs no new pages
    mallopt(M_MMAP_THRESHOLD, 32 << 20), mallopt(M_TRIM_THRESHOLD, 128 << 20);
    FcConfig *config = draw.FcConfigCreate();
    if (!config || !draw.FcConfigParseAndLoadFromMemory(config, (const FcChar8 *)FONTS, FcFalse) ||
        !draw.FcConfigBuildFonts(config))
        return false;
    FcFontSet *fonts = draw.FcConfigGetFonts(config, FcSetSystem);
    if (!fonts || !fonts->nfont) return false;
    draw.FcConfigSetCurrent(config); // and not the system's, which would be read otherwise
    font_map = draw.pango_cairo_font_map_new();
    struct buf out;
    struct pages *p = pages_new();
    struct cell c = {0};
    buf_init(&out, NULL), buf_init(&c.text, NULL);
    buf_puts(&c.text, sample);
    const struct page_style style = {.title = "", .zh = true};
    bool ok = p && pages_begin(p, &style, &out, true);
    for (int tag = MARKUP_H1; ok && tag <= MARKUP_P; tag++)
        pages_text(p, (enum markup_tag)tag, &c, -1);
    for (int i = 0; ok && i < fonts->nfont; i++) { // also those that the sample did not need
        FcChar8 *family;
        if (draw.FcPatternGetString(fonts->fonts[i], FC_FAMILY, 0, &family)) continue;
        draw.cairo_move_to(p->cr[0], 10, 10);
        PangoFontDescription *font = draw.pango_font_description_from_string((const char *)family);
        PangoLayout *l = draw.pango_layout_new(p->context);
        draw.pango_layout_set_font_description(l, font);
        draw.pango_layout_set_text(l, "一𠀀", -1);
        draw.pango_cairo_show_layout(p->cr[0], l);
        draw.pango_font_description_free(font);
        draw.g_object_unref(l);
    }
    ok = ok && pages_end(p);
    pages_free(p);
    buf_fini(&out), buf_fini(&c.text);
    return ok;
}
