// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Decisions explain themselves to those who may know, and a policy can be tried on them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, Server } from '../lib/server.mjs';
import { applicant } from '../lib/applicant.mjs';

let server, admin, lead, auditor, id, decision;
before(async () => {
  server = await Server.start();
  admin = await server.admin();
  lead = await server.bearer('d.lead', ['admissions.lead']);
  auditor = await server.bearer('d.auditor', ['auditor']);
  const made = await lead.ok('POST', 'admissions/applicants',
    { ...applicant(7), birth_date: '2010-03-01', education: 'senior', score: '310.5', health_note: '轻度近视' });
  id = made.id;
  decision = (await lead.ok('POST', `admissions/applicants/${id}/assess`, {})).decision;
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

test('a transition through a rule answers with every criterion', () => {
  assert.equal(decision.pass, true);
  assert.deepEqual(decision.reasons.map((r) => r.code), ['too_young', 'too_old', 'education', 'score', 'health']);
  assert.equal(decision.reasons[3].have, 310.5);
  assert.ok(!JSON.stringify(decision).includes('近视'));
});

test('a stored decision says why, but not with what, unless asked for a purpose by who may', async () => {
  const plain = await lead.ok('GET', `decisions/${decision.id}`);
  assert.equal(plain.record, id);
  assert.equal(plain.inputs, undefined);
  assert.ok(plain.reasons.every((r) => r.have === undefined));
  assert.equal((await lead.get(`decisions/${decision.id}?inputs=true`)).status, 422);
  const full = await lead.ok('GET', `decisions/${decision.id}?inputs=true&purpose=complaint`);
  assert.equal(full.inputs.health_note, '轻度近视');
  assert.equal(full.inputs.score, 310.5);
  assert.equal((await auditor.get(`decisions/${decision.id}?inputs=true&purpose=x`)).status, 403);
  const looks = (await auditor.ok('GET', 'admin/audit?action=decision.look&outcome=ok')).items;
  assert.equal(looks.length, 1);
  assert.equal(looks[0].purpose, 'complaint');
  assert.match(looks[0].fields, /health_note/);
});

test('a decision that is not there and one that is none of your business look the same', async () => {
  const finance = await server.bearer('d.finance', ['finance']);       // sees no one under review
  const a = await finance.get(`decisions/${decision.id}`), b = await finance.get('decisions/01a20b74-0000-7000-8000-000000000000');
  assert.equal(a.status, 404);
  const same = (x) => x.text.replace(/"request_id":"[^"]*"/, '');
  assert.equal(same(a), same(b));
});

test('a changed policy is tried on what was decided, and nothing changes', async () => {
  const yaml = 'education: { min_score: { senior: 350 } }\n';
  const t = await admin.ok('POST', 'admin/policies/try', { plugin: 'admissions', yaml });
  assert.equal(t.replayed, 1);
  assert.equal(t.to_fail, 1);
  assert.deepEqual(t.flips[0].reasons, ['score']);
  assert.equal(t.flips[0].decision, decision.id);
  const later = await admin.ok('POST', 'admin/policies/try', { plugin: 'admissions', yaml, since: '2999-01-01' });
  assert.equal(later.replayed, 0);
  assert.equal((await lead.ok('POST', `admissions/applicants/${id}/assess`, {})).decision.pass, true);
  const wrong = await admin.post('admin/policies/try', { plugin: 'admissions', yaml: 'age: { mni: 3 }' });
  assert.equal(wrong.status, 422);
  assert.equal(wrong.body.errors[0].file, 'candidate');
  assert.equal((await lead.post('admin/policies/try', { plugin: 'admissions', yaml })).status, 403);
});

test('the lab counts, but does not list, what the caller may not see', async () => {
  const t = await admin.ok('POST', 'admin/tokens', { label: 'policies only', scopes: ['core.policy'] });
  const yaml = 'education: { min_score: { senior: 350 } }\n';
  const a = await new Client(server, t.token).ok('POST', 'admin/policies/try', { plugin: 'admissions', yaml });
  assert.ok(a.flipped >= 1);
  assert.deepEqual([a.not_shown, a.flips], [a.flipped, []]);
});

test('a wrong candidate is refused at its line; the lab is for who keeps policies', async () => {
  const a = await admin.post('admin/policies/try', { plugin: 'admissions', yaml: 'age: { min: 16 }\nno_such_key: 1\n' });
  assert.equal(a.status, 422, a.text);
  assert.deepEqual(a.body.errors.map((e) => [e.file, e.line]), [['candidate', 2]]);
  assert.equal((await admin.post('admin/policies/try', { plugin: 'nothing', yaml: 'a: 1' })).status, 422);
  assert.equal((await lead.post('admin/policies/try', { plugin: 'admissions', yaml: '' })).status, 403);
});
