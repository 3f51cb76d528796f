// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The bytes of files. Sealed: secretstream header 24 ‖ chunks of FILE_CHUNK bytes and a tag of 17
// each, the last one shorter and tagged FINAL. A piece that was changed, moved, dropped or added is
// found when its chunk is opened; the hash over all finds it before the first byte leaves.
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "campus/fault.h"
#include "campus/fsio.h"
#include "campus/mem.h"
#include "record/file_internal.h"

enum {
    HEAD = crypto_secretstream_xchacha20poly1305_HEADERBYTES,
    TAG = crypto_secretstream_xchacha20poly1305_ABYTES,
    SEALED = FILE_CHUNK + TAG,
    FINAL = crypto_secretstream_xchacha20poly1305_TAG_FINAL
};

struct file_writer {
    crypto_secretstream_xchacha20poly1305_state state;
    crypto_generichash_state hash;
    struct file_made made;
    struct file_look look;
    enum err failed;
    size_t n;
    uint8_t plain[FILE_CHUNK], sealed[SEALED];
};

static void close_fd(void *fd) {
    if (*(int *)fd >= 0) close(*(int *)fd);
}

static enum err put(struct file_writer *w, const uint8_t *p, size_t n) {
    crypto_generichash_update(&w->hash, p, n);
    w->made.sealed_size += n;
    while (n) {
        bool broken = fault_hit(FAULT_FILE_WRITE), full = fault_hit(FAULT_FILE_FULL);
        ssize_t k = broken || full ? -1 : write(w->made.fd, p, n);
        if (broken || full) errno = full ? ENOSPC : EIO;
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return errno == ENOSPC || errno == EDQUOT ? ERR_NO_SPACE : ERR_IO;
        p += k;
        n -= (size_t)k;
    }
    return ERR_OK;
}

struct file_writer *file_writer_open(struct arena *a, const char *folder) {
    const size_t align =
        _Alignof(struct file_writer); // the hash's state wants more than arenas give
    uintptr_t room = (uintptr_t)arena_alloc(a, sizeof(struct file_writer) + align);
    struct file_writer *w = (struct file_writer *)((room + align - 1) / align * align);
    uint8_t head[HEAD];
    id_new(w->made.id);
    w->made.fd = -1;
    arena_defer(a, close_fd, &w->made.fd);
    w->made.fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (w->made.fd < 0) w->failed = errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
    crypto_secretstream_xchacha20poly1305_keygen(w->made.key);
    crypto_secretstream_xchacha20poly1305_init_push(&w->state, head, w->made.key);
    crypto_generichash_init(&w->hash, NULL, 0, FILE_HASH);
    if (!w->failed) w->failed = put(w, head, HEAD);
    return w;
}

static enum err seal_chunk(struct file_writer *w, uint8_t tag) {
    unsigned long long n;
    file_look_at(&w->look, w->plain, w->n);
    crypto_secretstream_xchacha20poly1305_push(&w->state, w->sealed, &n, w->plain, w->n, NULL, 0,
                                               tag);
    w->n = 0;
    return put(w, w->sealed, (size_t)n);
}

// A full chunk waits until more comes: the last one is tagged as such.
enum err file_write(void *self, const char *p, size_t n) {
    struct file_writer *w = self;
    while (n && !w->failed) {
        if (w->n == FILE_CHUNK) w->failed = seal_chunk(w, 0);
        size_t part = FILE_CHUNK - w->n < n ? FILE_CHUNK - w->n : n;
        memcpy(w->plain + w->n, p, part);
        w->n += part, p += part, n -= part;
        w->made.size += part;
    }
    return w->failed;
}

enum err file_write_end(struct file_writer *w, const char *declared, struct file_made *out,
                        struct problem *p) {
    if (!w->made.size) return problem_set(p, ERR_INVALID, "the file is empty");
    if (!w->failed) w->failed = seal_chunk(w, FINAL);
    if (w->failed) return problem_set(p, w->failed, NULL);
    crypto_generichash_final(&w->hash, w->made.hash, FILE_HASH);
    w->made.type = file_looked(&w->look, declared);
    if (!w->made.type)
        return problem_set(p, ERR_UNSUPPORTED,
                           "the content is none of pdf, png, jpeg, webp, xlsx, docx, ofd, zip, "
                           "xml, csv, txt, or unpacks to too much");
    bool agrees = !*declared || !strcmp(declared, w->made.type) ||
                  (!strcmp(w->made.type, "xlsx") && !strcmp(declared, "zip")) ||
                  (!strcmp(w->made.type, "docx") && !strcmp(declared, "zip"));
    if (!agrees)
        return problem_set(p, ERR_UNSUPPORTED, "declared as %s, but the content is %s", declared,
                           w->made.type);
    *out = w->made;
    return ERR_OK;
}

// Places

static bool is_id(const char *id) {
    size_t n = strlen(id);
    for (size_t i = 0; i < n; i++)
        if (!((id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f') || id[i] == '-'))
            return false;
    return n == ID_LEN;
}

// The last two digits: the first ones of these ids are a clock.
static const char *place(const char *id, char out[ID_LEN + 4]) {
    snprintf(out, ID_LEN + 4, "%s/%s", id + ID_LEN - 2, id);
    return out;
}

static int open_beneath(const char *folder, const char *path, uint64_t flags) {
    int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct open_how how = {.flags = flags | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
    if (dir < 0) return -1;
    int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
    int keep = errno;
    close(dir);
    errno = keep;
    return fd;
}

static bool synced(int fd) {
    if (fault_hit(FAULT_FILE_SYNC)) return errno = EIO, false;
    return !fsync(fd);
}

enum err file_put(const char *folder, const struct file_made *f, struct problem *p) {
    char path[4096], self[64];
    snprintf(path, sizeof path, "%s/%s", folder, f->id + ID_LEN - 2);
    snprintf(self, sizeof self, "/proc/self/fd/%d", f->fd);
    bool ok = synced(f->fd), made = ok && !mkdir(path, 0700);
    int top = made ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (made) ok = top >= 0 && synced(top);
    if (top >= 0) close(top);
    int dir = ok ? open_beneath(folder, f->id + ID_LEN - 2, O_RDONLY | O_DIRECTORY) : -1;
    ok = dir >= 0 && !linkat(AT_FDCWD, self, dir, f->id, AT_SYMLINK_FOLLOW);
    bool linked = ok;
    ok = ok && synced(dir);
    enum err e = ok ? ERR_OK : errno == ENOSPC || errno == EDQUOT ? ERR_NO_SPACE : ERR_IO;
    if (!ok) problem_set(p, e, "the file cannot be kept: %s", strerror(errno));
    if (!ok && linked) unlinkat(dir, f->id, 0);
    if (dir >= 0) close(dir);
    return e;
}

void file_remove(const char *folder, const char *id) {
    char path[4096], at[ID_LEN + 4];
    if (!is_id(id)) return;
    snprintf(path, sizeof path, "%s/%s", folder, place(id, at));
    unlink(path);
}

enum err file_each(const char *folder, struct arena *a,
                   enum err (*fn)(void *self, const char *id, int64_t modified_ms), void *self,
                   struct problem *p) {
    const char **shelves, **names;
    enum err e = fsio_list(a, folder, &shelves, p);
    for (; !e && *shelves; shelves++) {
        const char *dir = fsio_join(a, folder, *shelves);
        struct stat st;
        if (lstat(dir, &st) || !S_ISDIR(st.st_mode)) continue;
        e = fsio_list(a, dir, &names, p);
        for (; !e && *names; names++)
            if (is_id(*names) && !lstat(fsio_join(a, dir, *names), &st))
                e = fn(self, *names, (int64_t)st.st_mtim.tv_sec * 1000);
    }
    return e;
}

// The parts that a database holds, as a file without a name; one at a time in memory.
static int gather(struct db *db, const char *folder, const char *id, struct problem *p) {
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    bool row = true, ok = fd >= 0;
    for (int64_t part = 0; ok && row; part++) {
        struct stmt *st = db_query(
            db, p, "SELECT bytes FROM core_file_part WHERE file=$1 AND part=$2", "ti", id, part);
        size_t n = 0;
        ok = st && !stmt_step(st, &row, p);
        const char *bytes = ok && row ? stmt_blob(st, 0, &n) : NULL;
        for (ssize_t k; ok && n; bytes += k, n -= (size_t)k) ok = (k = write(fd, bytes, n)) > 0;
        if (ok && row) stmt_reset(st);
    }
    if (ok && !lseek(fd, 0, SEEK_SET)) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

enum err file_open(struct db *db, const char *folder, const struct file_row *f, int *out,
                   struct problem *p) {
    char at[ID_LEN + 4];
    uint8_t piece[32 << 10], hash[FILE_HASH];
    crypto_generichash_state h;
    int64_t size = 0;
    if (!is_id(f->id)) return problem_set(p, ERR_NOT_FOUND, NULL);
    int fd = db_holds_files(db) ? gather(db, folder, f->id, p)
                                : open_beneath(folder, place(f->id, at), O_RDONLY | O_NOFOLLOW);
    if (p->code) return p->code;
    crypto_generichash_init(&h, NULL, 0, FILE_HASH);
    ssize_t n = -1;
    while (fd >= 0 && (n = fault_hit(FAULT_FILE_READ) ? -1 : read(fd, piece, sizeof piece)) > 0) {
        crypto_generichash_update(&h, piece, (size_t)n);
        size += n;
    }
    crypto_generichash_final(&h, hash, FILE_HASH);
    bool good = !n && size == f->sealed_size && f->hash_n == FILE_HASH &&
                !sodium_memcmp(hash, f->hash, FILE_HASH) && !lseek(fd, 0, SEEK_SET);
    if (good) return *out = fd, ERR_OK;
    if (fd >= 0) close(fd);
    return fd >= 0 && n < 0 ? problem_set(p, ERR_IO, "the file %s cannot be read", f->id)
                            : problem_set(p, ERR_CORRUPT, "the file %s is %s", f->id,
                                          fd < 0 ? "missing" : "damaged");
}

struct file_reader {
    crypto_secretstream_xchacha20poly1305_state state;
    int fd;
    size_t at, n;
    bool ended;
    uint8_t plain[FILE_CHUNK], sealed[SEALED];
};

static size_t fill(int fd, uint8_t *to, size_t max) {
    size_t got = 0;
    for (ssize_t n; got < max && (n = read(fd, to + got, max - got)) > 0;) got += (size_t)n;
    return got;
}

enum err file_reader_open(struct arena *a, int fd, const uint8_t key[FILE_KEY],
                          struct file_reader **out) {
    struct file_reader *r = *out = arena_alloc(a, sizeof *r);
    uint8_t head[HEAD];
    r->fd = fd;
    arena_defer(a, close_fd, &r->fd);
    if (fill(fd, head, HEAD) != HEAD ||
        crypto_secretstream_xchacha20poly1305_init_pull(&r->state, head, key))
        return ERR_CORRUPT;
    return ERR_OK;
}

ssize_t file_read(void *self, char *to, size_t max) {
    struct file_reader *r = self;
    while (r->at == r->n) {
        unsigned long long n;
        uint8_t tag;
        if (r->ended) return 0;
        size_t got = fill(r->fd, r->sealed, SEALED);
        if (got < TAG || crypto_secretstream_xchacha20poly1305_pull(&r->state, r->plain, &n, &tag,
                                                                    r->sealed, got, NULL, 0))
            return -1;
        r->ended = tag == FINAL;
        r->at = 0, r->n = (size_t)n;
    }
    size_t part = r->n - r->at < max ? r->n - r->at : max;
    memcpy(to, r->plain + r->at, part);
    r->at += part;
    return (ssize_t)part;
}
