// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What a file is, by its bytes as they pass. Names and declared types are never believed: they must
// agree.
#include "record/file_internal.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *type, *media;
    bool shown;
} TYPES[] = {
    // the first of a type is how it is served
    {"pdf", "application/pdf", true},
    {"png", "image/png", true},
    {"jpeg", "image/jpeg", true},
    {"jpeg", "image/jpg", true},
    {"webp", "image/webp", true},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", false},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", false},
    {"ofd", "application/ofd", false},
    {"ofd", "application/vnd.ofd", false},
    {"zip", "application/zip", false},
    {"zip", "application/x-zip-compressed", false},
    {"xml", "application/xml", false},
    {"xml", "text/xml", false},
    {"csv", "text/csv", false},
    {"csv", "application/vnd.ms-excel", false}, // what Windows calls a .csv
    {"txt", "text/plain", false},
};
enum { TYPES_N = sizeof TYPES / sizeof *TYPES, RATIO_MAX = 100, RATIO_FREE = 1 << 20 };

const char *file_type_of_media(const char *media) {
    size_t n = media ? strcspn(media, "; \t") : 0;
    if (!n || (n == 24 && !strncasecmp(media, "application/octet-stream", n))) return "";
    for (int i = 0; i < TYPES_N; i++)
        if (strlen(TYPES[i].media) == n && !strncasecmp(media, TYPES[i].media, n))
            return TYPES[i].type;
    return NULL;
}

const char *file_media_type(const char *type) {
    for (int i = 0; i < TYPES_N; i++)
        if (!strcmp(TYPES[i].type, type)) return TYPES[i].media;
    return "application/octet-stream";
}

bool file_type_exists(const char *type) {
    for (int i = 0; i < TYPES_N; i++)
        if (!strcmp(TYPES[i].type, type)) return true;
    return false;
}

bool file_is_shown_inline(const char *type) {
    for (int i = 0; i < TYPES_N; i++)
        if (!strcmp(TYPES[i].type, type)) return TYPES[i].shown;
    return false;
}

static uint32_t le32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool begins(const uint8_t *name, size_t n, const char *with) {
    size_t m = strlen(with);
    return n >= m && !memcmp(name, with, m);
}

// Entries of an archive by their heads (local "PK34" and central "PK12"), wherever they stand in
// this piece: which parts it has tells what it is, and what they would unpack to whether it is a
// bomb. One cut by the end of a piece is missed; an office file has many.
static void look_at_zip(struct file_look *l, const uint8_t *p, size_t n) {
    for (const uint8_t *at = p, *end = p + n; (at = memmem(at, (size_t)(end - at), "PK", 2));
         at += 2) {
        size_t left = (size_t)(end - at);
        bool central = left > 46 && at[2] == 1 && at[3] == 2,
             local = left > 30 && at[2] == 3 && at[3] == 4;
        if (!central && !local) continue;
        const uint8_t *name = at + (central ? 46 : 30), *size = at + (central ? 28 : 26);
        size_t name_n = (size_t)size[0] | (size_t)size[1] << 8;
        if (name_n > (size_t)(end - name)) name_n = (size_t)(end - name);
        l->word |= begins(name, name_n, "word/");
        l->sheet |= begins(name, name_n, "xl/");
        l->ofd |= begins(name, name_n, "OFD.xml");
        if (central) l->packed += le32(at + 20), l->unpacked += le32(at + 24);
    }
}

void file_look_at(struct file_look *l, const uint8_t *p, size_t n) {
    if (!l->head_n) {
        l->head_n = n < sizeof l->head ? n : sizeof l->head;
        memcpy(l->head, p, l->head_n);
        l->is_text = true;
    }
    if (begins(l->head, l->head_n, "PK\3\4")) look_at_zip(l, p, n);
    for (size_t i = 0; l->is_text && i < n; i++)
        l->is_text = p[i] >= 0x20 ? p[i] != 0x7f
                                  : p[i] == '\t' || p[i] == '\n' || p[i] == '\r' || p[i] == '\f';
}

const char *file_looked(const struct file_look *l, const char *declared) {
    const uint8_t *h = l->head;
    size_t n = l->head_n;
    if (begins(h, n, "%PDF-")) return "pdf";
    if (begins(h, n, "\x89PNG\r\n\x1a\n")) return "png";
    if (begins(h, n, "\xff\xd8\xff")) return "jpeg";
    if (n >= 12 && !memcmp(h, "RIFF", 4) && !memcmp(h + 8, "WEBP", 4)) return "webp";
    if (begins(h, n, "PK\3\4")) {
        if (l->unpacked > RATIO_FREE && l->unpacked / RATIO_MAX > l->packed) return NULL;
        return l->sheet ? "xlsx" : l->word ? "docx" : l->ofd ? "ofd" : "zip";
    }
    if (!l->is_text) return NULL;
    while (n && (*h == 0xef || *h == 0xbb || *h == 0xbf || *h == ' ' || *h == '\n' || *h == '\r'))
        h++, n--;
    if (begins(h, n, "<?xml")) return "xml";
    // what else is text is what its sender says
    return !strcmp(declared, "csv") || !strcmp(declared, "xml") ? declared : "txt";
}
