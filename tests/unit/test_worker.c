// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>
#include "campus/lane.h"
#include "check.h"

struct item {
    struct work work;
    _Atomic bool ran;
    sem_t *wait, *started;
};
static _Atomic int running, most, bad_thread;
static int threads;

static void item_run(struct work *w, int thread) {
    struct item *it = (struct item *)w;
    int now = ++running, seen = most;
    while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now)) {
    }
    if (thread < 0 || thread >= threads) bad_thread++;
    if (it->started) sem_post(it->started);
    if (it->wait) sem_wait(it->wait);
    it->ran = true;
    running--;
}

static void test_work_runs_side_by_side_and_all_of_it_before_the_end(void **state) {
    (void)state;
    static struct item items[500];
    sem_t wait, started;
    sem_init(&wait, 0, 0), sem_init(&started, 0, 0);
    threads = 3;
    most = bad_thread = 0;
    struct worker *w = worker_new("t", threads, 1000);
    for (int i = 0; i < 500; i++) {
        items[i] = (struct item){.work = {.run = item_run}};
        if (i < 3) items[i].wait = &wait, items[i].started = &started;
        assert_true(worker_submit(w, &items[i].work));
    }
    for (int i = 0; i < 3; i++) sem_wait(&started);
    assert_int_equal(running, 3);
    assert_false(items[3].ran);
    for (int i = 0; i < 3; i++) sem_post(&wait);
    worker_free(w);
    for (int i = 0; i < 500; i++) assert_true(items[i].ran);
    assert_int_equal(most, 3);
    assert_int_equal(bad_thread, 0);
    sem_destroy(&wait), sem_destroy(&started);
}

static void test_a_full_queue_refuses(void **state) {
    (void)state;
    struct item items[5];
    sem_t wait, started;
    sem_init(&wait, 0, 0), sem_init(&started, 0, 0);
    threads = 1;
    struct worker *w = worker_new("t", 1, 3);
    for (int i = 0; i < 5; i++) items[i] = (struct item){.work = {.run = item_run}};
    items[0].wait = &wait, items[0].started = &started;
    assert_true(worker_submit(w, &items[0].work));
    sem_wait(&started);
    for (int i = 1; i < 4; i++) assert_true(worker_submit(w, &items[i].work));
    assert_false(worker_submit(w, &items[4].work));
    sem_post(&wait);
    worker_free(w);
    assert_true(items[3].ran);
    assert_false(items[4].ran);
    sem_destroy(&wait), sem_destroy(&started);
}

static _Atomic int lists, longest;
static void item_together(struct work *first, int thread) {
    (void)thread;
    int n = 0;
    for (; first; first = first->next) {
        assert_ptr_equal(first->together, item_together);
        assert_false(((struct item *)first)->ran);
        n++;
    }
    lists++;
    if (n > longest) longest = n;
}

static void test_what_waits_together_is_handed_over_as_a_list_and_then_run(void **state) {
    (void)state;
    struct item items[26];
    sem_t wait, started;
    sem_init(&wait, 0, 0), sem_init(&started, 0, 0);
    threads = 1;
    lists = longest = 0;
    struct worker *w = worker_new("t", 1, 100);
    // one that keeps the thread, then 20 that go together, one that does not, 3, and one alone
    for (int i = 0; i < 26; i++) {
        bool alone = i == 0 || i == 21 || i == 25;
        items[i] =
            (struct item){.work = {.run = item_run, .together = alone ? NULL : item_together}};
    }
    items[0].wait = &wait, items[0].started = &started;
    assert_true(worker_submit(w, &items[0].work));
    sem_wait(&started);
    for (int i = 1; i < 26; i++) assert_true(worker_submit(w, &items[i].work));
    sem_post(&wait);
    worker_free(w);
    for (int i = 0; i < 26; i++) assert_true(items[i].ran);
    assert_int_equal(lists, 3); // 16 and 4, then 3
    assert_int_equal(longest, WORK_TOGETHER);
    sem_destroy(&wait), sem_destroy(&started);
}

static void test_an_idle_pool_ends_at_once(void **state) {
    (void)state;
    for (int i = 0; i < 50; i++) worker_free(worker_new("t", 2, 4));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_work_runs_side_by_side_and_all_of_it_before_the_end),
        TEST(test_a_full_queue_refuses),
        TEST(test_what_waits_together_is_handed_over_as_a_list_and_then_run),
        TEST(test_an_idle_pool_ends_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
