// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Query parameters: what they mean, what is refused, and cursors that only their own list takes.
#include "fixture.h"
#include "campus/limits.h"
#include "campus/query.h"

// "a=1&b=2", already decoded, as the parameters a front end hands over.
static enum err parse(struct fixture *fx, enum query_kind kind, const char *text, struct query *q) {
    struct param *ps = arena_alloc(fx->arena, sizeof *ps * 200);
    char *t = arena_strdup(fx->arena, text), *save;
    int n = 0;
    for (char *s = strtok_r(t, "&", &save); s; s = strtok_r(NULL, "&", &save)) {
        char *eq = strchr(s, '=');
        *eq = 0;
        ps[n++] = (struct param){s, eq + 1};
    }
    return query_parse(fx->arena, fx->keyring, fx->applicants, kind, ps, n, q, &fx->problem);
}

static const char *where(struct fixture *fx, const struct query *q) {
    struct sql s;
    sql_init(&s, fx->arena);
    cond_sql(q->page.where, fx->applicants, &s);
    for (int i = 0; i < s.nargs; i++) {
        buf_puts(&s.text, i ? "," : " | ");
        if (s.args[i].kind == VALUE_TEXT)
            buf_put(&s.text, s.args[i].p, s.args[i].n);
        else
            buf_int(&s.text, s.args[i].i);
    }
    return buf_str(&s.text);
}

static int field(struct fixture *fx, const char *name) {
    return entity_field(fx->applicants, name)->index;
}

static void test_filters_become_conditions_typed_by_their_field(void **state) {
    struct fixture *fx = *state;
    static const char *const cases[][2] = {
        {"state=registered", "state=$1 | registered"},
        {"score[gte]=60&region[in]=north,south",
         "(f_score>=$1 AND f_region IN ($2,$3)) | 60,north,south"},
        {"name[has]=王", "f_name LIKE $1 ESCAPE '\\' | %王%"},
        {"fee=350.00", "f_fee=$1 | 35000"},
        {"fee[lt]=3.5", "f_fee<$1 | 350"},
        {"grade[lte]=7.5", "f_grade<=$1 | 75"},
        {"born[gt]=2008-02-29", "f_born>$1 | 2008-02-29"},
        {"boards=true", "f_boards=$1 | 1"},
        {"seen_at[gte]=1970-01-01T08:00:01+08:00", "f_seen_at>=$1 | 1000"},
        {"created_at[lt]=1970-01-01T00:00:02Z", "created_at<$1 | 2000"},
        {"region[empty]=true", "f_region IS NULL"},
        {"region[empty]=false", "NOT (f_region IS NULL)"},
        {"region[ne]=north", "NOT ((f_region IS NOT NULL AND f_region=$1)) | north"},
        {"tags[has]=art", "f_tags LIKE $1 ESCAPE '\\' | %\"art\"%"},
        {"region[in]=", "1=0"},
        {"created_by=p-1&id=x", "(created_by=$1 AND id=$2) | p-1,x"},
        {"", "1=1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct query q;
        OK(fx, parse(fx, QUERY_LIST, cases[i][0], &q));
        assert_string_equal(where(fx, &q), cases[i][1]);
        assert_int_equal(q.page.blind_field, -1);
    }
}

static void test_everything_else_of_a_list_is_read(void **state) {
    struct fixture *fx = *state;
    struct query q;
    OK(fx,
       parse(
           fx, QUERY_LIST,
           "sort=-created_at,name&limit=500&fields=id,name,phone&total=true&reveal=phone,id_number"
           "&purpose=回访&format=csv",
           &q));
    assert_int_equal(q.page.norder, 2);
    assert_true(q.page.order[0].desc && q.page.order[0].column == COLUMN_CREATED_AT);
    assert_true(!q.page.order[1].desc && q.page.order[1].column == field(fx, "name"));
    assert_int_equal(q.page.limit, 500);
    assert_true(q.total && q.look.has_fields);
    assert_true(fieldset_has(&q.look.fields, field(fx, "name")) &&
                fieldset_has(&q.look.fields, field(fx, "phone")));
    assert_false(fieldset_has(&q.look.fields, field(fx, "score")));
    assert_true(fieldset_has(&q.look.reveal, field(fx, "phone")) &&
                fieldset_has(&q.look.reveal, field(fx, "id_number")));
    assert_string_equal(q.look.purpose, "回访");
    assert_string_equal(q.format, "csv");
    OK(fx, parse(fx, QUERY_LIST, "", &q));
    assert_int_equal(q.page.limit, 50);
    assert_null(q.page.after);
    const struct param expand = {"expand", "applicant"};
    OK(fx,
       query_parse(fx->arena, fx->keyring, fx->visits, QUERY_RECORD, &expand, 1, &q, &fx->problem));
    assert_int_equal(q.look.expand, 1);
}

static void test_the_fields_that_filter_or_order_are_reported(void **state) {
    struct fixture *fx = *state;
    struct query q;
    OK(fx,
       parse(fx, QUERY_LIST,
             "score[gte]=1&sort=-born,created_at&phone=13800138000&fields=name&state=draft", &q));
    struct fieldset want = {0};
    fieldset_add(&want, field(fx, "score")), fieldset_add(&want, field(fx, "born")),
        fieldset_add(&want, field(fx, "phone"));
    assert_memory_equal(&q.touched, &want, sizeof want);
    assert_int_equal(q.page.blind_field, field(fx, "phone"));
    assert_memory_equal(q.page.blind.p, "13800138000", 11);
    assert_false(q.page.blind_last4);
    OK(fx, parse(fx, QUERY_LIST, "id_number[last4]=002X", &q));
    assert_true(q.page.blind_last4);
}

static const struct {
    enum query_kind kind;
    const char *text, *pointer, *word, *says;
} WRONG[] = {
    {QUERY_LIST, "scroe=1", "/scroe", "unknown_field", "did you mean score"},
    {QUERY_LIST, "scroe[gte]=1", "/scroe[gte]", "unknown_field", "did you mean score"},
    {QUERY_LIST, "srot=name", "/srot", "unknown_field", "did you mean sort"},
    {QUERY_LIST, "zzzzzzzz=1", "/zzzzzzzz", "unknown_field", "no such field"},
    {QUERY_LIST, "owner=x", "/owner", "unknown_field", ""},
    {QUERY_LIST, "score[gt e]=1", "/score[gt e]", "unknown_operator", "did you mean gte"},
    {QUERY_LIST, "score[]=1", "/score[]", "unknown_operator", ""},
    {QUERY_LIST, "score[gte=1", "/score[gte", "unknown_operator", ""},
    {QUERY_LIST, "score[has]=1", "/score[has]", "unknown_operator", ""},
    {QUERY_LIST, "score[last4]=1111", "/score[last4]", "unknown_operator", ""},
    {QUERY_LIST, "lines=x", "/lines", "unknown_operator", ""},
    {QUERY_LIST, "tags=art", "/tags", "unknown_operator", ""},
    {QUERY_LIST, "score=many", "/score", "type", "integer"},
    {QUERY_LIST, "score=1.5", "/score", "type", "integer"},
    {QUERY_LIST, "fee=3.505", "/fee", "type", "money"},
    {QUERY_LIST, "born=2009-02-29", "/born", "type", "date"},
    {QUERY_LIST, "boards=yes", "/boards", "type", "true or false"},
    {QUERY_LIST, "created_at[gt]=2026-09-01", "/created_at[gt]", "type", "time such as"},
    {QUERY_LIST, "region=west", "/region", "type", "choices"},
    {QUERY_LIST, "region[in]=north,west", "/region[in]", "type", "choices"},
    {QUERY_LIST, "state=lost", "/state", "type", "state"},
    {QUERY_LIST, "region[empty]=maybe", "/region[empty]", "type", "true or false"},
    {QUERY_LIST, "name=a\xff", "/name", "not_utf8", ""},
    {QUERY_LIST, "phone[has]=138", "/phone[has]", "sealed", ""},
    {QUERY_LIST, "phone[in]=138", "/phone[in]", "sealed", ""},
    {QUERY_LIST, "phone[empty]=true", "/phone[empty]", "sealed", ""},
    {QUERY_LIST, "phone[gte]=1", "/phone[gte]", "sealed", ""},
    {QUERY_LIST, "phone[ne]=1", "/phone[ne]", "sealed", ""},
    {QUERY_LIST, "phone[last4]=13800138000", "/phone[last4]", "type", "last four"},
    {QUERY_LIST, "income=1.00", "/income", "sealed", ""},
    {QUERY_LIST, "income[last4]=1.00", "/income[last4]", "sealed", ""},
    {QUERY_LIST, "phone=13800138000&id_number=1", "/id_number", "sealed", "one protected field"},
    {QUERY_LIST, "sort=phone", "/sort", "sealed", ""},
    {QUERY_LIST, "sort=-nmae", "/sort", "unknown_field", "did you mean name"},
    {QUERY_LIST, "sort=", "", "", ""},
    {QUERY_LIST, "sort=name,,born", "/sort", "unknown_field", ""},
    {QUERY_LIST, "sort=lines", "/sort", "type", "no order"},
    {QUERY_LIST, "sort=name,born,score,fee,code", "/sort", "too_many", "4"},
    {QUERY_LIST, "limit=0", "/limit", "out_of_range", "500"},
    {QUERY_LIST, "limit=501", "/limit", "out_of_range", "500"},
    {QUERY_LIST, "limit=-1", "/limit", "out_of_range", "500"},
    {QUERY_LIST, "limit=1x", "/limit", "out_of_range", "500"},
    {QUERY_LIST, "limit=99999999999999999999", "/limit", "out_of_range", "500"},
    {QUERY_LIST, "total=1", "/total", "type", ""},
    {QUERY_LIST, "limit=1&limit=2", "/limit", "twice", ""},
    {QUERY_LIST, "fields=nmae", "/fields", "unknown_field", "name"},
    {QUERY_LIST, "reveal=fone", "/reveal", "unknown_field", ""},
    {QUERY_LIST, "expand=name", "/expand", "type", ""},
    {QUERY_LIST, "cursor=abc", "/cursor", "cursor", ""},
    {QUERY_LIST, "cursor=", "/cursor", "cursor", ""},
    {QUERY_RECORD, "score=1", "/score", "unknown_parameter", ""},
    {QUERY_RECORD, "sort=name", "/sort", "unknown_parameter", ""},
    {QUERY_REPORT, "sort=name", "/sort", "unknown_parameter", ""},
    {QUERY_REPORT, "reveal=phone", "/reveal", "unknown_parameter", ""},
};

static void test_every_wrong_parameter_is_refused_for_its_own_reason(void **state) {
    struct fixture *fx = *state;
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        struct query q;
        fixture_calm(fx);
        enum err e = parse(fx, WRONG[i].kind, WRONG[i].text, &q);
        if (!*WRONG[i].word) {
            OK(fx, e);
            continue;
        }
        if (strcmp(fixture_word(fx), WRONG[i].word))
            print_error("%s\n", WRONG[i].text), fixture_fail(&fx->problem);
        assert_int_equal(e, ERR_INVALID);
        assert_string_equal(fixture_word(fx), WRONG[i].word);
        assert_int_equal(fx->problem.count, 1);
        assert_string_equal(fx->problem.first->pointer, WRONG[i].pointer);
        assert_non_null(strstr(fx->problem.first->detail, WRONG[i].says));
        assert_non_null(fx->problem.first->detail_zh);
    }
}

static void test_limits_hold_at_their_edges(void **state) {
    struct fixture *fx = *state;
    for (int over = 0; over < 2; over++) {
        struct buf filters, values;
        struct query q;
        buf_init(&filters, fx->arena), buf_init(&values, fx->arena);
        for (int i = 0; i < LIMIT_FILTERS + over; i++) buf_printf(&filters, "&score[gte]=%d", i);
        buf_puts(&values, "score[in]=1");
        for (int i = 1; i < LIMIT_FILTER_VALUES + over; i++) buf_printf(&values, ",%d", i);
        enum err want = over ? ERR_INVALID : ERR_OK;
        fixture_calm(fx);
        assert_int_equal(parse(fx, QUERY_LIST, buf_str(&filters), &q), want);
        assert_string_equal(fixture_word(fx), over ? "too_many" : "");
        fixture_calm(fx);
        assert_int_equal(parse(fx, QUERY_LIST, buf_str(&values), &q), want);
        assert_string_equal(fixture_word(fx), over ? "too_many" : "");
        assert_true(fx->problem.count <= 1);
    }
}

// Cursors.

struct ids {
    int n;
    char id[64][40];
};
static enum err take(void *self, struct record *r) {
    struct ids *s = self;
    snprintf(s->id[s->n++], 40, "%s", r->id);
    return ERR_OK;
}

static const char *first_page(struct fixture *fx, const char *text, struct ids *ids) {
    struct query q;
    struct value last[ORDER_MAX + 1];
    struct buf b;
    int nlast;
    bool more;
    OK(fx, parse(fx, QUERY_LIST, text, &q));
    OK(fx, store_list(&fx->store, fx->applicants, &q.page, take, ids, &more, last, &nlast));
    if (!more) return NULL;
    buf_init(&b, fx->arena);
    OK(fx, query_cursor(&q, fx->keyring, last, nlast, &b));
    return buf_str(&b);
}

static void fill(struct fixture *fx, int n) {
    struct record r;
    for (int i = 0; i < n; i++)
        OK(fx, fixture_insert(fx, fx->applicants,
                              i % 3 ? arena_printf(fx->arena,
                                                   "{\"name\":\"n%d\",\"score\":%d,\"boards\":%s}",
                                                   i, i % 4, i % 2 ? "true" : "false")
                                    : arena_printf(fx->arena, "{\"name\":\"n%d\"}", i),
                              &r));
}

static void test_following_cursors_visits_every_record_once(void **state) {
    struct fixture *fx = *state;
    fill(fx, 20);
    static const char *const lists[] = {"limit=3",
                                        "limit=3&sort=score",
                                        "limit=3&sort=-score,name",
                                        "limit=7&sort=boards,-score",
                                        "limit=1&sort=-created_at",
                                        "limit=4&sort=state,name&name[has]=n"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct ids ids = {0};
        const char *cursor = first_page(fx, lists[i], &ids);
        while (cursor) {
            assert_true(
                strspn(cursor,
                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
                strlen(cursor));
            cursor =
                first_page(fx, arena_printf(fx->arena, "%s&cursor=%s", lists[i], cursor), &ids);
        }
        assert_int_equal(ids.n, 20);
        for (int a = 0; a < 20; a++)
            for (int b = 0; b < a; b++) assert_string_not_equal(ids.id[a], ids.id[b]);
    }
}

static void test_a_forged_or_foreign_cursor_is_refused(void **state) {
    struct fixture *fx = *state;
    struct query q;
    struct ids ids = {0};
    fill(fx, 6);
    const char *cursor = first_page(fx, "limit=2&sort=score&name[has]=n", &ids);
    assert_non_null(cursor);
    OK(fx, parse(fx, QUERY_LIST,
                 arena_printf(fx->arena, "limit=5&sort=score&name[has]=n&cursor=%s", cursor), &q));
    static const char *const others[] = {"sort=-score&name[has]=n", "sort=score&name[has]=m",
                                         "sort=score", "name[has]=n",
                                         "sort=score&name[has]=n&state=draft"};
    for (int i = 0; i < 5; i++) {
        fixture_calm(fx);
        assert_int_equal(
            parse(fx, QUERY_LIST, arena_printf(fx->arena, "%s&cursor=%s", others[i], cursor), &q),
            ERR_INVALID);
        assert_string_equal(fx->problem.first->pointer, "/cursor");
    }
    for (size_t i = 0; i < strlen(cursor); i++) {
        char *forged = arena_strdup(fx->arena, cursor);
        forged[i] = forged[i] == 'A' ? 'B' : 'A';
        fixture_calm(fx);
        assert_int_equal(parse(fx, QUERY_LIST,
                               arena_printf(fx->arena, "sort=score&name[has]=n&cursor=%s", forged),
                               &q),
                         ERR_INVALID);
        forged[i] = 0;
        fixture_calm(fx);
        assert_int_equal(parse(fx, QUERY_LIST,
                               arena_printf(fx->arena, "sort=score&name[has]=n&cursor=%s", forged),
                               &q),
                         ERR_INVALID);
    }
    struct keyring *other, *mine = fx->keyring;
    OK(fx, (fixture_calm(fx), keyring_create("school-1", &other, &fx->problem)));
    fx->keyring = other;
    assert_int_equal(parse(fx, QUERY_LIST,
                           arena_printf(fx->arena, "sort=score&name[has]=n&cursor=%s", cursor), &q),
                     ERR_INVALID);
    fx->keyring = mine;
    keyring_free(other);
    const struct param p = {"cursor", first_page(fx, "limit=2", &ids)};
    fixture_calm(fx);
    assert_int_equal(
        query_parse(fx->arena, fx->keyring, fx->visits, QUERY_LIST, &p, 1, &q, &fx->problem),
        ERR_INVALID);
}

static void test_a_sealed_field_is_found_through_its_parameter(void **state) {
    struct fixture *fx = *state;
    struct record r;
    struct ids ids = {0};
    fill(fx, 3);
    OK(fx,
       fixture_insert(
           fx, fx->applicants,
           "{\"name\":\"w\",\"phone\":\"13800138000\",\"id_number\":\"11010519491231002X\"}", &r));
    static const char *const finds[] = {"phone=13800138000", "phone=138 0013-8000",
                                        "phone[last4]=8000", "id_number=11010519491231002x"};
    for (int i = 0; i < 4; i++) {
        first_page(fx, finds[i], &ids);
        assert_int_equal(ids.n, i + 1);
        assert_string_equal(ids.id[i], r.id);
    }
    first_page(fx, "phone=13800138001", &ids);
    assert_int_equal(ids.n, 4);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_filters_become_conditions_typed_by_their_field),
        T(test_everything_else_of_a_list_is_read),
        T(test_the_fields_that_filter_or_order_are_reported),
        T(test_every_wrong_parameter_is_refused_for_its_own_reason),
        T(test_limits_hold_at_their_edges),
        T(test_following_cursors_visits_every_record_once),
        T(test_a_forged_or_foreign_cursor_is_refused),
        T(test_a_sealed_field_is_found_through_its_parameter),
    };
    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
