// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// user and token: accounts, roles, facts, posts, API tokens; each one request.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/fsio.h"
#include "campus/home.h"
#include "cli/cli.h"

#define USERS "/api/v1/admin/users"

static int request(struct cli *cli, const char *method, const char *path, struct buf *body) {
    struct call c = {.method = method, .path = path, .body = body ? buf_str(body) : NULL};
    return cli_request(cli, &c, "");
}

static const char *user_path(struct cli *cli, const char *name, const char *rest) {
    return arena_printf(cli->arena, USERS "/%s%s", cli_escape(cli, name), rest);
}

static void list_of(struct buf *b, const char *key, int n, char *const *words) {
    json_key(b, key), buf_putc(b, '[');
    for (int i = 0; i < n; i++) json_sep(b), json_cstr(b, words[i]);
    buf_putc(b, ']');
}

// Every --name VALUE there is.
static int options(int *argc, char **argv, const char *name, char **out, int max) {
    int n = 0;
    for (const char *v; n < max && (v = cli_option(argc, argv, name));) out[n++] = (char *)v;
    return n;
}

static enum err password_from(struct cli *cli, const char *file, struct buf *b) {
    char *text;
    size_t n;
    if (!file) return ERR_OK;
    enum err e = home_secret(cli->arena, file, &text, &n, &cli->problem);
    if (e) return e;
    json_key(b, "password"), json_text(b, text, n);
    explicit_bzero(text, n);
    return ERR_OK;
}

static int add(struct cli *cli, int argc, char **argv) {
    char *roles[32];
    struct buf b;
    const char *display = cli_option(&argc, argv, "--display"),
               *campus = cli_option(&argc, argv, "--campus");
    const char *file = cli_option(&argc, argv, "--password-file");
    int n = options(&argc, argv, "--role", roles, 32);
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    buf_init(&b, cli->arena);
    buf_putc(&b, '{');
    json_kv_str(&b, "name", argv[0]);
    if (display) json_kv_str(&b, "display", display);
    if (campus) json_kv_str(&b, "campus", campus);
    list_of(&b, "roles", n, roles);
    if (password_from(cli, file, &b)) return cli_fail(cli);
    buf_putc(&b, '}');
    return request(cli, "POST", USERS, &b);
}

static int list(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    return cli_get(cli, "name,display,campus,roles,disabled,created_at", USERS "?limit=500");
}

static int show(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    return cli_get(cli, NULL, "%s", user_path(cli, argv[0], ""));
}

static int passwd(struct cli *cli, int argc, char **argv) {
    struct buf b;
    const char *file = cli_option(&argc, argv, "--password-file");
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    buf_init(&b, cli->arena);
    buf_putc(&b, '{');
    if (password_from(cli, file, &b)) return cli_fail(cli);
    buf_putc(&b, '}');
    return request(cli, "POST", user_path(cli, argv[0], "/password"), &b);
}

static int roles(struct cli *cli, int argc, char **argv) {
    struct buf b;
    bool none = cli_flag(&argc, argv, "--none");
    if (!cli_words(cli, argc, argv, 1, 33)) return cli_usage(cli);
    if (argc == 1 && !none) return cli_get(cli, "name", "/api/v1/admin/roles");
    buf_init(&b, cli->arena);
    buf_putc(&b, '{');
    list_of(&b, "roles", argc - 1, argv + 1);
    buf_putc(&b, '}');
    return request(cli, "PUT", user_path(cli, argv[0], "/roles"), &b);
}

static int disable(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    return request(cli, "POST", user_path(cli, argv[0], "/disable"), NULL);
}

static int enable(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    return request(cli, "POST", user_path(cli, argv[0], "/enable"), NULL);
}

static int fact(struct cli *cli, int argc, char **argv) {
    struct buf b;
    const char *from = cli_option(&argc, argv, "--from"),
               *until = cli_option(&argc, argv, "--until");
    bool drop = cli_flag(&argc, argv, "--drop");
    if (!cli_words(cli, argc, argv, 2, 2)) return cli_usage(cli);
    const char *path =
        user_path(cli, argv[0], arena_printf(cli->arena, "/facts/%s", cli_escape(cli, argv[1])));
    if (drop) return request(cli, "DELETE", path, NULL);
    buf_init(&b, cli->arena);
    buf_putc(&b, '{');
    if (from) json_kv_str(&b, "from", from);
    if (until) json_kv_str(&b, "until", until);
    buf_putc(&b, '}');
    return request(cli, "PUT", path, &b);
}

static int post(struct cli *cli, int argc, char **argv) {
    struct buf b;
    const char *group = cli_option(&argc, argv, "--group"),
               *from = cli_option(&argc, argv, "--from"),
               *until = cli_option(&argc, argv, "--until");
    bool acting = cli_flag(&argc, argv, "--acting"), drop = cli_flag(&argc, argv, "--drop");
    if (!cli_words(cli, argc, argv, 2, 2)) return cli_usage(cli);
    const char *rest =
        arena_printf(cli->arena, "/posts/%s%s%s", cli_escape(cli, argv[1]),
                     drop && group ? "?group=" : "", drop && group ? cli_escape(cli, group) : "");
    const char *path = user_path(cli, argv[0], rest);
    if (drop) return request(cli, "DELETE", path, NULL);
    buf_init(&b, cli->arena);
    buf_putc(&b, '{');
    if (group) json_kv_str(&b, "group", group);
    if (from) json_kv_str(&b, "from", from);
    if (until) json_kv_str(&b, "until", until);
    json_kv_bool(&b, "acting", acting);
    buf_putc(&b, '}');
    return request(cli, "PUT", path, &b);
}

static int import(struct cli *cli, int argc, char **argv) {
    char *text;
    size_t n;
    bool dry = cli_flag(&argc, argv, "--dry-run");
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    if (fsio_read(cli->arena, argv[0], 1 << 20, &text, &n, &cli->problem)) return cli_fail(cli);
    struct call c = {.method = "POST",
                     .path = dry ? USERS "/import?dry_run=true" : USERS "/import",
                     .body = text,
                     .body_n = n};
    return cli_request(cli, &c, "");
}

int cmd_user(struct cli *cli, int argc, char **argv) {
    static const struct subcommand table[] = {
        {"add", add},     {"list", list},       {"show", show},     {"passwd", passwd},
        {"roles", roles}, {"disable", disable}, {"enable", enable}, {"fact", fact},
        {"post", post},   {"import", import},   {NULL, NULL}};
    return cli_sub(cli, table, argc, argv);
}

static int token_create(struct cli *cli, int argc, char **argv) {
    char *scopes[32];
    struct buf b;
    const char *label = cli_option(&argc, argv, "--label"),
               *days = cli_option(&argc, argv, "--days");
    int n = options(&argc, argv, "--scope", scopes, 32);
    char *end = NULL;
    long count = days ? strtol(days, &end, 10) : 0;
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    if (days && (count < 1 || *end)) {
        fprintf(stderr, "usage: --days takes a number of days\n");
        return 2;
    }
    buf_init(&b, cli->arena);
    buf_putc(&b, '{');
    json_kv_str(&b, "user", argv[0]);
    json_kv_str(&b, "label", label ? label : "command line");
    if (n) list_of(&b, "scopes", n, scopes);
    if (days) json_kv_time(&b, "expires_at", clock_now_ms() + (int64_t)count * 86400000);
    buf_putc(&b, '}');
    return request(cli, "POST", "/api/v1/admin/tokens", &b);
}

static int token_list(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 0, 1)) return cli_usage(cli);
    if (!argc) return cli_get(cli, NULL, "/api/v1/admin/tokens");
    return cli_get(cli, NULL, "/api/v1/admin/tokens?user=%s", cli_escape(cli, argv[0]));
}

static int token_revoke(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    return request(cli, "DELETE",
                   arena_printf(cli->arena, "/api/v1/admin/tokens/%s", cli_escape(cli, argv[0])),
                   NULL);
}

int cmd_token(struct cli *cli, int argc, char **argv) {
    static const struct subcommand table[] = {
        {"create", token_create}, {"list", token_list}, {"revoke", token_revoke}, {NULL, NULL}};
    return cli_sub(cli, table, argc, argv);
}
