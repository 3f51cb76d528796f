// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A home: the folder of one school. What init, the service and offline commands share about it: the
// lock, the keyring that its database keeps, the texts of all tables, where things lie.
#ifndef CAMPUS_HOME_H
#define CAMPUS_HOME_H

#include "campus/config.h"
#include "campus/db.h"
#include "campus/keyring.h"

// Takes HOME/lock for as long as the descriptor stays open (close it to give the lock back).
// ERR_CONFLICT, naming the process, when another one holds it.
MUST_CHECK enum err home_lock(const char *home, int *fd, struct problem *p);

// The keyring as the table core_meta keeps it, locked. Owned. ERR_NOT_FOUND when there is none.
MUST_CHECK enum err home_keyring_load(struct db *db, struct keyring **out, struct problem *p);
// Within the caller's transaction when there is one.
MUST_CHECK enum err home_keyring_store(struct db *db, struct keyring *k, struct problem *p);
// Lane: ERR_CONFLICT while another node serves, which would go on with the keys that it has.
MUST_CHECK enum err home_keys_ours(struct db *db, struct problem *p);
// Unlocks as c->unlock says. secret: a passphrase or a recovery code that was given, or NULL, which
// leaves the file, the credential, or the file that $CAMPUSD_PASSPHRASE_FILE names.
// ERR_LOCKED when there is nothing to try, ERR_FORBIDDEN when nothing opens.
MUST_CHECK enum err home_unlock(struct keyring *k, const struct config *c, const void *secret,
                                size_t n, struct problem *p);
// What opens a slot, read from a file without the newline at its end. Arena; wipe it after use.
MUST_CHECK enum err home_secret(struct arena *a, const char *path, char **out, size_t *n,
                                struct problem *p);

// 32 bytes in hexadecimal, read from a file that only its owner may read or that is public.
MUST_CHECK enum err home_key(struct arena *a, const char *path, uint8_t key[32], struct problem *p);
// Writes campusd.yaml anew with this line changed, `storage: …` as it stands there.
MUST_CHECK enum err home_set_storage(struct arena *a, const char *home, const char *storage,
                                     struct problem *p);

const char *home_ddl(struct arena *a);                           // for store_migrate's extra_ddl
const char *home_checkpoints(struct arena *a, const char *home); // of the audit
const char *home_audit_key(struct arena *a, const char *home);   // its public half, hexadecimal
const char *home_control(struct arena *a, const char *home);     // the control socket

#endif
