// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// .xlsx (ECMA-376) to CSV: libzip unpacks, expat parses, one part after another, the sheet itself
// in pieces. Everything here is hostile: each count, length, depth and ratio has a bound.
#include "host/sheet_read.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>
#include "campus/csv.h"
#include "campus/limits.h"
#include "campus/mem.h"
#include "host/convert_internal.h"

enum {
    PARTS_MAX = 4096,
    UNPACKED_MAX = 200 << 20,
    RATIO_MAX = 100,      // of a part that unpacks to more than
    RATIO_FROM = 1 << 20, // this
    DEPTH_MAX = 64,
    TOKEN_MAX = 1 << 20, // one tag or attribute
    COLUMNS_MAX = 1000,
    ROWS_MAX = 200000,
    CELL_MAX = 128 << 10, // Excel's own is 32,767 characters
    STRINGS_MAX = 64 << 20,
    STRING_COUNT_MAX = 4 << 20,
    STYLES_MAX = 65536,
    OUT_MAX = 256 << 20,
    PATH_MAX_N = 256
};
enum part { WORKBOOK, RELATIONS, STYLES, STRINGS, SHEET };

struct reader {
    const char *wanted; // sheet by name, or NULL
    struct buf file;
    zip_t *zip;
    uint64_t unpacked, out_total;
    struct problem *p; // while a call lasts
    struct buf *out;
    enum err err;
    // the part at hand
    enum part part;
    zip_file_t *f;
    XML_Parser x;
    struct zip_stat stat;
    uint64_t fed;
    int depth;
    bool final, suspended, ended; // all is fed; out is full; nothing is left
    char piece[16 << 10];
    // workbook
    char sheet_id[PATH_MAX_N], sheet_path[PATH_MAX_N], strings_path[PATH_MAX_N],
        styles_path[PATH_MAX_N];
    bool since_1904;
    // styles
    struct sheet_style *styles;
    int nstyles;
    struct {
        unsigned id;
        struct sheet_style style;
    } formats[512];
    int nformats;
    bool in_cell_styles;
    // strings
    struct buf strings;
    uint32_t *ends;
    size_t nstrings, strings_room;
    // a value as it comes in
    bool collecting;
    int phonetic; // depth of an rPh, whose text is no part of the value
    struct buf value;
    // the row
    int64_t line, rows;
    int column, last;
    char type[12];
    unsigned style;
    struct buf row;
    struct {
        uint32_t at, n;
    } cells[COLUMNS_MAX];
};

static void stop(struct reader *r, enum err e) {
    if (!r->err) r->err = e;
    if (r->x) XML_StopParser(r->x, XML_FALSE);
}

static enum err broken(struct reader *r, const char *why) {
    return convert_refuse(r->p, "sheet_broken", "文件已损坏，或不是 Excel 工作簿",
                          "this is no sound .xlsx workbook: %s", why);
}

static enum err too_large(struct reader *r, const char *what) {
    return convert_refuse(r->p, "sheet_too_large", "表格过大", "the workbook is too large: %s",
                          what);
}

static const char *attribute(const XML_Char **atts, const char *name) {
    for (; *atts; atts += 2) {
        const char *colon = strrchr(*atts, ':');
        if (!strcmp(colon ? colon + 1 : *atts, name)) return atts[1];
    }
    return NULL;
}

static bool is_true(const char *s) {
    return s && (!strcmp(s, "1") || !strcmp(s, "true"));
}

// A path of a part as relations write it: from the root, or from xl/.
static void keep_path(struct reader *r, char out[PATH_MAX_N], const char *target) {
    int n = snprintf(out, PATH_MAX_N, "%s%s", *target == '/' ? "" : "xl/",
                     *target == '/' ? target + 1 : target);
    if (n < 0 || n >= PATH_MAX_N) stop(r, broken(r, "a name too long"));
}

static bool ends_with(const char *s, const char *end) {
    size_t n = strlen(s), k = strlen(end);
    return n >= k && !strcmp(s + n - k, end);
}

static void in_workbook(struct reader *r, const char *name, const XML_Char **atts) {
    if (!strcmp(name, "workbookPr")) r->since_1904 = is_true(attribute(atts, "date1904"));
    if (strcmp(name, "sheet") || *r->sheet_id) return;
    const char *title = attribute(atts, "name"), *state = attribute(atts, "state"),
               *id = attribute(atts, "id");
    bool hidden = state && strcmp(state, "visible");
    if (!id || (r->wanted ? !title || strcmp(title, r->wanted) : hidden)) return;
    if (strlen(id) >= sizeof r->sheet_id)
        stop(r, broken(r, "a name too long"));
    else
        snprintf(r->sheet_id, sizeof r->sheet_id, "%s", id);
}

static void in_relations(struct reader *r, const char *name, const XML_Char **atts) {
    const char *id = attribute(atts, "Id"), *target = attribute(atts, "Target"),
               *type = attribute(atts, "Type"), *mode = attribute(atts, "TargetMode");
    if (strcmp(name, "Relationship") || !id || !target || !type || (mode && *mode == 'E')) return;
    if (!strcmp(id, r->sheet_id) && ends_with(type, "/worksheet"))
        keep_path(r, r->sheet_path, target);
    else if (ends_with(type, "/sharedStrings"))
        keep_path(r, r->strings_path, target);
    else if (ends_with(type, "/styles"))
        keep_path(r, r->styles_path, target);
}

static struct sheet_style format_of(const struct reader *r, unsigned id) {
    for (int i = 0; i < r->nformats; i++)
        if (r->formats[i].id == id) return r->formats[i].style;
    return sheet_style_builtin(id);
}

static void in_styles(struct reader *r, const char *name, const XML_Char **atts) {
    const char *id = attribute(atts, "numFmtId"), *code = attribute(atts, "formatCode");
    if (!strcmp(name, "cellXfs")) r->in_cell_styles = true;
    if (!strcmp(name, "numFmt") && id && code && r->nformats < 512) {
        r->formats[r->nformats].id = (unsigned)strtoul(id, NULL, 10);
        r->formats[r->nformats++].style = sheet_style_parse(code);
    }
    if (!strcmp(name, "xf") && r->in_cell_styles) {
        if (r->nstyles == STYLES_MAX)
            stop(r, too_large(r, "styles"));
        else
            r->styles[r->nstyles++] = format_of(r, id ? (unsigned)strtoul(id, NULL, 10) : 0);
    }
}

// "BC12" -> 54, counted from 0; -1 when it is no reference.
static int column_of(const char *ref) {
    int c = 0, n = 0;
    for (; *ref >= 'A' && *ref <= 'Z' && n < 4; ref++, n++) c = c * 26 + *ref - 'A' + 1;
    return n && n < 4 ? c - 1 : -1;
}

static void in_sheet(struct reader *r, const char *name, const XML_Char **atts) {
    const char *ref = attribute(atts, "r");
    if (!strcmp(name, "row")) {
        char *end;
        long line = ref ? strtol(ref, &end, 10) : 0;
        r->line = ref && line > 0 && line <= 1048576 ? line : r->line + 1;
        r->column = r->last = -1;
        r->row.len = 0;
    } else if (!strcmp(name, "c")) {
        const char *type = attribute(atts, "t"), *style = attribute(atts, "s");
        r->column = ref ? column_of(ref) : r->column + 1;
        if (r->column < 0) stop(r, broken(r, "a cell's place"));
        snprintf(r->type, sizeof r->type, "%s", type ? type : "n");
        r->style = style ? (unsigned)strtoul(style, NULL, 10) : 0;
        r->value.len = 0;
    } else if (!strcmp(name, "v"))
        r->collecting = true;
}

static void on_start(void *self, const XML_Char *qname, const XML_Char **atts) {
    struct reader *r = self;
    const char *colon = strrchr(qname, ':'), *name = colon ? colon + 1 : qname;
    if (r->err) return;
    if (++r->depth > DEPTH_MAX) {
        stop(r, broken(r, "nested too deep"));
        return;
    }
    if (!strcmp(name, "rPh")) r->phonetic = r->depth;
    if (!strcmp(name, "t") && !r->phonetic) r->collecting = true;
    switch (r->part) {
    case WORKBOOK: in_workbook(r, name, atts); break;
    case RELATIONS: in_relations(r, name, atts); break;
    case STYLES: in_styles(r, name, atts); break;
    case STRINGS:
        if (!strcmp(name, "si")) r->value.len = 0;
        break;
    case SHEET: in_sheet(r, name, atts); break;
    }
}

static void on_text(void *self, const XML_Char *s, int n) {
    struct reader *r = self;
    if (!r->collecting || r->err || r->part < STRINGS) return;
    if (r->value.len + (size_t)n > CELL_MAX)
        stop(r, too_large(r, "a cell of more than 128 KiB"));
    else
        buf_put(&r->value, s, (size_t)n);
}

static void end_string(struct reader *r) {
    if (r->nstrings == STRING_COUNT_MAX || r->strings.len + r->value.len > STRINGS_MAX) {
        stop(r, too_large(r, "its texts together"));
        return;
    }
    if (r->nstrings == r->strings_room) {
        size_t room = r->strings_room ? 2 * r->strings_room : 4096;
        uint32_t *ends = mem_realloc(r->ends, room * sizeof *ends);
        if (!ends) {
            stop(r, ERR_NOMEM);
            return;
        }
        r->ends = ends;
        r->strings_room = room;
    }
    buf_put(&r->strings, r->value.data, r->value.len);
    r->ends[r->nstrings++] = (uint32_t)r->strings.len;
}

static void put_value(struct reader *r) {
    const char *raw = buf_str(&r->value);
    switch (*r->type) {
    case 's': {
        if (r->type[1]) { // "str": what a formula gave
            buf_put(&r->row, r->value.data, r->value.len);
            return;
        }
        char *end;
        unsigned long i = strtoul(raw, &end, 10);
        if (*end || i >= r->nstrings) {
            stop(r, broken(r, "a text that is not there"));
            return;
        }
        uint32_t from = i ? r->ends[i - 1] : 0;
        buf_put(&r->row, r->strings.data + from, r->ends[i] - from);
        return;
    }
    case 'n':
        sheet_put_number(&r->row, raw,
                         r->style < (unsigned)r->nstyles ? r->styles[r->style]
                                                         : (struct sheet_style){0},
                         r->since_1904);
        return;
    case 'b': buf_puts(&r->row, is_true(raw) ? "true" : "false"); return;
    case 'd': // ISO 8601, midnight left out
        buf_put(&r->row, raw, ends_with(raw, "T00:00:00") ? 10 : r->value.len);
        return;
    default: buf_put(&r->row, r->value.data, r->value.len); // inlineStr, e
    }
}

static void end_cell(struct reader *r) {
    if (!r->value.len) return;
    if (r->column >= COLUMNS_MAX) {
        stop(r, too_large(r, "more than 1,000 columns"));
        return;
    }
    size_t at = r->row.len;
    put_value(r);
    if (r->row.len > CSV_ROW_MAX) stop(r, too_large(r, "a row of more than 1 MiB"));
    if (r->err || r->row.len == at) return;
    while (r->last < r->column) r->cells[++r->last].n = 0;
    r->cells[r->column].at = (uint32_t)at;
    r->cells[r->column].n = (uint32_t)(r->row.len - at);
}

static void end_row(struct reader *r) {
    if (r->last < 0) return;
    size_t before = r->out->len;
    if (++r->rows > ROWS_MAX) stop(r, too_large(r, "more than 200,000 rows"));
    buf_printf(r->out, "%lld", (long long)r->line);
    for (int i = 0; i <= r->last; i++) csv_put(r->out, r->row.data + r->cells[i].at, r->cells[i].n);
    csv_end_row(r->out);
    r->out_total += r->out->len - before;
    r->last = -1;
    if (r->out_total > OUT_MAX) stop(r, too_large(r, "its texts together"));
    if (r->out->len >= CONVERT_OUT && !r->err) XML_StopParser(r->x, XML_TRUE);
}

static void on_end(void *self, const XML_Char *qname) {
    struct reader *r = self;
    const char *colon = strrchr(qname, ':'), *name = colon ? colon + 1 : qname;
    if (r->err) return;
    if (r->phonetic == r->depth) r->phonetic = 0;
    r->depth--;
    if (!strcmp(name, "t") || !strcmp(name, "v")) r->collecting = false;
    if (r->part == STYLES && !strcmp(name, "cellXfs")) r->in_cell_styles = false;
    if (r->part == STRINGS && !strcmp(name, "si")) end_string(r);
    if (r->part == SHEET && !strcmp(name, "c")) end_cell(r);
    if (r->part == SHEET && !strcmp(name, "row")) end_row(r);
}

// No workbook has one, and without it there are no entities.
static void on_doctype(void *self, const XML_Char *name, const XML_Char *system,
                       const XML_Char *public, int has_subset) {
    struct reader *r = self;
    (void)name, (void)system, (void)public, (void)has_subset;
    stop(r, broken(r, "it declares a document type"));
}

static void close_part(struct reader *r) {
    if (r->x) XML_ParserFree(r->x);
    if (r->f) zip_fclose(r->f);
    r->x = NULL;
    r->f = NULL;
}

static enum err open_part(struct reader *r, enum part part, const char *path) {
    r->part = part;
    r->fed = 0;
    r->depth = r->phonetic = 0;
    r->collecting = r->final = r->suspended = r->ended = false;
    zip_stat_init(&r->stat);
    if (zip_stat(r->zip, path, 0, &r->stat) || !(r->stat.valid & ZIP_STAT_COMP_SIZE))
        return broken(r, "a part is missing");
    if (r->stat.encryption_method != ZIP_EM_NONE)
        return convert_refuse(r->p, "sheet_password", "工作簿设有密码，请取消密码后重试",
                              "the workbook has a password: save it without one");
    r->f = zip_fopen_index(r->zip, r->stat.index, 0);
    if (!r->f) return broken(r, "a part cannot be unpacked");
    r->x = XML_ParserCreate(NULL);
    if (!r->x) return problem_set(r->p, ERR_NOMEM, NULL);
    XML_SetUserData(r->x, r);
    XML_SetElementHandler(r->x, on_start, on_end);
    XML_SetCharacterDataHandler(r->x, on_text);
    XML_SetStartDoctypeDeclHandler(r->x, on_doctype);
    return ERR_OK;
}

static enum err after_parse(struct reader *r, enum XML_Status s) {
    r->suspended = s == XML_STATUS_SUSPENDED;
    r->ended = r->final && !r->suspended;
    if (r->value.failed || r->strings.failed || r->row.failed || r->out->failed) r->err = ERR_NOMEM;
    if (r->err) return problem_set(r->p, r->err, NULL);
    if (s != XML_STATUS_ERROR) return ERR_OK;
    if (XML_GetErrorCode(r->x) == XML_ERROR_NO_MEMORY) return problem_set(r->p, ERR_NOMEM, NULL);
    return broken(r, "its XML does not parse");
}

// One more piece of the part through the parser; r->ended after the last.
static enum err pump(struct reader *r) {
    if (r->suspended) return after_parse(r, XML_ResumeParser(r->x));
    zip_int64_t n = zip_fread(r->f, r->piece, sizeof r->piece);
    if (n < 0) return broken(r, "a part cannot be unpacked");
    r->unpacked += (uint64_t)n;
    r->fed += (uint64_t)n;
    if (r->unpacked > UNPACKED_MAX) return too_large(r, "more than 200 MiB unpacked");
    if (r->fed > RATIO_FROM && r->fed / RATIO_MAX > r->stat.comp_size)
        return too_large(r, "packed more than 100 to 1");
    // what is still waiting for its end is one token
    XML_Index at = XML_GetCurrentByteIndex(r->x);
    if (at >= 0 && r->fed - (uint64_t)at > TOKEN_MAX + sizeof r->piece)
        return broken(r, "a tag too long");
    r->final = n == 0;
    return after_parse(r, XML_Parse(r->x, r->piece, (int)n, n == 0));
}

static enum err read_part(struct reader *r, enum part part, const char *path) {
    enum err e = open_part(r, part, path);
    while (!e && !r->ended) e = pump(r);
    close_part(r);
    return e;
}

static enum err open_zip(struct reader *r) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(r->file.data, r->file.len, 0, &error);
    if (source) r->zip = zip_open_from_source(source, ZIP_RDONLY, &error);
    if (source && !r->zip) zip_source_free(source);
    zip_error_fini(&error);
    if (!r->zip) return broken(r, "the archive cannot be opened");
    zip_int64_t n = zip_get_num_entries(r->zip, 0);
    if (n > PARTS_MAX) return too_large(r, "too many parts");
    uint64_t all = 0;
    for (zip_int64_t i = 0; i < n; i++) {
        struct zip_stat s;
        zip_stat_init(&s);
        if (zip_stat_index(r->zip, (zip_uint64_t)i, 0, &s)) return broken(r, "its directory");
        if (s.size > UNPACKED_MAX || (all += s.size) > UNPACKED_MAX)
            return too_large(r, "more than 200 MiB unpacked");
        if (s.size > RATIO_FROM && s.size / RATIO_MAX > s.comp_size)
            return too_large(r, "packed more than 100 to 1");
    }
    return ERR_OK;
}

static enum err begin(struct reader *r) {
    static const uint8_t ole[] = {0xd0, 0xcf, 0x11, 0xe0};
    if (r->file.len > 4 && !memcmp(r->file.data, ole, 4))
        return convert_refuse(
            r->p, "sheet_old", "这是旧版 .xls 或加密的工作簿，请另存为不加密的 .xlsx 后重试",
            "this is an old .xls workbook, or one with a password: save it as .xlsx without one");
    enum err e = open_zip(r);
    if (!e) e = read_part(r, WORKBOOK, "xl/workbook.xml");
    if (!e && !*r->sheet_id)
        return convert_refuse(r->p, "sheet_missing", "没有这张工作表，或工作表都已隐藏",
                              r->wanted ? "there is no sheet \"%s\"" : "no sheet is visible%s",
                              r->wanted ? r->wanted : "");
    if (!e) e = read_part(r, RELATIONS, "xl/_rels/workbook.xml.rels");
    if (!e && !*r->sheet_path) return broken(r, "the sheet's part is missing");
    if (!e && *r->styles_path) e = read_part(r, STYLES, r->styles_path);
    if (!e && *r->strings_path) e = read_part(r, STRINGS, r->strings_path);
    return e ? e : open_part(r, SHEET, r->sheet_path);
}

static void reader_close(void *self) {
    struct reader *r = self;
    close_part(r);
    if (r->zip) zip_discard(r->zip);
    buf_fini(&r->file), buf_fini(&r->strings), buf_fini(&r->value), buf_fini(&r->row);
    mem_free(r->styles);
    mem_free(r->ends);
    mem_free(r);
}

static void *reader_open(const json_t *options, struct problem *p) {
    struct reader *r = mem_alloc(sizeof *r);
    if (!r) return NULL;
    buf_init(&r->file, NULL), buf_init(&r->strings, NULL), buf_init(&r->value, NULL);
    buf_init(&r->row, NULL);
    r->wanted = json_string_value(json_object_get(options, "sheet"));
    r->styles = mem_alloc(STYLES_MAX * sizeof *r->styles);
    if (r->styles) return r;
    reader_close(r);
    problem_set(p, ERR_NOMEM, NULL);
    return NULL;
}

static enum err reader_feed(void *self, const char *p, size_t n, struct buf *out,
                            struct problem *problem) {
    struct reader *r = self;
    (void)out;
    r->p = problem;
    if (r->zip || r->file.len + n > LIMIT_UPLOAD_BYTES) return too_large(r, "the file");
    buf_put(&r->file, p, n);
    return r->file.failed ? problem_set(problem, ERR_NOMEM, NULL) : ERR_OK;
}

static enum err reader_end(void *self, struct buf *out, bool *done, struct problem *problem) {
    struct reader *r = self;
    r->p = problem;
    r->out = out;
    enum err e = r->zip ? ERR_OK : begin(r);
    while (!e && !r->ended && out->len < CONVERT_OUT) e = pump(r);
    *done = r->ended;
    return e;
}

const struct converter sheet_read = {reader_open, reader_feed, reader_end, reader_close};
