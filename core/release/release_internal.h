// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by the files of this folder.
#ifndef RELEASE_INTERNAL_H
#define RELEASE_INTERNAL_H

#include "campus/release.h"

// policies/governance.yaml of a candidate, once its plugins and policies are known.
MUST_CHECK enum err governance_load(struct release *r, const struct yaml *y, struct problem *p);

#endif
