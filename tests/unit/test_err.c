// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#include "campus/json.h"
#include "check.h"

static void test_every_error_has_a_status_a_word_of_its_own_and_two_titles(void **state) {
    (void)state;
    for (int e = 1; e < ERR_COUNT; e++) {
        assert_in_range(err_status((enum err)e), 400, 599);
        assert_true(strlen(err_title((enum err)e, LANG_EN)) > 2);
        assert_true(strlen(err_title((enum err)e, LANG_ZH)) > 2);
        assert_string_not_equal(err_title((enum err)e, LANG_EN), err_title((enum err)e, LANG_ZH));
        for (int f = 0; f < e; f++)
            assert_string_not_equal(err_word((enum err)e), err_word((enum err)f));
    }
}

static void test_the_first_error_is_the_answer_and_all_items_are_told(void **state) {
    (void)state;
    char pointer[] = "/phone";
    assert_err(problem_add(&problem, ERR_INVALID, pointer, "required", "is %s", "required"),
               ERR_INVALID);
    pointer[1] = 'X'; // texts are copies
    assert_err(problem_set(&problem, ERR_CONFLICT, "later %d", 1), ERR_CONFLICT);
    assert_err(problem_set(&problem, ERR_IO, "last"), ERR_IO);
    problem_at(&problem, "a.yaml", 3, 7, "unknown_key", "there is no \"%s\"", "x");
    assert_int_equal(problem.code, ERR_INVALID);
    assert_int_equal(problem.count, 2);
    struct buf b;
    buf_init(&b, arena);
    problem_text(&problem, &b);
    assert_string_equal(buf_str(&b), "invalid: later 1\n/phone: required: is required\n"
                                     "a.yaml:3:7: unknown_key: there is no \"x\"\n");
}

static void test_a_problem_is_rfc_9457(void **state) {
    (void)state;
    struct problem_item *it;
    problem_add(&problem, ERR_INVALID, "/a\"b", "required", "quote \" and \n line");
    it = problem.first;
    it->detail_zh = "必填";
    problem.extra = "\"decision\":\"d-1\"";
    for (int lang = 0; lang < 2; lang++) {
        struct buf b;
        json_t *j;
        struct problem none;
        problem_init(&none, arena);
        buf_init(&b, arena);
        problem_json(&problem, (enum lang)lang, "r-1", &b);
        assert_ok(json_parse(arena, b.data, b.len, &j, &none));
        assert_int_equal(json_integer_value(json_object_get(j, "status")), err_status(ERR_INVALID));
        assert_string_equal(json_string_value(json_object_get(j, "code")), "invalid");
        assert_string_equal(json_string_value(json_object_get(j, "request_id")), "r-1");
        assert_string_equal(json_string_value(json_object_get(j, "decision")), "d-1");
        const json_t *item = json_array_get(json_object_get(j, "errors"), 0);
        assert_string_equal(json_string_value(json_object_get(item, "pointer")), "/a\"b");
        assert_string_equal(json_string_value(json_object_get(item, "detail")),
                            lang == LANG_ZH ? "必填" : "quote \" and \n line");
    }
}

static void test_without_a_problem_errors_still_pass_through(void **state) {
    (void)state;
    assert_err(problem_set(NULL, ERR_IO, "x"), ERR_IO);
    assert_err(problem_add(NULL, ERR_INVALID, "/x", "y", "z"), ERR_INVALID);
    assert_err(problem_at(NULL, "f", 1, 1, "y", "z"), ERR_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_every_error_has_a_status_a_word_of_its_own_and_two_titles),
        TEST(test_the_first_error_is_the_answer_and_all_items_are_told),
        TEST(test_a_problem_is_rfc_9457),
        TEST(test_without_a_problem_errors_still_pass_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
