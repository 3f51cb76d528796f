// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Conversions in a jailed child: real workbooks come through, hostile ones are refused within their
// budget, and the caller is unharmed by either.
#include "check.h"
#include <iconv.h>
#include <signal.h>
#include <unistd.h>
#include <xlsxwriter.h>
#include <zip.h>
#include "campus/clock.h"
#include "campus/convert.h"
#include "host_child.h"

static char path[64];
static struct buf got; // what the last conversion gave

static enum err collect(void *self, const char *p, size_t n) {
    buf_put(self, p, n);
    return ERR_OK;
}

static enum err convert(enum convert_kind kind, const char *options, const char *p, size_t n,
                        size_t piece) {
    const struct convert_task task = {kind, options, true, collect, &got};
    struct convert *c = NULL;
    problem_init(&problem, arena);
    got.len = 0;
    enum err e = convert_open(&task, &c, &problem);
    for (size_t at = 0; at < n && !e; at += piece)
        e = convert_feed(c, p + at, n - at < piece ? n - at : piece);
    if (!e) e = convert_end(c);
    convert_close(c);
    return e;
}

static char *slurp(size_t *n) {
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    char *data = malloc(*n + 1);
    assert_int_equal(fread(data, 1, *n, f), *n);
    fclose(f);
    return data;
}

static enum err read_book(const char *options) {
    size_t n;
    char *data = slurp(&n);
    enum err e = convert(CONVERT_SHEET_READ, options, data, n, 100000);
    free(data);
    return e;
}

static void assert_refused(enum err e, const char *word) {
    assert_err(e, ERR_INVALID);
    assert_non_null(problem.first);
    assert_string_equal(problem.first->word, word);
    assert_non_null(problem.first->detail_zh);
}

// --- workbooks by hand --------------------------------------------------------------------------

static const char TYPES[] = "<Types/>";
static const char BOOK[] = "<workbook xmlns:r='r'><sheets><sheet name='a' sheetId='1' r:id='rId1'/>"
                           "</sheets></workbook>";
static const char RELS[] =
    "<Relationships><Relationship Id='rId1' Type='x/worksheet' Target='worksheets/sheet1.xml'/>"
    "<Relationship Id='rId2' Type='x/sharedStrings' Target='sharedStrings.xml'/></Relationships>";
static const char NO_STRINGS[] = "<sst/>";

struct piece {
    const char *name, *text;
    size_t n;
    int level; // of compression; 0: the usual
};

static void make_zip(const struct piece *pieces, int count) {
    zip_t *z = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    assert_non_null(z);
    for (int i = 0; i < count; i++) {
        size_t n = pieces[i].n ? pieces[i].n : strlen(pieces[i].text);
        zip_int64_t at =
            zip_file_add(z, pieces[i].name, zip_source_buffer(z, pieces[i].text, n, 0), 0);
        assert_true(at >= 0);
        zip_set_file_compression(z, (zip_uint64_t)at, ZIP_CM_DEFLATE,
                                 (zip_uint32_t)pieces[i].level);
    }
    assert_int_equal(zip_close(z), 0);
}

static enum err read_parts(const char *book, const char *strings, size_t strings_n,
                           const char *sheet, size_t sheet_n) {
    const struct piece pieces[] = {{"[Content_Types].xml", TYPES, 0, 0},
                                   {"xl/workbook.xml", book, 0, 0},
                                   {"xl/_rels/workbook.xml.rels", RELS, 0, 0},
                                   {"xl/sharedStrings.xml", strings, strings_n, 1},
                                   {"xl/worksheets/sheet1.xml", sheet, sheet_n, 1}};
    make_zip(pieces, 5);
    return read_book(NULL);
}

static enum err read_sheet(const char *sheet) {
    return read_parts(BOOK, NO_STRINGS, 0, sheet, 0);
}

// --- what comes through -------------------------------------------------------------------------

static void test_a_workbook_comes_out_as_a_person_sees_it(void **state) {
    (void)state;
    lxw_workbook *book = workbook_new(path);
    lxw_worksheet *hidden = workbook_add_worksheet(book, "old");
    lxw_worksheet *sheet = workbook_add_worksheet(book, "名单");
    lxw_format *date = workbook_add_format(book), *zeros = workbook_add_format(book),
               *when = workbook_add_format(book), *clock_format = workbook_add_format(book),
               *zh = workbook_add_format(book);
    worksheet_write_string(hidden, 0, 0, "no", NULL);
    worksheet_hide(hidden);
    worksheet_activate(sheet);
    worksheet_set_first_sheet(sheet);
    format_set_num_format(date, "yyyy-mm-dd");
    format_set_num_format(zh, "yyyy\"年\"m\"月\"d\"日\"");
    format_set_num_format(zeros, "000000");
    format_set_num_format(when, "yyyy/m/d h:mm");
    format_set_num_format(clock_format, "h:mm");
    worksheet_merge_range(sheet, 0, 0, 0, 4, "2026 年新生名单", NULL);
    worksheet_write_string(sheet, 2, 0, "张三, \"三\"", NULL);
    worksheet_write_number(sheet, 2, 1, 13812345678, NULL);
    worksheet_write_number(sheet, 2, 2, 110105194912310021.0, NULL);
    worksheet_write_number(sheet, 2, 3, 46266, date);
    worksheet_write_number(sheet, 2, 5, 0.1 + 0.2, NULL);
    worksheet_write_number(sheet, 3, 0, 10010, zeros);
    worksheet_write_number(sheet, 3, 1, 46266.354166666664, when);
    worksheet_write_number(sheet, 3, 2, 0.354166666666667, clock_format);
    worksheet_write_number(sheet, 3, 3, 46266, zh);
    worksheet_write_boolean(sheet, 3, 4, 1, NULL);
    worksheet_write_number(sheet, 3, 5, -0.000001, NULL);
    worksheet_write_formula_num(sheet, 4, 0, "=1+1", NULL, 2);
    worksheet_write_string(sheet, 4, 1, "=1+1", NULL);
    worksheet_write_string(sheet, 4, 2, "a\nb", NULL);
    assert_int_equal(workbook_close(book), LXW_NO_ERROR);
    assert_ok(read_book(NULL));
    assert_string_equal(buf_str(&got),
                        "1,2026 年新生名单\r\n"
                        "3,\"张三, \"\"三\"\"\",13812345678,1.10105194912310E+17,2026-09-01,\"\","
                        "0.3\r\n"
                        "4,010010,2026-09-01T08:30:00,08:30,2026-09-01,true,-0.000001\r\n"
                        "5,2,\"'=1+1\",\"a\nb\"\r\n");
    assert_ok(read_book("{\"sheet\":\"old\"}"));
    assert_string_equal(buf_str(&got), "1,no\r\n");
    assert_refused(read_book("{\"sheet\":\"none\"}"), "sheet_missing");
}

static void test_rich_and_phonetic_texts_are_told_apart(void **state) {
    (void)state;
    assert_ok(
        read_parts(BOOK,
                   "<sst><si><r><t>王</t></r><r><t xml:space='preserve'> 五</t></r><rPh sb='0' "
                   "eb='1'><t>wang</t></rPh></si></sst>",
                   0,
                   "<worksheet><sheetData><row r='7'><c r='B7' t='s'><v>0</v></c>"
                   "<c t='inlineStr'><is><t>x</t></is></c><c t='e'><v>#N/A</v></c></row>"
                   "</sheetData></worksheet>",
                   0));
    assert_string_equal(buf_str(&got), "7,\"\",王 五,x,#N/A\r\n");
}

static void test_many_rows_come_in_pieces_and_in_order(void **state) {
    (void)state;
    lxw_workbook *book = workbook_new(path);
    lxw_worksheet *sheet = workbook_add_worksheet(book, NULL);
    char text[32];
    for (uint32_t i = 0; i < 30000; i++) {
        snprintf(text, sizeof text, "学生 %u", i);
        worksheet_write_string(sheet, i, 0, text, NULL);
        worksheet_write_number(sheet, i, 1, i, NULL);
        worksheet_write_string(sheet, i, 2, "same text in every row of this sheet", NULL);
    }
    assert_int_equal(workbook_close(book), LXW_NO_ERROR);
    assert_ok(read_book(NULL));
    const char *at = buf_str(&got);
    assert_true(got.len > 4 * 256 << 10);
    for (int i = 0; i < 30000; i++) {
        char want[128];
        int n = snprintf(want, sizeof want,
                         "%d,学生 %d,%d,same text in every row of this sheet\r\n", i + 1, i, i);
        assert_memory_equal(at, want, (size_t)n);
        at += n;
    }
    assert_int_equal(*at, 0);
}

static void test_gb18030_and_utf16_become_utf8_however_they_are_cut(void **state) {
    (void)state;
    static const char TEXT[] = "姓名,备注\r\n张三,𠮷田 €\r\n";
    const struct {
        const char *name, *options;
    } from[] = {{"GB18030", "{\"from\":\"GB18030\"}"}, {"UTF-16", "{\"from\":\"UTF-16\"}"}};
    for (int i = 0; i < 2; i++) {
        char other[256], *to = other, *p = (char *)TEXT;
        size_t n = strlen(TEXT), room = sizeof other;
        iconv_t how = iconv_open(from[i].name, "UTF-8");
        assert_int_not_equal(iconv(how, &p, &n, &to, &room), -1);
        iconv_close(how);
        for (size_t piece = 1; piece < 12; piece++) {
            assert_ok(
                convert(CONVERT_TEXT_READ, from[i].options, other, sizeof other - room, piece));
            assert_string_equal(buf_str(&got), TEXT);
        }
    }
    assert_refused(convert(CONVERT_TEXT_READ, from[0].options, "ok\n\xff\xff\n", 6, 6), "not_utf8");
    assert_non_null(strstr(problem.first->detail, "line 2"));
    assert_refused(convert(CONVERT_TEXT_READ, from[0].options, "ok\n\xd5", 4, 4), "not_utf8");
}

// --- what is refused ----------------------------------------------------------------------------

static void test_an_old_workbook_is_refused_with_advice(void **state) {
    (void)state;
    assert_refused(convert(CONVERT_SHEET_READ, NULL, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, 8),
                   "sheet_old");
    assert_non_null(strstr(problem.first->detail, ".xlsx"));
}

static void test_a_workbook_cut_anywhere_is_refused(void **state) {
    (void)state;
    size_t n;
    assert_ok(read_sheet("<worksheet><sheetData><row r='1'><c r='A1'><v>1</v></c></row></sheetData>"
                         "</worksheet>"));
    char *data = slurp(&n);
    for (size_t keep = 0; keep < n; keep += n / 20)
        assert_refused(convert(CONVERT_SHEET_READ, NULL, data, keep, 4096), "sheet_broken");
    // a byte changed in the packed sheet does not pass its checksum
    zip_t *z = zip_open(path, ZIP_RDONLY, NULL);
    assert_non_null(z);
    zip_discard(z);
    int refused = 0;
    for (size_t at = 30; at < n; at += n / 40) {
        data[at] ^= 0x55;
        enum err e = convert(CONVERT_SHEET_READ, NULL, data, n, 4096);
        assert_true(!e || e == ERR_INVALID);
        refused += e != ERR_OK;
        data[at] ^= 0x55;
    }
    assert_true(refused > 10);
    free(data);
}

static void test_missing_parts_are_refused(void **state) {
    (void)state;
    static const char SHEET[] = "<worksheet/>";
    const struct piece all[] = {{"xl/workbook.xml", BOOK, 0, 0},
                                {"xl/_rels/workbook.xml.rels", RELS, 0, 0},
                                {"xl/sharedStrings.xml", NO_STRINGS, 0, 0},
                                {"xl/worksheets/sheet1.xml", SHEET, 0, 0}};
    make_zip(all, 4);
    assert_ok(read_book(NULL));
    assert_int_equal(got.len, 0);
    for (int without = 0; without < 4; without++) {
        struct piece some[3];
        for (int i = 0, k = 0; i < 4; i++)
            if (i != without) some[k++] = all[i];
        make_zip(some, 3);
        assert_refused(read_book(NULL), "sheet_broken");
    }
}

static void test_a_text_that_is_not_there_is_refused(void **state) {
    (void)state;
    assert_refused(read_sheet("<worksheet><row><c t='s'><v>0</v></c></row></worksheet>"),
                   "sheet_broken");
    assert_refused(read_sheet("<worksheet><row><c t='s'><v>-1</v></c></row></worksheet>"),
                   "sheet_broken");
    assert_refused(read_sheet("<worksheet><row><c r='1A'><v>0</v></c></row></worksheet>"),
                   "sheet_broken");
}

static void test_entities_and_document_types_are_refused(void **state) {
    (void)state;
    static const char *const sheets[] = {
        ("<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
         "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d "
         "'&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'>]>"
         "<worksheet><row><c t='str'><v>&d;&d;&d;</v></c></row></worksheet>"),
        ("<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"
         "<worksheet><row><c t='str'><v>&a;</v></c></row></worksheet>"),
        "<!DOCTYPE x SYSTEM 'http://127.0.0.1/x.dtd'><worksheet/>",
        "<worksheet><row><c t='str'><v>&a;</v></c></row></worksheet>",
    };
    for (int i = 0; i < 4; i++) assert_refused(read_sheet(sheets[i]), "sheet_broken");
    assert_int_equal(got.len, 0);
}

static char *repeat(const char *head, const char *what, size_t times, const char *tail, size_t *n) {
    struct buf b;
    buf_init(&b, NULL);
    buf_puts(&b, head);
    for (size_t i = 0; i < times; i++) buf_puts(&b, what);
    buf_puts(&b, tail);
    *n = b.len;
    assert_false(b.failed);
    return b.data;
}

static void assert_repeated(const char *head, const char *what, size_t times, const char *tail,
                            const char *word) {
    size_t n;
    char *text = repeat(head, what, times, tail, &n);
    int64_t before = clock_mono_ns();
    enum err e = read_parts(BOOK, NO_STRINGS, 0, text, n);
    assert_refused(e, word);
    assert_true(clock_mono_ns() - before < 20000000000);
    free(text);
}

static void test_a_zip_bomb_is_refused(void **state) {
    (void)state;
    assert_repeated("<worksheet>", "<row/>", 5 << 20, "</worksheet>", "sheet_too_large");
    assert_non_null(strstr(problem.first->detail, "100 to 1"));
}

static void test_a_part_that_lies_about_its_size_is_refused(void **state) {
    (void)state;
    size_t n, size;
    char *text = repeat("<worksheet>", "<row/>", 3 << 20, "</worksheet>", &size);
    enum err e = read_parts(BOOK, NO_STRINGS, 0, text, size);
    free(text);
    assert_err(e, ERR_INVALID);
    char *data = slurp(&n);
    for (size_t i = 0; i + 4 < n; i++) { // wherever the true size stands, say 100
        uint32_t v;
        memcpy(&v, data + i, 4);
        if (v == size) memcpy(data + i, "\x64\0\0\0", 4);
    }
    e = convert(CONVERT_SHEET_READ, NULL, data, n, 100000);
    free(data);
    assert_err(e, ERR_INVALID);
    assert_true(!strcmp(problem.first->word, "sheet_too_large") ||
                !strcmp(problem.first->word, "sheet_broken"));
}

static void test_deep_xml_and_endless_tags_are_refused(void **state) {
    (void)state;
    assert_repeated("<worksheet>", "<a>", 100, "", "sheet_broken");
    assert_non_null(strstr(problem.first->detail, "deep"));
    struct buf b;
    uint32_t seed = 1;
    buf_init(&b, NULL);
    buf_puts(&b, "<worksheet><row spans='");
    while (b.len < 3 << 20) // not packed 100 to 1
        buf_printf(&b, "%08x", seed = seed * 1664525 + 1013904223);
    buf_puts(&b, "'/></worksheet>");
    enum err e = read_parts(BOOK, NO_STRINGS, 0, b.data, b.len);
    buf_fini(&b);
    assert_refused(e, "sheet_broken");
    assert_non_null(strstr(problem.first->detail, "too long"));
}

static void test_too_many_columns_rows_and_characters_are_refused(void **state) {
    (void)state;
    assert_refused(read_sheet("<worksheet><row><c r='ZZZ1'><v>1</v></c></row></worksheet>"),
                   "sheet_too_large");
    assert_repeated("<worksheet>", "<row><c><v>7</v></c></row>", 200001, "</worksheet>",
                    "sheet_too_large");
    assert_repeated("<worksheet><row><c t='str'><v>", "0123456789abcdef", 9000,
                    "</v></c></row></worksheet>", "sheet_too_large");
}

static void test_a_huge_table_of_texts_is_refused(void **state) {
    (void)state;
    struct buf b;
    uint32_t seed = 1;
    buf_init(&b, NULL);
    buf_puts(&b, "<sst>");
    while (b.len < 68 << 20) { // not packed 100 to 1
        buf_puts(&b, "<si><t>");
        seed = seed * 1664525 + 1013904223;
        for (int i = 0; i < 1000; i++) buf_printf(&b, "%08x", seed);
        buf_puts(&b, "</t></si>");
    }
    buf_puts(&b, "</sst>");
    assert_false(b.failed);
    enum err e = read_parts(BOOK, b.data, b.len, "<worksheet/>", 0);
    buf_fini(&b);
    assert_refused(e, "sheet_too_large");
}

// One short text of 25 bytes in the file may stand for 128 KiB in every cell.
static void test_texts_used_over_and_over_are_bounded(void **state) {
    (void)state;
    size_t strings_n, sheet_n;
    char *strings = repeat("<sst><si><t>", "0123456789abcdef", 8000, "</t></si></sst>", &strings_n);
    char *sheet =
        repeat("<worksheet>", "<row><c t='s'><v>0</v></c></row>", 20000, "</worksheet>", &sheet_n);
    enum err e = read_parts(BOOK, strings, strings_n, sheet, sheet_n);
    free(strings), free(sheet);
    assert_refused(e, "sheet_too_large");
    assert_true(got.len <= (size_t)260 << 20);
}

static pid_t child_of_this(void) {
    char name[64], text[64] = "";
    snprintf(name, sizeof name, "/proc/%d/task/%d/children", getpid(), getpid());
    FILE *f = fopen(name, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    return atoi(text);
}

static void test_a_child_that_dies_is_told_as_a_file_that_cannot_be_read(void **state) {
    (void)state;
    const struct convert_task task = {CONVERT_SHEET_READ, NULL, true, collect, &got};
    struct convert *c;
    problem_init(&problem, arena);
    assert_ok(convert_open(&task, &c, &problem));
    kill(child_of_this(), SIGKILL);
    enum err e = convert_feed(c, "PK", 2);
    if (!e) e = convert_end(c);
    assert_refused(e, "unreadable");
    convert_close(c);
}

static void test_a_child_that_hangs_is_ended_with_the_conversion(void **state) {
    (void)state;
    const struct convert_task task = {CONVERT_SHEET_READ, NULL, true, collect, &got};
    struct convert *c;
    assert_ok(convert_open(&task, &c, &problem));
    pid_t pid = child_of_this();
    kill(pid, SIGSTOP);
    convert_close(c);
    assert_int_equal(kill(pid, 0), -1);
}

static enum err full(void *self, const char *p, size_t n) {
    (void)self, (void)p, (void)n;
    return ERR_NO_SPACE;
}

static void test_an_error_of_who_takes_the_bytes_comes_back(void **state) {
    (void)state;
    const struct convert_task task = {CONVERT_TEXT_READ, "{\"from\":\"GB18030\"}", true, full,
                                      NULL};
    struct convert *c;
    assert_ok(convert_open(&task, &c, &problem));
    assert_err(convert_feed(c, "abc", 3), ERR_NO_SPACE);
    convert_close(c);
}

// --- writing ------------------------------------------------------------------------------------

static const char ROWS[] = "name,born,score,kind,note\r\n"
                           "张三,2026-09-01,12.5,junior,\"'=1+1\"\r\n"
                           "\"O'Neil <&> \"\"x\"\"\",1899-12-31,-3,none,\"'+86 1\"\r\n"
                           "'single,,,,\"two\nlines\"\r\n";

static void write_book(const char *options, const char *rows, size_t n) {
    assert_ok(convert(CONVERT_SHEET_WRITE, options, rows, n, 7));
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(got.data, 1, got.len, f), got.len);
    fclose(f);
}

static char *part(const char *name) {
    zip_t *z = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, NULL);
    assert_non_null(z);
    zip_file_t *f = zip_fopen(z, name, 0);
    assert_non_null(f);
    char *text = calloc(1, 1 << 20);
    assert_true(zip_fread(f, text, (1 << 20) - 1) > 0);
    zip_fclose(f);
    zip_discard(z);
    return text;
}

static void test_what_is_written_reads_back_and_is_never_a_formula(void **state) {
    (void)state;
    write_book("{\"sheet\":\"名单\",\"columns\":{\"name\":{\"title\":\"姓名\"},\"born\":{\"type\":"
               "\"date\"},\"score\":{\"type\":\"decimal\"},\"kind\":{\"choices\":{\"junior\":"
               "\"初中\"}}}}",
               ROWS, sizeof ROWS - 1);
    char *sheet = part("xl/worksheets/sheet1.xml"), *book = part("xl/workbook.xml");
    assert_null(strstr(sheet, "<f"));
    assert_non_null(strstr(sheet, "<t xml:space=\"preserve\">=1+1</t>"));
    assert_non_null(strstr(sheet, "s=\"3\"><v>46266</v>")); // a date, not a text
    assert_non_null(strstr(sheet, "<v>12.5</v>"));
    assert_non_null(strstr(sheet, "state=\"frozen\""));
    assert_non_null(strstr(book, "name=\"名单\""));
    free(sheet), free(book);
    assert_ok(read_book(NULL));
    assert_string_equal(buf_str(&got),
                        "1,姓名,born,score,kind,note\r\n"
                        "2,张三,2026-09-01,12.5,初中,\"'=1+1\"\r\n"
                        "3,\"O'Neil <&> \"\"x\"\"\",1899-12-31,-3,none,\"'+86 1\"\r\n"
                        "4,'single,\"\",\"\",\"\",\"two\nlines\"\r\n");
}

static void test_marked_cells_stand_out(void **state) {
    (void)state;
    static const char MARKED[] = "\"\",a,b,why\r\n\"2 \",1,2,wrong\r\n\"\",x,,\r\n";
    write_book("{\"marked\":true}", MARKED, sizeof MARKED - 1);
    char *sheet = part("xl/worksheets/sheet1.xml");
    assert_non_null(strstr(sheet, "<c r=\"B2\" s=\"5\""));
    assert_null(strstr(sheet, "<c r=\"A2\" s=\"5\""));
    free(sheet);
    assert_ok(read_book(NULL));
    assert_string_equal(buf_str(&got), "1,a,b,why\r\n2,1,2,wrong\r\n3,x\r\n");
}

static long peak_kib(pid_t pid) {
    char name[64], line[128];
    long kib = -1;
    snprintf(name, sizeof name, "/proc/%d/status", pid);
    FILE *f = fopen(name, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) sscanf(line, "VmHWM: %ld", &kib);
    fclose(f);
    return kib;
}

static void test_writing_keeps_to_little_memory_whatever_the_rows(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, NULL);
    buf_puts(&b, "n,text\r\n");
    for (int i = 0; i < 200000; i++)
        buf_printf(&b, "%d,第 %d 行 a text that is long enough to add up to something\r\n", i, i);
    const struct convert_task task = {CONVERT_SHEET_WRITE, NULL, true, collect, &got};
    struct convert *c;
    got.len = 0;
    assert_ok(convert_open(&task, &c, &problem));
    long before = peak_kib(child_of_this());
    assert_ok(convert_feed(c, b.data, b.len));
    assert_ok(convert_end(c));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // they keep what was freed
    assert_true(peak_kib(child_of_this()) - before < 16 << 10);
#endif
    assert_true(before > 0);
    convert_close(c);
    buf_fini(&b);
    FILE *f = fopen(path, "wb");
    assert_int_equal(fwrite(got.data, 1, got.len, f), got.len);
    fclose(f);
    assert_refused(read_book(NULL), "sheet_too_large"); // one row more than is read
}

static int set_up(void **state) {
    (void)state;
    snprintf(path, sizeof path, "/tmp/campusd-convert-%d.xlsx", getpid());
    buf_init(&got, NULL);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    unlink(path);
    buf_fini(&got);
    return 0;
}

int main(int argc, char **argv) {
    if (is_child(argc, argv)) return run_child(argc, argv);
    const struct CMUnitTest tests[] = {
        TEST(test_a_workbook_comes_out_as_a_person_sees_it),
        TEST(test_rich_and_phonetic_texts_are_told_apart),
        TEST(test_many_rows_come_in_pieces_and_in_order),
        TEST(test_gb18030_and_utf16_become_utf8_however_they_are_cut),
        TEST(test_an_old_workbook_is_refused_with_advice),
        TEST(test_a_workbook_cut_anywhere_is_refused),
        TEST(test_missing_parts_are_refused),
        TEST(test_a_text_that_is_not_there_is_refused),
        TEST(test_entities_and_document_types_are_refused),
        TEST(test_a_zip_bomb_is_refused),
        TEST(test_a_part_that_lies_about_its_size_is_refused),
        TEST(test_deep_xml_and_endless_tags_are_refused),
        TEST(test_too_many_columns_rows_and_characters_are_refused),
        TEST(test_a_huge_table_of_texts_is_refused),
        TEST(test_texts_used_over_and_over_are_bounded),
        TEST(test_a_child_that_dies_is_told_as_a_file_that_cannot_be_read),
        TEST(test_a_child_that_hangs_is_ended_with_the_conversion),
        TEST(test_an_error_of_who_takes_the_bytes_comes_back),
        TEST(test_what_is_written_reads_back_and_is_never_a_formula),
        TEST(test_marked_cells_stand_out),
        TEST(test_writing_keeps_to_little_memory_whatever_the_rows),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
