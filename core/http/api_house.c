// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What whoever keeps the service looks at: the newest backup, the years whose holidays are known;
// and whether the audit log is still what was written.
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "campus/audit.h"
#include "campus/backup.h"
#include "campus/calendar.h"
#include "campus/fsio.h"
#include "campus/home.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "http/api.h"
#include "http/app_internal.h"

// A file's name is the time at which it was begun, so that the last is the newest.
static enum err backups_json(struct request *rq) {
    struct buf *b = &rq->out;
    const char *home = rq->app->config.home, *dir = fsio_join(rq->arena, home, "backups"), **names,
               *newest = NULL;
    uint8_t key[BACKUP_KEY];
    struct problem none;
    struct stat st;
    int n = 0;
    enum err e = fsio_list(rq->arena, dir, &names, &rq->problem);
    if (e) return e;
    for (; *names; names++) {
        const char *end = strrchr(*names, '.');
        if (end && !strcmp(end, ".campusd")) newest = *names, n++;
    }
    problem_init(&none, rq->arena);
    json_key(b, "backup"), buf_putc(b, '{');
    json_kv_bool(b, "key", !backup_public_key(rq->arena, home, key, &none));
    json_kv_int(b, "count", n);
    if (newest && !stat(fsio_join(rq->arena, dir, newest), &st)) {
        json_kv_str(b, "newest", newest);
        json_kv_time(b, "at", (int64_t)st.st_mtime * 1000);
        json_kv_int(b, "bytes", (int64_t)st.st_size);
    }
    buf_putc(b, '}');
    return ERR_OK;
}

// Without its holidays every weekday of a year counts as working time. Those of the next are
// wanted in December.
static enum err house(struct request *rq) {
    struct buf *b = &rq->out;
    const struct calendar *c = calendar_for(rq->release->calendars, "school");
    int year = atoi(rq->gate.today), month = atoi(rq->gate.today + 5);
    buf_putc(b, '{');
    json_key(b, "calendar"), buf_putc(b, '[');
    for (int y = year; y <= year + 1; y++) {
        json_sep(b), buf_putc(b, '{');
        json_kv_int(b, "year", y);
        json_kv_bool(b, "known", calendar_has_year(c, y));
        json_kv_bool(b, "wanted", y == year || month == 12);
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
    enum err e = backups_json(rq);
    buf_putc(b, '}');
    return e;
}

static enum err verify_log(struct request *rq) {
    const char *home = rq->app->config.home;
    struct buf *b = &rq->out;
    struct problem found;
    uint8_t key[32];
    int64_t rows = 0;
    problem_init(&found, rq->arena);
    enum err e = home_key(rq->arena, home_audit_key(rq->arena, home), key, &rq->problem);
    if (!e)
        e = audit_verify(rq->gate.store.db, key, home_checkpoints(rq->arena, home), &rows, NULL,
                         NULL, &found);
    if (e && e != ERR_CORRUPT) return problem_set(&rq->problem, e, NULL);
    buf_putc(b, '{');
    json_kv_bool(b, "ok", !e);
    json_kv_int(b, "rows", rows);
    json_key(b, "findings"), buf_putc(b, '[');
    for (const struct problem_item *it = found.first; it; it = it->next) {
        json_sep(b), buf_putc(b, '{');
        json_kv_str(b, "code", it->word);
        json_kv_str(b, "detail", it->detail);
        buf_putc(b, '}');
    }
    buf_puts(b, "]}");
    return ERR_OK;
}

static enum err verify(struct request *rq) {
    gate_record(&rq->gate, "audit.verify", "core.audit", "ok", "");
    return request_move(rq, ON_REPORTS, verify_log);
}

const struct route routes_house[] = {
    {"GET", "admin/house", house, .permission = "core.admin"},
    {"POST", "admin/audit/verify", verify, .permission = "core.audit"},
    {0},
};
