// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A case as its readers see it; and the phrases that people sign with.
#include <string.h>
#include "campus/json.h"
#include "campus/text.h"
#include "flow/approval_internal.h"

static void act_json(struct buf *b, const struct signature *g, bool log) {
    json_sep(b), buf_putc(b, '{');
    if (log) json_kv_str(b, "kind", g->kind);
    json_kv_str(b, "person", g->person);
    if (strcmp(g->hands, g->person)) json_kv_str(b, "by", g->hands);
    json_kv_time(b, "at", g->at);
    if (g->note) json_kv_str(b, "note", g->note);
    if (g->target) json_kv_str(b, "to", g->target);
    if (g->due_at) {
        json_kv_bool(b, "paper", true);
        if (g->file) json_kv_str(b, "file", g->file);
        json_kv_time(b, "confirm_by", g->due_at);
        json_kv_time(b, "confirmed_at", g->confirmed_at);
    }
    if (g->void_at) json_kv_time(b, "void_at", g->void_at);
    buf_putc(b, '}');
}

static void step_json(struct buf *b, const struct approval_case *c, int at) {
    const struct step *s = &c->steps[at];
    bool done = case_count(c, s->key) >= s->quorum;
    json_sep(b), buf_putc(b, '{');
    json_kv_int(b, "number", at + 1);
    json_kv_str(b, "name", s->name);
    json_key(b, "title"), buf_putc(b, '{');
    json_kv_str(b, "zh", s->title.zh), json_kv_str(b, "en", s->title.en);
    buf_putc(b, '}');
    json_kv_str(b, step_word(s->kind), s->kind == STEP_PEOPLE ? "" : s->what);
    people_json(b, "asked", &s->people);
    json_kv_int(b, "quorum", s->quorum);
    json_kv_str(b, "status",
                done                            ? "signed"
                : s->passed                     ? "passed"
                : c->closed_at || at != c->step ? "ahead"
                : c->waiting                    ? "waiting"
                                                : "open");
    if (s->climbed) json_kv_bool(b, "climbed", true);
    json_key(b, "signatures"), buf_putc(b, '[');
    for (int i = 0; i < c->nacts; i++)
        if (c->acts[i].step == s->key && !c->acts[i].void_at && !strcmp(c->acts[i].kind, "sign"))
            act_json(b, &c->acts[i], false);
    buf_puts(b, "]}");
}

static void may(struct buf *b, const char *verb, bool yes) {
    if (yes) json_sep(b), json_cstr(b, verb);
}

static void may_json(struct approving *ap, const struct approval_case *c, const struct record *r,
                     struct buf *b) {
    const struct actor *me = ap->actor;
    bool open = !c->closed_at && c->decl, submitter = false, untouched = true;
    bool keeper = open && access_has_permission(ap->access, me, "core.approvals") &&
                  !step_never(c, r, me->id);
    bool signer = open && ap->allowed && step_signer(ap, c, r, me);
    bool confirms = open && case_paper_of(c, me->id);
    for (const struct actor *who = me; who; who = who->behind)
        submitter |= !strcmp(who->id, c->submitter);
    for (int i = 0; i < c->nsteps; i++) untouched &= !case_count(c, c->steps[i].key);
    json_key(b, "may"), buf_putc(b, '[');
    may(b, "sign", signer);
    may(b, "confirm", confirms);
    may(b, "return", open && (signer || keeper) && (c->decl->back || c->step > 0));
    may(b, "withdraw", open && submitter && untouched && c->decl->recall);
    may(b, "transfer", open && (signer || keeper) && c->step < c->nsteps);
    may(b, "add", open && (signer || keeper) && c->step < c->nsteps);
    may(b, "copy", open && (signer || keeper || submitter || case_has_signed(c, me->id)));
    may(b, "urge",
        open && (submitter || keeper) &&
            c->urged_at + LIMIT_APPROVAL_URGE * INT64_C(1000) <= ap->now);
    may(b, "paper",
        open && c->paper_days && c->step < c->nsteps && !step_never(c, r, me->id) &&
            access_has_permission(ap->access, me, "core.paper"));
    may(b, "migrate", open && keeper);
    buf_putc(b, ']');
}

void approval_json(struct approving *ap, const struct approval_case *c, const struct record *r,
                   struct buf *b) {
    buf_putc(b, '{');
    json_kv_str(b, "id", c->id);
    json_kv_str(b, "entity", c->entity);
    json_kv_str(b, "record", c->record);
    json_kv_str(b, "transition", c->transition);
    json_kv_int(b, "round", c->round);
    json_kv_str(b, "outcome", c->closed_at ? c->outcome : NULL);
    json_kv_str(b, "submitter", c->submitter);
    json_kv_time(b, "opened_at", c->opened_at);
    json_kv_time(b, "closed_at", c->closed_at);
    json_kv_time(b, "urged_at", c->urged_at);
    json_kv_int(b, "release", c->release);
    json_kv_int(b, "policy", c->policy);
    json_key(b, "step");
    if (approval_step(c))
        buf_int(b, approval_step(c));
    else
        buf_puts(b, "null");
    json_key(b, "steps"), buf_putc(b, '[');
    for (int i = 0; i < c->nsteps; i++) step_json(b, c, i);
    buf_putc(b, ']');
    json_key(b, "log"), buf_putc(b, '[');
    for (int i = 0; i < c->nacts; i++) act_json(b, &c->acts[i], true);
    buf_putc(b, ']');
    may_json(ap, c, r, b);
    buf_putc(b, '}');
}

// Phrases

enum err approval_phrases(struct db *db, const char *person, const char *otherwise, struct buf *out,
                          struct problem *p) {
    struct stmt *st = db_query(db, p, "SELECT items FROM core_phrase WHERE person=$1", "t", person);
    enum err e = ERR_OK;
    if (stmt_next(st, &e, p))
        buf_puts(out, stmt_text(st, 0, NULL));
    else if (!e)
        buf_puts(out, otherwise);
    stmt_reset(st);
    return e;
}

enum err approval_phrases_set(struct db *db, const char *person, const json_t *list,
                              struct problem *p) {
    struct buf b;
    buf_init(&b, p->arena);
    buf_putc(&b, '[');
    size_t i;
    json_t *j;
    if (!json_is_array(list) || json_array_size(list) > LIMIT_PHRASES)
        return problem_add(p, ERR_INVALID, "/items", "type", "a list of at most %d texts",
                           LIMIT_PHRASES);
    json_array_foreach((json_t *)list, i, j) {
        size_t n = json_string_length(j);
        if (!json_is_string(j) || !n || text_length(json_string_value(j), n) > LIMIT_PHRASE_CHARS)
            return problem_add(p, ERR_INVALID, arena_printf(p->arena, "/items/%zu", i), "type",
                               "a text of 1 to %d characters", LIMIT_PHRASE_CHARS);
        json_sep(&b), json_text(&b, json_string_value(j), n);
    }
    buf_putc(&b, ']');
    return db_run(db, p, NULL,
                  "INSERT INTO core_phrase(person,items) VALUES($1,$2) ON CONFLICT(person)"
                  " DO UPDATE SET items=excluded.items",
                  "ts", person, b.data, b.len);
}
