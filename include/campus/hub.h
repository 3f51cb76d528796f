// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The hub: one thread that reads new events out of the outbox after each commit and offers each one
// to every subscriber who may see it. It knows neither HTTP nor rights.
#ifndef CAMPUS_HUB_H
#define CAMPUS_HUB_H

#include "campus/outbox.h"

struct hub;
struct subscriber {
    struct subscriber *next;
    int64_t after; // sequence of the last event that was offered
    // Hub thread. db: the hub's reading session. Neither may block.
    bool (*may_see)(struct subscriber *s, struct db *db, const struct event *e);
    bool (*send)(struct subscriber *s, const char *text, size_t n); // false: no room, or gone
    bool (*is_stale)(struct subscriber *s); // rights have changed: the client shall come back
    void (*end)(struct subscriber *s);      // once, when the hub gives it up; the owner frees it
    int64_t stuck_since;                    // the hub's own: since when there has been no room
    bool ended;
};

MUST_CHECK enum err hub_open(const char *storage, const char *school, struct hub **out,
                             struct problem *p);
void hub_stop(struct hub *h);  // ends every subscriber; nothing is offered any more
void hub_close(struct hub *h); // once every subscriber is removed
void hub_wake(void *h);        // for lane_on_commit
// Starts after sequence `after`, or with what comes from now on when it is negative. The subscriber
// gets `event: reset` first when events after that one are gone, and last, before its end, when it
// has taken nothing for ten seconds. ERR_UNAVAILABLE when full.
MUST_CHECK enum err hub_add(struct hub *h, struct subscriber *s, int64_t after);
void hub_remove(struct hub *h, struct subscriber *s); // after it no callback runs

#endif
