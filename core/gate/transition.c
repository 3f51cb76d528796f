// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Transitions: what must hold before one, the rule that is asked off the lane and whose word counts
// only while nothing has moved meanwhile, and what a passage leaves behind.
#include <string.h>
#include "campus/decision.h"
#include "campus/ledger.h"
#include "campus/mem.h"
#include "campus/yaml.h"
#include "gate/gate_internal.h"

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
        err = gate_act_take(a, t->name, w->fields, in);
    else if (!err && (e->derives || e->scores)) {
        in->values = gate_overlaid(g, a->record, in).values;
        err = gate_reckon(g, e, a->record->values, in);
    }
    if (err) return err;
    struct record after = gate_overlaid(g, a->record, in);
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
    enum err err = gate_act_open(a, t->name, -1);
    if (!err) err = may_go(a, w, true, &in);
    // what is refused here is refused again, and put on record, on the lane
    if (err) return err;
    *out = (struct ruling){.transition = t, .needless = !w->finishes};
    if ((out->needless && !w->ahead) || !t->rule_decl) return ERR_OK;
    struct record after = gate_overlaid(g, a->record, &in);
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
        problem_say(g->store.problem, ERR_RULE_REFUSED,
                    r->at ? arena_printf(a, "/%s", r->at) : NULL, r->code,
                    release_reason(g->release, pl, r, LANG_EN, a),
                    release_reason(g->release, pl, r, LANG_ZH, a));
        struct problem_item *last = g->store.problem->last;
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
        if (f && f->repeats && !value_equal(&seen->value, &after->values[f->index])) return true;
    }
    return false;
}

static enum err transition(struct act *a, int64_t if_match, const json_t *body,
                           struct ruling *ruling) {
    struct gate *g = a->g;
    const struct transition *t = ruling->transition;
    struct wanted w = wanted_of(g, a->entity, t, body);
    struct input in = {0};
    enum err e = gate_act_open(a, t->name, if_match);
    if (!e) e = may_go(a, &w, false, &in);
    if (e) return e;
    ruling->needless = !w.finishes;
    if (!w.finishes) {
        e = effects_update(g, a->record, gate_overlaid(g, a->record, &in).values, &in);
        if (e) return e;
        return store_update(&g->store, a->record, fieldset_is_empty(&in.present) ? NULL : &in, -1,
                            t->name, g->actor->id, g->now, g->release->number);
    }
    if (t->rule_decl) {
        const struct policy_revision *p = release_policy(g->release, a->entity->plugin, g->today);
        ruling->stale = !ruling->asked || ruling->rev != a->record->rev ||
                        ruling->release != g->release->number || ruling->policy != (p ? p->id : 0);
        struct record after = gate_overlaid(g, a->record, &in);
        ruling->stale = ruling->stale || moved_behind(ruling, &after);
        if (ruling->stale) return ERR_CONFLICT;
        if (!ruling->decision.pass) return ERR_RULE_REFUSED;
    }
    int before = a->record->state;
    e = effects_transition(g, a->record, t, &in, &a->exceeded);
    if (!e && t->opens) e = gate_open_urn(g, a->record, t, &in);
    if (e) return e;
    e = store_update(&g->store, a->record, fieldset_is_empty(&in.present) ? NULL : &in, t->to,
                     t->name, g->actor->id, g->now, g->release->number);
    if (!e) e = ledger_transition(g, a->record, t);
    return e ? e : gate_act_entered(a, before, t->name);
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
