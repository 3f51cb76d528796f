// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#include "campus/json.h"
#include "check.h"

static bool takes(const char *s, size_t n) {
    json_t *j;
    problem_init(&problem, arena);
    return !json_parse(arena, s, n, &j, &problem);
}
#define TAKES(s) takes(s, sizeof s - 1)

static char *nested(int depth) {
    struct buf b;
    buf_init(&b, arena);
    for (int i = 0; i < depth; i++) buf_putc(&b, '[');
    for (int i = 0; i < depth; i++) buf_putc(&b, ']');
    return (char *)(uintptr_t)buf_str(&b);
}

static void test_only_strict_json_is_taken(void **state) {
    (void)state;
    assert_true(TAKES("{\"a\":[1,2.5,true,null,\"清\"]}"));
    assert_true(TAKES("7"));
    assert_true(TAKES(" {} \n"));
    assert_false(TAKES(""));
    assert_false(TAKES("{\"a\":1,\"a\":2}"));
    assert_false(TAKES("{\"a\":{\"b\":1,\"b\":2}}"));
    assert_false(TAKES("{a:1}"));
    assert_false(TAKES("{'a':1}"));
    assert_false(TAKES("[1,]"));
    assert_false(TAKES("[1] x"));
    assert_false(TAKES("{}{}"));
    assert_false(TAKES("NaN"));
    assert_false(TAKES("[Infinity]"));
    assert_false(TAKES("1e999"));
    assert_false(TAKES("99999999999999999999"));
    assert_false(TAKES("01"));
    assert_false(TAKES("\"\xff\""));
    assert_false(TAKES("\"\xed\xa0\x80\""));
    assert_false(TAKES("\"\\ud800\""));
    assert_false(TAKES("\"a\nb\""));
    assert_false(TAKES("\"\\u0000\""));
    assert_false(TAKES("[1]\0"));
    assert_false(TAKES("\xef\xbb\xbf{}"));
    assert_false(TAKES("// x\n{}"));
    assert_false(TAKES("]"));
}

static void test_depth_and_keys_are_bounded_at_their_edge(void **state) {
    (void)state;
    const char *s = nested(JSON_DEPTH_MAX);
    assert_true(takes(s, strlen(s)));
    s = nested(JSON_DEPTH_MAX + 1);
    assert_false(takes(s, strlen(s)));
    s = nested(100000);
    assert_false(takes(s, strlen(s)));
    for (int keys = JSON_KEYS_MAX; keys <= JSON_KEYS_MAX + 1; keys++) {
        struct buf b;
        buf_init(&b, arena);
        for (int i = 0; i < keys; i++) buf_printf(&b, "%s\"k:%d\":{}", i ? "," : "{", i);
        buf_putc(&b, '}');
        assert_int_equal(takes(b.data, b.len), keys <= JSON_KEYS_MAX);
    }
    assert_true(TAKES("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[\""));
}

static void test_a_refusal_names_the_place_but_not_the_input(void **state) {
    (void)state;
    assert_false(TAKES("{\"password\": \"hunter2 secret\" oops"));
    assert_non_null(strstr(problem.detail, "line 1, column"));
    assert_null(strstr(problem.detail, "hunter2"));
    assert_null(strstr(problem.detail, "oops"));
}

static void test_what_is_written_reads_back(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, arena);
    char odd[256];
    for (int i = 1; i < 128; i++) odd[i - 1] = (char)i;
    strcpy(odd + 127, "清𠮷");
    buf_putc(&b, '{');
    json_kv_str(&b, "odd", odd);
    json_kv_str(&b, "none", NULL);
    json_kv_int(&b, "least", INT64_MIN);
    json_kv_bool(&b, "yes", true);
    json_kv_time(&b, "at", 1795437002125);
    json_kv_time(&b, "never", 0);
    json_key(&b, "list"), buf_puts(&b, "["), json_sep(&b), buf_int(&b, 1), json_sep(&b),
        buf_int(&b, 2);
    buf_puts(&b, "]}");
    json_t *j;
    assert_ok(json_parse(arena, b.data, b.len, &j, &problem));
    assert_string_equal(json_string_value(json_object_get(j, "odd")), odd);
    assert_true(json_is_null(json_object_get(j, "none")));
    assert_int_equal(json_integer_value(json_object_get(j, "least")), INT64_MIN);
    assert_string_equal(json_string_value(json_object_get(j, "at")), "2026-11-23T12:30:02.125Z");
    assert_true(json_is_null(json_object_get(j, "never")));
    assert_int_equal(json_array_size(json_object_get(j, "list")), 2);
    buf_init(&b, arena);
    json_text(&b, "bad \xff", 5);
    assert_string_equal(buf_str(&b), "\"\xef\xbf\xbd\"");
    buf_init(&b, arena);
    json_time(&b, -1);
    assert_string_equal(buf_str(&b), "\"1969-12-31T23:59:59.999Z\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_only_strict_json_is_taken),
        TEST(test_depth_and_keys_are_bounded_at_their_edge),
        TEST(test_a_refusal_names_the_place_but_not_the_input),
        TEST(test_what_is_written_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
