// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// `make mutants`: builds each weakened version in a copy of the tree and runs the test that is there
// for it, which must fail. Words narrow it: `node tests/mutants/run.mjs seal lane`.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { mutants } from './list.mjs';

const tree = `${process.cwd()}/build/mutants`;
const words = process.argv.slice(2);
const run = (command, args, options = {}) => spawnSync(command, args, { cwd: tree, encoding: 'utf8', maxBuffer: 1 << 28, ...options });
const must = (r, what) => { if (r.status !== 0) throw new Error(`${what}\n${r.stdout}${r.stderr}`); };

// Only what differs is written, so only what a mutant touched is compiled again.
for (const file of spawnSync('git', ['ls-files', '-z'], { encoding: 'utf8', maxBuffer: 1 << 26 }).stdout.split('\0').filter(Boolean)) {
  const to = `${tree}/${file}`;
  if (!fs.existsSync(file)) continue;
  if (fs.existsSync(to) && fs.readFileSync(to).equals(fs.readFileSync(file))) continue;
  fs.mkdirSync(to.replace(/[^/]*$/, ''), { recursive: true });
  fs.copyFileSync(file, to);
  fs.utimesSync(to, new Date(), new Date());
}
for (const modules of ['tests/node_modules', 'plugins/desk/node_modules'])
  if (!fs.existsSync(`${tree}/${modules}`)) fs.symlinkSync(`${process.cwd()}/${modules}`, `${tree}/${modules}`);
const is_unit = (test) => test.startsWith('test_');
function make(m) {
  const targets = new Set();
  for (const t of m.test.split(' ')) is_unit(t) ? targets.add(`build/unit/${t}`) : targets.add('programs').add('build/desk/.built');
  return run('make', ['-j2', ...(process.env.CC ? [`CC=${process.env.CC}`] : []), 'OPT=-O1 -g -Wno-error', ...targets]);
}
// The sound tree must build and pass before anything is said of the others.
function verdict(m) {
  for (const t of m.test.split(' ')) {
    const r = run('tests/run', [t], { env: { ...process.env, TEST_BACKENDS: m.on ?? 'sqlite', B: 'build' } });
    if (!/ passed, \d+ failed\s*$/.test(r.stdout)) throw new Error(`${t}: the test did not run\n${r.stdout}${r.stderr}`);
    if (/^0 passed, 0 failed/m.test(r.stdout)) throw new Error(`${t}: there is no such test`);
    if (!/, 0 failed\s*$/.test(r.stdout)) return t;
  }
  return null;
}

let caught = 0, missed = 0;
const sound = new Map();
for (const m of mutants) {
  if (words.length && !words.some((w) => `${m.file} ${m.what} ${m.test}`.includes(w))) continue;
  const path = `${tree}/${m.file}`, text = fs.readFileSync(path, 'utf8');
  try {
    if (text.split(m.from).length !== 2) throw new Error(`${m.file}: the code has moved on; it holds ${text.split(m.from).length - 1} of:\n${m.from}`);
    if (!sound.has(m.test)) {
      must(make(m), 'the tree as it is does not build');
      sound.set(m.test, verdict(m));
    }
    if (sound.get(m.test)) throw new Error(`${sound.get(m.test)} fails with the tree as it is`);
    fs.writeFileSync(path, text.replace(m.from, () => m.to));
    must(make(m), 'it does not build');
    const by = verdict(m);
    by ? caught++ : missed++;
    console.log(`${by ? 'caught' : 'MISSED'}  ${m.what} (${m.file}${by ? `, by ${by}` : ''})`);
  } catch (e) {
    missed++;
    console.log(`MISSED  ${m.what}: ${e.message}`);
  } finally {
    fs.writeFileSync(path, text);
  }
}
console.log(`${caught} passed, ${missed} failed`);
process.exit(missed ? 1 : 0);
