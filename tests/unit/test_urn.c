// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Urns: what goes in comes out, all at once or not at all, in an order that means nothing; and no
// more than the limit.
#include "campus/limits.h"
#include "campus/urn.h"
#include "flow_fixture.h"

static int stand_open(void **state) {
    flow_fixture_open(state, sizeof(struct flow_fixture), "public");
    return 0;
}

struct seen {
    int n;
    char order[4096][8];
    size_t bytes;
};
static enum err note(void *self, const char *answer, size_t n) {
    struct seen *s = self;
    s->bytes += n;
    if (s->n < 4096)
        snprintf(s->order[s->n], sizeof s->order[0], "%.*s", n < 7 ? (int)n : 7, answer);
    s->n++;
    return ERR_OK;
}
static void put(struct flow_fixture *s, const char *urn, const char *answer) {
    OK(s->fx, urn_put(&s->flow, urn, answer, strlen(answer)));
}
static int64_t rows(struct flow_fixture *s, const char *sql) {
    int64_t n;
    OK(s->fx, db_int(s->fx->db, &s->fx->problem, &n, -1, sql, ""));
    return n;
}

static void what_goes_in_comes_out_once(void **state) {
    struct flow_fixture *s = *state;
    static struct seen seen, again;
    int64_t n;
    char text[8];
    for (int i = 0; i < 300; i++) snprintf(text, sizeof text, "a%03d", i), put(s, "r-1", text);
    put(s, "r-2", "other");
    assert_int_equal(rows(s, "SELECT SUM(n) FROM core_urn WHERE urn='r-1'"), 300);
    OK(s->fx, urn_empty(&s->flow, "r-1", 300, note, &seen, &n));
    assert_int_equal(n, 300);
    assert_int_equal(seen.n, 300);
    int sum = 0, kept = 0;
    for (int i = 0; i < 300; i++) {
        int k = atoi(seen.order[i] + 1);
        sum += k, kept += i && k == atoi(seen.order[i - 1] + 1) + 1;
    }
    assert_int_equal(sum, 300 * 299 / 2);
    assert_true(kept < 15); // who follows whom: about one by chance
    OK(s->fx, urn_empty(&s->flow, "r-1", 1, note, &again, &n));
    assert_int_equal(n, 0);
    assert_int_equal(again.n, 0);
    assert_int_equal(rows(s, "SELECT COUNT(*) FROM core_key WHERE owner='urn/r-1'"), 0);
    assert_int_equal(rows(s, "SELECT COUNT(*) FROM core_urn"), 1);
}

static void too_few_are_never_read(void **state) {
    struct flow_fixture *s = *state;
    static struct seen seen;
    int64_t n;
    put(s, "few", "one"), put(s, "few", "two");
    OK(s->fx, urn_empty(&s->flow, "few", 3, note, &seen, &n));
    assert_int_equal(n, 2);
    assert_int_equal(seen.n, 0);
    assert_int_equal(rows(s, "SELECT COUNT(*) FROM core_urn WHERE urn='few'"), 0);
    assert_int_equal(rows(s, "SELECT COUNT(*) FROM core_key WHERE owner='urn/few'"), 0);
}

static void long_answers_lie_in_parts_that_are_shuffled_together(void **state) {
    struct flow_fixture *s = *state;
    static struct seen seen;
    static char big[20000];
    int64_t n;
    for (int i = 0; i < 40; i++) {
        memset(big, 'x', sizeof big);
        snprintf(big, 8, "b%05d", i), big[6] = 'x';
        OK(s->fx, urn_put(&s->flow, "long", big, sizeof big));
    }
    assert_true(rows(s, "SELECT COUNT(*) FROM core_urn WHERE urn='long'") > 5);
    OK(s->fx, urn_empty(&s->flow, "long", 1, note, &seen, &n));
    assert_int_equal(seen.bytes, 40 * sizeof big);
    int early = 0; // of the first half, how many came in the first half
    for (int i = 0; i < 20; i++) early += atoi(seen.order[i] + 1) < 20;
    assert_true(early > 3 && early < 17);
}

static void it_is_full_at_the_limit(void **state) {
    struct flow_fixture *s = *state;
    size_t n = LIMIT_URN_BYTES / 8, left = LIMIT_URN_BYTES - 7 * (n + 4);
    char *big = calloc(1, n);
    for (int i = 0; i < 7; i++) OK(s->fx, urn_put(&s->flow, "full", big, n));
    assert_int_equal(urn_put(&s->flow, "full", big, left + 1), ERR_CONFLICT);
    assert_string_equal(fixture_word(s->fx), "urn_full");
    fixture_calm(s->fx);
    OK(s->fx, urn_put(&s->flow, "full", big, left));
    free(big);
}

static void one_that_was_changed_does_not_open(void **state) {
    struct flow_fixture *s = *state;
    static struct seen seen;
    int64_t n;
    put(s, "r-3", "one");
    OK(s->fx, db_run(s->fx->db, &s->fx->problem, NULL,
                     "UPDATE core_urn SET urn='r-4' WHERE urn='r-3'", ""));
    assert_int_equal(urn_empty(&s->flow, "r-4", 1, note, &seen, &n), ERR_CORRUPT);
    assert_int_equal(seen.n, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_goes_in_comes_out_once, stand_open,
                                        flow_fixture_close),
        cmocka_unit_test_setup_teardown(too_few_are_never_read, stand_open, flow_fixture_close),
        cmocka_unit_test_setup_teardown(long_answers_lie_in_parts_that_are_shuffled_together,
                                        stand_open, flow_fixture_close),
        cmocka_unit_test_setup_teardown(it_is_full_at_the_limit, stand_open, flow_fixture_close),
        cmocka_unit_test_setup_teardown(one_that_was_changed_does_not_open, stand_open,
                                        flow_fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
