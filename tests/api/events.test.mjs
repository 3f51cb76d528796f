// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The event stream: what comes, to whom, and on from where one left off.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { Server, eventually } from '../lib/server.mjs';

let server, lead, east, outsider;
before(async () => {
  server = await Server.start();
  lead = await server.bearer('e.lead', ['admissions.lead']);
  east = await server.bearer('e.east', ['admissions.staff'], { campus: '东校区' });
  outsider = await server.bearer('e.outsider', []);
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

// Somebody who listens; events: what has come, parsed.
async function listen(who, last) {
  const stop = new AbortController();
  const headers = { Authorization: `Bearer ${who.token}`, ...(last !== undefined && { 'Last-Event-ID': last }) };
  const answer = await fetch(`${server.url}/api/v1/events`, { headers, signal: stop.signal });
  const l = { status: answer.status, type: answer.headers.get('content-type'), events: [], ended: false,
    close: () => stop.abort() };
  if (answer.status === 200) (async () => {
    let text = '';
    try {
      for await (const part of answer.body) {
        text += Buffer.from(part).toString('utf8');
        for (let at; (at = text.indexOf('\n\n')) >= 0; text = text.slice(at + 2)) {
          const e = Object.fromEntries(text.slice(0, at).split('\n').filter((x) => /^\w/.test(x))
            .map((x) => [x.slice(0, x.indexOf(':')), x.slice(x.indexOf(':') + 2)]));
          if (e.event) l.events.push({ ...e, data: JSON.parse(e.data) });
        }
      }
    } catch { /* closed here */ }
    l.ended = true;
  })();
  return l;
}
const create = (n, more) => lead.ok('POST', 'admissions/applicants', applicant(n, more));
const records = (l) => l.events.map((e) => e.data.data?.record);

test('an event comes as a thin CloudEvent to those who may read its record', async () => {
  const [one, two, none] = [await listen(lead), await listen(east), await listen(outsider)];
  assert.equal(one.status, 200);
  assert.match(one.type, /^text\/event-stream/);
  const here = await create(1, { campus: '东校区' });
  const there = await create(2, { campus: '西校区' });
  await eventually(() => assert.deepEqual(records(one), [here.id, there.id]));
  await eventually(() => assert.deepEqual(records(two), [here.id]));
  assert.deepEqual(none.events, []);
  const [e] = one.events;
  assert.equal(e.event, 'admissions.applicants.created');
  assert.equal(e.data.specversion, '1.0');
  assert.deepEqual(Object.keys(e.data.data).sort(), ['record', 'release', 'rev', 'state']);
  for (const l of [one, two, none]) l.close();
});

test('one who comes back goes on where the last event left off', async () => {
  const first = await listen(lead);
  const a = await create(3);
  await eventually(() => assert.deepEqual(records(first), [a.id]));
  const last = first.events[0].id;
  first.close();
  const b = await create(4), c = await create(5);
  const again = await listen(lead, last);
  await eventually(() => assert.deepEqual(records(again), [b.id, c.id]));
  again.close();
  const lost = await listen(lead, '999999999');
  await eventually(() => assert.equal(lost.events[0]?.event, 'reset'));
  lost.close();
  assert.equal((await listen(lead, 'x')).status, 400);
});

test('a stream ends when rights have changed, and when the service stops', async () => {
  const l = await listen(east);
  await server.keeper.ok('PUT', `admin/users/${east.name}/roles`, { roles: [] });
  await eventually(() => assert.ok(l.ended));
  const other = await listen(lead);
  await server.restart();
  await eventually(() => assert.ok(other.ended));
});
