// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Webhook endpoints as rows. Secrets are sealed in their row; a number in core_meta grows with
// every change, so that the delivery thread sees with one look whether to read the rows again.
#include "serve/webhook_internal.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/id.h"
#include "campus/mem.h"

// clang-format off
const char webhook_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_webhook(id TEXT PRIMARY KEY, rev BIGINT NOT NULL, url TEXT NOT NULL,"
    " description TEXT NOT NULL, types TEXT NOT NULL, enabled BIGINT NOT NULL, secrets {bytes} NOT NULL,"
    " created_at BIGINT NOT NULL, created_by TEXT NOT NULL){clustered};";
// clang-format on

enum { SECRET_BYTES = 32, URL_MAX = 2000, PATTERN_MAX = 150, DESCRIPTION_MAX = 400 };
static const char PREFIX[] = "whsec_";

bool webhook_fits(const char *pattern, const char *type) {
    size_t n = strlen(pattern);
    if (!strcmp(pattern, "*") || !strcmp(pattern, type)) return true;
    return n > 2 && !strcmp(pattern + n - 2, ".*") && !strncmp(pattern, type, n - 1);
}

static bool within(uint32_t ip, uint32_t net, int bits) {
    return (ip ^ net) >> (32 - bits) == 0;
}

static bool is_public4(uint32_t ip) {
    static const struct {
        uint32_t net;
        int bits;
    } special[] = {{0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},
                   {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24},
                   {0xc0586300, 24}, {0xc0a80000, 16}, {0xc6120000, 15}, {0xc6336400, 24},
                   {0xcb007100, 24}, {0xe0000000, 3}};
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        if (within(ip, special[i].net, special[i].bits)) return false;
    return true;
}

bool webhook_is_public(const struct sockaddr *sa) {
    if (sa->sa_family == AF_INET)
        return is_public4(ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr));
    if (sa->sa_family != AF_INET6) return false;
    const uint8_t *a = ((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr.s6_addr;
    uint32_t head = (uint32_t)a[0] << 24 | (uint32_t)a[1] << 16 | (uint32_t)a[2] << 8 | a[3];
    // only global unicast 2000::/3, and of it not what carries an IPv4 address or is reserved:
    // 2001::/23 (Teredo and others), 2001:db8::/32, 2002::/16 (6to4), 3fff::/20
    return within(head, 0x20000000, 3) && !within(head, 0x20010000, 23) && head != 0x20010db8 &&
           !within(head, 0x20020000, 16) && !within(head, 0x3fff0000, 20);
}

// The host of a URL; *literal: its address when it is one. The host must stand in the text as it
// is understood: 0x7f.1, 2130706433, percent signs and user names all mean another place than they
// show.
static const char *check_url(struct arena *a, const char *url, struct sockaddr_storage *literal,
                             char **host) {
    CURLU *u = curl_url();
    char *scheme = NULL, *h = NULL, *rest = NULL;
    const char *why = NULL;
    const char *start = strstr(url, "://");
    if (!u || strlen(url) > URL_MAX || !start ||
        curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME) ||
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) || curl_url_get(u, CURLUPART_HOST, &h, 0))
        why = "write an address such as https://example.org/hooks";
    else if (strcmp(scheme, "https") && strcmp(scheme, "http"))
        why = "only https and http";
    else if (!curl_url_get(u, CURLUPART_FRAGMENT, &rest, 0))
        why = "no fragment";
    else {
        size_t n = strlen(h);
        start += 3;
        if (strncasecmp(start, h, n) || (start[n] && !strchr(":/?", start[n])))
            why = "write the host plainly";
        *host = arena_strdup(a, h);
        struct sockaddr_in *v4 = (void *)literal;
        struct sockaddr_in6 *v6 = (void *)literal;
        char bare[64] = "";
        if (*h == '[' && n < sizeof bare) memcpy(bare, h + 1, n - 2);
        if (inet_pton(AF_INET, h, &v4->sin_addr) == 1)
            v4->sin_family = AF_INET;
        else if (*bare && inet_pton(AF_INET6, bare, &v6->sin6_addr) == 1)
            v6->sin6_family = AF_INET6;
        else if (*h == '[' || !strpbrk(h, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
            why = "write the host plainly";
    }
    curl_free(scheme);
    curl_free(h);
    curl_free(rest);
    curl_url_cleanup(u);
    return why;
}

static bool is_on_list(const struct webhooks *w, const char *host) {
    for (const char *const *at = w->config.allow; at && *at; at++)
        if (!strcasecmp(*at, host)) return true;
    return false;
}

bool webhook_is_listed(const struct webhooks *w, const char *url) {
    struct arena *a = arena_new(1 << 16);
    struct sockaddr_storage literal = {0};
    char *host = NULL;
    bool listed = a && !check_url(a, url, &literal, &host) && is_on_list(w, host);
    arena_free(a);
    return listed;
}

static void take_url(struct webhooks *w, const char *url, struct problem *p) {
    struct sockaddr_storage literal = {0};
    char *host = NULL;
    const char *why = check_url(p->arena, url, &literal, &host);
    if (why)
        problem_add(p, ERR_INVALID, "/url", "url", "%s", why);
    else if (literal.ss_family && !webhook_is_public((struct sockaddr *)&literal) &&
             !is_on_list(w, host))
        problem_add(p, ERR_INVALID, "/url", "private_address",
                    "%s is not on the internet; list it under webhooks.allow if it is meant", host);
}

static void take_types(const json_t *list, struct buf *out, struct problem *p) {
    size_t i, n = json_array_size(list);
    const json_t *item;
    bool good = json_is_array(list) && n > 0 && n <= WEBHOOK_TYPES_MAX;
    json_array_foreach(list, i, item) {
        const char *s = json_string_value(item);
        size_t len = s ? strlen(s) : 0;
        bool star = len && s[len - 1] == '*' && (len == 1 || s[len - 2] == '.');
        if (!len || len > PATTERN_MAX ||
            strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_.") < len - star)
            good = false;
    }
    if (good)
        json_dom(out, list);
    else
        problem_add(p, ERR_INVALID, "/types", "types",
                    "a list of 1 to %d types such as admissions.applicants.created, admissions.*"
                    " or *",
                    WEBHOOK_TYPES_MAX);
}

// What a body says, over what was.
struct given {
    const char *url, *description, *types;
    bool enabled;
};

static enum err take_body(struct webhooks *w, const json_t *body, bool creating, struct given *g,
                          struct problem *p) {
    const char *key;
    json_t *v;
    unsigned before = p->count;
    json_object_foreach((json_t *)(uintptr_t)body, key, v) {
        if (!strcmp(key, "url") && json_is_string(v))
            take_url(w, g->url = json_string_value(v), p);
        else if (!strcmp(key, "types")) {
            struct buf b;
            buf_init(&b, p->arena);
            take_types(v, &b, p);
            g->types = buf_str(&b);
        } else if (!strcmp(key, "description") && json_is_string(v) &&
                   json_string_length(v) <= DESCRIPTION_MAX)
            g->description = json_string_value(v);
        else if (!strcmp(key, "enabled") && json_is_boolean(v))
            g->enabled = json_is_true(v);
        else
            problem_add(p, ERR_INVALID, arena_printf(p->arena, "/%s", key), "invalid",
                        "not known here, of the wrong kind, or too long");
    }
    if (creating && !json_object_get(body, "url"))
        problem_add(p, ERR_INVALID, "/url", "required", "is required");
    return p->count > before ? ERR_INVALID : ERR_OK;
}

// Secrets: JSON [{"secret","until"}], sealed under a key of their own.

static struct seal_name name_of(const struct webhooks *w, const char *id) {
    return (struct seal_name){.school = w->config.school,
                              .entity = "core_webhook",
                              .record = id,
                              .field = "secrets",
                              .type = "json"};
}

static enum err seal_secrets(struct webhooks *w, const char *id, struct buf *json, uint8_t **blob,
                             size_t *n, struct problem *p) {
    uint8_t key[32];
    struct seal_name name = name_of(w, id);
    enum err e = keyring_derive(w->config.keyring, "webhook", key);
    *n = seal_size(json->len);
    *blob = arena_alloc(p->arena, *n);
    if (!e) e = seal_value(key, 1, &name, json->data, json->len, *blob);
    sodium_memzero(key, sizeof key);
    sodium_memzero(json->data, json->len);
    return e ? problem_set(p, e, NULL) : e;
}

static enum err open_secrets(struct webhooks *w, const char *id, const void *blob, size_t n,
                             json_t **out, struct problem *p) {
    uint8_t key[32];
    char *text = NULL;
    size_t text_n = 0;
    struct seal_name name = name_of(w, id);
    enum err e = keyring_derive(w->config.keyring, "webhook", key);
    if (!e) e = seal_open(key, &name, blob, n, p->arena, &text, &text_n);
    sodium_memzero(key, sizeof key);
    if (e) return problem_set(p, e, NULL);
    e = json_parse(p->arena, text, text_n, out, p);
    sodium_memzero(text, text_n);
    return e;
}

enum err webhook_open_keys(struct webhooks *w, const char *id, const void *blob, size_t n,
                           struct webhook_key *keys, int *nkeys, struct problem *p) {
    json_t *list = NULL, *item;
    size_t i;
    *nkeys = 0;
    enum err e = open_secrets(w, id, blob, n, &list, p);
    if (e) return e;
    json_array_foreach(list, i, item) {
        struct webhook_key *k = &keys[*nkeys];
        const char *s = json_string_value(json_object_get(item, "secret"));
        if (*nkeys == WEBHOOK_SECRETS_MAX || !s || strncmp(s, PREFIX, sizeof PREFIX - 1) ||
            sodium_base642bin(k->bytes, sizeof k->bytes, s + sizeof PREFIX - 1,
                              strlen(s) - (sizeof PREFIX - 1), NULL, &k->n, NULL,
                              sodium_base64_VARIANT_ORIGINAL))
            return problem_set(p, ERR_CORRUPT, "the secrets of webhook %s", id);
        k->until = json_integer_value(json_object_get(item, "until"));
        ++*nkeys;
    }
    return ERR_OK;
}

static void new_secret(char out[64]) {
    uint8_t random[SECRET_BYTES];
    randombytes_buf(random, sizeof random);
    memcpy(out, PREFIX, sizeof PREFIX);
    sodium_bin2base64(out + sizeof PREFIX - 1, 64 - sizeof PREFIX, random, sizeof random,
                      sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(random, sizeof random);
}

static enum err has_changed(struct db *db, struct problem *p) {
    return db_run(db, p, NULL,
                  "INSERT INTO core_meta(key,value) VALUES('webhooks','1') ON CONFLICT(key)"
                  " DO UPDATE SET value=CAST(CAST(core_meta.value AS BIGINT)+1 AS TEXT)",
                  "");
}

#define COLUMNS "id,url,description,types,enabled,created_at,created_by"

static void row_json(struct stmt *st, const char *secret, struct buf *out) {
    buf_putc(out, '{');
    stmt_json(st, "id url description types= enabled? created_at@ created_by", out);
    if (secret) json_kv_str(out, "secret", secret);
    buf_putc(out, '}');
}

static enum err one_json(struct db *db, const char *id, const char *secret, struct buf *out,
                         struct problem *p) {
    struct stmt *st = db_query(db, p, "SELECT " COLUMNS " FROM core_webhook WHERE id=$1", "t", id);
    enum err e = stmt_first(st, p);
    if (e) return problem_set(p, e, NULL);
    row_json(st, secret, out);
    stmt_reset(st);
    return ERR_OK;
}

enum err webhook_json(struct db *db, const char *id, struct buf *out, struct problem *p) {
    return one_json(db, id, NULL, out, p);
}

enum err webhook_list_json(struct db *db, struct buf *out, struct problem *p) {
    struct stmt *st =
        db_query(db, p, "SELECT " COLUMNS " FROM core_webhook ORDER BY created_at, id", "");
    buf_puts(out, "{\"items\":[");
    enum err e = ERR_OK;
    while (stmt_next(st, &e, p)) {
        json_sep(out);
        row_json(st, NULL, out);
    }
    buf_puts(out, "]}");
    return e;
}

enum err webhook_create(struct webhooks *w, struct db *db, const json_t *body, const char *by,
                        int64_t now, struct buf *out, struct problem *p) {
    struct given g = {.description = "", .types = "[\"*\"]", .enabled = true};
    char id[ID_LEN + 1], secret[64];
    struct buf json;
    uint8_t *blob = NULL;
    size_t n;
    int64_t count = 0;
    enum err e = take_body(w, body, true, &g, p);
    if (!e) e = db_int(db, p, &count, 0, "SELECT count(*) FROM core_webhook", "");
    if (e) return e;
    if (count >= WEBHOOKS_MAX)
        return problem_set(p, ERR_CONFLICT, "at most %d webhooks", WEBHOOKS_MAX);
    id_new(id);
    new_secret(secret);
    buf_init(&json, p->arena);
    buf_printf(&json, "[{\"secret\":\"%s\",\"until\":0}]", secret);
    e = seal_secrets(w, id, &json, &blob, &n, p);
    if (!e)
        e = db_run(db, p, NULL,
                   "INSERT INTO core_webhook(id,rev,url,description,types,enabled,secrets,"
                   "created_at,created_by) VALUES($1,1,$2,$3,$4,$5,$6,$7,$8)",
                   "ttttibit", id, g.url, g.description, g.types, (int64_t)g.enabled, blob, n, now,
                   by);
    if (!e) e = deliver_begin(db, arena_printf(p->arena, "webhook:%s", id), p);
    if (!e) e = has_changed(db, p);
    return e ? e : one_json(db, id, secret, out, p);
}

// The row as it is now, for changing it. Arena.
static enum err read_row(struct db *db, const char *id, struct given *g, const void **blob,
                         size_t *n, struct problem *p) {
    struct stmt *st = db_query(
        db, p, "SELECT url,description,types,enabled,secrets FROM core_webhook WHERE id=$1", "t",
        id);
    enum err e = stmt_first(st, p);
    if (e) return problem_set(p, e, NULL);
    stmt_take(st, p->arena, "ttt?b", &g->url, &g->description, &g->types, &g->enabled, blob, n);
    stmt_reset(st);
    return ERR_OK;
}

enum err webhook_update(struct webhooks *w, struct db *db, const char *id, const json_t *body,
                        struct buf *out, struct problem *p) {
    struct given g = {0};
    const void *blob;
    size_t n;
    enum err e = read_row(db, id, &g, &blob, &n, p);
    if (!e) e = take_body(w, body, false, &g, p);
    if (!e)
        e = db_run(db, p, NULL,
                   "UPDATE core_webhook SET rev=rev+1, url=$1, description=$2, types=$3,"
                   " enabled=$4 WHERE id=$5",
                   "tttit", g.url, g.description, g.types, (int64_t)g.enabled, id);
    if (!e) e = has_changed(db, p);
    return e ? e : one_json(db, id, NULL, out, p);
}

enum err webhook_rotate(struct webhooks *w, struct db *db, const char *id, int64_t now,
                        struct buf *out, struct problem *p) {
    struct given g = {0};
    const void *old = NULL;
    uint8_t *blob = NULL;
    size_t n = 0, i;
    json_t *list = NULL, *item;
    char secret[64];
    struct buf json;
    enum err e = read_row(db, id, &g, &old, &n, p);
    if (!e) e = open_secrets(w, id, old, n, &list, p);
    if (e) return e;
    new_secret(secret);
    buf_init(&json, p->arena);
    buf_printf(&json, "[{\"secret\":\"%s\",\"until\":0}", secret);
    int kept = 1;
    json_array_foreach(list, i, item) {
        int64_t until = json_integer_value(json_object_get(item, "until"));
        if (!until) until = now + WEBHOOK_OVERLAP_MS;
        if (until <= now || kept++ == WEBHOOK_SECRETS_MAX) continue;
        buf_printf(&json, ",{\"secret\":\"%s\",\"until\":%lld}",
                   json_string_value(json_object_get(item, "secret")), (long long)until);
    }
    buf_putc(&json, ']');
    e = seal_secrets(w, id, &json, &blob, &n, p);
    if (!e)
        e = db_run(db, p, NULL, "UPDATE core_webhook SET rev=rev+1, secrets=$1 WHERE id=$2", "bt",
                   blob, n, id);
    if (!e) e = has_changed(db, p);
    return e ? e : one_json(db, id, secret, out, p);
}

enum err webhook_delete(struct db *db, const char *id, struct problem *p) {
    int64_t n = 0;
    enum err e = db_run(db, p, &n, "DELETE FROM core_webhook WHERE id=$1", "t", id);
    if (!e && !n) e = problem_set(p, ERR_NOT_FOUND, NULL);
    if (!e) e = deliver_forget(db, arena_printf(p->arena, "webhook:%s", id), p);
    return e ? e : has_changed(db, p);
}
