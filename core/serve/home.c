// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The home's lock, keyring and places.
#include "campus/home.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "campus/approval.h"
#include "campus/audit.h"
#include "campus/deliver.h"
#include "campus/erase.h"
#include "campus/fsio.h"
#include "campus/handlers.h"
#include "campus/import.h"
#include "campus/jobs.h"
#include "campus/json.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "campus/obligation.h"
#include "campus/outbox.h"
#include "campus/people.h"
#include "campus/post.h"
#include "campus/release.h"
#include "campus/reserve.h"
#include "campus/schedule.h"
#include "campus/todo.h"
#include "campus/urn.h"
#include "campus/webhook.h"

enum { SECRET_MAX = 4096 };

enum err home_lock(const char *home, int *fd, struct problem *p) {
    char path[4096], pid[32] = "";
    snprintf(path, sizeof path, "%s/lock", home);
    int f = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (f < 0) return problem_set(p, ERR_IO, "%s: %s", path, strerror(errno));
    if (flock(f, LOCK_EX | LOCK_NB)) {
        ssize_t n = pread(f, pid, sizeof pid - 1, 0);
        pid[n > 0 ? strcspn(pid, "\n") : 0] = 0;
        close(f);
        return problem_set(p, ERR_CONFLICT, "%s is in use by process %s", home, *pid ? pid : "?");
    }
    int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(f, 0) || pwrite(f, pid, (size_t)n, 0) != n) {
        close(f);
        return problem_set(p, ERR_IO, "%s: %s", path, strerror(errno));
    }
    *fd = f;
    return ERR_OK;
}

enum err home_keyring_load(struct db *db, struct keyring **out, struct problem *p) {
    struct stmt *st = db_query(db, p, "SELECT value FROM core_meta WHERE key=$1", "t", "keyring");
    enum err e = stmt_first(st, p);
    if (e == ERR_NOT_FOUND) return problem_set(p, e, "the database holds no keyring");
    if (e) return e;
    size_t n;
    const char *text = stmt_text(st, 0, &n);
    e = keyring_load(text, n, out, p);
    stmt_reset(st);
    return e;
}

enum err home_keys_ours(struct db *db, struct problem *p) {
    bool alone = false;
    enum err e = db_is_alone(db, &alone, p);
    return e || alone ? e
                      : problem_set(p, ERR_CONFLICT,
                                    "another node serves too: keys change while only one does");
}

enum err home_keyring_store(struct db *db, struct keyring *k, struct problem *p) {
    struct buf b;
    buf_init(&b, NULL);
    keyring_dump(k, &b);
    enum err e = b.failed ? problem_set(p, ERR_NOMEM, NULL)
                          : db_run(db, p, NULL,
                                   "INSERT INTO core_meta(key,value) VALUES($1,$2)"
                                   " ON CONFLICT(key) DO UPDATE SET value=excluded.value",
                                   "ts", "keyring", b.data, b.len);
    buf_fini(&b);
    return e;
}

enum err home_secret(struct arena *a, const char *path, char **out, size_t *n, struct problem *p) {
    enum err e = fsio_read(a, path, SECRET_MAX, out, n, p);
    while (!e && *n && ((*out)[*n - 1] == '\n' || (*out)[*n - 1] == '\r')) (*out)[--*n] = 0;
    return e;
}

enum err home_key(struct arena *a, const char *path, uint8_t key[32], struct problem *p) {
    char *text;
    size_t n, got = 0;
    enum err e = home_secret(a, path, &text, &n, p);
    if (!e && (sodium_hex2bin(key, 32, text, n, NULL, &got, NULL) || got != 32))
        e = problem_set(p, ERR_INVALID, "%s: not a key (64 hexadecimal digits)", path);
    if (!e) sodium_memzero(text, n);
    return e;
}

enum err home_set_storage(struct arena *a, const char *home, const char *storage,
                          struct problem *p) {
    const char *path = fsio_join(a, home, "campusd.yaml"), *line;
    char *text;
    size_t n;
    struct buf b;
    struct config c;
    enum err e = fsio_read(a, path, 1 << 20, &text, &n, p);
    if (e) return e;
    for (line = text; *line && strncmp(line, "storage:", 8);) {
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    buf_init(&b, a);
    buf_put(&b, text, (size_t)(line - text));
    if (!*line && b.len && b.data[b.len - 1] != '\n') buf_putc(&b, '\n');
    buf_puts(&b, "storage: ");
    json_cstr(&b, storage); // a quoted YAML text is written like a JSON one
    if (!*line) buf_putc(&b, '\n');
    buf_puts(&b, line + strcspn(line, "\n"));
    e = fsio_write(path, b.data, b.len, 0600, p);
    if (!e) e = config_load(a, home, &c, p);
    if (!e && strcmp(c.storage, config_storage(a, home, storage)))
        e = problem_set(p, ERR_INVALID, "%s: cannot be changed, write storage: into it", path);
    if (e && fsio_write(path, text, n, 0600, NULL)) log_error("settings", "%s is changed", path);
    return e;
}

static enum err with_file(struct keyring *k, enum keyslot_kind kind, const char *path,
                          struct problem *p) {
    char *secret;
    size_t n;
    struct problem quiet;
    problem_init(&quiet, p->arena);
    enum err e = home_secret(p->arena, path, &secret, &n, &quiet);
    if (e) return problem_set(p, ERR_LOCKED, "%s: the vault stays locked", quiet.detail);
    e = keyring_unlock(k, kind, secret, n, p);
    explicit_bzero(secret, n);
    return e;
}

// A person types one or the other; a code with a typing mistake is told as one.
static enum err with_typed(struct keyring *k, const void *secret, size_t n, struct problem *p) {
    struct problem first;
    problem_init(&first, p->arena);
    enum err e = keyring_unlock(k, KEYSLOT_PASSPHRASE, secret, n, &first);
    if (e != ERR_FORBIDDEN) return e ? problem_set(p, e, "%s", first.detail) : e;
    problem_init(&first, p->arena);
    e = keyring_unlock(k, KEYSLOT_RECOVERY, secret, n, &first);
    if (!e || (e == ERR_INVALID && n > 40)) return e ? problem_set(p, e, "%s", first.detail) : e;
    return problem_set(p, ERR_FORBIDDEN, "no key slot opens with this passphrase or recovery code");
}

enum err home_unlock(struct keyring *k, const struct config *c, const void *secret, size_t n,
                     struct problem *p) {
    if (secret) return with_typed(k, secret, n, p);
    if (!strncmp(c->unlock, "keyfile:", 8))
        return with_file(k, KEYSLOT_KEYFILE, fsio_join(p->arena, c->home, c->unlock + 8), p);
    if (!strncmp(c->unlock, "credential:", 11)) {
        const char *dir = getenv("CREDENTIALS_DIRECTORY");
        if (!dir)
            return problem_set(p, ERR_LOCKED,
                               "$CREDENTIALS_DIRECTORY is not set, so there is no %s",
                               c->unlock + 11);
        return with_file(k, KEYSLOT_CREDENTIAL, fsio_join(p->arena, dir, c->unlock + 11), p);
    }
    const char *file = getenv("CAMPUSD_PASSPHRASE_FILE");
    if (!file) return problem_set(p, ERR_LOCKED, "the vault waits for its passphrase");
    return with_file(k, KEYSLOT_PASSPHRASE, file, p);
}

const char *home_ddl(struct arena *a) {
    return arena_printf(a, "%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s", audit_ddl, outbox_ddl,
                        people_ddl, release_ddl, jobs_ddl, deliver_ddl, webhook_ddl, erase_ddl,
                        schedule_ddl, rejected_ddl, todo_ddl, handlers_ddl, approval_ddl,
                        deadline_ddl, reserve_ddl, obligation_ddl, post_ddl, urn_ddl);
}

const char *home_checkpoints(struct arena *a, const char *home) {
    return fsio_join(a, home, "audit.checkpoints");
}

const char *home_audit_key(struct arena *a, const char *home) {
    return fsio_join(a, home, "audit.pub");
}

const char *home_control(struct arena *a, const char *home) {
    return fsio_join(a, home, "control.sock");
}
