// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Lua values to the wire and back, and one capped Lua state a plugin. Runs in a child only.
#include "host/api.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "campus/mem.h"
#include "campus/text.h"
#include "host/wire.h"

extern const char _binary_prelude_lua_start[], _binary_prelude_lua_end[];
extern const char _binary_author_lua_start[], _binary_author_lua_end[];
extern const char _binary_expand_lua_start[], _binary_expand_lua_end[];
extern const char _binary_survey_lua_start[], _binary_survey_lua_end[];
extern const char _binary_shapes_lua_start[], _binary_shapes_lua_end[];

static void *alloc(void *ud, void *p, size_t old, size_t n) {
    struct plugin_state *s = ud;
    if (!p) old = 0;
    if (n > old && s->used + (n - old) > s->limit) return NULL;
    void *q = NULL;
    if (n) {
        q = realloc(p, n);
        if (!q) return NULL;
    } else
        free(p);
    s->used += n - old;
    return q;
}

// One decoded value onto the Lua stack; raises an error on bad input.
static void push(lua_State *L, struct wire_reader *r, int depth) {
    enum wire_tag tag = WIRE_NIL;
    int64_t i = 0;
    double f = 0;
    const char *p = NULL;
    size_t n = 0;
    if (depth > WIRE_DEPTH_MAX || !wire_read_tag(r, &tag, &i, &f, &p, &n))
        luaL_error(L, "bad frame");
    luaL_checkstack(L, 4, NULL);
    switch (tag) {
    case WIRE_NIL: lua_pushnil(L); break;
    case WIRE_FALSE:
    case WIRE_TRUE: lua_pushboolean(L, tag == WIRE_TRUE); break;
    case WIRE_INT: lua_pushinteger(L, i); break;
    case WIRE_FLOAT: lua_pushnumber(L, f); break;
    case WIRE_TEXT: lua_pushlstring(L, p, n); break;
    case WIRE_LIST:
    case WIRE_MAP:
        lua_createtable(L, tag == WIRE_LIST ? (int)n : 0, tag == WIRE_MAP ? (int)n : 0);
        for (size_t k = 0; k < n; k++) {
            if (tag == WIRE_MAP) push(L, r, depth + 1);
            push(L, r, depth + 1);
            if (tag == WIRE_MAP)
                lua_rawset(L, -3);
            else
                lua_rawseti(L, -2, (lua_Integer)k + 1);
        }
        break;
    }
}

static bool is_data(lua_State *L, int at) {
    int t = lua_type(L, at);
    return t != LUA_TFUNCTION && t != LUA_TUSERDATA && t != LUA_TLIGHTUSERDATA && t != LUA_TTHREAD;
}

static void pull_text(lua_State *L, int at, struct buf *b) {
    size_t n;
    const char *s = lua_tolstring(L, at, &n);
    if (n > WIRE_TEXT_MAX) luaL_error(L, "a text is longer than 1 MiB");
    if (!text_is_utf8(s, n)) luaL_error(L, "a text is not valid UTF-8");
    wire_put_text(b, s, n);
}

// A Lua value as wire bytes. Functions vanish from maps; a list has no holes; a table is one or the
// other. Tables are read raw, so that no metamethod runs here.
static void pull(lua_State *L, int at, struct buf *b, int depth) {
    if (depth > WIRE_DEPTH_MAX) luaL_error(L, "nested too deeply");
    if (b->len > WIRE_FRAME_MAX - WIRE_TEXT_MAX - 16) luaL_error(L, "the result is too large");
    luaL_checkstack(L, 4, NULL);
    switch (lua_type(L, at)) {
    case LUA_TBOOLEAN: wire_put_bool(b, lua_toboolean(L, at)); return;
    case LUA_TNUMBER:
        if (lua_isinteger(L, at))
            wire_put_int(b, lua_tointeger(L, at));
        else
            wire_put_float(b, lua_tonumber(L, at));
        return;
    case LUA_TSTRING: pull_text(L, at, b); return;
    case LUA_TTABLE: break;
    default: wire_put_nil(b); return;
    }
    at = lua_absindex(L, at);
    lua_Unsigned len = lua_rawlen(L, at);
    uint32_t all = 0, named = 0, placed = 0;
    for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1)) {
        if (++all > WIRE_ITEMS_MAX) luaL_error(L, "more than %d items", WIRE_ITEMS_MAX);
        if (lua_type(L, -2) != LUA_TSTRING)
            placed++;
        else if (is_data(L, -1))
            named++;
    }
    if (placed && placed != all) luaL_error(L, "a table mixes names and positions");
    if (placed) {
        if (len != placed) luaL_error(L, "a list has holes");
        wire_put_open(b, WIRE_LIST, placed);
        for (lua_Unsigned i = 1; i <= len; i++) {
            lua_rawgeti(L, at, (lua_Integer)i);
            pull(L, -1, b, depth + 1);
            lua_pop(L, 1);
        }
        return;
    }
    wire_put_open(b, all ? WIRE_MAP : WIRE_LIST, named);
    for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1)) {
        if (!is_data(L, -1)) continue;
        pull_text(L, -2, b);
        pull(L, -1, b, depth + 1);
    }
}

struct request {
    struct plugin_state *state;
    const char *fn;
    const uint8_t *data;
    size_t n;
    struct buf *out;
};

// Arguments: a list. Runs inside lua_pcall.
static int serve(lua_State *L) {
    struct request *q = lua_touserdata(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, "plugin");
    lua_getfield(L, -1, q->fn);
    int base = lua_gettop(L);
    struct wire_reader r = {q->data, q->data + q->n};
    if (q->n) {
        push(L, &r, 0);
        int list = lua_gettop(L), n = (int)lua_rawlen(L, list);
        for (int i = 1; i <= n; i++) lua_rawgeti(L, list, i);
        lua_remove(L, list);
    }
    lua_call(L, lua_gettop(L) - base, 1);
    if (q->out) pull(L, -1, q->out, 0);
    return 0;
}

// ask(service, arguments) -> result, or nil, code, text: one question to the core in the middle of
// an action. The scratch buffers are kept: an error thrown in between must not lose them.
static int ask(lua_State *L) {
    static struct buf question;
    static uint8_t *answer;
    struct plugin_state *s = lua_touserdata(L, lua_upvalueindex(1));
    if (!s->may_ask)
        return luaL_error(L, "a rule asks nothing: only actions and handlers have a ctx");
    question.len = 0;
    wire_put_open(&question, WIRE_LIST, 2);
    pull(L, 1, &question, 0);
    pull(L, 2, &question, 0);
    char type;
    size_t n;
    mem_free(answer);
    answer = NULL;
    // without its core a child has nothing left to do
    if (!wire_send(3, FRAME_ASK, &question) || !wire_recv(3, &type, &answer, &n) ||
        type != FRAME_ANSWER)
        _exit(0);
    struct wire_reader r = {answer, answer + n};
    push(L, &r, 0);
    for (int i = 1; i <= 3; i++) lua_rawgeti(L, -i, i);
    return 3;
}

// A chunk that the linker has laid into the binary.
static void load_own(lua_State *L, const char *start, const char *end, const char *name) {
    if (luaL_loadbufferx(L, start, (size_t)(end - start), name, "t")) lua_error(L);
}

static int load_author(lua_State *L) {
    load_own(L, _binary_author_lua_start, _binary_author_lua_end, "=author");
    return 1;
}

static int boot(lua_State *L) {
    struct request *q = lua_touserdata(L, 1);
    luaL_openlibs(L);
    load_own(L, _binary_prelude_lua_start, _binary_prelude_lua_end, "=prelude");
    struct wire_reader r = {q->data, q->data + q->n};
    push(L, &r, 0);
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    lua_remove(L, -3);
    lua_pushlightuserdata(L, q->state);
    lua_pushcclosure(L, ask, 1);
    lua_pushcfunction(L, load_author);
    load_own(L, _binary_expand_lua_start, _binary_expand_lua_end, "=expand");
    load_own(L, _binary_survey_lua_start, _binary_survey_lua_end, "=survey");
    load_own(L, _binary_shapes_lua_start, _binary_shapes_lua_end, "=shapes");
    lua_call(L, 7, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "plugin");
    return 0;
}

static void put_item(lua_State *L, struct buf *out) {
    char file[256] = "?", word[64] = "lua", text[1024] = "unknown error";
    lua_Integer place[2] = {0, 1};
    if (lua_istable(L, -1)) {
        static const char *const keys[] = {"file", "word", "text", "line", "col"};
        char *outs[] = {file, word, text};
        size_t sizes[] = {sizeof file, sizeof word, sizeof text};
        for (int i = 0; i < 5; i++) {
            lua_pushstring(L, keys[i]);
            lua_rawget(L, -2);
            if (i < 3 && lua_type(L, -1) == LUA_TSTRING)
                strncpy(outs[i], lua_tostring(L, -1), sizes[i] - 1);
            if (i >= 3 && lua_isinteger(L, -1)) place[i - 3] = lua_tointeger(L, -1);
            lua_pop(L, 1);
        }
    } else if (lua_type(L, -1) == LUA_TSTRING) {
        const char *s = lua_tostring(L, -1), *colon = strchr(s, ':');
        char *end = NULL;
        long l = colon ? strtol(colon + 1, &end, 10) : 0;
        if (l > 0 && end && *end == ':' && (size_t)(colon - s) < sizeof file) {
            memcpy(file, s, (size_t)(colon - s));
            file[colon - s] = 0;
            place[0] = l;
            s = end + 1 + (end[1] == ' ');
        }
        strncpy(text, s, sizeof text - 1);
    }
    wire_put_open(out, WIRE_MAP, 5);
    wire_put_text(out, "file", 4), wire_put_text(out, file, strlen(file));
    wire_put_text(out, "line", 4), wire_put_int(out, place[0]);
    wire_put_text(out, "col", 3), wire_put_int(out, place[1]);
    wire_put_text(out, "word", 4), wire_put_text(out, word, strlen(word));
    wire_put_text(out, "text", 4), wire_put_text(out, text, strlen(text));
}

// A Lua error as {items = {{file, line, col, word, text}}}: a table of the prelude, several of them
// in its items, or "file:line: text".
static void put_error(lua_State *L, struct buf *out) {
    enum { ITEMS_MAX = 101 };
    lua_Integer n = 0;
    int list = 0;
    if (lua_istable(L, -1)) {
        lua_pushliteral(L, "items");
        lua_rawget(L, -2);
        if (lua_istable(L, -1)) {
            list = lua_gettop(L);
            n = (lua_Integer)lua_rawlen(L, list);
        } else
            lua_pop(L, 1);
    }
    out->len = 0;
    wire_put_open(out, WIRE_MAP, 1);
    wire_put_text(out, "items", 5);
    if (n > ITEMS_MAX) n = ITEMS_MAX;
    wire_put_open(out, WIRE_LIST, n ? (uint32_t)n : 1);
    if (!n) put_item(L, out);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, list, i);
        put_item(L, out);
        lua_pop(L, 1);
    }
}

static bool run(struct plugin_state *s, lua_CFunction fn, struct request *q, struct buf *out) {
    lua_settop(s->L, 0);
    lua_pushcfunction(s->L, fn);
    lua_pushlightuserdata(s->L, q);
    if (lua_pcall(s->L, 1, 0, 0) == LUA_OK) return true;
    put_error(s->L, out);
    return false;
}

bool plugin_open(struct plugin_state *s, size_t limit, const uint8_t *sources, size_t n,
                 struct buf *error) {
    *s = (struct plugin_state){.limit = limit};
    s->L = lua_newstate(alloc, s);
    struct request q = {s, NULL, sources, n, NULL};
    return s->L && run(s, boot, &q, error);
}

bool plugin_call(struct plugin_state *s, const char *fn, const uint8_t *args, size_t n,
                 struct buf *out, bool answer) {
    struct request q = {s, fn, args, n, answer ? out : NULL};
    return run(s, serve, &q, out);
}
