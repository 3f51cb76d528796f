// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// kill -9 while 64 clients take, commit, settle and give back what is limited, and claim the same invoices.
// After every restart the pools are what is held of them, also in their fields, no line has more than its
// quota or fund, each record's state is what it holds, no invoice stands in two claims, what is paid is
// posted once and in balance, and what was acknowledged is there. CAMPUSD_KILLS: how many (10).
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { install, totals } from '../lib/seats.mjs';
import { Client, Server } from '../lib/server.mjs';

const KILLS = Number(process.env.CAMPUSD_KILLS ?? 10), CLIENTS = 64, QUOTA = 15, FUND = 100;
let server, token, lines = [], claims = [], used = new Map(); // invoice -> the claim that has it

before(async () => {
  server = await Server.start();
  token = (await server.bearer('t.lead', ['admissions.lead'])).token;
  install(server);
  const me = new Client(server, token);
  for (let i = 0; i < 3; i++) lines.push((await me.ok('POST', 'seats/lines', { quota: QUOTA, fund: `${FUND}.00` })).id);
  for (let i = 0; i < 2 * CLIENTS; i++) {
    const c = await me.ok('POST', 'seats/claims', { label: `c${i}`, line: lines[i % 3], sum: `${1 + i % 9}.00` });
    claims.push({ id: c.id, state: c.state, sum: 1 + i % 9, line: lines[i % 3] });
  }
});
after(() => server.killNow());

const NEXT = { new: ['offer', 'spend'], offered: ['confirm', 'move', 'keep'], taken: ['move'], spending: ['pay', 'spend'], paid: ['settle'], settled: [] };
// How many entries each claim has in the books.
async function entries(me) {
  const n = new Map();
  for (let next = ''; next !== null;) {
    const page = await me.ok('GET', `seats/books?limit=500&fields=source${next && `&cursor=${next}`}`);
    for (const e of page.items) n.set(e.source, (n.get(e.source) ?? 0) + 1);
    next = page.next;
  }
  return n;
}
// Of several at once one gets an invoice.
async function use(invoice) {
  const a = await new Client(server, token).api('POST', 'seats/claims', { line: lines[0], papers: [{ invoice }] });
  if (a.status === 201) {
    assert.ok(!used.has(invoice), `${invoice} twice`);
    used.set(invoice, a.body.id);
  } else assert.ok([409, 429, 503].includes(a.status), a.text);
}
// One client works on two claims of its own; a claim whose answer did not come is looked at later.
async function work(mine, running) {
  while (running.now) {
    const c = mine[Math.floor(Math.random() * mine.length)], verbs = c.unsure ? [] : NEXT[c.state] ?? [];
    if (!verbs.length) { await sleep(5); if (mine.every((m) => m.unsure || !NEXT[m.state]?.length)) return; continue; }
    const verb = verbs[Math.floor(Math.random() * verbs.length)];
    const body = verb === 'move' ? { line: lines[Math.floor(Math.random() * 3)] } : {};
    try {
      if (Math.random() < 0.2) await use(`i${used.size + Math.floor(Math.random() * 3)}`);
      const a = await new Client(server, token).api('POST', `seats/claims/${c.id}/${verb}`, body);
      if (a.status === 200) Object.assign(c, { state: a.body.state, line: a.body.line });
      else assert.ok([409, 429, 503].includes(a.status), a.text);
    } catch (e) {
      if (e.code === 'ERR_ASSERTION') throw e;
      c.unsure = true;
    }
  }
}

test(`${KILLS} kills under ${CLIENTS} clients: nothing is given twice, nothing held is lost`, async () => {
  let full = 0;
  for (let round = 0; round < KILLS; round++) {
    const running = { now: true };
    const load = Array.from({ length: CLIENTS }, (_, i) => work([claims[2 * i], claims[2 * i + 1]], running));
    await sleep(40 + Math.random() * 150 + (full ? 0 : round * 200)); // a slow machine gets longer until lines are full
    await server.kill9();
    running.now = false;
    await Promise.all(load);
    await server.serve();
    const me = new Client(server, token), held = new Map(lines.map((l) => [l, { seats: 0, money: 0 }]));
    for (const c of claims) {
      const r = await me.ok('GET', `seats/claims/${c.id}`);
      if (!c.unsure) assert.deepEqual([r.state, r.line], [c.state, c.line], `round ${round}`);
      Object.assign(c, { state: r.state, line: r.line, unsure: false });
      if (['offered', 'taken'].includes(r.state)) held.get(r.line).seats++;
      if (['spending', 'paid', 'settled'].includes(r.state)) held.get(r.line).money += c.sum;
    }
    for (const l of lines) {
      const { quota, fund } = await totals(me, l), want = held.get(l);
      assert.equal(quota.reserved + quota.committed, want.seats, `round ${round}`);
      assert.equal(Number(fund.reserved) + Number(fund.committed) + Number(fund.settled), want.money);
      const r = await me.ok('GET', `seats/lines/${l}`);
      assert.deepEqual([r.places, r.rest, r.spent], [quota.left, fund.left, fund.settled], `round ${round}`);
      assert.ok(want.seats <= QUOTA && want.money <= FUND);
      full += want.seats === QUOTA;
    }
    const posted = await entries(me);
    for (const c of claims) assert.equal(posted.get(`seats.claims/${c.id}`) ?? 0, ['paid', 'settled'].includes(c.state) ? 2 : 0, `round ${round}`);
    const seen = new Map();
    for (let next = ''; next !== null;) {
      const page = await me.ok('GET', `seats/claims?limit=500&fields=papers${next && `&cursor=${next}`}`);
      for (const c of page.items)
        for (const { invoice } of c.papers ?? []) {
          assert.ok(!seen.has(invoice), `${invoice} stands twice, round ${round}`);
          seen.set(invoice, c.id);
        }
      next = page.next;
    }
    for (const [invoice, id] of used) assert.equal(seen.get(invoice), id, `round ${round}`);
    used = seen;
    const sound = server.run(['doctor']);
    assert.equal(sound.status, 0, sound.stdout + sound.stderr);
    // some of it is given back, so that the next round has something to take
    for (const c of claims.filter((x) => NEXT[x.state] && x.state !== 'new').slice(0, 20)) {
      const verb = ['offered', 'taken'].includes(c.state) ? 'decline' : 'refund';
      await me.ok('POST', `seats/claims/${c.id}/${verb}`, {});
      const fresh = await me.ok('POST', 'seats/claims', { label: 'again', line: c.line, sum: `${c.sum}.00` });
      Object.assign(c, { id: fresh.id, state: 'new' });
    }
  }
  assert.ok(full > 0, 'the lines were full at times, else nothing was tried');
});
