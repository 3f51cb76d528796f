// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A checkpoint ends with a sync of the database file, and thousands of scattered pages keep the
// disk busy for a tenth of a second: too long for those who wait for their commit. So the pages are
// copied without that sync, a thread syncs the file meanwhile, and a snapshot of the log's end
// keeps SQLite from writing over the log: it begins anew only when all that was copied is durable.
// A crash in between finds what it finds in the middle of any checkpoint: the whole log, to be
// copied again.
#include "db/wal_keeper.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "campus/log.h"
#include "campus/mem.h"

// A step is in frames, of a page each: copying so many takes some milliseconds. Fewer steps would
// copy the same pages less often. The log is to begin anew when it is LONG steps, and someone has
// to wait for that when it is TOO_LONG.
enum { STEP = 4096, LONG = 8, TOO_LONG = 20 };

struct wal_keeper {
    sqlite3 *writer, *snapshot;
    sqlite3_file *file;      // the database, of the writer
    int step, seen;          // the log's length when it was last copied back
    bool held;               // the snapshot is taken
    const char *synchronous; // the writer's own
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool unsynced; // some was copied: the log must not go before that is durable
    bool syncing, stop;
};

static int sync_file(sqlite3_file *f) {
    int rc = f->pMethods->xSync(f, SQLITE_SYNC_NORMAL);
    if (rc != SQLITE_IOERR_FSYNC) return rc;
    log_error("fsync_failed", "the disk refused to sync: ending, restart to recover");
    abort(); // as with every other sync
}

static void *sync_main(void *arg) {
    struct wal_keeper *k = arg;
    pthread_mutex_lock(&k->mutex);
    for (;;) {
        while (!k->syncing && !k->stop) pthread_cond_wait(&k->wake, &k->mutex);
        if (!k->syncing) break;
        pthread_mutex_unlock(&k->mutex);
        int rc = sync_file(k->file);
        pthread_mutex_lock(&k->mutex);
        k->syncing = false;
        k->unsynced = rc != SQLITE_OK;
        pthread_cond_broadcast(&k->wake);
    }
    pthread_mutex_unlock(&k->mutex);
    return NULL;
}

static void start_sync(struct wal_keeper *k) {
    pthread_mutex_lock(&k->mutex);
    k->syncing = true;
    pthread_cond_broadcast(&k->wake);
    pthread_mutex_unlock(&k->mutex);
}

static bool is_syncing(struct wal_keeper *k) {
    pthread_mutex_lock(&k->mutex);
    bool syncing = k->syncing;
    pthread_mutex_unlock(&k->mutex);
    return syncing;
}

static void await_sync(struct wal_keeper *k) {
    pthread_mutex_lock(&k->mutex);
    while (k->syncing) pthread_cond_wait(&k->wake, &k->mutex);
    pthread_mutex_unlock(&k->mutex);
}

static void let_go(struct wal_keeper *k) {
    if (k->held) sqlite3_exec(k->snapshot, "ROLLBACK", NULL, NULL, NULL);
    k->held = false;
}

void wal_keeper_settle(struct wal_keeper *k) {
    await_sync(k);
    if (k->unsynced) start_sync(k), await_sync(k);
    if (!k->unsynced) let_go(k);
}

// Without waiting for readers: what they still need stays.
static void copy_back(struct wal_keeper *k, int frames) {
    k->seen = frames;
    int rc = sqlite3_wal_checkpoint_v2(k->writer, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (rc && rc != SQLITE_BUSY)
        log_warn("checkpoint_failed", "the log keeps growing: %s", sqlite3_errmsg(k->writer));
}

// All that is left, with its own sync.
static void finish(struct wal_keeper *k, int frames) {
    wal_keeper_settle(k);
    if (!k->held) copy_back(k, frames);
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

static void copy_without_sync(struct wal_keeper *k, int frames) {
    if (!hold(k) || sqlite3_exec(k->writer, "PRAGMA synchronous=OFF", NULL, NULL, NULL)) {
        finish(k, frames);
        return;
    }
    k->unsynced = true;
    copy_back(k, frames);
    if (sqlite3_exec(k->writer, k->synchronous, NULL, NULL, NULL)) abort(); // no commit without it
}

bool wal_keeper_tend(struct wal_keeper *k, int frames, bool idle) {
    if (frames < k->seen) k->seen = 0; // it has begun anew
    int fresh = frames - k->seen;
    bool few = fresh <= k->step / 8, ending = idle || frames >= LONG * k->step;
    if (frames >= TOO_LONG * k->step && !few) finish(k, frames), fresh = 0;
    if (is_syncing(k)) return true;
    if (fresh >= k->step || (idle && fresh >= k->step / 4) || (k->held && ending && !few))
        copy_without_sync(k, frames);
    else if (k->held && ending && !k->unsynced)
        finish(k, frames);
    if (k->unsynced && ending) start_sync(k);
    return k->held || frames - k->seen >= k->step / 4;
}

struct wal_keeper *wal_keeper_open(sqlite3 *writer, const char *path) {
    struct wal_keeper *k = mem_alloc(sizeof *k);
    if (!k) return NULL;
    *k = (struct wal_keeper){
        .writer = writer, .step = STEP, .synchronous = "PRAGMA synchronous=FULL"};
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
    if (!rc && !pthread_create(&k->thread, NULL, sync_main, k)) {
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
    pthread_mutex_destroy(&k->mutex);
    pthread_cond_destroy(&k->wake);
    mem_free(k);
}
