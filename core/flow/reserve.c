// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Reservations. A holder has at most one open row a pool field and limit; what is given back stays
// as a released row.
#include "campus/reserve.h"

#include <string.h>
#include "campus/id.h"
#include "campus/json.h"
#include "campus/mem.h"
#include "campus/text.h"

// clang-format off
const char reserve_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_reservation(id TEXT PRIMARY KEY, pool_entity TEXT NOT NULL, pool TEXT NOT NULL,"
    " what TEXT NOT NULL, entity TEXT NOT NULL, holder TEXT NOT NULL, field TEXT NOT NULL, amount BIGINT NOT NULL,"
    " state TEXT NOT NULL, at BIGINT NOT NULL, changed_at BIGINT NOT NULL, actor TEXT NOT NULL){clustered};"
    "CREATE UNIQUE INDEX IF NOT EXISTS u_reservation_held ON core_reservation(holder, field, what)"
    " WHERE state<>'released';"
    "CREATE INDEX IF NOT EXISTS i_reservation_pool ON core_reservation(pool, state);"
    "CREATE TABLE IF NOT EXISTS core_pool(pool TEXT NOT NULL, what TEXT NOT NULL, reserved BIGINT NOT NULL,"
    " committed BIGINT NOT NULL, PRIMARY KEY(pool, what), CHECK(reserved>=0 AND committed>=0)){clustered};";
// clang-format on

struct held {
    const char *id, *pool_entity, *pool, *what, *field, *state;
    int64_t amount;
};
enum { HELD_MAX = 16 };

static enum err conflict(const struct flow *f, const char *pointer, const char *word,
                         const char *en, const char *zh) {
    struct problem *p = f->store->problem;
    enum err e =
        problem_add(p, ERR_CONFLICT, arena_printf(f->store->arena, "/%s", pointer), word, "%s", en);
    struct problem_item *last = p->first;
    while (last->next) last = last->next;
    last->detail_zh = zh;
    return e;
}

static enum err held_by(const struct flow *f, const char *holder, struct held out[HELD_MAX],
                        int *n) {
    struct problem *p = f->store->problem;
    struct stmt *st = db_query(f->store->db, p,
                               "SELECT id,pool_entity,pool,what,field,state,amount"
                               " FROM core_reservation WHERE holder=$1 AND state<>'released'",
                               "t", holder);
    *n = 0;
    enum err e = ERR_OK;
    while (stmt_next(st, &e, p)) {
        struct held *h = &out[*n];
        if (*n == HELD_MAX) {
            stmt_reset(st);
            return problem_set(p, ERR_INTERNAL, "a record holds more than %d", HELD_MAX);
        }
        stmt_take(st, f->store->arena, "tttttti", &h->id, &h->pool_entity, &h->pool, &h->what,
                  &h->field, &h->state, &h->amount);
        ++*n;
    }
    return e;
}

static enum err give_back(const struct flow *f, const struct held *h, bool tell) {
    struct db *db = f->store->db;
    struct problem *p = f->store->problem;
    const char *sql = !strcmp(h->state, "committed")
                          ? "UPDATE core_pool SET committed=committed-$1 WHERE pool=$2 AND what=$3"
                          : "UPDATE core_pool SET reserved=reserved-$1 WHERE pool=$2 AND what=$3";
    enum err e = db_run(db, p, NULL, sql, "itt", h->amount, h->pool, h->what);
    if (!e)
        e = db_run(db, p, NULL,
                   "UPDATE core_reservation SET state='released', changed_at=$1 WHERE id=$2", "it",
                   f->now, h->id);
    if (!e && tell) e = flow_tell(f, "reservation.released", h->pool_entity, h->pool, 0, NULL);
    return e;
}

static enum err commit(const struct flow *f, const struct held *h) {
    if (strcmp(h->state, "reserved")) return ERR_OK;
    enum err e = db_run(f->store->db, f->store->problem, NULL,
                        "UPDATE core_pool SET reserved=reserved-$1, committed=committed+$1"
                        " WHERE pool=$2 AND what=$3",
                        "itt", h->amount, h->pool, h->what);
    return e ? e
             : db_run(f->store->db, f->store->problem, NULL,
                      "UPDATE core_reservation SET state='committed', changed_at=$1 WHERE id=$2",
                      "it", f->now, h->id);
}

// How much may be taken of a pool whose limit field says so much.
static int64_t most(const struct flow *f, const struct reserve_decl *d, int64_t limit) {
    const char *v = d->overbook_key && f->policy ? policy_value(f->policy, d->overbook_key) : NULL;
    int64_t over = d->overbook;
    if (v && !text_to_scaled(v, strlen(v), d->percent ? 4 : d->limit->scale, &over)) over = 0;
    if (v && d->percent) { // a percent is scaled by 4
        int64_t rest = limit % 1000000 * over / 1000000;
        if (__builtin_mul_overflow(limit / 1000000, over, &over)) return INT64_MAX;
        over += rest;
    }
    return __builtin_add_overflow(limit, over, &limit) ? INT64_MAX : limit;
}

static enum err take(const struct flow *f, const struct reserve_decl *d, const struct record *r,
                     const struct value *after) {
    struct store *s = f->store;
    const struct value *ref = &after[d->pool->index];
    int64_t amount = d->amount, n = 0;
    if (value_is_null(ref))
        return problem_add(s->problem, ERR_INVALID, arena_printf(s->arena, "/%s", d->pool->name),
                           "required", "must be filled: something is reserved there");
    if (d->amount_field) {
        const struct value *v = &after[d->amount_field->index];
        if (value_is_null(v) || v->i <= 0)
            return problem_add(s->problem, ERR_INVALID,
                               arena_printf(s->arena, "/%s", d->amount_field->name), "required",
                               "must be more than nothing: so much is reserved");
        amount = v->i;
    }
    const char *pool = arena_strndup(s->arena, ref->p, ref->n);
    struct record line;
    enum err e = store_get(s, d->pool->target, pool, &line);
    if (e == ERR_NOT_FOUND)
        return conflict(f, d->pool->name, "pool_gone", "there is no such record any more",
                        "该记录已不存在");
    if (e) return e;
    const struct value *limit = &line.values[d->limit->index];
    int64_t cap = value_is_null(limit) ? 0 : most(f, d, limit->i), room;
    if (__builtin_sub_overflow(cap, amount, &room)) room = -1; // what others may have taken
    // the row is there before it is asked, so that one statement takes and checks
    e = db_run(s->db, s->problem, NULL,
               "INSERT INTO core_pool(pool,what,reserved,committed) VALUES($1,$2,0,0)"
               " ON CONFLICT(pool,what) DO NOTHING",
               "tt", pool, d->limit->name);
    if (!e)
        e = db_run(s->db, s->problem, &n,
                   "UPDATE core_pool SET reserved=reserved+$1 WHERE pool=$2 AND what=$3"
                   " AND reserved+committed<=$4",
                   "itti", amount, pool, d->limit->name, room);
    if (e) return e;
    if (n != 1)
        return conflict(f, d->pool->name, "pool_full", "too little is left", "名额或额度不足");
    char *id = arena_alloc(s->arena, ID_LEN + 1);
    id_new(id);
    return db_run(
        s->db, s->problem, NULL,
        "INSERT INTO core_reservation(id,pool_entity,pool,what,entity,holder,field,amount,"
        "state,at,changed_at,actor) VALUES($1,$2,$3,$4,$5,$6,$7,$8,'reserved',$9,$9,$10)",
        "tttttttiit", id, d->pool->target->full, pool, d->limit->name, r->entity->full, r->id,
        d->pool->name, amount, f->now, f->actor);
}

// As what a holder's reservation is declared now, or NULL.
static const struct reserve_decl *decl_of(const struct entity *e, const struct held *h) {
    const struct field *pool = entity_field(e, h->field);
    const struct reserve_decl *d = pool && pool->target ? pool->target->pool : NULL;
    while (d && (d->pool != pool || strcmp(d->limit->name, h->what))) d = d->next;
    return d;
}

// Whether a holder's write would leave it with another pool, or another amount, than it holds.
static bool moves_pool(const struct entity *e, const struct held *h, const struct value *after) {
    const struct field *pool = entity_field(e, h->field);
    const struct value *v = pool ? &after[pool->index] : NULL;
    return v && (v->kind != VALUE_TEXT || v->n != strlen(h->pool) || memcmp(v->p, h->pool, v->n));
}

static bool moves_away(const struct entity *e, const struct held *h, const struct value *after) {
    const struct reserve_decl *d = decl_of(e, h);
    return moves_pool(e, h, after) ||
           (d && d->amount_field && after[d->amount_field->index].i != h->amount);
}

// What is committed is what it came to in the end: more only as far as there is more.
static enum err commit_amount(const struct flow *f, const struct held *h, const struct record *r,
                              const struct value *after) {
    const struct reserve_decl *d = decl_of(r->entity, h);
    struct held held[HELD_MAX];
    int n = 0;
    enum err e = give_back(f, h, after[d->amount_field->index].i < h->amount);
    if (!e) e = take(f, d, r, after);
    if (!e) e = held_by(f, r->id, held, &n);
    for (int i = 0; i < n && !e; i++)
        if (!strcmp(held[i].field, h->field) && !strcmp(held[i].what, h->what))
            e = commit(f, &held[i]);
    return e;
}

enum err reserve_move(const struct flow *f, const struct transition *t, const struct record *r,
                      const struct value *after) {
    struct held held[HELD_MAX];
    int n = 0;
    enum err e = held_by(f, r->id, held, &n);
    if (!e && !n && t->commit)
        e = conflict(f, "state", "nothing_held", "it holds no reservation", "未占用名额或额度");
    for (int i = 0; i < n && !e; i++) {
        const struct held *h = &held[i];
        bool anew = t->reserve && !strcmp(t->reserve->pool->name, h->field) &&
                    !strcmp(t->reserve->limit->name, h->what);
        bool away = moves_away(r->entity, h, after);
        if (t->release || anew)
            e = give_back(f, h, t->release && !(anew && !away));
        else if (away && t->commit && !moves_pool(r->entity, h, after))
            e = commit_amount(f, h, r, after);
        else if (away)
            e = conflict(f, h->field, "reserved", "it holds a reservation here",
                         "已占用名额或额度，须先释放");
        else if (t->commit)
            e = commit(f, h);
    }
    return e || !t->reserve ? e : take(f, t->reserve, r, after);
}

static enum err guard_holder(const struct flow *f, const struct record *r,
                             const struct value *after, bool deleted) {
    struct held held[HELD_MAX];
    int n = 0;
    enum err e = held_by(f, r->id, held, &n);
    for (int i = 0; i < n && !e; i++)
        if (deleted || moves_away(r->entity, &held[i], after))
            e = conflict(f, held[i].field, "reserved", "it holds a reservation here",
                         "已占用名额或额度，须先释放");
    return e;
}

enum err reserve_guard(const struct flow *f, const struct record *r, const struct value *after,
                       bool deleted) {
    enum err e = r->entity->holds ? guard_holder(f, r, after, deleted) : ERR_OK;
    for (const struct reserve_decl *d = r->entity->pool; d && !e; d = d->next) {
        const struct value *v = &after[d->limit->index];
        if (!deleted && value_equal(v, &r->values[d->limit->index])) continue;
        int64_t used = 0, cap = deleted || value_is_null(v) ? 0 : most(f, d, v->i);
        e = db_int(f->store->db, f->store->problem, &used, 0,
                   "SELECT reserved+committed FROM core_pool WHERE pool=$1 AND what=$2", "tt",
                   r->id, d->limit->name);
        if (!e && used > cap)
            e = conflict(f, d->limit->name, "reserved", "more than that is reserved already",
                         "已占用的名额或额度多于此数");
    }
    return e;
}

static void amount_json(struct buf *out, const char *key, const struct field *f, int64_t v) {
    char num[32];
    int n = text_from_scaled(num, v, f ? f->scale : 0);
    json_key(out, key);
    if (f && f->scale)
        json_text(out, num, (size_t)n);
    else
        buf_put(out, num, (size_t)n);
}

static enum err totals_json(const struct flow *f, const struct record *r,
                            const struct fieldset *clear, struct buf *out) {
    enum err e = ERR_OK;
    buf_puts(out, "\"pool\":{");
    for (const struct reserve_decl *d = r->entity->pool; d && !e; d = d->next) {
        const struct reserve_decl *before = r->entity->pool;
        while (before != d && before->limit != d->limit) before = before->next;
        if (before != d) continue; // two transitions draw on the same
        if (!fieldset_has(clear, d->limit->index)) continue;
        int64_t reserved = 0, committed = 0;
        e = db_int(f->store->db, f->store->problem, &reserved, 0,
                   "SELECT reserved FROM core_pool WHERE pool=$1 AND what=$2", "tt", r->id,
                   d->limit->name);
        if (!e)
            e = db_int(f->store->db, f->store->problem, &committed, 0,
                       "SELECT committed FROM core_pool WHERE pool=$1 AND what=$2", "tt", r->id,
                       d->limit->name);
        const struct value *v = &r->values[d->limit->index];
        int64_t limit = value_is_null(v) ? 0 : v->i, cap = most(f, d, limit);
        json_key(out, d->limit->name), buf_putc(out, '{');
        amount_json(out, "limit", d->limit, limit);
        amount_json(out, "most", d->limit, cap);
        amount_json(out, "reserved", d->limit, reserved);
        amount_json(out, "committed", d->limit, committed);
        amount_json(out, "left", d->limit, cap - reserved - committed);
        buf_putc(out, '}');
    }
    buf_puts(out, "},");
    return e;
}

struct item {
    const char *pool_entity, *pool, *what, *entity, *holder, *field, *state;
    int64_t amount, at;
};

// Only to who sees both sides; the amount, only to who sees the field that it comes from.
static void item_json(const struct flow *f, const struct schema *schema, const struct item *it,
                      reserve_view *view, void *self, struct buf *out) {
    struct arena *a = f->store->arena;
    const struct entity *pool =
        schema_entity_full(schema, it->pool_entity, strlen(it->pool_entity));
    const struct entity *holder = schema_entity_full(schema, it->entity, strlen(it->entity));
    const struct reserve_decl *d = pool ? pool->pool : NULL;
    while (d && (d->holder != holder || strcmp(d->pool->name, it->field) ||
                 strcmp(d->limit->name, it->what)))
        d = d->next;
    if (!pool || !holder || !view(self, pool, it->pool, NULL) ||
        !view(self, holder, it->holder, NULL))
        return;
    json_sep(out), buf_putc(out, '{');
    json_kv_str(out, "pool", arena_printf(a, "%s/%s", it->pool_entity, it->pool));
    json_kv_str(out, "limit", it->what);
    json_kv_str(out, "holder", arena_printf(a, "%s/%s", it->entity, it->holder));
    if (d && (!d->amount_field || view(self, holder, it->holder, d->amount_field)))
        amount_json(out, "amount", d->limit, it->amount);
    json_kv_str(out, "state", it->state);
    json_kv_time(out, "at", it->at);
    buf_putc(out, '}');
}

enum err reserve_json(const struct flow *f, const struct schema *schema, const struct record *r,
                      const struct fieldset *clear, reserve_view *view, void *self, int limit,
                      struct buf *out) {
    struct problem *p = f->store->problem;
    struct arena *a = f->store->arena;
    struct item *items = arena_alloc(a, sizeof *items * (size_t)(limit + 1));
    int n = 0;
    buf_putc(out, '{');
    enum err e = r->entity->pool ? totals_json(f, r, clear, out) : ERR_OK;
    struct stmt *st =
        e ? NULL
          : db_query(f->store->db, p,
                     "SELECT pool_entity,pool,what,entity,holder,field,state,amount,at"
                     " FROM core_reservation WHERE (pool=$1 AND state<>'released') OR holder=$1"
                     " ORDER BY at DESC, id DESC LIMIT $2",
                     "ti", r->id, (int64_t)limit + 1);
    for (; stmt_next(st, &e, p); n++) { // one more than the limit at most
        struct item *it = &items[n];
        stmt_take(st, a, "tttttttii", &it->pool_entity, &it->pool, &it->what, &it->entity,
                  &it->holder, &it->field, &it->state, &it->amount, &it->at);
    }
    buf_puts(out, "\"items\":[");
    for (int i = 0; i < n && i < limit && !e; i++) item_json(f, schema, &items[i], view, self, out);
    buf_putc(out, ']');
    json_kv_bool(out, "more", n > limit);
    buf_putc(out, '}');
    return e;
}

enum err reserve_check(struct db *db, int64_t *pools, int64_t *wrong, struct problem *p) {
    enum err e = db_int(db, p, pools, 0, "SELECT count(*) FROM core_pool", "");
    return e ? e
             : db_int(db, p, wrong, 0,
                      "SELECT count(*) FROM core_pool p WHERE p.reserved<>(SELECT"
                      " coalesce(sum(r.amount),0) FROM core_reservation r WHERE r.pool=p.pool"
                      " AND r.what=p.what AND r.state='reserved') OR p.committed<>(SELECT"
                      " coalesce(sum(r.amount),0) FROM core_reservation r WHERE r.pool=p.pool"
                      " AND r.what=p.what AND r.state='committed')",
                      "");
}

enum err reserve_held(struct db *db, const char *holder, const char *field, const char *limit,
                      int64_t *amount, struct problem *p) {
    return db_int(db, p, amount, 0,
                  "SELECT amount FROM core_reservation WHERE holder=$1 AND field=$2"
                  " AND what=$3 AND state<>'released'",
                  "ttt", holder, field, limit);
}

enum err reserve_total(struct db *db, const char *pool, const char *limit, int64_t *amount,
                       struct problem *p) {
    return db_int(db, p, amount, 0,
                  "SELECT reserved+committed FROM core_pool WHERE pool=$1 AND what=$2", "tt", pool,
                  limit);
}
