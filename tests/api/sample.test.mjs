// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// The sample school: nobody in it is real, and what it says about itself agrees, over two seasons (ADM-1 to ADM-8).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, eventually, root } from '../lib/server.mjs';

const school = join(root, 'examples/school'), A = 'admissions';
const rowsOf = (file) => {
  const [head, ...rows] = readFileSync(join(school, file), 'utf8').trim().split('\n').map((l) => l.split(','));
  return rows.map((r) => Object.fromEntries(head.map((h, i) => [h, r[i]])));
};
const made = [...rowsOf('applicants-2026.csv'), ...rowsOf('applicants-2027.csv')];
let server, lead, admin, keeper;
before(async () => {
  server = await Server.start({ sample: 'school' });
  admin = await server.admin();
  lead = await server.bearer('s.lead', ['admissions.lead']);
  keeper = await server.bearer('s.keeper', ['student_affairs']);
}, { timeout: 300000 });
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });
async function all(who, path) {
  const items = [];
  for (let cursor = ''; ;) {
    const page = await who.ok('GET', `${path}${path.includes('?') ? '&' : '?'}limit=500${cursor}`);
    items.push(...page.items);
    if (!page.next) return items;
    cursor = `&cursor=${page.next}`;
  }
}
const tally = (list, key) => list.reduce((t, x) => ({ ...t, [key(x)]: (t[key(x)] ?? 0) + 1 }), {});

test('its script makes the same bytes from its seed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'campusd-school-'));
  const run = spawnSync('node', [join(school, 'make_school.mjs'), folder], { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  const files = readdirSync(folder);
  assert.deepEqual(files.sort(), ['applicants-2026.csv', 'applicants-2027.csv', 'leads.csv', 'receipt.pdf', 'school.json', 'with-faults.csv']);
  for (const f of files) assert.ok(readFileSync(join(folder, f)).equals(readFileSync(join(school, f))), `${f} is another: run make_school.mjs`);
  rmSync(folder, { recursive: true });
});

test('nobody in it is real: valid numbers of no county, mobiles of nobody, surnames as frequent as they are', () => {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  for (const a of made) {
    assert.match(a.id_number, /^\d{4}(99)\d{11}[\dX]$/);
    assert.equal('10X98765432'[weights.reduce((s, w, i) => s + w * a.id_number[i], 0) % 11], a.id_number[17]);
    assert.equal(a.birth_date.replaceAll('-', ''), a.id_number.slice(6, 14));
    assert.match(a.phone, /^(142|143|154)\d{8}$/);
  }
  assert.equal(new Set(made.map((a) => a.id_number)).size, made.length);
  const names = tally(made, (a) => a.name[0]), most = Object.entries(names).sort((a, b) => b[1] - a[1]).slice(0, 5).map((n) => n[0]);
  assert.deepEqual(most.sort(), [...'王李张刘陈'].sort());
  const share = [...'王李张刘陈'].reduce((n, c) => n + names[c], 0) / made.length;
  assert.ok(share > 0.33 && share < 0.41, `${share} bear one of the five`);       // 30.8 of the 85.9 percent that the hundred have
});

test('two seasons of 3,000, a plan of 24 lines for each, 8 channels, 12 events, 40 people, of every role somebody', async () => {
  const applicants = await all(lead, `${A}/applicants?fields=season`);
  assert.deepEqual(tally(applicants, (a) => a.season), { 2026: 3000, 2027: 3000 });
  assert.deepEqual(tally(await all(lead, `${A}/plan_lines?fields=season`), (l) => l.season), { 2026: 24, 2027: 24 });
  assert.deepEqual(tally(await all(lead, `${A}/plans`), (p) => `${p.season} ${p.state}`), { '2026 closed': 1, '2027 approved': 1 });
  assert.deepEqual(tally(await all(lead, `${A}/channels`), (c) => c.state), { active: 8 });
  assert.equal((await all(lead, `${A}/activities`)).length, 12);
  assert.ok((await all(lead, `${A}/leads`)).length > 600);
  const { users } = JSON.parse(readFileSync(join(school, 'people.json'), 'utf8'));
  assert.equal(users.length, 40);
  const roles = readFileSync(join(root, 'policies/access.yaml'), 'utf8').split('\nroles:\n')[1].split('\n\n')[0].match(/^ {2}[\w.]+(?=:)/gm).map((r) => r.trim());
  const nobody = roles.filter((r) => !r.startsWith('plugin.') && !users.some((u) => u.roles.includes(r)));
  assert.deepEqual(nobody, ['admin', 'public'], 'the administrator is made by init, the public is nobody, nor is a plugin');
});

test('whoever has a place passed the review, holds a seat of a line and, once told, has a number (ADM-5, ADM-6)', async () => {
  const seated = await all(lead, `${A}/applicants?state[in]=admitted,notified,confirmed,arrived&fields=season,plan_line`);
  assert.ok(seated.length > 1000);
  const held = {};
  for (const a of seated) {
    assert.ok(a.plan_line, a.id);
    (held[a.plan_line] ??= []).push(a);
  }
  const lines = await all(lead, `${A}/plan_lines`);
  for (const l of lines) {
    assert.ok((held[l.id] ?? []).length <= l.quota, l.name);
    assert.ok((held[l.id] ?? []).every((a) => a.season === l.season), l.name);
    if (l.season === '2026') assert.equal(held[l.id].length, l.quota, `${l.name} is full`);
  }
  // each fortieth, closely
  const numbers = new Set();
  for (const a of seated.filter((_, i) => i % 40 === 0)) {
    const seats = (await lead.ok('GET', `${A}/applicants/${a.id}/reservations`)).items.filter((r) => r.state !== 'released');
    assert.equal(seats.length, 1, a.id);
    const history = (await lead.ok('GET', `${A}/applicants/${a.id}/history`)).items, by = (verb) => history.find((h) => h.verb === verb)?.actor;
    assert.ok(by('qualify') && by('qualify') !== by('create'), `${a.id} passed the review of somebody else`);
    const documents = (await lead.ok('GET', `${A}/applicants/${a.id}/documents`)).items;
    assert.equal(documents.length, a.state === 'admitted' ? 0 : 1, `${a.id} ${a.state}`);
    for (const d of documents) {
      assert.match(d.number, /^20\d\d招字第\d{5}号$/);
      numbers.add(d.number);
    }
  }
  assert.ok(numbers.size > 15);
});

test('who arrived is on the register, once (ADM-6)', async () => {
  const arrived = await all(lead, `${A}/applicants?state=arrived&fields=class`);
  const students = await all(keeper, 'basics/students?fields=came_from,class');
  assert.deepEqual(students.map((s) => s.came_from).sort(), arrived.map((a) => `admissions.applicants/${a.id}`).sort());
  assert.ok(arrived.every((a) => a.class));
});

test('last season has ended, this one is in its middle; the figures of both are told (ADM-8)', async () => {
  const by = tally(await all(lead, `${A}/applicants?fields=season`), (a) => `${a.season} ${a.state}`);
  for (const s of ['registered', 'reviewing', 'eligible', 'waiting', 'admitted', 'notified', 'confirmed']) {
    assert.equal(by[`2026 ${s}`], undefined, s);
    assert.ok(by[`2027 ${s}`] > 0, s);
  }
  for (const s of ['arrived', 'absent', 'declined', 'lapsed', 'refused', 'withdrawn']) assert.ok(by[`2026 ${s}`] > 0, s);
  const funnel = await lead.ok('GET', `${A}/reports/funnel`);
  assert.deepEqual(funnel.rows.map((r) => [r.season, r.count, r.arrived]), [['2026', 3000, by['2026 arrived']], ['2027', 3000, 0]]);
  const year = await lead.ok('GET', `${A}/reports/by_region?between=2026-10-01,2026-12-31`);
  assert.equal(year.total.count, 3000);
  assert.ok(year.total.last_count > 2000 && year.total.last_count < 3000 && year.total.last_arrived > 300, JSON.stringify(year.total));
  const kept = await lead.ok('GET', `${A}/reports/by_region_state`), scan = await lead.ok('GET', `${A}/reports/by_region_state_scan`);
  assert.deepEqual(kept.rows, scan.rows);
  const officers = (await lead.ok('GET', `${A}/reports/by_officer`)).rows.filter((r) => r.officer);
  assert.ok(officers.length === 7 && officers.every((o) => o.target > 0 && o.confirmed > 0), JSON.stringify(officers));
});

test('its money agrees: each line holds what its claims come to, signed by three, and the books balance (FIN-1 to FIN-7)', async () => {
  const finance = await server.bearer('s.finance', ['finance']), F = 'finance';
  const budgets = await all(finance, `${F}/budgets`), lines = await all(finance, `${F}/lines`), claims = await all(finance, `${F}/claims`);
  assert.deepEqual(tally(budgets, (b) => `${b.kind} ${b.state}`), { 'interim approved': 1, 'annual approved': 1 });
  assert.ok(lines.length === 9 && lines.every((l) => l.kind === 'annual' && l.version), 'the annual budget took the lines over');
  const by = tally(claims, (c) => c.state);
  for (const s of ['draft', 'in_approval', 'returned', 'paid']) assert.ok(by[s] > 0, `${s} ${JSON.stringify(by)}`);
  const fen = (y) => Math.round(Number(y) * 100), sum = (list, key) => list.reduce((n, x) => n + fen(x[key]), 0);
  const plans = (await all(finance, 'marketing/plan_lines')).filter((p) => p.state === 'approved'), purchases = await all(finance, 'teaching/purchases'), runs = await all(finance, 'performance/bonus_runs');
  for (const l of lines) {
    const mine = claims.filter((c) => c.line === l.id), of = (s) => sum(mine.filter((c) => c.state === s), 'amount');
    const planned = sum(plans.filter((p) => p.budget_line === l.id), 'held');             // what marketing has not claimed yet
    const bought = (...states) => sum(purchases.filter((p) => p.line === l.id && states.includes(p.state)), 'amount');
    const want = [of('in_approval') + bought('in_approval', 'approved'), of('approved') + planned + bought('ordered') + sum(runs.filter((r) => r.line === l.id && r.state === 'approved'), 'payable'), of('paid') + bought('received')];
    assert.deepEqual([fen(l.reserved), fen(l.committed), fen(l.settled)], want, l.name);
    assert.equal(fen(l.left), fen(l.amount) - want[0] - want[1] - want[2], l.name);
  }
  for (const c of claims.filter((x) => x.state === 'paid').filter((_, i) => i % 20 === 0)) {
    const { items } = await finance.ok('GET', `${F}/claims/${c.id}/approvals`);
    assert.deepEqual(items[0].steps.map((s) => [s.name, s.signatures.length]), [['head', 1], ['finance', 1], ['principal', 1]], c.number);
  }
  const balance = {}, spent = (states) => sum(claims.filter((c) => states.includes(c.state)), 'amount');
  for (const r of (await finance.ok('GET', `${F}/reports/journal_balance`)).rows) balance[r.account] = (balance[r.account] ?? 0) + fen(r.sum_amount);
  assert.equal(Object.values(balance).reduce((a, b) => a + b), 0, 'the books balance');
  assert.equal(['admissions', 'teaching', 'marketing', 'staff'].reduce((n, a) => n + (balance[a] ?? 0), 0), spent(['approved', 'paid']));
  const found = tally(await all(finance, `${F}/cases`), (c) => c.signal);
  assert.ok(found.split && found.outlier && found.round, JSON.stringify(found));
  const numbers = claims.map((c) => Number(c.number.slice(-5))).sort((a, b) => a - b);
  assert.deepEqual(numbers, numbers.map((_, i) => i + 1), 'no number is left out');
});

test('the department has its groups, plans and figures, each in several states (ORG-1 to ORG-8)', async () => {
  const manager = await server.bearer('s.manager', ['manager']), O = 'operations';
  const chart = await manager.ok('GET', 'organisation');
  assert.deepEqual(tally(chart.posts, (p) => `${p.post}${p.acting ? ' acting' : ''}`), { head: 6, 'head acting': 1, in_charge: 3 });
  assert.deepEqual(tally(await all(manager, `${O}/groups`), (g) => g.kind), { group: 4, department: 2 });
  for (const [entity, states] of Object.entries({ plans: 2, plans_tasks: 2, requests: 3, improvements: 3, agreements: 2, incidents: 2, briefs: 2, rule_proposals: 1 }))
    assert.ok(Object.keys(tally(await all(manager, `${O}/${entity}`), (r) => r.state)).length >= states, entity);
  const groups = await all(manager, `${O}/groups`), late = (await all(manager, `${O}/plans_tasks?overdue=true`)).length;
  assert.ok(late >= 2 && groups.reduce((n, g) => n + g.late_work, 0) === late, 'what is late is counted');
  assert.ok((await manager.ok('GET', `${O}/reports/attainment_trend`)).rows.length >= 12);
});

test('it is whole: pools, counters and log agree, and no token of its making is left', async () => {
  const doctor = JSON.parse(server.run(['--json', 'doctor']).stdout);
  assert.deepEqual(doctor.items.filter((i) => i.state !== 'ok').map((i) => i.check), ['keys'], 'but for its keyfile');
  assert.match(server.run(['audit', 'verify']).stdout, /^good: /);
  const tokens = (await admin.ok('GET', 'admin/tokens')).items;
  assert.deepEqual(tokens.filter((t) => t.label !== 'tests').map((t) => t.label), []);
});

test('a sheet with faults: each is named, the rest gets in, and the refused rows come back (ADM-4)', async () => {
  const job = await lead.ok('POST', `${A}/applicants/import`, readFileSync(join(school, 'with-faults.csv'), 'utf8'), { 'Content-Type': 'text/csv' });
  const done = await eventually(async () => {
    const j = await lead.ok('GET', `jobs/${job.id}`);
    assert.equal(j.state, 'done');
    return j.result;
  }, 30000);
  assert.deepEqual([done.rows, done.created, done.failed], [40, 33, 7]);
  const named = done.report.map((r) => [r.line, ...r.errors.map((e) => e.pointer.replace('/', ''))]).sort((a, b) => a[0] - b[0]);
  assert.deepEqual(named, [[7, 'id_number'], [12, 'birth_date'], [17, 'education'], [22, 'id_number'], [27, 'phone'], [32, 'score'], [37, 'name']]);
  const back = (await lead.get(`jobs/${job.id}/rejected.csv`)).text.trim().split('\r\n');
  assert.equal(back.length, 8);
  assert.ok(back.slice(1).every((l) => l.split(',').at(-1)), back.join('\n'));
});
