// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The store: what is written is what is read, sealed where it must be, found, listed and counted.
#include "fixture.h"

static const char WANG[] =
    "{\"name\":\"王小明\",\"region\":\"north\",\"score\":512,\"grade\":\"7.5\",\"fee\":\"350.00\","
    "\"born\":\"2008-02-29\",\"boards\":true,\"tags\":[\"art\"],"
    "\"id_number\":\"11010519491231002X\",\"phone\":\"13800138000\",\"income\":\"12.34\","
    "\"code\":\"A1\",\"lines\":[{\"amount\":\"1.00\"}]}";

static const struct value *at(const struct record *r, const char *name) {
    return &r->values[entity_field(r->entity, name)->index];
}

static bool is_text(const struct value *v, const char *t) {
    return (v->kind == VALUE_TEXT || v->kind == VALUE_JSON) && v->n == strlen(t) &&
           !memcmp(v->p, t, v->n);
}

static struct fieldset all(void) {
    return (struct fieldset){{~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0)}};
}

static struct record get(struct fixture *fx, const struct entity *e, const char *id, bool open) {
    struct record r;
    struct fieldset every = all();
    OK(fx, store_get(&fx->store, e, id, &r));
    if (open) OK(fx, store_unseal(&fx->store, &r, &every));
    return r;
}

static void test_a_record_reads_as_it_was_written(void **state) {
    struct fixture *fx = *state;
    struct record w, r;
    OK(fx, fixture_insert(fx, fx->applicants, WANG, &w));
    r = get(fx, fx->applicants, w.id, false);
    assert_int_equal(r.rev, 1);
    assert_int_equal(r.state, 0);
    assert_int_equal(r.created_at, NOW_MS);
    assert_string_equal(r.created_by, "p-1");
    assert_string_equal(r.owner, r.id);
    assert_true(is_text(at(&r, "name"), "王小明"));
    assert_int_equal(at(&r, "score")->i, 512);
    assert_int_equal(at(&r, "grade")->i, 75);
    assert_int_equal(at(&r, "fee")->i, 35000);
    assert_int_equal(at(&r, "boards")->kind, VALUE_BOOL);
    assert_true(is_text(at(&r, "tags"), "[\"art\"]"));
    assert_true(value_is_null(at(&r, "seen_at")));
    assert_int_equal(at(&r, "phone")->kind, VALUE_BLOB);
    struct fieldset one = {0}, every = all();
    fieldset_add(&one, entity_field(fx->applicants, "phone")->index);
    OK(fx, store_unseal(&fx->store, &r, &one));
    assert_true(is_text(at(&r, "phone"), "13800138000"));
    assert_int_equal(at(&r, "id_number")->kind, VALUE_BLOB);
    OK(fx, store_unseal(&fx->store, &r, &every));
    assert_true(is_text(at(&r, "id_number"), "11010519491231002X"));
    assert_int_equal(at(&r, "income")->kind, VALUE_INT);
    assert_int_equal(at(&r, "income")->i, 1234);
    assert_int_equal(store_get(&fx->store, fx->applicants, "nobody", &r), ERR_NOT_FOUND);
}

static void test_no_sealed_value_stands_in_the_file_in_the_clear(void **state) {
    if (fixture_is_postgres()) skip(); // there is no file of ours
    struct fixture *fx = *state;
    struct record w;
    struct input in;
    struct fieldset every = all();
    OK(fx, fixture_insert(fx, fx->applicants, WANG, &w));
    struct record r =
        get(fx, fx->applicants, w.id, true); // opened, then changed: history must seal it
    OK(fx, store_unseal(&fx->store, &r, &every));
    OK(fx, fixture_input(fx, fx->applicants, "{\"phone\":\"13900139000\",\"income\":\"99887.66\"}",
                         false, &in));
    OK(fx, store_update(&fx->store, &r, &in, -1, "update", "p-2", NOW_MS + 1, 1));
    OK(fx, db_checkpoint(fx->db, &fx->problem));
    static const char *const secrets[] = {"11010519491231002", "1380013800", "13900139000",
                                          "9988766"};
    static const char *const ends[] = {"", "-wal"};
    for (int i = 0; i < 2; i++) {
        FILE *f = fopen(arena_printf(fx->arena, "%s%s", fx->path, ends[i]), "rb");
        assert_non_null(f);
        char *text = arena_alloc(fx->arena, 4 << 20);
        size_t n = fread(text, 1, 4 << 20, f);
        fclose(f);
        assert_true(n > 1000);
        assert_true(i || memmem(text, n, "王小明", 9));
        for (int k = 0; k < 4; k++) assert_null(memmem(text, n, secrets[k], strlen(secrets[k])));
    }
}

static void test_a_sealed_value_moved_to_another_record_does_not_open(void **state) {
    struct fixture *fx = *state;
    struct record a, b;
    struct fieldset every = all();
    OK(fx, fixture_insert(fx, fx->applicants, "{\"name\":\"a\",\"phone\":\"13800138000\"}", &a));
    OK(fx, fixture_insert(fx, fx->applicants, "{\"name\":\"b\",\"phone\":\"13800138001\"}", &b));
    OK(fx,
       db_run(
           fx->db, &fx->problem, NULL,
           "UPDATE r_admissions_applicants SET f_phone=(SELECT f_phone FROM r_admissions_applicants"
           " WHERE id=$1) WHERE id=$2",
           "tt", a.id, b.id));
    b = get(fx, fx->applicants, b.id, false);
    assert_int_equal(store_unseal(&fx->store, &b, &every), ERR_CORRUPT);
}

struct seen {
    int n;
    int64_t rev[8], release[8];
    char verb[8][16], delta[8][400];
};
static enum err see_history(void *self, const struct history_row *h) {
    struct seen *s = self;
    s->rev[s->n] = h->rev;
    s->release[s->n] = h->release;
    snprintf(s->verb[s->n], 16, "%s", h->verb);
    snprintf(s->delta[s->n++], 400, "%.*s", (int)h->delta_n, h->delta);
    return ERR_OK;
}

static void test_an_update_keeps_what_was_and_moves_the_state(void **state) {
    struct fixture *fx = *state;
    struct record w;
    struct input in;
    OK(fx, fixture_insert(fx, fx->applicants, WANG, &w));
    struct record r = get(fx, fx->applicants, w.id, false);
    OK(fx, fixture_input(fx, fx->applicants,
                         "{\"score\":600,\"phone\":\"13900139000\",\"code\":null}", false, &in));
    OK(fx, store_update(&fx->store, &r, &in, 1, "register", "p-2", NOW_MS + 5, 7));
    assert_int_equal(r.rev, 2);
    OK(fx, store_update(&fx->store, &r, NULL, 2, "admit", "p-3", NOW_MS + 6, 8));
    r = get(fx, fx->applicants, w.id, true);
    assert_int_equal(r.rev, 3);
    assert_int_equal(r.state, 2);
    assert_int_equal(r.updated_at, NOW_MS + 6);
    assert_string_equal(r.updated_by, "p-3");
    assert_int_equal(at(&r, "score")->i, 600);
    assert_true(value_is_null(at(&r, "code")));
    assert_true(is_text(at(&r, "phone"), "13900139000"));
    struct seen s = {0};
    OK(fx, store_history(&fx->store, fx->applicants, w.id, see_history, &s));
    assert_int_equal(s.n, 2);
    assert_int_equal(s.rev[0], 2);
    assert_int_equal(s.release[1], 8);
    assert_string_equal(s.verb[0], "register");
    assert_non_null(
        strstr(s.delta[0], "{\"state\":\"draft\",\"score\":512,\"phone\":{\"sealed\":\""));
    assert_non_null(strstr(s.delta[0], "\"code\":\"A1\"}"));
    assert_string_equal(s.delta[1], "{\"state\":\"registered\"}");
}

static void test_an_archived_record_is_gone_and_frees_its_unique_values(void **state) {
    struct fixture *fx = *state;
    struct record w, r;
    OK(fx, fixture_insert(fx, fx->applicants, WANG, &w));
    OK(fx, store_archive(&fx->store, &w, "p-2", NOW_MS + 1, 1));
    assert_int_equal(store_get(&fx->store, fx->applicants, w.id, &r), ERR_NOT_FOUND);
    OK(fx, fixture_insert(fx, fx->applicants, WANG, &w));
}

static void test_a_unique_value_is_refused_twice_at_the_field_it_belongs_to(void **state) {
    struct fixture *fx = *state;
    struct record r;
    OK(fx, fixture_insert(fx, fx->applicants, WANG, &r));
    OK(fx, fixture_insert(fx, fx->applicants, "{\"name\":\"x\",\"code2\":\"A1\"}", &r));
    static const char *const again[][2] = {
        {"{\"name\":\"b\",\"id_number\":\"11010519491231002x\"}", "/id_number"},
        {"{\"name\":\"b\",\"code\":\"A1\"}", "/code"},
        {"{\"name\":\"b\",\"code2\":\"A1\"}", "/code2"}};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fixture_insert(fx, fx->applicants, again[i][0], &r), ERR_CONFLICT);
        assert_string_equal(fx->problem.first->pointer, again[i][1]);
        assert_string_equal(fx->problem.first->word, "unique");
        assert_null(strstr(fx->problem.detail, "A1"));
        fixture_calm(fx);
    }
    struct input in;
    OK(fx, fixture_insert(fx, fx->applicants, "{\"name\":\"c\",\"code\":\"B1\"}", &r));
    OK(fx, fixture_input(fx, fx->applicants, "{\"code\":\"A1\"}", false, &in));
    assert_int_equal(store_update(&fx->store, &r, &in, -1, "update", "p", NOW_MS, 1), ERR_CONFLICT);
    assert_string_equal(fx->problem.first->pointer, "/code");
}

static void test_what_is_about_a_person_shares_their_key_and_dies_with_it(void **state) {
    struct fixture *fx = *state;
    struct record a, v, r;
    struct fieldset every = all();
    OK(fx, fixture_insert(fx, fx->applicants, WANG, &a));
    const char *body = arena_printf(fx->arena, "{\"applicant\":\"%s\",\"remark\":\"怕高\"}", a.id);
    OK(fx, fixture_insert(fx, fx->visits, body, &v));
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM core_key"), 1);
    r = get(fx, fx->visits, v.id, true);
    assert_string_equal(r.owner, a.id);
    assert_true(is_text(at(&r, "remark"), "怕高"));
    assert_true(is_text(at(&r, "host"), "p-1"));
    assert_true(is_text(at(&r, "day"), "2026-09-01"));
    assert_int_equal(at(&r, "at")->i, NOW_MS);
    // erased: nothing opens any more, and what is written afterwards has a key of its own
    // generation
    OK(fx, db_run(fx->db, &fx->problem, NULL, "UPDATE core_key SET wrapped=NULL WHERE owner=$1",
                  "t", a.id));
    r = get(fx, fx->visits, v.id, true);
    assert_true(value_is_null(at(&r, "remark")));
    struct input in;
    OK(fx, fixture_input(fx, fx->applicants, "{\"phone\":\"13900139000\"}", false, &in));
    r = get(fx, fx->applicants, a.id, false);
    OK(fx, store_update(&fx->store, &r, &in, -1, "update", "p", NOW_MS, 1));
    r = get(fx, fx->applicants, a.id, false);
    assert_int_equal(r.generation, 2);
    OK(fx, store_unseal(&fx->store, &r, &every));
    assert_true(is_text(at(&r, "phone"), "13900139000"));
    assert_true(value_is_null(at(&r, "id_number")));
}

static void test_a_locked_vault_writes_nothing_and_opens_nothing(void **state) {
    struct fixture *fx = *state;
    struct record w;
    struct fieldset every = all();
    OK(fx, fixture_insert(fx, fx->applicants, WANG, &w));
    struct record r = get(fx, fx->applicants, w.id, false);
    keyring_lock(fx->keyring);
    assert_int_equal(store_unseal(&fx->store, &r, &every), ERR_LOCKED);
    fixture_calm(fx);
    assert_int_equal(
        fixture_insert(fx, fx->applicants, "{\"name\":\"b\",\"phone\":\"13900139000\"}", &w),
        ERR_LOCKED);
}

static void test_a_schema_grows_by_columns_without_losing_rows(void **state) {
    struct fixture *fx = *state;
    struct record w, r;
    OK(fx, fixture_insert(fx, fx->applicants, WANG, &w));
    struct buf b;
    buf_init(&b, fx->arena);
    const char *cut = strstr(FIXTURE_PLUGIN, "{\"name\":\"score\"");
    buf_put(&b, FIXTURE_PLUGIN, (size_t)(cut - FIXTURE_PLUGIN));
    buf_puts(&b, "{\"name\":\"nick\",\"type\":\"text\",\"class\":\"secret\",\"searchable\":true,"
                 "\"unique\":true},");
    buf_puts(&b, cut);
    enum err e;
    struct schema *more = fixture_schema(fx->arena, buf_str(&b), &fx->problem, &e);
    OK(fx, e);
    OK(fx, store_migrate(fx->db, more, NULL, &fx->problem));
    OK(fx, store_migrate(fx->db, more, NULL, &fx->problem)); // and again: nothing to do
    const struct entity *bigger = schema_entity(more, "admissions", "applicants");
    r = get(fx, bigger, w.id, true);
    assert_true(value_is_null(at(&r, "nick")));
    assert_int_equal(at(&r, "score")->i, 512);
    struct input in;
    OK(fx, fixture_input(fx, bigger, "{\"nick\":\"明\"}", false, &in));
    OK(fx, store_update(&fx->store, &r, &in, -1, "update", "p", NOW_MS, 1));
    r = get(fx, bigger, w.id, true);
    assert_true(is_text(at(&r, "nick"), "明"));
}

// Lists.

struct rows {
    int n;
    char ids[400][40];
    int64_t score[400];
    bool open;
    struct fixture *fx;
};
static enum err take(void *self, struct record *r) {
    struct rows *rs = self;
    assert_true(rs->n < 400);
    struct fieldset every = all();
    if (rs->open) OK(rs->fx, store_unseal(&rs->fx->store, r, &every));
    snprintf(rs->ids[rs->n], 40, "%s", r->id);
    rs->score[rs->n++] = value_is_null(at(r, "score")) ? -1 : at(r, "score")->i;
    return ERR_OK;
}

static void fill(struct fixture *fx, int n) {
    static const char *const regions[] = {"north", "south", "east"};
    struct record r;
    OK(fx, db_begin(fx->db, &fx->problem));
    for (int i = 0; i < n; i++) {
        const char *body =
            i % 5 == 4
                ? arena_printf(fx->arena, "{\"name\":\"n%d\",\"phone\":\"138001%05d\"}", i, i / 2)
                : arena_printf(
                      fx->arena,
                      "{\"name\":\"n%d\",\"region\":\"%s\",\"score\":%d,\"phone\":\"138001%05d\"}",
                      i, regions[i % 3], i * 37 % 20, i / 2);
        OK(fx, fixture_insert(fx, fx->applicants, body, &r));
    }
    OK(fx, db_commit(fx->db, &fx->problem));
}

static struct page page(int limit) {
    return (struct page){.limit = limit, .blind_field = -1};
}

// Reads every page and compares with one long page.
static void walk(struct fixture *fx, struct page pg, int want, int step) {
    static struct rows whole, parts;
    struct value last[ORDER_MAX + 1], kept[ORDER_MAX + 1];
    int nlast;
    bool more;
    whole.n = parts.n = 0;
    whole.fx = parts.fx = fx;
    pg.limit = 400;
    OK(fx, store_list(&fx->store, fx->applicants, &pg, take, &whole, &more, last, &nlast));
    assert_false(more);
    assert_int_equal(whole.n, want);
    pg.limit = step;
    for (int pages = 0;; pages++) {
        assert_true(pages < 400);
        OK(fx, store_list(&fx->store, fx->applicants, &pg, take, &parts, &more, last, &nlast));
        if (!more) break;
        assert_int_equal(nlast, pg.norder + 1);
        memcpy(kept, last, sizeof kept);
        pg.after = kept;
        pg.nafter = nlast;
    }
    assert_int_equal(parts.n, whole.n);
    for (int i = 0; i < whole.n; i++) assert_string_equal(parts.ids[i], whole.ids[i]);
}

static void test_pages_put_together_are_the_whole_list_in_every_order(void **state) {
    struct fixture *fx = *state;
    fill(fx, 60);
    int score = entity_field(fx->applicants, "score")->index,
        region = entity_field(fx->applicants, "region")->index;
    const int columns[] = {score, region, COLUMN_STATE, COLUMN_CREATED_AT, COLUMN_ID};
    for (int step = 1; step <= 7; step += 3) {
        walk(fx, page(0), 60, step);
        for (int i = 0; i < 5; i++)
            for (int d = 0; d < 2; d++) {
                struct page pg = page(0);
                pg.order[pg.norder++] = (struct order){columns[i], d};
                walk(fx, pg, 60, step);
                for (int k = 0; k < 5; k++)
                    for (int f = 0; f < 2; f++) {
                        pg.norder = 1;
                        pg.order[pg.norder++] = (struct order){columns[k], f};
                        walk(fx, pg, 60, step);
                        pg.order[pg.norder++] = (struct order){region, !f};
                        walk(fx, pg, 60, step);
                    }
            }
    }
}

static void test_a_list_is_ordered_with_nulls_first_upwards(void **state) {
    struct fixture *fx = *state;
    static struct rows rs;
    struct value last[ORDER_MAX + 1];
    int nlast;
    bool more;
    fill(fx, 30);
    struct page pg = page(30);
    pg.order[pg.norder++] = (struct order){entity_field(fx->applicants, "score")->index, false};
    rs = (struct rows){.fx = fx};
    OK(fx, store_list(&fx->store, fx->applicants, &pg, take, &rs, &more, last, &nlast));
    for (int i = 1; i < 30; i++) assert_true(rs.score[i - 1] <= rs.score[i]);
    assert_int_equal(rs.score[0], -1);
    pg.order[0].desc = true;
    rs.n = 0;
    OK(fx, store_list(&fx->store, fx->applicants, &pg, take, &rs, &more, last, &nlast));
    for (int i = 1; i < 30; i++) assert_true(rs.score[i - 1] >= rs.score[i]);
    assert_int_equal(rs.score[29], -1);
}

static void test_a_filter_narrows_list_and_count_alike(void **state) {
    struct fixture *fx = *state;
    fill(fx, 60);
    struct value north = value_text("north"), ten = value_int(10);
    struct page pg = page(0);
    pg.where = cond_and(
        fx->arena,
        cond_compare(fx->arena, COND_EQ, entity_field(fx->applicants, "region")->index, &north, 1),
        cond_compare(fx->arena, COND_GE, entity_field(fx->applicants, "score")->index, &ten, 1));
    int want = 0;
    for (int i = 0; i < 60; i++) want += i % 5 != 4 && i % 3 == 0 && i * 37 % 20 >= 10;
    assert_true(want > 3);
    walk(fx, pg, want, 2);
    int64_t n;
    OK(fx, store_count(&fx->store, fx->applicants, &pg, &n));
    assert_int_equal(n, want);
}

static void test_a_sealed_field_is_found_by_equality_and_only_exactly(void **state) {
    struct fixture *fx = *state;
    fill(fx, 60);
    struct page pg = page(10);
    int64_t n;
    pg.blind_field = entity_field(fx->applicants, "phone")->index;
    pg.blind = value_text("138-0010 0007"); // as people write it
    OK(fx, store_count(&fx->store, fx->applicants, &pg, &n));
    assert_int_equal(n, 2);
    walk(fx, pg, 2, 1);
    pg.blind_last4 = true;
    pg.blind = value_text("0007");
    walk(fx, pg, 2, 1);
    pg.blind = value_text("9999");
    walk(fx, pg, 0, 1);
    // a row that only shares the mark is not a match
    OK(fx, db_exec(fx->db,
                   "UPDATE r_admissions_applicants SET b_phone=(SELECT b_phone FROM"
                   " r_admissions_applicants WHERE f_name='n14')",
                   &fx->problem));
    pg.blind_last4 = false;
    pg.blind = value_text("13800100007");
    walk(fx, pg, 2, 1);
    pg.where = cond_compare(fx->arena, COND_EQ, entity_field(fx->applicants, "name")->index,
                            &(struct value){VALUE_TEXT, 0, "n15", 3}, 1);
    walk(fx, pg, 1, 1);
}

static enum err see_sealed(void *self, struct record *r) {
    (void)self;
    assert_int_equal(at(r, "phone")->kind, VALUE_BLOB);
    return ERR_OK;
}

static void test_searching_a_sealed_field_does_not_hand_it_out_open(void **state) {
    struct fixture *fx = *state;
    struct value last[ORDER_MAX + 1];
    int nlast;
    bool more;
    fill(fx, 4);
    struct page pg = page(10);
    pg.blind_field = entity_field(fx->applicants, "phone")->index;
    pg.blind = value_text("13800100001");
    OK(fx, store_list(&fx->store, fx->applicants, &pg, see_sealed, NULL, &more, last, &nlast));
    static struct rows rs;
    rs = (struct rows){.fx = fx, .open = true};
    pg.blind_field = -1;
    OK(fx, store_list(&fx->store, fx->applicants, &pg, take, &rs, &more, last, &nlast));
    assert_int_equal(rs.n, 4);
}

static enum err stop(void *self, struct record *r) {
    (void)r;
    return ++*(int *)self == 2 ? ERR_UNAVAILABLE : ERR_OK;
}

static void test_a_reader_that_stops_ends_the_list(void **state) {
    struct fixture *fx = *state;
    struct value last[ORDER_MAX + 1];
    int nlast, n = 0;
    bool more;
    fill(fx, 10);
    struct page pg = page(10);
    assert_int_equal(store_list(&fx->store, fx->applicants, &pg, stop, &n, &more, last, &nlast),
                     ERR_UNAVAILABLE);
    assert_int_equal(n, 2);
}

// Idempotency.

static void test_a_repeated_key_is_recognised_for_a_day_and_by_its_actor(void **state) {
    struct fixture *fx = *state;
    static const uint8_t one[16] = "0123456789abcde", two[16] = "another request";
    const int64_t day = 24 * 60 * 60 * 1000;
    struct idem id;
    OK(fx, idem_find(&fx->store, "p-1", "k", one, NOW_MS, &id));
    assert_false(id.found);
    OK(fx, idem_put(&fx->store, "p-1", "k", one, 201, "admissions.applicants", "r-1", NOW_MS));
    OK(fx, idem_find(&fx->store, "p-1", "k", one, NOW_MS + day - 1, &id));
    assert_true(id.found && !id.mismatch);
    assert_int_equal(id.status, 201);
    assert_string_equal(id.entity, "admissions.applicants");
    assert_string_equal(id.record, "r-1");
    OK(fx, idem_find(&fx->store, "p-1", "k", two, NOW_MS, &id));
    assert_true(id.found && id.mismatch);
    OK(fx, idem_find(&fx->store, "p-2", "k", one, NOW_MS, &id));
    assert_false(id.found);
    OK(fx, idem_find(&fx->store, "p-1", "k", one, NOW_MS + day, &id));
    assert_false(id.found);
    OK(fx, idem_put(&fx->store, "p-1", "k", two, 200, NULL, NULL, NOW_MS + day)); // used anew
    OK(fx, idem_find(&fx->store, "p-1", "k", two, NOW_MS + day, &id));
    assert_true(id.found && !id.mismatch && id.status == 200);
}

static void test_expired_keys_go_away_by_themselves(void **state) {
    struct fixture *fx = *state;
    static const uint8_t hash[16] = "0123456789abcde";
    for (int i = 0; i < 10; i++)
        OK(fx, idem_put(&fx->store, "p", arena_printf(fx->arena, "k%d", i), hash, 201, "e", "r",
                        NOW_MS));
    for (int i = 0; i < 4; i++)
        OK(fx, idem_put(&fx->store, "p", arena_printf(fx->arena, "l%d", i), hash, 201, "e", "r",
                        NOW_MS + 100000000));
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM core_idempotency"), 4);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_a_record_reads_as_it_was_written),
        T(test_no_sealed_value_stands_in_the_file_in_the_clear),
        T(test_a_sealed_value_moved_to_another_record_does_not_open),
        T(test_an_update_keeps_what_was_and_moves_the_state),
        T(test_an_archived_record_is_gone_and_frees_its_unique_values),
        T(test_a_unique_value_is_refused_twice_at_the_field_it_belongs_to),
        T(test_what_is_about_a_person_shares_their_key_and_dies_with_it),
        T(test_a_locked_vault_writes_nothing_and_opens_nothing),
        T(test_a_schema_grows_by_columns_without_losing_rows),
        T(test_pages_put_together_are_the_whole_list_in_every_order),
        T(test_a_list_is_ordered_with_nulls_first_upwards),
        T(test_a_filter_narrows_list_and_count_alike),
        T(test_a_sealed_field_is_found_by_equality_and_only_exactly),
        T(test_searching_a_sealed_field_does_not_hand_it_out_open),
        T(test_a_reader_that_stops_ends_the_list),
        T(test_a_repeated_key_is_recognised_for_a_day_and_by_its_actor),
        T(test_expired_keys_go_away_by_themselves),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
