// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Finding by words. A word counts only in fields that the reader sees in the clear in that record,
// so that what is masked cannot be felt out; the rows are those of any list. Without an order the
// best come first: what stands whole in a field before its beginning, that before its middle.
#include <stdlib.h>
#include <string.h>
#include "campus/mem.h"
#include "campus/search.h"
#include "campus/text.h"
#include "gate/gate_internal.h"

void gate_search(struct gate *g, const struct entity *e, const struct query *q, struct page *page) {
    struct arena *a = g->store.arena;
    if (!q->nwords) return;
    struct search *s = arena_alloc(a, sizeof *s);
    struct search_way *ways = arena_alloc(a, sizeof *ways * (size_t)(e->nsearch + 1));
    int *plain = arena_alloc(a, sizeof *plain * (size_t)(e->nsearch + 1)), nplain = 0;
    *s = (struct search){q->words, q->nwords, ways, 0};
    for (int i = 0; i < e->nsearch; i++) {
        const struct cond *c =
            access_field_filter(g->release->access, g->actor, e, e->search[i], a);
        if (!c || c->op == COND_TRUE)
            plain[nplain++] = e->search[i];
        else if (c->op != COND_FALSE)
            ways[s->nways++] = (struct search_way){&e->search[i], 1, c};
    }
    if (nplain) ways[s->nways++] = (struct search_way){plain, nplain, NULL};
    page->search = s;
}

struct hit {
    const char *id;
    const char *text;
    size_t n;
    int score, place;
    const char *owner; // of a look
};
struct finding {
    struct gate *g;
    const struct query *q;
    const char *asked; // normal form
    size_t asked_n;
    struct hit *hits;
    int n;
    int least; // score of whatever this pass finds
    bool uniform;
    struct verdict verdict;
    struct shown how;
    struct fieldset looks, all_looks;
};

// 3: a field is it, 2: begins with it, 1: holds it, 0: by parts or by pinyin.
static int score(const struct finding *f, const struct record *r) {
    const struct entity *e = r->entity;
    int best = f->least;
    for (int i = 0; i < e->nsearch; i++) {
        const struct value *v = &r->values[e->search[i]];
        size_t n;
        if (v->kind != VALUE_TEXT || !fieldset_has(&f->how.clear, e->search[i])) continue;
        const char *text = text_normal(f->g->store.arena, v->p, v->n, &n);
        const char *at = f->asked_n ? memmem(text, n, f->asked, f->asked_n) : NULL;
        int s = !at ? 0 : n == f->asked_n ? 3 : at == text ? 2 : 1;
        if (s > best) best = s;
    }
    return best;
}

static enum err one(void *self, struct record *r) {
    struct finding *f = self;
    struct gate *g = f->g;
    for (int i = 0; i < f->n; i++)
        if (!strcmp(f->hits[i].id, r->id)) return ERR_OK; // by another pass
    if (!f->uniform) {
        access_decide(g->release->access, g->actor, r->entity, "read", r, &f->verdict);
        f->looks = gate_open_views(r->entity, &f->verdict, &f->q->look, true, &f->how);
    }
    int points = score(f, r);
    struct fieldset open;
    uint64_t seen = 0;
    for (int w = 0; w < FIELDSET_WORDS; w++) {
        open.w[w] = f->how.clear.w[w] | f->how.partial.w[w];
        f->all_looks.w[w] |= f->looks.w[w];
        seen |= f->looks.w[w];
    }
    enum err e = store_unseal(&g->store, r, &open);
    if (e) return e;
    struct buf text;
    buf_init(&text, g->store.arena);
    gate_serialize(g, r, &f->how, &text);
    f->hits[f->n] = (struct hit){.id = arena_strdup(g->store.arena, r->id),
                                 .text = text.data,
                                 .n = text.len,
                                 .score = points,
                                 .place = f->n,
                                 .owner = seen ? arena_strdup(g->store.arena, r->owner) : NULL};
    f->n++;
    return ERR_OK;
}

static int by_score(const void *x, const void *y) {
    const struct hit *a = x, *b = y;
    return a->score != b->score ? b->score - a->score : a->place - b->place;
}

// How digits that were typed may be those of a sealed field: whole (1), its last four (2), not (0).
static int fits(const struct field *f, const char *digits, size_t n) {
    if (!f->sealed || !f->searchable || !f->check) return 0;
    bool ends = !strcmp(f->check, "mobile") || !strcmp(f->check, "cn_id");
    return text_check(f->check, digits, n) ? 1 : ends && n == 4 ? 2 : 0;
}

static enum err pass(struct finding *f, const struct entity *e, struct page *page, int limit) {
    struct value last[ORDER_MAX + 1];
    int nlast;
    bool more;
    page->norder = 1;
    page->order[0] = (struct order){COLUMN_ID, true}; // the newest
    page->limit = limit;
    return store_list(&f->g->store, e, page, one, f, &more, last, &nlast);
}

static enum err by_digits(struct finding *f, const struct entity *e, const struct page *base) {
    struct gate *g = f->g;
    char digits[24];
    size_t n = 0;
    for (const char *s = f->asked; *s && n < sizeof digits - 1; s++) digits[n++] = *s;
    digits[n] = 0;
    if (n < 4 || strspn(digits, "0123456789") < (n == 18 ? 17 : n)) return ERR_OK;
    if (n == 18 && digits[17] == 'x') digits[17] = 'X';
    struct fieldset searched = {0};
    bool any = false;
    for (int i = 0; i < e->nfields; i++) {
        const struct field *field = &e->fields[i];
        int how = fits(field, digits, n);
        const struct cond *may =
            how ? access_search_filter(g->release->access, g->actor, e, i, g->store.arena) : NULL;
        if (!how || (may && may->op == COND_FALSE)) continue;
        struct page page = *base;
        page.search = NULL;
        page.blind_field = i;
        page.blind = value_textn(digits, n);
        page.blind_last4 = how == 2;
        page.where = cond_and(g->store.arena, base->where, may);
        f->least = 4;
        enum err err = pass(f, e, &page, SEARCH_RANKED_MAX - f->n);
        if (err) return err;
        fieldset_add(&searched, i);
        any = true;
    }
    if (any) gate_note_looks(g, e, "search", e->full, &searched, "", NULL, 0);
    return ERR_OK;
}

enum err gate_find_words(struct gate *g, const struct entity *e, const struct query *q,
                         struct buf *out, int *found) {
    struct arena *a = g->store.arena;
    struct finding f = {.g = g, .q = q};
    struct page page = q->page;
    f.asked = text_normal(a, q->q, strlen(q->q), &f.asked_n);
    f.hits = arena_alloc(a, sizeof *f.hits * (SEARCH_RANKED_MAX + 1));
    f.uniform = access_is_uniform(g->release->access, g->actor, e, "read");
    access_decide(g->release->access, g->actor, e, "read", NULL, &f.verdict);
    f.looks = gate_open_views(e, &f.verdict, &q->look, true, &f.how);
    page.where = gate_reach(g, e, q, false);
    page.after = NULL;
    gate_search(g, e, q, &page);
    enum err err = by_digits(&f, e, &page);
    f.least = 0;
    if (!err && f.n < SEARCH_RANKED_MAX && page.search->nways)
        err = pass(&f, e, &page, SEARCH_RANKED_MAX - f.n);
    if (err) return err;
    qsort(f.hits, (size_t)f.n, sizeof *f.hits, by_score);
    int shown = f.n < q->page.limit ? f.n : q->page.limit, subjects = 0;
    const char **looked = arena_alloc(a, sizeof *looked * (size_t)(shown + 1));
    buf_puts(out, "{\"items\":[");
    for (int i = 0; i < shown; i++) {
        json_sep(out);
        buf_put(out, f.hits[i].text, f.hits[i].n);
        if (f.hits[i].owner) looked[subjects++] = f.hits[i].owner;
    }
    buf_puts(out, "],\"next\":null");
    if (q->total) json_kv_int(out, "total", f.n);
    buf_putc(out, '}');
    if (subjects)
        gate_note_looks(g, e, "look", e->full, &f.all_looks, f.verdict.purpose, looked, subjects);
    if (found) *found = f.n;
    return ERR_OK;
}

struct meant {
    struct arena *arena;
    const char *id;
    int n;
};

static enum err mean_one(void *self, struct record *r) {
    struct meant *m = self;
    if (m->n && !strcmp(m->id, r->id)) return ERR_OK; // by another of its fields
    m->id = arena_strdup(m->arena, r->id);
    m->n++;
    return ERR_OK;
}

static enum err person_called(struct gate *g, const char *text, struct meant *m) {
    struct stmt *st = db_query(
        g->store.db, g->store.problem,
        "SELECT id FROM core_people WHERE (name=$1 OR display=$1) AND disabled_at=0", "t", text);
    enum err e = ERR_OK;
    for (; stmt_next(st, &e, g->store.problem); m->n++)
        m->id = arena_strdup(m->arena, stmt_text(st, 0, NULL));
    return e;
}

enum err gate_resolve(struct gate *g, const struct field *reference, const char *text,
                      const char **id) {
    const struct entity *e = reference->target;
    const struct access *x = g->release->access;
    struct arena *a = g->store.arena;
    struct meant m = {.arena = a};
    enum err err = ERR_OK;
    if (reference->type == FIELD_PERSON)
        err = person_called(g, text, &m);
    else
        for (int i = 0; e && i < e->nfields && !err; i++) {
            const struct field *f = &e->fields[i];
            struct value v = value_text(text), last[ORDER_MAX + 1];
            struct page page = {.limit = 2, .blind_field = -1};
            int nlast;
            bool more;
            if (!f->unique || f->sealed || f->type != FIELD_TEXT) continue;
            page.where = cond_and(a, access_filter(x, g->actor, e, "read", a),
                                  cond_and(a, access_field_filter(x, g->actor, e, i, a),
                                           cond_compare(a, COND_EQ, i, &v, 1)));
            err = store_list(&g->store, e, &page, mean_one, &m, &more, last, &nlast);
        }
    *id = m.id;
    return err ? err : m.n == 1 ? ERR_OK : ERR_NOT_FOUND;
}
