// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#include "campus/yaml.h"
#include "check.h"

static struct yaml *root;

// "" when it parses, else the errors, one a line.
static const char *errors_of(const char *text, size_t n) {
    struct buf b;
    problem_init(&problem, arena);
    if (!yaml_parse(arena, "f.yaml", text, n, &root, &problem)) return "";
    buf_init(&b, arena);
    problem_text(&problem, &b);
    return buf_str(&b);
}

static void assert_refused(const char *text, const char *where_and_word) {
    const char *got = errors_of(text, strlen(text));
    if (!strstr(got, where_and_word)) fail_msg("%s\nwants %s\ngot %s", text, where_and_word, got);
}

static void test_values_have_kinds_and_places(void **state) {
    (void)state;
    static const char text[] =
        "a: 1\nb: [true, 2.50, \"no\", text, null, '12']\nc:\n  d: -7\n  e: 0123\n  f: ~\n";
    assert_string_equal(errors_of(text, sizeof text - 1), "");
    assert_int_equal(root->count, 3);
    assert_int_equal(yaml_get(root, "a")->i, 1);
    static const enum yaml_kind kinds[] = {YAML_BOOL, YAML_FLOAT, YAML_TEXT,
                                           YAML_TEXT, YAML_NULL,  YAML_TEXT};
    int k = 0;
    for (struct yaml *i = yaml_get(root, "b")->first; i; i = i->next)
        assert_int_equal(i->kind, kinds[k++]);
    assert_int_equal(k, 6);
    assert_string_equal(yaml_get(root, "b")->first->next->text, "2.50");
    struct yaml *d = yaml_get(yaml_get(root, "c"), "d");
    assert_int_equal(d->i, -7);
    assert_int_equal(d->line, 4);
    assert_int_equal(d->col, 6);
    assert_int_equal(d->key_col, 3);
    assert_int_equal(yaml_get(yaml_get(root, "c"), "e")->kind, YAML_TEXT); // no octal by surprise
    struct buf b;
    buf_init(&b, arena);
    yaml_to_json(root, &b);
    assert_string_equal(buf_str(&b), "{\"a\":1,\"b\":[true,\"2.50\",\"no\",\"text\",null,\"12\"],"
                                     "\"c\":{\"d\":-7,\"e\":\"0123\",\"f\":null}}");
}

static void test_what_readers_disagree_on_is_refused_at_its_place(void **state) {
    (void)state;
    assert_refused("a: yes\n", "f.yaml:1:4: ambiguous_boolean");
    assert_refused("a: 1\non: 2\n", "f.yaml:2:1: ambiguous_boolean");
    assert_refused("a: True\n", "f.yaml:1:4: ambiguous_boolean");
    assert_refused("a: NULL\n", "f.yaml:1:4: ambiguous_boolean");
    assert_refused("a: &x 1\n", "f.yaml:1:4: anchor");
    assert_refused("a: &x 1\nb: *x\n", "f.yaml:2:4: alias");
    assert_refused("a: !!int 1\n", "f.yaml:1:4: tag");
    assert_refused("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: duplicate_key");
    assert_refused("a: 1\n---\nb: 2\n", "f.yaml:2:1: documents");
    assert_refused("? [a]\n: 1\n", "f.yaml:1:3: key_invalid");
    assert_refused("<<: {a: 1}\n", "f.yaml:1:1: key_invalid");
    assert_refused("? \n: 1\n", "key_invalid");
    assert_refused("a: 1\n*a : 1\n", "f.yaml:2:1: alias");
    assert_refused("a: [1, 2\nb: 3\n", "f.yaml:2:");
    assert_refused("a:\n\t- b\n", "f.yaml:2:1: syntax");
    assert_refused("a: \"\\0\"\n", "f.yaml:1:4: not_utf8");
    assert_refused("name: ok\nb: \xff\n", "f.yaml:2:4: syntax");
}

static void test_all_errors_are_told_at_once(void **state) {
    (void)state;
    static const char text[] = "a: yes\nb: &x 1\na: 2\n";
    errors_of(text, sizeof text - 1);
    assert_int_equal(problem.count, 3);
}

static char *repeat(const char *what, size_t times, const char *end) {
    struct buf b;
    buf_init(&b, arena);
    for (size_t i = 0; i < times; i++) buf_puts(&b, what);
    buf_puts(&b, end);
    return (char *)(uintptr_t)buf_str(&b);
}

static void test_bombs_are_refused_early(void **state) {
    (void)state;
    assert_string_equal(errors_of(repeat("[", 31, repeat("]", 31, "\n")), 63), "");
    assert_refused(repeat("[", 40, repeat("]", 40, "\n")), "too_deep");
    assert_refused(repeat("[", 100000, ""), "too_deep");
    assert_refused(repeat("- a\n", 60000, ""), "too_large");
    assert_refused(repeat("x", YAML_SIZE_MAX + 1, "\n"), "f.yaml:1:1: too_large");
    struct buf b;
    buf_init(&b, arena);
    for (int i = 0; i < 5000; i++) buf_printf(&b, "k%d: 1\n", i);
    assert_refused(buf_str(&b), "too_large");
    const char *many = repeat("- yes\n", 20000, "");
    assert_refused(many, "too_many");
    assert_true(problem.count <= 102);
    assert_refused("a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n", "alias");
}

static void test_an_unknown_key_names_the_nearest(void **state) {
    (void)state;
    static const char *const keys[] = {"timezone", "language", NULL};
    assert_string_equal(errors_of("timezome: x\nlanguage: zh\n", 25), "");
    yaml_only(root, &problem, keys);
    assert_int_equal(problem.count, 1);
    assert_int_equal(problem.first->line, 1);
    assert_non_null(strstr(problem.first->detail, "did you mean timezone?"));
}

static void test_an_empty_file_is_null(void **state) {
    (void)state;
    assert_string_equal(errors_of("", 0), "");
    assert_int_equal(root->kind, YAML_NULL);
    assert_string_equal(errors_of("# only this\n", 12), "");
    assert_null(yaml_get(root, "a"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_values_have_kinds_and_places),
        TEST(test_what_readers_disagree_on_is_refused_at_its_place),
        TEST(test_all_errors_are_told_at_once),
        TEST(test_bombs_are_refused_early),
        TEST(test_an_unknown_key_names_the_nearest),
        TEST(test_an_empty_file_is_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
