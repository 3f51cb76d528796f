// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What of a release a caller may know about.
#include "http/visible.h"

#include <sodium.h>
#include <string.h>
#include <zlib.h>
#include "campus/mem.h"
#include "http/api.h"

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

// Packed in place. Nothing of it is secret or comes from a stranger, so its length may tell about
// it.
static bool pack(struct request *rq) {
    z_stream z = {0};
    struct buf *b = &rq->out;
    if (deflateInit2(&z, 5, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return false;
    size_t most = deflateBound(&z, (uLong)b->len);
    z.next_in = (unsigned char *)arena_strndup(rq->arena, b->data, b->len);
    z.avail_in = (uInt)b->len;
    z.next_out = arena_alloc(rq->arena, most);
    z.avail_out = (uInt)most;
    const unsigned char *packed = z.next_out;
    bool whole = deflate(&z, Z_FINISH) == Z_STREAM_END;
    deflateEnd(&z);
    if (!whole) return false;
    buf_trim(b, b->len);
    buf_put(b, packed, most - z.avail_out);
    return true;
}

void visible_finish(struct request *rq) {
    uint8_t h[16];
    char hex[33];
    if (rq->out.failed) return;
    bool gzip = api_takes_gzip(rq);
    crypto_generichash(h, sizeof h, (const uint8_t *)rq->out.data, rq->out.len, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, h, sizeof h);
    const char *plain = arena_printf(rq->arena, "\"%s\"", hex),
               *tag = gzip ? arena_printf(rq->arena, "\"%s-gzip\"", hex) : plain,
               *seen = http_header(rq->http, "If-None-Match");
    if (seen && strstr(seen, tag)) {
        rq->status = 304;
        buf_trim(&rq->out, rq->out.len);
    } else if (gzip && pack(rq))
        http_add_header(rq->http, "Content-Encoding", "gzip");
    else
        tag = plain;
    http_add_header(rq->http, "ETag", tag);
    http_add_header(rq->http, "Cache-Control", "private, no-cache");
    http_add_header(rq->http, "Vary", "Accept-Encoding");
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

bool visible_report(const struct report_decl *r, const struct visible *v) {
    for (int i = 0; i < r->entity->nfields; i++)
        if (fieldset_has(&r->reads, i) && !fieldset_has(&v->clear, i)) return false;
    return true;
}

bool visible_export(struct request *rq, const struct plugin *pl, const struct export_decl *x) {
    return access_has_permission(rq->release->access, rq->gate.actor,
                                 arena_printf(rq->arena, "%s.exports.%s", pl->name, x->name));
}
