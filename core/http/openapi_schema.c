// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Entities as JSON Schema (2020-12, as OpenAPI 3.1 takes it): what is answered, what may be sent.
#include <string.h>
#include "campus/limits.h"
#include "campus/text.h"
#include "http/openapi.h"

static void choices(struct buf *b, const struct field *f) {
    json_key(b, "enum"), buf_putc(b, '[');
    for (int i = 0; i < f->nchoices; i++) json_sep(b), json_cstr(b, f->choices[i].name);
    buf_putc(b, ']');
}

static void bounds(struct buf *b, const struct field *f) {
    if (f->has_min) json_kv_int(b, "minimum", f->min);
    if (f->has_max) json_kv_int(b, "maximum", f->max);
}

static void text_schema(struct buf *b, const struct field *f) {
    json_kv_str(b, "type", "string");
    json_kv_int(b, "maxLength", f->max_chars);
    // POSIX classes mean something else to other readers of regular expressions
    if (f->pattern_text && !strstr(f->pattern_text, "[:")) {
        json_key(b, "pattern");
        struct buf anchored;
        buf_init(&anchored, b->arena);
        buf_printf(&anchored, "^(%s)$", f->pattern_text);
        json_text(b, anchored.data, anchored.len);
    }
}

static void scaled_schema(struct buf *b, const struct field *f) {
    char lo[32], hi[32];
    json_kv_str(b, "type", "string");
    json_key(b, "pattern");
    if (f->scale)
        buf_printf(b, "\"^-?[0-9]+([.][0-9]{1,%d})?$\"", f->scale);
    else
        buf_puts(b, "\"^-?[0-9]+$\"");
    if (f->has_min) text_from_scaled(lo, f->min, f->scale), json_kv_str(b, "x-minimum", lo);
    if (f->has_max) text_from_scaled(hi, f->max, f->scale), json_kv_str(b, "x-maximum", hi);
}

void openapi_object(struct buf *b, const struct field *f, int n, enum lang lang) {
    buf_putc(b, '{');
    json_kv_str(b, "type", "object");
    json_kv_bool(b, "additionalProperties", false);
    json_key(b, "properties"), buf_putc(b, '{');
    bool any = false;
    for (int i = 0; i < n; i++) {
        json_key(b, f[i].name);
        openapi_field(b, &f[i], false, lang);
        any |= f[i].required;
    }
    buf_putc(b, '}');
    if (any) json_key(b, "required"), buf_putc(b, '[');
    for (int i = 0; any && i < n; i++)
        if (f[i].required) json_sep(b), json_cstr(b, f[i].name);
    if (any) buf_putc(b, ']');
    buf_putc(b, '}');
}

static void core(struct buf *b, const struct field *f, enum lang lang) {
    buf_putc(b, '{');
    switch (f->type) {
    case FIELD_TEXT:
    case FIELD_LONGTEXT: text_schema(b, f); break;
    case FIELD_INTEGER: json_kv_str(b, "type", "integer"), bounds(b, f); break;
    case FIELD_DECIMAL:
    case FIELD_MONEY: scaled_schema(b, f); break;
    case FIELD_DATE: json_kv_str(b, "type", "string"), json_kv_str(b, "format", "date"); break;
    case FIELD_TIME:
        json_kv_str(b, "type", "string");
        json_kv_str(b, "pattern", "^([01][0-9]|2[0-3]):[0-5][0-9]$");
        break;
    case FIELD_DATETIME:
        json_kv_str(b, "type", "string"), json_kv_str(b, "format", "date-time");
        break;
    case FIELD_BOOLEAN: json_kv_str(b, "type", "boolean"); break;
    case FIELD_CHOICE: json_kv_str(b, "type", "string"), choices(b, f); break;
    case FIELD_MULTICHOICE:
        json_kv_str(b, "type", "array");
        json_key(b, "items"), buf_putc(b, '{');
        json_kv_str(b, "type", "string"), choices(b, f);
        buf_putc(b, '}');
        break;
    case FIELD_FILE:
        if (f->many) {
            json_kv_str(b, "type", "array");
            json_key(b, "items"), buf_puts(b, "{\"type\":\"string\",\"maxLength\":64}");
            json_kv_int(b, "maxItems", LIMIT_FILES_OF_A_FIELD);
            break;
        } /* fall through */
    case FIELD_PERSON:
    case FIELD_REFERENCE:
        json_kv_str(b, "type", "string");
        json_kv_int(b, "maxLength", 64);
        if (f->to) json_kv_str(b, "x-to", f->to);
        break;
    case FIELD_LIST:
        json_kv_str(b, "type", "array");
        json_key(b, "items"), openapi_object(b, f->lines, f->nlines, lang);
        break;
    case FIELD_JSON:
    case FIELD_TYPES: break;
    }
    buf_putc(b, '}');
}

void openapi_field(struct buf *b, const struct field *f, bool answered, enum lang lang) {
    bool null = answered || !f->required;
    buf_putc(b, '{');
    json_kv_str(b, "title", title_in(&f->title, lang, f->name));
    if (f->readonly) json_kv_bool(b, "readOnly", true);
    if (f->sealed) json_kv_bool(b, "x-sealed", true);
    if (f->check) json_kv_str(b, "x-check", f->check);
    json_key(b, "anyOf"), buf_putc(b, '[');
    core(b, f, lang);
    if (answered && f->sealed)
        buf_puts(b, ",{\"type\":\"string\",\"description\":\"its mask, named in _masked\"}");
    if (null) buf_puts(b, ",{\"type\":\"null\"}");
    buf_puts(b, "]}");
}

static void fields(struct buf *b, const struct entity *e, const struct fieldset *shown,
                   bool answered, enum lang lang) {
    for (int i = 0; i < e->nfields; i++) {
        if (!fieldset_has(shown, i) || (!answered && e->fields[i].readonly)) continue;
        json_key(b, e->fields[i].name);
        openapi_field(b, &e->fields[i], answered, lang);
    }
}

void openapi_record(struct buf *b, const struct entity *e, const struct fieldset *shown,
                    enum lang lang) {
    static const char time[] = "{\"type\":\"string\",\"format\":\"date-time\",\"readOnly\":true}";
    json_key(b, e->full);
    buf_putc(b, '{');
    json_kv_str(b, "title", title_in(&e->title, lang, e->full));
    json_kv_str(b, "type", "object");
    json_key(b, "required"), buf_puts(b, "[\"id\",\"rev\"]");
    json_key(b, "properties"), buf_putc(b, '{');
    json_key(b, "id"), buf_puts(b, "{\"type\":\"string\",\"readOnly\":true}");
    json_key(b, "rev"), buf_puts(b, "{\"type\":\"integer\",\"minimum\":1,\"readOnly\":true}");
    if (e->workflow) {
        json_key(b, "state"), buf_puts(b, "{\"type\":\"string\",\"readOnly\":true,\"enum\":[");
        for (int i = 0; i < e->workflow->nstates; i++)
            json_sep(b), json_cstr(b, e->workflow->states[i].name);
        buf_puts(b, "]}");
    }
    json_key(b, "created_at"), buf_puts(b, time);
    json_key(b, "created_by"), buf_puts(b, "{\"type\":\"string\",\"readOnly\":true}");
    json_key(b, "updated_at"), buf_puts(b, time);
    if (e->due_field >= 0 && fieldset_has(shown, e->due_field)) {
        json_key(b, "deadline");
        buf_printf(b,
                   "{\"type\":\"object\",\"readOnly\":true,\"properties\":{\"due_at\":%s,"
                   "\"overdue\":{\"type\":\"boolean\"}}}",
                   time);
    }
    json_key(b, "_masked");
    buf_puts(b, "{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"readOnly\":true}");
    fields(b, e, shown, true, lang);
    buf_puts(b, "}}");
}

void openapi_input(struct buf *b, const struct entity *e, const struct fieldset *shown,
                   bool creating, enum lang lang) {
    bool any = false;
    json_sep(b), buf_printf(b, "\"%s.%s\":", e->full, creating ? "new" : "change");
    buf_putc(b, '{');
    json_kv_str(b, "type", "object");
    json_kv_bool(b, "additionalProperties", false);
    json_key(b, "properties"), buf_putc(b, '{');
    fields(b, e, shown, false, lang);
    buf_putc(b, '}');
    for (int i = 0; creating && i < e->nfields; i++) {
        const struct field *f = &e->fields[i];
        if (!f->required || f->readonly || !fieldset_has(shown, i)) continue;
        if (!value_is_null(&f->preset) || f->preset_var) continue;
        if (!any) json_key(b, "required"), buf_putc(b, '[');
        any = true;
        json_sep(b), json_cstr(b, f->name);
    }
    if (any) buf_putc(b, ']');
    buf_putc(b, '}');
}
