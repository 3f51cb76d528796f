// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What differs between two revisions, as people say it: title, unit, members of lists and maps.
#include <string.h>
#include "campus/json.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "policy/policy_internal.h"

// A value as the file writes it: money in yuan, durations with their unit.
static void said(const struct key *k, const json_t *j, struct buf *b) {
    char n[32];
    if (k && k->type == KEY_MONEY && json_is_integer(j)) {
        text_from_scaled(n, json_integer_value(j), 2);
        buf_puts(b, n);
    } else if (k && k->type == KEY_DURATION && json_is_object(j))
        buf_printf(b, "%lld%s", (long long)json_integer_value(json_object_get(j, "n")),
                   json_string_value(json_object_get(j, "unit")));
    else if (json_is_string(j))
        buf_puts(b, json_string_value(j));
    else
        json_dom(b, j);
}

static bool holds(const json_t *list, const json_t *one) {
    size_t i;
    json_t *x;
    json_array_foreach((json_t *)(uintptr_t)list, i, x) if (json_equal(x, one)) return true;
    return false;
}

// "+ 北京, 天津; - 河北"; nothing when only the order differs.
static void list_said(const struct key *k, const json_t *was, const json_t *now, struct buf *b) {
    for (int side = 0; side < 2; side++) {
        const json_t *in = side ? was : now, *out = side ? now : was;
        bool any = false;
        size_t i;
        json_t *x;
        json_array_foreach((json_t *)(uintptr_t)in, i, x) {
            if (holds(out, x)) continue;
            buf_puts(b, any ? ", " : b->len ? side ? "; - " : "; + " : side ? "- " : "+ ");
            said(k->of, x, b);
            any = true;
        }
    }
}

static void map_said(const struct key *k, const json_t *was, const json_t *now, struct buf *b) {
    const char *name;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)now, name, v) {
        const json_t *old = json_object_get(was, name);
        if (old && json_equal(old, v)) continue;
        buf_printf(b, "%s%s%s ", b->len ? "; " : "", old ? "" : "+ ", name);
        if (old) said(k->of, old, b), buf_puts(b, " -> ");
        said(k->of, v, b);
    }
    json_object_foreach((json_t *)(uintptr_t)was, name, v) if (!json_object_get(now, name))
        buf_printf(b, "%s- %s", b->len ? "; " : "", name);
}

static void change_said(const struct key *k, const char *was, const char *now, struct arena *a,
                        struct buf *b) {
    json_t *pair = NULL;
    const char *both = arena_printf(a, "[%s,%s]", was, now);
    if (json_parse(a, both, strlen(both), &pair, NULL)) {
        buf_printf(b, "%s -> %s", was, now);
        return;
    }
    const json_t *from = json_array_get(pair, 0), *to = json_array_get(pair, 1);
    if (k && k->type == KEY_LIST && json_is_array(from) && json_is_array(to))
        list_said(k, from, to, b);
    else if (k && (k->type == KEY_MAP || k->type == KEY_WEIGHTS) && json_is_object(from) &&
             json_is_object(to))
        map_said(k, from, to, b);
    if (b->len) return;
    said(k, from, b), buf_puts(b, " -> "), said(k, to, b);
    if (k && k->unit) buf_printf(b, " %s", k->unit);
}

struct walk {
    const struct policy_schema *s;
    enum lang lang;
    struct arena *a;
    struct buf *out;
    bool json;
};

static void tell(struct walk *w, const char *path, const char *was, const char *now) {
    const struct key *k = key_at(w->s->root, path);
    const char *title = k ? title_in(&k->title, w->lang, path) : path;
    struct buf text;
    buf_init(&text, w->a);
    change_said(k, was, now, w->a, &text);
    if (!w->json) {
        buf_printf(w->out, "%s (%s): %s\n", path, title, buf_str(&text));
        return;
    }
    json_sep(w->out), buf_putc(w->out, '{');
    json_kv_str(w->out, "key", path);
    json_kv_str(w->out, "title", title);
    json_kv_str(w->out, "unit", k ? k->unit : NULL);
    json_key(w->out, "was"), buf_puts(w->out, was);
    json_key(w->out, "now"), buf_puts(w->out, now);
    json_kv_str(w->out, "text", buf_str(&text));
    buf_putc(w->out, '}');
}

// Origins are kept last first; people read in the order of the schema.
static void walk(struct walk *w, const struct origin *from, const struct origin *o) {
    if (!o) return;
    walk(w, from, o->next);
    const char *was = "null";
    for (const struct origin *f = from; f; f = f->next)
        if (!strcmp(f->path, o->path)) was = f->shown;
    if (strcmp(was, o->shown)) tell(w, o->path, was, o->shown);
}

void policy_diff(const struct policy_schema *s, const struct policy_revision *from,
                 const struct policy_revision *to, enum lang lang, struct arena *a,
                 struct buf *out) {
    struct walk w = {s, lang, a, out, false};
    walk(&w, ((const struct revision *)from)->origins, ((const struct revision *)to)->origins);
}

void policy_changes(const struct policy_schema *s, const struct policy_revision *from,
                    const struct policy_revision *to, enum lang lang, struct arena *a,
                    struct buf *out) {
    struct walk w = {s, lang, a, out, true};
    buf_putc(out, '[');
    walk(&w, ((const struct revision *)from)->origins, ((const struct revision *)to)->origins);
    buf_putc(out, ']');
}
