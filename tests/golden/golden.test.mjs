// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Errors that teach: wrong plugins and policies, each with the exact text that its author reads. A case is
// a file NAME.txt of sections "-- PATH --": files that replace or join those in base/, and at last
// "-- expected --". What a mended message says: GOLDEN_UPDATE=1 node --test tests/golden/golden.test.mjs,
// then read the difference.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const binary = process.env.CAMPUSD || resolve(here, '../../build/campusd');
const folder = mkdtempSync(join(tmpdir(), 'campusd-golden-'));
after(() => rmSync(folder, { recursive: true, force: true }));

// -> [[path, text], …]
function sections(text) {
  return text.split(/^-- (\S+) --\n/m).slice(1).reduce((all, part, i) => {
    if (i % 2) all.at(-1)[1] = part; else all.push([part, '']);
    return all;
  }, []);
}

// A home with the plugin and its files, beside what would be shipped; check's errors.
function check(files) {
  const home = join(folder, 'home');
  rmSync(home, { recursive: true, force: true });
  cpSync(join(here, 'base'), home, { recursive: true });
  mkdirSync(join(home, 'home/policies'), { recursive: true });
  writeFileSync(join(home, 'home/campusd.yaml'), 'storage: sqlite:campusd.db\n');
  for (const [path, text] of files) {
    const to = join(home, path.startsWith('school/') ? path.replace('school/', 'home/') : path);
    mkdirSync(dirname(to), { recursive: true });
    // a file that is too big or too deep is said, not written out
    writeFileSync(to, text.replace(/⟪(.*?)×(\d+)⟫/gs, (_, s, n) => s.repeat(Number(n))));
  }
  const r = spawnSync(binary, ['--home', join(home, 'home'), 'check'],
    { encoding: 'utf8', env: { ...process.env, CAMPUSD_SHARE: home, LC_ALL: 'C.UTF-8' } });
  return { status: r.status, text: r.stderr || r.stdout };
}

test('what the cases begin with is good', () => {
  const r = check([]);
  assert.equal(r.status, 0, r.text);
});

const names = readdirSync(here).filter((f) => f.endsWith('.txt')).sort();
for (const name of names) {
  test(name.slice(0, -4).replaceAll('_', ' '), () => {
    const file = join(here, name), text = readFileSync(file, 'utf8');
    const all = sections(text), expected = all.find(([path]) => path === 'expected');
    assert.ok(expected, `${name} says what is expected`);
    const r = check(all.filter((s) => s !== expected));
    if (process.env.GOLDEN_UPDATE) {
      writeFileSync(file, text.slice(0, text.indexOf('-- expected --\n')) + '-- expected --\n' + r.text);
      return;
    }
    assert.equal(r.text, expected[1]);
    assert.equal(r.status, 1);
    for (const line of r.text.trimEnd().split('\n')) assert.match(line, /^[^:]+:\d+:\d+: (\S+: )?[a-z_]+: /, 'file:line:col: code: message');
  });
}

test('there are sixty cases and more', () => assert.ok(names.length >= 60, String(names.length)));
