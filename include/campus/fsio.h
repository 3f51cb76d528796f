// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Small file helpers of the core (whole files, directories). The database has its own seam, a VFS.
#ifndef CAMPUS_FSIO_H
#define CAMPUS_FSIO_H

#include <stddef.h>
#include <sys/types.h>
#include "campus/err.h"

struct arena;
// Whole file into the arena, NUL-terminated; ERR_TOO_LARGE past max, ERR_NOT_FOUND, ERR_IO.
MUST_CHECK enum err fsio_read(struct arena *a, const char *path, size_t max, char **out, size_t *n,
                              struct problem *p);
// Writes path.tmp, fsyncs, renames, fsyncs the folder: all or nothing.
MUST_CHECK enum err fsio_write(const char *path, const void *data, size_t n, mode_t mode,
                               struct problem *p);
// All of it to where the descriptor stands; ERR_NO_SPACE, ERR_IO, and errno.
MUST_CHECK enum err fsio_put(int fd, const void *data, size_t n);
MUST_CHECK enum err fsio_mkdirs(const char *path, mode_t mode, struct problem *p);
// Sorted names (no dot files) of a folder, NULL-ended, in the arena; an absent folder is empty.
MUST_CHECK enum err fsio_list(struct arena *a, const char *dir, const char ***out,
                              struct problem *p);
char *fsio_join(struct arena *a, const char *dir, const char *name); // absolute names stay

#endif
