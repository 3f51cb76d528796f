// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What every command uses: its arguments, its complaints, the home.
#include "cli/cli.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include "campus/fsio.h"
#include "campus/text.h"

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *f) {
    (void)st, (void)kind;
    return f->level ? remove(path) : 0;
}

void cli_empty_folder(const char *path) {
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

enum err cli_new_home(struct cli *cli) {
    const char **names;
    struct problem *p = &cli->problem;
    enum err e = fsio_list(cli->arena, cli->home, &names, p);
    if (!e && *names)
        e = problem_set(p, ERR_CONFLICT, "%s is not empty (it holds %s): choose another folder",
                        cli->home, *names);
    return e;
}

static void take(int *argc, char **argv, int i, int n) {
    memmove(argv + i, argv + i + n, sizeof *argv * (size_t)(*argc - i - n));
    *argc -= n;
}

const char *cli_option(int *argc, char **argv, const char *name) {
    size_t n = strlen(name);
    for (int i = 0; i < *argc && strcmp(argv[i], "--"); i++) {
        const char *value = NULL;
        if (!strcmp(argv[i], name) && i + 1 < *argc)
            value = argv[i + 1], take(argc, argv, i, 2);
        else if (!strncmp(argv[i], name, n) && argv[i][n] == '=')
            value = argv[i] + n + 1, take(argc, argv, i, 1);
        if (value) return value;
    }
    return NULL;
}

bool cli_flag(int *argc, char **argv, const char *name) {
    for (int i = 0; i < *argc && strcmp(argv[i], "--"); i++)
        if (!strcmp(argv[i], name)) return take(argc, argv, i, 1), true;
    return false;
}

bool cli_words(struct cli *cli, int argc, char **argv, int min, int max) {
    (void)cli;
    int words = 0;
    bool plain = false;
    for (int i = 0; i < argc; i++) {
        if (!plain && !strcmp(argv[i], "--")) {
            take(&argc, argv, i--, 1);
            plain = true;
        } else if (!plain && !strncmp(argv[i], "--", 2)) {
            fprintf(stderr, "usage: unknown option, or one without its value: %s\n", argv[i]);
            return false;
        } else
            words++;
    }
    if (words < min)
        fprintf(stderr, "usage: something is missing\n");
    else if (words > max)
        fprintf(stderr, "usage: too much: %s\n", argv[max]);
    return words >= min && words <= max;
}

int cli_usage(struct cli *cli) {
    for (const char *s = cli->command->usage; *s;) {
        int n = (int)strcspn(s, "\n");
        fprintf(stderr, "usage: %s%.*s\n", *s == ' ' ? "        " : "campusd ", n, s);
        s += s[n] ? n + 1 : n;
    }
    return 2;
}

int cli_sub(struct cli *cli, const struct subcommand *table, int argc, char **argv) {
    const char *words[32];
    size_t n = 0;
    for (const struct subcommand *t = table; argc && t->word; t++) {
        if (!strcmp(t->word, argv[0])) return t->run(cli, argc - 1, argv + 1);
        words[n++] = t->word;
    }
    const char *near = argc ? text_nearest(argv[0], words, n) : NULL;
    if (near) fprintf(stderr, "usage: there is no %s; did you mean %s?\n", argv[0], near);
    return cli_usage(cli);
}

const char *cli_escape(struct cli *cli, const char *s) {
    struct buf b;
    buf_init(&b, cli->arena);
    for (; *s; s++) {
        if ((*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
            strchr("-._~", *s))
            buf_putc(&b, *s);
        else
            buf_printf(&b, "%%%02X", (unsigned char)*s);
    }
    return buf_str(&b);
}

const char *cli_say(const struct cli *cli, const char *en, const char *zh) {
    return cli->zh ? zh : en;
}

int cli_fail(struct cli *cli) {
    struct buf b;
    buf_init(&b, cli->arena);
    if (cli->json)
        problem_json(&cli->problem, cli->zh ? LANG_ZH : LANG_EN, NULL, &b), buf_putc(&b, '\n');
    else
        problem_text(&cli->problem, &b);
    fputs(buf_str(&b), stderr);
    return cli->problem.code == ERR_USAGE ? 2 : 1;
}

void cli_note(const struct cli *cli, const char *fmt, ...) {
    va_list ap;
    if (cli->json) return;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

void cli_progress(const struct cli *cli, const char *what, int64_t done, int64_t total) {
    if (cli->json || !isatty(STDERR_FILENO)) return;
    if (done < 0)
        fputs("\r\033[K", stderr);
    else if (total > 0)
        fprintf(stderr, "\r\033[K%s %lld / %lld (%d %%)", what, (long long)done, (long long)total,
                (int)(done * 100 / total));
    else
        fprintf(stderr, "\r\033[K%s %lld", what, (long long)done);
    fflush(stderr);
}

enum err cli_config(struct cli *cli) {
    if (cli->config.home) return ERR_OK;
    const char *path = fsio_join(cli->arena, cli->home, "campusd.yaml");
    if (access(path, F_OK))
        return problem_set(&cli->problem, ERR_NOT_FOUND, "%s is not a home; campusd init makes one",
                           cli->home);
    return config_load(cli->arena, cli->home, &cli->config, &cli->problem);
}

enum err cli_open_read(struct cli *cli, struct db **out) {
    enum err e = cli_config(cli);
    return e ? e : db_open(cli->config.storage, DB_READ, out, &cli->problem);
}

enum err cli_release(struct cli *cli, struct release **out) {
    enum err e = cli_config(cli);
    return e ? e : release_build(&cli->config, 1, out, &cli->problem);
}

char *cli_ask(struct cli *cli, const char *prompt, size_t *n) {
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    struct termios was, quiet;
    if (fd < 0 || tcgetattr(fd, &was)) {
        if (fd >= 0) close(fd);
        return NULL;
    }
    enum { TYPED_MAX = 1024 };
    char *out = arena_alloc(cli->arena, TYPED_MAX);
    quiet = was;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(fd, TCSAFLUSH, &quiet);
    dprintf(fd, "%s: ", prompt);
    ssize_t got = read(fd, out, TYPED_MAX - 1);
    tcsetattr(fd, TCSAFLUSH, &was);
    dprintf(fd, "\n");
    close(fd);
    while (got > 0 && (out[got - 1] == '\n' || out[got - 1] == '\r')) got--;
    out[got > 0 ? got : 0] = 0;
    *n = got > 0 ? (size_t)got : 0;
    return *n ? out : NULL;
}

char *cli_passphrase(struct cli *cli, size_t *n) {
    *n = 0;
    if (strcmp(cli->config.unlock, "passphrase") || getenv("CAMPUSD_PASSPHRASE_FILE")) return NULL;
    return cli_ask(cli, cli_say(cli, "Passphrase of the vault", "密钥口令"), n);
}
