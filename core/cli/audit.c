// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// audit: verify needs the public key only (home/audit.pub, or a copy kept elsewhere); search and
// export read the log itself, so that they work when nothing else does.
#include "campus/audit.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "campus/fsio.h"
#include "campus/home.h"
#include "campus/text.h"
#include "cli/cli.h"

static void progress(void *self, int64_t done) {
    cli_progress(self, "audit", done, 0);
}

static int verify(struct cli *cli, int argc, char **argv) {
    const char *file = cli_option(&argc, argv, "--key"),
               *notes = cli_option(&argc, argv, "--checkpoints");
    uint8_t key[32];
    struct db *db;
    int64_t rows = 0;
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    if (home_key(cli->arena, file ? file : home_audit_key(cli->arena, cli->home), key,
                 &cli->problem) ||
        cli_open_read(cli, &db))
        return cli_fail(cli);
    enum err e = audit_verify(db, key, notes ? notes : home_checkpoints(cli->arena, cli->home),
                              &rows, progress, cli, &cli->problem);
    cli_progress(cli, "", -1, 0);
    db_close(db);
    if (e) return cli_fail(cli);
    if (cli->json)
        printf("{\"ok\":true,\"rows\":%lld}\n", (long long)rows);
    else
        printf(cli_say(cli, "good: %lld rows verified\n", "通过：已校验 %lld 行\n"),
               (long long)rows);
    return 0;
}

// A time as RFC 3339, or a date (UTC).
static int64_t time_of(struct cli *cli, const char *s, int64_t otherwise) {
    int64_t v = otherwise;
    if (!s) return otherwise;
    if (text_to_time(s, strlen(s), &v)) return v;
    if (text_to_days(s, strlen(s), &v)) return v * 86400000;
    problem_set(&cli->problem, ERR_USAGE, "%s is neither a date nor a time", s);
    return otherwise;
}

static int search(struct cli *cli, int argc, char **argv) {
    struct db *db;
    struct buf b;
    struct audit_query q = {.actor = cli_option(&argc, argv, "--actor"),
                            .object = cli_option(&argc, argv, "--object"),
                            .action = cli_option(&argc, argv, "--action"),
                            .subject = cli_option(&argc, argv, "--subject"),
                            .outcome = cli_option(&argc, argv, "--outcome")};
    q.from = time_of(cli, cli_option(&argc, argv, "--from"), 0);
    q.to = time_of(cli, cli_option(&argc, argv, "--to"), 0);
    const char *limit = cli_option(&argc, argv, "--limit"),
               *before = cli_option(&argc, argv, "--before");
    q.limit = limit ? atoi(limit) : 100;
    q.before_seq = before ? atoll(before) : 0;
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    if (cli->problem.code || cli_open_read(cli, &db)) return cli_fail(cli);
    buf_init(&b, cli->arena);
    enum err e = audit_search_json(db, &q, &b, &cli->problem);
    db_close(db);
    return e ? cli_fail(cli)
             : cli_show_text(cli, &b, "seq,at,actor,action,object,outcome,reason,purpose,fields");
}

static int export(struct cli *cli, int argc, char **argv) {
    const char *from = cli_option(&argc, argv, "--from-seq");
    struct db *db;
    int fd = STDOUT_FILENO;
    if (!cli_words(cli, argc, argv, 0, 1)) return cli_usage(cli);
    if (cli_open_read(cli, &db)) return cli_fail(cli);
    if (argc) fd = open(argv[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum err e = fd < 0 ? problem_set(&cli->problem, ERR_IO,
                                      "%s cannot be made, or is there already", argv[0])
                        : audit_export(db, from ? atoll(from) : 0, fd, &cli->problem);
    db_close(db);
    if (fd > STDOUT_FILENO && close(fd) && !e)
        e = problem_set(&cli->problem, ERR_IO, "%s: cannot write", argv[0]);
    return e ? cli_fail(cli) : 0;
}

int cmd_audit(struct cli *cli, int argc, char **argv) {
    static const struct subcommand table[] = {
        {"verify", verify}, {"search", search}, {"export", export}, {NULL, NULL}};
    return cli_sub(cli, table, argc, argv);
}
