// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// check: builds a release from what is on disk and throws it away.
#include <stdio.h>
#include "cli/cli.h"

int cmd_check(struct cli *cli, int argc, char **argv) {
    struct release *r;
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    if (cli_release(cli, &r)) return cli_fail(cli);
    int fields = 0, rules = 0;
    for (int i = 0; i < r->schema->nentities; i++) fields += r->schema->entities[i]->nfields;
    for (int i = 0; i < r->schema->nplugins; i++) rules += r->schema->plugins[i].nrules;
    if (cli->json)
        printf("{\"ok\":true,\"release\":\"%s\",\"plugins\":%d,\"entities\":%d,\"fields\":%d,"
               "\"rules\":%d}\n",
               r->id, r->schema->nplugins, r->schema->nentities, fields, rules);
    else
        printf(
            cli_say(cli,
                    "good: %d plugins, %d entities, %d fields, %d rules, %zu files (release %s)\n",
                    "通过：%d 个插件，%d 个实体，%d 个字段，%d 条规则，%zu 个文件（版本 %s）\n"),
            r->schema->nplugins, r->schema->nentities, fields, rules, r->nfiles, r->id);
    release_put(r);
    return 0;
}
