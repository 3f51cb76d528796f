// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What a plugin wants to be called for: events by their types, and times.
#include <string.h>
#include "campus/mem.h"
#include "campus/text.h"
#include "record/schema_build.h"

enum { PARTS_MAX = 6 };

bool plugin_reaches(const struct plugin *pl, const struct entity *e) {
    const json_t *needs = json_object_get(pl->declaration, "needs");
    for (size_t i = 0; i < json_array_size(needs); i++) {
        const char *n = json_string_value(json_array_get(needs, i));
        if (n && !strcmp(n, e->full)) return true;
    }
    return e->plugin == pl;
}

// PLUGIN.ENTITY.WORD, PLUGIN.ENTITY.*, PLUGIN.*; a word may have dots (deadline.missed).
static void check_type(struct build *b, const struct schema *s, const struct plugin *pl,
                       const json_t *j, const char *type) {
    char *copy = arena_strdup(b->arena, type), *part[PARTS_MAX] = {0};
    int n = 0;
    for (char *at; n < PARTS_MAX && (at = strsep(&copy, "."));) part[n++] = at;
    bool wild = n && !strcmp(part[n - 1], "*");
    bool good = !copy && n >= 2 && (n > 2 || wild);
    for (int i = 0; i < n && good; i++) good = (i == n - 1 && wild) || text_is_name(part[i]);
    if (!good) {
        build_at(b, j, "event_invalid",
                 "on \"%s\": write a type of events such as %s.things.created, %s.things.* or %s.*",
                 type, pl->name, pl->name, pl->name);
        return;
    }
    const struct plugin *from = schema_plugin(s, part[0]);
    if (!from) {
        build_at(b, j, "plugin_unknown", "on \"%s\": there is no plugin \"%s\"", type, part[0]);
        return;
    }
    if (n == 2) return;
    const struct entity *e = schema_entity(s, part[0], part[1]);
    if (e && plugin_reaches(pl, e)) return;
    const char **names = arena_alloc(b->arena, sizeof *names * (size_t)(from->nentities + 1));
    for (int i = 0; i < from->nentities; i++) names[i] = from->entities[i]->name;
    const char *near = e ? NULL : text_nearest(part[1], names, (size_t)from->nentities);
    build_at(b, j, e ? "need_missing" : "entity_unknown", "on \"%s\": %s %s.%s%s%s", type,
             e ? "the plugin does not declare that it needs" : "there is no entity", part[0],
             part[1], near ? "; did you mean " : "", near ? near : "");
}

static void build_every(struct build *b, const json_t *j, struct handler_decl *h) {
    const char *word = json_string_value(json_object_get(j, "missed")),
               *cron = json_string_value(json_object_get(j, "cron"));
    struct problem quiet;
    problem_init(&quiet, b->arena);
    if (!text_is_name(h->name))
        build_at(b, j, "name_invalid", "every \"%s\": a name is a-z, 0-9, _", h->name);
    if (cron_parse(cron ? cron : "", &h->cron, &quiet))
        build_at(b, j, "cron_invalid", "every %s: cron = \"MINUTE HOUR DAY MONTH WEEKDAY\": %s",
                 h->name,
                 quiet.detail  ? quiet.detail
                 : quiet.first ? quiet.first->detail
                               : "");
    h->once = !word || !strcmp(word, "once");
}

static const struct handler_decl *build_list(struct build *b, const struct schema *s,
                                             const struct plugin *pl, const char *key, int *n) {
    const json_t *list = json_object_get(pl->declaration, key);
    bool every = !strcmp(key, "every");
    struct handler_decl *out = arena_alloc(b->arena, sizeof *out * (json_array_size(list) + 1));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *j = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(j, "name"));
        if (!name) {
            build_at(b, j, "name_invalid", "%s = { [\"…\"] = campus.%s { … } }: it has no name",
                     key, key);
            continue;
        }
        struct handler_decl *h = &out[(*n)++];
        h->name = arena_strdup(b->arena, name);
        h->file = build_file(b, j);
        h->line = (int)json_integer_value(json_object_get(j, "line"));
        if (every)
            build_every(b, j, h);
        else
            check_type(b, s, pl, j, name);
    }
    return out;
}

void build_handlers(struct build *b, const struct schema *s, struct plugin *pl) {
    b->plugin = pl->name;
    b->file = arena_printf(b->arena, "plugins/%s/plugin.lua", pl->name);
    pl->on = build_list(b, s, pl, "on", &pl->non);
    pl->every = build_list(b, s, pl, "every", &pl->nevery);
}
