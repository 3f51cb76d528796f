// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Bad input by every way in which rows come: each wrong one is told with row, column and reason, the good ones are written,
// and of a file that is broken as a whole nothing is (ADM-3, ADM-4).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { applicant } from '../lib/applicant.mjs';
import { eventually, Server } from '../lib/server.mjs';
import { XLSX, xlsx } from '../lib/sheet.mjs';

let server, lead, admin, serial = 400000;
before(async () => { server = await Server.start(), lead = await server.bearer('import.lead', ['admissions.lead']), admin = await server.admin(); });
after(async () => { assert.deepEqual(await server.close(), { code: 0, signal: null }); });

const iconv = (to) => (text) => {
  const r = spawnSync('iconv', ['-f', 'UTF-8', '-t', to], { input: text });
  assert.equal(r.status, 0);
  return r.stdout;
};
const lines = (rows, by = ',') => rows.map((r) => r.join(by)).join('\r\n');
const WAYS = {
  'CSV in UTF-8': { type: 'text/csv', make: (rows) => lines(rows) },
  'CSV in UTF-8 with a mark': { type: 'text/csv', make: (rows) => `\ufeff${lines(rows)}` },
  'CSV in GB18030': { type: 'text/csv', make: (rows) => iconv('GB18030')(lines(rows)) },
  'a spreadsheet': { type: XLSX, make: (rows) => xlsx(rows) },
  'pasted cells': { type: 'text/plain', make: (rows) => lines(rows, '\t') },
};
const HEAD = ['姓名', '身份证号', '出生日期', '学历', '联系电话', '成绩', '校区'];
const KEYS = ['name', 'id_number', 'birth_date', 'education', 'phone', 'score', 'campus'];
const row = (more = {}) => { const a = { ...applicant(serial++), ...more }; return KEYS.map((k) => a[k] ?? ''); };

async function send(way, body, { dry = false, path = 'admissions/applicants' } = {}) {
  const answer = await fetch(`${server.url}/api/v1/${path}/import?dry_run=${dry}`,
    { method: 'POST', body, headers: { Authorization: `Bearer ${lead.token}`, 'Content-Type': way.type } });
  const { id } = await answer.json();
  assert.equal(answer.status, 202);
  return eventually(async () => {
    const job = await lead.ok('GET', `jobs/${id}`);
    assert.ok(['done', 'failed'].includes(job.state), job.state);
    return job;
  }, 20000);
}
const count = async () => (await lead.ok('GET', 'admissions/applicants?limit=1&total=true')).total;

// what is wrong with a row: what is written, in which column that is told, and how
const WRONG = [
  [{ id_number: '110199201106100021' }, 'id_number', 'check'],
  [{ id_number: '' }, 'id_number', 'required'],
  [{ birth_date: '2011-02-30' }, 'birth_date', 'date'],
  [{ education: '博士后' }, 'education', 'choice'],
  [{ phone: '138****1234' }, 'phone', 'masked_value'],
  [{ phone: '1.38E+10' }, 'phone', undefined],
  [{ score: '751' }, 'score', 'out_of_range'],
  [{ score: '很高' }, 'score', 'type'],
  [{ name: '名'.repeat(61) }, 'name', 'too_long'],
];

for (const [name, way] of Object.entries(WAYS)) {
  test(`ADM-4: by ${name} each wrong row is told with its row, column and reason; the good ones are in, whole`, async () => {
    const good = [row(), row()], twice = row();
    const rows = [HEAD, good[0], ...WRONG.map(([more]) => row(more)), twice, [...twice], good[1]];
    for (const dry of [true, false]) {
      const was = await count(), job = await send(way, way.make(rows), { dry });
      const told = job.result.report.map((r) => [r.line, r.errors.map((e) => [e.pointer, e.code])]);
      WRONG.forEach(([, pointer, code], i) => {
        const [line, errors] = told[i] ?? [];
        assert.equal(line, i + 3, JSON.stringify(told));
        assert.ok(errors.some(([p, c]) => p === pointer && (code === undefined || c === code)), `${JSON.stringify(WRONG[i])}: ${JSON.stringify(errors)}`);
      });
      assert.deepEqual([job.result.rows, job.result.failed, told.length], [rows.length - 1, WRONG.length + 1, WRONG.length + 1]);
      assert.equal(told.at(-1)[1][0][1], 'unique');
      assert.equal(await count(), dry ? was : was + 3);
    }
    for (const r of good) {
      const [kept] = (await lead.ok('GET', `admissions/applicants?id_number=${r[1]}`)).items;
      assert.deepEqual([kept.name, kept.birth_date, kept.campus, kept.score], [r[0], r[2], r[6], r[5]]);
    }
  });
}

test('ADM-4: of a file that is broken as a whole nothing is written, and it says why', async () => {
  const many = [HEAD, ...Array.from({ length: 300 }, () => row())], text = Buffer.from(lines(many));
  const cut = xlsx(many), damaged = Buffer.from(text);
  damaged[text.length - 20] = 0xff;
  const zero = Buffer.from(text);
  zero[text.length - 20] = 0;
  const csv = WAYS['CSV in UTF-8'], sheet = WAYS['a spreadsheet'];
  const was = await count();
  for (const [what, way, body] of [
    ['a spreadsheet cut off', sheet, cut.subarray(0, cut.length - 700)],
    ['no spreadsheet', sheet, Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(400, 7)])],
    ['an old .xls', sheet, Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(512)])],
    ['a byte that is no text, near the end', csv, damaged],
    ['a zero byte near the end', csv, zero],
    ['a quote that is not closed', csv, `${lines(many)}\r\n"李`],
    ['a column that is not known', csv, lines([[...HEAD, '颜色'], [...many[1], '红']])],
    ['a column that is there twice', csv, lines([[...HEAD, '姓名'], [...many[1], '又']])],
    ['nothing', csv, '\r\n'],
    ['a heading alone', csv, `${HEAD.join(',')}\r\n`],
  ]) {
    const job = await send(way, body);
    if (what === 'a heading alone') assert.deepEqual([job.state, job.result.rows], ['done', 0]);
    else assert.ok(job.state === 'failed' && (job.result.problem.errors?.[0]?.code || job.result.problem.detail), `${what}: ${JSON.stringify(job)}`);
    assert.equal(await count(), was, what);
  }
});

test('ADM-3: leads from a list are told apart the same way', async () => {
  const job = await send(WAYS['pasted cells'], lines([['姓名', '电话', '意向专业'], ['甲', '14500000011', '护理'], ['', '14500000012', ''], ['丙', '1450', '']], '\t'), { path: 'admissions/leads' });
  assert.deepEqual(job.result.report.map((r) => [r.line, ...r.errors.map((e) => e.pointer)]), [[3, 'name'], [4, 'phone']]);
  assert.equal(job.result.created, 1);
});

test('accounts come all or none, each wrong one told by its row and column', async () => {
  const one = { name: 'in.one', display: '甲' };
  for (const [users, told] of [
    [[one, { name: 'in one' }, { name: 'in.two', roles: ['king'] }, one], ['/users/1/name', '/users/2/roles', '/users/3/name']],
    [[one, { display: '无名' }, { name: 7 }, 'x'], ['/users/1/name', '/users/2/name', '/users/3']],      // of another shape: told first
  ]) {
    const no = await admin.post('admin/users/import', { users });
    assert.equal(no.status, 422);
    assert.deepEqual(no.body.errors.map((e) => e.pointer), told);
    assert.ok(no.body.errors.every((e) => e.code && e.detail));
  }
  assert.equal((await admin.get('admin/users/in.one')).status, 404);
});
