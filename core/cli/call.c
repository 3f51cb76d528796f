// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Commands as clients: a request to the service that holds the home, or to one in this process.
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "campus/log.h"
#include "cli/cli.h"
#include "http/app.h"

struct link {
    CURL *curl;
    int socket;      // kept open: the token dies with it; -1 with a service of our own
    struct app *app; // that one, or NULL
    int port;
    char token[256];
};

// The path goes through /proc/self/fd, since a socket's name may not be longer than 107 bytes.
static int dial(const char *home) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int dir = open(home, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = dir < 0 ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/control.sock", dir);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at)) {
        close(fd);
        fd = -1;
    }
    if (dir >= 0) close(dir);
    return fd;
}

static bool greet(struct link *l) {
    char line[300];
    size_t n = 0;
    while (n < sizeof line - 1 && read(l->socket, line + n, 1) == 1 && line[n] != '\n') n++;
    line[n] = 0;
    return sscanf(line, "%d %255s", &l->port, l->token) == 2;
}

static enum err join(struct cli *cli, bool running) {
    struct link *l = arena_alloc(cli->arena, sizeof *l);
    enum err e = cli_config(cli);
    if (e) return e;
    l->socket = dial(cli->home);
    if (l->socket >= 0 && !greet(l)) {
        close(l->socket);
        return problem_set(&cli->problem, ERR_UNAVAILABLE,
                           "the service does not answer on its control socket");
    }
    if (l->socket < 0 && running)
        return problem_set(&cli->problem, ERR_UNAVAILABLE, "no service runs on %s", cli->home);
    if (l->socket < 0) {
        size_t n;
        char *secret = cli_passphrase(cli, &n);
        if (!secret && !strcmp(cli->config.unlock, "passphrase") &&
            !getenv("CAMPUSD_PASSPHRASE_FILE"))
            return problem_set(&cli->problem, ERR_LOCKED,
                               "the vault waits for its passphrase: type it at a terminal"
                               " or name its file in $CAMPUSD_PASSPHRASE_FILE");
        log_init(LOG_ERROR, false);
        struct app_options o = {.port = 0,
                                .host = "127.0.0.1",
                                .embedded = true,
                                .rehearsal = cli->rehearsal,
                                .secret = secret,
                                .secret_n = n};
        e = app_open(&cli->config, &o, &l->app, &cli->problem);
        if (secret) explicit_bzero(secret, n);
        if (e) return e;
        l->port = app_port(l->app);
        snprintf(l->token, sizeof l->token, "%s", app_control_token(l->app));
    }
    l->curl = curl_easy_init();
    if (!l->curl) return problem_set(&cli->problem, ERR_NOMEM, NULL);
    cli->link = l;
    return ERR_OK;
}

enum err cli_settle(struct cli *cli, int wait_ms, bool retries) {
    enum err e = cli->link ? ERR_OK : join(cli, false);
    return e || !cli->link->app ? e : app_settle(cli->link->app, wait_ms, retries, &cli->problem);
}

void cli_hang_up(struct cli *cli) {
    struct link *l = cli->link;
    cli->link = NULL;
    if (!l) return;
    curl_easy_cleanup(l->curl);
    if (l->socket >= 0) close(l->socket);
    if (l->app) app_close(l->app);
}

struct answer {
    struct cli *cli;
    struct call *call;
    CURL *curl;
    struct buf text;
    bool failed;
};

static size_t take(char *data, size_t one, size_t n, void *self) {
    struct answer *a = self;
    long status = 0;
    n *= one;
    curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status < 300 && a->call->save_fd > 0) {
        for (size_t at = 0; at < n;) {
            ssize_t w = write(a->call->save_fd, data + at, n - at);
            if (w <= 0) return 0;
            at += (size_t)w;
        }
        return n;
    }
    buf_put(&a->text, data, n);
    while (status < 300 && a->call->line) {
        char *end = memchr(a->text.data, '\n', a->text.len);
        if (!end) break;
        size_t used = (size_t)(end - a->text.data) + 1;
        *end = 0;
        a->call->line(a->cli, a->text.data);
        memmove(a->text.data, a->text.data + used, a->text.len - used);
        a->text.len -= used;
    }
    return n;
}

static size_t give(char *to, size_t one, size_t n, void *self) {
    ssize_t r = read(*(int *)self, to, one * n);
    return r < 0 ? CURL_READFUNC_ABORT : (size_t)r;
}

enum err cli_call(struct cli *cli, struct call *c) {
    enum err e = cli->link ? ERR_OK : join(cli, c->running);
    if (e) return e;
    CURL *h = cli->link->curl;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", cli->link->port);
    curl_easy_reset(h);
    struct curl_slist *head = NULL;
    head = curl_slist_append(head, arena_printf(cli->arena, "Authorization: Bearer %s",
                                                c->bearer ? c->bearer : cli->link->token));
    head = curl_slist_append(head, cli->zh ? "Accept-Language: zh-CN" : "Accept-Language: en");
    head = curl_slist_append(
        head, arena_printf(cli->arena, "Content-Type: %s", c->type ? c->type : "application/json"));
    head = curl_slist_append(head, "Expect:");
    struct answer a = {.cli = cli, .call = c, .curl = h};
    buf_init(&a.text, NULL);
    curl_easy_setopt(h, CURLOPT_URL, arena_printf(cli->arena, "%s%s", url, c->path));
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(h, CURLOPT_PROXY, "");
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, head);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, &a);
    if (c->body_fd > 0) {
        struct stat st;
        curl_easy_setopt(h, CURLOPT_POST, 1L);
        curl_easy_setopt(h, CURLOPT_READFUNCTION, give);
        curl_easy_setopt(h, CURLOPT_READDATA, &c->body_fd);
        curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)(fstat(c->body_fd, &st) ? 0 : st.st_size));
    } else if (c->body || !strcmp(c->method, "POST")) {
        const char *body = c->body ? c->body : "";
        curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)(c->body_n ? c->body_n : strlen(body)));
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, body);
    }
    curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, c->method);
    CURLcode rc = curl_easy_perform(h);
    long status = 0;
    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(head);
    c->status = (int)status;
    c->answer_n = a.text.len;
    c->answer = arena_strndup(cli->arena, a.text.data ? a.text.data : "", a.text.len);
    buf_fini(&a.text);
    if (rc)
        return problem_set(&cli->problem, ERR_UNAVAILABLE, "no answer from the service: %s",
                           curl_easy_strerror(rc));
    json_t *j = NULL;
    struct problem quiet;
    problem_init(&quiet, cli->arena);
    bool is_json = (c->answer[0] == '{' || c->answer[0] == '[') &&
                   !json_parse(cli->arena, c->answer, c->answer_n, &j, &quiet);
    c->json = is_json ? j : NULL;
    return ERR_OK;
}

int cli_refused(struct cli *cli, const json_t *problem) {
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    const char *title = json_string_value(json_object_get(problem, "title"));
    const char *code = json_string_value(json_object_get(problem, "code"));
    if (code && !strcmp(code, "locked"))
        cli_note(cli, "%s",
                 cli_say(cli, "campusd key unlock opens the vault", "campusd key unlock 可解锁"));
    const json_t *errors = json_object_get(problem, "errors");
    size_t i;
    json_t *one;
    if (detail || !json_array_size(errors))
        fprintf(stderr, "%s: %s\n", code ? code : "error", detail ? detail : title ? title : "");
    json_array_foreach(errors, i, one) {
        const char *file = json_string_value(json_object_get(one, "file"));
        const char *at = json_string_value(json_object_get(one, "pointer"));
        const char *word = json_string_value(json_object_get(one, "code"));
        const char *text = json_string_value(json_object_get(one, "detail"));
        if (file)
            fprintf(stderr, "%s:%d:%d: ", file,
                    (int)json_integer_value(json_object_get(one, "line")),
                    (int)json_integer_value(json_object_get(one, "col")));
        if (at) fprintf(stderr, "%s: ", at);
        fprintf(stderr, "%s: %s\n", word ? word : "error", text ? text : "");
    }
    return 1;
}

// The problem that the service answered, as errors of ours.
static int refused(struct cli *cli, const struct call *c) {
    if (!cli->json && c->json) return cli_refused(cli, c->json);
    fprintf(stderr, "%s%s\n",
            c->json ? "" : "unavailable: ", c->answer_n ? c->answer : "no answer");
    return 1;
}

// Follows a job to its end; c becomes its last answer.
static int follow(struct cli *cli, struct call *c) {
    const char *id = json_string_value(json_object_get(c->json, "id"));
    if (!id) id = json_string_value(json_object_get(c->json, "job"));
    if (!id) return refused(cli, c);
    struct call poll = {.method = "GET",
                        .path = arena_printf(cli->arena, "/api/v1/jobs/%s", id),
                        .quiet = c->quiet};
    for (long wait_ms = 2;; wait_ms = wait_ms < 250 ? wait_ms * 2 : 500) {
        if (cli_call(cli, &poll)) return cli_fail(cli);
        if (poll.status != 200) return refused(cli, &poll);
        const char *state = json_string_value(json_object_get(poll.json, "state"));
        cli_progress(cli, cli->command->word,
                     json_integer_value(json_object_get(poll.json, "done")),
                     json_integer_value(json_object_get(poll.json, "total")));
        bool ended = state && (!strcmp(state, "done") || !strcmp(state, "failed") ||
                               !strcmp(state, "cancelled"));
        if (!ended) {
            nanosleep(&(struct timespec){wait_ms / 1000, wait_ms % 1000 * 1000000}, NULL);
            continue;
        }
        cli_progress(cli, "", -1, 0);
        *c = poll;
        return strcmp(state, "done") ? 1 : 0;
    }
}

int cli_request(struct cli *cli, struct call *c, const char *columns) {
    if (cli_call(cli, c)) return cli_fail(cli);
    if (c->status >= 400 || c->status < 200) return refused(cli, c);
    int code = c->status == 202 ? follow(cli, c) : 0;
    if (!c->quiet && c->json && (cli->json || columns || code))
        cli_show(cli, c->json, columns && *columns ? columns : NULL);
    return code;
}

int cli_get(struct cli *cli, const char *columns, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    struct call c = {.method = "GET", .path = arena_vprintf(cli->arena, fmt, ap)};
    va_end(ap);
    return cli_request(cli, &c, columns ? columns : "");
}
