// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#include <sys/stat.h>
#include <unistd.h>
#include "campus/config.h"
#include "campus/fsio.h"
#include "campus/id.h"
#include "check.h"

static char home[64];

static const char *load(const char *yaml, struct config *c) {
    strcpy(home, "/tmp/campusd-config-XXXXXX");
    assert_non_null(mkdtemp(home));
    struct problem p;
    problem_init(&p, arena);
    const char *path = fsio_join(arena, home, "campusd.yaml");
    if (yaml) assert_ok(fsio_write(path, yaml, strlen(yaml), 0600, &problem));
    enum err e = config_load(arena, home, c, &p);
    struct buf b;
    buf_init(&b, arena);
    if (e) problem_text(&p, &b);
    unlink(path);
    rmdir(home);
    return buf_str(&b);
}

static void test_an_empty_file_takes_every_default(void **state) {
    (void)state;
    struct config c;
    assert_string_equal(load("# nothing\n", &c), "");
    assert_string_equal(c.listen_host, "127.0.0.1");
    assert_int_equal(c.listen_port, 8080);
    assert_string_equal(c.school.timezone, "Asia/Shanghai");
    assert_int_equal(c.school.language, LANG_ZH);
    assert_string_equal(c.storage, arena_printf(arena, "sqlite:%s/campusd.db", home));
    assert_string_equal(c.plugin_path[0], arena_printf(arena, "%s/plugins", home));
    assert_null(c.plugin_path[1]);
    assert_null(c.plugin_enabled);
    assert_int_equal(c.budget.memory, 64 << 20);
    assert_string_equal(c.unlock, "passphrase");
    assert_int_equal(c.http_threads, 1);
    assert_string_equal(c.node, "n1");
    assert_null(c.http_proxies[0]);
    assert_true(c.log.json);
}

static void test_what_the_file_says_is_taken(void **state) {
    (void)state;
    struct config c;
    assert_string_equal(
        load("listen: '[::1]:0'\n"
             "school: { id: s-2, name: 清河, timezone: America/New_York, language: en }\n"
             "storage: postgresql:///x\n"
             "plugins: { path: [a, /b], enabled: [p, q], budget: { cpu: 50ms, wall: 2s, memory: "
             "32MiB } }\n"
             "keys: { unlock: keyfile:k }\nlog: { level: warn, format: text }\n"
             "http: { threads: 4, proxies: [127.0.0.1, '0:0::1'] }\nwebhooks: { allow: [10.0.0.1] "
             "}\n",
             &c),
        "");
    assert_string_equal(c.listen_host, "[::1]");
    assert_int_equal(c.listen_port, 0);
    assert_int_equal(c.school.language, LANG_EN);
    assert_string_equal(c.storage, "postgresql:///x");
    assert_string_equal(c.plugin_path[0], arena_printf(arena, "%s/a", home));
    assert_string_equal(c.plugin_path[1], "/b");
    assert_string_equal(c.plugin_enabled[1], "q");
    assert_int_equal(c.budget.cpu_ms, 50);
    assert_int_equal(c.budget.wall_ms, 2000);
    assert_int_equal(c.budget.memory, 32 << 20);
    assert_int_equal(c.log.level, LOG_WARN);
    assert_false(c.log.json);
    assert_int_equal(c.http_threads, 4);
    assert_string_equal(c.http_proxies[0], "127.0.0.1");
    assert_string_equal(c.http_proxies[1], "::1");
    assert_null(c.http_proxies[2]);
    assert_string_equal(c.webhook.allow[0], "10.0.0.1");
}

static void test_wrong_settings_are_told_at_their_line(void **state) {
    (void)state;
    struct config c;
    static const struct {
        const char *yaml, *want;
    } bad[] = {{"lisen: x\n", "campusd.yaml:1:1: unknown_key"},
               {"school: { timezone: Mars/Base }\n", "campusd.yaml:1:21: timezone"},
               {"a: 1\nlisten: 8080\n", "campusd.yaml:2:9: listen"},
               {"listen: 127.0.0.1:99999\n", "campusd.yaml:1:9: listen"},
               {"listen: 127.0.0.1:80x\n", "campusd.yaml:1:9: listen"},
               {"plugins: { budget: { cpu: 100 } }\n", "campusd.yaml:1:27: unit"},
               {"http: { threads: 99 }\n", "campusd.yaml:1:18: out_of_range"},
               {"http: { threads: many }\n", "campusd.yaml:1:18: out_of_range"},
               {"http: { proxies: 127.0.0.1 }\n", "campusd.yaml:1:18: list_expected"},
               {"http: { proxies: [127.0.0.1, nginx] }\n", "campusd.yaml:1:18: address"},
               {"http: { proxies: [10.0.0.0/8] }\n", "campusd.yaml:1:18: address"},
               {"log: { level: loud }\n", "campusd.yaml:1:15: level"},
               {"log: { format: xml }\n", "campusd.yaml:1:16: format"},
               {"keys: { unlock: luck }\n", "campusd.yaml:1:17: unlock"},
               {"school: { language: fr }\n", "campusd.yaml:1:21: language"},
               {"school: [1]\n", "campusd.yaml:1:9: map_expected"},
               {"plugins: { enabled: sometimes }\n", "campusd.yaml:1:21: enabled"},
               {"plugins: { path: here }\n", "campusd.yaml:1:18: list_expected"},
               {"- a\n", "campusd.yaml:1:1: map_expected"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *got = load(bad[i].yaml, &c);
        if (!strstr(got, bad[i].want))
            fail_msg("%swants %s\ngot %s", bad[i].yaml, bad[i].want, got);
    }
    assert_non_null(strstr(load(NULL, &c), "not_found"));
}

static void test_files_are_written_whole_and_read_up_to_their_limit(void **state) {
    (void)state;
    char dir[] = "/tmp/campusd-fsio-XXXXXX";
    assert_non_null(mkdtemp(dir));
    const char *deep = arena_printf(arena, "%s/a/b/c", dir), *file = fsio_join(arena, deep, "f");
    assert_ok(fsio_mkdirs(deep, 0700, &problem));
    assert_ok(fsio_mkdirs(deep, 0700, &problem));
    assert_ok(fsio_write(file, "one", 3, 0600, &problem));
    assert_ok(fsio_write(file, "second", 6, 0600, &problem));
    struct stat st;
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    char *text;
    size_t n;
    assert_ok(fsio_read(arena, file, 6, &text, &n, &problem));
    assert_string_equal(text, "second");
    assert_err(fsio_read(arena, file, 5, &text, &n, &problem), ERR_TOO_LARGE);
    assert_err(fsio_read(arena, deep, 5, &text, &n, &problem), ERR_IO);
    assert_err(fsio_read(arena, "/nonexistent/x", 5, &text, &n, &problem), ERR_NOT_FOUND);
    assert_ok(fsio_write(fsio_join(arena, deep, "a"), "", 0, 0600, &problem));
    assert_ok(fsio_write(fsio_join(arena, deep, ".hidden"), "", 0, 0600, &problem));
    const char **names;
    assert_ok(fsio_list(arena, deep, &names, &problem));
    assert_string_equal(names[0], "a");
    assert_string_equal(names[1], "f");
    assert_null(names[2]);
    assert_ok(fsio_list(arena, "/nonexistent", &names, &problem));
    assert_null(names[0]);
    assert_int_equal(system(arena_printf(arena, "rm -r %s", dir)), 0);
}

static void test_ids_are_uuid_7_and_only_grow(void **state) {
    (void)state;
    char last[ID_LEN + 1] = "", id[ID_LEN + 1];
    for (int i = 0; i < 100000; i++) {
        id_new(id);
        assert_true(strcmp(id, last) > 0);
        memcpy(last, id, sizeof id);
    }
    assert_int_equal(strlen(id), ID_LEN);
    assert_int_equal(strspn(id, "0123456789abcdef-"), ID_LEN);
    assert_int_equal(id[14], '7');
    assert_non_null(strchr("89ab", id[19]));
}

static void test_a_node_has_a_name_and_at_a_server_more_threads(void **state) {
    (void)state;
    struct config c;
    assert_string_equal(load("node: n2\nstorage: postgresql:///x\n", &c), "");
    assert_int_equal(c.http_threads, 4); // each waits for the server's answers
    assert_string_equal(c.node, "n2");
    assert_non_null(strstr(load("node: N-2\n", &c), "campusd.yaml:1:7: node: "));
    assert_non_null(strstr(load("node: a234567890123\n", &c), "at most 12"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_an_empty_file_takes_every_default),
        TEST(test_what_the_file_says_is_taken),
        TEST(test_a_node_has_a_name_and_at_a_server_more_threads),
        TEST(test_wrong_settings_are_told_at_their_line),
        TEST(test_files_are_written_whole_and_read_up_to_their_limit),
        TEST(test_ids_are_uuid_7_and_only_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
