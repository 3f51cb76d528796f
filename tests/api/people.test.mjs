// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Accounts, roles, groups, facts, delegations and tokens through the front door.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { Client, Server, eventually } from '../lib/server.mjs';

let server, admin, auditor;
const soon = () => new Date(Date.now() + 3600e3).toISOString();
const day = (n) => new Date(Date.now() + n * 864e5).toISOString().slice(0, 10);
const log = async (query) => (await auditor.ok('GET', `admin/audit?limit=500&${query}`)).items;
before(async () => {
  server = await Server.start();
  admin = await server.admin();
  auditor = await server.bearer('test.auditor', ['auditor']);
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

test('a new account gets a one-time password that is shown once and never logged', async () => {
  const a = await admin.post('admin/users', { name: 'wang.fang', display: '王芳', campus: '东校区', roles: ['finance'] });
  assert.equal(a.status, 201);
  assert.equal(a.headers.get('location'), `/api/v1/admin/users/${a.body.id}`);
  assert.match(a.body.one_time_password, /^[a-z0-9]{4}(-[a-z0-9]{4}){3}$/);
  const again = await admin.ok('GET', `admin/users/${a.body.id}`);
  assert.equal(again.one_time_password, undefined);
  assert.deepEqual([again.display, again.campus, again.roles, again.must_change], ['王芳', '东校区', ['finance'], true]);
  assert.ok(!server.log.includes(a.body.one_time_password));
  assert.equal((await log(`action=user.add&object=core.people/${a.body.id}`)).length, 1);
});

test('a person is found by name as by id, and lists go on by cursor', async () => {
  const byName = await admin.ok('GET', 'admin/users/wang.fang');
  assert.equal(byName.name, 'wang.fang');
  assert.equal((await admin.get('admin/users/nobody')).status, 404);
  const names = [];
  let next = '';
  do {
    const page = await admin.ok('GET', `admin/users?limit=4&cursor=${encodeURIComponent(next)}`);
    assert.ok(page.items.length <= 4);
    names.push(...page.items.map((p) => p.name));
    next = page.next;
  } while (next);
  const whole = (await admin.ok('GET', 'admin/users?limit=500')).items.map((p) => p.name);
  assert.deepEqual(names, whole);
  assert.deepEqual((await admin.ok('GET', 'admin/users?name=wang.fang')).items.map((p) => p.id), [byName.id]);
});

test('a taken name, an unknown role, exclusive duties and a poor password are refused where they stand', async () => {
  for (const [body, status, pointer] of [
    [{ name: 'wang.fang' }, 409, '/name'],
    [{ name: 'a b' }, 422, '/name'],
    [{ name: 'fresh.one', roles: ['no_such_role'] }, 422, '/roles'],
    [{ name: 'fresh.one', roles: 'finance' }, 422, '/roles'],
    [{ name: 'fresh.one', password: 'short' }, 422, '/password'],
    [{ name: 'fresh.one', rolles: [] }, 422, '/rolles'],
  ]) {
    const a = await admin.post('admin/users', body);
    assert.equal(a.status, status, JSON.stringify(body));
    assert.equal(a.body.errors[0].pointer, pointer);
  }
  assert.equal((await admin.post('admin/users', { name: 'fresh.one', roles: ['auditor', 'admin'] })).status, 409);
  assert.equal((await admin.get('admin/users/fresh.one')).status, 404);
});

test('changed roles end the sessions at once and count for tokens at once', async () => {
  const who = await server.person('role.changer', ['finance']);
  const t = await admin.ok('POST', 'admin/tokens', { user: who.id, label: 't', expires_at: soon() });
  const token = new Client(server, t.token);
  assert.equal((await token.get('admin/users')).status, 403);
  await admin.ok('PUT', `admin/users/${who.id}/roles`, { roles: ['hr'] });
  assert.equal((await who.get('session')).status, 401);
  assert.equal((await token.get('admin/users')).status, 200);
  await admin.ok('PUT', `admin/users/${who.id}/roles`, { roles: [] });
  assert.equal((await token.get('admin/users')).status, 403);
});

test('disabling ends sessions and tokens at once; enabling brings back the account only', async () => {
  const who = await server.person('to.disable', ['hr']);
  const t = await admin.ok('POST', 'admin/tokens', { user: who.id, label: 't' });
  const token = new Client(server, t.token);
  assert.equal((await token.get('session')).status, 200);
  await admin.ok('POST', `admin/users/${who.id}/disable`);
  assert.equal((await who.get('session')).status, 401);
  assert.equal((await token.get('session')).status, 401);
  await admin.ok('POST', `admin/users/${who.id}/enable`);
  assert.equal((await who.get('session')).status, 401);
  assert.equal((await server.anonymous.post('session', { user: 'to.disable', password: who.password })).status, 201);
});

test('a session does not outlive a change of its person under many readers', async () => {
  const who = await server.person('hammered', ['hr']);
  let stop = false;
  const reader = async () => { while (!stop) await who.get('session'); };
  const readers = [reader(), reader(), reader(), reader()];
  await admin.ok('POST', `admin/users/${who.id}/disable`);
  const after = await Promise.all(Array.from({ length: 20 }, () => who.get('session')));
  stop = true;
  await Promise.all(readers);
  assert.deepEqual([...new Set(after.map((a) => a.status))], [401]);
});

test('nobody disables themselves', async () => {
  assert.equal((await admin.post(`admin/users/${admin.user.id}/disable`)).status, 409);
});

test('a reset password is a one-time password and ends the sessions', async () => {
  const who = await server.person('forgetful', []);
  const { one_time_password: fresh } = await admin.ok('POST', `admin/users/${who.id}/password`);
  assert.equal((await who.get('session')).status, 401);
  assert.equal((await server.anonymous.post('session', { user: 'forgetful', password: who.password })).status, 401);
  assert.equal((await server.signIn('forgetful', fresh)).user.must_change, true);
});

test('who keeps people without administering cannot hand out or take over what is beyond them', async () => {
  const hr = await server.bearer('personnel', ['hr']);
  for (const [method, path, body] of [
    ['POST', 'admin/users', { name: 'sneaky', roles: ['admin'] }],
    ['PUT', `admin/users/${hr.id}/roles`, { roles: ['hr', 'admin'] }],
    ['PUT', `admin/users/${auditor.id}/roles`, { roles: [] }],
    ['POST', `admin/users/${admin.user.id}/password`, {}],
    ['POST', `admin/users/${admin.user.id}/disable`, undefined],
    ['DELETE', `admin/users/${admin.user.id}/sessions`, undefined],
    ['POST', 'admin/tokens', { user: 'admin', label: 'mine now' }],
    ['POST', 'admin/users/import', { users: [{ name: 'sneaky', roles: ['it_admin'] }] }],
  ])
    assert.equal((await hr.api(method, path, body)).status, 403, `${method} ${path}`);
  assert.equal((await admin.get('session')).status, 200);
  assert.equal((await hr.post('admin/users', { name: 'plain.clerk', roles: ['finance'] })).status, 201);
  await eventually(async () => assert.ok((await log(`outcome=refused&actor=${hr.id}`)).length >= 8));
});

test('people are for those who keep people', async () => {
  const clerk = await server.bearer('clerk', ['admissions.staff']);
  for (const path of ['admin/users', `admin/users/${clerk.id}`, 'admin/roles', 'admin/tokens', 'admin/groups/sports/members'])
    assert.equal((await clerk.get(path)).status, 403, path);
  assert.equal((await server.anonymous.get('admin/users')).status, 401);
});

test('many accounts are made together, all or none, and a dry run makes none', async () => {
  const users = [{ name: 'bulk.one', display: '甲' }, { name: 'bulk.two', roles: ['finance'] }, { name: 'bulk.three' }];
  const dry = await admin.post('admin/users/import?dry_run=true', { users });
  assert.equal(dry.status, 200, dry.text);
  assert.deepEqual([dry.body.rows, dry.body.accounts], [3, []]);
  assert.equal((await admin.get('admin/users/bulk.one')).status, 404);
  const bad = await admin.post('admin/users/import', { users: [...users, { name: 'bulk.one' }, { name: 'admin' }, { name: 'x', roles: ['nope'] }] });
  assert.equal(bad.status, 422);
  assert.deepEqual(bad.body.errors.map((e) => e.pointer), ['/users/3/name', '/users/4/name', '/users/5/name']);
  assert.equal((await admin.get('admin/users/bulk.one')).status, 404);
  const good = await admin.ok('POST', 'admin/users/import', { users });
  assert.equal(good.accounts.length, 3);
  assert.equal(new Set(good.accounts.map((a) => a.one_time_password)).size, 3);
  const made = good.accounts[1];
  assert.equal((await server.signIn(made.name, made.one_time_password)).user.must_change, true);
  assert.equal((await log(`action=user.add&object=core.people/${made.id}`)).length, 1);
});

test('groups have members for a time', async () => {
  const who = await server.bearer('member', []);
  assert.equal((await admin.api('PUT', 'admin/groups/sports/members/member', { from: '2026-02-01', until: '2026-01-01' })).status, 422);
  await admin.ok('PUT', 'admin/groups/sports/members/member', { from: '2020-01-01' });
  const list = (await admin.ok('GET', 'admin/groups/sports/members')).items;
  assert.deepEqual(list.map((m) => [m.name, m.from, m.until]), [['member', '2020-01-01', '9999-12-31']]);
  assert.deepEqual((await admin.ok('GET', `admin/users/${who.id}`)).groups.map((g) => g.group), ['sports']);
  await admin.ok('DELETE', 'admin/groups/sports/members/member');
  assert.equal((await admin.api('DELETE', 'admin/groups/sports/members/member')).status, 404);
});

test('facts are dated, shown and dropped, each on record', async () => {
  const who = await server.bearer('bearer.of.facts', []);
  await admin.ok('PUT', `admin/users/${who.id}/facts/nda`, { from: '2026-01-01', until: '2027-01-01' });
  assert.deepEqual((await admin.ok('GET', `admin/users/${who.id}`)).facts.map((f) => [f.fact, f.until]), [['nda', '2027-01-01']]);
  await admin.ok('DELETE', `admin/users/${who.id}/facts/nda`);
  assert.equal((await admin.api('DELETE', `admin/users/${who.id}/facts/nda`)).status, 404);
  assert.equal((await log('action=fact.set')).length, 1);
});

test('a delegation lends rights between two dates and no longer', async () => {
  const boss = await server.person('the.boss', ['hr']);
  const deputy = await server.bearer('the.deputy', []);
  assert.equal((await deputy.get('admin/users')).status, 403);
  assert.equal((await boss.post('admin/delegations', { to: 'the.deputy', from: day(0) })).status, 422, 'needs an end');
  const d = await boss.ok('POST', 'admin/delegations', { to: 'the.deputy', from: day(-1), until: day(7) });
  assert.equal((await deputy.get('admin/users')).status, 200);
  const other = await server.bearer('an.onlooker', []);
  assert.equal((await other.api('DELETE', `admin/delegations/${d.id}`)).status, 404, 'not theirs to end');
  await boss.ok('DELETE', `admin/delegations/${d.id}`);
  assert.equal((await deputy.get('admin/users')).status, 403);
});

test('a delegation does not defeat separation of duty', async () => {
  const officer = await server.person('duty.officer', ['admissions.staff'], { campus: '东校区' });
  const leader = await server.bearer('duty.leader', ['principal']);
  const { id } = await officer.ok('POST', 'admissions/applicants', applicant(881));
  const third = await server.bearer('duty.third', ['admissions.lead']);
  await third.ok('POST', `admissions/applicants/${id}/propose_refusal`, { note: 'no place left' });
  const refuse = () => leader.post(`admissions/applicants/${id}/refuse`, { note: 'no place left' });
  const d = await officer.ok('POST', 'admin/delegations', { to: 'duty.leader', from: day(-1), until: day(7) });
  const a = await refuse();
  assert.equal(a.status, 403, a.text);
  assert.equal(a.body.errors[0].code, 'exclusive_duty');
  await officer.ok('DELETE', `admin/delegations/${d.id}`);
  assert.equal((await refuse()).status, 200);
  // and the other way: who entered it does not decide with a leader's rights
  const second = await officer.ok('POST', 'admissions/applicants', applicant(882));
  await third.ok('POST', `admissions/applicants/${second.id}/propose_refusal`, { note: 'no place left' });
  await admin.ok('POST', 'admin/delegations', { person: 'duty.leader', to: 'duty.officer', from: day(-1), until: day(7) });
  const own = await officer.post(`admissions/applicants/${second.id}/refuse`, { note: 'no place left' });
  assert.deepEqual([own.status, own.body.errors[0].code], [403, 'exclusive_duty']);
});

test('only who keeps people delegates for others', async () => {
  const one = await server.bearer('delegate.one', []), two = await server.bearer('delegate.two', []);
  const body = { person: one.id, to: two.id, from: day(0), until: day(1) };
  assert.equal((await two.post('admin/delegations', body)).status, 403);
  assert.equal((await admin.post('admin/delegations', body)).status, 201);
});

test('a token is shown once, ends, narrows to its scopes and cannot widen them', async () => {
  const who = await server.bearer('token.owner', ['hr']);
  const t = await admin.ok('POST', 'admin/tokens', { user: who.id, label: 'narrow', scopes: ['admissions.applicants:read'], expires_at: soon() });
  const narrow = new Client(server, t.token);
  assert.equal((await narrow.get('session')).status, 200);
  assert.equal((await narrow.get('admin/users')).status, 403);
  const listed = (await admin.ok('GET', `admin/tokens?user=${who.id}`)).items.find((x) => x.id === t.id);
  assert.deepEqual([listed.label, listed.scopes], ['narrow', ['admissions.applicants:read']]);
  assert.ok(!JSON.stringify(listed).includes(t.token));
  const people = await admin.ok('POST', 'admin/tokens', { user: who.id, label: 'people', scopes: ['core.people'] });
  const half = new Client(server, people.token);
  assert.equal((await half.post('admin/tokens', { label: 'wide' })).status, 403);
  assert.equal((await half.post('admin/tokens', { label: 'same', scopes: ['core.people'] })).status, 201);
  for (const expires_at of ['2001-01-01T00:00:00Z', '2099-01-01T00:00:00Z', 'tomorrow'])
    assert.equal((await admin.post('admin/tokens', { label: 'x', expires_at })).status, 422, expires_at);
  await admin.ok('DELETE', `admin/tokens/${t.id}`);
  assert.equal((await narrow.get('session')).status, 401);
  assert.equal((await admin.api('DELETE', `admin/tokens/${t.id}`)).status, 404);
});

test('a token changes no password and is not signed out', async () => {
  const who = await server.bearer('only.token', []);
  assert.equal((await who.post('session/password', { old: 'whatever-it-is', new: 'whatever-it-was' })).status, 403);
  assert.equal((await who.api('DELETE', 'session')).status, 403);
});

// RFC 6238 with SHA-1, six digits
const code = (base32, at = Date.now()) => {
  const bits = [...base32].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30000)));
  const h = createHmac('sha1', key).update(step).digest();
  return String((h.readUInt32BE(h[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
};

test('one-time codes: enrolled with the password, needed to sign in, each works once, taken away after a loss', async () => {
  const who = await server.person('coded', []);
  assert.equal((await who.post('session/totp', { password: 'not-the-password' })).status, 422);
  const { secret, uri } = await who.ok('POST', 'session/totp', { password: who.password });
  assert.ok(uri.startsWith('otpauth://totp/campusd:coded?secret='));
  assert.equal((await server.anonymous.post('session', { user: 'coded', password: who.password })).status, 201, 'not yet');
  assert.equal((await who.post('session/totp/confirm', { code: '000000' })).status >= 400, true);
  // the step before, so that the present one is still unused
  assert.equal((await who.post('session/totp/confirm', { code: code(secret, Date.now() - 30000) })).status, 204);
  const sign = (c) => server.anonymous.post('session', { user: 'coded', password: who.password, ...(c && { code: c }) });
  assert.equal((await sign()).status, 401);
  const now = code(secret);
  assert.equal((await sign(now)).status, 201);
  assert.equal((await sign(now)).status, 401, 'a code works once');
  await admin.ok('DELETE', `admin/users/${who.id}/totp`);
  assert.equal((await sign()).status, 201);
});
