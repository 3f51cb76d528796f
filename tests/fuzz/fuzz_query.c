// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Parameters of a list, name=value joined by & (already percent-decoded): understood, or refused
// with an item; what is understood becomes SQL with one argument a place.
#include "campus/query.h"
#include "fixture.h"
#include "fuzz.h"

static struct arena *query_arena;
static const struct entity *query_entity;
static struct keyring *query_keys;

static void query_start(void) {
    struct problem p;
    enum err e;
    query_arena = arena_new(16 << 20);
    problem_init(&p, query_arena);
    MUST(!keyring_harden(&p) && !keyring_create("school-1", &query_keys, &p));
    struct schema *s = fixture_schema(query_arena, FIXTURE_PLUGIN, &p, &e);
    MUST(!e);
    query_entity = schema_entity(s, "admissions", "applicants");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    if (!query_arena) query_start();
    struct arena *a = arena_new(64 << 20);
    struct problem p;
    struct param params[64];
    int count = 0;
    if (memchr(data, 0, n)) n = (size_t)((const uint8_t *)memchr(data, 0, n) - data);
    char *at = arena_strndup(a, (const char *)data, n);
    for (char *one; (one = strsep(&at, "&")) && count < 64;) {
        char *value = strchr(one, '=');
        if (value) *value++ = 0;
        params[count++] = (struct param){one, value ? value : ""};
    }
    struct query q;
    problem_init(&p, a);
    enum err e = query_parse(a, query_keys, query_entity, QUERY_LIST, params, count, &q, &p);
    if (e)
        MUST(p.code == e);
    else {
        struct sql s;
        MUST(q.page.limit >= 0 && q.page.norder <= ORDER_MAX);
        sql_init(&s, a);
        cond_sql(q.page.where, query_entity, &s);
        size_t places = 0;
        for (size_t i = 0; i < s.text.len; i++) places += s.text.data[i] == '$';
        MUST(places == (size_t)s.nargs);
    }
    arena_free(a);
    return 0;
}
