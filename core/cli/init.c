// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// init: makes a home: folders, settings, keys with two slots, database, first release,
// administrator. A home is made whole or not at all.
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
#include "campus/password.h"
#include "campus/people.h"
#include "campus/store.h"
#include "campus/text.h"
#include "cli/sample.h"

struct init {
    struct cli *cli;
    const char *sample, *school, *name, *admin, *password_file, *passphrase_file, *credential,
        *storage;
    struct keyring *keyring;
    struct db *db;
    struct release *release;
    struct audit *audit;
    char recovery[KEYRING_RECOVERY], password[PASSWORD_MAX + 1];
    char admin_id[37];
    bool generated;
};

static enum err write_settings(struct init *in) {
    struct cli *cli = in->cli;
    struct buf b, name, storage;
    static const char *const folders[] = {"policies", "plugins", "files", "backups"};
    enum err e = fsio_mkdirs(cli->home, 0700, &cli->problem);
    for (int i = 0; i < 4 && !e; i++)
        e = fsio_mkdirs(fsio_join(cli->arena, cli->home, folders[i]), 0700, &cli->problem);
    if (e) return e;
    buf_init(&b, cli->arena), buf_init(&name, cli->arena), buf_init(&storage, cli->arena);
    json_cstr(&name, in->name); // a quoted YAML text is written like a JSON one
    json_cstr(&storage, in->storage ? in->storage : "sqlite:campusd.db");
    buf_printf(&b,
               "# The settings of this school; campusd check reads them all.\n"
               "listen: 127.0.0.1:8080\n"
               "school: { id: %s, name: %s, timezone: Asia/Shanghai, language: zh-CN }\n"
               "storage: %s\n"
               "plugins: { path: [plugins], budget: { cpu: 100ms, wall: 1s, memory: 64MiB } }\n",
               in->school, buf_str(&name), buf_str(&storage));
    if (in->credential)
        buf_printf(&b, "keys: { unlock: \"credential:%s\" }\n", in->credential);
    else if (in->sample && !in->passphrase_file)
        buf_puts(&b, "keys: { unlock: \"keyfile:keyfile\" }   # the sample only: a key beside its "
                     "database stops no thief\n");
    else
        buf_puts(&b, "keys: { unlock: passphrase }\n");
    buf_puts(&b, "http: { proxies: [] }   # proxies: addresses whose X-Forwarded-For is "
                 "believed, such as [127.0.0.1]\n");
    if (in->sample)
        buf_puts(
            &b,
            "messages: { sms: { driver: file }, mail: { driver: file, from: noreply@example.cn },"
            " wecom: { driver: file } }   # files below messages/\n");
    buf_puts(&b, "log: { level: info, format: json }\n");
    return fsio_write(fsio_join(cli->arena, cli->home, "campusd.yaml"), b.data, b.len, 0600,
                      &cli->problem);
}

static enum err typed_passphrase(struct init *in, char **out, size_t *n) {
    struct cli *cli = in->cli;
    size_t again_n;
    char *one = cli_ask(cli,
                        cli_say(cli, "New passphrase of the vault (10 characters or more)",
                                "设置密钥口令（至少 10 个字符）"),
                        n);
    char *two = one ? cli_ask(cli, cli_say(cli, "Once more", "再输入一次"), &again_n) : NULL;
    bool same = two && *n == again_n && !memcmp(one, two, *n);
    if (two) explicit_bzero(two, again_n);
    *out = one;
    if (!one)
        return problem_set(&cli->problem, ERR_USAGE,
                           "the vault needs a passphrase: type it at a terminal, or give"
                           " --passphrase-file or --credential");
    return same ? ERR_OK : problem_set(&cli->problem, ERR_INVALID, "the two are not the same");
}

static enum err add_slots(struct init *in) {
    struct cli *cli = in->cli;
    struct problem *p = &cli->problem;
    char *secret, made[65];
    size_t n = 0;
    enum keyslot_kind kind = KEYSLOT_PASSPHRASE;
    const char *label = "passphrase";
    enum err e;
    if (in->credential) {
        const char *dir = getenv("CREDENTIALS_DIRECTORY");
        if (!dir)
            return problem_set(
                p, ERR_NOT_FOUND,
                "$CREDENTIALS_DIRECTORY is not set: run under systemd-run or a unit");
        kind = KEYSLOT_CREDENTIAL;
        label = in->credential;
        e = home_secret(cli->arena, fsio_join(cli->arena, dir, in->credential), &secret, &n, p);
    } else if (in->passphrase_file)
        e = home_secret(cli->arena, in->passphrase_file, &secret, &n, p);
    else if (in->sample) {
        uint8_t raw[32];
        randombytes_buf(raw, sizeof raw);
        sodium_bin2hex(made, sizeof made, raw, sizeof raw);
        sodium_memzero(raw, sizeof raw);
        secret = made, n = 64, kind = KEYSLOT_KEYFILE, label = "keyfile";
        e = fsio_write(fsio_join(cli->arena, cli->home, "keyfile"), made, n, 0600, p);
    } else
        e = typed_passphrase(in, &secret, &n);
    if (!e) e = keyring_add_slot(in->keyring, kind, label, secret, n, NULL, p);
    if (n) sodium_memzero(secret, n);
    return e ? e : keyring_add_recovery(in->keyring, in->recovery, NULL, p);
}

// The role an administrator gets: the first that may administer people as well as the system.
static const char *admin_role(const struct access *x) {
    for (int i = 0; i < access_role_count(x); i++) {
        struct actor a = {.id = "", .name = ""};
        access_role_closure(x, i, &a.roles);
        if (access_has_permission(x, &a, "core.admin") &&
            access_has_permission(x, &a, "core.people"))
            return access_role_name(x, i);
    }
    return NULL;
}

static enum err make_admin(struct init *in) {
    struct cli *cli = in->cli;
    struct problem *p = &cli->problem;
    uint8_t pepper[32];
    char hash[PASSWORD_HASH];
    const char *role = admin_role(in->release->access);
    if (!role)
        return problem_set(p, ERR_INVALID,
                           "no role of policies/access.yaml holds core.admin and core.people");
    if (in->password_file) {
        char *text;
        size_t n;
        enum err e = home_secret(cli->arena, in->password_file, &text, &n, p);
        if (!e) e = password_acceptable(in->admin, text, n, p);
        if (e) return e;
        memcpy(in->password, text, n);
        explicit_bzero(text, n);
    } else
        password_generate(in->password), in->generated = true;
    enum err e = keyring_derive(in->keyring, "pepper", pepper);
    if (!e) e = password_hash(pepper, in->password, strlen(in->password), hash);
    sodium_memzero(pepper, sizeof pepper);
    if (e) return problem_set(p, e, "the password cannot be hashed");
    struct person_new admin = {.name = in->admin,
                               .display = in->admin,
                               .roles = &role,
                               .nroles = 1,
                               .password_hash = hash,
                               .must_change = in->generated};
    return people_add(in->db, in->release->access, &admin, "os:init", clock_now_ms(), in->admin_id,
                      p);
}

static enum err write_audit_key(struct init *in) {
    uint8_t key[32];
    char hex[66];
    enum err e = audit_public_key(in->keyring, key);
    if (e) return problem_set(&in->cli->problem, e, NULL);
    sodium_bin2hex(hex, sizeof hex, key, 32);
    strcat(hex, "\n");
    return fsio_write(home_audit_key(in->cli->arena, in->cli->home), hex, 65, 0644,
                      &in->cli->problem);
}

static void note(struct init *in, const char *action, const char *object, int64_t now) {
    struct audit_row row = {.at = now,
                            .actor = "os:init",
                            .client = "",
                            .action = action,
                            .object = object,
                            .outcome = "ok",
                            .release = in->release->number};
    audit_add(in->audit, &row);
}

static enum err fill_database(struct init *in) {
    struct cli *cli = in->cli;
    struct problem *p = &cli->problem;
    int64_t now = clock_now_ms();
    enum err e = db_open(cli->config.storage, DB_WRITE, &in->db, p);
    if (!e && db_has_table(in->db, "core_meta")) // its keys must never be written over
        e = problem_set(p, ERR_CONFLICT, "there is a home in this database already");
    if (!e) e = store_migrate(in->db, in->release->schema, home_ddl(cli->arena), p);
    if (!e)
        e = audit_open(in->db, in->keyring, cli->config.node,
                       home_checkpoints(cli->arena, cli->home), &in->audit, p);
    if (!e) e = db_begin(in->db, p);
    if (e) return e;
    e = home_keyring_store(in->db, in->keyring, p);
    if (!e) e = release_store(in->db, in->release, "os:init", now, p);
    if (!e && in->admin) e = make_admin(in);
    if (!e) {
        note(in, "home.init", arena_printf(cli->arena, "school/%s", in->school), now);
        note(in, "release.activate",
             arena_printf(cli->arena, "release/%lld", (long long)in->release->number), now);
        if (in->admin)
            note(in, "user.add", arena_printf(cli->arena, "core.people/%s", in->admin_id), now);
        e = audit_flush(in->audit, p);
    }
    if (!e) e = db_commit(in->db, p);
    if (e) {
        db_rollback(in->db);
        audit_failed(in->audit);
        return e;
    }
    audit_committed(in->audit, now);
    return write_audit_key(in);
}

// Everything after the settings are there.
static enum err fill(struct init *in) {
    struct cli *cli = in->cli;
    enum err e = cli_config(cli);
    if (!e) e = keyring_create(cli->config.school.id, &in->keyring, &cli->problem);
    if (!e) e = add_slots(in);
    if (!e)
        cli_note(cli, "%s",
                 cli_say(cli, "checking plugins and policies …", "正在检查插件与制度……"));
    if (!e) e = cli_release(cli, &in->release);
    if (!e) e = fill_database(in);
    audit_close(in->audit);
    db_close(in->db);
    keyring_free(in->keyring);
    release_put(in->release);
    return e;
}

static enum err make(struct init *in) {
    enum err e = write_settings(in);
    return e ? e : fill(in);
}

enum err cli_fill_home(struct cli *cli) {
    struct init in = {.cli = cli, .sample = ""};
    enum err e = cli_config(cli);
    in.school = e ? NULL : cli->config.school.id;
    return e ? e : fill(&in);
}

// The sample's names and passwords lie in a file of its own: it is there to be tried.
static bool fill_sample(struct init *in) {
    struct cli *cli = in->cli;
    struct buf b;
    buf_init(&b, cli->arena);
    buf_printf(&b, "%s %s\n", in->admin, in->password);
    if (!sample_load(cli, in->sample, &b)) return false;
    const char *file = fsio_join(cli->arena, cli->home, "first-sign-in");
    return !fsio_write(file, b.data, b.len, 0600, &cli->problem) || (cli_fail(cli), false);
}

static void report(struct init *in) {
    struct cli *cli = in->cli;
    struct buf b;
    buf_init(&b, cli->arena);
    buf_putc(&b, '{');
    json_kv_str(&b, "home", cli->home);
    json_kv_str(&b, "admin", in->admin);
    if (in->generated) json_kv_str(&b, "password", in->password);
    json_kv_str(&b, "recovery", in->recovery);
    buf_putc(&b, '}');
    if (cli->json) {
        puts(buf_str(&b));
        return;
    }
    printf(cli_say(cli, "home made:          %s\nadministrator:      %s\n",
                   "数据目录：%s\n管理员：  %s\n"),
           cli->home, in->admin);
    if (in->generated)
        printf(cli_say(cli, "one-time password:  %s\n", "一次性密码：%s\n"), in->password);
    printf(cli_say(cli,
                   "recovery code:      %s\n                    print it and keep it away from "
                   "this machine; it is not shown again\n",
                   "恢复码：  %s\n          请打印并离机保管，以后不再显示\n"),
           in->recovery);
    printf(cli_say(cli, "next:               campusd --home %s serve\n",
                   "下一步：  campusd --home %s serve\n"),
           cli->home);
}

int cmd_init(struct cli *cli, int argc, char **argv) {
    struct init in = {.cli = cli};
    in.sample = cli_option(&argc, argv, "--sample");
    in.school = cli_option(&argc, argv, "--school");
    in.name = cli_option(&argc, argv, "--name");
    in.admin = cli_option(&argc, argv, "--admin");
    in.password_file = cli_option(&argc, argv, "--password-file");
    in.passphrase_file = cli_option(&argc, argv, "--passphrase-file");
    in.credential = cli_option(&argc, argv, "--credential");
    in.storage = cli_option(&argc, argv, "--storage");
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    if (in.sample && strcmp(in.sample, "school") && strcmp(in.sample, "first-day")) {
        fprintf(stderr, "usage: the samples are school and first-day\n");
        return 2;
    }
    if (!in.admin) in.admin = "admin";
    if (!in.school) in.school = "school-1";
    if (!in.name) in.name = in.sample ? "清河职业学校" : in.school;
    for (const char *s = in.school; *s; s++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", *s) || strlen(in.school) > 48) {
            fprintf(stderr, "usage: a school's id is made of a-z, 0-9 and -, 48 at most\n");
            return 2;
        }
    if (cli_new_home(cli)) return cli_fail(cli);
    umask(077);
    bool was_there = !access(cli->home, F_OK);
    bool ok = !make(&in) || (cli_fail(cli), false);
    if (ok && in.sample) ok = fill_sample(&in);
    if (!ok) {
        cli_empty_folder(cli->home);
        if (!was_there) rmdir(cli->home);
        return cli->problem.code == ERR_USAGE ? 2 : 1;
    }
    report(&in);
    sodium_memzero(in.password, sizeof in.password);
    sodium_memzero(in.recovery, sizeof in.recovery);
    return 0;
}
