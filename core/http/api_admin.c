// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Administration of the service: releases, policies, the audit log.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "campus/audit.h"
#include "campus/fsio.h"
#include "campus/limits.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "campus/text.h"
#include "http/api.h"

static enum err whole_number(struct request *rq, const char *name, const char *s, int64_t least,
                             int64_t most, int64_t *out) {
    char *end = NULL;
    long long v = s && *s ? strtoll(s, &end, 10) : 0;
    if (!end || *end || v < least || v > most)
        return problem_add(&rq->problem, ERR_INVALID, name, "out_of_range",
                           "must be a whole number within %lld and %lld", (long long)least,
                           (long long)most);
    *out = v;
    return ERR_OK;
}

static enum err releases(struct request *rq) {
    if (!access_has_permission(rq->release->access, rq->gate.actor, "core.policy")) {
        enum err e = gate_permit(&rq->gate, "core.release", "core.release");
        if (e) return e;
    }
    release_list_json(rq->gate.store.db, &rq->out, &rq->problem);
    return rq->problem.code;
}

static enum err release_answer(struct request *rq) {
    struct release *now = release_get();
    buf_putc(&rq->out, '{');
    json_kv_int(&rq->out, "number", now->number);
    json_kv_str(&rq->out, "id", now->id);
    json_kv_str(&rq->out, "hash", now->hash);
    buf_putc(&rq->out, '}');
    release_put(now);
    return ERR_OK;
}

// Building a release blocks for as long as its children take to load: never on an HTTP thread.
static enum err change_release(struct request *rq) {
    struct release_change *c = rq->state;
    c->by = rq->gate.actor->id;
    c->may_confirm = access_has_permission(rq->release->access, rq->gate.actor, "core.policy");
    enum err e = app_reload(rq->app, c, &rq->problem);
    if (!e && c->waits) {
        buf_putc(&rq->out, '{');
        json_kv_int(&rq->out, "number", c->waits);
        json_kv_str(&rq->out, "waits_for",
                    arena_printf(rq->arena, "a second person with core.policy, for %s", c->second));
        buf_putc(&rq->out, '}');
        return ERR_OK;
    }
    if (!e) return release_answer(rq);
    gate_record(&rq->gate, "release.activate",
                c->number ? arena_printf(rq->arena, "release/%lld", (long long)c->number)
                          : "release/disk",
                "refused", err_word(e));
    return e;
}

static enum err reload(struct request *rq) {
    rq->state = arena_alloc(rq->arena, sizeof(struct release_change));
    return request_move(rq, ON_REPORTS, change_release);
}

static enum err known_release(struct request *rq, const char *name, const char *s, int64_t *out) {
    int64_t there = 0;
    *out = 0;
    enum err e = whole_number(rq, name, s, 1, INT64_MAX, out);
    if (!e)
        e = db_int(rq->gate.store.db, &rq->problem, &there, 0,
                   "SELECT number FROM core_release WHERE number=$1", "i", *out);
    return e ? e : there ? ERR_OK : problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
}

// Releases are for who runs the service, and one that waits for a second person is for core.policy.
static enum err activate(struct request *rq) {
    struct release_change *c = rq->state = arena_alloc(rq->arena, sizeof *c);
    const char *brought = NULL;
    enum err e = known_release(rq, "release", rq->path[2], &c->number);
    if (!e) e = release_waits(rq->gate.store.db, c->number, rq->arena, &brought, &rq->problem);
    if (!e &&
        !(brought && access_has_permission(rq->release->access, rq->gate.actor, "core.policy")))
        e = gate_permit(&rq->gate, "core.release", "core.release");
    return e ? e : request_move(rq, ON_REPORTS, change_release);
}

// Back to the release that was active before the one that is.
static enum err roll_back(struct request *rq) {
    struct release_change *c = rq->state = arena_alloc(rq->arena, sizeof *c);
    enum err e = db_int(rq->gate.store.db, &rq->problem, &c->number, 0,
                        "SELECT release FROM core_release_active WHERE release<>$1"
                        " ORDER BY n DESC LIMIT 1",
                        "i", rq->release->number);
    c->back = true;
    if (!e && !c->number)
        e = problem_set(&rq->problem, ERR_CONFLICT, "there is no earlier release");
    return e ? e : request_move(rq, ON_REPORTS, change_release);
}

static enum err release_show(struct request *rq) {
    int64_t number;
    enum err e = known_release(rq, "release", rq->path[2], &number);
    if (e) return e;
    struct stmt *st = db_query(rq->gate.store.db, &rq->problem,
                               "SELECT path,hash FROM core_release_file WHERE release=$1"
                               " ORDER BY path",
                               "i", number);
    buf_putc(&rq->out, '{');
    json_kv_int(&rq->out, "number", number);
    json_kv_bool(&rq->out, "active", number == rq->release->number);
    json_key(&rq->out, "files");
    e = stmt_list(st, "path hash", &rq->out, &rq->problem);
    buf_putc(&rq->out, '}');
    return e;
}

struct release_pair {
    int64_t from, to;
};

static enum err diff(struct request *rq) {
    const struct release_pair *pair = rq->state;
    struct release *from = NULL, *to = NULL;
    struct buf text;
    buf_init(&text, rq->arena);
    struct db *db = rq->gate.store.db;
    const struct config *c = app_config(rq->app);
    enum err e = release_build_stored(c, db, pair->from, 1, &from, &rq->problem);
    if (!e) e = release_build_stored(c, db, pair->to, 1, &to, &rq->problem);
    if (!e) release_diff(from, to, &text);
    if (from) release_put(from);
    if (to) release_put(to);
    if (e) return e;
    buf_putc(&rq->out, '{');
    json_kv_int(&rq->out, "from", pair->from);
    json_kv_int(&rq->out, "to", pair->to);
    json_kv_str(&rq->out, "diff", buf_str(&text));
    buf_putc(&rq->out, '}');
    return ERR_OK;
}

static enum err release_compare(struct request *rq) {
    struct release_pair *pair = rq->state = arena_alloc(rq->arena, sizeof *pair);
    enum err e = known_release(rq, "from", request_query(rq, "from"), &pair->from);
    pair->to = rq->release->number;
    if (!e && request_query(rq, "to"))
        e = known_release(rq, "to", request_query(rq, "to"), &pair->to);
    return e ? e : request_move(rq, ON_REPORTS, diff);
}

// Policies

static const struct plugin *plugin_of(struct request *rq, struct policy **policy) {
    const struct schema *s = rq->release->schema;
    for (int i = 0; i < s->nplugins; i++)
        if (!strcmp(s->plugins[i].name, rq->path[2]) && rq->release->policies[i]) {
            *policy = rq->release->policies[i];
            return &s->plugins[i];
        }
    problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    return NULL;
}

static void revision_json(struct buf *b, const struct policy_revision *v) {
    json_sep(b), buf_putc(b, '{');
    json_kv_int(b, "id", v->id);
    json_kv_str(b, "valid_from", *v->valid_from ? v->valid_from : NULL);
    json_kv_str(b, "hash", v->hash);
    buf_putc(b, '}');
}

static enum err policies(struct request *rq) {
    const struct release *r = rq->release;
    struct buf *b = &rq->out;
    buf_puts(b, "{\"items\":[");
    for (int i = 0; i < r->schema->nplugins; i++) {
        struct policy *p = r->policies[i];
        if (!p) continue;
        const struct policy_revision *now = policy_at(p, rq->gate.today);
        json_sep(b), buf_putc(b, '{');
        json_kv_str(b, "name", policy_name(p));
        json_key(b, "revisions"), buf_putc(b, '[');
        for (size_t k = 0; k < policy_count(p); k++) revision_json(b, policy_nth(p, k));
        buf_putc(b, ']');
        json_kv_str(b, "in_force", now ? now->hash : NULL);
        buf_putc(b, '}');
    }
    buf_puts(b, "]}");
    return ERR_OK;
}

static enum err policy_answer(struct request *rq) {
    struct policy *p;
    const char *date = request_query(rq, "date");
    if (!plugin_of(rq, &p)) return ERR_NOT_FOUND;
    if (date && !text_is_date(date, strlen(date)))
        return problem_add(&rq->problem, ERR_INVALID, "date", "date", "must be a date");
    const struct policy_revision *v = policy_at(p, date ? date : rq->gate.today);
    struct buf text;
    buf_init(&text, rq->arena);
    if (!v) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    policy_show(p, v, true, &text);
    buf_putc(&rq->out, '{');
    json_kv_str(&rq->out, "name", policy_name(p));
    json_kv_str(&rq->out, "valid_from", *v->valid_from ? v->valid_from : NULL);
    json_kv_str(&rq->out, "hash", v->hash);
    json_kv_int(&rq->out, "revision", v->id);
    json_key(&rq->out, "values"), buf_put(&rq->out, v->json, v->json_n);
    json_kv_str(&rq->out, "text", buf_str(&text));
    buf_putc(&rq->out, '}');
    return ERR_OK;
}

static enum err policy_schema_answer(struct request *rq) {
    struct policy *p;
    const struct plugin *pl = plugin_of(rq, &p);
    if (!pl) return ERR_NOT_FOUND;
    rq->type = "application/schema+json";
    policy_schema_json(rq->release->policy_schemas[pl - rq->release->schema->plugins], &rq->out);
    return ERR_OK;
}

// The school's own file of a policy, checked and put in force as a reload does; what does not check
// is taken back. A second person is asked where governance.yaml says so.
struct policy_file {
    struct release_change change;
    const char *path, *text;
    size_t n;
};

static enum err write_policy(struct request *rq) {
    struct policy_file *f = rq->state;
    struct problem inner;
    char *old = NULL;
    size_t n = 0;
    problem_init(&inner, rq->arena);
    enum err was = fsio_read(rq->arena, f->path, LIMIT_BODY_BYTES, &old, &n, &inner);
    if (was && was != ERR_NOT_FOUND) return problem_set(&rq->problem, was, NULL);
    enum err e = fsio_mkdirs(arena_printf(rq->arena, "%s/policies", app_config(rq->app)->home),
                             0750, &rq->problem);
    if (!e) e = fsio_write(f->path, f->text, f->n, 0640, &rq->problem);
    if (!e) e = change_release(rq);
    if (!e) return ERR_OK;
    if (was)
        unlink(f->path);
    else if (fsio_write(f->path, old, n, 0640, &inner))
        log_error("policy_file", "%s could not be put back", f->path);
    return e;
}

static enum err policy_put(struct request *rq) {
    struct policy_file *f = rq->state = arena_alloc(rq->arena, sizeof *f);
    struct policy *p;
    const json_t *body;
    enum err e = api_body(rq, "yaml", &body);
    if (e) return e;
    if (!plugin_of(rq, &p)) return ERR_NOT_FOUND;
    const json_t *yaml = json_object_get(body, "yaml");
    if (!json_is_string(yaml))
        return problem_add(&rq->problem, ERR_INVALID, "/yaml", "required", "the policy's text");
    *f = (struct policy_file){.path = arena_printf(rq->arena, "%s/policies/%s.yaml",
                                                   app_config(rq->app)->home, rq->path[2]),
                              .text = json_string_value(yaml),
                              .n = json_string_length(yaml)};
    gate_record(&rq->gate, "policy.write", arena_printf(rq->arena, "policy/%s", rq->path[2]), "ok",
                "");
    return request_move(rq, ON_REPORTS, write_policy);
}

// The audit log. Searching it is itself on record.

static enum err audit_answer(struct request *rq) {
    const struct audit_query *q = rq->state;
    return audit_search_json(rq->gate.store.db, q, &rq->out, &rq->problem);
}

static enum err time_of(struct request *rq, const char *name, int64_t *out) {
    const char *s = request_query(rq, name);
    if (!s || text_to_time(s, strlen(s), out)) return ERR_OK;
    return problem_add(&rq->problem, ERR_INVALID, name, "type", "must be an RFC 3339 time");
}

static enum err audit_search(struct request *rq) {
    struct audit_query *q = rq->state = arena_alloc(rq->arena, sizeof *q);
    q->actor = request_query(rq, "actor"), q->object = request_query(rq, "object");
    q->action = request_query(rq, "action"), q->subject = request_query(rq, "subject");
    q->outcome = request_query(rq, "outcome");
    const char *before = request_query(rq, "before");
    enum err e = api_limit(rq, &q->limit);
    if (!e) e = time_of(rq, "from", &q->from);
    if (!e) e = time_of(rq, "to", &q->to);
    if (!e && before) e = whole_number(rq, "before", before, 1, INT64_MAX, &q->before_seq);
    if (e) return e;
    gate_record(&rq->gate, "audit.search", "core.audit", "ok", "");
    return request_move(rq, ON_REPORTS, audit_answer);
}

const struct route routes_admin[] = {
    {"GET", "admin/releases", releases, .permission = NULL},
    {"POST", "admin/reload", reload, .permission = "core.release"},
    {"GET", "admin/releases/diff", release_compare, .permission = "core.release"},
    {"POST", "admin/releases/rollback", roll_back, .permission = "core.release"},
    {"GET", "admin/releases/{}", release_show, .permission = "core.release"},
    {"POST", "admin/releases/{}/activate", activate, .permission = NULL},
    {"GET", "admin/policies", policies, .permission = "core.policy"},
    {"POST", "admin/policies/try", policy_try, .permission = "core.policy"},
    {"GET", "admin/policies/{}", policy_answer, .permission = "core.policy"},
    {"PUT", "admin/policies/{}", policy_put, .permission = "core.release"},
    {"GET", "admin/policies/{}/schema", policy_schema_answer, .permission = "core.policy"},
    {"GET", "admin/audit", audit_search, .permission = "core.audit"},
    {"GET", "admin/keys", keys_list, .permission = "core.keys"},
    {"POST", "admin/keys/slots", keys_add, .permission = "core.keys"},
    {"DELETE", "admin/keys/slots/{}", keys_drop, .on = ON_LANE, .permission = "core.keys"},
    {"POST", "admin/keys/rotate", keys_rotate, .on = ON_LANE, .permission = "core.keys"},
    {"POST", "admin/keys/erase", keys_erase, .permission = "core.keys"},
    {"POST", "admin/backups", backups_add, .on = ON_LANE, .permission = "core.admin"},
    {"POST", "admin/unlock", keys_unlock, .who = EVEN_LOCKED},
    {0},
};
