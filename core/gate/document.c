// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Documents through the gate: read as the actor may, numbered and kept on the lane.
#include "campus/document.h"

#include <sodium.h>
#include <string.h>
#include "campus/id.h"
#include "campus/mem.h"
#include "campus/outbox.h"
#include "campus/template.h"
#include "gate/gate_internal.h"
#include "record/store_sql.h"

const struct document_decl *document_find(const struct plugin *pl, const char *name) {
    for (int i = 0; pl && i < pl->ndocuments; i++)
        if (!strcmp(pl->documents[i].name, name)) return &pl->documents[i];
    return NULL;
}

static const char *permission(struct arena *a, const char *plugin, const char *document) {
    return arena_printf(a, "%s.documents.%s", plugin, document);
}

static enum err object(struct gate *g, enum err e, const char *pointer, const char *word,
                       const char *zh, const char *en) {
    return problem_say(g->store.problem, e, pointer, word, en, zh);
}

static bool is_masked(const json_t *data, const char *name) {
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(data, "_masked"), i,
                       one) if (!strcmp(json_string_value(one), name)) return true;
    return false;
}

static enum err all_shown(struct gate *g, const struct document_draft *d,
                          const struct fieldset *reads, uint64_t expand) {
    const struct entity *e = d->decl->entity;
    enum err err = ERR_OK;
    for (int i = 0; i < e->nfields; i++) {
        const struct field *f = &e->fields[i];
        if (!fieldset_has(reads, i)) continue;
        const json_t *v = json_object_get(d->data, f->name);
        bool behind = i < 64 && expand >> i & 1 && json_is_string(v); // not readable: its id alone
        if (v && !behind && !is_masked(d->data, f->name)) continue;
        err = object(g, ERR_FORBIDDEN, arena_printf(g->store.arena, "/%s", f->name), "not_readable",
                     "文书需要的字段您无权查看",
                     "the document shows this field, which you may not see in the clear");
    }
    return err;
}

enum err document_read(struct gate *g, struct document_draft *d) {
    const struct document_decl *decl = d->decl;
    const struct entity *e = decl->entity;
    struct arena *a = g->store.arena;
    struct look look = {.has_fields = true, .purpose = d->purpose};
    struct buf b;
    const char *object_name = gate_object(g, e, d->record);
    enum err err = gate_permit(g, permission(a, e->plugin->name, decl->name), object_name);
    if (err) return err;
    const struct fieldset *reads = template_reads(decl->template[d->lang], &look.expand);
    look.fields = *reads;
    for (int i = 0; i < e->nfields; i++)
        if (fieldset_has(reads, i) && e->fields[i].sealed)
            fieldset_add(&look.reveal, i), d->looks = true;
    buf_init(&b, a);
    err = gate_get(g, e, d->record, &look, &b, &d->rev);
    if (!err) err = json_parse(a, b.data, b.len, &d->data, g->store.problem);
    if (!err) err = all_shown(g, d, reads, look.expand);
    if (!err && template_has_trail(decl->template[d->lang]))
        err = gate_trail(g, e, d->record, d->lang, d->data);
    if (err || !decl->states) return err;
    int state = entity_state(e, json_string_value(json_object_get(d->data, "state")));
    if (state >= 0 && decl->states >> state & 1) return ERR_OK;
    return object(g, ERR_CONFLICT, "/state", "document_state", "当前状态不能出具该文书",
                  "the document is not issued in this state");
}

void document_text(struct gate *g, const struct document_draft *d, const char *number,
                   const char *id, const char *watermark, struct buf *out) {
    const struct document_decl *decl = d->decl;
    struct arena *a = g->store.arena;
    struct buf sample, markup, qr;
    buf_init(&sample, a), buf_init(&markup, a), buf_init(&qr, a);
    if (!number && decl->number) { // every digit, so that a font is known to have them
        template_number(decl->number, g->today, INT64_C(1234567890), NULL, &sample);
        number = buf_str(&sample);
    }
    const struct policy_revision *rev = release_policy(g->release, decl->entity->plugin, g->today);
    json_t *policy = NULL;
    if (rev && json_parse(a, rev->json, rev->json_n, &policy, NULL)) policy = NULL;
    const char *title = title_in(&decl->title, d->lang, decl->name),
               *seal = title_in(&decl->seal, d->lang, NULL);
    const struct template_values v = {.record = d->data,
                                      .policy = policy,
                                      .tz = g->release->tz,
                                      .number = number,
                                      .title = title,
                                      .school = g->release->school_name,
                                      .today = g->today,
                                      .lang = d->lang};
    template_fill(decl->template[d->lang], &v, &markup);
    buf_puts(out, "{\"title\":");
    json_cstr(out, title);
    json_key(out, "markup"), json_text(out, buf_str(&markup), markup.len);
    if (seal) json_kv_str(out, "seal", seal);
    if (decl->copies) json_kv_int(out, "copies", decl->copies);
    if (watermark) json_kv_str(out, "watermark", watermark);
    if (decl->qr) {
        const struct template_names names = {number ? number : "", id ? id : "",
                                             g->release->address, d->data};
        template_number(decl->qr, g->today, 0, &names, &qr);
        json_key(out, "qr"), json_text(out, buf_str(&qr), qr.len);
    }
    buf_putc(out, '}');
}

enum err gate_number(struct gate *g, const char *name, const char *format, const char **out) {
    struct arena *a = g->store.arena;
    const char *period = strstr(format, "{year}") ? arena_strndup(a, g->today, 4) : "";
    struct buf b;
    int64_t n = 0;
    enum err e = db_run(g->store.db, g->store.problem, NULL,
                        "INSERT INTO core_register(name,period,last) VALUES($1,$2,1)"
                        " ON CONFLICT(name, period) DO UPDATE SET last=core_register.last+1",
                        "tt", name, period);
    if (!e)
        e = db_int(g->store.db, g->store.problem, &n, 0,
                   "SELECT last FROM core_register WHERE name=$1 AND period=$2", "tt", name,
                   period);
    buf_init(&b, a);
    template_number(format, g->today, n, NULL, &b);
    *out = buf_str(&b);
    return e;
}

#define COLUMNS                                                                                    \
    "id,plugin,document,entity,record,number,state,lang,issued_at,issued_by,ended_at,ended_by,"    \
    "reason,replaced_by,looks,owner,generation,sealed"
struct row {
    const char *id, *plugin, *document, *entity, *record, *number, *state, *lang, *issued_by,
        *ended_by, *reason, *replaced_by, *owner;
    int64_t issued_at, ended_at;
    uint64_t generation;
    bool looks;
    const uint8_t *sealed;
    size_t sealed_n;
};

static void take_row(struct gate *g, struct stmt *st, struct row *r) {
    stmt_take(st, g->store.arena, "ttttttttitittt?t-b", &r->id, &r->plugin, &r->document,
              &r->entity, &r->record, &r->number, &r->state, &r->lang, &r->issued_at, &r->issued_by,
              &r->ended_at, &r->ended_by, &r->reason, &r->replaced_by, &r->looks, &r->owner,
              &r->sealed, &r->sealed_n);
    r->generation = (uint64_t)stmt_int(st, 16);
}

static void row_json(const struct row *r, struct buf *b) {
    buf_puts(b, "{\"id\":"), json_cstr(b, r->id);
    json_kv_str(b, "document", r->document);
    json_kv_str(b, "plugin", r->plugin);
    json_kv_str(b, "entity", r->entity);
    json_kv_str(b, "record", r->record);
    json_kv_str(b, "number", r->number);
    json_kv_str(b, "state", r->state);
    json_kv_str(b, "lang", r->lang);
    json_kv_bool(b, "looks", r->looks);
    json_kv_time(b, "issued_at", r->issued_at);
    json_kv_str(b, "issued_by", r->issued_by);
    if (r->ended_at)
        json_kv_time(b, "ended_at", r->ended_at), json_kv_str(b, "ended_by", r->ended_by);
    if (*r->reason) json_kv_str(b, "reason", r->reason);
    if (*r->replaced_by) json_kv_str(b, "replaced_by", r->replaced_by);
    buf_putc(b, '}');
}

// The document in force that a new one would stand beside, or that it replaces. What refuses comes
// before what writes: an action may go on after a refusal.
static enum err make_room(struct gate *g, const struct document_draft *d, const char *replaces,
                          const char *id) {
    struct store *s = &g->store;
    const struct document_decl *decl = d->decl;
    int64_t n = 0;
    enum err e = decl->many
                     ? ERR_OK
                     : db_int(s->db, s->problem, &n, 0,
                              "SELECT count(*) FROM core_document WHERE record=$1 AND document=$2"
                              " AND plugin=$3 AND state='issued' AND id<>$4",
                              "tttt", d->record, decl->name, decl->entity->plugin->name,
                              replaces ? replaces : "");
    if (!e && n)
        e = object(g, ERR_CONFLICT, NULL, "document_issued", "该文书已出具且有效；更正请作废或替换",
                   "one is in force already: void it, or replace it");
    if (e || !replaces) return e;
    e = db_run(s->db, s->problem, &n,
               "UPDATE core_document SET state='replaced',ended_at=$1,ended_by=$2,replaced_by=$3"
               " WHERE id=$4 AND record=$5 AND document=$6 AND state='issued'",
               "ittttt", g->now, g->actor->id, id, replaces, d->record, decl->name);
    return e || n ? e
                  : object(g, ERR_CONFLICT, "/replaces", "document_not_issued",
                           "要替换的文书不在有效状态",
                           "there is no such document of this record in force");
}

static enum err seal(struct gate *g, struct row *r, const struct buf *text) {
    struct store *s = &g->store;
    uint8_t dek[SEAL_KEY];
    enum err e = store_owner_key(s, r->owner, &r->generation, dek, true);
    struct seal_name name = {s->school, "core_document", r->id, "text", "json", r->generation};
    uint8_t *blob = arena_alloc(s->arena, seal_size(text->len));
    if (!e) e = seal_value(dek, (uint32_t)r->generation, &name, text->data, text->len, blob);
    sodium_memzero(dek, sizeof dek);
    r->sealed = blob, r->sealed_n = seal_size(text->len);
    return e;
}

static enum err published(struct gate *g, const struct row *row, const struct record *r,
                          const char *action) {
    const char *subject[1] = {r->owner};
    const char *what = arena_printf(g->store.arena, "%s %s", row->document, row->number);
    struct audit_row audit = gate_row(g, action, gate_object(g, r->entity, r->id), "ok", what);
    audit.subjects = subject, audit.nsubjects = 1;
    gate_add_row(g, &audit);
    const char *word = strchr(action, '.') + 1;
    return gate_publish(g, r, !strcmp(word, "issue") ? "document_issued" : "document_voided");
}

enum err document_issue(struct gate *g, const struct document_draft *d, const char *replaces,
                        struct buf *out, struct buf *text, bool *stale) {
    const struct document_decl *decl = d->decl;
    struct store *s = &g->store;
    struct record r;
    struct buf own;
    char *id = arena_alloc(s->arena, ID_LEN + 1);
    id_new(id);
    *stale = false;
    enum err e = store_get(s, decl->entity, d->record, &r);
    if (e && e != ERR_NOT_FOUND) return e;
    struct verdict v = {0};
    if (!e) access_decide(g->release->access, g->actor, decl->entity, "read", &r, &v);
    if (e || !v.allowed) return gate_not_found(g);
    e = gate_permit(g, permission(s->arena, decl->entity->plugin->name, decl->name),
                    gate_object(g, decl->entity, r.id));
    if (!e && r.rev != d->rev) *stale = true, e = ERR_CONFLICT;
    if (!e) e = make_room(g, d, replaces, id);
    if (e) return e;
    struct row row = {.id = id,
                      .plugin = decl->entity->plugin->name,
                      .document = decl->name,
                      .entity = decl->entity->full,
                      .record = r.id,
                      .owner = r.owner,
                      .state = "issued",
                      .number = "",
                      .lang = d->lang == LANG_ZH ? "zh" : "en",
                      .issued_by = g->actor->id,
                      .issued_at = g->now,
                      .looks = d->looks,
                      .reason = "",
                      .replaced_by = "",
                      .ended_by = ""};
    if (decl->number)
        e = gate_number(g, arena_printf(s->arena, "%s.%s", row.plugin, decl->name), decl->number,
                        &row.number);
    if (!text) buf_init(&own, s->arena), text = &own;
    if (!e) document_text(g, d, row.number, id, NULL, text);
    if (!e) e = seal(g, &row, text);
    if (!e)
        e = db_run(
            s->db, s->problem, NULL,
            "INSERT INTO core_document(id,plugin,document,entity,record,owner,generation,"
            "number,state,lang,looks,release,issued_at,issued_by,ended_at,ended_by,reason,"
            "replaced_by,sealed) VALUES($1,$2,$3,$4,$5,$6,$7,$8,'issued',$9,$10,$11,$12,$13,0,"
            "'','','',$14)",
            "ttttttittiiitb", row.id, row.plugin, row.document, row.entity, row.record, row.owner,
            (int64_t)row.generation, row.number, row.lang, (int64_t)row.looks, g->release->number,
            row.issued_at, row.issued_by, row.sealed, row.sealed_n);
    if (!e) e = published(g, &row, &r, "document.issue");
    if (!e) row_json(&row, out);
    return e;
}

// The record that it was issued for, where the actor may read it and issue such documents.
static enum err of_record(struct gate *g, const struct row *row, struct record *r) {
    const struct entity *e =
        schema_entity_full(g->release->schema, row->entity, strlen(row->entity));
    struct verdict v;
    if (!e || !access_has_permission(g->release->access, g->actor,
                                     permission(g->store.arena, row->plugin, row->document)))
        return ERR_NOT_FOUND;
    return gate_find(g, e, row->record, "document", r, &v);
}

// By its id or its number; of several registers that gave the same number, the last that is the
// actor's to see.
static enum err find_row(struct gate *g, const char *id, struct row *out, struct record *r) {
    struct row rows[4];
    int n = 0;
    struct stmt *st = db_query(g->store.db, g->store.problem,
                               "SELECT " COLUMNS " FROM core_document WHERE id=$1 OR number=$1"
                               " ORDER BY id DESC LIMIT 4",
                               "t", id);
    enum err e = ERR_OK;
    while (stmt_next(st, &e, g->store.problem)) take_row(g, st, &rows[n++]);
    for (int i = 0; i < n && !e; i++) {
        e = of_record(g, &rows[i], r);
        if (!e) return *out = rows[i], ERR_OK;
        if (e == ERR_NOT_FOUND) e = ERR_OK;
    }
    return e ? e : ERR_NOT_FOUND;
}

enum err document_list(struct gate *g, const struct entity *e, const char *id, struct buf *out) {
    struct record r;
    struct verdict v;
    enum err err = gate_find(g, e, id, "document", &r, &v);
    if (err) return err;
    struct stmt *st = db_query(g->store.db, g->store.problem,
                               "SELECT " COLUMNS " FROM core_document WHERE record=$1 AND entity=$2"
                               " ORDER BY id DESC",
                               "tt", id, e->full);
    buf_puts(out, "{\"items\":[");
    while (stmt_next(st, &err, g->store.problem)) {
        struct row one;
        take_row(g, st, &one);
        if (!access_has_permission(g->release->access, g->actor,
                                   permission(g->store.arena, one.plugin, one.document)))
            continue;
        json_sep(out);
        row_json(&one, out);
    }
    buf_puts(out, "]}");
    return err;
}

static enum err not_for(struct gate *g, const char *id) {
    gate_record(g, "document", arena_printf(g->store.arena, "core.documents/%.64s", id), "refused",
                "not_found");
    return gate_not_found(g);
}

static enum err unseal(struct gate *g, const struct row *row, struct buf *text) {
    struct store *s = &g->store;
    uint8_t dek[SEAL_KEY];
    uint64_t generation = 0;
    char *plain;
    size_t n;
    enum err e =
        row->sealed ? store_owner_key(s, row->owner, &generation, dek, false) : ERR_NOT_FOUND;
    if (!e && generation != row->generation) e = ERR_NOT_FOUND;
    struct seal_name name = {s->school, "core_document", row->id, "text", "json", generation};
    if (!e) e = seal_open(dek, &name, row->sealed, row->sealed_n, s->arena, &plain, &n);
    sodium_memzero(dek, sizeof dek);
    if (e == ERR_CORRUPT) return problem_set(s->problem, e, "document %s does not open", row->id);
    if (e) return e;
    buf_put(text, plain, n);
    if (!strcmp(row->state, "issued")) return ERR_OK;
    buf_trim(text, 1);
    json_kv_str(text, "watermark", !strcmp(row->state, "void") ? "作废 VOID" : "已替换 REPLACED");
    buf_putc(text, '}');
    return ERR_OK;
}

enum err document_open(struct gate *g, const char *id, const char *purpose, struct buf *out,
                       struct buf *text, bool *zh) {
    struct row row = {0};
    struct record r;
    enum err e = find_row(g, id, &row, &r);
    if (e) return e == ERR_NOT_FOUND ? not_for(g, id) : e;
    if (out) row_json(&row, out);
    if (!text) return ERR_OK;
    *zh = !strcmp(row.lang, "zh");
    if (row.looks && (!purpose || !*purpose))
        return problem_add(g->store.problem, ERR_INVALID, "/purpose", "required",
                           "say what the look is for");
    e = unseal(g, &row, text);
    if (e) return e == ERR_NOT_FOUND ? not_for(g, id) : e;
    const struct document_decl *d =
        document_find(schema_plugin(g->release->schema, row.plugin), row.document);
    struct fieldset fields = {0};
    for (int i = 0; row.looks && d && i < r.entity->nfields; i++)
        if (r.entity->fields[i].sealed &&
            fieldset_has(template_reads(d->template[*zh ? LANG_ZH : LANG_EN], NULL), i))
            fieldset_add(&fields, i);
    if (row.looks)
        gate_note_look(g, r.entity, "reveal", gate_object(g, r.entity, r.id), &fields, purpose,
                       r.owner);
    return ERR_OK;
}

static enum err not_in_force(struct gate *g) {
    return object(g, ERR_CONFLICT, NULL, "document_not_issued", "该文书不在有效状态",
                  "the document is not in force");
}

enum err document_holder(struct gate *g, const char *id, const struct entity **entity,
                         const char **record) {
    struct row row = {0};
    struct record r;
    enum err e = find_row(g, id, &row, &r);
    if (e) return e == ERR_NOT_FOUND ? not_for(g, id) : e;
    *entity = r.entity, *record = r.id;
    return strcmp(row.state, "issued") ? not_in_force(g) : ERR_OK;
}

enum err document_void(struct gate *g, const char *id, const char *reason, struct buf *out) {
    struct row row = {0};
    struct record r;
    int64_t n = 0;
    enum err e = find_row(g, id, &row, &r);
    if (e) return e == ERR_NOT_FOUND ? not_for(g, id) : e;
    e = db_run(g->store.db, g->store.problem, &n,
               "UPDATE core_document SET state='void',ended_at=$1,ended_by=$2,reason=$3"
               " WHERE id=$4 AND state='issued'",
               "ittt", g->now, g->actor->id, reason, row.id);
    if (!e && !n) e = not_in_force(g);
    if (e) return e;
    row.state = "void", row.ended_at = g->now, row.ended_by = g->actor->id, row.reason = reason;
    row_json(&row, out);
    return published(g, &row, &r, "document.void");
}
