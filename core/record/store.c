// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Records in and out of their tables: sealing under the owner's data key, blind indexes, history.
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include "campus/file.h"
#include "campus/id.h"
#include "campus/mem.h"
#include "campus/report.h"
#include "campus/search.h"
#include "campus/text.h"
#include "record/store_sql.h"

static struct value read_value(struct store *s, struct stmt *st, int col, const struct field *f,
                               bool keep) {
    size_t n;
    if (f->sealed) {
        const void *b = stmt_blob(st, col, &n);
        if (!b) return value_null();
        return (struct value){
            .kind = VALUE_BLOB, .p = keep ? arena_strndup(s->arena, b, n) : b, .n = n};
    }
    switch (f->type) {
    case FIELD_BOOLEAN:
    case FIELD_INTEGER:
    case FIELD_DECIMAL:
    case FIELD_MONEY:
    case FIELD_DATETIME:
        if (stmt_is_null(st, col)) return value_null();
        if (f->type == FIELD_BOOLEAN) return value_bool(stmt_int(st, col) != 0);
        return value_int(stmt_int(st, col));
    default: break;
    }
    const char *text = stmt_text(st, col, &n);
    if (!text) return value_null();
    if (keep) text = arena_strndup(s->arena, text, n);
    bool json =
        f->type == FIELD_LIST || f->type == FIELD_JSON || f->type == FIELD_MULTICHOICE || f->many;
    return (struct value){.kind = json ? VALUE_JSON : VALUE_TEXT, .p = text, .n = n};
}

static const char *read_text(struct store *s, struct stmt *st, int col, bool keep) {
    size_t n;
    const char *t = stmt_text(st, col, &n);
    return keep ? arena_strndup(s->arena, t ? t : "", n) : t;
}

void store_read_row(struct store *s, const struct entity *e, struct stmt *st, bool keep,
                    struct record *r) {
    struct value *values =
        r->values ? r->values : arena_alloc(s->arena, sizeof *values * (size_t)(e->nfields + 1));
    *r = (struct record){.entity = e, .values = values};
    r->n = stmt_int(st, COL_N);
    r->id = read_text(s, st, COL_ID, keep);
    r->rev = stmt_int(st, COL_REV);
    r->state = stmt_is_null(st, COL_STATE) ? -1 : entity_state(e, stmt_text(st, COL_STATE, NULL));
    r->created_at = stmt_int(st, COL_CREATED_AT);
    r->created_by = read_text(s, st, COL_CREATED_BY, keep);
    r->updated_at = stmt_int(st, COL_UPDATED_AT);
    r->updated_by = read_text(s, st, COL_UPDATED_BY, keep);
    r->archived_at = stmt_int(st, COL_ARCHIVED_AT);
    r->owner = read_text(s, st, COL_OWNER, keep);
    r->policy = stmt_int(st, COL_POLICY);
    for (int i = 0; i < e->nfields; i++)
        values[i] = read_value(s, st, COL_FIELDS + i, &e->fields[i], keep);
    if (!e->has_sealed || !keep) return;
    int k = COL_FIELDS + e->nfields;
    r->generation = (uint64_t)stmt_int(st, k);
    if (stmt_is_null(st, k + 1)) return;
    const void *w = stmt_blob(st, k + 1, &r->wrapped_n);
    r->wrapped = (const uint8_t *)arena_strndup(s->arena, w, r->wrapped_n);
}

enum err store_get(struct store *s, const struct entity *e, const char *id, struct record *out) {
    *out = (struct record){0};
    struct stmt *st = db_query(s->db, s->problem, e->sql_get, "t", id);
    enum err x = stmt_first(st, s->problem);
    if (x) return x;
    store_read_row(s, e, st, true, out);
    stmt_reset(st);
    return ERR_OK;
}

// A value as the bytes that are sealed, and back.
static struct value plain_of(struct arena *a, const struct value *v) {
    char num[24];
    if (v->kind != VALUE_INT && v->kind != VALUE_BOOL) return *v;
    int n = snprintf(num, sizeof num, "%" PRId64, v->i);
    return value_textn(arena_strndup(a, num, (size_t)n), (size_t)n);
}

static struct value value_of(const struct field *f, const char *p, size_t n) {
    switch (f->type) {
    case FIELD_BOOLEAN: return value_bool(p[0] == '1');
    case FIELD_INTEGER:
    case FIELD_DECIMAL:
    case FIELD_MONEY:
    case FIELD_DATETIME: return value_int(strtoll(p, NULL, 10));
    case FIELD_LIST:
    case FIELD_JSON:
    case FIELD_MULTICHOICE: return (struct value){.kind = VALUE_JSON, .p = p, .n = n};
    default: return value_textn(p, n);
    }
}

static struct seal_name seal_name(const struct store *s, const struct record *r,
                                  const struct field *f) {
    return (struct seal_name){s->school, r->entity->full,          r->id,
                              f->name,   field_type_name(f->type), r->generation};
}

enum err store_unseal(struct store *s, struct record *r, const struct fieldset *which) {
    uint8_t dek[SEAL_KEY];
    bool have = false, gone = false;
    enum err e = ERR_OK;
    for (int i = 0; i < r->entity->nfields && !e; i++) {
        const struct field *f = &r->entity->fields[i];
        if (r->values[i].kind != VALUE_BLOB || !fieldset_has(which, i)) continue;
        if (!have && !gone) {
            if (r->wrapped)
                e = keyring_unwrap(s->keyring, r->owner, r->generation, r->wrapped, r->wrapped_n,
                                   dek);
            else if (r->generation)
                gone = true;
            else { // a row of a list: its key was not read with it
                e = store_owner_key(s, r->owner, &r->generation, dek, false);
                gone = e == ERR_NOT_FOUND;
                if (gone) e = ERR_OK;
            }
            if (e) break;
            have = !gone;
        }
        // The person's key is destroyed, or this value is older than the new one: nothing is left.
        if (gone || seal_key_version((const uint8_t *)r->values[i].p, r->values[i].n) !=
                        (uint32_t)r->generation) {
            r->values[i] = value_null();
            continue;
        }
        char *p;
        size_t n;
        struct seal_name name = seal_name(s, r, f);
        e = seal_open(dek, &name, (const uint8_t *)r->values[i].p, r->values[i].n, s->arena, &p,
                      &n);
        if (!e) r->values[i] = value_of(f, p, n);
    }
    sodium_memzero(dek, sizeof dek);
    if (e) problem_set(s->problem, e, "%s/%s does not open", r->entity->full, r->id);
    return e;
}

static enum err seal(struct store *s, const struct record *r, const struct field *f,
                     const uint8_t dek[SEAL_KEY], const struct value *v, struct value *out) {
    if (value_is_null(v)) {
        *out = value_null();
        return ERR_OK;
    }
    struct value plain = plain_of(s->arena, v);
    size_t n = seal_size(plain.n);
    uint8_t *blob = arena_alloc(s->arena, n);
    struct seal_name name = seal_name(s, r, f);
    enum err e = seal_value(dek, (uint32_t)r->generation, &name, plain.p, plain.n, blob);
    *out = (struct value){.kind = VALUE_BLOB, .p = (const char *)blob, .n = n};
    return e;
}

enum err store_mark(struct store *s, const struct entity *e, const struct field *f,
                    const struct value *v, bool last4, struct value *out) {
    *out = value_null();
    if (value_is_null(v)) return ERR_OK;
    struct value plain = plain_of(s->arena, v);
    size_t n, tail, len = 0;
    const char *norm = text_normal(s->arena, plain.p, plain.n, &n);
    uint8_t *mark = arena_alloc(s->arena, BLIND_BYTES + 16);
    enum err x = ERR_OK;
    if (store_has_last4(f)) {
        tail = n < 4 ? n : 4;
        x = keyring_blind(s->keyring, e->full, f->name, "last4", norm + n - tail, tail, BLIND_BITS,
                          mark);
        len = BLIND_BYTES;
    }
    if (!x && !last4) {
        x = keyring_blind(s->keyring, e->full, f->name, f->unique ? "unique" : "eq", norm, n,
                          f->unique ? 128 : BLIND_BITS, mark + len);
        len += f->unique ? 16 : BLIND_BYTES;
    }
    *out = (struct value){.kind = VALUE_BLOB, .p = (const char *)mark, .n = len};
    return x;
}

enum err store_has_value(struct store *s, struct record *r, const struct field *f,
                         const struct value *v, bool last4, bool *has) {
    struct fieldset one = {0};
    fieldset_add(&one, f->index);
    *has = false;
    enum err e = store_unseal(s, r, &one);
    if (e || value_is_null(&r->values[f->index])) return e;
    struct value mine = plain_of(s->arena, &r->values[f->index]), theirs = plain_of(s->arena, v);
    size_t n, m;
    const char *x = text_normal(s->arena, mine.p, mine.n, &n);
    const char *y = text_normal(s->arena, theirs.p, theirs.n, &m);
    if (last4 && n >= 4) x += n - 4, n = 4;
    *has = n == m && !memcmp(x, y, n);
    return ERR_OK;
}

// Values for a field's column and its mark, in the order of store_sql_build.
static enum err field_args(struct store *s, const struct record *r, const struct field *f,
                           const uint8_t *dek, const struct value *v, struct value *args, int *n) {
    if (!f->sealed) {
        args[(*n)++] = *v;
        return ERR_OK;
    }
    enum err e = seal(s, r, f, dek, v, &args[(*n)++]);
    if (!e && store_mark_column(f)) e = store_mark(s, r->entity, f, v, false, &args[(*n)++]);
    return e;
}

// A unique constraint as an item at the field it belongs to.
static enum err unique_error(struct store *s, const struct entity *e, enum err x) {
    if (x != ERR_CONFLICT) return x;
    const char *where = db_conflict(s->db), *dot = strrchr(where, '.');
    for (int i = 0; i < e->nindexes; i++) { // of several: SQLite lists them, PostgreSQL cuts names
        const struct index_decl *d = &e->indexes[i];
        const char *last = d->count ? column_sql(e, d->fields[d->count - 1]) : "";
        bool hit =
            dot ? strchr(where, ',') && !strcmp(dot + 1, last) : !strncmp(where, d->name, 63);
        if (!d->unique || !hit) continue;
        const int at = d->fields[0];
        problem_init(s->problem, s->arena);
        problem_set(s->problem, ERR_CONFLICT, "there is one like this already");
        return problem_add(s->problem, ERR_CONFLICT,
                           at >= 0 ? arena_printf(s->arena, "/%s", e->fields[at].name) : NULL,
                           "unique", "there is one like this already");
    }
    for (int i = 0; i < e->nfields; i++) {
        const struct field *f = &e->fields[i];
        if (!f->unique) continue;
        const char *col = arena_printf(s->arena, "%s_%s", f->sealed ? "u" : "f", f->name);
        const char *index = arena_printf(s->arena, "u_%s_%s", e->table + 2, f->name);
        if (strcmp(dot ? dot + 1 : where, dot ? col : index)) continue;
        problem_init(s->problem, s->arena);
        problem_set(s->problem, ERR_CONFLICT, "another record has the same %s", f->name);
        return problem_add(s->problem, ERR_CONFLICT, arena_printf(s->arena, "/%s", f->name),
                           "unique", "another record has the same value");
    }
    return x;
}

enum err store_owner_key(struct store *s, const char *owner, uint64_t *generation,
                         uint8_t dek[SEAL_KEY], bool may_make) {
    struct stmt *st = db_query(
        s->db, s->problem, "SELECT generation, wrapped FROM core_key WHERE owner=$1", "t", owner);
    enum err e = ERR_OK;
    if (stmt_next(st, &e, s->problem)) {
        *generation = (uint64_t)stmt_int(st, 0);
        size_t n;
        const void *w = stmt_blob(st, 1, &n);
        bool erased = !w;
        if (!erased) e = keyring_unwrap(s->keyring, owner, *generation, w, n, dek);
        stmt_reset(st);
        if (!erased) return e;
    } else if (e)
        return e;
    else
        *generation = 0;
    if (!may_make) return ERR_NOT_FOUND;
    uint8_t wrapped[WRAPPED_KEY];
    ++*generation; // after an erasure nothing of the old generation may open again
    e = keyring_new_key(s->keyring, owner, *generation, dek, wrapped);
    if (e) return e;
    return db_send(s->db, s->problem,
                   "INSERT INTO core_key(owner,generation,version,wrapped) VALUES($1,$2,$3,$4)"
                   " ON CONFLICT(owner) DO UPDATE SET generation=excluded.generation,"
                   " version=excluded.version, wrapped=excluded.wrapped",
                   "tiib", owner, (int64_t)*generation,
                   (int64_t)keyring_wrapped_version(wrapped, sizeof wrapped), wrapped,
                   sizeof wrapped);
}

enum err store_record_key(struct store *s, const struct record *r, uint64_t *generation,
                          uint8_t dek[SEAL_KEY]) {
    if (!r->wrapped) return store_owner_key(s, r->owner, generation, dek, true);
    *generation = r->generation;
    return keyring_unwrap(s->keyring, r->owner, r->generation, r->wrapped, r->wrapped_n, dek);
}

enum err store_subject(struct store *s, const char *record, const char **owner) {
    struct stmt *st =
        db_query(s->db, s->problem, "SELECT owner FROM core_subject WHERE record=$1", "t", record);
    enum err e = ERR_OK;
    *owner = record;
    if (stmt_next(st, &e, s->problem)) stmt_take(st, s->arena, "t", owner), stmt_reset(st);
    return e;
}

enum err store_subject_each(struct store *s, const char *owner,
                            enum err (*fn)(void *self, const char *entity, const char *record),
                            void *self) {
    struct stmt *st = db_query(
        s->db, s->problem, "SELECT entity,record FROM core_subject WHERE owner=$1 ORDER BY record",
        "t", owner);
    enum err e = ERR_OK;
    struct one {
        struct one *next;
        const char *entity, *record;
    } *first = NULL, **last = &first;
    for (; stmt_next(st, &e, s->problem); last = &(*last)->next) {
        *last = arena_alloc(s->arena, sizeof **last);
        (*last)->next = NULL;
        stmt_take(st, s->arena, "tt", &(*last)->entity, &(*last)->record);
    }
    for (const struct one *o = first; o && !e; o = o->next) e = fn(self, o->entity, o->record);
    return e;
}

// A new record's subject, or NULL: its own. What it is led to by may itself be somebody else's.
static enum err find_subject(struct store *s, const struct entity *e, const struct value *values,
                             const char **owner) {
    *owner = NULL;
    for (int i = 0; i < e->nsubjects; i++) {
        const struct field *f = &e->fields[e->subjects[i]];
        const struct value *v = &values[f->index];
        if (v->kind != VALUE_TEXT || !v->n) continue;
        const char *text = arena_strndup(s->arena, v->p, v->n), *slash = strchr(text, '/');
        if (f->type == FIELD_TEXT && !slash) continue;
        return store_subject(s, f->type == FIELD_TEXT ? slash + 1 : text, owner);
    }
    return ERR_OK;
}

enum err store_insert(struct store *s, const struct entity *e, const struct input *in,
                      const char *by, int64_t now, int64_t policy, struct record *r) {
    char *id = arena_alloc(s->arena, ID_LEN + 1);
    id_new(id);
    *r = (struct record){.entity = e,
                         .id = id,
                         .rev = 1,
                         .created_at = now,
                         .updated_at = now,
                         .created_by = by,
                         .updated_by = by,
                         .owner = id,
                         .policy = policy,
                         .state = e->workflow ? e->workflow->start : -1,
                         .values = in->values};
    uint8_t dek[SEAL_KEY];
    const char *owner;
    enum err x = find_subject(s, e, in->values, &owner);
    if (x) return x;
    if (owner) r->owner = owner;
    uint8_t wrapped[WRAPPED_KEY];
    bool is_new = r->owner == id; // then nobody else has this key yet
    if (e->has_sealed && is_new)
        x = keyring_new_key(s->keyring, id, r->generation = 1, dek, wrapped);
    else if (e->has_sealed)
        x = store_owner_key(s, r->owner, &r->generation, dek, true);
    struct value *args = arena_alloc(s->arena, sizeof *args * (size_t)(10 + 2 * e->nfields));
    int n = 0;
    args[n++] = value_text(id);
    args[n++] = value_int(1);
    args[n++] = e->workflow ? value_text(e->workflow->states[r->state].name) : value_null();
    args[n++] = value_int(now);
    args[n++] = value_text(by);
    args[n++] = value_int(now);
    args[n++] = value_text(by);
    args[n++] = value_int(0);
    args[n++] = value_text(r->owner);
    args[n++] = value_int(policy);
    for (int i = 0; i < e->nfields && !x; i++)
        x = field_args(s, r, &e->fields[i], dek, &in->values[i], args, &n);
    sodium_memzero(dek, sizeof dek);
    if (!x && e->once) x = once_insert(s, r);
    if (x) return x;
    x = db_runv(s->db, s->problem, e->sql_insert, args, n);
    if (x) return unique_error(s, e, x);
    // behind the statement that may be refused: what is refused has written nothing
    if (e->has_sealed && is_new)
        x = db_send(s->db, s->problem,
                    "INSERT INTO core_key(owner,generation,version,wrapped) VALUES($1,$2,$3,$4)",
                    "tiib", id, (int64_t)1,
                    (int64_t)keyring_wrapped_version(wrapped, sizeof wrapped), wrapped,
                    sizeof wrapped);
    if (!x && !is_new)
        x = db_send(s->db, s->problem,
                    "INSERT INTO core_subject(record,entity,owner) VALUES($1,$2,$3)", "ttt", id,
                    e->full, r->owner);
    if (!x) x = file_attach(s, r, in, by, now);
    if (!x) x = search_touch(s, e, r->id);
    return x ? x : counter_add(s, r, 1);
}

// What a history row keeps: the values before, sealed ones as they were sealed (base64).
static void delta_value(struct store *s, struct buf *b, const struct field *f,
                        const struct value *v) {
    json_key(b, f->name);
    if (value_is_null(v))
        buf_puts(b, "null");
    else if (v->kind == VALUE_BLOB) {
        size_t n = sodium_base64_encoded_len(v->n, sodium_base64_VARIANT_ORIGINAL);
        char *text = arena_alloc(s->arena, n);
        sodium_bin2base64(text, n, (const uint8_t *)v->p, v->n, sodium_base64_VARIANT_ORIGINAL);
        buf_puts(b, "{\"sealed\":");
        json_cstr(b, text);
        buf_putc(b, '}');
    } else if (v->kind == VALUE_TEXT)
        json_text(b, v->p, v->n);
    else if (v->kind == VALUE_JSON)
        buf_put(b, v->p, v->n);
    else
        buf_int(b, v->i);
}

// What was done to a record is a chain from its row backwards: an index of all histories would cost
// each write a page of its own. The record's row must then take db_last as its history.
enum err store_keep_history(struct store *s, const struct entity *e, const char *id,
                            const struct history_row *h) {
    const char *sql =
        arena_printf(s->arena,
                     "INSERT INTO core_history(record,rev,at,actor,verb,release,delta,"
                     "prev) SELECT $1,$2,$3,$4,$5,$6,$7,history FROM %s WHERE id=$1",
                     e->table);
    return db_send(s->db, s->problem, sql, "tiittis", id, h->rev, h->at, h->actor, h->verb,
                   h->release, h->delta, h->delta_n);
}

static enum err keep_history(struct store *s, const struct record *r, const char *verb,
                             const char *by, int64_t now, int64_t release, struct buf *delta) {
    struct history_row h = {.rev = r->rev + 1,
                            .at = now,
                            .release = release,
                            .actor = by,
                            .verb = verb,
                            .delta = buf_str(delta),
                            .delta_n = delta->len};
    return store_keep_history(s, r->entity, r->id, &h);
}

enum err store_update(struct store *s, struct record *r, const struct input *in, int state,
                      const char *verb, const char *by, int64_t now, int64_t release) {
    const struct entity *e = r->entity;
    struct sql q;
    struct buf delta;
    sql_init(&q, s->arena);
    buf_init(&delta, s->arena);
    buf_puts(&delta, "{");
    buf_printf(&q.text, "UPDATE %s SET rev=", e->table);
    struct value v = value_int(r->rev + 1), vnow = value_int(now), vby = value_text(by);
    sql_arg(&q, &v);
    buf_puts(&q.text, ",updated_at="), sql_arg(&q, &vnow);
    buf_puts(&q.text, ",updated_by="), sql_arg(&q, &vby);
    if (state >= 0 && state != r->state) {
        struct value vs = value_text(e->workflow->states[state].name);
        buf_puts(&q.text, ",state="), sql_arg(&q, &vs);
        json_kv_str(&delta, "state", e->workflow->states[r->state].name);
    }
    enum err x = e->once ? once_update(s, r, in, state) : ERR_OK;
    if (!x) x = counter_add(s, r, -1);
    uint8_t dek[SEAL_KEY] = {0};
    bool have = false;
    for (int i = 0; in && i < e->nfields && !x; i++) {
        const struct field *f = &e->fields[i];
        if (!fieldset_has(&in->present, i)) continue;
        if (f->sealed && !have) {
            x = store_record_key(s, r, &r->generation, dek);
            if (x) break;
            have = true;
        }
        struct value args[2];
        int n = 0;
        x = field_args(s, r, f, dek, &in->values[i], args, &n);
        if (x) break;
        struct value old = r->values[i]; // if it was opened, history gets it sealed all the same
        if (f->sealed && old.kind != VALUE_BLOB) x = seal(s, r, f, dek, &r->values[i], &old);
        if (x) break;
        delta_value(s, &delta, f, &old);
        buf_printf(&q.text, ",%s=", f->column), sql_arg(&q, &args[0]);
        if (n > 1)
            buf_printf(&q.text, ",%s%s=", store_mark_column(f), f->name), sql_arg(&q, &args[1]);
        r->values[i] = in->values[i];
    }
    sodium_memzero(dek, sizeof dek);
    buf_putc(&delta, '}');
    if (!x) x = keep_history(s, r, verb, by, now, release, &delta);
    if (x) return x;
    struct value vid = value_text(r->id), vrev = value_int(r->rev);
    buf_printf(&q.text, ",history=%s", db_last(s->db));
    buf_puts(&q.text, " WHERE id="), sql_arg(&q, &vid);
    buf_puts(&q.text, " AND rev="), sql_arg(&q, &vrev);
    x = db_runv(s->db, s->problem, buf_str(&q.text), q.args, q.nargs);
    if (x) return unique_error(s, e, x);
    r->rev++;
    r->updated_at = now;
    r->updated_by = by;
    if (state >= 0) r->state = state;
    if (in) x = file_attach(s, r, in, by, now);
    for (int i = 0; i < e->nsearch && in && !x; i++)
        if (fieldset_has(&in->present, e->search[i])) {
            x = search_touch(s, e, r->id);
            break;
        }
    return x ? x : counter_add(s, r, 1);
}

enum err store_archive(struct store *s, struct record *r, const char *by, int64_t now,
                       int64_t release) {
    struct buf delta;
    buf_init(&delta, s->arena);
    buf_puts(&delta, "{}");
    enum err x = counter_add(s, r, -1);
    if (!x) x = keep_history(s, r, "delete", by, now, release, &delta);
    const char *sql = arena_printf(s->arena,
                                   "UPDATE %s SET archived_at=$1, updated_at=$1, rev=rev+1,"
                                   " updated_by=$2, history=%s WHERE id=$3",
                                   r->entity->table, db_last(s->db));
    if (!x) x = db_run(s->db, s->problem, NULL, sql, "itt", now, by, r->id);
    if (!x) x = search_touch(s, r->entity, r->id);
    if (!x) x = once_drop(s, r->entity, NULL, r->id);
    if (x) return x;
    r->rev++;
    r->archived_at = r->updated_at = now;
    r->updated_by = by;
    return ERR_OK;
}

enum err store_history(struct store *s, const struct entity *entity, const char *record,
                       enum err (*fn)(void *self, const struct history_row *h), void *self) {
    const char *sql = store_history_sql(
        s->arena, entity, "h.rev,h.at,h.actor,h.verb,h.release,h.delta", "ORDER BY h.rev");
    struct stmt *st = db_query(s->db, s->problem, sql, "t", record);
    enum err e = ERR_OK;
    while (stmt_next(st, &e, s->problem)) {
        struct history_row h = {.rev = stmt_int(st, 0),
                                .at = stmt_int(st, 1),
                                .actor = stmt_text(st, 2, NULL),
                                .verb = stmt_text(st, 3, NULL),
                                .release = stmt_int(st, 4)};
        h.delta = stmt_text(st, 5, &h.delta_n);
        e = fn(self, &h);
    }
    return e;
}
