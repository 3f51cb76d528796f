// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#ifndef HOST_JAIL_H
#define HOST_JAIL_H

#include <stdbool.h>
#include <stddef.h>

// Shuts this process in: no new files, processes, sockets or privileges; memory bounded. False when
// the kernel lacks seccomp or Landlock and weak is not set.
bool jail_enter(size_t memory, bool weak);

#endif
