// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by query.c and query_cursor.c.
#ifndef RECORD_QUERY_INTERNAL_H
#define RECORD_QUERY_INTERNAL_H

#include "campus/query.h"

enum field_type query_column_type(const struct entity *e, int column);
// Fills q->page.after. mine: the cursor is genuine and of this list (entity, filters, order).
MUST_CHECK enum err query_read_cursor(struct arena *a, struct keyring *k, struct query *q,
                                      const char *text, bool *mine);

#endif
