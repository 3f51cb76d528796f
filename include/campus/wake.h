// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Waking other threads, in bundles: a thread that hands over one thing after another holds its
// wakes, so that who is woken finds all of it, and is not run in between for each.
#ifndef CAMPUS_WAKE_H
#define CAMPUS_WAKE_H

// Calls fn(self) at once, or, when this thread holds its wakes, at wake_release: once for all equal
// ones, but not later than with the sixteenth. self must live until then.
void wake(void (*fn)(void *self), void *self);
void wake_hold(void);    // not nested
void wake_release(void); // does what was held; also before anything that may take long

#endif
