// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Templates: parsed once a release, filled in once a document.
//
// {{name}} a field of the record, {{plan.major}} a field of the record that a reference leads to,
// {{lines}} … no: {{#lines}}…{{/lines}} once a line, {{amount}} in it a column of the line;
// {{#boards}}…{{/boards}} where a field is filled and not false, {{^boards}}…{{/boards}} where it
// is not; {{policy.notice.place}}; {{document.number}}, .title, .date; {{school.name}};
// {{#approvals}}{{step}} {{name}} {{at}} {{note}}{{/approvals}} once a signature or return.
#include "campus/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "campus/json.h"
#include "campus/markup.h"
#include "campus/mem.h"
#include "campus/text.h"

enum piece_kind { PIECE_RAW, PIECE_VALUE, PIECE_OPEN, PIECE_CLOSE };
enum source { FROM_RECORD, FROM_LINE, FROM_REFERENCE, FROM_POLICY, FROM_DOCUMENT, FROM_TRAIL };
struct piece {
    enum piece_kind kind;
    enum source source;
    bool inverted;
    const char *text; // raw; the policy's path; the document's word
    size_t n;
    const struct field *field, *through;
    int end; // of an opened section: its close
};
struct template {
    struct piece *pieces;
    int n;
    struct fieldset reads;
    uint64_t expand;
    bool trail;
};
static const struct field SIGNATURE[] = {{.name = "step", .type = FIELD_TEXT},
                                         {.name = "name", .type = FIELD_TEXT},
                                         {.name = "at", .type = FIELD_DATETIME},
                                         {.name = "note", .type = FIELD_TEXT}};
static const struct field TRAIL = {
    .name = "approvals", .type = FIELD_LIST, .lines = SIGNATURE, .nlines = 4};

enum { DEPTH_MAX = 16 };
struct open { // an element or a section that is not closed yet
    bool section;
    enum markup_tag tag;
    const char *name;
    size_t name_n;
    const char *at;
    int piece;
    const struct field *lines; // of a section over a list
};
struct parse {
    struct arena *a;
    struct problem *p;
    const char *path, *text;
    const struct document_decl *d;
    const json_t *policy;
    struct template *t;
    int cap;
    struct open open[DEPTH_MAX];
    int depth;
};

static void wrong(struct parse *s, const char *at, const char *word, const char *fmt, ...) {
    int line = 1, col = 1;
    for (const char *c = s->text; c < at; c++)
        if (*c == '\n')
            line++, col = 1;
        else if ((*c & 0xc0) != 0x80)
            col++;
    va_list ap;
    va_start(ap, fmt);
    const char *text = arena_vprintf(s->a, fmt, ap);
    va_end(ap);
    problem_at(s->p, s->path, line, col, word, "%s", text);
}

static struct piece *add(struct parse *s, enum piece_kind kind) {
    struct template *t = s->t;
    if (!t->pieces || t->n == s->cap) {
        int cap = s->cap ? 2 * s->cap : 64;
        struct piece *more = arena_alloc(s->a, sizeof *more * (size_t)cap);
        if (t->pieces) memcpy(more, t->pieces, sizeof *more * (size_t)t->n);
        t->pieces = more;
        s->cap = cap;
    }
    struct piece *p = &t->pieces[t->n++];
    *p = (struct piece){.kind = kind};
    return p;
}

static void add_raw(struct parse *s, const char *p, size_t n) {
    struct piece *last = s->t->n ? &s->t->pieces[s->t->n - 1] : NULL;
    if (last && last->kind == PIECE_RAW && last->text + last->n == p)
        last->n += n;
    else
        last = add(s, PIECE_RAW), last->text = p, last->n = n;
}

static bool can_stand(enum field_type t) {
    return t != FIELD_PERSON && t != FIELD_REFERENCE && t != FIELD_LIST && t != FIELD_FILE &&
           t != FIELD_JSON;
}

static const struct field *line_field(const struct field *list, const char *name) {
    for (int i = 0; i < list->nlines; i++)
        if (!strcmp(list->lines[i].name, name)) return &list->lines[i];
    return NULL;
}

static const json_t *policy_at_path(const json_t *policy, char *path) {
    for (char *part; policy && (part = strsep(&path, "."));) policy = json_object_get(policy, part);
    return policy;
}

static void unknown(struct parse *s, const char *at, const struct entity *e, const char *name) {
    size_t n;
    const char *const *names = entity_field_names(e, s->a, &n);
    wrong(s, at, "field_unknown", "%s has no field \"%s\"%s", e->full, name,
          text_instead(s->a, name, names, n, "it has"));
}

// What a name means where it stands.
static bool resolve(struct parse *s, const char *at, const char *name, struct piece *out) {
    const char *dot = strchr(name, '.');
    const struct entity *e = s->d->entity;
    for (int i = s->depth; !dot && i-- > 0;) {
        const struct field *f =
            s->open[i].section && s->open[i].lines ? line_field(s->open[i].lines, name) : NULL;
        if (f) return out->source = FROM_LINE, out->field = f, true;
    }
    if (!strncmp(name, "policy.", 7)) {
        const json_t *v = policy_at_path(s->policy, arena_strdup(s->a, name + 7));
        if (!v || json_is_object(v) || json_is_array(v))
            return wrong(s, at, "policy_unknown", "the policy has no value \"%s\"", name + 7),
                   false;
        out->source = FROM_POLICY, out->text = name + 7;
        return true;
    }
    if (!strncmp(name, "document.", 9) || !strncmp(name, "school.", 7)) {
        static const char *const words[] = {"document.number", "document.title", "document.date",
                                            "school.name"};
        for (int i = 0; i < 4; i++)
            if (!strcmp(words[i], name))
                return out->source = FROM_DOCUMENT, out->text = words[i], true;
        wrong(s, at, "field_unknown", "there is no \"%s\"%s", name,
              text_instead(s->a, name, words, 4, "there are"));
        return false;
    }
    for (int i = 0; !strcmp(name, "approvals") && !entity_field(e, name) && e->workflow &&
                    i < e->workflow->ntransitions;
         i++)
        if (e->workflow->transitions[i].approvals)
            return s->t->trail = true, out->source = FROM_TRAIL, out->field = &TRAIL, true;
    const char *head = dot ? arena_strndup(s->a, name, (size_t)(dot - name)) : name;
    const struct field *f = entity_field(e, head);
    if (!f) return unknown(s, at, e, head), false;
    fieldset_add(&s->t->reads, f->index);
    if (!dot) return out->source = FROM_RECORD, out->field = f, true;
    if (!f->target || f->index >= 64)
        return wrong(s, at, "not_a_reference", "%s is no reference to another record", head), false;
    out->through = f;
    out->field = entity_field(f->target, dot + 1);
    if (!out->field) return unknown(s, at, f->target, dot + 1), false;
    if (out->field->sealed)
        return wrong(s, at, "sealed",
                     "%s is sealed: a document shows only what is sealed in its own record", name),
               false;
    s->t->expand |= UINT64_C(1) << f->index;
    out->source = FROM_REFERENCE;
    return true;
}

static void section(struct parse *s, const char *at, const char *name, bool inverted) {
    struct piece found = {0};
    bool ok = resolve(s, at, name, &found);
    if (s->depth == DEPTH_MAX) {
        wrong(s, at, "too_deep", "more than %d levels", DEPTH_MAX);
        return;
    }
    const struct field *f = ok ? found.field : NULL;
    struct piece *p = add(s, PIECE_OPEN);
    int index = s->t->n - 1;
    *p = found;
    p->kind = PIECE_OPEN;
    p->inverted = inverted;
    p->end = index;
    s->open[s->depth++] =
        (struct open){.section = true,
                      .name = name,
                      .name_n = strlen(name),
                      .at = at,
                      .piece = index,
                      .lines = f && f->type == FIELD_LIST && !inverted ? f : NULL};
}

static void close_section(struct parse *s, const char *at, const char *name) {
    struct open *o = s->depth ? &s->open[s->depth - 1] : NULL;
    if (!o || !o->section || strcmp(o->name, name)) {
        wrong(s, at, "unbalanced",
              o ? "{{/%s}} closes nothing here: %s%s%s is open"
                : "{{/%s}} closes nothing here%s%s%s",
              name, o ? (o->section ? "{{#" : "<") : "",
              o ? (o->section ? o->name : markup_name(o->tag)) : "",
              o ? (o->section ? "}}" : ">") : "");
        return;
    }
    s->t->pieces[o->piece].end = s->t->n;
    add(s, PIECE_CLOSE);
    s->depth--;
}

// The element that what stands here is in; MARKUP_TAGS: none.
static enum markup_tag outer_tag(const struct parse *s) {
    for (int i = s->depth; i-- > 0;)
        if (!s->open[i].section) return s->open[i].tag;
    return MARKUP_TAGS;
}

static void want_text_place(struct parse *s, const char *at) {
    if (!markup_may_hold(outer_tag(s), MARKUP_B))
        wrong(s, at, "text", "text stands in a paragraph, a heading or a cell: <p>…</p>");
}

static const char *mustache(struct parse *s, const char *at, const char *end) {
    const char *close = memmem(at, (size_t)(end - at), "}}", 2);
    if (!close) {
        wrong(s, at, "unclosed", "{{ is not closed by }}");
        return end;
    }
    const char *from = at + 2, *to = close;
    while (from < to && *from == ' ') from++;
    while (to > from && to[-1] == ' ') to--;
    char mark = from < to && strchr("#^/!&{>", *from) ? *from++ : 0;
    while (mark && from < to && *from == ' ') from++;
    const char *name = arena_strndup(s->a, from, (size_t)(to - from));
    if (mark == '!') return close + 2;
    if (mark == '&' || mark == '{' || mark == '>')
        wrong(s, at, "mustache", "{{%c is not taken: every value is escaped, nothing is included",
              mark);
    else if (mark == '/')
        close_section(s, at, name);
    else if (mark)
        section(s, at, name, mark == '^');
    else {
        struct piece found = {0};
        want_text_place(s, at);
        if (resolve(s, at, name, &found)) {
            if (found.field && !can_stand(found.field->type))
                wrong(s, at, "template_type", "a %s is not shown as a text%s",
                      field_type_name(found.field->type),
                      found.field->type == FIELD_LIST        ? ": write {{#…}} around its columns"
                      : found.field->type == FIELD_REFERENCE ? ": name a field of what it leads to"
                                                             : "");
            struct piece *p = add(s, PIECE_VALUE);
            *p = found;
            p->kind = PIECE_VALUE;
        }
    }
    return close + 2;
}

// Texts of the record that the code says; what is sealed stays out of it.
static void read_qr(struct parse *s, const char *at) {
    static const char *const own[] = {"year", "month", "day", "number", "id", "address", "link"};
    for (const char *w = s->d->qr; (w = strchr(w, '{')); w++) {
        const char *name = arena_strndup(s->a, w + 1, strcspn(w + 1, "}"));
        const struct field *f = entity_field(s->d->entity, name);
        bool known = false;
        for (int i = 0; i < 7; i++) known |= !strcmp(name, own[i]);
        if (known) continue;
        if (f && f->type == FIELD_TEXT && !f->sealed)
            fieldset_add(&s->t->reads, f->index);
        else
            wrong(s, at, "qr_unknown", "qr: {%s} is no text of %s", name, s->d->entity->full);
    }
}

static void element(struct parse *s, const struct markup_token *t) {
    struct open *o = s->depth ? &s->open[s->depth - 1] : NULL;
    enum markup_tag outer = outer_tag(s);
    const char *name = markup_name(t->tag);
    if (t->kind == MARKUP_CLOSE) {
        if (o && !o->section && o->tag == t->tag)
            s->depth--;
        else
            wrong(s, t->p, "unbalanced", "</%s> closes nothing here", name);
        return;
    }
    if (!markup_may_hold(outer, t->tag))
        wrong(s, t->p, "nesting", "<%s> may not stand %s%s%s", name,
              outer == MARKUP_TAGS ? "by itself" : "in <",
              outer == MARKUP_TAGS ? "" : markup_name(outer), outer == MARKUP_TAGS ? "" : ">");
    if (t->tag == MARKUP_QR && !s->d->qr)
        wrong(s, t->p, "qr_missing", "<qr/> needs qr = \"…\" in the document");
    if (t->tag == MARKUP_QR && s->d->qr) read_qr(s, t->p);
    if (t->tag == MARKUP_SEAL && !title_in(&s->d->seal, LANG_ZH, NULL))
        wrong(s, t->p, "seal_missing", "<seal/> needs seal = \"…\" in the document");
    if (t->kind == MARKUP_EMPTY) return;
    if (s->depth == DEPTH_MAX)
        wrong(s, t->p, "too_deep", "more than %d levels", DEPTH_MAX);
    else
        s->open[s->depth++] = (struct open){.tag = t->tag, .at = t->p, .name = name};
}

enum err template_parse(struct arena *a, const char *path, const char *text, size_t n,
                        const struct document_decl *d, const struct policy *policy,
                        struct template **out, struct problem *p) {
    struct template *t = *out = arena_alloc(a, sizeof *t);
    struct parse s = {.a = a, .p = p, .path = path, .text = text, .d = d, .t = t};
    unsigned before = p->count;
    const struct policy_revision *rev = policy ? policy_nth((struct policy *)policy, 0) : NULL;
    json_t *values = NULL;
    if (rev && json_parse(a, rev->json, rev->json_n, &values, NULL)) values = NULL;
    s.policy = values;
    const char *at = text, *end = text + n;
    if (!text_is_utf8(text, n)) wrong(&s, text, "not_utf8", "not valid UTF-8");
    while (at < end && p->count == before) {
        const char *from = at;
        if (end - at >= 2 && !memcmp(at, "{{", 2)) {
            at = mustache(&s, at, end);
            continue;
        }
        struct markup_token tok = markup_next(&at, end);
        if (tok.kind == MARKUP_WRONG) {
            wrong(&s, tok.p, tok.wrong,
                  !strcmp(tok.wrong, "tag")
                      ? "this is no tag that documents have: h1 h2 h3 p b i br hr "
                        "table tr td qr seal page header footer"
                  : !strcmp(tok.wrong, "attribute") ? "this attribute is not taken here"
                  : !strcmp(tok.wrong, "empty")     ? "this tag needs a content and an end"
                                                    : "write &amp; for &, &lt; for <, &gt; for >");
            break;
        }
        if (tok.kind == MARKUP_TEXT) {
            bool blank = true;
            for (size_t i = 0; i < tok.n; i++) blank &= strchr(" \t\r\n", tok.p[i]) != NULL;
            if (!blank) want_text_place(&s, tok.p);
        } else if (tok.kind != MARKUP_END)
            element(&s, &tok);
        add_raw(&s, from, (size_t)(at - from));
    }
    // of what is not closed, the innermost tells most
    if (p->count == before && s.depth) {
        struct open *o = &s.open[s.depth - 1];
        wrong(&s, o->at, "unclosed",
              o->section ? "{{#%s}} is not closed: {{/%s}}" : "<%s> is not closed: </%s>", o->name,
              o->name);
    }
    return p->count > before ? ERR_INVALID : ERR_OK;
}

const struct fieldset *template_reads(const struct template *t, uint64_t *expand) {
    if (expand) *expand = t->expand;
    return &t->reads;
}

bool template_has_trail(const struct template *t) {
    return t->trail;
}

// Filling in

static void put_text(struct buf *out, const char *s, size_t n) {
    for (size_t i = 0; i < n; i++) switch (s[i]) {
        case '&': buf_puts(out, "&amp;"); break;
        case '<': buf_puts(out, "&lt;"); break;
        case '>': buf_puts(out, "&gt;"); break;
        case '{': buf_puts(out, i + 1 < n && s[i + 1] == '{' ? "{&#160;" : "{"); break;
        case '\n': buf_puts(out, "<br/>"); break;
        default:
            if ((unsigned char)s[i] >= 0x20) buf_putc(out, s[i]);
        }
}

static void put_date(struct buf *out, const char *s, enum lang lang) {
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    int y = atoi(s), m = atoi(s + 5), d = atoi(s + 8);
    if (lang == LANG_ZH)
        buf_printf(out, "%d年%d月%d日", y, m, d);
    else
        buf_printf(out, "%d %s %d", d, months[m >= 1 && m <= 12 ? m - 1 : 0], y);
}

static const char *choice_title(const struct field *f, const char *name, enum lang lang) {
    const struct choice *c = field_choice(f, name, strlen(name));
    return c ? title_in(&c->title, lang, name) : name;
}

static void put_value(const struct template_values *v, const struct field *f, const json_t *j,
                      struct buf *out) {
    const char *s = json_string_value(j);
    int64_t ms;
    const json_t *one;
    size_t i;
    if (!j || json_is_null(j)) return;
    if (f && f->type == FIELD_DATE && s && text_is_date(s, strlen(s)))
        put_date(out, s, v->lang);
    else if (f && f->type == FIELD_DATETIME && s && text_to_time(s, strlen(s), &ms)) {
        char day[11];
        int64_t local = ms + (v->tz ? (int64_t)tz_offset_s(v->tz, ms) * 1000 : 0);
        int64_t minutes = local / 60000 % 1440;
        tz_date(v->tz, ms, day);
        put_date(out, day, v->lang);
        buf_printf(out, " %02d:%02d", (int)(minutes / 60), (int)(minutes % 60));
    } else if (f && f->type == FIELD_CHOICE && s) {
        s = choice_title(f, s, v->lang);
        put_text(out, s, strlen(s));
    } else if (f && f->type == FIELD_MULTICHOICE) {
        json_array_foreach((json_t *)j, i, one) {
            s = choice_title(f, json_is_string(one) ? json_string_value(one) : "", v->lang);
            if (i) buf_puts(out, v->lang == LANG_ZH ? "、" : ", ");
            put_text(out, s, strlen(s));
        }
    } else if (json_is_boolean(j))
        buf_puts(out, v->lang == LANG_ZH ? json_is_true(j) ? "是" : "否"
                      : json_is_true(j)  ? "yes"
                                         : "no");
    else if (s)
        put_text(out, s, json_string_length(j));
    else if (json_is_integer(j))
        buf_int(out, json_integer_value(j));
    else if (json_is_real(j))
        buf_printf(out, "%g", json_real_value(j));
}

static const json_t *value_of(const struct piece *p, const struct template_values *v,
                              const json_t *line) {
    char path[256];
    switch (p->source) {
    case FROM_RECORD: return json_object_get(v->record, p->field->name);
    case FROM_TRAIL: return json_object_get(v->record, "_approvals");
    case FROM_LINE: return json_object_get(line, p->field->name);
    case FROM_REFERENCE:
        return json_object_get(json_object_get(v->record, p->through->name), p->field->name);
    case FROM_POLICY:
        snprintf(path, sizeof path, "%s", p->text);
        return policy_at_path(v->policy, path);
    default: return NULL;
    }
}

static void put_of_document(const struct template_values *v, const char *word, struct buf *out) {
    const char *s = !strcmp(word, "document.number")  ? v->number
                    : !strcmp(word, "document.title") ? v->title
                    : !strcmp(word, "school.name")    ? v->school
                                                      : NULL;
    if (s)
        put_text(out, s, strlen(s));
    else if (!strcmp(word, "document.date"))
        put_date(out, v->today, v->lang);
}

static bool is_there(const json_t *j) {
    if (!j || json_is_null(j) || json_is_false(j)) return false;
    if (json_is_string(j)) return json_string_length(j) > 0;
    return !json_is_array(j) || json_array_size(j);
}

static void fill(const struct template *t, int from, int to, const struct template_values *v,
                 const json_t *line, struct buf *out) {
    for (int i = from; i < to; i++) {
        const struct piece *p = &t->pieces[i];
        if (p->kind == PIECE_RAW) buf_put(out, p->text, p->n);
        if (p->kind == PIECE_VALUE && p->source == FROM_DOCUMENT)
            put_of_document(v, p->text, out);
        else if (p->kind == PIECE_VALUE)
            put_value(v, p->field, value_of(p, v, line), out);
        if (p->kind != PIECE_OPEN) continue;
        const json_t *j = p->source == FROM_DOCUMENT ? NULL : value_of(p, v, line), *one;
        size_t k;
        bool there = p->source == FROM_DOCUMENT || is_there(j);
        if (there != p->inverted) {
            if (p->field && p->field->type == FIELD_LIST && !p->inverted) {
                json_array_foreach((json_t *)j, k, one) fill(t, i + 1, p->end, v, one, out);
            } else
                fill(t, i + 1, p->end, v, line, out);
        }
        i = p->end;
    }
}

void template_fill(const struct template *t, const struct template_values *v, struct buf *out) {
    fill(t, 0, t->n, v, NULL, out);
}

static const char *text_of(const json_t *record, const char *w, size_t n) {
    char name[64];
    memcpy(name, w, n);
    name[n] = 0;
    return json_string_value(json_object_get(record, name));
}

void template_number(const char *s, const char *today, int64_t seq,
                     const struct template_names *names, struct buf *out) {
    for (; *s; s++) {
        size_t n = *s == '{' ? strcspn(s + 1, "}") : 0;
        const char *w = s + 1, *text;
        if (n == 4 && !memcmp(w, "year", 4))
            buf_put(out, today, 4);
        else if (n == 5 && !memcmp(w, "month", 5))
            buf_put(out, today + 5, 2);
        else if (n == 3 && !memcmp(w, "day", 3))
            buf_put(out, today + 8, 2);
        else if (n == 6 && !memcmp(w, "number", 6) && names)
            buf_puts(out, names->number);
        else if (n == 2 && !memcmp(w, "id", 2) && names)
            buf_puts(out, names->id);
        else if (n == 4 && !memcmp(w, "link", 4) && names)
            buf_printf(out, "%s/desk/#/d/%s", names->address, names->id);
        else if (n == 7 && !memcmp(w, "address", 7) && names)
            buf_puts(out, names->address);
        else if (names && n < 64 && (text = text_of(names->record, w, n)))
            buf_puts(out, text);
        else if (n >= 3 && n <= 6 && !memcmp(w, "seq", 3))
            buf_printf(out, "%0*lld", n > 4 ? atoi(w + 4) : 1, (long long)seq);
        else {
            buf_putc(out, *s);
            continue;
        }
        s += n + 1;
    }
}
