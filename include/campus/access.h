// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Who may do what: policies/access.yaml compiled against a schema, and the one authorization
// function. Default deny; any deny that matches wins; order never matters.
#ifndef CAMPUS_ACCESS_H
#define CAMPUS_ACCESS_H

#include "campus/buf.h"
#include "campus/record.h"
#include "campus/schema.h"

struct arena;
struct yaml;
struct access; // immutable, in the release's arena
enum { ACCESS_ROLES_MAX = 256 };

// Who acts. Built by people_actor; immutable; may be shared between threads.
struct actor {
    const char *id;        // person id; "" for the public, "os:root" for the control socket
    const char *name;      // sign-in name
    const char *session;   // session or token id
    const char *campus;    // or NULL
    struct fieldset roles; // by access's role numbers, inclusion closed ("everyone" included)
    struct fieldset kept;  // of one who lends: roles held but not lent; their denials still hold
    const char **groups;
    int ngroups;
    const char **supervised;
    int nsupervised; // person ids whom the actor supervises (bounded: 1,000)
    const char **facts;
    int nfacts;                 // names of facts true today, such as "nda"
    const char **scopes;        // of an API token, NULL-ended; NULL: no narrowing
    const struct actor *behind; // delegation: acts for this one too, who may stand before the next
    int64_t epoch;              // of the people tables it was built from
    bool must_change;           // a session that may only change the password (not a token)
    bool is_system;             // the core itself (schedules, migrations): passes, audited
};

// Names every rule; all errors at file:line:col.
MUST_CHECK enum err access_compile(struct arena *a, const struct yaml *access_yaml,
                                   const struct schema *schema, struct access **out,
                                   struct problem *p);
int access_role(const struct access *x, const char *name); // -1 unknown
const char *access_role_name(const struct access *x, int role);
const struct title *access_role_title(const struct access *x, int role); // texts may be NULL
int access_role_count(const struct access *x);
// Whether a person may hold it: not `public`, which forms act with, nor `plugin.NAME`, a plugin's.
bool access_role_is_personal(const char *name);
// The closure of one role under `includes`.
void access_role_closure(const struct access *x, int role, struct fieldset *into);
// Exclusive duties: which two roles a person may not hold at once; ERR_CONFLICT names them.
// What `to` gives and `from` does not, one line each: "+ allow …", "- deny …" (a denial or an
// exclusion that is gone). How many; 0: nobody may more than before.
int access_widening(const struct access *from, const struct access *to, struct arena *a,
                    struct buf *out);
MUST_CHECK enum err access_roles_agree(const struct access *x, const struct fieldset *roles,
                                       struct problem *p);

enum view { VIEW_HIDDEN, VIEW_MASKED, VIEW_CLEAR };
struct verdict {
    bool allowed;
    struct fieldset clear, masked; // of the entity's fields; the rest is hidden
    struct fieldset standing;      // sealed fields that open without a purpose being given
    const char *purpose;           // of the standing ones
    int rule;                      // the rule that decided, -1 when none allows
};
// The one authorization function. One who acts for others may do what each of these may do with the
// roles that they lent, under their own denials and those of whom they act for. verb: "read",
// "create", "update", "delete", "search", "reveal", "export", "import", "history", or a
// transition's name. r NULL: could it be allowed on any record (used for menus and create before
// values are known).
void access_decide(const struct access *x, const struct actor *actor, const struct entity *e,
                   const char *verb, const struct record *r, struct verdict *out);
// The same as a condition over records: true exactly where access_decide allows. Arena.
const struct cond *access_filter(const struct access *x, const struct actor *actor,
                                 const struct entity *e, const char *verb, struct arena *a);
// The condition under which `field` is seen in the clear (for filters, sorts, groups by it).
const struct cond *access_field_filter(const struct access *x, const struct actor *actor,
                                       const struct entity *e, int field, struct arena *a);
// The condition under which a sealed field may be searched by equality: the verb "search" and the
// right to read, both with the field in view, be it masked.
const struct cond *access_search_filter(const struct access *x, const struct actor *actor,
                                        const struct entity *e, int field, struct arena *a);
// True when the fields' views are the same for every record of the entity (a list may decide once).
bool access_is_uniform(const struct access *x, const struct actor *actor, const struct entity *e,
                       const char *verb);
extern const char *const access_permissions[]; // the core's own, NULL-ended
// Actions, reports, admin areas: a named permission ("admissions.actions.promote", "core.admin").
bool access_has_permission(const struct access *x, const struct actor *actor, const char *name);
// What a written field change needs: may the actor write these fields of this record?
bool access_may_write(const struct access *x, const struct actor *actor, const struct record *r,
                      const char *verb, const struct fieldset *fields, struct fieldset *refused);
// Whether any duty excludes this transition: only then must the record's past be asked for.
bool access_has_exclusive(const struct access *x, const struct entity *e, const char *transition);
// Exclusive duties on one record: earlier transitions by the same person (names, NULL-ended).
// *rule_name is set only when true is returned.
bool access_is_exclusive(const struct access *x, const struct entity *e, const char *transition,
                         const char *const *done_before, const char **rule_name);

// JSON: deciding rule with file:line, nearest rule that would allow, condition that failed, who
// could grant it. Made by the evaluator itself. clear: what the asker sees of this record; where a
// rule tests another field, only the outcome is told ("hidden": true).
void access_explain(const struct access *x, const struct actor *actor, const struct entity *e,
                    const char *verb, const struct record *r, const struct fieldset *clear,
                    struct buf *out);
void access_matrix_csv(const struct access *x, const struct schema *s, struct buf *out);

#endif
