// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Fills the search index of a release whose search fields are new, as a job, while the service goes
// on; then the indexes that no entity uses any more go. How far it is stands in the data: what was
// interrupted goes on with the next start.
#ifndef CAMPUS_REINDEX_H
#define CAMPUS_REINDEX_H

#include "campus/jobs.h"
#include "campus/release.h"

// Starts the job when there is something to do. Any thread but the lane's, once the release is in
// force.
MUST_CHECK enum err reindex_start(struct jobs *jobs, struct lane *lane, struct release *r,
                                  struct problem *p);

#endif
