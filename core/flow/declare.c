// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What plugins declare of flow: states, transitions, obligations and overviews, checked against
// entities, roles, calendars and the policy's schema. An objection points at the word that it is
// about.
#include "flow/declare.h"

#include <string.h>
#include "campus/json.h"
#include "campus/mem.h"
#include "campus/score.h"
#include "campus/text.h"

// Looks for `word` from where we are; stays there when it is not found.
struct spot declare_near(const struct declare *d, const char *word) {
    struct spot w = d->in->locate && !d->made
                        ? d->in->locate(d->in->self, d->file, d->at.line, word)
                        : (struct spot){0, 0};
    return w.line ? w : d->at;
}

void declare_wrong(const struct declare *d, const char *at, const char *word, const char *fmt,
                   ...) {
    va_list ap;
    va_start(ap, fmt);
    const char *text = arena_vprintf(d->p->arena, fmt, ap);
    va_end(ap);
    struct spot w = at ? declare_near(d, at) : d->at;
    problem_at(d->p, d->file, w.line, w.col, word, "%s: %s", d->what, text);
}

// The types of options were checked where they were declared.
const char *declare_text(const struct declare *d, const json_t *j, const char *key) {
    return arena_strdup(d->in->arena, json_string_value(json_object_get(j, key)));
}

// The key of a "policy:KEY", of one of two types; NULL after an objection. *type: which it is.
const char *declare_key(const struct declare *d, const char *at, const char *ref,
                        const char *const types[2], const char **type) {
    const struct policy_schema *s = d->in->policy_schemas[d->plugin - d->in->schema->plugins];
    const char *key = ref + strlen("policy:"), *have = s ? policy_type(s, key) : NULL;
    if (!have)
        declare_wrong(d, at, "policy_key_unknown", "the policy of %s has no key \"%s\"",
                      d->plugin->name, key);
    else if (strcmp(have, types[0]) && strcmp(have, types[1]))
        declare_wrong(d, at, "policy_key_type", "the policy key \"%s\" is of type %s, not %s", key,
                      have, types[0]);
    else {
        if (type) *type = have;
        return arena_strdup(d->in->arena, key);
    }
    return NULL;
}

const struct field *declare_field(const struct declare *d, const char *at, const struct entity *e,
                                  const char *name) {
    const struct field *f = name && e ? entity_field(e, name) : NULL;
    if (f) return f;
    size_t n = 0;
    const char *const *names = e ? entity_field_names(e, d->p->arena, &n) : NULL;
    declare_wrong(d, at, "field_unknown", "%s has no field \"%s\"%s", e ? e->full : "an obligation",
                  name ? name : "",
                  text_instead(d->p->arena, name ? name : "", names, n, "it has"));
    return NULL;
}

const char *const declare_durations[2] = {"duration", "duration"};

// by = "severity": each choice of that field has a key of its own under the policy's.
static void read_by(const struct declare *d, const char *s, const char *by, struct term *out) {
    out->by = declare_field(d, "by", d->entity, by);
    if (!out->by) return;
    if (out->by->type != FIELD_CHOICE || out->by->sealed)
        declare_wrong(d, "by", "field_type", "%s is no choice in the clear", by);
    else if (strncmp(s, "policy:", 7))
        declare_wrong(d, "by", "by",
                      "goes with within = \"policy:KEY\", under which each choice is a key");
    for (int i = 0; i < out->by->nchoices && !strncmp(s, "policy:", 7); i++)
        (void)declare_key(d, "within",
                          arena_printf(d->p->arena, "%s.%s", s, out->by->choices[i].name),
                          declare_durations, NULL);
    out->policy = s + 7;
}

void declare_term(const struct declare *d, const char *s, const char *by, struct term *out) {
    if (!s)
        declare_wrong(d, NULL, "within_missing",
                      "needs within = a duration, policy:KEY or field:NAME");
    else if (by)
        read_by(d, s, by, out);
    else if (!strncmp(s, "policy:", 7))
        out->policy = declare_key(d, "within", s, declare_durations, NULL);
    else if (!strncmp(s, "field:", 6)) {
        out->field = declare_field(d, "within", d->entity, s + 6);
        if (!out->field) return;
        bool date = out->field->type == FIELD_DATE || out->field->type == FIELD_DATETIME;
        if (!date || out->field->sealed)
            declare_wrong(d, "within", "field_type", "%s is no date or datetime in the clear",
                          s + 6);
    } else if (!duration_parse(s, &out->d) || !out->d.n)
        declare_wrong(
            d, "within", "duration",
            "\"%s\" is no duration such as 90d, 4h, 30m, 3wd, and no policy:KEY or field:NAME", s);
}

bool declare_is_role(const struct declare *d, const char *at, const char *s) {
    if (access_role(d->in->access, s + 5) >= 0) return true;
    int n = access_role_count(d->in->access);
    const char **names = arena_alloc(d->p->arena, sizeof *names * (size_t)(n + 1));
    for (int i = 0; i < n; i++) names[i] = access_role_name(d->in->access, i);
    declare_wrong(d, at, "role_unknown", "there is no role \"%s\"%s", s + 5,
                  text_instead(d->p->arena, s + 5, names, (size_t)n, "there are"));
    return false;
}

// A choice all of whose names are roles says whose it is, as a text with a role's name does.
static bool names_roles(const struct declare *d, const struct field *f) {
    for (int i = 0; i < f->nchoices; i++)
        if (access_role(d->in->access, f->choices[i].name) < 0) return false;
    return f->type == FIELD_CHOICE && f->nchoices;
}

// One of those that are asked, the first that is filled: "officer", "role:finance", "$actor".
const char *declare_one(const struct declare *d, const char *at, const char *s) {
    if (!strncmp(s, "role:", 5)) {
        (void)declare_is_role(d, at, s);
        return s;
    }
    if (!d->entity) declare_wrong(d, at, at, "the owner of an obligation is a \"role:NAME\"");
    if (!d->entity || !strcmp(s, "$actor")) return s;
    const struct field *f = declare_field(d, at, d->entity, s);
    if (f &&
        (f->sealed || (f->type != FIELD_PERSON && f->type != FIELD_TEXT && !names_roles(d, f))))
        declare_wrong(d, at, "field_type", "%s is no person field, nor a text with a role's name",
                      s);
    return arena_printf(d->in->arena, "field:%s", s);
}

const char *declare_who(const struct declare *d, const char *at, const json_t *j) {
    struct buf b;
    size_t i;
    json_t *one;
    if (json_is_string(j))
        return declare_one(d, at, arena_strdup(d->in->arena, json_string_value(j)));
    buf_init(&b, d->in->arena);
    json_array_foreach((json_t *)j, i, one) {
        const char *s = json_string_value(one);
        buf_printf(&b, "%s%s", i ? "," : "", declare_one(d, at, s ? s : ""));
    }
    return buf_str(&b);
}

static struct spot place_of(const json_t *j, struct spot otherwise) {
    int line = (int)json_integer_value(json_object_get(j, "line"));
    int col = (int)json_integer_value(json_object_get(j, "col"));
    return line ? (struct spot){line, col ? col : 1} : otherwise;
}

static void at_transition(struct declare *d, struct spot top, const struct transition *t) {
    d->at = t->line ? (struct spot){t->line, t->col} : top;
    d->what = arena_printf(d->p->arena, "transition %s", t->name);
}

static void build_entity(struct declare *d, const json_t *j) {
    const struct workflow *w = d->entity->workflow;
    const json_t *flow = json_object_get(j, "workflow");
    const json_t *states = json_object_get(flow, "states"),
                 *moves = json_object_get(flow, "transitions");
    struct spot top = {d->entity->line, 1};
    d->file = d->entity->file;
    d->made = json_is_true(json_object_get(j, "made"));
    for (int i = 0; w && i < w->nstates; i++) {
        const json_t *one = json_array_get(states, (size_t)i),
                     *deadline = json_object_get(one, "deadline"),
                     *todo = json_object_get(one, "todo"),
                     *checklist = json_object_get(one, "checklist");
        struct state *s = (struct state *)&w->states[i];
        if (!deadline && !todo && !checklist) continue;
        d->at = place_of(one, top);
        d->what = arena_printf(d->p->arena, "state %s", s->name);
        if (checklist) s->checklist = declare_checklist(d, checklist);
        if (todo) s->todo = declare_who(d, "todo", todo);
        if (todo && strstr(s->todo, "$actor"))
            declare_wrong(d, "todo", "todo", "a to-do is for a person field or a role");
        if (todo) ((struct entity *)d->entity)->asks = true;
        if (!deadline) continue;
        if (s->final)
            declare_wrong(d, "deadline", "deadline_final", "a final state has no deadline");
        else
            s->deadline = declare_deadline(d, deadline, i);
    }
    for (int i = 0; w && i < w->ntransitions; i++) {
        const json_t *m = json_array_get(moves, (size_t)i),
                     *reserve = json_object_get(m, "reserve");
        struct transition *t = (struct transition *)&w->transitions[i];
        t->commit = json_is_true(json_object_get(m, "commit"));
        t->settle = json_is_true(json_object_get(m, "settle"));
        t->release = json_is_true(json_object_get(m, "release"));
        t->checked = json_is_true(json_object_get(m, "checked"));
        if (t->checked && !d->entity->tasks) {
            at_transition(d, top, t);
            declare_wrong(d, NULL, "checked", "no state of %s has a checklist", d->entity->full);
        }
        const char *word = t->settle ? "settle" : "commit";
        if (!reserve && !t->commit && !t->settle) continue;
        at_transition(d, top, t);
        const struct reserve_decl **tail = &t->reserve;
        size_t several = json_is_array(reserve) ? json_array_size(reserve) : reserve ? 1 : 0;
        for (size_t k = 0; k < several; k++) {
            const json_t *one = json_is_array(reserve) ? json_array_get(reserve, k) : reserve;
            struct reserve_decl *r = declare_reserve(d, one, t);
            if (r) *tail = r, tail = &r->also;
            at_transition(d, top, t);
        }
        if ((t->commit || t->settle) && (t->release || t->reserve || (t->commit && t->settle)))
            declare_wrong(d, word, word, "what is %s is neither %s, released nor reserved anew",
                          t->settle ? "settled" : "committed", t->settle ? "committed" : "settled");
    }
    for (int i = 0; w && i < w->nstates; i++) {
        const struct transition *lapse =
            w->states[i].deadline ? w->states[i].deadline->lapse : NULL;
        if (!lapse || !(lapse->reserve || lapse->commit || lapse->settle)) continue;
        at_transition(d, top, lapse);
        declare_wrong(d, NULL, "lapse_guarded",
                      "lapses by itself: it takes no reserve, commit or settle");
    }
    for (int i = 0; w && i < w->ntransitions && !d->entity->holds; i++) {
        const struct transition *t = &w->transitions[i];
        if (!t->commit && !t->settle && !t->release) continue;
        at_transition(d, top, t);
        declare_wrong(d, NULL, "nothing_reserved", "no transition of %s reserves anything",
                      d->entity->full);
    }
}

enum err cycle_parse(const char *s, struct cycle *out, struct problem *p) {
    static const char *const named[][2] = {
        {"monthly", "0 0 1 * *"}, {"quarterly", "0 0 1 1,4,7,10 *"}, {"yearly", "0 0 1 1 *"}};
    *out = (struct cycle){.termly = !strcmp(s, "termly")};
    if (out->termly) return ERR_OK;
    for (int i = 0; i < 3; i++)
        if (!strcmp(named[i][0], s)) return cron_parse(named[i][1], &out->cron, p);
    if (!strncmp(s, "cron ", 5)) return cron_parse(s + 5, &out->cron, p);
    return problem_add(p, ERR_INVALID, NULL, "period",
                       "\"%s\" is none of monthly, quarterly, termly, yearly, cron …", s);
}

static void check_period(const struct declare *d, const char *s) {
    struct cycle unused;
    struct problem inner;
    problem_init(&inner, d->p->arena);
    if (cycle_parse(s, &unused, &inner))
        declare_wrong(d, "period", "period", "%s", inner.first->detail);
}

static void build_obligation(struct declare *d, const json_t *j, struct obligation_decl *o) {
    static const char *const types[] = {"text", "choice"};
    struct arena *a = d->in->arena;
    const char *name = json_string_value(json_object_get(j, "name"));
    const char *file = json_string_value(json_object_get(j, "file"));
    d->entity = NULL;
    d->made = false;
    d->file =
        file ? arena_strdup(a, file) : arena_printf(a, "plugins/%s/plugin.lua", d->plugin->name);
    d->at = place_of(j, (struct spot){1, 1});
    d->what = arena_printf(d->p->arena, "obligation %s", name ? name : "");
    if (!name || !text_is_name(name)) {
        declare_wrong(d, NULL, "name_invalid", "a name is a-z, 0-9, _");
        return;
    }
    o->plugin = d->plugin;
    o->name = arena_strdup(a, name);
    o->full = arena_printf(a, "%s.%s", d->plugin->name, name);
    const json_t *t = json_object_get(j, "title"), *serves = json_object_get(j, "serves");
    o->title.zh =
        arena_strdup(a, json_string_value(json_is_string(t) ? t : json_object_get(t, "zh")));
    o->title.en =
        arena_strdup(a, json_string_value(json_is_string(t) ? t : json_object_get(t, "en")));
    o->serves = arena_alloc(a, sizeof *o->serves * (json_array_size(serves) + 1));
    for (size_t i = 0; i < json_array_size(serves); i++)
        o->serves[i] = arena_strdup(a, json_string_value(json_array_get(serves, i)));
    o->period = declare_text(d, j, "period");
    if (!o->period)
        declare_wrong(d, NULL, "period_missing", "needs period = \"yearly\", …");
    else if (strncmp(o->period, "policy:", 7))
        check_period(d, o->period);
    else if ((o->period_key = declare_key(d, "period", o->period, types, NULL))) {
        struct policy *pol = d->in->policies[d->plugin - d->in->schema->plugins];
        for (size_t i = 0; pol && i < policy_count(pol); i++) {
            const char *v = policy_value(policy_nth(pol, i), o->period_key);
            if (v && *v == '"') check_period(d, arena_strndup(d->p->arena, v + 1, strlen(v) - 2));
        }
    }
    declare_clock(d, j, &o->clock);
    const char *evidence = declare_text(d, j, "evidence");
    o->evidence = evidence ? evidence : "note";
    if (!strncmp(o->evidence, "record of ", 10)) {
        const char *full = o->evidence + 10;
        o->records = schema_entity_full(d->in->schema, full, strlen(full));
        if (!o->records)
            declare_wrong(d, "evidence", "entity_unknown", "there is no entity \"%s\"", full);
        o->evidence = "record";
    } else if (strcmp(o->evidence, "note") && strcmp(o->evidence, "document"))
        declare_wrong(d, "evidence", "evidence", "\"%s\" is no note, document or record of ENTITY",
                      o->evidence);
}

// overview = { roles, order, … }: told to the desk as it is; here it is checked.
static void check_overview(struct declare *d, const json_t *j, const struct entity *e,
                           bool of_entity) {
    const json_t *o = json_object_get(j, "overview");
    const char *older = json_string_value(json_object_get(o, "older"));
    const char *date = json_string_value(json_object_get(o, "date"));
    const char *who = json_string_value(json_object_get(o, "who"));
    const char *name = json_string_value(json_object_get(j, "name"));
    const char *file = json_string_value(json_object_get(j, "file"));
    struct duration ago;
    size_t i;
    json_t *role;
    if (!json_is_object(o)) return;
    d->file = file ? file : d->plugin->name;
    d->at = place_of(j, (struct spot){1, 1});
    d->at = declare_near(d, "overview");
    d->what = arena_printf(d->p->arena, "overview of %s", name ? name : "");
    json_array_foreach(json_object_get(o, "roles"), i, role) {
        const char *s = json_string_value(role);
        (void)declare_is_role(d, "overview", arena_printf(d->p->arena, "role:%s", s ? s : ""));
    }
    if (of_entity ? older != NULL : date || who || json_object_get(o, "days"))
        declare_wrong(d, "overview", "overview",
                      "older is for reports; date, who and days are for entities");
    else if (of_entity && !date)
        declare_wrong(d, "overview", "overview", "needs date = \"FIELD\"");
    else if (older &&
             (!duration_parse(older, &ago) || !strchr("hd", older[strspn(older, "0123456789")])))
        declare_wrong(d, "overview", "duration", "older = \"%s\" is no duration such as 24h or 3d",
                      older);
    const struct field *f = date ? declare_field(d, "overview", e, date) : NULL;
    if (f && (f->sealed || (f->type != FIELD_DATE && f->type != FIELD_DATETIME)))
        declare_wrong(d, "overview", "field_type", "%s is no date or datetime in the clear", date);
    f = who ? declare_field(d, "overview", e, who) : NULL;
    if (f && f->type != FIELD_PERSON)
        declare_wrong(d, "overview", "field_type", "%s is no person field", who);
}

enum err flow_build(const struct flow_input *in, struct problem *p) {
    unsigned before = p->count;
    struct declare d = {.in = in, .p = p};
    for (int i = 0; i < in->schema->nplugins; i++) {
        struct plugin *pl = (struct plugin *)&in->schema->plugins[i];
        const json_t *entities = json_object_get(pl->declaration, "entities"),
                     *list = json_object_get(pl->declaration, "obligations"),
                     *reports = json_object_get(pl->declaration, "reports");
        d.plugin = pl;
        for (int k = 0; k < pl->nentities; k++) {
            d.entity = pl->entities[k];
            build_entity(&d, json_array_get(entities, (size_t)k));
            check_overview(&d, json_array_get(entities, (size_t)k), pl->entities[k], true);
        }
        for (size_t k = 0; k < json_array_size(reports); k++)
            check_overview(&d, json_array_get(reports, k), NULL, false);
        struct obligation_decl *out =
            arena_alloc(in->arena, sizeof *out * (json_array_size(list) + 1));
        for (size_t k = 0; k < json_array_size(list); k++)
            build_obligation(&d, json_array_get(list, k), &out[pl->nobligations++]);
        pl->obligations = out;
    }
    score_build(in, p);
    return p->count > before ? ERR_INVALID : ERR_OK;
}
