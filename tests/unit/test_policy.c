// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Policies: every error at once and where it stands, layers with their origin, revisions by date.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "campus/json.h"
#include "campus/mem.h"
#include "campus/policy.h"
#include "campus/yaml.h"

static const char SCHEMA[] =
    "policy: demo\n"
    "keys:\n"
    "  fee: { type: money, min: 0, max: 200, default: 50.5, unit: 元, title: { zh: 报名费, en: Fee "
    "} }\n"
    "  share: { type: percent, default: 12.5 }\n"
    "  term: { type: duration, default: 90d }\n"
    "  start: { type: date }\n"
    "  mode: { type: choice, choices: [refuse, ask], default: refuse }\n"
    "  open: { type: boolean, default: true }\n"
    "  marks: { type: weights, default: { paper: 60, talk: 40 } }\n"
    "  limits:\n"
    "    keys:\n"
    "      days: { type: integer, min: 1, max: 30, default: 7 }\n"
    "      cities: { type: map, of: { type: money, min: 0 }, default: { 北京: 500 } }\n"
    "      words: { type: list, of: { type: text, forbid: [{ match: 乙 肝, because: unlawful }] }, "
    "default: [] }\n";

static struct arena *arena;
static struct problem problem;
static struct policy_schema *schema;

static int set_up(void **state) {
    (void)state;
    struct yaml *y;
    arena = arena_new(64 << 20);
    problem_init(&problem, arena);
    assert_int_equal(
        yaml_parse(arena, "plugins/demo/policy.schema.yaml", SCHEMA, strlen(SCHEMA), &y, &problem),
        ERR_OK);
    assert_int_equal(policy_schema_load(arena, y, &schema, &problem), ERR_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

static struct policy_layer layer(const char *file, const char *origin, const char *text) {
    struct yaml *y;
    assert_int_equal(yaml_parse(arena, file, text, strlen(text), &y, &problem), ERR_OK);
    return (struct policy_layer){y, origin};
}

static enum err build(struct policy **out, const struct policy_layer *layers, size_t n) {
    problem_init(&problem, arena);
    return policy_build(arena, "demo", schema, layers, n, out, &problem);
}

static void test_values_reach_rules_with_money_in_minor_units_and_defaults_filled_in(void **state) {
    (void)state;
    struct policy *p;
    struct policy_layer l =
        layer("policies/demo.yaml", "shipped",
              "policy: demo\nstart: 2027-09-01\nlimits: { cities: { 上海: 80.25 } }\n");
    assert_int_equal(build(&p, &l, 1), ERR_OK);
    assert_int_equal(policy_count(p), 1);
    json_t *j;
    const struct policy_revision *r = policy_nth(p, 0);
    assert_int_equal(json_parse(arena, r->json, r->json_n, &j, &problem), ERR_OK);
    assert_int_equal(json_integer_value(json_object_get(j, "fee")), 5050);
    assert_true(json_real_value(json_object_get(j, "share")) == 12.5);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "term"), "n")), 90);
    assert_string_equal(json_string_value(json_object_get(json_object_get(j, "term"), "unit")),
                        "d");
    assert_string_equal(json_string_value(json_object_get(j, "start")), "2027-09-01");
    assert_true(json_is_true(json_object_get(j, "open")));
    const json_t *cities = json_object_get(json_object_get(j, "limits"), "cities");
    assert_int_equal(json_object_size(cities),
                     1); // a map is one value: it replaces, it does not merge
    assert_int_equal(json_integer_value(json_object_get(cities, "上海")), 8025);
}

static void test_every_error_of_every_layer_is_told_at_once_with_its_place(void **state) {
    (void)state;
    struct policy *p;
    struct policy_layer l[] = {layer("policies/demo.yaml", "shipped",
                                     "policy: dem\n"                    // 1
                                     "fee: 48000\n"                     // 2
                                     "feee: 1\n"                        // 3
                                     "start: 2027-02-30\n"              // 4
                                     "mode: refuze\n"                   // 5
                                     "open: 1\n"                        // 6
                                     "marks: { paper: 60, talk: 30 }\n" // 7
                                     "term: 90\n"),                     // 8
                               layer("school/policies/demo.yaml", "school",
                                     "limits:\n"                            // 1
                                     "  days: 0\n"                          // 2
                                     "  cities: { 北京: much, 上海: -1 }\n" // 3
                                     "  words: [近视, 乙肝携带]\n"          // 4
                                     "  day: 3\n")};                        // 5
    assert_int_equal(build(&p, l, 2), ERR_INVALID);
    struct buf b;
    buf_init(&b, arena);
    problem_text(&problem, &b);
    static const char *const want[] = {
        "policies/demo.yaml:1:9: policy_name: this file is named for the policy of demo",
        "policies/demo.yaml:2:6: fee: out_of_range: 48000 is above the maximum 200",
        "policies/demo.yaml:3:1: feee: unknown_key: there is no such key; did you mean fee",
        "policies/demo.yaml:4:8: start: type: must be a date such as 2026-09-01",
        "policies/demo.yaml:5:7: mode: choice: \"refuze\" is not a choice; did you mean refuse",
        "policies/demo.yaml:6:7: open: type: must be true or false",
        "policies/demo.yaml:7:8: marks: weights: the weights sum to 90, not to 100",
        "policies/demo.yaml:8:7: term: type: must be a duration such as 90d, 4h, 30m or 3wd",
        "school/policies/demo.yaml:2:9: limits.days: out_of_range: 0 is below the minimum 1",
        "school/policies/demo.yaml:3:17: limits.cities.北京: type: must be an amount such as 350 "
        "or 350.50",
        "school/policies/demo.yaml:3:27: limits.cities.上海: out_of_range: -1 is below the minimum "
        "0",
        "school/policies/demo.yaml:4:15: limits.words[1]: forbidden: unlawful",
        "school/policies/demo.yaml:5:3: limits.day: unknown_key: there is no such key; did you "
        "mean days"};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        if (!strstr(buf_str(&b), want[i])) fail_msg("missing: %s\nin:\n%s", want[i], buf_str(&b));
    assert_int_equal(problem.count, sizeof want / sizeof *want);
}

static void test_a_key_without_default_must_be_given(void **state) {
    (void)state;
    struct policy *p;
    struct policy_layer l = layer("policies/demo.yaml", "shipped", "policy: demo\n");
    assert_int_equal(build(&p, &l, 1), ERR_INVALID);
    assert_int_equal(problem.count, 1);
    assert_string_equal(problem.first->word, "required");
    assert_string_equal(problem.first->pointer, "start");
}

static void
test_a_school_overrides_key_by_key_and_each_value_knows_where_it_comes_from(void **state) {
    (void)state;
    struct policy *p;
    struct policy_layer l[] = {
        layer("policies/demo.yaml", "shipped",
              "policy: demo\nstart: 2027-09-01\nfee: 60\nlimits:\n  days: 5\n"),
        layer("school/policies/demo.yaml", "school", "policy: demo\n\nlimits: { days: 9 }\n")};
    assert_int_equal(build(&p, l, 2), ERR_OK);
    const struct policy_revision *r = policy_nth(p, 0);
    struct buf b;
    buf_init(&b, arena);
    policy_show(p, r, true, &b);
    assert_non_null(strstr(buf_str(&b), "fee = 6000    # shipped, policies/demo.yaml:3\n"));
    assert_non_null(
        strstr(buf_str(&b), "limits.days = 9    # school, school/policies/demo.yaml:3\n"));
    assert_non_null(
        strstr(buf_str(&b), "mode = \"refuse\"    # default, plugins/demo/policy.schema.yaml:7\n"));
}

static void test_revisions_follow_each_other_by_date(void **state) {
    (void)state;
    struct policy *p;
    struct policy_layer l[] = {
        layer("policies/demo.yaml", "shipped", "policy: demo\nstart: 2027-09-01\nfee: 60\n"),
        layer("policies/demo@2028.yaml", "shipped",
              "policy: demo\nvalid_from: 2028-01-01\nstart: 2028-09-01\n"),
        layer("school/policies/demo.yaml", "school",
              "policy: demo\nvalid_from: 2027-06-01\nfee: 70\n")};
    assert_int_equal(build(&p, l, 3), ERR_OK);
    assert_int_equal(policy_count(p), 3);
    assert_string_equal(policy_at(p, "2026-01-01")->valid_from, "");
    assert_non_null(strstr(policy_at(p, "2027-05-31")->json, "\"fee\":6000"));
    assert_non_null(strstr(policy_at(p, "2027-06-01")->json, "\"fee\":7000"));
    const struct policy_revision *last = policy_at(p, "2030-01-01");
    assert_string_equal(last->valid_from, "2028-01-01");
    assert_non_null(strstr(last->json, "2028-09-01"));
    assert_non_null(
        strstr(last->json, "\"fee\":7000")); // the school's word stands over a newer shipped file
    assert_true(policy_nth(p, 0)->id < 0);   // numbers of the database are positive
}

static void
test_before_the_first_date_there_is_no_policy_and_errors_are_not_repeated(void **state) {
    (void)state;
    struct policy *p;
    struct policy_layer l[] = {layer("policies/demo.yaml", "shipped",
                                     "policy: demo\nvalid_from: 2027-01-01\nstart: 2027-09-01\n"),
                               layer("school/policies/demo.yaml", "school",
                                     "policy: demo\nvalid_from: 2028-01-01\nfee: 1\n")};
    assert_int_equal(build(&p, l, 2), ERR_OK);
    assert_null(policy_at(p, "2026-12-31"));
    assert_int_equal(policy_count(p), 2);
    l[0] = layer("policies/demo.yaml", "shipped",
                 "policy: demo\nvalid_from: 2027-01-01\nstart: 2027-09-01\nfee: 900\nmode: x\n");
    l[1] = layer("school/policies/demo.yaml", "school",
                 "policy: demo\nvalid_from: 2028-01-01\nopen: false\n");
    assert_int_equal(build(&p, l, 2), ERR_INVALID);
    assert_int_equal(problem.count, 2);
}

static void test_the_hash_depends_on_values_alone(void **state) {
    (void)state;
    struct policy *p, *q, *r;
    struct policy_layer l = layer("a.yaml", "shipped", "start: 2027-09-01\nfee: 60\nmode: ask\n");
    assert_int_equal(build(&p, &l, 1), ERR_OK);
    l = layer("b.yaml", "school", "# moved about\nmode:   ask\nfee: 60.00\n\nstart: 2027-09-01\n");
    assert_int_equal(build(&q, &l, 1), ERR_OK);
    assert_string_equal(policy_nth(p, 0)->hash, policy_nth(q, 0)->hash);
    l = layer("b.yaml", "school", "mode: ask\nfee: 60.01\nstart: 2027-09-01\n");
    assert_int_equal(build(&r, &l, 1), ERR_OK);
    assert_string_not_equal(policy_nth(p, 0)->hash, policy_nth(r, 0)->hash);
    struct buf b;
    buf_init(&b, arena);
    policy_diff(schema, policy_nth(p, 0), policy_nth(r, 0), LANG_ZH, arena, &b);
    assert_string_equal(buf_str(&b), "fee (报名费): 60.00 -> 60.01 元\n");
}

static void test_the_json_schema_is_json_and_knows_every_key(void **state) {
    (void)state;
    struct buf b;
    json_t *j;
    buf_init(&b, arena);
    policy_schema_json(schema, &b);
    assert_int_equal(json_parse(arena, buf_str(&b), b.len, &j, &problem), ERR_OK);
    const json_t *keys = json_object_get(j, "properties");
    assert_int_equal(json_object_size(keys), 10);
    assert_true(json_is_false(json_object_get(j, "additionalProperties")));
    const json_t *days =
        json_object_get(json_object_get(json_object_get(keys, "limits"), "properties"), "days");
    assert_int_equal(json_integer_value(json_object_get(days, "maximum")), 30);
}

static void test_a_wrong_schema_is_refused_where_it_stands(void **state) {
    (void)state;
    static const char text[] =
        "policy: demo\nkeys:\n  a: { type: integr }\n  b: { type: choice }\n  c: { type: list }\n"
        "  d: { type: integer, defalt: 3 }\n  e: { type: integer, min: 3, default: 1 }\n";
    struct yaml *y;
    struct policy_schema *s;
    problem_init(&problem, arena);
    assert_int_equal(yaml_parse(arena, "s.yaml", text, strlen(text), &y, &problem), ERR_OK);
    assert_int_equal(policy_schema_load(arena, y, &s, &problem), ERR_INVALID);
    struct buf b;
    buf_init(&b, arena);
    problem_text(&problem, &b);
    assert_non_null(strstr(
        buf_str(&b), "s.yaml:3:6: type_unknown: a: unknown type \"integr\"; did you mean integer"));
    assert_non_null(strstr(buf_str(&b), "s.yaml:4:6: choices_missing"));
    assert_non_null(strstr(buf_str(&b), "s.yaml:5:6: of_missing"));
    assert_non_null(strstr(buf_str(&b), "s.yaml:6:23: unknown_key"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_values_reach_rules_with_money_in_minor_units_and_defaults_filled_in),
        TEST(test_every_error_of_every_layer_is_told_at_once_with_its_place),
        TEST(test_a_key_without_default_must_be_given),
        TEST(test_a_school_overrides_key_by_key_and_each_value_knows_where_it_comes_from),
        TEST(test_revisions_follow_each_other_by_date),
        TEST(test_before_the_first_date_there_is_no_policy_and_errors_are_not_repeated),
        TEST(test_the_hash_depends_on_values_alone),
        TEST(test_the_json_schema_is_json_and_knows_every_key),
        TEST(test_a_wrong_schema_is_refused_where_it_stands),
    };
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
