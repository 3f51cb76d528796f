// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The department through the front door: who is who, a plan from draft to done, what one group asks of another, emergencies
// that reach the leader, rules that are tried before they are decided (ORG-1 to ORG-8, SUP-1). Its rules have tests of their own.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, eventually, root } from '../lib/server.mjs';
import { today } from '../lib/finance.mjs';

const O = 'operations', note = { approval: { note: '同意' } };
let server, admin, clock, leader, manager, second, deputy, lead, officer, teaching, helper, group = {};
before(async () => {
  server = await Server.start({ bin: process.env.CAMPUSD_TEST || join(root, 'build/campusd-test') });
  await server.stop();
  clock = join(server.folder, 'clock');
  writeFileSync(clock, '0');
  server.env.CAMPUSD_CLOCK_FILE = clock;
  await server.serve();
  admin = await server.admin();
  const of = async (name, role, g, boss) => {
    const p = await server.bearer(`o.${name}`, [role]);
    if (g) await admin.ok('PUT', `admin/groups/${g}/members/${p.id}`, {});
    if (boss) await admin.ok('PATCH', `admin/users/${p.id}`, { supervisor: boss.id });
    return p;
  };
  leader = await of('leader', 'principal');
  manager = await of('manager', 'manager', null, leader);
  second = await of('second', 'manager', null, leader);
  deputy = await of('deputy', 'deputy', null, manager);
  lead = await of('lead', 'admissions.lead', 'admissions', deputy);
  officer = await of('officer', 'admissions.staff', 'admissions', lead);
  teaching = await of('teaching', 'teaching.lead', 'teaching', deputy);
  helper = await of('helper', 'teaching.staff', 'teaching', teaching);
  await manager.ok('POST', `${O}/actions/set_up`, {});
  for (const g of (await manager.ok('GET', `${O}/groups`)).items) group[g.group] = g.id;
}, { timeout: 120000 });
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

const day = (n) => today(-n);
const request = (title) => officer.ok('POST', `${O}/requests`, { title, from: group.admissions, to: group.teaching, content: '两间教室', wanted_by: day(5) });

test('ORG-1: groups, posts, who holds and lends them, with dates: one address for staff, none for others', async () => {
  await admin.ok('PUT', `admin/users/${deputy.id}/posts/in_charge`, { group: 'admissions', until: day(100) });
  await admin.ok('PUT', `admin/users/${officer.id}/posts/head`, { group: 'admissions', until: day(10), acting: true });
  await admin.ok('POST', 'admin/delegations', { person: teaching.id, to: helper.id, until: day(3) });
  const o = await helper.ok('GET', 'organisation');
  assert.deepEqual(o.posts.filter((p) => [deputy.id, officer.id].includes(p.person)).map((p) => [p.post, p.group, p.until, p.acting]), [['head', 'admissions', day(10), true], ['in_charge', 'admissions', day(100), false]]);
  assert.deepEqual(o.delegations.map((d) => [d.person, d.to, d.until]), [[teaching.id, helper.id, day(3)]]);
  assert.equal(o.people.find((p) => p.id === officer.id).supervisor, lead.id);
  assert.ok(o.members.some((m) => m.person === helper.id && m.group === 'teaching') && o.roles.some((r) => r.person === manager.id && r.role === 'manager'));
  const { items } = await helper.ok('GET', `${O}/posts?limit=50`);
  assert.ok(items.length >= 10 && items.every((p) => p.duties && p.workflow && p.standards));
  const partner = await server.bearer('o.partner', ['partner']);
  assert.equal((await partner.get('organisation')).status, 403);
  assert.deepEqual((await partner.ok('GET', `${O}/posts`)).items, []);
  assert.equal((await server.anonymous.get('organisation')).status, 401);
});

test('ORG-2, ORG-7: the manager\'s plan is signed by the leader; its tasks are done, or late and seen in the table of supervision', async () => {
  const p = await manager.ok('POST', `${O}/plans`, { title: '春季工作计划', starts_on: day(0), ends_on: day(120), goals: [{ goal: '招生' }] });
  const bare = await manager.api('POST', `${O}/plans/${p.id}/submit`, {}, { 'Accept-Language': 'zh-CN' });
  assert.equal(bare.status, 422);
  assert.deepEqual(bare.body.errors.map((e) => [e.pointer, e.code, e.detail]), [['/goals/0/measure', 'goal_unmeasured', '有目标没有衡量标准']]);
  await manager.ok('PATCH', `${O}/plans/${p.id}`, { goals: [{ goal: '招生', measure: '500 人' }] });
  await manager.ok('POST', `${O}/plans/${p.id}/submit`, {});
  assert.equal((await manager.api('POST', `${O}/plans/${p.id}/approve`, note)).status, 403, 'not their own');
  assert.equal((await officer.get(`${O}/plans/${p.id}`)).status, 404, 'nor is it known before');
  await second.ok('POST', `${O}/plans/${p.id}/approve`, note);
  assert.equal((await leader.ok('POST', `${O}/plans/${p.id}/approve`, note)).state, 'approved');
  const task = (due) => lead.ok('POST', `${O}/plans_tasks`, { record: p.id, title: `巡回咨询${due}`, group: group.admissions, assignee: officer.id, due_on: day(due) });
  const [done, late] = [await task(9), await task(-1)];
  await officer.ok('PATCH', `${O}/plans_tasks/${done.id}`, { progress: 90 });
  assert.equal((await officer.api('PATCH', `${O}/plans_tasks/${late.id}`, { due_on: day(9) })).status, 403);
  await officer.ok('POST', `${O}/plans_tasks/${done.id}/complete`, { result: '五县' });
  await eventually(async () => {
    const { rows } = await deputy.ok('GET', `${O}/reports/supervision`);
    const row = rows.find((r) => r.name === '招生组');
    assert.deepEqual([row.sum_open_work, row.sum_late_work], [1, 1]);
  });
  await eventually(async () => assert.ok((await lead.ok('GET', 'inbox')).items.some((x) => x.record === late.id), 'it climbed'));
  assert.equal((await officer.get(`${O}/reports/supervision`)).body.rows?.length ?? 0, 0, 'how late others are is not for all');
});

test('ORG-3: of two who take up a request at once one has it; who is neither sees nothing; each hand-over stays', async () => {
  const r = await request('开放日教室');
  const both = await Promise.all([teaching, helper].map((who) => who.api('POST', `${O}/requests/${r.id}/accept`, { handler: who.id })));
  assert.deepEqual(both.map((a) => a.status).sort(), [200, 409]);
  const out = await server.bearer('o.out', ['marketing']);
  assert.equal((await out.get(`${O}/requests/${r.id}`)).status, 404);
  await teaching.ok('POST', `${O}/actions/hand_over`, { request: r.id, to: group.marketing, reason: '活动场地由市场推广组安排' });
  await deputy.ok('POST', `${O}/actions/hand_over`, { request: r.id, to: group.teaching, reason: '教室归教学支持组' });
  const now = await officer.ok('GET', `${O}/requests/${r.id}`);
  assert.deepEqual(now.handovers.map((h) => [h.from, h.to, h.day]), [['教学支持组', '市场推广组', day(0)], ['市场推广组', '教学支持组', day(0)]]);
  await teaching.ok('POST', `${O}/requests/${r.id}/accept`, { handler: helper.id });
  await helper.ok('POST', `${O}/requests/${r.id}/answer`, { reply: '301、302' });
  assert.equal((await helper.api('POST', `${O}/requests/${r.id}/close`, {})).status, 403, 'whether it is settled is for who asked');
  assert.equal((await officer.ok('POST', `${O}/requests/${r.id}/close`, {})).state, 'closed');
});

test('ORG-5: targets and what came of them, month by month, are one report; the same month is not entered twice, also at once', async () => {
  const i = await manager.ok('POST', `${O}/indicators`, { name: '办结率', group: group.admissions, unit: '%', target: '90.0', keeper: officer.id });
  const [m] = await eventually(async () => {
    const { items } = await officer.ok('GET', `${O}/measurements?indicator=${i.id}`);
    assert.equal(items.length, 1);
    return items;
  });
  await officer.ok('PATCH', `${O}/measurements/${m.id}`, { actual: '45.0' });
  assert.equal((await officer.api('PATCH', `${O}/measurements/${m.id}`, { target: '1.0' })).status, 403);
  const twice = await Promise.all([0, 1].map(() => manager.api('POST', `${O}/measurements`, { indicator: i.id, period: '2026-02', target: '90.0', actual: '81.0' })));
  assert.deepEqual(twice.map((a) => a.status).sort(), [201, 409]);
  await eventually(async () => {
    const { rows } = await lead.ok('GET', `${O}/reports/indicators_by_group?indicator_name=${encodeURIComponent('办结率')}`);
    assert.deepEqual(rows.filter((r) => r.indicator_name === '办结率').map((r) => [r.period, r.group_name, Number(r.avg_actual), r.target]), [['2026-02', '招生组', 81, '90.0'], [day(0).slice(0, 7), '招生组', 45, '90.0']]);
    const trend = (await lead.ok('GET', `${O}/reports/attainment_trend`)).rows;
    assert.deepEqual(trend.map((r) => Number(r.avg_attained)), [90, 50]);
    assert.equal((await deputy.ok('GET', `${O}/groups/${group.admissions}`)).flags, 1);
  });
});

test('ORG-8: a grave incident is before the leader without anybody\'s doing; whom it concerns is sealed', async () => {
  const i = await officer.ok('POST', `${O}/incidents`, { title: '触电', kind: 'safety', severity: 'grave', group: group.teaching, about: '学生赵某' });
  await eventually(async () => assert.ok((await leader.ok('GET', 'inbox?expand=record')).items.some((x) => x.entity === `${O}.incidents_tasks` && x.expanded.record === i.id)));
  const seen = await helper.ok('GET', `${O}/incidents/${i.id}`);
  assert.ok(!('about' in seen) && seen.told_at && seen.due_at);
  assert.equal((await leader.ok('GET', `${O}/incidents/${i.id}?reveal=about&purpose=x`)).about, '学生赵某');
  assert.ok(!(await lead.get(`${O}/incidents/${i.id}`)).text.includes('赵某'));
  await deputy.ok('POST', `${O}/incidents/${i.id}/investigate`, { assignee: teaching.id });
  const early = await teaching.api('POST', `${O}/incidents/${i.id}/resolve`, { measure: '断电', outcome: '无碍' });
  assert.deepEqual([early.status, early.body.errors[0].code], [422, 'no_report']);
  await teaching.ok('POST', `${O}/incidents/${i.id}/resolve`, { measure: '断电', outcome: '无碍', report: '经过、原因、教训' });
  const paper = await manager.ok('POST', `${O}/incidents/${i.id}/documents/incident`, {});
  const { text } = await manager.get(`documents/${paper.id}?format=html`);
  assert.ok(text.includes('经过、原因、教训') && !text.includes('赵某'));
  assert.equal((await manager.ok('POST', `${O}/incidents/${i.id}/close`, { remark: '整改' })).state, 'closed');
});

test('ORG-7, SUP-1: a draft is tried in the lab, proposed, decided; put in force it has a day, a revision, and what was decided before keeps its own', async () => {
  const plan = async () => {
    const a = await lead.ok('POST', `${O}/agreements`, { title: '协议', number: `N-${Math.random()}`, partner: partner.id, starts_on: day(0), ends_on: day(200), signed_on: day(0), rights: '共建', duties: '实习',
      file: (await lead.ok('POST', 'files?name=a.pdf', '%PDF-1.4\n%%EOF\n', { 'Content-Type': 'application/pdf' })).id });
    return manager.api('POST', `${O}/agreements/${a.id}/sign`, {}, { 'Accept-Language': 'en' });
  };
  const partner = await lead.ok('POST', `${O}/partners`, { name: '远航', kind: 'enterprise' });
  const before = (await plan()).body;
  assert.equal(before.state, 'in_force');
  const draft = `policy: operations\nvalid_from: ${day(0)}\npartners: { longest: 3 }\n`;
  const lab = await manager.ok('POST', 'admin/policies/try', { plugin: O, yaml: draft });
  assert.ok(lab.replayed >= 1 && lab.flipped >= 1, JSON.stringify(lab));
  const p = await deputy.ok('POST', `${O}/rule_proposals`, { title: '协议不超过三个月', concerns: O, reason: '便于评估', draft, effective_from: day(0) });
  const untried = await deputy.api('POST', `${O}/rule_proposals/${p.id}/propose`, {});
  assert.deepEqual(untried.body.errors.map((e) => e.code), ['not_tried', 'lab_unsaid']);
  const sheet = (await deputy.ok('POST', 'files?name=lab.txt', JSON.stringify(lab), { 'Content-Type': 'text/plain' })).id;
  await deputy.ok('PATCH', `${O}/rule_proposals/${p.id}`, { lab_report: sheet, lab_result: `${lab.flipped} / ${lab.replayed}` });
  for (const t of ['propose', 'put']) await deputy.ok('POST', `${O}/rule_proposals/${p.id}/${t}`, {});
  await manager.ok('POST', `${O}/rule_proposals/${p.id}/adopt`, note);
  assert.equal((await leader.ok('POST', `${O}/rule_proposals/${p.id}/adopt`, note)).state, 'adopted');
  const release = await admin.ok('PUT', `admin/policies/${O}`, { yaml: draft });
  await manager.ok('POST', `${O}/rule_proposals/${p.id}/activate`, { release: release.number ?? release.release });
  const after = await plan();
  assert.deepEqual([after.status, after.body.errors.map((e) => e.code)], [422, ['term_long']]);
  const kept = await manager.ok('GET', `${O}/agreements/${before.id}`);
  assert.equal(kept.state, 'in_force', 'what was decided stays decided');
  const [old, now] = await Promise.all([before.decision.id, after.body.decision.id ?? after.body.decision].map((id) => manager.ok('GET', `decisions/${id}`)));
  assert.ok(old.pass && !now.pass && now.policy > old.policy && now.release > old.release, JSON.stringify([old, now]));
});

test('ORG-5, ORG-7: each month owes the manager\'s and the deputy\'s report, closed by the report itself', async () => {
  writeFileSync(clock, String(32 * 864e5));                      // a month has begun; tokens live on
  await new Promise((done) => setTimeout(done, 200));
  server.keeper = undefined;
  const late = await server.bearer('o.late', ['deputy']);
  const owed = await eventually(async () => {
    const one = (await late.ok('GET', 'obligations?state=open')).items.find((o) => o.name === `${O}.progress_report`);
    assert.ok(one);
    return one;
  });
  const { result } = await late.ok('POST', `${O}/actions/prepare_report`, { kind: 'progress' });
  await late.ok('PATCH', `${O}/briefs/${result.report}`, { analysis: '平稳', measures: '督办' });
  await late.ok('POST', `${O}/briefs/${result.report}/submit`, {});
  await late.ok('POST', `obligations/${owed.id}/close`, { record: result.report, note: '见报告' });
  assert.equal((await late.ok('GET', `obligations/${owed.id}`)).state, 'closed');
});
