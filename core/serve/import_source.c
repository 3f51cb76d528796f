// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Where the rows of an import come from. What is no CSV in UTF-8 is converted by a jailed child
// into an unlinked file; either way the whole text has been read once before the first row counts,
// so that a file which breaks off in the middle leaves nothing half-written.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "campus/convert.h"
#include "campus/mem.h"
#include "serve/import_internal.h"

static ssize_t read_at(const struct import_source *s, size_t at, char *block, size_t n) {
    if (s->fd < 0) {
        if (at >= s->n) return 0;
        if (n > s->n - at) n = s->n - at;
        memcpy(block, s->text + at, n);
        return (ssize_t)n;
    }
    ssize_t got;
    do got = pread(s->fd, block, n, (off_t)at);
    while (got < 0 && errno == EINTR);
    return got;
}

enum err import_source_read(const struct import_source *s, csv_row *row, void *self,
                            struct problem *p) {
    char *block = mem_alloc(IMPORT_READ_BYTES);
    struct csv *csv = csv_new(row, self);
    enum err e = ERR_OK;
    if (!block || !csv) {
        csv_free(csv);
        mem_free(block);
        return problem_set(p, ERR_NOMEM, NULL);
    }
    csv_delimiter(csv, s->delimiter);
    for (size_t at = 0; !e;) {
        ssize_t got = read_at(s, at, block, IMPORT_READ_BYTES);
        if (got < 0) e = problem_set(p, ERR_IO, "the upload cannot be read: %s", strerror(errno));
        if (got <= 0) break;
        e = csv_feed(csv, block, (size_t)got, p);
        at += (size_t)got;
    }
    if (!e) e = csv_end(csv, p);
    csv_free(csv);
    mem_free(block);
    return e;
}

static enum err spool(void *self, const char *p, size_t n) {
    const struct import_source *s = self;
    for (size_t at = 0; at < n;) {
        ssize_t put = write(s->fd, p + at, n - at);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
        at += (size_t)put;
    }
    return ERR_OK;
}

static enum err convert(const struct import *im, const struct import_source *from,
                        enum convert_kind kind, const char *options, struct import_source *to,
                        struct problem *p) {
    *to = (struct import_source){
        .own_fd = true, .numbered = kind == CONVERT_SHEET_READ, .delimiter = ','};
    to->fd = open(im->spool, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (to->fd < 0) return problem_set(p, ERR_IO, "no temporary file: %s", strerror(errno));
    const struct convert_task task = {kind, options, im->weak_jail, spool, to};
    struct convert *c = NULL;
    char *block = mem_alloc(IMPORT_READ_BYTES);
    if (!block) return problem_set(p, ERR_NOMEM, NULL);
    enum err e = convert_open(&task, &c, p);
    for (size_t at = 0; !e;) {
        ssize_t got = read_at(from, at, block, IMPORT_READ_BYTES);
        if (got < 0) e = problem_set(p, ERR_IO, "the upload cannot be read: %s", strerror(errno));
        if (got <= 0) break;
        e = convert_feed(c, block, (size_t)got);
        at += (size_t)got;
    }
    if (!e) e = convert_end(c);
    convert_close(c);
    mem_free(block);
    return e ? problem_set(p, e, NULL) : e;
}

static enum err count_row(void *self, int64_t line, const struct csv_cell *cells, int n) {
    (void)line, (void)cells, (void)n;
    ++*(int64_t *)self;
    return ERR_OK;
}

// Cells divided by TAB: what Excel calls Unicode text, and what is pasted from a sheet.
static char delimiter_of(const struct import_source *s) {
    char head[4096];
    ssize_t got = read_at(s, 0, head, sizeof head);
    size_t line = 0, tabs = 0, commas = 0;
    for (; got > 0 && line < (size_t)got && head[line] != '\n'; line++) {
        tabs += head[line] == '\t';
        commas += head[line] == ',';
    }
    explicit_bzero(head, sizeof head); // the first row may be a person's
    return tabs && !commas ? '\t' : ',';
}

static bool is_in_another_encoding(const struct problem *p) {
    return p->first && !strcmp(p->first->word, "not_utf8");
}

enum err import_source_open(const struct import *im, int fd, const char *text, size_t n,
                            struct import_source *out, struct problem *p) {
    const struct import_source given = {.fd = fd, .text = text, .n = n, .delimiter = ','};
    uint8_t head[4] = {0};
    struct buf options;
    read_at(&given, 0, (char *)head, sizeof head);
    buf_init(&options, p->arena);
    buf_putc(&options, '{');
    if (im->sheet) json_kv_str(&options, "sheet", im->sheet);
    buf_putc(&options, '}');
    *out = given;
    if (!memcmp(head, "PK\3\4", 4) || !memcmp(head, "\xd0\xcf\x11\xe0", 4)) {
        enum err e = convert(im, &given, CONVERT_SHEET_READ, buf_str(&options), out, p);
        return e ? e : import_source_read(out, count_row, &out->rows, p);
    }
    bool utf16 = (head[0] == 0xff && head[1] == 0xfe) || (head[0] == 0xfe && head[1] == 0xff);
    out->delimiter = delimiter_of(out);
    if (!utf16) {
        enum err e = import_source_read(out, count_row, &out->rows, p);
        if (!e || !is_in_another_encoding(p)) return e;
        problem_init(p, p->arena);
    }
    out->rows = 0;
    enum err e = convert(im, &given, CONVERT_TEXT_READ,
                         utf16 ? "{\"from\":\"UTF-16\"}" : "{\"from\":\"GB18030\"}", out, p);
    out->delimiter = e ? ',' : delimiter_of(out);
    return e ? e : import_source_read(out, count_row, &out->rows, p);
}

void import_source_close(struct import_source *s) {
    if (s->own_fd && s->fd >= 0) close(s->fd);
    s->own_fd = false;
}
