// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Two verifiers of one audit log, campusd's own and examples/audit-verifier, which share no code:
// both call a good log good, and both find the same tampering.
// backend: sqlite
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { rowHash } from '../../examples/audit-verifier/verify.mjs';
import { applicant } from '../lib/applicant.mjs';
import { Server, root } from '../lib/server.mjs';

let server, good;
const at = (name) => join(server.home, name);
const sql = (text) => {
  const r = spawnSync('sqlite3', ['-bail', at('campusd.db')], { input: text, encoding: 'utf8' });
  assert.equal(r.status, 0, r.stderr);
  return r.stdout.trim();
};
const ours = (...words) => server.run(['audit', 'verify', ...words]);
const exported = () => {
  rmSync(at('export.jsonl'), { force: true });
  const r = server.run(['audit', 'export', at('export.jsonl')]);
  assert.equal(r.status, 0, r.stderr);
  return readFileSync(at('export.jsonl'), 'utf8');
};
const theirs = (...words) => spawnSync(process.execPath, [join(root, 'examples/audit-verifier/verify.mjs'), '--key', at('audit.pub'),
  '--checkpoints', at('audit.checkpoints'), ...words, at('export.jsonl')], { encoding: 'utf8' });
// Does something to the database, asks both, and puts it back.
const tampered = (text, finding) => {
  sql(text);
  const a = ours();
  exported();
  const b = theirs();
  copyFileSync(at('good.db'), at('campusd.db'));
  assert.equal(a.status, 1, `campusd did not see: ${text}`);
  assert.equal(b.status, 1, `the example did not see: ${text}`);
  assert.match(a.stderr, new RegExp(finding), text);
  assert.match(b.stderr, new RegExp(`^${finding}:`, 'm'), text);
};

before(async () => {
  server = await Server.start();
  const lead = await server.bearer('t.lead', ['admissions.lead']);
  for (let n = 1; n < 8; n++) await lead.ok('POST', 'admissions/applicants', applicant(n));
  assert.equal((await server.anonymous.get('admissions/applicants')).status, 401);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.equal(sql('PRAGMA wal_checkpoint(TRUNCATE)'), '0|0|0');
  copyFileSync(at('campusd.db'), at('good.db'));
  good = exported().trimEnd().split('\n').map((l) => JSON.parse(l));
});
after(() => server.killNow());

test('both call the log good and count the same rows', () => {
  const a = ours(), b = theirs();
  assert.equal(a.status, 0, a.stderr);
  assert.equal(b.status, 0, b.stderr);
  assert.equal(/good: (\d+) rows/.exec(a.stdout)[1], String(good.length));
  assert.match(b.stdout, new RegExp(`^good: ${good.length} rows, [1-9]\\d* checkpoints, 0 rows after the last one$`, 'm'));
  assert.ok(good.length > 2900 && good.some((r) => r.subjects !== ''));
});

test('a byte changed in any column of a row is found by both', () => {
  const s = good.find((r) => r.subjects !== '' && r.seq > 20).seq;
  for (const c of ['actor', 'client', 'action', 'object', 'outcome', 'reason', 'rule', 'purpose', 'fields', 'request', 'subjects'])
    tampered(`UPDATE core_audit SET ${c}=${c}||'x' WHERE seq=${s}`, 'changed');
  for (const c of ['at', 'release']) tampered(`UPDATE core_audit SET ${c}=${c}+1 WHERE seq=${s}`, 'changed');
  tampered(`UPDATE core_audit SET prev=zeroblob(32) WHERE seq=${s}`, 'link');
  tampered(`UPDATE core_audit SET hash=zeroblob(32) WHERE seq=${s}`, 'changed');
});

test('a row that has been dropped is found by both', () => tampered('DELETE FROM core_audit WHERE seq=30', 'gap'));

test('rows that have changed places are found by both', () => tampered(
  'UPDATE core_audit SET seq=-1 WHERE seq=30; UPDATE core_audit SET seq=30 WHERE seq=31; UPDATE core_audit SET seq=31 WHERE seq=-1', 'link'));

test('a log whose end or whose all was cut off is found by both', () => {
  tampered(`DELETE FROM core_audit WHERE seq>${good.length - 3}`, 'truncated');
  tampered('DELETE FROM core_audit; DELETE FROM core_audit_subject', 'truncated');
});

test('a chain written anew with right hashes does not match what the checkpoints signed', () => {
  const updates = [];
  let prev;
  for (const row of good.filter((r) => r.seq >= 30)) {
    const r = { ...row, prev: prev ?? row.prev, actor: row.seq === 30 ? 'somebody else' : row.actor };
    prev = rowHash(r).toString('hex');
    updates.push(`UPDATE core_audit SET actor='${r.actor}', prev=x'${r.prev}', hash=x'${prev}' WHERE seq=${r.seq};`);
  }
  tampered(`BEGIN;${updates.join('\n')}COMMIT;`, 'rewritten');
});

test('a forged checkpoint is found by both, and so is one of another key', () => {
  const notes = readFileSync(at('audit.checkpoints'), 'utf8');
  const publicKey = Buffer.from(readFileSync(at('audit.pub'), 'utf8').trim(), 'hex');
  const { privateKey } = generateKeyPairSync('ed25519');
  const body = `campusd/audit\n${Date.now()}\n${good[0].writer} 5 ${Buffer.from(good[4].hash, 'hex').toString('base64')}\n`;
  const id = createHash('sha256').update('campusd/audit\n\x01').update(publicKey).digest().subarray(0, 4);
  const forged = `${body}\n\u2014 campusd/audit ${Buffer.concat([id, sign(null, Buffer.from(body), privateKey)]).toString('base64')}\n\n`;
  exported();
  for (const bad of [notes + forged, forged + notes, notes.replace(/^(\S+ )(\d)/m, (_, w, d) => `${w}${(Number(d) % 9) + 1}`), notes.slice(0, -9)]) {
    assert.notEqual(bad, notes);
    writeFileSync(at('audit.checkpoints'), bad);
    for (const r of [ours(), theirs()]) {
      assert.equal(r.status, 1);
      assert.match(r.stderr, /checkpoint/);
    }
  }
  writeFileSync(at('audit.checkpoints'), notes);
  const key = readFileSync(at('audit.pub'), 'utf8');
  writeFileSync(at('audit.pub'), '0'.repeat(64));
  for (const r of [ours(), theirs()]) assert.equal(r.status, 1);
  writeFileSync(at('audit.pub'), key);
  assert.equal(ours().status, 0);
});

test('a part of the log verifies only where it follows a signed row', () => {
  const lines = exported().trimEnd().split('\n');
  const text = readFileSync(at('audit.checkpoints'), 'utf8');
  const signed = [...text.matchAll(/^\S+ (\d+) \S{44}$/gm)].map((m) => Number(m[1])).filter((n) => n < lines.length)[0];
  assert.ok(signed, 'a checkpoint before the end');
  const part = (from) => writeFileSync(at('export.jsonl'), `${lines.slice(from).join('\n')}\n`);
  part(signed);
  assert.equal(theirs().status, 1);
  assert.match(theirs('--part').stdout, new RegExp(`^good: ${lines.length - signed} rows`));
  part(signed + 1);
  assert.equal(theirs('--part').status, 1);
});

test('a line that two readers could read differently is refused', () => {
  const lines = exported().trimEnd().split('\n');
  for (const bad of [lines[9].replace('{', '{"note":"x",'), lines[9].replace(/"at":(\d+)/, '"at":"$1"'), lines[9].slice(0, -1)]) {
    writeFileSync(at('export.jsonl'), `${[...lines.slice(0, 9), bad, ...lines.slice(10)].join('\n')}\n`);
    const r = theirs();
    assert.equal(r.status, 1);
    assert.match(r.stderr, /^shape: line 10:/m);
  }
});
