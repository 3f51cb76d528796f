// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Documents: markup in, PDF and HTML out, and one PDF of all of them at the end.
//
// In: LE32 n ‖ JSON of n bytes, one a document: {"mode", "markup", "title", "qr"?, "seal"?,
// "watermark"?, "copies"?}. Out, for each: LE32 n ‖ PDF ‖ LE32 n ‖ HTML in the mode "draw"; two
// empty ones in the modes "check", which only lays out, and "collect", which draws into the PDF of
// all; of one that is refused an empty PDF ‖ LE32 n ‖ {"word", "text", "zh"}. options: {"zh",
// "title", "merged"}; with merged the end gives the PDF of all that were collected.
#include <stdlib.h>
#include <string.h>
#include "campus/json.h"
#include "campus/mem.h"
#include "host/convert_internal.h"
#include "host/draw_internal.h"

enum { DOCUMENT_MAX = 1 << 20, PDF_MAX = 3 << 20, DEPTH_MAX = 16, COPIES_MAX = 10 };
struct drawing {
    const json_t *options;
    bool zh, merged;
    struct pages *pages;
    struct buf in, all; // of the document that is coming; the PDF of all
    size_t given;
};

static const char HEAD[] =
    "<meta name=\"viewport\" content=\"width=device-width\"><style>"
    "body{max-width:46em;margin:2em auto;padding:0 1em;font:12pt/1.7 \"Noto Serif CJK SC\",SimSun,"
    "serif;color:#111}h1{font-size:22pt;text-align:center}h2{font-size:16pt}h3{font-size:14pt}"
    "table{border-collapse:collapse;width:100%}td{border:1px solid #333;padding:.3em .5em;"
    "vertical-align:top}table.bare td{border:0}.left{text-align:left}.center{text-align:center}"
    ".right{text-align:right}.justify{text-align:justify}html:lang(zh) p{text-indent:2em}"
    "p.left,p.center,p.right{text-indent:0!important}.qr{width:25mm;height:25mm}"
    ".seal{display:inline-block;width:42mm;height:42mm;border:1px dashed #888;border-radius:50%;"
    "box-sizing:border-box;padding:16mm 4mm;font-size:9pt;line-height:1.2;text-align:center;"
    "color:#666}.head,.foot{font-size:9pt;color:#444}"
    ".mark{position:fixed;top:40%;left:0;right:0;text-align:center;font-size:64pt;color:#b11a1a2a;"
    "transform:rotate(-30deg);pointer-events:none}hr{border:0;border-top:1px solid #333}"
    "@media print{body{margin:0;max-width:none}.break{break-after:page}}</style>";

static void put_escaped(struct buf *b, const char *s) {
    for (; *s; s++) switch (*s) {
        case '&': buf_puts(b, "&amp;"); break;
        case '<': buf_puts(b, "&lt;"); break;
        case '>': buf_puts(b, "&gt;"); break;
        default: buf_putc(b, *s);
        }
}

struct saying { // one pass over a document
    struct drawing *d;
    struct buf *html;
    const struct page_style *style;
    bool pages, on; // draws pages; is inside of something that holds text
    enum markup_tag open[DEPTH_MAX];
    int depth;
    struct cell text, cells[CELLS_MAX];
    int ncells, indent;
    bool bare;
};

static const char *class_of(enum markup_align a) {
    static const char *const names[] = {"", " class=\"left\"", " class=\"center\"",
                                        " class=\"right\"", " class=\"justify\""};
    return names[a];
}

static struct cell *target(struct saying *s) {
    for (int i = s->depth; i-- > 0;)
        if (s->open[i] == MARKUP_TD) return s->ncells ? &s->cells[s->ncells - 1] : NULL;
    return s->depth ? &s->text : NULL;
}

static void say_text(struct saying *s, const char *p, size_t n) {
    struct cell *c = target(s);
    if (s->html) buf_put(s->html, p, n);
    if (!c) return;
    // line ends of the source are spaces; between Han characters they are none
    for (size_t i = 0; i < n; i++) {
        bool space = p[i] == '\n' || p[i] == '\r' || p[i] == '\t' || p[i] == ' ';
        bool joined =
            c->text.len && (unsigned char)c->text.data[c->text.len - 1] >= 0x80 && p[i] != ' ';
        if (!space)
            buf_putc(&c->text, p[i]);
        else if (c->text.len && c->text.data[c->text.len - 1] != ' ' &&
                 c->text.data[c->text.len - 1] != '\n' && !joined)
            buf_putc(&c->text, ' ');
    }
}

static void begin_text(struct saying *s, const struct markup_token *t) {
    s->text.text.len = 0;
    s->text.align = t->align;
    s->indent = t->indent;
}

static void say_open(struct saying *s, const struct markup_token *t) {
    struct buf *h = s->html;
    struct cell *c = target(s);
    switch (t->tag) {
    case MARKUP_B:
    case MARKUP_I:
        if (c) buf_puts(&c->text, t->tag == MARKUP_B ? "<b>" : "<i>");
        break;
    case MARKUP_TABLE: s->bare = t->bare; break;
    case MARKUP_TR: s->ncells = 0; break;
    case MARKUP_TD:
        if (s->ncells == CELLS_MAX) break;
        c = &s->cells[s->ncells++];
        c->text.len = 0;
        c->align = t->align, c->width = t->width, c->qr_mm = c->seal_mm = 0;
        break;
    default: begin_text(s, t);
    }
    if (!h) return;
    if (t->tag == MARKUP_HEADER || t->tag == MARKUP_FOOTER)
        buf_printf(h, "<div%s><div class=\"%s\">", class_of(t->align ? t->align : ALIGN_CENTER),
                   t->tag == MARKUP_HEADER ? "head" : "foot");
    else if (t->tag == MARKUP_TABLE && t->bare)
        buf_puts(h, "<table class=\"bare\">");
    else if (t->tag == MARKUP_TD && t->width)
        buf_printf(h, "<td%s width=\"%d%%\">", class_of(t->align), t->width);
    else
        buf_printf(h, "<%s%s>", markup_name(t->tag), class_of(t->align));
}

static void say_close(struct saying *s, enum markup_tag tag) {
    struct buf *h = s->html;
    struct cell *c = target(s);
    if (h)
        buf_printf(h, "</%s>",
                   tag == MARKUP_HEADER || tag == MARKUP_FOOTER ? "div></div" : markup_name(tag));
    if ((tag == MARKUP_B || tag == MARKUP_I) && c)
        buf_puts(&c->text, tag == MARKUP_B ? "</b>" : "</i>");
    if (!s->pages) return;
    if (tag <= MARKUP_P) pages_text(s->d->pages, tag, &s->text, s->indent);
    if (tag == MARKUP_HEADER || tag == MARKUP_FOOTER)
        pages_head(s->d->pages, &s->text, tag == MARKUP_FOOTER);
    if (tag == MARKUP_TR && s->ncells) pages_row(s->d->pages, s->cells, s->ncells, s->bare);
}

static void say_empty(struct saying *s, const struct markup_token *t) {
    struct buf *h = s->html;
    struct cell *c = target(s);
    bool cell = s->depth && s->open[s->depth - 1] == MARKUP_TD;
    switch (t->tag) {
    case MARKUP_BR:
        if (c) buf_putc(&c->text, '\n');
        if (h) buf_puts(h, "<br>");
        return;
    case MARKUP_PAGE:
        if (s->pages) pages_break(s->d->pages);
        if (h) buf_puts(h, "<div class=\"break\"></div>");
        return;
    case MARKUP_QR:
        if (cell && c) c->qr_mm = t->width ? t->width : 25;
        if (h && s->style->qr) draw_qr_svg(s->style->qr, h);
        break;
    case MARKUP_SEAL:
        if (cell && c) c->seal_mm = t->width ? t->width : 42;
        if (h) {
            buf_puts(h, "<span class=\"seal\">");
            buf_puts(h, s->style->seal ? s->style->seal : "");
            buf_puts(h, "</span>");
        }
        break;
    default:
        if (h) buf_puts(h, "<hr>");
    }
    if (!cell && s->pages) pages_mark(s->d->pages, t->tag, t->align, t->width);
}

// The core has checked the template; this checks again, as it is what stands between the two.
static bool say(struct saying *s, const char *markup, size_t n) {
    const char *at = markup, *end = markup + n;
    for (;;) {
        struct markup_token t = markup_next(&at, end);
        enum markup_tag outer = s->depth ? s->open[s->depth - 1] : MARKUP_TAGS;
        switch (t.kind) {
        case MARKUP_TEXT: say_text(s, t.p, t.n); break;
        case MARKUP_OPEN:
            if (s->depth == DEPTH_MAX || !markup_may_hold(outer, t.tag)) return false;
            say_open(s, &t);
            s->open[s->depth++] = t.tag;
            break;
        case MARKUP_CLOSE:
            if (!s->depth || outer != t.tag) return false;
            say_close(s, t.tag);
            s->depth--;
            break;
        case MARKUP_EMPTY:
            if (!markup_may_hold(outer, t.tag)) return false;
            say_empty(s, &t);
            break;
        case MARKUP_END:
            // braces that a value brought along are text
            if (at < end) {
                say_text(s, at, 1);
                at++;
                break;
            }
            return !s->depth;
        default: return false;
        }
    }
}

static const char *text_of(const json_t *j, const char *key) {
    return json_string_value(json_object_get(j, key));
}

static enum err pass(struct drawing *d, const json_t *j, const struct page_style *style, bool pages,
                     struct buf *html, struct problem *p) {
    const json_t *markup = json_object_get(j, "markup");
    struct saying s = {.d = d, .html = html, .style = style, .pages = pages};
    buf_init(&s.text.text, NULL);
    for (int i = 0; i < CELLS_MAX; i++) buf_init(&s.cells[i].text, NULL);
    bool ok =
        json_is_string(markup) && say(&s, json_string_value(markup), json_string_length(markup));
    buf_fini(&s.text.text);
    for (int i = 0; i < CELLS_MAX; i++) buf_fini(&s.cells[i].text);
    return ok ? ERR_OK
              : convert_refuse(p, "markup", "文书内容无法排版", "the document cannot be laid out");
}

static const char *escaped(const char *s, struct buf *keep) {
    if (!s) return NULL;
    put_escaped(keep, s);
    return buf_str(keep);
}

static void put_sized(struct buf *out, const struct buf *b) {
    for (int i = 0; i < 4; i++) buf_putc(out, (char)(b->len >> (8 * i)));
    buf_put(out, b->data, b->len);
}

static enum err refuse_unknown(struct problem *p) {
    return convert_refuse(p, "glyph_missing",
                          "有字体中没有的字，请管理员安装生僻字字体（如 fonts-hanazono）",
                          "a character is in no font; the administrator may install one for rare "
                          "characters (fonts-hanazono)");
}

static enum err draw_pages(struct drawing *d, const json_t *j, const struct page_style *style,
                           const char *mode, struct buf *pdf, struct problem *p) {
    int copies = (int)json_integer_value(json_object_get(j, "copies"));
    int before = pages_unknown(d->pages);
    bool check = !strcmp(mode, "check"), own = !strcmp(mode, "draw");
    if (!pages_begin(d->pages, style, own ? pdf : NULL, !check)) return ERR_NOMEM;
    enum err e = ERR_OK;
    for (int i = 0; !e && (i == 0 || (i < copies && i < COPIES_MAX && !check)); i++) {
        if (i) pages_break(d->pages);
        e = pass(d, j, style, true, NULL, p);
    }
    if (!pages_end(d->pages) && !e) e = ERR_NOMEM;
    return !e && pages_unknown(d->pages) > before ? refuse_unknown(p) : e;
}

static void write_html(struct drawing *d, const json_t *j, const struct page_style *style,
                       struct buf *html, struct problem *p) {
    buf_printf(html, "<!doctype html><html lang=\"%s\"><meta charset=\"utf-8\"><title>",
               d->zh ? "zh-CN" : "en");
    put_escaped(html, style->title);
    buf_puts(html, "</title>");
    buf_puts(html, HEAD);
    if (style->watermark) buf_printf(html, "<div class=\"mark\">%s</div>", style->watermark);
    if (pass(d, j, style, false, html, p)) buf_trim(html, html->len);
    buf_puts(html, "</html>\n");
}

static void put_refusal(struct buf *out, struct problem *p) {
    struct buf why;
    buf_init(&why, NULL);
    buf_puts(&why, "{\"word\":"), json_cstr(&why, p->first->word);
    json_kv_str(&why, "text", p->first->detail);
    json_kv_str(&why, "zh", p->first->detail_zh);
    buf_putc(&why, '}');
    put_sized(out, &why);
    buf_fini(&why);
    problem_init(p, p->arena);
}

static enum err draw_one(struct drawing *d, const json_t *j, struct buf *out, struct problem *p) {
    struct buf pdf, html, seal, mark;
    buf_init(&pdf, NULL), buf_init(&html, NULL), buf_init(&seal, NULL), buf_init(&mark, NULL);
    const char *title = text_of(j, "title"), *mode = text_of(j, "mode");
    struct page_style style = {.seal = escaped(text_of(j, "seal"), &seal),
                               .qr = text_of(j, "qr"),
                               .watermark = escaped(text_of(j, "watermark"), &mark),
                               .title = title ? title : "",
                               .zh = d->zh};
    if (!mode) mode = "draw";
    enum err e = draw_pages(d, j, &style, mode, &pdf, p);
    if (!e && !strcmp(mode, "draw")) write_html(d, j, &style, &html, p);
    if (!e && pdf.len > PDF_MAX)
        e = convert_refuse(p, "document_too_large", "文书过大", "the document is too large");
    if (!e && (pdf.failed || html.failed)) e = ERR_NOMEM;
    if (e == ERR_INVALID) { // of this document; the next one may be right
        pdf.len = 0;
        put_sized(out, &pdf);
        put_refusal(out, p);
        e = ERR_OK;
    } else if (!e)
        put_sized(out, &pdf), put_sized(out, &html);
    buf_fini(&pdf), buf_fini(&html), buf_fini(&seal), buf_fini(&mark);
    return e;
}

static void *open_drawing(const json_t *options, struct problem *p) {
    struct drawing *d = mem_alloc(sizeof *d);
    if (!d) return NULL;
    d->options = options;
    d->zh = json_is_true(json_object_get(options, "zh"));
    d->merged = json_is_true(json_object_get(options, "merged"));
    buf_init(&d->in, NULL), buf_init(&d->all, NULL);
    d->pages = pages_new();
    const char *title = text_of(options, "title");
    if (d->pages && (!d->merged || pages_collect(d->pages, title ? title : "", &d->all))) return d;
    problem_set(p, ERR_NOMEM, NULL);
    return NULL;
}

static enum err feed(void *self, const char *p, size_t n, struct buf *out,
                     struct problem *problem) {
    struct drawing *d = self;
    buf_put(&d->in, p, n);
    for (;;) {
        const uint8_t *s = (const uint8_t *)d->in.data;
        if (d->in.failed) return ERR_NOMEM;
        if (d->in.len < 4) return ERR_OK;
        size_t size = (size_t)s[0] | (size_t)s[1] << 8 | (size_t)s[2] << 16 | (size_t)s[3] << 24;
        if (size > DOCUMENT_MAX) return ERR_TOO_LARGE;
        if (d->in.len < 4 + size) return ERR_OK;
        struct arena *a = arena_new(16 << 20);
        json_t *j;
        enum err e = a ? json_parse(a, d->in.data + 4, size, &j, problem) : ERR_NOMEM;
        if (!e) e = draw_one(d, j, out, problem);
        arena_free(a);
        if (e) return e;
        memmove(d->in.data, d->in.data + 4 + size, d->in.len - 4 - size);
        d->in.len -= 4 + size;
    }
}

static enum err end(void *self, struct buf *out, bool *done, struct problem *p) {
    struct drawing *d = self;
    if (d->in.len) return convert_refuse(p, "markup", "文书不完整", "a document is cut off");
    if (d->merged && !d->given && !pages_finish(d->pages)) return ERR_NOMEM;
    size_t n = d->all.len - d->given < CONVERT_OUT ? d->all.len - d->given : CONVERT_OUT;
    buf_put(out, d->all.data + d->given, n);
    d->given += n;
    *done = d->given == d->all.len;
    return ERR_OK;
}

static void close_drawing(void *self) {
    struct drawing *d = self;
    pages_free(d->pages);
    buf_fini(&d->in), buf_fini(&d->all);
    mem_free(d);
}

const struct converter draw_documents = {open_drawing, feed, end, close_drawing};
