// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// How long a refused sign-in takes says nothing about whether there is such an account: medians over
// interleaved tries, asked again before a difference is believed. The tries go round several accounts, so
// that no lockout answers instead.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Server } from '../lib/server.mjs';

const TRIES = 7, KINDS = ['absent', 'disabled', 'wrong'];
let server;
const next = { absent: 0, disabled: 0, wrong: 0 }, people = { disabled: [], wrong: [] };
before(async () => {
  server = await Server.start();
  const admin = await server.admin();
  for (let i = 0; i < 6; i++)
    for (const kind of ['disabled', 'wrong']) {
      const made = await admin.ok('POST', 'admin/users', { name: `${kind}.${i}`, roles: [] });
      if (kind === 'disabled') await admin.ok('POST', `admin/users/${made.id}/disable`);
      people[kind].push(`${kind}.${i}`);
    }
});
after(() => server.close());

// Milliseconds of processor that the service has used so far.
function used() {
  const tasks = `/proc/${server.child.pid}/task`;
  return readdirSync(tasks).reduce((sum, t) => sum + Number(readFileSync(`${tasks}/${t}/schedstat`, 'utf8').split(' ')[0]) / 1e6, 0);
}

async function tries() {
  const took = { absent: [], disabled: [], wrong: [] }, cpu = { absent: [], disabled: [], wrong: [] };
  for (let i = 0; i < TRIES; i++)
    for (const kind of [...KINDS].sort(() => Math.random() - 0.5)) {
      const user = kind === 'absent' ? `absent.${next.absent++}` : people[kind][next[kind]++ % 6];
      const at = performance.now(), before_it = used();
      const a = await server.anonymous.post('session', { user, password: 'not the password of anybody' });
      took[kind].push(performance.now() - at);
      cpu[kind].push(used() - before_it);
      assert.equal(a.status, 401, a.text);
    }
  const median = (l) => l.sort((x, y) => x - y)[l.length >> 1];
  return [took, cpu].map((of) => KINDS.map((k) => median(of[k])));
}

test('absent, disabled and wrong take the same time', async () => {
  let said, work;
  const even = (m) => Math.min(...m) / Math.max(...m) > 0.8;
  for (let round = 0; round < 4; round++) {
    const [took, cpu] = await tries();
    said = KINDS.map((k, i) => `${k} ${took[i].toFixed(1)} ms (${cpu[i].toFixed(1)} of processor)`).join(', ');
    console.log(said);
    assert.ok(Math.min(...cpu) > 10, 'no password is hashed in this time');
    if (even(took)) return;
    work = even(cpu);
  }
  assert.ok(work, said); // on a machine that is busy with other things, only the work can be compared
});
