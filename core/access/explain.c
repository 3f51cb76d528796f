// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Why may or may I not: told by the evaluator's own rules; and the matrix of all of them.
#include "access/access_internal.h"
#include "campus/json.h"
#include "campus/mem.h"

static void rule_json(struct buf *b, const struct rule *r, const struct test *failed) {
    buf_putc(b, '{');
    json_kv_str(b, "name", r->name);
    json_key(b, "at"), buf_printf(b, "\"%s:%d\"", r->file, r->line);
    json_kv_str(b, "effect", r->deny ? "deny" : "allow");
    if (failed) {
        json_key(b, "failed"), buf_putc(b, '{');
        json_kv_str(b, "condition", failed->text);
        json_kv_int(b, "line", failed->line);
        buf_putc(b, '}');
    }
    buf_putc(b, '}');
}

// Whether a rule of this actor's tests a field that the asker does not see in the clear. Which rule
// decided, and which condition failed, would then tell what the field holds.
static bool tests_unseen(const struct access *x, const struct actor *actor, const struct entity *e,
                         const char *verb, const struct fieldset *clear) {
    for (const struct actor *who = actor; who; who = who->behind)
        for (const struct rule **at = x->by_entity[e->index]; *at; at++)
            for (int i = 0; rule_fits(*at, who, verb) && i < (*at)->ntests; i++) {
                const struct test *t = &(*at)->tests[i];
                if (t->of != OF_FACT && t->column >= 0 && !fieldset_has(clear, t->column))
                    return true;
            }
    return false;
}

void access_explain(const struct access *x, const struct actor *actor, const struct entity *e,
                    const char *verb, const struct record *rec, const struct fieldset *clear,
                    struct buf *b) {
    struct verdict v;
    access_decide(x, actor, e, verb, rec, &v);
    buf_putc(b, '{');
    json_kv_bool(b, "allowed", v.allowed);
    json_kv_str(b, "verb", verb);
    json_kv_str(b, "entity", e->full);
    if (tests_unseen(x, actor, e, verb, clear)) {
        json_kv_bool(b, "hidden", true);
        buf_putc(b, '}');
        return;
    }
    if (v.rule >= 0) json_key(b, "rule"), rule_json(b, &x->rules[v.rule], NULL);
    const struct rule *near = NULL;
    const struct test *failed = NULL;
    for (const struct actor *who = actor; !v.allowed && v.rule < 0 && who && !failed;
         who = who->behind)
        for (const struct rule **at = x->by_entity[e->index]; *at && !failed; at++) {
            const struct rule *r = *at;
            if (r->deny) continue;
            if (rule_fits(r, who, verb) && !rule_holds(r, who, actor, rec, &failed)) near = r;
            struct actor other = *who;
            other.roles = r->roles;
            if (!near && rule_fits(r, &other, verb)) near = r;
        }
    if (near) {
        json_key(b, "nearest"), rule_json(b, near, failed);
        json_key(b, "granted_by"), buf_putc(b, '[');
        for (int i = 0; i < x->nroles; i++)
            if (fieldset_has(&near->roles, i)) json_sep(b), json_cstr(b, x->roles[i].name);
        buf_putc(b, ']');
    }
    buf_putc(b, '}');
}

static void cell(struct buf *b, const char *s) {
    buf_putc(b, '"');
    for (; *s; s++) {
        if (*s == '"') buf_putc(b, '"');
        buf_putc(b, *s);
    }
    buf_putc(b, '"');
}

// For each role, entity, verb: may (yes, no, if) and each field's clearest view.
void access_matrix_csv(const struct access *x, const struct schema *s, struct buf *b) {
    static const char *const verbs[] = {"read",   "create", "update", "delete", "search",
                                        "reveal", "export", "import", "history"};
    static const char *const views[] = {"hidden", "masked", "clear"};
    // somebody of the role for whom every condition on the actor can hold: has a campus, groups,
    // people to supervise and each fact that is asked for
    static const char *any[] = {"*", NULL};
    const char *facts[256];
    int nfacts = 0;
    for (int i = 0; i < x->nrules; i++)
        for (int t = 0; t < x->rules[i].ntests && nfacts < 256; t++)
            if (x->rules[i].tests[t].of == OF_FACT) facts[nfacts++] = x->rules[i].tests[t].fact;
    buf_puts(b, "role,entity,verb,allowed,field,view\n");
    for (int r = 0; r < x->nroles; r++)
        for (int k = 0; k < s->nentities; k++) {
            const struct entity *e = s->entities[k];
            int nv = 9 + (e->workflow ? e->workflow->ntransitions : 0);
            for (int i = 0; i < nv; i++) {
                const char *verb = i < 9 ? verbs[i] : e->workflow->transitions[i - 9].name;
                struct actor actor = {.id = "*",
                                      .campus = "*",
                                      .roles = x->roles[r].closure,
                                      .groups = any,
                                      .ngroups = 1,
                                      .supervised = any,
                                      .nsupervised = 1,
                                      .facts = facts,
                                      .nfacts = nfacts};
                fieldset_add(&actor.roles, 0);
                struct verdict v;
                access_decide(x, &actor, e, verb, NULL, &v);
                bool conditional = false;
                for (const struct rule **at = x->by_entity[k]; *at; at++)
                    conditional |= rule_fits(*at, &actor, verb) && (*at)->ntests > 0;
                const char *may = !v.allowed ? "no" : conditional ? "if" : "yes";
                for (int f = 0; f < (v.allowed ? e->nfields : 1); f++) {
                    enum view w = fieldset_has(&v.clear, f)    ? VIEW_CLEAR
                                  : fieldset_has(&v.masked, f) ? VIEW_MASKED
                                                               : VIEW_HIDDEN;
                    cell(b, x->roles[r].name), buf_putc(b, ',');
                    cell(b, e->full),
                        buf_printf(b, ",%s,%s,%s,%s\n", verb, may,
                                   v.allowed ? e->fields[f].name : "", v.allowed ? views[w] : "");
                }
            }
        }
}
