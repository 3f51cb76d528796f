// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The running service: its threads and what they share. Opened by `serve`, and by any other command
// that writes when no service holds the home, so that every command takes the same way as a client.
#ifndef HTTP_APP_H
#define HTTP_APP_H

#include "campus/config.h"
#include "campus/err.h"

struct app;
struct app_options {
    const char *host;   // NULL: from the configuration
    int port;           // -1: from the configuration; 0: any free one
    bool dev;           // reload when files change
    bool embedded;      // for one command: no control socket, quiet
    bool rehearsal;     // embedded, with the handlers of plugins; sends nothing, see app_settle
    const void *secret; // passphrase or recovery text that unlocks, or NULL
    size_t secret_n;
};

// Takes home/lock (ERR_CONFLICT when held), opens and migrates the database, unlocks the keyring as
// the configuration says (stays locked when it cannot: only health and unlock answer), builds the
// release, starts lane, workers, HTTP threads and home/control.sock. Owned.
MUST_CHECK enum err app_open(const struct config *c, const struct app_options *o, struct app **out,
                             struct problem *p);
int app_port(const struct app *app);
// A bearer token that acts as os:USER (the control socket hands out the same kind). Valid until
// app_close. Borrowed.
const char *app_control_token(const struct app *app);
// A rehearsal: does what is due by now, and waits until the handlers have had every event; with
// retries also until none waits to be tried again. ERR_UNAVAILABLE when that is not so after
// wait_ms.
MUST_CHECK enum err app_settle(struct app *app, int wait_ms, bool retries, struct problem *p);
// Waits for SIGTERM or SIGINT, reloads on SIGHUP; then drains.
void app_wait(struct app *app);
void app_close(struct app *app);

// home/control.sock: whoever connects with the service's own uid, or root's, reads one line
// "PORT TOKEN\n" and then speaks HTTP to 127.0.0.1:PORT with that bearer token, which dies when the
// connection to the socket closes.

#endif
