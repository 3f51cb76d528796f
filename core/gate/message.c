// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Declared messages: words filled in, recipients looked up, rows queued in the transaction of what
// they tell of. Who asks for one never sees where it goes; what is sealed is said under its mask.
#include "campus/message.h"

#include <stdio.h>
#include <string.h>
#include "campus/mem.h"
#include "campus/text.h"
#include "gate/gate_internal.h"

enum { ROLE_MAX = 100, EXTRA_BYTES = 1000, TEXT_BYTES = 8000, ADDRESS_BYTES = 254 };

struct sending {
    struct gate *g;
    const struct plugin *plugin;
    const struct message_decl *m;
    const struct record *r; // opened; NULL: about none
    const json_t *extra;
    const char *title, *text;
    const char *dropped; // why the subject gets none
    int queued, left_out;
};

static void say_time(struct gate *g, int64_t ms, struct buf *out) {
    char day[11];
    int64_t local = ms / 1000 + tz_offset_s(g->release->tz, ms),
            s = (local % 86400 + 86400) % 86400;
    tz_date(g->release->tz, ms, day);
    buf_printf(out, "%s %02d:%02d", day, (int)(s / 3600), (int)(s / 60 % 60));
}

// A code that the core made is for whom the record is about: told to nobody else, it may be said.
static bool is_for_itself(const struct sending *s, const struct field *f) {
    if (!f->preset_var || strcmp(f->preset_var, "$code")) return false;
    for (const char **to = s->m->to; *to; to++)
        if (!strncmp(*to, "role:", 5)) return false;
    return !(s->m->channels >> CHANNEL_WECOM);
}

static void say_value(struct sending *s, const struct field *f, const struct value *v,
                      enum lang lang, struct buf *out) {
    char num[32];
    const struct choice *choice;
    if (value_is_null(v)) return;
    if (f->sealed && !is_for_itself(s, f)) {
        buf_puts(out, v->kind == VALUE_TEXT && f->mask
                          ? text_mask(s->g->store.arena, f->mask, v->p, v->n)
                          : "****");
        return;
    }
    switch (f->type) {
    case FIELD_BOOLEAN:
        buf_puts(out, lang == LANG_ZH ? v->i ? "是" : "否" : v->i ? "yes" : "no");
        return;
    case FIELD_DATETIME: say_time(s->g, v->i, out); return;
    case FIELD_MONEY:
    case FIELD_DECIMAL: buf_put(out, num, (size_t)text_from_scaled(num, v->i, f->scale)); return;
    case FIELD_INTEGER: buf_int(out, v->i); return;
    case FIELD_CHOICE:
        choice = field_choice(f, v->p, v->n);
        if (choice) buf_puts(out, title_in(&choice->title, lang, choice->name));
        return;
    default: buf_put(out, v->p, v->n);
    }
}

static void say_word(struct sending *s, const char *word, enum lang lang, struct buf *out) {
    const json_t *given = json_object_get(s->extra, word);
    const struct record *r = s->r;
    const struct field *f = r ? entity_field(r->entity, word) : NULL;
    if (json_is_string(given))
        buf_puts(out, json_string_value(given));
    else if (given)
        json_dom(out, given);
    else if (!strcmp(word, "today"))
        buf_puts(out, s->g->today);
    else if (r && !strcmp(word, "id"))
        buf_puts(out, r->id);
    else if (r && !strcmp(word, "state") && r->state >= 0)
        buf_puts(out, title_in(&r->entity->workflow->states[r->state].title, lang,
                               r->entity->workflow->states[r->state].name));
    else if (f)
        say_value(s, f, &r->values[f->index], lang, out);
}

static const char *fill_in(struct sending *s, const char *text, enum lang lang) {
    struct buf b;
    buf_init(&b, s->g->store.arena);
    while (text && *text) {
        const char *end = *text == '{' ? strchr(text, '}') : NULL;
        if (end)
            say_word(s, arena_strndup(s->g->store.arena, text + 1, (size_t)(end - text - 1)), lang,
                     &b);
        else
            buf_putc(&b, *text);
        text = end ? end + 1 : text + 1;
    }
    if (b.len > TEXT_BYTES) { // at a character's beginning
        b.len = TEXT_BYTES;
        while (b.len && ((unsigned char)b.data[b.len] & 0xc0) == 0x80) b.len--;
    }
    return buf_str(&b);
}

static enum err check_extra(struct sending *s) {
    const char *key;
    json_t *v;
    struct problem *p = s->g->store.problem;
    bool group = s->m->channels >> CHANNEL_WECOM != 0;
    json_object_foreach((json_t *)(uintptr_t)s->extra, key, v) {
        bool known = false;
        for (const char **x = s->m->extra; *x; x++) known = known || !strcmp(*x, key);
        if (!known)
            return problem_set(p, ERR_USAGE, "message %s has no extra \"%s\"", s->m->name, key);
        if (group && !json_is_number(v))
            return problem_set(p, ERR_USAGE, "message %s goes to a group: %s must be a number",
                               s->m->name, key);
        if (json_is_string(v) ? json_string_length(v) > EXTRA_BYTES
                              : !json_is_number(v) && !json_is_boolean(v))
            return problem_set(p, ERR_USAGE, "%s must be a text of at most %d bytes or a number",
                               key, EXTRA_BYTES);
    }
    return ERR_OK;
}

static bool is_address(int channel, const char *s) {
    size_t n = strlen(s);
    const char *at = strchr(s, '@');
    if (!n || n > ADDRESS_BYTES) return false;
    for (const char *c = s; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 127 || strchr("<>()[]\\,;:\"{}", *c)) return false;
    if (channel == CHANNEL_MAIL) return at && at != s && at[1] && !strchr(at + 1, '@');
    return strspn(s + (*s == '+'), "0123456789") == n - (*s == '+') && n >= 5;
}

static enum err put(struct sending *s, int channel, const char *target, const char *to,
                    const char *dropped) {
    struct gate *g = s->g;
    if (!dropped && !channel_is_group(channel) && !is_address(channel, to))
        dropped = "no_recipient";
    struct message m = {.plugin = s->plugin->name,
                        .name = s->m->name,
                        .entity = s->r ? s->r->entity->full : "",
                        .record = s->r ? s->r->id : "",
                        .owner = s->r ? s->r->owner : MESSAGE_CORE,
                        .actor = g->actor->id,
                        .request = g->request,
                        .channel = channel,
                        .target = target,
                        .dropped = dropped,
                        .to = to,
                        .title = s->title,
                        .text = s->text,
                        .at = g->now,
                        .release = g->release->number};
    *(dropped ? &s->left_out : &s->queued) += 1;
    return message_add(&g->store, &m);
}

static enum err put_person(struct sending *s, int channel, const char *target, const char *person,
                           int *found) {
    const char *address = NULL;
    enum err e = contact_get(&s->g->store, person, channel, &address);
    if (e || !address) return e;
    ++*found;
    return put(s, channel, target, address, NULL);
}

static enum err put_role(struct sending *s, int channel, const char *target, int *found) {
    const char *people[ROLE_MAX];
    int n = 0;
    struct problem *p = s->g->store.problem;
    struct stmt *st = db_query(s->g->store.db, p,
                               "SELECT r.person FROM core_person_role r JOIN core_people q ON"
                               " q.id=r.person WHERE r.role=$1 AND q.disabled_at=0"
                               " ORDER BY r.person LIMIT $2",
                               "ti", target + 5, (int64_t)ROLE_MAX);
    enum err e = ERR_OK;
    while (stmt_next(st, &e, p))
        people[n++] = arena_strdup(s->g->store.arena, stmt_text(st, 0, NULL));
    for (int i = 0; i < n && !e; i++) e = put_person(s, channel, target, people[i], found);
    return e;
}

// One channel to everybody whom it can reach.
static enum err put_channel(struct sending *s, int channel) {
    int found = 0;
    enum err e = ERR_OK;
    if (channel_is_group(channel)) return put(s, channel, "", "", NULL);
    for (const char **to = s->m->to; *to && !e; to++) {
        if (!strncmp(*to, "role:", 5)) {
            e = put_role(s, channel, *to, &found);
            continue;
        }
        const struct field *f = s->r ? entity_field(s->r->entity, *to) : NULL;
        const struct value *v = f ? &s->r->values[f->index] : NULL;
        if (!v || v->kind != VALUE_TEXT) continue;
        const char *text = arena_strndup(s->g->store.arena, v->p, v->n);
        bool mobile = f->check && !strcmp(f->check, "mobile");
        if (f->type == FIELD_PERSON)
            e = put_person(s, channel, *to, text, &found);
        else if (mobile == (channel == CHANNEL_SMS)) {
            found++;
            e = put(s, channel, *to, text, s->dropped);
        }
    }
    return e || found ? e : put(s, channel, "", "", "no_recipient");
}

static enum err refused(struct sending *s) {
    struct gate *g = s->g;
    const struct message_decl *m = s->m;
    const char *owner = s->r ? s->r->owner : MESSAGE_CORE;
    bool out = false;
    int64_t n = 0;
    enum err e = m->opt_out && s->r
                     ? optout_has(g->store.db, owner, m->opt_out, &out, g->store.problem)
                     : ERR_OK;
    if (!e && m->cap)
        e = message_count(g->store.db, owner, s->plugin->name, m->name, g->now - m->cap_ms, &n,
                          g->store.problem);
    if (out) s->dropped = "opted_out";
    if (m->cap && n >= m->cap) s->dropped = "cap";
    return e;
}

// A copy of the record with everything opened that the message speaks of.
static enum err open_record(struct gate *g, const struct message_decl *m, struct record *r) {
    size_t n = sizeof(struct value) * (size_t)(r->entity->nfields + 1);
    struct value *values = arena_alloc(g->store.arena, n);
    struct fieldset which = {0};
    memcpy(values, r->values, sizeof(struct value) * (size_t)r->entity->nfields);
    r->values = values;
    for (int i = 0; i < r->entity->nfields; i++) {
        const struct field *f = &r->entity->fields[i];
        const char *word = arena_printf(g->store.arena, "{%s}", f->name);
        bool wanted =
            (m->text.zh && strstr(m->text.zh, word)) || (m->text.en && strstr(m->text.en, word));
        for (const char **to = m->to; *to; to++) wanted = wanted || !strcmp(*to, f->name);
        if (wanted && f->sealed) fieldset_add(&which, i);
    }
    return store_unseal(&g->store, r, &which);
}

enum err gate_message(struct gate *g, const struct plugin *pl, const struct message_decl *m,
                      const struct record *about, const json_t *extra, struct buf *out) {
    struct record r;
    enum lang lang = g->release->language;
    struct sending s = {.g = g, .plugin = pl, .m = m, .extra = extra};
    enum err e = check_extra(&s);
    if (!e && about) {
        r = *about;
        s.r = &r;
        e = open_record(g, m, &r);
    }
    if (!e) e = refused(&s);
    if (e) return e;
    s.title = title_in(&m->title, lang, pl->name);
    s.text = fill_in(&s, title_in(&m->text, lang, ""), lang);
    for (int c = 0; c < CHANNELS && !e; c++)
        if (m->channels >> c & 1)
            e = s.dropped && channel_is_group(c) ? put(&s, c, "", "", s.dropped)
                                                 : put_channel(&s, c);
    if (e) return e;
    struct audit_row row = gate_row(
        g, "send", about ? gate_object(g, about->entity, about->id) : pl->name, "ok", m->name);
    const char *subject[1] = {about ? about->owner : ""};
    row.subjects = subject;
    row.nsubjects = about ? 1 : 0;
    gate_add_row(g, &row);
    if (out) buf_printf(out, "{\"queued\":%d,\"dropped\":%d}", s.queued, s.left_out);
    return ERR_OK;
}

enum err gate_send(struct gate *g, const struct plugin *pl, const struct message_decl *m,
                   const char *id, const json_t *extra, struct buf *out) {
    struct record r;
    struct verdict v;
    enum err e = id ? gate_find(g, m->entity, id, "send", &r, &v) : ERR_OK;
    return e ? e : gate_message(g, pl, m, id ? &r : NULL, extra, out);
}

enum err gate_messages(struct gate *g, const struct entity *e, const char *id, int limit,
                       struct buf *out) {
    struct record r;
    struct verdict v;
    enum err err = gate_find(g, e, id, "read", &r, &v);
    return err ? err : message_list_json(g->store.db, r.id, "", "", limit, out, g->store.problem);
}

enum err gate_optout(struct gate *g, const struct entity *e, const char *id, const char *topic,
                     bool is_out) {
    struct record r;
    struct verdict v;
    enum err err = gate_find(g, e, id, "update", &r, &v);
    if (err) return err;
    access_decide(g->release->access, g->actor, e, "update", &r, &v);
    if (!v.allowed) return gate_refuse(g, "optout", gate_object(g, e, id), "forbidden");
    gate_record(g, is_out ? "optout" : "optin", gate_object(g, e, id), "ok", topic);
    return optout_set(g->store.db, r.owner, topic, is_out, g->actor->id, g->now, g->store.problem);
}
