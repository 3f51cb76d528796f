// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Messages as rows: queued in the transaction of what they tell of, sealed under the key of whom
// they concern, with what has become of them. serve/post.c sends them; the gate decides and logs.
#ifndef CAMPUS_MESSAGE_H
#define CAMPUS_MESSAGE_H

#include "campus/config.h"
#include "campus/store.h"

extern const char message_ddl[];
#define MESSAGE_CORE "core.messages" // the owner of those about no record

struct message {
    const char *id;                                                        // set by message_add
    const char *plugin, *name, *entity, *record, *owner, *actor, *request; // entity "": no record
    int channel;
    const char *target;       // what it was addressed by: "phone", "officer", "role:x", or ""
    const char *dropped;      // why it is not to be sent, or NULL
    const char *to;           // address; "" for a group
    const char *title, *text; // sealed with it
    int64_t at, release;
};
// Whether any was queued since it was last asked: whether to wake who sends.
bool message_has_news(void);
// Lane.
MUST_CHECK enum err message_add(struct store *s, struct message *m);
// How many went, or wait to go, to this owner since then.
MUST_CHECK enum err message_count(struct db *db, const char *owner, const char *plugin,
                                  const char *name, int64_t since, int64_t *n, struct problem *p);
// Nothing of the owner's can be opened any more: what waits is dropped.
MUST_CHECK enum err message_erase(struct db *db, const char *owner, struct problem *p);

// Sending. What waits in a channel and is due, the oldest first; opened in the store's arena.
struct message_due {
    const char *id;
    int attempts;
    bool gone; // the subject was erased
    const char *to, *title, *text;
};
MUST_CHECK enum err message_due(struct store *s, int channel, int64_t now, int limit,
                                struct message_due *out, int *n);
// When the next one of any channel is due after now, or 0.
MUST_CHECK enum err message_next(struct db *db, int64_t now, int64_t *at, struct problem *p);
// Lane. batch: what was sent together counts as one message of the channel.
MUST_CHECK enum err message_sent(struct db *db, const char *id, const char *batch, int64_t now,
                                 struct problem *p);
MUST_CHECK enum err message_failed(struct db *db, const char *id, bool for_good, int64_t due_at,
                                   const char *reason, struct problem *p);
MUST_CHECK enum err message_drop(struct db *db, const char *id, const char *reason,
                                 struct problem *p);
// Nothing of the channel before that moment.
MUST_CHECK enum err message_hold(struct db *db, int channel, int64_t until, struct problem *p);
// How many messages left the channel since then, and when the first of them did.
MUST_CHECK enum err message_rate(struct db *db, int channel, int64_t since, int64_t *n,
                                 int64_t *first, struct problem *p);

// Reading. record: "" for all. {"items":[…]}, newest first.
MUST_CHECK enum err message_list_json(struct db *db, const char *record, const char *state,
                                      const char *channel, int limit, struct buf *out,
                                      struct problem *p);
// Lane. One that failed (id "": all of the channel, "" of all) is queued anew; ERR_NOT_FOUND.
MUST_CHECK enum err message_retry(struct db *db, const char *id, const char *channel, int64_t now,
                                  int64_t *n, struct problem *p);

// Topics that a subject does not want to hear of.
MUST_CHECK enum err optout_set(struct db *db, const char *owner, const char *topic, bool out,
                               const char *by, int64_t now, struct problem *p);
MUST_CHECK enum err optout_has(struct db *db, const char *owner, const char *topic, bool *out,
                               struct problem *p);
// Addresses of people who work here, sealed under their own keys. address NULL: forget it.
MUST_CHECK enum err contact_set(struct store *s, const char *person, int channel,
                                const char *address, int64_t now);
MUST_CHECK enum err contact_get(struct store *s, const char *person, int channel,
                                const char **address); // NULL when there is none

#endif
