// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The log: each entry is one write(2) of one line, so lines of several threads do not mix.
#include "campus/log.h"

#include <stdio.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/json.h"

static enum log_level least_level = LOG_INFO;
static bool as_json = true;
static const char *const NAMES[] = {"debug", "info", "warn", "error"};

void log_init(enum log_level least, bool json) {
    least_level = least;
    as_json = json;
}

void log_write(enum log_level level, const char *event, const char *fmt, ...) {
    if (level < least_level) return;
    char text[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct buf b;
    buf_init(&b, NULL);
    if (as_json) {
        buf_putc(&b, '{');
        json_kv_time(&b, "time", clock_now_ms());
        json_kv_str(&b, "level", NAMES[level]);
        json_kv_str(&b, "event", event);
        json_kv_str(&b, "text", text);
        buf_puts(&b, "}\n");
    } else
        buf_printf(&b, "%-5s %s: %s\n", NAMES[level], event, text);
    if (!b.failed && write(STDERR_FILENO, b.data, b.len) < 0) { /* nowhere left to say it */
    }
    buf_fini(&b);
}
