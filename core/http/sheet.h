// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Answers as .xlsx: CSV in pieces goes in, a converter draws the sheet into an unlinked file, which
// becomes the answer. Blocks: from a worker.
#ifndef HTTP_SHEET_H
#define HTTP_SHEET_H

#include "campus/convert.h"
#include "http/route.h"

struct sheet {
    struct convert *convert;
    int fd;
    uint64_t n;
};
// What the columns of this entity are called and hold, in the caller's language.
const char *sheet_options(struct request *rq, const struct entity *e, const char *mark);
const char *sheet_report_options(struct request *rq, const struct report_decl *rep);
// Released with the request. options as in campus/convert.h.
MUST_CHECK enum err sheet_open(struct request *rq, const char *options, struct sheet **out);
MUST_CHECK enum err sheet_feed(void *self, const char *p, size_t n);
MUST_CHECK enum err sheet_close(struct sheet *s); // after the last piece
// "attachment" under this name; fd >= 0 (taken, n bytes) or what stands in rq->out.
void sheet_answer(struct request *rq, const char *name, const char *format, int fd, uint64_t n);

#endif
