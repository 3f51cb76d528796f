// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Delivery of events out of the outbox to consumers: at least once, in order per record, retried
// with growing delays, then a dead letter. A consumer's position lives in the database, so a crash
// repeats and never skips. It knows neither HTTP nor plugins: sources bring the consumers.
#ifndef CAMPUS_DELIVER_H
#define CAMPUS_DELIVER_H

#include "campus/lane.h"
#include "campus/outbox.h"

enum {
    DELIVER_AT_ONCE_MAX = 32,
    DELIVER_KEEP_DAYS = 14, // that events stay in the outbox, for streams that resume
    DELIVER_ATTEMPTS = 10,  // then the event is a dead letter, some three days after the first
    DELIVER_PAUSE_AFTER = 5 // failures in a row, after which one at a time is tried
};

extern const char deliver_ddl[];
struct deliver;
struct consumer;
struct delivery {
    struct consumer *consumer;    // borrowed
    struct event event;           // its texts live as long as the delivery
    int attempt;                  // from 1
    struct delivery *next, *link; // deliver's own, as is all below: window; ended or to be written
    int64_t due_at, after_s;
    bool stored, flying;
    enum delivery_end {
        DELIVERY_DONE,
        DELIVERY_FAILED,  // try again later
        DELIVERY_REFUSED, // never again: a dead letter
        DELIVERY_DROPPED, // not tried: as if it had not been sent
        DELIVERY_PARKED   // deliver's own: waits behind an earlier one of its record
    } end;
    char why[160];
};
struct consumer {
    const char *name; // its position is kept under it: "webhook:ID". Set by the source, as is:
    int at_once;      // deliveries under way at one time, 1..DELIVER_AT_ONCE_MAX
    bool fails_alone; // a failure says nothing of other events: there is no pause after many
    bool (*wants)(struct consumer *c, const struct event *e);
    // Deliver thread; must not block. Is followed by one deliver_end, perhaps before it returns.
    void (*send)(struct consumer *c, struct delivery *d);
    void (*drop)(struct consumer *c); // nothing refers to it any more: free it
    struct deliver *deliver;          // deliver's own, as is all below
    struct consumer *next;
    struct delivery *first, **tail; // the window: under way, and what is read to come next
    int64_t cursor, rows_until, written, written_at, pause_until;
    int64_t since[DB_SHARES]; // events up to there are settled, whoever settled them
    int flying, failures;
    bool gone, dirty, has_rows;
};
// Where consumers come from.
struct deliver_source {
    void *self;
    // Deliver thread, before it looks for work: adds what is new, removes what is not any more.
    // Must be cheap when nothing has changed.
    enum err (*refresh)(void *self, struct deliver *d, struct db *db, struct problem *p);
    void (*stop)(void *self); // ends all that is under way before it returns; may be NULL
};

// Starts the thread with a reading session of its own. Sources are copied. Owned; close it before
// the lane.
MUST_CHECK enum err deliver_open(const char *storage, struct lane *lane,
                                 const struct deliver_source *sources, int nsources,
                                 struct deliver **out, struct problem *p);
void deliver_close(struct deliver *d);
void deliver_wake(void *d); // for lane_on_commit; any thread
// Within refresh. A consumer whose name has no position yet starts with what comes from now on.
MUST_CHECK enum err deliver_add(struct deliver *d, struct consumer *c, struct problem *p); // taken
void deliver_remove(struct deliver *d, struct consumer *c);
// Any thread, once a delivery. after_s: not before that many seconds (0: as usual). why: a short
// reason without secrets, or NULL.
void deliver_end(struct delivery *dl, enum delivery_end end, int64_t after_s, const char *why);
// Nothing under way, nothing new: for tests, and for draining.
bool deliver_is_idle(struct deliver *d);
struct deliver_stats {
    uint64_t done, failed, dead;
    int consumers, flying;
};
void deliver_stats(struct deliver *d, struct deliver_stats *out);

// Which of DB_SHARES shares of the records it belongs to: a hash of its id.
int deliver_share(const char *record);
// Lane thread. Gives a consumer the position from which it starts: now.
MUST_CHECK enum err deliver_begin(struct db *db, const char *consumer, struct problem *p);
// Forgets position, waiting events and dead letters of a consumer.
MUST_CHECK enum err deliver_forget(struct db *db, const char *consumer, struct problem *p);
// {"items":[{"id","consumer","seq","event","type","record","attempts","died_at","error"}]}: id is
// CONSUMER:SEQ; newest
// first. consumer: "" for all.
MUST_CHECK enum err deliver_dead_json(struct db *db, const char *consumer, int limit,
                                      struct buf *out, struct problem *p);
// Lane thread. Tries a dead letter (seq 0: all of the consumer) again from the first attempt, or
// drops it. ERR_NOT_FOUND when there is none.
MUST_CHECK enum err deliver_replay(struct db *db, const char *consumer, int64_t seq, int64_t now,
                                   int64_t *n, struct problem *p);
MUST_CHECK enum err deliver_discard(struct db *db, const char *consumer, int64_t seq, int64_t *n,
                                    struct problem *p);
// Lane thread. Deletes, of the oldest `limit` events, those older than `before` that every consumer
// has had. The delivery thread does it every hour.
MUST_CHECK enum err deliver_purge(struct db *db, int64_t before, int limit, int64_t *n,
                                  struct problem *p);

#endif
