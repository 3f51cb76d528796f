// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The sample school, loaded by init.
#ifndef CLI_SAMPLE_H
#define CLI_SAMPLE_H

#include "cli/cli.h"

// False after saying why. accounts gets a line "NAME PASSWORD" for each that was made.
bool sample_load(struct cli *cli, struct buf *accounts);

#endif
