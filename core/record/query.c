// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Query parameters -> one page request. Values are typed by their field, so that what reaches SQL
// is what the column holds; sealed fields are found by equality only and never order anything.
#include "campus/query.h"

#include <sodium.h>
#include <stdlib.h>
#include "campus/clock.h"
#include "campus/limits.h"
#include "campus/mem.h"
#include "campus/search.h"
#include "campus/text.h"
#include "record/query_internal.h"
#include "record/store_sql.h"

enum { LIMIT_DEFAULT = 50 };
struct parse {
    struct arena *a;
    struct problem *p;
    const struct entity *e;
    struct query *q;
    struct buf shape; // what the cursor is bound to, length-prefixed
    int filters;
    const char *cursor;
};

static bool wrong(struct parse *s, const char *name, const char *word, const char *en,
                  const char *zh) {
    problem_say(s->p, ERR_INVALID, arena_printf(s->a, "/%s", name), word, en, zh);
    return false;
}

static const char *const SYSTEM[] = {"id", "state", "created_at", "created_by", "updated_at"};
static const char *const WORDS[] = {"sort",   "limit",   "cursor", "fields", "total",  "expand",
                                    "reveal", "purpose", "format", "q",      "between"};
enum { WORD_FIELDS = 3, WORD_EXPAND = 5, WORD_PURPOSE = 7, WORD_FORMAT, WORD_Q, WORD_BETWEEN };
enum { NSYSTEM = sizeof SYSTEM / sizeof *SYSTEM, NWORDS = sizeof WORDS / sizeof *WORDS };

static void unknown(struct parse *s, const char *pointer, const char *name, bool parameter) {
    size_t n;
    const char *const *fields = entity_field_names(s->e, s->a, &n);
    const char **all = arena_alloc(s->a, sizeof *all * (n + NSYSTEM + NWORDS));
    memcpy(all, fields, n * sizeof *all);
    memcpy(all + n, SYSTEM, sizeof SYSTEM);
    memcpy(all + n + NSYSTEM, WORDS, sizeof WORDS);
    const char *near = text_nearest(name, all, n + NSYSTEM + (parameter ? NWORDS : 0));
    wrong(s, pointer, "unknown_field",
          near ? arena_printf(s->a, "there is no such field; did you mean %s", near)
               : "there is no such field",
          near ? arena_printf(s->a, "没有这个字段，是否想写 %s", near) : "没有这个字段");
}

// One value as its column holds it.
static bool typed(struct parse *s, const char *name, int column, const char *t, size_t n,
                  struct value *out) {
    const struct field *f = column >= 0 ? &s->e->fields[column] : NULL;
    enum field_type type = query_column_type(s->e, column);
    int scale = f ? f->scale : 0;
    int64_t v;
    const char *want = field_type_name(type);
    if (!text_is_utf8(t, n))
        return wrong(s, name, "not_utf8", "not valid UTF-8", "不是有效的 UTF-8 文本");
    *out = value_textn(t, n);
    switch (type) {
    case FIELD_INTEGER:
    case FIELD_DECIMAL:
    case FIELD_MONEY:
        if (!text_to_scaled(t, n, scale, &v)) break;
        *out = value_int(v);
        return true;
    case FIELD_DATETIME:
        want = "time such as 2026-09-01T08:00:00+08:00";
        if (!text_to_time(t, n, &v)) break;
        *out = value_int(v);
        return true;
    case FIELD_DATE:
        want = "date such as 2026-09-01";
        if (!text_is_date(t, n)) break;
        return true;
    case FIELD_BOOLEAN:
        want = "true or false";
        if (n == 4 && !memcmp(t, "true", 4)) return *out = value_bool(true), true;
        if (n == 5 && !memcmp(t, "false", 5)) return *out = value_bool(false), true;
        break;
    case FIELD_CHOICE:
    case FIELD_MULTICHOICE:
        if (f && field_choice(f, t, n)) return true;
        want = "one of the field's choices";
        break;
    default:
        if (column != COLUMN_STATE || entity_state(s->e, arena_strndup(s->a, t, n)) >= 0)
            return true;
        want = "state of the workflow";
    }
    return wrong(s, name, "type", arena_printf(s->a, "must be a %s", want), "值与字段类型不符");
}

static const struct {
    const char *name;
    enum cond_op op;
    bool negated;
} OPERATORS[] = {{"eq", COND_EQ, false},  {"ne", COND_EQ, true},    {"lt", COND_LT, false},
                 {"lte", COND_LE, false}, {"gt", COND_GT, false},   {"gte", COND_GE, false},
                 {"in", COND_IN, false},  {"has", COND_HAS, false}, {"empty", COND_EMPTY, false}};
enum { NOPERATORS = sizeof OPERATORS / sizeof *OPERATORS };

static bool bad_operator(struct parse *s, const char *name, const char *op) {
    const char *names[NOPERATORS + 1];
    for (int i = 0; i < NOPERATORS; i++) names[i] = OPERATORS[i].name;
    names[NOPERATORS] = "last4";
    const char *near = text_nearest(op, names, NOPERATORS + 1);
    return wrong(s, name, "unknown_operator",
                 near ? arena_printf(s->a, "there is no such operator here; did you mean %s", near)
                      : "this field has no such operator",
                 near ? arena_printf(s->a, "没有这个运算符，是否想写 %s", near)
                      : "该字段没有这个运算符");
}

static bool sealed_filter(struct parse *s, const char *name, const struct field *f, const char *op,
                          const char *value) {
    struct page *pg = &s->q->page;
    bool last4 = !strcmp(op, "last4");
    bool indexed = last4 ? store_has_last4(f) : f->unique || f->searchable;
    if (!indexed || (!last4 && strcmp(op, "eq")))
        return wrong(s, name, "sealed",
                     "a protected field is found by equality only, where it is searchable",
                     "受保护字段只能按相等查找，且须允许检索");
    if (pg->blind_field >= 0)
        return wrong(s, name, "sealed", "only one protected field can be searched at a time",
                     "一次只能检索一个受保护字段");
    if (last4 && strlen(value) != 4)
        return wrong(s, name, "type", "must be the last four characters", "应为最后四位");
    if (last4)
        pg->blind = value_text(value);
    else if (!typed(s, name, f->index, value, strlen(value), &pg->blind))
        return false;
    pg->blind_field = f->index;
    pg->blind_last4 = last4;
    return true;
}

// Calls one for each part of "a,b,c"; a single empty text has no part.
static void split(struct parse *s, const char *list,
                  bool (*one)(struct parse *s, const char *t, size_t n, void *self), void *self) {
    for (const char *t = list; *list;) {
        size_t n = strcspn(t, ",");
        if (!one(s, t, n, self) || !t[n]) return;
        t += n + 1;
    }
}

struct values {
    const char *name;
    int column, n;
    struct value v[LIMIT_FILTER_VALUES];
};

static bool in_value(struct parse *s, const char *t, size_t n, void *self) {
    struct values *vs = self;
    if (vs->n == LIMIT_FILTER_VALUES)
        return wrong(s, vs->name, "too_many",
                     arena_printf(s->a, "at most %d values", LIMIT_FILTER_VALUES), "取值过多");
    return typed(s, vs->name, vs->column, t, n, &vs->v[vs->n++]);
}

static bool true_or_not(struct parse *s, const char *name, const char *value, struct cond *c,
                        const struct cond **out) {
    bool yes = !strcmp(value, "true");
    if (!yes && strcmp(value, "false"))
        return wrong(s, name, "type", "must be true or false", "应为 true 或 false");
    *out = yes ? c : cond_not(s->a, c);
    return true;
}

static bool plain_filter(struct parse *s, const char *name, int column, const char *op,
                         const char *value, const struct cond **out) {
    enum field_type type = query_column_type(s->e, column);
    bool opaque = type == FIELD_LIST || type == FIELD_JSON || type == FIELD_MULTICHOICE;
    int i = 0;
    while (i < NOPERATORS && strcmp(OPERATORS[i].name, op)) i++;
    if (i == NOPERATORS) return bad_operator(s, name, op);
    struct cond *c = cond_new(s->a, OPERATORS[i].op);
    c->column = column;
    if (c->op == COND_EMPTY) return true_or_not(s, name, value, c, out);
    struct value *v = arena_alloc(s->a, sizeof *v);
    c->values = v;
    c->nvalues = 1;
    *out = c;
    if (c->op == COND_HAS) {
        if (type == FIELD_MULTICHOICE) { // stored as a JSON list of names
            if (!typed(s, name, column, value, strlen(value), v)) return false;
            *v = value_text(arena_printf(s->a, "\"%s\"", value));
            return true;
        }
        bool text = column >= 0 && (type == FIELD_TEXT || type == FIELD_LONGTEXT);
        return text ? typed(s, name, column, value, strlen(value), v) : bad_operator(s, name, op);
    }
    if (opaque) return bad_operator(s, name, op);
    if (c->op == COND_IN) {
        struct values *vs = arena_alloc(s->a, sizeof *vs);
        *vs = (struct values){.name = name, .column = column};
        unsigned before = s->p->count;
        split(s, value, in_value, vs);
        c->values = vs->v;
        c->nvalues = vs->n;
        return s->p->count == before;
    }
    if (!typed(s, name, column, value, strlen(value), v)) return false;
    if (OPERATORS[i].negated) *out = cond_not(s->a, c);
    return true;
}

static void note_shape(struct parse *s, const char *name, const char *value) {
    const void *parts[] = {name, value};
    size_t lengths[] = {strlen(name), strlen(value)};
    seal_pae(&s->shape, 2, parts, lengths);
}

static void filter(struct parse *s, const struct param *pm) {
    size_t n = strcspn(pm->name, "["), len = strlen(pm->name);
    const char *base = arena_strndup(s->a, pm->name, n), *op = "eq";
    int column = column_find(s->e, base);
    // overdue=true: due_at is past
    bool overdue = column == COLUMN_NONE && s->e->due_field >= 0 && !strcmp(pm->name, "overdue");
    if (overdue) column = s->e->due_field;
    if (column == COLUMN_NONE) {
        unknown(s, pm->name, base, n == len);
        return;
    }
    if (++s->filters > LIMIT_FILTERS) {
        if (s->filters == LIMIT_FILTERS + 1)
            wrong(s, pm->name, "too_many",
                  arena_printf(s->a, "at most %d conditions", LIMIT_FILTERS), "条件过多");
        return;
    }
    if (n < len) {
        if (len < n + 3 || pm->name[len - 1] != ']') {
            bad_operator(s, pm->name, "");
            return;
        }
        op = arena_strndup(s->a, pm->name + n + 1, len - n - 2);
    }
    note_shape(s, pm->name, pm->value);
    if (column >= 0) fieldset_add(&s->q->touched, column);
    if (column >= 0 && s->e->fields[column].sealed) {
        sealed_filter(s, pm->name, &s->e->fields[column], op, pm->value);
        return;
    }
    const struct cond *c = NULL;
    if (overdue) {
        struct value *now = arena_alloc(s->a, sizeof *now);
        *now = value_int(clock_now_ms());
        struct cond *past = cond_compare(s->a, COND_LT, column, now, 1);
        if (true_or_not(s, pm->name, pm->value, past, &c))
            s->q->page.where = cond_and(s->a, s->q->page.where, c);
    } else if (plain_filter(s, pm->name, column, op, pm->value, &c))
        s->q->page.where = cond_and(s->a, s->q->page.where, c);
}

static bool order_one(struct parse *s, const char *t, size_t n, void *self) {
    (void)self;
    struct page *pg = &s->q->page;
    bool desc = n && *t == '-';
    const char *name = arena_strndup(s->a, t + desc, n - desc);
    int column = column_find(s->e, name);
    if (column == COLUMN_NONE) {
        unknown(s, "sort", name, false);
        return true;
    }
    enum field_type type = query_column_type(s->e, column);
    if (column >= 0 && s->e->fields[column].sealed)
        return wrong(s, "sort", "sealed",
                     arena_printf(s->a, "%s is protected and cannot be ordered", name),
                     arena_printf(s->a, "%s 是受保护字段，不能排序", name));
    if (type == FIELD_LIST || type == FIELD_JSON || type == FIELD_MULTICHOICE)
        return wrong(s, "sort", "type", arena_printf(s->a, "%s has no order", name),
                     arena_printf(s->a, "%s 不能排序", name));
    if (pg->norder == ORDER_MAX)
        return wrong(s, "sort", "too_many", arena_printf(s->a, "at most %d fields", ORDER_MAX),
                     "排序字段过多");
    pg->order[pg->norder++] = (struct order){column, desc};
    if (column >= 0) fieldset_add(&s->q->touched, column);
    return true;
}

struct names {
    const char *parameter;
    struct fieldset *set;
    bool references;
};

static bool name_one(struct parse *s, const char *t, size_t n, void *self) {
    struct names *ns = self;
    const char *name = arena_strndup(s->a, t, n);
    const struct field *f = entity_field(s->e, name);
    if (!f && !ns->references && column_find(s->e, name) != COLUMN_NONE)
        return true; // always shown
    if (!f)
        unknown(s, ns->parameter, name, false);
    else if (ns->references && (f->type != FIELD_REFERENCE || f->index >= 64))
        wrong(s, ns->parameter, "type", arena_printf(s->a, "%s is no reference", name),
              arena_printf(s->a, "%s 不是引用字段", name));
    else
        fieldset_add(ns->set, f->index);
    return true;
}

// "2027-03-01,2027-06-30": both days included, either may be missing.
static void between(struct parse *s, const char *v) {
    const char *comma = strchr(v, ',');
    size_t n = comma ? (size_t)(comma - v) : 0;
    struct period *p = &s->q->between;
    if (!comma || (n && !text_is_date(v, n)) ||
        (comma[1] && !text_is_date(comma + 1, strlen(comma + 1)))) {
        wrong(s, "between", "type", "must be two dates, such as 2027-03-01,2027-06-30",
              "应为两个日期，如 2027-03-01,2027-06-30");
        return;
    }
    *p = (struct period){true, arena_strndup(s->a, v, n), arena_strdup(s->a, comma + 1)};
}

static void words(struct parse *s, const char *v) {
    size_t n = strlen(v);
    struct search_word *w = arena_alloc(s->a, sizeof *w * SEARCH_WORDS_MAX);
    bool any = s->e->nsearch > 0;
    for (int i = 0; i < s->e->nfields; i++) any = any || s->e->fields[i].searchable;
    if (!any) {
        wrong(s, "q", "unknown_parameter", "these records have no words to find",
              "这类记录不支持关键词检索");
        return;
    }
    if (!text_is_utf8(v, n) || text_length(v, n) > SEARCH_CHARS_MAX) {
        wrong(s, "q", "too_long", arena_printf(s->a, "at most %d characters", SEARCH_CHARS_MAX),
              arena_printf(s->a, "最多 %d 个字符", SEARCH_CHARS_MAX));
        return;
    }
    s->q->q = v;
    s->q->words = w;
    s->q->nwords = search_parse(s->a, v, n, w);
    if (!s->q->nwords) wrong(s, "q", "required", "holds no word to find", "没有可检索的字词");
    note_shape(s, "q", v);
}

static void keyword(struct parse *s, int word, const char *v) {
    struct query *q = s->q;
    struct fieldset expand = {0};
    struct names ns = {WORDS[word], NULL, false};
    char *end;
    switch (word) {
    case 0:
        note_shape(s, "sort", v);
        split(s, v, order_one, NULL);
        break;
    case 1: {
        long n = strtol(v, &end, 10);
        if (*v < '0' || *v > '9' || *end || n < 1 || n > LIMIT_LIST_ITEMS)
            wrong(s, "limit", "out_of_range",
                  arena_printf(s->a, "must be 1 to %d", LIMIT_LIST_ITEMS),
                  arena_printf(s->a, "应为 1 到 %d", LIMIT_LIST_ITEMS));
        else
            q->page.limit = (int)n;
        break;
    }
    case 2: s->cursor = v; break;
    case 3:
        q->look.has_fields = true;
        ns.set = &q->look.fields;
        split(s, v, name_one, &ns);
        break;
    case 4:
        q->total = !strcmp(v, "true");
        if (!q->total && strcmp(v, "false"))
            wrong(s, "total", "type", "must be true or false", "应为 true 或 false");
        break;
    case 5:
        ns.set = &expand;
        ns.references = true;
        split(s, v, name_one, &ns);
        q->look.expand = expand.w[0];
        break;
    case 6:
        ns.set = &q->look.reveal;
        split(s, v, name_one, &ns);
        break;
    case 7:
        if (text_length(v, strlen(v)) > 200)
            wrong(s, "purpose", "too_long", "at most 200 characters", "最多 200 个字符");
        q->look.purpose = v;
        break;
    case WORD_FORMAT: q->format = v; break;
    case WORD_Q: words(s, v); break;
    default: between(s, v);
    }
}

// A declared condition: name = value, { a, b } or { gte = … }.
static bool where_text(struct parse *s, const char *name, const json_t *v, const char **out) {
    if (json_is_string(v))
        *out = arena_strndup(s->a, json_string_value(v), json_string_length(v));
    else if (json_is_boolean(v))
        *out = json_is_true(v) ? "true" : "false";
    else if (json_is_integer(v))
        *out = arena_printf(s->a, "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        *out = arena_printf(s->a, "%.6g", json_real_value(v));
    else
        return wrong(s, name, "type", "must be a value, a list or comparisons", "值的写法不对");
    return true;
}

static bool where_in(struct parse *s, const char *name, int column, const json_t *list,
                     const struct cond **out) {
    struct values *vs = arena_alloc(s->a, sizeof *vs);
    enum field_type type = query_column_type(s->e, column);
    const char *text = "";
    size_t i;
    json_t *one;
    *vs = (struct values){.name = name, .column = column};
    if (type == FIELD_LIST || type == FIELD_JSON || type == FIELD_MULTICHOICE)
        return bad_operator(s, name, "in");
    json_array_foreach((json_t *)list, i,
                       one) if (!where_text(s, name, one, &text) ||
                                !in_value(s, text, strlen(text), vs)) return false;
    *out = cond_compare(s->a, COND_IN, column, vs->v, vs->n);
    return true;
}

static void where_one(struct parse *s, const char *name, const json_t *v) {
    int column = column_find(s->e, name);
    const struct cond *c = NULL;
    const char *text = "", *op;
    json_t *one;
    if (column == COLUMN_NONE) {
        unknown(s, name, name, false);
        return;
    }
    if (column >= 0 && s->e->fields[column].sealed) {
        wrong(s, name, "sealed", "a protected field cannot stand in a condition",
              "受保护字段不能作为条件");
        return;
    }
    if (column >= 0) fieldset_add(&s->q->touched, column);
    if (json_is_array(v)) {
        if (where_in(s, name, column, v, &c))
            s->q->page.where = cond_and(s->a, s->q->page.where, c);
    } else if (json_is_object(v)) {
        json_object_foreach((json_t *)v, op, one) if (where_text(s, name, one, &text) &&
                                                      plain_filter(s, name, column, op, text, &c))
            s->q->page.where = cond_and(s->a, s->q->page.where, c);
    } else if (where_text(s, name, v, &text) && plain_filter(s, name, column, "eq", text, &c))
        s->q->page.where = cond_and(s->a, s->q->page.where, c);
}

enum err query_where(struct arena *a, const struct entity *e, const json_t *where,
                     const struct cond **out, struct fieldset *touched, struct problem *p) {
    struct query q = {.entity = e, .page = {.where = cond_new(a, COND_TRUE)}};
    struct parse s = {.a = a, .p = p, .e = e, .q = &q};
    unsigned before = p->count;
    const char *name;
    json_t *v;
    json_object_foreach((json_t *)where, name, v) where_one(&s, arena_strdup(a, name), v);
    for (int w = 0; w < FIELDSET_WORDS; w++) touched->w[w] |= q.touched.w[w];
    *out = q.page.where;
    return p->count > before ? ERR_INVALID : ERR_OK;
}

enum err query_parse(struct arena *a, struct keyring *k, const struct entity *e,
                     enum query_kind kind, const struct param *params, int n, struct query *out,
                     struct problem *p) {
    struct parse s = {.a = a, .p = p, .e = e, .q = out};
    unsigned before = p->count, seen = 0;
    *out = (struct query){.entity = e};
    out->page =
        (struct page){.where = cond_new(a, COND_TRUE), .limit = LIMIT_DEFAULT, .blind_field = -1};
    buf_init(&s.shape, a);
    note_shape(&s, "", e->full);
    for (int i = 0; i < n; i++) {
        int word = 0;
        while (word < NWORDS && strcmp(WORDS[word], params[i].name)) word++;
        bool look = word == WORD_FIELDS || (word >= WORD_EXPAND && word <= WORD_PURPOSE);
        bool here = word == NWORDS         ? kind != QUERY_RECORD
                    : kind == QUERY_LIST   ? word != WORD_BETWEEN
                    : kind == QUERY_RECORD ? look
                                           : word == WORD_FORMAT || word == WORD_BETWEEN;
        if (!here)
            wrong(&s, params[i].name, "unknown_parameter", "this request takes no such parameter",
                  "该请求没有这个参数");
        else if (word == NWORDS)
            filter(&s, &params[i]);
        else if (seen >> word & 1)
            wrong(&s, params[i].name, "twice", "was given twice", "参数重复");
        else
            keyword(&s, word, params[i].value);
        if (word < NWORDS) seen |= 1u << word;
    }
    crypto_generichash(out->shape, sizeof out->shape, (uint8_t *)s.shape.data, s.shape.len, NULL,
                       0);
    if (s.cursor && p->count == before) {
        bool mine;
        enum err x = query_read_cursor(a, k, out, s.cursor, &mine);
        if (x) return problem_set(p, x, NULL);
        if (!mine)
            wrong(&s, "cursor", "cursor",
                  "this cursor does not belong to this list; start again without it",
                  "游标与当前列表不符，请从第一页重新开始");
    }
    return p->count > before ? ERR_INVALID : ERR_OK;
}
