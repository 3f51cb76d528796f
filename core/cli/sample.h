// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The sample school, loaded by init.
#ifndef CLI_SAMPLE_H
#define CLI_SAMPLE_H

#include "cli/cli.h"

// which: "school", or "first-day": its people, and this season's applicants as they came in.
// False after saying why. accounts gets a line "NAME PASSWORD" for each that was made.
bool sample_load(struct cli *cli, const char *which, struct buf *accounts);

#endif
