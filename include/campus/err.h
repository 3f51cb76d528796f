// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Errors. Every fallible function returns `enum err` and must be checked; the text a person reads
// goes into a `struct problem`, which becomes application/problem+json (RFC 9457) or
// `file:line:col: path: code: message` on the command line. There is no second convention.
#ifndef CAMPUS_ERR_H
#define CAMPUS_ERR_H

#include <stdbool.h>
#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

enum err {
#define X(name, status, word, en, zh) ERR_##name,
#include "campus/err.def"
#undef X
    ERR_COUNT
};

enum lang { LANG_EN, LANG_ZH };

int err_status(enum err e);       // HTTP status
const char *err_word(enum err e); // stable code, such as "not_found"
const char *err_title(enum err e, enum lang lang);

struct arena;

// One thing that is wrong. Strings are borrowed from the problem's arena.
struct problem_item {
    struct problem_item *next;
    const char *pointer;   // JSON pointer into the body ("/phone"), or a dotted path, or NULL
    const char *word;      // stable code: "required", "out_of_range", ...
    const char *detail;    // for people, English, no secret values
    const char *detail_zh; // the same in Chinese, or NULL
    const char *policy;    // key of the policy that it rests on, or NULL
    const char *file;      // for sources: file, line, column; else NULL, 0, 0
    int line, col;
};

// What went wrong with one request or one check. Lives on the caller's stack; texts in `arena`.
struct problem {
    struct arena *arena; // borrowed
    enum err code;       // first error set
    const char *detail;  // English, may be NULL
    const char *extra;   // one more JSON member, such as "\"decision\":\"…\"", or NULL
    struct problem_item *first, *last;
    unsigned count;
};

void problem_init(struct problem *p, struct arena *a);
// Sets the code and text (first one wins) and returns e, so that `return problem_set(…)` reads
// well.
enum err problem_set(struct problem *p, enum err e, const char *fmt, ...) PRINTF(3, 4);
// Adds an item; sets the code to e if none is set; returns e. p may be NULL in both.
enum err problem_add(struct problem *p, enum err e, const char *pointer, const char *word,
                     const char *fmt, ...) PRINTF(5, 6);
// The same, with the text in both languages; p is not NULL.
enum err problem_say(struct problem *p, enum err e, const char *pointer, const char *word,
                     const char *en, const char *zh);
// Adds an item that points into a source file.
enum err problem_at(struct problem *p, const char *file, int line, int col, const char *word,
                    const char *fmt, ...) PRINTF(6, 7);
// Says of the item added last where in the body or document it is; copied.
void problem_point(struct problem *p, const char *pointer);
struct buf;
// Writes the RFC 9457 object. request_id may be NULL.
void problem_json(const struct problem *p, enum lang lang, const char *request_id, struct buf *out);
// Writes one `file:line:col: path: code: message` line per item, without what it has not.
void problem_text(const struct problem *p, struct buf *out);

#endif
