// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// events: what happens, as it happens, and what could not be delivered.
#include <stdio.h>
#include <string.h>
#include "cli/cli.h"

static void event_line(struct cli *cli, const char *line) {
    (void)cli;
    if (strncmp(line, "data:", 5)) return;
    puts(line + (line[5] == ' ' ? 6 : 5));
    fflush(stdout);
}

static int tail(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    struct call c = {
        .method = "GET", .path = "/api/v1/events", .line = event_line, .running = true};
    return cli_request(cli, &c, NULL);
}

static int dead(struct cli *cli, int argc, char **argv) {
    const char *consumer = cli_option(&argc, argv, "--consumer");
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    return cli_get(cli, "id,type,record,attempts,died_at,error",
                   "/api/v1/admin/dead?limit=500&consumer=%s",
                   consumer ? cli_escape(cli, consumer) : "");
}

static int on_letter(struct cli *cli, int argc, char **argv, const char *method, const char *tail) {
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    struct call c = {.method = method,
                     .path = arena_printf(cli->arena, "/api/v1/admin/dead/%s%s",
                                          cli_escape(cli, argv[0]), tail)};
    return cli_request(cli, &c, NULL);
}

static int replay(struct cli *cli, int argc, char **argv) {
    return on_letter(cli, argc, argv, "POST", "/replay");
}

static int discard(struct cli *cli, int argc, char **argv) {
    return on_letter(cli, argc, argv, "DELETE", "");
}

int cmd_events(struct cli *cli, int argc, char **argv) {
    static const struct subcommand table[] = {
        {"tail", tail}, {"dead", dead}, {"replay", replay}, {"discard", discard}, {NULL, NULL}};
    return cli_sub(cli, table, argc, argv);
}
