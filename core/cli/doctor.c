// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// doctor: looks at a home without changing it and without needing a key; works beside the service.
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "campus/audit.h"
#include "campus/file.h"
#include "campus/fsio.h"
#include "campus/home.h"
#include "campus/ledger.h"
#include "campus/report.h"
#include "campus/reserve.h"
#include "cli/cli.h"

enum finding { GOOD, WARN, BAD };
struct doctor {
    struct cli *cli;
    struct db *db;
    struct release *release;
    struct buf out;
    enum finding worst;
};

static void say(struct doctor *d, enum finding state, const char *what, const char *fmt, ...) {
    static const char *const words[] = {"ok", "warning", "bad"};
    va_list ap;
    va_start(ap, fmt);
    const char *text = arena_vprintf(d->cli->arena, fmt, ap);
    va_end(ap);
    if (state > d->worst) d->worst = state;
    json_sep(&d->out), buf_putc(&d->out, '{');
    json_kv_str(&d->out, "state", words[state]);
    json_kv_str(&d->out, "check", what);
    json_kv_str(&d->out, "detail", text);
    buf_putc(&d->out, '}');
}

// What went wrong, an item a line, and a fresh problem for the next check.
static void say_problem(struct doctor *d, const char *what) {
    struct problem *p = &d->cli->problem;
    if (p->detail || !p->count)
        say(d, BAD, what, "%s", p->detail ? p->detail : err_title(p->code, LANG_EN));
    for (const struct problem_item *it = p->first; it; it = it->next)
        say(d, BAD, what, "%s: %s", it->file ? it->file : it->word, it->detail);
    problem_init(p, d->cli->arena);
}

static void files(struct doctor *d) {
    static const char *const names[] = {
        "", "campusd.yaml", "campusd.db", "keyfile", "first-sign-in", "files", "backups"};
    struct stat st;
    int wrong = 0;
    for (int i = 0; i < 7; i++) {
        const char *path = fsio_join(d->cli->arena, d->cli->home, names[i]);
        if (stat(path, &st)) continue;
        if (st.st_mode & 077)
            say(d, BAD, "files", "%s may be used by others (mode %03o)", path, st.st_mode & 0777),
                wrong++;
    }
    if (!wrong) say(d, GOOD, "files", "nobody else may read the home");
    if (!strncmp(d->cli->config.unlock, "keyfile:", 8))
        say(d, WARN, "keys", "a keyfile opens the vault: fit for the sample only");
}

static void space(struct doctor *d) {
    struct statvfs v;
    if (statvfs(d->cli->home, &v)) {
        say(d, BAD, "disk", "%s cannot be looked at", d->cli->home);
        return;
    }
    uint64_t mib = (uint64_t)v.f_bavail * v.f_frsize >> 20;
    unsigned percent = v.f_blocks ? (unsigned)(v.f_bavail * 100 / v.f_blocks) : 0;
    say(d,
        mib < 100                   ? BAD
        : mib < 1024 || percent < 5 ? WARN
                                    : GOOD,
        "disk", "%" PRIu64 " MiB free (%u %%)", mib, percent);
}

static void keys(struct doctor *d) {
    struct keyring *k;
    struct buf b;
    json_t *list;
    if (home_keyring_load(d->db, &k, &d->cli->problem)) {
        say_problem(d, "keys");
        return;
    }
    buf_init(&b, d->cli->arena);
    keyring_slots_json(k, &b);
    keyring_free(k);
    size_t n =
        json_parse(d->cli->arena, buf_str(&b), b.len, &list, NULL) ? 0 : json_array_size(list);
    say(d, n < 2 ? BAD : GOOD, "keys", "%zu slots open the vault", n);
}

static void audit(struct doctor *d) {
    uint8_t key[32];
    int64_t rows = 0;
    struct problem *p = &d->cli->problem;
    struct arena *a = d->cli->arena;
    if (home_key(a, home_audit_key(a, d->cli->home), key, p)) {
        say_problem(d, "audit");
        return;
    }
    if (audit_verify(d->db, key, home_checkpoints(a, d->cli->home), &rows, NULL, NULL, p))
        say_problem(d, "audit");
    else
        say(d, GOOD, "audit", "%" PRId64 " rows, chained and signed", rows);
}

// The kept figures on one side, those of a scan on the other.
static enum err count_both(struct doctor *d, const struct report_decl *r, bool *same) {
    struct store s = {.db = d->db,
                      .arena = d->cli->arena,
                      .school = d->release->school,
                      .problem = &d->cli->problem};
    struct report_table t;
    report_table_init(&t, r, s.arena);
    enum err e = db_begin(d->db, s.problem); // one snapshot for the two
    if (!e) e = counter_rows(&s, &t);
    if (!e) e = report_scan(&s, &t, SIDE_LAST, NULL, NULL, NULL);
    db_rollback(d->db);
    *same = true;
    for (size_t i = 0; i < t.n && !e; i++) {
        const struct report_row *row = t.rows[i];
        *same = *same && row->count[SIDE_NOW] == row->count[SIDE_LAST];
        for (int m = 0; m < r->nmeasures; m++) {
            const struct report_cell *kept = &row->cells[SIDE_NOW][m],
                                     *found = &row->cells[SIDE_LAST][m];
            *same = *same && kept->i == found->i;
            if (r->measures[m].kind == MEASURE_AVG) *same = *same && kept->n == found->n;
        }
    }
    return e;
}

static void counters(struct doctor *d) {
    int checked = 0, wrong = 0;
    for (int i = 0; i < d->release->schema->nplugins; i++)
        for (int k = 0; k < d->release->schema->plugins[i].nreports; k++) {
            const struct report_decl *r = &d->release->schema->plugins[i].reports[k];
            bool same = false;
            if (!r->kept) continue;
            checked++;
            if (count_both(d, r, &same))
                wrong++, say_problem(d, "counters");
            else if (!same)
                wrong++, say(d, BAD, "counters", "%s.%s differs from its records",
                             r->entity->plugin->name, r->name);
        }
    if (!wrong) say(d, GOOD, "counters", "%d kept reports agree with their records", checked);
}

static void ledgers(struct doctor *d) {
    const struct schema *s = d->release->schema;
    for (int i = 0; i < s->nentities; i++) {
        int64_t n = 0, wrong = 0;
        if (!s->entities[i]->ledger) continue;
        if (ledger_check(d->db, d->cli->arena, s->entities[i], &n, &wrong, &d->cli->problem))
            say_problem(d, "ledgers");
        else
            say(d, wrong ? BAD : GOOD, "ledgers", "%s: %" PRId64 " postings%s",
                s->entities[i]->full, n,
                wrong ? ", some of them out of balance, changed or gone" : ", each in balance");
    }
}

// Without its holidays every weekday of a year counts as working time.
static void calendar(struct doctor *d) {
    char today[11];
    const struct calendar *c = calendar_for(d->release->calendars, "school");
    tz_date(d->release->tz, clock_now_ms(), today);
    int year = atoi(today), last = year + (atoi(today + 5) == 12);
    for (; year <= last; year++)
        say(d, calendar_has_year(c, year) ? GOOD : WARN, "calendar", "%s of %d in calendar.yaml",
            calendar_has_year(c, year) ? "the holidays" : "no holidays", year);
}

static void pools(struct doctor *d) {
    int64_t n = 0, wrong = 0;
    if (reserve_check(d->db, &n, &wrong, &d->cli->problem))
        say_problem(d, "pools");
    else if (wrong)
        say(d, BAD, "pools", "%" PRId64 " differ from what is held of them", wrong);
    else
        say(d, GOOD, "pools", "%" PRId64 " agree with what is held of them", n);
}

static void shown(struct doctor *d) {
    int64_t wrong = 0;
    struct store s = {.db = d->db, .arena = d->cli->arena, .problem = &d->cli->problem};
    if (derive_check(&s, d->release->schema, &wrong))
        say_problem(d, "pools");
    else if (wrong)
        say(d, BAD, "pools", "%" PRId64 " fields show something else than what is held", wrong);
}

static void bad_file(void *self, const char *id) {
    say(self, BAD, "attachments", "%s is missing or damaged", id);
}

static void attachments(struct doctor *d) {
    int64_t n, bytes;
    enum finding before = d->worst;
    d->worst = GOOD;
    const char *folder = fsio_join(d->cli->arena, d->cli->home, "files");
    if (file_verify_all(d->db, folder, &n, &bytes, bad_file, d, &d->cli->problem))
        say_problem(d, "attachments");
    else if (d->worst == GOOD)
        say(d, GOOD, "attachments", "%" PRId64 " files, %" PRId64 " bytes, as they were written", n,
            bytes);
    if (before > d->worst) d->worst = before;
}

static void running(struct doctor *d) {
    int fd;
    enum err e = home_lock(d->cli->home, &fd, &d->cli->problem);
    if (!e) close(fd);
    say(d, GOOD, "service", "%s", e ? d->cli->problem.detail : "not running");
    problem_init(&d->cli->problem, d->cli->arena);
}

int cmd_doctor(struct cli *cli, int argc, char **argv) {
    struct doctor d = {.cli = cli};
    int64_t active = 0;
    if (!cli_words(cli, argc, argv, 0, 0)) return cli_usage(cli);
    if (cli_open_read(cli, &d.db)) return cli_fail(cli);
    buf_init(&d.out, cli->arena);
    buf_puts(&d.out, "{\"items\":[");
    running(&d);
    files(&d);
    space(&d);
    if (db_quick_check(d.db, &cli->problem))
        say_problem(&d, "database");
    else
        say(&d, GOOD, "database", "every page and index is in order");
    keys(&d);
    attachments(&d);
    pools(&d);
    audit(&d);
    enum err e = release_active_number(d.db, &active, &cli->problem);
    if (!e) e = release_build_stored(&cli->config, d.db, active, 1, &d.release, &cli->problem);
    if (e)
        say_problem(&d, "release");
    else {
        say(&d, GOOD, "release", "%" PRId64 " builds and checks", active);
        counters(&d);
        ledgers(&d);
        shown(&d);
        calendar(&d);
    }
    release_put(d.release);
    db_close(d.db);
    buf_puts(&d.out, "]}");
    int code = cli_show_text(cli, &d.out, "state,check,detail");
    return code ? code : d.worst == BAD;
}
