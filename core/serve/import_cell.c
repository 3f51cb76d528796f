// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Sheets as schools keep them: title rows above the header, merged and two-row headers, total rows,
// full-width digits, dates with dots, and numbers that a spreadsheet has spoiled.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "campus/mem.h"
#include "campus/text.h"
#include "serve/import_internal.h"

enum { TITLE_ROWS_MAX = 20 };

// Without the white space around it, ideographic and no-break spaces included.
static void trim(const char **s, size_t *n) {
    for (size_t k = 1; *n && k;) {
        k = isspace((unsigned char)**s)                ? 1
            : *n > 2 && !memcmp(*s, "\xe3\x80\x80", 3) ? 3
            : *n > 1 && !memcmp(*s, "\xc2\xa0", 2)     ? 2
                                                       : 0;
        *s += k, *n -= k;
    }
    for (size_t k = 1; *n && k; *n -= k) {
        const char *end = *s + *n;
        k = isspace((unsigned char)end[-1])                 ? 1
            : *n > 2 && !memcmp(end - 3, "\xe3\x80\x80", 3) ? 3
            : *n > 1 && !memcmp(end - 2, "\xc2\xa0", 2)     ? 2
                                                            : 0;
    }
}

bool import_is_empty(const struct csv_cell *cells, int n) {
    for (int i = 0; i < n; i++) {
        const char *s = cells[i].p;
        size_t len = cells[i].n;
        trim(&s, &len);
        if (len) return false;
    }
    return true;
}

bool import_is_total(const struct csv_cell *cells, int n) {
    static const char *const words[] = {"合计", "总计", "小计", "合 计", "总 计"};
    for (int i = 0; i < n; i++) {
        const char *s = cells[i].p;
        size_t len = cells[i].n;
        trim(&s, &len);
        for (size_t k = 0; k < sizeof words / sizeof *words; k++)
            if (strlen(words[k]) == len && !memcmp(words[k], s, len)) return true;
        if (!strncmp(s, EXPORT_MARK_ZH, strlen(EXPORT_MARK_ZH)) ||
            !strncmp(s, EXPORT_MARK_EN, strlen(EXPORT_MARK_EN)))
            return true;
        if (len) return false;
    }
    return false;
}

// A name without the mark of a required column; the column of errors of a returned sheet is "".
static const char *column_name(struct arena *a, const struct csv_cell *cell) {
    const char *s = cell->p;
    size_t n = cell->n;
    trim(&s, &n);
    if (n && *s == '*') s++, n--;
    if (n && s[n - 1] == '*') n--;
    if (n > 2 && !memcmp(s + n - 3, "＊", 3)) n -= 3;
    trim(&s, &n);
    const char *name = arena_strndup(a, s, n);
    return !strcmp(name, IMPORT_ERRORS_ZH) || !strcmp(name, IMPORT_ERRORS_EN) ? "" : name;
}

static const struct field *field_called(const struct import_head *h, const char *name) {
    const struct entity *e = h->entity;
    const json_t *said = json_object_get(h->called, name);
    if (said) return json_is_string(said) ? entity_field(e, json_string_value(said)) : NULL;
    const struct field *f = *name ? entity_field(e, name) : NULL;
    for (int k = 0; *name && !f && k < e->nfields; k++) {
        const struct title *t = &e->fields[k].title;
        if ((t->zh && !strcmp(t->zh, name)) || (t->en && !strcmp(t->en, name))) f = &e->fields[k];
    }
    return f;
}

// What is wrong with the columns, once all their names are there.
static enum err settle(struct import_head *h) {
    struct problem *p = h->problem;
    struct arena *a = p->arena;
    h->open = false;
    h->found = true;
    for (int i = 0; i < h->n; i++) {
        const char *name = h->names[i], *at = arena_printf(a, "/columns/%d", i);
        const struct field *f = h->columns[i] = field_called(h, name);
        for (int k = 0; f && k < i; k++)
            if (h->columns[k] == f)
                problem_add(p, ERR_INVALID, at, "column_twice", "%s comes twice", name);
        if (!f && *name && !json_is_null(json_object_get(h->called, name))) {
            size_t count;
            const char *const *names = entity_field_names(h->entity, a, &count);
            const char *near = text_nearest(name, names, count);
            problem_add(p, ERR_INVALID, at, "unknown_column",
                        near ? "there is no field \"%s\"; did you mean %s"
                             : "there is no field \"%s\"%s",
                        name, near ? near : "");
        }
        if (f && f->readonly) problem_add(p, ERR_INVALID, at, "readonly", "%s is computed", name);
    }
    return p->count ? ERR_INVALID : ERR_OK;
}

// The second row of a header stands below merged (empty) cells and group names, and all its names
// are known.
static bool completes(const struct import_head *h, const char *const *names, int n) {
    bool any = false;
    for (int i = 0; i < n; i++) {
        if (!*names[i]) continue;
        any = true;
        if (!field_called(h, names[i])) return false;
        if (i < h->n && *h->names[i] && field_called(h, h->names[i])) return false;
    }
    return any;
}

enum err import_head_row(struct import_head *h, const struct csv_cell *cells, int n,
                         bool *is_data) {
    *is_data = false;
    if (n > IMPORT_COLUMNS_MAX)
        return problem_set(h->problem, ERR_INVALID, "more than %d columns", IMPORT_COLUMNS_MAX);
    const char *names[IMPORT_COLUMNS_MAX];
    int known = 0, named = 0;
    for (int i = 0; i < n; i++) {
        names[i] = column_name(h->problem->arena, &cells[i]);
        named += *names[i] != 0 && !json_is_null(json_object_get(h->called, names[i]));
        known += field_called(h, names[i]) != NULL;
    }
    if (h->open) {
        *is_data = !completes(h, names, n);
        for (int i = 0; i < n && !*is_data; i++) {
            if (i >= h->n) h->names[h->n++] = "";
            if (*names[i]) h->names[i] = names[i];
        }
        return settle(h);
    }
    bool is_header = known >= 2 || (known && known == named);
    if (!h->seen++ || is_header || known > h->best) { // the likeliest, to say what is wrong with it
        memcpy(h->names, names, sizeof *names * (size_t)n);
        h->n = n;
        h->best = known;
    }
    if (is_header && known < named) {
        h->open = true;
        return ERR_OK;
    }
    return is_header || h->seen == TITLE_ROWS_MAX ? settle(h) : ERR_OK;
}

enum err import_head_end(struct import_head *h) {
    if (h->found) return ERR_OK;
    if (!h->seen)
        return problem_set(h->problem, ERR_INVALID,
                           "the file is empty: the first line must name the columns");
    return settle(h);
}

// Full-width letters and digits to ASCII.
static size_t narrow(char *to, const char *s, size_t n) {
    size_t k = 0;
    for (size_t i = 0; i < n;) {
        unsigned c = i + 2 < n && (unsigned char)s[i] == 0xef
                         ? (unsigned)(0xf000 | ((s[i + 1] & 0x3f) << 6) | (s[i + 2] & 0x3f))
                         : 0;
        if (c >= 0xff01 && c <= 0xff5e)
            to[k++] = (char)(c - 0xfee0), i += 3;
        else
            to[k++] = s[i++];
    }
    to[k] = 0;
    return k;
}

// 2026.9.1, 2026/9/1, 2026年9月1日, 20260901, with or without a midnight -> 2026-09-01
static const char *date_of(struct arena *a, const char *s) {
    int part[3] = {0}, n = 0;
    const char *at = s;
    if (strspn(s, "0123456789") == 8 && !s[8])
        return arena_printf(a, "%.4s-%.2s-%.2s", s, s + 4, s + 6);
    for (; n < 3 && isdigit((unsigned char)*at); n++) {
        size_t digits = strspn(at, "0123456789");
        if (digits > 4) return s;
        part[n] = atoi(at);
        at += digits;
        if (strchr("./-", *at) && *at && n < 2)
            at++;
        else if (!strncmp(at, n == 0 ? "年" : n == 1 ? "月" : "日", 3))
            at += 3;
    }
    if (!strncmp(at, "T00:00:00", 9) || !strncmp(at, " 00:00:00", 9)) at += 9;
    if (!strcmp(at, " 0:00") || !strcmp(at, " 0:00:00")) at = "";
    if (n < 3 || *at || part[0] < 1000) return s;
    return arena_printf(a, "%04d-%02d-%02d", part[0], part[1] % 100, part[2] % 100);
}

static bool is_scientific(const char *s) { // 1.10105E+17, as a spreadsheet shows a long number
    if (*s == '-') s++;
    size_t n = strspn(s, "0123456789.");
    return n && isdigit((unsigned char)*s) && (s[n] == 'E' || s[n] == 'e') && s[n + 1] == '+' &&
           isdigit((unsigned char)s[n + 2]) &&
           strspn(s + n + 2, "0123456789") == strlen(s + n + 2) && atoi(s + n + 2) >= 11;
}

static bool is_formula_error(const char *s) {
    static const char *const errors[] = {"#N/A",   "#REF!", "#VALUE!", "#DIV/0!",
                                         "#NAME?", "#NUM!", "#NULL!"};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (!strcmp(s, errors[i])) return true;
    return false;
}

static bool refuse(struct problem *p, const char *pointer, const char *word, const char *text,
                   const char *zh) {
    problem_say(p, ERR_INVALID, pointer, word, text, zh);
    return false;
}

bool import_cell(struct arena *a, const struct field *f, const struct csv_cell *cell,
                 struct value *out, bool *empty, struct problem *p) {
    const char *s = cell->p;
    size_t n = cell->n;
    bool is_number = field_type_is_number(f->type);
    bool is_time = f->type == FIELD_DATE || f->type == FIELD_TIME || f->type == FIELD_DATETIME;
    if (f->type != FIELD_LONGTEXT) trim(&s, &n);
    // put there so that it stays text: by a person before digits, by csv_put before a formula
    if (n > 1 && *s == '\'' && (isdigit((unsigned char)s[1]) || strchr("=+-@\t\r", s[1]))) s++, n--;
    *empty = !n;
    *out = value_null();
    if (!n) return true;
    char *text = arena_strndup(a, s, n);
    if (is_number || is_time || f->check) n = narrow(text, s, n);
    if (is_number) {
        size_t k = 0;
        for (size_t i = 0; i < n; i++)
            if (text[i] != ',') text[k++] = text[i];
        text[n = k] = 0;
    }
    if (f->type != FIELD_LONGTEXT && is_scientific(text))
        return refuse(p, f->name, "digits_lost",
                      "the spreadsheet kept this as a number and lost its last digits: make the "
                      "column text and enter it again",
                      "该值在表格中被存成数字，末尾几位已丢失；请将该列设为文本格式后重新填写");
    if (is_formula_error(text))
        return refuse(p, f->name, "formula_error", "a formula failed in the spreadsheet",
                      "表格中的公式出错");
    const char *ready = f->type == FIELD_DATE ? date_of(a, text) : text;
    return input_cell(a, f, ready, strlen(ready), f->name, out, p);
}
