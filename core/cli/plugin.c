// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// plugin: what is there, one to begin with, the check of one, its reference page.
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/fsio.h"
#include "campus/report.h"
#include "campus/text.h"
#include "cli/cli.h"

static int list(struct cli *cli, int argc, char **argv) {
    struct release *r;
    struct buf b;
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    if (cli_release(cli, &r)) return cli_fail(cli);
    buf_init(&b, cli->arena);
    buf_puts(&b, "{\"items\":[");
    for (int i = 0; i < r->schema->nplugins; i++) {
        const struct plugin *pl = &r->schema->plugins[i];
        json_sep(&b), buf_putc(&b, '{');
        json_kv_str(&b, "name", pl->name);
        json_kv_str(&b, "title", title_in(&pl->title, cli->zh ? LANG_ZH : LANG_EN, pl->name));
        json_kv_str(&b, "version", pl->version);
        json_kv_int(&b, "entities", pl->nentities);
        json_kv_int(&b, "rules", pl->nrules);
        json_kv_int(&b, "reports", pl->nreports);
        json_kv_int(&b, "actions", pl->nactions);
        buf_putc(&b, '}');
    }
    buf_puts(&b, "]}");
    release_put(r);
    return cli_show_text(cli, &b, NULL);
}

// The skeleton; %s is the plugin's name.
static const struct {
    const char *file, *text;
} SKELETON[] = {
    {"plugin.lua", "-- What this plugin declares; campusd plugin check %s reads it whole.\n"
                   "return {\n"
                   "  title = { zh = \"新插件\", en = \"New plugin\" },\n"
                   "  version = \"0.1.0\",\n"
                   "  entities = { items = require \"items\" },\n"
                   "  rules = require \"rules\",\n"
                   "}\n"},
    {"items.lua",
     "-- %s: one thing that is kept, and its way from draft to done.\n"
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
     "-- %s: a rule is a pure function of the fields it reads and the policy; it gives its "
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
     "# Every key of policies/%1$s.yaml.\n"
     "policy: %1$s\n"
     "title: { zh: 新插件, en: New plugin }\n"
     "keys:\n"
     "  limit: { type: money, min: 0, default: 1000, unit: 元, title: { zh: 上限, en: Limit } }\n"},
    {"locale/zh-CN.yaml",
     "# %s\n"
     "reasons:\n"
     "  over_limit: { pass: \"{have} 未超过 {want}\", fail: \"{have} 超过 {want}\" }\n"},
    {"locale/en.yaml",
     "# %s\n"
     "reasons:\n"
     "  over_limit: { pass: \"{have} is within {want}\", fail: \"{have} is over {want}\" }\n"},
    {"README.md", "# %s\n\nWhat it serves, its entities, its policy, its events: one page.\n"},
};

static int new (struct cli *cli, int argc, char **argv) {
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
    for (size_t i = 0; i < sizeof SKELETON / sizeof *SKELETON && !e; i++) {
        struct buf b;
        buf_init(&b, cli->arena);
        for (const char *s = SKELETON[i].text; *s;) {
            size_t mark = !strncmp(s, "%s", 2) ? 2 : !strncmp(s, "%1$s", 4) ? 4 : 0;
            if (mark)
                buf_puts(&b, argv[0]), s += mark;
            else
                buf_putc(&b, *s++);
        }
        e = fsio_write(fsio_join(cli->arena, to, SKELETON[i].file), b.data, b.len, 0644, p);
    }
    if (e) return cli_fail(cli);
    printf("%s\n", to);
    cli_note(
        cli,
        cli_say(
            cli,
            "nobody may use it yet: copy policies/access.yaml into the home's policies/ and add\n"
            "  - { name: staff work on items, allow: [read, create, update, finish], entity: "
            "%s.items, roles: [everyone] }",
            "尚未授权任何人：将 policies/access.yaml 复制到数据目录的 policies/ 并加入\n"
            "  - { name: staff work on items, allow: [read, create, update, finish], entity: "
            "%s.items, roles: [everyone] }"),
        argv[0]);
    return 0;
}

// Errors of this plugin alone when it has some; else all there are.
static int check(struct cli *cli, int argc, char **argv) {
    struct release *r;
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    enum err e = cli_release(cli, &r);
    const char *own = arena_printf(cli->arena, "plugins/%s/", argv[0]);
    if (!e) {
        bool there = schema_plugin(r->schema, argv[0]) != NULL;
        release_put(r);
        if (there) return puts(cli_say(cli, "good", "通过")), 0;
        problem_set(&cli->problem, ERR_NOT_FOUND, "there is no plugin %s", argv[0]);
        return cli_fail(cli);
    }
    struct problem mine;
    problem_init(&mine, cli->arena);
    for (const struct problem_item *it = cli->problem.first; it; it = it->next)
        if (it->file && !strncmp(it->file, own, strlen(own))) {
            problem_at(&mine, it->file, it->line, it->col, it->word, "%s", it->detail);
            problem_point(&mine, it->pointer);
        }
    if (mine.count) cli->problem = mine;
    return cli_fail(cli);
}

static void doc_entity(const struct entity *e, enum lang lang) {
    printf("## %s\n\n`%s`\n\n| field | type | class | title |\n| --- | --- | --- | --- |\n",
           title_in(&e->title, lang, e->name), e->full);
    static const char *const classes[] = {"public", "internal", "confidential", "secret"};
    for (int i = 0; i < e->nfields; i++) {
        const struct field *f = &e->fields[i];
        printf("| `%s`%s | %s%s%s | %s%s | %s |\n", f->name, f->required ? " *" : "",
               field_type_name(f->type), f->to ? " to " : "", f->to ? f->to : "", classes[f->class],
               f->personal ? ", personal" : "", title_in(&f->title, lang, f->name));
    }
    if (e->workflow)
        printf("\n| transition | from | to | rule | title |\n| --- | --- | --- | --- | --- |\n");
    for (int i = 0; e->workflow && i < e->workflow->ntransitions; i++) {
        const struct transition *t = &e->workflow->transitions[i];
        printf("| `%s` | ", t->name);
        const char *between = "";
        for (int s = 0; s < e->workflow->nstates; s++)
            if (t->from >> s & 1)
                printf("%s%s", between, e->workflow->states[s].name), between = ", ";
        printf(" | %s | %s | %s |\n", e->workflow->states[t->to].name, t->rule ? t->rule : "",
               title_in(&t->title, lang, t->name));
    }
    putchar('\n');
}

static int doc(struct cli *cli, int argc, char **argv) {
    struct release *r;
    enum lang lang = cli->zh ? LANG_ZH : LANG_EN;
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    if (cli_release(cli, &r)) return cli_fail(cli);
    const struct plugin *pl = schema_plugin(r->schema, argv[0]);
    if (!pl) {
        release_put(r);
        problem_set(&cli->problem, ERR_NOT_FOUND, "there is no plugin %s", argv[0]);
        return cli_fail(cli);
    }
    printf("# %s\n\n%s %s\n\n", title_in(&pl->title, lang, pl->name), pl->name,
           pl->version ? pl->version : "");
    for (int i = 0; i < pl->nentities; i++) doc_entity(pl->entities[i], lang);
    if (pl->nrules)
        printf("## %s\n\n| rule | reads |\n| --- | --- |\n", cli_say(cli, "Rules", "规则"));
    for (int i = 0; i < pl->nrules; i++) {
        printf("| `%s` | ", pl->rules[i].name);
        for (int k = 0; k < pl->rules[i].nreads; k++)
            printf("%s%s", k ? ", " : "", pl->rules[i].reads[k]);
        puts(" |");
    }
    if (pl->nreports)
        printf("\n## %s\n\n| report | entity | kept | title |\n| --- | --- | --- | --- |\n",
               cli_say(cli, "Reports", "报表"));
    for (int i = 0; i < pl->nreports; i++)
        printf("| `%s` | %s | %s | %s |\n", pl->reports[i].name, pl->reports[i].entity->name,
               pl->reports[i].kept ? "yes" : "no",
               title_in(&pl->reports[i].title, lang, pl->reports[i].name));
    struct policy *policy = r->policies[pl - r->schema->plugins];
    char today[11];
    tz_date(r->tz, clock_now_ms(), today);
    const struct policy_revision *rev = policy ? policy_at(policy, today) : NULL;
    if (rev) {
        struct buf b;
        buf_init(&b, cli->arena);
        policy_show(policy, rev, true, &b);
        printf("\n## %s\n\n```\n%s```\n", cli_say(cli, "Policy in force", "现行制度"), buf_str(&b));
    }
    release_put(r);
    return 0;
}

int cmd_plugin(struct cli *cli, int argc, char **argv) {
    static const struct subcommand table[] = {
        {"list", list}, {"new", new}, {"check", check}, {"doc", doc}, {NULL, NULL}};
    return cli_sub(cli, table, argc, argv);
}
