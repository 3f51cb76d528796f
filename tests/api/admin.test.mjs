// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Releases, policies, the audit log and keys through the front door.
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, eventually, root } from '../lib/server.mjs';

let server, admin, auditor;
before(async () => {
  server = await Server.start();
  admin = await server.admin();
  auditor = await server.bearer('a.auditor', ['auditor']);
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });
const log = async (query) => (await auditor.ok('GET', `admin/audit?limit=500&${query}`)).items;
const active = async () => (await admin.ok('GET', 'admin/releases')).items.find((r) => r.active).number;
const policy = (text) => {
  mkdirSync(join(server.home, 'policies'), { recursive: true });
  writeFileSync(join(server.home, 'policies/admissions.yaml'), text);
};
const shipped = readFileSync(join(root, 'policies/admissions.yaml'), 'utf8');

test('a reload activates what is on disk, shows the difference, and goes back', async () => {
  const first = await active();
  policy(shipped + '# the same in other words\n');
  const second = await admin.ok('POST', 'admin/reload');
  assert.ok(second.number > first);
  assert.equal(await active(), second.number);
  assert.equal((await admin.get('session')).headers.get('x-release'), String(second.number));
  const { diff } = await admin.ok('GET', `admin/releases/diff?from=${first}`);
  assert.match(diff, /policies\/admissions\.yaml/);
  const back = await admin.ok('POST', 'admin/releases/rollback');
  assert.equal(back.number, first);
  assert.equal(await active(), first);
  assert.equal((await admin.ok('POST', `admin/releases/${second.number}/activate`)).number, second.number);
  assert.ok((await log('action=release.activate&outcome=ok')).length >= 3);
});

test('a wrong policy is refused with file, line and column, and what runs goes on', async () => {
  const before = await active();
  policy('policy: admissions\nno_such_key: 1\n');
  const a = await admin.post('admin/reload');
  assert.equal(a.status, 422, a.text);
  assert.ok(a.body.errors.some((e) => /admissions\.yaml$/.test(e.file) && e.line === 2), a.text);
  assert.equal(await active(), before);
  await eventually(async () => assert.ok((await log('action=release.activate&outcome=refused')).length >= 1));
  policy(shipped);
});

test('no request fails while releases change under it', async () => {
  let stop = false;
  const bad = [];
  const reader = async () => {
    while (!stop) {
      const a = await admin.get('meta');
      if (a.status !== 200) bad.push(a.status);
    }
  };
  const readers = [reader(), reader()];
  for (let i = 0; i < 4; i++) {
    policy(`${shipped}# round ${i}\n`);
    await admin.ok('POST', 'admin/reload');
  }
  stop = true;
  await Promise.all(readers);
  assert.deepEqual(bad, []);
});

test('releases that are not there are not there', async () => {
  for (const [method, path] of [['GET', 'admin/releases/99999'], ['POST', 'admin/releases/99999/activate'], ['GET', 'admin/releases/diff?from=99999']])
    assert.equal((await admin.api(method, path)).status, 404, path);
  assert.equal((await admin.get('admin/releases/one')).status, 422);
  const files = (await admin.ok('GET', `admin/releases/${await active()}`)).files.map((f) => f.path);
  assert.ok(files.includes('plugins/admissions/applicants.lua'), files.join());
});

test('a policy is shown with values, origin and schema', async () => {
  const list = (await admin.ok('GET', 'admin/policies')).items;
  assert.ok(list.some((p) => p.name === 'admissions' && p.revisions.length >= 1));
  const p = await admin.ok('GET', 'admin/policies/admissions');
  assert.match(p.text, /admissions\.yaml:\d+/);
  assert.equal(typeof p.values, 'object');
  const schema = await admin.ok('GET', 'admin/policies/admissions/schema');
  assert.match(schema.$schema, /2020-12/);
  assert.equal((await admin.get('admin/policies/nothing')).status, 404);
});

test('each area is for who has its permission, and the refusal is on record', async () => {
  const clerk = await server.bearer('a.clerk', ['admissions.staff']);
  for (const path of ['admin/releases', 'admin/policies', 'admin/audit', 'admin/keys'])
    assert.equal((await clerk.get(path)).status, 403, path);
  assert.equal((await clerk.post('admin/reload')).status, 403);
  const operator = await server.bearer('a.operator', ['it_admin']);
  assert.equal((await operator.get('admin/audit')).status, 403, 'who runs servers does not read the log');
  assert.equal((await operator.get('admin/keys')).status, 200);
  await eventually(async () => {
    const refused = await log(`outcome=refused&actor=${clerk.id}`);
    assert.ok(refused.length >= 5, JSON.stringify(refused));
  });
});

test('the log is searched by what it holds, goes on by sequence, and the search is on record', async () => {
  const page = (await auditor.ok('GET', 'admin/audit?limit=3')).items;
  assert.equal(page.length, 3);
  assert.ok(page[0].seq > page[1].seq && page[1].seq > page[2].seq);
  const next = (await auditor.ok('GET', `admin/audit?limit=3&before=${page[2].seq}`)).items;
  assert.ok(next[0].seq < page[2].seq);
  assert.ok((await log('action=user.add')).every((r) => r.action === 'user.add'));
  assert.deepEqual(await log('from=2099-01-01T00:00:00Z'), []);
  await eventually(async () => assert.ok((await log(`action=audit.search&actor=${auditor.id}`)).length > 0));
  for (const bad of ['limit=0', 'limit=501', 'limit=x', 'before=x', 'from=yesterday'])
    assert.equal((await auditor.get(`admin/audit?${bad}`)).status, 422, bad);
});

test('key slots are listed, added and removed, never shown again, and two stay', async () => {
  const keys = await admin.ok('GET', 'admin/keys');
  assert.ok(keys.version >= 1);
  const made = await admin.ok('POST', 'admin/keys/slots', { kind: 'recovery' });
  assert.match(made.recovery_code, /^[0-9A-Z]{5}(-[0-9A-Z]{5}){7}$/);
  const phrase = await admin.ok('POST', 'admin/keys/slots', { kind: 'passphrase', label: 'safe', secret: 'a passphrase for the tests' });
  const now = (await admin.ok('GET', 'admin/keys')).slots;
  assert.equal(now.length, keys.slots.length + 2);
  assert.ok(!JSON.stringify(now).includes(made.recovery_code));
  assert.equal((await admin.post('admin/keys/slots', { kind: 'passphrase', secret: 'short' })).status, 422);
  assert.equal((await admin.post('admin/keys/slots', { kind: 'keyfile' })).status, 422);
  await admin.ok('DELETE', `admin/keys/slots/${phrase.id}`);
  assert.equal((await admin.api('DELETE', `admin/keys/slots/${phrase.id}`)).status, 404);
  assert.equal((await admin.api('DELETE', 'admin/keys/slots/x')).status, 404);
  for (let left = now.length - 1; left > 2; left--) {
    const [slot] = (await admin.ok('GET', 'admin/keys')).slots;
    await admin.ok('DELETE', `admin/keys/slots/${slot.id}`);
  }
  const [slot] = (await admin.ok('GET', 'admin/keys')).slots;
  assert.equal((await admin.api('DELETE', `admin/keys/slots/${slot.id}`)).status, 409);
  assert.ok((await log('action=key.slot.add')).length === 2);
});

test('a locked service answers health and unlock only, slows guessing, and opens with the passphrase', async () => {
  const locked = await Server.start();
  try {
    const boss = await locked.admin();
    await boss.ok('POST', 'admin/keys/slots', { kind: 'passphrase', secret: 'a passphrase for the tests' });
    await locked.stop();
    const yaml = join(locked.home, 'campusd.yaml');
    const text = readFileSync(yaml, 'utf8');
    writeFileSync(yaml, /^keys:/m.test(text) ? text.replace(/^keys:.*(\n[ ]+.*)*$/m, 'keys: { unlock: passphrase }') : text);
    if (!/^keys:/m.test(text)) appendFileSync(yaml, '\nkeys: { unlock: passphrase }\n');
    await locked.serve();
    const any = locked.anonymous;
    assert.equal((await any.get('/healthz')).status, 200);
    assert.equal((await any.get('/readyz')).status, 503);
    for (const path of ['session', 'meta', 'admin/keys', 'admissions/applicants'])
      assert.equal((await boss.get(path)).status, 503, path);
    const unlock = (secret) => any.post('admin/unlock', { kind: 'passphrase', secret });
    assert.equal((await any.post('admin/unlock', { kind: 'guess', secret: 'x' })).status, 422);
    const tried = [];
    for (let i = 0; i < 7; i++) tried.push((await unlock(`not the passphrase ${i}`)).status);
    assert.deepEqual(tried.slice(0, 6), [403, 403, 403, 403, 403, 403]);
    assert.equal(tried[6], 429);
    await new Promise((r) => setTimeout(r, 2200));
    assert.deepEqual((await unlock('a passphrase for the tests')).body, { unlocked: true });
    assert.equal((await any.get('/readyz')).status, 200);
    assert.equal((await boss.get('session')).status, 200);
    assert.equal((await unlock('a passphrase for the tests')).status, 409);
    const eye = await locked.bearer('l.auditor', ['auditor']);
    await eventually(async () => assert.equal((await eye.ok('GET', 'admin/audit?action=key.unlock')).items.length, 1));
  } finally {
    assert.deepEqual(await locked.close(), { code: 0, signal: null });
  }
});
