// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// plugin test: a plugin's own tests, each against a service of its own in this process. A home is
// made once in memory, with the plugin's default policy and a person for each role, and copied for
// each test; the clock stands where the test puts it. The tests themselves run in a child, jailed
// as the plugin is; what they ask for goes over HTTP like everybody's requests.
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/fsio.h"
#include "campus/host.h"
#include "campus/outbox.h"
#include "campus/people.h"
#include "campus/text.h"
#include "campus/yaml.h"
#include "cli/cli.h"

static const char BEGINS[] = "2027-03-01T08:00:00+08:00";
enum { CPU_MS = 5000, WALL_MS = 60000, FILE_MAX = 64 << 20, FILES_MAX = 64, WRONG_SHOWN = 200 };

struct member { // somebody who holds one role
    char token[44], id[37];
};
struct run {
    struct cli *cli;  // the command
    struct cli home;  // of the test under way; its arena lives as long as the test
    const char *name; // of the plugin
    char folder[64];
    const char *made, *used; // the home that is copied, and the copy
    struct release *release;
    struct pool *pool;
    struct member *members; // by role
    int64_t began;
    struct buf report; // of --json
    json_t *seen;
    int passed, failed;
};

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *f) {
    (void)st, (void)kind, (void)f;
    return remove(path);
}

static enum err copy_tree(struct arena *a, const char *from, const char *to, struct problem *p) {
    const char **names;
    enum err e = fsio_mkdirs(to, 0700, p);
    if (!e) e = fsio_list(a, from, &names, p);
    for (; !e && *names; names++) {
        const char *source = fsio_join(a, from, *names), *target = fsio_join(a, to, *names);
        struct stat st;
        char *text;
        size_t n;
        if (stat(source, &st)) continue;
        if (S_ISDIR(st.st_mode))
            e = copy_tree(a, source, target, p);
        else if (S_ISREG(st.st_mode)) {
            e = fsio_read(a, source, FILE_MAX, &text, &n, p);
            if (!e) e = fsio_write(target, text, n, 0600, p);
        }
    }
    return e;
}

static void set_clock(int64_t to) {
    clock_advance_ms(to - clock_now_ms());
}

// The settings of the command's own home, but for what a test has of its own.
// alone: with rights of its own, which know no other plugin's roles.
static enum err write_settings(struct run *r, bool alone) {
    const struct config *c = &r->cli->config;
    struct buf b;
    buf_init(&b, r->cli->arena);
    buf_printf(&b, "school: { id: %s, timezone: %s }\nstorage: sqlite:campusd.db\n", c->school.id,
               c->school.timezone);
    buf_puts(&b, "keys: { unlock: \"keyfile:keyfile\" }\nplugins:\n  path: [");
    for (const char **dir = c->plugin_path; *dir; dir++) json_sep(&b), json_cstr(&b, *dir);
    buf_puts(&b, "]\n");
    if (alone) buf_printf(&b, "  enabled: [%s]\n", r->name);
    buf_printf(&b, "  budget: { cpu: %lldms, wall: %lldms, memory: %lldMiB }\n",
               (long long)c->budget.cpu_ms, (long long)c->budget.wall_ms,
               (long long)(c->budget.memory >> 20));
    return fsio_write(fsio_join(r->cli->arena, r->made, "campusd.yaml"), b.data, b.len, 0600,
                      &r->cli->problem);
}

// The folder of the plugin, found as a release finds it.
static const char *folder_of(struct cli *cli, const char *name) {
    struct arena *a = cli->arena;
    for (const char **dir = cli->config.plugin_path; *dir; dir++) {
        const char *at = fsio_join(a, *dir, name);
        if (!access(fsio_join(a, at, "plugin.lua"), F_OK)) return at;
    }
    const char *at = fsio_join(a, release_share(a), arena_printf(a, "plugins/%s", name));
    return access(fsio_join(a, at, "plugin.lua"), F_OK) ? NULL : at;
}

bool cli_plugin_has_tests(struct cli *cli, const char *name) {
    const char *at = folder_of(cli, name);
    return at && !access(fsio_join(cli->arena, at, "tests"), F_OK);
}

static enum err make_members(struct run *r, struct cli *home) {
    struct problem *p = &r->cli->problem;
    struct db *db;
    const struct access *x = r->release->access;
    int n = access_role_count(x);
    r->members = arena_alloc(r->cli->arena, sizeof *r->members * (size_t)n);
    enum err e = db_open(home->config.storage, DB_WRITE, &db, p);
    if (e) return e;
    int64_t now = clock_now_ms(), ten_years = now + INT64_C(3653) * 86400000;
    char unused[37];
    e = db_begin(db, p);
    for (int i = 0; i < n && !e; i++) {
        const char *role = access_role_name(x, i);
        if (!access_role_is_personal(role)) continue;
        struct person_new who = {.name = arena_printf(r->cli->arena, "as.%s", role),
                                 .display = role,
                                 .roles = &role,
                                 .nroles = i > 0};
        e = people_add(db, x, &who, "os:test", now, r->members[i].id, p);
        if (!e)
            e = token_create(db, r->members[i].id, "test", NULL, ten_years, "os:test", now,
                             r->members[i].token, unused, p);
    }
    if (!e) e = db_commit(db, p);
    db_close(db);
    return e;
}

// The home that every test begins with.
static enum err prepare(struct run *r, const char *plugin) {
    struct cli *cli = r->cli;
    struct arena *a = cli->arena;
    char *text;
    size_t n;
    int64_t begins = 0;
    bool memory = !access("/dev/shm", W_OK);
    const char *tmp = getenv("TMPDIR");
    snprintf(r->folder, sizeof r->folder, "%.40s/campusd-test-XXXXXX",
             memory ? "/dev/shm"
             : tmp  ? tmp
                    : "/tmp");
    if (!mkdtemp(r->folder))
        return problem_set(&cli->problem, ERR_IO, "cannot make a folder like %s", r->folder);
    r->made = fsio_join(a, r->folder, "made"), r->used = fsio_join(a, r->folder, "home");
    text_to_time(BEGINS, sizeof BEGINS - 1, &begins);
    set_clock(begins);
    enum err e = fsio_mkdirs(fsio_join(a, r->made, "policies"), 0700, &cli->problem);
    const char *own = fsio_join(a, plugin, "tests/access.yaml");
    bool alone = !access(own, F_OK);
    if (!e) e = write_settings(r, alone);
    if (!e && alone) {
        e = fsio_read(a, own, YAML_SIZE_MAX, &text, &n, &cli->problem);
        if (!e)
            e = fsio_write(fsio_join(a, r->made, "policies/access.yaml"), text, n, 0600,
                           &cli->problem);
    }
    struct cli home = {.arena = a, .home = r->made, .json = true};
    problem_init(&home.problem, a);
    if (!e) e = cli_fill_home(&home);
    if (!e) e = release_build(&home.config, 1, &r->release, &home.problem);
    if (home.problem.code) cli->problem = home.problem;
    return e ? e : make_members(r, &home);
}

// The plugin with its tests, in children of their own: a longer budget, the policy as number 1.
static enum err open_pool(struct run *r, const char *plugin, const char **tests) {
    struct arena *a = r->cli->arena;
    struct problem *p = &r->cli->problem;
    struct host_file files[2 * FILES_MAX];
    size_t n = 0;
    static const char *const where[] = {"", "tests"};
    for (int w = 0; w < 2; w++) {
        const char **names;
        enum err e = fsio_list(a, fsio_join(a, plugin, where[w]), &names, p);
        for (; !e && *names && n < 2 * FILES_MAX; names++) {
            size_t len = strlen(*names);
            char *text;
            if (len < 5 || strcmp(*names + len - 4, ".lua")) continue;
            const char *path = w ? arena_printf(a, "tests/%s", *names) : *names;
            e = fsio_read(a, fsio_join(a, plugin, path), YAML_SIZE_MAX, &text, &files[n].n, p);
            files[n].path = path, files[n++].text = text;
            if (w) *tests++ = path;
        }
        if (e) return e;
    }
    *tests = NULL;
    struct host_limits limits = {CPU_MS, WALL_MS, r->cli->config.budget.memory,
                                 r->cli->config.weak_jail};
    struct host_plugin one = {r->name, files, n};
    enum err e = pool_open(&limits, &one, 1, 1, &r->pool, p);
    const struct plugin *pl = schema_plugin(r->release->schema, r->name);
    char today[11];
    tz_date(r->release->tz, clock_now_ms(), today);
    const struct policy_revision *rev = release_policy(r->release, pl, today);
    if (!e) e = pool_policy(r->pool, r->name, 1, rev ? rev->json : "{}", rev ? rev->json_n : 2, p);
    return e;
}

// What a test asks for.

struct ask {
    struct run *r;
    struct arena *a;
    const json_t *args;
    struct buf *out;
    struct problem *p;
};

static const char *arg(const struct ask *q, size_t i) {
    return json_string_value(json_array_get(q->args, i));
}

static const char *token_of(const struct ask *q, const char *who, const struct member **out) {
    const struct access *x = q->r->release->access;
    int n = access_role_count(x);
    const char **names = arena_alloc(q->a, sizeof *names * (size_t)n);
    for (int i = 0; i < n; i++) {
        names[i] = access_role_name(x, i);
        if (strcmp(names[i], who) || !*q->r->members[i].token) continue;
        if (out) *out = &q->r->members[i];
        return q->r->members[i].token;
    }
    problem_set(q->p, ERR_USAGE, "there is no role \"%s\"%s", who,
                text_instead(q->a, who, names, (size_t)n, "there are"));
    return NULL;
}

static enum err person(struct ask *q) {
    const struct member *m = NULL;
    const char *role = arg(q, 0);
    if (!token_of(q, role ? role : "", &m)) return q->p->code;
    buf_printf(q->out, "{\"token\":\"=%s\",\"id\":\"%s\",\"name\":\"%s\"}", m->token, m->id, role);
    return ERR_OK;
}

static enum err http(struct ask *q) {
    const char *who = arg(q, 0);
    struct buf body;
    struct call c = {.method = arg(q, 1), .path = arg(q, 2)};
    const json_t *j = json_array_get(q->args, 3);
    if (!who || !c.method || !c.path) return problem_set(q->p, ERR_USAGE, "a request is not whole");
    buf_init(&body, q->a);
    if (json_is_string(j)) // bytes, such as those of a file
        buf_put(&body, json_string_value(j), json_string_length(j)),
            c.type = "application/octet-stream";
    else if (j)
        json_dom(&body, j);
    if (j) c.body = buf_str(&body), c.body_n = body.len;
    if (*who == '=')
        c.bearer = who + 1;
    else if (*who && !(c.bearer = token_of(q, who, NULL)))
        return q->p->code;
    enum err e = cli_call(&q->r->home, &c);
    if (e) return problem_set(q->p, e, "%s", q->r->home.problem.detail);
    buf_printf(q->out, "{\"status\":%d,\"text\":", c.status);
    json_text(q->out, c.answer, c.answer_n < 2000 || !c.json ? c.answer_n : 0);
    if (c.json) json_key(q->out, "body"), json_dom(q->out, c.json);
    buf_putc(q->out, '}');
    return ERR_OK;
}

// "3d", "4h", "30m", "10s", or a number of milliseconds.
static bool span(const char *s, int64_t *out) {
    char *end = NULL;
    long long n = s ? strtoll(s, &end, 10) : -1;
    if (n < 0 || end == s || strlen(end) != 1) return false;
    int64_t unit = *end == 'd'   ? 86400000
                   : *end == 'h' ? 3600000
                   : *end == 'm' ? 60000
                   : *end == 's' ? 1000
                                 : 0;
    *out = n * unit;
    return unit > 0;
}

// Deadlines that have passed are missed, events are handled: then a test goes on. An event that its
// handler refuses is tried again for days: the test goes on without.
static enum err settle(struct ask *q) {
    enum err e = cli_settle(&q->r->home, 5000, false);
    return e && e != ERR_UNAVAILABLE ? problem_set(q->p, e, "%s", q->r->home.problem.detail)
                                     : ERR_OK;
}

static enum err clock_call(struct ask *q) {
    const char *what = arg(q, 0), *by = arg(q, 1);
    const struct tz *tz = q->r->release->tz;
    int64_t now = clock_now_ms(), to = now, days;
    if (what && !strcmp(what, "advance")) {
        if (!span(by, &to))
            return problem_set(q->p, ERR_USAGE, "clock.advance takes a span such as 3d, 4h or 30m");
        to += now;
    } else if (what && by && text_to_days(by, strlen(by), &days)) {
        to = days * 86400000 + 8 * 3600000;
        to -= (int64_t)tz_offset_s(tz, to) * 1000;
    } else if (what && (!by || !text_to_time(by, strlen(by), &to)))
        return problem_set(
            q->p, ERR_USAGE,
            "clock.set takes a date, which is eight in the morning, or a time such as %s", BEGINS);
    if (to < now) return problem_set(q->p, ERR_USAGE, "the clock of a test goes forward only");
    if (to > now) {
        set_clock(to);
        enum err e = settle(q);
        if (e) return e;
    }
    char today[11];
    tz_date(tz, to, today);
    buf_putc(q->out, '{');
    json_kv_str(q->out, "today", today);
    json_kv_time(q->out, "time", to);
    buf_putc(q->out, '}');
    return ERR_OK;
}

static void put_event(void *self, const struct event *e) {
    struct buf *b = self;
    json_sep(b), buf_putc(b, '{');
    json_kv_str(b, "type", e->type);
    json_kv_str(b, "entity", e->entity);
    json_kv_str(b, "record", e->record);
    if (e->state) json_kv_str(b, "state", e->state);
    json_kv_int(b, "rev", e->rev);
    buf_putc(b, '}');
}

static enum err events(struct ask *q) {
    struct db *db;
    int n;
    enum err e = settle(q);
    if (e) return e;
    e = cli_open_read(&q->r->home, &db);
    if (e) return problem_set(q->p, e, "%s", q->r->home.problem.detail);
    buf_putc(q->out, '[');
    e = outbox_read(db, 0, 10000, q->a, put_event, q->out, &n, NULL, q->p);
    buf_putc(q->out, ']');
    db_close(db);
    return e;
}

// JSON is YAML: the school's own file for the plugin, put in force by the reload that follows.
static enum err policy(struct ask *q) {
    struct buf b;
    buf_init(&b, q->a);
    json_dom(&b, json_array_get(q->args, 0));
    const char *file = arena_printf(q->a, "%s/policies/%s.yaml", q->r->used, q->r->name);
    return fsio_write(file, b.data, b.len, 0600, q->p);
}

static enum err serve(void *self, struct arena *a, const char *name, const char *args_json,
                      size_t n, struct buf *out, struct problem *p) {
    static const struct {
        const char *name;
        enum err (*fn)(struct ask *q);
    } table[] = {{"http", http},
                 {"person", person},
                 {"clock", clock_call},
                 {"events", events},
                 {"policy", policy}};
    json_t *args;
    enum err e = json_parse(a, args_json, n, &args, p);
    struct ask q = {self, a, args, out, p};
    for (size_t i = 0; !e && i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i].name, name)) return table[i].fn(&q);
    return e ? e : problem_set(p, ERR_USAGE, "a test has no %s", name);
}

// The result of one test, as TAP or as an item of the report.
static void tell(struct run *r, const char *name, const json_t *test, const json_t *result,
                 const struct problem *p) {
    bool ok = json_is_true(json_object_get(result, "ok"));
    const char *file = json_string_value(json_object_get(ok ? test : result, "file")),
               *word = json_string_value(json_object_get(result, "word")),
               *text = json_string_value(json_object_get(result, "text"));
    int64_t line = json_integer_value(json_object_get(ok ? test : result, "line"));
    if (!result && p) {
        const struct problem_item *it = p->first;
        file = it ? it->file : json_string_value(json_object_get(test, "file"));
        line = it ? it->line : json_integer_value(json_object_get(test, "line"));
        word = it ? it->word : err_word(p->code), text = it ? it->detail : p->detail;
    }
    int n = ok ? ++r->passed + r->failed : r->passed + ++r->failed;
    if (r->cli->json) {
        struct buf *b = &r->report;
        json_sep(b), buf_putc(b, '{');
        json_kv_str(b, "name", name);
        json_kv_bool(b, "ok", ok);
        json_kv_str(b, "file", file);
        json_kv_int(b, "line", line);
        if (!ok) json_kv_str(b, "code", word ? word : "lua"), json_kv_str(b, "detail", text);
        buf_putc(b, '}');
        return;
    }
    printf("%sok %d - %s\n", ok ? "" : "not ", n, name);
    if (!ok)
        printf("# %s:%lld:1: %s: %s\n", file ? file : r->name, (long long)line, word ? word : "lua",
               text ? text : "");
    fflush(stdout);
}

static void remember(struct run *r, const json_t *seen) {
    const char *kind, *name;
    json_t *names, *how;
    json_object_foreach((json_t *)seen, kind, names) json_object_foreach(names, name, how) {
        if (!json_is_object(how)) continue; // an empty table is a list
        json_t *all = json_object_get(r->seen, kind);
        if (!all) json_object_set_new(r->seen, kind, all = json_object());
        if (!json_object_get(all, name)) json_object_set_new(all, name, json_object());
        json_object_update(json_object_get(all, name), how);
    }
}

// Whoever made them: people, handlers, deadlines.
static void remember_transitions(struct run *r) {
    struct problem *p = &r->home.problem;
    struct db *db;
    json_t *all = json_object_get(r->seen, "transitions");
    if (!all) json_object_set_new(r->seen, "transitions", all = json_object());
    if (cli_open_read(&r->home, &db)) return;
    const struct plugin *pl = schema_plugin(r->release->schema, r->name);
    for (int i = 0; i < pl->nentities; i++) {
        const struct entity *e = pl->entities[i];
        const char *sql = arena_printf(r->home.arena,
                                       "SELECT DISTINCT h.verb FROM core_history h JOIN %s t"
                                       " ON t.id=h.record",
                                       e->table);
        enum err failed = ERR_OK;
        if (!e->workflow) continue;
        struct stmt *st = db_query(db, p, sql, "");
        while (stmt_next(st, &failed, p)) {
            const char *name =
                arena_printf(r->home.arena, "%s.%s", e->name, stmt_text(st, 0, NULL));
            json_object_set_new(all, name, json_true());
        }
    }
    db_close(db);
}

// One test, with a home and a service that end with it.
static void one_test(struct run *r, const char *path, size_t n, const json_t *test) {
    struct arena *a = arena_new(512 << 20);
    struct problem p;
    const char *json;
    size_t len;
    int64_t begins = 0;
    json_t *result = NULL;
    if (!a) return;
    problem_init(&p, a);
    const char *args = arena_printf(a, "{\"path\":\"%s\",\"n\":%zu}", path, n + 1);
    text_to_time(BEGINS, sizeof BEGINS - 1, &begins);
    nftw(r->used, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    enum err e = copy_tree(a, r->made, r->used, &p);
    set_clock(begins);
    r->home = (struct cli){.arena = a, .home = r->used, .json = true, .rehearsal = true};
    problem_init(&r->home.problem, a);
    struct host_services services = {r, serve};
    if (!e) e = pool_author(r->pool, r->name, "run", args, &services, a, &json, &len, &p);
    cli_hang_up(&r->home);
    if (!e) e = json_parse(a, json, len, &result, &p);
    const char *name = json_string_value(json_object_get(test, "name"));
    tell(r, name ? name : path, test, e ? NULL : result, e ? &p : NULL);
    if (!e) remember(r, json_object_get(result, "seen"));
    if (!e) remember_transitions(r);
    arena_free(a);
}

static void one_file(struct run *r, const char *path) {
    struct arena *a = r->cli->arena;
    struct problem p;
    const char *json;
    size_t n;
    json_t *list = NULL, *test;
    problem_init(&p, a);
    struct host_services services = {r, serve};
    enum err e = pool_author(r->pool, r->name, "list", arena_printf(a, "\"%s\"", path), &services,
                             a, &json, &n, &p);
    if (!e) e = json_parse(a, json, n, &list, &p);
    if (e) tell(r, path, NULL, NULL, &p);
    size_t i;
    json_array_foreach(list, i, test) one_test(r, path, i, test);
}

// What the tests never did: transitions, and outcomes of the reasons that the locale names.
static void coverage(struct run *r) {
    struct arena *a = r->cli->arena;
    const struct plugin *pl = schema_plugin(r->release->schema, r->name);
    const json_t *moves = json_object_get(r->seen, "transitions"),
                 *reasons = json_object_get(r->seen, "reasons");
    struct buf left[2];
    int all[2] = {0}, done[2] = {0};
    for (int i = 0; i < 2; i++) buf_init(&left[i], a);
    for (int i = 0; i < pl->nentities; i++) {
        const struct workflow *w = pl->entities[i]->workflow;
        for (int k = 0; w && k < w->ntransitions; k++, all[0]++) {
            const char *name =
                arena_printf(a, "%s.%s", pl->entities[i]->name, w->transitions[k].name);
            if (json_object_get(moves, name))
                done[0]++;
            else
                buf_printf(&left[0], "%s%s", left[0].len ? ", " : "", name);
        }
    }
    const struct yaml *told =
        yaml_get(r->release->locales[LANG_EN][pl - r->release->schema->plugins], "reasons");
    static const char *const hows[] = {"pass", "fail"};
    for (const struct yaml *c = told ? told->first : NULL; c; c = c->next)
        for (int h = 0; h < 2; h++, all[1]++) {
            if (json_object_get(json_object_get(reasons, c->key), hows[h]))
                done[1]++;
            else
                buf_printf(&left[1], "%s%s %s", left[1].len ? ", " : "", c->key,
                           h ? "not met" : "met");
        }
    static const char *const names[] = {"transitions", "outcomes of reasons"}, *const keys[] = {
                                                                                   "transitions",
                                                                                   "reasons"};
    for (int i = 0; i < 2; i++) {
        if (r->cli->json) {
            json_key(&r->report, keys[i]);
            buf_printf(&r->report, "{\"all\":%d,\"tested\":%d,\"never\":", all[i], done[i]);
            json_cstr(&r->report, buf_str(&left[i]));
            buf_putc(&r->report, '}');
        } else if (all[i])
            printf("# %s: %d of %d tested%s%s\n", names[i], done[i], all[i],
                   left[i].len ? "; never " : "", buf_str(&left[i]));
    }
}

int cli_plugin_test(struct cli *cli, int argc, char **argv) {
    struct run r = {.cli = cli, .seen = json_object()};
    const char *tests[FILES_MAX + 1] = {NULL}, *plugin = NULL;
    if (!cli_words(cli, argc, argv, 1, FILES_MAX)) return cli_usage(cli);
    enum err e = cli_config(cli);
    r.name = argv[0];
    if (!e && !(plugin = folder_of(cli, r.name)))
        e = problem_set(&cli->problem, ERR_NOT_FOUND, "there is no plugin %s", r.name);
    if (!e) e = prepare(&r, plugin);
    if (!e) e = open_pool(&r, plugin, tests);
    if (!e && !*tests)
        e = problem_set(&cli->problem, ERR_NOT_FOUND,
                        "plugins/%s/tests has no test: write plugins/%s/tests/first.lua", r.name,
                        r.name);
    if (!e) {
        buf_init(&r.report, cli->arena);
        buf_puts(&r.report, "{\"tests\":[");
        for (const char **t = tests; *t; t++) {
            bool wanted = argc == 1;
            for (int i = 1; i < argc; i++) wanted |= strstr(*t, argv[i]) != NULL;
            if (wanted) one_file(&r, *t);
        }
        buf_putc(&r.report, ']');
        if (!cli->json) printf("1..%d\n", r.passed + r.failed);
        coverage(&r);
        json_kv_int(&r.report, "passed", r.passed), json_kv_int(&r.report, "failed", r.failed);
        buf_putc(&r.report, '}');
        if (cli->json) puts(buf_str(&r.report));
        fflush(stdout);
        if (!cli->json)
            cli_note(cli, cli_say(cli, "%d passed, %d failed", "%d 项通过，%d 项未通过"), r.passed,
                     r.failed);
    }
    if (r.pool) pool_close(r.pool);
    release_put(r.release);
    json_decref(r.seen);
    if (*r.folder) nftw(r.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return e ? cli_fail(cli) : r.failed ? 1 : 0;
}
