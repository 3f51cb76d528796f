// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Key slots, rotation, erasure, backups, and unlocking the vault. While it is locked there is no
// lane, no pool and no session: unlocking runs on the HTTP thread, one attempt at a time.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "campus/backup.h"
#include "campus/erase.h"
#include "campus/home.h"
#include "campus/jobs.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "campus/rotate.h"
#include "http/api.h"
#include "http/app_internal.h"

enum { FREE_TRIES = 5, WAIT_MAX_S = 300, SOURCES = 64, SECRET_MAX_BYTES = 1024 };
struct slot_change {
    enum keyslot_kind kind;
    const char *label, *secret;
    char code[KEYRING_RECOVERY];
    int id;
};

static enum err kind_of(struct request *rq, const char *kind, enum keyslot_kind *out) {
    if (!strcmp(kind, "passphrase"))
        *out = KEYSLOT_PASSPHRASE;
    else if (!strcmp(kind, "recovery"))
        *out = KEYSLOT_RECOVERY;
    else
        return problem_add(&rq->problem, ERR_INVALID, "/kind", "choice",
                           "must be one of passphrase, recovery");
    return ERR_OK;
}

enum err keys_list(struct request *rq) {
    struct keyring *k = app_keyring(rq->app);
    buf_putc(&rq->out, '{');
    json_kv_int(&rq->out, "version", keyring_version(k));
    json_kv_int(&rq->out, "oldest", keyring_oldest(k)); // below it: a rotation is under way
    json_key(&rq->out, "slots");
    keyring_slots_json(k, &rq->out);
    buf_putc(&rq->out, '}');
    return ERR_OK;
}

// What was refused must not open anything.
static void take_back(struct request *rq) {
    struct slot_change *c = rq->state;
    if (keyring_remove_slot(app_keyring(rq->app), c->id, NULL))
        log_error("slot_stays", "slot %d could not be taken back", c->id);
}

static enum err store_slot(struct request *rq) {
    struct slot_change *c = rq->state;
    struct keyring *k = app_keyring(rq->app);
    enum err e = home_keys_ours(rq->gate.store.db, &rq->problem);
    if (!e) e = home_keyring_store(rq->gate.store.db, k, &rq->problem);
    if (e) return e;
    gate_record(&rq->gate, "key.slot.add", arena_printf(rq->arena, "core.keys/slot/%d", c->id),
                "ok", "");
    rq->status = 201;
    buf_putc(&rq->out, '{');
    json_kv_int(&rq->out, "id", c->id);
    if (c->kind == KEYSLOT_RECOVERY) json_kv_str(&rq->out, "recovery_code", c->code);
    buf_putc(&rq->out, '}');
    return ERR_OK;
}

static enum err make_slot(struct request *rq) {
    struct slot_change *c = rq->state;
    struct keyring *k = app_keyring(rq->app);
    enum err e = c->kind == KEYSLOT_RECOVERY
                     ? keyring_add_recovery(k, c->code, &c->id, &rq->problem)
                     : keyring_add_slot(k, c->kind, c->label ? c->label : "passphrase", c->secret,
                                        strlen(c->secret), &c->id, &rq->problem);
    if (e) return e;
    rq->undo = take_back;
    return request_move(rq, ON_LANE, store_slot);
}

enum err keys_add(struct request *rq) {
    struct slot_change *c = rq->state = arena_alloc(rq->arena, sizeof *c);
    const char *kind;
    const json_t *body;
    enum err e = api_body(rq, "kind label secret", &body);
    if (!e) e = api_text(rq, body, "kind", 16, true, &kind);
    if (!e) e = kind_of(rq, kind, &c->kind);
    if (!e) e = api_text(rq, body, "label", 60, false, &c->label);
    if (!e)
        e = api_text(rq, body, "secret", SECRET_MAX_BYTES, c->kind == KEYSLOT_PASSPHRASE,
                     &c->secret);
    if (!e && c->kind == KEYSLOT_PASSPHRASE && strlen(c->secret) < 12)
        e = problem_add(&rq->problem, ERR_INVALID, "/secret", "too_short",
                        "at least 12 characters");
    return e ? e : request_move(rq, ON_HASHING, make_slot);
}

enum err keys_drop(struct request *rq) {
    struct keyring *k = app_keyring(rq->app);
    char *end;
    long id = strtol(rq->path[3], &end, 10);
    if (*end || id < 0 || id > 1000000) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    enum err e = home_keys_ours(rq->gate.store.db, &rq->problem);
    if (!e) e = keyring_remove_slot(k, (int)id, &rq->problem);
    if (!e) e = home_keyring_store(rq->gate.store.db, k, &rq->problem);
    if (e) return e;
    gate_record(&rq->gate, "key.slot.drop", arena_printf(rq->arena, "core.keys/slot/%ld", id), "ok",
                "");
    return api_no_content(rq);
}

// Rotation and erasure

enum err keys_rotate(struct request *rq) {
    struct app *app = rq->app;
    enum err e = home_keys_ours(rq->gate.store.db, &rq->problem);
    if (e) return e;
    struct job *job = job_new("key.rotate", rq->gate.actor->id, rq->gate.now);
    if (!job) return problem_set(&rq->problem, ERR_NOMEM, NULL);
    char id[37];
    memcpy(id, job->id, sizeof id);
    rotate_prepare(job, app->lane, app->keyring, true);
    e = jobs_start(app->jobs, rq->gate.store.db, job, &rq->problem);
    if (e) {
        job_drop(job);
        return e;
    }
    gate_record(&rq->gate, "key.rotate", "core.keys", "ok", "");
    return api_job(rq, id);
}

struct erasing {
    struct erasure what;
    const char *because;
    int64_t records;
};

// The person is erased by now; what is left is to write it down and to empty the log.
static enum err settle(struct request *rq) {
    struct erasing *x = rq->state;
    struct app *app = rq->app;
    enum err e = erase_settle(app->lane, app->keyring, app->config.home, &x->what, &rq->problem);
    if (e && e != ERR_UNAVAILABLE) return e;
    buf_putc(&rq->out, '{');
    json_kv_str(&rq->out, "subject", x->what.subject);
    json_kv_int(&rq->out, "records", x->records);
    json_kv_bool(&rq->out, "log_emptied", !e); // else as soon as a long reader has gone
    buf_putc(&rq->out, '}');
    return ERR_OK;
}

static enum err erase(struct request *rq) {
    struct erasing *x = rq->state;
    struct gate *g = &rq->gate;
    x->what.actor = g->actor->id;
    enum err e = store_subject(&g->store, x->what.subject, &x->what.subject);
    if (!e) e = erase_subject(&g->store, rq->release->schema, &x->what, &x->records);
    if (e) return e;
    struct audit_row row = {.at = g->now,
                            .actor = g->actor->id,
                            .client = g->client,
                            .action = "key.erase",
                            .object =
                                arena_printf(rq->arena, "core.keys/subject/%s", x->what.subject),
                            .outcome = "ok",
                            .release = g->release->number,
                            .purpose = x->because,
                            .request = g->request,
                            .subjects = &x->what.subject,
                            .nsubjects = 1};
    audit_add(g->audit, &row);
    return request_move(rq, ON_REPORTS, settle);
}

enum err keys_erase(struct request *rq) {
    struct erasing *x = rq->state = arena_alloc(rq->arena, sizeof *x);
    const json_t *body;
    enum err e = api_body(rq, "subject because", &body);
    if (!e) e = api_text(rq, body, "subject", 64, true, &x->what.subject);
    if (!e) e = api_text(rq, body, "because", 200, false, &x->because);
    if (!e && strpbrk(x->what.subject, " \t"))
        e = problem_add(&rq->problem, ERR_INVALID, "/subject", "pattern", "an id has no spaces");
    x->what.at = rq->gate.now;
    x->what.release = rq->release->number;
    x->what.request = rq->gate.request;
    return e ? e : request_move(rq, ON_LANE, erase);
}

// Backups, sealed to a key that this machine has only the public half of.

struct backing_up {
    const struct config *config;
    uint8_t key[BACKUP_KEY];
    const char *to;
};

static bool backed_up(void *self, int64_t bytes) {
    struct job *job = self;
    job->done = bytes;
    return !job->cancelled;
}

static enum err run_backup(struct job *job, struct buf *result, struct problem *p) {
    const struct backing_up *b = job->self;
    struct backup_seen seen;
    enum err e = backup_create(b->config, b->key, b->to, backed_up, job, &seen, p);
    if (e) return e;
    job->total = job->done;
    buf_putc(result, '{');
    json_kv_str(result, "file", strrchr(b->to, '/') + 1);
    json_kv_int(result, "files", seen.files);
    json_kv_int(result, "bytes", seen.bytes);
    json_key(result, "backup"), buf_puts(result, seen.head);
    buf_putc(result, '}');
    return backup_expire(job->arena, b->config->home, job->at, p);
}

enum err backups_add(struct request *rq) {
    struct app *app = rq->app;
    struct job *job = job_new("backup", rq->gate.actor->id, rq->gate.now);
    if (!job) return problem_set(&rq->problem, ERR_NOMEM, NULL);
    char id[37];
    memcpy(id, job->id, sizeof id);
    struct backing_up *b = job->self = arena_alloc(job->arena, sizeof *b);
    b->config = &app->config;
    b->to = backup_name(job->arena, app->config.home, job->at);
    job->run = run_backup;
    enum err e = backup_public_key(job->arena, app->config.home, b->key, &rq->problem);
    if (!e) e = jobs_start(app->jobs, rq->gate.store.db, job, &rq->problem);
    if (e) {
        job_drop(job);
        return e;
    }
    gate_record(&rq->gate, "backup", "core.backup", "ok", "");
    return api_job(rq, id);
}

// Unlocking

static pthread_mutex_t unlocking = PTHREAD_MUTEX_INITIALIZER;
static struct source {
    char client[64];
    int failures;
    int64_t until_ns, at_ns;
} sources[SOURCES]; // under the mutex

// Each source waits for itself, so that a stranger cannot keep the operator out for long.
static struct source *source_of(const char *client) {
    struct source *oldest = &sources[0];
    for (int i = 0; i < SOURCES; i++) {
        if (!strcmp(sources[i].client, client)) return &sources[i];
        if (sources[i].at_ns < oldest->at_ns) oldest = &sources[i];
    }
    *oldest = (struct source){0};
    snprintf(oldest->client, sizeof oldest->client, "%s", client);
    return oldest;
}

static void count_failure(struct source *s) {
    int64_t now = clock_mono_ns();
    s->at_ns = now;
    int over = ++s->failures - FREE_TRIES;
    int64_t wait = over <= 0 ? 0 : over > 8 ? WAIT_MAX_S : INT64_C(1) << over;
    s->until_ns = now + wait * 1000000000;
}

static enum err open_vault(struct request *rq, const char *kind, const char *secret,
                           struct source *s) {
    enum keyslot_kind k = KEYSLOT_PASSPHRASE;
    int64_t wait_ns = s->until_ns - clock_mono_ns();
    if (app_is_ready(rq->app)) return problem_set(&rq->problem, ERR_CONFLICT, "already unlocked");
    if (wait_ns > 0) {
        rq->retry_s = (int)(wait_ns / 1000000000) + 1;
        return problem_set(&rq->problem, ERR_RATE, "too many failed attempts; wait and try again");
    }
    enum err e = kind_of(rq, kind, &k);
    if (e) return e;
    e = keyring_unlock(app_keyring(rq->app), k, secret, strlen(secret), &rq->problem);
    if (e == ERR_FORBIDDEN || e == ERR_INVALID) count_failure(s);
    if (!e) e = app_unlocked(rq->app, &rq->problem);
    if (!e) s->failures = 0;
    return e;
}

// What the request could not have before: a release, and somebody to put on record.
static void on_record(struct request *rq) {
    const char *auth = http_header(rq->http, "Authorization"), *os = NULL;
    if (auth && !strncasecmp(auth, "Bearer ", 7)) os = control_actor(rq->app, auth + 7, rq->arena);
    struct actor *by = arena_alloc(rq->arena, sizeof *by);
    *by = (struct actor){.id = os ? os : "", .name = os ? os : "", .session = ""};
    rq->gate.actor = by;
    rq->release = release_get();
    rq->gate.release = rq->release;
    gate_record(&rq->gate, "key.unlock", "core.keys", "ok", "");
}

enum err keys_unlock(struct request *rq) {
    const char *kind, *secret;
    const json_t *body;
    enum err e = api_body(rq, "kind secret", &body);
    if (!e) e = api_text(rq, body, "kind", 16, true, &kind);
    if (!e) e = api_text(rq, body, "secret", SECRET_MAX_BYTES, true, &secret);
    if (e) return e;
    pthread_mutex_lock(&unlocking);
    e = open_vault(rq, kind, secret, source_of(rq->http->client));
    pthread_mutex_unlock(&unlocking);
    if (e) return e;
    on_record(rq);
    buf_puts(&rq->out, "{\"unlocked\":true}");
    return ERR_OK;
}
