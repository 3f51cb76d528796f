// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What a handler asks of a request: headers, query parameters, cookies.
#include <string.h>
#include <strings.h>
#include "http/http_internal.h"

const char *http_header(const struct http_request *r, const char *name) {
    const struct exchange *x = (const struct exchange *)r;
    const char *v = MHD_lookup_connection_value(x->mhd, MHD_HEADER_KIND, name);
    size_t n = v ? strlen(v) : 0;
    if (!n || (v[n - 1] != ' ' && v[n - 1] != '\t')) return v;
    while (n && (v[n - 1] == ' ' || v[n - 1] == '\t')) n--;
    return arena_strndup(r->arena, v, n);
}

bool http_query_next(struct http_request *r, const char **at, const char **name, const char **value,
                     bool *bad) {
    const char *s = *at;
    s += strspn(s, "&");
    if (!*s) return false;
    size_t n = strcspn(s, "&"), k = strcspn(s, "=&");
    char *key = arena_alloc(r->arena, k + 1), *val = arena_alloc(r->arena, n - k + 1);
    size_t from = k < n ? k + 1 : k;
    *at = s + n;
    if (!strict_decode(key, s, k, true, NULL) ||
        !strict_decode(val, s + from, n - from, true, NULL)) {
        *bad = true;
        return false;
    }
    *name = key;
    *value = val;
    return true;
}

struct cookie {
    const char *name, *value;
    size_t name_n, value_n;
};

static enum MHD_Result on_header(void *self, enum MHD_ValueKind kind, const char *k,
                                 const char *v) {
    (void)kind;
    struct cookie *c = self;
    if (!v || strcasecmp(k, "cookie") != 0) return MHD_YES;
    while (*v) {
        v += strspn(v, "; \t");
        size_t n = strcspn(v, ";");
        if (n > c->name_n && v[c->name_n] == '=' && !memcmp(v, c->name, c->name_n)) {
            c->value = v + c->name_n + 1;
            c->value_n = n - c->name_n - 1;
            while (c->value_n && strchr(" \t", c->value[c->value_n - 1])) c->value_n--;
            return MHD_NO;
        }
        v += n;
    }
    return MHD_YES;
}

const char *http_cookie(struct http_request *r, const char *name) {
    struct exchange *x = (struct exchange *)r;
    struct cookie c = {.name = name, .name_n = strlen(name)};
    MHD_get_connection_values(x->mhd, MHD_HEADER_KIND, on_header, &c);
    return c.value ? arena_strndup(r->arena, c.value, c.value_n) : NULL;
}
