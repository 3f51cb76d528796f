// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// One transition for many records.
#include "campus/batch.h"

#include <string.h>
#include "campus/clock.h"
#include "campus/mem.h"

enum { SLICE = 64, LIST_LIMIT = 500 };

struct running {
    struct batch *b;
    struct db *db;       // reading
    struct arena *arena; // of the slice
    char today[11];
    const char **ids;
    size_t n;
};
struct item {
    const char *id;
    struct ruling ruling;
    struct problem problem;
    enum err err;
};
struct slice {
    struct running *run;
    struct item *items;
    int n;
    int64_t done, failed;
};

static struct gate gate_of(struct running *r, struct db *db, struct problem *p) {
    const struct batch *b = r->b;
    return (struct gate){.store = {db, b->keyring, r->arena, b->release->school, p},
                         .release = b->release,
                         .actor = b->actor,
                         .request = b->request,
                         .client = b->client,
                         .now = clock_now_ms(),
                         .today = r->today,
                         .lang = LANG_ZH,
                         .from_bulk = true};
}

struct finding {
    const char **ids;
    size_t n;
    struct arena *arena;
};

static enum err one_id(void *self, struct record *rec) {
    struct finding *f = self;
    if (f->n == BATCH_RECORDS_MAX) return ERR_TOO_LARGE;
    f->ids[f->n++] = arena_strdup(f->arena, rec->id);
    return ERR_OK;
}

// The records that may be moved, by id, before the first is.
static enum err find(struct running *r, struct problem *p) {
    struct batch *b = r->b;
    struct arena *a = p->arena;
    struct gate g = gate_of(r, r->db, p);
    g.store.arena = a;
    struct finding f = {arena_alloc(a, sizeof *f.ids * BATCH_RECORDS_MAX), 0, a};
    const struct workflow *w = b->entity->workflow;
    struct value *states = arena_alloc(a, sizeof *states * (size_t)w->nstates);
    int nstates = 0;
    for (int i = 0; i < w->nstates; i++)
        if (b->transition->from >> i & 1) states[nstates++] = value_text(w->states[i].name);
    struct page page = b->query->page;
    page.where = cond_and(a, gate_reach(&g, b->entity, b->query, page.blind_field >= 0),
                          cond_compare(a, COND_IN, COLUMN_STATE, states, nstates));
    page.norder = 0;
    page.limit = LIST_LIMIT;
    page.after = NULL;
    page.nafter = 0;
    struct value last[ORDER_MAX + 1];
    bool more = true;
    enum err e = ERR_OK;
    while (more && !e) {
        int nlast = 0;
        e = store_list(&g.store, b->entity, &page, one_id, &f, &more, last, &nlast);
        struct value *after = arena_alloc(a, sizeof last);
        memcpy(after, last, sizeof last);
        page.after = after;
        page.nafter = nlast;
    }
    r->ids = f.ids;
    r->n = f.n;
    b->found = (int64_t)f.n;
    return e == ERR_TOO_LARGE
               ? problem_set(p, e, "more than %d records: filter them", BATCH_RECORDS_MAX)
               : e;
}

static void ask(struct running *r, struct item *it) {
    struct batch *b = r->b;
    problem_init(&it->problem, r->arena);
    it->ruling = (struct ruling){.transition = b->transition};
    if (!b->transition->rule_decl) return;
    struct gate g = gate_of(r, r->db, &it->problem);
    it->err = gate_prepare(&g, b->entity, it->id, b->transition, b->body, &it->ruling);
    if (!it->err && !it->ruling.needless)
        it->err = pool_rule(b->release->pool, &it->ruling.call, r->arena, &it->ruling.decision,
                            &it->problem);
}

static enum err move_slice(struct lane_job *job, struct lane *lane) {
    struct slice *s = ((struct lane_call *)job)->arg;
    for (int i = 0; i < s->n; i++) {
        struct item *it = &s->items[i];
        bool asked = !s->run->b->transition->rule_decl || it->ruling.asked;
        if (it->err && asked) continue; // the rule itself could not be asked
        problem_init(&it->problem, s->run->arena);
        struct gate g = gate_of(s->run, lane_db(lane), &it->problem);
        g.audit = lane_audit(lane);
        g.nested = true;
        // what was refused while preparing is refused again here, on record
        it->err = gate_transition(&g, s->run->b->entity, it->id, -1, s->run->b->body, &it->ruling,
                                  NULL, NULL);
        if (it->err && err_status(it->err) >= 500) return it->err;
    }
    return ERR_OK;
}

static void report(struct batch *b, const struct item *it) {
    if (b->reported++ >= BATCH_REPORT_MAX) return;
    json_sep(&b->report);
    buf_puts(&b->report, "{\"id\":");
    json_cstr(&b->report, it->id);
    json_kv_str(&b->report, "code", err_word(it->err));
    json_key(&b->report, "errors"), buf_putc(&b->report, '[');
    for (const struct problem_item *e = it->problem.first; e; e = e->next) {
        json_sep(&b->report), buf_putc(&b->report, '{');
        if (e->pointer) json_kv_str(&b->report, "pointer", e->pointer);
        json_kv_str(&b->report, "code", e->word);
        json_kv_str(&b->report, "detail", e->detail);
        if (e->detail_zh) json_kv_str(&b->report, "detail_zh", e->detail_zh);
        buf_putc(&b->report, '}');
    }
    buf_puts(&b->report, "]}");
}

static enum err run_slice(struct running *r, size_t from, struct problem *p) {
    struct batch *b = r->b;
    size_t n = r->n - from < SLICE ? r->n - from : SLICE;
    arena_reset(r->arena);
    struct slice s = {.run = r, .items = arena_alloc(r->arena, sizeof *s.items * n), .n = (int)n};
    for (size_t i = 0; i < n; i++) {
        s.items[i].id = r->ids[from + i];
        ask(r, &s.items[i]);
    }
    enum err e;
    while ((e = lane_run(b->lane, move_slice, &s)) == ERR_RATE) {
    }
    if (e) return problem_set(p, e, NULL);
    for (size_t i = 0; i < n; i++) {
        if (!s.items[i].err) {
            b->done++;
            continue;
        }
        b->failed++;
        report(b, &s.items[i]);
    }
    return ERR_OK;
}

enum err batch_run(struct batch *b, struct problem *p) {
    struct running r = {.b = b, .arena = arena_new(64 << 20)};
    buf_init(&b->report, p->arena);
    if (!r.arena) return problem_set(p, ERR_NOMEM, NULL);
    tz_date(b->release->tz, clock_now_ms(), r.today);
    enum err e = db_open(b->storage, DB_READ, &r.db, p);
    if (!e) e = find(&r, p);
    for (size_t at = 0; at < r.n && !e; at += SLICE) {
        e = run_slice(&r, at, p);
        if (!e && b->progress && !b->progress(b->self, b))
            e = problem_set(p, ERR_CONFLICT, "cancelled");
    }
    if (r.db) db_close(r.db);
    arena_free(r.arena);
    return e;
}
