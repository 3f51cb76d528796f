// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// campusd.yaml, the one settings file of a home.
#ifndef CAMPUS_CONFIG_H
#define CAMPUS_CONFIG_H

#include <stdint.h>
#include "campus/err.h"
#include "campus/log.h"

// The ways a message can go: to one person, or by a robot to a group.
enum message_channel {
    CHANNEL_SMS,
    CHANNEL_MAIL,
    CHANNEL_WECOM,
    CHANNEL_DINGTALK,
    CHANNEL_FEISHU,
    CHANNELS
};
extern const char *const message_channels[CHANNELS + 1]; // words, NULL-ended
static inline bool channel_is_group(int channel) {
    return channel >= CHANNEL_WECOM;
}
struct channel_config {
    bool file;               // written below HOME/messages and nowhere else
    const char *url;         // NULL and not file: the school has no such channel
    const char *from, *user; // mail
    const char *body, *ok;   // sms: what is posted; what an answer holds when it was taken
    int per_minute;
};
struct config {
    const char *home; // the directory, absolute
    const char *listen_host;
    int listen_port;
    struct {
        const char *id, *name, *timezone;
        const char *address; // under which browsers reach the service
        enum lang language;
    } school;
    const char *storage;         // "sqlite:campusd.db" or "postgresql://…"
    const char *node;            // its name among those that share the database, default n1
    const char **plugin_path;    // NULL-ended, absolute
    const char **plugin_enabled; // NULL-ended; NULL means all
    struct {
        int64_t cpu_ms, wall_ms, memory;
    } budget;
    const char *unlock; // "passphrase", "credential:NAME", "keyfile:PATH"
    struct {
        enum log_level level;
        bool json;
    } log;
    int http_threads; // 1..16; default 1, 4 on PostgreSQL, whose answers a thread waits for
    // addresses of proxies in front, whose X-Forwarded-For is believed; NULL-ended, default none
    const char **http_proxies;
    bool weak_jail; // set by serve --weak-jail, not by the file
    struct {
        const char **allow;
    } webhook; // hosts that may be private, NULL-ended
    struct {
        struct channel_config channel[CHANNELS];
        const char **allow; // hosts that may be private, and may do without TLS; NULL-ended
    } messages;
};

// Reads HOME/campusd.yaml; missing keys take defaults. Memory is the arena's.
MUST_CHECK enum err config_load(struct arena *a, const char *home, struct config *out,
                                struct problem *p);
// What `storage:` says, with an SQLite file's path made absolute.
const char *config_storage(struct arena *a, const char *home, const char *storage);

#endif
