// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Releases in the database: files by content, policy revisions with their ids, which one is active.
#include <sodium.h>
#include <string.h>
#include "campus/json.h"
#include "campus/mem.h"
#include "campus/release.h"
#include "release/release_internal.h"

const char release_ddl[] =
    "CREATE TABLE IF NOT EXISTS core_release(number {serial}, hash TEXT NOT NULL UNIQUE, "
    "created_at BIGINT NOT NULL,"
    " created_by TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS core_release_blob(hash TEXT PRIMARY KEY, text TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS core_release_file(release BIGINT NOT NULL, path TEXT NOT NULL, "
    "hash TEXT NOT NULL,"
    " PRIMARY KEY(release, path)){clustered};"
    "CREATE TABLE IF NOT EXISTS core_release_active(n {serial}, release BIGINT NOT NULL, at BIGINT "
    "NOT NULL,"
    " by_person TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS core_policy_revision(id {serial}, plugin TEXT NOT NULL, hash TEXT "
    "NOT NULL,"
    " valid_from TEXT NOT NULL, json TEXT NOT NULL, UNIQUE(plugin, hash, valid_from));"
    "CREATE TABLE IF NOT EXISTS core_release_waiting(release BIGINT PRIMARY KEY, at BIGINT NOT "
    "NULL,"
    " by_person TEXT NOT NULL, second TEXT NOT NULL, widens TEXT NOT NULL, reports TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS core_declared(plugin TEXT PRIMARY KEY, heard TEXT NOT NULL,"
    " json TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS core_lab_report(draft TEXT NOT NULL, plugin TEXT NOT NULL,"
    " at BIGINT NOT NULL, by_person TEXT NOT NULL, summary TEXT NOT NULL,"
    " PRIMARY KEY(draft, plugin));";

static enum err store_files(struct db *db, const struct release *r, struct problem *p) {
    for (size_t i = 0; i < r->nfiles; i++) {
        uint8_t h[32];
        char hex[65];
        crypto_hash_sha256(h, (const uint8_t *)r->files[i].text, r->files[i].n);
        sodium_bin2hex(hex, sizeof hex, h, 32);
        enum err e =
            db_run(db, p, NULL,
                   "INSERT INTO core_release_blob(hash,text) VALUES($1,$2) ON CONFLICT DO NOTHING",
                   "ts", hex, r->files[i].text, r->files[i].n);
        if (!e)
            e = db_run(db, p, NULL,
                       "INSERT INTO core_release_file(release,path,hash) VALUES($1,$2,$3)", "itt",
                       r->number, r->files[i].path, hex);
        if (e) return e;
    }
    return ERR_OK;
}

static enum err store_policies(struct db *db, struct release *r, struct problem *p) {
    for (int i = 0; i < r->schema->nplugins; i++)
        for (size_t k = 0; r->policies[i] && k < policy_count(r->policies[i]); k++) {
            struct policy_revision *v = policy_nth(r->policies[i], k);
            const char *name = r->schema->plugins[i].name;
            enum err e = db_run(
                db, p, NULL,
                "INSERT INTO core_policy_revision(plugin,hash,valid_from,json) VALUES($1,$2,$3,$4)"
                " ON CONFLICT DO NOTHING",
                "ttts", name, v->hash, v->valid_from, v->json, v->json_n);
            int64_t id = 0;
            if (!e)
                e = db_int(db, p, &id, 0,
                           "SELECT id FROM core_policy_revision WHERE plugin=$1 AND hash=$2 AND "
                           "valid_from=$3",
                           "ttt", name, v->hash, v->valid_from);
            if (e) return e;
            if (id != v->id) e = pool_policy(r->pool, name, id, v->json, v->json_n, p);
            if (e) return e;
            v->id = id;
        }
    return ERR_OK;
}

bool declared_read(struct db *db, struct release *r) {
    struct problem p; // nobody's: then they are asked
    if (!*r->heard) return false;
    problem_init(&p, r->arena);
    struct stmt *st =
        db_query(db, &p, "SELECT plugin,json FROM core_declared WHERE heard=$1 ORDER BY plugin",
                 "t", r->heard);
    enum err e = ERR_OK;
    size_t n = 0;
    while (stmt_next(st, &e, &p)) {
        if (n == r->ndeclared || strcmp(stmt_text(st, 0, NULL), r->declared[n].plugin)) break;
        struct release_declared *d = &r->declared[n++];
        const char *json = stmt_text(st, 1, &d->n);
        d->json = arena_strndup(r->arena, json, d->n);
    }
    stmt_reset(st);
    return r->declared_kept = !e && n && n == r->ndeclared;
}

static enum err declared_write(struct db *db, struct release *r, struct problem *p) {
    if (r->declared_kept) return ERR_OK;
    enum err e = db_run(db, p, NULL, "DELETE FROM core_declared", "");
    for (size_t i = 0; i < r->ndeclared && !e && *r->heard; i++)
        e = db_run(db, p, NULL, "INSERT INTO core_declared(plugin,heard,json) VALUES($1,$2,$3)",
                   "tts", r->declared[i].plugin, r->heard, r->declared[i].json, r->declared[i].n);
    r->declared_kept = true;
    return e;
}

enum err release_active_number(struct db *db, int64_t *number, struct problem *p) {
    return db_int(db, p, number, 0,
                  "SELECT release FROM core_release_active ORDER BY n DESC LIMIT 1", "");
}

enum err release_save(struct db *db, struct release *r, const char *by, int64_t now,
                      struct problem *p) {
    enum err e =
        db_int(db, p, &r->number, 0, "SELECT number FROM core_release WHERE hash=$1", "t", r->hash);
    if (!e && !r->number) {
        e = db_run(db, p, NULL,
                   "INSERT INTO core_release(hash,created_at,created_by) VALUES($1,$2,$3)", "tit",
                   r->hash, now, by);
        if (!e)
            e = db_int(db, p, &r->number, 0, "SELECT number FROM core_release WHERE hash=$1", "t",
                       r->hash);
        if (!e) e = store_files(db, r, p);
    }
    return e ? e : store_policies(db, r, p);
}

enum err release_store(struct db *db, struct release *r, const char *by, int64_t now,
                       struct problem *p) {
    int64_t active = 0;
    enum err e = release_save(db, r, by, now, p);
    if (!e)
        e = db_run(db, p, NULL, "DELETE FROM core_release_waiting WHERE release=$1", "i",
                   r->number);
    if (!e) e = declared_write(db, r, p);
    if (!e) e = release_active_number(db, &active, p);
    if (!e && active != r->number)
        e = db_run(db, p, NULL,
                   "INSERT INTO core_release_active(release,at,by_person) VALUES($1,$2,$3)", "iit",
                   r->number, now, by);
    return e;
}

void release_list_json(struct db *db, struct buf *out, struct problem *p) {
    int64_t active = 0;
    if (release_active_number(db, &active, p)) return;
    struct stmt *st = db_query(
        db, p,
        "SELECT "
        "r.number,r.hash,r.created_at,r.created_by,w.second,w.by_person,w.at,w.widens,w.reports"
        " FROM core_release r LEFT JOIN core_release_waiting w ON w.release=r.number"
        " ORDER BY r.number DESC LIMIT 100",
        "");
    buf_puts(out, "{\"items\":[");
    enum err e = ERR_OK;
    while (stmt_next(st, &e, p)) {
        json_sep(out), buf_putc(out, '{');
        stmt_json(st, "number# hash created_at@ created_by waits_for", out);
        json_kv_bool(out, "active", stmt_int(st, 0) == active);
        if (!stmt_is_null(st, 4)) {
            json_key(out, "waiting"), buf_putc(out, '{');
            stmt_json(st, "- - - - - by at@ widens reports=", out);
            buf_putc(out, '}');
        }
        buf_putc(out, '}');
    }
    buf_puts(out, "]}");
}

static const struct release_file *file_of(const struct release *r, const char *path) {
    for (size_t i = 0; i < r->nfiles; i++)
        if (!strcmp(r->files[i].path, path)) return &r->files[i];
    return NULL;
}

void release_diff(const struct release *from, const struct release *to, struct buf *out) {
    for (size_t i = 0; i < from->nfiles; i++)
        if (!file_of(to, from->files[i].path)) buf_printf(out, "- %s\n", from->files[i].path);
    for (size_t i = 0; i < to->nfiles; i++) {
        const struct release_file *f = &to->files[i], *old = file_of(from, f->path);
        if (!old)
            buf_printf(out, "+ %s\n", f->path);
        else if (old->n != f->n || memcmp(old->text, f->text, f->n))
            buf_printf(out, "~ %s\n", f->path);
    }
    struct arena *a = arena_new(16 << 20); // the releases' own is for those who build them
    for (int i = 0; a && i < to->schema->nplugins; i++) {
        const struct plugin *pl = &to->schema->plugins[i],
                            *old = schema_plugin(from->schema, pl->name);
        struct policy *now = to->policies[i],
                      *was = old ? from->policies[old - from->schema->plugins] : NULL;
        if (!now || !was || !policy_count(now) || !policy_count(was)) continue;
        policy_diff(to->policy_schemas[i], policy_nth(was, policy_count(was) - 1),
                    policy_nth(now, policy_count(now) - 1), LANG_ZH, a, out);
    }
    arena_free(a);
}
