// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Templates: what is filled in is escaped and formatted, what is wrong is told with its place.
// backend: sqlite
#include "fixture.h"
#include "campus/template.h"

static struct document_decl decl(const struct fixture *fx) {
    return (struct document_decl){.name = "notice", .entity = fx->applicants, .qr = "{id}"};
}

static const char *fill(struct fixture *fx, const char *text, const char *record, enum lang lang) {
    struct template *t;
    struct document_decl d = decl(fx);
    struct buf out;
    json_t *j;
    struct tz *tz = tz_load("Asia/Shanghai");
    OK(fx, template_parse(fx->arena, "t.html", text, strlen(text), &d, NULL, &t, &fx->problem));
    OK(fx, json_parse(fx->arena, record, strlen(record), &j, &fx->problem));
    const struct template_values v = {.record = j,
                                      .tz = tz,
                                      .number = "N<1>",
                                      .title = "T",
                                      .school = "S",
                                      .today = "2027-09-01",
                                      .lang = lang};
    buf_init(&out, fx->arena);
    template_fill(t, &v, &out);
    tz_free(tz);
    return buf_str(&out);
}

static void test_values_are_escaped_and_said_as_people_say_them(void **state) {
    struct fixture *fx = *state;
    static const char RECORD[] =
        "{\"name\":\"<b>&{{x}}\\n二\",\"region\":\"east\",\"score\":512,\"fee\":\"350.00\","
        "\"born\":\"2010-03-05\",\"boards\":true,\"seen_at\":\"2027-08-31T20:30:00.000Z\","
        "\"tags\":[\"art\",\"sport\"],\"code\":null,"
        "\"lines\":[{\"amount\":\"1.00\"},{\"amount\":\"2.50\"}]}";
    static const struct {
        const char *text, *zh, *en;
    } cases[] = {
        {"<p>{{name}}</p>", "<p>&lt;b&gt;&amp;{&#160;{x}}<br/>二</p>", NULL},
        {"<p>{{ region }}</p>", "<p>东</p>", "<p>东</p>"},
        {"<p>{{score}} {{fee}}</p>", "<p>512 350.00</p>", NULL},
        {"<p>{{born}}</p>", "<p>2010年3月5日</p>", "<p>5 March 2010</p>"},
        {"<p>{{seen_at}}</p>", "<p>2027年9月1日 04:30</p>", "<p>1 September 2027 04:30</p>"},
        {"<p>{{boards}}</p>", "<p>是</p>", "<p>yes</p>"},
        {"<p>{{tags}}</p>", "<p>art、sport</p>", "<p>art, sport</p>"},
        {"<p>[{{code}}]</p>", "<p>[]</p>", NULL},
        {"<p>{{#lines}}{{amount}};{{/lines}}</p>", "<p>1.00;2.50;</p>", NULL},
        {"<p>{{#lines}}{{name}}{{/lines}}</p>",
         "<p>&lt;b&gt;&amp;{&#160;{x}}<br/>二&lt;b&gt;&amp;{&#160;{x}}<br/>二</p>", NULL},
        {"<p>{{#boards}}in{{/boards}}{{^boards}}out{{/boards}}</p>", "<p>in</p>", NULL},
        {"<p>{{#code}}x{{/code}}{{^code}}none{{/code}}</p>", "<p>none</p>", NULL},
        {"<p>{{^lines}}none{{/lines}}</p>", "<p></p>", NULL},
        {"<p>{{! a note }}{{document.number}} {{document.title}} {{school.name}}</p>",
         "<p>N&lt;1&gt; T S</p>", NULL},
        {"<p>{{document.date}}</p>", "<p>2027年9月1日</p>", "<p>1 September 2027</p>"},
        {"<table>{{#lines}}<tr><td>{{amount}}</td></tr>{{/lines}}</table>",
         "<table><tr><td>1.00</td></tr><tr><td>2.50</td></tr></table>", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(fill(fx, cases[i].text, RECORD, LANG_ZH), cases[i].zh);
        if (cases[i].en) assert_string_equal(fill(fx, cases[i].text, RECORD, LANG_EN), cases[i].en);
    }
}

static void test_what_is_wrong_is_told_with_its_place(void **state) {
    struct fixture *fx = *state;
    static const struct {
        const char *text, *word;
        int line, col;
    } cases[] = {
        {"<p>{{nmae}}</p>", "field_unknown", 1, 4},
        {"<p>名{{score}</p>", "unclosed", 1, 5},
        {"<p>a</p>\n\n <p>{{#lines}}</p>{{/lines}}", "unbalanced", 3, 15},
        {"<p>{{#lines}}{{price}}{{/lines}}</p>", "field_unknown", 1, 14},
        {"<p>{{/lines}}</p>", "unbalanced", 1, 4},
        {"<h1>a", "unclosed", 1, 1},
        {"<p>a</h1>", "unbalanced", 1, 5},
        {"<p><table></table></p>", "nesting", 1, 4},
        {"<seal/>", "seal_missing", 1, 1},
        {"<p>{{lines}}</p>", "template_type", 1, 4},
        {"<p>{{&name}}</p>", "mustache", 1, 4},
        {"<p>{{>other}}</p>", "mustache", 1, 4},
        {"<p>{{document.nothing}}</p>", "field_unknown", 1, 4},
        {"<p>{{name.first}}</p>", "not_a_reference", 1, 4},
        {"<p>{{policy.a}}</p>", "policy_unknown", 1, 4},
        {"\xff", "not_utf8", 1, 1},
        {"plain", "text", 1, 1},
        {"<hr>{{name}}", "text", 1, 5},
        {"<table>{{name}}</table>", "text", 1, 8},
        {"<p width=\"3\">a</p>", "attribute", 1, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct template *t;
        struct document_decl d = decl(fx);
        fixture_calm(fx);
        assert_int_equal(template_parse(fx->arena, "t.html", cases[i].text, strlen(cases[i].text),
                                        &d, NULL, &t, &fx->problem),
                         ERR_INVALID);
        assert_string_equal(fixture_word(fx), cases[i].word);
        assert_int_equal(fx->problem.first->line, cases[i].line);
        assert_int_equal(fx->problem.first->col, cases[i].col);
    }
}

static void test_numbers_are_written_as_their_format_says(void **state) {
    struct fixture *fx = *state;
    static const struct {
        const char *format, *said;
    } cases[] = {{"{year}招字第{seq:4}号", "2027招字第0042号"},
                 {"{year}{month}{day}-{seq}", "20270901-42"},
                 {"{id}/{number}", "I/N"},
                 {"{link}", "https://s/desk/#/d/I"},
                 {"{address}/x", "https://s/x"},
                 {"{seq:1}{other}{", "42{other}{"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b;
        buf_init(&b, fx->arena);
        const struct template_names names = {"N", "I", "https://s", NULL};
        template_number(cases[i].format, "2027-09-01", 42, &names, &b);
        assert_string_equal(buf_str(&b), cases[i].said);
    }
}

// Cut anywhere, with any byte changed: told or taken, never worse.
static void test_a_damaged_template_is_no_worse_than_wrong(void **state) {
    struct fixture *fx = *state;
    static const char TEXT[] =
        "<h1 align=\"center\">{{name}}</h1><table border=\"0\">{{#lines}}<tr>"
        "<td width=\"30%\">{{amount}}</td></tr>{{/lines}}</table><qr/>";
    struct document_decl d = decl(fx);
    int taken = 0;
    for (size_t i = 0; i < sizeof TEXT; i++)
        for (int what = 0; what < 5; what++) {
            struct template *t;
            char *text = arena_strndup(fx->arena, TEXT, sizeof TEXT - 1);
            size_t n = what ? sizeof TEXT - 1 : i;
            if (what && i < n) text[i] = "\0<{}\xc3"[what];
            fixture_calm(fx);
            taken += !template_parse(fx->arena, "t.html", text, n, &d, NULL, &t, &fx->problem);
        }
    assert_true(taken > 0);
}

#define CASE(t) cmocka_unit_test_setup_teardown(t, fixture_open, fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_values_are_escaped_and_said_as_people_say_them),
        CASE(test_what_is_wrong_is_told_with_its_place),
        CASE(test_numbers_are_written_as_their_format_says),
        CASE(test_a_damaged_template_is_no_worse_than_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
