// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Erasure, and the ledger that outlives the database.
//
// HOME/erasures: "MILLISECONDS SUBJECT MAC\n" a line. The MAC is keyed from the root key, which
// every backup of the school shares, and binds the two others.
#include "campus/erase.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "campus/approval.h"
#include "campus/clock.h"
#include "campus/file.h"
#include "campus/fsio.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "campus/message.h"
#include "campus/report.h"
#include "campus/search.h"
#include "campus/outbox.h"

enum { MAC = 16, SUBJECT_MAX = 128, LEDGER_MAX = 64 << 20, READERS_WAIT_MS = 10000 };

const char erase_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_erasure(subject TEXT NOT NULL, at BIGINT NOT NULL,"
    " actor TEXT NOT NULL, PRIMARY KEY(subject, at)){clustered};";

const char *erase_ledger(struct arena *a, const char *home) {
    return fsio_join(a, home, "erasures");
}

// What says something about the person: sealed, marked, or a list with such a column.
static bool is_personal(const struct field *f) {
    if (f->sealed || f->personal || f->type == FIELD_FILE) return true;
    for (int i = 0; i < f->nlines; i++)
        if (f->lines[i].personal || f->lines[i].sealed || f->lines[i].type == FIELD_FILE)
            return true;
    return false;
}

// History keeps what a field was: personal ones become null, and so does what no field explains.
static enum err clean_delta(struct store *s, const struct entity *e, const char *text, size_t n,
                            struct buf *out) {
    json_t *delta, *v;
    const char *key;
    enum err x = json_parse(s->arena, text, n, &delta, s->problem);
    if (x) return x;
    buf_putc(out, '{');
    json_object_foreach(delta, key, v) {
        const struct field *f = entity_field(e, key);
        json_key(out, key);
        if (f ? is_personal(f) : strcmp(key, "state") != 0)
            buf_puts(out, "null");
        else
            json_dom(out, v);
    }
    buf_putc(out, '}');
    return ERR_OK;
}

static enum err clean_history(struct store *s, const struct entity *e, const char *id) {
    struct row {
        struct row *next;
        int64_t n;
        struct buf delta;
    } *rows = NULL;
    struct stmt *st =
        db_query(s->db, s->problem, store_history_sql(s->arena, e, "h.n,h.delta", ""), "t", id);
    enum err x = ERR_OK;
    while (stmt_next(st, &x, s->problem)) {
        size_t n;
        const char *text = stmt_text(st, 1, &n);
        struct row *r = arena_alloc(s->arena, sizeof *r);
        *r = (struct row){.next = rows, .n = stmt_int(st, 0)};
        buf_init(&r->delta, s->arena);
        x = text ? clean_delta(s, e, text, n, &r->delta) : ERR_OK;
        rows = r;
    }
    for (struct row *r = rows; r && !x; r = r->next)
        x = db_run(s->db, s->problem, NULL, "UPDATE core_history SET delta=$1 WHERE n=$2", "si",
                   buf_str(&r->delta), r->delta.len, r->n);
    return x;
}

static bool has_column(struct store *s, const struct entity *e, const char *prefix,
                       const struct field *f) {
    return db_has_column(s->db, e->table, arena_printf(s->arena, "%s_%s", prefix, f->name));
}

static enum err empty_record(struct store *s, const struct entity *e, const char *id,
                             const struct erasure *by) {
    static const char *const indexes[] = {"u", "b"};
    struct buf sql;
    buf_init(&sql, s->arena);
    buf_printf(&sql, "UPDATE %s SET rev=rev+1,updated_at=$1,updated_by=$2", e->table);
    for (int i = 0; i < e->nfields; i++) {
        const struct field *f = &e->fields[i];
        if (!is_personal(f)) continue;
        buf_printf(&sql, ",%s=NULL", f->column);
        for (int k = 0; k < 2; k++)
            if (has_column(s, e, indexes[k], f))
                buf_printf(&sql, ",%s_%s=NULL", indexes[k], f->name);
    }
    buf_puts(&sql, " WHERE id=$3");
    enum err x = db_run(s->db, s->problem, NULL, buf_str(&sql), "itt", by->at, by->actor, id);
    if (!x) x = search_erase(s, e, id);
    for (int i = 0; i < e->nfields && !x; i++)
        if (is_personal(&e->fields[i]) && e->fields[i].nlines)
            x = once_drop(s, e, &e->fields[i], id);
    if (!x) x = clean_history(s, e, id);
    if (!x) x = approval_erase(s->db, id, s->problem);
    if (x) return x;
    struct stmt *st =
        db_query(s->db, s->problem,
                 arena_printf(s->arena, "SELECT rev,state FROM %s WHERE id=$1", e->table), "t", id);
    if (!stmt_next(st, &x, s->problem)) return x;
    const char *state = arena_strdup(s->arena, stmt_text(st, 1, NULL));
    struct event ev = {.type = arena_printf(s->arena, "%s.erased", e->full),
                       .entity = e->full,
                       .record = id,
                       .actor = by->actor,
                       .request = by->request,
                       .rev = stmt_int(st, 0),
                       .at = by->at,
                       .release = by->release,
                       .state = state};
    stmt_reset(st);
    struct history_row h = {.rev = ev.rev,
                            .at = by->at,
                            .release = by->release,
                            .actor = by->actor,
                            .verb = "erase",
                            .delta = "{}",
                            .delta_n = 2};
    x = store_keep_history(s, e, id, &h);
    if (!x)
        x = db_run(s->db, s->problem, NULL,
                   arena_printf(s->arena, "UPDATE %s SET history=%s WHERE id=$1", e->table,
                                db_last(s->db)),
                   "t", id);
    return x ? x : outbox_add(s->db, &ev, s->problem);
}

struct emptying {
    struct store *s;
    const struct schema *schema;
    const struct erasure *by;
    int64_t *records;
};

static enum err empty_one(void *self, const char *entity, const char *record) {
    struct emptying *x = self;
    const struct entity *e = schema_entity_full(x->schema, entity, strlen(entity));
    ++*x->records;
    return e ? empty_record(x->s, e, record, x->by) : ERR_OK;
}

// The record that the subject is called after, if it is none but a person, and those that lead to
// it.
static enum err empty_records(struct emptying *x) {
    struct store *s = x->s;
    enum err e = ERR_OK;
    for (int i = 0; i < x->schema->nentities && !e; i++) {
        int64_t is = 0;
        const struct entity *one = x->schema->entities[i];
        e = db_int(
            s->db, s->problem, &is, 0,
            arena_printf(s->arena, "SELECT count(*) FROM %s WHERE id=$1 AND owner=$1", one->table),
            "t", x->by->subject);
        if (!e && is) e = empty_one(x, one->full, x->by->subject);
    }
    return e ? e : store_subject_each(s, x->by->subject, empty_one, x);
}

// Kept counters that group or add up what is no longer there.
static enum err recount(struct store *s, const struct schema *schema) {
    enum err x = ERR_OK;
    for (int i = 0; i < schema->nplugins; i++)
        for (int k = 0; k < schema->plugins[i].nreports && !x; k++) {
            const struct report_decl *rep = &schema->plugins[i].reports[k];
            bool touched = false;
            for (int f = 0; f < rep->entity->nfields; f++)
                touched = touched ||
                          (fieldset_has(&rep->reads, f) && is_personal(&rep->entity->fields[f]));
            if (rep->kept && touched) x = counter_rebuild(s, rep);
        }
    return x;
}

enum err erase_subject(struct store *s, const struct schema *schema, const struct erasure *e,
                       int64_t *records) {
    int64_t keys = 0;
    *records = 0;
    enum err x = db_run(s->db, s->problem, &keys,
                        "UPDATE core_key SET wrapped=NULL WHERE owner=$1 AND wrapped IS NOT NULL",
                        "t", e->subject);
    struct emptying all = {s, schema, e, records};
    if (!x) x = empty_records(&all);
    if (!x && !keys && !*records) return problem_set(s->problem, ERR_NOT_FOUND, NULL);
    if (!x) x = message_erase(s->db, e->subject, s->problem);
    if (!x) x = file_erase(s, e->subject, e->at);
    if (!x) x = recount(s, schema);
    if (x) return x;
    return db_run(s->db, s->problem, NULL,
                  "INSERT INTO core_erasure(subject,at,actor) VALUES($1,$2,$3)"
                  " ON CONFLICT DO NOTHING",
                  "tit", e->subject, e->at, e->actor);
}

// The ledger

static enum err line_of(struct keyring *k, const char *subject, int64_t at, char out[256]) {
    uint8_t key[32], mac[MAC];
    char hex[2 * MAC + 1];
    enum err e = keyring_derive(k, "erasure-ledger", key);
    int n = snprintf(out, 256, "%" PRId64 " %.*s", at, SUBJECT_MAX, subject);
    if (!e) crypto_generichash(mac, MAC, (const uint8_t *)out, (size_t)n, key, sizeof key);
    sodium_memzero(key, sizeof key);
    sodium_bin2hex(hex, sizeof hex, mac, MAC);
    snprintf(out + n, 256 - (size_t)n, " %s\n", hex);
    return e;
}

static enum err append(const char *home, const char *lines, size_t n, struct problem *p) {
    FILE *f = fopen(erase_ledger(p->arena, home), "ae");
    bool ok = f && !fchmod(fileno(f), 0600) && fwrite(lines, 1, n, f) == n && !fflush(f) &&
              !fsync(fileno(f));
    if (f && fclose(f)) ok = false;
    return ok ? ERR_OK : problem_set(p, ERR_IO, "the list of erasures cannot be written");
}

enum err erase_settle(struct lane *lane, struct keyring *k, const char *home,
                      const struct erasure *e, struct problem *p) {
    char line[256];
    enum err x = line_of(k, e->subject, e->at, line);
    if (!x) x = append(home, line, strlen(line), p);
    return x ? x : lane_empty_log(lane, READERS_WAIT_MS);
}

struct replay {
    struct keyring *keyring;
    const struct schema *schema;
    const char *home;
    char *text; // of the ledger
    size_t n;
    int64_t done;
    struct problem *p;
};

static enum err redo(struct replay *r, struct lane *lane, const char *subject, int64_t at) {
    struct store s = {lane_db(lane), r->keyring, r->p->arena, "", r->p};
    struct erasure e = {.subject = subject, .actor = "core", .at = at, .request = ""};
    int64_t known = 0, records;
    enum err x =
        db_int(s.db, r->p, &known, 0,
               "SELECT count(*) FROM core_erasure WHERE subject=$1 AND at=$2", "ti", subject, at);
    if (x || known) return x;
    x = erase_subject(&s, r->schema, &e, &records);
    if (x == ERR_NOT_FOUND) { // older than the person: kept, so that it is not asked again
        problem_init(r->p, r->p->arena);
        return db_run(s.db, r->p, NULL,
                      "INSERT INTO core_erasure(subject,at,actor) VALUES($1,$2,$3)", "tit", subject,
                      at, "core");
    }
    if (x) return x;
    struct audit_row row = {.at = clock_now_ms(),
                            .actor = "core",
                            .action = "key.erase",
                            .object = arena_printf(s.arena, "core.keys/subject/%s", subject),
                            .outcome = "ok",
                            .reason = "replayed",
                            .subjects = &e.subject,
                            .nsubjects = 1};
    audit_add(lane_audit(lane), &row);
    r->done++;
    return ERR_OK;
}

static enum err redo_all(struct lane_job *job, struct lane *lane) {
    struct replay *r = ((struct lane_call *)job)->arg;
    int number = 0;
    r->done = 0;
    for (char *at = r->text, *end; (end = strchr(at, '\n')); at = end + 1) {
        char subject[SUBJECT_MAX + 1], line[256] = "";
        int64_t ms;
        number++;
        enum err x = sscanf(at, "%" SCNd64 " %128s", &ms, subject) == 2
                         ? line_of(r->keyring, subject, ms, line)
                         : ERR_OK;
        if (x) return x;
        size_t n = (size_t)(end - at) + 1;
        if (n != strlen(line) || sodium_memcmp(at, line, n))
            return problem_set(r->p, ERR_CORRUPT, "erasures:%d: not written by this school",
                               number);
        x = redo(r, lane, subject, ms);
        if (x) return x;
    }
    return ERR_OK;
}

// Those that the ledger lacks: it was not there yet when the service was cut off.
static enum err complete(struct lane_job *job, struct lane *lane) {
    struct replay *r = ((struct lane_call *)job)->arg;
    struct buf missing;
    buf_init(&missing, r->p->arena);
    struct stmt *st =
        db_query(lane_db(lane), r->p, "SELECT subject,at FROM core_erasure ORDER BY at", "");
    enum err x = ERR_OK;
    while (stmt_next(st, &x, r->p)) {
        char line[256];
        x = line_of(r->keyring, stmt_text(st, 0, NULL), stmt_int(st, 1), line);
        if (!x && !strstr(r->text, line)) buf_puts(&missing, line);
    }
    return x || !missing.len ? x : append(r->home, missing.data, missing.len, r->p);
}

enum err erase_replay(struct lane *lane, struct keyring *k, const struct schema *schema,
                      const char *home, struct problem *p) {
    struct replay r = {.keyring = k, .schema = schema, .home = home, .text = "", .p = p};
    const char *path = erase_ledger(p->arena, home);
    enum err e =
        access(path, F_OK) ? ERR_OK : fsio_read(p->arena, path, LEDGER_MAX, &r.text, &r.n, p);
    if (!e && r.n &&
        r.text[r.n - 1] != '\n') { // cut off while it was written: the row is in the table
        while (r.n && r.text[r.n - 1] != '\n') r.text[--r.n] = 0;
        if (truncate(path, (off_t)r.n)) e = problem_set(p, ERR_IO, "%s cannot be written", path);
    }
    if (!e) e = lane_run(lane, redo_all, &r);
    if (!e && r.done) {
        log_info("erasures", "%lld erasures were done again", (long long)r.done);
        e = lane_empty_log(lane, READERS_WAIT_MS);
    }
    return e ? e : lane_run(lane, complete, &r);
}
