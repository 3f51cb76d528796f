// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The host: declarations, rules, actions, and what happens to a plugin that misbehaves in Lua. What
// a child can do wrong on the wire is in test_wire.c, the jail itself in test_jail.c.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/json.h"
#include "campus/mem.h"
#include "host_child.h"

static struct arena *arena;
static struct problem problem;

static struct pool *open_pool(const char *name, const char *text, int size) {
    const struct host_limits limits = {100, 1000, 64 << 20, true};
    struct host_file file = {"plugin.lua", text, strlen(text)};
    struct host_plugin plugin = {name, &file, 1};
    struct pool *pool = NULL;
    problem_init(&problem, arena);
    assert_int_equal(pool_open(&limits, &plugin, 1, size, &pool, &problem), ERR_OK);
    return pool;
}

static enum err rule(struct pool *pool, const char *name, int64_t revision,
                     const struct host_field *f, size_t n, struct host_decision *d) {
    struct host_rule r = {"demo", name, revision, "2026-09-01", f, n, NULL};
    problem_init(&problem, arena);
    return pool_rule(pool, &r, arena, d, &problem);
}

static int set_up(void **state) {
    (void)state;
    arena = arena_new(64 << 20);
    problem_init(&problem, arena);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

static const char DEMO[] =
    "local field = campus.field\n"
    "local apps = campus.entity {\n"
    "  title = { zh = '申请人', en = 'Applicants' },\n"
    "  fields = {\n"
    "    zeta = field.text { required = true },\n"
    "    alpha = field.decimal { scale = 1, min = 0, max = 750 },\n"
    "    kind = field.choice { choices = { 'b', 'a' } },\n"
    "  },\n"
    "  workflow = { start = 'new', states = { new = {}, ok = { final = true } },\n"
    "    transitions = { pass = { from = 'new', to = 'ok', rule = 'scored' } } },\n"
    "}\n"
    "local function scored(r, policy, as_of)\n"
    "  local why = campus.reasons()\n"
    "  why:check(r.alpha >= policy.least, { code = 'score', at = 'alpha', have = r.alpha, want = "
    "policy.least, policy = 'least' })\n"
    "  why:check(campus.date.age_on(r.born, as_of) >= 15, { code = 'age', have = "
    "campus.date.age_on(r.born, as_of), want = 15 })\n"
    "  return why:decision()\n"
    "end\n"
    "return { title = { zh = '演示', en = 'Demo' }, version = '1', entities = { apps = apps },\n"
    "  rules = { scored = { reads = { 'alpha', 'born', 'lines.amount' }, run = scored },\n"
    "    sneaks = { reads = { 'alpha' }, run = function(r) return r.zeta end },\n"
    "    changes = { reads = { 'alpha' }, run = function(r) r.alpha = 1 return {} end },\n"
    "    raises = { reads = {}, run = function() error('no\\nway') end },\n"
    "    forgets = { reads = {}, run = function() end } } }\n";

static void test_a_declaration_keeps_the_order_of_the_source(void **state) {
    (void)state;
    struct pool *pool = open_pool("demo", DEMO, 1);
    const char *json;
    size_t n;
    json_t *j;
    assert_int_equal(pool_declare(pool, "demo", arena, &json, &n, &problem), ERR_OK);
    assert_int_equal(json_parse(arena, json, n, &j, &problem), ERR_OK);
    const json_t *e = json_array_get(json_object_get(j, "entities"), 0),
                 *f = json_object_get(e, "fields");
    assert_string_equal(json_string_value(json_object_get(e, "name")), "apps");
    assert_int_equal(json_array_size(f), 3);
    assert_string_equal(json_string_value(json_object_get(json_array_get(f, 0), "name")), "zeta");
    assert_string_equal(json_string_value(json_object_get(json_array_get(f, 1), "name")), "alpha");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(f, 1), "line")), 6);
    assert_string_equal(json_string_value(json_object_get(json_array_get(f, 1), "file")),
                        "plugins/demo/plugin.lua");
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(json_array_get(f, 2), "choices"), 0)),
        "b");
    const json_t *w = json_object_get(e, "workflow");
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(json_object_get(w, "states"), 0), "name")),
        "new");
    pool_close(pool);
}

static void test_a_rule_sees_record_policy_and_date_and_says_why(void **state) {
    (void)state;
    struct pool *pool = open_pool("demo", DEMO, 1);
    static const char policy[] = "{\"least\":420.5}";
    assert_int_equal(pool_policy(pool, "demo", 7, policy, strlen(policy), &problem), ERR_OK);
    struct host_field f[] = {{"alpha", value_int(4205), 1}, {"born", value_text("2011-09-01"), 0}};
    struct host_decision d;
    assert_int_equal(rule(pool, "scored", 7, f, 2, &d), ERR_OK);
    assert_true(d.pass);
    assert_int_equal(d.count, 2);
    assert_string_equal(d.reasons[0].code, "score");
    assert_string_equal(d.reasons[0].policy, "least");
    assert_int_equal(d.reasons[0].have.kind, VALUE_JSON);
    assert_memory_equal(d.reasons[0].have.p, "420.5", 5);
    assert_int_equal(d.reasons[1].have.i, 15);
    f[0].value = value_int(4204), f[1].value = value_text("2011-09-02");
    assert_int_equal(rule(pool, "scored", 7, f, 2, &d), ERR_OK);
    assert_false(d.pass);
    assert_false(d.reasons[0].ok);
    assert_false(d.reasons[1].ok);
    assert_int_equal(d.reasons[1].have.i, 14);
    pool_close(pool);
}

static void test_a_rule_may_not_read_what_it_does_not_declare_nor_change_its_record(void **state) {
    (void)state;
    struct pool *pool = open_pool("demo", DEMO, 1);
    struct host_field f[] = {{"alpha", value_int(1), 1}};
    struct host_decision d;
    assert_int_equal(rule(pool, "sneaks", 0, f, 1, &d), ERR_PLUGIN_FAILED);
    assert_non_null(strstr(problem.first->detail, "does not declare that it reads \"zeta\""));
    assert_string_equal(problem.first->file, "plugins/demo/plugin.lua");
    assert_int_equal(problem.first->line, 20);
    assert_int_equal(rule(pool, "changes", 0, f, 1, &d), ERR_PLUGIN_FAILED);
    assert_non_null(strstr(problem.first->detail, "does not change its record"));
    assert_int_equal(rule(pool, "raises", 0, f, 1, &d), ERR_PLUGIN_FAILED);
    assert_int_equal(problem.first->line, 22);
    assert_int_equal(rule(pool, "forgets", 0, f, 1, &d), ERR_PLUGIN_FAILED);
    assert_int_equal(rule(pool, "absent", 0, f, 1, &d), ERR_PLUGIN_FAILED);
    assert_int_equal(rule(pool, "scored", 99, f, 1, &d), ERR_PLUGIN_FAILED);
    assert_non_null(strstr(problem.first->detail, "no policy revision 99"));
    struct host_stats s;
    pool_stats(pool, &s);
    assert_int_equal(s.kills, 0);
    assert_int_equal(s.failures, 6);
    pool_close(pool);
}

static void declare_fails(const char *text, const char *word, int line, const char *says) {
    struct pool *pool = open_pool("demo", text, 1);
    const char *json;
    size_t n;
    assert_int_not_equal(pool_declare(pool, "demo", arena, &json, &n, &problem), ERR_OK);
    assert_string_equal(problem.first->file, "plugins/demo/plugin.lua");
    assert_string_equal(problem.first->word, word);
    assert_int_equal(problem.first->line, line);
    assert_non_null(strstr(problem.first->detail, says));
    pool_close(pool);
}

static void test_a_wrong_declaration_is_refused_at_its_line(void **state) {
    (void)state;
    declare_fails("return {\n", "syntax", 2, "expected");
    declare_fails("\nreturn { entitis = {} }", "unknown_option", 2, "entitis");
    declare_fails("local f = campus.field\n\nlocal x = f.text { requird = true }", "unknown_option",
                  3, "requird");
    declare_fails("local f = campus.field\nlocal x = f.txt {}", "type_unknown", 2,
                  "no field type \"txt\"");
    declare_fails("local a = 1\nb = 2", "lua", 2, "assign to a local");
    declare_fails("return 5", "declaration", 1, "must return one table");
    declare_fails("return { rules = { x = {} } }", "not_callable", 1, "needs run");
    declare_fails("local x = require 'absent'", "file_missing", 1, "absent.lua");
    declare_fails("local e = campus.field.json { default = { [1] = 'x', a = 2 } }\n"
                  "return { entities = { a = { fields = { e = e } } } }",
                  "lua", 0, "mixes names and positions");
    declare_fails("local e = campus.field.json { default = { [1] = 'x', [3] = 'y' } }\n"
                  "return { entities = { a = { fields = { e = e } } } }",
                  "lua", 0, "holes");
    declare_fails("return { title = '\\xff' }", "lua", 0, "UTF-8");
}

static int64_t cpu_us(int who) {
    struct rusage u;
    getrusage(who, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec +
           u.ru_stime.tv_usec;
}

// Processor time of both sides, so that whatever else runs on the machine does not decide.
static void test_a_thousand_trivial_rules_are_answered_and_timed(void **state) {
    (void)state;
    enum { CALLS = 5000 };
    struct host_field f[] = {{"x", value_int(1), 0}};
    struct host_decision d;
    int64_t best = INT64_MAX, both = cpu_us(RUSAGE_SELF) + cpu_us(RUSAGE_CHILDREN), start = 0;
    struct pool *pool = open_pool(
        "demo", "return { rules = { t = { reads = { 'x' }, run = function(r) return {} end } } }",
        1);
    for (int i = 0; i < CALLS; i++) {
        if (i % 20 == 0) start = clock_mono_ns();
        assert_int_equal(rule(pool, "t", 0, f, 1, &d), ERR_OK);
        arena_reset(arena);
        if (i % 20 == 19 && clock_mono_ns() - start < best) best = clock_mono_ns() - start;
    }
    pool_close(pool);
    both = cpu_us(RUSAGE_SELF) + cpu_us(RUSAGE_CHILDREN) - both;
    print_message("a round trip: %.1f us, %.1f us of processor\n", (double)best / 20000,
                  (double)both / CALLS);
}

struct desk {
    int asked;
    int64_t slow_ms;
};

static enum err serve(void *self, struct arena *a, const char *name, const char *args, size_t n,
                      struct buf *out, struct problem *p) {
    struct desk *d = self;
    d->asked++;
    json_t *j;
    enum err e = json_parse(a, args, n, &j, p);
    if (e) return e;
    if (!strcmp(name, "now"))
        buf_puts(out, "\"2026-09-01T00:00:00Z\"");
    else if (!strcmp(name, "actor"))
        buf_puts(out, "{\"id\":\"p1\"}");
    else if (!strcmp(name, "get")) {
        if (!strcmp(json_string_value(json_array_get(j, 1)), "gone"))
            return problem_set(p, ERR_NOT_FOUND, "no such record");
        buf_puts(out, "{\"id\":\"a1\",\"name\":\"李雷\",\"rev\":3}");
    } else if (!strcmp(name, "update"))
        json_dom(out, json_array_get(j, 2));
    else
        return problem_set(p, ERR_USAGE, "there is no %s", name);
    return ERR_OK;
}

static const char ACTS[] =
    "return { actions = {\n"
    "  rename = { run = function(ctx, input)\n"
    "    local r, err = ctx:get('apps', input.id)\n"
    "    if not r then return nil, err end\n"
    "    local u = ctx:update('apps', r.id, { name = r.name .. input.suffix, at = ctx:now(), by = "
    "ctx.actor.id, n = ctx.policy.n })\n"
    "    return u\n"
    "  end },\n"
    "  misuses = { run = function(ctx) ctx:emit('x') end },\n"
    "  loops = { run = function(ctx) while true do ctx:now() end end },\n"
    "  spins = { run = function(ctx) while true do end end },\n"
    "}, rules = { asks = { reads = {}, run = function() return {} end } } }\n";

static enum err act(struct pool *pool, const char *name, const char *input, int64_t wall,
                    struct desk *d, const char **json) {
    struct host_action a = {"demo", "action", name, 1, input, wall, 0};
    struct host_services s = {d, serve};
    size_t n;
    problem_init(&problem, arena);
    return pool_action(pool, &a, &s, arena, json, &n, &problem);
}

static void test_an_action_asks_through_the_services_and_returns_its_result(void **state) {
    (void)state;
    struct pool *pool = open_pool("demo", ACTS, 1);
    assert_int_equal(pool_policy(pool, "demo", 1, "{\"n\":5}", 7, &problem), ERR_OK);
    struct desk d = {0};
    const char *json;
    assert_int_equal(act(pool, "rename", "{\"id\":\"a1\",\"suffix\":\"!\"}", 1000, &d, &json),
                     ERR_OK);
    assert_non_null(strstr(json, "\"name\":\"李雷!\""));
    assert_non_null(strstr(json, "\"by\":\"p1\""));
    assert_non_null(strstr(json, "\"n\":5"));
    assert_int_equal(d.asked, 4);
    // what the services refuse comes back as nil, err and may be handed on
    assert_int_equal(act(pool, "rename", "{\"id\":\"gone\",\"suffix\":\"!\"}", 1000, &d, &json),
                     ERR_RULE_REFUSED);
    assert_string_equal(problem.first->word, "not_found");
    assert_string_equal(problem.first->detail, "no such record");
    // misuse is thrown with its line
    assert_int_equal(act(pool, "misuses", "{}", 1000, &d, &json), ERR_PLUGIN_FAILED);
    assert_int_equal(problem.first->line, 8);
    pool_close(pool);
}

static void test_an_action_that_never_ends_is_stopped_within_its_own_budget(void **state) {
    (void)state;
    struct pool *pool = open_pool("demo", ACTS, 1);
    assert_int_equal(pool_policy(pool, "demo", 1, "{\"n\":5}", 7, &problem), ERR_OK);
    struct desk d = {0};
    const char *json;
    assert_int_equal(act(pool, "rename", "{\"id\":\"a1\",\"suffix\":\"!\"}", 1000, &d, &json),
                     ERR_OK);
    static const char *const names[] = {"loops", "spins"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(act(pool, names[i], "{}", 20, &d, &json), ERR_PLUGIN_BUDGET);
        assert_int_equal(act(pool, "rename", "{\"id\":\"a1\",\"suffix\":\"!\"}", 1000, &d, &json),
                         ERR_OK);
    }
    assert_true(d.asked > 8);
    pool_close(pool);
}

static const char BAD_AND_GOOD[] =
    "return { rules = { bad = { reads = {}, run = function() while true do end end },\n"
    "good = { reads = {}, run = function() return {} end } } }";

static void test_the_breaker_opens_after_three_kills_for_that_rule_only(void **state) {
    (void)state;
    struct pool *pool = open_pool("demo", BAD_AND_GOOD, 1);
    struct host_decision d;
    for (int i = 0; i < 3; i++)
        assert_int_equal(rule(pool, "bad", 0, NULL, 0, &d), ERR_PLUGIN_BUDGET);
    assert_int_equal(rule(pool, "bad", 0, NULL, 0, &d), ERR_PLUGIN_BUDGET); // without a run
    assert_int_equal(rule(pool, "good", 0, NULL, 0, &d), ERR_OK);
    struct host_stats s;
    pool_stats(pool, &s);
    assert_int_equal(s.kills, 3);
    assert_int_equal(s.breakers_open, 1);
    pool_close(pool);
}

static void test_rules_asked_together_are_each_decided_in_their_own_memory(void **state) {
    (void)state;
    struct pool *pool =
        open_pool("demo",
                  "return { rules = { over = { reads = { 'n' }, run = function(r) local why = "
                  "campus.reasons()\n"
                  "why:check(r.n > 2, { code = 'few', have = r.n }) return why:decision() end },\n"
                  "raises = { reads = {}, run = function() error('no') end } } }",
                  1);
    enum { N = 5 };
    struct arena *own[N];
    struct host_field f[N];
    struct host_rule calls[N];
    struct host_decision d[N];
    const char *errors[N];
    for (int i = 0; i < N; i++) {
        own[i] = arena_new(1 << 20);
        f[i] = (struct host_field){"n", value_int(i), 0};
        calls[i] = (struct host_rule){
            "demo", i == 3 ? "raises" : "over", 0, "2026-09-01", &f[i], i != 3, own[i]};
    }
    struct arena *passing = arena_new(4 << 20);
    assert_int_equal(pool_rules(pool, calls, N, passing, d, errors, &problem), ERR_OK);
    arena_free(passing);
    for (int i = 0; i < N; i++) {
        assert_int_equal(errors[i] != NULL, i == 3);
        if (i == 3) continue;
        assert_int_equal(d[i].pass, i > 2);
        assert_int_equal(d[i].count, 1);
        assert_string_equal(d[i].reasons[0].code, "few");
        assert_int_equal(d[i].reasons[0].have.i, i);
        assert_true(arena_holds(own[i], d[i].reasons[0].code));
    }
    for (int i = 0; i < N; i++) arena_free(own[i]);
    pool_close(pool);
}

// What is refused alone is not let in with others.
static void test_a_broken_rule_is_refused_together_too(void **state) {
    (void)state;
    struct pool *pool = open_pool("demo", BAD_AND_GOOD, 1);
    struct host_rule calls[2] = {{"demo", "good", 0, "2026-09-01", NULL, 0, NULL},
                                 {"demo", "bad", 0, "2026-09-01", NULL, 0, NULL}};
    struct host_decision d[2];
    const char *errors[2];
    for (int i = 0; i < 3; i++)
        assert_int_equal(rule(pool, "bad", 0, NULL, 0, d), ERR_PLUGIN_BUDGET);
    problem_init(&problem, arena);
    assert_int_equal(pool_rules(pool, calls, 2, arena, d, errors, &problem), ERR_PLUGIN_BUDGET);
    problem_init(&problem, arena);
    assert_int_equal(pool_rules(pool, calls, 1, arena, d, errors, &problem), ERR_OK);
    struct host_stats s;
    pool_stats(pool, &s);
    assert_int_equal(s.kills, 3);
    pool_close(pool);
}

int main(int argc, char **argv) {
    if (is_child(argc, argv)) return run_child(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_declaration_keeps_the_order_of_the_source, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_rule_sees_record_policy_and_date_and_says_why,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_rule_may_not_read_what_it_does_not_declare_nor_change_its_record, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(test_a_wrong_declaration_is_refused_at_its_line, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_an_action_asks_through_the_services_and_returns_its_result, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_an_action_that_never_ends_is_stopped_within_its_own_budget, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_breaker_opens_after_three_kills_for_that_rule_only,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_rules_asked_together_are_each_decided_in_their_own_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_broken_rule_is_refused_together_too, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_thousand_trivial_rules_are_answered_and_timed,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
