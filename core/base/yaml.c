// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The strict YAML reader on libyaml's event parser.
#include "campus/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>
#include "campus/fsio.h"
#include "campus/json.h"
#include "campus/mem.h"
#include "campus/text.h"

struct reader {
    yaml_parser_t parser;
    struct arena *a;
    const char *file;
    struct problem *p;
    const char *input;
    unsigned wrong, nodes;
    bool fatal;
};

enum { NODES_MAX = 50000, KEYS_MAX = 4096, WRONG_MAX = 100 };

// Refusals past the hundredth say nothing new, and a hostile file could hold 100,000.
static void stop_when_hopeless(struct reader *r) {
    if (++r->wrong < WRONG_MAX || r->fatal) return;
    r->fatal = true;
    problem_at(r->p, r->file, 1, 1, "too_many", "more than %d errors: the rest is not read",
               WRONG_MAX);
}

static void refuse(struct reader *r, const yaml_mark_t *m, const char *word, const char *text) {
    problem_at(r->p, r->file, (int)m->line + 1, (int)m->column + 1, word, "%s", text);
    stop_when_hopeless(r);
}

// What the library says, as advice. Texts that are not here go through as they are.
static const char *in_our_words(const char *why) {
    static const char *const words[][2] = {
        {"found character that cannot start any token",
         "this character cannot stand here: indent with spaces, not tabs, and put texts that begin "
         "with @, ` or % in quotes"},
        {"found a tab character that violates indentation", "indent with spaces, not tabs"},
        {"found a tab character where an indentation space is expected",
         "indent with spaces, not tabs"},
        {"mapping values are not allowed in this context",
         "a colon cannot stand here: put a text with a colon in quotes, and give the keys of one "
         "map the same indentation"},
        {"did not find expected key",
         "a key is expected here: give the keys of one map the same indentation"},
        {"could not find expected ':'", "a key is followed by a colon and a space: key: value"},
        {"did not find expected '-' indicator",
         "the items of one list begin with - at the same indentation"},
        {"did not find expected ',' or ']'",
         "a list that begins with [ has commas between its items and ends with ]"},
        {"did not find expected ',' or '}'",
         "a map that begins with { has commas between its members and ends with }"},
        {"found unexpected end of stream", "the file ends inside a text in quotes"},
        {"block sequence entries are not allowed in this context",
         "a list cannot begin here: put its first - on a line of its own"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i][0], why)) return words[i][1];
    return why;
}

static bool next(struct reader *r, yaml_event_t *ev) {
    if (yaml_parser_parse(&r->parser, ev)) return true;
    const char *why = r->parser.problem ? r->parser.problem : "cannot be read";
    yaml_mark_t at = r->parser.problem_mark;
    if (r->parser.error == YAML_READER_ERROR) { // knows only the byte
        at.line = at.column = 0;
        for (size_t i = 0; i < r->parser.problem_offset; i++) {
            unsigned char c = (unsigned char)r->input[i];
            if (c == '\n')
                at.line++, at.column = 0;
            else if ((c & 0xc0) != 0x80)
                at.column++;
        }
    }
    refuse(r, &at, "syntax", in_our_words(why));
    r->fatal = true;
    return false;
}

static void type_scalar(struct reader *r, struct yaml *y, const yaml_event_t *ev) {
    static const char *const odd[] = {"yes", "no", "on", "off", "y", "n"};
    const char *s = y->text;
    y->kind = YAML_TEXT;
    if (y->quoted) return;
    if (!*s || !strcmp(s, "~") || !strcmp(s, "null"))
        y->kind = YAML_NULL;
    else if (!strcmp(s, "true") || !strcmp(s, "false"))
        y->kind = YAML_BOOL, y->b = *s == 't';
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        if (!strcasecmp(s, odd[i])) {
            y->kind = YAML_BOOL; // said once is enough
            refuse(r, &ev->start_mark, "ambiguous_boolean",
                   arena_printf(r->a,
                                "\"%s\" means different things to different readers: write true "
                                "or false, or put it in quotes",
                                s));
        }
    static const char *const cased[] = {"true", "false", "null"};
    for (size_t i = 0; i < 3; i++)
        if (!strcasecmp(s, cased[i]) && strcmp(s, cased[i])) {
            y->kind = i < 2 ? YAML_BOOL : YAML_NULL;
            refuse(r, &ev->start_mark, "ambiguous_boolean",
                   arena_printf(r->a, "write %s, or put \"%s\" in quotes", cased[i], s));
        }
    const char *d = s + (*s == '-' || *s == '+');
    if (*d < '0' || *d > '9') return;
    char *end;
    errno = 0;
    long long i = strtoll(s, &end, 10);
    if (!*end && !errno && (d[0] != '0' || !d[1])) {
        y->kind = YAML_INT;
        y->i = i;
        return;
    }
    if (strspn(d, "0123456789.eE+-") != strlen(d) || !strpbrk(d, ".eE")) return;
    double f = strtod(s, &end);
    if (!*end) y->kind = YAML_FLOAT, y->f = f;
}

static struct yaml *node(struct reader *r, yaml_event_t *ev, int depth);

static void child(struct reader *r, struct yaml *parent, struct yaml ***tail, yaml_event_t *ev,
                  const struct yaml *key, int depth) {
    struct yaml *c = node(r, ev, depth + 1);
    if (!c) return;
    if (key) {
        c->key = key->text;
        c->key_line = key->line;
        c->key_col = key->col;
    }
    **tail = c;
    *tail = &c->next;
    parent->count++;
}

static void map(struct reader *r, struct yaml *y, int depth) {
    struct yaml **tail = &y->first;
    yaml_event_t ev;
    while (!r->fatal && next(r, &ev)) {
        if (ev.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&ev);
            return;
        }
        struct yaml *key = node(r, &ev, depth + 1);
        if (r->fatal || !next(r, &ev)) return;
        if (!key) return;
        bool is_merge = key->text && !key->quoted && !strcmp(key->text, "<<");
        if (key->kind == YAML_LIST || key->kind == YAML_MAP || key->kind == YAML_NULL || is_merge) {
            problem_at(r->p, r->file, key->line, key->col, "key_invalid",
                       is_merge ? "merge keys (<<) are not allowed: write the keys again"
                                : "a key must be a plain text");
            stop_when_hopeless(r);
            key->text = "?";
        } else if (yaml_get(y, key->text)) {
            problem_at(r->p, r->file, key->line, key->col, "duplicate_key",
                       "\"%s\" appears twice: the first is at line %d", key->text,
                       yaml_get(y, key->text)->key_line);
            stop_when_hopeless(r);
        } else if (y->count >= KEYS_MAX) {
            problem_at(r->p, r->file, key->line, key->col, "too_large",
                       "a map of more than %d keys", KEYS_MAX);
            r->fatal = true;
        }
        child(r, y, &tail, &ev, key, depth);
    }
}

static void list(struct reader *r, struct yaml *y, int depth) {
    struct yaml **tail = &y->first;
    yaml_event_t ev;
    while (!r->fatal && next(r, &ev)) {
        if (ev.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&ev);
            return;
        }
        child(r, y, &tail, &ev, NULL, depth);
    }
}

// Takes the event.
static struct yaml *node(struct reader *r, yaml_event_t *ev, int depth) {
    struct yaml *y = arena_alloc(r->a, sizeof *y);
    if (++r->nodes > NODES_MAX && !r->fatal) {
        r->fatal = true;
        refuse(r, &ev->start_mark, "too_large", "more than 50,000 values");
    }
    y->file = r->file;
    y->line = (int)ev->start_mark.line + 1;
    y->col = (int)ev->start_mark.column + 1;
    if (depth > YAML_DEPTH_MAX) {
        refuse(r, &ev->start_mark, "too_deep", "nested deeper than 32 levels");
        r->fatal = true;
    }
    int type = ev->type;
    const unsigned char *anchor = NULL, *tag = NULL;
    switch (type) {
    case YAML_ALIAS_EVENT:
        refuse(r, &ev->start_mark, "alias",
               "aliases (*name) are not allowed: write the value again");
        break;
    case YAML_SCALAR_EVENT:
        anchor = ev->data.scalar.anchor, tag = ev->data.scalar.tag;
        y->text = arena_strndup(r->a, (char *)ev->data.scalar.value, ev->data.scalar.length);
        y->n = ev->data.scalar.length;
        y->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        if (!text_is_utf8(y->text, y->n))
            refuse(r, &ev->start_mark, "not_utf8", "holds a NUL or is not UTF-8");
        type_scalar(r, y, ev);
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = ev->data.mapping_start.anchor, tag = ev->data.mapping_start.tag;
        y->kind = YAML_MAP;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = ev->data.sequence_start.anchor, tag = ev->data.sequence_start.tag;
        y->kind = YAML_LIST;
        break;
    default: break;
    }
    if (anchor)
        refuse(r, &ev->start_mark, "anchor",
               "anchors (&name) are not allowed: write each value where it belongs");
    if (tag)
        refuse(r, &ev->start_mark, "tag",
               "tags (!name) are not allowed: the schema knows the type");
    yaml_event_delete(ev);
    if (r->fatal) return NULL;
    if (type == YAML_MAPPING_START_EVENT) map(r, y, depth);
    if (type == YAML_SEQUENCE_START_EVENT) list(r, y, depth);
    return y;
}

enum err yaml_parse(struct arena *a, const char *file, const char *text, size_t n,
                    struct yaml **out, struct problem *p) {
    unsigned before = p->count;
    struct reader r = {.a = a, .file = arena_strdup(a, file), .p = p, .input = text};
    if (n > YAML_SIZE_MAX) return problem_at(p, file, 1, 1, "too_large", "larger than 256 KiB");
    if (!yaml_parser_initialize(&r.parser)) return problem_set(p, ERR_NOMEM, NULL);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, n);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_event_t ev;
    struct yaml *root = NULL;
    for (bool end = false; !end && !r.fatal && next(&r, &ev);) {
        switch (ev.type) {
        case YAML_STREAM_END_EVENT: end = true; /* fall through */
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT: yaml_event_delete(&ev); break;
        case YAML_DOCUMENT_START_EVENT:
            if (root)
                refuse(&r, &ev.start_mark, "documents",
                       "one document a file: delete this --- and what follows, or make two files");
            r.fatal |= root != NULL;
            yaml_event_delete(&ev);
            break;
        default: root = node(&r, &ev, 1);
        }
    }
    yaml_parser_delete(&r.parser);
    if (!root) root = arena_alloc(a, sizeof *root), root->file = r.file, root->line = root->col = 1;
    *out = root;
    return p->count > before ? ERR_INVALID : ERR_OK;
}

enum err yaml_load(struct arena *a, const char *path, const char *shown_as, struct yaml **out,
                   struct problem *p) {
    char *text;
    size_t n;
    enum err e = fsio_read(a, path, YAML_SIZE_MAX, &text, &n, p);
    return e ? e : yaml_parse(a, shown_as, text, n, out, p);
}

struct yaml *yaml_get(const struct yaml *m, const char *key) {
    for (struct yaml *c = m && m->kind == YAML_MAP ? m->first : NULL; c; c = c->next)
        if (c->key && !strcmp(c->key, key)) return c;
    return NULL;
}

const char *yaml_str(const struct yaml *m, const char *key, const char *otherwise) {
    const struct yaml *y = yaml_get(m, key);
    return y && y->kind != YAML_MAP && y->kind != YAML_LIST && y->kind != YAML_NULL ? y->text
                                                                                    : otherwise;
}

void yaml_only(const struct yaml *m, struct problem *p, const char *const *keys) {
    size_t n = 0;
    while (keys[n]) n++;
    for (const struct yaml *c = m && m->kind == YAML_MAP ? m->first : NULL; c; c = c->next) {
        bool known = false;
        for (size_t i = 0; i < n; i++) known |= !strcmp(keys[i], c->key);
        if (known) continue;
        problem_at(p, c->file, c->key_line, c->key_col, "unknown_key", "there is no key \"%s\"%s",
                   c->key, text_instead(p->arena, c->key, keys, n, "here there are"));
    }
}

void yaml_to_json(const struct yaml *y, struct buf *b) {
    switch (y->kind) {
    case YAML_NULL: buf_puts(b, "null"); break;
    case YAML_BOOL: buf_puts(b, y->b ? "true" : "false"); break;
    case YAML_INT: buf_int(b, y->i); break;
    case YAML_FLOAT:
    case YAML_TEXT: json_text(b, y->text, y->n); break;
    case YAML_LIST:
        buf_putc(b, '[');
        for (const struct yaml *c = y->first; c; c = c->next) json_sep(b), yaml_to_json(c, b);
        buf_putc(b, ']');
        break;
    case YAML_MAP:
        buf_putc(b, '{');
        for (const struct yaml *c = y->first; c; c = c->next) {
            json_sep(b);
            json_text(b, c->key, strlen(c->key));
            buf_putc(b, ':');
            yaml_to_json(c, b);
        }
        buf_putc(b, '}');
        break;
    }
}
