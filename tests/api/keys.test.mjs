// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Rotation of keys under load and after a crash; erasure of a person.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { dump } from '../lib/postgres.mjs';
import { Server, eventually, onlySqlite } from '../lib/server.mjs';

let server, admin, lead, auditor, next = 90000;
const collection = 'admissions/applicants';
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const create = (more) => lead.ok('POST', collection, applicant(next++, more));
const one = (id, query = '') => lead.ok('GET', `${collection}/${id}${query}`);
const reveal = (id, fields) => one(id, `?reveal=${fields}&purpose=test`);
const log = async (query) => (await auditor.ok('GET', `admin/audit?limit=500&${query}`)).items;
async function over(id) {
  for (;;) {
    const job = await admin.ok('GET', `jobs/${id}`);
    if (!['queued', 'running'].includes(job.state)) return job;
    await wait(50);
  }
}
before(async () => {
  server = await Server.start();
  admin = await server.admin();
  lead = await server.bearer('k.lead', ['admissions.lead']);
  auditor = await server.bearer('k.auditor', ['auditor']);
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

test('a rotation under load rewraps every key, then destroys the old one, and nothing is unreadable', async () => {
  const made = [];
  for (let i = 0; i < 20; i++) made.push({ id: (await create()).id, phone: `138${String(next - 1).padStart(8, '0')}` });
  const before = await admin.ok('GET', 'admin/keys');
  assert.equal(before.oldest, before.version);
  const failures = [];
  let stop = false, reads = 0, writes = 0;
  const reader = async (n) => {
    for (let i = n; !stop; i++, reads++) {
      const { id, phone } = made[i % made.length];
      const a = await lead.get(`${collection}/${id}?reveal=phone&purpose=test`);
      if (a.status !== 200 || a.body.phone !== phone) failures.push(`read ${a.status} ${a.text}`);
    }
  };
  const writer = async () => {
    for (; !stop; writes++) {
      const n = next++, a = await lead.post(collection, applicant(n));
      if (a.status !== 201) failures.push(`create ${a.status} ${a.text}`);
      else made.push({ id: a.body.id, phone: `138${String(n).padStart(8, '0')}` });
    }
  };
  const load = [reader(0), reader(7), reader(13), writer(), writer()];
  await wait(200);
  const job = await admin.ok('POST', 'admin/keys/rotate');
  const end = await over(job.id);
  await wait(200);
  stop = true;
  await Promise.all(load);
  assert.deepEqual(failures.slice(0, 3), []);
  assert.equal(end.state, 'done', JSON.stringify(end));
  assert.equal(end.result.version, before.version + 1);
  assert.ok(end.result.rewrapped >= 2900, `only ${end.result.rewrapped} keys were rewrapped`);
  assert.ok(reads > 50 && writes > 20, `${reads} reads, ${writes} writes`);
  const now = await admin.ok('GET', 'admin/keys');
  assert.deepEqual([now.oldest, now.version], [before.version + 1, before.version + 1]);
  assert.equal((await log('action=key.rotate')).length, 1);
  assert.equal((await log('action=key.destroy')).length, 1);
  await server.restart();
  for (const { id, phone } of made.slice(0, 40)) assert.equal((await reveal(id, 'phone')).phone, phone);
});

test('a rotation that a kill cuts off goes on at the next start', async () => {
  const r = await create(), { version } = await admin.ok('GET', 'admin/keys');
  await admin.ok('POST', 'admin/keys/rotate');
  for (;;) if ((await admin.ok('GET', 'admin/keys')).version > version) break;
  await server.kill9();
  await server.serve();
  let now;
  for (let i = 0; i < 200; i++) {
    now = await admin.ok('GET', 'admin/keys');
    if (now.oldest === now.version) break;
    await wait(50);
  }
  assert.deepEqual([now.oldest, now.version], [version + 1, version + 1]);
  await eventually(async () => { // the job is done a moment after its last step
    const jobs = (await admin.ok('GET', 'jobs')).items.filter((j) => j.kind === 'key.rotate');
    assert.ok(jobs.some((j) => j.state === 'done' && j.by === 'core'), JSON.stringify(jobs));
  });
  assert.match((await reveal(r.id, 'phone')).phone, /^138\d{8}$/);
});

// Every file of the home that holds these bytes.
function found(bytes) {
  const hits = [], needle = Buffer.from(bytes);
  const walk = (dir) => {
    for (const name of readdirSync(dir)) {
      const path = join(dir, name), st = statSync(path);
      if (st.isDirectory()) walk(path);
      else if (st.isFile() && readFileSync(path).includes(needle)) hits.push(name);
    }
  };
  walk(server.home);
  if (process.env.CAMPUSD_TEST_STORAGE && dump(server.storage).includes(needle)) hits.push('postgres');
  return hits;
}

test('an erased person is gone from record, history, indexes, decisions and file; the log still verifies', async () => {
  const name = '欧阳擦除测试', other = '欧阳留下测试';
  const kept = await create({ name: other }), r = await create({ name, health_note: 'x-known-note', note: 'stays' });
  await lead.ok('PATCH', `${collection}/${r.id}`, { name: `${name}二` }, { 'If-Match': '"1"' });
  const { id_number, phone } = await reveal(r.id, 'id_number,phone');
  const assessed = await lead.ok('POST', `${collection}/${r.id}/assess`, {});
  const decision = assessed.decision.id;
  assert.ok((await lead.ok('GET', `decisions/${decision}?inputs=true&purpose=test`)).inputs);
  assert.ok(found(name).length > 0, 'a name lies open in the database before');
  const a = await admin.ok('POST', 'admin/keys/erase', { subject: r.id, because: 'request 17' });
  assert.deepEqual(a, { subject: r.id, records: 1, log_emptied: true });
  assert.deepEqual(found(name), []);
  assert.ok(found(other).length > 0);
  const now = await one(r.id);
  for (const f of ['name', 'id_number', 'phone', 'guardian_phone', 'health_note']) assert.equal(now[f], null, f);
  assert.equal(now.note, 'stays');
  assert.equal((await reveal(r.id, 'id_number,phone,health_note')).phone, null);
  const history = await lead.get(`${collection}/${r.id}/history`);
  assert.equal(history.status, 200);
  assert.ok(!history.text.includes(name));
  for (const q of [`phone=${phone}`, `id_number=${id_number}`, `name=${encodeURIComponent(`${name}二`)}`]) {
    const list = await lead.get(`${collection}?${q}`);
    assert.ok(list.status !== 200 || list.body.items.length === 0, `${q}: ${list.text}`);
  }
  const d = await lead.get(`decisions/${decision}?inputs=true&purpose=test`);
  assert.equal(d.body.erased, true, d.text);
  assert.equal(d.body.inputs, undefined);
  const [row] = await log('action=key.erase');
  assert.deepEqual([row.outcome, row.purpose, row.object], ['ok', 'request 17', `core.keys/subject/${r.id}`]);
  assert.match((await one(kept.id)).name, /留下/);
  // whoever comes back gets a key of their own again
  const tag = (await lead.get(`${collection}/${r.id}`)).headers.get('etag');
  await lead.ok('PATCH', `${collection}/${r.id}`, { phone }, { 'If-Match': tag });
  assert.equal((await reveal(r.id, 'phone')).phone, phone);
  assert.equal((await admin.ok('POST', 'admin/keys/erase', { subject: r.id })).records, 1);
  assert.equal((await one(r.id)).phone, null);
  const verified = server.run(['audit', 'verify']);
  assert.equal(verified.status, 0, verified.stderr);
});

test('erasure is for who keeps the keys, and nobody is erased by mistake', async () => {
  const r = await create();
  assert.equal((await lead.post('admin/keys/erase', { subject: r.id })).status, 403);
  assert.equal((await lead.post('admin/keys/rotate')).status, 403);
  for (const body of [{}, { subject: 'a b' }, { subject: r.id, all: true }])
    assert.equal((await admin.post('admin/keys/erase', body)).status, 422, JSON.stringify(body));
  assert.equal((await admin.post('admin/keys/erase', { subject: 'nobody' })).status, 404);
  assert.match((await reveal(r.id, 'phone')).phone, /^138/);
});

test('the command line rotates and erases, with and without a service', async () => {
  const [r, s] = [await create(), await create()];
  const { version } = await admin.ok('GET', 'admin/keys');
  const run = (...words) => {
    const a = server.run(words);
    assert.equal(a.status, 0, a.stderr);
    return a.stdout;
  };
  run('key', 'rotate');
  assert.equal((await admin.ok('GET', 'admin/keys')).oldest, version + 1);
  assert.equal(server.run(['key', 'erase', r.id]).status, 2, 'only with --yes');
  run('key', 'erase', r.id, '--yes', '--because', 'request 18');
  assert.equal((await one(r.id)).phone, null);
  await server.stop();
  run('key', 'rotate');
  run('key', 'erase', s.id, '--yes');
  run('audit', 'verify');
  await server.serve();
  const now = await admin.ok('GET', 'admin/keys');
  assert.deepEqual([now.oldest, now.version], [version + 2, version + 2]);
  assert.equal((await one(s.id)).phone, null);
});

test('an older database is erased anew before it serves; a line that is not ours stops it', onlySqlite, async () => {
  const r = await create({ name: '欧阳旧备份' });
  await server.stop();
  const db = join(server.home, 'campusd.db'), old = join(server.folder, 'old.db');
  copyFileSync(db, old);
  await server.serve();
  await admin.ok('POST', 'admin/keys/erase', { subject: r.id });
  await server.stop();
  const ledger = join(server.home, 'erasures'), lines = readFileSync(ledger, 'utf8');
  assert.match(lines.trim().split('\n').at(-1), new RegExp(`^\\d+ ${r.id} [0-9a-f]{32}$`));
  const newest = readFileSync(db);
  copyFileSync(old, db);
  await server.serve();
  const now = await one(r.id);
  assert.deepEqual([now.name, now.phone], [null, null]);
  assert.deepEqual(found('欧阳旧备份'), []);
  assert.equal((await log(`action=key.erase&subject=${r.id}`))[0].reason, 'replayed');
  assert.equal(readFileSync(ledger, 'utf8'), lines);
  await server.stop();
  // what only the database knows is listed again
  writeFileSync(db, newest);
  writeFileSync(ledger, lines.split('\n').slice(1).join('\n'));
  await server.serve();
  assert.deepEqual(readFileSync(ledger, 'utf8').split('\n').sort(), lines.split('\n').sort());
  await server.stop();
  writeFileSync(ledger, lines.replace(/^\d/, (d) => String((Number(d) + 1) % 10)));
  const refused = server.run(['serve', '--listen', '127.0.0.1:0'], { timeout: 20000 });
  assert.notEqual(refused.status, 0);
  assert.match(refused.stderr, /erasures:1/);
  writeFileSync(ledger, lines);
  await server.serve();
});
