// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by audit.c and audit_verify.c: how a row is hashed.
#ifndef RECORD_AUDIT_INTERNAL_H
#define RECORD_AUDIT_INTERNAL_H

#include "campus/audit.h"

void audit_hash(const uint8_t prev[32], const char *writer, int64_t seq, const struct audit_row *r,
                const char *subjects, uint8_t out[32]);

// The four bytes that name a key in a signed note.
void audit_key_id(const uint8_t public_key[32], uint8_t out[4]);

#endif
