// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Postings: numbered without a gap, balanced for each item, never below the floor of an account.
// The balances are a kept report over the entries, moved by the same transaction.
#include "campus/ledger.h"

#include <string.h>
#include "campus/limits.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "gate/gate_internal.h"

struct entry {
    const char *account, *item, *place; // item, place: or NULL
    int64_t amount;
    const char *pointer; // what it came from
};
struct posting {
    const struct entity *ledger;
    const char *day, *source, *act, *text, *reverses, *number;
    struct entry *entries;
    int n;
};

static bool same(const char *a, const char *b) {
    return a == b || (a && b && !strcmp(a, b));
}

static enum err add_entry(struct gate *g, struct posting *p, const struct entry *x) {
    if (!x->amount) return ERR_OK;
    if (x->amount < -INT64_MAX) // it could not be taken back
        return problem_say(g->store.problem, ERR_INVALID, x->pointer, "out_of_range", "too much",
                           "数值过大");
    if (p->n == LIMIT_POSTING_ENTRIES)
        return problem_say(
            g->store.problem, ERR_INVALID, x->pointer, "too_many",
            arena_printf(g->store.arena, "a posting has at most %d entries", LIMIT_POSTING_ENTRIES),
            arena_printf(g->store.arena, "一笔记账最多 %d 条分录", LIMIT_POSTING_ENTRIES));
    if (!p->entries)
        p->entries = arena_alloc(g->store.arena, sizeof *p->entries * LIMIT_POSTING_ENTRIES);
    p->entries[p->n++] = *x;
    return ERR_OK;
}

static enum err balanced(struct gate *g, const struct posting *p) {
    for (int i = 0; i < p->n; i++) {
        int64_t sum = 0;
        bool seen = false, over = false;
        for (int k = 0; k < i; k++) seen |= same(p->entries[k].item, p->entries[i].item);
        for (int k = i; k < p->n && !seen; k++)
            if (same(p->entries[k].item, p->entries[i].item))
                over |= __builtin_add_overflow(sum, p->entries[k].amount, &sum);
        if (over || sum)
            return problem_say(g->store.problem, ERR_INVALID, p->entries[i].pointer, "unbalanced",
                               "what it posts does not sum to nothing", "分录借贷不平");
    }
    return ERR_OK;
}

static void put(struct input *in, const struct field *f, const char *text) {
    if (f && text) input_put(in, f, value_text(text));
}

static enum err write_entry(struct gate *g, const struct posting *p, const struct entry *x,
                            struct record *r) {
    const struct ledger_decl *l = p->ledger->ledger;
    size_t n = sizeof(struct value) * (size_t)(p->ledger->nfields + 1);
    struct input in = {.values = arena_alloc(g->store.arena, n)};
    put(&in, l->number, p->number), put(&in, l->day, p->day), put(&in, l->account, x->account);
    put(&in, l->item, x->item), put(&in, l->place, x->place), put(&in, l->source, p->source);
    put(&in, l->act, p->act), put(&in, l->text, p->text), put(&in, l->reverses, p->reverses);
    input_put(&in, l->amount, value_int(x->amount));
    return store_insert(&g->store, p->ledger, &in, g->actor->id, g->now, 0, r);
}

static enum err above_floor(struct gate *g, const struct posting *p, const struct entry *x,
                            const struct record *r) {
    const struct ledger_decl *l = p->ledger->ledger;
    const struct choice *c = l->account->choices;
    int i = 0;
    int64_t have;
    while (i < l->account->nchoices && strcmp(c[i].name, x->account)) i++;
    if (i == l->account->nchoices || !l->floored[i] || x->amount > 0) return ERR_OK;
    enum err e = counter_sum(&g->store, l->balance, r, &have);
    if (e || have >= l->floor[i]) return e;
    return problem_say(
        g->store.problem, ERR_CONFLICT, x->pointer, "below_floor",
        arena_printf(g->store.arena, "too little is left on %s",
                     title_in(&c[i].title, LANG_EN, c[i].name)),
        arena_printf(g->store.arena, "%s余额不足", title_in(&c[i].title, LANG_ZH, c[i].name)));
}

// Writes it all; first: its first entry. p->number stays NULL when every amount was nothing.
static enum err write_all(struct gate *g, struct posting *p, struct record *first) {
    struct record *r = arena_alloc(g->store.arena, sizeof *r * (size_t)(p->n + 1));
    enum err e = balanced(g, p);
    if (e || !p->n) return e;
    e = gate_number(g, arena_printf(g->store.arena, "%s:number", p->ledger->full),
                    p->ledger->ledger->format, &p->number);
    for (int i = 0; i < p->n && !e; i++) e = write_entry(g, p, &p->entries[i], &r[i]);
    for (int i = 0; i < p->n && !e; i++) e = above_floor(g, p, &p->entries[i], &r[i]);
    *first = r[0];
    return e;
}

static const char *field_text(struct gate *g, const struct field *f, const struct value *values) {
    if (!f || values[f->index].kind != VALUE_TEXT) return NULL;
    return arena_strndup(g->store.arena, values[f->index].p, values[f->index].n);
}

// What a part of an entry is of this record, or of this line of its list.
static const char *part_text(struct gate *g, const struct post_part *part, const struct record *r,
                             const json_t *line) {
    if (!part->field) return part->word;
    if (part->of_line)
        return arena_strdup(g->store.arena,
                            json_string_value(json_object_get(line, part->field->name)));
    return field_text(g, part->field, r->values);
}

static int64_t part_amount(const struct post_part *part, const struct record *r,
                           const json_t *line) {
    int64_t v = 0;
    if (!part->of_line)
        return value_is_null(&r->values[part->field->index]) ? 0 : r->values[part->field->index].i;
    const json_t *cell = json_object_get(line, part->field->name);
    const char *s = json_string_value(cell);
    if (json_is_integer(cell) && !part->field->scale) return json_integer_value(cell);
    return s && text_to_scaled(s, strlen(s), part->field->scale, &v) ? v : 0;
}

static enum err one(struct gate *g, struct posting *p, const struct post_line *l,
                    const struct record *r, const json_t *line, size_t i) {
    struct arena *a = g->store.arena;
    const struct post_part *parts[] = {&l->account, &l->item};
    const char *at = l->list ? arena_printf(a, "/%s/%zu", l->list->name, i) : "";
    struct entry x = {
        .account = part_text(g, &l->account, r, line),
        .item = part_text(g, &l->item, r, line),
        .place = part_text(g, &l->place, r, line),
        .amount = part_amount(&l->amount, r, line),
        .pointer = arena_printf(a, "%s/%s", l->amount.of_line ? at : "", l->amount.field->name)};
    if (l->minus && __builtin_sub_overflow(0, x.amount, &x.amount)) x.amount = INT64_MAX;
    for (int k = 0; k < 2 && x.amount; k++)
        if (parts[k]->field && !(k ? x.item : x.account))
            return problem_say(
                g->store.problem, ERR_INVALID,
                arena_printf(a, "%s/%s", parts[k]->of_line ? at : "", parts[k]->field->name),
                "required", "must be filled: it is posted there", "记账需要，必须填写");
    return add_entry(g, p, &x);
}

static enum err gather(struct gate *g, const struct post_decl *d, const struct record *r,
                       struct posting *p) {
    enum err e = ERR_OK;
    for (int i = 0; i < d->nlines && !e; i++) {
        const struct post_line *l = &d->lines[i];
        json_t *lines = NULL, *line;
        size_t k;
        if (!l->list) {
            e = one(g, p, l, r, NULL, 0);
            continue;
        }
        struct value v = r->values[l->list->index];
        if (v.kind == VALUE_JSON)
            e = json_parse(g->store.arena, v.p, v.n, &lines, g->store.problem);
        json_array_foreach(lines, k, line) if (!e) e = one(g, p, l, r, line, k);
    }
    return e;
}

// The entries of a posting with their signs turned.
static enum err turned(struct gate *g, struct posting *p, const char *number) {
    struct store *s = &g->store;
    const struct ledger_decl *l = p->ledger->ledger;
    int64_t n = 0;
    enum err e = db_int(
        s->db, s->problem, &n, 0,
        arena_printf(s->arena, "SELECT count(*) FROM %s WHERE f_reverses=$1", p->ledger->table),
        "t", number);
    if (!e && n)
        e = problem_say(g->store.problem, ERR_CONFLICT, "/reverses", "reversed",
                        "it is reversed already", "该笔记账已冲销");
    if (e) return e;
    const char *sql = arena_printf(
        s->arena, "SELECT f_account,%s,%s,f_amount FROM %s WHERE f_number=$1 ORDER BY n",
        l->item ? "f_item" : "NULL", l->place ? "f_place" : "NULL", p->ledger->table);
    struct stmt *st = db_query(s->db, s->problem, sql, "t", number);
    while (stmt_next(st, &e, s->problem)) {
        struct entry x = {.pointer = "/reverses"};
        stmt_take(st, s->arena, "ttti", &x.account, &x.item, &x.place, &x.amount);
        if (x.item && !*x.item) x.item = NULL;
        if (x.place && !*x.place) x.place = NULL;
        x.amount = -x.amount;
        e = add_entry(g, p, &x);
    }
    p->reverses = number;
    if (!e && !p->n)
        e = problem_say(g->store.problem, ERR_CONFLICT, "/reverses", "nothing_posted",
                        "there is no such posting", "没有这笔记账");
    return e;
}

// Takes back what a transition of this record has posted last.
static enum err take_back(struct gate *g, const char *act, struct posting *p) {
    struct store *s = &g->store;
    const char *t = p->ledger->table;
    struct stmt *st =
        db_query(s->db, s->problem,
                 arena_printf(s->arena,
                              "SELECT t.f_number FROM %s t WHERE t.f_source=$1 AND t.f_act=$2 AND"
                              " t.f_reverses IS NULL AND NOT EXISTS(SELECT 1 FROM %s x WHERE"
                              " x.f_reverses=t.f_number) ORDER BY t.n DESC LIMIT 1",
                              t, t),
                 "tt", p->source, act);
    enum err e = stmt_first(st, s->problem);
    if (e == ERR_NOT_FOUND)
        return problem_say(g->store.problem, ERR_CONFLICT, "/state", "nothing_posted",
                           "nothing was posted for it", "没有可冲销的记账");
    if (e) return e;
    const char *number = arena_strdup(s->arena, stmt_text(st, 0, NULL));
    stmt_reset(st);
    return turned(g, p, number);
}

enum err ledger_transition(struct gate *g, const struct record *r, const struct transition *t) {
    const struct post_decl *d = t->post;
    if (!d) return ERR_OK;
    struct arena *a = g->store.arena;
    const struct entity *e = r->entity;
    const char *day = field_text(g, d->day, r->values), *text = field_text(g, d->text, r->values);
    struct posting p = {.ledger = d->ledger,
                        .day = day ? day : g->today,
                        .source = gate_object(g, e, r->id),
                        .act = t->name,
                        .text =
                            text ? text
                                 : arena_printf(a, "%s · %s", title_in(&e->title, LANG_ZH, e->name),
                                                title_in(&t->title, LANG_ZH, t->name))};
    struct record first;
    enum err err = d->reverses ? take_back(g, d->reverses, &p) : gather(g, d, r, &p);
    if (!err) err = write_all(g, &p, &first);
    if (err || !p.number) return err;
    gate_record(g, "post", gate_object(g, p.ledger, first.id), "ok", "");
    return gate_publish(g, &first, "posted");
}

// An entry as an action says it, and whether its caller may.
static enum err said(struct gate *g, struct posting *p, const json_t *j, size_t i) {
    const struct ledger_decl *l = p->ledger->ledger;
    struct arena *a = g->store.arena;
    struct input in;
    struct verdict v;
    enum err e =
        input_parse(a, p->ledger, j, true, g->actor->id, g->now, g->today, &in, g->store.problem);
    if (e) return e;
    struct record r = {.entity = p->ledger,
                       .id = "",
                       .state = -1,
                       .values = in.values,
                       .created_by = g->actor->id,
                       .updated_by = g->actor->id,
                       .owner = ""};
    access_decide(g->release->access, g->actor, p->ledger, "post", &r, &v);
    if (!v.allowed) return problem_set(g->store.problem, ERR_FORBIDDEN, NULL);
    struct entry x = {.account = field_text(g, l->account, in.values),
                      .item = field_text(g, l->item, in.values),
                      .place = field_text(g, l->place, in.values),
                      .amount = in.values[l->amount->index].i,
                      .pointer = arena_printf(a, "/entries/%zu/amount", i)};
    return add_entry(g, p, &x);
}

static enum err from_body(struct gate *g, struct posting *p, const json_t *body) {
    const char *back = json_string_value(json_object_get(body, "reverses"));
    const json_t *entries = json_object_get(body, "entries"), *j;
    struct record none = {.entity = p->ledger, .id = "", .state = -1, .owner = ""};
    struct verdict v;
    enum err e = ERR_OK;
    size_t i;
    if (!text_is_date(p->day, strlen(p->day)))
        return problem_say(g->store.problem, ERR_INVALID, "/day", "type", "must be a date",
                           "必须是日期");
    json_array_foreach((json_t *)entries, i, j) if (!e) e = said(g, p, j, i);
    if (e || !back) return e;
    size_t n = sizeof(struct value) * (size_t)(p->ledger->nfields + 1);
    none.values = arena_alloc(g->store.arena, n);
    access_decide(g->release->access, g->actor, p->ledger, "post", &none, &v);
    if (!v.allowed) return problem_set(g->store.problem, ERR_FORBIDDEN, NULL);
    return turned(g, p, arena_strdup(g->store.arena, back));
}

enum err ledger_post(struct gate *g, const struct entity *ledger, const json_t *body,
                     const char *source, struct buf *out) {
    struct act a;
    struct record first;
    const char *day = json_string_value(json_object_get(body, "day"));
    struct posting p = {
        .ledger = ledger,
        .day = day ? arena_strdup(g->store.arena, day) : g->today,
        .source = source,
        .act = "post",
        .text = arena_strdup(g->store.arena, json_string_value(json_object_get(body, "text")))};
    enum err e = gate_act_begin(&a, g, ledger, "post", "");
    if (e) return e;
    e = from_body(g, &p, body);
    if (!e) e = write_all(g, &p, &first);
    if (!e && !p.number)
        e = problem_say(g->store.problem, ERR_INVALID, "/entries", "required",
                        "there is nothing to post", "没有可记的分录");
    a.record = &first;
    e = gate_act_end(&a, e, "posted");
    if (e) return e;
    buf_puts(out, "{\"number\":"), json_cstr(out, p.number), buf_putc(out, '}');
    return ERR_OK;
}

enum err ledger_check(struct db *db, struct arena *a, const struct entity *ledger,
                      int64_t *postings, int64_t *wrong, struct problem *p) {
    const char *t = ledger->table, *item = ledger->ledger->item ? ",f_item" : "";
    const char *sql[] = {
        arena_printf(a, "SELECT count(DISTINCT f_number) FROM %s", t),
        arena_printf(a,
                     "SELECT count(*) FROM (SELECT f_number FROM %s GROUP BY f_number%s"
                     " HAVING SUM(f_amount)<>0) x",
                     t, item),
        arena_printf(a, "SELECT count(*) FROM %s WHERE rev<>1 OR archived_at<>0", t),
        arena_printf(a,
                     "SELECT CAST(COALESCE(SUM(last),0) AS BIGINT) FROM core_register"
                     " WHERE name='%s:number'",
                     ledger->full)};
    int64_t n[4] = {0};
    enum err e = ERR_OK;
    for (int i = 0; i < 4 && !e; i++) e = db_int(db, p, &n[i], 0, sql[i], "");
    *postings = n[0];
    *wrong = n[1] + n[2] + (n[3] > n[0] ? n[3] - n[0] : n[0] - n[3]);
    return e;
}
