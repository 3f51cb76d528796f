// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Shared by the files about files.
#ifndef RECORD_FILE_INTERNAL_H
#define RECORD_FILE_INTERNAL_H

#include "campus/file.h"

struct file_look { // what has been seen of the content so far
    uint8_t head[16];
    size_t head_n;
    bool is_text, word, sheet, ofd;
    uint64_t packed, unpacked; // of an archive's entries
};
void file_look_at(struct file_look *l, const uint8_t *p, size_t n);
// NULL: nothing that we take. declared: "" when nothing was.
const char *file_looked(const struct file_look *l, const char *declared);

#endif
