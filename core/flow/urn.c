// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Urns. The answers lie in parts of some hundreds, each sealed whole under a key of the urn's own:
// putting one in costs the same whether there are ten or ten thousand. In a part an answer is LE32
// length and bytes.
#include "campus/urn.h"

#include <sodium.h>
#include <string.h>
#include "campus/json.h"
#include "campus/limits.h"
#include "campus/mem.h"
#include "record/store_sql.h"

const char urn_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_urn(urn TEXT NOT NULL, part BIGINT NOT NULL, n BIGINT NOT"
    " NULL, size BIGINT NOT NULL, sealed {bytes} NOT NULL, PRIMARY KEY(urn, part)){clustered};";

enum { PART_BYTES = 131072, HEAD = 4, OPEN_ARENA = 4 * LIMIT_URN_BYTES };

const struct field *urn_back(const struct entity *into, const struct entity *e) {
    for (int i = 0; i < into->nfields; i++)
        if (into->fields[i].type == FIELD_REFERENCE && into->fields[i].target == e)
            return &into->fields[i];
    return NULL;
}

const struct field *urn_of(const struct public_form *f, const struct transition **opens) {
    for (int i = 0; i < f->entity->nfields; i++) {
        const struct field *ref = &f->entity->fields[i];
        const struct workflow *w = ref->target ? ref->target->workflow : NULL;
        for (int k = 0; w && k < w->ntransitions; k++) {
            *opens = &w->transitions[k];
            if ((*opens)->opens && (*opens)->opens->into == f->into) return ref;
        }
    }
    return NULL;
}

static const char *key_of(const struct flow *f, const char *urn) {
    return arena_printf(f->store->arena, "urn/%s", urn);
}

static struct seal_name name_of(const struct flow *f, const char *urn, int64_t part, uint64_t gen) {
    return (struct seal_name){
        f->store->school, "core.urn", urn, arena_printf(f->store->arena, "%lld", (long long)part),
        "bytes",          gen};
}

struct part {
    int64_t nr, n, size; // size: bytes of the answers
    char *bytes;
};

static enum err open_part(const struct flow *f, const char *urn, struct stmt *st, struct arena *a,
                          const uint8_t dek[SEAL_KEY], uint64_t gen, struct part *out) {
    size_t blob_n, n;
    *out = (struct part){.nr = stmt_int(st, 0), .n = stmt_int(st, 1)};
    const void *blob = stmt_blob(st, 2, &blob_n);
    struct seal_name name = name_of(f, urn, out->nr, gen);
    enum err e = seal_open(dek, &name, blob, blob_n, a, &out->bytes, &n);
    out->size = (int64_t)n;
    return e ? problem_set(f->store->problem, e, "an urn does not open") : ERR_OK;
}

static size_t length_at(const char *p) {
    const uint8_t *b = (const uint8_t *)p;
    return b[0] | (size_t)b[1] << 8 | (size_t)b[2] << 16 | (size_t)b[3] << 24;
}

// The part with the answer at a random place.
static char *with(struct arena *a, const struct part *p, const char *answer, size_t n) {
    char *out = arena_alloc(a, (size_t)p->size + HEAD + n), *at = out;
    size_t before = 0;
    for (uint32_t k = p->bytes ? randombytes_uniform((uint32_t)p->n + 1) : 0; k; k--)
        before += HEAD + length_at(p->bytes + before);
    if (before) memcpy(at, p->bytes, before);
    at += before;
    for (int i = 0; i < HEAD; i++) *at++ = (char)(n >> (8 * i) & 255);
    memcpy(at, answer, n);
    if (p->size) memcpy(at + n, p->bytes + before, (size_t)p->size - before);
    return out;
}

enum err urn_put(const struct flow *f, const char *urn, const char *answer, size_t n) {
    struct store *s = f->store;
    struct part last = {0};
    uint8_t dek[SEAL_KEY];
    uint64_t gen;
    int64_t size;
    enum err e = db_int(s->db, s->problem, &size, 0,
                        "SELECT COALESCE(SUM(size),0) FROM core_urn WHERE urn=$1", "t", urn);
    if (e) return e;
    if (size + (int64_t)n > LIMIT_URN_BYTES)
        return problem_add(s->problem, ERR_CONFLICT, NULL, "urn_full",
                           "too many answers have been given already");
    e = store_owner_key(s, key_of(f, urn), &gen, dek, true);
    if (e) return e;
    struct stmt *st = db_query(
        s->db, s->problem,
        "SELECT part,n,sealed FROM core_urn WHERE urn=$1 ORDER BY part DESC LIMIT 1", "t", urn);
    if (stmt_next(st, &e, s->problem)) {
        e = open_part(f, urn, st, s->arena, dek, gen, &last);
        stmt_reset(st);
    }
    if (!e && last.size + (int64_t)n > PART_BYTES) last = (struct part){.nr = last.nr + 1};
    if (!e) {
        char *bytes = with(s->arena, &last, answer, n);
        size_t all = (size_t)last.size + HEAD + n, sealed_n = seal_size(all);
        uint8_t *sealed = arena_alloc(s->arena, sealed_n);
        struct seal_name name = name_of(f, urn, last.nr, gen);
        e = seal_value(dek, (uint32_t)gen, &name, bytes, all, sealed);
        if (!e)
            e = db_run(s->db, s->problem, NULL,
                       "INSERT INTO core_urn(urn,part,n,size,sealed) VALUES($1,$2,$3,$4,$5)"
                       " ON CONFLICT(urn,part) DO UPDATE SET n=excluded.n, size=excluded.size,"
                       " sealed=excluded.sealed",
                       "tiiib", urn, last.nr, last.n + 1, (int64_t)all, sealed, sealed_n);
    }
    sodium_memzero(dek, sizeof dek);
    return e;
}

struct answer {
    const char *p;
    size_t n;
};

static enum err read_all(const struct flow *f, const char *urn, struct arena *a,
                         struct answer *list, int64_t most) {
    struct store *s = f->store;
    uint8_t dek[SEAL_KEY];
    uint64_t gen;
    int64_t k = 0;
    enum err e = store_owner_key(s, key_of(f, urn), &gen, dek, false);
    if (e) return problem_set(s->problem, ERR_CORRUPT, "an urn has lost its key");
    struct stmt *st =
        db_query(s->db, s->problem, "SELECT part,n,sealed FROM core_urn WHERE urn=$1", "t", urn);
    while (stmt_next(st, &e, s->problem)) {
        struct part p;
        e = open_part(f, urn, st, a, dek, gen, &p);
        for (char *at = p.bytes; !e && p.n-- && k < most; k++) {
            list[k] = (struct answer){at + HEAD, length_at(at)};
            at += HEAD + list[k].n;
        }
        if (e) stmt_reset(st);
    }
    sodium_memzero(dek, sizeof dek);
    return e;
}

enum err urn_empty(const struct flow *f, const char *urn, int64_t least,
                   enum err (*fn)(void *self, const char *answer, size_t n), void *self,
                   int64_t *n) {
    struct store *s = f->store;
    enum err e = db_int(s->db, s->problem, n, 0,
                        "SELECT COALESCE(SUM(n),0) FROM core_urn WHERE urn=$1", "t", urn);
    if (e || !*n) return e;
    if (*n >= least) {
        struct arena *a = arena_new(OPEN_ARENA);
        if (!a) return problem_set(s->problem, ERR_NOMEM, NULL);
        arena_defer(s->arena, (void (*)(void *))arena_free, a);
        jmp_buf *trap = arena_trap(s->arena, NULL);
        arena_trap(s->arena, trap);
        arena_trap(a, trap);
        struct answer *list = arena_alloc(a, sizeof *list * (size_t)*n);
        e = read_all(f, urn, a, list, *n);
        for (int64_t i = *n - 1; i > 0 && !e; i--) { // parts tell early from late
            int64_t k = randombytes_uniform((uint32_t)i + 1);
            struct answer other = list[k];
            list[k] = list[i], list[i] = other;
        }
        for (int64_t i = 0; i < *n && !e; i++) e = fn(self, list[i].p, list[i].n);
    }
    if (!e) e = db_run(s->db, s->problem, NULL, "DELETE FROM core_urn WHERE urn=$1", "t", urn);
    if (!e)
        e = db_run(s->db, s->problem, NULL, "DELETE FROM core_key WHERE owner=$1", "t",
                   key_of(f, urn));
    return e;
}
