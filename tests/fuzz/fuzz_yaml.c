// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Any text is read or refused with a place inside it; what is read can be written as JSON that is
// read.
#include "campus/json.h"
#include "campus/yaml.h"
#include "fuzz.h"

static void check_node(const struct yaml *y, int depth) {
    size_t n = 0;
    MUST(depth <= YAML_DEPTH_MAX + 1 && y->line >= 1 && y->col >= 1);
    for (const struct yaml *c = y->first; c; c = c->next, n++) {
        MUST(y->kind == YAML_LIST || (y->kind == YAML_MAP && c->key));
        check_node(c, depth + 1);
    }
    MUST(n == y->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct arena *a = arena_new(64 << 20);
    struct problem p;
    struct yaml *y;
    problem_init(&p, a);
    enum err e = yaml_parse(a, "f", (const char *)data, n, &y, &p);
    MUST(!e == !p.count);
    for (const struct problem_item *i = p.first; i; i = i->next) MUST(i->line >= 1 && i->col >= 1);
    if (!e) {
        check_node(y, 1);
        struct buf b;
        json_t *j;
        buf_init(&b, a);
        yaml_to_json(y, &b);
        enum err again = json_parse(a, b.data, b.len, &j, &p);
        MUST(!again || strstr(p.detail, "1,000 keys") || strstr(p.detail, "NUL"));
    }
    arena_free(a);
    return 0;
}
