// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A home as one sealed stream, and back.
#include "campus/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/db.h"
#include "campus/file.h"
#include "campus/fsio.h"
#include "campus/json.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "campus/move.h"

#define MAGIC "campusd-backup-1\n"
#define sealed_size (BACKUP_KEY + crypto_box_SEALBYTES)
enum {
    CHUNK = 64 * 1024,
    BOUND = 32,
    KEPT_DAYS = 30, // an erased person must be gone from backups by then
    TAG = crypto_secretstream_xchacha20poly1305_ABYTES,
    DEPTH_MAX = 16,
    LINE_MAX_BYTES = 1024
};

struct writer {
    FILE *out;
    crypto_secretstream_xchacha20poly1305_state state;
    uint8_t bound[BOUND]; // the hash of everything before the first chunk, with which each opens
    uint8_t plain[CHUNK], sealed[CHUNK + TAG];
    size_t n;
    struct arena *arena;
    struct problem *problem;
    struct backup_seen *seen;
    backup_progress *progress;
    void *self;
};

static enum err flush(struct writer *w, uint8_t tag) {
    unsigned long long n;
    crypto_secretstream_xchacha20poly1305_push(&w->state, w->sealed, &n, w->plain, w->n, w->bound,
                                               BOUND, tag);
    uint8_t len[4];
    for (int i = 0; i < 4; i++) len[i] = (uint8_t)(n >> (8 * i));
    w->n = 0;
    if (fwrite(len, 1, 4, w->out) == 4 && fwrite(w->sealed, 1, n, w->out) == n) return ERR_OK;
    return problem_set(w->problem, errno == ENOSPC ? ERR_NO_SPACE : ERR_IO, "cannot write: %s",
                       strerror(errno));
}

static enum err put(struct writer *w, const void *data, size_t n) {
    enum err e = ERR_OK;
    for (const uint8_t *at = data; n && !e;) {
        size_t part = CHUNK - w->n < n ? CHUNK - w->n : n;
        memcpy(w->plain + w->n, at, part);
        w->n += part, at += part, n -= part;
        if (w->n == CHUNK) e = flush(w, 0);
    }
    return e;
}

// A file that grows or shrinks meanwhile is stored as long as it was when it was opened, or not at
// all. Takes the descriptor.
static enum err put_open(struct writer *w, int fd, const char *path, const char *name) {
    struct stat st;
    uint8_t piece[16 * 1024];
    if (fd < 0 || fstat(fd, &st)) {
        if (fd >= 0) close(fd);
        return errno == ENOENT ? ERR_OK
                               : problem_set(w->problem, ERR_IO, "%s: %s", path, strerror(errno));
    }
    char line[LINE_MAX_BYTES];
    int n = snprintf(line, sizeof line, "%" PRId64 " %s\n", (int64_t)st.st_size, name);
    enum err e = n < LINE_MAX_BYTES && !strchr(name, '\n')
                     ? put(w, line, (size_t)n)
                     : problem_set(w->problem, ERR_INVALID, "%s: the name is too long", path);
    for (int64_t left = st.st_size; left && !e;) {
        ssize_t r =
            read(fd, piece, (size_t)(left < (int64_t)sizeof piece ? left : (int64_t)sizeof piece));
        e = r > 0 ? put(w, piece, (size_t)r)
                  : problem_set(w->problem, ERR_IO, "%s changed while it was read", path);
        left -= r > 0 ? r : 0;
        w->seen->bytes += r > 0 ? r : 0;
        if (!e && w->progress && !w->progress(w->self, w->seen->bytes))
            e = problem_set(w->problem, ERR_CONFLICT, "cancelled");
    }
    close(fd);
    w->seen->files += !e;
    return e;
}

static enum err put_file(struct writer *w, const char *path, const char *name) {
    return put_open(w, open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), path, name);
}

static enum err put_folder(struct writer *w, const char *dir, const char *shown, int depth) {
    const char **names;
    if (depth > DEPTH_MAX) return problem_set(w->problem, ERR_TOO_LARGE, "%s: too deep", dir);
    enum err e = fsio_list(w->arena, dir, &names, w->problem);
    for (; !e && *names; names++) {
        struct stat st;
        const char *path = fsio_join(w->arena, dir, *names),
                   *as = fsio_join(w->arena, shown, *names);
        if (lstat(path, &st)) continue;
        if (S_ISDIR(st.st_mode))
            e = put_folder(w, path, as, depth + 1);
        else if (S_ISREG(st.st_mode))
            e = put_file(w, path, as);
    }
    return e;
}

const char *backup_snapshot(struct arena *a, const char *home) {
    return fsio_join(a, home, "backups/.snapshot");
}

void backup_forget(struct arena *a, const char *home) {
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) unlink(arena_printf(a, "%s%s", backup_snapshot(a, home), ends[i]));
}

static bool moved(void *self, const char *what, int64_t done, int64_t total) {
    struct writer *w = self;
    (void)what, (void)done, (void)total;
    return !w->progress || w->progress(w->self, w->seen->bytes);
}

// What is no file becomes one.
static enum err copy_database(struct writer *w, struct db *db, const char *to) {
    struct db *file = NULL;
    struct move_seen seen = {0};
    struct problem *p = w->problem;
    enum err e = db_open(arena_printf(w->arena, "sqlite:%s", to), DB_WRITE, &file, p);
    if (!e) e = move_tables(db, file, false, moved, w, &seen, p);
    if (!e) e = db_empty_log(file, p);
    db_close(file);
    return e;
}

struct held {
    struct writer *w;
    struct db *db;
    const char *folder;
};

static enum err put_held(void *self, const struct file_row *f, struct problem *p) {
    struct held *h = self;
    struct problem quiet;
    int fd;
    problem_init(&quiet, p->arena);
    if (file_open(h->db, h->folder, f, &fd, &quiet)) {
        log_error("backup", "the file %s is missing or damaged", f->id);
        return ERR_OK;
    }
    return put_open(h->w, fd, f->id,
                    arena_printf(h->w->arena, "files/%s/%s", f->id + ID_LEN - 2, f->id));
}

// The bytes of files that lie in the database, as they would lie in the folder. A damaged one is
// left out: what is whole must not go without a backup for it.
static enum err put_held_files(struct writer *w, struct db *db, const struct config *c) {
    struct held h = {w, db, fsio_join(w->arena, c->home, "backups")};
    return file_row_each(db, put_held, &h, w->problem);
}

// The copy lies in the home for the moment it takes to read it: as safe as the database beside it.
// Its lock keeps a second backup away.
static enum err put_database(struct writer *w, struct db *db, const struct config *c) {
    const char *copy = backup_snapshot(w->arena, c->home);
    enum err e = fsio_mkdirs(fsio_join(w->arena, c->home, "backups"), 0700, w->problem);
    if (e) return e;
    int fd = open(copy, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return problem_set(w->problem, ERR_IO, "%s: %s", copy, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        close(fd);
        return problem_set(w->problem, ERR_CONFLICT, "another backup is under way");
    }
    e = ftruncate(fd, 0)     ? ERR_IO
        : db_holds_files(db) ? copy_database(w, db, copy)
                             : db_backup(db, copy, NULL, NULL, w->problem);
    if (!e && db_holds_files(db)) e = put_held_files(w, db, c);
    db_rollback(db); // whoever erases waits for readers: let go of the snapshot
    if (!e) e = put_file(w, copy, "campusd.db");
    backup_forget(w->arena, c->home);
    close(fd);
    return e;
}

static enum err put_home(struct writer *w, struct db *db, const struct config *c) {
    static const char *const files[] = {"audit.checkpoints", "audit.pub", "backup.pub",
                                        "campusd.yaml"};
    static const char *const folders[] = {"policies", "plugins", "files"};
    enum err e = ERR_OK;
    // checkpoints before the database: none may sign a row that the snapshot has not
    for (int i = 0; i < 4 && !e; i++)
        e = put_file(w, fsio_join(w->arena, c->home, files[i]), files[i]);
    if (!e) e = put_database(w, db, c);
    // and erasures after it: none that the snapshot does not know is missing
    if (!e) e = put_file(w, fsio_join(w->arena, c->home, "erasures"), "erasures");
    for (int i = 0; i < 2 + !db_holds_files(db) && !e; i++)
        e = put_folder(w, fsio_join(w->arena, c->home, folders[i]), folders[i], 0);
    return e ? e : flush(w, crypto_secretstream_xchacha20poly1305_TAG_FINAL);
}

// What a backup says of itself before it is opened: school, time, release.
static enum err describe(struct writer *w, struct db *db, const struct config *c) {
    int64_t release = 0;
    enum err e = ERR_OK;
    struct buf b;
    if (db_has_table(db, "core_release_active"))
        e = db_int(db, w->problem, &release, 0,
                   "SELECT release FROM core_release_active ORDER BY n DESC LIMIT 1", "");
    buf_init(&b, w->arena);
    buf_putc(&b, '{');
    json_kv_str(&b, "school", c->school.id);
    json_kv_time(&b, "at", clock_now_ms());
    json_kv_int(&b, "release", release);
    buf_putc(&b, '}');
    if (b.len >= sizeof w->seen->head) return ERR_TOO_LARGE;
    memcpy(w->seen->head, buf_str(&b), b.len + 1);
    return e;
}

static void bind_head(uint8_t out[BOUND], const char *head, const uint8_t *sealed,
                      const uint8_t *stream) {
    crypto_generichash_state h;
    crypto_generichash_init(&h, NULL, 0, BOUND);
    crypto_generichash_update(&h, (const uint8_t *)MAGIC, strlen(MAGIC));
    crypto_generichash_update(&h, (const uint8_t *)head, strlen(head) + 1);
    crypto_generichash_update(&h, sealed, sealed_size);
    crypto_generichash_update(&h, stream, crypto_secretstream_xchacha20poly1305_HEADERBYTES);
    crypto_generichash_final(&h, out, BOUND);
}

static enum err put_head(struct writer *w, const uint8_t public_key[BACKUP_KEY]) {
    uint8_t key[BACKUP_KEY], sealed[sealed_size],
        head[crypto_secretstream_xchacha20poly1305_HEADERBYTES];
    crypto_secretstream_xchacha20poly1305_keygen(key);
    crypto_box_seal(sealed, key, sizeof key, public_key);
    crypto_secretstream_xchacha20poly1305_init_push(&w->state, head, key);
    sodium_memzero(key, sizeof key);
    bind_head(w->bound, w->seen->head, sealed, head);
    bool ok = fprintf(w->out, "%s%s\n", MAGIC, w->seen->head) > 0 &&
              fwrite(sealed, 1, sizeof sealed, w->out) == sizeof sealed &&
              fwrite(head, 1, sizeof head, w->out) == sizeof head;
    return ok ? ERR_OK : problem_set(w->problem, ERR_IO, "cannot write: %s", strerror(errno));
}

// The first read fixes the snapshot: writers do not make the copy begin again.
static enum err open_snapshot(const struct config *c, struct db **db, struct problem *p) {
    int64_t any;
    enum err e = db_open(c->storage, DB_READ, db, p);
    if (e) return e;
    e = db_begin(*db, p);
    if (!e) e = db_int(*db, p, &any, 0, "SELECT count(*) FROM core_meta", "");
    if (e) {
        db_close(*db);
        *db = NULL;
    }
    return e;
}

enum err backup_create(const struct config *c, const uint8_t public_key[BACKUP_KEY], const char *to,
                       backup_progress *progress, void *self, struct backup_seen *seen,
                       struct problem *p) {
    if (!access(to, F_OK)) return problem_set(p, ERR_CONFLICT, "%s is there already", to);
    struct arena *a = arena_new(64 << 20);
    struct writer *w = mem_alloc(sizeof *w);
    if (!a || !w) abort();
    *seen = (struct backup_seen){0};
    w->arena = a, w->problem = p, w->seen = seen, w->progress = progress, w->self = self;
    const char *part = arena_printf(a, "%s.part", to);
    struct db *db = NULL;
    enum err e = open_snapshot(c, &db, p);
    if (!e) e = describe(w, db, c);
    int fd = e ? -1 : open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    w->out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!e && !w->out) e = problem_set(p, ERR_IO, "%s: %s", part, strerror(errno));
    if (!e) e = put_head(w, public_key);
    if (!e) e = put_home(w, db, c);
    if (db) db_rollback(db), db_close(db);
    bool kept = w->out && !fflush(w->out) && !fsync(fileno(w->out));
    if (w->out) kept = !fclose(w->out) && kept;
    if (!e && (!kept || rename(part, to)))
        e = problem_set(p, ERR_IO, "%s: %s", to, strerror(errno));
    if (e) unlink(part);
    sodium_memzero(w, sizeof *w);
    mem_free(w);
    arena_free(a);
    return e;
}

// backups/ of the home under the time's name
const char *backup_name(struct arena *a, const char *home, int64_t now) {
    char stamp[32];
    struct tm tm;
    time_t s = (time_t)(now / 1000);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", gmtime_r(&s, &tm));
    return arena_printf(a, "%s/backups/%s.campusd", home, stamp);
}

enum err backup_expire(struct arena *a, const char *home, int64_t now, struct problem *p) {
    const char *dir = fsio_join(a, home, "backups"), **names;
    enum err e = fsio_list(a, dir, &names, p);
    for (; !e && *names; names++) {
        const char *path = fsio_join(a, dir, *names), *end = strrchr(*names, '.');
        struct stat st;
        if (!end || strcmp(end, ".campusd") || lstat(path, &st) || !S_ISREG(st.st_mode)) continue;
        if (st.st_mtim.tv_sec < now / 1000 - (int64_t)KEPT_DAYS * 86400 && unlink(path))
            e = problem_set(p, ERR_IO, "%s: %s", path, strerror(errno));
    }
    return e;
}

enum err backup_public_key(struct arena *a, const char *home, uint8_t key[BACKUP_KEY],
                           struct problem *p) {
    const char *path = fsio_join(a, home, "backup.pub");
    char *text;
    size_t n, got = 0;
    if (access(path, F_OK))
        return problem_set(p, ERR_NOT_FOUND,
                           "there is no backup key yet; campusd backup keygen FILE makes one");
    enum err e = fsio_read(a, path, 4096, &text, &n, p);
    if (!e && (sodium_hex2bin(key, BACKUP_KEY, text, n, "\n", &got, NULL) || got != BACKUP_KEY))
        e = problem_set(p, ERR_INVALID, "%s: not a key (64 hexadecimal digits)", path);
    return e;
}

struct reader {
    FILE *in;
    crypto_secretstream_xchacha20poly1305_state state;
    uint8_t bound[BOUND];
    uint8_t plain[CHUNK], sealed[CHUNK + TAG];
    size_t n, at;
    bool ended;
    struct problem *problem;
};

static enum err broken(struct reader *r, const char *why) {
    return problem_set(r->problem, ERR_CORRUPT, "the backup is damaged: %s", why);
}

// The next chunk, opened; at the end there must be nothing after the last one.
static enum err refill(struct reader *r) {
    uint8_t len[4], tag;
    unsigned long long n;
    if (fread(len, 1, 4, r->in) != 4) return broken(r, "it ends too early");
    size_t want =
        (size_t)len[0] | (size_t)len[1] << 8 | (size_t)len[2] << 16 | (size_t)len[3] << 24;
    if (want < TAG || want > sizeof r->sealed || fread(r->sealed, 1, want, r->in) != want)
        return broken(r, "it ends too early");
    if (crypto_secretstream_xchacha20poly1305_pull(&r->state, r->plain, &n, &tag, r->sealed, want,
                                                   r->bound, BOUND))
        return broken(r, "a chunk does not open");
    r->n = (size_t)n;
    r->at = 0;
    r->ended = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    return r->ended && fgetc(r->in) != EOF ? broken(r, "something follows its end") : ERR_OK;
}

static enum err next_byte(struct reader *r, int *c) {
    while (r->at == r->n) {
        if (r->ended) return *c = EOF, ERR_OK;
        enum err e = refill(r);
        if (e) return e;
    }
    *c = r->plain[r->at++];
    return ERR_OK;
}

// "SIZE PATH\n"; *size -1 at the end. A path stays below the home.
static enum err next_file(struct reader *r, int64_t *size, char path[LINE_MAX_BYTES]) {
    char line[LINE_MAX_BYTES];
    int n = 0, c = EOF, used = 0;
    enum err e;
    while (!(e = next_byte(r, &c)) && c != EOF && c != '\n' && n < LINE_MAX_BYTES - 1)
        line[n++] = (char)c;
    if (e) return e;
    line[n] = 0;
    *size = -1;
    if (c == EOF && !n) return ERR_OK;
    if (c != '\n' || sscanf(line, "%" SCNd64 " %n", size, &used) != 1 || *size < 0 || !line[used])
        return broken(r, "a name is not readable");
    strcpy(path, line + used);
    return path[0] == '/' || strstr(path, "..") ? broken(r, "a name leaves the home") : ERR_OK;
}

static enum err take_file(struct reader *r, int64_t size, const char *path) {
    FILE *out = NULL;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || !(out = fdopen(fd, "w")))
        return problem_set(r->problem, ERR_IO, "%s: %s", path, strerror(errno));
    enum err e = ERR_OK;
    while (size && !e) {
        if (r->at == r->n) e = r->ended ? broken(r, "it ends too early") : refill(r);
        size_t part = e ? 0 : r->n - r->at < (uint64_t)size ? r->n - r->at : (size_t)size;
        if (fwrite(r->plain + r->at, 1, part, out) != part)
            e = problem_set(r->problem, ERR_IO, "%s: %s", path, strerror(errno));
        r->at += part, size -= (int64_t)part;
    }
    bool kept = !fflush(out) && !fsync(fd);
    kept = !fclose(out) && kept;
    return e ? e : kept ? ERR_OK : problem_set(r->problem, ERR_IO, "%s: %s", path, strerror(errno));
}

static enum err take_head(struct reader *r, const uint8_t public_key[BACKUP_KEY],
                          const uint8_t secret_key[BACKUP_KEY], char line[BACKUP_HEAD]) {
    char magic[sizeof MAGIC];
    uint8_t key[BACKUP_KEY], sealed[sealed_size],
        head[crypto_secretstream_xchacha20poly1305_HEADERBYTES];
    size_t n = strlen(MAGIC), m = 0;
    if (fread(magic, 1, n, r->in) != n || memcmp(magic, MAGIC, n))
        return problem_set(r->problem, ERR_CORRUPT, "this is not a backup of campusd");
    for (int c; (c = fgetc(r->in)) != EOF && c != '\n' && m < BACKUP_HEAD - 1;) line[m++] = (char)c;
    line[m] = 0;
    if (fread(sealed, 1, sizeof sealed, r->in) != sizeof sealed ||
        fread(head, 1, sizeof head, r->in) != sizeof head)
        return broken(r, "it ends too early");
    if (crypto_box_seal_open(key, sealed, sizeof sealed, public_key, secret_key))
        return problem_set(r->problem, ERR_FORBIDDEN, "this key does not open the backup");
    bool ok = !crypto_secretstream_xchacha20poly1305_init_pull(&r->state, head, key);
    sodium_memzero(key, sizeof key);
    bind_head(r->bound, line, sealed, head);
    return ok ? ERR_OK : broken(r, "its head");
}

enum err backup_extract(const char *file, const uint8_t public_key[BACKUP_KEY],
                        const uint8_t secret_key[BACKUP_KEY], const char *into,
                        backup_progress *progress, void *self, struct backup_seen *seen,
                        struct problem *p) {
    struct reader *r = mem_alloc(sizeof *r);
    struct arena *a = arena_new(16 << 20);
    if (!r || !a) abort();
    *seen = (struct backup_seen){0};
    r->problem = p;
    r->in = fopen(file, "re");
    enum err e = r->in ? take_head(r, public_key, secret_key, seen->head)
                       : problem_set(p, ERR_NOT_FOUND, "%s: %s", file, strerror(errno));
    char name[LINE_MAX_BYTES];
    for (int64_t size; !e && !(e = next_file(r, &size, name)) && size >= 0;) {
        char *path = fsio_join(a, into, name), *slash = strrchr(path, '/');
        *slash = 0;
        e = fsio_mkdirs(path, 0700, p);
        *slash = '/';
        if (!e) e = take_file(r, size, path);
        seen->files++, seen->bytes += size;
        if (!e && progress && !progress(self, seen->bytes))
            e = problem_set(p, ERR_CONFLICT, "cancelled");
    }
    if (r->in) fclose(r->in);
    sodium_memzero(r, sizeof *r);
    mem_free(r);
    arena_free(a);
    return e;
}
