// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Declarations become a schema; what is wrong in them is said all at once, with its line.
#include "fixture.h"

static void test_a_declaration_becomes_tables_fields_and_a_workflow(void **state) {
    struct fixture *fx = *state;
    const struct entity *e = fx->applicants;
    assert_string_equal(e->full, "admissions.applicants");
    assert_string_equal(e->table, "r_admissions_applicants");
    assert_int_equal(e->nsubjects, 0);
    assert_true(e->has_sealed);
    assert_int_equal(fx->visits->nsubjects, 1);
    assert_int_equal(fx->visits->subjects[0], 0);
    assert_ptr_equal(fx->visits->fields[0].target, e);
    assert_string_equal(fx->visits->fields[1].to, "core.people");
    const struct field *f = entity_field(e, "fee");
    assert_int_equal(f->scale, 2);
    assert_int_equal(f->class, CLASS_INTERNAL);
    assert_false(f->sealed);
    assert_true(entity_field(e, "phone")->sealed);
    assert_string_equal(entity_field(e, "phone")->column, "f_phone");
    assert_string_equal(title_in(&entity_field(e, "region")->choices[2].title, LANG_EN, "?"), "东");
    assert_null(entity_field(e, "nothing"));
    assert_int_equal(entity_state(e, "admitted"), 2);
    assert_int_equal(entity_state(e, "lost"), -1);
    assert_int_equal(entity_state(fx->visits, "draft"), -1);
    const struct transition *t = entity_transition(e, "register");
    assert_int_equal(t->from, 1);
    assert_int_equal(t->to, 1);
    assert_string_equal(t->rule_decl->reads[1], "region");
    assert_null(entity_transition(e, "expel"));
    assert_string_equal(e->indexes[1].name, "i_admissions_applicants_state_region");
    assert_null(schema_plugin(fx->schema, "finance"));
    assert_null(schema_entity(fx->schema, "admissions", "claims"));
    assert_null(schema_entity_full(fx->schema, "admissions.visit", 16));
}

#define FIELDS(f)                                                                                  \
    "{\"name\":\"p\",\"entities\":[{\"name\":\"es\",\"file\":\"p.lua\",\"line\":7,\"fields\":[" f  \
    "]}]}"
#define ENTITY(more)                                                                               \
    "{\"name\":\"p\",\"entities\":[{\"name\":\"es\",\"file\":\"p.lua\",\"line\":7,\"fields\":[{"   \
    "\"name\":\"a\",\"type\":\"text\"},{\"name\":\"s\",\"type\":\"text\",\"class\":\"secret\"}]"   \
    "," more "}]}"
#define DERIVED(type, more)                                                                        \
    FIELDS("{\"name\":\"l\",\"type\":\"list\",\"fields\":[{\"name\":\"m\",\"type\":\"money\"},"    \
           "{\"name\":\"t\",\"type\":\"text\"}]},{\"name\":\"a\",\"type\":\"" type "\"," more "}")
#define FLOW(w) ENTITY("\"workflow\":" w)
static const struct {
    const char *word, *text;
} WRONG[] = {
    {"name_invalid", "{\"name\":\"Bad\"}"},
    {"name_reserved", "{\"name\":\"core\"}"},
    {"name_reserved", FIELDS("{\"name\":\"sort\",\"type\":\"text\"}")},
    {"name_invalid", FIELDS("{\"name\":\"x y\",\"type\":\"text\"}")},
    {"name_invalid", FIELDS("{\"type\":\"text\"}")},
    {"fields_invalid", FIELDS("")},
    {"type_unknown", FIELDS("{\"name\":\"a\",\"type\":\"txt\"}")},
    {"type_unknown", FIELDS("{\"name\":\"a\"}")},
    {"duplicate", FIELDS("{\"name\":\"a\",\"type\":\"text\"},{\"name\":\"a\",\"type\":\"text\"}")},
    {"choices_missing", FIELDS("{\"name\":\"a\",\"type\":\"choice\"}")},
    {"choice_invalid", FIELDS("{\"name\":\"a\",\"type\":\"choice\",\"choices\":[\"\"]}")},
    {"class_unknown", FIELDS("{\"name\":\"a\",\"type\":\"text\",\"class\":\"hidden\"}")},
    {"scale_invalid", FIELDS("{\"name\":\"a\",\"type\":\"decimal\",\"scale\":9}")},
    {"pattern_invalid", FIELDS("{\"name\":\"a\",\"type\":\"text\",\"pattern\":\"(\"}")},
    {"check_unknown", FIELDS("{\"name\":\"a\",\"type\":\"text\",\"check\":\"luhn\"}")},
    {"min_invalid", FIELDS("{\"name\":\"a\",\"type\":\"integer\",\"min\":\"x\"}")},
    {"max_invalid", FIELDS("{\"name\":\"a\",\"type\":\"integer\",\"max\":\"x\"}")},
    {"range_empty", FIELDS("{\"name\":\"a\",\"type\":\"integer\",\"min\":2,\"max\":1}")},
    {"default_invalid", FIELDS("{\"name\":\"a\",\"type\":\"integer\",\"default\":\"x\"}")},
    {"default_invalid", FIELDS("{\"name\":\"a\",\"type\":\"text\",\"default\":\"$me\"}")},
    {"default_invalid",
     FIELDS("{\"name\":\"a\",\"type\":\"choice\",\"choices\":[\"x\"],\"default\":\"y\"}")},
    {"default_invalid", FIELDS("{\"name\":\"a\",\"type\":\"integer\",\"default\":\"$today\"}")},
    {"reference_missing", FIELDS("{\"name\":\"a\",\"type\":\"reference\"}")},
    {"entity_unknown", FIELDS("{\"name\":\"a\",\"type\":\"reference\",\"to\":\"others\"}")},
    {"lines_missing", FIELDS("{\"name\":\"a\",\"type\":\"list\"}")},
    {"seal_invalid", FIELDS("{\"name\":\"a\",\"type\":\"person\",\"class\":\"secret\"}")},
    {"derived_invalid", FIELDS("{\"name\":\"a\",\"type\":\"integer\",\"derived\":\"sum(b)\"}")},
    {"derived_invalid", DERIVED("integer", "\"derived\":\"count(m)\"")},
    {"derived_invalid", DERIVED("integer", "\"derived\":\"count(l) \"")},
    {"derived_invalid", DERIVED("money", "\"derived\":\"count(l)\"")},
    {"derived_invalid", DERIVED("money", "\"derived\":\"sum(l.x)\"")},
    {"derived_invalid", DERIVED("integer", "\"derived\":\"sum(l.m)\"")},
    {"derived_invalid", DERIVED("text", "\"derived\":\"sum(l.t)\"")},
    {"derived_invalid", DERIVED("money", "\"derived\":\"sum(l.m)\",\"class\":\"public\"")},
    {"derived_invalid", DERIVED("money", "\"derived\":\"sum(l.m)\",\"min\":0")},
    {"derived_invalid", DERIVED("money", "\"derived\":\"sum(l.m)\",\"required\":true")},
    {"index_sealed", ENTITY("\"indexes\":[[\"s\"]]")},
    {"field_unknown", ENTITY("\"indexes\":[[\"b\"]]")},
    {"subject_unknown", ENTITY("\"subject\":\"a\"")},
    {"states_invalid", FLOW("{}")},
    {"state_unknown", FLOW("{\"start\":\"x\",\"states\":[{\"name\":\"a\",\"final\":true}]}")},
    {"state_unreachable", FLOW("{\"start\":\"a\",\"states\":[{\"name\":\"a\",\"final\":true},{"
                               "\"name\":\"b\",\"final\":true}]}")},
    {"state_stuck", FLOW("{\"start\":\"a\",\"states\":[{\"name\":\"a\"}]}")},
    {"state_not_final", FLOW("{\"start\":\"a\",\"states\":[{\"name\":\"a\",\"final\":true},{"
                             "\"name\":\"b\",\"final\":true}],"
                             "\"transitions\":[{\"name\":\"go\",\"from\":\"a\",\"to\":\"b\"}]}")},
    {"rule_unknown",
     FLOW("{\"start\":\"a\",\"states\":[{\"name\":\"a\"},{\"name\":\"b\",\"final\":true}],"
          "\"transitions\":[{\"name\":\"go\",\"from\":\"a\",\"to\":\"b\",\"rule\":\"r\"}]}")},
    {"field_unknown",
     FLOW("{\"start\":\"a\",\"states\":[{\"name\":\"a\"},{\"name\":\"b\",\"final\":true}],"
          "\"transitions\":[{\"name\":\"go\",\"from\":\"a\",\"to\":\"b\",\"needs\":[\"z\"]}]}")},
    {"entity_unknown", "{\"name\":\"p\",\"reports\":[{\"name\":\"r\",\"entity\":\"x\"}]}"},
};

static void test_every_wrong_declaration_is_refused_for_its_own_reason(void **state) {
    struct fixture *fx = *state;
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        enum err e;
        fixture_calm(fx);
        fixture_schema(fx->arena, WRONG[i].text, &fx->problem, &e);
        bool found = false;
        for (struct problem_item *it = fx->problem.first; it; it = it->next) {
            found |= !strcmp(it->word, WRONG[i].word);
            assert_non_null(it->file);
        }
        if (!found)
            print_error("%zu %s: %s\n", i, WRONG[i].word, WRONG[i].text),
                fixture_fail(&fx->problem);
        assert_true(found);
        assert_int_equal(e, ERR_INVALID);
    }
}

static void test_all_errors_come_at_once_with_their_lines_and_the_nearest_word(void **state) {
    struct fixture *fx = *state;
    enum err e;
    fixture_schema(fx->arena,
                   FIELDS("{\"name\":\"a\",\"type\":\"integr\",\"file\":\"f.lua\",\"line\":4},"
                          "{\"name\":\"b\",\"type\":\"choice\",\"file\":\"f.lua\",\"line\":5}"),
                   &fx->problem, &e);
    assert_int_equal(e, ERR_INVALID);
    assert_int_equal(fx->problem.count, 2);
    struct problem_item *it = fx->problem.first;
    assert_string_equal(it->file, "f.lua");
    assert_int_equal(it->line, 4);
    assert_non_null(strstr(it->detail, "did you mean integer"));
    assert_int_equal(it->next->line, 5);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_a_declaration_becomes_tables_fields_and_a_workflow),
        T(test_every_wrong_declaration_is_refused_for_its_own_reason),
        T(test_all_errors_come_at_once_with_their_lines_and_the_nearest_word),
    };
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
