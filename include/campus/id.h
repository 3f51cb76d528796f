// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Identifiers: UUIDv7 (RFC 9562) in canonical text, strictly increasing within the process.
#ifndef CAMPUS_ID_H
#define CAMPUS_ID_H

enum { ID_LEN = 36 };
void id_new(char out[ID_LEN + 1]);

#endif
