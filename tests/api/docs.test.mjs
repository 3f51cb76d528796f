// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What the pages say against what is there: limits, names of files, commands, the unit's exposure.
// backend: sqlite
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { binary, root } from '../lib/server.mjs';

const read = (file) => readFileSync(join(root, file), 'utf8');
const folders = readdirSync(join(root, 'core'), { withFileTypes: true }).filter((d) => d.isDirectory()).map((d) => `core/${d.name}`);
const pages = ['README.md', 'core/README.md', 'include/README.md', 'examples/README.md', 'tests/README.md', ...folders.map((f) => `${f}/README.md`), ...['nginx', 'caddy', 'systemd', 'audit-verifier', 'school'].map((f) => `examples/${f}/README.md`)]
  .filter((f) => existsSync(join(root, f)));

test('the table of limits is limits.def, row for row', () => {
  const defined = [...read('include/campus/limits.def').matchAll(/^X\((\w+), (\d+), "(.*)", "(.*)"\)$/gm)].map((m) => m.slice(1));
  const table = /<!-- limits -->\n([^]*?)<!-- \/limits -->/.exec(read('README.md'))[1];
  const written = [...table.matchAll(/^\| (\w+) \| (\d+) ([^|]+) \| ([^|]+) \|$/gm)].map((m) => m.slice(1));
  assert.ok(defined.length > 15);
  assert.deepEqual(written, defined);
});

test('every file that a page names is there', () => {
  for (const page of pages)
    for (const [name] of read(page).matchAll(/(?<![\w./-])(?:core|include|plugins|policies|tests|examples)\/[\w./-]*\w/g))
      assert.ok(name.includes('NAME') || [root, join(root, dirname(page))].some((d) => existsSync(join(d, name))), `${page}: ${name}`);
});

test('the map shows every folder of core', () => {
  const map = read('core/README.md');
  for (const f of folders) assert.match(map, new RegExp(`^\\| ${f.slice(5)} \\|`, 'm'));
});

test('the page of a folder of core names every file in it', () => {
  for (const f of folders.filter((d) => existsSync(join(root, d, 'README.md')))) {
    const page = read(`${f}/README.md`);
    for (const file of readdirSync(join(root, f)))
      if (/\.(c|lua)$/.test(file)) assert.ok(page.includes(file), `${f}/README.md does not name ${file}: add a line`);
  }
});

test('the page of the contracts names every header', () => {
  const page = read('include/README.md');
  for (const file of readdirSync(join(root, 'include/campus'))) assert.ok(page.includes(file), `include/README.md does not name ${file}: add it to its floor`);
});

test('every command that README shows exists', () => {
  for (const [, word] of read('README.md').matchAll(/^ {4}\$ (?:build\/)?campusd ([a-z]+)/gm))
    assert.equal(spawnSync(binary, [word, '--help']).status, 0, word);
});

const analyze = spawnSync('systemd-analyze', ['--version']).status === 0;
test('the systemd unit is tight, and lets children of the service jail themselves', { skip: analyze ? false : 'no systemd-analyze' }, () => {
  const unit = join(root, 'examples/systemd/campusd.service');
  const scored = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=10', unit], { encoding: 'utf8' });
  assert.match(scored.stdout, /Overall exposure level for campusd.service: \d/);
  assert.equal(scored.status, 0, scored.stdout.split('\n').slice(-2).join('') + scored.stderr);
  const verified = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
  assert.doesNotMatch(verified.stderr, /Unknown|unknown|ignoring/);
  const allowed = [...read('examples/systemd/campusd.service').matchAll(/^SystemCallFilter=([^~].*)$/gm)].flatMap((m) => m[1].split(' '));
  for (const call of ['landlock_create_ruleset', 'landlock_restrict_self', 'seccomp']) assert.ok(allowed.includes(call), call);
});
