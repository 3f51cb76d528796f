// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Documents drawn in a jailed child: PDF with its fonts in it and HTML, what no font has is
// refused, what is hostile is refused or harmless. ($DRAW_TO keeps the files to look at.)
#include "check.h"
#include "campus/clock.h"
#include "campus/convert.h"
#include "campus/markup.h"
#include "host_child.h"

static struct buf got;

static enum err collect(void *self, const char *p, size_t n) {
    buf_put(self, p, n);
    return ERR_OK;
}

static enum err open_child(const char *options, struct convert **c) {
    const struct convert_task task = {CONVERT_DRAW, options, true, collect, &got};
    problem_init(&problem, arena);
    got.len = 0;
    return convert_open(&task, c, &problem);
}

static enum err feed(struct convert *c, const char *json) {
    struct buf b;
    size_t n = strlen(json);
    buf_init(&b, arena);
    for (int i = 0; i < 4; i++) buf_putc(&b, (char)(n >> (8 * i)));
    buf_put(&b, json, n);
    got.len = 0;
    return convert_feed(c, b.data, b.len);
}

static size_t part(size_t at, const char **p) {
    const uint8_t *s = (const uint8_t *)got.data + at;
    size_t n = (size_t)s[0] | (size_t)s[1] << 8 | (size_t)s[2] << 16 | (size_t)s[3] << 24;
    *p = got.data + at + 4;
    assert_true(at + 4 + n <= got.len);
    return n;
}

static enum err draw_one(const char *json, const char **pdf, size_t *pdf_n, const char **html) {
    struct convert *c = NULL;
    enum err e = open_child("{\"zh\":true}", &c);
    if (!e) e = feed(c, json);
    if (!e) {
        *pdf_n = part(0, pdf);
        size_t n = part(4 + *pdf_n, html);
        *html = arena_strndup(arena, *html, n);
    }
    convert_close(c);
    return e;
}

static const char NOTICE[] =
    "{\"title\":\"录取通知书\",\"number\":\"2027招字第0001号\",\"qr\":\"2027招字第0001号\","
    "\"seal\":\"清河职业学校\",\"markup\":\""
    "<header align=\\\"right\\\">编号：2027招字第0001号</header><footer>清河职业学校 "
    "招生办公室</footer>"
    "<h1>录 取 通 知 书</h1>"
    "<p><b>𠮷田明</b> 同学：</p>"
    "<p>经审核，你已被我校 <b>护理</b> 专业录取。请于 2027年9月1日 上午 08:30 "
    "持本通知书、身份证原件到校报到。"
    "逾期未报到且未请假的，视为放弃入学资格。特此通知，祝学习进步。A mixed line with Latin text "
    "&amp; 数字 12,345.60。</p>"
    "<table><tr><td width=\\\"30%\\\" align=\\\"center\\\"><b>报到地点</b></td><td>东校区 "
    "行政楼一层大厅</td></tr>"
    "<tr><td align=\\\"center\\\" "
    "width=\\\"30%\\\"><b>携带材料</b></td><td>本通知书<br/>身份证原件及复印件<br/>毕业证书</td></"
    "tr></table>"
    "<table border=\\\"0\\\"><tr><td align=\\\"left\\\"><qr/></td><td "
    "align=\\\"right\\\"><seal/></td></tr>"
    "<tr><td>扫码报到</td><td align=\\\"right\\\">2027年7月20日</td></tr></table>\"}";

static void test_a_notice_is_drawn_with_its_fonts_inside(void **state) {
    (void)state;
    const char *pdf, *html;
    size_t n;
    assert_err(draw_one(NOTICE, &pdf, &n, &html), ERR_OK);
    assert_true(n > 3000 && n < 400000);
    assert_memory_equal(pdf, "%PDF-1.", 7);
    assert_non_null(memmem(pdf, n, "FontFile", 8)); // embedded, a part of it
    assert_null(memmem(pdf, n, "/JavaScript", 11));
    assert_non_null(strstr(html, "<html lang=\"zh-CN\">"));
    assert_non_null(strstr(html, "<b>𠮷田明</b> 同学："));
    assert_non_null(strstr(html, "<svg class=\"qr\""));
    assert_non_null(strstr(html, "<span class=\"seal\">清河职业学校</span>"));
    assert_non_null(strstr(html, "<table class=\"bare\">"));
    if (!getenv("DRAW_TO")) return;
    FILE *f = fopen(getenv("DRAW_TO"), "wb");
    fwrite(pdf, 1, n, f);
    fclose(f);
    f = fopen(arena_printf(arena, "%s.html", getenv("DRAW_TO")), "wb");
    fwrite(html, 1, strlen(html), f);
    fclose(f);
}

static size_t count(const char *p, size_t n, const char *what) {
    size_t k = 0, m = strlen(what);
    for (const char *at = p; (at = memmem(at, n - (size_t)(at - p), what, m)); at += m) k++;
    return k;
}

static void test_one_file_of_all_that_were_checked_and_none_that_were_refused(void **state) {
    (void)state;
    struct convert *c = NULL;
    const char *p;
    assert_err(open_child("{\"zh\":true,\"merged\":true,\"title\":\"all\"}", &c), ERR_OK);
    static const struct {
        const char *mode, *markup, *word;
    } cases[] = {{"check", "<p>一份通知</p>", NULL},
                 {"check", "<p>\xf3\xb0\x80\x80</p>", "glyph_missing"}, // no font has it
                 {"check", "<p>a</h1>", "markup"},
                 {"collect", "<p>一份通知</p>", NULL},
                 {"collect", "<p>又一份𠮷</p>", NULL},
                 {"check", "<p>第三份</p>", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_err(
            feed(c, arena_printf(arena,
                                 "{\"title\":\"t\",\"copies\":2,\"mode\":\"%s\",\"markup\":\"%s\"}",
                                 cases[i].mode, cases[i].markup)),
            ERR_OK);
        assert_int_equal(part(0, &p), 0);
        size_t n = part(4, &p);
        if (cases[i].word)
            assert_non_null(memmem(p, n, cases[i].word, strlen(cases[i].word)));
        else
            assert_int_equal(n, 0);
    }
    got.len = 0;
    assert_err(convert_end(c), ERR_OK);
    assert_memory_equal(got.data, "%PDF-1.", 7);
    assert_int_equal(count(got.data, got.len, "/Type /Page %"), 4);
    convert_close(c);
}

static void test_a_long_text_goes_on_over_the_pages(void **state) {
    (void)state;
    struct buf b;
    const char *pdf, *html;
    size_t n;
    buf_init(&b, arena);
    buf_puts(&b, "{\"title\":\"t\",\"watermark\":\"预览\",\"markup\":\"<p>");
    for (int i = 0; i < 900; i++) buf_puts(&b, "请于九月一日到校报到，");
    buf_puts(&b, "</p><page/><p>second</p><hr/><qr width=\\\"20mm\\\"/>\",\"qr\":\"x\"}");
    assert_err(draw_one(buf_str(&b), &pdf, &n, &html), ERR_OK);
    size_t pages = count(pdf, n, "/Type /Page %");
    assert_true(pages >= 8 && pages <= 16);
    assert_non_null(strstr(html, "<div class=\"mark\">预览</div>"));
}

static void test_what_is_not_markup_is_refused_and_the_child_goes_on(void **state) {
    (void)state;
    static const char *const wrong[] = {"<script>alert(1)</script>",
                                        "<p onclick=\\\"x\\\">a</p>",
                                        "<p>a",
                                        "a</p>",
                                        "<p><p>a</p></p>",
                                        "<table><td>a</td></table>",
                                        "<b>a</b>",
                                        "<p>a & b</p>",
                                        "<p>&nbsp;</p>",
                                        "<p>a > b</p>",
                                        "<td>a</td>",
                                        "<p><qr/></p>",
                                        "<p/>",
                                        "<img src=\\\"file:///etc/passwd\\\"/>",
                                        "<p align=\\\"left\\\" align=left>x</p>",
                                        "<!-- x -->",
                                        "<",
                                        "<p",
                                        "<table border=\\\"9\\\"></table x>"};
    struct convert *c = NULL;
    const char *p;
    assert_err(open_child("{}", &c), ERR_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_err(feed(c, arena_printf(arena, "{\"title\":\"t\",\"markup\":\"%s\"}", wrong[i])),
                   ERR_OK);
        if (part(0, &p)) fail_msg("drawn: %s", wrong[i]);
    }
    assert_err(feed(c, "{\"title\":\"t\",\"markup\":\"<p>fine {{not}} a field</p>\"}"), ERR_OK);
    assert_true(part(0, &p) > 0);
    convert_close(c);
    assert_err(open_child("{}", &c), ERR_OK); // and no frame that is none
    got.len = 0;
    assert_int_not_equal(convert_feed(c, "\xff\xff\xff\x7f", 4), ERR_OK);
    convert_close(c);
}

static void test_the_lexer_says_where_and_what(void **state) {
    (void)state;
    static const struct {
        const char *text, *wrong;
        size_t at;
    } cases[] = {{"<div>", "tag", 0},
                 {"<p size=\"3\">", "attribute", 3},
                 {"<p align=\"top\">", "attribute", 3},
                 {"a &copy; b", "entity", 2},
                 {"<td width=\"30\">", "attribute", 4},
                 {"<p", "attribute", 0},
                 {"<h1/>", "empty", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *at = cases[i].text;
        struct markup_token t = markup_next(&at, at + strlen(at));
        assert_int_equal(t.kind, MARKUP_WRONG);
        assert_string_equal(t.wrong, cases[i].wrong);
        assert_int_equal(t.p - cases[i].text, cases[i].at);
    }
}

static void test_a_thousand_notices_take_seconds(void **state) {
    (void)state;
    struct convert *c = NULL;
    int n = getenv("DRAW_MANY") ? atoi(getenv("DRAW_MANY")) : 50;
    int64_t t0 = clock_mono_ns();
    assert_err(open_child("{\"zh\":true,\"merged\":true}", &c), ERR_OK);
    int64_t t1 = clock_mono_ns();
    for (int i = 0; i < n; i++) {
        const char *p;
        for (int k = 0; k < 2; k++)
            assert_err(feed(c, arena_printf(arena, "{\"mode\":\"%s\",%s", k ? "collect" : "check",
                                            NOTICE + 1)),
                       ERR_OK);
        assert_int_equal(part(4, &p), 0);
    }
    int64_t t2 = clock_mono_ns();
    assert_err(convert_end(c), ERR_OK);
    int64_t t3 = clock_mono_ns();
    convert_close(c);
    if (getenv("DRAW_MANY"))
        print_message("open %.1f ms, %d in %.1f ms (%.2f each), end %.1f ms, %zu bytes\n",
                      (double)(t1 - t0) / 1e6, n, (double)(t2 - t1) / 1e6,
                      (double)(t2 - t1) / 1e6 / n, (double)(t3 - t2) / 1e6, got.len);
    assert_true(got.len > 20000);
}

static int set_up(void **state) {
    buf_init(&got, NULL);
    return fresh_setup(state);
}

static int tear_down(void **state) {
    buf_fini(&got);
    return fresh_teardown(state);
}

#define CASE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
int main(int argc, char **argv) {
    if (is_child(argc, argv)) return run_child(argc, argv);
    const struct CMUnitTest tests[] = {
        CASE(test_a_notice_is_drawn_with_its_fonts_inside),
        CASE(test_one_file_of_all_that_were_checked_and_none_that_were_refused),
        CASE(test_a_long_text_goes_on_over_the_pages),
        CASE(test_what_is_not_markup_is_refused_and_the_child_goes_on),
        CASE(test_the_lexer_says_where_and_what),
        CASE(test_a_thousand_notices_take_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
