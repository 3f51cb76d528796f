// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A small pool of threads with a bounded queue: rule calls, password hashing, reports.
#include <pthread.h>
#include <stdlib.h>
#include "campus/lane.h"
#include "campus/mem.h"

struct worker {
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct work *first, **tail;
    size_t queued, queue_max;
    bool stop;
    int threads, started;
    pthread_t ids[16];
};

static void *worker_main(void *arg) {
    struct worker *w = arg;
    pthread_mutex_lock(&w->mutex);
    int me = w->started++;
    for (;;) {
        while (!w->first && !w->stop) pthread_cond_wait(&w->wake, &w->mutex);
        struct work *work = w->first;
        if (!work) break;
        w->first = work->next;
        if (!w->first) w->tail = &w->first;
        w->queued--;
        pthread_mutex_unlock(&w->mutex);
        work->run(work, me);
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

bool worker_submit(struct worker *w, struct work *work) {
    work->next = NULL;
    pthread_mutex_lock(&w->mutex);
    bool room = w->queued < w->queue_max && !w->stop;
    if (room) {
        *w->tail = work;
        w->tail = &work->next;
        w->queued++;
        pthread_cond_signal(&w->wake);
    }
    pthread_mutex_unlock(&w->mutex);
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
