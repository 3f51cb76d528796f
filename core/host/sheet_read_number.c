// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Number formats and numbers of a sheet.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "campus/text.h"
#include "host/sheet_read.h"

struct sheet_style sheet_style_builtin(unsigned id) {
    // 27..36 and 50..58 are the dates of the Chinese editions; 32..35 and 55, 56 are times there
    bool time = (id >= 18 && id <= 21) || (id >= 32 && id <= 35) || (id >= 45 && id <= 47) ||
                id == 55 || id == 56;
    bool date = (id >= 14 && id <= 17) || (id >= 27 && id <= 36) || (id >= 50 && id <= 58);
    if (id == 22) return (struct sheet_style){LOOK_DATETIME, 0};
    return (struct sheet_style){time ? LOOK_TIME : date ? LOOK_DATE : LOOK_GENERAL, 0};
}

struct sheet_style sheet_style_parse(const char *code) {
    bool day = false, clock = false, month = false;
    size_t zeros = strspn(code, "0");
    if (zeros && !code[zeros])
        return (struct sheet_style){LOOK_ZEROS, zeros < 15 ? (int)zeros : 15};
    if (!strncasecmp(code, "general", 7)) return (struct sheet_style){LOOK_GENERAL, 0};
    for (const char *s = code; *s && *s != ';'; s++) {
        if (*s == '"') {
            s = strchr(s + 1, '"');
            if (!s) break;
        } else if (*s == '[') { // a colour, a language, or hours that go on past 24
            clock |= strchr("hHmMsS", s[1]) && (s[2] == ']' || s[2] == s[1]) && s[1];
            s = strchr(s, ']');
            if (!s) break;
        } else if ((*s == '\\' || *s == '_' || *s == '*') && s[1])
            s++;
        else if (*s == 'y' || *s == 'Y' || *s == 'd' || *s == 'D')
            day = true;
        else if (*s == 'm' || *s == 'M')
            month = true;
        else if (*s == 'h' || *s == 'H' || *s == 's' || *s == 'S')
            clock = true;
    }
    if (month && !clock) day = true;
    return (struct sheet_style){day && clock ? LOOK_DATETIME
                                : day        ? LOOK_DATE
                                : clock      ? LOOK_TIME
                                             : LOOK_GENERAL,
                                0};
}

static void put_plain(struct buf *out, double d) {
    char text[64];
    if (fabs(d) >= 1e15) {
        snprintf(text, sizeof text, "%.14E", d);
        buf_puts(out, text);
        return;
    }
    snprintf(text, sizeof text, "%.15g", d);
    if (strchr(text, 'e')) { // tiny
        snprintf(text, sizeof text, "%.20f", d);
        size_t n = strlen(text);
        while (text[n - 1] == '0') n--;
        text[text[n - 1] == '.' ? n - 1 : n] = 0;
    }
    buf_puts(out, !strcmp(text, "-0") ? "0" : text);
}

// Days since 1970 of a serial; day 60 of the 1900 calendar is a 29 February that never was.
static int64_t days_of(double whole, bool since_1904) {
    if (since_1904) return (int64_t)whole - 24107;
    return (int64_t)whole - 25569 + (whole < 60);
}

void sheet_put_number(struct buf *out, const char *raw, struct sheet_style style, bool since_1904) {
    char *end, date[11];
    double d = strtod(raw, &end);
    if (end == raw || *end || !isfinite(d)) {
        buf_puts(out, raw);
        return;
    }
    if (style.look == LOOK_ZEROS && d >= 0 && d < 1e15 && d == floor(d)) {
        buf_printf(out, "%0*.0f", style.zeros, d);
        return;
    }
    if (style.look == LOOK_GENERAL || style.look == LOOK_ZEROS || d < 0 || d >= 2958466) {
        put_plain(out, d);
        return;
    }
    double whole = floor(d);
    int seconds = (int)floor((d - whole) * 86400 + 0.5);
    if (seconds == 86400) whole++, seconds = 0;
    if (style.look == LOOK_TIME && !whole) {
        buf_printf(out, "%02d:%02d", seconds / 3600, seconds / 60 % 60);
        if (seconds % 60) buf_printf(out, ":%02d", seconds % 60);
        return;
    }
    text_from_days(date, days_of(whole, since_1904));
    buf_puts(out, date);
    if (style.look != LOOK_DATE && seconds)
        buf_printf(out, "T%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
}
