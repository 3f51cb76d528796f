// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The parts of the OpenAPI document: openapi.c writes the frame and the core's own routes,
// openapi_paths.c the routes of an entity, openapi_schema.c its schemas.
#ifndef HTTP_OPENAPI_H
#define HTTP_OPENAPI_H

#include "campus/json.h"
#include "campus/schema.h"
#include "http/route.h"
#include "http/visible.h"

// One field's schema. answered: as it comes back, null and mask included.
void openapi_field(struct buf *b, const struct field *f, bool answered, enum lang lang);
// An object of such fields, as it is sent.
void openapi_object(struct buf *b, const struct field *fields, int n, enum lang lang);
// "plugin.entity": the record as answered.
void openapi_record(struct buf *b, const struct entity *e, const struct fieldset *shown,
                    enum lang lang);
// "plugin.entity.new" or "plugin.entity.change": what may be sent.
void openapi_input(struct buf *b, const struct entity *e, const struct fieldset *shown,
                   bool creating, enum lang lang);
// Every path of an entity, and the actions and reports of a plugin.
void openapi_entity_paths(struct request *rq, const struct entity *e, const struct visible *v,
                          bool whole);
void openapi_plugin_paths(struct request *rq, const struct plugin *pl, bool whole);
// Whether the service has such a route: what is not served is not described.
bool openapi_has_route(const char *method, const char *pattern);

#endif
