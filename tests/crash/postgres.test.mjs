// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The database server goes away under load: killed, restarted, paused. Nothing that was answered as
// done is missing, nothing happens twice, and writes go on soon after the server is back. It starts
// a PostgreSQL of its own, because it treats it badly.
// backend: sqlite
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { Postgres } from '../lib/postgres.mjs';
import { Client, Server } from '../lib/server.mjs';

const CLIENTS = 8, PATH = 'admissions/applicants';
let pg, server, token, serial = 0;

before(async () => {
  // slow commits: it is most often a commit that is cut off, the one thing nobody may guess about
  pg = Postgres.start(['commit_delay=20000', 'commit_siblings=0']);
  server = await Server.start({ init: ['--storage', pg.url] });
  token = (await server.bearer('t.lead', ['admissions.lead'])).token;
});
after(() => { server?.killNow(); pg?.stop(); });

// Creates one after the other, each with a key of its own, until told to stop; an answer that is
// not an answer is asked for again with the same key. -> what was acknowledged, and how.
async function client(state) {
  const me = new Client(server, token);
  while (!state.stop) {
    const n = ++serial, key = randomUUID(), name = `P${n}`;
    for (;;) {
      let a;
      try {
        a = await me.api('POST', PATH, applicant(50000 + n, { name }), { 'Idempotency-Key': key });
      } catch (e) {
        assert.fail(`the service itself must stay: ${e}`);
      }
      state.answers[a.status] = (state.answers[a.status] ?? 0) + 1;
      if (a.status === 201 || a.status === 200) {
        state.done.set(name, a.body.id);
        state.last = Date.now();
        break;
      }
      assert.ok([429, 503, 504].includes(a.status), `${a.status} ${a.text}`);
      await sleep(50);
    }
  }
}

// Runs what happens to the server while clients write; they end once a write succeeded after it.
async function during(what) {
  const state = { stop: false, done: new Map(), answers: {}, last: 0 };
  const clients = Array.from({ length: CLIENTS }, () => client(state));
  await sleep(700);
  await what(state);
  const back = Date.now();
  while (state.last <= back && Date.now() - back < 20000) await sleep(20);
  const took = state.last - back;
  await sleep(300);
  state.stop = true;
  await Promise.all(clients);
  assert.ok(took > 0 && took <= 5000, `writes went on after ${took} ms: ${JSON.stringify(state.answers)}`);
  const me = new Client(server, token);
  for (const [name, id] of state.done) {
    const list = await me.ok('GET', `${PATH}?name=${name}`);
    assert.deepEqual(list.items.map((r) => r.id), [id], `${name} is there once`);
  }
  const verified = server.run(['audit', 'verify']);
  assert.equal(verified.status, 0, verified.stderr);
  return state;
}

test('a killed server that starts again loses nothing acknowledged', async () => {
  for (let i = 0; i < 3; i++) await during(async () => { pg.kill9(); await sleep(200); pg.up(); });
});

test('a restarted server is connected to again', async () => {
  await during(() => { pg.down(); pg.up(); });
});

test('sessions that the server ends are opened anew', async () => {
  for (let i = 0; i < 5; i++)
    await during(() => pg.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name='campusd'"));
});

test('a paused server is answered for with 504, and nothing is claimed', async () => {
  const state = await during(async () => {
    pg.signal('SIGSTOP');
    await sleep(13000);
    pg.signal('SIGCONT');
  });
  assert.ok(state.answers[504] > 0, JSON.stringify(state.answers));
});
