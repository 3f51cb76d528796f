// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// scan: who comes with a document, by what its QR code says or by its number.
#include <string.h>
#include "cli/cli.h"

// A link ends in the document's id.
static const char *name_of(const char *text) {
    const char *mark = strstr(text, "#/d/");
    return mark ? mark + 4 : text;
}

int cmd_scan(struct cli *cli, int argc, char **argv) {
    struct buf b;
    if (!cli_words(cli, argc, argv, 1, 64)) return cli_usage(cli);
    const char *document = cli_escape(cli, name_of(argv[0]));
    if (argc == 1) return cli_get(cli, NULL, "/api/v1/documents/%s?format=json", document);
    buf_init(&b, cli->arena);
    buf_putc(&b, '{');
    for (int i = 2; i < argc; i++) {
        const char *is = strchr(argv[i], '=');
        if (!is) return cli_usage(cli);
        bool yes = !strcmp(is + 1, "true");
        json_key(&b, arena_strndup(cli->arena, argv[i], (size_t)(is - argv[i])));
        if (yes || !strcmp(is + 1, "false"))
            buf_puts(&b, yes ? "true" : "false");
        else
            json_cstr(&b, is + 1);
    }
    buf_putc(&b, '}');
    struct call c = {.method = "POST", .body = buf_str(&b)};
    c.path =
        arena_printf(cli->arena, "/api/v1/documents/%s/do/%s", document, cli_escape(cli, argv[1]));
    return cli_request(cli, &c, "");
}
