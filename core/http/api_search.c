// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// GET /api/v1/search: a few of what `q` finds among everything that the caller may read.
#include <stdlib.h>
#include <string.h>
#include "campus/mem.h"
#include "http/app_internal.h"
#include "http/visible.h"

enum { EACH = 5, EACH_MAX = 20 };
struct finding {
    const char *q, *limit;
};

static bool has_words(const struct entity *e) {
    bool any = e->nsearch > 0;
    for (int i = 0; i < e->nfields; i++) any = any || e->fields[i].searchable;
    return any;
}

// What tells one record from another: the fields that words are found in, and masks of those that
// digits are.
static void show(const struct entity *e, struct look *look) {
    look->has_fields = true;
    for (int i = 0; i < e->nfields; i++)
        if (e->fields[i].search || (e->fields[i].searchable && e->fields[i].sealed))
            fieldset_add(&look->fields, i);
}

static enum err find(struct request *rq) {
    const struct finding *f = rq->state;
    const struct schema *s = rq->release->schema;
    const struct param params[] = {{"q", f->q}, {"limit", f->limit}};
    buf_puts(&rq->out, "{\"items\":[");
    for (int i = 0; i < s->nentities; i++) {
        const struct entity *e = s->entities[i];
        struct visible v;
        struct query q;
        struct buf list;
        int n = 0;
        if (!has_words(e) || !visible_entity(rq, e, false, &v) || !v.read) continue;
        buf_init(&list, rq->arena);
        enum err err = query_parse(rq->arena, app_keyring(rq->app), e, QUERY_LIST, params, 2, &q,
                                   &rq->problem);
        if (err) return err;
        show(e, &q.look);
        err = gate_find_words(&rq->gate, e, &q, &list, &n);
        if (err) return err;
        if (!n) continue;
        json_sep(&rq->out), buf_putc(&rq->out, '{');
        json_kv_str(&rq->out, "entity", e->full);
        json_kv_str(&rq->out, "title", title_in(&e->title, rq->lang, e->name));
        json_kv_int(&rq->out, "found", n);
        json_key(&rq->out, "list");
        buf_put(&rq->out, list.data, list.len);
        buf_putc(&rq->out, '}');
    }
    buf_puts(&rq->out, "]}");
    return request_finish(rq);
}

static enum err search(struct request *rq) {
    struct finding *f = rq->state = arena_alloc(rq->arena, sizeof *f);
    const char *limit = request_query(rq, "limit");
    int n = limit ? atoi(limit) : EACH;
    f->q = request_query(rq, "q");
    f->limit = arena_printf(rq->arena, "%d", n);
    if (!f->q) return problem_add(&rq->problem, ERR_INVALID, "/q", "required", "say what to find");
    if (n < 1 || n > EACH_MAX)
        return problem_add(&rq->problem, ERR_INVALID, "/limit", "out_of_range", "must be 1 to %d",
                           EACH_MAX);
    return request_move(rq, ON_REPORTS, find);
}

const struct route routes_search[] = {
    {"GET", "search", search, .who = SIGNED_IN},
    {0},
};
