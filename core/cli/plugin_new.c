// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// plugin new: a plugin to begin with, which passes its check and its tests as it is.
// plugin stubs: what the host exposes, for an editor.
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "campus/fsio.h"
#include "campus/host.h"
#include "campus/text.h"
#include "cli/cli.h"

// The skeleton; @ is the plugin's name.
static const struct {
    const char *file, *text;
} SKELETON[] = {
    {"plugin.lua", "-- What this plugin declares; campusd plugin check @ reads it whole.\n"
                   "return {\n"
                   "  title = { zh = \"新插件\", en = \"New plugin\" },\n"
                   "  version = \"0.1.0\",\n"
                   "  entities = { items = require \"items\" },\n"
                   "  rules = require \"rules\",\n"
                   "}\n"},
    {"items.lua",
     "-- @: one thing that is kept, and its way from draft to done.\n"
     "local field = campus.field\n\n"
     "return campus.entity {\n"
     "  title = { zh = \"事项\", en = \"Items\" },\n"
     "  serves = {},                    -- clauses of your regulation, such as \"FIN-4\"\n"
     "  fields = {\n"
     "    name = field.text { title = { zh = \"名称\", en = \"Name\" }, required = true, "
     "max_length = 60 },\n"
     "    amount = field.money { title = { zh = \"金额\", en = \"Amount\" }, required = true },\n"
     "  },\n"
     "  workflow = {\n"
     "    start = \"draft\",\n"
     "    states = {\n"
     "      draft = { title = { zh = \"草稿\", en = \"Draft\" } },\n"
     "      done = { title = { zh = \"完成\", en = \"Done\" }, final = true },\n"
     "    },\n"
     "    transitions = {\n"
     "      finish = { title = { zh = \"完成\", en = \"Finish\" }, from = \"draft\", to = "
     "\"done\", rule = \"within_limit\" },\n"
     "    },\n"
     "  },\n"
     "  indexes = { { \"state\", \"name\" } },\n"
     "}\n"},
    {"rules.lua",
     "-- @: a rule is a pure function of the fields it reads and the policy; it gives its "
     "reasons.\n"
     "local function within_limit(item, policy)\n"
     "  local why = campus.reasons()\n"
     "  why:check(item.amount <= policy.limit, { code = \"over_limit\", at = \"amount\", have = "
     "item.amount,\n"
     "    want = policy.limit, policy = \"limit\" })\n"
     "  return why:decision()\n"
     "end\n\n"
     "return { within_limit = campus.rule { reads = { \"amount\" }, run = within_limit } }\n"},
    {"policy.schema.yaml",
     "# Every key of policies/@.yaml.\n"
     "policy: @\n"
     "title: { zh: 新插件, en: New plugin }\n"
     "keys:\n"
     "  limit: { type: money, min: 0, default: 1000, unit: 元, title: { zh: 上限, en: Limit } }\n"},
    {"locale/zh-CN.yaml",
     "# @\n"
     "reasons:\n"
     "  over_limit: { pass: \"{have} 未超过 {want}\", fail: \"{have} 超过 {want}\" }\n"},
    {"locale/en.yaml",
     "# @\n"
     "reasons:\n"
     "  over_limit: { pass: \"{have} is within {want}\", fail: \"{have} is over {want}\" }\n"},
    {"tests/access.yaml",
     "# Who may do what in the tests of @; the school's own access.yaml says it for the school.\n"
     "policy: access\n"
     "roles: { staff: {}, guest: {} }\n"
     "rules:\n"
     "  - { name: staff work on items, allow: [read, create, update, finish], entity: @.items, "
     "roles: [staff] }\n"},
    {"tests/items.lua",
     "-- Run by campusd plugin test @. Each test has a school of its own.\n"
     "test(\"an item within the limit is finished\", function()\n"
     "  local staff = as \"staff\"\n"
     "  local item = staff:create(\"items\", { name = \"chairs\", amount = \"1000.00\" })\n"
     "  expect.equal(staff:transition(\"items\", item.id, \"finish\").state, \"done\")\n"
     "  expect.equal(#events \"items.done\", 1)\n"
     "end)\n\n"
     "test(\"an item over the limit is refused, and the reason says why\", function()\n"
     "  local staff = as \"staff\"\n"
     "  local item = staff:create(\"items\", { name = \"chairs\", amount = \"1000.01\" })\n"
     "  expect.refused(\"over_limit\", function() staff:transition(\"items\", item.id, "
     "\"finish\") end)\n"
     "  policy { limit = 2000 }\n"
     "  expect.equal(staff:transition(\"items\", item.id, \"finish\").state, \"done\")\n"
     "end)\n\n"
     "test(\"a guest sees nothing\", function()\n"
     "  local item = as \"staff\":create(\"items\", { name = \"chairs\", amount = \"1.00\" })\n"
     "  expect.refused(\"not_found\", function() as \"guest\":get(\"items\", item.id) end)\n"
     "end)\n"},
    {"README.md",
     "# @\n\n"
     "What it serves: one page for those who run it. `campusd plugin doc @` prints its fields,\n"
     "transitions, rules and policy; say here what no table says.\n\n"
     "| | |\n| --- | --- |\n"
     "| clauses | none yet |\n"
     "| entities | items: a name and an amount, from draft to done |\n"
     "| policy | limit: an item over it cannot be finished |\n"
     "| tests | `campusd plugin test @` |\n"},
};

static const char *named(struct cli *cli, const char *text, const char *name) {
    struct buf b;
    buf_init(&b, cli->arena);
    for (; *text; text++)
        if (*text == '@')
            buf_puts(&b, name);
        else
            buf_putc(&b, *text);
    return buf_str(&b);
}

int cli_plugin_new(struct cli *cli, int argc, char **argv) {
    const char *dir = cli_option(&argc, argv, "--dir");
    struct problem *p = &cli->problem;
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    if (!text_is_name(argv[0])) {
        fprintf(stderr,
                "usage: a plugin's name is made of a-z, 0-9 and _, and begins with a letter\n");
        return 2;
    }
    if (!dir && cli_config(cli)) return cli_fail(cli);
    const char *to = fsio_join(cli->arena, dir ? dir : cli->config.plugin_path[0], argv[0]);
    if (!access(to, F_OK)) {
        problem_set(p, ERR_CONFLICT, "%s is there already", to);
        return cli_fail(cli);
    }
    enum err e = fsio_mkdirs(fsio_join(cli->arena, to, "locale"), 0755, p);
    if (!e) e = fsio_mkdirs(fsio_join(cli->arena, to, "tests"), 0755, p);
    for (size_t i = 0; i < sizeof SKELETON / sizeof *SKELETON && !e; i++) {
        const char *text = named(cli, SKELETON[i].text, argv[0]);
        e = fsio_write(fsio_join(cli->arena, to, SKELETON[i].file), text, strlen(text), 0644, p);
    }
    if (e) return cli_fail(cli);
    puts(to);
    fflush(stdout);
    static const char rule[] = "  - { name: staff work on items, allow: [read, create, update, "
                               "finish], entity: @.items, roles: [everyone] }";
    cli_note(
        cli, "%s\n%s",
        named(
            cli,
            cli_say(cli,
                    "campusd plugin check @ and campusd plugin test @ are good from the start; "
                    "nobody may\nuse it yet: copy policies/access.yaml into the home's "
                    "policies/ and add",
                    "campusd plugin check @ 与 campusd plugin test @ 现已通过；尚未授权任何人使用："
                    "\n将 policies/access.yaml 复制到数据目录的 policies/ 并加入"),
            argv[0]),
        named(cli, rule, argv[0]));
    return 0;
}

int cli_plugin_stubs(struct cli *cli, int argc, char **argv) {
    struct problem *p = &cli->problem;
    struct pool *pool;
    const char *json;
    size_t n;
    json_t *text = NULL;
    static const char settings[] = "{\n"
                                   "  \"runtime.version\": \"Lua 5.4\",\n"
                                   "  \"runtime.builtin\": { \"io\": \"disable\", \"os\": "
                                   "\"disable\", \"debug\": \"disable\", "
                                   "\"coroutine\": \"disable\", \"package\": \"disable\" },\n"
                                   "  \"workspace.library\": [ \"campus.lua\" ]\n"
                                   "}\n";
    if (!cli_words(cli, argc, argv, 0, 1)) return cli_usage(cli);
    const char *dir = argc ? argv[0] : ".";
    struct host_limits limits = {1000, 10000, 64 << 20, true};
    struct host_plugin none = {.name = "stubs"};
    enum err e = pool_open(&limits, &none, 1, 1, &pool, p);
    if (e) return cli_fail(cli);
    e = pool_author(pool, "stubs", "stubs", "{}", NULL, cli->arena, &json, &n, p);
    pool_close(pool);
    if (!e) e = json_parse(cli->arena, json, n, &text, p);
    if (!e) e = fsio_mkdirs(dir, 0755, p);
    if (!e)
        e = fsio_write(fsio_join(cli->arena, dir, "campus.lua"), json_string_value(text),
                       json_string_length(text), 0644, p);
    if (!e)
        e = fsio_write(fsio_join(cli->arena, dir, ".luarc.json"), settings, sizeof settings - 1,
                       0644, p);
    if (e) return cli_fail(cli);
    printf("%s\n", fsio_join(cli->arena, dir, "campus.lua"));
    return 0;
}
