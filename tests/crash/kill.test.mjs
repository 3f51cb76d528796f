// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// kill -9 at random instants under load. What was acknowledged is kept here, outside the process:
// after every restart each acknowledged write is there at its revision, a retried Idempotency-Key has
// exactly one effect, the audit verifies and the kept counters equal a scan.
// CAMPUSD_KILLS: how many (30). CAMPUSD_LOSE=1 cuts off half of the log behind the service's back,
// which must turn this red.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { statSync, truncateSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { Client, Server } from '../lib/server.mjs';

const PLACE = '重启'; // tells ours from the sample's
const KILLS = Number(process.env.CAMPUSD_KILLS ?? 30), CLIENTS = 16, PATH = 'admissions/applicants';
const ledger = new Map(); // id -> { rev, state, note } as acknowledged
let server, token, serial = 0;

before(async () => {
  server = await Server.start();
  token = (await server.bearer('t.lead', ['admissions.lead'])).token;
});
after(() => server.killNow());

// One client: its own records, one request at a time, so that what must be is known exactly.
class Worker {
  mine = [];
  pending = null; // the request whose answer has not come

  plan() {
    const old = this.mine[Math.floor(Math.random() * this.mine.length)];
    const r = old && ledger.get(old), dice = Math.random();
    const key = { 'Idempotency-Key': randomUUID() };
    if (!r || dice < 0.4) {
      const n = ++serial, name = `K${n}`;
      return { method: 'POST', path: PATH, body: applicant(n, { name, region: PLACE }), headers: key,
        effect: { rev: 1, state: 'registered', note: null, name } };
    }
    const tag = { ...key, 'If-Match': `"${r.rev}"` };
    if (dice < 0.75) {
      const note = `note ${randomUUID()}`;
      return { method: 'PATCH', path: `${PATH}/${old}`, body: { note }, headers: tag, effect: { ...r, rev: r.rev + 1, note } };
    }
    return { method: 'POST', path: `${PATH}/${old}/assess`, body: {}, headers: tag, effect: { ...r, rev: r.rev + 1, state: 'reviewing' } };
  }
  // Sends what is pending; true once it is answered.
  async send(client) {
    const p = this.pending;
    let a;
    try {
      a = await client.api(p.method, p.path, p.body, p.headers);
    } catch {
      return false; // cut off: nobody knows
    }
    if (a.status === 429 || a.status === 503) return false;
    assert.ok(a.status === 200 || a.status === 201, `${p.method} ${p.path}: ${a.status} ${a.text}`);
    assert.equal(a.body.rev, p.effect.rev, `${p.method} ${p.path} twice? ${a.text}`);
    assert.equal(a.body.state, p.effect.state);
    if (!ledger.has(a.body.id)) this.mine.push(a.body.id);
    ledger.set(a.body.id, p.effect);
    this.pending = null;
    return true;
  }
}

async function everything(client) {
  const all = new Map();
  for (let cursor = ''; cursor !== null;) {
    const page = await client.ok('GET', `${PATH}?region=${encodeURIComponent(PLACE)}&limit=500&fields=name,note${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    for (const r of page.items) all.set(r.id, r);
    cursor = page.next;
  }
  return all;
}

function sound(words) {
  const how = server.run(words);
  assert.equal(how.status, 0, `${words.join(' ')}: ${how.stdout}${how.stderr}`);
}

test(`${KILLS} kills under load lose nothing that was acknowledged and repeat nothing`, async () => {
  const workers = Array.from({ length: CLIENTS }, () => new Worker()), started = [];
  for (let round = 0; round < KILLS; round++) {
    const client = new Client(server, token);
    let running = true;
    const load = workers.map(async (w) => {
      while (running) {
        w.pending ??= w.plan();
        if (!await w.send(client)) await sleep(2);
      }
    });
    await sleep(30 + Math.random() * 300);
    await server.kill9();
    running = false;
    await Promise.all(load);
    if (process.env.CAMPUSD_LOSE && round === 1) lose();
    const at = performance.now();
    await server.serve();
    assert.equal((await server.anonymous.get('/readyz')).status, 200);
    started.push(performance.now() - at);

    const found = await everything(new Client(server, token));
    for (const [id, want] of ledger) {
      const have = found.get(id), open = workers.find((w) => w.pending?.path.includes(id));
      assert.ok(have, `round ${round}: ${want.name} was acknowledged and is gone`);
      assert.equal(have.name, want.name);
      if (open && have.rev === open.pending.effect.rev) continue; // not answered, but done: fine
      assert.deepEqual([have.rev, have.state, have.note ?? null], [want.rev, want.state, want.note], `round ${round}: ${want.name}`);
    }
    for (const w of workers) // the same key again: done once, whether it was before or is now
      if (w.pending) assert.ok(await w.send(new Client(server, token)));
    const names = [...(await everything(new Client(server, token))).values()].map((r) => r.name);
    assert.equal(new Set(names).size, names.length, 'a retried create has one effect');
    assert.equal(names.length, ledger.size);
    if (round % 10 === 9 || round === KILLS - 1) sound(['audit', 'verify']), sound(['doctor']);
  }
  started.sort((a, b) => a - b);
  console.log(`${ledger.size} records; serving again after ${started[KILLS >> 1].toFixed(0)} ms (median), ${started.at(-1).toFixed(0)} ms (worst)`);
});

// The fault this file is for: writes that were acknowledged are not in the log any more.
function lose() {
  const wal = `${server.home}/campusd.db-wal`;
  truncateSync(wal, statSync(wal).size / 2);
}
