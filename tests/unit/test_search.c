// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Words: how texts become tokens, and that an index holds what the records hold, whatever happens.
#include "campus/search.h"
#include "fixture.h"

static void test_a_han_character_is_a_token_and_a_name_has_its_pinyin(void **state) {
    struct fixture *fx = *state;
    static const struct {
        const char *text, *tokens;
        bool name;
    } all[] = {
        {"王小明", "u738b u5c0f u660e", false},
        {"王小明", "u738b u5c0f u660e wangxiaoming wxm xiaoming xm ming m", true},
        {"曾", "u66fe ceng c zeng z", true},
        {"吕布", "u5415 u5e03 lvbu lb lubu bu b", true},
        {"Ａ－103  Müller", "a 103 muller", false},
        {"张三·San", "u5f20 u4e09 san zhangsan zs san s", true},
        {"", "", true},
        {" ,;！", "", true},
        {"\xff\xfe", "", true},
        {"𬭊", "u2cb4a", true}, // in no table of readings, and found all the same
        {"西安市未央区第一实验中学",
         "u897f u5b89 u5e02 u672a u592e u533a u7b2c u4e00 u5b9e u9a8c u4e2d u5b66",
         true}, // too long for a name
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_string_equal(search_tokens(fx->arena, all[i].text, strlen(all[i].text), all[i].name),
                            all[i].tokens);
}

static const char *parsed(struct fixture *fx, const char *typed) {
    struct search_word w[SEARCH_WORDS_MAX];
    struct buf b;
    buf_init(&b, fx->arena);
    int n = search_parse(fx->arena, typed, strlen(typed), w);
    for (int i = 0; i < n; i++)
        buf_printf(&b, "%s%s%s", i ? "|" : "", w[i].tokens, w[i].prefix ? "*" : "");
    return buf_str(&b);
}

static void test_what_is_typed_becomes_words(void **state) {
    struct fixture *fx = *state;
    assert_string_equal(parsed(fx, "王小"), "u738b u5c0f");
    assert_string_equal(parsed(fx, "王 小"), "u738b|u5c0f");
    assert_string_equal(parsed(fx, "WangX"), "wangx*");
    assert_string_equal(parsed(fx, "王xm"), "u738b|xm*");
    assert_string_equal(parsed(fx, "a-103"), "a 103*");
    assert_string_equal(parsed(fx, "  \"'*) OR ("), "or*");
    assert_string_equal(parsed(fx, "a b c d e f g h i j"), "a*|b*|c*|d*|e*|f*|g*|h*");
}

// Names of what is found in one field, in their order.
static const char *found(struct fixture *fx, const char *typed, const char *field) {
    struct search_word w[SEARCH_WORDS_MAX];
    int f = entity_field(fx->applicants, field)->index;
    struct search_way way = {&f, 1, NULL};
    struct search s = {w, search_parse(fx->arena, typed, strlen(typed), w), &way, 1};
    struct sql q;
    sql_init(&q, fx->arena);
    buf_printf(&q.text, "SELECT f_name FROM %s WHERE archived_at=0", fx->applicants->table);
    search_sql(&fx->store, fx->applicants, &s, &q);
    buf_puts(&q.text, " ORDER BY f_name");
    struct stmt *st = db_prepare(fx->db, &fx->problem, buf_str(&q.text));
    struct buf out;
    buf_init(&out, fx->arena);
    assert_non_null(st);
    for (int i = 0; i < q.nargs; i++) stmt_bind(st, i + 1, &q.args[i]);
    for (bool row;;) {
        OK(fx, stmt_step(st, &row, &fx->problem));
        if (!row) return buf_str(&out);
        buf_printf(&out, "%s%s", out.len ? "|" : "", stmt_text(st, 0, NULL));
    }
}

static void begin(struct fixture *fx) {
    OK(fx, db_begin(fx->db, &fx->problem));
}
static void commit(struct fixture *fx) {
    OK(fx, db_commit(fx->db, &fx->problem));
}

static void put(struct fixture *fx, const char *name, const char *code, struct record *r) {
    struct record mine;
    OK(fx, fixture_insert(fx, fx->applicants,
                          arena_printf(fx->arena, "{\"name\":\"%s\",\"code\":%s}", name, code),
                          r ? r : &mine));
}

static void test_names_are_found_by_any_part_and_by_pinyin(void **state) {
    struct fixture *fx = *state;
    begin(fx);
    put(fx, "王小明", "\"B-12 exam\"", NULL);
    put(fx, "汪晓明", "null", NULL);
    put(fx, "小王明", "\"b 1\"", NULL);
    put(fx, "仇英", "\"王小\"", NULL);
    commit(fx);
    assert_string_equal(found(fx, "王小", "name"), "王小明");
    assert_string_equal(found(fx, "小明", "name"), "王小明");
    assert_string_equal(found(fx, "王 明", "name"), "小王明|王小明");
    assert_string_equal(found(fx, "王明", "name"), "小王明");
    assert_string_equal(found(fx, "wxm", "name"), "汪晓明|王小明");
    assert_string_equal(found(fx, "wangxi", "name"), "汪晓明|王小明");
    assert_string_equal(found(fx, "XIAOMING", "name"), "汪晓明|王小明");
    assert_string_equal(found(fx, "王xm", "name"), "王小明");
    assert_string_equal(found(fx, "qiuying", "name"), "仇英");
    assert_string_equal(found(fx, "chouy", "name"), "仇英");
    assert_string_equal(found(fx, "王小", "code"), "仇英"); // a field at a time
    assert_string_equal(found(fx, "b 12", "code"), "王小明");
    assert_string_equal(found(fx, "b-1", "code"), "小王明|王小明");
    assert_string_equal(found(fx, "b-12exam", "code"), "");
    assert_string_equal(found(fx, "12 exam", "code"), "王小明");
    assert_string_equal(found(fx, "wangxiaomingx", "name"), "");
}

static void test_an_index_follows_its_records_and_not_what_was_undone(void **state) {
    struct fixture *fx = *state;
    struct record a, b, c;
    struct input in;
    begin(fx);
    put(fx, "甲", "null", &a), put(fx, "乙", "null", &b), put(fx, "丙", "null", &c);
    commit(fx);
    begin(fx);
    OK(fx, fixture_input(fx, fx->applicants, "{\"name\":\"丁\"}", false, &in));
    OK(fx, store_update(&fx->store, &a, &in, -1, "update", "p", NOW_MS, 1));
    OK(fx, store_archive(&fx->store, &b, "p", NOW_MS, 1));
    OK(fx, db_save(fx->db, DB_INNER, &fx->problem));
    put(fx, "戊", "null", NULL);
    OK(fx, fixture_input(fx, fx->applicants, "{\"name\":\"己\"}", false, &in));
    struct record c2 = c;
    c2.values = arena_alloc(fx->arena, sizeof *c2.values * 32);
    memcpy(c2.values, c.values, sizeof *c2.values * (size_t)fx->applicants->nfields);
    OK(fx, store_update(&fx->store, &c2, &in, -1, "update", "p", NOW_MS, 1));
    OK(fx, db_undo(fx->db, DB_INNER, &fx->problem));
    commit(fx);
    assert_string_equal(found(fx, "甲", "name"), "");
    assert_string_equal(found(fx, "丁", "name"), "丁");
    assert_string_equal(found(fx, "丙", "name"), "丙");
    const char *rows =
        arena_printf(fx->arena, "SELECT count(*) FROM %s", fx->applicants->search_table);
    assert_int_equal(fixture_int(fx, rows), 2);
    begin(fx);
    put(fx, "庚", "null", NULL);
    db_rollback(fx->db);
    begin(fx);
    commit(fx);
    assert_int_equal(fixture_int(fx, rows), 2);
    OK(fx, search_erase(&fx->store, fx->applicants, c.id)); // still there: it is indexed anew
    assert_string_equal(found(fx, "丙", "name"), "丙");
    OK(fx, db_exec(fx->db,
                   arena_printf(fx->arena, "UPDATE %s SET f_name='' WHERE f_name='丙'",
                                fx->applicants->table),
                   &fx->problem));
    OK(fx, search_erase(&fx->store, fx->applicants, c.id));
    assert_int_equal(fixture_int(fx, rows), 1);
}

static void test_of_the_erased_no_token_is_left_in_the_file(void **state) {
    struct fixture *fx = *state;
    struct record a;
    static char text[8 << 20];
    if (fixture_is_postgres()) skip();
    for (int i = 0; i < 40; i++) { // segments enough to be merged
        begin(fx);
        put(fx, "李四", "null", NULL);
        if (i == 20) put(fx, "甲乙丙", "null", &a);
        commit(fx);
    }
    begin(fx);
    OK(fx, db_exec(fx->db,
                   arena_printf(fx->arena, "UPDATE %s SET f_name='' WHERE id='%s'",
                                fx->applicants->table, a.id),
                   &fx->problem));
    OK(fx, search_erase(&fx->store, fx->applicants, a.id));
    commit(fx);
    OK(fx, db_empty_log(fx->db, &fx->problem));
    FILE *f = fopen(fx->path, "rb");
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    assert_non_null(memmem(text, n, "lisi", 4)); // tokens can be read there
    assert_null(memmem(text, n, "jiayi", 5));
    assert_null(memmem(text, n, "u4e59", 5));
}

static void test_other_search_fields_fill_an_index_of_their_own(void **state) {
    struct fixture *fx = *state;
    enum err e;
    bool due, over = false;
    int64_t done = 0;
    begin(fx);
    for (int i = 0; i < 25; i++) put(fx, "王小明", arena_printf(fx->arena, "\"k%d\"", i), NULL);
    commit(fx);
    OK(fx, search_is_due(&fx->store, fx->schema, &due));
    assert_false(due);
    // a release in which the code is no longer found
    char *text = arena_strdup(fx->arena, FIXTURE_PLUGIN), *at = strstr(text, ",\"search\":true");
    memset(at, ' ', strlen(",\"search\":true"));
    struct schema *next = fixture_schema(fx->arena, text, &fx->problem, &e);
    OK(fx, e);
    OK(fx, store_migrate(fx->db, next, NULL, &fx->problem));
    OK(fx, search_is_due(&fx->store, next, &due));
    assert_true(due);
    begin(fx);
    put(fx, "李四", "null", NULL); // by a request of the old release
    commit(fx);
    const struct entity *was = fx->applicants;
    while (!over) {
        begin(fx);
        OK(fx, search_fill(&fx->store, next, 10, &done, &over));
        commit(fx);
    }
    assert_int_equal(done, 26);
    assert_false(db_has_table(fx->db, was->search_table));
    fx->applicants = schema_entity(next, "admissions", "applicants");
    assert_string_not_equal(fx->applicants->search_table, was->search_table);
    assert_string_equal(found(fx, "李", "name"), "李四");
    OK(fx, search_is_due(&fx->store, next, &due));
    assert_false(due);
    // back again: filled anew, with what it missed
    OK(fx, store_migrate(fx->db, fx->schema, NULL, &fx->problem));
    begin(fx);
    for (over = false; !over;) OK(fx, search_fill(&fx->store, fx->schema, 10, &done, &over));
    commit(fx);
    fx->applicants = was;
    assert_string_equal(found(fx, "k24", "code"), "王小明");
    assert_string_equal(found(fx, "lisi", "name"), "李四");
}

// Whatever names there are: a part of one finds it, and finds only what holds the part.
static void test_a_search_finds_what_a_scan_finds(void **state) {
    struct fixture *fx = *state;
    static const char *const chars[] = {"王", "小", "明", "李", "四", "A", "b", "1", " ", "·"};
    uint64_t seed = 3;
    char names[60][64], bare[60][64];
    begin(fx);
    for (int i = 0; i < 60; i++) {
        *names[i] = 0;
        for (int k = 0; k < 4; k++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            strcat(names[i], chars[k ? (seed >> 33) % 10 : (seed >> 33) % 5]);
        }
        snprintf(names[i] + strlen(names[i]), 8, "%d", i);
        put(fx, names[i], "null", NULL);
    }
    commit(fx);
    qsort(names, 60, sizeof *names, (int (*)(const void *, const void *))strcmp);
    for (int i = 0; i < 60; i++) { // what parts words in a name does not part a phrase
        char *to = bare[i];
        for (const char *c = names[i]; *c; c++)
            if (*c != ' ' && strncmp(c, "·", 2))
                *to++ = *c;
            else if (*c != ' ')
                c++;
        *to = 0;
    }
    for (int x = 0; x < 5; x++)
        for (int y = 0; y < 5; y++) {
            char part[16];
            snprintf(part, sizeof part, "%s%s", chars[x], chars[y]);
            struct buf expected;
            buf_init(&expected, fx->arena);
            for (int i = 0; i < 60; i++)
                if (strstr(bare[i], part))
                    buf_printf(&expected, "%s%s", expected.len ? "|" : "", names[i]);
            assert_string_equal(found(fx, part, "name"), buf_str(&expected));
        }
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_a_han_character_is_a_token_and_a_name_has_its_pinyin),
        T(test_what_is_typed_becomes_words),
        T(test_names_are_found_by_any_part_and_by_pinyin),
        T(test_an_index_follows_its_records_and_not_what_was_undone),
        T(test_of_the_erased_no_token_is_left_in_the_file),
        T(test_other_search_fields_fill_an_index_of_their_own),
        T(test_a_search_finds_what_a_scan_finds),
    };
    return cmocka_run_group_tests_name("search", tests, NULL, NULL);
}
