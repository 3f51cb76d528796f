// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// policy.schema.yaml: what keys a plugin's policy has, with type, range, default, unit and titles.
#include <stdlib.h>
#include <string.h>
#include "campus/json.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "policy/policy_internal.h"

static const char *const NAMES[KEY_TYPES] = {"group",    "integer", "decimal", "money",   "percent",
                                             "duration", "date",    "text",    "choice",  "boolean",
                                             "list",     "map",     "weights", "approval"};

const char *key_type_name(enum key_type t) {
    return NAMES[t];
}

int key_scale(enum key_type t) {
    return t == KEY_MONEY ? 2 : t == KEY_DECIMAL || t == KEY_PERCENT ? 4 : 0;
}

static struct key *load_key(struct arena *a, const struct yaml *y, struct problem *p);

static void load_members(struct arena *a, const struct yaml *keys, struct key *k,
                         struct problem *p) {
    struct key **tail = &k->first;
    for (const struct yaml *c = keys ? keys->first : NULL; c; c = c->next) {
        *tail = load_key(a, c, p);
        tail = &(*tail)->next;
    }
}

static struct key *load_key(struct arena *a, const struct yaml *y, struct problem *p) {
    static const char *const known[] = {"type",    "title", "unit", "min",    "max",      "default",
                                        "choices", "of",    "keys", "forbid", "required", NULL};
    struct key *k = arena_alloc(a, sizeof *k);
    k->name = y->key ? y->key : "";
    yaml_only(y, p, known);
    const struct yaml *t = yaml_get(y, "title"), *of = yaml_get(y, "of"),
                      *choices = yaml_get(y, "choices");
    k->title = (struct title){yaml_str(t, "zh", NULL), yaml_str(t, "en", NULL)};
    k->unit = yaml_str(y, "unit", NULL);
    k->preset = yaml_get(y, "default");
    k->forbid = yaml_get(y, "forbid");
    k->required = yaml_get(y, "required") && yaml_get(y, "required")->b;
    const char *type = yaml_str(y, "type", yaml_get(y, "keys") ? "group" : NULL);
    int found = -1;
    for (int i = 0; type && i < KEY_TYPES; i++)
        if (!strcmp(NAMES[i], type)) found = i;
    if (found < 0) {
        problem_at(p, y->file, y->line, y->col, "type_unknown",
                   type ? "%s: unknown type \"%s\"%s" : "%s: say its type%s%s", k->name,
                   type ? type : "", text_instead(a, type, NAMES, KEY_TYPES, "there are"));
        found = KEY_TEXT;
    }
    k->type = (enum key_type)found;
    if (k->type == KEY_GROUP) load_members(a, yaml_get(y, "keys"), k, p);
    const struct yaml *lo = yaml_get(y, "min"), *hi = yaml_get(y, "max");
    k->has_min = lo && lo->text && text_to_scaled(lo->text, lo->n, key_scale(k->type), &k->min);
    k->has_max = hi && hi->text && text_to_scaled(hi->text, hi->n, key_scale(k->type), &k->max);
    if (choices) {
        k->choices = arena_alloc(a, sizeof(char *) * (choices->count + 1));
        size_t n = 0;
        for (const struct yaml *c = choices->first; c; c = c->next)
            if (c->text) k->choices[n++] = c->text;
    } else if (k->type == KEY_CHOICE)
        problem_at(p, y->file, y->line, y->col, "choices_missing",
                   "%s: a choice needs choices: [a, b]", k->name);
    if (of)
        k->of = load_key(a, of, p);
    else if (k->type == KEY_LIST || k->type == KEY_MAP)
        problem_at(p, y->file, y->line, y->col, "of_missing",
                   "%s: say what the %s is of: of: { type: text }", k->name, NAMES[k->type]);
    return k;
}

enum err policy_schema_load(struct arena *a, const struct yaml *y, struct policy_schema **out,
                            struct problem *p) {
    static const char *const known[] = {"policy", "title", "keys", NULL};
    unsigned before = p->count;
    yaml_only(y, p, known);
    struct policy_schema *s = arena_alloc(a, sizeof *s);
    s->name = yaml_str(y, "policy", "");
    s->root = arena_alloc(a, sizeof *s->root);
    load_members(a, yaml_get(y, "keys"), s->root, p);
    *out = s;
    return p->count > before ? ERR_INVALID : ERR_OK;
}

static void key_json(const struct key *k, struct buf *b) {
    static const char *const types[KEY_TYPES] = {"object", "integer", "number", "number", "number",
                                                 "string", "string",  "string", "string", "boolean",
                                                 "array",  "object",  "object", "object"};
    buf_putc(b, '{');
    json_kv_str(b, "type", types[k->type]);
    if (k->title.en || k->title.zh) json_kv_str(b, "title", title_in(&k->title, LANG_EN, k->name));
    if (k->title.zh) json_kv_str(b, "x-title-zh", k->title.zh); // for a form in Chinese
    if (k->unit) json_kv_str(b, "description", k->unit);
    char n[32];
    if (k->has_min)
        text_from_scaled(n, k->min, key_scale(k->type)), json_key(b, "minimum"), buf_puts(b, n);
    if (k->has_max)
        text_from_scaled(n, k->max, key_scale(k->type)), json_key(b, "maximum"), buf_puts(b, n);
    if (k->type == KEY_DATE) json_kv_str(b, "format", "date");
    if (k->type == KEY_MONEY) json_kv_str(b, "format", "money");
    if (k->type == KEY_DURATION) json_kv_str(b, "pattern", "^[0-9]+(d|h|m|wd)$");
    if (k->choices) {
        json_key(b, "enum"), buf_putc(b, '[');
        for (const char **c = k->choices; *c; c++) json_sep(b), json_cstr(b, *c);
        buf_putc(b, ']');
    }
    if (k->type == KEY_LIST && k->of) json_key(b, "items"), key_json(k->of, b);
    if (k->type == KEY_MAP && k->of) json_key(b, "additionalProperties"), key_json(k->of, b);
    if (k->type == KEY_GROUP) {
        json_key(b, "properties"), buf_putc(b, '{');
        for (const struct key *c = k->first; c; c = c->next) json_key(b, c->name), key_json(c, b);
        buf_putc(b, '}');
        json_kv_bool(b, "additionalProperties", false);
    }
    buf_putc(b, '}');
}

void policy_schema_json(const struct policy_schema *s, struct buf *b) {
    buf_puts(b, "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\"");
    json_kv_str(b, "title", s->name);
    buf_puts(b, ",\"type\":\"object\",\"properties\":{\"policy\":{\"type\":\"string\"},\"valid_"
                "from\":{\"type\":\"string\",\"format\":\"date\"}");
    for (const struct key *c = s->root->first; c; c = c->next) json_key(b, c->name), key_json(c, b);
    buf_puts(b, "},\"additionalProperties\":false}");
}
