// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// message: what was sent and what was not, and the secrets of the channels.
#include <string.h>
#include "campus/home.h"
#include "cli/cli.h"

static int list(struct cli *cli, int argc, char **argv) {
    const char *state = cli_option(&argc, argv, "--state"),
               *channel = cli_option(&argc, argv, "--channel");
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    return cli_get(cli, "id,at,plugin,name,channel,to,record,state,reason,attempts",
                   "/api/v1/admin/messages?limit=500&state=%s&channel=%s",
                   state ? cli_escape(cli, state) : "", channel ? cli_escape(cli, channel) : "");
}

static int retry(struct cli *cli, int argc, char **argv) {
    const char *channel = cli_option(&argc, argv, "--channel");
    if (!cli_words(cli, argc, argv, 0, 1)) return cli_usage(cli);
    struct call c = {.method = "POST"};
    c.path =
        argc ? arena_printf(cli->arena, "/api/v1/admin/messages/%s/retry", cli_escape(cli, argv[0]))
             : arena_printf(cli->arena, "/api/v1/admin/messages/retry?channel=%s",
                            channel ? cli_escape(cli, channel) : "");
    return cli_request(cli, &c, "");
}

static int channels(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    return cli_get(cli, "channel,driver,has_secret,per_minute", "/api/v1/admin/messages/channels");
}

// Both from files, so that neither is in the shell's history nor in the list of processes.
static int secret(struct cli *cli, int argc, char **argv) {
    const char *files[2] = {cli_option(&argc, argv, "--token-file"),
                            cli_option(&argc, argv, "--secret-file")};
    static const char *const keys[] = {"token", "secret"};
    struct buf b;
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    buf_init(&b, cli->arena);
    buf_putc(&b, '{');
    for (int i = 0; i < 2; i++) {
        char *text;
        size_t n;
        if (!files[i]) continue;
        if (home_secret(cli->arena, files[i], &text, &n, &cli->problem)) return cli_fail(cli);
        json_key(&b, keys[i]), json_text(&b, text, n);
        explicit_bzero(text, n);
    }
    buf_putc(&b, '}');
    struct call c = {.method = "PUT", .body = buf_str(&b)};
    c.path =
        arena_printf(cli->arena, "/api/v1/admin/messages/channels/%s", cli_escape(cli, argv[0]));
    int code = cli_request(cli, &c, "");
    explicit_bzero(b.data, b.len);
    return code;
}

int cmd_message(struct cli *cli, int argc, char **argv) {
    static const struct subcommand table[] = {
        {"list", list}, {"retry", retry}, {"channels", channels}, {"secret", secret}, {NULL, NULL}};
    return cli_sub(cli, table, argc, argv);
}
