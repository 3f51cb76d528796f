// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Moving a home. The target's own table core_moving says whose move is under way there; core_meta,
// which holds the keyring, comes last, so that nobody serves half a home.
#include "campus/move.h"

#include <string.h>
#include <unistd.h>
#include "campus/audit.h"
#include "campus/copy.h"
#include "campus/file.h"
#include "campus/fsio.h"
#include "campus/home.h"
#include "campus/mem.h"
#include "campus/release.h"
#include "campus/search.h"
#include "campus/store.h"

enum { SEARCH_ROWS = 500 };

struct move {
    const struct config *config;
    const char *at;                // the target
    struct db *from, *to, *writer; // writer: of the source, so that nobody else is
    struct arena *arena;
    move_progress *progress;
    void *self;
    struct move_seen *seen;
    struct problem *p;
    int64_t done, total;
    const char *files; // the folder
    int64_t nfiles;
};

static bool moved(void *self, int64_t rows) {
    struct move *m = self;
    m->done += rows;
    return !m->progress || m->progress(m->self, "rows", m->done, m->total);
}

// Word search is made anew, the bytes of files go by themselves, core_meta goes last.
static bool goes(const struct copy_table *t, bool last) {
    return strncmp(t->name, "x_", 2) && strcmp(t->name, "core_moving") &&
           strcmp(t->name, "core_file_part") && !strcmp(t->name, "core_meta") == last;
}

static enum err compare(struct move *m, const struct copy_table *t, bool *same) {
    uint8_t there[COPY_HASH], here[COPY_HASH];
    int64_t rows = 0, others = 0;
    enum err e = copy_hash(m->from, t, there, &rows, m->p);
    if (!e) e = copy_hash(m->to, t, here, &others, m->p);
    *same = !e && rows == others && !memcmp(there, here, COPY_HASH);
    if (*same) m->seen->rows += rows, m->seen->tables++;
    return e;
}

static enum err empty(struct move *m, const char *table) {
    return db_run(m->to, m->p, NULL, arena_printf(m->arena, "DELETE FROM %s", table), "");
}

static enum err move_table(struct move *m, const struct copy_table *t, bool comparing) {
    bool same = true;
    int64_t before = 0;
    enum err e = strncmp(t->name, "r_", 2) ? ERR_OK : store_table_like(m->to, t, m->p);
    if (!e)
        e = db_int(m->to, m->p, &before, 0,
                   arena_printf(m->arena, "SELECT count(*) FROM %s", t->name), "");
    m->done += before;
    m->seen->resumed |= before > 0;
    for (int i = 0; i < 2 && !e; i++) {
        e = copy_rows(m->from, m->to, t, moved, m, m->p);
        if (!e && comparing) e = compare(m, t, &same);
        if (e || same) break;
        if (!before || i) e = problem_set(m->p, ERR_CORRUPT, "it is not what was written");
        if (!e) e = empty(m, t->name); // the home was written to between two tries
    }
    return e ? problem_set(m->p, e, "%s: %s", t->name, m->p->detail ? m->p->detail : err_word(e))
             : ERR_OK;
}

static enum err tables(struct move *m, bool comparing) {
    struct copy_table *all = NULL, *t;
    enum err e = store_migrate(m->to, NULL, home_ddl(m->arena), m->p);
    if (!e) e = copy_tables(m->from, m->arena, &all, m->p);
    for (t = e ? NULL : all; t && !e; t = t->next) {
        int64_t n = 0;
        if (!goes(t, false) && !goes(t, true)) continue;
        e = db_int(m->from, m->p, &n, 0, arena_printf(m->arena, "SELECT count(*) FROM %s", t->name),
                   "");
        m->total += n;
    }
    for (int last = 0; last < 2; last++)
        for (t = all; t && !e; t = t->next)
            if (goes(t, last)) e = move_table(m, t, comparing);
    // what word search there is, is the other database's
    return e ? e : db_run(m->to, m->p, NULL, "DELETE FROM core_meta WHERE key LIKE 'search:%'", "");
}

enum err move_tables(struct db *from, struct db *to, bool comparing, move_progress *progress,
                     void *self, struct move_seen *seen, struct problem *p) {
    struct move m = {.from = from,
                     .to = to,
                     .progress = progress,
                     .self = self,
                     .seen = seen,
                     .p = p,
                     .arena = arena_new(16 << 20)};
    if (!m.arena) return problem_set(p, ERR_NOMEM, NULL);
    enum err e = tables(&m, comparing);
    arena_free(m.arena);
    return e;
}

// Files

static enum err put_parts(struct move *m, const char *id, int fd) {
    uint8_t *part = mem_alloc(FILE_PART);
    if (!part) return problem_set(m->p, ERR_NOMEM, NULL);
    enum err e = db_begin(m->to, m->p);
    if (!e) e = db_run(m->to, m->p, NULL, "DELETE FROM core_file_part WHERE file=$1", "t", id);
    size_t have = 0;
    int64_t number = 0;
    for (ssize_t n = 1; n > 0 && !e;) {
        n = read(fd, part + have, FILE_PART - have);
        if (n < 0) e = problem_set(m->p, ERR_IO, "the file %s cannot be read", id);
        have += n > 0 ? (size_t)n : 0;
        if (e || !have || (n > 0 && have < FILE_PART)) continue;
        e = file_put_part(m->to, id, number++, part, have, m->p);
        have = 0;
    }
    if (!e) e = db_commit(m->to, m->p);
    if (e) db_rollback(m->to);
    mem_free(part);
    return e;
}

static enum err move_file(struct move *m, const struct file_row *f) {
    struct problem quiet;
    struct file_made made = {.fd = -1};
    int fd;
    problem_init(&quiet, m->arena);
    if (!file_open(m->to, m->files, f, &fd, &quiet)) return close(fd), ERR_OK; // there already
    enum err e = file_open(m->from, m->files, f, &made.fd, m->p);
    if (e) return e;
    memcpy(made.id, f->id, sizeof made.id);
    if (db_holds_files(m->to))
        e = put_parts(m, f->id, made.fd);
    else {
        file_remove(m->files, f->id);
        e = file_put(m->files, &made, m->p);
    }
    close(made.fd);
    if (!e) e = file_open(m->to, m->files, f, &fd, m->p); // read back, and its hash
    if (!e) close(fd);
    return e;
}

static enum err next_file(void *self, const struct file_row *f, struct problem *p) {
    struct move *m = self;
    enum err e = move_file(m, f);
    if (e) return e;
    m->seen->files++;
    m->seen->bytes += f->sealed_size;
    bool on = !m->progress || m->progress(m->self, "files", m->seen->files, m->nfiles);
    return on ? ERR_OK : problem_set(p, ERR_CONFLICT, "cancelled");
}

static enum err files(struct move *m) {
    m->files = fsio_join(m->arena, m->config->home, "files");
    enum err e = fsio_mkdirs(m->files, 0700, m->p);
    if (!e)
        e = db_int(m->from, m->p, &m->nfiles, 0,
                   "SELECT count(*) FROM core_file WHERE key IS NOT NULL", "");
    return e ? e : file_row_each(m->from, next_file, m, m->p);
}

// Indexes and word search, as the active release declares them.
static enum err indexes(struct move *m) {
    struct release *r = NULL;
    struct arena *a = arena_new(64 << 20);
    int64_t active = 0, done = 0;
    enum err e =
        a ? release_active_number(m->to, &active, m->p) : problem_set(m->p, ERR_NOMEM, NULL);
    if (e || !active) return arena_free(a), e;
    e = release_build_stored(m->config, m->to, active, 1, &r, m->p);
    for (int i = 0; !e && i < r->schema->nentities; i++)
        if (r->schema->entities[i]->nsearch) // an earlier try's
            e = db_exec(m->to,
                        arena_printf(m->arena, "DROP TABLE IF EXISTS %s",
                                     r->schema->entities[i]->search_table),
                        m->p);
    if (!e) e = store_migrate(m->to, r->schema, NULL, m->p);
    for (bool over = false; !over && !e;) {
        struct store s = {.db = m->to, .arena = a, .school = r->school, .problem = m->p};
        arena_reset(a);
        e = db_begin(m->to, m->p);
        if (!e) e = search_fill(&s, r->schema, SEARCH_ROWS, &done, &over);
        if (!e) e = db_commit(m->to, m->p);
        if (e) db_rollback(m->to);
        db_tend(m->to, false);
        if (!e && m->progress && !m->progress(m->self, "words", done, 0))
            e = problem_set(m->p, ERR_CONFLICT, "cancelled");
    }
    release_put(r);
    arena_free(a);
    return e;
}

// Takes an empty database, or one that this home was being moved to.
static enum err claim(struct move *m, const char *home_id) {
    struct copy_table *there;
    int64_t mine = 0;
    enum err e = copy_tables(m->to, m->arena, &there, m->p);
    if (e) return e;
    if (!there) {
        e = db_exec(m->to, "CREATE TABLE core_moving(home TEXT PRIMARY KEY)", m->p);
        return e ? e
                 : db_run(m->to, m->p, NULL, "INSERT INTO core_moving(home) VALUES($1)", "t",
                          home_id);
    }
    if (db_has_table(m->to, "core_moving"))
        e = db_int(m->to, m->p, &mine, 0, "SELECT 1 FROM core_moving WHERE home=$1", "t", home_id);
    if (!e && !mine)
        e = problem_set(m->p, ERR_CONFLICT, "the target is not empty: it has a table %s",
                        there->name);
    return e;
}

static enum err open_all(struct move *m) {
    int64_t any;
    enum err e = db_open(m->config->storage, DB_WRITE, &m->writer, m->p);
    if (!e) e = db_open(m->config->storage, DB_READ, &m->from, m->p);
    // what a start brings up to date is not brought so here
    if (!e && !db_has_column(m->from, "core_delivery_position", "part"))
        e = problem_set(m->p, ERR_CONFLICT, "an older version made this home: start it once first");
    if (!e) e = db_begin(m->from, m->p);
    if (!e) e = db_int(m->from, m->p, &any, 0, "SELECT count(*) FROM core_meta", "");
    if (!e) e = db_open(m->at, DB_WRITE, &m->to, m->p);
    return e;
}

static enum err verify(struct move *m, const uint8_t key[32]) {
    int64_t rows;
    return audit_verify(m->to, key, home_checkpoints(m->arena, m->config->home), &rows, NULL, NULL,
                        m->p);
}

// The settings say so already: perhaps a move was killed just before its end.
static enum err finish(struct move *m) {
    enum err e = db_open(m->at, DB_WRITE, &m->to, m->p);
    if (!e) e = db_exec(m->to, "DROP TABLE IF EXISTS core_moving", m->p);
    db_close(m->to);
    return e;
}

enum err move_home(const struct config *c, const char *storage, move_progress *progress, void *self,
                   struct move_seen *seen, struct problem *p) {
    struct move m = {.config = c,
                     .progress = progress,
                     .self = self,
                     .seen = seen,
                     .p = p,
                     .arena = arena_new(16 << 20)};
    uint8_t key[32];
    char *id;
    size_t n;
    *seen = (struct move_seen){0};
    if (!m.arena) return problem_set(p, ERR_NOMEM, NULL);
    const char *pub = home_audit_key(m.arena, c->home);
    m.at = config_storage(m.arena, c->home, storage);
    if (!strcmp(m.at, c->storage)) {
        enum err e = finish(&m);
        arena_free(m.arena);
        return e;
    }
    enum err e = home_key(m.arena, pub, key, p);
    if (!e) e = home_secret(m.arena, pub, &id, &n, p);
    if (!e) e = open_all(&m);
    if (!e) e = claim(&m, id);
    if (!e) e = tables(&m, true);
    if (!e) e = files(&m);
    if (!e) e = indexes(&m);
    if (!e) e = verify(&m, key);
    if (!e) e = db_checkpoint(m.to, p);
    if (!e) e = home_set_storage(m.arena, c->home, storage, p);
    if (!e) e = db_exec(m.to, "DROP TABLE core_moving", p);
    db_close(m.to);
    if (m.from) db_rollback(m.from);
    db_close(m.from);
    db_close(m.writer);
    arena_free(m.arena);
    return e;
}
