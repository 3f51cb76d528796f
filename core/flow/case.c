// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Cases of approvals as rows: what is pinned, and what has happened, which is only ever added to.
#include <string.h>
#include "campus/id.h"
#include "campus/json.h"
#include "campus/outbox.h"
#include "campus/reserve.h"
#include "campus/todo.h"
#include "flow/approval_internal.h"

// clang-format off
const char approval_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_approval(id TEXT PRIMARY KEY, entity TEXT NOT NULL, record TEXT NOT NULL,"
    " transition TEXT NOT NULL, round BIGINT NOT NULL, opened_at BIGINT NOT NULL, closed_at BIGINT NOT NULL,"
    " submitter TEXT NOT NULL, release BIGINT NOT NULL, policy BIGINT NOT NULL, paper_days BIGINT NOT NULL,"
    " steps TEXT NOT NULL, step BIGINT NOT NULL, next_key BIGINT NOT NULL, waiting BIGINT NOT NULL,"
    " urged_at BIGINT NOT NULL, outcome TEXT NOT NULL){clustered};"
    "CREATE UNIQUE INDEX IF NOT EXISTS u_approval_open ON core_approval(record, transition) WHERE closed_at=0;"
    "CREATE INDEX IF NOT EXISTS i_approval_record ON core_approval(record);"
    "CREATE TABLE IF NOT EXISTS core_approval_act(n {serial}, approval TEXT NOT NULL, at BIGINT NOT NULL,"
    " step BIGINT NOT NULL, kind TEXT NOT NULL, person TEXT NOT NULL, hands TEXT NOT NULL, note TEXT,"
    " target TEXT, file TEXT, due_at BIGINT NOT NULL, confirmed_at BIGINT NOT NULL, void_at BIGINT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS i_approval_act ON core_approval_act(approval);"
    "CREATE INDEX IF NOT EXISTS i_approval_paper ON core_approval_act(due_at)"
    " WHERE due_at>0 AND confirmed_at=0 AND void_at=0;"
    "CREATE TABLE IF NOT EXISTS core_phrase(person TEXT PRIMARY KEY, items TEXT NOT NULL){clustered};";
// clang-format on

#define COLUMNS                                                                                    \
    "SELECT id,entity,record,transition,submitter,outcome,round,opened_at,closed_at,release,"      \
    "policy,paper_days,step,next_key,waiting,urged_at,steps FROM core_approval "

static enum err read_case(struct store *s, struct stmt *st, struct approval_case **out) {
    struct arena *a = s->arena;
    struct approval_case *c = *out = arena_alloc(a, sizeof *c);
    const char *steps;
    int64_t step;
    json_t *list;
    stmt_take(st, a, "ttttttiiiiiiii?it", &c->id, &c->entity, &c->record, &c->transition,
              &c->submitter, &c->outcome, &c->round, &c->opened_at, &c->closed_at, &c->release,
              &c->policy, &c->paper_days, &step, &c->next_key, &c->waiting, &c->urged_at, &steps);
    enum err e = json_parse(a, steps, strlen(steps), &list, s->problem);
    if (e) return e;
    c->steps = arena_alloc(a, sizeof *c->steps * (LIMIT_APPROVAL_STEPS + 1));
    c->nsteps = steps_parse(a, list, c->steps);
    c->step = (int)step;
    return ERR_OK;
}

static struct signature *new_act(struct approval_case *c, struct arena *a) {
    if (c->nacts == c->cap) {
        struct signature *more = arena_alloc(a, sizeof *more * (size_t)(2 * c->cap + 16));
        if (c->nacts) memcpy(more, c->acts, sizeof *more * (size_t)c->nacts);
        c->acts = more;
        c->cap = 2 * c->cap + 16;
    }
    return &c->acts[c->nacts++];
}

static enum err read_acts(struct store *s, struct approval_case *c) {
    struct stmt *st = db_query(s->db, s->problem,
                               "SELECT kind,person,hands,note,target,file,n,at,step,due_at,"
                               "confirmed_at,void_at FROM core_approval_act WHERE approval=$1"
                               " ORDER BY n",
                               "t", c->id);
    enum err e = ERR_OK;
    while (stmt_next(st, &e, s->problem)) {
        struct signature *g = new_act(c, s->arena);
        stmt_take(st, s->arena, "ttttttiiiiii", &g->kind, &g->person, &g->hands, &g->note,
                  &g->target, &g->file, &g->n, &g->at, &g->step, &g->due_at, &g->confirmed_at,
                  &g->void_at);
    }
    return e;
}

// One case out of a query, with what happened to it; *out NULL when there is none.
static enum err one_case(struct store *s, struct stmt *st, struct approval_case **out) {
    enum err e = ERR_OK;
    *out = NULL;
    if (!stmt_next(st, &e, s->problem)) return e;
    e = read_case(s, st, out);
    stmt_reset(st);
    return e ? e : read_acts(s, *out);
}

enum err case_find(struct approving *ap, const struct approval_decl *d, const char *record,
                   struct approval_case **out) {
    struct store *s = ap->store;
    enum err e = one_case(s,
                          db_query(s->db, s->problem,
                                   COLUMNS "WHERE record=$1 AND transition=$2 AND closed_at=0",
                                   "tt", record, d->transition->name),
                          out);
    if (*out) (*out)->decl = d;
    return e;
}

static void declared(struct approving *ap, const struct entity *e, struct approval_case *c) {
    const struct transition *t = e ? entity_transition(e, c->transition) : NULL;
    if (t && t->approvals) c->decl = approval_of(ap->plans, e, t);
}

enum err approval_get(struct approving *ap, const struct schema *schema, const char *id,
                      struct approval_case **out) {
    struct store *s = ap->store;
    enum err e = one_case(s, db_query(s->db, s->problem, COLUMNS "WHERE id=$1", "t", id), out);
    if (!e && !*out) return problem_set(s->problem, ERR_NOT_FOUND, NULL);
    if (!e) declared(ap, schema_entity_full(schema, (*out)->entity, strlen((*out)->entity)), *out);
    return e;
}

enum err approval_list(struct approving *ap, const struct record *r, struct approval_case ***out,
                       int *n) {
    enum { MAX = 100 };
    struct store *s = ap->store;
    struct stmt *st =
        db_query(s->db, s->problem,
                 COLUMNS "WHERE record=$1 ORDER BY opened_at DESC,id DESC LIMIT 100", "t", r->id);
    enum err e = st ? ERR_OK : s->problem->code;
    *out = arena_alloc(s->arena, sizeof **out * MAX);
    *n = 0;
    while (stmt_next(st, &e, s->problem)) {
        e = read_case(s, st, &(*out)[*n]);
        declared(ap, r->entity, (*out)[(*n)++]);
    }
    for (int i = 0; i < *n && !e; i++) e = read_acts(s, (*out)[i]);
    return e;
}

enum err approval_is_open(struct db *db, const char *record, bool *open, struct problem *p) {
    int64_t n = 0;
    enum err e =
        db_int(db, p, &n, 0, "SELECT 1 FROM core_approval WHERE record=$1 AND closed_at=0 LIMIT 1",
               "t", record);
    *open = n != 0;
    return e;
}

const char *approval_case_entity(const struct approval_case *c) {
    return c->entity;
}
const char *approval_case_record(const struct approval_case *c) {
    return c->record;
}
int approval_step(const struct approval_case *c) {
    return c->closed_at || c->step >= c->nsteps ? 0 : c->step + 1;
}
const struct transition *approval_case_transition(const struct approval_case *c) {
    return c->decl ? c->decl->transition : NULL;
}

enum err case_steps(struct approving *ap, const struct approval_decl *d, const json_t *plan,
                    const struct record *r, struct step *steps, int *n) {
    struct store *s = ap->store;
    struct step_reader reader = {.arena = s->arena, .decl = d, .access = ap->access};
    const char *roles[RESERVE_ASKS];
    int asked = 0;
    *n = plan_steps(&reader, plan, r, steps);
    if (!*n) return problem_set(s->problem, ERR_CONFLICT, "no policy in force says who approves");
    enum err e = r->entity->holds ? reserve_asks(s, r->id, roles, &asked) : ERR_OK;
    for (int i = 0; i < asked && !e; i++) {
        bool has = false;
        for (int k = 0; k < *n; k++)
            has |= steps[k].kind == STEP_ROLE && !strcmp(steps[k].what, roles[i]);
        if (has) continue;
        if (*n == LIMIT_APPROVAL_STEPS)
            return problem_add(s->problem, ERR_CONFLICT, NULL, "too_many", "at most %d steps",
                               LIMIT_APPROVAL_STEPS);
        steps[*n] = steps[*n - 1]; // the last one stays the last
        steps[*n - 1] = (struct step){.key = *n + 1,
                                      .name = "exceeded",
                                      .title = {"超出额度会签", "Beyond what is left"},
                                      .kind = STEP_ROLE,
                                      .what = roles[i],
                                      .quorum = 1};
        ++*n;
    }
    return e;
}

enum err case_open(struct approving *ap, const struct approval_decl *d, const struct record *r,
                   const char *submitter, struct approval_case **out) {
    struct store *s = ap->store;
    struct approval_case *c = *out = arena_alloc(s->arena, sizeof *c);
    char *id = arena_alloc(s->arena, ID_LEN + 1);
    id_new(id);
    *c = (struct approval_case){.id = id,
                                .entity = r->entity->full,
                                .record = r->id,
                                .transition = d->transition->name,
                                .submitter = submitter,
                                .outcome = "",
                                .opened_at = ap->now,
                                .release = ap->release,
                                .policy = ap->policy ? ap->policy->id : 0,
                                .decl = d};
    c->steps = arena_alloc(s->arena, sizeof *c->steps * (LIMIT_APPROVAL_STEPS + 1));
    const json_t *plan = plan_of(d, ap->policy, s->arena);
    c->paper_days = plan_paper_days(d, plan);
    enum err e = case_steps(ap, d, plan, r, c->steps, &c->nsteps);
    if (e) return e;
    c->next_key = c->nsteps + 1;
    e = db_int(s->db, s->problem, &c->round, 0,
               "SELECT max(round) FROM core_approval WHERE record=$1 AND transition=$2", "tt",
               r->id, c->transition);
    c->round++;
    struct buf b;
    buf_init(&b, s->arena);
    steps_write(c->steps, c->nsteps, &b);
    if (!e && !ap->dry)
        e = db_run(s->db, s->problem, NULL,
                   "INSERT INTO core_approval(id,entity,record,transition,round,opened_at,"
                   "closed_at,submitter,release,policy,paper_days,steps,step,next_key,waiting,"
                   "urged_at,outcome)"
                   " VALUES($1,$2,$3,$4,$5,$6,0,$7,$8,$9,$10,$11,0,$12,0,0,'')",
                   "ttttiitiiisi", c->id, c->entity, c->record, c->transition, c->round,
                   c->opened_at, c->submitter, c->release, c->policy, c->paper_days, b.data, b.len,
                   c->next_key);
    return e ? e : case_event(ap, c, r, "opened");
}

enum err case_save(struct approving *ap, const struct approval_case *c) {
    struct store *s = ap->store;
    struct buf b;
    buf_init(&b, s->arena);
    if (ap->dry) return ERR_OK;
    steps_write(c->steps, c->nsteps, &b);
    return db_run(s->db, s->problem, NULL,
                  "UPDATE core_approval SET steps=$1,step=$2,next_key=$3,waiting=$4,urged_at=$5,"
                  "policy=$6,release=$7,paper_days=$8 WHERE id=$9",
                  "siiiiiiit", b.data, b.len, (int64_t)c->step, c->next_key, (int64_t)c->waiting,
                  c->urged_at, c->policy, c->release, c->paper_days, c->id);
}

enum err case_settle(struct approving *ap, const struct approval_case *c, const char *kind,
                     const char *person) {
    struct store *s = ap->store;
    if (ap->dry) return ERR_OK;
    return todo_close(s->db, kind, c->id,
                      person ? arena_printf(s->arena, "person:%s", person) : NULL, ap->actor->id,
                      ap->now, s->problem);
}

enum err case_close(struct approving *ap, struct approval_case *c, const char *outcome) {
    struct store *s = ap->store;
    c->closed_at = ap->now, c->outcome = outcome;
    if (ap->dry) return ERR_OK;
    enum err e = db_run(s->db, s->problem, NULL,
                        "UPDATE core_approval SET closed_at=$1,outcome=$2 WHERE id=$3", "itt",
                        ap->now, outcome, c->id);
    if (!e) e = case_settle(ap, c, "approval", NULL);
    if (!e) e = case_settle(ap, c, "confirm", NULL);
    return e ? e : case_settle(ap, c, "alert", NULL);
}

enum err case_log(struct approving *ap, struct approval_case *c, const struct signature *act) {
    struct store *s = ap->store;
    struct signature *g = new_act(c, s->arena);
    *g = *act;
    g->at = ap->now;
    if (!g->hands) g->hands = ap->actor->id;
    if (!g->person) g->person = g->hands;
    if (!g->step && c->step < c->nsteps) g->step = c->steps[c->step].key;
    if (ap->dry) return ERR_OK;
    return db_run(s->db, s->problem, NULL,
                  "INSERT INTO core_approval_act(approval,at,step,kind,person,hands,note,target,"
                  "file,due_at,confirmed_at,void_at) VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,0,0)",
                  "tiitttttti", c->id, g->at, g->step, g->kind, g->person, g->hands, g->note,
                  g->target, g->file, g->due_at);
}

// A signature that no longer counts stays to be read.
enum err case_void(struct approving *ap, struct approval_case *c, struct signature *g) {
    g->void_at = ap->now;
    if (ap->dry) return ERR_OK;
    // its row may be of this very act, whose number nobody knows
    return db_run(ap->store->db, ap->store->problem, NULL,
                  "UPDATE core_approval_act SET void_at=$1 WHERE approval=$2 AND kind='sign'"
                  " AND step=$3 AND person=$4 AND void_at=0",
                  "itit", ap->now, c->id, g->step, g->person);
}

enum err case_event(struct approving *ap, const struct approval_case *c, const struct record *r,
                    const char *what) {
    if (ap->dry) return ERR_OK;
    struct event ev = {.type = arena_printf(ap->store->arena, "%s.approval.%s", c->entity, what),
                       .entity = c->entity,
                       .record = c->record,
                       .actor = ap->actor->id,
                       .request = ap->request,
                       .rev = r->rev,
                       .at = ap->now,
                       .release = ap->release,
                       .state = r->state >= 0 ? r->entity->workflow->states[r->state].name : NULL};
    return outbox_add(ap->store->db, &ev, ap->store->problem);
}

// Says it once for all cases that are alike.
static void stuck(struct problem *p, const struct approval_case *c, const char *role) {
    const char *where = arena_printf(p->arena, "%s/%s", c->entity, c->transition);
    const char *word = role ? "role_in_use" : "approvals_open";
    for (const struct problem_item *it = p->first; it; it = it->next)
        if (!strcmp(it->word, word) && !strcmp(it->pointer, where)) return;
    if (role)
        problem_add(p, ERR_CONFLICT, where, word,
                    "open approvals ask the role %s, which is gone: change the steps first, move "
                    "these cases to them (migrate), then drop the role",
                    role);
    else
        problem_add(p, ERR_CONFLICT, where, word,
                    "approvals are open, and the transition or its approvals are gone");
}

enum err approval_check_open(struct db *db, const struct schema *schema, const struct access *x,
                             struct problem *p) {
    struct store s = {.db = db, .arena = arena_new(4 << 20), .problem = p};
    struct stmt *st = s.arena ? db_query(db, p, COLUMNS "WHERE closed_at=0", "") : NULL;
    enum err e = st ? ERR_OK : s.arena ? p->code : ERR_NOMEM;
    while (stmt_next(st, &e, p)) {
        struct approval_case *c;
        arena_reset(s.arena);
        e = read_case(&s, st, &c);
        if (e) break;
        const struct entity *en = schema_entity_full(schema, c->entity, strlen(c->entity));
        const struct transition *t = en ? entity_transition(en, c->transition) : NULL;
        if (!t || !t->approvals) stuck(p, c, NULL);
        for (int i = c->step; t && i < c->nsteps; i++)
            if (c->steps[i].kind == STEP_ROLE && access_role(x, c->steps[i].what) < 0)
                stuck(p, c, c->steps[i].what);
    }
    stmt_reset(st);
    arena_free(s.arena);
    return e ? e : p->first ? ERR_CONFLICT : ERR_OK;
}

enum err approval_erase(struct db *db, const char *record, struct problem *p) {
    return db_run(db, p, NULL,
                  "UPDATE core_approval_act SET note=NULL,file=NULL WHERE approval IN"
                  " (SELECT id FROM core_approval WHERE record=$1)",
                  "t", record);
}

static const char *joined(struct arena *a, const char *x, const char *y) {
    return x && y ? arena_printf(a, "%s · %s", x, y) : x ? x : y;
}

enum err case_todo(struct approving *ap, const struct approval_case *c, const char *kind,
                   const char *audience, const struct title *step, int64_t due) {
    struct arena *a = ap->store->arena;
    const struct title none = {0}, *t = c->decl ? &c->decl->transition->title : &none;
    if (ap->dry) return ERR_OK;
    struct todo todo = {
        .kind = kind,
        .entity = c->entity,
        .record = c->record,
        .ref = c->id,
        .audience = audience,
        .title = {joined(a, title_in(t, LANG_ZH, c->transition), step ? step->zh : NULL),
                  joined(a, title_in(t, LANG_EN, c->transition), step ? step->en : NULL)},
        .due_at = due,
        .created_at = ap->now};
    return todo_open(ap->store->db, &todo, ap->store->problem);
}

static bool counts(const struct signature *g) {
    return !g->void_at && !strcmp(g->kind, "sign");
}

bool case_has_signed(const struct approval_case *c, const char *person) {
    for (int i = 0; i < c->nacts; i++)
        if (counts(&c->acts[i]) && (!strcmp(c->acts[i].person, person) ||
                                    (!c->acts[i].due_at && !strcmp(c->acts[i].hands, person))))
            return true;
    return false;
}

int case_count(const struct approval_case *c, int64_t key) {
    int n = 0;
    for (int i = 0; i < c->nacts; i++) n += counts(&c->acts[i]) && c->acts[i].step == key;
    return n;
}

struct signature *case_paper_of(const struct approval_case *c, const char *person) {
    for (int i = 0; i < c->nacts; i++) {
        struct signature *g = &c->acts[i];
        if (counts(g) && g->due_at && !g->confirmed_at && !strcmp(g->person, person)) return g;
    }
    return NULL;
}

bool case_is_confirmed(const struct approval_case *c) {
    for (int i = 0; i < c->nacts; i++)
        if (counts(&c->acts[i]) && c->acts[i].due_at && !c->acts[i].confirmed_at) return false;
    return true;
}
