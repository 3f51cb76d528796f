// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Personnel through the front door: from the signed plan and a form without an account to the first day of work; what must not
// leak on the way; two offers for one seat; a year of training and what appraisal gets of it (HR-1 to HR-8).
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, eventually, root } from '../lib/server.mjs';

const P = 'personnel', PDF = '%PDF-1.4\n%%EOF\n';
const day = (on = 0) => new Date(Date.now() + 8 * 3600e3 + on * 864e5).toISOString().slice(0, 10);
const note = { approval: { note: '同意' } };
let server, clock, admin, hr, leader, manager, head, second, other, it, secrets, line, phones = 0;
before(async () => {
  server = await Server.start({ bin: process.env.CAMPUSD_TEST || join(root, 'build/campusd-test') });
  await server.stop();
  clock = join(server.folder, 'clock');
  writeFileSync(clock, '0');
  server.env.CAMPUSD_CLOCK_FILE = clock;
  await server.serve();
  admin = await server.admin();
  [hr, leader, manager, head, second, other, it, secrets] = await Promise.all([['hr', 'hr'], ['leader', 'principal'], ['manager', 'manager'], ['head', 'teaching.lead'],
    ['second', 'teacher'], ['other', 'teacher'], ['it', 'it_admin'], ['secrets', 'confidentiality']].map(([name, role]) => server.bearer(`p.${name}`, [role])));
  line = { post: '软件专业教师', department: '教学支持组', category: 'teaching', headcount: 1, education: 'bachelor', conditions: '计算机类专业', lead: head.id };
}, { timeout: 120000 });
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

async function opening(post, headcount = 1) {
  const plan = await hr.ok('POST', `${P}/plans`, { year: day().slice(0, 4), name: `招聘${post}`, basis: '扩班', lines: [{ ...line, post, headcount }] });
  await hr.ok('POST', `${P}/plans/${plan.id}/submit`, {});
  assert.equal((await hr.ok('GET', `${P}/openings?plan=${plan.id}`)).items.length, 0, 'not before it is signed');
  for (const who of [manager, leader]) await who.ok('POST', `${P}/plans/${plan.id}/approve`, note);
  const o = await eventually(async () => {
    const { items } = await hr.ok('GET', `${P}/openings?plan=${plan.id}`);
    assert.equal(items.length, 1);
    return items[0];
  });
  await head.ok('PATCH', `${P}/openings/${o.id}`, { panel_2: second.id });
  const posting = await hr.ok('POST', `${P}/postings`, { opening: o.id, name: `${post}·官网`, channel: 'website', until_day: day(30) });
  await hr.ok('POST', `${P}/postings/${posting.id}/publish`, {});
  return { ...o, posting };
}
const phone = () => `1380000${String(++phones).padStart(4, '0')}`;
const apply = (o, name, more = {}) => server.anonymous.api('POST', '/public/personnel/apply', { consent: true, name, phone: phone(), education: 'master', posting: o.posting.code, ...more });
const status = async (code) => (await server.anonymous.ok('GET', `/public/personnel/status/${code}`));
const step = (c, verb, body = {}, who = hr) => who.ok('POST', `${P}/candidates/${c.id}/${verb}`, body);
const get = (c, who = hr) => who.ok('GET', `${P}/candidates/${c.id}`);
async function card(who, c, points) {
  const made = await who.ok('POST', `${P}/interview_cards`, { about: c.id, knowledge: points, practice: points, manner: points, ethics: points });
  await who.ok('POST', `${P}/interview_cards/${made.id}/submit`, {});
}
async function ranked(o, name, points) {
  const c = await hr.ok('POST', `${P}/candidates`, { posting: o.posting.id, name, phone: phone(), education: 'bachelor' });
  await step(c, 'shortlist', { screening_score: 80 });
  await step(c, 'invite', { written_score: 80, interview_on: day(1), interview_place: '九点，行政楼' });
  for (const who of [head, second]) await card(who, c, points);
  await eventually(async () => assert.equal((await get(c)).raters, 2));
  await step(c, 'conclude');
  await eventually(async () => assert.ok((await get(c)).rank));
  return c;
}
async function cleared(c) {
  await step(c, 'select');
  for (const item of (await hr.ok('GET', `${P}/candidates_tasks?record=${c.id}&state=open`)).items) await hr.ok('POST', `${P}/actions/note_check`, { item: item.id, result: 'passed', source: '学信网' });
  return eventually(() => step(c, 'clear', { start_on: day(14), offer_until: day(7), pay: '月薪九千' }));
}

test('HR-1 to HR-5: from the plan and a form without an account to the first day, each office doing its part', { timeout: 60000 }, async () => {
  const o = await opening('软件专业教师');
  const notice = await hr.ok('POST', `${P}/postings/${o.posting.id}/documents/notice`, {});
  assert.match((await hr.get(`documents/${notice.id}?format=html`)).text, /计算机类专业/);
  assert.equal((await apply(o, '周敏', { consent: undefined })).status, 422, 'nothing is taken without consent');
  const sent = await apply(o, '周敏', { email: 'zhou@example.com', id_number: '110199199001010010', experience: '开发五年' });
  assert.equal(sent.status, 201, sent.text);
  const { code } = sent.body;
  const paper = await server.anonymous.api('POST', `/public/personnel/papers/${code}/resume?name=resume.pdf`, PDF, { 'Content-Type': 'application/pdf' });
  assert.ok(paper.status < 300, paper.text);
  const [c] = (await hr.ok('GET', `${P}/candidates?opening=${o.id}`)).items;
  assert.deepEqual([c.state, c.channel, c.post, c.posting], ['applied', 'website', '软件专业教师', o.posting.id], 'HR-2: the source is known');
  await step(c, 'shortlist', { screening_score: 90 }, head);
  await step(c, 'invite', { written_score: 80, interview_on: day(1), interview_place: '九点，行政楼 201' });
  await Promise.all([card(head, c, 9), card(second, c, 8)]);
  await eventually(async () => assert.deepEqual([(await get(c)).interview_score, (await get(c)).overall], [85, '84.50']));
  await step(c, 'conclude', {}, head);
  await eventually(async () => assert.equal((await get(c)).rank, 1));
  await step(c, 'select');
  const early = await hr.api('POST', `${P}/candidates/${c.id}/clear`, { start_on: day(14), offer_until: day(7), pay: '月薪九千' });
  assert.deepEqual([early.status, early.body.errors.map((e) => e.code)], [409, Array(4).fill('task_open')], 'HR-4: each item holds it back');
  for (const item of (await hr.ok('GET', `${P}/candidates_tasks?record=${c.id}`)).items) await hr.ok('POST', `${P}/actions/note_check`, { item: item.id, result: 'passed', source: '学信网' });
  await eventually(() => step(c, 'clear', { start_on: day(14), offer_until: day(7), pay: '月薪九千' }));
  assert.ok((await manager.ok('GET', 'inbox')).items.some((i) => i.entity === `${P}.candidates`), 'the manager is asked');
  assert.equal((await get(c, manager)).pay, '月薪九千', 'and knows what is offered');
  await step(c, 'offer', note, manager);
  const letter = await hr.ok('POST', `${P}/candidates/${c.id}/documents/offer`, {});
  assert.match((await hr.get(`documents/${letter.id}?format=html`)).text, /周敏.*软件专业教师/s);
  assert.equal((await server.anonymous.api('POST', '/public/personnel/accept', { code })).status, 200);
  const e = await eventually(async () => {
    const { items } = await hr.ok('GET', `${P}/employees?candidate=${c.id}&state=onboarding`);
    assert.equal(items.length, 1);
    return items[0];
  });
  const todo = (await it.ok('GET', `${P}/employees_tasks`)).items;
  assert.deepEqual(todo.map((t) => t.step), ['account'], 'HR-5, SEC-3: each office sees its own item');
  const [nda] = (await secrets.ok('GET', `${P}/employees_tasks`)).items;
  await it.ok('PATCH', `${P}/employees/${e.id}`, { person: other.id });
  assert.equal((await it.api('PATCH', `${P}/employees/${e.id}`, { post: '校长' })).status, 403);
  await secrets.ok('POST', `${P}/employees_tasks/${nda.id}/complete`, {});
  await it.ok('POST', `${P}/employees_tasks/${todo[0].id}/complete`, {});
  for (const t of (await hr.ok('GET', `${P}/employees_tasks?record=${e.id}&state=open`)).items) await hr.ok('POST', `${P}/employees_tasks/${t.id}/complete`, {});
  assert.equal((await hr.api('POST', `${P}/employees/${e.id}/start`, {})).body.errors[0].code, 'contract_missing');
  const file = (await hr.ok('POST', 'files?name=contract.pdf', PDF, { 'Content-Type': 'application/pdf' })).id;
  const contract = await hr.ok('POST', `${P}/contracts`, { employee: e.id, kind: 'fixed', starts_on: day(14), ends_on: day(14 + 1094), signed_on: day(14), file, pay: '月薪九千' });
  await hr.ok('POST', `${P}/contracts/${contract.id}/sign`, {});
  await eventually(async () => assert.equal((await hr.ok('GET', `${P}/employees/${e.id}`)).contract, contract.id));
  await hr.ok('POST', `${P}/employees/${e.id}/start`, {});
  await eventually(async () => {
    const now = await hr.ok('GET', `${P}/openings/${o.id}`);
    assert.deepEqual([now.settled, now.left, now.state, (await get(c)).state], [1, 0, 'closed', 'hired']);
  });
  assert.equal((await status(code)).state, 'hired');
});

test('HR-2, HR-3: who applies sees how far it is and no marks; who has no part sees nothing; what is personal is masked', async () => {
  const o = await opening('会计教师');
  const { body: { code } } = await apply(o, '马宁');
  const [c] = (await hr.ok('GET', `${P}/candidates?opening=${o.id}`)).items;
  await step(c, 'shortlist', { screening_score: 77 });
  const shown = JSON.stringify(await status(code));
  assert.ok(!/77|screening|rank|overall/.test(shown), shown);
  assert.equal((await server.anonymous.get('/public/personnel/status/0000000000000000')).status, 404);
  assert.match((await get(c)).phone, /\*/, 'also for personnel, until they say what for');
  for (const who of [other, second, it, secrets]) {
    assert.equal((await who.get(`${P}/candidates/${c.id}`)).status, 404);
    assert.deepEqual((await who.ok('GET', `${P}/candidates`)).items, []);
  }
  await step(c, 'invite', { written_score: 70, interview_on: day(1), interview_place: '九点' });
  const seen = await get(c, second);
  assert.deepEqual([seen.name, seen.screening_score, seen.phone, seen.overall], ['马宁', undefined, undefined, undefined]);
  assert.equal((await second.api('POST', `${P}/candidates/${c.id}/conclude`, {})).status, 403);
  const { body } = await second.api('POST', `${P}/interview_cards`, { about: c.id, knowledge: 5, practice: 5, manner: 5, ethics: 5 });
  const again = await second.api('POST', `${P}/interview_cards`, { about: c.id, knowledge: 10, practice: 10, manner: 10, ethics: 10 });
  assert.deepEqual([again.status, again.body.errors[0].code], [409, 'unique'], 'each rates once');
  assert.equal((await head.get(`${P}/interview_cards/${body.id}`)).status, 404, 'and sees nobody else\'s card');
  await hr.ok('POST', `${P}/openings/${o.id}/close`, {});
  await eventually(async () => assert.equal((await hr.ok('GET', `${P}/postings/${o.posting.id}`)).state, 'ended'));
  assert.equal((await apply(o, '迟到')).status, 422, 'nobody applies for what is closed');
});

test('HR-1: two offers at once for one seat: one is made', async () => {
  const o = await opening('语文教师', 2), [a, b] = [await ranked(o, '甲', 9), await ranked(o, '乙', 8)];
  for (const c of [a, b]) await cleared(c);
  await hr.ok('POST', `${P}/plans/${o.plan}/revise`, { note: '压缩一个' });
  await hr.ok('PATCH', `${P}/plans/${o.plan}`, { lines: [{ ...line, post: '语文教师', headcount: 1 }] });
  await hr.ok('POST', `${P}/plans/${o.plan}/submit`, {});
  for (const who of [manager, leader]) await who.ok('POST', `${P}/plans/${o.plan}/approve`, note);
  await eventually(async () => assert.equal((await hr.ok('GET', `${P}/openings/${o.id}`)).headcount, 1));
  const two = await Promise.all([a, b].map((c) => manager.api('POST', `${P}/candidates/${c.id}/offer`, note)));
  assert.deepEqual(two.map((t) => t.status).sort(), [200, 409], two.map((t) => t.text).join());
  assert.deepEqual(two.find((t) => t.status === 409).body.errors.map((e) => e.code), ['pool_full']);
  assert.equal((await hr.ok('GET', `${P}/openings/${o.id}`)).left, 0);
});

test('HR-3: ranks are written in order and nobody lower is taken while somebody better is there', async () => {
  const o = await opening('英语教师'), [low, high] = [await ranked(o, '丙', 7), await ranked(o, '丁', 10)];
  await eventually(async () => assert.deepEqual([(await get(high)).rank, (await get(low)).rank], [1, 2]));
  const no = await hr.api('POST', `${P}/candidates/${low.id}/select`, {}, { 'Accept-Language': 'zh-CN' });
  assert.deepEqual([no.status, no.body.errors.map((e) => [e.code, e.policy, e.detail])], [422, [['rank', 'selection.reach', '排名第 2，只考察前 1 名']]]);
  const list = await hr.get(`${P}/exports/ranking?format=csv&opening=${o.id}`);
  assert.equal(list.status, 200, list.text);
  assert.match(list.text, /丁[^]*丙|丙[^]*丁/);
  assert.equal((await head.get(`${P}/exports/ranking?format=csv`)).status, 403);
  await step(high, 'withdraw');
  await eventually(async () => assert.equal((await get(low)).rank, 1));
  assert.equal((await step(low, 'select')).state, 'checking');
});

test('HR-6, HR-7, HR-8: needs, sessions and attendance become a file that is printed and handed to appraisal', async () => {
  await admin.ok('PATCH', `admin/users/${second.id}`, { supervisor: head.id });
  const e = await hr.ok('POST', `${P}/employees`, { name: '钟玲', person: second.id, department: '教学支持组', post: '教师', category: 'service', joined_on: '2020-09-01' });
  await hr.ok('POST', `${P}/employees/${e.id}/enlist`, {});
  const file = () => eventually(async () => {
    const [f] = (await second.ok('GET', `${P}/training_files`)).items;
    assert.ok(f);
    return f;
  });
  assert.deepEqual([(await file()).hours, (await file()).missing], ['0.0', '24.0']);
  const course = await hr.ok('POST', `${P}/courses`, { name: '实训安全', kind: 'skills', hours: '12' });
  const need = await second.ok('POST', `${P}/training_needs`, { employee: e.id, year: day().slice(0, 4), basis: 'growth', want: '实训安全', course: course.id });
  await second.ok('POST', `${P}/training_needs/${need.id}/submit`, {});
  assert.equal((await head.ok('GET', `${P}/training_needs`)).items.length, 1, 'the head sees what their people need');
  for (const name of ['实训安全上', '实训安全下']) {
    const s = await head.ok('POST', `${P}/sessions`, { name, course: course.id, trainer_kind: 'key_staff', trainer: head.id, held_on: day(), hours: '12' });
    const { result } = await head.ok('POST', `${P}/actions/enrol`, { session: s.id, people: [{ employee: e.id }] });
    assert.equal(result.enrolled, 1);
    const [a] = (await head.ok('GET', `${P}/attendances?training=${s.id}`)).items;
    assert.equal((await second.api('POST', `${P}/attendances/${a.id}/attend`, {})).status, 403, 'nobody marks themselves');
    await head.ok('POST', `${P}/sessions/${s.id}/hold`, {});
    await head.ok('POST', `${P}/attendances/${a.id}/attend`, {});
    await head.ok('POST', `${P}/attendances/${a.id}/pass`, { score: 90 });
    await eventually(async () => assert.equal((await head.ok('GET', `${P}/sessions/${s.id}`)).present, 1));
    await head.ok('POST', `${P}/sessions/${s.id}/close`, { cost: '200.00', result: '全部合格' });
  }
  await eventually(async () => assert.deepEqual([(await file()).hours, (await file()).missing, (await file()).average], ['24.0', '0.0', '90.0']));
  const f = await file();
  assert.equal((await other.get(`${P}/training_files/${f.id}`)).status, 404);
  assert.equal((await hr.ok('POST', `${P}/training_files/${f.id}/certify`, {})).state, 'met');
  const paper = await second.ok('POST', `${P}/training_files/${f.id}/documents/record`, {});
  assert.match((await second.get(`documents/${paper.id}?format=html`)).text, /实训安全上/);
  const sheet = await manager.get(`${P}/exports/appraisal?format=csv`);
  assert.equal(sheet.status, 200, sheet.text);
  assert.match(sheet.text, /钟玲,教学支持组/);
  const row = (await manager.ok('GET', `${P}/reports/training_hours`)).rows.find((r) => r.name === '钟玲');
  assert.deepEqual([row.sum_hours, row.sum_required], ['24.0', '24.0'].map((v) => (typeof row.sum_hours === 'number' ? Number(v) : v)));
  assert.equal((await second.get(`${P}/exports/appraisal?format=csv`)).status, 403);
});

test('HR-5, HR-8: a contract that ends is in the inbox of personnel; each month who has no file gets one; the year owes a plan', { timeout: 60000 }, async () => {
  const e = await hr.ok('POST', `${P}/employees`, { name: '付强', person: head.id, department: '教学支持组', post: '教师', category: 'teaching', joined_on: '2020-09-01' });
  await hr.ok('POST', `${P}/employees/${e.id}/enlist`, {});
  const scan = (await hr.ok('POST', 'files?name=c.pdf', PDF, { 'Content-Type': 'application/pdf' })).id;
  const contract = await hr.ok('POST', `${P}/contracts`, { employee: e.id, kind: 'fixed', starts_on: day(-700), ends_on: day(400), signed_on: day(-700), file: scan });
  await hr.ok('POST', `${P}/contracts/${contract.id}/sign`, {});
  writeFileSync(clock, String(380 * 864e5));
  await new Promise((done) => setTimeout(done, 200));
  server.keeper = undefined;                                     // tokens have ended
  const again = await server.bearer('p.hr.later', ['hr']), year = day(380).slice(0, 4);
  await eventually(async () => assert.ok((await again.ok('GET', 'inbox?limit=500')).items.some((i) => i.entity === `${P}.contracts`)), 30000);
  await eventually(async () => assert.equal((await again.ok('GET', `${P}/training_files?employee=${e.id}&year=${year}`)).items.length, 1), 30000);
  const owed = await eventually(async () => {
    const one = (await again.ok('GET', 'obligations?state=open')).items.find((o) => o.name === `${P}.training_plan`);
    assert.ok(one);
    return one;
  });
  const plan = await again.ok('POST', `${P}/training_plans`, { year, name: '年度培训计划', basis: '岗位与个人' });
  await again.ok('POST', `obligations/${owed.id}/close`, { record: plan.id, note: '已编制' });
});
