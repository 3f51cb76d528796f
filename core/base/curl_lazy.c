// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// libcurl brings some thirty libraries with it. Linked in, every process of ours would map and bind
// them all, each plugin child included, though only webhooks and the command line ever speak HTTP
// outwards. So it is not linked but loaded at the first call: these functions stand in for it. An
// argument after the option is a pointer, a long or a curl_off_t: one register on our machines.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include "campus/log.h"

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

static void *library;

static void load(void) {
    library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library) log_error("libcurl", "%s", dlerror());
}

// ISO C has no cast from an object pointer to a function; POSIX says it works.
static void find(const char *name, void *function) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    *(void **)function = library ? dlsym(library, name) : NULL;
}

#define STAND_IN(result, failure, name, parameters, arguments)                                     \
    result name parameters {                                                                       \
        static result(*real) parameters;                                                           \
        if (!real) find(#name, &real);                                                             \
        return real ? real arguments : (failure);                                                  \
    }
#define STAND_IN_VOID(name, parameters, arguments)                                                 \
    void name parameters {                                                                         \
        static void(*real) parameters;                                                             \
        if (!real) find(#name, &real);                                                             \
        if (real) real arguments;                                                                  \
    }
#define STAND_IN_OPTION(result, failure, name, handle, option)                                     \
    result name(handle *h, option o, ...) {                                                        \
        static result (*real)(handle *, option, ...);                                              \
        va_list rest;                                                                              \
        if (!real) find(#name, &real);                                                             \
        va_start(rest, o);                                                                         \
        void *argument = va_arg(rest, void *);                                                     \
        va_end(rest);                                                                              \
        return real ? real(h, o, argument) : (failure);                                            \
    }

STAND_IN(CURLcode, CURLE_FAILED_INIT, curl_global_init, (long flags), (flags))
STAND_IN(CURL *, NULL, curl_easy_init, (void), ())
STAND_IN_OPTION(CURLcode, CURLE_FAILED_INIT, curl_easy_setopt, CURL, CURLoption)
STAND_IN_OPTION(CURLcode, CURLE_FAILED_INIT, curl_easy_getinfo, CURL, CURLINFO)
STAND_IN(CURLcode, CURLE_FAILED_INIT, curl_easy_perform, (CURL * h), (h))
STAND_IN_VOID(curl_easy_reset, (CURL * h), (h))
STAND_IN_VOID(curl_easy_cleanup, (CURL * h), (h))
STAND_IN(const char *, "libcurl is missing", curl_easy_strerror, (CURLcode code), (code))
STAND_IN(struct curl_slist *, NULL, curl_slist_append, (struct curl_slist * list, const char *text),
         (list, text))
STAND_IN_VOID(curl_slist_free_all, (struct curl_slist * list), (list))
STAND_IN(CURLM *, NULL, curl_multi_init, (void), ())
STAND_IN_OPTION(CURLMcode, CURLM_INTERNAL_ERROR, curl_multi_setopt, CURLM, CURLMoption)
STAND_IN(CURLMcode, CURLM_INTERNAL_ERROR, curl_multi_add_handle, (CURLM * m, CURL *h), (m, h))
STAND_IN(CURLMcode, CURLM_INTERNAL_ERROR, curl_multi_remove_handle, (CURLM * m, CURL *h), (m, h))
STAND_IN(CURLMcode, CURLM_INTERNAL_ERROR, curl_multi_perform, (CURLM * m, int *running),
         (m, running))
STAND_IN(CURLMsg *, NULL, curl_multi_info_read, (CURLM * m, int *left), (m, left))
STAND_IN(CURLMcode, CURLM_INTERNAL_ERROR, curl_multi_poll,
         (CURLM * m, struct curl_waitfd *more, unsigned n, int ms, int *changed),
         (m, more, n, ms, changed))
STAND_IN(CURLMcode, CURLM_INTERNAL_ERROR, curl_multi_wakeup, (CURLM * m), (m))
STAND_IN(CURLMcode, CURLM_INTERNAL_ERROR, curl_multi_cleanup, (CURLM * m), (m))
STAND_IN(CURLU *, NULL, curl_url, (void), ())
STAND_IN_VOID(curl_url_cleanup, (CURLU * u), (u))
STAND_IN(CURLUcode, CURLUE_OUT_OF_MEMORY, curl_url_set,
         (CURLU * u, CURLUPart part, const char *text, unsigned flags), (u, part, text, flags))
STAND_IN(CURLUcode, CURLUE_OUT_OF_MEMORY, curl_url_get,
         (CURLU * u, CURLUPart part, char **out, unsigned flags), (u, part, out, flags))
STAND_IN_VOID(curl_free, (void *p), (p))
