// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Policies: a plugin's numbers and choices. plugins/NAME/policy.schema.yaml declares every key; the
// plugin's defaults, policies/NAME.yaml as shipped and the home's override are layered key by key,
// each value remembering its file and line; revisions follow each other by valid_from.
#ifndef CAMPUS_POLICY_H
#define CAMPUS_POLICY_H

#include <stdint.h>
#include "campus/buf.h"
#include "campus/err.h"
#include "campus/schema.h"

struct arena;
struct yaml;
struct policy_schema; // of one plugin
struct policy;        // one plugin's layers, all revisions

MUST_CHECK enum err policy_schema_load(struct arena *a, const struct yaml *y,
                                       struct policy_schema **out, struct problem *p);
// layers: lowest first (shipped, then the home's), each a parsed file; several files of one layer
// may differ in valid_from. Checks everything against the schema; all errors are items.
struct policy_layer {
    const struct yaml *yaml;
    const char *origin;
}; // "shipped", "school"
MUST_CHECK enum err policy_build(struct arena *a, const char *name, const struct policy_schema *s,
                                 const struct policy_layer *layers, size_t n, struct policy **out,
                                 struct problem *p);
struct policy_revision {
    const char *valid_from; // YYYY-MM-DD, "" for ever
    const char *json;
    size_t json_n;    // all values as the rules see them: money in minor units
    const char *hash; // hex SHA-256 of json
    int64_t id;       // given by the database when the release is stored; -1, -2, … before
};
size_t policy_count(const struct policy *p);
struct policy_revision *policy_nth(struct policy *p, size_t i); // by valid_from
// The one in force on a date (YYYY-MM-DD), NULL when none yet.
const struct policy_revision *policy_at(const struct policy *p, const char *date);
// Where a key's value was written, or NULL when there is no such key.
const struct yaml *policy_node(const struct policy_revision *r, const char *path);
const char *policy_name(const struct policy *p);
// The JSON text of one key's value ("deadlines.review"), or NULL.
const char *policy_value(const struct policy_revision *r, const char *path);
// The type that a schema gives to a key ("duration"), or NULL when there is no such key.
const char *policy_type(const struct policy_schema *s, const char *path);
void policy_show(const struct policy *p, const struct policy_revision *r, bool with_origin,
                 struct buf *out);                                       // text, one key a line
void policy_schema_json(const struct policy_schema *s, struct buf *out); // JSON Schema 2020-12
// What differs between two revisions, with titles and units, members of lists and maps one by one:
// a line a key ("age.min (最低年龄): 15 -> 18 岁"), or a JSON list of {"key", "title", "unit",
// "was", "now", "text"}.
void policy_diff(const struct policy_schema *s, const struct policy_revision *from,
                 const struct policy_revision *to, enum lang lang, struct arena *a,
                 struct buf *out);
void policy_changes(const struct policy_schema *s, const struct policy_revision *from,
                    const struct policy_revision *to, enum lang lang, struct arena *a,
                    struct buf *out);

#endif
