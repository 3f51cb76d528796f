// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Bulk work over HTTP: import as a job, export as a file, the jobs themselves.
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "campus/csv.h"
#include "campus/import.h"
#include "campus/jobs.h"
#include "campus/limits.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "http/api.h"
#include "http/app_internal.h"
#include "http/sheet.h"

struct importing {
    struct import im;
    struct app *app;
    struct job *job;
    int fd;
    const char *text;
    size_t n;
};

static bool progress(void *self, const struct import *im) {
    struct job *job = self;
    job->total = im->expected;
    job->done = im->rows;
    job->failed = im->failed;
    return !job->cancelled;
}

static enum err run_import(struct job *job, struct buf *result, struct problem *p) {
    struct importing *i = job->self;
    enum err e = import_file(&i->im, i->fd, i->text, i->n, p);
    job->done = i->im.rows;
    job->failed = i->im.failed;
    job->total = i->im.rows;
    if (i->im.rejected.len) {
        struct problem inner; // the import counts, whatever becomes of these
        problem_init(&inner, job->arena);
        enum err kept = rejected_keep(&i->im, job->id, &inner);
        if (kept) log_error("rejected_rows", "%s: %s", job->id, err_word(kept));
    }
    buf_printf(result, "{\"rows\":%lld,\"created\":%lld,\"failed\":%lld", (long long)i->im.rows,
               (long long)i->im.created, (long long)i->im.failed);
    json_kv_bool(result, "dry_run", i->im.dry_run);
    json_key(result, "report"), buf_putc(result, '[');
    buf_put(result, i->im.report.data, i->im.report.len);
    buf_putc(result, ']');
    if (e) json_key(result, "problem"), problem_json(p, LANG_ZH, NULL, result);
    buf_putc(result, '}');
    return e;
}

static void import_over(struct job *job) {
    struct importing *i = job->self;
    if (i->fd >= 0) close(i->fd);
    buf_fini(&i->im.rejected);
    release_put(i->im.release);
}

static enum err start_import(struct request *rq) {
    struct job *job = rq->state;
    struct gate *g = &rq->gate;
    struct importing *i = job->self;
    gate_record(g, "import", i->im.entity->full, "ok", i->im.dry_run ? "dry_run" : "");
    char id[37];
    memcpy(id, job->id, sizeof id);
    enum err e = jobs_start(rq->app->jobs, g->store.db, job, &rq->problem);
    if (e) {
        job_drop(job);
        return e;
    }
    return api_job(rq, id);
}

// What browsers call a CSV or a spreadsheet; what it is, its content tells.
static bool takes(const char *type) {
    static const char *const types[] = {"text/csv", "text/plain", CONVERT_XLSX,
                                        "application/vnd.ms-excel"};
    for (size_t i = 0; type && i < sizeof types / sizeof *types; i++) {
        size_t n = strlen(types[i]);
        if (!strncasecmp(type, types[i], n) && (!type[n] || type[n] == ';' || type[n] == ' '))
            return true;
    }
    return false;
}

// columns={"手机":"phone","备用":null}: what the sender's columns are.
static enum err import_columns(struct request *rq, const struct entity *e, struct arena *a,
                               const json_t **out) {
    const char *text = request_query(rq, "columns"), *name;
    json_t *j, *field;
    *out = NULL;
    if (!text) return ERR_OK;
    if (json_parse(a, text, strlen(text), &j, NULL) || !json_is_object(j))
        return problem_add(&rq->problem, ERR_INVALID, "/columns", "type",
                           "must be a JSON object: {\"header\": \"field\"}");
    json_object_foreach(
        j, name, field) if (!json_is_null(field) &&
                            !(json_is_string(field) && entity_field(e, json_string_value(field))))
        problem_add(&rq->problem, ERR_INVALID, arena_printf(rq->arena, "/columns/%s", name),
                    "unknown_field", "there is no such field");
    *out = j;
    return rq->problem.count ? ERR_INVALID : ERR_OK;
}

static enum err import(struct request *rq) {
    struct http_request *http = rq->http;
    const struct entity *e = schema_entity(rq->release->schema, rq->path[0], rq->path[1]);
    struct verdict v;
    if (!e) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    access_decide(rq->release->access, rq->gate.actor, e, "import", NULL, &v);
    if (!v.allowed) return gate_refuse(&rq->gate, "import", e->full, "forbidden");
    const char *dry = request_query(rq, "dry_run");
    if (!takes(http_header(http, "Content-Type")))
        return problem_set(&rq->problem, ERR_UNSUPPORTED,
                           "send text/csv or a spreadsheet as " CONVERT_XLSX);
    struct job *job = job_new("import", rq->gate.actor->id, rq->gate.now);
    if (!job) return problem_set(&rq->problem, ERR_NOMEM, NULL);
    const json_t *columns;
    enum err wrong = import_columns(rq, e, job->arena, &columns);
    if (wrong) {
        job_drop(job);
        return wrong;
    }
    struct importing *i = job->self = arena_alloc(job->arena, sizeof *i);
    *i = (struct importing){.app = rq->app, .job = job, .fd = -1, .n = http->body_n};
    if (http->body)
        i->text = arena_strndup(job->arena, http->body, http->body_n);
    else
        i->fd = fcntl(http->body_fd, F_DUPFD_CLOEXEC, 0);
    i->im = (struct import){.lane = app_lane(rq->app),
                            .keyring = app_keyring(rq->app),
                            .release = release_hold(rq->release),
                            .entity = e,
                            .actor = request_actor_copy(job->arena, rq->gate.actor),
                            .request = arena_strdup(job->arena, http->id),
                            .client = arena_strdup(job->arena, http->client),
                            .dry_run = dry && !strcmp(dry, "true"),
                            .lang = rq->lang,
                            .weak_jail = app_config(rq->app)->weak_jail,
                            .spool = arena_strdup(job->arena, app_config(rq->app)->home),
                            .columns = columns,
                            .sheet = arena_strdup(job->arena, request_query(rq, "sheet")),
                            .progress = progress,
                            .self = job};
    job->run = run_import;
    job->over = import_over;
    rq->state = job;
    return request_move(rq, ON_LANE, start_import);
}

struct exported {
    const struct entity *entity;
    const struct export_decl *standing;
    struct query query;
    const char *format;
    int fd;
    uint64_t n;
};

static enum err write_out(void *self, const char *p, size_t n) {
    struct exported *x = self;
    for (size_t at = 0; at < n;) {
        ssize_t put = write(x->fd, p + at, n - at);
        if (put <= 0) return ERR_NO_SPACE;
        at += (size_t)put;
    }
    x->n += n;
    return ERR_OK;
}

static void close_fd(void *arg) {
    struct exported *x = arg;
    if (x->fd >= 0) close(x->fd);
}

static enum err after_notes(struct request *rq) {
    struct exported *x = rq->state;
    enum err e = request_keep_notes(rq);
    if (e) return e;
    sheet_answer(rq, x->entity->name, x->format, x->fd, x->n);
    x->fd = -1;
    return ERR_OK;
}

static enum err write_sheet(struct request *rq) {
    struct exported *x = rq->state;
    struct sheet *s;
    int64_t rows;
    enum err e = sheet_open(
        rq, sheet_options(rq, x->entity, gate_export_mark(&rq->gate, x->query.look.purpose)), &s);
    if (!e) e = gate_export(&rq->gate, x->entity, &x->query, x->standing, sheet_feed, s, &rows);
    if (!e) e = sheet_close(s);
    if (e) return e;
    x->fd = s->fd, x->n = s->n;
    s->fd = -1;
    return ERR_OK;
}

static enum err write_export(struct request *rq) {
    struct exported *x = rq->state;
    int64_t rows;
    enum err e;
    x->fd = -1;
    arena_defer(rq->arena, close_fd, x);
    rq->own_savepoint = true;
    if (!strcmp(x->format, "xlsx"))
        e = write_sheet(rq);
    else {
        x->fd = open(app_config(rq->app)->home, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (x->fd < 0) return problem_set(&rq->problem, ERR_IO, "no temporary file");
        e = gate_export(&rq->gate, x->entity, &x->query, x->standing, write_out, x, &rows);
    }
    return e ? e : request_move(rq, ON_LANE, after_notes);
}

static enum err begin_export(struct request *rq, struct exported *x) {
    x->format = x->query.format ? x->query.format : "csv";
    if (strcmp(x->format, "csv") && strcmp(x->format, "xlsx"))
        return problem_add(&rq->problem, ERR_INVALID, "/format", "format_unknown", "csv or xlsx");
    x->query.format = x->format;
    return request_move(rq, ON_REPORTS, write_export);
}

static enum err export(struct request *rq) {
    struct exported *x = rq->state = arena_alloc(rq->arena, sizeof *x);
    x->entity = schema_entity(rq->release->schema, rq->path[0], rq->path[1]);
    if (!x->entity) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    enum err e = request_parse_query(rq, x->entity, QUERY_LIST, &x->query);
    return e ? e : begin_export(rq, x);
}

// A declared export: its columns, condition and purpose; the asker's filters narrow it.
static enum err standing_export(struct request *rq) {
    const struct plugin *pl = schema_plugin(rq->release->schema, rq->path[0]);
    struct exported *x = rq->state = arena_alloc(rq->arena, sizeof *x);
    for (int i = 0; pl && i < pl->nexports; i++)
        if (!strcmp(pl->exports[i].name, rq->path[2])) x->standing = &pl->exports[i];
    if (!x->standing) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    x->entity = x->standing->entity;
    enum err e = request_parse_query(rq, x->entity, QUERY_LIST, &x->query);
    if (e) return e;
    struct query *q = &x->query;
    if (q->look.has_fields || q->look.purpose)
        return problem_add(&rq->problem, ERR_INVALID, "/fields", "unknown_parameter",
                           "this export has its own columns and purpose");
    q->look = (struct look){.has_fields = true,
                            .fields = x->standing->fields,
                            .reveal = x->standing->reveal,
                            .purpose = x->standing->purpose};
    q->page.where = cond_and(rq->arena, q->page.where, x->standing->where);
    for (int w = 0; w < FIELDSET_WORDS; w++) q->touched.w[w] |= x->standing->touched.w[w];
    return begin_export(rq, x);
}

// Administrators see everyone's jobs, others their own.
static const char *whose(struct request *rq) {
    return access_has_permission(rq->release->access, rq->gate.actor, "core.admin")
               ? ""
               : rq->gate.actor->id;
}

static enum err jobs(struct request *rq) {
    return jobs_list_json(rq->app->jobs, rq->gate.store.db, whose(rq), &rq->out, &rq->problem);
}

static enum err job(struct request *rq) {
    return jobs_json(rq->app->jobs, rq->gate.store.db, rq->path[1], whose(rq), &rq->out,
                     &rq->problem);
}

static enum err cancel(struct request *rq) {
    if (!jobs_cancel(rq->app->jobs, rq->path[1], whose(rq)))
        return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    rq->status = 204;
    return ERR_OK;
}

static enum err put_row(void *self, int64_t line, const struct csv_cell *cells, int n) {
    struct buf *out = self;
    (void)line;
    for (int i = 1; i < n; i++) csv_put(out, cells[i].p, cells[i].n); // the first are the marks
    csv_end_row(out);
    return out->failed ? ERR_NOMEM : ERR_OK;
}

static enum err put_text(void *self, const char *p, size_t n) {
    buf_put(self, p, n);
    return ERR_OK;
}

static enum err write_rejected(struct request *rq) {
    struct gate *g = &rq->gate;
    struct buf text;
    const char *id = rq->path[1], *format = strchr(rq->path[2], '.') + 1;
    struct csv *csv = NULL;
    struct sheet *s;
    buf_init(&text, rq->arena);
    enum err e = rejected_read(g->store.db, app_keyring(rq->app), rq->release->school, id, put_text,
                               &text, &rq->problem);
    if (e) return e;
    gate_record(g, "import.rejected", id, "ok", "");
    if (!strcmp(format, "xlsx")) {
        e = sheet_open(rq, "{\"marked\":true}", &s);
        if (!e) e = sheet_feed(s, text.data, text.len);
        if (!e) e = sheet_close(s);
        if (e) return e;
        sheet_answer(rq, "rejected", format, s->fd, s->n);
        s->fd = -1;
        return ERR_OK;
    }
    buf_puts(&rq->out, "\xef\xbb\xbf"); // spreadsheets take it for UTF-8 only then
    csv = csv_new(put_row, &rq->out);
    e = csv ? csv_feed(csv, text.data, text.len, &rq->problem) : ERR_NOMEM;
    if (!e) e = csv_end(csv, &rq->problem);
    csv_free(csv);
    sheet_answer(rq, "rejected", format, -1, 0);
    return e;
}

// Only who sent the rows gets them back: they hold what the sender typed, unmasked.
static enum err rejected(struct request *rq) {
    struct buf ignored;
    buf_init(&ignored, rq->arena);
    enum err e = jobs_json(rq->app->jobs, rq->gate.store.db, rq->path[1], rq->gate.actor->id,
                           &ignored, &rq->problem);
    return e ? e : request_move(rq, ON_REPORTS, write_rejected);
}

const struct route routes_bulk[] = {
    {"POST", "{}/{}/import", import, .who = SIGNED_IN},
    {"GET", "{}/exports/{}", standing_export, .who = SIGNED_IN},
    {"GET", "{}/{}/export", export, .who = SIGNED_IN},
    {"GET", "jobs", jobs, .who = SIGNED_IN},
    {"GET", "jobs/{}", job, .who = SIGNED_IN},
    {"GET", "jobs/{}/rejected.csv", rejected, .who = SIGNED_IN},
    {"GET", "jobs/{}/rejected.xlsx", rejected, .who = SIGNED_IN},
    {"DELETE", "jobs/{}", cancel, .who = SIGNED_IN},
    {0},
};
