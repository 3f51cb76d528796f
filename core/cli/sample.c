// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What examples/school puts into a new home: its people and its applicants, through the same
// requests that anybody else would make.
#include "cli/sample.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "campus/fsio.h"

static const char *shipped(struct cli *cli, const char *name) {
    const char *share = release_share(cli->arena);
    return arena_printf(cli->arena, "%s/examples/school/%s", share, name);
}

static bool people(struct cli *cli, struct buf *accounts) {
    char *text;
    size_t n, i;
    json_t *one;
    cli_note(cli, "%s", cli_say(cli, "making the accounts of the sample …", "正在建立示例账号……"));
    if (fsio_read(cli->arena, shipped(cli, "people.json"), 1 << 20, &text, &n, &cli->problem))
        return cli_fail(cli), false;
    struct call c = {.method = "POST",
                     .path = "/api/v1/admin/users/import",
                     .body = text,
                     .body_n = n,
                     .quiet = true};
    if (cli_request(cli, &c, NULL)) return false;
    json_array_foreach(json_object_get(c.json, "accounts"), i, one)
        buf_printf(accounts, "%s %s\n", json_string_value(json_object_get(one, "name")),
                   json_string_value(json_object_get(one, "one_time_password")));
    return true;
}

static bool applicants(struct cli *cli) {
    struct stat st;
    struct call c = {.method = "POST",
                     .path = "/api/v1/admissions/applicants/import",
                     .type = "text/csv",
                     .quiet = true};
    const char *file = shipped(cli, "applicants.csv");
    if (stat(file, &st)) return true;
    cli_note(cli, "%s",
             cli_say(cli, "importing the applicants of the sample …", "正在导入示例报名学生……"));
    c.body_fd = open(file, O_RDONLY | O_CLOEXEC);
    int code = cli_request(cli, &c, NULL);
    if (c.body_fd > 0) close(c.body_fd);
    return code == 0;
}

bool sample_load(struct cli *cli, struct buf *accounts) {
    bool ok = people(cli, accounts) && applicants(cli);
    cli_hang_up(cli);
    return ok;
}
