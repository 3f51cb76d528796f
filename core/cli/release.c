// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// reload and release: what runs, what ran before, what differs. Looking reads the home itself;
// changing asks the service.
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cli/cli.h"

static int post(struct cli *cli, const char *path) {
    struct call c = {.method = "POST", .path = path};
    return cli_request(cli, &c, "");
}

// The plugins' own tests, each in a process of its own, whose clock and home are not ours. What
// they say goes to stderr. NULL, or the name of the first that fails.
static const char *failing_plugin(struct cli *cli, const struct release *r) {
    posix_spawn_file_actions_t to;
    posix_spawn_file_actions_init(&to);
    posix_spawn_file_actions_adddup2(&to, STDERR_FILENO, STDOUT_FILENO);
    const char *failed = NULL;
    for (int i = 0; i < r->schema->nplugins && !failed; i++) {
        const char *name = r->schema->plugins[i].name;
        char *words[] = {"campusd", "--home", arena_strdup(cli->arena, cli->home),
                         "plugin",  "test",   arena_strdup(cli->arena, name),
                         NULL};
        pid_t pid;
        int status = 0;
        if (!cli_plugin_has_tests(cli, name)) continue;
        if (posix_spawn(&pid, "/proc/self/exe", &to, NULL, words, environ) ||
            waitpid(pid, &status, 0) != pid || status)
            failed = name;
    }
    posix_spawn_file_actions_destroy(&to);
    return failed;
}

int cmd_reload(struct cli *cli, int argc, char **argv) {
    bool test = cli_flag(&argc, argv, "--test");
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    struct release *r;
    if (test && cli_release(cli, &r)) return cli_fail(cli);
    const char *failed = test ? failing_plugin(cli, r) : NULL;
    if (failed)
        problem_set(&cli->problem, ERR_INVALID, "the tests of %s fail: nothing has changed",
                    failed);
    if (test) release_put(r);
    if (failed) return cli_fail(cli);
    return post(cli, "/api/v1/admin/reload");
}

static int list(struct cli *cli, int argc, char **argv) {
    struct db *db;
    struct buf b;
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    if (cli_open_read(cli, &db)) return cli_fail(cli);
    buf_init(&b, cli->arena);
    release_list_json(db, &b, &cli->problem);
    db_close(db);
    if (cli->problem.code) return cli_fail(cli);
    return cli_show_text(cli, &b, "number,active,waits_for,created_at,created_by,hash");
}

// A release's number as typed; 0 after saying that it is none.
static int64_t number_of(struct cli *cli, const char *s) {
    char *end;
    long long n = strtoll(s, &end, 10);
    if (n > 0 && !*end) return n;
    problem_set(&cli->problem, ERR_USAGE, "%s is not the number of a release", s);
    return 0;
}

static int show(struct cli *cli, int argc, char **argv) {
    struct db *db;
    struct buf b;
    int64_t n = 0;
    if (!cli_words(cli, argc, argv, 0, 1)) return cli_usage(cli);
    if (argc && !(n = number_of(cli, argv[0]))) return cli_fail(cli);
    if (cli_open_read(cli, &db)) return cli_fail(cli);
    buf_init(&b, cli->arena);
    enum err e = n ? ERR_OK : release_active_number(db, &n, &cli->problem);
    struct stmt *st = e ? NULL
                        : db_query(db, &cli->problem,
                                   "SELECT f.path, f.hash, length(b.text) FROM core_release_file f "
                                   "JOIN core_release_blob b"
                                   " ON b.hash=f.hash WHERE f.release=$1 ORDER BY f.path",
                                   "i", n);
    int files = 0;
    buf_putc(&b, '{');
    json_kv_int(&b, "number", n);
    json_key(&b, "items"), buf_putc(&b, '[');
    for (; stmt_next(st, &e, &cli->problem); files++) {
        json_sep(&b), buf_putc(&b, '{');
        stmt_json(st, "path hash bytes#", &b);
        buf_putc(&b, '}');
    }
    buf_puts(&b, "]}");
    db_close(db);
    if (!cli->problem.code && !files)
        problem_set(&cli->problem, ERR_NOT_FOUND, "there is no release %lld", (long long)n);
    return cli->problem.code ? cli_fail(cli) : cli_show_text(cli, &b, "path,bytes,hash");
}

// Without numbers: the active one against what is on disk.
static int diff(struct cli *cli, int argc, char **argv) {
    struct release *side[2] = {NULL, NULL};
    struct problem *p = &cli->problem;
    struct db *db;
    int64_t n[2] = {0, 0};
    if (!cli_words(cli, argc, argv, 0, 2)) return cli_usage(cli);
    for (int i = 0; i < argc; i++)
        if (!(n[i] = number_of(cli, argv[i]))) return cli_fail(cli);
    if (cli_open_read(cli, &db)) return cli_fail(cli);
    enum err e = n[0] ? ERR_OK : release_active_number(db, &n[0], p);
    if (!e) e = release_build_stored(&cli->config, db, n[0], 1, &side[0], p);
    if (!e)
        e = n[1] ? release_build_stored(&cli->config, db, n[1], 1, &side[1], p)
                 : release_build(&cli->config, 1, &side[1], p);
    db_close(db);
    struct buf b;
    buf_init(&b, cli->arena);
    if (!e) release_diff(side[0], side[1], &b);
    release_put(side[0]);
    release_put(side[1]);
    if (e) return cli_fail(cli);
    if (cli->json) {
        struct buf out;
        buf_init(&out, cli->arena);
        buf_putc(&out, '{');
        json_kv_int(&out, "from", n[0]);
        json_kv_int(&out, "to", n[1]);
        json_kv_str(&out, "text", buf_str(&b));
        buf_putc(&out, '}');
        puts(buf_str(&out));
    } else
        fputs(b.len ? buf_str(&b) : cli_say(cli, "no difference\n", "没有差异\n"), stdout);
    return 0;
}

static int activate(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    if (!number_of(cli, argv[0])) return cli_fail(cli);
    return post(cli, arena_printf(cli->arena, "/api/v1/admin/releases/%s/activate", argv[0]));
}

static int rollback(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    return post(cli, "/api/v1/admin/releases/rollback");
}

int cmd_release(struct cli *cli, int argc, char **argv) {
    static const struct subcommand table[] = {{"list", list},         {"show", show},
                                              {"diff", diff},         {"activate", activate},
                                              {"rollback", rollback}, {NULL, NULL}};
    return cli_sub(cli, table, argc, argv);
}
