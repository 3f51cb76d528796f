// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// A page's commands, typed as they stand there into a shell. What comes out must be what is printed, where
// … stands for anything, and ids, times and secrets for others of their kind.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { binary, root } from './server.mjs';

// -> [{ command, wanted }]; a command goes on after a backslash and until the END of its text.
function stepsOf(file, heading) {
  const section = readFileSync(join(root, file), 'utf8').split(`\n## ${heading}\n`)[1].split('\n## ')[0];
  const steps = [];
  let more = false, code = false;
  for (const whole of section.split('\n')) {
    if (whole.startsWith('```')) code = !code;
    if (code || !whole.startsWith('    ')) continue;
    const line = whole.slice(4), last = steps.at(-1);
    if (!more && !line.startsWith('$ ') && !last) continue;
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
  [/(as_of"?:\s*"?)\d{4}-\d\d-\d\d/g, '$1DAY'], [/\b\d+ (rows|checkpoints)\b(?! read)/g, 'N $1'], [/^\d{4,6} /gm, 'SEQ '],
  [/(password|code): +\S+/g, '$1: *'], [/(access\.yaml:|line=)\d+/g, '$1N'], [/http:\/\/127\.0\.0\.1:\d+/g, 'URL'], [/\/[\w./-]*\/home\b|…\/home\b/g, 'HOME']];
const plain = (text) => kinds.reduce((t, [from, to]) => t.replace(from, to), text).replace(/\s+/g, '');
const pattern = (text) => new RegExp(`^${plain(text).split('…').map((s) => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^]*')}$`);

// Runs a section in a folder that has `links` of the repository. rewrite: a command that cannot be typed as it stands.
export async function typed(file, heading, { links = ['examples'], rewrite = (c) => c, least = 5 } = {}) {
  const steps = stepsOf(file, heading);
  assert.ok(steps.length > least, `${steps.length} commands`);
  const folder = mkdtempSync(join(tmpdir(), 'campusd-typed-'));
  for (const l of links) symlinkSync(join(root, l), join(folder, l));
  const script = ['exec </dev/null', `PATH=${dirname(binary)}:$PATH`, 'finish() { kill $SERVER; wait $SERVER; }', 'trap finish EXIT'];
  steps.forEach(({ command }, i) => {
    const c = rewrite(command.replace('$PWD/build', dirname(binary)).replace('http://127.0.0.1:8080', '$ADDRESS'));
    if (c === 'campusd serve &')
      script.push(`campusd serve --listen 127.0.0.1:0 >out.${i} 2>log & SERVER=$!`, `for n in $(seq 300); do grep -q first-sign-in out.${i} && break; sleep 0.1; done`,
        `ADDRESS=$(sed -n 's/listening on //p' out.${i})`);
    else script.push(`{ ${c}\n} >out.${i} 2>&1`);
  });
  const shell = spawn('bash', ['-c', script.join('\n')], { cwd: folder, env: { ...process.env, LC_ALL: 'C.UTF-8', CAMPUSD_HOME: '' }, stdio: 'ignore' });
  try {
    await new Promise((done) => shell.once('exit', done));
    steps.forEach(({ command, wanted }, i) => {
      assert.ok(existsSync(join(folder, `out.${i}`)), `not reached: ${command}`);
      const got = readFileSync(join(folder, `out.${i}`), 'utf8');
      if (wanted) assert.match(plain(got), pattern(wanted), `$ ${command}\n${got}`);
      else assert.equal(got, '', `$ ${command}`);
    });
  } finally {
    if (shell.exitCode === null) shell.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}
