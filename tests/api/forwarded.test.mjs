// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Whose address counts behind a proxy: the last one that a listed proxy vouches for, and without a
// listed proxy the one that connects, whatever X-Forwarded-For says.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, eventually } from '../lib/server.mjs';

let server, auditor, who;
before(async () => {
  server = await Server.start({ config: ['proxies: []', 'proxies: [127.0.0.1, 10.0.0.9]'] });
  auditor = await server.bearer('the.auditor', ['auditor']);
  who = await server.person('some.one', []);
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

const body = (password) => JSON.stringify({ user: 'some.one', password });
const tryFrom = (forwarded, password = 'a wrong one', more = {}) =>
  server.anonymous.post('session', body(password), { 'Content-Type': 'application/json', 'X-Forwarded-For': forwarded, ...more });
const clientOf = async (answer) => {
  const id = answer.headers.get('x-request-id');
  return eventually(async () => {
    const { items } = await auditor.ok('GET', 'admin/audit?action=sign_in');
    const row = items.find((r) => r.request === id);
    assert.ok(row, `${id} is on record`);
    return row.client;
  });
};

test('the client is the last address that is no listed proxy', async () => {
  const cases = {
    '203.0.113.7': '203.0.113.7',
    '198.51.100.1, 203.0.113.8': '203.0.113.8',
    '198.51.100.1,203.0.113.9 , 10.0.0.9,127.0.0.1': '203.0.113.9',
    '2001:DB8:0::1': '2001:db8::1',
    '::ffff:203.0.113.10': '203.0.113.10',
    '10.0.0.9': '10.0.0.9',
    '203.0.113.7, somebody': '127.0.0.1',
    '203.0.113.7, unknown, 10.0.0.9': '10.0.0.9',
    '203.0.113.7:4711': '127.0.0.1',
    ', ,': '127.0.0.1',
  };
  for (const [sent, client] of Object.entries(cases)) assert.equal(await clientOf(await tryFrom(sent)), client, sent);
});

test('several fields are one list', async () => {
  const text = body('a wrong one');
  const answer = (await server.raw(`POST /api/v1/session HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 203.0.113.20\r\n`
    + `X-Request-Id: two-fields-1\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`)).toString();
  assert.match(answer, /^HTTP\/1\.1 401/);
  assert.equal(await clientOf({ headers: new Map([['x-request-id', 'two-fields-1']]) }), '203.0.113.20');
});

test('a lockout is for the address behind the proxy, not for all who come through it', async () => {
  let last;
  for (let i = 0; i < 7; i++) last = await tryFrom('203.0.113.99');
  assert.equal(last.status, 429);
  assert.equal((await tryFrom('203.0.113.99', who.password)).status, 429);
  const other = await tryFrom('203.0.113.98', who.password, { 'X-Forwarded-Proto': 'https' });
  assert.equal(other.status, 201);
  assert.match(other.headers.get('set-cookie'), /^__Host-campusd=.*Secure/);
});

test('without a listed proxy nobody chooses their own address', async () => {
  const plain = await Server.start();
  try {
    const keeper = await plain.bearer('the.auditor', ['auditor']);
    const a = await plain.anonymous.post('session', { user: 'some.one', password: 'x' }, { 'X-Forwarded-For': '203.0.113.7' });
    assert.equal(a.status, 401);
    await eventually(async () => {
      const { items } = await keeper.ok('GET', 'admin/audit?action=sign_in');
      assert.equal(items.find((r) => r.request === a.headers.get('x-request-id'))?.client, '127.0.0.1');
    });
  } finally {
    assert.deepEqual(await plain.close(), { code: 0, signal: null });
  }
});
