// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The directory: what administration shows and changes of people beyond their account: details,
// groups, delegations, facts, tokens and sessions. Functions that write run on the lane; what they
// change is seen once people_epoch has been bumped after the commit.
#ifndef CAMPUS_DIRECTORY_H
#define CAMPUS_DIRECTORY_H

#include "campus/buf.h"
#include "campus/db.h"
#include "campus/err.h"

struct arena;
// A person's id from an id or a sign-in name. Arena. ERR_NOT_FOUND.
MUST_CHECK enum err directory_find(struct db *db, const char *id_or_name, const char **id,
                                   struct problem *p);
// The roles given to a person (not what they include), NULL-ended. Arena.
MUST_CHECK enum err directory_roles(struct db *db, const char *person, const char ***out, int *n,
                                    struct problem *p);
// One person as JSON: account, roles; with_rights: groups, facts and delegations too.
// ERR_NOT_FOUND.
MUST_CHECK enum err directory_person_json(struct db *db, const char *id, bool with_rights,
                                          struct buf *out, struct problem *p);
// {"items":[…],"next":name or null}: people after the name `after` ("" from the start), by name.
MUST_CHECK enum err directory_list_json(struct db *db, const char *after, int limit,
                                        struct buf *out, struct problem *p);
// One object {"id","display"} an id that is somebody's, in json lists' manner: what all staff may
// know.
MUST_CHECK enum err directory_name_json(struct db *db, const char *id, struct buf *out,
                                        struct problem *p);
// {"id","display"} of those who may sign in and whose display or sign-in name holds `text`, at most
// `limit`, by display; in json lists' manner.
MUST_CHECK enum err directory_search_json(struct db *db, const char *text, int limit,
                                          struct buf *out, struct problem *p);
// NULL leaves a detail as it is; "" clears campus and supervisor. ERR_CONFLICT: supervises itself.
MUST_CHECK enum err directory_update(struct db *db, const char *id, const char *display,
                                     const char *campus, const char *supervisor, struct problem *p);

// Dates are YYYY-MM-DD, both included.
MUST_CHECK enum err directory_join(struct db *db, const char *person, const char *group,
                                   const char *from, const char *until, struct problem *p);
MUST_CHECK enum err directory_leave(struct db *db, const char *person, const char *group,
                                    struct problem *p);
MUST_CHECK enum err directory_members_json(struct db *db, const char *group, struct buf *out,
                                           struct problem *p);
MUST_CHECK enum err directory_drop_fact(struct db *db, const char *person, const char *fact,
                                        struct problem *p);
MUST_CHECK enum err directory_undelegate(struct db *db, const char *id, struct problem *p);
// Who gave the delegation. Arena. ERR_NOT_FOUND.
MUST_CHECK enum err directory_delegator(struct db *db, const char *id, const char **person,
                                        struct problem *p);

// Posts: an office of a group ("" where there is none), for a while; acting: for its holder. The
// head of a group holds the post "head" there.
struct post {
    const char *person, *post, *group, *from, *until;
    bool acting;
};
MUST_CHECK enum err directory_post_set(struct db *db, const struct post *n, struct problem *p);
MUST_CHECK enum err directory_post_drop(struct db *db, const char *person, const char *post,
                                        const char *group, struct problem *p);
// A list of posts, of a person or of an office, "" for any.
MUST_CHECK enum err directory_posts_json(struct db *db, const char *person, const char *post,
                                         struct buf *out, struct problem *p);
// {"people","roles","members","posts","delegations"}: who belongs where and answers to whom, of
// those who may sign in; of what is dated, all that has not ended on the day `today`.
MUST_CHECK enum err directory_chart_json(struct db *db, const char *today, struct buf *out,
                                         struct problem *p);

// Ids of people, each once.
struct people_list {
    const char **ids;
    int n;
};
bool people_list_has(const struct people_list *l, const char *id);
void people_list_add(struct people_list *l, const char *id, struct arena *a); // copied
// Who is it today, of those who may sign in: holders of a role, members of a group, holders of a
// post (of a group, or any: ""), the supervisor of a person, the heads of a person's groups. Added
// to the list; at most 200 each.
enum holders { HOLD_ROLE, HOLD_GROUP, HOLD_POST, HOLD_SUPERVISOR, HOLD_HEAD };
struct access;
MUST_CHECK enum err directory_holders(struct db *db, const struct access *x, enum holders kind,
                                      const char *what, const char *group, const char *today,
                                      struct people_list *into, struct problem *p);

// A session or token by its id: kind "session" or "token", "" when it is neither (the control
// socket).
struct directory_session {
    const char *kind, *person;
    int64_t expires_at;
};
MUST_CHECK enum err directory_session(struct db *db, const char *id, struct directory_session *out,
                                      struct problem *p);
// Sessions and tokens still valid, of a person or (NULL) of all; no secret. kind "" is both.
MUST_CHECK enum err directory_sessions_json(struct db *db, const char *person, const char *kind,
                                            int64_t now, struct buf *out, struct problem *p);
// Signs a person out everywhere; tokens stay.
MUST_CHECK enum err directory_sign_out(struct db *db, const char *person, struct problem *p);

#endif
