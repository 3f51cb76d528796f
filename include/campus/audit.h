// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Audit: rows gathered while a batch runs, chained and inserted just before its COMMIT, so that
// only what survives the savepoints is hashed. Chains are per writer; Ed25519 checkpoints (C2SP
// signed note) list all heads and are kept outside the database. Subjects looked at sit in a side
// table.
#ifndef CAMPUS_AUDIT_H
#define CAMPUS_AUDIT_H

#include <stdint.h>
#include "campus/buf.h"
#include "campus/db.h"
#include "campus/err.h"

struct audit; // the writer's state on the lane: head, pending rows, signing key
struct keyring;
struct arena;
extern const char audit_ddl[];

struct audit_row { // texts are copied by audit_add; NULL is stored as ''
    int64_t at;
    const char *actor, *client; // person id; address
    const char *action;         // "create", "reveal", "sign_in", "release.activate", …
    const char *object;         // "admissions.applicants/ID", "session/…"
    const char *outcome;        // "ok", "refused", "failed"
    const char *reason;         // stable code of a refusal, or ""
    const char *rule;           // deciding rule of access or of the plugin
    int64_t release;
    const char *purpose, *fields; // of a look: why, and which fields (comma list)
    const char *request;          // request id
    const char *const *subjects;
    int nsubjects; // whose data was looked at or changed
};

// Reads the chain's head; writer names this node ("n1").
MUST_CHECK enum err audit_open(struct db *db, struct keyring *k, const char *writer,
                               const char *checkpoint_path, struct audit **out, struct problem *p);
void audit_close(struct audit *au);                            // flushes a last checkpoint
void audit_add(struct audit *au, const struct audit_row *row); // lane thread
size_t audit_mark(const struct audit *au);
void audit_undo(struct audit *au, size_t mark); // drops the rows added since
// Before COMMIT: chains and inserts the pending rows. After it: audit_committed (or audit_failed,
// which puts the head back and drops the rows).
MUST_CHECK enum err audit_flush(struct audit *au, struct problem *p);
void audit_committed(struct audit *au, int64_t now); // writes a checkpoint when one is due
void audit_failed(struct audit *au);
int64_t audit_seq(const struct audit *au);

// Walks every chain; checks hashes, links, side table, and the checkpoint file when given.
// public_key: 32 bytes; needs no secret. Progress may be NULL. ERR_CORRUPT with an item a finding.
MUST_CHECK enum err audit_verify(struct db *db, const uint8_t public_key[32],
                                 const char *checkpoint_path, int64_t *rows,
                                 void (*progress)(void *self, int64_t done), void *self,
                                 struct problem *p);
struct audit_query {
    const char *actor, *object, *action, *subject, *outcome;
    int64_t from, to, before_seq;
    int limit;
};
MUST_CHECK enum err audit_search_json(struct db *db, const struct audit_query *q, struct buf *out,
                                      struct problem *p);
// One JSON line a row, as the independent verifier in examples/ reads it.
MUST_CHECK enum err audit_export(struct db *db, int64_t from_seq, int fd, struct problem *p);
MUST_CHECK enum err audit_public_key(struct keyring *k, uint8_t out[32]);

#endif
