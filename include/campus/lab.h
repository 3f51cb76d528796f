// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The policy lab: stored decisions asked again under another policy or release, by the code path
// that runs live. It writes nothing.
#ifndef CAMPUS_LAB_H
#define CAMPUS_LAB_H

#include "campus/host.h"
#include "campus/policy.h"
#include "campus/store.h"

struct lab_totals {
    int64_t total, replayed, flipped, to_pass, to_fail, erased, failed;
};
struct lab {
    struct pool *pool; // of the candidate release
    const char *plugin;
    const struct policy *policy; // the candidate's; NULL: the plugin has none
    int64_t since;               // decisions made at or after this time (ms)
    const char *storage;         // for a second session; NULL: one core does it
    // Called now and then, may be NULL; false stops it with ERR_CONFLICT.
    bool (*progress)(void *self, const struct lab_totals *so_far);
    void *self;
};
// Each decision, by rule and oldest first, under the policy in force on its own as_of date.
// Each one whose outcome changes is handed to fn as a JSON line:
// {"decision","entity","record","rule", "at","was","now","reasons":[codes that fail now, or that
// failed then]}; where the candidate's rule raises an error, the line has "error" instead. Lines
// hold no inputs.
MUST_CHECK enum err lab_replay(struct store *s, const struct lab *lab,
                               enum err (*fn)(void *self, const char *line, size_t n), void *self,
                               struct lab_totals *totals);

#endif
