// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What every target includes. A target is one function over bytes; tests/unit/test_corpus.c runs
// the same functions over the corpus in every `make test`.
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "campus/buf.h"
#include "campus/err.h"
#include "campus/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

// What must hold of any input.
#define MUST(x)                                                                                    \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #x);                 \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
