// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Search: words of the fields that declare `search`, kept beside the records in the same
// transaction. A Han character is a token of its own, so that any part of a name is found as a
// phrase; names have their pinyin too. Tokens are ASCII whatever the script, so that both databases
// keep and find the same.
#ifndef CAMPUS_SEARCH_H
#define CAMPUS_SEARCH_H

#include "campus/store.h"

enum { SEARCH_WORDS_MAX = 8, SEARCH_CHARS_MAX = 100, SEARCH_RANKED_MAX = 500 };
struct search_word { // tokens that must stand beside each other
    const char *tokens;
    bool prefix; // the last is the beginning of one
};
struct search_way { // some fields, for the records under a condition (NULL: all)
    const int *fields;
    int n;
    const struct cond *where;
};
struct search { // every word, each in one of the ways
    const struct search_word *words;
    int nwords;
    const struct search_way *ways;
    int nways;
};

// The tokens of a text, separated by spaces, with those of its pinyin if it is a name.
const char *search_tokens(struct arena *a, const char *s, size_t n, bool is_name);
// What somebody types -> words, at most SEARCH_WORDS_MAX of them; returns how many.
int search_parse(struct arena *a, const char *s, size_t n, struct search_word *out);
// The readings of a character without tones, "" after the last; none: not a character of Han.
enum { PINYIN_MAX = 4, PINYIN_CHARS = 7 };
int pinyin_of(uint32_t code_point, char out[PINYIN_MAX][PINYIN_CHARS]);

struct sql;
// " AND " and the condition that a record of e is found.
void search_sql(struct store *s, const struct entity *e, const struct search *search,
                struct sql *out);

// Of an entity without search fields these cost nothing. touch: at the commit, from what the record
// then is; index: now.
MUST_CHECK enum err search_touch(struct store *s, const struct entity *e, const char *id);
MUST_CHECK enum err search_index(struct store *s, const struct entity *e, const char *id);
// Nothing of this record is left in any index, not even of an older release.
MUST_CHECK enum err search_erase(struct store *s, const struct entity *e, const char *id);

// The tables of a schema, on its activation. What has records is filled afterwards, see
// search_fill.
MUST_CHECK enum err search_settle(struct store *s, const struct schema *schema);
// Whether there is something to fill, or an index that no entity uses any more.
MUST_CHECK enum err search_is_due(struct store *s, const struct schema *schema, bool *due);
// A slice of `rows` records of what is not filled; *done grows by them, *over: nothing is left.
// When all is full the indexes of older releases go.
MUST_CHECK enum err search_fill(struct store *s, const struct schema *schema, int rows,
                                int64_t *done, bool *over);

#endif
