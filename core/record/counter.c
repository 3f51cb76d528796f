// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Kept counters: the counts and sums of a report's groups, moved in the transaction of each write,
// so that a report costs its number of groups. A group's key is its values as a JSON list; its sums
// are a list of integers, of a mean two. Each node moves rows of its own, which are added up when
// they are read: none waits for another's. What was declared when they were counted is remembered.
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/mem.h"
#include "campus/report.h"

static void put_group(struct buf *b, const struct value *v) {
    json_sep(b);
    if (value_is_null(v))
        buf_puts(b, "null");
    else if (v->kind == VALUE_TEXT || v->kind == VALUE_JSON)
        json_text(b, v->p, v->n);
    else
        buf_int(b, v->i);
}

static const char *full_name(struct arena *a, const struct report_decl *rep) {
    return arena_printf(a, "%s.%s", rep->entity->plugin->name, rep->name);
}

// What one record adds to a measure's integers.
static int add_record(const struct report_measure *m, const struct record *r, int64_t add[2]) {
    struct value v = m->kind == MEASURE_COUNT ? value_null() : column_value(r, m->column);
    add[0] = m->kind == MEASURE_COUNT ? cond_eval(m->where, r) : value_is_null(&v) ? 0 : v.i;
    add[1] = !value_is_null(&v);
    return m->kind == MEASURE_AVG ? 2 : 1;
}

static struct buf key_of(struct arena *a, const struct report_decl *rep, const struct record *r) {
    struct buf key;
    buf_init(&key, a);
    buf_putc(&key, '[');
    for (int i = 0; i < rep->ngroups; i++) {
        struct value v = column_value(r, rep->groups[i].column);
        v = report_bucket(a, rep, i, SIDE_NOW, &v);
        put_group(&key, &v);
    }
    buf_putc(&key, ']');
    return key;
}

enum err counter_sum(struct store *s, const struct report_decl *rep, const struct record *r,
                     int64_t *out) {
    struct buf key = key_of(s->arena, rep, r);
    struct stmt *st =
        db_query(s->db, s->problem, "SELECT sums FROM core_counter WHERE report=$1 AND k=$2", "ts",
                 full_name(s->arena, rep), key.data, key.len);
    enum err e = ERR_OK;
    *out = 0;
    while (stmt_next(st, &e, s->problem)) *out += strtoll(stmt_text(st, 0, NULL) + 1, NULL, 10);
    return e;
}

static enum err add_one(struct store *s, const struct report_decl *rep, const struct record *r,
                        int sign) {
    const char *name = full_name(s->arena, rep);
    struct buf key = key_of(s->arena, rep, r);
    if (!rep->nmeasures)
        return db_send(
            s->db, s->problem,
            "INSERT INTO core_counter(report,k,count,sums,node) VALUES($1,$2,$3,'[]',$4)"
            " ON CONFLICT(report,k,node) DO UPDATE SET count=core_counter.count+excluded.count",
            "tsit", name, key.data, key.len, (int64_t)sign, db_node(s->db));
    struct stmt *st = db_query(s->db, s->problem,
                               "SELECT sums FROM core_counter WHERE report=$1 AND k=$2 AND node=$3",
                               "tst", name, key.data, key.len, db_node(s->db));
    enum err e = ERR_OK;
    bool row = stmt_next(st, &e, s->problem);
    if (e) return e;
    struct buf sums;
    buf_init(&sums, s->arena);
    buf_putc(&sums, '[');
    const char *old = row ? stmt_text(st, 0, NULL) + 1 : "";
    for (int i = 0; i < rep->nmeasures; i++) {
        int64_t add[2];
        int n = add_record(&rep->measures[i], r, add);
        for (int k = 0; k < n; k++) {
            char *end;
            int64_t v = strtoll(old, &end, 10), by;
            old = *end == ',' ? end + 1 : end;
            if (__builtin_mul_overflow(add[k], sign, &by) || __builtin_add_overflow(v, by, &v)) {
                stmt_reset(st);
                return problem_add(s->problem, ERR_INVALID, NULL, "out_of_range",
                                   "%s is too much to add up", rep->name);
            }
            json_sep(&sums);
            buf_int(&sums, v);
        }
    }
    buf_putc(&sums, ']');
    stmt_reset(st);
    return db_send(s->db, s->problem,
                   "INSERT INTO core_counter(report,k,count,sums,node) VALUES($1,$2,$3,$4,$5)"
                   " ON CONFLICT(report,k,node) DO UPDATE SET"
                   " count=core_counter.count+excluded.count, sums=excluded.sums",
                   "tsist", name, key.data, key.len, (int64_t)sign, sums.data, sums.len,
                   db_node(s->db));
}

enum err counter_add(struct store *s, const struct record *r, int sign) {
    const struct plugin *pl = r->entity->plugin;
    for (int i = 0; i < pl->nreports; i++) {
        const struct report_decl *rep = &pl->reports[i];
        if (!rep->kept || rep->entity != r->entity || !cond_eval(rep->where, r)) continue;
        enum err e = add_one(s, rep, r, sign);
        if (e) return e;
    }
    return ERR_OK;
}

struct tally { // one group, of all nodes
    const char *key;
    size_t key_n;
    int64_t count;
    struct report_cell *cells;
};

// Adds what one node has: "[sum,sum,of a mean two]".
static void tally_add(const struct report_decl *rep, struct tally *t, int64_t count, char *sums) {
    char *at = sums + 1;
    t->count += count;
    for (int i = 0; i < rep->nmeasures; i++) {
        struct report_cell *c = &t->cells[i];
        bool mean = rep->measures[i].kind == MEASURE_AVG;
        c->i += strtoll(at, &at, 10), at += *at == ',';
        c->n = mean ? c->n + strtoll(at, &at, 10) : t->count;
        at += mean && *at == ',';
    }
}

static enum err put_row(struct store *s, struct report_table *t, const struct tally *of,
                        struct value *group) {
    const struct report_decl *rep = t->report;
    json_t *list;
    if (!of->count) return ERR_OK; // it was moved down to nothing
    enum err e = json_parse(s->arena, of->key, of->key_n, &list, s->problem);
    if (e) return e;
    for (int i = 0; i < rep->ngroups; i++) {
        const json_t *v = json_array_get(list, (size_t)i);
        int column = rep->groups[i].column;
        group[i] = json_is_string(v)    ? value_textn(json_string_value(v), json_string_length(v))
                   : json_is_integer(v) ? value_int(json_integer_value(v))
                                        : value_null();
        if (column >= 0 && rep->entity->fields[column].type == FIELD_BOOLEAN && group[i].kind)
            group[i].kind = VALUE_BOOL;
    }
    struct report_row *row = report_row(t, group);
    row->count[SIDE_NOW] = of->count;
    memcpy(row->cells[SIDE_NOW], of->cells, sizeof *of->cells * (size_t)rep->nmeasures);
    return ERR_OK;
}

enum err counter_rows(struct store *s, struct report_table *t) {
    size_t cells = sizeof(struct report_cell) * (size_t)(t->report->nmeasures + 1);
    struct tally one = {.cells = arena_alloc(s->arena, cells)};
    struct value *group = arena_alloc(s->arena, sizeof *group * (size_t)(t->report->ngroups + 1));
    struct stmt *st = db_query(s->db, s->problem,
                               "SELECT k,count,sums FROM core_counter WHERE report=$1 ORDER BY k",
                               "t", full_name(s->arena, t->report));
    enum err e = ERR_OK;
    while (stmt_next(st, &e, s->problem)) {
        size_t n;
        const char *key = stmt_text(st, 0, &n);
        if (!one.key || n != one.key_n || memcmp(key, one.key, n)) {
            e = put_row(s, t, &one, group);
            one = (struct tally){arena_strndup(s->arena, key, n), n, 0, one.cells};
            memset(one.cells, 0, cells);
        }
        tally_add(t->report, &one, stmt_int(st, 1), (char *)stmt_text(st, 2, NULL));
    }
    return e ? e : put_row(s, t, &one, group);
}

static enum err write_row(struct store *s, const struct report_decl *rep,
                          const struct report_row *row) {
    struct buf key, sums;
    buf_init(&key, s->arena), buf_init(&sums, s->arena);
    buf_putc(&key, '['), buf_putc(&sums, '[');
    for (int i = 0; i < rep->ngroups; i++) put_group(&key, &row->group[i]);
    for (int i = 0; i < rep->nmeasures; i++) {
        const struct report_cell *c = &row->cells[SIDE_NOW][i];
        json_sep(&sums), buf_int(&sums, c->i);
        if (rep->measures[i].kind == MEASURE_AVG) json_sep(&sums), buf_int(&sums, c->n);
    }
    buf_putc(&key, ']'), buf_putc(&sums, ']');
    return db_run(s->db, s->problem, NULL,
                  "INSERT INTO core_counter(report,k,count,sums,node) VALUES($1,$2,$3,$4,$5)",
                  "tsist", full_name(s->arena, rep), key.data, key.len, row->count[SIDE_NOW],
                  sums.data, sums.len, db_node(s->db));
}

enum err counter_rebuild(struct store *s, const struct report_decl *rep) {
    struct report_table t;
    report_table_init(&t, rep, s->arena);
    enum err e = db_run(s->db, s->problem, NULL, "DELETE FROM core_counter WHERE report=$1", "t",
                        full_name(s->arena, rep));
    if (!e) e = report_scan(s, &t, SIDE_NOW, NULL, NULL, NULL);
    for (size_t i = 0; i < t.n && !e; i++)
        if (t.rows[i]->count[SIDE_NOW]) e = write_row(s, rep, t.rows[i]);
    return e;
}

// What a counter depends on, as a hash: groups, measures, conditions, and the zone of its days.
static const char *meaning(struct arena *a, const struct report_decl *rep) {
    struct sql q;
    uint8_t hash[16];
    char *hex = arena_alloc(a, 2 * sizeof hash + 1);
    const struct tz *tz = rep->entity->plugin->schema->tz;
    sql_init(&q, a);
    buf_printf(&q.text, "1 %s %d", rep->entity->table, rep->year_starts);
    for (int i = 0; i < rep->ngroups; i++) buf_printf(&q.text, " %s", rep->groups[i].name);
    for (int i = 0; i < rep->nmeasures; i++) {
        buf_printf(&q.text, " %s ", rep->measures[i].name);
        cond_sql(rep->measures[i].where, rep->entity, &q);
    }
    buf_puts(&q.text, " where ");
    cond_sql(rep->where, rep->entity, &q);
    for (int i = 0; i < q.nargs; i++) put_group(&q.text, &q.args[i]);
    for (int64_t month = 0; tz && month < 12; month++) // of 2026
        buf_printf(&q.text, " %d", tz_offset_s(tz, 1767225600000 + month * 2630000000));
    crypto_generichash(hash, sizeof hash, (uint8_t *)q.text.data, q.text.len, NULL, 0);
    return sodium_bin2hex(hex, 2 * sizeof hash + 1, hash, sizeof hash);
}

static const struct report_decl *declared(const struct schema *schema, const char *name) {
    for (int i = 0; i < schema->nplugins; i++) {
        const struct plugin *pl = &schema->plugins[i];
        size_t n = strlen(pl->name);
        if (strncmp(pl->name, name, n) || name[n] != '.') continue;
        for (int k = 0; k < pl->nreports; k++)
            if (pl->reports[k].kept && !strcmp(pl->reports[k].name, name + n + 1))
                return &pl->reports[k];
    }
    return NULL;
}

// Counters of what is no longer declared would be wrong when it comes back.
static enum err forget(struct store *s, const struct schema *schema) {
    struct stmt *st =
        db_query(s->db, s->problem, "SELECT key FROM core_meta WHERE key LIKE 'counter:%'", "");
    struct name {
        struct name *next;
        const char *text;
    } *gone = NULL;
    enum err e = ERR_OK;
    while (stmt_next(st, &e, s->problem)) {
        const char *name = stmt_text(st, 0, NULL) + strlen("counter:");
        if (declared(schema, name)) continue;
        struct name *one = arena_alloc(s->arena, sizeof *one);
        *one = (struct name){gone, arena_strdup(s->arena, name)};
        gone = one;
    }
    for (; gone && !e; gone = gone->next) {
        e = db_run(s->db, s->problem, NULL, "DELETE FROM core_counter WHERE report=$1", "t",
                   gone->text);
        if (!e)
            e = db_run(s->db, s->problem, NULL, "DELETE FROM core_meta WHERE key=$1", "t",
                       arena_printf(s->arena, "counter:%s", gone->text));
    }
    return e;
}

static enum err settle_one(struct store *s, const struct report_decl *rep) {
    const char *now = meaning(s->arena, rep);
    const char *key = arena_printf(s->arena, "counter:%s", full_name(s->arena, rep));
    int64_t same;
    enum err e = db_int(s->db, s->problem, &same, 0,
                        "SELECT count(*) FROM core_meta WHERE key=$1 AND value=$2", "tt", key, now);
    if (e || same) return e;
    e = counter_rebuild(s, rep);
    return e ? e
             : db_run(s->db, s->problem, NULL,
                      "INSERT INTO core_meta(key,value) VALUES($1,$2)"
                      " ON CONFLICT(key) DO UPDATE SET value=excluded.value",
                      "tt", key, now);
}

enum err counter_settle(struct store *s, const struct schema *schema) {
    enum err e = forget(s, schema);
    for (int i = 0; i < schema->nplugins; i++)
        for (int k = 0; k < schema->plugins[i].nreports && !e; k++)
            if (schema->plugins[i].reports[k].kept)
                e = settle_one(s, &schema->plugins[i].reports[k]);
    return e;
}
