// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by the files about people.
#ifndef ACCESS_PEOPLE_INTERNAL_H
#define ACCESS_PEOPLE_INTERNAL_H

#include "campus/people.h"

// Names of the roles given to a person, NULL-ended, in the arena; errors are p's.
const char **people_roles(struct db *db, struct arena *a, const char *person, int *n,
                          struct problem *p);
// The secret of a person's one-time codes out of its sealed form.
MUST_CHECK enum err code_open(struct db *db, struct keyring *k, const char *person,
                              const uint8_t *sealed, size_t n, uint8_t secret[20],
                              struct problem *p);

#endif
