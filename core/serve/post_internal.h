// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by post.c (the thread: what goes when) and post_way.c (how each channel speaks).
#ifndef SERVE_POST_INTERNAL_H
#define SERVE_POST_INTERNAL_H

#include "campus/message.h"
#include "campus/post.h"
#include "serve/courier.h"

enum { POST_TOGETHER = 50, POST_SECRET_BUF = POST_SECRET_MAX + 1 };
enum outcome {
    OUTCOME_SENT,
    OUTCOME_LATER,  // an attempt that failed
    OUTCOME_NEVER,  // it will never be taken
    OUTCOME_HELD,   // the channel is to be left alone for a while; no attempt
    OUTCOME_UNTRIED // as if it had not been begun
};
struct post_keys { // wiped when sent
    char token[POST_SECRET_BUF], secret[POST_SECRET_BUF];
};
struct parcel {           // one message, or several for a group
    struct errand errand; // first
    struct parcel *next;
    struct post *post;
    struct arena *arena;
    const struct channel_config *config;
    int channel, n;
    struct message_due messages[POST_TOGETHER];
    struct post_keys keys;
    struct buf body; // what is sent
    size_t read;     // of it, by SMTP
    enum outcome outcome;
    int64_t after_s;
    char why[80];
};

// What one errand of the channel can carry of m[0..n): at least one; the text of a group's message
// is the texts of all.
int way_together(int channel, const struct message_due *m, int n);
// Makes the body, before the keys are needed; false: it cannot be.
bool way_write(struct parcel *p, const char *school);
// Courier thread.
bool way_prepare(struct errand *e, CURL *easy);
// Sets outcome, after_s and why from an answer.
void way_judge(struct parcel *p, bool answered, long status, int64_t after_s, const char *why);

#endif
