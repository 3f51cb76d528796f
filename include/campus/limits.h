// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Limits by name: LIMIT_BODY_BYTES and so on, from limits.def.
#ifndef CAMPUS_LIMITS_H
#define CAMPUS_LIMITS_H

enum {
#define X(name, value, unit, edge) LIMIT_##name = (value),
#include "campus/limits.def"
#undef X
};

#endif
