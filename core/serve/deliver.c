// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The delivery thread. Each round: write down what has ended, ask the sources for their consumers,
// start what is due, read on in the outbox. A consumer's window holds events that are read and not
// settled; its position is the sequence before the first of them, so a crash repeats the window and
// never skips. Of several nodes each reads all and takes the events of its share of the records.
// What fails leaves the window for a row of core_delivery, and later events of the same record
// queue up behind that row: order per record holds, other records go on.
#include "serve/deliver_rows.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "campus/clock.h"
#include "campus/log.h"
#include "campus/mem.h"

enum {
    SOURCES_MAX = 4,
    WINDOW = 128,
    READS_A_ROUND = 8,     // then what has ended is looked at again
    POSITION_LAG = 4096,   // unwanted events after which a position is written
    POSITION_MS = 10000,   // or this long after
    BUNDLE_MS = 4,         // between two rounds that started nothing
    HELD_MS = 50,          // until an event that is not settled yet is looked at again
    ALONE_MS = 500,        // without a consumer no commit wakes the thread
    ROUND_MS = 30000,      // at most this long asleep: the wall clock may have moved
    WRITE_AGAIN_MS = 100,  // after the lane had no room
    DELAY_FIRST_MS = 5000, // of an event, times four each
    PAUSE_FIRST_MS = 1000, // of a consumer that fails on and on, doubled each
    PAUSE_MAX_MS = 300000,
    PURGE_MS = 3600000,
    PURGE_ROWS = 500,
};
#define KEEP_MS (DELIVER_KEEP_DAYS * INT64_C(86400000))
#define DELAY_MAX_MS (INT64_C(24) * 3600 * 1000)

struct deliver {
    struct lane *lane;
    struct db *db;
    struct arena *arena; // of one read
    pthread_t thread;
    pthread_mutex_t mutex; // ended, idle
    pthread_cond_t wake;
    struct delivery *ended, **ended_tail;
    bool idle, held; // held: in this round an event was there that is not settled yet
    _Atomic bool news, stop, waiting; // waiting: a commit shall signal
    _Atomic uint64_t done, failed, dead;
    _Atomic int nconsumers, flying;
    struct deliver_source sources[SOURCES_MAX];
    int nsources;
    // the thread's own
    struct consumer *first, *leaving;
    uint32_t used;                              // the shares that are worked on
    struct delivery *to_write, **to_write_tail; // what has become of these is not in a row yet
    int64_t next_at;                            // when to look again, or 0
    int64_t purged_at, purged;                  // and how many rows it took
};

static void append(struct delivery ***tail, struct delivery *dl) {
    dl->link = NULL;
    **tail = dl;
    *tail = &dl->link;
}

static void look_at(struct deliver *d, int64_t at) {
    if (at && (!d->next_at || at < d->next_at)) d->next_at = at;
}

void deliver_wake(void *self) {
    struct deliver *d = self;
    atomic_store(&d->news, true);
    if (!atomic_load(&d->waiting)) return; // it is awake, or nobody wants events: no lock here
    pthread_mutex_lock(&d->mutex);
    pthread_cond_signal(&d->wake);
    pthread_mutex_unlock(&d->mutex);
}

void deliver_end(struct delivery *dl, enum delivery_end end, int64_t after_s, const char *why) {
    struct deliver *d = dl->consumer->deliver;
    dl->end = end;
    dl->after_s = after_s < 0 ? 0 : after_s > 86400 ? 86400 : after_s;
    size_t n = why ? strlen(why) : 0;
    if (n >= sizeof dl->why) n = sizeof dl->why - 1;
    if (n) memcpy(dl->why, why, n);
    dl->why[n] = 0;
    pthread_mutex_lock(&d->mutex);
    append(&d->ended_tail, dl);
    d->idle = false;
    pthread_cond_signal(&d->wake);
    pthread_mutex_unlock(&d->mutex);
}

// Consumers

static enum err begin_on_lane(struct lane_job *job, struct lane *lane) {
    const struct consumer *c = ((struct lane_call *)job)->arg;
    struct arena *a = arena_new(1 << 16);
    if (!a) return ERR_NOMEM;
    struct problem p;
    problem_init(&p, a);
    enum err e = deliver_begin(lane_db(lane), c->name, &p);
    arena_free(a);
    return e;
}

static enum err go_on(struct deliver *d, struct consumer *c, bool *found, struct problem *p) {
    enum err e = position_read(d->db, c, d->used, found, p);
    if (!e) e = rows_newest(d->db, c->name, &c->rows_until, p);
    c->tail = &c->first;
    c->written = c->cursor;
    c->written_at = clock_now_ms();
    return e;
}

enum err deliver_add(struct deliver *d, struct consumer *c, struct problem *p) {
    bool found = false;
    enum err e = go_on(d, c, &found, p);
    if (!e && !found) {
        e = lane_run(d->lane, begin_on_lane, c);
        if (!e) e = go_on(d, c, &found, p);
        if (!e && !found) e = problem_set(p, ERR_INTERNAL, "%s has no position", c->name);
    }
    if (e) {
        c->drop(c);
        return e;
    }
    c->deliver = d;
    c->next = d->first;
    d->first = c;
    atomic_fetch_add(&d->nconsumers, 1);
    return ERR_OK;
}

static void leave_window(struct consumer *c, struct delivery *dl) {
    struct delivery **at = &c->first;
    while (*at != dl) at = &(*at)->next;
    *at = dl->next;
    if (!*at) c->tail = at;
}

static void free_window(struct consumer *c) {
    for (struct delivery *dl = c->first, *next; dl; dl = next) next = dl->next, mem_free(dl);
    c->first = NULL;
}

static void free_consumer(struct consumer *c) {
    free_window(c);
    c->drop(c);
}

// Those removed stay until what they have under way has come back.
static void settle_leaving(struct deliver *d) {
    for (struct consumer **at = &d->leaving, *c; (c = *at);) {
        if (c->flying) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        free_consumer(c);
    }
}

void deliver_remove(struct deliver *d, struct consumer *c) {
    for (struct consumer **at = &d->first; *at; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            break;
        }
    c->gone = true;
    c->next = d->leaving;
    d->leaving = c;
    atomic_fetch_sub(&d->nconsumers, 1);
}

// What has ended

static int64_t delay_ms(const struct delivery *dl) {
    int64_t ms = DELAY_FIRST_MS;
    for (int i = 1; i < dl->attempt && ms < DELAY_MAX_MS; i++) ms *= 4;
    if (ms < dl->after_s * 1000) ms = dl->after_s * 1000;
    if (ms > DELAY_MAX_MS) ms = DELAY_MAX_MS;
    return ms - ms / 5 + randombytes_uniform((uint32_t)(ms / 5) + 1); // not all at one moment
}

static void count(struct deliver *d, struct consumer *c, struct delivery *dl, int64_t now) {
    if (dl->end == DELIVERY_DONE) {
        c->failures = 0;
        c->pause_until = 0;
        atomic_fetch_add(&d->done, 1);
        return;
    }
    atomic_fetch_add(&d->failed, 1);
    if (dl->end == DELIVERY_FAILED && dl->attempt >= DELIVER_ATTEMPTS) dl->end = DELIVERY_REFUSED;
    if (dl->end == DELIVERY_REFUSED) {
        atomic_fetch_add(&d->dead, 1);
        log_warn("dead_letter", "%s: event %s: %s", c->name, dl->event.id, dl->why);
    } else
        dl->due_at = now + delay_ms(dl);
    if (c->fails_alone || ++c->failures < DELIVER_PAUSE_AFTER) return;
    int64_t ms = PAUSE_FIRST_MS;
    for (int i = DELIVER_PAUSE_AFTER; i < c->failures && ms < PAUSE_MAX_MS; i++) ms *= 2;
    c->pause_until = now + (ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS);
}

static void take_ended(struct deliver *d) {
    pthread_mutex_lock(&d->mutex);
    struct delivery *dl = d->ended, *next;
    d->ended = NULL;
    d->ended_tail = &d->ended;
    pthread_mutex_unlock(&d->mutex);
    int64_t now = clock_now_ms();
    for (; dl; dl = next) {
        next = dl->link;
        struct consumer *c = dl->consumer;
        c->flying--;
        atomic_fetch_sub(&d->flying, 1);
        dl->flying = false;
        if (c->gone) continue;
        if (dl->end == DELIVERY_DROPPED) {
            c->pause_until = now + PAUSE_FIRST_MS;
            if (!dl->stored) continue; // stays in the window, to be sent again
            leave_window(c, dl);
            mem_free(dl);
            continue;
        }
        leave_window(c, dl);
        count(d, c, dl, now);
        c->dirty = true;
        append(&d->to_write_tail, dl);
    }
    settle_leaving(d);
}

// The window's position: whatever is before it is settled or has a row.
static int64_t position(const struct consumer *c) {
    for (const struct delivery *dl = c->first; dl; dl = dl->next)
        if (!dl->stored) return dl->event.seq - 1;
    return c->cursor;
}

static bool is_position_due(const struct consumer *c, int64_t now) {
    int64_t lag = position(c) - c->written;
    return c->dirty || lag > POSITION_LAG || (lag > 0 && now - c->written_at > POSITION_MS);
}

static enum err write_on_lane(struct lane_job *job, struct lane *lane) {
    struct deliver *d = ((struct lane_call *)job)->arg;
    struct db *db = lane_db(lane);
    struct arena *a = arena_new(1 << 20);
    if (!a) return ERR_NOMEM;
    struct problem p;
    problem_init(&p, a);
    int64_t now = clock_now_ms();
    enum err e = ERR_OK;
    for (struct consumer *c = d->first; c && !e; c = c->next) {
        bool there = true;
        if (!is_position_due(c, now)) continue;
        e = position_write(db, c->name, d->used, position(c), &there, &p);
        for (struct delivery *dl = d->to_write; dl && there && !e; dl = dl->link)
            if (dl->consumer == c && db_holds(db, deliver_share(dl->event.record)))
                e = delivery_write(db, dl, now, &p);
    }
    if (e) log_error("deliver", "%s: %s", err_word(e), p.detail ? p.detail : "");
    arena_free(a);
    return e;
}

// False: the lane has no room or the disk is full, so nothing may be started yet: which records are
// behind a failure is not on record.
static bool write_down(struct deliver *d) {
    int64_t now = clock_now_ms();
    bool due = d->to_write != NULL;
    for (struct consumer *c = d->first; c && !due; c = c->next) due = is_position_due(c, now);
    if (!due) return true;
    if (lane_run(d->lane, write_on_lane, d)) return false;
    for (struct consumer *c = d->first; c; c = c->next) {
        if (!is_position_due(c, now)) continue;
        c->written = position(c);
        c->written_at = now;
        c->dirty = false;
    }
    for (struct delivery *dl = d->to_write, *next; dl; dl = next) next = dl->link, mem_free(dl);
    d->to_write = NULL;
    d->to_write_tail = &d->to_write;
    return true;
}

// A node has come or gone: what is under way ends, then the consumers go on in the shares that are
// ours now, from where the others left them. False: not yet.
static bool take_shares(struct deliver *d, struct problem *p) {
    uint32_t held = lane_held(d->lane);
    bool found;
    if (held == d->used) return true;
    if (atomic_load(&d->flying)) return false;
    for (struct consumer *c = d->first; c; c = c->next) c->dirty = true;
    if (!write_down(d)) return false;
    d->used = held;
    lane_use(d->lane, held);
    for (struct consumer *c = d->first; c; c = c->next) {
        free_window(c);
        if (!go_on(d, c, &found, p)) continue;
        d->used = 0; // and all of them once more
        return false;
    }
    return true;
}

// Work for one consumer

struct reading {
    uint32_t used;
    struct consumer *consumer;
    bool failed;
};

static void take_event(void *self, const struct event *e) {
    struct reading *r = self;
    struct consumer *c = r->consumer;
    if (r->failed) return;
    int share = deliver_share(e->record);
    if (r->used >> share & 1 && e->seq > c->since[share] && c->wants(c, e)) {
        struct delivery *dl = delivery_new(c, e, 1);
        if (!dl) {
            r->failed = true;
            return;
        }
        *c->tail = dl;
        c->tail = &dl->next;
    }
    c->cursor = e->seq;
}

static void start(struct deliver *d, struct delivery *dl) {
    dl->flying = true;
    dl->consumer->flying++;
    atomic_fetch_add(&d->flying, 1);
    dl->consumer->send(dl->consumer, dl);
}

static int room(const struct consumer *c, int64_t now) {
    if (c->pause_until > now && c->pause_until <= now + PAUSE_MAX_MS) return 0;
    return (c->failures >= DELIVER_PAUSE_AFTER ? 1 : c->at_once) - c->flying;
}

static const struct delivery *earlier(const struct consumer *c, const struct delivery *dl,
                                      const struct delivery *until) {
    for (const struct delivery *b = c->first; b != until; b = b->next)
        if (b != dl && !strcmp(b->event.record, dl->event.record)) return b;
    return NULL;
}

static enum err retry(struct deliver *d, struct consumer *c, int64_t now, struct problem *p) {
    struct delivery *due;
    int n = room(c, now);
    if (!c->has_rows || n <= 0) return ERR_OK;
    enum err e = rows_due(d->db, c, d->used, now, n + c->flying, &due, p);
    for (struct delivery *dl = due, *next; dl; dl = next) {
        next = dl->next;
        if (e || n <= 0 || earlier(c, dl, NULL)) {
            mem_free(dl); // itself under way, or another one of its record
            continue;
        }
        dl->next = c->first;
        if (!c->first) c->tail = &dl->next;
        c->first = dl;
        start(d, dl);
        n--;
    }
    return e;
}

// Starts what stands in the window; what is behind a row goes behind that row.
static enum err start_window(struct deliver *d, struct consumer *c, int64_t now,
                             struct problem *p) {
    int n = room(c, now);
    for (struct delivery *dl = c->first, *next; dl && n > 0; dl = next) {
        next = dl->next;
        bool wait = false, have = false;
        if (dl->flying || earlier(c, dl, dl)) continue;
        // a position is before the first event that is not settled: after a restart some behind it
        // have rows already
        enum err e = ERR_OK;
        if (dl->event.seq <= c->rows_until) e = rows_have(d->db, c->name, dl->event.seq, &have, p);
        if (!e && c->has_rows && !have) e = rows_wait_for(d->db, c->name, &dl->event, &wait, p);
        if (e) return e;
        if (have) {
            leave_window(c, dl);
            mem_free(dl);
            continue;
        }
        if (wait) {
            leave_window(c, dl);
            dl->end = DELIVERY_PARKED;
            c->dirty = true;
            append(&d->to_write_tail, dl);
        } else
            start(d, dl), n--;
    }
    return ERR_OK;
}

static enum err work(struct deliver *d, struct consumer *c, struct problem *p) {
    int64_t now = clock_now_ms(), next;
    enum err e = rows_next(d->db, c->name, now, &c->has_rows, &next, p);
    if (!e) e = retry(d, c, now, p);
    for (int reads = 0; !e; reads++) {
        e = start_window(d, c, now, p);
        int held = 0, n = 0;
        for (const struct delivery *dl = c->first; dl; dl = dl->next) held++;
        if (e || room(c, now) <= 0 || held >= WINDOW) break;
        if (reads == READS_A_ROUND) {
            atomic_store(&d->news, true);
            break;
        }
        struct reading r = {d->used, c, false};
        arena_reset(d->arena);
        bool later = false; // others write: it is offered when they have ended
        e = outbox_read(d->db, c->cursor, WINDOW - held, d->arena, take_event, &r, &n, &later, p);
        if (later) look_at(d, now + HELD_MS);
        d->held = d->held || later;
        if (!e && r.failed) e = problem_set(p, ERR_NOMEM, NULL);
        if (!n) break;
    }
    if (c->pause_until > now) look_at(d, c->pause_until);
    look_at(d, next);
    if (position(c) > c->written) look_at(d, now + POSITION_MS);
    return e;
}

static enum err purge_on_lane(struct lane_job *job, struct lane *lane) {
    struct deliver *d = ((struct lane_call *)job)->arg;
    struct arena *a = arena_new(1 << 16);
    if (!a) return ERR_NOMEM;
    struct problem p;
    problem_init(&p, a);
    enum err e = deliver_purge(lane_db(lane), clock_now_ms() - KEEP_MS, PURGE_ROWS, &d->purged, &p);
    arena_free(a);
    return e;
}

static void purge(struct deliver *d) {
    int64_t now = clock_now_ms();
    if (d->purged < PURGE_ROWS && llabs(now - d->purged_at) < PURGE_MS) return;
    d->purged = 0;
    d->purged_at = now;
    if (lane_run(d->lane, purge_on_lane, d)) log_warn("deliver", "old events could not be purged");
    if (d->purged == PURGE_ROWS) look_at(d, now + WRITE_AGAIN_MS);
}

static void round_of(struct deliver *d) {
    struct problem p;
    d->next_at = 0;
    d->held = false;
    take_ended(d);
    if (!write_down(d)) {
        d->next_at = clock_now_ms() + WRITE_AGAIN_MS;
        return;
    }
    struct arena *a = arena_new(1 << 20);
    if (!a) return;
    problem_init(&p, a);
    bool ours = take_shares(d, &p);
    if (!ours && !atomic_load(&d->flying)) look_at(d, clock_now_ms() + WRITE_AGAIN_MS);
    for (int i = 0; i < d->nsources; i++) {
        problem_init(&p, a);
        if (d->sources[i].refresh(d->sources[i].self, d, d->db, &p))
            log_error("deliver", "consumers: %s", p.detail ? p.detail : err_word(p.code));
    }
    for (struct consumer *c = d->first; c && ours && d->used; c = c->next) {
        problem_init(&p, a);
        if (!work(d, c, &p)) continue;
        log_error("deliver", "%s: %s", c->name, p.detail ? p.detail : err_word(p.code));
        look_at(d, clock_now_ms() + WRITE_AGAIN_MS);
    }
    arena_free(a);
    settle_leaving(d);
    if (!write_down(d)) d->next_at = clock_now_ms() + WRITE_AGAIN_MS;
    purge(d);
}

static void sleep_until_work(struct deliver *d) {
    bool alone = !d->first;
    int64_t ms = alone ? ALONE_MS : ROUND_MS, now = clock_now_ms();
    if (d->next_at && d->next_at - now < ms) ms = d->next_at > now ? d->next_at - now : 0;
    struct timespec until = clock_in_ms(ms);
    bool queued = false;
    for (const struct consumer *c = d->first; c; c = c->next) queued = queued || c->first;
    pthread_mutex_lock(&d->mutex);
    atomic_store(&d->waiting, !alone);
    if (!d->ended && !atomic_load(&d->news) && !d->to_write && !queued && !d->held) d->idle = true;
    while (!d->ended && !atomic_load(&d->stop) && (alone || !atomic_load(&d->news)))
        if (pthread_cond_timedwait(&d->wake, &d->mutex, &until)) break;
    atomic_store(&d->waiting, false);
    d->idle = false;
    pthread_mutex_unlock(&d->mutex);
}

static void *deliver_main(void *arg) {
    struct deliver *d = arg;
    while (!atomic_load(&d->stop)) {
        atomic_store(&d->news, false);
        round_of(d);
        db_let_snapshot(d->db);
        // commits that nobody wants anything of come in bundles
        if (!atomic_load(&d->flying))
            nanosleep(&(struct timespec){.tv_nsec = BUNDLE_MS * 1000000}, NULL);
        sleep_until_work(d);
    }
    return NULL;
}

enum err deliver_open(const char *storage, struct lane *lane, const struct deliver_source *sources,
                      int nsources, struct deliver **out, struct problem *p) {
    struct deliver *d = mem_need(sizeof *d);
    *d = (struct deliver){.lane = lane, .nsources = nsources};
    if (nsources > SOURCES_MAX) abort();
    for (int i = 0; i < nsources; i++) d->sources[i] = sources[i];
    d->ended_tail = &d->ended;
    d->to_write_tail = &d->to_write;
    d->arena = arena_new(4 << 20);
    if (!d->arena) abort();
    pthread_mutex_init(&d->mutex, NULL);
    clock_cond_init(&d->wake);
    enum err e = db_open(storage, DB_READ, &d->db, p);
    if (!e) e = db_keep_snapshot(d->db, p);
    if (!e && pthread_create(&d->thread, NULL, deliver_main, d))
        e = problem_set(p, ERR_INTERNAL, "cannot start event delivery");
    if (e) {
        db_close(d->db);
        arena_free(d->arena);
        mem_free(d);
        return e;
    }
    *out = d;
    return ERR_OK;
}

void deliver_close(struct deliver *d) {
    if (!d) return;
    atomic_store(&d->stop, true);
    pthread_mutex_lock(&d->mutex);
    pthread_cond_signal(&d->wake);
    pthread_mutex_unlock(&d->mutex);
    pthread_join(d->thread, NULL);
    for (int i = 0; i < d->nsources; i++)
        if (d->sources[i].stop) d->sources[i].stop(d->sources[i].self);
    take_ended(d);
    if (!write_down(d)) log_warn("deliver", "the last deliveries will be repeated");
    for (struct delivery *dl = d->to_write, *next; dl; dl = next) next = dl->link, mem_free(dl);
    for (struct consumer *c = d->first, *next; c; c = next) next = c->next, free_consumer(c);
    settle_leaving(d);
    db_close(d->db);
    pthread_mutex_destroy(&d->mutex);
    pthread_cond_destroy(&d->wake);
    arena_free(d->arena);
    mem_free(d);
}

bool deliver_is_idle(struct deliver *d) {
    pthread_mutex_lock(&d->mutex);
    bool idle = d->idle && !atomic_load(&d->news) && !atomic_load(&d->flying);
    pthread_mutex_unlock(&d->mutex);
    return idle;
}

void deliver_stats(struct deliver *d, struct deliver_stats *out) {
    *out = (struct deliver_stats){atomic_load(&d->done), atomic_load(&d->failed),
                                  atomic_load(&d->dead), atomic_load(&d->nconsumers),
                                  atomic_load(&d->flying)};
}
