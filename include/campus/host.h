// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The host: a pool of children that run a release's plugins. The core side spawns them (exec of
// /proc/self/exe), speaks the wire protocol, counts budgets and kills; a child holds its socket and
// nothing else. Calls block; callers are the rule workers and the write lane, never an HTTP thread.
#ifndef CAMPUS_HOST_H
#define CAMPUS_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "campus/buf.h"
#include "campus/err.h"
#include "campus/value.h"

struct arena;
struct pool;

struct host_limits {
    int64_t cpu_ms, wall_ms, memory; // budget of one call; memory in bytes for the Lua state
    bool weak_jail;                  // go on where the kernel lacks seccomp or Landlock
};
struct host_file {
    const char *path, *text;
    size_t n;
}; // "claims.lua"
struct host_plugin {
    const char *name;
    const struct host_file *files;
    size_t count;
};

// Starts the first of `size` children and a warm spare, each with every plugin's sources loaded on
// first use; the others follow. Copies what it needs of the plugins. Owned.
MUST_CHECK enum err pool_open(const struct host_limits *limits, const struct host_plugin *plugins,
                              size_t count, int size, struct pool **out, struct problem *p);
// The same where nobody needs a child at once: what is declared is known already.
MUST_CHECK enum err pool_open_later(const struct host_limits *limits,
                                    const struct host_plugin *plugins, size_t count, int size,
                                    struct pool **out, struct problem *p);
const struct host_limits *pool_limits(const struct pool *pool);
void pool_close(struct pool *pool); // waits for calls under way, then ends the children

// The plugin's declaration as JSON (format: core/host/README.md). Errors as file:line:col items,
// file being plugins/NAME/FILE.
MUST_CHECK enum err pool_declare(struct pool *pool, const char *plugin, struct arena *a,
                                 const char **json, size_t *n, struct problem *p);
// Gives all children, now and later, a policy revision of a plugin (JSON object). Kept until
// closed.
MUST_CHECK enum err pool_policy(struct pool *pool, const char *plugin, int64_t revision,
                                const char *json, size_t n, struct problem *p);

// A pure rule. Input values are the fields the rule declares, by name. Money is an integer of minor
// units in records and policies alike (scale 0 here). A decimal passes its scale and arrives in Lua
// as the nearest number, as decimals of a policy do, so that the two compare. A list field is
// VALUE_JSON and arrives as tables.
struct host_field {
    const char *name;
    struct value value;
    int scale;
};
struct host_rule {
    const char *plugin, *rule;
    int64_t revision;  // of the policy
    const char *as_of; // YYYY-MM-DD
    const struct host_field *fields;
    size_t count;
    struct arena *arena; // of a decision made together with others; NULL: the caller's
};
struct host_reason { // one criterion that was looked at
    bool ok;
    const char *code, *at, *policy; // "over_limit", pointer or NULL, policy path or NULL
    struct value have, want;        // null when not given; a number with a fraction is VALUE_JSON
    const char *text;               // already for people, or NULL
};
struct host_decision {
    bool pass;                         // all reasons ok (an empty list passes)
    const struct host_reason *reasons; // arena
    size_t count;
};
// ERR_PLUGIN_BUDGET: killed past its budget, or the breaker is open. ERR_PLUGIN_FAILED: an error in
// Lua (an item at its file and line) or a child that broke. ERR_UNAVAILABLE: none came free in
// time.
MUST_CHECK enum err pool_rule(struct pool *pool, const struct host_rule *call, struct arena *a,
                              struct host_decision *out, struct problem *p);

// How many rules may go together, as they have lately been: they share the budget of one.
size_t pool_together(const struct pool *pool);
// Several of one plugin in one message (32 at most): errors[i] is the text of what one threw, or
// NULL. One that runs past the budget takes all of them along, and one that is refused for it now
// refuses them all: ask them one by one then. Decisions are in each call's arena, or in a.
MUST_CHECK enum err pool_rules(struct pool *pool, const struct host_rule *calls, size_t n,
                               struct arena *a, struct host_decision *out, const char **errors,
                               struct problem *p);

// Actions and handlers call back. The core serves each request of the child (`name`: "get", "find",
// "create", "update", "transition", "emit", "send", "opt_out", "now", "actor", "log", "t"; `args`:
// JSON list) through the gate and answers JSON. What it refuses reaches the plugin as
// `nil, { code, text }`, but ERR_USAGE and ERR_BAD_REQUEST are thrown at the author's line. A
// plugin that hands such a refusal on makes pool_action return ERR_RULE_REFUSED with its code as
// the item's word.
struct host_services {
    void *self;
    enum err (*serve)(void *self, struct arena *a, const char *name, const char *args_json,
                      size_t n, struct buf *answer_json, struct problem *p);
};
struct host_action {
    const char *plugin, *kind, *name; // kind: "action", "on", "every"
    int64_t revision;
    const char *input_json;
    int64_t wall_ms; // less inside the lane, which waits
    int64_t cpu_ms;  // 0: as the limits say
};
MUST_CHECK enum err pool_action(struct pool *pool, const struct host_action *call,
                                const struct host_services *services, struct arena *a,
                                const char **result_json, size_t *n, struct problem *p);

// For authors only (core/host/author.lua): "list" and "run" of a plugin's tests, which ask through
// services of their own, "stubs" and "names" of what there is to say.
MUST_CHECK enum err pool_author(struct pool *pool, const char *plugin, const char *what,
                                const char *args_json, const struct host_services *services,
                                struct arena *a, const char **json, size_t *n, struct problem *p);

// Figures for /metrics.
struct host_stats {
    uint64_t calls, failures, kills, respawns;
    int children, breakers_open;
};
void pool_stats(struct pool *pool, struct host_stats *out);

// The child's main, reached by `campusd --child host` only: never returns to the command line.
int child_main(int socket_fd, const char *role);

#endif
