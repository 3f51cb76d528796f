// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Releases swapped while requests run: no request fails or sees a third release, nothing grows, what
// is wrong changes nothing and says where, and there is a way back. CAMPUSD_RELOADS: how many (50).
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { applicant, citizenId } from '../lib/applicant.mjs';
import { root, Server } from '../lib/server.mjs';

const RELOADS = Number(process.env.CAMPUSD_RELOADS ?? 50), WARM = 10, CLIENTS = 6, PATH = 'admissions/applicants';
let running, server, lead, admin, rule, policy, rule_text, old;
before(async () => {
  // a rule's budget of time is no matter of this file, and the machine may be busy
  server = await Server.start({ config: ['wall: 1s', 'wall: 10s'] });
  lead = await server.bearer('t.lead', ['admissions.lead']);
  admin = await server.admin();
  const plugin = join(server.home, 'plugins/admissions');
  mkdirSync(join(server.home, 'plugins'), { recursive: true });
  mkdirSync(join(server.home, 'policies'), { recursive: true });
  cpSync(join(root, 'plugins/admissions'), plugin, { recursive: true });
  rule = join(plugin, 'eligibility.lua');
  policy = join(server.home, 'policies/admissions.yaml');
  rule_text = readFileSync(rule, 'utf8');
  old = await lead.ok('POST', PATH, applicant(1, { birth_date: '1995-03-15', id_number: citizenId(1, '19950315') }));
  await admin.ok('POST', 'admin/reload');
});
after(() => { running?.stop(); server.killNow(); });

const active = async () => Number((await lead.get('session')).headers.get('x-release'));
const write_rule = (code) => writeFileSync(rule, rule_text.replaceAll('"too_old"', `"${code}"`));
const write_policy = (max) => writeFileSync(policy, `policy: admissions\nage: { max: ${max} }\n`);
// What the rule says of somebody of 32 years.
async function verdict() {
  const a = await lead.post(`${PATH}/${old.id}/assess`, {});
  return a.status === 200 ? 'passes' : a.body.errors[0].code;
}

function measure() {
  const proc = `/proc/${server.child.pid}`, status = readFileSync(`${proc}/status`, 'utf8');
  const mine = readdirSync('/proc').filter((p) => /^\d+$/.test(p)).filter((p) => {
    try {
      return readFileSync(`/proc/${p}/stat`, 'utf8').split(') ')[1].split(' ')[1] === String(server.child.pid);
    } catch {
      return false;
    }
  });
  return { descriptors: readdirSync(`${proc}/fd`).length, children: mine.length,
    threads: Number(/Threads:\s+(\d+)/.exec(status)[1]), kib: Number(/RssAnon:\s+(\d+)/.exec(status)[1]) };
}

// Requests of all kinds until stopped; each answer is held against the releases that were active
// between its sending and its coming.
function load() {
  const seen = { requests: 0, failed: [], lowest: 0, stopped: false };
  let newest = 0, serial = 1000;
  seen.now = (n) => { newest = Math.max(newest, n); };
  seen.done = Promise.all(Array.from({ length: CLIENTS }, async (_, c) => {
    const mine = await lead.ok('POST', PATH, applicant(10 + c));
    for (let i = c; !seen.stopped; i++) {
      const from = newest;
      const a = await [() => lead.get(`${PATH}/${mine.id}`), () => lead.get(`${PATH}?limit=20&sort=name`),
        () => lead.post(`${PATH}/${mine.id}/assess`, {}), () => lead.api('PATCH', `${PATH}/${mine.id}`, { note: `${i}` }),
        () => lead.post(PATH, applicant(serial++))][i % 5]().catch((e) => ({ status: 0, text: String(e.cause ?? e), headers: new Headers() }));
      seen.requests++;
      const release = Number(a.headers.get('x-release'));
      // newest counts finished reloads: at most one more may be under way
      if (![200, 201].includes(a.status) || release < from || release > newest + 1)
        seen.failed.push(`${a.status} release ${release} within ${from}..${newest + 1} ${a.text.slice(0, 200)}`);
      await sleep(2);
    }
  }));
  seen.stop = async () => { seen.stopped = true; await seen.done; };
  return seen;
}

test(`${RELOADS} reloads under load fail no request and leave nothing behind`, async () => {
  running = load();
  running.now(await active());
  let early;
  for (let i = 0; i < RELOADS; i++) {
    if (i % 2) write_rule(`too_old_${i}`);
    else write_policy(i % 4 ? 40 : 26);
    const r = await admin.ok('POST', 'admin/reload');
    running.now(r.number);
    assert.equal(await active(), r.number);
    const max = (i - i % 2) % 4 ? 40 : 26, code = i < 1 ? 'too_old' : `too_old_${i % 2 ? i : i - 1}`;
    assert.equal(await verdict(), max === 40 ? 'passes' : code, `reload ${i}`);
    if (i === WARM) await sleep(500), early = measure();
  }
  await sleep(500);
  const late = measure();
  await running.stop();
  assert.deepEqual(running.failed, []);
  assert.ok(running.requests > RELOADS * 5, `${running.requests} requests`);
  console.log(`${running.requests} requests; after ${WARM} reloads ${JSON.stringify(early)}, after ${RELOADS} ${JSON.stringify(late)}`);
  assert.ok(late.children <= early.children + 1, 'children');
  assert.ok(late.descriptors <= early.descriptors + 6, 'descriptors'); // connections come and go
  assert.equal(late.threads, early.threads);
  // a sanitizer keeps what is freed
  if (!process.env.VARIANT) assert.ok(late.kib - early.kib < 4096 + 200 * (RELOADS - WARM), `${late.kib - early.kib} KiB more`);
});

test('a release with mistakes changes nothing and says where they are', async () => {
  const was = await active(), verdict_was = await verdict();
  const lines = rule_text.split('\n').length;
  writeFileSync(rule, `${rule_text}local = 3\n`);
  writeFileSync(policy, 'policy: admissions\nage:\n  max: 200\n  mni: 3\n');
  const a = await admin.post('admin/reload');
  assert.equal(a.status, 422, a.text);
  const at = a.body.errors.map((e) => `${e.file}:${e.line}:${e.col}: ${e.code}`);
  assert.ok(at.some((s) => s.startsWith(`plugins/admissions/eligibility.lua:${lines}:`)), at.join('\n'));
  writeFileSync(rule, rule_text);
  const b = await admin.post('admin/reload');
  const more = b.body.errors.map((e) => `${e.file}:${e.line}:${e.col}: ${e.code}`);
  assert.ok(more.some((s) => /policies\/admissions\.yaml:3:8: out_of_range$/.test(s)), more.join('\n'));
  assert.ok(more.some((s) => /policies\/admissions\.yaml:4:3: /.test(s)), more.join('\n'));
  const said = server.run(['reload']);
  assert.equal(said.status, 1);
  assert.match(said.stderr, /policies\/admissions\.yaml:3:8: (age\.max: )?out_of_range: /);
  assert.equal(await active(), was);
  assert.equal(await verdict(), verdict_was);
  rmSync(policy);
});

test('rolling back brings the release before, and its rule', async () => {
  write_policy(26);
  write_rule('first');
  const first = await admin.ok('POST', 'admin/reload');
  write_rule('second');
  const second = await admin.ok('POST', 'admin/reload');
  assert.notEqual(first.number, second.number);
  assert.equal(await verdict(), 'second');
  assert.equal(server.run(['release', 'rollback']).status, 0);
  assert.equal(await active(), first.number);
  assert.equal(await verdict(), 'first');
});

test('SIGHUP reloads; one with mistakes is logged and changes nothing', async () => {
  const was = await active();
  write_rule('hung_up');
  server.child.kill('SIGHUP');
  for (let i = 0; i < 200 && await active() === was; i++) await sleep(20);
  assert.notEqual(await active(), was);
  assert.equal(await verdict(), 'hung_up');
  writeFileSync(rule, 'return {');
  server.child.kill('SIGHUP');
  for (let i = 0; i < 200 && !server.log.includes('reload_refused'); i++) await sleep(20);
  assert.match(server.log, /reload_refused.*eligibility\.lua:1/);
  assert.equal(await verdict(), 'hung_up');
  assert.deepEqual(await server.close(), { code: 0, signal: null });
});
