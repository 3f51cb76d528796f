// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// ctx:get, find, create, update, transition, document, post, file_text, report, emit, send,
// opt_out, now, actor, log, t.
#include "campus/services.h"

#include <string.h>
#include "campus/clock.h"
#include "campus/document.h"
#include "campus/file.h"
#include "campus/ledger.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "campus/outbox.h"
#include "campus/text.h"
#include "campus/yaml.h"
#include "gate/gate_internal.h"

struct ask {
    struct services *s;
    struct gate gate; // the caller's, with this call's problem
    json_t *args;
    struct buf *out;
};

static const char *text_arg(struct ask *a, size_t i) {
    return json_string_value(json_array_get(a->args, i));
}

static enum err misuse(struct ask *a, const char *what) {
    return problem_set(a->gate.store.problem, ERR_USAGE, "%s", what);
}

// "applicants" is the plugin's own; "admissions.applicants" must be among its needs.
static enum err entity_arg(struct ask *a, const struct entity **out) {
    const struct plugin *pl = a->s->plugin;
    const struct schema *schema = a->gate.release->schema;
    const char *name = text_arg(a, 0);
    if (!name) return misuse(a, "the first argument names an entity");
    *out = strchr(name, '.') ? schema_entity_full(schema, name, strlen(name))
                             : schema_entity(schema, pl->name, name);
    if (!*out) return misuse(a, "there is no such entity");
    return plugin_reaches(pl, *out)
               ? ERR_OK
               : misuse(a, "the plugin does not declare that it needs this entity");
}

static enum err get(struct ask *a) {
    const struct entity *e = NULL;
    struct look none = {0};
    enum err err = entity_arg(a, &e);
    if (err || !e) return err;
    const char *id = text_arg(a, 1);
    return id ? gate_get(&a->gate, e, id, &none, a->out, NULL)
              : misuse(a, "the second argument is an id");
}

// ctx:find("applicants", { state = "registered", ["score[gte]"] = 60, sort = "name", limit = 10 })
static enum err find(struct ask *a) {
    struct arena *arena = a->gate.store.arena;
    const struct entity *e = NULL;
    enum err err = entity_arg(a, &e);
    if (err || !e) return err;
    const json_t *filters = json_array_get(a->args, 1);
    struct param *params = arena_alloc(arena, sizeof *params * (json_object_size(filters) + 1));
    int n = 0;
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)filters, key, v) {
        struct buf b;
        buf_init(&b, arena);
        if (json_is_string(v))
            buf_puts(&b, json_string_value(v));
        else
            json_dom(&b, v);
        int at = n++; // Lua keeps no order, and a cursor belongs to the question as it was asked
        for (; at && strcmp(params[at - 1].name, key) > 0; at--) params[at] = params[at - 1];
        params[at] = (struct param){key, buf_str(&b)};
    }
    struct query q;
    err = query_parse(arena, a->gate.store.keyring, e, QUERY_LIST, params, n, &q,
                      a->gate.store.problem);
    return err ? err : gate_list(&a->gate, e, &q, a->out);
}

static enum err create(struct ask *a) {
    const struct entity *e = NULL;
    struct input in;
    enum err err = entity_arg(a, &e);
    if (!err)
        err =
            input_parse(a->gate.store.arena, e, json_array_get(a->args, 1), true, a->gate.actor->id,
                        a->gate.now, a->gate.today, &in, a->gate.store.problem);
    return err ? err : gate_create(&a->gate, e, &in, a->out, NULL);
}

static enum err update(struct ask *a) {
    const struct entity *e = NULL;
    enum err err = entity_arg(a, &e);
    if (err || !e) return err;
    const json_t *fields = json_array_get(a->args, 2);
    if (!text_arg(a, 1) || !json_is_object(fields))
        return misuse(a, "update takes an entity, an id and fields");
    return gate_update(&a->gate, e, text_arg(a, 1), -1, fields, a->out, NULL);
}

static enum err transition(struct ask *a) {
    const struct entity *e = NULL;
    enum err err = entity_arg(a, &e);
    if (err || !e) return err;
    const char *id = text_arg(a, 1), *name = text_arg(a, 2);
    const json_t *fields = json_array_get(a->args, 3);
    const struct transition *t = name && e->workflow ? entity_transition(e, name) : NULL;
    if (!id || !t)
        return misuse(a, "transition takes an entity, an id and the name of a transition");
    struct ruling ruling = {.transition = t};
    if (t->rule_decl) {
        err = gate_prepare(&a->gate, e, id, t, fields, &ruling);
        if (!err && !ruling.needless)
            err = pool_rule(a->gate.release->pool, &ruling.call, a->gate.store.arena,
                            &ruling.decision, a->gate.store.problem);
        if (err == ERR_PLUGIN_BUDGET || err == ERR_PLUGIN_FAILED || err == ERR_UNAVAILABLE)
            return err;
        problem_init(a->gate.store.problem,
                     a->gate.store.arena); // a refusal is found again, on record
    }
    return gate_transition(&a->gate, e, id, -1, fields, &ruling, a->out, NULL);
}

// ctx:document("notice", "applicants", id, { purpose = …, replaces = … }): issues one
static enum err document(struct ask *a) {
    const struct plugin *pl = a->s->plugin;
    const char *name = text_arg(a, 0), *entity = text_arg(a, 1), *id = text_arg(a, 2);
    const json_t *more = json_array_get(a->args, 3);
    struct document_draft d = {.decl = document_find(pl, name ? name : ""),
                               .record = id,
                               .lang = a->gate.release->language,
                               .purpose = json_string_value(json_object_get(more, "purpose"))};
    bool stale;
    if (!d.decl || !entity || !id || strcmp(d.decl->entity->name, entity))
        return misuse(a, "document takes a document of the plugin, its entity and an id");
    enum err e = document_read(&a->gate, &d);
    return e ? e
             : document_issue(&a->gate, &d, json_string_value(json_object_get(more, "replaces")),
                              a->out, NULL, &stale);
}

// ctx:post("journal", { entries = { { account = …, amount = … }, … }, source = { "claims", id } })
static enum err post(struct ask *a) {
    const struct entity *e = NULL, *about = NULL;
    const json_t *body = json_array_get(a->args, 1), *source = json_object_get(body, "source");
    const char *id = json_string_value(json_array_get(source, 1)), *object = NULL;
    struct record r;
    struct verdict v;
    enum err err = entity_arg(a, &e);
    if (err || !e) return err;
    if (!e->ledger || !json_is_object(body)) return misuse(a, "post takes a ledger and a table");
    if (source) {
        struct ask inner = *a;
        inner.args = (json_t *)source;
        err = entity_arg(&inner, &about);
        if (!err && !id) err = misuse(a, "source is { \"entity\", id }");
        if (!err) err = gate_find(&a->gate, about, id, "post", &r, &v);
        if (err) return err;
        object = gate_object(&a->gate, about, id);
    }
    return ledger_post(&a->gate, e, body, object, a->out);
}

// ctx:file_text(id): what stands in a text that the caller may read, such as the XML of an invoice
static enum err file_text(struct ask *a) {
    enum { MOST = 65536 };
    struct store *s = &a->gate.store;
    struct file_row row;
    struct file_reader *reader;
    uint8_t key[FILE_KEY];
    const char *id = text_arg(a, 0), *name;
    char *text = arena_alloc(s->arena, MOST + 1);
    size_t n = 0;
    int fd;
    if (!id || !a->s->files) return misuse(a, "file_text takes a file's id, in an action");
    enum err e = gate_file(&a->gate, id, true, "file_text", &row);
    if (e) return e;
    bool plain = !strcmp(row.type, "xml") || !strcmp(row.type, "csv") || !strcmp(row.type, "txt");
    if (!plain || row.size > MOST)
        return problem_set(s->problem, plain ? ERR_TOO_LARGE : ERR_UNSUPPORTED,
                           "a text of at most %d bytes: xml, csv or txt", MOST);
    e = file_unwrap(s, &row, key, &name);
    if (!e) e = file_open(s->db, a->s->files, &row, &fd, s->problem);
    if (!e) e = file_reader_open(s->arena, fd, key, &reader);
    explicit_bzero(key, sizeof key);
    while (!e && n < MOST) {
        ssize_t got = file_read(reader, text + n, MOST - n);
        if (got < 0) e = ERR_CORRUPT;
        if (got <= 0) break;
        n += (size_t)got;
    }
    if (!e && !text_is_utf8(text, n)) e = ERR_UNSUPPORTED;
    if (e) return problem_set(s->problem, e, "the file cannot be read as text");
    json_text(a->out, text, n);
    return ERR_OK;
}

// ctx:report("by_kind"): a kept one, as the caller may see it; others would hold up the lane
static enum err report(struct ask *a) {
    const char *name = text_arg(a, 0);
    const struct plugin *pl = a->s->plugin;
    const struct report_decl *rep = NULL;
    for (int i = 0; name && i < pl->nreports; i++)
        if (!strcmp(pl->reports[i].name, name)) rep = &pl->reports[i];
    struct query none = {.entity = rep ? rep->entity : NULL, .page = {.blind_field = -1}};
    none.page.where = cond_new(a->gate.store.arena, COND_TRUE);
    if (!rep || !gate_report_is_kept(&a->gate, rep, &none))
        return misuse(
            a, "report takes a kept report of the plugin whose records the caller sees whole");
    return gate_report(&a->gate, rep, &none, REPORT_JSON, a->out);
}

// ctx:emit("reminded", "applicants", id): an event of the plugin's own, about a record the caller
// sees
static enum err emit(struct ask *a) {
    const char *word = text_arg(a, 0), *name = text_arg(a, 1), *id = text_arg(a, 2);
    const struct plugin *pl = a->s->plugin;
    const struct entity *e = name ? schema_entity(a->gate.release->schema, pl->name, name) : NULL;
    if (!word || !text_is_name(word) || !e || !id)
        return misuse(a, "emit takes a word, an entity of the plugin and an id");
    struct record r;
    struct verdict v;
    enum err err = gate_find(&a->gate, e, id, "emit", &r, &v);
    return err ? err : gate_publish(&a->gate, &r, word);
}

// ctx:send("notice_sent", "applicants", id, { link = … }), or ctx:send("summary", { count = 5 })
static enum err send_message(struct ask *a) {
    const struct plugin *pl = a->s->plugin;
    const struct message_decl *m = plugin_message(pl, text_arg(a, 0));
    const char *id = text_arg(a, 2);
    const json_t *extra = json_array_get(a->args, m && m->entity ? 3 : 1);
    if (!m) return misuse(a, "the plugin has no such message");
    if (m->entity) {
        const char *entity = text_arg(a, 1);
        if (!entity || strcmp(entity, m->entity->name) || !id)
            return misuse(a, "send takes the message, the entity it is about, an id and extras");
    } else
        id = NULL;
    if (extra && json_object_size(extra) == 0) extra = NULL;
    if (extra && !json_is_object(extra)) return misuse(a, "the extras are a table of names");
    return gate_send(&a->gate, pl, m, id, extra, a->out);
}

// ctx:opt_out("deliveries", id, "news"): whom the record is about wants to hear no more of that;
// with false they do again
static enum err opt_out(struct ask *a) {
    const struct entity *e = NULL;
    const char *id = text_arg(a, 1), *topic = text_arg(a, 2);
    const json_t *out = json_array_get(a->args, 3);
    enum err err = entity_arg(a, &e);
    if (err || !e) return err;
    if (!id || !topic || !text_is_name(topic) || (out && !json_is_boolean(out)))
        return misuse(a, "opt_out takes an entity, an id, a topic, and false to take it back");
    return gate_optout(&a->gate, e, id, topic, !json_is_false(out));
}

static enum err now(struct ask *a) {
    buf_puts(a->out, "{\"today\":");
    json_cstr(a->out, a->gate.today);
    json_kv_time(a->out, "time", a->gate.now);
    buf_putc(a->out, '}');
    return ERR_OK;
}

static enum err actor(struct ask *a) {
    const struct access *x = a->gate.release->access;
    const struct actor *who = a->gate.actor;
    buf_puts(a->out, "{\"id\":");
    json_cstr(a->out, who->id);
    json_kv_str(a->out, "name", who->name);
    if (who->campus) json_kv_str(a->out, "campus", who->campus);
    json_key(a->out, "roles"), buf_putc(a->out, '[');
    for (int i = 0; i < access_role_count(x); i++)
        if (fieldset_has(&who->roles, i))
            json_sep(a->out), json_cstr(a->out, access_role_name(x, i));
    buf_puts(a->out, "]}");
    return ERR_OK;
}

static enum err log_line(struct ask *a) {
    const char *text = text_arg(a, 0);
    if (!text) return misuse(a, "log takes a text");
    log_info("plugin", "%s: %.300s", a->s->plugin->name, text);
    return ERR_OK;
}

// ctx:t("greeting", { name = … }): plugins/NAME/locale/LANG.yaml, `messages:`
static enum err translate(struct ask *a) {
    const struct release *r = a->gate.release;
    const struct plugin *pl = a->s->plugin;
    const char *key = text_arg(a, 0);
    if (!key) return misuse(a, "t takes the key of a message");
    const char *s = yaml_str(
        yaml_get(r->locales[a->gate.lang][pl - r->schema->plugins], "messages"), key, NULL);
    if (!s) return misuse(a, "there is no such message in the locale");
    struct buf b;
    buf_init(&b, a->gate.store.arena);
    while (*s) {
        const char *end = *s == '{' ? strchr(s, '}') : NULL;
        const json_t *v =
            end ? json_object_get(json_array_get(a->args, 1),
                                  arena_strndup(a->gate.store.arena, s + 1, (size_t)(end - s - 1)))
                : NULL;
        if (!v) {
            buf_putc(&b, *s++);
            continue;
        }
        if (json_is_string(v))
            buf_puts(&b, json_string_value(v));
        else
            json_dom(&b, v);
        s = end + 1;
    }
    json_text(a->out, b.data, b.len);
    return ERR_OK;
}

static const struct {
    const char *name;
    enum err (*fn)(struct ask *a);
} CALLS[] = {{"get", get},
             {"find", find},
             {"create", create},
             {"update", update},
             {"transition", transition},
             {"document", document},
             {"post", post},
             {"file_text", file_text},
             {"report", report},
             {"emit", emit},
             {"send", send_message},
             {"opt_out", opt_out},
             {"now", now},
             {"actor", actor},
             {"log", log_line},
             {"t", translate}};

static enum err serve(void *self, struct arena *arena, const char *name, const char *args_json,
                      size_t n, struct buf *out, struct problem *p) {
    struct services *s = self;
    struct ask a = {.s = s, .gate = *s->gate, .out = out};
    a.gate.store.problem = p;
    a.gate.store.arena = arena;
    a.gate.nested = true; // one of several acts: a refusal undoes it alone
    a.gate.notes = NULL;
    if (++s->calls > SERVICES_CALLS_MAX)
        return problem_set(p, ERR_USAGE, "more than %d calls", SERVICES_CALLS_MAX);
    enum err e = json_parse(arena, args_json, n, &a.args, p);
    for (size_t i = 0; !e && i < sizeof CALLS / sizeof *CALLS; i++)
        if (!strcmp(CALLS[i].name, name)) return CALLS[i].fn(&a);
    return e ? e : misuse(&a, "there is no such call");
}

struct host_services services_of(struct services *s) {
    return (struct host_services){s, serve};
}
