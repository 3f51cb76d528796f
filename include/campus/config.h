// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// campusd.yaml, the one settings file of a home.
#ifndef CAMPUS_CONFIG_H
#define CAMPUS_CONFIG_H

#include <stdint.h>
#include "campus/err.h"
#include "campus/log.h"

struct config {
    const char *home; // the directory, absolute
    const char *listen_host;
    int listen_port;
    struct {
        const char *id, *name, *timezone;
        enum lang language;
    } school;
    const char *storage;         // "sqlite:campusd.db" or "postgresql://…"
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
    int http_threads; // 1..16, default 1
    // addresses of proxies in front, whose X-Forwarded-For is believed; NULL-ended, default none
    const char **http_proxies;
    bool weak_jail; // set by serve --weak-jail, not by the file
    struct {
        const char **allow;
    } webhook; // hosts that may be private, NULL-ended
};

// Reads HOME/campusd.yaml; missing keys take defaults. Memory is the arena's.
MUST_CHECK enum err config_load(struct arena *a, const char *home, struct config *out,
                                struct problem *p);

#endif
