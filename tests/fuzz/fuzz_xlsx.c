// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Whatever bytes are called a workbook, its reader ends, says why or gives CSV that reads back, and
// stays within its bounds. The first byte chooses: the archive itself, or a sound archive whose
// sheet, texts, styles and workbook (divided by 0xff) are the input.
#include "campus/csv.h"
#include "fuzz.h"
#include "host/convert_internal.h"
#include "host/zip_write.h"

static const char XLSX_BOOK[] =
    "<workbook xmlns:r='r'><sheets><sheet name='a' sheetId='1' r:id='rId1'/></sheets></workbook>";
static const char XLSX_RELS[] =
    "<Relationships><Relationship Id='rId1' Type='x/worksheet' Target='worksheets/sheet1.xml'/>"
    "<Relationship Id='rId2' Type='x/sharedStrings' Target='sharedStrings.xml'/>"
    "<Relationship Id='rId3' Type='x/styles' Target='/xl/styles.xml'/></Relationships>";

static void pack_parts(const uint8_t *data, size_t n, struct buf *out) {
    static const char *const names[] = {"xl/worksheets/sheet1.xml", "xl/sharedStrings.xml",
                                        "xl/styles.xml", "xl/workbook.xml"};
    struct zip_write w;
    MUST(zip_write_init(&w));
    zip_write_part(&w, "xl/_rels/workbook.xml.rels", XLSX_RELS, sizeof XLSX_RELS - 1, out);
    for (int i = 0; i < 4; i++) {
        const uint8_t *end = n ? memchr(data, 0xff, n) : NULL;
        size_t len = end ? (size_t)(end - data) : n;
        if (i == 3 && !len)
            zip_write_part(&w, names[i], XLSX_BOOK, sizeof XLSX_BOOK - 1, out);
        else if (!i || len)
            zip_write_part(&w, names[i], data, len, out);
        else
            zip_write_part(&w, names[i], "<x/>", 4, out);
        data += len + (end != NULL), n -= len + (end != NULL);
    }
    zip_write_finish(&w, out);
    MUST(!w.failed && !out->failed);
    zip_write_fini(&w);
}

static enum err check_row(void *self, int64_t line, const struct csv_cell *cells, int n) {
    (void)self, (void)line;
    MUST(n >= 2 && atoll(cells[0].p) > 0); // a row has its number and something more
    MUST(cells[n - 1].n > 0);
    return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    if (!n) return 0;
    struct arena *a = arena_new(64 << 20);
    struct problem p, inner;
    struct buf file, out;
    problem_init(&p, a), problem_init(&inner, a);
    buf_init(&file, NULL), buf_init(&out, NULL);
    if (data[0] & 1)
        pack_parts(data + 1, n - 1, &file);
    else
        buf_put(&file, data + 1, n - 1);
    json_t *options = json_object();
    void *reader = sheet_read.open(options, &p);
    struct csv *csv = csv_new(check_row, NULL);
    enum err e = sheet_read.feed(reader, file.data, file.len, &out, &p);
    for (bool done = false; !e && !done;) {
        out.len = 0;
        e = sheet_read.end(reader, &out, &done, &p);
        MUST(out.len <= CONVERT_OUT + (2 << 20));
        if (!e) MUST(!csv_feed(csv, out.data, out.len, &inner));
    }
    if (!e) MUST(!csv_end(csv, &inner));
    MUST(!e || p.code);
    csv_free(csv);
    sheet_read.close(reader);
    json_decref(options);
    buf_fini(&file), buf_fini(&out);
    arena_free(a);
    return 0;
}
