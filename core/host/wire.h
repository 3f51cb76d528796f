// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The wire between the core and a child: frames of LE32 length, one type byte, one tagged value.
// Both sides take the other's bytes as hostile: sizes, depth and UTF-8 are checked before use.
#ifndef HOST_WIRE_H
#define HOST_WIRE_H

#include <jansson.h>
#include <sys/socket.h>
#include "campus/buf.h"
#include "campus/err.h"
#include "campus/value.h"

// A decoded frame costs its bytes plus WIRE_NODES_MAX nodes at most, so that a child cannot exhaust
// the arena of the request it answers.
enum {
    WIRE_FRAME_MAX = 4 << 20,
    WIRE_DEPTH_MAX = 24,
    WIRE_ITEMS_MAX = 20000,
    WIRE_NODES_MAX = 40000,
    WIRE_TEXT_MAX = 1 << 20
};
enum wire_tag {
    WIRE_NIL,
    WIRE_FALSE,
    WIRE_TRUE,
    WIRE_INT,
    WIRE_FLOAT,
    WIRE_TEXT,
    WIRE_LIST,
    WIRE_MAP
};
enum wire_type {
    // core -> child
    FRAME_SOURCES = 'S',
    FRAME_POLICY = 'P', // these two are told, not answered
    FRAME_DECLARE = 'D',
    FRAME_RULE = 'R',
    FRAME_RULES = 'B', // several rules at once, for the lab
    FRAME_ACTION = 'C',
    FRAME_AUTHOR = 'X', // what author.lua does; never of a service
    FRAME_TASK = 'T',   // to a converter: its kind, its options as JSON
    FRAME_FEED = 'F',   // bytes that go in
    FRAME_END = 'Z',    // no more go in; asked again until nothing comes out
    FRAME_ANSWER = 'A', // to an ask: [result] or [nil, code, text]
    // child -> core
    FRAME_HELLO = 'H', // once, from inside the jail: what it is made of
    FRAME_ASK = 'Q',   // [service, arguments], during an action only
    FRAME_OK = 'O',    // of a converter: one byte, 1 when it is done, then the bytes that come out
    FRAME_ERROR = 'E'
};

struct wire { // a decoded value; texts are borrowed from the frame
    enum wire_tag tag;
    int64_t i;
    double f;
    const char *p;
    size_t n; // text
    const char *key;
    size_t key_n;
    struct wire *first, *next; // list and map members
    size_t count;
};
struct arena;
// Whole payload -> tree in the arena; false when it is not exactly one well-formed value.
bool wire_decode(struct arena *a, const uint8_t *data, size_t n, struct wire **out);
const struct wire *wire_get(const struct wire *map, const char *key);
const char *wire_str(struct arena *a, const struct wire *map, const char *key); // NULL when no text

void wire_put_nil(struct buf *b);
void wire_put_bool(struct buf *b, bool v);
void wire_put_int(struct buf *b, int64_t v);
void wire_put_float(struct buf *b, double v);
void wire_put_text(struct buf *b, const char *s, size_t n);
void wire_put_open(struct buf *b, enum wire_tag tag,
                   uint32_t count); // list: values; map: key text, value
void wire_put_json(struct buf *b, const json_t *j);
void wire_to_json(const struct wire *w, struct buf *out);

// A cursor for decoders that build something else than a tree (the child builds Lua values).
struct wire_reader {
    const uint8_t *at, *end;
};
bool wire_read_tag(struct wire_reader *r, enum wire_tag *tag, int64_t *i, double *f, const char **p,
                   size_t *n);

void wire_head(uint8_t head[5], char type, size_t payload_n);
size_t wire_length(const uint8_t head[5]);        // of the payload; SIZE_MAX when it cannot be
bool wire_advance(struct msghdr *m, size_t sent); // false when all is sent
// The child's side, blocking. *data is malloc'ed (free it). False at end of file or on a bad frame.
bool wire_send(int fd, char type, const struct buf *payload);
bool wire_recv(int fd, char *type, uint8_t **data, size_t *n);

#endif
