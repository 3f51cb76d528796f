// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Reads that came in together. Half of what a read costs where the database is across a socket is
// waking the other side and being woken: an HTTP thread that has found several requests asks for
// all their records at once, then answers one after the other.
#include "http/app_internal.h"

enum err request_ask(struct request *rq, const char *sql, const char *argument, handler *step) {
    if (!db_asks(rq->gate.store.db)) return step(rq);
    rq->question = (struct db_question){sql, argument};
    return request_move(rq, ON_HTTP, step);
}

void gather_add(struct request *rq) {
    struct session_slot *s = &rq->app->http_sessions[rq->http->thread];
    rq->work.next = NULL;
    *(s->gathered ? s->gathered_end : &s->gathered) = &rq->work;
    s->gathered_end = &rq->work.next;
}

void gather_run(struct app *app, int thread) {
    struct session_slot *s = &app->http_sessions[thread];
    while (s->gathered) {
        struct db_question asks[DB_ASK_MAX];
        struct work *w = s->gathered, *next;
        int n = 0;
        for (next = w; next && n < DB_ASK_MAX; next = next->next)
            asks[n++] = request_of(next)->question;
        s->gathered = next;
        if (n > 1) db_ask(s->db, asks, n);
        for (struct work *after; w != next; w = after) {
            after = w->next; // the request is gone once it is answered
            w->run(w, thread);
        }
        db_ask_no_more(s->db);
    }
}
