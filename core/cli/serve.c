// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// serve: opens the service, says where it listens, waits for the signal that ends it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "campus/fsio.h"
#include "campus/log.h"
#include "cli/cli.h"
#include "http/app.h"

static void welcome(struct cli *cli, const struct app *app, const char *host) {
    const char *first = fsio_join(cli->arena, cli->home, "first-sign-in");
    bool v6 = strchr(host, ':') != NULL;
    printf("listening on http://%s%s%s:%d\n", v6 ? "[" : "", host, v6 ? "]" : "", app_port(app));
    if (!access(first, R_OK))
        printf(cli_say(cli, "the sample school: name and password of the first sign-in are in %s\n",
                       "示例学校：首次登录的账号与密码在 %s\n"),
               first);
    fflush(stdout);
}

int cmd_serve(struct cli *cli, int argc, char **argv) {
    struct app_options o = {.port = -1};
    struct app *app;
    const char *listen = cli_option(&argc, argv, "--listen");
    o.dev = cli_flag(&argc, argv, "--dev");
    bool weak = cli_flag(&argc, argv, "--weak-jail");
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    if (cli_config(cli)) return cli_fail(cli);
    cli->config.weak_jail = weak;
    const char *colon = listen ? strrchr(listen, ':') : NULL;
    if (listen) {
        char *end = NULL;
        long port = colon ? strtol(colon + 1, &end, 10) : -1;
        if (!colon || end == colon + 1 || *end || port < 0 || port > 65535) {
            fprintf(stderr, "usage: --listen takes HOST:PORT, not %s\n", listen);
            return 2;
        }
        bool v6 = *listen == '[' && colon[-1] == ']'; // [::1]:8080
        o.host = arena_strndup(cli->arena, listen + v6, (size_t)(colon - listen) - 2 * v6);
        o.port = (int)port;
    }
    log_init(cli->config.log.level, cli->config.log.json);
    char *secret = cli_passphrase(cli, &o.secret_n);
    o.secret = secret;
    enum err e = app_open(&cli->config, &o, &app, &cli->problem);
    if (secret) explicit_bzero(secret, o.secret_n);
    if (e) return cli_fail(cli);
    welcome(cli, app, o.host ? o.host : cli->config.listen_host);
    app_wait(app);
    app_close(app);
    return 0;
}
