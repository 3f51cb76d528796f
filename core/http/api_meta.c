// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// GET /api/v1/meta: the release as the caller may see it. The desk draws itself from this.
#include <string.h>
#include "campus/approval.h"
#include "campus/flow.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "http/api.h"
#include "http/visible.h"

static const char *const CLASSES[] = {"public", "internal", "confidential", "secret"};

static void title_json(struct buf *b, const struct title *t) {
    json_key(b, "title"), buf_putc(b, '{');
    json_kv_str(b, "zh", t->zh);
    json_kv_str(b, "en", t->en);
    buf_putc(b, '}');
}

static void texts_json(struct buf *b, const char *key, const char *const *list) {
    json_key(b, key), buf_putc(b, '[');
    for (; list && *list; list++) json_sep(b), json_cstr(b, *list);
    buf_putc(b, ']');
}

static void kept_json(struct buf *b, const char *key, const char *json) {
    if (json) json_key(b, key), buf_puts(b, json);
}

static void choices_json(struct buf *b, const struct field *f) {
    json_key(b, "choices"), buf_putc(b, '[');
    for (int i = 0; i < f->nchoices; i++) {
        json_sep(b), buf_putc(b, '{');
        json_kv_str(b, "name", f->choices[i].name);
        title_json(b, &f->choices[i].title);
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
}

void meta_field_json(struct request *rq, const struct entity *e, const struct field *f,
                     const struct visible *v) {
    struct buf *b = &rq->out;
    json_sep(b), buf_putc(b, '{');
    json_kv_str(b, "name", f->name);
    json_kv_str(b, "type", field_type_name(f->type));
    json_kv_str(b, "class", CLASSES[f->class]);
    title_json(b, &f->title);
    json_kv_bool(b, "required", f->required);
    if (f->readonly) json_kv_bool(b, "readonly", true);
    if (f->unique) json_kv_bool(b, "unique", true);
    if (f->sealed) json_kv_bool(b, "sealed", true);
    if (f->searchable) json_kv_bool(b, "searchable", true);
    if (f->search) json_kv_str(b, "search", f->search == SEARCH_NAME ? "name" : "text");
    if (e) {
        bool clear = fieldset_has(&v->clear, f->index), mask = fieldset_has(&v->masked, f->index);
        json_kv_str(b, "view", clear ? "clear" : mask ? "masked" : "hidden");
    }
    if (f->mask) json_kv_str(b, "mask", f->mask);
    if (f->check) json_kv_str(b, "check", f->check);
    if (f->pattern_text) json_kv_str(b, "pattern", f->pattern_text);
    if (f->has_min) json_kv_scaled(b, "min", f->min, f->scale);
    if (f->has_max) json_kv_scaled(b, "max", f->max, f->scale);
    if (f->type == FIELD_DECIMAL || f->type == FIELD_MONEY) json_kv_int(b, "scale", f->scale);
    if (f->type == FIELD_TEXT || f->type == FIELD_LONGTEXT)
        json_kv_int(b, "max_length", f->max_chars);
    if (f->type == FIELD_FILE) {
        if (f->many) json_kv_bool(b, "many", true);
        json_kv_int(b, "max_bytes", f->max_bytes);
        if (f->nfile_types) json_key(b, "types"), buf_putc(b, '[');
        for (int i = 0; i < f->nfile_types; i++) json_sep(b), json_cstr(b, f->file_types[i]);
        if (f->nfile_types) buf_putc(b, ']');
    }
    if (f->to) json_kv_str(b, "to", f->to);
    if (f->derived) json_kv_str(b, "derived", f->derived);
    if (f->preset_var) json_kv_str(b, "default", f->preset_var);
    if (f->nchoices) choices_json(b, f);
    if (f->nlines) json_key(b, "fields"), buf_putc(b, '[');
    for (int i = 0; i < f->nlines; i++) meta_field_json(rq, NULL, &f->lines[i], v);
    if (f->nlines) buf_putc(b, ']');
    buf_putc(b, '}');
}

static void workflow_json(struct request *rq, const struct entity *e) {
    const struct workflow *w = e->workflow;
    struct buf *b = &rq->out;
    json_key(b, "workflow");
    if (!w) {
        buf_puts(b, "null");
        return;
    }
    buf_putc(b, '{');
    json_kv_str(b, "start", w->states[w->start].name);
    json_key(b, "states"), buf_putc(b, '[');
    for (int i = 0; i < w->nstates; i++) {
        json_sep(b), buf_putc(b, '{');
        json_kv_str(b, "name", w->states[i].name);
        title_json(b, &w->states[i].title);
        json_kv_bool(b, "final", w->states[i].final);
        if (w->states[i].deadline) json_kv_bool(b, "deadline", true);
        if (w->states[i].todo) json_kv_bool(b, "todo", true);
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
    json_key(b, "transitions"), buf_putc(b, '[');
    for (int i = 0; i < w->ntransitions; i++) {
        const struct transition *t = &w->transitions[i];
        json_sep(b), buf_putc(b, '{');
        json_kv_str(b, "name", t->name);
        title_json(b, &t->title);
        json_key(b, "from"), buf_putc(b, '[');
        for (int s = 0; s < w->nstates; s++)
            if (t->from >> s & 1) json_sep(b), json_cstr(b, w->states[s].name);
        buf_putc(b, ']');
        json_kv_str(b, "to", w->states[t->to].name);
        texts_json(b, "needs", t->needs);
        json_kv_str(b, "rule", t->rule);
        json_kv_bool(b, "approvals", t->approvals != NULL);
        const struct approval_decl *d =
            t->approvals ? approval_of(rq->release->approvals, e, t) : NULL;
        if (d) {
            json_key(b, "approval"), buf_putc(b, '{');
            approval_meta_json(d, release_policy(rq->release, e->plugin, rq->gate.today), rq->arena,
                               b);
            buf_putc(b, '}');
        }
        if (t->reserve) json_kv_str(b, "reserve", t->reserve->pool->name);
        if (t->commit) json_kv_bool(b, "commit", true);
        if (t->settle) json_kv_bool(b, "settle", true);
        if (t->release) json_kv_bool(b, "release", true);
        if (t->checked) json_kv_bool(b, "checked", true);
        if (t->post) json_kv_str(b, "post", t->post->ledger->full);
        json_kv_bool(b, "may", visible_transition(rq, e, t));
        buf_putc(b, '}');
    }
    buf_puts(b, "]}");
}

static void entity_json(struct request *rq, const struct entity *e, const struct visible *v) {
    struct buf *b = &rq->out;
    json_sep(b), buf_putc(b, '{');
    json_kv_str(b, "name", e->name);
    json_kv_str(b, "full", e->full);
    json_kv_str(b, "path", arena_printf(rq->arena, "/api/v1/%s/%s", e->plugin->name, e->name));
    title_json(b, &e->title);
    json_key(b, "may"), buf_putc(b, '{');
    json_kv_bool(b, "read", v->read);
    json_kv_bool(b, "create", v->create);
    json_kv_bool(b, "update", v->update);
    json_kv_bool(b, "delete", v->remove);
    json_kv_bool(b, "search", v->search);
    json_kv_bool(b, "find", visible_search(e, v, false));
    json_kv_bool(b, "reveal", v->reveal);
    json_kv_bool(b, "export", v->export);
    json_kv_bool(b, "import", v->import);
    json_kv_bool(b, "history", v->history);
    buf_putc(b, '}');
    json_key(b, "fields"), buf_putc(b, '[');
    for (int i = 0; i < e->nfields; i++)
        if (fieldset_has(&v->shown, i)) meta_field_json(rq, e, &e->fields[i], v);
    buf_putc(b, ']');
    workflow_json(rq, e);
    texts_json(b, "serves", e->serves);
    kept_json(b, "overview", e->overview);
    if (e->ledger) json_kv_bool(b, "ledger", true);
    if (e->part_of) json_key(b, "part_of"), buf_putc(b, '[');
    for (const struct field **f = e->part_of; f && *f; f++) json_sep(b), json_cstr(b, (*f)->name);
    if (e->part_of) buf_putc(b, ']');
    buf_putc(b, '}');
}

static void report_json(struct request *rq, const struct plugin *pl, const struct report_decl *r) {
    static const char *const buckets[BUCKETS] = {NULL, "day", "week", "month", "term", "year"};
    struct buf *b = &rq->out;
    int n;
    const struct report_column *c = report_columns(r, rq->arena, &n);
    json_sep(b), buf_putc(b, '{');
    json_kv_str(b, "name", r->name);
    title_json(b, &r->title);
    json_kv_str(b, "path", arena_printf(rq->arena, "/api/v1/%s/reports/%s", pl->name, r->name));
    json_kv_str(b, "entity", r->entity->full);
    json_key(b, "group"), buf_putc(b, '[');
    for (int i = 0; i < r->ngroups; i++) json_sep(b), json_cstr(b, r->groups[i].name);
    buf_putc(b, ']');
    json_key(b, "columns"), buf_putc(b, '[');
    for (int i = 0; i < n; i++) {
        json_sep(b), buf_putc(b, '{');
        json_kv_str(b, "name", c[i].name);
        title_json(b, &c[i].title);
        json_kv_str(b, "type", field_type_name(c[i].field->type));
        if (c[i].field->scale) json_kv_int(b, "scale", c[i].field->scale);
        if (c[i].kind == COLUMN_GROUP && r->groups[c[i].i].bucket)
            json_kv_str(b, "bucket", buckets[r->groups[c[i].i].bucket]);
        if (c[i].field->nchoices) choices_json(b, c[i].field);
        if (c[i].field->to) json_kv_str(b, "to", c[i].field->to);
        if (c[i].kind == COLUMN_MEASURE && c[i].side == SIDE_NOW)
            kept_json(b, "where", r->measures[c[i].i].asked);
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
    json_kv_str(b, "date", r->date < 0 ? "created_at" : r->entity->fields[r->date].name);
    if (r->compare) json_kv_str(b, "compare", "year");
    if (r->min_cell) json_kv_int(b, "min_cell", r->min_cell);
    json_kv_str(b, "chart", r->chart);
    kept_json(b, "where", r->asked);
    kept_json(b, "overview", r->overview);
    texts_json(b, "serves", r->serves);
    buf_putc(b, '}');
}

static void states_json(struct buf *b, const struct entity *e, uint64_t states) {
    if (!states) return;
    json_key(b, "states"), buf_putc(b, '[');
    for (int k = 0; k < e->workflow->nstates; k++)
        if (states >> k & 1) json_sep(b), json_cstr(b, e->workflow->states[k].name);
    buf_putc(b, ']');
}

static void action_json(struct request *rq, const struct plugin *pl, const struct action_decl *a) {
    struct buf *b = &rq->out;
    json_sep(b), buf_putc(b, '{');
    json_kv_str(b, "name", a->name);
    title_json(b, &a->title);
    json_kv_str(b, "path", arena_printf(rq->arena, "/api/v1/%s/actions/%s", pl->name, a->name));
    if (a->input) json_key(b, "input"), buf_putc(b, '[');
    for (int i = 0; a->input && i < a->input->nfields; i++)
        meta_field_json(rq, NULL, &a->input->fields[i], NULL);
    if (a->input) buf_putc(b, ']');
    if (a->on) json_kv_str(b, "on", a->on->name), states_json(b, a->on->target, a->states);
    buf_putc(b, '}');
}

static void plugin_json(struct request *rq, const struct plugin *pl) {
    struct buf *b = &rq->out;
    size_t start = b->len;
    bool any = false;
    struct visible v;
    json_sep(b), buf_putc(b, '{');
    json_kv_str(b, "name", pl->name);
    json_kv_str(b, "version", pl->version);
    title_json(b, &pl->title);
    json_key(b, "entities"), buf_putc(b, '[');
    for (int i = 0; i < pl->nentities; i++)
        if (visible_entity(rq, pl->entities[i], false, &v)) {
            entity_json(rq, pl->entities[i], &v);
            any = true;
        }
    buf_putc(b, ']');
    json_key(b, "actions"), buf_putc(b, '[');
    for (int i = 0; i < pl->nactions; i++)
        if (visible_action(rq, pl, pl->actions[i].name)) {
            action_json(rq, pl, &pl->actions[i]);
            any = true;
        }
    buf_putc(b, ']');
    json_key(b, "documents"), buf_putc(b, '[');
    for (int i = 0; i < pl->ndocuments; i++)
        if (visible_document(rq, pl, &pl->documents[i])) {
            const struct document_decl *d = &pl->documents[i];
            json_sep(b), buf_putc(b, '{');
            json_kv_str(b, "name", d->name);
            json_kv_str(b, "entity", d->entity->name);
            title_json(b, &d->title);
            states_json(b, d->entity, d->states);
            json_kv_bool(b, "many", d->many);
            buf_putc(b, '}');
        }
    buf_putc(b, ']');
    json_key(b, "messages"), buf_putc(b, '[');
    for (int i = 0; i < pl->nmessages; i++)
        if (pl->messages[i].entity && visible_entity(rq, pl->messages[i].entity, false, &v) &&
            v.read) {
            json_sep(b), buf_putc(b, '{');
            json_kv_str(b, "name", pl->messages[i].name);
            json_kv_str(b, "entity", pl->messages[i].entity->full);
            title_json(b, &pl->messages[i].title);
            buf_putc(b, '}');
        }
    buf_putc(b, ']');
    json_key(b, "exports"), buf_putc(b, '[');
    for (int i = 0; i < pl->nexports; i++)
        if (visible_export(rq, pl, &pl->exports[i])) {
            const struct export_decl *x = &pl->exports[i];
            json_sep(b), buf_putc(b, '{');
            json_kv_str(b, "name", x->name);
            title_json(b, &x->title);
            json_kv_str(b, "path",
                        arena_printf(rq->arena, "/api/v1/%s/exports/%s", pl->name, x->name));
            json_kv_str(b, "entity", x->entity->full);
            json_kv_str(b, "purpose", x->purpose);
            buf_putc(b, '}');
            any = true;
        }
    buf_putc(b, ']');
    json_key(b, "reports"), buf_putc(b, '[');
    for (int i = 0; i < pl->nreports; i++)
        if (visible_entity(rq, pl->reports[i].entity, false, &v) && v.read &&
            visible_report(&pl->reports[i], &v))
            report_json(rq, pl, &pl->reports[i]);
    buf_puts(b, "]}");
    if (!any) buf_trim(b, b->len - start); // not spoken of
}

static enum err meta(struct request *rq) {
    const struct release *r = rq->release;
    struct buf *b = &rq->out;
    buf_putc(b, '{');
    json_key(b, "release"), buf_putc(b, '{');
    json_kv_str(b, "id", r->id);
    json_kv_int(b, "number", r->number);
    buf_putc(b, '}');
    json_key(b, "school"), buf_putc(b, '{');
    json_kv_str(b, "id", r->school);
    json_kv_str(b, "name", app_config(rq->app)->school.name);
    json_kv_str(b, "timezone", app_config(rq->app)->school.timezone);
    json_kv_str(b, "today", rq->gate.today);
    json_kv_str(b, "language", app_config(rq->app)->school.language == LANG_ZH ? "zh-CN" : "en");
    buf_putc(b, '}');
    json_key(b, "user"), buf_putc(b, '{');
    json_kv_str(b, "id", rq->gate.actor->id);
    json_kv_str(b, "name", rq->gate.actor->name);
    api_rights_json(rq, rq->gate.actor, b);
    buf_putc(b, '}');
    json_key(b, "roles"), buf_putc(b, '[');
    for (int i = 0; i < access_role_count(r->access); i++) {
        json_sep(b), buf_putc(b, '{');
        json_kv_str(b, "name", access_role_name(r->access, i));
        title_json(b, access_role_title(r->access, i));
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
    json_key(b, "plugins"), buf_putc(b, '[');
    for (int i = 0; i < r->schema->nplugins; i++) plugin_json(rq, &r->schema->plugins[i]);
    buf_puts(b, "]}");
    visible_finish(rq);
    return ERR_OK;
}

const struct route routes_meta[] = {
    {"GET", "meta", meta, .who = SIGNED_IN},
    {"GET", "openapi.json", openapi, .who = SIGNED_IN},
    {"POST", "access/explain", access_explanation, .who = SIGNED_IN},
    {"GET", "decisions/{}", decision_answer, .who = SIGNED_IN},
    {"GET", "access/matrix", access_matrix, .permission = "core.people"},
    {0},
};
