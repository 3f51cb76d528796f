// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The fuzz targets over their corpus: what was once found stays found, in every run of the tests.
#include "fixture.h"
#include "campus/fsio.h"
#define LLVMFuzzerTestOneInput fuzz_yaml
#include "../fuzz/fuzz_yaml.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_json
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
#include "../fuzz/fuzz_json.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_wire
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
#include "../fuzz/fuzz_wire.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_csv
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
#include "../fuzz/fuzz_csv.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_query
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
#include "../fuzz/fuzz_query.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_access
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
#include "../fuzz/fuzz_access.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_blob
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
#include "../fuzz/fuzz_blob.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_xlsx
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
#include "../fuzz/fuzz_xlsx.c"
#undef LLVMFuzzerTestOneInput

static void replay(const char *target, int (*run)(const uint8_t *, size_t)) {
    struct arena *a = arena_new(64 << 20);
    struct problem p;
    const char **names;
    problem_init(&p, a);
    const char *dir = arena_printf(a, "tests/fuzz/corpus/%s", target);
    assert_int_equal(fsio_list(a, dir, &names, &p), ERR_OK);
    int n = 0;
    for (; names[n]; n++) {
        char *data;
        size_t size;
        assert_int_equal(fsio_read(a, fsio_join(a, dir, names[n]), 1 << 20, &data, &size, &p),
                         ERR_OK);
        run((const uint8_t *)data, size);
    }
    assert_true(n >= 2);
    arena_free(a);
}

static void test_the_yaml_corpus_breaks_nothing(void **state) {
    (void)state;
    replay("yaml", fuzz_yaml);
}

static void test_the_json_corpus_breaks_nothing(void **state) {
    (void)state;
    replay("json", fuzz_json);
}

static void test_the_wire_corpus_breaks_nothing(void **state) {
    (void)state;
    replay("wire", fuzz_wire);
}

static void test_the_csv_corpus_breaks_nothing(void **state) {
    (void)state;
    replay("csv", fuzz_csv);
}

static void test_the_query_corpus_breaks_nothing(void **state) {
    (void)state;
    replay("query", fuzz_query);
}

static void test_the_access_corpus_breaks_nothing(void **state) {
    (void)state;
    replay("access", fuzz_access);
}

static void test_the_blob_corpus_breaks_nothing(void **state) {
    (void)state;
    replay("blob", fuzz_blob);
}

static void test_the_xlsx_corpus_breaks_nothing(void **state) {
    (void)state;
    replay("xlsx", fuzz_xlsx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_yaml_corpus_breaks_nothing),
        cmocka_unit_test(test_the_json_corpus_breaks_nothing),
        cmocka_unit_test(test_the_wire_corpus_breaks_nothing),
        cmocka_unit_test(test_the_csv_corpus_breaks_nothing),
        cmocka_unit_test(test_the_query_corpus_breaks_nothing),
        cmocka_unit_test(test_the_access_corpus_breaks_nothing),
        cmocka_unit_test(test_the_blob_corpus_breaks_nothing),
        cmocka_unit_test(test_the_xlsx_corpus_breaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
