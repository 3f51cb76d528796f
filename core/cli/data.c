// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// import and export: whole files in and out through the HTTP interface; and the jobs they become.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "cli/cli.h"

// "admissions.applicants" as a path; NULL after saying what is wrong.
static const char *entity_path(struct cli *cli, const char *name) {
    const char *dot = strchr(name, '.');
    if (dot && dot[1] && !strchr(name, '/'))
        return arena_printf(cli->arena, "/api/v1/%.*s/%s", (int)(dot - name), name, dot + 1);
    problem_set(&cli->problem, ERR_USAGE, "%s: write PLUGIN.ENTITY, such as admissions.applicants",
                name);
    return NULL;
}

static const char *type_of(const char *file) {
    const char *dot = strrchr(file, '.');
    return dot && !strcmp(dot, ".xlsx")
               ? "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
               : "text/csv";
}

// Rows that were not taken, one a line; the rest of the result as it is.
static int import_report(struct cli *cli, const json_t *job) {
    const json_t *result = json_object_get(job, "result");
    size_t i, k;
    json_t *row, *one;
    json_array_foreach(json_object_get(result, "report"), i, row)
        json_array_foreach(json_object_get(row, "errors"), k, one) {
        const char *at = json_string_value(json_object_get(one, "pointer"));
        const char *zh = cli->zh ? json_string_value(json_object_get(one, "detail_zh")) : NULL;
        const char *text = zh ? zh : json_string_value(json_object_get(one, "detail"));
        const char *word = json_string_value(json_object_get(one, "code"));
        fprintf(stderr, "%lld: %s: %s: %s\n",
                (long long)json_integer_value(json_object_get(row, "line")), at ? at : "",
                word ? word : "", text ? text : "");
    }
    long long failed = json_integer_value(json_object_get(result, "failed"));
    bool dry = json_is_true(json_object_get(result, "dry_run"));
    printf(dry ? cli_say(cli, "%lld rows read, %lld would be refused\n",
                         "共 %lld 行，%lld 行将被拒绝\n")
               : cli_say(cli, "%lld rows read, %lld refused\n", "共 %lld 行，%lld 行被拒绝\n"),
           (long long)json_integer_value(json_object_get(result, "rows")), failed);
    return failed > 0;
}

int cmd_import(struct cli *cli, int argc, char **argv) {
    bool dry = cli_flag(&argc, argv, "--dry-run");
    if (!cli_words(cli, argc, argv, 2, 2)) return cli_usage(cli);
    const char *path = entity_path(cli, argv[0]);
    if (!path) return cli_fail(cli);
    struct call c = {.method = "POST", .type = type_of(argv[1])};
    c.path = arena_printf(cli->arena, "%s/import%s", path, dry ? "?dry_run=true" : "");
    c.body_fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (c.body_fd < 0) {
        problem_set(&cli->problem, ERR_NOT_FOUND, "%s: %s", argv[1], strerror(errno));
        return cli_fail(cli);
    }
    int code = cli_request(cli, &c, NULL);
    close(c.body_fd);
    if (code || !json_object_get(c.json, "result")) return code;
    if (cli->json)
        return json_integer_value(json_object_get(json_object_get(c.json, "result"), "failed")) > 0;
    return import_report(cli, c.json);
}

int cmd_export(struct cli *cli, int argc, char **argv) {
    const char *where = cli_option(&argc, argv, "--where"),
               *purpose = cli_option(&argc, argv, "--purpose");
    if (!cli_words(cli, argc, argv, 2, 2)) return cli_usage(cli);
    const char *path = entity_path(cli, argv[0]);
    if (!path) return cli_fail(cli);
    struct call c = {.method = "GET"};
    c.path = arena_printf(cli->arena, "%s/export?format=%s%s%s%s%s", path,
                          strstr(type_of(argv[1]), "csv") ? "csv" : "xlsx", where ? "&" : "",
                          where ? where : "", purpose ? "&purpose=" : "",
                          purpose ? cli_escape(cli, purpose) : "");
    const char *part = arena_printf(cli->arena, "%s.part", argv[1]);
    c.save_fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (c.save_fd < 0) {
        problem_set(&cli->problem, ERR_IO, "%s: %s", part, strerror(errno));
        return cli_fail(cli);
    }
    int code = cli_request(cli, &c, "");
    bool kept = !code && !fsync(c.save_fd);
    kept = !close(c.save_fd) && kept && !rename(part, argv[1]);
    if (!kept) unlink(part);
    if (!code && !kept) {
        problem_set(&cli->problem, ERR_IO, "%s: cannot write", argv[1]);
        return cli_fail(cli);
    }
    return code;
}

static int list(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    return cli_get(cli, "id,kind,state,done,total,failed,by,at,ended_at", "/api/v1/jobs");
}

static int show(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    return cli_get(cli, NULL, "/api/v1/jobs/%s", cli_escape(cli, argv[0]));
}

static int cancel(struct cli *cli, int argc, char **argv) {
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    struct call c = {.method = "DELETE",
                     .path = arena_printf(cli->arena, "/api/v1/jobs/%s", cli_escape(cli, argv[0]))};
    return cli_request(cli, &c, "");
}

int cmd_jobs(struct cli *cli, int argc, char **argv) {
    static const struct subcommand table[] = {
        {"list", list}, {"show", show}, {"cancel", cancel}, {NULL, NULL}};
    return cli_sub(cli, table, argc, argv);
}
