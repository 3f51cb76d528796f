// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Decisions in core_decision. The columns say which rule ran on which record, when and under what;
// everything that came from the person (inputs, and the values reasons compared) is one sealed
// text.
#include "campus/decision.h"

#include <sodium.h>
#include <string.h>
#include "campus/id.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "policy/policy_internal.h"
#include "record/store_sql.h"

static struct seal_name name_of(const struct store *s, const char *id, uint64_t generation) {
    return (struct seal_name){s->school, "core.decision", id, "sealed", "json", generation};
}

static void put_value(struct buf *b, const char *key, const struct value *v) {
    json_key(b, key);
    switch (v->kind) {
    case VALUE_NULL:
    case VALUE_BLOB: buf_puts(b, "null"); break;
    case VALUE_BOOL: buf_puts(b, v->i ? "true" : "false"); break;
    case VALUE_INT: buf_int(b, v->i); break;
    case VALUE_TEXT: json_text(b, v->p, v->n); break;
    case VALUE_JSON: buf_put(b, v->p, v->n); break;
    }
}

static void put_reasons(struct buf *b, const struct host_decision *d) {
    json_key(b, "reasons"), buf_putc(b, '[');
    for (size_t i = 0; i < d->count; i++) {
        const struct host_reason *r = &d->reasons[i];
        json_sep(b), buf_putc(b, '{');
        json_kv_bool(b, "ok", r->ok);
        json_kv_str(b, "code", r->code);
        if (r->at) json_kv_str(b, "at", r->at);
        if (r->policy) json_kv_str(b, "policy", r->policy);
        if (!value_is_null(&r->have)) put_value(b, "have", &r->have);
        if (!value_is_null(&r->want)) put_value(b, "want", &r->want);
        if (r->text) json_kv_str(b, "text", r->text);
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
}

static const char *full_rule(struct arena *a, const struct host_rule *call) {
    return arena_printf(a, "%s.%s", call->plugin, call->rule);
}

enum err decision_json(const struct host_rule *call, const struct host_decision *d, const char *id,
                       struct buf *out) {
    buf_putc(out, '{');
    if (id) json_kv_str(out, "id", id);
    json_key(out, "rule"), buf_printf(out, "\"%s.%s\"", call->plugin, call->rule);
    json_kv_bool(out, "pass", d->pass);
    json_kv_str(out, "as_of", call->as_of);
    json_kv_int(out, "policy", call->revision);
    put_reasons(out, d);
    buf_putc(out, '}');
    return out->failed ? ERR_NOMEM : ERR_OK;
}

enum err decision_add(struct store *s, const struct record *r, const struct host_rule *call,
                      const struct host_decision *d, const char *actor, int64_t release,
                      int64_t now, const char **id) {
    struct buf b;
    buf_init(&b, s->arena);
    buf_puts(&b, "{\"inputs\":{");
    for (size_t i = 0; i < call->count; i++)
        put_value(&b, call->fields[i].name, &call->fields[i].value);
    buf_puts(&b, "},\"scales\":{"); // of decimals, so that a replay hands over the same numbers
    for (size_t i = 0; i < call->count; i++)
        if (call->fields[i].scale) json_kv_int(&b, call->fields[i].name, call->fields[i].scale);
    buf_puts(&b, "}");
    put_reasons(&b, d);
    buf_putc(&b, '}');
    char *own = arena_alloc(s->arena, ID_LEN + 1);
    id_new(own);
    *id = own;
    uint8_t dek[SEAL_KEY];
    uint64_t generation;
    enum err e = store_record_key(s, r, &generation, dek);
    size_t n = seal_size(b.len);
    uint8_t *blob = arena_alloc(s->arena, n);
    struct seal_name name = name_of(s, own, generation);
    if (!e) e = seal_value(dek, (uint32_t)generation, &name, b.data, b.len, blob);
    sodium_memzero(dek, sizeof dek);
    if (e) return e;
    return db_send(
        s->db, s->problem,
        "INSERT INTO "
        "core_decision(id,entity,record,rule,at,actor,release,policy,as_of,pass,owner,sealed)"
        " VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)",
        "ttttitiititb", own, r->entity->full, r->id, full_rule(s->arena, call), now, actor, release,
        call->revision, call->as_of, (int64_t)d->pass, r->owner, blob, n);
}

enum err decision_open(struct store *s, const char *id, const char *owner, const uint8_t *blob,
                       size_t n, json_t **out) {
    uint8_t dek[SEAL_KEY];
    uint64_t generation;
    char *text;
    size_t len;
    enum err e = store_owner_key(s, owner, &generation, dek, false);
    if (!e && seal_key_version(blob, n) != (uint32_t)generation) e = ERR_NOT_FOUND; // erased since
    struct seal_name name = name_of(s, id, generation);
    if (!e) e = seal_open(dek, &name, blob, n, s->arena, &text, &len);
    sodium_memzero(dek, sizeof dek);
    return e ? e : json_parse(s->arena, text, len, out, s->problem);
}

// Reasons without what they say about the person, unless asked for.
static void show_reasons(const json_t *sealed, bool with_inputs, struct buf *out) {
    size_t i;
    json_t *r;
    json_key(out, "reasons"), buf_putc(out, '[');
    json_array_foreach(json_object_get(sealed, "reasons"), i, r) {
        const char *key;
        json_t *v;
        json_sep(out), buf_putc(out, '{');
        json_object_foreach(r, key, v) {
            if (!with_inputs && (!strcmp(key, "have") || !strcmp(key, "text"))) continue;
            json_key(out, key), json_dom(out, v);
        }
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

static void show_inputs(const json_t *sealed, struct buf *out) {
    const json_t *scales = json_object_get(sealed, "scales");
    const char *key;
    json_t *v;
    json_key(out, "inputs"), buf_putc(out, '{');
    json_object_foreach(json_object_get(sealed, "inputs"), key, v) {
        const json_t *scale = json_object_get(scales, key);
        char number[32];
        json_key(out, key);
        if (scale && json_is_integer(v)) {
            text_from_scaled(number, json_integer_value(v), (int)json_integer_value(scale));
            buf_puts(out, number);
        } else
            json_dom(out, v);
    }
    buf_putc(out, '}');
}

enum err decision_find(struct store *s, const char *id, const char **entity, const char **record,
                       bool with_inputs, struct buf *out) {
    struct stmt *st =
        db_query(s->db, s->problem,
                 "SELECT entity,record,rule,pass,at,actor,release,policy,as_of,owner,sealed"
                 " FROM core_decision WHERE id=$1",
                 "t", id);
    enum err e = stmt_first(st, s->problem);
    if (e) return e;
    const char *owner;
    const uint8_t *blob;
    size_t n;
    buf_putc(out, '{');
    json_kv_str(out, "id", id);
    stmt_json(st, "entity record rule pass? at@ actor release# policy# as_of", out);
    stmt_take(st, s->arena, "tt-------tb", entity, record, &owner, &blob, &n);
    stmt_reset(st);
    json_t *j;
    e = decision_open(s, id, owner, blob, n, &j);
    if (e == ERR_NOT_FOUND) {
        json_kv_bool(out, "erased", true);
        e = ERR_OK;
    } else if (!e) {
        show_reasons(j, with_inputs, out);
        if (with_inputs) show_inputs(j, out);
    }
    buf_putc(out, '}');
    return e;
}
