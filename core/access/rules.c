// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// policies/access.yaml -> struct access, every error at file:line:col.
#include <string.h>
#include "access/access_internal.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "campus/yaml.h"

struct compile { struct arena *a; struct access *x; struct problem *p; };

static void wrong(struct compile *c, const struct yaml *y, const char *word, const char *fmt, ...) PRINTF(4, 5);
static void wrong(struct compile *c, const struct yaml *y, const char *word, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    problem_at(c->p, y->file, y->line, y->col, word, "%s", arena_vprintf(c->a, fmt, ap));
    va_end(ap);
}

static const char **texts(struct compile *c, const struct yaml *y, int *n) {
    size_t count = y ? (y->kind == YAML_LIST ? y->count : 1) : 0;
    const char **out = arena_alloc(c->a, sizeof *out * (count + 1));
    int k = 0;
    if (y && y->kind == YAML_LIST) {
        for (const struct yaml *i = y->first; i; i = i->next)
            if (i->text) out[k++] = i->text;
    } else if (y && y->text) out[k++] = y->text;
    if (n) *n = k;
    return out;
}

static int role_of(struct compile *c, const struct yaml *at, const char *name) {
    int r = access_role(c->x, name);
    if (r >= 0) return r;
    const char **names = arena_alloc(c->a, sizeof *names * (size_t)c->x->nroles);
    for (int i = 0; i < c->x->nroles; i++) names[i] = c->x->roles[i].name;
    const char *near = text_nearest(name, names, (size_t)c->x->nroles);
    wrong(c, at, "role_unknown", "there is no role \"%s\"%s%s", name, near ? "; did you mean " : "", near ? near : "");
    return -1;
}

static void compile_roles(struct compile *c, const struct yaml *y) {
    static const char *const keys[] = {"title", "includes", NULL};
    size_t n = y ? y->count : 0;
    c->x->roles = arena_alloc(c->a, sizeof *c->x->roles * (n + 1));
    c->x->roles[c->x->nroles++] = (struct role){.name = "everyone"};
    for (const struct yaml *r = y ? y->first : NULL; r; r = r->next) {
        if (c->x->nroles >= ACCESS_ROLES_MAX) {
            wrong(c, r, "too_many", "at most %d roles", ACCESS_ROLES_MAX);
            return;
        }
        yaml_only(r, c->p, keys);
        const struct yaml *t = yaml_get(r, "title");
        c->x->roles[c->x->nroles++] =
            (struct role){.name = r->key, .line = r->key_line,
                          .title = {yaml_str(t, "zh", NULL), yaml_str(t, "en", NULL)},
                          .includes = texts(c, yaml_get(r, "includes"), NULL)};
    }
    for (const struct yaml *r = y ? y->first : NULL; r; r = r->next) {
        const struct yaml *inc = yaml_get(r, "includes");
        for (const struct yaml *i = inc ? inc->first : NULL; i; i = i->next) role_of(c, i, i->text ? i->text : "");
    }
    for (int i = 0; i < c->x->nroles; i++) fieldset_add(&c->x->roles[i].closure, i);
    for (int pass = 0; pass < c->x->nroles; pass++)     // closure: at most nroles rounds
        for (int i = 0; i < c->x->nroles; i++)
            for (const char **inc = c->x->roles[i].includes; inc && *inc; inc++) {
                int k = access_role(c->x, *inc);
                for (int w = 0; k >= 0 && w < FIELDSET_WORDS; w++)
                    c->x->roles[i].closure.w[w] |= c->x->roles[k].closure.w[w];
            }
    for (const struct yaml *r = y ? y->first : NULL; r; r = r->next) {
        int i = access_role(c->x, r->key);
        for (const char **inc = c->x->roles[i].includes; inc && *inc; inc++) {
            int k = access_role(c->x, *inc);
            if (k >= 0 && fieldset_has(&c->x->roles[k].closure, i))
                wrong(c, r, "role_cycle", "roles %s and %s include each other", r->key, *inc);
        }
    }
}

static void compile_fieldset(struct compile *c, const struct entity *e, const struct yaml *list, struct fieldset *out) {
    for (const struct yaml *i = list ? list->first : NULL; i; i = i->next) {
        const struct field *f = e && i->text ? entity_field(e, i->text) : NULL;
        if (f) fieldset_add(out, f->index);
        else {
            size_t n = 0;
            const char *const *names = e ? entity_field_names(e, c->a, &n) : NULL;
            const char *near = i->text ? text_nearest(i->text, names, n) : NULL;
            wrong(c, i, "field_unknown", "%s has no field \"%s\"%s%s", e ? e->full : "*", i->text ? i->text : "",
                  near ? "; did you mean " : "", near ? near : "");
        }
    }
}

static struct value literal(const struct entity *e, int column, const struct yaml *y) {
    if (y->kind == YAML_NULL) return value_null();
    if (y->kind == YAML_BOOL) return value_bool(y->b);
    int64_t v;
    const struct field *f = column >= 0 ? &e->fields[column] : NULL;
    bool number = f && (f->type == FIELD_INTEGER || f->type == FIELD_DECIMAL || f->type == FIELD_MONEY);
    if (number && text_to_scaled(y->text, y->n, f->scale, &v)) return value_int(v);
    return value_textn(y->text, y->n);
}

static struct test *add_test(struct compile *c, struct rule *r, struct test *tests, const struct yaml *y) {
    struct test *t = &tests[r->ntests++];
    struct buf b;
    buf_init(&b, c->a);
    buf_printf(&b, "%s: ", y->key ? y->key : "");
    yaml_to_json(y, &b);
    *t = (struct test){.line = y->line, .text = buf_str(&b), .op = COND_EQ};
    return t;
}

static bool actor_value(struct compile *c, const struct yaml *y, const char *s, struct test *t) {
    static const struct { const char *name; enum subject_of of; enum cond_op op; } vars[] = {
        {"$actor.id", OF_ACTOR_ID, COND_EQ}, {"$actor", OF_ACTOR_ID, COND_EQ}, {"$actor.campus", OF_ACTOR_CAMPUS, COND_EQ},
        {"$actor.groups", OF_ACTOR_GROUPS, COND_IN}, {"$actor.supervises", OF_ACTOR_SUPERVISED, COND_IN}};
    for (size_t i = 0; i < sizeof vars / sizeof *vars; i++)
        if (!strcmp(vars[i].name, s)) {
            t->of = vars[i].of;
            t->op = vars[i].op;
            return true;
        }
    wrong(c, y, "variable_unknown", "there is no %s: use $actor.id, .campus, .groups, .supervises", s);
    return false;
}

static void compile_compare(struct compile *c, const struct entity *e, struct rule *r, struct test *tests,
                            const struct yaml *y, int column) {
    static const struct { const char *key; enum cond_op op; } ops[] = {
        {"gte", COND_GE}, {"lte", COND_LE}, {"gt", COND_GT}, {"lt", COND_LT}};
    if (y->kind == YAML_LIST) {
        struct test *t = add_test(c, r, tests, y);
        struct value *v = arena_alloc(c->a, sizeof *v * (y->count + 1));
        for (const struct yaml *i = y->first; i; i = i->next) v[t->nvalues++] = literal(e, column, i);
        t->op = COND_IN, t->column = column, t->values = v;
        return;
    }
    if (y->kind == YAML_MAP) {
        static const char *const keys[] = {"gte", "lte", "gt", "lt", "empty", "supervised_by", NULL};
        yaml_only(y, c->p, keys);
        for (const struct yaml *i = y->first; i; i = i->next) {
            struct test *t = add_test(c, r, tests, i);
            t->column = column;
            if (!strcmp(i->key, "empty")) {
                t->op = COND_EMPTY;
                t->want = i->kind == YAML_BOOL && i->b;
                continue;
            }
            if (!strcmp(i->key, "supervised_by")) {
                t->of = OF_ACTOR_SUPERVISED;
                t->op = COND_IN;
                continue;
            }
            struct value *v = arena_alloc(c->a, sizeof *v);
            *v = literal(e, column, i);
            t->values = v, t->nvalues = 1;
            for (size_t k = 0; k < 4; k++)
                if (!strcmp(ops[k].key, i->key)) t->op = ops[k].op;
        }
        return;
    }
    struct test *t = add_test(c, r, tests, y);
    t->column = column;
    if (y->text && y->text[0] == '$') {
        actor_value(c, y, y->text, t);
        return;
    }
    struct value *v = arena_alloc(c->a, sizeof *v);
    *v = literal(e, column, y);
    t->values = v, t->nvalues = 1;
}

static void compile_when(struct compile *c, const struct entity *e, struct rule *r, const struct yaml *when) {
    size_t n = 0;
    for (const struct yaml *w = when ? when->first : NULL; w; w = w->next) n += w->kind == YAML_MAP ? w->count : 1;
    struct test *tests = arena_alloc(c->a, sizeof *tests * (n + 1));
    r->tests = tests;
    for (const struct yaml *w = when ? when->first : NULL; w; w = w->next) {
        if (!strncmp(w->key, "$actor.fact.", 12)) {
            struct test *t = add_test(c, r, tests, w);
            t->of = OF_FACT, t->fact = w->key + 12, t->want = w->kind == YAML_BOOL ? w->b : true;
            continue;
        }
        int column = e ? column_find(e, w->key) : COLUMN_NONE;
        if (column == COLUMN_NONE) {
            problem_at(c->p, w->file, w->key_line, w->key_col, "field_unknown", "%s has no field \"%s\"",
                       e ? e->full : "*", w->key);
            continue;
        }
        if (column >= 0 && e->fields[column].sealed)
            problem_at(c->p, w->file, w->key_line, w->key_col, "field_sealed", "%s is sealed: a condition cannot read it", w->key);
        compile_compare(c, e, r, tests, w, column);
    }
}

static const struct entity *entity_of(struct compile *c, const struct yaml *y) {
    const struct entity *e = schema_entity_full(c->x->schema, y->text, y->n);
    if (e) return e;
    const char **names = arena_alloc(c->a, sizeof *names * (size_t)(c->x->schema->nentities + 1));
    for (int i = 0; i < c->x->schema->nentities; i++) names[i] = c->x->schema->entities[i]->full;
    const char *near = text_nearest(y->text, names, (size_t)c->x->schema->nentities);
    wrong(c, y, "entity_unknown", "there is no entity \"%s\"%s%s", y->text, near ? "; did you mean " : "", near ? near : "");
    return NULL;
}

static void check_verbs(struct compile *c, const struct entity *e, const struct yaml *list) {
    static const char *const verbs[] = {"*", "read", "create", "update", "delete", "search", "reveal", "export", "import", "history"};
    for (const struct yaml *v = list ? list->first : NULL; v; v = v->next) {
        bool known = v->text && e && entity_transition(e, v->text);
        for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) known |= v->text && !strcmp(verbs[i], v->text);
        if (!known && v->text) {
            const char *names[96];
            size_t n = 0;
            for (; n < sizeof verbs / sizeof *verbs; n++) names[n] = verbs[n];
            for (int i = 0; e && e->workflow && i < e->workflow->ntransitions && n < 96; i++)
                names[n++] = e->workflow->transitions[i].name;
            const char *near = text_nearest(v->text, names, n);
            wrong(c, v, "verb_unknown", "\"%s\" is no verb and no transition%s%s", v->text,
                  near ? "; did you mean " : "", near ? near : "");
        }
    }
}

static void compile_rule(struct compile *c, const struct yaml *y, struct rule *r) {
    static const char *const keys[] = {"name", "allow", "deny", "entity", "roles", "when", "fields", "purpose", "permissions", NULL};
    static const char *const field_keys[] = {"mask", "hide", "clear", "only", NULL};
    yaml_only(y, c->p, keys);
    const struct yaml *allow = yaml_get(y, "allow"), *deny = yaml_get(y, "deny"), *ent = yaml_get(y, "entity");
    const struct yaml *fields = yaml_get(y, "fields"), *roles = yaml_get(y, "roles"), *perms = yaml_get(y, "permissions");
    *r = (struct rule){.name = yaml_str(y, "name", "?"), .file = y->file, .line = y->line, .deny = deny != NULL,
                       .purpose = yaml_str(y, "purpose", NULL), .entity = -2};
    if (!yaml_get(y, "name")) wrong(c, y, "name_missing", "a rule needs a name");
    if (!perms && !allow == !deny) wrong(c, y, "rule_invalid", "a rule has allow, deny or permissions");
    r->permissions = texts(c, perms, NULL);
    r->verbs = texts(c, allow ? allow : deny, NULL);
    if (!roles) wrong(c, y, "roles_missing", "a rule names its roles");
    for (const struct yaml *i = roles ? roles->first : NULL; i; i = i->next) {
        int k = role_of(c, i, i->text ? i->text : "");
        if (k >= 0) fieldset_add(&r->roles, k);
    }
    if (!allow && !deny) return;
    const struct entity *e = NULL;
    if (!ent) wrong(c, y, "entity_missing", "a rule names its entity");
    else if (!strcmp(ent->text ? ent->text : "", "*")) r->entity = -1;
    else if (ent->text && (e = entity_of(c, ent))) r->entity = e->index;
    else return;
    check_verbs(c, e, allow ? allow : deny);
    yaml_only(fields, c->p, field_keys);
    compile_fieldset(c, e, yaml_get(fields, "mask"), &r->mask);
    compile_fieldset(c, e, yaml_get(fields, "hide"), &r->hide);
    compile_fieldset(c, e, yaml_get(fields, "clear"), &r->clear);
    compile_fieldset(c, e, yaml_get(fields, "only"), &r->only);
    r->has_only = yaml_get(fields, "only") != NULL;
    compile_when(c, e, r, yaml_get(y, "when"));
}

static void compile_exclusive(struct compile *c, const struct yaml *y, struct exclusive *x) {
    static const char *const keys[] = {"name", "entity", "transitions", "roles", NULL};
    yaml_only(y, c->p, keys);
    *x = (struct exclusive){.name = yaml_str(y, "name", "?"), .entity = -1};
    const struct yaml *ent = yaml_get(y, "entity"), *tr = yaml_get(y, "transitions"), *roles = yaml_get(y, "roles");
    const struct entity *e = ent ? entity_of(c, ent) : NULL;
    if (e) x->entity = e->index;
    for (const struct yaml *g = tr ? tr->first : NULL; g && x->ngroups < 16; g = g->next) {
        for (const struct yaml *t = g->kind == YAML_LIST ? g->first : NULL; t; t = t->next)
            if (e && t->text && strcmp(t->text, "create") && !entity_transition(e, t->text))
                wrong(c, t, "transition_unknown", "%s has no transition \"%s\"", e->full, t->text);
        x->groups[x->ngroups++] = texts(c, g, NULL);
    }
    for (const struct yaml *r = roles ? roles->first : NULL; r && x->nroles < 16; r = r->next) {
        int k = role_of(c, r, r->text ? r->text : "");
        if (k >= 0) x->roles[x->nroles++] = k;
    }
}

enum err access_compile(struct arena *a, const struct yaml *y, const struct schema *schema, struct access **out,
                        struct problem *p) {
    static const char *const keys[] = {"policy", "valid_from", "roles", "exclusive", "rules", NULL};
    unsigned before = p->count;
    struct access *x = arena_alloc(a, sizeof *x);
    struct compile c = {a, x, p};
    x->schema = schema;
    yaml_only(y, p, keys);
    compile_roles(&c, yaml_get(y, "roles"));
    const struct yaml *rules = yaml_get(y, "rules"), *ex = yaml_get(y, "exclusive");
    x->rules = arena_alloc(a, sizeof *x->rules * ((rules ? rules->count : 0) + 1));
    for (const struct yaml *r = rules ? rules->first : NULL; r; r = r->next) compile_rule(&c, r, &x->rules[x->nrules++]);
    x->exclusives = arena_alloc(a, sizeof *x->exclusives * ((ex ? ex->count : 0) + 1));
    for (const struct yaml *r = ex ? ex->first : NULL; r; r = r->next)
        compile_exclusive(&c, r, &x->exclusives[x->nexclusives++]);
    for (int i = 0; i < x->nroles; i++) {
        struct problem quiet;
        problem_init(&quiet, a);
        if (access_roles_agree(x, &x->roles[i].closure, &quiet))
            problem_at(p, y->file, x->roles[i].line, 1, "exclusive", "role %s by itself breaks: %s", x->roles[i].name, quiet.detail);
    }
    x->by_entity = arena_alloc(a, sizeof *x->by_entity * (size_t)(schema->nentities + 1));
    for (int e = 0; e < schema->nentities; e++) {
        const struct rule **list = arena_alloc(a, sizeof *list * (size_t)(x->nrules + 1));
        int n = 0;
        for (int i = 0; i < x->nrules; i++)
            if (x->rules[i].entity == e || x->rules[i].entity == -1) list[n++] = &x->rules[i];
        x->by_entity[e] = list;
    }
    *out = x;
    return p->count > before ? ERR_INVALID : ERR_OK;
}

int access_role(const struct access *x, const char *name) {
    for (int i = 0; i < x->nroles; i++)
        if (!strcmp(x->roles[i].name, name)) return i;
    return -1;
}

const char *access_role_name(const struct access *x, int role) { return x->roles[role].name; }
int access_role_count(const struct access *x) { return x->nroles; }

void access_role_closure(const struct access *x, int role, struct fieldset *into) {
    for (int w = 0; w < FIELDSET_WORDS; w++) into->w[w] |= x->roles[role].closure.w[w];
}

enum err access_roles_agree(const struct access *x, const struct fieldset *roles, struct problem *p) {
    for (int i = 0; i < x->nexclusives; i++) {
        const struct exclusive *ex = &x->exclusives[i];
        int held = -1;
        for (int k = 0; k < ex->nroles; k++) {
            if (!fieldset_has(roles, ex->roles[k])) continue;
            if (held >= 0)
                return problem_set(p, ERR_CONFLICT, "%s: not both %s and %s", ex->name, x->roles[held].name,
                                   x->roles[ex->roles[k]].name);
            held = ex->roles[k];
        }
    }
    return ERR_OK;
}
