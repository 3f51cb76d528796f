// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Rotation of the key-encryption key. A new version wraps at once; the data keys under older ones
// are rewrapped in slices while everybody works; then the older versions are destroyed. Where it
// stands is in the rows themselves, so a rotation that was cut off goes on at the next start.
#ifndef CAMPUS_ROTATE_H
#define CAMPUS_ROTATE_H

#include "campus/jobs.h"
#include "campus/keyring.h"

// Fills in a job from job_new("key.rotate", …). with_new_version: begins a rotation; else finishes
// what is left of one. Its result: {"version","rewrapped"}.
void rotate_prepare(struct job *job, struct lane *lane, struct keyring *k, bool with_new_version);
// At start: goes on with a rotation that has not ended. No transaction may be open.
MUST_CHECK enum err rotate_resume(struct jobs *jobs, struct lane *lane, struct keyring *k,
                                  struct problem *p);

#endif
