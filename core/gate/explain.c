// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Explanations of access: only about records whose existence the caller may know of.
#include "gate/gate_internal.h"

enum err gate_explain(struct gate *g, const struct actor *who, const struct entity *e,
                      const char *verb, const char *id, struct buf *out) {
    struct record r;
    struct verdict v;
    enum err err = gate_find(g, e, id, "explain", &r, &v);
    if (err) return err;
    access_explain(g->release->access, who, e, verb, &r, &v.clear, out);
    const struct transition *t = e->workflow ? entity_transition(e, verb) : NULL;
    return t && t->approvals ? gate_approval_explain(g, who, t, &r, out) : ERR_OK;
}
