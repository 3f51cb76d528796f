// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// policies/governance.yaml: which changes need a report of the policy lab, or a second person,
// before they are in force. What counts is the file in force, not the one that would replace it.
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "campus/json.h"
#include "campus/mem.h"
#include "campus/release.h"
#include "campus/text.h"
#include "campus/yaml.h"
#include "release/release_internal.h"

enum second { SECOND_NEVER, SECOND_ALWAYS, SECOND_WIDENING };
struct governed {
    const char *policy; // a plugin's, or "access"
    bool lab;
    enum second second;
};
struct governance {
    struct governed *list;
    size_t n;
};

static bool one_of(const struct yaml *y, const char *const *words, int n, int *out,
                   struct problem *p) {
    for (int i = 0; i < n; i++)
        if (y->text && !strcmp(words[i], y->text)) return *out = i, true;
    problem_at(p, y->file, y->line, y->col, "choice", "\"%s\" is not a choice%s",
               y->text ? y->text : "",
               text_instead(p->arena, y->text, words, (size_t)n, "write one of"));
    return false;
}

enum err governance_load(struct release *r, const struct yaml *y, struct problem *p) {
    static const char *const keys[] = {"policy", "activation", NULL};
    static const char *const members[] = {"lab", "second_person", NULL};
    static const char *const labs[] = {"optional", "required"}, *const seconds[] = {"never",
                                                                                    "required",
                                                                                    "widening"};
    unsigned before = p->count;
    struct governance *g = r->governance = arena_alloc(r->arena, sizeof *g);
    yaml_only(y, p, keys);
    const struct yaml *list = yaml_get(y, "activation");
    const char **names = arena_alloc(r->arena, sizeof *names * (size_t)(r->schema->nplugins + 1));
    size_t n = 0;
    names[n++] = "access";
    for (int i = 0; i < r->schema->nplugins; i++)
        if (r->policy_schemas[i]) names[n++] = r->schema->plugins[i].name;
    g->list = arena_alloc(r->arena, sizeof *g->list * ((list ? list->count : 0) + 1));
    for (const struct yaml *c = list ? list->first : NULL; c; c = c->next) {
        const struct yaml *lab = yaml_get(c, "lab"), *second = yaml_get(c, "second_person");
        struct governed *one = &g->list[g->n++];
        int way = 0;
        one->policy = c->key ? c->key : "";
        bool known = false, access = !strcmp(one->policy, "access");
        for (size_t i = 0; i < n; i++) known |= !strcmp(names[i], one->policy);
        if (!known)
            problem_at(p, c->file, c->key_line, c->key_col, "policy_unknown",
                       "no plugin has a policy \"%s\"%s", one->policy,
                       text_instead(r->arena, one->policy, names, n, "there are"));
        if (c->kind != YAML_MAP)
            problem_at(p, c->file, c->line, c->col, "map_expected",
                       "write { lab: required, second_person: required }");
        yaml_only(c, p, members);
        if (lab && access)
            problem_at(p, lab->file, lab->key_line, lab->key_col, "lab_of_access",
                       "the lab replays decisions of plugins: access takes second_person alone");
        else if (lab && one_of(lab, labs, 2, &way, p))
            one->lab = way == 1;
        way = 0;
        if (second && one_of(second, seconds, access ? 3 : 2, &way, p))
            one->second = (enum second)way;
    }
    return p->count > before ? ERR_INVALID : ERR_OK;
}

void release_draft(const struct release *r, const struct plugin *pl, struct policy *policy,
                   char out[65]) {
    crypto_hash_sha256_state h;
    uint8_t raw[32];
    char own[128];
    snprintf(own, sizeof own, "plugins/%s/", pl->name);
    crypto_hash_sha256_init(&h);
    for (size_t i = 0; policy && i < policy_count(policy); i++) {
        const struct policy_revision *v = policy_nth(policy, i);
        crypto_hash_sha256_update(&h, (const uint8_t *)v->valid_from, strlen(v->valid_from) + 1);
        crypto_hash_sha256_update(&h, (const uint8_t *)v->hash, 64);
    }
    for (size_t i = 0; i < r->nfiles; i++) {
        size_t n = strlen(r->files[i].path);
        if (strncmp(r->files[i].path, own, strlen(own)) || strcmp(r->files[i].path + n - 4, ".lua"))
            continue;
        crypto_hash_sha256_update(&h, (const uint8_t *)r->files[i].path, n + 1);
        crypto_hash_sha256_update(&h, (const uint8_t *)r->files[i].text, r->files[i].n);
    }
    crypto_hash_sha256_final(&h, raw);
    sodium_bin2hex(out, 65, raw, 32);
}

enum err lab_report_keep(struct db *db, const char *draft, const char *plugin, const char *by,
                         int64_t now, const char *summary, size_t n, struct problem *p) {
    return db_run(db, p, NULL,
                  "INSERT INTO core_lab_report(draft,plugin,at,by_person,summary)"
                  " VALUES($1,$2,$3,$4,$5) ON CONFLICT(draft,plugin) DO UPDATE SET"
                  " at=excluded.at, by_person=excluded.by_person, summary=excluded.summary",
                  "ttits", draft, plugin, now, by, summary, n);
}

static struct policy *policy_of(const struct release *r, const char *name,
                                const struct plugin **pl) {
    *pl = schema_plugin(r->schema, name);
    return *pl ? r->policies[*pl - r->schema->plugins] : NULL;
}

static const char *text_of(const struct release *r, const char *name, size_t *n) {
    static const char *const where[] = {"school/policies/", "policies/"};
    for (int w = 0; w < 2; w++)
        for (size_t i = 0; i < r->nfiles; i++) {
            const char *path = r->files[i].path;
            size_t len = strlen(where[w]);
            if (!strncmp(path, where[w], len) && !strcmp(path + len, name))
                return *n = r->files[i].n, r->files[i].text;
        }
    *n = 0;
    return "";
}

static bool same_file(const struct release *a, const struct release *b, const char *name) {
    size_t n, m;
    const char *s = text_of(a, name, &n), *t = text_of(b, name, &m);
    return n == m && !memcmp(s, t, n);
}

// The policy's values, without the code: what a second person is asked about.
static bool same_values(struct policy *a, struct policy *b) {
    size_t n = a ? policy_count(a) : 0;
    if (n != (b ? policy_count(b) : 0)) return false;
    for (size_t i = 0; i < n; i++)
        if (strcmp(policy_nth(a, i)->hash, policy_nth(b, i)->hash) ||
            strcmp(policy_nth(a, i)->valid_from, policy_nth(b, i)->valid_from))
            return false;
    return true;
}

static enum err one(struct db *db, const struct governed *g, const struct release *now,
                    const struct release *next, struct release_asks *out, struct problem *p) {
    const struct plugin *was_in, *is_in;
    struct policy *was = policy_of(now, g->policy, &was_in),
                  *is = policy_of(next, g->policy, &is_in);
    if (same_values(was, is)) return ERR_OK;
    if (g->lab && is_in) {
        char draft[65];
        int64_t at = 0;
        release_draft(next, is_in, is, draft);
        struct stmt *st = db_query(db, p,
                                   "SELECT at,by_person,summary FROM core_lab_report"
                                   " WHERE draft=$1 AND plugin=$2",
                                   "tt", draft, g->policy);
        enum err e = stmt_first(st, p);
        if (e == ERR_NOT_FOUND)
            return problem_at(p, arena_printf(p->arena, "school/policies/%s.yaml", g->policy), 1, 1,
                              "lab_required",
                              "governance.yaml asks for a lab report of this very draft: campusd "
                              "policy try %s %s.yaml makes one",
                              g->policy, g->policy);
        if (e) return e;
        at = stmt_int(st, 0);
        json_sep(&out->reports), buf_putc(&out->reports, '{');
        json_kv_str(&out->reports, "policy", g->policy);
        json_kv_str(&out->reports, "draft", draft);
        json_kv_time(&out->reports, "at", at);
        json_kv_str(&out->reports, "by", stmt_text(st, 1, NULL));
        json_key(&out->reports, "summary"), buf_puts(&out->reports, stmt_text(st, 2, NULL));
        buf_putc(&out->reports, '}');
        stmt_reset(st);
    }
    if (g->second == SECOND_ALWAYS)
        buf_printf(&out->second, "%s%s", out->second.len ? ", " : "", g->policy);
    return ERR_OK;
}

enum err release_governed(struct db *db, const struct release *now, const struct release *next,
                          struct arena *a, struct release_asks *out, struct problem *p) {
    const struct governance *g = now->governance;
    bool strict = false;
    enum err e = ERR_OK, first = ERR_OK;
    buf_init(&out->second, a), buf_init(&out->reports, a), buf_init(&out->widens, a);
    buf_putc(&out->reports, '[');
    for (size_t i = 0; g && i < g->n; i++) {
        const struct governed *one_of_them = &g->list[i];
        strict |= one_of_them->second != SECOND_NEVER;
        if (strcmp(one_of_them->policy, "access")) {
            e = one(db, one_of_them, now, next, out, p);
            if (e && !first) first = e;
            continue;
        }
        bool wider = access_widening(now->access, next->access, a, &out->widens) > 0,
             asks = one_of_them->second == SECOND_WIDENING ? wider
                    : one_of_them->second == SECOND_ALWAYS ? !same_file(now, next, "access.yaml")
                                                           : false;
        if (asks) buf_printf(&out->second, "%saccess", out->second.len ? ", " : "");
    }
    // who could loosen this file alone could do everything alone
    if (strict && !same_file(now, next, "governance.yaml"))
        buf_printf(&out->second, "%sgovernance", out->second.len ? ", " : "");
    buf_putc(&out->reports, ']');
    return first;
}

enum err release_wait(struct db *db, struct release *r, const struct release_asks *asks,
                      const char *by, int64_t now, struct problem *p) {
    enum err e = release_save(db, r, by, now, p);
    return e ? e
             : db_run(db, p, NULL,
                      "INSERT INTO core_release_waiting(release,at,by_person,second,widens,reports)"
                      " VALUES($1,$2,$3,$4,$5,$6) ON CONFLICT(release) DO UPDATE SET"
                      " at=excluded.at, by_person=excluded.by_person, second=excluded.second,"
                      " widens=excluded.widens, reports=excluded.reports",
                      "iitsss", r->number, now, by, asks->second.data, asks->second.len,
                      asks->widens.data ? asks->widens.data : "", asks->widens.len,
                      asks->reports.data, asks->reports.len);
}

enum err release_waits(struct db *db, int64_t number, struct arena *a, const char **by,
                       struct problem *p) {
    *by = NULL;
    struct stmt *st =
        db_query(db, p, "SELECT by_person FROM core_release_waiting WHERE release=$1", "i", number);
    enum err e = ERR_OK;
    if (stmt_next(st, &e, p)) stmt_take(st, a, "t", by), stmt_reset(st);
    return e;
}
