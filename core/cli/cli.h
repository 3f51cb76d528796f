// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The command line: one table of commands (commands.def), one function each. A command that writes
// is a client of the HTTP interface like any other (call.c); one that only reads files needs no
// service.
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include "campus/config.h"
#include "campus/db.h"
#include "campus/err.h"
#include "campus/json.h"
#include "campus/keyring.h"
#include "campus/mem.h"
#include "campus/release.h"

struct link;
struct command;
struct cli {
    struct arena *arena;
    const char *home;         // absolute
    bool json, zh, rehearsal; // rehearsal: of plugin test
    struct problem problem;
    struct config config; // loaded by cli_config
    const struct command *command;
    struct link *link; // to the service, made by the first cli_call
};
// Exit codes: 0 done, 1 refused or failed, 2 wrong usage. argv[0] is the first word after the
// command.
struct command {
    const char *word;
    int (*run)(struct cli *cli, int argc, char **argv);
    const char *usage, *example, *en, *zh;
};
#define X(name, word, usage, example, en, zh)                                                      \
    int cmd_##name(struct cli *cli, int argc, char **argv);
#include "commands.def"
#undef X
// Commands of two words: runs the one that argv[0] names. Ends with a NULL word.
struct subcommand {
    const char *word;
    int (*run)(struct cli *cli, int argc, char **argv);
};
int cli_sub(struct cli *cli, const struct subcommand *table, int argc, char **argv);

// Arguments. Value of --name VALUE or --name=VALUE, removed from argv; NULL when absent.
const char *cli_option(int *argc, char **argv, const char *name);
bool cli_flag(int *argc, char **argv, const char *name);
// True when `min` to `max` plain words are left; else says what is wrong (return cli_usage(cli)
// then).
bool cli_words(struct cli *cli, int argc, char **argv, int min, int max);
int cli_usage(struct cli *cli); // prints the command's usage; 2

// Saying things. One of two texts by the language of the terminal.
const char *cli_say(const struct cli *cli, const char *en, const char *zh);
int cli_fail(struct cli *cli); // prints the problem, one error a line; 1, or 2 for wrong usage
void cli_note(const struct cli *cli, const char *fmt, ...) PRINTF(2, 3); // stderr, not with --json
// A line that rewrites itself on a terminal and is silent elsewhere; total 0: unknown; done < 0:
// wipe it.
void cli_progress(const struct cli *cli, const char *what, int64_t done, int64_t total);
// JSON as it is with --json; else "items" as a table of the named columns (comma list, NULL: all),
// an object as lines of key and value.
void cli_show(struct cli *cli, const json_t *j, const char *columns);
int cli_show_text(struct cli *cli, struct buf *json,
                  const char *columns); // the same from text; 0 or 1

// The home.
MUST_CHECK enum err cli_config(struct cli *cli);   // problem is set on failure
MUST_CHECK enum err cli_new_home(struct cli *cli); // ERR_CONFLICT when the folder is not empty
void cli_empty_folder(const char *path);
// Keys (in a key file), database, first release and an administrator for a home that has its
// settings and nothing else.
MUST_CHECK enum err cli_fill_home(struct cli *cli);
MUST_CHECK enum err cli_open_read(struct cli *cli, struct db **out);
// A candidate from what is on disk, with one child.
MUST_CHECK enum err cli_release(struct cli *cli, struct release **out);
// Typed at the terminal without echo; NULL without a terminal. Arena; wipe it after use.
char *cli_ask(struct cli *cli, const char *prompt, size_t *n);
// The passphrase, asked for when the configuration says passphrase and nothing else gives it.
char *cli_passphrase(struct cli *cli, size_t *n);

// A request to the service that holds the home, through home/control.sock, or, when none runs, to
// one that lives in this process for as long as the command does. It acts as os:USER.
struct call {
    const char *method, *path; // path with its query, escaped (cli_escape)
    const char *type, *body;   // NULL type: application/json; NULL body: none
    size_t body_n;             // 0: strlen(body)
    int body_fd;               // > 0: the body comes from this file
    int save_fd;               // > 0: a 2xx answer goes into this file, not to `answer`
    void (*line)(struct cli *cli, const char *line); // streams: called for each line of the answer
    bool running;                                    // only a service that runs by itself will do
    bool quiet;                                      // cli_request: show nothing but errors
    const char *bearer;                              // acts by this token instead
    int status;
    const char *answer; // arena, NUL-terminated
    size_t answer_n;
    const json_t *json; // of a JSON answer, else NULL
};
MUST_CHECK enum err cli_call(struct cli *cli,
                             struct call *c); // what prevents an answer, not its status
const char *cli_escape(struct cli *cli, const char *s);
// The whole of a command that is one request: calls, waits for a job when told 202, prints errors
// or shows the answer (columns NULL: quiet unless --json). Returns the exit code.
int cli_request(struct cli *cli, struct call *c, const char *columns);
int cli_get(struct cli *cli, const char *columns, const char *fmt, ...) PRINTF(3, 4);
// Of a rehearsal, as app_settle.
MUST_CHECK enum err cli_settle(struct cli *cli, int wait_ms, bool retries);
int cli_refused(struct cli *cli, const json_t *problem); // prints its errors; 1
void cli_hang_up(struct cli *cli);

// Commands of plugin with files of their own: plugin_test.c, plugin_new.c.
int cli_plugin_test(struct cli *cli, int argc, char **argv);
bool cli_plugin_has_tests(struct cli *cli, const char *name);
int cli_plugin_new(struct cli *cli, int argc, char **argv);
int cli_plugin_stubs(struct cli *cli, int argc, char **argv);

#endif
