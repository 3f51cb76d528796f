// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// POST {plugin}/{entity}/documents/{document}: one document for each of many records, as a job.
// Each is checked by the child that draws, then numbered and kept on the lane in slices, then
// collected into one PDF for printing, which is the asker's file for a day.
#include <string.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/file.h"
#include "campus/jobs.h"
#include "campus/limits.h"
#include "campus/mem.h"
#include "http/api.h"
#include "http/app_internal.h"
#include "http/documents.h"

enum { SLICE = 24, LIST_LIMIT = 500, REPORT_MAX = 200 };

struct batch {
    struct app *app;
    struct release *release;
    struct document_draft draft; // of all, but for the record
    struct query query;
    const char **ids; // given, or found
    size_t n;
    bool given, print; // print: into one PDF as well
    const struct actor *actor;
    const char *request, *client;
    struct job *job;
    // running
    struct db *db;
    struct arena *arena; // of the slice
    char today[11];
    struct buf report;
    int reported;
    const char *file;
};
struct item {
    struct document_draft draft;
    struct buf text, row;
    struct problem problem;
    struct gate_note *notes;
    enum err err;
};
struct slice {
    struct batch *b;
    struct item items[SLICE];
    int n;
};

static struct gate gate_of(struct batch *b, struct db *db, struct arena *a, struct problem *p) {
    return (struct gate){.store = {db, app_keyring(b->app), a, b->release->school, p},
                         .release = b->release,
                         .actor = b->actor,
                         .request = b->request,
                         .client = b->client,
                         .now = clock_now_ms(),
                         .today = b->today,
                         .lang = LANG_ZH,
                         .from_bulk = true};
}

struct finding {
    struct batch *b;
    struct arena *arena;
};

static enum err one_id(void *self, struct record *r) {
    struct finding *f = self;
    if (f->b->n == LIMIT_DOCUMENTS_BATCH) return ERR_TOO_LARGE;
    f->b->ids[f->b->n++] = arena_strdup(f->arena, r->id);
    return ERR_OK;
}

// By the filters, in their order, before the first is issued.
static enum err find(struct batch *b, struct problem *p) {
    struct arena *a = b->job->arena;
    const struct document_decl *d = b->draft.decl;
    struct gate g = gate_of(b, b->db, a, p);
    struct page page = b->query.page;
    struct value last[ORDER_MAX + 1];
    struct finding f = {b, a};
    bool more = true;
    page.where = gate_reach(&g, d->entity, &b->query, false);
    page.limit = LIST_LIMIT;
    enum err e = ERR_OK;
    while (more && !e) {
        struct value *after = arena_alloc(a, sizeof last);
        e = store_list(&g.store, d->entity, &page, one_id, &f, &more, last, &page.nafter);
        memcpy(after, last, sizeof last);
        page.after = after;
    }
    return e == ERR_TOO_LARGE ? problem_set(p, e, "more than %d records", LIMIT_DOCUMENTS_BATCH)
                              : e;
}

static void read_one(struct batch *b, struct item *it, const char *id, struct artist *artist) {
    problem_init(&it->problem, b->arena);
    struct gate g = gate_of(b, b->db, b->arena, &it->problem);
    buf_init(&it->text, b->arena);
    it->draft = b->draft;
    it->draft.record = id;
    it->err = document_read(&g, &it->draft);
    if (it->err) return;
    it->notes = g.notes;
    document_text(&g, &it->draft, NULL, NULL, NULL, &it->text);
    it->err = artist_feed(artist, &it->text, "check", NULL, NULL, &it->problem);
}

static enum err issue_all(struct lane_job *job, struct lane *lane) {
    struct slice *s = ((struct lane_call *)job)->arg;
    for (int i = 0; i < s->n; i++) {
        struct item *it = &s->items[i];
        bool stale;
        if (it->err) continue;
        struct gate g = gate_of(s->b, lane_db(lane), s->b->arena, &it->problem);
        g.audit = lane_audit(lane);
        buf_init(&it->text, s->b->arena), buf_init(&it->row, s->b->arena);
        it->err = document_issue(&g, &it->draft, NULL, &it->row, &it->text, &stale);
        if (it->err && err_status(it->err) >= 500) return it->err;
        for (const struct gate_note *n = it->err ? NULL : it->notes; n; n = n->next)
            audit_add(g.audit, &n->row);
    }
    return ERR_OK;
}

static void report(struct batch *b, const struct item *it) {
    b->job->failed++;
    if (b->reported++ >= REPORT_MAX) return;
    json_sep(&b->report);
    buf_puts(&b->report, "{\"id\":"), json_cstr(&b->report, it->draft.record);
    json_kv_str(&b->report, "code", err_word(it->err));
    json_key(&b->report, "errors"), buf_putc(&b->report, '[');
    for (const struct problem_item *e = it->problem.first; e; e = e->next) {
        json_sep(&b->report), buf_putc(&b->report, '{');
        json_kv_str(&b->report, "code", e->word);
        if (e->pointer) json_kv_str(&b->report, "pointer", e->pointer);
        json_kv_str(&b->report, "detail", e->detail);
        if (e->detail_zh) json_kv_str(&b->report, "detail_zh", e->detail_zh);
        buf_putc(&b->report, '}');
    }
    buf_puts(&b->report, "]}");
}

static enum err run_slice(struct batch *b, size_t from, struct artist *artist, struct problem *p) {
    arena_reset(b->arena);
    struct slice *s = arena_alloc(b->arena, sizeof *s);
    s->b = b;
    s->n = (int)(b->n - from < SLICE ? b->n - from : SLICE);
    for (int i = 0; i < s->n; i++) {
        read_one(b, &s->items[i], b->ids[from + (size_t)i], artist);
        if (s->items[i].err == ERR_UNAVAILABLE || s->items[i].err == ERR_NOMEM)
            return problem_set(p, s->items[i].err, NULL);
    }
    enum err e;
    while ((e = lane_run_slice(b->app->lane, issue_all, s)) == ERR_RATE) usleep(2000);
    for (int i = 0; i < s->n && !e; i++) {
        struct item *it = &s->items[i];
        if (it->err)
            report(b, it);
        else if (!b->print || !(e = artist_feed(artist, &it->text, "collect", NULL, NULL, p)))
            b->job->done++;
    }
    return e ? problem_set(p, e, NULL) : e;
}

struct keeping {
    struct batch *b;
    const struct file_made *made;
    const char *name;
    struct problem *p;
};

static enum err keep_row(struct lane_job *job, struct lane *lane) {
    struct keeping *k = ((struct lane_call *)job)->arg;
    struct gate g = gate_of(k->b, lane_db(lane), k->b->arena, k->p);
    return file_add(&g.store, k->made, k->name, k->b->actor->id, g.now,
                    g.now + INT64_C(24) * 3600 * 1000);
}

// What is printed: sealed while it comes out of the child.
static enum err keep_all(struct batch *b, struct artist *artist, const char *title,
                         struct problem *p) {
    arena_reset(b->arena);
    struct file_writer *w = file_writer_open(b->arena, b->app->files);
    struct file_made *made = arena_alloc(b->job->arena, sizeof *made);
    struct keeping k = {b, made, arena_printf(b->arena, "%s.pdf", title), p};
    artist->take = file_write, artist->self = w;
    enum err e = convert_end(artist->convert);
    if (!e) e = file_write_end(w, "pdf", made, p);
    if (!e) e = files_keep(b->app, b->db, b->arena, made, p);
    if (!e) e = lane_run(b->app->lane, keep_row, &k);
    if (!e) b->file = made->id;
    return e ? problem_set(p, e, NULL) : e;
}

static enum err run_all(struct batch *b, struct problem *p) {
    struct artist artist = {0};
    const char *title = title_in(&b->draft.decl->title, b->draft.lang, b->draft.decl->name);
    tz_date(b->release->tz, clock_now_ms(), b->today);
    enum err e = db_open(app_config(b->app)->storage, DB_READ, &b->db, p);
    if (!e && !b->given) e = find(b, p);
    b->job->total = (int64_t)b->n;
    if (!e)
        e = artist_open(b->app, b->arena, b->draft.lang == LANG_ZH, b->print ? title : NULL,
                        &artist, p);
    for (size_t at = 0; at < b->n && !e; at += SLICE) {
        e = run_slice(b, at, &artist, p);
        if (!e && b->job->cancelled) e = problem_set(p, ERR_CONFLICT, "cancelled");
    }
    // what was issued before a cancel is issued, and can be printed
    if ((!e || b->job->cancelled) && b->job->done && b->print && artist.convert) {
        enum err kept = keep_all(b, &artist, title, p);
        if (!e) e = kept;
    }
    artist_close(&artist);
    if (b->db) db_close(b->db);
    return e;
}

static enum err run(struct job *job, struct buf *result, struct problem *p) {
    struct batch *b = job->self;
    buf_init(&b->report, job->arena);
    b->arena = arena_new(64 << 20);
    if (!b->arena) return problem_set(p, ERR_NOMEM, NULL);
    enum err e = run_all(b, p);
    buf_printf(result, "{\"found\":%lld,\"issued\":%lld,\"failed\":%lld", (long long)b->n,
               (long long)job->done, (long long)job->failed);
    if (b->file) json_kv_str(result, "file", b->file);
    json_key(result, "report"), buf_putc(result, '[');
    buf_put(result, b->report.data, b->report.len);
    buf_putc(result, ']');
    if (e) json_key(result, "problem"), problem_json(p, LANG_ZH, NULL, result);
    buf_putc(result, '}');
    arena_free(b->arena);
    return e;
}

static void over(struct job *job) {
    release_put(((struct batch *)job->self)->release);
}

static enum err start(struct request *rq) {
    struct job *job = rq->state;
    struct batch *b = job->self;
    const struct document_decl *d = b->draft.decl;
    gate_record(&rq->gate, "document.batch", d->entity->full, "ok", d->name);
    char id[37];
    memcpy(id, job->id, sizeof id);
    enum err e = jobs_start(rq->app->jobs, rq->gate.store.db, job, &rq->problem);
    if (!e) return api_job(rq, id);
    job_drop(job);
    return e;
}

static enum err ids_of(struct request *rq, const json_t *body, struct batch *b, struct arena *a) {
    const json_t *list = json_object_get(body, "ids"), *one;
    size_t i;
    b->ids = arena_alloc(a, sizeof *b->ids * (LIMIT_DOCUMENTS_BATCH + 1));
    if (!list) return ERR_OK;
    b->given = true;
    if (!json_is_array(list) || json_array_size(list) > LIMIT_DOCUMENTS_BATCH)
        return problem_add(&rq->problem, ERR_INVALID, "/ids", "type", "a list of at most %d ids",
                           LIMIT_DOCUMENTS_BATCH);
    json_array_foreach((json_t *)list, i, one) {
        if (!json_is_string(one) || json_string_length(one) > 64)
            return problem_add(&rq->problem, ERR_INVALID, "/ids", "type", "a list of ids");
        b->ids[b->n++] = arena_strdup(a, json_string_value(one));
    }
    return ERR_OK;
}

static enum err fill(struct request *rq, struct job *job, const struct document_decl *d) {
    struct batch *b = job->self = arena_alloc(job->arena, sizeof *b);
    struct param *params;
    const json_t *body, *print;
    const char *purpose = NULL, *lang = NULL;
    int n;
    *b = (struct batch){.app = rq->app,
                        .release = release_hold(rq->release),
                        .draft = {.decl = d, .lang = rq->release->language},
                        .actor = request_actor_copy(job->arena, rq->gate.actor),
                        .request = arena_strdup(job->arena, rq->http->id),
                        .client = arena_strdup(job->arena, rq->http->client),
                        .job = job};
    job->run = run;
    job->over = over;
    enum err e = api_body(rq, "ids purpose lang print", &body);
    if (!e) e = api_text(rq, body, "purpose", 200, false, &purpose);
    if (!e) e = api_text(rq, body, "lang", 2, false, &lang);
    if (!e) e = ids_of(rq, body, b, job->arena);
    if (!e && (print = json_object_get(body, "print")) && !json_is_boolean(print))
        e = problem_add(&rq->problem, ERR_INVALID, "/print", "type", "true or false");
    b->print = e || !json_is_false(json_object_get(body, "print"));
    if (!e) e = request_params(rq, job->arena, &params, &n);
    if (!e)
        e = query_parse(job->arena, app_keyring(rq->app), d->entity, QUERY_LIST, params, n,
                        &b->query, &rq->problem);
    if (!e && b->query.page.blind_field >= 0)
        e = problem_set(&rq->problem, ERR_INVALID, "records are not chosen by a sealed field here");
    b->draft.purpose = arena_strdup(job->arena, purpose);
    if (lang) b->draft.lang = strcmp(lang, "en") ? LANG_ZH : LANG_EN;
    return e;
}

enum err documents_batch(struct request *rq) {
    const struct entity *e = schema_entity(rq->release->schema, rq->path[0], rq->path[1]);
    const struct document_decl *d = e ? document_find(e->plugin, rq->path[3]) : NULL;
    if (!d || d->entity != e) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    enum err err = gate_permit(
        &rq->gate, arena_printf(rq->arena, "%s.documents.%s", e->plugin->name, d->name), e->full);
    if (err) return err;
    struct job *job = job_new("documents", rq->gate.actor->id, rq->gate.now);
    if (!job) return problem_set(&rq->problem, ERR_NOMEM, NULL);
    err = fill(rq, job, d);
    if (err) {
        job_drop(job);
        return err;
    }
    rq->state = job;
    return request_move(rq, ON_LANE, start);
}
