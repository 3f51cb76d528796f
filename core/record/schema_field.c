// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// One declared field -> struct field, with every objection at the line that declared it.
#include "record/schema_build.h"
#include "campus/clock.h"
#include "campus/file.h"
#include "campus/limits.h"
#include "campus/mem.h"
#include "campus/text.h"

static const char *const TYPE_NAMES[FIELD_TYPES] = {
    "text",    "longtext", "integer",     "decimal", "money",     "date", "time", "datetime",
    "boolean", "choice",   "multichoice", "person",  "reference", "list", "file", "json"};
static const char *const CLASS_NAMES[] = {"public", "internal", "confidential", "secret"};

const char *field_type_name(enum field_type t) {
    return TYPE_NAMES[t];
}

bool field_type_is_number(enum field_type t) {
    return t == FIELD_INTEGER || t == FIELD_DECIMAL || t == FIELD_MONEY;
}

enum err build_at(struct build *b, const json_t *where, const char *word, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    const char *text = arena_vprintf(b->arena, fmt, ap);
    va_end(ap);
    int line = (int)json_integer_value(json_object_get(where, "line")), col = build_col(where);
    return problem_at(b->p, build_file(b, where), line, col, word, "%s", text);
}

int build_col(const json_t *j) {
    const json_t *col = json_object_get(j, "col");
    return col ? (int)json_integer_value(col) : 1;
}

bool build_name(struct build *b, const json_t *j, const char *what, const char *name) {
    if (name && text_is_name(name) && (b->input || !build_is_reserved(name))) return true;
    if (name && text_is_name(name))
        build_at(b, j, "name_reserved", "%s \"%s\": the core uses this name itself; take another",
                 what, name);
    else
        build_at(b, j, "name_invalid",
                 "%s \"%s\": a name is made of a-z, 0-9 and _, begins with a letter and has 48 "
                 "characters at most",
                 what, name ? name : "");
    return false;
}

const char *build_file(struct build *b, const json_t *j) {
    const char *file = json_string_value(json_object_get(j, "file"));
    return file ? arena_strdup(b->arena, file) : b->file;
}

struct title build_title(struct build *b, const json_t *j) {
    const json_t *t = json_object_get(j, "title");
    if (json_is_string(t)) {
        const char *s = arena_strdup(b->arena, json_string_value(t));
        return (struct title){s, s};
    }
    return (struct title){arena_strdup(b->arena, json_string_value(json_object_get(t, "zh"))),
                          arena_strdup(b->arena, json_string_value(json_object_get(t, "en")))};
}

const char *title_in(const struct title *t, enum lang lang, const char *otherwise) {
    const char *s = lang == LANG_ZH ? t->zh : t->en;
    if (!s) s = lang == LANG_ZH ? t->en : t->zh;
    return s ? s : otherwise;
}

static int find_word(const char *const *words, int n, const char *w) {
    for (int i = 0; w && i < n; i++)
        if (!strcmp(words[i], w)) return i;
    return -1;
}

static bool scaled(const json_t *j, int scale, int64_t *out) {
    if (json_is_string(j))
        return text_to_scaled(json_string_value(j), json_string_length(j), scale, out);
    char text[64];
    if (json_is_integer(j))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(j));
    else if (json_is_real(j))
        snprintf(text, sizeof text, "%.*f", scale, json_real_value(j));
    else
        return false;
    return text_to_scaled(text, strlen(text), scale, out);
}

static void build_choices(struct build *b, const json_t *j, struct field *f) {
    const json_t *list = json_object_get(j, "choices");
    if (!json_is_array(list) || !json_array_size(list)) {
        build_at(b, j, "choices_missing", "%s: a choice needs choices = { \"a\", \"b\" }", f->name);
        return;
    }
    struct choice *out = arena_alloc(b->arena, sizeof *out * json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *c = json_array_get(list, i);
        const char *name = json_is_string(c) ? json_string_value(c)
                                             : json_string_value(json_object_get(c, "name"));
        if (!name || !*name) {
            build_at(b, j, "choice_invalid",
                     "%s: choice %zu has no name: write \"a\" or { name = \"a\", title = … }",
                     f->name, i + 1);
            continue;
        }
        for (int k = 0; k < f->nchoices; k++)
            if (!strcmp(out[k].name, name))
                build_at(b, j, "duplicate", "%s: the choice \"%s\" is there twice", f->name, name);
        out[f->nchoices++] =
            (struct choice){arena_strdup(b->arena, name),
                            json_is_string(c) ? (struct title){0} : build_title(b, c)};
    }
    f->choices = out;
}

static void build_pattern(struct build *b, const json_t *j, struct field *f, const char *pattern) {
    f->pattern_text = arena_strdup(b->arena, pattern);
    f->pattern = arena_alloc(b->arena, sizeof *f->pattern);
    const char *anchored = arena_printf(b->arena, "^(%s)$", pattern);
    int why = regcomp(f->pattern, anchored, REG_EXTENDED | REG_NOSUB);
    if (why) {
        char text[128];
        regerror(why, f->pattern, text, sizeof text);
        f->pattern = NULL;
        build_at(b, j, "pattern_invalid", "%s: \"%s\" is not a POSIX extended pattern: %s", f->name,
                 pattern, text);
        return;
    }
    arena_defer(b->arena, (void (*)(void *))regfree, f->pattern);
}

// Whether a text default is one that the field itself would take.
static bool fits(const struct field *f, const char *s) {
    if (f->type == FIELD_DATE) return text_is_date(s, strlen(s));
    if (f->type == FIELD_CHOICE) return field_choice(f, s, strlen(s)) != NULL;
    return f->type == FIELD_TEXT || f->type == FIELD_LONGTEXT;
}

static void build_preset(struct build *b, const json_t *j, struct field *f) {
    const json_t *d = json_object_get(j, "default");
    if (!d) return;
    const char *s = json_string_value(d);
    if (s && s[0] == '$') {
        bool actor = !strcmp(s, "$actor") && (f->type == FIELD_PERSON || f->type == FIELD_TEXT);
        bool today = !strcmp(s, "$today") && f->type == FIELD_DATE;
        bool code = !strcmp(s, "$code") && f->type == FIELD_TEXT;
        if (!actor && !today && !code && (strcmp(s, "$now") || f->type != FIELD_DATETIME))
            build_at(b, j, "default_invalid",
                     "%s: the default %s does not suit the type %s: there are $actor (of a "
                     "person), $today (of a "
                     "date), $now (of a datetime) and $code (of a text)",
                     f->name, s, field_type_name(f->type));
        f->preset_var = arena_strdup(b->arena, s);
        return;
    }
    int64_t v;
    if (json_is_boolean(d) && f->type == FIELD_BOOLEAN)
        f->preset = value_bool(json_is_true(d));
    else if (field_type_is_number(f->type) && scaled(d, f->scale, &v))
        f->preset = value_int(v);
    else if (s && fits(f, s))
        f->preset = value_text(arena_strdup(b->arena, s));
    else
        build_at(b, j, "default_invalid", "%s: the default does not suit the type %s%s", f->name,
                 field_type_name(f->type),
                 f->type == FIELD_CHOICE    ? ": write one of its choices"
                 : f->type == FIELD_DATE    ? ": write \"2026-09-01\" or \"$today\""
                 : f->type == FIELD_BOOLEAN ? ": write true or false"
                                            : "");
}

static void build_range(struct build *b, const json_t *j, struct field *f) {
    const json_t *lo = json_object_get(j, "min"), *hi = json_object_get(j, "max");
    if (lo && !(f->has_min = scaled(lo, f->scale, &f->min)))
        build_at(b, j, "min_invalid", "%s: min is not a number with as many places as the field",
                 f->name);
    if (hi && !(f->has_max = scaled(hi, f->scale, &f->max)))
        build_at(b, j, "max_invalid", "%s: max is not a number with as many places as the field",
                 f->name);
    if (f->has_min && f->has_max && f->min > f->max)
        build_at(b, j, "range_empty", "%s: min is above max: nothing would fit", f->name);
    f->max_chars = f->type == FIELD_LONGTEXT ? LIMIT_LONG_TEXT_CHARS : LIMIT_TEXT_CHARS;
    const json_t *len = json_object_get(j, "max_length");
    if (!len) return;
    int most = f->max_chars;
    f->max_chars = (int)json_integer_value(len);
    if (f->max_chars < 1 || f->max_chars > most)
        build_at(b, j, "out_of_range", "%s: max_length of a %s is 1 to %d", f->name,
                 field_type_name(f->type), most);
}

static const char *sql_type(const struct field *f) {
    if (f->sealed) return "{bytes}";
    switch (f->type) {
    case FIELD_INTEGER:
    case FIELD_DECIMAL:
    case FIELD_MONEY:
    case FIELD_DATETIME:
    case FIELD_BOOLEAN: return "BIGINT";
    default: return "TEXT";
    }
}

static void build_file_field(struct build *b, const json_t *j, struct field *f) {
    const json_t *max = json_object_get(j, "max_bytes"), *types = json_object_get(j, "types");
    f->many = json_is_true(json_object_get(j, "many"));
    f->max_bytes = max ? json_integer_value(max) : LIMIT_UPLOAD_BYTES;
    if (f->max_bytes < 1 || f->max_bytes > LIMIT_UPLOAD_BYTES)
        build_at(b, j, "max_bytes_invalid", "%s: max_bytes is within 1 and %d", f->name,
                 LIMIT_UPLOAD_BYTES);
    f->file_types = arena_alloc(b->arena, sizeof *f->file_types * (json_array_size(types) + 1));
    for (size_t i = 0; i < json_array_size(types); i++) {
        const char *type = json_string_value(json_array_get(types, i));
        if (type && file_type_exists(type))
            f->file_types[f->nfile_types++] = arena_strdup(b->arena, type);
        else
            build_at(b, j, "file_type_unknown",
                     "%s: \"%s\" is none of pdf, png, jpeg, webp, xlsx, docx, ofd, zip, xml, csv, "
                     "txt",
                     f->name, type ? type : "");
    }
}

// Words are found in plain texts; what is masked as a name is one.
static void build_search(struct build *b, const json_t *j, struct field *f) {
    const json_t *s = json_object_get(j, "search");
    bool name = json_is_string(s) && !strcmp(json_string_value(s), "name");
    if (!s || json_is_false(s)) return;
    if (!name && !json_is_true(s))
        build_at(b, j, "search_invalid", "%s: search is true, or \"name\" to find it by pinyin",
                 f->name);
    else if (f->type != FIELD_TEXT && f->type != FIELD_LONGTEXT)
        build_at(b, j, "search_invalid", "%s: words are found in texts, not in a %s", f->name,
                 field_type_name(f->type));
    else if (f->sealed)
        build_at(b, j, "search_sealed",
                 "%s: what is sealed has no words to find; searchable = true finds it whole",
                 f->name);
    else
        f->search = name || (f->mask && !strcmp(f->mask, "name")) ? SEARCH_NAME : SEARCH_TEXT;
}

// A field of a list: it is kept with it.
static void build_line(struct build *b, const json_t *j, const struct field *f) {
    if (f->sealed && !b->input)
        build_at(b, j, "seal_invalid",
                 "%s: a field of a list is kept with it and cannot be sealed: make an entity of "
                 "the lines",
                 f->name);
    if (f->unique && f->type != FIELD_TEXT && f->type != FIELD_INTEGER && f->type != FIELD_DATE &&
        f->type != FIELD_CHOICE && f->type != FIELD_PERSON && f->type != FIELD_REFERENCE)
        build_at(b, j, "unique_invalid",
                 "%s: in a list a text, integer, date, choice, person or reference can be unique, "
                 "not a %s",
                 f->name, field_type_name(f->type));
    if (f->number)
        build_at(b, j, "number_invalid", "%s: a field of a list is not numbered", f->name);
}

bool build_field(struct build *b, const json_t *j, struct field *f) {
    const char *name = json_string_value(json_object_get(j, "name"));
    const char *type = json_string_value(json_object_get(j, "type"));
    *f = (struct field){.name = arena_strdup(b->arena, name ? name : "?"),
                        .file = build_file(b, j),
                        .line = (int)json_integer_value(json_object_get(j, "line")),
                        .col = build_col(j)};
    if (!build_name(b, j, "field", name)) return false;
    int t = find_word(TYPE_NAMES, FIELD_TYPES, type);
    if (t < 0) {
        build_at(b, j, "type_unknown", "%s: unknown type \"%s\"%s", f->name, type ? type : "",
                 text_instead(b->arena, type, TYPE_NAMES, FIELD_TYPES, "there are"));
        return false;
    }
    f->type = (enum field_type)t;
    f->title = build_title(b, j);
    f->required = json_is_true(json_object_get(j, "required"));
    f->unique = json_is_true(json_object_get(j, "unique"));
    f->searchable = json_is_true(json_object_get(j, "searchable"));
    f->personal = json_is_true(json_object_get(j, "personal"));
    f->derived = arena_strdup(b->arena, json_string_value(json_object_get(j, "derived")));
    f->number = arena_strdup(b->arena, json_string_value(json_object_get(j, "number")));
    f->readonly = f->derived || f->number || json_object_get(j, "weights") ||
                  json_is_true(json_object_get(j, "readonly"));
    f->scale = f->type == FIELD_MONEY ? 2 : f->type == FIELD_DECIMAL ? 2 : 0;
    const json_t *scale = json_object_get(j, "scale");
    if (scale && f->type == FIELD_DECIMAL) f->scale = (int)json_integer_value(scale);
    if (f->scale < 0 || f->scale > 6)
        build_at(b, j, "scale_invalid", "%s: scale is 0 to 6", f->name);
    const char *class = json_string_value(json_object_get(j, "class"));
    int c = class ? find_word(CLASS_NAMES, 4, class) : CLASS_INTERNAL;
    if (c < 0) {
        build_at(b, j, "class_unknown",
                 "%s: \"%s\" is none of public, internal, confidential, secret", f->name, class);
        c = CLASS_SECRET;
    }
    f->class = (enum field_class)c;
    // the id of a file tells nothing: what it leads to is sealed, and looked at for a purpose
    f->sealed = f->class >= CLASS_CONFIDENTIAL && f->type != FIELD_FILE;
    if (f->type == FIELD_FILE) build_file_field(b, j, f);
    if (f->type == FIELD_CHOICE || f->type == FIELD_MULTICHOICE) build_choices(b, j, f);
    const char *pattern = json_string_value(json_object_get(j, "pattern"));
    if (pattern) build_pattern(b, j, f, pattern);
    f->check = arena_strdup(b->arena, json_string_value(json_object_get(j, "check")));
    if (f->check && !text_check_exists(f->check))
        build_at(b, j, "check_unknown",
                 "%s: there is no check \"%s\": there are cn_id, mobile, uscc, invoice_no", f->name,
                 f->check);
    f->mask = arena_strdup(b->arena, json_string_value(json_object_get(j, "mask")));
    build_search(b, j, f);
    if (f->type == FIELD_PERSON) f->to = "core.people";
    if (f->type == FIELD_REFERENCE) {
        const char *to = json_string_value(json_object_get(j, "to"));
        if (!to)
            build_at(b, j, "reference_missing", "%s: a reference needs to = \"plugin.entity\"",
                     f->name);
        else
            f->to = strchr(to, '.') ? arena_strdup(b->arena, to)
                                    : arena_printf(b->arena, "%s.%s", b->plugin, to);
    }
    if (f->type == FIELD_LIST) {
        const json_t *lines = json_object_get(j, "fields");
        size_t n = json_array_size(lines);
        struct field *out = arena_alloc(b->arena, sizeof *out * (n + 1));
        for (size_t i = 0; i < n; i++)
            if (build_field(b, json_array_get(lines, i), &out[f->nlines])) {
                out[f->nlines].index = f->nlines;
                build_line(b, json_array_get(lines, i), &out[f->nlines++]);
            }
        f->lines = out;
        if (!n) build_at(b, j, "lines_missing", "%s: a list needs fields = { … }", f->name);
    }
    build_range(b, j, f);
    build_preset(b, j, f);
    if (f->number &&
        (!build_is_number(f->number) || f->derived || f->required || json_object_get(j, "default")))
        build_at(b, j, "number_invalid",
                 "%s: number is a text with {seq} or {seq:4}, and {year}, {month}, {day} where "
                 "wanted; it is given: derived, required and default are not for it",
                 f->name);
    if (f->sealed &&
        (f->type == FIELD_LIST || f->type == FIELD_REFERENCE || f->type == FIELD_PERSON))
        build_at(b, j, "seal_invalid", "%s: a %s cannot be sealed; seal the texts it leads to",
                 f->name, field_type_name(f->type));
    f->column = arena_printf(b->arena, "f_%s", f->name);
    f->sql_type = sql_type(f);
    return true;
}
