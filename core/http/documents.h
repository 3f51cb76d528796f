// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Documents through the child that draws: shared by single ones and by the batch.
#ifndef HTTP_DOCUMENTS_H
#define HTTP_DOCUMENTS_H

#include "campus/convert.h"
#include "campus/document.h"
#include "http/route.h"

struct artist { // one child and what it gave last
    struct convert *convert;
    struct buf got;
    enum err (*take)(void *self, const char *p, size_t n); // instead, once set
    void *self;
};
// merged: the title of a PDF of all that will be collected, or NULL. Blocks, as all of these.
MUST_CHECK enum err artist_open(struct app *app, struct arena *a, bool zh, const char *merged,
                                struct artist *out, struct problem *p);
// mode: "check", "collect", "draw". ERR_INVALID with an item when the document cannot be drawn.
// Of "draw" pdf and html are what came out, until the next call.
MUST_CHECK enum err artist_feed(struct artist *a, const struct buf *text, const char *mode,
                                struct buf *pdf, struct buf *html, struct problem *p);
void artist_close(struct artist *a); // closing twice is fine

handler documents_batch; // POST {}/{}/documents/{}

#endif
