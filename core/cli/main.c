// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// campusd: finds the command and runs it. Started with --child it is a child of the core instead.
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "campus/host.h"
#include "campus/text.h"
#include "cli/cli.h"

#ifndef CAMPUSD_VERSION
#define CAMPUSD_VERSION "0.1"
#endif
static const struct command commands[] = {
#define X(name, word, usage, example, en, zh) {word, cmd_##name, usage, example, en, zh},
#include "commands.def"
#undef X
};
enum { COMMANDS = sizeof commands / sizeof *commands, CHILD_SOCKET = 3 };

static bool is_chinese(void) {
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (int i = 0; i < 3; i++) {
        const char *v = getenv(names[i]);
        if (v && *v) return !strncmp(v, "zh", 2);
    }
    return false;
}

static int child(int argc, char **argv) {
    char role[256] = "";
    for (int i = 2; i < argc; i++)
        snprintf(role + strlen(role), sizeof role - strlen(role), "%s%s", i > 2 ? " " : "",
                 argv[i]);
    return child_main(CHILD_SOCKET, role);
}

static void overview(const struct cli *cli, FILE *to) {
    fprintf(to, "%s\n\n",
            cli_say(cli, "usage: campusd [--home DIR] [--json] COMMAND …",
                    "用法：campusd [--home 目录] [--json] 命令 …"));
    for (int i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-10s %s\n", commands[i].word, cli_say(cli, commands[i].en, commands[i].zh));
    fprintf(to, "\n%s\n",
            cli_say(cli, "campusd COMMAND --help tells more.", "campusd 命令 --help 查看用法。"));
}

static const struct command *find(const char *word) {
    for (int i = 0; i < COMMANDS; i++)
        if (!strcmp(commands[i].word, word)) return &commands[i];
    return NULL;
}

static void help(const struct cli *cli, const struct command *c) {
    printf("%s · %s\n\n", c->en, c->zh);
    for (const char *s = c->usage; *s;) {
        int n = (int)strcspn(s, "\n");
        printf("  %s%.*s\n", *s == ' ' ? "        " : "campusd ", n, s);
        s += s[n] ? n + 1 : n;
    }
    printf("\n%s campusd %s\n", cli_say(cli, "for example:", "例如："), c->example);
}

static const char *home_of(struct cli *cli, const char *given) {
    char cwd[PATH_MAX];
    const char *env = getenv("CAMPUSD_HOME");
    const char *home = given ? given : env && *env ? env : "home";
    if (*home == '/' || !getcwd(cwd, sizeof cwd)) return arena_strdup(cli->arena, home);
    return arena_printf(cli->arena, "%s/%s", cwd, !strncmp(home, "./", 2) ? home + 2 : home);
}

static int run(struct cli *cli, int argc, char **argv) {
    const char *home = NULL;
    for (const char *h; (h = cli_option(&argc, argv, "--home"));) home = h; // the last one counts
    cli->json = cli_flag(&argc, argv, "--json");
    cli->home = home_of(cli, home);
    bool wants_help = cli_flag(&argc, argv, "--help");
    if (cli_flag(&argc, argv, "--version")) return printf("campusd %s\n", CAMPUSD_VERSION), 0;
    if (argc && !strcmp(argv[0], "help")) wants_help = true, argc--, argv++;
    if (!argc) return overview(cli, wants_help ? stdout : stderr), wants_help ? 0 : 2;
    cli->command = find(argv[0]);
    if (!cli->command) {
        const char *words[COMMANDS];
        for (int i = 0; i < COMMANDS; i++) words[i] = commands[i].word;
        const char *near = text_nearest(argv[0], words, COMMANDS);
        fprintf(stderr, "usage: there is no command %s%s%s\n", argv[0],
                near ? "; did you mean " : "", near ? near : "; campusd --help lists them");
        return 2;
    }
    if (wants_help) return help(cli, cli->command), 0;
    return cli->command->run(cli, argc - 1, argv + 1);
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "--child")) return child(argc, argv);
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    struct cli cli = {.arena = arena_new((size_t)1 << 30), .zh = is_chinese()};
    if (!cli.arena) return 1;
    problem_init(&cli.problem, cli.arena);
    int code = keyring_harden(&cli.problem) ? cli_fail(&cli) : run(&cli, argc - 1, argv + 1);
    cli_hang_up(&cli);
    arena_free(cli.arena);
    if (fflush(stdout) && !code) code = 1;
    return code;
}
