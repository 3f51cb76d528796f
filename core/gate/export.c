// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Export of a list as CSV, by the same conditions and the same views as the list. Sealed fields
// leave masked unless `reveal=` names them, with a purpose; then every record exported is a look on
// record.
#include <string.h>
#include "campus/clock.h"
#include "campus/csv.h"
#include "campus/limits.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "gate/gate_internal.h"

struct exporting {
    struct gate *g;
    const struct query *q;
    enum err (*write)(void *self, const char *p, size_t n);
    void *self;
    struct buf out;
    struct arena *scratch; // of one row
    int64_t rows;
    const struct export_decl *standing;
    const json_t *codes; // of the policy, by the choice's name
};

// What is positive under debit, what is negative under credit.
static void debit_credit(struct exporting *x, const struct field *f, int64_t v) {
    char num[32];
    size_t n = (size_t)text_from_scaled(num, v < 0 ? -v : v, f->scale);
    csv_put(&x->out, num, v > 0 ? n : 0);
    csv_put(&x->out, num, v < 0 ? n : 0);
}

static void cell(struct exporting *x, const struct field *f, const struct value *v) {
    struct buf b;
    buf_init(&b, x->scratch);
    if (v->kind == VALUE_TEXT || v->kind == VALUE_JSON)
        buf_put(&b, v->p, v->n);
    else if (v->kind == VALUE_INT && (f->type == FIELD_MONEY || f->type == FIELD_DECIMAL)) {
        char num[32];
        buf_put(&b, num, (size_t)text_from_scaled(num, v->i, f->scale));
    } else if (!value_is_null(v) && v->kind != VALUE_BLOB)
        gate_value(&b, f, v);
    bool quoted = b.len > 1 && *b.data == '"' && v->kind == VALUE_INT; // a time, as JSON has it
    csv_put(&x->out, b.data + quoted, b.len - 2 * quoted);
}

static enum err one(void *self, struct record *r) {
    struct exporting *x = self;
    struct gate *g = x->g;
    const struct entity *e = r->entity;
    struct verdict v, may;
    struct shown how;
    struct fieldset open = {0}, looks = {0};
    access_decide(g->release->access, g->actor, e, "read", r, &v);
    access_decide(g->release->access, g->actor, e, "reveal", r, &may);
    gate_views(e, &v, &how);
    for (int i = 0; i < e->nfields; i++)
        if (fieldset_has(&x->q->look.reveal, i) && may.allowed &&
            (fieldset_has(&may.clear, i) || fieldset_has(&may.masked, i))) {
            fieldset_add(&how.clear, i), fieldset_del(&how.constant, i);
            fieldset_add(&open, i), fieldset_add(&looks, i);
        }
    struct store scratch = g->store;
    arena_reset(x->scratch);
    scratch.arena = x->scratch;
    enum err err = store_unseal(&scratch, r, &open);
    if (err) return err;
    csv_put(&x->out, r->id, strlen(r->id));
    if (e->workflow) {
        const char *state = r->state >= 0 ? e->workflow->states[r->state].name : "";
        csv_put(&x->out, state, strlen(state));
    }
    for (int i = 0; i < e->nfields; i++) {
        if (x->q->look.has_fields && !fieldset_has(&x->q->look.fields, i) &&
            !fieldset_has(&looks, i))
            continue;
        const struct field *f = &e->fields[i];
        const struct value *value = &r->values[i];
        bool clear = fieldset_has(&how.clear, i), split = x->standing && x->standing->split == f;
        const char *code =
            clear && x->codes && x->standing && x->standing->coded == f && value->kind == VALUE_TEXT
                ? json_string_value(json_object_get(x->codes, value->p))
                : NULL;
        if (split)
            debit_credit(x, f, clear && !value_is_null(value) ? value->i : 0);
        else if (code)
            csv_put(&x->out, code, strlen(code));
        else if (clear)
            cell(x, f, value);
        else if (fieldset_has(&how.constant, i) && !value_is_null(&r->values[i]))
            csv_put(&x->out, "****", 4);
        else
            csv_put(&x->out, "", 0);
    }
    csv_end_row(&x->out);
    x->rows++;
    for (int i = 0; i < e->nfields; i++)
        if (fieldset_has(&looks, i)) {
            gate_note_look(g, e, "export", gate_object(g, e, arena_strdup(g->store.arena, r->id)),
                           &looks, x->q->look.purpose, arena_strdup(g->store.arena, r->owner));
            break;
        }
    if (x->out.len < 1 << 16) return ERR_OK;
    err = x->write(x->self, x->out.data, x->out.len);
    x->out.len = 0;
    return err;
}

// Who made the file, when and what for, as its last row: a sheet has it above and on each page.
static void put_mark(struct exporting *x, const char *purpose) {
    const char *mark = gate_export_mark(x->g, purpose);
    csv_put(&x->out, mark, strlen(mark));
    csv_end_row(&x->out);
}

const char *gate_export_mark(struct gate *g, const char *purpose) {
    char day[11];
    int64_t ms = g->now + (int64_t)tz_offset_s(g->release->tz, g->now) * 1000;
    tz_date(g->release->tz, g->now, day);
    int minute = (int)(ms / 60000 % 1440);
    bool zh = g->lang == LANG_ZH;
    return arena_printf(g->store.arena,
                        zh ? EXPORT_MARK_ZH "%s，%s %02d:%02d%s%s"
                           : EXPORT_MARK_EN "%s, %s %02d:%02d%s%s",
                        g->actor->name, day, minute / 60, minute % 60,
                        !purpose || !*purpose ? ""
                        : zh                  ? "，用途："
                                              : ", for: ",
                        purpose ? purpose : "");
}

enum err gate_export(struct gate *g, const struct entity *e, const struct query *q,
                     const struct export_decl *standing,
                     enum err (*write)(void *self, const char *p, size_t n), void *self,
                     int64_t *rows) {
    struct exporting x = {.g = g, .q = q, .write = write, .self = self, .standing = standing};
    struct page page = q->page;
    struct verdict v;
    uint64_t reveals = 0;
    for (int w = 0; w < FIELDSET_WORDS; w++) reveals |= q->look.reveal.w[w];
    const char *object =
        standing ? arena_printf(g->store.arena, "%s.exports.%s", e->plugin->name, standing->name)
                 : e->full;
    access_decide(g->release->access, g->actor, e, "export", NULL, &v);
    if (standing ? !access_has_permission(g->release->access, g->actor, object) : !v.allowed)
        return gate_refuse(g, "export", object, "forbidden");
    if (reveals && (!q->look.purpose || !*q->look.purpose))
        return problem_add(g->store.problem, ERR_INVALID, "/purpose", "required",
                           "say what the look is for");
    page.where = gate_reach(g, e, q, page.blind_field >= 0);
    if (!standing)
        page.where =
            cond_and(g->store.arena, page.where,
                     access_filter(g->release->access, g->actor, e, "export", g->store.arena));
    gate_search(g, e, q, &page);
    page.limit = LIMIT_EXPORT_ROWS;
    buf_init(&x.out, g->store.arena);
    buf_puts(&x.out, "\xef\xbb\xbf"); // spreadsheets take it for UTF-8 only then
    csv_put(&x.out, "id", 2);
    if (e->workflow) csv_put(&x.out, "state", 5);
    for (int i = 0; i < e->nfields; i++)
        if (!q->look.has_fields || fieldset_has(&q->look.fields, i) ||
            fieldset_has(&q->look.reveal, i)) {
            bool split = standing && standing->split == &e->fields[i];
            csv_put(&x.out, split ? "debit" : e->fields[i].name,
                    split ? 5 : strlen(e->fields[i].name));
            if (split) csv_put(&x.out, "credit", 6);
        }
    csv_end_row(&x.out);
    const struct policy_revision *rev =
        standing && standing->codes_key ? release_policy(g->release, e->plugin, g->today) : NULL;
    const char *codes = rev ? policy_value(rev, standing->codes_key) : NULL;
    json_t *map = NULL;
    if (codes && !json_parse(g->store.arena, codes, strlen(codes), &map, NULL)) x.codes = map;
    x.scratch = arena_new(4 << 20);
    if (!x.scratch) return problem_set(g->store.problem, ERR_NOMEM, NULL);
    struct value last[ORDER_MAX + 1];
    int nlast = 0;
    bool more = false;
    enum err err = store_list(&g->store, e, &page, one, &x, &more, last, &nlast);
    if (!err && more)
        err = problem_set(g->store.problem, ERR_TOO_LARGE, "more than %d records: filter them",
                          LIMIT_EXPORT_ROWS);
    if (!err && reveals && !(q->format && !strcmp(q->format, "xlsx")))
        put_mark(&x, q->look.purpose);
    if (!err) err = write(self, x.out.data, x.out.len);
    arena_free(x.scratch);
    *rows = x.rows;
    struct audit_row row =
        gate_row(g, "export", object, err ? "failed" : "ok",
                 arena_printf(g->store.arena, "records=%lld", (long long)x.rows));
    if (reveals) row.fields = gate_field_list(g, e, &q->look.reveal);
    row.purpose = q->look.purpose;
    gate_add_row(g, &row);
    g->must_wait = true;
    return err;
}
