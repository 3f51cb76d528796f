// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What is taken can be written and is the same when read again.
#include "campus/json.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct arena *a = arena_new(64 << 20);
    struct problem p;
    json_t *one, *two;
    problem_init(&p, a);
    if (json_parse(a, (const char *)data, n, &one, &p))
        MUST(p.code == ERR_MALFORMED && p.detail);
    else {
        struct buf b;
        buf_init(&b, a);
        json_dom(&b, one);
        MUST(!json_parse(a, b.data, b.len, &two, &p));
        MUST(json_equal(one, two));
    }
    struct buf text; // any bytes at all, as a text
    buf_init(&text, a);
    json_text(&text, (const char *)data, n);
    problem_init(&p, a);
    if (!memchr(data, 0, n)) MUST(!json_parse(a, text.data, text.len, &two, &p));
    arena_free(a);
    return 0;
}
