// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Kept counters: the counts and sums of a report's groups, moved in the transaction of each write,
// so that a report costs its number of groups. A group's key is its values as a JSON list. Also the
// scan that answers everyone whom a kept counter may not.
#include <inttypes.h>
#include <stdlib.h>
#include "campus/mem.h"
#include "record/store_sql.h"

static void group_key(struct buf *b, const struct report_decl *rep, const struct record *r) {
    buf_putc(b, '[');
    for (int i = 0; i < rep->ngroup; i++) {
        struct value v = column_value(r, rep->group[i]);
        json_sep(b);
        if (value_is_null(&v))
            buf_puts(b, "null");
        else if (v.kind == VALUE_TEXT || v.kind == VALUE_JSON)
            json_text(b, v.p, v.n);
        else
            buf_int(b, v.i);
    }
    buf_putc(b, ']');
}

static enum err add_one(struct store *s, const struct report_decl *rep, const struct record *r,
                        int sign) {
    struct buf key, name;
    buf_init(&key, s->arena), buf_init(&name, s->arena);
    group_key(&key, rep, r);
    buf_printf(&name, "%s.%s", rep->entity->plugin->name, rep->name);
    if (!rep->nsums)
        return db_send(
            s->db, s->problem,
            "INSERT INTO core_counter(report,k,count,sums) VALUES($1,$2,$3,'[]')"
            " ON CONFLICT(report,k) DO UPDATE SET count=core_counter.count+excluded.count",
            "tsi", buf_str(&name), key.data, key.len, (int64_t)sign);
    struct stmt *st =
        db_query(s->db, s->problem, "SELECT sums FROM core_counter WHERE report=$1 AND k=$2", "ts",
                 buf_str(&name), key.data, key.len);
    if (!st) return s->problem->code;
    bool row;
    enum err e = stmt_step(st, &row, s->problem);
    if (e) return e;
    struct buf sums;
    buf_init(&sums, s->arena);
    buf_putc(&sums, '[');
    const char *old = row ? stmt_text(st, 0, NULL) + 1 : "";
    for (int i = 0; i < rep->nsums; i++) {
        char *end;
        int64_t v = strtoll(old, &end, 10);
        old = *end == ',' ? end + 1 : end;
        struct value add = column_value(r, rep->sums[i]);
        json_sep(&sums);
        buf_int(&sums, v + (value_is_null(&add) ? 0 : sign * add.i));
    }
    buf_putc(&sums, ']');
    stmt_reset(st);
    return db_send(s->db, s->problem,
                   "INSERT INTO core_counter(report,k,count,sums) VALUES($1,$2,$3,$4)"
                   " ON CONFLICT(report,k) DO UPDATE SET count=core_counter.count+excluded.count,"
                   " sums=excluded.sums",
                   "tsis", buf_str(&name), key.data, key.len, (int64_t)sign, sums.data, sums.len);
}

enum err counter_add(struct store *s, const struct record *r, int sign) {
    const struct plugin *pl = r->entity->plugin;
    for (int i = 0; i < pl->nreports; i++) {
        if (!pl->reports[i].kept || pl->reports[i].entity != r->entity) continue;
        enum err e = add_one(s, &pl->reports[i], r, sign);
        if (e) return e;
    }
    return ERR_OK;
}

enum err counter_rows(struct store *s, const struct report_decl *rep,
                      enum err (*fn)(void *, const struct value *, int64_t, const int64_t *),
                      void *self) {
    const char *name = arena_printf(s->arena, "%s.%s", rep->entity->plugin->name, rep->name);
    struct stmt *st = db_query(s->db, s->problem,
                               "SELECT k,count,sums FROM core_counter WHERE report=$1 AND count<>0"
                               " ORDER BY k",
                               "t", name);
    if (!st) return s->problem->code;
    struct value *group = arena_alloc(s->arena, sizeof *group * (size_t)(rep->ngroup + 1));
    int64_t *sums = arena_alloc(s->arena, sizeof *sums * (size_t)(rep->nsums + 1));
    for (bool row;;) {
        enum err e = stmt_step(st, &row, s->problem);
        if (e || !row) return e;
        size_t n;
        const char *k = stmt_text(st, 0, &n);
        json_t *list;
        e = json_parse(s->arena, k, n, &list, s->problem);
        for (int i = 0; i < rep->ngroup && !e; i++) {
            const json_t *v = json_array_get(list, (size_t)i);
            group[i] = json_is_string(v) ? value_textn(json_string_value(v), json_string_length(v))
                       : json_is_integer(v) ? value_int(json_integer_value(v))
                                            : value_null();
        }
        char *at = (char *)stmt_text(st, 2, NULL) + 1;
        for (int i = 0; i < rep->nsums; i++) sums[i] = strtoll(at, &at, 10), at += *at == ',';
        if (!e) e = fn(self, group, stmt_int(st, 1), sums);
        if (e) {
            stmt_reset(st);
            return e;
        }
    }
}

enum err counter_scan(struct store *s, const struct report_decl *rep, const struct cond *where,
                      enum err (*fn)(void *, const struct value *, int64_t, const int64_t *),
                      void *self) {
    struct sql q;
    sql_init(&q, s->arena);
    struct buf cols;
    buf_init(&cols, s->arena);
    for (int i = 0; i < rep->ngroup; i++)
        buf_printf(&cols, "%s%s", i ? "," : "", column_sql(rep->entity, rep->group[i]));
    buf_printf(&q.text, "SELECT %s%scount(*)", buf_str(&cols), rep->ngroup ? "," : "");
    for (int i = 0; i < rep->nsums; i++)
        buf_printf(&q.text, ",coalesce(sum(%s),0)", column_sql(rep->entity, rep->sums[i]));
    buf_printf(&q.text, " FROM %s WHERE archived_at=0", rep->entity->table);
    if (where && where->op != COND_TRUE) {
        buf_puts(&q.text, " AND ");
        cond_sql(where, rep->entity, &q);
    }
    if (rep->ngroup)
        buf_printf(&q.text, " GROUP BY %s ORDER BY %s", buf_str(&cols), buf_str(&cols));
    struct stmt *st = db_prepare(s->db, s->problem, buf_str(&q.text));
    if (!st) return s->problem->code;
    for (int i = 0; i < q.nargs; i++) stmt_bind(st, i + 1, &q.args[i]);
    struct value *group = arena_alloc(s->arena, sizeof *group * (size_t)(rep->ngroup + 1));
    int64_t *sums = arena_alloc(s->arena, sizeof *sums * (size_t)(rep->nsums + 1));
    for (bool row;;) {
        enum err e = stmt_step(st, &row, s->problem);
        if (e || !row) return e;
        for (int i = 0; i < rep->ngroup; i++) {
            size_t n;
            int col = rep->group[i];
            bool number = col >= 0 && !strcmp(rep->entity->fields[col].sql_type, "BIGINT");
            if (stmt_is_null(st, i))
                group[i] = value_null();
            else if (number)
                group[i] = value_int(stmt_int(st, i));
            else {
                const char *t = stmt_text(st, i, &n);
                group[i] = value_textn(t, n);
            }
        }
        for (int i = 0; i < rep->nsums; i++) sums[i] = stmt_int(st, rep->ngroup + 1 + i);
        e = fn(self, group, stmt_int(st, rep->ngroup), sums);
        if (e) {
            stmt_reset(st);
            return e;
        }
    }
}

struct rebuild {
    struct store *s;
    const char *name;
    const struct report_decl *rep;
};

static enum err rebuild_row(void *self, const struct value *group, int64_t count,
                            const int64_t *sums) {
    struct rebuild *rb = self;
    struct buf key, st;
    buf_init(&key, rb->s->arena), buf_init(&st, rb->s->arena);
    buf_putc(&key, '['), buf_putc(&st, '[');
    for (int i = 0; i < rb->rep->ngroup; i++) {
        json_sep(&key);
        if (value_is_null(&group[i]))
            buf_puts(&key, "null");
        else if (group[i].kind == VALUE_TEXT)
            json_text(&key, group[i].p, group[i].n);
        else
            buf_int(&key, group[i].i);
    }
    for (int i = 0; i < rb->rep->nsums; i++) json_sep(&st), buf_int(&st, sums[i]);
    buf_putc(&key, ']'), buf_putc(&st, ']');
    return db_run(rb->s->db, rb->s->problem, NULL,
                  "INSERT INTO core_counter(report,k,count,sums) VALUES($1,$2,$3,$4)", "tsis",
                  rb->name, key.data, key.len, count, st.data, st.len);
}

enum err counter_rebuild(struct store *s, const struct report_decl *rep) {
    const char *name = arena_printf(s->arena, "%s.%s", rep->entity->plugin->name, rep->name);
    enum err e =
        db_run(s->db, s->problem, NULL, "DELETE FROM core_counter WHERE report=$1", "t", name);
    if (e) return e;
    struct rebuild rb = {s, name, rep};
    return counter_scan(s, rep, NULL, rebuild_row, &rb);
}
