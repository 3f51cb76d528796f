// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The VFS of the writing connection: see wal_vfs.c.
#ifndef DB_WAL_VFS_H
#define DB_WAL_VFS_H

#define WAL_VFS "campusd-wal"
// Registers it over the default VFS, once.
void wal_vfs_start(void);

#endif
