// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Pools at their edges: an applicant's score is what visits take from.
#include <limits.h>
#include "campus/home.h"
#include "campus/reserve.h"
#include "fixture.h"

struct stand {
    struct fixture *fx;
    struct reserve_decl decl;
    struct transition take, keep, commit, settle, release, swap;
    const struct field *exceeded;
    struct flow flow;
    struct record pool;
};

static int stand_open(void **state) {
    void *fx;
    struct stand *s = calloc(1, sizeof *s);
    fixture_open(&fx);
    s->fx = fx;
    OK(s->fx, store_migrate(s->fx->db, NULL, home_ddl(s->fx->arena), &s->fx->problem));
    s->decl = (struct reserve_decl){.holder = s->fx->visits,
                                    .pool = entity_field(s->fx->visits, "applicant"),
                                    .limit = entity_field(s->fx->applicants, "score"),
                                    .amount = 1};
    ((struct entity *)s->fx->visits)->holds = true;
    ((struct entity *)s->fx->applicants)->pool = &s->decl;
    s->take = (struct transition){.name = "take", .reserve = &s->decl};
    s->keep = (struct transition){.name = "keep"};
    s->commit = (struct transition){.name = "commit", .commit = true};
    s->settle = (struct transition){.name = "settle", .settle = true};
    s->release = (struct transition){.name = "release", .release = true};
    s->swap = (struct transition){.name = "swap", .release = true, .reserve = &s->decl};
    s->flow = (struct flow){.store = &s->fx->store, .actor = "p-1", .now = NOW_MS, .release = 1};
    OK(s->fx,
       fixture_insert(s->fx, s->fx->applicants, "{\"name\":\"line\",\"score\":3}", &s->pool));
    *state = s;
    return 0;
}

static int stand_close(void **state) {
    struct stand *s = *state;
    void *fx = s->fx;
    fixture_close(&fx);
    free(s);
    return 0;
}

static struct record visit(struct stand *s) {
    struct record r;
    OK(s->fx, fixture_insert(s->fx, s->fx->visits,
                             arena_printf(s->fx->arena, "{\"applicant\":\"%s\"}", s->pool.id), &r));
    return r;
}

static const char *moved(struct stand *s, const struct transition *t, const struct record *r) {
    fixture_calm(s->fx);
    enum err e = reserve_move(&s->flow, t, r, r->values, &s->exceeded);
    return e ? fixture_word(s->fx) : "ok";
}
#define MOVES(t, r, how) assert_string_equal(moved(s, &s->t, r), how)

static int64_t total(struct stand *s, const char *column) {
    return fixture_int(
        s->fx, arena_printf(s->fx->arena, "SELECT coalesce(sum(%s),0) FROM core_pool", column));
}

static void set_limit(struct stand *s, int64_t limit) {
    OK(s->fx, db_run(s->fx->db, &s->fx->problem, NULL,
                     "UPDATE r_admissions_applicants SET f_score=$1", "i", limit));
}

static void test_as_many_as_there_are_and_not_one_more(void **state) {
    struct stand *s = *state;
    struct record v[4];
    for (int i = 0; i < 4; i++) v[i] = visit(s);
    for (int i = 0; i < 3; i++) MOVES(take, &v[i], "ok");
    MOVES(take, &v[3], "pool_full");
    MOVES(take, &v[0], "ok"); // has one: it is taken anew, not twice
    assert_int_equal(total(s, "reserved"), 3);
    MOVES(commit, &v[0], "ok");
    MOVES(commit, &v[0], "ok");
    assert_int_equal(total(s, "reserved") * 10 + total(s, "committed"), 21);
    MOVES(take, &v[3], "pool_full");
    MOVES(release, &v[0], "ok");
    MOVES(release, &v[0], "ok"); // nothing is given back twice
    assert_int_equal(total(s, "reserved") * 10 + total(s, "committed"), 20);
    MOVES(commit, &v[0], "nothing_held");
    MOVES(take, &v[3], "ok");
    int64_t pools, wrong;
    OK(s->fx, reserve_check(s->fx->db, &pools, &wrong, &s->fx->problem));
    assert_int_equal(pools * 10 + wrong, 10);
    OK(s->fx, db_run(s->fx->db, &s->fx->problem, NULL, "UPDATE core_pool SET reserved=7", ""));
    OK(s->fx, reserve_check(s->fx->db, &pools, &wrong, &s->fx->problem));
    assert_int_equal(wrong, 1);
}

static void test_a_release_is_told_once_and_a_swap_in_place_not_at_all(void **state) {
    struct stand *s = *state;
    struct record v = visit(s);
    static const char events[] =
        "SELECT count(*) FROM core_outbox WHERE type='admissions.applicants.reservation.released'";
    MOVES(take, &v, "ok");
    MOVES(swap, &v, "ok");
    assert_int_equal(fixture_int(s->fx, events), 0);
    MOVES(release, &v, "ok");
    MOVES(release, &v, "ok");
    assert_int_equal(fixture_int(s->fx, events), 1);
}

static void test_a_holder_keeps_its_pool_and_a_pool_its_limit(void **state) {
    struct stand *s = *state;
    struct record v = visit(s), other;
    OK(s->fx, fixture_insert(s->fx, s->fx->applicants, "{\"name\":\"other\",\"score\":1}", &other));
    MOVES(take, &v, "ok");
    struct value *after = arena_alloc(s->fx->arena, sizeof *after * (size_t)s->fx->visits->nfields);
    memcpy(after, v.values, sizeof *after * (size_t)s->fx->visits->nfields);
    after[s->decl.pool->index] = value_text(other.id);
    fixture_calm(s->fx);
    assert_int_equal(reserve_guard(&s->flow, &v, after, false), ERR_CONFLICT);
    assert_int_equal(reserve_move(&s->flow, &s->keep, &v, after, &s->exceeded), ERR_CONFLICT);
    assert_int_equal(reserve_guard(&s->flow, &v, v.values, true), ERR_CONFLICT);
    OK(s->fx, reserve_move(&s->flow, &s->swap, &v, after, &s->exceeded));
    struct value *lower =
        arena_alloc(s->fx->arena, sizeof *lower * (size_t)s->fx->applicants->nfields);
    memcpy(lower, other.values, sizeof *lower * (size_t)s->fx->applicants->nfields);
    lower[s->decl.limit->index] = value_int(0);
    fixture_calm(s->fx);
    assert_int_equal(reserve_guard(&s->flow, &other, lower, false), ERR_CONFLICT);
    lower[s->decl.limit->index] = value_null();
    assert_int_equal(reserve_guard(&s->flow, &other, lower, false), ERR_CONFLICT);
    assert_int_equal(reserve_guard(&s->flow, &other, other.values, true), ERR_CONFLICT);
    OK(s->fx, reserve_guard(&s->flow, &s->pool, s->pool.values, true)); // nothing of it is held
}

static void test_amounts_at_the_edge_of_what_is_counted(void **state) {
    struct stand *s = *state;
    struct record a = visit(s), b = visit(s);
    set_limit(s, INT64_MAX);
    s->decl.amount = INT64_MAX - 5;
    MOVES(take, &a, "ok");
    s->decl.amount = 6;
    MOVES(take, &b, "pool_full");
    s->decl.amount = 5;
    MOVES(take, &b, "ok");
    s->decl.overbook = INT64_MAX; // more than can be counted is the most that can be
    MOVES(release, &b, "ok");
    MOVES(take, &b, "ok");
}

static void test_what_is_gone_or_empty_gives_nothing(void **state) {
    struct stand *s = *state;
    struct record v = visit(s);
    OK(s->fx, db_run(s->fx->db, &s->fx->problem, NULL,
                     "UPDATE r_admissions_applicants SET f_score=NULL", ""));
    MOVES(take, &v, "pool_full");
    OK(s->fx, db_run(s->fx->db, &s->fx->problem, NULL,
                     "UPDATE r_admissions_applicants SET archived_at=1", ""));
    MOVES(take, &v, "pool_gone");
    v.values[s->decl.pool->index] = value_null();
    MOVES(take, &v, "required");
}

static int64_t of_row(struct stand *s, const char *column, const struct record *r) {
    return fixture_int(s->fx, arena_printf(s->fx->arena,
                                           "SELECT %s FROM core_reservation WHERE holder='%s'"
                                           " AND state<>'released'",
                                           column, r->id));
}

static void test_what_is_settled_is_held_until_it_is_given_back(void **state) {
    struct stand *s = *state;
    struct record v[4];
    for (int i = 0; i < 4; i++) v[i] = visit(s);
    MOVES(settle, &v[0], "nothing_held");
    for (int i = 0; i < 3; i++) MOVES(take, &v[i], "ok");
    MOVES(commit, &v[0], "ok");
    MOVES(settle, &v[0], "ok");
    MOVES(settle, &v[1], "ok"); // not committed before
    MOVES(settle, &v[1], "ok");
    MOVES(commit, &v[1], "ok"); // it stays settled
    assert_int_equal(total(s, "reserved"), 1);
    assert_int_equal(total(s, "committed"), 0);
    assert_int_equal(total(s, "settled"), 2);
    MOVES(take, &v[3], "pool_full");
    assert_int_equal(reserve_guard(&s->flow, &v[0], v[0].values, true), ERR_CONFLICT);
    int64_t pools, wrong;
    OK(s->fx, reserve_check(s->fx->db, &pools, &wrong, &s->fx->problem));
    assert_int_equal(pools * 10 + wrong, 10);
    MOVES(release, &v[0], "ok");
    MOVES(take, &v[3], "ok");
    assert_int_equal(total(s, "settled"), 1);
    OK(s->fx, db_run(s->fx->db, &s->fx->problem, NULL, "UPDATE core_pool SET settled=2", ""));
    OK(s->fx, reserve_check(s->fx->db, &pools, &wrong, &s->fx->problem));
    assert_int_equal(wrong, 1);
}

static void test_more_than_is_left_is_taken_only_where_that_is_said_and_is_marked(void **state) {
    struct stand *s = *state;
    struct record a = visit(s), b = visit(s), c = visit(s);
    static const char events[] =
        "SELECT count(*) FROM core_outbox WHERE type='admissions.applicants.reservation.exceeded'";
    const char *roles[RESERVE_ASKS];
    int n;
    s->decl.amount = 2; // of 3
    MOVES(take, &a, "ok");
    assert_null(s->exceeded);
    s->decl.exceed = "refuse";
    MOVES(take, &b, "pool_full");
    s->decl.exceed = "warn";
    MOVES(take, &b, "ok");
    assert_ptr_equal(s->exceeded, s->decl.pool);
    assert_int_equal(of_row(s, "exceeded", &a), 0);
    assert_int_equal(of_row(s, "exceeded", &b), 1);
    assert_int_equal(fixture_int(s->fx, events), 1);
    OK(s->fx, reserve_asks(&s->fx->store, b.id, roles, &n));
    assert_int_equal(n, 0);
    s->decl.exceed = "ask:principal";
    MOVES(take, &c, "ok");
    assert_int_equal(of_row(s, "exceeded", &c), 2); // nothing was left: all of it
    OK(s->fx, reserve_asks(&s->fx->store, c.id, roles, &n));
    assert_int_equal(n, 1);
    assert_string_equal(roles[0], "principal");
    MOVES(commit, &c, "ok");
    assert_int_equal(of_row(s, "exceeded", &c), 2);
    OK(s->fx, reserve_asks(&s->fx->store, c.id, roles, &n)); // who was asked has signed
    assert_int_equal(n, 0);
    MOVES(settle, &b, "ok");
    assert_null(s->exceeded);
    assert_int_equal(total(s, "reserved+committed+settled"), 6);
    // the limit may come nearer to what is held, not go further from it
    struct value *limit =
        arena_alloc(s->fx->arena, sizeof *limit * (size_t)s->fx->applicants->nfields);
    memcpy(limit, s->pool.values, sizeof *limit * (size_t)s->fx->applicants->nfields);
    limit[s->decl.limit->index] = value_int(4);
    fixture_calm(s->fx);
    OK(s->fx, reserve_guard(&s->flow, &s->pool, limit, false));
    limit[s->decl.limit->index] = value_int(2);
    assert_int_equal(reserve_guard(&s->flow, &s->pool, limit, false), ERR_CONFLICT);
    MOVES(release, &c, "ok");
    OK(s->fx, reserve_asks(&s->fx->store, c.id, roles, &n));
    assert_int_equal(n, 0);
}

// An applicant's fee is what they take of somebody's; what it came to in the end may differ.
static void test_what_it_came_to_in_the_end_is_held_as_far_as_there_is_more(void **state) {
    struct stand *s = *state;
    struct entity *applicants = (struct entity *)s->fx->applicants;
    struct field line = *entity_field(applicants, "code"), *amount;
    line.type = FIELD_REFERENCE, line.target = applicants;
    ((struct field *)applicants->fields)[line.index] = line;
    amount = (struct field *)entity_field(applicants, "grade");
    s->decl = (struct reserve_decl){.holder = applicants,
                                    .pool = entity_field(applicants, "code"),
                                    .limit = entity_field(applicants, "score"),
                                    .amount_field = amount};
    applicants->holds = true;
    struct record r;
    struct value *v = s->pool.values;
    OK(s->fx, fixture_insert(s->fx, applicants,
                             arena_printf(s->fx->arena,
                                          "{\"name\":\"a\",\"code\":\"%s\",\"grade\":\"0.2\"}",
                                          s->pool.id),
                             &r));
    v = r.values;
    MOVES(take, &r, "ok");
    v[amount->index] = value_int(4); // of 3
    MOVES(commit, &r, "pool_full");
    s->decl.exceed = "ask:principal"; // whom nobody can ask any more
    MOVES(commit, &r, "pool_full");
    v[amount->index] = value_int(3);
    MOVES(commit, &r, "ok");
    assert_int_equal(total(s, "reserved") * 10 + total(s, "committed"), 3);
    s->decl.exceed = "warn";
    v[amount->index] = value_int(5);
    MOVES(settle, &r, "ok");
    assert_ptr_equal(s->exceeded, s->decl.pool);
    assert_int_equal(of_row(s, "exceeded", &r), 2);
    s->decl.exceed = NULL; // less than it was is always taken
    v[amount->index] = value_int(4);
    MOVES(settle, &r, "ok");
    assert_int_equal(total(s, "settled"), 4);
    v[amount->index] = value_null();
    MOVES(settle, &r, "required");
}

#define POOLS                                                                                      \
    "{\"name\":\"p\",\"entities\":[{\"name\":\"lines\",\"file\":\"p.lua\",\"line\":1,\"fields\":[" \
    "{\"name\":\"label\",\"type\":\"text\"},{\"name\":\"quota\",\"type\":\"integer\"},"            \
    "{\"name\":\"held\",\"type\":\"integer\",\"derived\":\"reserved(quota)\"},"                    \
    "{\"name\":\"sure\",\"type\":\"integer\",\"derived\":\"committed(quota)\"},"                   \
    "{\"name\":\"gone\",\"type\":\"integer\",\"derived\":\"settled(quota)\"},"                     \
    "{\"name\":\"rest\",\"type\":\"integer\",\"derived\":\"left(quota)\"}]},"                      \
    "{\"name\":\"claims\",\"file\":\"p.lua\",\"line\":2,\"fields\":["                              \
    "{\"name\":\"line\",\"type\":\"reference\",\"to\":\"lines\"}]}],"                              \
    "\"reports\":[{\"name\":\"sums\",\"entity\":\"lines\",\"kept\":true,\"sum\":["                 \
    "\"held\",\"sure\",\"gone\",\"rest\"]}]}"
static const char *of_pool(struct stand *s, const struct entity *lines, const char *id) {
    struct record r;
    OK(s->fx, store_get(&s->fx->store, lines, id, &r));
    assert_int_equal(r.rev, 1); // what others take is no revision of it
    const char *kept = NULL;
    struct stmt *st = db_query(s->fx->db, &s->fx->problem,
                               "SELECT sums FROM core_counter WHERE report='p.sums'", "");
    OK(s->fx, stmt_first(st, &s->fx->problem));
    stmt_take(st, s->fx->arena, "t", &kept);
    stmt_reset(st);
    const char *fields = arena_printf(s->fx->arena, "[%d,%d,%d,%d]", (int)r.values[2].i,
                                      (int)r.values[3].i, (int)r.values[4].i, (int)r.values[5].i);
    assert_string_equal(fields, kept);
    return fields;
}

static void test_fields_of_a_pool_show_what_is_held_of_it(void **state) {
    struct stand *s = *state;
    struct fixture *fx = s->fx;
    enum err e;
    struct schema *schema = fixture_schema(fx->arena, POOLS, &fx->problem, &e);
    OK(fx, e);
    OK(fx, store_migrate(fx->db, schema, NULL, &fx->problem));
    struct entity *lines = (struct entity *)schema->entities[0],
                  *claims = (struct entity *)schema->entities[1];
    s->decl = (struct reserve_decl){.holder = claims,
                                    .pool = entity_field(claims, "line"),
                                    .limit = entity_field(lines, "quota"),
                                    .amount = 3};
    lines->pool = &s->decl, claims->holds = true;
    struct record line, a, b;
    struct input in;
    OK(fx, fixture_input(fx, lines, "{\"quota\":7}", true, &in));
    OK(fx, input_derive(fx->arena, lines, NULL, &in, &fx->problem));
    OK(fx, store_insert(&fx->store, lines, &in, "p-1", NOW_MS, 0, &line));
    const char *body = arena_printf(fx->arena, "{\"line\":\"%s\"}", line.id);
    OK(fx, fixture_insert(fx, claims, body, &a));
    OK(fx, fixture_insert(fx, claims, body, &b));
    assert_string_equal(of_pool(s, lines, line.id), "[0,0,0,7]");
    MOVES(take, &a, "ok");
    MOVES(take, &b, "ok");
    assert_string_equal(of_pool(s, lines, line.id), "[6,0,0,1]");
    MOVES(commit, &a, "ok");
    assert_string_equal(of_pool(s, lines, line.id), "[3,3,0,1]");
    MOVES(settle, &a, "ok");
    assert_string_equal(of_pool(s, lines, line.id), "[3,0,3,1]");
    MOVES(release, &b, "ok");
    MOVES(take, &b, "ok");
    MOVES(release, &a, "ok");
    assert_string_equal(of_pool(s, lines, line.id), "[3,0,0,4]");
    // what a release without these fields has moved is there with the next
    OK(fx, db_run(fx->db, &fx->problem, NULL, "UPDATE core_pool SET reserved=4,settled=2", ""));
    OK(fx, store_migrate(fx->db, schema, NULL, &fx->problem));
    assert_string_equal(of_pool(s, lines, line.id), "[4,0,2,1]");
}

static void test_a_home_from_before_gets_the_columns_that_it_lacks(void **state) {
    struct stand *s = *state;
    struct record v = visit(s);
    MOVES(take, &v, "ok");
    OK(s->fx, db_exec(s->fx->db,
                      "ALTER TABLE core_pool DROP COLUMN settled;"
                      "ALTER TABLE core_reservation DROP COLUMN exceeded;"
                      "ALTER TABLE core_reservation DROP COLUMN asks;",
                      &s->fx->problem));
    for (int i = 0; i < 2; i++)
        OK(s->fx, store_migrate(s->fx->db, NULL, home_ddl(s->fx->arena), &s->fx->problem));
    MOVES(settle, &v, "ok");
    assert_int_equal(total(s, "settled"), 1);
    assert_int_equal(of_row(s, "exceeded", &v), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, stand_open, stand_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_as_many_as_there_are_and_not_one_more),
        T(test_a_release_is_told_once_and_a_swap_in_place_not_at_all),
        T(test_a_holder_keeps_its_pool_and_a_pool_its_limit),
        T(test_amounts_at_the_edge_of_what_is_counted),
        T(test_what_is_gone_or_empty_gives_nothing),
        T(test_what_is_settled_is_held_until_it_is_given_back),
        T(test_more_than_is_left_is_taken_only_where_that_is_said_and_is_marked),
        T(test_what_it_came_to_in_the_end_is_held_as_far_as_there_is_more),
        T(test_fields_of_a_pool_show_what_is_held_of_it),
        T(test_a_home_from_before_gets_the_columns_that_it_lacks),
    };
    return cmocka_run_group_tests_name("reserve", tests, NULL, NULL);
}
