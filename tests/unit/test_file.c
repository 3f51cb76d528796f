// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Files: sealed as they come in, whole or found to be damaged, typed by content, kept under the key
// of whom they concern, gone with it.
#include "fixture.h"
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include "campus/file.h"

static const char PLUGIN[] =
    "{\"name\":\"papers\",\"version\":\"1\",\"title\":{\"zh\":\"材料\",\"en\":\"Papers\"},"
    "\"entities\":[{\"name\":\"people\",\"subject\":\"self\",\"file\":\"a.lua\",\"line\":9,"
    "\"fields\":["
    "{\"name\":\"name\",\"type\":\"text\"},"
    "{\"name\":\"photo\",\"type\":\"file\",\"max_bytes\":70000,\"types\":[\"png\",\"jpeg\"]},"
    "{\"name\":\"papers\",\"type\":\"file\",\"many\":true,\"class\":\"secret\"},"
    "{\"name\":\"lines\",\"type\":\"list\",\"fields\":[{\"name\":\"paper\",\"type\":\"file\"}]}]}]"
    "}";

static const char PNG[] = "\x89PNG\r\n\x1a\n and then whatever 隐私";

struct files {
    struct fixture *fx;
    const struct entity *people;
    char folder[96];
};

static int open_files(void **state) {
    struct files *f = calloc(1, sizeof *f);
    enum err e;
    fixture_open(state);
    f->fx = *state;
    *state = f;
    struct schema *s = fixture_schema(f->fx->arena, PLUGIN, &f->fx->problem, &e);
    OK(f->fx, e);
    f->people = schema_entity(s, "papers", "people");
    OK(f->fx, store_migrate(f->fx->db, s, NULL, &f->fx->problem));
    snprintf(f->folder, sizeof f->folder, "%s/files", f->fx->folder);
    mkdir(f->folder, 0700);
    return 0;
}

static int close_files(void **state) {
    struct files *f = *state;
    char rm[160];
    snprintf(rm, sizeof rm, "rm -rf %s", f->folder);
    assert_int_equal(system(rm), 0);
    *state = f->fx;
    free(f);
    return fixture_close(state);
}

static enum err make(struct files *f, const void *p, size_t n, size_t piece, const char *declared,
                     struct file_made *made) {
    struct file_writer *w = file_writer_open(f->fx->arena, f->folder);
    for (size_t at = 0; at < n; at += piece)
        OK(f->fx, file_write(w, (const char *)p + at, n - at < piece ? n - at : piece));
    return file_write_end(w, declared, made, &f->fx->problem);
}

// As an upload is kept: bytes first, then the row.
static void keep(struct files *f, const struct file_made *made, const char *name) {
    struct fixture *fx = f->fx;
    if (db_holds_files(fx->db)) {
        char *bytes = arena_alloc(fx->arena, FILE_PART);
        off_t at = 0;
        ssize_t n;
        for (int64_t i = 0; (n = pread(made->fd, bytes, FILE_PART, at)) > 0; at += n)
            OK(fx, file_put_part(fx->db, made->id, i++, bytes, (size_t)n, &fx->problem));
    } else
        OK(fx, file_put(f->folder, made, &fx->problem));
    OK(fx, file_add(&fx->store, made, name, "p-1", NOW_MS, NOW_MS + 1000));
}

static const char *upload(struct files *f, const char *text) {
    struct file_made *made = arena_alloc(f->fx->arena, sizeof *made);
    OK(f->fx, make(f, text, strlen(text), 1000, "", made));
    keep(f, made, "成绩单.png");
    return made->id;
}

static enum err read_all(struct files *f, const char *id, char **out, size_t *n) {
    struct fixture *fx = f->fx;
    struct file_row row;
    struct file_reader *r;
    uint8_t key[FILE_KEY];
    int fd;
    enum err e = file_find(&fx->store, id, &row);
    if (!e) e = file_unwrap(&fx->store, &row, key, NULL);
    if (!e) e = file_open(fx->db, f->folder, &row, &fd, &fx->problem);
    if (!e) e = file_reader_open(fx->arena, fd, key, &r);
    *out = e ? NULL : arena_alloc(fx->arena, (size_t)row.size + 1);
    *n = 0;
    for (ssize_t k = 1; !e && k > 0; *n += k > 0 ? (size_t)k : 0)
        if ((k = file_read(r, *out + *n, (size_t)row.size + 1 - *n)) < 0) e = ERR_CORRUPT;
    return e;
}

static enum err insert(struct files *f, const char *body, struct record *r) {
    return fixture_insert(f->fx, f->people, body, r);
}

static void test_what_was_written_in_pieces_is_read_whole_at_every_edge(void **state) {
    struct files *f = *state;
    static const size_t sizes[] = {
        1,      17, FILE_CHUNK - 1, FILE_CHUNK, FILE_CHUNK + 1, 2 * FILE_CHUNK, 3 * FILE_CHUNK + 5,
        1200000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t piece = 997; piece < 200000; piece *= 70) {
            struct file_made made;
            char *text = arena_alloc(f->fx->arena, sizes[i]), *got;
            size_t n;
            for (size_t k = 0; k < sizes[i]; k++) text[k] = (char)('a' + k % 23);
            OK(f->fx, make(f, text, sizes[i], piece, "txt", &made));
            assert_int_equal(made.size, sizes[i]);
            assert_string_equal(made.type, "txt");
            keep(f, &made, "a.txt");
            OK(f->fx, read_all(f, made.id, &got, &n));
            assert_int_equal(n, sizes[i]);
            assert_memory_equal(got, text, n);
        }
}

static void test_the_content_tells_the_type_and_a_false_name_is_refused(void **state) {
    struct files *f = *state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *declared, *type;
    } cases[] = {
        {"%PDF-1.7\n", 9, "pdf", "pdf"},
        {"%PDF-1.7\n", 9, "png", NULL},
        {"%PDF-1.7\n", 9, "", "pdf"},
        {"\xff\xd8\xff\xe0 JFIF", 9, "jpeg", "jpeg"},
        {"RIFF\1\2\3\4WEBPVP8 ", 16, "webp", "webp"},
        {"RIFF\1\2\3\4AVI VP8 ", 16, "", NULL},
        {"MZ\x90\0\3", 5, "", NULL},
        {"\x7f"
         "ELF",
         4, "txt", NULL},
        {"a,b\r\n1,2\r\n", 10, "csv", "csv"},
        {"a,b\r\n1,2\r\n", 10, "pdf", NULL},
        {"<?xml version='1.0'?><a/>", 25, "xml", "xml"},
        {"\xef\xbb\xbf<?xml version='1.0'?><a/>", 28, "", "xml"},
        {"\xd0\xd5\xc3\xfb,\xc4\xea\xc1\xe4\n", 10, "csv", "csv"}, // GB18030
        {"a\0b", 3, "txt", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct file_made made;
        fixture_calm(f->fx);
        enum err e = make(f, cases[i].bytes, cases[i].n, 3, cases[i].declared, &made);
        if (!cases[i].type)
            assert_int_equal(e, ERR_UNSUPPORTED);
        else {
            OK(f->fx, e);
            assert_string_equal(made.type, cases[i].type);
        }
    }
    struct file_made made;
    fixture_calm(f->fx);
    assert_int_equal(make(f, "", 0, 1, "", &made), ERR_INVALID);
}

// A central directory entry and the local head before it, as archives have them.
static size_t entry(char *to, const char *name, uint32_t packed, uint32_t unpacked) {
    size_t n = strlen(name);
    memset(to, 0, 30 + 46 + 2 * n + 40);
    memcpy(to, "PK\3\4", 4), to[26] = (char)n, memcpy(to + 30, name, n);
    char *c = to + 30 + n;
    memcpy(c, "PK\1\2", 4), c[28] = (char)n, memcpy(c + 46, name, n);
    for (int i = 0; i < 4; i++)
        c[20 + i] = (char)(packed >> (8 * i)), c[24 + i] = (char)(unpacked >> (8 * i));
    return 30 + 46 + 2 * n + 40;
}

static void test_an_archive_is_told_by_its_parts_and_a_bomb_is_refused(void **state) {
    struct files *f = *state;
    static const struct {
        const char *part, *type;
        uint32_t packed, unpacked;
    } cases[] = {{"xl/workbook.xml", "xlsx", 500, 2000},
                 {"word/document.xml", "docx", 500, 2000},
                 {"OFD.xml", "ofd", 500, 2000},
                 {"photo.jpg", "zip", 500, 2000},
                 {"xl/workbook.xml", NULL, 20000, 2100000},
                 {"zeroes", NULL, 1000, 200 << 20}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char zip[300];
        struct file_made made;
        fixture_calm(f->fx);
        size_t n = entry(zip, cases[i].part, cases[i].packed, cases[i].unpacked);
        enum err e = make(f, zip, n, 50, "", &made);
        assert_int_equal(e, cases[i].type ? ERR_OK : ERR_UNSUPPORTED);
        if (!e) assert_string_equal(made.type, cases[i].type);
    }
}

static void test_a_changed_byte_anywhere_is_found_before_anything_is_read(void **state) {
    struct files *f = *state;
    if (fixture_is_postgres()) skip(); // the bytes are in the database: see the front door
    struct file_made made;
    char *text = arena_alloc(f->fx->arena, FILE_CHUNK + 1000), *got, path[400];
    size_t n;
    memset(text, 'x', FILE_CHUNK + 1000);
    OK(f->fx, make(f, text, FILE_CHUNK + 1000, 5000, "", &made));
    keep(f, &made, "x.txt");
    snprintf(path, sizeof path, "%s/%s/%s", f->folder, made.id + 34, made.id);
    for (uint64_t at = 0; at < made.sealed_size; at += at < 60 ? 1 : 6977) {
        int fd = open(path, O_RDWR);
        char was, is;
        assert_int_equal(pread(fd, &was, 1, (off_t)at), 1);
        is = (char)(was ^ 1);
        assert_int_equal(pwrite(fd, &is, 1, (off_t)at), 1);
        fixture_calm(f->fx);
        assert_int_equal(read_all(f, made.id, &got, &n), ERR_CORRUPT);
        assert_int_equal(pwrite(fd, &was, 1, (off_t)at), 1);
        close(fd);
    }
    fixture_calm(f->fx);
    OK(f->fx, read_all(f, made.id, &got, &n));
    assert_int_equal(truncate(path, (off_t)made.sealed_size - 1), 0);
    assert_int_equal(read_all(f, made.id, &got, &n), ERR_CORRUPT);
    unlink(path);
    fixture_calm(f->fx);
    assert_int_equal(read_all(f, made.id, &got, &n), ERR_CORRUPT);
}

// The hash would find it too: here the stream's own tags must, as a reader sees them.
static void test_chunks_that_are_cut_or_swapped_do_not_open(void **state) {
    struct files *f = *state;
    enum { SEALED = FILE_CHUNK + 17 };
    struct file_made made;
    size_t size = 3 * FILE_CHUNK, n = 24 + 3 * SEALED;
    char *text = arena_alloc(f->fx->arena, size), *sealed = arena_alloc(f->fx->arena, n),
         *out = arena_alloc(f->fx->arena, size);
    for (size_t i = 0; i < size; i++) text[i] = (char)('a' + i / FILE_CHUNK);
    OK(f->fx, make(f, text, size, FILE_CHUNK, "", &made));
    assert_int_equal(pread(made.fd, sealed, n, 0), n);
    for (int what = 0; what < 3; what++) {
        struct file_reader *r;
        int fd = open(f->folder, O_TMPFILE | O_RDWR, 0600);
        ssize_t k, got = 0;
        assert_int_equal(write(fd, sealed, 24), 24);
        for (int i = 0; i < 3 - (what == 1); i++)
            assert_int_equal(
                write(fd, sealed + 24 + (what == 2 ? (i + 1) % 3 : i) * SEALED, SEALED), SEALED);
        lseek(fd, 0, SEEK_SET);
        OK(f->fx, file_reader_open(f->fx->arena, fd, made.key, &r));
        while ((k = file_read(r, out, size)) > 0) got += k;
        assert_int_equal(k, what ? -1 : 0);
        assert_int_equal(got, what == 0 ? 3 * FILE_CHUNK : what == 1 ? 2 * FILE_CHUNK : 0);
    }
}

static void test_an_upload_becomes_the_records_under_its_subjects_key(void **state) {
    struct files *f = *state;
    struct fixture *fx = f->fx;
    struct record r;
    struct file_row row;
    uint8_t key[FILE_KEY];
    const char *name, *id = upload(f, PNG);
    char *got;
    size_t n;
    OK(fx, file_find(&fx->store, id, &row));
    assert_string_equal(row.owner, "p-1");
    assert_string_equal(row.entity, "");
    OK(fx, insert(f, arena_printf(fx->arena, "{\"name\":\"王\",\"photo\":\"%s\"}", id), &r));
    OK(fx, file_find(&fx->store, id, &row));
    assert_string_equal(row.owner, r.id);
    assert_string_equal(row.record, r.id);
    assert_string_equal(row.field, "photo");
    assert_int_equal(row.expires_at, 0);
    OK(fx, file_unwrap(&fx->store, &row, key, &name));
    assert_string_equal(name, "成绩单.png");
    OK(fx, read_all(f, id, &got, &n));
    assert_int_equal(n, strlen(PNG));
    assert_memory_equal(got, PNG, n);
    // the uploader's key opens it no more
    row.owner = "p-1";
    assert_int_not_equal(file_unwrap(&fx->store, &row, key, NULL), ERR_OK);
    assert_true(file_is_in(fx->arena, entity_field(f->people, "photo"),
                           &r.values[entity_field(f->people, "photo")->index], id));
}

static void test_a_field_takes_only_what_it_may_of_whom_it_may(void **state) {
    struct files *f = *state;
    struct fixture *fx = f->fx;
    struct record r, other;
    const char *id = upload(f, PNG), *pdf = upload(f, "%PDF-1.7\n"), *theirs = upload(f, PNG);
    char *big = arena_alloc(fx->arena, 80000);
    memset(big, 'x', 79999);
    memcpy(big, PNG, 8);
    const char *large = upload(f, big);
    OK(fx, insert(f, arena_printf(fx->arena, "{\"photo\":\"%s\"}", id), &other));
    OK(fx, db_run(fx->db, &fx->problem, NULL, "UPDATE core_file SET created_by=$1 WHERE id=$2",
                  "tt", "p-2", theirs));
    const struct {
        const char *id, *word;
    } cases[] = {{"0190f3a0-0000-7000-8000-000000000000", "file_unknown"},
                 {"../../etc/passwd", "file_unknown"},
                 {theirs, "file_unknown"},
                 {id, "file_unknown"}, // it is another record's
                 {pdf, "file_type"},
                 {large, "file_too_large"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_calm(fx);
        assert_int_equal(insert(f, arena_printf(fx->arena, "{\"photo\":\"%s\"}", cases[i].id), &r),
                         ERR_INVALID);
        assert_string_equal(fixture_word(fx), cases[i].word);
        assert_string_equal(fx->problem.first->pointer, "/photo");
    }
    fixture_calm(fx); // several, each refused where it stands
    assert_int_equal(insert(f,
                            arena_printf(fx->arena,
                                         "{\"papers\":[\"%s\",\"x\"],\"lines\":[{\"paper\":null},"
                                         "{\"paper\":\"y\"}]}",
                                         pdf),
                            &r),
                     ERR_INVALID);
    assert_int_equal(fx->problem.count, 2);
    assert_string_equal(fx->problem.first->pointer, "/papers/1");
    assert_string_equal(fx->problem.first->next->pointer, "/lines/1/paper");
    fixture_calm(fx); // too late
    OK(fx, db_run(fx->db, &fx->problem, NULL, "UPDATE core_file SET expires_at=$1", "i", NOW_MS));
    assert_int_equal(insert(f, arena_printf(fx->arena, "{\"papers\":[\"%s\"]}", pdf), &r),
                     ERR_INVALID);
}

static void
test_erasing_a_person_leaves_nothing_that_opens_and_the_sweep_takes_the_rest(void **state) {
    struct files *f = *state;
    struct fixture *fx = f->fx;
    struct record r, other;
    struct file_row row;
    uint8_t key[FILE_KEY];
    char *got;
    size_t n;
    const char *id = upload(f, PNG), *kept = upload(f, PNG);
    OK(fx, insert(f, arena_printf(fx->arena, "{\"papers\":[\"%s\"]}", id), &r));
    OK(fx, insert(f, arena_printf(fx->arena, "{\"papers\":[\"%s\"]}", kept), &other));
    OK(fx, file_erase(&fx->store, r.id, NOW_MS));
    OK(fx, file_find(&fx->store, id, &row));
    assert_null(row.key);
    assert_null(row.name);
    assert_int_equal(file_unwrap(&fx->store, &row, key, NULL), ERR_NOT_FOUND);
    assert_int_equal(row.expires_at, NOW_MS);
    OK(fx, read_all(f, kept, &got, &n));
    file_remove(f->folder, id);
    OK(fx, file_forget(fx->db, id, &fx->problem));
    assert_int_equal(file_find(&fx->store, id, &row), ERR_NOT_FOUND);
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM core_file"), 1);
}

static void see_bad(void *self, const char *id) {
    (void)id;
    ++*(int *)self;
}

static void test_all_are_verified_without_a_key(void **state) {
    struct files *f = *state;
    struct fixture *fx = f->fx;
    int64_t files, bytes;
    int bad = 0;
    const char *id = upload(f, PNG);
    upload(f, "%PDF-1.7\n");
    keyring_lock(fx->keyring);
    OK(fx, file_verify_all(fx->db, f->folder, &files, &bytes, see_bad, &bad, &fx->problem));
    assert_int_equal(files, 2);
    assert_int_equal(bad, 0);
    assert_int_equal(bytes, 2 * (24 + 17) + (int64_t)strlen(PNG) + 9);
    file_remove(f->folder, id);
    OK(fx, db_run(fx->db, &fx->problem, NULL, "DELETE FROM core_file_part WHERE file=$1", "t", id));
    OK(fx, file_verify_all(fx->db, f->folder, &files, &bytes, see_bad, &bad, &fx->problem));
    assert_int_equal(bad, 1);
}

static void test_a_name_that_leads_out_of_the_folder_is_nobody(void **state) {
    struct files *f = *state;
    if (fixture_is_postgres()) skip();
    struct fixture *fx = f->fx;
    struct file_made made;
    struct file_row row;
    char path[600];
    int fd;
    OK(fx, make(f, PNG, strlen(PNG), 100, "", &made));
    keep(f, &made, "a.png");
    OK(fx, file_find(&fx->store, made.id, &row));
    // the shelf is now a way out
    snprintf(path, sizeof path, "mv %s/%s %s/elsewhere && ln -s %s/elsewhere %s/%s", f->folder,
             made.id + 34, f->fx->folder, f->fx->folder, f->folder, made.id + 34);
    assert_int_equal(system(path), 0);
    assert_int_equal(file_open(fx->db, f->folder, &row, &fd, &fx->problem), ERR_CORRUPT);
    snprintf(path, sizeof path, "rm -r %s/elsewhere", f->fx->folder);
    assert_int_equal(system(path), 0);
}

static void test_what_a_declaration_may_not_say(void **state) {
    struct files *f = *state;
    static const char *const wrong[][2] = {
        {"\"max_bytes\":0", "max_bytes_invalid"},
        {"\"max_bytes\":99999999", "max_bytes_invalid"},
        {"\"types\":[\"exe\"]", "file_type_unknown"},
    };
    for (int i = 0; i < 3; i++) {
        enum err e;
        fixture_calm(f->fx);
        fixture_schema(f->fx->arena,
                       arena_printf(f->fx->arena,
                                    "{\"name\":\"p\",\"version\":\"1\",\"entities\":[{\"name\":"
                                    "\"e\",\"fields\":[{\"name\":\"a\",\"type\":\"file\",%s}]}]}",
                                    wrong[i][0]),
                       &f->fx->problem, &e);
        assert_int_equal(e, ERR_INVALID);
        assert_string_equal(fixture_word(f->fx), wrong[i][1]);
    }
}

#define CASE(t) cmocka_unit_test_setup_teardown(t, open_files, close_files)
int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_what_was_written_in_pieces_is_read_whole_at_every_edge),
        CASE(test_the_content_tells_the_type_and_a_false_name_is_refused),
        CASE(test_an_archive_is_told_by_its_parts_and_a_bomb_is_refused),
        CASE(test_a_changed_byte_anywhere_is_found_before_anything_is_read),
        CASE(test_chunks_that_are_cut_or_swapped_do_not_open),
        CASE(test_an_upload_becomes_the_records_under_its_subjects_key),
        CASE(test_a_field_takes_only_what_it_may_of_whom_it_may),
        CASE(test_erasing_a_person_leaves_nothing_that_opens_and_the_sweep_takes_the_rest),
        CASE(test_all_are_verified_without_a_key),
        CASE(test_a_name_that_leads_out_of_the_folder_is_nobody),
        CASE(test_what_a_declaration_may_not_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
