// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What the core asks of a child: a declaration, a rule, an action with its questions back; and what
// it tells all of them: policies.
#include <string.h>
#include "campus/json.h"
#include "campus/mem.h"
#include "host/pool_internal.h"

// Items of the form {file, line, col, word, text}.
static enum err child_error(const struct wire *w, const char *name, struct arena *a,
                            struct problem *p) {
    const struct wire *items = wire_get(w, "items");
    for (const struct wire *it = items ? items->first : NULL; it; it = it->next) {
        const char *file = wire_str(a, it, "file"), *word = wire_str(a, it, "word"),
                   *text = wire_str(a, it, "text");
        const struct wire *line = wire_get(it, "line"), *col = wire_get(it, "col");
        if (!file || !strcmp(file, "?"))
            file = arena_printf(a, "plugins/%.*s/plugin.lua", (int)strcspn(name, "."), name);
        problem_at(p, file, line && line->tag == WIRE_INT ? (int)line->i : 0,
                   col && col->tag == WIRE_INT ? (int)col->i : 1, word ? word : "lua", "%s",
                   text ? text : "");
    }
    return problem_set(p, ERR_PLUGIN_FAILED, NULL);
}

// One question of an action: through the services, and the answer back as [result] or [nil, code,
// text].
static enum err serve(const struct child *c, const struct host_services *services,
                      const struct wire *w, struct arena *a, const struct budget *b) {
    if (w->tag != WIRE_LIST || w->count != 2 || w->first->tag != WIRE_TEXT)
        return ERR_PLUGIN_FAILED;
    const char *name = arena_strndup(a, w->first->p, w->first->n);
    struct buf args, answer, frame;
    struct problem p;
    json_t *j = NULL;
    buf_init(&args, a), buf_init(&answer, a), buf_init(&frame, a);
    problem_init(&p, a);
    wire_to_json(w->first->next, &args);
    enum err e = services->serve(services->self, a, name, buf_str(&args), args.len, &answer, &p);
    if (!e && answer.len) e = json_parse(a, buf_str(&answer), answer.len, &j, &p);
    wire_put_open(&frame, WIRE_LIST, 3);
    if (e) {
        const char *text = p.detail ? p.detail : p.first ? p.first->detail : err_title(e, LANG_EN);
        wire_put_nil(&frame);
        wire_put_text(&frame, err_word(e), strlen(err_word(e)));
        wire_put_text(&frame, text, strlen(text));
    } else {
        if (j)
            wire_put_json(&frame, j);
        else
            wire_put_nil(&frame);
        wire_put_nil(&frame), wire_put_nil(&frame);
    }
    return child_send(c, FRAME_ANSWER, &frame, b);
}

// rules: how many the request holds.
static enum err converse(struct pool *pool, struct child *c, char type, size_t rules,
                         const struct buf *request, int64_t wall_ms, int64_t cpu_ms,
                         const struct host_services *services, struct arena *a, char *got,
                         struct wire **answer) {
    struct budget b = child_budget(c, cpu_ms, wall_ms);
    enum err e = pool_tell(pool, c, &b);
    if (!e) e = child_send(c, type, request, &b);
    while (!e) {
        uint8_t *data;
        size_t n;
        e = child_read(c, a, got, &data, &n, &b);
        if (!e && !wire_decode(a, data, n, answer)) e = ERR_PLUGIN_FAILED;
        if (!e && rules) pool_spent(pool, rules, child_spent(c, &b));
        if (e || *got == FRAME_OK || *got == FRAME_ERROR) return e;
        e = *got == FRAME_ASK && services ? serve(c, services, *answer, a, &b) : ERR_PLUGIN_FAILED;
    }
    return e;
}

static enum err call(struct pool *pool, const char *name, char type, size_t rules,
                     const struct buf *request, int64_t wall_ms, int64_t cpu_ms,
                     const struct host_services *services, struct arena *a, struct wire **answer,
                     struct problem *p) {
    if (pool_is_open(pool, name))
        return problem_set(p, ERR_PLUGIN_BUDGET,
                           "%s has used up its budget too often; try again shortly", name);
    pool_count(pool, false);
    struct child *c = pool_lease(pool);
    if (!c) return problem_set(p, ERR_UNAVAILABLE, "no plugin host is free");
    // a jump out of the arena's memory must not lose the child
    char got = 0;
    jmp_buf trap;
    jmp_buf *outer = arena_trap(a, &trap);
    enum err e = setjmp(trap) ? ERR_PLUGIN_FAILED
                              : converse(pool, c, type, rules, request, wall_ms, cpu_ms, services,
                                         a, &got, answer);
    arena_trap(a, outer);
    if (e) pool_count_kill(pool, name);
    pool_give_back(pool, c, e != ERR_OK);
    if (e == ERR_PLUGIN_BUDGET)
        return problem_set(p, e, "%s ran past its budget and was stopped", name);
    if (e) return problem_set(p, ERR_PLUGIN_FAILED, "%s: the plugin host failed", name);
    if (got != FRAME_ERROR) return ERR_OK;
    pool_count(pool, true);
    return child_error(*answer, name, a, p);
}

enum err pool_declare(struct pool *pool, const char *plugin, struct arena *a, const char **json,
                      size_t *n, struct problem *p) {
    struct buf b, out;
    struct wire *w = NULL;
    const struct host_limits *l = pool_limits(pool);
    buf_init(&b, a), buf_init(&out, a);
    wire_put_text(&b, plugin, strlen(plugin));
    enum err e = call(pool, plugin, FRAME_DECLARE, 0, &b, l->wall_ms, l->cpu_ms, NULL, a, &w, p);
    if (e) return e;
    wire_to_json(w, &out);
    *json = buf_str(&out);
    *n = out.len;
    return ERR_OK;
}

enum err pool_policy(struct pool *pool, const char *plugin, int64_t revision, const char *json,
                     size_t n, struct problem *p) {
    struct arena *a = arena_new(16 << 20);
    json_t *j;
    enum err e = a ? json_parse(a, json, n, &j, p) : ERR_NOMEM;
    if (!e) {
        struct buf b;
        buf_init(&b, NULL);
        wire_put_open(&b, WIRE_LIST, 3);
        wire_put_text(&b, plugin, strlen(plugin));
        wire_put_int(&b, revision);
        wire_put_json(&b, j);
        pool_add_frame(pool, FRAME_POLICY, &b);
    }
    arena_free(a);
    return e;
}

static void put_value(struct buf *b, struct arena *a, const struct value *v, int scale) {
    json_t *j;
    if (v->kind == VALUE_INT && scale > 0 && scale < 10) { // nearest double, as in a policy
        double unit = 1;
        for (int i = 0; i < scale; i++) unit *= 10;
        wire_put_float(b, (double)v->i / unit);
        return;
    }
    switch (v->kind) {
    case VALUE_NULL:
    case VALUE_BLOB: wire_put_nil(b); break;
    case VALUE_BOOL: wire_put_bool(b, v->i != 0); break;
    case VALUE_INT: wire_put_int(b, v->i); break;
    case VALUE_TEXT: wire_put_text(b, v->p, v->n); break;
    case VALUE_JSON:
        if (json_parse(a, v->p, v->n, &j, NULL))
            wire_put_nil(b);
        else
            wire_put_json(b, j);
        break;
    }
}

static struct value value_of(struct arena *a, const struct wire *w) {
    struct buf b;
    if (!w) return value_null();
    switch (w->tag) {
    case WIRE_TRUE:
    case WIRE_FALSE: return value_bool(w->tag == WIRE_TRUE);
    case WIRE_INT: return value_int(w->i);
    case WIRE_TEXT: return value_textn(w->p, w->n);
    case WIRE_NIL: return value_null();
    default:
        buf_init(&b, a);
        wire_to_json(w, &b);
        return (struct value){.kind = VALUE_JSON, .p = buf_str(&b), .n = b.len};
    }
}

// The parts of one call: rule, revision, date, fields.
static void put_rule(struct buf *b, struct arena *a, const struct host_rule *r) {
    wire_put_text(b, r->rule, strlen(r->rule));
    wire_put_int(b, r->revision);
    wire_put_text(b, r->as_of, strlen(r->as_of));
    wire_put_open(b, WIRE_MAP, (uint32_t)r->count);
    for (size_t i = 0; i < r->count; i++) {
        wire_put_text(b, r->fields[i].name, strlen(r->fields[i].name));
        put_value(b, a, &r->fields[i].value, r->fields[i].scale);
    }
}

static enum err read_decision(const struct wire *w, const char *name, struct arena *a,
                              struct host_decision *out, struct problem *p) {
    if (!w || w->tag != WIRE_LIST || w->count > 1000)
        return problem_set(p, ERR_PLUGIN_FAILED, "%s: not a decision", name);
    struct host_reason *reasons = arena_alloc(a, sizeof *reasons * (w->count + 1));
    *out = (struct host_decision){.pass = true, .reasons = reasons, .count = w->count};
    for (const struct wire *it = w->first; it; it = it->next, reasons++) {
        const struct wire *ok = wire_get(it, "ok");
        *reasons = (struct host_reason){.ok = ok && ok->tag == WIRE_TRUE,
                                        .code = wire_str(a, it, "code"),
                                        .at = wire_str(a, it, "at"),
                                        .policy = wire_str(a, it, "policy"),
                                        .have = value_of(a, wire_get(it, "have")),
                                        .want = value_of(a, wire_get(it, "want")),
                                        .text = wire_str(a, it, "text")};
        if (!reasons->code)
            return problem_set(p, ERR_PLUGIN_FAILED, "%s: a reason without a code", name);
        out->pass &= reasons->ok;
    }
    return ERR_OK;
}

static const char *rule_name(const struct host_rule *r, struct arena *a) {
    return arena_printf(a, "%s.%s", r->plugin, r->rule);
}

enum err pool_rule(struct pool *pool, const struct host_rule *r, struct arena *a,
                   struct host_decision *out, struct problem *p) {
    struct buf b;
    struct wire *w = NULL;
    const struct host_limits *limits = pool_limits(pool);
    buf_init(&b, a);
    wire_put_open(&b, WIRE_LIST, 5);
    wire_put_text(&b, r->plugin, strlen(r->plugin));
    put_rule(&b, a, r);
    const char *name = rule_name(r, a);
    enum err e =
        call(pool, name, FRAME_RULE, 1, &b, limits->wall_ms, limits->cpu_ms, NULL, a, &w, p);
    return e ? e : read_decision(w, name, a, out, p);
}

enum err pool_rules(struct pool *pool, const struct host_rule *calls, size_t n, struct arena *a,
                    struct host_decision *out, const char **errors, struct problem *p) {
    struct buf b;
    struct wire *w = NULL;
    const struct host_limits *limits = pool_limits(pool);
    for (size_t i = 0; i < n; i++)
        if (pool_is_open(pool, rule_name(&calls[i], a)))
            return problem_set(p, ERR_PLUGIN_BUDGET, NULL);
    buf_init(&b, a);
    wire_put_open(&b, WIRE_LIST, 2);
    wire_put_text(&b, calls->plugin, strlen(calls->plugin));
    wire_put_open(&b, WIRE_LIST, (uint32_t)n);
    for (size_t i = 0; i < n; i++) wire_put_open(&b, WIRE_LIST, 4), put_rule(&b, a, &calls[i]);
    const char *name = arena_printf(a, "%s rules", calls->plugin);
    enum err e =
        call(pool, name, FRAME_RULES, n, &b, limits->wall_ms, limits->cpu_ms, NULL, a, &w, p);
    if (e) return e;
    if (!w || w->tag != WIRE_LIST || w->count != n)
        return problem_set(p, ERR_PLUGIN_FAILED, "%s: not as many decisions", name);
    const struct wire *it = w->first;
    for (size_t i = 0; i < n && !e; i++, it = it->next) {
        errors[i] = it->tag == WIRE_MAP ? wire_str(a, it, "error") : NULL;
        out[i] = (struct host_decision){0};
        if (!errors[i])
            e = read_decision(it, name, calls[i].arena ? calls[i].arena : a, &out[i], p);
    }
    return e;
}

enum err pool_action(struct pool *pool, const struct host_action *act,
                     const struct host_services *services, struct arena *a,
                     const char **result_json, size_t *n, struct problem *p) {
    struct buf b, out;
    struct wire *w = NULL;
    json_t *input;
    enum err e = json_parse(a, act->input_json, strlen(act->input_json), &input, p);
    if (e) return e;
    buf_init(&b, a), buf_init(&out, a);
    wire_put_open(&b, WIRE_LIST, 5);
    wire_put_text(&b, act->plugin, strlen(act->plugin));
    wire_put_text(&b, act->kind, strlen(act->kind));
    wire_put_text(&b, act->name, strlen(act->name));
    wire_put_int(&b, act->revision);
    wire_put_json(&b, input);
    const char *name = arena_printf(a, "%s.%s", act->plugin, act->name);
    int64_t cpu_ms = pool_limits(pool)->cpu_ms;
    if (act->cpu_ms && act->cpu_ms < cpu_ms) cpu_ms = act->cpu_ms;
    e = call(pool, name, FRAME_ACTION, 0, &b, act->wall_ms, cpu_ms, services, a, &w, p);
    if (e) return e;
    // return nil, err: an expected refusal, in the plugin's own words
    const struct wire *refusal = wire_get(w, "err"), *result = wire_get(w, "result");
    if (refusal) {
        const char *code = refusal->tag == WIRE_TEXT ? arena_strndup(a, refusal->p, refusal->n)
                                                     : wire_str(a, refusal, "code");
        const char *text = wire_str(a, refusal, "text");
        return problem_add(p, ERR_RULE_REFUSED, NULL, code ? code : "refused", "%s",
                           text   ? text
                           : code ? code
                                  : "refused");
    }
    if (result)
        wire_to_json(result, &out);
    else
        buf_puts(&out, "null");
    *result_json = buf_str(&out);
    *n = out.len;
    return ERR_OK;
}

enum err pool_author(struct pool *pool, const char *plugin, const char *what, const char *args_json,
                     const struct host_services *services, struct arena *a, const char **json,
                     size_t *n, struct problem *p) {
    struct buf b, out;
    struct wire *w = NULL;
    json_t *args;
    enum err e = json_parse(a, args_json, strlen(args_json), &args, p);
    if (e) return e;
    buf_init(&b, a), buf_init(&out, a);
    wire_put_open(&b, WIRE_LIST, 3);
    wire_put_text(&b, plugin, strlen(plugin));
    wire_put_text(&b, what, strlen(what));
    wire_put_json(&b, args);
    const struct host_limits *limits = pool_limits(pool);
    e = call(pool, plugin, FRAME_AUTHOR, 0, &b, limits->wall_ms, limits->cpu_ms, services, a, &w,
             p);
    if (e) return e;
    wire_to_json(w, &out);
    *json = buf_str(&out);
    *n = out.len;
    return ERR_OK;
}
