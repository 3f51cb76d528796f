// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The log: one line an entry on stderr, JSON or text. Never pass it a field's value, a key, a
// password or a token.
#ifndef CAMPUS_LOG_H
#define CAMPUS_LOG_H

#include <stdbool.h>
#include "campus/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
void log_init(enum log_level least, bool json);
// event is a stable snake_case word; the text is for people.
void log_write(enum log_level level, const char *event, const char *fmt, ...) PRINTF(3, 4);
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__)
#define log_warn(...) log_write(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)

#endif
