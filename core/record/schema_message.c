// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Declared messages: who gets what, by which way. What a group's robot would say is looked at here:
// nothing personal may stand in it.
#include <stdlib.h>
#include <string.h>
#include "campus/mem.h"
#include "campus/message.h"
#include "campus/text.h"
#include "record/schema_build.h"

static const char *const BUILT_IN[] = {"id", "state", "today"};

const struct message_decl *plugin_message(const struct plugin *pl, const char *name) {
    for (int i = 0; name && i < pl->nmessages; i++)
        if (!strcmp(pl->messages[i].name, name)) return &pl->messages[i];
    return NULL;
}

// A text or a list of texts, NULL-ended.
static const char **words(struct build *b, const json_t *j) {
    size_t n = json_is_array(j) ? json_array_size(j) : 1, k = 0;
    const char **out = arena_alloc(b->arena, sizeof *out * (n + 1));
    for (size_t i = 0; i < n; i++) {
        const char *s = json_string_value(json_is_array(j) ? json_array_get(j, i) : j);
        if (s) out[k++] = arena_strdup(b->arena, s);
    }
    return out;
}

static bool among(const char *const *list, const char *word, size_t n) {
    for (; list && *list; list++)
        if (strlen(*list) == n && !memcmp(*list, word, n)) return true;
    return false;
}

static bool can_be_said(const struct field *f) {
    switch (f->type) {
    case FIELD_MULTICHOICE:
    case FIELD_PERSON:
    case FIELD_REFERENCE:
    case FIELD_LIST:
    case FIELD_FILE:
    case FIELD_JSON: return false;
    default: return true;
    }
}

static void check_words(struct build *b, const json_t *j, const struct message_decl *m,
                        const char *text) {
    bool group = m->channels >> CHANNEL_WECOM != 0;
    for (const char *at = text; at && (at = strchr(at, '{')); at++) {
        size_t n = strcspn(at + 1, "}");
        char *word = arena_strndup(b->arena, at + 1, n);
        bool built_in = false;
        for (size_t i = 0; i < sizeof BUILT_IN / sizeof *BUILT_IN; i++)
            built_in = built_in || !strcmp(BUILT_IN[i], word);
        if (!at[n + 1]) {
            build_at(b, j, "text_invalid", "message %s: a { is not closed", m->name);
            return;
        }
        if (among(m->extra, word, n) || (built_in && (m->entity || !strcmp(word, "today"))))
            continue;
        const struct field *f = m->entity ? entity_field(m->entity, word) : NULL;
        size_t nnames = 0;
        const char *const *names =
            m->entity ? entity_field_names(m->entity, b->arena, &nnames) : NULL;
        if (!f)
            build_at(b, j, "field_unknown", "message %s: {%s} is no field and not in extra%s",
                     m->name, word, text_instead(b->arena, word, names, nnames, NULL));
        else if (!can_be_said(f))
            build_at(b, j, "field_unfit", "message %s: {%s} is no text, number, time or choice",
                     m->name, word);
        else if (group && (f->sealed || f->personal || f->class >= CLASS_CONFIDENTIAL))
            build_at(b, j, "personal_in_group",
                     "message %s: {%s} is about a person, and a group's robot tells it to everybody"
                     " there: take it out, or make a message of its own for the group",
                     m->name, word);
    }
}

static void check_to(struct build *b, const json_t *j, const struct message_decl *m) {
    bool personal = (m->channels & ((1u << CHANNEL_WECOM) - 1)) != 0;
    if (personal && !*m->to)
        build_at(b, j, "to_missing",
                 "message %s: say who gets it: to = { \"a field\", \"role:NAME\" }", m->name);
    for (const char **to = m->to; *to; to++) {
        if (!strncmp(*to, "role:", 5) && (*to)[5]) continue;
        const struct field *f = m->entity ? entity_field(m->entity, *to) : NULL;
        size_t n = 0;
        const char *const *names = m->entity ? entity_field_names(m->entity, b->arena, &n) : NULL;
        if (!f)
            build_at(b, j, "field_unknown",
                     "message %s: to = \"%s\" is no field and no role:NAME%s", m->name, *to,
                     text_instead(b->arena, *to, names, n, NULL));
        else if (f->type != FIELD_TEXT && f->type != FIELD_PERSON)
            build_at(b, j, "field_unfit", "message %s: to = \"%s\" is no text and no person",
                     m->name, *to);
    }
}

// "3/d": so many a period.
static bool take_cap(struct message_decl *m, const char *text) {
    char *end = NULL;
    long n = text ? strtol(text, &end, 10) : 0;
    if (!text) return true;
    if (n < 1 || n > 1000 || end[0] != '/' || !end[1] || end[2]) return false;
    m->cap = (int)n;
    m->cap_ms = INT64_C(3600000) * (end[1] == 'h'   ? 1
                                    : end[1] == 'd' ? 24
                                    : end[1] == 'w' ? 168
                                                    : 0);
    return m->cap_ms > 0;
}

static void take_channels(struct build *b, const json_t *j, struct message_decl *m) {
    const char **list = words(b, json_object_get(j, "channels"));
    if (!*list)
        build_at(b, j, "channels_missing",
                 "message %s: say which way it goes: channels = { \"sms\" }", m->name);
    for (; *list; list++) {
        int c = 0;
        while (c < CHANNELS && strcmp(message_channels[c], *list)) c++;
        if (c < CHANNELS)
            m->channels |= 1u << c;
        else
            build_at(b, j, "channel_unknown", "message %s: there is no channel \"%s\"%s", m->name,
                     *list, text_instead(b->arena, *list, message_channels, CHANNELS, "there are"));
    }
}

static void build_one(struct build *b, const struct plugin *pl, const json_t *j,
                      struct message_decl *m) {
    const char *entity = json_string_value(json_object_get(j, "entity"));
    const json_t *text = json_object_get(j, "text"), *out = json_object_get(j, "opt_out");
    m->file = build_file(b, j);
    m->line = (int)json_integer_value(json_object_get(j, "line"));
    m->title = build_title(b, j);
    json_t *as_title = json_pack("{s:O?}", "title", (json_t *)(uintptr_t)text);
    m->text = build_title(b, as_title);
    json_decref(as_title);
    for (int i = 0; entity && i < pl->nentities; i++)
        if (!strcmp(pl->entities[i]->name, entity)) m->entity = pl->entities[i];
    if (entity && !m->entity)
        build_at(b, j, "entity_unknown", "message %s: the plugin has no entity \"%s\"", m->name,
                 entity);
    m->to = words(b, json_object_get(j, "to"));
    m->extra = words(b, json_object_get(j, "extra"));
    if (out) m->opt_out = arena_strdup(b->arena, json_string_value(out));
    if (m->opt_out && !text_is_name(m->opt_out))
        build_at(b, j, "topic_invalid", "message %s: opt_out = \"%s\": a topic is a-z, 0-9, _",
                 m->name, m->opt_out);
    if (!take_cap(m, json_string_value(json_object_get(j, "cap"))))
        build_at(b, j, "cap_invalid", "message %s: cap is so many an hour, day or week: 1/d",
                 m->name);
    take_channels(b, j, m);
    if (!m->text.zh && !m->text.en)
        build_at(b, j, "text_missing", "message %s: it needs a text", m->name);
    if (entity && !m->entity) return;
    check_to(b, j, m);
    check_words(b, j, m, m->text.zh);
    if (m->text.en != m->text.zh) check_words(b, j, m, m->text.en);
}

void build_messages(struct build *b, const struct schema *s, struct plugin *pl) {
    const json_t *list = json_object_get(pl->declaration, "messages");
    struct message_decl *out = arena_alloc(b->arena, sizeof *out * (json_array_size(list) + 1));
    (void)s;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *j = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(j, "name"));
        if (!build_name(b, j, "message", name)) continue;
        struct message_decl *m = &out[pl->nmessages++];
        m->name = arena_strdup(b->arena, name);
        build_one(b, pl, j, m);
    }
    pl->messages = out;
    for (int i = 0; i < pl->nentities; i++) {
        const struct workflow *w = pl->entities[i]->workflow;
        for (int k = 0; w && k < w->ntransitions; k++)
            for (const char **m = w->transitions[k].messages; m && *m; m++) {
                const struct message_decl *d = plugin_message(pl, *m);
                if (d && (!d->entity || d->entity == pl->entities[i])) continue;
                problem_at(b->p, pl->entities[i]->file, w->transitions[k].line, 1,
                           "message_unknown", "transition %s: the plugin has no message \"%s\"%s",
                           w->transitions[k].name, *m, d ? " about this entity" : "");
            }
    }
}
