// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Signing in: what a stranger, a thief of a password and a thief of a token meet.
#include <openssl/hmac.h>
#include "campus/password.h"
#include "campus/people.h"
#include "campus/yaml.h"
#include "fixture.h"

static struct fixture *fx;
static struct access *x;
static struct session_cache *cache;
static char wang[37];
static const char TODAY[] = "2026-09-01", HOME[] = "10.0.0.7", ELSEWHERE[] = "203.0.113.9";
enum { MINUTE = 60000, HOUR = 3600000 };

static int session_setup(void **state) {
    static const char rules[] = "roles: { clerk: {}, lead: {} }\n";
    fixture_open(state);
    fx = *state;
    struct yaml *y;
    OK(fx, yaml_parse(fx->arena, "access.yaml", rules, sizeof rules - 1, &y, &fx->problem));
    OK(fx, access_compile(fx->arena, y, fx->schema, &x, &fx->problem));
    OK(fx, store_migrate(fx->db, fx->schema, people_ddl, &fx->problem));
    const char *roles[] = {"clerk"};
    struct person_new n = {
        .name = "Wang.Li", .roles = roles, .nroles = 1, .password_hash = "hash-1"};
    OK(fx, people_add(fx->db, x, &n, "p-0", NOW_MS, wang, &fx->problem));
    cache = session_cache_new();
    return 0;
}

static int session_teardown(void **state) {
    session_cache_free(cache);
    return fixture_close(state);
}

static struct account find(const char *name, const char *client, int64_t now) {
    struct account acc;
    fixture_calm(fx);
    OK(fx, account_find(fx->db, name, client, now, fx->arena, &acc, &fx->problem));
    return acc;
}

static enum err sign_in(const char *name, const char *client, bool verified, const char *code,
                        int64_t now, struct session *out) {
    struct session unused;
    struct account acc = find(name, client, now);
    return session_start(fx->db, fx->keyring, name, client, &acc, verified, code, now, fx->arena,
                         out ? out : &unused, &fx->problem);
}

static const struct actor *who(const char *token, int64_t now) {
    fixture_calm(fx);
    return session_find(cache, fx->db, x, token, strlen(token), now, TODAY, &fx->problem);
}

static void committed(void) {
    people_epoch_bump();
} // as the lane does

static void test_a_token_is_its_person_until_it_ends(void **state) {
    (void)state;
    struct session s;
    OK(fx, sign_in("wang.li", HOME, true, NULL, NOW_MS, &s));
    assert_string_equal(s.person, wang);
    assert_int_equal(strlen(s.token), TOKEN_LEN);
    const struct actor *a = who(s.token, NOW_MS);
    assert_non_null(a);
    assert_string_equal(a->id, wang);
    assert_non_null(a->session);
    assert_ptr_equal(who(s.token, NOW_MS + 1), a); // out of the cache
    char wrong[TOKEN_LEN + 1];
    memcpy(wrong, s.token, sizeof wrong);
    wrong[42] = wrong[42] == 'A' ? 'E' : 'A';
    assert_null(who(wrong, NOW_MS));
    assert_int_equal(fx->problem.code, ERR_UNAUTHENTICATED);
    assert_null(who("", NOW_MS));
    assert_null(who("short", NOW_MS));
    assert_non_null(who(s.token, s.expires_at - 1));
    assert_null(who(s.token, s.expires_at));
    OK(fx, sign_in("wang.li", HOME, true, NULL, NOW_MS, &s));
    a = who(s.token, NOW_MS);
    OK(fx, session_end(fx->db, a->session, NOW_MS, &fx->problem));
    committed();
    assert_null(who(s.token, NOW_MS));
    // nothing in the table signs anybody in
    assert_int_equal(fixture_int(fx, "SELECT count(*) FROM core_session WHERE length(hash)<>32"),
                     0);
}

static void test_every_failure_has_the_same_words(void **state) {
    (void)state;
    char gone[37];
    struct person_new n = {.name = "gone", .password_hash = "h"};
    OK(fx, people_add(fx->db, x, &n, "p-0", NOW_MS, gone, &fx->problem));
    OK(fx, people_disable(fx->db, gone, true, NOW_MS, &fx->problem));
    const struct {
        const char *name;
        bool verified;
    } tries[] = {{"wang.li", false}, {"nobody", false}, {"gone", true}, {"gone", false}};
    const char *first = NULL;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(sign_in(tries[i].name, HOME, tries[i].verified, NULL, NOW_MS, NULL),
                         ERR_UNAUTHENTICATED);
        if (first) assert_string_equal(fx->problem.detail, first);
        first = fx->problem.detail;
    }
    assert_false(find("nobody", HOME, NOW_MS).found);
    assert_true(find("WANG.LI", HOME, NOW_MS).found);
}

static void test_guessing_locks_the_account_for_that_source_only(void **state) {
    (void)state;
    int64_t now = NOW_MS;
    for (int i = 0; i < 6; i++)
        assert_int_equal(sign_in("wang.li", ELSEWHERE, false, NULL, now, NULL),
                         ERR_UNAUTHENTICATED);
    assert_true(find("wang.li", ELSEWHERE, now).locked_until > now);
    assert_int_equal(sign_in("WANG LI", ELSEWHERE, true, NULL, now, NULL),
                     ERR_UNAUTHENTICATED); // "wangli": another
    assert_int_equal(sign_in("ＷＡＮＧ.li", ELSEWHERE, true, NULL, now, NULL),
                     ERR_RATE); // the same, spelled oddly
    OK(fx, sign_in("wang.li", HOME, true, NULL, now, NULL));
    // it opens again, and each further failure waits longer
    int64_t wait = find("wang.li", ELSEWHERE, now).locked_until - now;
    assert_in_range(wait, 1000, MINUTE);
    now += wait;
    assert_int_equal(sign_in("wang.li", ELSEWHERE, false, NULL, now, NULL), ERR_UNAUTHENTICATED);
    int64_t longer = find("wang.li", ELSEWHERE, now).locked_until - now;
    assert_true(longer > wait);
    for (int i = 0; i < 30; i++) {
        now = find("wang.li", ELSEWHERE, now).locked_until;
        sign_in("wang.li", ELSEWHERE, false, NULL, now, NULL);
    }
    assert_in_range(find("wang.li", ELSEWHERE, now).locked_until - now, 1, HOUR);
    // the right password after the wait clears the count
    now = find("wang.li", ELSEWHERE, now).locked_until;
    OK(fx, sign_in("wang.li", ELSEWHERE, true, NULL, now, NULL));
    assert_int_equal(sign_in("wang.li", ELSEWHERE, false, NULL, now, NULL), ERR_UNAUTHENTICATED);
    assert_true(find("wang.li", ELSEWHERE, now).locked_until <= now);
}

static void test_trying_many_names_locks_the_source_but_not_those_known_there(void **state) {
    (void)state;
    OK(fx, sign_in("wang.li", HOME, true, NULL, NOW_MS, NULL));
    char stranger[37];
    struct person_new n = {.name = "newcomer", .password_hash = "h"};
    OK(fx, people_add(fx->db, x, &n, "p-0", NOW_MS, stranger, &fx->problem));
    for (int i = 0; i < 120; i++) {
        enum err e =
            sign_in(arena_printf(fx->arena, "guess%d", i), HOME, false, NULL, NOW_MS, NULL);
        assert_int_equal(e, i <= 100 ? ERR_UNAUTHENTICATED : ERR_RATE);
    }
    assert_int_equal(sign_in("newcomer", HOME, true, NULL, NOW_MS, NULL), ERR_RATE);
    OK(fx, sign_in("newcomer", ELSEWHERE, true, NULL, NOW_MS, NULL));
    OK(fx, sign_in("wang.li", HOME, true, NULL, NOW_MS, NULL)); // a school shares one address
}

static void test_a_change_of_password_or_roles_or_leaving_ends_sessions(void **state) {
    (void)state;
    const char *roles[] = {"lead"}, *scopes[] = {"admissions.applicants:read", NULL};
    char token[TOKEN_LEN + 1], id[37];
    for (int i = 0; i < 3; i++) {
        struct session s;
        OK(fx, sign_in("wang.li", HOME, true, NULL, NOW_MS, &s));
        OK(fx, token_create(fx->db, wang, "ci", scopes, NOW_MS + HOUR, "p-0", NOW_MS, token, id,
                            &fx->problem));
        assert_non_null(who(s.token, NOW_MS));
        assert_non_null(who(token, NOW_MS));
        if (i == 0)
            OK(fx, people_set_password(fx->db, wang, "hash-2", false, NOW_MS, &fx->problem));
        if (i == 1)
            OK(fx, people_set_roles(fx->db, x, wang, roles, 1, "p-0", NOW_MS, &fx->problem));
        if (i == 2) OK(fx, people_disable(fx->db, wang, true, NOW_MS, &fx->problem));
        committed();
        assert_null(who(s.token, NOW_MS));
        const struct actor *a = who(token, NOW_MS);
        if (i == 2)
            assert_null(a); // leaving ends tokens too
        else {
            assert_non_null(a); // a token is a credential of its own; it has today's roles
            assert_int_equal(fieldset_has(&a->roles, access_role(x, "lead")), i == 1);
            assert_string_equal(a->scopes[0], "admissions.applicants:read");
            assert_null(a->scopes[1]);
        }
    }
    assert_int_equal(people_set_password(fx->db, "nobody", "h", false, NOW_MS, &fx->problem),
                     ERR_NOT_FOUND);
    assert_int_equal(people_disable(fx->db, "nobody", true, NOW_MS, &fx->problem), ERR_NOT_FOUND);
}

static void test_tokens_end_by_date_and_by_revocation(void **state) {
    (void)state;
    char token[TOKEN_LEN + 1], id[37], other[37];
    OK(fx, token_create(fx->db, wang, "ci", NULL, NOW_MS + HOUR, "p-0", NOW_MS, token, id,
                        &fx->problem));
    assert_null(who(token, NOW_MS)->scopes);
    assert_null(who(token, NOW_MS + HOUR));
    assert_non_null(who(token, NOW_MS));
    OK(fx, token_revoke(fx->db, id, NOW_MS, &fx->problem));
    committed();
    assert_null(who(token, NOW_MS));
    assert_int_equal(token_revoke(fx->db, id, NOW_MS, &fx->problem), ERR_NOT_FOUND);
    OK(fx, token_create(fx->db, wang, "none", (const char *const[]){NULL}, NOW_MS + HOUR, "p-0",
                        NOW_MS, token, other, &fx->problem));
    assert_non_null(who(token, NOW_MS)->scopes); // no scope is none, not all
    assert_null(who(token, NOW_MS)->scopes[0]);
}

static void test_the_cache_believes_nothing_past_a_change_a_day_or_a_release(void **state) {
    (void)state;
    struct session s;
    OK(fx, sign_in("wang.li", HOME, true, NULL, NOW_MS, &s));
    assert_int_equal(who(s.token, NOW_MS)->nfacts, 0);
    OK(fx, people_set_fact(fx->db, wang, "nda", "2026-09-01", "2026-09-01", "p-0", &fx->problem));
    committed();
    assert_int_equal(who(s.token, NOW_MS)->nfacts, 1);
    fixture_calm(fx);
    const struct actor *a =
        session_find(cache, fx->db, x, s.token, TOKEN_LEN, NOW_MS, "2026-09-02", &fx->problem);
    assert_int_equal(a->nfacts, 0);
    static const char other[] = "roles: { zebra: {}, clerk: {} }\n";
    struct yaml *y;
    struct access *x2;
    OK(fx, yaml_parse(fx->arena, "a", other, sizeof other - 1, &y, &fx->problem));
    OK(fx, access_compile(fx->arena, y, fx->schema, &x2, &fx->problem));
    a = session_find(cache, fx->db, x2, s.token, TOKEN_LEN, NOW_MS, TODAY, &fx->problem);
    assert_true(fieldset_has(&a->roles, access_role(x2, "clerk")));
    assert_false(fieldset_has(&a->roles, access_role(x2, "zebra")));
}

// The code of a secret given in base32, as an authenticator makes it.
static const char *code_of(const char *base32, int64_t now) {
    uint8_t secret[20] = {0}, msg[8], mac[20];
    for (int i = 0; i < 32; i++) {
        unsigned v = (unsigned)(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", base32[i]) -
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
        for (int b = 0; b < 5; b++)
            if (v >> (4 - b) & 1) secret[(i * 5 + b) / 8] |= (uint8_t)(0x80 >> (i * 5 + b) % 8);
    }
    int64_t step = now / 30000;
    for (int i = 0; i < 8; i++) msg[i] = (uint8_t)(step >> (56 - 8 * i));
    HMAC(EVP_sha1(), secret, 20, msg, 8, mac, NULL);
    int o = mac[19] & 15;
    unsigned v = (mac[o] & 0x7fu) << 24 | (unsigned)mac[o + 1] << 16 | (unsigned)mac[o + 2] << 8 |
                 mac[o + 3];
    return arena_printf(fx->arena, "%06u", v % 1000000);
}

static void test_one_time_codes_are_sealed_confirmed_and_spent(void **state) {
    (void)state;
    char base32[33];
    int64_t now = NOW_MS;
    assert_int_equal(people_confirm_code(fx->db, fx->keyring, wang, "000000", now, &fx->problem),
                     ERR_CONFLICT);
    fixture_calm(fx);
    OK(fx, people_begin_code(fx->db, fx->keyring, wang, base32, &fx->problem));
    OK(fx, sign_in("wang.li", HOME, true, NULL, now, NULL)); // not yet asked for
    const char *good = code_of(base32, now), *bad = good[0] == '1' ? "200000" : "100000";
    assert_int_equal(people_confirm_code(fx->db, fx->keyring, wang, bad, now, &fx->problem),
                     ERR_INVALID);
    fixture_calm(fx);
    OK(fx, people_confirm_code(fx->db, fx->keyring, wang, good, now, &fx->problem));
    assert_true(find("wang.li", HOME, now).has_totp);
    assert_int_equal(sign_in("wang.li", HOME, true, NULL, now, NULL), ERR_UNAUTHENTICATED);
    assert_int_equal(sign_in("wang.li", HOME, true, good, now, NULL),
                     ERR_UNAUTHENTICATED); // spent by confirming
    now += 30000;
    const char *next = code_of(base32, now);
    assert_int_equal(sign_in("wang.li", HOME, false, next, now, NULL), ERR_UNAUTHENTICATED);
    // two sign-ins that looked the account up before either finished
    struct account one = find("wang.li", HOME, now), two = find("wang.li", HOME, now);
    struct session s;
    OK(fx, session_start(fx->db, fx->keyring, "wang.li", HOME, &one, true, next, now, fx->arena, &s,
                         &fx->problem));
    fixture_calm(fx);
    assert_int_equal(session_start(fx->db, fx->keyring, "wang.li", HOME, &two, true, next, now,
                                   fx->arena, &s, &fx->problem),
                     ERR_UNAUTHENTICATED);
    // in the table there is only the sealed form, and a damaged one opens nothing
    const struct account acc = find("wang.li", HOME, now);
    assert_int_equal(acc.totp_n, seal_size(TOTP_SECRET));
    now += 60000;
    static const uint8_t zeros[141];
    OK(fx, db_run(fx->db, &fx->problem, NULL, "UPDATE core_people SET totp=$1", "b", zeros,
                  sizeof zeros));
    assert_int_equal(sign_in("wang.li", HOME, true, code_of(base32, now), now, NULL), ERR_CORRUPT);
    fixture_calm(fx);
    OK(fx, people_drop_code(fx->db, wang, &fx->problem));
    OK(fx, sign_in("wang.li", HOME, true, NULL, now, NULL));
    assert_int_equal(people_drop_code(fx->db, "nobody", &fx->problem), ERR_NOT_FOUND);
    fixture_calm(fx);
    assert_int_equal(people_begin_code(fx->db, fx->keyring, "nobody", base32, &fx->problem),
                     ERR_NOT_FOUND);
}

static void test_another_persons_sealed_code_does_not_open(void **state) {
    (void)state;
    char li[37], base32[33];
    struct person_new n = {.name = "lilei", .password_hash = "h"};
    OK(fx, people_add(fx->db, x, &n, "p-0", NOW_MS, li, &fx->problem));
    OK(fx, people_begin_code(fx->db, fx->keyring, li, base32, &fx->problem));
    OK(fx,
       people_confirm_code(fx->db, fx->keyring, li, code_of(base32, NOW_MS), NOW_MS, &fx->problem));
    OK(fx, people_begin_code(fx->db, fx->keyring, wang, base32, &fx->problem));
    // whoever can write the table moves a known secret to another account
    OK(fx, db_exec(fx->db,
                   "UPDATE core_people SET totp=(SELECT totp FROM core_people WHERE name='lilei')",
                   &fx->problem));
    assert_int_equal(sign_in("wang.li", HOME, true, code_of(base32, NOW_MS), NOW_MS, NULL),
                     ERR_CORRUPT);
}

#define SESSION(f) cmocka_unit_test_setup_teardown(f, session_setup, session_teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        SESSION(test_a_token_is_its_person_until_it_ends),
        SESSION(test_every_failure_has_the_same_words),
        SESSION(test_guessing_locks_the_account_for_that_source_only),
        SESSION(test_trying_many_names_locks_the_source_but_not_those_known_there),
        SESSION(test_a_change_of_password_or_roles_or_leaving_ends_sessions),
        SESSION(test_tokens_end_by_date_and_by_revocation),
        SESSION(test_the_cache_believes_nothing_past_a_change_a_day_or_a_release),
        SESSION(test_one_time_codes_are_sealed_confirmed_and_spent),
        SESSION(test_another_persons_sealed_code_does_not_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
