// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Signing in and out through the front door.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, Server } from '../lib/server.mjs';

let server, admin;
before(async () => { server = await Server.start(); admin = await server.admin(); });
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

const audit = async (query) => {
  server.auditor ??= await server.bearer('the.auditor', ['auditor']);
  return (await server.auditor.ok('GET', `admin/audit?${query}`)).items;
};

test('signing in answers a token, its end and the roles', async () => {
  const a = await server.anonymous.post('session', { user: 'admin', password: server.adminPassword });
  assert.equal(a.status, 201);
  assert.match(a.body.token, /^[\w-]{43}$/);
  assert.ok(Date.parse(a.body.expires_at) > Date.now());
  assert.deepEqual(a.body.user.roles, ['admin']);
  assert.equal(a.body.user.must_change, false);
  const me = await new Client(server, a.body.token).ok('GET', 'session');
  assert.equal(me.user.id, a.body.user.id);
  assert.equal(me.kind, 'session');
});

test('the first password has to be changed', async () => {
  const made = await admin.ok('POST', 'admin/users', { name: 'newcomer', roles: [] });
  const a = await server.anonymous.post('session', { user: 'newcomer', password: made.one_time_password });
  assert.equal(a.status, 201);
  assert.equal(a.body.user.must_change, true);
});

test('until the first password is changed a session may do nothing else', async () => {
  const made = await admin.ok('POST', 'admin/users', { name: 'beginner', roles: ['admin'] });
  const me = await server.signIn('beginner', made.one_time_password);
  for (const path of ['meta', 'admin/users', 'admissions/applicants', 'events']) {
    const a = await me.get(path);
    assert.deepEqual([path, a.status, a.body.code], [path, 403, 'must_change']);
  }
  assert.equal((await me.post('session/totp', { password: made.one_time_password })).body.code, 'must_change');
  assert.equal((await me.get('session')).body.user.must_change, true);
  assert.equal((await me.api('DELETE', 'session')).status, 204);
  const again = await server.signIn('beginner', made.one_time_password);
  await again.ok('POST', 'session/password', { old: made.one_time_password, new: 'something of my own' });
  const free = await server.signIn('beginner', 'something of my own');
  assert.equal((await free.get('admin/users')).status, 200);
  // reset by an administrator: the next session begins there again, a token is not a password
  const { one_time_password: reset } = await admin.ok('POST', `admin/users/${made.id}/password`);
  assert.equal((await (await server.signIn('beginner', reset)).get('admin/users')).body.code, 'must_change');
  const token = await admin.ok('POST', 'admin/tokens', { user: made.id, label: 'a token' });
  assert.equal((await new Client(server, token.token).get('admin/users')).status, 200);
});

test('a cookie is __Host- and Secure behind https, plain and Strict otherwise', async () => {
  const body = { user: 'admin', password: server.adminPassword };
  const plain = (await server.anonymous.post('session', body)).headers.get('set-cookie');
  assert.match(plain, /^campusd_session=[\w-]{43}; /);
  assert.match(plain, /HttpOnly/);
  assert.match(plain, /SameSite=Strict/);
  assert.doesNotMatch(plain, /Secure/);
  const https = (await server.anonymous.post('session', body, { 'X-Forwarded-Proto': 'https' })).headers.get('set-cookie');
  assert.match(https, /^__Host-campusd=[\w-]{43}; Path=\/; /);
  assert.match(https, /Secure/);
});

test('a cookie signs in, but writes only from a page of this site', async () => {
  const who = await server.person('cookie.user', []);
  const headers = { Cookie: `campusd_session=${who.token}` };
  assert.equal((await server.anonymous.get('session', headers)).status, 200);
  const bare = await server.anonymous.api('DELETE', 'session', undefined, headers);
  assert.equal(bare.status, 403);
  const other = await server.anonymous.api('DELETE', 'session', undefined, { ...headers, Origin: 'http://elsewhere.example' });
  assert.equal(other.status, 403);
  const own = await server.anonymous.api('DELETE', 'session', undefined, { ...headers, Origin: server.url });
  assert.equal(own.status, 204);
});

test('absent, disabled and wrong have one answer', async () => {
  const gone = await server.person('disabled.user', []);
  await admin.ok('POST', `admin/users/${gone.id}/disable`);
  const answers = [];
  for (const [user, password] of [['nobody.at.all', 'x'.repeat(12)], ['disabled.user', gone.password], ['admin', 'not-the-password']]) {
    const a = await server.anonymous.post('session', { user, password });
    assert.equal(a.status, 401);
    delete a.body.request_id;
    answers.push(a.body);
  }
  assert.deepEqual(answers[0], answers[1]);
  assert.deepEqual(answers[0], answers[2]);
});

test('refused and granted sign-ins are both on record, without the name that was typed', async () => {
  await server.anonymous.post('session', { user: 'secret-typed-as-name', password: 'x'.repeat(12) });
  const refused = await audit('action=sign_in&outcome=refused');
  assert.ok(refused.some((r) => r.object === 'core.people/unknown' && r.reason === 'unauthenticated'));
  assert.ok(!JSON.stringify(refused).includes('secret-typed-as-name'));
  const granted = await audit(`action=sign_in&outcome=ok&actor=${admin.user.id}`);
  assert.ok(granted.length > 0);
});

test('failures lock the account out, survive as counters, and the right password waits too', async () => {
  const who = await server.person('locked.user', []);
  const tried = [];
  for (let i = 0; i < 7; i++)
    tried.push((await server.anonymous.post('session', { user: 'locked.user', password: `wrong-${i}-wrong` })).status);
  assert.deepEqual(tried, [401, 401, 401, 401, 401, 401, 429]);
  const right = await server.anonymous.post('session', { user: 'locked.user', password: who.password });
  assert.equal(right.status, 429);
  assert.ok(Number(right.headers.get('retry-after')) >= 1);
  await server.restart();
  assert.equal((await server.anonymous.post('session', { user: 'locked.user', password: who.password })).status, 429);
  assert.equal((await who.get('session')).status, 200, 'who is signed in stays so');
  assert.equal((await server.anonymous.post('session', { user: 'admin', password: server.adminPassword })).status, 201,
    'others of this address are not locked out with them');
});

test('many guesses at once are counted one by one', async () => {
  const who = await server.person('raced.user', []);
  const guess = (password) => server.anonymous.post('session', { user: 'raced.user', password });
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => guess(`guess-${i}-guess`)));
  const wrong = answers.filter((a) => a.status === 401).length;
  assert.ok(wrong <= 6, `${wrong} guesses were answered`);
  assert.ok(answers.some((a) => a.status === 429));
  assert.equal((await guess(who.password)).status, 429, 'the right one, among them, would have begun the count anew');
});

test('signing out ends the session at once', async () => {
  const who = await server.person('leaver', []);
  assert.equal((await who.api('DELETE', 'session')).status, 204);
  assert.equal((await who.get('session')).status, 401);
});

test('a new password needs the old one, is checked, and ends every session', async () => {
  const who = await server.person('changer', []);
  const second = await server.signIn('changer', who.password);
  const wrong = await who.post('session/password', { old: 'not-the-old-one', new: 'another-good-one' });
  assert.equal(wrong.status, 422);
  assert.equal(wrong.body.errors[0].pointer, '/old');
  for (const poor of ['short', 'xx-changer-xx', 'password123'])
    assert.equal((await who.post('session/password', { old: who.password, new: poor })).status, 422, poor);
  assert.equal((await who.post('session/password', { old: who.password, new: 'another-good-one' })).status, 204);
  assert.equal((await who.get('session')).status, 401);
  assert.equal((await second.get('session')).status, 401);
  assert.equal((await server.anonymous.post('session', { user: 'changer', password: 'another-good-one' })).status, 201);
});

test('guessing the old password from a stolen session locks out as well', async () => {
  const who = await server.person('robbed', []);
  const tried = [];
  for (let i = 0; i < 7; i++)
    tried.push((await who.post('session/password', { old: `wrong-${i}-wrong`, new: 'another-good-one' })).status);
  assert.equal(tried[0], 422);
  assert.equal(tried[6], 429);
});

test('what is no sign-in is refused with where it is wrong', async () => {
  for (const [body, pointer] of [[{}, '/user'], [{ user: 'a', password: 5 }, '/password'], [{ user: 'a', password: 'b', pasword: 'c' }, '/pasword']]) {
    const a = await server.anonymous.post('session', body);
    assert.equal(a.status, 422);
    assert.equal(a.body.errors[0].pointer, pointer);
  }
  assert.equal((await server.anonymous.api('POST', 'session', '{"user":', { 'Content-Type': 'application/json' })).status, 400);
  assert.equal((await server.anonymous.api('POST', 'session', 'user=a', { 'Content-Type': 'application/x-www-form-urlencoded' })).status, 415);
});
