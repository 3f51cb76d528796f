// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// migrate: a home that is not running to another database, and back.
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "campus/home.h"
#include "campus/move.h"
#include "cli/cli.h"

static bool progress(void *self, const char *what, int64_t done, int64_t total) {
    static const char *const words[][2] = {
        {"rows", "数据行"}, {"files", "文件"}, {"words", "检索"}};
    for (int i = 0; i < 3; i++)
        if (!strcmp(what, words[i][0]))
            cli_progress(self, cli_say(self, what, words[i][1]), done, total);
    return true;
}

int cmd_migrate(struct cli *cli, int argc, char **argv) {
    const char *to = cli_option(&argc, argv, "--to");
    struct move_seen seen;
    int lock;
    if (!cli_words(cli, argc, argv, 0, 0) || !to) return cli_usage(cli);
    if (cli_config(cli) || home_lock(cli->home, &lock, &cli->problem)) return cli_fail(cli);
    umask(077);
    const char *before = cli->config.storage;
    enum err e = move_home(&cli->config, to, progress, cli, &seen, &cli->problem);
    cli_progress(cli, "", -1, 0);
    close(lock);
    if (e) return cli_fail(cli);
    struct buf b;
    buf_init(&b, cli->arena);
    buf_putc(&b, '{');
    json_kv_int(&b, "tables", seen.tables);
    json_kv_int(&b, "rows", seen.rows);
    json_kv_int(&b, "files", seen.files);
    json_kv_int(&b, "bytes", seen.bytes);
    json_key(&b, "resumed"), buf_puts(&b, seen.resumed ? "true" : "false");
    buf_putc(&b, '}');
    cli_show_text(cli, &b, NULL);
    if (seen.tables)
        cli_note(
            cli,
            cli_say(cli,
                    "compared and in use from the next start; what lies at %s is as it was:"
                    " erase it when you trust the new one, for nobody is erased there any more",
                    "已核对，下次启动即使用；%s "
                    "中的旧数据原样保留，确认无误后请销毁：此后删除个人信息不再作用于它"),
            strncmp(before, "sqlite:", 7) ? "postgresql" : before + 7);
    else
        cli_note(cli, "%s", cli_say(cli, "it is there already", "数据已在该处"));
    return 0;
}
