// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Rows of a query: one after the other, into variables, or as JSON.
#include <stdarg.h>
#include <string.h>
#include "campus/db.h"
#include "campus/json.h"
#include "campus/mem.h"

bool stmt_next(struct stmt *st, enum err *e, struct problem *p) {
    bool row = false;
    if (!st && !*e) *e = p ? p->code : ERR_INTERNAL;
    if (*e)
        stmt_reset(st);
    else
        *e = stmt_step(st, &row, p);
    return row && !*e;
}

enum err stmt_first(struct stmt *st, struct problem *p) {
    enum err e = ERR_OK;
    bool row = stmt_next(st, &e, p);
    return e || row ? e : ERR_NOT_FOUND;
}

void stmt_take(struct stmt *st, struct arena *a, const char *format, ...) {
    va_list ap;
    va_start(ap, format);
    for (int col = 0; format[col]; col++) switch (format[col]) {
        case 't': *va_arg(ap, const char **) = arena_strdup(a, stmt_text(st, col, NULL)); break;
        case 'i': *va_arg(ap, int64_t *) = stmt_int(st, col); break;
        case '?': *va_arg(ap, bool *) = stmt_int(st, col) != 0; break;
        case 'b': {
            const void **to = va_arg(ap, const void **);
            size_t *n = va_arg(ap, size_t *);
            const void *from = stmt_blob(st, col, n);
            *to = from ? arena_strndup(a, from, *n) : NULL;
            break;
        }
        }
    va_end(ap);
}

void stmt_json(struct stmt *st, const char *keys, struct buf *out) {
    char key[32];
    for (int col = 0; *keys; col++) {
        size_t n = strcspn(keys, " ");
        bool sparse = *keys == '~';
        char kind = keys[n - 1];
        size_t name_n = n - sparse - (strchr("#@?=-", kind) != NULL);
        if (name_n >= sizeof key) return;
        memcpy(key, keys + sparse, name_n);
        key[name_n] = 0;
        keys += n + (keys[n] == ' ');
        if (kind == '-') continue;
        bool is_text = !strchr("#@?", kind);
        const char *text = is_text ? stmt_text(st, col, NULL) : NULL;
        int64_t number = is_text ? 0 : stmt_int(st, col);
        if (sparse && !number && !(text && *text)) continue;
        switch (kind) {
        case '#': json_kv_int(out, key, number); break;
        case '@': json_kv_time(out, key, number); break;
        case '?': json_kv_bool(out, key, number != 0); break;
        case '=': json_key(out, key), buf_puts(out, text ? text : "null"); break;
        default: json_kv_str(out, key, text);
        }
    }
}

enum err stmt_list(struct stmt *st, const char *keys, struct buf *out, struct problem *p) {
    enum err e = ERR_OK;
    buf_putc(out, '[');
    while (stmt_next(st, &e, p)) {
        json_sep(out), buf_putc(out, '{');
        stmt_json(st, keys, out);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    return e;
}
