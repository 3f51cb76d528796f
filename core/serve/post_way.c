// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// How each channel speaks. Mail: RFC 5322 with RFC 2047 words and a base64 body, so that any text
// passes any server. DingTalk and Feishu sign as their pages say. No text of an answer is kept: it
// may quote what was sent.
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include "campus/clock.h"
#include "campus/mem.h"
#include "serve/post_internal.h"

enum { B64 = sodium_base64_VARIANT_ORIGINAL, MAC = crypto_auth_hmacsha256_BYTES };
// Bytes of a robot's text: WeCom says 2,048; the others 20 KB for the whole request, escapes and
// all.
static const size_t TEXT_MAX[CHANNELS] = {0, 0, 2048, 9000, 9000};

int way_together(int channel, const struct message_due *m, int n) {
    size_t total = 0;
    if (!channel_is_group(channel)) return 1;
    for (int i = 0; i < n; i++) {
        if (m[i].gone) return i ? i : 1;
        total += strlen(m[i].text) + 1;
        if (i && total - 1 > TEXT_MAX[channel]) return i;
    }
    return n;
}

static void base64(struct buf *out, const void *p, size_t n) {
    char text[80];
    for (const uint8_t *at = p; n;) { // 57 bytes make a line of 76
        size_t k = n < 57 ? n : 57;
        sodium_bin2base64(text, sizeof text, at, k, B64);
        buf_puts(out, text), buf_puts(out, "\r\n");
        at += k, n -= k;
    }
}

// A header's text: as it is when it is plain ASCII, else in encoded words of whole characters.
static void header_text(struct buf *out, const char *s, size_t n) {
    bool plain = true;
    for (size_t i = 0; i < n; i++)
        plain = plain && s[i] >= ' ' && s[i] < 127 && !strchr("\"<>()[]:;@\\,=?", s[i]);
    if (plain && n < 60) {
        buf_put(out, s, n);
        return;
    }
    for (bool first = true; n; first = false) {
        char text[72];
        size_t k = n < 42 ? n : 42;
        while (k < n && k > 1 && ((unsigned char)s[k] & 0xc0) == 0x80) k--;
        sodium_bin2base64(text, sizeof text, (const uint8_t *)s, k, B64);
        buf_printf(out, "%s=?UTF-8?B?%s?=", first ? "" : "\r\n ", text);
        s += k, n -= k;
    }
}

// "NAME <ADDRESS>" or an address alone, from the settings.
static const char *address_in(struct arena *a, const char *from) {
    const char *open = strrchr(from, '<'), *close = open ? strchr(open, '>') : NULL;
    return close ? arena_strndup(a, open + 1, (size_t)(close - open - 1)) : from;
}

static void write_mail(struct parcel *p, const char *school) {
    const struct message_due *m = &p->messages[0];
    struct buf *b = &p->body;
    const char *from = p->config->from ? p->config->from : "campusd@localhost",
               *open = strrchr(from, '<');
    const char *address = address_in(p->arena, from);
    time_t now = (time_t)(clock_now_ms() / 1000);
    struct tm utc;
    char date[64];
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    gmtime_r(&now, &utc);
    snprintf(date, sizeof date, "%s, %d %s %d %02d:%02d:%02d +0000", days[utc.tm_wday], utc.tm_mday,
             months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    buf_puts(b, "From: ");
    if (open && open != from) {
        size_t n = (size_t)(open - from);
        while (n && from[n - 1] == ' ') n--;
        header_text(b, from, n);
        buf_putc(b, ' ');
    }
    buf_printf(b, "<%s>\r\nTo: <%s>\r\nSubject: ", address, m->to);
    header_text(b, m->title, strlen(m->title));
    buf_printf(b,
               "\r\nDate: %s\r\nMessage-ID: <%s@%s.campusd>\r\nMIME-Version: 1.0\r\n"
               "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n"
               "Auto-Submitted: auto-generated\r\n\r\n",
               date, m->id, school);
    struct buf text; // line ends as mail has them
    buf_init(&text, p->arena);
    for (const char *s = m->text; *s; s++) {
        if (*s == '\n' && (s == m->text || s[-1] != '\r')) buf_putc(&text, '\r');
        buf_putc(&text, *s);
    }
    base64(b, text.data, text.len);
}

// The inside of a JSON text.
static void escaped(struct buf *out, struct arena *a, const char *s) {
    struct buf b;
    buf_init(&b, a);
    json_cstr(&b, s);
    if (b.len >= 2) buf_put(out, b.data + 1, b.len - 2);
}

static void write_sms(struct parcel *p) {
    const struct message_due *m = &p->messages[0];
    static const char *const words[] = {"{to}", "{text}", "{id}"};
    const char *values[] = {m->to, m->text, m->id};
    for (const char *s = p->config->body; s && *s;) {
        int i = 0;
        while (i < 3 && strncmp(s, words[i], strlen(words[i])) != 0) i++;
        if (i < 3) {
            escaped(&p->body, p->arena, values[i]);
            s += strlen(words[i]);
        } else
            buf_putc(&p->body, *s++);
    }
}

static const char *group_text(struct parcel *p) {
    struct buf b;
    buf_init(&b, p->arena);
    for (int i = 0; i < p->n; i++) {
        if (i) buf_putc(&b, '\n');
        buf_puts(&b, p->messages[i].text);
    }
    if (b.len > TEXT_MAX[p->channel]) { // one text that is too long by itself
        b.len = TEXT_MAX[p->channel] - 3;
        while (b.len && ((unsigned char)b.data[b.len] & 0xc0) == 0x80) b.len--;
        buf_puts(&b, "…");
    }
    return buf_str(&b);
}

static void hmac(const char *key, const char *text, char out[48]) {
    uint8_t mac[MAC];
    crypto_auth_hmacsha256_state st;
    crypto_auth_hmacsha256_init(&st, (const uint8_t *)key, strlen(key));
    crypto_auth_hmacsha256_update(&st, (const uint8_t *)text, strlen(text));
    crypto_auth_hmacsha256_final(&st, mac);
    sodium_bin2base64(out, 48, mac, sizeof mac, B64);
    sodium_memzero(&st, sizeof st);
}

static void write_robot(struct parcel *p) {
    struct buf *b = &p->body;
    buf_putc(b, '{');
    if (p->channel == CHANNEL_FEISHU && *p->keys.secret) {
        char sign[48], key[POST_SECRET_BUF + 24], at[24];
        snprintf(at, sizeof at, "%lld", (long long)(clock_now_ms() / 1000));
        snprintf(key, sizeof key, "%s\n%s", at, p->keys.secret);
        hmac(key, "", sign);
        sodium_memzero(key, sizeof key);
        json_kv_str(b, "timestamp", at);
        json_kv_str(b, "sign", sign);
    }
    json_kv_str(b, p->channel == CHANNEL_FEISHU ? "msg_type" : "msgtype", "text");
    json_key(b, p->channel == CHANNEL_FEISHU ? "content" : "text");
    buf_putc(b, '{');
    json_kv_str(b, p->channel == CHANNEL_FEISHU ? "text" : "content", group_text(p));
    buf_puts(b, "}}");
}

bool way_write(struct parcel *p, const char *school) {
    buf_init(&p->body, p->arena);
    if (p->config->file && p->channel != CHANNEL_MAIL)
        buf_printf(&p->body, "To: %s\nTitle: %s\n\n%s\n",
                   channel_is_group(p->channel) ? message_channels[p->channel] : p->messages[0].to,
                   p->messages[0].title,
                   channel_is_group(p->channel) ? group_text(p) : p->messages[0].text);
    else if (p->channel == CHANNEL_MAIL)
        write_mail(p, school);
    else if (p->channel == CHANNEL_SMS)
        write_sms(p);
    else
        write_robot(p);
    return !p->body.failed;
}

static void escape_url(struct buf *out, const char *s) {
    for (; *s; s++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~", *s))
            buf_putc(out, *s);
        else
            buf_printf(out, "%%%02X", (unsigned char)*s);
}

static const char *url_of(struct parcel *p) {
    struct buf b;
    buf_init(&b, p->arena);
    for (const char *s = p->config->url; *s;) {
        if (!strncmp(s, "{token}", 7)) {
            escape_url(&b, p->keys.token);
            s += 7;
        } else
            buf_putc(&b, *s++);
    }
    if (p->channel == CHANNEL_DINGTALK && *p->keys.secret) {
        char text[POST_SECRET_BUF + 24], sign[48];
        long long now = clock_now_ms();
        snprintf(text, sizeof text, "%lld\n%s", now, p->keys.secret);
        hmac(p->keys.secret, text, sign);
        sodium_memzero(text, sizeof text);
        buf_printf(&b, "%ctimestamp=%lld&sign=", strchr(p->config->url, '?') ? '&' : '?', now);
        escape_url(&b, sign);
    }
    return buf_str(&b);
}

static size_t give(char *out, size_t size, size_t n, void *arg) {
    struct parcel *p = arg;
    size_t left = p->body.len - p->read, k = size * n < left ? size * n : left;
    memcpy(out, p->body.data + p->read, k);
    p->read += k;
    return k;
}

static bool prepare_mail(struct parcel *p, CURL *c) {
    bool implicit = !strncmp(p->config->url, "smtps:", 6);
    struct curl_slist *to =
        curl_slist_append(NULL, arena_printf(p->arena, "<%s>", p->messages[0].to));
    if (!to) return false;
    p->errand.rcpt = to;
    return !curl_easy_setopt(c, CURLOPT_URL, p->config->url) &&
           // without TLS only where the settings list the host
           !curl_easy_setopt(
               c, CURLOPT_USE_SSL,
               (long)(implicit || !p->errand.may_be_private ? CURLUSESSL_ALL : CURLUSESSL_TRY)) &&
           !curl_easy_setopt(
               c, CURLOPT_MAIL_FROM,
               arena_printf(p->arena, "<%s>", address_in(p->arena, p->config->from))) &&
           !curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to) &&
           (!p->config->user || (!curl_easy_setopt(c, CURLOPT_USERNAME, p->config->user) &&
                                 !curl_easy_setopt(c, CURLOPT_PASSWORD, p->keys.token))) &&
           !curl_easy_setopt(c, CURLOPT_UPLOAD, 1L) &&
           !curl_easy_setopt(c, CURLOPT_READFUNCTION, give) &&
           !curl_easy_setopt(c, CURLOPT_READDATA, p);
}

bool way_prepare(struct errand *e, CURL *c) {
    struct parcel *p = (struct parcel *)e;
    if (p->channel == CHANNEL_MAIL) return prepare_mail(p, c);
    bool good = errand_header(e, "Content-Type: application/json; charset=utf-8") &&
                errand_header(e, "Expect:");
    if (good && p->channel == CHANNEL_SMS && *p->keys.token)
        good = errand_header(e, arena_printf(p->arena, "Authorization: Bearer %s", p->keys.token));
    return good && !curl_easy_setopt(c, CURLOPT_URL, url_of(p)) &&
           !curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)p->body.len) &&
           !curl_easy_setopt(c, CURLOPT_POSTFIELDS, p->body.data);
}

// Too fast: WeCom 45009, Feishu 9499 and 11232; DingTalk 130101 and its block of ten minutes.
static void judge_robot(struct parcel *p) {
    json_t *j = NULL;
    struct problem quiet;
    problem_init(&quiet, p->arena);
    if (json_parse(p->arena, p->errand.answer, p->errand.answer_n, &j, &quiet)) j = NULL;
    const json_t *code = json_object_get(j, p->channel == CHANNEL_FEISHU ? "code" : "errcode");
    if (!code) code = json_object_get(j, "StatusCode");
    long long n = json_is_integer(code) ? json_integer_value(code) : -1;
    snprintf(p->why, sizeof p->why, code ? "errcode %lld" : "no errcode in the answer", n);
    p->outcome = code && !n ? OUTCOME_SENT : code ? OUTCOME_NEVER : OUTCOME_LATER;
    if (n == 45009 || n == 9499 || n == 11232) p->outcome = OUTCOME_HELD, p->after_s = 60;
    if (p->channel == CHANNEL_DINGTALK && n == 130101) p->outcome = OUTCOME_HELD, p->after_s = 600;
}

void way_judge(struct parcel *p, bool answered, long status, int64_t after_s, const char *why) {
    p->after_s = after_s;
    p->outcome = OUTCOME_LATER;
    if (!answered) {
        snprintf(p->why, sizeof p->why, "%s", why ? why : "no answer");
        return;
    }
    snprintf(p->why, sizeof p->why, "answered %ld", status);
    bool good = status >= 200 && status < 300;
    if (p->channel == CHANNEL_MAIL) {
        p->outcome = good ? OUTCOME_SENT : status >= 500 ? OUTCOME_NEVER : OUTCOME_LATER;
        return;
    }
    if (good && channel_is_group(p->channel))
        judge_robot(p);
    else if (good && p->config->ok && !strstr(p->errand.answer, p->config->ok))
        snprintf(p->why, sizeof p->why, "the answer does not say that it was taken");
    else if (good)
        p->outcome = OUTCOME_SENT;
    else if (status == 429 && channel_is_group(p->channel)) {
        p->outcome = OUTCOME_HELD;
        if (p->after_s < 60) p->after_s = 60;
    } else if (status >= 300 && status < 500 && status != 408 && status != 425 && status != 429)
        p->outcome = OUTCOME_NEVER;
}
