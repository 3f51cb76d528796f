// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Reading through the gate: one record, lists, history. A sealed field in the clear is a look: its
// audit row becomes durable before anything leaves.
#include <string.h>
#include "campus/mem.h"
#include "gate/gate_internal.h"

const char *gate_field_list(struct gate *g, const struct entity *e, const struct fieldset *s) {
    struct buf b;
    buf_init(&b, g->store.arena);
    for (int i = 0; i < e->nfields; i++)
        if (fieldset_has(s, i)) buf_printf(&b, "%s%s", b.len ? "," : "", e->fields[i].name);
    return buf_str(&b);
}

static struct fieldset both(const struct fieldset *x, const struct fieldset *y) {
    struct fieldset out;
    for (int w = 0; w < FIELDSET_WORDS; w++) out.w[w] = x->w[w] | y->w[w];
    return out;
}

void gate_note_looks(struct gate *g, const struct entity *e, const char *action, const char *object,
                     const struct fieldset *fields, const char *purpose,
                     const char *const *subjects, int n) {
    struct audit_row row = gate_row(g, action, object, "ok", "");
    row.fields = gate_field_list(g, e, fields);
    row.purpose = purpose;
    row.subjects = subjects;
    row.nsubjects = n;
    gate_add_row(g, &row);
    g->must_wait = true;
}

void gate_note_look(struct gate *g, const struct entity *e, const char *action, const char *object,
                    const struct fieldset *fields, const char *purpose, const char *subject) {
    const char **subjects = arena_alloc(g->store.arena, sizeof *subjects);
    subjects[0] = subject;
    gate_note_looks(g, e, action, object, fields, purpose, subjects, 1);
}

struct fieldset gate_open_views(const struct entity *e, const struct verdict *v,
                                const struct look *look, bool only_named, struct shown *how) {
    struct fieldset looks = {0};
    gate_views(e, v, how);
    how->look = look;
    for (int i = 0; i < e->nfields; i++) {
        bool named = look->has_fields && fieldset_has(&look->fields, i);
        if (look->has_fields && !named && !fieldset_has(&look->reveal, i)) {
            fieldset_del(&how->clear, i), fieldset_del(&how->constant, i);
            continue;
        }
        if (!fieldset_has(&how->constant, i) || (only_named && !named)) continue;
        fieldset_del(&how->constant, i);
        if (fieldset_has(&v->standing, i)) {
            fieldset_add(&how->clear, i);
            fieldset_add(&looks, i);
        } else
            fieldset_add(&how->partial, i);
    }
    return looks;
}

// `reveal=`: more fields in the clear, where a rule for the verb "reveal" does not hide them.
static enum err reveal(struct gate *g, const struct record *r, const struct look *look,
                       struct shown *how, struct fieldset *looks) {
    const struct entity *e = r->entity;
    struct verdict v;
    if (fieldset_is_empty(&look->reveal)) return ERR_OK;
    if (!look->purpose || !*look->purpose)
        return problem_add(g->store.problem, ERR_INVALID, "/purpose", "required",
                           "say what the look is for");
    access_decide(g->release->access, g->actor, e, "reveal", r, &v);
    for (int i = 0; i < e->nfields; i++) {
        if (!fieldset_has(&look->reveal, i)) continue;
        bool may = v.allowed && (fieldset_has(&v.clear, i) || fieldset_has(&v.masked, i));
        if (!may) {
            problem_add(g->store.problem, ERR_FORBIDDEN,
                        arena_printf(g->store.arena, "/reveal/%s", e->fields[i].name),
                        "not_revealable", "you may not see this field in the clear");
            continue;
        }
        if (e->fields[i].sealed || !fieldset_has(&how->clear, i)) fieldset_add(looks, i);
        fieldset_add(&how->clear, i);
        fieldset_del(&how->partial, i), fieldset_del(&how->constant, i);
    }
    if (!g->store.problem->count) return ERR_OK;
    gate_record(g, "reveal", gate_object(g, e, r->id), "refused", "not_revealable");
    return g->store.problem->code;
}

enum err gate_get(struct gate *g, const struct entity *e, const char *id, const struct look *look,
                  struct buf *out, int64_t *rev) {
    struct record r;
    struct verdict v;
    struct shown how;
    enum err err = gate_find(g, e, id, "read", &r, &v);
    if (err) return err;
    struct fieldset looks = gate_open_views(e, &v, look, false, &how);
    err = reveal(g, &r, look, &how, &looks);
    if (err) return err;
    struct fieldset open = both(&how.clear, &how.partial);
    err = store_unseal(&g->store, &r, &open);
    if (err) return err;
    if (!fieldset_is_empty(&looks))
        gate_note_look(g, e, fieldset_is_empty(&look->reveal) ? "look" : "reveal",
                       gate_object(g, e, id), &looks,
                       fieldset_is_empty(&look->reveal) ? v.purpose : look->purpose, r.owner);
    if (rev) *rev = r.rev;
    gate_serialize(g, &r, &how, out);
    return ERR_OK;
}

// The rows that this actor may list by these filters: may read, and sees every touched field in the
// clear, so that neither filter nor order tells what is masked.
const struct cond *gate_reach(struct gate *g, const struct entity *e, const struct query *q,
                              bool blind) {
    const struct access *x = g->release->access;
    struct arena *a = g->store.arena;
    const struct cond *c = cond_and(a, access_filter(x, g->actor, e, "read", a), q->page.where);
    for (int i = 0; i < e->nfields; i++)
        if (fieldset_has(&q->touched, i) && !e->fields[i].sealed)
            c = cond_and(a, c, access_field_filter(x, g->actor, e, i, a));
    if (blind) c = cond_and(a, c, access_search_filter(x, g->actor, e, q->page.blind_field, a));
    return c;
}

struct listing {
    struct gate *g;
    const struct query *q;
    struct buf *out;
    bool uniform;
    struct verdict verdict;
    struct shown how;
    struct fieldset looks;
    const char **subjects;
    int nsubjects;
};

static enum err list_one(void *self, struct record *r) {
    struct listing *l = self;
    struct gate *g = l->g;
    if (!l->uniform) {
        access_decide(g->release->access, g->actor, r->entity, "read", r, &l->verdict);
        l->looks = gate_open_views(r->entity, &l->verdict, &l->q->look, true, &l->how);
    }
    enum err e = store_unseal(&g->store, r, &l->how.clear); // a mask in a list is a constant one
    if (e) return e;
    if (!fieldset_is_empty(&l->looks))
        l->subjects[l->nsubjects++] = arena_strdup(g->store.arena, r->owner);
    json_sep(l->out);
    gate_serialize(g, r, &l->how, l->out);
    return ERR_OK;
}

enum err gate_list(struct gate *g, const struct entity *e, const struct query *q, struct buf *out) {
    if (q->nwords && !q->page.norder && q->page.blind_field < 0)
        return gate_find_words(g, e, q, out, NULL);
    const struct access *x = g->release->access;
    struct page page = q->page;
    struct listing l = {.g = g, .q = q, .out = out};
    struct fieldset all_looks = {0};
    page.where = gate_reach(g, e, q, page.blind_field >= 0);
    gate_search(g, e, q, &page);
    l.uniform = access_is_uniform(x, g->actor, e, "read");
    access_decide(x, g->actor, e, "read", NULL, &l.verdict);
    l.looks = gate_open_views(e, &l.verdict, &q->look, true, &l.how);
    all_looks = l.looks;
    if (!l.uniform && q->look.has_fields) // some rows may open more than others
        for (int i = 0; i < e->nfields; i++)
            if (e->fields[i].sealed && fieldset_has(&q->look.fields, i))
                fieldset_add(&all_looks, i);
    l.subjects = arena_alloc(g->store.arena, sizeof *l.subjects * (size_t)(page.limit + 1));
    struct value last[ORDER_MAX + 1];
    int nlast = 0;
    bool more = false;
    buf_puts(out, "{\"items\":[");
    enum err err = store_list(&g->store, e, &page, list_one, &l, &more, last, &nlast);
    if (err) return err;
    buf_puts(out, "],\"next\":");
    if (!more)
        buf_puts(out, "null");
    else {
        buf_putc(out, '"');
        err = query_cursor(q, g->store.keyring, last, nlast, out);
        buf_putc(out, '"');
    }
    if (!err && q->total) {
        int64_t n = 0;
        err = store_count(&g->store, e, &page, &n);
        json_kv_int(out, "total", n);
    }
    buf_putc(out, '}');
    if (l.nsubjects)
        gate_note_looks(g, e, "look", e->full, &all_looks, l.verdict.purpose, l.subjects,
                        l.nsubjects);
    if (page.blind_field >= 0) {
        struct fieldset searched = {0};
        fieldset_add(&searched, page.blind_field);
        gate_note_looks(g, e, "search", e->full, &searched, "", NULL, 0);
    }
    return err;
}

struct past {
    struct gate *g;
    const struct entity *e;
    const struct shown *how;
    struct buf *out;
    enum err err;
};

// A history row's values are those before the change; sealed ones stay as they are: "****".
static enum err history_row(void *self, const struct history_row *h) {
    struct past *past = self;
    struct gate *g = past->g;
    struct buf *out = past->out;
    json_t *delta;
    json_sep(out);
    buf_putc(out, '{');
    json_kv_int(out, "rev", h->rev);
    json_kv_time(out, "at", h->at);
    json_kv_str(out, "actor", h->actor);
    json_kv_str(out, "verb", h->verb);
    json_kv_int(out, "release", h->release);
    enum err e = json_parse(g->store.arena, h->delta, h->delta_n, &delta, g->store.problem);
    if (e) return e;
    json_key(out, "before");
    buf_putc(out, '{');
    const char *key;
    json_t *v;
    json_object_foreach(delta, key, v) {
        const struct field *f = entity_field(past->e, key);
        bool clear = f ? fieldset_has(&past->how->clear, f->index) : !strcmp(key, "state");
        if (!clear && !(f && fieldset_has(&past->how->constant, f->index))) continue;
        json_key(out, key);
        if (json_is_null(v))
            buf_puts(out, "null");
        else if (!clear)
            json_cstr(out, "****");
        else if (f && json_is_integer(v) && f->type != FIELD_BOOLEAN) {
            struct value scaled = value_int(json_integer_value(v));
            gate_value(out, f, &scaled);
        } else if (f && f->type == FIELD_BOOLEAN)
            buf_puts(out, json_integer_value(v) ? "true" : "false");
        else
            json_dom(out, v);
    }
    buf_puts(out, "}}");
    return ERR_OK;
}

enum err gate_history(struct gate *g, const struct entity *e, const char *id, struct buf *out) {
    struct record r;
    struct verdict v, may;
    struct shown how;
    enum err err = gate_find(g, e, id, "history", &r, &v);
    if (err) return err;
    access_decide(g->release->access, g->actor, e, "history", &r, &may);
    if (!may.allowed) return gate_refuse(g, "history", gate_object(g, e, id), "forbidden");
    gate_views(e, &v, &how);
    buf_puts(out, "{\"items\":[");
    json_sep(out);
    buf_puts(out, "{\"rev\":1");
    json_kv_time(out, "at", r.created_at);
    json_kv_str(out, "actor", r.created_by);
    json_kv_str(out, "verb", "create");
    buf_putc(out, '}');
    struct past past = {g, e, &how, out, ERR_OK};
    err = store_history(&g->store, e, id, history_row, &past);
    buf_puts(out, "]}");
    return err;
}

struct story {
    struct gate gate; // finds what is there for the caller, and is silent about the rest
    struct problem quiet;
    struct buf *out;
};

static enum err chapter(void *self, const char *entity, const char *record) {
    struct story *s = self;
    const struct entity *e = schema_entity_full(s->gate.release->schema, entity, strlen(entity));
    struct look bare = {.has_fields = true};
    struct buf b;
    if (!e) return ERR_OK;
    buf_init(&b, s->gate.store.arena);
    problem_init(&s->quiet, s->gate.store.arena);
    enum err err = gate_get(&s->gate, e, record, &bare, &b, NULL);
    if (err) return err == ERR_NOT_FOUND ? ERR_OK : err;
    json_sep(s->out), buf_putc(s->out, '{');
    json_kv_str(s->out, "entity", entity);
    json_key(s->out, "record"), buf_put(s->out, b.data, b.len);
    buf_putc(s->out, '}');
    return ERR_OK;
}

enum err gate_subject(struct gate *g, const struct entity *e, const char *id, struct buf *out) {
    struct record r;
    struct verdict v;
    enum err err = gate_find(g, e, id, "read", &r, &v);
    if (err) return err;
    struct story s = {.gate = *g, .out = out};
    const struct schema *schema = g->release->schema;
    s.gate.store.problem = &s.quiet;
    s.gate.audit = NULL, s.gate.notes = NULL;
    problem_init(&s.quiet, g->store.arena);
    buf_puts(out, "{\"subject\":"), json_cstr(out, r.owner);
    json_key(out, "items"), buf_putc(out, '[');
    for (int i = 0; i < schema->nentities && !err; i++) // what the subject is called after
        err = chapter(&s, schema->entities[i]->full, r.owner);
    if (!err) err = store_subject_each(&s.gate.store, r.owner, chapter, &s);
    buf_puts(out, "]}");
    return err ? problem_set(g->store.problem, err, NULL) : ERR_OK;
}
