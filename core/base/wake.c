// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Waking other threads, in bundles.
#include "campus/wake.h"

#include <stdbool.h>

enum { TARGETS = 8, AT_MOST = 16 };
struct held {
    void (*fn)(void *self);
    void *self;
    int times;
};
static _Thread_local struct held held[TARGETS];
static _Thread_local int nheld;
static _Thread_local bool holding;

void wake(void (*fn)(void *self), void *self) {
    int i = 0;
    while (i < nheld && (held[i].fn != fn || held[i].self != self)) i++;
    if (!holding || i == TARGETS) {
        fn(self);
        return;
    }
    if (i == nheld) held[nheld++] = (struct held){fn, self, 0};
    if (++held[i].times < AT_MOST) return;
    held[i] = held[--nheld];
    fn(self);
}

void wake_hold(void) {
    holding = true;
}

void wake_release(void) {
    holding = false;
    for (int i = 0; i < nheld; i++) held[i].fn(held[i].self);
    nheld = 0;
}
