// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The command line: one table of commands (commands.def), one function each.
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include "campus/config.h"
#include "campus/db.h"
#include "campus/err.h"
#include "campus/json.h"
#include "campus/keyring.h"
#include "campus/mem.h"

struct cli {
    struct arena *arena;
    const char *home;           // absolute
    bool json, zh;
    struct problem problem;
    struct config config;       // loaded by cli_config
};
// Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
#define X(name, word, usage, en, zh) int cmd_##name(struct cli *cli, int argc, char **argv);
#include "commands.def"
#undef X

MUST_CHECK enum err cli_config(struct cli *cli);           // problem is set on failure
int cli_fail(struct cli *cli);                             // prints the problem, one error a line; 1
int cli_usage(const char *word);                           // prints the command's usage; 2
// Value of --name VALUE or --name=VALUE, removed from argv; NULL when absent.
const char *cli_option(int *argc, char **argv, const char *name);
bool cli_flag(int *argc, char **argv, const char *name);
bool cli_unknown_option(int argc, char **argv);            // complains about what is left with a dash
// Opens the home's database for reading, and the keyring from it (locked or unlocked by config's way).
MUST_CHECK enum err cli_open_read(struct cli *cli, struct db **out);
// Opens for writing under home/lock; ERR_CONFLICT when a server holds it (use cli_control then).
MUST_CHECK enum err cli_open_write(struct cli *cli, struct db **out, int *lock_fd);
MUST_CHECK enum err cli_keyring(struct cli *cli, struct db *db, bool unlock, struct keyring **out);
// Runs a request on the server that holds the home through home/control.sock as os:USER: method, path
// and JSON body of the HTTP interface; the answer's status and body. ERR_UNAVAILABLE when none runs.
MUST_CHECK enum err cli_control(struct cli *cli, const char *method, const char *path,
                                const char *body, int *status, const char **answer);

#endif
