// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Replays stored decisions in pages, half of each by either core; one decision is one rule call, as
// it is live.
#include "campus/lab.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "campus/mem.h"
#include "policy/policy_internal.h"

enum { PAGE = 500, TOGETHER = 25 };
struct past {
    const char *id, *entity, *record, *rule, *as_of, *owner;
    int64_t at;
    bool pass;
    const uint8_t *blob;
    size_t n;
};

// The next page of one rule's decisions, along the index on (rule, at).
static enum err read_page(struct store *s, const char *rule, int64_t at, const char *after,
                          struct past *page, size_t *n) {
    struct stmt *st =
        db_query(s->db, s->problem,
                 "SELECT id,entity,record,rule,as_of,owner,at,pass,sealed FROM core_decision"
                 " WHERE rule=$1 AND at>=$2 AND (at>$3 OR id>$4) ORDER BY at,id LIMIT 500",
                 "tiit", rule, at, at, after);
    enum err e = ERR_OK;
    for (*n = 0; stmt_next(st, &e, s->problem); ++*n) {
        struct past *d = &page[*n];
        stmt_take(st, s->arena, "tttttti?b", &d->id, &d->entity, &d->record, &d->rule, &d->as_of,
                  &d->owner, &d->at, &d->pass, &d->blob, &d->n);
    }
    return e;
}

static struct value value_of(struct arena *a, const json_t *j) {
    struct buf b;
    switch (json_typeof(j)) {
    case JSON_NULL: return value_null();
    case JSON_TRUE:
    case JSON_FALSE: return value_bool(json_is_true(j));
    case JSON_INTEGER: return value_int(json_integer_value(j));
    case JSON_STRING: return value_textn(json_string_value(j), json_string_length(j));
    default:
        buf_init(&b, a);
        json_dom(&b, j);
        return (struct value){.kind = VALUE_JSON, .p = buf_str(&b), .n = b.len};
    }
}

static void line_of(const struct past *d, const json_t *then, const struct host_decision *now,
                    const char *error, struct buf *b) {
    buf_putc(b, '{');
    json_kv_str(b, "decision", d->id);
    json_kv_str(b, "entity", d->entity);
    json_kv_str(b, "record", d->record);
    json_kv_str(b, "rule", d->rule);
    json_kv_time(b, "at", d->at);
    json_kv_bool(b, "was", d->pass);
    if (error)
        json_kv_str(b, "error", error);
    else {
        json_kv_bool(b, "now", now->pass);
        json_key(b, "reasons"), buf_putc(b, '[');
        size_t i;
        json_t *r;
        if (now->pass) json_array_foreach(json_object_get(then, "reasons"), i, r) {
                if (json_is_false(json_object_get(r, "ok")))
                    json_sep(b), json_cstr(b, json_string_value(json_object_get(r, "code")));
            }
        else
            for (i = 0; i < now->count; i++)
                if (!now->reasons[i].ok) json_sep(b), json_cstr(b, now->reasons[i].code);
        buf_putc(b, ']');
    }
    buf_putc(b, '}');
}

// What is asked again of one decision. *then stays NULL where the person is erased.
static enum err recall(struct store *s, const struct lab *lab, const struct past *d, json_t **then,
                       struct host_rule *call) {
    *then = NULL;
    enum err e = decision_open(s, d->id, d->owner, d->blob, d->n, then);
    if (e) *then = NULL;
    if (e) return e == ERR_NOT_FOUND ? ERR_OK : e;
    const json_t *inputs = json_object_get(*then, "inputs"),
                 *scales = json_object_get(*then, "scales");
    struct host_field *f = arena_alloc(s->arena, sizeof *f * (json_object_size(inputs) + 1));
    size_t n = 0;
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)inputs, key, v) f[n++] = (struct host_field){
        key, value_of(s->arena, v), (int)json_integer_value(json_object_get(scales, key))};
    const struct policy_revision *rev = lab->policy ? policy_at(lab->policy, d->as_of) : NULL;
    *call = (struct host_rule){.plugin = lab->plugin,
                               .rule = d->rule + strlen(lab->plugin) + 1,
                               .revision = rev ? rev->id : 0,
                               .as_of = d->as_of,
                               .fields = f,
                               .count = n};
    return ERR_OK;
}

static enum err judge(struct store *s, const struct past *d, const json_t *then,
                      const struct host_decision *now, const char *error,
                      enum err (*fn)(void *, const char *, size_t), void *self,
                      struct lab_totals *t) {
    struct buf line;
    buf_init(&line, s->arena);
    t->replayed++;
    if (error)
        t->failed++;
    else if (now->pass == d->pass)
        return ERR_OK;
    else
        t->flipped++, now->pass ? t->to_pass++ : t->to_fail++;
    line_of(d, then, now, error, &line);
    return fn(self, buf_str(&line), line.len);
}

// A few decisions in one message; where that fails, one by one, so that only the guilty one fails.
static enum err replay_some(struct store *s, const struct lab *lab, const struct past *past,
                            size_t n, enum err (*fn)(void *, const char *, size_t), void *self,
                            struct lab_totals *t) {
    struct host_rule calls[TOGETHER];
    struct host_decision now[TOGETHER];
    const char *errors[TOGETHER];
    const struct past *of[TOGETHER];
    json_t *then[TOGETHER];
    size_t k = 0;
    struct problem p;
    problem_init(&p, s->arena);
    for (size_t i = 0; i < n; i++) {
        enum err e = recall(s, lab, &past[i], &then[k], &calls[k]);
        if (e) return e;
        if (then[k])
            of[k++] = &past[i];
        else
            t->erased++;
    }
    if (!k) return ERR_OK;
    bool together = !pool_rules(lab->pool, calls, k, s->arena, now, errors, &p);
    for (size_t i = 0; i < k; i++) {
        enum err e = ERR_OK;
        problem_init(&p, s->arena);
        if (!together) {
            e = pool_rule(lab->pool, &calls[i], s->arena, &now[i], &p);
            if (e == ERR_UNAVAILABLE) return problem_set(s->problem, e, "no plugin host is free");
            errors[i] = !e ? NULL : p.first ? p.first->detail : p.detail ? p.detail : err_word(e);
        }
        e = judge(s, of[i], then[i], &now[i], errors[i], fn, self, t);
        if (e) return e;
    }
    return ERR_OK;
}

// The next rule of the plugin that has decisions, NULL when there is none.
static enum err next_rule(struct store *s, const char *plugin, const char *after, char out[128],
                          bool *found) {
    const char *first = *after ? after : arena_printf(s->arena, "%s.", plugin);
    struct stmt *st =
        db_query(s->db, s->problem, "SELECT MIN(rule) FROM core_decision WHERE rule>$1 AND rule<$2",
                 "tt", first, arena_printf(s->arena, "%s/", plugin));
    enum err e = ERR_OK;
    *found = stmt_next(st, &e, s->problem) && !stmt_is_null(st, 0);
    if (*found) snprintf(out, 128, "%s", stmt_text(st, 0, NULL));
    stmt_reset(st);
    return e;
}

// Half a page, with a session, memory and a child of its own, so that two cores are busy.
struct half {
    struct store store;
    struct arena *arena;
    struct problem problem;
    const struct lab *lab;
    const struct past *page;
    size_t n;
    struct lab_totals sum;
    struct buf lines; // of flips, each with its newline
    enum err e;
    pthread_t thread;
};

static enum err keep_line(void *self, const char *line, size_t n) {
    struct half *h = self;
    buf_put(&h->lines, line, n), buf_putc(&h->lines, '\n');
    return h->lines.failed ? ERR_NOMEM : ERR_OK;
}

static void *run_half(void *arg) {
    struct half *h = arg;
    h->lines.len = 0;
    for (size_t i = 0, some; i < h->n && !h->e; i += some) {
        size_t fit = pool_together(h->lab->pool);
        some = h->n - i < TOGETHER ? h->n - i : TOGETHER;
        if (some > fit) some = fit ? fit : 1;
        arena_reset(h->arena);
        h->e = replay_some(&h->store, h->lab, &h->page[i], some, keep_line, h, &h->sum);
        if (h->e && h->problem.detail) // its memory is about to go
            h->problem.detail = NULL;
    }
    return NULL;
}

static enum err half_open(struct half *h, const struct store *caller, const struct lab *lab,
                          bool own_session) {
    *h = (struct half){.store = *caller, .lab = lab, .arena = arena_new(128 << 20)};
    buf_init(&h->lines, NULL);
    if (!h->arena) return ERR_NOMEM;
    problem_init(&h->problem, h->arena);
    h->store.arena = h->arena, h->store.problem = &h->problem;
    return own_session ? db_open(lab->storage, DB_READ, &h->store.db, caller->problem) : ERR_OK;
}

static void half_close(struct half *h, const struct store *caller) {
    if (h->store.db && h->store.db != caller->db) db_close(h->store.db);
    arena_free(h->arena);
    buf_fini(&h->lines);
}

static enum err hand_over(struct half *h, enum err (*fn)(void *, const char *, size_t),
                          void *self) {
    for (const char *at = h->lines.data, *end = at + h->lines.len; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        enum err e = fn(self, at, (size_t)(stop - at));
        if (e) return e;
        at = stop + 1;
    }
    return ERR_OK;
}

// Both halves of a page at once; their flips in the order of the page.
static enum err replay_page(struct half half[2], const struct past *page, size_t n,
                            enum err (*fn)(void *, const char *, size_t), void *self,
                            struct lab_totals *t, struct problem *p) {
    bool alone = half[0].store.db == half[1].store.db;
    half[0].page = page, half[0].n = alone ? n : (n + 1) / 2;
    half[1].page = page + half[0].n, half[1].n = n - half[0].n;
    bool two = half[1].n && !pthread_create(&half[1].thread, NULL, run_half, &half[1]);
    run_half(&half[0]);
    if (two)
        pthread_join(half[1].thread, NULL);
    else
        run_half(&half[1]);
    enum err e = ERR_OK;
    for (int i = 0; i < 2 && !e; i++) {
        e = half[i].e ? problem_set(p, half[i].e, NULL) : hand_over(&half[i], fn, self);
        int64_t *to[] = {&t->replayed, &t->flipped, &t->to_pass,
                         &t->to_fail,  &t->erased,  &t->failed};
        const int64_t from[] = {half[i].sum.replayed, half[i].sum.flipped, half[i].sum.to_pass,
                                half[i].sum.to_fail,  half[i].sum.erased,  half[i].sum.failed};
        for (int k = 0; k < 6; k++) *to[k] += from[k];
        half[i].sum = (struct lab_totals){0};
    }
    return e;
}

enum err lab_replay(struct store *caller, const struct lab *lab,
                    enum err (*fn)(void *self, const char *line, size_t n), void *self,
                    struct lab_totals *t) {
    struct store pages = *caller;
    struct arena *a = arena_new(64 << 20);
    struct past *page = mem_alloc(sizeof *page * PAGE);
    struct half half[2] = {0};
    enum err e = a && page ? ERR_OK : problem_set(caller->problem, ERR_NOMEM, NULL);
    for (int i = 0; i < 2 && !e; i++) e = half_open(&half[i], caller, lab, i && lab->storage);
    pages.arena = a;
    *t = (struct lab_totals){0};
    if (!e)
        e = db_int(pages.db, pages.problem, &t->total, 0,
                   "SELECT COUNT(*) FROM core_decision WHERE rule>$1 AND rule<$2 AND at>=$3", "tti",
                   arena_printf(a, "%s.", lab->plugin), arena_printf(a, "%s/", lab->plugin),
                   lab->since);
    char rule[128] = "";
    for (bool found = true;
         !e && !(e = next_rule(&pages, lab->plugin, rule, rule, &found)) && found;) {
        int64_t at = lab->since;
        char after[64] = "";
        for (size_t n = PAGE; !e && n == PAGE;) {
            arena_reset(a);
            e = read_page(&pages, rule, at, after, page, &n);
            if (!e) e = replay_page(half, page, n, fn, self, t, caller->problem);
            if (!e && lab->progress && !lab->progress(lab->self, t))
                e = problem_set(caller->problem, ERR_CONFLICT, "cancelled");
            if (e || !n || !page) break;
            at = page[n - 1].at;
            snprintf(after, sizeof after, "%s", page[n - 1].id);
        }
    }
    for (int i = 0; i < 2; i++) half_close(&half[i], caller);
    mem_free(page);
    arena_free(a);
    return e;
}
