// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Declared reports, checked once every entity is known.
#include <string.h>
#include "campus/mem.h"
#include "campus/report.h"
#include "campus/text.h"
#include "record/schema_build.h"

static const char *const BUCKET_NAMES[BUCKETS] = {"", "day", "week", "month", "term", "year"};
static const char *const MEASURE_NAMES[MEASURES] = {"counts", "sum", "avg",
                                                    "min",    "max", "distinct"};
enum { MEASURES_MAX = 40, GROUPS_MAX = 8 };

struct declared {
    struct build *b;
    const json_t *j, *at; // at: where it was declared
    struct report_decl *r;
    struct report_measure *measures;
    struct report_group *groups;
};

static void wrong(struct declared *d, const char *word, const char *fmt, ...) PRINTF(3, 4);
static void wrong(struct declared *d, const char *word, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    const char *text = arena_vprintf(d->b->arena, fmt, ap);
    va_end(ap);
    build_at(d->b, d->at, word, "report %s: %s", d->r->name, text);
}

static enum field_type type_of(const struct entity *e, int column) {
    if (column >= 0) return e->fields[column].type;
    return column == COLUMN_CREATED_AT || column == COLUMN_UPDATED_AT ? FIELD_DATETIME : FIELD_TEXT;
}

static bool is_date(enum field_type t) {
    return t == FIELD_DATE || t == FIELD_DATETIME;
}

// A column that a report may look at, or COLUMN_NONE after saying why not.
static int column(struct declared *d, const struct entity *e, const char *name, const char *what) {
    int c = column_find(e, name);
    if (c == COLUMN_NONE)
        wrong(d, "field_unknown", "cannot %s \"%s\"%s", what, name, build_near(d->b, e, name));
    else if (c < 0 || !e->fields[c].sealed)
        return c;
    else
        wrong(d, "report_sealed", "cannot %s \"%s\": it is sealed", what, name);
    return COLUMN_NONE;
}

static const char *column_name(struct build *b, const char *text) {
    char *name = arena_strdup(b->arena, text);
    for (char *s = name; *s; s++)
        if (*s == '.' || *s == ':') *s = '_';
    return name;
}

static bool is_taken(const struct report_decl *r, const char *name) {
    if (!strcmp(name, "count") || !strcmp(name, "target") || !strncmp(name, "last_", 5))
        return true;
    for (int i = 0; i < r->ngroups; i++)
        if (!strcmp(r->groups[i].name, name)) return true;
    for (int i = 0; i < r->nmeasures; i++)
        if (!strcmp(r->measures[i].name, name)) return true;
    return false;
}

static void group(struct declared *d, const char *text) {
    struct report_decl *r = d->r;
    struct build *b = d->b;
    const char *colon = strchr(text, ':');
    const char *path = colon ? arena_strndup(b->arena, text, (size_t)(colon - text)) : text;
    const char *dot = strchr(path, '.');
    const char *head = dot ? arena_strndup(b->arena, path, (size_t)(dot - path)) : path;
    struct report_group g = {.name = column_name(b, text), .joined_column = COLUMN_NONE};
    const struct entity *last = r->entity;
    g.column = column(d, r->entity, head, "group by");
    if (g.column == COLUMN_NONE) return;
    int shown = g.column;
    if (dot) {
        const struct field *f = g.column >= 0 ? &r->entity->fields[g.column] : NULL;
        if (!f || f->type != FIELD_REFERENCE || !f->target) {
            wrong(d, "reference_missing", "\"%s\": %s is no reference", text, head);
            return;
        }
        last = g.joined = f->target;
        shown = g.joined_column = column(d, last, dot + 1, "group by");
        if (shown == COLUMN_NONE) return;
    }
    enum field_type type = type_of(last, shown);
    for (int i = 1; colon && i < BUCKETS; i++)
        if (!strcmp(BUCKET_NAMES[i], colon + 1)) g.bucket = (enum bucket)i;
    if (colon && !g.bucket)
        wrong(d, "bucket_unknown", "\"%s\": a bucket is day, week, month, term or year", text);
    else if (colon && !is_date(type))
        wrong(d, "bucket_unknown", "\"%s\": only dates and times have buckets", text);
    else if (!colon && type == FIELD_DATETIME)
        wrong(d, "bucket_missing", "\"%s\" is a time: group by \"%s:day\" or a longer bucket", text,
              text);
    else if (is_taken(r, g.name))
        wrong(d, "duplicate", "there is a column %s already", g.name);
    else if (r->ngroups == GROUPS_MAX)
        wrong(d, "too_many", "at most %d groups", GROUPS_MAX);
    else {
        if (g.column >= 0) fieldset_add(&r->reads, g.column);
        d->groups[r->ngroups++] = g;
    }
}

// Gives the condition as it was declared.
static const char *condition(struct declared *d, const json_t *where, const struct cond **out) {
    struct problem inner;
    problem_init(&inner, d->b->arena);
    *out = NULL;
    if (!where || (json_is_array(where) && !json_array_size(where))) return NULL; // {} of Lua
    if (!json_is_object(where)) {
        wrong(d, "where_invalid", "where is a table such as { state = \"admitted\" }");
        return NULL;
    }
    if (!query_where(d->b->arena, d->r->entity, where, out, &d->r->reads, &inner))
        return build_kept(d->b, where);
    for (const struct problem_item *it = inner.first; it; it = it->next)
        wrong(d, it->word, "where %s: %s", it->pointer + 1, it->detail);
    return NULL;
}

static void add_measure(struct declared *d, struct report_measure m) {
    if (is_taken(d->r, m.name))
        wrong(d, "duplicate", "there is a column %s already", m.name);
    else if (d->r->nmeasures == MEASURES_MAX)
        wrong(d, "too_many", "at most %d measures", MEASURES_MAX);
    else
        d->measures[d->r->nmeasures++] = m;
}

static void counts(struct declared *d) {
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(d->j, "counts"), i, one) {
        const char *name = json_string_value(json_object_get(one, "name"));
        struct report_measure m = {.kind = MEASURE_COUNT, .title = build_title(d->b, one)};
        if (!name || !text_is_name(name)) {
            wrong(d, "name_invalid", "counts: each is { name = \"…\", where = { … } }");
            continue;
        }
        m.name = arena_strdup(d->b->arena, name);
        m.asked = condition(d, json_object_get(one, "where"), &m.where);
        add_measure(d, m);
    }
}

static void measure(struct declared *d, enum measure kind, const char *name) {
    struct report_decl *r = d->r;
    struct report_measure m = {.kind = kind,
                               .column = column(d, r->entity, name, MEASURE_NAMES[kind])};
    if (m.column == COLUMN_NONE) return;
    enum field_type type = type_of(r->entity, m.column);
    bool fits = kind == MEASURE_DISTINCT
                    ? type != FIELD_LIST && type != FIELD_JSON && type != FIELD_MULTICHOICE
                    : field_type_is_number(type) ||
                          (kind >= MEASURE_MIN && (is_date(type) || type == FIELD_TIME));
    if (!fits) {
        wrong(d, "type", "there is no %s of %s, a %s", MEASURE_NAMES[kind], name,
              field_type_name(type));
        return;
    }
    m.name = arena_printf(d->b->arena, "%s_%s", MEASURE_NAMES[kind], name);
    if (m.column >= 0) fieldset_add(&r->reads, m.column);
    add_measure(d, m);
}

static void period(struct declared *d) {
    struct report_decl *r = d->r;
    const json_t *starts = json_object_get(d->j, "year_starts");
    const char *date = json_string_value(json_object_get(d->j, "date"));
    const char *compare = json_string_value(json_object_get(d->j, "compare"));
    r->date = COLUMN_CREATED_AT;
    r->year_starts = starts ? (int)json_integer_value(starts) : 1;
    if (r->year_starts < 1 || r->year_starts > 12) {
        wrong(d, "year_starts", "year_starts is a month, 1 to 12");
        r->year_starts = 1;
    }
    if (date) {
        int c = column(d, r->entity, date, "go by");
        if (c != COLUMN_NONE && !is_date(type_of(r->entity, c)))
            wrong(d, "type", "date = \"%s\" is no date and no time", date);
        else if (c != COLUMN_NONE)
            r->date = c;
    }
    if (compare && strcmp(compare, "year"))
        wrong(d, "compare_unknown", "compare is \"year\" or nothing");
    r->compare = compare != NULL;
    if (r->compare && r->date >= 0) fieldset_add(&r->reads, r->date);
}

static void claims(struct declared *d) {
    struct report_decl *r = d->r;
    if (r->kept && (r->compare || r->target))
        wrong(d, "not_kept", "what compares or has a target is counted when asked: not kept");
    for (int i = 0; r->kept && i < r->ngroups; i++)
        if (r->groups[i].joined)
            wrong(d, "not_kept", "%s changes with another record: not kept", r->groups[i].name);
    for (int i = 0; i < r->nmeasures; i++) {
        const struct report_measure *m = &r->measures[i];
        bool one = m->kind == MEASURE_MIN || m->kind == MEASURE_MAX;
        if (r->kept && (one || m->kind == MEASURE_DISTINCT))
            wrong(d, "not_kept", "%s cannot be counted down: not kept", m->name);
        if (r->min_cell && one)
            wrong(d, "min_cell", "%s is one record's value: not with min_cell", m->name);
    }
}

static bool build_report(struct build *b, const struct schema *s, const struct plugin *pl,
                         const json_t *j, const json_t *parent, const char *name,
                         struct report_decl *r);

static void target(struct declared *d, const struct schema *s, const struct plugin *pl) {
    struct report_decl *r = d->r, *t;
    json_t *j = json_object_get(d->j, "target");
    if (!j) return;
    t = arena_alloc(d->b->arena, sizeof *t);
    if (!json_is_object(j)) {
        wrong(d, "target", "target = { entity = …, group = { … }, sum = \"…\" }");
        return;
    }
    const char *name = arena_printf(d->b->arena, "%s (target)", r->name);
    if (!build_report(d->b, s, pl, j, d->j, name, t)) return;
    if (t->nmeasures != 1 || t->measures[0].kind != MEASURE_SUM)
        wrong(d, "target", "a target has one sum");
    else if (t->ngroups != r->ngroups)
        wrong(d, "target", "a target has as many groups as its report, in the same order");
    else
        r->target = t;
}

static bool build_report(struct build *b, const struct schema *s, const struct plugin *pl,
                         const json_t *j, const json_t *parent, const char *name,
                         struct report_decl *r) {
    struct declared d = {.b = b, .j = j, .at = parent ? parent : j, .r = r};
    unsigned before = b->p->count;
    const char *en = json_string_value(json_object_get(j, "entity"));
    *r = (struct report_decl){.name = name}; // a wrong one before it may have left its own
    r->title = build_title(b, j);
    r->serves = build_texts(b, json_object_get(j, "serves"), NULL);
    r->kept = json_is_true(json_object_get(j, "kept"));
    r->min_cell = (int)json_integer_value(json_object_get(j, "min_cell"));
    r->min_count = (int)json_integer_value(json_object_get(j, "min_count"));
    r->overview = build_kept(b, json_object_get(j, "overview"));
    r->chart = arena_strdup(b->arena, json_string_value(json_object_get(j, "chart")));
    if (en)
        r->entity = strchr(en, '.') ? schema_entity_full(s, en, strlen(en))
                                    : schema_entity(s, pl->name, en);
    if (!r->entity) {
        const char **all = arena_alloc(b->arena, sizeof *all * (size_t)(pl->nentities + 1));
        for (int i = 0; i < pl->nentities; i++) all[i] = pl->entities[i]->name;
        wrong(&d, "entity_unknown", "there is no entity \"%s\"%s", en ? en : "",
              text_instead(b->arena, en, all, (size_t)pl->nentities, "the plugin has"));
        return false;
    }
    r->groups = d.groups = arena_alloc(b->arena, sizeof *d.groups * GROUPS_MAX);
    r->measures = d.measures = arena_alloc(b->arena, sizeof *d.measures * MEASURES_MAX);
    period(&d);
    int n;
    const char **names = build_texts(b, json_object_get(j, "group"), &n);
    for (int i = 0; i < n; i++) group(&d, names[i]);
    counts(&d);
    for (int k = MEASURE_SUM; k < MEASURES; k++) {
        const json_t *list = json_object_get(j, MEASURE_NAMES[k]);
        if (json_is_string(list)) measure(&d, (enum measure)k, json_string_value(list));
        names = build_texts(b, list, &n);
        for (int i = 0; i < n; i++) measure(&d, (enum measure)k, names[i]);
    }
    r->asked = condition(&d, json_object_get(j, "where"), &r->where);
    if (!parent) target(&d, s, pl);
    claims(&d);
    return b->p->count == before;
}

void build_reports(struct build *b, const struct schema *s, struct plugin *pl) {
    const json_t *list = json_object_get(pl->declaration, "reports");
    size_t n = json_array_size(list);
    struct report_decl *out = arena_alloc(b->arena, sizeof *out * (n + 1));
    for (size_t i = 0; i < n; i++) {
        const json_t *j = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(j, "name"));
        if (!build_name(b, j, "report", name)) continue;
        if (build_report(b, s, pl, j, NULL, arena_strdup(b->arena, name), &out[pl->nreports]))
            pl->nreports++;
    }
    pl->reports = out;
}
