// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// coverage: each clause of the regulation with what serves it (the `serves` of declarations) and
// the tests that name it. Clauses come from a file, or are those that anything mentions.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "campus/fsio.h"
#include "cli/cli.h"

enum { CLAUSES_MAX = 1000, CLAUSE_LEN = 24, FILE_MAX = 4 << 20, DEPTH_MAX = 6 };
struct clause {
    char id[CLAUSE_LEN];
    struct buf served, tests;
    bool asked;
};
struct coverage {
    struct cli *cli;
    struct clause *clauses;
    int n;
};

// "ADM-3": two to eight capitals, a dash, one to three digits, nothing alike around it.
static int clause_at(const char *s, const char *start, char out[CLAUSE_LEN]) {
    int c = 0, d = 0;
    if (s > start && (isalnum((unsigned char)s[-1]) || s[-1] == '-' || s[-1] == '_')) return 0;
    while (s[c] >= 'A' && s[c] <= 'Z') c++;
    if (c < 2 || c > 8 || s[c] != '-') return 0;
    while (isdigit((unsigned char)s[c + 1 + d])) d++;
    int n = c + 1 + d;
    if (d < 1 || d > 3 || isalnum((unsigned char)s[n]) || s[n] == '-' || s[n] == '_') return 0;
    memcpy(out, s, (size_t)n);
    out[n] = 0;
    return n;
}

static struct clause *clause(struct coverage *v, const char *id, bool make) {
    for (int i = 0; i < v->n; i++)
        if (!strcmp(v->clauses[i].id, id)) return &v->clauses[i];
    if (!make || v->n == CLAUSES_MAX || strlen(id) >= CLAUSE_LEN) return NULL;
    struct clause *c = &v->clauses[v->n++];
    strcpy(c->id, id);
    buf_init(&c->served, v->cli->arena), buf_init(&c->tests, v->cli->arena);
    return c;
}

static void mention(struct buf *b, const char *what) {
    size_t n = strlen(what);
    for (const char *s = buf_str(b); (s = strstr(s, what)); s += n) // once each
        if (s[n] == 0 || s[n] == ',') return;
    buf_printf(b, "%s%s", b->len ? ", " : "", what);
}

static void served(struct coverage *v, const struct plugin *pl, const char *part, bool make) {
    json_t *one, *id;
    size_t i, k;
    json_array_foreach(json_object_get(pl->declaration, part), k, one)
        json_array_foreach(json_object_get(one, "serves"), i, id) {
        const char *name = json_string_value(json_object_get(one, "name"));
        struct clause *c = json_is_string(id) ? clause(v, json_string_value(id), make) : NULL;
        if (c && name) mention(&c->served, arena_printf(v->cli->arena, "%s.%s", pl->name, name));
    }
}

static bool is_source(const char *name) {
    static const char *const ends[] = {".c", ".lua", ".mjs", ".js", ".sh", ".py", ".md"};
    size_t n = strlen(name);
    for (int i = 0; i < 7; i++)
        if (n > strlen(ends[i]) && !strcmp(name + n - strlen(ends[i]), ends[i])) return i < 6;
    return false;
}

static void tests(struct coverage *v, const char *dir, const char *shown, int depth) {
    const char **names;
    struct problem quiet;
    problem_init(&quiet, v->cli->arena);
    if (depth > DEPTH_MAX || fsio_list(v->cli->arena, dir, &names, &quiet)) return;
    for (; *names; names++) {
        struct stat st;
        char *text, id[CLAUSE_LEN];
        size_t n;
        const char *path = fsio_join(v->cli->arena, dir, *names),
                   *as = fsio_join(v->cli->arena, shown, *names);
        if (!strcmp(*names, "node_modules") || lstat(path, &st)) continue;
        if (S_ISDIR(st.st_mode))
            tests(v, path, as, depth + 1);
        else if (S_ISREG(st.st_mode) && is_source(*names) &&
                 !fsio_read(v->cli->arena, path, FILE_MAX, &text, &n, &quiet))
            for (const char *s = text; *s; s++)
                if (clause_at(s, text, id)) {
                    struct clause *c = clause(v, id, false);
                    if (c) mention(&c->tests, as);
                }
    }
}

static int by_id(const void *x, const void *y) {
    const struct clause *a = x, *b = y;
    size_t n = strcspn(a->id, "-");
    int r = strncmp(a->id, b->id, n + 1);
    return r ? r : atoi(a->id + n + 1) - atoi(b->id + n + 1);
}

static enum err read_regulation(struct coverage *v, const char *path) {
    char *text, id[CLAUSE_LEN];
    size_t n;
    enum err e = fsio_read(v->cli->arena, path, FILE_MAX, &text, &n, &v->cli->problem);
    for (const char *s = text; !e && *s; s++)
        if (clause_at(s, text, id)) clause(v, id, true);
    return e;
}

int cmd_coverage(struct cli *cli, int argc, char **argv) {
    static const char *const parts[] = {"entities", "rules",       "actions",   "reports",
                                        "exports",  "obligations", "documents", "messages",
                                        "public",   "on",          "every"};
    const char *dir = cli_option(&argc, argv, "--tests");
    struct coverage v = {.cli = cli,
                         .clauses = arena_alloc(cli->arena, sizeof(struct clause) * CLAUSES_MAX)};
    struct release *r;
    struct buf b;
    if (!cli_words(cli, argc, argv, 0, 1)) return cli_usage(cli);
    if ((argc && read_regulation(&v, argv[0])) || cli_release(cli, &r)) return cli_fail(cli);
    for (int i = 0; i < r->schema->nplugins; i++)
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
            served(&v, &r->schema->plugins[i], parts[k], !argc);
    release_put(r);
    const char *share = release_share(cli->arena);
    tests(&v, dir ? dir : fsio_join(cli->arena, share, "tests"), "tests", 0);
    const char *plugins = fsio_join(cli->arena, share, "plugins"), **names;
    for (bool own = !fsio_list(cli->arena, plugins, &names, &cli->problem); own && *names; names++)
        tests(&v, fsio_join(cli->arena, fsio_join(cli->arena, plugins, *names), "tests"),
              arena_printf(cli->arena, "plugins/%s/tests", *names), 0);
    qsort(v.clauses, (size_t)v.n, sizeof *v.clauses, by_id);
    int bare = 0, untested = 0;
    buf_init(&b, cli->arena);
    buf_puts(&b, "{\"items\":[");
    for (int i = 0; i < v.n; i++) {
        struct clause *c = &v.clauses[i];
        bare += !c->served.len, untested += !c->tests.len;
        json_sep(&b), buf_putc(&b, '{');
        json_kv_str(&b, "clause", c->id);
        json_kv_str(&b, "served_by", c->served.len ? buf_str(&c->served) : NULL);
        json_kv_str(&b, "tests", c->tests.len ? buf_str(&c->tests) : NULL);
        buf_putc(&b, '}');
    }
    buf_puts(&b, "]}");
    int code = cli_show_text(cli, &b, "clause,served_by,tests");
    cli_note(cli,
             cli_say(cli, "%d clauses, %d served by nothing, %d named by no test",
                     "%d 条，%d 条无实现，%d 条无测试"),
             v.n, bare, untested);
    return code;
}
