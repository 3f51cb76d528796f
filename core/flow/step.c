// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Who may sign a step: its people, less whose own case it is and who has signed; and where it
// climbs.
#include <string.h>
#include "flow/approval_internal.h"

enum { CLIMB_MAX = 8 };

bool step_never(const struct approval_case *c, const struct record *r, const char *person) {
    const struct approval_decl *d = c->decl;
    if (d->never_submitter && !strcmp(c->submitter, person)) return true;
    for (int i = 0; i < d->nnever_by; i++) {
        struct value v = column_value(r, d->never_by[i]);
        if (v.kind == VALUE_TEXT && strlen(person) == v.n && !memcmp(v.p, person, v.n)) return true;
    }
    return false;
}

bool step_has(const struct approving *ap, const struct step *s, const struct actor *who,
              bool by_hand) {
    static const struct fieldset none;
    if (people_list_has(&s->gone, who->id)) return false;
    // what was addressed to a person goes along only with all that they are
    if (people_list_has(&s->people, who->id) &&
        (by_hand || !memcmp(&who->kept, &none, sizeof none)))
        return true;
    if (s->kind == STEP_ROLE) {
        int role = access_role(ap->access, s->what);
        return role >= 0 && fieldset_has(&who->roles, role);
    }
    for (int i = 0; s->kind == STEP_GROUP && i < who->ngroups; i++)
        if (!strcmp(who->groups[i], s->what)) return true;
    return false;
}

const struct actor *step_signer(const struct approving *ap, const struct approval_case *c,
                                const struct record *r, const struct actor *actor) {
    if (c->closed_at || c->step >= c->nsteps || !c->decl || actor->is_system) return NULL;
    // neither lent rights nor borrowed ones reach one's own case, or sign twice
    if (step_never(c, r, actor->id) || case_has_signed(c, actor->id)) return NULL;
    for (const struct actor *who = actor; who; who = who->behind)
        if (step_has(ap, &c->steps[c->step], who, who == actor) && !step_never(c, r, who->id) &&
            !case_has_signed(c, who->id))
            return who;
    return NULL;
}

enum err step_able(struct approving *ap, const struct approval_case *c, const struct record *r,
                   const char *person, bool *able) {
    struct problem quiet;
    struct verdict v;
    *able = false;
    if (step_never(c, r, person) || case_has_signed(c, person)) return ERR_OK;
    problem_init(&quiet, ap->store->arena);
    const struct actor *who =
        people_actor(ap->store->db, ap->access, person, ap->today, ap->store->arena, &quiet);
    if (!who) return quiet.code ? problem_set(ap->store->problem, quiet.code, NULL) : ERR_OK;
    access_decide(ap->access, who, r->entity, "read", r, &v);
    if (!v.allowed) return ERR_OK;
    access_decide(ap->access, who, r->entity, c->transition, r, &v);
    *able = v.allowed;
    return ERR_OK;
}

// Whom a step asks by what it says, before anybody is taken out.
static enum err people_of(struct approving *ap, const struct step *s, const struct record *r,
                          struct people_list *out) {
    struct store *st = ap->store;
    const struct field *f = NULL;
    const char *group = s->group, *name = NULL;
    if (s->kind == STEP_HEAD_OF || s->kind == STEP_PERSON_FIELD) name = s->what;
    if (s->kind == STEP_POST && group && !strncmp(group, "field:", 6)) name = group + 6;
    if (name) {
        f = entity_field(r->entity, name);
        const struct value *v = f ? &r->values[f->index] : NULL;
        if (!v || v->kind != VALUE_TEXT || !v->n) return ERR_OK; // empty: nobody
        name = arena_strndup(st->arena, v->p, v->n);
    }
    enum holders kind = HOLD_ROLE;
    const char *what = s->what;
    switch (s->kind) {
    case STEP_ROLE: break;
    case STEP_GROUP: kind = HOLD_GROUP; break;
    case STEP_PERSON_FIELD: people_list_add(out, name, st->arena); return ERR_OK;
    case STEP_HEAD_OF:
        if (f && f->type == FIELD_PERSON) {
            enum err e = directory_holders(st->db, ap->access, HOLD_SUPERVISOR, name, NULL,
                                           ap->today, out, st->problem);
            if (e || out->n) return e;
            kind = HOLD_HEAD, what = name;
        } else
            kind = HOLD_POST, what = "head", group = name;
        break;
    case STEP_POST:
        kind = HOLD_POST;
        if (name) group = name;
        break;
    default: return ERR_OK;
    }
    return directory_holders(st->db, ap->access, kind, what, group, ap->today, out, st->problem);
}

// How many of these could sign, counted as far as is needed. Those who could go to `able`.
static enum err count_able(struct approving *ap, const struct approval_case *c,
                           const struct record *r, const struct people_list *from, int64_t enough,
                           struct people_list *able) {
    for (int i = 0; i < from->n && able->n < enough; i++) {
        bool yes;
        if (people_list_has(&c->steps[c->step].gone, from->ids[i])) continue;
        enum err e = step_able(ap, c, r, from->ids[i], &yes);
        if (e) return e;
        if (yes) people_list_add(able, from->ids[i], ap->store->arena);
    }
    return ERR_OK;
}

// Whether a later step asks this person anyway.
static enum err asked_later(struct approving *ap, const struct approval_case *c,
                            const struct record *r, struct people_list *later) {
    for (int i = c->step + 1; i < c->nsteps; i++) {
        enum err e = people_of(ap, &c->steps[i], r, later);
        if (e) return e;
        for (int k = 0; k < c->steps[i].people.n; k++)
            people_list_add(later, c->steps[i].people.ids[k], ap->store->arena);
    }
    return ERR_OK;
}

// The supervisors of the step's people, and theirs, until there are enough who may sign.
static enum err climb(struct approving *ap, struct approval_case *c, const struct record *r,
                      const struct people_list *base, struct people_list *able, int64_t quorum) {
    struct people_list level = *base, later = {0}, seen = *base;
    struct store *s = ap->store;
    enum err e = asked_later(ap, c, r, &later);
    for (int up = 0; !e && up < CLIMB_MAX && level.n && able->n < quorum; up++) {
        struct people_list next = {0}, free = {0};
        for (int i = 0; i < level.n && !e; i++)
            e = directory_holders(s->db, ap->access, HOLD_SUPERVISOR, level.ids[i], NULL, ap->today,
                                  &next, s->problem);
        level = (struct people_list){0};
        for (int i = 0; i < next.n; i++) {
            if (people_list_has(&seen, next.ids[i])) continue;
            people_list_add(&seen, next.ids[i], s->arena);
            people_list_add(&level, next.ids[i], s->arena);
            if (!people_list_has(&later, next.ids[i]))
                people_list_add(&free, next.ids[i], s->arena);
        }
        if (!e) e = count_able(ap, c, r, &free, quorum, able);
    }
    return e;
}

enum err approval_alert(struct approving *ap, struct approval_case *c, const struct record *r) {
    c->waiting = true;
    enum err e = case_log(ap, c, &(struct signature){.kind = "waiting"});
    if (!e) e = case_event(ap, c, r, "waiting");
    for (int i = 1; i < access_role_count(ap->access) && !e; i++) {
        struct actor as = {.id = "", .name = ""};
        access_role_closure(ap->access, i, &as.roles);
        if (access_has_permission(ap->access, &as, "core.approvals"))
            e = case_todo(
                ap, c, "alert",
                arena_printf(ap->store->arena, "role:%s", access_role_name(ap->access, i)), NULL,
                0);
    }
    return e;
}

static enum err tell(struct approving *ap, const struct approval_case *c) {
    const struct step *s = &c->steps[c->step];
    struct arena *a = ap->store->arena;
    enum err e = ERR_OK;
    if (s->kind == STEP_ROLE || s->kind == STEP_GROUP)
        e = case_todo(ap, c, "approval", arena_printf(a, "%s:%s", step_word(s->kind), s->what),
                      &s->title, 0);
    for (int i = 0; i < s->people.n && !e; i++)
        if (!people_list_has(&s->gone, s->people.ids[i]) && !case_has_signed(c, s->people.ids[i]))
            e = case_todo(ap, c, "approval", arena_printf(a, "person:%s", s->people.ids[i]),
                          &s->title, 0);
    return e;
}

// The people of the step at hand, once. *passed: it is left to the next one.
static enum err get_ready(struct approving *ap, struct approval_case *c, const struct record *r,
                          bool *passed) {
    struct step *s = &c->steps[c->step];
    struct people_list base = {0}, able = {0};
    bool open = s->kind == STEP_ROLE || s->kind == STEP_GROUP;
    int64_t quorum = s->quorum - case_count(c, s->key);
    *passed = false;
    s->ready = true;
    enum err e = people_of(ap, s, r, &base);
    for (int i = 0; i < s->people.n; i++)
        people_list_add(&base, s->people.ids[i], ap->store->arena);
    if (!e) e = count_able(ap, c, r, &base, quorum, &able);
    if (!open)
        for (int i = 0; i < base.n; i++) people_list_add(&s->people, base.ids[i], ap->store->arena);
    if (e || able.n >= quorum) return e;
    int before = able.n;
    if (c->decl->climbs) e = climb(ap, c, r, &base, &able, quorum);
    if (!e && able.n >= quorum) {
        s->climbed = true;
        for (int i = before; i < able.n; i++)
            people_list_add(&s->people, able.ids[i], ap->store->arena);
        return case_log(ap, c, &(struct signature){.kind = "climb"});
    }
    if (!e && c->decl->climbs && !able.n && c->step + 1 < c->nsteps) {
        s->passed = *passed = true;
        return case_log(ap, c, &(struct signature){.kind = "pass"});
    }
    return e ? e : approval_alert(ap, c, r);
}

enum err step_advance(struct approving *ap, struct approval_case *c, const struct record *r) {
    enum err e = ERR_OK;
    int at = c->step;
    bool waited = c->waiting;
    c->waiting = false;
    for (c->step = 0; !e && c->step < c->nsteps; c->step++) {
        struct step *s = &c->steps[c->step];
        bool passed = s->passed;
        if (passed || case_count(c, s->key) >= s->quorum) continue;
        if (!s->ready) e = get_ready(ap, c, r, &passed);
        if (e || !passed) break;
    }
    if (c->step == at && waited) c->waiting = true;
    if (!e && c->step != at) e = case_settle(ap, c, "approval", NULL);
    if (!e && c->step < c->nsteps) e = tell(ap, c);
    return e ? e : case_save(ap, c);
}
