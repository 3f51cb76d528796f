// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The VFS of reading connections: see map_vfs.c.
#ifndef DB_MAP_VFS_H
#define DB_MAP_VFS_H

#define MAP_VFS "campusd-map"
// Registers it over the default VFS, once.
void map_vfs_start(void);

#endif
