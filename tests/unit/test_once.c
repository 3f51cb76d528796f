// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What is unique in lists: over all records and within each, as long as they count.
#include "fixture.h"

#define CLAIMS(unique)                                                                             \
    "{\"name\":\"p\",\"entities\":[{\"name\":\"claims\",\"file\":\"p.lua\",\"line\":1,\"fields\":" \
    "["                                                                                            \
    "{\"name\":\"label\",\"type\":\"text\"},{\"name\":\"lines\",\"type\":\"list\",\"fields\":["    \
    "{\"name\":\"no\",\"type\":\"text\"" unique "},{\"name\":\"m\",\"type\":\"integer\"" unique    \
    "}]}],\"workflow\":{\"start\":\"draft\",\"states\":[{\"name\":\"draft\",\"frees\":true},"      \
    "{\"name\":\"sent\"},{\"name\":\"rejected\",\"final\":true,\"frees\":true}],"                  \
    "\"transitions\":[{\"name\":\"send\",\"from\":\"draft\",\"to\":\"sent\"},"                     \
    "{\"name\":\"back\",\"from\":\"sent\",\"to\":\"draft\"},"                                      \
    "{\"name\":\"reject\",\"from\":\"sent\",\"to\":\"rejected\"}]}}]}"
enum { DRAFT, SENT, REJECTED };

struct desk {
    struct fixture *fx;
    const struct entity *claims;
};

static enum err declared(struct desk *d, const char *plugin) {
    enum err e;
    fixture_calm(d->fx);
    struct schema *s = fixture_schema(d->fx->arena, plugin, &d->fx->problem, &e);
    OK(d->fx, e);
    d->claims = s->entities[0];
    return store_migrate(d->fx->db, s, NULL, &d->fx->problem);
}

static struct desk open_desk(void **state) {
    struct desk d = {.fx = *state};
    OK(d.fx, declared(&d, CLAIMS(",\"unique\":true")));
    return d;
}

static struct record draft(struct desk *d, const char *lines) {
    struct record r;
    OK(d->fx,
       fixture_insert(d->fx, d->claims,
                      arena_printf(d->fx->arena, "{\"label\":\"x\",\"lines\":%s}", lines), &r));
    OK(d->fx, store_get(&d->fx->store, d->claims, r.id, &r));
    return r;
}

// The pointers of what is refused, or "ok".
static const char *wrote(struct desk *d, struct record *r, const char *lines, int to) {
    struct input in = {0};
    struct buf b;
    fixture_calm(d->fx);
    buf_init(&b, d->fx->arena);
    if (lines)
        OK(d->fx, fixture_input(d->fx, d->claims,
                                arena_printf(d->fx->arena, "{\"lines\":%s}", lines), false, &in));
    struct record before = *r; // a refusal undoes what was written
    OK(d->fx, db_begin(d->fx->db, &d->fx->problem));
    enum err e = store_update(&d->fx->store, r, lines ? &in : NULL, to, "go", "p-1", NOW_MS, 1);
    for (struct problem_item *it = d->fx->problem.first; it; it = it->next) {
        assert_string_equal(it->word, "unique");
        assert_non_null(it->detail_zh);
        buf_printf(&b, "%s%s", b.len ? " " : "", it->pointer);
    }
    if (e)
        db_rollback(d->fx->db), *r = before;
    else
        OK(d->fx, db_commit(d->fx->db, &d->fx->problem));
    OK(d->fx, store_get(&d->fx->store, d->claims, r->id, r));
    return e ? buf_str(&b) : "ok";
}
#define WROTE(r, lines, to, how) assert_string_equal(wrote(&d, r, lines, to), how)

static int64_t marks(struct desk *d) {
    return fixture_int(d->fx, "SELECT count(*) FROM core_once");
}

static void test_a_value_stands_once_in_all_records_that_count(void **state) {
    struct desk d = open_desk(state);
    struct record a = draft(&d, "[{\"no\":\"A-1\",\"m\":7},{\"no\":\"A-2\"}]");
    struct record b = draft(&d, "[{\"no\":\"b\"},{\"no\":\"a 2\",\"m\":7}]");
    assert_int_equal(marks(&d), 0); // drafts do not count
    WROTE(&a, NULL, SENT, "ok");
    assert_int_equal(marks(&d), 3);
    WROTE(&b, NULL, SENT, "/lines/1/m /lines/1/no");
    assert_int_equal(b.state, DRAFT);
    WROTE(&b, "[{\"no\":\"b\"},{\"no\":\"\"},{\"m\":null},{}]", -1, "ok");
    WROTE(&b, NULL, SENT, "ok");
    WROTE(&b, "[{\"no\":\"Ａ１\"}]", -1, "/lines/0/no");      // of full width
    WROTE(&a, "[{\"no\":\"A-2\"},{\"no\":\"c\"}]", -1, "ok"); // its own stays its own
    WROTE(&b, "[{\"no\":\"A1\"}]", -1, "ok");                 // and what it let go is free
    WROTE(&a, NULL, REJECTED, "ok");
    WROTE(&b, "[{\"no\":\"A1\"},{\"no\":\"A2\"}]", -1, "ok");
    assert_int_equal(marks(&d), 2);
    OK(d.fx, store_archive(&d.fx->store, &b, "p-1", NOW_MS, 1));
    assert_int_equal(marks(&d), 0);
}

static void test_a_value_stands_once_in_a_record_a_draft_too(void **state) {
    struct desk d = open_desk(state);
    struct record a = draft(&d, "[{\"no\":\"1\"}]");
    WROTE(&a, "[{\"no\":\"x\"},{\"no\":\"y\"},{\"no\":\"X\"},{\"m\":1},{\"m\":1}]", -1,
          "/lines/4/m /lines/2/no");
    WROTE(&a, "[{\"no\":\"1\"},{\"m\":1}]", -1, "ok"); // a text is not a number's rival
    struct input in;
    OK(d.fx,
       fixture_input(d.fx, d.claims, "{\"lines\":[{\"no\":\"z\"},{\"no\":\"z\"}]}", true, &in));
    struct record b;
    assert_int_equal(store_insert(&d.fx->store, d.claims, &in, "p-1", NOW_MS, 0, &b), ERR_CONFLICT);
}

static void test_many_lines_go_as_a_few_do(void **state) {
    struct desk d = open_desk(state);
    struct buf b;
    buf_init(&b, d.fx->arena);
    for (int i = 0; i < 50; i++) buf_printf(&b, "%c{\"no\":\"n%d\"}", i ? ',' : '[', i);
    buf_putc(&b, ']');
    struct record a = draft(&d, buf_str(&b)), c = draft(&d, "[{\"no\":\"n49\"},{\"no\":\"n0\"}]");
    WROTE(&a, NULL, SENT, "ok");
    assert_int_equal(marks(&d), 50);
    WROTE(&c, NULL, SENT, "/lines/1/no /lines/0/no");
    WROTE(&a, NULL, DRAFT, "ok");
    WROTE(&c, NULL, SENT, "ok");
}

static void test_a_release_that_begins_to_ask_looks_at_what_is_there(void **state) {
    struct desk d = {.fx = *state};
    OK(d.fx, declared(&d, CLAIMS("")));
    struct record a = draft(&d, "[{\"no\":\"1\",\"m\":4}]"), b = draft(&d, "[{\"no\":\"1\"}]");
    WROTE(&a, NULL, SENT, "ok");
    WROTE(&b, NULL, SENT, "ok");
    assert_int_equal(declared(&d, CLAIMS(",\"unique\":true")), ERR_CONFLICT);
    assert_string_equal(fixture_word(d.fx), "unique");
    assert_non_null(strstr(d.fx->problem.first->detail, "p.claims: 1 values"));
    assert_int_equal(marks(&d), 0);
    WROTE(&b, NULL, REJECTED, "ok");
    OK(d.fx, declared(&d, CLAIMS(",\"unique\":true")));
    assert_int_equal(marks(&d), 2);
    OK(d.fx, declared(&d, CLAIMS(",\"unique\":true"))); // once
    OK(d.fx, declared(&d, CLAIMS("")));
    assert_int_equal(marks(&d), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_a_value_stands_once_in_all_records_that_count),
        T(test_a_value_stands_once_in_a_record_a_draft_too),
        T(test_many_lines_go_as_a_few_do),
        T(test_a_release_that_begins_to_ask_looks_at_what_is_there),
    };
    return cmocka_run_group_tests_name("once", tests, NULL, NULL);
}
