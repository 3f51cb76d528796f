// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Explanations of access, and that they tell nobody what they may not know.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { Server } from '../lib/server.mjs';

let server, admin, lead, east, west, outsider, record;
const explain = (who, body) => who.post('access/explain', body);
before(async () => {
  server = await Server.start();
  admin = await server.admin();
  lead = await server.bearer('t.lead', ['admissions.lead']);
  east = await server.bearer('t.east', ['admissions.staff'], { campus: '东校区' });
  west = await server.bearer('t.west', ['admissions.staff'], { campus: '西校区' });
  outsider = await server.bearer('t.outsider', []);
  record = `admissions.applicants/${(await lead.ok('POST', 'admissions/applicants', applicant(1))).id}`;
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

test('an allowed act names the rule that allows it, with file and line', async () => {
  const a = await explain(east, { verb: 'update', record });
  assert.equal(a.status, 200);
  assert.equal(a.body.allowed, true);
  assert.match(a.body.rule.at, /access\.yaml:\d+$/);
});

test('a refused act names the nearest rule, what failed and who could grant it', async () => {
  const a = await explain(east, { verb: 'admit', record });
  assert.equal(a.body.allowed, false);
  assert.ok(a.body.nearest.name);
  assert.ok(a.body.granted_by.includes('admissions.lead'));
});

test('absent, of another campus, of an unknown entity and malformed are one answer, byte for byte', async () => {
  const answers = new Set();
  for (const r of [record, 'admissions.applicants/0190f3a0-0000-7000-8000-000000000000', 'admissions.nothing/1', 'nothing', 'admissions.applicants/', 'admissions.applicants'])
    for (const verb of ['read', 'no_such_verb']) {
      const a = await explain(west, { verb, record: r });
      const headers = [...a.headers].filter(([k]) => !['date', 'x-request-id'].includes(k));
      answers.add(JSON.stringify([a.status, headers, a.text.replace(/"request_id":"[^"]+"/, '')]));
    }
  assert.equal(answers.size, 1, [...answers].join('\n'));
  assert.equal(JSON.parse([...answers][0])[0], 404);
});

test('asking about somebody else takes the right to keep people, and never shows more than one may see', async () => {
  assert.equal((await explain(east, { user: 't.lead', verb: 'read', record })).status, 403);
  assert.equal((await explain(outsider, { user: 't.lead', verb: 'read', record })).status, 404);
  const a = await explain(admin, { user: 't.west', verb: 'read', record });
  assert.equal(a.status, 200, a.text);
  assert.equal(a.body.allowed, false);
  assert.equal((await explain(admin, { user: 't.nobody', verb: 'read', record })).status, 422);
});

test('an explanation agrees with what happens', async () => {
  for (const [who, status] of [[lead, 200], [east, 200], [west, 404], [outsider, 404]]) {
    assert.equal((await who.get(record.replace('.', '/'))).status, status);
    const a = await admin.ok('POST', 'access/explain', { user: who.name, verb: 'read', record });
    assert.equal(a.allowed, status === 200, who.name);
  }
});

test('an unknown verb is an error for who may know the record', async () => {
  const a = await explain(east, { verb: 'no_such_verb', record });
  assert.equal(a.status, 422);
  assert.equal(a.body.errors[0].pointer, '/verb');
});

test('the matrix is for who keeps people and names every role', async () => {
  assert.equal((await east.get('access/matrix')).status, 403);
  const a = await admin.get('access/matrix');
  assert.match(a.headers.get('content-type'), /^text\/csv/);
  const [head, ...rows] = a.text.trim().split('\n');
  assert.equal(head, 'role,entity,verb,allowed,field,view');
  const roles = (await admin.ok('GET', 'admin/roles')).items.map((r) => r.name);
  const named = new Set(rows.map((r) => r.split(',')[0].replaceAll('"', '')));
  for (const r of roles) assert.ok(named.has(r), r);
  assert.ok(rows.some((r) => r.startsWith('"admissions.staff","admissions.applicants",read,if,')));
});
