// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Reservations of a record, and obligations.
#include "http/api.h"

static enum err reservations(struct request *rq) {
    const struct entity *e = schema_entity(rq->release->schema, rq->path[0], rq->path[1]);
    int limit;
    if (!e) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    enum err err = api_limit(rq, &limit);
    if (!err) err = gate_reservations(&rq->gate, e, rq->path[2], limit, &rq->out);
    return err ? err : request_finish(rq);
}

static enum err obligations(struct request *rq) {
    int limit;
    enum err e = api_limit(rq, &limit);
    return e ? e : gate_obligations(&rq->gate, request_query(rq, "state"), limit, &rq->out);
}

static enum err obligation(struct request *rq) {
    return gate_obligation(&rq->gate, rq->path[1], &rq->out);
}

static enum err close_on_lane(struct request *rq) {
    return gate_close_obligation(&rq->gate, rq->path[1], rq->body, &rq->out);
}
static enum err obligation_close_it(struct request *rq) {
    const json_t *body;
    enum err e = request_body(rq, &body);
    return e ? e : request_move(rq, ON_LANE, close_on_lane);
}

const struct route routes_flow[] = {
    {"GET", "obligations", obligations, .who = SIGNED_IN},
    {"GET", "obligations/{}", obligation, .who = SIGNED_IN},
    {"POST", "obligations/{}/close", obligation_close_it, .who = SIGNED_IN},
    {"GET", "{}/{}/{}/reservations", reservations, .who = SIGNED_IN},
    {0},
};
