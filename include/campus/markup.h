// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The small part of HTML that documents are written in: headings, paragraphs, bold, italic, breaks,
// tables, a QR code, the place of the seal, page breaks, a header and a footer. Nothing else
// passes.
#ifndef CAMPUS_MARKUP_H
#define CAMPUS_MARKUP_H

#include <stdbool.h>
#include <stddef.h>

enum markup_tag {
    MARKUP_H1,
    MARKUP_H2,
    MARKUP_H3,
    MARKUP_P,
    MARKUP_B,
    MARKUP_I,
    MARKUP_BR,
    MARKUP_HR,
    MARKUP_TABLE,
    MARKUP_TR,
    MARKUP_TD,
    MARKUP_QR,
    MARKUP_SEAL,
    MARKUP_PAGE,
    MARKUP_HEADER,
    MARKUP_FOOTER,
    MARKUP_TAGS
};
enum markup_kind { MARKUP_TEXT, MARKUP_OPEN, MARKUP_CLOSE, MARKUP_EMPTY, MARKUP_END, MARKUP_WRONG };
enum markup_align { ALIGN_NONE, ALIGN_LEFT, ALIGN_CENTER, ALIGN_RIGHT, ALIGN_JUSTIFY };
struct markup_token {
    enum markup_kind kind;
    enum markup_tag tag;
    const char *p; // of the input: a text with its entities, or where a tag begins
    size_t n;
    enum markup_align align;
    int width;         // percent of a cell, millimetres of a QR code or a seal; 0: not said
    int indent;        // of a paragraph, in characters; -1: not said
    bool bare;         // a table without lines
    const char *wrong; // a word of what is wrong: "tag", "attribute", "entity"
};
// Takes the next token off *at. At a `{{` it stops, as at the end: the template's own.
struct markup_token markup_next(const char **at, const char *end);
const char *markup_name(enum markup_tag tag);
bool markup_is_empty(enum markup_tag tag); // has no content: <br/>
// Whether `inner` may stand directly in `outer` (MARKUP_TAGS: the document itself). Text may stand
// where bold may.
bool markup_may_hold(enum markup_tag outer, enum markup_tag inner);

#endif
