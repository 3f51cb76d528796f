// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The paths of entities, actions and reports in the OpenAPI document.
#include <string.h>
#include "campus/approval.h"
#include "campus/convert.h"
#include "campus/limits.h"
#include "campus/mem.h"
#include "http/openapi.h"

#define REF(kind, name) "{\"$ref\":\"#/components/" kind "/" name "\"}"
#define FAILS                                                                                      \
    "\"401\":" REF("responses", "problem") ",\"403\":" REF(                                        \
        "responses", "problem") ",\"404\":" REF("responses",                                       \
                                                "problem") ",\"default\":" REF("responses",        \
                                                                               "problem")
#define HEADERS                                                                                    \
    "\"headers\":{\"X-Request-Id\":" REF("headers", "X-Request-Id") ",\"X-Release\":" REF(         \
        "headers", "X-Release") "}"
#define HEADERS_ETAG                                                                               \
    "\"headers\":{\"ETag\":" REF("headers", "ETag") ",\"X-Request-Id\":" REF(                      \
        "headers", "X-Request-Id") ",\"X-Release\":" REF("headers", "X-Release") "}"

static void open_operation(struct buf *b, const char *method, const char *word,
                           const struct entity *e, const char *title) {
    json_key(b, method), buf_putc(b, '{');
    json_key(b, "operationId"), buf_printf(b, "\"%s_%s_%s\"", word, e->plugin->name, e->name);
    json_key(b, "tags"), buf_putc(b, '['), json_cstr(b, e->plugin->name), buf_putc(b, ']');
    json_kv_str(b, "summary", title);
}

static void open_parameters(struct buf *b, bool id) {
    json_key(b, "parameters"), buf_putc(b, '[');
    if (id) buf_puts(b, REF("parameters", "id"));
}

static void shared(struct buf *b, const char *name) {
    json_sep(b);
    buf_printf(b, REF("parameters", "%s"), name);
}

static void record_answer(struct buf *b, const char *status, const struct entity *e) {
    json_key(b, "responses"), buf_putc(b, '{');
    buf_printf(b,
               "\"%s\":{\"description\":\"the record\"," HEADERS_ETAG ",\"content\":{"
               "\"application/json\":{\"schema\":" REF("schemas", "%s") "}}}," FAILS "}",
               status, e->full);
    buf_putc(b, '}');
}

static void body_ref(struct buf *b, const struct entity *e, const char *which) {
    json_key(b, "requestBody");
    buf_printf(b,
               "{\"required\":true,\"content\":{\"application/json\":{\"schema\":" REF(
                   "schemas", "%s.%s") "}}}",
               e->full, which);
}

static void overdue(struct buf *b, const struct entity *e, const struct visible *v, bool whole) {
    if (e->due_field < 0 || (!whole && !fieldset_has(&v->clear, e->due_field))) return;
    json_sep(b);
    buf_puts(b, "{\"name\":\"overdue\",\"in\":\"query\",\"schema\":{\"type\":\"boolean\"}}");
}

static void filter(struct buf *b, const struct field *f, const char *op, bool plain) {
    json_sep(b), buf_putc(b, '{');
    json_key(b, "name");
    if (op)
        buf_printf(b, "\"%s[%s]\"", f->name, op);
    else
        json_cstr(b, f->name);
    json_kv_str(b, "in", "query");
    json_key(b, "schema");
    buf_puts(b, plain ? "{\"type\":\"string\"}" : "{\"type\":\"boolean\"}");
    buf_putc(b, '}');
}

static void filters(struct buf *b, const struct entity *e, const struct visible *v, bool whole) {
    for (int i = 0; i < e->nfields; i++) {
        const struct field *f = &e->fields[i];
        if (f->type == FIELD_LIST || f->type == FIELD_JSON) continue;
        if (f->sealed) {
            if ((f->searchable || f->unique) && fieldset_has(&v->shown, i))
                filter(b, f, NULL, true);
            continue;
        }
        if (!whole && !fieldset_has(&v->clear, i)) continue;
        bool texts = f->type == FIELD_TEXT || f->type == FIELD_LONGTEXT;
        bool ordered = field_type_is_number(f->type) || f->type == FIELD_DATE ||
                       f->type == FIELD_TIME || f->type == FIELD_DATETIME;
        static const char *const orders[] = {"lt", "lte", "gt", "gte"};
        filter(b, f, NULL, true);
        filter(b, f, "in", true);
        for (int k = 0; ordered && k < 4; k++) filter(b, f, orders[k], true);
        if (texts || f->type == FIELD_MULTICHOICE) filter(b, f, "has", true);
        filter(b, f, "empty", false);
    }
    overdue(b, e, v, whole);
}

static void list_operation(struct request *rq, const struct entity *e, const struct visible *v,
                           bool whole) {
    static const char *const common[] = {"limit", "cursor", "sort",   "fields",
                                         "total", "expand", "reveal", "purpose"};
    struct buf *b = &rq->out;
    open_operation(b, "get", "list", e, title_in(&e->title, rq->lang, e->name));
    open_parameters(b, false);
    for (size_t i = 0; i < sizeof common / sizeof *common; i++) shared(b, common[i]);
    if (visible_search(e, v, whole)) shared(b, "q");
    if (e->workflow) {
        json_sep(b);
        buf_puts(b,
                 "{\"name\":\"state\",\"in\":\"query\",\"schema\":{\"type\":\"string\",\"enum\":[");
        for (int i = 0; i < e->workflow->nstates; i++)
            json_sep(b), json_cstr(b, e->workflow->states[i].name);
        buf_puts(b, "]}}");
    }
    filters(b, e, v, whole);
    buf_putc(b, ']');
    json_key(b, "responses");
    buf_printf(b,
               "{\"200\":{\"description\":\"a page\"," HEADERS ",\"content\":{\"application/json\":"
               "{\"schema\":{\"type\":\"object\",\"required\":[\"items\",\"next\"],\"properties\":{"
               "\"items\":{\"type\":\"array\",\"maxItems\":%d,\"items\":" REF(
                   "schemas", "%s") "},"
                                    "\"next\":{\"type\":[\"string\",\"null\"]},\"total\":{\"type\":"
                                    "\"integer\"}}}}}}," FAILS "}}",
               LIMIT_LIST_ITEMS, e->full);
}

static void about_path(struct request *rq, const struct entity *e, const char *base,
                       const char *word, const char *title) {
    struct buf *b = &rq->out;
    json_sep(b), buf_printf(b, "\"%s/{id}/%s\":{", base, word);
    open_operation(b, "get", word, e, title);
    open_parameters(b, true), buf_putc(b, ']');
    json_key(b, "responses");
    buf_puts(b, "{\"200\":{\"description\":\"what there is\"," HEADERS
                ",\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\"}}}}," FAILS
                "}}}");
}

static void transition_path(struct request *rq, const struct entity *e, const struct transition *t,
                            const char *base) {
    struct buf *b = &rq->out;
    json_sep(b), buf_printf(b, "\"%s/{id}/%s\":{", base, t->name);
    open_operation(b, "get", arena_printf(rq->arena, "foresee_%s", t->name), e,
                   rq->lang == LANG_ZH ? "规则现在会怎么说" : "What its rule would say now");
    open_parameters(b, true), buf_putc(b, ']');
    json_key(b, "responses");
    buf_puts(b,
             "{\"200\":{\"description\":\"the decision, not made\"," HEADERS
             ",\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\"}}}}," FAILS "}}");
    open_operation(b, "post", t->name, e, title_in(&t->title, rq->lang, t->name));
    open_parameters(b, true);
    shared(b, "If-Match"), shared(b, "Idempotency-Key");
    buf_putc(b, ']');
    json_key(b, "requestBody");
    buf_puts(b, "{\"content\":{\"application/json\":{\"schema\":");
    bool signs = approval_of(rq->release->approvals, e, NULL) != NULL;
    if (signs)
        buf_printf(b,
                   "{\"anyOf\":[{\"type\":\"object\",\"required\":[\"approval\"],\"properties\":{"
                   "\"approval\":{\"type\":\"object\",\"additionalProperties\":false,"
                   "\"properties\":{\"note\":{\"type\":\"string\",\"maxLength\":%d}}}}},",
                   LIMIT_APPROVAL_NOTE);
    buf_printf(b, REF("schemas", "%s.change") "%s}}}", e->full, signs ? "]}" : "");
    record_answer(b, "200", e);
    buf_putc(b, '}');
}

#define A_JOB                                                                                      \
    "{\"202\":{\"description\":\"the job\"," HEADERS                                               \
    ",\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\"}}}}," FAILS "}}}"

// The same transition for everything a filter finds.
static void bulk_path(struct request *rq, const struct entity *e, const struct transition *t,
                      const char *base, const struct visible *v, bool whole) {
    struct buf *b = &rq->out;
    json_sep(b), buf_printf(b, "\"%s/bulk/%s\":{", base, t->name);
    open_operation(b, "post", arena_printf(rq->arena, "bulk_%s", t->name), e,
                   title_in(&t->title, rq->lang, t->name));
    open_parameters(b, false);
    filters(b, e, v, whole);
    buf_putc(b, ']');
    json_key(b, "responses");
    buf_puts(b, A_JOB);
}

static void export_path(struct request *rq, const struct entity *e, const char *base,
                        const struct visible *v, bool whole) {
    struct buf *b = &rq->out;
    json_sep(b), buf_printf(b, "\"%s/export\":{", base);
    open_operation(b, "get", "export", e, rq->lang == LANG_ZH ? "导出" : "Export");
    open_parameters(b, false);
    filters(b, e, v, whole);
    buf_putc(b, ']');
    json_key(b, "responses");
    buf_puts(b, "{\"200\":{\"description\":\"rows\"," HEADERS
                ",\"content\":{\"text/csv\":{\"schema\":{\"type\":\"string\"}}}}," FAILS "}}}");
}

static void import_path(struct request *rq, const struct entity *e, const char *base) {
    struct buf *b = &rq->out;
    json_sep(b), buf_printf(b, "\"%s/import\":{", base);
    open_operation(b, "post", "import", e, rq->lang == LANG_ZH ? "导入" : "Import");
    open_parameters(b, false), shared(b, "dry_run"), shared(b, "columns"), buf_putc(b, ']');
    json_key(b, "requestBody");
    buf_puts(b, "{\"required\":true,\"content\":{\"text/csv\":{\"schema\":{\"type\":\"string\"}},"
                "\"" CONVERT_XLSX "\":{\"schema\":{\"type\":\"string\",\"format\":\"binary\"}}}}");
    json_key(b, "responses");
    buf_puts(b, A_JOB);
}

void openapi_entity_paths(struct request *rq, const struct entity *e, const struct visible *v,
                          bool whole) {
    struct buf *b = &rq->out;
    const char *base = arena_printf(rq->arena, "/api/v1/%s/%s", e->plugin->name, e->name);
    const char *title = title_in(&e->title, rq->lang, e->name);
    bool writes = whole && !e->ledger; // nobody writes an entry
    json_key(b, base), buf_putc(b, '{');
    if (whole || v->read) list_operation(rq, e, v, whole);
    if (writes || v->create) {
        open_operation(b, "post", "create", e, title);
        open_parameters(b, false), shared(b, "Idempotency-Key"), buf_putc(b, ']');
        body_ref(b, e, "new");
        record_answer(b, "201", e);
    }
    buf_putc(b, '}');
    json_sep(b), buf_printf(b, "\"%s/{id}\":{", base);
    if (whole || v->read) {
        static const char *const common[] = {"fields", "expand", "reveal", "purpose"};
        open_operation(b, "get", "get", e, title);
        open_parameters(b, true);
        for (int i = 0; i < 4; i++) shared(b, common[i]);
        buf_putc(b, ']');
        record_answer(b, "200", e);
    }
    if (writes || v->update) {
        open_operation(b, "patch", "update", e, title);
        open_parameters(b, true), shared(b, "If-Match"), shared(b, "Idempotency-Key");
        buf_putc(b, ']');
        body_ref(b, e, "change");
        record_answer(b, "200", e);
    }
    if (writes || v->remove) {
        open_operation(b, "delete", "archive", e, title);
        open_parameters(b, true), shared(b, "If-Match"), shared(b, "Idempotency-Key");
        buf_putc(b, ']');
        json_key(b, "responses");
        buf_puts(b, "{\"204\":{\"description\":\"archived\"," HEADERS "}," FAILS "}}");
    }
    buf_putc(b, '}');
    if (whole || v->history)
        about_path(rq, e, base, "history", rq->lang == LANG_ZH ? "变更历史" : "History");
    if ((whole || v->read) && e->has_sealed)
        about_path(rq, e, base, "subject",
                   rq->lang == LANG_ZH ? "同一个人的记录" : "The same person");
    if ((whole || v->read) && approval_of(rq->release->approvals, e, NULL))
        about_path(rq, e, base, "approvals", rq->lang == LANG_ZH ? "审批单" : "Approvals");
    if ((whole || v->read) && e->plugin->nmessages)
        about_path(rq, e, base, "messages", rq->lang == LANG_ZH ? "消息" : "Messages");
    if ((e->pool || e->holds) && (whole || v->read))
        about_path(rq, e, base, "reservations", rq->lang == LANG_ZH ? "占用" : "Reservations");
    if (whole || v->read) export_path(rq, e, base, v, whole);
    if ((writes || v->import) && openapi_has_route("POST", "{}/{}/import"))
        import_path(rq, e, base);
    for (int i = 0; e->workflow && i < e->workflow->ntransitions; i++)
        if (whole || visible_transition(rq, e, &e->workflow->transitions[i]))
            transition_path(rq, e, &e->workflow->transitions[i], base),
                bulk_path(rq, e, &e->workflow->transitions[i], base, v, whole);
}

static void report_schema(struct request *rq, const struct report_decl *r) {
    struct buf *b = &rq->out;
    int n;
    const struct report_column *c = report_columns(r, rq->arena, &n);
    buf_puts(b,
             "{\"type\":\"object\",\"required\":[\"report\",\"rows\",\"total\"],\"properties\":{"
             "\"report\":{\"type\":\"string\"},\"chart\":{\"type\":\"string\"},"
             "\"from\":{\"type\":[\"string\",\"null\"]},\"until\":{\"type\":[\"string\",\"null\"]},"
             "\"total\":{\"type\":\"object\"},\"suppressed\":{\"type\":\"integer\"},"
             "\"rows\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{");
    for (int i = 0; i < n; i++) {
        const struct field *f = c[i].field;
        bool number = f->type == FIELD_INTEGER;
        json_key(b, c[i].name);
        buf_printf(b, "{\"type\":[\"%s\",\"null\"],\"title\":",
                   number                     ? "integer"
                   : f->type == FIELD_BOOLEAN ? "boolean"
                                              : "string");
        json_cstr(b, title_in(&c[i].title, rq->lang, c[i].name));
        buf_putc(b, '}');
    }
    buf_puts(b, "}}}}}");
}

// One document of a record, and of many.
static void document_paths(struct request *rq, const struct plugin *pl,
                           const struct document_decl *d, bool with_list) {
    struct buf *b = &rq->out;
    const struct entity *e = d->entity;
    if (!e) return;
    if (with_list) {
        json_sep(b),
            buf_printf(b, "\"/api/v1/%s/%s/{id}/documents\":{\"get\":{", pl->name, e->name);
        json_key(b, "operationId"), buf_printf(b, "\"documents_%s_%s\"", pl->name, e->name);
        json_key(b, "tags"), buf_putc(b, '['), json_cstr(b, pl->name), buf_putc(b, ']');
        json_kv_str(b, "summary", rq->lang == LANG_ZH ? "已发文件" : "Documents of a record");
        open_parameters(b, true), buf_putc(b, ']');
        json_key(b, "responses");
        buf_puts(b, "{\"200\":{\"description\":\"documents of a record\"," HEADERS
                    ",\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\"}}}}," FAILS
                    "}}}");
    }
    for (int many = 0; many < 2; many++) {
        json_sep(b), buf_printf(b, "\"/api/v1/%s/%s%s/documents/%s\":{\"post\":{", pl->name,
                                e->name, many ? "" : "/{id}", d->name);
        json_key(b, "operationId"),
            buf_printf(b, "\"%s_%s_%s\"", many ? "issue_many" : "issue", pl->name, d->name);
        json_key(b, "tags"), buf_putc(b, '['), json_cstr(b, pl->name), buf_putc(b, ']');
        json_kv_str(b, "summary", title_in(&d->title, rq->lang, d->name));
        open_parameters(b, !many), buf_putc(b, ']');
        json_key(b, "responses");
        buf_printf(b,
                   "{\"%d\":{\"description\":\"%s\"," HEADERS
                   ",\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\"}}}}," FAILS
                   "}}}",
                   many ? 202 : 201, many ? "a job" : "the document, with its number");
    }
}

void openapi_plugin_paths(struct request *rq, const struct plugin *pl, bool whole) {
    struct buf *b = &rq->out;
    for (int i = 0; i < pl->nreports; i++) {
        const struct report_decl *r = &pl->reports[i];
        struct visible v;
        if (!visible_entity(rq, r->entity, whole, &v) || (!whole && !v.read)) continue;
        json_sep(b), buf_printf(b, "\"/api/v1/%s/reports/%s\":{\"get\":{", pl->name, r->name);
        json_key(b, "operationId"), buf_printf(b, "\"report_%s_%s\"", pl->name, r->name);
        json_key(b, "tags"), buf_putc(b, '['), json_cstr(b, pl->name), buf_putc(b, ']');
        json_kv_str(b, "summary", title_in(&r->title, rq->lang, r->name));
        open_parameters(b, false), shared(b, "format"), shared(b, "between");
        filters(b, r->entity, &v, whole);
        buf_putc(b, ']');
        json_key(b, "responses");
        buf_puts(b, "{\"200\":{\"description\":\"groups\"," HEADERS
                    ",\"content\":{\"application/json\":{\"schema\":");
        report_schema(rq, r);
        buf_puts(b, "},\"text/csv\":{\"schema\":{\"type\":\"string\"}},\"" CONVERT_XLSX
                    "\":{\"schema\":{\"type\":\"string\",\"format\":\"binary\"}}}}," FAILS "}}}");
    }
    const struct entity *listed = NULL;
    for (int i = 0; i < pl->ndocuments; i++) {
        const struct document_decl *d = &pl->documents[i];
        if (!whole && !visible_document(rq, pl, d)) continue;
        document_paths(rq, pl, d, listed != d->entity);
        listed = d->entity;
    }
    for (int i = 0; i < pl->nexports; i++) {
        const struct export_decl *x = &pl->exports[i];
        struct visible v;
        if (!whole && !visible_export(rq, pl, x)) continue;
        if (!visible_entity(rq, x->entity, whole, &v)) continue;
        json_sep(b), buf_printf(b, "\"/api/v1/%s/exports/%s\":{\"get\":{", pl->name, x->name);
        json_key(b, "operationId"), buf_printf(b, "\"export_%s_%s\"", pl->name, x->name);
        json_key(b, "tags"), buf_putc(b, '['), json_cstr(b, pl->name), buf_putc(b, ']');
        json_kv_str(b, "summary", title_in(&x->title, rq->lang, x->name));
        open_parameters(b, false), shared(b, "format");
        filters(b, x->entity, &v, whole);
        buf_putc(b, ']');
        json_key(b, "responses");
        buf_puts(b, "{\"200\":{\"description\":\"a file\"," HEADERS
                    ",\"content\":{\"text/csv\":{\"schema\":{\"type\":\"string\"}},\"" CONVERT_XLSX
                    "\":{\"schema\":{\"type\":\"string\",\"format\":\"binary\"}}}}," FAILS "}}}");
    }
    for (int i = 0; openapi_has_route("POST", "{}/actions/{}") && i < pl->nactions; i++) {
        const struct action_decl *act = &pl->actions[i];
        if (!whole && !visible_action(rq, pl, act->name)) continue;
        json_sep(b), buf_printf(b, "\"/api/v1/%s/actions/%s\":{\"post\":{", pl->name, act->name);
        json_key(b, "operationId"), buf_printf(b, "\"action_%s_%s\"", pl->name, act->name);
        json_key(b, "tags"), buf_putc(b, '['), json_cstr(b, pl->name), buf_putc(b, ']');
        json_kv_str(b, "summary", title_in(&act->title, rq->lang, act->name));
        open_parameters(b, false), buf_putc(b, ']');
        if (act->input) {
            json_key(b, "requestBody"),
                buf_puts(b, "{\"content\":{\"application/json\":{\"schema\":");
            openapi_object(b, act->input->fields, act->input->nfields, rq->lang);
            buf_puts(b, "}}}");
        }
        json_key(b, "responses");
        buf_puts(b, "{\"200\":{\"description\":\"what the action answered\"," HEADERS
                    ",\"content\":{\"application/json\":{\"schema\":{}}}}," FAILS "}}}");
    }
}
