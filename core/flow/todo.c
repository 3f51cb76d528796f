// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The table of to-dos.
#include "campus/todo.h"

#include "campus/id.h"
#include "campus/mem.h"

// clang-format off
const char todo_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_todo(id TEXT PRIMARY KEY, kind TEXT NOT NULL, entity TEXT NOT NULL,"
    " record TEXT NOT NULL, ref TEXT NOT NULL, audience TEXT NOT NULL, title_zh TEXT, title_en TEXT,"
    " due_at BIGINT NOT NULL, created_at BIGINT NOT NULL, urged_at BIGINT NOT NULL,"
    " closed_at BIGINT NOT NULL, closed_by TEXT){clustered};"
    "CREATE UNIQUE INDEX IF NOT EXISTS u_todo_open ON core_todo(ref, kind, audience) WHERE closed_at=0;"
    "CREATE INDEX IF NOT EXISTS i_todo_audience ON core_todo(audience, due_at, id) WHERE closed_at=0;";
// clang-format on

enum err todo_open(struct db *db, struct todo *t, struct problem *p) {
    char *id = arena_alloc(p->arena, ID_LEN + 1);
    id_new(id);
    t->id = id;
    return db_run(db, p, NULL,
                  "INSERT INTO core_todo(id,kind,entity,record,ref,audience,title_zh,title_en,"
                  "due_at,created_at,urged_at,closed_at)"
                  " VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,0,0) ON CONFLICT DO NOTHING",
                  "ttttttttii", id, t->kind, t->entity, t->record, t->ref, t->audience, t->title.zh,
                  t->title.en, t->due_at ? t->due_at : TODO_NO_DUE, t->created_at);
}

enum err todo_close(struct db *db, const char *kind, const char *ref, const char *audience,
                    const char *by, int64_t now, struct problem *p) {
    return db_run(db, p, NULL,
                  "UPDATE core_todo SET closed_at=$1, closed_by=$2 WHERE ref=$3 AND kind=$4"
                  " AND ($5='' OR audience=$5) AND closed_at=0",
                  "itttt", now, by, ref, kind, audience ? audience : "");
}

enum err todo_urge(struct db *db, const char *kind, const char *ref, int64_t now,
                   struct problem *p) {
    return db_run(db, p, NULL,
                  "UPDATE core_todo SET urged_at=$1 WHERE ref=$2 AND kind=$3 AND closed_at=0",
                  "itt", now, ref, kind);
}

enum err todo_refs(struct db *db, const char *audience, struct people_list *out,
                   struct problem *p) {
    struct stmt *st = db_query(db, p,
                               "SELECT ref FROM core_todo WHERE audience=$1 AND closed_at=0 AND"
                               " kind IN ('approval','confirm')",
                               "t", audience);
    enum err e = ERR_OK;
    while (stmt_next(st, &e, p)) people_list_add(out, stmt_text(st, 0, NULL), p->arena);
    return e;
}

enum err todo_done(struct db *db, const char *id, const char *const *audiences, int n,
                   const char *by, int64_t now, struct problem *p) {
    struct stmt *st = db_query(db, p,
                               "SELECT audience FROM core_todo WHERE id=$1 AND closed_at=0 AND"
                               " kind IN ('copy','alert','notice')",
                               "t", id);
    bool mine = false;
    enum err e = stmt_first(st, p);
    if (e) return problem_set(p, e, NULL);
    for (int i = 0; i < n; i++) mine |= !strcmp(audiences[i], stmt_text(st, 0, NULL));
    stmt_reset(st);
    if (!mine) return problem_set(p, ERR_NOT_FOUND, NULL);
    return db_run(db, p, NULL, "UPDATE core_todo SET closed_at=$1, closed_by=$2 WHERE id=$3", "itt",
                  now, by, id);
}

const char **todo_audiences(const struct access *x, const struct actor *who, struct arena *a,
                            int *n) {
    int most = 1;
    for (const struct actor *w = who; w; w = w->behind)
        most += 1 + w->ngroups + access_role_count(x);
    const char **out = arena_alloc(a, sizeof *out * (size_t)most);
    *n = 0;
    for (const struct actor *w = who; w; w = w->behind) {
        out[(*n)++] = arena_printf(a, "person:%s", w->id);
        for (int i = 0; i < access_role_count(x); i++)
            if (fieldset_has(&w->roles, i))
                out[(*n)++] = arena_printf(a, "role:%s", access_role_name(x, i));
        for (int i = 0; i < w->ngroups; i++)
            out[(*n)++] = arena_printf(a, "group:%s", w->groups[i]);
    }
    return out;
}

static void read_row(struct stmt *st, struct arena *a, struct todo *t) {
    stmt_take(st, a, "ttttttttiii", &t->id, &t->kind, &t->entity, &t->record, &t->ref, &t->audience,
              &t->title.zh, &t->title.en, &t->due_at, &t->created_at, &t->urged_at);
}

enum err todo_find(struct db *db, const struct todo_page *pg, struct todo **out, int *n,
                   struct problem *p) {
    struct buf q;
    int slots = 8; // few shapes of the statement, so that it stays prepared
    while (slots < pg->naudiences) slots *= 2;
    buf_init(&q, p->arena);
    buf_puts(&q, "SELECT id,kind,entity,record,ref,audience,title_zh,title_en,due_at,created_at,"
                 "urged_at FROM core_todo WHERE closed_at=0 AND (due_at,id)>($1,$2)"
                 " AND ($3='' OR kind=$3) AND audience IN (");
    for (int i = 0; i < slots; i++) buf_printf(&q, "%s$%d", i ? "," : "", i + 4);
    buf_printf(&q, ") ORDER BY due_at,id LIMIT $%d", slots + 4);
    struct stmt *st = db_prepare(db, p, buf_str(&q));
    if (!st) return p->code;
    struct value v = value_int(pg->after_due);
    stmt_bind(st, 1, &v);
    stmt_bind(st, 2, (v = value_text(pg->after_id), &v));
    stmt_bind(st, 3, (v = value_text(pg->kind), &v));
    for (int i = 0; i < slots; i++) {
        v = value_text(i < pg->naudiences ? pg->audiences[i] : "");
        stmt_bind(st, i + 4, &v);
    }
    stmt_bind(st, slots + 4, (v = value_int(pg->limit), &v));
    *out = arena_alloc(p->arena, sizeof **out * (size_t)(pg->limit + 1));
    *n = 0;
    enum err e = ERR_OK;
    while (stmt_next(st, &e, p)) read_row(st, p->arena, &(*out)[(*n)++]);
    return e;
}
