// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// JSON answers for people: lists as tables, objects as lines. Columns are as wide as a terminal
// draws them, so that Chinese lines up.
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>
#include "cli/cli.h"

enum { COLUMNS_MAX = 24, CELL_MAX = 60 };

static const char *cell(struct cli *cli, const json_t *v) {
    struct buf b;
    size_t i;
    json_t *one;
    const char *key;
    switch (v ? json_typeof(v) : JSON_NULL) {
    case JSON_NULL: return "-";
    case JSON_TRUE: return cli_say(cli, "yes", "是");
    case JSON_FALSE: return cli_say(cli, "no", "否");
    case JSON_STRING: return json_string_value(v);
    default: break;
    }
    buf_init(&b, cli->arena);
    if (json_is_array(v))
        json_array_foreach(v, i, one) buf_printf(&b, "%s%s", i ? ", " : "", cell(cli, one));
    else if (json_is_object(v))
        json_object_foreach((json_t *)v, key, one)
            buf_printf(&b, "%s%s=%s", b.len ? ", " : "", key, cell(cli, one));
    else
        json_dom(&b, v);
    return buf_str(&b);
}

// Columns on the terminal of a text's first n bytes that fit into max columns; *bytes gets how
// many.
static int width(const char *s, int max, int *bytes) {
    int w = 0;
    const char *at = s;
    for (utf8proc_int32_t c; *at;) {
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)at, -1, &c);
        int one = n > 0 ? utf8proc_charwidth(c) : 1;
        if (w + one > max) break;
        w += one;
        at += n > 0 ? n : 1;
    }
    *bytes = (int)(at - s);
    return w;
}

static void put_cell(const char *s, int w, bool last) {
    int bytes, have = width(s, last ? INT_MAX : CELL_MAX, &bytes);
    bool cut = s[bytes] != 0;
    if (cut) have = width(s, CELL_MAX - 1, &bytes) + 1;
    for (int i = 0; i < bytes; i++) putchar((unsigned char)s[i] < 0x20 ? ' ' : s[i]);
    if (cut) fputs("…", stdout);
    for (; !last && have < w + 2; have++) putchar(' ');
}

static void table(struct cli *cli, const json_t *items, const char *columns) {
    const char *names[COLUMNS_MAX];
    int widths[COLUMNS_MAX] = {0}, n = 0, bytes;
    const char *key;
    json_t *v, *one;
    size_t i;
    char *list = arena_strdup(cli->arena, columns);
    for (char *s = list, *w; n < COLUMNS_MAX && (w = s ? strsep(&s, ",") : NULL);) names[n++] = w;
    if (!list)
        json_object_foreach(json_array_get(items, 0), key, v) if (n < COLUMNS_MAX) names[n++] = key;
    for (int c = 0; c < n; c++) widths[c] = width(names[c], CELL_MAX, &bytes);
    json_array_foreach(items, i, one) for (int c = 0; c < n; c++) {
        int w = width(cell(cli, json_object_get(one, names[c])), CELL_MAX, &bytes);
        if (w > widths[c]) widths[c] = w;
    }
    for (int c = 0; c < n; c++) put_cell(names[c], widths[c], c == n - 1);
    if (n) putchar('\n');
    json_array_foreach(items, i, one) {
        for (int c = 0; c < n; c++)
            put_cell(cell(cli, json_object_get(one, names[c])), widths[c], c == n - 1);
        putchar('\n');
    }
}

void cli_show(struct cli *cli, const json_t *j, const char *columns) {
    if (cli->json) {
        struct buf b;
        buf_init(&b, cli->arena);
        json_dom(&b, j);
        puts(buf_str(&b));
        return;
    }
    const json_t *items = json_is_array(j) ? j : json_object_get(j, "items");
    if (items && !json_array_size(items))
        puts(cli_say(cli, "nothing", "（无）"));
    else if (items && json_is_object(json_array_get(items, 0)))
        table(cli, items, columns);
    else {
        const char *key;
        json_t *v;
        json_object_foreach((json_t *)j, key, v) {
            bool rows = json_is_object(json_array_get(v, 0));
            printf("%s:%s%s\n", key, rows ? "" : " ", rows ? "" : cell(cli, v));
            if (rows) table(cli, v, NULL);
        }
    }
}

int cli_show_text(struct cli *cli, struct buf *text, const char *columns) {
    json_t *j;
    const char *s = buf_str(text);
    if (json_parse(cli->arena, s, text->len, &j, &cli->problem)) return cli_fail(cli);
    cli_show(cli, j, columns);
    return 0;
}
