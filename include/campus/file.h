// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Files: bytes sealed under a random key of their own (libsodium's secretstream), which the data
// key of whom they concern wraps. An upload belongs to who sent it for a day; written into a file
// field of a record it is that record's, and of its subject. Bytes lie in HOME/files, or in the
// database where that is a server (db_holds_files). Nothing here asks who may: the gate does.
#ifndef CAMPUS_FILE_H
#define CAMPUS_FILE_H

#include "campus/id.h"
#include "campus/store.h"

enum { FILE_KEY = 32, FILE_HASH = 32, FILE_CHUNK = 64 << 10, FILE_NAME_BYTES = 255 };
extern const char file_ddl[];

// Types, told by the content alone.
// "pdf", … for a media type; "" for none or any ("application/octet-stream"), NULL when we take no
// such thing.
const char *file_type_of_media(const char *media_type);
const char *file_media_type(const char *type); // of "pdf"; "application/octet-stream" otherwise
bool file_type_exists(const char *type);
bool file_is_shown_inline(const char *type); // what a browser may show in its sandbox

// Writing: sealed while it comes in, into a file without a name in `folder`.
struct file_made {
    char id[ID_LEN + 1];
    uint8_t key[FILE_KEY], hash[FILE_HASH]; // the hash is of the sealed bytes
    const char *type;
    uint64_t size, sealed_size;
    int fd; // the writer's
};
struct file_writer;
// The writer is the arena's, and so is what it holds open. It fails stickily.
struct file_writer *file_writer_open(struct arena *a, const char *folder);
MUST_CHECK enum err file_write(void *writer, const char *p, size_t n);
// Seals the last piece and tells the type. declared: of file_type_of_media. ERR_INVALID: empty;
// ERR_UNSUPPORTED: no type that we take, or another than declared.
MUST_CHECK enum err file_write_end(struct file_writer *w, const char *declared,
                                   struct file_made *out, struct problem *p);

// Where sealed bytes lie on disk: FOLDER/ab/ID, durable when put returns.
MUST_CHECK enum err file_put(const char *folder, const struct file_made *f, struct problem *p);
void file_remove(const char *folder, const char *id);
// For each file there; fn's error ends it.
MUST_CHECK enum err file_each(const char *folder, struct arena *a,
                              enum err (*fn)(void *self, const char *id, int64_t modified_ms),
                              void *self, struct problem *p);

// Rows.
struct file_row {
    const char *id, *owner, *entity, *record, *field, *type, *by; // entity "": not attached yet
    int64_t size, sealed_size, created_at, expires_at;
    uint64_t generation;
    const uint8_t *hash, *key, *name; // key NULL: the person was erased
    size_t hash_n, key_n, name_n;
};
// A new upload of `by`, theirs until it expires.
MUST_CHECK enum err file_add(struct store *s, const struct file_made *f, const char *name,
                             const char *by, int64_t now, int64_t expires_at);
MUST_CHECK enum err file_find(struct store *s, const char *id, struct file_row *out);
// All that were not erased, by their ids. A row is fn's until it returns; its error ends it.
MUST_CHECK enum err file_row_each(struct db *db,
                                  enum err (*fn)(void *self, const struct file_row *f,
                                                 struct problem *p),
                                  void *self, struct problem *p);
// How many uploads of this person wait to be attached.
MUST_CHECK enum err file_waiting(struct store *s, const char *by, int64_t now, int64_t *n);
// How many files the public has sent for this record, replaced ones too.
MUST_CHECK enum err file_of_public(struct store *s, const char *record, int64_t *n);
// ERR_NOT_FOUND when the key that wrapped it is destroyed.
MUST_CHECK enum err file_unwrap(struct store *s, const struct file_row *f, uint8_t key[FILE_KEY],
                                const char **name);
// Attaches what the input's file fields name, under the key of the record's owner. An item for each
// that is not there, not the actor's, too large or of another type.
MUST_CHECK enum err file_attach(struct store *s, const struct record *r, const struct input *in,
                                const char *by, int64_t now);
// Attaches an upload of `by` to the record but to no field; kind stands for it ("approval").
MUST_CHECK enum err file_attach_to(struct store *s, const struct record *r, const char *id,
                                   const char *kind, const char *pointer, const char *by,
                                   int64_t now);
// Whether a value of the field names the file.
bool file_is_in(struct arena *a, const struct field *f, const struct value *v, const char *id);
// Destroys the keys and names of all files that are the owner's, and what documents say: nothing
// opens any more, and the bytes go with the next sweep.
MUST_CHECK enum err file_erase(struct store *s, const char *owner, int64_t now);

// Reading. Opens the sealed bytes and compares their hash before anything else: ERR_CORRUPT when
// they are missing or changed. folder: of the files, or of a place for temporary ones where the
// database holds them.
MUST_CHECK enum err file_open(struct db *db, const char *folder, const struct file_row *f, int *fd,
                              struct problem *p);
struct file_reader;
// Takes the descriptor; the reader is the arena's.
MUST_CHECK enum err file_reader_open(struct arena *a, int fd, const uint8_t key[FILE_KEY],
                                     struct file_reader **out);
// Bytes in the clear, in order; 0 at the end; -1 when they are not what was written.
ssize_t file_read(void *reader, char *to, size_t max);

// What the sweep removes, oldest first; fn is called for at most `max` of them.
MUST_CHECK enum err file_expired(struct db *db, int64_t now, int max,
                                 enum err (*fn)(void *self, const char *id), void *self,
                                 struct problem *p);
MUST_CHECK enum err file_forget(struct db *db, const char *id, struct problem *p); // row and parts
MUST_CHECK enum err file_put_part(struct db *db, const char *id, int64_t part, const void *bytes,
                                  size_t n, struct problem *p);
enum { FILE_PART = 512 << 10 };
// For doctor, needs no key: how many are there and how many of them are missing or changed.
MUST_CHECK enum err file_verify_all(struct db *db, const char *folder, int64_t *files,
                                    int64_t *bytes, void (*bad)(void *self, const char *id),
                                    void *self, struct problem *p);

#endif
