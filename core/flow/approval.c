// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What people do with a case: sign, return, recall, transfer, add, copy, urge, record and confirm
// paper, migrate.
#include "campus/approval.h"

#include <string.h>
#include "campus/file.h"
#include "campus/json.h"
#include "campus/text.h"
#include "campus/todo.h"
#include "flow/approval_internal.h"

enum { DAY_MS = 86400000 };

static const struct refusal {
    const char *word, *en, *zh;
} REFUSALS[] = {
    {"own_case", "nobody signs their own case", "不能审批自己的事项"},
    {"signed", "you have signed this already", "您已在本轮签过"},
    {"not_your_step", "this step asks others", "当前步骤由他人审批"},
    {"step_signed", "others have signed your step meanwhile", "您的步骤已由他人签批"},
    {"closed", "nothing waits for a signature here", "没有等待签批的步骤"},
    {"not_submitter", "only who submitted it withdraws it", "只有提交人可以撤回"},
    {"signed_on", "somebody has signed already: ask them to return it", "已有人签批，请其退回"},
};

static enum err refuse(struct approving *ap, enum err e, const char *word) {
    const struct refusal *why = REFUSALS;
    while (strcmp(why->word, word)) why++;
    problem_set(ap->store->problem, e, "%s", why->en);
    return problem_say(ap->store->problem, e, NULL, word, why->en, why->zh);
}

static enum err note_of(struct approving *ap, const json_t *body, bool required, const char *at,
                        const char **out) {
    const json_t *j = json_object_get(body, "note");
    struct problem *p = ap->store->problem;
    *out = json_string_value(j);
    if (j && !json_is_null(j) && !*out)
        return problem_add(p, ERR_INVALID, at, "type", "must be a text");
    if (*out && text_length(*out, strlen(*out)) > LIMIT_APPROVAL_NOTE)
        return problem_add(p, ERR_INVALID, at, "too_long", "at most %d characters",
                           LIMIT_APPROVAL_NOTE);
    if (required && (!*out || !**out))
        return problem_add(p, ERR_INVALID, at, "required", "say why");
    return ERR_OK;
}

// Who keeps approvals helps a case on, but not their own.
static bool is_keeper(const struct approving *ap, const struct approval_case *c,
                      const struct record *r) {
    return access_has_permission(ap->access, ap->actor, "core.approvals") &&
           !step_never(c, r, ap->actor->id);
}

static bool is_submitter(const struct approving *ap, const struct approval_case *c) {
    for (const struct actor *who = ap->actor; who; who = who->behind)
        if (!strcmp(who->id, c->submitter)) return true;
    return false;
}

const char *approval_why_not(struct approving *ap, const struct approval_case *c,
                             const struct record *r, const struct actor *who) {
    if (c->closed_at || !c->decl) return "closed";
    if (case_paper_of(c, who->id) || step_signer(ap, c, r, who)) return NULL;
    if (step_never(c, r, who->id)) return "own_case";
    if (case_has_signed(c, who->id)) return "signed";
    for (int i = 0; i < c->step; i++)
        if (step_has(ap, &c->steps[i], who, true)) return "step_signed";
    return c->step >= c->nsteps ? "closed" : "not_your_step";
}

// Paper that its approver has not confirmed in time no longer counts.
static enum err lapse(struct approving *ap, struct approval_case *c, const struct record *r,
                      const char *denied_by, bool *lapsed) {
    enum err e = ERR_OK;
    *lapsed = false;
    for (int i = 0, n = c->nacts; i < n && !e && !c->closed_at; i++) {
        struct signature *g = &c->acts[i];
        bool paper = g->due_at && !g->confirmed_at && !g->void_at && !strcmp(g->kind, "sign");
        if (!paper || (denied_by ? strcmp(denied_by, g->person) != 0 : g->due_at > ap->now))
            continue;
        const char *person = g->person;
        int64_t key = g->step;
        e = case_void(ap, c, g);
        if (!e)
            e = case_log(ap, c,
                         &(struct signature){
                             .kind = denied_by ? "deny" : "lapse", .target = person, .step = key});
        if (!e) e = case_settle(ap, c, "confirm", person);
        for (int k = 0; k < c->nsteps; k++)
            if (c->steps[k].key == key) c->steps[k].ready = false;
        *lapsed = true;
    }
    if (!e && *lapsed) e = step_advance(ap, c, r);
    return e || !*lapsed ? e : case_event(ap, c, r, "lapsed");
}

enum err approval_lapse(struct approving *ap, struct approval_case *c, const struct record *r,
                        bool *lapsed) {
    *lapsed = false;
    return c->decl ? lapse(ap, c, r, NULL, lapsed) : ERR_OK;
}

enum err approval_overdue(struct db *db, int64_t now, int limit, const char ***ids, int *n,
                          struct problem *p) {
    struct people_list found = {0};
    struct stmt *st = db_query(db, p,
                               "SELECT approval FROM core_approval_act WHERE due_at>0 AND"
                               " due_at<=$1 AND confirmed_at=0 AND void_at=0 ORDER BY due_at"
                               " LIMIT $2",
                               "ii", now, (int64_t)limit);
    enum err e = ERR_OK;
    while (stmt_next(st, &e, p)) people_list_add(&found, stmt_text(st, 0, NULL), p->arena);
    *ids = found.ids, *n = found.n;
    return e;
}

static enum err open_one(struct approving *ap, const struct approval_decl *d,
                         const struct record *r, const char *submitter, struct approval_case **c) {
    enum err e = case_open(ap, d, r, submitter, c);
    return e ? e : step_advance(ap, *c, r);
}

static const char *outcome_of(const struct approval_decl *d, const char *verb) {
    if (d && !strcmp(d->transition->name, verb)) return "approved";
    if (d && d->back && !strcmp(d->back->name, verb)) return "returned";
    if (d && d->recall && !strcmp(d->recall->name, verb)) return "recalled";
    return verb;
}

enum err approval_entered(struct approving *ap, const struct record *r, int before,
                          const char *verb) {
    if (r->state == before) return ERR_OK;
    struct approval_case **list;
    int n = 0;
    enum err e = before >= 0 ? approval_list(ap, r, &list, &n) : ERR_OK;
    for (int i = 0; i < n && !e; i++) {
        struct approval_case *c = list[i];
        bool stays = c->decl && c->decl->transition->from >> r->state & 1;
        if (c->closed_at || stays) continue;
        e = case_close(ap, c, outcome_of(c->decl, verb));
        if (!e) e = case_event(ap, c, r, "closed");
    }
    for (const struct approval_decl **d = approval_all(ap->plans, r->entity); *d && !e; d++) {
        struct approval_case *c = NULL;
        if (!((*d)->transition->from >> r->state & 1)) continue;
        e = case_find(ap, *d, r->id, &c);
        if (!e && !c) e = open_one(ap, *d, r, ap->actor->id, &c);
    }
    return e;
}

// Whether a transition that is a case's way back or recall may be made, and its note.
static enum err way_out(struct approving *ap, struct approval_case *c, const struct record *r,
                        const struct transition *t, const json_t *said) {
    bool back = t == c->decl->back;
    const char *note;
    if (ap->actor->is_system) return ERR_OK; // a deadline that has passed
    enum err e = note_of(ap, said, back, "/approval/note", &note);
    if (e) return e;
    if (back) {
        const char *why = approval_why_not(ap, c, r, ap->actor);
        if (why && !is_keeper(ap, c, r)) return refuse(ap, ERR_FORBIDDEN, why);
    } else {
        if (!is_submitter(ap, c)) return refuse(ap, ERR_FORBIDDEN, "not_submitter");
        for (int i = 0; i < c->nsteps; i++)
            if (case_count(c, c->steps[i].key)) return refuse(ap, ERR_CONFLICT, "signed_on");
    }
    e = case_log(ap, c,
                 &(struct signature){
                     .kind = back ? "return" : "recall", .note = note, .target = "submitter"});
    return e ? e : case_event(ap, c, r, back ? "returned" : "recalled");
}

static enum err confirm(struct approving *ap, struct approval_case *c, const struct record *r,
                        struct signature *paper, const char *note) {
    struct store *s = ap->store;
    paper->confirmed_at = ap->now;
    enum err e = ERR_OK;
    if (!ap->dry)
        e = db_run(s->db, s->problem, NULL,
                   "UPDATE core_approval_act SET confirmed_at=$1 WHERE n=$2", "ii", ap->now,
                   paper->n);
    if (!e) e = case_settle(ap, c, "confirm", ap->actor->id);
    if (!e)
        e = case_log(ap, c,
                     &(struct signature){.kind = "confirm", .note = note, .step = paper->step});
    return e ? e : case_event(ap, c, r, "confirmed");
}

static enum err sign(struct approving *ap, struct approval_case *c, const struct record *r,
                     const char *note) {
    const struct actor *who = step_signer(ap, c, r, ap->actor);
    const char *why = who ? NULL : approval_why_not(ap, c, r, ap->actor);
    if (!who) return refuse(ap, !strcmp(why, "step_signed") ? ERR_CONFLICT : ERR_FORBIDDEN, why);
    enum err e =
        case_log(ap, c, &(struct signature){.kind = "sign", .person = who->id, .note = note});
    if (!e) e = case_settle(ap, c, "approval", who->id);
    if (!e) e = step_advance(ap, c, r);
    return e ? e : case_event(ap, c, r, "signed");
}

enum err approval_take(struct approving *ap, const struct record *r, const struct transition *t,
                       const json_t *said, bool *finishes, struct approval_case **out) {
    *finishes = true;
    *out = NULL;
    const struct approval_decl *d = NULL;
    struct approval_case *c = NULL;
    const char *note;
    bool lapsed;
    enum err e = ERR_OK;
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)said, key, v) if (strcmp(key, "note")) e = problem_add(
        ap->store->problem, ERR_INVALID, arena_printf(ap->store->arena, "/approval/%s", key),
        "unknown_field", "there is no such member");
    if (said && !json_is_object(said))
        e = problem_add(ap->store->problem, ERR_INVALID, "/approval", "type",
                        "write { \"note\": … }");
    for (const struct approval_decl **at = approval_all(ap->plans, r->entity); *at && !e; at++) {
        if ((*at)->transition == t) d = *at;
        if ((*at)->back != t && (*at)->recall != t) continue;
        e = case_find(ap, *at, r->id, &c);
        if (!e && c) e = lapse(ap, c, r, NULL, &lapsed);
        if (!e && c) e = way_out(ap, c, r, t, said);
    }
    if (e || !d || r->state < 0 || !(t->from >> r->state & 1)) return e;
    e = note_of(ap, said, false, "/approval/note", &note);
    if (!e) e = case_find(ap, d, r->id, &c);
    // a record that was in this state before anybody had to approve
    if (!e && !c) e = open_one(ap, d, r, r->updated_by, &c);
    if (!e) e = lapse(ap, c, r, NULL, &lapsed);
    if (e) return e;
    struct signature *paper = case_paper_of(c, ap->actor->id);
    e = paper ? confirm(ap, c, r, paper, note) : sign(ap, c, r, note);
    *finishes = c->step >= c->nsteps && case_is_confirmed(c);
    *out = c;
    return e;
}

// Verbs beside the transition

struct doing {
    struct approving *ap;
    struct approval_case *c;
    const struct record *r;
    const json_t *body;
    const struct actor *who; // for whom the actor could sign, or NULL
    const char *note;
};

static enum err only_signer(struct doing *d) {
    if (d->who || is_keeper(d->ap, d->c, d->r)) return ERR_OK;
    const char *why = approval_why_not(d->ap, d->c, d->r, d->ap->actor);
    return refuse(d->ap, ERR_FORBIDDEN, why ? why : "not_your_step");
}

static enum err person_of(struct doing *d, const char *key, const char **id) {
    const char *name = json_string_value(json_object_get(d->body, key));
    struct problem *p = d->ap->store->problem, quiet;
    problem_init(&quiet, p->arena);
    *id = "";
    if (name && !directory_find(d->ap->store->db, name, id, &quiet)) return ERR_OK;
    return problem_add(p, ERR_INVALID, arena_printf(p->arena, "/%s", key),
                       name ? "person_unknown" : "required", "name a person of this school");
}

// A person who could sign in this case.
static enum err signer_of(struct doing *d, const char *key, const char **id) {
    bool able = false;
    struct problem *p = d->ap->store->problem;
    enum err e = person_of(d, key, id);
    if (!e) e = step_able(d->ap, d->c, d->r, *id, &able);
    return e || able
               ? e
               : problem_add(p, ERR_INVALID, arena_printf(p->arena, "/%s", key), "cannot_sign",
                             "they may not sign this: it is their own case, they have signed "
                             "it, or access.yaml does not let them");
}

// Nobody is asked twice: they could sign only once.
static enum err not_asked(struct doing *d, const char *key, const char *id) {
    const struct approval_case *c = d->c;
    struct problem *p = d->ap->store->problem;
    for (int i = c->step; i < c->nsteps; i++)
        if (people_list_has(&c->steps[i].people, id))
            return problem_add(p, ERR_INVALID, arena_printf(p->arena, "/%s", key), "asked_already",
                               "a step asks them already");
    return ERR_OK;
}

static enum err back_to(struct doing *d) {
    struct approval_case *c = d->c;
    const json_t *to = json_object_get(d->body, "to");
    int64_t n = json_integer_value(to);
    enum err e = only_signer(d);
    if (!e) e = note_of(d->ap, d->body, true, "/note", &d->note);
    if (e) return e;
    if (n < 1 || n > c->step)
        return problem_add(d->ap->store->problem, ERR_INVALID, "/to", "step_unknown",
                           "\"submitter\" or the number of an earlier step");
    const char *target = arena_printf(d->ap->store->arena, "%lld", (long long)n);
    e = case_log(d->ap, c,
                 &(struct signature){.kind = "return", .note = d->note, .target = target});
    for (int k = (int)n - 1; k < c->nsteps && !e; k++) {
        struct step *s = &c->steps[k];
        for (int i = 0; i < c->nacts && !e; i++) {
            struct signature *g = &c->acts[i];
            if (g->void_at || g->step != s->key || strcmp(g->kind, "sign")) continue;
            e = case_void(d->ap, c, g);
            if (!e && g->due_at) e = case_settle(d->ap, c, "confirm", g->person);
        }
        s->ready = s->kind == STEP_PEOPLE, s->passed = s->climbed = false;
    }
    return e ? e : step_advance(d->ap, c, d->r);
}

static enum err transfer(struct doing *d) {
    struct approval_case *c = d->c;
    struct store *st = d->ap->store;
    const char *to;
    enum err e = c->step < c->nsteps ? only_signer(d) : refuse(d->ap, ERR_CONFLICT, "closed");
    if (!e) e = signer_of(d, "to", &to);
    if (!e) e = not_asked(d, "to", to);
    if (e) return e;
    struct step *s = &c->steps[c->step];
    if (d->who) people_list_add(&s->gone, d->who->id, st->arena);
    for (int i = 0; i < s->gone.n; i++) // whoever gets it back may sign again
        if (!strcmp(s->gone.ids[i], to)) s->gone.ids[i] = s->gone.ids[--s->gone.n];
    people_list_add(&s->people, to, st->arena);
    c->waiting = false;
    if (d->who) e = case_settle(d->ap, c, "approval", d->who->id);
    if (!e) e = case_settle(d->ap, c, "alert", NULL);
    if (!e)
        e = case_log(d->ap, c,
                     &(struct signature){.kind = "transfer",
                                         .person = d->who ? d->who->id : NULL,
                                         .note = d->note,
                                         .target = to});
    return e ? e : step_advance(d->ap, c, d->r);
}

static enum err add_signer(struct doing *d) {
    struct approval_case *c = d->c;
    const char *person, *where = json_string_value(json_object_get(d->body, "where"));
    bool before = where && !strcmp(where, "before");
    struct problem *p = d->ap->store->problem;
    enum err e = c->step < c->nsteps ? only_signer(d) : refuse(d->ap, ERR_CONFLICT, "closed");
    if (!e && !before && (!where || strcmp(where, "after")))
        e = problem_add(p, ERR_INVALID, "/where", "choice", "\"before\" or \"after\" this step");
    if (!e) e = signer_of(d, "person", &person);
    if (!e) e = not_asked(d, "person", person);
    if (!e && c->nsteps >= LIMIT_APPROVAL_STEPS)
        e = problem_add(p, ERR_INVALID, NULL, "too_many", "at most %d steps", LIMIT_APPROVAL_STEPS);
    if (!e)
        e = case_log(d->ap, c,
                     &(struct signature){.kind = "add", .note = d->note, .target = person});
    if (e) return e;
    int at = before ? c->step : c->step + 1;
    memmove(&c->steps[at + 1], &c->steps[at], sizeof *c->steps * (size_t)(c->nsteps - at));
    c->steps[at] = (struct step){.key = c->next_key++,
                                 .name = "added",
                                 .title = {"加签", "Added signer"},
                                 .kind = STEP_PEOPLE,
                                 .quorum = 1,
                                 .ready = true};
    people_list_add(&c->steps[at].people, person, d->ap->store->arena);
    c->nsteps++;
    // those of the step that waits now are told again when it is their turn
    if (before) e = case_settle(d->ap, c, "approval", NULL);
    return e ? e : step_advance(d->ap, c, d->r);
}

static enum err copy_to(struct doing *d) {
    struct approving *ap = d->ap;
    struct verdict v = {0};
    struct problem quiet;
    const char *to = "";
    bool part = d->who || is_submitter(ap, d->c) || is_keeper(ap, d->c, d->r) ||
                case_has_signed(d->c, ap->actor->id);
    enum err e = part ? person_of(d, "to", &to) : refuse(ap, ERR_FORBIDDEN, "not_your_step");
    if (e) return e;
    problem_init(&quiet, ap->store->arena);
    const struct actor *who =
        people_actor(ap->store->db, ap->access, to, ap->today, ap->store->arena, &quiet);
    if (who) access_decide(ap->access, who, d->r->entity, "read", d->r, &v);
    if (!v.allowed)
        return problem_add(ap->store->problem, ERR_INVALID, "/to", "cannot_read",
                           "they may not see the record");
    e = case_log(ap, d->c, &(struct signature){.kind = "copy", .note = d->note, .target = to});
    static const struct title title = {"抄送", "Copy"};
    return e ? e
             : case_todo(ap, d->c, "copy", arena_printf(ap->store->arena, "person:%s", to), &title,
                         0);
}

static enum err urge(struct doing *d) {
    struct approving *ap = d->ap;
    struct approval_case *c = d->c;
    int64_t next = c->urged_at + LIMIT_APPROVAL_URGE * INT64_C(1000);
    if (!is_submitter(ap, c) && !is_keeper(ap, c, d->r))
        return refuse(ap, ERR_FORBIDDEN, "not_submitter");
    if (next > ap->now) {
        ap->retry_s = (int)((next - ap->now + 999) / 1000);
        return problem_set(ap->store->problem, ERR_RATE, "urged less than four hours ago");
    }
    c->urged_at = ap->now;
    enum err e = todo_urge(ap->store->db, "approval", c->id, ap->now, ap->store->problem);
    if (!e) e = todo_urge(ap->store->db, "confirm", c->id, ap->now, ap->store->problem);
    if (!e) e = case_log(ap, c, &(struct signature){.kind = "urge", .note = d->note});
    return e ? e : case_save(ap, c);
}

// Somebody signed on paper; they confirm it themselves before the transition is made.
static enum err paper(struct doing *d) {
    struct approving *ap = d->ap;
    struct approval_case *c = d->c;
    struct problem *p = ap->store->problem, quiet;
    const char *person, *file = json_string_value(json_object_get(d->body, "file"));
    if (!access_has_permission(ap->access, ap->actor, "core.paper"))
        return problem_set(p, ERR_FORBIDDEN, "this takes the permission core.paper");
    if (!c->paper_days || c->step >= c->nsteps)
        return problem_set(p, ERR_CONFLICT, "no paper approval is recorded here");
    if (step_never(c, d->r, ap->actor->id)) return refuse(ap, ERR_FORBIDDEN, "own_case");
    enum err e = signer_of(d, "approver", &person);
    if (e) return e;
    problem_init(&quiet, ap->store->arena);
    const struct actor *who =
        people_actor(ap->store->db, ap->access, person, ap->today, ap->store->arena, &quiet);
    if (!who || !strcmp(person, ap->actor->id) || !step_has(ap, &c->steps[c->step], who, true))
        return problem_add(p, ERR_INVALID, "/approver", "cannot_sign",
                           "this step does not ask them, or it is you");
    if (file)
        e = file_attach_to(ap->store, d->r, file, "approval", "/file", ap->actor->id, ap->now);
    if (e) return e;
    int64_t due = ap->now + c->paper_days * DAY_MS;
    e = case_log(
        ap, c,
        &(struct signature){
            .kind = "sign", .person = person, .note = d->note, .file = file, .due_at = due});
    static const struct title title = {"确认纸质审批", "Confirm what was signed on paper"};
    if (!e)
        e = case_todo(ap, c, "confirm", arena_printf(ap->store->arena, "person:%s", person), &title,
                      due);
    return e ? e : step_advance(ap, c, d->r);
}

static enum err deny_paper(struct doing *d) {
    bool lapsed;
    if (!case_paper_of(d->c, d->ap->actor->id))
        return problem_set(d->ap->store->problem, ERR_CONFLICT, "no paper waits for you here");
    return lapse(d->ap, d->c, d->r, d->ap->actor->id, &lapsed);
}

// The steps as the policy in force has them; what was signed of a step that stays counts.
static enum err migrate(struct doing *d) {
    struct approving *ap = d->ap;
    struct approval_case *c = d->c;
    struct step steps[LIMIT_APPROVAL_STEPS + 1];
    if (!is_keeper(ap, c, d->r))
        return problem_set(ap->store->problem, ERR_FORBIDDEN,
                           "this takes the permission core.approvals");
    int n;
    const json_t *plan = plan_of(c->decl, ap->policy, ap->store->arena);
    enum err e = case_steps(ap, c->decl, plan, d->r, steps, &n);
    if (e) return e;
    e = case_log(ap, c, &(struct signature){.kind = "migrate", .note = d->note});
    for (int i = 0; i < n; i++) {
        struct step *s = &steps[i];
        s->key = c->next_key + i;
        for (int k = 0; k < c->nsteps; k++) {
            const struct step *old = &c->steps[k];
            if (old->kind != s->kind || strcmp(old->what ? old->what : "", s->what)) continue;
            s->key = old->key, s->people = old->people, s->gone = old->gone;
        }
    }
    for (int i = 0; i < c->nacts && !e; i++) {
        bool stays = c->acts[i].void_at || strcmp(c->acts[i].kind, "sign");
        for (int k = 0; k < n; k++) stays |= steps[k].key == c->acts[i].step;
        if (!stays) e = case_void(ap, c, &c->acts[i]);
    }
    if (!e) e = case_settle(ap, c, "approval", NULL);
    c->next_key += n, c->nsteps = n, c->waiting = false;
    memcpy(c->steps, steps, sizeof *steps * (size_t)n);
    c->policy = ap->policy ? ap->policy->id : 0, c->release = ap->release;
    c->paper_days = plan_paper_days(c->decl, plan);
    return e ? e : step_advance(ap, c, d->r);
}

static const struct {
    const char *verb, *event;
    enum err (*fn)(struct doing *d);
    const char *keys[5];
} VERBS[] = {
    {"return", "approval.returned", back_to, {"to", "note"}},
    {"transfer", "approval.transferred", transfer, {"to", "note"}},
    {"add", "approval.added", add_signer, {"person", "where", "note"}},
    {"copy", "approval.copied", copy_to, {"to", "note"}},
    {"urge", "approval.urged", urge, {"note"}},
    {"paper", "approval.paper", paper, {"approver", "note", "file"}},
    {"confirm", "approval.denied", deny_paper, {"accept", "note"}},
    {"migrate", "approval.migrated", migrate, {"note"}},
};

enum err approval_do(struct approving *ap, struct approval_case *c, const struct record *r,
                     const char *verb, const json_t *body, const char **event) {
    struct doing d = {.ap = ap, .c = c, .r = r, .body = body};
    size_t i = 0;
    bool lapsed;
    while (i < sizeof VERBS / sizeof *VERBS && strcmp(VERBS[i].verb, verb)) i++;
    if (i == sizeof VERBS / sizeof *VERBS)
        return problem_set(ap->store->problem, ERR_NOT_FOUND, NULL);
    const char *key;
    json_t *v;
    enum err e = ERR_OK;
    json_object_foreach((json_t *)body, key, v) {
        bool known = false;
        for (const char *const *k = VERBS[i].keys; *k; k++) known |= !strcmp(*k, key);
        if (!known)
            e = problem_add(ap->store->problem, ERR_INVALID,
                            arena_printf(ap->store->arena, "/%s", key), "unknown_field",
                            "there is no such member");
    }
    if (!e) e = note_of(ap, body, false, "/note", &d.note);
    if (!e && c->nacts >= LIMIT_APPROVAL_ACTS) // signing and the ways out stay open
        e = problem_add(ap->store->problem, ERR_INVALID, NULL, "too_many",
                        "at most %d things are done to one approval", LIMIT_APPROVAL_ACTS);
    if (!e && (c->closed_at || !c->decl)) e = refuse(ap, ERR_CONFLICT, "closed");
    if (!e) e = lapse(ap, c, r, NULL, &lapsed);
    if (e) return e;
    d.who = ap->allowed ? step_signer(ap, c, r, ap->actor) : NULL;
    *event = VERBS[i].event;
    return VERBS[i].fn(&d);
}
