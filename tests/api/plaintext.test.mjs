// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The hunt for plaintext: known identity numbers, telephone numbers and health notes are written,
// read, revealed, searched, refused, decided on, exported, backed up and erased; their bytes must
// then lie nowhere: database, log, checkpoints, backups, what the service said, and a core image of
// it at rest (while a request is under way its memory does hold what it is about; the child that ran
// a rule holds the fields that the rule declares, and is not covered). Each place is shown to be
// searched by a name, which lies open on purpose.
// backend: sqlite
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { applicant, citizenId } from '../lib/applicant.mjs';
import { Server } from '../lib/server.mjs';

let server, admin, lead, core;
const collection = 'admissions/applicants';
const people = Array.from({ length: 6 }, (_, i) => ({
  name: `欧阳明文${i}`, id_number: citizenId(500 + i, '20070707', '330106'), phone: `1370571${4000 + 37 * i}`,
  guardian_phone: `1360571${5000 + 41 * i}`, health_note: `先天性罕见体质说明${i}甲乙丙`,
}));
const SEALED = ['id_number', 'phone', 'guardian_phone', 'health_note'];
// What the values of a field begin with, as text, in base64 and in hexadecimal: stricter than whole
// values, and an image of half a gigabyte is searched in seconds.
const common = (f) => {
  const [first, ...rest] = people.map((p) => p[f]);
  let n = first.length;
  while (!rest.every((v) => v.startsWith(first.slice(0, n)))) n--;
  return Buffer.from(first.slice(0, n));
};
const needles = SEALED.flatMap((f) => [common(f), Buffer.from(common(f).toString('base64').replace(/.{0,3}=*$/, '')),
  Buffer.from(common(f).toString('hex'))].map((bytes) => ({ what: f, bytes })));
for (const { what, bytes } of needles) assert.ok(bytes.length >= 8, what);
const names = [{ what: 'name', bytes: common('name') }];

// Which needles a file holds, read in pieces that overlap.
function search(path, wanted) {
  const hits = new Set(), size = 8 << 20, keep = 256, fd = openSync(path, 'r');
  let buffer = Buffer.alloc(size + keep), have = 0;
  for (let n; (n = readSync(fd, buffer, have, size, null)) > 0;) {
    const part = buffer.subarray(0, have + n);
    for (const { what, bytes } of wanted) if (part.includes(bytes)) hits.add(what);
    have = Math.min(keep, part.length);
    part.copy(buffer, 0, part.length - have);
  }
  closeSync(fd);
  return [...hits];
}
function files(dir) {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name), st = statSync(path);
    return st.isDirectory() ? files(path) : st.isFile() ? [path] : [];
  });
}
const everywhere = (wanted) => Object.fromEntries(files(server.home)
  .map((f) => [f.slice(server.home.length + 1), search(f, wanted)]).filter(([, hits]) => hits.length));

before(async () => {
  server = await Server.start();
  admin = await server.admin();
  lead = await server.bearer('p.lead', ['admissions.lead']);
  core = join(server.folder, 'core');
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

async function over({ id }) {
  for (;;) {
    const job = await admin.ok('GET', `jobs/${id}`);
    if (!['queued', 'running'].includes(job.state)) return job;
    await new Promise((done) => setTimeout(done, 50));
  }
}

const ids = [];
test('everything is done with the values that people do', async () => {
  for (const p of people.slice(0, 5)) ids.push((await lead.ok('POST', collection, applicant(1, p))).id);
  const [first] = ids, p = people[0], path = `${collection}/${first}`;
  const shown = await lead.ok('GET', `${path}?reveal=${SEALED}&purpose=test`);
  assert.equal(shown.id_number, p.id_number);
  assert.equal(shown.health_note, p.health_note);
  await lead.ok('GET', path);
  await lead.ok('GET', `${path}/history`);
  assert.equal((await lead.ok('GET', `${collection}?phone=${p.phone}`)).items.length, 1);
  await lead.get(`${collection}?id_number=${p.id_number}`);
  // refused: the same person twice, a value that is wrong, a mask, somebody who may not
  assert.equal((await lead.post(collection, applicant(2, p))).status, 409);
  assert.equal((await lead.post(collection, { ...applicant(3, people[1]), id_number: `${people[1].id_number}0` })).status, 422);
  assert.equal((await lead.post(collection, `{"phone":"${p.phone}",`, { 'Content-Type': 'application/json' })).status, 400);
  const clerk = await server.bearer('p.clerk', ['admissions.staff']);
  assert.equal((await clerk.post(collection, applicant(4, people[1]))).status >= 400, true);
  assert.equal((await clerk.get(`${path}?reveal=id_number&purpose=test`)).status >= 400, true);
  // changed, decided on, imported with a bad row, exported, taken away
  await lead.ok('PATCH', path, { phone: people[5].phone, health_note: people[5].health_note }, { 'If-Match': '"1"' });
  await lead.ok('POST', `${path}/assess`, {});
  const csv = `name,id_number,birth_date,education,phone,guardian_phone\n${people[5].name},${people[5].id_number},2008-03-15,junior,${people[5].phone},${people[5].guardian_phone}\n` +
    `${people[5].name},${people[5].id_number}9,2008-03-15,junior,${people[5].phone}1,x\n`;
  const job = await over(await lead.ok('POST', `${collection}/import`, csv, { 'Content-Type': 'text/csv' }));
  assert.deepEqual([job.result.created, job.result.failed], [1, 1]);
  assert.equal((await lead.get(`${collection}/export?purpose=test&reveal=phone`)).status < 500, true);
  await lead.api('DELETE', `${collection}/${ids[1]}`, undefined, { 'If-Match': '"1"' });
  assert.equal(server.run(['backup', 'keygen', join(server.folder, 'key')]).status, 0);
  assert.equal((await over(await admin.ok('POST', 'admin/backups'))).state, 'done');
  await admin.ok('POST', 'admin/keys/erase', { subject: ids[2] });
});

test('no file of the home holds a sealed value, and the search does find a name', () => {
  assert.deepEqual(everywhere(needles), {});
  const open = everywhere(names);
  assert.ok(Object.keys(open).some((f) => /^campusd\.db(-wal)?$/.test(f)), JSON.stringify(open));
  assert.ok(!Object.keys(open).some((f) => f.startsWith('backups/')), 'backups are sealed whole');
  assert.ok(files(server.home).some((f) => f.endsWith('.campusd')));
  assert.ok(files(server.home).some((f) => f.endsWith('audit.checkpoints')));
});

test('the service never says one, at any level of its log', () => {
  for (const { what, bytes } of [...needles, ...names]) assert.ok(!server.log.includes(bytes.toString()), what);
});

test('a core image, forced while the service runs, holds none either', { skip: process.env.VARIANT ? 'the shadow memory of a sanitizer is too much to write' : spawnSync('gcore').error ? 'there is no gcore here' : false }, async () => {
  const made = spawnSync('gcore', ['-a', '-o', core, String(server.child.pid)], { encoding: 'utf8', timeout: 120000 });
  const image = `${core}.${server.child.pid}`;
  assert.ok(existsSync(image), made.stderr);
  const hits = search(image, needles), control = search(image, names);
  rmSync(image);
  assert.deepEqual(control, ['name'], 'the image is searched: names lie open in pages of the database');
  assert.deepEqual(hits, []);
});
