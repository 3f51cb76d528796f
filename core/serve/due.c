// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What comes due. Steps go through the lane in slices; one that fails is tried alone and then put
// off, so that it holds up no other.
#include "campus/due.h"

#include <string.h>
#include "campus/clock.h"
#include "campus/deadline.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "campus/rounds.h"

enum {
    SLICE = 50,
#ifdef CAMPUSD_TEST
    LOOK_MS = 20, // the clock may be moved under it
#else
    LOOK_MS = 1000,
#endif
    OBLIGATIONS_MS = 60000,
};
static const struct actor CORE = {.id = "core", .name = "core", .session = "", .is_system = true};

struct due {
    struct due_config config;
    struct rounds *rounds;
    int64_t looked; // for periods that began
};
struct slice {
    const struct due_config *config;
    int limit, done;
    bool postpone, obligations;
};

static enum err slice_on_lane(struct lane_job *job, struct lane *lane) {
    struct slice *s = ((struct lane_call *)job)->arg;
    struct release *r = release_get();
    struct arena *a = r ? arena_new(32 << 20) : NULL;
    if (!a) {
        release_put(r);
        return ERR_NOMEM;
    }
    struct problem p;
    char today[11];
    problem_init(&p, a);
    struct gate g = {.store = {lane_db(lane), s->config->keyring, a, s->config->school, &p},
                     .release = r,
                     .actor = &CORE,
                     .audit = lane_audit(lane),
                     .request = "",
                     .client = "",
                     .now = clock_now_ms(),
                     .today = today,
                     .lang = LANG_ZH,
                     .nested = true};
    tz_date(r->tz, g.now, today);
    enum err e = ERR_OK;
    if (s->obligations) {
        e = gate_open_obligations(&g);
        if (!e) e = gate_approvals_lapse(&g);
    } else if (s->postpone) {
        struct flow f = {
            .store = &g.store, .calendars = r->calendars, .actor = CORE.id, .now = g.now};
        struct deadline_row row;
        bool found;
        e = deadline_next(&f, &row, &found);
        if (!e && found) e = deadline_postpone(&f, &row);
    } else
        e = gate_due(&g, s->limit, &s->done);
    if (e) log_error("due", "%s: %s", err_word(e), p.detail ? p.detail : "");
    release_put(r);
    arena_free(a);
    return e;
}

static enum err run(const struct due_config *c, struct slice *s) {
    enum err e;
    s->config = c;
    while ((e = lane_run_slice(c->lane, slice_on_lane, s)) == ERR_RATE) {
    }
    return e;
}

enum err due_tick(const struct due_config *c, struct db *db, int *steps, struct problem *p) {
    struct slice opening = {.obligations = true};
    enum err e = run(c, &opening);
    int64_t at = 0;
    *steps = 0;
    for (int limit = SLICE; !e;) {
        e = deadline_when(db, &at, p);
        if (e || at > clock_now_ms()) break;
        struct slice s = {.limit = limit};
        enum err one = run(c, &s);
        *steps += one ? 0 : s.done;
        if (one && limit == 1) { // this is the one: later
            struct slice later = {.postpone = true};
            e = run(c, &later);
        }
        limit = one ? 1 : SLICE;
    }
    return e;
}

static enum err look(void *self, struct db *db, int64_t *again_ms, struct problem *p) {
    struct due *d = self;
    int64_t at = INT64_MAX, now = clock_now_ms();
    int steps;
    *again_ms = LOOK_MS;
    if (!lane_keeps_clock(d->config.lane)) return ERR_OK;
    enum err e = deadline_when(db, &at, p);
    bool periods = now - d->looked >= OBLIGATIONS_MS || now < d->looked;
    if (!e && (at <= now || periods)) e = due_tick(&d->config, db, &steps, p);
    if (!e && periods) d->looked = now;
    return e;
}

enum err due_open(const struct due_config *c, struct due **out, struct problem *p) {
    struct due *d = mem_need(sizeof *d);
    *d = (struct due){.config = *c};
    struct rounds_config rc = {"due", c->storage, look, d, 0};
    enum err e = rounds_open(&rc, &d->rounds, p);
    if (e)
        mem_free(d);
    else
        *out = d;
    return e;
}

void due_close(struct due *d) {
    if (!d) return;
    rounds_close(d->rounds);
    mem_free(d);
}
