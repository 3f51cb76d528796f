// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by webhook.c (the endpoints as rows) and webhook_send.c (what is sent to them).
#ifndef SERVE_WEBHOOK_INTERNAL_H
#define SERVE_WEBHOOK_INTERNAL_H

#include "campus/webhook.h"
#include "serve/courier.h"

enum { WEBHOOK_KEY_MAX = 64 };
struct webhook_key {
    uint8_t bytes[WEBHOOK_KEY_MAX];
    size_t n;
    int64_t until; // 0: for good
};
struct webhooks {
    struct webhook_config config;
    struct courier *courier; // until stopped
    // deliver thread
    int64_t rev;
    struct endpoint *endpoints;
};
struct endpoint {
    struct consumer c; // first
    struct webhooks *hooks;
    struct endpoint *next;
    char *name, *url;
    int64_t rev;
    char **types; // patterns, NULL-ended
    bool may_be_private;
    struct webhook_key *keys; // sodium_malloc
    int nkeys;
};

// The secrets of a sealed blob, into keys (WEBHOOK_SECRETS_MAX of them, guarded memory).
MUST_CHECK enum err webhook_open_keys(struct webhooks *w, const char *id, const void *blob,
                                      size_t n, struct webhook_key *keys, int *nkeys,
                                      struct problem *p);
// Whether the host of a URL that was checked when it was stored is on the list.
bool webhook_is_listed(const struct webhooks *w, const char *url);

#endif
