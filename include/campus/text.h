// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Text: validity, normal forms, the checks and masks of a Chinese school, near misses.
#ifndef CAMPUS_TEXT_H
#define CAMPUS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "campus/err.h"

struct arena;
bool text_is_utf8(const char *s, size_t n);  // valid, no NUL, no surrogate
size_t text_length(const char *s, size_t n); // code points
// For comparing and blind indexes: NFKC, case folded, spaces and hyphens removed. Borrowed (arena).
char *text_normal(struct arena *a, const char *s, size_t n, size_t *out_n);
bool text_is_name(const char *s); // ^[a-z][a-z0-9_]{0,47}$

bool text_is_cn_id(const char *s,
                   size_t n); // GB 11643: 18 characters, check digit, a real birth date
bool text_is_mobile(const char *s, size_t n);     // mainland: 1[3-9] and 9 digits
bool text_is_uscc(const char *s, size_t n);       // GB 32100 with check character
bool text_is_invoice_no(const char *s, size_t n); // 8 or 20 digits
bool text_is_date(const char *s, size_t n);       // YYYY-MM-DD that exists
// Runs the check called `name` ("cn_id", "mobile", "uscc", "invoice_no"); unknown names are false.
bool text_check(const char *name, const char *s, size_t n);
bool text_check_exists(const char *name);

// Masks by name: "mobile" 138****1234, "cn_id" first 6 last 4, "last4", "name" first character,
// "all" (also for unknown names): "****". A value too short for its mask is masked whole.
char *text_mask(struct arena *a, const char *mask, const char *s, size_t n);
bool text_is_mask(const char *s, size_t n); // holds "***": a value that a mask has gone over
// The nearest of words[0..n) within edit distance 2 (or a third of the length), or NULL.
const char *text_nearest(const char *word, const char *const *words, size_t n);
// What to write instead: "; did you mean NEAREST?", else ": OTHERWISE a, b, c" of at most 24 words,
// else "". otherwise may be NULL. Arena.
const char *text_instead(struct arena *a, const char *word, const char *const *words, size_t n,
                         const char *otherwise);

// Decimal text <-> scaled integer: "350.00" with scale 2 is 35000. False when it does not fit.
bool text_to_scaled(const char *s, size_t n, int scale, int64_t *out);
int text_from_scaled(char out[32], int64_t v, int scale); // returns the length
// Dates as days since 1970-01-01 (proleptic Gregorian).
bool text_to_days(const char *s, size_t n, int64_t *days);
void text_from_days(char out[11], int64_t days);
// RFC 3339 to milliseconds since the epoch.
bool text_to_time(const char *s, size_t n, int64_t *ms);

#endif
