// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Records through the front door: what a registrar does all day (ADM-4, ADM-5, ADM-8).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, eventually } from '../lib/server.mjs';
import { applicant, citizenId } from '../lib/applicant.mjs';
import { approvedPlan } from '../lib/season.mjs';

const base = 'admissions/applicants';
let server, lead, other, staff, auditor;
before(async () => {
  server = await Server.start({ sample: true });
  lead = await server.bearer('r.lead', ['admissions.lead']);
  other = await server.bearer('r.other', ['admissions.lead']);
  staff = await server.bearer('r.staff', ['admissions.staff'], { campus: '东校区' });
  auditor = await server.bearer('r.auditor', ['auditor']);
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

const make = (n, more) => lead.ok('POST', base, applicant(n, more));
const same = (a) => a.text.replace(/"request_id":"[^"]*"/, '');

test('a registration is stored, answered masked, and found again by what it says (ADM-4)', async () => {
  const a = await lead.api('POST', base, applicant(100));
  assert.equal(a.status, 201);
  assert.equal(a.headers.get('location'), `/api/v1/${base}/${a.body.id}`);
  assert.equal(a.headers.get('etag'), '"1"');
  assert.match(a.body.id_number, /^110101\*+\d{3}[\dX]$/);
  assert.equal(a.body.phone, '138****0100');
  assert.deepEqual(a.body._masked.filter((f) => f !== 'health_note'), ['id_number', 'phone', 'guardian_phone', 'tracking']);
  const read = await lead.ok('GET', `${base}/${a.body.id}`);
  assert.equal(read.name, '考生100');
  const found = await lead.ok('GET', `${base}?id_number=${citizenId(100)}`);
  assert.deepEqual(found.items.map((r) => r.id), [a.body.id]);
  assert.equal(found.items[0].phone, '****');
  const byTail = await lead.ok('GET', `${base}?phone[last4]=0100&name=${encodeURIComponent('考生100')}`);
  assert.equal(byTail.items.length, 1);
});

test('every wrong value of a form is told at once, in the language asked for (ADM-4)', async () => {
  const a = await lead.api('POST', base, { ...applicant(101), id_number: '110101200803150099', phone: '12', score: '751.0', colour: 1, education: 'phd' },
    { 'Accept-Language': 'zh-CN' });
  assert.equal(a.status, 422);
  assert.match(a.headers.get('content-type'), /application\/problem\+json/);
  assert.deepEqual(a.body.errors.map((e) => e.pointer).sort(), ['/colour', '/education', '/id_number', '/phone', '/score']);
  for (const e of a.body.errors) assert.match(e.detail, /[\u4e00-\u9fff]/);
  assert.equal((await lead.ok('GET', `${base}?name=${encodeURIComponent('考生101')}`)).items.length, 0);
});

test('one identity number is one applicant (ADM-4)', async () => {
  await make(102);
  const again = await lead.api('POST', base, { ...applicant(103), id_number: citizenId(102) });
  assert.equal(again.status, 409);
  assert.equal(again.body.errors[0].pointer, '/id_number');
  assert.ok(!again.text.includes(citizenId(102)));
});

test('a change needs the revision it was made on; a stale one is told so', async () => {
  const r = await make(104);
  const first = await lead.api('PATCH', `${base}/${r.id}`, { major: '烹饪' }, { 'If-Match': '"1"' });
  assert.equal(first.status, 200);
  assert.equal(first.headers.get('etag'), '"2"');
  const stale = await lead.api('PATCH', `${base}/${r.id}`, { major: '数控' }, { 'If-Match': '"1"' });
  assert.equal(stale.status, 412);
  assert.equal((await lead.ok('GET', `${base}/${r.id}`)).major, '烹饪');
  const history = await lead.ok('GET', `${base}/${r.id}/history`);
  assert.deepEqual(history.items.map((h) => h.verb), ['create', 'update']);
  assert.equal(history.items[1].before.major, '护理');
});

test('a masked value is never written back over the real one', async () => {
  const r = await make(105);
  const a = await lead.api('PATCH', `${base}/${r.id}`, { phone: r.phone });
  assert.equal(a.status, 422);
  assert.equal(a.body.code, 'masked_value');
  const seen = await lead.ok('GET', `${base}/${r.id}?reveal=phone&purpose=test`);
  assert.equal(seen.phone, '13800000105');
});

test('the same Idempotency-Key has one effect, another body with it is refused', async () => {
  const key = { 'Idempotency-Key': 'registration-106' };
  const all = await Promise.all([1, 2, 3].map(() => lead.api('POST', base, applicant(106), key)));
  assert.deepEqual(all.map((a) => a.status), [201, 201, 201]);
  assert.equal(new Set(all.map((a) => a.body.id)).size, 1);
  const mismatch = await lead.api('POST', base, applicant(107), key);
  assert.equal(mismatch.status, 422);
  assert.equal(mismatch.body.code, 'idempotency_mismatch');
});

test('seeing a field in the clear needs a purpose, a right, and stays on record', async () => {
  const r = await make(108);
  assert.equal((await lead.get(`${base}/${r.id}?reveal=phone`)).status, 422);
  const no = await staff.get(`${base}/${r.id}?reveal=id_number&purpose=x`);
  assert.equal(no.status, 403);
  await lead.ok('GET', `${base}/${r.id}?reveal=id_number,phone&purpose=check`);
  const looks = (await auditor.ok('GET', `admin/audit?action=reveal&subject=${r.id}&outcome=ok`)).items;
  assert.equal(looks.length, 1);              // durable before the answer left: no waiting
  assert.equal(looks[0].purpose, 'check');
  assert.equal(looks[0].fields, 'id_number,phone');
});

test('each write is on record once, with who, what and outcome, and a refused one as refused (SEC-8)', async () => {
  const r = await make(131);
  await other.ok('PATCH', `${base}/${r.id}`, { note: 'x' });
  await other.ok('POST', `${base}/${r.id}/review`, {});
  assert.equal((await staff.api('DELETE', `${base}/${r.id}`)).status, 403);
  await lead.ok('POST', `${base}/${r.id}/withdraw`, {});
  const rows = (await auditor.ok('GET', `admin/audit?object=admissions.applicants/${r.id}`)).items.reverse()
    .filter((x) => x.action !== 'send'); // the message that a step brings, in its own time
  assert.deepEqual(rows.map((x) => [x.action, x.outcome, x.actor]), [['create', 'ok', lead.id], ['update', 'ok', other.id],
    ['review', 'ok', other.id], ['delete', 'refused', staff.id], ['withdraw', 'ok', lead.id]]);
});

test('an officer sees the own campus only, and cannot tell absent from forbidden', async () => {
  const mine = await make(109), theirs = await make(110, { campus: '西校区' });
  assert.equal((await staff.get(`${base}/${mine.id}`)).status, 200);
  const forbidden = await staff.get(`${base}/${theirs.id}`);
  const absent = await staff.get(`${base}/01a20b74-0000-7000-8000-000000000000`);
  assert.equal(forbidden.status, 404);
  assert.equal(same(forbidden), same(absent));
  assert.equal((await staff.ok('GET', `${base}?id_number=${citizenId(110)}`)).items.length, 0);
  assert.equal((await staff.api('PATCH', `${base}/${mine.id}`, { campus: '西校区' })).status, 403);
  await eventually(async () => {
    const refused = (await auditor.ok('GET', `admin/audit?object=admissions.applicants/${theirs.id}&outcome=refused`)).items;
    assert.equal(refused.length, 1);
  });
});

test('reads that come in together each get their own record, and only what its reader may see', async () => {
  const here = [], there = [], before = [];
  for (let i = 0; i < 24; i++) (i % 3 ? here : there).push(await make(3000 + i, { campus: i % 3 ? '东校区' : '西校区' }));
  for (const r of [...here, ...there]) before.push((await lead.get(`${base}/${r.id}`)).body);
  const none = here[0].id.replace(/.{4}$/, '0000'), asked = [...here, ...there];
  for (let round = 0; round < 8; round++) {
    const [all, few, absent, looks] = await Promise.all([
      Promise.all(asked.map((r) => lead.get(`${base}/${r.id}`))),
      Promise.all(asked.map((r) => staff.get(`${base}/${r.id}`))),
      Promise.all([none, 'x'.repeat(300), '%E7%8E%8B'].map((id) => lead.get(`${base}/${id}`))),
      Promise.all(here.map((r) => lead.get(`${base}/${r.id}?reveal=phone&purpose=call`)))]);
    assert.deepEqual(all.map((a) => a.body), before);
    assert.deepEqual(few.map((a) => a.body.id ?? a.status), [...here.map((r) => r.id), ...there.map(() => 404)]);
    assert.deepEqual(absent.map((a) => a.status), [404, 404, 404]);
    assert.deepEqual(looks.map((a) => [a.body.id, a.body.phone]), here.map((r) => [r.id, applicant(Number(r.name.slice(2))).phone]));
  }
});

test('a list pages by cursor without a gap or a repeat, and counts on request (ADM-8)', async () => {
  const seen = [];
  let next = '', total;
  do {
    const page = await lead.ok('GET', `${base}?region=${encodeURIComponent('河北')}&sort=-score,name&limit=200&total=true${next && `&cursor=${next}`}`);
    seen.push(...page.items);
    ({ next, total } = page);
  } while (next);
  assert.equal(seen.length, total);
  assert.equal(new Set(seen.map((r) => r.id)).size, total);
  const scores = seen.map((r) => Number(r.score));
  assert.deepEqual(scores, [...scores].sort((a, b) => b - a));
  const forged = await lead.get(`${base}?region=${encodeURIComponent('河北')}&sort=name&cursor=AAAA`);
  assert.equal(forged.status, 422);
  assert.equal(forged.body.errors[0].pointer, '/cursor');
});

test('a sealed field that a list names stands open where a rule says so, on record', async () => {
  const officer = await server.bearer('r.leads', ['admissions.staff']);
  const made = await officer.ok('POST', 'admissions/leads', { name: '钱多多', phone: '13800001999', interest: '护理', region: '浙江', education: 'senior', campus: '东校区', season: '2027' });
  const named = (await officer.ok('GET', `admissions/leads?fields=name,phone&id[in]=${made.id}`)).items;
  assert.deepEqual(named.map((l) => l.phone), ['13800001999']);
  assert.deepEqual((await officer.ok('GET', `admissions/leads?id[in]=${made.id}`)).items.map((l) => l.phone), ['****'], 'not when nobody asked');
  const looks = (await auditor.ok('GET', 'admin/audit?action=look&object=admissions.leads&limit=5')).items;
  assert.ok(looks.some((x) => JSON.stringify(x).includes('phone')), 'and it is a look');
});

test('filters check their field, operator and value; a sealed field cannot be ordered by', async () => {
  for (const [query, pointer] of [['colour=red', /colour/], ['score[gte]=many', /score/], ['score[near]=3', /score/], ['sort=phone', /sort/],
    ['phone[gte]=1', /phone/], ['health_note=x', /health_note/], ['limit=501', /limit/], ['state=gone', /state/]]) {
    const a = await lead.get(`${base}?${query}`);
    assert.equal(a.status, 422, query);
    assert.match(a.body.errors[0].pointer, pointer, query);
  }
  const near = await lead.get(`${base}?regoin=x`);
  assert.match(near.body.errors[0].detail, /region/);
});

test('the rule decides with every reason, in words; who enters does not decide (ADM-5)', async () => {
  const good = await make(111), bad = await make(112, { score: '120.0' });
  const passed = await lead.ok('POST', `${base}/${good.id}/assess`, {});
  assert.equal(passed.state, 'reviewing');
  assert.equal(passed.decision.pass, true);
  const refused = await lead.api('POST', `${base}/${bad.id}/assess`, undefined, { 'Accept-Language': 'zh-CN' });
  assert.equal(refused.status, 422);
  assert.equal(refused.body.code, 'rule_refused');
  assert.match(refused.body.errors[0].detail, /成绩 120 分，低于/);
  assert.equal((await lead.ok('GET', `decisions/${refused.body.decision}`)).pass, false);
  assert.equal((await lead.ok('GET', `${base}/${bad.id}`)).state, 'registered');
  const own = await lead.api('POST', `${base}/${good.id}/qualify`);
  assert.equal(own.status, 403);
  assert.equal(own.body.errors[0].code, 'exclusive_duty');
  assert.equal((await other.ok('POST', `${base}/${good.id}/qualify`)).state, 'eligible');
  const [line] = await approvedPlan(server, [{ quota: 1 }]);
  assert.equal((await other.ok('POST', `${base}/${good.id}/admit`, { plan_line: line.id })).state, 'admitted');
  const wrong = await other.api('POST', `${base}/${good.id}/admit`);
  assert.equal(wrong.status, 409);
});

test('a transition takes changed fields with it, or none of them (ADM-5)', async () => {
  const r = await make(113, { score: '500.0' });
  const no = await lead.api('POST', `${base}/${r.id}/assess`, { score: '10.0' });
  assert.equal(no.status, 422);
  assert.equal((await lead.ok('GET', `${base}/${r.id}`)).score, '500.0');
  const yes = await lead.ok('POST', `${base}/${r.id}/assess`, { score: '600.5' });
  assert.equal(yes.score, '600.5');
});

test('many are assessed at once, those who fail stay with their reasons (ADM-5)', async () => {
  const ids = [];
  for (let i = 0; i < 70; i++) ids.push((await make(200 + i, { region: '青海', score: i % 7 ? '555.0' : '20.0' })).id);
  const job = await lead.ok('POST', `${base}/bulk/assess?region=${encodeURIComponent('青海')}`);
  const end = await eventually(async () => {
    const j = await lead.ok('GET', `jobs/${job.id}`);
    assert.equal(j.state, 'done');
    return j;
  }, 20000);
  assert.deepEqual([end.result.found, end.result.done, end.result.failed], [70, 60, 10]);
  assert.equal(end.result.report.length, 10);
  assert.equal(end.result.report[0].errors[0].code, 'score');
  const states = await lead.ok('GET', `${base}?region=${encodeURIComponent('青海')}&state=reviewing&total=true&limit=1`);
  assert.equal(states.total, 60);
});

test('a report counts what its reader may see; kept and scanned agree (ADM-8)', async () => {
  const kept = await lead.ok('GET', 'admissions/reports/by_region_state');
  const scan = await lead.ok('GET', 'admissions/reports/by_region_state_scan');
  const flat = (r) => r.rows.map((x) => `${x.region}|${x.state}|${x.count}`).sort();
  assert.deepEqual(flat(kept), flat(scan));
  const mine = await staff.ok('GET', 'admissions/reports/by_region_state');
  const sum = (r) => r.rows.reduce((t, x) => t + x.count, 0);
  const total = (await staff.ok('GET', `${base}?total=true&limit=1`)).total;
  assert.equal(sum(mine), total);
  assert.ok(sum(mine) < sum(kept));
  const csv = await lead.get('admissions/reports/by_region_state?format=csv');
  assert.match(csv.headers.get('content-type'), /text\/csv/);
  assert.equal(csv.text.trim().split('\r\n').length, kept.rows.length + 1);
});

test('an import tells each wrong row and keeps the others; a rehearsal keeps nothing (ADM-4)', async () => {
  const row = (n, more = {}) => Object.values({ ...{ name: `导入${n}`, id_number: citizenId(n, '20090101', '130102'), birth_date: '2009-01-01', education: '初中', phone: `137${String(n).padStart(8, '0')}`, score: '400.0' }, ...more }).join(',');
  const text = ['姓名,id_number,出生日期,education,phone,score', row(1), row(2, { phone: '1' }), row(3), row(3), row(4, { score: 'many' }), row(5)].join('\n');
  const run = async (query) => {
    const job = await lead.ok('POST', `${base}/import${query}`, text, { 'Content-Type': 'text/csv' });
    return eventually(async () => {
      const j = await lead.ok('GET', `jobs/${job.id}`);
      assert.ok(['done', 'failed'].includes(j.state));
      return j;
    }, 20000);
  };
  const dry = await run('?dry_run=true');
  assert.deepEqual([dry.result.rows, dry.result.created, dry.result.failed], [6, 3, 3]);
  const filter = `${base}?name[has]=${encodeURIComponent('导入')}&total=true`;
  assert.equal((await lead.ok('GET', filter)).total, 0);
  const real = await run('');
  assert.deepEqual([real.result.created, real.result.failed], [3, 3]);
  assert.deepEqual(real.result.report.map((r) => r.line).sort(), [3, 5, 6]);
  assert.equal((await lead.ok('GET', filter)).total, 3);
  const columns = await lead.api('POST', `${base}/import`, 'name,colour\nx,y\n', { 'Content-Type': 'text/csv' });
  const failed = await eventually(async () => {
    const j = await lead.ok('GET', `jobs/${columns.body.id}`);
    assert.equal(j.state, 'failed');
    return j;
  });
  assert.match(JSON.stringify(failed.result), /unknown_column/);
});

test('an export is masked and on record; with a purpose it is a look at each person', async () => {
  const csv = await lead.get(`${base}/export?region=${encodeURIComponent('青海')}&fields=name,phone`);
  assert.equal(csv.status, 200);
  const lines = csv.text.trim().split('\r\n');
  assert.equal(lines.length, 71);
  assert.ok(lines.slice(1).every((l) => l.endsWith('****')));
  const open = await lead.get(`${base}/export?region=${encodeURIComponent('青海')}&fields=name&reveal=phone&purpose=letters`);
  assert.match(open.text, /13800000200/);
  const looks = (await auditor.ok('GET', 'admin/audit?action=export&limit=500')).items;
  assert.ok(looks.length >= 70);
  assert.equal((await staff.get(`${base}/export`)).status, 403);
});

test('events tell of changes to those who may see the record, by id only', async () => {
  const abort = new AbortController();
  const stream = await fetch(`${server.url}/api/v1/events`, { headers: { Authorization: `Bearer ${staff.token}` }, signal: abort.signal });
  assert.match(stream.headers.get('content-type'), /text\/event-stream/);
  let text = '';
  (async () => { for await (const part of stream.body) text += Buffer.from(part).toString(); })().catch(() => {});
  const theirs = await make(301, { campus: '西校区' }), mine = await make(302);
  await eventually(async () => assert.match(text, new RegExp(mine.id)));
  assert.ok(!text.includes(theirs.id));
  assert.ok(!text.includes('考生302'));
  const event = JSON.parse(/data: (\{.*\})/.exec(text)[1]);
  assert.equal(event.specversion, '1.0');
  assert.equal(event.type, 'admissions.applicants.created');
  abort.abort();
  const last = /id: (\d+)/.exec(text)[1];
  const resumed = await fetch(`${server.url}/api/v1/events`, { headers: { Authorization: `Bearer ${lead.token}`, 'Last-Event-ID': String(last - 1) } });
  const part = await resumed.body.getReader().read();
  assert.match(Buffer.from(part.value).toString(), /retry|created/);
});

test('an archived record is gone from lists, reports and reads', async () => {
  const r = await make(120);
  assert.equal((await lead.api('DELETE', `${base}/${r.id}`, undefined, { 'If-Match': '"1"' })).status, 204);
  assert.equal((await lead.get(`${base}/${r.id}`)).status, 404);
  assert.equal((await lead.ok('GET', `${base}?id_number=${citizenId(120)}`)).items.length, 0);
});
