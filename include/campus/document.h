// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Documents: what is issued for a record, under a number that is given in the transaction that
// issues it, so that none is skipped or given twice. A document is kept as what it says, sealed
// under the key of whom it concerns, and drawn from that; it does not change when its record does.
#ifndef CAMPUS_DOCUMENT_H
#define CAMPUS_DOCUMENT_H

#include "campus/gate.h"

const struct document_decl *document_find(const struct plugin *pl, const char *name);

struct document_draft {
    const struct document_decl *decl;
    const char *record, *purpose;
    enum lang lang;
    int64_t rev; // of the record that was read
    json_t *data;
    bool looks; // shows sealed fields
};
// Reads what the document shows, as the actor may see it in the clear: a reveal where a field is
// sealed, which needs a purpose. ERR_FORBIDDEN with an item for each field that is hidden,
// ERR_CONFLICT in a state in which it is not issued.
MUST_CHECK enum err document_read(struct gate *g, struct document_draft *d);
// What goes to the child that draws: JSON, without the mode. number NULL: a sample of one.
void document_text(struct gate *g, const struct document_draft *d, const char *number,
                   const char *id, const char *watermark, struct buf *out);
// On the lane. replaces: the id of the one that this one takes the place of, or NULL. out gets the
// document's row as JSON, text what is to be drawn (may be NULL). *stale: the record has changed
// since it was read, or so: read again; ERR_CONFLICT then.
MUST_CHECK enum err document_issue(struct gate *g, const struct document_draft *d,
                                   const char *replaces, struct buf *out, struct buf *text,
                                   bool *stale);
// {"items":[…]} of a record's documents of the kinds that the actor may issue.
MUST_CHECK enum err document_list(struct gate *g, const struct entity *e, const char *id,
                                  struct buf *out);
// One document, by its id or its number: its row as JSON (row), and, where text is given, what is
// to be drawn, which is a look where it shows sealed fields. ERR_NOT_FOUND, noted, when it is
// absent or not for the actor.
MUST_CHECK enum err document_open(struct gate *g, const char *id, const char *purpose,
                                  struct buf *row, struct buf *text, bool *zh);
// The record that a document in force was issued for. ERR_NOT_FOUND as above; ERR_CONFLICT when it
// is void or replaced.
MUST_CHECK enum err document_holder(struct gate *g, const char *id, const struct entity **entity,
                                    const char **record);
// On the lane: it is no longer in force.
MUST_CHECK enum err document_void(struct gate *g, const char *id, const char *reason,
                                  struct buf *out);

#endif
