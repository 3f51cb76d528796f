// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Zip, forwards only.
#include "host/zip_write.h"

#include <string.h>

enum { DEFLATED = 8, FLAGS = 0x0808, VERSION = 20, DOS_DATE = 0x5a21 }; // 2025-01-01: no clock here

bool zip_write_init(struct zip_write *w) {
    memset(w, 0, sizeof *w);
    w->ready = deflateInit2(&w->z, 5, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    return w->ready;
}

void zip_write_fini(struct zip_write *w) {
    if (w->ready) deflateEnd(&w->z);
    w->ready = false;
}

static void put(struct zip_write *w, struct buf *out, uint32_t v, int bytes) {
    for (int i = 0; i < bytes; i++) buf_putc(out, (char)(v >> (8 * i)));
    w->written += (uint64_t)bytes;
}

static void put_text(struct zip_write *w, struct buf *out, const char *s) {
    buf_puts(out, s);
    w->written += strlen(s);
}

void zip_write_begin(struct zip_write *w, const char *name, struct buf *out) {
    if (w->n == ZIP_WRITE_PARTS || w->written > UINT32_MAX) {
        w->failed = true;
        return;
    }
    w->parts[w->n].name = name;
    w->parts[w->n].at = (uint32_t)w->written;
    w->n++;
    deflateReset(&w->z);
    put(w, out, 0x04034b50, 4), put(w, out, VERSION, 2), put(w, out, FLAGS, 2);
    put(w, out, DEFLATED, 2), put(w, out, 0, 2), put(w, out, DOS_DATE, 2);
    put(w, out, 0, 4), put(w, out, 0, 4), put(w, out, 0, 4); // they follow the data
    put(w, out, (uint32_t)strlen(name), 2), put(w, out, 0, 2);
    put_text(w, out, name);
}

static void pack(struct zip_write *w, const void *p, size_t n, int how, struct buf *out) {
    w->z.next_in = (Bytef *)p;
    w->z.avail_in = (uInt)n;
    do {
        if (!buf_reserve(out, 64 << 10)) {
            w->failed = true;
            return;
        }
        w->z.next_out = (Bytef *)out->data + out->len;
        w->z.avail_out = 64 << 10;
        if (deflate(&w->z, how) == Z_STREAM_ERROR) w->failed = true;
        size_t got = (64 << 10) - w->z.avail_out;
        out->len += got;
        w->written += got;
        w->parts[w->n - 1].packed += (uint32_t)got;
    } while (!w->z.avail_out && !w->failed);
}

void zip_write_data(struct zip_write *w, const void *p, size_t n, struct buf *out) {
    if (w->failed || !n) return;
    w->parts[w->n - 1].crc = (uint32_t)crc32_z(w->parts[w->n - 1].crc, p, n);
    if ((uint64_t)w->parts[w->n - 1].size + n > UINT32_MAX) w->failed = true;
    w->parts[w->n - 1].size += (uint32_t)n;
    pack(w, p, n, Z_NO_FLUSH, out);
}

void zip_write_end(struct zip_write *w, struct buf *out) {
    if (w->failed) return;
    pack(w, NULL, 0, Z_FINISH, out);
    put(w, out, 0x08074b50, 4), put(w, out, w->parts[w->n - 1].crc, 4);
    put(w, out, w->parts[w->n - 1].packed, 4), put(w, out, w->parts[w->n - 1].size, 4);
}

void zip_write_part(struct zip_write *w, const char *name, const void *p, size_t n,
                    struct buf *out) {
    zip_write_begin(w, name, out);
    zip_write_data(w, p, n, out);
    zip_write_end(w, out);
}

void zip_write_finish(struct zip_write *w, struct buf *out) {
    uint64_t from = w->written;
    for (int i = 0; i < w->n; i++) {
        put(w, out, 0x02014b50, 4), put(w, out, VERSION, 2), put(w, out, VERSION, 2);
        put(w, out, FLAGS, 2), put(w, out, DEFLATED, 2), put(w, out, 0, 2);
        put(w, out, DOS_DATE, 2), put(w, out, w->parts[i].crc, 4);
        put(w, out, w->parts[i].packed, 4), put(w, out, w->parts[i].size, 4);
        put(w, out, (uint32_t)strlen(w->parts[i].name), 2);
        put(w, out, 0, 4), put(w, out, 0, 4), put(w, out, 0, 4); // extra, comment, disk, attributes
        put(w, out, w->parts[i].at, 4);
        put_text(w, out, w->parts[i].name);
    }
    uint64_t size = w->written - from;
    put(w, out, 0x06054b50, 4), put(w, out, 0, 4);
    put(w, out, (uint32_t)w->n, 2), put(w, out, (uint32_t)w->n, 2);
    put(w, out, (uint32_t)size, 4), put(w, out, (uint32_t)from, 4), put(w, out, 0, 2);
    if (w->written > UINT32_MAX) w->failed = true;
}
