// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The words of reasons: plugins/NAME/locale/LANG.yaml, `reasons: code: { pass, fail }`.
#include <string.h>
#include "campus/mem.h"
#include "campus/release.h"
#include "campus/yaml.h"

static void put_value(struct buf *b, const struct value *v) {
    if (v->kind == VALUE_BOOL)
        buf_puts(b, v->i ? "true" : "false");
    else if (v->kind == VALUE_INT)
        buf_int(b, v->i);
    else if (v->p)
        buf_put(b, v->p, v->n);
}

const char *release_reason(const struct release *r, const struct plugin *pl,
                           const struct host_reason *reason, enum lang lang, struct arena *a) {
    if (reason->text) return reason->text;
    const struct yaml *words = yaml_get(r->locales[lang][pl - r->schema->plugins], "reasons");
    const char *s = yaml_str(yaml_get(words, reason->code), reason->ok ? "pass" : "fail", NULL);
    if (!s) return reason->code;
    struct buf b;
    buf_init(&b, a);
    while (*s) {
        bool have = !strncmp(s, "{have}", 6), want = !strncmp(s, "{want}", 6);
        if (have || want) {
            put_value(&b, have ? &reason->have : &reason->want);
            s += 6;
        } else
            buf_putc(&b, *s++);
    }
    return buf_str(&b);
}
