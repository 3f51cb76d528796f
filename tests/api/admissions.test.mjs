// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// One season of admissions from outside: the plan and its approval, leads, registration, review, seats, notices, the
// waiting list, arrival, figures (ADM-1 to ADM-8).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { approvedPlan, linesOf } from '../lib/season.mjs';
import { eventually, Server } from '../lib/server.mjs';

const A = 'admissions/applicants';
let server, lead, decider, officer, leader, line, serial = 500;

before(async () => {
  server = await Server.start();
  lead = await server.bearer('s.lead', ['admissions.lead']), decider = await server.bearer('s.decider', ['admissions.lead']);
  officer = await server.bearer('s.officer', ['admissions.staff'], { campus: '东校区' });
  leader = await server.bearer('s.leader', ['principal']);
  [line] = await approvedPlan(server, [{ quota: 200 }]);
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

// An applicant who has passed the review.
async function eligible(more = {}) {
  const made = await lead.ok('POST', A, applicant(serial++, more));
  await decider.ok('POST', `${A}/${made.id}/review`, {});
  return decider.ok('POST', `${A}/${made.id}/qualify`, {});
}
const admit = (id, plan_line = line.id) => decider.post(`${A}/${id}/admit`, { plan_line });
const state = async (id) => (await lead.ok('GET', `${A}/${id}`)).state;
async function admitted(more) {
  const a = await eligible(more);
  await decider.ok('POST', `${A}/${a.id}/admit`, { plan_line: line.id });
  return a;
}
const notice = { report_on: '2027-09-01', report_place: '东校区体育馆' };

test('ADM-1: a plan without its basis, or whose lines do not add up, is not submitted', async () => {
  const major = (await lead.ok('GET', 'basics/majors?limit=1')).items[0].id;
  const plan = await lead.ok('POST', 'admissions/plans', { season: '2028', name: '草案', headcount: 30,
    lines: [{ major, major_name: '护理', region: '河北', quota: 20 }] });
  const bare = await lead.post(`admissions/plans/${plan.id}/submit`, {});
  assert.equal(bare.status, 422);
  const basis = { rests_on_development: '规划', rests_on_demand: '需求', strategy: '策略' };
  const short = await lead.post(`admissions/plans/${plan.id}/submit`, basis);
  assert.deepEqual([short.status, short.body.errors[0].code], [422, 'headcount']);
});

test('ADM-1: a plan gives no seat before the school leader approves it, and a revision none before it is approved again', async () => {
  const major = (await lead.ok('GET', 'basics/majors?limit=1')).items[0].id;
  const lines = (quota) => [{ major, major_name: '护理', region: '山西', quota }];
  const plan = await lead.ok('POST', 'admissions/plans', { season: '2028', name: '二〇二八', rests_on_development: '规划',
    rests_on_demand: '需求', strategy: '策略', headcount: 1, lines: lines(1) });
  const path = `admissions/plans/${plan.id}`;
  await lead.ok('POST', `${path}/submit`, {});
  assert.equal((await lead.post(`${path}/approve`, {})).status, 403, 'nobody approves their own plan');
  assert.equal((await lead.api('PATCH', path, { headcount: 5 })).status, 409, 'nor changes it while it is being signed');
  assert.equal((await lead.ok('GET', `admissions/plan_lines?plan=${plan.id}`)).items.length, 0);
  await leader.ok('POST', `${path}/approve`, {});
  const [made] = await linesOf(lead, plan.id, 1);
  const one = await eligible(), two = await eligible();
  assert.equal((await admit(one.id, made.id)).status, 200);
  assert.equal((await lead.api('PATCH', `admissions/plan_lines/${made.id}`, { quota: 9 })).status, 403, 'no seat by hand');
  await lead.ok('POST', `${path}/revise`, { note: '增加名额' });
  await lead.ok('PATCH', path, { headcount: 2, lines: lines(2) });
  await lead.ok('POST', `${path}/submit`, {});
  const full = await admit(two.id, made.id);
  assert.deepEqual([full.status, full.body.errors[0].code], [409, 'pool_full'], 'the old plan is in force meanwhile');
  await leader.ok('POST', `${path}/approve`, {});
  await eventually(async () => assert.equal((await lead.ok('GET', `admissions/plan_lines/${made.id}`)).quota, 2), 15000);
  assert.equal((await admit(two.id, made.id)).status, 200);
});

test('ADM-2: a channel that pays per head, or a partner without an agreement, is not opened', async () => {
  const channel = await lead.ok('POST', 'admissions/channels', { name: '某中介', type: 'partner', officer: officer.id, pays: 'per_head' });
  const no = await lead.post(`admissions/channels/${channel.id}/activate`, {});
  assert.equal(no.status, 422);
  assert.deepEqual(no.body.errors.map((e) => e.code).sort(), ['agreement', 'agreement_over', 'per_head']);
  const yes = await lead.post(`admissions/channels/${channel.id}/activate`, { pays: 'fixed', cost: '3000.00', agreement_number: 'X-1',
    rights: '双方权利', duties: '双方义务', agreed_until: '2099-12-31' });
  assert.equal(yes.body.state, 'active', yes.text);
});

test('ADM-3: an event needs its staff; its form brings leads; a lead becomes an applicant without being typed again', async () => {
  const event = await officer.ok('POST', 'admissions/activities', { name: '邯郸咨询会', type: 'fair', season: '2027' });
  const plan = { starts_at: '2027-05-01T01:00:00Z', place: '体育馆', content: '咨询', form: 'on_site' };
  const few = await officer.post(`admissions/activities/${event.id}/prepare`, { ...plan, roster: [{ person: officer.id }] });
  assert.deepEqual([few.status, few.body.errors[0].code], [422, 'too_few_staff']);
  assert.equal((await officer.api('PATCH', `admissions/activities/${event.id}`, { staff: 2 })).status, 422, 'counted, not written');
  const form = { name: '来访者', phone: '14500000001', region: '河北', interest: '护理', activity: event.capture_code };
  assert.equal((await server.anonymous.post('/public/admissions/lead', form)).status, 422, 'not before it is ready');
  await officer.ok('POST', `admissions/activities/${event.id}/prepare`, { ...plan, roster: [{ person: officer.id }, { person: lead.id }] });
  const poster = await officer.ok('POST', `admissions/activities/${event.id}/documents/poster`, {});
  const drawn = await officer.get(`documents/${poster.id}?format=html`);
  assert.ok(drawn.text.includes('<svg class="qr"') && drawn.text.includes(event.capture_code), drawn.text.slice(0, 300));
  assert.deepEqual((await officer.ok('GET', `admissions/activities?staff[gte]=2&fields=staff`)).items.map((a) => a.staff), [2]);
  assert.equal((await server.anonymous.post('/public/admissions/lead', form)).status, 201);
  const [got] = (await lead.ok('GET', 'admissions/leads?phone=14500000001')).items;
  assert.deepEqual([got.activity, got.source, got.state], [event.id, 'form', 'new']);
  await lead.ok('POST', `admissions/leads/${got.id}/take`, { officer: officer.id });
  const call = await officer.ok('POST', 'admissions/contacts', { lead: got.id, asked: '学费', next_contact: '2027-06-01' });
  assert.equal(call.by_person, officer.id);
  await eventually(async () => assert.equal((await officer.ok('GET', `admissions/leads/${got.id}`)).state, 'contacted'), 15000);
  const { id_number, birth_date, education } = applicant(serial++);
  const { result } = await officer.ok('POST', 'admissions/actions/convert', { lead: got.id, id_number, birth_date, education, campus: '东校区' });
  const made = await lead.ok('GET', `${A}/${result.applicant}?reveal=phone&purpose=test`);
  assert.deepEqual([made.name, made.phone, made.major, made.activity, made.lead], ['来访者', '14500000001', '护理', event.id, got.id]);
  assert.equal((await lead.ok('GET', `admissions/leads/${got.id}`)).state, 'converted');
});

test('ADM-3: two leads of one phone are one, and the first officer keeps it', async () => {
  const other = await server.bearer('s.other', ['admissions.staff'], { campus: '东校区' });
  const first = await officer.ok('POST', 'admissions/leads', { name: '先来', phone: '14500000002', officer: officer.id });
  const second = await other.ok('POST', 'admissions/leads', { name: '后到', phone: '14500000002', officer: other.id });
  await eventually(async () => {
    const got = await lead.ok('GET', `admissions/leads/${second.id}`);
    assert.deepEqual([got.state, got.same_as], ['duplicate', first.id]);
  }, 15000);
  assert.equal((await lead.ok('GET', `admissions/leads/${first.id}`)).officer, officer.id);
});

test('ADM-4, ADM-7: the public registers once, and asks by its code how far it is', async () => {
  const nobody = server.anonymous, mine = applicant(serial++);
  const made = await nobody.post('/public/admissions/register', { ...mine, consent: true, guardian_consent: true });
  assert.equal(made.status, 201, made.text);
  assert.match(made.body.code, /^[0-9A-HJKMNP-TV-Z]{16}$/);
  const again = await nobody.post('/public/admissions/register', { ...mine, consent: true });
  assert.equal(again.status, 409, 'one identity number, one registration');
  const seen = await nobody.get(`/public/admissions/status/${made.body.code}`);
  assert.equal(seen.status, 200, seen.text);
  assert.deepEqual([seen.body.state, seen.body.state_title.zh, seen.body.major], ['registered', '已报名', mine.major]);
  assert.ok(!seen.text.includes(mine.id_number) && !seen.text.includes(mine.phone));
  assert.equal((await nobody.get('/public/admissions/status/0000000000000000')).status, 404);
  const [kept] = (await lead.ok('GET', `${A}?id_number=${mine.id_number}`)).items;
  assert.deepEqual([kept.source, kept.created_by, kept.tracking], ['form', 'public', '****']);
});

test('ADM-4: nothing is taken without the consent that the form asks for, and a key answers once for one content', async () => {
  const nobody = server.anonymous, a = { ...applicant(serial++), consent: true }, key = { 'Idempotency-Key': 'k-1' };
  const bare = await nobody.post('/public/admissions/register', { ...a, consent: undefined });
  assert.deepEqual([bare.status, bare.body.errors.map((e) => [e.pointer, e.code])], [422, [['/consent', 'consent']]]);
  const first = await nobody.post('/public/admissions/register', a, key), again = await nobody.post('/public/admissions/register', a, key);
  assert.deepEqual([first.status, again.status, again.body, again.headers.get('idempotent-replayed')], [201, 201, first.body, 'true']);
  assert.equal((await nobody.post('/public/admissions/register', { ...a, region: '山东' }, key)).body.code, 'idempotency_mismatch');
  assert.equal((await nobody.get(`/public/admissions/status/${again.body.code}`)).body.name, a.name);
  const [kept, ...more] = (await lead.ok('GET', `${A}?id_number=${a.id_number}`)).items;
  assert.deepEqual([kept.name, more.length], [a.name, 0]);
  const other = await nobody.post('/public/admissions/register', { ...applicant(serial++), consent: true }, { 'Idempotency-Key': 'k-2' });
  assert.notEqual(other.body.code, first.body.code);
  const about = (await nobody.get('/public/admissions/status')).body, open = (await nobody.get(`/public/admissions/status/${first.body.code}`)).body;
  assert.deepEqual([about.kind, about.school, about.others.map((o) => [o.name, o.kind])],
    ['shows', '清河职业学校', [['register', 'record'], ['materials', 'files'], ['confirm', 'step'], ['decline', 'step']]]);
  assert.deepEqual([open.open, open.next.zh.length > 0], [['materials'], true]);
});

test('the public reaches nothing but what its forms ask for', async () => {
  const nobody = server.anonymous, mine = applicant(serial++);
  for (const more of [{ state: 'admitted' }, { plan_line: line.id }, { source: 'staff' }, { officer: officer.id }]) {
    const a = await nobody.post('/public/admissions/register', { ...mine, consent: true, ...more });
    assert.deepEqual([a.status, a.body.errors[0].code], [422, 'unknown_field']);
  }
  assert.equal((await nobody.get(`/${'api/v1/'}${A}`)).status, 401);
  for (const path of ['nothing', 'register/x/y', 'materials/x/y/z', 'status/', 'status/a/b'])
    assert.equal((await nobody.get(`/public/admissions/${path}`)).status, 404, path);
  assert.equal((await nobody.get('/public/basics/register')).status, 404);
  assert.equal((await nobody.api('DELETE', '/public/admissions/register')).status, 405);
  const form = await nobody.get('/public/admissions/register');
  assert.ok(form.body.fields.some((f) => f.name === 'id_number' && f.required));
  // signed in or not, a form acts as the public
  const event = await lead.post('/public/admissions/register', { ...mine, consent: true });
  const [kept] = (await lead.ok('GET', `${A}?id_number=${mine.id_number}`)).items;
  assert.deepEqual([event.status, kept.created_by], [201, 'public']);
});

const PDF = '%PDF-1.4\n%%EOF\n', HTML = '<html><script>alert(1)</script></html>';
// Sends a document for a code, as a browser does: its bytes, and nothing around them.
let handed = 0;
const hand = (code, field, bytes = PDF, { type = 'application/pdf', name = '身份证.pdf', cookie } = {}) => (handed++, server.anonymous.api('POST',
  `/public/admissions/materials/${code}/${field}?name=${encodeURIComponent(name)}`, bytes,
  { 'Content-Type': type, ...(cookie && { Cookie: cookie }) }));

test('ADM-4: the public sends its documents by the code; who reviews sees them, nobody else', async () => {
  const nobody = server.anonymous, mine = applicant(serial++);
  const { code } = (await nobody.post('/public/admissions/register', { ...mine, consent: true })).body;
  const form = await nobody.get('/public/admissions/materials');
  assert.deepEqual(form.body.fields.map((f) => f.name), ['id_card_scan', 'diploma_scan', 'transcript_scan', 'health_form_scan', 'photo_scan']);
  assert.ok(form.body.fields.every((f) => f.type === 'file' && f.max_bytes === 10000000 && f.types.includes('pdf')));
  const sent = await hand(code, 'id_card_scan');
  assert.deepEqual([sent.status, sent.body], [201, { field: 'id_card_scan', name: '身份证.pdf', type: 'application/pdf', size: PDF.length }]);
  const seen = await nobody.get(`/public/admissions/materials/${code}`);
  assert.deepEqual([seen.body.id_card_scan, seen.body.diploma_scan], [true, false]);
  // on the record, sealed: read for a purpose by who may, on record
  const [kept] = (await lead.ok('GET', `${A}?id_number=${mine.id_number}`)).items;
  const { id_card_scan: file } = await lead.ok('GET', `${A}/${kept.id}?reveal=id_card_scan&purpose=review`);
  const got = await lead.get(`files/${file}?purpose=review`);
  assert.deepEqual([got.status, got.text], [200, PDF]);
  assert.equal((await nobody.get(`/api/v1/files/${file}?purpose=x`)).status, 401);
  // counted as handed in by the rule, and once the case is decided nothing more is taken
  await decider.ok('POST', `${A}/${kept.id}/review`, {});
  await decider.ok('POST', `${A}/${kept.id}/qualify`, {});
  assert.equal((await hand(code, 'id_card_scan')).status, 403);
});

test('ADM-4: what is no document, too large, for another field or without a code is not taken, and leaves nothing', async () => {
  const { code } = (await server.anonymous.post('/public/admissions/register', { ...applicant(serial++), consent: true })).body;
  for (const [want, answer] of [
    [415, await hand(code, 'id_card_scan', HTML)],                                    // declared a PDF, is none
    [415, await hand(code, 'id_card_scan', HTML, { type: 'text/html' })],
    [422, await hand(code, 'id_card_scan', 'a,b\n1,2\n', { type: 'text/csv' })],       // a file, but not of these types
    [422, await hand(code, 'id_card_scan', '')],
    [422, await hand(code, 'id_card_scan', PDF, { name: 'x'.repeat(300) })],
    [422, await hand(code, 'id_card_scan', PDF.padEnd(10000001))],                    // the field's own limit
    [413, await hand(code, 'id_card_scan', PDF.padEnd(10485761))],                    // LIMIT_PUBLIC_FILE_BYTES
    [404, await hand(code, 'name')], [404, await hand(code, 'plan_line')],
    [404, await hand('0000000000000000', 'id_card_scan')],
  ]) assert.equal(answer.status, want, answer.text);
  assert.deepEqual(Object.values((await server.anonymous.get(`/public/admissions/materials/${code}`)).body), Array(5).fill(false));
  assert.equal((await hand(code, 'id_card_scan', PDF.padEnd(10000000))).status, 201, 'the largest');
});

test('ADM-4: one record takes so many files from the public, one device sends so many in an hour', async () => {
  const cookie = `campusd_device=${'a1'.repeat(16)}`;
  for (let record = 0, n = 0; record < 2; record++) {
    const { code } = (await server.anonymous.post('/public/admissions/register', { ...applicant(serial++), consent: true })).body;
    for (let i = 0; i < 30; i++, n++) assert.equal((await hand(code, 'photo_scan', PDF, { cookie })).status, 201);
    const more = await hand(code, 'photo_scan', PDF, { cookie: n < 60 ? undefined : cookie });
    assert.deepEqual([more.status, more.body.code], n < 60 ? [409, 'conflict'] : [429, 'too_many_requests'], more.text);
    if (n < 60) assert.equal(more.body.errors[0].code, 'too_many_files');
    else handed--; // a refused one does not count
  }
});

test('one device sends so many forms in an hour and no more', async () => {
  const first = await server.anonymous.get('/public/admissions/lead');
  const cookie = first.headers.get('set-cookie').split(';')[0];
  const send = () => server.anonymous.post('/public/admissions/lead', { name: '反复', phone: '14500000003' }, { Cookie: cookie });
  for (let i = 0; i < 20; i++) assert.equal((await send()).status, 201);
  const over = await send();
  assert.equal(over.status, 429);
  assert.ok(Number(over.headers.get('retry-after')) > 60);
  assert.equal((await server.anonymous.post('/public/admissions/lead', { name: '别人', phone: '14500000004' })).status, 201);
});

test('ADM-5: a refusal takes a second reviewer', async () => {
  const a = await lead.ok('POST', A, applicant(serial++));
  assert.equal((await decider.post(`${A}/${a.id}/refuse`, { note: '不符' })).status, 409, 'not in one step');
  await decider.ok('POST', `${A}/${a.id}/propose_refusal`, { note: '不符' });
  const own = await decider.post(`${A}/${a.id}/refuse`, {});
  assert.deepEqual([own.status, own.body.errors[0].code], [403, 'exclusive_duty']);
  assert.equal((await leader.ok('POST', `${A}/${a.id}/refuse`, { note: '复核同意' })).state, 'refused');
});

test('ADM-5: an exception is signed by the director and the school leader, and not by who asked', async () => {
  const a = await lead.ok('POST', A, applicant(serial++, { score: '100.0' }));
  await officer.ok('POST', `${A}/${a.id}/review`, {});
  assert.equal((await decider.post(`${A}/${a.id}/qualify`, {})).status, 422);
  await officer.ok('POST', `${A}/${a.id}/ask_exception`, { note: '省级竞赛一等奖' });
  assert.equal((await leader.post(`${A}/${a.id}/except`, {})).status, 403, 'the director first');
  assert.equal((await decider.ok('POST', `${A}/${a.id}/except`, {})).state, 'excepting');
  assert.equal((await leader.ok('POST', `${A}/${a.id}/except`, {})).state, 'eligible');
});

test('ADM-6: a notice without a passed review and a held seat is impossible', async () => {
  const a = await lead.ok('POST', A, applicant(serial++));
  const send = () => decider.post(`${A}/${a.id}/send_notice`, notice);
  assert.equal((await send()).status, 409, 'registered');
  await decider.ok('POST', `${A}/${a.id}/review`, {});
  assert.equal((await send()).status, 409, 'under review');
  await decider.ok('POST', `${A}/${a.id}/qualify`, {});
  assert.equal((await send()).status, 409, 'eligible, without a seat');
  assert.equal((await decider.post(`${A}/${a.id}/admit`, {})).status, 422, 'no line, no seat');
  await decider.ok('POST', `${A}/${a.id}/admit`, { plan_line: line.id });
  assert.equal((await lead.ok('GET', `${A}/${a.id}/reservations`)).items.length, 1);
  assert.equal((await send()).body.state, 'notified');
});

test('ADM-6: a notice is numbered, void when it is corrected, and goes to nobody without a seat', async () => {
  const a = await eligible();
  const send = (more) => decider.post(`admissions/actions/${more ? 'correct' : 'send'}_notice`, { applicant: a.id, ...notice, purpose: '发放通知书', ...more });
  const early = await send(), drawn = await decider.post(`${A}/${a.id}/documents/notice`, { purpose: '发放通知书' });
  assert.deepEqual([early.status, drawn.status].map((n) => n >= 400 && n < 500), [true, true], `${early.text} ${drawn.text}`);
  assert.equal((await decider.ok('GET', `${A}/${a.id}/documents`)).items.length, 0);
  await decider.ok('POST', `${A}/${a.id}/admit`, { plan_line: line.id });
  const first = await send();
  assert.equal(first.status, 200, first.text);
  assert.match(first.body.result.number, /^20\d\d招字第\d{5}号$/);
  const second = await send({ replaces: first.body.result.document, report_place: '西校区体育馆' });
  assert.equal(second.status, 200, second.text);
  assert.notEqual(second.body.result.number, first.body.result.number);
  const kept = (await decider.ok('GET', `${A}/${a.id}/documents`)).items;
  assert.deepEqual(kept.map((d) => !!(d.void ?? d.voided_at ?? (d.state && d.state !== 'issued' && d.state !== 'valid'))).sort(), [false, true], JSON.stringify(kept));
  const pdf = await decider.get(`documents/${second.body.result.document}?format=pdf&purpose=${encodeURIComponent('打印')}`);
  assert.equal(pdf.status, 200, pdf.text.slice(0, 200));
  assert.ok(pdf.text.startsWith('%PDF-'));
});

test('ADM-1, ADM-6: sixteen at once for seven seats: seven are admitted', async () => {
  const [few] = await approvedPlan(server, [{ quota: 7, region: '青海' }]);
  const all = await Promise.all(Array.from({ length: 16 }, () => eligible()));
  const answers = await Promise.all(all.map((a) => admit(a.id, few.id)));
  assert.deepEqual(answers.map((a) => a.status).sort(), [...Array(7).fill(200), ...Array(9).fill(409)]);
  const { pool } = await lead.ok('GET', `admissions/plan_lines/${few.id}/reservations`);
  assert.deepEqual([pool.quota.limit, pool.quota.reserved, pool.quota.left], [7, 7, 0]);
});

test('ADM-6: when a place is declined the best of the waiting list gets it by itself', async () => {
  const [one] = await approvedPlan(server, [{ quota: 1, region: '西藏' }]);
  const [first, low, high] = [await eligible({ score: '500.0' }), await eligible({ score: '510.0' }), await eligible({ score: '620.0' })];
  const offer = async (a) => (await decider.ok('POST', 'admissions/actions/offer', { applicant: a.id, plan_line: one.id })).result.state;
  assert.deepEqual([await offer(first), await offer(low), await offer(high)], ['admitted', 'waiting', 'waiting']);
  await decider.ok('POST', `${A}/${first.id}/decline`, {});
  await eventually(async () => assert.equal(await state(high.id), 'admitted'), 15000);
  assert.equal(await state(low.id), 'waiting');
  const past = (await lead.ok('GET', `${A}/${high.id}/history`)).items;
  assert.ok(past.some((h) => h.verb === 'admit' && h.actor === 'plugin:admissions'));
});

test('ADM-6: confirmed by code, arrived with originals, and on the register once', async () => {
  const a = await admitted();
  const code = (await lead.ok('GET', `${A}/${a.id}?reveal=tracking&purpose=test`)).tracking;
  const confirm = () => server.anonymous.post('/public/admissions/confirm', { code });
  assert.equal((await confirm()).status, 409, 'not before the notice');
  await officer.ok('POST', `${A}/${a.id}/send_notice`, notice);
  assert.equal((await server.anonymous.get(`/public/admissions/status/${code}`)).body.report_place, notice.report_place);
  const done = await confirm();
  assert.deepEqual([done.status, done.body], [200, { state: 'confirmed' }]);
  const plan = await server.bearer('s.teaching', ['teaching.lead']);
  const year = await plan.ok('POST', 'basics/school_years', { name: '2027-2028', starts_on: '2027-09-01', ends_on: '2028-07-10' });
  const group = await plan.ok('POST', 'basics/classes', { name: '护理2701', major: line.major, school_year: year.id });
  const copy = await officer.post(`${A}/${a.id}/arrive`, { class: group.id });
  assert.deepEqual([copy.status, copy.body.errors[0].code], [422, 'originals']);
  assert.equal((await officer.ok('POST', `${A}/${a.id}/arrive`, { class: group.id, originals_checked: true })).state, 'arrived');
  const keeper = await server.bearer('s.keeper', ['student_affairs']);
  await eventually(async () => {
    const { items } = await keeper.ok('GET', `basics/students?came_from=admissions.applicants/${a.id}`);
    assert.deepEqual(items.map((s) => [s.name, s.class, s.major, s.state]), [[a.name, group.id, line.major, 'active']]);
  }, 15000);
});

test('ADM-6: at the desk the notice is scanned: who holds one in force arrives by it, with one that was replaced nobody', async () => {
  const a = await admitted();
  const send = (more) => decider.ok('POST', `admissions/actions/${more ? 'correct' : 'send'}_notice`, { applicant: a.id, ...notice, purpose: '发放通知书', ...more });
  const first = (await send()).result, second = (await send({ replaces: first.document })).result;
  const by = (text) => `documents/${encodeURIComponent(text)}`;
  // what its QR code says leads to the desk, under the address of the school
  const html = await decider.get(`${by(second.number)}?format=html&purpose=print`);
  assert.match(html.text, /<svg class="qr"/);
  const row = await officer.ok('GET', `${by(second.number)}?format=json`);
  assert.deepEqual([row.id, row.record, row.state], [second.document, a.id, 'issued']);
  assert.equal((await server.anonymous.get(`/api/v1/${by(second.number)}?format=json`)).status, 401);
  const stranger = await server.bearer('s.far', ['admissions.staff'], { campus: '西校区' });
  assert.equal((await stranger.get(`${by(second.number)}?format=json`)).status, 404);
  assert.equal((await stranger.post(`${by(second.number)}/do/arrive`, {})).status, 404);
  await decider.ok('POST', `${A}/${a.id}/confirm`, {});
  const class_ = (await lead.ok('GET', 'basics/classes?limit=1')).items[0].id;
  const here = { class: class_, originals_checked: true };
  const old = await officer.post(`${by(first.number)}/do/arrive`, here);
  assert.deepEqual([old.status, old.body.errors[0].code], [409, 'document_not_issued']);
  assert.equal((await officer.post(`${by(second.number)}/do/arrive`, { class: class_ })).status, 422, 'the rule holds here too');
  assert.equal((await officer.post(`${by(second.number)}/do/fly`, {})).status, 404);
  assert.equal((await officer.post(`${by('2027招字第99999号')}/do/arrive`, here)).status, 404);
  const done = server.run(['scan', `http://any.host/desk/#/d/${second.document}`, 'arrive', `class=${class_}`, 'originals_checked=true']);
  assert.equal(done.status, 0, done.stderr);
  assert.equal(await state(a.id), 'arrived');
});

test('ADM-3, ADM-6: lead, talks, applicant and student are one person: found together, audited together, erased together', async () => {
  const { id_number, birth_date, education, score } = applicant(serial++);
  const one = await officer.ok('POST', 'admissions/leads', { name: '一人', phone: '14500000099', officer: officer.id });
  const talk = await officer.ok('POST', 'admissions/contacts', { lead: one.id, asked: '学费多少' });
  await eventually(async () => assert.equal((await officer.ok('GET', `admissions/leads/${one.id}`)).state, 'contacted'), 15000);
  const { result } = await officer.ok('POST', 'admissions/actions/convert', { lead: one.id, id_number, birth_date, education, score, campus: '东校区' });
  const id = result.applicant, later = await officer.ok('POST', 'admissions/contacts', { applicant: id, asked: '宿舍' });
  for (const [verb, body] of [['review', {}], ['qualify', {}], ['admit', { plan_line: line.id }], ['send_notice', notice], ['confirm', {}]])
    await decider.ok('POST', `${A}/${id}/${verb}`, body);
  const class_ = (await lead.ok('GET', 'basics/classes?limit=1')).items[0].id;
  await officer.ok('POST', `${A}/${id}/arrive`, { class: class_, originals_checked: true });
  const keeper = await server.bearer('s.keeper2', ['student_affairs', 'admissions.lead']);
  const student = await eventually(async () => {
    const [got] = (await keeper.ok('GET', `basics/students?came_from=admissions.applicants/${id}`)).items;
    assert.ok(got);
    return got;
  }, 15000);
  const all = { 'admissions.leads': [one.id], 'admissions.contacts': [talk.id, later.id], 'admissions.applicants': [id], 'basics.students': [student.id] };
  for (const [entity, ids] of Object.entries(all)) for (const each of ids) {
    const story = await keeper.ok('GET', `${entity.replace('.', '/')}/${each}/subject`), found = {};
    for (const { entity: e, record } of story.items) (found[e] ??= []).push(record.id);
    assert.deepEqual([story.subject, found], [one.id, all], entity);
  }
  // only as far as one may read: whom one does not see is not there
  const seen = await officer.ok('GET', `admissions/leads/${one.id}/subject`);
  assert.ok(!seen.items.some((i) => i.entity === 'basics.students'));
  assert.equal((await server.anonymous.get(`/api/v1/admissions/leads/${one.id}/subject`)).status, 401);
  const rows = JSON.parse(server.run(['audit', 'search', '--subject', student.id, '--limit', '500', '--json']).stdout).items;
  for (const [entity, ids] of Object.entries(all)) for (const each of ids)
    assert.ok(rows.some((r) => r.object === `${entity}/${each}`), `${entity} in the log of the person`);
  const gone = server.run(['key', 'erase', id, '--yes', '--because', 'asked for it', '--json']);
  assert.equal(gone.status, 0, gone.stderr);
  assert.deepEqual([JSON.parse(gone.stdout).subject, JSON.parse(gone.stdout).records], [one.id, 5]);
  assert.equal((await lead.ok('GET', `admissions/leads/${one.id}`)).name, null);
  assert.equal((await lead.ok('GET', `${A}/${id}`)).name, null);
  assert.equal((await lead.ok('GET', `admissions/contacts/${later.id}`)).asked, null);
  assert.deepEqual([(await keeper.ok('GET', `basics/students/${student.id}`)).name, (await keeper.ok('GET', `basics/students/${student.id}`)).phone], [null, null]);
  assert.equal(server.run(['audit', 'verify']).status, 0);
});

test('ADM-6: who does not arrive gives the seat back', async () => {
  const [one] = await approvedPlan(server, [{ quota: 1, region: '海南' }]);
  const a = await eligible();
  await decider.ok('POST', `${A}/${a.id}/admit`, { plan_line: one.id });
  await decider.ok('POST', `${A}/${a.id}/send_notice`, notice);
  await decider.ok('POST', `${A}/${a.id}/confirm`, {});
  await decider.ok('POST', `${A}/${a.id}/not_arrived`, { note: '未报到' });
  assert.equal((await lead.ok('GET', `admissions/plan_lines/${one.id}/reservations`)).pool.quota.left, 1);
});

test('ADM-8: the official list is compared with ours, row by row', async () => {
  const mine = applicant(serial++), stranger = applicant(serial++);
  const a = await lead.ok('POST', A, mine);
  await decider.ok('POST', `${A}/${a.id}/review`, {});
  await decider.ok('POST', `${A}/${a.id}/qualify`, {});
  await decider.ok('POST', `${A}/${a.id}/admit`, { plan_line: line.id });
  const row = (p, major_name = '护理') => lead.ok('POST', 'admissions/official_rows', { season: '2027', name: p.name, id_number: p.id_number, major_name });
  const good = await row(mine), odd = await row(stranger);
  await eventually(async () => {
    assert.equal((await lead.ok('GET', `admissions/official_rows/${good.id}`)).state, 'matched');
    const other = await lead.ok('GET', `admissions/official_rows/${odd.id}`);
    assert.deepEqual([other.state, other.found], ['differs', 'not_registered']);
    assert.equal((await lead.ok('GET', `${A}/${a.id}`)).on_official_list, true);
  }, 15000);
});

test('ADM-3: a brochure without a filing number is not published', async () => {
  const file = await lead.api('POST', 'files?name=j.pdf', '%PDF-1.4\n%%EOF\n', { 'Content-Type': 'application/pdf' });
  const b = await lead.ok('POST', 'admissions/brochures', { name: '招生简章', season: '2027', content: file.body.id });
  await decider.ok('POST', `admissions/brochures/${b.id}/review`, {});
  const no = await lead.post(`admissions/brochures/${b.id}/publish`, {});
  assert.deepEqual([no.status, no.body.errors[0].code], [422, 'not_filed']);
  assert.equal((await lead.ok('POST', `admissions/brochures/${b.id}/publish`, { filing_number: '冀教备〔2027〕1号', filed_until: '2099-12-31' })).state, 'published');
});

test('ADM-8: figures by plan line, region, channel, officer, funnel and week', async () => {
  const rows = async (name) => (await lead.ok('GET', `admissions/reports/${name}`)).rows;
  const mine = (await rows('by_plan_line')).find((r) => r.plan_line_region === '西藏');
  assert.deepEqual([mine.admitted, mine.waiting, mine.target], [1, 1, 1]);
  for (const name of ['by_region', 'by_channel', 'leads_by_channel', 'by_officer', 'leads_by_officer', 'funnel', 'season_curve', 'cost_by_channel', 'official_list'])
    assert.ok((await rows(name)).length, name);
});

test('ADM-8: the student register has who arrived, in the clear, for who may make it', async () => {
  const file = await lead.get('admissions/exports/student_register?format=csv');
  assert.equal(file.status, 200, file.text);
  assert.match(file.text, /[0-9]{17}[0-9X]/);
  assert.match(file.text, /学籍注册报送/);
  assert.equal((await officer.get('admissions/exports/student_register?format=csv')).status, 403);
});

// The last one: afterwards this address is asked to wait.
test('one address sends so many files and asks so often in an hour, and no more', async () => {
  while (handed < 300) assert.equal((await hand('0000000000000000', 'photo_scan')).status, 404);
  assert.equal((await hand('0000000000000000', 'photo_scan')).status, 429);
  const codes = new Map();
  for (let i = 0; i < 75; i++) {
    const some = await Promise.all(Array.from({ length: 16 }, () => server.anonymous.get('/public/admissions/status/0000000000000000')));
    for (const a of some) codes.set(a.status, (codes.get(a.status) ?? 0) + 1);
  }
  const over = await server.anonymous.get('/public/admissions/status/0000000000000000');
  assert.equal(over.status, 429);
  assert.ok(codes.get(404) > 700 && codes.get(404) < 900, 'those before counted too');
  assert.equal(codes.size, 2);
  assert.equal((await lead.get('session')).status, 200, 'who is signed in goes on');
});
