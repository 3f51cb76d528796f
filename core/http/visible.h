// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What of a release a caller may know about: the one place that meta and OpenAPI ask.
#ifndef HTTP_VISIBLE_H
#define HTTP_VISIBLE_H

#include "http/route.h"

struct visible {
    bool read, create, update, remove, search, reveal, export, import, history;
    struct fieldset clear, masked; // by the best that any rule gives
    struct fieldset shown;         // of either kind, or writable
};
// False when the caller may do nothing at all with the entity: then it is not spoken of. whole: the
// caller may read the release's sources, and is told of everything.
bool visible_entity(struct request *rq, const struct entity *e, bool whole, struct visible *out);
// Does `q=` find anything of this entity for the caller?
bool visible_search(const struct entity *e, const struct visible *v, bool whole);
// Could the caller ever do this transition?
bool visible_transition(struct request *rq, const struct entity *e, const struct transition *t);
bool visible_document(struct request *rq, const struct plugin *pl, const struct document_decl *d);
// One field as meta tells of it; e NULL: without how clearly the caller sees it (then v may be
// NULL).
void meta_field_json(struct request *rq, const struct entity *e, const struct field *f,
                     const struct visible *v);
bool visible_action(struct request *rq, const struct plugin *pl, const char *action);
// Could a reader who sees so much ever count something by it?
bool visible_report(const struct report_decl *r, const struct visible *v);
bool visible_export(struct request *rq, const struct plugin *pl, const struct export_decl *x);
// Who may activate releases can read them.
bool visible_whole(struct request *rq);
// Answers out with an ETag of its content, or 304 when the client has it.
void visible_finish(struct request *rq);

#endif
