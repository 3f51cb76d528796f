// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// One thread that speaks to other machines, over libcurl: webhooks and messages. The guard against
// requests into the school's own network sits where the connection is made: curl asks for a socket
// with the very address that it is about to connect to, so nothing can change between the look and
// the connection. Redirects are not followed, proxies of the environment not used.
#ifndef SERVE_COURIER_H
#define SERVE_COURIER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "campus/err.h"

struct courier;
enum { COURIER_ANSWER = 4096 }; // bytes of an answer that are kept
struct errand {                 // embedded in what it is for
    // Courier thread, at the moment of sending: so that a retry is signed anew. Sets the URL,
    // headers (errand_header) and body; false: could not.
    bool (*prepare)(struct errand *e, CURL *easy);
    // Courier thread, or that of courier_close: frees it. answered: there is a status (of HTTP or
    // SMTP); else why. tried false: it was not sent.
    void (*done)(struct errand *e, bool tried, bool answered, long status, int64_t after_s,
                 const char *why);
    bool may_be_private;
    struct curl_slist *headers, *rcpt; // freed by the courier; rcpt: whom a mail is for
    char answer[COURIER_ANSWER + 1];
    size_t answer_n;
    // the courier's own
    struct errand *next;
    struct courier *courier;
    CURL *easy;
    size_t got;
    bool kept_out;
};
struct courier *courier_open(void);    // the thread starts with the first errand
void courier_close(struct courier *c); // ends what is under way as not tried
// Taken; false when the thread cannot be started (the errand stays the caller's).
bool courier_send(struct courier *c, struct errand *e);
// Whether the URL's host is on a list (NULL-ended; may be NULL).
bool courier_is_listed(const char *const *allow, const char *url);
bool errand_header(struct errand *e, const char *text);

#endif
