// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// events: what happens, as it happens.
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

int cmd_events(struct cli *cli, int argc, char **argv) {
    static const struct subcommand table[] = {{"tail", tail}, {NULL, NULL}};
    return cli_sub(cli, table, argc, argv);
}
