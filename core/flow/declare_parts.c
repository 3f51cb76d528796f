// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The parts of a declaration: a deadline and its ladder, a reservation, a checklist.
#include <string.h>
#include "campus/json.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "flow/approval_internal.h"
#include "flow/declare.h"

static void read_owner(const struct declare *d, const json_t *j, struct deadline_decl *out) {
    out->owner = declare_who(d, "owner", j);
    if (!j && !d->entity) declare_wrong(d, NULL, "owner_missing", "needs owner = \"role:NAME\"");
}

// A duration, or the policy's key that says one.
static bool read_pace(const struct declare *d, const char *at, const char *s, struct term *out) {
    *out = (struct term){0};
    if (!s || strncmp(s, "policy:", 7)) return s && duration_parse(s, &out->d);
    out->policy = declare_key(d, at, s, declare_durations, NULL);
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
            declare_wrong(d, "remind", "duration", "\"%s\" is no duration such as 1wd or 4h",
                          s ? s : "");
    }
    json_array_foreach((json_t *)steps, i, one) {
        struct step_decl *st = &out->steps[out->nsteps];
        const char *after = json_string_value(json_object_get(one, "after"));
        const char *to = json_string_value(json_object_get(one, "to"));
        if (!read_pace(d, "escalate", after, &st->after)) {
            declare_wrong(d, "escalate", "duration",
                          "after = \"%s\" is no duration such as 0h or 2wd", after ? after : "");
            continue;
        }
        bool known = to && (!strcmp(to, "supervisor") || !strcmp(to, "duty"));
        bool role = to && !strncmp(to, "role:", 5);
        if (!known && !role)
            declare_wrong(d, "escalate", "to_unknown",
                          "to = \"%s\" is no supervisor, duty or role:NAME", to ? to : "");
        else if (known && !strcmp(to, "supervisor") && !strstr(out->owner, "field:") &&
                 !strstr(out->owner, "$actor"))
            declare_wrong(d, "escalate", "no_owner",
                          "a supervisor is that of a person: name an owner");
        else if (known || declare_is_role(d, "escalate", to)) {
            st->to = arena_strdup(d->in->arena, to);
            out->nsteps++;
        }
    }
}

void declare_clock(const struct declare *d, const json_t *j, struct deadline_decl *out) {
    declare_term(d,
                 json_is_string(j) ? arena_strdup(d->in->arena, json_string_value(j))
                                   : declare_text(d, j, "within"),
                 json_string_value(json_object_get(j, "by")), &out->within);
    if (json_is_string(j)) j = NULL;
    read_owner(d, json_object_get(j, "owner"), out);
    read_ladder(d, j, out);
    const char *name = j ? declare_text(d, j, "calendar") : NULL;
    out->calendar = name ? calendar_find(d->in->calendars, name)
                         : calendar_for(d->in->calendars, d->plugin->name);
    if (!out->calendar)
        declare_wrong(d, "calendar", "calendar_unknown",
                      "there is no calendar \"%s\"; there are %s", name,
                      calendar_names(d->in->calendars, d->p->arena));
}

const struct deadline_decl *declare_deadline(struct declare *d, const json_t *j, int state) {
    struct deadline_decl *out = arena_alloc(d->in->arena, sizeof *out);
    if (!json_is_string(j) && !json_is_object(j)) {
        declare_wrong(d, "deadline", "type", "a deadline is a duration or a table");
        return NULL;
    }
    d->at = declare_near(d, "deadline");
    declare_clock(d, j, out);
    const char *lapse = json_is_object(j) ? declare_text(d, j, "lapse") : NULL;
    if (!lapse) return out;
    const struct transition *t = entity_transition(d->entity, lapse);
    if (!t || !(t->from >> state & 1))
        declare_wrong(d, "lapse", "lapse_unknown", "no transition \"%s\" leads out of this state",
                      lapse);
    else if (t->rule || t->approvals || t->nneeds || t->to == state)
        declare_wrong(
            d, "lapse", "lapse_guarded",
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
        r->overbook_key = declare_key(d, "overbook", s, types, &type);
        r->percent = !strcmp(type, "percent");
    } else
        declare_wrong(d, "overbook", "type", "overbook is a number or policy:KEY");
}

// What becomes of who finds too little left: "refuse", "warn", or "ask:ROLE", who then signs too in
// the approval that is opened.
static void check_exceed(const struct declare *d, const struct transition *t, const char *s) {
    const struct workflow *w = d->entity->workflow;
    bool signs = false;
    if (!strcmp(s, "refuse") || !strcmp(s, "warn")) return;
    if (strncmp(s, "ask:", 4)) {
        declare_wrong(d, "exceed", "exceed", "\"%s\" is no refuse, warn or ask:ROLE", s);
        return;
    }
    if (!declare_is_role(d, "exceed", arena_printf(d->p->arena, "role:%s", s + 4))) return;
    for (int i = 0; i < w->ntransitions; i++) {
        const struct transition *u = &w->transitions[i];
        if (!u->approvals || t->to < 0 || !(u->from >> t->to & 1)) continue;
        signs = true;
        if (!step_granted(d->in->access, d->entity, u, access_role(d->in->access, s + 4)))
            declare_wrong(d, "exceed", "step_impossible", "access.yaml lets %s never %s", s + 4,
                          u->name);
    }
    if (!signs)
        declare_wrong(d, "exceed", "exceed_unsigned",
                      "%s: no approval begins in state %s, so nobody would be asked", s,
                      w->states[t->to].name);
}

static void read_exceed(struct declare *d, const json_t *j, const struct transition *t,
                        struct reserve_decl *r) {
    static const char *const types[] = {"text", "choice"};
    struct policy *pol = d->in->policies[d->plugin - d->in->schema->plugins];
    const char *s = declare_text(d, j, "exceed");
    if (!s) return;
    if (strncmp(s, "policy:", 7)) {
        r->exceed = s;
        check_exceed(d, t, s);
        return;
    }
    r->exceed_key = declare_key(d, "exceed", s, types, NULL);
    for (size_t i = 0; r->exceed_key && pol && i < policy_count(pol); i++) {
        const char *v = policy_value(policy_nth(pol, i), r->exceed_key);
        if (v && *v == '"') check_exceed(d, t, arena_strndup(d->p->arena, v + 1, strlen(v) - 2));
    }
}

struct reserve_decl *declare_reserve(struct declare *d, const json_t *j,
                                     const struct transition *t) {
    struct reserve_decl *r = arena_alloc(d->in->arena, sizeof *r);
    *r = (struct reserve_decl){.holder = d->entity, .amount = 1};
    d->at = declare_near(d, "reserve");
    r->pool = declare_field(d, "pool", d->entity, declare_text(d, j, "pool"));
    if (!r->pool) return NULL;
    if (r->pool->type != FIELD_REFERENCE || !r->pool->target) {
        declare_wrong(d, "pool", "field_type", "%s is no reference field", r->pool->name);
        return NULL;
    }
    r->limit = declare_field(d, "limit", r->pool->target, declare_text(d, j, "limit"));
    if (!r->limit) return NULL;
    if ((r->limit->type != FIELD_INTEGER && r->limit->type != FIELD_MONEY) || r->limit->sealed) {
        declare_wrong(d, "limit", "field_type", "%s is no integer or money field in the clear",
                      r->limit->name);
        return NULL;
    }
    const json_t *amount = json_object_get(j, "amount");
    if (json_is_string(amount)) {
        r->amount_field = declare_field(d, "amount", d->entity, json_string_value(amount));
        if (r->amount_field && (r->amount_field->type != r->limit->type || r->amount_field->sealed))
            declare_wrong(d, "amount", "field_type", "%s and %s must both be %s",
                          r->amount_field->name, r->limit->name, field_type_name(r->limit->type));
    } else if (amount && (!json_is_integer(amount) || json_integer_value(amount) < 1))
        declare_wrong(d, "amount", "amount", "is a whole number from 1 on, or the name of a field");
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
            declare_wrong(d, "checklist", "checklist",
                          "task %zu needs a name (a-z, 0-9, _) and a title", i + 1);
        for (size_t k = 0; name && k < i; k++) {
            const char *other =
                json_string_value(json_object_get(json_array_get(items, k), "name"));
            if (other && !strcmp(other, name))
                declare_wrong(d, "checklist", "duplicate", "the task \"%s\" is there twice", name);
        }
        if (s && !duration_parse(s, &within))
            declare_wrong(d, "checklist", "duration", "within = \"%s\" is no duration such as 3wd",
                          s);
        if (owner) (void)declare_one(d, "checklist", owner);
    }
}

const struct checklist_decl *declare_checklist(struct declare *d, const json_t *j) {
    static const char *const types[] = {"list", "list"};
    struct checklist_decl *out = arena_alloc(d->in->arena, sizeof *out);
    const char *name = arena_printf(d->p->arena, "%s_tasks", d->entity->name);
    const struct entity *tasks = schema_entity(d->in->schema, d->plugin->name, name);
    *out = (struct checklist_decl){.items = json_is_array(j) ? j : NULL,
                                   .calendar = calendar_for(d->in->calendars, d->plugin->name)};
    ((struct entity *)d->entity)->tasks = tasks;
    if (!tasks || !tasks->part_of || !entity_field(tasks, "step"))
        declare_wrong(d, "checklist", "checklist", "%s has no tasks: write tasks = true",
                      d->entity->name);
    if (out->items) check_items(d, j);
    if (out->items) return out;
    const char *s = json_string_value(j);
    if (!s || strncmp(s, "policy:", 7))
        declare_wrong(d, "checklist", "type", "a checklist is a list of tasks, or policy:KEY");
    else if ((out->policy = declare_key(d, "checklist", s, types, NULL))) {
        struct policy *pol = d->in->policies[d->plugin - d->in->schema->plugins];
        json_t *items;
        for (size_t i = 0; pol && i < policy_count(pol); i++) {
            const char *v = policy_value(policy_nth(pol, i), out->policy);
            if (v && !json_parse(d->p->arena, v, strlen(v), &items, NULL)) check_items(d, items);
        }
    }
    return out;
}
