// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Customer service through the front door: an enquiry handed over and answered, a complaint whose sender nobody learns of,
// progress that is owed, an unhappy answer by code, visits that become help, a campaign in slices (SVC-1 to SVC-9).
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { Client, Server, eventually, root } from '../lib/server.mjs';

const S = 'service';
let server, anyone, lead, desk, manager, affairs, teacher, classTeacher, admissions, clock, ahead = 0;
before(async () => {
  server = await Server.start({ bin: process.env.CAMPUSD_TEST || join(root, 'build/campusd-test') });
  await server.stop();
  clock = join(server.folder, 'clock');
  writeFileSync(clock, '0');
  server.env.CAMPUSD_CLOCK_FILE = clock;
  await server.serve();
  anyone = new Client(server);
  const who = (name, role) => server.bearer(`v.${name}`, [role]);
  lead = await who('lead', 'service.lead'), desk = await who('desk', 'customer_service'), manager = await who('manager', 'manager');
  affairs = await who('affairs', 'student_affairs'), teacher = await who('teacher', 'teacher'), classTeacher = await who('class', 'class_teacher');
  admissions = await who('admissions', 'admissions.lead');
}, { timeout: 120000 });
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

const form = (name, body) => anyone.api('POST', `/public/${S}/${name}`, { consent: true, ...body });
const items = async (client, path) => (await client.ok('GET', `${S}/${path}`)).items;
const one = (client, path) => eventually(async () => { const l = await items(client, path); assert.equal(l.length, 1, JSON.stringify(l)); return l[0]; });
const act = (client, entity, id, step, body = {}) => client.ok('POST', `${S}/${entity}/${id}/${step}`, body);

test('SVC-1, SVC-2: the public asks, is given a code, sees how far it is; the answer of another department comes back to it', async () => {
  const article = await desk.ok('POST', `${S}/articles`, { question: '学费是多少', topic: 'fees', keywords: '学费 缴费', answer: '每学年 6500 元。' });
  await act(desk, 'articles', article.id, 'submit');
  await act(lead, 'articles', article.id, 'approve', { approval: { note: '同意' } });
  const sent = await form('enquiry', { question: '学费可以分期吗', topic: 'fees', asker: '王女士', phone: '14212345678' });
  assert.equal(sent.status, 201, sent.text);
  const e = await one(desk, 'enquiries?way=form&topic=fees');
  await eventually(async () => assert.equal((await desk.ok('GET', `${S}/enquiries/${e.id}`)).suggested, article.id));
  const before_ = await anyone.ok('GET', `/public/${S}/enquiry_status/${sent.body.code}`);
  assert.deepEqual([before_.state, before_.question, before_.answer_text ?? null], ['new', '学费可以分期吗', null]);
  assert.ok(!JSON.stringify(before_).includes('1421'), 'the number is not on the status page');
  await desk.ok('POST', `${S}/actions/acknowledge`, { enquiry: e.id });
  await desk.ok('POST', `${S}/actions/transfer`, { enquiry: e.id, team: 'admissions.lead', note: '请答复' });
  assert.equal((await affairs.get(`${S}/enquiries/${e.id}`)).status, 404);
  const inbox = await admissions.ok('GET', 'inbox?kind=task');
  assert.ok(inbox.items.some((i) => i.record === e.id), 'it waits in the inbox of the team');
  const seen = await admissions.ok('GET', `${S}/enquiries/${e.id}`);
  assert.ok(!JSON.stringify(seen).includes('14212345678'));
  await act(admissions, 'enquiries', e.id, 'answer', { answer_text: '可以分两期。' });
  const after_ = await anyone.ok('GET', `/public/${S}/enquiry_status/${sent.body.code}`);
  assert.deepEqual([after_.state, after_.answer_text], ['answered', '可以分两期。']);
  const log = await desk.ok('GET', `${S}/enquiries/${e.id}/messages`);
  assert.deepEqual(log.items.map((m) => [m.name, m.channel]), [['enquiry_answered', 'sms']]);
  const asked = await one(desk, `followups?enquiry=${e.id}`);
  await act(desk, 'followups', asked.id, 'finish', { way: 'phone', score: 5 });
  await eventually(async () => assert.equal((await desk.ok('GET', `${S}/enquiries/${e.id}`)).state, 'closed'));
});

test('SVC-2: of two who take one up at once, both may look and one has it', async () => {
  const e = await desk.ok('POST', `${S}/enquiries`, { question: '校车几点', topic: 'life', asker: '刘先生' });
  const done = await Promise.all(Array.from({ length: 8 }, () => desk.api('POST', `${S}/enquiries/${e.id}/answer`, { answer_text: '七点' })));
  assert.deepEqual(done.map((a) => a.status).sort(), [200, ...Array(7).fill(409)]);
});

const identity = (n) => { const { id_number, birth_date } = applicant(n); return { id_number, birth_date }; };
const NAME = '孙先生', PHONE = '14212345699';
async function complaint(more = {}) {
  const sent = await form('complaint', { category: 'conduct', matter: '课堂上接打电话', demand: '改正并说明', complainant: NAME, phone: PHONE, relation: 'parent', ...more });
  assert.equal(sent.status, 201, sent.text);
  const [c] = await items(lead, 'complaints?sort=-created_at&limit=1');
  await lead.ok('PATCH', `${S}/complaints/${c.id}`, { about_person: teacher.id, severity: 'high' });
  return { ...c, code: sent.body.code };
}

test('SVC-3: the name of who complains reaches neither whoever handles it nor whom it is about, by no way of asking', async () => {
  const c = await complaint(), child = await affairs.ok('POST', 'basics/students', { name: '孙同学', ...identity(690) });
  await desk.ok('PATCH', `${S}/complaints/${c.id}`, { student: child.id });
  const fair = await lead.post(`${S}/complaints/${c.id}/dispatch`, { handler: teacher.id });
  assert.deepEqual([fair.status, fair.body.errors?.[0].code], [422, 'own_case'], fair.text);
  await act(lead, 'complaints', c.id, 'dispatch', { handler: affairs.id });
  const leaks = (text) => text.includes(NAME) || text.includes(PHONE) || text.includes(c.code) || text.includes(child.id) || /14\d+\*+/.test(text);
  for (const path of [`${S}/complaints/${c.id}`, `${S}/complaints`, `${S}/complaints/${c.id}/history`, `${S}/complaints/${c.id}/subject`, `${S}/complaints?phone=${PHONE}`,
    `search?q=${PHONE}`, `search?q=${encodeURIComponent(NAME)}`, `${S}/progress`, `${S}/contacts`, `${S}/followups`]) {
    for (const who of [affairs, teacher]) {
      const a = await who.get(path);
      assert.ok(!leaks(a.text), `${path}: ${a.text}`);
      if (who === teacher) assert.ok(a.status >= 400 || !a.text.includes(c.id), `${path}: ${a.text}`);
    }
  }
  assert.equal((await affairs.get(`${S}/complaints/${c.id}`)).body.matter, '课堂上接打电话');
  assert.ok((await affairs.api('POST', `${S}/complaints/${c.id}/reveal`, { fields: ['phone'], purpose: '联系' })).status >= 400);
  assert.ok(!(await desk.get(`${S}/complaints/${c.id}`)).text.includes(PHONE), 'masked for customer service too');
  const sheet = await lead.ok('POST', `${S}/complaints/${c.id}/documents/complaint_sheet`, {});
  const { text } = await lead.get(`documents/${sheet.id}?format=html`);
  assert.match(text, /课堂上接打电话/);
  assert.ok(!leaks(text));
  await desk.ok('POST', `${S}/actions/urge`, { complaint: c.id, note: '家长再次来电' });
  await eventually(async () => {
    const inbox = await affairs.ok('GET', 'inbox?kind=task');
    assert.ok(inbox.items.some((i) => i.entity === `${S}.complaints_tasks`), 'urged: it is in the inbox');
    assert.ok(!leaks(JSON.stringify(inbox)));
  });
});

test('SVC-4, SVC-5: the complainant reads how far it is, says that it is not solved, and it is open again; then it is closed with a lesson', async () => {
  const c = await complaint();
  await act(lead, 'complaints', c.id, 'dispatch', { handler: affairs.id });
  const due = await one(desk, `progress?complaint=${c.id}`);
  await desk.ok('POST', `${S}/actions/tell`, { progress: due.id, way: 'message', told: '正在核实课堂录像' });
  await eventually(async () => {
    const s = await anyone.ok('GET', `/public/${S}/complaint_status/${c.code}`);
    assert.deepEqual([s.state, s.progress_text], ['handling', '正在核实课堂录像']);
  });
  assert.deepEqual((await desk.ok('GET', `${S}/complaints/${c.id}/messages`)).items.map((m) => m.name), ['complaint_progress']);
  await one(desk, `progress?complaint=${c.id}&state=due`);
  const reply = { outcome: 'upheld', result: '属实，已谈话', reply: '情况属实，已要求改正。' };
  await act(affairs, 'complaints', c.id, 'answer', reply);
  const early = await lead.post(`${S}/complaints/${c.id}/close`, { lesson: 'x' });
  assert.deepEqual([early.status, early.body.errors?.[0].code], [422, 'no_followup']);
  const rated = await anyone.api('POST', `/public/${S}/rate_complaint`, { complaint: c.code, score: 1, comment: '没有道歉' });
  assert.equal(rated.status, 201, rated.text);
  await eventually(async () => { const n = await lead.ok('GET', `${S}/complaints/${c.id}`); assert.deepEqual([n.state, n.reopened], ['handling', 1]); });
  assert.equal((await anyone.api('POST', `/public/${S}/rate_complaint`, { complaint: '0000000000000000', score: 5 })).status, 422, 'a code of nobody');
  await act(affairs, 'complaints', c.id, 'answer', { ...reply, reply: '已当面道歉。' });
  await anyone.api('POST', `/public/${S}/rate_complaint`, { complaint: c.code, score: 5 });
  await eventually(async () => assert.equal((await lead.ok('GET', `${S}/complaints/${c.id}`)).score, 5));
  assert.equal((await affairs.post(`${S}/complaints/${c.id}/close`, { lesson: 'x' })).status, 403);
  await act(lead, 'complaints', c.id, 'close', { lesson: '手机管理写入课堂规范' });
  assert.equal((await anyone.ok('GET', `/public/${S}/complaint_status/${c.code}`)).state, 'closed');
  await eventually(async () => assert.deepEqual(await items(desk, `progress?complaint=${c.id}&state=due`), []));
});

const families = [];
test('SVC-7, SVC-8: a visit is owed, what is found becomes help of somebody, and student and family have one story', async () => {
  for (let i = 0; i < 10; i++) {
    const a = applicant(700 + i), family = await affairs.ok('POST', 'basics/families', { name: `第${i}家` });
    const guardian = await affairs.ok('POST', 'basics/guardians', { family: family.id, name: '母亲', relation: 'mother', phone: `1430000${1000 + i}` });
    const student = await affairs.ok('POST', 'basics/students', { name: a.name, id_number: a.id_number, birth_date: a.birth_date, family: family.id });
    families.push({ family: family.id, guardian: guardian.id, student: student.id });
  }
  const f = families[0], profile = await desk.ok('POST', `${S}/profiles`, { family: f.family, keeper: classTeacher.id, attention: 'focus' });
  const visit = await one(classTeacher, `visits?profile=${profile.id}`);
  await act(classTeacher, 'visits', visit.id, 'finish', { way: 'home', visited_on: new Date().toISOString().slice(0, 10), study: '数学吃力', life: '走读',
    difficulties: [{ matter: '数学跟不上', category: 'study', urgency: 'normal', helper: teacher.id }] });
  const help = await one(teacher, 'helps');
  assert.equal(help.matter, '数学跟不上');
  assert.equal((await teacher.get(`${S}/visits/${visit.id}`)).status, 404, 'what was said at their home is not for the helper');
  await act(teacher, 'helps', help.id, 'solve', { measure: '辅导', result: '及格' });
  await act(classTeacher, 'helps', help.id, 'confirm');
  await desk.ok('POST', `${S}/enquiries`, { question: '助学金', topic: 'fees', asker: '母亲', student: f.student });
  const story = async (client, path) => (await client.ok('GET', `basics/${path}/subject`)).items.map((x) => x.entity);
  assert.ok((await story(desk, `students/${f.student}`)).includes('service.enquiries'));
  const home = await story(desk, `families/${f.family}`);
  for (const entity of ['service.profiles', 'service.visits', 'service.helps']) assert.ok(home.includes(entity), `${entity}: ${home}`);
  assert.equal((await items(desk, `enquiries?family=${f.family}`)).length, 1);
});

test('SVC-7: a campaign goes on after a restart, to each once, and not to who opted out by the code', async () => {
  const campaign = async (kind) => {
    const c = await desk.ok('POST', `${S}/campaigns`, { name: '开放日', kind, words: '欢迎参加开放日', channels: ['sms'] });
    await act(desk, 'campaigns', c.id, 'submit');
    assert.equal((await desk.post(`${S}/campaigns/${c.id}/approve`, {})).status, 403);
    await act(lead, 'campaigns', c.id, 'approve', { approval: { note: '同意' } });
    await eventually(async () => assert.equal((await desk.ok('GET', `${S}/campaigns/${c.id}`)).sent + (await desk.ok('GET', `${S}/campaigns/${c.id}`)).left_out, 5));
    await server.stop();                                        // a moved clock wakes nobody
    writeFileSync(clock, String(ahead += 300000));
    await server.serve();
    await eventually(async () => assert.equal((await desk.ok('GET', `${S}/campaigns/${c.id}`)).state, 'sent_out'), 40000);
    return desk.ok('GET', `${S}/campaigns/${c.id}`);
  };
  const first = await campaign('activity');
  assert.deepEqual([first.sent, first.left_out], [10, 0]);
  const log = await items(desk, `deliveries?campaign=${first.id}&limit=100`);
  assert.equal(new Set(log.map((d) => d.guardian)).size, 10);
  await act(desk, 'deliveries', log[0].id, 'opt_out');
  await eventually(async () => assert.equal((await desk.ok('GET', `${S}/deliveries/${log[0].id}`)).state, 'opted_out'));
  await new Promise((r) => setTimeout(r, 300));
  const second = await campaign('activity');
  assert.deepEqual([second.sent, second.left_out], [9, 1]);
  assert.equal((await campaign('news')).sent, 10, 'of that kind alone');
  assert.equal((await anyone.api('POST', `/public/${S}/opt_out`, { code: '0000000000000000' })).status, 404);
});

test('SVC-9: a department asks another for a hand; of eight who accept at once one has it, and is thanked', async () => {
  const r = await teacher.ok('POST', `${S}/requests`, { subject: '家长会接待', wanted_by: '2099-01-01' });
  const all = await Promise.all([desk, lead, desk, lead, desk, lead, desk, lead].map((who) => who.api('POST', `${S}/actions/accept`, { request: r.id })));
  assert.deepEqual(all.map((a) => a.status).sort(), [200, ...Array(7).fill(422)]);
  const helper = (await teacher.ok('GET', `${S}/requests/${r.id}`)).helper, who = helper === desk.id ? desk : lead;
  await act(who, 'requests', r.id, 'finish', { outcome: '接待 40 位家长' });
  await act(teacher, 'requests', r.id, 'thank', { thanks: '非常周到', rating: 5 });
  assert.equal((await manager.ok('GET', `${S}/requests/${r.id}`)).state, 'thanked');
});
