// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// CSV as schools keep it: read whole or in pieces, refused with a line and a reason, written
// harmless.
#include "check.h"
#include "campus/csv.h"

static struct buf seen;
static enum err row(void *self, int64_t line, const struct csv_cell *cells, int n) {
    (void)self;
    buf_printf(&seen, "%d:", (int)line);
    for (int i = 0; i < n; i++) {
        assert_int_equal(strlen(cells[i].p), cells[i].n);
        buf_printf(&seen, "[%s]", cells[i].p);
    }
    return n && !strcmp(cells[0].p, "stop") ? ERR_UNAVAILABLE : ERR_OK;
}

static enum err read(const char *text, size_t n, size_t step) {
    struct csv *c = csv_new(row, NULL);
    enum err e = ERR_OK;
    buf_init(&seen, arena);
    problem_init(&problem, arena);
    for (size_t i = 0; i < n && !e; i += step)
        e = csv_feed(c, text + i, step < n - i ? step : n - i, &problem);
    if (!e) e = csv_end(c, &problem);
    csv_free(c);
    return e;
}

static void test_rows_read_the_same_whole_and_byte_by_byte(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"a,b\n1,2\n", "1:[a][b]2:[1][2]"},
        {"a,b\r\n1,2", "1:[a][b]2:[1][2]"},
        {"\xef\xbb\xbf姓名,分\r\n王,5\r\n", "1:[姓名][分]2:[王][5]"},
        {"\"a,\"\"b\"\"\",\"x\ny\"\n2,3\n", "1:[a,\"b\"][x\ny]3:[2][3]"},
        {",\n\"\"\n", "1:[][]2:[]"},
        {"\n\n\r\na\n\n", "4:[a]"},
        {"a, b \n", "1:[a][ b ]"},
        {"a\rb\n", "1:[a\rb]"},
        {"\"a\"\r\n", "1:[a]"},
        {"", ""},
        {"a", "1:[a]"},
        {"a,\n", "1:[a][]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t step = 1; step < 9; step += 3) {
            assert_ok(read(cases[i][0], strlen(cases[i][0]), step));
            assert_string_equal(buf_str(&seen), cases[i][1]);
        }
}

static void test_what_is_wrong_is_said_with_its_line(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        const char *word, *says;
    } cases[] = {
        {"a\nb,\"c\nd", 8, "quote", "line 2:"},
        {"a\nb\"c\n", 6, "quote", "line 2:"},
        {"a\n\"b\"c\n", 7, "quote", "line 2:"},
        {"a\n\"b\"\rc\n", 8, "quote", "line 2:"},
        {"\xcd\xf5\xd0\xa1\xc3\xf7,\x31\n", 9, "not_utf8", "GB18030"},
        {"a\n\xff\xfe\n", 5, "not_utf8", "line 2: the text is not valid UTF-8"},
        {"\xef\xbb", 2, "not_utf8", "line 1"},
        {"a\0b\n", 4, "nul", "line 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(read(cases[i].text, cases[i].n, 1), ERR_INVALID);
        assert_string_equal(problem.first->word, cases[i].word);
        assert_non_null(strstr(problem.first->detail, cases[i].says));
    }
}

static void test_a_row_is_bounded(void **state) {
    (void)state;
    size_t n = CSV_ROW_MAX + 10;
    char *text = arena_alloc(arena, n);
    memset(text, 'a', n);
    text[0] = '"';
    assert_int_equal(read(text, n, 65536), ERR_INVALID);
    assert_string_equal(problem.first->word, "too_long");
    memset(text, ',', n);
    assert_int_equal(read(text, n, 65536), ERR_INVALID);
    assert_string_equal(problem.first->word, "too_long");
    memset(text, 'a', n);
    assert_ok(read(text, CSV_ROW_MAX - 1, 65536));
}

static void test_a_reader_that_refuses_a_row_ends_it(void **state) {
    (void)state;
    assert_int_equal(read("a\nstop\nb\n", 9, 4), ERR_UNAVAILABLE);
    assert_string_equal(buf_str(&seen), "1:[a]2:[stop]");
}

static void test_written_cells_read_back_and_run_nowhere(void **state) {
    (void)state;
    static const char *const cells[][2] = {{"a", "a"},
                                           {"a,b", "\"a,b\""},
                                           {"say \"x\"", "\"say \"\"x\"\"\""},
                                           {"", "\"\""},
                                           {"x\ny", "\"x\ny\""},
                                           {"=1+1", "\"'=1+1\""},
                                           {"+86 138", "\"'+86 138\""},
                                           {"-2+3", "\"'-2+3\""},
                                           {"@SUM(A1)", "\"'@SUM(A1)\""},
                                           {"\tx", "\"'\tx\""},
                                           {"\rx", "\"'\rx\""},
                                           {"-12.50", "-12.50"},
                                           {"-", "\"'-\""},
                                           {"王", "王"}};
    enum { N = sizeof cells / sizeof *cells };
    struct buf b, want;
    buf_init(&b, arena), buf_init(&want, arena);
    for (int r = 0; r < 2; r++) {
        for (int i = 0; i < N; i++) {
            csv_put(&b, cells[i][0], strlen(cells[i][0]));
            buf_printf(&want, "%s%s", i ? "," : "", cells[i][1]);
        }
        csv_end_row(&b);
        buf_puts(&want, "\r\n");
    }
    assert_string_equal(buf_str(&b), buf_str(&want));
    assert_ok(read(b.data, b.len, 5));
    assert_non_null(strstr(buf_str(&seen), "[a][a,b][say \"x\"][][x\ny]['=1+1]"));
}

static void test_the_first_cell_after_a_byte_order_mark_begins_the_row(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, arena);
    buf_puts(&b, "\xef\xbb\xbf");
    csv_put(&b, "id", 2);
    csv_put(&b, "name", 4);
    assert_string_equal(buf_str(&b), "\xef\xbb\xbfid,name");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_rows_read_the_same_whole_and_byte_by_byte),
        TEST(test_what_is_wrong_is_said_with_its_line),
        TEST(test_a_row_is_bounded),
        TEST(test_a_reader_that_refuses_a_row_ends_it),
        TEST(test_written_cells_read_back_and_run_nowhere),
        TEST(test_the_first_cell_after_a_byte_order_mark_begins_the_row),
    };
    return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
