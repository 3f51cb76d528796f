// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Finds the functions that draw.
#include "host/draw_lazy.h"

#include <dlfcn.h>
#include <string.h>

struct draw_functions draw;

// A handle's search goes through what the library itself needs: Cairo and GObject by way of Pango.
bool draw_load(void) {
    static const char *const names[] = {
#define X(name) #name,
        DRAW_FUNCTIONS(X)
#undef X
    };
    void *pango = dlopen("libpangocairo-1.0.so.0", RTLD_NOW | RTLD_LOCAL),
         *qr = dlopen("libqrencode.so.4", RTLD_NOW | RTLD_LOCAL);
    void **to = (void **)&draw; // ISO C has no such cast; POSIX says it works
    for (size_t i = 0; pango && qr && i < sizeof names / sizeof *names; i++)
        if (!(to[i] = dlsym(strncmp(names[i], "QR", 2) ? pango : qr, names[i]))) return false;
    return pango && qr;
}

// Pango looks for fonts in threads of their own, one a new size or script. In the jail none may
// begin, and one from before it would stay outside of Landlock. So what such a thread would do is
// done by the only one there is, when it comes to wait for it. The linker exports these three
// (Makefile): they stand before GLib's for the libraries that are loaded.
enum { TASKS_MAX = 64 };
static struct {
    GThreadFunc run;
    gpointer arg;
} tasks[TASKS_MAX];
static int ntasks;

static void run_tasks(void) {
    while (ntasks) {
        ntasks--;
        tasks[ntasks].run(tasks[ntasks].arg);
    }
}

GThread *g_thread_new(const gchar *name, GThreadFunc run, gpointer arg) {
    (void)name;
    if (ntasks == TASKS_MAX) return NULL; // then it is never waited for: the child's budget ends it
    tasks[ntasks].run = run;
    tasks[ntasks++].arg = arg;
    return NULL;
}

void g_thread_unref(GThread *thread) {
    (void)thread;
}

void g_cond_wait(GCond *cond, GMutex *mutex) {
    (void)cond;
    draw.g_mutex_unlock(mutex);
    run_tasks();
    draw.g_mutex_lock(mutex);
}
