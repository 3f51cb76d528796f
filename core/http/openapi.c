// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// GET /api/v1/openapi.json: OpenAPI 3.1 of the release, made from the schema and the tables of
// routes, so that it says what is served. Whoever may activate releases sees it whole, others their
// part.
#include "http/openapi.h"

#include <ctype.h>
#include <string.h>
#include "campus/limits.h"
#include "campus/mem.h"
#include "http/api.h"

static const struct {
    const char *method, *pattern, *names, *body, *en, *zh;
    int status;
} DOCS[] = {
#define X(method, pattern, names, status, body, en, zh)                                            \
    {method, pattern, names, body, en, zh, status},
#include "http/openapi.def"
#undef X
};
static const struct route *const TABLES[] = {
    routes_session, routes_meta,      routes_people, routes_admin,    routes_records,
    routes_search,  routes_reports,   routes_bulk,   routes_events,   routes_hooks,
    routes_files,   routes_approvals, routes_flow,   routes_messages, routes_documents,
    routes_actions, routes_house};
enum { TABLES_N = sizeof TABLES / sizeof *TABLES, DOCS_N = sizeof DOCS / sizeof *DOCS };

bool openapi_has_route(const char *method, const char *pattern) {
    for (int t = 0; t < TABLES_N; t++)
        for (const struct route *r = TABLES[t]; r->method; r++)
            if (!strcmp(r->method, method) && !strcmp(r->pattern, pattern)) return true;
    return false;
}

static int docs_of(const struct route *r) {
    for (int i = 0; i < DOCS_N; i++)
        if (!strcmp(DOCS[i].method, r->method) && !strcmp(DOCS[i].pattern, r->pattern)) return i;
    return -1;
}

// "admin/users/{}" and "user" -> "/api/v1/admin/users/{user}"; parts without a name are p1, p2, …
static const char *path_of(struct arena *a, const struct route *r, int doc, struct buf *params) {
    struct buf b;
    char *names = arena_strdup(a, doc >= 0 ? DOCS[doc].names : "");
    int n = 0;
    buf_init(&b, a);
    buf_puts(&b, "/api/v1/");
    for (const char *s = r->pattern; *s; s++) {
        if (s[0] != '{') {
            buf_putc(&b, *s);
            continue;
        }
        const char *name = names && *names ? strsep(&names, " ") : arena_printf(a, "p%d", n + 1);
        n++;
        s++;
        buf_printf(&b, "{%s}", name);
        json_sep(params);
        buf_printf(
            params,
            "{\"name\":\"%s\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\"}}",
            name);
    }
    return buf_str(&b);
}

static void core_operation(struct request *rq, const struct route *r, int doc, struct buf *params) {
    struct buf *b = &rq->out;
    char method[8] = "";
    for (size_t i = 0; r->method[i] && i < 7; i++) method[i] = (char)tolower(r->method[i]);
    json_key(b, method), buf_putc(b, '{');
    json_key(b, "operationId"), buf_printf(b, "\"%s_", method);
    for (const char *s = r->pattern; *s; s++)
        if (*s != '{' && *s != '}') buf_putc(b, isalnum((unsigned char)*s) ? *s : '_');
    buf_putc(b, '"');
    json_key(b, "tags"), buf_puts(b, "[\"core\"]");
    if (doc >= 0) json_kv_str(b, "summary", rq->lang == LANG_ZH ? DOCS[doc].zh : DOCS[doc].en);
    if (r->permission) json_kv_str(b, "x-permission", r->permission);
    if (r->who >= ANYONE) json_key(b, "security"), buf_puts(b, "[]");
    json_key(b, "parameters"), buf_printf(b, "[%s]", buf_str(params));
    // "@": bytes, sent or answered
    bool bytes = doc >= 0 && !strcmp(DOCS[doc].body, "@"), given = bytes && method[0] == 'g';
    if (bytes && !given)
        json_key(b, "requestBody"), buf_puts(b, "{\"content\":{\"application/octet-stream\":{}}}");
    else if (doc >= 0 && *DOCS[doc].body && !bytes) {
        json_key(b, "requestBody");
        buf_printf(b,
                   "{\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\","
                   "\"properties\":{%s}}}}}",
                   DOCS[doc].body);
    }
    int status = doc >= 0 ? DOCS[doc].status : 200;
    json_key(b, "responses");
    buf_printf(b,
               "{\"%d\":{\"description\":\"done\"%s},\"default\":{\"$ref\":"
               "\"#/components/responses/problem\"}}}",
               status,
               status == 204 ? ""
               : given       ? ",\"content\":{\"application/octet-stream\":{}}"
                             : ",\"content\":{\"application/json\":{\"schema\":{\"type\":"
                               "\"object\"}}}");
}

static bool is_told(struct request *rq, const struct route *r, bool whole) {
    if (r->pattern[0] == '{') return false; // entities, actions and reports are told one by one
    return whole || !r->permission ||
           access_has_permission(rq->release->access, rq->gate.actor, r->permission);
}

static bool was_told(struct request *rq, bool whole, const char *pattern, int table,
                     const struct route *until) {
    for (int t = 0; t <= table; t++)
        for (const struct route *r = TABLES[t]; r->method && r != until; r++)
            if (!strcmp(r->pattern, pattern) && is_told(rq, r, whole)) return true;
    return false;
}

static void core_paths(struct request *rq, bool whole) {
    struct buf *b = &rq->out;
    for (int t = 0; t < TABLES_N; t++)
        for (const struct route *r = TABLES[t]; r->method; r++) {
            if (!is_told(rq, r, whole) || was_told(rq, whole, r->pattern, t, r)) continue;
            struct buf params;
            buf_init(&params, rq->arena);
            json_key(b, path_of(rq->arena, r, docs_of(r), &params)), buf_putc(b, '{');
            for (int u = t; u < TABLES_N; u++) // its other methods belong to the same path
                for (const struct route *o = TABLES[u]; o->method; o++)
                    if (!strcmp(o->pattern, r->pattern) && is_told(rq, o, whole))
                        core_operation(rq, o, docs_of(o), &params);
            buf_putc(b, '}');
        }
}

static void query_parameter(struct buf *b, const char *name, const char *schema, const char *text) {
    json_key(b, name);
    buf_printf(b, "{\"name\":\"%s\",\"in\":\"query\",\"schema\":%s,\"description\":", name, schema);
    json_cstr(b, text);
    buf_putc(b, '}');
}

static void header_parameter(struct buf *b, const char *name, const char *text) {
    json_key(b, name);
    buf_printf(b,
               "{\"name\":\"%s\",\"in\":\"header\",\"schema\":{\"type\":\"string\"},"
               "\"description\":",
               name);
    json_cstr(b, text);
    buf_putc(b, '}');
}

static void shared_parameters(struct buf *b) {
    static const char text[] = "{\"type\":\"string\"}", yes[] = "{\"type\":\"boolean\"}";
    char limit[64];
    snprintf(limit, sizeof limit, "{\"type\":\"integer\",\"minimum\":1,\"maximum\":%d}",
             LIMIT_LIST_ITEMS);
    json_key(b, "parameters"), buf_putc(b, '{');
    json_key(b, "id");
    buf_puts(
        b, "{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\"}}");
    query_parameter(b, "limit", limit, "How many records a page holds at most.");
    query_parameter(b, "cursor", text, "`next` of the page before.");
    query_parameter(b, "sort", text, "Fields by comma, - before a field for descending.");
    query_parameter(b, "fields", text, "Only these fields, by comma.");
    query_parameter(b, "q", text, "Words to find; pinyin of names, digits of numbers.");
    query_parameter(b, "total", yes, "Count all matches.");
    query_parameter(b, "expand", text, "References to show as records, by comma.");
    query_parameter(b, "reveal", text, "Protected fields to show in the clear; audited.");
    query_parameter(b, "purpose", text, "What a reveal is for.");
    query_parameter(b, "between", text, "Two days of the report's date, both included, by comma.");
    query_parameter(b, "format", "{\"type\":\"string\",\"enum\":[\"json\",\"csv\",\"xlsx\"]}",
                    "Form of the answer.");
    query_parameter(b, "columns", text,
                    "What the file's columns are, a JSON object: header to field, or to null.");
    query_parameter(b, "dry_run", yes, "Report without writing.");
    header_parameter(b, "If-Match", "The record's ETag; a stale one gets 412.");
    header_parameter(b, "Idempotency-Key",
                     "The same key and request get the same answer for 24 hours.");
    buf_putc(b, '}');
}

static void problem_schema(struct buf *b) {
    json_key(b, "problem");
    buf_puts(b,
             "{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\",\"code\"],"
             "\"properties\":{"
             "\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},\"status\":{\"type\":"
             "\"integer\"},\"detail\":{\"type\":\"string\"},\"request_id\":{\"type\":\"string\"},"
             "\"code\":{\"type\":\"string\",\"enum\":[");
    for (int e = ERR_OK + 1; e < ERR_COUNT; e++) json_sep(b), json_cstr(b, err_word((enum err)e));
    buf_puts(
        b, "]},\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
           "\"pointer\":{\"type\":\"string\"},\"code\":{\"type\":\"string\"},\"detail\":{\"type\":"
           "\"string\"}}}}}}");
}

static void components(struct request *rq, bool whole) {
    struct buf *b = &rq->out;
    const struct schema *s = rq->release->schema;
    struct visible v;
    json_key(b, "components"), buf_putc(b, '{');
    json_key(b, "securitySchemes");
    buf_puts(
        b, "{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"},\"cookie\":{\"type\":\"apiKey\","
           "\"in\":\"cookie\",\"name\":\"__Host-campusd\"}}");
    json_key(b, "headers");
    buf_puts(b,
             "{\"ETag\":{\"schema\":{\"type\":\"string\"}},\"X-Request-Id\":{\"schema\":{\"type\":"
             "\"string\"}},\"X-Release\":{\"schema\":{\"type\":\"string\"}}}");
    json_key(b, "responses");
    buf_puts(
        b,
        "{\"problem\":{\"description\":\"what is wrong (RFC 9457)\",\"content\":{"
        "\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/problem\"}}}}}");
    shared_parameters(b);
    json_key(b, "schemas"), buf_putc(b, '{');
    problem_schema(b);
    for (int i = 0; i < s->nentities; i++) {
        if (!visible_entity(rq, s->entities[i], whole, &v)) continue;
        openapi_record(b, s->entities[i], &v.shown, rq->lang);
        openapi_input(b, s->entities[i], &v.shown, true, rq->lang);
        openapi_input(b, s->entities[i], &v.shown, false, rq->lang);
    }
    buf_puts(b, "}}");
}

enum err openapi(struct request *rq) {
    const struct schema *s = rq->release->schema;
    struct buf *b = &rq->out;
    bool whole = visible_whole(rq);
    struct visible v;
    buf_putc(b, '{');
    json_kv_str(b, "openapi", "3.1.0");
    json_key(b, "info"), buf_putc(b, '{');
    json_kv_str(b, "title",
                arena_printf(rq->arena, "campusd: %s", app_config(rq->app)->school.name));
    json_kv_str(b, "version", rq->release->id);
    buf_putc(b, '}');
    json_key(b, "servers"), buf_puts(b, "[{\"url\":\"/\"}]");
    json_key(b, "security"), buf_puts(b, "[{\"bearer\":[]},{\"cookie\":[]}]");
    json_key(b, "paths"), buf_putc(b, '{');
    core_paths(rq, whole);
    for (int i = 0; i < s->nplugins; i++) {
        const struct plugin *pl = &s->plugins[i];
        for (int k = 0; k < pl->nentities; k++)
            if (visible_entity(rq, pl->entities[k], whole, &v))
                openapi_entity_paths(rq, pl->entities[k], &v, whole);
        openapi_plugin_paths(rq, pl, whole);
    }
    buf_putc(b, '}');
    components(rq, whole);
    buf_putc(b, '}');
    visible_finish(rq);
    return ERR_OK;
}
