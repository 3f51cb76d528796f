// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Arguments of commands, and the home that they share with the service.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "campus/fsio.h"
#include "campus/home.h"
#include "campus/store.h"
#include "cli/cli.h"

static struct arena *arena;
static struct problem problem;
static char home[] = "/tmp/test-cli-XXXXXX";

static void test_an_option_is_found_in_both_forms_and_removed(void **state) {
    (void)state;
    char *argv[] = {"list", "--home", "/a", "x", "--name=b", "--name"};
    int argc = 6;
    assert_string_equal(cli_option(&argc, argv, "--home"), "/a");
    assert_string_equal(cli_option(&argc, argv, "--name"), "b");
    assert_int_equal(argc, 3);
    assert_string_equal(argv[1], "x");
    assert_null(cli_option(&argc, argv, "--name")); // no value is left for it
}

static void test_nothing_after_two_dashes_is_an_option(void **state) {
    (void)state;
    struct cli cli = {.arena = arena};
    char *argv[] = {"--", "--json"};
    int argc = 2;
    assert_false(cli_flag(&argc, argv, "--json"));
    assert_true(cli_words(&cli, argc, argv, 1, 1));
}

static void test_an_unknown_option_is_wrong_usage(void **state) {
    (void)state;
    struct cli cli = {.arena = arena};
    char *argv[] = {"--jsn"};
    assert_false(cli_words(&cli, 1, argv, 0, 5));
}

static void test_a_path_segment_is_escaped_byte_by_byte(void **state) {
    (void)state;
    struct cli cli = {.arena = arena};
    assert_string_equal(cli_escape(&cli, "a/b?王"), "a%2Fb%3F%E7%8E%8B");
}

static void test_a_home_has_one_owner_at_a_time(void **state) {
    (void)state;
    int fd, other;
    assert_int_equal(home_lock(home, &fd, &problem), ERR_OK);
    pid_t pid = fork();
    if (!pid)
        _exit(home_lock(home, &other, &problem) == ERR_CONFLICT &&
                      strstr(problem.detail, "process ")
                  ? 0
                  : 1);
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    close(fd);
    assert_int_equal(home_lock(home, &fd, &problem), ERR_OK);
    close(fd);
}

static void
test_a_stored_keyring_opens_with_its_passphrase_and_its_recovery_code_only(void **state) {
    (void)state;
    struct db *db;
    struct keyring *k;
    char code[KEYRING_RECOVERY];
    struct config c = {.home = home, .unlock = "passphrase"};
    assert_int_equal(db_open(arena_printf(arena, "sqlite:%s/k.db", home), DB_WRITE, &db, &problem),
                     ERR_OK);
    assert_int_equal(store_migrate(db, NULL, home_ddl(arena), &problem), ERR_OK);
    assert_int_equal(home_keyring_load(db, &k, &problem), ERR_NOT_FOUND);
    problem_init(&problem, arena);
    assert_int_equal(keyring_create("s", &k, &problem), ERR_OK);
    assert_int_equal(
        keyring_add_slot(k, KEYSLOT_PASSPHRASE, "p", "correct horse", 13, NULL, &problem), ERR_OK);
    assert_int_equal(keyring_add_recovery(k, code, NULL, &problem), ERR_OK);
    assert_int_equal(home_keyring_store(db, k, &problem), ERR_OK);
    keyring_free(k);
    assert_int_equal(home_keyring_load(db, &k, &problem), ERR_OK);
    unsetenv("CAMPUSD_PASSPHRASE_FILE");
    assert_int_equal(home_unlock(k, &c, NULL, 0, &problem), ERR_LOCKED);
    problem_init(&problem, arena);
    assert_int_equal(home_unlock(k, &c, "wrong horse", 11, &problem), ERR_FORBIDDEN);
    assert_false(keyring_is_unlocked(k));
    problem_init(&problem, arena);
    assert_int_equal(home_unlock(k, &c, "correct horse", 13, &problem), ERR_OK);
    assert_true(keyring_is_unlocked(k));
    keyring_lock(k);
    assert_int_equal(home_unlock(k, &c, code, strlen(code), &problem), ERR_OK);
    keyring_lock(k);
    const char *file = fsio_join(arena, home, "pass");
    assert_int_equal(fsio_write(file, "correct horse\n", 14, 0600, &problem), ERR_OK);
    setenv("CAMPUSD_PASSPHRASE_FILE", file, 1);
    assert_int_equal(home_unlock(k, &c, NULL, 0, &problem), ERR_OK);
    keyring_free(k);
    db_close(db);
}

static int set_up(void **state) {
    (void)state;
    arena = arena_new(16 << 20);
    problem_init(&problem, arena);
    return mkdtemp(home) && !keyring_harden(&problem) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    static const char *const files[] = {"lock", "pass", "k.db", "k.db-wal", "k.db-shm"};
    for (int i = 0; i < 5; i++) unlink(fsio_join(arena, home, files[i]));
    arena_free(arena);
    return rmdir(home);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_option_is_found_in_both_forms_and_removed),
        cmocka_unit_test(test_nothing_after_two_dashes_is_an_option),
        cmocka_unit_test(test_an_unknown_option_is_wrong_usage),
        cmocka_unit_test(test_a_path_segment_is_escaped_byte_by_byte),
        cmocka_unit_test(test_a_home_has_one_owner_at_a_time),
        cmocka_unit_test(
            test_a_stored_keyring_opens_with_its_passphrase_and_its_recovery_code_only),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
