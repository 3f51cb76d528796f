// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Obligations: what is owed every period, as rows that open by the calendar, run against a deadline
// and are closed with evidence.
#ifndef CAMPUS_OBLIGATION_H
#define CAMPUS_OBLIGATION_H

#include "campus/deadline.h"

extern const char obligation_ddl[];
#define OBLIGATIONS "core.obligations" // what their deadlines and events call the entity

// Lane. Opens what has begun since it was last asked; one seen for the first time opens from now
// on.
MUST_CHECK enum err obligation_open(const struct flow *f, const struct obligation_decl *o,
                                    const struct tz *tz);
// Lane. A step of one's deadline.
MUST_CHECK enum err obligation_due(const struct flow *f, const struct deadline_row *row);

struct obligation {
    const char *id, *name, *period; // name: "admissions.yearly_summary"
    struct title title;
    const char *owner, *evidence, *entity; // "role:NAME"; its kind; of evidence "record": of which
    int64_t opened_at, due_at, closed_at;  // closed_at 0: open
    const char *closed_by, *note, *file, *record;
};
// Arena of p. ERR_NOT_FOUND.
MUST_CHECK enum err obligation_get(struct db *db, const char *id, struct obligation *out,
                                   struct problem *p);
// The first `limit` by due time; closed ones by when they were closed, latest first. owners: only
// theirs; NULL: all.
MUST_CHECK enum err obligation_find(struct db *db, bool closed, const char **owners, int nowners,
                                    int limit, struct obligation **out, int *n, struct problem *p);
// Lane. With note, file and record of o; ERR_CONFLICT when it is closed already.
MUST_CHECK enum err obligation_close(const struct flow *f, const struct obligation *o);

#endif
