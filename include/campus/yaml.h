// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The one strict YAML reader (policies, campusd.yaml, locale, schema files): YAML 1.2 core subset
// on libyaml's event parser, every node with its line and column. Refused: anchors, aliases, tags,
// duplicate keys, yes/no/on/off as plain scalars, > 256 KiB, depth > 32, more than one document.
#ifndef CAMPUS_YAML_H
#define CAMPUS_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "campus/err.h"

enum { YAML_SIZE_MAX = 256 * 1024, YAML_DEPTH_MAX = 32 };
enum yaml_kind { YAML_NULL, YAML_BOOL, YAML_INT, YAML_FLOAT, YAML_TEXT, YAML_LIST, YAML_MAP };

// A node; everything is borrowed from the arena. `text` is set for all scalars, as written.
struct yaml {
    enum yaml_kind kind;
    const char *text;
    size_t n;
    bool quoted;
    union {
        bool b;
        int64_t i;
        double f;
    };
    const char *key; // of a map's member; NULL otherwise
    int key_line, key_col;
    int line, col; // 1-based
    const char *file;
    struct yaml *first, *next; // children, next sibling
    size_t count;              // number of children
};

// Reads all of text. All errors found are items of p (problem_at); ERR_INVALID if there were any.
MUST_CHECK enum err yaml_parse(struct arena *a, const char *file, const char *text, size_t n,
                               struct yaml **out, struct problem *p);
MUST_CHECK enum err yaml_load(struct arena *a, const char *path, const char *shown_as,
                              struct yaml **out, struct problem *p);
struct yaml *yaml_get(const struct yaml *map, const char *key); // NULL when absent or not a map
const char *yaml_str(const struct yaml *map, const char *key, const char *otherwise);
// Complains (problem_at "unknown_key", with the nearest name) about keys not in the NULL-ended
// list.
void yaml_only(const struct yaml *map, struct problem *p, const char *const *keys);
struct buf;
void yaml_to_json(const struct yaml *y, struct buf *out);

#endif
