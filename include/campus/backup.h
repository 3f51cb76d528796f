// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Backups: one file, sealed to a public key whose secret half is kept elsewhere, so that the
// machine that makes backups cannot read them. Made beside a running service, from a snapshot of
// the database. Whatever database it is, what lies inside is the home as it would be on SQLite.
//
// "campusd-backup-1\n" ‖ {"school","at","release"} ‖ "\n" ‖ crypto_box_seal(stream key) ‖
// secretstream header ‖ (LE32 n ‖ n bytes)…, the last chunk tagged FINAL; each chunk is bound to a
// hash of all that comes before the first. Inside, for each file: "SIZE PATH\n" and its bytes.
#ifndef CAMPUS_BACKUP_H
#define CAMPUS_BACKUP_H

#include "campus/config.h"

enum { BACKUP_KEY = 32, BACKUP_HEAD = 256 };
struct backup_seen { // what went in or came out
    int64_t files, bytes;
    char head[BACKUP_HEAD]; // what it says of itself, JSON
};
typedef bool backup_progress(void *self, int64_t bytes); // false cancels: ERR_CONFLICT

struct arena;
const char *backup_name(struct arena *a, const char *home,
                        int64_t now); // HOME/backups/TIME.campusd
const char *backup_snapshot(struct arena *a, const char *home);
void backup_forget(struct arena *a, const char *home); // the snapshot, if a crash left it
// HOME/backup.pub; ERR_NOT_FOUND when nobody has made a key yet.
MUST_CHECK enum err backup_public_key(struct arena *a, const char *home, uint8_t key[BACKUP_KEY],
                                      struct problem *p);
// Removes what lies in HOME/backups for more than 30 days.
MUST_CHECK enum err backup_expire(struct arena *a, const char *home, int64_t now,
                                  struct problem *p);

// Writes TO.part, syncs, renames: all or nothing. Never holds keyfile, lock or sockets.
// ERR_CONFLICT when `to` is there. progress may be NULL.
MUST_CHECK enum err backup_create(const struct config *c, const uint8_t public_key[BACKUP_KEY],
                                  const char *to, backup_progress *progress, void *self,
                                  struct backup_seen *seen, struct problem *p);
// Reads a whole backup and writes its files below `into`, which exists and is empty. ERR_CORRUPT
// when anything was changed or is missing, ERR_FORBIDDEN when it is sealed to another key.
MUST_CHECK enum err backup_extract(const char *file, const uint8_t public_key[BACKUP_KEY],
                                   const uint8_t secret_key[BACKUP_KEY], const char *into,
                                   backup_progress *progress, void *self, struct backup_seen *seen,
                                   struct problem *p);

#endif
