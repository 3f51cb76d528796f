// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The HTTP layer: what the gate refuses, what answers carry, limits at their edges.
#include "http_fixture.h"

// ---- the gate ----

static void test_the_gate_refuses_what_two_parsers_could_read_differently(void **state) {
    (void)state;
#define CASE(what, bytes)                                                                          \
    { what, bytes, sizeof bytes - 1 }
    static const struct {
        const char *what, *bytes;
        size_t n;
    } cases[] = {
        CASE("two lengths",
             "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
        CASE("two other lengths",
             "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy"),
        CASE("a list of lengths", "POST / HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\nx"),
        CASE("a signed length", "POST / HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\nx"),
        CASE("a hexadecimal length", "POST / HTTP/1.1\r\n" H "Content-Length: 0x1\r\n\r\nx"),
        CASE("an empty length", "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\nx"),
        CASE("length and coding",
             "POST / HTTP/1.1\r\n" H
             "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        CASE("coding and length",
             "POST / HTTP/1.1\r\n" H
             "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
        CASE("two codings",
             "POST / HTTP/1.1\r\n" H
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        CASE("gzip", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        CASE("identity", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n"),
        CASE("chunked with a tail",
             "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked \r\n\r\n0\r\n\r\n"),
        CASE("xchunked", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        CASE("coding in 1.0",
             "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        CASE("space before colon", "GET / HTTP/1.1\r\n" H "X-A : b\r\n\r\n"),
        CASE("tab before colon", "GET / HTTP/1.1\r\n" H "X-A\t: b\r\n\r\n"),
        CASE("space before the coding's colon",
             "POST / HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
        CASE("no host", "GET / HTTP/1.1\r\nX: a\r\n\r\n"),
        CASE("no field", "GET / HTTP/1.1\r\n\r\n"),
        CASE("two hosts", "GET / HTTP/1.1\r\n" H H "\r\n"),
        CASE("an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
        CASE("a path as host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        CASE("NUL in a value", "GET / HTTP/1.1\r\n" H "X-A: b\0c\r\nX-B: c\r\n\r\n"),
        CASE("NUL in the last value", "GET / HTTP/1.1\r\n" H "X-A: b\0c\r\n\r\n"),
        CASE("NUL in a name", "GET / HTTP/1.1\r\n" H "X-\0A: b\r\n\r\n"),
        CASE("NUL as a line", "GET / HTTP/1.1\r\n" H "\0X-A: b\r\n\r\n"),
        CASE("NUL in the target", "GET /a\0b HTTP/1.1\r\n" H "\r\n"),
        CASE("bell in a value", "GET / HTTP/1.1\r\n" H "X-A: b\ac\r\n\r\n"),
        CASE("DEL in a value", "GET / HTTP/1.1\r\n" H "X-A: b\x7f\r\n\r\n"),
        CASE("CR in a value", "GET / HTTP/1.1\r\n" H "X-A: b\rX-B: c\r\n\r\n"),
        CASE("a folded line", "GET / HTTP/1.1\r\n" H "X-A: b\r\n c\r\n\r\n"),
        CASE("a folded last line", "GET / HTTP/1.1\r\n" H "X-A: b\r\n\tc\r\nX-B: d\r\n\r\n"),
        CASE("a bare LF in the request line", "GET / HTTP/1.1\n" H "\r\n"),
        CASE("a bare LF after a field", "GET / HTTP/1.1\r\nHost: a\nX-A: b\r\n\r\n"),
        CASE("a bare LF at the end", "GET / HTTP/1.1\r\n" H "\n"),
        CASE("no colon", "GET / HTTP/1.1\r\n" H "nonsense\r\n\r\n"),
        CASE("an empty name", "GET / HTTP/1.1\r\n" H ": b\r\n\r\n"),
        CASE("a space at the start", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        CASE("a bracket in a name", "GET / HTTP/1.1\r\n" H "X(A): b\r\n\r\n"),
        CASE("two spaces", "GET  / HTTP/1.1\r\n" H "\r\n"),
        CASE("a space in the target", "GET /a b HTTP/1.1\r\n" H "\r\n"),
        CASE("a tab in the target", "GET /a\tb HTTP/1.1\r\n" H "\r\n"),
        CASE("a fragment", "GET /a#b HTTP/1.1\r\n" H "\r\n"),
        CASE("a whole URL", "GET http://a/ HTTP/1.1\r\n" H "\r\n"),
        CASE("no slash", "GET a HTTP/1.1\r\n" H "\r\n"),
        CASE("an asterisk", "OPTIONS * HTTP/1.1\r\n" H "\r\n"),
        CASE("a tunnel", "CONNECT a:80 HTTP/1.1\r\n" H "\r\n"),
        CASE("a method with a bracket", "G(T / HTTP/1.1\r\n" H "\r\n"),
        CASE("an escaped slash", "GET /a%2Fb HTTP/1.1\r\n" H "\r\n"),
        CASE("an escaped small slash", "GET /a%2fb HTTP/1.1\r\n" H "\r\n"),
        CASE("an escaped NUL", "GET /a%00b HTTP/1.1\r\n" H "\r\n"),
        CASE("an escaped control", "GET /a%0ab HTTP/1.1\r\n" H "\r\n"),
        CASE("an escaped backslash", "GET /a%5c..%5cb HTTP/1.1\r\n" H "\r\n"),
        CASE("a broken escape", "GET /a%2 HTTP/1.1\r\n" H "\r\n"),
        CASE("a false escape", "GET /a%zzb HTTP/1.1\r\n" H "\r\n"),
        CASE("broken UTF-8", "GET /a%ff HTTP/1.1\r\n" H "\r\n"),
        CASE("overlong slash", "GET /a%c0%afb HTTP/1.1\r\n" H "\r\n"),
        CASE("up", "GET /a/../b HTTP/1.1\r\n" H "\r\n"),
        CASE("up at the end", "GET /a/.. HTTP/1.1\r\n" H "\r\n"),
        CASE("escaped up", "GET /a/%2e%2E/b HTTP/1.1\r\n" H "\r\n"),
        CASE("here", "GET /a/./b HTTP/1.1\r\n" H "\r\n"),
        CASE("two slashes", "GET //a HTTP/1.1\r\n" H "\r\n"),
        CASE("two slashes at the end", "GET /a// HTTP/1.1\r\n" H "\r\n"),
        CASE("not HTTP", "GET / HTTQ/1.1\r\n" H "\r\n"),
        CASE("no version", "GET /\r\n" H "\r\n"),
        CASE("a broken chunk size",
             "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        CASE("a signed chunk size",
             "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n"),
        CASE("a chunk without end",
             "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\naXX0\r\n\r\n"),
    };
    int wrong = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        // what follows must not be taken for a second request
        char bytes[512];
        static const char second[] = "GET /second HTTP/1.1\r\n" H "\r\n";
        memcpy(bytes, cases[i].bytes, cases[i].n);
        memcpy(bytes + cases[i].n, second, sizeof second - 1);
        int before = handled;
        bool closed;
        int status = ask_n(bytes, cases[i].n + sizeof second - 1, &closed);
        if (status == 400 && closed && handled == before) continue;
        wrong++;
        print_error("%s: %d%s%s\n", cases[i].what, status, closed ? "" : ", left open",
                    handled == before ? "" : ", handled");
    }
    assert_int_equal(wrong, 0);
}

static void test_a_refusal_is_a_problem_in_the_callers_language(void **state) {
    (void)state;
    assert_int_equal(ask("GET /a//b HTTP/1.1\r\n" H "X-Request-Id: my-own-id-1\r\n\r\n"), 400);
    assert_non_null(strstr(reply_text, "Content-Type: application/problem+json\r\n"));
    assert_non_null(strstr(reply_text, "Connection: close\r\n"));
    assert_non_null(strstr(reply_text, "\"request_id\":\"my-own-id-1\""));
    assert_non_null(strstr(reply_text, "The request cannot be read"));
    assert_int_equal(ask("POST / HTTP/1.1\r\n" H
                         "Accept-Language: zh-CN,en\r\nContent-Length: 99999999\r\n\r\n"),
                     413);
    assert_non_null(strstr(reply_text, "内容过大"));
    assert_int_equal(ask("GET / HTTP/2.0\r\n" H "\r\n"), 505);
}

static void test_good_requests_pass_the_gate(void **state) {
    (void)state;
    assert_int_equal(ask("GET / HTTP/1.1\r\n" H "\r\n"), 200);
    assert_int_equal(ask("GET / HTTP/1.0\r\n\r\n"), 200);
    assert_int_equal(
        ask("GET / HTTP/1.1\r\nhOsT:a:80\r\nX-A:\r\nX-B:  c \t\r\nX-C: \xe5\xbc\xa0\r\n\r\n"), 200);
    assert_int_equal(ask("GET /%E5%BC%A0/%2e%2e%2e/a%20b/ HTTP/1.1\r\n" H "\r\n"), 200);
    assert_non_null(strstr(reply_text, "GET /张/.../a b/ "));
    assert_int_equal(ask("GET /张?q=张 HTTP/1.1\r\n" H "\r\n"), 200);
    assert_non_null(strstr(reply_text, "GET /张 q=张 "));
    assert_int_equal(ask("PATCH /a? HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc"), 200);
    assert_non_null(strstr(reply_text, "PATCH /a  3:abc"));
    assert_int_equal(ask("GET /query?a=1&b=%E5%BC%A0+x&&c&d=e=f HTTP/1.1\r\n" H "\r\n"), 200);
    assert_non_null(strstr(reply_text, "[a=1][b=张 x][c=][d=e=f]"));
    assert_int_equal(ask("GET /query?a=1&b=%00 HTTP/1.1\r\n" H "\r\n"), 200);
    assert_non_null(strstr(reply_text, "[a=1]bad"));
    assert_int_equal(ask("GET /cookie HTTP/1.1\r\n" H "Cookie: xsid=1; sid=two; a=b\r\n\r\n"), 200);
    assert_non_null(strstr(reply_text, "\r\n\r\ntwo"));
    assert_int_equal(ask("GET /cookie HTTP/1.1\r\n" H "Cookie: xsid=1\r\n\r\n"), 200);
    assert_non_null(strstr(reply_text, "\r\n\r\nnone"));
}

static void test_answers_carry_the_headers_of_the_house(void **state) {
    (void)state;
    assert_int_equal(ask("GET / HTTP/1.1\r\n" H "\r\n"), 200);
    assert_non_null(strstr(reply_text, "X-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(reply_text, "Cache-Control: no-store\r\n"));
    assert_non_null(strstr(reply_text, "X-Request-Id: "));
    assert_non_null(strstr(reply_text, "Date: "));
    assert_int_equal(ask("GET /file HTTP/1.1\r\n" H "X-Request-Id: bad id\r\n\r\n"), 200);
    assert_non_null(strstr(reply_text, "Cache-Control: max-age=60\r\n"));
    assert_null(strstr(reply_text, "no-store"));
    assert_null(strstr(reply_text, "bad id"));
    assert_non_null(strstr(reply_text, "\r\n\r\nfrom a file"));
    assert_int_equal(ask("HEAD /abc HTTP/1.1\r\n" H "\r\n"), 200);
    assert_non_null(strstr(reply_text, "Content-Length: 12\r\n"));
    assert_string_equal(strstr(reply_text, "\r\n\r\n"), "\r\n\r\n");
    assert_int_equal(ask("GET /oom HTTP/1.1\r\n" H "\r\n"), 503);
    assert_non_null(strstr(reply_text, "out_of_memory"));
    assert_int_equal(ask("GET /nothing HTTP/1.1\r\n" H "\r\n"), 500);
}

// ---- limits ----

static int ask_uri(int length) {
    char *s = malloc((size_t)length + 100);
    int n = sprintf(s, "GET /");
    memset(s + n, 'a', (size_t)length - 1);
    n += length - 1;
    n += sprintf(s + n, " HTTP/1.1\r\n" H "\r\n");
    bool closed;
    int status = ask_n(s, (size_t)n, &closed);
    free(s);
    return status;
}

static int ask_fields(int count) {
    char s[8192];
    int n = sprintf(s, "GET / HTTP/1.1\r\n" H);
    for (int i = 1; i < count; i++) n += sprintf(s + n, "X-%d: a\r\n", i);
    n += sprintf(s + n, "\r\n");
    bool closed;
    return ask_n(s, (size_t)n, &closed);
}

// `bytes` counts from the CRLF of the request line to the end of the last value.
static int ask_headers(int uri, int bytes) {
    char *s = malloc((size_t)uri + (size_t)bytes + 200);
    int n = sprintf(s, "GET /");
    memset(s + n, 'a', (size_t)uri - 1);
    n += uri - 1;
    n += sprintf(s + n, " HTTP/1.1");
    int from = n;
    n += sprintf(s + n, "\r\nHost: a\r\nX-Long: ");
    memset(s + n, 'b', (size_t)(bytes - (n - from)));
    n = from + bytes;
    n += sprintf(s + n, "\r\n\r\n");
    bool closed;
    int status = ask_n(s, (size_t)n, &closed);
    free(s);
    return status;
}

static void test_limits_of_the_head_hold_at_their_edge(void **state) {
    (void)state;
    assert_int_equal(ask_uri(LIMIT_URI_BYTES), 200);
    assert_int_equal(ask_uri(LIMIT_URI_BYTES + 1), 414);
    assert_int_equal(ask_uri(60000), 414);
    assert_int_equal(ask_fields(LIMIT_HEADER_COUNT), 200);
    assert_int_equal(ask_fields(LIMIT_HEADER_COUNT + 1), 431);
    assert_int_equal(ask_headers(1, LIMIT_HEADER_BYTES), 200);
    assert_int_equal(ask_headers(1, LIMIT_HEADER_BYTES + 1), 431);
    assert_int_equal(ask_headers(1, 100000), 431);
    assert_int_equal(ask_headers(LIMIT_URI_BYTES, LIMIT_HEADER_BYTES), 200);
    char many[9000] = "GET /many?";
    size_t n = strlen(many);
    while (n < 8000) n += (size_t)sprintf(many + n, "a&");
    strcat(many, " HTTP/1.1\r\n" H "\r\n");
    assert_int_equal(ask(many), 200);
}

static char *make_body(const char *head, size_t n, size_t *total) {
    size_t h = strlen(head);
    char *s = malloc(h + n + 1);
    memcpy(s, head, h);
    for (size_t i = 0; i < n; i++) s[h + i] = (char)('a' + i % 26);
    *total = h + n;
    return s;
}

static int ask_body(const char *path, size_t n) {
    char head[200];
    snprintf(head, sizeof head, "POST %s HTTP/1.1\r\n" H "Content-Length: %zu\r\n\r\n", path, n);
    size_t total;
    bool closed;
    char *s = make_body(head, n, &total);
    int status = ask_n(s, total, &closed);
    free(s);
    return status;
}

static int ask_chunked(const char *path, size_t n, size_t piece) {
    char head[200];
    snprintf(head, sizeof head, "POST %s HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n",
             path);
    char *s = malloc(n + n / piece * 20 + 300);
    size_t at = (size_t)sprintf(s, "%s", head), sent = 0;
    while (sent < n) {
        size_t k = n - sent < piece ? n - sent : piece;
        at += (size_t)sprintf(s + at, "%zx\r\n", k);
        for (size_t i = 0; i < k; i++) s[at++] = (char)('a' + sent++ % 26);
        at += (size_t)sprintf(s + at, "\r\n");
    }
    at += (size_t)sprintf(s + at, "0\r\nX-Trailer: a\r\n\r\n");
    bool closed;
    int status = ask_n(s, at, &closed);
    free(s);
    return status;
}

static uint64_t sum_of(size_t n) {
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += (uint64_t)('a' + i % 26);
    return sum;
}

static void expect_upload(const char *where, size_t n) {
    char want[100];
    snprintf(want, sizeof want, "\r\n\r\n%s %zu %zu %llu", where, n, n,
             (unsigned long long)sum_of(n));
    assert_non_null(strstr(reply_text, want));
}

static void test_limits_of_the_body_hold_at_their_edge(void **state) {
    (void)state;
    assert_int_equal(ask_body("/", LIMIT_BODY_BYTES), 200);
    assert_int_equal(ask_body("/", LIMIT_BODY_BYTES + 1), 413);
    assert_int_equal(ask_chunked("/", LIMIT_BODY_BYTES, 10000), 200);
    assert_int_equal(ask_chunked("/", LIMIT_BODY_BYTES + 1, 10000), 413);
    assert_int_equal(ask_body("/upload", LIMIT_BODY_BYTES), 200);
    expect_upload("memory", LIMIT_BODY_BYTES);
    assert_int_equal(ask_body("/upload", LIMIT_BODY_BYTES + 1), 200);
    expect_upload("file", LIMIT_BODY_BYTES + 1);
    assert_int_equal(ask_chunked("/upload", LIMIT_BODY_BYTES + 1, 4001), 200);
    expect_upload("file", LIMIT_BODY_BYTES + 1);
    assert_int_equal(ask_body("/upload", 4u << 20), 200);
    expect_upload("file", 4u << 20);
    assert_int_equal(ask_body("/upload", (4u << 20) + 1), 413);
    // one that goes on and on is cut off
    int fd = dial(), before = handled;
    put(fd, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 56);
    static char piece[65543] = "10000\r\n";
    memset(piece + 7, 'x', 65536);
    bool going = true;
    for (int i = 0; going && i < 600; i++) going = put(fd, piece, 7 + 65536) && put(fd, "\r\n", 2);
    assert_false(going);
    assert_int_equal(handled, before);
    close(fd);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_gate_refuses_what_two_parsers_could_read_differently),
        cmocka_unit_test(test_a_refusal_is_a_problem_in_the_callers_language),
        cmocka_unit_test(test_good_requests_pass_the_gate),
        cmocka_unit_test(test_answers_carry_the_headers_of_the_house),
        cmocka_unit_test(test_limits_of_the_head_hold_at_their_edge),
        cmocka_unit_test(test_limits_of_the_body_hold_at_their_edge),
    };
    return cmocka_run_group_tests_name("http_head", tests, start, stop);
}
