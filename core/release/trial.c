// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A policy that is only being thought about, with children to ask it.
#include <string.h>
#include "campus/mem.h"
#include "campus/release.h"
#include "campus/yaml.h"

enum { FILES_MAX = 64, LAYERS_MAX = 32 };

static enum err layers(const struct release *r, const struct plugin *pl, const char *yaml, size_t n,
                       struct arena *a, struct policy **out, struct problem *p) {
    struct policy_layer list[LAYERS_MAX];
    size_t count = 0;
    const char *prefix = arena_printf(a, "policies/%s", pl->name);
    struct yaml *y;
    for (size_t i = 0; i < r->nfiles && count + 1 < LAYERS_MAX; i++) {
        const char *path = r->files[i].path, *rest = path + strlen(prefix);
        if (strncmp(path, prefix, strlen(prefix)) || (*rest != '.' && *rest != '@')) continue;
        enum err e = yaml_parse(a, path, r->files[i].text, r->files[i].n, &y, p);
        if (e) return e;
        list[count++] = (struct policy_layer){y, "shipped"};
    }
    enum err e = yaml_parse(a, "candidate", arena_strndup(a, yaml, n), n, &y, p);
    if (e) return e;
    list[count++] = (struct policy_layer){y, "candidate"};
    return policy_build(a, pl->name, r->policy_schemas[pl - r->schema->plugins], list, count, out,
                        p);
}

enum err release_trial(const struct release *r, const struct plugin *pl, const char *yaml, size_t n,
                       struct arena *a, struct pool **pool, struct policy **policy,
                       struct problem *p) {
    if (!r->policies[pl - r->schema->plugins])
        return problem_set(p, ERR_NOT_FOUND, "there is no policy of %s", pl->name);
    enum err e = layers(r, pl, yaml, n, a, policy, p);
    if (e) return e;
    struct host_file *files = arena_alloc(a, sizeof *files * FILES_MAX);
    struct host_plugin plugin = {pl->name, files, 0};
    const char *prefix = arena_printf(a, "plugins/%s/", pl->name);
    for (size_t i = 0; i < r->nfiles && plugin.count < FILES_MAX; i++) {
        const char *path = r->files[i].path, *dot = strrchr(path, '.');
        if (!strncmp(path, prefix, strlen(prefix)) && dot && !strcmp(dot, ".lua"))
            files[plugin.count++] =
                (struct host_file){path + strlen(prefix), r->files[i].text, r->files[i].n};
    }
    e = pool_open(pool_limits(r->pool), &plugin, 1, 2, pool, p);
    for (size_t i = 0; !e && i < policy_count(*policy); i++) {
        const struct policy_revision *v = policy_nth(*policy, i);
        e = pool_policy(*pool, pl->name, v->id, v->json, v->json_n, p);
        if (e) pool_close(*pool);
    }
    return e;
}
