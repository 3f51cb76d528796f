// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What a write sets going beside the record: the clock of the state it enters, whom that asks, what
// it reserves or gives back. All within the write's own transaction. And what is done when a clock
// has run down.
#include <string.h>
#include "campus/deadline.h"
#include "campus/mem.h"
#include "campus/obligation.h"
#include "campus/reserve.h"
#include "campus/todo.h"
#include "gate/gate_internal.h"

struct flow gate_flow(struct gate *g, const struct plugin *pl) {
    return (struct flow){.store = &g->store,
                         .calendars = g->release->calendars,
                         .policy = pl ? release_policy(g->release, pl, g->today) : NULL,
                         .actor = g->actor->id,
                         .request = g->request,
                         .now = g->now,
                         .release = g->release->number};
}

static const struct deadline_decl *deadline_of(const struct entity *e, int state) {
    return state >= 0 ? e->workflow->states[state].deadline : NULL;
}

// "Applicants · Reviewing": what to-dos call it.
static struct title called(struct arena *a, const struct entity *e, int state) {
    const struct state *st = &e->workflow->states[state];
    return (struct title){arena_printf(a, "%s · %s", title_in(&e->title, LANG_ZH, e->name),
                                       title_in(&st->title, LANG_ZH, st->name)),
                          arena_printf(a, "%s · %s", title_in(&e->title, LANG_EN, e->name),
                                       title_in(&st->title, LANG_EN, st->name))};
}

static struct deadline_subject subject_of(const struct record *r, int state, int64_t rev) {
    return (struct deadline_subject){r->entity->full, r->id,
                                     r->entity->workflow->states[state].name, rev, NULL};
}

static enum err start_clock(const struct flow *f, const struct record *r, int state, int64_t rev,
                            int64_t due) {
    struct deadline_subject s = subject_of(r, state, rev);
    return deadline_open(f, deadline_of(r->entity, state), due, &s);
}

// Whom a state asks, by these values; NULL: nobody.
static const char *asked(const struct flow *f, const struct entity *e, int state,
                         const struct value *values) {
    const char *who = e->asks && state >= 0 ? e->workflow->states[state].todo : NULL;
    return who ? flow_audience(f->store->arena, who, e, values) : NULL;
}

// The to-do of who was asked goes, that of who is asked now comes.
static enum err hand_over(const struct flow *f, const struct record *r, const char *was,
                          const char *who, int state, const struct value *values) {
    struct db *db = f->store->db;
    const struct entity *e = r->entity;
    enum err err =
        was ? todo_close(db, "task", r->id, was, f->actor, f->now, f->store->problem) : ERR_OK;
    if (err || !who) return err;
    struct todo t = {.kind = "task",
                     .entity = e->full,
                     .record = r->id,
                     .ref = r->id,
                     .audience = who,
                     .title = called(f->store->arena, e, state),
                     .due_at = e->due_field >= 0 && !value_is_null(&values[e->due_field])
                                   ? values[e->due_field].i
                                   : 0,
                     .created_at = f->now};
    return todo_open(db, &t, f->store->problem);
}

void effects_before_create(struct gate *g, const struct entity *e, const struct input *in) {
    const struct deadline_decl *d = e->due_field >= 0 ? deadline_of(e, e->workflow->start) : NULL;
    if (!d) return;
    struct flow f = gate_flow(g, e->plugin);
    int64_t due = deadline_reckon(&f, d, in->values);
    if (due) in->values[e->due_field] = value_int(due);
}

enum err effects_created(struct gate *g, const struct record *r) {
    const struct entity *e = r->entity;
    bool clock = e->due_field >= 0 && !value_is_null(&r->values[e->due_field]);
    if (!clock && !e->asks) return ERR_OK;
    struct flow f = gate_flow(g, e->plugin);
    enum err err = clock ? start_clock(&f, r, r->state, r->rev, r->values[e->due_field].i) : ERR_OK;
    const char *who = err ? NULL : asked(&f, e, r->state, r->values);
    return who ? hand_over(&f, r, NULL, who, r->state, r->values) : err;
}

static void set_due(const struct record *r, struct value *after, int64_t due, struct input *in) {
    int i = r->entity->due_field;
    after[i] = due ? value_int(due) : value_null();
    if (value_equal(&after[i], &r->values[i])) return;
    in->values = after;
    fieldset_add(&in->present, i);
}

// It stays where it is: a clock goes by what it is now, a to-do to whom it is now.
static enum err stays(const struct flow *f, const struct record *r, struct value *after,
                      struct input *in) {
    const struct entity *e = r->entity;
    const struct deadline_decl *d = e->due_field >= 0 ? deadline_of(e, r->state) : NULL;
    const struct field *by = !d ? NULL : d->within.field ? d->within.field : d->within.by;
    enum err err = ERR_OK;
    bool moved = by && !value_equal(&after[by->index], &r->values[by->index]);
    if (moved) {
        struct deadline_subject s = subject_of(r, r->state, r->rev + 1);
        int64_t due = value_is_null(&after[e->due_field]) ? 0 : after[e->due_field].i;
        err = deadline_reset(f, d, &s, after, &due);
        set_due(r, after, due, in);
    }
    const char *was = asked(f, e, r->state, r->values), *who = asked(f, e, r->state, after);
    if (err || (!moved && (was == who || (was && who && !strcmp(was, who))))) return err;
    return hand_over(f, r, was, who, r->state, after);
}

enum err effects_transition(struct gate *g, const struct record *r, const struct transition *t,
                            struct input *in, const struct field **exceeded) {
    const struct entity *e = r->entity;
    *exceeded = NULL;
    if (e->due_field < 0 && !e->holds && !e->pool && !e->asks) return ERR_OK;
    struct flow f = gate_flow(g, e->plugin);
    struct value *after = input_over(g->store.arena, e, r->values, in);
    enum err err = e->holds ? reserve_move(&f, t, r, after, exceeded) : ERR_OK;
    if (!err && e->pool) err = reserve_guard(&f, r, after, false);
    if (!err && t->to == r->state) return stays(&f, r, after, in);
    if (!err && e->due_field >= 0) {
        const struct deadline_decl *d = deadline_of(e, t->to);
        if (deadline_of(e, r->state)) err = deadline_close(&f, r->id);
        int64_t due = d ? deadline_reckon(&f, d, after) : 0;
        if (!err && due) err = start_clock(&f, r, t->to, r->rev + 1, due);
        set_due(r, after, due, in);
    }
    if (err || !e->asks) return err;
    return hand_over(&f, r, asked(&f, e, r->state, r->values), asked(&f, e, t->to, after), t->to,
                     after);
}

enum err effects_update(struct gate *g, const struct record *r, struct value *after,
                        struct input *in) {
    const struct entity *e = r->entity;
    if (e->due_field < 0 && !e->holds && !e->pool && !e->asks) return ERR_OK;
    struct flow f = gate_flow(g, e->plugin);
    enum err err = reserve_guard(&f, r, after, !in);
    if (err) return err;
    if (in) return r->state < 0 ? ERR_OK : stays(&f, r, after, in);
    if (deadline_of(e, r->state)) err = deadline_close(&f, r->id);
    const char *was = err ? NULL : asked(&f, e, r->state, r->values);
    return was ? hand_over(&f, r, was, NULL, r->state, after) : err;
}

static bool in_view(void *self, const struct entity *e, const char *id, const struct field *f) {
    struct gate *g = self;
    struct record r;
    struct verdict v;
    if (store_get(&g->store, e, id, &r)) return false;
    access_decide(g->release->access, g->actor, e, "read", &r, &v);
    return v.allowed && (!f || fieldset_has(&v.clear, f->index));
}

enum err gate_reservations(struct gate *g, const struct entity *e, const char *id, int limit,
                           struct buf *out) {
    struct record r;
    struct verdict v;
    enum err err = gate_find(g, e, id, "reservations", &r, &v);
    struct flow f = gate_flow(g, e->plugin);
    return err ? err : reserve_json(&f, g->release->schema, &r, &v.clear, in_view, g, limit, out);
}

// The transition that a deadline makes by itself when it is missed.
static enum err lapse(struct gate *g, const struct entity *e, const struct record *r) {
    const struct deadline_decl *d = deadline_of(e, r->state);
    if (!d || !d->lapse) return ERR_OK;
    struct gate inner = *g;
    struct problem p;
    problem_init(&p, g->store.arena);
    inner.store.problem = &p;
    inner.nested = true;
    struct ruling ruling = {.transition = d->lapse};
    enum err err = gate_transition(&inner, e, r->id, -1, NULL, &ruling, NULL, NULL);
    return err_status(err) >= 500 ? err : ERR_OK; // a refusal is on record
}

static enum err due_record(struct gate *g, const struct deadline_row *row) {
    struct record r;
    const struct entity *e =
        schema_entity_full(g->release->schema, row->entity, strlen(row->entity));
    struct flow f = gate_flow(g, e ? e->plugin : NULL);
    enum err err = e ? store_get(&g->store, e, row->record, &r) : ERR_NOT_FOUND;
    if (err && err != ERR_NOT_FOUND) return err;
    bool here = !err && row->state && r.state >= 0 &&
                !strcmp(e->workflow->states[r.state].name, row->state);
    if (!here) return deadline_close(&f, row->record); // it has gone, or a release took its state
    struct title title = called(g->store.arena, e, r.state);
    struct deadline_subject s = subject_of(&r, r.state, r.rev);
    s.title = &title;
    bool told;
    err = deadline_step(&f, row, &s, e, r.values, &told);
    if (err || !told) return err;
    gate_record(g, arena_printf(g->store.arena, "deadline.%s", row->kind), gate_object(g, e, r.id),
                "ok", "");
    return row->may_lapse && !strcmp(row->kind, "missed") ? lapse(g, e, &r) : ERR_OK;
}

enum err gate_due(struct gate *g, int limit, int *done) {
    enum err err = ERR_OK;
    for (*done = 0; *done < limit && !err; ++*done) {
        struct deadline_row row;
        struct flow f = gate_flow(g, NULL);
        bool found;
        err = deadline_next(&f, &row, &found);
        if (err || !found) return err;
        err = strcmp(row.entity, OBLIGATIONS) ? due_record(g, &row) : obligation_due(&f, &row);
        if (err == ERR_CONFLICT) err = ERR_OK;
    }
    return err;
}
