// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Builds the schema of a release out of its plugins' declarations: entities with their columns and
// workflows, rules. Collects every error before it gives up.
#include "record/schema_build.h"
#include "record/store_sql.h"
#include "campus/limits.h"
#include "campus/mem.h"
#include "campus/record.h"
#include "campus/report.h"
#include "campus/text.h"

// The one list of reserved names for plugins, entities, fields and transitions.
static const char *const RESERVED[] = {
    "id",         "n",          "rev",         "state",    "created_at",   "created_by",
    "updated_at", "updated_by", "archived_at", "owner",    "policy",       "core",
    "api",        "public",     "admin",       "actions",  "reports",      "import",
    "export",     "history",    "meta",        "session",  "inbox",        "decisions",
    "access",     "events",     "jobs",        "files",    "openapi",      "sort",
    "limit",      "cursor",     "fields",      "total",    "expand",       "reveal",
    "format",     "purpose",    "read",        "create",   "update",       "delete",
    "search",     "list",       "everyone",    "between",  "exports",      "q",
    "approval",   "approvals",  "due_at",      "deadline", "reservations", "obligations"};

bool build_is_reserved(const char *name) {
    for (size_t i = 0; i < sizeof RESERVED / sizeof *RESERVED; i++)
        if (!strcmp(RESERVED[i], name)) return true;
    return false;
}

const char **build_texts(struct build *b, const json_t *list, int *n) {
    size_t count = json_array_size(list);
    const char **out = arena_alloc(b->arena, sizeof *out * (count + 1));
    int k = 0;
    for (size_t i = 0; i < count; i++) {
        const char *s = json_string_value(json_array_get(list, i));
        if (s) out[k++] = arena_strdup(b->arena, s);
    }
    if (n) *n = k;
    return out;
}

const char *build_kept(struct build *b, const json_t *j) {
    struct buf text;
    if (!json_is_object(j)) return NULL; // {} of Lua is a list
    buf_init(&text, b->arena);
    json_dom(&text, j);
    return arena_strndup(b->arena, text.data, text.len);
}

static int state_index(const struct workflow *w, const char *name) {
    for (int i = 0; name && i < w->nstates; i++)
        if (!strcmp(w->states[i].name, name)) return i;
    return -1;
}

static int state_or_error(struct build *b, const json_t *at, const struct workflow *w,
                          const char *name) {
    int s = state_index(w, name);
    if (s >= 0) return s;
    const char *names[64];
    for (int i = 0; i < w->nstates; i++) names[i] = w->states[i].name;
    build_at(b, at, "state_unknown", "there is no state \"%s\"%s", name ? name : "",
             text_instead(b->arena, name, names, (size_t)w->nstates, "there are"));
    return -1;
}

static void build_transition(struct build *b, const json_t *j, const json_t *entity,
                             const struct workflow *w, const struct plugin *pl,
                             struct transition *t) {
    const json_t *at = json_object_get(j, "line") ? j : entity;
    t->name = arena_strdup(b->arena, json_string_value(json_object_get(j, "name")));
    build_name(b, at, "transition", t->name);
    t->title = build_title(b, j);
    t->line = (int)json_integer_value(json_object_get(j, "line"));
    t->col = build_col(j);
    const json_t *from = json_object_get(j, "from"), *to = json_object_get(j, "to");
    if (!from || !to)
        build_at(b, at, "state_missing",
                 "transition %s: say from which state to which: from = \"%s\""
                 ", to = \"%s\"",
                 t->name, w->nstates ? w->states[0].name : "a",
                 w->nstates > 1 ? w->states[1].name : "b");
    if (json_is_string(from)) {
        int s = state_or_error(b, at, w, json_string_value(from));
        if (s >= 0) t->from |= UINT64_C(1) << s;
    } else {
        size_t i;
        json_t *one;
        json_array_foreach((json_t *)from, i, one) {
            int s = state_or_error(b, at, w, json_string_value(one));
            if (s >= 0) t->from |= UINT64_C(1) << s;
        }
    }
    t->to = to ? state_or_error(b, at, w, json_string_value(to)) : -1;
    t->approvals = json_object_get(j, "approvals");
    t->declaration = j;
    t->needs = build_texts(b, json_object_get(j, "needs"), &t->nneeds);
    const json_t *message = json_object_get(j, "message");
    if (json_is_string(message)) {
        t->messages = arena_alloc(b->arena, 2 * sizeof *t->messages);
        t->messages[0] = arena_strdup(b->arena, json_string_value(message));
    } else
        t->messages = build_texts(b, message, NULL);
    const char *rule = json_string_value(json_object_get(j, "rule"));
    if (!rule) return;
    t->rule = arena_strdup(b->arena, rule);
    const char **names = arena_alloc(b->arena, sizeof *names * (size_t)(pl->nrules + 1));
    for (int i = 0; i < pl->nrules; i++) {
        names[i] = pl->rules[i].name;
        if (!strcmp(names[i], rule)) t->rule_decl = &pl->rules[i];
    }
    if (!t->rule_decl)
        build_at(b, at, "rule_unknown", "transition %s: there is no rule \"%s\"%s", t->name, rule,
                 text_instead(b->arena, rule, names, (size_t)pl->nrules, "the plugin has"));
}

static void build_workflow(struct build *b, const json_t *j, const json_t *entity,
                           const struct plugin *pl, struct entity *e) {
    struct workflow *w = arena_alloc(b->arena, sizeof *w);
    const json_t *states = json_object_get(j, "states"), *moves = json_object_get(j, "transitions");
    size_t ns = json_array_size(states), nt = json_array_size(moves);
    if (!ns || ns > 64) {
        build_at(b, entity, "states_invalid", "%s: a workflow has 1 to 64 states", e->name);
        return;
    }
    struct state *s = arena_alloc(b->arena, sizeof *s * ns);
    for (size_t i = 0; i < ns; i++) {
        const json_t *one = json_array_get(states, i);
        s[i].name = arena_strdup(b->arena, json_string_value(json_object_get(one, "name")));
        if (!s[i].name || !text_is_name(s[i].name)) {
            build_at(b, json_object_get(one, "line") ? one : entity, "name_invalid",
                     "state \"%s\": a name is made of a-z, 0-9 and _, and begins with a letter",
                     s[i].name ? s[i].name : "");
            s[i].name = "?";
        }
        s[i].title = build_title(b, one);
        s[i].final = json_is_true(json_object_get(one, "final"));
        s[i].frees = json_is_true(json_object_get(one, "frees"));
    }
    w->states = s;
    w->nstates = (int)ns;
    unsigned wrongs = b->p->count;
    const char *start = json_string_value(json_object_get(j, "start"));
    w->start = start ? state_or_error(b, entity, w, start) : -1;
    if (!start)
        build_at(b, entity, "start_missing", "%s: say where the workflow begins: start = \"STATE\"",
                 e->name);
    struct transition *t = arena_alloc(b->arena, sizeof *t * (nt + 1));
    for (size_t i = 0; i < nt; i++)
        build_transition(b, json_array_get(moves, i), entity, w, pl, &t[i]);
    w->transitions = t;
    w->ntransitions = (int)nt;
    e->workflow = w;
    if (b->p->count > wrongs) return; // what leads where is not known yet
    uint64_t reached = w->start >= 0 ? UINT64_C(1) << w->start : 0, before = 0;
    while (reached != before) {
        before = reached;
        for (size_t i = 0; i < nt; i++)
            if (t[i].to >= 0 && t[i].from & reached) reached |= UINT64_C(1) << t[i].to;
    }
    for (size_t i = 0; i < ns; i++) {
        bool out = false;
        const json_t *at = json_array_get(states, i);
        if (!json_object_get(at, "line")) at = entity;
        for (size_t k = 0; k < nt; k++) out |= t[k].from >> i & 1;
        if (!(reached >> i & 1))
            build_at(b, at, "state_unreachable",
                     "%s: no way leads from the start to state %s: add a transition to it, or take "
                     "it away",
                     e->name, s[i].name);
        if (!s[i].final && !out)
            build_at(b, at, "state_stuck",
                     "%s: nothing leads out of state %s: add a transition from it, or final = true",
                     e->name, s[i].name);
        if (s[i].final && out)
            build_at(b, at, "state_not_final",
                     "%s: state %s is final, yet a transition leaves it: drop one of the two",
                     e->name, s[i].name);
    }
}

const char *build_near(struct build *b, const struct entity *e, const char *name) {
    size_t n;
    const char *const *names = entity_field_names(e, b->arena, &n);
    return text_instead(b->arena, name, names, n, "it has");
}

static void build_indexes(struct build *b, const json_t *list, const json_t *entity,
                          struct entity *e) {
    size_t n = json_array_size(list);
    struct index_decl *out = arena_alloc(b->arena, sizeof *out * (n + 1));
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(list, i), *cols = one;
        if (json_is_object(one))
            cols = json_object_get(one, "fields");
        else
            one = entity;
        size_t nc = json_array_size(cols);
        int *columns = arena_alloc(b->arena, sizeof *columns * (nc + 1));
        struct buf name;
        bool unique = json_is_true(json_object_get(one, "unique"));
        buf_init(&name, b->arena);
        buf_printf(&name, "%s_%s", unique ? "k" : "i", e->table + 2);
        int k = 0;
        for (size_t c = 0; c < nc; c++) {
            const char *s = json_string_value(json_array_get(cols, c));
            int col = s ? column_find(e, s) : COLUMN_NONE;
            if (col == COLUMN_NONE)
                build_at(b, one, "field_unknown", "%s: an index names the unknown field \"%s\"%s",
                         e->name, s ? s : "", build_near(b, e, s));
            else if (col >= 0 && e->fields[col].sealed)
                build_at(b, one, "index_sealed",
                         "%s: %s is sealed (its class is %s) and cannot be ordered; searchable = "
                         "true finds equal values",
                         e->name, s,
                         e->fields[col].class == CLASS_SECRET ? "secret" : "confidential");
            else
                columns[k++] = col;
            buf_printf(&name, "_%s", s ? s : "");
        }
        out[e->nindexes++] = (struct index_decl){
            .fields = columns, .count = k, .unique = unique, .name = buf_str(&name)};
    }
    e->indexes = out;
}

// Where a state has a deadline, records have a due time to filter and sort by; there is room for
// it.
static void build_due(struct build *b, const json_t *workflow, struct entity *e) {
    size_t i;
    json_t *state;
    e->due_field = -1;
    json_array_foreach(json_object_get(workflow, "states"), i, state) {
        if (!json_object_get(state, "deadline")) continue;
        struct field *f = (struct field *)&e->fields[e->due_field = e->nfields++];
        *f = (struct field){.name = "due_at",
                            .index = e->due_field,
                            .type = FIELD_DATETIME,
                            .class = CLASS_INTERNAL,
                            .title = {"办理期限", "Due"},
                            .readonly = true,
                            .column = "f_due_at",
                            .sql_type = "BIGINT",
                            .file = b->file};
        return;
    }
}

// lab = { group = { … }, sum = "total" }: plain values that the reader of a flip may be told by.
static void build_lab(struct build *b, const json_t *j, struct entity *e) {
    const json_t *group = json_object_get(json_object_get(j, "lab"), "group");
    size_t n = json_array_size(group);
    int *columns = arena_alloc(b->arena, sizeof *columns * (n + 1));
    for (size_t i = 0; i < n; i++) {
        const char *s = json_string_value(json_array_get(group, i));
        int col = s ? column_find(e, s) : COLUMN_NONE;
        const struct field *f = col >= 0 ? &e->fields[col] : NULL;
        bool plain =
            f && !f->sealed &&
            (f->type == FIELD_TEXT || f->type == FIELD_CHOICE || f->type == FIELD_INTEGER ||
             f->type == FIELD_DATE || f->type == FIELD_BOOLEAN || f->type == FIELD_PERSON ||
             f->type == FIELD_REFERENCE);
        if (plain || col == COLUMN_STATE || col == COLUMN_CREATED_BY)
            columns[e->nlab++] = col;
        else if (f)
            build_at(
                b, j, "lab_unsuitable",
                "%s: the lab cannot group by %s: it is %s; take a text, choice, integer, date, "
                "boolean, person or reference",
                e->name, s, f->sealed ? "sealed" : field_type_name(f->type));
        else
            build_at(b, j, "field_unknown", "%s: the lab groups by the unknown field \"%s\"%s",
                     e->name, s ? s : "", build_near(b, e, s));
    }
    e->lab = columns;
    const char *sum = json_string_value(json_object_get(json_object_get(j, "lab"), "sum"));
    const struct field *f = sum ? entity_field(e, sum) : NULL;
    if (sum && (!f || f->sealed || !field_type_is_number(f->type)))
        build_at(b, j, "lab_unsuitable", "%s: the lab adds up an unsealed number, not \"%s\"",
                 e->name, sum);
    e->lab_sum = f;
}

// The table of an entity's words is named after its fields: others make another one.
static void build_search(struct build *b, struct entity *e) {
    int *fields = arena_alloc(b->arena, sizeof *fields * (size_t)(e->nfields + 1));
    struct buf text;
    uint64_t h = UINT64_C(14695981039346656037);
    buf_init(&text, b->arena);
    for (int i = 0; i < e->nfields; i++)
        if (e->fields[i].search) {
            fields[e->nsearch++] = i;
            buf_printf(&text, "1 %s %d ", e->fields[i].name, e->fields[i].search);
        }
    for (size_t i = 0; i < text.len; i++)
        h = (h ^ (unsigned char)text.data[i]) * UINT64_C(1099511628211);
    e->search = fields;
    e->search_table = arena_printf(b->arena, "x_%s_%08x", e->table + 2, (unsigned)(h ^ (h >> 32)));
}

// Whose data it is: "self", or what leads to them.
static void build_subjects(struct build *b, const json_t *j, struct entity *e) {
    const json_t *said = json_object_get(j, "subject");
    size_t n = json_is_array(said) ? json_array_size(said) : said != NULL;
    int *fields = arena_alloc(b->arena, sizeof *fields * (n + 1));
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_is_array(said) ? json_array_get(said, i) : said);
        const struct field *f = name ? entity_field(e, name) : NULL;
        if (name && !f && n == 1 && !strcmp(name, "self")) break;
        if (f && !f->sealed &&
            (f->type == FIELD_PERSON || f->type == FIELD_REFERENCE ||
             (f->type == FIELD_TEXT && f->unique)))
            fields[e->nsubjects++] = f->index;
        else
            build_at(
                b, j, "subject_unknown",
                "%s: subject \"%s\" is no person, reference or unique text that names a record: "
                "write one, or \"self\"",
                e->name, name ? name : "");
    }
    e->subjects = fields;
}

// The references to records that show it: a name, or several.
static void build_part_of(struct build *b, const json_t *j, struct entity *e) {
    const json_t *said = json_object_get(j, "part_of");
    size_t n = json_is_array(said) ? json_array_size(said) : said != NULL;
    for (size_t i = 0, k = 0; i < n; i++) {
        const char *name = json_string_value(json_is_array(said) ? json_array_get(said, i) : said);
        const struct field *f = name ? entity_field(e, name) : NULL;
        if (!e->part_of) e->part_of = arena_alloc(b->arena, sizeof(struct field *) * (n + 1));
        if (f && f->type == FIELD_REFERENCE)
            e->part_of[k++] = f;
        else
            build_at(b, j, "field_type", "%s: part_of = \"%s\" is no reference of it", e->name,
                     name ? name : "");
    }
}

static void build_entity(struct build *b, const json_t *j, const struct plugin *pl,
                         struct entity *e) {
    const char *name = json_string_value(json_object_get(j, "name"));
    build_name(b, j, "entity", name);
    e->name = arena_strdup(b->arena, name ? name : "?");
    e->full = arena_printf(b->arena, "%s.%s", pl->name, e->name);
    e->table = arena_printf(b->arena, "r_%s_%s", pl->name, e->name);
    e->plugin = pl;
    e->title = build_title(b, j);
    e->file = build_file(b, j);
    e->line = (int)json_integer_value(json_object_get(j, "line"));
    e->serves = build_texts(b, json_object_get(j, "serves"), NULL);
    const json_t *fields = json_object_get(j, "fields");
    size_t n = json_array_size(fields);
    if (!n || n > LIMIT_ENTITY_FIELDS)
        build_at(b, j, "fields_invalid",
                 "%s: an entity has 1 to %d fields: fields = { name = field.text {} }", e->name,
                 LIMIT_ENTITY_FIELDS);
    struct field *f = arena_alloc(b->arena, sizeof *f * (n + 1));
    for (size_t i = 0; i < n && i < LIMIT_ENTITY_FIELDS; i++)
        if (build_field(b, json_array_get(fields, i), &f[e->nfields])) {
            f[e->nfields].index = e->nfields;
            e->has_sealed |= f[e->nfields].sealed;
            for (int k = 0; k < e->nfields; k++)
                if (!strcmp(f[k].name, f[e->nfields].name))
                    build_at(b, json_array_get(fields, i), "duplicate", "%s appears twice",
                             f[k].name);
            e->nfields++;
        }
    e->fields = f;
    for (int i = 0; i < e->nfields; i++) {
        build_derived(b, e, &f[i]);
        for (int k = 0; k < f[i].nlines; k++) e->once |= f[i].lines[k].unique;
    }
    build_due(b, json_object_get(j, "workflow"), e);
    build_subjects(b, j, e);
    e->overview = build_kept(b, json_object_get(j, "overview"));
    build_part_of(b, j, e);
    build_search(b, e);
    build_indexes(b, json_object_get(j, "indexes"), j, e);
    build_lab(b, j, e);
    const json_t *w = json_object_get(j, "workflow");
    if (json_is_object(w)) build_workflow(b, w, j, pl, e);
}

static void build_rules(struct build *b, const json_t *list, struct plugin *pl) {
    size_t n = json_array_size(list);
    struct rule_decl *out = arena_alloc(b->arena, sizeof *out * (n + 1));
    for (size_t i = 0; i < n; i++) {
        const json_t *j = json_array_get(list, i);
        struct rule_decl *r = &out[pl->nrules++];
        r->name = arena_strdup(b->arena, json_string_value(json_object_get(j, "name")));
        r->reads = build_texts(b, json_object_get(j, "reads"), &r->nreads);
        r->file = build_file(b, j);
        r->line = (int)json_integer_value(json_object_get(j, "line"));
        build_name(b, j, "rule", r->name);
    }
    pl->rules = out;
}

void build_target(struct build *b, const struct schema *s, struct field *f) {
    if (f->type != FIELD_REFERENCE || !f->to) return;
    f->target = schema_entity_full(s, f->to, strlen(f->to));
    if (f->target) return;
    const char **names = arena_alloc(b->arena, sizeof *names * (size_t)(s->nentities + 1));
    for (int i = 0; i < s->nentities; i++) names[i] = s->entities[i]->full;
    problem_at(b->p, f->file, f->line, f->col, "entity_unknown", "%s: there is no entity \"%s\"%s",
               f->name, f->to,
               text_instead(b->arena, f->to, names, (size_t)s->nentities, "there are"));
}

static void resolve_needs(struct build *b, const struct schema *s, const struct plugin *pl,
                          const char *const *entities) {
    const json_t *needs = json_object_get(pl->declaration, "needs");
    int line = (int)json_integer_value(json_object_get(pl->declaration, "needs_line"));
    for (size_t i = 0; i < json_array_size(needs); i++) {
        const char *n = json_string_value(json_array_get(needs, i));
        if (n && !schema_entity_full(s, n, strlen(n)))
            problem_at(b->p, arena_printf(b->arena, "plugins/%s/plugin.lua", pl->name),
                       line ? line : 1, 1, "entity_unknown", "needs: there is no entity \"%s\"%s",
                       n, text_instead(b->arena, n, entities, (size_t)s->nentities, "there are"));
    }
}

// "name", or "lines.amount" of a list.
static void resolve_read(struct build *b, const struct entity *e, const struct rule_decl *r,
                         const char *read) {
    size_t head_n = strcspn(read, ".");
    const char *head = arena_strndup(b->arena, read, head_n);
    const struct field *f = entity_field(e, head);
    if (!f && column_find(e, head) == COLUMN_NONE)
        problem_at(b->p, r->file, r->line, 1, "field_unknown",
                   "rule %s reads \"%s\", which %s does not have%s", r->name, head, e->full,
                   build_near(b, e, head));
    if (!f || !read[head_n]) return;
    const char **names = arena_alloc(b->arena, sizeof *names * (size_t)(f->nlines + 1));
    bool known = false;
    for (int i = 0; i < f->nlines; i++) {
        names[i] = f->lines[i].name;
        known |= !strcmp(names[i], read + head_n + 1);
    }
    if (!known)
        problem_at(
            b->p, r->file, r->line, 1, "field_unknown",
            "rule %s reads \"%s\", but the lines of %s have no \"%s\"%s", r->name, read, head,
            read + head_n + 1,
            text_instead(b->arena, read + head_n + 1, names, (size_t)f->nlines, "they have"));
}

static void resolve(struct build *b, struct schema *s) {
    const char **entities = arena_alloc(b->arena, sizeof *entities * (size_t)(s->nentities + 1));
    for (int i = 0; i < s->nentities; i++) entities[i] = s->entities[i]->full;
    for (int i = 0; i < s->nplugins; i++) resolve_needs(b, s, &s->plugins[i], entities);
    for (int i = 0; i < s->nentities; i++) {
        struct entity *e = (struct entity *)s->entities[i];
        for (int k = 0; k < e->nfields; k++) build_target(b, s, (struct field *)&e->fields[k]);
        for (int k = 0; e->workflow && k < e->workflow->ntransitions; k++) {
            const struct transition *t = &e->workflow->transitions[k];
            for (int m = 0; m < t->nneeds; m++)
                if (!entity_field(e, t->needs[m]))
                    problem_at(b->p, e->file, t->line ? t->line : e->line, t->col ? t->col : 1,
                               "field_unknown", "transition %s needs the unknown field \"%s\"%s",
                               t->name, t->needs[m], build_near(b, e, t->needs[m]));
            for (int m = 0; t->rule_decl && m < t->rule_decl->nreads; m++)
                resolve_read(b, e, t->rule_decl, t->rule_decl->reads[m]);
        }
    }
    for (int i = 0; i < s->nentities; i++) build_through(b, (struct entity *)s->entities[i]);
}

enum err schema_build(struct arena *a, json_t *const *declarations, size_t n, struct schema **out,
                      struct problem *p) {
    unsigned before = p->count;
    struct build b = {.arena = a, .p = p};
    struct schema *s = arena_alloc(a, sizeof *s);
    struct plugin *plugins = arena_alloc(a, sizeof *plugins * (n + 1));
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += json_array_size(json_object_get(declarations[i], "entities"));
    s->entities = arena_alloc(a, sizeof(struct entity *) * (total + 1));
    s->plugins = plugins;
    for (size_t i = 0; i < n; i++) {
        const json_t *j = declarations[i];
        struct plugin *pl = &plugins[s->nplugins++];
        const char *name = json_string_value(json_object_get(j, "name"));
        b.plugin = name ? name : "?";
        b.file = arena_printf(a, "plugins/%s/plugin.lua", b.plugin);
        build_name(&b, j, "plugin", name);
        pl->schema = s;
        if (name && !strcmp(name, "documents")) // fields may be called that, an address is taken
            build_at(&b, j, "name_reserved",
                     "plugin \"documents\": the core uses this name itself; take another");
        pl->name = arena_strdup(a, b.plugin);
        pl->version = arena_strdup(a, json_string_value(json_object_get(j, "version")));
        pl->title = build_title(&b, j);
        pl->declaration = (json_t *)j;
        build_rules(&b, json_object_get(j, "rules"), pl);
        const json_t *entities = json_object_get(j, "entities");
        size_t ne = json_array_size(entities);
        pl->entities = arena_alloc(a, sizeof(struct entity *) * (ne + 1));
        for (size_t k = 0; k < ne; k++) {
            struct entity *e = arena_alloc(a, sizeof *e);
            build_entity(&b, json_array_get(entities, k), pl, e);
            e->index = s->nentities;
            pl->entities[pl->nentities++] = s->entities[s->nentities++] = e;
        }
        build_documents(&b, json_object_get(j, "documents"), pl);
    }
    for (int i = 0; i < s->nentities; i++) store_sql_build(a, (struct entity *)s->entities[i]);
    resolve(&b, s);
    for (int i = 0; i < s->nplugins; i++) build_handlers(&b, s, &plugins[i]);
    for (int i = 0; i < s->nplugins; i++) {
        build_messages(&b, s, &plugins[i]);
        b.plugin = plugins[i].name;
        b.file = arena_printf(a, "plugins/%s/plugin.lua", b.plugin);
        build_actions(&b, s, &plugins[i]);
        build_reports(&b, s, &plugins[i]);
        build_exports(&b, s, &plugins[i]);
        build_public(&b, s, &plugins[i]);
    }
    build_ledgers(&b, s);
    *out = s;
    return p->count > before ? ERR_INVALID : ERR_OK;
}

const struct plugin *schema_plugin(const struct schema *s, const char *name) {
    for (int i = 0; i < s->nplugins; i++)
        if (!strcmp(s->plugins[i].name, name)) return &s->plugins[i];
    return NULL;
}

const struct entity *schema_entity(const struct schema *s, const char *plugin, const char *name) {
    const struct plugin *pl = schema_plugin(s, plugin);
    for (int i = 0; pl && i < pl->nentities; i++)
        if (!strcmp(pl->entities[i]->name, name)) return pl->entities[i];
    return NULL;
}

const struct entity *schema_entity_full(const struct schema *s, const char *full, size_t n) {
    for (int i = 0; i < s->nentities; i++)
        if (strlen(s->entities[i]->full) == n && !memcmp(s->entities[i]->full, full, n))
            return s->entities[i];
    return NULL;
}

const struct field *entity_field(const struct entity *e, const char *name) {
    for (int i = 0; i < e->nfields; i++)
        if (!strcmp(e->fields[i].name, name)) return &e->fields[i];
    return NULL;
}

const struct choice *field_choice(const struct field *f, const char *name, size_t n) {
    for (int i = 0; i < f->nchoices; i++)
        if (strlen(f->choices[i].name) == n && !memcmp(f->choices[i].name, name, n))
            return &f->choices[i];
    return NULL;
}

int entity_state(const struct entity *e, const char *name) {
    return e->workflow ? state_index(e->workflow, name) : -1;
}

const struct transition *entity_transition(const struct entity *e, const char *name) {
    for (int i = 0; e->workflow && i < e->workflow->ntransitions; i++)
        if (!strcmp(e->workflow->transitions[i].name, name)) return &e->workflow->transitions[i];
    return NULL;
}

const char *const *entity_field_names(const struct entity *e, struct arena *a, size_t *n) {
    const char **out = arena_alloc(a, sizeof *out * (size_t)(e->nfields + 1));
    for (int i = 0; i < e->nfields; i++) out[i] = e->fields[i].name;
    *n = (size_t)e->nfields;
    return out;
}
