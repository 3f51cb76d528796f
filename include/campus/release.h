// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A release: an immutable, hashed set of plugins and policies, built beside the running one,
// checked whole, swapped by one pointer. Requests hold a reference; the last one out closes the
// hosts.
#ifndef CAMPUS_RELEASE_H
#define CAMPUS_RELEASE_H

#include "campus/access.h"
#include "campus/calendar.h"
#include "campus/config.h"
#include "campus/db.h"
#include "campus/host.h"
#include "campus/policy.h"
#include "campus/schema.h"

struct approval_plans;
struct yaml;

struct release_file {
    const char *path;
    const char *text;
    size_t n;
};
struct release_declared { // by one plugin: JSON
    const char *plugin, *json;
    size_t n;
};
struct release {
    char id[17]; // first 16 hex digits of the hash
    char hash[65];
    int64_t number; // in the database, grows; 0 before it is stored
    struct arena *arena;
    struct schema *schema;
    struct access *access;
    struct approval_plans *approvals;
    struct calendars *calendars;
    struct policy **policies; // by plugin index; NULL where a plugin has no policy
    struct policy_schema **policy_schemas;
    const struct yaml **locales[2]; // by enum lang, then by plugin index; NULL where there is none
    struct governance *governance;  // NULL: nothing is asked of an activation
    struct pool *pool;
    struct tz *tz;
    char school[64];
    const char *school_name, *address; // of the service, as browsers reach it
    enum lang language;                // of the school
    int refs;                          // atomic
    const struct release_file
        *files; // "plugins/NAME/…", "policies/…" as shipped, "school/policies/…" of the home
    size_t nfiles;
    struct release_declared *declared;
    size_t ndeclared;
    const char *heard;  // of which files and by which program that was; "" when unknown
    bool declared_kept; // in the database
};

const char *release_share(struct arena *a); // the folder with the shipped plugins and policies
// Reads plugins and policies below the config's paths and builds and checks a candidate with its
// own children. All errors are items at file:line:col. Owned (one reference).
MUST_CHECK enum err release_build(const struct config *c, int children, struct release **out,
                                  struct problem *p);
// The same from a stored release's files (rollback, activate).
MUST_CHECK enum err release_build_stored(const struct config *c, struct db *db, int64_t number,
                                         int children, struct release **out, struct problem *p);
// On the lane: stores files (content-addressed) and policy revisions (gives their ids, hands them
// to the pool); the release gets its number. Idempotent by hash. It is not active by that.
MUST_CHECK enum err release_save(struct db *db, struct release *r, const char *by, int64_t now,
                                 struct problem *p);
// The same, and makes it the active one.
MUST_CHECK enum err release_store(struct db *db, struct release *r, const char *by, int64_t now,
                                  struct problem *p);
MUST_CHECK enum err release_active_number(struct db *db, int64_t *number, struct problem *p);
void release_list_json(struct db *db, struct buf *out, struct problem *p);
// What differs: files, entities and fields added or gone, policy keys (policy_diff), access rules.
void release_diff(const struct release *from, const struct release *to, struct buf *out);
extern const char release_ddl[];

// A plugin as it runs in r, but with `yaml` in place of the school's own policy files: for the
// policy lab. It has children of its own, so that a long replay takes none from those who work.
// Errors are items at "candidate":line:col. The policy is the arena's; close the pool.
MUST_CHECK enum err release_trial(const struct release *r, const struct plugin *pl,
                                  const char *yaml, size_t n, struct arena *a, struct pool **pool,
                                  struct policy **policy, struct problem *p);

// What the governance.yaml in force asks before `next` may replace `now`.
struct release_asks {
    struct buf second;  // policies that a second person must look at: "admissions, access"
    struct buf reports; // JSON list of the lab's reports that were asked for
    struct buf widens;  // lines of access_widening
};
// ERR_INVALID: a lab report that is asked for is not there, an item each.
MUST_CHECK enum err release_governed(struct db *db, const struct release *now,
                                     const struct release *next, struct arena *a,
                                     struct release_asks *out, struct problem *p);
// On the lane: stores it as one that waits for a second person.
MUST_CHECK enum err release_wait(struct db *db, struct release *r, const struct release_asks *asks,
                                 const char *by, int64_t now, struct problem *p);
// Who brought the release that waits; NULL when it does not.
MUST_CHECK enum err release_waits(struct db *db, int64_t number, struct arena *a, const char **by,
                                  struct problem *p);
// What a draft is known by: the values of the policy and the code of the plugin that reads them.
void release_draft(const struct release *r, const struct plugin *pl, struct policy *policy,
                   char out[65]);
// On the lane: the lab's report of a draft, the last one of it counts.
MUST_CHECK enum err lab_report_keep(struct db *db, const char *draft, const char *plugin,
                                    const char *by, int64_t now, const char *summary, size_t n,
                                    struct problem *p);

// The current one. get takes a reference; put gives it back.
struct release *release_get(void);
struct release *release_hold(struct release *r); // one more reference to one you hold
void release_put(struct release *r);
void release_swap(struct release *next); // takes next's reference, puts the old one's
// policy of a plugin in force on a date.
const struct policy_revision *release_policy(const struct release *r, const struct plugin *pl,
                                             const char *date);

// What a reason says to people: the locale's text for its code with {have} and {want} filled in;
// the code itself where there is none. Arena.
const char *release_reason(const struct release *r, const struct plugin *pl,
                           const struct host_reason *reason, enum lang lang, struct arena *a);

#endif
