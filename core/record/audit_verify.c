// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Checking, searching and exporting the audit log. Verification needs only the public key: it
// hashes every row anew, follows the links, compares the side table and the checkpoints kept
// outside.
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "campus/fsio.h"
#include "campus/json.h"
#include "campus/mem.h"
#include "record/audit_internal.h"

#define COLUMNS                                                                                    \
    "writer,seq,at,actor,client,action,object,outcome,reason,rule,release,purpose,fields,request," \
    "subjects,prev,hash"

static const char *text_at(struct stmt *st, int col) {
    const char *t = stmt_text(st, col, NULL);
    return t ? t : "";
}

static void read_row(struct stmt *st, struct audit_row *r) {
    const char *t[17];
    for (int i = 0; i < 15; i++) t[i] = text_at(st, i);
    *r = (struct audit_row){.at = stmt_int(st, 2),
                            .actor = t[3],
                            .client = t[4],
                            .action = t[5],
                            .object = t[6],
                            .outcome = t[7],
                            .reason = t[8],
                            .rule = t[9],
                            .release = stmt_int(st, 10),
                            .purpose = t[11],
                            .fields = t[12],
                            .request = t[13]};
}

// What the hash sees is what stands there: no byte behind a NUL, no text posing as a number.
static bool is_plain(struct stmt *st) {
    for (int i = 0; i < 15; i++) {
        size_t n;
        char number[24];
        const char *t = stmt_text(st, i, &n);
        if (!t || strlen(t) != n) return false;
        if (i != 1 && i != 2 && i != 10) continue;
        snprintf(number, sizeof number, "%lld", (long long)stmt_int(st, i));
        if (strcmp(t, number)) return false;
    }
    return true;
}

struct note {
    char writer[16];
    int64_t seq;
    uint8_t head[32];
    bool seen;
};

static int note_order(const void *x, const void *y) {
    const struct note *a = x, *b = y;
    int c = strcmp(a->writer, b->writer);
    return c ? c : (a->seq > b->seq) - (a->seq < b->seq);
}

// Reads and checks the signatures of the checkpoint file. A damaged note is a finding of its own.
static struct note *read_notes(struct arena *a, const char *path, const uint8_t pk[32], size_t *n,
                               struct problem *p) {
    char *text;
    size_t len;
    uint8_t id[4];
    *n = 0;
    audit_key_id(pk, id);
    if (fsio_read(a, path, 256 << 20, &text, &len, NULL)) return NULL;
    size_t cap = 1;
    for (const char *s = text; (s = strstr(s, "campusd/audit\n")); s++) cap++;
    struct note *notes = arena_alloc(a, cap * sizeof *notes);
    for (char *s = text; *s;) {
        char *body_end = strstr(s, "\n\n\xe2\x80\x94 campusd/audit ");
        char *sig_at = body_end ? body_end + 2 + strlen("\xe2\x80\x94 campusd/audit ") : NULL;
        char *sig_end = sig_at ? strstr(sig_at, "\n\n") : NULL;
        uint8_t sig[68];
        size_t got = 0;
        bool ok =
            sig_end &&
            !sodium_base642bin(sig, sizeof sig, sig_at, (size_t)(sig_end - sig_at), NULL, &got,
                               NULL, sodium_base64_VARIANT_ORIGINAL) &&
            got == sizeof sig && !memcmp(sig, id, 4) &&
            !crypto_sign_verify_detached(sig + 4, (uint8_t *)s, (size_t)(body_end + 1 - s), pk);
        struct note *note = &notes[*n];
        long long at, seq;
        char b64[64];
        ok =
            ok &&
            sscanf(s, "campusd/audit\n%lld\n%15s %lld %63s\n", &at, note->writer, &seq, b64) == 4 &&
            !sodium_base642bin(note->head, 32, b64, strlen(b64), NULL, &got, NULL,
                               sodium_base64_VARIANT_ORIGINAL);
        if (!ok) {
            problem_add(p, ERR_CORRUPT, NULL, "checkpoint",
                        "a checkpoint after byte %zu does not verify", (size_t)(s - text));
            break;
        }
        note->seq = seq;
        ++*n;
        s = sig_end + 2;
    }
    qsort(notes, *n, sizeof *notes, note_order); // as the rows are walked
    return notes;
}

static void check_note(struct note *notes, size_t n, size_t *at, const char *writer, int64_t seq,
                       const uint8_t *hash, struct problem *p) {
    for (; *at < n; ++*at) {
        int c = strcmp(notes[*at].writer, writer);
        if (c > 0 || (!c && notes[*at].seq > seq)) break;
        if (c || notes[*at].seq != seq) continue;
        notes[*at].seen = true;
        if (memcmp(notes[*at].head, hash, 32))
            problem_add(p, ERR_CORRUPT, NULL, "rewritten",
                        "%s %lld is not what the checkpoint signed", writer, (long long)seq);
    }
}

enum err audit_verify(struct db *db, const uint8_t pk[32], const char *checkpoint_path,
                      int64_t *rows, void (*progress)(void *, int64_t), void *self,
                      struct problem *p) {
    struct arena *a = arena_new(512 << 20);
    if (!a) return problem_set(p, ERR_NOMEM, NULL);
    unsigned before = p->count;
    size_t nnotes = 0, at = 0;
    struct note *notes = checkpoint_path ? read_notes(a, checkpoint_path, pk, &nnotes, p) : NULL;
    struct stmt *st = db_prepare(db, p, "SELECT " COLUMNS " FROM core_audit ORDER BY writer, seq");
    char writer[64] = "";
    uint8_t head[32] = {0};
    int64_t seq = 0, subjects = 0;
    *rows = 0;
    enum err e = ERR_OK;
    while (p->count - before < 20 && stmt_next(st, &e, p)) {
        struct audit_row r;
        uint8_t hash[32];
        size_t prev_n, hash_n, sub_n;
        const char *w = text_at(st, 0);
        if (strcmp(w, writer)) {
            snprintf(writer, sizeof writer, "%s", w);
            memset(head, 0, 32);
            seq = 0;
        }
        int64_t s = stmt_int(st, 1);
        read_row(st, &r);
        const void *prev = stmt_blob(st, 15, &prev_n), *stored = stmt_blob(st, 16, &hash_n);
        const char *subs = text_at(st, 14);
        sub_n = strlen(subs);
        if (s != seq + 1)
            problem_add(p, ERR_CORRUPT, NULL, "gap", "%s: %lld follows %lld", writer, (long long)s,
                        (long long)seq);
        else if (prev_n != 32 || memcmp(prev, head, 32))
            problem_add(p, ERR_CORRUPT, NULL, "link", "%s %lld does not follow its predecessor",
                        writer, (long long)s);
        if (prev_n == 32) audit_hash(prev, writer, s, &r, subs, hash);
        if (!is_plain(st) || prev_n != 32 || hash_n != 32 || memcmp(hash, stored, 32))
            problem_add(p, ERR_CORRUPT, NULL, "changed", "%s %lld has been changed", writer,
                        (long long)s);
        if (hash_n == 32) memcpy(head, stored, 32);
        check_note(notes, nnotes, &at, writer, s, head, p);
        for (size_t i = 0; i < sub_n; i++) subjects += subs[i] == '\n';
        subjects += sub_n > 0;
        seq = s;
        if (++*rows % 10000 == 0 && progress) progress(self, *rows);
    }
    for (size_t i = 0; i < nnotes && !e; i++)
        if (!notes[i].seen)
            problem_add(p, ERR_CORRUPT, NULL, "truncated", "%s %lld was signed and is gone",
                        notes[i].writer, (long long)notes[i].seq);
    int64_t side = 0;
    if (!e) e = db_int(db, p, &side, 0, "SELECT count(*) FROM core_audit_subject", "");
    // more may have been written meanwhile; what matches no entry is found below
    if (!e && side < subjects)
        problem_add(p, ERR_CORRUPT, NULL, "subjects",
                    "the table of subjects has %lld rows, its entries name %lld", (long long)side,
                    (long long)subjects);
    if (!e && checkpoint_path && !notes && *rows)
        problem_add(p, ERR_CORRUPT, NULL, "checkpoint", "%s cannot be read", checkpoint_path);
    if (!e) {
        int64_t orphans = 0;
        e = db_int(
            db, p, &orphans, 0,
            "SELECT count(*) FROM core_audit_subject s WHERE NOT EXISTS (SELECT 1 FROM core_audit a"
            " WHERE a.writer=s.writer AND a.seq=s.seq AND"
            " replace($1||a.subjects||$1, $1||s.subject||$1, '')<>$1||a.subjects||$1)",
            "t", "\n");
        if (orphans)
            problem_add(p, ERR_CORRUPT, NULL, "subjects", "%lld subject rows match no entry",
                        (long long)orphans);
    }
    if (st) stmt_reset(st);
    arena_free(a);
    return e ? e : p->count > before ? ERR_CORRUPT : ERR_OK;
}

static void row_json(struct stmt *st, bool hashes, struct buf *b) {
    buf_putc(b, '{');
    stmt_json(st, hashes ? "writer seq# at#" : "writer seq# at@", b);
    stmt_json(st,
              "- - - actor client action object outcome reason rule release# purpose fields request"
              " subjects",
              b);
    for (int i = 15; hashes && i < 17; i++) {
        size_t n;
        char hex[65] = "";
        const void *p = stmt_blob(st, i, &n);
        if (n == 32) sodium_bin2hex(hex, sizeof hex, p, 32);
        json_kv_str(b, i == 15 ? "prev" : "hash", hex);
    }
    buf_putc(b, '}');
}

enum err audit_search_json(struct db *db, const struct audit_query *q, struct buf *out,
                           struct problem *p) {
    struct stmt *st = db_query(
        db, p,
        "SELECT " COLUMNS " FROM core_audit a WHERE ($1='' OR actor=$1) AND ($2='' OR object=$2)"
        " AND ($3='' OR action=$3) AND ($4='' OR outcome=$4) AND at>=$5 AND at<=$6 AND seq<$7"
        " AND ($8='' OR EXISTS (SELECT 1 FROM core_audit_subject s WHERE s.subject="
        "COALESCE((SELECT owner FROM core_subject WHERE record=$8),$8) AND s.writer=a.writer"
        " AND s.seq=a.seq)) ORDER BY seq DESC LIMIT $9",
        "ttttiiiti", q->actor ? q->actor : "", q->object ? q->object : "",
        q->action ? q->action : "", q->outcome ? q->outcome : "", q->from,
        q->to ? q->to : INT64_MAX, q->before_seq ? q->before_seq : INT64_MAX,
        q->subject ? q->subject : "", (int64_t)(q->limit ? q->limit : 100));
    if (!st) return p->code;
    buf_puts(out, "{\"items\":[");
    enum err e = ERR_OK;
    while (stmt_next(st, &e, p)) {
        json_sep(out);
        row_json(st, false, out);
    }
    buf_puts(out, "]}");
    return e;
}

enum err audit_export(struct db *db, int64_t from_seq, int fd, struct problem *p) {
    struct stmt *st =
        db_query(db, p, "SELECT " COLUMNS " FROM core_audit WHERE seq>=$1 ORDER BY writer, seq",
                 "i", from_seq);
    FILE *f = fdopen(dup(fd), "w");
    enum err e = f ? ERR_OK : problem_set(p, ERR_IO, "cannot write");
    struct buf b;
    buf_init(&b, NULL);
    while (stmt_next(st, &e, p)) {
        b.len = 0;
        row_json(st, true, &b);
        buf_putc(&b, '\n');
        if (b.failed || fwrite(b.data, 1, b.len, f) != b.len)
            e = problem_set(p, ERR_IO, "cannot write");
    }
    stmt_reset(st);
    buf_fini(&b);
    if (f && fclose(f) && !e) e = problem_set(p, ERR_IO, "cannot write");
    return e;
}
