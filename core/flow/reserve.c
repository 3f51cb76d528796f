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
    "{column core_reservation exceeded BIGINT NOT NULL DEFAULT 0}" // how much more than was left
    "{column core_reservation asks TEXT NOT NULL DEFAULT ''}"      // the role that signs for it
    "CREATE UNIQUE INDEX IF NOT EXISTS u_reservation_held ON core_reservation(holder, field, what)"
    " WHERE state<>'released';"
    "CREATE INDEX IF NOT EXISTS i_reservation_pool ON core_reservation(pool, state);"
    "CREATE TABLE IF NOT EXISTS core_pool(pool TEXT NOT NULL, what TEXT NOT NULL, reserved BIGINT NOT NULL,"
    " committed BIGINT NOT NULL, PRIMARY KEY(pool, what), CHECK(reserved>=0 AND committed>=0)){clustered};"
    "{column core_pool settled BIGINT NOT NULL DEFAULT 0 CHECK(settled>=0)}";
// clang-format on

enum stage { RESERVED, COMMITTED, SETTLED, STAGES };
static const char *const STAGE[STAGES] = {"reserved", "committed", "settled"};
struct held {
    const char *id, *pool_entity, *pool, *what, *field;
    enum stage stage;
    int64_t amount, exceeded;
};
enum { HELD_MAX = 16 };

static enum err conflict(const struct flow *f, const char *pointer, const char *word,
                         const char *en, const char *zh) {
    return problem_say(f->store->problem, ERR_CONFLICT,
                       arena_printf(f->store->arena, "/%s", pointer), word, en, zh);
}

static enum err held_by(const struct flow *f, const char *holder, struct held out[HELD_MAX],
                        int *n) {
    struct problem *p = f->store->problem;
    struct stmt *st = db_query(f->store->db, p,
                               "SELECT id,pool_entity,pool,what,field,state,amount,exceeded"
                               " FROM core_reservation WHERE holder=$1 AND state<>'released'",
                               "t", holder);
    *n = 0;
    enum err e = ERR_OK;
    while (stmt_next(st, &e, p)) {
        struct held *h = &out[*n];
        const char *state;
        if (*n == HELD_MAX) {
            stmt_reset(st);
            return problem_set(p, ERR_INTERNAL, "a record holds more than %d", HELD_MAX);
        }
        stmt_take(st, f->store->arena, "ttttttii", &h->id, &h->pool_entity, &h->pool, &h->what,
                  &h->field, &state, &h->amount, &h->exceeded);
        for (h->stage = RESERVED; h->stage < SETTLED && strcmp(STAGE[h->stage], state);) h->stage++;
        ++*n;
    }
    return e;
}

// Moves a pool's totals if no more than `most` is held then, and the fields of it that show them.
// line: the pool's record, or NULL: it is read if it is needed.
static enum err shift(const struct flow *f, const struct record *r, const struct held *h,
                      struct record *line, const int64_t by[STAGES], int64_t most, bool *fits) {
    struct store *s = f->store;
    struct record own;
    int64_t n = 0, more = by[0] + by[1] + by[2], room;
    if (__builtin_sub_overflow(most, more, &room)) room = more > 0 ? INT64_MIN : INT64_MAX;
    enum err e = db_run(s->db, s->problem, &n,
                        "UPDATE core_pool SET reserved=reserved+$1, committed=committed+$2,"
                        " settled=settled+$3 WHERE pool=$4 AND what=$5"
                        " AND reserved+committed+settled<=$6",
                        "iiitti", by[0], by[1], by[2], h->pool, h->what, room);
    *fits = n == 1;
    if (e || !*fits) return e;
    if (!line) {
        const struct schema *schema = r->entity->plugin->schema;
        const struct entity *pe =
            schema_entity_full(schema, h->pool_entity, strlen(h->pool_entity));
        if (!pe || !pe->feeds) return ERR_OK;
        e = store_get(s, pe, h->pool, line = &own);
        if (e) return e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    const struct field *limit = entity_field(line->entity, h->what);
    return line->entity->feeds && limit ? derive_feed(s, line, limit, by) : ERR_OK;
}

static enum err give_back(const struct flow *f, const struct record *r, const struct held *h,
                          bool tell) {
    int64_t by[STAGES] = {0};
    bool fits;
    by[h->stage] = -h->amount;
    enum err e = shift(f, r, h, NULL, by, INT64_MAX, &fits);
    if (!e)
        e = db_send(f->store->db, f->store->problem,
                    "UPDATE core_reservation SET state='released', changed_at=$1 WHERE id=$2", "it",
                    f->now, h->id);
    if (!e && tell) e = flow_tell(f, "reservation.released", h->pool_entity, h->pool, 0, NULL);
    return e;
}

// How much may be taken of a pool whose limit field says so much.
static int64_t most(const struct flow *f, const struct reserve_decl *d, const struct value *field) {
    const char *v = d->overbook_key && f->policy ? policy_value(f->policy, d->overbook_key) : NULL;
    int64_t over = d->overbook, limit = value_is_null(field) ? 0 : field->i;
    if (v && !text_to_scaled(v, strlen(v), d->percent ? 4 : d->limit->scale, &over)) over = 0;
    if (v && d->percent) { // a percent is scaled by 4
        int64_t rest = limit % 1000000 * over / 1000000;
        if (__builtin_mul_overflow(limit / 1000000, over, &over)) return INT64_MAX;
        over += rest;
    }
    return __builtin_add_overflow(limit, over, &limit) ? INT64_MAX : limit;
}

// "refuse", "warn" or "ask:ROLE".
static const char *exceeds(const struct flow *f, const struct reserve_decl *d) {
    const char *v = d->exceed_key && f->policy ? policy_value(f->policy, d->exceed_key) : NULL;
    if (d->exceed_key)
        return v && *v == '"' ? arena_strndup(f->store->arena, v + 1, strlen(v) - 2) : "refuse";
    return d->exceed ? d->exceed : "refuse";
}

// Takes more of a pool. Beyond what is left, where that may be: h->exceeded is by how much, *asks
// the role that signs for it; asks NULL: nobody can be asked any more.
static enum err draw(const struct flow *f, const struct reserve_decl *d, const struct record *r,
                     struct held *h, const int64_t by[STAGES], const char **asks) {
    struct store *s = f->store;
    struct record line;
    bool fits;
    enum err e = store_get(s, d->pool->target, h->pool, &line);
    if (e == ERR_NOT_FOUND)
        return conflict(f, h->field, "pool_gone", "there is no such record any more",
                        "该记录已不存在");
    if (e) return e;
    int64_t cap = most(f, d, &line.values[d->limit->index]), held = 0, over;
    int64_t more = by[0] + by[1] + by[2];
    e = shift(f, r, h, &line, by, cap, &fits);
    if (e || fits) return e;
    const char *how = exceeds(f, d);
    bool asked = !strncmp(how, "ask:", 4);
    if (strcmp(how, "refuse") && (!asked || asks)) e = shift(f, r, h, &line, by, INT64_MAX, &fits);
    if (!e && !fits) e = conflict(f, h->field, "pool_full", "too little is left", "名额或额度不足");
    if (!e) e = reserve_total(s->db, h->pool, h->what, &held, s->problem);
    if (e) return e;
    if (__builtin_sub_overflow(held, cap, &over) || over > more) over = more;
    h->exceeded += over;
    if (asked) *asks = how + strlen("ask:");
    return flow_tell(f, "reservation.exceeded", h->pool_entity, h->pool, 0, NULL);
}

static enum err amount_of(const struct flow *f, const struct reserve_decl *d,
                          const struct value *after, int64_t *amount) {
    const struct field *af = d->amount_field;
    *amount = af ? after[af->index].i : d->amount;
    if (!af || (!value_is_null(&after[af->index]) && *amount > 0)) return ERR_OK;
    return problem_add(f->store->problem, ERR_INVALID,
                       arena_printf(f->store->arena, "/%s", af->name), "required",
                       "must be more than nothing: so much is reserved");
}

static enum err take(const struct flow *f, const struct reserve_decl *d, const struct record *r,
                     const struct value *after, const struct field **exceeded) {
    struct store *s = f->store;
    const struct value *ref = &after[d->pool->index];
    const char *asks = "";
    if (value_is_null(ref))
        return problem_add(s->problem, ERR_INVALID, arena_printf(s->arena, "/%s", d->pool->name),
                           "required", "must be filled: something is reserved there");
    char *id = arena_alloc(s->arena, ID_LEN + 1);
    id_new(id);
    struct held h = {.id = id,
                     .pool_entity = d->pool->target->full,
                     .pool = arena_strndup(s->arena, ref->p, ref->n),
                     .what = d->limit->name,
                     .field = d->pool->name};
    enum err e = amount_of(f, d, after, &h.amount);
    // the row is there before it is asked, so that one statement takes and checks
    if (!e)
        e = db_send(s->db, s->problem,
                    "INSERT INTO core_pool(pool,what,reserved,committed) VALUES($1,$2,0,0)"
                    " ON CONFLICT(pool,what) DO NOTHING",
                    "tt", h.pool, h.what);
    if (!e) e = draw(f, d, r, &h, (int64_t[STAGES]){h.amount}, &asks);
    if (e) return e;
    if (h.exceeded) *exceeded = d->pool;
    return db_send(
        s->db, s->problem,
        "INSERT INTO core_reservation(id,pool_entity,pool,what,entity,holder,field,amount,"
        "state,at,changed_at,actor,exceeded,asks)"
        " VALUES($1,$2,$3,$4,$5,$6,$7,$8,'reserved',$9,$9,$10,$11,$12)",
        "tttttttiitit", h.id, h.pool_entity, h.pool, h.what, r->entity->full, r->id, h.field,
        h.amount, f->now, f->actor, h.exceeded, asks);
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

// Committed or settled, as what it came to in the end: more only as far as there is more.
static enum err advance(const struct flow *f, const struct record *r, struct held *h, enum stage to,
                        const struct value *after, const struct field **exceeded) {
    const struct reserve_decl *d = decl_of(r->entity, h);
    int64_t by[STAGES] = {0}, amount = h->amount, before = h->exceeded;
    bool fits;
    enum err e = d && d->amount_field ? amount_of(f, d, after, &amount) : ERR_OK;
    if (to < h->stage) to = h->stage;
    if (e || (to == h->stage && amount == h->amount)) return e;
    by[h->stage] = -h->amount;
    by[to] += amount;
    if (amount > h->amount)
        e = draw(f, d, r, h, by, NULL);
    else
        e = shift(f, r, h, NULL, by, INT64_MAX, &fits);
    if (h->exceeded > before) *exceeded = d->pool;
    if (!e)
        e = db_send(f->store->db, f->store->problem,
                    "UPDATE core_reservation SET state=$1, amount=$2, exceeded=$3, changed_at=$4"
                    " WHERE id=$5",
                    "tiiit", STAGE[to], amount, h->exceeded, f->now, h->id);
    if (e || amount >= h->amount) return e;
    return flow_tell(f, "reservation.released", h->pool_entity, h->pool, 0, NULL);
}

// Whether a transition reserves anew what is held.
static bool takes_again(const struct transition *t, const struct held *h) {
    const struct reserve_decl *d = t->reserve;
    while (d && (strcmp(d->pool->name, h->field) || strcmp(d->limit->name, h->what))) d = d->also;
    return d;
}

// One that may be left out, and is: no pool is named, or nothing is wanted of it.
static bool left_out(const struct reserve_decl *d, const struct value *after) {
    const struct value *amount = d->amount_field ? &after[d->amount_field->index] : NULL;
    return d->optional && (value_is_null(&after[d->pool->index]) ||
                           (amount && (value_is_null(amount) || !amount->i)));
}

enum err reserve_move(const struct flow *f, const struct transition *t, const struct record *r,
                      const struct value *after, const struct field **exceeded) {
    struct held held[HELD_MAX];
    enum stage to = t->settle ? SETTLED : t->commit ? COMMITTED : RESERVED;
    int n = 0;
    *exceeded = NULL;
    enum err e = held_by(f, r->id, held, &n);
    if (!e && !n && to)
        e = conflict(f, "state", "nothing_held", "it holds no reservation", "未占用名额或额度");
    for (int i = 0; i < n && !e; i++) {
        struct held *h = &held[i];
        bool anew = takes_again(t, h);
        bool away = moves_away(r->entity, h, after);
        if (t->release || anew)
            e = give_back(f, r, h, t->release && !(anew && !away));
        else if (away && (!to || moves_pool(r->entity, h, after)))
            e = conflict(f, h->field, "reserved", "it holds a reservation here",
                         "已占用名额或额度，须先释放");
        else if (to)
            e = advance(f, r, h, to, after, exceeded);
    }
    for (const struct reserve_decl *d = t->reserve; d && !e; d = d->also)
        if (!left_out(d, after)) e = take(f, d, r, after, exceeded);
    return e;
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
        const struct value *v = &after[d->limit->index], *was = &r->values[d->limit->index];
        int64_t used = 0, cap = deleted ? 0 : most(f, d, v);
        if (!deleted && (value_equal(v, was) || cap >= most(f, d, was))) continue;
        e = reserve_total(f->store->db, r->id, d->limit->name, &used, f->store->problem);
        if (!e && used > cap)
            e = conflict(f, d->limit->name, "reserved", "more than that is reserved already",
                         "已占用的名额或额度多于此数");
    }
    return e;
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
        int64_t held[STAGES] = {0};
        struct stmt *st = db_query(f->store->db, f->store->problem,
                                   "SELECT reserved,committed,settled FROM core_pool"
                                   " WHERE pool=$1 AND what=$2",
                                   "tt", r->id, d->limit->name);
        if (stmt_next(st, &e, f->store->problem)) {
            stmt_take(st, f->store->arena, "iii", &held[0], &held[1], &held[2]);
            stmt_reset(st);
        }
        const struct value *v = &r->values[d->limit->index];
        int64_t limit = value_is_null(v) ? 0 : v->i, cap = most(f, d, v);
        int scale = d->limit->scale;
        json_key(out, d->limit->name), buf_putc(out, '{');
        json_kv_scaled(out, "limit", limit, scale);
        json_kv_scaled(out, "most", cap, scale);
        for (int i = 0; i < STAGES; i++) json_kv_scaled(out, STAGE[i], held[i], scale);
        json_kv_scaled(out, "left", cap - held[0] - held[1] - held[2], scale);
        buf_putc(out, '}');
    }
    buf_puts(out, "},");
    return e;
}

struct item {
    const char *pool_entity, *pool, *what, *entity, *holder, *field, *state, *asks;
    int64_t amount, at, exceeded;
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
    int scale = d && d->limit ? d->limit->scale : 0;
    if (d && (!d->amount_field || view(self, holder, it->holder, d->amount_field)))
        json_kv_scaled(out, "amount", it->amount, scale);
    if (d && it->exceeded && (!d->amount_field || view(self, holder, it->holder, d->amount_field)))
        json_kv_scaled(out, "exceeded", it->exceeded, scale);
    if (*it->asks) json_kv_str(out, "asks", it->asks);
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
                     "SELECT pool_entity,pool,what,entity,holder,field,state,asks,amount,"
                     "at,exceeded FROM core_reservation"
                     " WHERE (pool=$1 AND state<>'released') OR holder=$1 ORDER BY at DESC, id "
                     "DESC LIMIT $2",
                     "ti", r->id, (int64_t)limit + 1);
    for (; stmt_next(st, &e, p); n++) { // one more than the limit at most
        struct item *it = &items[n];
        stmt_take(st, a, "ttttttttiii", &it->pool_entity, &it->pool, &it->what, &it->entity,
                  &it->holder, &it->field, &it->state, &it->asks, &it->amount, &it->at,
                  &it->exceeded);
    }
    buf_puts(out, "\"items\":[");
    for (int i = 0; i < n && i < limit && !e; i++) item_json(f, schema, &items[i], view, self, out);
    buf_putc(out, ']');
    json_kv_bool(out, "more", n > limit);
    buf_putc(out, '}');
    return e;
}

enum err reserve_check(struct db *db, int64_t *pools, int64_t *wrong, struct problem *p) {
#define HELD(stage)                                                                                \
    "p." stage "<>(SELECT coalesce(sum(r.amount),0) FROM core_reservation r WHERE r.pool=p.pool"   \
    " AND r.what=p.what AND r.state='" stage "')"
    enum err e = db_int(db, p, pools, 0, "SELECT count(*) FROM core_pool", "");
    return e ? e
             : db_int(db, p, wrong, 0,
                      "SELECT count(*) FROM core_pool p WHERE " HELD("reserved") " OR " HELD(
                          "committed") " OR " HELD("settled"),
                      "");
#undef HELD
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
                  "SELECT reserved+committed+settled FROM core_pool WHERE pool=$1 AND what=$2",
                  "tt", pool, limit);
}

enum err reserve_asks(struct store *s, const char *holder, const char *roles[RESERVE_ASKS],
                      int *n) {
    struct stmt *st = db_query(s->db, s->problem,
                               "SELECT DISTINCT asks FROM core_reservation WHERE holder=$1"
                               " AND state='reserved' AND asks<>'' ORDER BY asks",
                               "t", holder);
    enum err e = ERR_OK;
    for (*n = 0; stmt_next(st, &e, s->problem) && *n < RESERVE_ASKS;)
        stmt_take(st, s->arena, "t", &roles[(*n)++]);
    stmt_reset(st);
    return e;
}
