// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// People, groups, posts, roles, delegations, facts; accounts, sessions, tokens, lockout. Tables of
// the core (migrated by record/migrate), not of a plugin. Functions that write run on the lane.
#ifndef CAMPUS_PEOPLE_H
#define CAMPUS_PEOPLE_H

#include "campus/access.h"
#include "campus/db.h"
#include "campus/keyring.h"

// The SQL that makes the tables of people and sessions (common subset; see db.h), for migrate.
extern const char people_ddl[];

struct person_new {
    const char *name, *display, *campus;
    const char **roles;
    int nroles;
    const char *password_hash; // from password_hash, or NULL (cannot sign in yet)
    bool must_change;
};
// id gets the new person's id. ERR_CONFLICT when the name is taken, ERR_INVALID for unknown roles.
MUST_CHECK enum err people_add(struct db *db, const struct access *x, const struct person_new *n,
                               const char *by, int64_t now, char id[37], struct problem *p);
MUST_CHECK enum err people_set_roles(struct db *db, const struct access *x, const char *person,
                                     const char **roles, int n, const char *by, int64_t now,
                                     struct problem *p);
MUST_CHECK enum err people_set_password(struct db *db, const char *person, const char *hash,
                                        bool must_change, int64_t now, struct problem *p);
MUST_CHECK enum err people_disable(struct db *db, const char *person, bool disabled, int64_t now,
                                   struct problem *p);
MUST_CHECK enum err people_set_fact(struct db *db, const char *person, const char *fact,
                                    const char *from, const char *until, const char *by,
                                    struct problem *p);
// A delegation: `to` acts for `person` between two dates (YYYY-MM-DD, both included) with the roles
// listed, or all (roles NULL). ERR_INVALID for a role that person lacks, ERR_CONFLICT for exclusive
// duties. people_actor leaves out a delegation that has come to break exclusive duties since.
struct delegation_new {
    const char *person, *to, *from, *until;
    const char **roles;
    int nroles;
};
MUST_CHECK enum err people_delegate(struct db *db, const struct access *x,
                                    const struct delegation_new *n, char id[37], struct problem *p);
// One-time codes (RFC 6238): begin makes a secret, sealed under the person's key, and gives it in
// base32 once; it counts only after confirm has seen a code of it. Drop ends it.
MUST_CHECK enum err people_begin_code(struct db *db, struct keyring *k, const char *person,
                                      char base32[33], struct problem *p);
MUST_CHECK enum err people_confirm_code(struct db *db, struct keyring *k, const char *person,
                                        const char *code, int64_t now, struct problem *p);
MUST_CHECK enum err people_drop_code(struct db *db, const char *person, struct problem *p);
// The actor for a person id, today. Arena. NULL when absent or disabled.
const struct actor *people_actor(struct db *db, const struct access *x, const char *person,
                                 const char *today, struct arena *a, struct problem *p);

// Sign-in, step by step: look-up (any thread with a session), verify on the hashing pool, finish on
// the lane (counts failures, locks out, makes the session).
struct account {
    const char *person, *hash;
    bool found, disabled, must_change, has_totp;
    int64_t totp_last;
    const uint8_t *totp;
    size_t totp_n;
    int64_t locked_until;
};
MUST_CHECK enum err account_find(struct db *db, const char *name, const char *client, int64_t now,
                                 struct arena *a, struct account *out, struct problem *p);
struct session {
    const char *token;
    int64_t expires_at;
    const char *person;
};
// verified: what the pool found. ERR_UNAUTHENTICATED (same text for every cause), ERR_RATE. A
// failure is counted in this transaction: the caller must let it commit. acc is looked up again on
// the lane, for the password may have changed since.
MUST_CHECK enum err session_start(struct db *db, struct keyring *k, const char *name,
                                  const char *client, const struct account *acc, bool verified,
                                  const char *code, int64_t now, struct arena *a,
                                  struct session *out, struct problem *p);
MUST_CHECK enum err session_end(struct db *db, const char *session_id, int64_t now,
                                struct problem *p);
MUST_CHECK enum err token_create(struct db *db, const char *person, const char *label,
                                 const char *const *scopes, int64_t expires_at, const char *by,
                                 int64_t now, char token[44], char id[37], struct problem *p);
MUST_CHECK enum err token_revoke(struct db *db, const char *id, int64_t now, struct problem *p);

// Bearer token or cookie -> actor, cached per HTTP thread and dropped when `people_epoch` moves.
struct session_cache;
struct session_cache *session_cache_new(void);
void session_cache_free(struct session_cache *c);
// NULL: no valid session (ERR_UNAUTHENTICATED in p). The actor is borrowed until the cache's next
// call.
const struct actor *session_find(struct session_cache *c, struct db *db, const struct access *x,
                                 const char *token, size_t n, int64_t now, const char *today,
                                 struct problem *p);
// Grows with every committed change of people, roles, sessions, facts (process-wide atomic).
int64_t people_epoch(void);
void people_epoch_bump(void); // the lane, after such a commit

#endif
