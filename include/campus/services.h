// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What plugin code may ask of the core while an action runs: each call is a passage through the
// gate with the caller's rights, and reaches only the plugin's own entities and those it declares
// to need.
#ifndef CAMPUS_SERVICES_H
#define CAMPUS_SERVICES_H

#include "campus/gate.h"

struct services {
    struct gate *gate;           // of the lane
    const struct plugin *plugin; // whose code it is: known from the call, never from the child
    int calls;
    const char *files; // the folder of attachments; NULL: none are read
};
enum { SERVICES_CALLS_MAX = 1000 }; // of one action
// host_services for an action; s lives as long as the call.
struct host_services services_of(struct services *s);

#endif
