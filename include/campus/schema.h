// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The schema of a release: plugins, entities, fields, workflows, as declared by the plugins and
// checked here. Immutable once built; all memory is the release's arena.
#ifndef CAMPUS_SCHEMA_H
#define CAMPUS_SCHEMA_H

#include <jansson.h>
#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include "campus/cron.h"
#include "campus/err.h"
#include "campus/value.h"

enum field_type {
    FIELD_TEXT,
    FIELD_LONGTEXT,
    FIELD_INTEGER,
    FIELD_DECIMAL,
    FIELD_MONEY,
    FIELD_DATE,
    FIELD_TIME,
    FIELD_DATETIME,
    FIELD_BOOLEAN,
    FIELD_CHOICE,
    FIELD_MULTICHOICE,
    FIELD_PERSON,
    FIELD_REFERENCE,
    FIELD_LIST,
    FIELD_FILE,
    FIELD_JSON,
    FIELD_TYPES
};
enum field_class { CLASS_PUBLIC, CLASS_INTERNAL, CLASS_CONFIDENTIAL, CLASS_SECRET };
const char *field_type_name(enum field_type t);
bool field_type_is_number(enum field_type t); // whole, decimal or money

struct title {
    const char *zh, *en;
}; // either may be NULL
const char *title_in(const struct title *t, enum lang lang, const char *otherwise);

enum search_kind { SEARCH_NONE, SEARCH_TEXT, SEARCH_NAME }; // names: by pinyin too
struct entity;
struct deadline_decl; // flow.h
struct reserve_decl;
struct obligation_decl;
struct checklist_decl;
struct opens_decl; // urn.h
struct score_decl; // score.h
struct choice {
    const char *name;
    struct title title;
};
enum derives { // what a field that nobody fills is reckoned from
    DERIVES_NOTHING,
    DERIVES_SUM,
    DERIVES_COUNT,
    DERIVES_RESERVED, // of a limit of this record, as what follows
    DERIVES_COMMITTED,
    DERIVES_SETTLED,
    DERIVES_LEFT
};
struct field {
    const char *name;
    int index; // in entity->fields, and in every struct value array
    enum field_type type;
    enum field_class class;
    enum search_kind search;
    struct title title;
    bool required, unique, searchable, personal, sealed;
    bool readonly; // derived, or set by the core only
    bool has_min, has_max;
    bool many;        // FIELD_FILE: a list of ids
    int64_t min, max; // scaled as the field is
    int scale;        // decimals: 0..6; money: 2
    int max_chars;    // texts
    regex_t *pattern; // POSIX extended, anchored; NULL
    const char *pattern_text;
    const char *check, *mask; // names known to text.h, or NULL
    const struct choice *choices;
    int nchoices, nfile_types;   // no file types: all that file.h knows
    const char *to;              // reference: "plugin.entity"; person: "core.people"
    const struct entity *target; // resolved
    struct value preset;         // default
    const char *preset_var;      // "$actor", "$today", "$now", "$code", or NULL
    const struct field *lines;
    int nlines; // FIELD_LIST
    enum derives derives;
    int64_t max_bytes; // of one file
    const char **file_types;
    const char *number;  // the format of one that is given with the record, or NULL
    const char *derived; // "sum(lines.amount)", "count(lines)", "left(quota)", …, or NULL
    const struct field *derived_from, *adds; // the list or limit; the list's field that is added up
    const struct field *via, *repeats; // "staff.grade": the reference, the field behind it; or NULL
    const char *column;                // "f_name"; sealed ones also b_name (blind), u_name (unique)
    const char *sql_type;
    const char *file;
    int line, col;
};
enum { FIELDSET_WORDS = 4 }; // LIMIT_ENTITY_FIELDS <= 256
struct fieldset {
    uint64_t w[FIELDSET_WORDS];
};
static inline bool fieldset_has(const struct fieldset *s, int i) {
    return s->w[i >> 6] >> (i & 63) & 1;
}
static inline bool fieldset_is_empty(const struct fieldset *s) {
    uint64_t any = 0;
    for (int w = 0; w < FIELDSET_WORDS; w++) any |= s->w[w];
    return !any;
}
static inline void fieldset_add(struct fieldset *s, int i) {
    s->w[i >> 6] |= UINT64_C(1) << (i & 63);
}
static inline void fieldset_del(struct fieldset *s, int i) {
    s->w[i >> 6] &= ~(UINT64_C(1) << (i & 63));
}

struct state {
    const char *name;
    struct title title;
    bool final, frees; // frees: what is unique in lists of such a record may be used again
    const struct deadline_decl *deadline;   // resolved by flow/, as what follows; or NULL
    const struct checklist_decl *checklist; // the tasks that entering it makes, or NULL
    const char *todo; // whom being here asks to do something (flow_audience), or NULL
};
// A ledger is an entity whose records are entries, which only postings make (gate/ledger.c).
struct ledger_decl {
    const struct field *number, *day, *account, *amount, *source, *act, *text, *reverses;
    const struct field *item, *place;  // or NULL
    const struct report_decl *balance; // kept: by account, item, place
    const char *format;                // of a posting's number
    const bool *floored;  // by choice of account: whether, and above what, its balances
    const int64_t *floor; // stay
};
struct post_part {             // of an entry
    const char *word;          // said, or
    const struct field *field; // read, of the record
    bool of_line;              // or of the line of its list; neither: nothing
};
struct post_line {
    const struct field *list; // an entry for each of its lines; NULL: one
    struct post_part account, item, place, amount;
    bool minus;
};
struct post_decl { // what a transition posts
    const struct entity *ledger;
    const struct field *day, *text; // of the record; NULL: today, what the transition is called
    const struct post_line *lines;
    int nlines;
    const char *reverses; // the transition of the same record whose posting it takes back; or NULL
};
struct transition {
    const char *name;
    struct title title;
    uint64_t from; // bits of states
    int to;
    const char *rule;                  // of the same plugin, or NULL
    const struct rule_decl *rule_decl; // resolved
    const char **needs;
    int nneeds;                         // fields that must be filled
    const char **messages;              // sent with it: of the plugin; NULL-ended
    json_t *approvals;                  // as declared; read by flow/ (borrowed) or NULL
    const json_t *declaration;          // whole, borrowed
    const struct reserve_decl *reserve; // or NULL
    const struct opens_decl *opens;     // the urn of the record, or NULL
    bool commit, settle, release;       // of what the record holds
    const struct post_decl *post;       // or NULL
    bool checked;                       // not while a task of the checklist is open
    int line, col;
};
struct workflow {
    int start;
    const struct state *states;
    int nstates;
    const struct transition *transitions;
    int ntransitions;
};

struct index_decl {
    const int *fields;
    int count;
    bool unique;
    const char *name;
};
struct rule_decl {
    const char *name;
    const char **reads;
    int nreads;
    const char *file;
    int line;
};
struct message_decl {
    const char *name;
    struct title title, text;
    const struct entity *entity; // what it is about, or NULL
    const char **to;             // fields, "role:NAME"; NULL-ended
    unsigned channels;           // bits of enum message_channel
    const char **extra;          // what the sender adds; NULL-ended
    const char *opt_out;         // topic or NULL
    int cap;                     // 0: none; so many in cap_ms
    int64_t cap_ms;
    const char *file;
    int line;
};
struct handler_decl {
    const char *name; // on: a type of events, or PLUGIN.ENTITY.* and the like; every: a name
    struct cron cron; // every
    bool once;        // every: a time that nobody was there for is made up for
    const char *file;
    int line;
};
struct plugin;
struct entity {
    const char *name;  // "applicants"
    const char *full;  // "admissions.applicants"
    const char *table; // "r_admissions_applicants"
    const struct plugin *plugin;
    struct title title;
    const struct field *fields;
    int nfields, index;  // index: in schema->entities
    const int *subjects; // fields, the first filled says whose subject this is; else
    int nsubjects;       // its own: persons, references, texts "plugin.entity/ID"
    int due_field;       // "due_at", where a state has a deadline; else -1
    bool holds;          // a transition reserves
    bool asks;           // a state has a to-do
    bool has_sealed, derives;
    bool feeds;                       // has fields that show what is reserved of it
    bool once;                        // has unique fields in lists
    const struct score_decl *scores;  // fields that are weighted means of others, or NULL
    const struct reserve_decl *pool;  // first of those that draw on this entity, or NULL
    const struct ledger_decl *ledger; // of an entity that is one, or NULL
    const struct entity *tasks;       // where a state has a checklist: its tasks, or NULL
    const struct field **part_of;     // references to records that show it, NULL-ended, or NULL
    const struct workflow *workflow;  // NULL: stateless
    const struct index_decl *indexes;
    int nindexes;
    const char **serves; // clause ids, NULL-ended
    const int *lab;      // columns that the policy lab groups flips by
    int nlab;
    const struct field *lab_sum; // number that it adds up of them, or NULL
    const int *search;           // fields that words are found in
    int nsearch;
    const char *overview;     // on whose first page, JSON, or NULL
    const char *search_table; // of these fields: "x_admissions_applicants_01234567"
    const char *file;
    int line;
    // SQL made once (record/store); sql_list ends after "WHERE t.archived_at=0"
    const char *sql_insert, *sql_get, *sql_list;
};
struct action_decl { // plugin code on a POST; campus/host.h runs it
    const char *name;
    struct title title;
    const struct entity *input; // its fields, of no table; NULL: whatever is sent goes to it
    const struct field *on; // the reference among them that leads to the record it is a button of
    uint64_t states;        // of that record, in which it is offered; 0: any
};
struct report_decl;  // campus/report.h
struct export_decl { // a named set of columns for a standing purpose
    const char *name, *purpose;
    struct title title;
    const struct entity *entity;
    const struct cond *where;
    struct fieldset fields, reveal;
    struct fieldset touched;   // by where
    const struct field *split; // a number that leaves as two columns, debit and credit, or NULL
    const struct field *coded; // a choice that leaves as what the policy's map codes_key says
    const char *codes_key;
};
struct schema;
struct template;
struct document_decl { // what is issued for a record: a notice, a certificate
    const char *name;
    struct title title, seal; // seal: what stands in its place
    struct title path;        // of the template, by language
    const struct entity *entity;
    const char *number, *qr; // formats, or NULL
    uint64_t states;         // bits of those in which it may be issued; 0: all
    int copies;
    bool many;                          // more than one may be in force for a record
    const struct template *template[2]; // by enum lang; the release sets them
    const char *file;
    int line, col;
};
// A form that needs no account: it makes a record, shows one (shows), moves one (transition) or
// takes files for one (files), which whoever knows the code that it was given may ask for.
struct public_form {
    const char *name, *file;
    struct title title;
    const struct entity *entity;
    const struct field *code;    // of the entity; NULL: what is made cannot be asked for
    const struct field **fields; // what is filled in, shown, or gets a file
    int nfields;
    const struct field **via; // for each of fields: that field of the record referred to
    const json_t *set;        // what a new record gets besides; borrowed or NULL
    struct title consent;     // what its sender agrees to, or nothing
    const struct title *next; // what is said of each state; NULL when nothing is
    const struct transition *transition;
    const struct entity *into; // its fields are this one's, and go into an urn; or NULL
    bool shows, shows_state, files;
    int line;
};
struct plugin {
    const struct schema *schema;
    const char *name, *version;
    struct title title;
    const struct entity **entities;
    const struct rule_decl *rules;
    const struct report_decl *reports;
    const struct export_decl *exports;
    struct document_decl *documents;
    const struct action_decl *actions;
    const struct handler_decl *on, *every;
    const struct obligation_decl *obligations;
    const struct message_decl *messages;
    const struct public_form *forms;
    json_t *declaration; // whole, borrowed, for meta and OpenAPI
    int nentities, nrules, nreports, nexports, ndocuments, nactions, non, nevery, nobligations,
        nmessages, nforms;
};
struct tz;
struct schema {
    const struct tz *tz; // the school's, borrowed; NULL: UTC
    const struct plugin *plugins;
    int nplugins;
    const struct entity **entities;
    int nentities;
};

// Builds from the declarations (json_t objects as pool_declare gives them, kept by the caller's
// arena). Every error is an item with file:line. ERR_INVALID if any.
struct arena;
MUST_CHECK enum err schema_build(struct arena *a, json_t *const *declarations, size_t n,
                                 struct schema **out, struct problem *p);
const struct entity *schema_entity(const struct schema *s, const char *plugin, const char *name);
const struct entity *schema_entity_full(const struct schema *s, const char *full, size_t n);
const struct plugin *schema_plugin(const struct schema *s, const char *name);
// Whether the entity is the plugin's own or among its needs.
bool plugin_reaches(const struct plugin *pl, const struct entity *e);
const struct field *entity_field(const struct entity *e, const char *name);
// The choice of this name, n bytes; NULL when there is none.
const struct choice *field_choice(const struct field *f, const char *name, size_t n);
int entity_state(const struct entity *e, const char *name); // -1 when unknown
const struct transition *entity_transition(const struct entity *e, const char *name);
const struct message_decl *plugin_message(const struct plugin *pl, const char *name);
// NULL-ended list of field names, for text_nearest.
const char *const *entity_field_names(const struct entity *e, struct arena *a, size_t *n);

#endif
