// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Releases: built from what is shipped and what a home holds, checked whole, stored, compared,
// swapped and rolled back. The shipped plugins and policies are themselves the first case.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "campus/fsio.h"
#include "campus/home.h"
#include "campus/mem.h"
#include "campus/release.h"
#include "campus/store.h"
#include "host_child.h"

static struct arena *arena;
static struct problem problem;
static char home[64];
static struct config config;

static void put(const char *path, const char *text) {
    struct problem p;
    problem_init(&p, arena);
    char *full = fsio_join(arena, home, path), *slash = strrchr(full, '/');
    *slash = 0;
    assert_int_equal(fsio_mkdirs(full, 0700, &p), ERR_OK);
    *slash = '/';
    assert_int_equal(fsio_write(full, text, strlen(text), 0600, &p), ERR_OK);
}

static int set_up(void **state) {
    (void)state;
    arena = arena_new(64 << 20);
    char here[512];
    setenv("CAMPUSD_SHARE", getcwd(here, sizeof here), 0); // tests run at the top of the tree
    strcpy(home, "/tmp/test_release.XXXXXX");
    assert_non_null(mkdtemp(home));
    put("campusd.yaml", "school: { id: school-1, name: 示范学校 }\n");
    problem_init(&problem, arena);
    assert_int_equal(config_load(arena, home, &config, &problem), ERR_OK);
    config.weak_jail = true;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", home);
    int rc = system(command);
    arena_free(arena);
    return rc;
}

static void complain(void) {
    struct buf b;
    buf_init(&b, arena);
    problem_text(&problem, &b);
    print_message("%s", buf_str(&b));
}

static struct release *build(void) {
    struct release *r = NULL;
    problem_init(&problem, arena);
    enum err e = release_build(&config, 1, &r, &problem);
    if (e) complain();
    assert_int_equal(e, ERR_OK);
    return r;
}

static void test_what_is_shipped_builds(void **state) {
    (void)state;
    struct release *r = build();
    const struct entity *e = schema_entity(r->schema, "admissions", "applicants");
    assert_non_null(e);
    assert_true(e->nfields > 13);
    assert_true(entity_field(e, "id_number")->sealed);
    assert_int_equal(entity_field(e, "score")->max, 7500);
    assert_true(e->nindexes >= 3);
    assert_non_null(entity_transition(e, "assess")->rule_decl);
    assert_true(e->plugin->nreports >= 3);
    const struct policy_revision *v = release_policy(r, e->plugin, "2026-11-24");
    assert_non_null(v);
    assert_non_null(strstr(v->json, "\"at\":\"2027-09-01\""));
    assert_true(access_role(r->access, "admissions.lead") > 0);
    release_put(r);
}

static bool asks(struct release *r, const char *birth, const char *education, int64_t score,
                 const char *health, const char **why) {
    const struct entity *e = schema_entity(r->schema, "admissions", "applicants");
    struct host_field f[] = {{"birth_date", value_text(birth), 0},
                             {"education", value_text(education), 0},
                             {"score", score < 0 ? value_null() : value_int(score), 1},
                             {"region", value_text("浙江"), 0},
                             {"health_note", value_text(health), 0},
                             {"documents", value_null(), 0}};
    struct host_rule call = {
        "admissions", "eligible", release_policy(r, e->plugin, "2026-11-24")->id,
        "2026-11-24", f,          6,
        NULL};
    struct host_decision d;
    problem_init(&problem, arena);
    enum err x = pool_rule(r->pool, &call, arena, &d, &problem);
    if (x) complain();
    assert_int_equal(x, ERR_OK);
    *why = "";
    for (size_t i = 0; i < d.count; i++)
        if (!d.reasons[i].ok) *why = d.reasons[i].code;
    return d.pass;
}

static void test_the_eligibility_rule_judges_age_education_score_and_health(void **state) {
    (void)state;
    struct release *r = build();
    const char *why;
    assert_true(asks(r, "2009-05-01", "senior", 4205, "良好", &why));
    assert_true(asks(r, "2012-09-01", "senior", 3000, NULL, &why));
    assert_false(asks(r, "2012-09-02", "senior", 3000, NULL, &why));
    assert_string_equal(why, "too_young");
    assert_false(asks(r, "1999-05-01", "senior", 4205, NULL, &why));
    assert_string_equal(why, "too_old");
    assert_false(asks(r, "2009-05-01", "senior", 2999, NULL, &why));
    assert_string_equal(why, "score");
    assert_false(asks(r, "2009-05-01", "senior", -1, NULL, &why));
    assert_string_equal(why, "score_missing");
    assert_true(asks(r, "2009-05-01", "college", -1, NULL, &why));
    assert_false(asks(r, "2009-05-01", "senior", 4205, "患有严重心脏病", &why));
    assert_string_equal(why, "health");
    release_put(r);
}

static void test_the_sample_people_hold_roles_that_exist_and_agree(void **state) {
    (void)state;
    struct release *r = build();
    char *text;
    size_t n, i, k;
    json_t *j, *one, *role;
    assert_int_equal(fsio_read(arena, "examples/school/people.json", 1 << 20, &text, &n, &problem),
                     ERR_OK);
    assert_int_equal(json_parse(arena, text, n, &j, &problem), ERR_OK);
    assert_true(json_array_size(json_object_get(j, "users")) > 10);
    json_array_foreach(json_object_get(j, "users"), i, one) {
        struct fieldset set = {0};
        json_array_foreach(json_object_get(one, "roles"), k, role) {
            int number = access_role(r->access, json_string_value(role));
            assert_true(number > 0);
            access_role_closure(r->access, number, &set);
        }
        assert_int_equal(access_roles_agree(r->access, &set, &problem), ERR_OK);
    }
    release_put(r);
}

static bool sees(struct release *r, const char *role, const char *verb, const char *field,
                 bool *masked) {
    const struct entity *e = schema_entity(r->schema, "admissions", "applicants");
    struct actor a = {.id = "p", .campus = "东校区"};
    struct verdict v;
    access_role_closure(r->access, access_role(r->access, role), &a.roles);
    access_role_closure(r->access, access_role(r->access, "everyone"), &a.roles);
    access_decide(r->access, &a, e, verb, NULL, &v);
    int i = entity_field(e, field)->index;
    *masked = fieldset_has(&v.masked, i);
    return v.allowed && (*masked || fieldset_has(&v.clear, i));
}

static void test_the_administrator_sees_no_sealed_field_and_decides_nothing(void **state) {
    (void)state;
    struct release *r = build();
    bool masked;
    assert_true(sees(r, "admin", "read", "name", &masked));
    static const char *const sealed[] = {"id_number", "health_note", "phone", "guardian_phone"};
    for (int i = 0; i < 4; i++) assert_false(sees(r, "admin", "read", sealed[i], &masked));
    static const char *const verbs[] = {"create", "update", "reveal", "qualify",
                                        "admit",  "export", "delete"};
    for (int i = 0; i < 7; i++) assert_false(sees(r, "admin", verbs[i], "name", &masked));
    assert_true(sees(r, "admissions.staff", "read", "phone", &masked));
    assert_true(masked);
    assert_false(sees(r, "admissions.staff", "read", "health_note", &masked));
    assert_false(sees(r, "admissions.staff", "qualify", "name", &masked));
    assert_true(sees(r, "admissions.lead", "qualify", "name", &masked));
    assert_false(sees(r, "marketing", "read", "name", &masked));
    release_put(r);
}

static const char *refusal(void) {
    struct release *r = NULL;
    struct buf b;
    problem_init(&problem, arena);
    assert_int_equal(release_build(&config, 1, &r, &problem), ERR_INVALID);
    assert_null(r);
    buf_init(&b, arena);
    problem_text(&problem, &b);
    return buf_str(&b);
}

static void holds(const char *text, const char *line) {
    if (!strstr(text, line)) fail_msg("missing: %s\nin:\n%s", line, text);
}

static void test_what_is_wrong_in_all_files_is_told_at_once(void **state) {
    (void)state;
    put("policies/admissions.yaml", "policy: admissions\nage: { min: 5 }\nhealth:\n  exclude: "
                                    "[HBsAg 阳性]\nregions: { nationwide: yes }\n");
    put("policies/admision.yaml", "policy: admision\n");
    put("policies/access.yaml",
        "policy: access\nroles: { admin: {} }\nrules:\n"
        "  - { name: r, allow: [raed], entity: admissions.applicants, roles: [admn] }\n");
    put("plugins/notes/plugin.lua",
        "local f = campus.field\nreturn { title = 'x', entities = { notes = campus.entity {\n"
        "  fields = { state = f.text {}, kind = f.choice {} } } } }\n");
    put("plugins/notes/locale/zh-CN.yaml", "reasons: { a: { pass: 好, fail: 坏 } }\n");
    put("plugins/notes/locale/en.yaml", "reasons: { b: { pass: good, fail: bad } }\n");
    const char *text = refusal();
    holds(text,
          "school/policies/admissions.yaml:2:13: age.min: out_of_range: 5 is below the minimum 10");
    holds(text,
          "school/policies/admissions.yaml:4:13: health.exclude[0]: forbidden: 教学厅〔2010〕2号");
    holds(text, "school/policies/admissions.yaml:5:24: ambiguous_boolean");
    holds(text, "school/policies/admision.yaml:1:1: policy_unknown: no plugin has a policy "
                "\"admision\"; did you mean admissions");
    holds(text, "school/policies/access.yaml:4:24: verb_unknown: \"raed\" is no verb and no "
                "transition; did you mean read");
    holds(text, "role_unknown: there is no role \"admn\"; did you mean admin");
    holds(text, "plugins/notes/plugin.lua:3:14: name_reserved: field \"state\"");
    holds(text, "plugins/notes/plugin.lua:3:33: choices_missing");
    holds(text, "plugins/notes/locale/zh-CN.yaml:1:12: untranslated: a is not in en.yaml");
    holds(text, "plugins/notes/locale/en.yaml:1:12: untranslated: b is not in zh-CN.yaml");
}

static void test_a_plugin_that_does_not_load_is_the_only_thing_told_about_itself(void **state) {
    (void)state;
    put("plugins/notes/plugin.lua", "return {\n");
    const char *text = refusal();
    holds(text, "plugins/notes/plugin.lua:2:1: syntax: ");
    assert_int_equal(problem.count, 1);
}

static struct db *open_db(struct release *r) {
    struct db *db;
    problem_init(&problem, arena);
    assert_int_equal(db_open(config.storage, DB_WRITE, &db, &problem), ERR_OK);
    assert_int_equal(store_migrate(db, r->schema, home_ddl(arena), &problem), ERR_OK);
    return db;
}

static void test_a_release_is_stored_once_listed_compared_and_built_again_as_it_was(void **state) {
    (void)state;
    struct release *one = build(), *same = build();
    assert_string_equal(one->hash, same->hash);
    struct db *db = open_db(one);
    assert_int_equal(release_store(db, one, "admin", 1000, &problem), ERR_OK);
    assert_int_equal(release_store(db, same, "admin", 2000, &problem), ERR_OK);
    assert_int_equal(one->number, 1);
    assert_int_equal(same->number, 1);
    release_put(same);
    put("policies/admissions.yaml", "policy: admissions\nage: { min: 16 }\n");
    put("plugins/notes/plugin.lua",
        "local f = campus.field\nreturn { title = 'x', entities = { notes = campus.entity { fields "
        "= { text = f.text {} } } } }\n");
    struct release *two = build();
    assert_string_not_equal(one->hash, two->hash);
    assert_int_equal(release_store(db, two, "admin", 3000, &problem), ERR_OK);
    assert_int_equal(two->number, 2);
    int64_t active = 0;
    assert_int_equal(release_active_number(db, &active, &problem), ERR_OK);
    assert_int_equal(active, 2);
    struct buf b;
    buf_init(&b, arena);
    release_diff(one, two, &b);
    holds(buf_str(&b), "+ plugins/notes/plugin.lua\n");
    holds(buf_str(&b), "+ school/policies/admissions.yaml\n");
    holds(buf_str(&b), "age.min (最低年龄): 15 -> 16 岁\n");
    buf_init(&b, arena);
    release_list_json(db, &b, &problem);
    json_t *j;
    assert_int_equal(json_parse(arena, buf_str(&b), b.len, &j, &problem), ERR_OK);
    const json_t *items = json_object_get(j, "items");
    assert_int_equal(json_array_size(items), 2);
    assert_true(json_is_true(json_object_get(json_array_get(items, 0), "active")));
    assert_true(json_is_false(json_object_get(json_array_get(items, 1), "active")));
    // back to the first, from the database alone
    struct release *back = NULL;
    assert_int_equal(release_build_stored(&config, db, 1, 1, &back, &problem), ERR_OK);
    assert_string_equal(back->hash, one->hash);
    assert_null(schema_plugin(back->schema, "notes"));
    assert_int_equal(release_store(db, back, "admin", 4000, &problem), ERR_OK);
    assert_int_equal(release_active_number(db, &active, &problem), ERR_OK);
    assert_int_equal(active, 1);
    const char *why;
    assert_true(asks(back, "2012-08-01", "senior", 4205, NULL,
                     &why)); // under the number the database gave its policy
    assert_false(asks(two, "2012-08-01", "senior", 4205, NULL, &why));
    // what its plugins declare need not be asked again, unless by another program
    struct release *known = NULL;
    for (int other = 0; other < 2; other++) {
        assert_int_equal(release_build_stored(&config, db, 1, 1, &known, &problem), ERR_OK);
        assert_int_equal(known->declared_kept, !other);
        assert_int_equal(known->schema->nentities, back->schema->nentities);
        assert_true(asks(known, "2012-08-01", "senior", 4205, NULL, &why));
        release_put(known);
        assert_int_equal(
            db_run(db, &problem, NULL, "UPDATE core_declared SET heard=heard||'x'", ""), ERR_OK);
    }
    // what was stored is checked when it is built again
    problem_init(&problem, arena);
    assert_int_equal(
        db_run(db, &problem, NULL,
               "UPDATE core_release_blob SET text='policy: admissions' WHERE text LIKE '%min: 16%'",
               ""),
        ERR_OK);
    struct release *bad = NULL;
    assert_int_equal(release_build_stored(&config, db, 2, 1, &bad, &problem), ERR_CORRUPT);
    problem_init(&problem, arena);
    assert_int_equal(release_build_stored(&config, db, 9, 1, &bad, &problem), ERR_NOT_FOUND);
    db_close(db);
    release_put(one);
    release_put(two);
    release_put(back);
}

static void test_a_policy_can_be_tried_beside_the_one_in_force(void **state) {
    (void)state;
    put("policies/admissions.yaml", "age: { max: 40 }\n");
    struct release *r = build();
    const struct plugin *pl = schema_plugin(r->schema, "admissions");
    struct pool *pool;
    struct policy *policy;
    static const char yaml[] = "age: { min: 17 }\n", wrong[] = "age: { mni: 17 }\n";
    problem_init(&problem, arena);
    assert_int_equal(release_trial(r, pl, yaml, strlen(yaml), arena, &pool, &policy, &problem),
                     ERR_OK);
    struct host_field f[] = {{"birth_date", value_text("2011-05-01"), 0},
                             {"education", value_text("college"), 0}};
    struct host_rule call = {
        "admissions", "eligible", policy_at(policy, "2026-11-24")->id, "2026-11-24", f, 2, NULL};
    struct host_decision d;
    assert_int_equal(pool_rule(pool, &call, arena, &d, &problem), ERR_OK);
    assert_false(d.pass);
    pool_close(pool);
    assert_non_null(
        strstr(policy_nth(policy, 0)->json, "\"max\":25")); // in place of the school's own
    const char *why;
    assert_true(asks(r, "2011-05-01", "college", -1, NULL, &why));
    problem_init(&problem, arena);
    assert_int_equal(release_trial(r, pl, wrong, strlen(wrong), arena, &pool, &policy, &problem),
                     ERR_INVALID);
    assert_string_equal(problem.first->file, "candidate");
    assert_int_equal(problem.first->col, 8);
    release_put(r);
}

static void test_who_holds_a_release_keeps_it_when_another_takes_its_place(void **state) {
    (void)state;
    struct release *one = build();
    char first[17];
    strcpy(first, one->id);
    release_swap(one);
    struct release *held = release_get();
    put("policies/admissions.yaml", "policy: admissions\nage: { min: 16 }\n");
    release_swap(build());
    struct release *now = release_get();
    assert_string_not_equal(now->id, first);
    const char *why;
    assert_true(asks(held, "2012-08-01", "senior", 4205, NULL, &why));
    assert_false(asks(now, "2012-08-01", "senior", 4205, NULL, &why));
    release_put(held);
    release_put(now);
    release_swap(NULL);
}

int main(int argc, char **argv) {
    if (is_child(argc, argv)) return run_child(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_policy_can_be_tried_beside_the_one_in_force, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_shipped_builds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_sample_people_hold_roles_that_exist_and_agree,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_the_administrator_sees_no_sealed_field_and_decides_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_wrong_in_all_files_is_told_at_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_plugin_that_does_not_load_is_the_only_thing_told_about_itself, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_release_is_stored_once_listed_compared_and_built_again_as_it_was, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(
            test_who_holds_a_release_keeps_it_when_another_takes_its_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_the_eligibility_rule_judges_age_education_score_and_health, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("release", tests, NULL, NULL);
}
