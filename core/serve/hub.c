// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The hub of event streams.
#include "campus/hub.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/limits.h"
#include "campus/log.h"
#include "campus/mem.h"

enum {
    BATCH = 256,          // events of one read
    HEARTBEAT_MS = 15000, // so that proxies keep the connection
    LOOK_MS = 1000,       // for rights that have changed
    BEHIND_MS = 20,       // until one whose buffer was full is offered more
    LAGGARD_MS = 10000,   // without taking anything
};

struct hub {
    struct db *db;
    char school[64];
    pthread_t thread;
    pthread_mutex_t mutex; // the list, the session, and every callback
    struct subscriber *_Atomic first;
    int count;
    int64_t last;         // newest sequence that was offered to those who keep up
    pthread_mutex_t bell; // never held for long: the lane rings it
    pthread_cond_t wake;
    bool news;
    _Atomic bool stop;
};

static void give_up(struct subscriber *s, const char *farewell) {
    if (s->ended) return;
    if (farewell) s->send(s, farewell, strlen(farewell));
    s->ended = true;
    s->end(s);
}

// An event as it is sent, made once for all.
struct news {
    struct news *next;
    struct event event;
    struct buf text;
};
struct reading {
    struct hub *hub;
    struct arena *arena;
    struct news *first, **tail;
};

static void take(void *self, const struct event *e) {
    struct reading *r = self;
    struct news *n = arena_alloc(r->arena, sizeof *n);
    n->event = *e;
    buf_init(&n->text, r->arena);
    buf_printf(&n->text, "id: %lld\nevent: %s\ndata: ", (long long)e->seq, e->type);
    outbox_cloudevent(e, r->hub->school, &n->text);
    buf_puts(&n->text, "\n\n");
    *r->tail = n;
    r->tail = &n->next;
}

static const struct news *read_after(struct hub *h, int64_t after, struct arena *a) {
    struct problem p;
    struct reading r = {.hub = h, .arena = a, .tail = &r.first};
    int n;
    arena_reset(a);
    problem_init(&p, a);
    if (!outbox_read(h->db, after, BATCH, a, take, &r, &n, NULL, &p)) return r.first;
    log_error("hub", "%s", p.detail ? p.detail : err_word(p.code));
    return NULL;
}

// Stops where the buffer is full: the rest is read again for this one later.
static void offer(struct hub *h, struct subscriber *s, const struct news *n, int64_t now) {
    for (; n && !s->ended; n = n->next) {
        if (n->event.seq <= s->after) continue; // it came while these were on their way
        if (s->may_see(s, h->db, &n->event) && !s->send(s, n->text.data, n->text.len)) {
            if (!s->stuck_since) s->stuck_since = now;
            if (now - s->stuck_since >= LAGGARD_MS) give_up(s, "event: reset\ndata: {}\n\n");
            return;
        }
        s->stuck_since = 0;
        s->after = n->event.seq;
    }
}

// Returns after how many ms to come again unless news come first; 0: at once.
static int round_of(struct hub *h, struct arena *a, bool heart) {
    int64_t now = clock_mono_ns() / 1000000, last = h->last;
    bool behind = false, more = false;
    for (struct subscriber *s = h->first; s; s = s->next)
        if (!s->ended && s->is_stale(s))
            give_up(s, "event: bye\ndata: {\"reason\":\"rights_changed\"}\n\n");
    const struct news *news = read_after(h, last, a);
    for (const struct news *n = news; n; n = n->next) h->last = n->event.seq;
    more = news != NULL;
    for (struct subscriber *s = h->first; news && s; s = s->next)
        if (!s->ended && s->after >= last) offer(h, s, news, now);
    for (struct subscriber *s = h->first; s; s = s->next) {
        if (s->ended) continue;
        if (s->after < h->last) {
            int64_t before = s->after;
            offer(h, s, read_after(h, s->after, a), now);
            behind = true;
            more = more || s->after > before;
        } else if (heart && !s->send(s, ": \n\n", 4))
            give_up(s, NULL);
    }
    return more ? 0 : behind ? BEHIND_MS : LOOK_MS;
}

// Waits for the bell; false when it is over.
static bool wait_for_news(struct hub *h, int ms) {
    struct timespec until = clock_in_ms(ms);
    pthread_mutex_lock(&h->bell);
    while (!h->news && !h->stop) {
        if (!h->first)
            pthread_cond_wait(&h->wake, &h->bell);
        else if (pthread_cond_timedwait(&h->wake, &h->bell, &until))
            break;
    }
    h->news = false;
    pthread_mutex_unlock(&h->bell);
    return !h->stop;
}

static void *hub_main(void *arg) {
    struct hub *h = arg;
    struct arena *a = arena_new(8 << 20);
    if (!a) abort();
    int64_t beat = clock_now_ms();
    for (int ms = 0; wait_for_news(h, ms);) {
        int64_t now = clock_now_ms();
        bool heart = llabs(now - beat) >= HEARTBEAT_MS;
        if (heart) beat = now;
        pthread_mutex_lock(&h->mutex);
        ms = round_of(h, a, heart);
        pthread_mutex_unlock(&h->mutex);
    }
    pthread_mutex_lock(&h->mutex);
    for (struct subscriber *s = h->first; s; s = s->next) give_up(s, NULL);
    pthread_mutex_unlock(&h->mutex);
    arena_free(a);
    return NULL;
}

static void ring(struct hub *h) {
    pthread_mutex_lock(&h->bell);
    h->news = true;
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->bell);
}

enum err hub_open(const char *storage, const char *school, struct hub **out, struct problem *p) {
    struct hub *h = mem_need(sizeof *h);
    enum err e = db_open(storage, DB_READ, &h->db, p);
    if (e) {
        mem_free(h);
        return e;
    }
    size_t n = strlen(school);
    memcpy(h->school, school, n < sizeof h->school ? n : sizeof h->school - 1);
    pthread_mutex_init(&h->mutex, NULL);
    pthread_mutex_init(&h->bell, NULL);
    clock_cond_init(&h->wake);
    if (pthread_create(&h->thread, NULL, hub_main, h)) {
        db_close(h->db);
        mem_free(h);
        return problem_set(p, ERR_INTERNAL, "cannot start the event hub");
    }
    *out = h;
    return ERR_OK;
}

void hub_stop(struct hub *h) {
    bool first = !atomic_exchange(&h->stop, true);
    ring(h);
    if (first) pthread_join(h->thread, NULL);
}

void hub_close(struct hub *h) {
    if (!h) return;
    hub_stop(h);
    db_close(h->db);
    pthread_mutex_destroy(&h->mutex);
    pthread_mutex_destroy(&h->bell);
    pthread_cond_destroy(&h->wake);
    mem_free(h);
}

void hub_wake(void *self) {
    struct hub *h = self;
    if (h->first) ring(h); // with nobody listening there is no lock on the lane
}

enum err hub_add(struct hub *h, struct subscriber *s, int64_t after) {
    struct arena *a = arena_new(1 << 16);
    struct problem p;
    int64_t oldest = 0, newest = 0;
    if (!a) return ERR_NOMEM;
    problem_init(&p, a);
    pthread_mutex_lock(&h->mutex);
    enum err e = h->count >= LIMIT_STREAMS || h->stop ? ERR_UNAVAILABLE : ERR_OK;
    if (!e) e = db_int(h->db, &p, &oldest, 0, "SELECT min(seq) FROM core_outbox", "");
    if (!e) e = outbox_newest(h->db, &newest, &p);
    if (!e) {
        static const char reset[] = "event: reset\ndata: {}\n\n";
        bool gap = after >= 0 && (after + 1 < oldest || after > newest);
        s->after = after < 0 || gap ? newest : after;
        if (gap) s->send(s, reset, sizeof reset - 1);
        s->ended = false;
        s->stuck_since = 0;
        if (!h->first) h->last = newest;
        s->next = h->first;
        h->first = s;
        h->count++;
    }
    pthread_mutex_unlock(&h->mutex);
    if (!e) ring(h);
    arena_free(a);
    return e;
}

void hub_remove(struct hub *h, struct subscriber *s) {
    pthread_mutex_lock(&h->mutex);
    struct subscriber *before = h->first;
    while (before && before != s && before->next != s) before = before->next;
    if (before && before == s)
        h->first = s->next;
    else if (before)
        before->next = s->next;
    h->count -= before != NULL;
    pthread_mutex_unlock(&h->mutex);
}
