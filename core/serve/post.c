// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The thread that decides what goes when. Of each channel one handful is under way at a time: as
// many as a minute has left, or, to a group, all that waits as one message. What has become of a
// handful is written by the lane before the next is taken, so nothing goes twice but over a crash.
#include "campus/post.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "campus/clock.h"
#include "campus/fsio.h"
#include "campus/id.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "serve/post_internal.h"

const char post_ddl[] = "CREATE TABLE IF NOT EXISTS core_message_secret(channel TEXT PRIMARY KEY,"
                        " secrets {bytes} NOT NULL){clustered};";

enum {
    AT_ONCE = 8, // to one channel
    ROUND_MS = 30000,
    AGAIN_MS = 200,
    MINUTE_MS = 60000,
    DELAY_FIRST_MS = 10000, // times four each
    DELAY_MAX_MS = 6 * 3600 * 1000
};
struct post {
    struct post_config config;
    struct courier *courier;
    struct db *db;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct parcel *ended;
    bool news, stop;
    // the thread's own
    int flying[CHANNELS];
    struct parcel *to_write;
    int64_t next_at;
};

static void look_at(struct post *p, int64_t at) {
    if (at && (!p->next_at || at < p->next_at)) p->next_at = at;
}

void post_wake(struct post *p) {
    pthread_mutex_lock(&p->mutex);
    p->news = true;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->mutex);
}

// Secrets

static struct seal_name name_of(const char *school, const char *channel) {
    return (struct seal_name){school, "core_message", channel, "secrets", "json", 0};
}

static bool is_secret(const json_t *v) {
    const char *s = json_string_value(v);
    if (!v) return true;
    for (const char *c = s; c && *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127) return false;
    return s && strlen(s) <= POST_SECRET_MAX;
}

enum err post_secret_set(struct db *db, struct keyring *k, const char *school, const char *channel,
                         const json_t *body, struct problem *p) {
    uint8_t key[32];
    struct buf b;
    const json_t *token = json_object_get(body, "token"), *secret = json_object_get(body, "secret");
    int c = 0;
    while (c < CHANNELS && strcmp(message_channels[c], channel)) c++;
    if (c == CHANNELS) return problem_set(p, ERR_NOT_FOUND, NULL);
    if (json_object_size(body) != (size_t) !!token + (size_t) !!secret || !is_secret(token) ||
        !is_secret(secret))
        return problem_set(p, ERR_INVALID, "{\"token\",\"secret\"}: texts of at most %d bytes",
                           POST_SECRET_MAX);
    buf_init(&b, p->arena);
    json_dom(&b, body);
    struct seal_name name = name_of(school, channel);
    uint8_t *blob = arena_alloc(p->arena, seal_size(b.len));
    enum err e = keyring_derive(k, "message", key);
    if (!e) e = seal_value(key, 1, &name, b.data, b.len, blob);
    sodium_memzero(key, sizeof key);
    size_t n = seal_size(b.len);
    sodium_memzero(b.data, b.len);
    return e ? problem_set(p, e, NULL)
             : db_run(db, p, NULL,
                      "INSERT INTO core_message_secret(channel,secrets) VALUES($1,$2)"
                      " ON CONFLICT(channel) DO UPDATE SET secrets=excluded.secrets",
                      "tb", channel, blob, n);
}

static enum err take_keys(struct db *db, struct keyring *k, const char *school, int channel,
                          struct post_keys *out, struct problem *p) {
    uint8_t key[32];
    struct stmt *st = db_query(db, p, "SELECT secrets FROM core_message_secret WHERE channel=$1",
                               "t", message_channels[channel]);
    enum err e = ERR_OK;
    if (!stmt_next(st, &e, p)) return e;
    size_t n;
    const void *b = stmt_blob(st, 0, &n);
    const uint8_t *blob = (const uint8_t *)arena_strndup(p->arena, b, n);
    stmt_reset(st);
    struct seal_name name = name_of(school, message_channels[channel]);
    char *text = NULL;
    json_t *j = NULL;
    e = keyring_derive(k, "message", key);
    if (!e) e = seal_open(key, &name, blob, n, p->arena, &text, &n);
    sodium_memzero(key, sizeof key);
    if (!e) e = json_parse(p->arena, text, n, &j, p);
    if (e) return problem_set(p, e, "the secrets of %s do not open", message_channels[channel]);
    const char *token = json_string_value(json_object_get(j, "token")),
               *secret = json_string_value(json_object_get(j, "secret"));
    snprintf(out->token, sizeof out->token, "%s", token ? token : "");
    snprintf(out->secret, sizeof out->secret, "%s", secret ? secret : "");
    sodium_memzero(text, n);
    return ERR_OK;
}

enum err post_channels_json(struct db *db, const struct config *c, struct buf *out,
                            struct problem *p) {
    buf_puts(out, "{\"items\":[");
    for (int i = 0; i < CHANNELS; i++) {
        const struct channel_config *ch = &c->messages.channel[i];
        int64_t have = 0;
        enum err e = db_int(db, p, &have, 0, "SELECT 1 FROM core_message_secret WHERE channel=$1",
                            "t", message_channels[i]);
        if (e) return e;
        json_sep(out), buf_putc(out, '{');
        json_kv_str(out, "channel", message_channels[i]);
        json_kv_str(out, "driver",
                    ch->file  ? "file"
                    : ch->url ? i == CHANNEL_MAIL ? "smtp" : "http"
                              : NULL);
        json_kv_bool(out, "has_secret", have != 0);
        json_kv_int(out, "per_minute", ch->per_minute);
        buf_putc(out, '}');
    }
    buf_puts(out, "]}");
    return ERR_OK;
}

// Parcels

static void free_parcel(struct parcel *p) {
    struct arena *a = p->arena;
    sodium_memzero(&p->keys, sizeof p->keys);
    sodium_memzero(p->errand.answer, sizeof p->errand.answer);
    mem_free(p);
    arena_free(a);
}

static void ended(struct parcel *p) {
    struct post *post = p->post;
    sodium_memzero(&p->keys, sizeof p->keys);
    pthread_mutex_lock(&post->mutex);
    if (p->outcome == OUTCOME_UNTRIED && !post->stop) { // no libcurl, no memory: not at once again
        p->outcome = OUTCOME_LATER;
        snprintf(p->why, sizeof p->why, "it cannot be sent from here");
    }
    p->next = post->ended;
    post->ended = p;
    pthread_cond_signal(&post->wake);
    pthread_mutex_unlock(&post->mutex);
}

static void done(struct errand *e, bool tried, bool answered, long status, int64_t after_s,
                 const char *why) {
    struct parcel *p = (struct parcel *)e;
    p->outcome = OUTCOME_UNTRIED;
    if (tried) way_judge(p, answered, status, after_s, why);
    ended(p);
}

static void into_file(struct parcel *p) {
    char day[16];
    struct problem quiet;
    const struct config *c = p->post->config.config;
    time_t now = (time_t)(clock_now_ms() / 1000);
    struct tm utc;
    problem_init(&quiet, p->arena);
    gmtime_r(&now, &utc);
    strftime(day, sizeof day, "%Y%m%d", &utc);
    const char *folder = fsio_join(p->arena, c->home, "messages");
    const char *path = arena_printf(p->arena, "%s/%s-%s.%s", folder, day, p->messages[0].id,
                                    p->channel == CHANNEL_MAIL ? "eml" : "txt");
    bool good = !fsio_mkdirs(folder, 0700, &quiet) &&
                !fsio_write(path, p->body.data, p->body.len, 0600, &quiet);
    p->outcome = good ? OUTCOME_SENT : OUTCOME_LATER;
    if (!good) snprintf(p->why, sizeof p->why, "the file cannot be written");
    ended(p);
}

// What is due of a channel, as one parcel; n: of how many messages at most. *more: others wait.
static struct parcel *pack(struct post *post, int channel, int64_t now, struct problem *p) {
    const struct config *c = post->config.config;
    struct arena *a = arena_new(1 << 20);
    struct parcel *parcel = a ? mem_alloc(sizeof *parcel) : NULL;
    if (!parcel) {
        arena_free(a);
        problem_set(p, ERR_NOMEM, NULL);
        return NULL;
    }
    parcel->errand = (struct errand){.prepare = way_prepare, .done = done};
    parcel->post = post;
    parcel->arena = a;
    parcel->channel = channel;
    parcel->config = &c->messages.channel[channel];
    struct store s = {post->db, post->config.keyring, a, c->school.id, p};
    int n = 0, most = channel_is_group(channel) ? POST_TOGETHER : AT_ONCE;
    if (message_due(&s, channel, now, most, parcel->messages, &n) || !n) {
        free_parcel(parcel);
        return NULL;
    }
    parcel->n = n;
    return parcel;
}

static void send_one(struct post *post, struct parcel *p, struct problem *problem) {
    const struct config *c = post->config.config;
    bool gone = p->messages[0].gone, none = !p->config->file && !p->config->url;
    post->flying[p->channel]++;
    p->outcome = OUTCOME_NEVER;
    snprintf(p->why, sizeof p->why, gone ? "erased" : "no_channel");
    if (gone || none) {
        ended(p);
        return;
    }
    p->outcome = OUTCOME_UNTRIED;
    if (take_keys(post->db, post->config.keyring, c->school.id, p->channel, &p->keys, problem)) {
        log_error("post", "%s", problem->detail ? problem->detail : "secrets");
        p->outcome = OUTCOME_LATER;
        snprintf(p->why, sizeof p->why, "the secrets do not open");
        ended(p);
        return;
    }
    if (!way_write(p, c->school.id))
        ended(p);
    else if (p->config->file)
        into_file(p);
    else {
        p->errand.may_be_private = courier_is_listed(c->messages.allow, p->config->url);
        if (!courier_send(post->courier, &p->errand)) ended(p);
    }
}

// One parcel into parcels of one errand each. They share nothing, so each has its own memory.
static void send_all(struct post *post, struct parcel *all, int64_t left, struct problem *p) {
    int at = way_together(all->channel, all->messages, all->n);
    if (channel_is_group(all->channel) || all->n == 1) {
        all->n = at;
        send_one(post, all, p);
        return;
    }
    for (int i = 0; i < all->n && left > 0; i++) {
        struct arena *a = arena_new(1 << 20);
        struct parcel *one = a ? mem_alloc(sizeof *one) : NULL;
        if (!one) {
            arena_free(a);
            break;
        }
        const struct message_due *m = &all->messages[i];
        one->errand = all->errand;
        one->post = post;
        one->arena = a;
        one->channel = all->channel;
        one->config = all->config;
        one->n = 1;
        one->messages[0] = (struct message_due){arena_strdup(a, m->id),
                                                m->attempts,
                                                m->gone,
                                                arena_strdup(a, m->to),
                                                arena_strdup(a, m->title),
                                                arena_strdup(a, m->text)};
        left--;
        send_one(post, one, p);
    }
    free_parcel(all);
}

static void work(struct post *post, int channel, struct problem *p) {
    int64_t now = clock_now_ms(), n = 0, first = 0;
    int most = post->config.config->messages.channel[channel].per_minute;
    if (post->flying[channel]) return;
    struct parcel *all = pack(post, channel, now, p);
    if (!all) return;
    if (most && message_rate(post->db, channel, now - MINUTE_MS, &n, &first, p)) {
        free_parcel(all);
        return;
    }
    if (most && n >= most) {
        look_at(post, first + MINUTE_MS + 1);
        free_parcel(all);
        return;
    }
    send_all(post, all, most ? most - n : AT_ONCE, p);
}

// What has become of them

static enum err write_one(struct db *db, const struct parcel *p, int64_t now, struct problem *pr) {
    char batch[ID_LEN + 1];
    enum err e = ERR_OK;
    id_new(batch);
    if (p->outcome == OUTCOME_HELD)
        return message_hold(db, p->channel, now + p->after_s * 1000, pr);
    for (int i = 0; i < p->n && !e && p->outcome != OUTCOME_UNTRIED; i++) {
        const struct message_due *m = &p->messages[i];
        int64_t delay = DELAY_FIRST_MS;
        for (int k = 0; k < m->attempts && delay < DELAY_MAX_MS; k++) delay *= 4;
        if (delay > DELAY_MAX_MS) delay = DELAY_MAX_MS;
        if (delay < p->after_s * 1000) delay = p->after_s * 1000;
        if (p->outcome == OUTCOME_SENT)
            e = message_sent(db, m->id, batch, now, pr);
        else if (m->gone)
            e = message_drop(db, m->id, p->why, pr);
        else
            e = message_failed(db, m->id,
                               p->outcome == OUTCOME_NEVER || m->attempts + 1 >= POST_ATTEMPTS,
                               now + delay, p->why, pr);
    }
    return e;
}

static enum err write_on_lane(struct lane_job *job, struct lane *lane) {
    struct post *post = ((struct lane_call *)job)->arg;
    struct arena *a = arena_new(1 << 20);
    struct problem p;
    if (!a) return ERR_NOMEM;
    problem_init(&p, a);
    enum err e = ERR_OK;
    for (struct parcel *one = post->to_write; one && !e; one = one->next)
        e = write_one(lane_db(lane), one, clock_now_ms(), &p);
    if (e) log_error("post", "%s: %s", err_word(e), p.detail ? p.detail : "");
    arena_free(a);
    return e;
}

// False: nothing more may be sent, or it would go twice.
static bool write_down(struct post *post) {
    pthread_mutex_lock(&post->mutex);
    for (struct parcel *p = post->ended, *next; p; p = next) {
        next = p->next;
        p->next = post->to_write;
        post->to_write = p;
    }
    post->ended = NULL;
    pthread_mutex_unlock(&post->mutex);
    if (!post->to_write) return true;
    if (lane_run(post->config.lane, write_on_lane, post)) return false;
    for (struct parcel *p = post->to_write, *next; p; p = next) {
        next = p->next;
        post->flying[p->channel]--;
        if (p->outcome == OUTCOME_LATER || (p->outcome == OUTCOME_NEVER && !p->messages[0].gone))
            log_warn("post", "%s: message %s: %s", message_channels[p->channel], p->messages[0].id,
                     p->why);
        free_parcel(p);
    }
    post->to_write = NULL;
    return true;
}

static void *post_main(void *arg) {
    struct post *post = arg;
    for (bool stop = false; !stop;) {
        struct arena *a = arena_new(1 << 20);
        struct problem p;
        int64_t next = 0, now = clock_now_ms();
        post->next_at = 0;
        bool ours = lane_keeps_clock(post->config.lane);
        if (!a || !write_down(post))
            post->next_at = now + AGAIN_MS;
        else if (ours)
            for (int c = 0; c < CHANNELS; c++) {
                problem_init(&p, a);
                work(post, c, &p);
                if (!p.code) continue;
                log_error("post", "%s: %s", message_channels[c],
                          p.detail ? p.detail : err_word(p.code));
                look_at(post, now + 1000);
            }
        if (a) problem_init(&p, a);
        if (a && ours && !message_next(post->db, now, &next, &p)) look_at(post, next);
        arena_free(a);
        int64_t ms = ROUND_MS;
        if (post->next_at && post->next_at - clock_now_ms() < ms)
            ms = post->next_at - clock_now_ms();
        if (ms < 1) ms = 1;
        struct timespec until = clock_in_ms(ms);
        pthread_mutex_lock(&post->mutex);
        while (!post->stop && !post->news && !post->ended)
            if (pthread_cond_timedwait(&post->wake, &post->mutex, &until)) break;
        post->news = false;
        stop = post->stop;
        pthread_mutex_unlock(&post->mutex);
    }
    return NULL;
}

enum err post_open(const struct post_config *c, struct post **out, struct problem *p) {
    struct post *post = mem_need(sizeof *post);
    post->config = *c;
    post->courier = courier_open();
    pthread_mutex_init(&post->mutex, NULL);
    clock_cond_init(&post->wake);
    enum err e = db_open(c->config->storage, DB_READ, &post->db, p);
    if (!e && pthread_create(&post->thread, NULL, post_main, post))
        e = problem_set(p, ERR_INTERNAL, "cannot start the post");
    if (!e) {
        *out = post;
        return ERR_OK;
    }
    db_close(post->db);
    courier_close(post->courier);
    mem_free(post);
    return e;
}

void post_close(struct post *post) {
    if (!post) return;
    pthread_mutex_lock(&post->mutex);
    post->stop = true;
    pthread_cond_signal(&post->wake);
    pthread_mutex_unlock(&post->mutex);
    pthread_join(post->thread, NULL);
    courier_close(post->courier); // what is under way comes back as not tried
    if (!write_down(post)) log_warn("post", "the last messages will be sent again");
    for (struct parcel *p = post->to_write, *next; p; p = next) next = p->next, free_parcel(p);
    db_close(post->db);
    pthread_mutex_destroy(&post->mutex);
    pthread_cond_destroy(&post->wake);
    mem_free(post);
}
