// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What of a release a caller may know about.
#include "http/visible.h"

#include <sodium.h>
#include <string.h>
#include "campus/mem.h"

static bool may(struct request *rq, const struct entity *e, const char *verb, struct visible *out) {
    struct verdict v;
    access_decide(rq->release->access, rq->gate.actor, e, verb, NULL, &v);
    if (!v.allowed) return false;
    bool reads = !strcmp(verb, "read"), writes = !strcmp(verb, "create") || !strcmp(verb, "update");
    for (int w = 0; w < FIELDSET_WORDS; w++) {
        if (reads) out->clear.w[w] |= v.clear.w[w], out->masked.w[w] |= v.masked.w[w];
        if (reads || writes) out->shown.w[w] |= v.clear.w[w] | v.masked.w[w];
    }
    return true;
}

bool visible_transition(struct request *rq, const struct entity *e, const struct transition *t) {
    struct verdict v;
    access_decide(rq->release->access, rq->gate.actor, e, t->name, NULL, &v);
    return v.allowed;
}

bool visible_entity(struct request *rq, const struct entity *e, bool whole, struct visible *out) {
    *out = (struct visible){0};
    out->read = may(rq, e, "read", out);
    out->create = may(rq, e, "create", out);
    out->update = may(rq, e, "update", out);
    out->remove = may(rq, e, "delete", out);
    out->search = may(rq, e, "search", out);
    out->reveal = may(rq, e, "reveal", out);
    out->export = may(rq, e, "export", out);
    out->import = may(rq, e, "import", out);
    out->history = may(rq, e, "history", out);
    if (whole) memset(&out->shown, 0xff, sizeof out->shown);
    return whole || out->read || out->create;
}

bool visible_action(struct request *rq, const struct plugin *pl, const char *action) {
    return access_has_permission(rq->release->access, rq->gate.actor,
                                 arena_printf(rq->arena, "%s.actions.%s", pl->name, action));
}

bool visible_document(struct request *rq, const struct plugin *pl, const struct document_decl *d) {
    return access_has_permission(rq->release->access, rq->gate.actor,
                                 arena_printf(rq->arena, "%s.documents.%s", pl->name, d->name));
}

bool visible_whole(struct request *rq) {
    return access_has_permission(rq->release->access, rq->gate.actor, "core.release");
}

void visible_finish(struct request *rq) {
    uint8_t h[16];
    char hex[33], tag[36];
    if (rq->out.failed) return;
    crypto_generichash(h, sizeof h, (const uint8_t *)rq->out.data, rq->out.len, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, h, sizeof h);
    tag[0] = '"';
    memcpy(tag + 1, hex, 32);
    memcpy(tag + 33, "\"", 2);
    http_add_header(rq->http, "ETag", tag);
    http_add_header(rq->http, "Cache-Control", "private, no-cache");
    const char *seen = http_header(rq->http, "If-None-Match");
    if (!seen || !strstr(seen, tag)) return;
    rq->status = 304;
    buf_trim(&rq->out, rq->out.len);
}

bool visible_search(const struct entity *e, const struct visible *v, bool whole) {
    for (int i = 0; i < e->nfields; i++) {
        const struct field *f = &e->fields[i];
        if (f->search && (whole || fieldset_has(&v->clear, i))) return true;
        if (f->searchable && f->sealed && (whole || (v->search && fieldset_has(&v->shown, i))))
            return true;
    }
    return false;
}

bool visible_export(struct request *rq, const struct plugin *pl, const struct export_decl *x) {
    return access_has_permission(rq->release->access, rq->gate.actor,
                                 arena_printf(rq->arena, "%s.exports.%s", pl->name, x->name));
}
