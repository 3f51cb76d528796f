// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Copies the write-ahead log back in pieces: see wal_keeper.c. Used by the writing thread only.
#ifndef DB_WAL_KEEPER_H
#define DB_WAL_KEEPER_H

#include <sqlite3.h>
#include <stdbool.h>

struct wal_keeper;
// Of a writing connection that outlives it, at `path`. NULL when it cannot be.
struct wal_keeper *wal_keeper_open(sqlite3 *writer, const char *path);
// Between transactions; `frames`: how long the log is. idle: nobody waits. True while there is more
// to do soon, even if nothing is written.
bool wal_keeper_tend(struct wal_keeper *k, int frames, bool idle);
// Whether the log is so long that it shall begin anew, which a snapshot that is kept puts off.
bool wal_keeper_is_long(const struct wal_keeper *k, int frames);
// Waits for what is under way and lets go of the log: then it may be emptied, and the writer
// closed.
void wal_keeper_settle(struct wal_keeper *k);
void wal_keeper_close(struct wal_keeper *k); // NULL is fine

#endif
