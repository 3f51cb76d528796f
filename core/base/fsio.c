// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Whole files and folders.
#include "campus/fsio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "campus/mem.h"

static enum err failed(struct problem *p, const char *path) {
    enum err e = errno == ENOENT ? ERR_NOT_FOUND : errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
    return problem_set(p, e, "%s: %s", path, strerror(errno));
}

enum err fsio_read(struct arena *a, const char *path, size_t max, char **out, size_t *n,
                   struct problem *p) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0) return failed(p, path);
    enum err e = ERR_OK;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        e = problem_set(p, ERR_IO, "%s: not a file", path);
    else if ((size_t)st.st_size > max)
        e = problem_set(p, ERR_TOO_LARGE, "%s: larger than %zu bytes", path, max);
    if (!e) {
        char *data = arena_alloc(a, (size_t)st.st_size + 1);
        size_t got = 0;
        for (ssize_t r; got < (size_t)st.st_size; got += (size_t)r) {
            r = read(fd, data + got, (size_t)st.st_size - got);
            if (r < 0) e = failed(p, path);
            if (r <= 0) break;
        }
        data[got] = 0;
        *out = data;
        *n = got;
    }
    close(fd);
    return e;
}

static int sync_folder(const char *path) {
    char dir[4096];
    snprintf(dir, sizeof dir, "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash) *(slash == dir ? slash + 1 : slash) = 0;
    int fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -1;
    int r = fsync(fd);
    close(fd);
    return r;
}

enum err fsio_put(int fd, const void *data, size_t n) {
    for (const char *p = data; n;) {
        ssize_t k = write(fd, p, n);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
        p += k;
        n -= (size_t)k;
    }
    return ERR_OK;
}

enum err fsio_write(const char *path, const void *data, size_t n, mode_t mode, struct problem *p) {
    char tmp[4096];
    snprintf(tmp, sizeof tmp, "%s.tmp", path);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0) return failed(p, tmp);
    bool ok = !fsio_put(fd, data, n) && !fsync(fd);
    enum err e = ok ? ERR_OK : failed(p, tmp);
    close(fd);
    if (!e && (rename(tmp, path) || sync_folder(path))) e = failed(p, path);
    if (e) unlink(tmp);
    return e;
}

enum err fsio_mkdirs(const char *path, mode_t mode, struct problem *p) {
    char at[4096];
    snprintf(at, sizeof at, "%s", path);
    for (char *s = at + 1;; s++) {
        if (*s && *s != '/') continue;
        char keep = *s;
        *s = 0;
        if (mkdir(at, mode) && errno != EEXIST) return failed(p, at);
        if (!keep) return ERR_OK;
        *s = keep;
    }
}

static void close_folder(void *d) {
    closedir(d);
}

static int by_name(const void *x, const void *y) {
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

enum err fsio_list(struct arena *a, const char *dir, const char ***out, struct problem *p) {
    DIR *d = opendir(dir);
    size_t n = 0, cap = 16;
    const char **names = arena_alloc(a, sizeof *names * (cap + 1));
    if (!d && errno != ENOENT) return failed(p, dir);
    if (d) arena_defer(a, close_folder, d);
    for (struct dirent *e; d && (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        if (n == cap) {
            const char **more = arena_alloc(a, sizeof *names * (2 * cap + 1));
            memcpy(more, names, sizeof *names * n);
            names = more;
            cap *= 2;
        }
        names[n++] = arena_strdup(a, e->d_name);
    }
    qsort(names, n, sizeof *names, by_name);
    *out = names;
    return ERR_OK;
}

char *fsio_join(struct arena *a, const char *dir, const char *name) {
    return name[0] == '/' ? arena_strdup(a, name) : arena_printf(a, "%s/%s", dir, name);
}
