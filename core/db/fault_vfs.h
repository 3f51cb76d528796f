// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A disk that can fail, for campusd-test: a SQLite VFS over the real one. It takes the faults of
// campus/fault.h, and remembers what was written since each file was last synced, so that a test
// can lose it as a power cut does.
#ifndef DB_FAULT_VFS_H
#define DB_FAULT_VFS_H

#include <stdint.h>

void fault_vfs_register(void); // becomes the default; before the first connection

// Power cuts. From here on what is written is remembered; the power goes in the cut-th write,
// truncation or sync (0: never) and every one from it on fails without effect. lies: a sync that
// does nothing.
void fault_vfs_begin(long cut, int lies);
long fault_vfs_used(void); // how many writes, truncations and syncs there were
// All connections being closed: leaves the files as a power cut could. Synced bytes stay; of the
// others, in pieces of 512 bytes, some, in an order of the disk's own. The seed decides.
void fault_vfs_cut(uint64_t seed);

#endif
