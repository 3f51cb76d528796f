// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// plugin: what is there, the check of one, its reference page.
#include <stdio.h>
#include <string.h>
#include "campus/clock.h"
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

static void doc_texts(const char **list) {
    for (const char **t = list; t && *t; t++) printf("%s%s", t > list ? ", " : "", *t);
}

// The clauses that the declaration of this name serves.
static void doc_clauses(const json_t *list, const char *name) {
    size_t i, k;
    json_t *one, *clause;
    json_array_foreach(list, i, one) {
        const char *its = json_string_value(json_object_get(one, "name"));
        if (!its || strcmp(its, name)) continue;
        json_array_foreach(json_object_get(one, "serves"), k, clause)
            printf("%s%s", k ? ", " : "", json_string_value(clause));
    }
}

static void doc_entity(const struct entity *e, enum lang lang) {
    printf("## %s\n\n`%s`", title_in(&e->title, lang, e->name), e->full);
    if (e->serves && *e->serves) printf(" · "), doc_texts(e->serves);
    printf("\n\n| field | type | class | title |\n| --- | --- | --- | --- |\n");
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
        printf("## %s\n\n| rule | reads | clauses |\n| --- | --- | --- |\n",
               cli_say(cli, "Rules", "规则"));
    for (int i = 0; i < pl->nrules; i++) {
        printf("| `%s` | ", pl->rules[i].name);
        for (int k = 0; k < pl->rules[i].nreads; k++)
            printf("%s%s", k ? ", " : "", pl->rules[i].reads[k]);
        printf(" | ");
        doc_clauses(json_object_get(pl->declaration, "rules"), pl->rules[i].name);
        puts(" |");
    }
    if (pl->nreports)
        printf("\n## %s\n\n| report | entity | kept | clauses | title |\n"
               "| --- | --- | --- | --- | --- |\n",
               cli_say(cli, "Reports", "报表"));
    for (int i = 0; i < pl->nreports; i++) {
        const struct report_decl *rep = &pl->reports[i];
        printf("| `%s` | %s | %s | ", rep->name, rep->entity->name, rep->kept ? "yes" : "no");
        doc_texts(rep->serves);
        printf(" | %s |\n", title_in(&rep->title, lang, rep->name));
    }
    if (pl->nactions) printf("\n## %s\n\n", cli_say(cli, "Actions", "操作"));
    for (int i = 0; i < pl->nactions; i++)
        printf("- `POST /api/v1/%s/actions/%s`\n", pl->name, pl->actions[i].name);
    printf("\n## %s\n\n", cli_say(cli, "Events", "事件"));
    for (int i = 0; i < pl->nentities; i++) {
        const struct entity *e = pl->entities[i];
        printf("- `%s.created`, `updated`, `deleted`", e->full);
        for (int k = 0; e->workflow && k < e->workflow->nstates; k++)
            printf(", `%s`", e->workflow->states[k].name);
        putchar('\n');
    }
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
        {"list", list}, {"new", cli_plugin_new},     {"check", check}, {"test", cli_plugin_test},
        {"doc", doc},   {"stubs", cli_plugin_stubs}, {NULL, NULL}};
    return cli_sub(cli, table, argc, argv);
}
