// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// policies/access.yaml -> struct access, every error at file:line:col.
#include <string.h>
#include "access/access_internal.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "campus/yaml.h"

void rule_wrong(struct compile *c, const struct yaml *y, const char *word, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    problem_at(c->p, y->file, y->line, y->col, word, "%s", arena_vprintf(c->a, fmt, ap));
    va_end(ap);
}

// A text or a list of texts, NULL-ended.
static const char **texts(struct compile *c, const struct yaml *y, int *n) {
    const char **out = arena_alloc(c->a, sizeof *out * ((y ? y->count : 0) + 2));
    int k = 0;
    for (const struct yaml *i = y && y->kind == YAML_LIST ? y->first : y; i; i = i->next) {
        if (i->kind == YAML_MAP || i->kind == YAML_LIST || i->kind == YAML_NULL)
            rule_wrong(c, i, "text_expected", "write a name here");
        else
            out[k++] = i->text;
        if (i == y) break;
    }
    if (n) *n = k;
    return out;
}

// Complains about what is there but is no list or map.
static const struct yaml *of_kind(struct compile *c, const struct yaml *y, enum yaml_kind kind) {
    if (!y || y->kind == kind) return y;
    rule_wrong(c, y, kind == YAML_LIST ? "list_expected" : "map_expected",
               kind == YAML_LIST ? "write a list here: [a, b]"
                                 : "write a map here: { key: value }");
    return NULL;
}

static int role_of(struct compile *c, const struct yaml *at, const char *name) {
    int r = access_role(c->x, name);
    if (r >= 0) return r;
    const char **names = arena_alloc(c->a, sizeof *names * (size_t)c->x->nroles);
    for (int i = 0; i < c->x->nroles; i++) names[i] = c->x->roles[i].name;
    rule_wrong(c, at, "role_unknown", "there is no role \"%s\"%s", name,
               text_instead(c->a, name, names, (size_t)c->x->nroles, "there are"));
    return -1;
}

static void compile_roles(struct compile *c, const struct yaml *y) {
    static const char *const keys[] = {"title", "includes", NULL};
    size_t n = of_kind(c, y, YAML_MAP) ? y->count : 0;
    if (!n) y = NULL;
    c->x->roles = arena_alloc(c->a, sizeof *c->x->roles * (n + 1));
    c->x->roles[c->x->nroles++] = (struct role){.name = "everyone"};
    for (const struct yaml *r = y ? y->first : NULL; r; r = r->next) {
        if (c->x->nroles >= ACCESS_ROLES_MAX) {
            rule_wrong(c, r, "too_many", "at most %d roles", ACCESS_ROLES_MAX);
            return;
        }
        if (access_role(c->x, r->key) == 0)
            rule_wrong(c, r, "role_reserved", "every person has the role \"everyone\" already");
        if (r->kind != YAML_NULL) of_kind(c, r, YAML_MAP);
        yaml_only(r, c->p, keys);
        const struct yaml *t = yaml_get(r, "title");
        c->x->roles[c->x->nroles++] =
            (struct role){.name = r->key,
                          .line = r->key_line,
                          .title = {yaml_str(t, "zh", NULL), yaml_str(t, "en", NULL)},
                          .includes = texts(c, yaml_get(r, "includes"), NULL)};
    }
    for (const struct yaml *r = y ? y->first : NULL; r; r = r->next) {
        const struct yaml *inc = yaml_get(r, "includes");
        for (const struct yaml *i = of_kind(c, inc, YAML_LIST) ? inc->first : NULL; i; i = i->next)
            if (i->text) role_of(c, i, i->text);
    }
    for (int i = 0; i < c->x->nroles; i++) fieldset_add(&c->x->roles[i].closure, i);
    for (int pass = 0; pass < c->x->nroles; pass++) // closure: at most nroles rounds
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
                rule_wrong(c, r, "role_cycle",
                           "roles %s and %s include each other: take one of the two away", r->key,
                           *inc);
        }
    }
}

static void compile_fieldset(struct compile *c, const struct entity *e, const struct yaml *list,
                             struct fieldset *out) {
    for (const struct yaml *i = of_kind(c, list, YAML_LIST) ? list->first : NULL; i; i = i->next) {
        const struct field *f = e && i->text ? entity_field(e, i->text) : NULL;
        if (f)
            fieldset_add(out, f->index);
        else {
            size_t n = 0;
            const char *const *names = e ? entity_field_names(e, c->a, &n) : NULL;
            rule_wrong(c, i, "field_unknown", "%s has no field \"%s\"%s", e ? e->full : "*",
                       i->text ? i->text : "", text_instead(c->a, i->text, names, n, "it has"));
        }
    }
}

static const struct entity *entity_of(struct compile *c, const struct yaml *y) {
    const struct entity *e = schema_entity_full(c->x->schema, y->text, y->n);
    if (e) return e;
    const char **names = arena_alloc(c->a, sizeof *names * (size_t)(c->x->schema->nentities + 1));
    for (int i = 0; i < c->x->schema->nentities; i++) names[i] = c->x->schema->entities[i]->full;
    rule_wrong(c, y, "entity_unknown", "there is no entity \"%s\"%s", y->text,
               text_instead(c->a, y->text, names, (size_t)c->x->schema->nentities, "there are"));
    return NULL;
}

static void check_verbs(struct compile *c, const struct entity *e, const struct yaml *list) {
    static const char *const all[] = {"*",      "read",   "create", "update", "delete",
                                      "search", "reveal", "export", "import", "history"};
    static const char *const posted[] = {"*", "read", "post", "search", "export", "history"};
    const char *const *verbs = e && e->ledger ? posted : all;
    const size_t nverbs =
        e && e->ledger ? sizeof posted / sizeof *posted : sizeof all / sizeof *all;
    for (const struct yaml *v = list ? list->first : NULL; v; v = v->next) {
        bool known = v->text && e && entity_transition(e, v->text);
        for (size_t i = 0; i < nverbs; i++) known |= v->text && !strcmp(verbs[i], v->text);
        if (!known && v->text) {
            const char *names[96];
            size_t n = 0;
            for (; n < nverbs; n++) names[n] = verbs[n];
            for (int i = 0; e && e->workflow && i < e->workflow->ntransitions && n < 96; i++)
                names[n++] = e->workflow->transitions[i].name;
            rule_wrong(c, v, "verb_unknown", "\"%s\" is no verb and no transition%s", v->text,
                       text_instead(c->a, v->text, names, n, "there are"));
        }
    }
}

const char *const access_permissions[] = {"core.admin",        "core.people", "core.release",
                                          "core.keys",         "core.policy", "core.audit",
                                          "core.approvals",    "core.paper",  "core.obligations",
                                          "core.organisation", NULL};

// The core's areas, and PLUGIN.actions.NAME; what a plugin declares beyond that begins with its
// name.
static void check_permissions(struct compile *c, const struct yaml *list) {
    const char *const *own = access_permissions;
    size_t nown = 0;
    while (own[nown]) nown++;
    for (const struct yaml *y = list ? list->first : NULL; y; y = y->next) {
        if (!y->text || !strcmp(y->text, "*")) continue;
        size_t n = strcspn(y->text, ".");
        const char *plugin = arena_strndup(c->a, y->text, n),
                   *action = strstr(y->text, ".actions.");
        const struct plugin *pl = schema_plugin(c->x->schema, plugin);
        bool known = pl && y->text[n];
        const char *const *words = own;
        size_t count = nown;
        if (pl && action) {
            const char **names = arena_alloc(c->a, sizeof *names * (size_t)(pl->nactions + 1));
            known = false;
            for (int i = 0; i < pl->nactions; i++) {
                names[i] = arena_printf(c->a, "%s.actions.%s", pl->name, pl->actions[i].name);
                known |= !strcmp(names[i], y->text);
            }
            words = names, count = (size_t)pl->nactions;
        }
        if (pl && strstr(y->text, ".documents.")) {
            const char **names = arena_alloc(c->a, sizeof *names * (size_t)(pl->ndocuments + 1));
            known = false;
            for (int i = 0; i < pl->ndocuments; i++) {
                names[i] = arena_printf(c->a, "%s.documents.%s", pl->name, pl->documents[i].name);
                known |= !strcmp(names[i], y->text);
            }
            words = names, count = (size_t)pl->ndocuments;
        }
        if (pl && strstr(y->text, ".exports.")) {
            const char **names = arena_alloc(c->a, sizeof *names * (size_t)(pl->nexports + 1));
            known = false;
            for (int i = 0; i < pl->nexports; i++) {
                names[i] = arena_printf(c->a, "%s.exports.%s", pl->name, pl->exports[i].name);
                known |= !strcmp(names[i], y->text);
            }
            words = names, count = (size_t)pl->nexports;
        }
        for (size_t i = 0; i < nown; i++) known |= !strcmp(own[i], y->text);
        if (!known)
            rule_wrong(c, y, "permission_unknown", "there is no permission \"%s\"%s", y->text,
                       text_instead(c->a, y->text, words, count, "there are"));
    }
}

// ent: the one entity that this rule is for; a rule over several becomes one for each.
static void compile_rule(struct compile *c, const struct yaml *y, const struct yaml *ent,
                         struct rule *r) {
    static const char *const keys[] = {"name", "allow",  "deny",    "entity",      "roles",
                                       "when", "fields", "purpose", "permissions", NULL};
    static const char *const field_keys[] = {"mask", "hide", "clear", "only", NULL};
    if (!of_kind(c, y, YAML_MAP)) {
        *r = (struct rule){.name = "?", .file = y->file, .line = y->line, .entity = -2};
        return;
    }
    yaml_only(y, c->p, keys);
    const struct yaml *allow = yaml_get(y, "allow"), *deny = yaml_get(y, "deny");
    const struct yaml *fields = yaml_get(y, "fields"), *roles = yaml_get(y, "roles"),
                      *perms = yaml_get(y, "permissions");
    *r = (struct rule){.name = yaml_str(y, "name", "?"),
                       .file = y->file,
                       .line = y->line,
                       .deny = deny != NULL,
                       .purpose = yaml_str(y, "purpose", NULL),
                       .entity = -2};
    if (!yaml_get(y, "name"))
        rule_wrong(c, y, "name_missing", "a rule needs a name: name: staff read notes");
    for (const struct rule *other = c->x->rules; other < r; other++)
        if (!strcmp(other->name, r->name) && strcmp(r->name, "?") && other->line != r->line)
            rule_wrong(c, y, "name_taken",
                       "the rule at line %d has this name already: take another", other->line);
    if ((allow && deny) || (!perms && !allow && !deny))
        rule_wrong(c, y, "rule_invalid", "a rule has either allow or deny, or permissions alone");
    if (perms && (deny || yaml_get(y, "when")))
        rule_wrong(c, perms, "rule_invalid",
                   "permissions are granted whole: write a rule of their own");
    r->permissions = texts(c, perms, NULL);
    check_permissions(c, perms);
    r->verbs = texts(c, allow ? allow : deny, NULL);
    if (!roles)
        rule_wrong(c, y, "roles_missing", "a rule names its roles: roles: [everyone]");
    else if (of_kind(c, roles, YAML_LIST) && !roles->first)
        rule_wrong(c, roles, "roles_missing", "a rule names its roles: roles: [everyone]");
    for (const struct yaml *i = roles ? roles->first : NULL; i; i = i->next) {
        int k = role_of(c, i, i->text ? i->text : "");
        if (k >= 0) fieldset_add(&r->roles, k);
    }
    if (!allow && !deny) return;
    const struct entity *e = NULL;
    if (!ent)
        rule_wrong(c, y, "entity_missing", "a rule names its entity: entity: plugin.entity");
    else if (!strcmp(ent->text ? ent->text : "", "*"))
        r->entity = -1;
    else if (ent->text && (e = entity_of(c, ent)))
        r->entity = e->index;
    else
        return;
    check_verbs(c, e, allow ? allow : deny);
    yaml_only(of_kind(c, fields, YAML_MAP), c->p, field_keys);
    compile_fieldset(c, e, yaml_get(fields, "mask"), &r->mask);
    compile_fieldset(c, e, yaml_get(fields, "hide"), &r->hide);
    compile_fieldset(c, e, yaml_get(fields, "clear"), &r->clear);
    compile_fieldset(c, e, yaml_get(fields, "only"), &r->only);
    r->has_only = yaml_get(fields, "only") != NULL;
    rule_when(c, e, r, of_kind(c, yaml_get(y, "when"), YAML_MAP));
}

static const char *near_transition(struct compile *c, const struct entity *e, const char *word) {
    size_t n = e->workflow ? (size_t)e->workflow->ntransitions : 0;
    const char **names = arena_alloc(c->a, sizeof *names * (n + 1));
    for (size_t i = 0; i < n; i++) names[i] = e->workflow->transitions[i].name;
    return text_instead(c->a, word, names, n, "it has");
}

static void compile_exclusive(struct compile *c, const struct yaml *y, struct exclusive *x) {
    static const char *const keys[] = {"name", "entity", "transitions", "roles", NULL};
    yaml_only(y, c->p, keys);
    *x = (struct exclusive){.name = yaml_str(y, "name", "?"), .entity = -1};
    const struct yaml *ent = yaml_get(y, "entity"), *tr = yaml_get(y, "transitions"),
                      *roles = yaml_get(y, "roles");
    if (!of_kind(c, y, YAML_MAP)) return;
    if (!tr == !roles || (tr && !ent))
        rule_wrong(c, y, "exclusive_invalid", "write entity and transitions, or roles");
    of_kind(c, tr, YAML_LIST), of_kind(c, roles, YAML_LIST);
    const struct entity *e = ent && ent->text ? entity_of(c, ent) : NULL;
    if (e) x->entity = e->index;
    for (const struct yaml *g = tr ? tr->first : NULL; g && x->ngroups < 16; g = g->next) {
        of_kind(c, g, YAML_LIST);
        for (const struct yaml *t = g->kind == YAML_LIST ? g->first : NULL; t; t = t->next)
            if (e && t->text && strcmp(t->text, "create") && !entity_transition(e, t->text))
                rule_wrong(c, t, "transition_unknown", "%s has no transition \"%s\"%s", e->full,
                           t->text, near_transition(c, e, t->text));
        x->groups[x->ngroups++] = texts(c, g, NULL);
    }
    for (const struct yaml *r = roles ? roles->first : NULL; r && x->nroles < 16; r = r->next) {
        int k = role_of(c, r, r->text ? r->text : "");
        if (k >= 0) x->roles[x->nroles++] = k;
    }
}

enum err access_compile(struct arena *a, const struct yaml *y, const struct schema *schema,
                        struct access **out, struct problem *p) {
    static const char *const keys[] = {"policy", "valid_from", "roles", "exclusive", "rules", NULL};
    unsigned before = p->count;
    struct access *x = arena_alloc(a, sizeof *x);
    struct compile c = {a, x, p};
    static _Atomic int64_t serial;
    x->schema = schema;
    x->serial = ++serial;
    if (!of_kind(&c, y, YAML_MAP)) return ERR_INVALID;
    yaml_only(y, p, keys);
    compile_roles(&c, yaml_get(y, "roles"));
    const struct yaml *rules = of_kind(&c, yaml_get(y, "rules"), YAML_LIST);
    const struct yaml *ex = of_kind(&c, yaml_get(y, "exclusive"), YAML_LIST);
    size_t nrules = 0;
    for (const struct yaml *r = rules ? rules->first : NULL; r; r = r->next) {
        const struct yaml *ent = yaml_get(r, "entity");
        nrules += ent && ent->kind == YAML_LIST ? ent->count : 1;
    }
    x->rules = arena_alloc(a, sizeof *x->rules * (nrules + 1));
    for (const struct yaml *r = rules ? rules->first : NULL; r; r = r->next) {
        const struct yaml *ent = yaml_get(r, "entity");
        bool several = ent && ent->kind == YAML_LIST && ent->count;
        for (ent = several ? ent->first : ent; ent || !several; ent = ent->next) {
            compile_rule(&c, r, ent, &x->rules[x->nrules]), x->nrules++;
            if (!several) break;
        }
    }
    x->exclusives = arena_alloc(a, sizeof *x->exclusives * ((ex ? ex->count : 0) + 1));
    for (const struct yaml *r = ex ? ex->first : NULL; r; r = r->next)
        compile_exclusive(&c, r, &x->exclusives[x->nexclusives++]);
    for (int i = 0; i < x->nroles; i++) {
        struct problem quiet;
        problem_init(&quiet, a);
        if (access_roles_agree(x, &x->roles[i].closure, &quiet))
            problem_at(p, y->file, x->roles[i].line, 1, "exclusive",
                       "role %s includes what nobody may hold together: %s", x->roles[i].name,
                       quiet.detail);
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

const char *access_role_name(const struct access *x, int role) {
    return x->roles[role].name;
}
const struct title *access_role_title(const struct access *x, int role) {
    return &x->roles[role].title;
}
bool access_role_is_personal(const char *name) {
    return strncmp(name, "plugin.", 7) && strcmp(name, "public");
}
int access_role_count(const struct access *x) {
    return x->nroles;
}

void access_role_closure(const struct access *x, int role, struct fieldset *into) {
    for (int w = 0; w < FIELDSET_WORDS; w++) into->w[w] |= x->roles[role].closure.w[w];
}

enum err access_roles_agree(const struct access *x, const struct fieldset *roles,
                            struct problem *p) {
    for (int i = 0; i < x->nexclusives; i++) {
        const struct exclusive *ex = &x->exclusives[i];
        int held = -1;
        for (int k = 0; k < ex->nroles; k++) {
            if (!fieldset_has(roles, ex->roles[k])) continue;
            if (held >= 0)
                return problem_set(p, ERR_CONFLICT, "%s: not both %s and %s", ex->name,
                                   x->roles[held].name, x->roles[ex->roles[k]].name);
            held = ex->roles[k];
        }
    }
    return ERR_OK;
}
