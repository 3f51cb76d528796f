// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Bulk import. Several slices are in flight: the lane writes some while this thread reads and
// checks the rows of the next.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/mem.h"
#include "serve/import_internal.h"

enum { SLICE_ROWS = 256, SLICES = 10 };

struct row {
    int64_t line;
    const struct csv_cell *cells; // as the file has them
    int ncells;
    struct input input;
    bool bad;
};
struct slice {
    struct lane_job job;
    struct reading *owner;
    struct arena *arena;
    struct row rows[SLICE_ROWS];
    int n;
    int64_t created;
    bool careful; // a row was refused: each row in a savepoint of its own
    enum err result;
    bool busy;
};
struct meant { // a reference as the file has it
    struct meant *next;
    const struct field *field;
    const char *text, *id; // NULL: nothing
};
enum { MEANT_MAX = 1000 };
struct reading {
    struct import *im;
    struct problem *problem; // of the whole file
    struct import_head head;
    bool numbered; // the first cell of a row is its number in the sheet
    bool cancelled;
    struct meant *meant; // what texts lead to, newest first; the lane's
    int nmeant;
    struct arena *names;
    struct slice slices[SLICES];
    int filling;
    pthread_mutex_t mutex;
    pthread_cond_t done;
    char today[11];
    enum err err;
};

// Of a row the column is told, whoever found it wrong: the cell's reader, or the record's.
static const char *column_of(const struct problem_item *it) {
    return it->pointer ? it->pointer + (*it->pointer == '/') : NULL;
}

// The row as it came, with the places that are wrong before it and why behind it.
static void keep_rejected(struct reading *r, const struct row *row, const struct problem *p) {
    struct buf *b = &r->im->rejected, text;
    const struct import_head *h = &r->head;
    bool zh = r->im->lang == LANG_ZH;
    if (b->len > IMPORT_REJECTED_MAX) return;
    if (!b->len) {
        csv_put(b, "", 0);
        for (int i = 0; i < h->n; i++) csv_put(b, h->names[i], strlen(h->names[i]));
        const char *name = zh ? IMPORT_ERRORS_ZH : IMPORT_ERRORS_EN;
        csv_put(b, name, strlen(name));
        csv_end_row(b);
    }
    buf_init(&text, NULL);
    for (const struct problem_item *it = p->first; it; it = it->next)
        for (int i = 0; i < h->n && it->pointer; i++)
            if (h->columns[i] && !strcmp(column_of(it), h->columns[i]->name))
                buf_printf(&text, "%d ", i + 1);
    csv_put(b, text.data, text.len);
    for (int i = 0; i < h->n; i++)
        csv_put(b, i < row->ncells ? row->cells[i].p : "", i < row->ncells ? row->cells[i].n : 0);
    text.len = 0;
    for (const struct problem_item *it = p->first; it; it = it->next) {
        const char *name = column_of(it);
        const struct field *f = name ? entity_field(r->im->entity, name) : NULL;
        buf_printf(&text, "%s%s%s%s", text.len ? (zh ? "；" : "; ") : "",
                   f ? title_in(&f->title, r->im->lang, f->name) : "", f ? (zh ? "：" : ": ") : "",
                   zh && it->detail_zh ? it->detail_zh : it->detail);
    }
    if (!p->count) buf_puts(&text, p->detail ? p->detail : err_title(p->code, r->im->lang));
    csv_put(b, text.data, text.len);
    csv_end_row(b);
    buf_fini(&text);
}

static void report(struct reading *r, const struct row *row, const struct problem *p) {
    struct import *im = r->im;
    keep_rejected(r, row, p);
    im->failed++;
    if (im->reported++ >= IMPORT_REPORT_MAX) return;
    json_sep(&im->report);
    buf_printf(&im->report, "{\"line\":%lld,\"errors\":[", (long long)row->line);
    for (const struct problem_item *it = p->first; it; it = it->next) {
        json_sep(&im->report);
        buf_putc(&im->report, '{');
        json_kv_str(&im->report, "pointer", column_of(it));
        json_kv_str(&im->report, "code", it->word);
        json_kv_str(&im->report, "detail", it->detail);
        if (it->detail_zh) json_kv_str(&im->report, "detail_zh", it->detail_zh);
        buf_putc(&im->report, '}');
    }
    if (!p->count) {
        buf_puts(&im->report, "{\"code\":");
        json_cstr(&im->report, err_word(p->code));
        json_kv_str(&im->report, "detail", p->detail ? p->detail : err_title(p->code, LANG_EN));
        buf_putc(&im->report, '}');
    }
    buf_puts(&im->report, "]}");
}

static bool is_id(const struct value *v) {
    return v->n == 36 && v->p[8] == '-' && v->p[13] == '-' && v->p[18] == '-' && v->p[23] == '-';
}

static enum err meaning(struct reading *r, struct gate *g, const struct field *f,
                        const struct value *v, const char **id) {
    const char *text = arena_strndup(g->store.arena, v->p, v->n);
    for (const struct meant *m = r->meant; m; m = m->next)
        if (m->field == f && !strcmp(m->text, text)) return *id = m->id, ERR_OK;
    enum err e = gate_resolve(g, f, text, id);
    if (e == ERR_NOT_FOUND) *id = NULL;
    if ((e && e != ERR_NOT_FOUND) || r->nmeant == MEANT_MAX) return e == ERR_NOT_FOUND ? ERR_OK : e;
    struct meant *m = arena_alloc(r->names, sizeof *m);
    *m = (struct meant){r->meant, f, arena_strdup(r->names, text), arena_strdup(r->names, *id)};
    *id = m->id;
    r->meant = m;
    r->nmeant++;
    return ERR_OK;
}

// References by what people call them: 01-计算机, 林梅.
static enum err resolve(struct slice *s, struct row *row, struct gate *g) {
    const struct entity *e = s->owner->im->entity;
    for (int i = 0; i < e->nfields; i++) {
        const struct field *f = &e->fields[i];
        struct value *v = &row->input.values[i];
        bool reference = f->type == FIELD_REFERENCE || f->type == FIELD_PERSON;
        if (!reference || !fieldset_has(&row->input.present, i) || is_id(v)) continue;
        const char *id;
        enum err x = meaning(s->owner, g, f, v, &id);
        if (x) return x;
        if (id) {
            *v = value_text(id);
            continue;
        }
        problem_say(g->store.problem, ERR_INVALID, arena_printf(s->arena, "/%s", f->name),
                    "reference_unknown", "there is no such record, or more than one",
                    "找不到对应的记录，或不止一条");
    }
    return g->store.problem->count ? ERR_INVALID : ERR_OK;
}

static void refuse(struct slice *s, struct row *row, const struct problem *p) {
    row->bad = true;
    pthread_mutex_lock(&s->owner->mutex);
    report(s->owner, row, p);
    pthread_mutex_unlock(&s->owner->mutex);
}

// Savepoints cost as much as the rows: the first try does without, and only a slice with a row that
// the gate refuses is undone and done again row by row.
static enum err write_slice(struct lane_job *job, struct lane *lane) {
    struct slice *s = (struct slice *)job;
    struct import *im = s->owner->im;
    size_t mark = audit_mark(lane_audit(lane));
    s->created = 0;
    s->careful = false;
    for (int i = 0; i < s->n; i++) {
        struct row *row = &s->rows[i];
        if (row->bad) continue;
        struct problem p;
        problem_init(&p, s->arena);
        struct gate g = {.store = {lane_db(lane), im->keyring, s->arena, im->release->school, &p},
                         .release = im->release,
                         .actor = im->actor,
                         .audit = lane_audit(lane),
                         .request = im->request,
                         .client = im->client,
                         .now = clock_now_ms(),
                         .today = s->owner->today,
                         .from_bulk = true,
                         .nested = s->careful};
        enum err e = resolve(s, row, &g);
        if (e == ERR_INVALID) {
            refuse(s, row, &p);
            continue;
        }
        if (!e) e = gate_create(&g, im->entity, &row->input, NULL, NULL);
        if (e && err_status(e) >= 500) return e;
        if (!e) {
            s->created++;
            continue;
        }
        if (!s->careful) { // the gate has undone the whole slice
            audit_undo(lane_audit(lane), mark);
            s->careful = true;
            s->created = 0;
            i = -1;
            continue;
        }
        refuse(s, row, &p);
    }
    // a rehearsal has gone the whole way, unique constraints included, and is now undone
    return im->dry_run ? ERR_CONFLICT : ERR_OK;
}

static void slice_done(struct lane_job *job, enum err e) {
    struct slice *s = (struct slice *)job;
    struct reading *r = s->owner;
    pthread_mutex_lock(&r->mutex);
    s->result = r->im->dry_run && e == ERR_CONFLICT ? ERR_OK : e;
    if (!s->result) r->im->created += s->created;
    s->busy = false;
    pthread_cond_signal(&r->done);
    pthread_mutex_unlock(&r->mutex);
}

static void await(struct reading *r, struct slice *s) {
    pthread_mutex_lock(&r->mutex);
    while (s->busy) pthread_cond_wait(&r->done, &r->mutex);
    pthread_mutex_unlock(&r->mutex);
    if (s->result && !r->err) r->err = problem_set(r->problem, s->result, NULL);
    s->result = ERR_OK;
}

static struct slice *start(struct reading *r) {
    struct slice *s = &r->slices[r->filling];
    if (s->n) return s;
    await(r, s);
    arena_reset(s->arena);
    return s;
}

static void send(struct reading *r) {
    struct slice *s = &r->slices[r->filling];
    int next = (r->filling + 1) % SLICES;
    if (!s->n || r->err) return;
    await(r, &r->slices[next]);
    r->slices[next].n = 0;
    if (r->im->progress && !r->im->progress(r->im->self, r->im))
        r->cancelled = true, r->err = ERR_CONFLICT;
    if (r->err) return;
    // after a refusal more are to be expected, and each would have the batch written twice
    pthread_mutex_lock(&r->mutex);
    bool light = !r->im->failed && !r->im->dry_run;
    pthread_mutex_unlock(&r->mutex);
    s->job =
        (struct lane_job){.run = write_slice, .done = slice_done, .bulk = true, .light = light};
    s->owner = r;
    s->busy = true;
    while (!lane_submit(r->im->lane, &s->job)) usleep(2000); // the queue is full: clients first
    r->filling = next;
}

static enum err one_row(void *self, int64_t line, const struct csv_cell *cells, int n) {
    struct reading *r = self;
    struct import *im = r->im;
    bool is_data = true;
    if (r->numbered && n) line = atoll(cells[0].p), cells++, n--;
    if (import_is_empty(cells, n)) return ERR_OK;
    if (!r->head.found) {
        enum err e = import_head_row(&r->head, cells, n, &is_data);
        if (e || !is_data) return e;
    }
    if (import_is_total(cells, n)) return ERR_OK;
    struct slice *s = start(r);
    if (r->err) return r->err;
    struct row *row = &s->rows[s->n++];
    struct problem p;
    problem_init(&p, s->arena);
    struct fieldset wrong = {0};
    struct csv_cell *kept = arena_alloc(s->arena, sizeof *kept * (size_t)n);
    *row = (struct row){.line = line, .cells = kept, .ncells = n};
    im->rows++;
    row->input.values = arena_alloc(s->arena, sizeof(struct value) * (size_t)im->entity->nfields);
    // a sheet leaves out what is empty at the end of a row
    if (r->numbered ? n > r->head.n && !import_is_empty(cells + r->head.n, n - r->head.n)
                    : n != r->head.n)
        problem_add(&p, ERR_INVALID, NULL, "column_count", "%d cells where the header has %d", n,
                    r->head.n);
    for (int i = 0; i < n; i++) {
        kept[i] = (struct csv_cell){arena_strndup(s->arena, cells[i].p, cells[i].n), cells[i].n};
        const struct field *f = i < r->head.n ? r->head.columns[i] : NULL;
        bool empty;
        if (!f) continue;
        if (!import_cell(s->arena, f, &kept[i], &row->input.values[f->index], &empty, &p))
            fieldset_add(&wrong, f->index);
        else if (!empty)
            fieldset_add(&row->input.present, f->index);
    }
    input_presets(s->arena, im->entity, im->actor->id, clock_now_ms(), r->today, &wrong,
                  &row->input, &p);
    if (p.count) {
        row->bad = true;
        pthread_mutex_lock(&r->mutex); // the lane reports too
        report(r, row, &p);
        pthread_mutex_unlock(&r->mutex);
    }
    if (s->n == SLICE_ROWS) send(r);
    return r->err;
}

enum err import_file(struct import *im, int fd, const char *text, size_t n, struct problem *p) {
    struct reading r = {.im = im,
                        .problem = p,
                        .head = {.entity = im->entity, .called = im->columns, .problem = p},
                        .names = arena_new(16 << 20),
                        .mutex = PTHREAD_MUTEX_INITIALIZER,
                        .done = PTHREAD_COND_INITIALIZER};
    struct import_source source = {.fd = -1};
    buf_init(&im->report, p->arena);
    buf_init(&im->rejected, NULL);
    tz_date(im->release->tz, clock_now_ms(), r.today);
    bool room = r.names != NULL;
    for (int i = 0; i < SLICES; i++) room &= (r.slices[i].arena = arena_new(64 << 20)) != NULL;
    enum err e = room ? import_source_open(im, fd, text, n, &source, p) : ERR_NOMEM;
    im->expected = source.rows > 1 ? source.rows - 1 : 0;
    r.numbered = source.numbered;
    if (!e) e = import_source_read(&source, one_row, &r, p);
    if (!e) e = import_head_end(&r.head);
    if (!e) send(&r);
    for (int i = 0; i < SLICES; i++) await(&r, &r.slices[i]);
    if (!e) e = r.err;
    if (!e && im->progress) im->progress(im->self, im);
    for (int i = 0; i < SLICES; i++) arena_free(r.slices[i].arena);
    arena_free(r.names);
    import_source_close(&source);
    return r.cancelled ? problem_set(p, ERR_CONFLICT, "cancelled") : e;
}
