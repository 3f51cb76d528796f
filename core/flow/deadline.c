// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Deadlines as they run. The steps of a row are a JSON list [[moment, kind, to], …] in the order of
// their moments; `step` counts those that are done, next_at is when the following one is due.
#include "campus/deadline.h"

#include <stdlib.h>
#include <string.h>
#include "campus/id.h"
#include "campus/json.h"
#include "campus/mem.h"
#include "campus/outbox.h"
#include "campus/todo.h"

#define NEVER INT64_MAX

// clang-format off
const char deadline_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_deadline(id TEXT PRIMARY KEY, entity TEXT NOT NULL, record TEXT NOT NULL,"
    " state TEXT, opened_at BIGINT NOT NULL, due_at BIGINT NOT NULL, policy BIGINT NOT NULL, owner TEXT NOT NULL,"
    " calendar TEXT NOT NULL, lapse BIGINT NOT NULL, steps TEXT NOT NULL, step BIGINT NOT NULL,"
    " next_at BIGINT NOT NULL, missed_at BIGINT NOT NULL, closed_at BIGINT NOT NULL){clustered};"
    "CREATE INDEX IF NOT EXISTS i_deadline_record ON core_deadline(record) WHERE closed_at=0;"
    "CREATE INDEX IF NOT EXISTS i_deadline_next ON core_deadline(next_at) WHERE closed_at=0;";
// clang-format on

enum err flow_tell(const struct flow *f, const char *word, const char *entity, const char *record,
                   int64_t rev, const char *state) {
    struct event ev = {.type = arena_printf(f->store->arena, "%s.%s", entity, word),
                       .entity = entity,
                       .record = record,
                       .actor = f->actor,
                       .request = f->request,
                       .rev = rev,
                       .at = f->now,
                       .release = f->release,
                       .state = state};
    return outbox_add(f->store->db, &ev, f->store->problem);
}

const char *flow_audience(struct arena *a, const char *spec, const struct entity *e,
                          const struct value *values) {
    for (const char *s = spec; *s; s += strcspn(s, ","), s += *s == ',') {
        const char *one = arena_strndup(a, s, strcspn(s, ","));
        if (strncmp(one, "field:", 6)) return one;
        const struct field *f = e && values ? entity_field(e, one + 6) : NULL;
        const struct value *v = f ? &values[f->index] : NULL;
        if (!v || v->kind != VALUE_TEXT || !v->n) continue;
        return arena_printf(a, "%s:%.*s", f->type == FIELD_PERSON ? "person" : "role", (int)v->n,
                            v->p);
    }
    return NULL;
}

static bool length(const struct flow *f, const struct term *t, const struct value *values,
                   struct duration *out) {
    const char *key = t->policy;
    *out = t->d;
    if (!key) return true;
    if (t->by) {
        const struct value *v = values ? &values[t->by->index] : NULL;
        if (!v || v->kind != VALUE_TEXT) return false;
        key = arena_printf(f->store->arena, "%s.%.*s", key, (int)v->n, v->p);
    }
    const char *text = f->policy ? policy_value(f->policy, key) : NULL;
    return text && duration_parse(text, out);
}

int64_t deadline_reckon(const struct flow *f, const struct deadline_decl *d,
                        const struct value *values) {
    struct duration by;
    if (d->within.field) {
        const struct value *v = &values[d->within.field->index];
        if (value_is_null(v)) return 0;
        if (v->kind == VALUE_INT) return v->i;
        return calendar_day_end(d->calendar, arena_strndup(f->store->arena, v->p, v->n));
    }
    return length(f, &d->within, values, &by) ? calendar_add(d->calendar, f->now, by) : 0;
}

struct moment {
    int64_t at;
    int order; // of those at the same time
    const char *kind, *to;
};
static int by_moment(const void *x, const void *y) {
    const struct moment *a = x, *b = y;
    return a->at != b->at ? (a->at < b->at ? -1 : 1) : a->order - b->order;
}

enum err deadline_open(const struct flow *f, const struct deadline_decl *d, int64_t due,
                       const struct deadline_subject *s) {
    struct moment *steps =
        arena_alloc(f->store->arena, sizeof *steps * (size_t)(d->nremind + d->nsteps + 1));
    struct duration by;
    int n = 0;
    for (int i = 0; i < d->nremind; i++) {
        if (!length(f, &d->remind[i], NULL, &by)) continue;
        int64_t at = calendar_before(d->calendar, due, by);
        if (at > f->now) steps[n++] = (struct moment){at, 0, "remind", ""};
    }
    steps[n++] = (struct moment){due, 1, "missed", ""};
    for (int i = 0; i < d->nsteps; i++)
        if (length(f, &d->steps[i].after, NULL, &by))
            steps[n++] = (struct moment){calendar_add(d->calendar, due, by), 2 + i, "escalate",
                                         d->steps[i].to};
    qsort(steps, (size_t)n, sizeof *steps, by_moment);
    struct buf b;
    buf_init(&b, f->store->arena);
    buf_putc(&b, '[');
    for (int i = 0; i < n; i++) {
        buf_printf(&b, "%s[%lld,\"%s\",", i ? "," : "", (long long)steps[i].at, steps[i].kind);
        json_cstr(&b, steps[i].to);
        buf_putc(&b, ']');
    }
    buf_putc(&b, ']');
    const char *owner = d->owner, *me = strstr(owner, "$actor");
    if (me)
        owner = arena_printf(f->store->arena, "%.*sperson:%s%s", (int)(me - owner), owner, f->actor,
                             me + strlen("$actor"));
    char *id = arena_alloc(f->store->arena, ID_LEN + 1);
    id_new(id);
    return db_send(f->store->db, f->store->problem,
                   "INSERT INTO core_deadline(id,entity,record,state,opened_at,due_at,policy,owner,"
                   "calendar,lapse,steps,step,next_at,missed_at,closed_at)"
                   " VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,0,$12,0,0)",
                   "ttttiiittisi", id, s->entity, s->record, s->state, f->now, due,
                   f->policy ? f->policy->id : (int64_t)0, owner, calendar_name(d->calendar),
                   (int64_t)(d->lapse != NULL), b.data, b.len, steps[0].at);
}

enum err deadline_close(const struct flow *f, const char *record) {
    enum err e = db_send(f->store->db, f->store->problem,
                         "UPDATE core_deadline SET closed_at=$1 WHERE record=$2 AND closed_at=0",
                         "it", f->now, record);
    return e ? e
             : todo_close(f->store->db, "deadline", record, NULL, f->actor, f->now,
                          f->store->problem);
}

enum err deadline_reset(const struct flow *f, const struct deadline_decl *d,
                        const struct deadline_subject *s, const struct value *values,
                        int64_t *due) {
    struct flow then = *f;
    enum err e = db_int(f->store->db, f->store->problem, &then.now, -1,
                        "SELECT opened_at FROM core_deadline WHERE record=$1 AND closed_at=0", "t",
                        s->record);
    if (then.now < 0 && d->within.field) then.now = f->now; // it had no date until now
    if (e || then.now < 0) return e;
    *due = deadline_reckon(&then, d, values);
    e = deadline_close(f, s->record);
    return e || !*due ? e : deadline_open(&then, d, *due, s);
}

enum err deadline_when(struct db *db, int64_t *at, struct problem *p) {
    return db_int(db, p, at, NEVER,
                  "SELECT next_at FROM core_deadline WHERE closed_at=0 ORDER BY next_at LIMIT 1",
                  "");
}

enum err deadline_next(const struct flow *f, struct deadline_row *out, bool *found) {
    struct arena *a = f->store->arena;
    struct stmt *st =
        db_query(f->store->db, f->store->problem,
                 "SELECT id,entity,record,state,owner,calendar,opened_at,due_at,step,lapse,steps"
                 " FROM core_deadline WHERE closed_at=0 AND next_at<=$1 ORDER BY next_at LIMIT 1",
                 "i", f->now);
    enum err e = ERR_OK;
    *found = stmt_next(st, &e, f->store->problem);
    if (!*found) return e;
    *out = (struct deadline_row){.step = (int)stmt_int(st, 8)};
    stmt_take(st, a, "ttttttii-?", &out->id, &out->entity, &out->record, &out->state, &out->owner,
              &out->calendar, &out->opened_at, &out->due_at, &out->may_lapse);
    size_t n;
    const char *text = stmt_text(st, 10, &n);
    json_t *steps;
    e = json_parse(a, text, n, &steps, f->store->problem);
    stmt_reset(st);
    if (e) return e;
    const json_t *one = json_array_get(steps, (size_t)out->step);
    const json_t *then = json_array_get(steps, (size_t)out->step + 1);
    const char *kind = json_string_value(json_array_get(one, 1));
    out->kind = kind ? kind : "none";
    out->to = json_string_value(json_array_get(one, 2));
    out->next_at = then ? json_integer_value(json_array_get(then, 0)) : NEVER;
    return ERR_OK;
}

// Audiences of to-dos.
struct audiences {
    const char *at[16];
    int n;
};

static void add(struct audiences *au, const char *who) {
    if (au->n < 16 && who) au->at[au->n++] = who;
}

// One text of one row, or NULL; only of people who may still sign in.
static const char *person_of(const struct flow *f, const char *sql, const char *arg) {
    struct stmt *st = db_query(f->store->db, f->store->problem, sql, "t", arg);
    if (stmt_first(st, f->store->problem)) return NULL;
    const char *id = arena_strdup(f->store->arena, stmt_text(st, 0, NULL));
    stmt_reset(st);
    return id;
}

static void audience(const struct flow *f, const struct deadline_row *r, const struct entity *e,
                     const struct value *values, struct audiences *au) {
    struct arena *a = f->store->arena;
    const char *owner = flow_audience(a, r->owner, e, values);
    if (strcmp(r->kind, "escalate"))
        add(au, owner);
    else if (!strncmp(r->to, "role:", 5))
        add(au, r->to);
    else if (!strcmp(r->to, "supervisor")) {
        const char *boss =
            owner && !strncmp(owner, "person:", 7)
                ? person_of(f, "SELECT supervisor FROM core_people WHERE id=$1", owner + 7)
                : NULL;
        if (boss) add(au, arena_printf(a, "person:%s", boss));
    } else {
        const struct calendar *c = calendar_for(f->calendars, r->calendar);
        for (const char *const *name = calendar_duty(c, f->now); *name; name++) {
            const char *id =
                person_of(f, "SELECT id FROM core_people WHERE name=$1 AND disabled_at=0", *name);
            if (id) add(au, arena_printf(a, "person:%s", id));
        }
        if (!au->n) add(au, owner);
    }
}

enum err deadline_step(const struct flow *f, const struct deadline_row *r,
                       const struct deadline_subject *s, const struct entity *e,
                       const struct value *values, bool *told) {
    struct arena *a = f->store->arena;
    int64_t n;
    *told = false;
    bool missed = !strcmp(r->kind, "missed"), remind = !strcmp(r->kind, "remind");
    enum err err = db_run(f->store->db, f->store->problem, &n,
                          "UPDATE core_deadline SET step=$1, next_at=$2,"
                          " missed_at=CASE WHEN $3=1 THEN $4 ELSE missed_at END"
                          " WHERE id=$5 AND step=$6 AND closed_at=0",
                          "iiiiti", (int64_t)r->step + 1, r->next_at, (int64_t)missed, f->now,
                          r->id, (int64_t)r->step);
    if (err) return err;
    if (n != 1) return ERR_CONFLICT;
    if (remind && f->now >= r->due_at) return ERR_OK; // nobody was there to remind in time
    *told = true;
    struct audiences au = {.n = 0};
    audience(f, r, e, values, &au);
    for (int i = 0; i < au.n && !err; i++) {
        struct todo t = {.kind = e ? "deadline" : "obligation",
                         .entity = e ? r->entity : "",
                         .record = e ? r->record : "",
                         .ref = r->record,
                         .audience = au.at[i],
                         .title = {arena_printf(a, remind ? "将到期：%s" : "已逾期：%s",
                                                title_in(s->title, LANG_ZH, r->entity)),
                                   arena_printf(a, remind ? "Due soon: %s" : "Overdue: %s",
                                                title_in(s->title, LANG_EN, r->entity))},
                         .due_at = r->due_at,
                         .created_at = f->now};
        err = todo_open(f->store->db, &t, f->store->problem);
    }
    const char *type = remind   ? "deadline.reminded"
                       : missed ? "deadline.missed"
                                : "deadline.escalated";
    return err ? err : flow_tell(f, type, r->entity, r->record, s->rev, s->state);
}

enum err deadline_postpone(const struct flow *f, const struct deadline_row *r) {
    return db_send(f->store->db, f->store->problem,
                   "UPDATE core_deadline SET next_at=$1 WHERE id=$2", "it", f->now + DEADLINE_LATER,
                   r->id);
}

enum err deadline_json(struct db *db, const char *record, struct buf *out, struct problem *p) {
    struct stmt *st = db_query(db, p,
                               "SELECT calendar,policy,step,steps FROM core_deadline"
                               " WHERE record=$1 ORDER BY opened_at DESC, id DESC LIMIT 1",
                               "t", record);
    json_t *steps = NULL;
    enum err e = stmt_first(st, p);
    if (e == ERR_NOT_FOUND) buf_puts(out, "null");
    if (e) return e == ERR_NOT_FOUND ? ERR_OK : e;
    const char *calendar = arena_strdup(p->arena, stmt_text(st, 0, NULL));
    int64_t policy = stmt_int(st, 1), done = stmt_int(st, 2);
    size_t n;
    const char *text = stmt_text(st, 3, &n);
    e = json_parse(p->arena, text, n, &steps, p);
    stmt_reset(st);
    if (e) return e;
    buf_puts(out, "{\"calendar\":"), json_cstr(out, calendar);
    json_kv_int(out, "policy", policy);
    json_key(out, "steps"), buf_putc(out, '[');
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *one = json_array_get(steps, i);
        const char *to = json_string_value(json_array_get(one, 2));
        json_sep(out), buf_putc(out, '{');
        json_kv_time(out, "at", json_integer_value(json_array_get(one, 0)));
        json_kv_str(out, "kind", json_string_value(json_array_get(one, 1)));
        if (to && *to) json_kv_str(out, "to", to);
        json_kv_bool(out, "done", (int64_t)i < done);
        buf_putc(out, '}');
    }
    buf_puts(out, "]}");
    return ERR_OK;
}
