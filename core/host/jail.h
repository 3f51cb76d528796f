// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#ifndef HOST_JAIL_H
#define HOST_JAIL_H

#include <stdbool.h>
#include <stddef.h>

struct jail {
    bool files, calls;
}; // what the kernel could do: Landlock, seccomp
// Shuts this process in: no new files, processes, sockets or privileges; memory bounded. False when
// the kernel lacks something and weak is not set; got says what there is.
bool jail_is_possible(void); // by this kernel
bool jail_enter(size_t memory, bool weak, bool draws, struct jail *got);

#endif
