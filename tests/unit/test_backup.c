// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A home as one sealed stream; api/backup.test.mjs does it on PostgreSQL too.
// backend: sqlite
#include "campus/backup.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "campus/fsio.h"
#include "fixture.h"

struct made {
    struct fixture *fx;
    struct config config;
    uint8_t pk[BACKUP_KEY], sk[BACKUP_KEY];
    char *file, *bytes;
    size_t n;
};

static void run(const char *fmt, const char *dir) {
    char line[1024];
    snprintf(line, sizeof line, fmt, dir, dir);
    assert_int_equal(system(line), 0); // a test's own folder
}

static int start(void **state) {
    static struct made m;
    void *inner;
    if (fixture_open(&inner)) return -1;
    m = (struct made){.fx = inner};
    struct fixture *fx = m.fx;
    *state = &m;
    m.config = (struct config){.home = fx->folder, .storage = fx->storage, .school.id = "school-1"};
    struct record r;
    for (int i = 0; i < 40; i++) {
        char body[200];
        snprintf(body, sizeof body, "{\"name\":\"Wei %d\",\"score\":1}", i);
        fixture_calm(fx);
        OK(fx, fixture_insert(fx, fx->applicants, body, &r));
    }
    crypto_box_keypair(m.pk, m.sk);
    fixture_calm(fx);
    const char *pub = fsio_join(fx->arena, fx->folder, "audit.pub");
    OK(fx, fsio_write(pub, "aa\n", 3, 0600, &fx->problem));
    OK(fx, fsio_mkdirs(fsio_join(fx->arena, fx->folder, "files/ab"), 0700, &fx->problem));
    OK(fx, fsio_write(fsio_join(fx->arena, fx->folder, "files/ab/one"), "hello", 5, 0600,
                      &fx->problem));
    m.file = fsio_join(fx->arena, fx->folder, "one.campusd");
    struct backup_seen seen;
    OK(fx, backup_create(&m.config, m.pk, m.file, NULL, NULL, &seen, &fx->problem));
    OK(fx, fsio_read(fx->arena, m.file, 64 << 20, &m.bytes, &m.n, &fx->problem));
    assert_true(m.n > 64 * 1024);
    return 0;
}

static int end(void **state) {
    struct made *m = *state;
    void *inner = m->fx;
    run("rm -rf %s/files %s/backups", m->fx->folder);
    run("rm -f %s/audit.pub %s/*.campusd", m->fx->folder);
    return fixture_close(&inner);
}

// Opens these bytes as a backup with its key; the folder it went to is removed again.
static enum err opened(struct made *m, const char *bytes, size_t n) {
    struct fixture *fx = m->fx;
    char path[128], dir[128];
    struct backup_seen seen;
    snprintf(path, sizeof path, "%s/try.campusd", fx->folder);
    snprintf(dir, sizeof dir, "%s-out", fx->folder);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
    mkdir(dir, 0700);
    fixture_calm(fx);
    enum err e = backup_extract(path, m->pk, m->sk, dir, NULL, NULL, &seen, &fx->problem);
    run("rm -rf %s", dir);
    return e;
}

static void test_a_backup_gives_back_every_file_and_says_what_it_is(void **state) {
    struct made *m = *state;
    struct fixture *fx = m->fx;
    struct backup_seen seen;
    char *text, dir[128];
    size_t n;
    snprintf(dir, sizeof dir, "%s-out", fx->folder);
    mkdir(dir, 0700);
    OK(fx, backup_extract(m->file, m->pk, m->sk, dir, NULL, NULL, &seen, &fx->problem));
    assert_int_equal(seen.files, 3);
    assert_non_null(strstr(seen.head, "\"school\":\"school-1\""));
    OK(fx, fsio_read(fx->arena, fsio_join(fx->arena, dir, "files/ab/one"), 99, &text, &n,
                     &fx->problem));
    assert_string_equal(text, "hello");
    struct db *db;
    OK(fx,
       db_open(arena_printf(fx->arena, "sqlite:%s/campusd.db", dir), DB_READ, &db, &fx->problem));
    OK(fx, db_quick_check(db, &fx->problem));
    db_close(db);
    run("rm -rf %s", dir);
    assert_null(memmem(m->bytes, m->n, "hello", 5));
    assert_null(memmem(m->bytes, m->n, "CREATE TABLE", 12));
    assert_int_equal(access(backup_snapshot(fx->arena, fx->folder), F_OK), -1);
    assert_int_equal(backup_create(&m->config, m->pk, m->file, NULL, NULL, &seen, &fx->problem),
                     ERR_CONFLICT);
}

static void test_every_thousandth_byte_flipped_is_found(void **state) {
    struct made *m = *state;
    assert_int_equal(opened(m, m->bytes, m->n), ERR_OK); // so that what follows says something
    for (size_t i = 0; i < m->n; i += i < 400 ? 7 : 1000) {
        m->bytes[i] ^= 0x10;
        if (!opened(m, m->bytes, m->n)) fail_msg("byte %zu of %zu flipped and not found", i, m->n);
        m->bytes[i] ^= 0x10;
    }
    m->bytes[m->n - 1] ^= 1;
    assert_int_equal(opened(m, m->bytes, m->n), ERR_CORRUPT);
    m->bytes[m->n - 1] ^= 1;
}

static size_t head_size(const struct made *m) {
    const char *line = memchr(m->bytes, '\n', m->n);
    line = memchr(line + 1, '\n', 400);
    return (size_t)(line + 1 - m->bytes) + BACKUP_KEY + crypto_box_SEALBYTES +
           crypto_secretstream_xchacha20poly1305_HEADERBYTES;
}

static void test_cut_off_anywhere_or_with_more_behind_it_is_found(void **state) {
    struct made *m = *state;
    const size_t chunk = 4 + 64 * 1024 + 17, head = head_size(m);
    for (size_t n = 0; n < m->n; n += n < 400 ? 13 : 4001)
        assert_int_not_equal(opened(m, m->bytes, n), ERR_OK);
    for (size_t n = head; n < m->n; n += chunk) // just where a chunk ends
        assert_int_equal(opened(m, m->bytes, n), ERR_CORRUPT);
    char *more = malloc(m->n + 1);
    memcpy(more, m->bytes, m->n);
    more[m->n] = 0;
    assert_int_equal(opened(m, more, m->n + 1), ERR_CORRUPT);
    free(more);
}

static void test_chunks_that_change_places_or_are_left_out_are_found(void **state) {
    struct made *m = *state;
    const size_t chunk = 4 + 64 * 1024 + 17, head = head_size(m);
    assert_true(m->n > head + 2 * chunk);
    char *other = malloc(m->n);
    memcpy(other, m->bytes, m->n);
    memcpy(other + head, m->bytes + head + chunk, chunk);
    memcpy(other + head + chunk, m->bytes + head, chunk);
    assert_int_equal(opened(m, other, m->n), ERR_CORRUPT);
    memcpy(other + head, m->bytes + head, chunk);
    memcpy(other + head + chunk, m->bytes + head + 2 * chunk, m->n - head - 2 * chunk);
    assert_int_equal(opened(m, other, m->n - chunk), ERR_CORRUPT);
    free(other);
}

static void test_another_key_or_another_head_opens_nothing(void **state) {
    struct made *m = *state;
    uint8_t pk[BACKUP_KEY], sk[BACKUP_KEY];
    memcpy(pk, m->pk, BACKUP_KEY), memcpy(sk, m->sk, BACKUP_KEY);
    crypto_box_keypair(m->pk, m->sk);
    assert_int_equal(opened(m, m->bytes, m->n), ERR_FORBIDDEN);
    memcpy(m->pk, pk, BACKUP_KEY), memcpy(m->sk, sk, BACKUP_KEY);
    char *school = memmem(m->bytes, 200, "school-1", 8);
    school[7] = '2'; // the head lies open, but what follows is bound to it
    assert_int_equal(opened(m, m->bytes, m->n), ERR_CORRUPT);
    school[7] = '1';
}

static bool not_now(void *self, int64_t bytes) {
    (void)self;
    return bytes < 1000;
}

static void test_a_cancelled_backup_leaves_nothing(void **state) {
    struct made *m = *state;
    struct fixture *fx = m->fx;
    struct backup_seen seen;
    char *to = fsio_join(fx->arena, fx->folder, "two.campusd");
    fixture_calm(fx);
    assert_int_equal(backup_create(&m->config, m->pk, to, not_now, NULL, &seen, &fx->problem),
                     ERR_CONFLICT);
    assert_int_equal(access(to, F_OK), -1);
    assert_int_equal(access(arena_printf(fx->arena, "%s.part", to), F_OK), -1);
    assert_int_equal(access(backup_snapshot(fx->arena, fx->folder), F_OK), -1);
}

static void test_backups_are_gone_after_thirty_days(void **state) {
    struct made *m = *state;
    struct fixture *fx = m->fx;
    const char *dir = fsio_join(fx->arena, fx->folder, "backups");
    const char *old = fsio_join(fx->arena, dir, "old.campusd"),
               *other = fsio_join(fx->arena, dir, "old.txt"),
               *young = fsio_join(fx->arena, dir, "young.campusd");
    const char *all[] = {old, other, young};
    const int64_t now = INT64_C(1800000000000);
    OK(fx, fsio_mkdirs(dir, 0700, &fx->problem));
    for (int i = 0; i < 3; i++) {
        OK(fx, fsio_write(all[i], "x", 1, 0600, &fx->problem));
        struct timespec t[2] = {{.tv_sec = 1800000000 - (i == 2 ? 29 : 31) * 86400}};
        t[1] = t[0];
        assert_int_equal(utimensat(AT_FDCWD, all[i], t, 0), 0);
    }
    OK(fx, backup_expire(fx->arena, fx->folder, now, &fx->problem));
    assert_int_equal(access(old, F_OK), -1);
    assert_int_equal(access(other, F_OK), 0);
    assert_int_equal(access(young, F_OK), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_backup_gives_back_every_file_and_says_what_it_is),
        cmocka_unit_test(test_every_thousandth_byte_flipped_is_found),
        cmocka_unit_test(test_cut_off_anywhere_or_with_more_behind_it_is_found),
        cmocka_unit_test(test_chunks_that_change_places_or_are_left_out_are_found),
        cmocka_unit_test(test_another_key_or_another_head_opens_nothing),
        cmocka_unit_test(test_a_cancelled_backup_leaves_nothing),
        cmocka_unit_test(test_backups_are_gone_after_thirty_days),
    };
    return cmocka_run_group_tests(tests, start, end);
}
