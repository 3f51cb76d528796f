// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The jail of a child: rlimits, no_new_privs, Landlock with no rule (no file can be opened), and a
// seccomp list of the calls that reading a socket and running Lua need.
#include "host/jail.h"

#include <errno.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// Sanitizers map terabytes of shadow and make calls of their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static bool limit_resources(size_t memory) {
    (void)memory;
    const struct {
        int what;
        rlim_t most;
    } limits[] = {
#ifndef SANITIZED
        {RLIMIT_AS, 512 << 20}, {RLIMIT_DATA, memory + (64 << 20)},
#endif
        {RLIMIT_CORE, 0},       {RLIMIT_FSIZE, 0},
        {RLIMIT_NOFILE, 4},     {RLIMIT_NPROC, 0},
        {RLIMIT_STACK, 8 << 20}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit r = {limits[i].most, limits[i].most};
        if (setrlimit(limits[i].what, &r)) return false;
    }
    return true;
}

static bool no_files(void) {
    struct landlock_ruleset_attr attr = {.handled_access_fs = (UINT64_C(1) << 13) - 1};
    int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (fd < 0) return false;
    bool ok = !syscall(SYS_landlock_restrict_self, fd, 0);
    close(fd);
    return ok;
}

static bool few_calls(bool draws) {
    static const int allowed[] = {
        SCMP_SYS(read),        SCMP_SYS(write),         SCMP_SYS(recvfrom),
        SCMP_SYS(sendto),      SCMP_SYS(recvmsg),       SCMP_SYS(sendmsg),
        SCMP_SYS(poll),        SCMP_SYS(ppoll),         SCMP_SYS(munmap),
        SCMP_SYS(mremap),      SCMP_SYS(madvise),       SCMP_SYS(brk),
        SCMP_SYS(futex),       SCMP_SYS(clock_gettime), SCMP_SYS(exit),
        SCMP_SYS(exit_group),  SCMP_SYS(rt_sigreturn),  SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(getrandom),   SCMP_SYS(close),         SCMP_SYS(restart_syscall),
#ifdef SANITIZED
        SCMP_SYS(sigaltstack), SCMP_SYS(prctl),         SCMP_SYS(gettid),
        SCMP_SYS(getpid),      SCMP_SYS(sched_yield),   SCMP_SYS(readlink),
        SCMP_SYS(openat),      SCMP_SYS(lseek),         SCMP_SYS(getrusage),
#endif
    };
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    bool ok = ctx != NULL;
    for (size_t i = 0; ok && i < sizeof allowed / sizeof *allowed; i++)
        ok = !seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
    // Fontconfig asks again and again whether its fonts, which are open already, can be read: yes.
    // One that is not is not had.
    ok = ok && (!draws || !seccomp_rule_add(ctx, SCMP_ACT_ERRNO(0), SCMP_SYS(access), 0));
#ifndef SANITIZED // they open files of /proc
    ok = ok && (!draws || !seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 0));
#endif
    // memory, but none that can be executed
    ok = ok && !seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    ok = ok && !seccomp_load(ctx);
    seccomp_release(ctx);
    return ok;
}

bool jail_is_possible(void) {
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0 &&
           prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

bool jail_enter(size_t memory, bool weak, bool draws, struct jail *got) {
    *got = (struct jail){0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || chdir("/")) return false;
#ifdef CAMPUSD_TEST
    const char *lacks = getenv("CAMPUSD_LACKS"); // a kernel without it, for the tests
    bool files = !lacks || strcmp(lacks, "landlock"), calls = !lacks || strcmp(lacks, "seccomp");
#else
    const bool files = true, calls = true;
#endif
    got->files = files && no_files();
    bool limits = limit_resources(memory);
    got->calls = calls && few_calls(draws);
    return limits && (weak || (got->files && got->calls));
}
