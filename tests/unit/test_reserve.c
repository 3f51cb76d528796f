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
    struct transition take, keep, commit, release, swap;
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
    enum err e = reserve_move(&s->flow, t, r, r->values);
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
    assert_int_equal(reserve_move(&s->flow, &s->keep, &v, after), ERR_CONFLICT);
    assert_int_equal(reserve_guard(&s->flow, &v, v.values, true), ERR_CONFLICT);
    OK(s->fx, reserve_move(&s->flow, &s->swap, &v, after));
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

#define T(name) cmocka_unit_test_setup_teardown(name, stand_open, stand_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_as_many_as_there_are_and_not_one_more),
        T(test_a_release_is_told_once_and_a_swap_in_place_not_at_all),
        T(test_a_holder_keeps_its_pool_and_a_pool_its_limit),
        T(test_amounts_at_the_edge_of_what_is_counted),
        T(test_what_is_gone_or_empty_gives_nothing),
    };
    return cmocka_run_group_tests_name("reserve", tests, NULL, NULL);
}
