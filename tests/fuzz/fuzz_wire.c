// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A frame from a hostile child: a whole well-formed value inside the frame, or nothing.
#include "fuzz.h"
#include "host/wire.h"

static size_t check_wire(const struct wire *w, const uint8_t *data, size_t n, int depth) {
    size_t nodes = 1, count = 0;
    const char *from = (const char *)data, *to = from + n;
    MUST(depth <= WIRE_DEPTH_MAX + 1);
    if (w->tag == WIRE_TEXT) MUST(w->p >= from && w->p + w->n <= to);
    for (const struct wire *c = w->first; c; c = c->next, count++) {
        MUST(w->tag == WIRE_LIST ||
             (w->tag == WIRE_MAP && c->key >= from && c->key + c->key_n <= to));
        nodes += check_wire(c, data, n, depth + 1);
    }
    MUST(count == w->count);
    return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct arena *a = arena_new(64 << 20);
    struct wire *w;
    if (wire_decode(a, data, n, &w)) {
        MUST(check_wire(w, data, n, 1) <= WIRE_NODES_MAX + 1);
        wire_str(a, w, "name");
    }
    arena_free(a);
    return 0;
}
