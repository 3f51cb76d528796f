// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Writing through the gate, on the lane. A refusal undoes the act (the job's savepoint, or one of
// its own where a job holds several acts) and only then goes on record, together with its decision.
#include <string.h>
#include "campus/decision.h"
#include "campus/ledger.h"
#include "campus/mem.h"
#include "campus/outbox.h"
#include "campus/score.h"
#include "campus/text.h"
#include "campus/yaml.h"
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

// What nobody fills in. before NULL: of a new record.
static enum err reckon(struct gate *g, const struct entity *e, const struct value *before,
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

// The record has come into another state: tasks and approvals that it left behind or that lie
// ahead.
static enum err entered(struct act *a, int before, const char *verb) {
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
        in->values[i] = value_text(text);
        fieldset_add(&in->present, i);
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
    enum err err = reckon(g, e, NULL, in);
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
    return err ? err : entered(a, -1, "create");
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

// The record, readable and open to `verb`, at the revision the client has seen.
static enum err open_for(struct act *a, const char *verb, int64_t if_match) {
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

// Checks the fields of a body against the record and the actor. `verb` is also what the record must
// still allow once they are written.
static enum err take_fields(struct act *a, const char *verb, const json_t *body, struct input *in) {
    struct gate *g = a->g;
    struct fieldset refused;
    enum err e = input_parse(g->store.arena, a->entity, body, false, g->actor->id, g->now, g->today,
                             in, g->store.problem);
    if (!e) e = refuse_masks(g, a->entity, in);
    if (e) return e;
    if (!access_may_write(g->release->access, g->actor, a->record, verb, &in->present, &refused))
        return not_writable(g, a->entity, &refused);
    return reckon(g, a->entity, a->record->values, in);
}

// The record with the input laid over it, as it would be.
static struct record overlaid(struct gate *g, const struct record *r, const struct input *in) {
    struct record after = *r;
    size_t n = sizeof(struct value) * (size_t)(r->entity->nfields + 1);
    after.values = arena_alloc(g->store.arena, n);
    for (int i = 0; i < r->entity->nfields; i++)
        after.values[i] = fieldset_has(&in->present, i) ? in->values[i] : r->values[i];
    return after;
}

static bool has_any(const struct fieldset *s) {
    uint64_t any = 0;
    for (int w = 0; w < FIELDSET_WORDS; w++) any |= s->w[w];
    return any != 0;
}

static enum err update(struct act *a, int64_t if_match, const json_t *body) {
    struct gate *g = a->g;
    struct input in = {0};
    struct verdict v;
    enum err e = open_for(a, "update", if_match);
    if (!e) e = not_in_approval(a);
    if (!e) e = take_fields(a, "update", body, &in);
    if (e) return e;
    // nobody writes a record out of their own reach
    struct record after = overlaid(g, a->record, &in);
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
    err = open_for(&a, "delete", if_match);
    if (!err) err = not_in_approval(&a);
    if (!err) err = effects_update(g, a.record, a.record->values, NULL);
    if (!err) err = store_archive(&g->store, a.record, g->actor->id, g->now, g->release->number);
    return gate_act_end(&a, err, "deleted");
}

// Whether a transition breaks exclusive duties: what was done to the record before counts, by the
// actor and by everyone whom the actor stands in for. `name` gets the duty's name, or NULL.
static enum err find_exclusive(struct gate *g, const struct record *r, const struct transition *t,
                               const char **name) {
    *name = NULL;
    if (g->actor->is_system || !access_has_exclusive(g->release->access, r->entity, t->name))
        return ERR_OK;
    for (const struct actor *who = g->actor; who && !*name; who = who->behind) {
        const char *verb[2] = {strcmp(r->created_by, who->id) ? NULL : "create", NULL};
        if (access_is_exclusive(g->release->access, r->entity, t->name, verb, name)) break;
        struct stmt *st = db_query(
            g->store.db, g->store.problem,
            store_history_sql(g->store.arena, r->entity, "DISTINCT h.verb", "WHERE h.actor=$2"),
            "tt", r->id, who->id);
        enum err e = ERR_OK;
        while (!*name && stmt_next(st, &e, g->store.problem)) {
            verb[0] = stmt_text(st, 0, NULL);
            access_is_exclusive(g->release->access, r->entity, t->name, verb, name);
        }
        stmt_reset(st);
        if (e) return e;
    }
    return ERR_OK;
}

// A transition's body: fields, and what is said about an approval.
struct wanted {
    const struct transition *transition;
    const json_t *said;
    json_t *fields;
    bool finishes; // else it is one signature of several
    bool ahead;    // nobody has pressed yet: what is to be filled in may still be missing
};

static void drop_json(void *j) {
    json_decref(j);
}

static struct wanted wanted_of(struct gate *g, const struct entity *e, const struct transition *t,
                               const json_t *body) {
    struct wanted w = {.transition = t, .fields = (json_t *)body};
    if (approval_of(g->release->approvals, e, NULL)) w.said = json_object_get(body, "approval");
    if (!w.said) return w;
    w.fields = json_copy((json_t *)body);
    if (!w.fields) return w;
    arena_defer(g->store.arena, drop_json, w.fields);
    json_object_del(w.fields, "approval");
    return w;
}

// Everything that must hold before a transition, but its rule; dry: nothing is signed yet.
static enum err may_go(struct act *a, struct wanted *w, bool dry, struct input *in) {
    struct gate *g = a->g;
    const struct entity *e = a->entity;
    const struct transition *t = w->transition;
    const char *name;
    enum err err = ERR_OK;
    w->finishes = true;
    if (a->record->state < 0 || !(t->from >> a->record->state & 1))
        return problem_set(g->store.problem, ERR_CONFLICT, "%s cannot %s",
                           e->workflow->states[a->record->state].name, t->name);
    if (approval_of(g->release->approvals, e, NULL)) {
        struct approving ap = gate_approving(g, a->record, t->name);
        ap.dry = dry;
        err = approval_take(&ap, a->record, t, w->said, &w->finishes, &a->approval);
    }
    *in = (struct input){.values = a->record->values};
    if (!err && json_object_size(w->fields))
        err = take_fields(a, t->name, w->fields, in);
    else if (!err && (e->derives || e->scores)) {
        in->values = overlaid(g, a->record, in).values;
        err = reckon(g, e, a->record->values, in);
    }
    if (err) return err;
    struct record after = overlaid(g, a->record, in);
    for (int i = 0; w->finishes && !w->ahead && i < t->nneeds; i++) {
        const struct field *f = entity_field(e, t->needs[i]);
        if (f && value_is_null(&after.values[f->index]))
            err = problem_add(g->store.problem, ERR_INVALID,
                              arena_printf(g->store.arena, "/%s", f->name), "required",
                              "must be filled before %s", t->name);
    }
    if (!err && w->finishes) err = tasks_checked(g, a->record, t);
    if (!err) err = find_exclusive(g, a->record, t, &name);
    if (!err && name) {
        err = problem_set(g->store.problem, ERR_FORBIDDEN, "separation of duty: %s", name);
        problem_add(g->store.problem, ERR_FORBIDDEN, NULL, "exclusive_duty", "%s", name);
    }
    return err;
}

static enum err prepare(struct act *a, struct wanted *w, struct ruling *out) {
    struct gate *g = a->g;
    const struct entity *e = a->entity;
    const struct transition *t = w->transition;
    struct input in = {0};
    enum err err = open_for(a, t->name, -1);
    if (!err) err = may_go(a, w, true, &in);
    // what is refused here is refused again, and put on record, on the lane
    if (err) return err;
    *out = (struct ruling){.transition = t, .needless = !w->finishes};
    if ((out->needless && !w->ahead) || !t->rule_decl) return ERR_OK;
    struct record after = overlaid(g, a->record, &in);
    const struct rule_decl *rule = t->rule_decl;
    struct fieldset reads = {0};
    for (int i = 0; i < rule->nreads; i++) {
        char *name = arena_strdup(g->store.arena, rule->reads[i]), *dot = strchr(name, '.');
        if (dot) *dot = 0; // a list travels whole
        const struct field *f = entity_field(e, name);
        if (f) fieldset_add(&reads, f->index);
    }
    for (int i = 0; w->ahead && i < t->nneeds; i++) { // it would look at what is still to come
        const struct field *f = entity_field(e, t->needs[i]);
        if (f && fieldset_has(&reads, f->index) && value_is_null(&after.values[f->index]))
            return ERR_OK;
    }
    err = store_unseal(&g->store, &after, &reads);
    if (err) return err;
    struct host_field *fields =
        arena_alloc(g->store.arena, sizeof *fields * (size_t)(e->nfields + 1));
    size_t n = 0;
    for (int i = 0; i < e->nfields; i++)
        if (fieldset_has(&reads, i))
            fields[n++] = (struct host_field){
                e->fields[i].name,
                e->fields[i].type == FIELD_LIST
                    ? list_for_rule(g->store.arena, &e->fields[i], &after.values[i])
                    : after.values[i],
                e->fields[i].type == FIELD_DECIMAL ? e->fields[i].scale : 0};
    const struct policy_revision *p = release_policy(g->release, e->plugin, g->today);
    *out = (struct ruling){.transition = t,
                           .needless = !w->finishes,
                           .rev = a->record->rev,
                           .release = g->release->number,
                           .policy = p ? p->id : 0,
                           .asked = true};
    out->call = (struct host_rule){.plugin = e->plugin->name,
                                   .rule = rule->name,
                                   .revision = out->policy,
                                   .as_of = g->today,
                                   .fields = fields,
                                   .count = n};
    return ERR_OK;
}

enum err gate_prepare(struct gate *g, const struct entity *e, const char *id,
                      const struct transition *t, const json_t *body, struct ruling *out) {
    struct act a = {.g = g, .action = t->name, .entity = e, .id = id};
    struct wanted w = wanted_of(g, e, t, body);
    return prepare(&a, &w, out);
}

enum err gate_foresee(struct gate *g, const struct entity *e, const char *id,
                      const struct transition *t, struct ruling *out) {
    struct act a = {.g = g, .action = t->name, .entity = e, .id = id};
    struct wanted w = {.transition = t, .ahead = true};
    enum err err = prepare(&a, &w, out);
    // with an item it is theirs, only not now: nobody has tried anything
    if (err == ERR_NOT_FOUND || (err == ERR_FORBIDDEN && !g->store.problem->first))
        gate_record(g, t->name, gate_object(g, e, id), "refused", err_word(err));
    return err;
}

// The reasons in words: as items of the problem in both languages, with the line of the policy.
static void reason_items(struct gate *g, const struct plugin *pl, const struct host_decision *d) {
    struct arena *a = g->store.arena;
    for (size_t i = 0; i < d->count; i++) {
        const struct host_reason *r = &d->reasons[i];
        if (r->ok) continue;
        problem_add(g->store.problem, ERR_RULE_REFUSED,
                    r->at ? arena_printf(a, "/%s", r->at) : NULL, r->code, "%s",
                    release_reason(g->release, pl, r, LANG_EN, a));
        struct problem_item *last = g->store.problem->first;
        while (last->next) last = last->next;
        last->detail_zh = release_reason(g->release, pl, r, LANG_ZH, a);
        const struct policy_revision *rev =
            r->policy ? release_policy(g->release, pl, g->today) : NULL;
        const struct yaml *node = rev ? policy_node(rev, r->policy) : NULL;
        last->policy = r->policy;
        if (node && node->file)
            last->file = node->file, last->line = node->line, last->col = node->col;
    }
}

static struct host_decision in_words(struct gate *g, const struct plugin *pl,
                                     const struct host_decision *d) {
    struct host_decision out = *d;
    struct host_reason *reasons = arena_alloc(g->store.arena, sizeof *reasons * (d->count + 1));
    for (size_t i = 0; i < d->count; i++) {
        reasons[i] = d->reasons[i];
        reasons[i].text = release_reason(g->release, pl, &d->reasons[i], g->lang, g->store.arena);
    }
    out.reasons = reasons;
    return out;
}

enum err gate_foreseen(struct gate *g, const struct entity *e, const struct ruling *r,
                       struct buf *out) {
    struct host_decision said = in_words(g, e->plugin, &r->decision);
    buf_putc(out, '{');
    json_kv_str(out, "transition", r->transition->name);
    json_kv_bool(out, "finishes", !r->needless);
    json_key(out, "decision");
    if (!r->asked) return buf_puts(out, "null}"), ERR_OK;
    enum err err = decision_json(&r->call, &said, NULL, out);
    buf_putc(out, '}');
    return err;
}

// Whether the rule saw something else behind a reference than there is now.
static bool moved_behind(const struct ruling *ruling, const struct record *after) {
    for (size_t i = 0; i < ruling->call.count; i++) {
        const struct host_field *seen = &ruling->call.fields[i];
        const struct field *f = entity_field(after->entity, seen->name);
        if (f && f->repeats && !value_same(&seen->value, &after->values[f->index])) return true;
    }
    return false;
}

static enum err transition(struct act *a, int64_t if_match, const json_t *body,
                           struct ruling *ruling) {
    struct gate *g = a->g;
    const struct transition *t = ruling->transition;
    struct wanted w = wanted_of(g, a->entity, t, body);
    struct input in = {0};
    enum err e = open_for(a, t->name, if_match);
    if (!e) e = may_go(a, &w, false, &in);
    if (e) return e;
    ruling->needless = !w.finishes;
    if (!w.finishes) {
        e = effects_update(g, a->record, overlaid(g, a->record, &in).values, &in);
        if (e) return e;
        return store_update(&g->store, a->record, has_any(&in.present) ? &in : NULL, -1, t->name,
                            g->actor->id, g->now, g->release->number);
    }
    if (t->rule_decl) {
        const struct policy_revision *p = release_policy(g->release, a->entity->plugin, g->today);
        ruling->stale = !ruling->asked || ruling->rev != a->record->rev ||
                        ruling->release != g->release->number || ruling->policy != (p ? p->id : 0);
        struct record after = overlaid(g, a->record, &in);
        ruling->stale = ruling->stale || moved_behind(ruling, &after);
        if (ruling->stale) return ERR_CONFLICT;
        if (!ruling->decision.pass) return ERR_RULE_REFUSED;
    }
    int before = a->record->state;
    e = effects_transition(g, a->record, t, &in, &a->exceeded);
    if (!e && t->opens) e = gate_open_urn(g, a->record, t, &in);
    if (e) return e;
    e = store_update(&g->store, a->record, has_any(&in.present) ? &in : NULL, t->to, t->name,
                     g->actor->id, g->now, g->release->number);
    if (!e) e = ledger_transition(g, a->record, t);
    return e ? e : entered(a, before, t->name);
}

static void warn(struct gate *g, const struct field *pool, struct buf *out) {
    buf_trim(out, 1);
    json_key(out, "warnings"), buf_puts(out, "[{");
    json_kv_str(out, "pointer", arena_printf(g->store.arena, "/%s", pool->name));
    json_kv_str(out, "code", "pool_exceeded");
    json_kv_str(out, "detail", g->lang == LANG_ZH ? "已超出可用名额或额度" : "more than is left");
    buf_puts(out, "}]}");
}

enum err gate_transition(struct gate *g, const struct entity *e, const char *id, int64_t if_match,
                         const json_t *body, struct ruling *ruling, struct buf *out, int64_t *rev) {
    struct act a;
    const struct transition *t = ruling->transition;
    const char *decision = NULL;
    enum err err = gate_act_begin(&a, g, e, t->name, id);
    if (err) return err;
    err = transition(&a, if_match, body, ruling);
    if (ruling->stale) { // nobody was refused: it is asked again
        problem_init(g->store.problem, g->store.arena);
        return g->nested && db_undo(g->store.db, DB_INNER, g->store.problem) ? ERR_INTERNAL
                                                                             : ERR_CONFLICT;
    }
    bool decided = t->rule_decl && !ruling->needless && (!err || err == ERR_RULE_REFUSED);
    for (const char **m = t->messages; m && *m && !err && !ruling->needless; m++)
        err = gate_message(g, e->plugin, plugin_message(e->plugin, *m), a.record, NULL, NULL);
    err = gate_act_end(&a, err, ruling->needless ? "updated" : e->workflow->states[t->to].name);
    if (decided && (!err || err == ERR_RULE_REFUSED)) {
        enum err kept = decision_add(&g->store, a.record, &ruling->call, &ruling->decision,
                                     g->actor->id, ruling->release, g->now, &decision);
        if (kept) return kept;
    }
    if (err == ERR_RULE_REFUSED) {
        g->store.problem->extra = arena_printf(g->store.arena, "\"decision\":\"%s\"", decision);
        reason_items(g, e->plugin, &ruling->decision);
        return problem_set(g->store.problem, err, NULL);
    }
    if (err) return err;
    if (rev) *rev = a.record->rev;
    err = gate_answer(g, a.record, out);
    if (!err && out && a.approval && !g->from_bulk) {
        struct approving ap = gate_approving(g, a.record, t->name);
        buf_trim(out, 1);
        json_key(out, "approval"), approval_json(&ap, a.approval, a.record, out);
        buf_putc(out, '}');
    }
    if (!err && out && a.exceeded && !g->from_bulk) warn(g, a.exceeded, out);
    if (err || !out || !decision || g->from_bulk) return err;
    buf_trim(out, 1);
    json_key(out, "decision");
    struct host_decision said = in_words(g, e->plugin, &ruling->decision);
    err = decision_json(&ruling->call, &said, decision, out);
    buf_putc(out, '}');
    return err;
}
