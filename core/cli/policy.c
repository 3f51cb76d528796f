// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// policy, access, decision: the numbers and choices of plugins, who may do what, why something fell
// as it did.
#include <stdio.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/fsio.h"
#include "campus/text.h"
#include "campus/yaml.h"
#include "cli/cli.h"

// The place of a plugin with a policy in a release, or -1 after setting the problem.
static int policy_of(struct cli *cli, const struct release *r, const char *name) {
    const struct plugin *pl = schema_plugin(r->schema, name);
    int i = pl ? (int)(pl - r->schema->plugins) : -1;
    if (i >= 0 && r->policies[i]) return i;
    problem_set(&cli->problem, ERR_NOT_FOUND, "there is no policy of %s", name);
    return -1;
}

static const struct policy_revision *in_force(struct cli *cli, const struct release *r, int i,
                                              const char *at) {
    char today[11];
    tz_date(r->tz, clock_now_ms(), today);
    const struct policy_revision *rev = policy_at(r->policies[i], at ? at : today);
    if (!rev)
        problem_set(&cli->problem, ERR_NOT_FOUND, "nothing is in force on %s", at ? at : today);
    return rev;
}

static int show(struct cli *cli, int argc, char **argv) {
    const char *at = cli_option(&argc, argv, "--at");
    bool origin = cli_flag(&argc, argv, "--origin");
    struct release *r;
    struct buf b;
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    if (at && !text_is_date(at, strlen(at))) {
        fprintf(stderr, "usage: --at takes a date such as 2026-09-01\n");
        return 2;
    }
    if (cli_release(cli, &r)) return cli_fail(cli);
    int i = policy_of(cli, r, argv[0]);
    const struct policy_revision *rev = i < 0 ? NULL : in_force(cli, r, i, at);
    buf_init(&b, cli->arena);
    if (rev && cli->json)
        buf_put(&b, rev->json, rev->json_n), buf_putc(&b, '\n');
    else if (rev)
        policy_show(r->policies[i], rev, origin, &b);
    release_put(r);
    if (!rev) return cli_fail(cli);
    fputs(buf_str(&b), stdout);
    return 0;
}

static int schema(struct cli *cli, int argc, char **argv) {
    struct release *r;
    struct buf b;
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    if (!strcmp(argv[0], "calendar")) { // no plugin's
        char *text;
        const char *share = fsio_join(cli->arena, release_share(cli->arena), "policies");
        if (fsio_read(cli->arena, fsio_join(cli->arena, share, "calendar.schema.json"), 1 << 20,
                      &text, &(size_t){0}, &cli->problem))
            return cli_fail(cli);
        fputs(text, stdout);
        return 0;
    }
    if (cli_release(cli, &r)) return cli_fail(cli);
    int i = policy_of(cli, r, argv[0]);
    buf_init(&b, cli->arena);
    if (i >= 0) policy_schema_json(r->policy_schemas[i], &b);
    release_put(r);
    if (i < 0) return cli_fail(cli);
    puts(buf_str(&b));
    return 0;
}

// The policy in force today, of the release that runs, against a draft in a file, or else against
// what is on disk.
static int diff(struct cli *cli, int argc, char **argv) {
    struct release *was = NULL, *now = NULL;
    struct problem *p = &cli->problem;
    struct policy *draft = NULL;
    struct pool *pool = NULL;
    struct db *db;
    struct buf b;
    int64_t n = 0;
    char *text = NULL;
    size_t len = 0;
    if (!cli_words(cli, argc, argv, 1, 2)) return cli_usage(cli);
    if (argc == 2 && fsio_read(cli->arena, argv[1], YAML_SIZE_MAX, &text, &len, p))
        return cli_fail(cli);
    if (cli_open_read(cli, &db)) return cli_fail(cli);
    enum err e = release_active_number(db, &n, p);
    if (!e) e = release_build_stored(&cli->config, db, n, 1, &was, p);
    db_close(db);
    int i = e ? -1 : policy_of(cli, was, argv[0]), k = -1;
    if (i >= 0 && text) {
        e = release_trial(was, &was->schema->plugins[i], text, len, cli->arena, &pool, &draft, p);
        if (!e) pool_close(pool);
    } else if (i >= 0) {
        e = release_build(&cli->config, 1, &now, p);
        k = e ? -1 : policy_of(cli, now, argv[0]);
        if (k >= 0) draft = now->policies[k];
    }
    const struct policy_revision *from = draft ? in_force(cli, was, i, NULL) : NULL;
    buf_init(&b, cli->arena);
    if (from && policy_count(draft))
        (cli->json ? policy_changes
                   : policy_diff)(k >= 0 ? now->policy_schemas[k] : was->policy_schemas[i], from,
                                  policy_nth(draft, policy_count(draft) - 1),
                                  cli->zh ? LANG_ZH : LANG_EN, cli->arena, &b);
    release_put(was);
    release_put(now);
    if (!from) return cli_fail(cli);
    fputs(b.len ? buf_str(&b) : cli_say(cli, "no difference\n", "没有差异\n"), stdout);
    if (cli->json) putchar('\n');
    return 0;
}

static int check(struct cli *cli, int argc, char **argv) {
    return cmd_check(cli, argc, argv);
}

// Sums, then what changes, then who is concerned, by group and one by one.
static void show_trial(struct cli *cli, json_t *result) {
    if (cli->json) {
        cli_show(cli, result, NULL);
        return;
    }
    json_t *changes = json_object_get(result, "changes"),
           *groups = json_object_get(result, "groups"), *flips = json_object_get(result, "flips"),
           *one;
    size_t i;
    const char *key;
    json_t *v;
    json_object_foreach(result, key, v) if (!json_is_array(v)) {
        if (json_is_string(v))
            printf("%s: %s\n", key, json_string_value(v));
        else if (json_is_integer(v))
            printf("%s: %lld\n", key, (long long)json_integer_value(v));
    }
    json_array_foreach(changes, i, one) {
        printf("%s (%s): %s\n", json_string_value(json_object_get(one, "key")),
               json_string_value(json_object_get(one, "title")),
               json_string_value(json_object_get(one, "text")));
    }
    json_array_foreach(groups, i, one) {
        printf("\n%s (%s)\n", json_string_value(json_object_get(one, "field")),
               json_string_value(json_object_get(one, "title")));
        cli_show(cli, json_object_get(one, "values"),
                 json_object_get(one, "sum") ? "value,to_pass,to_fail,sum_to_pass,sum_to_fail"
                                             : "value,to_pass,to_fail");
    }
    json_t *quotas = json_object_get(result, "quotas");
    if (json_array_size(quotas))
        putchar('\n'), cli_show(cli, quotas, "pool,limit,held,would_lose,would_ask,left_then");
    if (!json_array_size(flips)) return;
    putchar('\n');
    cli_show(cli, flips, NULL);
}

static int try(struct cli *cli, int argc, char **argv) {
    const char *since = cli_option(&argc, argv, "--since");
    char *text;
    size_t n;
    struct buf b;
    if (!cli_words(cli, argc, argv, 2, 2)) return cli_usage(cli);
    if (fsio_read(cli->arena, argv[1], YAML_SIZE_MAX, &text, &n, &cli->problem))
        return cli_fail(cli);
    buf_init(&b, cli->arena);
    buf_putc(&b, '{');
    json_kv_str(&b, "plugin", argv[0]);
    json_key(&b, "yaml"), json_text(&b, text, n);
    if (since) json_kv_str(&b, "since", since);
    json_kv_bool(&b, "job", true);
    buf_putc(&b, '}');
    struct call c = {
        .method = "POST", .path = "/api/v1/admin/policies/try", .body = buf_str(&b), .quiet = true};
    int code = cli_request(cli, &c, "");
    json_t *result = json_object_get(c.json, "result"),
           *problem = json_object_get(result, "problem");
    if (problem) return cli_refused(cli, problem);
    if (code || !result) return code ? code : 1;
    show_trial(cli, result);
    return 0;
}

static int history(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    return cli_get(cli, NULL, "/api/v1/admin/policies/%s", cli_escape(cli, argv[0]));
}

int cmd_policy(struct cli *cli, int argc, char **argv) {
    static const struct subcommand table[] = {
        {"show", show},     {"check", check},     {"diff", diff}, {"try", try},
        {"schema", schema}, {"history", history}, {NULL, NULL}};
    return cli_sub(cli, table, argc, argv);
}

static int explain(struct cli *cli, int argc, char **argv) {
    struct buf b;
    if (!cli_words(cli, argc, argv, 3, 3)) return cli_usage(cli);
    buf_init(&b, cli->arena);
    buf_putc(&b, '{');
    json_kv_str(&b, "user", argv[0]);
    json_kv_str(&b, "verb", argv[1]);
    json_kv_str(&b, "record", argv[2]);
    buf_putc(&b, '}');
    struct call c = {.method = "POST", .path = "/api/v1/access/explain", .body = buf_str(&b)};
    return cli_request(cli, &c, "");
}

static int matrix(struct cli *cli, int argc, char **argv) {
    struct release *r;
    struct buf b;
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    if (cli_release(cli, &r)) return cli_fail(cli);
    buf_init(&b, cli->arena);
    access_matrix_csv(r->access, r->schema, &b);
    release_put(r);
    fputs(buf_str(&b), stdout);
    return 0;
}

int cmd_access(struct cli *cli, int argc, char **argv) {
    static const struct subcommand table[] = {
        {"explain", explain}, {"matrix", matrix}, {NULL, NULL}};
    return cli_sub(cli, table, argc, argv);
}

static int why(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    return cli_get(cli, NULL, "/api/v1/decisions/%s", cli_escape(cli, argv[0]));
}

int cmd_decision(struct cli *cli, int argc, char **argv) {
    static const struct subcommand table[] = {{"explain", why}, {NULL, NULL}};
    return cli_sub(cli, table, argc, argv);
}
