// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// One child: started by exec of this binary, greeted, ended.
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/mem.h"
#include "host/pool_internal.h"

enum { HELLO_MS = 5000 };

bool child_exec(const char *role, const struct host_limits *limits, struct child *c) {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds)) return false;
    posix_spawn_file_actions_t fa;
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, fds[1], 3);
    posix_spawn_file_actions_addclosefrom_np(&fa, 4);
    posix_spawn_file_actions_addclose(&fa, 0);
    posix_spawn_file_actions_addclose(&fa, 1);
    char name[16], memory[32];
    char *argv[] = {"campusd", "--child", name, memory, limits->weak_jail ? "weak" : "strict",
                    NULL};
    char *envp[] = {NULL, NULL};
#ifdef CAMPUSD_TEST
    static char lacks[64];
    if (getenv("CAMPUSD_LACKS")) {
        snprintf(lacks, sizeof lacks, "CAMPUSD_LACKS=%s", getenv("CAMPUSD_LACKS"));
        envp[0] = lacks;
    }
#else
    posix_spawn_file_actions_addclose(&fa, 2);
#endif
    snprintf(name, sizeof name, "%s", role);
    snprintf(memory, sizeof memory, "%lld", (long long)limits->memory);
    posix_spawnattr_t attr;
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    int rc = posix_spawn(&c->pid, "/proc/self/exe", &fa, &attr, argv, envp);
    posix_spawn_file_actions_destroy(&fa);
    posix_spawnattr_destroy(&attr);
    close(fds[1]);
    c->fd = fds[0];
    if (rc) {
        close(fds[0]);
        c->pid = 0;
        errno = rc;
        return false;
    }
    return true;
}

enum err child_hello(struct child *c, bool weak_allowed, struct budget *b) {
    struct arena *a = arena_new(1 << 20);
    char type;
    uint8_t *data;
    size_t n;
    struct wire *w;
    *b = (struct budget){clock_mono_ns() + (int64_t)HELLO_MS * 1000000, 0, INT64_MAX};
    enum err e = a ? ERR_OK : ERR_NOMEM;
    if (!e && clock_getcpuclockid(c->pid, &c->cpu)) e = ERR_PLUGIN_FAILED;
    if (!e) e = child_read(c, a, &type, &data, &n, b);
    if (!e && (type != FRAME_HELLO || n > 64 || !wire_decode(a, data, n, &w) ||
               w->tag != WIRE_LIST || w->count != 2))
        e = ERR_PLUGIN_FAILED;
    if (!e) {
        c->weak = w->first->tag != WIRE_TRUE || w->first->next->tag != WIRE_TRUE;
        if (c->weak && !weak_allowed) e = ERR_UNAVAILABLE;
    }
    arena_free(a);
    return e;
}

void child_end(struct child *c) {
    if (c->pid <= 0) return;
    kill(c->pid, SIGKILL);
    close(c->fd);
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR) {
    }
}
