// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// What pressing would bring, asked before: the decision of a rule, not made (ORG-5); the state of the house; a policy's file.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { Server, eventually } from '../lib/server.mjs';

let server, admin, lead, staff, auditor;
const A = 'admissions/applicants';
before(async () => {
  server = await Server.start();
  admin = await server.admin();
  lead = await server.bearer('f.lead', ['admissions.lead']);
  staff = await server.bearer('f.staff', ['admissions.staff'], { campus: '东校区' });
  auditor = await server.bearer('f.auditor', ['auditor']);
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });
const add = async (n, more) => lead.ok('POST', A, applicant(n, more));

test('a rule is asked without anything happening: every criterion, in words, in the language asked for', async () => {
  const weak = await add(1, { score: '100.0' });
  const zh = await lead.ok('GET', `${A}/${weak.id}/assess`, undefined, { 'Accept-Language': 'zh-CN' }), en = await lead.ok('GET', `${A}/${weak.id}/assess`, undefined, { 'Accept-Language': 'en' });
  assert.deepEqual([zh.transition, zh.finishes, zh.decision.pass, zh.decision.id], ['assess', true, false, undefined]);
  assert.ok(zh.decision.reasons.some((r) => !r.ok && /低于 280 分/.test(r.text)), JSON.stringify(zh.decision));
  assert.ok(zh.decision.reasons.some((r) => r.ok), 'those that are met, too');
  assert.match(en.decision.reasons.find((r) => !r.ok).text, /280/);
  assert.doesNotMatch(en.decision.reasons.find((r) => !r.ok).text, /[\u4e00-\u9fff]/);
  const pressed = await lead.post(`${A}/${weak.id}/assess`, {}, { 'Accept-Language': 'zh-CN' });
  assert.equal(pressed.status, 422);
  assert.deepEqual(pressed.body.errors.map((x) => x.code).sort(), zh.decision.reasons.filter((r) => !r.ok).map((r) => r.code).sort(), 'the same as pressing says');
  const now = await lead.ok('GET', `${A}/${weak.id}`);
  assert.deepEqual([now.rev, now.state], [1, 'registered']);
  const good = await add(2, { score: '500.0' });
  assert.equal((await lead.ok('GET', `${A}/${good.id}/assess`)).decision.pass, true);
  assert.equal((await lead.ok('GET', `${A}/${good.id}`)).state, 'registered');
});

test('what has no rule has no decision; what its rule would read and is still to come is not asked about', async () => {
  const a = await add(3);
  assert.deepEqual(await lead.ok('GET', `${A}/${a.id}/review`), { transition: 'review', finishes: true, decision: null });
  assert.equal((await lead.get(`${A}/${a.id}/fly`)).status, 404);
  assert.equal((await lead.get(`${A}/00000000-0000-7000-8000-000000000000/assess`)).status, 404);
});

test('where pressing would be refused, so is the question, and it is on record', async () => {
  const a = await add(4, { campus: '东校区' }), far = await add(5, { campus: '西校区' });
  assert.equal((await lead.get(`${A}/${a.id}/confirm`)).status, 409, 'not from this state');
  assert.equal((await staff.get(`${A}/${far.id}/assess`)).status, 404, 'a record that one may not see');
  await lead.ok('POST', `${A}/${a.id}/assess`, {});
  const no = await staff.get(`${A}/${a.id}/qualify`);
  assert.equal(no.status, 403);
  await eventually(async () => {
    const seen = (await auditor.ok('GET', `admin/audit?action=qualify&outcome=refused&limit=5`)).items;
    assert.ok(seen.some((x) => x.object.endsWith(a.id)), JSON.stringify(seen));
  });
  await lead.ok('POST', `${A}/${a.id}/propose_refusal`, { note: '材料不实' });
  const own = await lead.get(`${A}/${a.id}/refuse`);
  assert.deepEqual([own.status, own.body.errors[0].code], [403, 'exclusive_duty']);
});

test('the house tells backups and holidays to who keeps it; the log is verified while it is written', async () => {
  const h = await admin.ok('GET', 'admin/house');
  assert.equal(h.calendar.length, 2);
  assert.deepEqual([typeof h.calendar[0].known, h.calendar[0].wanted, h.backup.count, h.backup.key], ['boolean', true, 0, false]);
  for (const path of ['admin/house']) assert.equal((await lead.get(path)).status, 403);
  assert.equal((await lead.post('admin/audit/verify', {})).status, 403);
  const [good] = await Promise.all([auditor.ok('POST', 'admin/audit/verify', {}), ...Array.from({ length: 40 }, (_, i) => add(100 + i))]);
  assert.deepEqual([good.ok, good.findings, good.rows > 10], [true, [], true]);
});

test('a policy is written as the school\'s own file when it checks, and left as it was when not', async () => {
  const file = join(server.home, 'policies/admissions.yaml');
  const no = await admin.api('PUT', 'admin/policies/admissions', { yaml: 'policy: admissions\nage: { min: many }\n' });
  assert.equal(no.status, 422, no.text);
  assert.match(no.body.errors[0].file, /admissions\.yaml/);
  assert.ok(!existsSync(file), 'no file is left of it');
  const one = await admin.ok('PUT', 'admin/policies/admissions', { yaml: 'policy: admissions\nage: { min: 16 }\n' });
  assert.equal((await admin.ok('GET', 'admin/policies/admissions')).values.age.min, 16);
  const again = await admin.api('PUT', 'admin/policies/admissions', { yaml: 'policy: admissions\nage: { mn: 16 }\n' });
  assert.equal(again.status, 422);
  assert.match(readFileSync(file, 'utf8'), /min: 16/);
  assert.equal((await admin.ok('GET', 'admin/releases')).items.find((r) => r.active).number, one.number);
  for (const name of ['access', '..%2fkeyfile', 'nothing']) assert.ok([400, 404].includes((await admin.api('PUT', `admin/policies/${name}`, { yaml: 'x' })).status), name);
  assert.equal((await lead.api('PUT', 'admin/policies/admissions', { yaml: 'x' })).status, 403);
  const schema = await admin.get('admin/policies/admissions/schema');
  assert.equal(JSON.parse(schema.text).properties.age.properties.min['x-title-zh'], '最低年龄');
});
