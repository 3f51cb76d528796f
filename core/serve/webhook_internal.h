// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by webhook.c (the endpoints as rows) and webhook_send.c (the thread that sends).
#ifndef SERVE_WEBHOOK_INTERNAL_H
#define SERVE_WEBHOOK_INTERNAL_H

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include "campus/webhook.h"

enum { WEBHOOK_KEY_MAX = 64 };
struct webhook_key {
    uint8_t bytes[WEBHOOK_KEY_MAX];
    size_t n;
    int64_t until; // 0: for good
};
struct transfer;
struct webhooks {
    struct webhook_config config;
    CURLM *multi;
    pthread_t thread;
    pthread_mutex_t mutex;
    struct transfer *first, **tail; // to be sent
    _Atomic bool stop;
    struct transfer *flying; // the sending thread's own
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
