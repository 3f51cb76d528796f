// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The command line as a person meets it: a home is made, checked, served, changed and looked at.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync, chmodSync, copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { onlySqlite, Server } from '../lib/server.mjs';

let server;
before(async () => { server = await Server.start(); });
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

const run = (...words) => server.run(words);
const good = (...words) => {
  const r = run(...words);
  assert.equal(r.status, 0, r.stderr);
  return r.stdout;
};
const home2 = () => join(server.folder, 'second');
const second = (words, env = {}) => server.run(['--home', home2(), ...words], { env: { ...server.env, ...env } });

test('every command has a usage, an example and a title in both languages', () => {
  const words = [...good('--help').matchAll(/^ {2}([a-z]+) /gm)].map((m) => m[1]);
  assert.ok(words.length >= 12);
  for (const w of words) {
    const help = good(w, '--help');
    assert.match(help, /\p{Script=Han}/u, w);
    assert.match(help, new RegExp(`campusd ${w}`), w);
    assert.match(help, /for example: campusd/, w);
  }
});

test('wrong usage is 2, a refusal 1', () => {
  assert.equal(run('chekc').status, 2);
  assert.match(run('chekc').stderr, /did you mean check/);
  assert.equal(run('check', '--no-such-thing').status, 2);
  assert.equal(run('user', 'add').status, 2);
  assert.equal(run('release', 'show', '99').status, 1);
});

test('a folder that holds something is not made a home', () => {
  const r = run('init', '--sample', 'school');
  assert.equal(r.status, 1);
  assert.match(r.stderr, /is not empty/);
});

test('a home that cannot be made whole is not made', () => {
  const short = join(server.folder, 'short');
  writeFileSync(short, 'short\n');
  const r = second(['init', '--passphrase-file', short]);
  assert.equal(r.status, 1);
  assert.match(r.stderr, /too short/);
  assert.equal(existsSync(home2()), false);
});

test('nobody else may read what a home holds', () => {
  for (const f of ['', ...readdirSync(server.home)].filter((n) => n !== 'audit.pub'))
    assert.equal(statSync(join(server.home, f)).mode & 0o077, 0, f);
});

test('a home without the sample opens by its passphrase only', () => {
  const pass = join(server.folder, 'pass');
  const wrong = join(server.folder, 'wrong');
  writeFileSync(pass, 'correct horse battery\n');
  writeFileSync(wrong, 'correct horse cattery\n');
  const made = second(['--json', 'init', '--passphrase-file', pass, '--school', 'school-2', '--admin', 'boss']);
  assert.equal(made.status, 0, made.stderr);
  const told = JSON.parse(made.stdout);
  assert.match(told.recovery, /^(\w{5}-){7}\w{5}$/);
  assert.match(told.password, /^\w{4}(-\w{4}){3}$/);
  assert.equal(existsSync(join(home2(), 'keyfile')), false);
  assert.equal(existsSync(join(home2(), 'first-sign-in')), false);
  assert.equal(second(['user', 'list']).status, 1);
  assert.match(second(['user', 'list'], { CAMPUSD_PASSPHRASE_FILE: wrong }).stderr, /no key slot opens/);
  assert.match(second(['user', 'list'], { CAMPUSD_PASSPHRASE_FILE: pass }).stdout, /boss/);
  const slots = JSON.parse(second(['--json', 'key', 'slots']).stdout);
  assert.deepEqual(slots.map((s) => s.kind), ['passphrase', 'recovery']);
});

test('a home has one service', () => {
  const r = run('serve', '--listen', '127.0.0.1:0');
  assert.equal(r.status, 1);
  assert.match(r.stderr, /in use by process \d+/);
});

test('every error of plugins and policies is told at its place', () => {
  const file = join(server.home, 'policies/admissions.yaml');
  mkdirSync(join(server.home, 'policies'), { recursive: true });
  writeFileSync(file, 'policy: admissions\nage:\n  min: 3\n  maxx: 30\n');
  const r = run('check');
  assert.equal(r.status, 1);
  assert.match(r.stderr, /policies\/admissions\.yaml:3:8: .*age\.min/);
  assert.match(r.stderr, /policies\/admissions\.yaml:4:3: .*did you mean max/);
  assert.equal(JSON.parse(run('check', '--json').stderr).errors.length, 2);
  const before = good('release', 'list');
  assert.equal(run('reload').status, 1);
  assert.equal(good('release', 'list'), before);
  writeFileSync(file, 'policy: admissions\nage: { min: 16 }\n');
  assert.match(good('policy', 'diff', 'admissions'), /age\.min .*15 -> 16/);
});

test('reload makes a release, rollback takes it back', () => {
  good('reload');
  const list = () => JSON.parse(good('--json', 'release', 'list')).items;
  assert.deepEqual(list().map((r) => [r.number, r.active]), [[2, true], [1, false]]);
  assert.match(good('release', 'diff', '1', '2'), /^\+ school\/policies\/admissions\.yaml$/m);
  good('release', 'rollback');
  assert.deepEqual(list().map((r) => [r.number, r.active]), [[2, false], [1, true]]);
});

test('a command that writes goes through the service and is on record as its user', () => {
  good('user', 'add', 'new.one', '--display', '新同事', '--role', 'admissions.staff', '--campus', '东校区');
  assert.match(good('user', 'list'), /new\.one +新同事/);
  const row = JSON.parse(good('--json', 'audit', 'search', '--action', 'user.add', '--limit', '1')).items[0];
  assert.equal(row.actor, `os:${process.getuid()}`);
});

test('a refusal of the service is told with its words', () => {
  const r = run('user', 'add', 'new.one');
  assert.equal(r.status, 1);
  assert.match(r.stderr, /^\/name: unique: /m);
  assert.match(server.run(['user', 'show', 'nobody'], { env: { ...server.env, LC_ALL: 'zh_CN.UTF-8' } }).stderr, /不存在/);
});

test('import tells what is wrong by line, and a dry run writes nothing', () => {
  const csv = join(server.folder, 'rows.csv');
  writeFileSync(csv, 'name,id_number,birth_date,education\n张三,11010520080101123X,2008-01-01,junior\n李四,1,2008-13-01,junior\n');
  const dry = run('import', 'admissions.applicants', csv, '--dry-run');
  assert.equal(dry.status, 1);
  assert.match(dry.stderr, /^3: birth_date: /m);
  assert.match(dry.stderr, /^3: id_number: /m);
  const out = join(server.folder, 'none.csv');
  assert.equal(run('import', 'nothing', csv).status, 2);
  assert.equal(run('export', 'admissions.nothing', out).status, 1);
  assert.equal(existsSync(out), false);
});

test('a plugin begun with `plugin new` passes the check', () => {
  good('plugin', 'new', 'canteen');
  good('plugin', 'check', 'canteen');
  assert.match(good('plugin', 'doc', 'canteen'), /`finish` \| draft \| done \| within_limit/);
  assert.equal(run('plugin', 'new', 'canteen').status, 1);
  assert.equal(run('plugin', 'new', 'Canteen').status, 2);
});

test('the doctor finds a home in order, and what is not', () => {
  const items = () => JSON.parse(run('--json', 'doctor').stdout).items.filter((i) => i.state === 'bad');
  assert.deepEqual(items(), []);
  chmodSync(join(server.home, 'keyfile'), 0o644);
  assert.deepEqual(items().map((i) => i.check), ['files']);
  chmodSync(join(server.home, 'keyfile'), 0o600);
});

test('the audit verifies with its public key, and not with a checkpoint that was changed', () => {
  assert.match(good('audit', 'verify'), /good: \d+ rows/);
  const exported = join(server.folder, 'audit.jsonl');
  good('audit', 'export', exported);
  const lines = readFileSync(exported, 'utf8').trim().split('\n').map((l) => JSON.parse(l));
  assert.deepEqual([lines[0].seq, lines[0].action], [1, 'home.init']);
  const notes = readFileSync(join(server.home, 'audit.checkpoints'), 'utf8');
  const forged = join(server.folder, 'forged');
  writeFileSync(forged, notes.replace(/^n1 (\d+) /m, (_, n) => `n1 ${Number(n) + 1} `));
  const r = run('audit', 'verify', '--checkpoints', forged);
  assert.equal(r.status, 1);
  assert.match(r.stderr, /does not verify/);
});

test('a backup made while people write opens with its key only, whole or not at all', onlySqlite, async () => {
  const key = join(server.folder, 'backup.key'), file = join(server.folder, 'one.campusd');
  const other = join(server.folder, 'other.key'), restored = join(server.folder, 'restored');
  assert.match(run('backup', 'create', file).stderr, /no backup key yet/);
  good('backup', 'key', key);
  const admin = await server.admin();
  let going = true, made = 0;
  const writer = (async () => {
    while (going) { await admin.ok('PUT', `admin/groups/g/members/admin`, {}); made++; }
  })();
  await promisify(execFile)(server.bin, ['--home', server.home, 'backup', 'create', file], { env: server.env });
  going = false;
  await writer;
  assert.ok(made > 3);
  good('backup', 'verify', file, '--key', key);
  writeFileSync(other, `${'ab'.repeat(32)}\n`);
  assert.match(run('backup', 'verify', file, '--key', other).stderr, /this key does not open/);
  const whole = readFileSync(file), bad = join(server.folder, 'bad.campusd');
  assert.equal(whole.includes('SQLite format 3'), false);
  for (let i = 0; i < 12; i++) {
    const bytes = Buffer.from(whole);
    bytes[Math.floor((i / 12) * (whole.length - 1))] ^= 1;
    writeFileSync(bad, bytes);
    assert.equal(run('backup', 'verify', bad, '--key', key).status, 1, `byte flipped at ${i}/12`);
  }
  writeFileSync(bad, whole.subarray(0, whole.length - 1));
  assert.equal(server.run(['--home', restored, 'backup', 'restore', bad, '--key', key]).status, 1);
  assert.equal(existsSync(restored), false);
  good('--home', restored, 'backup', 'restore', file, '--key', key);
  assert.equal(existsSync(join(restored, 'keyfile')), false);
  copyFileSync(join(server.home, 'keyfile'), join(restored, 'keyfile'));
  chmodSync(join(restored, 'keyfile'), 0o600);
  assert.match(good('--home', restored, 'user', 'list'), /new\.one +新同事/);
  assert.equal(run('--home', restored, 'doctor').status, 0);
  rmSync(key, { force: true });
});
