// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Performance through the front door: from the first rating to the bonus that is paid, what nobody is told on the way, and
// what two at once must not do (PERF-1 to PERF-6). Its rules have tests of their own.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, eventually, root } from '../lib/server.mjs';
import { tables } from '../lib/tables.mjs';
import { Money } from '../lib/finance.mjs';

const P = 'performance', SCHEMES = `policy: performance
schemes:
  officer:
    indicators: { results: 50, service: 30, teamwork: 20 }
    measured: [results]
    sources: { superior: 50, peer: 20, self: 10, audience: 20 }
    forms: { peer: [teamwork], audience: [service] }
    bonus: 3000
  clerk: { indicators: { work: 100 }, sources: { superior: 100 }, bonus: 2000 }
`;
let server, hr, head, manager, leader, finance, anna, peers, m;
const day = (n) => new Date(Date.now() + 8 * 3600e3 + n * 864e5).toISOString().slice(0, 10);
before(async () => {
  server = await Server.start({ bin: process.env.CAMPUSD_TEST || join(root, 'build/campusd-test') });
  writeFileSync(join(server.home, 'policies/performance.yaml'), SCHEMES);
  const reload = server.run(['reload']);
  assert.equal(reload.status, 0, reload.stderr);
  m = await Money.open(server, [['staff', '绩效奖金', '5000']]);
  const people = { hr: ['hr'], 'p.manager': ['manager'], 'p.leader': ['principal'], 'p.finance': ['finance'], 'p.head': ['admissions.lead'], anna: ['admissions.staff'], bea: ['admissions.staff'], cleo: ['teacher'], dora: ['marketing'] };
  const made = {};
  for (const [name, roles] of Object.entries(people)) made[name] = await server.bearer(name, roles);
  [hr, manager, leader, finance, head, anna] = [made.hr, made['p.manager'], made['p.leader'], made['p.finance'], made['p.head'], made.anna];
  peers = [made.bea, made.cleo, made.dora];
}, { timeout: 120000 });
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

const state = (entity, id, want, who = hr) => eventually(async () => {
  const r = await who.ok('GET', `${P}/${entity}/${id}`);
  assert.equal(r.state, want, JSON.stringify(r));
  return r;
});
async function cycle(name) {
  return (await hr.ok('POST', `${P}/cycles`, { name, kind: 'yearly', starts_on: '2026-01-01', ends_on: '2026-12-31', rate_by: day(10) })).id;
}
async function appraisal(of, who, post, more = {}) {
  const a = await hr.ok('POST', `${P}/appraisals`, { cycle: of, person: who.id, name: who.name, post, superior: head.id, ...more });
  await hr.ok('POST', `${P}/appraisals/${a.id}/start`, {});
  await eventually(async () => assert.ok((await head.ok('GET', `${P}/ratings?appraisal=${a.id}`)).items.length, 'the superior is asked'));
  await eventually(async () => assert.ok((await hr.ok('GET', `${P}/appraisals/${a.id}`)).indicators));
  return a.id;
}
async function rate(who, id, marks, remark) {
  const { items: [one] } = await who.ok('GET', `${P}/ratings?appraisal=${id}`);
  return who.api('POST', `${P}/actions/rate`, { rating: one.id, marks: one.marks.map((x, i) => ({ indicator: x.indicator, mark: marks[i] })), remark });
}
async function sign(entity, id, ...who) {
  for (const one of who) await one.ok('POST', `${P}/${entity}/${id}/approve`, { approval: { note: '同意' } });
}
async function published(of) {
  await hr.ok('POST', `${P}/cycles/${of}/grade`, {});
  await state('cycles', of, 'graded');
  await hr.ok('POST', `${P}/cycles/${of}/submit`, {});
  await sign('cycles', of, manager, leader);
}
// Clerks whom the head alone rates, to the end.
async function settled(name, points) {
  const of = await cycle(name), ids = [];
  for (const [i, n] of points.entries()) {
    const who = await server.bearer(`${name}.${i}`, ['teacher']), id = await appraisal(of, who, 'clerk');
    assert.equal((await rate(head, id, [n])).status, 200);
    ids.push([who, id]);
  }
  await hr.ok('POST', `${P}/appraisals/bulk/count?cycle=${of}`, {});
  for (const [, id] of ids) await state('appraisals', id, 'scored');
  await hr.ok('POST', `${P}/cycles/${of}/open`, {});
  await published(of);
  for (const [who, id] of ids) {
    await state('appraisals', id, 'published');
    await head.ok('POST', `${P}/appraisals/${id}/interview`, { interviewed_on: day(0), strengths: '踏实', to_improve: '无' });
    await who.ok('POST', `${P}/appraisals/${id}/confirm`, { opinion: '同意' });
  }
  return { of, ids };
}

let id;
test('PERF-1, PERF-2: a scheme is pinned, each source has its form, and the result is told with every factor', async () => {
  const of = await cycle('2026 年度');
  id = await appraisal(of, anna, 'officer', { peers: peers.map((p) => ({ person: p.id })) });
  await hr.ok('PATCH', `${P}/appraisals/${id}`, { measures: [{ indicator: 'results', target: '200', actual: '180' }] });
  for (const [who, marks, remark] of [[head, [80, 80]], [anna, [100, 100], '述职：完成九成'], ...peers.map((p, i) => [p, [90 + i], `意见-${'丙甲乙'[i]}`])]) {
    const a = await rate(who, id, marks, remark);
    assert.equal(a.status, 200, a.text);
    assert.ok(!a.text.includes(remark ?? '…'), 'nothing of it comes back');
  }
  assert.equal((await rate(head, id, [1, 1])).status, 422, 'once');
  assert.equal((await head.get(`${P}/ratings?appraisal=${id}&fields=given,remark`)).text.match(/"given":"\*+"/)?.length, 1, 'nor in the lists of who gave it');
  const early = await anna.ok('GET', `${P}/appraisals/${id}`);
  assert.deepEqual([early.score, early.sources, early.indicators.length], [undefined, undefined, 3]);
  await hr.ok('POST', `${P}/appraisals/${id}/count`, {});
  await state('appraisals', id, 'scored');
  assert.equal((await anna.ok('GET', `${P}/appraisals/${id}`)).score, undefined, 'before leaders have signed it is hr\'s');
  await hr.ok('POST', `${P}/cycles/${of}/open`, {});
  await published(of);
  const a = await state('appraisals', id, 'published', anna);
  // results 90 × 50; service (80×50 + 100×10)/60 × 30; teamwork (80×50 + 91×20 + 100×10)/80 × 20
  assert.deepEqual([a.score, a.grade, a.peer_score, a.audience_score], ['87.05', 'good', '91.00', null]);
  assert.deepEqual((await hr.ok('GET', `${P}/appraisals?cycle=${of}&fields=score,grade`)).items.map((x) => [x.score, x.grade]), [['87.05', 'good']]);
  assert.match(a.factors, /180.*200/);
  assert.match(a.factors, /87\.05/);
  assert.equal(a.peer_remarks, '意见-丙\n意见-乙\n意见-甲'.split('\n').sort().join('\n'), 'in no order of who wrote them');
  assert.equal(a.self_report, '述职：完成九成');
});

test('PERF-2: nobody finds out who rated whom, or how: not by lists, filters, history, files or the database itself', async () => {
  for (const who of [anna, manager, leader, finance]) {
    const items = (await who.ok('GET', `${P}/ratings?limit=100`)).items;
    assert.ok(items.every((r) => r.source === 'self'), who.name);
  }
  for (const who of [anna, head]) {
    const one = await who.get(`${P}/appraisals/${id}`);
    assert.ok(!one.text.includes('"peers"') && peers.every((p) => !one.text.includes(p.id)), who.name);
    assert.notEqual((await who.get(`${P}/appraisals/${id}/history`)).status, 200);
    const { body } = await who.get(`${P}/appraisals?peers[has]=${peers[0].id}`);
    assert.ok(!body?.items?.length, 'no filter by peers');
  }
  const of = await hr.ok('GET', `${P}/ratings?appraisal=${id}&limit=100`);
  assert.equal(of.items.length, 5);
  assert.ok(of.items.every((r) => !('given' in r) && !('remark' in r)), 'hr sees who has rated, and no mark');
  for (const r of of.items) {
    assert.equal((await hr.get(`${P}/ratings/${r.id}?reveal=given&purpose=x`)).status, 403);
    assert.equal((await anna.get(`${P}/ratings/${r.id}`)).status, r.source === 'self' ? 200 : 404);
  }
  assert.equal((await peers[0].get(`${P}/appraisals/${id}`)).status, 404, 'who rates sees no result');
  for (const who of [manager, leader]) assert.equal((await who.ok('GET', `${P}/appraisals/${id}`)).score, undefined, 'who signs sees how many, not who');
  const all = tables(server), rows = JSON.stringify(Object.entries(all).filter(([t]) => t.includes('rating') || t.includes('appraisal') || t.startsWith('core_event') || t.startsWith('core_audit') || t.includes('decision') || t.includes('outbox')));
  for (const sealed of ['意见-甲', '述职', '87.05']) assert.ok(!rows.includes(sealed), `${sealed} stands in the database`);
});

test('PERF-2: of sixteen at the same instant one rating counts', async () => {
  const of = await cycle('同时'), a = await appraisal(of, anna, 'clerk');
  const all = await Promise.all(Array.from({ length: 16 }, (_, i) => rate(head, a, [60 + i])));
  assert.deepEqual(all.map((x) => x.status).sort(), [200, ...Array(15).fill(422)], all.find((x) => ![200, 422].includes(x.status))?.text);
});

test('PERF-2: students and parents too few are not opened, and are no zero', async () => {
  const of = await cycle('学生评价'), a = await appraisal(of, anna, 'officer', { peers: peers.map((p) => ({ person: p.id })) });
  await hr.ok('PATCH', `${P}/appraisals/${a}`, { measures: [{ indicator: 'results', target: '1', actual: '1' }] });
  const { round } = await hr.ok('GET', `${P}/appraisals/${a}`);
  await hr.ok('POST', `${P}/actions/audience_issue`, { round, count: 5 });
  await hr.ok('POST', `${P}/audience_rounds/${round}/open`, {});
  const codes = (await hr.get(`${P}/exports/audience_codes?format=csv&round=${round}`)).text.match(/\b[0-9A-HJKMNP-TV-Z]{16}\b/g);
  assert.equal(codes.length, 5);
  assert.equal((await server.anonymous.ok('GET', `/public/${P}/audience/${codes[0]}`)).title, 'anna（officer）');
  for (const code of codes.slice(0, 4)) await server.anonymous.ok('POST', `/public/${P}/audience`, { code, consent: true, attitude: 1, clarity: 1, timely: 1 });
  assert.equal((await rate(head, a, [80, 80])).status, 200);
  await hr.ok('POST', `${P}/appraisals/${a}/count`, {});
  const r = await state('appraisals', a, 'scored');
  assert.deepEqual([r.score, r.audience_score], ['90.00', null]);
  assert.deepEqual((await hr.ok('GET', `${P}/audience_answers`)).items, []);
});

test('PERF-3: talked over, appealed, decided by others than who rated; the plan of a low grade is followed', async () => {
  await head.ok('POST', `${P}/appraisals/${id}/interview`, { interviewed_on: day(0), strengths: '踏实', to_improve: '回访不够' });
  await anna.ok('POST', `${P}/appraisals/${id}/lodge`, { appeal: '漏计八名' });
  const notes = { approval: { note: '属实' } };
  for (const who of [head, anna]) assert.equal((await who.post(`${P}/appraisals/${id}/decide`, notes)).status, 403);
  await hr.ok('POST', `${P}/appraisals/${id}/decide`, { appeal_grade: 'basic', appeal_answer: '核对后下调', ...notes });
  assert.equal((await leader.ok('GET', `${P}/appraisals/${id}`)).appeal, '漏计八名', 'who decides sees it');
  await leader.ok('POST', `${P}/appraisals/${id}/decide`, notes);
  await eventually(async () => assert.equal((await anna.ok('GET', `${P}/appraisals/${id}`)).grade, 'basic'));
  assert.equal((await leader.ok('GET', `${P}/appraisals/${id}`)).appeal, undefined, 'and then no more');
  const plan = await eventually(async () => {
    const { items } = await head.ok('GET', `${P}/plans`);
    assert.equal(items.length, 1);
    return items[0].id;
  });
  await head.ok('PATCH', `${P}/plans/${plan}`, { goals: '每周回访十户', due_on: day(60) });
  await head.ok('POST', `${P}/plans/${plan}/propose`, {});
  await anna.ok('POST', `${P}/plans/${plan}/agree`, {});
  for (const who of [manager, peers[0]]) assert.equal((await who.get(`${P}/plans/${plan}`)).status, 404);
  await head.ok('POST', `${P}/plans/${plan}/achieve`, { outcome: '达到' });
});

test('PERF-5: a bonus says what it is made of, to whom it is about; the budget line is never exceeded, by two at once either', async () => {
  const [x, y] = [await settled('甲', [95]), await settled('乙', [85])], line = m.lines['绩效奖金'];
  const runs = [];
  for (const one of [x, y]) {
    const run = (await hr.ok('POST', `${P}/bonus_runs`, { cycle: one.of, pool: '9000', line })).id;
    await hr.ok('POST', `${P}/bonus_runs/${run}/calculate`, {});
    const r = await state('bonus_runs', run, 'calculated');
    assert.equal(r.payable, one === x ? '3000.00' : '2400.00');
    runs.push(run);
  }
  const two = await Promise.all(runs.map((r) => hr.post(`${P}/bonus_runs/${r}/submit`, {})));
  assert.deepEqual(two.map((a) => a.status).sort(), [200, 409], two.map((a) => a.text).join());
  const won = two[0].status === 200 ? 0 : 1, [who] = [x, y][won].ids[0];
  assert.deepEqual((await who.ok('GET', `${P}/bonuses`)).items, [], 'nothing is told before it is signed');
  await sign('bonus_runs', runs[won], manager, finance, leader);
  const mine = await eventually(async () => {
    const { items } = await who.ok('GET', `${P}/bonuses`);
    assert.equal(items.length, 1);
    return who.ok('GET', `${P}/bonuses/${items[0].id}`);
  });
  assert.deepEqual([mine.base, mine.grade, mine.coefficient, mine.presence, mine.scale, mine.amount],
    won ? ['2000.00', 'good', '1.20', 100, '1.0000', '2400.00'] : ['2000.00', 'excellent', '1.50', 100, '1.0000', '3000.00']);
  assert.match(mine.factors, won ? /2000\.00.*1\.20.*100/ : /2000\.00.*1\.50.*100/);
  for (const other of [manager, leader, finance, peers[0], [x, y][1 - won].ids[0][0]]) assert.equal((await other.get(`${P}/bonuses/${mine.id}`)).status, 404);
  assert.equal((await head.ok('GET', `${P}/bonuses/${mine.id}`)).amount, mine.amount);
  await finance.ok('POST', `${P}/bonus_runs/${runs[won]}/pay`, { paid_on: day(0) });
  assert.equal((await m.line('绩效奖金')).settled, mine.amount);
  assert.match((await hr.get(`${P}/exports/bonus_list?format=csv`)).text, new RegExp(mine.amount));
  assert.equal((await finance.get(`${P}/exports/bonus_list?format=csv`)).status, 403);
});

test('PERF-6: the last place of an award is given once, also by two signatures at the same instant', async () => {
  const award = (await hr.ok('POST', `${P}/awards`, { name: '服务标兵', conditions: '无投诉', nominate_by: day(10), quota: 1 })).id, list = [];
  for (const who of [anna, peers[0]]) {
    const n = (await head.ok('POST', `${P}/nominations`, { award, person: who.id, name: who.name, reason: '事迹' })).id;
    await head.ok('POST', `${P}/nominations/${n}/submit`, {});
    await manager.ok('POST', `${P}/nominations/${n}/approve`, { approval: { note: '同意' } });
    list.push(n);
  }
  const two = await Promise.all(list.map((n) => leader.post(`${P}/nominations/${n}/approve`, { approval: { note: '同意' } })));
  assert.deepEqual(two.map((a) => a.status).sort(), [200, 409], two.map((a) => a.text).join());
  await eventually(async () => assert.equal((await peers[2].ok('GET', `${P}/honours`)).items.length, 1));
});
