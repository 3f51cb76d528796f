// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The converters of a child, one a kind. All run inside the jail; prepare runs before it.
#ifndef HOST_CONVERT_INTERNAL_H
#define HOST_CONVERT_INTERNAL_H

#include <jansson.h>
#include "campus/buf.h"
#include "campus/convert.h"
#include "campus/err.h"

enum { CONVERT_OUT = 256 << 10 }; // a converter that has this much to give gives it first

struct converter {
    // NULL after saying why in p; options are borrowed for as long as the converter lives.
    void *(*open)(const json_t *options, struct problem *p);
    enum err (*feed)(void *self, const char *p, size_t n, struct buf *out, struct problem *problem);
    // Asked again until *done: at most about CONVERT_OUT each time.
    enum err (*end)(void *self, struct buf *out, bool *done, struct problem *problem);
    void (*close)(void *self);
};
extern const struct converter sheet_read, sheet_write, text_read, draw_documents;
void text_read_prepare(void); // loads what glibc needs for it

// An item in both languages; ERR_INVALID.
enum err convert_refuse(struct problem *p, const char *word, const char *zh, const char *fmt, ...)
    PRINTF(4, 5);
int convert_child_main(int fd, size_t memory, bool weak, bool draws);

#endif
