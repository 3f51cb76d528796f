// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Obligations as rows. A mark keeps the moment up to which every period was opened: what began
// while nobody was there is opened afterwards, once.
#include "campus/obligation.h"

#include <string.h>
#include "campus/id.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "campus/todo.h"

enum { AT_ONCE = 400 }; // periods of one obligation that are made up for at a time

// clang-format off
const char obligation_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_obligation(id TEXT PRIMARY KEY, name TEXT NOT NULL, period TEXT NOT NULL,"
    " title_zh TEXT, title_en TEXT, owner TEXT NOT NULL, evidence TEXT NOT NULL, entity TEXT NOT NULL,"
    " opened_at BIGINT NOT NULL, due_at BIGINT NOT NULL, closed_at BIGINT NOT NULL, closed_by TEXT,"
    " note TEXT, file TEXT, record TEXT, UNIQUE(name, period)){clustered};"
    "CREATE INDEX IF NOT EXISTS i_obligation_due ON core_obligation(due_at) WHERE closed_at=0;"
    "CREATE INDEX IF NOT EXISTS i_obligation_closed ON core_obligation(closed_at) WHERE closed_at>0;"
    "CREATE TABLE IF NOT EXISTS core_obligation_mark(name TEXT PRIMARY KEY, at BIGINT NOT NULL){clustered};";
// clang-format on

// What a period is called: the local date, and for a cron the time, at which it began.
static const char *label(struct arena *a, const struct tz *tz, int64_t at, bool with_time) {
    char date[11];
    tz_date(tz, at, date);
    int64_t s = at / 1000 + tz_offset_s(tz, at);
    int minute = (int)((s % 86400 + 86400) % 86400 / 60);
    return with_time ? arena_printf(a, "%sT%02d:%02d", date, minute / 60, minute % 60)
                     : arena_strdup(a, date);
}

static enum err open_one(const struct flow *f, const struct obligation_decl *o, const char *period,
                         int64_t began) {
    struct db *db = f->store->db;
    struct problem *p = f->store->problem;
    struct flow then = *f; // reckoned from when it began, though it may be opened late
    then.now = began;
    int64_t due = deadline_reckon(&then, &o->clock, NULL), n;
    char *id = arena_alloc(f->store->arena, ID_LEN + 1);
    id_new(id);
    enum err e = db_run(db, p, &n,
                        "INSERT INTO core_obligation(id,name,period,title_zh,title_en,owner,"
                        "evidence,entity,opened_at,due_at,closed_at)"
                        " VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,0)"
                        " ON CONFLICT(name,period) DO NOTHING",
                        "ttttttttii", id, o->full, period, o->title.zh, o->title.en, o->clock.owner,
                        o->evidence, o->records ? o->records->full : "", began, due);
    if (e || !n) return e;
    struct deadline_subject s = {OBLIGATIONS, id, NULL, 1, &o->title};
    e = deadline_open(&then, &o->clock, due, &s);
    struct todo t = {.kind = "obligation",
                     .entity = "", // the inbox knows it by its kind and ref
                     .record = "",
                     .ref = id,
                     .audience = o->clock.owner,
                     .title = o->title,
                     .due_at = due,
                     .created_at = f->now};
    if (!e) e = todo_open(db, &t, p);
    return e ? e : flow_tell(f, "opened", OBLIGATIONS, id, 1, "open");
}

// How the policy in force says it, where it is left to the policy.
static enum err period_of(const struct flow *f, const struct obligation_decl *o,
                          struct cycle *out) {
    const char *text = o->period, *v;
    if (o->period_key) {
        v = f->policy ? policy_value(f->policy, o->period_key) : NULL;
        if (!v || *v != '"') return ERR_NOT_FOUND;
        text = arena_strndup(f->store->arena, v + 1, strlen(v) - 2);
    }
    return cycle_parse(text, out, f->store->problem);
}

enum err obligation_open(const struct flow *f, const struct obligation_decl *o,
                         const struct tz *tz) {
    struct db *db = f->store->db;
    struct problem *p = f->store->problem;
    struct cycle per;
    int64_t mark;
    enum err e = period_of(f, o, &per);
    if (e == ERR_NOT_FOUND) return ERR_OK; // no policy is in force yet
    if (!e)
        e = db_int(db, p, &mark, -1, "SELECT at FROM core_obligation_mark WHERE name=$1", "t",
                   o->full);
    if (e) return e;
    int64_t at = mark < 0 ? f->now : mark, last = at;
    for (int i = 0; i < AT_ONCE && !e; i++) {
        at = per.termly ? calendar_next_term(o->clock.calendar, at) : cron_next(&per.cron, tz, at);
        if (at < 0 || at > f->now) break;
        last = at;
        bool timed = o->period_key || !strncmp(o->period, "cron ", 5);
        e = open_one(f, o, label(f->store->arena, tz, at, timed), at);
    }
    if (e || (mark >= 0 && last == mark)) return e;
    return db_run(db, p, NULL,
                  "INSERT INTO core_obligation_mark(name,at) VALUES($1,$2)"
                  " ON CONFLICT(name) DO UPDATE SET at=excluded.at",
                  "ti", o->full, last);
}

#define COLUMNS                                                                                    \
    "id,name,period,title_zh,title_en,owner,evidence,entity,closed_by,note,file,record,opened_at," \
    "due_at,closed_at"
static void read_row(struct stmt *st, struct arena *a, struct obligation *o) {
    stmt_take(st, a, "ttttttttttttiii", &o->id, &o->name, &o->period, &o->title.zh, &o->title.en,
              &o->owner, &o->evidence, &o->entity, &o->closed_by, &o->note, &o->file, &o->record,
              &o->opened_at, &o->due_at, &o->closed_at);
}

enum err obligation_get(struct db *db, const char *id, struct obligation *out, struct problem *p) {
    struct stmt *st =
        db_query(db, p, "SELECT " COLUMNS " FROM core_obligation WHERE id=$1", "t", id);
    enum err e = stmt_first(st, p);
    if (e) return e;
    read_row(st, p->arena, out);
    stmt_reset(st);
    return ERR_OK;
}

enum err obligation_find(struct db *db, bool closed, const char **owners, int nowners, int limit,
                         struct obligation **out, int *n, struct problem *p) {
    struct buf q;
    int slots = 8; // few shapes of the statement, so that it stays prepared
    while (slots < nowners) slots *= 2;
    buf_init(&q, p->arena);
    buf_printf(&q, "SELECT " COLUMNS " FROM core_obligation WHERE closed_at%s0",
               closed ? ">" : "=");
    int last = owners ? slots + 1 : 1;
    for (int i = 1; i < last; i++)
        buf_printf(&q, "%s$%d%s", i > 1 ? "," : " AND owner IN (", i, i + 1 < last ? "" : ")");
    buf_printf(&q, " ORDER BY %s LIMIT $%d", closed ? "closed_at DESC" : "due_at", last);
    struct stmt *st = db_prepare(db, p, buf_str(&q));
    if (!st) return p->code;
    for (int i = 1; i <= last; i++) {
        struct value v =
            i == last ? value_int(limit) : value_text(i <= nowners ? owners[i - 1] : "");
        stmt_bind(st, i, &v);
    }
    *out = arena_alloc(p->arena, sizeof **out * (size_t)(limit + 1));
    *n = 0;
    enum err e = ERR_OK;
    while (stmt_next(st, &e, p)) read_row(st, p->arena, &(*out)[(*n)++]);
    return e;
}

enum err obligation_due(const struct flow *f, const struct deadline_row *row) {
    struct obligation o;
    enum err e = obligation_get(f->store->db, row->record, &o, f->store->problem);
    if (e == ERR_NOT_FOUND) return deadline_close(f, row->record);
    if (e) return e;
    struct deadline_subject s = {OBLIGATIONS, o.id, "open", 1, &o.title};
    bool told;
    return deadline_step(f, row, &s, NULL, NULL, &told);
}

enum err obligation_close(const struct flow *f, const struct obligation *o) {
    int64_t n;
    enum err e = db_run(f->store->db, f->store->problem, &n,
                        "UPDATE core_obligation SET closed_at=$1, closed_by=$2, note=$3, file=$4,"
                        " record=$5 WHERE id=$6 AND closed_at=0",
                        "ittttt", f->now, f->actor, o->note, o->file, o->record, o->id);
    if (e) return e;
    if (!n) return problem_set(f->store->problem, ERR_CONFLICT, "it is closed already");
    e = deadline_close(f, o->id);
    if (!e)
        e = todo_close(f->store->db, "obligation", o->id, NULL, f->actor, f->now,
                       f->store->problem);
    return e ? e : flow_tell(f, "closed", OBLIGATIONS, o->id, 2, "closed");
}
