// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A zip archive (PKWARE APPNOTE 6.3) written in one pass: sizes follow their data, so nothing is
// kept but the directory. Parts are few and below 4 GiB.
#ifndef HOST_ZIP_WRITE_H
#define HOST_ZIP_WRITE_H

#include <zlib.h>
#include "campus/buf.h"

enum { ZIP_WRITE_PARTS = 16 };
struct zip_write {
    z_stream z;
    struct {
        const char *name; // borrowed
        uint32_t crc, packed, size, at;
    } parts[ZIP_WRITE_PARTS];
    int n;
    uint64_t written; // of the archive
    bool failed, ready;
};
bool zip_write_init(struct zip_write *w);
void zip_write_fini(struct zip_write *w);
void zip_write_begin(struct zip_write *w, const char *name, struct buf *out);
void zip_write_data(struct zip_write *w, const void *p, size_t n, struct buf *out);
void zip_write_end(struct zip_write *w, struct buf *out);
void zip_write_part(struct zip_write *w, const char *name, const void *p, size_t n,
                    struct buf *out);
void zip_write_finish(struct zip_write *w, struct buf *out); // the directory

#endif
