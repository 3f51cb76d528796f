// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Deadlines, reservations and obligations as plugins declare them, checked against entities, roles,
// calendars and the policy's schema. An objection points at the word that it is about.
#include "campus/flow.h"

#include <string.h>
#include "campus/json.h"
#include "campus/mem.h"
#include "campus/score.h"
#include "campus/text.h"
#include "flow/approval_internal.h"

struct declare {
    const struct flow_input *in;
    struct problem *p;
    const struct plugin *plugin;
    const struct entity *entity; // NULL: an obligation
    const char *file, *what;
    struct spot at;
    bool made; // by the host: its words are nowhere in the source
};

// Looks for `word` from where we are; stays there when it is not found.
static struct spot near(const struct declare *d, const char *word) {
    struct spot w = d->in->locate && !d->made
                        ? d->in->locate(d->in->self, d->file, d->at.line, word)
                        : (struct spot){0, 0};
    return w.line ? w : d->at;
}

static void wrong(const struct declare *d, const char *at, const char *word, const char *fmt, ...)
    PRINTF(4, 5);
static void wrong(const struct declare *d, const char *at, const char *word, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    const char *text = arena_vprintf(d->p->arena, fmt, ap);
    va_end(ap);
    struct spot w = at ? near(d, at) : d->at;
    problem_at(d->p, d->file, w.line, w.col, word, "%s: %s", d->what, text);
}

// The types of options were checked where they were declared.
static const char *text(const struct declare *d, const json_t *j, const char *key) {
    return arena_strdup(d->in->arena, json_string_value(json_object_get(j, key)));
}

// The key of a "policy:KEY", of one of two types; NULL after an objection. *type: which it is.
static const char *policy_key(const struct declare *d, const char *at, const char *ref,
                              const char *const types[2], const char **type) {
    const struct policy_schema *s = d->in->policy_schemas[d->plugin - d->in->schema->plugins];
    const char *key = ref + strlen("policy:"), *have = s ? policy_type(s, key) : NULL;
    if (!have)
        wrong(d, at, "policy_key_unknown", "the policy of %s has no key \"%s\"", d->plugin->name,
              key);
    else if (strcmp(have, types[0]) && strcmp(have, types[1]))
        wrong(d, at, "policy_key_type", "the policy key \"%s\" is of type %s, not %s", key, have,
              types[0]);
    else {
        if (type) *type = have;
        return key;
    }
    return NULL;
}

static const struct field *field_of(const struct declare *d, const char *at, const struct entity *e,
                                    const char *name) {
    const struct field *f = name && e ? entity_field(e, name) : NULL;
    if (f) return f;
    size_t n = 0;
    const char *const *names = e ? entity_field_names(e, d->p->arena, &n) : NULL;
    wrong(d, at, "field_unknown", "%s has no field \"%s\"%s", e ? e->full : "an obligation",
          name ? name : "", text_instead(d->p->arena, name ? name : "", names, n, "it has"));
    return NULL;
}

static const char *const durations[] = {"duration", "duration"};

// by = "severity": each choice of that field has a key of its own under the policy's.
static void read_by(const struct declare *d, const char *s, const char *by, struct term *out) {
    out->by = field_of(d, "by", d->entity, by);
    if (!out->by) return;
    if (out->by->type != FIELD_CHOICE || out->by->sealed)
        wrong(d, "by", "field_type", "%s is no choice in the clear", by);
    else if (strncmp(s, "policy:", 7))
        wrong(d, "by", "by", "goes with within = \"policy:KEY\", under which each choice is a key");
    for (int i = 0; i < out->by->nchoices && !strncmp(s, "policy:", 7); i++)
        (void)policy_key(d, "within",
                         arena_printf(d->p->arena, "%s.%s", s, out->by->choices[i].name), durations,
                         NULL);
    out->policy = s + 7;
}

static void read_term(const struct declare *d, const char *s, const char *by, struct term *out) {
    if (!s)
        wrong(d, NULL, "within_missing", "needs within = a duration, policy:KEY or field:NAME");
    else if (by)
        read_by(d, s, by, out);
    else if (!strncmp(s, "policy:", 7))
        out->policy = policy_key(d, "within", s, durations, NULL);
    else if (!strncmp(s, "field:", 6)) {
        out->field = field_of(d, "within", d->entity, s + 6);
        if (!out->field) return;
        bool date = out->field->type == FIELD_DATE || out->field->type == FIELD_DATETIME;
        if (!date || out->field->sealed)
            wrong(d, "within", "field_type", "%s is no date or datetime in the clear", s + 6);
    } else if (!duration_parse(s, &out->d) || !out->d.n)
        wrong(d, "within", "duration",
              "\"%s\" is no duration such as 90d, 4h, 30m, 3wd, and no policy:KEY or field:NAME",
              s);
}

static bool is_role(const struct declare *d, const char *at, const char *s) {
    if (access_role(d->in->access, s + 5) >= 0) return true;
    int n = access_role_count(d->in->access);
    const char **names = arena_alloc(d->p->arena, sizeof *names * (size_t)(n + 1));
    for (int i = 0; i < n; i++) names[i] = access_role_name(d->in->access, i);
    wrong(d, at, "role_unknown", "there is no role \"%s\"%s", s + 5,
          text_instead(d->p->arena, s + 5, names, (size_t)n, "there are"));
    return false;
}

// One of those that are asked, the first that is filled: "officer", "role:finance", "$actor".
static const char *read_one(const struct declare *d, const char *at, const char *s) {
    if (!strncmp(s, "role:", 5)) {
        (void)is_role(d, at, s);
        return s;
    }
    if (!d->entity) wrong(d, at, at, "the owner of an obligation is a \"role:NAME\"");
    if (!d->entity || !strcmp(s, "$actor")) return s;
    const struct field *f = field_of(d, at, d->entity, s);
    if (f && ((f->type != FIELD_PERSON && f->type != FIELD_TEXT) || f->sealed))
        wrong(d, at, "field_type", "%s is no person field, nor a text with a role's name", s);
    return arena_printf(d->in->arena, "field:%s", s);
}

static const char *read_who(const struct declare *d, const char *at, const json_t *j) {
    struct buf b;
    size_t i;
    json_t *one;
    if (json_is_string(j)) return read_one(d, at, arena_strdup(d->in->arena, json_string_value(j)));
    buf_init(&b, d->in->arena);
    json_array_foreach((json_t *)j, i, one) {
        const char *s = json_string_value(one);
        buf_printf(&b, "%s%s", i ? "," : "", read_one(d, at, s ? s : ""));
    }
    return buf_str(&b);
}

static void read_owner(const struct declare *d, const json_t *j, struct deadline_decl *out) {
    out->owner = read_who(d, "owner", j);
    if (!j && !d->entity) wrong(d, NULL, "owner_missing", "needs owner = \"role:NAME\"");
}

// A duration, or the policy's key that says one.
static bool read_pace(const struct declare *d, const char *at, const char *s, struct term *out) {
    *out = (struct term){0};
    if (!s || strncmp(s, "policy:", 7)) return s && duration_parse(s, &out->d);
    out->policy = policy_key(d, at, arena_strdup(d->in->arena, s), durations, NULL);
    out->d.n = 1;
    return true;
}

static void read_ladder(const struct declare *d, const json_t *j, struct deadline_decl *out) {
    const json_t *remind = json_object_get(j, "remind"), *steps = json_object_get(j, "escalate");
    size_t i;
    json_t *one;
    out->remind = arena_alloc(d->in->arena, sizeof *out->remind * (json_array_size(remind) + 1));
    out->steps = arena_alloc(d->in->arena, sizeof *out->steps * (json_array_size(steps) + 1));
    json_array_foreach((json_t *)remind, i, one) {
        const char *s = json_string_value(one);
        if (read_pace(d, "remind", s, &out->remind[out->nremind]) && out->remind[out->nremind].d.n)
            out->nremind++;
        else
            wrong(d, "remind", "duration", "\"%s\" is no duration such as 1wd or 4h", s ? s : "");
    }
    json_array_foreach((json_t *)steps, i, one) {
        struct step_decl *st = &out->steps[out->nsteps];
        const char *after = json_string_value(json_object_get(one, "after"));
        const char *to = json_string_value(json_object_get(one, "to"));
        if (!read_pace(d, "escalate", after, &st->after)) {
            wrong(d, "escalate", "duration", "after = \"%s\" is no duration such as 0h or 2wd",
                  after ? after : "");
            continue;
        }
        bool known = to && (!strcmp(to, "supervisor") || !strcmp(to, "duty"));
        bool role = to && !strncmp(to, "role:", 5);
        if (!known && !role)
            wrong(d, "escalate", "to_unknown", "to = \"%s\" is no supervisor, duty or role:NAME",
                  to ? to : "");
        else if (known && !strcmp(to, "supervisor") && !strstr(out->owner, "field:") &&
                 !strstr(out->owner, "$actor"))
            wrong(d, "escalate", "no_owner", "a supervisor is that of a person: name an owner");
        else if (known || is_role(d, "escalate", to)) {
            st->to = arena_strdup(d->in->arena, to);
            out->nsteps++;
        }
    }
}

static void read_clock(const struct declare *d, const json_t *j, struct deadline_decl *out) {
    read_term(d,
              json_is_string(j) ? arena_strdup(d->in->arena, json_string_value(j))
                                : text(d, j, "within"),
              json_string_value(json_object_get(j, "by")), &out->within);
    if (json_is_string(j)) j = NULL;
    read_owner(d, json_object_get(j, "owner"), out);
    read_ladder(d, j, out);
    const char *name = j ? text(d, j, "calendar") : NULL;
    out->calendar = name ? calendar_find(d->in->calendars, name)
                         : calendar_for(d->in->calendars, d->plugin->name);
    if (!out->calendar)
        wrong(d, "calendar", "calendar_unknown", "there is no calendar \"%s\"; there are %s", name,
              calendar_names(d->in->calendars, d->p->arena));
}

static const struct deadline_decl *read_deadline(struct declare *d, const json_t *j, int state) {
    struct deadline_decl *out = arena_alloc(d->in->arena, sizeof *out);
    if (!json_is_string(j) && !json_is_object(j)) {
        wrong(d, "deadline", "type", "a deadline is a duration or a table");
        return NULL;
    }
    d->at = near(d, "deadline");
    read_clock(d, j, out);
    const char *lapse = json_is_object(j) ? text(d, j, "lapse") : NULL;
    if (!lapse) return out;
    const struct transition *t = entity_transition(d->entity, lapse);
    if (!t || !(t->from >> state & 1))
        wrong(d, "lapse", "lapse_unknown", "no transition \"%s\" leads out of this state", lapse);
    else if (t->rule || t->approvals || t->nneeds || t->to == state)
        wrong(d, "lapse", "lapse_guarded",
              "%s lapses by itself: it takes no rule, approvals or needs, and leaves the state",
              lapse);
    else
        out->lapse = t;
    return out;
}

static void read_overbook(const struct declare *d, const json_t *j, struct reserve_decl *r) {
    static const char *const types[] = {"percent", "integer"};
    const char *type = "", *s = json_string_value(j);
    if (!j) return;
    if (json_is_integer(j) && json_integer_value(j) >= 0)
        r->overbook = json_integer_value(j);
    else if (s && !strncmp(s, "policy:", 7)) {
        r->overbook_key = policy_key(d, "overbook", s, types, &type);
        r->percent = !strcmp(type, "percent");
        if (r->overbook_key) r->overbook_key = arena_strdup(d->in->arena, r->overbook_key);
    } else
        wrong(d, "overbook", "type", "overbook is a number or policy:KEY");
}

// What becomes of who finds too little left: "refuse", "warn", or "ask:ROLE", who then signs too in
// the approval that is opened.
static void check_exceed(const struct declare *d, const struct transition *t, const char *s) {
    const struct workflow *w = d->entity->workflow;
    bool signs = false;
    if (!strcmp(s, "refuse") || !strcmp(s, "warn")) return;
    if (strncmp(s, "ask:", 4)) {
        wrong(d, "exceed", "exceed", "\"%s\" is no refuse, warn or ask:ROLE", s);
        return;
    }
    if (!is_role(d, "exceed", arena_printf(d->p->arena, "role:%s", s + 4))) return;
    for (int i = 0; i < w->ntransitions; i++) {
        const struct transition *u = &w->transitions[i];
        if (!u->approvals || t->to < 0 || !(u->from >> t->to & 1)) continue;
        signs = true;
        if (!step_granted(d->in->access, d->entity, u, access_role(d->in->access, s + 4)))
            wrong(d, "exceed", "step_impossible", "access.yaml lets %s never %s", s + 4, u->name);
    }
    if (!signs)
        wrong(d, "exceed", "exceed_unsigned",
              "%s: no approval begins in state %s, so nobody would be asked", s,
              w->states[t->to].name);
}

static void read_exceed(struct declare *d, const json_t *j, const struct transition *t,
                        struct reserve_decl *r) {
    static const char *const types[] = {"text", "choice"};
    struct policy *pol = d->in->policies[d->plugin - d->in->schema->plugins];
    const char *s = text(d, j, "exceed");
    if (!s) return;
    if (strncmp(s, "policy:", 7)) {
        r->exceed = s;
        check_exceed(d, t, s);
        return;
    }
    r->exceed_key = policy_key(d, "exceed", s, types, NULL);
    if (r->exceed_key) r->exceed_key = arena_strdup(d->in->arena, r->exceed_key);
    for (size_t i = 0; r->exceed_key && pol && i < policy_count(pol); i++) {
        const char *v = policy_value(policy_nth(pol, i), r->exceed_key);
        if (v && *v == '"') check_exceed(d, t, arena_strndup(d->p->arena, v + 1, strlen(v) - 2));
    }
}

static struct reserve_decl *read_reserve(struct declare *d, const json_t *j,
                                         const struct transition *t) {
    struct reserve_decl *r = arena_alloc(d->in->arena, sizeof *r);
    *r = (struct reserve_decl){.holder = d->entity, .amount = 1};
    d->at = near(d, "reserve");
    r->pool = field_of(d, "pool", d->entity, text(d, j, "pool"));
    if (!r->pool) return NULL;
    if (r->pool->type != FIELD_REFERENCE || !r->pool->target) {
        wrong(d, "pool", "field_type", "%s is no reference field", r->pool->name);
        return NULL;
    }
    r->limit = field_of(d, "limit", r->pool->target, text(d, j, "limit"));
    if (!r->limit) return NULL;
    if ((r->limit->type != FIELD_INTEGER && r->limit->type != FIELD_MONEY) || r->limit->sealed) {
        wrong(d, "limit", "field_type", "%s is no integer or money field in the clear",
              r->limit->name);
        return NULL;
    }
    const json_t *amount = json_object_get(j, "amount");
    if (json_is_string(amount)) {
        r->amount_field = field_of(d, "amount", d->entity, json_string_value(amount));
        if (r->amount_field && (r->amount_field->type != r->limit->type || r->amount_field->sealed))
            wrong(d, "amount", "field_type", "%s and %s must both be %s", r->amount_field->name,
                  r->limit->name, field_type_name(r->limit->type));
    } else if (amount && (!json_is_integer(amount) || json_integer_value(amount) < 1))
        wrong(d, "amount", "amount", "is a whole number from 1 on, or the name of a field");
    else if (amount)
        r->amount = json_integer_value(amount);
    read_overbook(d, json_object_get(j, "overbook"), r);
    read_exceed(d, j, t, r);
    r->optional = json_is_true(json_object_get(j, "optional"));
    struct entity *pool = (struct entity *)r->pool->target;
    r->next = (struct reserve_decl *)pool->pool;
    pool->pool = r;
    ((struct entity *)d->entity)->holds = true;
    return r;
}

// What a checklist holds: { name, title, owner?, within? }, written here or in a policy.
static void check_items(const struct declare *d, const json_t *items) {
    struct duration within;
    size_t i;
    json_t *one;
    json_array_foreach((json_t *)items, i, one) {
        const char *name = json_string_value(json_object_get(one, "name"));
        const json_t *title = json_object_get(one, "title"), *w = json_object_get(one, "within");
        const char *owner = json_string_value(json_object_get(one, "owner"));
        const char *s = json_string_value(w);
        if (!name || !text_is_name(name) || !title)
            wrong(d, "checklist", "checklist", "task %zu needs a name (a-z, 0-9, _) and a title",
                  i + 1);
        for (size_t k = 0; name && k < i; k++) {
            const char *other =
                json_string_value(json_object_get(json_array_get(items, k), "name"));
            if (other && !strcmp(other, name))
                wrong(d, "checklist", "duplicate", "the task \"%s\" is there twice", name);
        }
        if (s && !duration_parse(s, &within))
            wrong(d, "checklist", "duration", "within = \"%s\" is no duration such as 3wd", s);
        if (owner) (void)read_one(d, "checklist", owner);
    }
}

static const struct checklist_decl *read_checklist(struct declare *d, const json_t *j) {
    static const char *const types[] = {"list", "list"};
    struct checklist_decl *out = arena_alloc(d->in->arena, sizeof *out);
    const char *name = arena_printf(d->p->arena, "%s_tasks", d->entity->name);
    const struct entity *tasks = schema_entity(d->in->schema, d->plugin->name, name);
    *out = (struct checklist_decl){.items = json_is_array(j) ? j : NULL,
                                   .calendar = calendar_for(d->in->calendars, d->plugin->name)};
    ((struct entity *)d->entity)->tasks = tasks;
    if (!tasks || !tasks->part_of || !entity_field(tasks, "step"))
        wrong(d, "checklist", "checklist", "%s has no tasks: write tasks = true", d->entity->name);
    if (out->items) check_items(d, j);
    if (out->items) return out;
    const char *s = json_string_value(j);
    if (!s || strncmp(s, "policy:", 7))
        wrong(d, "checklist", "type", "a checklist is a list of tasks, or policy:KEY");
    else if ((out->policy =
                  policy_key(d, "checklist", arena_strdup(d->in->arena, s), types, NULL))) {
        struct policy *pol = d->in->policies[d->plugin - d->in->schema->plugins];
        json_t *items;
        for (size_t i = 0; pol && i < policy_count(pol); i++) {
            const char *v = policy_value(policy_nth(pol, i), out->policy);
            if (v && !json_parse(d->p->arena, v, strlen(v), &items, NULL)) check_items(d, items);
        }
    }
    return out;
}

static struct spot place_of(const json_t *j, struct spot otherwise) {
    int line = (int)json_integer_value(json_object_get(j, "line"));
    int col = (int)json_integer_value(json_object_get(j, "col"));
    return line ? (struct spot){line, col ? col : 1} : otherwise;
}

static void at_transition(struct declare *d, struct spot top, const struct transition *t) {
    d->at = t->line ? (struct spot){t->line, t->col} : top;
    d->what = arena_printf(d->p->arena, "transition %s", t->name);
}

static void build_entity(struct declare *d, const json_t *j) {
    const struct workflow *w = d->entity->workflow;
    const json_t *flow = json_object_get(j, "workflow");
    const json_t *states = json_object_get(flow, "states"),
                 *moves = json_object_get(flow, "transitions");
    struct spot top = {d->entity->line, 1};
    d->file = d->entity->file;
    d->made = json_is_true(json_object_get(j, "made"));
    for (int i = 0; w && i < w->nstates; i++) {
        const json_t *one = json_array_get(states, (size_t)i),
                     *deadline = json_object_get(one, "deadline"),
                     *todo = json_object_get(one, "todo"),
                     *checklist = json_object_get(one, "checklist");
        struct state *s = (struct state *)&w->states[i];
        if (!deadline && !todo && !checklist) continue;
        d->at = place_of(one, top);
        d->what = arena_printf(d->p->arena, "state %s", s->name);
        if (checklist) s->checklist = read_checklist(d, checklist);
        if (todo) s->todo = read_who(d, "todo", todo);
        if (todo && strstr(s->todo, "$actor"))
            wrong(d, "todo", "todo", "a to-do is for a person field or a role");
        if (todo) ((struct entity *)d->entity)->asks = true;
        if (!deadline) continue;
        if (s->final)
            wrong(d, "deadline", "deadline_final", "a final state has no deadline");
        else
            s->deadline = read_deadline(d, deadline, i);
    }
    for (int i = 0; w && i < w->ntransitions; i++) {
        const json_t *m = json_array_get(moves, (size_t)i),
                     *reserve = json_object_get(m, "reserve");
        struct transition *t = (struct transition *)&w->transitions[i];
        t->commit = json_is_true(json_object_get(m, "commit"));
        t->settle = json_is_true(json_object_get(m, "settle"));
        t->release = json_is_true(json_object_get(m, "release"));
        t->checked = json_is_true(json_object_get(m, "checked"));
        if (t->checked && !d->entity->tasks) {
            at_transition(d, top, t);
            wrong(d, NULL, "checked", "no state of %s has a checklist", d->entity->full);
        }
        const char *word = t->settle ? "settle" : "commit";
        if (!reserve && !t->commit && !t->settle) continue;
        at_transition(d, top, t);
        const struct reserve_decl **tail = &t->reserve;
        size_t several = json_is_array(reserve) ? json_array_size(reserve) : reserve ? 1 : 0;
        for (size_t k = 0; k < several; k++) {
            const json_t *one = json_is_array(reserve) ? json_array_get(reserve, k) : reserve;
            struct reserve_decl *r = read_reserve(d, one, t);
            if (r) *tail = r, tail = &r->also;
            at_transition(d, top, t);
        }
        if ((t->commit || t->settle) && (t->release || t->reserve || (t->commit && t->settle)))
            wrong(d, word, word, "what is %s is neither %s, released nor reserved anew",
                  t->settle ? "settled" : "committed", t->settle ? "committed" : "settled");
    }
    for (int i = 0; w && i < w->nstates; i++) {
        const struct transition *lapse =
            w->states[i].deadline ? w->states[i].deadline->lapse : NULL;
        if (!lapse || !(lapse->reserve || lapse->commit || lapse->settle)) continue;
        at_transition(d, top, lapse);
        wrong(d, NULL, "lapse_guarded", "lapses by itself: it takes no reserve, commit or settle");
    }
    for (int i = 0; w && i < w->ntransitions && !d->entity->holds; i++) {
        const struct transition *t = &w->transitions[i];
        if (!t->commit && !t->settle && !t->release) continue;
        at_transition(d, top, t);
        wrong(d, NULL, "nothing_reserved", "no transition of %s reserves anything",
              d->entity->full);
    }
}

enum err cycle_parse(const char *s, struct cycle *out, struct problem *p) {
    static const char *const named[][2] = {
        {"monthly", "0 0 1 * *"}, {"quarterly", "0 0 1 1,4,7,10 *"}, {"yearly", "0 0 1 1 *"}};
    *out = (struct cycle){.termly = !strcmp(s, "termly")};
    if (out->termly) return ERR_OK;
    for (int i = 0; i < 3; i++)
        if (!strcmp(named[i][0], s)) return cron_parse(named[i][1], &out->cron, p);
    if (!strncmp(s, "cron ", 5)) return cron_parse(s + 5, &out->cron, p);
    return problem_add(p, ERR_INVALID, NULL, "period",
                       "\"%s\" is none of monthly, quarterly, termly, yearly, cron …", s);
}

static void check_period(const struct declare *d, const char *s) {
    struct cycle unused;
    struct problem inner;
    problem_init(&inner, d->p->arena);
    if (cycle_parse(s, &unused, &inner)) wrong(d, "period", "period", "%s", inner.first->detail);
}

static void build_obligation(struct declare *d, const json_t *j, struct obligation_decl *o) {
    static const char *const types[] = {"text", "choice"};
    struct arena *a = d->in->arena;
    const char *name = json_string_value(json_object_get(j, "name"));
    const char *file = json_string_value(json_object_get(j, "file"));
    d->entity = NULL;
    d->made = false;
    d->file =
        file ? arena_strdup(a, file) : arena_printf(a, "plugins/%s/plugin.lua", d->plugin->name);
    d->at = place_of(j, (struct spot){1, 1});
    d->what = arena_printf(d->p->arena, "obligation %s", name ? name : "");
    if (!name || !text_is_name(name)) {
        wrong(d, NULL, "name_invalid", "a name is a-z, 0-9, _");
        return;
    }
    o->plugin = d->plugin;
    o->name = arena_strdup(a, name);
    o->full = arena_printf(a, "%s.%s", d->plugin->name, name);
    const json_t *t = json_object_get(j, "title"), *serves = json_object_get(j, "serves");
    o->title.zh =
        arena_strdup(a, json_string_value(json_is_string(t) ? t : json_object_get(t, "zh")));
    o->title.en =
        arena_strdup(a, json_string_value(json_is_string(t) ? t : json_object_get(t, "en")));
    o->serves = arena_alloc(a, sizeof *o->serves * (json_array_size(serves) + 1));
    for (size_t i = 0; i < json_array_size(serves); i++)
        o->serves[i] = arena_strdup(a, json_string_value(json_array_get(serves, i)));
    o->period = text(d, j, "period");
    if (!o->period)
        wrong(d, NULL, "period_missing", "needs period = \"yearly\", …");
    else if (strncmp(o->period, "policy:", 7))
        check_period(d, o->period);
    else if ((o->period_key = policy_key(d, "period", o->period, types, NULL))) {
        struct policy *pol = d->in->policies[d->plugin - d->in->schema->plugins];
        for (size_t i = 0; pol && i < policy_count(pol); i++) {
            const char *v = policy_value(policy_nth(pol, i), o->period_key);
            if (v && *v == '"') check_period(d, arena_strndup(d->p->arena, v + 1, strlen(v) - 2));
        }
    }
    read_clock(d, j, &o->clock);
    const char *evidence = text(d, j, "evidence");
    o->evidence = evidence ? evidence : "note";
    if (!strncmp(o->evidence, "record of ", 10)) {
        const char *full = o->evidence + 10;
        o->records = schema_entity_full(d->in->schema, full, strlen(full));
        if (!o->records) wrong(d, "evidence", "entity_unknown", "there is no entity \"%s\"", full);
        o->evidence = "record";
    } else if (strcmp(o->evidence, "note") && strcmp(o->evidence, "document"))
        wrong(d, "evidence", "evidence", "\"%s\" is no note, document or record of ENTITY",
              o->evidence);
}

// overview = { roles, order, … }: told to the desk as it is; here it is checked.
static void check_overview(struct declare *d, const json_t *j, const struct entity *e,
                           bool of_entity) {
    const json_t *o = json_object_get(j, "overview");
    const char *older = json_string_value(json_object_get(o, "older"));
    const char *date = json_string_value(json_object_get(o, "date"));
    const char *who = json_string_value(json_object_get(o, "who"));
    const char *name = json_string_value(json_object_get(j, "name"));
    const char *file = json_string_value(json_object_get(j, "file"));
    struct duration ago;
    size_t i;
    json_t *role;
    if (!json_is_object(o)) return;
    d->file = file ? file : d->plugin->name;
    d->at = place_of(j, (struct spot){1, 1});
    d->at = near(d, "overview");
    d->what = arena_printf(d->p->arena, "overview of %s", name ? name : "");
    json_array_foreach(json_object_get(o, "roles"), i, role) {
        const char *s = json_string_value(role);
        (void)is_role(d, "overview", arena_printf(d->p->arena, "role:%s", s ? s : ""));
    }
    if (of_entity ? older != NULL : date || who || json_object_get(o, "days"))
        wrong(d, "overview", "overview",
              "older is for reports; date, who and days are for entities");
    else if (of_entity && !date)
        wrong(d, "overview", "overview", "needs date = \"FIELD\"");
    else if (older &&
             (!duration_parse(older, &ago) || !strchr("hd", older[strspn(older, "0123456789")])))
        wrong(d, "overview", "duration", "older = \"%s\" is no duration such as 24h or 3d", older);
    const struct field *f = date ? field_of(d, "overview", e, date) : NULL;
    if (f && (f->sealed || (f->type != FIELD_DATE && f->type != FIELD_DATETIME)))
        wrong(d, "overview", "field_type", "%s is no date or datetime in the clear", date);
    f = who ? field_of(d, "overview", e, who) : NULL;
    if (f && f->type != FIELD_PERSON)
        wrong(d, "overview", "field_type", "%s is no person field", who);
}

enum err flow_build(const struct flow_input *in, struct problem *p) {
    unsigned before = p->count;
    struct declare d = {.in = in, .p = p};
    for (int i = 0; i < in->schema->nplugins; i++) {
        struct plugin *pl = (struct plugin *)&in->schema->plugins[i];
        const json_t *entities = json_object_get(pl->declaration, "entities"),
                     *list = json_object_get(pl->declaration, "obligations"),
                     *reports = json_object_get(pl->declaration, "reports");
        d.plugin = pl;
        for (int k = 0; k < pl->nentities; k++) {
            d.entity = pl->entities[k];
            build_entity(&d, json_array_get(entities, (size_t)k));
            check_overview(&d, json_array_get(entities, (size_t)k), pl->entities[k], true);
        }
        for (size_t k = 0; k < json_array_size(reports); k++)
            check_overview(&d, json_array_get(reports, k), NULL, false);
        struct obligation_decl *out =
            arena_alloc(in->arena, sizeof *out * (json_array_size(list) + 1));
        for (size_t k = 0; k < json_array_size(list); k++)
            build_obligation(&d, json_array_get(list, k), &out[pl->nobligations++]);
        pl->obligations = out;
    }
    score_build(in, p);
    return p->count > before ? ERR_INVALID : ERR_OK;
}
