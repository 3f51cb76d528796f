// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Files over HTTP: an upload is sealed while it comes in, a download opened while it leaves.
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "campus/file.h"
#include "campus/limits.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "http/api.h"
#include "http/app_internal.h"

static const int64_t WAITS_MS = INT64_C(24) * 3600 * 1000, SWEEP_MS = INT64_C(3600) * 1000;
enum { SWEEP_ROWS = 256 };

size_t files_take(struct app *app, struct http_request *http, size_t most) {
    http->take = file_write;
    http->taker = file_writer_open(http->arena, app->files);
    return most;
}

// Nobody's bytes are written down: those of a request without a session stay in memory.
size_t files_admit(struct app *app, struct http_request *http) {
    bool somebody = http_header(http, "Authorization") || http_header(http, "Cookie");
    if (!somebody || !app_is_ready(app)) return LIMIT_BODY_BYTES;
    return files_take(app, http, LIMIT_UPLOAD_BYTES);
}

struct upload {
    struct file_writer *writer;
    struct file_made made;
    const char *declared, *name;
    files_then *then;
    void *self;
    bool kept;
};

static enum err keep_row(struct request *rq) {
    struct upload *u = rq->state;
    struct gate *g = &rq->gate;
    struct buf *b = &rq->out;
    int64_t expires_at = g->now + WAITS_MS;
    enum err e = file_add(&g->store, &u->made, u->name, g->actor->id, g->now, expires_at);
    if (!e && u->then) e = u->then(rq, u->self, &u->made, u->name);
    if (e) return e;
    gate_record(g, "file.upload", arena_printf(rq->arena, "core.files/%s", u->made.id), "ok", "");
    rq->status = 201;
    if (u->then) return ERR_OK;
    http_add_header(rq->http, "Location", arena_printf(rq->arena, "/api/v1/files/%s", u->made.id));
    buf_puts(b, "{\"id\":"), json_cstr(b, u->made.id);
    json_kv_str(b, "name", u->name);
    json_kv_str(b, "type", file_media_type(u->made.type));
    json_kv_int(b, "size", (int64_t)u->made.size);
    json_kv_time(b, "expires_at", expires_at);
    buf_putc(b, '}');
    return ERR_OK;
}

// Parts without a row, or a file without one, go with the next sweep if this does not come to it.
static void take_back(struct request *rq) {
    struct upload *u = rq->state;
    if (u->kept) file_remove(rq->app->files, u->made.id);
}

struct parts {
    const struct file_made *made;
    int64_t number;
    const char *bytes;
    size_t n;
    struct problem *p;
};

static enum err put_part(struct lane_job *job, struct lane *lane) {
    const struct parts *s = ((struct lane_call *)job)->arg;
    return file_put_part(lane_db(lane), s->made->id, s->number, s->bytes, s->n, s->p);
}

enum err files_keep(struct app *app, struct db *db, struct arena *a, const struct file_made *made,
                    struct problem *p) {
    if (!db_holds_files(db)) return file_put(app->files, made, p);
    struct parts s = {.made = made, .p = p};
    char *bytes = arena_alloc(a, FILE_PART);
    s.bytes = bytes;
    for (off_t at = 0;; at += (off_t)s.n, s.number++) {
        ssize_t n = pread(made->fd, bytes, FILE_PART, at);
        if (n <= 0) return n ? problem_set(p, ERR_IO, "the upload cannot be read") : ERR_OK;
        s.n = (size_t)n;
        enum err e;
        while ((e = lane_run_slice(app->lane, put_part, &s)) == ERR_RATE) usleep(2000);
        if (e) return problem_set(p, e, NULL);
    }
}

static enum err keep_bytes(struct request *rq) {
    struct upload *u = rq->state;
    enum err e = file_write_end(u->writer, u->declared, &u->made, &rq->problem);
    if (!e) e = files_keep(rq->app, rq->gate.store.db, rq->arena, &u->made, &rq->problem);
    if (e) return e;
    u->kept = true;
    return request_move(rq, ON_LANE, keep_row);
}

// A name for people: no path, nothing that a terminal or a header would act on.
static const char *clean_name(struct request *rq, const char *name) {
    if (!name || !*name) return "file";
    for (const char *s = name; *s; s++)
        if (*s == '/' || *s == '\\') name = s + 1;
    size_t n = strlen(name);
    bool ok = n && n <= FILE_NAME_BYTES && strcmp(name, ".") && strcmp(name, "..");
    for (size_t i = 0; ok && i < n; i++)
        ok = (unsigned char)name[i] >= 0x20 && name[i] != 0x7f && name[i] != '"';
    return ok ? arena_strdup(rq->arena, name) : NULL;
}

enum err files_upload(struct request *rq, files_then *then, void *self) {
    struct upload *u = rq->state = arena_alloc(rq->arena, sizeof *u);
    *u = (struct upload){.writer = rq->http->taker, .then = then, .self = self};
    if (!rq->http->body_n)
        return problem_add(&rq->problem, ERR_INVALID, NULL, "empty", "the file is empty");
    if (!u->writer) return problem_set(&rq->problem, ERR_UNAVAILABLE, NULL);
    u->declared = file_type_of_media(http_header(rq->http, "Content-Type"));
    if (!u->declared)
        return problem_set(&rq->problem, ERR_UNSUPPORTED, "this type of file is not taken");
    u->name = clean_name(rq, request_query(rq, "name"));
    if (!u->name)
        return problem_add(&rq->problem, ERR_INVALID, "/name", "file_name",
                           "a name of at most %d bytes, without control characters",
                           FILE_NAME_BYTES);
    rq->undo = take_back;
    rq->own_savepoint = then != NULL;
    return request_move(rq, ON_FILES, keep_bytes);
}

static enum err upload(struct request *rq) {
    struct gate *g = &rq->gate;
    int64_t waiting;
    enum err e = file_waiting(&g->store, g->actor->id, g->now, &waiting);
    if (!e && waiting >= LIMIT_FILES_WAITING)
        e = problem_set(&rq->problem, ERR_RATE, "%d uploads wait to be attached",
                        LIMIT_FILES_WAITING);
    return e ? e : files_upload(rq, NULL, NULL);
}

struct download {
    struct file_row row;
    struct file_reader *reader;
    uint8_t key[FILE_KEY];
    const char *name;
};

// RFC 6266 with RFC 8187: the real name for those who read it, a plain one for others.
static const char *disposition(struct request *rq, const struct download *d) {
    struct buf b;
    const char *inlined = request_query(rq, "inline");
    bool shown = inlined && !strcmp(inlined, "true") && file_is_shown_inline(d->row.type);
    buf_init(&b, rq->arena);
    buf_printf(&b, "%s; filename=\"%s.%s\"; filename*=UTF-8''", shown ? "inline" : "attachment",
               d->row.id, d->row.type);
    for (const unsigned char *s = (const unsigned char *)d->name; *s; s++)
        if ((*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
            *s == '.' || *s == '-' || *s == '_')
            buf_putc(&b, (char)*s);
        else
            buf_printf(&b, "%%%02X", *s);
    return buf_str(&b);
}

static enum err answer(struct request *rq) {
    struct download *d = rq->state;
    if (rq->gate.audit) {
        enum err e = request_keep_notes(rq);
        if (e) return e;
    }
    rq->type = file_media_type(d->row.type);
    http_add_header(rq->http, "Content-Disposition", disposition(rq, d));
    http_add_header(rq->http, "Content-Security-Policy", "default-src 'none'; sandbox");
    rq->source = file_read;
    rq->source_self = d->reader;
    rq->file_n = (uint64_t)d->row.size;
    return ERR_OK;
}

static enum err open_bytes(struct request *rq) {
    struct download *d = rq->state;
    int fd;
    enum err e = file_open(rq->gate.store.db, rq->app->files, &d->row, &fd, &rq->problem);
    if (!e) e = file_reader_open(rq->arena, fd, d->key, &d->reader);
    if (e) return problem_set(&rq->problem, e, "the file %s is damaged", d->row.id);
    rq->own_savepoint = true;
    return rq->gate.must_wait ? request_move(rq, ON_LANE, answer) : answer(rq);
}

static enum err download(struct request *rq) {
    struct download *d = rq->state = arena_alloc(rq->arena, sizeof *d);
    struct gate *g = &rq->gate;
    enum err e = gate_file(g, rq->path[1], true, request_query(rq, "purpose"), &d->row);
    if (!e) e = file_unwrap(&g->store, &d->row, d->key, &d->name);
    return e ? e : request_move(rq, ON_FILES, open_bytes);
}

// What kind of file it is, without opening it: lists of attachments show that.
static enum err info(struct request *rq) {
    struct gate *g = &rq->gate;
    struct file_row row;
    uint8_t key[FILE_KEY];
    const char *name;
    struct buf *b = &rq->out;
    enum err e = gate_file(g, rq->path[1], false, NULL, &row);
    if (!e) e = file_unwrap(&g->store, &row, key, &name);
    sodium_memzero(key, sizeof key);
    if (e) return e;
    buf_puts(b, "{\"id\":"), json_cstr(b, row.id);
    json_kv_str(b, "name", name);
    json_kv_str(b, "type", file_media_type(row.type));
    json_kv_int(b, "size", row.size);
    json_kv_str(b, "created_by", row.by);
    json_kv_time(b, "created_at", row.created_at);
    if (row.expires_at) json_kv_time(b, "expires_at", row.expires_at);
    if (*row.entity) {
        json_kv_str(b, "record", arena_printf(rq->arena, "%s/%s", row.entity, row.record));
        json_kv_str(b, "field", row.field);
    }
    buf_putc(b, '}');
    return ERR_OK;
}

// The sweep: what has expired, what was erased, and bytes that no row knows (a crash left them).

struct sweep {
    struct app *app;
    struct arena *arena;
    struct db *db;
    const char *ids[SWEEP_ROWS];
    int n, gone;
    int64_t now;
    struct problem problem;
};

static enum err gather(void *self, const char *id) {
    struct sweep *s = self;
    s->ids[s->n++] = arena_strdup(s->arena, id);
    return ERR_OK;
}

static enum err forget(struct lane_job *job, struct lane *lane) {
    struct sweep *s = ((struct lane_call *)job)->arg;
    enum err e = ERR_OK;
    for (int i = 0; i < s->n && !e; i++) e = file_forget(lane_db(lane), s->ids[i], &s->problem);
    return e;
}

static enum err stray(void *self, const char *id, int64_t modified_ms) {
    struct sweep *s = self;
    int64_t known = 0;
    if (modified_ms > s->now - SWEEP_MS) return ERR_OK; // its row may be on its way
    enum err e =
        db_int(s->db, &s->problem, &known, 0, "SELECT 1 FROM core_file WHERE id=$1", "t", id);
    if (!e && !known) file_remove(s->app->files, id), s->gone++;
    return e;
}

static enum err stray_parts(struct lane_job *job, struct lane *lane) {
    struct sweep *s = ((struct lane_call *)job)->arg;
    char oldest[16]; // ids begin with their time
    uint64_t at = (uint64_t)(s->now - SWEEP_MS);
    snprintf(oldest, sizeof oldest, "%08x-%04x", (unsigned)(at >> 16), (unsigned)(at & 0xffff));
    return db_run(lane_db(lane), &s->problem, NULL,
                  "DELETE FROM core_file_part WHERE file<$1 AND NOT EXISTS"
                  " (SELECT 1 FROM core_file f WHERE f.id=core_file_part.file)",
                  "t", oldest);
}

static enum err sweep_all(struct sweep *s) {
    enum err e;
    do {
        s->n = 0;
        e = file_expired(s->db, s->now, SWEEP_ROWS, gather, s, &s->problem);
        for (int i = 0; i < s->n && !e; i++) file_remove(s->app->files, s->ids[i]), s->gone++;
        if (!e && s->n) e = lane_run_slice(s->app->lane, forget, s);
    } while (!e && s->n == SWEEP_ROWS);
    if (!e && db_holds_files(s->db)) e = lane_run_slice(s->app->lane, stray_parts, s);
    return e ? e : file_each(s->app->files, s->arena, stray, s, &s->problem);
}

static void sweep(struct work *work, int thread) {
    struct app *app = (struct app *)((char *)work - offsetof(struct app, files_work));
    struct session_slot *slot = &app->worker_sessions[ON_FILES][thread];
    struct sweep s = {.app = app, .arena = arena_new(64 << 20), .now = clock_now_ms()};
    jmp_buf trap;
    if (s.arena) {
        problem_init(&s.problem, s.arena);
        enum err e =
            slot->db ? ERR_OK : db_open(app->config.storage, DB_READ, &slot->db, &s.problem);
        s.db = slot->db;
        arena_trap(s.arena, &trap);
        if (setjmp(trap))
            e = ERR_NOMEM, db_reset_all(slot->db);
        else if (!e)
            e = sweep_all(&s);
        if (e) log_warn("files_sweep", "%s", s.problem.detail ? s.problem.detail : err_word(e));
        if (s.gone) log_info("files_sweep", "%d files removed", s.gone);
        arena_free(s.arena);
    }
    atomic_store(&app->files_swept, s.now);
    atomic_store(&app->files_sweeping, false);
}

void files_tick(struct app *app) {
    int64_t now = clock_now_ms(), last = atomic_load(&app->files_swept);
    if (!app_is_ready(app) || app->embedded || !lane_keeps_clock(app->lane) ||
        (last && now - last < SWEEP_MS))
        return;
    if (atomic_exchange(&app->files_sweeping, true)) return;
    app->files_work.run = sweep;
    if (!worker_submit(app->workers[ON_FILES], &app->files_work))
        atomic_store(&app->files_sweeping, false);
}

const struct route routes_files[] = {
    {"POST", "files", upload, .who = SIGNED_IN},
    {"GET", "files/{}", download, .who = SIGNED_IN},
    {"GET", "files/{}/info", info, .who = SIGNED_IN},
    {0},
};
