// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// GET /desk/…: the files of the web desk as they were built, from $CAMPUSD_SHARE/desk or from the
// folder desk beside the binary. Only known types leave, and nothing outside that folder can. A
// browser that opens the address of a public form gets the page that draws it, from desk/public.
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "campus/fsio.h"
#include "campus/mem.h"
#include "http/api.h"
#include "http/app_internal.h"

static const struct {
    const char *end, *type;
} TYPES[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".json", "application/json"},
    {".png", "image/png"},
    {".webmanifest", "application/manifest+json"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
};

// No inline script or style, no other origin, no frame around it, no text turned into markup.
static const char POLICY[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action "
    "'self'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

static const char *type_of(const char *name) {
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
        size_t k = strlen(TYPES[i].end);
        if (n > k && !strcmp(name + n - k, TYPES[i].end)) return TYPES[i].type;
    }
    return NULL;
}

static int open_folder(struct arena *a) {
    const char *share = getenv("CAMPUSD_SHARE");
    int fd = -1, flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    if (share) fd = open(fsio_join(a, share, "desk"), flags);
    if (fd >= 0) return fd;
    char exe[4096];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = 0;
    char *slash = strrchr(exe, '/');
    if (!slash) return -1;
    *slash = 0;
    return open(fsio_join(a, exe, "desk"), flags);
}

// The kernel keeps the name below the folder; a link is not followed.
static int open_below(int folder, const char *name, struct stat *st) {
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    int fd = (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
    if (fd < 0) return -1;
    if (!fstat(fd, st) && S_ISREG(st->st_mode)) return fd;
    close(fd);
    return -1;
}

bool api_takes_gzip(const struct request *rq) {
    const char *s = http_header(rq->http, "Accept-Encoding"), *gzip = s ? strstr(s, "gzip") : NULL;
    return gzip && strncmp(gzip + 4, ";q=0", 4) != 0;
}

static enum err send_file(struct request *rq, const char *name, const char *type) {
    struct stat st;
    struct arena *a = rq->arena;
    int folder = open_folder(a), fd = -1;
    bool packed = false;
    if (folder < 0) return problem_set(&rq->problem, ERR_NOT_FOUND, "the desk is not installed");
    if (api_takes_gzip(rq)) fd = open_below(folder, arena_printf(a, "%s.gz", name), &st);
    if (fd >= 0)
        packed = true;
    else
        fd = open_below(folder, name, &st);
    close(folder);
    if (fd < 0) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    const char *tag = arena_printf(a, "\"%llx%09lx-%llx%s\"", (unsigned long long)st.st_mtim.tv_sec,
                                   (unsigned long)st.st_mtim.tv_nsec,
                                   (unsigned long long)st.st_size, packed ? "z" : "");
    const char *seen = http_header(rq->http, "If-None-Match");
    http_add_header(rq->http, "ETag", tag);
    http_add_header(rq->http, "Cache-Control", "no-cache");
    http_add_header(rq->http, "Vary", "Accept-Encoding");
    http_add_header(rq->http, "Content-Security-Policy", POLICY);
    http_add_header(rq->http, "Referrer-Policy", "no-referrer");
    http_add_header(rq->http, "Cross-Origin-Opener-Policy", "same-origin");
    http_add_header(rq->http, "Cross-Origin-Resource-Policy", "same-origin");
    rq->type = type;
    if (seen && strstr(seen, tag)) {
        close(fd);
        rq->status = 304;
        return ERR_OK;
    }
    if (packed) http_add_header(rq->http, "Content-Encoding", "gzip");
    rq->file = fd;
    rq->file_n = (uint64_t)st.st_size;
    return ERR_OK;
}

// The file that a path means, or NULL. No form's name has a dot; a code, the third part, may.
static const char *file_of(struct request *rq) {
    const char *path = rq->http->path, *accept = http_header(rq->http, "Accept");
    if (!strncmp(path, "/desk/", 6)) return path[6] ? path + 6 : "index.html";
    if (strncmp(path, "/public/", 8)) return NULL;
    const char *slash = strchr(path + 8, '/');
    if ((!slash || !strchr(slash + 1, '/')) && type_of(path)) return path + 1;
    http_add_header(rq->http, "Vary", "Accept");
    bool page = accept && strstr(accept, "text/html") && !strcmp(rq->http->method, "GET");
    return page ? "public/index.html" : NULL;
}

static void redirect(struct request *rq, const char *to) {
    rq->status = 302;
    rq->type = "text/plain";
    http_add_header(rq->http, "Location", to);
}

bool static_serve(struct request *rq) {
    const char *path = rq->http->path;
    bool root = !strcmp(path, "/") || !strcmp(path, "/desk");
    const char *name = root ? "" : file_of(rq), *type = name ? type_of(name) : NULL;
    if (!name) return false;
    if (strcmp(rq->http->method, "GET") != 0)
        problem_set(&rq->problem, ERR_METHOD, NULL);
    else if (root)
        redirect(rq, "/desk/");
    else if (type)
        rq->problem.code = send_file(rq, name, type);
    else
        problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    return true;
}
