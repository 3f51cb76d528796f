// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The five minutes of README.md, typed as they stand there into a shell. What comes out must be what
// is printed, where … stands for anything, and ids, times and secrets for others of their kind.
// backend: sqlite
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { binary, root } from '../lib/server.mjs';

// -> [{ command, wanted }]; a command goes on after a backslash and until the END of its text.
function tour() {
  const section = readFileSync(join(root, 'README.md'), 'utf8').split('\n## Five minutes\n')[1].split('\n## ')[0];
  const steps = [];
  let more = false;
  for (const line of section.split('\n').filter((l) => l.startsWith('    ')).map((l) => l.slice(4))) {
    const last = steps.at(-1);
    if (more) last.command += `\n${line}`;
    else if (line.startsWith('$ ')) steps.push({ command: line.slice(2), wanted: '' });
    else last.wanted += `${line}\n`;
    const command = steps.at(-1).command;
    more = more && command.includes('<<END') ? line !== 'END' : (line.startsWith('$ ') || more) && (/\\$/.test(line) || /<<END$/.test(line));
  }
  return steps;
}
// What differs from run to run, by kind.
const kinds = [[/\b01[0-9a-f]{6}-[0-9a-f-]*/g, 'ID'], [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME'], [/"(next|token)":"[^"]*"/g, '"$1":"*"'],
  [/(as_of"?:\s*"?)\d{4}-\d\d-\d\d/g, '$1DAY'], [/\b\d+ (rows|checkpoints)\b(?! read)/g, 'N $1'], [/^\d{4} /gm, 'SEQ '],
  [/(password|code): +\S+/g, '$1: *'], [/http:\/\/127\.0\.0\.1:\d+/g, 'URL'], [/\/[\w./-]*\/home\b|…\/home\b/g, 'HOME']];
const plain = (text) => kinds.reduce((t, [from, to]) => t.replace(from, to), text).replace(/\s+/g, '');
const pattern = (text) => new RegExp(`^${plain(text).split('…').map((s) => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^]*')}$`);

const folder = mkdtempSync(join(tmpdir(), 'campusd-tour-'));
let shell;
before(() => symlinkSync(join(root, 'examples'), join(folder, 'examples')));
after(async () => {
  if (shell && shell.exitCode === null) shell.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

test('the tour of README.md goes as it is printed there', { timeout: 300000 }, async () => {
  const steps = tour();
  assert.ok(steps.length > 20);
  const script = ['exec </dev/null', 'finish() { kill $SERVER; wait $SERVER; }', 'trap finish EXIT'];
  steps.forEach(({ command }, i) => {
    let c = command.replace('$PWD/build', dirname(binary)).replace('http://127.0.0.1:8080', '$ADDRESS');
    if (c.startsWith('campusd decision explain')) c = `campusd decision explain $(grep -oh '"decision":"[^"]*' out.* | tail -n 1 | cut -c13-)`;
    if (c === 'campusd serve &')
      script.push(`campusd serve --listen 127.0.0.1:0 >out.${i} 2>log & SERVER=$!`, `for n in $(seq 300); do grep -q first-sign-in out.${i} && break; sleep 0.1; done`,
        `ADDRESS=$(sed -n 's/listening on //p' out.${i})`);
    else script.push(`{ ${c}\n} >out.${i} 2>&1`);
  });
  shell = spawn('bash', ['-c', script.join('\n')], { cwd: folder, env: { ...process.env, LC_ALL: 'C.UTF-8', CAMPUSD_HOME: '' }, stdio: 'ignore' });
  await new Promise((done) => shell.once('exit', done));
  steps.forEach(({ command, wanted }, i) => {
    assert.ok(existsSync(join(folder, `out.${i}`)), `not reached: ${command}`);
    const got = readFileSync(join(folder, `out.${i}`), 'utf8');
    if (wanted) assert.match(plain(got), pattern(wanted), `$ ${command}\n${got}`);
    else assert.equal(got, '', `$ ${command}`);
  });
});
