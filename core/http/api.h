// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What the handlers of sessions, people and administration share: members of a body, people by
// name, and who may hand out which rights.
#ifndef HTTP_API_H
#define HTTP_API_H

#include "http/route.h"

// The body, all of whose members are among these words.
MUST_CHECK enum err api_body(struct request *rq, const char *words, const json_t **body);
// Objects to members of an object that are not among these words.
MUST_CHECK enum err api_only(struct request *rq, const json_t *body, const char *words);
// A text member of at most max bytes, without control characters; NULL when absent or null.
// Borrowed from the body.
MUST_CHECK enum err api_text(struct request *rq, const json_t *body, const char *key, size_t max,
                             bool required, const char **out);
// A list of texts, NULL-ended in the arena; *out NULL when absent.
MUST_CHECK enum err api_texts(struct request *rq, const json_t *body, const char *key,
                              const char ***out, int *n);
// YYYY-MM-DD; `otherwise` when absent.
MUST_CHECK enum err api_date(struct request *rq, const json_t *body, const char *key,
                             const char *otherwise, const char **out);
// limit= of a list, 1..LIMIT_LIST_ITEMS; 50 when absent.
MUST_CHECK enum err api_limit(struct request *rq, int *out);
bool api_takes_gzip(const struct request *rq);
// The person of path segment i, by id or name; the same answer whoever is missing.
MUST_CHECK enum err api_person(struct request *rq, int i, const char **id);

// Whether the caller holds every core permission that these roles would give, or is the
// administrator: nobody else hands out, or takes over, more than they have. Refusals are recorded
// under `action`.
MUST_CHECK enum err api_may_give(struct request *rq, const struct fieldset *roles,
                                 const char *action, const char *object);
// The same for what a person has today.
MUST_CHECK enum err api_may_rule(struct request *rq, const char *person, const char *action);
// Roles that an actor holds, inclusion closed, and its core permissions, as JSON members.
void api_rights_json(struct request *rq, const struct actor *actor, struct buf *out);
// Records a change of people that succeeded and lets every thread see it after the commit.
void api_changed(struct request *rq, const char *action, const char *object);
// 202 with the job's id and where to ask how far it is.
enum err api_job(struct request *rq, const char *id);
enum err api_no_content(struct request *rq);
// Idempotency-Key of a request, or NULL, and a keyed hash of what is asked with it.
MUST_CHECK enum err request_idem(struct request *rq, const char **key, uint8_t hash[16]);
// Only a signed-in person, not an API token, may do this.
MUST_CHECK enum err api_in_session(struct request *rq);

// Handlers of api_rights.c, listed in routes_people.
handler rights_chart, rights_groups, rights_join, rights_leave, rights_facts_put, rights_facts_drop,
    rights_posts, rights_post_put, rights_post_drop, rights_delegate, rights_undelegate,
    rights_tokens, rights_token_add, rights_token_drop;
handler import_accounts;
// A transition of the record in the path, plugin/entity/id/name; of api_records.c.
handler records_transition;
// Listed in routes_admin.
handler keys_list, keys_add, keys_drop, keys_rotate, keys_erase, keys_unlock, backups_add;
// Of api_decisions.c, the first listed in routes_meta, the other in routes_admin.
handler decision_answer, policy_try;
// Everything below /public/.
handler public_request;
// Listed in routes_meta.
handler openapi, access_explanation, access_matrix;

#endif
