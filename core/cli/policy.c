// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// policy, access, decision: the numbers and choices of plugins, who may do what, why something fell
// as it did.
#include <stdio.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/fsio.h"
#include "campus/text.h"
#include "campus/yaml.h"
#include "cli/cli.h"

// The place of a plugin with a policy in a release, or -1 after setting the problem.
static int policy_of(struct cli *cli, const struct release *r, const char *name) {
    const struct plugin *pl = schema_plugin(r->schema, name);
    int i = pl ? (int)(pl - r->schema->plugins) : -1;
    if (i >= 0 && r->policies[i]) return i;
    problem_set(&cli->problem, ERR_NOT_FOUND, "there is no policy of %s", name);
    return -1;
}

static const struct policy_revision *in_force(struct cli *cli, const struct release *r, int i,
                                              const char *at) {
    char today[11];
    tz_date(r->tz, clock_now_ms(), today);
    const struct policy_revision *rev = policy_at(r->policies[i], at ? at : today);
    if (!rev)
        problem_set(&cli->problem, ERR_NOT_FOUND, "nothing is in force on %s", at ? at : today);
    return rev;
}

static int show(struct cli *cli, int argc, char **argv) {
    const char *at = cli_option(&argc, argv, "--at");
    bool origin = cli_flag(&argc, argv, "--origin");
    struct release *r;
    struct buf b;
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    if (at && !text_is_date(at, strlen(at))) {
        fprintf(stderr, "usage: --at takes a date such as 2026-09-01\n");
        return 2;
    }
    if (cli_release(cli, &r)) return cli_fail(cli);
    int i = policy_of(cli, r, argv[0]);
    const struct policy_revision *rev = i < 0 ? NULL : in_force(cli, r, i, at);
    buf_init(&b, cli->arena);
    if (rev && cli->json)
        buf_put(&b, rev->json, rev->json_n), buf_putc(&b, '\n');
    else if (rev)
        policy_show(r->policies[i], rev, origin, &b);
    release_put(r);
    if (!rev) return cli_fail(cli);
    fputs(buf_str(&b), stdout);
    return 0;
}

static int schema(struct cli *cli, int argc, char **argv) {
    struct release *r;
    struct buf b;
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    if (cli_release(cli, &r)) return cli_fail(cli);
    int i = policy_of(cli, r, argv[0]);
    buf_init(&b, cli->arena);
    if (i >= 0) policy_schema_json(r->policy_schemas[i], &b);
    release_put(r);
    if (i < 0) return cli_fail(cli);
    puts(buf_str(&b));
    return 0;
}

// What runs against what is on disk, at the last revision of each.
static int diff(struct cli *cli, int argc, char **argv) {
    struct release *was = NULL, *now = NULL;
    struct problem *p = &cli->problem;
    struct db *db;
    struct buf b;
    int64_t n = 0;
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    if (cli_open_read(cli, &db)) return cli_fail(cli);
    enum err e = release_active_number(db, &n, p);
    if (!e) e = release_build_stored(&cli->config, db, n, 1, &was, p);
    db_close(db);
    if (!e) e = release_build(&cli->config, 1, &now, p);
    int i = e ? -1 : policy_of(cli, was, argv[0]), k = i < 0 ? -1 : policy_of(cli, now, argv[0]);
    buf_init(&b, cli->arena);
    if (k >= 0 && policy_count(was->policies[i]) && policy_count(now->policies[k]))
        policy_diff(now->policy_schemas[k],
                    policy_nth(was->policies[i], policy_count(was->policies[i]) - 1),
                    policy_nth(now->policies[k], policy_count(now->policies[k]) - 1),
                    cli->zh ? LANG_ZH : LANG_EN, &b, p);
    release_put(was);
    release_put(now);
    if (k < 0) return cli_fail(cli);
    fputs(b.len ? buf_str(&b) : cli_say(cli, "no difference\n", "没有差异\n"), stdout);
    return 0;
}

static int check(struct cli *cli, int argc, char **argv) {
    return cmd_check(cli, argc, argv);
}

static int try(struct cli *cli, int argc, char **argv) {
    const char *since = cli_option(&argc, argv, "--since");
    char *text;
    size_t n;
    struct buf b;
    if (!cli_words(cli, argc, argv, 2, 2)) return cli_usage(cli);
    if (fsio_read(cli->arena, argv[1], YAML_SIZE_MAX, &text, &n, &cli->problem))
        return cli_fail(cli);
    buf_init(&b, cli->arena);
    buf_putc(&b, '{');
    json_kv_str(&b, "plugin", argv[0]);
    json_key(&b, "yaml"), json_text(&b, text, n);
    if (since) json_kv_str(&b, "since", since);
    buf_putc(&b, '}');
    struct call c = {.method = "POST", .path = "/api/v1/admin/policies/try", .body = buf_str(&b)};
    return cli_request(cli, &c, "");
}

static int history(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    return cli_get(cli, NULL, "/api/v1/admin/policies/%s", cli_escape(cli, argv[0]));
}

int cmd_policy(struct cli *cli, int argc, char **argv) {
    static const struct subcommand table[] = {
        {"show", show},     {"check", check},     {"diff", diff}, {"try", try},
        {"schema", schema}, {"history", history}, {NULL, NULL}};
    return cli_sub(cli, table, argc, argv);
}

static int explain(struct cli *cli, int argc, char **argv) {
    struct buf b;
    if (!cli_words(cli, argc, argv, 3, 3)) return cli_usage(cli);
    buf_init(&b, cli->arena);
    buf_putc(&b, '{');
    json_kv_str(&b, "user", argv[0]);
    json_kv_str(&b, "verb", argv[1]);
    json_kv_str(&b, "record", argv[2]);
    buf_putc(&b, '}');
    struct call c = {.method = "POST", .path = "/api/v1/access/explain", .body = buf_str(&b)};
    return cli_request(cli, &c, "");
}

static int matrix(struct cli *cli, int argc, char **argv) {
    struct release *r;
    struct buf b;
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    if (cli_release(cli, &r)) return cli_fail(cli);
    buf_init(&b, cli->arena);
    access_matrix_csv(r->access, r->schema, &b);
    release_put(r);
    fputs(buf_str(&b), stdout);
    return 0;
}

int cmd_access(struct cli *cli, int argc, char **argv) {
    static const struct subcommand table[] = {
        {"explain", explain}, {"matrix", matrix}, {NULL, NULL}};
    return cli_sub(cli, table, argc, argv);
}

static int why(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    return cli_get(cli, NULL, "/api/v1/decisions/%s", cli_escape(cli, argv[0]));
}

int cmd_decision(struct cli *cli, int argc, char **argv) {
    static const struct subcommand table[] = {{"explain", why}, {NULL, NULL}};
    return cli_sub(cli, table, argc, argv);
}
