// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// /public/PLUGIN/FORM: forms that need no account. Whoever asks acts as `public`, with what
// access.yaml gives to the role of that name and never more, signed in or not. What was sent is
// found again by the code that its sender was given; files are sent for it one by one.
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include "campus/file.h"
#include "campus/limits.h"
#include "campus/mem.h"
#include "http/api.h"
#include "http/app_internal.h"
#include "http/visible.h"

// How often a device or an address asked within the hour. A full table forgets who asked longest
// ago.
enum { SEEN = 8192, PROBES = 16, HOUR_MS = 3600000, DEVICE_LEN = 32 };
static struct {
    pthread_mutex_t mutex;
    bool keyed;
    uint8_t key[crypto_shorthash_KEYBYTES];
    struct seen {
        uint64_t who;
        int64_t since;
        int count;
    } seen[SEEN];
} asked = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static bool may_ask(const char *kind, const char *who, int limit, int64_t now, int *retry_s) {
    uint8_t hash[crypto_shorthash_BYTES];
    char text[128];
    uint64_t h;
    int n = snprintf(text, sizeof text, "%s %s", kind, who);
    pthread_mutex_lock(&asked.mutex);
    if (!asked.keyed) randombytes_buf(asked.key, sizeof asked.key), asked.keyed = true;
    crypto_shorthash(hash, (const uint8_t *)text,
                     n < (int)sizeof text ? (size_t)n : sizeof text - 1, asked.key);
    memcpy(&h, hash, sizeof h);
    struct seen *at = NULL;
    for (int i = 0; i < PROBES; i++) {
        struct seen *s = &asked.seen[(h + (uint64_t)i) % SEEN];
        if (s->who == h) {
            at = s;
            break;
        }
        if (!at || s->since < at->since) at = s;
    }
    if (at->who != h || now - at->since >= HOUR_MS || now < at->since)
        *at = (struct seen){h, now, 0};
    bool ok = at->count < limit;
    if (ok) at->count++;
    *retry_s = (int)((at->since + HOUR_MS - now) / 1000) + 1;
    pthread_mutex_unlock(&asked.mutex);
    return ok;
}

// The device is known by a cookie that says nothing else; one without it counts by its address.
static const char *device_of(struct http_request *http) {
    const char *c = http_cookie(http, "campusd_device");
    bool fine = c && strlen(c) == DEVICE_LEN && strspn(c, "0123456789abcdef") == DEVICE_LEN;
    return fine ? c : NULL;
}

static bool may_send_file(struct http_request *http, int *retry_s) {
    const char *d = device_of(http);
    int64_t now = clock_now_ms();
    return (!d || may_ask("files of", d, LIMIT_PUBLIC_FILES_DEVICE, now, retry_s)) &&
           may_ask("files", http->client, LIMIT_PUBLIC_FILES_SOURCE, now, retry_s);
}

static enum err drop(void *self, const char *p, size_t n) {
    (void)self, (void)p, (void)n;
    return ERR_OK;
}

// A file, PLUGIN/FORM/CODE/FIELD, is counted before anything of it is written down.
size_t public_admit(struct app *app, struct http_request *http) {
    int slashes = 0, retry;
    for (const char *s = http->path; *s; s++) slashes += *s == '/';
    if (slashes != 5 || strcmp(http->method, "POST") || !app_is_ready(app)) return LIMIT_BODY_BYTES;
    if (may_send_file(http, &retry)) return files_take(app, http, LIMIT_PUBLIC_FILE_BYTES);
    http->take = drop;
    return LIMIT_PUBLIC_FILE_BYTES;
}

static const char *device(struct request *rq) {
    const char *c = device_of(rq->http);
    if (c) return c;
    uint8_t raw[DEVICE_LEN / 2];
    char hex[DEVICE_LEN + 1];
    randombytes_buf(raw, sizeof raw);
    sodium_bin2hex(hex, sizeof hex, raw, sizeof raw);
    http_add_header(rq->http, "Set-Cookie",
                    arena_printf(rq->arena,
                                 "campusd_device=%s; Path=/public/; Max-Age=31536000; HttpOnly; "
                                 "SameSite=Lax",
                                 hex));
    return NULL;
}

// A code that answers once needs no count of devices, and leaves no cookie on one; only who guesses
// codes is counted, for a whole school may answer from one address in one hour.
static enum err limits(struct request *rq, const struct public_form *f) {
    bool sends = !strcmp(rq->http->method, "POST") && rq->npath < 4;
    if (f && f->into) return ERR_OK;
    const char *d = device(rq);
    int retry;
    bool ok = may_ask("source", rq->http->client, LIMIT_PUBLIC_SOURCE, rq->gate.now, &retry);
    if (ok && sends && d) ok = may_ask("device", d, LIMIT_PUBLIC_DEVICE, rq->gate.now, &retry);
    if (ok) return ERR_OK;
    rq->retry_s = retry;
    return problem_set(&rq->problem, ERR_RATE, NULL);
}

static const struct actor *public_actor(struct request *rq) {
    const struct access *x = rq->release->access;
    struct actor *who = arena_alloc(rq->arena, sizeof *who);
    *who = (struct actor){.id = "public", .name = "public", .session = ""};
    fieldset_add(&who->roles, 0); // what everyone is denied, it is denied too
    int role = access_role(x, "public");
    if (role >= 0) access_role_closure(x, role, &who->roles);
    return who;
}

// The one record of this code that the public may read, or ERR_NOT_FOUND.
static enum err by_code(struct request *rq, const struct entity *e, const struct field *f,
                        const char *code, const char **id) {
    struct param params[] = {{f->name, code}, {"fields", f->name}, {"limit", "1"}};
    struct query q;
    struct buf b;
    json_t *list;
    struct problem quiet;
    buf_init(&b, rq->arena);
    problem_init(&quiet, rq->arena);
    enum err err =
        query_parse(rq->arena, app_keyring(rq->app), e, QUERY_LIST, params, 3, &q, &quiet);
    if (err) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    err = gate_list(&rq->gate, e, &q, &b);
    if (err) return err;
    err = json_parse(rq->arena, b.data, b.len, &list, &rq->problem);
    if (err) return err;
    *id =
        json_string_value(json_object_get(json_array_get(json_object_get(list, "items"), 0), "id"));
    return *id ? ERR_OK : problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
}

// The same for a form that goes by codes which its answers were given.
static enum err by_link(struct request *rq, const struct public_form *f, const char *code,
                        const char **id) {
    enum err e = by_code(rq, f->entity, f->code, code, id);
    if (e != ERR_NOT_FOUND ||
        may_ask("source", rq->http->client, LIMIT_PUBLIC_SOURCE, rq->gate.now, &rq->retry_s))
        return e;
    problem_init(&rq->problem, rq->arena);
    return problem_set(&rq->problem, ERR_RATE, NULL);
}

struct sent {
    const struct public_form *form;
    struct input input;
    const json_t *body; // what of it the form asks for
    const char *id, *code;
    const char *key; // Idempotency-Key
    uint8_t hash[16];
};

static enum err answer_code(struct request *rq, const struct sent *s) {
    rq->status = 201;
    buf_putc(&rq->out, '{');
    json_key(&rq->out, "code");
    if (s->code)
        json_cstr(&rq->out, s->code);
    else
        buf_puts(&rq->out, "null");
    buf_putc(&rq->out, '}');
    return ERR_OK;
}

static enum err create_on_lane(struct request *rq) {
    struct sent *s = rq->state;
    const struct public_form *f = s->form;
    const struct value *v = f->code ? &s->input.values[f->code->index] : NULL;
    const char *id;
    struct idem seen = {0};
    enum err e = s->key ? idem_find(&rq->gate.store, "public", s->key, s->hash, rq->gate.now, &seen)
                        : ERR_OK;
    if (!e && seen.mismatch) e = problem_set(&rq->problem, ERR_IDEMPOTENCY, NULL);
    if (!e && !seen.found) {
        e = gate_create(&rq->gate, f->entity, &s->input, NULL, &id);
        if (!e && s->key)
            e = idem_put(&rq->gate.store, "public", s->key, s->hash, 201, f->entity->full, id,
                         rq->gate.now);
    }
    if (e) return e;
    if (seen.found) http_add_header(rq->http, "Idempotent-Replayed", "true");
    if (v && v->kind == VALUE_TEXT) s->code = arena_strndup(rq->arena, v->p, v->n);
    return answer_code(rq, s);
}

// A request that is sent again is answered with the code of the first, which nobody but who sent it
// may read: so the code of one with a key comes from the key and what was sent, by a secret of
// ours.
static enum err code_of(struct request *rq, struct sent *s) {
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const struct field *f = s->form->code;
    uint8_t secret[32], h[16];
    crypto_generichash_state g;
    enum err e = request_idem(rq, &s->key, s->hash);
    if (e || !s->key || !f || !f->preset_var || strcmp(f->preset_var, "$code")) return e;
    e = keyring_derive(app_keyring(rq->app), "public code", secret);
    if (e) return e;
    crypto_generichash_init(&g, secret, sizeof secret, sizeof h);
    crypto_generichash_update(&g, s->hash, sizeof s->hash);
    crypto_generichash_update(&g, (const uint8_t *)s->key, strlen(s->key));
    crypto_generichash_final(&g, h, sizeof h);
    sodium_memzero(secret, sizeof secret);
    char *code = arena_alloc(rq->arena, sizeof h);
    for (size_t i = 0; i < sizeof h; i++) code[i] = letters[h[i] & 31];
    s->input.values[f->index] = value_textn(code, sizeof h);
    return ERR_OK;
}

static enum err move_on_lane(struct request *rq) {
    struct sent *s = rq->state;
    struct ruling ruling = {.transition = s->form->transition};
    struct buf unused;
    int64_t rev;
    buf_init(&unused, rq->arena);
    enum err e =
        gate_transition(&rq->gate, s->form->entity, s->id, -1, s->body, &ruling, &unused, &rev);
    if (e) return e;
    const struct transition *t = s->form->transition;
    buf_putc(&rq->out, '{');
    json_kv_str(&rq->out, "state", s->form->entity->workflow->states[t->to].name);
    buf_putc(&rq->out, '}');
    return ERR_OK;
}

static enum err answer_on_lane(struct request *rq) {
    struct sent *s = rq->state;
    enum err e = gate_answer_form(&rq->gate, s->form, s->id, s->body);
    if (!e) buf_puts(&rq->out, "{\"state\":\"used\"}");
    return e;
}

// Only what the form asks for; a code in the place of a record becomes the record's id.
static enum err fill(struct request *rq, const struct public_form *f, const json_t *sent,
                     json_t *into) {
    const char *key;
    json_t *v;
    enum err e = ERR_OK;
    bool agrees = f->consent.zh || f->consent.en;
    if (agrees && !json_is_true(json_object_get(sent, "consent")))
        e = problem_add(&rq->problem, ERR_INVALID, "/consent", "consent",
                        "what is written there must be agreed to");
    json_object_foreach((json_t *)sent, key, v) {
        int i = 0;
        const char *at = arena_printf(rq->arena, "/%s", key), *id = NULL;
        if (f->transition && !strcmp(key, "code")) continue;
        if (agrees && !strcmp(key, "consent")) continue;
        while (i < f->nfields && strcmp(f->fields[i]->name, key)) i++;
        if (i == f->nfields)
            e = problem_add(&rq->problem, ERR_INVALID, at, "unknown_field",
                            "the form does not ask for this");
        else if (!f->via[i] || json_is_null(v))
            json_object_set(into, key, v);
        else if (!json_is_string(v) ||
                 by_code(rq, f->fields[i]->target, f->via[i], json_string_value(v), &id)) {
            problem_init(&rq->problem, rq->arena);
            return problem_add(&rq->problem, ERR_INVALID, at, "unknown_code",
                               "there is no such code");
        } else
            json_object_set_new(into, key, json_string(id));
    }
    return e;
}

static enum err send(struct request *rq, const struct public_form *f) {
    const json_t *body;
    struct sent *s = rq->state = arena_alloc(rq->arena, sizeof *s);
    s->form = f;
    json_t *in = NULL, *v;
    const char *key;
    enum err e = request_body(rq, &body);
    if (!e) e = json_parse(rq->arena, "{}", 2, &in, &rq->problem);
    if (!e) e = fill(rq, f, body, in);
    s->body = in;
    rq->own_savepoint = true;
    if (!e && f->transition) {
        const char *code = json_string_value(json_object_get(body, "code"));
        e = code ? (f->into ? by_link(rq, f, code, &s->id)
                            : by_code(rq, f->entity, f->code, code, &s->id))
                 : problem_add(&rq->problem, ERR_INVALID, "/code", "required", "is required");
        if (!e && f->into)
            e = input_parse(rq->arena, f->into, in, true, "", rq->gate.now, rq->gate.today,
                            &s->input, &rq->problem);
    } else if (!e) {
        json_object_foreach((json_t *)f->set, key, v)
            json_object_set_new(in, key, json_deep_copy(v));
        e = input_parse(rq->arena, f->entity, in, true, rq->gate.actor->id, rq->gate.now,
                        rq->gate.today, &s->input, &rq->problem);
        if (!e) e = code_of(rq, s);
    }
    return e ? e
             : request_move(rq, ON_LANE,
                            f->into         ? answer_on_lane
                            : f->transition ? move_on_lane
                                            : create_on_lane);
}

static void title_json(struct buf *b, const char *key, const struct title *t) {
    json_key(b, key), buf_putc(b, '{');
    json_kv_str(b, "zh", t->zh);
    json_kv_str(b, "en", t->en);
    buf_putc(b, '}');
}

static const char *kind_of(const struct public_form *f) {
    return f->into         ? "answer"
           : f->shows      ? "shows"
           : f->files      ? "files"
           : f->transition ? "step"
                           : "record";
}

// Is `o` another form of the plugin for what f is about, found by the same code?
static bool goes_with(const struct public_form *o, const struct public_form *f) {
    return o != f && f->code && o->code == f->code;
}

// What the form asks for, and which others go with it, for whoever draws it.
static enum err describe(struct request *rq, const struct plugin *pl, const struct public_form *f) {
    struct buf *b = &rq->out;
    buf_putc(b, '{');
    title_json(b, "title", &f->title);
    json_kv_str(b, "kind", kind_of(f));
    json_kv_str(b, "school", app_config(rq->app)->school.name);
    json_kv_str(b, "timezone", app_config(rq->app)->school.timezone);
    if (f->consent.zh || f->consent.en) title_json(b, "consent", &f->consent);
    json_key(b, "fields"), buf_putc(b, '[');
    for (int i = 0; i < f->nfields; i++) meta_field_json(rq, NULL, f->fields[i], NULL);
    buf_puts(b, "]");
    json_key(b, "others"), buf_putc(b, '[');
    for (const struct public_form *o = pl->forms; o < pl->forms + pl->nforms; o++) {
        if (!goes_with(o, f)) continue;
        json_sep(b), buf_putc(b, '{');
        json_kv_str(b, "name", o->name);
        json_kv_str(b, "kind", kind_of(o));
        title_json(b, "title", &o->title);
        buf_putc(b, '}');
    }
    buf_puts(b, "]}");
    return ERR_OK;
}

// May this form be used for the record now: in its state, and as access.yaml says?
static enum err is_open(struct request *rq, const struct public_form *o, const char *id, int state,
                        bool *open) {
    struct buf why;
    json_t *j;
    *open = false;
    if (o->transition ? state < 0 || !(o->transition->from >> state & 1) : !o->files) return ERR_OK;
    buf_init(&why, rq->arena);
    enum err e = gate_explain(&rq->gate, rq->gate.actor, o->entity,
                              o->transition ? o->transition->name : "update", id, &why);
    if (!e) e = json_parse(rq->arena, why.data, why.len, &j, &rq->problem);
    if (!e) *open = json_is_true(json_object_get(j, "allowed"));
    return e;
}

// Where it stands, in words, and which forms are its sender's to use now.
static enum err show_state(struct request *rq, const struct plugin *pl, const struct public_form *f,
                           const char *id, const char *state) {
    struct buf *b = &rq->out;
    int s = state ? entity_state(f->entity, state) : -1;
    if (s < 0) return ERR_OK;
    const struct title *next = f->next ? &f->next[s] : NULL;
    json_kv_str(b, "state", state);
    title_json(b, "state_title", &f->entity->workflow->states[s].title);
    if (next && (next->zh || next->en)) title_json(b, "next", next);
    json_key(b, "open"), buf_putc(b, '[');
    for (const struct public_form *o = pl->forms; o < pl->forms + pl->nforms; o++) {
        bool open = false;
        enum err e = goes_with(o, f) ? is_open(rq, o, id, s, &open) : ERR_OK;
        if (e) return e;
        if (open) json_sep(b), json_cstr(b, o->name);
    }
    buf_putc(b, ']');
    return ERR_OK;
}

static enum err show_link(struct request *rq, const struct public_form *f) {
    const char *id = NULL;
    enum err e = by_link(rq, f, rq->path[2], &id);
    if (!e) e = gate_form_state(&rq->gate, f, id, &rq->out);
    return e ? e : request_finish(rq);
}

static enum err show(struct request *rq, const struct plugin *pl, const struct public_form *f) {
    const struct entity *e = f->entity;
    struct look look = {.has_fields = true};
    struct buf b, *out = &rq->out;
    const char *id = NULL;
    json_t *record;
    int64_t rev;
    for (int i = 0; i < f->nfields; i++) fieldset_add(&look.fields, f->fields[i]->index);
    buf_init(&b, rq->arena);
    enum err err = by_code(rq, e, f->code, rq->path[2], &id);
    if (!err) err = gate_get(&rq->gate, e, id, &look, &b, &rev);
    if (!err) err = json_parse(rq->arena, b.data, b.len, &record, &rq->problem);
    if (err) return err;
    buf_putc(out, '{');
    const char *state = json_string_value(json_object_get(record, "state"));
    if (f->shows_state) err = show_state(rq, pl, f, id, state);
    if (err) return err;
    for (int i = 0; i < f->nfields; i++) {
        const struct field *one = f->fields[i];
        const json_t *v = json_object_get(record, one->name);
        if (v && one->type == FIELD_FILE) // that it is there, no more
            json_kv_bool(out, one->name, !json_is_null(v));
        else if (v)
            json_key(out, one->name), json_dom(out, v);
    }
    buf_putc(out, '}');
    return request_finish(rq);
}

// Files. One is attached as it comes in, in the place of the one before: none waits for a form.
struct handing {
    const struct public_form *form;
    const struct field *field;
    const char *id;
};

static enum err attach(struct request *rq, void *self, const struct file_made *made,
                       const char *name) {
    struct handing *h = self;
    struct buf *b = &rq->out;
    json_t *body;
    const char *text = arena_printf(rq->arena, "{\"%s\":\"%s\"}", h->field->name, made->id);
    enum err e = json_parse(rq->arena, text, strlen(text), &body, &rq->problem);
    if (!e) e = gate_update(&rq->gate, h->form->entity, h->id, -1, body, NULL, NULL);
    if (e) return e;
    buf_putc(b, '{');
    json_kv_str(b, "field", h->field->name);
    json_kv_str(b, "name", name);
    json_kv_str(b, "type", file_media_type(made->type));
    json_kv_int(b, "size", (int64_t)made->size);
    buf_putc(b, '}');
    return ERR_OK;
}

static enum err take_file(struct request *rq, const struct public_form *f) {
    struct handing *h = arena_alloc(rq->arena, sizeof *h);
    int64_t sent = 0;
    int i = 0;
    while (i < f->nfields && strcmp(f->fields[i]->name, rq->path[3])) i++;
    if (i == f->nfields) return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    *h = (struct handing){.form = f, .field = f->fields[i]};
    if (!rq->http->taker && !may_send_file(rq->http, &rq->retry_s))
        return problem_set(&rq->problem, ERR_RATE, NULL);
    enum err e = by_code(rq, f->entity, f->code, rq->path[2], &h->id);
    if (!e) e = file_of_public(&rq->gate.store, h->id, &sent);
    if (!e && sent >= LIMIT_PUBLIC_FILES)
        e = problem_add(&rq->problem, ERR_CONFLICT, NULL, "too_many_files",
                        "%d files have been sent for it; hand the others in at the school",
                        LIMIT_PUBLIC_FILES);
    return e ? e : files_upload(rq, attach, h);
}

enum err public_request(struct request *rq) {
    if (!app_is_ready(rq->app))
        return problem_set(&rq->problem, app_is_stopping(rq->app) ? ERR_UNAVAILABLE : ERR_LOCKED,
                           NULL);
    rq->gate.actor = public_actor(rq);
    const struct plugin *pl =
        rq->npath >= 2 ? schema_plugin(rq->release->schema, rq->path[0]) : NULL;
    const struct public_form *f = NULL;
    for (int i = 0; pl && i < pl->nforms; i++)
        if (!strcmp(pl->forms[i].name, rq->path[1])) f = &pl->forms[i];
    enum err e = limits(rq, f);
    if (e) return e;
    int n = rq->npath;
    bool by_its_code = f && (f->shows || f->files || f->into);
    if (!f || n > 4 || (n > 2 && !by_its_code) || (n > 3 && !f->files))
        return problem_set(&rq->problem, ERR_NOT_FOUND, NULL);
    if (!strcmp(rq->http->method, "POST") && !f->shows && n == (f->files ? 4 : 2))
        return f->files ? take_file(rq, f) : send(rq, f);
    if (strcmp(rq->http->method, "GET") || n == 4)
        return problem_set(&rq->problem, ERR_METHOD, NULL);
    return n < 3 ? describe(rq, pl, f) : f->into ? show_link(rq, f) : show(rq, pl, f);
}
