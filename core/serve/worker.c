// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A small pool of threads with a bounded queue: rule calls, password hashing, reports.
#include <pthread.h>
#include <stdlib.h>
#include "campus/lane.h"
#include "campus/mem.h"
#include "campus/wake.h"

struct worker {
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct work *first, **tail;
    size_t queued, queue_max;
    bool stop;
    int threads, started;
    pthread_t ids[16];
};

// The first work of the queue, with those behind it that go together with it. Under the mutex.
static struct work *take(struct worker *w) {
    struct work *first = w->first, *last = first;
    w->queued--;
    for (int n = 1; n < WORK_TOGETHER && first->together && last->next; n++) {
        if (last->next->together != first->together) break;
        last = last->next;
        w->queued--;
    }
    w->first = last->next;
    if (!w->first) w->tail = &w->first;
    last->next = NULL;
    return first;
}

static void *worker_main(void *arg) {
    struct worker *w = arg;
    pthread_mutex_lock(&w->mutex);
    int me = w->started++;
    for (;;) {
        while (!w->first && !w->stop) pthread_cond_wait(&w->wake, &w->mutex);
        if (!w->first) break;
        struct work *work = take(w);
        if (w->first) pthread_cond_signal(&w->wake); // one wake may stand for several works
        pthread_mutex_unlock(&w->mutex);
        if (work->next) work->together(work, me), wake_hold();
        for (struct work *next; work; work = next) {
            next = work->next;
            work->run(work, me);
        }
        wake_release();
        pthread_mutex_lock(&w->mutex);
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

struct worker *worker_new(const char *name, int threads, size_t queue_max) {
    struct worker *w = mem_need(sizeof *w);
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->wake, NULL);
    w->tail = &w->first;
    w->queue_max = queue_max;
    w->threads = threads < 16 ? threads : 16;
    for (int i = 0; i < w->threads; i++) {
        if (pthread_create(&w->ids[i], NULL, worker_main, w)) abort();
        pthread_setname_np(w->ids[i], name);
    }
    return w;
}

static void wake_one(void *self) {
    pthread_cond_signal(&((struct worker *)self)->wake);
}

bool worker_submit(struct worker *w, struct work *work) {
    work->next = NULL;
    pthread_mutex_lock(&w->mutex);
    bool room = w->queued < w->queue_max && !w->stop;
    if (room) {
        *w->tail = work;
        w->tail = &work->next;
        w->queued++;
    }
    pthread_mutex_unlock(&w->mutex);
    if (room) wake(wake_one, w);
    return room;
}

void worker_free(struct worker *w) {
    pthread_mutex_lock(&w->mutex);
    w->stop = true;
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->mutex);
    for (int i = 0; i < w->threads; i++) pthread_join(w->ids[i], NULL);
    pthread_mutex_destroy(&w->mutex);
    pthread_cond_destroy(&w->wake);
    mem_free(w);
}
