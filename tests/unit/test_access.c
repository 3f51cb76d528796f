// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Access rules: what they refuse to compile, and that the decision about a record and the condition
// over all records are one thing.
#include "campus/access.h"
#include "campus/yaml.h"
#include "fixture.h"

static struct fixture *fx;
static const struct fieldset ALL = {{UINT64_MAX, UINT64_MAX}};

static struct access *compile(const char *text) {
    struct yaml *y;
    struct access *x = NULL;
    fixture_calm(fx);
    enum err e = yaml_parse(fx->arena, "access.yaml", text, strlen(text), &y, &fx->problem);
    if (!e) e = access_compile(fx->arena, y, fx->schema, &x, &fx->problem);
    return e ? NULL : x;
}

static struct access *must_compile(const char *text) {
    struct access *x = compile(text);
    if (!x) fixture_fail(&fx->problem);
    assert_non_null(x);
    return x;
}

static struct actor *actor(const struct access *x, const char *id, const char *role) {
    struct actor *a = arena_alloc(fx->arena, sizeof *a);
    a->id = a->name = id;
    fieldset_add(&a->roles, 0);
    if (role) {
        int r = access_role(x, role);
        assert_true(r > 0);
        access_role_closure(x, r, &a->roles);
    }
    return a;
}

static struct record record(const char *region, const char *by, int state) {
    struct record r = {.entity = fx->applicants,
                       .id = "a-1",
                       .created_by = by,
                       .state = state,
                       .created_at = NOW_MS,
                       .updated_at = NOW_MS};
    r.values = arena_alloc(fx->arena, sizeof *r.values * (size_t)fx->applicants->nfields);
    for (int i = 0; i < fx->applicants->nfields; i++) r.values[i] = value_null();
    r.values[entity_field(fx->applicants, "region")->index] = value_text(region);
    return r;
}

static int field(const char *name) {
    return entity_field(fx->applicants, name)->index;
}

static enum view view(const struct verdict *v, const char *name) {
    int i = field(name);
    return fieldset_has(&v->clear, i)    ? VIEW_CLEAR
           : fieldset_has(&v->masked, i) ? VIEW_MASKED
                                         : VIEW_HIDDEN;
}

static struct verdict decide(const struct access *x, const struct actor *a, const char *verb,
                             const struct record *r) {
    struct verdict v;
    access_decide(x, a, fx->applicants, verb, r, &v);
    // the same question put to the condition
    bool cond = cond_eval(access_filter(x, a, fx->applicants, verb, fx->arena), r);
    assert_int_equal(cond, v.allowed);
    return v;
}

static bool may(const struct access *x, const struct actor *a, const char *verb,
                const struct record *r) {
    return decide(x, a, verb, r).allowed;
}

#define HEAD "policy: access\nroles:\n  clerk: {}\n  lead: { includes: [clerk] }\n  intern: {}\n"
#define RULE HEAD "rules:\n  - name: one\n"

static void test_every_mistake_is_told_at_its_line_and_column(void **state) {
    (void)state;
    static const struct {
        const char *yaml, *want;
    } bad[] = {
        {"policy: access\nrule: []\n",
         "access.yaml:2:1: unknown_key: there is no key \"rule\"; did you mean rules?"},
        {"roles: { a: { includes: [b] } }\n", "access.yaml:1:26: role_unknown"},
        {"roles: { a: { includes: b } }\n", "access.yaml:1:25: list_expected"},
        {"roles:\n  a: { includes: [b] }\n  b: { includes: [a] }\n", "access.yaml:2:6: role_cycle"},
        {"roles: { everyone: {} }\n", "access.yaml:1:20: role_reserved"},
        {"roles: [a]\n", "access.yaml:1:8: map_expected"},
        {"rules: { a: 1 }\n", "access.yaml:1:8: map_expected|access.yaml:1:8: list_expected"},
        {"rules: [7]\n", "access.yaml:1:9: map_expected"},
        {RULE "    allow: [reed]\n    entity: admissions.applicants\n    roles: [clerk]\n",
         "access.yaml:8:13: verb_unknown: \"reed\" is no verb and no transition; did you mean "
         "read"},
        {RULE "    allow: [read]\n    entity: admissions.aplicants\n    roles: [clerk]\n",
         "access.yaml:9:13: entity_unknown: there is no entity \"admissions.aplicants\"; did you "
         "mean admissions.applicants"},
        {RULE "    allow: [read]\n    entity: admissions.applicants\n    roles: [clark]\n",
         "access.yaml:10:13: role_unknown: there is no role \"clark\"; did you mean clerk"},
        {RULE "    allow: [read]\n    entity: admissions.applicants\n",
         "access.yaml:7:5: roles_missing"},
        {RULE "    allow: [read]\n    entity: admissions.applicants\n    roles: clerk\n",
         "access.yaml:10:12: list_expected"},
        {RULE "    allow: [read]\n    entity: admissions.applicants\n    roles: []\n",
         "access.yaml:10:12: roles_missing"},
        {RULE "    allow: [read]\n    deny: [read]\n    entity: admissions.applicants\n    roles: "
              "[clerk]\n",
         "rule_invalid"},
        {RULE "    roles: [clerk]\n", "access.yaml:7:5: rule_invalid"},
        {RULE "    allow: [read]\n    roles: [clerk]\n", "access.yaml:7:5: entity_missing"},
        {HEAD "rules:\n  - { allow: [read], entity: admissions.applicants, roles: [clerk] }\n",
         "name_missing"},
        {RULE "    permissions: [core.admin]\n    roles: [clerk]\n    when: { name: x }\n",
         "rule_invalid"},
        {RULE "    permissions: [a]\n    roles: [clerk]\n  - name: one\n    permissions: [b]\n    "
              "roles: [clerk]\n",
         "access.yaml:10:5: name_taken"},
#define WHEN(w)                                                                                    \
    RULE "    allow: [read]\n    entity: admissions.applicants\n    roles: [clerk]\n    when: " w  \
         "\n"
        {WHEN("{ regoin: north }"), "access.yaml:11:13: field_unknown"},
        {WHEN("{ region: nrth }"), "access.yaml:11:21: value_invalid"},
        {WHEN("{ region: [north, nrth] }"), "access.yaml:11:29: value_invalid"},
        {WHEN("{ region: null }"), "access.yaml:11:21: value_invalid"},
        {WHEN("{ region: [[north]] }"), "access.yaml:11:22: value_invalid"},
        {WHEN("{ score: many }"), "access.yaml:11:20: value_invalid"},
        {WHEN("{ fee: 1.005 }"), "access.yaml:11:18: value_invalid"},
        {WHEN("{ boards: 1 }"), "access.yaml:11:21: value_invalid"},
        {WHEN("{ born: 2026-02-30 }"), "access.yaml:11:19: value_invalid"},
        {WHEN("{ seen_at: today }"), "access.yaml:11:22: value_invalid"},
        {WHEN("{ state: lost }"), "access.yaml:11:20: state_unknown"},
        {WHEN("{ phone: '1' }"), "access.yaml:11:13: field_sealed"},
        {WHEN("{ tags: art }"), "access.yaml:11:13: field_unsuitable"},
        {WHEN("{ name: $actor.nmae }"), "access.yaml:11:19: variable_unknown"},
        {WHEN("{ score: { above: 3 } }"), "access.yaml:11:22: unknown_key"},
        {WHEN("{ score: {} }"), "access.yaml:11:20: value_invalid"},
        {WHEN("{ score: { empty: 1 } }"), "access.yaml:11:29: value_invalid"},
        {WHEN("{ name: { supervised_by: me } }"), "access.yaml:11:36: value_invalid"},
        {WHEN("{ $actor.fact.nda: maybe }"), "access.yaml:11:30: value_invalid"},
        {WHEN("[region]"), "access.yaml:11:11: map_expected"},
#define FIELDS(f)                                                                                  \
    RULE                                                                                           \
        "    allow: [read]\n    entity: admissions.applicants\n    roles: [clerk]\n    fields: " f \
        "\n"
        {FIELDS("{ mask: [nmae] }"), "access.yaml:11:22: field_unknown: admissions.applicants has "
                                     "no field \"nmae\"; did you mean name"},
        {FIELDS("{ mask: name }"), "access.yaml:11:21: list_expected"},
        {FIELDS("{ masc: [name] }"), "access.yaml:11:15: unknown_key"},
        {FIELDS("[name]"), "access.yaml:11:13: map_expected"},
        {HEAD "exclusive: [{ name: it, entity: admissions.applicants, transitions: [[admit, "
              "admti]] }]\n",
         "transition_unknown"},
        {HEAD "exclusive: [{ name: it, entity: admissions.applicants, transitions: [admit] }]\n",
         "list_expected"},
        {HEAD "exclusive: [{ name: it, roles: [clerk, nobody] }]\n", "role_unknown"},
        {HEAD "exclusive: [{ name: it }]\n", "exclusive_invalid"},
        {HEAD "exclusive: [{ name: it, roles: [lead, clerk] }]\n", "access.yaml:4:1: exclusive"},
        {"- a\n", "access.yaml:1:1: map_expected"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (compile(bad[i].yaml)) fail_msg("compiled:\n%s", bad[i].yaml);
        struct buf b;
        buf_init(&b, fx->arena);
        problem_text(&fx->problem, &b);
        const char *got = buf_str(&b), *bar = strchr(bad[i].want, '|');
        const char *want = bar ? bar + 1 : bad[i].want;
        if (!strstr(got, want)) fail_msg("%s\nwants %s\ngot   %s", bad[i].yaml, want, got);
    }
}

static const char RULES[] =
    "roles:\n  clerk: {}\n  lead: { includes: [clerk] }\n  nurse: {}\n  intern: {}\n  auditor: {}\n"
    "exclusive:\n"
    "  - { name: who enters does not decide, entity: admissions.applicants, transitions: "
    "[[register, admit]] }\n"
    "  - { name: two hats, roles: [auditor, lead] }\n"
    "rules:\n"
    "  - name: clerks read their own region\n    allow: [read, update]\n    entity: "
    "admissions.applicants\n"
    "    roles: [clerk]\n    when: { region: [north, south] }\n    fields: { mask: [name], hide: "
    "[fee] }\n"
    "  - name: who made it sees it whole\n    allow: [read]\n    entity: admissions.applicants\n"
    "    roles: [everyone]\n    when: { created_by: $actor.id }\n"
    "  - name: nurses with a pledge see the phone\n    allow: [read]\n    entity: "
    "admissions.applicants\n"
    "    roles: [nurse]\n    when: { $actor.fact.nda: true }\n    fields: { clear: [phone] }\n    "
    "purpose: daily care\n"
    "  - name: clear without a purpose stays masked\n    allow: [read]\n    entity: "
    "admissions.applicants\n"
    "    roles: [auditor]\n    fields: { clear: [phone], only: [phone, name] }\n"
    "  - name: admitted ones are closed\n    deny: [update]\n    entity: admissions.applicants\n"
    "    roles: [everyone]\n    when: { state: admitted }\n"
    "  - name: registered names are fixed\n    deny: [update]\n    entity: admissions.applicants\n"
    "    roles: [everyone]\n    when: { state: registered }\n    fields: { only: [name] }\n"
    "  - name: interns see no scores\n    deny: [read]\n    entity: admissions.applicants\n"
    "    roles: [intern]\n    fields: { only: [score] }\n"
    "  - name: nobody decides on their own\n    deny: [admit]\n    entity: admissions.applicants\n"
    "    roles: [lead]\n    when: { created_by: $actor.id }\n"
    "  - name: leads admit\n    allow: [admit]\n    entity: admissions.applicants\n    roles: "
    "[lead]\n"
    "  - name: admin\n    permissions: [core.admin]\n    roles: [lead]\n";

static void test_nothing_is_allowed_without_a_rule(void **state) {
    (void)state;
    struct access *x = must_compile(RULES);
    struct record r = record("east", "p-9", 0);
    assert_false(may(x, actor(x, "p-1", NULL), "read", &r));
    assert_false(may(x, actor(x, "p-1", "clerk"), "read", &r));
    assert_false(may(x, actor(x, "p-1", "lead"), "delete", &r));
    r = record("north", "p-9", 0);
    assert_true(may(x, actor(x, "p-1", "clerk"), "read", &r));
    assert_true(may(x, actor(x, "p-1", "lead"), "read", &r)); // lead includes clerk
    assert_true(access_has_permission(x, actor(x, "p-1", "lead"), "core.admin"));
    assert_false(access_has_permission(x, actor(x, "p-1", "clerk"), "core.admin"));
    struct actor core = {.id = "", .is_system = true};
    assert_true(may(x, &core, "delete", &r));
}

static void test_a_denial_wins_over_any_permission(void **state) {
    (void)state;
    struct access *x = must_compile(RULES);
    struct record open = record("north", "p-9", 1), closed = record("north", "p-9", 2);
    assert_true(may(x, actor(x, "p-1", "clerk"), "update", &open));
    assert_false(may(x, actor(x, "p-1", "clerk"), "update", &closed));
    struct verdict v = decide(x, actor(x, "p-1", "clerk"), "update", &closed);
    assert_true(v.rule >= 0);
    assert_true(may(x, actor(x, "p-1", "clerk"), "read", &closed));
    struct fieldset all, refused;
    memset(&all, 0xff, sizeof all);
    assert_false(access_may_write(x, actor(x, "p-1", "clerk"), &closed, "update", &all, &refused));
    struct fieldset two = {0};
    fieldset_add(&two, field("name")), fieldset_add(&two, field("score"));
    assert_false(access_may_write(x, actor(x, "p-1", "clerk"), &open, "update", &two, &refused));
    assert_true(fieldset_has(&refused, field("name")));
    assert_false(fieldset_has(&refused, field("score")));
    struct fieldset fee = {0};
    fieldset_add(&fee, field("fee")); // hidden: not writable either
    assert_false(access_may_write(x, actor(x, "p-1", "clerk"), &open, "update", &fee, &refused));
    assert_false(access_may_write(x, actor(x, "p-1", NULL), &open, "update", &fee, &refused));
}

static void test_the_clearest_view_of_the_rules_that_match_this_record_counts(void **state) {
    (void)state;
    struct access *x = must_compile(RULES);
    struct record mine = record("north", "p-1", 0), other = record("north", "p-9", 0);
    struct actor *clerk = actor(x, "p-1", "clerk");
    struct verdict v = decide(x, clerk, "read", &other);
    assert_int_equal(view(&v, "name"), VIEW_MASKED);
    assert_int_equal(view(&v, "fee"), VIEW_HIDDEN);
    assert_int_equal(view(&v, "score"), VIEW_CLEAR);
    assert_int_equal(view(&v, "phone"), VIEW_MASKED); // sealed ones never without more
    v = decide(x, clerk, "read", &mine);
    assert_int_equal(view(&v, "name"), VIEW_CLEAR);
    assert_int_equal(view(&v, "fee"), VIEW_CLEAR);
    assert_int_equal(view(&v, "phone"), VIEW_MASKED);
    const struct cond *c = access_field_filter(x, clerk, fx->applicants, field("name"), fx->arena);
    assert_true(cond_eval(c, &mine));
    assert_false(cond_eval(c, &other));
    assert_false(access_is_uniform(x, clerk, fx->applicants, "read"));
    assert_true(access_is_uniform(x, actor(x, "p-1", NULL), fx->applicants, "read"));
}

static void test_sealed_fields_stand_open_only_for_a_purpose(void **state) {
    (void)state;
    struct access *x = must_compile(RULES);
    struct record r = record("east", "p-9", 0);
    struct actor *nurse = actor(x, "p-1", "nurse");
    assert_false(may(x, nurse, "read", &r));
    const char *facts[] = {"nda"};
    nurse->facts = facts, nurse->nfacts = 1;
    struct verdict v = decide(x, nurse, "read", &r);
    assert_int_equal(view(&v, "phone"), VIEW_CLEAR);
    assert_int_equal(view(&v, "id_number"), VIEW_MASKED);
    assert_true(fieldset_has(&v.standing, field("phone")));
    assert_false(fieldset_has(&v.standing, field("name")));
    assert_string_equal(v.purpose, "daily care");
    v = decide(x, actor(x, "p-1", "auditor"), "read", &r);
    assert_int_equal(view(&v, "phone"), VIEW_MASKED);
    assert_int_equal(view(&v, "name"), VIEW_CLEAR);
    assert_int_equal(view(&v, "score"), VIEW_HIDDEN); // only: the rest is not shown
}

static void test_a_denial_of_fields_takes_them_out_of_view(void **state) {
    (void)state;
    struct access *x = must_compile(RULES);
    struct record r = record("north", "p-9", 0);
    struct actor *a = actor(x, "p-1", "clerk");
    fieldset_add(&a->roles, access_role(x, "intern"));
    struct verdict v = decide(x, a, "read", &r);
    assert_true(v.allowed);
    assert_int_equal(view(&v, "score"), VIEW_HIDDEN);
    assert_false(
        cond_eval(access_field_filter(x, a, fx->applicants, field("score"), fx->arena), &r));
    a->behind = actor(x, "p-2", "clerk"); // borrowing eyes does not help
    v = decide(x, a, "read", &r);
    assert_int_equal(view(&v, "score"), VIEW_HIDDEN);
}

static void test_a_token_reaches_no_further_than_its_scopes(void **state) {
    (void)state;
    struct access *x = must_compile(RULES);
    struct record r = record("north", "p-9", 0);
    struct actor *a = actor(x, "p-1", "lead");
    const char *scopes[] = {"admissions.applicants:read", "core.people", NULL};
    a->scopes = scopes;
    assert_true(may(x, a, "read", &r));
    assert_false(may(x, a, "update", &r));
    assert_false(access_has_permission(x, a, "core.admin"));
    scopes[0] = "admissions.applicants:*";
    assert_true(may(x, a, "update", &r));
    scopes[0] = "admissions.applicant:*";
    assert_false(may(x, a, "read", &r));
    scopes[0] = "*";
    assert_true(may(x, a, "update", &r));
    assert_true(access_has_permission(x, a, "core.admin"));
}

static void test_who_acts_for_another_may_what_that_one_may_and_no_more(void **state) {
    (void)state;
    struct access *x = must_compile(RULES);
    struct actor *me = actor(x, "p-1", NULL), *lead = actor(x, "p-2", "lead");
    struct record north = record("north", "p-9", 0), east = record("east", "p-9", 0);
    assert_false(may(x, me, "admit", &north));
    me->behind = lead;
    assert_true(may(x, me, "admit", &north));
    assert_true(may(x, me, "read", &north));
    assert_false(may(x, me, "read", &east)); // nor may the lead
    struct record theirs = record("east", "p-2", 0);
    assert_true(may(x, me, "read", &theirs)); // theirs by $actor.id
    // neither's own case: not the lender's, not one's own
    struct record mine = record("north", "p-1", 0);
    assert_false(may(x, me, "admit", &theirs));
    assert_false(may(x, me, "admit", &mine));
    assert_false(may(x, lead, "admit", &theirs));
    // what one is denied oneself cannot be borrowed
    struct record closed = record("north", "p-9", 2);
    assert_false(may(x, me, "update", &closed));
    // a role kept back still denies, but lends nothing
    struct actor *part = actor(x, "p-2", "clerk");
    access_role_closure(x, access_role(x, "intern"), &part->kept);
    me->behind = part;
    assert_false(may(x, me, "admit", &north));
    struct verdict v = decide(x, me, "read", &north);
    assert_int_equal(view(&v, "score"), VIEW_HIDDEN);
    // facts are one's own: a pledge cannot be lent
    struct actor *nurse = actor(x, "p-3", "nurse");
    const char *facts[] = {"nda"};
    nurse->facts = facts, nurse->nfacts = 1;
    assert_true(may(x, nurse, "read", &east));
    me->behind = nurse;
    assert_false(may(x, me, "read", &east));
    me->facts = facts, me->nfacts = 1;
    assert_true(may(x, me, "read", &east));
    assert_false(access_has_permission(x, me, "core.admin"));
    me->behind = lead;
    assert_true(access_has_permission(x, me, "core.admin"));
    // a chain of two
    lead->behind = nurse;
    assert_true(may(x, me, "read", &east));
    assert_true(may(x, me, "admit", &east));
}

static void test_exclusive_duties(void **state) {
    (void)state;
    struct access *x = must_compile(RULES);
    const char *rule, *before[] = {"register", NULL}, *none[] = {NULL}, *same[] = {"admit", NULL};
    assert_true(access_is_exclusive(x, fx->applicants, "admit", before, &rule));
    assert_string_equal(rule, "who enters does not decide");
    assert_false(access_is_exclusive(x, fx->applicants, "admit", none, &rule));
    assert_false(access_is_exclusive(x, fx->applicants, "admit", same, &rule));
    assert_false(access_is_exclusive(x, fx->visits, "admit", before, &rule));
    struct fieldset both = {0};
    access_role_closure(x, access_role(x, "auditor"), &both);
    fixture_calm(fx);
    assert_int_equal(access_roles_agree(x, &both, &fx->problem), ERR_OK);
    access_role_closure(x, access_role(x, "lead"), &both);
    assert_int_equal(access_roles_agree(x, &both, &fx->problem), ERR_CONFLICT);
}

static void test_an_explanation_hides_what_tests_a_field_the_asker_does_not_see(void **state) {
    (void)state;
    struct access *x = must_compile(RULES);
    struct fieldset clear = ALL;
    fieldset_del(&clear, field("region"));
    static const char *const regions[] = {"north", "east"};
    struct buf b[2];
    for (int i = 0; i < 2; i++) {
        struct record r = record(regions[i], "p-9", 2);
        buf_init(&b[i], fx->arena);
        access_explain(x, actor(x, "p-1", "clerk"), fx->applicants, "update", &r, &clear, &b[i]);
    }
    assert_string_equal(buf_str(&b[0]), buf_str(&b[1]));
    assert_non_null(strstr(buf_str(&b[0]), "\"hidden\":true"));
    assert_null(strstr(buf_str(&b[0]), "region"));
    // a rule about nothing unseen is still told
    struct record r = record("east", "p-1", 0);
    buf_init(&b[0], fx->arena);
    access_explain(x, actor(x, "p-1", NULL), fx->applicants, "read", &r, &clear, &b[0]);
    assert_non_null(strstr(buf_str(&b[0]), "who made it sees it whole"));
}

static void test_an_explanation_names_the_rule_its_line_and_what_failed(void **state) {
    (void)state;
    struct access *x = must_compile(RULES);
    struct record east = record("east", "p-9", 0), closed = record("north", "p-9", 2);
    struct buf b;
    buf_init(&b, fx->arena);
    access_explain(x, actor(x, "p-1", "clerk"), fx->applicants, "read", &east, &ALL, &b);
    json_t *j, *near;
    assert_int_equal(json_parse(fx->arena, b.data, b.len, &j, &fx->problem), ERR_OK);
    assert_true(json_is_false(json_object_get(j, "allowed")));
    near = json_object_get(j, "nearest");
    assert_string_equal(json_string_value(json_object_get(near, "name")),
                        "clerks read their own region");
    assert_string_equal(json_string_value(json_object_get(near, "at")), "access.yaml:11");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(near, "failed"), "condition")),
        "region: [\"north\",\"south\"]");
    assert_string_equal(json_string_value(json_array_get(json_object_get(j, "granted_by"), 0)),
                        "clerk");
    buf_init(&b, fx->arena);
    access_explain(x, actor(x, "p-1", "clerk"), fx->applicants, "update", &closed, &ALL, &b);
    assert_int_equal(json_parse(fx->arena, b.data, b.len, &j, &fx->problem), ERR_OK);
    near = json_object_get(j, "rule");
    assert_string_equal(json_string_value(json_object_get(near, "effect")), "deny");
    assert_string_equal(json_string_value(json_object_get(near, "name")),
                        "admitted ones are closed");
    assert_null(json_object_get(j, "nearest"));
    buf_init(&b, fx->arena);
    access_matrix_csv(x, fx->schema, &b);
    assert_non_null(strstr(buf_str(&b), "\"clerk\",\"admissions.applicants\",read,if,name,clear"));
    assert_non_null(strstr(buf_str(&b), "\"intern\",\"admissions.applicants\",delete,no,,"));
}

// Random rules, actors and records: the tree says what the decision says, in memory.
static uint64_t seed = 20260902;
static unsigned dice(unsigned n) {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (unsigned)(seed >> 33) % n;
}

static const char *any_test(void) {
    static const char *const tests[] = {"region: north",
                                        "region: [south, east]",
                                        "region: { empty: true }",
                                        "region: { empty: false }",
                                        "score: { gte: 300 }",
                                        "score: { lt: 500 }",
                                        "score: { gt: 100, lte: 600 }",
                                        "fee: 350.00",
                                        "boards: true",
                                        "born: { gte: 2009-01-01 }",
                                        "state: draft",
                                        "state: [registered, admitted]",
                                        "created_by: $actor.id",
                                        "code: $actor.campus",
                                        "name: $actor.groups",
                                        "created_by: { supervised_by: $actor }",
                                        "$actor.fact.nda: true",
                                        "$actor.fact.barred: false"};
    return tests[dice(sizeof tests / sizeof *tests)];
}

static const char *any_rules(void) {
    static const char *const roles[] = {"everyone", "clerk", "lead", "intern"};
    struct buf b;
    buf_init(&b, fx->arena);
    buf_puts(&b, HEAD "rules:\n");
    for (unsigned i = 0, n = 1 + dice(6); i < n; i++) {
        bool deny = !dice(3);
        buf_printf(
            &b, "  - name: r%u\n    %s: [%s]\n    entity: admissions.applicants\n    roles: [%s]\n",
            i, deny ? "deny" : "allow", dice(4) ? "read" : "'*'", roles[dice(4)]);
        if (!dice(3))
            buf_printf(&b, "    fields: { %s: [name, score] }\n",
                       deny || dice(2) ? "only" : "mask");
        const char *one = any_test(), *two = any_test();
        if (dice(4))
            buf_printf(&b, "    when: { %s", one);
        else
            continue;
        // two tests of one column would be a duplicate key
        if (dice(2) && strncmp(one, two, strcspn(one, ":"))) buf_printf(&b, ", %s", two);
        buf_puts(&b, " }\n");
    }
    return buf_str(&b);
}

static struct actor *any_actor(const struct access *x) {
    static const char *ids[] = {"p-1", "p-2", "p-3"}, *const roles[] = {NULL, "clerk", "lead",
                                                                        "intern"};
    static const char *facts[] = {"nda", "barred"}, *groups[] = {"王", "g2"};
    struct actor *a = actor(x, ids[dice(3)], roles[dice(4)]);
    a->campus = dice(2) ? "code-1" : NULL;
    a->facts = facts + dice(2), a->nfacts = (int)dice(2);
    a->groups = groups, a->ngroups = (int)dice(3);
    a->supervised = ids + dice(2), a->nsupervised = (int)dice(3) - (dice(2) ? 0 : 1);
    if (a->nsupervised < 0) a->nsupervised = 0;
    if (a->nsupervised > 1) a->nsupervised = 1;
    if (!dice(3)) access_role_closure(x, access_role(x, "intern"), &a->kept);
    return a;
}

static struct record any_record(void) {
    static const char *const regions[] = {"north", "south", "east", NULL}, *const by[] = {
                                                                               "p-1", "p-2", "p-3"};
    struct record r = record(regions[dice(4)], by[dice(3)], (int)dice(3));
    if (dice(5)) r.values[field("score")] = value_int(dice(750));
    if (dice(3)) r.values[field("fee")] = value_int(dice(2) ? 35000 : 100);
    if (dice(3)) r.values[field("boards")] = value_bool(dice(2));
    if (dice(3)) r.values[field("born")] = value_text(dice(2) ? "2009-01-01" : "2008-12-31");
    if (dice(3)) r.values[field("code")] = value_text(dice(2) ? "code-1" : "code-2");
    if (dice(3)) r.values[field("name")] = value_text(dice(2) ? "王" : "李");
    return r;
}

static void test_the_condition_is_true_exactly_where_the_decision_allows(void **state) {
    (void)state;
    int allowed = 0, denied = 0, clear = 0;
    for (int round = 0; round < 1500; round++) {
        const char *text = any_rules();
        struct access *x = must_compile(text);
        for (int i = 0; i < 12; i++) {
            struct actor *a = any_actor(x), *who = a;
            for (int k = 0; k < 2 && !dice(2); k++)
                who->behind = any_actor(x), who = (struct actor *)(uintptr_t)who->behind;
            const struct cond *may_read = access_filter(x, a, fx->applicants, "read", fx->arena);
            const struct cond *sees_name =
                access_field_filter(x, a, fx->applicants, field("name"), fx->arena);
            for (int k = 0; k < 6; k++) {
                struct record r = any_record();
                struct verdict v;
                access_decide(x, a, fx->applicants, "read", &r, &v);
                if (cond_eval(may_read, &r) != v.allowed)
                    fail_msg("round %d: decision %d\n%s", round, v.allowed, text);
                bool seen = v.allowed && fieldset_has(&v.clear, field("name"));
                if ((v.allowed && cond_eval(sees_name, &r)) != seen)
                    fail_msg("round %d: seen %d\n%s", round, seen, text);
                *(v.allowed ? &allowed : &denied) += 1;
                clear += seen;
            }
        }
    }
    assert_true(allowed > 5000 && denied > 5000 && clear > 3000 && clear < allowed);
}

static int suite_start(void **state) {
    int r = fixture_open(state);
    fx = *state;
    return r;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_mistake_is_told_at_its_line_and_column),
        cmocka_unit_test(test_nothing_is_allowed_without_a_rule),
        cmocka_unit_test(test_a_denial_wins_over_any_permission),
        cmocka_unit_test(test_the_clearest_view_of_the_rules_that_match_this_record_counts),
        cmocka_unit_test(test_sealed_fields_stand_open_only_for_a_purpose),
        cmocka_unit_test(test_a_denial_of_fields_takes_them_out_of_view),
        cmocka_unit_test(test_a_token_reaches_no_further_than_its_scopes),
        cmocka_unit_test(test_who_acts_for_another_may_what_that_one_may_and_no_more),
        cmocka_unit_test(test_exclusive_duties),
        cmocka_unit_test(test_an_explanation_hides_what_tests_a_field_the_asker_does_not_see),
        cmocka_unit_test(test_an_explanation_names_the_rule_its_line_and_what_failed),
        cmocka_unit_test(test_the_condition_is_true_exactly_where_the_decision_allows),
    };
    return cmocka_run_group_tests(tests, suite_start, fixture_close);
}
