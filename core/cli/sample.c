// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What examples/school puts into a new home: its people, and then steps that they take one after
// the other, through the same requests that anybody else would make, each with a token of the
// person's own that ends with the last step. Handlers of plugins answer meanwhile; nothing leaves.
#include "cli/sample.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "campus/clock.h"
#include "campus/fsio.h"
#include "campus/text.h"

// A handler that a busy machine held up is asked again after five seconds, then after twenty.
enum { SETTLE_MS = 60000 };

struct loading {
    struct cli *cli;
    json_t *kept;   // name -> id: people by their sign-in name, and what steps keep
    json_t *tokens; // name -> {id, token}
    struct arena *arena;
    char today[11]; // of the school
};

static const char *shipped(struct loading *l, const char *name) {
    return arena_printf(l->arena, "%s/examples/school/%s", release_share(l->arena), name);
}

static const char *text_of(const json_t *j, const char *key) {
    return json_string_value(json_object_get(j, key));
}

static bool broken(struct loading *l, const char *what, const char *why) {
    problem_set(&l->cli->problem, ERR_INVALID, "the sample: %s: %s", what, why);
    return cli_fail(l->cli), false;
}

static bool read_json(struct loading *l, const char *name, char **text, size_t *n, json_t **out) {
    struct problem *p = &l->cli->problem;
    enum err e = fsio_read(l->arena, shipped(l, name), 4 << 20, text, n, p);
    if (!e) e = json_parse(l->arena, *text, *n, out, p);
    return !e || (cli_fail(l->cli), false);
}

// "today", "today-30": a day of the school, however old the sample is; "year", "month-1": 2027,
// 2027-02.
static const char *day_named(struct loading *l, const char *name) {
    bool year = !strncmp(name, "year", 4), month = !strncmp(name, "month", 5);
    const char *by = name + (year ? 4 : 5);
    char day[11];
    int64_t days;
    if ((!year && !month && strncmp(name, "today", 5)) || (*by && *by != '-' && *by != '+'))
        return NULL;
    if (year) return arena_printf(l->arena, "%d", atoi(l->today) + atoi(by));
    int months = atoi(l->today) * 12 + atoi(l->today + 5) - 1 + atoi(by);
    if (month) return arena_printf(l->arena, "%d-%02d", months / 12, months % 12 + 1);
    if (!text_to_days(l->today, 10, &days)) return NULL;
    text_from_days(day, days + atoi(by));
    return arena_strdup(l->arena, day);
}

// {{name}} in a path or a body is the id that is kept under that name, or a day.
static const char *filled(struct loading *l, const char *text) {
    struct buf b;
    buf_init(&b, l->arena);
    for (const char *open; (open = strstr(text, "{{")); text = strstr(open, "}}") + 2) {
        const char *end = strstr(open, "}}");
        const char *name = end ? arena_strndup(l->arena, open + 2, (size_t)(end - open - 2)) : open;
        const char *id = end ? text_of(l->kept, name) : NULL;
        if (end && !id) id = day_named(l, name);
        if (!id) return broken(l, name, "nothing is kept under that name"), NULL;
        buf_put(&b, text, (size_t)(open - text));
        buf_puts(&b, id);
    }
    buf_puts(&b, text);
    return buf_str(&b);
}

static bool people(struct loading *l, struct buf *accounts) {
    struct cli *cli = l->cli;
    char *text;
    size_t n, i;
    json_t *one;
    cli_note(cli, "%s", cli_say(cli, "making the accounts of the sample …", "正在建立示例账号……"));
    if (!read_json(l, "people.json", &text, &n, &one)) return false;
    struct call c = {.method = "POST",
                     .path = "/api/v1/admin/users/import",
                     .body = text,
                     .body_n = n,
                     .quiet = true};
    if (cli_request(cli, &c, NULL)) return false;
    json_array_foreach(json_object_get(c.json, "accounts"), i, one) {
        buf_printf(accounts, "%s %s\n", text_of(one, "name"), text_of(one, "one_time_password"));
        json_object_set(l->kept, text_of(one, "name"), json_object_get(one, "id"));
    }
    return true;
}

// False after saying why; *out NULL: whoever runs this command.
static bool bearer(struct loading *l, const char *who, const char **out) {
    const json_t *token = who ? json_object_get(l->tokens, who) : NULL;
    *out = token ? text_of(token, "token") : NULL;
    if (!who || token) return true;
    const char *body = filled(
        l, arena_printf(l->arena, "{\"user\":\"{{%s}}\",\"label\":\"the sample's steps\"}", who));
    struct call c = {.method = "POST", .path = "/api/v1/admin/tokens", .body = body, .quiet = true};
    if (!body || cli_request(l->cli, &c, NULL)) return false;
    json_object_set(l->tokens, who, (json_t *)(uintptr_t)c.json);
    *out = text_of(json_object_get(l->tokens, who), "token");
    return true;
}

static bool drop_tokens(struct loading *l) {
    const char *who;
    json_t *token;
    bool ok = true;
    json_object_foreach(l->tokens, who, token) {
        struct call c = {
            .method = "DELETE",
            .path = arena_printf(l->arena, "/api/v1/admin/tokens/%s", text_of(token, "id")),
            .quiet = true};
        ok = !cli_request(l->cli, &c, NULL) && ok;
    }
    return ok;
}

// Every row of an import is to get in; every step of many is to find some, and to be refused to
// some only where a rule is to decide.
static bool went_well(struct loading *l, const json_t *step, const char *path,
                      const struct call *c) {
    const json_t *result = json_object_get(c->json, "result");
    if (!result) return true;
    bool refused = json_integer_value(json_object_get(result, "failed")) > 0 &&
                   !json_is_true(json_object_get(step, "refuses"));
    const json_t *found = json_object_get(result, "found");
    if (refused) return broken(l, path, c->answer);
    return !found || json_integer_value(found) || broken(l, path, "there is nothing to do it to");
}

static bool post(struct loading *l, const json_t *step) {
    struct cli *cli = l->cli;
    const json_t *body = json_object_get(step, "body");
    const char *path = text_of(step, "post"), *patch = text_of(step, "patch"),
               *put = text_of(step, "put"), *file = text_of(step, "file"),
               *keep = text_of(step, "keep");
    struct call c = {.method = patch ? "PATCH" : put ? "PUT" : "POST", .quiet = true};
    if (patch || put) path = patch ? patch : put;
    struct buf b;
    buf_init(&b, l->arena);
    if (body) json_dom(&b, body);
    if (!(c.path = filled(l, path)) || !(c.body = filled(l, buf_str(&b)))) return false;
    if (!bearer(l, text_of(step, "as"), &c.bearer)) return false;
    if (file) {
        const char *type = text_of(step, "type"); // of an upload; else a sheet
        c.type = type ? type : "text/csv";
        c.body_fd = open(shipped(l, file), O_RDONLY | O_CLOEXEC);
        if (c.body_fd < 0) return broken(l, file, "cannot be read");
    }
    int code = cli_request(cli, &c, NULL);
    if (c.body_fd > 0) close(c.body_fd);
    if (code) return broken(l, path, "was not done");
    if (keep) json_object_set(l->kept, keep, json_object_get(c.json, "id"));
    return went_well(l, step, path, &c);
}

// Keeps the id of each item under a name made of its fields: "line {season} {name}".
static bool find(struct loading *l, const json_t *step) {
    struct call c = {.method = "GET", .path = filled(l, text_of(step, "find")), .quiet = true};
    size_t i;
    json_t *one;
    if (!c.path || !bearer(l, text_of(step, "as"), &c.bearer)) return false;
    if (cli_request(l->cli, &c, NULL)) return false;
    json_array_foreach(json_object_get(c.json, "items"), i, one) {
        struct buf name;
        buf_init(&name, l->arena);
        for (const char *s = text_of(step, "keep"); *s; s++) {
            size_t n = *s == '{' ? strcspn(s + 1, "}") : 0;
            const char *field = n ? text_of(one, arena_strndup(l->arena, s + 1, n)) : NULL;
            if (field)
                buf_puts(&name, field), s += n + 1;
            else
                buf_putc(&name, *s);
        }
        json_object_set(l->kept, buf_str(&name), json_object_get(one, "id"));
    }
    return true;
}

static bool take(struct loading *l, const json_t *step) {
    const json_t *said = json_object_get(step, "say");
    if (said) {
        cli_note(l->cli, "%s", cli_say(l->cli, text_of(said, "en"), text_of(said, "zh")));
        return true;
    }
    if (json_object_get(step, "settle"))
        return !cli_settle(l->cli, SETTLE_MS, true) || (cli_fail(l->cli), false);
    return json_object_get(step, "find") ? find(l, step) : post(l, step);
}

bool sample_load(struct cli *cli, const char *which, struct buf *accounts) {
    struct loading l = {cli, json_object(), json_object(), cli->arena, ""};
    struct tz *tz = tz_load(cli->config.school.timezone);
    tz_date(tz, clock_now_ms(), l.today);
    tz_free(tz);
    char *text;
    size_t n, i;
    json_t *steps, *step;
    cli->rehearsal = true;
    bool ok = people(&l, accounts) &&
              read_json(&l, arena_printf(cli->arena, "%s.json", which), &text, &n, &steps);
    if (ok)
        json_array_foreach(json_object_get(steps, "steps"), i,
                           step) if (!(ok = take(&l, step))) break;
    ok = drop_tokens(&l) && ok;
    cli_hang_up(cli);
    cli->rehearsal = false;
    json_decref(l.kept), json_decref(l.tokens);
    return ok;
}
