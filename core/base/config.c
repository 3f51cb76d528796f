// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// campusd.yaml: read strictly, every error at its line.
#include "campus/config.h"

#include <stdlib.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/fsio.h"
#include "campus/mem.h"
#include "campus/yaml.h"

static void wrong(struct problem *p, const struct yaml *y, const char *word, const char *text) {
    problem_at(p, y->file, y->line, y->col, word, "%s", text);
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
    wrong(p, y, "unit", bytes ? "write a size such as 64MiB" : "write a duration such as 100ms or 1s");
    return otherwise;
}

static const char **names(struct arena *a, const struct yaml *list, const char *under) {
    const char **out = arena_alloc(a, sizeof *out * (list ? list->count + 1 : 1));
    size_t n = 0;
    for (const struct yaml *c = list ? list->first : NULL; c; c = c->next)
        if (c->text) out[n++] = under ? fsio_join(a, under, c->text) : c->text;
    return out;
}

enum err config_load(struct arena *a, const char *home, struct config *out, struct problem *p) {
    unsigned before = p->count;
    struct yaml *y;
    enum err e = yaml_load(a, fsio_join(a, home, "campusd.yaml"), "campusd.yaml", &y, p);
    if (e) return e;
    static const char *const keys[] = {"listen", "school", "storage", "plugins", "keys", "log", "http",
                                       "webhooks", NULL};
    static const char *const school_keys[] = {"id", "name", "timezone", "language", NULL};
    static const char *const plugin_keys[] = {"path", "enabled", "budget", NULL};
    static const char *const budget_keys[] = {"cpu", "wall", "memory", NULL};
    const struct yaml *school = yaml_get(y, "school"), *plugins = yaml_get(y, "plugins");
    const struct yaml *budget = yaml_get(plugins, "budget"), *log = yaml_get(y, "log");
    yaml_only(y, p, keys);
    yaml_only(school, p, school_keys);
    yaml_only(plugins, p, plugin_keys);
    yaml_only(budget, p, budget_keys);
    *out = (struct config){.home = arena_strdup(a, home)};
    const char *listen = yaml_str(y, "listen", "127.0.0.1:8080"), *colon = strrchr(listen, ':');
    out->listen_port = colon ? atoi(colon + 1) : -1;
    out->listen_host = colon ? arena_strndup(a, listen, (size_t)(colon - listen)) : listen;
    if (out->listen_port < 0 || out->listen_port > 65535)
        wrong(p, yaml_get(y, "listen"), "listen", "write HOST:PORT");
    out->school.id = yaml_str(school, "id", "school-1");
    out->school.name = yaml_str(school, "name", "campusd");
    out->school.timezone = yaml_str(school, "timezone", "Asia/Shanghai");
    struct tz *tz = tz_load(out->school.timezone);
    if (!tz) wrong(p, yaml_get(school, "timezone") ? yaml_get(school, "timezone") : y, "timezone", "unknown time zone");
    tz_free(tz);
    const char *lang = yaml_str(school, "language", "zh-CN");
    out->school.language = strncmp(lang, "zh", 2) ? LANG_EN : LANG_ZH;
    const char *storage = yaml_str(y, "storage", "sqlite:campusd.db");
    out->storage = strncmp(storage, "sqlite:", 7) ? storage
                   : arena_printf(a, "sqlite:%s", fsio_join(a, home, storage + 7));
    const struct yaml *path = yaml_get(plugins, "path"), *enabled = yaml_get(plugins, "enabled");
    out->plugin_path = path ? names(a, path, home) : arena_alloc(a, 2 * sizeof(char *));
    if (!path) out->plugin_path[0] = fsio_join(a, home, "plugins");
    if (enabled && enabled->kind == YAML_LIST) out->plugin_enabled = names(a, enabled, NULL);
    out->budget.cpu_ms = with_unit(budget, "cpu", 100, false, p);
    out->budget.wall_ms = with_unit(budget, "wall", 1000, false, p);
    out->budget.memory = with_unit(budget, "memory", 64 << 20, true, p);
    out->unlock = yaml_str(yaml_get(y, "keys"), "unlock", "passphrase");
    const char *level = yaml_str(log, "level", "info");
    out->log.level = !strcmp(level, "debug") ? LOG_DEBUG : !strcmp(level, "warn") ? LOG_WARN
                     : !strcmp(level, "error") ? LOG_ERROR : LOG_INFO;
    out->log.json = strcmp(yaml_str(log, "format", "json"), "text") != 0;
    const struct yaml *threads = yaml_get(yaml_get(y, "http"), "threads");
    out->http_threads = threads && threads->kind == YAML_INT ? (int)threads->i : 1;
    if (out->http_threads < 1 || out->http_threads > 16) wrong(p, threads, "out_of_range", "1 to 16 threads");
    out->webhook.allow = names(a, yaml_get(yaml_get(y, "webhooks"), "allow"), NULL);
    return p->count > before ? ERR_INVALID : ERR_OK;
}
