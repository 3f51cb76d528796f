// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Decisions explain themselves later, go dark with the person, and can be asked again under a
// policy that is only being thought about.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/decision.h"
#include "campus/lab.h"
#include "campus/mem.h"
#include "campus/yaml.h"
#include "host_child.h"

static const char PLUGIN[] = "local field = campus.field\n"
                             "local apps = campus.entity { fields = { name = field.text {}, score "
                             "= field.decimal { scale = 1 },\n"
                             "  phone = field.text { class = 'secret' } } }\n"
                             "local function ok(r, policy)\n"
                             "  local why = campus.reasons()\n"
                             "  why:check(r.score >= policy.least, { code = 'score', at = 'score', "
                             "have = r.score, want = policy.least, policy = 'least' })\n"
                             "  return why:decision()\n"
                             "end\n"
                             "return { entities = { apps = apps }, rules = { ok = { reads = { "
                             "'score', 'phone' }, run = ok } } }\n";
static const char SCHEMA[] = "policy: demo\nkeys:\n  least: { type: decimal, default: 400 }\n";

static struct arena *arena;
static struct problem problem;
static char folder[64];
static struct pool *pool;
static struct schema *schema;
static struct policy_schema *policy_schema;
static struct keyring *keyring;
static struct store store;
static struct record record;

static struct policy *policy_of(const char *text, int64_t first_id) {
    struct yaml *y;
    struct policy *p;
    assert_int_equal(yaml_parse(arena, "policies/demo.yaml", text, strlen(text), &y, &problem),
                     ERR_OK);
    struct policy_layer layer = {y, "shipped"};
    assert_int_equal(policy_build(arena, "demo", policy_schema, &layer, 1, &p, &problem), ERR_OK);
    for (size_t i = 0; i < policy_count(p); i++) {
        struct policy_revision *r = policy_nth(p, i);
        r->id = first_id + (int64_t)i;
        assert_int_equal(pool_policy(pool, "demo", r->id, r->json, r->json_n, &problem), ERR_OK);
    }
    return p;
}

static int set_up(void **state) {
    (void)state;
    arena = arena_new(256 << 20);
    problem_init(&problem, arena);
    assert_int_equal(keyring_harden(&problem), ERR_OK);
    strcpy(folder, "/tmp/test_decision.XXXXXX");
    assert_non_null(mkdtemp(folder));
    const struct host_limits limits = {100, 1000, 64 << 20, true};
    struct host_file file = {"plugin.lua", PLUGIN, strlen(PLUGIN)};
    struct host_plugin plugin = {"demo", &file, 1};
    const char *json;
    size_t n;
    json_t *declaration;
    struct yaml *y;
    assert_int_equal(pool_open(&limits, &plugin, 1, 1, &pool, &problem), ERR_OK);
    assert_int_equal(pool_declare(pool, "demo", arena, &json, &n, &problem), ERR_OK);
    assert_int_equal(json_parse(arena, json, n, &declaration, &problem), ERR_OK);
    assert_int_equal(schema_build(arena, &declaration, 1, &schema, &problem), ERR_OK);
    assert_int_equal(yaml_parse(arena, "s", SCHEMA, strlen(SCHEMA), &y, &problem), ERR_OK);
    assert_int_equal(policy_schema_load(arena, y, &policy_schema, &problem), ERR_OK);
    assert_int_equal(keyring_create("school-1", &keyring, &problem), ERR_OK);
    store = (struct store){
        .keyring = keyring, .arena = arena, .school = "school-1", .problem = &problem};
    assert_int_equal(
        db_open(arena_printf(arena, "sqlite:%s/t.db", folder), DB_WRITE, &store.db, &problem),
        ERR_OK);
    assert_int_equal(store_migrate(store.db, schema, NULL, &problem), ERR_OK);
    const struct entity *e = schema_entity(schema, "demo", "apps");
    struct value values[] = {value_text("李雷"), value_int(4205), value_text("13800138000")};
    struct input in = {.values = values};
    for (int i = 0; i < 3; i++) fieldset_add(&in.present, i);
    assert_int_equal(db_begin(store.db, &problem), ERR_OK);
    assert_int_equal(store_insert(&store, e, &in, "p1", 1000, 0, &record), ERR_OK);
    record.values = memcpy(arena_alloc(arena, sizeof values), values, sizeof values);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    db_close(store.db);
    pool_close(pool);
    keyring_free(keyring);
    arena_free(arena);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static const char *decide(int64_t revision, int64_t score, int64_t at) {
    struct host_field f[] = {{"score", value_int(score), 1},
                             {"phone", value_text("13800138000"), 0}};
    struct host_rule call = {"demo", "ok", revision, "2026-09-01", f, 2, NULL};
    struct host_decision d;
    const char *id;
    assert_int_equal(pool_rule(pool, &call, arena, &d, &problem), ERR_OK);
    assert_int_equal(decision_add(&store, &record, &call, &d, "p1", 3, at, &id), ERR_OK);
    return id;
}

static void
test_a_stored_decision_explains_itself_and_keeps_its_inputs_for_those_who_may(void **state) {
    (void)state;
    policy_of("least: 420.5", 1);
    const char *id = decide(1, 4204, 2000), *entity, *rec;
    struct buf b;
    buf_init(&b, arena);
    assert_int_equal(decision_find(&store, id, &entity, &rec, false, &b), ERR_OK);
    assert_string_equal(entity, "demo.apps");
    assert_string_equal(rec, record.id);
    assert_non_null(strstr(buf_str(&b), "\"pass\":false"));
    assert_non_null(strstr(buf_str(&b), "\"code\":\"score\""));
    assert_non_null(strstr(buf_str(&b), "\"policy\":\"least\""));
    assert_null(strstr(buf_str(&b), "420.4"));
    assert_null(strstr(buf_str(&b), "13800138000"));
    buf_init(&b, arena);
    assert_int_equal(decision_find(&store, id, &entity, &rec, true, &b), ERR_OK);
    assert_non_null(strstr(buf_str(&b), "\"score\":420.4"));
    assert_non_null(strstr(buf_str(&b), "13800138000"));
    buf_init(&b, arena);
    assert_int_equal(decision_find(&store, "no-such", &entity, &rec, true, &b), ERR_NOT_FOUND);
}

static void test_nothing_of_a_decision_is_in_the_clear_in_the_database(void **state) {
    (void)state;
    policy_of("least: 420.5", 1);
    decide(1, 4204, 2000);
    struct stmt *st = db_query(store.db, &problem, "SELECT sealed FROM core_decision", "");
    bool row;
    assert_int_equal(stmt_step(st, &row, &problem), ERR_OK);
    size_t n;
    const void *blob = stmt_blob(st, 0, &n);
    assert_null(memmem(blob, n, "13800138000", 11));
    assert_null(memmem(blob, n, "score", 5));
    stmt_reset(st);
}

static void test_a_decision_of_an_erased_person_says_only_that(void **state) {
    (void)state;
    policy_of("least: 420.5", 1);
    const char *id = decide(1, 4204, 2000), *entity, *rec;
    assert_int_equal(
        db_run(store.db, &problem, NULL, "DELETE FROM core_key WHERE owner=$1", "t", record.owner),
        ERR_OK);
    struct buf b;
    buf_init(&b, arena);
    assert_int_equal(decision_find(&store, id, &entity, &rec, true, &b), ERR_OK);
    assert_non_null(strstr(buf_str(&b), "\"erased\":true"));
    assert_null(strstr(buf_str(&b), "reasons"));
    // a new generation of the same owner's key does not open it either
    assert_int_equal(
        db_run(store.db, &problem, NULL,
               "INSERT INTO core_key(owner,generation,version,wrapped) VALUES($1,1,1,NULL)", "t",
               record.owner),
        ERR_OK);
    decide(1, 4204, 3000);
    buf_init(&b, arena);
    assert_int_equal(decision_find(&store, id, &entity, &rec, true, &b), ERR_OK);
    assert_non_null(strstr(buf_str(&b), "\"erased\":true"));
}

struct lines {
    int n;
    char last[512];
};

static enum err keep(void *self, const char *line, size_t n) {
    struct lines *l = self;
    l->n++;
    snprintf(l->last, sizeof l->last, "%.*s", (int)n, line);
    return ERR_OK;
}

static void test_the_lab_lists_exactly_the_decisions_that_flip(void **state) {
    (void)state;
    policy_of("least: 420.5", 1);
    for (int i = 0; i < 20; i++) decide(1, 4200 + i, 1000 + i); // five fail: 420.0 … 420.4
    struct policy *harder = policy_of("least: 421", 10);
    struct lab lab = {pool, "demo", harder, 0, NULL, NULL, NULL};
    struct lab_totals t;
    struct lines lines = {0};
    assert_int_equal(lab_replay(&store, &lab, keep, &lines, &t), ERR_OK);
    assert_int_equal(t.replayed, 20);
    assert_int_equal(t.flipped, 5); // 420.5 … 420.9
    assert_int_equal(t.to_fail, 5);
    assert_int_equal(lines.n, 5);
    assert_non_null(strstr(lines.last, "\"was\":true,\"now\":false,\"reasons\":[\"score\"]"));
    assert_null(strstr(lines.last, "420"));
    struct policy *softer = policy_of("least: 0", 20);
    lab = (struct lab){pool, "demo", softer, 1003, NULL, NULL, NULL};
    lines = (struct lines){0};
    assert_int_equal(lab_replay(&store, &lab, keep, &lines, &t), ERR_OK);
    assert_int_equal(t.replayed, 17);
    assert_int_equal(t.to_pass, 2);
    lab.policy = policy_of("least: 420.5", 30);
    assert_int_equal(lab_replay(&store, &lab, keep, &lines, &t), ERR_OK);
    assert_int_equal(t.flipped, 0);
}

static void test_ten_thousand_decisions_replay_and_say_how_long_it_took(void **state) {
    (void)state;
    struct policy *p = policy_of("least: 420.5", 1);
    struct host_field f[] = {{"score", value_int(4210), 1},
                             {"phone", value_text("13800138000"), 0}};
    struct host_rule call = {"demo", "ok", 1, "2026-09-01", f, 2, NULL};
    struct host_decision d;
    const char *id;
    assert_int_equal(pool_rule(pool, &call, arena, &d, &problem), ERR_OK);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(decision_add(&store, &record, &call, &d, "p1", 3, 1000 + i / 700, &id),
                         ERR_OK);
    struct lab lab = {pool, "demo", p, 0, NULL, NULL, NULL};
    struct lab_totals t;
    struct lines lines = {0};
    int64_t start = clock_mono_ns();
    assert_int_equal(lab_replay(&store, &lab, keep, &lines, &t), ERR_OK);
    double s = (double)(clock_mono_ns() - start) / 1e9;
    print_message("10,000 decisions in %.2f s\n", s);
    assert_int_equal(t.replayed, 10000);
    assert_int_equal(lines.n, 0);
}

int main(int argc, char **argv) {
    if (is_child(argc, argv)) return run_child(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_a_stored_decision_explains_itself_and_keeps_its_inputs_for_those_who_may, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_of_a_decision_is_in_the_clear_in_the_database,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_decision_of_an_erased_person_says_only_that, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_the_lab_lists_exactly_the_decisions_that_flip, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_ten_thousand_decisions_replay_and_say_how_long_it_took,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests_name("decision", tests, NULL, NULL);
}
