// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What plugins declare of deadlines, reservations and obligations, checked and made ready when a
// release is built; deadline.h, reserve.h and obligation.h act on it.
#ifndef CAMPUS_FLOW_H
#define CAMPUS_FLOW_H

#include "campus/access.h"
#include "campus/calendar.h"
#include "campus/cron.h"
#include "campus/policy.h"
#include "campus/schema.h"
#include "campus/store.h"

struct term { // how long
    struct duration d;
    const char *policy;        // a key of type duration, or NULL
    const struct field *by;    // a choice, whose name follows the key; or NULL
    const struct field *field; // a date or datetime, or NULL
};
struct step_decl {
    struct term after;
    const char *to; // "supervisor", "duty", "role:NAME"
};
struct deadline_decl {
    struct term within;
    const char *owner; // as of flow_audience, with "$actor"; "" for nobody
    struct term *remind;
    int nremind;
    struct step_decl *steps;
    int nsteps;
    const struct transition *lapse; // or NULL
    const struct calendar *calendar;
};
struct reserve_decl {
    const struct entity *holder;
    const struct field *pool;         // a reference of the holder
    const struct field *limit;        // of the record that it refers to
    const struct field *amount_field; // or NULL:
    int64_t amount;
    int64_t overbook;                // scaled as the limit, on top of it
    const char *overbook_key;        // of the holder's policy, or NULL
    bool percent;                    // what the key says
    const char *exceed;              // "refuse", "warn", "ask:ROLE"; NULL: refuse
    const char *exceed_key;          // or a key of the policy that says it
    struct reserve_decl *next;       // of those that draw on the same entity
    const struct reserve_decl *also; // what the same transition reserves besides
    bool optional;                   // nothing, where no pool or amount is named
};
struct checklist_decl {  // of a state
    const json_t *items; // [{"name","title","owner","within"}], borrowed; NULL:
    const char *policy;  // the key that says them
    const struct calendar *calendar;
};
struct obligation_decl {
    const struct plugin *plugin;
    const char *name, *full; // "admissions.yearly_summary"
    struct title title;
    const char *period, *period_key; // as declared, or the key of the policy that says it
    struct deadline_decl clock;
    const char *evidence;         // "note", "document", "record"
    const struct entity *records; // of evidence "record"
    const char **serves;
};

struct spot {
    int line, col;
};
struct flow_input {
    struct arena *arena;
    struct schema *schema;
    const struct access *access;
    const struct calendars *calendars;
    struct policy *const *policies; // by plugin, either may be NULL
    struct policy_schema *const *policy_schemas;
    // Where `word` is written in a file, from a line on.
    struct spot (*locate)(void *self, const char *file, int from, const char *word);
    void *self;
};
// Fills in what the schema leaves to this floor. Every error is an item at file:line:col.
MUST_CHECK enum err flow_build(const struct flow_input *in, struct problem *p);

// What a period means: a cron of moments in the school's zone, or (termly) the calendar's terms.
struct cycle {
    struct cron cron;
    bool termly;
};
MUST_CHECK enum err cycle_parse(const char *text, struct cycle *out, struct problem *p);

// The surroundings of an act, on the lane.
struct flow {
    struct store *store;
    const struct calendars *calendars;
    const struct policy_revision *policy; // in force for the entity's plugin; may be NULL
    const char *actor, *request;
    int64_t now, release;
};
// Adds the event ENTITY.WORD about a record.
MUST_CHECK enum err flow_tell(const struct flow *f, const char *word, const char *entity,
                              const char *record, int64_t rev, const char *state);
// The first that is filled of "field:officer,role:finance": a person field, a text field that holds
// the name of a role, a role itself. "person:ID", "role:NAME", or NULL. values may be NULL.
const char *flow_audience(struct arena *a, const char *spec, const struct entity *e,
                          const struct value *values);

#endif
