// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by the files that build a schema: schema.c, schema_field.c, schema_report.c,
// schema_document.c.
#ifndef RECORD_SCHEMA_BUILD_H
#define RECORD_SCHEMA_BUILD_H

#include "campus/schema.h"

struct build {
    struct arena *arena;
    struct problem *p;
    const char *plugin, *file;
    bool input; // fields of an action: no column, so any name will do
};
enum err build_at(struct build *b, const json_t *where, const char *word, const char *fmt, ...)
    PRINTF(4, 5);
const char *build_file(struct build *b, const json_t *j); // where it was declared
int build_col(const json_t *j);
// Complains about a name that is none, or that the core uses itself.
bool build_name(struct build *b, const json_t *j, const char *what, const char *name);
struct title build_title(struct build *b, const json_t *j);
// Once every entity is known.
void build_handlers(struct build *b, const struct schema *s, struct plugin *pl);
void build_actions(struct build *b, const struct schema *s, struct plugin *pl);
void build_target(struct build *b, const struct schema *s, struct field *f); // of a reference
void build_messages(struct build *b, const struct schema *s, struct plugin *pl);
void build_public(struct build *b, const struct schema *s, struct plugin *pl);
void build_derived(struct build *b, struct entity *e, struct field *f);
bool build_is_number(const char *format);    // of documents and fields: has {seq}, only known words
bool derives_through(const struct field *f); // "reference.field"; resolved once targets are known
void build_through(struct build *b, struct entity *e);
bool build_field(struct build *b, const json_t *j, struct field *f);
const char **build_texts(struct build *b, const json_t *list, int *n);
// A table as JSON, to be told as it was declared; NULL when there is none.
const char *build_kept(struct build *b, const json_t *j);
const char *build_near(struct build *b, const struct entity *e, const char *name); // "; did you …"
void build_documents(struct build *b, const json_t *list, struct plugin *pl);
void build_reports(struct build *b, const struct schema *s, struct plugin *pl);
void build_exports(struct build *b, const struct schema *s, struct plugin *pl);
void build_ledgers(struct build *b, const struct schema *s);
bool build_is_reserved(const char *name); // names that plugins may not use

#endif
