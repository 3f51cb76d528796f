// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Clients that write while something happens to the database, and what must be true afterwards:
// what was acknowledged is there, once, and writes went on soon.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { applicant } from '../lib/applicant.mjs';
import { Client } from '../lib/server.mjs';

const CLIENTS = 8, PATH = 'admissions/applicants';
let serial = 0;

// Creates one after the other, each with a key of its own, until told to stop; an answer that is
// not an answer is asked for again with the same key. -> what was acknowledged, and how.
async function client(server, token, state) {
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
export async function during(server, token, what) {
  const state = { stop: false, done: new Map(), answers: {}, last: 0 };
  const clients = Array.from({ length: CLIENTS }, () => client(server, token, state));
  await sleep(700);
  await what(state);
  const back = Date.now();
  while (state.last <= back && Date.now() - back < 60000) await sleep(20);
  const took = state.last - back;
  await sleep(300);
  state.stop = true;
  await Promise.all(clients);
  assert.ok(took > 0, `no write went on: ${JSON.stringify(state.answers)}`);
  console.log(`writes went on after ${took} ms`);
  const me = new Client(server, token);
  for (const [name, id] of state.done) {
    const list = await me.ok('GET', `${PATH}?name=${name}`);
    assert.deepEqual(list.items.map((r) => r.id), [id], `${name} is there once`);
  }
  const verified = server.run(['audit', 'verify']);
  assert.equal(verified.status, 0, verified.stderr);
  return state;
}
