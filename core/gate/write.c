// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Writing through the gate, on the lane. A refusal undoes the act (the job's savepoint, or one of
// its own where a job holds several acts) and only then goes on record.
#include <string.h>
#include "campus/mem.h"
#include "campus/outbox.h"
#include "campus/score.h"
#include "campus/text.h"
#include "gate/gate_internal.h"

enum err gate_act_begin(struct act *a, struct gate *g, const struct entity *e, const char *action,
                        const char *id) {
    *a =
        (struct act){.g = g, .action = action, .entity = e, .id = id, .mark = audit_mark(g->audit)};
    return g->nested ? db_save(g->store.db, DB_INNER, g->store.problem) : ERR_OK;
}

static bool is_refusal(enum err e) {
    int status = err_status(e);
    return status >= 400 && status < 500 && e != ERR_RATE;
}

enum err gate_publish(struct gate *g, const struct record *r, const char *word) {
    const struct entity *e = r->entity;
    struct event ev = {.type = arena_printf(g->store.arena, "%s.%s", e->full, word),
                       .entity = e->full,
                       .record = r->id,
                       .actor = g->actor->id,
                       .request = g->request,
                       .rev = r->rev,
                       .at = g->now,
                       .release = g->release->number,
                       .state = r->state >= 0 ? e->workflow->states[r->state].name : NULL};
    return outbox_add(g->store.db, &ev, g->store.problem);
}

// Publishes and audits what was done, or undoes it and puts the refusal on record.
enum err gate_act_end(struct act *a, enum err e, const char *event) {
    struct gate *g = a->g;
    struct db *db = g->store.db;
    struct record *r = a->record;
    if (!e) {
        const char *subject[1] = {r->owner};
        struct audit_row row = gate_row(g, a->action, gate_object(g, a->entity, r->id), "ok",
                                        a->exceeded ? "pool_exceeded" : "");
        row.subjects = subject;
        row.nsubjects = 1;
        audit_add(g->audit, &row);
        e = gate_publish(g, r, event);
        if (!e && !g->nested) return ERR_OK;
        if (!e) return db_release(db, DB_INNER, g->store.problem);
    }
    if (!db_in_transaction(db)) return e;
    audit_undo(g->audit, a->mark);
    db_reset_all(db);
    struct problem inner;
    problem_init(&inner, g->store.arena);
    enum err undone = g->nested ? db_undo(db, DB_INNER, &inner) : db_restart(db, &inner);
    if (undone) return undone;
    if (is_refusal(e))
        gate_record(g, a->action, gate_object(g, a->entity, a->id), "refused",
                    e == ERR_NOT_FOUND ? "not_found" : err_word(e));
    return e;
}

enum err gate_answer(struct gate *g, struct record *r, struct buf *out) {
    struct verdict v;
    struct shown how;
    if (!out || g->from_bulk) return ERR_OK;
    access_decide(g->release->access, g->actor, r->entity, "read", r, &v);
    if (!v.allowed) { // may write what it may not read
        buf_puts(out, "{\"id\":");
        json_cstr(out, r->id);
        json_kv_int(out, "rev", r->rev);
        buf_putc(out, '}');
        return ERR_OK;
    }
    gate_views(r->entity, &v, &how);
    for (int w = 0; w < FIELDSET_WORDS; w++)
        how.partial.w[w] = how.constant.w[w], how.constant.w[w] = 0;
    enum err e = store_unseal(&g->store, r, &how.partial);
    if (!e) gate_serialize(g, r, &how, out);
    return e;
}

static enum err not_writable(struct gate *g, const struct entity *e,
                             const struct fieldset *refused) {
    for (int i = 0; i < e->nfields; i++)
        if (fieldset_has(refused, i))
            problem_add(g->store.problem, ERR_FORBIDDEN,
                        arena_printf(g->store.arena, "/%s", e->fields[i].name), "not_writable",
                        "you may not write this field here");
    return ERR_FORBIDDEN;
}

enum err gate_reckon(struct gate *g, const struct entity *e, const struct value *before,
                     struct input *in) {
    enum err err = input_derive(g->store.arena, e, before, in, g->store.problem);
    struct flow f = {0};
    if (!err && e->derives) err = input_through(&g->store, e, before, in);
    if (!err && e->scores) f = gate_flow(g, e->plugin), score_reckon(&f, e, before, in);
    return err;
}

// A value that a mask has gone over must not replace the real one.
static enum err refuse_masks(struct gate *g, const struct entity *e, const struct input *in) {
    enum err x = ERR_OK;
    for (int i = 0; i < e->nfields; i++) {
        const struct field *f = &e->fields[i];
        const struct value *v = &in->values[i];
        if (!fieldset_has(&in->present, i) || !(f->sealed || f->mask) || v->kind != VALUE_TEXT)
            continue;
        if (text_is_mask(v->p, v->n))
            x = problem_add(g->store.problem, ERR_MASKED_VALUE,
                            arena_printf(g->store.arena, "/%s", f->name), "masked_value",
                            "this is a masked value; leave the field out or write the real one");
    }
    return x;
}

enum err gate_act_entered(struct act *a, int before, const char *verb) {
    struct gate *g = a->g;
    enum err e = tasks_entered(g, a->record, before);
    if (e || !approval_of(g->release->approvals, a->entity, NULL)) return e;
    struct approving ap = gate_approving(g, a->record, verb);
    return approval_entered(&ap, a->record, before, verb);
}

static enum err number(struct gate *g, const struct entity *e, struct input *in) {
    enum err err = ERR_OK;
    for (int i = 0; i < e->nfields && !err; i++) {
        const struct field *f = &e->fields[i];
        const char *text;
        if (!f->number) continue;
        err = gate_number(g, arena_printf(g->store.arena, "%s:%s", e->full, f->name), f->number,
                          &text);
        input_put(in, f, value_text(text));
    }
    return err;
}

static enum err create(struct act *a, const struct entity *e, const struct input *given) {
    struct gate *g = a->g;
    const struct access *x = g->release->access;
    struct verdict v;
    struct fieldset refused;
    struct input own = *given, *in = &own;
    struct record wanted = {.entity = e,
                            .id = "",
                            .created_by = g->actor->id,
                            .updated_by = g->actor->id,
                            .created_at = g->now,
                            .updated_at = g->now,
                            .owner = "",
                            .values = in->values,
                            .state = e->workflow ? e->workflow->start : -1};
    // what it would be with its derived fields: conditions may be about them
    enum err err = gate_reckon(g, e, NULL, in);
    if (err) return err;
    access_decide(x, g->actor, e, "create", &wanted, &v);
    if (!v.allowed) return problem_set(g->store.problem, ERR_FORBIDDEN, NULL);
    if (!access_may_write(x, g->actor, &wanted, "create", &given->present, &refused))
        return not_writable(g, e, &refused);
    err = refuse_masks(g, e, in);
    if (err) return err;
    const struct policy_revision *p = release_policy(g->release, e->plugin, g->today);
    a->record = arena_alloc(g->store.arena, sizeof *a->record);
    effects_before_create(g, e, in);
    err = number(g, e, in);
    if (!err) err = store_insert(&g->store, e, in, g->actor->id, g->now, p ? p->id : 0, a->record);
    if (!err) err = effects_created(g, a->record);
    return err ? err : gate_act_entered(a, -1, "create");
}

enum err gate_create(struct gate *g, const struct entity *e, const struct input *in,
                     struct buf *out, const char **id) {
    struct act a;
    enum err err = gate_act_begin(&a, g, e, "create", "");
    if (err) return err;
    err = gate_act_end(&a, create(&a, e, in), "created");
    if (err) return err;
    if (id) *id = a.record->id;
    return gate_answer(g, a.record, out);
}

enum err gate_act_open(struct act *a, const char *verb, int64_t if_match) {
    struct gate *g = a->g;
    struct verdict v;
    a->record = arena_alloc(g->store.arena, sizeof *a->record);
    enum err e = store_get(&g->store, a->entity, a->id, a->record);
    if (e == ERR_NOT_FOUND) return gate_not_found(g);
    if (e) return e;
    access_decide(g->release->access, g->actor, a->entity, "read", a->record, &v);
    if (!v.allowed) return gate_not_found(g);
    access_decide(g->release->access, g->actor, a->entity, verb, a->record, &v);
    if (!v.allowed) return problem_set(g->store.problem, ERR_FORBIDDEN, NULL);
    if (if_match >= 0 && if_match != a->record->rev)
        return problem_set(g->store.problem, ERR_STALE, "it is at revision %lld now",
                           (long long)a->record->rev);
    return ERR_OK;
}

// What people have signed, or are about to, is not changed under them.
static enum err not_in_approval(struct act *a) {
    struct gate *g = a->g;
    bool open = false;
    if (!approval_of(g->release->approvals, a->entity, NULL)) return ERR_OK;
    enum err e = approval_is_open(g->store.db, a->record->id, &open, g->store.problem);
    if (e || !open) return e;
    problem_set(g->store.problem, ERR_CONFLICT,
                "it is being approved: withdraw or return it first");
    return problem_add(g->store.problem, ERR_CONFLICT, NULL, "in_approval",
                       "it is being approved: withdraw or return it first");
}

enum err gate_act_take(struct act *a, const char *verb, const json_t *body, struct input *in) {
    struct gate *g = a->g;
    struct fieldset refused;
    enum err e = input_parse(g->store.arena, a->entity, body, false, g->actor->id, g->now, g->today,
                             in, g->store.problem);
    if (!e) e = refuse_masks(g, a->entity, in);
    if (e) return e;
    if (!access_may_write(g->release->access, g->actor, a->record, verb, &in->present, &refused))
        return not_writable(g, a->entity, &refused);
    return gate_reckon(g, a->entity, a->record->values, in);
}

struct record gate_overlaid(struct gate *g, const struct record *r, const struct input *in) {
    struct record after = *r;
    after.values = input_over(g->store.arena, r->entity, r->values, in);
    return after;
}

static enum err update(struct act *a, int64_t if_match, const json_t *body) {
    struct gate *g = a->g;
    struct input in = {0};
    struct verdict v;
    enum err e = gate_act_open(a, "update", if_match);
    if (!e) e = not_in_approval(a);
    if (!e) e = gate_act_take(a, "update", body, &in);
    if (e) return e;
    // nobody writes a record out of their own reach
    struct record after = gate_overlaid(g, a->record, &in);
    access_decide(g->release->access, g->actor, a->entity, "update", &after, &v);
    if (!v.allowed)
        return problem_set(g->store.problem, ERR_FORBIDDEN,
                           "you could not reach the record any more");
    e = effects_update(g, a->record, after.values, &in);
    if (e) return e;
    return store_update(&g->store, a->record, &in, -1, "update", g->actor->id, g->now,
                        g->release->number);
}

enum err gate_update(struct gate *g, const struct entity *e, const char *id, int64_t if_match,
                     const json_t *body, struct buf *out, int64_t *rev) {
    struct act a;
    enum err err = gate_act_begin(&a, g, e, "update", id);
    if (err) return err;
    err = gate_act_end(&a, update(&a, if_match, body), "updated");
    if (err) return err;
    if (rev) *rev = a.record->rev;
    return gate_answer(g, a.record, out);
}

enum err gate_archive(struct gate *g, const struct entity *e, const char *id, int64_t if_match) {
    struct act a;
    enum err err = gate_act_begin(&a, g, e, "delete", id);
    if (err) return err;
    err = gate_act_open(&a, "delete", if_match);
    if (!err) err = not_in_approval(&a);
    if (!err) err = effects_update(g, a.record, a.record->values, NULL);
    if (!err) err = store_archive(&g->store, a.record, g->actor->id, g->now, g->release->number);
    return gate_act_end(&a, err, "deleted");
}
