// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The gate: the only door to records. Everything that reads or writes one comes through here (HTTP,
// imports, plugin code, reports, exports, history): authorize, act, audit, publish, in one
// transaction, with one serializer. What must be on record (looks, refusals) is audited on the
// lane; a reading thread, which cannot write, collects the rows as notes for its caller to hand
// over.
#ifndef CAMPUS_GATE_H
#define CAMPUS_GATE_H

#include "campus/audit.h"
#include "campus/query.h"
#include "campus/release.h"
#include "campus/report.h"
#include "campus/store.h"

struct gate_note {
    struct gate_note *next;
    struct audit_row row;
};
// One request's way through the gate; a value on the caller's stack.
struct gate {
    struct store store; // database session, keyring, arena, school, problem
    const struct release *release;
    const struct actor *actor;
    struct audit *audit;          // on the lane; NULL on a reading thread
    const char *request, *client; // request id, address
    int64_t now;
    const char *today;       // YYYY-MM-DD at the school
    enum lang lang;          // of the reasons in answers
    struct gate_note *notes; // reading thread: what the lane must record, newest first
    bool must_wait;          // a look: nothing may leave before the notes are durable
    bool from_bulk;          // import: no body is answered
    bool nested; // one of several acts in one lane job: it gets a savepoint of its own and is
                 // undone alone; otherwise a refusal undoes the whole job
};

// Reading. Absent and forbidden are both ERR_NOT_FOUND with the same text. out gets the JSON
// object.
MUST_CHECK enum err gate_get(struct gate *g, const struct entity *e, const char *id,
                             const struct look *look, struct buf *out, int64_t *rev);
// {"items":[…],"next":…}; a forbidden entity has the same answer as one with no record.
MUST_CHECK enum err gate_list(struct gate *g, const struct entity *e, const struct query *q,
                              struct buf *out);
// The record that somebody means by a text: one with this value in a unique field that the caller
// sees in the clear, or the person of this name. ERR_NOT_FOUND, noting nothing, when there is not
// exactly one.
MUST_CHECK enum err gate_resolve(struct gate *g, const struct field *reference, const char *text,
                                 const char **id);
// The best of what `q` finds, of one entity: a list whose `next` is null, `limit` of it. Digits of
// a telephone or identity number also find whoever may be searched by them; that is on record.
MUST_CHECK enum err gate_find_words(struct gate *g, const struct entity *e, const struct query *q,
                                    struct buf *out, int *found);
MUST_CHECK enum err gate_history(struct gate *g, const struct entity *e, const char *id,
                                 struct buf *out);
// A report as JSON, or as CSV (total: with a last row of sums); kept counters where the caller's
// rows depend on nothing but the groups.
enum report_form { REPORT_JSON, REPORT_CSV, REPORT_CSV_TOTAL };
MUST_CHECK enum err gate_report(struct gate *g, const struct report_decl *rep,
                                const struct query *q, enum report_form form, struct buf *out);
// CSV of everything the query matches, in pieces; the caller holds it back until the notes are
// durable.
// standing: a declared export, for whoever holds its permission, else NULL: the verb "export" is
// needed. What is revealed is so by the right to reveal in either case, for a purpose.
MUST_CHECK enum err gate_export(struct gate *g, const struct entity *e, const struct query *q,
                                const struct export_decl *standing,
                                enum err (*write)(void *self, const char *p, size_t n), void *self,
                                int64_t *rows);
// Whether the report needs no scan for this caller and may be answered on an HTTP thread.
bool gate_report_is_kept(struct gate *g, const struct report_decl *rep, const struct query *q);
// "导出：lin.mei，2027-03-01 08:30，用途：…": stands in every file that leaves; an import skips it.
#define EXPORT_MARK_ZH "导出："
#define EXPORT_MARK_EN "Exported by "
const char *gate_export_mark(struct gate *g, const char *purpose);
// {"subject","items":[{"entity","record"},…]}: what else there is of whom a record is about, as far
// as the caller may read it.
MUST_CHECK enum err gate_subject(struct gate *g, const struct entity *e, const char *id,
                                 struct buf *out);
bool gate_may_see(struct gate *g, const struct entity *e, const char *id); // for events

// {"items":[…],"next":…}: what waits for the caller. kind and cursor may be NULL; expand: with the
// records.
MUST_CHECK enum err gate_inbox(struct gate *g, const char *kind, const char *cursor, int limit,
                               bool expand, struct buf *out);

// Writing, on the lane. if_match: revision, or -1 for any. out and rev may be NULL.
MUST_CHECK enum err gate_create(struct gate *g, const struct entity *e, const struct input *in,
                                struct buf *out, const char **id);
MUST_CHECK enum err gate_update(struct gate *g, const struct entity *e, const char *id,
                                int64_t if_match, const json_t *body, struct buf *out,
                                int64_t *rev);
MUST_CHECK enum err gate_archive(struct gate *g, const struct entity *e, const char *id,
                                 int64_t if_match);

// A transition with a rule is asked before the lane is entered: prepare on a snapshot (reading
// thread), pool_rule on a worker, gate_transition on the lane, which answers ERR_CONFLICT with
// ruling->stale set when record, release or policy have moved since.
struct ruling {
    const struct transition *transition;
    int64_t rev;             // of the record that was asked about
    int64_t release, policy; // numbers
    struct host_rule call;
    struct host_decision decision;
    bool asked, decided, stale;
    bool needless; // one signature of several: the rule is for the last
};
MUST_CHECK enum err gate_prepare(struct gate *g, const struct entity *e, const char *id,
                                 const struct transition *t, const json_t *body,
                                 struct ruling *out);
// Reading: the same as the record is now, before anybody presses. What the transition needs may
// still be missing; signatures that are to come do not keep its rule from being asked
// (ruling->asked).
MUST_CHECK enum err gate_foresee(struct gate *g, const struct entity *e, const char *id,
                                 const struct transition *t, struct ruling *out);
// {"transition","finishes","decision"}: what the rule said, NULL where there is none.
MUST_CHECK enum err gate_foreseen(struct gate *g, const struct entity *e, const struct ruling *r,
                                  struct buf *out);
MUST_CHECK enum err gate_transition(struct gate *g, const struct entity *e, const char *id,
                                    int64_t if_match, const json_t *body, struct ruling *ruling,
                                    struct buf *out, int64_t *rev);

// Files. One may be read by who uploaded it while no record holds it, afterwards by who may read
// the record and sees the field; of a confidential or secret field that is a reveal, and takes a
// purpose. looks: the bytes themselves are wanted, not only what kind of file it is. ERR_NOT_FOUND,
// noted, otherwise.
struct file_row;
MUST_CHECK enum err gate_file(struct gate *g, const char *id, bool looks, const char *purpose,
                              struct file_row *out);
// {"pool":{…},"items":[…]}: what is reserved of a record, and what it has reserved.
MUST_CHECK enum err gate_reservations(struct gate *g, const struct entity *e, const char *id,
                                      int limit, struct buf *out);
// Lane. Takes the steps of at most `limit` deadlines that have come due, as the core.
MUST_CHECK enum err gate_due(struct gate *g, int limit, int *done);
// Lane. Opens the obligations whose period has begun, as the core.
MUST_CHECK enum err gate_open_obligations(struct gate *g);
// Obligations of the caller's roles, all for the holders of core.obligations. state: "open",
// "closed".
MUST_CHECK enum err gate_obligations(struct gate *g, const char *state, int limit, struct buf *out);
MUST_CHECK enum err gate_obligation(struct gate *g, const char *id, struct buf *out);
// Lane. body: {"note","file","record"}, as its evidence asks.
MUST_CHECK enum err gate_close_obligation(struct gate *g, const char *id, const json_t *body,
                                          struct buf *out);

// Approvals: one case, those of a record, and what is done with one beside its transition
// ("transfer", "urge", …; see approval.h). retry_s: of an ERR_RATE, when to try again.
MUST_CHECK enum err gate_approval(struct gate *g, const char *id, struct buf *out);
MUST_CHECK enum err gate_approvals(struct gate *g, const struct entity *e, const char *id,
                                   struct buf *out);
MUST_CHECK enum err gate_approval_do(struct gate *g, const char *id, const char *verb,
                                     const json_t *body, struct buf *out, int *retry_s);
// The transition that "sign", "return" (to the submitter) or "withdraw" of a case is.
MUST_CHECK enum err gate_approval_way(struct gate *g, const char *id, const char *verb,
                                      const struct entity **e, const char **record,
                                      const struct transition **t);
// Lane. An account was closed: whoever keeps approvals is told of those that waited for it.
MUST_CHECK enum err gate_person_left(struct gate *g, const char *person);
// Lane, by the core itself: paper that was not confirmed in time no longer counts.
MUST_CHECK enum err gate_approvals_lapse(struct gate *g);

// Queues a declared message (include/campus/message.h) about a record that the caller may read (id
// NULL: about none). out: {"queued","dropped"}. The second is for what the core does by
// declaration.
MUST_CHECK enum err gate_send(struct gate *g, const struct plugin *pl, const struct message_decl *m,
                              const char *id, const json_t *extra, struct buf *out);
MUST_CHECK enum err gate_message(struct gate *g, const struct plugin *pl,
                                 const struct message_decl *m, const struct record *about,
                                 const json_t *extra, struct buf *out);
// What was sent about a record, for who may read it.
MUST_CHECK enum err gate_messages(struct gate *g, const struct entity *e, const char *id, int limit,
                                  struct buf *out);
// Lane. A topic that the record's subject does not (or does) want to hear of.
MUST_CHECK enum err gate_optout(struct gate *g, const struct entity *e, const char *id,
                                const char *topic, bool is_out);

// Lane. What somebody answers by a form, to be counted under no name: it goes into the urn of the
// record that the form's own leads to, and that one has its transition. ERR_CONFLICT with an item
// "closed" where the urn is not open (any more).
MUST_CHECK enum err gate_answer_form(struct gate *g, const struct public_form *f, const char *id,
                                     const json_t *answer);
// {"title","state"} for who is about to: "open", "used" or "closed".
MUST_CHECK enum err gate_form_state(struct gate *g, const struct public_form *f, const char *id,
                                    struct buf *out);

// Why `who` may or may not do `verb` with this record; ERR_NOT_FOUND unless the caller may see it.
MUST_CHECK enum err gate_explain(struct gate *g, const struct actor *who, const struct entity *e,
                                 const char *verb, const char *id, struct buf *out);

// The refusal of a request that never reached a record (unknown entity, no permission).
enum err gate_refuse(struct gate *g, const char *action, const char *object, const char *why);
// Permission for an action or an admin area; refusals are audited. ERR_FORBIDDEN.
MUST_CHECK enum err gate_permit(struct gate *g, const char *permission, const char *object);
// Adds an audit row of the core's own acts ("release.activate", "user.add", …): on the lane at
// once, elsewhere as a note.
void gate_record(struct gate *g, const char *action, const char *object, const char *outcome,
                 const char *reason);

// The condition of the rows that this actor may list or count by this query.
const struct cond *gate_reach(struct gate *g, const struct entity *e, const struct query *q,
                              bool blind);

#endif
