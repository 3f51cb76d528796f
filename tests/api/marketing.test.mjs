// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Marketing through the front door: money is held once and never twice, whoever asks at once; nothing is usable before the leader
// signs; what a campaign brought is told without telling who came (MKT-1 to MKT-5). Its rules have tests of their own.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, eventually, root } from '../lib/server.mjs';
import { Money, invoice, today } from '../lib/finance.mjs';

const M = 'marketing', OK = { approval: { note: '同意' } }, EN = { 'Accept-Language': 'en' };
let server, m, clock, lead, gao, jin, deputy, director, research, channel, event;
before(async () => {
  server = await Server.start({ bin: process.env.CAMPUSD_TEST || join(root, 'build/campusd-test') });
  await server.stop();
  clock = join(server.folder, 'clock');
  writeFileSync(clock, '0');
  server.env.CAMPUSD_CLOCK_FILE = clock;
  await server.serve();
  m = await Money.open(server, [['marketing', '广告', '10000'], ['marketing', '竞争', '1000'], ['staff', '培训', '500']]);
  [lead, gao, jin] = await Promise.all([['k.lead', 'marketing.lead'], ['k.gao', 'marketing'], ['k.jin', 'marketing']].map(([n, r]) => server.bearer(n, [r])));
  deputy = await server.bearer('k.deputy', ['deputy']);
  director = await server.bearer('k.director', ['admissions.lead']);
  await m.teacher('k.gao', 'staff', gao);
  channel = (await director.ok('POST', 'admissions/channels', { name: '公众号', type: 'online', officer: director.id })).id;
  event = await director.ok('POST', 'admissions/activities', { name: '开放日', type: 'open_day', season: '2027' });
  research = await accepted();
}, { timeout: 120000 });
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

async function accepted() {
  const school = (name) => ({ name, strengths: '新', weaknesses: '远', response: '讲位置', source: '官网' });
  const r = await gao.ok('POST', `${M}/researches`, { name: '春季调研', year: m.year, covers: ['market', 'competitors', 'needs'], question: '生源在哪里', method: '问卷', due_on: today(-20), sample: 60,
    competitors: [school('甲校'), school('乙校')], findings: '看重就业', advice: '开放日' });
  for (const step of ['begin', 'report']) await gao.ok('POST', `${M}/researches/${r.id}/${step}`, {});
  await deputy.ok('POST', `${M}/researches/${r.id}/accept`, { accepted_on: today() });
  return r.id;
}
// A plan with these lines: [name, line of the budget, yuan].
async function plan(lines) {
  const budget = lines.reduce((n, l) => n + Number(l[2]), 0).toFixed(2);
  const p = await lead.ok('POST', `${M}/plans`, { year: m.year, name: '年度推广计划', rests_on: '发展规划', research, goals: '线索增长', strategy: '先校内后校外', budget });
  for (const [name, line, amount] of lines) await lead.ok('POST', `${M}/plan_lines`, { plan: p.id, name, way: 'ads', goal: '线索', budget_line: m.lines[line], amount });
  return p.id;
}
const submit = (id) => lead.api('POST', `${M}/actions/submit`, { plan: id }, EN);
async function approved(lines) {
  const id = await plan(lines);
  assert.equal((await submit(id)).status, 200);
  await m.leader.ok('POST', `${M}/plans/${id}/approve`, OK);
  return eventually(async () => {
    const { items } = await lead.ok('GET', `${M}/plan_lines?plan=${id}`);
    assert.ok(items.every((l) => l.state === 'approved'));
    return Object.fromEntries(items.map((l) => [l.name, l.id]));
  });
}
const campaign = (line, budget, more = {}) => gao.ok('POST', `${M}/campaigns`, { name: '春季推广', way: 'ads', theme: '技能成就未来', starts_on: today(5), ends_on: today(-20), place: '公众号', content: '短片', form: 'online',
  line, budget, channel, ...more });
const start = (c) => lead.api('POST', `${M}/actions/start`, { campaign: c.id }, EN);
async function claim(amount) {
  const c = await m.claim(gao, '广告', [{ kind: 'service', day: today(), amount, ...invoice() }], { kind: 'publicity' });
  return c.id;
}
const charge = (c, id) => gao.api('POST', `${M}/actions/charge`, { campaign: c.id, claim: id, item: '投放费' }, EN);

test('MKT-2: of two plans at once that are more than the budget has, one gets it and the other holds nothing', async () => {
  const two = await Promise.all([plan([['甲', '竞争', '700'], ['小', '广告', '1']]), plan([['乙', '竞争', '700'], ['小', '广告', '1']])]);
  const answers = await Promise.all(two.map(submit));
  assert.deepEqual(answers.map((a) => a.status).sort(), [200, 422], answers.map((a) => a.text).join('\n'));
  const won = answers.findIndex((a) => a.status === 200);
  assert.equal((await m.line('竞争')).reserved, '700.00');
  assert.equal((await m.line('广告')).reserved, '1.00');
  const { items } = await lead.ok('GET', `${M}/plan_lines?plan=${two[1 - won]}`);
  assert.deepEqual(items.map((l) => l.state), ['draft', 'draft']);
  const early = await campaign((await lead.ok('GET', `${M}/plan_lines?plan=${two[won]}`)).items[0].id, '1.00'), no = await start(early);
  assert.equal(no.status, 422, no.text);
  assert.match(no.text, /the line of the plan is not approved yet/);
  assert.equal((await lead.api('POST', `${M}/plans/${two[won]}/approve`, OK)).status, 403, 'the leader signs');
  await m.leader.ok('POST', `${M}/plans/${two[won]}/send_back`, { approval: { note: '压缩' } });
  await eventually(async () => assert.equal((await m.line('竞争')).left, '1000.00'));
});

test('MKT-2, MKT-3: campaigns at once take what the line has, claims at once what the campaign has, and the budget counts each yuan once', async () => {
  const lines = await approved([['投放', '广告', '4000']]);
  const many = await Promise.all(Array.from({ length: 8 }, () => campaign(lines['投放'], '1000.00')));
  const begun = await Promise.all(many.map(start));
  assert.deepEqual(begun.map((a) => a.status).sort(), [200, 200, 200, 200, 422, 422, 422, 422], begun.map((a) => a.text).join('\n'));
  const c = many[begun.findIndex((a) => a.status === 200)], before = await m.line('广告');
  assert.deepEqual([before.committed, before.reserved], ['4000.00', '0.00']);
  const claims = [];
  for (let i = 0; i < 8; i++) claims.push(await claim('250.00'));
  const booked = await Promise.all(claims.map((id) => charge(c, id)));
  assert.deepEqual(booked.map((a) => a.status).sort(), [200, 200, 200, 200, 422, 422, 422, 422], booked.map((a) => a.text).join('\n'));
  const line = await m.line('广告');
  assert.deepEqual([line.committed, line.reserved, line.left], ['3000.00', '1000.00', before.left], 'a claim takes over what was held');
  const states = await Promise.all(claims.map(async (id) => (await gao.ok('GET', `finance/claims/${id}`)).state));
  assert.deepEqual(states.sort(), [...Array(4).fill('draft'), ...Array(4).fill('in_approval')], 'what was not booked is not handed in');
  const back = claims[booked.findIndex((a) => a.status === 200)];
  await m.head.ok('POST', `finance/claims/${back}/reject`, {});
  await eventually(async () => assert.deepEqual([(await m.line('广告')).committed, (await gao.ok('GET', `${M}/campaigns/${c.id}`)).left], ['3250.00', '250.00']));
  const doctor = JSON.parse(server.run(['--json', 'doctor']).stdout);
  assert.deepEqual(doctor.items.filter((i) => i.state !== 'ok' && i.check !== 'keys'), []);
});

test('MKT-3, MKT-5: from a form at the event to what a lead cost; who came stays with admissions', async () => {
  const lines = await approved([['开放日', '广告', '600']]);
  const c = await campaign(lines['开放日'], '600.00', { activity: event.id, way: 'offline', form: 'on_site' });
  assert.equal((await start(c)).status, 200);
  await director.ok('POST', `admissions/activities/${event.id}/prepare`, { starts_at: `${today()}T01:00:00Z`, place: '东校区', content: '咨询', form: 'on_site',
    roster: [{ person: director.id, duty: '咨询' }, { person: gao.id, duty: '登记' }] });
  for (let i = 0; i < 3; i++) {
    const sent = await server.anonymous.post('/public/admissions/lead', { name: `考生${i}`, phone: `1990000100${i}`, activity: event.capture_code });
    assert.equal(sent.status, 201, sent.text);
  }
  await eventually(async () => assert.equal((await gao.ok('GET', `${M}/attributions?campaign=${c.id}`)).items.length, 3));
  const id = await claim('300.00');
  assert.equal((await charge(c, id)).status, 200);
  const { result } = await gao.ok('POST', `${M}/actions/evaluate`, { campaign: c.id, traffic_is: 300 });
  const e = await gao.ok('GET', `${M}/evaluations/${result.evaluation}`);
  assert.deepEqual([e.kind, e.leads_is, e.spent, e.cost_per_lead, e.enrolled_is, e.cost_per_enrolment ?? null, e.leads, e.traffic], ['interim', 3, '300.00', '100.00', 0, null, 6, 50]);
  const rows = (await director.ok('GET', `${M}/reports/by_campaign`)).rows;
  assert.ok(rows.some((r) => r.campaign_name === '春季推广' && r.count === 3), JSON.stringify(rows));
  const seen = await gao.get('admissions/leads');
  assert.ok(!/19900001/.test(seen.text), 'marketing sees no number');
  assert.equal((await gao.get('admissions/applicants')).body.items?.length ?? 0, 0, 'nor an applicant');
  for (const who of [gao, m.finance, director]) assert.ok(!(await who.get(`${M}/plans`)).text.includes('先校内后校外'), 'the strategy');
  const [one] = (await m.leader.ok('GET', `${M}/plans`)).items;
  assert.equal((await m.leader.ok('GET', `${M}/plans/${one.id}`)).strategy, '先校内后校外');
  const teacher = await server.bearer('k.teacher', ['teacher']);
  for (const what of ['plans', 'campaigns', 'researches', 'attributions']) assert.ok(!((await teacher.get(`${M}/${what}`)).body?.items?.length > 0), what);
  const other = await lead.ok('POST', 'admin/policies/try', { plugin: M, yaml: 'policy: marketing\n' }).catch((x) => x.answer);
  assert.equal(other.status, 403, 'policies are the manager\'s');
});

test('MKT-3: a running campaign changes by a change alone, which says why and what was before', async () => {
  const lines = await approved([['短片', '广告', '500']]), c = await campaign(lines['短片'], '300.00');
  assert.equal((await start(c)).status, 200);
  assert.equal((await gao.api('PATCH', `${M}/campaigns/${c.id}`, { place: '电台' })).status, 403);
  assert.equal((await gao.api('POST', `${M}/changes`, { campaign: c.id, cause: 'feedback', place: '电台' })).status, 422, 'without a reason');
  const change = await gao.ok('POST', `${M}/changes`, { campaign: c.id, cause: 'feedback', reason: '听众多', place: '电台', budget: '500.00' });
  assert.equal((await gao.api('POST', `${M}/changes/${change.id}/agree`, {})).status, 403);
  await lead.ok('POST', `${M}/changes/${change.id}/agree`, {});
  const done = await eventually(async () => {
    const now = await gao.ok('GET', `${M}/changes/${change.id}`);
    assert.equal(now.state, 'done');
    return now;
  });
  assert.match(done.before, /公众号/);
  const now = await gao.ok('GET', `${M}/campaigns/${c.id}`);
  assert.deepEqual([now.place, now.granted], ['电台', '500.00']);
});

test('MKT-4: a brochure goes through four hands and the press, and its acceptance is printed', async () => {
  const file = async (who) => m.receipt(who, 'design.pdf', '%PDF-1.4\ndesign');
  const of = await gao.ok('POST', `${M}/materials`, { name: '宣传册', kind: 'brochure', used_for: '咨询会', review_on: today(-90) });
  const v = await gao.ok('POST', `${M}/versions`, { material: of.id, version: '1', file: await file(gao), expires_on: today(-200) }), at = `${M}/versions/${v.id}`;
  await gao.ok('POST', `${at}/submit`, {});
  const brand = { review_note: '可用', brand: ['name', 'logo', 'colour', 'tone'] };
  const self = await lead.api('POST', `${at}/publish`, { published_on: today() });
  assert.equal(self.status, 409, 'not before it is proofread');
  await deputy.ok('POST', `${at}/review`, brand);
  await jin.ok('POST', `${at}/proofread`, { proof_note: '无误', proofread_on: today() });
  assert.equal((await deputy.api('POST', `${at}/publish`, { published_on: today() })).status, 403, 'who reviewed does not publish');
  await lead.ok('POST', `${at}/publish`, { published_on: today() });
  await eventually(async () => assert.equal((await gao.ok('GET', `${M}/materials/${of.id}`)).version, '1'));
  const p = await gao.ok('POST', `${M}/prints`, { version: v.id, printer: '清河印务', quantity: 1000, due_on: today(-5) }), press = `${M}/prints/${p.id}`;
  assert.match(p.number, /^YS\d{4}-0001$/);
  await lead.ok('POST', `${press}/sign_proof`, { proof_note: '颜色以此为准', proof: await file(lead) });
  await gao.ok('POST', `${press}/deliver`, { received: 1000, delivered_on: today() });
  const poor = await jin.api('POST', `${press}/accept`, { sampled: 20, defects: 3, checked: ['text', 'colour', 'paper'], outcome: '?' }, EN);
  assert.deepEqual(poor.body.errors?.map((e) => [e.code, e.pointer, e.policy]), [['defects', '/defects', 'print.defects']], poor.text);
  await jin.ok('POST', `${press}/accept`, { sampled: 20, defects: 0, checked: ['text', 'colour', 'paper'], outcome: '合格' });
  const paper = await jin.ok('POST', `${press}/documents/acceptance`, {});
  assert.match((await jin.get(`documents/${paper.id}?format=html`)).text, /清河印务/);
});

test('MKT-1: people answer a survey without a name; each term owes research, which closes it', async () => {
  const r = await gao.ok('POST', `${M}/market_rounds`, { title: '家长问卷', about: research });
  await gao.ok('POST', `${M}/actions/market_issue`, { round: r.id, count: 5 });
  await gao.ok('POST', `${M}/market_rounds/${r.id}/open`, {});
  const codes = (await gao.get(`${M}/exports/market_codes?format=csv&round=${r.id}`)).text.match(/\b[0-9A-HJKMNP-TV-Z]{16}\b/g);
  assert.equal(codes.length, 5);
  for (const code of codes) {
    const sent = await server.anonymous.post('/public/marketing/market', { code, consent: true, heard: 'online', awareness: 4, reputation: 5, cares: ['jobs'] });
    assert.ok(sent.status < 300, sent.text);
  }
  assert.equal((await gao.ok('GET', `${M}/market_answers`)).items.length, 0, 'nothing is read while it is open');
  await gao.ok('POST', `${M}/market_rounds/${r.id}/close`, {});
  assert.equal((await gao.ok('GET', `${M}/market_answers?round=${r.id}`)).items.length, 5);
  writeFileSync(clock, String(400 * 864e5));                     // another term; tokens have ended
  await new Promise((done) => setTimeout(done, 200));
  server.keeper = undefined;
  const late = await server.bearer('k.late', ['marketing.lead']);
  const owed = await eventually(async () => {
    const { items } = await late.ok('GET', 'obligations?state=open');
    const one = items.find((o) => o.name === 'marketing.research');
    assert.ok(one, JSON.stringify(items));
    return one;
  });
  await late.ok('POST', `obligations/${owed.id}/close`, { record: research, note: '见报告' });
  assert.equal((await late.ok('GET', `obligations/${owed.id}`)).state, 'closed');
});
