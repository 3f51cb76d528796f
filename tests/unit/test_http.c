// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The HTTP layer: connections, held answers, streams, draining.
#include "http_fixture.h"

// ---- connections ----

static int count(const char *text, const char *what) {
    int n = 0;
    for (const char *p = text; (p = strstr(p, what)); p += strlen(what)) n++;
    return n;
}

static void test_a_connection_serves_one_request_after_another(void **state) {
    (void)state;
    int fd = dial();
    bool closed;
    for (int i = 0; i < 20; i++) {
        char ask_text[100], want[32];
        snprintf(ask_text, sizeof ask_text,
                 "POST /n%d HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\n%02d", i, i);
        snprintf(want, sizeof want, "/n%d  2:%02d", i, i);
        put(fd, ask_text, strlen(ask_text));
        get(fd, reply_text, sizeof reply_text, want, &closed);
        assert_non_null(strstr(reply_text, want));
        assert_false(closed);
    }
    close(fd);
}

static void test_pipelined_requests_are_answered_in_order(void **state) {
    (void)state;
    char all[4096] = "";
    for (int i = 0; i < 20; i++)
        sprintf(all + strlen(all),
                i % 3 ? "GET /p%02d HTTP/1.1\r\n" H "\r\n"
                      : "GET /hold?p%02d HTTP/1.1\r\n" H "\r\n",
                i);
    int fd = dial();
    bool closed;
    put(fd, all, strlen(all));
    get(fd, reply_text, sizeof reply_text, "/p19 ", &closed);
    assert_int_equal(count(reply_text, "HTTP/1.1 200 OK"), 20);
    const char *at = reply_text;
    for (int i = 0; i < 20; i++) {
        char want[16];
        snprintf(want, sizeof want, i % 3 ? "/p%02d" : "held p%02d", i);
        at = strstr(at, want);
        assert_non_null(at);
    }
    close(fd);
}

static void test_a_request_may_come_in_one_byte_at_a_time(void **state) {
    (void)state;
    static const char text[] =
        "POST /slow?a=b HTTP/1.1\r\n" H "Content-Length: 3\r\nX-A: b\r\n\r\nabc";
    int fd = dial();
    bool closed;
    for (size_t i = 0; i < sizeof text - 1; i++) {
        put(fd, text + i, 1);
        usleep(300);
    }
    get(fd, reply_text, sizeof reply_text, "3:abc", &closed);
    assert_non_null(strstr(reply_text, "POST /slow a=b 3:abc"));
    close(fd);
}

static void *held_client(void *arg) {
    int me = (int)(intptr_t)arg, fd = dial();
    static _Thread_local char text[4096];
    bool closed;
    intptr_t good = 0;
    for (int i = 0; i < 30; i++) {
        char ask_text[100], want[32];
        snprintf(ask_text, sizeof ask_text, "GET /hold?%d.%d. HTTP/1.1\r\n" H "\r\n", me, i);
        snprintf(want, sizeof want, "held %d.%d.", me, i);
        put(fd, ask_text, strlen(ask_text));
        get(fd, text, sizeof text, want, &closed);
        good += strstr(text, want) && strstr(text, "X-Held: yes");
    }
    close(fd);
    return (void *)good;
}

static void test_held_requests_of_64_connections_get_their_own_answers(void **state) {
    (void)state;
    pthread_t id[64];
    for (int i = 0; i < 64; i++)
        assert_int_equal(pthread_create(&id[i], NULL, held_client, (void *)(intptr_t)i), 0);
    for (int i = 0; i < 64; i++) {
        void *good;
        pthread_join(id[i], &good);
        assert_int_equal((intptr_t)good, 30);
    }
}

static bool eventually(bool (*is)(void)) {
    for (int i = 0; i < 500; i++) {
        if (is()) return true;
        usleep(10000);
    }
    return false;
}

static bool has_stream(void) {
    pthread_mutex_lock(&mutex);
    bool has = stream;
    pthread_mutex_unlock(&mutex);
    return has;
}
static bool no_stream(void) {
    return !has_stream();
}
static bool has_queued(void) {
    pthread_mutex_lock(&mutex);
    bool has = queued;
    pthread_mutex_unlock(&mutex);
    return has;
}
static bool all_done(void) {
    return finished + broken == handled;
}

static int open_stream(void) {
    int fd = dial();
    bool closed;
    put(fd, "GET /stream HTTP/1.1\r\n" H "\r\n", 33);
    get(fd, reply_text, sizeof reply_text, "hello\n", &closed);
    assert_non_null(strstr(reply_text, "Content-Type: text/event-stream\r\n"));
    assert_true(eventually(has_stream));
    return fd;
}

static void test_a_stream_sends_as_it_goes_and_ends(void **state) {
    (void)state;
    bool closed;
    int fd = open_stream(), before = streams_closed;
    for (int i = 0; i < 50; i++) {
        char text[32], want[32];
        snprintf(text, sizeof text, "event %d;\n", i);
        snprintf(want, sizeof want, "event %d;\n\r\n", i);
        pthread_mutex_lock(&mutex);
        assert_true(http_stream_send(stream, text, strlen(text)));
        pthread_mutex_unlock(&mutex);
        get(fd, reply_text, sizeof reply_text, want, &closed);
        assert_non_null(strstr(reply_text, want));
    }
    pthread_mutex_lock(&mutex);
    http_stream_close(stream);
    pthread_mutex_unlock(&mutex);
    get(fd, reply_text, sizeof reply_text, "0\r\n\r\n", &closed);
    assert_non_null(strstr(reply_text, "0\r\n\r\n"));
    assert_true(eventually(no_stream));
    assert_int_equal(streams_closed, before + 1);
    // and the connection lives on
    put(fd, "GET /after HTTP/1.1\r\n" H "\r\n", 32);
    get(fd, reply_text, sizeof reply_text, "/after", &closed);
    assert_non_null(strstr(reply_text, "/after"));
    close(fd);
}

static void test_waiting_costs_no_processor_time(void **state) {
    (void)state;
    pthread_mutex_lock(&mutex);
    pause_replier = true;
    pthread_mutex_unlock(&mutex);
    int held = dial(), streaming = open_stream(), idle = dial();
    put(held, "GET /hold?x HTTP/1.1\r\n" H "\r\n", 33);
    put(idle, "GET / HTTP/1.1\r\n", 16);
    assert_true(eventually(has_queued));
    clock_t from = clock();
    usleep(500000);
    assert_true(clock() - from < CLOCKS_PER_SEC / 10);
    pthread_mutex_lock(&mutex);
    pause_replier = false;
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&mutex);
    close(held), close(streaming), close(idle);
    assert_true(eventually(no_stream));
}

static void test_a_stream_notices_that_its_client_has_gone(void **state) {
    (void)state;
    int fd = open_stream(), before = streams_closed, broke = broken;
    close(fd);
    assert_true(eventually(no_stream));
    assert_int_equal(streams_closed, before + 1);
    assert_true(eventually(all_done));
    assert_int_equal(broken, broke + 1);
}

static void test_a_laggard_is_refused_and_gets_last_words(void **state) {
    (void)state;
    int fd = open_stream();
    static char block[4096];
    memset(block, 'z', sizeof block);
    bool more = true;
    for (int i = 0; more && i < 10000; i++) {
        pthread_mutex_lock(&mutex);
        more = http_stream_send(stream, block, sizeof block);
        pthread_mutex_unlock(&mutex);
    }
    assert_false(more);
    pthread_mutex_lock(&mutex);
    assert_true(http_stream_send(stream, "reset!", 6));
    http_stream_close(stream);
    assert_false(http_stream_send(stream, "more", 4));
    pthread_mutex_unlock(&mutex);
    bool closed;
    size_t n;
    do n = get(fd, reply_text, sizeof reply_text, "reset!", &closed);
    while (n == sizeof reply_text - 1);
    assert_non_null(strstr(reply_text, "reset!"));
    assert_true(eventually(no_stream));
    close(fd);
}

static void test_every_handled_request_is_done_once(void **state) {
    (void)state;
    assert_true(eventually(all_done));
    assert_true(handled > 64 * 30);
    assert_true(ticks > 0);
}

static void test_a_client_that_leaves_while_held_is_counted_as_gone(void **state) {
    (void)state;
    pthread_mutex_lock(&mutex);
    pause_replier = true;
    pthread_mutex_unlock(&mutex);
    int fd = dial(), broke = broken;
    put(fd, "GET /hold?x HTTP/1.1\r\n" H "\r\n", 33);
    assert_true(eventually(has_queued));
    struct linger hard = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
    pthread_mutex_lock(&mutex);
    pause_replier = false;
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&mutex);
    assert_true(eventually(all_done));
    assert_int_equal(broken, broke + 1);
}

static void test_slow_heads_and_slow_bodies_are_cut_off(void **state) {
    (void)state;
    int head = dial(), body = dial(), next = dial(), good = dial();
    bool closed;
    put(next, "GET /a HTTP/1.1\r\n" H "\r\n", 28);
    get(next, reply_text, sizeof reply_text, "/a", &closed);
    usleep(1200000);
    put(next, "GET /b HTTP/1.1\r\n", 17);
    put(head, "GET / HTTP/1.1\r\n", 16);
    put(body, "POST / HTTP/1.1\r\n" H "Content-Length: 100000\r\n\r\n", 52);
    put(good, "POST /good HTTP/1.1\r\n" H "Content-Length: 100000\r\n\r\n", 56);
    char part[8192];
    memset(part, 'x', sizeof part);
    int64_t from = clock_mono_ns(), ended[3] = {0};
    int fds[3] = {head, body, next};
    size_t sent = 0;
    for (int i = 0; i < 15; i++) {
        put(head, "X-A: b\r\n", 8);
        put(body, "x", 1);
        put(next, "X-A: b\r\n", 8);
        size_t n = 100000 - sent < sizeof part ? 100000 - sent : sizeof part;
        put(good, part, n);
        sent += n;
        usleep(1000000);
        for (int k = 0; k < 3; k++) {
            struct pollfd p = {.fd = fds[k], .events = POLLIN};
            if (!ended[k] && poll(&p, 1, 0) == 1) ended[k] = (clock_mono_ns() - from) / 1000000;
        }
    }
    for (int k = 0; k < 3; k++) {
        if (ended[k] < 8000 || ended[k] > 14000)
            print_error("connection %d after %lld ms\n", k, (long long)ended[k]);
        assert_true(ended[k] >= 8000 && ended[k] <= 14000);
    }
    get(good, reply_text, sizeof reply_text, "/good", &closed);
    assert_non_null(strstr(reply_text, "100000:"));
    close(head), close(body), close(next), close(good);
}

static int count_open(const int *fds, int n) {
    int still = 0;
    for (int i = 0; i < n; i++) {
        struct pollfd p = {.fd = fds[i], .events = POLLIN};
        still += poll(&p, 1, 0) == 0;
    }
    return still;
}

static void test_when_full_the_oldest_idle_connection_makes_room(void **state) {
    (void)state;
    static int fds[LIMIT_CONNECTIONS + 40];
    bool closed;
    int busy = dial_from(INADDR_LOOPBACK + 3);
    pthread_mutex_lock(&mutex);
    pause_replier = true;
    pthread_mutex_unlock(&mutex);
    put(busy, "GET /hold?busy HTTP/1.1\r\n" H "\r\n", 36);
    assert_true(eventually(has_queued));
    for (int i = 0; i < LIMIT_CONNECTIONS + 40; i++) {
        fds[i] = dial_from(INADDR_LOOPBACK + 1 + (uint32_t)i % 3);
        assert_true(fds[i] >= 0);
        if (i % 50 == 49) usleep(20000);
    }
    usleep(300000);
    assert_in_range(count_open(fds, LIMIT_CONNECTIONS + 40), LIMIT_CONNECTIONS - 5,
                    LIMIT_CONNECTIONS);
    // the newest are served, those that were closed are among the oldest
    for (int i = LIMIT_CONNECTIONS + 35; i < LIMIT_CONNECTIONS + 40; i++) {
        put(fds[i], "GET /new HTTP/1.1\r\n" H "\r\n", 30);
        get(fds[i], reply_text, sizeof reply_text, "/new", &closed);
        assert_non_null(strstr(reply_text, "/new"));
    }
    assert_int_equal(count_open(fds + 100, LIMIT_CONNECTIONS - 60), LIMIT_CONNECTIONS - 60);
    pthread_mutex_lock(&mutex);
    pause_replier = false;
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&mutex);
    get(busy, reply_text, sizeof reply_text, "held busy", &closed);
    assert_non_null(strstr(reply_text, "held busy"));
    for (int i = 0; i < LIMIT_CONNECTIONS + 40; i++) close(fds[i]);
    close(busy);
    usleep(300000);
}

static bool no_streams_left(void) {
    return streams_open == 0;
}

static void test_there_are_so_many_streams(void **state) {
    (void)state;
    static int fds[LIMIT_STREAMS];
    bool closed;
    for (int i = 0; i < LIMIT_STREAMS; i++) {
        fds[i] = dial();
        put(fds[i], "GET /streams HTTP/1.1\r\n" H "\r\n", 34);
        get(fds[i], reply_text, sizeof reply_text, "hello\n", &closed);
        assert_non_null(strstr(reply_text, "hello\n"));
    }
    assert_int_equal(ask("GET /streams HTTP/1.1\r\n" H "\r\n"), 503);
    for (int i = 0; i < LIMIT_STREAMS; i++) close(fds[i]);
    assert_true(eventually(no_streams_left));
    int fd = open_stream();
    close(fd);
    assert_true(eventually(no_stream));
}

static void test_a_client_may_wait_for_leave_to_send_its_body(void **state) {
    (void)state;
    int fd = dial();
    bool closed;
    static const char head[] =
        "POST /w HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    put(fd, head, sizeof head - 1);
    get(fd, reply_text, sizeof reply_text, "\r\n\r\n", &closed);
    assert_non_null(strstr(reply_text, "100 Continue"));
    put(fd, "abc", 3);
    get(fd, reply_text, sizeof reply_text, "3:abc", &closed);
    assert_non_null(strstr(reply_text, "3:abc"));
    close(fd);
    assert_int_equal(
        ask("POST / HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"),
        413);
    assert_null(strstr(reply_text, "100 Continue"));
}

static void test_one_address_holds_so_many_connections(void **state) {
    (void)state;
    static int fds[LIMIT_CONNECTIONS_PER_ADDRESS + 20];
    int open_n = 0, refused = 0;
    for (int i = 0; i < LIMIT_CONNECTIONS_PER_ADDRESS + 20; i++) fds[i] = dial();
    usleep(300000);
    for (int i = 0; i < LIMIT_CONNECTIONS_PER_ADDRESS + 20; i++) {
        struct pollfd p = {.fd = fds[i], .events = POLLIN};
        if (poll(&p, 1, 0) == 0)
            open_n++;
        else
            refused++;
    }
    for (int i = 0; i < LIMIT_CONNECTIONS_PER_ADDRESS + 20; i++) close(fds[i]);
    // two threads look at once, so one may slip in
    assert_in_range(open_n, LIMIT_CONNECTIONS_PER_ADDRESS, LIMIT_CONNECTIONS_PER_ADDRESS + 1);
    assert_in_range(refused, 19, 20);
    usleep(300000);
    assert_int_equal(ask("GET / HTTP/1.1\r\n" H "\r\n"), 200);
}

// ---- the end ----

static void test_draining_finishes_what_is_under_way_and_takes_no_more(void **state) {
    (void)state;
    pthread_mutex_lock(&mutex);
    pause_replier = true;
    pthread_mutex_unlock(&mutex);
    int busy = dial(), idle = dial();
    bool closed;
    put(idle, "GET /a HTTP/1.1\r\n" H "\r\n", 28);
    get(idle, reply_text, sizeof reply_text, "/a", &closed);
    put(busy, "GET /hold?late HTTP/1.1\r\n" H "\r\n", 36);
    assert_true(eventually(has_queued));
    http_stop_listening(server);
    assert_false(http_wait_idle(server, 100));
    usleep(100000);
    int late = dial();
    assert_int_equal(late, -1);
    pthread_mutex_lock(&mutex);
    pause_replier = false;
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&mutex);
    get(busy, reply_text, sizeof reply_text, NULL, &closed);
    assert_non_null(strstr(reply_text, "held late"));
    assert_non_null(strstr(reply_text, "Connection: close\r\n"));
    assert_true(closed);
    assert_true(http_wait_idle(server, 5000));
    get(idle, reply_text, sizeof reply_text, NULL, &closed);
    assert_true(closed);
    close(busy), close(idle);
}

static void test_freeing_cuts_off_held_requests_and_streams(void **state) {
    (void)state;
    pthread_mutex_lock(&mutex);
    pause_replier = true;
    pthread_mutex_unlock(&mutex);
    int held = dial(), broke = broken, ended = streams_closed;
    put(held, "GET /hold?never HTTP/1.1\r\n" H "\r\n", 37);
    int s = open_stream();
    assert_true(eventually(has_queued));
    http_free(server);
    assert_int_equal(broken, broke + 2);
    assert_int_equal(streams_closed, ended + 1);
    queued = 0;
    pause_replier = false;
    server = NULL;
    close(held), close(s);
}

static void test_a_port_in_use_is_refused(void **state) {
    (void)state;
    struct http_config c = {
        .host = "127.0.0.1", .port = http_port(server), .threads = 2, .handle = handle};
    struct http_server *other = NULL;
    struct arena *a = arena_new(1 << 20);
    struct problem p;
    problem_init(&p, a);
    assert_int_equal(http_start(&c, &other, &p), ERR_CONFLICT);
    assert_null(other);
    c.host = "no such host!";
    problem_init(&p, a);
    assert_int_equal(http_start(&c, &other, &p), ERR_USAGE);
    arena_free(a);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_connection_serves_one_request_after_another),
        cmocka_unit_test(test_pipelined_requests_are_answered_in_order),
        cmocka_unit_test(test_a_request_may_come_in_one_byte_at_a_time),
        cmocka_unit_test(test_held_requests_of_64_connections_get_their_own_answers),
        cmocka_unit_test(test_a_stream_sends_as_it_goes_and_ends),
        cmocka_unit_test(test_waiting_costs_no_processor_time),
        cmocka_unit_test(test_a_stream_notices_that_its_client_has_gone),
        cmocka_unit_test(test_a_laggard_is_refused_and_gets_last_words),
        cmocka_unit_test(test_a_client_that_leaves_while_held_is_counted_as_gone),
        cmocka_unit_test(test_there_are_so_many_streams),
        cmocka_unit_test(test_a_client_may_wait_for_leave_to_send_its_body),
        cmocka_unit_test(test_when_full_the_oldest_idle_connection_makes_room),
        cmocka_unit_test(test_one_address_holds_so_many_connections),
        cmocka_unit_test(test_slow_heads_and_slow_bodies_are_cut_off),
        cmocka_unit_test(test_every_handled_request_is_done_once),
        cmocka_unit_test(test_a_port_in_use_is_refused),
        cmocka_unit_test_setup_teardown(test_draining_finishes_what_is_under_way_and_takes_no_more,
                                        NULL, NULL),
    };
    static const struct CMUnitTest last[] = {
        cmocka_unit_test(test_freeing_cuts_off_held_requests_and_streams),
    };
    int failed = cmocka_run_group_tests_name("http", tests, start, stop);
    return cmocka_run_group_tests_name("http at its end", last, start, stop) + failed;
}
