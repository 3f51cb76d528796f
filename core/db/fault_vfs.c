// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The failing disk. Every file opened is wrapped; memory mapping is left out so that each read and
// write passes here. For power cuts a file has its durable bytes and the changes since its last
// sync.
#include "db/fault_vfs.h"

#ifdef CAMPUSD_TEST
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "campus/fault.h"

enum { SECTOR = 512, PATH = 256, FILES = 16 };

struct change { // a write, or a truncation (data NULL) to `at`
    struct change *next;
    char *data;
    size_t at, n;
};
struct disk {
    char path[PATH];
    char *durable;
    size_t n;
    struct change *first, **tail;
};
struct file {
    sqlite3_file base;
    struct disk *disk; // while power cuts are rehearsed
    sqlite3_file real[];
};

static sqlite3_vfs *under, over;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct disk disks[FILES];
static int ndisks;
static bool watching, lying;
static _Atomic bool dead; // the lane's thread and the test's look at it
static _Atomic long used;
static long cut_at;

static sqlite3_file *real(sqlite3_file *f) {
    return ((struct file *)f)->real;
}

static void need(const void *p) {
    if (!p) abort();
}

static void patch(char **data, size_t *n, size_t at, const char *from, size_t m) {
    if (at + m > *n) {
        *data = realloc(*data, at + m);
        need(*data);
        memset(*data + *n, 0, at + m - *n);
        *n = at + m;
    }
    memcpy(*data + at, from, m);
}

static void forget(struct disk *d) {
    for (struct change *c = d->first, *next; c; c = next) {
        next = c->next;
        free(c->data);
        free(c);
    }
    d->first = NULL;
    d->tail = &d->first;
}

static void settle(struct disk *d) { // a sync: what was written is durable
    for (struct change *c = d->first; c; c = c->next) {
        if (c->data)
            patch(&d->durable, &d->n, c->at, c->data, c->n);
        else if (c->at < d->n)
            d->n = c->at;
    }
    forget(d);
}

// Counts one operation; true when the power is on after it. What it changes is remembered.
static bool powered(struct disk *d, const void *data, size_t at, size_t n, bool sync) {
    if (!d || dead) return !dead;
    pthread_mutex_lock(&mutex);
    dead = ++used == cut_at;
    if (!sync) {
        struct change *c = calloc(1, sizeof *c);
        need(c);
        *c = (struct change){.at = at, .n = n, .data = data ? malloc(n) : NULL};
        if (data) {
            need(c->data);
            memcpy(c->data, data, n);
        }
        *d->tail = c;
        d->tail = &c->next;
    } else if (!dead && !lying)
        settle(d);
    pthread_mutex_unlock(&mutex);
    return !dead;
}

static int f_close(sqlite3_file *f) {
    return real(f)->pMethods ? real(f)->pMethods->xClose(real(f)) : SQLITE_OK;
}

static int f_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at) {
    if (fault_hit(FAULT_READ)) return SQLITE_IOERR_READ;
    return real(f)->pMethods->xRead(real(f), to, n, at);
}

static int f_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at) {
    if (fault_hit(FAULT_WRITE)) return SQLITE_IOERR_WRITE;
    if (fault_hit(FAULT_FULL)) return SQLITE_FULL;
    if (fault_hit(FAULT_SHORT)) {
        int rc = real(f)->pMethods->xWrite(real(f), from, n / 2, at);
        return rc ? rc : SQLITE_IOERR_WRITE;
    }
    if (!powered(((struct file *)f)->disk, from, (size_t)at, (size_t)n, false))
        return SQLITE_IOERR_WRITE;
    return real(f)->pMethods->xWrite(real(f), from, n, at);
}

static int f_truncate(sqlite3_file *f, sqlite3_int64 n) {
    if (!powered(((struct file *)f)->disk, NULL, (size_t)n, 0, false)) return SQLITE_IOERR_TRUNCATE;
    return real(f)->pMethods->xTruncate(real(f), n);
}

static int f_sync(sqlite3_file *f, int flags) {
    if (fault_hit(FAULT_SYNC)) return SQLITE_IOERR_FSYNC;
    struct disk *d = ((struct file *)f)->disk;
    if (!powered(d, NULL, 0, 0, true)) return SQLITE_IOERR_WRITE; // off, not failed: nobody aborts
    return d ? SQLITE_OK : real(f)->pMethods->xSync(real(f), flags);
}

static int f_size(sqlite3_file *f, sqlite3_int64 *n) {
    return real(f)->pMethods->xFileSize(real(f), n);
}
static int f_lock(sqlite3_file *f, int level) {
    return real(f)->pMethods->xLock(real(f), level);
}
static int f_unlock(sqlite3_file *f, int level) {
    return real(f)->pMethods->xUnlock(real(f), level);
}
static int f_reserved(sqlite3_file *f, int *out) {
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
}
static int f_control(sqlite3_file *f, int op, void *arg) {
    return real(f)->pMethods->xFileControl(real(f), op, arg);
}
static int f_sector(sqlite3_file *f) {
    return real(f)->pMethods->xSectorSize(real(f));
}
static int f_device(sqlite3_file *f) {
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}
static int f_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out) {
    return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}
static int f_shm_lock(sqlite3_file *f, int at, int n, int flags) {
    return real(f)->pMethods->xShmLock(real(f), at, n, flags);
}
static void f_shm_barrier(sqlite3_file *f) {
    real(f)->pMethods->xShmBarrier(real(f));
}
static int f_shm_unmap(sqlite3_file *f, int remove) {
    return real(f)->pMethods->xShmUnmap(real(f), remove);
}

static const sqlite3_io_methods methods = {.iVersion = 2, // 3 would map files into memory
                                           .xClose = f_close,
                                           .xRead = f_read,
                                           .xWrite = f_write,
                                           .xTruncate = f_truncate,
                                           .xSync = f_sync,
                                           .xFileSize = f_size,
                                           .xLock = f_lock,
                                           .xUnlock = f_unlock,
                                           .xCheckReservedLock = f_reserved,
                                           .xFileControl = f_control,
                                           .xSectorSize = f_sector,
                                           .xDeviceCharacteristics = f_device,
                                           .xShmMap = f_shm_map,
                                           .xShmLock = f_shm_lock,
                                           .xShmBarrier = f_shm_barrier,
                                           .xShmUnmap = f_shm_unmap};

static struct disk *disk_of(const char *path) {
    for (int i = 0; i < ndisks; i++)
        if (!strcmp(disks[i].path, path)) return &disks[i];
    if (ndisks == FILES || strlen(path) >= PATH) abort();
    struct disk *d = &disks[ndisks++];
    *d = (struct disk){.tail = NULL};
    strcpy(d->path, path);
    d->tail = &d->first;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char piece[65536];
    for (ssize_t n; fd >= 0 && (n = read(fd, piece, sizeof piece)) > 0;)
        patch(&d->durable, &d->n, d->n, piece, (size_t)n);
    if (fd >= 0) close(fd);
    return d;
}

static int v_open(sqlite3_vfs *v, const char *path, sqlite3_file *f, int flags, int *out) {
    struct file *file = (struct file *)f;
    (void)v;
    *file = (struct file){.base = {NULL}};
    file->real->pMethods = NULL;
    int rc = under->xOpen(under, path, file->real, flags, out);
    if (file->real->pMethods) file->base.pMethods = &methods;
    pthread_mutex_lock(&mutex);
    if (!rc && watching && path) file->disk = disk_of(path);
    pthread_mutex_unlock(&mutex);
    return rc;
}

static int v_delete(sqlite3_vfs *v, const char *path, int sync) {
    (void)v;
    if (dead) return SQLITE_IOERR_DELETE;
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < ndisks; i++)
        if (!strcmp(disks[i].path, path)) forget(&disks[i]), disks[i].n = 0;
    pthread_mutex_unlock(&mutex);
    return under->xDelete(under, path, sync);
}

void fault_vfs_register(void) {
    if (under) return;
    under = sqlite3_vfs_find(NULL);
    over = *under;
    over.zName = "fault";
    over.pNext = NULL;
    over.szOsFile = (int)sizeof(struct file) + under->szOsFile;
    over.xOpen = v_open;
    over.xDelete = v_delete;
    sqlite3_vfs_register(&over, 1);
}

void fault_vfs_begin(long cut, int lies) {
    watching = true;
    dead = false;
    lying = lies;
    used = 0;
    cut_at = cut;
}

long fault_vfs_used(void) {
    return used;
}

static uint64_t next(uint64_t *state) { // splitmix64
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

// One change as far as it reached the disk: each sector of it for itself.
static void survive(struct disk *d, const struct change *c, unsigned percent, uint64_t *rnd) {
    if (!c->data) {
        if (next(rnd) % 100 < percent && c->at < d->n) d->n = c->at;
        return;
    }
    for (size_t from = 0, to; from < c->n; from = to) {
        to = ((c->at + from) / SECTOR + 1) * SECTOR - c->at;
        if (to > c->n) to = c->n;
        if (next(rnd) % 100 < percent)
            patch(&d->durable, &d->n, c->at + from, c->data + from, to - from);
    }
}

// The odds: nothing, little, half, nearly all or all of what was not synced; or all up to a point.
static void lose(struct disk *d, uint64_t *rnd) {
    static const unsigned odds[] = {0, 10, 50, 95, 100};
    size_t count = 0, i = 0;
    for (struct change *c = d->first; c; c = c->next) count++;
    uint64_t dice = next(rnd) % 6;
    size_t until = count ? next(rnd) % count : 0;
    for (struct change *c = d->first; c; c = c->next, i++) {
        unsigned percent = dice < 5 ? odds[dice] : i < until ? 100 : i == until ? 50 : 0;
        survive(d, c, percent, rnd);
    }
    forget(d);
}

static void write_back(const struct disk *d) {
    int fd = open(d->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, d->durable ? d->durable : "", d->n) != (ssize_t)d->n) abort();
    close(fd);
}

void fault_vfs_cut(uint64_t seed) {
    for (int i = 0; i < ndisks; i++) {
        lose(&disks[i], &seed);
        write_back(&disks[i]);
        free(disks[i].durable);
    }
    ndisks = 0;
    watching = lying = false;
    dead = false;
}
#endif
