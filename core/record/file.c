// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The rows of files: whose they are, which record holds them, the wrapped key, the sealed name.
#include "campus/file.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>
#include "campus/limits.h"
#include "campus/mem.h"
#include "record/store_sql.h"

// expires_at 0: attached. entity '': an upload that waits. key NULL: erased. Parts are for a
// database that holds the bytes.
const char file_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_file(id TEXT PRIMARY KEY, owner TEXT NOT NULL,"
    " generation BIGINT NOT NULL, entity TEXT NOT NULL, record TEXT NOT NULL, field TEXT NOT NULL,"
    " type TEXT NOT NULL, size BIGINT NOT NULL, sealed_size BIGINT NOT NULL, hash {bytes} NOT NULL,"
    " key {bytes}, name {bytes}, created_by TEXT NOT NULL, created_at BIGINT NOT NULL,"
    " expires_at BIGINT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS i_file_expires ON core_file(expires_at) WHERE expires_at>0;"
    "CREATE INDEX IF NOT EXISTS i_file_waiting ON core_file(created_by) WHERE expires_at>0;"
    "CREATE INDEX IF NOT EXISTS i_file_owner ON core_file(owner);"
    "CREATE INDEX IF NOT EXISTS i_file_public ON core_file(record) WHERE created_by='public';"
    "CREATE TABLE IF NOT EXISTS core_file_part(file TEXT NOT NULL, part BIGINT NOT NULL,"
    " bytes {bytes} NOT NULL, PRIMARY KEY(file, part));"
    // Documents (gate/document.c). sealed NULL: the person was erased. state: issued, void,
    // replaced.
    "CREATE TABLE IF NOT EXISTS core_document(id TEXT PRIMARY KEY, plugin TEXT NOT NULL,"
    " document TEXT NOT NULL, entity TEXT NOT NULL, record TEXT NOT NULL, owner TEXT NOT NULL,"
    " generation BIGINT NOT NULL, number TEXT NOT NULL, state TEXT NOT NULL, lang TEXT NOT NULL,"
    " looks BIGINT NOT NULL, release BIGINT NOT NULL, issued_at BIGINT NOT NULL,"
    " issued_by TEXT NOT NULL, ended_at BIGINT NOT NULL, ended_by TEXT NOT NULL,"
    " reason TEXT NOT NULL, replaced_by TEXT NOT NULL, sealed {bytes});"
    "CREATE INDEX IF NOT EXISTS i_document_record ON core_document(record);"
    "CREATE INDEX IF NOT EXISTS i_document_owner ON core_document(owner);"
    "CREATE INDEX IF NOT EXISTS i_document_number ON core_document(number);"
    "CREATE TABLE IF NOT EXISTS core_register(name TEXT NOT NULL, period TEXT NOT NULL,"
    " last BIGINT NOT NULL, PRIMARY KEY(name, period));";

static struct seal_name name_of(const struct store *s, const char *id, const char *what,
                                uint64_t generation) {
    return (struct seal_name){s->school, "core_file", id, what, "file", generation};
}

static enum err seal(struct store *s, const uint8_t dek[SEAL_KEY], uint64_t generation,
                     const char *id, const char *what, const void *plain, size_t n,
                     struct value *out) {
    struct seal_name name = name_of(s, id, what, generation);
    uint8_t *blob = arena_alloc(s->arena, seal_size(n));
    *out = (struct value){.kind = VALUE_BLOB, .p = (const char *)blob, .n = seal_size(n)};
    return seal_value(dek, (uint32_t)generation, &name, plain, n, blob);
}

// Key and name under the data key of `owner`.
static enum err wrap(struct store *s, const char *owner, const char *id, const uint8_t *key,
                     const char *name, uint64_t *generation, struct value out[2]) {
    uint8_t dek[SEAL_KEY];
    enum err e = store_owner_key(s, owner, generation, dek, true);
    if (!e) e = seal(s, dek, *generation, id, "key", key, FILE_KEY, &out[0]);
    if (!e) e = seal(s, dek, *generation, id, "name", name, strlen(name), &out[1]);
    sodium_memzero(dek, sizeof dek);
    return e;
}

enum err file_add(struct store *s, const struct file_made *f, const char *name, const char *by,
                  int64_t now, int64_t expires_at) {
    uint64_t generation = 0;
    struct value sealed[2];
    enum err e = wrap(s, by, f->id, f->key, name, &generation, sealed);
    return e ? e
             : db_run(s->db, s->problem, NULL,
                      "INSERT INTO core_file(id,owner,generation,entity,record,field,type,size,"
                      "sealed_size,hash,key,name,created_by,created_at,expires_at)"
                      " VALUES($1,$2,$3,'','','',$4,$5,$6,$7,$8,$9,$10,$11,$12)",
                      "ttitiibvvtii", f->id, by, (int64_t)generation, f->type, (int64_t)f->size,
                      (int64_t)f->sealed_size, f->hash, (size_t)FILE_HASH, &sealed[0], &sealed[1],
                      by, now, expires_at);
}

#define ROWS                                                                                       \
    "SELECT id,owner,entity,record,field,type,created_by,size,sealed_size,created_at,expires_at,"  \
    "generation,hash,key,name FROM core_file "
static enum err first_row(struct db *db, struct arena *a, const char *sql, const char *id,
                          struct file_row *f, struct problem *p) {
    struct stmt *st = db_query(db, p, sql, "t", id);
    enum err e = stmt_first(st, p);
    if (e) return e;
    *f = (struct file_row){.generation = (uint64_t)stmt_int(st, 11)};
    stmt_take(st, a, "tttttttiiii-bbb", &f->id, &f->owner, &f->entity, &f->record, &f->field,
              &f->type, &f->by, &f->size, &f->sealed_size, &f->created_at, &f->expires_at, &f->hash,
              &f->hash_n, &f->key, &f->key_n, &f->name, &f->name_n);
    stmt_reset(st);
    return ERR_OK;
}

enum err file_find(struct store *s, const char *id, struct file_row *f) {
    return first_row(s->db, s->arena, ROWS "WHERE id=$1", id, f, s->problem);
}

enum err file_row_each(struct db *db,
                       enum err (*fn)(void *self, const struct file_row *f, struct problem *p),
                       void *self, struct problem *p) {
    struct arena *a = arena_new(16 << 20);
    char last[ID_LEN + 1] = "";
    enum err e = a ? ERR_OK : problem_set(p, ERR_NOMEM, NULL);
    while (!e) {
        struct file_row f;
        arena_reset(a);
        e = first_row(db, a, ROWS "WHERE key IS NOT NULL AND id>$1 ORDER BY id LIMIT 1", last, &f,
                      p);
        if (e) break;
        memcpy(last, f.id, sizeof last);
        e = fn(self, &f, p);
    }
    arena_free(a);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err file_waiting(struct store *s, const char *by, int64_t now, int64_t *n) {
    return db_int(s->db, s->problem, n, 0,
                  "SELECT count(*) FROM core_file WHERE created_by=$1 AND expires_at>$2", "ti", by,
                  now);
}

enum err file_of_public(struct store *s, const char *record, int64_t *n) {
    return db_int(s->db, s->problem, n, 0,
                  "SELECT count(*) FROM core_file WHERE record=$1 AND created_by='public'", "t",
                  record);
}

enum err file_unwrap(struct store *s, const struct file_row *f, uint8_t key[FILE_KEY],
                     const char **name) {
    uint8_t dek[SEAL_KEY];
    uint64_t generation = 0;
    char *plain = NULL;
    size_t n = 0;
    enum err e = f->key ? store_owner_key(s, f->owner, &generation, dek, false) : ERR_NOT_FOUND;
    if (!e && generation != f->generation) e = ERR_NOT_FOUND; // the owner was erased since
    struct seal_name as = name_of(s, f->id, "key", generation);
    if (!e) e = seal_open(dek, &as, f->key, f->key_n, s->arena, &plain, &n);
    if (!e && n != FILE_KEY) e = ERR_CORRUPT;
    if (!e) memcpy(key, plain, FILE_KEY), sodium_memzero(plain, n);
    as.field = "name";
    if (!e && name) e = seal_open(dek, &as, f->name, f->name_n, s->arena, &plain, &n);
    if (!e && name) *name = arena_strndup(s->arena, plain, n);
    sodium_memzero(dek, sizeof dek);
    return e == ERR_CORRUPT ? problem_set(s->problem, e, "the key of file %s does not open", f->id)
                            : e;
}

// Attaching

struct attaching {
    struct store *s;
    const struct record *r;
    const char *top; // the field of the record, also for one in a list
    const char *by;
    int64_t now;
};

static enum err object(struct attaching *a, const char *pointer, const char *word, const char *zh,
                       const char *en) {
    return problem_say(a->s->problem, ERR_INVALID, pointer, word, en, zh);
}

static bool takes_type(const struct field *f, const char *type) {
    for (int i = 0; i < f->nfile_types; i++)
        if (!strcmp(f->file_types[i], type)) return true;
    return !f->nfile_types;
}

static enum err attach_one(struct attaching *a, const struct field *f, const char *pointer,
                           const char *id) {
    struct store *s = a->s;
    struct file_row row;
    enum err e = file_find(s, id, &row);
    if (e && e != ERR_NOT_FOUND) return e;
    bool here = !e && !strcmp(row.record, a->r->id) && !strcmp(row.field, a->top);
    if (here && row.key) return ERR_OK; // it is this field's already
    if (e || *row.entity || strcmp(row.by, a->by) || row.expires_at <= a->now)
        return object(a, pointer, "file_unknown", "没有这个文件，或不是您上传的，或已过期",
                      "there is no such file, or it is not yours, or it has expired");
    if (row.size > f->max_bytes)
        return object(a, pointer, "file_too_large",
                      arena_printf(s->arena, "文件最大 %lld 字节", (long long)f->max_bytes),
                      arena_printf(s->arena, "at most %lld bytes", (long long)f->max_bytes));
    if (!takes_type(f, row.type))
        return object(a, pointer, "file_type",
                      arena_printf(s->arena, "不接受 %s 类型的文件", row.type),
                      arena_printf(s->arena, "a %s is not taken here", row.type));
    uint8_t key[FILE_KEY];
    uint64_t generation = 0;
    const char *name = "";
    struct value sealed[2];
    e = file_unwrap(s, &row, key, &name);
    if (e == ERR_NOT_FOUND)
        return object(a, pointer, "file_unknown", "没有这个文件", "there is no such file");
    if (!e) e = wrap(s, a->r->owner, id, key, name, &generation, sealed);
    sodium_memzero(key, sizeof key);
    return e ? e
             : db_run(s->db, s->problem, NULL,
                      "UPDATE core_file SET owner=$1,generation=$2,entity=$3,record=$4,field=$5,"
                      "key=$6,name=$7,expires_at=0 WHERE id=$8",
                      "titttvvt", a->r->owner, (int64_t)generation, a->r->entity->full, a->r->id,
                      a->top, &sealed[0], &sealed[1], id);
}

// Calls fn for each file that a value names; JSON of a list has them in its lines.
static enum err
each_id(struct arena *a, const struct field *f, const struct value *v, const char *pointer,
        enum err (*fn)(struct attaching *, const struct field *, const char *, const char *),
        struct attaching *self) {
    json_t *list, *one;
    size_t i;
    if (value_is_null(v)) return ERR_OK;
    if (v->kind == VALUE_TEXT && f->type == FIELD_FILE)
        return fn(self, f, pointer, arena_strndup(a, v->p, v->n));
    if (v->kind != VALUE_JSON || json_parse(a, v->p, v->n, &list, NULL)) return ERR_OK;
    enum err e = ERR_OK, first = ERR_OK;
    json_array_foreach(list, i, one) {
        const char *at = arena_printf(a, "%s/%zu", pointer, i);
        if (f->type == FIELD_FILE && json_is_string(one))
            e = fn(self, f, at, json_string_value(one));
        for (int k = 0; k < f->nlines; k++) {
            const json_t *cell = json_object_get(one, f->lines[k].name);
            struct buf b;
            if (f->lines[k].type != FIELD_FILE || !cell || json_is_null(cell)) continue;
            buf_init(&b, a);
            json_dom(&b, cell);
            struct value inner = json_is_string(cell)
                                     ? value_text(json_string_value(cell))
                                     : (struct value){.kind = VALUE_JSON, .p = b.data, .n = b.len};
            e = each_id(a, &f->lines[k], &inner, arena_printf(a, "%s/%s", at, f->lines[k].name), fn,
                        self);
            if (e && !first) first = e;
        }
        if (e && !first) first = e;
        if (e && e != ERR_INVALID) return e;
    }
    return first;
}

static bool has_files(const struct field *f) {
    bool any = f->type == FIELD_FILE;
    for (int i = 0; i < f->nlines; i++) any |= f->lines[i].type == FIELD_FILE;
    return any;
}

enum err file_attach(struct store *s, const struct record *r, const struct input *in,
                     const char *by, int64_t now) {
    struct attaching a = {.s = s, .r = r, .by = by, .now = now};
    enum err first = ERR_OK;
    for (int i = 0; i < r->entity->nfields; i++) {
        const struct field *f = &r->entity->fields[i];
        if (!fieldset_has(&in->present, i) || !has_files(f)) continue;
        a.top = f->name;
        enum err e = each_id(s->arena, f, &in->values[i], arena_printf(s->arena, "/%s", f->name),
                             attach_one, &a);
        if (e && e != ERR_INVALID) return e;
        if (e) first = e;
    }
    return first;
}

enum err file_attach_to(struct store *s, const struct record *r, const char *id, const char *kind,
                        const char *pointer, const char *by, int64_t now) {
    const struct field any = {.type = FIELD_FILE, .max_bytes = INT64_MAX};
    struct attaching a = {.s = s, .r = r, .top = kind, .by = by, .now = now};
    return attach_one(&a, &any, pointer, id);
}

static enum err is_it(struct attaching *self, const struct field *f, const char *pointer,
                      const char *id) {
    (void)f, (void)pointer;
    return strcmp(self->top, id) ? ERR_OK : ERR_CONFLICT;
}

bool file_is_in(struct arena *a, const struct field *f, const struct value *v, const char *id) {
    struct attaching wanted = {.top = id};
    return each_id(a, f, v, "", is_it, &wanted) == ERR_CONFLICT;
}

// An end

enum err file_erase(struct store *s, const char *owner, int64_t now) {
    enum err e = db_run(s->db, s->problem, NULL,
                        "UPDATE core_file SET key=NULL,name=NULL,expires_at=$1 WHERE owner=$2",
                        "it", now, owner);
    return e ? e // of documents the numbers stay
             : db_run(s->db, s->problem, NULL,
                      "UPDATE core_document SET sealed=NULL,reason='' WHERE owner=$1", "t", owner);
}

enum err file_expired(struct db *db, int64_t now, int max,
                      enum err (*fn)(void *self, const char *id), void *self, struct problem *p) {
    struct stmt *st = db_query(db, p,
                               "SELECT id FROM core_file WHERE expires_at>0 AND expires_at<=$1"
                               " ORDER BY expires_at LIMIT $2",
                               "ii", now, (int64_t)max);
    enum err e = ERR_OK;
    while (stmt_next(st, &e, p)) e = fn(self, stmt_text(st, 0, NULL));
    return e;
}

enum err file_forget(struct db *db, const char *id, struct problem *p) {
    enum err e = db_run(db, p, NULL, "DELETE FROM core_file_part WHERE file=$1", "t", id);
    return e ? e : db_run(db, p, NULL, "DELETE FROM core_file WHERE id=$1", "t", id);
}

enum err file_put_part(struct db *db, const char *id, int64_t part, const void *data, size_t n,
                       struct problem *p) {
    return db_run(db, p, NULL, "INSERT INTO core_file_part(file,part,bytes) VALUES($1,$2,$3)",
                  "tib", id, part, data, n);
}

struct verifying {
    struct db *db;
    const char *folder;
    int64_t *files, *total;
    void (*bad)(void *self, const char *id);
    void *self;
};

static enum err verify_one(void *self, const struct file_row *f, struct problem *p) {
    struct verifying *v = self;
    struct problem one;
    int fd;
    problem_init(&one, p->arena);
    ++*v->files, *v->total += f->sealed_size;
    if (file_open(v->db, v->folder, f, &fd, &one))
        v->bad(v->self, f->id);
    else
        close(fd);
    return ERR_OK;
}

enum err file_verify_all(struct db *db, const char *folder, int64_t *files, int64_t *total,
                         void (*bad)(void *self, const char *id), void *self, struct problem *p) {
    struct verifying v = {db, folder, files, total, bad, self};
    *files = *total = 0;
    return file_row_each(db, verify_one, &v, p);
}
