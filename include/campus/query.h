// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What a reader asks for: the query parameters of a list, a record or a report, parsed against the
// entity. The only builder of filters and orders from outside; it knows neither HTTP nor rights.
#ifndef CAMPUS_QUERY_H
#define CAMPUS_QUERY_H

#include "campus/keyring.h"
#include "campus/store.h"

struct param {
    const char *name, *value;
}; // percent-decoded UTF-8, borrowed

// How much of a record is shown, and how clearly.
struct look {
    bool has_fields;
    struct fieldset fields; // `fields=`: only these, sealed ones as partial masks
    struct fieldset reveal; // `reveal=`: these in the clear
    const char *purpose;
    uint64_t expand; // bits of the first 64 fields, references whose target is shown
};
struct period {
    bool set;
    const char *from, *until; // days, both included; "" is open
};
enum query_kind {
    QUERY_LIST,   // everything
    QUERY_RECORD, // fields, reveal, purpose, expand
    QUERY_REPORT, // filters, period and format
};
struct query {
    const struct entity *entity;
    struct page page; // where is never NULL; AND the rights to it before store_list
    struct look look;
    struct fieldset touched; // fields that filter or order: each needs access_field_filter
    const char *q;           // `q=`: what was typed, or NULL
    const struct search_word *words;
    int nwords;
    bool total;            // `total=true`: count all matches
    struct period between; // `between=2027-03-01,2027-06-30`
    const char *format;    // `format=csv`, or NULL
    uint8_t shape[16];     // of entity, filters and order: what a cursor belongs to
};

// Filters: `f=v`, `f[eq|ne|lt|lte|gt|gte]=v`, `f[in]=a,b`, `f[has]=part of a text` (or one of a
// multi-choice), `f[empty]=true`; of a sealed field only `f=v` where it is searchable or unique,
// and `f[last4]=1234` where that index exists. An item for every error (unknown names with the
// nearest known one), then ERR_INVALID. Everything in *out is borrowed from the arena or the
// parameters.
MUST_CHECK enum err query_parse(struct arena *a, struct keyring *k, const struct entity *e,
                                enum query_kind kind, const struct param *params, int n,
                                struct query *out, struct problem *p);
// The same conditions as a plugin declares them: {"state": ["a", "b"], "score": {"gte": 300}}.
MUST_CHECK enum err query_where(struct arena *a, const struct entity *e, const json_t *where,
                                const struct cond **out, struct fieldset *touched,
                                struct problem *p);
// Writes the opaque cursor that continues after `last` (as store_list leaves it): URL-safe text.
MUST_CHECK enum err query_cursor(const struct query *q, struct keyring *k, const struct value *last,
                                 int nlast, struct buf *out);

#endif
