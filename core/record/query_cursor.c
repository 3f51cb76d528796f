// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Cursors: where a page ended, carried by the client. Only what this school's key has authenticated
// for this very list comes back in.
#include <sodium.h>
#include "campus/mem.h"
#include "record/query_internal.h"

enum field_type query_column_type(const struct entity *e, int column) {
    if (column >= 0) return e->fields[column].type;
    return column == COLUMN_CREATED_AT || column == COLUMN_UPDATED_AT ? FIELD_DATETIME : FIELD_TEXT;
}

// mac16 | shape16 | for each value: kind, then LE64 integer, or LE32 length + bytes.
enum { MAC = 16, SHAPE = 16, CURSOR_MAX = 64 * 1024 };

static enum err cursor_mac(struct keyring *k, const uint8_t *p, size_t n, uint8_t mac[MAC]) {
    uint8_t secret[32];
    enum err e = keyring_derive(k, "cursor", secret);
    if (!e) crypto_generichash(mac, MAC, p, n, secret, sizeof secret);
    sodium_memzero(secret, sizeof secret);
    return e;
}

enum err query_cursor(const struct query *q, struct keyring *k, const struct value *last, int nlast,
                      struct buf *out) {
    struct buf b;
    buf_init(&b, out->arena);
    uint8_t mac[MAC] = {0};
    buf_put(&b, mac, MAC);
    buf_put(&b, q->shape, SHAPE);
    for (int i = 0; i < nlast; i++) {
        const struct value *v = &last[i];
        bool number = v->kind == VALUE_INT || v->kind == VALUE_BOOL;
        uint64_t x = number ? (uint64_t)v->i : v->n;
        buf_putc(&b, (char)v->kind);
        if (value_is_null(v)) continue;
        for (int k8 = 0; k8 < (number ? 8 : 4); k8++) buf_putc(&b, (char)(x >> (8 * k8)));
        if (!number) buf_put(&b, v->p, v->n);
    }
    enum err e = b.failed ? ERR_NOMEM : cursor_mac(k, (uint8_t *)b.data + MAC, b.len - MAC, mac);
    if (!e) {
        memcpy(b.data, mac, MAC);
        size_t n = sodium_base64_encoded_len(b.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        char *text = out->arena ? arena_alloc(out->arena, n) : mem_alloc(n);
        if (!text)
            e = ERR_NOMEM;
        else {
            sodium_bin2base64(text, n, (uint8_t *)b.data, b.len,
                              sodium_base64_VARIANT_URLSAFE_NO_PADDING);
            buf_puts(out, text);
        }
        if (!out->arena) mem_free(text);
    }
    buf_fini(&b);
    return e;
}

static bool read_values(struct arena *a, struct query *q, const uint8_t *p, const uint8_t *end) {
    struct page *pg = &q->page;
    struct value *v = arena_alloc(a, sizeof *v * (ORDER_MAX + 1));
    int n = 0;
    while (p < end && n <= pg->norder) {
        enum field_type type =
            n < pg->norder ? query_column_type(q->entity, pg->order[n].column) : FIELD_INTEGER;
        bool wants = field_type_is_number(type) || type == FIELD_DATETIME || type == FIELD_BOOLEAN;
        v[n].kind = (enum value_kind) * p++;
        bool number = v[n].kind == VALUE_INT || v[n].kind == VALUE_BOOL;
        size_t head = number ? 8 : 4;
        uint64_t x = 0;
        if (!value_is_null(&v[n])) {
            if (number != wants || (size_t)(end - p) < head) return false;
            for (size_t i = 0; i < head; i++) x |= (uint64_t)p[i] << (8 * i);
            p += head;
            if (number)
                v[n].i = (int64_t)x;
            else {
                if ((size_t)(end - p) < x) return false;
                v[n].p = (const char *)p;
                v[n].n = x;
                p += x;
            }
        }
        n++;
    }
    pg->after = v;
    pg->nafter = n;
    return p == end && n == pg->norder + 1 && v[n - 1].kind == VALUE_INT;
}

enum err query_read_cursor(struct arena *a, struct keyring *k, struct query *q, const char *text,
                           bool *mine) {
    size_t n = strlen(text), got = 0;
    uint8_t *raw = arena_alloc(a, n + 1), mac[MAC];
    *mine = false;
    if (n >= CURSOR_MAX ||
        sodium_base642bin(raw, n + 1, text, n, NULL, &got, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) ||
        got <= MAC + SHAPE)
        return ERR_OK;
    enum err e = cursor_mac(k, raw + MAC, got - MAC, mac);
    if (e) return e;
    *mine = !sodium_memcmp(mac, raw, MAC) && !memcmp(raw + MAC, q->shape, SHAPE) &&
            read_values(a, q, raw + MAC + SHAPE, raw + got);
    return ERR_OK;
}
