// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What is limited is never given twice: taken, committed, given back inside the transition, by many
// at once, in seats and in money.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Server, eventually, root } from '../lib/server.mjs';
import { install, totals } from '../lib/seats.mjs';

let server, lead, other, clock, serial = 0;
before(async () => {
  server = await Server.start({ bin: process.env.CAMPUSD_TEST || join(root, 'build/campusd-test') });
  await server.stop();
  clock = join(server.folder, 'clock');
  writeFileSync(clock, '0');
  server.env.CAMPUSD_CLOCK_FILE = clock;
  await server.serve();
  lead = await server.bearer('s.lead', ['admissions.lead']);
  other = await server.bearer('s.other', ['finance']);
  install(server);
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

const line = (fields) => lead.ok('POST', 'seats/lines', fields);
const claim = (l, fields = {}) => lead.ok('POST', 'seats/claims', { label: `c${String(++serial).padStart(4, '0')}`, line: l?.id, ...fields });
const act = (c, verb, body = {}) => lead.api('POST', `seats/claims/${c.id}/${verb}`, body);
const state = async (c) => (await lead.ok('GET', `seats/claims/${c.id}`)).state;
function refused(answer, code, pointer) {
  assert.equal(answer.status, 409, answer.text);
  assert.deepEqual(answer.body.errors.map((e) => [e.code, e.pointer]), [[code, pointer]]);
}

// ADM-6: a notice leaves only with a seat that is held
test('a seat is taken, committed and given back, and the pool says so', async () => {
  const l = await line({ quota: 2 }), [a, b, c] = [await claim(l), await claim(l), await claim(l)];
  assert.equal((await act(a, 'offer')).status, 200);
  assert.equal((await act(b, 'offer')).status, 200);
  refused(await act(c, 'offer'), 'pool_full', '/line');
  assert.equal(await state(c), 'new', 'nothing has happened');
  assert.equal((await act(a, 'confirm')).body.state, 'taken');
  assert.deepEqual((await totals(lead, l.id)).quota, { limit: 2, most: 2, reserved: 1, committed: 1, settled: 0, left: 0 });
  assert.equal((await act(b, 'decline')).status, 200);
  assert.equal((await act(c, 'offer')).status, 200);
  assert.equal((await act(a, 'decline')).status, 200);
  assert.deepEqual((await totals(lead, l.id)).quota, { limit: 2, most: 2, reserved: 1, committed: 0, settled: 0, left: 1 });
  const all = await lead.ok('GET', `seats/lines/${l.id}/reservations`);
  assert.deepEqual(all.items.map((i) => [i.holder, i.amount, i.state]), [[`seats.claims/${c.id}`, 1, 'reserved']]);
  assert.equal(all.more, false);
  const mine = await lead.ok('GET', `seats/claims/${a.id}/reservations`);
  assert.deepEqual(mine.items.map((i) => [i.pool, i.state]), [[`seats.lines/${l.id}`, 'released']]);
  assert.deepEqual((await other.ok('GET', `seats/lines/${l.id}/reservations`)).items, [], 'who may not see the holder does not');
  assert.equal((await other.api('GET', `seats/claims/${a.id}/reservations`)).status, 404);
  assert.deepEqual(await totals(other, l.id), { quota: { limit: 2, most: 2, reserved: 1, committed: 0, settled: 0, left: 1 }, fund: undefined },
    'a limit that is hidden has no totals');
});

test('a holder cannot go over to another pool, be deleted, or see its limit lowered below it', async () => {
  const l = await line({ quota: 1 }), m = await line({ quota: 1 }), c = await claim(l);
  assert.equal((await act(c, 'offer')).status, 200);
  refused(await lead.api('PATCH', `seats/claims/${c.id}`, { line: m.id }), 'reserved', '/line');
  refused(await act(c, 'keep', { line: m.id }), 'reserved', '/line');
  refused(await lead.api('DELETE', `seats/claims/${c.id}`), 'reserved', '/line');
  refused(await lead.api('DELETE', `seats/lines/${l.id}`), 'reserved', '/quota');
  refused(await lead.api('PATCH', `seats/lines/${l.id}`, { quota: 0 }), 'reserved', '/quota');
  assert.equal((await lead.api('PATCH', `seats/lines/${l.id}`, { quota: 5, label: 'more' })).status, 200);
  assert.equal((await lead.api('PATCH', `seats/lines/${l.id}`, { quota: 1 })).status, 200);
  assert.equal((await act(c, 'move', { line: m.id })).status, 200, 'a transition that releases moves it');
  assert.equal((await totals(lead, l.id)).quota.left, 1);
  assert.equal((await totals(lead, m.id)).quota.left, 0);
  assert.equal((await lead.api('DELETE', `seats/lines/${l.id}`)).status, 204);
  assert.equal((await act(c, 'move', { line: m.id })).status, 200, 'to where it is');
  assert.equal((await totals(lead, m.id)).quota.reserved, 1);
  refused(await act(await claim(l), 'offer'), 'pool_gone', '/line');
  const idle = await claim(m);
  assert.equal((await act(idle, 'wait')).status, 200);
  refused(await act(idle, 'confirm'), 'nothing_held', '/state');
  const none = await act(await claim(null), 'offer');
  assert.deepEqual([none.status, none.body.errors[0].pointer], [422, '/line']);
});

test('money is taken by its amount, again when the amount changes, to the cent', async () => {
  const l = await line({ fund: '100.00' }), c = await claim(l, { sum: '60.00' });
  assert.equal((await act(c, 'spend')).status, 200);
  refused(await lead.api('PATCH', `seats/claims/${c.id}`, { sum: '70.00' }), 'reserved', '/line');
  assert.equal((await act(c, 'spend', { sum: '70.00' })).status, 200, 'reserved anew');
  assert.deepEqual((await totals(lead, l.id)).fund, { limit: '100.00', most: '100.00', reserved: '70.00', committed: '0.00', settled: '0.00', left: '30.00' });
  refused(await act(await claim(l, { sum: '30.01' }), 'spend'), 'pool_full', '/line');
  assert.equal((await act(await claim(l, { sum: '30.00' }), 'spend')).status, 200);
  refused(await act(c, 'spend', { sum: '70.01' }), 'pool_full', '/line');
  assert.equal((await lead.ok('GET', `seats/claims/${c.id}`)).sum, '70.00', 'the refused one has left no trace');
  assert.equal((await act(c, 'pay')).status, 200);
  assert.deepEqual((await totals(lead, l.id)).fund, { limit: '100.00', most: '100.00', reserved: '30.00', committed: '70.00', settled: '0.00', left: '0.00' });
  assert.equal((await act(c, 'refund')).status, 200);
  assert.equal((await totals(lead, l.id)).fund.left, '70.00');
  // it came to another amount in the end
  const d = await claim(l, { sum: '50.00' });
  assert.equal((await act(d, 'spend')).status, 200);
  refused(await act(d, 'pay', { sum: '70.01' }), 'pool_full', '/line');
  assert.equal((await act(d, 'pay', { sum: '48.50' })).status, 200);
  assert.deepEqual((await totals(lead, l.id)).fund, { limit: '100.00', most: '100.00', reserved: '30.00', committed: '48.50', settled: '0.00', left: '21.50' });
  assert.equal((await act(d, 'refund')).status, 200);
  const zero = await act(await claim(l, { sum: '0.00' }), 'spend');
  assert.deepEqual([zero.status, zero.body.errors[0].pointer], [422, '/sum']);
});

test('the policy may allow more than there is', async () => {
  install(server, 'policy: seats\nover: 25\n');
  const l = await line({ quota: 7 }); // 25 % of 7 is 1 and something
  for (let i = 0; i < 8; i++) assert.equal((await act(await claim(l), 'offer')).status, 200);
  refused(await act(await claim(l), 'offer'), 'pool_full', '/line');
  assert.deepEqual((await totals(lead, l.id)).quota, { limit: 7, most: 8, reserved: 8, committed: 0, settled: 0, left: 0 });
  install(server, 'policy: seats\nover: 0\n');
});

// ADM-7: the waiting list moves by itself
test('a seat that is given back goes to who waits, also when time takes it back', async () => {
  const l = await line({ quota: 1 }), today = new Date(Date.now() + 8 * 3600000).toISOString().slice(0, 10);
  const [a, b, c] = [await claim(l, { until_day: today }), await claim(l), await claim(l)];
  assert.equal((await act(a, 'offer')).status, 200);
  for (const w of [b, c]) assert.equal((await act(w, 'wait')).status, 200);
  writeFileSync(clock, String(25 * 3600000)); // the day is over
  await eventually(async () => assert.deepEqual([await state(a), await state(b), await state(c)], ['gone', 'offered', 'waiting']), 8000);
  assert.equal((await act(b, 'decline')).status, 200);
  await eventually(async () => assert.equal(await state(c), 'offered'));
  assert.equal((await act(c, 'decline')).status, 200);
  assert.deepEqual((await totals(lead, l.id)).quota, { limit: 1, most: 1, reserved: 0, committed: 0, settled: 0, left: 1 });
});

test('64 at once never get more than there is', async () => {
  const CLIENTS = 64, QUOTA = 20, l = await line({ quota: QUOTA, fund: '50.00' });
  const mine = await Promise.all(Array.from({ length: CLIENTS }, () => claim(l, { sum: '3.00' })));
  const answers = await Promise.all(mine.map((c) => act(c, 'offer')));
  const won = mine.filter((_, i) => answers[i].status === 200);
  assert.equal(won.length, QUOTA);
  for (const a of answers) assert.ok(a.status === 200 || a.body.errors?.[0].code === 'pool_full', a.text);
  // half give back while the others try again
  const again = await Promise.all([...won.slice(0, 10).map((c) => act(c, 'decline')),
    ...mine.filter((c) => !won.includes(c)).map((c) => act(c, 'offer'))]);
  assert.ok(again.slice(0, 10).every((a) => a.status === 200));
  const held = (await lead.ok('GET', `seats/claims?line=${l.id}&state=offered&total=true&limit=1`)).total;
  const t = (await totals(lead, l.id)).quota;
  assert.equal(t.reserved, held);
  assert.ok(held <= QUOTA, `${held}`);
  const money = await Promise.all(Array.from({ length: CLIENTS }, async () => act(await claim(l, { sum: '3.00' }), 'spend')));
  assert.equal(money.filter((a) => a.status === 200).length, 16); // of 50.00 by 3.00
  assert.equal((await totals(lead, l.id)).fund.left, '2.00');
});
