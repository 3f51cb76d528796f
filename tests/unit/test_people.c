// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#include "campus/directory.h"
#include "campus/password.h"
#include "campus/people.h"
#include "campus/yaml.h"
#include "fixture.h"

static struct fixture *fx;
static struct access *x;
static char wang[37], li[37];
static const char TODAY[] = "2026-09-01";

static const char RULES[] =
    "roles:\n  clerk: {}\n  lead: { includes: [clerk] }\n  auditor: {}\n  nurse: {}\n"
    "exclusive: [{ name: two hats, roles: [auditor, lead] }]\n"
    "rules:\n"
    "  - name: own campus\n    allow: [read]\n    entity: admissions.applicants\n"
    "    roles: [clerk]\n    when: { code: $actor.campus }\n";

static void add(const char *name, const char *campus, const char *role, char id[37]) {
    const char *roles[] = {role};
    struct person_new n = {
        .name = name, .display = name, .campus = campus, .roles = roles, .nroles = role ? 1 : 0};
    OK(fx, people_add(fx->db, x, &n, "p-0", NOW_MS, id, &fx->problem));
}

static int people_start(void **state) {
    fixture_open(state);
    fx = *state;
    struct yaml *y;
    OK(fx, yaml_parse(fx->arena, "access.yaml", RULES, sizeof RULES - 1, &y, &fx->problem));
    OK(fx, access_compile(fx->arena, y, fx->schema, &x, &fx->problem));
    char *ddl = arena_strdup(fx->arena, people_ddl);
    OK(fx, store_migrate(fx->db, fx->schema, ddl, &fx->problem));
    add("wang.li", "east", "clerk", wang);
    add("李雷", "west", NULL, li);
    return 0;
}

static const struct actor *as(const char *person) {
    fixture_calm(fx);
    return people_actor(fx->db, x, person, TODAY, fx->arena, &fx->problem);
}

static bool holds(const struct actor *a, const char *role) {
    return fieldset_has(&a->roles, access_role(x, role));
}

static enum err give(const char *person, const char *one, const char *two) {
    const char *roles[] = {one, two};
    fixture_calm(fx);
    return people_set_roles(fx->db, x, person, roles, (one != NULL) + (two != NULL), "p-0", NOW_MS,
                            &fx->problem);
}

static enum err lend(const char *from, const char *to, const char *role, const char *since,
                     const char *until, char id[37]) {
    const char *roles[] = {role};
    struct delegation_new n = {.person = from,
                               .to = to,
                               .from = since,
                               .until = until,
                               .roles = role ? roles : NULL,
                               .nroles = role ? 1 : 0};
    fixture_calm(fx);
    return people_delegate(fx->db, x, &n, id, &fx->problem);
}

static void test_a_name_is_taken_in_every_spelling(void **state) {
    (void)state;
    char id[37];
    static const char *const bad[] = {"Wang.Li", "wang-.li", "x",   "a b", "a/b",
                                      "",        "<b>",      "a|b", "--"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct person_new n = {.name = bad[i]};
        fixture_calm(fx);
        enum err e = people_add(fx->db, x, &n, "p-0", NOW_MS, id, &fx->problem);
        assert_int_equal(e, i < 2 ? ERR_CONFLICT : ERR_INVALID);
        assert_string_equal(fixture_word(fx), i < 2 ? "unique" : "name_invalid");
    }
    const char *roles[] = {"clerc"};
    struct person_new n = {.name = "han", .roles = roles, .nroles = 1};
    fixture_calm(fx);
    assert_int_equal(people_add(fx->db, x, &n, "p-0", NOW_MS, id, &fx->problem), ERR_INVALID);
    assert_string_equal(fixture_word(fx), "role_unknown");
}

static void test_an_actor_is_what_the_tables_say_today(void **state) {
    (void)state;
    OK(fx, give(wang, "lead", "nurse"));
    OK(fx, db_exec(fx->db, "INSERT INTO core_member VALUES('x','g0','2026-01-01','2026-12-31')",
                   &fx->problem));
    OK(fx, db_run(fx->db, &fx->problem, NULL,
                  "INSERT INTO core_member(person,grp,from_date,until_date) "
                  "VALUES($1,'g1','2026-09-01','2026-09-01'),"
                  "($1,'g2','2026-01-01','2026-08-31'),($1,'g3','2026-09-02','2026-12-31')",
                  "t", wang));
    OK(fx, people_set_fact(fx->db, wang, "nda", "2026-01-01", "2026-12-31", "p-0", &fx->problem));
    OK(fx, people_set_fact(fx->db, wang, "old", "2025-01-01", "2025-12-31", "p-0", &fx->problem));
    OK(fx, db_run(fx->db, &fx->problem, NULL, "UPDATE core_people SET supervisor=$1 WHERE id=$2",
                  "tt", wang, li));
    const struct actor *a = as(wang);
    assert_non_null(a);
    assert_string_equal(a->name, "wang.li");
    assert_string_equal(a->campus, "east");
    assert_true(holds(a, "lead") && holds(a, "clerk") && holds(a, "nurse") && holds(a, "everyone"));
    assert_false(holds(a, "auditor"));
    assert_int_equal(a->ngroups, 1);
    assert_string_equal(a->groups[0], "g1");
    assert_int_equal(a->nfacts, 1);
    assert_string_equal(a->facts[0], "nda");
    assert_int_equal(a->nsupervised, 1);
    assert_string_equal(a->supervised[0], li);
    assert_null(a->behind);
    assert_null(as("nobody"));
    assert_int_equal(fx->problem.code, ERR_OK);
    OK(fx, people_disable(fx->db, wang, true, NOW_MS, &fx->problem));
    assert_null(as(wang));
    OK(fx, people_disable(fx->db, wang, false, NOW_MS, &fx->problem));
    assert_non_null(as(wang));
}

static void test_roles_that_exclude_each_other_are_not_given_together(void **state) {
    (void)state;
    assert_int_equal(give(wang, "lead", "auditor"), ERR_CONFLICT);
    assert_true(holds(as(wang), "clerk")); // unchanged
    assert_int_equal(give(wang, "auditor", "clerk"), ERR_OK);
    assert_int_equal(give("nobody", "clerk", NULL), ERR_NOT_FOUND);
    assert_int_equal(give(wang, "clerk", "clerk"), ERR_OK);
}

static void test_one_lends_what_one_holds_for_a_while(void **state) {
    (void)state;
    char id[37];
    OK(fx, give(wang, "lead", "nurse"));
    assert_int_equal(lend(wang, li, "auditor", "2026-09-01", "2026-09-30", id), ERR_INVALID);
    assert_string_equal(fixture_word(fx), "role_not_held");
    assert_int_equal(lend(wang, wang, NULL, "2026-09-01", "2026-09-30", id), ERR_INVALID);
    assert_int_equal(lend(wang, li, NULL, "2026-09-30", "2026-09-01", id), ERR_INVALID);
    assert_int_equal(lend(wang, li, NULL, "2026-09-31", "2026-10-01", id), ERR_INVALID);
    assert_int_equal(lend(wang, "nobody", NULL, "2026-09-01", "2026-09-30", id), ERR_NOT_FOUND);
    assert_int_equal(lend(wang, li, "clerk", "2026-09-02", "2026-09-30", id), ERR_OK);
    assert_null(as(li)->behind); // tomorrow
    assert_int_equal(lend(wang, li, "clerk", "2026-09-01", "2026-09-01", id), ERR_OK);
    const struct actor *a = as(li);
    assert_false(holds(a, "clerk")); // not one's own
    assert_non_null(a->behind);
    assert_null(a->behind->behind);
    assert_string_equal(a->behind->id, wang);
    assert_string_equal(a->behind->campus, "east");
    assert_true(holds(a->behind, "clerk"));
    assert_false(holds(a->behind, "lead") || holds(a->behind, "nurse"));
    assert_true(fieldset_has(&a->behind->kept, access_role(x, "lead")));
    // the rule is bound to the lender's campus, not to the borrower's
    struct record r;
    OK(fx, fixture_insert(fx, fx->applicants, "{\"name\":\"a\",\"code\":\"east\"}", &r));
    struct verdict v;
    access_decide(x, a, fx->applicants, "read", &r, &v);
    assert_true(v.allowed);
    OK(fx, fixture_insert(fx, fx->applicants, "{\"name\":\"a\",\"code\":\"west\"}", &r));
    access_decide(x, a, fx->applicants, "read", &r, &v);
    assert_false(v.allowed);
    // what was lent is not lent on
    char han[37];
    add("han", NULL, NULL, han);
    assert_int_equal(lend(li, han, "clerk", "2026-09-01", "2026-09-30", id), ERR_INVALID);
    assert_int_equal(lend(li, han, NULL, "2026-09-01", "2026-09-30", id), ERR_OK);
    a = as(han);
    assert_false(holds(a->behind, "clerk"));
    assert_null(a->behind->behind);
    // who has left lends nothing; a role that is taken away is taken from the borrower too
    OK(fx, give(wang, "nurse", NULL));
    assert_false(holds(as(li)->behind, "clerk"));
    OK(fx, people_disable(fx->db, wang, true, NOW_MS, &fx->problem));
    assert_null(as(li)->behind);
}

static void test_lending_does_not_defeat_exclusive_duties(void **state) {
    (void)state;
    char id[37];
    OK(fx, give(wang, "lead", NULL));
    OK(fx, give(li, "auditor", NULL));
    assert_int_equal(lend(wang, li, NULL, TODAY, TODAY, id), ERR_CONFLICT);
    assert_int_equal(lend(wang, li, "lead", TODAY, TODAY, id), ERR_CONFLICT);
    assert_int_equal(lend(wang, li, "clerk", TODAY, TODAY, id), ERR_OK);
    assert_non_null(as(li)->behind);
    // lent first, then made an auditor: the loan is left out
    char han[37];
    add("han", NULL, NULL, han);
    assert_int_equal(lend(wang, han, "lead", TODAY, TODAY, id), ERR_OK);
    assert_non_null(as(han)->behind);
    OK(fx, give(han, "auditor", NULL));
    assert_null(as(han)->behind);
    // two lenders whose roles exclude each other: the second is left out
    char sun[37];
    add("sun", NULL, NULL, sun);
    assert_int_equal(lend(wang, sun, "lead", TODAY, TODAY, id), ERR_OK);
    assert_int_equal(lend(li, sun, "auditor", TODAY, TODAY, id), ERR_OK);
    assert_non_null(as(sun)->behind);
    assert_null(as(sun)->behind->behind);
}

static void test_the_chart_tells_who_belongs_where_until_it_is_over(void **state) {
    (void)state;
    char id[37];
    struct buf b;
    struct post head = {wang, "head", "office", "2026-01-01", "2026-12-31", true};
    struct post past = {li, "head", "office", "2026-01-01", "2026-08-31", false};
    OK(fx, directory_post_set(fx->db, &head, &fx->problem));
    OK(fx, directory_post_set(fx->db, &past, &fx->problem));
    OK(fx, directory_join(fx->db, li, "office", "2026-09-02", "9999-12-31", &fx->problem));
    OK(fx, directory_join(fx->db, wang, "office", "2026-01-01", "2026-08-31", &fx->problem));
    OK(fx, directory_update(fx->db, li, NULL, NULL, wang, &fx->problem));
    OK(fx, lend(wang, li, "clerk", TODAY, "2026-09-30", id));
    buf_init(&b, fx->arena);
    OK(fx, directory_chart_json(fx->db, TODAY, &b, &fx->problem));
    const char *want = arena_printf(
        fx->arena,
        "{\"people\":[{\"id\":\"%s\",\"display\":\"wang.li\",\"campus\":\"east\",\"supervisor\":"
        "null},"
        "{\"id\":\"%s\",\"display\":\"李雷\",\"campus\":\"west\",\"supervisor\":\"%s\"}],"
        "\"roles\":[{\"person\":\"%s\",\"role\":\"clerk\"}],"
        "\"members\":[{\"person\":\"%s\",\"group\":\"office\",\"from\":\"2026-09-02\","
        "\"until\":\"9999-12-31\"}],"
        "\"posts\":[{\"person\":\"%s\",\"post\":\"head\",\"group\":\"office\",\"from\":\"2026-01-"
        "01\","
        "\"until\":\"2026-12-31\",\"acting\":true}],"
        "\"delegations\":[{\"person\":\"%s\",\"to\":\"%s\",\"from\":\"2026-09-01\","
        "\"until\":\"2026-09-30\",\"roles\":",
        wang, li, wang, wang, li, wang, wang, li);
    assert_int_equal(strncmp(buf_str(&b), want, strlen(want)), 0);
    // who has left is in none of it
    OK(fx, people_disable(fx->db, wang, true, NOW_MS, &fx->problem));
    buf_init(&b, fx->arena);
    OK(fx, directory_chart_json(fx->db, TODAY, &b, &fx->problem));
    assert_null(strstr(buf_str(&b), "wang.li"));
    assert_non_null(strstr(buf_str(&b), "\"posts\":[],\"delegations\":[]}"));
}

#define PEOPLE(f) cmocka_unit_test_setup_teardown(f, people_start, fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        PEOPLE(test_a_name_is_taken_in_every_spelling),
        PEOPLE(test_an_actor_is_what_the_tables_say_today),
        PEOPLE(test_roles_that_exclude_each_other_are_not_given_together),
        PEOPLE(test_one_lends_what_one_holds_for_a_while),
        PEOPLE(test_lending_does_not_defeat_exclusive_duties),
        PEOPLE(test_the_chart_tells_who_belongs_where_until_it_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
