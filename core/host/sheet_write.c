// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// CSV to .xlsx (ECMA-376), row by row into the archive: memory does not grow with the rows, and no
// file is needed, as the jail has none. Every text is a text cell: nothing is ever a formula.
#include <stdlib.h>
#include <string.h>
#include "campus/csv.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "host/convert_internal.h"
#include "host/zip_write.h"

// Places in cellXfs of STYLES below.
enum style { STYLE_TEXT = 1, STYLE_HEAD, STYLE_DATE, STYLE_NUMBER, STYLE_WRONG };
enum {
    WIDTH_ROWS = 100,
    WIDTH_MIN = 8,
    WIDTH_MAX = 60,
    CELL_CHARS_MAX = 32767,
    ROWS_MAX = 1048575
};
enum kind { KIND_TEXT, KIND_DATE, KIND_NUMBER };

static const char TYPES[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
    "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
    "<Default Extension=\"rels\" "
    "ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
    "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
    "<Override PartName=\"/xl/workbook.xml\" ContentType=\"application/"
    "vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>"
    "<Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"application/"
    "vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>"
    "<Override PartName=\"/xl/styles.xml\" ContentType=\"application/"
    "vnd.openxmlformats-officedocument.spreadsheetml.styles+xml\"/></Types>";
#define RELS_HEAD                                                                                  \
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"                              \
    "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
#define REL(id, type, target)                                                                      \
    "<Relationship Id=\"" id                                                                       \
    "\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/" type          \
    "\" Target=\"" target "\"/>"
static const char ROOT_RELS[] =
    RELS_HEAD REL("rId1", "officeDocument", "xl/workbook.xml") "</Relationships>";
static const char BOOK_RELS[] = RELS_HEAD REL("rId1", "worksheet", "worksheets/sheet1.xml")
    REL("rId2", "styles", "styles.xml") "</Relationships>";
#define MAIN "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define FONT "<sz val=\"11\"/><name val=\"宋体\"/><family val=\"3\"/><charset val=\"134\"/>"
#define XF(format, font, fill)                                                                     \
    "<xf numFmtId=\"" format "\" fontId=\"" font "\" fillId=\"" fill                               \
    "\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" applyFont=\"1\" applyFill=\"1\"/>"
static const char STYLES[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
    "<styleSheet xmlns=\"" MAIN "\">"
    "<numFmts count=\"1\"><numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd\"/></numFmts>"
    "<fonts count=\"3\"><font>" FONT "</font><font><b/>" FONT "</font>"
    "<font><color rgb=\"FFC00000\"/>" FONT "</font></fonts>"
    "<fills count=\"4\"><fill><patternFill patternType=\"none\"/></fill>"
    "<fill><patternFill patternType=\"gray125\"/></fill>"
    "<fill><patternFill patternType=\"solid\"><fgColor rgb=\"FFE7E6E6\"/></patternFill></fill>"
    "<fill><patternFill patternType=\"solid\"><fgColor rgb=\"FFFFC7CE\"/></patternFill></fill>"
    "</fills><borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border>"
    "</borders><cellStyleXfs count=\"1\">"
    "<xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>"
    "<cellXfs count=\"6\">" XF("0", "0", "0") XF("49", "0", "0") XF("49", "1", "2")
        XF("164", "0", "0") XF("0", "0", "0")
            XF("49", "2", "3") "</cellXfs>"
                               "<cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" "
                               "builtinId=\"0\"/></cellStyles>"
                               "</styleSheet>";

struct column {
    enum kind kind;
    const json_t *choices; // name -> title, or NULL
    int width;
};
struct writer {
    const json_t *options;
    bool marked;
    const char *mark; // a row of its own, above, or NULL
    bool headed;
    struct csv *csv;
    struct zip_write zip;
    struct buf rows; // XML that is not in the archive yet
    struct column columns[CSV_CELLS_MAX];
    int ncolumns;
    int64_t nrows;
    bool begun; // the sheet's head is written: widths are settled
    struct problem *p;
};

static void put_xml(struct buf *b, const char *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        switch (c) {
        case '&': buf_puts(b, "&amp;"); break;
        case '<': buf_puts(b, "&lt;"); break;
        case '>': buf_puts(b, "&gt;"); break;
        case '"': buf_puts(b, "&quot;"); break;
        case '\r': buf_puts(b, "&#13;"); break;
        default: buf_putc(b, c < 0x20 && c != '\t' && c != '\n' ? ' ' : (char)c);
        }
    }
}

static void column_name(char out[4], int c) {
    int n = 0;
    char back[3];
    for (c++; c; c = (c - 1) / 26) back[n++] = (char)('A' + (c - 1) % 26);
    for (int i = 0; i < n; i++) out[i] = back[n - 1 - i];
    out[n] = 0;
}

// Columns of the screen: a Han character is as wide as two digits.
static int width_of(const char *s, size_t n) {
    int w = 0;
    for (size_t i = 0; i < n && w < WIDTH_MAX; i++)
        w += (s[i] & 0xc0) != 0x80 ? ((unsigned char)s[i] >= 0xe0 ? 2 : 1) : 0;
    return w;
}

// Excel keeps 32,767 characters a cell.
static size_t cut(const char *s, size_t n) {
    if (n <= CELL_CHARS_MAX) return n;
    for (n = CELL_CHARS_MAX; n && (s[n] & 0xc0) == 0x80;) n--;
    return n;
}

static bool is_plain_number(const char *s, size_t n) {
    size_t digits = 0, dots = 0, at = n && *s == '-';
    for (; at < n; at++) {
        if (s[at] >= '0' && s[at] <= '9')
            digits++;
        else if (s[at] != '.' || dots++ || !digits)
            return false;
    }
    return digits && digits <= 15 && s[n - 1] != '.';
}

static void put_cell(struct writer *w, int c, const char *s, size_t n, enum style style) {
    char name[4];
    int64_t days;
    const struct column *col = &w->columns[c];
    if (!n && style != STYLE_WRONG) return;
    column_name(name, c);
    buf_printf(&w->rows, "<c r=\"%s%lld\"", name, (long long)w->nrows);
    if (style == STYLE_TEXT && col->kind == KIND_DATE && text_to_days(s, n, &days) &&
        days >= -25508) // 1900-03-01: the calendars agree from there
        buf_printf(&w->rows, " s=\"%d\"><v>%lld</v></c>", STYLE_DATE, (long long)days + 25569);
    else if (style == STYLE_TEXT && col->kind == KIND_NUMBER && is_plain_number(s, n))
        buf_printf(&w->rows, " s=\"%d\"><v>%.*s</v></c>", STYLE_NUMBER, (int)n, s);
    else {
        buf_printf(&w->rows, " s=\"%d\" t=\"inlineStr\"><is><t xml:space=\"preserve\">", style);
        put_xml(&w->rows, s, cut(s, n));
        buf_puts(&w->rows, "</t></is></c>");
    }
}

// A tab's title: 31 characters, none of those that a reference needs.
static void put_title(struct buf *b, const char *s) {
    size_t n = 0;
    for (int chars = 0; s[n] && chars < 31; chars++)
        for (n++; (s[n] & 0xc0) == 0x80;) n++;
    for (size_t i = 0; i < n; i++) {
        bool wrong = strchr("[]:*?/\\'", s[i]);
        put_xml(b, wrong ? " " : s + i, 1);
    }
}

static void begin_sheet(struct writer *w, struct buf *out) {
    struct buf b;
    const char *title = json_string_value(json_object_get(w->options, "sheet"));
    buf_init(&b, NULL);
    zip_write_part(&w->zip, "[Content_Types].xml", TYPES, sizeof TYPES - 1, out);
    zip_write_part(&w->zip, "_rels/.rels", ROOT_RELS, sizeof ROOT_RELS - 1, out);
    buf_puts(
        &b, "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<workbook xmlns=\"" MAIN
            "\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/"
            "relationships\"><sheets><sheet name=\"");
    put_title(&b, title && *title ? title : "Sheet1");
    buf_puts(&b, "\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>");
    zip_write_part(&w->zip, "xl/workbook.xml", b.data, b.len, out);
    zip_write_part(&w->zip, "xl/_rels/workbook.xml.rels", BOOK_RELS, sizeof BOOK_RELS - 1, out);
    zip_write_part(&w->zip, "xl/styles.xml", STYLES, sizeof STYLES - 1, out);
    b.len = 0;
    buf_puts(
        &b,
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<worksheet xmlns=\"" MAIN
        "\"><sheetViews><sheetView workbookViewId=\"0\">");
    buf_printf(&b,
               "<pane ySplit=\"%d\" topLeftCell=\"A%d\" activePane=\"bottomLeft\" "
               "state=\"frozen\"/></sheetView>"
               "</sheetViews><sheetFormatPr defaultRowHeight=\"15\"/>",
               w->mark ? 2 : 1, w->mark ? 3 : 2);
    if (w->ncolumns) buf_puts(&b, "<cols>");
    for (int i = 0; i < w->ncolumns; i++)
        buf_printf(&b, "<col min=\"%d\" max=\"%d\" width=\"%d\" customWidth=\"1\"/>", i + 1, i + 1,
                   w->columns[i].width + 2);
    if (w->ncolumns) buf_puts(&b, "</cols>");
    buf_puts(&b, "<sheetData>");
    zip_write_begin(&w->zip, "xl/worksheets/sheet1.xml", out);
    zip_write_data(&w->zip, b.data, b.len, out);
    buf_fini(&b);
    w->begun = true;
}

static void flush(struct writer *w, struct buf *out) {
    if (!w->begun) begin_sheet(w, out);
    zip_write_data(&w->zip, w->rows.data, w->rows.len, out);
    w->rows.len = 0;
}

static void learn_column(struct writer *w, int c, const char **title, size_t *n) {
    struct column *col = &w->columns[c];
    const json_t *told = json_object_getn(json_object_get(w->options, "columns"), *title, *n);
    const char *type = json_string_value(json_object_get(told, "type")),
               *words = json_string_value(json_object_get(told, "title"));
    *col = (struct column){.choices = json_object_get(told, "choices"), .width = WIDTH_MIN};
    if (type && !strcmp(type, "date")) col->kind = KIND_DATE, col->width = 10;
    if (type && (!strcmp(type, "integer") || !strcmp(type, "decimal") || !strcmp(type, "money")))
        col->kind = KIND_NUMBER;
    if (words) *title = words, *n = strlen(words);
}

// Bit by bit of the first cell of a marked row: "2 5".
static bool is_marked(const char *marks, int c) {
    while (*marks) {
        char *end;
        if (strtol(marks, &end, 10) == c + 1) return true;
        if (end == marks) return false;
        marks = end;
    }
    return false;
}

static enum err one_row(void *self, int64_t line, const struct csv_cell *cells, int n) {
    struct writer *w = self;
    bool head = !w->headed;
    if (head && w->mark) {
        w->nrows = 1;
        buf_printf(&w->rows, "<row r=\"1\"><c r=\"A1\" s=\"%d\" t=\"inlineStr\"><is><t>",
                   STYLE_TEXT);
        put_xml(&w->rows, w->mark, cut(w->mark, strlen(w->mark)));
        buf_puts(&w->rows, "</t></is></c></row>");
    }
    w->headed = true;
    const char *marks = w->marked ? cells[0].p : "";
    (void)line;
    if (w->marked) cells++, n--;
    if (++w->nrows > ROWS_MAX) return problem_set(w->p, ERR_TOO_LARGE, "too many rows for a sheet");
    buf_printf(&w->rows, "<row r=\"%lld\">", (long long)w->nrows);
    for (int c = 0; c < n; c++) {
        const char *s = cells[c].p;
        size_t len = cells[c].n;
        if (head) {
            learn_column(w, c, &s, &len);
            w->ncolumns = c + 1;
        } else if (c >= w->ncolumns)
            break;
        struct column *col = &w->columns[c];
        // csv_put's apostrophe, which a text cell does not need
        if (len > 1 && *s == '\'' && memchr("=+-@\t\r", s[1], 6)) s++, len--;
        const json_t *choice = head ? NULL : json_object_getn(col->choices, s, len);
        if (json_is_string(choice)) s = json_string_value(choice), len = json_string_length(choice);
        if (w->nrows <= WIDTH_ROWS && width_of(s, len) > col->width) col->width = width_of(s, len);
        if (col->width > WIDTH_MAX) col->width = WIDTH_MAX;
        put_cell(w, c, s, len, head ? STYLE_HEAD : is_marked(marks, c) ? STYLE_WRONG : STYLE_TEXT);
    }
    buf_puts(&w->rows, "</row>");
    return ERR_OK;
}

static void writer_close(void *self) {
    struct writer *w = self;
    csv_free(w->csv);
    zip_write_fini(&w->zip);
    buf_fini(&w->rows);
    mem_free(w);
}

static void *writer_open(const json_t *options, struct problem *p) {
    struct writer *w = mem_alloc(sizeof *w);
    if (!w) return NULL;
    w->options = options;
    w->marked = json_is_true(json_object_get(options, "marked"));
    w->mark = json_string_value(json_object_get(options, "mark"));
    buf_init(&w->rows, NULL);
    w->csv = csv_new(one_row, w);
    if (w->csv && zip_write_init(&w->zip)) return w;
    writer_close(w);
    problem_set(p, ERR_NOMEM, NULL);
    return NULL;
}

static enum err settled(const struct writer *w, struct problem *p) {
    return w->rows.failed || w->zip.failed ? problem_set(p, ERR_NOMEM, NULL) : ERR_OK;
}

static enum err writer_feed(void *self, const char *p, size_t n, struct buf *out,
                            struct problem *problem) {
    struct writer *w = self;
    w->p = problem;
    enum err e = csv_feed(w->csv, p, n, problem);
    if (!e && (w->nrows >= WIDTH_ROWS || w->rows.len > 1 << 20)) flush(w, out);
    return e ? e : settled(w, problem);
}

static enum err writer_end(void *self, struct buf *out, bool *done, struct problem *problem) {
    struct writer *w = self;
    w->p = problem;
    enum err e = csv_end(w->csv, problem);
    *done = true;
    if (e) return e;
    flush(w, out);
    struct buf tail;
    buf_init(&tail, NULL);
    buf_puts(&tail, "</sheetData>");
    if (w->mark) {
        buf_puts(&tail, "<headerFooter><oddFooter>&amp;C");
        for (const char *s = w->mark; *s; s++) // & begins a code there
            put_xml(&tail, *s == '&' ? " " : s, 1);
        buf_puts(&tail, "</oddFooter></headerFooter>");
    }
    buf_puts(&tail, "</worksheet>");
    zip_write_data(&w->zip, tail.data, tail.len, out);
    buf_fini(&tail);
    zip_write_end(&w->zip, out);
    zip_write_finish(&w->zip, out);
    return settled(w, problem);
}

const struct converter sheet_write = {writer_open, writer_feed, writer_end, writer_close};
