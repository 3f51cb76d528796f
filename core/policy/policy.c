// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Layers of a policy, merged key by key under its schema into revisions, each value with its
// origin.
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "campus/json.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "policy/policy_internal.h"

struct merge {
    struct arena *a;
    struct problem *p;
    const struct policy_layer *in_force[8];
    int n;
    struct revision *r;
};

// Several revisions hold the same file: what is wrong with it is said once.
static void report(struct merge *m, const char *file, int line, int col, const char *path,
                   const char *word, const char *text) {
    for (const struct problem_item *it = m->p->first; it; it = it->next)
        if (it->file && it->line == line && it->col == col && !strcmp(it->file, file) &&
            !strcmp(it->word, word) && !strcmp(it->pointer ? it->pointer : "", path))
            return;
    problem_at(m->p, file, line, col, word, "%s", text);
    problem_point(m->p, *path ? path : NULL);
}

static void wrong(struct merge *m, const struct yaml *y, const char *path, const char *word,
                  const char *text) {
    report(m, y->file, y->line, y->col, path, word, text);
}

static void forbidden(struct merge *m, const struct key *k, const struct yaml *y,
                      const char *path) {
    for (const struct yaml *f = k->forbid ? k->forbid->first : NULL; f; f = f->next) {
        const char *match = yaml_str(f, "match", NULL);
        if (!match || !y->text) continue;
        size_t n, mn;
        const char *have = text_normal(m->a, y->text, y->n, &n),
                   *bad = text_normal(m->a, match, strlen(match), &mn);
        if (memmem(have, n, bad, mn))
            wrong(m, y, path, "forbidden", yaml_str(f, "because", "not allowed"));
    }
}

static bool duration(const struct yaml *y, struct buf *out) {
    char *end;
    long long v = y->text ? strtoll(y->text, &end, 10) : -1;
    if (v < 0 || end == y->text ||
        (strcmp(end, "d") && strcmp(end, "h") && strcmp(end, "m") && strcmp(end, "wd")))
        return false;
    buf_printf(out, "{\"n\":%lld,\"unit\":\"%s\"}", v, end);
    return true;
}

static void value_json(struct merge *m, const struct key *k, const struct yaml *y, const char *path,
                       struct buf *out);

// 12.5000 as 12.5
static void plain_number(char out[32], int64_t v, int scale) {
    size_t n = (size_t)text_from_scaled(out, v, scale);
    if (!strchr(out, '.')) return;
    while (out[n - 1] == '0') out[--n] = 0;
    if (out[n - 1] == '.') out[--n] = 0;
}

static void number_json(struct merge *m, const struct key *k, const struct yaml *y,
                        const char *path, struct buf *out) {
    int64_t v = 0;
    int scale = key_scale(k->type);
    if (!y->text || y->quoted || !text_to_scaled(y->text, y->n, scale, &v)) {
        wrong(m, y, path, "type",
              k->type == KEY_INTEGER ? "must be a whole number"
              : k->type == KEY_MONEY ? "must be an amount such as 350 or 350.50"
                                     : "must be a number such as 12.5");
        return;
    }
    char lo[32], hi[32];
    if (k->has_min && v < k->min) {
        plain_number(lo, k->min, scale);
        wrong(m, y, path, "out_of_range",
              arena_printf(m->a, "%s is below the minimum %s", y->text, lo));
    }
    if (k->has_max && v > k->max) {
        plain_number(hi, k->max, scale);
        wrong(m, y, path, "out_of_range",
              arena_printf(m->a, "%s is above the maximum %s", y->text, hi));
    }
    if (k->type == KEY_DECIMAL || k->type == KEY_PERCENT) {
        plain_number(lo, v, scale);
        buf_puts(out, lo);
    } else
        buf_int(out, v);
}

// A group as one of a list or map: what is not said has its default, or is not there.
static void line_json(struct merge *m, const struct key *group, const struct yaml *y,
                      const char *path, struct buf *out) {
    const char *names[256];
    size_t n = 0;
    if (y->kind != YAML_MAP) wrong(m, y, path, "type", "must be a map: { key: value }");
    for (const struct key *k = group->first; k && n < 256; k = k->next) names[n++] = k->name;
    for (const struct yaml *c = y->kind == YAML_MAP ? y->first : NULL; c; c = c->next) {
        bool known = false;
        for (size_t i = 0; i < n; i++) known |= !strcmp(names[i], c->key);
        if (!known)
            wrong(m, c, arena_printf(m->a, "%s.%s", path, c->key), "unknown_key",
                  arena_printf(m->a, "there is no such key%s",
                               text_instead(m->a, c->key, names, n, "here there are")));
    }
    buf_putc(out, '{');
    for (const struct key *k = group->first; k; k = k->next) {
        const struct yaml *own = y->kind == YAML_MAP ? yaml_get(y, k->name) : NULL;
        const char *here = arena_printf(m->a, "%s.%s", path, k->name);
        if (!own) own = k->preset;
        if (!own && k->required) wrong(m, y, here, "required", "must be said");
        if (own) json_key(out, k->name), value_json(m, k, own, here, out);
    }
    buf_putc(out, '}');
}

static void value_json(struct merge *m, const struct key *k, const struct yaml *y, const char *path,
                       struct buf *out) {
    size_t at = out->len;
    forbidden(m, k, y, path);
    switch (k->type) {
    case KEY_INTEGER:
    case KEY_DECIMAL:
    case KEY_MONEY:
    case KEY_PERCENT: number_json(m, k, y, path, out); break;
    case KEY_DURATION:
        if (!duration(y, out))
            wrong(m, y, path, "type", "must be a duration such as 90d, 4h, 30m or 3wd");
        break;
    case KEY_DATE:
        if (!y->text || !text_is_date(y->text, y->n))
            wrong(m, y, path, "type", "must be a date such as 2026-09-01");
        else
            json_text(out, y->text, y->n);
        break;
    case KEY_BOOLEAN:
        if (y->kind != YAML_BOOL)
            wrong(m, y, path, "type", "must be true or false");
        else
            buf_puts(out, y->b ? "true" : "false");
        break;
    case KEY_CHOICE: {
        size_t n = 0;
        bool ok = false;
        for (; k->choices && k->choices[n]; n++) ok |= y->text && !strcmp(k->choices[n], y->text);
        if (!ok)
            wrong(m, y, path, "choice",
                  arena_printf(m->a, "\"%s\" is not a choice%s", y->text ? y->text : "",
                               text_instead(m->a, y->text, k->choices, n, "write one of")));
        else
            json_text(out, y->text, y->n);
        break;
    }
    case KEY_TEXT:
    case KEY_TYPES:
        if (!y->text)
            wrong(m, y, path, "type", "must be a text");
        else
            json_text(out, y->text, y->n);
        break;
    case KEY_LIST: {
        int i = 0;
        if (y->kind != YAML_LIST) wrong(m, y, path, "type", "must be a list: [a, b]");
        buf_putc(out, '[');
        for (const struct yaml *c = y->kind == YAML_LIST ? y->first : NULL; c; c = c->next) {
            json_sep(out);
            value_json(m, k->of, c, arena_printf(m->a, "%s[%d]", path, i++), out);
        }
        buf_putc(out, ']');
        break;
    }
    case KEY_MAP:
    case KEY_WEIGHTS: {
        static const struct key share = {.type = KEY_PERCENT};
        int64_t sum = 0, v;
        if (y->kind != YAML_MAP) wrong(m, y, path, "type", "must be a map: { key: value }");
        buf_putc(out, '{');
        for (const struct yaml *c = y->kind == YAML_MAP ? y->first : NULL; c; c = c->next) {
            json_sep(out);
            json_text(out, c->key, strlen(c->key)), buf_putc(out, ':');
            value_json(m, k->type == KEY_MAP ? k->of : &share, c,
                       arena_printf(m->a, "%s.%s", path, c->key), out);
            if (c->text && text_to_scaled(c->text, c->n, 4, &v)) sum += v;
        }
        buf_putc(out, '}');
        if (k->type == KEY_WEIGHTS && y->kind == YAML_MAP && sum != 1000000) {
            char n[32];
            plain_number(n, sum, 4);
            wrong(m, y, path, "weights",
                  arena_printf(m->a, "the weights sum to %s, not to 100", n));
        }
        break;
    }
    case KEY_APPROVAL:
        if (y->kind != YAML_MAP)
            wrong(m, y, path, "type", "must be a map with steps");
        else
            yaml_to_json(y, out);
        break;
    case KEY_GROUP: line_json(m, k, y, path, out); break;
    }
    if (out->len == at) buf_puts(out, "null");
}

// The members of a group: `found` are the layers' nodes for it, lowest first.
static void group_json(struct merge *m, const struct key *group, const struct yaml **found,
                       const char *path, struct buf *out) {
    const char *names[256];
    size_t nn = 0;
    for (const struct key *k = group->first; k && nn < 256; k = k->next) names[nn++] = k->name;
    for (int i = 0; i < m->n; i++) {
        if (found[i] && found[i]->kind != YAML_MAP && found[i]->kind != YAML_NULL)
            wrong(m, found[i], path, "type", "must be a map: { key: value }");
        for (const struct yaml *c = found[i] && found[i]->kind == YAML_MAP ? found[i]->first : NULL;
             c; c = c->next) {
            bool known = !*path && (!strcmp(c->key, "policy") || !strcmp(c->key, "valid_from"));
            for (size_t k = 0; k < nn; k++) known |= !strcmp(names[k], c->key);
            if (known) continue;
            report(m, c->file, c->key_line, c->key_col,
                   arena_printf(m->a, "%s%s%s", path, *path ? "." : "", c->key), "unknown_key",
                   arena_printf(m->a, "there is no such key%s",
                                text_instead(m->a, c->key, names, nn, "here there are")));
        }
    }
    buf_putc(out, '{');
    for (const struct key *k = group->first; k; k = k->next) {
        const char *here = *path ? arena_printf(m->a, "%s.%s", path, k->name) : k->name;
        const struct yaml *own[8] = {0}, *top = k->preset;
        const char *layer = "default";
        for (int i = 0; i < m->n; i++)
            if ((own[i] = yaml_get(found[i], k->name)))
                top = own[i], layer = m->in_force[i]->origin;
        json_key(out, k->name);
        if (k->type == KEY_GROUP) {
            group_json(m, k, own, here, out);
            continue;
        }
        if (!top) {
            report(m, found[0] ? found[0]->file : "policy", found[0] ? found[0]->line : 1, 1, here,
                   "required", "has no default: a school or the shipped policy must say it");
            buf_puts(out, "null");
            continue;
        }
        size_t at = out->len;
        value_json(m, k, top, here, out);
        struct origin *o = arena_alloc(m->a, sizeof *o);
        *o = (struct origin){m->r->origins,
                             here,
                             top->file,
                             layer,
                             top->line,
                             arena_strndup(m->a, out->data + at, out->len - at),
                             top};
        m->r->origins = o;
    }
    buf_putc(out, '}');
}

static int by_date(const void *x, const void *y) {
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

enum err policy_build(struct arena *a, const char *name, const struct policy_schema *s,
                      const struct policy_layer *layers, size_t n, struct policy **out,
                      struct problem *p) {
    unsigned before = p->count;
    struct policy *pol = arena_alloc(a, sizeof *pol);
    const char **dates = arena_alloc(a, sizeof *dates * (n + 1));
    size_t nd = 1;
    dates[0] = "";
    for (size_t i = 0; i < n; i++) {
        const struct yaml *y = layers[i].yaml, *from = yaml_get(y, "valid_from");
        const struct yaml *of = yaml_get(y, "policy");
        if (of && strcmp(yaml_str(y, "policy", ""), name))
            problem_at(p, of->file, of->line, of->col, "policy_name",
                       "this file is named for the policy of %s: write policy: %s", name, name);
        if (!from) continue;
        if (!from->text || !text_is_date(from->text, from->n))
            problem_at(p, from->file, from->line, from->col, "valid_from",
                       "must be a date such as 2026-09-01");
        bool seen = false;
        for (size_t k = 0; k < nd; k++) seen |= !strcmp(dates[k], from->text ? from->text : "");
        if (!seen && from->text) dates[nd++] = from->text;
    }
    qsort(dates, nd, sizeof *dates, by_date);
    *pol = (struct policy){.name = arena_strdup(a, name),
                           .schema = s,
                           .revisions = arena_alloc(a, sizeof(struct revision) * nd)};
    for (size_t d = 0; d < nd; d++) {
        struct revision *r = &pol->revisions[pol->count];
        struct merge m = {.a = a, .p = p, .r = r};
        // of each origin the latest file that is in force on that date
        for (size_t i = 0; i < n; i++) {
            const char *from = yaml_str(layers[i].yaml, "valid_from", "");
            if (strcmp(from, dates[d]) > 0) continue;
            int at = -1;
            for (int k = 0; k < m.n; k++)
                if (!strcmp(m.in_force[k]->origin, layers[i].origin)) at = k;
            if (at < 0 && m.n < 8)
                m.in_force[m.n++] = &layers[i];
            else if (at >= 0 && strcmp(yaml_str(m.in_force[at]->yaml, "valid_from", ""), from) <= 0)
                m.in_force[at] = &layers[i];
        }
        const struct yaml *found[8] = {0};
        for (int k = 0; k < m.n; k++) found[k] = m.in_force[k]->yaml;
        struct buf b;
        buf_init(&b, a);
        struct problem quiet, *loud = p;
        problem_init(&quiet, a);
        if (!*dates[d] && nd > 1) m.p = &quiet; // nothing may be in force yet
        group_json(&m, s->root, found, "", &b);
        if (m.p != loud && quiet.count) continue;
        uint8_t h[32];
        char *hex = arena_alloc(a, 65);
        crypto_hash_sha256(h, (uint8_t *)b.data, b.len);
        sodium_bin2hex(hex, 65, h, 32);
        r->pub = (struct policy_revision){.valid_from = dates[d],
                                          .json = buf_str(&b),
                                          .json_n = b.len,
                                          .hash = hex,
                                          .id = -(int64_t)pol->count - 1};
        pol->count++;
    }
    *out = pol;
    return p->count > before ? ERR_INVALID : ERR_OK;
}

size_t policy_count(const struct policy *p) {
    return p->count;
}
struct policy_revision *policy_nth(struct policy *p, size_t i) {
    return &p->revisions[i].pub;
}
const char *policy_name(const struct policy *p) {
    return p->name;
}

const struct policy_revision *policy_at(const struct policy *p, const char *date) {
    const struct policy_revision *best = NULL;
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->revisions[i].pub.valid_from, date) <= 0) best = &p->revisions[i].pub;
    return best;
}

const struct yaml *policy_node(const struct policy_revision *r, const char *path) {
    for (const struct origin *o = ((const struct revision *)r)->origins; o; o = o->next)
        if (!strcmp(o->path, path)) return o->node;
    return NULL;
}

static void show(const struct origin *o, bool with_origin, struct buf *out) {
    if (!o) return;
    show(o->next, with_origin, out);
    buf_printf(out, "%s = %s", o->path, o->shown);
    if (with_origin) buf_printf(out, "    # %s, %s:%d", o->layer, o->file, o->line);
    buf_putc(out, '\n');
}

void policy_show(const struct policy *p, const struct policy_revision *r, bool with_origin,
                 struct buf *out) {
    (void)p;
    show(((const struct revision *)r)->origins, with_origin, out);
}

const struct key *key_at(const struct key *g, const char *path) {
    for (const struct key *k = g->first; k; k = k->next) {
        size_t n = strlen(k->name);
        if (strncmp(k->name, path, n)) continue;
        if (!path[n]) return k;
        if (path[n] == '.') return k->type == KEY_GROUP ? key_at(k, path + n + 1) : k;
    }
    return NULL;
}

const char *policy_value(const struct policy_revision *r, const char *path) {
    for (const struct origin *o = ((const struct revision *)r)->origins; o; o = o->next)
        if (!strcmp(o->path, path)) return o->shown;
    return NULL;
}

const char *policy_type(const struct policy_schema *s, const char *path) {
    const struct key *k = key_at(s->root, path);
    const char *dot = strrchr(path, '.');
    return k && !strcmp(k->name, dot ? dot + 1 : path) ? key_type_name(k->type) : NULL;
}
