// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by the files of this folder.
#ifndef POLICY_INTERNAL_H
#define POLICY_INTERNAL_H

#include "campus/policy.h"
#include "campus/yaml.h"

enum key_type {
    KEY_GROUP,
    KEY_INTEGER,
    KEY_DECIMAL,
    KEY_MONEY,
    KEY_PERCENT,
    KEY_DURATION,
    KEY_DATE,
    KEY_TEXT,
    KEY_CHOICE,
    KEY_BOOLEAN,
    KEY_LIST,
    KEY_MAP,
    KEY_WEIGHTS,
    KEY_APPROVAL, // steps of an approval; flow reads it whole
    KEY_TYPES
};
struct key {
    const char *name;
    enum key_type type;
    struct title title;
    const char *unit;
    bool has_min, has_max;
    int64_t min, max;          // scaled: money by 2, decimal and percent by 4
    const struct yaml *preset; // default; NULL: required
    bool required;             // of a group in a list or map: must be said there
    const char **choices;
    const struct yaml *forbid; // list of { match, because }
    struct key *of;            // element of a list or map
    struct key *first, *next;  // members of a group
};
struct policy_schema {
    const char *name;
    struct key *root;
};
struct origin {
    struct origin *next;
    const char *path, *file, *layer;
    int line;
    const char *shown;
    const struct yaml *node;
};
struct revision {
    struct policy_revision pub;
    struct origin *origins;
};
struct policy {
    const char *name;
    const struct policy_schema *schema;
    struct revision *revisions;
    size_t count;
};
// What a decision sealed, opened. ERR_NOT_FOUND: the person is erased.
struct store;
MUST_CHECK enum err decision_open(struct store *s, const char *id, const char *owner,
                                  const uint8_t *blob, size_t n, json_t **out);
int key_scale(enum key_type t);
// The key at a dotted path, or the one whose value holds it; NULL.
const struct key *key_at(const struct key *group, const char *path);
const char *key_type_name(enum key_type t);

#endif
