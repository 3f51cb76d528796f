// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// From files to a checked release. Files come from the home's plugin path and from what is shipped
// beside the binary (or $CAMPUSD_SHARE); the home's policies lie over the shipped ones.
#include <ctype.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "campus/approval.h"
#include "campus/clock.h"
#include "campus/flow.h"
#include "campus/fsio.h"
#include "campus/json.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "campus/people.h"
#include "campus/release.h"
#include "campus/template.h"
#include "campus/text.h"
#include "campus/yaml.h"
#include "release/release_internal.h"

enum { FILES_MAX = 2000, PLUGINS_MAX = 64 };
struct gather {
    struct arena *a;
    struct problem *p;
    struct release_file *files;
    size_t n;
};

static bool ends(const char *s, const char *end) {
    size_t n = strlen(s), m = strlen(end);
    return n >= m && !strcmp(s + n - m, end);
}

static void add_file(struct gather *g, const char *path, const char *shown) {
    struct release_file f = {.path = shown};
    char *text;
    for (size_t i = 0; i < g->n; i++)
        if (!strcmp(g->files[i].path, shown)) return; // the first place found wins
    struct problem p;
    problem_init(&p, g->a);
    enum err e = fsio_read(g->a, path, YAML_SIZE_MAX, &text, &f.n, &p);
    if (e == ERR_TOO_LARGE)
        problem_at(g->p, shown, 1, 1, "too_large", "larger than %d KiB: make two files of it",
                   YAML_SIZE_MAX / 1024);
    else if (e)
        problem_set(g->p, e, "%s", p.detail ? p.detail : path);
    if (e) return;
    f.text = text;
    if (g->n == FILES_MAX)
        problem_set(g->p, ERR_TOO_LARGE, "more than %d files", FILES_MAX);
    else
        g->files[g->n++] = f;
}

static void add_templates(struct gather *g, const char *dir, const char *shown) {
    const char **names;
    if (fsio_list(g->a, dir, &names, g->p)) return;
    for (; *names; names++)
        if (ends(*names, ".html"))
            add_file(g, fsio_join(g->a, dir, *names), fsio_join(g->a, shown, *names));
}

static void add_folder(struct gather *g, const char *dir, const char *shown, bool plugin) {
    const char **names;
    if (fsio_list(g->a, dir, &names, g->p)) return;
    for (; *names; names++) {
        const char *path = fsio_join(g->a, dir, *names), *as = fsio_join(g->a, shown, *names);
        if (ends(*names, ".yaml") || (plugin && ends(*names, ".lua")))
            add_file(g, path, as);
        else if (plugin && !strcmp(*names, "locale"))
            add_folder(g, path, as, false);
        else if (plugin && !strcmp(*names, "templates"))
            add_templates(g, path, as);
    }
}

static void add_plugins(struct gather *g, const struct config *c, const char *dir) {
    const char **names;
    struct stat st;
    if (fsio_list(g->a, dir, &names, g->p)) return;
    for (; *names; names++) {
        const char *path = fsio_join(g->a, dir, *names);
        bool wanted = !c->plugin_enabled;
        for (const char **e = c->plugin_enabled; e && *e; e++) wanted |= !strcmp(*e, *names);
        if (wanted && !stat(fsio_join(g->a, path, "plugin.lua"), &st))
            add_folder(g, path, arena_printf(g->a, "plugins/%s", *names), true);
    }
}

const char *release_share(struct arena *a) {
    const char *env = getenv("CAMPUSD_SHARE");
    char exe[4096];
    ssize_t n = env ? 0 : readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (env) return arena_strdup(a, env);
    exe[n > 0 ? n : 0] = 0;
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(exe, '/');
        if (slash) *slash = 0;
    }
    return arena_strdup(a, exe);
}

static int by_path(const void *x, const void *y) {
    return strcmp(((const struct release_file *)x)->path, ((const struct release_file *)y)->path);
}

static void hash_files(struct release *r) {
    crypto_hash_sha256_state h;
    uint8_t out[32];
    crypto_hash_sha256_init(&h);
    for (size_t i = 0; i < r->nfiles; i++) {
        char head[512];
        int n = snprintf(head, sizeof head, "%s\n%zu\n", r->files[i].path, r->files[i].n);
        crypto_hash_sha256_update(&h, (uint8_t *)head, (size_t)n);
        crypto_hash_sha256_update(&h, (const uint8_t *)r->files[i].text, r->files[i].n);
    }
    crypto_hash_sha256_final(&h, out);
    sodium_bin2hex(r->hash, sizeof r->hash, out, 32);
    memcpy(r->id, r->hash, 16);
}

// Groups "plugins/NAME/FILE.lua" by NAME; files are sorted by path.
static size_t group(struct release *r, struct host_plugin *out, struct problem *p) {
    size_t n = 0;
    for (size_t i = 0; i < r->nfiles; i++) {
        const char *s = r->files[i].path;
        if (strncmp(s, "plugins/", 8) || !ends(s, ".lua")) continue;
        const char *slash = strchr(s + 8, '/');
        const char *name = arena_strndup(r->arena, s + 8, (size_t)(slash - s - 8));
        if (!n || strcmp(out[n - 1].name, name)) {
            if (n == PLUGINS_MAX) {
                problem_set(p, ERR_TOO_LARGE, "more than %d plugins", PLUGINS_MAX);
                break;
            }
            out[n++] = (struct host_plugin){
                .name = name, .files = arena_alloc(r->arena, sizeof(struct host_file) * 64)};
        }
        struct host_plugin *pl = &out[n - 1];
        if (pl->count < 64)
            ((struct host_file *)pl->files)[pl->count++] =
                (struct host_file){slash + 1, r->files[i].text, r->files[i].n};
    }
    return n;
}

// What is left of a file with errors is checked as well, so that all of them are told at once.
static const struct yaml *parse_file(struct release *r, const char *path, struct problem *p) {
    for (size_t i = 0; i < r->nfiles; i++) {
        struct yaml *y = NULL;
        if (strcmp(r->files[i].path, path)) continue;
        enum err e = yaml_parse(r->arena, path, r->files[i].text, r->files[i].n, &y, p);
        return e == ERR_NOMEM ? NULL : y;
    }
    return NULL;
}

// What a rule says in one language it says in the other.
static void build_locale(struct release *r, int plugin, const char *name, struct problem *p) {
    const struct yaml *texts[2] = {
        [LANG_ZH] = parse_file(r, arena_printf(r->arena, "plugins/%s/locale/zh-CN.yaml", name), p),
        [LANG_EN] = parse_file(r, arena_printf(r->arena, "plugins/%s/locale/en.yaml", name), p)};
    static const char *const parts[] = {"reasons", "messages", NULL};
    static const char *const outcomes[] = {"pass", "fail", NULL};
    for (int i = 0; i < 2; i++) {
        r->locales[i][plugin] = texts[i];
        yaml_only(texts[i], p, parts);
        const struct yaml *reasons = yaml_get(texts[i], "reasons");
        for (const struct yaml *c = reasons ? reasons->first : NULL; c; c = c->next)
            yaml_only(c, p, outcomes);
    }
    for (int i = 0; i < 2; i++) {
        const struct yaml *reasons = yaml_get(texts[i], "reasons"),
                          *other = yaml_get(texts[!i], "reasons");
        for (const struct yaml *c = reasons ? reasons->first : NULL; c; c = c->next)
            if (!yaml_get(other, c->key))
                problem_at(p, c->file, c->key_line, c->key_col, "untranslated",
                           "%s is not in %s: say it there too", c->key,
                           i == LANG_EN ? "zh-CN.yaml" : "en.yaml");
    }
}

// A policy of the school that no plugin reads would be a rule nobody follows.
static void check_stray_policies(struct release *r, struct problem *p) {
    static const char where[] = "school/policies/";
    const char *names[PLUGINS_MAX + 3] = {"access", "calendar", "governance"};
    size_t n = 3;
    for (int i = 0; i < r->schema->nplugins; i++)
        if (r->policy_schemas[i]) names[n++] = r->schema->plugins[i].name;
    for (size_t f = 0; f < r->nfiles; f++) {
        if (strncmp(r->files[f].path, where, sizeof where - 1)) continue;
        const char *base = r->files[f].path + sizeof where - 1;
        const char *name = arena_strndup(r->arena, base, strcspn(base, ".@"));
        bool known = false;
        for (size_t i = 0; i < n; i++) known |= !strcmp(names[i], name);
        if (known) continue;
        problem_at(p, r->files[f].path, 1, 1, "policy_unknown", "no plugin has a policy \"%s\"%s",
                   name, text_instead(r->arena, name, names, n, "there are"));
    }
}

static void build_policy(struct release *r, int i, const char *name, struct problem *p) {
    const struct yaml *schema =
        parse_file(r, arena_printf(r->arena, "plugins/%s/policy.schema.yaml", name), p);
    if (!schema || policy_schema_load(r->arena, schema, &r->policy_schemas[i], p)) return;
    struct policy_layer layers[32];
    size_t n = 0, len = strlen(name);
    static const char *const where[][2] = {{"policies/", "shipped"},
                                           {"school/policies/", "school"}};
    for (int w = 0; w < 2; w++)
        for (size_t f = 0; f < r->nfiles && n < 32; f++) {
            const char *s = r->files[f].path, *base = s + strlen(where[w][0]);
            if (strncmp(s, where[w][0], strlen(where[w][0])) || strncmp(base, name, len) ||
                (base[len] != '.' && base[len] != '@'))
                continue;
            const struct yaml *y = parse_file(r, s, p);
            if (y) layers[n++] = (struct policy_layer){y, where[w][1]};
        }
    if (policy_build(r->arena, name, r->policy_schemas[i], layers, n, &r->policies[i], p)) return;
    for (size_t k = 0; k < policy_count(r->policies[i]); k++) {
        const struct policy_revision *rev = policy_nth(r->policies[i], k);
        if (pool_policy(r->pool, name, rev->id, rev->json, rev->json_n, p)) return;
    }
}

// Handlers act by a role of their own, which somebody must have thought about.
static void check_roles(struct release *r, struct problem *p) {
    for (int i = 0; i < r->schema->nplugins; i++) {
        const struct plugin *pl = &r->schema->plugins[i];
        const struct handler_decl *h = pl->non ? pl->on : pl->nevery ? pl->every : NULL;
        const char *role = arena_printf(r->arena, "plugin.%s", pl->name);
        if (h && access_role(r->access, role) < 0)
            problem_at(p, h->file, h->line, 1, "role_missing",
                       "handlers act with the role %s, which access.yaml does not have: add it"
                       " and give it what they need",
                       role);
        if (pl->nforms && access_role(r->access, "public") < 0)
            problem_at(p, pl->forms->file, pl->forms->line, 1, "role_missing",
                       "public forms act with the role public, which access.yaml does not have");
    }
}

static enum err build_calendars(struct release *r, struct problem *p) {
    const struct yaml *layers[2];
    int n = 0;
    for (int i = 0; i < 2; i++) {
        const struct yaml *y =
            parse_file(r, i ? "school/policies/calendar.yaml" : "policies/calendar.yaml", p);
        if (y) layers[n++] = y;
    }
    return calendar_compile(r->arena, r->tz, layers, n, &r->calendars, p);
}

// Where a word is given a value in a plugin's file, from a line on: so that what was checked as a
// table is told where it was written.
static struct spot locate(void *self, const char *file, int from, const char *word) {
    const struct release *r = self;
    const char *text = NULL;
    for (size_t i = 0; i < r->nfiles; i++)
        if (!strcmp(r->files[i].path, file)) text = r->files[i].text;
    int line = 1;
    const char *start = text; // of the line
    for (const char *s = text; s && (s = strstr(s, word)); s++) {
        for (const char *nl; (nl = memchr(start, '\n', (size_t)(s - start))); line++)
            start = nl + 1;
        const char *after = s + strlen(word) + strspn(s + strlen(word), " \t");
        bool starts = s == text || !(isalnum((unsigned char)s[-1]) || s[-1] == '_');
        if (line >= from && starts && after[0] == '=' && after[1] != '=')
            return (struct spot){line, (int)(s - start) + 1};
    }
    return (struct spot){0, 0};
}

static const struct template *build_template(struct release *r, const struct plugin *pl,
                                             const struct document_decl *d, const char *file,
                                             struct problem *p) {
    const char *path = arena_printf(r->arena, "plugins/%s/%s", pl->name, file);
    struct template *t = NULL;
    const struct policy *policy = r->policies[pl - r->schema->plugins];
    for (size_t i = 0; i < r->nfiles; i++)
        if (!strcmp(r->files[i].path, path)) {
            if (template_parse(r->arena, path, r->files[i].text, r->files[i].n, d, policy, &t, p))
                return NULL;
            return t;
        }
    problem_at(p, d->file, d->line, d->col, "file_missing", "document %s: there is no file %s",
               d->name, path);
    return NULL;
}

static void build_templates(struct release *r, struct plugin *pl, struct problem *p) {
    for (int i = 0; i < pl->ndocuments; i++) {
        struct document_decl *d = &pl->documents[i];
        const char *zh = title_in(&d->path, LANG_ZH, ""), *en = title_in(&d->path, LANG_EN, "");
        d->template[LANG_ZH] = build_template(r, pl, d, zh, p);
        d->template[LANG_EN] =
            strcmp(zh, en) ? build_template(r, pl, d, en, p) : d->template[LANG_ZH];
    }
}

// Of which files, and by which program: another may hear something else.
static const char *heard_by(const struct release *r) {
    struct stat st;
    if (stat("/proc/self/exe", &st)) return "";
    return arena_printf(r->arena, "%s %lld %lld.%ld", r->hash, (long long)st.st_size,
                        (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

// Everything after the files are known.
static enum err build(struct release *r, const struct config *c, struct db *db, int children,
                      struct problem *p) {
    struct arena *a = r->arena;
    unsigned before = p->count;
    snprintf(r->school, sizeof r->school, "%s", c->school.id);
    r->school_name = arena_strdup(a, c->school.name ? c->school.name : c->school.id);
    r->address = arena_strdup(a, c->school.address ? c->school.address : "");
    r->language = c->school.language;
    r->tz = tz_load(c->school.timezone);
    hash_files(r);
    struct host_plugin plugins[PLUGINS_MAX];
    size_t n = group(r, plugins, p);
    struct host_limits limits = {c->budget.cpu_ms, c->budget.wall_ms, c->budget.memory,
                                 c->weak_jail};
    r->declared = arena_alloc(a, sizeof *r->declared * (n + 1));
    r->ndeclared = n;
    for (size_t i = 0; i < n; i++) r->declared[i].plugin = plugins[i].name;
    r->heard = heard_by(r);
    bool known = db && declared_read(db, r);
    enum err e = known ? pool_open_later(&limits, plugins, n, children, &r->pool, p)
                       : pool_open(&limits, plugins, n, children, &r->pool, p);
    if (e) return e;
    json_t **decls = arena_alloc(a, sizeof *decls * (n + 1));
    size_t nd = 0;
    for (size_t i = 0; i < n; i++) {
        struct release_declared *d = &r->declared[i];
        e = known ? ERR_OK : pool_declare(r->pool, d->plugin, a, &d->json, &d->n, p);
        if (!e && !json_parse(a, d->json, d->n, &decls[nd], p)) nd++;
    }
    if (schema_build(a, decls, nd, &r->schema, p) && !p->count) return p->code;
    r->schema->tz = r->tz;
    r->policies = arena_alloc(a, sizeof *r->policies * (nd + 1));
    r->policy_schemas = arena_alloc(a, sizeof *r->policy_schemas * (nd + 1));
    for (int i = 0; i < 2; i++) r->locales[i] = arena_alloc(a, sizeof **r->locales * (nd + 1));
    for (int i = 0; i < r->schema->nplugins; i++) {
        build_policy(r, i, r->schema->plugins[i].name, p);
        build_locale(r, i, r->schema->plugins[i].name, p);
        build_templates(r, (struct plugin *)&r->schema->plugins[i], p);
    }
    // what follows would only repeat that a plugin is missing
    if (nd < n) return ERR_INVALID;
    check_stray_policies(r, p);
    const struct yaml *governance = parse_file(r, "school/policies/governance.yaml", p);
    if (!governance) governance = parse_file(r, "policies/governance.yaml", p);
    if (governance && governance_load(r, governance, p) && !p->count) return p->code;
    const struct yaml *access = parse_file(r, "school/policies/access.yaml", p);
    if (!access) access = parse_file(r, "policies/access.yaml", p);
    if (!access)
        problem_at(p, "policies/access.yaml", 1, 1, "missing",
                   "there is no access.yaml: nobody could do anything; begin with the shipped one");
    else if (access_compile(a, access, r->schema, &r->access, p) && !p->count)
        return p->code;
    else if (r->access) {
        check_roles(r, p);
        if (approval_compile(a, r->schema, r->access, r->policies, &r->approvals, p) && !p->count)
            return p->code;
    }
    bool dated = !build_calendars(r, p);
    if (r->access && dated) {
        struct flow_input in = {a,           r->schema,         r->access, r->calendars,
                                r->policies, r->policy_schemas, locate,    r};
        if (flow_build(&in, p) && !p->count) return p->code;
    }
    return p->count > before ? ERR_INVALID : p->code;
}

static void release_free(struct release *r) {
    pool_close(r->pool);
    tz_free(r->tz);
    arena_free(r->arena);
    mem_free(r);
}

static int by_place(const void *x, const void *y) {
    const struct problem_item *a = *(struct problem_item *const *)x;
    const struct problem_item *b = *(struct problem_item *const *)y;
    int d = strcmp(a->file ? a->file : "", b->file ? b->file : "");
    return d ? d : a->line != b->line ? a->line - b->line : a->col - b->col;
}

// Errors in the order of files and lines, as a person goes through them.
static void sort_items(struct problem *p) {
    struct problem_item **all =
        arena_alloc(p->arena, sizeof(struct problem_item *) * (p->count + 1));
    size_t n = 0;
    for (struct problem_item *it = p->first; it; it = it->next) all[n++] = it;
    qsort(all, n, sizeof(struct problem_item *), by_place);
    p->first = p->last = NULL;
    for (size_t i = 0; i < n; i++) {
        *(p->last ? &p->last->next : &p->first) = all[i];
        p->last = all[i];
    }
    if (p->last) p->last->next = NULL;
}

static enum err finish(struct release *r, enum err e, struct release **out, struct problem *p) {
    // texts of the problem live in its own arena, so the candidate may go
    if (e) {
        sort_items(p);
        release_free(r);
    } else
        *out = r;
    return e ? (p->code ? p->code : e) : ERR_OK;
}

static struct release *release_new(void) {
    struct release *r = mem_need(sizeof *r);
    r->arena = arena_new(256 << 20);
    r->refs = 1;
    return r;
}

enum err release_build(const struct config *c, int children, struct release **out,
                       struct problem *p) {
    struct release *r = release_new();
    struct gather g = {
        .a = r->arena, .p = p, .files = arena_alloc(r->arena, sizeof *g.files * FILES_MAX)};
    for (const char **dir = c->plugin_path; *dir; dir++) add_plugins(&g, c, *dir);
    const char *shipped = release_share(r->arena);
    add_plugins(&g, c, fsio_join(r->arena, shipped, "plugins"));
    add_folder(&g, fsio_join(r->arena, shipped, "policies"), "policies", false);
    add_folder(&g, fsio_join(r->arena, c->home, "policies"), "school/policies", false);
    if (p->code) return finish(r, p->code, out, p);
    qsort(g.files, g.n, sizeof *g.files, by_path);
    r->files = g.files;
    r->nfiles = g.n;
    return finish(r, build(r, c, NULL, children, p), out, p);
}

enum err release_build_stored(const struct config *c, struct db *db, int64_t number, int children,
                              struct release **out, struct problem *p) {
    struct release *r = release_new();
    struct release_file *files = arena_alloc(r->arena, sizeof *files * FILES_MAX);
    struct stmt *st = db_query(
        db, p,
        "SELECT f.path, b.text FROM core_release_file f JOIN core_release_blob b ON b.hash=f.hash"
        " WHERE f.release=$1 ORDER BY f.path",
        "i", number);
    enum err e = ERR_OK;
    while (stmt_next(st, &e, p)) {
        size_t n;
        const char *text = stmt_text(st, 1, &n);
        files[r->nfiles++] = (struct release_file){arena_strdup(r->arena, stmt_text(st, 0, NULL)),
                                                   arena_strndup(r->arena, text, n), n};
    }
    r->files = files;
    r->number = number;
    if (!e && !r->nfiles)
        e = problem_set(p, ERR_NOT_FOUND, "there is no release %lld", (long long)number);
    if (!e) e = build(r, c, db, children, p);
    int64_t same = 0;
    if (!e)
        e = db_int(db, p, &same, 0, "SELECT 1 FROM core_release WHERE number=$1 AND hash=$2", "it",
                   number, r->hash);
    if (!e && !same)
        e = problem_set(p, ERR_CORRUPT, "the files of release %lld are not those that were stored",
                        (long long)number);
    return finish(r, e, out, p);
}

static pthread_mutex_t current_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct release *current;

// The mutex covers the moment between reading the pointer and counting; the count itself is atomic,
// so that giving back needs no lock.
struct release *release_get(void) {
    pthread_mutex_lock(&current_mutex);
    struct release *r = current;
    if (r) __atomic_add_fetch(&r->refs, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&current_mutex);
    return r;
}

static void *free_main(void *r) {
    release_free(r);
    return NULL;
}

struct release *release_hold(struct release *r) {
    __atomic_add_fetch(&r->refs, 1, __ATOMIC_RELAXED);
    return r;
}

void release_put(struct release *r) {
    if (!r || __atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL)) return;
    pthread_t t; // closing a pool waits for children: not on the caller's thread
    if (pthread_create(&t, NULL, free_main, r))
        release_free(r);
    else
        pthread_detach(t);
}

void release_swap(struct release *next) {
    pthread_mutex_lock(&current_mutex);
    struct release *old = current;
    current = next;
    pthread_mutex_unlock(&current_mutex);
    people_epoch_bump(); // actors hold role numbers of the old access rules
    release_put(old);
}

const struct policy_revision *release_policy(const struct release *r, const struct plugin *pl,
                                             const char *date) {
    const struct policy *p = r->policies[pl - r->schema->plugins];
    return p ? policy_at(p, date) : NULL;
}
