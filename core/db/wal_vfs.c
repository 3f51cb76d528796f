// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// SQLite writes each frame of the write-ahead log with two small pwrites, which costs a commit of
// many pages more than the bytes do. This shim over the system's VFS gathers contiguous writes to
// the log and hands them down together: at the latest before a sync, a read, a truncation, or when
// the size is asked, so that nothing else can tell the difference. Everything but the log of a
// writing connection passes straight through.
#include "db/wal_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>
#include "campus/mem.h"

enum { GATHER_BYTES = 124 * 1024 }; // SQLite's unix VFS writes less than 128 KiB at a time

struct log_file {
    sqlite3_file base;
    sqlite3_file *real; // behind this struct, in the same allocation
    char *held;
    sqlite3_int64 at; // where held begins in the file
    int n;
};
static sqlite3_vfs *under, over;

static int flush(struct log_file *f) {
    int n = f->n;
    f->n = 0;
    return n ? f->real->pMethods->xWrite(f->real, f->held, n, f->at) : SQLITE_OK;
}

static int log_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at) {
    struct log_file *f = (struct log_file *)file;
    int rc = SQLITE_OK;
    if (f->n && (at != f->at + f->n || f->n + n > GATHER_BYTES)) rc = flush(f);
    if (rc) return rc;
    if (n > GATHER_BYTES) return f->real->pMethods->xWrite(f->real, p, n, at);
    if (!f->n) f->at = at;
    memcpy(f->held + f->n, p, (size_t)n);
    f->n += n;
    return SQLITE_OK;
}

static int log_read(sqlite3_file *file, void *p, int n, sqlite3_int64 at) {
    struct log_file *f = (struct log_file *)file;
    int rc = flush(f);
    return rc ? rc : f->real->pMethods->xRead(f->real, p, n, at);
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size) {
    struct log_file *f = (struct log_file *)file;
    int rc = flush(f);
    return rc ? rc : f->real->pMethods->xTruncate(f->real, size);
}

static int log_sync(sqlite3_file *file, int flags) {
    struct log_file *f = (struct log_file *)file;
    int rc = flush(f);
    return rc ? rc : f->real->pMethods->xSync(f->real, flags);
}

static int log_size(sqlite3_file *file, sqlite3_int64 *size) {
    struct log_file *f = (struct log_file *)file;
    int rc = flush(f);
    return rc ? rc : f->real->pMethods->xFileSize(f->real, size);
}

static int log_close(sqlite3_file *file) {
    struct log_file *f = (struct log_file *)file;
    int rc = flush(f), closed = f->real->pMethods->xClose(f->real);
    mem_free(f->held);
    return rc ? rc : closed;
}

// The log is never locked itself, but SQLite may ask.
static int log_lock(sqlite3_file *file, int how) {
    struct log_file *f = (struct log_file *)file;
    return f->real->pMethods->xLock(f->real, how);
}
static int log_unlock(sqlite3_file *file, int how) {
    struct log_file *f = (struct log_file *)file;
    return f->real->pMethods->xUnlock(f->real, how);
}
static int log_is_reserved(sqlite3_file *file, int *out) {
    struct log_file *f = (struct log_file *)file;
    return f->real->pMethods->xCheckReservedLock(f->real, out);
}
static int log_control(sqlite3_file *file, int op, void *arg) {
    struct log_file *f = (struct log_file *)file;
    return f->real->pMethods->xFileControl(f->real, op, arg);
}
static int log_sector(sqlite3_file *file) {
    struct log_file *f = (struct log_file *)file;
    return f->real->pMethods->xSectorSize(f->real);
}
static int log_traits(sqlite3_file *file) {
    struct log_file *f = (struct log_file *)file;
    return f->real->pMethods->xDeviceCharacteristics(f->real);
}

static const sqlite3_io_methods LOG_METHODS = {.iVersion = 1,
                                               .xClose = log_close,
                                               .xRead = log_read,
                                               .xWrite = log_write,
                                               .xTruncate = log_truncate,
                                               .xSync = log_sync,
                                               .xFileSize = log_size,
                                               .xLock = log_lock,
                                               .xUnlock = log_unlock,
                                               .xCheckReservedLock = log_is_reserved,
                                               .xFileControl = log_control,
                                               .xSectorSize = log_sector,
                                               .xDeviceCharacteristics = log_traits};

static int over_open(sqlite3_vfs *v, const char *path, sqlite3_file *file, int flags, int *out) {
    (void)v;
    if (!(flags & SQLITE_OPEN_WAL)) return under->xOpen(under, path, file, flags, out);
    struct log_file *f = (struct log_file *)file;
    *f = (struct log_file){.real = (sqlite3_file *)(f + 1)};
    int rc = under->xOpen(under, path, f->real, flags, out);
    if (rc) return rc;
    f->held = mem_alloc(GATHER_BYTES);
    if (!f->held) {
        f->real->pMethods->xClose(f->real);
        return SQLITE_NOMEM;
    }
    f->base.pMethods = &LOG_METHODS;
    return SQLITE_OK;
}

static void start(void) {
    under = sqlite3_vfs_find(NULL);
    over = *under;
    over.zName = WAL_VFS;
    over.szOsFile = under->szOsFile + (int)sizeof(struct log_file);
    over.xOpen = over_open;
    over.pNext = NULL;
    sqlite3_vfs_register(&over, 0);
}

void wal_vfs_start(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start);
}
