// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Any policy of access compiles or is refused with places; what compiles decides as its condition
// does.
#include "campus/access.h"
#include "campus/yaml.h"
#include "fixture.h"
#include "fuzz.h"

static struct arena *access_arena;
static struct schema *access_schema;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct problem p;
    struct yaml *y;
    struct access *x;
    if (!access_arena) {
        enum err e;
        access_arena = arena_new(16 << 20);
        problem_init(&p, access_arena);
        access_schema = fixture_schema(access_arena, FIXTURE_PLUGIN, &p, &e);
        MUST(!e);
    }
    struct arena *a = arena_new(256 << 20);
    problem_init(&p, a);
    if (!yaml_parse(a, "f", (const char *)data, n, &y, &p) &&
        !access_compile(a, y, access_schema, &x, &p)) {
        const struct entity *e = schema_entity(access_schema, "admissions", "applicants");
        for (int role = 0; role < access_role_count(x); role++) {
            struct actor me = {.id = "p-1", .name = "p", .campus = "east"};
            access_role_closure(x, role, &me.roles);
            for (int i = 0; i < 3; i++) {
                struct record r = {
                    .entity = e, .id = "r", .created_by = i ? "p-1" : "p-2", .state = i};
                r.values = arena_alloc(a, sizeof *r.values * (size_t)e->nfields);
                struct verdict v;
                access_decide(x, &me, e, "read", &r, &v);
                MUST(cond_eval(access_filter(x, &me, e, "read", a), &r) == v.allowed);
            }
        }
    } else
        MUST(p.count || p.detail);
    arena_free(a);
    return 0;
}
