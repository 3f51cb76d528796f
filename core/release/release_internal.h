// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by the files of this folder.
#ifndef RELEASE_INTERNAL_H
#define RELEASE_INTERNAL_H

#include "campus/release.h"

// What the plugins declare is kept beside the active release, so that a start need not ask them
// again; another program may hear something else. False: it must be asked.
bool declared_read(struct db *db, struct release *r);

// policies/governance.yaml of a candidate, once its plugins and policies are known.
MUST_CHECK enum err governance_load(struct release *r, const struct yaml *y, struct problem *p);

#endif
