// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Backups through the interface while people write; an older one does not bring the erased back.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { Client, Server } from '../lib/server.mjs';

let server, admin, lead, key, next = 91000;
const collection = 'admissions/applicants';
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
before(async () => {
  server = await Server.start();
  admin = await server.admin();
  lead = await server.bearer('b.lead', ['admissions.lead']);
  key = join(server.folder, 'backup.key');
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

async function backup() {
  const { id } = await admin.ok('POST', 'admin/backups');
  for (;;) {
    const job = await admin.ok('GET', `jobs/${id}`);
    if (job.state === 'done') return job;
    assert.ok(['queued', 'running'].includes(job.state), JSON.stringify(job));
    await wait(50);
  }
}
const good = (...words) => {
  const a = server.run(words);
  assert.equal(a.status, 0, a.stderr);
  return a;
};
const path = (job) => join(server.home, 'backups', job.result.file);

test('without a key there is no backup, and only who administers makes one', async () => {
  assert.equal((await admin.post('admin/backups')).status, 404);
  assert.equal((await lead.post('admin/backups')).status, 403);
  good('backup', 'keygen', key);
  assert.equal(existsSync(join(server.home, 'backup.pub')), true);
});

let older, erased, kept;
test('a backup under 32 writers is whole, and holds all that was answered before it began', async () => {
  let stop = false;
  const ids = [], failures = [];
  const writers = Array.from({ length: 32 }, async () => {
    while (!stop) {
      const a = await lead.post(collection, applicant(next++));
      if (a.status === 201) ids.push(a.body.id); else failures.push(a.text);
    }
  });
  await wait(300);
  const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(600000, '扫描件')]);
  const headers = { Authorization: `Bearer ${lead.token}`, 'Content-Type': 'image/png' };
  const sent = await fetch(`${server.url}/api/v1/files?name=a.png`, { method: 'POST', body: png, headers });
  const file = (await sent.json()).id;
  const before = [...ids];
  older = await backup();
  const during = ids.length - before.length;
  stop = true;
  await Promise.all(writers);
  assert.deepEqual(failures.slice(0, 3), []);
  assert.equal(older.state, 'done', JSON.stringify(older));
  assert.ok(before.length > 20 && during > 20, `${before.length} before, ${during} during`);
  assert.equal(older.result.backup.school, JSON.parse(good('backup', 'verify', path(older), '--key', key, '--json').stdout).backup.school);
  assert.deepEqual(readdirSync(join(server.home, 'backups')), [older.result.file]);
  [erased, kept] = before;
  const restored = await restore(older, []);
  try {
    const reader = new Client(restored, lead.token);
    for (const id of before) assert.equal((await reader.get(`${collection}/${id}`)).status, 200);
    const r = await reader.ok('GET', `${collection}/${kept}?reveal=phone&purpose=test`);
    assert.match(r.phone, /^138\d{8}$/);
    assert.deepEqual(Buffer.from(await (await fetch(`${restored.url}/api/v1/files/${file}`, { headers })).arrayBuffer()), png);
    assert.match(readFileSync(join(restored.home, 'campusd.yaml'), 'utf8'), /storage: "sqlite:campusd.db"/);
    assert.ok(readdirSync(join(restored.home, 'backups')).length === 0);
  } finally { await restored.close(); }
});

// A service on a home made of this backup.
async function restore(job, words) {
  const s = Object.assign(new Server(), { bin: server.bin, args: [], env: server.env, log: '' });
  s.folder = join(server.folder, `restored-${words.length}-${Date.now()}`);
  s.home = s.folder;
  const a = s.run(['backup', 'restore', path(job), '--key', key, ...words]);
  assert.equal(a.status, 0, a.stderr);
  copyFileSync(join(server.home, 'keyfile'), join(s.home, 'keyfile'));
  chmodSync(join(s.home, 'keyfile'), 0o600);
  return s.serve();
}

test('who was erased after a backup is erased again when it is restored', async () => {
  await admin.ok('POST', 'admin/keys/erase', { subject: erased });
  const ledger = join(server.home, 'erasures');
  for (const [words, phone] of [[[], /^138/], [['--erasures', ledger], null]]) {
    const restored = await restore(older, words);
    try {
      const reader = new Client(restored, lead.token);
      const r = await reader.ok('GET', `${collection}/${erased}?reveal=phone&purpose=test`);
      if (phone) assert.match(r.phone, phone, 'the older backup does hold the person');
      else assert.deepEqual([r.phone, r.name], [null, null]);
      assert.match((await reader.ok('GET', `${collection}/${kept}?reveal=phone&purpose=test`)).phone, /^138/);
      const verified = restored.run(['audit', 'verify']);
      assert.equal(verified.status, 0, verified.stderr);
    } finally { await restored.close(); }
  }
  const newer = await backup();
  const restored = await restore(newer, []); // it carries its own list
  try {
    assert.equal(readFileSync(join(restored.home, 'erasures'), 'utf8'), readFileSync(ledger, 'utf8'));
  } finally { await restored.close(); }
});

test('a backup can be cancelled and leaves nothing behind', async () => {
  const files = readdirSync(join(server.home, 'backups')).length;
  await wait(1100); // a name holds whole seconds
  const { id } = await admin.ok('POST', 'admin/backups');
  const stopped = await admin.api('DELETE', `jobs/${id}`);
  for (let job; ;) {
    job = await admin.ok('GET', `jobs/${id}`);
    if (job.state === 'running' || job.state === 'queued') { await wait(20); continue; }
    const now = readdirSync(join(server.home, 'backups')).length;
    if (stopped.status === 204 && job.state === 'cancelled') assert.equal(now, files);
    else assert.equal(now, files + 1);
    break;
  }
  assert.ok(readdirSync(join(server.home, 'backups'), { withFileTypes: true }).every((f) => f.name.endsWith('.campusd')));
});
