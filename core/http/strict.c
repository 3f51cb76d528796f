// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The strict gate: what a lenient parser let through is refused here, before anything acts on it
// (RFC 9112; request smuggling rests on two parsers that read one head differently).
#include <string.h>
#include <strings.h>
#include "campus/text.h"
#include "http/http_internal.h"

static bool is_token(const char *s, size_t n) {
    static const char more[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alnum && (!c || !strchr(more, c))) return false;
    }
    return n > 0;
}

static bool is_host(const char *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alnum && (!c || !strchr(".-_:[]", c))) return false;
    }
    return n > 0;
}

static bool is_name(const char *k, size_t n, const char *name) {
    return n == strlen(name) && !strncasecmp(k, name, n);
}

struct head {
    const char *end; // one past what has been accounted for
    int fields, hosts, lengths, codings;
    bool bad;
    const char *why;
    uint64_t length;
};

static void bad(struct head *h, const char *why) {
    if (!h->bad) h->why = why;
    h->bad = true;
}

// The library cuts lines with strlen and accepts bare LF and folded lines. But its keys and values
// point into the bytes as they came, with only separators overwritten, so a field must start
// exactly where the one before it and its CRLF end: a NUL, a bare LF or a folded line leaves
// another gap.
static enum MHD_Result on_field(void *self, enum MHD_ValueKind kind, const char *k, size_t kn,
                                const char *v, size_t vn) {
    (void)kind;
    struct head *h = self;
    h->fields++;
    if (k != h->end + 2 || !v) bad(h, "a line of the head does not end in CRLF or is folded");
    if (!is_token(k, kn)) bad(h, "the name of a header field is not a token");
    if (!v) return MHD_YES;
    for (size_t i = 0; i < vn; i++)
        if (((unsigned char)v[i] < ' ' && v[i] != '\t') || v[i] == 0x7f)
            bad(h, "a header field has a control character");
    h->end = v + vn;
    switch (kn) {
    case 4:
        if (!is_name(k, kn, "host")) break;
        h->hosts++;
        if (!is_host(v, vn)) bad(h, "the Host is not a host");
        break;
    case 14:
        if (!is_name(k, kn, "content-length")) break;
        h->lengths++;
        h->length = 0;
        for (size_t i = 0; i < vn; i++) {
            if (v[i] < '0' || v[i] > '9') bad(h, "the Content-Length is not a number");
            h->length = h->length * 10 + (uint64_t)(v[i] - '0');
        }
        if (!vn || vn > 18) bad(h, "the Content-Length is not a number");
        break;
    case 17:
        if (!is_name(k, kn, "transfer-encoding")) break;
        h->codings++;
        if (!is_name(v, vn, "chunked")) bad(h, "only the transfer coding chunked is known");
        break;
    default: break;
    }
    return MHD_YES;
}

bool strict_head(struct exchange *x, const char *method, const char *version, enum err *out,
                 const char **why) {
    *out = ERR_BAD_REQUEST;
    *why = "the request line is not METHOD SP /path SP HTTP/1.1 CRLF";
    if (x->query) x->query[0] = x->query_first;
    size_t mn = strlen(method);
    if (!is_token(method, mn) || method + mn + 1 != x->uri || x->uri[x->uri_n] ||
        x->uri + x->uri_n + 1 != version || strlen(version) != 8)
        return false;
    for (size_t i = 0; i < x->uri_n; i++) {
        unsigned char c = (unsigned char)x->uri[i];
        bool cut = x->query && x->uri + i + 1 == x->query; // where '?' was
        if ((c <= ' ' && !cut) || c == 0x7f || c == '#') return false;
    }
    if (x->uri[0] != '/') return false;
    *out = ERR_URI_TOO_LONG;
    *why = NULL;
    if (x->uri_n > LIMIT_URI_BYTES) return false;

    struct head h = {.end = version + 8};
    MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, on_field, &h);
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(x->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    size_t total = size ? size->header_size : 0;
    if (method + total != h.end + 4)
        bad(&h, "a line of the head does not end in CRLF or is folded");
    bool old = !strcmp(version, "HTTP/1.0");
    if (h.hosts > 1 || (!h.hosts && !old)) bad(&h, "one Host is needed");
    if (h.lengths > 1) bad(&h, "more than one Content-Length");
    if (h.codings > 1 || (h.codings && (h.lengths || old)))
        bad(&h, "Transfer-Encoding stands alone and in HTTP/1.1 only");
    if (h.bad) {
        *out = ERR_BAD_REQUEST;
        *why = h.why;
        return false;
    }
    *out = ERR_HEADERS_TOO_LARGE;
    if (h.fields > LIMIT_HEADER_COUNT || (size_t)(h.end - version) - 8 > LIMIT_HEADER_BYTES)
        return false;
    x->expect = h.codings ? UINT64_MAX : h.length;
    *out = ERR_OK;
    return true;
}

static int hex(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

// NUL-terminates; needs n + 1 bytes. False for a broken escape, an escaped NUL and broken UTF-8.
bool strict_decode(char *to, const char *from, size_t n, bool plus, size_t *out_n) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        char c = from[i];
        if (c == '%') {
            int a = i + 2 < n ? hex(from[i + 1]) : -1, b = a < 0 ? -1 : hex(from[i + 2]);
            if (b < 0) return false;
            c = (char)(a << 4 | b);
            i += 2;
        } else if (c == '+' && plus)
            c = ' ';
        to[k++] = c;
    }
    to[k] = 0;
    if (out_n) *out_n = k;
    return text_is_utf8(to, k);
}

const char *strict_path(struct arena *a, char *raw) {
    size_t n = strlen(raw);
    char *path = raw;
    bool plain = true;
    for (size_t i = 0; i < n; i++) {
        plain &= raw[i] != '%' && (unsigned char)raw[i] < 0x80;
        if (raw[i] == '%' && (!strncasecmp(raw + i, "%2f", 3) || !strncasecmp(raw + i, "%5c", 3)))
            return NULL;
    }
    if (!plain) {
        path = arena_alloc(a, n + 1);
        if (!strict_decode(path, raw, n, false, &n)) return NULL;
    }
    for (char *p = path; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f || *p == '\\') return NULL;
        if (*p != '/') continue;
        size_t segment = strcspn(p + 1, "/");
        bool last = !p[1 + segment];
        if (!segment && !last) return NULL; // "//"
        if ((segment == 1 && p[1] == '.') || (segment == 2 && p[1] == '.' && p[2] == '.'))
            return NULL;
    }
    return path;
}

bool strict_is_request_id(const char *s) {
    size_t n = strlen(s);
    if (n < 8 || n > 39) return false;
    return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}
