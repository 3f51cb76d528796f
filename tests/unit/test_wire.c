// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The wire against a hostile child: the decoder on mutated and random bytes, and children that
// greet properly and then lie. A memory limit below 100 picks the lie: see evil_main.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/json.h"
#include "campus/mem.h"
#include "host/wire.h"
#include "host_child.h"

enum evil {
    SILENT = 1,
    SHOUTS,
    DRIBBLES,
    HANGS_UP,
    GARBAGE,
    LIES_ABOUT_LENGTH,
    HUGE_LENGTH,
    BOMB,
    WRONG_TYPE,
    ASKS,
    DEAF,
    TWO_ANSWERS,
    BAD_UTF8,
    NOT_A_DECISION,
    NO_HELLO,
    EVIL_COUNT
};

static void say(const void *p, size_t n) {
    if (send(3, p, n, MSG_NOSIGNAL) < 0) _exit(0);
}

static void frame(char type, const void *payload, size_t n) {
    uint8_t head[5];
    wire_head(head, type, n);
    say(head, 5);
    say(payload, n);
}

static _Noreturn void evil_main(enum evil kind) {
    static uint8_t big[WIRE_FRAME_MAX];
    struct buf b;
    buf_init(&b, NULL);
    wire_put_open(&b, WIRE_LIST, 2);
    wire_put_bool(&b, true), wire_put_bool(&b, true);
    if (kind == NO_HELLO) frame('O', "x", 1), pause();
    wire_send(3, FRAME_HELLO, &b);
    if (kind == DEAF) pause();
    for (;;) {
        char type;
        uint8_t *data;
        size_t n;
        if (!wire_recv(3, &type, &data, &n)) _exit(0);
        mem_free(data);
        if (type == FRAME_SOURCES || type == FRAME_POLICY) continue;
        switch (kind) {
        case SILENT: pause(); break;
        case SHOUTS:
            for (;;) frame('O', big, sizeof big - 1);
        case DRIBBLES:
            say("\xff\xff\0\0O", 5);
            for (;;) say("x", 1), usleep(20000);
        case HANGS_UP: _exit(0);
        case GARBAGE: frame('O', "\x07\xff\xff\xff", 4); break;
        case LIES_ABOUT_LENGTH: say("\x03\0\0\0O\x05\x04", 7), say("\0\0\0\0", 4); break;
        case HUGE_LENGTH: say("\xff\xff\xff\xffO", 5); break;
        case BOMB: // four million nils: bytes on the wire, a hundred times that as nodes
            for (size_t i = 0, left = 0; i < sizeof big - 6; i++) {
                if (!left && i + 5 < sizeof big - 6)
                    memcpy(big + i, "\x06\x20\x4e\0\0", 5), i += 4, left = 19999;
                else
                    big[i] = WIRE_NIL, left--;
            }
            frame('O', big, sizeof big - 6);
            break;
        case WRONG_TYPE: frame('Z', "\0", 1); break;
        case ASKS: frame('Q', "\0", 1); break;
        case TWO_ANSWERS: say("\x06\0\0\0O\x06\0\0\0\0\x06\0\0\0O\x06\0\0\0\0", 20); break;
        case BAD_UTF8: frame('O', "\x06\x01\0\0\0\x05\x02\0\0\0\xff\xfe", 12); break;
        case NOT_A_DECISION: frame('O', "\x02", 1); break;
        default: _exit(0);
        }
    }
}

static struct arena *arena;

static enum err ask(enum evil kind, int64_t *took_ms) {
    const struct host_limits limits = {100, 300, kind, true};
    struct host_file file = {"plugin.lua", "return {}", 9};
    struct host_plugin plugin = {"demo", &file, 1};
    struct pool *pool = NULL;
    struct problem p;
    problem_init(&p, arena);
    enum err e = pool_open(&limits, &plugin, 1, 1, &pool, &p);
    if (e) return e;
    static char text[1 << 20];
    memset(text, 'x', sizeof text);
    // four fields of a megabyte less: a child that never reads cannot hold the sender either
    struct host_field f[3];
    for (int i = 0; i < 3; i++)
        f[i] = (struct host_field){"a", value_textn(text, kind == DEAF ? sizeof text : 1), 0};
    struct host_rule r = {"demo", "x", 0, "2026-09-01", f, 3, NULL};
    struct host_decision d;
    int64_t start = clock_mono_ns();
    e = pool_rule(pool, &r, arena, &d, &p);
    *took_ms = (clock_mono_ns() - start) / 1000000;
    pool_close(pool);
    return e;
}

static void test_a_child_that_lies_gets_nothing_and_holds_nothing(void **state) {
    (void)state;
    for (enum evil kind = SILENT; kind < EVIL_COUNT; kind++) {
        int64_t took = 0;
        arena = arena_new(16 << 20); // as large as a request's
        enum err e = ask(kind, &took);
        enum err want = kind == SILENT || kind == DRIBBLES || kind == DEAF ? ERR_PLUGIN_BUDGET
                        : kind == NO_HELLO                                 ? ERR_UNAVAILABLE
                                                                           : ERR_PLUGIN_FAILED;
        if (kind == BOMB && e == ERR_PLUGIN_BUDGET) want = e; // a slow machine ends it sooner
        if (e != want || took > 400)
            print_message("lie %d: %s after %lld ms\n", (int)kind, err_word(e), (long long)took);
        assert_int_equal(e, want);
        assert_true(took <= 4000); // ended, not timed
        arena_free(arena);
    }
}

static void test_mutated_and_random_frames_never_break_the_decoder(void **state) {
    (void)state;
    struct buf good;
    json_t *j;
    struct problem p;
    arena = arena_new(64 << 20);
    problem_init(&p, arena);
    static const char text[] = "{\"items\":[{\"ok\":true,\"code\":\"年龄\",\"have\":15,\"want\":1."
                               "5},null,[[],[1,2,3]]],\"x\":false}";
    assert_int_equal(json_parse(arena, text, sizeof text - 1, &j, &p), ERR_OK);
    buf_init(&good, NULL);
    wire_put_json(&good, j);
    struct arena *a = arena_new(16 << 20);
    struct wire *w;
    assert_true(wire_decode(a, (uint8_t *)good.data, good.len, &w));
    struct buf back;
    buf_init(&back, a);
    wire_to_json(w, &back);
    json_t *j2;
    assert_int_equal(json_parse(arena, buf_str(&back), back.len, &j2, &p), ERR_OK);
    assert_true(json_equal(j, j2));
    // every truncation is refused
    for (size_t n = 0; n < good.len; n++) assert_false(wire_decode(a, (uint8_t *)good.data, n, &w));
    uint64_t x = 88172645463325252u;
    unsigned accepted = 0;
    for (int round = 0; round < 200000; round++) {
        uint8_t bytes[512];
        size_t n = round % 2 ? good.len : 0;
        if (n) memcpy(bytes, good.data, n);
        int changes = n ? 1 + round % 5 : 64;
        if (!n) n = 64;
        for (int i = 0; i < changes; i++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            bytes[n == 64 ? (size_t)i : x % n] = (uint8_t)(n == 64 ? (x >> 32) % 12 : x >> 32);
        }
        arena_reset(a);
        if (!wire_decode(a, bytes, n, &w)) continue;
        accepted++;
        buf_init(&back, a);
        wire_to_json(w, &back); // what is accepted can be walked
        assert_false(back.failed);
    }
    print_message("%u of 200000 accepted\n", accepted);
    assert_true(accepted > 100);
    buf_fini(&good);
    arena_free(a);
    arena_free(arena);
}

int main(int argc, char **argv) {
    if (is_child(argc, argv)) {
        int kind = argc > 3 ? atoi(argv[3]) : 0;
        if (kind > 0 && kind < EVIL_COUNT) evil_main((enum evil)kind);
        return run_child(argc, argv);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_child_that_lies_gets_nothing_and_holds_nothing),
        cmocka_unit_test(test_mutated_and_random_frames_never_break_the_decoder),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
