// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Webhooks: endpoints that get events by HTTP, signed as Standard Webhooks describes
// (github.com/standard-webhooks/standard-webhooks: webhook-id, webhook-timestamp,
// webhook-signature, secrets whsec_…). Addresses inside the school's network are refused unless
// the configuration lists the host.
#ifndef CAMPUS_WEBHOOK_H
#define CAMPUS_WEBHOOK_H

#include "campus/deliver.h"
#include "campus/json.h"
#include "campus/keyring.h"

struct sockaddr;
extern const char webhook_ddl[];
enum {
    WEBHOOKS_MAX = 100,
    WEBHOOK_TYPES_MAX = 50,               // patterns of one endpoint
    WEBHOOK_SECRETS_MAX = 4,              // of one endpoint while secrets are being changed
    WEBHOOK_OVERLAP_MS = 24 * 3600 * 1000 // that an old secret goes on signing
};
struct webhooks;
struct webhook_config {      // borrowed until webhook_close
    struct keyring *keyring; // unlocked
    const char *school;
    const char *const *allow; // hosts that may have a private address, NULL-ended; may be NULL
};

// Starts the sending thread. Owned; close it after deliver_close.
MUST_CHECK enum err webhook_open(const struct webhook_config *c, struct webhooks **out,
                                 struct problem *p);
struct deliver_source webhook_source(struct webhooks *w); // for deliver_open
void webhook_close(struct webhooks *w);

// The endpoints, JSON in and out: {"url","types":["admissions.*"],"description","enabled"}.
// Changing ones: on the lane. create and rotate answer with "secret", which is never shown again.
// Objections are items of p; ERR_NOT_FOUND.
MUST_CHECK enum err webhook_create(struct webhooks *w, struct db *db, const json_t *body,
                                   const char *by, int64_t now, struct buf *out, struct problem *p);
MUST_CHECK enum err webhook_update(struct webhooks *w, struct db *db, const char *id,
                                   const json_t *body, struct buf *out, struct problem *p);
// A new secret; the old ones go on signing for WEBHOOK_OVERLAP_MS.
MUST_CHECK enum err webhook_rotate(struct webhooks *w, struct db *db, const char *id, int64_t now,
                                   struct buf *out, struct problem *p);
MUST_CHECK enum err webhook_delete(struct db *db, const char *id, struct problem *p);
MUST_CHECK enum err webhook_json(struct db *db, const char *id, struct buf *out, struct problem *p);
MUST_CHECK enum err webhook_list_json(struct db *db, struct buf *out, struct problem *p);

// Whether an address is one of the public internet: nothing private, loopback, link-local, shared,
// mapped, translated, multicast or reserved (IANA special-purpose registries).
bool webhook_is_public(const struct sockaddr *sa);
// Whether an event's type fits a pattern: "*", "admissions.*" or the type itself.
bool webhook_fits(const char *pattern, const char *type);

#endif
