// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// One plugin's Lua state inside a child.
#ifndef HOST_API_H
#define HOST_API_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>
#include "campus/buf.h"

struct plugin_state {
    lua_State *L;
    size_t used, limit;
    bool may_ask;
};
// sources: wire list [name, {path = text}]. False: error holds the wire value of a FRAME_ERROR.
bool plugin_open(struct plugin_state *s, size_t limit, const uint8_t *sources, size_t n,
                 struct buf *error);
// Calls declare, policy, rule, rules, action or author of the prelude with a wire list of
// arguments.
bool plugin_call(struct plugin_state *s, const char *fn, const uint8_t *args, size_t n,
                 struct buf *out, bool answer);

#endif
