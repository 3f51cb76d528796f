// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// floor DB.sqlite PORT: what this machine allows. The same HTTP library in the same mode, the same
// paths, JSON in and out, one row, its indexes and one counter in SQLite (WAL, synchronous=FULL) by
// one writing thread with group commit. No sign-in, no access rules, no audit, no sealing, no
// plugins: the rule is five lines of C. Prints "port N"; the benchmark drives it as it drives
// campusd.
#include <jansson.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { NF = 10, ID = 36, SLICE = 250, OUT_MAX = 1 << 18, JOBS = 64 };
#define FIELDS "name,id_number,birth_date,education,region,major,phone,guardian_phone,campus,score"
static const char *const FIELD[NF] = {"name",  "id_number", "birth_date",     "education", "region",
                                      "major", "phone",     "guardian_phone", "campus",    "score"};
static const char DDL[] =
    "CREATE TABLE IF NOT EXISTS applicants(n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " rev BIGINT NOT NULL, state TEXT NOT NULL, created_at BIGINT NOT NULL, name TEXT NOT NULL,"
    " id_number TEXT NOT NULL, birth_date TEXT, education TEXT, region TEXT,"
    " major TEXT, phone TEXT, guardian_phone TEXT, campus TEXT, score TEXT,"
    " archived_at BIGINT NOT NULL DEFAULT 0);"
    "CREATE UNIQUE INDEX IF NOT EXISTS u_id_number ON applicants(id_number) WHERE archived_at=0;"
    "CREATE INDEX IF NOT EXISTS i_phone ON applicants(phone);"
    "CREATE INDEX IF NOT EXISTS i_state_name ON applicants(state,name) WHERE archived_at=0;"
    "CREATE INDEX IF NOT EXISTS i_region_state ON applicants(region,state) WHERE archived_at=0;"
    "CREATE INDEX IF NOT EXISTS i_state_score ON applicants(state,score) WHERE archived_at=0;"
    "CREATE TABLE IF NOT EXISTS counter(region TEXT NOT NULL, state TEXT NOT NULL,"
    " count BIGINT NOT NULL, PRIMARY KEY(region,state)) WITHOUT ROWID";

enum op { OP_CREATE, OP_ASSESS, OP_IMPORT };
struct req { // one request, or one import under way (then conn is NULL)
    struct req *next;
    struct MHD_Connection *conn;
    enum op op;
    char *body, *at; // at: how far an import has come
    size_t n, cap;
    json_t *in;
    const char *v[NF];
    int column[NF], ncolumns; // of an import's header
    char id[ID + 1];
    char *out;
    size_t out_n;
    int status, job; // status 0: not answered yet
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static struct req *queue, **queue_tail = &queue, *ready;
static int event_fd;
static volatile sig_atomic_t stop;
static struct {
    _Atomic long rows;
    _Atomic bool finished;
} jobs[JOBS];
static _Atomic int njobs;

static sqlite3 *rdb, *wdb; // the HTTP thread's, the writer's
static sqlite3_stmt *r_get, *r_list, *r_ids, *r_kept, *r_scan, *w_insert, *w_get, *w_state,
    *w_count, *w_begin, *w_commit;

static void on_signal(int sig) {
    (void)sig;
    stop = 1;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL)) {
        fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
        exit(1);
    }
    return s;
}

static sqlite3 *open_db(const char *path, const char *script) {
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) ||
        sqlite3_exec(db, script, NULL, NULL, NULL)) {
        fprintf(stderr, "%s: %s\n", path, sqlite3_errmsg(db));
        exit(1);
    }
    return db;
}

static void open_all(const char *path) {
    static const char common[] = "PRAGMA cache_size=-32768; PRAGMA mmap_size=268435456;";
    char script[sizeof DDL + 300];
    snprintf(
        script, sizeof script,
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4096; %s%s",
        common, DDL);
    wdb = open_db(path, script);
    rdb = open_db(path, common);
#define COLUMNS "SELECT id,rev,state,created_at," FIELDS " FROM applicants "
    r_get = prepare(rdb, COLUMNS "WHERE id=?1 AND archived_at=0");
    r_list = prepare(rdb, COLUMNS "WHERE archived_at=0 AND state=?1 ORDER BY name,n LIMIT ?2");
    r_ids = prepare(rdb, "SELECT id FROM applicants WHERE id>?1 ORDER BY id LIMIT ?2");
    r_kept = prepare(rdb, "SELECT region,state,count FROM counter WHERE count<>0");
    r_scan = prepare(
        rdb,
        "SELECT region,state,count(*) FROM applicants WHERE archived_at=0 GROUP BY region,state");
    w_insert = prepare(wdb, "INSERT INTO applicants(id,rev,state,created_at," FIELDS ")"
                            " VALUES(?1,1,'registered',?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)");
    w_get = prepare(wdb, COLUMNS "WHERE id=?1 AND archived_at=0");
    w_state = prepare(wdb, "UPDATE applicants SET state=?2,rev=rev+1 WHERE id=?1");
    w_count = prepare(wdb, "INSERT INTO counter(region,state,count) VALUES(?1,?2,?3)"
                           " ON CONFLICT(region,state) DO UPDATE SET count=count+excluded.count");
    w_begin = prepare(wdb, "BEGIN IMMEDIATE");
    w_commit = prepare(wdb, "COMMIT");
}

// A database that cannot write is of no use to a measurement: end.
static void run(sqlite3_stmt *s) {
    if (sqlite3_step(s) != SQLITE_DONE) {
        fprintf(stderr, "%s: %s\n", sqlite3_sql(s), sqlite3_errmsg(wdb));
        exit(1);
    }
    sqlite3_reset(s);
}

static size_t put(char *o, size_t n, const char *s) {
    size_t len = strlen(s);
    memcpy(o + n, s, len);
    return n + len;
}

static size_t put_string(char *o, size_t n, const char *s) {
    static const char hex[] = "0123456789abcdef";
    o[n++] = '"';
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c < 32)
            n = put(o, n, "\\u00"), o[n++] = hex[c >> 4], o[n++] = hex[c & 15];
        else if (c == '"' || c == '\\')
            o[n++] = '\\', o[n++] = *s;
        else
            o[n++] = *s;
    }
    o[n++] = '"';
    return n;
}

static size_t put_record(char *o, size_t n, const char *id, long rev, const char *state,
                         long long at, const char *const v[NF]) {
    char time_text[32];
    time_t sec = (time_t)(at / 1000);
    struct tm tm;
    strftime(time_text, sizeof time_text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&sec, &tm));
    n += (size_t)sprintf(o + n, "{\"id\":\"%s\",\"rev\":%ld,\"state\":\"%s\",\"created_at\":\"%s\"",
                         id, rev, state, time_text);
    for (int i = 0; i < NF; i++) {
        o[n++] = ',';
        n = put_string(o, n, FIELD[i]);
        o[n++] = ':';
        n = v[i] ? put_string(o, n, v[i]) : put(o, n, "null");
    }
    o[n++] = '}';
    return n;
}

static const char *column(sqlite3_stmt *s, int i) {
    return (const char *)sqlite3_column_text(s, i);
}

static size_t put_row(char *o, size_t n, sqlite3_stmt *s, long rev, const char *state) {
    const char *v[NF];
    for (int i = 0; i < NF; i++) v[i] = column(s, 4 + i);
    return put_record(o, n, column(s, 0), rev, state, sqlite3_column_int64(s, 3), v);
}

static long long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void new_id(char out[ID + 1]) { // UUIDv7 in looks and in order; writer thread only
    static unsigned long long serial;
    unsigned long long ms = (unsigned long long)now_ms(), tail = ++serial * 0x9e3779b97f4a7c15ULL;
    snprintf(out, ID + 1, "%08x-%04x-7%03x-8%03x-%08x%04x", (unsigned)(ms >> 16),
             (unsigned)(ms & 0xffff), (unsigned)(serial >> 12 & 0xfff), (unsigned)(serial & 0xfff),
             (unsigned)(tail >> 32), (unsigned)(tail >> 16 & 0xffff));
}

static void count(const char *region, const char *state, int by) {
    sqlite3_bind_text(w_count, 1, region ? region : "", -1, SQLITE_STATIC);
    sqlite3_bind_text(w_count, 2, state, -1, SQLITE_STATIC);
    sqlite3_bind_int(w_count, 3, by);
    run(w_count);
}

static bool insert(const char *id, long long at, const char *const v[NF]) {
    sqlite3_bind_text(w_insert, 1, id, ID, SQLITE_STATIC);
    sqlite3_bind_int64(w_insert, 2, at);
    for (int i = 0; i < NF; i++) sqlite3_bind_text(w_insert, 3 + i, v[i], -1, SQLITE_STATIC);
    bool good = sqlite3_step(w_insert) == SQLITE_DONE;
    sqlite3_reset(w_insert);
    if (good) count(v[4], "registered", 1);
    return good;
}

static void write_create(struct req *r) {
    long long at = now_ms();
    new_id(r->id);
    if (!insert(r->id, at, r->v)) {
        r->status = 409;
        return;
    }
    r->out = malloc(r->n + 1024);
    r->out_n = put_record(r->out, 0, r->id, 1, "registered", at, r->v);
    r->status = 201;
}

static void write_assess(struct req *r) {
    sqlite3_bind_text(w_get, 1, r->id, -1, SQLITE_STATIC);
    r->status = 404;
    if (sqlite3_step(w_get) == SQLITE_ROW) {
        const char *birth = column(w_get, 6), *state = column(w_get, 2);
        int age = birth ? 2026 - atoi(birth) - (strcmp(birth + 5, "09-01") > 0) : 0;
        bool pass = age >= 14 && age <= 18;
        r->status = pass ? 200 : 422;
        if (pass) {
            const char *to = "reviewing";
            r->out = malloc(8192);
            r->out_n = put_row(r->out, 0, w_get, (long)sqlite3_column_int64(w_get, 1) + 1, to);
            sqlite3_bind_text(w_state, 1, r->id, -1, SQLITE_STATIC);
            sqlite3_bind_text(w_state, 2, to, -1, SQLITE_STATIC);
            if (strcmp(state, to)) {
                count(column(w_get, 9), state, -1);
                count(column(w_get, 9), to, 1);
            }
            run(w_state);
        }
    }
    sqlite3_reset(w_get);
}

// Cuts the next line of plain CSV (no quotes) at its commas; false at the end.
static bool csv_line(struct req *r, const char **cell, int *n) {
    char *s = r->at, *end = s ? strchr(s, '\n') : NULL;
    if (!end) return false;
    *end = 0;
    r->at = end + 1;
    for (*n = 0; s && *n < NF; s = strchr(s, ','), s = s ? (*s = 0, s + 1) : NULL) cell[(*n)++] = s;
    return true;
}

static bool write_slice(struct req *r) { // true: more to come
    const char *cell[NF], *v[NF];
    int n;
    if (!r->at) {
        r->at = r->body;
        if (!csv_line(r, cell, &r->ncolumns)) return false;
        for (int i = 0; i < r->ncolumns; i++) {
            r->column[i] = -1;
            for (int k = 0; k < NF; k++)
                if (!strcmp(cell[i], FIELD[k])) r->column[i] = k;
        }
    }
    for (int rows = 0; rows < SLICE; rows++) {
        if (!csv_line(r, cell, &n)) return false;
        memset(v, 0, sizeof v);
        for (int i = 0; i < n && i < r->ncolumns; i++)
            if (r->column[i] >= 0) v[r->column[i]] = cell[i];
        char id[ID + 1];
        new_id(id);
        if (insert(id, now_ms(), v)) jobs[r->job].rows++;
    }
    return true;
}

static void enqueue(struct req *r) {
    pthread_mutex_lock(&mutex);
    r->next = NULL;
    *queue_tail = r;
    queue_tail = &r->next;
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&mutex);
}

static void *writer(void *arg) {
    (void)arg;
    for (;;) {
        pthread_mutex_lock(&mutex);
        while (!queue) pthread_cond_wait(&wake, &mutex);
        struct req *batch = queue, *answered = NULL, *again = NULL, *over = NULL;
        queue = NULL;
        queue_tail = &queue;
        pthread_mutex_unlock(&mutex);
        run(w_begin);
        for (struct req *r = batch, *next; r; r = next) {
            next = r->next;
            struct req **to = &answered;
            if (r->op == OP_CREATE)
                write_create(r);
            else if (r->op == OP_ASSESS)
                write_assess(r);
            else
                to = write_slice(r) ? &again : &over;
            r->next = *to;
            *to = r;
        }
        run(w_commit); // durable before any answer leaves
        for (struct req *next; again; again = next) next = again->next, enqueue(again);
        for (struct req *next; over; over = next) {
            next = over->next;
            jobs[over->job].finished = true;
            free(over->body);
            free(over);
        }
        if (!answered) continue;
        struct req *last = answered;
        while (last->next) last = last->next;
        pthread_mutex_lock(&mutex);
        last->next = ready;
        ready = answered;
        pthread_mutex_unlock(&mutex);
        eventfd_write(event_fd, 1);
    }
    return NULL;
}

static enum MHD_Result reply(struct MHD_Connection *c, int status, const char *body, size_t n) {
    struct MHD_Response *res =
        MHD_create_response_from_buffer(n, (void *)body, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(res, "Content-Type", "application/json");
    enum MHD_Result done = MHD_queue_response(c, (unsigned)status, res);
    MHD_destroy_response(res);
    return done;
}

static const char *query(struct MHD_Connection *c, const char *name) {
    const char *v = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, name);
    return v ? v : "";
}

static size_t put_report(char *o, sqlite3_stmt *s) {
    size_t n = put(o, 0, "{\"rows\":[");
    for (int i = 0; sqlite3_step(s) == SQLITE_ROW; i++)
        n += (size_t)sprintf(o + n, "%s{\"region\":\"%s\",\"state\":\"%s\",\"count\":%lld}",
                             i ? "," : "", column(s, 0), column(s, 1),
                             (long long)sqlite3_column_int64(s, 2));
    sqlite3_reset(s);
    return put(o, n, "]}");
}

static size_t put_list(struct MHD_Connection *c, char *o) {
    bool ids = !strcmp(query(c, "fields"), "id");
    int limit = atoi(query(c, "limit"));
    sqlite3_stmt *s = ids ? r_ids : r_list;
    char last[ID + 1] = "";
    sqlite3_bind_text(s, 1, query(c, ids ? "cursor" : "state"), -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 2, limit < 1 || limit > 500 ? 50 : limit);
    size_t n = put(o, 0, "{\"items\":[");
    for (int i = 0; sqlite3_step(s) == SQLITE_ROW && n < OUT_MAX - 8192; i++) {
        if (i) o[n++] = ',';
        if (!ids)
            n = put_row(o, n, s, (long)sqlite3_column_int64(s, 1), column(s, 2));
        else
            n += (size_t)sprintf(o + n, "{\"id\":\"%s\"}", column(s, 0));
        snprintf(last, sizeof last, "%s", column(s, 0));
    }
    sqlite3_reset(s);
    return n +
           (size_t)sprintf(o + n, ids && *last ? "],\"next\":\"%s\"}" : "],\"next\":null}", last);
}

static enum MHD_Result get(struct MHD_Connection *c, const char *path) {
    static char o[OUT_MAX];
    static const char records[] = "/api/v1/bench/applicants", reports[] = "/api/v1/bench/reports/",
                      job[] = "/api/v1/jobs/";
    size_t n = 0;
    if (!strcmp(path, "/readyz"))
        n = put(o, 0, "{\"ready\":true}");
    else if (!strcmp(path, records))
        n = put_list(c, o);
    else if (!strncmp(path, records, sizeof records - 1)) {
        sqlite3_bind_text(r_get, 1, path + sizeof records, -1, SQLITE_STATIC);
        if (sqlite3_step(r_get) == SQLITE_ROW)
            n = put_row(o, 0, r_get, (long)sqlite3_column_int64(r_get, 1), column(r_get, 2));
        sqlite3_reset(r_get);
    } else if (!strncmp(path, reports, sizeof reports - 1))
        n = put_report(o, strstr(path, "_scan") ? r_scan : r_kept);
    else if (!strncmp(path, job, sizeof job - 1)) {
        int i = atoi(path + sizeof job - 1) % JOBS;
        n = (size_t)sprintf(o, "{\"id\":\"%d\",\"state\":\"%s\",\"done\":%ld}", i,
                            jobs[i].finished ? "done" : "running", jobs[i].rows);
    }
    return n ? reply(c, 200, o, n) : reply(c, 404, "{}", 2);
}

static enum MHD_Result post(struct req *r, const char *path) {
    struct MHD_Connection *c = r->conn;
    const char *last = strrchr(path, '/') + 1;
    if (!strcmp(last, "session")) {
        static const char token[] = "{\"token\":\"floor\"}";
        return reply(c, 201, token, sizeof token - 1);
    }
    if (!strcmp(last, "import")) {
        struct req *import = calloc(1, sizeof *import);
        import->op = OP_IMPORT;
        import->job = njobs++ % JOBS;
        jobs[import->job].rows = 0;
        jobs[import->job].finished = false;
        import->body = r->body;
        r->body = NULL;
        char o[64];
        int n = sprintf(o, "{\"id\":\"%d\",\"state\":\"queued\"}", import->job);
        enqueue(import);
        return reply(c, 202, o, (size_t)n);
    }
    r->in = json_loadb(r->body ? r->body : "", r->n, JSON_REJECT_DUPLICATES, NULL);
    if (!r->in) return reply(c, 400, "{}", 2);
    r->op = OP_CREATE;
    if (!strcmp(last, "assess")) {
        r->op = OP_ASSESS;
        snprintf(r->id, sizeof r->id, "%.36s", last - ID - 1);
    }
    for (int i = 0; i < NF; i++) r->v[i] = json_string_value(json_object_get(r->in, FIELD[i]));
    MHD_suspend_connection(c);
    enqueue(r);
    return MHD_YES;
}

static enum MHD_Result handle(void *self, struct MHD_Connection *c, const char *path,
                              const char *method, const char *version, const char *data, size_t *n,
                              void **state) {
    (void)self, (void)version;
    struct req *r = *state;
    if (!r) {
        *state = r = calloc(1, sizeof *r);
        r->conn = c;
        return r ? MHD_YES : MHD_NO;
    }
    if (*n) {
        if (r->n + *n + 1 > r->cap) r->body = realloc(r->body, r->cap = 2 * (r->n + *n) + 512);
        memcpy(r->body + r->n, data, *n);
        r->body[r->n += *n] = 0;
        *n = 0;
        return MHD_YES;
    }
    if (r->status) return reply(c, r->status, r->out ? r->out : "{}", r->out ? r->out_n : 2);
    return !strcmp(method, "POST") ? post(r, path) : get(c, path);
}

static void completed(void *self, struct MHD_Connection *c, void **state,
                      enum MHD_RequestTerminationCode why) {
    (void)self, (void)c, (void)why;
    struct req *r = *state;
    if (!r) return;
    json_decref(r->in);
    free(r->body);
    free(r->out);
    free(r);
}

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "usage: floor DB.sqlite PORT\n"), 2;
    open_all(argv[1]);
    struct sigaction sa = {.sa_handler = on_signal};
    sigaction(SIGTERM, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
    event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons((unsigned short)atoi(argv[2])),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *d = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle, NULL,
        MHD_OPTION_SOCK_ADDR, &addr, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
    if (!d) return fprintf(stderr, "floor: cannot listen\n"), 1;
    pthread_t thread;
    if (pthread_create(&thread, NULL, writer, NULL)) return 1;
    printf("port %d\n", MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    struct pollfd fds[2] = {{MHD_get_daemon_info(d, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, POLLIN, 0},
                            {event_fd, POLLIN, 0}};
    while (!stop) {
        MHD_UNSIGNED_LONG_LONG ms;
        int wait = MHD_get_timeout(d, &ms) == MHD_YES && ms < 1000 ? (int)ms : 1000;
        if (poll(fds, 2, wait) > 0 && fds[1].revents) {
            eventfd_t seen;
            eventfd_read(event_fd, &seen);
            pthread_mutex_lock(&mutex);
            struct req *r = ready;
            ready = NULL;
            pthread_mutex_unlock(&mutex);
            for (struct req *next; r; r = next) next = r->next, MHD_resume_connection(r->conn);
        }
        MHD_run(d);
    }
    return 0; // the kernel closes the rest; the log is synced up to the last answer
}
