// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The core's side of a conversion: one frame there, one back, all within the budget of the whole.
#include "campus/convert.h"

#include <signal.h>
#include <string.h>
#include "campus/clock.h"
#include "campus/mem.h"
#include "host/pool_internal.h"

enum {
    PIECE = 256 << 10,
    CPU_MS = 30000,
    WALL_MS = 30000,
    MEMORY = 256 << 20,
    FRAME_ARENA = 24 << 20
};

struct convert {
    struct convert_task task;
    struct child child;
    struct budget budget; // the processor's is for all frames, the wall's for each
    struct arena *arena;  // of one frame
    struct problem *problem;
};

static bool is_reading(const struct convert *c) {
    return c->task.kind < CONVERT_SHEET_WRITE;
}

// The child did not answer as it should. Of a file that is being read, the file is the likely
// cause.
static enum err broken(struct convert *c, enum err e) {
    if (e == ERR_NOMEM) return problem_set(c->problem, e, NULL);
    if (!is_reading(c))
        return problem_set(c->problem, ERR_UNAVAILABLE, "the converter failed; try again");
    if (e == ERR_PLUGIN_BUDGET)
        return problem_say(c->problem, ERR_INVALID, NULL, "too_much_work",
                           "reading this file takes more than a file may take",
                           "读取此文件所需资源超出上限");
    return problem_say(c->problem, ERR_INVALID, NULL, "unreadable",
                       "this file broke its reader; save it anew and try again",
                       "文件无法读取，请另存后重试");
}

// What the child says is wrong: {word, text, zh} each.
static enum err refusal(struct convert *c, const struct wire *w) {
    if (w->tag != WIRE_LIST || !w->first) return broken(c, ERR_PLUGIN_FAILED);
    struct arena *a = c->problem->arena;
    for (const struct wire *it = w->first; it; it = it->next) {
        const char *word = wire_str(a, it, "word"), *text = wire_str(a, it, "text");
        problem_say(c->problem, ERR_INVALID, NULL, word ? word : "unreadable", text ? text : "",
                    wire_str(a, it, "zh"));
    }
    return ERR_INVALID;
}

static enum err talk(struct convert *c, char type, const struct buf *frame, bool *done) {
    char got;
    uint8_t *data;
    size_t n;
    struct wire *w;
    *done = true;
    c->budget.wall_end_ns = clock_mono_ns() + (int64_t)WALL_MS * 1000000;
    enum err e = child_send(&c->child, type, frame, &c->budget);
    if (!e) e = child_read(&c->child, c->arena, &got, &data, &n, &c->budget);
    if (e) return broken(c, e);
    if (got == FRAME_ERROR && wire_decode(c->arena, data, n, &w)) return refusal(c, w);
    if (got != FRAME_OK || !n || data[0] > 1) return broken(c, ERR_PLUGIN_FAILED);
    *done = data[0];
    return n > 1 ? c->task.write(c->task.self, (const char *)data + 1, n - 1) : ERR_OK;
}

// A frame that does not fit the arena jumps: then the conversion has failed, not the process.
static enum err exchange(struct convert *c, char type, const char *p, size_t n, bool *done) {
    struct buf frame = {.data = (char *)p, .len = n, .cap = n};
    jmp_buf trap;
    arena_reset(c->arena);
    jmp_buf *outer = arena_trap(c->arena, &trap);
    enum err e = setjmp(trap) ? broken(c, ERR_NOMEM) : talk(c, type, &frame, done);
    arena_trap(c->arena, outer);
    return e;
}

enum err convert_open(const struct convert_task *task, struct convert **out, struct problem *p) {
    const struct host_limits limits = {CPU_MS, WALL_MS, MEMORY, task->weak_jail};
    struct convert *c = mem_alloc(sizeof *c);
    if (!c) return problem_set(p, ERR_NOMEM, NULL);
    *c = (struct convert){.task = *task, .problem = p, .arena = arena_new(FRAME_ARENA)};
    bool done,
        ok = c->arena &&
             child_exec(task->kind == CONVERT_DRAW ? "draw" : "convert", &limits, &c->child) &&
             !child_hello(&c->child, task->weak_jail, &c->budget);
    if (!ok) {
        convert_close(c);
        return problem_set(p, ERR_UNAVAILABLE, "the converter does not start");
    }
    c->budget = child_budget(&c->child, CPU_MS, WALL_MS);
    struct buf task_frame;
    buf_init(&task_frame, p->arena);
    buf_putc(&task_frame, (char)('0' + task->kind));
    buf_puts(&task_frame, task->options ? task->options : "{}");
    enum err e = exchange(c, FRAME_TASK, task_frame.data, task_frame.len, &done);
    if (e)
        convert_close(c);
    else
        *out = c;
    return e;
}

enum err convert_feed(struct convert *c, const char *p, size_t n) {
    enum err e = ERR_OK;
    bool done;
    for (size_t at = 0; at < n && !e; at += PIECE)
        e = exchange(c, FRAME_FEED, p + at, n - at < PIECE ? n - at : PIECE, &done);
    return e;
}

enum err convert_end(struct convert *c) {
    enum err e = ERR_OK;
    for (bool done = false; !e && !done;) e = exchange(c, FRAME_END, NULL, 0, &done);
    return e;
}

void convert_close(struct convert *c) {
    if (!c) return;
    child_end(&c->child);
    arena_free(c->arena);
    mem_free(c);
}
