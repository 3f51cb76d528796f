// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What a client wants written is checked field by field, with a pointer to each objection.
#include "fixture.h"

static const struct {
    const char *body, *pointer, *word;
} WRONG[] = {
    {"{}", "/name", "required"},
    {"{\"name\":null}", "/name", "required"},
    {"{\"name\":\"\"}", "/name", "required"},
    {"{\"name\":5}", "/name", "type"},
    {"{\"name\":\"一二三四五六七八九十一二三四五六七八九十多\"}", "/name", "too_long"},
    {"{\"name\":\"a\",\"nmae\":1}", "/nmae", "unknown_field"},
    {"{\"name\":\"a\",\"region\":\"west\"}", "/region", "choice"},
    {"{\"name\":\"a\",\"score\":751}", "/score", "out_of_range"},
    {"{\"name\":\"a\",\"score\":-1}", "/score", "out_of_range"},
    {"{\"name\":\"a\",\"score\":1.5}", "/score", "type"},
    {"{\"name\":\"a\",\"score\":\"1.5\"}", "/score", "type"},
    {"{\"name\":\"a\",\"grade\":7.5}", "/grade", "type"},
    {"{\"name\":\"a\",\"grade\":\"7.55\"}", "/grade", "type"},
    {"{\"name\":\"a\",\"fee\":\"1e3\"}", "/fee", "type"},
    {"{\"name\":\"a\",\"fee\":\"99999999999999999999\"}", "/fee", "type"},
    {"{\"name\":\"a\",\"born\":\"2009-02-29\"}", "/born", "date"},
    {"{\"name\":\"a\",\"boards\":\"true\"}", "/boards", "type"},
    {"{\"name\":\"a\",\"tags\":\"art\"}", "/tags", "type"},
    {"{\"name\":\"a\",\"tags\":[\"art\",\"chess\"]}", "/tags", "choice"},
    {"{\"name\":\"a\",\"id_number\":\"110105194912310021\"}", "/id_number", "check"},
    {"{\"name\":\"a\",\"phone\":\"138****8000\"}", "/phone", "masked_value"},
    {"{\"name\":\"a\",\"income\":\"****\"}", "/income", "masked_value"},
    {"{\"name\":\"a\",\"seen_at\":\"2026-09-01\"}", "/seen_at", "type"},
    {"{\"name\":\"a\",\"at_time\":\"24:00\"}", "/at_time", "time"},
    {"{\"name\":\"a\",\"at_time\":\"2a:00\"}", "/at_time", "time"},
    {"{\"name\":\"a\",\"lines\":{}}", "/lines", "type"},
    {"{\"name\":\"a\",\"lines\":[3]}", "/lines/0", "type"},
    {"{\"name\":\"a\",\"lines\":[{\"amount\":\"1.00\"},{}]}", "/lines/1/amount", "required"},
    {"{\"name\":\"a\",\"lines\":[{\"amount\":null}]}", "/lines/0/amount", "required"},
    {"{\"name\":\"a\",\"lines\":[{\"amount\":\"x\"}]}", "/lines/0/amount", "type"},
    {"{\"name\":\"a\",\"lines\":[{\"amount\":\"1\",\"b\":1}]}", "/lines/0/b", "unknown_field"},
};

static void test_every_wrong_value_is_refused_where_it_stands(void **state) {
    struct fixture *fx = *state;
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        struct input in;
        fixture_calm(fx);
        enum err e = fixture_input(fx, fx->applicants, WRONG[i].body, true, &in);
        const struct problem_item *it = fx->problem.first;
        if (!it || strcmp(it->word, WRONG[i].word))
            print_error("%s\n", WRONG[i].body), fixture_fail(&fx->problem);
        assert_non_null(it);
        assert_string_equal(it->pointer, WRONG[i].pointer);
        assert_string_equal(it->word, WRONG[i].word);
        assert_int_equal(fx->problem.count, 1);
        assert_int_equal(e, strcmp(it->word, "masked_value") ? ERR_INVALID : ERR_MASKED_VALUE);
        assert_non_null(it->detail_zh);
    }
}

static void test_objections_never_repeat_a_sealed_value(void **state) {
    struct fixture *fx = *state;
    struct input in;
    assert_int_equal(fixture_input(fx, fx->applicants,
                                   "{\"name\":\"a\",\"phone\":\"23800138000\",\"income\":\"9x87\"}",
                                   true, &in),
                     ERR_INVALID);
    struct buf b;
    buf_init(&b, fx->arena);
    problem_json(&fx->problem, LANG_EN, NULL, &b);
    assert_int_equal(fx->problem.count, 2);
    assert_null(strstr(buf_str(&b), "23800138000"));
    assert_null(strstr(buf_str(&b), "9x87"));
}

static void test_values_arrive_as_their_columns_hold_them(void **state) {
    struct fixture *fx = *state;
    struct input in;
    OK(fx, fixture_input(fx, fx->applicants,
                         "{\"name\":\"a\",\"score\":\"12\",\"grade\":7,\"fee\":\"350\",\"seen_at\":"
                         "\"2026-09-01T08:00:00+08:00\","
                         "\"at_time\":\"08:30\",\"boards\":false,\"tags\":[],\"born\":null}",
                         true, &in));
    const struct entity *e = fx->applicants;
    assert_int_equal(in.values[entity_field(e, "score")->index].i, 12);
    assert_int_equal(in.values[entity_field(e, "grade")->index].i, 70);
    assert_int_equal(in.values[entity_field(e, "fee")->index].i, 35000);
    assert_int_equal(in.values[entity_field(e, "seen_at")->index].i, INT64_C(1788220800000));
    assert_int_equal(in.values[entity_field(e, "boards")->index].kind, VALUE_BOOL);
    assert_true(fieldset_has(&in.present, entity_field(e, "born")->index));
    assert_true(value_is_null(&in.values[entity_field(e, "born")->index]));
    assert_false(fieldset_has(&in.present, entity_field(e, "code")->index));
}

static void test_an_update_needs_only_what_it_changes(void **state) {
    struct fixture *fx = *state;
    struct input in;
    OK(fx, fixture_input(fx, fx->applicants, "{\"score\":3}", false, &in));
    OK(fx, fixture_input(fx, fx->visits, "{\"remark\":\"x\"}", false, &in));
    assert_false(fieldset_has(&in.present,
                              entity_field(fx->visits, "day")->index)); // presets are for new ones
    assert_int_equal(fixture_input(fx, fx->applicants, "[]", false, &in), ERR_INVALID);
}

static void test_cells_of_a_spreadsheet_are_read_as_people_write_them(void **state) {
    struct fixture *fx = *state;
    const struct entity *e = fx->applicants;
    struct value v;
    struct {
        const char *field, *cell;
        int64_t i;
        const char *text;
    } good[] = {{"boards", "是", 1, NULL},
                {"boards", "否", 0, NULL},
                {"boards", "1", 1, NULL},
                {"region", "东", 0, "east"},
                {"region", "north", 0, "north"},
                {"fee", "12.5", 1250, NULL},
                {"born", "2008-01-31", 0, "2008-01-31"}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(input_cell(fx->arena, entity_field(e, good[i].field), good[i].cell,
                               strlen(good[i].cell), "/x", &v, &fx->problem));
        if (good[i].text)
            assert_memory_equal(v.p, good[i].text, v.n);
        else
            assert_int_equal(v.i, good[i].i);
    }
    assert_true(input_cell(fx->arena, entity_field(e, "name"), "", 0, "/x", &v, &fx->problem));
    assert_true(value_is_null(&v));
    assert_false(input_cell(fx->arena, entity_field(e, "boards"), "maybe", 5, "/rows/3/boards", &v,
                            &fx->problem));
    assert_string_equal(fx->problem.first->pointer, "/rows/3/boards");
}

#define PLUGIN                                                                                     \
    "{\"name\":\"p\",\"entities\":[{\"name\":\"es\",\"file\":\"p.lua\",\"line\":1,\"fields\":["    \
    "{\"name\":\"l\",\"type\":\"list\",\"fields\":[{\"name\":\"m\",\"type\":\"money\"}]},"         \
    "{\"name\":\"sum_m\",\"type\":\"money\",\"derived\":\"sum(l.m)\"},"                            \
    "{\"name\":\"count_l\",\"type\":\"integer\",\"derived\":\"count(l)\"},{\"name\":\"x\","        \
    "\"type\":"                                                                                    \
    "\"text\"}]}]}"
static void test_sums_and_counts_follow_their_list(void **state) {
    struct fixture *fx = *state;
    enum err e;
    const struct schema *s = fixture_schema(fx->arena, PLUGIN, &fx->problem, &e);
    OK(fx, e);
    const struct entity *es = s->entities[0];
    assert_true(es->derives);
    const struct value none[4] = {{0}}, full[4] = {value_null(), value_int(7), value_int(1)};
    static const struct {
        const char *body;
        int before; // 0 a new record, 1 one without sums, 2 one with
        enum err err;
        int64_t total, n; // -1: left alone
    } cases[] = {
        {"{}", 0, ERR_OK, 0, 0},
        {"{\"l\":[{\"m\":\"1.50\"},{\"m\":2},{}]}", 0, ERR_OK, 350, 3},
        {"{\"l\":[{\"m\":\"-3.00\"}]}", 2, ERR_OK, -300, 1},
        {"{\"l\":null}", 2, ERR_OK, 0, 0},
        {"{\"x\":\"y\"}", 2, ERR_OK, -1, -1},
        {"{\"x\":\"y\"}", 1, ERR_OK, 0, 0},
        {"{\"l\":[{\"m\":\"92233720368547758.07\"},{\"m\":\"0.01\"}]}", 0, ERR_INVALID, -1, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct input in;
        fixture_calm(fx);
        OK(fx, fixture_input(fx, es, cases[i].body, !cases[i].before, &in));
        const struct value *before = cases[i].before ? cases[i].before == 1 ? none : full : NULL;
        assert_int_equal(input_derive(fx->arena, es, before, &in, &fx->problem), cases[i].err);
        const int64_t want[] = {cases[i].total, cases[i].n};
        for (int k = 0; k < 2; k++) {
            assert_int_equal(fieldset_has(&in.present, 1 + k), want[k] != -1);
            if (want[k] != -1) assert_int_equal(in.values[1 + k].i, want[k]);
        }
    }
    assert_string_equal(fixture_word(fx), "out_of_range");
    struct input in;
    fixture_calm(fx);
    assert_int_equal(fixture_input(fx, es, "{\"sum_m\":\"1.00\"}", true, &in), ERR_INVALID);
    assert_string_equal(fixture_word(fx), "readonly");
}

#define LIMITED                                                                                    \
    "{\"name\":\"p\",\"entities\":[{\"name\":\"es\",\"file\":\"p.lua\",\"line\":1,\"fields\":["    \
    "{\"name\":\"fund\",\"type\":\"money\"},"                                                      \
    "{\"name\":\"held\",\"type\":\"money\",\"derived\":\"reserved(fund)\"},"                       \
    "{\"name\":\"rest\",\"type\":\"money\",\"derived\":\"left(fund)\"},"                           \
    "{\"name\":\"x\",\"type\":\"text\"},"                                                          \
    "{\"name\":\"no\",\"type\":\"text\",\"number\":\"A{seq}\"}]}]}"
static void test_what_is_left_follows_its_limit(void **state) {
    struct fixture *fx = *state;
    enum err e;
    const struct schema *s = fixture_schema(fx->arena, LIMITED, &fx->problem, &e);
    OK(fx, e);
    const struct entity *es = s->entities[0];
    assert_true(es->feeds);
    // of 10.00 there are 3.00 reserved and 2.00 settled
    const struct value before[5] = {value_int(1000), value_int(300), value_int(500)};
    static const struct {
        const char *body;
        bool new;
        int64_t held, rest; // -1: left alone
    } cases[] = {
        {"{}", true, 0, 0},
        {"{\"fund\":\"7.50\"}", true, 0, 750},
        {"{\"fund\":\"12.00\"}", false, 300, 700},
        {"{\"fund\":null}", false, 300, -500},
        {"{\"x\":\"y\"}", false, -1, -1},
    };
    struct input in;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        OK(fx, fixture_input(fx, es, cases[i].body, cases[i].new, &in));
        OK(fx, input_derive(fx->arena, es, cases[i].new ? NULL : before, &in, &fx->problem));
        bool alone = cases[i].held == -1;
        assert_int_equal(fieldset_has(&in.present, 2), !alone);
        if (alone) continue;
        assert_int_equal(in.values[1].i, cases[i].held);
        assert_int_equal(in.values[2].i, cases[i].rest);
    }
    assert_int_equal(fixture_input(fx, es, "{\"rest\":\"1.00\"}", true, &in), ERR_INVALID);
    assert_string_equal(fixture_word(fx), "readonly");
    fixture_calm(fx);
    assert_int_equal(fixture_input(fx, es, "{\"no\":\"A1\"}", true, &in), ERR_INVALID);
    assert_string_equal(fixture_word(fx), "readonly");
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_every_wrong_value_is_refused_where_it_stands),
        T(test_objections_never_repeat_a_sealed_value),
        T(test_values_arrive_as_their_columns_hold_them),
        T(test_an_update_needs_only_what_it_changes),
        T(test_cells_of_a_spreadsheet_are_read_as_people_write_them),
        T(test_sums_and_counts_follow_their_list),
        T(test_what_is_left_follows_its_limit),
    };
    return cmocka_run_group_tests_name("input", tests, NULL, NULL);
}
