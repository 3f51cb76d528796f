// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by the handlers of sessions, people and administration.
#include "http/api.h"

#include <stdlib.h>
#include <string.h>
#include "campus/directory.h"
#include "campus/limits.h"
#include "campus/mem.h"
#include "campus/share.h"
#include "campus/text.h"

// Nobody hands on these, or takes over who has them, without them.
static const char *const GUARDED[] = {
    "core.admin", "core.people", "core.release", "core.keys", "core.audit", "core.policy", NULL};

static enum err wrong(struct request *rq, const char *key, const char *word, const char *text) {
    return problem_add(&rq->problem, ERR_INVALID, arena_printf(rq->arena, "/%s", key), word, "%s",
                       text);
}

enum err api_only(struct request *rq, const json_t *body, const char *words) {
    const char *key, *keys[16];
    json_t *v;
    enum err e = ERR_OK;
    size_t n = 0;
    char *rest = arena_strdup(rq->arena, words);
    while (n < 16 && (key = strsep(&rest, " "))) keys[n++] = key;
    json_object_foreach((json_t *)body, key, v) {
        bool known = false;
        for (size_t i = 0; i < n; i++) known |= !strcmp(keys[i], key);
        if (known) continue;
        const char *near = text_nearest(key, keys, n);
        e = wrong(rq, key, "unknown_field",
                  near ? arena_printf(rq->arena, "there is no such member; did you mean %s", near)
                       : "there is no such member");
    }
    return e;
}

enum err api_body(struct request *rq, const char *words, const json_t **body) {
    enum err e = request_body(rq, body);
    return e ? e : api_only(rq, *body, words);
}

enum err api_text(struct request *rq, const json_t *body, const char *key, size_t max,
                  bool required, const char **out) {
    const json_t *j = json_object_get(body, key);
    *out = NULL;
    if (!j || json_is_null(j)) return required ? wrong(rq, key, "required", "is required") : ERR_OK;
    if (!json_is_string(j)) return wrong(rq, key, "type", "must be a text");
    const char *s = json_string_value(j);
    size_t n = json_string_length(j);
    if (n > max)
        return wrong(rq, key, "too_long", arena_printf(rq->arena, "at most %zu bytes", max));
    if (required && !n) return wrong(rq, key, "required", "is required");
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x20)
            return wrong(rq, key, "control", "holds a control character");
    *out = s;
    return ERR_OK;
}

enum err api_texts(struct request *rq, const json_t *body, const char *key, const char ***out,
                   int *n) {
    const json_t *list = json_object_get(body, key), *one;
    *out = NULL;
    *n = 0;
    if (!list || json_is_null(list)) return ERR_OK;
    size_t i, count = json_array_size(list);
    if (!json_is_array(list) || count > LIMIT_FILTER_VALUES)
        return wrong(rq, key, "type", "must be a list of at most 100 texts");
    const char **texts = arena_alloc(rq->arena, sizeof *texts * (count + 1));
    json_array_foreach((json_t *)list, i, one) {
        const char *s = json_string_value(one);
        if (!s || !*s || strlen(s) > 200 || strpbrk(s, " \t\r\n"))
            return wrong(rq, key, "type", "must be a list of words");
        texts[(*n)++] = s;
    }
    *out = texts;
    return ERR_OK;
}

enum err api_date(struct request *rq, const json_t *body, const char *key, const char *otherwise,
                  const char **out) {
    enum err e = api_text(rq, body, key, 10, !otherwise, out);
    if (e) return e;
    if (!*out)
        *out = otherwise;
    else if (!text_is_date(*out, strlen(*out)))
        return wrong(rq, key, "date", "must be a date such as 2026-09-01");
    return ERR_OK;
}

enum err api_limit(struct request *rq, int *out) {
    const char *s = request_query(rq, "limit");
    char *end = NULL;
    long v = s ? strtol(s, &end, 10) : 50;
    if (s && (!*s || *end || v < 1 || v > LIMIT_LIST_ITEMS))
        return problem_add(&rq->problem, ERR_INVALID, "limit", "out_of_range",
                           "must be within 1 and %d", LIMIT_LIST_ITEMS);
    *out = (int)v;
    return ERR_OK;
}

enum err api_person(struct request *rq, int i, const char **id) {
    return directory_find(rq->gate.store.db, rq->path[i], id, &rq->problem);
}

static bool is_within(struct request *rq, const struct fieldset *roles) {
    const struct access *x = rq->release->access;
    struct actor as = {.id = "", .roles = *roles};
    for (const char *const *name = GUARDED; *name; name++)
        if (access_has_permission(x, &as, *name) &&
            !access_has_permission(x, rq->gate.actor, *name))
            return false;
    return true;
}

enum err api_may_give(struct request *rq, const struct fieldset *roles, const char *action,
                      const char *object) {
    if (is_within(rq, roles)) return ERR_OK;
    gate_record(&rq->gate, action, object, "refused", "beyond_own_rights");
    return problem_set(&rq->problem, ERR_FORBIDDEN, "these rights go beyond your own");
}

enum err api_may_rule(struct request *rq, const char *person, const char *action) {
    const char **roles;
    int n;
    struct fieldset set = {0};
    enum err e = directory_roles(rq->gate.store.db, person, &roles, &n, &rq->problem);
    for (int i = 0; !e && i < n; i++) {
        int r = access_role(rq->release->access, roles[i]);
        if (r >= 0) access_role_closure(rq->release->access, r, &set);
    }
    const char *object = arena_printf(rq->arena, "core.people/%s", person);
    return e ? e : api_may_give(rq, &set, action, object);
}

void api_rights_json(struct request *rq, const struct actor *actor, struct buf *out) {
    const struct access *x = rq->release->access;
    json_key(out, "roles"), buf_putc(out, '[');
    for (int i = 0; i < access_role_count(x); i++)
        if (fieldset_has(&actor->roles, i) && strcmp(access_role_name(x, i), "everyone"))
            json_sep(out), json_cstr(out, access_role_name(x, i));
    buf_putc(out, ']');
    json_key(out, "permissions"), buf_putc(out, '[');
    for (const char *const *name = access_permissions; *name; name++)
        if (access_has_permission(x, actor, *name)) json_sep(out), json_cstr(out, *name);
    buf_putc(out, ']');
}

// Not before: a reader that sees the new epoch and the old rows would keep them.
void api_changed(struct request *rq, const char *action, const char *object) {
    share_people_changed(rq->gate.store.db, &rq->problem);
    gate_record(&rq->gate, action, object, "ok", "");
    rq->people_changed = true;
}

enum err api_job(struct request *rq, const char *id) {
    rq->status = 202;
    buf_printf(&rq->out, "{\"id\":\"%s\",\"state\":\"queued\"}", id);
    http_add_header(rq->http, "Location", arena_printf(rq->arena, "/api/v1/jobs/%s", id));
    return ERR_OK;
}

enum err api_no_content(struct request *rq) {
    rq->status = 204;
    return ERR_OK;
}

enum err api_in_session(struct request *rq) {
    struct directory_session s;
    enum err e = directory_session(rq->gate.store.db, rq->gate.actor->session, &s, &rq->problem);
    if (e) return e;
    if (strcmp(s.kind, "session"))
        return problem_set(&rq->problem, ERR_FORBIDDEN,
                           "sign in with a password for this; a token does not do");
    return ERR_OK;
}
