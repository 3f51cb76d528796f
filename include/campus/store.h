// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The store: records in and out of their tables. It seals marked fields under the owner's data key,
// keeps blind and unique indexes, history, kept counters and idempotency. It authorises nothing:
// only the gate calls it.
#ifndef CAMPUS_STORE_H
#define CAMPUS_STORE_H

#include "campus/db.h"
#include "campus/json.h"
#include "campus/keyring.h"
#include "campus/record.h"

extern const char store_ddl[];

// Makes and extends tables and indexes from the schema, additively; idempotent. In a
// transaction of its own unless one is under way.
MUST_CHECK enum err store_migrate(struct db *db, const struct schema *s, const char *extra_ddl,
                                  struct problem *p);

// The table of an entity as another database has it (copy.h), whether or not a release declares it.
struct copy_table;
MUST_CHECK enum err store_table_like(struct db *db, const struct copy_table *t, struct problem *p);

struct store { // what the functions need; a value on the caller's stack
    struct db *db;
    struct keyring *keyring;
    struct arena *arena;
    const char *school;
    struct problem *problem;
};
struct input {            // what a client wants written
    struct value *values; // by field index
    struct fieldset present;
};
void input_put(struct input *in, const struct field *f, struct value v);
// The values of a record as the input would leave them; before stays as it is.
struct value *input_over(struct arena *a, const struct entity *e, const struct value *before,
                         const struct input *in);
// Reckons derived fields anew whose list is written, and those that a record has none of yet.
// before: of the record, NULL for a new one.
MUST_CHECK enum err input_derive(struct arena *a, const struct entity *e,
                                 const struct value *before, struct input *in, struct problem *p);
// JSON object -> input, each value checked against its field (type, range, length, pattern, check,
// choice); an item for every error. creating: presets are filled in and required ones demanded.
MUST_CHECK enum err input_parse(struct arena *a, const struct entity *e, const json_t *body,
                                bool creating, const char *actor, int64_t now, const char *today,
                                struct input *out, struct problem *p);
// A list as rules see it, its money and decimals as numbers.
struct value list_for_rule(struct arena *a, const struct field *list, const struct value *v);
// through.c: fields that repeat what a reference leads to, as that is now. in->values: all of them.
MUST_CHECK enum err input_through(struct store *s, const struct entity *e,
                                  const struct value *before, struct input *in);
// Fills in the presets of a new record's absent fields but those in skip; an item for each required
// one that stays empty.
void input_presets(struct arena *a, const struct entity *e, const char *actor, int64_t now,
                   const char *today, const struct fieldset *skip, struct input *in,
                   struct problem *p);
// One cell of text (CSV) for a field -> value; false after adding an item under `pointer`.
bool input_cell(struct arena *a, const struct field *f, const char *text, size_t n,
                const char *pointer, struct value *out, struct problem *p);

// What is held of a limit has changed by so much: reserved, committed, settled. Moves the pool's
// fields that show it and its kept counters; pool: as read in this transaction, updated in place.
MUST_CHECK enum err derive_feed(struct store *s, struct record *pool, const struct field *limit,
                                const int64_t by[3]);
MUST_CHECK enum err derive_settle(struct store *s, const struct schema *schema);
// How many of these fields differ from what is held (doctor).
MUST_CHECK enum err derive_check(struct store *s, const struct schema *schema, int64_t *wrong);

// once.c: what is unique in lists, kept beside the records whose state does not free it.
// ERR_CONFLICT with an item at each line whose value another record, or another line, has. Called
// by the store.
extern const char once_ddl[];
MUST_CHECK enum err once_insert(struct store *s, const struct record *r);
MUST_CHECK enum err once_update(struct store *s, const struct record *r, const struct input *in,
                                int state);
// list NULL: of all lists.
MUST_CHECK enum err once_drop(struct store *s, const struct entity *e, const struct field *list,
                              const char *record);
MUST_CHECK enum err once_settle(struct store *s, const struct schema *schema);

// The record's columns; sealed fields stay VALUE_BLOB. ERR_NOT_FOUND when absent.
MUST_CHECK enum err store_get(struct store *s, const struct entity *e, const char *id,
                              struct record *out);
// Opens the sealed fields in `which` (the rest stays). ERR_CORRUPT when a blob does not check.
MUST_CHECK enum err store_unseal(struct store *s, struct record *r, const struct fieldset *which);
// Inserts; fills r (id, rev 1, state, times, values in the clear).
MUST_CHECK enum err store_insert(struct store *s, const struct entity *e, const struct input *in,
                                 const char *by, int64_t now, int64_t policy, struct record *r);
// Writes the present fields and, if state >= 0, the new state; rev grows; history keeps what was.
// r is the record as read in this transaction; updated in place.
MUST_CHECK enum err store_update(struct store *s, struct record *r, const struct input *in,
                                 int state, const char *verb, const char *by, int64_t now,
                                 int64_t release);
MUST_CHECK enum err store_archive(struct store *s, struct record *r, const char *by, int64_t now,
                                  int64_t release);

// Whose data a record holds: *owner is the record itself, where nothing else is known.
MUST_CHECK enum err store_subject(struct store *s, const char *record, const char **owner);
// The records of somebody beside the one that this subject is called after.
MUST_CHECK enum err
store_subject_each(struct store *s, const char *owner,
                   enum err (*fn)(void *self, const char *entity, const char *record), void *self);

struct order {
    int column;
    bool desc;
};
enum { ORDER_MAX = 4 };
struct page { // a list request after parsing
    const struct cond *where;
    struct order order[ORDER_MAX];
    int norder; // the record's number is always appended
    int limit;
    const struct value *after;
    int nafter; // cursor: the last row's order values and number; NULL: start
    int blind_field;
    struct value blind;          // equality on a sealed field (-1: none)
    bool blind_last4;            // only of its last four characters
    const struct search *search; // words, or NULL
};
// Calls fn for each record (valid during the call; values borrowed; sealed fields not opened, see
// store_unseal). *more: whether another page exists; the cursor values of the last row are left in
// `last` (ORDER_MAX + 1 of them; texts in the arena).
MUST_CHECK enum err store_list(struct store *s, const struct entity *e, const struct page *pg,
                               enum err (*fn)(void *self, struct record *r), void *self, bool *more,
                               struct value *last, int *nlast);
// Counts what the page's condition and blind equality match; limit, order and cursor do not matter.
MUST_CHECK enum err store_count(struct store *s, const struct entity *e, const struct page *pg,
                                int64_t *n);

struct history_row {
    int64_t rev, at, release;
    const char *actor, *verb;
    const char *delta;
    size_t delta_n;
};
// Oldest first.
MUST_CHECK enum err store_history(struct store *s, const struct entity *entity, const char *record,
                                  enum err (*fn)(void *self, const struct history_row *h),
                                  void *self);
// The rows of a record's history (h) as a query whose $1 is its id; rest: what follows FROM.
const char *store_history_sql(struct arena *a, const struct entity *e, const char *columns,
                              const char *rest);
// A row more. An UPDATE of the record must follow and set its history to db_last.
MUST_CHECK enum err store_keep_history(struct store *s, const struct entity *e, const char *id,
                                       const struct history_row *h);

// Idempotency: keyed request hash -> status, entity, record. found false: not seen.
struct idem {
    bool found;
    bool mismatch;
    int status;
    const char *entity, *record;
};
MUST_CHECK enum err idem_find(struct store *s, const char *actor, const char *key,
                              const uint8_t request_hash[16], int64_t now, struct idem *out);
MUST_CHECK enum err idem_put(struct store *s, const char *actor, const char *key,
                             const uint8_t request_hash[16], int status, const char *entity,
                             const char *record, int64_t now);

#endif
