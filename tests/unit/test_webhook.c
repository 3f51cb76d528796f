// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Webhooks against a small HTTP server of the test's own: signed, pinned, bounded, retried.
#include <arpa/inet.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include "lane_fixture.h"
#include "campus/log.h"
#include "campus/webhook.h"

enum { CALLS_MAX = 64 };
struct call {
    char text[16384], *body;
};
struct server {
    int fd, port;
    pthread_t thread;
    _Atomic int n;
    const char *_Atomic answer; // of every call
    _Atomic bool hang, endless, stop;
    struct call calls[CALLS_MAX];
};

static void take_call(struct server *s, int fd) {
    struct call *c = &s->calls[s->n];
    size_t n = 0, want = 0;
    ssize_t got;
    while (n < sizeof c->text - 1 && (got = read(fd, c->text + n, sizeof c->text - 1 - n)) > 0) {
        n += (size_t)got;
        c->text[n] = 0;
        char *end = strstr(c->text, "\r\n\r\n"), *length = strcasestr(c->text, "content-length:");
        if (!end) continue;
        c->body = end + 4;
        want = (size_t)(c->body - c->text) + (length ? (size_t)atoi(length + 15) : 0);
        if (n >= want) break;
    }
    if (!want) return;
    s->n++;
    static const char endless[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    const char *answer = s->endless ? endless : s->answer;
    while (s->hang && !s->stop) usleep(1000);
    if (write(fd, answer, strlen(answer)) < 0) return;
    char much[4096];
    memset(much, 'x', sizeof much);
    while (s->endless && send(fd, much, sizeof much, MSG_NOSIGNAL) > 0) {
    }
}

static void *serve(void *arg) {
    struct server *s = arg;
    int fd;
    while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
        take_call(s, fd);
        close(fd);
    }
    return NULL;
}

static void server_start(struct server *s) {
    *s = (struct server){.answer = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(s->fd, 64), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &n), 0);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(struct server *s) {
    s->stop = true;
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
}

static char *header(struct arena *a, const struct call *c, const char *name) {
    const char *at = strcasestr(c->text, arena_printf(a, "\r\n%s:", name));
    if (!at || at > c->body) return NULL;
    at += strlen(name) + 3;
    at += strspn(at, " ");
    return arena_strndup(a, at, strcspn(at, "\r"));
}

struct stand {
    struct lane_fixture lf;
    struct webhooks *hooks;
    struct deliver *deliver;
    struct server a, b;
    const char *allow[3];
};

static int stand_open(void **state) {
    struct stand *s = calloc(1, sizeof *s);
    *state = s;
    lane_fixture_open(&s->lf);
    server_start(&s->a);
    server_start(&s->b);
    s->allow[0] = "127.0.0.1";
    struct webhook_config c = {s->lf.fx->keyring, "school-1", s->allow};
    OK(s->lf.fx, webhook_open(&c, &s->hooks, &s->lf.fx->problem));
    struct deliver_source source = webhook_source(s->hooks);
    OK(s->lf.fx,
       deliver_open(s->lf.fx->storage, s->lf.lane, &source, 1, &s->deliver, &s->lf.fx->problem));
    lane_on_commit(s->lf.lane, deliver_wake, s->deliver);
    return 0;
}

static int stand_close(void **state) {
    struct stand *s = *state;
    lane_on_commit(s->lf.lane, NULL, NULL);
    deliver_close(s->deliver);
    webhook_close(s->hooks);
    server_stop(&s->a);
    server_stop(&s->b);
    lane_fixture_close(&s->lf);
    free(s);
    return 0;
}

// Changes endpoints on the lane.
struct change {
    struct stand *s;
    enum { CREATE, UPDATE, ROTATE, DELETE } what;
    const char *id, *body;
    struct buf out;
};
static enum err change_run(struct lane_job *job, struct lane *lane) {
    struct change *c = ((struct lane_call *)job)->arg;
    struct fixture *fx = c->s->lf.fx;
    struct db *db = lane_db(lane);
    json_t *body = NULL;
    fixture_calm(fx);
    enum err e =
        c->body ? json_parse(fx->arena, c->body, strlen(c->body), &body, &fx->problem) : ERR_OK;
    int64_t now = clock_now_ms();
    if (e) return e;
    switch (c->what) {
    case CREATE: return webhook_create(c->s->hooks, db, body, "p-1", now, &c->out, &fx->problem);
    case UPDATE: return webhook_update(c->s->hooks, db, c->id, body, &c->out, &fx->problem);
    case ROTATE: return webhook_rotate(c->s->hooks, db, c->id, now, &c->out, &fx->problem);
    default: return webhook_delete(db, c->id, &fx->problem);
    }
}
static enum err change(struct stand *s, int what, const char *id, const char *body, json_t **out) {
    struct fixture *fx = s->lf.fx;
    struct change c = {.s = s, .what = what, .id = id, .body = body};
    buf_init(&c.out, fx->arena);
    enum err e = lane_run(s->lf.lane, change_run, &c);
    if (!e && out) OK(fx, json_parse(fx->arena, c.out.data, c.out.len, out, &fx->problem));
    return e;
}
static const char *text_of(const json_t *j, const char *key) {
    return json_string_value(json_object_get(j, key));
}
// An endpoint at a server of the test.
static json_t *hook(struct stand *s, const struct server *to, const char *types) {
    json_t *j;
    const char *body =
        arena_printf(s->lf.fx->arena, "{\"url\":\"http://127.0.0.1:%d/in\",\"types\":[\"%s\"]}",
                     to->port, types);
    OK(s->lf.fx, change(s, CREATE, NULL, body, &j));
    return j;
}
static void calls(const struct server *s, int n) {
    for (int i = 0; i < 10000 && s->n < n; i++) usleep(1000);
    assert_int_equal(s->n, n);
}
static void settle(struct stand *s) {
    usleep(50000);
    for (int i = 0; i < 10000 && !deliver_is_idle(s->deliver); i++) usleep(1000);
}
static void advance(struct stand *s, int64_t ms) {
    clock_advance_ms(ms);
    deliver_wake(s->deliver);
}

// The receiver's side of Standard Webhooks: some signature of the list fits the secret.
static bool is_signed(struct fixture *fx, const struct call *c, const char *secret) {
    uint8_t key[64], mac[32];
    size_t n;
    char want[64];
    crypto_auth_hmacsha256_state st;
    assert_memory_equal(secret, "whsec_", 6);
    assert_int_equal(sodium_base642bin(key, sizeof key, secret + 6, strlen(secret) - 6, NULL, &n,
                                       NULL, sodium_base64_VARIANT_ORIGINAL),
                     0);
    const char *signed_text =
        arena_printf(fx->arena, "%s.%s.%s", header(fx->arena, c, "webhook-id"),
                     header(fx->arena, c, "webhook-timestamp"), c->body);
    crypto_auth_hmacsha256_init(&st, key, n);
    crypto_auth_hmacsha256_update(&st, (const uint8_t *)signed_text, strlen(signed_text));
    crypto_auth_hmacsha256_final(&st, mac);
    strcpy(want, "v1,");
    sodium_bin2base64(want + 3, sizeof want - 3, mac, 32, sodium_base64_VARIANT_ORIGINAL);
    const char *list = header(fx->arena, c, "webhook-signature");
    return list && strstr(list, want);
}
static int signatures(struct fixture *fx, const struct call *c) {
    int n = 0;
    for (const char *at = header(fx->arena, c, "webhook-signature"); (at = strstr(at, "v1,")); at++)
        n++;
    return n;
}

static void test_an_event_arrives_signed_as_a_thin_cloudevent(void **state) {
    struct stand *s = *state;
    struct fixture *fx = s->lf.fx;
    json_t *body, *made = hook(s, &s->a, "admissions.*");
    lane_put(&s->lf, "r-1", 7, 1, ERR_OK);
    calls(&s->a, 1);
    const struct call *c = &s->a.calls[0];
    assert_memory_equal(c->text, "POST /in HTTP/1.1\r\n", 19);
    assert_true(is_signed(fx, c, text_of(made, "secret")));
    assert_false(is_signed(fx, c, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    assert_string_equal(header(fx->arena, c, "content-type"), "application/cloudevents+json");
    int64_t at = atoll(header(fx->arena, c, "webhook-timestamp"));
    assert_true(llabs(at - clock_now_ms() / 1000) < 10);
    OK(fx, json_parse(fx->arena, c->body, strlen(c->body), &body, &fx->problem));
    assert_string_equal(text_of(body, "id"), header(fx->arena, c, "webhook-id"));
    assert_string_equal(text_of(body, "subject"), "admissions.applicants/r-1");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(body, "data"), "rev")), 7);
}

static void test_only_the_types_asked_for_are_sent(void **state) {
    struct stand *s = *state;
    hook(s, &s->a, "finance.*");
    hook(s, &s->b, "admissions.applicants.updated");
    lane_put(&s->lf, "r-1", 1, 1, ERR_OK);
    calls(&s->b, 1);
    settle(s);
    assert_int_equal(s->a.n, 0);
    assert_true(webhook_fits("admissions.*", "admissions.applicants.created"));
    assert_true(webhook_fits("*", "x"));
    assert_false(webhook_fits("admissions.*", "admissionsx.applicants.created"));
    assert_false(webhook_fits("admissions", "admissions.applicants.created"));
}

static void test_a_retry_has_the_same_id_and_a_new_timestamp(void **state) {
    struct stand *s = *state;
    struct arena *a = s->lf.fx->arena;
    json_t *made = hook(s, &s->a, "*");
    s->a.answer = "HTTP/1.1 503 Busy\r\nRetry-After: 60\r\nConnection: close\r\n\r\n";
    lane_put(&s->lf, "r-1", 1, 1, ERR_OK);
    calls(&s->a, 1);
    settle(s);
    int64_t due = lane_int(&s->lf, "SELECT due_at FROM core_delivery") - clock_now_ms();
    assert_true(due > 40000 && due <= 60000); // as it was asked
    s->a.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    advance(s, 61000);
    calls(&s->a, 2);
    settle(s);
    const struct call *c = s->a.calls;
    assert_string_equal(header(a, &c[0], "webhook-id"), header(a, &c[1], "webhook-id"));
    assert_string_not_equal(header(a, &c[0], "webhook-timestamp"),
                            header(a, &c[1], "webhook-timestamp"));
    assert_true(is_signed(s->lf.fx, &c[1], text_of(made, "secret")));
    assert_int_equal(lane_int(&s->lf, "SELECT count(*) FROM core_delivery"), 0);
}

static void test_a_redirect_is_not_followed_and_gone_is_final(void **state) {
    struct stand *s = *state;
    char away[200];
    hook(s, &s->a, "*");
    snprintf(away, sizeof away,
             "HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:%d/\r\nConnection: close\r\n\r\n",
             s->b.port);
    s->a.answer = away;
    lane_put(&s->lf, "r-1", 1, 1, ERR_OK);
    calls(&s->a, 1);
    settle(s);
    assert_int_equal(s->b.n, 0);
    assert_int_equal(lane_int(&s->lf, "SELECT count(*) FROM core_delivery WHERE dead_at=0"), 1);
    s->a.answer = "HTTP/1.1 410 Gone\r\nConnection: close\r\n\r\n";
    lane_put(&s->lf, "r-2", 1, 1, ERR_OK);
    calls(&s->a, 2);
    settle(s);
    assert_int_equal(lane_int(&s->lf, "SELECT count(*) FROM core_delivery WHERE dead_at>0"), 1);
}

static void test_an_old_secret_signs_for_a_day_beside_the_new_one(void **state) {
    struct stand *s = *state;
    struct fixture *fx = s->lf.fx;
    json_t *made = hook(s, &s->a, "*"), *next;
    OK(fx, change(s, ROTATE, text_of(made, "id"), NULL, &next));
    assert_string_not_equal(text_of(made, "secret"), text_of(next, "secret"));
    lane_put(&s->lf, "r-1", 1, 1, ERR_OK);
    calls(&s->a, 1);
    assert_int_equal(signatures(fx, &s->a.calls[0]), 2);
    assert_true(is_signed(fx, &s->a.calls[0], text_of(made, "secret")));
    assert_true(is_signed(fx, &s->a.calls[0], text_of(next, "secret")));
    clock_advance_ms(WEBHOOK_OVERLAP_MS + 1000);
    lane_put(&s->lf, "r-1", 2, 1, ERR_OK);
    calls(&s->a, 2);
    assert_int_equal(signatures(fx, &s->a.calls[1]), 1);
    assert_false(is_signed(fx, &s->a.calls[1], text_of(made, "secret")));
    assert_true(is_signed(fx, &s->a.calls[1], text_of(next, "secret")));
}

static void test_the_secret_is_shown_once_and_lies_sealed(void **state) {
    struct stand *s = *state;
    struct fixture *fx = s->lf.fx;
    struct buf b;
    json_t *made = hook(s, &s->a, "*");
    const char *secret = text_of(made, "secret");
    buf_init(&b, fx->arena);
    OK(fx, webhook_list_json(s->lf.reader, &b, &fx->problem));
    OK(fx, webhook_json(s->lf.reader, text_of(made, "id"), &b, &fx->problem));
    assert_non_null(strstr(buf_str(&b), text_of(made, "url")));
    assert_null(strstr(buf_str(&b), "whsec_"));
    size_t n;
    bool row;
    struct stmt *st = db_query(s->lf.reader, &fx->problem, "SELECT secrets FROM core_webhook", "");
    OK(fx, stmt_step(st, &row, &fx->problem));
    const char *blob = stmt_blob(st, 0, &n);
    assert_null(memmem(blob, n, secret + 6, 16));
    stmt_reset(st);
    json_t *other;
    assert_int_equal(change(s, UPDATE, text_of(made, "id"), "{\"secret\":\"mine\"}", &other),
                     ERR_INVALID);
    OK(fx, change(s, UPDATE, text_of(made, "id"), "{\"description\":\"SMS\"}", &other));
    assert_null(json_object_get(other, "secret"));
}

static void test_addresses_that_lead_inside_are_refused(void **state) {
    struct stand *s = *state;
    static const char *const bad[] = {"http://10.0.0.1/",
                                      "http://192.168.1.1/x",
                                      "https://169.254.169.254/latest/meta-data",
                                      "http://127.0.0.2/",
                                      "http://0.0.0.0/",
                                      "http://100.64.0.1/",
                                      "http://[::1]/",
                                      "http://[::ffff:127.0.0.1]/",
                                      "http://[::ffff:8.8.8.8]/",
                                      "http://[fe80::1]/",
                                      "http://[fc00::1]/",
                                      "http://[64:ff9b::a00:1]/",
                                      "http://[2002:a00:1::]/",
                                      "http://0x7f.0.0.1/",
                                      "http://0x7f000001/",
                                      "http://2130706433/",
                                      "http://127.1/",
                                      "http://017700000001/",
                                      "http://134744072/", // odd even where it is public
                                      "http://127.0.0.1%2f@example.org/",
                                      "http://user:pass@example.org/",
                                      "http://%6cocalhost/",
                                      "ftp://example.org/",
                                      "file:///etc/passwd",
                                      "gopher://example.org/",
                                      "https:/example.org",
                                      "https://example.org/#x",
                                      "example.org",
                                      "",
                                      "http://",
                                      "http://exa mple.org/"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *body = arena_printf(s->lf.fx->arena, "{\"url\":\"%s\"}", bad[i]);
        if (change(s, CREATE, NULL, body, NULL) != ERR_INVALID) fail_msg("accepted: %s", bad[i]);
    }
    static const char *const good[] = {"https://example.org/hooks?a=1", "http://8.8.8.8/",
                                       "https://EXAMPLE.org:8443", "http://[2606:4700::1111]/x"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *body =
            arena_printf(s->lf.fx->arena, "{\"url\":\"%s\",\"types\":[\"never\"]}", good[i]);
        if (change(s, CREATE, NULL, body, NULL)) fail_msg("refused: %s", good[i]);
    }
}

// A name is looked at when the connection is made.
static void test_a_name_that_leads_inside_gets_no_connection(void **state) {
    struct stand *s = *state;
    const char *body =
        arena_printf(s->lf.fx->arena, "{\"url\":\"http://localhost:%d/\"}", s->a.port);
    OK(s->lf.fx, change(s, CREATE, NULL, body, NULL));
    lane_put(&s->lf, "r-1", 1, 1, ERR_OK);
    for (int i = 0; i < 5000 && lane_int(&s->lf, "SELECT count(*) FROM core_delivery") < 1; i++)
        usleep(1000);
    assert_int_equal(lane_int(&s->lf, "SELECT count(*) FROM core_delivery WHERE error="
                                      "'the address is not on the internet'"),
                     1);
    assert_int_equal(s->a.n, 0);
}

static void test_public_is_what_is_left_over(void **state) {
    (void)state;
    static const struct {
        const char *address;
        bool is_public;
    } all[] = {{"8.8.8.8", true},          {"172.15.255.255", true}, {"172.16.0.1", false},
               {"172.31.255.255", false},  {"172.32.0.0", true},     {"100.63.255.255", true},
               {"100.127.255.255", false}, {"192.0.0.1", false},     {"192.0.2.1", false},
               {"198.19.0.1", false},      {"203.0.113.9", false},   {"224.0.0.1", false},
               {"255.255.255.255", false}, {"9.255.255.255", true},  {"11.0.0.0", true}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct sockaddr_in sa = {.sin_family = AF_INET};
        assert_int_equal(inet_pton(AF_INET, all[i].address, &sa.sin_addr), 1);
        if (webhook_is_public((struct sockaddr *)&sa) != all[i].is_public)
            fail_msg("%s", all[i].address);
    }
    static const struct {
        const char *address;
        bool is_public;
    } six[] = {{"2606:4700::1111", true},
               {"::", false},
               {"::1", false},
               {"::ffff:8.8.8.8", false},
               {"fe80::1", false},
               {"fd00::1", false},
               {"ff02::1", false},
               {"2001::1", false},
               {"2001:db8::1", false},
               {"2002:808:808::", false},
               {"3fff:1::", false},
               {"2001:4860::8888", true},
               {"100::1", false},
               {"64:ff9b::808:808", false}};
    for (size_t i = 0; i < sizeof six / sizeof *six; i++) {
        struct sockaddr_in6 sa = {.sin6_family = AF_INET6};
        assert_int_equal(inet_pton(AF_INET6, six[i].address, &sa.sin6_addr), 1);
        if (webhook_is_public((struct sockaddr *)&sa) != six[i].is_public)
            fail_msg("%s", six[i].address);
    }
    struct sockaddr local = {.sa_family = AF_UNIX};
    assert_false(webhook_is_public(&local));
}

static void test_one_that_hangs_does_not_hold_up_another(void **state) {
    struct stand *s = *state;
    s->a.hang = true;
    hook(s, &s->a, "*");
    hook(s, &s->b, "*");
    for (int i = 0; i < 20; i++) lane_put(&s->lf, "r-1", i, 1, ERR_OK);
    calls(&s->b, 20);
    assert_int_equal(s->a.n, 1); // one record, one at a time
    struct deliver_stats st;
    for (int i = 0; i < 5000; i++) {
        deliver_stats(s->deliver, &st);
        if (st.done == 20) break;
        usleep(1000);
    }
    assert_int_equal(st.done, 20);
}

static void test_an_answer_without_end_is_cut(void **state) {
    struct stand *s = *state;
    hook(s, &s->a, "*");
    s->a.endless = true;
    lane_put(&s->lf, "r-1", 1, 1, ERR_OK);
    calls(&s->a, 1);
    struct deliver_stats st;
    for (int i = 0; i < 5000; i++) {
        deliver_stats(s->deliver, &st);
        if (st.done) break;
        usleep(1000);
    }
    assert_int_equal(st.done, 1); // 2xx has been said, and that is what counts
}

static void test_what_is_switched_off_or_deleted_gets_nothing(void **state) {
    struct stand *s = *state;
    struct fixture *fx = s->lf.fx;
    json_t *made = hook(s, &s->a, "*");
    const char *id = text_of(made, "id");
    lane_put(&s->lf, "r-1", 1, 1, ERR_OK);
    calls(&s->a, 1);
    settle(s);
    OK(fx, change(s, UPDATE, id, "{\"enabled\":false}", NULL));
    lane_put(&s->lf, "r-1", 2, 1, ERR_OK);
    usleep(700000);
    assert_int_equal(s->a.n, 1);
    OK(fx, change(s, UPDATE, id, "{\"enabled\":true}", NULL));
    calls(&s->a, 2); // what was missed follows
    settle(s);
    OK(fx, change(s, DELETE, id, NULL, NULL));
    lane_put(&s->lf, "r-1", 3, 1, ERR_OK);
    usleep(700000);
    assert_int_equal(s->a.n, 2);
    assert_int_equal(lane_int(&s->lf, "SELECT count(*) FROM core_delivery_position"), 0);
    assert_int_equal(change(s, DELETE, id, NULL, NULL), ERR_NOT_FOUND);
}

#define T(name) cmocka_unit_test_setup_teardown(name, stand_open, stand_close)
int main(void) {
    log_init(LOG_ERROR, false);
    const struct CMUnitTest tests[] = {
        T(test_an_event_arrives_signed_as_a_thin_cloudevent),
        T(test_only_the_types_asked_for_are_sent),
        T(test_a_retry_has_the_same_id_and_a_new_timestamp),
        T(test_a_redirect_is_not_followed_and_gone_is_final),
        T(test_an_old_secret_signs_for_a_day_beside_the_new_one),
        T(test_the_secret_is_shown_once_and_lies_sealed),
        T(test_addresses_that_lead_inside_are_refused),
        T(test_a_name_that_leads_inside_gets_no_connection),
        cmocka_unit_test(test_public_is_what_is_left_over),
        T(test_one_that_hangs_does_not_hold_up_another),
        T(test_an_answer_without_end_is_cut),
        T(test_what_is_switched_off_or_deleted_gets_nothing),
    };
    return cmocka_run_group_tests_name("webhook", tests, NULL, NULL);
}
