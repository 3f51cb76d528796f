// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The inbox.
#include <string.h>
#include "campus/mem.h"
#include "http/api.h"

// ?kind= narrows, expand=record shows each record as the caller may see it.
static enum err inbox(struct request *rq) {
    int limit;
    const char *expand = request_query(rq, "expand");
    enum err e = api_limit(rq, &limit);
    if (!e)
        e = gate_inbox(&rq->gate, request_query(rq, "kind"), request_query(rq, "cursor"), limit,
                       expand && !strcmp(expand, "record"), &rq->out);
    return e ? e : request_finish(rq);
}

const struct route routes_approvals[] = {
    {"GET", "inbox", inbox, .who = SIGNED_IN},
    {0},
};
