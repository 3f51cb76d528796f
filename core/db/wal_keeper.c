// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A checkpoint copies thousands of scattered pages and ends with a sync of the database file, which
// keeps the disk busy for a tenth of a second: too long for those who wait for their commit. So a
// thread does both, over a connection that syncs nothing itself, and a snapshot of the log's end
// keeps SQLite from writing over the log: it begins anew only when all that was copied is durable.
// A crash in between finds what it finds in the middle of any checkpoint: the whole log, to be
// copied again.
#include "db/wal_keeper.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "campus/log.h"
#include "campus/mem.h"

// A step is in frames, of a page each. Fewer steps copy the same pages less often. The log is to
// begin anew when it is LONG steps, and someone has to wait for that when it is TOO_LONG.
enum { STEP = 8192, LONG = 8, TOO_LONG = 20 };

struct wal_keeper {
    sqlite3 *writer, *snapshot; // the writer's thread's
    sqlite3 *copier;            // this one's, from its first copy on
    const char *path;           // the writer's
    sqlite3_file *file;         // the database, of the writer
    int step, seen;             // the log's length when it was last copied back
    bool held;                  // the snapshot is taken
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool unsynced; // some was copied: the log must not go before that is durable
    bool copying, syncing, stop;
};

static int sync_file(sqlite3_file *f) {
    int rc = f->pMethods->xSync(f, SQLITE_SYNC_NORMAL);
    if (rc != SQLITE_IOERR_FSYNC) return rc;
    log_error("fsync_failed", "the disk refused to sync: ending, restart to recover");
    abort(); // as with every other sync
}

// Without waiting for readers: what they still need stays.
static void copy_back(sqlite3 *db) {
    int rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (rc && rc != SQLITE_BUSY)
        log_warn("checkpoint_failed", "the log keeps growing: %s", sqlite3_errmsg(db));
}

static bool has_copier(struct wal_keeper *k) {
    if (k->copier) return true;
    int rc =
        sqlite3_open_v2(k->path, &k->copier, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (!rc) // it must have seen the log before it can copy it
        rc = sqlite3_exec(k->copier, "PRAGMA synchronous=OFF; SELECT 1 FROM sqlite_schema LIMIT 1",
                          NULL, NULL, NULL);
    if (!rc) return true;
    log_warn("checkpoint_failed", "the log keeps growing: %s", sqlite3_errmsg(k->copier));
    sqlite3_close_v2(k->copier);
    k->copier = NULL;
    return false;
}

static void *keeper_main(void *arg) {
    struct wal_keeper *k = arg;
    pthread_mutex_lock(&k->mutex);
    for (;;) {
        while (!k->copying && !k->syncing && !k->stop) pthread_cond_wait(&k->wake, &k->mutex);
        bool copy = k->copying, sync = k->syncing;
        if (!copy && !sync) break;
        pthread_mutex_unlock(&k->mutex);
        if (copy && has_copier(k)) copy_back(k->copier);
        int rc = sync ? sync_file(k->file) : SQLITE_OK;
        pthread_mutex_lock(&k->mutex);
        if (sync) k->unsynced = rc != SQLITE_OK;
        k->copying = k->syncing = false;
        pthread_cond_broadcast(&k->wake);
    }
    pthread_mutex_unlock(&k->mutex);
    return NULL;
}

static void start(struct wal_keeper *k, bool copy, bool sync) {
    pthread_mutex_lock(&k->mutex);
    k->copying = copy;
    k->syncing = sync;
    if (copy) k->unsynced = true;
    pthread_cond_broadcast(&k->wake);
    pthread_mutex_unlock(&k->mutex);
}

static bool is_busy(struct wal_keeper *k) {
    pthread_mutex_lock(&k->mutex);
    bool busy = k->copying || k->syncing;
    pthread_mutex_unlock(&k->mutex);
    return busy;
}

static void await(struct wal_keeper *k) {
    pthread_mutex_lock(&k->mutex);
    while (k->copying || k->syncing) pthread_cond_wait(&k->wake, &k->mutex);
    pthread_mutex_unlock(&k->mutex);
}

static void let_go(struct wal_keeper *k) {
    if (k->held) sqlite3_exec(k->snapshot, "ROLLBACK", NULL, NULL, NULL);
    k->held = false;
}

void wal_keeper_settle(struct wal_keeper *k) {
    await(k);
    if (k->unsynced) start(k, false, true), await(k);
    if (!k->unsynced) let_go(k);
}

// All that is left, with its own sync.
static void finish(struct wal_keeper *k, int frames) {
    wal_keeper_settle(k);
    if (k->held) return;
    k->seen = frames;
    copy_back(k->writer);
}

// The snapshot is moved to the log's end; nothing is written between the old one and the new.
static bool hold(struct wal_keeper *k) {
    let_go(k);
    k->held =
        !sqlite3_exec(k->snapshot, "BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1", NULL, NULL, NULL);
    if (!k->held) sqlite3_exec(k->snapshot, "ROLLBACK", NULL, NULL, NULL);
#ifdef CAMPUSD_TEST
    if (k->held && getenv("CAMPUSD_UNHELD")) // the mutant that the crash test must catch
        sqlite3_exec(k->snapshot, "ROLLBACK", NULL, NULL, NULL);
#endif
    return k->held;
}

bool wal_keeper_is_long(const struct wal_keeper *k, int frames) {
    return frames >= LONG * k->step;
}

bool wal_keeper_tend(struct wal_keeper *k, int frames, bool idle) {
    if (frames < k->seen) k->seen = 0; // it has begun anew
    int fresh = frames - k->seen;
    bool few = fresh <= k->step / 8, ending = idle || wal_keeper_is_long(k, frames);
    if (frames >= TOO_LONG * k->step && !few) finish(k, frames), fresh = 0;
    if (is_busy(k)) return true;
    if (fresh >= k->step || (idle && fresh >= k->step / 4) || (k->held && ending && !few)) {
        if (hold(k)) {
            k->seen = frames;
            start(k, true, ending);
        } else
            finish(k, frames);
    } else if (k->held && ending) {
        if (k->unsynced)
            start(k, false, true);
        else
            finish(k, frames);
    }
    return k->held || frames - k->seen >= k->step / 4;
}

struct wal_keeper *wal_keeper_open(sqlite3 *writer, const char *path) {
    struct wal_keeper *k = mem_alloc(sizeof *k);
    if (!k) return NULL;
    *k = (struct wal_keeper){
        .writer = writer, .path = sqlite3_db_filename(writer, "main"), .step = STEP};
    pthread_mutex_init(&k->mutex, NULL);
    pthread_cond_init(&k->wake, NULL);
#ifdef CAMPUSD_TEST
    const char *step = getenv("CAMPUSD_LOG_STEP");
    if (step) k->step = atoi(step);
#endif
    int rc = sqlite3_file_control(writer, "main", SQLITE_FCNTL_FILE_POINTER, &k->file);
    // what a process that was killed had copied need not have come to the disk yet
    if (!rc) rc = sync_file(k->file);
    if (!rc)
        rc = sqlite3_open_v2(path, &k->snapshot, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (!rc && !pthread_create(&k->thread, NULL, keeper_main, k)) {
        pthread_setname_np(k->thread, "log");
        return k;
    }
    sqlite3_close_v2(k->snapshot);
    mem_free(k);
    return NULL;
}

void wal_keeper_close(struct wal_keeper *k) {
    if (!k) return;
    wal_keeper_settle(k);
    pthread_mutex_lock(&k->mutex);
    k->stop = true;
    pthread_cond_broadcast(&k->wake);
    pthread_mutex_unlock(&k->mutex);
    pthread_join(k->thread, NULL);
    // a closing writer copies what is left and removes the log
    if (k->unsynced) sqlite3_db_config(k->writer, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close_v2(k->snapshot);
    sqlite3_close_v2(k->copier);
    pthread_mutex_destroy(&k->mutex);
    pthread_cond_destroy(&k->wake);
    mem_free(k);
}
