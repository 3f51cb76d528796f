// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by the files of the store.
#ifndef RECORD_STORE_SQL_H
#define RECORD_STORE_SQL_H

#include "campus/store.h"

// Columns of sql_columns before the fields.
enum {
    COL_N,
    COL_ID,
    COL_REV,
    COL_STATE,
    COL_CREATED_AT,
    COL_CREATED_BY,
    COL_UPDATED_AT,
    COL_UPDATED_BY,
    COL_ARCHIVED_AT,
    COL_OWNER,
    COL_POLICY,
    COL_FIELDS
};
enum { BLIND_BITS = 15, BLIND_BYTES = 2 }; // about 4 matches an entry at 130,000 records

void store_sql_build(struct arena *a, struct entity *e);
bool store_has_last4(const struct field *f);
// The row under st as a record. keep: texts are copied to the arena and the columns of sql_get are
// there, data key included; else they are borrowed from the row, and store_unseal looks the key up.
void store_read_row(struct store *s, const struct entity *e, struct stmt *st, bool keep,
                    struct record *out);
// How the column of a field's mark begins; NULL when it has none.
const char *store_mark_column(const struct field *f);
// What a sealed value is found by: the blind index of its last four characters where the field has
// that (BLIND_BITS), then of the whole value (128 bits if unique, else BLIND_BITS). One index
// serves both questions: last4 gives the beginning only.
MUST_CHECK enum err store_mark(struct store *s, const struct entity *e, const struct field *f,
                               const struct value *v, bool last4, struct value *out);
// Whether a sealed field holds what `v` says in its normal form (last4: ends in it). f is opened.
MUST_CHECK enum err store_has_value(struct store *s, struct record *r, const struct field *f,
                                    const struct value *v, bool last4, bool *has);
// The data key of an owner, made when absent and may_make. ERR_NOT_FOUND otherwise.
MUST_CHECK enum err store_owner_key(struct store *s, const char *owner, uint64_t *generation,
                                    uint8_t dek[SEAL_KEY], bool may_make);
// The same for the owner of a record that this transaction has read, made when absent: not read
// again when it came with the record.
MUST_CHECK enum err store_record_key(struct store *s, const struct record *r, uint64_t *generation,
                                     uint8_t dek[SEAL_KEY]);

#endif
