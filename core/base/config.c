// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// campusd.yaml: read strictly, every error at its line.
#include "campus/config.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include "campus/buf.h"
#include "campus/clock.h"
#include "campus/fsio.h"
#include "campus/mem.h"
#include "campus/yaml.h"

enum { NODE_CHARS = 12, THREADS_AT_SERVER = 4 };

static void wrong(struct problem *p, const struct yaml *y, const char *word, const char *text) {
    problem_at(p, y ? y->file : "campusd.yaml", y ? y->line : 1, y ? y->col : 1, word, "%s", text);
}

// "100ms", "1s", "64MiB" -> milliseconds or bytes.
static int64_t with_unit(const struct yaml *m, const char *key, int64_t otherwise, bool bytes,
                         struct problem *p) {
    const struct yaml *y = yaml_get(m, key);
    if (!y) return otherwise;
    char *end = NULL;
    long long v = y->text ? strtoll(y->text, &end, 10) : -1;
    if (v > 0 && end != y->text) {
        if (bytes && !strcmp(end, "MiB")) return v << 20;
        if (bytes && !strcmp(end, "KiB")) return v << 10;
        if (!bytes && !strcmp(end, "ms")) return v;
        if (!bytes && !strcmp(end, "s")) return v * 1000;
    }
    wrong(p, y, "unit",
          bytes ? "write a size such as 64MiB" : "write a duration such as 100ms or 1s");
    return otherwise;
}

static const char **names(struct arena *a, const struct yaml *list, const char *under) {
    const char **out = arena_alloc(a, sizeof *out * (list ? list->count + 1 : 1));
    size_t n = 0;
    for (const struct yaml *c = list ? list->first : NULL; c; c = c->next)
        if (c->text) out[n++] = under ? fsio_join(a, under, c->text) : c->text;
    return out;
}

static const struct yaml *of_kind(struct problem *p, const struct yaml *y, enum yaml_kind kind) {
    if (!y || y->kind == kind || (y->kind == YAML_NULL && kind == YAML_MAP)) return y;
    if (kind == YAML_MAP)
        wrong(p, y, "map_expected", "write a map: { key: value }");
    else
        wrong(p, y, "list_expected", "write a list: [a, b]");
    return NULL;
}

// Which of the NULL-ended words the key holds; the first when it is absent.
static int one_of(const struct yaml *m, const char *key, const char *const *words,
                  struct problem *p) {
    const struct yaml *y = yaml_get(m, key);
    for (int i = 0; y && words[i]; i++)
        if (y->text && !strcmp(words[i], y->text)) return i;
    if (!y) return 0;
    struct buf b;
    buf_init(&b, p->arena);
    for (int i = 0; words[i]; i++) buf_printf(&b, "%s%s", i ? ", " : "write one of: ", words[i]);
    wrong(p, y, key, buf_str(&b));
    return 0;
}

static void listen_at(struct arena *a, const struct yaml *y, struct config *out,
                      struct problem *p) {
    const char *text = !y ? "127.0.0.1:8080" : y->text ? y->text : "", *colon = strrchr(text, ':');
    char *end = NULL;
    long port = colon && colon[1] >= '0' && colon[1] <= '9' ? strtol(colon + 1, &end, 10) : -1;
    if (port < 0 || port > 65535 || *end || colon == text) {
        wrong(p, y, "listen", "write HOST:PORT, such as 127.0.0.1:8080");
        return;
    }
    out->listen_port = (int)port;
    out->listen_host = arena_strndup(a, text, (size_t)(colon - text));
}

const char *const message_channels[] = {"sms", "mail", "wecom", "dingtalk", "feishu", NULL};
// What the robots take a minute; ours for the others, unless the file says otherwise.
static const int PER_MINUTE[CHANNELS] = {300, 120, 20, 20, 100};

static void channel_at(const struct yaml *y, int c, struct channel_config *out, struct problem *p) {
    static const char *const keys[CHANNELS][7] = {
        {"driver", "url", "body", "ok", "per_minute", NULL},
        {"driver", "url", "from", "user", "per_minute", NULL},
        {"driver", "url", "per_minute", NULL},
        {"driver", "url", "per_minute", NULL},
        {"driver", "url", "per_minute", NULL}};
    const struct yaml *rate = yaml_get(y, "per_minute"), *driver = yaml_get(y, "driver");
    yaml_only(y, p, keys[c]);
    *out = (struct channel_config){.url = yaml_str(y, "url", NULL),
                                   .from = yaml_str(y, "from", NULL),
                                   .user = yaml_str(y, "user", NULL),
                                   .body = yaml_str(y, "body", NULL),
                                   .ok = yaml_str(y, "ok", NULL),
                                   .file = driver && driver->text && !strcmp(driver->text, "file"),
                                   .per_minute = PER_MINUTE[c]};
    if (driver && !out->file) wrong(p, driver, "driver", "write driver: file, or a url");
    int most = channel_is_group(c) ? PER_MINUTE[c] : 10000;
    if (rate && rate->kind == YAML_INT && rate->i >= 1 && rate->i <= most)
        out->per_minute = (int)rate->i;
    else if (rate)
        wrong(p, rate, "out_of_range", arena_printf(p->arena, "1 to %d messages a minute", most));
    if (out->file) return;
    const char *u = out->url ? out->url : "";
    bool mail = c == CHANNEL_MAIL;
    if (mail ? strncmp(u, "smtp://", 7) && strncmp(u, "smtps://", 8)
             : strncmp(u, "https://", 8) && strncmp(u, "http://", 7))
        wrong(p, yaml_get(y, "url") ? yaml_get(y, "url") : y, "url",
              mail ? "write url: smtps://HOST or smtp://HOST, or driver: file"
                   : "write url: https://…, or driver: file");
    if (mail && !out->from) wrong(p, y, "from", "a mail needs from: \"NAME <ADDRESS>\"");
    if (c == CHANNEL_SMS &&
        (!out->body || !strstr(out->body, "{to}") || !strstr(out->body, "{text}")))
        wrong(p, y, "body", "write body: what is posted, with {to} and {text}");
}

const char *config_storage(struct arena *a, const char *home, const char *storage) {
    return strncmp(storage, "sqlite:", 7)
               ? storage
               : arena_printf(a, "sqlite:%s", fsio_join(a, home, storage + 7));
}

enum err config_load(struct arena *a, const char *home, struct config *out, struct problem *p) {
    unsigned before = p->count;
    struct yaml *y;
    enum err e = yaml_load(a, fsio_join(a, home, "campusd.yaml"), "campusd.yaml", &y, p);
    if (e) return e;
    static const char *const keys[] = {"listen",   "school",   "storage", "node",
                                       "plugins",  "keys",     "log",     "http",
                                       "webhooks", "messages", NULL};
    static const char *const school_keys[] = {"id",       "name",    "timezone",
                                              "language", "address", NULL};
    static const char *const plugin_keys[] = {"path", "enabled", "budget", NULL};
    static const char *const budget_keys[] = {"cpu", "wall", "memory", NULL};
    static const char *const levels[] = {"info", "debug", "warn", "error", NULL};
    static const char *const formats[] = {"json", "text", NULL};
    static const char *const languages[] = {"zh-CN", "en", "zh", NULL};
    static const enum log_level level_of[] = {LOG_INFO, LOG_DEBUG, LOG_WARN, LOG_ERROR};
    y = (struct yaml *)(uintptr_t)of_kind(p, y, YAML_MAP);
    if (!y) return ERR_INVALID;
    const struct yaml *school = of_kind(p, yaml_get(y, "school"), YAML_MAP);
    const struct yaml *plugins = of_kind(p, yaml_get(y, "plugins"), YAML_MAP);
    const struct yaml *budget = of_kind(p, yaml_get(plugins, "budget"), YAML_MAP);
    const struct yaml *log = of_kind(p, yaml_get(y, "log"), YAML_MAP);
    const struct yaml *http = of_kind(p, yaml_get(y, "http"), YAML_MAP);
    const struct yaml *hooks = of_kind(p, yaml_get(y, "webhooks"), YAML_MAP);
    yaml_only(y, p, keys);
    yaml_only(school, p, school_keys);
    yaml_only(plugins, p, plugin_keys);
    yaml_only(budget, p, budget_keys);
    yaml_only(log, p, (const char *const[]){"level", "format", NULL});
    yaml_only(http, p, (const char *const[]){"threads", "proxies", NULL});
    yaml_only(hooks, p, (const char *const[]){"allow", NULL});
    *out = (struct config){.home = arena_strdup(a, home)};
    listen_at(a, yaml_get(y, "listen"), out, p);
    out->school.id = yaml_str(school, "id", "school-1");
    out->school.name = yaml_str(school, "name", "campusd");
    out->school.timezone = yaml_str(school, "timezone", "Asia/Shanghai");
    struct tz *tz = tz_load(out->school.timezone);
    if (!tz)
        wrong(p, yaml_get(school, "timezone") ? yaml_get(school, "timezone") : y, "timezone",
              "unknown time zone");
    tz_free(tz);
    out->school.language = one_of(school, "language", languages, p) == 1 ? LANG_EN : LANG_ZH;
    out->school.address = yaml_str(
        school, "address", arena_printf(a, "http://%s:%d", out->listen_host, out->listen_port));
    const char *at = out->school.address;
    if ((strncmp(at, "https://", 8) && strncmp(at, "http://", 7)) || strpbrk(at, " \t\"<>#?") ||
        at[strlen(at) - 1] == '/')
        wrong(p, yaml_get(school, "address"), "address",
              "write https://HOST, without a / at the end");
    out->storage = config_storage(a, home, yaml_str(y, "storage", "sqlite:campusd.db"));
    out->node = yaml_str(y, "node", "n1");
    if (strspn(out->node, "abcdefghijklmnopqrstuvwxyz0123456789") != strlen(out->node) ||
        !*out->node || strlen(out->node) > NODE_CHARS)
        wrong(p, yaml_get(y, "node"), "node", "write a name such as n2: a-z and 0-9, at most 12");
    const struct yaml *path = of_kind(p, yaml_get(plugins, "path"), YAML_LIST);
    const struct yaml *enabled = yaml_get(plugins, "enabled");
    if (enabled && enabled->kind != YAML_LIST && (!enabled->text || strcmp(enabled->text, "all")))
        wrong(p, enabled, "enabled", "write all, or a list of plugins");
    out->plugin_path = path ? names(a, path, home) : arena_alloc(a, 2 * sizeof(char *));
    if (!path) out->plugin_path[0] = fsio_join(a, home, "plugins");
    if (enabled && enabled->kind == YAML_LIST) out->plugin_enabled = names(a, enabled, NULL);
    out->budget.cpu_ms = with_unit(budget, "cpu", 100, false, p);
    out->budget.wall_ms = with_unit(budget, "wall", 1000, false, p);
    out->budget.memory = with_unit(budget, "memory", 64 << 20, true, p);
    const struct yaml *keys_map = of_kind(p, yaml_get(y, "keys"), YAML_MAP),
                      *unlock = yaml_get(keys_map, "unlock");
    yaml_only(keys_map, p, (const char *const[]){"unlock", NULL});
    out->unlock = yaml_str(keys_map, "unlock", "passphrase");
    if (strcmp(out->unlock, "passphrase") && strncmp(out->unlock, "credential:", 11) &&
        strncmp(out->unlock, "keyfile:", 8))
        wrong(p, unlock, "unlock", "write passphrase, credential:NAME or keyfile:PATH");
    out->log.level = level_of[one_of(log, "level", levels, p)];
    out->log.json = one_of(log, "format", formats, p) == 0;
    const struct yaml *threads = yaml_get(http, "threads");
    out->http_threads =
        threads
            ? threads->kind == YAML_INT && threads->i > 0 && threads->i <= 16 ? (int)threads->i : 0
        : strncmp(out->storage, "sqlite:", 7) ? THREADS_AT_SERVER
                                              : 1;
    if (!out->http_threads) wrong(p, threads, "out_of_range", "1 to 16 threads");
    const struct yaml *proxies = of_kind(p, yaml_get(http, "proxies"), YAML_LIST);
    out->http_proxies = names(a, proxies, NULL);
    for (size_t i = 0; out->http_proxies[i]; i++) { // in the form in which addresses are compared
        uint8_t raw[16];
        char *text = arena_alloc(a, INET6_ADDRSTRLEN);
        int family = strchr(out->http_proxies[i], ':') ? AF_INET6 : AF_INET;
        if (inet_pton(family, out->http_proxies[i], raw) != 1)
            wrong(p, proxies, "address", "write addresses such as 127.0.0.1 or ::1");
        else
            out->http_proxies[i] = inet_ntop(family, raw, text, INET6_ADDRSTRLEN);
    }
    out->webhook.allow = names(a, of_kind(p, yaml_get(hooks, "allow"), YAML_LIST), NULL);
    const struct yaml *messages = of_kind(p, yaml_get(y, "messages"), YAML_MAP);
    yaml_only(messages, p,
              (const char *const[]){"sms", "mail", "wecom", "dingtalk", "feishu", "allow", NULL});
    for (int c = 0; c < CHANNELS; c++) {
        const struct yaml *one = of_kind(p, yaml_get(messages, message_channels[c]), YAML_MAP);
        if (one) channel_at(one, c, &out->messages.channel[c], p);
    }
    out->messages.allow = names(a, of_kind(p, yaml_get(messages, "allow"), YAML_LIST), NULL);
    return p->count > before ? ERR_INVALID : ERR_OK;
}
