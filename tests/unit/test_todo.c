// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#include "campus/todo.h"
#include "fixture.h"

static int todo_start(void **state) {
    fixture_open(state);
    struct fixture *fx = *state;
    OK(fx, store_migrate(fx->db, fx->schema, arena_strdup(fx->arena, todo_ddl), &fx->problem));
    return 0;
}

static void add(struct fixture *fx, const char *ref, const char *audience, int64_t due) {
    struct todo t = {.kind = "approval",
                     .entity = "admissions.applicants",
                     .record = "r-1",
                     .ref = ref,
                     .audience = audience,
                     .title = {"审批", "Approve"},
                     .due_at = due,
                     .created_at = NOW_MS};
    OK(fx, todo_open(fx->db, &t, &fx->problem));
}

// The refs of what waits for these, in order, separated by spaces.
static const char *waiting(struct fixture *fx, const char *one, const char *two, int limit,
                           const struct todo *after) {
    const char *who[] = {one, two};
    struct todo_page pg = {.audiences = who,
                           .naudiences = two ? 2 : 1,
                           .kind = "",
                           .after_due = after ? after->due_at : 0,
                           .after_id = after ? after->id : "",
                           .limit = limit};
    struct todo *list;
    struct buf b;
    int n;
    OK(fx, todo_find(fx->db, &pg, &list, &n, &fx->problem));
    buf_init(&b, fx->arena);
    for (int i = 0; i < n; i++) buf_printf(&b, "%s%s", i ? " " : "", list[i].ref);
    if (n && after) *(struct todo *)after = list[n - 1];
    return buf_str(&b);
}

static void test_what_is_due_first_comes_first_and_only_to_those_it_is_for(void **state) {
    struct fixture *fx = *state;
    add(fx, "a", "person:p-1", 0);
    add(fx, "b", "role:lead", NOW_MS + 5);
    add(fx, "c", "role:lead", NOW_MS + 1);
    add(fx, "d", "person:p-2", NOW_MS);
    assert_string_equal(waiting(fx, "person:p-1", "role:lead", 10, NULL), "c b a");
    assert_string_equal(waiting(fx, "person:p-2", NULL, 10, NULL), "d");
    assert_string_equal(waiting(fx, "group:lead", "", 10, NULL), "");
}

static void test_pages_follow_each_other_without_gap_or_repeat(void **state) {
    struct fixture *fx = *state;
    const char *names[] = {"a", "b", "c", "d", "e"};
    for (int i = 0; i < 5; i++) add(fx, names[i], "person:p-1", i < 2 ? NOW_MS : 0);
    struct todo last = {.id = ""};
    assert_string_equal(waiting(fx, "person:p-1", NULL, 2, &last), "a b");
    assert_string_equal(waiting(fx, "person:p-1", NULL, 2, &last), "c d");
    assert_string_equal(waiting(fx, "person:p-1", NULL, 2, &last), "e");
    assert_string_equal(waiting(fx, "person:p-1", NULL, 2, &last), "");
}

static void test_the_same_is_open_once_and_may_come_again_when_closed(void **state) {
    struct fixture *fx = *state;
    add(fx, "a", "person:p-1", 0);
    add(fx, "a", "person:p-1", 0);
    add(fx, "a", "role:lead", 0);
    assert_string_equal(waiting(fx, "person:p-1", "role:lead", 10, NULL), "a a");
    OK(fx, todo_close(fx->db, "approval", "a", "person:p-1", "p-1", NOW_MS, &fx->problem));
    assert_string_equal(waiting(fx, "person:p-1", "role:lead", 10, NULL), "a");
    OK(fx, todo_close(fx->db, "deadline", "a", NULL, "p-1", NOW_MS, &fx->problem));
    assert_string_equal(waiting(fx, "person:p-1", "role:lead", 10, NULL), "a");
    OK(fx, todo_close(fx->db, "approval", "a", NULL, "p-1", NOW_MS, &fx->problem));
    assert_string_equal(waiting(fx, "person:p-1", "role:lead", 10, NULL), "");
    add(fx, "a", "person:p-1", 0);
    assert_string_equal(waiting(fx, "person:p-1", "role:lead", 10, NULL), "a");
}

#define T(name) cmocka_unit_test_setup_teardown(name, todo_start, fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_what_is_due_first_comes_first_and_only_to_those_it_is_for),
        T(test_pages_follow_each_other_without_gap_or_repeat),
        T(test_the_same_is_open_once_and_may_come_again_when_closed),
    };
    return cmocka_run_group_tests_name("todo", tests, NULL, NULL);
}
