// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// backup: a key pair whose secret half leaves the machine, backups sealed to it, their check, and a
// new home out of one.
#include "campus/backup.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "campus/audit.h"
#include "campus/clock.h"
#include "campus/fsio.h"
#include "campus/home.h"
#include "cli/cli.h"

static const char *public_path(struct cli *cli) {
    return fsio_join(cli->arena, cli->home, "backup.pub");
}

static enum err write_hex(struct cli *cli, const char *path, const uint8_t *key, mode_t mode) {
    char hex[2 * BACKUP_KEY + 2];
    sodium_bin2hex(hex, sizeof hex, key, BACKUP_KEY);
    strcat(hex, "\n");
    enum err e = fsio_write(path, hex, strlen(hex), mode, &cli->problem);
    sodium_memzero(hex, sizeof hex);
    return e;
}

static bool progress(void *self, int64_t bytes) {
    static int64_t last;
    if (bytes - last < 1 << 20 && bytes >= last) return true;
    last = bytes;
    cli_progress(self, "MiB", bytes >> 20, 0);
    return true;
}

static void report(struct cli *cli, const char *file, const struct backup_seen *seen) {
    struct buf b;
    cli_progress(cli, "", -1, 0);
    buf_init(&b, cli->arena);
    buf_putc(&b, '{');
    json_kv_str(&b, "file", file);
    json_kv_int(&b, "files", seen->files);
    json_kv_int(&b, "bytes", seen->bytes);
    json_key(&b, "backup"), buf_puts(&b, seen->head);
    buf_putc(&b, '}');
    cli_show_text(cli, &b, NULL);
}

static int key(struct cli *cli, int argc, char **argv) {
    uint8_t pk[BACKUP_KEY], sk[BACKUP_KEY];
    bool again = cli_flag(&argc, argv, "--replace");
    if (!cli_words(cli, argc, argv, 1, 1)) return cli_usage(cli);
    if (cli_config(cli)) return cli_fail(cli);
    const char *taken = !access(argv[0], F_OK)                      ? argv[0]
                        : !again && !access(public_path(cli), F_OK) ? public_path(cli)
                                                                    : NULL;
    if (taken) {
        problem_set(&cli->problem, ERR_CONFLICT, "%s is there already", taken);
        return cli_fail(cli);
    }
    crypto_box_keypair(pk, sk);
    enum err e = write_hex(cli, argv[0], sk, 0400);
    sodium_memzero(sk, sizeof sk);
    if (!e) e = write_hex(cli, public_path(cli), pk, 0600);
    if (e) return cli_fail(cli);
    cli_note(cli,
             cli_say(cli,
                     "move %s away from this machine and keep a copy: without it no backup opens",
                     "请将 %s 移出本机并另存一份：没有它，任何备份都无法打开"),
             argv[0]);
    return 0;
}

static int create(struct cli *cli, int argc, char **argv) {
    uint8_t pk[BACKUP_KEY];
    struct backup_seen seen;
    if (!cli_words(cli, argc, argv, 0, 1)) return cli_usage(cli);
    if (cli_config(cli)) return cli_fail(cli);
    const char *to = argc ? argv[0] : backup_name(cli->arena, cli->home, clock_now_ms());
    if (backup_public_key(cli->arena, cli->home, pk, &cli->problem) ||
        backup_create(&cli->config, pk, to, progress, cli, &seen, &cli->problem)) {
        cli_progress(cli, "", -1, 0);
        return cli_fail(cli);
    }
    report(cli, to, &seen);
    return 0;
}

static enum err extract(struct cli *cli, const char *file, const char *key_file, const char *into,
                        struct backup_seen *seen) {
    uint8_t pk[BACKUP_KEY], sk[BACKUP_KEY];
    enum err e = home_key(cli->arena, key_file, sk, &cli->problem);
    if (e) return e;
    crypto_scalarmult_base(pk, sk);
    e = backup_extract(file, pk, sk, into, progress, cli, seen, &cli->problem);
    sodium_memzero(sk, sizeof sk);
    return e;
}

// What came out is a home whose database and audit are in order.
static enum err check_home(struct cli *cli, const char *dir) {
    struct problem *p = &cli->problem;
    struct db *db;
    uint8_t pk[BACKUP_KEY];
    int64_t rows;
    enum err e = home_key(cli->arena, home_audit_key(cli->arena, dir), pk, p);
    if (!e) e = db_open(arena_printf(cli->arena, "sqlite:%s/campusd.db", dir), DB_READ, &db, p);
    if (e) return e;
    e = db_quick_check(db, p);
    if (!e) e = audit_verify(db, pk, home_checkpoints(cli->arena, dir), &rows, NULL, NULL, p);
    db_close(db);
    return e;
}

static int verify(struct cli *cli, int argc, char **argv) {
    const char *key_file = cli_option(&argc, argv, "--key"), *tmp = getenv("TMPDIR");
    struct backup_seen seen;
    if (!cli_words(cli, argc, argv, 1, 1) || !key_file) return cli_usage(cli);
    char *dir = arena_printf(cli->arena, "%s/campusd-verify-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(dir)) {
        problem_set(&cli->problem, ERR_IO, "%s cannot be made", dir);
        return cli_fail(cli);
    }
    enum err e = extract(cli, argv[0], key_file, dir, &seen);
    if (!e) e = check_home(cli, dir);
    cli_empty_folder(dir);
    rmdir(dir);
    if (!e) report(cli, argv[0], &seen);
    return e ? cli_fail(cli) : 0;
}

// The newest list of erasures takes the place of the one that is as old as the backup.
static enum err take_erasures(struct cli *cli, const char *file) {
    char *text;
    size_t n;
    enum err e = fsio_read(cli->arena, file, 64 << 20, &text, &n, &cli->problem);
    return e ? e
             : fsio_write(fsio_join(cli->arena, cli->home, "erasures"), text, n, 0600,
                          &cli->problem);
}

static int restore(struct cli *cli, int argc, char **argv) {
    const char *key_file = cli_option(&argc, argv, "--key"),
               *erasures = cli_option(&argc, argv, "--erasures");
    struct backup_seen seen;
    if (!cli_words(cli, argc, argv, 1, 1) || !key_file) return cli_usage(cli);
    bool was_there = !access(cli->home, F_OK);
    umask(077);
    if (cli_new_home(cli) || fsio_mkdirs(cli->home, 0700, &cli->problem)) return cli_fail(cli);
    static const char *const folders[] = {"policies", "plugins", "files", "backups"};
    enum err e = extract(cli, argv[0], key_file, cli->home, &seen);
    if (!e) e = check_home(cli, cli->home);
    if (!e && erasures) e = take_erasures(cli, erasures);
    // never the database that the backup was made of: migrate moves it on from here
    if (!e) e = home_set_storage(cli->arena, cli->home, "sqlite:campusd.db", &cli->problem);
    for (int i = 0; i < 4 && !e; i++)
        e = fsio_mkdirs(fsio_join(cli->arena, cli->home, folders[i]), 0700, &cli->problem);
    if (e) {
        cli_empty_folder(cli->home);
        if (!was_there) rmdir(cli->home);
        return cli_fail(cli);
    }
    report(cli, cli->home, &seen);
    if (cli_config(cli)) return cli_fail(cli);
    if (!erasures)
        cli_note(
            cli, "%s",
            cli_say(cli,
                    "who was erased after this backup comes back with it: add --erasures with"
                    " the newest HOME/erasures there is",
                    "备份之后删除的个人信息会随之恢复：请用 --erasures 指定最新的 HOME/erasures"));
    if (!strncmp(cli->config.unlock, "keyfile:", 8))
        cli_note(
            cli, "%s",
            cli_say(
                cli,
                "a keyfile is never in a backup: copy it here, or unlock with the recovery code",
                "备份不含密钥文件：请另行复制，或用恢复码解锁"));
    return 0;
}

int cmd_backup(struct cli *cli, int argc, char **argv) {
    static const struct subcommand table[] = {{"key", key},         {"keygen", key},
                                              {"create", create},   {"verify", verify},
                                              {"restore", restore}, {NULL, NULL}};
    return cli_sub(cli, table, argc, argv);
}
