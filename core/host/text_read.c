// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// GB18030 and UTF-16 to UTF-8, by glibc's iconv inside the jail. Its modules are files: they are
// loaded before.
#include <errno.h>
#include <iconv.h>
#include <string.h>
#include "campus/mem.h"
#include "host/convert_internal.h"

static iconv_t gb18030 = (iconv_t)-1, utf16 = (iconv_t)-1;

struct text {
    iconv_t how;
    const char *from;
    char held[8]; // of a character that the next piece completes
    size_t nheld;
    int64_t line;
};

void text_read_prepare(void) {
    if (gb18030 == (iconv_t)-1) gb18030 = iconv_open("UTF-8", "GB18030");
    if (utf16 == (iconv_t)-1) utf16 = iconv_open("UTF-8", "UTF-16");
}

static void *text_open(const json_t *options, struct problem *p) {
    const char *from = json_string_value(json_object_get(options, "from"));
    bool is_gb = from && !strcmp(from, "GB18030");
    iconv_t how = is_gb ? gb18030 : utf16;
    struct text *t = how == (iconv_t)-1 ? NULL : mem_alloc(sizeof *t);
    if (!t) {
        convert_refuse(p, "encoding", "系统缺少该字符集的转换", "this system cannot convert %s",
                       is_gb ? "GB18030" : "UTF-16");
        return NULL;
    }
    *t = (struct text){.how = how, .from = is_gb ? "GB18030" : "UTF-16", .line = 1};
    iconv(how, NULL, NULL, NULL, NULL);
    return t;
}

static enum err wrong(const struct text *t, struct problem *p) {
    return convert_refuse(p, "not_utf8", "文本既不是 UTF-8，也不是 GB18030 或带标记的 UTF-16",
                          "line %lld: the text is neither UTF-8 nor %s", (long long)t->line,
                          t->from);
}

// Converts all of p but an incomplete character at its end; *left: how much of it that is.
static enum err convert(struct text *t, char *p, size_t n, size_t *left, struct buf *out,
                        struct problem *problem) {
    size_t before = out->len;
    int broken = 0;
    *left = 0;
    while (n && !broken) {
        // what comes out is at most twice as long, and 4 bytes more for the last character
        if (!buf_reserve(out, 2 * n + 8)) return problem_set(problem, ERR_NOMEM, NULL);
        char *to = out->data + out->len;
        size_t room = out->cap - out->len;
        if (iconv(t->how, &p, &n, &to, &room) == (size_t)-1 && errno != E2BIG) broken = errno;
        out->len = (size_t)(to - out->data);
    }
    for (const char *at = out->data + before;
         out->len > before && (at = memchr(at, '\n', (size_t)(out->data + out->len - at))); at++)
        t->line++;
    *left = n;
    return broken == EILSEQ ? wrong(t, problem) : ERR_OK;
}

static enum err text_feed(void *self, const char *p, size_t n, struct buf *out,
                          struct problem *problem) {
    struct text *t = self;
    size_t left = 0;
    enum err e = ERR_OK;
    while (t->nheld && n && !e) { // byte by byte until the character that was cut is whole
        t->held[t->nheld++] = *p++, n--;
        size_t had = t->nheld;
        e = convert(t, t->held, had, &left, out, problem);
        if (e) break;
        memmove(t->held, t->held + had - left, left);
        t->nheld = left;
        if (t->nheld == sizeof t->held) e = wrong(t, problem);
    }
    if (e || !n) return e;
    e = convert(t, (char *)p, n, &left, out, problem);
    if (e) return e;
    if (left >= sizeof t->held) return wrong(t, problem);
    memcpy(t->held, p + n - left, left);
    t->nheld = left;
    return ERR_OK;
}

static enum err text_end(void *self, struct buf *out, bool *done, struct problem *problem) {
    (void)out;
    *done = true;
    return ((struct text *)self)->nheld ? wrong(self, problem) : ERR_OK;
}

const struct converter text_read = {text_open, text_feed, text_end, mem_free};
