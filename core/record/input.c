// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What a client wants written, checked field by field: JSON bodies and spreadsheet cells end in the
// same struct input. Every objection is an item with a JSON pointer; none repeats a sealed value.
#include <sodium.h>
#include <stdlib.h>
#include "campus/limits.h"
#include "campus/mem.h"
#include "campus/store.h"
#include "campus/text.h"

struct check {
    struct arena *a;
    struct problem *p;
};

static bool object(struct check *c, const char *pointer, const char *word, const char *text,
                   const char *zh) {
    problem_say(c->p, ERR_INVALID, pointer, word, text, zh);
    return false;
}

static bool check_text(struct check *c, const struct field *f, const char *pointer, const char *s,
                       size_t n) {
    if (!text_is_utf8(s, n))
        return object(c, pointer, "not_utf8", "not valid UTF-8", "不是有效的 UTF-8 文本");
    if (text_length(s, n) > (size_t)f->max_chars)
        return object(c, pointer, "too_long",
                      arena_printf(c->a, "at most %d characters", f->max_chars),
                      arena_printf(c->a, "最多 %d 个字符", f->max_chars));
    if (f->pattern && regexec(f->pattern, arena_strndup(c->a, s, n), 0, NULL, 0))
        return object(c, pointer, "pattern", arena_printf(c->a, "must match %s", f->pattern_text),
                      arena_printf(c->a, "格式应为 %s", f->pattern_text));
    if (f->check && !text_check(f->check, s, n))
        return object(c, pointer, "check", arena_printf(c->a, "not a valid %s", f->check),
                      "号码校验不通过");
    return true;
}

static bool check_range(struct check *c, const struct field *f, const char *pointer, int64_t v) {
    if ((!f->has_min || v >= f->min) && (!f->has_max || v <= f->max)) return true;
    char lo[32] = "", hi[32] = "";
    if (f->has_min) text_from_scaled(lo, f->min, f->scale);
    if (f->has_max) text_from_scaled(hi, f->max, f->scale);
    return object(c, pointer, "out_of_range",
                  arena_printf(c->a, "must be within %s and %s", lo, hi),
                  arena_printf(c->a, "应在 %s 与 %s 之间", lo, hi));
}

static bool no_choice(struct check *c, const struct field *f, const char *pointer) {
    struct buf b;
    buf_init(&b, c->a);
    for (int i = 0; i < f->nchoices; i++) buf_printf(&b, "%s%s", i ? ", " : "", f->choices[i].name);
    return object(c, pointer, "choice", arena_printf(c->a, "must be one of %s", buf_str(&b)),
                  arena_printf(c->a, "只能是 %s 之一", buf_str(&b)));
}

static bool wrong_type(struct check *c, const struct field *f, const char *pointer) {
    return object(c, pointer, "type", arena_printf(c->a, "must be a %s", field_type_name(f->type)),
                  "类型不对");
}

// A scalar that comes as text (from JSON or a cell).
static bool from_text(struct check *c, const struct field *f, const char *pointer, const char *s,
                      size_t n, struct value *out) {
    int64_t v;
    if ((f->sealed || f->mask) && text_is_mask(s, n)) {
        problem_set(c->p, ERR_MASKED_VALUE, "%s holds a mask, not a value", f->name);
        return object(c, pointer, "masked_value", "this is the mask, not the value",
                      "这是遮盖后的值，请填写原值或不提交该字段");
    }
    switch (f->type) {
    case FIELD_TEXT:
    case FIELD_LONGTEXT:
        if (!check_text(c, f, pointer, s, n)) return false;
        *out = value_textn(s, n);
        return true;
    case FIELD_INTEGER:
    case FIELD_DECIMAL:
    case FIELD_MONEY:
        if (!text_to_scaled(s, n, f->scale, &v)) return wrong_type(c, f, pointer);
        if (!check_range(c, f, pointer, v)) return false;
        *out = value_int(v);
        return true;
    case FIELD_DATE:
        if (!text_is_date(s, n))
            return object(c, pointer, "date", "must be a date such as 2026-09-01",
                          "应为 2026-09-01 这样的日期");
        *out = value_textn(s, n);
        return true;
    case FIELD_TIME:
        if (n != 5 || s[2] != ':' || s[0] < '0' || s[0] > '2' || s[1] < '0' || s[1] > '9' ||
            atoi(s) > 23 || s[3] < '0' || s[3] > '5' || s[4] < '0' || s[4] > '9')
            return object(c, pointer, "time", "must be a time such as 08:30",
                          "应为 08:30 这样的时间");
        *out = value_textn(s, n);
        return true;
    case FIELD_DATETIME:
        if (!text_to_time(s, n, &v)) return wrong_type(c, f, pointer);
        *out = value_int(v);
        return true;
    case FIELD_CHOICE:
        if (!field_choice(f, s, n)) return no_choice(c, f, pointer);
        *out = value_textn(s, n);
        return true;
    case FIELD_PERSON:
    case FIELD_REFERENCE:
    case FIELD_FILE:
        if (!n || n > 64 || !text_is_utf8(s, n)) return wrong_type(c, f, pointer);
        *out = value_textn(s, n);
        return true;
    default: return wrong_type(c, f, pointer);
    }
}

static bool is_nothing(const json_t *j) { // what a form sends for a field left empty
    return !j || json_is_null(j) || (json_is_string(j) && !json_string_length(j));
}

static bool from_json(struct check *c, const struct field *f, const char *pointer, const json_t *j,
                      struct value *out);

static bool from_lines(struct check *c, const struct field *f, const char *pointer, const json_t *j,
                       struct value *out) {
    if (!json_is_array(j)) return wrong_type(c, f, pointer);
    bool ok = true;
    size_t i;
    json_t *line;
    json_array_foreach((json_t *)j, i, line) {
        const char *at = arena_printf(c->a, "%s/%zu", pointer, i);
        if (!json_is_object(line)) {
            ok = object(c, at, "type", "must be an object", "应为对象");
            continue;
        }
        const char *key;
        json_t *v;
        json_object_foreach(line, key, v) {
            const struct field *lf = NULL;
            for (int k = 0; k < f->nlines; k++)
                if (!strcmp(f->lines[k].name, key)) lf = &f->lines[k];
            const char *here = arena_printf(c->a, "%s/%s", at, key);
            struct value ignored;
            if (!lf)
                ok = object(c, here, "unknown_field", "there is no such field", "没有这个字段");
            else if (!json_is_null(v))
                ok &= from_json(c, lf, here, v, &ignored);
        }
        for (int k = 0; k < f->nlines; k++)
            if (f->lines[k].required && is_nothing(json_object_get(line, f->lines[k].name)))
                ok = object(c, arena_printf(c->a, "%s/%s", at, f->lines[k].name), "required",
                            "is required", "必填");
    }
    if (!ok) return false;
    struct buf b;
    buf_init(&b, c->a);
    json_dom(&b, j);
    *out = (struct value){.kind = VALUE_JSON, .p = b.data, .n = b.len};
    return true;
}

static bool from_json(struct check *c, const struct field *f, const char *pointer, const json_t *j,
                      struct value *out) {
    switch (f->type) {
    case FIELD_BOOLEAN:
        if (!json_is_boolean(j)) return wrong_type(c, f, pointer);
        *out = value_bool(json_is_true(j));
        return true;
    case FIELD_INTEGER:
        if (json_is_integer(j)) {
            if (!check_range(c, f, pointer, json_integer_value(j))) return false;
            *out = value_int(json_integer_value(j));
            return true;
        }
        break;
    case FIELD_DECIMAL:
    case FIELD_MONEY:
        if (json_is_integer(j)) {
            char text[32];
            int n = snprintf(text, sizeof text, "%lld", (long long)json_integer_value(j));
            return from_text(c, f, pointer, text, (size_t)n, out);
        }
        if (json_is_real(j))
            return object(c, pointer, "type", "write decimals as text, such as \"350.00\"",
                          "小数请写成文本，例如 \"350.00\"");
        break;
    case FIELD_MULTICHOICE: {
        if (!json_is_array(j)) return wrong_type(c, f, pointer);
        size_t i;
        json_t *one;
        json_array_foreach(
            (json_t *)j, i,
            one) if (!json_is_string(one) ||
                     !field_choice(f, json_string_value(one),
                                   json_string_length(one))) return no_choice(c, f, pointer);
    } /* fall through */
    case FIELD_JSON: {
        struct buf b;
        buf_init(&b, c->a);
        json_dom(&b, j);
        if (b.len > LIMIT_LONG_TEXT_CHARS)
            return object(c, pointer, "too_long", "too long", "过长");
        *out = (struct value){.kind = VALUE_JSON, .p = b.data, .n = b.len};
        return true;
    }
    case FIELD_FILE: {
        size_t i;
        json_t *one;
        struct value id;
        if (!f->many) break;
        if (!json_is_array(j)) return wrong_type(c, f, pointer);
        if (json_array_size(j) > LIMIT_FILES_OF_A_FIELD)
            return object(c, pointer, "too_long",
                          arena_printf(c->a, "at most %d files", LIMIT_FILES_OF_A_FIELD),
                          arena_printf(c->a, "最多 %d 个文件", LIMIT_FILES_OF_A_FIELD));
        json_array_foreach((json_t *)j, i, one) {
            const char *s = json_string_value(one);
            if (!s || !from_text(c, f, pointer, s, strlen(s), &id))
                return wrong_type(c, f, pointer);
        }
        struct buf b;
        buf_init(&b, c->a);
        json_dom(&b, j);
        *out = (struct value){.kind = VALUE_JSON, .p = b.data, .n = b.len};
        return true;
    }
    case FIELD_LIST: return from_lines(c, f, pointer, j, out);
    default: break;
    }
    if (!json_is_string(j)) return wrong_type(c, f, pointer);
    return from_text(c, f, pointer, json_string_value(j), json_string_length(j), out);
}

bool input_cell(struct arena *a, const struct field *f, const char *text, size_t n,
                const char *pointer, struct value *out, struct problem *p) {
    struct check c = {a, p};
    *out = value_null();
    if (!n) return true;
    if (f->many) return wrong_type(&c, f, pointer);
    if (f->type == FIELD_BOOLEAN) {
        static const char *const yes[] = {"true", "1", "是"}, *const no[] = {"false", "0", "否"};
        for (int i = 0; i < 3; i++) {
            if (strlen(yes[i]) == n && !memcmp(yes[i], text, n))
                return *out = value_bool(true), true;
            if (strlen(no[i]) == n && !memcmp(no[i], text, n))
                return *out = value_bool(false), true;
        }
    }
    if (f->type == FIELD_CHOICE) // spreadsheets carry titles as often as names
        for (int i = 0; i < f->nchoices; i++) {
            const struct choice *ch = &f->choices[i];
            if ((ch->title.zh && strlen(ch->title.zh) == n && !memcmp(ch->title.zh, text, n)) ||
                (ch->title.en && strlen(ch->title.en) == n && !memcmp(ch->title.en, text, n)))
                return *out = value_text(ch->name), true;
        }
    return from_text(&c, f, pointer, text, n, out);
}

// 80 random bits that people can read out: no I, L, O, U.
enum { CODE_LEN = 16 };
static const char *new_code(struct arena *a) {
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint8_t bytes[CODE_LEN];
    char *s = arena_alloc(a, CODE_LEN + 1);
    randombytes_buf(bytes, sizeof bytes);
    for (int i = 0; i < CODE_LEN; i++) s[i] = letters[bytes[i] & 31];
    s[CODE_LEN] = 0;
    return s;
}

static struct value preset(struct arena *a, const struct field *f, const char *actor, int64_t now,
                           const char *today) {
    if (!f->preset_var) return f->preset;
    if (!strcmp(f->preset_var, "$actor")) return value_text(arena_strdup(a, actor));
    if (!strcmp(f->preset_var, "$today")) return value_text(arena_strdup(a, today));
    if (!strcmp(f->preset_var, "$code")) return value_textn(new_code(a), CODE_LEN);
    return value_int(now);
}

void input_put(struct input *in, const struct field *f, struct value v) {
    in->values[f->index] = v;
    fieldset_add(&in->present, f->index);
}

struct value *input_over(struct arena *a, const struct entity *e, const struct value *before,
                         const struct input *in) {
    struct value *after = arena_alloc(a, sizeof *after * (size_t)(e->nfields + 1));
    for (int i = 0; i < e->nfields; i++)
        after[i] = in && fieldset_has(&in->present, i) ? in->values[i] : before[i];
    return after;
}

void input_presets(struct arena *a, const struct entity *e, const char *actor, int64_t now,
                   const char *today, const struct fieldset *skip, struct input *in,
                   struct problem *p) {
    struct check c = {a, p};
    for (int i = 0; i < e->nfields; i++) {
        const struct field *f = &e->fields[i];
        bool core_sets = f->readonly && !f->preset_var && value_is_null(&f->preset);
        if (fieldset_has(&in->present, i) || core_sets || fieldset_has(skip, i)) continue;
        in->values[i] = preset(a, f, actor, now, today);
        if (!value_is_null(&in->values[i]))
            fieldset_add(&in->present, i);
        else if (f->required)
            object(&c, arena_printf(a, "/%s", f->name), "required", "is required", "必填");
    }
}

enum err input_parse(struct arena *a, const struct entity *e, const json_t *body, bool creating,
                     const char *actor, int64_t now, const char *today, struct input *out,
                     struct problem *p) {
    struct check c = {a, p};
    unsigned before = p->count;
    *out = (struct input){.values = arena_alloc(a, sizeof(struct value) * (size_t)e->nfields)};
    if (!json_is_object(body)) return problem_set(p, ERR_INVALID, "the body must be a JSON object");
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)body, key, v) {
        const struct field *f = entity_field(e, key);
        const char *pointer = arena_printf(a, "/%s", key);
        if (!f) {
            size_t n;
            const char *const *names = entity_field_names(e, a, &n);
            const char *near = text_nearest(key, names, n);
            object(&c, pointer, "unknown_field",
                   near ? arena_printf(a, "there is no such field; did you mean %s", near)
                        : "there is no such field",
                   near ? arena_printf(a, "没有这个字段，是否想写 %s", near) : "没有这个字段");
            continue;
        }
        if (f->readonly) {
            object(&c, pointer, "readonly", "is computed and cannot be written",
                   "该字段由系统计算，不能填写");
            continue;
        }
        if (json_is_null(v) || (f->required && is_nothing(v))) {
            if (f->required) object(&c, pointer, "required", "is required", "必填");
        } else if (!from_json(&c, f, pointer, v, &out->values[f->index]))
            continue;
        fieldset_add(&out->present, f->index);
    }
    struct fieldset wrong = {0}; // named, but with an error of its own already
    for (int i = 0; i < e->nfields; i++)
        if (!fieldset_has(&out->present, i) && json_object_get(body, e->fields[i].name))
            fieldset_add(&wrong, i);
    if (creating) input_presets(a, e, actor, now, today, &wrong, out, p);
    return p->count > before ? (p->code ? p->code : ERR_INVALID) : ERR_OK;
}
