// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Templates of documents: markup with {{fields}}, without logic. What a template may name is known
// when the release is checked, and every value is escaped when it is filled in.
#ifndef CAMPUS_TEMPLATE_H
#define CAMPUS_TEMPLATE_H

#include <jansson.h>
#include "campus/buf.h"
#include "campus/clock.h"
#include "campus/policy.h"
#include "campus/schema.h"

struct template;
// Every error is an item at path:line:col: a tag, an attribute or an entity that is none, what is
// not closed, a name that the entity, its references or the policy do not have. policy may be NULL.
MUST_CHECK enum err template_parse(struct arena *a, const char *path, const char *text, size_t n,
                                   const struct document_decl *d, const struct policy *policy,
                                   struct template **out, struct problem *p);
// The record's fields that it needs, and which of them are references to look behind.
const struct fieldset *template_reads(const struct template *t, uint64_t *expand);

bool template_has_trail(const struct template *t); // {{#approvals}}: the record has "_approvals"

struct template_values {
    const json_t *record; // as the gate answers it
    const json_t *policy; // of the plugin, or NULL
    const struct tz *tz;
    const char *number, *title, *school, *today; // today: YYYY-MM-DD
    enum lang lang;
};
void template_fill(const struct template *t, const struct template_values *v, struct buf *out);
// "{year}-{seq:4}" and the like: {year} {month} {day} {seq:N}; of a document that has them
// {number}, {id}, {address} of the service, {link}, where the desk shows it, and texts of its
// record; others stay.
struct template_names {
    const char *number, *id, *address;
    const json_t *record; // or NULL
};
void template_number(const char *format, const char *today, int64_t seq,
                     const struct template_names *names, struct buf *out);

#endif
