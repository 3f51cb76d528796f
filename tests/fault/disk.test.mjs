// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The disk fails: what was acknowledged is there after a kill, whatever failed before; a failed sync
// ends the service; a full disk stops writes only, and only while it is full.
// backend: sqlite
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { Server } from '../lib/server.mjs';
import { bin, faulty, status } from './lib_faulty.mjs';

const PATH = 'admissions/applicants';
let serial = 0;
const running = [];
after(() => { for (const s of running) s.killNow(); });

async function start() {
  const server = await faulty();
  running.push(server);
  server.lead = await server.bearer('t.lead', ['admissions.lead']);
  return server;
}
const named = async (who, name) => (await who.ok('GET', `${PATH}?name=${encodeURIComponent(name)}`)).items.length;
const sound = (server) => {
  const verified = server.run(['audit', 'verify']);
  assert.equal(verified.status, 0, verified.stdout + verified.stderr);
  const said = JSON.parse(server.run(['--json', 'doctor']).stdout).items; // of a small disk it complains rightly
  assert.deepEqual(said.filter((i) => i.state === 'bad' && i.check !== 'disk'), []);
};

for (const site of ['vfs:write', 'vfs:short', 'vfs:full'])
  test(`${site} failing at each write in turn acknowledges nothing falsely`, async () => {
    const server = await start(), acknowledged = [], refused = [];
    let strikes = 0;
    for (let n = 1; n <= 32; n++) { // a commit hands its log down in one piece, a large one in several
      const body = applicant(serial++, { name: `${site} ${n}`, health_note: n % 4 ? null : 'x'.repeat(90000) });
      await server.arm(`${site}:${n % 4 ? 1 : 2}`);
      const got = await status(server.lead.post(PATH, body));
      const struck = await server.struck();
      await server.arm('');
      strikes += struck;
      assert.ok([201, site === 'vfs:full' ? 507 : 500].includes(got), `write ${n}: ${got}`);
      (got === 201 ? acknowledged : refused).push(body.name);
      assert.equal(await named(server.lead, body.name), got === 201 ? 1 : 0, `write ${n}`);
      if (n % 8) continue;
      await server.kill9(); // nothing of a refused write stands in the log either
      await server.serve();
    }
    assert.ok(strikes > 28 && refused.length > 20, `${strikes} strikes, ${refused.length} refused: this tests nothing`);
    await server.kill9();
    await server.serve();
    for (const name of acknowledged) assert.equal(await named(server.lead, name), 1, `${name} was acknowledged`);
    for (const name of refused) assert.equal(await named(server.lead, name), 0, `${name} was refused`);
    sound(server);
    await server.close();
  });

test('a read that fails is an error, and the next one is right', async () => {
  const server = await start();
  for (let i = 0; i < 30; i++) await server.lead.ok('POST', PATH, applicant(serial++));
  const path = `${PATH}?limit=100&total=true&fields=name`, right = (await server.lead.get(path)).text;
  let strikes = 0;
  for (let n = 1; n < 30; n++) {
    await server.restart(); // so that the pages are read from the disk
    await server.arm(`vfs:read:${n}`);
    let text;
    const got = await status(server.lead.get(path).then((a) => { text = a.text; return a; }));
    const struck = await server.struck();
    await server.arm('');
    if (!struck) break;
    strikes++;
    assert.ok([200, 500].includes(got), `read ${n}: ${got}`);
    if (got === 200) assert.equal(text, right);
    assert.equal((await server.lead.get(path)).text, right);
  }
  assert.ok(strikes > 0, 'no read failed: this tests nothing');
  assert.deepEqual(await server.close(), { code: 0, signal: null });
});

test('a sync that fails ends the service before anything is acknowledged', async () => {
  const server = await start();
  for (let n = 0; n < 3; n++) {
    const name = `sync ${n}`;
    await server.arm('vfs:sync:1');
    assert.equal(await status(server.lead.post(PATH, applicant(serial++, { name }))), 0);
    const how = await server.gone;
    assert.equal(how.signal, 'SIGABRT');
    assert.match(server.log, /fsync_failed/);
    await server.serve();
    assert.ok(await named(server.lead, name) <= 1);
  }
  await server.lead.ok('POST', PATH, applicant(serial++));
  sound(server);
  await server.close();
});

async function fullDisk(server, who, fill, free) {
  const kept = await who.ok('POST', PATH, applicant(serial++));
  await fill();
  let refused;
  for (let i = 0; i < 2000 && !refused; i++) { // the log may have some room left
    const a = await who.post(PATH, applicant(serial++, { note: 'x'.repeat(900) }));
    assert.ok(a.status === 201 || a.status === 507, `${a.status} ${a.text}`);
    if (a.status === 507) refused = a;
  }
  assert.ok(refused, 'the disk never got full');
  assert.equal(refused.body.code, 'no_space');
  assert.equal((await who.get(`${PATH}/${kept.id}`)).status, 200);
  assert.equal((await who.get(`${PATH}?limit=5`)).status, 200);
  assert.equal((await who.api('PATCH', `${PATH}/${kept.id}`, { note: 'y' })).status, 507);
  const look = await who.get(`${PATH}/${kept.id}?reveal=phone&purpose=test`); // what cannot be on record is not shown
  assert.equal(look.status, 507);
  assert.doesNotMatch(look.text, /1[3-9]\d{9}/);
  await free();
  const since = performance.now();
  let got;
  while ((got = (await who.post(PATH, applicant(serial++))).status) === 507 && performance.now() - since < 5000) await sleep(50);
  assert.equal(got, 201, 'writes again within 5 s');
  console.log(`writes again ${(performance.now() - since).toFixed(0)} ms after there is space`);
  sound(server);
}

test('a disk without space refuses writes with 507 and goes on by itself', async () => {
  const server = await start();
  await fullDisk(server, server.lead, () => server.arm('vfs:full:1+'), () => server.arm(''));
  assert.deepEqual(await server.close(), { code: 0, signal: null });
});

test('a key slot that could not be stored is gone from memory too', async () => {
  const server = await start();
  const admin = await server.admin();
  const slots = async () => JSON.stringify((await admin.ok('GET', 'admin/keys')).slots);
  const had = await slots();
  await server.arm('vfs:full:1+');
  assert.equal((await admin.post('admin/keys/slots', { kind: 'recovery' })).status, 507);
  await server.arm('');
  assert.equal(await slots(), had);
  await sleep(1000);
  const made = await admin.ok('POST', 'admin/keys/slots', { kind: 'recovery' });
  assert.match(await slots(), new RegExp(`"id":${made.id}\\b`));
  assert.deepEqual(await server.close(), { code: 0, signal: null });
});

const mount = mkdtempSync(join(tmpdir(), 'campusd-full-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', mount]).status === 0;
after(() => {
  if (mounted) spawnSync('umount', ['-l', mount]);
  rmSync(mount, { recursive: true, force: true });
});
test('the same on a real file system of 24 MiB', { skip: mounted ? false : 'mounting takes root' }, async () => {
  const before = process.env.TMPDIR, ballast = join(mount, 'ballast');
  process.env.TMPDIR = mount;
  const server = await Server.start({ bin });
  running.push(server);
  process.env.TMPDIR = before ?? '';
  if (before === undefined) delete process.env.TMPDIR;
  const who = await server.bearer('t.lead', ['admissions.lead']);
  const fill = () => { spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=64k']); };
  await fullDisk(server, who, fill, () => rmSync(ballast));
  assert.deepEqual(await server.close(), { code: 0, signal: null });
});
