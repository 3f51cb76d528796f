// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Plugin code that nobody asked for: handlers of events and schedules. Each plugin that has any is
// a consumer of events; a schedule's time becomes an event too (core.schedule.PLUGIN.NAME), so both
// are delivered at least once, in order, retried, dead at last. A call runs on the lane; what it
// wrote and the mark that it has run are one transaction, so a repeated delivery has no second
// effect. It acts as plugin:NAME with the role plugin.NAME of access.yaml, and reaches what the
// plugin needs.
#ifndef CAMPUS_HANDLERS_H
#define CAMPUS_HANDLERS_H

#include "campus/deliver.h"
#include "campus/keyring.h"
#include "campus/schema.h"

extern const char handlers_ddl[];
enum {
    HANDLER_WALL_MS = 250, // of one call, in which the lane waits
    HANDLER_CPU_MS = 20,
    HANDLER_CURSOR_BYTES = 4096
};
struct handlers;
struct handlers_config { // borrowed until closed
    const char *storage;
    struct lane *lane;
    struct keyring *keyring; // unlocked
    enum lang language;
};
// Starts the thread of the schedules. Owned; close it after deliver_close and before the lane.
MUST_CHECK enum err handlers_open(const struct handlers_config *c, struct handlers **out,
                                  struct problem *p);
struct deliver_source handlers_source(struct handlers *h); // for deliver_open
void handlers_close(struct handlers *h);
// With the activation of a release: from now on its plugins' events count, and nobody's else.
MUST_CHECK enum err handlers_begin(struct db *db, const struct schema *s, struct problem *p);
// Whether a type of events is one that the plugin has a handler for.
bool handlers_fit(const struct plugin *pl, const struct schema *s, const struct event *e);

#endif
