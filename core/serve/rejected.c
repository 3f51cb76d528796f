// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Rows that an import did not take, until they are fetched and mended. They hold what people typed,
// personal data included: in the database they are sealed.
#include <sodium.h>
#include <stdio.h>
#include "campus/clock.h"
#include "campus/import.h"
#include "campus/keyring.h"
#include "campus/mem.h"
#include "campus/seal.h"

const char rejected_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_rejected(job TEXT NOT NULL, part BIGINT NOT NULL,"
    " at BIGINT NOT NULL, rows {bytes} NOT NULL, PRIMARY KEY(job, part));"
    "CREATE INDEX IF NOT EXISTS core_rejected_at ON core_rejected(at);";

enum { PART = 256 << 10 };
static const int64_t KEPT_MS = INT64_C(7) * 24 * 3600 * 1000;

struct part {
    const char *job;
    int64_t number, now;
    const uint8_t *blob;
    size_t n;
    struct problem *p;
};

static struct seal_name name_of(const char *school, const char *job, const char *number) {
    return (struct seal_name){
        .school = school, .entity = "core_rejected", .record = job, .field = number, .type = "csv"};
}

static enum err put(struct lane_job *job, struct lane *lane) {
    const struct part *part = ((struct lane_call *)job)->arg;
    struct db *db = lane_db(lane);
    enum err e = part->number ? ERR_OK
                              : db_run(db, part->p, NULL, "DELETE FROM core_rejected WHERE at<$1",
                                       "i", part->now - KEPT_MS);
    return e ? e
             : db_run(db, part->p, NULL,
                      "INSERT INTO core_rejected(job,part,at,rows) VALUES($1,$2,$3,$4)", "tiib",
                      part->job, part->number, part->now, part->blob, part->n);
}

enum err rejected_keep(const struct import *im, const char *job, struct problem *p) {
    const struct buf *b = &im->rejected;
    struct part part = {.job = job, .now = clock_now_ms(), .p = p};
    uint8_t key[SEAL_KEY], *blob = mem_alloc(seal_size(PART));
    enum err e = blob && !b->failed ? keyring_derive(im->keyring, "rejected", key) : ERR_NOMEM;
    for (size_t at = 0; at < b->len && !e; at += PART, part.number++) {
        size_t n = b->len - at < PART ? b->len - at : PART;
        char number[24];
        snprintf(number, sizeof number, "%lld", (long long)part.number);
        struct seal_name name = name_of(im->release->school, job, number);
        part.blob = blob;
        part.n = seal_size(n);
        e = seal_value(key, 1, &name, b->data + at, n, blob);
        if (!e) do
                e = lane_run(im->lane, put, &part);
            while (e == ERR_RATE);
    }
    sodium_memzero(key, sizeof key);
    mem_free(blob);
    return e ? problem_set(p, e, NULL) : e;
}

enum err rejected_read(struct db *db, struct keyring *keyring, const char *school, const char *job,
                       enum err (*write)(void *self, const char *p, size_t n), void *self,
                       struct problem *p) {
    uint8_t key[SEAL_KEY];
    struct stmt *st =
        db_query(db, p, "SELECT part,rows FROM core_rejected WHERE job=$1 ORDER BY part", "t", job);
    struct arena *a = arena_new(4 << 20);
    bool any = false;
    enum err e = a ? keyring_derive(keyring, "rejected", key) : ERR_NOMEM;
    while (stmt_next(st, &e, p)) {
        size_t blob_n, n;
        char *text, number[24];
        snprintf(number, sizeof number, "%lld", (long long)stmt_int(st, 0));
        struct seal_name name = name_of(school, job, number);
        const void *blob = stmt_blob(st, 1, &blob_n);
        arena_reset(a);
        any = true;
        e = seal_open(key, &name, blob, blob_n, a, &text, &n);
        if (!e) e = write(self, text, n);
    }
    sodium_memzero(key, sizeof key);
    arena_free(a);
    return e ? problem_set(p, e, NULL) : any ? ERR_OK : problem_set(p, ERR_NOT_FOUND, NULL);
}
