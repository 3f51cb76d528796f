// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Why may I, or may somebody else, do something with a record; and the matrix of all rights.
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "campus/directory.h"
#include "campus/fsio.h"
#include "campus/mem.h"
#include "http/api.h"

static bool is_verb(const struct entity *e, const char *verb) {
    static const char *const verbs[] = {"read",   "create", "update", "delete", "search",
                                        "reveal", "export", "import", "history"};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (!strcmp(verbs[i], verb)) return true;
    return e->workflow && entity_transition(e, verb);
}

// The actor that the question is about; asking about others takes the right to keep people.
static enum err subject_of(struct request *rq, const char *user, const struct actor **out) {
    struct gate *g = &rq->gate;
    *out = g->actor;
    if (!user || !strcmp(user, g->actor->id) || !strcmp(user, g->actor->name)) return ERR_OK;
    enum err e = gate_permit(g, "core.people", "access/explain");
    const char *id;
    if (e) return e;
    if (directory_find(g->store.db, user, &id, &rq->problem) ||
        !(*out = people_actor(g->store.db, rq->release->access, id, g->today, rq->arena,
                              &rq->problem))) {
        problem_init(&rq->problem, rq->arena);
        return problem_add(&rq->problem, ERR_INVALID, "/user", "person_unknown",
                           "is nobody who can sign in");
    }
    return ERR_OK;
}

enum err access_explanation(struct request *rq) {
    const char *user, *verb, *record;
    const struct actor *who;
    const json_t *body;
    enum err e = api_body(rq, "user verb record", &body);
    if (!e) e = api_text(rq, body, "user", 64, false, &user);
    if (!e) e = api_text(rq, body, "verb", 64, true, &verb);
    if (!e) e = api_text(rq, body, "record", 200, true, &record);
    if (e) return e;
    const char *slash = strchr(record, '/');
    size_t n = slash ? (size_t)(slash - record) : strlen(record);
    const struct entity *entity = schema_entity_full(rq->release->schema, record, n);
    // what the caller may not see and what is not there are one answer, before anything else is
    // said
    if (!entity || !slash || !gate_may_see(&rq->gate, entity, slash + 1)) {
        gate_record(&rq->gate, "explain", record, "refused", "not_found");
        return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    }
    if (!is_verb(entity, verb))
        return problem_add(&rq->problem, ERR_INVALID, "/verb", "verb_unknown",
                           "%s has no such verb or transition", entity->full);
    e = subject_of(rq, user, &who);
    return e ? e : gate_explain(&rq->gate, who, entity, verb, slash + 1, &rq->out);
}

// A row for each role, entity, verb and field: with many plugins more than a request's memory
// holds.
enum err access_matrix(struct request *rq) {
    struct buf csv;
    int fd = open(app_config(rq->app)->home, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) return problem_set(&rq->problem, ERR_IO, "no temporary file");
    buf_init(&csv, NULL);
    access_matrix_csv(rq->release->access, rq->release->schema, &csv);
    enum err e = csv.failed ? ERR_NOMEM : fsio_put(fd, csv.data, csv.len);
    rq->file_n = csv.len;
    buf_fini(&csv);
    if (e) {
        close(fd);
        return problem_set(&rq->problem, e, NULL);
    }
    rq->type = "text/csv; charset=utf-8";
    rq->file = fd;
    return ERR_OK;
}
