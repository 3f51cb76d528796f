// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A child's whole life: enter the jail, then answer frames until the socket closes. It holds no
// secret, opens nothing, and keeps nothing but the sources and policies it was told.
#include <stdlib.h>
#include <string.h>
#include "campus/host.h"
#include "campus/mem.h"
#include "host/api.h"
#include "host/convert_internal.h"
#include "host/jail.h"
#include "host/wire.h"

enum { PLUGINS_MAX = 64 };
struct known {
    char name[64];
    uint8_t *sources;
    size_t n;
    struct plugin_state state;
    bool open;
};
static struct known plugins[PLUGINS_MAX];
static int nplugins;

static const char *first_text(const uint8_t *data, size_t n, bool in_list, size_t *len,
                              const uint8_t **rest) {
    struct wire_reader r = {data, data + n};
    enum wire_tag tag;
    int64_t i;
    double f;
    const char *p = NULL;
    size_t count;
    if (in_list && (!wire_read_tag(&r, &tag, &i, &f, &p, &count) || tag != WIRE_LIST)) return NULL;
    if (!wire_read_tag(&r, &tag, &i, &f, &p, len) || tag != WIRE_TEXT) return NULL;
    if (rest) *rest = r.at;
    return p;
}

static struct known *find(const char *name, size_t n) {
    for (int i = 0; i < nplugins; i++)
        if (strlen(plugins[i].name) == n && !memcmp(plugins[i].name, name, n)) return &plugins[i];
    return NULL;
}

static void refuse(struct buf *out, const char *text) {
    out->len = 0;
    wire_put_open(out, WIRE_MAP, 1);
    wire_put_text(out, "items", 5);
    wire_put_open(out, WIRE_LIST, 1);
    wire_put_open(out, WIRE_MAP, 1);
    wire_put_text(out, "text", 4), wire_put_text(out, text, strlen(text));
}

// True: out is the answer; false: out is the error.
static bool ask(char type, const uint8_t *data, size_t n, size_t memory, struct buf *out) {
    size_t len;
    const uint8_t *rest;
    const char *name = first_text(data, n, type != FRAME_DECLARE, &len, &rest);
    struct known *k = name ? find(name, len) : NULL;
    if (!k) {
        refuse(out, "unknown plugin");
        return false;
    }
    if (!k->open && !(k->open = plugin_open(&k->state, memory, k->sources, k->n, out)))
        return false;
    if (type == FRAME_DECLARE) return plugin_call(&k->state, "declare", NULL, 0, out, true);
    // the rest of the list is the arguments: one fewer than it had
    static struct buf args;
    args.len = 0;
    wire_put_open(&args, WIRE_LIST,
                  type == FRAME_RULES                            ? 1
                  : type == FRAME_POLICY || type == FRAME_AUTHOR ? 2
                                                                 : 4);
    buf_put(&args, rest, (size_t)(data + n - rest));
    k->state.may_ask = type == FRAME_ACTION || type == FRAME_AUTHOR;
    const char *fn = type == FRAME_RULE     ? "rule"
                     : type == FRAME_RULES  ? "rules"
                     : type == FRAME_ACTION ? "action"
                     : type == FRAME_AUTHOR ? "author"
                                            : "policy";
    return plugin_call(&k->state, fn, (uint8_t *)args.data, args.len, out, type != FRAME_POLICY);
}

static void learn(uint8_t *data, size_t n) {
    size_t len;
    const char *name = first_text(data, n, true, &len, NULL);
    if (!name || len >= sizeof plugins[0].name || nplugins == PLUGINS_MAX) return;
    struct known *k = &plugins[nplugins++];
    memcpy(k->name, name, len);
    k->sources = data; // kept for good
    k->n = n;
}

int child_main(int fd, const char *role) {
    const char *at = strchr(role, ' ');
    size_t memory = at ? strtoul(at + 1, NULL, 10) : 64 << 20;
    bool weak = strstr(role, "weak") != NULL;
    if (!strncmp(role, "convert ", 8)) return convert_child_main(fd, memory, weak, false);
    if (!strncmp(role, "draw ", 5)) return convert_child_main(fd, memory, weak, true);
    struct jail jail;
    bool locked = jail_enter(memory, weak, false, &jail);
    struct buf out;
    buf_init(&out, NULL);
    wire_put_open(&out, WIRE_LIST, 2);
    wire_put_bool(&out, jail.files), wire_put_bool(&out, jail.calls);
    if (!wire_send(fd, FRAME_HELLO, &out) || !locked) return 3;
    for (;;) {
        char type;
        uint8_t *data;
        size_t n;
        if (!wire_recv(fd, &type, &data, &n)) return 0;
        if (type == FRAME_SOURCES) {
            learn(data, n);
            continue;
        }
        out.len = 0;
        bool ok = ask(type, data, n, memory, &out);
        mem_free(data);
        if (type == FRAME_POLICY) continue;
        if (!wire_send(fd, ok ? FRAME_OK : FRAME_ERROR, &out)) return 0;
    }
}
