// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Approvals below the gate: who is asked, what a case keeps, paper that nobody confirms, and that a
// dry run writes nothing. tests/api/approvals.test.mjs has the rest.
#include "campus/approval.h"
#include "campus/people.h"
#include "campus/todo.h"
#include "campus/yaml.h"
#include "fixture.h"

static const char PLUGIN[] =
    "{\"name\":\"papers\",\"version\":\"1\",\"entities\":[{\"name\":\"plans\",\"file\":\"p.lua\","
    "\"line\":4,"
    "\"fields\":[{\"name\":\"name\",\"type\":\"text\"},{\"name\":\"amount\",\"type\":\"money\"},"
    "{\"name\":\"claimant\",\"type\":\"person\"}],"
    "\"workflow\":{\"start\":\"open\",\"states\":[{\"name\":\"open\"},{\"name\":\"done\",\"final\":"
    "true}],"
    "\"transitions\":[{\"name\":\"approve\",\"from\":\"open\",\"to\":\"done\",\"line\":9,"
    "\"approvals\":%s,\"never_by\":[\"claimant\"],\"otherwise\":\"%s\",\"paper\":\"2d\"}]}}]}";
static const char STEPS[] =
    "{\"steps\":[{\"head_of\":\"claimant\"},{\"role\":\"leader\"}],"
    "\"add\":[{\"above\":100,\"field\":\"amount\",\"step\":\"deputy\",\"before\":\"leader\"}]}";
static const char RULES[] = "roles:\n  leader: {}\n  deputy: {}\n  keeper: {}\nrules:\n"
                            "  - { name: all, allow: [read, create, approve], entity: papers.plans,"
                            " roles: [everyone] }\n"
                            "  - { name: keep, permissions: [core.approvals, core.paper], roles: "
                            "[keeper] }\n";
static const char TODAY[] = "2026-09-01";

static struct fixture *fx;
static struct access *x;
static struct schema *schema;
static const struct entity *plans;
static struct approval_plans *declared;
static char boss[37], leader[37], clerk[37], keeper[37];

static void add(const char *name, const char *role, char id[37]) {
    const char *roles[] = {role};
    struct person_new n = {.name = name, .roles = roles, .nroles = role ? 1 : 0};
    OK(fx, people_add(fx->db, x, &n, "p-0", NOW_MS, id, &fx->problem));
}

static enum err declare(const char *steps, const char *otherwise) {
    enum err e;
    fixture_calm(fx);
    schema = fixture_schema(fx->arena, arena_printf(fx->arena, PLUGIN, steps, otherwise),
                            &fx->problem, &e);
    OK(fx, e);
    plans = schema->entities[0];
    struct yaml *y;
    OK(fx, yaml_parse(fx->arena, "access.yaml", RULES, sizeof RULES - 1, &y, &fx->problem));
    OK(fx, access_compile(fx->arena, y, schema, &x, &fx->problem));
    struct policy *none[1] = {NULL};
    return approval_compile(fx->arena, schema, x, none, &declared, &fx->problem);
}

static int approval_start(void **state) {
    fixture_open(state);
    fx = *state;
    OK(fx, declare(STEPS, "climb"));
    const char *ddl = arena_printf(fx->arena, "%s%s%s", people_ddl, todo_ddl, approval_ddl);
    OK(fx, store_migrate(fx->db, schema, ddl, &fx->problem));
    add("boss", NULL, boss);
    add("leader", "leader", leader);
    add("clerk", NULL, clerk);
    add("keeper", "keeper", keeper);
    OK(fx, directory_update(fx->db, clerk, NULL, NULL, boss, &fx->problem));
    return 0;
}

static struct approving as(const char *person, int64_t now) {
    fixture_calm(fx);
    const struct actor *who = people_actor(fx->db, x, person, TODAY, fx->arena, &fx->problem);
    return (struct approving){.store = &fx->store,
                              .access = x,
                              .plans = declared,
                              .actor = who,
                              .today = TODAY,
                              .request = "",
                              .now = now,
                              .release = 1,
                              .allowed = true};
}

static struct record a_plan(const char *claimant, const char *amount) {
    struct record r;
    OK(fx, fixture_insert(
               fx, plans,
               arena_printf(fx->arena, "{\"claimant\":\"%s\",\"amount\":\"%s\"}", claimant, amount),
               &r));
    struct approving ap = as(clerk, NOW_MS);
    OK(fx, approval_entered(&ap, &r, -1, "create"));
    return r;
}

static struct approval_case *case_of(const struct record *r) {
    struct approval_case **list;
    struct approving ap = as(clerk, NOW_MS);
    int n;
    OK(fx, approval_list(&ap, r, &list, &n));
    assert_int_equal(n, 1);
    return list[0];
}

static enum err sign(const char *who, const struct record *r, bool dry, bool *finishes) {
    struct approving ap = as(who, NOW_MS);
    struct approval_case *c;
    ap.dry = dry;
    return approval_take(&ap, r, plans->workflow->transitions, NULL, finishes, &c);
}

static enum err act(const char *who, const struct record *r, const char *verb, const char *body,
                    int64_t now) {
    struct approving ap = as(who, now);
    json_t *j;
    const char *event;
    OK(fx, json_parse(fx->arena, body, strlen(body), &j, &fx->problem));
    return approval_do(&ap, case_of(r), r, verb, j, &event);
}

static int64_t open_todos(const char *kind, const char *who) {
    return fixture_int(fx, arena_printf(fx->arena,
                                        "SELECT count(*) FROM core_todo WHERE kind='%s' AND"
                                        " audience='%s' AND closed_at=0",
                                        kind, who));
}

static void test_a_step_asks_the_supervisor_and_then_the_role(void **state) {
    (void)state;
    struct record r = a_plan(clerk, "100.00");
    bool finishes;
    const char *to_boss = arena_printf(fx->arena, "person:%s", boss);
    assert_int_equal(approval_step(case_of(&r)), 1);
    assert_int_equal(open_todos("approval", to_boss), 1);
    assert_int_equal(sign(leader, &r, false, &finishes), ERR_FORBIDDEN);
    assert_string_equal(fixture_word(fx), "not_your_step");
    OK(fx, sign(boss, &r, false, &finishes));
    assert_false(finishes);
    assert_int_equal(open_todos("approval", to_boss), 0);
    assert_int_equal(open_todos("approval", "role:leader"), 1);
    OK(fx, sign(leader, &r, false, &finishes));
    assert_true(finishes);
}

static void
test_an_amount_adds_a_signer_and_nobody_there_means_it_is_left_to_the_next(void **state) {
    (void)state;
    struct record r = a_plan(clerk, "100.01");
    bool finishes;
    OK(fx, sign(boss, &r, false, &finishes));
    assert_int_equal(approval_step(case_of(&r)), 3); // nobody is deputy
    assert_int_equal(open_todos("approval", "role:leader"), 1);
}

static void test_what_cannot_climb_waits_and_its_keepers_are_told(void **state) {
    (void)state;
    struct record r = a_plan(leader, "1.00"); // nobody supervises the leader, who alone is one
    assert_int_equal(approval_step(case_of(&r)), 2);
    assert_int_equal(open_todos("alert", "role:keeper"), 1);
    assert_int_equal(
        fixture_int(fx,
                    "SELECT count(*) FROM core_outbox WHERE type='papers.plans.approval.waiting'"),
        1);
    OK(fx, act(keeper, &r, "transfer", "{\"to\":\"boss\"}", NOW_MS));
    assert_int_equal(open_todos("alert", "role:keeper"), 0);
    bool finishes;
    OK(fx, sign(boss, &r, false, &finishes));
    assert_true(finishes);
}

static void test_a_dry_run_tells_the_same_and_writes_nothing(void **state) {
    (void)state;
    struct record r = a_plan(clerk, "1.00");
    static const char *const tables[] = {"core_approval_act", "core_todo", "core_outbox"};
    int64_t before[3];
    bool finishes;
    OK(fx, sign(boss, &r, false, &finishes));
    for (int i = 0; i < 3; i++)
        before[i] = fixture_int(fx, arena_printf(fx->arena, "SELECT count(*) FROM %s", tables[i]));
    assert_int_equal(sign(boss, &r, true, &finishes), ERR_FORBIDDEN);
    OK(fx, sign(leader, &r, true, &finishes));
    assert_true(finishes);
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            fixture_int(fx, arena_printf(fx->arena, "SELECT count(*) FROM %s", tables[i])),
            before[i]);
    assert_int_equal(approval_step(case_of(&r)), 2);
}

static void test_paper_that_nobody_confirms_in_time_no_longer_counts(void **state) {
    (void)state;
    enum { DAY = 86400000 };
    struct record r = a_plan(clerk, "1.00");
    const char **ids;
    int n;
    bool finishes, lapsed;
    OK(fx, act(keeper, &r, "paper", "{\"approver\":\"boss\"}", NOW_MS));
    assert_int_equal(approval_step(case_of(&r)), 2);
    OK(fx, sign(leader, &r, false, &finishes));
    assert_false(finishes); // everybody has signed, but the paper is not confirmed
    OK(fx, approval_overdue(fx->db, NOW_MS + 2 * DAY - 1, 10, &ids, &n, &fx->problem));
    assert_int_equal(n, 0);
    OK(fx, approval_overdue(fx->db, NOW_MS + 2 * DAY, 10, &ids, &n, &fx->problem));
    assert_int_equal(n, 1);
    struct approving ap = as(keeper, NOW_MS + 2 * DAY);
    OK(fx, approval_lapse(&ap, case_of(&r), &r, &lapsed));
    assert_true(lapsed);
    assert_int_equal(approval_step(case_of(&r)), 1);
    assert_int_equal(open_todos("approval", arena_printf(fx->arena, "person:%s", boss)), 1);
    assert_int_equal(open_todos("confirm", arena_printf(fx->arena, "person:%s", boss)), 0);
    OK(fx, approval_overdue(fx->db, NOW_MS + 3 * DAY, 10, &ids, &n, &fx->problem));
    assert_int_equal(n, 0);
    OK(fx, sign(boss, &r, false, &finishes)); // signed by themselves; the leader's still counts
    assert_true(finishes);
}

static void test_a_case_has_room_for_so_many_things(void **state) {
    (void)state;
    struct record r = a_plan(clerk, "1.00");
    bool finishes;
    OK(fx, db_begin(fx->db, &fx->problem));
    for (int i = 0; i < LIMIT_APPROVAL_ACTS; i++)
        OK(fx, act(clerk, &r, "copy", "{\"to\":\"keeper\"}", NOW_MS));
    assert_int_equal(act(clerk, &r, "copy", "{\"to\":\"keeper\"}", NOW_MS), ERR_INVALID);
    assert_string_equal(fixture_word(fx), "too_many");
    OK(fx, sign(boss, &r, false, &finishes)); // what it is for goes on
    OK(fx, db_commit(fx->db, &fx->problem));
}

static void test_urging_has_its_pause(void **state) {
    (void)state;
    struct record r = a_plan(clerk, "1.00");
    int64_t pause = LIMIT_APPROVAL_URGE * INT64_C(1000);
    OK(fx, act(clerk, &r, "urge", "{}", NOW_MS));
    assert_int_equal(act(clerk, &r, "urge", "{}", NOW_MS + pause - 1), ERR_RATE);
    OK(fx, act(clerk, &r, "urge", "{}", NOW_MS + pause));
}

static void test_a_declaration_that_cannot_work_is_refused_at_its_line(void **state) {
    (void)state;
    static const struct {
        const char *steps, *otherwise, *word;
    } wrong[] = {
        {"[]", "climb", "steps_invalid"},
        {"[{\"role\":\"leader\"}]", "hope", "otherwise_missing"},
        {"[{\"role\":\"leder\"}]", "wait", "role_unknown"},
        {"[{\"role\":\"leader\",\"group\":\"g\"}]", "wait", "step_invalid"},
        {"[{\"person_field\":\"name\"}]", "wait", "field_unsuitable"},
        {"[{\"head_of\":\"claiment\"}]", "wait", "field_unknown"},
        {"[{\"role\":\"leader\",\"quorum\":21}]", "wait", "quorum_invalid"},
        {"[{\"role\":\"leader\",\"quota\":2}]", "wait", "unknown_key"},
        {"\"policy\"", "wait", "approvals_invalid"},
        {"\"policy:a.b\"", "wait", "policy_unknown"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(declare(wrong[i].steps, wrong[i].otherwise), ERR_INVALID);
        assert_string_equal(fixture_word(fx), wrong[i].word);
        assert_int_equal(fx->problem.first->line, 9);
        assert_string_equal(fx->problem.first->file, "p.lua");
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, approval_start, fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_a_step_asks_the_supervisor_and_then_the_role),
        T(test_an_amount_adds_a_signer_and_nobody_there_means_it_is_left_to_the_next),
        T(test_what_cannot_climb_waits_and_its_keepers_are_told),
        T(test_a_dry_run_tells_the_same_and_writes_nothing),
        T(test_paper_that_nobody_confirms_in_time_no_longer_counts),
        T(test_a_case_has_room_for_so_many_things),
        T(test_urging_has_its_pause),
        T(test_a_declaration_that_cannot_work_is_refused_at_its_line),
    };
    return cmocka_run_group_tests_name("approval", tests, NULL, NULL);
}
