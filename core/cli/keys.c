// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// key: the slots that open the vault, a new key version, erasing one person.
#include <stdio.h>
#include <string.h>
#include "campus/home.h"
#include "cli/cli.h"

static int slots(struct cli *cli, int argc, char **argv) {
    struct db *db;
    struct keyring *k;
    struct buf b;
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    if (cli_open_read(cli, &db)) return cli_fail(cli);
    enum err e = home_keyring_load(db, &k, &cli->problem);
    db_close(db);
    if (e) return cli_fail(cli);
    buf_init(&b, cli->arena);
    keyring_slots_json(k, &b);
    keyring_free(k);
    return cli_show_text(cli, &b, "id,kind,label,created_at");
}

// {"kind","secret"} of a slot, from a file or typed; wiped after the request.
static int with_secret(struct cli *cli, const char *path, const char *kind, const char *label,
                       const char *file, bool running) {
    char *secret = NULL;
    size_t n = 0;
    struct buf b;
    if (file ? home_secret(cli->arena, file, &secret, &n, &cli->problem)
             : !(secret = cli_ask(cli, cli_say(cli, "Passphrase or recovery code", "口令或恢复码"),
                                  &n))) {
        problem_set(&cli->problem, ERR_USAGE, "type it at a terminal, or give --passphrase-file");
        return cli_fail(cli);
    }
    buf_init(&b, cli->arena);
    buf_putc(&b, '{');
    json_kv_str(&b, "kind", kind);
    if (label) json_kv_str(&b, "label", label);
    json_key(&b, "secret"), json_text(&b, secret, n);
    buf_putc(&b, '}');
    struct call c = {.method = "POST", .path = path, .body = buf_str(&b), .running = running};
    int code = cli_request(cli, &c, "");
    explicit_bzero(secret, n);
    explicit_bzero(b.data, b.len);
    return code;
}

static int unlock(struct cli *cli, int argc, char **argv) {
    const char *file = cli_option(&argc, argv, "--passphrase-file");
    bool recovery = cli_flag(&argc, argv, "--recovery");
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    return with_secret(cli, "/api/v1/admin/unlock", recovery ? "recovery" : "passphrase", NULL,
                       file, true);
}

static int add(struct cli *cli, int argc, char **argv) {
    const char *file = cli_option(&argc, argv, "--passphrase-file"),
               *label = cli_option(&argc, argv, "--label");
    bool recovery = cli_flag(&argc, argv, "--recovery");
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    struct call c = {
        .method = "POST", .path = "/api/v1/admin/keys/slots", .body = "{\"kind\":\"recovery\"}"};
    if (recovery) return cli_request(cli, &c, "");
    return with_secret(cli, c.path, "passphrase", label ? label : "passphrase", file, false);
}

static int drop(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    struct call c = {
        .method = "DELETE",
        .path = arena_printf(cli->arena, "/api/v1/admin/keys/slots/%s", cli_escape(cli, argv[0]))};
    return cli_request(cli, &c, "");
}

static int rotate(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    struct call c = {.method = "POST", .path = "/api/v1/admin/keys/rotate"};
    return cli_request(cli, &c, "");
}

// What is destroyed stays destroyed: asked for twice.
static int erase(struct cli *cli, int argc, char **argv) {
    bool yes = cli_flag(&argc, argv, "--yes");
    const char *because = cli_option(&argc, argv, "--because");
    struct buf b;
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    if (!yes) {
        fprintf(stderr, "%s\n",
                cli_say(cli, "usage: this destroys the person's key for good; add --yes",
                        "usage：此操作将永久销毁该人的密钥；确认请加 --yes"));
        return 2;
    }
    buf_init(&b, cli->arena);
    buf_putc(&b, '{');
    json_kv_str(&b, "subject", argv[0]);
    if (because) json_kv_str(&b, "because", because);
    buf_putc(&b, '}');
    struct call c = {.method = "POST", .path = "/api/v1/admin/keys/erase", .body = buf_str(&b)};
    return cli_request(cli, &c, "");
}

int cmd_key(struct cli *cli, int argc, char **argv) {
    static const struct subcommand table[] = {
        {"slots", slots},   {"unlock", unlock}, {"add", add}, {"drop", drop},
        {"rotate", rotate}, {"erase", erase},   {NULL, NULL}};
    return cli_sub(cli, table, argc, argv);
}
