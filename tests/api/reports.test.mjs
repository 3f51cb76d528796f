// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Reports through the front door (ADM-8): buckets, references, named counts, last year, targets, and
// that each counts only what its reader may see.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, root } from '../lib/server.mjs';
import { sheetOf, unzip } from '../lib/sheet.mjs';

const PLUGIN = `-- a fair: stands, and who signed up at them
local field = campus.field
local stands = campus.entity { title = { zh = "展位", en = "Stands" }, fields = {
  code = field.text { required = true, unique = true }, hall = field.text {}, goal = field.integer {} } }
local signs = campus.entity { title = { zh = "登记", en = "Signatures" }, fields = {
  stand = field.reference "stands", region = field.text { title = { zh = "生源地", en = "Region" } }, day = field.date {}, at = field.datetime {},
  score = field.decimal { scale = 1 }, fee = field.money {}, campus = field.text {}, serious = field.boolean {} },
  workflow = { start = "new", states = { new = {}, kept = { final = true } }, transitions = { keep = { from = "new", to = "kept" } } } }
local report = campus.report
return { title = { zh = "招生会", en = "Fair" }, version = "1.0.0", entities = { stands = stands, signs = signs }, reports = {
  by_hall = report { entity = "signs", group = { "stand.hall", "day:week" }, avg = { "score" }, sum = { "fee" }, max = { "score" }, distinct = { "region" },
    counts = { { name = "kept", title = { zh = "已留", en = "Kept" }, where = { state = "kept" } }, { name = "serious", where = { serious = true, score = { gte = 500 } } } } },
  curve = report { title = { zh = "每日", en = "Daily" }, entity = "signs", group = { "day:day" }, date = "day", compare = "year", chart = "line" },
  months = report { entity = "signs", group = { "at:month", "region" }, kept = true, counts = { { name = "kept", where = { state = "kept" } } } },
  goals = report { entity = "signs", group = { "stand" }, target = { entity = "stands", group = { "id" }, sum = { "goal" } } },
  few = report { entity = "signs", group = { "region" }, min_cell = 5 },
  all = report { entity = "signs", where = { region = { "北京", "上海" } }, distinct = { "stand" } },
} }
`;
let server, head, officer, other, stands;
before(async () => {
  server = await Server.start();
  mkdirSync(join(server.home, 'plugins/fair'), { recursive: true });
  writeFileSync(join(server.home, 'plugins/fair/plugin.lua'), PLUGIN);
  writeFileSync(join(server.home, 'policies/access.yaml'), `${readFileSync(join(root, 'policies/access.yaml'), 'utf8')}
  - { name: the head has the fair, allow: [read, create, update, keep], entity: fair.signs, roles: [manager] }
  - { name: the head has the stands, allow: [read, create, update], entity: fair.stands, roles: [manager] }
  - { name: officers see their campus, allow: [read], entity: fair.signs, roles: [marketing], when: { campus: $actor.campus } }
  - { name: officers see hall A, allow: [read], entity: fair.stands, roles: [marketing], when: { hall: A } }
  - { name: finance sees no regions, allow: [read], entity: fair.signs, roles: [finance], fields: { hide: [region] } }
`);
  const reload = server.run(['reload']);
  assert.equal(reload.status, 0, reload.stderr);
  head = await server.bearer('r.head', ['manager']);
  officer = await server.bearer('r.officer', ['marketing'], { campus: '东校区' });
  other = await server.bearer('r.finance', ['finance']);
  stands = {};
  for (const [code, hall, goal] of [['A1', 'A', 10], ['B1', 'B', 5], ['B2', 'B', 7]]) {
    stands[code] = (await head.ok('POST', 'fair/stands', { code, hall, goal })).id;
  }
  const rows = [
    ['A1', '北京', '2027-03-01', '2027-03-31T15:59:59Z', '500.5', '1.00', '东校区', true],
    ['A1', '上海', '2027-03-07', '2027-03-31T16:00:00Z', '499.5', '2.00', '东校区', true],
    ['B1', '北京', '2027-03-08', '2027-04-02T00:00:00Z', '600.0', '4.00', '东校区', false],
    ['B1', '北京', '2026-03-02', '2026-03-31T23:00:00Z', null, null, '西校区', null],
    [null, '天津', '2026-03-01', '2026-03-02T00:00:00Z', '550.0', '8.00', '西校区', true],
  ];
  for (const [stand, region, d, at, score, fee, campus, serious] of rows) {
    const made = await head.ok('POST', 'fair/signs', { stand: stand && stands[stand], region, day: d, at, score, fee, campus, serious });
    if (d > '2027-03-05') await head.ok('POST', `fair/signs/${made.id}/keep`);
  }
});
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });
const report = (who, name, query = '') => who.ok('GET', `fair/reports/${name}${query}`);

test('a report groups by the field of a reference and by weeks, and counts what it names (ADM-8)', async () => {
  const r = await report(head, 'by_hall');
  assert.deepEqual(r.rows, [
    { stand_hall: null, day_week: '2026-02-23', count: 1, kept: 0, serious: 1, sum_fee: '8.00', avg_score: '550.000', max_score: '550.0', distinct_region: 1 },
    { stand_hall: 'A', day_week: '2027-03-01', count: 2, kept: 1, serious: 1, sum_fee: '3.00', avg_score: '500.000', max_score: '500.5', distinct_region: 2 },
    { stand_hall: 'B', day_week: '2026-03-02', count: 1, kept: 0, serious: 0, sum_fee: '0.00', avg_score: null, max_score: null, distinct_region: 1 },
    { stand_hall: 'B', day_week: '2027-03-08', count: 1, kept: 1, serious: 0, sum_fee: '4.00', avg_score: '600.000', max_score: '600.0', distinct_region: 1 },
  ]);
  assert.deepEqual(r.total, { count: 5, kept: 2, serious: 2, sum_fee: '15.00', avg_score: '537.500', max_score: '600.0' });
  const only = await report(head, 'by_hall', '?region=北京&score[gte]=550');
  assert.deepEqual(only.rows.map((x) => [x.stand_hall, x.count]), [['B', 1]]);
});

test('a reader counts only records in view, and a reference out of view under nothing', async () => {
  const r = await report(officer, 'by_hall');
  assert.deepEqual(r.rows.map((x) => [x.stand_hall, x.day_week, x.count]), [[null, '2027-03-08', 1], ['A', '2027-03-01', 2]]);
  // who does not see the regions counts nothing by them, also where they are only a condition
  assert.deepEqual((await report(other, 'months')).rows, []);
  assert.equal((await report(other, 'all')).rows[0].count, 0);
  assert.equal((await report(other, 'curve', '?between=2027-01-01,')).total.count, 3);
  assert.deepEqual((await report(await server.bearer('r.none'), 'curve')).rows, []);
});

test('last year is laid beside this year, day by day', async () => {
  const r = await report(head, 'curve', '?between=2027-03-01,2027-03-31');
  assert.deepEqual([r.from, r.until], ['2027-03-01', '2027-03-31']);
  assert.deepEqual(r.rows, [
    { day_day: '2027-03-01', count: 1, last_count: 1 }, { day_day: '2027-03-02', count: 0, last_count: 1 },
    { day_day: '2027-03-07', count: 1, last_count: 0 }, { day_day: '2027-03-08', count: 1, last_count: 0 },
  ]);
  assert.deepEqual(r.total, { count: 3, last_count: 2 });
  for (const wrong of ['2027-03-01', '2027-3-1,', '2027-02-30,2027-03-01', 'a,b']) {
    const a = await head.get(`fair/reports/curve?between=${wrong}`);
    assert.equal(a.status, 422, wrong);
    assert.equal(a.body.errors[0].pointer, '/between');
  }
  assert.equal((await head.get('fair/signs?between=2027-01-01,')).status, 422, 'a list has no period');
});

test('kept months are those of the school, and are what a scan says', async () => {
  const rows = [
    { at_month: '2026-03', region: '天津', count: 1, kept: 0 }, { at_month: '2026-04', region: '北京', count: 1, kept: 0 },
    { at_month: '2027-03', region: '北京', count: 1, kept: 0 }, { at_month: '2027-04', region: '上海', count: 1, kept: 1 },
    { at_month: '2027-04', region: '北京', count: 1, kept: 1 },
  ];
  assert.deepEqual((await report(head, 'months')).rows, rows);
  assert.deepEqual((await report(head, 'months', '?region[in]=北京,上海,天津')).rows, rows); // within its groups
  assert.deepEqual((await report(head, 'months', '?id[ne]=x')).rows, rows); // scanned
  assert.deepEqual((await report(officer, 'months')).rows, rows.slice(2)); // by campus: scanned too
  const doctor = server.run(['doctor', '--json']);
  assert.match(doctor.stdout, /kept reports agree with their records/);
});

test('a target stands beside what counts towards it, also where nothing does yet', async () => {
  const r = await report(head, 'goals');
  assert.deepEqual(Object.fromEntries(r.rows.map((x) => [x.stand, [x.count, x.target]])),
    { null: [1, null], [stands.A1]: [2, 10], [stands.B1]: [2, 5], [stands.B2]: [0, 7] });
  assert.deepEqual(r.total, { count: 5, target: 22 });
  const mine = await report(officer, 'goals'); // targets in view only
  assert.deepEqual(mine.rows.map((x) => x.target).filter(Boolean), [10]);
});

test('small cells are left out, and their total with them', async () => {
  const r = await report(head, 'few');
  assert.deepEqual(r.rows, []);
  assert.equal(r.suppressed, 3);
  assert.deepEqual(r.total, { count: 5 });
  assert.deepEqual((await report(head, 'few', '?region=天津')).total, {});
});

test('meta and OpenAPI tell the columns; a spreadsheet has their titles and a last row of sums', async () => {
  const meta = await head.ok('GET', 'meta');
  const told = meta.plugins.find((p) => p.name === 'fair').reports.find((x) => x.name === 'by_hall');
  assert.deepEqual(told.group, ['stand_hall', 'day_week']);
  assert.deepEqual(told.columns.map((c) => c.name), ['stand_hall', 'day_week', 'count', 'kept', 'serious', 'sum_fee', 'avg_score', 'max_score', 'distinct_region']);
  assert.equal(told.columns[1].bucket, 'week');
  assert.equal(told.columns[3].title.zh, '已留');
  const api = await head.ok('GET', 'openapi.json');
  const get = api.paths['/api/v1/fair/reports/curve'].get;
  assert.ok(get.parameters.some((p) => p.$ref === '#/components/parameters/between'));
  assert.ok(get.responses[200].content['application/json'].schema.properties.rows.items.properties.last_count);
  const csv = (await head.get('fair/reports/curve?format=csv&between=2027-03-01,2027-03-01')).text;
  assert.equal(csv.replace(/^\ufeff/, ''), 'day_day,count,last_count\r\n2027-03-01,1,1\r\n');
  const answer = await fetch(`${server.url}/api/v1/fair/reports/by_hall?format=xlsx`, { headers: { Authorization: `Bearer ${head.token}`, 'Accept-Language': 'zh' } });
  const sheet = sheetOf(unzip(Buffer.from(await answer.arrayBuffer())));
  assert.deepEqual(sheet[0].map((c) => c.v), ['hall', 'day（周）', '数量', '已留', 'serious', 'fee合计', '平均score', '最大score', '生源地（去重计数）']);
  assert.deepEqual(sheet.at(-1).slice(0, 2).map((c) => [c.column, c.v]), [['A', '合计'], ['C', 5]]);
});
