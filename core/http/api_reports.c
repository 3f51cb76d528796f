// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Reports over HTTP. What needs a scan runs on the report lane.
#include <string.h>
#include "campus/mem.h"
#include "http/app_internal.h"
#include "http/sheet.h"

struct asked {
    const struct report_decl *report;
    struct query query;
};

static bool is_format(const struct asked *as, const char *format) {
    return as->query.format && !strcmp(as->query.format, format);
}

static enum err answer(struct request *rq) {
    struct asked *as = rq->state;
    bool csv = is_format(as, "csv");
    if (csv) sheet_answer(rq, as->report->name, "csv", -1, 0);
    return gate_report(&rq->gate, as->report, &as->query, csv ? REPORT_CSV : REPORT_JSON, &rq->out);
}

static enum err answer_sheet(struct request *rq) {
    struct asked *as = rq->state;
    struct sheet *s;
    struct buf csv;
    buf_init(&csv, rq->arena);
    enum err e = gate_report(&rq->gate, as->report, &as->query, REPORT_CSV_TOTAL, &csv);
    if (!e) e = sheet_open(rq, sheet_report_options(rq, as->report), &s);
    if (!e) e = sheet_feed(s, csv.data, csv.len);
    if (!e) e = sheet_close(s);
    if (e) return e;
    sheet_answer(rq, as->report->name, "xlsx", s->fd, s->n);
    s->fd = -1;
    return ERR_OK;
}

static enum err report(struct request *rq) {
    const struct plugin *pl = schema_plugin(rq->release->schema, rq->path[0]);
    struct asked *as = rq->state = arena_alloc(rq->arena, sizeof *as);
    for (int i = 0; pl && i < pl->nreports; i++)
        if (!strcmp(pl->reports[i].name, rq->path[2])) as->report = &pl->reports[i];
    if (!as->report) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    enum err e = request_parse_query(rq, as->report->entity, QUERY_REPORT, &as->query);
    if (e) return e;
    if (is_format(as, "xlsx")) return request_move(rq, ON_REPORTS, answer_sheet);
    if (as->query.format && !is_format(as, "csv") && !is_format(as, "json"))
        return problem_add(&rq->problem, ERR_INVALID, "/format", "format_unknown",
                           "csv, json or xlsx");
    return gate_report_is_kept(&rq->gate, as->report, &as->query)
               ? answer(rq)
               : request_move(rq, ON_REPORTS, answer);
}

const struct route routes_reports[] = {
    {"GET", "{}/reports/{}", report, .who = SIGNED_IN},
    {0},
};
