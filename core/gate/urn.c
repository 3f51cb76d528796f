// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Answers that nobody is to be known by. The code of a link says who may answer and that they have,
// on record like anything else; what they answer goes into an urn in the same transaction, and
// leaves no row, event, history or idempotency of its own. When the urn is opened its answers
// become records, all in one moment, by nobody and in an order that means nothing.
#include <string.h>
#include "campus/mem.h"
#include "campus/score.h"
#include "campus/text.h"
#include "gate/gate_internal.h"

enum { TAKE_ARENA = 8 << 20 };

static enum err closed(struct gate *g) {
    return problem_say(g->store.problem, ERR_CONFLICT, NULL, "closed", "it is not open for answers",
                       "现在不能填写");
}

// Whether what a link leads to takes answers now; *urn is its id, or NULL.
static enum err is_open(struct gate *g, const struct public_form *f, const struct record *link,
                        const char **urn, bool *open) {
    const struct transition *t;
    const struct field *ref = urn_of(f, &t);
    const struct value *v = ref ? &link->values[ref->index] : NULL;
    struct record round;
    *open = false, *urn = NULL;
    if (!v || v->kind != VALUE_TEXT) return ERR_OK;
    *urn = arena_strndup(g->store.arena, v->p, v->n);
    enum err e = store_get(&g->store, ref->target, *urn, &round);
    *open = !e && round.state >= 0 && (t->from >> round.state & 1);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err gate_form_state(struct gate *g, const struct public_form *f, const char *id,
                         struct buf *out) {
    struct record link;
    struct verdict v;
    struct look look = {.has_fields = true};
    const struct transition *t;
    const struct field *ref = urn_of(f, &t), *title = entity_field(ref->target, "title");
    const char *urn;
    bool open = false;
    int64_t rev;
    struct buf b;
    json_t *round = NULL;
    enum err e = gate_find(g, f->entity, id, f->transition->name, &link, &v);
    if (!e) e = is_open(g, f, &link, &urn, &open);
    if (e) return e;
    buf_init(&b, g->store.arena);
    if (title) fieldset_add(&look.fields, title->index);
    if (urn && title && !gate_get(g, ref->target, urn, &look, &b, &rev))
        e = json_parse(g->store.arena, b.data, b.len, &round, g->store.problem);
    if (e) return e;
    problem_init(g->store.problem, g->store.arena); // it is nameless where the public may not see
    buf_putc(out, '{');
    json_kv_str(out, "title", json_string_value(json_object_get(round, "title")));
    json_kv_str(out, "state",
                !(f->transition->from >> link.state & 1) ? "used"
                : open                                   ? "open"
                                                         : "closed");
    buf_putc(out, '}');
    return ERR_OK;
}

enum err gate_answer_form(struct gate *g, const struct public_form *f, const char *id,
                          const json_t *answer) {
    struct record link;
    struct verdict v;
    struct buf b;
    struct flow flow = gate_flow(g, f->entity->plugin);
    const struct field *named = urn_back(f->into, f->entity);
    const char *urn;
    bool open = false;
    enum err e = gate_find(g, f->entity, id, f->transition->name, &link, &v);
    if (!e) e = is_open(g, f, &link, &urn, &open);
    if (e) return e;
    buf_init(&b, g->store.arena);
    buf_putc(&b, '{');
    if (named) json_kv_str(&b, "by", id); // it is not said to be anonymous
    json_key(&b, "said"), json_dom(&b, answer);
    buf_putc(&b, '}');
    // a link that was used refuses last, and undoes the rest
    if (open && f->transition->from >> link.state & 1)
        e = urn_put(&flow, urn, b.data, b.len);
    else if (!open)
        e = closed(g);
    if (e) return e;
    struct ruling ruling = {.transition = f->transition};
    return gate_transition(g, f->entity, id, -1, NULL, &ruling, NULL, NULL);
}

// Opening

struct taking {
    struct gate *g;
    const struct opens_decl *opens;
    const struct field *named; // the link, where it is not anonymous
    const char *urn;
    struct arena *arena; // of one answer
    jmp_buf *trap;
    struct flow flow;
    int64_t policy;
};

// An answer may be older than a release that dropped or narrowed one of its questions: what no
// longer fits is left out, and the rest counts.
static enum err fit(struct taking *t, json_t *answer, struct input *in) {
    struct problem p;
    for (int pass = 0; pass < 2; pass++) {
        problem_init(&p, t->arena);
        if (!input_parse(t->arena, t->opens->into, answer, false, "", t->g->now, t->g->today, in,
                         &p))
            return ERR_OK;
        for (const struct problem_item *it = p.first; it; it = it->next) {
            const char *name = it->pointer ? it->pointer + 1 : "";
            json_object_del(answer, arena_strndup(t->arena, name, strcspn(name, "/")));
        }
    }
    return ERR_INVALID;
}

static enum err take_out(void *self, const char *text, size_t n) {
    struct taking *t = self;
    const struct entity *e = t->opens->into;
    struct store s = t->g->store;
    struct record r;
    struct input in;
    json_t *answer;
    arena_reset(t->arena);
    arena_trap(t->arena, t->trap);
    s.arena = t->arena;
    struct flow flow = t->flow;
    flow.store = &s;
    enum err err = json_parse(t->arena, text, n, &answer, s.problem);
    if (err) return err;
    const char *by = json_string_value(json_object_get(answer, "by"));
    if (fit(t, json_object_get(answer, "said"), &in)) return ERR_OK; // nothing of it fits any more
    in.values[t->opens->of->index] = value_text(t->urn);
    if (by && t->named) in.values[t->named->index] = value_text(by);
    score_reckon(&flow, e, NULL, &in);
    return store_insert(&s, e, &in, "public", t->g->now, t->policy, &r);
}

// The field of `into` that says by whose link it was answered: the reference that is not to the
// round.
static const struct field *named_by(const struct entity *into, const struct entity *round) {
    for (int i = 0; i < into->nfields; i++) {
        const struct field *f = &into->fields[i];
        if (f->type == FIELD_REFERENCE && f->readonly && f->target != round) return f;
    }
    return NULL;
}

enum err gate_open_urn(struct gate *g, const struct record *r, const struct transition *t,
                       struct input *in) {
    const struct opens_decl *d = t->opens;
    const struct policy_revision *p = release_policy(g->release, d->into->plugin, g->today);
    struct taking taking = {.g = g,
                            .opens = d,
                            .named = named_by(d->into, r->entity),
                            .urn = r->id,
                            .arena = arena_new(TAKE_ARENA),
                            .flow = gate_flow(g, d->into->plugin),
                            .policy = p ? p->id : 0};
    const char *key = d->least_key && p ? policy_value(p, d->least_key) : NULL;
    int64_t n = 0, least = d->least;
    if (!taking.arena) return problem_set(g->store.problem, ERR_NOMEM, NULL);
    arena_defer(g->store.arena, (void (*)(void *))arena_free, taking.arena);
    jmp_buf *trap = arena_trap(g->store.arena, NULL);
    arena_trap(g->store.arena, taking.trap = trap);
    if (key && !text_to_scaled(key, strlen(key), 0, &least)) least = INT64_MAX;
    enum err e = urn_empty(&taking.flow, r->id, least, take_out, &taking, &n);
    if (e || !d->count) return e;
    in->values = input_over(g->store.arena, r->entity, r->values, in);
    input_put(in, d->count, value_int(n));
    return ERR_OK;
}
