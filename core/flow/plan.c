// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What a release declares about approvals: read, checked against schema, access and every revision
// of the policies, with every objection at the line it is about.
#include <stdlib.h>
#include <string.h>
#include "campus/json.h"
#include "campus/text.h"
#include "campus/yaml.h"
#include "flow/approval_internal.h"

static const char *const WORDS[STEP_KINDS] = {"role",         "group", "head_of",
                                              "person_field", "post",  "people"};
const char *step_word(enum step_kind k) {
    return WORDS[k];
}

struct approval_plans {
    const struct approval_decl ***by_entity; // per entity: NULL-ended, or NULL
};

const struct approval_decl **approval_all(const struct approval_plans *plans,
                                          const struct entity *e) {
    static const struct approval_decl *none[1];
    const struct approval_decl **list = plans ? plans->by_entity[e->index] : NULL;
    return list ? list : none;
}

const struct approval_decl *approval_of(const struct approval_plans *plans, const struct entity *e,
                                        const struct transition *t) {
    for (const struct approval_decl **at = approval_all(plans, e); *at; at++)
        if (!t || (*at)->transition == t) return *at;
    return NULL;
}

static void wrong(struct step_reader *r, const char *path, const char *word, const char *fmt, ...)
    PRINTF(4, 5);
static void wrong(struct step_reader *r, const char *path, const char *word, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    if (r->wrong) r->wrong(r, path, word, arena_vprintf(r->arena, fmt, ap));
    va_end(ap);
}

static const char *text_of(struct step_reader *r, const json_t *j, const char *key) {
    return arena_strdup(r->arena, json_string_value(json_object_get(j, key)));
}

static struct title title_of(struct step_reader *r, const json_t *j) {
    const json_t *t = json_object_get(j, "title");
    if (json_is_string(t)) {
        const char *s = arena_strdup(r->arena, json_string_value(t));
        return (struct title){s, s};
    }
    return (struct title){text_of(r, t, "zh"), text_of(r, t, "en")};
}

static const char *role_instead(struct step_reader *r, const char *name) {
    const char *names[ACCESS_ROLES_MAX];
    int n = access_role_count(r->access);
    for (int i = 0; i < n; i++) names[i] = access_role_name(r->access, i);
    return text_instead(r->arena, name, names, (size_t)n, "there are");
}

static const char *field_instead(struct step_reader *r, const char *name) {
    size_t n;
    const char *const *names = entity_field_names(r->decl->entity, r->arena, &n);
    return text_instead(r->arena, name, names, n, "there are");
}

static void only(struct step_reader *r, const json_t *j, const char *path,
                 const char *const *keys) {
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)j, key, v) {
        const char *const *k = keys;
        while (*k && strcmp(*k, key)) k++;
        if (!*k) wrong(r, path, "unknown_key", "there is no \"%s\" here", key);
    }
}

bool step_granted(const struct access *x, const struct entity *e, const struct transition *t,
                  int role) {
    struct verdict v;
    for (int i = 0; i < access_role_count(x); i++) {
        struct actor as = {.id = "", .name = ""};
        if (role >= 0 && i != role) continue;
        fieldset_add(&as.roles, 0);
        access_role_closure(x, i, &as.roles);
        access_decide(x, &as, e, t->name, NULL, &v);
        if (v.allowed) return true;
    }
    return false;
}

static bool check_field(struct step_reader *r, const char *path, const struct step *s,
                        const char *name) {
    const struct field *f = entity_field(r->decl->entity, name);
    bool person = f && f->type == FIELD_PERSON, text = f && !f->sealed && f->type == FIELD_TEXT;
    if (person || (text && s->kind != STEP_PERSON_FIELD)) return true;
    if (f)
        wrong(r, path, "field_unsuitable", "%s is no person", name);
    else
        wrong(r, path, "field_unknown", "there is no field \"%s\"%s", name, field_instead(r, name));
    return false;
}

static bool check_step(struct step_reader *r, const char *path, const struct step *s) {
    int role = s->kind == STEP_ROLE ? access_role(r->access, s->what) : -1;
    if (s->kind == STEP_ROLE && role < 0) {
        wrong(r, path, "role_unknown", "there is no role \"%s\"%s", s->what,
              role_instead(r, s->what));
        return false;
    }
    if ((s->kind == STEP_HEAD_OF || s->kind == STEP_PERSON_FIELD) &&
        !check_field(r, path, s, s->what))
        return false;
    if (s->kind == STEP_POST && s->group && !strncmp(s->group, "field:", 6) &&
        !check_field(r, path, s, s->group + 6))
        return false;
    if (!step_granted(r->access, r->decl->entity, r->decl->transition, role)) {
        wrong(r, path, "step_impossible",
              s->kind == STEP_ROLE ? "access.yaml lets %s never %s"
                                   : "access.yaml lets nobody%s %s",
              s->kind == STEP_ROLE ? s->what : "", r->decl->transition->name);
        return false;
    }
    if (s->quorum >= 1 && s->quorum <= LIMIT_APPROVAL_STEPS) return true;
    wrong(r, path, "quorum_invalid", "a quorum is 1 to %d", LIMIT_APPROVAL_STEPS);
    return false;
}

bool step_read(struct step_reader *r, const json_t *j, const char *path, struct step *out) {
    static const char *const keys[] = {"role",  "group",  "head_of", "person_field", "post", "name",
                                       "title", "quorum", NULL};
    *out = (struct step){.quorum = 1};
    const char *name = json_string_value(j);
    if (name) { // a name of `who`, or a role's
        name = out->name = arena_strdup(r->arena, name);
        const json_t *meant = json_object_get(r->decl->who, name);
        if (json_is_object(meant)) {
            if (!step_read(r, meant, path, out)) return false;
            out->name = name;
            return true;
        }
        out->kind = STEP_ROLE, out->what = name;
        return !r->wrong || check_step(r, path, out);
    }
    if (!json_is_object(j)) {
        wrong(r, path, "step_invalid", "a step is a name or { role = … }");
        return false;
    }
    only(r, j, path, keys);
    int kinds = 0;
    for (int k = STEP_ROLE; k <= STEP_POST; k++) {
        const char *what = text_of(r, j, WORDS[k]);
        if (!what || (k == STEP_GROUP && json_object_get(j, "post"))) continue;
        out->kind = (enum step_kind)k, out->what = what;
        kinds++;
    }
    if (kinds != 1) {
        wrong(r, path, "step_invalid",
              "a step names one of role, group, head_of, person_field, post");
        return false;
    }
    if (out->kind == STEP_POST) out->group = text_of(r, j, "group");
    out->name = text_of(r, j, "name");
    if (!out->name) out->name = out->what;
    out->title = title_of(r, j);
    const json_t *quorum = json_object_get(j, "quorum");
    if (quorum) out->quorum = json_integer_value(quorum);
    return !r->wrong || check_step(r, path, out);
}

const json_t *plan_of(const struct approval_decl *d, const struct policy_revision *rev,
                      struct arena *a) {
    json_t *all;
    struct problem quiet;
    if (!d->policy_key) return d->plan;
    problem_init(&quiet, a);
    if (!rev || json_parse(a, rev->json, rev->json_n, &all, &quiet)) return NULL;
    const json_t *at = all;
    for (char *path = arena_strdup(a, d->policy_key), *key; at && (key = strsep(&path, "."));)
        at = json_object_get(at, key);
    return at;
}

int plan_paper_days(const struct approval_decl *d, const json_t *plan) {
    const char *s = json_string_value(json_object_get(plan, "paper"));
    char *end = NULL;
    long days = s ? strtol(s, &end, 10) : 0;
    return s && !strcmp(end, "d") ? (int)days : d->paper_days;
}

static bool scaled(const json_t *j, int scale, int64_t *out) {
    char text[64];
    if (json_is_string(j))
        return text_to_scaled(json_string_value(j), json_string_length(j), scale, out);
    int n = json_is_integer(j)
                ? snprintf(text, sizeof text, "%lld", (long long)json_integer_value(j))
                : snprintf(text, sizeof text, "%.*f", scale, json_real_value(j));
    return json_is_number(j) && text_to_scaled(text, (size_t)n, scale, out);
}

// { above = 5000, field = "total", step = …, before = "principal" }; without before: at the end.
static void add_step(struct step_reader *r, const json_t *j, const char *path,
                     const struct record *rec, struct step *steps, int *n) {
    static const char *const keys[] = {"above", "field", "step", "before", NULL};
    const char *before = json_string_value(json_object_get(j, "before"));
    const char *name = json_string_value(json_object_get(j, "field"));
    const struct field *f = name ? entity_field(r->decl->entity, name) : NULL;
    only(r, j, path, keys);
    bool number = f && !f->sealed && field_type_is_number(f->type);
    int64_t above = 0;
    struct step s;
    if (!number)
        wrong(r, path, "field_unsuitable", "\"%s\" is no unsealed amount or number",
              name ? name : "");
    else if (!scaled(json_object_get(j, "above"), f->scale, &above))
        wrong(r, path, "above_invalid", "above is a number such as 5000");
    bool fits = step_read(r, json_object_get(j, "step"), path, &s) && number;
    int at = before ? -1 : *n;
    for (int i = 0; before && i < *n; i++)
        if (!strcmp(steps[i].name, before)) at = i;
    if (at < 0) wrong(r, path, "step_unknown", "there is no step \"%s\" before it", before);
    if (!fits || at < 0 || *n == LIMIT_APPROVAL_STEPS) return;
    if (rec && (rec->values[f->index].kind != VALUE_INT || rec->values[f->index].i <= above))
        return;
    memmove(&steps[at + 1], &steps[at], sizeof *steps * (size_t)(*n - at));
    steps[at] = s;
    ++*n;
}

int plan_steps(struct step_reader *reader, const json_t *plan, const struct record *r,
               struct step *out) {
    const json_t *list = json_is_array(plan) ? plan : json_object_get(plan, "steps");
    const json_t *add = json_object_get(plan, "add");
    size_t i;
    json_t *j;
    int n = 0;
    if (!json_array_size(list) ||
        json_array_size(list) + json_array_size(add) > LIMIT_APPROVAL_STEPS)
        wrong(reader, "", "steps_invalid", "an approval has 1 to %d steps", LIMIT_APPROVAL_STEPS);
    json_array_foreach((json_t *)list, i, j) if (n < LIMIT_APPROVAL_STEPS) {
        if (step_read(reader, j, arena_printf(reader->arena, "steps/%zu", i), &out[n])) n++;
    }
    json_array_foreach((json_t *)add, i, j)
        add_step(reader, j, arena_printf(reader->arena, "add/%zu", i), r, out, &n);
    for (int k = 0; k < n; k++) out[k].key = k + 1;
    return n;
}

void people_json(struct buf *b, const char *key, const struct people_list *l) {
    json_key(b, key), buf_putc(b, '[');
    for (int i = 0; i < l->n; i++) json_sep(b), json_cstr(b, l->ids[i]);
    buf_putc(b, ']');
}

void steps_write(const struct step *steps, int n, struct buf *b) {
    buf_putc(b, '[');
    for (int i = 0; i < n; i++) {
        const struct step *s = &steps[i];
        json_sep(b), buf_putc(b, '{');
        json_kv_int(b, "key", s->key);
        json_kv_str(b, "name", s->name);
        if (s->title.zh) json_kv_str(b, "zh", s->title.zh);
        if (s->title.en) json_kv_str(b, "en", s->title.en);
        json_kv_str(b, "kind", WORDS[s->kind]);
        if (s->what) json_kv_str(b, "what", s->what);
        if (s->group) json_kv_str(b, "group", s->group);
        json_kv_int(b, "quorum", s->quorum);
        if (s->people.n) people_json(b, "people", &s->people);
        if (s->gone.n) people_json(b, "gone", &s->gone);
        if (s->ready) json_kv_bool(b, "ready", true);
        if (s->climbed) json_kv_bool(b, "climbed", true);
        if (s->passed) json_kv_bool(b, "passed", true);
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
}

static void people_parse(struct arena *a, const json_t *list, struct people_list *out) {
    for (size_t i = 0; i < json_array_size(list); i++)
        people_list_add(out, json_string_value(json_array_get(list, i)), a);
}

int steps_parse(struct arena *a, const json_t *list, struct step *out) {
    struct step_reader r = {.arena = a};
    int n = 0;
    for (size_t i = 0; i < json_array_size(list) && n < LIMIT_APPROVAL_STEPS; i++) {
        const json_t *j = json_array_get(list, i);
        const char *kind = json_string_value(json_object_get(j, "kind"));
        struct step *s = &out[n++];
        *s = (struct step){.key = json_integer_value(json_object_get(j, "key")),
                           .name = text_of(&r, j, "name"),
                           .title = {text_of(&r, j, "zh"), text_of(&r, j, "en")},
                           .what = text_of(&r, j, "what"),
                           .group = text_of(&r, j, "group"),
                           .quorum = json_integer_value(json_object_get(j, "quorum")),
                           .ready = json_is_true(json_object_get(j, "ready")),
                           .climbed = json_is_true(json_object_get(j, "climbed")),
                           .passed = json_is_true(json_object_get(j, "passed")),
                           .kind = STEP_PEOPLE};
        for (int k = 0; k < STEP_KINDS; k++)
            if (kind && !strcmp(kind, WORDS[k])) s->kind = (enum step_kind)k;
        people_parse(a, json_object_get(j, "people"), &s->people);
        people_parse(a, json_object_get(j, "gone"), &s->gone);
    }
    return n;
}

// Compiling

struct compile {
    struct step_reader reader; // first
    struct problem *p;
    const char *file;
    int line, col;
    const struct yaml *node; // of a policy's steps, or NULL: the declaration's
};

static const struct yaml *walk(const struct yaml *y, const char *path) {
    while (y && *path) {
        size_t n = strcspn(path, "/");
        long at = strtol(path, NULL, 10);
        const struct yaml *c = y->first;
        if (y->kind == YAML_LIST)
            while (c && at--) c = c->next;
        else
            while (c && (strlen(c->key) != n || memcmp(c->key, path, n))) c = c->next;
        if (!c) break;
        y = c;
        path += n + (path[n] == '/');
    }
    return y;
}

static void complain(struct step_reader *r, const char *path, const char *word, const char *text) {
    struct compile *c = (struct compile *)r;
    const char *name = r->decl->transition->name;
    const struct yaml *y = c->node ? walk(c->node, path) : NULL;
    if (!y) {
        problem_at(c->p, c->file, c->line, c->col, word, "transition %s: %s%s%s", name, path,
                   *path ? ": " : "", text);
        return;
    }
    for (const struct problem_item *it = c->p->first; it; it = it->next) // revisions share files
        if (it->file && it->line == y->line && it->col == y->col && !strcmp(it->file, y->file) &&
            !strcmp(it->word, word))
            return;
    problem_at(c->p, y->file, y->line, y->col, word, "%s", text);
}

static const struct transition *way_of(struct compile *c, struct approval_decl *d,
                                       const json_t *decl, const char *key) {
    const char *name = json_string_value(json_object_get(decl, key));
    const struct transition *t = name ? entity_transition(d->entity, name) : NULL;
    if (!name) return NULL;
    if (!t) {
        const struct workflow *w = d->entity->workflow;
        const char **names = arena_alloc(c->reader.arena, sizeof *names * (size_t)w->ntransitions);
        for (int i = 0; i < w->ntransitions; i++) names[i] = w->transitions[i].name;
        wrong(&c->reader, "", "transition_unknown", "%s: there is no transition \"%s\"%s", key,
              name,
              text_instead(c->reader.arena, name, names, (size_t)w->ntransitions, "there are"));
    }
    if (t && (t->from & d->transition->from) != d->transition->from)
        wrong(&c->reader, "", "transition_unsuitable",
              "%s: %s does not lead out of every state where it is signed", key, name);
    else if (t && (t->approvals || t->rule_decl))
        wrong(&c->reader, "", "transition_unsuitable", "%s: %s has a rule or approvals of its own",
              key, name);
    return t;
}

static void read_never_by(struct compile *c, struct approval_decl *d, const json_t *decl) {
    const json_t *list = json_object_get(decl, "never_by");
    size_t n = json_array_size(list);
    int *columns = arena_alloc(c->reader.arena, sizeof *columns * (n + 1));
    if (!n)
        wrong(&c->reader, "", "never_by_missing",
              "say whose own case it is: never_by = { \"$created_by\", … }");
    for (size_t i = 0; i < n; i++) {
        const char *s = json_string_value(json_array_get(list, i));
        const struct field *f = s ? entity_field(d->entity, s) : NULL;
        if (s && !strcmp(s, "$created_by"))
            columns[d->nnever_by++] = COLUMN_CREATED_BY;
        else if (s && !strcmp(s, "$submitter"))
            d->never_submitter = true;
        else if (f && f->type == FIELD_PERSON)
            columns[d->nnever_by++] = f->index;
        else {
            wrong(&c->reader, "", f ? "field_unsuitable" : "field_unknown",
                  "never_by: \"%s\" is no person field, $created_by or $submitter%s", s ? s : "",
                  f || !s ? "" : field_instead(&c->reader, s));
        }
    }
    d->never_by = columns;
}

static void read_plan(struct compile *c, struct approval_decl *d, const struct policy *pol) {
    struct step steps[LIMIT_APPROVAL_STEPS + 1];
    if (!d->policy_key) {
        plan_steps(&c->reader, d->plan, NULL, steps);
        return;
    }
    size_t found = 0;
    for (size_t i = 0; pol && i < policy_count(pol); i++) {
        const struct policy_revision *rev = policy_nth((struct policy *)pol, i);
        c->node = policy_node(rev, d->policy_key);
        if (!c->node) continue;
        found++;
        plan_steps(&c->reader, plan_of(d, rev, c->reader.arena), NULL, steps);
        c->node = NULL;
    }
    if (!found)
        wrong(&c->reader, "", "policy_unknown", "the policy of %s has no key \"%s\"",
              d->entity->plugin->name, d->policy_key);
}

static struct approval_decl *compile_one(struct compile *c, const struct entity *e,
                                         const struct transition *t, const struct policy *pol) {
    static const char *const plan_keys[] = {"steps", "add", "paper", NULL};
    struct approval_decl *d = arena_alloc(c->reader.arena, sizeof *d);
    const json_t *decl = t->declaration, *how = t->approvals;
    *d = (struct approval_decl){.entity = e, .transition = t, .who = json_object_get(decl, "who")};
    c->reader.decl = d;
    c->file = e->file, c->line = t->line ? t->line : e->line;
    c->col = t->line && t->col ? t->col : 1;
    const char *s = json_string_value(how);
    if (s && !strncmp(s, "policy:", 7) && s[7])
        d->policy_key = arena_strdup(c->reader.arena, s + 7);
    else if (s)
        wrong(&c->reader, "", "approvals_invalid", "write \"policy:KEY\" or a list of steps");
    d->plan = how;
    only(&c->reader, how, "", plan_keys);
    read_never_by(c, d, decl);
    const char *otherwise = json_string_value(json_object_get(decl, "otherwise"));
    d->climbs = otherwise && !strcmp(otherwise, "climb");
    if (!otherwise || (!d->climbs && strcmp(otherwise, "wait")))
        wrong(&c->reader, "", "otherwise_missing",
              "say what happens when nobody is left to sign: otherwise = \"climb\" or \"wait\"");
    if (t->to >= 0 && t->from >> t->to & 1)
        wrong(&c->reader, "", "transition_unsuitable", "what is approved leads to another state");
    d->back = way_of(c, d, decl, "back");
    d->recall = way_of(c, d, decl, "recall");
    const char *paper = json_string_value(json_object_get(decl, "paper"));
    char *end = NULL;
    long days = paper ? strtol(paper, &end, 10) : 0;
    if (paper && (days < 1 || days > 366 || strcmp(end, "d")))
        wrong(&c->reader, "", "paper_invalid", "paper = \"5d\": days to confirm within");
    d->paper_days = (int)days;
    if (!s || d->policy_key) read_plan(c, d, pol);
    return d;
}

enum err approval_compile(struct arena *a, const struct schema *s, const struct access *x,
                          struct policy *const *policies, struct approval_plans **out,
                          struct problem *p) {
    unsigned before = p->count;
    struct approval_plans *plans = arena_alloc(a, sizeof *plans);
    struct compile c = {.reader = {.arena = a, .access = x, .wrong = complain}, .p = p};
    plans->by_entity = arena_alloc(a, sizeof *plans->by_entity * (size_t)(s->nentities + 1));
    for (int i = 0; i < s->nentities; i++) {
        const struct entity *e = s->entities[i];
        int n = 0, most = e->workflow ? e->workflow->ntransitions : 0;
        const struct approval_decl **list = arena_alloc(a, sizeof *list * (size_t)(most + 1));
        for (int k = 0; k < most; k++) {
            const struct transition *t = &e->workflow->transitions[k];
            if (t->approvals) list[n++] = compile_one(&c, e, t, policies[e->plugin - s->plugins]);
        }
        if (n) plans->by_entity[i] = list;
    }
    *out = plans;
    return p->count > before ? ERR_INVALID : ERR_OK;
}

void approval_meta_json(const struct approval_decl *d, const struct policy_revision *rev,
                        struct arena *a, struct buf *b) {
    struct step steps[LIMIT_APPROVAL_STEPS + 1];
    struct step_reader reader = {.arena = a, .decl = d};
    const json_t *plan = plan_of(d, rev, a), *list = json_is_array(plan) ? plan : NULL;
    int n = 0;
    size_t i;
    json_t *j;
    if (!list) list = json_object_get(plan, "steps");
    json_array_foreach((json_t *)list, i,
                       j) if (n < LIMIT_APPROVAL_STEPS && step_read(&reader, j, "", &steps[n])) n++;
    json_key(b, "steps"), steps_write(steps, n, b);
    json_key(b, "add");
    if (json_object_get(plan, "add"))
        json_dom(b, json_object_get(plan, "add"));
    else
        buf_puts(b, "[]");
    json_kv_str(b, "otherwise", d->climbs ? "climb" : "wait");
    json_kv_str(b, "back", d->back ? d->back->name : NULL);
    json_kv_str(b, "recall", d->recall ? d->recall->name : NULL);
    json_kv_int(b, "paper_days", plan_paper_days(d, plan));
}
