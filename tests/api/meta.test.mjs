// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Meta: the desk is drawn from it, so it has to be whole for the caller and silent beyond.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { Server } from '../lib/server.mjs';

let server, admin, lead;
const applicants = (meta) => meta.plugins.find((p) => p.name === 'admissions')?.entities.find((e) => e.name === 'applicants');
before(async () => {
  server = await Server.start();
  admin = await server.admin();
  lead = await server.bearer('m.lead', ['admissions.lead']);
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

test('meta tells fields with titles, classes, choices and masks in both languages', async () => {
  const e = applicants(await lead.ok('GET', 'meta'));
  assert.equal(e.full, 'admissions.applicants');
  assert.equal(e.title.zh, '报名学生');
  const f = Object.fromEntries(e.fields.map((x) => [x.name, x]));
  assert.deepEqual([f.id_number.class, f.id_number.mask, f.id_number.view, f.id_number.unique], ['secret', 'cn_id', 'masked', true]);
  assert.deepEqual([f.score.type, f.score.scale, f.score.min, f.score.max], ['decimal', 1, '0.0', '750.0']);
  assert.deepEqual(f.education.choices[0], { name: 'junior', title: { zh: '初中', en: 'Junior secondary' } });
  assert.equal(f.name.required, true);
  assert.equal(f.phone.searchable, true);
  assert.ok(e.serves.includes('ADM-3'));
});

test('meta tells the workflow and which transitions the caller could ever do', async () => {
  const may = async (who) => Object.fromEntries(applicants(await who.ok('GET', 'meta')).workflow.transitions.map((t) => [t.name, t.may]));
  assert.equal((await may(lead)).admit, true);
  const clerk = await server.bearer('m.clerk', ['admissions.staff'], { campus: '东校区' });
  assert.deepEqual([(await may(clerk)).review, (await may(clerk)).admit], [true, false]);
  const w = applicants(await clerk.ok('GET', 'meta')).workflow;
  assert.equal(w.start, 'registered');
  assert.deepEqual(w.transitions.find((t) => t.name === 'refuse').needs, ['note']);
  assert.equal(w.transitions.find((t) => t.name === 'qualify').rule, 'eligible');
});

test('every field that meta shows is answered, and no other', async () => {
  await lead.ok('POST', 'admissions/applicants', applicant(1, { health_note: '无', documents: ['photo'], note: '备注' }));
  for (const roles of [['admissions.lead'], ['principal'], ['auditor'], ['admin']]) {
    const who = await server.bearer(`m.${roles[0].replace('.', '-')}`, roles);
    const told = new Set(applicants(await who.ok('GET', 'meta')).fields.filter((f) => f.view !== 'hidden').map((f) => f.name));
    const [r] = (await who.ok('GET', 'admissions/applicants')).items;
    const seen = Object.keys(r).filter((k) => !['id', 'rev', 'state', 'created_at', 'created_by', 'updated_at', 'deadline', '_masked'].includes(k));
    assert.deepEqual(seen.sort(), [...told].sort(), roles[0]);
  }
});

test('who has no rights is told of no plugin; hidden fields are not spoken of', async () => {
  const nobody = await server.bearer('m.nobody', []);
  const meta = await nobody.ok('GET', 'meta');
  assert.deepEqual(meta.plugins, []);
  assert.deepEqual(meta.user.permissions, []);
  const finance = await server.bearer('m.finance', ['finance']);
  const text = (await finance.get('meta')).text;
  for (const hidden of ['id_number', 'health_note', 'guardian_phone']) assert.ok(!text.includes(hidden), hidden);
  assert.equal((await server.anonymous.get('meta')).status, 401);
});

test('a narrow token sees no more than it may use', async () => {
  const t = await admin.ok('POST', 'admin/tokens', { user: 'm.lead', label: 'none', scopes: ['nothing.at_all:read'] });
  const meta = await server.anonymous.get('meta', { Authorization: `Bearer ${t.token}` });
  assert.deepEqual(meta.body.plugins, []);
});

test('an unchanged meta costs a 304, changed rights cost none', async () => {
  const who = await server.bearer('m.changing', []);
  const first = await who.get('meta');
  const tag = { 'If-None-Match': first.headers.get('etag') };
  assert.equal((await who.get('meta', tag)).status, 304);
  await admin.ok('PUT', `admin/users/${who.id}/roles`, { roles: ['admissions.lead'] });
  const fresh = await who.get('meta', tag);
  assert.equal(fresh.status, 200);
  assert.ok(applicants(fresh.body));
});

test('meta names the school, its day and the release', async () => {
  const a = await lead.get('meta');
  assert.match(a.body.school.today, /^\d{4}-\d\d-\d\d$/);
  assert.equal(a.body.school.timezone, 'Asia/Shanghai');
  assert.equal(String(a.body.release.number), a.headers.get('x-release'));
});

test('meta tells whose first page a report is on, what its counts count, and no report that could count nothing', async () => {
  const reports = async (who) => Object.fromEntries((await who.ok('GET', 'meta')).plugins.find((p) => p.name === 'admissions').reports.map((r) => [r.name, r]));
  const r = await reports(lead);
  assert.deepEqual(r.leads_untouched.where, { state: 'new' });
  assert.equal(r.leads_untouched.overview.older, '24h');
  assert.ok(r.leads_untouched.overview.roles.includes('principal'));
  assert.deepEqual(r.by_plan_line.columns.find((c) => c.name === 'arrived').where, { state: 'arrived' });
  assert.ok(r.by_education);
  const money = await server.bearer('m.money', ['finance']);
  assert.equal((await reports(money)).by_education, undefined, 'finance sees no education');
  assert.ok((await reports(money)).by_plan_line);
});

test('meta is packed for who can unpack it, with an ETag of its own', async () => {
  const packed = await fetch(`${server.url}/api/v1/meta`, { headers: { Authorization: `Bearer ${lead.token}`, 'Accept-Encoding': 'gzip' } });
  const plain = await fetch(`${server.url}/api/v1/meta`, { headers: { Authorization: `Bearer ${lead.token}`, 'Accept-Encoding': 'identity' } });
  assert.equal(packed.headers.get('content-encoding'), 'gzip');
  assert.equal(plain.headers.get('content-encoding'), null);
  assert.equal(packed.headers.get('vary'), 'Accept-Encoding');
  assert.deepEqual(await packed.json(), await plain.json());
  assert.notEqual(packed.headers.get('etag'), plain.headers.get('etag'));
  const again = await fetch(`${server.url}/api/v1/meta`, { headers: { Authorization: `Bearer ${lead.token}`, 'Accept-Encoding': 'gzip', 'If-None-Match': packed.headers.get('etag') } });
  assert.deepEqual([again.status, await again.text()], [304, '']);
});
