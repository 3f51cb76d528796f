// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A reader of SQLite gives its map of the file up whenever another connection has written, lest
// some other process had cut the file short meanwhile; under writing that is every read, which then
// pays for each page's fault. No other process has our file (the home is locked), and a map of
// a file is one with what is written to it: so it is kept until the file has another size.
#include "db/map_vfs.h"

#include <pthread.h>
#include <sqlite3.h>

struct kept { // behind the system's own file, in the same allocation
    sqlite3_io_methods methods;
    int (*unfetch)(sqlite3_file *, sqlite3_int64, void *);
    sqlite3_int64 size;
};
static sqlite3_vfs *under, over;

static struct kept *kept_of(sqlite3_file *file) {
    return (struct kept *)((char *)file + (under->szOsFile + 15) / 16 * 16);
}

// p NULL: all of the map.
static int unfetch(sqlite3_file *file, sqlite3_int64 at, void *p) {
    struct kept *k = kept_of(file);
    sqlite3_int64 size;
    if (!p) {
        int rc = k->methods.xFileSize(file, &size);
        if (!rc && size == k->size) return SQLITE_OK;
        k->size = rc ? 0 : size;
    }
    return k->unfetch(file, at, p);
}

static int over_open(sqlite3_vfs *v, const char *path, sqlite3_file *file, int flags, int *out) {
    (void)v;
    int rc = under->xOpen(under, path, file, flags, out);
    if (rc || !(flags & SQLITE_OPEN_MAIN_DB) || file->pMethods->iVersion < 3) return rc;
    struct kept *k = kept_of(file);
    *k = (struct kept){.methods = *file->pMethods, .unfetch = file->pMethods->xUnfetch};
    k->methods.xUnfetch = unfetch;
    file->pMethods = &k->methods;
    return SQLITE_OK;
}

static void start(void) {
    under = sqlite3_vfs_find(NULL);
    over = *under;
    over.zName = MAP_VFS;
    over.szOsFile = (under->szOsFile + 15) / 16 * 16 + (int)sizeof(struct kept);
    over.xOpen = over_open;
    over.pNext = NULL;
    sqlite3_vfs_register(&over, 0);
}

void map_vfs_start(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start);
}
