// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Faults that campusd-test takes at its seams; nothing of it is in campusd. $CAMPUSD_FAULT is
// SITE:N (the N-th use from then on fails, once) or SITE:N+ (that and all later ones), SITE being
// one of the words below. Where $CAMPUSD_FAULT_FILE names a file, SIGUSR2 arms anew from its text,
// and each fault that strikes is told on stderr: "fault alloc".
#ifndef CAMPUS_FAULT_H
#define CAMPUS_FAULT_H

#include <stdbool.h>

enum fault {
    FAULT_ALLOC,      // "alloc": the allocator seam
    FAULT_ARENA,      // "arena": a request's arena is used up
    FAULT_READ,       // "vfs:read": the database cannot be read (EIO)
    FAULT_WRITE,      // "vfs:write": nor written (EIO)
    FAULT_SHORT,      // "vfs:short": half of it is written, then EIO
    FAULT_FULL,       // "vfs:full": the disk is full
    FAULT_SYNC,       // "vfs:sync": fsync fails
    FAULT_FILE_READ,  // "file:read": an attachment cannot be read (EIO)
    FAULT_FILE_WRITE, // "file:write": nor written (EIO)
    FAULT_FILE_FULL,  // "file:full": there is no room for it
    FAULT_FILE_SYNC,  // "file:sync": nor is it made durable
    FAULTS
};

#ifdef CAMPUSD_TEST
bool fault_hit(enum fault site); // whether this use fails; any thread
#else
static inline bool fault_hit(enum fault site) {
    return (void)site, false;
}
#endif

#endif
