// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Reports: what a plugin declares, and the table that comes of it, scanned or kept. A scan lets the
// database group by what it can and folds the rest here (days of the school's time zone, distinct
// values), so that both databases and the kept counters say the same.
#ifndef CAMPUS_REPORT_H
#define CAMPUS_REPORT_H

#include "campus/record.h"
#include "campus/query.h"

enum bucket {
    BUCKET_NONE,
    BUCKET_DAY,
    BUCKET_WEEK,
    BUCKET_MONTH,
    BUCKET_TERM,
    BUCKET_YEAR,
    BUCKETS
};
struct report_group {
    const char *name; // of its column in the answer: "region", "plan_line_major", "created_at_week"
    int column;       // of the entity; of a reference when joined
    enum bucket bucket;
    const struct entity *joined; // the reference's target, or NULL
    int joined_column;
};
enum measure {
    MEASURE_COUNT,
    MEASURE_SUM,
    MEASURE_AVG,
    MEASURE_MIN,
    MEASURE_MAX,
    MEASURE_DISTINCT,
    MEASURES
};
struct report_measure {
    const char *name;
    enum measure kind;
    int column;               // of all but COUNT
    const struct cond *where; // of COUNT
    const char *asked;        // the same as it was declared, JSON, or NULL
    struct title title;       // of COUNT
};
struct report_decl {
    const char *name;
    struct title title;
    const struct entity *entity;
    const struct cond *where;
    const char *asked; // where, as it was declared: JSON, or NULL
    const struct report_group *groups;
    int ngroups;
    const struct report_measure *measures; // besides the number of records
    int nmeasures;
    struct fieldset reads; // fields of the entity that its reader must see in the clear
    int date;              // column of the period
    bool compare;          // with the same days a year before
    int year_starts;       // month, 1 to 12
    const struct report_decl *target;
    bool kept;
    int min_cell;         // groups with fewer are left out, and whatever would give them away
    int min_count;        // groups with fewer are left out, and that is all
    const char *chart;    // or NULL
    const char *overview; // on whose first page, JSON, or NULL
    const char **serves;
};

enum report_side { SIDE_NOW, SIDE_LAST, REPORT_SIDES };
struct report_cell {
    int64_t i;         // a count, a sum, the smallest or largest number
    int64_t n;         // how many values went into it
    struct value text; // the smallest or largest text
};
struct report_row {
    struct value *group;
    int64_t count[REPORT_SIDES];
    struct report_cell *cells[REPORT_SIDES]; // one a measure
    int64_t target;
    bool has_target, suppressed;
};
struct report_table {
    const struct report_decl *report;
    struct arena *arena;
    struct report_row **rows;
    size_t n, cap;
    struct report_hash *index, *seen; // rows by groups; distinct values
};
void report_table_init(struct report_table *t, const struct report_decl *rep, struct arena *a);
// Adds one side: the records under `where` (NULL: all) within the period. joined: for each joined
// group the condition under which its target shows; NULL: always. ERR_TOO_LARGE past
// LIMIT_REPORT_GROUPS groups.
MUST_CHECK enum err report_scan(struct store *s, struct report_table *t, enum report_side side,
                                const struct cond *where, const struct cond *const *joined,
                                const struct period *period);
// The row with these groups (copied), made when there is none.
struct report_row *report_row(struct report_table *t, const struct value *group);
// A value as its group holds it: buckets are texts. side LAST: a year later.
struct value report_bucket(struct arena *a, const struct report_decl *rep, int group,
                           enum report_side side, const struct value *v);
// Lays the sums of the target's own table beside the rows with the same groups.
void report_add_targets(struct report_table *t, const struct report_table *target);
// Orders by groups, nulls first.
void report_sort(struct report_table *t);
// Marks what min_cell leaves out, and what would give it away.
void report_suppress(struct report_table *t);
// All rows together; without distinct values, which do not add up.
struct report_row *report_total(const struct report_table *t);
// The days of `compare` when none are asked for, this year's up to today; and those a year before.
struct period report_this_year(const struct report_decl *rep, const char *today, struct arena *a);
struct period report_year_before(const struct report_decl *rep, const struct period *p,
                                 struct arena *a);

// The columns of an answer. The field is the real one or stands for one: type, scale, choices.
struct report_column {
    const char *name;
    struct title title;
    const struct field *field;
    enum { COLUMN_GROUP, COLUMN_COUNT, COLUMN_MEASURE, COLUMN_TARGET } kind;
    enum report_side side;
    int i; // group or measure
};
struct report_column *report_columns(const struct report_decl *rep, struct arena *a, int *n);
const struct field *report_state_field(const struct entity *e, struct arena *a);
struct value report_value(const struct report_decl *rep, const struct report_row *row,
                          const struct report_column *c);

// The kept counters, all of them.
MUST_CHECK enum err counter_rows(struct store *s, struct report_table *t);
// One record more (sign 1) or fewer (-1), in the transaction of the write.
MUST_CHECK enum err counter_add(struct store *s, const struct record *r, int sign);
// The first sum of a kept report's group that this record is in; 0 where there is none.
MUST_CHECK enum err counter_sum(struct store *s, const struct report_decl *rep,
                                const struct record *r, int64_t *out);
// Counts a kept report afresh.
MUST_CHECK enum err counter_rebuild(struct store *s, const struct report_decl *rep);
// Counts afresh what is declared otherwise than when it was counted last. In a transaction.
MUST_CHECK enum err counter_settle(struct store *s, const struct schema *schema);

#endif
