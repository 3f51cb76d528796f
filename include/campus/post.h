// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Sends what is queued (message.h): mail by SMTP, SMS and the robots of WeCom, DingTalk and Feishu
// over HTTP, or into files. At least once: what was sent when the machine went down before that was
// on record goes again. Secrets of a channel are sealed in a row, never in the settings.
#ifndef CAMPUS_POST_H
#define CAMPUS_POST_H

#include "campus/config.h"
#include "campus/json.h"
#include "campus/keyring.h"
#include "campus/lane.h"

extern const char post_ddl[];
enum {
    POST_ATTEMPTS = 8,    // then a message has failed: some two days after the first
    POST_SECRET_MAX = 500 // bytes
};
struct post;
struct post_config { // borrowed until closed
    const struct config *config;
    struct lane *lane;
    struct keyring *keyring; // unlocked
};
// Starts the thread with a reading session of its own. Owned; close it before the lane.
MUST_CHECK enum err post_open(const struct post_config *c, struct post **out, struct problem *p);
void post_close(struct post *p);
void post_wake(struct post *p); // any thread: something is queued, or settings have changed

// {"token","secret"} of a channel: token is a password, a bearer token or a robot's key, secret
// signs (DingTalk, Feishu). Lane. Objections are items of p.
MUST_CHECK enum err post_secret_set(struct db *db, struct keyring *k, const char *school,
                                    const char *channel, const json_t *body, struct problem *p);
// [{"channel","driver","url","token","secret","per_minute"}]: what is set up, of secrets only
// whether there is one.
MUST_CHECK enum err post_channels_json(struct db *db, const struct config *c, struct buf *out,
                                       struct problem *p);

#endif
